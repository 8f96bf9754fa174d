//! The OpenAPI document as a readable page: every route by resource, then every schema.

use std::collections::BTreeMap;

use serde_json::Value;

use super::html::{Html, escaped, inline, of_markdown};

/// The body of the page.
pub fn body(document: &Value) -> String {
    let mut html = Html::default();
    html.add(format_args!("<h1>{}</h1>\n", inline(text(document, "/info/title"))));
    html.add(format_args!("{}<nav><ul>\n", of_markdown(text(document, "/info/description"))));
    let operations = by_tag(document);
    for tag in operations.keys() {
        html.add(format_args!("<li><a href=\"#tag-{0}\">{0}</a></li>\n", escaped(tag)));
    }
    html.add(format_args!("<li><a href=\"#schemas\">schemas</a></li>\n</ul></nav>\n"));
    for (tag, operations) in &operations {
        html.add(format_args!("<h2 id=\"tag-{0}\">{0}</h2>\n", escaped(tag)));
        for (method, path, operation) in operations {
            route(&mut html, method, path, operation);
        }
    }
    html.add(format_args!("<h2 id=\"schemas\">Schemas</h2>\n"));
    for (name, schema) in members(document, "/components/schemas") {
        html.add(format_args!("<h3 id=\"schema-{0}\">{0}</h3>\n", escaped(name)));
        html.add(format_args!("{}", of_markdown(text(schema, "/description"))));
        properties(&mut html, schema);
        for form in elements(schema, "/oneOf") {
            html.add(format_args!("{}", of_markdown(text(form, "/description"))));
            properties(&mut html, form);
        }
    }
    html.finish()
}

type Operations<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a str, &'a Value)>>;

fn by_tag(document: &Value) -> Operations<'_> {
    let mut tags: Operations<'_> = BTreeMap::new();
    for (path, item) in members(document, "/paths") {
        for (method, operation) in members(item, "") {
            tags.entry(text(operation, "/tags/0")).or_default().push((method, path, operation));
        }
    }
    tags
}

fn route(html: &mut Html, method: &str, path: &str, operation: &Value) {
    let (method, path) = (method.to_uppercase(), escaped(path));
    html.add(format_args!("<h3><span class=\"method\">{method}</span> <code>{path}</code></h3>\n"));
    html.add(format_args!("<p>{}</p>\n", inline(text(operation, "/summary"))));
    html.add(format_args!("{}", of_markdown(text(operation, "/description"))));
    let parameters = elements(operation, "/parameters").iter().map(|parameter| {
        let word = |pointer| escaped(text(parameter, pointer));
        [word("/name"), word("/in"), inline(text(parameter, "/description"))]
    });
    table(html, ["parameter", "in", ""], parameters);
    for (kind, content) in members(operation, "/requestBody/content") {
        let (body, kind) = (content.get("schema").map(typed).unwrap_or_default(), escaped(kind));
        html.add(format_args!("<p>Body: {body} <span class=\"note\">{kind}</span></p>\n"));
    }
    let responses = members(operation, "/responses").map(|(status, response)| {
        let content = members(response, "/content").next();
        let schema = content.and_then(|(_, content)| content.get("schema")).map(typed).unwrap_or_default();
        [escaped(status), schema, inline(text(response, "/description"))]
    });
    table(html, ["answer", "body", ""], responses);
}

fn properties(html: &mut Html, schema: &Value) {
    let parts = elements(schema, "/allOf");
    // A schema that takes up another one lists its parts.
    let parts = if parts.is_empty() { std::slice::from_ref(schema) } else { parts };
    let mut rows = Vec::new();
    for part in parts {
        if let Some(reference) = part.get("$ref").and_then(Value::as_str) {
            rows.push(["…".to_owned(), link(reference), "its members".to_owned()]);
        }
        let required = elements(part, "/required");
        rows.extend(members(part, "/properties").map(|(name, property)| {
            let mark = if required.iter().any(|one| one == name) { "" } else { "?" };
            [format!("{}{mark}", escaped(name)), typed(property), inline(text(property, "/description"))]
        }));
    }
    table(html, ["member", "type", ""], rows);
}

/// The type of a schema, with links to those that have a name.
fn typed(schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return link(reference);
    }
    for either in ["/oneOf", "/anyOf", "/allOf"] {
        let parts = elements(schema, either);
        if !parts.is_empty() {
            return parts.iter().map(typed).collect::<Vec<_>>().join(" or ");
        }
    }
    let values: Vec<_> = elements(schema, "/enum").iter().filter_map(Value::as_str).collect();
    if !values.is_empty() {
        let values = values.iter().map(|value| format!("<code>{}</code>", escaped(value)));
        return values.collect::<Vec<_>>().join(" or ");
    }
    let inner = |name| schema.get(name).map(typed).unwrap_or_default();
    let word = |kind: &str| match kind {
        "array" => format!("list of {}", inner("items")),
        "object" if schema.get("additionalProperties").is_some_and(Value::is_object) => {
            format!("map of {}", inner("additionalProperties"))
        }
        kind => escaped(kind),
    };
    let kinds = elements(schema, "/type").iter().filter_map(Value::as_str);
    let kinds = kinds.chain(schema.get("type").and_then(Value::as_str)).map(word).collect::<Vec<_>>();
    if kinds.is_empty() { "any JSON".to_owned() } else { kinds.join(" or ") }
}

fn link(reference: &str) -> String {
    let name = escaped(reference.rsplit('/').next().unwrap_or_default());
    format!("<a href=\"#schema-{name}\">{name}</a>")
}

fn table(html: &mut Html, head: [&str; 3], rows: impl IntoIterator<Item = [String; 3]>) {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return;
    }
    let [one, two, three] = head;
    html.add(format_args!("<table>\n<tr><th>{one}</th><th>{two}</th><th>{three}</th></tr>\n"));
    for [one, two, three] in rows {
        html.add(format_args!("<tr><td><code>{one}</code></td><td>{two}</td><td>{three}</td></tr>\n"));
    }
    html.add(format_args!("</table>\n"));
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn elements<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn members<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let object = value.pointer(pointer).and_then(Value::as_object);
    object.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
