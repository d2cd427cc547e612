//! Reading the folder.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::Writer;
use crate::check;
use crate::documents::Documents;
use crate::id::{DocumentId, Kind};
use crate::json::{ImportError, ImportReport, import_value};
use crate::limits::IMPORT_BYTES_MAX;
use crate::markdown::line::{self, Line};
use crate::markdown::{AGREEMENT, FILES, LISTS, NOTEBOOK, front};
use crate::record::Record;
use crate::when::Moment;
use crate::word::ActionStatus;

/// Imports a folder: files with an id update their object, those without become new objects. Files that
/// are not part of the folder's layout are left alone.
///
/// # Errors
/// [`ImportError`], with the path of the file; but for a document that fails in the middle, nothing is
/// changed then.
pub fn import_markdown(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    files: &[(String, String)],
) -> Result<ImportReport, ImportError> {
    if files.iter().map(|(_, text)| text.len()).sum::<usize>() > IMPORT_BYTES_MAX {
        return Err(ImportError::TooLarge {
            max: IMPORT_BYTES_MAX,
            unit: "bytes",
        });
    }
    let mut folder = Folder::default();
    for (path, text) in files {
        let path = path.strip_prefix("./").unwrap_or(path);
        folder.read(docs, writer, path, text)?;
    }
    let Folder {
        notebook,
        lists,
        sources,
    } = folder;
    let mut value = json!({});
    if let Some(map) = value.as_object_mut() {
        map.extend(notebook.map(|fields| ("notebook".to_owned(), Json::Object(fields))));
        map.extend(
            lists
                .into_iter()
                .map(|(kind, list)| (kind.plural().to_owned(), list.into())),
        );
    }
    import_value(docs, writer, &value).map_err(|error| in_file(error, &sources))
}

#[derive(Default)]
struct Folder {
    notebook: Option<Map<String, Json>>,
    lists: BTreeMap<Kind, Vec<Json>>,
    /// Where each object came from, by its path in the JSON.
    sources: BTreeMap<String, String>,
}

impl Folder {
    fn read(
        &mut self,
        docs: &mut dyn Documents,
        writer: &mut Writer<'_>,
        path: &str,
        text: &str,
    ) -> Result<(), ImportError> {
        if path == NOTEBOOK {
            self.notebook = Some(front(path, text)?.0);
        }
        for (kind, folder, body) in FILES {
            let name = path
                .strip_prefix(folder)
                .and_then(|rest| rest.strip_prefix('/'));
            if name.is_some_and(|name| name.ends_with(".md") && !name.contains('/')) {
                let (fields, content) = front(path, text)?;
                let object = file(docs, writer, path, kind, fields, body, content)?;
                self.push(kind, object, path.to_owned());
            }
        }
        let name = path
            .strip_prefix(AGREEMENT)
            .and_then(|rest| rest.strip_prefix('/'));
        if name.is_some_and(|name| name.ends_with(".md") && !name.contains('/')) {
            let (fields, _) = front(path, text)?;
            if !fields.contains_key("id") {
                let reason = "an agreement is begun with `hearth agreement edit`";
                return Err(malformed(path, reason));
            }
            self.push(Kind::Agreement, fields, path.to_owned());
        }
        for (kind, name, _, key) in LISTS {
            if path == name {
                self.lines(writer, path, kind, key, text)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, kind: Kind, object: Map<String, Json>, source: String) {
        let list = self.lists.entry(kind).or_default();
        self.sources
            .insert(format!("{}[{}]", kind.plural(), list.len()), source);
        list.push(Json::Object(object));
    }

    fn lines(
        &mut self,
        writer: &mut Writer<'_>,
        path: &str,
        kind: Kind,
        key: &'static str,
        text: &str,
    ) -> Result<(), ImportError> {
        for (number, line) in text.lines().enumerate() {
            let source = format!("{path} line {}", number + 1);
            let Some(line) = line::read(line, key) else {
                continue;
            };
            let Line {
                nested,
                checked,
                mut fields,
            } = line.map_err(|error| malformed(&source, &error.to_string()))?;
            let is_new = !fields.contains_key("id");
            if is_new && kind == Kind::Exchange {
                let reason = "an exchange is begun with `hearth sealed start`";
                return Err(malformed(&source, reason));
            }
            if is_new {
                fields.insert("id".to_owned(), writer.new_id().to_string().into());
                let text = fields.get(key).and_then(Json::as_str).unwrap_or_default();
                check::title(key, text).map_err(|error| malformed(&source, &error.to_string()))?;
            }
            if nested && kind == Kind::Question {
                self.answer(fields, &source)?;
                continue;
            }
            match kind {
                Kind::Action => action(writer, &mut fields, checked, is_new),
                Kind::Question => {
                    let resolved = checked.unwrap_or(false);
                    fields.insert("resolved".to_owned(), resolved.into());
                }
                _ => {}
            }
            self.push(kind, fields, source);
        }
        Ok(())
    }

    /// An answer belongs to the question above it.
    fn answer(&mut self, fields: Map<String, Json>, source: &str) -> Result<(), ImportError> {
        let question = self
            .lists
            .get_mut(&Kind::Question)
            .and_then(|list| list.last_mut());
        let Some(Json::Object(question)) = question else {
            return Err(malformed(source, "an answer stands below its question"));
        };
        let answers = question
            .entry(Kind::Answer.plural())
            .or_insert_with(|| json!([]));
        if let Some(answers) = answers.as_array_mut() {
            answers.push(Json::Object(fields));
        }
        Ok(())
    }
}

/// Lets the box of a line decide whether the action is done.
fn action(
    writer: &Writer<'_>,
    fields: &mut Map<String, Json>,
    checked: Option<bool>,
    is_new: bool,
) {
    if is_new {
        fields
            .entry("owner")
            .or_insert_with(|| writer.me.as_str().into());
    }
    let done = ActionStatus::Done.word();
    let was_done = fields.get("status").and_then(Json::as_str) == Some(done);
    let status = match checked {
        Some(true) if !was_done => done,
        Some(false) if was_done || is_new => ActionStatus::Open.word(),
        _ => return,
    };
    fields.insert("status".to_owned(), status.into());
}

/// The object of a file.
fn file(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    path: &str,
    kind: Kind,
    mut fields: Map<String, Json>,
    body: &str,
    content: &str,
) -> Result<Map<String, Json>, ImportError> {
    let text = |fields: &Map<String, Json>, key: &str| {
        fields
            .get(key)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    if !fields.contains_key("id") {
        check::title("title", &text(&fields, "title"))
            .map_err(|error| malformed(path, &error.to_string()))?;
        if kind == Kind::Session {
            Moment::parse(&text(&fields, "at"), &text(&fields, "zone"))
                .map_err(|error| malformed(path, &error.to_string()))?;
        } else if kind == Kind::Goal {
            fields
                .entry("owners")
                .or_insert_with(|| json!([writer.me.as_str()]));
        }
        fields.insert("id".to_owned(), writer.new_id().to_string().into());
    }
    // An empty body clears a text that is there, and is no text where there is none.
    let id = text(&fields, "id").parse();
    let index = docs.read(DocumentId::INDEX).map_err(ImportError::from)?;
    let there = index
        .zip(id.ok())
        .and_then(|(index, id)| Record::keyed(index, &kind.key(id)));
    let had_text = there.is_some_and(|record| record.str(body).is_some());
    if !content.is_empty() || kind == Kind::Session || (had_text && !fields.contains_key(body)) {
        fields.insert(body.to_owned(), content.into());
    }
    Ok(fields)
}

fn front<'a>(path: &str, text: &'a str) -> Result<(Map<String, Json>, &'a str), ImportError> {
    front::read(text).map_err(|line| {
        malformed(
            &format!("{path} line {line}"),
            "the front matter should have lines of “key: value” and end with “---”",
        )
    })
}

/// Names the file in the place of the path in the JSON.
fn in_file(error: ImportError, sources: &BTreeMap<String, String>) -> ImportError {
    let ImportError::Malformed { path, reason } = error else {
        return error;
    };
    let (object, rest) = path.split_at(path.find(']').map_or(path.len(), |end| end + 1));
    let path = match sources.get(object) {
        Some(source) => format!("{source}: {}", rest.trim_start_matches('.')),
        None => path,
    };
    ImportError::Malformed { path, reason }
}

fn malformed(path: &str, reason: &str) -> ImportError {
    ImportError::Malformed {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}
