//! Text as HTML: nothing gets into a page unescaped.

use std::fmt::{Arguments, Write};

/// Markup that is being written.
#[derive(Default)]
pub struct Html(String);

impl Html {
    /// Adds markup; whatever is no markup was escaped before.
    pub fn add(&mut self, markup: Arguments<'_>) {
        // Writing into memory cannot fail.
        let _ = self.0.write_fmt(markup);
    }

    /// The markup.
    pub fn finish(self) -> String {
        self.0
    }
}

/// Text that can stand between tags and in quoted attributes.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Escaped text whose `code` is set as such.
pub fn inline(text: &str) -> String {
    let mut html = Html::default();
    for (position, part) in text.split('`').map(escaped).enumerate() {
        if position % 2 == 0 {
            html.add(format_args!("{part}"));
        } else {
            html.add(format_args!("<code>{part}</code>"));
        }
    }
    html.finish()
}

/// The Markdown of our pages: headings, paragraphs, lists and inline code.
pub fn of_markdown(text: &str) -> String {
    let mut html = Html::default();
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        let headings = [("### ", "h3"), ("## ", "h2"), ("# ", "h1")];
        let heading = headings.iter().find_map(|(mark, tag)| Some((block.strip_prefix(mark)?, tag)));
        if let Some((text, tag)) = heading {
            html.add(format_args!("<{tag}>{}</{tag}>\n", inline(text)));
        } else if block.starts_with("- ") {
            html.add(format_args!("<ul>\n"));
            for item in block.lines().filter_map(|line| line.strip_prefix("- ")) {
                html.add(format_args!("<li>{}</li>\n", inline(item)));
            }
            html.add(format_args!("</ul>\n"));
        } else {
            html.add(format_args!("<p>{}</p>\n", inline(block)));
        }
    }
    html.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_into_a_page_unescaped() {
        assert_eq!(inline("a <b> & `<c>\"`"), "a &lt;b&gt; &amp; <code>&lt;c&gt;&quot;</code>");
    }

    #[test]
    fn blocks_become_elements() {
        let html = of_markdown("# `code`\n\nOne.\nTwo.\n\n## Why\n\n- a\n- b\n");
        assert_eq!(
            html,
            "<h1><code>code</code></h1>\n<p>One.\nTwo.</p>\n<h2>Why</h2>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"
        );
    }
}
