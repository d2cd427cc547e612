//! What a member says to somebody whom it takes to be out, and what they say against it.

use hearth_core::control::Role;
use hearth_core::engine::{ConnectionId, ConnectionKind, Engine};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::frames::{EXPORTER, Failed, Node, let_in};
use super::{Vector, VectorFile};
use crate::clock::START_MS;
use crate::disk::MemoryDisk;
use crate::people::draw;

/// The types of the frames.
const ENDED: u8 = 18;
const OBJECTION: u8 = 19;

pub(super) fn make() -> VectorFile {
    let mut vectors = Vec::new();
    for seed in 0..2 {
        // What breaks off leaves the file too short, which the test of it notices.
        let _complete = object(seed, &mut vectors).is_ok();
    }
    VectorFile {
        name: "parting",
        vectors,
    }
}

/// Chloe is removed, which Ben hears, and let in again, which he does not; then the two meet.
fn object(seed: u64, vectors: &mut Vec<Vector>) -> Result<(), Failed> {
    let mut random = ChaCha20Rng::seed_from_u64(seed + 1_100);
    let first = 3 * seed + 1_100;
    let people = [(first, "Ana"), (first + 1, "Ben"), (first + 2, "Chloe")];
    let people = people.map(|(seed, name)| draw(seed, name));
    let mut nodes = Vec::new();
    for identity in &people {
        let disk = MemoryDisk::new();
        let engine = Engine::open(identity.clone(), seed, &[], &disk)?;
        nodes.push(Node { engine, disk });
    }
    let [ana, ben, chloe] = nodes.as_mut_slice() else {
        return Err("three nodes".into());
    };
    let [_, ben_is, chloe_is] = &people;
    let disk = &mut ana.disk;
    let notebook = ana
        .engine
        .create_notebook(Role::Mentor, disk, &mut random)?;
    let_in(
        notebook,
        [&mut *ana, &mut *ben],
        ben_is,
        &mut random,
        &mut |_, _| {},
    )?;
    let_in(
        notebook,
        [&mut *ana, &mut *chloe],
        chloe_is,
        &mut random,
        &mut |_, _| {},
    )?;
    let whom = chloe_is.person();
    ana.engine
        .remove_member(notebook, whom, None, &mut ana.disk, &mut random)?;
    let mut unheard = |_: &[u8]| {};
    meet([&mut *ana, &mut *ben], &mut random, &mut unheard);
    meet([&mut *ana, &mut *chloe], &mut random, &mut unheard);
    let_in(
        notebook,
        [&mut *ana, &mut *chloe],
        chloe_is,
        &mut random,
        &mut |_, _| {},
    )?;
    meet([&mut *chloe, &mut *ben], &mut random, &mut |frame| {
        let name = match frame.first() {
            Some(&ENDED) => "ended",
            Some(&OBJECTION) => "objection",
            _ => return,
        };
        vectors.push(Vector::bytes(
            format!("{name} {seed}"),
            seed.to_string(),
            frame,
        ));
    });
    Ok(())
}

/// Lets two nodes meet until both have nothing more to say.
fn meet(nodes: [&mut Node; 2], random: &mut ChaCha20Rng, hear: &mut dyn FnMut(&[u8])) {
    meet_and(nodes, random, &mut |_, _| {}, hear);
}

/// Lets two nodes meet until both have nothing more to say, and the first do something in each round from where both
/// know what the other has.
pub(super) fn meet_and(
    nodes: [&mut Node; 2],
    random: &mut ChaCha20Rng,
    act: &mut dyn FnMut(&mut Node, &mut ChaCha20Rng),
    hear: &mut dyn FnMut(&[u8]),
) {
    const GREETED: u64 = 4;
    const ROUNDS: u64 = 8;
    let [one, two] = nodes;
    let link = ConnectionId(2);
    let [mine, theirs] = [&*one, &*two].map(|node| node.engine.identity().device.card().transport);
    let dial = |dialled| ConnectionKind::Sync { dialled };
    one.engine
        .connected(link, dial(true), theirs, EXPORTER, START_MS);
    two.engine
        .connected(link, dial(false), mine, EXPORTER, START_MS);
    for round in 0..ROUNDS {
        let now = START_MS + 100 * round;
        if round >= GREETED {
            act(&mut *one, random);
        }
        for is_first in [true, false] {
            let (from, to) = if is_first {
                (&mut *one, &mut *two)
            } else {
                (&mut *two, &mut *one)
            };
            from.engine.flush(&mut from.disk, now, true);
            while let Some(frame) = from.engine.next_frame(link, &from.disk) {
                hear(&frame);
                to.engine.receive(link, &frame, now, &mut to.disk, random);
            }
        }
    }
    for node in [one, two] {
        node.engine.disconnected(link, START_MS);
    }
}
