//! Front matter: one `key: value` a line between two lines of `---`.
//!
//! Simple words stand as they are, everything else as JSON, which is YAML as well. Characters that YAML
//! readers refuse or that hide in a terminal are escaped.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use crate::json::mismatch;

/// The line before and after the front matter.
const FENCE: &str = "---";

/// What YAML reads as something other than a text.
const YAML_WORDS: [&str; 10] = [
    "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan",
];

/// Writes a file: the front matter, an empty line, and the body as it is.
pub(super) fn write(fields: &Map<String, Json>, body: &str) -> String {
    let mut text = format!("{FENCE}\n");
    let first = ["id", "title"];
    let rest = fields
        .keys()
        .map(String::as_str)
        .filter(|key| !first.contains(key));
    for key in first.into_iter().chain(rest) {
        if let Some(value) = fields.get(key) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{key}: {}", value_text(value));
        }
    }
    text.push_str(FENCE);
    text.push_str("\n\n");
    text.push_str(body);
    text
}

fn value_text(value: &Json) -> String {
    match value.as_str() {
        Some(text) if is_plain(text) => text.to_owned(),
        _ => json_text(value),
    }
}

/// JSON on one line in which no character is invisible, and no comment ends.
pub(super) fn json_text(value: &Json) -> String {
    let mut escaped = String::new();
    for letter in value.to_string().chars() {
        let hidden = letter.is_control()
            || letter == '>'
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(letter, '\u{2060}'..='\u{206f}' | '\u{feff}');
        if hidden {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

fn is_plain(text: &str) -> bool {
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '/' | '.');
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(simple)
        && !YAML_WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// Reads a file: the fields of its front matter, none where there is no front matter, and the body. The
/// error is the number of the line that is not understood.
pub(super) fn read(text: &str) -> Result<(Map<String, Json>, &str), usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut fields = Map::new();
    let Some(mut rest) = after_fence(text) else {
        return Ok((fields, text));
    };
    let mut number = 1;
    loop {
        number += 1;
        if let Some(body) = after_fence(rest) {
            return Ok((fields, after_blank(body)));
        }
        let Some((line, after)) = rest.split_once('\n') else {
            return Err(number);
        };
        rest = after;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once(':').ok_or(number)?;
        let (key, value) = (key.trim(), value.trim());
        if key.is_empty() || key.contains(char::is_whitespace) {
            return Err(number);
        }
        fields.insert(key.to_owned(), parse(key, value));
    }
}

/// What follows a line that is only the fence.
fn after_fence(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(FENCE)?;
    match rest.trim_start_matches([' ', '\t', '\r']) {
        "" => Some(""),
        rest => rest.strip_prefix('\n'),
    }
}

/// The empty line between front matter and body belongs to neither.
fn after_blank(body: &str) -> &str {
    body.strip_prefix("\r\n")
        .or_else(|| body.strip_prefix('\n'))
        .unwrap_or(body)
}

/// Reads a value: JSON where it is JSON, or else the words as they stand.
fn parse(key: &str, text: &str) -> Json {
    let quoted = text
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    if let Some(inner) = quoted {
        return Json::String(inner.replace("''", "'"));
    }
    match serde_json::from_str::<Json>(text) {
        // A title of 2026 is a text to people, whatever YAML makes of it.
        Ok(value) if mismatch(key, &value).is_none() => value,
        Ok(value) if value.is_array() || value.is_object() => value,
        _ => Json::String(text.to_owned()),
    }
}
