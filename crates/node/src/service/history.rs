//! Who changed what, when and on which device: the log, and the lines of `watch`.
//!
//! Authors are those of the signed entries. Times are what the author's clock said; they order
//! nothing within a document, where the history itself does.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{ActorId, Automerge, ChangeHash, ROOT, ReadDoc};
use data_encoding::HEXLOWER;
use hearth_core::base::BaseStanding;
use hearth_core::ids::NotebookId;
use hearth_core::log::actor_of;
use hearth_core::replica::Applied;
use hearth_notebook::history::{ChangeLine, describe};
use hearth_notebook::{Author, DocumentId, Documents, Kind, ObjectId, People, lookup};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{text_of, unavailable, with};
use super::document_facts;
use super::resolve::{brief, find_notebook, find_object_in};
use super::set_aside::adopted_in;
use crate::api::Failure;
use crate::host::{Host, storage_failed};

/// Most lines that one log answers with.
const LOG_LINES_MAX: usize = 10_000;
/// Most changes that are looked at for the lines of one object. Beyond it the answer says that the
/// history goes on.
const LOG_CHANGES_MAX: usize = 20_000;
/// Changes of one person in one session's document that follow each other within this time are told
/// together: each keystroke is a change of its own, and nobody wants to read them singly.
const RUN_GAP_SECONDS: u64 = 300;
/// Turns of people who write a session's document at once, each within [`RUN_GAP_SECONDS`] of the next, that are told one by
/// one; more are told together, with all their names: each would be a letter or two.
const RUN_TURNS_MAX: usize = 4;
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
            "what": line.what.to_string(),
            "told": line.what,
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
            if let Ok(lines) = lines(docs, run.document, &run.deps, &run.ends) {
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
    /// The changes before the last one.
    before: Vec<ChangeHash>,
    /// Who else made some of them, where several wrote in turn.
    also: Vec<ActorId>,
    /// What the changes end in: the last one, and where several wrote at once what the others ended in.
    ends: Vec<ChangeHash>,
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
            run.ends = vec![change.hash];
            run.at = change.timestamp;
            continue;
        }
        runs.push(Run {
            document,
            actor: None,
            deps: change.deps.clone(),
            last: change.hash,
            at: change.timestamp,
            before: Vec::new(),
            also: Vec::new(),
            ends: vec![change.hash],
        });
    }
    runs
}

/// Where a log goes on: the change whose lines come next, and how many of them were told already. Changes that begin two
/// documents may be the same, so it names the document too.
struct Cursor {
    document: DocumentId,
    change: ChangeHash,
    told: usize,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (document, rest) = text.split_once('/')?;
        let (change, told) = rest.split_once('/')?;
        let document = HEXLOWER.decode(document.as_bytes()).ok()?;
        Some(Self {
            document: DocumentId(document.try_into().ok()?),
            change: change.parse().ok()?,
            told: told.parse().ok()?,
        })
    }

    fn text(run: &Run, told: usize) -> String {
        let document = HEXLOWER.encode(&run.document.0);
        format!("{document}/{}/{told}", run.last)
    }

    /// How many lines of a run were told before: none where this does not lead to it.
    fn told_of(&self, run: &Run) -> Option<usize> {
        if run.document != self.document {
            return None;
        }
        if run.last == self.change {
            return Some(self.told);
        }
        // Somebody wrote on: what it led to is part of a longer run now, which is told whole.
        run.before.contains(&self.change).then_some(0)
    }
}

/// The data of `log`: `changes[]`, newest first, whether the history goes on beyond them (`more`), and from where
/// (`next`).
pub(super) fn log(
    host: &mut Host,
    notebook: &str,
    object: Option<&str>,
    limit: u32,
    from: Option<&str>,
) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let limit = usize::try_from(limit).map_or(LOG_LINES_MAX, |limit| limit.min(LOG_LINES_MAX));
    let object = object
        .map(|text| wanted(host, notebook, text))
        .transpose()?;
    let mut from = from.map(cursor).transpose()?;
    let in_brief = brief(host, notebook);
    let adopted = Adopted::of(host, notebook)?;
    let wanted = match object {
        Some(Object::There(entry)) => Some(host.read(notebook, |docs, _| {
            Wanted::of(docs, &entry).map_err(unavailable)
        })?),
        Some(Object::Gone(id)) => Some(Wanted::gone(id)),
        None => None,
    };
    let mut history = match wanted.as_ref().filter(|wanted| !wanted.anywhere) {
        Some(wanted) => History::of(wanted.session.map(ObjectId::document)),
        None => {
            let facts = document_facts::of_sessions(host, notebook)?;
            History::with(facts.into_iter().map(|(id, known)| (id, known.newest)))
        }
    };
    let (changes, next) = host.read(notebook, |docs, people| {
        let mut changes = Vec::new();
        let mut next = None;
        let mut looked_at = 0;
        while looked_at < LOG_CHANGES_MAX {
            let Some(run) = history.next_run(docs).map_err(unavailable)? else {
                break;
            };
            let told = match &from {
                Some(cursor) => match cursor.told_of(&run) {
                    Some(told) => told,
                    None => continue,
                },
                None => 0,
            };
            from = None;
            if changes.len() >= limit {
                next = Some(Cursor::text(&run, 0));
                break;
            }
            looked_at += 1;
            let lines = lines(docs, run.document, &run.deps, &run.ends).map_err(unavailable)?;
            let found: Vec<Value> = lines
                .into_iter()
                .filter(|line| wanted.as_ref().is_none_or(|wanted| wanted.has(line)))
                .map(|line| view(&run, line, people, &in_brief, &adopted))
                .collect();
            let room = limit - changes.len();
            let is_cut = found.len() > told + room;
            changes.extend(found.into_iter().skip(told).take(room));
            if is_cut {
                next = Some(Cursor::text(&run, told + room));
                break;
            }
        }
        match from {
            Some(_) => Err(no_such_place()),
            None => Ok((changes, next)),
        }
    })?;
    let goes_on = next.is_some() || history.goes_on();
    Ok(json!({ "notebook": in_brief, "changes": changes, "more": goes_on, "next": next }))
}

fn cursor(text: &str) -> Result<Cursor, Failure> {
    Cursor::parse(text).ok_or_else(no_such_place)
}

fn no_such_place() -> Failure {
    Failure::not_found("no_such_change", "The history has no such place.")
        .with_hint("Begin at the newest change, without `--from`.")
}

fn view(
    run: &Run,
    line: ChangeLine,
    people: &dyn People,
    in_brief: &Value,
    adopted: &Adopted,
) -> Value {
    let by = run
        .actor
        .as_ref()
        .map_or_else(Author::unknown, |actor| people.author(actor));
    let mut also: Vec<Value> = Vec::new();
    for other in run.also.iter().map(|actor| people.author(actor)) {
        let other = json!({ "person": other.person, "name": other.name, "device": other.device });
        if !also.contains(&other) {
            also.push(other);
        }
    }
    let at = Timestamp::from_second(run.at).ok();
    let told = Told { by: &by, at, line }.view(in_brief);
    let change = run.last.to_string();
    let more = json!({ "change": change, "also": also, "adopted": adopted.told(run, people) });
    with(told, more)
}

/// The changes that did not count by themselves and are shown, since others built on them; here, and in what the
/// notebook goes on from.
struct Adopted(BTreeMap<(DocumentId, ChangeHash), Built>);

struct Built {
    reason: String,
    by: Vec<String>,
}

impl Adopted {
    fn of(host: &mut Host, notebook: NotebookId) -> Result<Self, Failure> {
        let here = adopted_in(host, notebook, LOG_CHANGES_MAX).map_err(storage_failed)?;
        let mut all = BTreeMap::new();
        let document = |id: &hearth_core::document::DocumentId| DocumentId(*id.as_bytes());
        if let Some(BaseStanding::Sound(base)) =
            host.engine.replica(notebook).map(|replica| replica.base())
        {
            for one in &base.adopted {
                let built = Built {
                    reason: one.reason.clone(),
                    by: one.built_on_by.iter().map(ToString::to_string).collect(),
                };
                all.insert((document(&one.document), one.change), built);
            }
        }
        for one in here.into_values() {
            for (id, change) in &one.changes {
                let built = Built {
                    reason: one.reason.to_owned(),
                    by: one.built_on_by.iter().map(ToString::to_string).collect(),
                };
                all.insert((document(id), *change), built);
            }
        }
        Ok(Self(all))
    }

    /// Says of changes that are told together why some do not count by themselves, and who built on them.
    fn told(&self, run: &Run, people: &dyn People) -> Value {
        let mut changes = run.before.iter().chain([&run.last]);
        let built = changes.find_map(|change| self.0.get(&(run.document, *change)));
        built.map_or(Value::Null, |built| {
            let by = built.by.iter();
            let by: Vec<Value> = by
                .map(|person| json!({ "person": person, "name": people.name(person) }))
                .collect();
            json!({ "reason": built.reason, "built_on_by": by })
        })
    }
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

/// The changes of several documents, to be told from the newest to the oldest.
struct History {
    /// Documents that are not opened yet, each with when it changed last, the newest last.
    closed: Vec<(i64, DocumentId)>,
    /// Documents that are opened whatever they hold.
    wanted: Vec<DocumentId>,
    /// For each open document its changes, each after those that it builds on.
    open: Vec<Vec<Run>>,
}

impl History {
    /// That of the index, and of another document.
    fn of(other: Option<DocumentId>) -> Self {
        Self {
            closed: Vec::new(),
            wanted: std::iter::once(DocumentId::INDEX).chain(other).collect(),
            open: Vec::new(),
        }
    }

    /// That of the index, and of documents of which it is known when each changed last.
    fn with(documents: impl Iterator<Item = (DocumentId, i64)>) -> Self {
        let mut closed: Vec<_> = documents.map(|(id, newest)| (newest, id)).collect();
        closed.sort_unstable();
        Self {
            closed,
            ..Self::of(None)
        }
    }

    fn goes_on(&self) -> bool {
        let is_left = |changes: &Vec<Run>| !changes.is_empty();
        !self.closed.is_empty() || !self.wanted.is_empty() || self.open.iter().any(is_left)
    }

    /// Opens what may have a newer change than what is open.
    fn open_newest(
        &mut self,
        docs: &mut dyn Documents,
    ) -> Result<(), hearth_notebook::Unavailable> {
        for id in std::mem::take(&mut self.wanted) {
            self.open.push(changes_of(docs, id)?);
        }
        loop {
            let newest = self.open.iter().filter_map(|changes| changes.last());
            // Of what is of the same second, sessions are told before the index, one document after the other.
            let is_told_later = |run: &Run, at: i64| match run.document {
                DocumentId::INDEX => run.at <= at,
                _ => run.at < at,
            };
            match self.closed.last() {
                Some((at, id)) if newest.clone().all(|run| is_told_later(run, *at)) => {
                    let changes = changes_of(docs, *id)?;
                    self.closed.pop();
                    self.open.push(changes);
                }
                _ => return Ok(()),
            }
        }
    }

    /// Takes the newest change of all; in a session's document with those right before it that the
    /// same person made in one go, and where several wrote in turn with all of these.
    fn next_run(
        &mut self,
        docs: &mut dyn Documents,
    ) -> Result<Option<Run>, hearth_notebook::Unavailable> {
        self.open_newest(docs)?;
        let newest = self
            .open
            .iter_mut()
            .filter(|changes| !changes.is_empty())
            .max_by_key(|changes| changes.last().map(|run| run.at));
        let Some(changes) = newest else {
            return Ok(None);
        };
        let in_turn = written_in_turn(changes);
        let Some(mut run) = changes.pop() else {
            return Ok(None);
        };
        if in_turn > 0 {
            let before = changes.split_off(changes.len().saturating_sub(in_turn - 1));
            return Ok(Some(together(run, before)));
        }
        let mut begun = run.at;
        while let Some(before) = changes.last()
            && follows(&run, begun, before)
        {
            begun = before.at;
            run.deps.clone_from(&before.deps);
            run.before.push(before.last);
            changes.pop();
        }
        Ok(Some(run))
    }
}

/// Says whether what follows a change was made by the same person, on top of it and soon.
fn follows(run: &Run, begun: i64, before: &Run) -> bool {
    run.document != DocumentId::INDEX
        && before.actor == run.actor
        && run.deps == [before.last]
        && begun.abs_diff(before.at) <= RUN_GAP_SECONDS
}

/// How many of the newest changes several people made in turn; none where each turn is worth a line of its own.
fn written_in_turn(changes: &[Run]) -> usize {
    // What is done in the index is an act each time, and nobody's letter.
    if changes
        .last()
        .is_none_or(|change| change.document == DocumentId::INDEX)
    {
        return 0;
    }
    let mut turns = 0;
    let mut count = 0;
    let mut later: Option<&Run> = None;
    for change in changes.iter().rev() {
        match later {
            Some(later) if later.at.abs_diff(change.at) > RUN_GAP_SECONDS => break,
            Some(later) if follows(later, later.at, change) => {}
            _ => turns += 1,
        }
        count += 1;
        later = Some(change);
    }
    if turns > RUN_TURNS_MAX { count } else { 0 }
}

/// Takes changes together that several people made in turn, up to the newest one.
fn together(mut newest: Run, before: Vec<Run>) -> Run {
    let hashes: BTreeSet<ChangeHash> = before
        .iter()
        .chain([&newest])
        .map(|change| change.last)
        .collect();
    let mut builds_on: BTreeSet<ChangeHash> = BTreeSet::new();
    let mut also: Vec<ActorId> = Vec::new();
    for change in before.iter().chain([&newest]) {
        builds_on.extend(&change.deps);
        also.extend(
            change
                .actor
                .clone()
                .filter(|_| change.actor != newest.actor),
        );
    }
    also.sort();
    also.dedup();
    newest.ends = hashes.difference(&builds_on).copied().collect();
    newest.deps = builds_on.difference(&hashes).copied().collect();
    newest.before = before.iter().map(|change| change.last).collect();
    newest.also = also;
    newest
}

fn changes_of(
    docs: &mut dyn Documents,
    id: DocumentId,
) -> Result<Vec<Run>, hearth_notebook::Unavailable> {
    let Some(doc) = docs.read(id)? else {
        return Ok(Vec::new());
    };
    let changes = doc.get_changes_meta(&[]).into_iter().map(|change| Run {
        document: id,
        actor: Some(change.actor.into_owned()),
        deps: change.deps,
        last: change.hash,
        at: change.timestamp,
        before: Vec::new(),
        also: Vec::new(),
        ends: vec![change.hash],
    });
    Ok(changes.collect())
}

/// What changed in a document between two of its versions.
fn lines(
    docs: &mut dyn Documents,
    document: DocumentId,
    before: &[ChangeHash],
    after: &[ChangeHash],
) -> Result<Vec<ChangeLine>, hearth_notebook::Unavailable> {
    let Some(doc) = docs.read(document)? else {
        return Ok(Vec::new());
    };
    let mut lines = describe(document, doc, before, after);
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
