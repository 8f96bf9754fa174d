//! Every dependency in the root manifest says why it is there.

/// One sentence for each line of `[workspace.dependencies]` without a reason; our own crates need none.
pub fn findings(manifest: &str) -> Vec<String> {
    let numbered = (1..).zip(manifest.lines());
    let section = numbered
        .skip_while(|(_, line)| *line != "[workspace.dependencies]")
        .skip(1)
        .take_while(|(_, line)| !line.starts_with('['));
    let entries = section.filter_map(|(number, line)| Some((number, line.split_once(" = ")?)));
    entries
        .filter(|(_, (name, rest))| {
            !name.starts_with('#') && !rest.starts_with("{ path = ") && !has_reason(rest)
        })
        .map(|(number, (name, _))| format!("Cargo.toml:{number}: `{name}` has no comment that says why"))
        .collect()
}

fn has_reason(rest: &str) -> bool {
    rest.split_once(" # ").is_some_and(|(_, reason)| !reason.trim().is_empty())
}

#[cfg(test)]
mod tests;
