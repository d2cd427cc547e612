//! Reading the JSON into a notebook: all of it is checked and planned before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use serde_json::{Map, Value as Json};

use crate::Writer;
use crate::documents::Documents;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::journal;
use crate::json::error::{ImportError, ImportReport, malformed};
use crate::json::fields::{field, fields, origin};
use crate::json::shape::{CONTENT, TOP, parts};
use crate::json::{FORMAT, VERSION};
use crate::limits::{IMPORT_BYTES_MAX, IMPORT_OBJECTS_MAX, NOTES_BYTES_MAX};
use crate::plan::{Plan, Slot, commit};
use crate::record::{Record, is_machinery_key};
use crate::scalar::unescape;
use crate::session::rewrite_notes;
use crate::word::Form;

/// Imports an export. Its title, form and phase serve only a notebook that has none yet. Objects keep their ids and content; what is new or changed carries
/// `imported_from` with the authors and times of the original, as the file claims them. Fields that the
/// file does not have stay as they are.
///
/// # Errors
/// [`ImportError`]; but for a document that fails in the middle, nothing is changed then.
pub fn import_json(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    text: &str,
) -> Result<ImportReport, ImportError> {
    if text.len() > IMPORT_BYTES_MAX {
        return Err(ImportError::TooLarge {
            max: IMPORT_BYTES_MAX,
            unit: "bytes",
        });
    }
    let json: Json = serde_json::from_str(text)?;
    if json.get("format").and_then(Json::as_str) != Some(FORMAT) {
        return Err(ImportError::Format);
    }
    let version = json.get("version");
    if version.and_then(Json::as_u64) != Some(VERSION) {
        let found = version.map_or_else(|| "none".to_owned(), ToString::to_string);
        return Err(ImportError::Version {
            found: crate::check::quote(&found),
        });
    }
    import_value(docs, writer, &json)
}

/// Imports the lists of an export that has been read.
pub(crate) fn import_value(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    json: &Json,
) -> Result<ImportReport, ImportError> {
    let mut import = Import::default();
    {
        let index = docs.read(DocumentId::INDEX)?;
        refuse_private(index, json)?;
        import.notebook(index, json)?;
        for kind in TOP {
            import.list(index, json, kind)?;
        }
    }
    for session in list(json, Kind::Session.plural(), "")? {
        let path = format!("sessions[{}]", session.place);
        let id = id(&session, &path)?;
        let doc = docs.read(id.document())?;
        import.content(doc, id, session.object, &path)?;
    }
    for (id, plan) in import.plans {
        commit(docs, id, plan, writer.now)?;
    }
    Ok(import.report)
}

/// Refuses journal entries in what is no journal: what is private never lies hidden in a shared document.
fn refuse_private(index: Option<&Automerge>, json: &Json) -> Result<(), ImportError> {
    let form = json.pointer("/notebook/form").and_then(Json::as_str);
    let becomes_one = |index: Option<&Automerge>| {
        let has_title = index.is_some_and(|index| Record::root(index).str("title").is_some());
        !has_title && form == Some(Form::Journal.word())
    };
    let is_journal = index.is_some_and(journal::has_form) || becomes_one(index);
    if is_journal || list(json, Kind::Entry.plural(), "")?.is_empty() {
        return Ok(());
    }
    Err(ImportError::Private)
}

#[derive(Default)]
struct Import {
    plans: BTreeMap<DocumentId, Plan>,
    report: ImportReport,
}

/// An object in a list of the file.
struct Item<'a> {
    place: usize,
    object: &'a Map<String, Json>,
}

impl Import {
    fn plan(&mut self, id: DocumentId) -> &mut Plan {
        self.plans.entry(id).or_default()
    }

    fn notebook(&mut self, index: Option<&Automerge>, json: &Json) -> Result<(), ImportError> {
        let Some(notebook) = json.get("notebook") else {
            return Ok(());
        };
        let notebook = notebook
            .as_object()
            .ok_or_else(|| malformed("notebook", "an object"))?;
        let record = index.map(Record::root);
        // A notebook that has a title keeps it, with its form and phase: what is imported are objects.
        let named = record
            .as_ref()
            .is_some_and(|record| record.str("title").is_some());
        let kept = |key: &str| !(named && ["title", "form", "phase"].contains(&key));
        let notebook = notebook.iter().filter(|(key, _)| kept(key));
        let mut notebook: Map<String, Json> = notebook
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if let Some(Json::Object(extra)) = notebook.get_mut("extra") {
            extra.retain(|key, _| !is_machinery_key(key));
        }
        let plan = self.plan(DocumentId::INDEX);
        let root = plan.root();
        fields(
            plan,
            root,
            record.as_ref(),
            Kind::Notebook,
            &notebook,
            "notebook",
        )?;
        Ok(())
    }

    fn list(
        &mut self,
        index: Option<&Automerge>,
        json: &Json,
        kind: Kind,
    ) -> Result<(), ImportError> {
        for item in list(json, kind.plural(), "")? {
            let path = format!("{}[{}]", kind.plural(), item.place);
            let id = id(&item, &path)?;
            let there = index.and_then(|index| Record::keyed(index, &kind.key(id)));
            let root = self.plan(DocumentId::INDEX).root();
            self.object(
                DocumentId::INDEX,
                root,
                there.as_ref(),
                kind,
                id,
                item.object,
                &path,
            )?;
        }
        Ok(())
    }

    /// Plans one object and what lies within it.
    #[expect(
        clippy::too_many_arguments,
        reason = "where it goes, what is there, and what comes"
    )]
    fn object(
        &mut self,
        document: DocumentId,
        parent: Slot,
        there: Option<&Record<'_>>,
        kind: Kind,
        id: ObjectId,
        object: &Map<String, Json>,
        path: &str,
    ) -> Result<(), ImportError> {
        let plan = self.plan(document);
        let slot = match there {
            Some(record) => plan.at(record.obj.clone()),
            None => plan.map(parent, kind.key(id)),
        };
        let changed = fields(plan, slot, there, kind, object, path)?;
        if there.is_none() || changed {
            let plan = self.plans.entry(document).or_default();
            origin(plan, slot, there, object, path)?;
        }
        let counter = match (there, changed) {
            (None, _) => &mut self.report.added,
            (Some(_), true) => &mut self.report.updated,
            (Some(_), false) => &mut self.report.unchanged,
        };
        *counter += 1;
        if self.report.added + self.report.updated > IMPORT_OBJECTS_MAX {
            return Err(ImportError::TooLarge {
                max: IMPORT_OBJECTS_MAX,
                unit: "objects",
            });
        }
        for part in parts(kind) {
            for item in list_in(object, part.plural(), path)? {
                let path = format!("{path}.{}[{}]", part.plural(), item.place);
                let id = self::id(&item, &path)?;
                let there = there.and_then(|record| record.child(*part, id));
                self.object(
                    document,
                    slot,
                    there.as_ref(),
                    *part,
                    id,
                    item.object,
                    &path,
                )?;
            }
        }
        Ok(())
    }

    /// Plans what a session's document holds.
    fn content(
        &mut self,
        doc: Option<&Automerge>,
        session: ObjectId,
        object: &Map<String, Json>,
        path: &str,
    ) -> Result<(), ImportError> {
        let document = session.document();
        if let Some(notes) = object.get("notes") {
            let path = format!("{path}.notes");
            let notes = notes.as_str().ok_or_else(|| malformed(&path, "a text"))?;
            if notes.len() > NOTES_BYTES_MAX {
                return Err(ImportError::TooLarge {
                    max: NOTES_BYTES_MAX,
                    unit: "bytes of notes",
                });
            }
            // First of all, so that a new document begins with its one Text.
            self.plans.insert(document, rewrite_notes(doc, notes));
        }
        if let Some(extra) = object.get("document_extra") {
            let path = format!("{path}.document_extra");
            let extra = extra
                .as_object()
                .ok_or_else(|| malformed(&path, "an object"))?;
            let record = doc.map(Record::root);
            let plan = self.plan(document);
            let root = plan.root();
            for (key, value) in extra {
                field(plan, root, record.as_ref(), &unescape(key), value, &path)?;
            }
        }
        for kind in CONTENT {
            for item in list_in(object, kind.plural(), path)? {
                let path = format!("{path}.{}[{}]", kind.plural(), item.place);
                let id = self::id(&item, &path)?;
                let there = doc.and_then(|doc| Record::keyed(doc, &kind.key(id)));
                let root = self.plan(document).root();
                self.object(document, root, there.as_ref(), kind, id, item.object, &path)?;
            }
        }
        Ok(())
    }
}

fn list<'a>(json: &'a Json, name: &str, path: &str) -> Result<Vec<Item<'a>>, ImportError> {
    match json.as_object() {
        Some(object) => list_in(object, name, path),
        None => Err(malformed("the file", "an object")),
    }
}

fn list_in<'a>(
    object: &'a Map<String, Json>,
    name: &str,
    path: &str,
) -> Result<Vec<Item<'a>>, ImportError> {
    let path = if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    };
    let Some(list) = object.get(name) else {
        return Ok(Vec::new());
    };
    let list = list.as_array().ok_or_else(|| malformed(&path, "a list"))?;
    let mut seen = BTreeSet::new();
    list.iter()
        .enumerate()
        .map(|(place, item)| {
            let path = format!("{path}[{place}]");
            let object = item
                .as_object()
                .ok_or_else(|| malformed(&path, "an object"))?;
            // Made twice, an object would lose one of its halves.
            if !seen.insert(object.get("id").and_then(Json::as_str)) {
                return Err(malformed(
                    &format!("{path}.id"),
                    "an id that is not in this list yet",
                ));
            }
            Ok(Item { place, object })
        })
        .collect()
}

fn id(item: &Item<'_>, path: &str) -> Result<ObjectId, ImportError> {
    let path = format!("{path}.id");
    let text = item.object.get("id").and_then(Json::as_str);
    let text = text.ok_or_else(|| malformed(&path, "the id of the object"))?;
    text.parse()
        .map_err(|error: crate::ParseObjectIdError| ImportError::Malformed {
            path,
            reason: error.to_string(),
        })
}
