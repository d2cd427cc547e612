//! Exchanges as shown, and what each participant can do next.

use std::collections::BTreeMap;

use automerge::Automerge;
use jiff::Timestamp;
use serde::Serialize;

use crate::comment::{self, CommentView};
use crate::documents::{Documents, Unavailable};
use crate::error::ReadError;
use crate::exchange::judge::{Judged, Verdict, is_withdrawn, judge};
use crate::hash::Commitment;
use crate::id::{DocumentId, Kind, NotebookRef, ObjectId};
use crate::people::{Named, People};
use crate::record::{IMPORTED_FROM, Provenance, Record, signed};
use crate::word::ExchangeKind;

/// How far an exchange has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExchangeState {
    /// Somebody has still to commit; nobody can open.
    Committing,
    /// All have committed, and somebody has still to open.
    Opening,
    /// All have opened.
    Open,
    /// Whoever started it has taken it back before anybody opened.
    Withdrawn,
    /// It came from another notebook by an import: what it says are claims of the file.
    Imported,
}

/// A sealed exchange as shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ExchangeView {
    /// The id.
    pub id: ObjectId,
    /// What it is about.
    pub kind: ExchangeKind,
    /// What it is called.
    pub title: String,
    /// Who started it.
    pub started_by: Named,
    /// How far it has come.
    pub state: ExchangeState,
    /// Who takes part, and what each has done.
    pub participants: Vec<Participant>,
    /// Comments, oldest first.
    pub comments: Vec<CommentView>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// One participant.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Participant {
    /// The id of the person.
    pub person: String,
    /// The name of the person.
    pub name: String,
    /// Whether they have committed to a text.
    pub committed: bool,
    /// When, by their clock.
    pub committed_at: Option<Timestamp>,
    /// Whether their opening counts.
    pub opened: bool,
    /// When, by their clock.
    pub opened_at: Option<Timestamp>,
    /// The number of a rating.
    pub rating: Option<u8>,
    /// The text, once it is open.
    pub text: Option<String>,
    /// What is wrong with what they did, in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'static str>,
    /// Whether the text is what a file claims, by an import.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub claimed: bool,
    /// The commitment that they can open now.
    #[serde(skip)]
    pub(crate) commitment: Option<ObjectId>,
    /// Whether somebody else has opened theirs against it.
    #[serde(skip)]
    pub(crate) bound: bool,
    /// The opening that counts.
    #[serde(skip)]
    pub(crate) opening: Option<ObjectId>,
}

/// What one person can do next in an exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NextStep {
    /// Write and commit.
    Commit,
    /// Open.
    Open,
    /// Wait for others.
    Wait,
}

/// Why a step of an exchange is not possible now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The person is not named in it.
    #[error("you take no part in this exchange")]
    NotNamed,
    /// It was taken back.
    #[error("this exchange was withdrawn")]
    Withdrawn,
    /// It came by an import.
    #[error("this exchange was imported; it is a record of another notebook's")]
    Imported,
    /// The person has committed already.
    #[error("you have committed already")]
    Committed,
    /// The person has opened already.
    #[error("yours is open already")]
    Opened,
    /// The person has not committed.
    #[error("you have not committed anything")]
    NotCommitted,
    /// Somebody has still to commit.
    #[error("nobody can open before all have committed; {} still to commit", has(.0))]
    Waiting(Vec<String>),
    /// All have committed, so nobody can take anything back.
    #[error("all have committed, and somebody may have opened already")]
    AllCommitted,
    /// Only the person who started it takes back the whole.
    #[error("{0} started this exchange, and you have committed nothing that you could withdraw")]
    NotStarter(String),
}

fn has(names: &[String]) -> String {
    let verb = if names.len() == 1 { "has" } else { "have" };
    format!("{} {verb}", names.join(" and "))
}

impl ExchangeView {
    /// What a person can do next; `None` where nothing is left for them.
    #[must_use]
    pub fn next_step(&self, person: &str) -> Option<NextStep> {
        if !matches!(
            self.state,
            ExchangeState::Committing | ExchangeState::Opening
        ) {
            return None;
        }
        let own = self.participant(person)?;
        Some(match (own.committed, own.opened) {
            (false, _) => NextStep::Commit,
            (true, false) if self.state == ExchangeState::Opening => NextStep::Open,
            _ => NextStep::Wait,
        })
    }

    fn participant(&self, person: &str) -> Option<&Participant> {
        self.participants.iter().find(|one| one.person == person)
    }

    /// The person, where the exchange is still going on.
    fn taking_part(&self, me: &str) -> Result<&Participant, Refusal> {
        match self.state {
            ExchangeState::Withdrawn => return Err(Refusal::Withdrawn),
            ExchangeState::Imported => return Err(Refusal::Imported),
            _ => {}
        }
        self.participant(me).ok_or(Refusal::NotNamed)
    }
}

/// Says whether a person can commit now.
///
/// # Errors
/// [`Refusal`] with the reason.
pub fn ready_to_commit(view: &ExchangeView, me: &str) -> Result<(), Refusal> {
    let own = view.taking_part(me)?;
    match (own.opened, own.committed) {
        (true, _) => Err(Refusal::Opened),
        (false, true) => Err(Refusal::Committed),
        (false, false) => Ok(()),
    }
}

/// The commitment that a person can open now.
///
/// # Errors
/// [`Refusal`] with the reason.
pub fn ready_to_open(view: &ExchangeView, me: &str) -> Result<ObjectId, Refusal> {
    let own = view.taking_part(me)?;
    if own.opened {
        return Err(Refusal::Opened);
    }
    let waiting: Vec<String> = view
        .participants
        .iter()
        .filter(|one| !one.committed && one.person != me)
        .map(|one| one.name.clone())
        .collect();
    let commitment = own.commitment.ok_or(Refusal::NotCommitted)?;
    if waiting.is_empty() {
        Ok(commitment)
    } else {
        Err(Refusal::Waiting(waiting))
    }
}

/// What a person can withdraw now: `None` for the whole exchange, or their own commitment.
///
/// # Errors
/// [`Refusal`] with the reason.
pub fn withdrawable(view: &ExchangeView, me: &str) -> Result<Option<ObjectId>, Refusal> {
    match view.state {
        ExchangeState::Withdrawn => return Err(Refusal::Withdrawn),
        ExchangeState::Imported => return Err(Refusal::Imported),
        ExchangeState::Open => return Err(Refusal::AllCommitted),
        ExchangeState::Committing | ExchangeState::Opening => {}
    }
    let opened = view.participants.iter().any(|one| one.opened);
    if view.started_by.person == me && !opened && view.state == ExchangeState::Committing {
        return Ok(None);
    }
    let own = view.participant(me);
    if view.state == ExchangeState::Opening || opened || own.is_some_and(|own| own.bound) {
        return Err(Refusal::AllCommitted);
    }
    match own.and_then(|own| own.commitment) {
        Some(commitment) => Ok(Some(commitment)),
        None => Err(Refusal::NotStarter(view.started_by.name.clone())),
    }
}

/// Lists every exchange, oldest first.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn list(
    docs: &mut dyn Documents,
    people: &dyn People,
    notebook: NotebookRef,
) -> Result<Vec<ExchangeView>, Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    let comments = comment::all(index, people);
    Ok(Record::all(index, Kind::Exchange)
        .into_iter()
        .filter_map(|(id, record)| view(id, &record, notebook, &comments, people))
        .collect())
}

/// Shows one exchange.
///
/// # Errors
/// [`ReadError::NotFound`] where it is not.
pub fn show(
    docs: &mut dyn Documents,
    people: &dyn People,
    notebook: NotebookRef,
    id: ObjectId,
) -> Result<ExchangeView, ReadError> {
    let found = docs.read(DocumentId::INDEX)?.and_then(|index: &Automerge| {
        let record = Record::keyed(index, &Kind::Exchange.key(id))?;
        view(id, &record, notebook, &comment::all(index, people), people)
    });
    found.ok_or(ReadError::NotFound {
        kind: Kind::Exchange,
        id,
    })
}

/// What a commitment says; `None` where it is not here.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn digest_of(
    docs: &mut dyn Documents,
    id: ObjectId,
    commitment: ObjectId,
) -> Result<Option<Commitment>, Unavailable> {
    Ok(docs.read(DocumentId::INDEX)?.and_then(|index| {
        let exchange = Record::keyed(index, &Kind::Exchange.key(id))?;
        let entry = exchange.child(Kind::Commitment, commitment)?;
        Some(Commitment(entry.as_made()?.bytes_32("digest")?))
    }))
}

fn view(
    id: ObjectId,
    record: &Record<'_>,
    notebook: NotebookRef,
    comments: &[CommentView],
    people: &dyn People,
) -> Option<ExchangeView> {
    let judged = judge(id, record, notebook, people)?;
    let made = record.as_made()?;
    let (starter, _) = signed(record.doc, &record.obj, people);
    let kind = made.str("kind");
    let kind = kind.and_then(|word| ExchangeKind::from_word(&word));
    let kind = kind.unwrap_or_default();
    let participants: Vec<Participant> = if judged.imported {
        claims(record, &judged, kind, people)
    } else {
        let of = |person: &String| participant(&judged, person, kind, people);
        judged.participants.iter().map(of).collect()
    };
    let any_open = participants.iter().any(|one| one.opened);
    let state = if judged.imported {
        ExchangeState::Imported
    } else if is_withdrawn(record, &starter.person, people) && !any_open {
        ExchangeState::Withdrawn
    } else if !participants.iter().all(|one| one.committed) {
        ExchangeState::Committing
    } else if participants.iter().all(|one| one.opened) {
        ExchangeState::Open
    } else {
        ExchangeState::Opening
    };
    Some(ExchangeView {
        id,
        kind,
        title: made.str_or_empty("title"),
        started_by: Named {
            person: starter.person,
            name: starter.name,
        },
        state,
        participants,
        comments: comment::of(comments, id),
        provenance: record.provenance(people),
    })
}

fn participant(
    judged: &Judged,
    person: &str,
    kind: ExchangeKind,
    people: &dyn People,
) -> Participant {
    let Named { person, name } = people.named(person);
    let bound = judged.bound.get(&person);
    let standing: Vec<_> = judged
        .commitments
        .iter()
        .filter(|one| one.person == person && !one.withdrawn)
        .collect();
    let commitment = match (bound, standing.as_slice()) {
        (Some(bound), _) => judged.commitments.iter().find(|one| one.id == *bound),
        (None, [one]) => Some(*one),
        _ => None,
    };
    let own = || judged.openings.iter().filter(|one| one.person == person);
    let opened = own().find(|one| one.verdict == Verdict::Counts);
    let problem = match (opened, own().next_back().map(|one| one.verdict)) {
        (Some(_), _) | (None, Some(Verdict::Counts)) => None,
        (None, Some(Verdict::TooEarly)) => Some("opened before all had committed"),
        (None, Some(Verdict::NoMatch)) => Some("opened a text that they had not committed to"),
        (None, Some(Verdict::OtherCommitment)) => {
            Some("opened another text than they had committed to when it was opened against")
        }
        (None, None) if bound.is_none() && standing.len() > 1 => Some("committed to several texts"),
        (None, None) => None,
    };
    let (rating, text) = match opened {
        Some(opened) => read_words(kind, &opened.words),
        None => (None, None),
    };
    Participant {
        committed: commitment.is_some(),
        committed_at: commitment.and_then(|one| one.at),
        opened: opened.is_some(),
        opened_at: opened.and_then(|one| one.at),
        rating,
        text,
        problem,
        claimed: false,
        commitment: commitment.map(|one| one.id),
        bound: bound.is_some(),
        opening: opened.map(|one| one.id),
        person,
        name,
    }
}

/// What a file claims of each participant.
fn claims(
    record: &Record<'_>,
    judged: &Judged,
    kind: ExchangeKind,
    people: &dyn People,
) -> Vec<Participant> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for (_, opening) in record.children(Kind::Opening) {
        let person = opening.fields.get(IMPORTED_FROM).and_then(|field| {
            let origin = crate::scalar::to_json(opening.doc, &field.value, &field.op, 0);
            let person = origin.get("created_by")?.get("person")?.as_str()?;
            Some(person.to_owned())
        });
        if let (Some(person), Some(words)) = (person, opening.str("words")) {
            texts.insert(person, words);
        }
    }
    let one = |person: &String| {
        let Named { person, name } = people.named(person);
        let words = texts.get(&person);
        let (rating, text) = words.map_or((None, None), |words| read_words(kind, words));
        Participant {
            person,
            name,
            committed: false,
            committed_at: None,
            opened: false,
            opened_at: None,
            rating,
            text,
            problem: None,
            claimed: true,
            commitment: None,
            bound: false,
            opening: None,
        }
    };
    judged.participants.iter().map(one).collect()
}

/// Takes the number off the words of a rating.
fn read_words(kind: ExchangeKind, words: &str) -> (Option<u8>, Option<String>) {
    if kind == ExchangeKind::Rating {
        let (number, text) = words.split_once('\n').unwrap_or((words, ""));
        if let Ok(number @ 1..=5) = number.parse::<u8>() {
            return (Some(number), Some(text.to_owned()));
        }
    }
    (None, Some(words.to_owned()))
}
