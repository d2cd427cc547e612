//! The texts that were signed, each with its signatures.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use jiff::Timestamp;
use serde::Serialize;

use crate::agreement::topic::topics;
use crate::agreement::view::{Standing, known, own_signatures, signed};
use crate::agreement::{Agreements, SignatureView, Version};
use crate::diff::{Piece, pieces};
use crate::documents::{Documents, Unavailable};
use crate::hash::TextHash;
use crate::id::{DocumentId, ObjectId};
use crate::limits::REMOVED_TEXTS_MAX;
use crate::people::{Author, People, Signature};
use crate::record;
use crate::word::Topic;

/// Every version of an agreement, the first one first.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct AgreementLog {
    /// The texts that were kept to be signed, and the text of now.
    pub versions: Vec<VersionView>,
    /// Signatures under a text that is not here: nothing can be said of what they cover.
    pub unmatched: Vec<SignatureView>,
}

/// One version.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct VersionView {
    /// The id; none for a text that nobody was about to sign yet.
    pub id: Option<ObjectId>,
    /// Counts from 1.
    pub number: usize,
    /// The exact text.
    pub text: String,
    /// The text beside that of the version that was the last one when it was kept; empty for the first.
    pub changes: Vec<Piece>,
    /// The same topic by topic, with those that the version before it had and this one has not.
    pub topics: Vec<TopicChange>,
    /// The hash of salt and text, as computed here from both.
    pub text_hash: TextHash,
    /// Whether this is the text of now.
    pub current: bool,
    /// Whether everybody who may write has a standing signature under it.
    pub in_force: bool,
    /// Who kept it first.
    pub created_by: Option<Author>,
    /// When, by that author's clock.
    pub created_at: Option<Timestamp>,
    /// Whose signature names this hash.
    pub signatures: Vec<SignatureView>,
    /// What an import recorded of the original and its signatures: claims of the file, no signatures here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<serde_json::Value>,
}

/// What a version says of a topic.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TopicChange {
    /// The topic.
    pub topic: Topic,
    /// Its title, as it stands in the text.
    pub title: &'static str,
    /// What is agreed on it; empty where nothing is any more.
    pub text: String,
    /// The text beside that of the version before; empty for the first version.
    pub changes: Vec<Piece>,
}

/// Lists the versions. Every hash is computed anew from what is in the document, and compared with what
/// the signatures name.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn log(docs: &mut dyn Documents, people: &dyn People) -> Result<AgreementLog, Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(AgreementLog::default());
    };
    let all = own_signatures(index, people);
    let standing = Standing::of(index, &all);
    let agreements = Agreements::read(index);
    let mut found = AgreementLog::default();
    let mut hashes: BTreeMap<TextHash, usize> = BTreeMap::new();
    let kept = agreements.versions();
    let removed = removed(index, &kept, &all).into_iter();
    let removed = removed.map(|(version, before)| (version, Some(before)));
    let mut last: Option<String> = None;
    for (version, then) in kept.into_iter().map(|it| (it, None)).chain(removed) {
        let hash = version.hash();
        if hashes.contains_key(&hash) {
            continue;
        }
        let (by, at) = record::signed(index, &version.obj, people);
        let made = record::Record::read(index, version.obj.clone());
        hashes.insert(hash, found.versions.len());
        // One that somebody removed stands at the end, and was never the last one for those before it here.
        let before = then.as_ref().unwrap_or(&last).as_deref();
        found.push((Some(version.id), version.text.clone(), hash), before);
        if then.is_none() {
            last = Some(version.text);
        }
        if let Some(last) = found.versions.last_mut() {
            last.created_by = Some(by);
            last.created_at = at;
            last.imported_from = made.provenance(people).imported_from;
        }
    }
    let text = agreements.text();
    if let Some(salt) = agreements.salt().filter(|_| !text.is_empty()) {
        let hash = TextHash::of(&salt, &text);
        let place = *hashes.entry(hash).or_insert(found.versions.len());
        if place == found.versions.len() {
            found.push((None, text, hash), last.as_deref());
        }
        if let Some(version) = found.versions.get_mut(place) {
            version.current = true;
        }
    }
    for signature in &all {
        let shown = signed(signature, &standing, people);
        let place = hashes.get(&signature.text_hash);
        match place.and_then(|place| found.versions.get_mut(*place)) {
            Some(version) => version.signatures.push(shown),
            None => found.unmatched.push(shown),
        }
    }
    let writers = people.writers();
    for version in &mut found.versions {
        let has_signed = |person: &str| {
            let mut own = version.signatures.iter().filter(|one| one.person == person);
            own.any(|signature| signature.stands)
        };
        version.in_force =
            writers.len() > 1 && writers.iter().all(|writer| has_signed(&writer.person));
    }
    Ok(found)
}

/// The texts of signatures that somebody removed afterwards: they are still there in the history that the
/// signatures name.
/// Each with the text that came before it there.
fn removed(
    index: &Automerge,
    kept: &[Version],
    signatures: &[Signature],
) -> Vec<(Version, Option<String>)> {
    let here: BTreeSet<TextHash> = kept.iter().map(Version::hash).collect();
    let mut sought: BTreeMap<TextHash, &Signature> = BTreeMap::new();
    for signature in signatures.iter().filter(|one| one.counts) {
        if !here.contains(&signature.text_hash) {
            sought.insert(signature.text_hash, signature);
        }
    }
    let sought = sought.into_iter().take(REMOVED_TEXTS_MAX);
    sought
        .filter_map(|(hash, signature)| {
            let heads = known(index, &signature.heads);
            let versions = Agreements::read_at(index, &heads).versions();
            let mut before = None;
            for version in versions {
                if version.hash() == hash {
                    return Some((version, before));
                }
                before = Some(version.text);
            }
            None
        })
        .collect()
}

impl AgreementLog {
    fn push(
        &mut self,
        (id, text, text_hash): (Option<ObjectId>, String, TextHash),
        before: Option<&str>,
    ) {
        let changes = before.map(|before| pieces(before, &text));
        let topics = topic_changes(before, &text);
        self.versions.push(VersionView {
            id,
            number: self.versions.len() + 1,
            text,
            changes: changes.unwrap_or_default(),
            topics,
            text_hash,
            current: false,
            in_force: false,
            created_by: None,
            created_at: None,
            signatures: Vec::new(),
            imported_from: None,
        });
    }
}

fn topic_changes(before: Option<&str>, text: &str) -> Vec<TopicChange> {
    let (now, then) = (topics(text), before.map(topics));
    let said = |all: &[(Topic, String)], topic: Topic| {
        let found = all.iter().find(|(one, _)| *one == topic);
        found.map(|(_, words)| words.clone())
    };
    let mut found = Vec::new();
    for topic in Topic::ALL.iter().copied() {
        let text = said(&now, topic);
        let was = then.as_ref().map(|then| said(then, topic));
        if text.is_none() && !matches!(was, Some(Some(_))) {
            continue;
        }
        let text = text.unwrap_or_default();
        let changes = was.map(|was| pieces(&was.unwrap_or_default(), &text));
        found.push(TopicChange {
            topic,
            title: topic.title(),
            text,
            changes: changes.unwrap_or_default(),
        });
    }
    found
}

/// The hash that signatures under a kept text name.
pub(crate) fn version_hash(id: ObjectId, record: &record::Record<'_>) -> Option<TextHash> {
    Version::read(id, record).map(|version| version.hash())
}

/// The signatures under a text, for exports: there they become claims.
pub(crate) fn signatures_under(
    hash: TextHash,
    signatures: &[Signature],
    people: &dyn People,
) -> Vec<serde_json::Value> {
    signatures
        .iter()
        .filter(|signature| signature.text_hash == hash)
        .map(|signature| {
            serde_json::json!({
                "entry": signature.entry,
                "person": signature.person,
                "name": people.named(&signature.person).name,
                "device": signature.device,
                "text_hash": hash,
                "counts": signature.counts,
            })
        })
        .collect()
}
