//! What a forked notebook begins with: its first control entry, the parts of its base, and the entries that hold them.

use automerge::ROOT;
use automerge::transaction::{CommitOptions, Transactable};
use hearth_core::control::Role;
use hearth_core::document::DocumentId;
use hearth_core::engine::{Engine, Identity};
use hearth_core::ids::NotebookId;
use hearth_core::log::{DocumentTips, RawEntry};
use hearth_core::storage::Storage;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Vector, VectorFile};
use crate::disk::MemoryDisk;
use crate::people::draw;

const NOTE: DocumentId = DocumentId::from_bytes([7; 16]);

type Failed = Box<dyn core::error::Error>;

/// The packs in a base may come out shorter from a newer version of the compressor.
pub(super) fn make() -> VectorFile {
    let mut vectors = Vec::new();
    for seed in 0..2 {
        // What breaks off leaves the file too short, which the test of it notices.
        let _complete = fork(seed, &mut vectors).is_ok();
    }
    VectorFile {
        name: "bases",
        vectors,
    }
}

struct Maker {
    engine: Engine,
    disk: MemoryDisk,
    random: ChaCha20Rng,
}

/// A notebook with a few changes, a fork of it, and with an odd seed a fork of that.
fn fork(seed: u64, vectors: &mut Vec<Vector>) -> Result<(), Failed> {
    let mut random = ChaCha20Rng::seed_from_u64(seed + 700);
    let identity: Identity = draw(seed + 701, "Ana");
    let mut disk = MemoryDisk::new();
    let mut engine = Engine::open(identity, seed, &[], &disk)?;
    let first = engine.create_notebook(Role::Peer, &mut disk, &mut random)?;
    let mut maker = Maker {
        engine,
        disk,
        random,
    };
    for number in 0..3 {
        maker.write(first, number)?;
    }
    let second = maker.fork(first)?;
    maker.tell(&format!("fork {seed}"), seed, second, vectors)?;
    if seed % 2 == 1 {
        let third = maker.fork(second)?;
        maker.tell(&format!("fork of fork {seed}"), seed, third, vectors)?;
    }
    Ok(())
}

impl Maker {
    fn write(&mut self, notebook: NotebookId, number: i64) -> Result<(), Failed> {
        let Self {
            engine,
            disk,
            random,
        } = self;
        let edited = engine.edit(notebook, disk, random, |session| {
            let document = session.write(NOTE).map_err(|error| error.to_string())?;
            let mut transaction = document.transaction();
            transaction
                .put(ROOT, "number", number)
                .map_err(|error| error.to_string())?;
            transaction.commit_with(CommitOptions::default().with_time(1_790_000_000 + number));
            Ok::<_, String>(())
        });
        Ok(edited.map_err(|error| error.to_string())?)
    }

    fn fork(&mut self, old: NotebookId) -> Result<NotebookId, Failed> {
        let Self {
            engine,
            disk,
            random,
        } = self;
        let forked = engine.fork_notebook(old, Role::Peer, disk, random, |_| Ok::<_, String>(()));
        let new = forked.map_err(|error| error.to_string())?;
        self.write(new, 100)?;
        Ok(new)
    }

    fn tell(
        &self,
        name: &str,
        seed: u64,
        notebook: NotebookId,
        vectors: &mut Vec<Vector>,
    ) -> Result<(), Failed> {
        let replica = self.engine.replica(notebook).ok_or("no notebook")?;
        let mut add = |what: String, bytes: &[u8]| {
            let name = format!("{name} {what}");
            vectors.push(Vector::bytes(name, seed.to_string(), bytes));
        };
        let create = replica.controls().create();
        let create = replica.controls().get(&create).ok_or("no create")?;
        add("create".to_owned(), create.as_bytes());
        let entries = self.disk.entries(notebook, 0, usize::MAX)?;
        for (number, (_, bytes)) in entries.into_iter().enumerate() {
            add(format!("entry {number}"), &bytes);
            let entry = RawEntry::parse(bytes)?.trusted(notebook);
            let key = replica.keys().get(&entry.header().epoch).ok_or("no key")?;
            if let Some(part) = entry.open(key, &DocumentTips::default())?.part {
                add(format!("part {number}"), &part);
            }
        }
        Ok(())
    }
}
