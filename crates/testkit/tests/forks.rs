//! Forked logs, late entries and removals, in any order: what is shown is a function of what is here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use automerge::transaction::Transactable;
use automerge::{Automerge, ChangeHash, ROOT, ReadDoc};
use hearth_core::control::{ControlEntry, ControlKind, CutLog, Role};
use hearth_core::document::{DocumentId, scan};
use hearth_core::epoch::Wraps;
use hearth_core::ids::{EntryHash, NotebookId};
use hearth_core::limits::FREEZE_PATIENCE_MS;
use hearth_core::log::RawEntry;
use hearth_core::replica::{IngestError, Replica};
use hearth_core::storage::{Storage, Write};
use hearth_testkit::adversary::HostileMember;
use hearth_testkit::dice::Dice;
use hearth_testkit::disk::MemoryDisk;
use hearth_testkit::world::{GOALS, NOTE, NOTES, World};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const DOCUMENTS: [DocumentId; 2] = [
    DocumentId::from_bytes([0x31; 16]),
    DocumentId::from_bytes([0x32; 16]),
];

/// A notebook of five people of whom the first two are admins.
struct Ends {
    world: World,
    notebook: NotebookId,
}

impl Ends {
    fn new() -> Self {
        let mut world = World::new(51, 5).unwrap();
        let notebook = world.create(0, Role::Peer).unwrap();
        world.start_note(0, notebook).unwrap();
        for node in 1..5 {
            let expires_ms = world.time_of(0) + 1_000_000;
            let ticket = world
                .invite_until(0, notebook, Role::Peer, node == 1, expires_ms)
                .unwrap();
            world.join_and_wait(node, &ticket).unwrap();
            world.meet(0, node).unwrap();
        }
        world.run_until_quiet().unwrap();
        Self { world, notebook }
    }

    fn open(&self, node: usize, disk: &MemoryDisk) -> Replica {
        let secrets = Arc::clone(&self.world.device(node).unwrap().identity.device);
        Replica::open(self.notebook, secrets, disk).unwrap()
    }
}

/// Something that travels.
#[derive(Clone)]
enum Item {
    Entry(RawEntry),
    Control(ControlEntry),
    Keys(Box<Wraps>),
}

/// Somebody's program, or one branch of a copied one: a log and what it shows.
#[derive(Clone)]
struct Writer {
    signer: HostileMember,
    shown: BTreeMap<DocumentId, Automerge>,
}

impl Writer {
    fn write(&mut self, document: DocumentId, key: &str) -> RawEntry {
        let actor = automerge::ActorId::from(self.signer.actor().as_bytes().as_slice());
        let shown = self.shown.entry(document).or_default();
        shown.set_actor(actor);
        let mut transaction = shown.transaction();
        transaction.put(ROOT, key, key).unwrap();
        transaction.commit();
        let change = scan(shown.get_last_local_change().unwrap().raw_bytes()).unwrap();
        self.signer.sign_changes(&[(document, change)])
    }

    /// Shows what another one does; not where the two have seen different branches.
    fn see(&mut self, other: &Self) {
        for (document, theirs) in &other.shown {
            let mut mine = self.shown.get(document).cloned().unwrap_or_default();
            if mine.merge(&mut theirs.clone()).is_ok() {
                self.shown.insert(*document, mine);
            }
        }
        let knows_all = other.signer.heads.len() >= self.signer.heads.len();
        if knows_all {
            self.signer.heads.clone_from(&other.signer.heads);
        }
    }
}

struct History {
    items: Vec<Item>,
    events: BTreeMap<&'static str, u64>,
}

/// Draws what five people do: they write, see what others wrote, some of them sign two histories, admins
/// remove people and name branches.
fn draw(ends: &Ends, seed: u64) -> History {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let mut writers: Vec<Writer> = (1..5)
        .map(|node| {
            let device = ends.world.device(node).unwrap();
            let replica = device.replica(ends.notebook).unwrap();
            Writer {
                signer: HostileMember::new(&device.identity, replica, 0x61).unwrap(),
                shown: BTreeMap::new(),
            }
        })
        .collect();
    let mut admins: Vec<(MemoryDisk, Replica)> = (0..2)
        .map(|node| {
            let disk = ends.world.device(node).unwrap().disk.clone();
            let replica = ends.open(node, &disk);
            (disk, replica)
        })
        .collect();
    let mut items: Vec<Item> = Vec::new();
    let mut events: BTreeMap<&'static str, u64> = BTreeMap::new();
    let steps = 10 + random.index(30);
    for step in 0..steps {
        match random.below(20) {
            0..9 => {
                let writer = random.index(writers.len());
                let document = *random.pick(&DOCUMENTS).unwrap();
                let entry = writers[writer].write(document, &format!("{step}"));
                items.push(Item::Entry(entry));
                *events.entry("writes").or_default() += 1;
            }
            9..15 => {
                let (one, other) = (random.index(writers.len()), random.index(writers.len()));
                let other = writers[other].clone();
                writers[one].see(&other);
            }
            15..17 if writers.len() < 9 => {
                let twin = random.pick(&writers).unwrap().clone();
                writers.push(twin);
                *events.entry("forks").or_default() += 1;
            }
            kind => {
                let admin = random.index(admins.len());
                let (disk, replica) = &mut admins[admin];
                if random.chance(2) {
                    deliver(replica, disk, &mut items.clone(), &mut random, false);
                }
                let before: BTreeSet<_> = replica.controls().iter().map(|e| e.hash()).collect();
                let target = random.pick(&writers).unwrap().signer.clone();
                if kind < 18 {
                    let person = ends
                        .world
                        .devices
                        .iter()
                        .find(|device| device.id() == target.log.device)
                        .unwrap()
                        .identity
                        .person();
                    if replica.remove(person, &mut random).is_ok() {
                        *events.entry("removals").or_default() += 1;
                    }
                } else {
                    let branch = CutLog {
                        log: target.log,
                        seq: target.tip.0,
                        hash: target.tip.1,
                    };
                    if target.tip.0.get() > 0 && replica.freeze(branch).is_ok() {
                        *events.entry("freezes").or_default() += 1;
                    }
                }
                commit(replica, disk);
                let new = replica.controls().iter();
                items.extend(
                    new.filter(|entry| !before.contains(&entry.hash()))
                        .map(|entry| Item::Control(entry.clone())),
                );
                let wraps = replica.wraps().values();
                items.extend(wraps.map(|wraps| Item::Keys(Box::new(wraps.clone()))));
                if random.chance(3) {
                    let heads = replica.controls().heads_to_name();
                    let knows = random.index(writers.len());
                    writers[knows].signer.heads = heads;
                }
            }
        }
    }
    History { items, events }
}

fn commit(replica: &mut Replica, disk: &mut MemoryDisk) {
    replica.advance(disk).unwrap();
    disk.commit(replica.notebook(), replica.unsaved()).unwrap();
    replica.saved();
}

/// Delivers items in a random order until nothing more finds its place.
fn deliver(
    replica: &mut Replica,
    disk: &mut MemoryDisk,
    items: &mut Vec<Item>,
    random: &mut ChaCha20Rng,
    all: bool,
) {
    for place in (1..items.len()).rev() {
        items.swap(place, random.index(place + 1));
    }
    if !all {
        items.truncate(random.index(items.len() + 1));
    }
    let mut left = items.clone();
    loop {
        let before = left.len();
        left.retain(|item| {
            if random.chance(3) {
                replica.advance(disk).unwrap();
            }
            match item {
                Item::Control(entry) => {
                    // One whose past is not here yet comes again.
                    let heads = &entry.heads;
                    let is_early = heads.iter().any(|h| replica.controls().get(h).is_none());
                    if !is_early {
                        replica.ingest_control(entry.clone()).unwrap();
                    }
                    is_early
                }
                Item::Keys(wraps) => {
                    replica.controls().get(&wraps.epoch.rekey()).is_none() || {
                        replica.ingest_wraps((**wraps).clone());
                        false
                    }
                }
                Item::Entry(entry) => match replica.receive_entry(entry.clone(), true, disk) {
                    Ok(_) | Err(IngestError::HeadsRegress(_) | IngestError::NotMember(_)) => false,
                    Err(IngestError::Gap { .. } | IngestError::ControlMissing) => true,
                    Err(error) => panic!("{error}"),
                },
            }
        });
        if left.len() == before {
            break;
        }
    }
    replica.advance(disk).unwrap();
}

type Shown = BTreeMap<DocumentId, BTreeSet<ChangeHash>>;

fn shown(replica: &mut Replica, disk: &MemoryDisk) -> Shown {
    let mut shown = Shown::new();
    for id in DOCUMENTS {
        replica.load_document(id, disk).unwrap();
        if let Some(document) = replica.documents().get(&id) {
            shown.insert(id, document.get_heads().into_iter().collect());
        }
    }
    shown
}

/// What is set aside, and why.
type Named = BTreeMap<EntryHash, String>;

fn all_of(replica: &mut Replica, disk: &MemoryDisk) -> (Shown, [u8; 32], Named) {
    let named = replica.set_aside().iter();
    let named = named.map(|(hash, entry)| (*hash, entry.reason.clone()));
    let named = named.collect();
    (shown(replica, disk), replica.frontier_digest(), named)
}

#[test]
fn what_is_shown_follows_from_what_is_here_whatever_came_first() {
    let ends = Ends::new();
    let mut events: BTreeMap<&'static str, u64> = BTreeMap::new();
    let seeds = std::env::var("HEARTH_SEED")
        .ok()
        .and_then(|s| s.parse().ok());
    let count = std::env::var("HEARTH_SEEDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(60);
    for seed in seeds.map_or(0..count, |seed: u64| seed..seed + 1) {
        let history = draw(&ends, seed);
        for (event, count) in &history.events {
            *events.entry(event).or_default() += count;
        }
        let mut first: Option<(Shown, [u8; 32], Named)> = None;
        for order in 0..4 {
            let mut random = ChaCha20Rng::seed_from_u64(seed * 64 + order);
            let mut disk = ends.world.device(0).unwrap().disk.clone();
            let mut replica = ends.open(0, &disk);
            let mut items = history.items.clone();
            if order > 0 {
                // Part of it, a saved state, a restart, and then the rest.
                deliver(&mut replica, &mut disk, &mut items, &mut random, false);
                commit(&mut replica, &mut disk);
                if random.chance(2) {
                    replica.snapshot();
                    commit(&mut replica, &mut disk);
                }
                replica = ends.open(0, &disk);
                items = history.items.clone();
            }
            deliver(&mut replica, &mut disk, &mut items, &mut random, true);
            commit(&mut replica, &mut disk);
            let now = all_of(&mut replica, &disk);
            let mut again = ends.open(0, &disk);
            let after = all_of(&mut again, &disk);
            assert_eq!(after, now, "seed {seed}, order {order}, opened again");
            let wanted = first.get_or_insert(now.clone());
            assert_eq!(
                now, *wanted,
                "seed {seed}, order {order}: HEARTH_SEED={seed}"
            );
            if order == 0 {
                for set_aside in replica.set_aside().values() {
                    let kind = [
                        "forked",
                        "built on",
                        "builds on",
                        "when it came",
                        "no member",
                    ]
                    .into_iter()
                    .find(|kind| set_aside.reason.contains(kind));
                    *events.entry(kind.unwrap_or("other")).or_default() += 1;
                }
            }
        }
    }
    println!("{events:?}");
    if seeds.is_none() {
        for event in [
            "forked",
            "built on",
            "builds on",
            "when it came",
            "freezes",
            "removals",
        ] {
            assert!(
                events.contains_key(event),
                "{event} was never tried: {events:?}"
            );
        }
    }
}

/// One writes the same place of a log twice. Nobody has built on either branch: the lower hash counts. A third builds on
/// the other one: then that one counts.
#[test]
fn the_branch_that_somebody_else_built_on_counts_and_without_one_the_lower_hash() {
    let ends = Ends::new();
    let writer = |node: usize, incarnation: u8| {
        let device = ends.world.device(node).unwrap();
        let replica = device.replica(ends.notebook).unwrap();
        Writer {
            signer: HostileMember::new(&device.identity, replica, incarnation).unwrap(),
            shown: BTreeMap::new(),
        }
    };
    let mut one = writer(1, 0x71);
    let mut other = one.clone();
    let mut branches = [
        (one.write(DOCUMENTS[0], "one"), one),
        (other.write(DOCUMENTS[0], "other"), other),
    ];
    branches.sort_by_key(|(entry, _)| entry.hash());
    let [(lower, _), (higher, seen)] = &branches;
    let mut third = writer(2, 0x72);
    third.see(seen);
    let on_top = third.write(DOCUMENTS[0], "on top");
    for is_reversed in [false, true] {
        let disk = ends.world.device(0).unwrap().disk.clone();
        let mut replica = ends.open(0, &disk);
        let mut entries = [lower, higher];
        if is_reversed {
            entries.reverse();
        }
        for entry in entries {
            replica.receive_entry(entry.clone(), true, &disk).unwrap();
            replica.advance(&disk).unwrap();
        }
        let counts =
            |replica: &Replica, entry: &RawEntry| !replica.set_aside().contains_key(&entry.hash());
        assert!(counts(&replica, lower) && !counts(&replica, higher));
        replica.receive_entry(on_top.clone(), true, &disk).unwrap();
        replica.advance(&disk).unwrap();
        assert!(counts(&replica, higher) && !counts(&replica, lower));
        let named = &replica.set_aside()[&lower.hash()];
        assert!(
            named.reason.contains("more people built"),
            "{}",
            named.reason
        );
    }
}

/// Puts entries on a device's own disk, as if its program had kept them.
fn put_on_disk(world: &mut World, node: usize, notebook: NotebookId, entries: &[RawEntry]) {
    world.crash(node);
    let appended = entries
        .iter()
        .map(|entry| Write::Append(entry.as_bytes().to_vec()));
    let device = world.device_mut(node).unwrap();
    device.disk.restart();
    device
        .disk
        .commit(notebook, &appended.collect::<Vec<_>>())
        .unwrap();
    world.start(node).unwrap();
}

/// What two devices show and hold of a notebook.
fn copies(world: &mut World, nodes: &[usize], notebook: NotebookId) -> Vec<(Shown, [u8; 32])> {
    let mut copies = Vec::new();
    for node in nodes {
        let device = world.device_mut(*node).unwrap();
        let disk = device.disk.clone();
        let engine = device.engine.as_mut().unwrap();
        let replica = engine.replica_mut(notebook).unwrap();
        copies.push((shown(replica, &disk), replica.frontier_digest()));
    }
    copies
}

/// Whichever branch is longer, and whichever side dials, both come to hold both branches on one connection
/// and go on from there.
#[test]
fn devices_that_hold_different_branches_exchange_them_and_go_on() {
    for (ours, theirs) in [(1, 1), (1, 4), (4, 1), (3, 3)] {
        for dialler in [0, 2] {
            let ends = Ends::new();
            let (mut world, notebook) = (ends.world, ends.notebook);
            let device = world.device(1).unwrap();
            let replica = device.replica(notebook).unwrap();
            let mut writer = Writer {
                signer: HostileMember::new(&device.identity, replica, 0x61).unwrap(),
                shown: BTreeMap::new(),
            };
            let common: Vec<RawEntry> = (0..300)
                .map(|n| writer.write(DOCUMENTS[0], &format!("both {n}")))
                .collect();
            for (node, count, name) in [(0, ours, "ours"), (2, theirs, "theirs")] {
                let mut branch = writer.clone();
                let mut entries = common.clone();
                let own = (0..count).map(|n| branch.write(DOCUMENTS[1], &format!("{name} {n}")));
                entries.extend(own);
                put_on_disk(&mut world, node, notebook, &entries);
            }
            world.run_for(6_000).unwrap();
            let (before, _) = world.network.delivered();
            world.dial(dialler, 2 - dialler);
            world.run_until_quiet().unwrap();
            let (after, _) = world.network.delivered();
            assert!(after - before < 60, "{} frames", after - before);
            let held = copies(&mut world, &[0, 2], notebook);
            assert_eq!(held[0], held[1], "{ours} {theirs} {dialler}");
            let log = writer.signer.log;
            let replica = world.device_mut(0).unwrap().engine.as_mut().unwrap();
            let replica = replica.replica_mut(notebook).unwrap();
            assert_eq!(replica.frontier().tips(&log).count(), 2);
            assert!(
                replica
                    .set_aside()
                    .values()
                    .any(|set_aside| set_aside.reason.contains("forked"))
            );

            // What either writes now reaches the other, on this connection and on the next.
            for round in 0..2 {
                for node in [0, 2] {
                    while !world.edit(node, notebook).unwrap() {}
                    world.run_until_quiet().unwrap();
                }
                let held = copies(&mut world, &[0, 2], notebook);
                assert_eq!(held[0], held[1], "{ours} {theirs} {dialler} {round}");
                world.crash(2);
                world.start(2).unwrap();
                world.run_for(6_000).unwrap();
                let (before, _) = world.network.delivered();
                world.dial(dialler, 2 - dialler);
                world.run_until_quiet().unwrap();
                let (after, _) = world.network.delivered();
                assert!(after - before < 12, "{} frames", after - before);
            }
            for node in [0, 2] {
                let device = world.device(node).unwrap();
                assert!(device.stopped.is_empty(), "{:?}", device.stopped);
                let closed = device.closed.keys();
                assert!(
                    !closed.clone().any(|why| why.contains("protocol")),
                    "{closed:?}"
                );
            }
        }
    }
}

/// Types into the shared note of a document.
fn type_into(document: &mut Automerge, at: usize, text: &str) {
    let note = document.get(ROOT, NOTE).unwrap().unwrap().1;
    let mut transaction = document.transaction();
    transaction.splice_text(&note, at, 0, text).unwrap();
    transaction.commit();
}

fn edit(
    world: &mut World,
    node: usize,
    notebook: NotebookId,
    work: impl FnOnce(&mut hearth_core::replica::EditSession<'_>),
) {
    let device = world.device_mut(node).unwrap();
    let engine = device.engine.as_mut().unwrap();
    let mut random = ChaCha20Rng::seed_from_u64(99);
    engine
        .edit(notebook, &mut device.disk, &mut random, |session| {
            work(session);
            Ok::<_, std::convert::Infallible>(())
        })
        .unwrap();
    engine.flush(&mut device.disk, 0, true);
}

fn value(world: &mut World, node: usize, notebook: NotebookId, key: &str) -> Option<String> {
    let device = world.device_mut(node).unwrap();
    let replica = device
        .engine
        .as_mut()
        .unwrap()
        .replica_mut(notebook)
        .unwrap();
    replica.load_document(GOALS, &device.disk).unwrap();
    let document = replica.documents().get(&GOALS)?;
    match document.get(ROOT, key).unwrap()? {
        (automerge::Value::Object(_), id) => document.text(id).ok(),
        (value, _) => value.into_string().ok(),
    }
}

#[test]
fn what_honest_people_wrote_on_the_losing_branch_is_written_again_once() {
    let ends = Ends::new();
    let (mut world, notebook) = (ends.world, ends.notebook);
    let device = world.device(1).unwrap();
    let replica = device.replica(notebook).unwrap();
    let forker = HostileMember::new(&device.identity, replica, 0x61).unwrap();
    let note = world
        .device(0)
        .unwrap()
        .replica(notebook)
        .unwrap()
        .documents();
    let note = note.get(&NOTES).unwrap().clone();
    let mut branches = Vec::new();
    for (node, text) in [(2, "ALPHA beta gamma "), (0, "OTHER ")] {
        let mut forker = forker.clone();
        let mut shown = note.clone();
        shown.set_actor(automerge::ActorId::from(
            forker.actor().as_bytes().as_slice(),
        ));
        type_into(&mut shown, 0, text);
        let change = scan(shown.get_last_local_change().unwrap().raw_bytes()).unwrap();
        let entry = forker.sign_changes(&[(NOTES, change)]);
        put_on_disk(&mut world, node, notebook, &[entry]);
        branches.push(forker.tip);
    }
    // On top of one branch: inside of what the forker typed, behind it, and things of its own.
    edit(&mut world, 2, notebook, |session| {
        type_into(session.write(NOTES).unwrap(), 5, " (mine)");
        let document = session.write(GOALS).unwrap();
        let mut transaction = document.transaction();
        transaction.put(ROOT, "my goal", "run").unwrap();
        let text = transaction
            .put_object(ROOT, "my text", automerge::ObjType::Text)
            .unwrap();
        transaction
            .splice_text(&text, 0, 0, "a long story")
            .unwrap();
        transaction.commit();
    });
    edit(&mut world, 2, notebook, |session| {
        let document = session.write(NOTES).unwrap();
        let note = document.get(ROOT, NOTE).unwrap().unwrap().1;
        let end = document.length(&note);
        type_into(document, end, "the end");
        let document = session.write(GOALS).unwrap();
        let text = document.get(ROOT, "my text").unwrap().unwrap().1;
        let mut transaction = document.transaction();
        transaction.splice_text(&text, 1, 5, " short").unwrap();
        transaction.commit();
    });
    let device = world.device_mut(0).unwrap();
    let engine = device.engine.as_mut().unwrap();
    let (seq, hash) = branches[1];
    let log = forker.log;
    engine
        .replica_mut(notebook)
        .unwrap()
        .freeze(CutLog { log, seq, hash })
        .unwrap();
    engine.flush(&mut device.disk, 0, true);
    world.run_for(6_000).unwrap();
    world.meet(0, 2).unwrap();
    world.run_until_quiet().unwrap();
    for round in 0..2 {
        let held = copies(&mut world, &[0, 2], notebook);
        assert_eq!(held[0], held[1], "{round}");
        for node in [0, 2] {
            let text = world.note_text(node, notebook).unwrap();
            assert_eq!(
                text, " (mine)OTHER What we talked about: the end",
                "{node} {round}"
            );
            let goal = value(&mut world, node, notebook, "my goal");
            assert_eq!(goal.as_deref(), Some("run"), "{node} {round}");
            let story = value(&mut world, node, notebook, "my text");
            assert_eq!(story.as_deref(), Some("a short story"), "{node} {round}");
        }
        world.crash(2);
        world.start(2).unwrap();
        world.run_for(6_000).unwrap();
        world.meet(0, 2).unwrap();
        while !world.edit(4, notebook).unwrap() {}
        world.run_until_quiet().unwrap();
    }
}

/// Three admins hold both branches of somebody else's log, linked with each other.
#[test]
fn once_nobody_else_has_an_admins_node_names_the_branch_that_counts_and_one_does() {
    let ends = Ends::new();
    let (mut world, notebook) = (ends.world, ends.notebook);
    let device = world.device(1).unwrap();
    let replica = device.replica(notebook).unwrap();
    let log = HostileMember::new(&device.identity, replica, 0x61).unwrap();
    let mut writer = Writer {
        signer: log.clone(),
        shown: BTreeMap::new(),
    };
    let log = log.log;
    let common = writer.write(DOCUMENTS[0], "both");
    for (node, name) in [(0, "ours"), (2, "theirs")] {
        let entry = writer.clone().write(DOCUMENTS[1], name);
        put_on_disk(&mut world, node, notebook, &[common.clone(), entry]);
    }
    // The forker is away. Of the others all are admins.
    let admins = [0, 2, 3];
    world.crash(1);
    for node in [2, 3] {
        let person = world.device(node).unwrap().identity.person();
        let given = world.act(0, |engine, disk, random| {
            engine.set_admin(notebook, person, true, disk, random)
        });
        let _was_admin = given.unwrap();
    }
    world.run_for(6_000).unwrap();
    for (one, other) in [(0, 2), (0, 3), (2, 3)] {
        world.meet(one, other).unwrap();
    }
    world.run_until_quiet().unwrap();
    let freezes = |world: &World, node: usize| {
        let replica = world.device(node).unwrap().replica(notebook).unwrap();
        let entries = replica.controls().iter();
        let names = |kind: &ControlKind| matches!(kind, ControlKind::Freeze(it) if it.0.log == log);
        entries.filter(|entry| names(&entry.kind)).count()
    };
    // The third has nothing of that log, and gets both branches of it.
    let before = copies(&mut world, &admins, notebook);
    assert!(before.iter().all(|copy| *copy == before[0]), "{before:?}");
    world.run_for(FREEZE_PATIENCE_MS / 2).unwrap();
    assert_eq!(freezes(&world, 0), 0, "the log's own person may name one");
    for (one, other) in [(0, 2), (0, 3), (2, 3)] {
        world.meet(one, other).unwrap();
    }
    world.run_for(FREEZE_PATIENCE_MS).unwrap();
    world.run_until_quiet().unwrap();
    let after = copies(&mut world, &admins, notebook);
    for (place, node) in admins.into_iter().enumerate() {
        assert_eq!(freezes(&world, node), 1, "{node}");
        assert_eq!(after[place], after[0], "{node}");
        assert_eq!(after[place].0, before[place].0, "{node}");
        let device = world.device(node).unwrap();
        let replica = device.replica(notebook).unwrap();
        let mut reasons = replica.set_aside().values();
        assert!(
            reasons.any(|it| it.reason.contains("other one was chosen")),
            "{node}"
        );
    }
}
