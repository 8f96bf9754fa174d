//! The OpenAPI document as a readable page: every route by resource, then every schema.

use std::collections::BTreeMap;

use serde_json::Value;

use super::html::{escaped, inline};

/// The body of the page.
pub fn body(document: &Value) -> String {
    let mut html = format!("<h1>{}</h1>\n", text(&document["info"]["title"]));
    html.push_str(&super::html::of_markdown(document["info"]["description"].as_str().unwrap_or_default()));
    let operations = by_tag(document);
    html.push_str("<nav><ul>\n");
    for tag in operations.keys() {
        html.push_str(&format!("<li><a href=\"#tag-{0}\">{0}</a></li>\n", escaped(tag)));
    }
    html.push_str("<li><a href=\"#schemas\">schemas</a></li>\n</ul></nav>\n");
    for (tag, operations) in &operations {
        html.push_str(&format!("<h2 id=\"tag-{0}\">{0}</h2>\n", escaped(tag)));
        operations
            .iter()
            .for_each(|(method, path, operation)| html.push_str(&route(method, path, operation)));
    }
    html.push_str("<h2 id=\"schemas\">Schemas</h2>\n");
    for (name, schema) in members(&document["components"]["schemas"]) {
        html.push_str(&format!("<h3 id=\"schema-{0}\">{0}</h3>\n", escaped(name)));
        html.push_str(&described(schema));
        html.push_str(&properties(schema));
    }
    html
}

type Operations<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a str, &'a Value)>>;

fn by_tag(document: &Value) -> Operations<'_> {
    let mut tags: Operations<'_> = BTreeMap::new();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item) {
            let tag = operation["tags"][0].as_str().unwrap_or("other");
            tags.entry(tag).or_default().push((method, path, operation));
        }
    }
    tags
}

fn route(method: &str, path: &str, operation: &Value) -> String {
    let method = method.to_uppercase();
    let mut html =
        format!("<h3><span class=\"method\">{method}</span> <code>{}</code></h3>\n", escaped(path));
    html.push_str(&format!("<p>{}</p>\n", text(&operation["summary"])));
    html.push_str(&described(operation));
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rows = parameters.iter().map(|parameter| {
        let place = parameter["in"].as_str().unwrap_or_default();
        (
            escaped(parameter["name"].as_str().unwrap_or_default()),
            escaped(place),
            text(&parameter["description"]),
        )
    });
    html.push_str(&table(["parameter", "in", ""], rows.collect()));
    if let Some((kind, content)) = members(&operation["requestBody"]["content"]).next() {
        html.push_str(&format!(
            "<p>Body: {} <span class=\"note\">{}</span></p>\n",
            typed(&content["schema"]),
            escaped(kind)
        ));
    }
    let rows = members(&operation["responses"]).map(|(status, response)| {
        let content = members(&response["content"]).next();
        let schema = content.map(|(_, content)| typed(&content["schema"])).unwrap_or_default();
        (escaped(status), schema, text(&response["description"]))
    });
    html.push_str(&table(["answer", "body", ""], rows.collect()));
    html
}

fn properties(schema: &Value) -> String {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut rows = Vec::new();
    // A schema that takes up another one lists its parts.
    for part in schema["allOf"].as_array().map_or(std::slice::from_ref(schema), Vec::as_slice) {
        if let Some(name) = part["$ref"].as_str() {
            rows.push(("…".to_owned(), link(name), "its members".to_owned()));
        }
        rows.extend(members(&part["properties"]).map(|(name, property)| {
            let optional = if required.contains(&name)
                || part["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
            {
                ""
            } else {
                "?"
            };
            (format!("{}{optional}", escaped(name)), typed(property), text(&property["description"]))
        }));
    }
    table(["member", "type", ""], rows)
}

/// The type of a schema, with links to those that have a name.
fn typed(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return link(name);
    }
    if let Some(either) =
        schema["oneOf"].as_array().or(schema["anyOf"].as_array()).or(schema["allOf"].as_array())
    {
        return either.iter().map(typed).collect::<Vec<_>>().join(" or ");
    }
    if let Some(values) = schema["enum"].as_array() {
        let values = values.iter().filter_map(Value::as_str);
        return values
            .map(|value| format!("<code>{}</code>", escaped(value)))
            .collect::<Vec<_>>()
            .join(" or ");
    }
    let word = |kind: &str| match kind {
        "array" => format!("list of {}", typed(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("map of {}", typed(&schema["additionalProperties"]))
        }
        kind => escaped(kind),
    };
    match &schema["type"] {
        Value::String(kind) => word(kind),
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).map(word).collect::<Vec<_>>().join(" or ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "any JSON".to_owned(),
    }
}

fn link(reference: &str) -> String {
    let name = escaped(reference.rsplit('/').next().unwrap_or_default());
    format!("<a href=\"#schema-{name}\">{name}</a>")
}

fn described(value: &Value) -> String {
    let description = value["description"].as_str().unwrap_or_default();
    if description.is_empty() { String::new() } else { super::html::of_markdown(description) }
}

fn text(value: &Value) -> String {
    inline(value.as_str().unwrap_or_default())
}

fn table(head: [&str; 3], rows: Vec<(String, String, String)>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let head: String = head.iter().map(|cell| format!("<th>{cell}</th>")).collect();
    let row = |(one, two, three): (String, String, String)| {
        format!("<tr><td><code>{one}</code></td><td>{two}</td><td>{three}</td></tr>\n")
    };
    let rows: String = rows.into_iter().map(row).collect();
    format!("<table>\n<tr>{head}</tr>\n{rows}</table>\n")
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
