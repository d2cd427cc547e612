//! What a mirror and a member's node say to each other, word for word, and what both keep of it: the mirror is
//! added, asked to hold a notebook, fills up, and is removed.

use std::sync::Arc;

use hearth_core::control::{ControlEntry, ControlKind, Role};
use hearth_core::engine::{ConnectionId, ConnectionKind, Engine};
use hearth_core::identity::{MirrorPass, MirrorSecrets};
use hearth_core::mirror::{
    Mirror, MirrorAnswer, MirrorConnection, MirrorLimits, MirrorMessage, MirrorTicket,
};
use hearth_core::storage::{Space, Storage};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Vector, VectorFile};
use crate::clock::START_MS;
use crate::disk::MemoryDisk;
use crate::people::draw;
use crate::world::GOALS;

/// Secret of the connection that both sides agree on.
pub(super) const EXPORTER: [u8; 32] = [0x46; 32];
/// Takes the control entries and some entries, and no more.
const LIMITS: MirrorLimits = MirrorLimits {
    total_bytes: 1 << 20,
    notebook_bytes: 20 * 1024,
};

pub(super) type Failed = Box<dyn core::error::Error>;

pub(super) fn make() -> VectorFile {
    // A story that breaks off leaves the file too short, which the test of it notices.
    let mut vectors: Vec<Vector> = (0..2).flat_map(story).flatten().collect();
    for code in 0..6 {
        if let Ok(answer) = MirrorAnswer::from_code(code) {
            let bytes = MirrorMessage::Answer(answer).to_bytes();
            vectors.push(Vector::bytes(format!("answer {answer:?}"), "", &bytes));
        }
    }
    VectorFile {
        name: "mirrors",
        vectors,
    }
}

fn story(seed: u64) -> Result<Vec<Vector>, Failed> {
    let mut vectors = Vec::new();
    let mut note = |name: &str, bytes: &[u8]| {
        let name = format!("mirror {seed} {} {name}", vectors.len());
        vectors.push(Vector::bytes(name, seed.to_string(), bytes));
    };
    let mut random = ChaCha20Rng::seed_from_u64(seed + 900);
    let ana = draw(900 + seed, "Ana");
    let secrets = Arc::new(MirrorSecrets::random(&mut random));
    let pass = MirrorPass::random(&mut random);
    let ticket = MirrorTicket {
        card: secrets.card().clone(),
        pass: pass.clone(),
        name: "the cupboard".to_owned(),
        addresses: vec!["192.0.2.7:4242".parse()?, "[2001:db8::7]:4242".parse()?],
        relays: vec!["https://relay.example".to_owned()],
    };
    note("ticket", ticket.to_string().as_bytes());
    let mut disk = MemoryDisk::new();
    let mut engine = Engine::open(ana.clone(), seed, &[], &disk)?;
    let notebook = engine.create_notebook(Role::Mentor, &mut disk, &mut random)?;
    engine.add_mirror(notebook, &ticket, &mut disk, &mut random)?;

    let mut held = MemoryDisk::new();
    let mut mirror = Mirror::open((secrets, pass), LIMITS, seed, &[], &held)?;
    let door = ConnectionId(1);
    let remote = ana.device.card().transport;
    mirror.connected(door, MirrorConnection::Request, remote, EXPORTER, START_MS);
    let id = ticket.card.id();
    let asked = engine.ask_mirror(notebook, id, &EXPORTER);
    for frame in asked.ok_or("no mirror to ask")? {
        note("request", &frame);
        mirror.receive(door, &frame, START_MS, &mut held);
    }
    mirror.flush(&mut held, START_MS, true);
    note(
        "answer",
        &mirror.next_frame(door, &held).ok_or("no answer")?,
    );

    for number in 0..4_u64 {
        edit(&mut engine, &mut disk, notebook, number, &mut random)?;
    }
    let link = ConnectionId(2);
    let dial = ConnectionKind::Sync { dialled: true };
    engine.connected(link, dial, ticket.card.transport, EXPORTER, START_MS);
    mirror.connected(link, MirrorConnection::Sync, remote, EXPORTER, START_MS);
    for round in 0..8_u64 {
        let now = START_MS + 100 * round;
        if round == 4 {
            for number in 4..50 {
                edit(&mut engine, &mut disk, notebook, number, &mut random)?;
            }
        }
        if round == 6 {
            engine.remove_mirror(notebook, id, &mut disk)?;
        }
        engine.flush(&mut disk, now, true);
        while let Some(frame) = engine.next_frame(link, &disk) {
            note("frame by the member", &frame);
            mirror.receive(link, &frame, now, &mut held);
        }
        mirror.flush(&mut held, now, true);
        while let Some(frame) = mirror.next_frame(link, &held) {
            note("frame by the mirror", &frame);
            engine.receive(link, &frame, now, &mut disk, &mut random);
        }
    }
    engine.save_peers(&mut disk)?;
    mirror.snapshot(&mut held)?;
    for (_, record) in disk.scan(notebook, Space::Mirror)? {
        note("record of the mirror", &record);
    }
    let state = held.get(notebook, Space::State, &[])?;
    note("state of the mirror", &state.ok_or("no state")?);
    for (_, entry) in held.scan(notebook, Space::Control)? {
        let kind = ControlEntry::parse(&entry)?.kind;
        if let ControlKind::AddMirror { .. } | ControlKind::RemoveMirror { .. } = kind {
            note(&format!("control entry of kind {}", kind.code()), &entry);
        }
    }
    Ok(vectors)
}

pub(super) fn edit(
    engine: &mut Engine,
    disk: &mut MemoryDisk,
    notebook: hearth_core::ids::NotebookId,
    number: u64,
    random: &mut ChaCha20Rng,
) -> Result<(), Failed> {
    use automerge::transaction::{CommitOptions, Transactable};
    let time = i64::try_from(START_MS / 1_000)?;
    engine
        .edit(notebook, disk, random, |session| {
            let document = session.write(GOALS).map_err(|error| error.to_string())?;
            let mut transaction = document.transaction();
            transaction
                .put(automerge::ROOT, format!("goal {number}"), "listen")
                .map_err(|error| error.to_string())?;
            transaction.commit_with(CommitOptions::default().with_time(time));
            Ok::<_, String>(())
        })
        .map_err(|error| error.to_string().into())
}
