//! Packs of entries: what a peer that lacks much is sent, and what somebody who makes them up can do with them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::sync::Arc;

use hearth_core::control::Role;
use hearth_core::crypto::SIGNATURE_BYTES;
use hearth_core::ids::{LogId, NotebookId, Seq};
use hearth_core::log::{EntryPack, LogStates, RawEntry, pack_entries, seal_pack, trim_pack};
use hearth_core::replica::{PackRefused, Replica};
use hearth_core::storage::Storage;
use hearth_core::sync::Session;
use hearth_testkit::dice::Dice;
use hearth_testkit::disk::MemoryDisk;
use hearth_testkit::world::World;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const ANA: usize = 0;
const BEN: usize = 1;
const LATE: usize = 2;
const LATER: usize = 3;

/// Ana and Ben have written much; two others are in their notebook since before, and were away.
fn apart(seed: u64, edits: usize) -> (World, NotebookId) {
    let mut world = World::new(seed, 4).unwrap();
    let notebook = world.create(ANA, Role::Mentor).unwrap();
    world.start_note(ANA, notebook).unwrap();
    for node in [BEN, LATE, LATER] {
        world.pair(ANA, node, notebook).unwrap();
        world.meet(ANA, node).unwrap();
    }
    world.run_until_quiet().unwrap();
    world.crash(LATE);
    world.crash(LATER);
    for round in 0..edits {
        let writer = if round % 3 == 0 { BEN } else { ANA };
        world.edit(writer, notebook).unwrap();
        if round % 5 == 0 {
            world.run_until_quiet().unwrap();
        }
    }
    world.run_until_quiet().unwrap();
    (world, notebook)
}

fn entries(disk: &MemoryDisk, notebook: NotebookId) -> Vec<RawEntry> {
    let read = disk.entries(notebook, 0, usize::MAX).unwrap();
    read.into_iter()
        .map(|(_, bytes)| RawEntry::parse_any(bytes).unwrap())
        .collect()
}

fn count_bare(world: &World, node: usize, notebook: NotebookId) -> (usize, usize) {
    let entries = entries(&world.device(node).unwrap().disk, notebook);
    let bare = entries.iter().filter(|entry| entry.is_bare()).count();
    (bare, entries.len())
}

/// Makes all packs of a device with so many entries each.
fn pack(world: &mut World, node: usize, entries: u64) -> usize {
    let device = world.device_mut(node).unwrap();
    let engine = device.engine.as_mut().unwrap();
    engine.set_pack_entries(entries);
    let mut packs = 0;
    while engine.make_pack(&mut device.disk).unwrap() {
        packs += 1;
    }
    packs
}

#[test]
fn whoever_lacks_much_is_sent_packs_and_passes_on_what_has_no_signature() {
    for (seed, passes_packs) in [(61, true), (62, false)] {
        let (mut world, notebook) = apart(seed, 120);
        assert!(pack(&mut world, ANA, 40) >= 3);
        world.start(LATE).unwrap();
        world.meet(ANA, LATE).unwrap();
        world.run_until_quiet().unwrap();
        let (bare, all) = count_bare(&world, LATE, notebook);
        println!("{bare} of {all} entries came without signature");
        assert!(bare * 2 > all && count_bare(&world, ANA, notebook) == (0, all));

        world.crash(ANA);
        world.crash(BEN);
        world.start(LATER).unwrap();
        // Packed anew, or one by one, each frame with what proves it.
        let packs = pack(&mut world, LATE, if passes_packs { 25 } else { 0 });
        assert_eq!(packs > 2, passes_packs);
        world.meet(LATE, LATER).unwrap();
        world.run_until_quiet().unwrap();
        assert!(count_bare(&world, LATER, notebook).0 > 0);
        for node in [ANA, BEN] {
            world.start(node).unwrap();
            world.meet(LATER, node).unwrap();
        }
        world.edit(LATER, notebook).unwrap();
        world.run_until_quiet().unwrap();
        world.check_converged().unwrap();
    }
}

#[test]
fn a_peer_that_has_most_of_a_pack_is_sent_the_rest_of_it_as_a_pack() {
    let (mut world, notebook) = apart(63, 70);
    world.start(LATE).unwrap();
    world.meet(ANA, LATE).unwrap();
    world.run_until_quiet().unwrap();
    let (_, had) = count_bare(&world, LATE, notebook);
    world.crash(LATE);
    for _ in 0..80 {
        world.edit(ANA, notebook).unwrap();
        world.edit(BEN, notebook).unwrap();
        world.run_until_quiet().unwrap();
    }
    let (_, all) = count_bare(&world, ANA, notebook);
    let shared_pack = (had + 40) as u64;
    assert!(pack(&mut world, ANA, shared_pack) >= 1);
    world.start(LATE).unwrap();
    world.meet(ANA, LATE).unwrap();
    world.run_until_quiet().unwrap();
    let disk = &world.device(LATE).unwrap().disk;
    let held = entries(disk, notebook);
    assert_eq!(held.len(), all);
    // Of each log the pack proves the last entry with a signature, and only that one.
    let in_pack = &held[had..had + 40];
    let signed = in_pack.iter().filter(|entry| !entry.is_bare()).count();
    assert_eq!(signed, 2);
    agree_with_late(world);
}

/// A device that was away has met one that packed, and nothing is left to be said.
fn caught_up_by_packs(seed: u64) -> (World, NotebookId) {
    let (mut world, notebook) = apart(seed, 120);
    assert!(pack(&mut world, ANA, 40) >= 3);
    world.start(LATE).unwrap();
    world.meet(ANA, LATE).unwrap();
    world.run_until_quiet().unwrap();
    (world, notebook)
}

/// Whoever is still away comes back and hears all from the one that caught up, and all agree.
fn agree_with_late(mut world: World) {
    world.start(LATER).unwrap();
    world.meet(LATE, LATER).unwrap();
    world.run_until_quiet().unwrap();
    world.check_converged().unwrap();
}

/// What a device has, as it says, and whether something of it is to be placed yet.
fn holds(world: &World, node: usize, notebook: NotebookId) -> ([u8; 32], bool) {
    let engine = world.device(node).unwrap().engine.as_ref().unwrap();
    let replica = engine.replica(notebook).unwrap();
    (replica.frontier_digest(), replica.is_behind())
}

#[test]
fn packs_are_acknowledged_before_they_are_placed_and_read_only_afterwards() {
    let (mut world, notebook) = caught_up_by_packs(63);
    let (digest, is_behind) = holds(&world, LATE, notebook);
    assert!(is_behind);
    assert_eq!(digest, holds(&world, ANA, notebook).0);
    let device = world.device(LATE).unwrap().identity.device.id();
    let engine = world.device(ANA).unwrap().engine.as_ref().unwrap();
    let of_late = |(_, session): &(_, &Session)| session.peer() == device;
    let (_, session) = engine.sessions().find(of_late).unwrap();
    let acknowledged = session.view(notebook).unwrap().signed.clone().unwrap();
    assert_eq!(acknowledged.frontier.digest(), digest);

    // Bit by bit, as while nobody waits.
    let late = world.device_mut(LATE).unwrap();
    let engine = late.engine.as_mut().unwrap();
    let before = engine.take_effects().len();
    let mut steps = 0;
    while engine.is_behind() {
        engine.catch_up_some(&mut late.disk);
        steps += 1;
    }
    let shown = engine.take_effects().len() - before.min(1);
    println!("{steps} steps, {shown} effects");
    assert!(shown > 100);
    agree_with_late(world);
}

#[test]
fn what_was_acknowledged_and_not_placed_is_there_after_a_crash() {
    let (mut world, notebook) = caught_up_by_packs(64);
    assert!(holds(&world, LATE, notebook).1);
    world.crash(LATE);
    world.start(LATE).unwrap();
    assert!(!holds(&world, LATE, notebook).1);
    world.meet(ANA, LATE).unwrap();
    agree_with_late(world);
}

#[test]
fn whoever_writes_before_packs_are_placed_builds_on_all_that_was_acknowledged() {
    let (mut world, notebook) = caught_up_by_packs(65);
    assert!(holds(&world, LATE, notebook).1);
    world.edit(LATE, notebook).unwrap();
    assert!(!holds(&world, LATE, notebook).1);
    world.run_until_quiet().unwrap();
    agree_with_late(world);
}

/// What a hostile member puts into a pack, from what others wrote.
struct Forger {
    replica: Replica,
    victim: Replica,
    disk: MemoryDisk,
    entries: Vec<RawEntry>,
}

impl Forger {
    fn new(seed: u64) -> Self {
        let (world, notebook) = apart(seed, 40);
        let disk = |node: usize| {
            let mut disk = world.device(node).unwrap().disk.clone();
            disk.restart();
            disk
        };
        let open = |node: usize| {
            let secrets = Arc::clone(&world.device(node).unwrap().identity.device);
            Replica::open(notebook, secrets, &disk(node)).unwrap()
        };
        let all = entries(&disk(ANA), notebook);
        let known = entries(&disk(LATE), notebook).len();
        // The victim has those from before, as everybody had them.
        Self {
            replica: open(ANA),
            victim: open(LATE),
            disk: disk(LATE),
            entries: all[known..].to_vec(),
        }
    }

    /// Packs entries as they are given, behind what the victim has, and seals the pack.
    fn pack(&self, entries: &[RawEntry]) -> Option<Vec<u8>> {
        let (mut states, keys) = (self.states(), self.replica.keys());
        let pack = pack_entries(self.replica.notebook(), entries, keys, &mut states).ok()?;
        Some(self.seal(&pack))
    }

    fn seal(&self, pack: &[u8]) -> Vec<u8> {
        let epoch = self.replica.membership().current_epoch().unwrap();
        let key = self.replica.keys().get(&epoch).unwrap();
        seal_pack(self.replica.tag(), (epoch, key), pack)
    }

    /// Has the victim make the entries of a pack.
    fn unpack(&mut self, sealed: &[u8]) -> Result<Vec<RawEntry>, PackRefused> {
        let unpacked = self.victim.unpack(sealed, &self.disk);
        unpacked.map(|unpacked| unpacked.entries)
    }

    /// How far the victim's logs are.
    fn states(&self) -> LogStates {
        self.victim.log_states()
    }
}

fn is_prefix_of_each_log(made: &[RawEntry], all: &[RawEntry]) -> bool {
    let logs = pack_logs(made);
    logs.iter().all(|log| {
        let of = |entries: &[RawEntry]| -> Vec<_> {
            let of_log = entries.iter().filter(|entry| entry.header().log == *log);
            of_log.map(RawEntry::hash).collect()
        };
        of(all).starts_with(&of(made))
    })
}

#[test]
fn a_pack_gives_back_every_entry_and_one_signature_for_each_log() {
    let mut forger = Forger::new(71);
    let sealed = forger.pack(&forger.entries).unwrap();
    let made = forger.unpack(&sealed).unwrap();
    assert_eq!(made.len(), forger.entries.len());
    for (made, entry) in made.iter().zip(&forger.entries) {
        let bytes = entry.as_bytes();
        let unsigned = &bytes[..bytes.len() - SIGNATURE_BYTES];
        let expected = if made.is_bare() { unsigned } else { bytes };
        assert_eq!(made.as_bytes(), expected);
    }
    let signed = made.iter().filter(|entry| !entry.is_bare()).count();
    let raw: usize = forger
        .entries
        .iter()
        .map(|entry| entry.as_bytes().len())
        .sum();
    println!(
        "{} entries, {raw} bytes: {} packed, {signed} signatures",
        made.len(),
        sealed.len()
    );
    assert_eq!(signed, 2);
    assert!(sealed.len() * 4 < raw);
}

#[test]
fn a_trimmed_pack_gives_what_follows_a_place_of_each_log_and_nothing_else() {
    let forger = Forger::new(76);
    let (notebook, keys) = (forger.replica.notebook(), forger.replica.keys());
    let whole = pack_entries(notebook, &forger.entries, keys, &mut forger.states()).unwrap();
    for cut in 0..=forger.entries.len() {
        let (had, lacked) = forger.entries.split_at(cut);
        let mut states = forger.states();
        for entry in had {
            // Alone each is proven by itself, and the states move on behind it.
            pack_entries(notebook, std::slice::from_ref(entry), keys, &mut states).unwrap();
        }
        let tips = states.clone();
        let had = |log: &LogId| tips.get(log).map_or(Seq::NONE, |state| state.tip.0);
        let Some(trimmed) = trim_pack(&whole, had).unwrap() else {
            assert!(lacked.is_empty());
            continue;
        };
        let pack = EntryPack::parse(&trimmed).unwrap();
        let made = pack.entries(notebook, keys, &mut states).unwrap();
        let hashes = |entries: &[RawEntry]| entries.iter().map(RawEntry::hash).collect::<Vec<_>>();
        assert_eq!(hashes(&made), hashes(lacked), "cut at {cut}");
        assert!(cut * 2 < forger.entries.len() || trimmed.len() < whole.len());
        for log in pack_logs(&made) {
            let last = made.iter().rfind(|entry| entry.header().log == log);
            assert!(last.is_some_and(|entry| !entry.is_bare()));
        }
    }
}

fn pack_logs(entries: &[RawEntry]) -> BTreeSet<LogId> {
    entries.iter().map(|entry| entry.header().log).collect()
}

#[test]
fn whatever_is_left_out_moved_repeated_or_made_up_in_a_pack_is_refused() {
    let mut forger = Forger::new(72);
    let mut dice = ChaCha20Rng::seed_from_u64(72);
    let (mut refused, mut harmless) = (0, 0);
    for round in 0..400 {
        let mut entries = forger.entries.clone();
        let at = dice.index(entries.len());
        let to = dice.index(entries.len());
        match round % 5 {
            0 => {
                entries.remove(at);
            }
            1 => entries.swap(at, to),
            2 => {
                let again = entries[at].clone();
                entries.insert(to, again);
            }
            3 => {
                // A stale end: the last entries are missing, and the one that is last now is bare.
                let end = &entries[at];
                let bytes = end.as_bytes()[..end.as_bytes().len() - SIGNATURE_BYTES].to_vec();
                entries.truncate(at);
                entries.push(RawEntry::parse_any(bytes).unwrap());
            }
            _ => {
                // Bits of an entry are flipped, its signature included.
                let mut bytes = entries[at].as_bytes().to_vec();
                let bit = dice.index(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
                let Ok(entry) = RawEntry::parse_any(bytes) else {
                    continue;
                };
                entries[at] = entry;
            }
        }
        let made = forger.pack(&entries).map(|sealed| forger.unpack(&sealed));
        match made {
            // What is whole is judged on its own: it has to be signed, and in its place.
            Some(Ok(made)) => {
                let genuine = is_prefix_of_each_log(&made, &forger.entries);
                let signed = made.iter().filter(|entry| !genuine && !entry.is_bare());
                let forged = signed
                    .filter(|entry| !forger.entries.contains(entry))
                    .count();
                assert!(genuine || forged > 0, "round {round}");
                harmless += 1;
            }
            Some(Err(_)) | None => refused += 1,
        }
    }
    println!("{refused} refused, {harmless} harmless");
    assert!(refused > 250);
}

#[test]
fn no_altered_byte_of_a_pack_gives_other_entries() {
    let mut forger = Forger::new(73);
    let sealed = forger.pack(&forger.entries).unwrap();
    let honest: Vec<_> = forger.entries.iter().map(RawEntry::hash).collect();
    // The seal.
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert!(forger.unpack(&altered).is_err(), "byte {at}");
    }
    // What a member can seal.
    let mut states = forger.states();
    let keys = forger.replica.keys();
    let notebook = forger.replica.notebook();
    let pack = pack_entries(notebook, &forger.entries, keys, &mut states).unwrap();
    let (mut refused, mut same) = (0, 0);
    for at in 0..pack.len() {
        for bit in [0, 3, 7] {
            let mut altered = pack.clone();
            altered[at] ^= 1 << bit;
            let sealed = forger.seal(&altered);
            match forger.unpack(&sealed) {
                Ok(made) => {
                    let made: Vec<_> = made.iter().map(RawEntry::hash).collect();
                    assert_eq!(made, honest, "byte {at}");
                    same += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    println!("{refused} refused, {same} give the same entries");
    assert!(refused > same * 20);
}

#[test]
fn a_pack_for_others_or_without_a_key_is_refused_as_such() {
    let mut forger = Forger::new(74);
    let sealed = forger.pack(&forger.entries).unwrap();
    let mut other = Forger::new(75);
    assert_eq!(other.unpack(&sealed), Err(PackRefused::Sealed));
    assert_eq!(
        forger
            .unpack(&[])
            .map_err(|error| error.to_string().is_empty()),
        Err(false)
    );
}
