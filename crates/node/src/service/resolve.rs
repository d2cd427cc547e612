//! Finds what a person means: by id, by the beginning or end of one, or by name.
//!
//! The stronger match wins, so a title can never take the place of a full id: full id, exact name,
//! part of an id, name in any case. Several equally strong ones are an error that lists them.

use std::collections::BTreeSet;

use hearth_core::ids::{NotebookId, PersonId};
use hearth_core::replica::OpenReplicaError;
use hearth_notebook::lookup::{self, Entry, ID_CHARS_MIN, ResolveError};
use hearth_notebook::{DocumentId, Documents, Kind, PersonRef};
use serde_json::{Value, json};

use super::answer::{quote, text_of, unavailable};
use super::journal::journals;
use crate::api::{Exit, Failure};
use crate::host::{Host, ReadDocuments, SEE_DAMAGE, sentence};

/// Candidates that a message lists.
const CANDIDATES_MAX: usize = 5;

/// Something that can be meant.
#[derive(Debug, Clone)]
pub(super) struct Candidate<T> {
    /// Its full id.
    pub(super) id: String,
    /// What it is called; empty where it has no name.
    pub(super) title: String,
    /// What to answer with.
    pub(super) value: T,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Id,
    Name,
    PartOfId,
    NameInAnyCase,
}

fn strength(text: &str, id: &str, title: &str) -> Option<Strength> {
    let is_part = |part: Option<&str>| part.is_some_and(|part| part.eq_ignore_ascii_case(text));
    if id.eq_ignore_ascii_case(text) {
        Some(Strength::Id)
    } else if text.is_empty() {
        None
    } else if title == text {
        Some(Strength::Name)
    } else if text.len() >= ID_CHARS_MIN
        && (is_part(id.get(..text.len()))
            || is_part(
                id.len()
                    .checked_sub(text.len())
                    .and_then(|from| id.get(from..)),
            ))
    {
        Some(Strength::PartOfId)
    } else if title.to_lowercase() == text.to_lowercase() {
        Some(Strength::NameInAnyCase)
    } else {
        None
    }
}

/// Picks the one candidate that is meant. `what` names their kind in messages.
///
/// # Errors
/// `not_found`, or `ambiguous` with the candidates in its details.
pub(super) fn choose<T>(
    what: &str,
    text: &str,
    candidates: impl IntoIterator<Item = Candidate<T>>,
) -> Result<T, Failure> {
    let text = text.trim();
    let mut best: Option<Strength> = None;
    let mut found: Vec<Candidate<T>> = Vec::new();
    for candidate in candidates {
        let Some(strength) = strength(text, &candidate.id, &candidate.title) else {
            continue;
        };
        if best.is_some_and(|best| strength > best) {
            continue;
        }
        if best != Some(strength) {
            best = Some(strength);
            found.clear();
        }
        found.push(candidate);
    }
    if found.len() > 1 {
        return Err(ambiguous(what, text, &found));
    }
    match found.pop() {
        Some(candidate) => Ok(candidate.value),
        None => Err(Failure::not_found(
            "not_found",
            format!("There is no {what} {}.", quote(text)),
        )),
    }
}

fn ambiguous<T>(what: &str, text: &str, found: &[Candidate<T>]) -> Failure {
    let listed: Vec<String> = found
        .iter()
        .take(CANDIDATES_MAX)
        .map(|candidate| match candidate.title.as_str() {
            "" => candidate.id.clone(),
            title => format!("{} {}", candidate.id, quote(title)),
        })
        .collect();
    let more = match found.len().saturating_sub(CANDIDATES_MAX) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let details: Vec<Value> = found
        .iter()
        .map(|candidate| json!({ "id": candidate.id, "title": candidate.title }))
        .collect();
    Failure::not_found(
        "ambiguous",
        format!(
            "{} could be any {what} of: {}{more}.",
            quote(text),
            listed.join(", ")
        ),
    )
    .with_hint("Give the id, or more of it.")
    .with_details(json!({ "candidates": details }))
}

/// Finds a notebook of this home by id, part of one, or title.
///
/// # Errors
/// `not_found` or `ambiguous`, both with exit code 4.
pub fn find_notebook(host: &mut Host, text: &str) -> Result<NotebookId, Failure> {
    // A full id is found without opening anything, and even where nothing can be opened.
    if let Ok(id) = text.trim().parse::<NotebookId>()
        && host.engine.replica(id).is_some()
    {
        return Ok(id);
    }
    let mut candidates: Vec<Candidate<NotebookId>> = notebooks(host)
        .into_iter()
        .map(|id| Candidate {
            id: id.to_string(),
            title: title(host, id),
            value: id,
        })
        .collect();
    candidates.extend(host.engine.unopened().keys().map(|id| Candidate {
        id: id.to_string(),
        title: String::new(),
        value: *id,
    }));
    let found = choose("notebook", text, candidates).or_else(|failure| {
        // The journal answers to its name where no shared notebook does.
        let own = journals(host).into_iter().map(|id| Candidate {
            id: id.to_string(),
            title: title(host, id),
            value: id,
        });
        match failure.code.as_str() {
            "not_found" => choose("notebook", text, own.collect::<Vec<_>>()).map_err(|_| failure),
            _ => Err(failure),
        }
    });
    let found = found.map_err(|failure| match failure.code.as_str() {
        "not_found" => failure.with_hint("See them with `hearth notebook list`."),
        _ => failure,
    })?;
    match host.engine.unopened().get(&found) {
        Some(error) => Err(unopened(error)),
        None => Ok(found),
    }
}

/// The failure for a notebook that could not be opened.
pub(super) fn unopened(error: &OpenReplicaError) -> Failure {
    Failure::new(Exit::Damaged, "damaged", sentence(&error.to_string())).with_hint(SEE_DAMAGE)
}

/// The notebooks of this home that are open, but for the journal: whoever wants that asks for it.
pub(super) fn notebooks(host: &mut Host) -> Vec<NotebookId> {
    let mut all = with_journals(host);
    all.retain(|notebook| !host.is_journal(*notebook));
    all
}

/// Those of [`notebooks`] that are not over for this person: this device was not put out of them or has left, and their
/// keys are not about to be destroyed.
pub(super) fn ongoing(host: &mut Host) -> Result<Vec<NotebookId>, Failure> {
    let orders = super::destroy::unfinished_orders(host)?;
    let mut all = notebooks(host);
    all.retain(|notebook| {
        let replica = host.engine.replica(*notebook);
        let is_out = replica.is_some_and(|replica| replica.standing().ending().is_some());
        !is_out && !orders.contains_key(&notebook.to_string())
    });
    Ok(all)
}

/// The notebooks of this home that are open, the journal among them.
pub(super) fn with_journals(host: &Host) -> Vec<NotebookId> {
    host.engine.notebooks().collect()
}

/// A notebook's title; empty where it has not arrived or cannot be opened.
pub(super) fn title(host: &mut Host, notebook: NotebookId) -> String {
    host.read(notebook, |docs, _| {
        let index = docs.read(DocumentId::INDEX).map_err(unavailable)?;
        Ok(index.map(|index| text_of(index, &automerge::ROOT, "title")))
    })
    .ok()
    .flatten()
    .unwrap_or_default()
}

/// A notebook's title, without anything else of it; empty where it has not arrived or cannot be opened.
pub(crate) fn light_title(host: &mut Host, notebook: NotebookId) -> String {
    let Host {
        engine, storage, ..
    } = host;
    let Some(replica) = engine.replica_mut(notebook) else {
        return String::new();
    };
    let mut documents = ReadDocuments::new(replica, storage);
    let index = documents.read(DocumentId::INDEX).ok().flatten();
    index.map(title_in).unwrap_or_default()
}

/// The title that a notebook's index document gives it.
pub(crate) fn title_in(index: &automerge::Automerge) -> String {
    text_of(index, &automerge::ROOT, "title")
}

/// A notebook as answers name it beside other objects.
pub(super) fn brief(host: &mut Host, notebook: NotebookId) -> Value {
    json!({ "id": notebook.to_string(), "title": title(host, notebook) })
}

/// Adds to a list which notebook it is of, so that the next command can name it.
pub(super) fn listed(host: &mut Host, notebook: NotebookId, mut list: Value) -> Value {
    list["notebook"] = brief(host, notebook);
    list
}

/// Finds a member of a notebook by id, part of one, or name.
pub(super) fn find_person(
    host: &Host,
    notebook: NotebookId,
    text: &str,
) -> Result<PersonId, Failure> {
    let directory = host.directory(notebook);
    let candidates = directory.profiles().map(|profile| Candidate {
        id: profile.person.to_string(),
        title: profile.name.clone(),
        value: profile.person,
    });
    choose("member", text, candidates).map_err(|failure| match failure.code.as_str() {
        "not_found" => failure.with_hint(format!("See them with `hearth member list {notebook}`.")),
        _ => failure,
    })
}

/// Finds somebody who was a member of a notebook, by id, part of one, or name.
pub(super) fn find_former(
    host: &Host,
    notebook: NotebookId,
    text: &str,
) -> Result<PersonId, Failure> {
    let directory = host.directory(notebook);
    let candidates = directory.former().map(|profile| Candidate {
        id: profile.person.to_string(),
        title: profile.name.clone(),
        value: profile.person,
    });
    choose("former member", text, candidates)
}

/// Finds several members, as references to write into an object.
pub(super) fn find_people(
    host: &Host,
    notebook: NotebookId,
    texts: &[String],
) -> Result<Vec<PersonRef>, Failure> {
    texts
        .iter()
        .map(|text| person_ref(find_person(host, notebook, text)?))
        .collect()
}

/// A person as objects refer to them.
pub(super) fn person_ref(person: PersonId) -> Result<PersonRef, Failure> {
    PersonRef::new(person.to_string()).map_err(|error| Failure::error("internal", error))
}

/// Finds an object of one of `kinds` (any, where there are none) in all notebooks.
///
/// An object can be in several notebooks, since imports and forks keep ids; `NOTEBOOK/OBJECT` says which. Where
/// it does not, one that this device is out of does not count beside one that it is in: it can only be read.
pub(super) fn find_object(
    host: &mut Host,
    text: &str,
    kinds: &[Kind],
) -> Result<(NotebookId, Entry), Failure> {
    let all = notebooks(host);
    match find_object_in(host, &all, text, kinds) {
        Err(failure) if failure.code == "not_found" => {
            let Some((notebook, object)) = text.split_once('/') else {
                return Err(failure);
            };
            match find_notebook(host, notebook) {
                Ok(notebook) => find_object_in(host, &[notebook], object, kinds),
                Err(_) => Err(failure),
            }
        }
        found => found,
    }
}

/// Finds an object of one of `kinds` in these notebooks.
pub(super) fn find_object_in(
    host: &mut Host,
    notebooks: &[NotebookId],
    text: &str,
    kinds: &[Kind],
) -> Result<(NotebookId, Entry), Failure> {
    let mut candidates = Vec::new();
    let mut unreadable = None;
    for notebook in notebooks {
        let found = host.read(*notebook, |docs, _| Ok(lookup::resolve(docs, text, kinds)))?;
        let found = match found {
            Ok(entry) => vec![entry],
            Err(ResolveError::Ambiguous { candidates, .. }) => candidates,
            Err(ResolveError::Unavailable(error)) => {
                // What is meant may well stand in another notebook.
                unreadable = Some(unavailable(error));
                continue;
            }
            Err(_) => continue,
        };
        candidates.extend(found.into_iter().map(|entry| Candidate {
            id: entry.id.to_string(),
            title: entry.title.clone(),
            value: (*notebook, entry),
        }));
    }
    let is_in = |candidate: &Candidate<(NotebookId, Entry)>| {
        let replica = host.engine.replica(candidate.value.0);
        replica.is_some_and(|replica| replica.standing().ending().is_none())
    };
    if candidates.iter().any(is_in) {
        candidates.retain(is_in);
    }
    let places = places_of(host, &candidates);
    let what = kinds_in_words(kinds);
    choose(&what, text, candidates).map_err(|failure| match (failure.code.as_str(), unreadable) {
        ("not_found", Some(unreadable)) => unreadable,
        ("not_found", None) => {
            failure.with_hint("Find it with `hearth search WORDS`, then use its id.")
        }
        _ if !places.is_empty() => {
            failure.with_hint(format!("It is in several notebooks: write {places}."))
        }
        _ => failure,
    })
}

/// How to name each of some objects with its notebook, where one of them is in several; otherwise empty.
fn places_of(host: &mut Host, candidates: &[Candidate<(NotebookId, Entry)>]) -> String {
    let mut ids = BTreeSet::new();
    if candidates.iter().all(|candidate| ids.insert(&candidate.id)) {
        return String::new();
    }
    let places: Vec<String> = candidates
        .iter()
        .take(CANDIDATES_MAX)
        .map(|candidate| {
            let notebook = candidate.value.0;
            let title = quote(&title(host, notebook));
            format!("{notebook}/{} for the one in {title}", candidate.id)
        })
        .collect();
    places.join(", ")
}

fn kinds_in_words(kinds: &[Kind]) -> String {
    match kinds {
        [] => "object".to_owned(),
        kinds => {
            let words: Vec<String> = kinds.iter().map(ToString::to_string).collect();
            words.join(" or ")
        }
    }
}

#[cfg(test)]
mod unit {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pick(text: &str, named: &[(&str, &str)]) -> Result<usize, String> {
        let candidates = named
            .iter()
            .enumerate()
            .map(|(place, (id, title))| Candidate {
                id: (*id).to_owned(),
                title: (*title).to_owned(),
                value: place,
            });
        choose("thing", text, candidates).map_err(|failure| failure.code)
    }

    #[test]
    fn the_stronger_match_wins() {
        let named = [
            ("abcdefgh", "run"),
            ("bcdefgha", "ABCD"),
            ("cdefghab", "Run"),
        ];
        assert_eq!(pick("ABCDEFGH", &named), Ok(0));
        assert_eq!(pick("ABCD", &named), Ok(1), "a name before part of an id");
        assert_eq!(pick("abcd", &named), Ok(0), "part of an id before any case");
        assert_eq!(pick("Run", &named), Ok(2));
        assert_eq!(pick("RUN", &named), Err("ambiguous".to_owned()));
        assert_eq!(pick("efgh", &named), Ok(0), "the end of an id");
        assert_eq!(pick("abc", &named), Err("not_found".to_owned()));
        assert_eq!(pick("", &named), Err("not_found".to_owned()));
    }

    #[test]
    fn no_text_breaks_the_search() {
        let named = [("ünïcödé", "ÄÖ")];
        for text in ["é", "\0\0\0\0", "日本語日本語", "ï", "cödé", "äö"] {
            let _found_or_not = pick(text, &named);
        }
        assert_eq!(pick("äö", &named), Ok(0));
    }
}
