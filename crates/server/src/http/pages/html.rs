//! Text as HTML: nothing gets into a page unescaped.

/// Text that can stand between tags and in quoted attributes.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Escaped text whose `code` is set as such.
pub fn inline(text: &str) -> String {
    let mut html = String::new();
    for (position, part) in text.split('`').enumerate() {
        let part = escaped(part);
        if position % 2 == 0 { html.push_str(&part) } else { html.push_str(&format!("<code>{part}</code>")) }
    }
    html
}

/// The Markdown of our pages: headings, paragraphs, lists and inline code.
pub fn of_markdown(text: &str) -> String {
    text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()).map(block).collect()
}

fn block(block: &str) -> String {
    for (mark, tag) in [("### ", "h3"), ("## ", "h2"), ("# ", "h1")] {
        if let Some(text) = block.strip_prefix(mark) {
            return format!("<{tag}>{}</{tag}>\n", inline(text));
        }
    }
    if block.starts_with("- ") {
        let items = block.lines().filter_map(|line| line.strip_prefix("- "));
        let items: String = items.map(|item| format!("<li>{}</li>\n", inline(item))).collect();
        return format!("<ul>\n{items}</ul>\n");
    }
    format!("<p>{}</p>\n", inline(block))
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
