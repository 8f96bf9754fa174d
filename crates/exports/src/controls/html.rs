//! The report as one page that a person reads and prints: no script, no style or font from elsewhere, every value escaped.

use std::fmt::Write as _;

use super::{Controls, Mention, Row, SUPPORTS, Section, sections};

const STYLE: &str = "\
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
h1{font-size:1.6rem;margin-bottom:.25rem}h2{font-size:1.15rem;margin:2rem 0 .25rem}p{margin:.25rem 0 .75rem;max-width:48rem}\
table{border-collapse:collapse;width:100%;font-size:.875rem}caption{text-align:left}\
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #ddd}\
th{font-weight:600}thead th{border-bottom:2px solid #888}code{font:.8125rem ui-monospace,monospace;overflow-wrap:anywhere}\
.none{color:#595959}a{color:#0b57d0}\
@media print{body{margin:0;max-width:none;font-size:10pt}h2{break-after:avoid}tr{break-inside:avoid}a{color:inherit}}";

/// From how many characters on a word is a token; a time has 24.
const TOKEN_CHARS: usize = 26;

/// The page. `runs_at` is what stands before a run's id in a link to it, such as `https://ap.example/runs/`; without it
/// runs are named but not linked.
pub fn html(controls: &Controls, runs_at: Option<&str>) -> String {
    let sections = sections(controls);
    let mut page = String::new();
    let period = format!("{} to {}", controls.period.from, controls.period.until);
    let title = format!("Control evidence of {}, {period}", controls.origin);
    put(
        &mut page,
        format_args!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
            Escaped(&title)
        ),
    );
    put(
        &mut page,
        format_args!(
            "<h1>Control evidence</h1>\n<p><code>{}</code>, {} (the end is not part of the period)</p>\n\
         <p>This page lists what verified evidence shows. It supports an assessment by people who know the rules; \
         it does not say that a rule is met. It proves what was recorded, not that nothing happened outside the gateway.</p>\n",
            Escaped(&controls.origin),
            Escaped(&period)
        ),
    );
    supports(&mut page, &sections);
    for section in &sections {
        put(
            &mut page,
            format_args!(
                "<section id=\"{}\">\n<h2>{}</h2>\n<p>{}</p>\n",
                Escaped(section.id),
                Escaped(section.title),
                Escaped(section.intro)
            ),
        );
        rows(&mut page, section, runs_at);
        page.push_str("</section>\n");
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// Which rule asks for what, and which sections support an answer.
fn supports(page: &mut String, sections: &[Section]) {
    page.push_str("<section id=\"supports\">\n<h2>What this supports</h2>\n<p>Check references against the text in force before you quote them.</p>\n");
    head(page, ["rule", "asks for", "supported by"]);
    for support in SUPPORTS {
        let link = |id: &&str| {
            let title =
                sections.iter().find(|section| section.id == *id).map_or(*id, |section| section.title);
            format!("<a href=\"#{}\">{}</a>", Escaped(id), Escaped(title))
        };
        let links = support.sections.iter().map(link).collect::<Vec<_>>().join(", ");
        put(
            page,
            format_args!(
                "<tr><th scope=\"row\">{} {}</th><td>{}</td><td>{links}</td></tr>\n",
                Escaped(support.framework),
                Escaped(support.reference),
                Escaped(support.demand)
            ),
        );
    }
    page.push_str("</tbody></table>\n</section>\n");
}

fn head<'a>(page: &mut String, columns: impl IntoIterator<Item = &'a str>) {
    page.push_str("<table><thead><tr>");
    for column in columns {
        put(page, format_args!("<th scope=\"col\">{}</th>", Escaped(column)));
    }
    page.push_str("</tr></thead><tbody>\n");
}

fn rows(page: &mut String, section: &Section, runs_at: Option<&str>) {
    if section.rows.is_empty() {
        page.push_str("<p class=\"none\">None in this period.</p>\n");
        return;
    }
    let has_leaves = section.rows.iter().any(|row| row.mention.is_some());
    head(page, section.columns.iter().copied().chain(has_leaves.then_some("evidence")));
    for Row { cells, mention } in &section.rows {
        page.push_str("<tr>");
        for (position, cell) in cells.iter().enumerate() {
            let (open, close) =
                if position == 0 { ("<th scope=\"row\">", "</th>") } else { ("<td>", "</td>") };
            let cell = Escaped(cell);
            if is_token(cell.0) {
                put(page, format_args!("{open}<code>{cell}</code>{close}"));
            } else {
                put(page, format_args!("{open}{cell}{close}"));
            }
        }
        if let Some(mention) = mention {
            evidence(page, mention, runs_at);
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table>\n");
}

/// Whether a cell is an id or a digest, which may break anywhere.
fn is_token(cell: &str) -> bool {
    cell.len() >= TOKEN_CHARS && !cell.contains(' ')
}

fn evidence(page: &mut String, mention: &Mention, runs_at: Option<&str>) {
    page.push_str("<td>");
    if let Some(run) = mention.run {
        let run = run.to_string();
        match runs_at {
            Some(at) => put(
                page,
                format_args!(
                    "<a href=\"{}{}\"><code>{}</code></a> ",
                    Escaped(at),
                    Escaped(&run),
                    Escaped(&run)
                ),
            ),
            None => put(page, format_args!("<code>{}</code> ", Escaped(&run))),
        }
    }
    put(page, format_args!("leaf {} <code>{}</code></td>", mention.index, mention.hash));
}

/// Text as it may stand between tags and in quoted attributes.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail: only an allocation could, and that aborts.
    let _ = page.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place() {
        let text = "</td><script>alert('x')</script>\" onload=\"y & z";
        let escaped = Escaped(text).to_string();
        assert!(!escaped.contains(['<', '>', '"', '\'']));
        assert_eq!(escaped.matches("&amp;").count(), 1);
    }
}
