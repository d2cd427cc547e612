//! Lists: one object a line, `- [ ] text <!-- {"id": …} -->`.

use serde_json::{Map, Value as Json};

use crate::check::quote;
use crate::markdown::front::json_text;

/// One line of a list.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    /// Whether it stands below the line before it.
    pub(super) nested: bool,
    /// The box, where there is one.
    pub(super) checked: Option<bool>,
    /// The field of the line and all others.
    pub(super) fields: Map<String, Json>,
}

/// Writes a line. The text stands in the open where it reads back as it is, or else with the fields.
pub(super) fn write(line: &Line, key: &str) -> String {
    let mut fields = line.fields.clone();
    let text = fields
        .get(key)
        .and_then(Json::as_str)
        .unwrap_or_default()
        .to_owned();
    let shown = if reads_back(&text) {
        fields.remove(key);
        text
    } else {
        // For the eye only: what counts is the field.
        let visible: String = text
            .chars()
            .map(|c| if c.is_control() || c == '<' { ' ' } else { c })
            .collect();
        quote(visible.trim())
    };
    let indent = if line.nested { "  " } else { "" };
    let mark = match line.checked {
        Some(true) => "[x] ",
        Some(false) => "[ ] ",
        None => "",
    };
    format!(
        "{indent}- {mark}{shown} <!-- {} -->\n",
        json_text(&Json::Object(fields))
    )
}

fn reads_back(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains("<!--")
        && !text.starts_with('[')
        && !text.chars().any(char::is_control)
}

/// Reads a line; `None` for what is no item of a list, an error for fields that are no JSON.
pub(super) fn read(line: &str, key: &str) -> Option<Result<Line, serde_json::Error>> {
    let nested = line.starts_with([' ', '\t']);
    let rest = line.trim().strip_prefix("- ")?;
    let (checked, rest) = match (rest.strip_prefix("[ ]"), rest.strip_prefix("[x]")) {
        (Some(rest), _) => (Some(false), rest),
        (_, Some(rest)) => (Some(true), rest),
        _ => match rest.strip_prefix("[X]") {
            Some(rest) => (Some(true), rest),
            None => (None, rest),
        },
    };
    let (text, fields) = match rest.split_once("<!--") {
        Some((text, comment)) => {
            let json = comment.trim_end().strip_suffix("-->").unwrap_or(comment);
            match serde_json::from_str(json.trim()) {
                Ok(fields) => (text, fields),
                Err(error) => return Some(Err(error)),
            }
        }
        None => (rest, Map::new()),
    };
    let mut fields: Map<String, Json> = fields;
    if !fields.contains_key(key) {
        fields.insert(key.to_owned(), text.trim().into());
    }
    Some(Ok(Line {
        nested,
        checked,
        fields,
    }))
}
