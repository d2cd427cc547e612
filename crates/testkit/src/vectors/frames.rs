//! What two nodes say to each other, word for word, when they pair and sync.

use hearth_core::control::Role;
use hearth_core::engine::{CapsuleFacts, ConnectionId, ConnectionKind, Engine, Identity};
use hearth_core::ids::{DeviceId, NotebookId};
use hearth_core::pairing::{Joiner, JoinerStep, PairingMessage, Refusal};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Vector, VectorFile};
use crate::clock::START_MS;
use crate::disk::MemoryDisk;
use crate::people::draw;
use crate::world::GOALS;

/// Secret of the connection that both sides agree on.
pub(super) const EXPORTER: [u8; 32] = [0x45; 32];

pub(super) type Failed = Box<dyn core::error::Error>;

pub(super) struct Node {
    pub(super) engine: Engine,
    pub(super) disk: MemoryDisk,
}

pub(super) fn make() -> Vec<VectorFile> {
    let mut pairing = Vec::new();
    let mut sync = Vec::new();
    for seed in 0..3 {
        // A conversation that breaks off leaves its file too short, which the test of it notices.
        let _complete = conversation(seed, &mut pairing, &mut sync).is_ok();
    }
    pairing.extend(refusals());
    vec![
        VectorFile {
            name: "pairing",
            vectors: pairing,
        },
        VectorFile {
            name: "frames_2",
            vectors: [sync, (0..2).flat_map(about_a_capsule).flatten().collect()].concat(),
        },
        VectorFile {
            name: "briefs",
            vectors: (0..2).flat_map(briefly).flatten().collect(),
        },
    ]
}

fn refusals() -> Vec<Vector> {
    [
        Refusal::Invalid,
        Refusal::Used,
        Refusal::Expired,
        Refusal::Revoked,
        Refusal::Protocol,
        Refusal::Unavailable,
    ]
    .into_iter()
    .map(|refusal| {
        let bytes = PairingMessage::Refused(refusal).to_bytes();
        Vector::bytes(format!("refusal: {refusal:?}"), "", &bytes)
    })
    .chain([{
        let device = DeviceId::from_bytes([7; 32]);
        let bytes = PairingMessage::Refused(Refusal::AskDevice(device)).to_bytes();
        Vector::bytes("refusal: AskDevice", "07 32 times", &bytes)
    }])
    .collect()
}

fn conversation(
    seed: u64,
    pairing: &mut Vec<Vector>,
    sync: &mut Vec<Vector>,
) -> Result<[Node; 2], Failed> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let (ana, ben) = (draw(2 * seed + 200, "Ana"), draw(2 * seed + 201, "Ben"));
    let nodes = [&ana, &ben].map(|identity| {
        let disk = MemoryDisk::new();
        Engine::open((*identity).clone(), seed, &[], &disk).map(|engine| Node { engine, disk })
    });
    let [Ok(mut first), Ok(mut second)] = nodes else {
        return Err("a node does not open".into());
    };
    let mut note = |who: &str, bytes: &[u8]| {
        let name = format!("conversation {seed} message {} by the {who}", pairing.len());
        pairing.push(Vector::bytes(name, seed.to_string(), bytes));
    };
    let nodes = [&mut first, &mut second];
    let notebook = pair(nodes, [&ana, &ben], &mut random, &mut note)?;
    edit(&mut first, notebook, "goal", &mut random)?;
    talk(seed, [&mut first, &mut second], &mut random, sync)?;
    Ok([first, second])
}

/// Has one node make a notebook and the other join it by a ticket.
fn pair(
    [one, two]: [&mut Node; 2],
    [_, ben]: [&Identity; 2],
    random: &mut ChaCha20Rng,
    note: &mut dyn FnMut(&str, &[u8]),
) -> Result<NotebookId, Failed> {
    let notebook = one
        .engine
        .create_notebook(Role::Mentor, &mut one.disk, random)?;
    let_in(notebook, [one, two], ben, random, note)?;
    Ok(notebook)
}

/// Has one node join a notebook of another by a ticket.
pub(super) fn let_in(
    notebook: NotebookId,
    [one, two]: [&mut Node; 2],
    ben: &Identity,
    random: &mut ChaCha20Rng,
    note: &mut dyn FnMut(&str, &[u8]),
) -> Result<(), Failed> {
    let issued = one.engine.invite(
        notebook,
        Role::Mentee,
        true,
        START_MS + 1_000,
        (Vec::new(), Vec::new()),
        &mut one.disk,
        random,
    )?;
    let mut joiner = Joiner::new(
        issued.ticket,
        ben.roster.clone(),
        &ben.device,
        ben.name.clone(),
        ben.device_label.clone(),
        random,
    );
    let door = ConnectionId(1);
    let remote = ben.device.card().transport;
    one.engine
        .connected(door, ConnectionKind::Pairing, remote, EXPORTER, START_MS);
    let mut next = Some(joiner.hello(&EXPORTER));
    let joined = loop {
        let message = next
            .take()
            .ok_or("the joiner waits for nothing")?
            .to_bytes();
        note("joiner", &message);
        one.engine
            .receive(door, &message, START_MS, &mut one.disk, random);
        let mut done = None;
        while let Some(frame) = one.engine.next_frame(door, &one.disk) {
            note("inviter", &frame);
            match joiner.handle(PairingMessage::parse(&frame)?)? {
                JoinerStep::Send(message) => next = Some(message),
                JoinerStep::Wait => {}
                JoinerStep::Done(joined) => done = Some(joined),
            }
        }
        if let Some(joined) = done {
            break joined;
        }
    };
    one.engine.disconnected(door, START_MS);
    two.engine.adopt(*joined, &mut two.disk)?;
    Ok(())
}

/// What two nodes that share many notebooks say to find out which of them differ: at first all do, then one.
fn briefly(seed: u64) -> Result<Vec<Vector>, Failed> {
    const NOTEBOOKS: usize = 12;
    const BRIEF: u8 = 14;
    let mut random = ChaCha20Rng::seed_from_u64(seed + 700);
    let (ana, ben) = (draw(2 * seed + 700, "Ana"), draw(2 * seed + 701, "Ben"));
    let mut nodes = Vec::new();
    for identity in [&ana, &ben] {
        let disk = MemoryDisk::new();
        let engine = Engine::open(identity.clone(), seed, &[], &disk)?;
        nodes.push(Node { engine, disk });
    }
    let [one, two] = nodes.as_mut_slice() else {
        return Err("two nodes".into());
    };
    for _ in 0..NOTEBOOKS {
        let nodes = [&mut *one, &mut *two];
        pair(nodes, [&ana, &ben], &mut random, &mut |_, _| {})?;
    }
    let mut frames = Vec::new();
    for _ in 0..2 {
        talk(seed, [&mut *one, &mut *two], &mut random, &mut frames)?;
        for node in [&mut *one, &mut *two] {
            node.engine.disconnected(ConnectionId(2), START_MS);
        }
        let notebook = one.engine.notebooks().last().ok_or("no notebook")?;
        edit(one, notebook, "apart", &mut random)?;
    }
    frames.retain(|frame| {
        let bytes = frame.to_bytes();
        bytes.is_some_and(|bytes| bytes.first() == Some(&BRIEF))
    });
    for (place, frame) in frames.iter_mut().enumerate() {
        frame.name = format!("conversation {seed} brief {place}");
    }
    Ok(frames)
}

/// What the same two nodes say about a capsule.
fn about_a_capsule(seed: u64) -> Result<Vec<Vector>, Failed> {
    const CAPSULE_FRAMES: core::ops::RangeInclusive<u8> = 10..=12;
    let [mut one, mut two] = conversation(seed, &mut Vec::new(), &mut Vec::new())?;
    for node in [&mut one, &mut two] {
        node.engine.disconnected(ConnectionId(2), START_MS);
    }
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let facts = CapsuleFacts::default();
    one.engine
        .renew_capsule(&facts, START_MS, &mut one.disk, &mut random)?;
    let mut frames = Vec::new();
    talk(seed, [&mut one, &mut two], &mut random, &mut frames)?;
    frames.retain(|frame| {
        let kind = frame.to_bytes().and_then(|bytes| bytes.first().copied());
        kind.is_some_and(|kind| CAPSULE_FRAMES.contains(&kind))
    });
    for (place, frame) in frames.iter_mut().enumerate() {
        frame.name = format!("conversation {seed}, frame {place} about a capsule");
    }
    Ok(frames)
}

/// Syncs two nodes, lets each write something more, and notes all frames.
fn talk(
    seed: u64,
    nodes: [&mut Node; 2],
    random: &mut ChaCha20Rng,
    frames: &mut Vec<Vector>,
) -> Result<(), Failed> {
    let [one, two] = nodes;
    let link = ConnectionId(2);
    let transports = [&*one, &*two].map(|node| node.engine.identity().device.card().transport);
    let [mine, theirs] = transports;
    let dial = |dialled| ConnectionKind::Sync { dialled };
    one.engine
        .connected(link, dial(true), theirs, EXPORTER, START_MS);
    two.engine
        .connected(link, dial(false), mine, EXPORTER, START_MS);
    let notebook = one.engine.notebooks().next().ok_or("no notebook")?;
    for round in 0..8_u64 {
        let now = START_MS + 100 * round;
        if round == 4 {
            edit(one, notebook, "first", random)?;
            edit(one, notebook, "second", random)?;
        }
        if round == 6 {
            edit(two, notebook, "third", random)?;
        }
        for (who, from, to) in [("dialler", 0, 1), ("other", 1, 0)] {
            let pair = [&mut *one, &mut *two];
            let [first, second] = pair;
            let (from, to) = if from < to {
                (first, second)
            } else {
                (second, first)
            };
            from.engine.flush(&mut from.disk, now, true);
            while let Some(frame) = from.engine.next_frame(link, &from.disk) {
                let name = format!("conversation {seed} frame {} by the {who}", frames.len());
                frames.push(Vector::bytes(name, seed.to_string(), &frame));
                to.engine.receive(link, &frame, now, &mut to.disk, random);
            }
        }
    }
    Ok(())
}

fn edit(
    node: &mut Node,
    notebook: NotebookId,
    goal: &str,
    random: &mut ChaCha20Rng,
) -> Result<(), Failed> {
    use automerge::transaction::{CommitOptions, Transactable};
    let time = i64::try_from(START_MS / 1_000)?;
    node.engine
        .edit(notebook, &mut node.disk, random, |session| {
            let document = session.write(GOALS).map_err(|error| error.to_string())?;
            let mut transaction = document.transaction();
            transaction
                .put(automerge::ROOT, goal, "listen")
                .map_err(|error| error.to_string())?;
            transaction.commit_with(CommitOptions::default().with_time(time));
            Ok::<_, String>(())
        })
        .map_err(|error| error.to_string().into())
}
