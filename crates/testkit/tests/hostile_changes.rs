//! Changes that a hostile member signs are refused, cost little, and leave the document as it was.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::time::{Duration, Instant};

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ObjId, ObjType, ROOT, ScalarValue};
use hearth_core::document::limits::{CHANGE_OBJECTS_MAX, CHANGE_OPERATIONS_MAX};
use hearth_core::document::{
    Change, Document, DocumentId, DocumentSet, EntryChanges, Outcome, Refusal, ScanError, scan,
};
use hearth_core::ids::ActorId;
use hearth_testkit::adversary::{
    Mutator, compressed_bomb, duplicate_seq, nested_maps, orphans, run_length_bomb, with_actor,
    with_start_op,
};

const NOTE: DocumentId = DocumentId::from_bytes([7; 16]);
const ALICE: [u8; 16] = [0xa1; 16];
const MALLORY: [u8; 16] = [0x3a; 16];

/// What one bad input may cost. Unoptimised builds are given five times as long.
const TIME_MAX: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 200 });
const MEMORY_MAX_KIB: u64 = 64 * 1024;

fn actor(id: [u8; 16]) -> automerge::ActorId {
    automerge::ActorId::from(id.as_slice())
}

fn scanned(change: &automerge::Change) -> Change {
    scan(change.raw_bytes()).unwrap()
}

fn entry(author: [u8; 16], changes: Vec<Change>) -> EntryChanges {
    let changes = changes.into_iter().map(|change| (NOTE, change)).collect();
    EntryChanges {
        actor: ActorId::from_bytes(author),
        changes,
    }
}

/// A session with a 2 kB note, as two people left it.
fn session() -> (DocumentSet, Automerge, ObjId) {
    let mut document = Automerge::new().with_actor(actor(ALICE));
    let mut transaction = document.transaction();
    let text = transaction
        .put_object(ROOT, "notes", ObjType::Text)
        .unwrap();
    for topic in ["goals", "actions"] {
        let list = transaction.put_object(ROOT, topic, ObjType::List).unwrap();
        transaction.insert(&list, 0, "first").unwrap();
        transaction
            .insert(&list, 1, ScalarValue::counter(2))
            .unwrap();
    }
    transaction.commit_with(CommitOptions::default().with_time(1_790_000_000));
    for step in 0..40 {
        document.set_actor(actor(if step % 2 == 0 { ALICE } else { MALLORY }));
        let mut transaction = document.transaction();
        transaction
            .splice_text(&text, step * 50, 0, &"abcdefghi ".repeat(5))
            .unwrap();
        transaction.commit_with(CommitOptions::default().with_time(1_790_000_000 + step as i64));
    }
    let mut set = DocumentSet::new();
    for change in document.get_changes(&[]) {
        let change = scanned(&change);
        let author = *change.facts().actor.as_bytes();
        assert_eq!(
            set.apply(&[entry(author, vec![change])]),
            [Outcome::Applied]
        );
    }
    (set, document, text)
}

/// Mallory's next change: honest, and of every kind by turns.
fn next_change(document: &Automerge, text: &ObjId, kind: usize) -> Change {
    let mut copy = document.clone().with_actor(actor(MALLORY));
    let mut transaction = copy.transaction();
    let goals = automerge::ReadDoc::get(&transaction, ROOT, "goals")
        .unwrap()
        .unwrap()
        .1;
    match kind % 8 {
        0 => transaction.splice_text(text, 1_000, 0, "x").unwrap(),
        1 => transaction
            .splice_text(text, 500, 40, "and something longer")
            .unwrap(),
        2 => transaction.put(ROOT, "title", "A session").unwrap(),
        3 => {
            let goal = transaction.put_object(ROOT, "goal", ObjType::Map).unwrap();
            transaction.put(&goal, "title", "Learn to listen").unwrap();
            transaction.put(&goal, "weight", 3.5).unwrap();
        }
        4 => transaction.insert(&goals, 1, "second").unwrap(),
        5 => transaction.delete(&goals, 0).unwrap(),
        6 => transaction.increment(&goals, 1, 4).unwrap(),
        _ => {
            let mark = automerge::marks::Mark::new("bold".to_owned(), true, 10, 60);
            transaction
                .mark(text, mark, automerge::marks::ExpandMark::Both)
                .unwrap();
        }
    }
    transaction.commit_with(CommitOptions::default().with_time(1_790_000_100));
    scanned(&copy.get_last_local_change().unwrap())
}

/// Forgets the peak of this process's memory, and reads it; `None` where the system cannot.
fn reset_peak() -> Option<u64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    peak_kib()
}

fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Runs one attack and checks its price.
fn priced<T>(name: &str, attack: impl FnOnce() -> T) -> T {
    let before = reset_peak();
    let start = Instant::now();
    let result = attack();
    let time = start.elapsed();
    let memory = peak_kib()
        .zip(before)
        .map(|(peak, before)| peak.saturating_sub(before));
    println!(
        "{name:32} {:9.3} ms {:8} KiB",
        time.as_secs_f64() * 1e3,
        memory.unwrap_or(0)
    );
    assert!(time <= TIME_MAX, "{name} took {time:?}");
    assert!(
        memory.unwrap_or(0) <= MEMORY_MAX_KIB,
        "{name} took {memory:?} KiB"
    );
    result
}

/// One test, so that the figures of each attack are its own.
#[test]
fn each_attack_is_refused_and_leaves_the_document_equal() {
    let (mut set, document, text) = session();
    let before = set.document(&NOTE).unwrap().save();
    let honest = next_change(&document, &text, 0);
    let refused = |set: &mut DocumentSet, bytes: &[u8]| {
        let change = scan(bytes).unwrap();
        match set.apply(&[entry(MALLORY, vec![change])]).pop().unwrap() {
            Outcome::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    };

    let bomb = compressed_bomb(MALLORY, 32 << 20);
    assert!(bomb.len() < 256 * 1024);
    let error = priced("compressed chunk bomb", || scan(&bomb));
    assert_eq!(error, Err(ScanError::ChunkType(2)));

    let bomb = run_length_bomb(MALLORY, 1_000_000);
    assert!(bomb.len() <= 113, "{} bytes", bomb.len());
    let error = priced("run-length bomb, 10^6 operations", || scan(&bomb));
    assert_eq!(error, Err(ScanError::TooManyOperations));

    let bomb = nested_maps(MALLORY, 1_500);
    let mut fresh = DocumentSet::new();
    let refusal = priced("1,500 nested maps", || refused(&mut fresh, &bomb));
    assert_eq!(refusal, Refusal::TooDeep);
    assert!(fresh.get(&NOTE).is_none());

    let bomb = nested_maps(MALLORY, CHANGE_OBJECTS_MAX as u64 + 1);
    let error = priced("10,001 maps", || scan(&bomb));
    assert_eq!(error, Err(ScanError::TooManyObjects));

    let forged = with_actor(&next_change(&document, &text, 2), ALICE).unwrap();
    let refusal = priced("forged actor", || refused(&mut set, &forged));
    assert_eq!(refusal, Refusal::ForgedActor);

    for (name, start_op) in [
        ("first operation far above", 1 << 30),
        ("first operation below", 1),
    ] {
        let wrong = with_start_op(&honest, start_op).unwrap();
        priced(name, || match scan(&wrong) {
            Ok(_) => assert!(matches!(
                refused(&mut set, &wrong),
                Refusal::StartOperation { found, .. } if found == start_op
            )),
            // A reference above its own operation is found out by the scan.
            Err(error) => assert!(matches!(error, ScanError::Operation { .. })),
        });
    }

    let lone = orphans(MALLORY, 21, 20_000);
    let waiting = priced("20,000 orphans", || {
        lone.iter()
            .map(|bytes| set.apply(&[entry(MALLORY, vec![scan(bytes).unwrap()])]))
            .filter(|outcomes| matches!(&outcomes[..], [Outcome::Waiting { missing }] if missing.len() == 1))
            .count()
    });
    assert_eq!(waiting, 20_000);

    // None of it left a trace; and the honest change still goes in, once.
    assert_eq!(set.document(&NOTE).unwrap().save(), before);
    let second = duplicate_seq(&honest).unwrap();
    assert_eq!(
        set.apply(&[entry(MALLORY, vec![honest])]),
        [Outcome::Applied]
    );
    let before = set.document(&NOTE).unwrap().save();
    let refusal = priced("same number, other content", || refused(&mut set, &second));
    assert!(matches!(refusal, Refusal::DuplicateSeq { .. }));
    assert_eq!(set.document(&NOTE).unwrap().save(), before);

    // The most that the limits let through.
    let most = run_length_bomb(MALLORY, CHANGE_OPERATIONS_MAX as u64);
    let mut fresh = DocumentSet::new();
    let outcomes = priced("50,000 operations, allowed", || {
        fresh.apply(&[entry(MALLORY, vec![scan(&most).unwrap()])])
    });
    assert_eq!(outcomes, [Outcome::Applied]);
}

#[test]
fn a_bad_entry_in_a_batch_takes_no_honest_one_along() {
    let (mut set, document, text) = session();
    let mut alone = set.clone();
    let mut writer = document.clone().with_actor(actor(ALICE));
    let mut honest = Vec::new();
    for at in 0..20 {
        let mut transaction = writer.transaction();
        transaction.splice_text(&text, at, 0, "y").unwrap();
        transaction.commit();
        honest.push(entry(
            ALICE,
            vec![scanned(&writer.get_last_local_change().unwrap())],
        ));
    }
    // A change that passes every check but names a list element that is in another list.
    let bad = misplaced(&document);
    let mut batch = honest.clone();
    batch.insert(11, entry(MALLORY, vec![bad]));
    let outcomes = set.apply(&batch);
    for (at, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Outcome::Refused(Refusal::Unsound { .. }) => assert_eq!(at, 11),
            outcome => assert!(
                at != 11 && *outcome == Outcome::Applied,
                "{at}: {outcome:?}"
            ),
        }
    }
    assert!(
        alone
            .apply(&honest)
            .iter()
            .all(|outcome| *outcome == Outcome::Applied)
    );
    assert_eq!(
        set.document(&NOTE).unwrap().save(),
        alone.document(&NOTE).unwrap().save(),
        "the refused entry left a trace"
    );
}

/// An insertion into one list behind an element of another: well-formed, and a panic in Automerge.
fn misplaced(document: &Automerge) -> Change {
    let mut copy = document.clone().with_actor(actor(MALLORY));
    let mut transaction = copy.transaction();
    let goals = automerge::ReadDoc::get(&transaction, ROOT, "goals")
        .unwrap()
        .unwrap()
        .1;
    let actions = automerge::ReadDoc::get(&transaction, ROOT, "actions")
        .unwrap()
        .unwrap()
        .1;
    transaction.insert(&goals, 1, "here").unwrap();
    transaction.commit();
    let honest = copy.get_last_local_change().unwrap();
    let counter = |id: &ObjId| match id {
        ObjId::Id(counter, ..) => *counter,
        ObjId::Root => 0,
    };
    let (from, to) = (counter(&goals), counter(&actions));
    // Both counters are below 64, so that one byte of the column stands for each.
    assert!(from < 64 && to < 64);
    let mut chunk = hearth_testkit::adversary::Chunk::parse(honest.raw_bytes()).unwrap();
    let from = [0x7f, u8::try_from(from).unwrap()];
    let at = chunk
        .columns
        .windows(2)
        .position(|pair| pair == from)
        .unwrap();
    chunk.columns[at + 1] = u8::try_from(to).unwrap();
    scan(&chunk.to_bytes()).unwrap()
}

#[test]
fn a_thousand_mutated_changes_crash_nothing_and_save_what_loads() {
    let seed = std::env::var("HEARTH_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1);
    let count = std::env::var("HEARTH_SEEDS")
        .ok()
        .and_then(|count| count.parse().ok());
    let count: usize = count.unwrap_or(1_000);
    let (set, document, text) = session();
    let before = set.document(&NOTE).unwrap().save();
    let fixtures: Vec<_> = (0..8)
        .map(|kind| next_change(&document, &text, kind))
        .collect();
    let mut mutator = Mutator::new(seed);
    let mut tally = [0_usize; 5];
    let mut slowest = Duration::ZERO;
    for round in 0..count {
        let mutated = mutator.mutate(fixtures[round % fixtures.len()].bytes());
        let mut copy = set.clone();
        let start = Instant::now();
        let outcome = scan(&mutated).map(|change| copy.apply(&[entry(MALLORY, vec![change])]));
        slowest = slowest.max(start.elapsed());
        let saved = copy.document(&NOTE).unwrap().save();
        let applied = match outcome.as_deref() {
            Err(_) => 0,
            Ok([Outcome::Waiting { .. }]) => 1,
            Ok([Outcome::Refused(Refusal::Unsound { .. })]) => 3,
            Ok([Outcome::Refused(_)]) => 2,
            Ok([Outcome::Applied]) => 4,
            other => panic!("round {round} of seed {seed}: {other:?}"),
        };
        tally[applied] += 1;
        if applied == 4 {
            let loaded = Document::load(&saved)
                .unwrap_or_else(|error| panic!("round {round} of seed {seed}: {error}"));
            let heads = copy.get(&NOTE).unwrap().get_heads();
            assert_eq!(
                loaded.automerge().get_heads(),
                heads,
                "round {round} of seed {seed}"
            );
        } else {
            assert_eq!(saved, before, "round {round} of seed {seed}");
        }
    }
    let [scan, waiting, refused, unsound, applied] = tally;
    println!(
        "{count} mutated: {scan} refused by the scan, {refused} by their place, {unsound} by \
         Automerge, {waiting} wait, {applied} valid; slowest {slowest:?}"
    );
    assert!(slowest <= TIME_MAX, "one took {slowest:?}");
    assert!(scan > 0 && applied > 0, "the mutations try nothing");
}
