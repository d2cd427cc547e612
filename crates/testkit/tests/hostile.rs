//! A paired member signs hostile things: the others' nodes stay up, their documents stay as they
//! were, and the signer is named, or the connection closed with the reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use automerge::transaction::Transactable;
use automerge::{Automerge, ROOT};
use hearth_core::codec::Writer;
use hearth_core::control::{Admit, ControlAuthor, ControlKind, Rights, Role};
use hearth_core::document::{Change, ChangeHash, DocumentId, scan};
use hearth_core::frontier::SignedFrontier;
use hearth_core::ids::{EntryHash, NotebookId, NotebookTag, Seq};
use hearth_core::log::RawEntry;
use hearth_core::replica::{IngestError, Ingested, Replica};
use hearth_core::storage::{Space, Storage, Write};
use hearth_testkit::adversary::{
    HostileMember, Mutator, compressed_bomb, duplicate_seq, nested_maps, orphans, raw_body,
    run_length_bomb, with_actor,
};
use hearth_testkit::disk::MemoryDisk;
use hearth_testkit::world::{GOALS, NOTES, World};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const VICTIM: usize = 0;
const HOSTILE: usize = 1;
const WITNESS: usize = 2;
/// A document that the hostile member makes up.
const OTHER: DocumentId = DocumentId::from_bytes([9; 16]);

/// What one bad input may cost. Unoptimised builds are given five times as long.
const TIME_MAX: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 200 });
const MEMORY_MAX_KIB: u64 = 64 * 1024;

/// Three members who have the same.
fn world() -> (World, NotebookId) {
    let mut world = World::new(31, 3).unwrap();
    let notebook = world.create(VICTIM, Role::Mentor).unwrap();
    world.start_note(VICTIM, notebook).unwrap();
    for node in [HOSTILE, WITNESS] {
        world.pair(VICTIM, node, notebook).unwrap();
        world.meet(VICTIM, node).unwrap();
    }
    for node in [VICTIM, HOSTILE, WITNESS] {
        for _ in 0..3 {
            world.edit(node, notebook).unwrap();
        }
    }
    world.run_until_quiet().unwrap();
    world.check_converged().unwrap();
    (world, notebook)
}

fn member(world: &World, notebook: NotebookId, incarnation: u8) -> HostileMember {
    let device = world.device(HOSTILE).unwrap();
    let replica = device.replica(notebook).unwrap();
    HostileMember::new(&device.identity, replica, incarnation).unwrap()
}

fn heads(world: &World, node: usize, notebook: NotebookId) -> Vec<Vec<ChangeHash>> {
    let documents = world
        .device(node)
        .unwrap()
        .replica(notebook)
        .unwrap()
        .documents();
    [GOALS, NOTES]
        .iter()
        .map(|id| {
            documents
                .get(id)
                .map(Automerge::get_heads)
                .unwrap_or_default()
        })
        .collect()
}

fn reset_peak() -> Option<u64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    peak_kib()
}

fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// How the victim took it.
struct Outcome {
    /// Why entries of the hostile member were set aside.
    set_aside: Vec<String>,
    /// Why the victim stopped the notebook on connections.
    stopped: Vec<String>,
}

/// Puts entries on the hostile member's own disk, whose program passes them on like any others, and
/// checks what all attacks have in common.
fn attack(name: &str, make: impl FnOnce(&mut HostileMember) -> Vec<RawEntry>) -> Outcome {
    let (mut world, notebook) = world();
    let before = heads(&world, VICTIM, notebook);
    let mut member = member(&world, notebook, 0xee);
    let entries = make(&mut member);
    world.crash(HOSTILE);
    let writes: Vec<Write> = entries
        .iter()
        .map(|entry| Write::Append(entry.as_bytes().to_vec()))
        .collect();
    let device = world.device_mut(HOSTILE).unwrap();
    device.disk.restart();
    device.disk.commit(notebook, &writes).unwrap();
    world.start(HOSTILE).unwrap();
    world.device_mut(VICTIM).unwrap().slowest = Duration::ZERO;
    world.device_mut(VICTIM).unwrap().closed.clear();
    let base = reset_peak();
    // The victim may close the connection at once, each time.
    let _may_be_turned_away = world.meet(HOSTILE, VICTIM);
    world.run_until_quiet().unwrap();

    let victim = world.device(VICTIM).unwrap();
    let memory = peak_kib()
        .zip(base)
        .map_or(0, |(peak, base)| peak.saturating_sub(base));
    println!(
        "{name:34} {:9.3} ms at most for a frame, {memory:7} KiB",
        victim.slowest.as_secs_f64() * 1e3
    );
    assert!(victim.slowest <= TIME_MAX, "{name}: {:?}", victim.slowest);
    assert!(memory <= MEMORY_MAX_KIB, "{name}: {memory} KiB");
    assert_eq!(heads(&world, VICTIM, notebook), before, "{name}");
    let replica = victim.replica(notebook).unwrap();
    let signer = world.device(HOSTILE).unwrap().id();
    let person = world.device(HOSTILE).unwrap().identity.person();
    for set_aside in replica.set_aside().values() {
        assert_eq!(set_aside.device, signer, "{name}");
        assert_eq!(set_aside.person, Some(person), "{name}");
    }
    let outcome = Outcome {
        set_aside: replica
            .set_aside()
            .values()
            .map(|set_aside| set_aside.reason.clone())
            .collect(),
        stopped: victim.stopped.keys().cloned().collect(),
    };
    let closed: Vec<_> = victim.closed.keys().collect();
    assert!(
        !closed.iter().any(|reason| reason.starts_with("protocol")),
        "{name}: {closed:?}"
    );

    // Honest work goes on, by the two who are left, and with the hostile member's passing on.
    world.edit(VICTIM, notebook).unwrap();
    world.edit(WITNESS, notebook).unwrap();
    world.meet(VICTIM, WITNESS).unwrap();
    assert_eq!(
        heads(&world, VICTIM, notebook),
        heads(&world, WITNESS, notebook),
        "{name}"
    );
    assert_ne!(heads(&world, VICTIM, notebook), before, "{name}");
    // A restart judges alike.
    world.crash(VICTIM);
    world.start(VICTIM).unwrap();
    let named = world.device(VICTIM).unwrap().replica(notebook).unwrap();
    assert_eq!(named.set_aside().len(), outcome.set_aside.len(), "{name}");
    outcome
}

fn named(name: &str, reason: &str, make: impl FnOnce(&mut HostileMember) -> Vec<RawEntry>) {
    let outcome = attack(name, make);
    assert!(
        outcome.set_aside.iter().any(|found| found.contains(reason)),
        "{name}: set aside {:?}, stopped {:?}",
        outcome.set_aside,
        outcome.stopped
    );
}

fn stopped(name: &str, reason: &str, make: impl FnOnce(&mut HostileMember) -> Vec<RawEntry>) {
    let outcome = attack(name, make);
    assert!(
        outcome.stopped.iter().any(|found| found.contains(reason)),
        "{name}: set aside {:?}, stopped {:?}",
        outcome.set_aside,
        outcome.stopped
    );
}

fn raw(member: &mut HostileMember, chunk: &[u8]) -> Vec<RawEntry> {
    vec![member.sign(raw_body([0; 32], &[(OTHER, chunk)]))]
}

/// A change of the member's own actor to a document of its own, after `changes` others.
fn honest_change(member: &HostileMember, after: u64) -> Change {
    let actor = automerge::ActorId::from(member.actor().as_bytes().as_slice());
    let mut document = Automerge::new().with_actor(actor);
    for number in 0..=after {
        let mut transaction = document.transaction();
        transaction.put(ROOT, "number", number as i64).unwrap();
        transaction.commit();
    }
    scan(document.get_last_local_change().unwrap().raw_bytes()).unwrap()
}

#[test]
fn a_compressed_chunk_bomb_is_named() {
    named("compressed chunk bomb", "not acceptable", |member| {
        raw(
            member,
            &compressed_bomb(*member.actor().as_bytes(), 32 << 20),
        )
    });
}

#[test]
fn a_run_length_bomb_is_named() {
    named("run-length bomb", "not acceptable", |member| {
        raw(
            member,
            &run_length_bomb(*member.actor().as_bytes(), 1_000_000),
        )
    });
}

#[test]
fn deep_nesting_is_named() {
    named("1,500 nested maps", "nests", |member| {
        let change = scan(&nested_maps(*member.actor().as_bytes(), 1_500)).unwrap();
        vec![member.sign_changes(&[(OTHER, change)])]
    });
}

#[test]
fn a_body_that_unpacks_to_more_than_it_may_is_named() {
    named("body that claims 4 GiB", "malformed", |member| {
        let mut plain = vec![1];
        plain.extend_from_slice(&[0; 32]);
        plain.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3]);
        vec![member.sign(plain)]
    });
}

#[test]
fn a_forged_actor_is_named() {
    named("forged actor", "somebody else", |member| {
        let forged = with_actor(&honest_change(member, 0), [0xa1; 16]).unwrap();
        vec![member.sign_changes(&[(OTHER, scan(&forged).unwrap())])]
    });
}

#[test]
fn a_duplicate_number_is_named() {
    named("duplicate seq", "twice", |member| {
        let first = honest_change(member, 0);
        let second = scan(&duplicate_seq(&first).unwrap()).unwrap();
        vec![
            member.sign_changes(&[(OTHER, first)]),
            member.sign_changes(&[(OTHER, second)]),
        ]
    });
}

#[test]
fn orphans_by_the_thousand_are_named_and_bounded() {
    named("20,000 orphans", "too many entries", |member| {
        let actor = *member.actor().as_bytes();
        orphans(actor, 1, 20_000)
            .chunks(10)
            .map(|some| {
                let changes: Vec<_> = some
                    .iter()
                    .map(|orphan| (OTHER, scan(orphan).unwrap()))
                    .collect();
                member.sign_changes(&changes)
            })
            .collect()
    });
}

#[test]
fn a_wrong_root_is_named() {
    named("wrong root", "root", |member| {
        let change = honest_change(member, 0);
        vec![member.sign(raw_body([7; 32], &[(OTHER, change.bytes())]))]
    });
}

#[test]
fn an_entry_that_is_no_body_is_named() {
    named("no body", "malformed", |member| {
        vec![member.sign(vec![0; 90])]
    });
}

#[test]
fn an_entry_under_a_made_up_epoch_is_named_and_does_not_wait_for_ever() {
    named("made-up epoch", "sealed under a key", |member| {
        let epoch = hearth_core::ids::ControlHash::from_bytes([3; 32]).as_epoch();
        vec![member.sign_as(vec![0; 90], |header| header.epoch = epoch)]
    });
}

#[test]
fn an_entry_sealed_with_another_key_is_named() {
    named("wrong key", "does not open", |member| {
        member.key = hearth_core::crypto::Secret::from_bytes([5; 32]);
        vec![member.sign(vec![0; 90])]
    });
}

#[test]
fn a_chain_that_does_not_fit_goes_nowhere() {
    // No program keeps it: nobody could ever show what it follows.
    let outcome = attack("wrong previous entry", |member| {
        let wrong = member.sign_as(vec![0; 90], |header| {
            header.seq = Seq::new(2);
            header.previous = EntryHash::from_bytes([8; 32]);
        });
        vec![wrong]
    });
    assert!(outcome.set_aside.is_empty(), "{:?}", outcome.set_aside);
    assert!(outcome.stopped.is_empty(), "{:?}", outcome.stopped);
}

const GOALS_OF_NOBODY: DocumentId = DocumentId::from_bytes([10; 16]);

#[test]
fn an_entry_for_another_notebook_stops_the_notebook() {
    stopped("other notebook", "another notebook", |member| {
        vec![member.sign_as(vec![0; 90], |header| {
            header.tag = NotebookTag::from_bytes([1; 16]);
        })]
    });
}

#[test]
fn an_entry_under_another_devices_name_stops_the_notebook() {
    let (world, _) = world();
    let other = world.device(WITNESS).unwrap().id();
    stopped("another device's name", "signature", |member| {
        vec![member.sign_as(vec![0; 90], |header| header.log.device = other)]
    });
}

#[test]
fn a_peer_that_claims_what_does_not_exist_confirms_nothing() {
    let (mut world, notebook) = world();
    world.meet(HOSTILE, VICTIM).unwrap();
    let liar = world.device_mut(HOSTILE).unwrap();
    let liars = Arc::clone(&liar.identity.device);
    let engine = liar.engine.as_mut().unwrap();
    let mut claimed = engine.replica_mut(notebook).unwrap().frontier().clone();
    for tip in claimed.logs.values_mut() {
        tip.0 = Seq::new(u64::MAX);
    }
    let signed = SignedFrontier::sign(notebook, u64::MAX, claimed, &liars);
    let mut frame = Writer::new();
    // A whole frontier of the notebook that was named first on this connection.
    signed.write(frame.u8(3).varint(1));
    let now = world.time_of(VICTIM);
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let device = world.device_mut(VICTIM).unwrap();
    let engine = device.engine.as_mut().unwrap();
    let (link, _) = engine
        .sessions()
        .find(|(_, session)| session.peer() == liars.id())
        .unwrap();
    engine.receive(link, frame.as_slice(), now, &mut device.disk, &mut random);
    let view = engine.peer(notebook, liars.id()).unwrap();
    assert!(
        view.frontier
            .logs
            .values()
            .all(|tip| tip.0.get() == u64::MAX)
    );
    world.edit(VICTIM, notebook).unwrap();
    let engine = world.device_mut(VICTIM).unwrap().engine.as_mut().unwrap();
    assert_eq!(engine.pending_out(notebook), 1);
    let statuses = engine.peer_statuses(notebook);
    let status = statuses
        .iter()
        .find(|status| status.device == liars.id())
        .unwrap();
    assert!(status.behind > 0);
    assert_eq!(status.ahead, u64::MAX);
}

/// A victim's replica from its disk, and the hostile member.
fn replica() -> (
    MemoryDisk,
    NotebookId,
    HostileMember,
    impl Fn(&MemoryDisk) -> Replica,
) {
    let (world, notebook) = world();
    let member = member(&world, notebook, 0xdd);
    let device = world.device(VICTIM).unwrap();
    let disk = device.disk.clone();
    let secrets = Arc::clone(&device.identity.device);
    (disk, notebook, member, move |disk: &MemoryDisk| {
        Replica::open(notebook, Arc::clone(&secrets), disk).unwrap()
    })
}

#[test]
fn gaps_replays_and_forks_leave_the_replica_as_it_was() {
    let (disk, _, mut member, open) = replica();
    let mut victim = open(&disk);
    let digest = victim.frontier_digest();
    let change = honest_change(&member, 0);
    let first = member.sign_changes(&[(OTHER, change.clone())]);
    let second = member.sign(vec![0; 90]);
    assert!(matches!(
        victim.ingest_entry(second.clone()),
        Err(IngestError::Gap { .. })
    ));
    assert_eq!(victim.frontier_digest(), digest);
    assert_eq!(victim.ingest_entry(first.clone()), Ok(Ingested::Kept));
    let digest = victim.frontier_digest();
    assert_eq!(victim.ingest_entry(first.clone()), Ok(Ingested::Known));
    let late = member.sign_as(vec![0; 90], |header| header.seq = Seq::new(7));
    assert!(matches!(
        victim.ingest_entry(late),
        Err(IngestError::Gap { .. })
    ));
    assert_eq!(victim.frontier_digest(), digest);
    assert!(victim.set_aside().is_empty());

    // Two different first entries: both are signed, kept and passed on, and one of them counts.
    let mut twin = member.clone();
    twin.tip = (Seq::NONE, EntryHash::ZERO);
    let fork = twin.sign(vec![0; 90]);
    let tips = BTreeSet::from([first.hash(), fork.hash()]);
    assert_eq!(
        victim.receive_entry(fork.clone(), false, &disk),
        Ok(Ingested::Kept)
    );
    assert_eq!(
        victim.receive_entry(fork, false, &disk),
        Ok(Ingested::Known)
    );
    victim.advance(&disk).unwrap();
    assert_ne!(victim.frontier_digest(), digest);
    let kept = victim.frontier().tips(&member.log).map(|(_, hash)| hash);
    assert_eq!(kept.collect::<BTreeSet<_>>(), tips);
    assert!(victim.set_aside().keys().any(|hash| tips.contains(hash)));
}

#[test]
fn forks_by_the_thousand_name_the_device_and_stay_few() {
    let (disk, _, mut member, open) = replica();
    let mut victim = open(&disk);
    let change = honest_change(&member, 0);
    let first = member.sign_changes(&[(OTHER, change)]);
    victim.ingest_entry(first).unwrap();
    member.tip = (Seq::NONE, EntryHash::ZERO);
    let mut kept = 0;
    for _ in 0..1_000 {
        let fork = member.sign_as(vec![0; 90], |_| {});
        match victim.receive_entry(fork, false, &disk) {
            Ok(_) => kept += 1,
            Err(error) => assert!(matches!(error, IngestError::TooManyBranches(_))),
        }
    }
    victim.advance(&disk).unwrap();
    assert!((1..=32).contains(&kept), "{kept}");
    let count = victim.set_aside().len();
    assert!((1..=64).contains(&count), "{count}");
}

#[test]
fn one_device_cannot_use_up_all_logs() {
    let (disk, _, member, open) = replica();
    let mut victim = open(&disk);
    let mut kept = 0;
    for incarnation in 0..200 {
        let mut member = member.clone();
        member.log.incarnation = hearth_core::ids::Incarnation::from_bytes([incarnation; 16]);
        match victim.ingest_entry(member.sign(vec![0; 90])) {
            Ok(_) => kept += 1,
            Err(error) => assert_eq!(error, IngestError::TooManyLogs),
        }
    }
    assert!((1..=64).contains(&kept), "{kept}");
}

/// Devices that a member makes up, named in admissions that do not count, write nothing here.
#[test]
fn made_up_devices_get_no_log() {
    let (disk, notebook, _, open) = replica();
    let (world, _) = world();
    let hostile = world.device(HOSTILE).unwrap();
    let mut victim = open(&disk);
    let standing = victim
        .membership()
        .member(&hostile.identity.person())
        .unwrap()
        .admission;
    let puppet = hearth_testkit::people::draw(77, "Puppet");
    let author = ControlAuthor {
        device: &hostile.identity.device,
        notebook,
        heads: victim.controls().heads_to_name(),
        standing,
    };
    let admission = author.sign(
        ControlKind::Admit(Admit {
            invite: standing,
            rights: Rights {
                admin: false,
                may_write: true,
            },
            roster: Box::new(puppet.roster.clone()),
            proof: [0; 64],
        }),
        None,
    );
    victim.ingest_control(admission).unwrap();
    let device = puppet.device.id();
    assert!(victim.controls().device(&device).is_some());
    let digest = victim.frontier_digest();
    let mut member = HostileMember::new(&puppet, &victim, 1).unwrap();
    let entry = member.sign(vec![0; 90]);
    assert_eq!(
        victim.ingest_entry(entry),
        Err(IngestError::NotMember(device))
    );
    assert_eq!(victim.frontier_digest(), digest);
    assert_eq!(
        victim
            .tips()
            .filter(|(log, _)| log.device == device)
            .count(),
        0
    );
}

#[test]
fn waiting_entries_hold_up_nobody_elses() {
    let (disk, notebook, mut member, open) = replica();
    let mut victim = open(&disk);
    let actor = *member.actor().as_bytes();
    for orphan in orphans(actor, 1, 600) {
        let entry = member.sign_changes(&[(OTHER, scan(&orphan).unwrap())]);
        victim.ingest_entry(entry).unwrap();
    }
    victim.advance(&disk).unwrap();
    assert_eq!(victim.waiting(), 600);
    // Nor does whoever has just joined wait for them.
    let tip = victim.frontier().seq(&member.log);
    assert!(victim.is_shown_to(&member.log, tip));
    assert!(!victim.is_shown_to(&member.log, tip.next()));
    let (world, _) = world();
    let device = world.device(HOSTILE).unwrap();
    let mut honest =
        HostileMember::new(&device.identity, device.replica(notebook).unwrap(), 0x11).unwrap();
    let change = honest_change(&honest, 0);
    let document = DocumentId::from_bytes([12; 16]);
    let entry = honest.sign_changes(&[(document, change)]);
    victim.ingest_entry(entry).unwrap();
    victim.advance(&disk).unwrap();
    assert_eq!(victim.waiting(), 600);
    assert!(victim.documents().get(&document).is_some());
}

#[test]
fn a_thousand_mutated_changes_are_taken_or_named() {
    let (disk, _, member, open) = replica();
    let seed = std::env::var("HEARTH_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let mut mutator = Mutator::new(seed.unwrap_or(1));
    let honest = honest_change(&member, 0);
    let (mut taken, mut named, mut waits) = (0, 0, 0);
    let mut slowest = Duration::ZERO;
    let mut victim = open(&disk);
    let before = victim.documents().ids().count();
    for round in 0..1_000 {
        let mutated = mutator.mutate(honest.bytes());
        let mut member = member.clone();
        let entry = match scan(&mutated) {
            Ok(change) => member.sign_changes(&[(OTHER, change)]),
            Err(_) => member.sign(raw_body([0; 32], &[(OTHER, &mutated)])),
        };
        let hash = entry.hash();
        let start = Instant::now();
        victim.ingest_entry(entry).unwrap();
        victim.advance(&disk).unwrap();
        slowest = slowest.max(start.elapsed());
        if victim.set_aside().contains_key(&hash) {
            named += 1;
            assert!(victim.documents().get(&OTHER).is_none(), "round {round}");
            assert_eq!(victim.documents().ids().count(), before, "round {round}");
        } else if victim.waiting() > 0 {
            waits += 1;
        } else {
            taken += 1;
        }
        victim = open(&disk);
    }
    println!("{named} named, {waits} wait, {taken} are valid; slowest {slowest:?}");
    assert!(slowest <= TIME_MAX, "{slowest:?}");
    assert!(named > 500 && taken > 0, "the mutations try nothing");
}

/// 250 entries that each unpack to nearly as much as they may, of changes that wait for ever.
#[test]
fn what_unpacks_to_much_is_unpacked_a_batch_at_a_time() {
    let (disk, _, mut member, open) = replica();
    let mut victim = open(&disk);
    let actor = *member.actor().as_bytes();
    let orphan = orphans(actor, 1, 1).remove(0);
    let orphan = scan(&orphan).unwrap();
    let filler = long_change(&member, 120_000);
    for number in 0..250_u8 {
        let own = DocumentId::from_bytes([number; 16]);
        let changes = [(OTHER, orphan.clone()), (own, filler.clone())];
        // Only the first builds on anything that is not here; the rest is there to be unpacked.
        let span = if number == 0 {
            &changes[..]
        } else {
            &changes[1..]
        };
        let entry = member.sign_compressed(span);
        assert!(entry.as_bytes().len() < 4_096, "{}", entry.as_bytes().len());
        victim.ingest_entry(entry).unwrap();
    }
    let base = reset_peak();
    victim.advance(&disk).unwrap();
    let memory = peak_kib()
        .zip(base)
        .map_or(0, |(peak, base)| peak.saturating_sub(base));
    println!("250 entries that unpack to 30 MB: {memory} KiB");
    assert_eq!(victim.waiting(), 250);
    assert!(memory <= 24 * 1024, "{memory} KiB");
}

/// A change of the member's own actor whose text packs a hundred times.
fn long_change(member: &HostileMember, bytes: usize) -> Change {
    let actor = automerge::ActorId::from(member.actor().as_bytes().as_slice());
    let mut document = Automerge::new().with_actor(actor);
    // Enough that does not pack for the rest to be allowed.
    let noise: String = (0..80_u8)
        .flat_map(|block| hearth_core::crypto::digest("noise", &[&[block]]))
        .map(|byte| char::from(b'a' + byte % 26))
        .collect();
    let text = noise + &"again ".repeat(bytes / 6);
    let mut transaction = document.transaction();
    transaction.put(ROOT, "text", text.as_str()).unwrap();
    transaction.commit();
    scan(document.get_last_local_change().unwrap().raw_bytes()).unwrap()
}

/// Whether an entry behind a refused one came with it or later must make no difference.
#[test]
fn nothing_that_follows_a_refused_entry_counts_in_any_batch() {
    let (disk, _, mut member, open) = replica();
    let deep = scan(&nested_maps(*member.actor().as_bytes(), 1_500)).unwrap();
    let honest = honest_change(&member, 0);
    let refused = member.sign_changes(&[(OTHER, deep)]);
    let after = member.sign_changes(&[(GOALS_OF_NOBODY, honest)]);
    for apart in [false, true] {
        let mut victim = open(&disk);
        victim.ingest_entry(refused.clone()).unwrap();
        if apart {
            victim.advance(&disk).unwrap();
        }
        victim.ingest_entry(after.clone()).unwrap();
        victim.advance(&disk).unwrap();
        assert_eq!(victim.waiting(), 0);
        assert_eq!(victim.set_aside().len(), 1);
        assert!(
            victim.documents().get(&GOALS_OF_NOBODY).is_none(),
            "{apart}"
        );
    }
}

/// Saved copies are a cache: what is wrong with one shows neither in a sync nor in an edit.
#[test]
fn a_damaged_saved_document_heals_while_entries_arrive_and_while_it_is_edited() {
    let (mut disk, notebook, mut member, open) = replica();
    let mut victim = open(&disk);
    victim.snapshot();
    disk.commit(notebook, victim.unsaved()).unwrap();
    let sound = victim.documents().document(&NOTES).unwrap().save();
    let damaged = Write::Put {
        space: Space::Document,
        key: NOTES.as_bytes().to_vec(),
        value: vec![1, 2, 3],
    };
    disk.commit(notebook, &[damaged]).unwrap();

    let mut syncing = open(&disk);
    let change = honest_change(&member, 0);
    let hash = change.facts().hash;
    let entry = member.sign_changes(&[(NOTES, change)]);
    syncing.ingest_entry(entry).unwrap();
    assert!(syncing.has_unsaved());
    syncing.advance(&disk).unwrap();
    assert_eq!(syncing.waiting(), 0);
    assert!(syncing.documents().has_change(&NOTES, &hash));

    let mut editing = open(&disk);
    let mut random = rand_chacha::ChaCha20Rng::seed_from_u64(1);
    let heads = editing
        .edit(&disk, &mut random, |session| {
            session
                .read(&NOTES)
                .map(|document| document.map(Automerge::get_heads))
        })
        .unwrap();
    let loaded = hearth_core::document::Document::load(&sound).unwrap();
    assert_eq!(heads, Some(loaded.automerge().get_heads()));

    // It is saved anew, and then sound by itself.
    assert!(!editing.is_snapshot_current());
    editing.snapshot();
    disk.commit(notebook, editing.unsaved()).unwrap();
    let saved = disk
        .get(notebook, Space::Document, NOTES.as_bytes())
        .unwrap();
    assert!(hearth_core::document::Document::load(&saved.unwrap()).is_ok());
}

#[test]
fn whoever_may_wait_for_a_forked_log_is_not_named() {
    let (disk, notebook, mut forker, open) = replica();
    let mut victim = open(&disk);
    let change = honest_change(&forker, 0);
    let mut twin = forker.clone();
    victim
        .ingest_entry(forker.sign_changes(&[(OTHER, change)]))
        .unwrap();
    let fork = twin.sign(vec![0; 90]);
    victim.receive_entry(fork, false, &disk).unwrap();
    victim.advance(&disk).unwrap();
    assert_eq!(victim.waiting(), 0);

    // The witness has the other half and builds on it.
    let (world, _) = world();
    let witness = world.device(WITNESS).unwrap();
    let identity = &witness.identity;
    let mut honest =
        HostileMember::new(identity, witness.replica(notebook).unwrap(), 0x22).unwrap();
    let mut is_full = false;
    for orphan in orphans(*honest.actor().as_bytes(), 1, 1_100) {
        let entry = honest.sign_changes(&[(OTHER, scan(&orphan).unwrap())]);
        is_full |=
            victim.ingest_entry(entry) == Err(IngestError::TooManyWaiting(identity.device.id()));
        if victim.waiting() == 1 {
            victim.advance(&disk).unwrap();
        }
    }
    victim.advance(&disk).unwrap();
    assert!(is_full);
    for named in victim.set_aside().values() {
        assert_ne!(named.device, identity.device.id(), "{named:?}");
    }
}
