//! Documents ahead of their entries: what a new device is shown first, and what somebody who makes them up can do
//! with them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use automerge::transaction::Transactable;
use automerge::{Automerge, ROOT};
use hearth_core::control::Role;
use hearth_core::document::pack::Section;
use hearth_core::document::{Change, ChangeHash, DocumentId, scan};
use hearth_core::ids::{LogId, NotebookId};
use hearth_core::log::{Ahead, AheadLog, PackKind, RawEntry, documents_of, seal_kind};
use hearth_core::replica::{AheadRefused, Replica};
use hearth_core::storage::Storage;
use hearth_testkit::dice::Dice;
use hearth_testkit::disk::MemoryDisk;
use hearth_testkit::world::{GOALS, World};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const ANA: usize = 0;
const BEN: usize = 1;
const LATE: usize = 2;

/// Entries of a pack, so that some dozens of entries are much.
const PACK_ENTRIES: u64 = 16;

/// Ana and Ben have written much; somebody else was let in before that and was away.
fn apart(seed: u64, edits: usize) -> (World, NotebookId) {
    let mut world = World::new(seed, 3).unwrap();
    let notebook = world.create(ANA, Role::Mentor).unwrap();
    world.start_note(ANA, notebook).unwrap();
    for node in [BEN, LATE] {
        world.pair(ANA, node, notebook).unwrap();
        world.meet(ANA, node).unwrap();
    }
    world.run_until_quiet().unwrap();
    world.crash(LATE);
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

/// Who has all, who has nearly nothing, and what both have on their disks.
struct Sides {
    notebook: NotebookId,
    ana: Replica,
    ana_disk: MemoryDisk,
    late: Replica,
    late_disk: MemoryDisk,
}

impl Sides {
    fn new(seed: u64) -> Self {
        let (world, notebook) = apart(seed, 120);
        let disk = |node: usize| {
            let mut disk = world.device(node).unwrap().disk.clone();
            disk.restart();
            disk
        };
        let open = |node: usize| {
            let secrets = Arc::clone(&world.device(node).unwrap().identity.device);
            let mut replica = Replica::open(notebook, secrets, &disk(node)).unwrap();
            replica.set_pack_entries(PACK_ENTRIES);
            replica
        };
        Self {
            notebook,
            ana: open(ANA),
            ana_disk: disk(ANA),
            late: open(LATE),
            late_disk: disk(LATE),
        }
    }

    fn entries(&self) -> Vec<RawEntry> {
        let read = self.ana_disk.entries(self.notebook, 0, usize::MAX).unwrap();
        let read = read.into_iter();
        read.map(|(_, bytes)| RawEntry::parse_any(bytes).unwrap())
            .collect()
    }

    /// All changes of Ana's documents.
    fn sections(&mut self) -> Vec<Section> {
        let key = *self
            .ana
            .keys()
            .epochs()
            .collect::<Vec<_>>()
            .first()
            .unwrap();
        let key = self.ana.keys().get(&key).unwrap().clone();
        let entries = self.entries();
        let ids: BTreeSet<DocumentId> = entries
            .iter()
            .flat_map(|entry| {
                let key = self.ana.keys().get(&entry.header().epoch).unwrap_or(&key);
                documents_of(self.notebook, entry, key)
            })
            .collect();
        let mut sections = Vec::new();
        for id in ids {
            self.ana.load_document(id, &self.ana_disk).unwrap();
            let document = self.ana.documents().get(&id).unwrap();
            let changes = document.get_changes(&[]);
            let changes = changes.iter().map(|one| scan(one.raw_bytes()).unwrap());
            sections.push((id, changes.collect()));
        }
        sections
    }

    /// The last entry of each log with its proof.
    fn logs(&self, sections: &[Section]) -> Vec<AheadLog> {
        let ids: BTreeSet<DocumentId> = sections.iter().map(|(id, _)| *id).collect();
        let mut last: BTreeMap<LogId, RawEntry> = BTreeMap::new();
        for entry in self.entries() {
            last.insert(entry.header().log, entry);
        }
        let states = self.ana.log_states();
        let logs = last.into_iter().map(|(log, entry)| AheadLog {
            entry: Arc::new(entry),
            proof: states[&log].tips.as_ref().unwrap().prove(&ids),
        });
        logs.collect()
    }

    fn seal(&self, ahead: &[u8]) -> Vec<u8> {
        let epoch = self.ana.membership().current_epoch().unwrap();
        let key = self.ana.keys().get(&epoch).unwrap();
        seal_kind(PackKind::Ahead, self.ana.tag(), (epoch, key), ahead)
    }

    fn take(&mut self, sealed: &[u8]) -> Result<(), AheadRefused> {
        self.late.take_ahead(sealed, &self.late_disk)
    }

    fn heads(replica: &mut Replica, disk: &MemoryDisk, id: DocumentId) -> Vec<ChangeHash> {
        replica.load_document(id, disk).unwrap();
        let document = replica.documents().get(&id);
        document.map(Automerge::get_heads).unwrap_or_default()
    }
}

#[test]
fn whoever_lacks_much_is_shown_the_documents_and_has_acknowledged_nothing() {
    let mut sides = Sides::new(81);
    let before = sides.late.frontier_digest();
    let sealed = sides.ana.documents_ahead(&sides.ana_disk).unwrap().unwrap();
    sides.take(&sealed).unwrap();
    assert!(sides.late.is_ahead());
    let here = Sides::heads(&mut sides.late, &sides.late_disk, GOALS);
    let there = Sides::heads(&mut sides.ana, &sides.ana_disk, GOALS);
    let ahead = sides.late.ahead(&GOALS).unwrap();
    assert_eq!(ahead.get_heads(), there);
    assert_ne!(here, there);
    assert_eq!(sides.late.frontier_digest(), before);
    assert!(!sides.late.has_unsaved());

    // Made ready while nobody waits, it is the same.
    assert!(!sides.ana.make_ahead(&mut sides.ana_disk, false).unwrap());
    assert!(sides.ana.make_ahead(&mut sides.ana_disk, false).unwrap());
    assert!(!sides.ana.make_ahead(&mut sides.ana_disk, true).unwrap());
    assert_eq!(
        sides.ana.documents_ahead(&sides.ana_disk).unwrap(),
        Some(sealed)
    );
}

#[test]
fn what_came_ahead_is_shown_until_the_entries_are_placed_and_no_longer() {
    let mut sides = Sides::new(82);
    let sealed = sides.ana.documents_ahead(&sides.ana_disk).unwrap().unwrap();
    sides.take(&sealed).unwrap();
    let entries = sides.entries();
    let (last, before) = entries.split_last().unwrap();
    for entry in before {
        sides.late.ingest_entry(entry.clone()).unwrap();
        sides.late.advance(&sides.late_disk).unwrap();
        assert!(sides.late.is_ahead());
    }
    sides.late.ingest_entry(last.clone()).unwrap();
    assert!(sides.late.is_ahead(), "it is here and not placed");
    sides.late.advance(&sides.late_disk).unwrap();
    assert!(!sides.late.is_ahead());
    let here = sides.late.documents().get(&GOALS).unwrap();
    let there = Sides::heads(&mut sides.ana, &sides.ana_disk, GOALS);
    assert_eq!(here.get_heads(), there);
    // Whoever has all is shown nothing ahead.
    assert_eq!(sides.take(&sealed), Err(AheadRefused::Behind));
}

#[test]
fn what_lacks_something_that_came_since_is_no_longer_shown() {
    let mut sides = Sides::new(83);
    // Made before the last entries were written.
    let sealed = sides.ana.documents_ahead(&sides.ana_disk).unwrap().unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(83);
    sides
        .ana
        .edit(&sides.ana_disk, &mut rng, |session| {
            let document = session.write(GOALS)?;
            let mut transaction = document.transaction();
            transaction.put(ROOT, "news", "since").unwrap();
            transaction.commit();
            Ok::<_, hearth_core::storage::StorageError>(())
        })
        .unwrap();
    let news = sides.ana.recent(sides.ana.next_position() - 1).unwrap();
    for entry in sides.entries() {
        sides.late.ingest_entry(entry).unwrap();
    }
    // All that it holds is here and not placed yet.
    let mut sides_late = Sides::new(83);
    sides_late.take(&sealed).unwrap();
    for entry in sides_late.entries() {
        sides_late.late.ingest_entry(entry).unwrap();
    }
    assert!(sides_late.late.is_ahead());
    sides_late.late.ingest_entry((*news).clone()).unwrap();
    assert!(!sides_late.late.is_ahead());
}

#[test]
fn what_this_device_writes_meanwhile_is_shown_as_well() {
    let mut sides = Sides::new(84);
    let sealed = sides.ana.documents_ahead(&sides.ana_disk).unwrap().unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(84);
    let write = |late: &mut Replica, disk: &MemoryDisk, rng: &mut ChaCha20Rng, key: &str| {
        let key = key.to_owned();
        late.edit(disk, rng, |session| {
            let document = session.write(GOALS)?;
            let mut transaction = document.transaction();
            transaction.put(ROOT, key.as_str(), "own").unwrap();
            transaction.commit();
            Ok::<_, hearth_core::storage::StorageError>(())
        })
        .unwrap();
    };
    write(&mut sides.late, &sides.late_disk, &mut rng, "before");
    sides.take(&sealed).unwrap();
    write(&mut sides.late, &sides.late_disk, &mut rng, "after");
    let document = sides.late.ahead(&GOALS).unwrap();
    let hashes: BTreeSet<ChangeHash> = {
        let changes = document.get_changes(&[]);
        changes.iter().map(automerge::Change::hash).collect()
    };
    let own = sides.late.documents().get(&GOALS).unwrap();
    let there = Sides::heads(&mut sides.ana, &sides.ana_disk, GOALS);
    assert!(own.get_heads().iter().all(|head| hashes.contains(head)));
    assert!(there.iter().all(|head| hashes.contains(head)));
}

/// A change by somebody who is in no log.
fn foreign(deps: &[Change]) -> Change {
    let actor = automerge::ActorId::from([9; 16].as_slice());
    let mut document = Automerge::new();
    let changes = deps.iter();
    let changes = changes.map(|one| automerge::Change::try_from(one.bytes()).unwrap());
    document.apply_changes(changes).unwrap();
    let mut document = document.with_actor(actor);
    let mut transaction = document.transaction();
    transaction.put(ROOT, "mine", "forged").unwrap();
    transaction.commit();
    scan(document.get_last_local_change().unwrap().raw_bytes()).unwrap()
}

#[test]
fn whatever_is_forged_moved_dropped_repeated_or_stale_is_not_shown() {
    let mut sides = Sides::new(85);
    let honest = sides.sections();
    let logs = sides.logs(&honest);
    assert!(honest.len() >= 2 && logs.len() >= 2);
    let mut dice = ChaCha20Rng::seed_from_u64(85);
    let mut refused: BTreeMap<u32, usize> = BTreeMap::new();
    for round in 0..400_u32 {
        let (mut sections, mut logs) = (honest.clone(), logs.clone());
        let which = dice.index(sections.len());
        let count = sections[which].1.len();
        let (at, to) = (dice.index(count), dice.index(count));
        let kind = round % 9;
        match kind {
            0 => drop(sections[which].1.remove(at)),
            1 if at != to => sections[which].1.swap(at, to),
            2 => {
                let again = sections[which].1[at].clone();
                sections[which].1.insert(to, again);
            }
            3 => {
                let forged = foreign(&sections[which].1);
                sections[which].1.push(forged);
            }
            // A stale document: its last changes are missing.
            4 => sections[which].1.truncate(at),
            // A change of another document.
            5 => {
                let other = (which + 1) % sections.len();
                let moved = sections[other].1[0].clone();
                sections[which].1.push(moved);
            }
            // A document under the name of another.
            6 => sections[which].0 = DocumentId::from_bytes([7; 16]),
            // An end that was signed before, with the proof of the newest.
            7 => {
                let log = dice.index(logs.len());
                let id = logs[log].entry.header().log;
                let earlier: Vec<RawEntry> = sides
                    .entries()
                    .into_iter()
                    .filter(|entry| entry.header().log == id)
                    .collect();
                let Some((_, earlier)) = earlier.split_last() else {
                    continue;
                };
                if earlier.is_empty() {
                    continue;
                }
                let stale = earlier[dice.index(earlier.len())].clone();
                logs[log].entry = Arc::new(stale);
            }
            // The log of somebody is left out.
            8 => drop(logs.remove(dice.index(logs.len()))),
            _ => continue,
        }
        if sections == honest && kind < 7 {
            continue;
        }
        sections.retain(|(_, changes)| !changes.is_empty());
        let Ok(written) = Ahead::write(&logs, &sections) else {
            continue;
        };
        let sealed = sides.seal(&written);
        let shown = sides.take(&sealed);
        // A document that is left out altogether is not shown, and so no lie.
        let is_left_out = sections.len() < honest.len()
            && sections.iter().all(|section| honest.contains(section));
        if is_left_out {
            sides = Sides::new(85);
            continue;
        }
        assert!(shown.is_err(), "round {round}, kind {kind}: {shown:?}");
        assert!(!sides.late.is_ahead());
        *refused.entry(kind).or_default() += 1;
    }
    println!("refused by kind: {refused:?}");
    assert_eq!(refused.len(), 9);
    let written = Ahead::write(&logs, &honest).unwrap();
    let sealed = sides.seal(&written);
    sides.take(&sealed).unwrap();
}

#[test]
fn no_altered_byte_shows_another_document() {
    let mut sides = Sides::new(86);
    let sections = sides.sections();
    let written = Ahead::write(&sides.logs(&sections), &sections).unwrap();
    let sealed = sides.seal(&written);
    for at in (0..sealed.len()).step_by(7) {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert!(sides.take(&altered).is_err(), "byte {at}");
    }
    let honest: BTreeMap<DocumentId, Vec<ChangeHash>> = sections
        .iter()
        .map(|(id, _)| (*id, sides.ana.documents().get(id).unwrap().get_heads()))
        .collect();
    let (mut refused, mut same) = (0, 0);
    for at in 0..written.len() {
        let mut altered = written.clone();
        altered[at] ^= 1 << (at % 8);
        let sealed = sides.seal(&altered);
        if sides.take(&sealed).is_err() {
            refused += 1;
            continue;
        }
        for (id, heads) in &honest {
            let shown = sides.late.ahead(id).map(Automerge::get_heads);
            assert!(shown.is_none_or(|shown| shown == *heads), "byte {at}");
        }
        same += 1;
        sides = Sides::new(86);
    }
    println!("{refused} refused, {same} show the same");
    assert!(refused > same * 20);
}

#[test]
fn what_is_for_others_or_may_not_count_is_not_shown() {
    let mut sides = Sides::new(87);
    let sealed = sides.ana.documents_ahead(&sides.ana_disk).unwrap().unwrap();
    assert_eq!(Sides::new(88).take(&sealed), Err(AheadRefused::Sealed));
    sides.take(&sealed).unwrap();

    // Once somebody has another role, what they wrote before may not have counted: the entries are to say so.
    let ben = sides
        .entries()
        .into_iter()
        .map(|entry| entry.header().log.device);
    let own = sides.ana.own_device();
    let ben = ben.into_iter().find(|device| *device != own);
    let (person, _) = sides.ana.controls().device(&ben.unwrap()).unwrap();
    let known = sides.ana.controls().len();
    let mut rng = ChaCha20Rng::seed_from_u64(87);
    sides
        .ana
        .set_role(person, Role::Observer, &mut rng)
        .unwrap();
    for entry in sides.ana.controls().iter().skip(known) {
        sides.late.ingest_control(entry.clone()).unwrap();
    }
    assert!(!sides.late.is_ahead());
    assert!(matches!(
        sides.take(&sealed),
        Err(AheadRefused::Doubtful(_))
    ));
}
