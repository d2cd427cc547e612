//! Notebooks that go on from the signed history of another one, on whole nodes: everybody checks it, offline too, and
//! what is made up is refused by everybody alike.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, ChangeHash, ROOT, ScalarValue};
use hearth_core::base::{BaseStanding, part_hash, split};
use hearth_core::control::{Label, Role};
use hearth_core::document::{Change, DocumentId, scan};
use hearth_core::ids::{NotebookId, PersonId, Seq};
use hearth_core::limits::{WAITING_BYTES_PER_LOG_MAX, WAITING_ENTRIES_PER_LOG_MAX};
use hearth_core::log::{EntryKind, RawEntry};
use hearth_core::replica::{IngestError, LayBaseError, Replica};
use hearth_core::storage::{Storage, Write};
use hearth_testkit::adversary::{HostileMember, raw_body};
use hearth_testkit::world::{GOALS, NOTES, World};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

const ANA: usize = 0;
const BEN: usize = 1;
const CHLOE: usize = 2;
const DENIZ: usize = 3;

/// Ana, Ben and Chloe have the same, and each wrote some of it. Deniz was never in it.
fn world(seed: u64) -> (World, NotebookId) {
    let mut world = World::new(seed, 4).unwrap();
    let notebook = world.create(ANA, Role::Mentor).unwrap();
    world.start_note(ANA, notebook).unwrap();
    for node in [BEN, CHLOE] {
        world.pair(ANA, node, notebook).unwrap();
        world.meet(ANA, node).unwrap();
    }
    for _ in 0..4 {
        for node in [ANA, BEN, CHLOE] {
            world.edit(node, notebook).unwrap();
        }
    }
    world.run_until_quiet().unwrap();
    world.check_converged().unwrap();
    (world, notebook)
}

/// Has a device fork a notebook and write that it did.
fn fork(world: &mut World, node: usize, old: NotebookId) -> NotebookId {
    let forked = world.act(node, |engine, disk, random| {
        engine.fork_notebook(old, Role::Mentor, disk, random, |session| {
            let document = session.write(GOALS).map_err(|error| error.to_string())?;
            let mut transaction = document.transaction();
            transaction
                .put(automerge::ROOT, "forked", true)
                .map_err(|error| error.to_string())?;
            transaction.commit();
            Ok::<_, String>(())
        })
    });
    forked.unwrap().unwrap()
}

fn replica(world: &World, node: usize, notebook: NotebookId) -> &Replica {
    world.device(node).unwrap().replica(notebook).unwrap()
}

fn authors(world: &World, node: usize, notebook: NotebookId) -> Vec<(PersonId, u64)> {
    let BaseStanding::Sound(facts) = replica(world, node, notebook).base() else {
        panic!("{node}: {:?}", replica(world, node, notebook).base());
    };
    let authors = facts.authors.iter();
    let mut authors: Vec<_> = authors.map(|one| (one.person, one.changes)).collect();
    authors.sort_unstable();
    authors
}

fn refusal(world: &World, node: usize, notebook: NotebookId) -> String {
    match replica(world, node, notebook).base() {
        BaseStanding::Refused(reason) => reason.to_owned(),
        other => panic!("{node}: {other:?}"),
    }
}

fn heads(world: &World, node: usize, notebook: NotebookId, id: DocumentId) -> Vec<ChangeHash> {
    let document = replica(world, node, notebook).documents().get(&id);
    document
        .map(automerge::Automerge::get_heads)
        .unwrap_or_default()
}

fn restart(world: &mut World, node: usize) {
    world.crash(node);
    world.device_mut(node).unwrap().disk.restart();
    world.start(node).unwrap();
}

#[test]
fn a_fork_without_the_senior_keeps_the_proof_of_who_wrote_what() {
    let (mut world, old) = world(41);
    let notes = heads(&world, BEN, old, NOTES);
    let new = fork(&mut world, BEN, old);
    for node in [CHLOE, DENIZ] {
        world.pair(BEN, node, new).unwrap();
        world.meet(BEN, node).unwrap();
    }
    world.run_until_quiet().unwrap();
    let told = authors(&world, BEN, new);
    let people = [ANA, BEN, CHLOE].map(|node| world.person_at(node).unwrap());
    for person in people {
        assert!(
            told.iter()
                .any(|(author, changes)| *author == person && *changes > 0)
        );
    }
    for node in [BEN, CHLOE, DENIZ] {
        assert_eq!(authors(&world, node, new), told, "{node}");
        assert_eq!(heads(&world, node, new, NOTES), notes, "{node}");
        let disk = &world.device(node).unwrap().disk;
        let checked = replica(&world, node, new).check_base(disk).unwrap();
        assert!(checked.unwrap().is_ok(), "{node}");
    }
    assert!(world.device(ANA).unwrap().replica(new).is_none());
    // They go on, and what is kept opens as it was.
    for node in [DENIZ, CHLOE, BEN] {
        for _ in 0..3 {
            world.edit(node, new).unwrap();
        }
    }
    world.run_until_quiet().unwrap();
    for node in [BEN, CHLOE, DENIZ] {
        restart(&mut world, node);
        assert_eq!(authors(&world, node, new), told, "{node} again");
    }
    world.meet(BEN, CHLOE).unwrap();
    world.meet(BEN, DENIZ).unwrap();
    world.run_until_quiet().unwrap();
    world.check_same(new, &[BEN, CHLOE, DENIZ]).unwrap();
    // A fork of the fork, by somebody who never saw the first notebook.
    let third = fork(&mut world, DENIZ, new);
    let BaseStanding::Sound(facts) = replica(&world, DENIZ, third).base() else {
        panic!("not sound");
    };
    assert_eq!(facts.notebooks, [new, old]);
    world.pair(DENIZ, CHLOE, third).unwrap();
    world.meet(DENIZ, CHLOE).unwrap();
    world.run_until_quiet().unwrap();
    assert_eq!(authors(&world, CHLOE, third), authors(&world, DENIZ, third));
    world.check_same(third, &[CHLOE, DENIZ]).unwrap();
}

/// Puts a notebook on the disk of Ben's modified program that goes on from `archive`, and starts it.
fn make_up(world: &mut World, archive: &[u8]) -> NotebookId {
    let mut random = ChaCha20Rng::seed_from_u64(7);
    let identity = world.device(BEN).unwrap().identity.clone();
    let parts = split(archive, &mut random).unwrap();
    let label = Label::Member {
        name: identity.name.clone(),
        device: identity.device_label.clone(),
        role: Role::Mentor,
    };
    let hashes = parts.iter().map(|part| part_hash(part)).collect();
    let mut replica = Replica::create_from(
        identity.device,
        &identity.roster,
        &label,
        hashes,
        &mut random,
    )
    .unwrap();
    let notebook = replica.notebook();
    let disk = &world.device(BEN).unwrap().disk;
    let laid = replica.lay_base(&parts, disk, &mut random);
    assert!(matches!(laid, Err(LayBaseError::Refused(_))), "{laid:?}");
    let writes: Vec<Write> = replica.unsaved().to_vec();
    world.crash(BEN);
    let device = world.device_mut(BEN).unwrap();
    device.disk.restart();
    device.disk.commit(notebook, &writes).unwrap();
    world.start(BEN).unwrap();
    notebook
}

#[test]
fn a_base_that_is_made_up_is_refused_by_everybody_alike_and_shows_nothing() {
    let (mut world, old) = world(42);
    let disk = &world.device(BEN).unwrap().disk;
    let archive = replica(&world, BEN, old).archive(disk).unwrap();
    let length = archive.len();
    let cut = archive[..length - 9].to_vec();
    let mut altered = archive.clone();
    altered[length - 40] ^= 1;
    let mut control = archive;
    control[900] ^= 1;
    for made_up in [cut, altered, control, b"\x01nothing of the kind".to_vec()] {
        let new = make_up(&mut world, &made_up);
        let reason = refusal(&world, BEN, new);
        for node in [CHLOE, DENIZ] {
            world.pair(BEN, node, new).unwrap();
            world.meet(BEN, node).unwrap();
        }
        world.run_until_quiet().unwrap();
        for node in [CHLOE, DENIZ] {
            assert_eq!(refusal(&world, node, new), reason, "{node}");
            assert!(replica(&world, node, new).documents().is_empty());
            let refused = world.act(node, |engine, disk, random| {
                engine.edit(new, disk, random, |_| Ok::<_, String>(()))
            });
            let told = refused.unwrap().unwrap_err().to_string();
            assert!(told.contains(&reason), "{told}");
            restart(&mut world, node);
            assert_eq!(refusal(&world, node, new), reason, "{node} again");
        }
        // The other notebook is untouched.
        world.edit(CHLOE, old).unwrap();
    }
}

#[test]
fn a_second_base_or_one_in_another_log_is_refused() {
    let (mut world, old) = world(43);
    let new = fork(&mut world, BEN, old);
    world.pair(BEN, CHLOE, new).unwrap();
    world.meet(BEN, CHLOE).unwrap();
    world.run_until_quiet().unwrap();
    for (notebook, node) in [(old, BEN), (new, CHLOE), (new, BEN), (old, ANA)] {
        let device = world.device(node).unwrap();
        let mut member =
            HostileMember::new(&device.identity, replica(&world, node, notebook), 0xee).unwrap();
        // Its creator may repeat what the first entry names, which changes nothing, and nothing else.
        let is_creator = notebook == new && node == BEN;
        let plain = raw_body([0; 32], &[]);
        let first = member.sign_as(plain.clone(), |header| header.kind = EntryKind::BasePart);
        let mut entries = vec![first.clone()];
        if is_creator {
            entries.push(member.sign_as(plain, |header| {
                header.kind = EntryKind::BasePart;
                header.seq = Seq::new(2);
                header.previous = first.hash();
            }));
        }
        let judge = if node == CHLOE { BEN } else { CHLOE };
        let taken = world.act(judge, |engine, _, _| {
            let replica = engine.replica_mut(notebook).unwrap();
            let taken: Vec<_> = entries
                .into_iter()
                .map(|entry| replica.ingest_entry(entry))
                .collect();
            taken
        });
        let last = taken.unwrap().pop().unwrap();
        assert!(
            matches!(last, Err(IngestError::PartElsewhere(_))),
            "{node}: {last:?}"
        );
    }
}

#[test]
fn a_part_that_is_not_the_one_named_is_set_aside_by_name_and_the_base_stands() {
    let (mut world, old) = world(44);
    let new = fork(&mut world, BEN, old);
    let told = authors(&world, BEN, new);
    world.pair(BEN, CHLOE, new).unwrap();
    world.meet(BEN, CHLOE).unwrap();
    world.run_until_quiet().unwrap();
    let device = world.device(BEN).unwrap();
    let mut member = HostileMember::new(&device.identity, replica(&world, BEN, new), 0xee).unwrap();
    let entry = member.sign_as(raw_body([0; 32], &[]), |header| {
        header.kind = EntryKind::BasePart;
    });
    let hash = entry.hash();
    let reasons = world.act(CHLOE, |engine, disk, _| {
        let replica = engine.replica_mut(new).unwrap();
        replica.ingest_entry(entry).unwrap();
        replica.advance(disk).unwrap();
        replica.set_aside().get(&hash).map(|it| it.reason.clone())
    });
    let reason = reasons.unwrap().unwrap();
    assert!(reason.contains("not the part"), "{reason}");
    assert_eq!(authors(&world, CHLOE, new), told);
    restart(&mut world, CHLOE);
    assert_eq!(authors(&world, CHLOE, new), told);
}

/// Sets a key in what a document shows, as a modified program of somebody.
fn put(document: &mut Automerge, signer: &HostileMember, value: impl Into<ScalarValue>) -> Change {
    document.set_actor(ActorId::from(signer.actor().as_bytes().as_slice()));
    let mut transaction = document.transaction();
    transaction.put(ROOT, "key", value).unwrap();
    transaction.commit();
    scan(document.get_last_local_change().unwrap().raw_bytes()).unwrap()
}

/// What Chloe's devices wrote: one place of a log twice, a log of more entries than may wait at once, and a log of more
/// bytes than may.
fn forked_and_long(world: &World, old: NotebookId) -> Vec<RawEntry> {
    const LONG: DocumentId = DocumentId::from_bytes([5; 16]);
    const BIG_BYTES: usize = 200_000;
    let signer = |incarnation| {
        let device = world.device(CHLOE).unwrap();
        let known = replica(world, CHLOE, old);
        HostileMember::new(&device.identity, known, incarnation).unwrap()
    };
    let mut entries = Vec::new();
    for branch in 0..2 {
        let mut copy = signer(1);
        let change = put(&mut Automerge::new(), &copy, branch);
        entries.push(copy.sign_changes(&[(DocumentId::from_bytes([4; 16]), change)]));
    }
    let (mut many, mut document) = (signer(2), Automerge::new());
    for number in 0..=WAITING_ENTRIES_PER_LOG_MAX as i64 {
        let change = put(&mut document, &many, number);
        entries.push(many.sign_changes(&[(LONG, change)]));
    }
    let (mut big, mut random) = (signer(3), ChaCha20Rng::seed_from_u64(3));
    for _ in 0..=WAITING_BYTES_PER_LOG_MAX / BIG_BYTES {
        let mut bytes = vec![0; BIG_BYTES];
        random.fill_bytes(&mut bytes);
        let change = put(&mut document, &big, bytes);
        entries.push(big.sign_changes(&[(LONG, change)]));
    }
    entries
}

#[test]
fn a_notebook_with_long_logs_and_a_forked_one_is_gone_on_from_as_any_other() {
    let (mut world, old) = world(45);
    let entries = forked_and_long(&world, old);
    let written = entries.len() as u64;
    world.act(BEN, |engine, disk, _| {
        let replica = engine.replica_mut(old).unwrap();
        for some in entries.chunks(8) {
            for entry in some {
                replica.receive_entry(entry.clone(), true, disk).unwrap();
            }
            replica.advance(disk).unwrap();
            disk.commit(old, replica.unsaved()).unwrap();
            replica.saved();
        }
    });
    let chloe = world.person_at(CHLOE).unwrap();
    let of_chloe = |world: &World, notebook| {
        let told = authors(world, BEN, notebook).into_iter();
        let told = told.filter(|(person, _)| *person == chloe);
        told.map(|(_, changes)| changes).sum::<u64>()
    };
    let new = fork(&mut world, BEN, old);
    // One of the two branches does not count.
    assert!(of_chloe(&world, new) >= written - 1);
    // Its base is longer than what may wait of a log.
    let third = fork(&mut world, BEN, new);
    assert_eq!(of_chloe(&world, third), of_chloe(&world, new));
    restart(&mut world, BEN);
    assert_eq!(of_chloe(&world, third), of_chloe(&world, new));
    let disk = &world.device(BEN).unwrap().disk;
    let checked = replica(&world, BEN, third).check_base(disk).unwrap();
    assert!(checked.unwrap().is_ok());
}
