//! New pages from a template.

use std::fs;

use anyhow::{Context, Result, bail};

const DECISIONS: &str = "docs/adr";

/// Starts the next decision page, titled with these words.
pub fn adr(words: &[&str]) -> Result<()> {
    let title = words.join(" ");
    let slug = slug(&title);
    if slug.is_empty() {
        bail!("a decision needs a name: `cargo xtask new adr one writer thread`");
    }
    fs::create_dir_all(DECISIONS)?;
    let mut names = Vec::new();
    for entry in fs::read_dir(DECISIONS)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    let number = next_number(&names);
    let path = format!("{DECISIONS}/{number:04}-{slug}.md");
    fs::write(&path, page(number, &title)).with_context(|| format!("cannot write `{path}`"))?;
    println!("wrote {path}");
    Ok(())
}

fn page(number: u32, title: &str) -> String {
    format!(
        "# {number:04}. {title}

One page, frozen once it is merged; a later decision names the one that it replaces.

## Context

What forces a decision, and what was weighed.

## Decision

What we do, in the present tense.

## Consequences

What becomes easier, what becomes harder, and what would make us decide again.
"
    )
}

/// One more than the largest `NNNN-` in front of a name.
fn next_number(names: &[String]) -> u32 {
    let numbers = names.iter().filter_map(|name| name.split_once('-')?.0.parse::<u32>().ok());
    numbers.max().unwrap_or(0) + 1
}

/// Lower-case letters and digits, with one hyphen for everything between them.
fn slug(title: &str) -> String {
    let lower = title.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.join("-")
}

#[cfg(test)]
mod tests;
