//! Bases that are sound, and bases that somebody made up: all that is not what was signed is refused, by name.

use std::sync::Arc;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ROOT, ReadDoc};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::archive::{Archive, Stretch};
use super::open::OpenedBase;
use super::shelf::Shelf;
use super::{BaseError, BaseFacts, BaseStanding, open, part_hash, split};
use crate::control::{Admit, Label, Role};
use crate::crypto::Secret;
use crate::document::DocumentId;
use crate::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets, Roster};
use crate::ids::PersonId;
use crate::limits::BASE_DEPTH_MAX;
use crate::log::RawEntry;
use crate::pairing::TicketSecret;
use crate::replica::{IngestError, LayBaseError, Replica};
use crate::storage::{Storage, Write};

const NOTE: DocumentId = DocumentId::from_bytes([7; 16]);

struct Person {
    device: Arc<DeviceSecrets>,
    roster: Roster,
    name: &'static str,
}

impl Person {
    fn draw(seed: u64, name: &'static str) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let recovery = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random));
        let device = Arc::new(DeviceSecrets::random(&mut random));
        let roster = Roster::found(&recovery, &device);
        Self {
            device,
            roster,
            name,
        }
    }

    fn label(&self) -> Label {
        Label::Member {
            name: self.name.to_owned(),
            device: format!("{}'s laptop", self.name),
            role: Role::Peer,
        }
    }
}

/// A replica with the disk that it is on.
struct Home {
    replica: Replica,
    shelf: Shelf,
}

impl Home {
    fn save(&mut self) -> Vec<RawEntry> {
        let unsaved = self.replica.unsaved();
        let entries = unsaved.iter().filter_map(|write| match write {
            Write::Append(bytes) => Some(RawEntry::parse(bytes.clone()).unwrap()),
            _ => None,
        });
        let entries = entries.collect();
        self.shelf
            .commit(self.replica.notebook(), self.replica.unsaved())
            .unwrap();
        self.replica.saved();
        entries
    }

    fn write(&mut self, key: &str, value: i64, random: &mut ChaCha20Rng) -> Vec<RawEntry> {
        let edited = self.replica.edit(&self.shelf, random, |session| {
            let document = session.write(NOTE).map_err(|error| error.to_string())?;
            let mut transaction = document.transaction();
            transaction
                .put(ROOT, key, value)
                .map_err(|error| error.to_string())?;
            let time = CommitOptions::default().with_time(1_790_000_000 + value);
            transaction.commit_with(time);
            Ok::<_, String>(())
        });
        edited.unwrap();
        self.save()
    }

    fn take(&mut self, entries: Vec<RawEntry>) {
        for entry in entries {
            self.replica.ingest_entry(entry).unwrap();
        }
        self.replica.advance(&self.shelf).unwrap();
        self.save();
    }

    fn archive(&self) -> Archive {
        Archive::parse(&self.replica.archive(&self.shelf).unwrap()).unwrap()
    }
}

/// A notebook in which Ana and Ben both wrote; Ana's home.
fn notebook(random: &mut ChaCha20Rng) -> (Home, Person, Person) {
    let (ana, ben) = (Person::draw(1, "Ana"), Person::draw(2, "Ben"));
    let device = Arc::clone(&ana.device);
    let replica = Replica::create(device, &ana.roster, &ana.label(), random).unwrap();
    let mut at_ana = Home {
        replica,
        shelf: Shelf::default(),
    };
    let secret = TicketSecret::random(random);
    let key = secret.signing().verify_key();
    let replica = &mut at_ana.replica;
    let invite = replica.invite(key, Role::Peer, true, u64::MAX, random);
    let invite = invite.unwrap().id;
    let signed = Admit::proof_bytes(replica.notebook(), invite, &ben.roster);
    let proof = secret.signing().sign(&signed);
    replica
        .admit(invite, ben.roster.clone(), proof, &ben.label(), random)
        .unwrap();
    let mut controls = replica.controls().iter().cloned();
    let create = controls.next().unwrap();
    let mut at_ben = Home {
        replica: Replica::join(Arc::clone(&ben.device), create).unwrap(),
        shelf: Shelf::default(),
    };
    at_ben.replica.ingest_controls(controls).unwrap();
    let newest = replica.membership().current_epoch().unwrap();
    let wraps = replica.wraps()[&newest].clone();
    assert!(at_ben.replica.ingest_wraps(wraps));
    for value in 0..3 {
        let entries = at_ana.write("ana", value, random);
        at_ben.take(entries);
        let entries = at_ben.write("ben", value, random);
        at_ana.take(entries);
    }
    (at_ana, ana, ben)
}

fn changes_of(facts: &BaseFacts, person: PersonId) -> u64 {
    let authors = facts.authors.iter();
    let own = authors.filter(|author| author.person == person);
    own.map(|author| author.changes).sum()
}

fn content(opened: &OpenedBase) -> Vec<(DocumentId, Vec<automerge::ChangeHash>)> {
    let documents = opened.documents.iter();
    documents
        .map(|(id, document)| (*id, document.automerge().get_heads()))
        .collect()
}

fn refused(archive: &Archive) -> BaseError {
    open(&archive.to_bytes(), 1).err().unwrap()
}

#[test]
fn a_base_says_who_wrote_what_whether_it_is_packed_or_not() {
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let (home, ana, ben) = notebook(&mut random);
    let archive = home.archive();
    assert!(matches!(archive.stretches[..], [Stretch::Pack(_)]));
    let opened = open(&archive.to_bytes(), 1).unwrap();
    for person in [&ana, &ben] {
        let id = person.roster.person();
        assert_eq!(changes_of(&opened.facts, id), 3);
        assert_eq!(opened.facts.names[&id], person.name);
        let label = &opened.facts.labels[&person.device.id()];
        assert_eq!(*label, format!("{}'s laptop", person.name));
    }
    assert_eq!(opened.facts.notebooks, [home.replica.notebook()]);
    assert_eq!(opened.facts.entries, 6);
    assert_eq!(opened.facts.written, (1_790_000_000, 1_790_000_002));
    let shown = home.replica.documents().get(&NOTE).unwrap();
    assert_eq!(content(&opened), [(NOTE, shown.get_heads())]);

    let entries = home.shelf.entries(home.replica.notebook(), 0, usize::MAX);
    let entries = entries.unwrap().into_iter().map(|(_, entry)| entry);
    let plain = Archive {
        stretches: vec![Stretch::Entries(entries.collect())],
        ..home.archive()
    };
    let plain = open(&plain.to_bytes(), 1).unwrap();
    assert_eq!(plain.facts, opened.facts);
    assert_eq!(content(&plain), content(&opened));

    let mut writer = crate::codec::Writer::new();
    opened.facts.write(&mut writer);
    let bytes = writer.into_bytes();
    let mut reader = crate::codec::Reader::new(&bytes);
    assert_eq!(BaseFacts::read(&mut reader).unwrap(), opened.facts);
    reader.finish().unwrap();
}

#[test]
fn a_base_of_which_any_byte_is_altered_is_none_or_says_the_same() {
    let mut random = ChaCha20Rng::seed_from_u64(2);
    let (home, ..) = notebook(&mut random);
    let bytes = home.archive().to_bytes();
    let whole = open(&bytes, 1).unwrap();
    let mut same = 0;
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 1 << (place % 8);
        if let Ok(opened) = open(&altered, 1) {
            assert_eq!(opened.facts, whole.facts, "byte {place}");
            assert_eq!(content(&opened), content(&whole), "byte {place}");
            same += 1;
        }
    }
    // The compression may say one thing in two ways.
    assert!(same < bytes.len() / 100, "{same} of {}", bytes.len());
    for length in (0..bytes.len()).step_by(37) {
        assert!(open(&bytes[..length], 1).is_err(), "cut at {length}");
    }
}

#[test]
fn what_is_left_out_repeated_foreign_or_forged_is_refused_by_name() {
    let mut random = ChaCha20Rng::seed_from_u64(3);
    let (home, _, ben) = notebook(&mut random);
    let entries = home.shelf.entries(home.replica.notebook(), 0, usize::MAX);
    let entries: Vec<Vec<u8>> = entries.unwrap().into_iter().map(|(_, it)| it).collect();
    let with = |entries: Vec<Vec<u8>>| Archive {
        stretches: vec![Stretch::Entries(entries)],
        ..home.archive()
    };
    assert!(open(&with(entries.clone()).to_bytes(), 1).is_ok());

    let mut archive = home.archive();
    archive.controls.remove(1);
    assert_eq!(refused(&archive), BaseError::ControlMissing);
    let mut archive = home.archive();
    archive.controls.clear();
    assert_eq!(refused(&archive), BaseError::ControlMissing);
    let mut archive = home.archive();
    archive.keys.clear();
    assert!(matches!(refused(&archive), BaseError::Pack(_)));
    let mut archive = with(entries.clone());
    archive.keys.clear();
    assert_eq!(refused(&archive), BaseError::Waiting(6));
    let mut archive = home.archive();
    archive.keys[0].1 = Secret::from_bytes([9; 32]);
    assert_eq!(refused(&archive), BaseError::Key);
    let mut archive = home.archive();
    archive.stretches.clear();
    assert_eq!(refused(&archive), BaseError::Empty);

    // A log from which the beginning or the middle is missing.
    for place in [0, 1, 2, 3] {
        let mut some = entries.clone();
        some.remove(place);
        let error = refused(&with(some));
        assert!(
            matches!(error, BaseError::Refused(IngestError::Gap { .. })),
            "{place}: {error}"
        );
    }
    // What others built on.
    let without_ana: Vec<_> = entries.iter().skip(1).step_by(2).cloned().collect();
    assert_eq!(refused(&with(without_ana)), BaseError::Waiting(3));
    let twice = [entries.clone(), vec![entries[5].clone()]].concat();
    assert_eq!(refused(&with(twice)), BaseError::Twice);
    let mut forged = entries.clone();
    *forged[5].last_mut().unwrap() ^= 1;
    let error = refused(&with(forged));
    assert!(
        matches!(error, BaseError::Refused(IngestError::Entry(_))),
        "{error}"
    );
    // Nobody's signature is put under what a device wrote without one.
    let mut bare = entries.clone();
    let unsigned = bare[5].len() - crate::crypto::SIGNATURE_BYTES;
    bare[5].truncate(unsigned);
    assert!(matches!(refused(&with(bare)), BaseError::Refused(_)));

    // Entries of another notebook.
    let (other, ..) = notebook(&mut random);
    let mut archive = home.archive();
    archive.stretches = other.archive().stretches;
    assert!(matches!(
        refused(&archive),
        BaseError::Pack(_) | BaseError::Refused(_)
    ));
    // Somebody who was never let in.
    let mut archive = home.archive();
    let is_ben = |entry: &crate::control::ControlEntry| {
        matches!(&entry.kind, crate::control::ControlKind::Admit(admit)
            if admit.roster.person() == ben.roster.person())
    };
    let admission = archive.controls.iter().position(is_ben).unwrap();
    archive.controls.truncate(admission);
    assert!(matches!(
        refused(&archive),
        BaseError::Key | BaseError::Pack(_) | BaseError::Refused(_)
    ));
}

/// Makes a notebook of Ben's that goes on from parts, and checks it as everybody will.
fn forked(
    archive: &[u8],
    ben: &Person,
    random: &mut ChaCha20Rng,
) -> (Home, Result<(), LayBaseError>) {
    let parts = split(archive, random).unwrap();
    let hashes = parts.iter().map(|part| part_hash(part)).collect();
    let device = Arc::clone(&ben.device);
    let replica = Replica::create_from(device, &ben.roster, &ben.label(), hashes, random);
    let mut home = Home {
        replica: replica.unwrap(),
        shelf: Shelf::default(),
    };
    let laid = home.replica.lay_base(&parts, &home.shelf, random);
    home.save();
    (home, laid)
}

#[test]
fn a_fork_goes_on_from_the_documents_and_a_fork_of_it_knows_all_authors() {
    let mut random = ChaCha20Rng::seed_from_u64(4);
    let (home, ana, ben) = notebook(&mut random);
    let mut old = home;
    for depth in 1..=BASE_DEPTH_MAX {
        let archive = old.replica.archive(&old.shelf).unwrap();
        let (mut fork, laid) = forked(&archive, &ben, &mut random);
        laid.unwrap();
        let written = 100 + depth as i64;
        fork.write("fork", written, &mut random);
        let BaseStanding::Sound(facts) = fork.replica.base() else {
            panic!("{:?}", fork.replica.base());
        };
        assert_eq!(facts.notebooks.len(), depth);
        assert_eq!(facts.notebooks[0], old.replica.notebook());
        assert_eq!(changes_of(facts, ana.roster.person()), 3);
        assert_eq!(changes_of(facts, ben.roster.person()), 2 + depth as u64);
        let note = fork.replica.documents().get(&NOTE).unwrap();
        let value = |key| note.get(ROOT, key).unwrap().unwrap().0.as_i64();
        assert_eq!((value("ana"), value("fork")), (Some(2), Some(written)));
        let checked = fork.replica.check_base(&fork.shelf).unwrap();
        assert_eq!(checked.unwrap().unwrap(), *facts);
        old = fork;
    }
    let archive = old.replica.archive(&old.shelf).unwrap();
    let (fork, laid) = forked(&archive, &ben, &mut random);
    let told = laid.unwrap_err().to_string();
    assert!(told.contains("more than 8 forks"), "{told}");
    assert!(matches!(fork.replica.base(), BaseStanding::Refused(_)));
    assert!(fork.replica.documents().is_empty());
}

#[test]
fn a_refused_base_shows_nothing_and_takes_nothing() {
    let mut random = ChaCha20Rng::seed_from_u64(5);
    let (home, _, ben) = notebook(&mut random);
    let mut archive = home.archive();
    archive.controls.pop();
    archive.keys.clear();
    let (mut fork, laid) = forked(&archive.to_bytes(), &ben, &mut random);
    assert!(matches!(laid, Err(LayBaseError::Refused(_))));
    assert!(fork.replica.documents().is_empty());
    let edited = fork
        .replica
        .edit(&fork.shelf, &mut random, |_| Ok::<_, String>(()));
    let told = edited.unwrap_err().to_string();
    assert!(told.contains("does not check"), "{told}");
    assert!(fork.replica.archive(&fork.shelf).is_err());
}
