//! Writing the folder.

use serde_json::{Map, Value as Json};

use crate::agreement::to_sign;
use crate::documents::{Documents, Unavailable};
use crate::id::Kind;
use crate::json::{SIGNED, dump};
use crate::markdown::line::{self, Line};
use crate::markdown::{AGREEMENT, FILES, LISTS, NOTEBOOK, front};
use crate::people::People;

/// Letters of a title that a file name takes.
const SLUG_CHARS_MAX: usize = 40;

/// The notebook as files: the path within the folder, with `/` between its parts, and the text.
///
/// Paths are made of ASCII letters, digits, `-` and the object's id, whatever the titles say.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn export_markdown(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<(String, String)>, Unavailable> {
    let dump = dump(docs, people)?;
    let mut files = Vec::new();
    if let Some(Json::Object(notebook)) = dump.get("notebook") {
        files.push((NOTEBOOK.to_owned(), front::write(notebook, "")));
    }
    for (kind, folder, body) in FILES {
        for object in objects(&dump, kind) {
            let mut fields = object.clone();
            fields.remove("conflicts");
            let text = match fields.get(body) {
                Some(Json::String(text)) => text.clone(),
                _ => String::new(),
            };
            // What stands in the body does not stand in the front matter too.
            if !text.is_empty() || kind == Kind::Session {
                fields.remove(body);
            }
            let path = format!("{folder}/{}.md", file_name(&fields));
            files.push((path, front::write(&fields, &text)));
        }
    }
    for object in objects(&dump, Kind::Agreement) {
        let mut fields = object.clone();
        fields.remove("conflicts");
        let body = to_sign(docs)?.map_or_else(String::new, |agreement| agreement.text);
        let path = format!("{AGREEMENT}/{}.md", file_name(&fields));
        files.push((path, front::write(&fields, &body)));
    }
    for (kind, path, heading, key) in LISTS {
        if kind == Kind::Entry && dump.get(kind.plural()).is_none() {
            continue;
        }
        let mut text = format!("# {heading}\n\n");
        for object in objects(&dump, kind) {
            write_lines(&mut text, kind, key, object);
        }
        files.push((path.to_owned(), text));
    }
    Ok(files)
}

fn objects(dump: &Json, kind: Kind) -> impl Iterator<Item = &Map<String, Json>> {
    let list = dump.get(kind.plural()).and_then(Json::as_array);
    list.into_iter().flatten().filter_map(Json::as_object)
}

fn write_lines(text: &mut String, kind: Kind, key: &str, object: &Map<String, Json>) {
    let mut fields = unsigned(object);
    let answers = fields.remove(Kind::Answer.plural());
    let checked = match kind {
        Kind::Action => Some(fields.get("status").and_then(Json::as_str) == Some("done")),
        Kind::Question => Some(fields.get("resolved") == Some(&Json::Bool(true))),
        _ => None,
    };
    text.push_str(&line::write(
        &Line {
            nested: false,
            checked,
            fields,
        },
        key,
    ));
    for answer in answers
        .iter()
        .filter_map(Json::as_array)
        .flatten()
        .filter_map(Json::as_object)
    {
        let fields = unsigned(answer);
        text.push_str(&line::write(
            &Line {
                nested: true,
                checked: None,
                fields,
            },
            "text",
        ));
    }
}

/// An object without its authors and times, which would drown the line.
fn unsigned(object: &Map<String, Json>) -> Map<String, Json> {
    let mut fields = object.clone();
    for key in SIGNED.into_iter().chain(["conflicts"]) {
        fields.remove(key);
    }
    fields
}

/// The name of an object's file: when it is, what it is called, and its id.
fn file_name(fields: &Map<String, Json>) -> String {
    let text = |key: &str| fields.get(key).and_then(Json::as_str).unwrap_or_default();
    let date: String = text("at").chars().take("YYYY-MM-DD".len()).collect();
    let mut slug = String::new();
    for letter in format!("{date} {}", text("title")).chars() {
        if slug.len() >= SLUG_CHARS_MAX {
            break;
        }
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let dash = if slug.is_empty() || slug.ends_with('-') {
        ""
    } else {
        "-"
    };
    // The id comes from the key of the object and is a ULID.
    format!("{slug}{dash}{}", text("id"))
}
