//! The command line: a client of the REST API for people and scripts. It holds no rule; what it may do, the server says.
//!
//! Every command prints for people, or with `--json` what the server answered, verbatim. The exit code is 0 when it was
//! done, 1 for a problem, 2 for a call that makes no sense, 3 when policy or a person said no.

mod admin;
pub mod client;
mod completions;
mod connectors;
mod control;
mod erasures;
mod evidence;
mod failure;
mod follow;
mod login;
mod output;
pub mod paint;
mod plan;
mod policy;
mod propose;
mod recover;
pub mod render;
mod runs;
mod seen;
mod verdict;
pub mod view;
pub mod words;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use failure::Result;
pub use failure::{Ending, Failure, Problem};
use output::Output;
pub use output::{Progress, stdout as say};

/// Where the server is unless somebody says otherwise.
pub const URL: &str = "http://127.0.0.1:7380";

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The server
    #[arg(long, global = true, env = "ACTIONPLANE_URL", default_value = URL, help_heading = "Server")]
    url: String,
    /// An API key or session token; without one, the stored sign-in is used
    #[arg(long, global = true, env = "ACTIONPLANE_TOKEN", hide_env_values = true, help_heading = "Server")]
    token: Option<String>,
    /// Print what the server answers, verbatim
    #[arg(long, global = true, help_heading = "Server")]
    json: bool,
}

/// What the command line can do beside serving.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play seven short stories against simulated systems, and leave the server running
    Demo(crate::demo::Arguments),
    /// Sign in and keep the session
    Login(login::Login),
    /// End the session and forget it
    Logout,
    /// What needs a server
    #[command(flatten)]
    Remote(Remote),
    /// Policy sets: check, test and explain files; list, publish, activate
    #[command(subcommand)]
    Policy(policy::Command),
    /// Print completions for a shell
    Completions(completions::Completions),
}

/// What needs a server.
#[derive(Debug, Subcommand)]
pub enum Remote {
    /// Say who is signed in
    Whoami,
    /// Runs: list, show, watch
    #[command(subcommand)]
    Runs(runs::Command),
    /// What waits for you
    Inbox(verdict::Inbox),
    /// Propose a run
    Propose(Box<propose::Propose>),
    /// Approve the plan of a run
    Approve(verdict::Verdict),
    /// Reject the plan of a run, which ends it
    Reject(verdict::Verdict),
    /// Become a run's only controller, or renew the lease
    Takeover(control::Takeover),
    /// Give a run back that you took over
    Handback(control::Plain),
    /// Change the plan of a run that you took over
    Amend(control::Amend),
    /// Execute a run that you took over
    Execute(control::Bound),
    /// Say that you did by hand what a run that you took over was to do; it reads the records back and ends
    DoneByHand(control::Plain),
    /// Call a run off
    Cancel(control::Plain),
    /// Try a mutation again that had no effect
    Retry(control::Bound),
    /// Look again at an unknown outcome, or settle it yourself
    Reconcile(recover::Reconcile),
    /// Accept what a mutation left behind instead of the plan
    Accept(recover::Accept),
    /// Restore what a run changed, in a run of its own
    Rollback(recover::Recover),
    /// Counter what a run did, in a run of its own
    Compensate(recover::Recover),
    /// Write a comment on a run
    Comment(control::Comment),
    /// What happened to one record: who changed which field, under which run, allowed by whom
    History(runs::History),
    /// Connectors: list, show, check, configure
    #[command(subcommand)]
    Connectors(connectors::Command),
    /// People, agents and services
    #[command(subcommand)]
    Users(admin::Users),
    /// Groups of approvers
    #[command(subcommand)]
    Groups(admin::Groups),
    /// API keys of agents and services
    #[command(subcommand)]
    Keys(admin::Keys),
    /// Registered workflows
    #[command(subcommand)]
    Workflows(admin::Workflows),
    /// Stop new attempts of the workspace, an agent, a connector or a lane
    Pause(admin::Pause),
    /// Lift a pause
    Resume(admin::Pause),
    /// Take evidence away, to be verified by anybody
    Export(evidence::Export),
    /// Make values of a person, a record or a run unreadable for good
    Erase(erasures::Erase),
    /// What was erased, when, why and by whom
    Erasures,
    /// Legal holds: place, release, list
    #[command(subcommand)]
    Holds(erasures::Holds),
    /// The evidence log: how far it is, its head, its keys
    #[command(subcommand)]
    Log(evidence::Log),
}

/// A server to ask and a terminal to tell.
pub(crate) struct Context {
    pub client: client::Client,
    pub output: Output,
}

/// Does one command. `program` is the whole command line, for completions.
pub async fn run(global: Global, command: Command, program: clap::Command) -> ExitCode {
    let output = Output::new(global.json);
    let ended = match command {
        Command::Demo(arguments) => return crate::demo::run(arguments).await,
        Command::Completions(shell) => {
            shell.print(program);
            Ok(Ending::Done)
        }
        Command::Policy(command) => policy::run(&global, &output, command).await,
        Command::Login(login) => login.run(&global, &output).await,
        Command::Logout => login::logout(&global, &output).await,
        Command::Remote(command) => match context(&global, output.clone()) {
            Ok(context) => dispatch(&context, command).await,
            Err(failure) => Err(failure),
        },
    };
    match ended {
        Ok(ending) => ending.exit(),
        Err(failure) => {
            output.failure(&failure);
            failure.exit()
        }
    }
}

/// The server, with the token that was given or stored for it.
fn context(global: &Global, output: Output) -> Result<Context> {
    let token = match &global.token {
        Some(token) => Some(token.clone()),
        None => login::stored(&global.url)?,
    };
    Ok(Context { client: client::Client::new(&global.url, token)?, output })
}

async fn dispatch(context: &Context, command: Remote) -> Result {
    match command {
        Remote::Whoami => login::whoami(context).await,
        Remote::Runs(command) => runs::run(context, command).await,
        Remote::Inbox(inbox) => inbox.run(context).await,
        Remote::Propose(propose) => propose.run(context).await,
        Remote::Approve(verdict) => verdict.run(context, "approve").await,
        Remote::Reject(verdict) => verdict.run(context, "reject").await,
        Remote::Takeover(takeover) => takeover.run(context).await,
        Remote::Handback(plain) => plain.run(context, "handback").await,
        Remote::Amend(amend) => amend.run(context).await,
        Remote::Execute(bound) => bound.run(context, "execute").await,
        Remote::DoneByHand(plain) => plain.run(context, "done-by-hand").await,
        Remote::Cancel(plain) => plain.run(context, "cancel").await,
        Remote::Retry(bound) => bound.run(context, "retry").await,
        Remote::Reconcile(reconcile) => reconcile.run(context).await,
        Remote::Accept(accept) => accept.run(context).await,
        Remote::Rollback(recover) => recover.run(context, "rollback").await,
        Remote::Compensate(recover) => recover.run(context, "compensate").await,
        Remote::Comment(comment) => comment.run(context).await,
        Remote::History(history) => history.run(context).await,
        Remote::Connectors(command) => connectors::run(context, command).await,
        Remote::Users(command) => admin::users(context, command).await,
        Remote::Groups(command) => admin::groups(context, command).await,
        Remote::Keys(command) => admin::keys(context, command).await,
        Remote::Workflows(command) => admin::workflows(context, command).await,
        Remote::Pause(pause) => pause.set(context).await,
        Remote::Resume(pause) => pause.lift(context).await,
        Remote::Export(export) => export.run(context).await,
        Remote::Erase(erase) => erase.run(context).await,
        Remote::Erasures => erasures::list(context).await,
        Remote::Holds(command) => erasures::holds(context, command).await,
        Remote::Log(command) => evidence::log(context, command).await,
    }
}

#[cfg(test)]
mod tests;
