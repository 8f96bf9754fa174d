//! `cargo xtask`: the development commands, so that nobody needs to remember how things are run.
//!
//! This crate links nothing of ours and few things of others': it runs the programs and reads the files.

mod check;
mod deny;
mod evidence;
mod generate;
mod install;
mod new;
mod process;
mod roundup;
mod test;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use process::cargo;

const HELP: &str = "\
cargo xtask <command>

  demo [--exit] …         build the binary and start its demo; --exit ends after the seeded runs
  test                    everything that has to hold before a change lands, step by step
  test <filter> …         only the tests whose names match
  check                   crate edges, purity, forbidden text, dependency reasons
  interop                 give the evidence of a real server to verifiers of others
  bench …                 the benchmarks of governed runs
  generate [--check]      write the committed files that are made from code, or compare them
  new adr <words> …       the next numbered decision page in docs/adr
  roundup <command> …     run a command beside a real, throw-away ticket system";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[&str]) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::set_current_dir(&root).with_context(|| format!("cannot enter {}", root.display()))?;
    match args {
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        ["demo", rest @ ..] => demo(rest),
        ["test"] => test::everything(),
        ["test", filter @ ..] => test::matching(filter),
        ["check"] => check::run(),
        ["interop"] => evidence::strangers(),
        ["bench", rest @ ..] => bench(rest),
        ["generate"] => generate::write(),
        ["generate", "--check"] => generate::check().map(|verdict| println!("{verdict}")),
        ["new", "adr", words @ ..] => new::adr(words),
        ["roundup", program, rest @ ..] => roundup::beside(&mut process::program(program, rest)),
        _ => bail!("`{}` is no command; `cargo xtask` lists them", args.join(" ")),
    }
}

/// Replaces this process by the demo, so that signals reach it and its exit code is ours.
fn demo(rest: &[&str]) -> Result<()> {
    process::run(&mut cargo(["build", "--package", "server", "--package", "verifier"]))?;
    process::replace_by(process::actionplane()?.arg("demo").args(rest))
}

fn bench(rest: &[&str]) -> Result<()> {
    process::run(cargo(["bench", "--package", "server", "--bench", "governed_runs", "--"]).args(rest))
}
