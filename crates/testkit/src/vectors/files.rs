//! Files: sealed, named, kept, and what a member's node and a mirror say to each other about one. The connection is of the
//! protocol's second version, where such frames are read.

use std::sync::Arc;

use hearth_core::control::Role;
use hearth_core::crypto::Secret;
use hearth_core::engine::{ConnectionId, ConnectionKind, Engine, NamedFile};
use hearth_core::file::FileSealer;
use hearth_core::identity::{MirrorPass, MirrorSecrets};
use hearth_core::mirror::{Mirror, MirrorConnection, MirrorLimits, MirrorTicket};
use hearth_core::storage::{Space, Storage};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Vector, VectorFile};
use crate::clock::START_MS;
use crate::disk::MemoryDisk;
use crate::people::draw;

/// Secret of the connection that both sides agree on.
const EXPORTER: [u8; 32] = [0x51; 32];
/// Takes one small file and no large one.
const LIMITS: MirrorLimits = MirrorLimits {
    total_bytes: 1 << 20,
    notebook_bytes: 40 * 1024,
};
/// The types of frames about files. A hello says all that its program reads, which is more with each newer one.
const TOLD: core::ops::RangeInclusive<u8> = 25..=30;

type Failed = Box<dyn core::error::Error>;

pub(super) fn make() -> VectorFile {
    let mut vectors = Vec::new();
    for bytes in [0_usize, 1, 200] {
        // What breaks off leaves the file too short, which the test of it notices.
        let _complete = seal(bytes, &mut vectors).is_ok();
    }
    let _complete = story(0, &mut vectors).is_ok();
    VectorFile {
        name: "files",
        vectors,
    }
}

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|place| (place * 31 % 253) as u8).collect()
}

/// The pieces of a file that one can write down, under a key of sevens.
fn seal(bytes: usize, vectors: &mut Vec<Vector>) -> Result<(), Failed> {
    let plain = pattern(bytes);
    let mut sealer = FileSealer::new(Secret::from_bytes([7; 32]));
    let mut chunks = sealer.push(&plain)?;
    let file = sealer.finish()?;
    chunks.push(file.last);
    let input = data_encoding::HEXLOWER.encode(&plain);
    let mut note = |what: &str, bytes: &[u8]| {
        let name = format!("sealed {} {what}", plain.len());
        vectors.push(Vector::bytes(name, input.clone(), bytes));
    };
    note("root", file.root.as_bytes());
    note("hash", &file.hash);
    note("piece 0", &file.list);
    for (piece, bytes) in chunks {
        note(&format!("piece {piece}"), &bytes);
    }
    Ok(())
}

/// A mirror is offered a file and takes it, has no room for another one, and is told that nothing names the first.
fn story(seed: u64, vectors: &mut Vec<Vector>) -> Result<(), Failed> {
    let mut note = |name: &str, bytes: &[u8]| {
        let name = format!("mirror {seed} {} {name}", vectors.len());
        vectors.push(Vector::bytes(name, seed.to_string(), bytes));
    };
    let mut random = ChaCha20Rng::seed_from_u64(seed + 1_500);
    let ana = draw(1_500 + seed, "Ana");
    let secrets = Arc::new(MirrorSecrets::random(&mut random));
    let pass = MirrorPass::random(&mut random);
    let ticket = MirrorTicket {
        card: secrets.card().clone(),
        pass: pass.clone(),
        name: "the cupboard".to_owned(),
        addresses: Vec::new(),
        relays: Vec::new(),
    };
    let mut disk = MemoryDisk::new();
    let mut engine = Engine::open(ana.clone(), seed, &[], &disk)?;
    let notebook = engine.create_notebook(Role::Mentor, &mut disk, &mut random)?;
    engine.add_mirror(notebook, &ticket, &mut disk, &mut random)?;
    let mut held = MemoryDisk::new();
    let mut mirror = Mirror::open((secrets, pass), LIMITS, seed, &[], &held)?;
    let (door, remote) = (ConnectionId(1), ana.device.card().transport);
    mirror.connected(door, MirrorConnection::Request, remote, EXPORTER, START_MS);
    let asked = engine.ask_mirror(notebook, ticket.card.id(), &EXPORTER);
    for frame in asked.ok_or("no mirror to ask")? {
        mirror.receive(door, &frame, START_MS, &mut held);
    }
    mirror.flush(&mut held, START_MS, true);

    let mut named = std::collections::BTreeMap::new();
    for bytes in [200_usize, 50_000] {
        let length = Some(bytes as u64);
        let mut adding = engine.begin_file(notebook, length, START_MS, &mut disk, &mut random)?;
        adding.push(&pattern(bytes), &mut disk)?;
        let (file, _) = adding.finish(START_MS, &mut disk)?;
        let is_wanted = true;
        named.insert(
            file.root,
            NamedFile {
                bytes: file.bytes,
                is_wanted,
            },
        );
    }
    engine.name_files(notebook, named.clone());
    let link = ConnectionId(2);
    let dial = ConnectionKind::Sync2 { dialled: true };
    engine.connected(link, dial, ticket.card.transport, EXPORTER, START_MS);
    mirror.connected(link, MirrorConnection::Sync2, remote, EXPORTER, START_MS);
    for round in 0..10_u64 {
        let now = START_MS + 100 * round;
        if round == 6 {
            named.values_mut().for_each(|file| file.is_wanted = false);
            engine.name_files(notebook, named.clone());
        }
        engine.flush(&mut disk, now, true);
        while let Some(frame) = engine.next_frame(link, &disk) {
            if frame.first().is_some_and(|kind| TOLD.contains(kind)) {
                note("frame by the member", &frame);
            }
            mirror.receive(link, &frame, now, &mut held);
        }
        mirror.flush(&mut held, now, true);
        if round == 5 {
            engine.save_peers(&mut disk)?;
            for (key, record) in disk.scan(notebook, Space::Mirror)? {
                if key.len() > 33 {
                    note("record of a file at a mirror", &record);
                }
            }
        }
        while let Some(frame) = mirror.next_frame(link, &held) {
            if frame.first().is_some_and(|kind| TOLD.contains(kind)) {
                note("frame by the mirror", &frame);
            }
            engine.receive(link, &frame, now, &mut disk, &mut random);
        }
    }
    for (_, record) in held.scan(notebook, Space::File)? {
        note("record of a file", &record);
    }
    for (key, record) in held.scan(notebook, Space::Pushed)? {
        if key.len() == 32 {
            note("record of a file that was let go", &record);
        }
    }
    Ok(())
}
