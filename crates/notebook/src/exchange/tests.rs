#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use automerge::transaction::Transactable;
use automerge::{ChangeHash, ROOT, ReadDoc};
use jiff::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use super::*;
use crate::Writer;
use crate::documents::{Documents, MemoryDocuments};
use crate::hash::{Commitment, Salt};
use crate::id::{DocumentId, Kind, NotebookRef, ObjectId};
use crate::people::{PersonRef, StaticPeople};
use crate::testing::{ben, bench, mia};

const NOTEBOOK: NotebookRef = NotebookRef([5; 32]);
const PEOPLE: [&str; 2] = ["person-mia", "person-ben"];

/// One of the two, with their own copy of the notebook and their own journal of one text each.
struct Side {
    docs: MemoryDocuments,
    rng: ChaCha8Rng,
    me: PersonRef,
    kept: Vec<(ObjectId, Salt, String)>,
}

impl Side {
    fn writer(&mut self) -> (&mut MemoryDocuments, Writer<'_>) {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        let writer = Writer::new(now, &mut self.rng, self.me.clone());
        (&mut self.docs, writer)
    }

    fn commit(&mut self, id: ObjectId, text: &str) -> ObjectId {
        let me = self.me.clone();
        let (docs, mut writer) = self.writer();
        let (salt, words) = draft(&mut writer, crate::ExchangeKind::Feedback, None, text).unwrap();
        let digest = Commitment::of(NOTEBOOK, id, &me, &salt, &words);
        let commitment = commit(docs, &mut writer, id, digest).unwrap();
        self.kept.push((commitment, salt, words));
        commitment
    }

    /// Opens without asking whether it is time: what a modified program can do.
    fn force_open(&mut self, id: ObjectId, place: usize) {
        let (commitment, salt, words) = self.kept[place].clone();
        let (docs, mut writer) = self.writer();
        open(docs, &mut writer, id, commitment, &salt, &words).unwrap();
    }

    fn show(&mut self, id: ObjectId) -> ExchangeView {
        show(&mut self.docs, &people(), NOTEBOOK, id).unwrap()
    }

    fn hears(&mut self, other: &Self) {
        self.docs.merge(&other.docs).unwrap();
    }

    fn open(&mut self, id: ObjectId) -> Result<(), Refusal> {
        let view = self.show(id);
        let commitment = ready_to_open(&view, self.me.as_str())?;
        let place = self.kept.iter().position(|(kept, ..)| *kept == commitment);
        self.force_open(id, place.unwrap());
        Ok(())
    }
}

fn people() -> StaticPeople {
    bench().people
}

/// Mia has started an exchange of feedback with Ben, and both have heard of it.
fn two() -> (Side, Side, ObjectId) {
    let docs = MemoryDocuments::new(mia());
    let mut sides = [(mia(), 1), (ben(), 2)].map(|(actor, seed)| Side {
        docs: docs.fork(actor),
        rng: ChaCha8Rng::seed_from_u64(seed),
        me: PersonRef::new(PEOPLE[usize::try_from(seed).unwrap() - 1]).unwrap(),
        kept: Vec::new(),
    });
    let new = NewExchange {
        kind: "feedback".to_owned(),
        title: None,
        with: vec![PersonRef::new(PEOPLE[1]).unwrap()],
    };
    let (docs, mut writer) = sides[0].writer();
    let id = start(docs, &mut writer, &new).unwrap();
    let [ada, mut other] = sides;
    other.hears(&ada);
    (ada, other, id)
}

#[test]
fn nobody_reads_before_both_have_committed_and_then_both_do() {
    let (mut mia, mut ben, id) = two();
    mia.commit(id, "You listen well");
    ben.hears(&mia);
    let seen = ben.show(id);
    assert_eq!(seen.state, ExchangeState::Committing);
    assert!(seen.participants.iter().all(|one| one.text.is_none()));
    assert_eq!(mia.open(id), Err(Refusal::Waiting(vec!["Ben".to_owned()])));
    let index = ben.docs.read(DocumentId::INDEX).unwrap().unwrap();
    assert!(!format!("{:?}", index.hydrate(None)).contains("listen"));

    ben.commit(id, "You ask well");
    assert_eq!(
        ready_to_commit(&ben.show(id), "person-ben"),
        Err(Refusal::Committed)
    );
    assert_eq!(ben.open(id), Ok(()));
    mia.hears(&ben);
    let seen = mia.show(id);
    assert_eq!(seen.state, ExchangeState::Opening);
    assert_eq!(seen.next_step("person-mia"), Some(NextStep::Open));
    assert_eq!(seen.next_step("person-ben"), Some(NextStep::Wait));
    mia.open(id).unwrap();
    ben.hears(&mia);
    let seen = ben.show(id);
    assert_eq!(seen.state, ExchangeState::Open);
    let texts: Vec<_> = seen
        .participants
        .iter()
        .map(|one| (one.name.as_str(), one.text.as_deref().unwrap()))
        .collect();
    assert_eq!(texts, [("Ben", "You ask well"), ("Mia", "You listen well")]);
    assert_eq!(ben.open(id), Err(Refusal::Opened));
}

#[test]
fn an_opening_that_comes_too_early_counts_only_when_it_is_made_again() {
    let (mut mia, mut ben, id) = two();
    mia.commit(id, "Early");
    mia.force_open(id, 0);
    ben.hears(&mia);
    ben.commit(id, "Late");
    mia.hears(&ben);
    for side in [&mut mia, &mut ben] {
        let seen = side.show(id);
        let one = seen
            .participants
            .iter()
            .find(|one| one.name == "Mia")
            .unwrap();
        assert_eq!((one.opened, one.text.as_deref()), (false, None));
        assert_eq!(one.problem, Some("opened before all had committed"));
    }
    mia.open(id).unwrap();
    let seen = mia.show(id);
    assert!(
        seen.participants
            .iter()
            .any(|one| one.text.as_deref() == Some("Early"))
    );
}

#[test]
fn a_text_chosen_after_reading_the_others_does_not_count() {
    let (mut mia, mut ben, id) = two();
    ben.commit(id, "First thoughts");
    // A second commitment, kept back on another branch that does not know of anything since.
    let mut branch = Side {
        docs: ben.docs.fork(automerge::ActorId::from([22_u8; 16])),
        rng: ChaCha8Rng::seed_from_u64(9),
        me: ben.me.clone(),
        kept: Vec::new(),
    };
    mia.hears(&ben);
    mia.commit(id, "Honest");
    mia.open(id).unwrap();
    let own = ben.kept[0].0;
    let (docs, mut writer) = branch.writer();
    withdraw_commitment(docs, &mut writer, id, own).unwrap();
    branch.commit(id, "As if I had known");
    let mut before_opening = mia.docs.clone();
    // Mia's commitment without her opening, so that the past of Ben's opening looks fair.
    let index = before_opening.write(DocumentId::INDEX).unwrap();
    let changes: Vec<ChangeHash> = index
        .get_changes(&[])
        .iter()
        .map(|one| one.hash())
        .collect();
    let deps: Vec<ChangeHash> = vec![changes[changes.len() - 2]];
    let fair = index.fork_at(&deps).unwrap();
    branch
        .docs
        .write(DocumentId::INDEX)
        .unwrap()
        .merge(&mut fair.clone())
        .unwrap();
    branch.force_open(id, 0);
    mia.hears(&branch);
    let with_branch = people().with(
        &automerge::ActorId::from([22_u8; 16]),
        "person-ben",
        "Ben",
        "Ben's tablet",
    );
    let seen = show(&mut mia.docs, &with_branch, NOTEBOOK, id).unwrap();
    let one = seen
        .participants
        .iter()
        .find(|one| one.name == "Ben")
        .unwrap();
    assert!(!one.opened, "{one:?}");
    assert!(one.problem.unwrap().starts_with("opened another text"));
    let mine = seen
        .participants
        .iter()
        .find(|one| one.name == "Mia")
        .unwrap();
    assert!(mine.opened, "nothing that Ben does unmakes what Mia opened");
    // The text that Mia opened hers against can still be opened.
    ben.hears(&mia);
    ben.force_open(id, 0);
    let seen = show(&mut ben.docs, &with_branch, NOTEBOOK, id).unwrap();
    assert_eq!(seen.state, ExchangeState::Open);
}

#[test]
fn a_commitment_is_its_authors_whatever_others_write_into_it() {
    let (mut mia, mut ben, id) = two();
    mia.commit(id, "Mine");
    ben.hears(&mia);
    let commitment = mia.kept[0].0;
    let index = ben.docs.write(DocumentId::INDEX).unwrap();
    let (_, exchange) = index.get(ROOT, Kind::Exchange.key(id)).unwrap().unwrap();
    let (_, entry) = index
        .get(&exchange, Kind::Commitment.key(commitment))
        .unwrap()
        .unwrap();
    let mut transaction = index.transaction();
    transaction.put(&entry, "digest", vec![0_u8; 32]).unwrap();
    transaction.put(&entry, "withdrawn", true).unwrap();
    transaction
        .put(&exchange, "participant/person-mia", false)
        .unwrap();
    transaction.put(&exchange, "withdrawn", true).unwrap();
    transaction.commit();
    ben.commit(id, "His");
    mia.hears(&ben);
    assert_eq!(mia.open(id), Ok(()));
    let seen = mia.show(id);
    assert_eq!(seen.participants.len(), 2);
    assert!(
        seen.participants
            .iter()
            .any(|one| one.text.as_deref() == Some("Mine"))
    );
}

#[test]
fn another_text_than_the_committed_one_does_not_open() {
    let (mut mia, mut ben, id) = two();
    mia.commit(id, "As it was");
    ben.hears(&mia);
    ben.commit(id, "His");
    mia.hears(&ben);
    mia.kept[0].2 = "As I would have it".to_owned();
    mia.force_open(id, 0);
    let seen = mia.show(id);
    let one = seen
        .participants
        .iter()
        .find(|one| one.name == "Mia")
        .unwrap();
    assert_eq!((one.opened, one.text.as_deref()), (false, None));
    assert_eq!(
        one.problem,
        Some("opened a text that they had not committed to")
    );
    // Nor does the right text under somebody else's commitment.
    ben.kept
        .push((mia.kept[0].0, mia.kept[0].1, "As it was".to_owned()));
    ben.hears(&mia);
    ben.force_open(id, 1);
    let seen = ben.show(id);
    assert!(seen.participants.iter().all(|one| !one.opened));
}

#[test]
fn a_stalled_exchange_is_withdrawn_by_its_author_and_a_commitment_by_its_own() {
    let (mut mia, mut ben, id) = two();
    ben.commit(id, "Too harsh");
    assert_eq!(withdrawable(&mia.show(id), "person-mia"), Ok(None));
    let own = withdrawable(&ben.show(id), "person-ben").unwrap().unwrap();
    let (docs, mut writer) = ben.writer();
    withdraw_commitment(docs, &mut writer, id, own).unwrap();
    assert!(!ben.show(id).participants.iter().any(|one| one.committed));
    ben.commit(id, "Better");
    mia.commit(id, "Fine");
    mia.hears(&ben);
    assert_eq!(
        withdrawable(&mia.show(id), "person-mia"),
        Err(Refusal::AllCommitted)
    );

    let (mut mia, mut ben, id) = two();
    let (docs, mut writer) = mia.writer();
    withdraw(docs, &mut writer, id).unwrap();
    ben.hears(&mia);
    let seen = ben.show(id);
    assert_eq!(seen.state, ExchangeState::Withdrawn);
    assert_eq!(
        ready_to_commit(&seen, "person-ben"),
        Err(Refusal::Withdrawn)
    );
    assert_eq!(
        ready_to_commit(&seen, "person-eve"),
        Err(Refusal::Withdrawn)
    );
}

#[test]
fn a_withdrawal_that_meets_an_opening_comes_too_late() {
    let (mut mia, mut ben, id) = two();
    let first = mia.commit(id, "First");
    ben.hears(&mia);
    // Mia takes hers back before she hears that Ben has committed and opened.
    let (docs, mut writer) = mia.writer();
    withdraw_commitment(docs, &mut writer, id, first).unwrap();
    mia.commit(id, "Second");
    ben.commit(id, "His");
    ben.open(id).unwrap();
    mia.hears(&ben);
    assert_eq!(ready_to_open(&mia.show(id), "person-mia"), Ok(first));
    mia.open(id).unwrap();
    ben.hears(&mia);
    let seen = ben.show(id);
    assert_eq!(seen.state, ExchangeState::Open);
    assert!(
        seen.participants
            .iter()
            .any(|one| one.text.as_deref() == Some("First"))
    );
}

#[test]
fn a_rating_has_a_number_and_anything_else_has_none() {
    let (mut mia, _, _) = two();
    let (_, mut writer) = mia.writer();
    let kinds = crate::ExchangeKind::ALL;
    assert_eq!(kinds.len(), 3);
    let rating = crate::ExchangeKind::Rating;
    assert!(draft(&mut writer, rating, None, "good").is_err());
    assert!(draft(&mut writer, rating, Some(6), "good").is_err());
    assert_eq!(draft(&mut writer, rating, Some(4), "").unwrap().1, "4\n");
    assert!(draft(&mut writer, crate::ExchangeKind::Feedback, Some(4), "good").is_err());
    assert!(draft(&mut writer, crate::ExchangeKind::Feedback, None, " ").is_err());
}
