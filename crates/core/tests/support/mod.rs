//! Two people with one notebook, to try damaged bytes on.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used
)]

use std::sync::Arc;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ROOT};
use hearth_core::control::{ControlEntry, Label, Role};
use hearth_core::document::DocumentId;
use hearth_core::epoch::Wraps;
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets, Roster};
use hearth_core::ids::NotebookId;
use hearth_core::log::RawEntry;
use hearth_core::pairing::TicketSecret;
use hearth_core::replica::Replica;
use hearth_core::storage::{
    CapsulePlace, CapsuleRecord, Position, Records, Space, Storage, StorageError, Write,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// The document that fixtures write to.
pub const NOTE: DocumentId = DocumentId::from_bytes([7; 16]);

/// A person with one device.
pub struct Person {
    pub device: Arc<DeviceSecrets>,
    pub roster: Roster,
}

impl Person {
    /// Draws a person from a seed.
    pub fn draw(seed: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let recovery = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random));
        let device = Arc::new(DeviceSecrets::random(&mut random));
        let roster = Roster::found(&recovery, &device);
        Self { device, roster }
    }

    /// Returns what this person is called.
    pub fn label(name: &str) -> Label {
        Label::Member {
            name: name.to_owned(),
            device: "laptop".to_owned(),
            role: Role::Peer,
        }
    }
}

/// A disk that holds nothing.
pub struct NoDisk;

impl Storage for NoDisk {
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

    fn commit(&mut self, _: NotebookId, _: &[Write]) -> Result<(), StorageError> {
        Ok(())
    }

    fn get(&self, _: NotebookId, _: Space, _: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }

    fn scan(&self, _: NotebookId, _: Space) -> Result<Records, StorageError> {
        Ok(Vec::new())
    }

    fn entries(
        &self,
        _: NotebookId,
        _: Position,
        _: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, StorageError> {
        Ok(Vec::new())
    }
}

/// A notebook of two: the writer's replica, and the reader's, which has the first entry.
pub struct Pair {
    pub writer: Replica,
    pub reader: Replica,
    /// The writer's entries in order.
    pub entries: Vec<RawEntry>,
    /// All control entries.
    pub controls: Vec<ControlEntry>,
    /// The wraps of the newest epoch.
    pub wraps: Wraps,
}

/// Makes a notebook of two people with three entries, of which the reader has one.
pub fn pair(seed: u64) -> Pair {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let (ana, ben) = (Person::draw(1), Person::draw(2));
    let mut writer = Replica::create(
        Arc::clone(&ana.device),
        &ana.roster,
        &Person::label("Ana"),
        &mut random,
    )
    .unwrap();
    admit(&mut writer, &ben, &mut random);
    let entries: Vec<RawEntry> = (0..3)
        .map(|number| write(&mut writer, number, &mut random))
        .collect();
    let controls: Vec<ControlEntry> = writer.controls().iter().cloned().collect();
    let newest = writer.membership().current_epoch().unwrap();
    let wraps = writer.wraps()[&newest].clone();

    let mut reader = Replica::join(Arc::clone(&ben.device), controls[0].clone()).unwrap();
    for entry in &controls[1..] {
        reader.ingest_control(entry.clone()).unwrap();
    }
    assert!(reader.ingest_wraps(wraps.clone()));
    reader.ingest_entry(entries[0].clone()).unwrap();
    reader.advance(&NoDisk).unwrap();
    reader.saved();
    assert_eq!(reader.waiting(), 0);
    Pair {
        writer,
        reader,
        entries,
        controls,
        wraps,
    }
}

/// Lets a person into a notebook.
pub fn admit(replica: &mut Replica, person: &Person, random: &mut ChaCha20Rng) {
    let secret = TicketSecret::random(random);
    let key = secret.signing().verify_key();
    let invite = replica
        .invite(key, Role::Peer, true, u64::MAX, random)
        .unwrap();
    let signed =
        hearth_core::control::Admit::proof_bytes(replica.notebook(), invite.id, &person.roster);
    let proof = secret.signing().sign(&signed);
    replica
        .admit(
            invite.id,
            person.roster.clone(),
            proof,
            &Person::label("Ben"),
            random,
        )
        .unwrap();
}

/// Writes one entry and returns it.
pub fn write(replica: &mut Replica, number: i64, random: &mut ChaCha20Rng) -> RawEntry {
    replica
        .edit(&NoDisk, random, |session| {
            let document: &mut Automerge =
                session.write(NOTE).map_err(|error| error.to_string())?;
            let mut transaction = document.transaction();
            transaction
                .put(ROOT, "number", number)
                .map_err(|error| error.to_string())?;
            transaction.commit_with(CommitOptions::default().with_time(1_790_000_000));
            Ok::<_, String>(())
        })
        .unwrap();
    let bytes = replica
        .unsaved()
        .iter()
        .rev()
        .find_map(|write| match write {
            Write::Append(bytes) => Some(bytes.clone()),
            _ => None,
        })
        .unwrap();
    RawEntry::parse(bytes).unwrap()
}

/// Everything that a replica holds, to compare.
pub fn state(replica: &mut Replica) -> String {
    let documents: Vec<_> = replica
        .documents()
        .ids()
        .map(|id| (id, replica.documents().document(&id).unwrap().save()))
        .collect();
    let frontier = replica.frontier().clone();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {} {} {}",
        frontier,
        replica.controls().digest(),
        replica.unsaved(),
        replica.set_aside(),
        documents,
        replica.waiting(),
        replica.controls().waiting(),
        replica.is_stale_copy(),
    )
}
