//! Who changed what, when and on which device: the log, and the lines of `watch`.
//!
//! Authors are those of the signed entries. Times are what the author's clock said; they order
//! nothing within a document, where the history itself does.

use automerge::{ActorId, Automerge, ChangeHash, ROOT, ReadDoc};
use hearth_core::ids::NotebookId;
use hearth_core::log::actor_of;
use hearth_core::replica::Applied;
use hearth_notebook::history::{ChangeLine, describe};
use hearth_notebook::{Author, DocumentId, Documents, Kind, ObjectId, People, lookup};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{text_of, unavailable, with};
use super::resolve::{brief, find_notebook, find_object_in};
use crate::api::Failure;
use crate::host::Host;

/// Most lines that one log answers with.
const LOG_LINES_MAX: usize = 10_000;
/// Most changes that are looked at for the lines of one object. Beyond it the answer says that the
/// history goes on.
const LOG_CHANGES_MAX: usize = 20_000;
/// Changes of one person in one session's document that follow each other within this time are told
/// together: each keystroke is a change of its own, and nobody wants to read them singly.
const RUN_GAP_SECONDS: u64 = 300;
/// Most lines that one entry gives to `watch`; an import of a whole notebook has many thousands.
const WATCH_LINES_MAX: usize = 200;

/// What an answer tells of one or several changes.
struct Told<'a> {
    by: &'a Author,
    at: Option<Timestamp>,
    line: ChangeLine,
}

impl Told<'_> {
    fn view(self, notebook: &Value) -> Value {
        let Self { by, at, line } = self;
        json!({
            "notebook": notebook,
            "at": at,
            "by": { "person": by.person, "name": by.name, "device": by.device,
                    "device_id": by.device_id },
            "person": by.person,
            "name": by.name,
            "device": by.device,
            "object": { "id": line.object_id, "kind": line.kind, "title": line.title },
            "object_id": line.object_id,
            "kind": line.kind,
            "title": line.title,
            "what": line.what,
        })
    }
}

/// Returns one JSON document for each thing that an entry changed, for `watch`.
///
/// Each has `notebook{id,title}`, `at`, `person`, `name`, `device`, `object{id,kind,title}`, `what` and
/// `entry`. What cannot be told any more, because its document is gone or damaged, is left out.
pub fn describe_applied(host: &mut Host, notebook: NotebookId, applied: &Applied) -> Vec<Value> {
    let in_brief = brief(host, notebook);
    let actor = ActorId::from(&actor_of(notebook, applied.log).as_bytes()[..]);
    let entry = applied.entry.to_string();
    let told = host.read(notebook, |docs, people| {
        let by = people.author(&actor);
        let mut told = Vec::new();
        for run in runs_of(applied) {
            if let Ok(lines) = lines(docs, run.document, &run.deps, &run.last) {
                let at = Timestamp::from_second(run.at).ok();
                told.extend(lines.into_iter().map(|line| {
                    with(
                        Told { by: &by, at, line }.view(&in_brief),
                        json!({ "entry": entry }),
                    )
                }));
            }
        }
        Ok(told)
    });
    let mut told = told.unwrap_or_default();
    if told.len() > WATCH_LINES_MAX {
        let more = told.len() - WATCH_LINES_MAX;
        told.truncate(WATCH_LINES_MAX);
        if let Some(last) = told.last().cloned() {
            let object = json!({ "id": null, "kind": Kind::Notebook, "title": in_brief["title"] });
            let rest = json!({ "object": object, "object_id": null, "kind": Kind::Notebook,
                "title": in_brief["title"], "what": format!("and {more} more changes") });
            told.push(with(last, rest));
        }
    }
    told
}

/// Changes of one document that are told together: from what the first was written on to the last.
struct Run {
    document: DocumentId,
    actor: Option<ActorId>,
    deps: Vec<ChangeHash>,
    last: ChangeHash,
    at: i64,
}

/// The changes of an entry: those of one document that follow each other are one edit to people.
fn runs_of(applied: &Applied) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for change in &applied.changes {
        let document = DocumentId(*change.document.as_bytes());
        if let Some(run) = runs.last_mut()
            && run.document == document
            && change.deps == [run.last]
        {
            run.last = change.hash;
            run.at = change.timestamp;
            continue;
        }
        runs.push(Run {
            document,
            actor: None,
            deps: change.deps.clone(),
            last: change.hash,
            at: change.timestamp,
        });
    }
    runs
}

/// The data of `log`: `changes[]`, newest first, and whether the history goes on beyond them.
pub(super) fn log(
    host: &mut Host,
    notebook: &str,
    object: Option<&str>,
    limit: u32,
) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let limit = usize::try_from(limit).map_or(LOG_LINES_MAX, |limit| limit.min(LOG_LINES_MAX));
    let object = object
        .map(|text| wanted(host, notebook, text))
        .transpose()?;
    let in_brief = brief(host, notebook);
    let (changes, goes_on) = host.read(notebook, |docs, people| {
        let wanted = match object {
            Some(Object::There(entry)) => Some(Wanted::of(docs, &entry).map_err(unavailable)?),
            Some(Object::Gone(id)) => Some(Wanted::gone(id)),
            None => None,
        };
        let documents = documents(docs, wanted.as_ref()).map_err(unavailable)?;
        let mut history = History::read(docs, &documents).map_err(unavailable)?;
        let mut changes = Vec::new();
        let mut looked_at = 0;
        while changes.len() < limit && looked_at < LOG_CHANGES_MAX {
            let Some(run) = history.next_run() else { break };
            looked_at += 1;
            let by = run
                .actor
                .as_ref()
                .map_or_else(Author::unknown, |actor| people.author(actor));
            let at = Timestamp::from_second(run.at).ok();
            let lines = lines(docs, run.document, &run.deps, &run.last).map_err(unavailable)?;
            for line in lines {
                if wanted.as_ref().is_none_or(|wanted| wanted.has(&line)) {
                    let view = Told { by: &by, at, line }.view(&in_brief);
                    changes.push(with(view, json!({ "change": run.last.to_string() })));
                }
            }
        }
        let goes_on = changes.len() > limit || history.goes_on();
        changes.truncate(limit);
        Ok((changes, goes_on))
    })?;
    Ok(json!({ "notebook": in_brief, "changes": changes, "more": goes_on }))
}

/// What a log is restricted to.
enum Object {
    There(lookup::Entry),
    /// What is there no more, by its whole id: its history is.
    Gone(ObjectId),
}

fn wanted(host: &mut Host, notebook: NotebookId, text: &str) -> Result<Object, Failure> {
    match find_object_in(host, &[notebook], text, &[]) {
        Ok((_, entry)) => Ok(Object::There(entry)),
        Err(failure) => match text.trim().to_ascii_uppercase().parse() {
            Ok(id) if failure.code == "not_found" => Ok(Object::Gone(id)),
            _ => Err(failure),
        },
    }
}

/// The object that a log is restricted to, with its parts.
struct Wanted {
    ids: Vec<ObjectId>,
    session: Option<ObjectId>,
    /// Whether every document may tell of it.
    anywhere: bool,
}

impl Wanted {
    fn of(
        docs: &mut dyn Documents,
        entry: &lookup::Entry,
    ) -> Result<Self, hearth_notebook::Unavailable> {
        let mut ids = vec![entry.id];
        // Milestones, answers and agenda items belong to the story of what holds them.
        let all = lookup::all(docs)?;
        let parts = all.iter().filter(|part| part.parent == Some(entry.id));
        ids.extend(parts.map(|part| part.id));
        let session = match entry.kind {
            Kind::Session => Some(entry.id),
            Kind::Agenda | Kind::Decision | Kind::Insight | Kind::Learned | Kind::Mood => {
                entry.parent
            }
            _ => None,
        };
        Ok(Self {
            ids,
            session,
            anywhere: false,
        })
    }

    fn gone(id: ObjectId) -> Self {
        Self {
            ids: vec![id],
            session: None,
            anywhere: true,
        }
    }

    fn has(&self, line: &ChangeLine) -> bool {
        line.object_id.is_some_and(|id| self.ids.contains(&id))
    }
}

/// The documents whose history is told.
fn documents(
    docs: &mut dyn Documents,
    wanted: Option<&Wanted>,
) -> Result<Vec<DocumentId>, hearth_notebook::Unavailable> {
    let mut documents = vec![DocumentId::INDEX];
    match wanted.filter(|wanted| !wanted.anywhere) {
        Some(wanted) => documents.extend(wanted.session.map(ObjectId::document)),
        None => {
            if let Some(index) = docs.read(DocumentId::INDEX)? {
                documents.extend(sessions(index).map(ObjectId::document));
            }
        }
    }
    Ok(documents)
}

fn sessions(index: &Automerge) -> impl Iterator<Item = ObjectId> {
    let prefix = format!("{}/", Kind::Session.word());
    index
        .keys(ROOT)
        .filter_map(move |key| key.strip_prefix(&prefix)?.parse().ok())
}

/// The changes of several documents, to be told from the newest to the oldest.
struct History {
    /// For each document its changes, each after those that it builds on.
    documents: Vec<Vec<Run>>,
}

impl History {
    fn read(
        docs: &mut dyn Documents,
        documents: &[DocumentId],
    ) -> Result<Self, hearth_notebook::Unavailable> {
        let mut histories = Vec::new();
        for id in documents {
            let Some(doc) = docs.read(*id)? else { continue };
            let changes = doc.get_changes_meta(&[]).into_iter().map(|change| Run {
                document: *id,
                actor: Some(change.actor.into_owned()),
                deps: change.deps,
                last: change.hash,
                at: change.timestamp,
            });
            histories.push(changes.collect());
        }
        Ok(Self {
            documents: histories,
        })
    }

    fn goes_on(&self) -> bool {
        self.documents.iter().any(|changes| !changes.is_empty())
    }

    /// Takes the newest change of all; in a session's document with those right before it that the
    /// same person made in one go.
    fn next_run(&mut self) -> Option<Run> {
        let changes = self
            .documents
            .iter_mut()
            .filter(|changes| !changes.is_empty())
            .max_by_key(|changes| changes.last().map(|run| run.at))?;
        let mut run = changes.pop()?;
        if run.document == DocumentId::INDEX {
            return Some(run);
        }
        let mut begun = run.at;
        while let Some(before) = changes.last()
            && before.actor == run.actor
            && run.deps == [before.last]
            && begun.abs_diff(before.at) <= RUN_GAP_SECONDS
        {
            begun = before.at;
            run.deps.clone_from(&before.deps);
            changes.pop();
        }
        Some(run)
    }
}

/// What changed in a document between two of its versions.
fn lines(
    docs: &mut dyn Documents,
    document: DocumentId,
    before: &[ChangeHash],
    after: &ChangeHash,
) -> Result<Vec<ChangeLine>, hearth_notebook::Unavailable> {
    let Some(doc) = docs.read(document)? else {
        return Ok(Vec::new());
    };
    let mut lines = describe(document, doc, before, &[*after]);
    let nameless = |line: &ChangeLine| line.kind == Kind::Session && line.title.is_empty();
    if let Some(session) = document.session()
        && lines.iter().any(nameless)
    {
        let title = docs
            .read(DocumentId::INDEX)?
            .map(|index| session_title(index, session))
            .unwrap_or_default();
        for line in lines.iter_mut().filter(|line| nameless(line)) {
            line.title.clone_from(&title);
        }
    }
    Ok(lines)
}

/// A session's title, which only the index has.
fn session_title(index: &Automerge, session: ObjectId) -> String {
    let key = format!("{}/{session}", Kind::Session.word());
    match index.get(ROOT, key.as_str()) {
        Ok(Some((_, header))) => text_of(index, &header, "title"),
        _ => String::new(),
    }
}
