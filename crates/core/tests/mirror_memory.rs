//! What a mirror takes in memory that serves two hundred notebooks of fifty people.
//!
//! The notebooks are made by another process, so that what that took and gave back does not pass for room. Fifty
//! devices, of the same fifty people, are connected for all of them at once; then something is pushed in each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]
#![allow(
    clippy::disallowed_methods,
    reason = "notebooks lie in files, and the system alone knows its memory"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hearth_core::codec::{Reader, Writer};
use hearth_core::control::ControlEntry;
use hearth_core::crypto::Secret;
use hearth_core::engine::ConnectionId;
use hearth_core::frontier::{Frontier, SignedFrontier};
use hearth_core::identity::{DeviceSecrets, MirrorPass, MirrorSecrets, Roster};
use hearth_core::ids::{EpochId, LogId, NotebookId};
use hearth_core::limits::MIRROR_OPEN_MAX;
use hearth_core::log::RawEntry;
use hearth_core::mirror::{Mirror, MirrorConnection, MirrorLimits, MirrorTicket};
use hearth_core::replica::Replica;
use hearth_core::storage::{
    CapsulePlace, CapsuleRecord, Position, Records, Space, Storage, StorageError, Write,
};
use hearth_core::sync::{Holding, Outline, Session, Shared};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use support::{NoDisk, Person, admit, write};

const PEOPLE: u64 = 50;
const NOTEBOOKS: u64 = 200;
const NOW_MS: u64 = 1_800_000_000_000;
/// Where the other process puts notebooks.
const FOLDER: &str = "HEARTH_MEMORY_FOLDER";
/// The most that all of it may take, in bytes: a third of what two hundred open notebooks would.
const BYTES_MAX: u64 = 200_000_000;

/// Bytes of this process in memory.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = status.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

fn mirror_keys() -> (Arc<MirrorSecrets>, MirrorPass) {
    let seeds = [Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32])];
    let secrets = Arc::new(MirrorSecrets::from_seeds(seeds));
    (secrets, MirrorPass::from_bytes([3; 16]))
}

fn people() -> Vec<Person> {
    (0..PEOPLE).map(|seed| Person::draw(1_000 + seed)).collect()
}

/// A disk of one file a notebook: what was written, in order.
struct FileDisk(PathBuf);

/// A number that stands for an entry of the stream where a space's stands for a record.
const APPENDED: u8 = 0;

impl FileDisk {
    fn file(&self, notebook: NotebookId) -> PathBuf {
        self.0.join(notebook.to_string())
    }

    fn written(&self, notebook: NotebookId) -> Vec<(u8, Vec<u8>, Vec<u8>)> {
        let bytes = std::fs::read(self.file(notebook)).unwrap_or_default();
        let mut reader = Reader::new(&bytes);
        let mut written = Vec::new();
        while reader.remaining() > 0 {
            let space = reader.u8("space").unwrap();
            let key = reader.bytes("key", 1 << 10).unwrap().to_vec();
            let value = reader.bytes("value", 1 << 28).unwrap().to_vec();
            written.push((space, key, value));
        }
        written
    }
}

impl Storage for FileDisk {
    fn keep_roster(&mut self, _: &Roster) -> Result<(), StorageError> {
        Ok(())
    }

    fn keep_capsule(
        &mut self,
        _: CapsulePlace,
        _: Option<CapsuleRecord<'_>>,
    ) -> Result<(), StorageError> {
        Ok(())
    }

    fn capsule_heads(&self) -> Result<Vec<Vec<u8>>, StorageError> {
        Ok(Vec::new())
    }

    fn capsule(&self, _: CapsulePlace) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }

    fn commit(&mut self, notebook: NotebookId, writes: &[Write]) -> Result<(), StorageError> {
        let mut writer = Writer::new();
        for write in writes {
            match write {
                Write::Put { space, key, value } => {
                    writer.u8(space.code()).bytes(key).bytes(value);
                }
                Write::Append(entry) => {
                    writer.u8(APPENDED).bytes(&[]).bytes(entry);
                }
                Write::Delete { .. } | Write::Blank { .. } => {
                    unreachable!("nothing of a notebook is dropped here")
                }
            }
        }
        let mut options = OpenOptions::new();
        let options = options.create(true).append(true);
        let mut file = options.open(self.file(notebook)).unwrap();
        file.write_all(writer.as_slice()).unwrap();
        Ok(())
    }

    fn get(
        &self,
        notebook: NotebookId,
        space: Space,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let found = self.scan(notebook, space)?;
        let mut found = found.into_iter().filter(|(known, _)| known == key);
        Ok(found.next().map(|(_, value)| value))
    }

    fn scan(&self, notebook: NotebookId, space: Space) -> Result<Records, StorageError> {
        let written = self.written(notebook).into_iter();
        let of_space = written.filter(|(of, ..)| *of == space.code());
        let last: BTreeMap<Vec<u8>, Vec<u8>> =
            of_space.map(|(_, key, value)| (key, value)).collect();
        Ok(last.into_iter().collect())
    }

    fn entries(
        &self,
        notebook: NotebookId,
        from: Position,
        _bytes_aim: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, StorageError> {
        let written = self.written(notebook).into_iter();
        let entries = written.filter(|(of, ..)| *of == APPENDED);
        Ok((0..)
            .zip(entries.map(|(.., entry)| entry))
            .filter(|(position, _)| *position >= from)
            .collect())
    }
}

/// Makes a notebook of all people that names the mirror; what is to be pushed later lies beside it.
fn make_notebook(number: u64, people: &[Person], folder: &Path) {
    let mut random = ChaCha20Rng::seed_from_u64(number);
    let label = Person::label("Ana");
    let device = Arc::clone(&people[0].device);
    let mut replica = Replica::create(device, &people[0].roster, &label, &mut random).unwrap();
    let (secrets, pass) = mirror_keys();
    let ticket = MirrorTicket {
        card: secrets.card().clone(),
        pass,
        name: "the cupboard".to_owned(),
        addresses: Vec::new(),
        relays: Vec::new(),
    };
    replica.add_mirror(&ticket, &mut random).unwrap();
    for person in &people[1..] {
        admit(&mut replica, person, &mut random);
    }
    let mut disk = FileDisk(folder.to_owned());
    let controls = replica.controls().iter();
    let controls: Vec<Write> = controls
        .map(|entry| Write::Put {
            space: Space::Control,
            key: entry.hash().as_bytes().to_vec(),
            value: entry.as_bytes().to_vec(),
        })
        .collect();
    disk.commit(replica.notebook(), &controls).unwrap();
    let entry = write(&mut replica, 1, &mut random);
    let pushed = folder.join("pushed").join(replica.notebook().to_string());
    std::fs::write(pushed, entry.as_bytes()).unwrap();
}

#[test]
#[ignore = "a part of the next one, run in a process of its own"]
fn make_notebooks() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(folder.join("pushed")).unwrap();
    std::thread::scope(|scope| {
        for half in 0..2 {
            let folder = &folder;
            scope.spawn(move || {
                let people = people();
                for number in (half..NOTEBOOKS).step_by(2) {
                    make_notebook(number, &people, folder);
                }
            });
        }
    });
}

/// What a device says of a notebook without having it at hand.
struct Known {
    notebook: NotebookId,
    frontier: Arc<Frontier>,
    digest: [u8; 32],
    controls: usize,
    epochs: BTreeSet<EpochId>,
}

impl Outline for Known {
    fn notebook(&self) -> NotebookId {
        self.notebook
    }

    fn controls_count(&self) -> usize {
        self.controls
    }

    fn wrap_epochs(&self) -> BTreeSet<EpochId> {
        self.epochs.clone()
    }

    fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    fn shared_frontier(&self) -> Arc<Frontier> {
        Arc::clone(&self.frontier)
    }

    fn frontier_digest(&self) -> [u8; 32] {
        self.digest
    }

    fn sign_frontier(&self) -> SignedFrontier {
        unreachable!("both sides have the same")
    }

    fn has_unsaved(&self) -> bool {
        false
    }

    fn next_position(&self) -> Position {
        0
    }

    fn forked_logs(&self) -> Vec<LogId> {
        Vec::new()
    }
}

/// All notebooks as a device knows them, and the one that it has at hand.
struct Notebooks<'a> {
    known: &'a [Known],
    at_hand: Option<Replica>,
}

impl Shared for Notebooks<'_> {
    fn get(&self, notebook: NotebookId) -> Option<&dyn Holding> {
        let held = self.at_hand.as_ref()?;
        (held.notebook() == notebook).then_some(held as &dyn Holding)
    }

    fn get_mut(&mut self, notebook: NotebookId) -> Option<&mut dyn Holding> {
        let held = self.at_hand.as_mut()?;
        let is_it = held.notebook() == notebook;
        is_it.then_some(held as &mut dyn Holding)
    }

    fn outline(&self, notebook: NotebookId) -> Option<&dyn Outline> {
        self.get(notebook).map(|held| held as &dyn Outline)
    }

    fn all(&self) -> Box<dyn Iterator<Item = &dyn Outline> + '_> {
        Box::new(self.known.iter().map(|known| known as &dyn Outline))
    }
}

struct Run {
    mirror: Mirror,
    disk: FileDisk,
    known: Vec<Known>,
    sessions: Vec<Session>,
    /// Frames that devices got of notebooks.
    frames: u64,
}

impl Run {
    fn connect_all(&mut self, people: &[Person]) {
        let (secrets, _) = mirror_keys();
        let mirror = (secrets.id().as_peer(), secrets.card().verify_key);
        for (number, person) in (0..).zip(people) {
            let id = ConnectionId(number);
            let exporter = [u8::try_from(number).unwrap(); 32];
            let remote = person.device.card().transport;
            self.mirror
                .connected(id, MirrorConnection::Sync, remote, exporter, NOW_MS);
            let shared = Notebooks {
                known: &self.known,
                at_hand: None,
            };
            let session = Session::new(mirror, true, exporter, number, &shared, NOW_MS);
            self.sessions.push(session.with_mirror(true));
        }
        self.settle(None);
    }

    /// Carries frames until nobody has any; `at_hand` is what the first of the pair has open.
    fn settle(&mut self, mut at_hand: Option<(usize, Replica)>) {
        loop {
            let mut moved = false;
            self.mirror.flush(&mut self.disk, NOW_MS, true);
            for (place, session) in self.sessions.iter_mut().enumerate() {
                let is_it = at_hand.as_ref().is_some_and(|(of, _)| *of == place);
                let mut shared = Notebooks {
                    known: &self.known,
                    at_hand: if is_it {
                        at_hand.take().map(|(_, held)| held)
                    } else {
                        None
                    },
                };
                let id = ConnectionId(place as u64);
                while let Some(frame) = self.mirror.next_frame(id, &self.disk) {
                    moved = true;
                    let incoming = session.read(&frame, NOW_MS).unwrap();
                    self.frames += u64::from(incoming.notebook().is_some());
                    session
                        .receive(incoming, &mut shared, &NoDisk, NOW_MS)
                        .unwrap();
                    session.forget_views();
                }
                while let Some(frame) = session.next_frame(&shared, &NoDisk).unwrap() {
                    moved = true;
                    self.mirror.receive(id, &frame, NOW_MS, &mut self.disk);
                }
                // What it has not at hand is nothing that it would send.
                session.take_wants_open();
                if is_it {
                    at_hand = shared.at_hand.map(|held| (place, held));
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// Has a member, who signs what they have, push an entry of a notebook.
    fn push(&mut self, (place, person): (usize, &Person), notebook: NotebookId, folder: &Path) {
        let controls = self.disk.scan(notebook, Space::Control).unwrap();
        let controls: Vec<ControlEntry> = controls
            .into_iter()
            .map(|(_, entry)| ControlEntry::parse(&entry).unwrap())
            .collect();
        let mut held = opened(Arc::clone(&person.device), controls);
        let entry = std::fs::read(folder.join("pushed").join(notebook.to_string())).unwrap();
        let entry = RawEntry::parse(entry).unwrap();
        let proven = held.prove(std::slice::from_ref(&entry));
        held.receive_among(entry, &proven, false, &NoDisk).unwrap();
        held.saved();
        self.sessions[place].note_changed(notebook);
        self.settle(Some((place, held)));
    }
}

/// Puts control entries in order, each after its past, and holds the notebook.
fn opened(device: Arc<DeviceSecrets>, controls: Vec<ControlEntry>) -> Replica {
    let mut ordered: Vec<ControlEntry> = Vec::new();
    let mut here = BTreeSet::new();
    let mut left = controls;
    while !left.is_empty() {
        let (ready, later): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|entry| entry.heads.iter().all(|head| here.contains(head)));
        assert!(!ready.is_empty());
        here.extend(ready.iter().map(ControlEntry::hash));
        ordered.extend(ready);
        left = later;
    }
    let mut ordered = ordered.into_iter();
    let mut held = Replica::join(device, ordered.next().unwrap()).unwrap();
    held.ingest_controls(ordered).unwrap();
    held.saved();
    held
}

#[test]
#[ignore = "needs minutes; prints figures"]
fn two_hundred_notebooks_of_fifty_people_are_served_in_bounded_memory() {
    let folder = std::env::temp_dir().join(format!("hearth-memory-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "make_notebooks"])
        .env(FOLDER, &folder)
        .status()
        .unwrap();
    assert!(made.success());
    let notebooks: Vec<NotebookId> = std::fs::read_dir(folder.join("pushed"))
        .unwrap()
        .map(|file| file.unwrap().file_name().to_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(notebooks.len() as u64, NOTEBOOKS);
    let bytes = std::fs::metadata(folder.join(notebooks[0].to_string()));
    let people = people();
    let limits = MirrorLimits {
        total_bytes: u64::MAX,
        notebook_bytes: u64::MAX,
    };

    let before = resident_bytes();
    let disk = FileDisk(folder.clone());
    let mirror = Mirror::open(mirror_keys(), limits, 1, &notebooks, &disk).unwrap();
    assert!(mirror.unopened().is_empty());
    let opened = resident_bytes() - before;
    let known = notebooks.iter().map(|notebook| {
        let outline = mirror.outline(*notebook).unwrap();
        Known {
            notebook: *notebook,
            frontier: outline.shared_frontier(),
            digest: outline.frontier_digest(),
            controls: outline.controls_count(),
            epochs: outline.wrap_epochs(),
        }
    });
    let known: Vec<Known> = known.collect();
    let mut run = Run {
        mirror,
        disk,
        known,
        sessions: Vec::new(),
        frames: 0,
    };
    run.connect_all(&people);
    let connected = resident_bytes() - before;
    assert_eq!(run.mirror.peers().count() as u64, PEOPLE);
    assert_eq!(
        run.mirror.open_notebooks().count(),
        0,
        "equal digests open nothing"
    );
    for (place, notebook) in notebooks.iter().enumerate() {
        let member = place % people.len();
        run.push((member, &people[member]), *notebook, &folder);
    }
    let pushed = resident_bytes() - before;
    let open = run.mirror.open_notebooks().count();
    let entries: u64 = run.mirror.statuses().map(|held| held.entries).sum();
    println!(
        "{NOTEBOOKS} notebooks of {PEOPLE} people, {} kB of control entries each: {} kB each once opened and closed; \
         {} MB with {PEOPLE} devices connected, both ends counted; {} MB after a push in each to all, {open} open",
        bytes.unwrap().len() / 1_000,
        opened / NOTEBOOKS / 1_000,
        connected / 1_000_000,
        pushed / 1_000_000,
    );
    assert_eq!(entries, NOTEBOOKS, "all are kept");
    assert!(
        run.frames >= NOTEBOOKS * PEOPLE,
        "everybody got each: {}",
        run.frames
    );
    assert!(open <= MIRROR_OPEN_MAX);
    assert!(pushed < BYTES_MAX, "{pushed}");
    std::fs::remove_dir_all(&folder).unwrap();
}
