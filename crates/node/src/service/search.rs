//! Search across notebooks.
//!
//! The index is a cache: for each notebook it remembers the digest of the frontier that it was built
//! from, and what differs is built anew before it is asked. It stays in memory while the process
//! runs, and in the sealed store for the next one.

use std::collections::BTreeMap;

use hearth_core::codec::{DecodeError, Reader, Writer};
use hearth_core::ids::NotebookId;
use hearth_notebook::search::{opened_items, search_items};
use hearth_store::limits::SEARCH_HITS_MAX;
use hearth_store::{Document, Hit, Scope, SearchError, SearchIndex};
use serde_json::{Value, json};

use super::NodeFacts;
use super::answer::unavailable;
use super::resolve::{brief, find_notebook, notebooks};
use super::sealed::reference;
use crate::api::Failure;
use crate::host::Host;

const KEPT_AS: &str = "search index";
const VERSION: u8 = 1;
/// Most notebooks that a kept index may name; a guard against damaged counts.
const NOTEBOOKS_MAX: usize = 1 << 16;

/// The search index of a home, and what it was built from.
#[derive(Debug, Default)]
pub(crate) struct SearchCache {
    index: Option<SearchIndex>,
    built_from: BTreeMap<NotebookId, [u8; 32]>,
    is_unsaved: bool,
}

/// The data of `search`: `hits[]`, the best first.
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
    let limit = usize::try_from(limit).map_or(SEARCH_HITS_MAX, |limit| limit.min(SEARCH_HITS_MAX));
    let found = match &cache.index {
        Some(index) => index.query(text, only.map(scope), limit).map_err(failed)?,
        None => Vec::new(),
    };
    host.search = cache;
    if !node.running {
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
    if !host.search.is_unsaved {
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
    for (notebook, digest) in &host.search.built_from {
        writer.raw(notebook.as_bytes()).raw(digest);
    }
    writer.raw(&bytes);
    host.put_own(KEPT_AS, writer.as_slice())?;
    host.search.is_unsaved = false;
    Ok(())
}

/// Forgets the search index, in memory and on the disk: the next search builds it anew from what is here.
pub(super) fn forget_index(host: &mut Host) -> Result<(), Failure> {
    host.search = SearchCache::default();
    host.storage
        .forget_own(KEPT_AS)
        .map_err(crate::host::storage_failed)
}

/// Builds anew what is wanted and has changed; returns the notebooks that cannot be read.
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
        is_unsaved,
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
        *is_unsaved = true;
    }
    let mut missed = Vec::new();
    for notebook in wanted {
        let Some(replica) = host.engine.replica_mut(*notebook) else {
            continue;
        };
        let digest = replica.frontier_digest();
        if built_from.get(notebook) == Some(&digest) {
            continue;
        }
        // Until it is whole again, nothing says that it is.
        built_from.remove(notebook);
        *is_unsaved = true;
        index.remove_scope(scope(*notebook)).map_err(failed)?;
        let Ok(items) = host.read(*notebook, |docs, people| {
            let mut items = search_items(docs).map_err(unavailable)?;
            let opened = opened_items(docs, people, reference(*notebook)).map_err(unavailable)?;
            items.extend(opened);
            Ok(items)
        }) else {
            missed.push(*notebook);
            continue;
        };
        for item in &items {
            // An agenda item or a milestone is opened through what holds it.
            let kind = match item.parent {
                Some(parent) => format!("{} {parent}", item.kind.word()),
                None => item.kind.word().to_owned(),
            };
            let document = Document {
                id: &item.id.to_string(),
                scope: scope(*notebook),
                kind: &kind,
                title: &item.title,
                text: &item.text,
            };
            index.upsert(&document).map_err(failed)?;
        }
        built_from.insert(*notebook, digest);
    }
    Ok(missed)
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
        built_from.insert(notebook, reader.array("digest")?);
    }
    let index = SearchIndex::deserialize(reader.take("index", reader.remaining())?)?;
    Ok(SearchCache {
        index: Some(index),
        built_from,
        is_unsaved: false,
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
    json!({
        "id": hit.id,
        "kind": kind,
        "title": title,
        "snippet": hit.snippet,
        "parent": parent,
        "notebook": brief(host, NotebookId::from_bytes(hit.scope.0)),
    })
}
