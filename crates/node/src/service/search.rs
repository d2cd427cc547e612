//! Search across notebooks.
//!
//! The index is a cache: for each notebook it remembers what it was built from, document by document, and what
//! differs is read anew before it is asked; where nothing does, no document is opened. It stays in memory while
//! the process runs, and in the sealed store for the next one.

use std::collections::BTreeMap;

use hearth_core::codec::{DecodeError, Reader, Writer};
use hearth_core::document::DocumentId as CoreDocumentId;
use hearth_core::ids::NotebookId;
use hearth_notebook::DocumentId;
use hearth_notebook::search::{
    SearchItem, index_items, opened_items, session_headers, session_items,
};
use hearth_store::limits::SEARCH_HITS_MAX;
use hearth_store::{Document, Hit, Scope, SearchError, SearchIndex};
use serde_json::{Value, json};

use super::NodeFacts;
use super::answer::unavailable;
use super::document_facts::forget_document_facts;
use super::resolve::{brief, find_notebook, notebooks};
use super::sealed::reference;
use crate::api::Failure;
use crate::host::Host;

const KEPT_AS: &str = "search index";
const VERSION: u8 = 2;
/// Documents that are read anew each time rather than that the whole index is sealed again: that takes longer.
const STALE_PARTS_MAX: usize = 8;
/// Most notebooks that a kept index may name; a guard against damaged counts.
const NOTEBOOKS_MAX: usize = 1 << 16;

/// The search index of a home, and what it was built from.
#[derive(Debug, Default)]
pub(crate) struct SearchCache {
    index: Option<SearchIndex>,
    built_from: BTreeMap<NotebookId, BuiltFrom>,
    /// How many documents the kept index has other words of.
    unsaved_parts: usize,
}

/// What the index has of a notebook was built from this.
#[derive(Debug, Clone, PartialEq, Eq)]
struct BuiltFrom {
    /// All of it.
    frontier: [u8; 32],
    /// What decides which entries count.
    counting: [u8; 32],
    /// Each document, with what the index document says of a session.
    parts: BTreeMap<DocumentId, [u8; 32]>,
}

/// The data of `search`: `hits[]`, the best first. `marks[]` are the words that were looked for, each where it begins and
/// ends in `snippet`, in characters.
pub(super) fn search(
    host: &mut Host,
    node: &NodeFacts,
    text: &str,
    notebook: Option<&str>,
    limit: u32,
) -> Result<Value, Failure> {
    if text.trim().is_empty() {
        return Err(Failure::usage("invalid", "There is no word to search for.")
            .with_hint("Write `hearth search WORDS`."));
    }
    let only = notebook
        .map(|notebook| find_notebook(host, notebook))
        .transpose()?;
    let wanted = only.map_or_else(|| notebooks(host), |only| vec![only]);
    let mut cache = std::mem::take(&mut host.search);
    let missed = bring_up_to_date(host, &mut cache, &wanted)?;
    let is_worth_keeping = cache.unsaved_parts > STALE_PARTS_MAX;
    let limit = usize::try_from(limit).map_or(SEARCH_HITS_MAX, |limit| limit.min(SEARCH_HITS_MAX));
    let found = match &cache.index {
        Some(index) => index.query(text, only.map(scope), limit).map_err(failed)?,
        None => Vec::new(),
    };
    host.search = cache;
    if !node.running && is_worth_keeping {
        // Another search would only take longer where the index cannot be kept.
        if let Err(error) = keep_search_index(host) {
            tracing::debug!(%error, "the search index is not kept");
        }
    }
    let hits: Vec<Value> = found.into_iter().map(|hit| view(host, hit)).collect();
    let not_searched: Vec<Value> = missed
        .into_iter()
        .map(|notebook| brief(host, notebook))
        .collect();
    Ok(json!({ "hits": hits, "not_searched": not_searched }))
}

/// Keeps the search index in the sealed store where it changed since. A node does so before it ends.
///
/// # Errors
/// A [`Failure`] where the disk fails; nothing is lost then but the time to build it again.
pub fn keep_search_index(host: &mut Host) -> Result<(), Failure> {
    if host.search.unsaved_parts == 0 {
        return Ok(());
    }
    let Some(index) = &mut host.search.index else {
        return Ok(());
    };
    let bytes = index.serialize().map_err(failed)?;
    let mut writer = Writer::new();
    writer
        .u8(VERSION)
        .varint(host.search.built_from.len() as u64);
    for (notebook, built) in &host.search.built_from {
        writer
            .raw(notebook.as_bytes())
            .raw(&built.frontier)
            .raw(&built.counting)
            .varint(built.parts.len() as u64);
        for (document, mark) in &built.parts {
            writer.raw(&document.0).raw(mark);
        }
    }
    writer.raw(&bytes);
    host.put_own(KEPT_AS, writer.as_slice())?;
    host.search.unsaved_parts = 0;
    Ok(())
}

/// Forgets the search index and what is known of documents, in memory and on the disk: what needs them builds them anew
/// from what is here.
pub(super) fn forget_index(host: &mut Host) -> Result<(), Failure> {
    forget_document_facts(host)?;
    host.search = SearchCache::default();
    host.storage
        .forget_own(KEPT_AS)
        .map_err(crate::host::storage_failed)
}

/// Reads anew what is wanted and has changed; returns the notebooks that cannot be read.
fn bring_up_to_date(
    host: &mut Host,
    cache: &mut SearchCache,
    wanted: &[NotebookId],
) -> Result<Vec<NotebookId>, Failure> {
    if cache.index.is_none() {
        *cache = load(host)?;
    }
    let SearchCache {
        index,
        built_from,
        unsaved_parts,
    } = cache;
    let Some(index) = index else {
        return Ok(Vec::new());
    };
    let known: Vec<NotebookId> = built_from.keys().copied().collect();
    for gone in known
        .into_iter()
        .filter(|notebook| host.engine.replica(*notebook).is_none())
    {
        index.remove_scope(scope(gone)).map_err(failed)?;
        built_from.remove(&gone);
        // What is gone is not kept any longer than this takes.
        *unsaved_parts += STALE_PARTS_MAX + 1;
    }
    let mut missed = Vec::new();
    for notebook in wanted {
        let Some(replica) = host.engine.replica_mut(*notebook) else {
            continue;
        };
        let frontier = replica.frontier_digest();
        if built_from
            .get(notebook)
            .is_some_and(|built| built.frontier == frontier)
        {
            continue;
        }
        // Until it is whole again, nothing says that it is.
        let before = built_from.remove(notebook);
        // What was built from nothing is kept, however little it is.
        *unsaved_parts += match before {
            None => STALE_PARTS_MAX + 1,
            Some(_) => 1,
        };
        index.begin().map_err(failed)?;
        let brought = bring_notebook(host, index, *notebook, before);
        index.finish().map_err(failed)?;
        match brought {
            Ok((built, count)) => {
                built_from.insert(*notebook, built);
                *unsaved_parts += count;
            }
            Err(BringError::Unread) => missed.push(*notebook),
            Err(BringError::Index(error)) => return Err(failed(error)),
        }
    }
    Ok(missed)
}

/// A notebook whose words could not be brought up to date.
#[derive(Debug, thiserror::Error)]
enum BringError {
    #[error("a document cannot be read")]
    Unread,
    #[error(transparent)]
    Index(#[from] SearchError),
}

/// Brings one notebook up to date, and returns what it is built from then and how many documents were read.
fn bring_notebook(
    host: &mut Host,
    index: &mut SearchIndex,
    notebook: NotebookId,
    before: Option<BuiltFrom>,
) -> Result<(BuiltFrom, usize), BringError> {
    let unread = |_| BringError::Unread;
    let headers = host
        .read(notebook, |docs, _| {
            session_headers(docs).map_err(unavailable)
        })
        .map_err(unread)?;
    // Reading it has placed whatever had come.
    let replica = host.engine.replica(notebook).ok_or(BringError::Unread)?;
    let marks = replica.document_marks();
    let built = BuiltFrom {
        frontier: replica.frontier_digest(),
        counting: replica.counting_mark(),
        parts: parts(&marks, &headers),
    };
    let kept = match before.filter(|before| before.counting == built.counting) {
        Some(before) => before.parts,
        None => {
            index.remove_scope(scope(notebook))?;
            BTreeMap::new()
        }
    };
    let mut count = 0;
    for (part, mark) in &built.parts {
        if kept.get(part) == Some(mark) {
            continue;
        }
        let items = host
            .read(notebook, |docs, people| {
                if let Some(session) = part.session() {
                    return session_items(docs, session).map_err(unavailable);
                }
                let mut items = index_items(docs).map_err(unavailable)?;
                let reference = reference(notebook);
                items.extend(opened_items(docs, people, reference).map_err(unavailable)?);
                Ok(items)
            })
            .map_err(unread)?;
        put_items(index, notebook, part, &items)?;
        count += 1;
    }
    for gone in kept.keys().filter(|part| !built.parts.contains_key(part)) {
        put_items(index, notebook, gone, &[])?;
        count += 1;
    }
    Ok((built, count))
}

/// Returns what tells whether the words of each document are the same: of the index document, and of each session
/// that it names.
fn parts(
    marks: &BTreeMap<CoreDocumentId, [u8; 32]>,
    headers: &[SearchItem],
) -> BTreeMap<DocumentId, [u8; 32]> {
    let mark_of = |document: DocumentId| {
        let mark = marks.get(&CoreDocumentId::from_bytes(document.0));
        mark.copied().unwrap_or_default()
    };
    let sessions = headers.iter().map(|header| {
        let document = header.id.document();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&mark_of(document)).update(&mark(header));
        (document, *hasher.finalize().as_bytes())
    });
    let index = (DocumentId::INDEX, mark_of(DocumentId::INDEX));
    std::iter::once(index).chain(sessions).collect()
}

/// Puts the items of a document into the index where their words are not there, and takes out what it has no more.
fn put_items(
    index: &mut SearchIndex,
    notebook: NotebookId,
    part: &DocumentId,
    items: &[SearchItem],
) -> Result<(), SearchError> {
    let mut there = index.marks(scope(notebook), &part.0)?;
    for item in items {
        let id = item.id.to_string();
        let mark = mark(item);
        if there.remove(&id) == Some(mark) {
            continue;
        }
        // An agenda item or a milestone is opened through what holds it.
        let kind = match item.parent {
            Some(parent) => format!("{} {parent}", item.kind.word()),
            None => item.kind.word().to_owned(),
        };
        index.upsert(&Document {
            id: &id,
            scope: scope(notebook),
            kind: &kind,
            title: &item.title,
            text: &item.text,
            part: &part.0,
            mark,
        })?;
    }
    for gone in there.keys() {
        index.remove(scope(notebook), gone)?;
    }
    Ok(())
}

/// Returns what tells the words of an item from others.
fn mark(item: &SearchItem) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    let parent = item.parent.map(|parent| parent.to_string());
    for words in [
        item.kind.word(),
        parent.as_deref().unwrap_or_default(),
        &item.title,
        &item.text,
    ] {
        hasher.update(&(words.len() as u64).to_be_bytes());
        hasher.update(words.as_bytes());
    }
    let mut mark = [0; 16];
    hasher.finalize_xof().fill(&mut mark);
    mark
}

/// Takes up the kept index, or begins an empty one where there is none that serves.
fn load(host: &Host) -> Result<SearchCache, Failure> {
    let kept = host.get_own(KEPT_AS).ok().flatten();
    match kept.as_deref().map(parse) {
        Some(Ok(cache)) => Ok(cache),
        _ => Ok(SearchCache {
            index: Some(SearchIndex::new().map_err(failed)?),
            ..SearchCache::default()
        }),
    }
}

/// A kept index that cannot be taken up.
#[derive(Debug, thiserror::Error)]
enum KeptError {
    #[error(transparent)]
    Layout(#[from] DecodeError),
    #[error(transparent)]
    Index(#[from] SearchError),
}

fn parse(bytes: &[u8]) -> Result<SearchCache, KeptError> {
    let mut reader = Reader::new(bytes);
    if reader.u8("version")? != VERSION {
        return Err(DecodeError::Invalid("version").into());
    }
    let count = reader.count("notebooks", NOTEBOOKS_MAX)?;
    let mut built_from = BTreeMap::new();
    for _ in 0..count {
        let notebook = NotebookId::from_bytes(reader.array("notebook")?);
        let mut built = BuiltFrom {
            frontier: reader.array("frontier")?,
            counting: reader.array("counting")?,
            parts: BTreeMap::new(),
        };
        for _ in 0..reader.count("documents", reader.remaining())? {
            let document = DocumentId(reader.array("document")?);
            built.parts.insert(document, reader.array("mark")?);
        }
        built_from.insert(notebook, built);
    }
    let index = SearchIndex::deserialize(reader.take("index", reader.remaining())?)?;
    Ok(SearchCache {
        index: Some(index),
        built_from,
        unsaved_parts: 0,
    })
}

const fn scope(notebook: NotebookId) -> Scope {
    Scope(*notebook.as_bytes())
}

fn failed(error: SearchError) -> Failure {
    Failure::error("search_failed", format!("The search failed: {error}."))
        .with_hint("Try again. Nothing of your notebooks is affected.")
}

fn view(host: &mut Host, hit: Hit) -> Value {
    let (kind, parent) = match hit.kind.split_once(' ') {
        Some((kind, parent)) => (kind, Some(parent)),
        None => (hit.kind.as_str(), None),
    };
    // Questions, answers and comments have no title but their words.
    let title = match hit.title.as_str() {
        "" => hit.snippet.lines().next().unwrap_or_default(),
        title => title,
    };
    // Counted in characters: whoever reads the JSON may count in other units than bytes.
    let characters = |to: usize| hit.snippet.get(..to).unwrap_or_default().chars().count();
    let marks: Vec<[usize; 2]> = hit
        .marks
        .iter()
        .map(|mark| [characters(mark.start), characters(mark.end)])
        .collect();
    json!({
        "id": hit.id,
        "kind": kind,
        "title": title,
        "snippet": hit.snippet,
        "marks": marks,
        "parent": parent,
        "notebook": brief(host, NotebookId::from_bytes(hit.scope.0)),
    })
}
