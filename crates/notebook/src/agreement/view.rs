//! The agreement as shown, and who stands under it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use automerge::{Automerge, ChangeHash};
use serde::Serialize;

use crate::agreement::Agreements;
use crate::comment::{self, CommentView};
use crate::conflict::{self, Conflict};
use crate::documents::{Documents, Unavailable};
use crate::hash::TextHash;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::SIGNATURES_MAX;
use crate::people::{Named, People, Signature};
use crate::record::{Provenance, Record};
use crate::skill;
use crate::word::Topic;

/// How far an agreement has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgreementState {
    /// Nothing is agreed on yet.
    #[default]
    Empty,
    /// There is a text, and nobody has signed it as it is now.
    Unsigned,
    /// Somebody has signed the text of now, and somebody has not.
    Partly,
    /// Everybody who may write has signed the text of now.
    Signed,
}

/// The agreement of a notebook.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AgreementView {
    /// The id; none until somebody has written anything.
    pub id: Option<ObjectId>,
    /// What it is called.
    pub title: &'static str,
    /// How far it has come.
    pub state: AgreementState,
    /// The exact text that is signed; empty where nothing is agreed on.
    pub text: String,
    /// The hash that a signature under this text names.
    pub text_hash: Option<TextHash>,
    /// Who has signed the text of now.
    pub signatures: Vec<SignatureView>,
    /// Who has not, of those who may write.
    pub missing: Vec<Named>,
    /// Whether an earlier text was signed.
    pub signed_before: bool,
    /// Every topic.
    pub topics: Vec<TopicView>,
    /// Comments, oldest first.
    pub comments: Vec<CommentView>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Option<Provenance>,
}

impl AgreementView {
    fn empty() -> Self {
        Self {
            id: None,
            title: TITLE,
            state: AgreementState::Empty,
            text: String::new(),
            text_hash: None,
            signatures: Vec::new(),
            missing: Vec::new(),
            signed_before: false,
            topics: Vec::new(),
            comments: Vec::new(),
            provenance: None,
        }
    }
}

/// One topic.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TopicView {
    /// The word by which it is named.
    pub topic: Topic,
    /// The heading.
    pub title: &'static str,
    /// What each person answers for themselves.
    pub answers: Vec<AnswerView>,
    /// What both agree on.
    pub consensus: String,
    /// Other words for the consensus, written by somebody who did not know of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Answers in dispute between the devices of one person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
}

/// One person's own answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AnswerView {
    /// The id of the person.
    pub person: String,
    /// The name of the person.
    pub name: String,
    /// What they answer.
    pub text: String,
    /// Who wrote it in their name: somebody who imported it, or had no business to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_by: Option<Named>,
}

/// A signature as shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SignatureView {
    /// The control entry that is the signature.
    pub entry: String,
    /// The id of the person.
    pub person: String,
    /// The name of the person.
    pub name: String,
    /// The label of the device.
    pub device: String,
    /// What it names.
    pub text_hash: TextHash,
    /// Whether the rules of membership count it.
    pub counts: bool,
    /// Whether it counts, and the person has not signed another text since.
    pub stands: bool,
}

/// Shows the agreement.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn show(docs: &mut dyn Documents, people: &dyn People) -> Result<AgreementView, Unavailable> {
    let index = docs.read(DocumentId::INDEX)?;
    Ok(index.map_or_else(AgreementView::empty, |index| view(index, people)))
}

/// What the agreement is called.
pub(crate) const TITLE: &str = "Agreement";

fn view(index: &Automerge, people: &dyn People) -> AgreementView {
    let agreements = Agreements::read(index);
    let first = agreements.first();
    let text = agreements.text();
    let text_hash = agreements
        .salt()
        .filter(|_| !text.is_empty())
        .map(|salt| TextHash::of(&salt, &text));
    let all = own_signatures(index, people);
    let standing = Standing::of(index, &all);
    let signatures: Vec<SignatureView> = all
        .iter()
        .filter(|signature| Some(signature.text_hash) == text_hash)
        .map(|signature| signed(signature, &standing, people))
        .collect();
    let missing: Vec<Named> = people
        .writers()
        .into_iter()
        .filter(|writer| !stands(&signatures, &writer.person))
        .collect();
    let anybody = signatures.iter().any(|signature| signature.stands);
    let state = match (anybody, missing.is_empty()) {
        _ if text.is_empty() => AgreementState::Empty,
        (false, _) => AgreementState::Unsigned,
        // Somebody alone has agreed with nobody.
        (true, true) if people.writers().len() > 1 => AgreementState::Signed,
        (true, _) => AgreementState::Partly,
    };
    let comments = comment::all(index, people);
    AgreementView {
        id: first.map(|(id, _)| *id),
        title: TITLE,
        state,
        text,
        text_hash,
        signatures,
        missing,
        signed_before: all
            .iter()
            .any(|signature| signature.counts && Some(signature.text_hash) != text_hash),
        topics: Topic::ALL
            .iter()
            .map(|topic| agreements.topic(*topic, people))
            .collect(),
        comments: first.map_or_else(Vec::new, |(id, record)| {
            comment::within(&comments, *id, record, &[Kind::Version])
        }),
        provenance: first.map(|(_, record)| record.provenance(people)),
    }
}

/// The signatures that are under an agreement: all but those under endorsements of a skill.
pub(super) fn own_signatures(index: &Automerge, people: &dyn People) -> Vec<Signature> {
    let endorsements = skill::hashes(index, people);
    let mut signatures = people.signatures();
    signatures.retain(|signature| !endorsements.contains(&signature.text_hash));
    signatures
}

/// How far the agreement has come, who has signed and who has not: what lists want to know of it.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn state(docs: &mut dyn Documents, people: &dyn People) -> Result<AgreementView, Unavailable> {
    // Most notebooks have none, and reading the signatures of those would be for nothing.
    let has_text = docs
        .read(DocumentId::INDEX)?
        .is_some_and(|index| !Agreements::read(index).text().is_empty());
    if has_text {
        show(docs, people)
    } else {
        Ok(AgreementView::empty())
    }
}

fn stands(signatures: &[SignatureView], person: &str) -> bool {
    let mut own = signatures.iter().filter(|one| one.person == person);
    own.any(|signature| signature.stands)
}

impl Agreements<'_> {
    fn topic(&self, topic: Topic, people: &dyn People) -> TopicView {
        let consensus = self.consensus(topic);
        let also = self
            .0
            .iter()
            .filter_map(|(_, record)| record.str(&topic.consensus_key()))
            .filter(|text| !text.trim().is_empty() && *text != consensus)
            .collect();
        let mut answers: Vec<AnswerView> = Vec::new();
        let prefix = topic.answer_key("");
        for (_, record) in &self.0 {
            for key in record.fields.keys() {
                let Some(person) = key.strip_prefix(&prefix) else {
                    continue;
                };
                let known = answers.iter().any(|answer| answer.person == person);
                let text = record.str_or_empty(key);
                if !known && !text.trim().is_empty() {
                    answers.push(answer(record, key, person, text, people));
                }
            }
        }
        let conflicts = self
            .0
            .iter()
            .flat_map(|(_, record)| conflict::own(record, people));
        TopicView {
            topic,
            title: topic.title(),
            answers,
            consensus,
            also,
            conflicts: conflicts
                .filter(|conflict| conflict.field.starts_with(&prefix))
                .collect(),
        }
    }
}

fn answer(
    record: &Record<'_>,
    key: &str,
    person: &str,
    text: String,
    people: &dyn People,
) -> AnswerView {
    let Named { person, name } = people.named(person);
    let writer = record.writer_of(key, people);
    let written_by = (writer != person).then(|| match writer.as_str() {
        "" => Named {
            person: String::new(),
            name: "unknown".to_owned(),
        },
        writer => people.named(writer),
    });
    AnswerView {
        person,
        name,
        text,
        written_by,
    }
}

/// A signature as shown.
pub(super) fn signed(
    signature: &Signature,
    standing: &Standing<'_>,
    people: &dyn People,
) -> SignatureView {
    let Named { person, name } = people.named(&signature.person);
    SignatureView {
        entry: signature.entry.clone(),
        person,
        name,
        device: signature.device.clone(),
        text_hash: signature.text_hash,
        counts: signature.counts,
        stands: standing.stands(signature),
    }
}

/// Knows which signatures were followed by another one of the same person.
///
/// One follows another where the version of the index that it names has every kept text that the other's
/// has, and one more. So a text that returns after another was signed has to be signed again.
pub(super) struct Standing<'a> {
    /// What each person has signed, the latest first.
    by_person: BTreeMap<&'a str, Vec<Placed<'a>>>,
}

/// A signature with the texts that were kept in the version of the index that it names.
type Placed<'a> = (&'a Signature, Rc<BTreeSet<ObjectId>>);

impl<'a> Standing<'a> {
    pub(super) fn of(index: &Automerge, signatures: &'a [Signature]) -> Self {
        let agreements = Agreements::read(index);
        // Whoever signs a text names the same version of the index as others who sign it then.
        let mut known_at: BTreeMap<&[ChangeHash], Rc<BTreeSet<ObjectId>>> = BTreeMap::new();
        let mut by_person: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for signature in signatures.iter().rev().filter(|one| one.counts) {
            let own = by_person.entry(signature.person.as_str()).or_default();
            if own.len() < SIGNATURES_MAX {
                let kept = known_at
                    .entry(signature.heads.as_slice())
                    .or_insert_with(|| {
                        let heads = known(index, &signature.heads);
                        Rc::new(agreements.versions_at(index, &heads))
                    });
                own.push((signature, Rc::clone(kept)));
            }
        }
        Self { by_person }
    }

    fn stands(&self, signature: &Signature) -> bool {
        let Some(own) = self.by_person.get(signature.person.as_str()) else {
            return false;
        };
        let Some((_, kept)) = own.iter().find(|(one, _)| one.entry == signature.entry) else {
            return false;
        };
        !own.iter().any(|(later, theirs)| {
            later.text_hash != signature.text_hash
                && theirs.len() > kept.len()
                && theirs.is_superset(kept)
        })
    }
}

/// Those heads that are part of this document's history; none at all where one is missing, so that who
/// names something unheard of has signed before everything else.
pub(super) fn known(index: &Automerge, heads: &[ChangeHash]) -> Vec<ChangeHash> {
    let all_here = heads
        .iter()
        .all(|head| index.get_change_meta_by_hash(head).is_some());
    if all_here { heads.to_vec() } else { Vec::new() }
}
