//! `report.html`: the constant page of a release around one bundle, with a summary for readers without scripts.
//!
//! Page, style and verifier come from `evidence/`, where the rules for both slots stand. Nothing of a bundle becomes HTML here:
//! every text is escaped, and controls and marks of direction are written out.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proof::json::Value;
use verifier::Report;
use verifier::story::{MutationTold, Story, plain};
use verifier::values::Field;

/// The page with both slots empty.
const SHELL: &str = include_str!("../../../../evidence/report.shell.html");
const SUMMARY: (&str, &str) = ("<!--summary-->", "<!--/summary-->");
const BUNDLE: &str = "<script type=\"application/octet-stream\" id=\"bundle\">";

/// The page around a packed bundle; none if the page of this release has lost a slot.
pub fn page(bundle: &[u8], report: &Report) -> Option<String> {
    let (before, rest) = SHELL.split_once(&[SUMMARY.0, SUMMARY.1].concat())?;
    let (between, after) = rest.split_once(BUNDLE)?;
    let (summary, encoded) = (summary(report), STANDARD.encode(bundle));
    Some([before, SUMMARY.0, &summary, SUMMARY.1, between, BUNDLE, &encoded, after].concat())
}

fn summary(report: &Report) -> String {
    let mut out = String::new();
    for story in &report.runs {
        // Writing to a string cannot fail.
        let _ = run(story, &mut out);
    }
    out
}

fn run(story: &Story, out: &mut String) -> std::fmt::Result {
    write!(out, "<section class=\"summary\"><h2>Run <code>{}</code></h2>", story.run)?;
    write!(out, "<p>{}</p>", escaped(&story.sentence))?;
    for plan in &story.plans {
        write!(out, "<h3>Plan {}</h3><table><thead><tr>", plan.revision)?;
        out.push_str("<th scope=\"col\">Where</th><th scope=\"col\">Field</th>");
        out.push_str("<th scope=\"col\">Before</th><th scope=\"col\">After</th></tr></thead><tbody>");
        for mutation in &plan.mutations {
            rows(mutation, out)?;
        }
        out.push_str("</tbody></table>");
    }
    out.push_str("<h3>What happened</h3><ul>");
    for moment in &story.moments {
        write!(
            out,
            "<li>{} {} <code>event {}, leaf {}</code></li>",
            moment.time,
            escaped(&moment.says),
            moment.index,
            moment.hash
        )?;
    }
    out.push_str("</ul></section>");
    Ok(())
}

fn rows(mutation: &MutationTold, out: &mut String) -> std::fmt::Result {
    let record = mutation.fields.get("record").map(shown).unwrap_or_default();
    let place = format!("{} {} {record} ({})", mutation.verb, mutation.object, mutation.connector);
    for change in &mutation.changes {
        let [field, before, after] = match change {
            Field::Disclosed(value) => ["field", "before", "after"]
                .map(|side| value.get(side).map_or_else(|| "(absent)".to_owned(), quoted)),
            Field::Erased(_) | Field::Withheld => [shown(change), String::new(), String::new()],
        };
        write!(out, "<tr><td>{}</td><td>{}</td>", escaped(&place), escaped(&field))?;
        write!(out, "<td>{}</td><td>{}</td></tr>", escaped(&before), escaped(&after))?;
    }
    if mutation.changes.is_empty() {
        write!(out, "<tr><td>{}</td><td></td><td></td><td></td></tr>", escaped(&place))?;
    }
    Ok(())
}

/// An empty text must not look like an absent one.
fn quoted(value: &Value) -> String {
    match value.as_str() {
        Some("") => "(empty)".to_owned(),
        Some(_) | None => plain(value),
    }
}

fn shown(field: &Field) -> String {
    match field {
        Field::Disclosed(Value::Null) => String::new(),
        Field::Disclosed(value) => plain(value),
        Field::Erased(gone) => format!("erased at {} on the basis {}", gone.time, gone.basis),
        Field::Withheld => "withheld".to_owned(),
    }
}

/// A text between tags.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if deceives(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Controls, and marks that turn a line around.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_this_release_has_both_slots_once_and_empty() {
        let slot = [SUMMARY.0, SUMMARY.1].concat();
        assert_eq!(SHELL.matches(&slot).count(), 1);
        assert_eq!(SHELL.matches(&format!("{BUNDLE}</script>")).count(), 1);
    }

    #[test]
    fn no_text_ends_its_slot_or_turns_the_line_around() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected);
        check("<!--/summary--><script>", "&lt;!--/summary--&gt;&lt;script&gt;");
        check("a & \"b\"", "a &amp; &quot;b&quot;");
        check("\u{202E}x\u{0}\n", "\\u{202e}x\\u{0}\\u{a}");
        check("Zoë 🎟", "Zoë 🎟");
    }
}
