//! The seven stories, in order. Each plays on records of its own, so that none depends on how another went; only the last
//! undoes what the first two did.

mod denied;
mod drift;
mod lost_answer;
mod rollback;
mod routine;
mod takeover;
mod two_people;

use super::cast::Cast;
use super::teller::Teller;
use super::world::World;
use super::{Played, Result};

/// One story.
pub struct Story {
    /// What it shows.
    pub title: &'static str,
    /// How it begins.
    pub about: &'static str,
    plot: Plot,
}

enum Plot {
    Routine,
    TwoPeople,
    Denied,
    Drift,
    LostAnswer,
    Takeover,
    Rollback,
}

/// What a story plays with.
pub struct Scene<'a> {
    /// Server and simulators.
    pub world: &'a World,
    /// Agents and people.
    pub cast: &'a Cast,
    /// The narrator.
    pub teller: &'a mut Teller,
    /// The stories before.
    pub played: &'a [Played],
}

/// All of them.
pub fn all() -> [Story; 7] {
    let story = |title, about, plot| Story { title, about, plot };
    [
        story(
            "A routine change runs by itself",
            "A ticket says that deliveries go to the wrong address. The triage agent raises its priority and tags it; no rule asks anybody.",
            Plot::Routine,
        ),
        story(
            "A large discount needs two people",
            "Aster Health wants its renewal a quarter cheaper. Above 20 % the rules ask for two members of the deal desk.",
            Plot::TwoPeople,
        ),
        story(
            "Some things an agent never does",
            "The renewal agent takes an opportunity for a duplicate. It wants to give it to somebody else, then to delete it.",
            Plot::Denied,
        ),
        story(
            "The ticket moved before it was written",
            "Ticket 48213 shall be solved. While a lead looks at it, a colleague raises its priority in the help desk itself.",
            Plot::Drift,
        ),
        story(
            "The answer is lost after the write",
            "The help desk stores the change, but its answer never comes. Was it written? Nobody guesses, and nobody writes twice.",
            Plot::LostAnswer,
        ),
        story(
            "A person takes over",
            "The agent wants to lower the Fjordline renewal by 18 %. Ines thinks that 12 % is enough, and takes the run over.",
            Plot::Takeover,
        ),
        story(
            "Undo, but never over somebody else's work",
            "The renewal of story 2 shall be undone, but a colleague has moved a field since. The ticket of story 1 shall be undone too.",
            Plot::Rollback,
        ),
    ]
}

impl Story {
    /// Plays it.
    pub async fn play(&self, scene: Scene<'_>) -> Result {
        match self.plot {
            Plot::Routine => routine::play(scene).await,
            Plot::TwoPeople => two_people::play(scene).await,
            Plot::Denied => denied::play(scene).await,
            Plot::Drift => drift::play(scene).await,
            Plot::LostAnswer => lost_answer::play(scene).await,
            Plot::Takeover => takeover::play(scene).await,
            Plot::Rollback => rollback::play(scene).await,
        }
    }
}
