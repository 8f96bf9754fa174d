//! Free text over runs: clear words, names, records' ids and sealed reasons, page by page.

use domain::id::RunId;
use domain::run::Stage;
use engine::Code;
use engine::access::Caller;
use engine::commands::Proposal;
use engine::queries::{CANDIDATES_MAX, RunFilter, RunPage};
use store::{Commit, Extent, Projection, RunRow};

use crate::world::{World, refused, slug, solve, tag};

async fn page(world: &World, caller: &Caller, search: &str, limit: usize, cursor: Option<String>) -> RunPage {
    let filter =
        RunFilter { search: Some(search.to_owned()), cursor, limit: Some(limit), ..RunFilter::default() };
    world.engine.list_runs(caller, filter).await.unwrap()
}

async fn found(world: &World, caller: &Caller, search: &str) -> Vec<RunId> {
    let page = page(world, caller, search, 50, None).await;
    assert_eq!(page.next, None, "{search}");
    page.items.iter().map(|run| run.row.id).collect()
}

fn because(proposal: Proposal, reason: &str) -> Proposal {
    Proposal { reason: reason.to_owned(), ..proposal }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_term_must_match_something_that_the_viewer_may_see() {
    let world = World::start().await;
    let tagged = because(tag("48213", &["vat"]), "VAT number of Müller GmbH");
    let tagged = world
        .propose(&world.agent, Proposal { source_ref: Some("JIRA-7".to_owned()), ..tagged })
        .await
        .unwrap();
    world.settled(tagged).await;
    let solved = world.propose(&world.tom, because(solve("48209"), "Answered by phone")).await.unwrap();
    assert_eq!(world.show(solved).await.run.stage, Stage::AwaitingApproval);
    let id = tagged.to_string();
    let (both, none) = (vec![solved, tagged], Vec::new());
    for (search, expected) in [
        ("", both.clone()),
        ("   ", both.clone()),
        (&*id, vec![tagged]),
        (&id[..id.len() - 1], vec![tagged]),
        ("run_", both.clone()),
        // The id begins with these letters, but a search for them is one for a word.
        ("run", none.clone()),
        ("TRIAGE", both.clone()),
        ("help-desk", both.clone()),
        ("awaiting", vec![solved]),
        ("müller", vec![tagged]),
        ("vat gmbh", vec![tagged]),
        ("vat phone", none.clone()),
        ("triage phone", vec![solved]),
        ("jira-7", vec![tagged]),
        ("okafor", vec![solved]),
        ("48213", vec![tagged]),
        ("4821", none.clone()),
        ("help-desk/ticket/48209", vec![solved]),
        ("help-desk/ticket/1", none.clone()),
        ("48213 applied", vec![tagged]),
        ("48213 awaiting", none.clone()),
    ] {
        assert_eq!(found(&world, &world.maya, search).await, expected, "{search}");
    }
    // An agent finds its own runs alone.
    assert_eq!(found(&world, &world.agent, "triage").await, [tagged]);
    assert_eq!(found(&world, &world.agent, "phone").await, none);
    // The other filters hold as well.
    let filter = RunFilter {
        search: Some("help-desk".to_owned()),
        stages: vec![Stage::AwaitingApproval],
        connector: Some(slug("help-desk")),
        ..RunFilter::default()
    };
    let list = world.engine.list_runs(&world.maya, filter).await.unwrap();
    assert_eq!(list.items.iter().map(|run| run.row.id).collect::<Vec<_>>(), [solved]);
    let long = RunFilter { search: Some("a ".repeat(9)), ..RunFilter::default() };
    assert_eq!(refused(world.engine.list_runs(&world.maya, long).await), Code::InvalidRequest);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_each_match_once_newest_first_and_say_how_many_were_looked_at() {
    let world = World::start().await;
    let mut odd = Vec::new();
    for n in 0..9 {
        let reason = if n % 2 == 1 { "odd one" } else { "even one" };
        let run = world.propose(&world.tom, because(solve("48213"), reason)).await.unwrap();
        if n % 2 == 1 {
            odd.insert(0, run);
        }
    }
    for limit in [1, 2, 3] {
        let (mut seen, mut scanned, mut cursor) = (Vec::new(), 0, None);
        loop {
            let page = page(&world, &world.maya, "odd", limit, cursor).await;
            assert!(page.items.len() <= limit);
            seen.extend(page.items.iter().map(|run| run.row.id));
            scanned += page.scanned.unwrap();
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            // What comes meanwhile is newer than what is left.
            world.propose(&world.tom, because(solve("48209"), "odd, but late")).await.unwrap();
        }
        assert_eq!(seen.iter().filter(|run| odd.contains(run)).copied().collect::<Vec<_>>(), odd, "{limit}");
        assert!((9..CANDIDATES_MAX).contains(&scanned), "each run was looked at once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_looks_at_so_many_runs_and_the_next_one_goes_on_behind_them() {
    let world = World::start().await;
    let oldest = world.propose(&world.agent, because(solve("48213"), "the needle")).await.unwrap();
    let row = world.engine.list_runs(&world.tom, RunFilter::default()).await.unwrap().items.remove(0).row;
    let mut commit = Commit::new(world.ws, world.engine.now());
    for n in 0..CANDIDATES_MAX {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&u64::try_from(n).unwrap().to_be_bytes());
        let row = RunRow { id: RunId::new(world.engine.now(), random), ..row.clone() };
        commit.projections.push(Projection {
            row,
            waits: Vec::new(),
            touches: Vec::new(),
            record_tokens: Vec::new(),
            extent: Extent::Whole,
        });
    }
    world.engine.store().commit(commit).await.unwrap();
    let first = page(&world, &world.tom, "needle", 50, None).await;
    assert_eq!((first.items.len(), first.scanned), (0, Some(CANDIDATES_MAX)));
    let second = page(&world, &world.tom, "needle", 50, first.next).await;
    assert_eq!((second.scanned, second.next), (Some(1), None));
    assert_eq!(second.items[0].row.id, oldest);
    // As many matches as a page has end it early, and the next one leaves none out.
    let full = page(&world, &world.tom, "triage", 200, None).await;
    assert_eq!((full.items.len(), full.scanned, full.next.is_some()), (200, Some(200), true));
}
