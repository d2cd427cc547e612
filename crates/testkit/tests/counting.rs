//! What counts, what is kept without counting, and what is shown all the same since honest work built
//! on it: alike on every replica, whatever came first, and after every restart.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::sync::Arc;

use automerge::transaction::Transactable;
use automerge::{Automerge, ROOT, ReadDoc};
use hearth_core::control::Role;
use hearth_core::document::{Change, DocumentId, scan};
use hearth_core::ids::{EntryHash, NotebookId, PersonId};
use hearth_core::log::RawEntry;
use hearth_core::replica::{IngestError, Ingested, Replica};
use hearth_core::storage::Storage;
use hearth_testkit::adversary::{Chunk, HostileMember, with_start_op};
use hearth_testkit::disk::MemoryDisk;
use hearth_testkit::world::World;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const VICTIM: usize = 0;
const OBSERVER: usize = 1;
const WRITER: usize = 2;
const DOCUMENT: DocumentId = DocumentId::from_bytes([9; 16]);
const OTHER: DocumentId = DocumentId::from_bytes([8; 16]);

/// A notebook of somebody who may write, an observer, and a third who may write.
struct Ends {
    world: World,
    notebook: NotebookId,
}

impl Ends {
    fn new() -> Self {
        let mut world = World::new(41, 3).unwrap();
        let notebook = world.create(VICTIM, Role::Mentor).unwrap();
        world.start_note(VICTIM, notebook).unwrap();
        for (node, role) in [(OBSERVER, Role::Observer), (WRITER, Role::Peer)] {
            let expires_ms = world.time_of(VICTIM) + 1_000_000;
            let ticket = world
                .invite_until(VICTIM, notebook, role, false, expires_ms)
                .unwrap();
            world.join_and_wait(node, &ticket).unwrap();
            world.meet(VICTIM, node).unwrap();
        }
        world.run_until_quiet().unwrap();
        Self { world, notebook }
    }

    fn signer(&self, node: usize) -> HostileMember {
        let device = self.world.device(node).unwrap();
        let replica = device.replica(self.notebook).unwrap();
        HostileMember::new(&device.identity, replica, 0x51).unwrap()
    }

    fn disk(&self) -> MemoryDisk {
        self.world.device(VICTIM).unwrap().disk.clone()
    }

    fn open(&self, disk: &MemoryDisk) -> Replica {
        let secrets = Arc::clone(&self.world.device(VICTIM).unwrap().identity.device);
        Replica::open(self.notebook, secrets, disk).unwrap()
    }
}

/// Sets a key on top of what a document shows.
fn put(document: &mut Automerge, signer: &HostileMember, key: &str) -> Change {
    document.set_actor(automerge::ActorId::from(
        signer.actor().as_bytes().as_slice(),
    ));
    let mut transaction = document.transaction();
    transaction.put(ROOT, key, key).unwrap();
    transaction.commit();
    scan(document.get_last_local_change().unwrap().raw_bytes()).unwrap()
}

fn keys(replica: &mut Replica, disk: &MemoryDisk, id: DocumentId) -> Vec<String> {
    replica.load_document(id, disk).unwrap();
    let document = replica.documents().get(&id);
    document.map_or_else(Vec::new, |document| document.keys(ROOT).collect())
}

fn take(replica: &mut Replica, disk: &MemoryDisk, entries: &[&RawEntry], apart: bool) {
    for entry in entries {
        assert_eq!(
            replica.ingest_entry((*entry).clone()),
            Ok(Ingested::Kept),
            "{entry:?}"
        );
        if apart {
            replica.advance(disk).unwrap();
        }
    }
    replica.advance(disk).unwrap();
}

fn commit(replica: &mut Replica, disk: &mut MemoryDisk) {
    disk.commit(replica.notebook(), replica.unsaved()).unwrap();
    replica.saved();
}

fn reason<'a>(replica: &'a Replica, entry: &RawEntry) -> Option<&'a str> {
    let hash: EntryHash = entry.hash();
    let set_aside = replica.set_aside().get(&hash)?;
    Some(&set_aside.reason)
}

#[test]
fn an_observers_entry_is_kept_named_and_not_shown_and_breaks_nothing() {
    let ends = Ends::new();
    let mut observer = ends.signer(OBSERVER);
    let mut document = Automerge::new();
    let first = put(&mut document, &observer, "first");
    let entry = observer.sign_changes(&[(DOCUMENT, first)]);
    let disk = ends.disk();
    let mut victim = ends.open(&disk);
    take(&mut victim, &disk, &[&entry], false);
    assert!(keys(&mut victim, &disk, DOCUMENT).is_empty());
    assert!(reason(&victim, &entry).unwrap().contains("may not write"));
    assert_eq!(victim.waiting(), 0);
    let tip = (observer.tip.0, entry.hash());
    assert_eq!(victim.frontier().logs.get(&observer.log), Some(&tip));
}

/// The writer had no reason to doubt what the observer's modified program showed.
#[test]
fn what_counted_work_builds_on_is_shown_whatever_comes_first() {
    let ends = Ends::new();
    let (mut observer, mut writer) = (ends.signer(OBSERVER), ends.signer(WRITER));
    let mut document = Automerge::new();
    let early = put(&mut document, &observer, "early");
    let late = put(&mut document, &observer, "late");
    let on_top = put(&mut document, &writer, "on top");
    let unseen = put(&mut document, &observer, "unseen");
    let early = observer.sign_changes(&[(DOCUMENT, early)]);
    let late = observer.sign_changes(&[(DOCUMENT, late)]);
    let unseen = observer.sign_changes(&[(DOCUMENT, unseen)]);
    let elsewhere = put(&mut Automerge::new(), &writer, "elsewhere");
    let elsewhere = writer.sign_changes(&[(OTHER, elsewhere)]);
    let on_top = writer.sign_changes(&[(DOCUMENT, on_top)]);
    let whom = BTreeSet::from([ends.world.device(WRITER).unwrap().identity.person()]);
    let orders: [[&RawEntry; 5]; 3] = [
        [&early, &late, &unseen, &elsewhere, &on_top],
        [&elsewhere, &on_top, &early, &late, &unseen],
        [&early, &elsewhere, &on_top, &late, &unseen],
    ];
    for order in orders {
        for apart in [false, true] {
            for saved_after in 0..=order.len() {
                let mut disk = ends.disk();
                let mut victim = ends.open(&disk);
                let (before, after) = order.split_at(saved_after);
                take(&mut victim, &disk, before, apart);
                commit(&mut victim, &mut disk);
                victim.snapshot();
                commit(&mut victim, &mut disk);
                let mut victim = ends.open(&disk);
                take(&mut victim, &disk, after, apart);
                commit(&mut victim, &mut disk);
                for mut victim in [ends.open(&disk), victim] {
                    let shown = keys(&mut victim, &disk, DOCUMENT);
                    assert_eq!(shown, ["early", "late", "on top"], "{saved_after} {apart}");
                    assert_eq!(keys(&mut victim, &disk, OTHER), ["elsewhere"]);
                    assert_eq!(victim.waiting(), 0);
                    assert!(reason(&victim, &late).unwrap().contains("built on"));
                    assert_eq!(reason(&victim, &on_top), None);
                    let adopted = victim.adopted(usize::MAX, &disk).unwrap();
                    let by: Vec<&BTreeSet<PersonId>> =
                        adopted.values().map(|one| &one.built_on_by).collect();
                    // Both are shown for one who wrote on top of the later one alone.
                    assert_eq!(by, [&whom, &whom], "{saved_after} {apart}");
                    assert!(
                        adopted.contains_key(&early.hash()) && adopted.contains_key(&late.hash())
                    );
                    assert!(victim.adopted(0, &disk).unwrap().is_empty());
                }
            }
        }
    }
}

/// Half of what an entry builds on is not valid: then nothing of it may be shown, or whoever had
/// looked at the other half first would show more.
#[test]
fn what_builds_on_something_invalid_adopts_nothing() {
    let ends = Ends::new();
    let (mut observer, mut writer) = (ends.signer(OBSERVER), ends.signer(WRITER));
    let mut document = Automerge::new();
    let sound = put(&mut document, &observer, "sound");
    let on_top = put(&mut document, &writer, "on top");
    let mut other = Automerge::new();
    let bent = put(&mut other, &observer, "bent");
    let bent = with_start_op(&bent, 77).unwrap();
    let sound = observer.sign_changes(&[(DOCUMENT, sound)]);
    let bent = scan(&bent).unwrap();
    let bent_hash = bent.facts().hash;
    let bent = observer.sign_changes(&[(OTHER, bent)]);
    let both = {
        let mut other = Automerge::new();
        other.set_actor(automerge::ActorId::from(
            writer.actor().as_bytes().as_slice(),
        ));
        let mut transaction = other.transaction();
        transaction.put(ROOT, "both", "both").unwrap();
        transaction.commit();
        let change = scan(other.get_last_local_change().unwrap().raw_bytes()).unwrap();
        let mut chunk = Chunk::parse(change.bytes()).unwrap();
        chunk.deps = vec![bent_hash];
        let on_bent = scan(&chunk.to_bytes()).unwrap();
        writer.sign_changes(&[(DOCUMENT, on_top), (OTHER, on_bent)])
    };
    for order in [[&sound, &bent, &both], [&both, &sound, &bent]] {
        let disk = ends.disk();
        let mut victim = ends.open(&disk);
        take(&mut victim, &disk, &order, true);
        assert!(keys(&mut victim, &disk, DOCUMENT).is_empty());
        assert!(keys(&mut victim, &disk, OTHER).is_empty());
        assert_eq!(victim.waiting(), 0);
    }
}

/// Has the victim replace the key in force, and returns the control heads after it.
fn rekey(victim: &mut Replica) -> Vec<hearth_core::ids::ControlHash> {
    let mut random = ChaCha20Rng::seed_from_u64(4);
    victim.rekey(None, &mut random).unwrap();
    victim.controls().heads_to_name()
}

/// What an entry knew of the members, the next one of its log knows as well.
#[test]
fn an_entry_that_forgets_what_the_one_before_it_knew_is_refused() {
    let ends = Ends::new();
    let mut writer = ends.signer(WRITER);
    let mut victim = ends.open(&ends.disk());
    let old = std::mem::replace(&mut writer.heads, rekey(&mut victim));
    let first = writer.sign(vec![0; 90]);
    assert_eq!(victim.ingest_entry(first), Ok(Ingested::Kept));
    writer.heads = old;
    let forgets = writer.sign(vec![0; 90]);
    let device = writer.log.device;
    assert_eq!(
        victim.ingest_entry(forgets),
        Err(IngestError::HeadsRegress(device))
    );
}

/// An entry whose control heads are not all here is not taken yet, and is once they are.
#[test]
fn an_entry_whose_control_heads_are_not_here_comes_again_once_they_are() {
    let ends = Ends::new();
    let mut writer = ends.signer(WRITER);
    let (mut other, mut victim) = (ends.open(&ends.disk()), ends.open(&ends.disk()));
    writer.heads = rekey(&mut other);
    let entry = writer.sign(vec![0; 90]);
    assert_eq!(
        victim.ingest_entry(entry.clone()),
        Err(IngestError::ControlMissing)
    );
    let news: Vec<_> = other.controls().iter().cloned().collect();
    victim.ingest_controls(news).unwrap();
    assert_eq!(victim.ingest_entry(entry), Ok(Ingested::Kept));
}

/// A log with so many branches is nobody's honest mistake: it counts up to where they part.
#[test]
fn a_shattered_log_counts_up_to_its_first_fork() {
    let ends = Ends::new();
    let disk = ends.disk();
    let mut victim = ends.open(&disk);
    let mut writer = ends.signer(WRITER);
    let mut document = Automerge::new();
    let first = put(&mut document, &writer, "first");
    let first = writer.sign_changes(&[(DOCUMENT, first)]);
    let branches: Vec<RawEntry> = (0..8)
        .map(|branch| {
            let (mut signer, mut document) = (writer.clone(), document.clone());
            let change = put(&mut document, &signer, &format!("branch {branch}"));
            signer.sign_changes(&[(DOCUMENT, change)])
        })
        .collect();
    assert_eq!(
        victim.receive_entry(first, false, &disk),
        Ok(Ingested::Kept)
    );
    for (number, entry) in branches.iter().enumerate() {
        let taken = victim.receive_entry(entry.clone(), false, &disk);
        assert_eq!(taken, Ok(Ingested::Kept));
        victim.advance(&disk).unwrap();
        let shown = keys(&mut victim, &disk, DOCUMENT);
        // Up to seven one of them counts.
        let of_branches = usize::from(number + 1 < branches.len());
        assert_eq!(shown.len(), 1 + of_branches, "{number}: {shown:?}");
        assert!(shown.contains(&"first".to_owned()));
    }
    for entry in &branches {
        assert!(reason(&victim, entry).is_some(), "each is named");
    }
}
