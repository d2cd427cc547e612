//! What a device says of where its person is, and whether they write.

use hearth_core::control::Role;
use hearth_core::engine::Engine;
use hearth_core::ids::ActorId;
use hearth_core::presence::{Caret, Presence, PresenceState, PresenceWindow};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::frames::{Failed, Node, let_in};
use super::parting::meet_and;
use super::{Vector, VectorFile};
use crate::disk::MemoryDisk;
use crate::people::draw;
use crate::world::NOTES;

/// The type of the frame.
const PRESENCE: u8 = 24;

pub(super) fn make() -> VectorFile {
    file("presence", [PresenceWindow::FIRST; 2])
}

/// What windows beyond the first say.
pub(super) fn make_of_windows() -> VectorFile {
    let last = PresenceWindow::all().last().unwrap_or_default();
    let second = PresenceWindow::new(1).unwrap_or_default();
    file("presence_windows", [second, last])
}

fn file(name: &'static str, windows: [PresenceWindow; 2]) -> VectorFile {
    let mut vectors = Vec::new();
    for (seed, window) in (0..).zip(windows) {
        // What breaks off leaves the file too short, which the test of it notices.
        let _complete = say(seed, window, &mut vectors).is_ok();
    }
    VectorFile { name, vectors }
}

/// Ana is at the end, writes before a letter, and leaves, while Ben is linked.
fn say(seed: u64, window: PresenceWindow, vectors: &mut Vec<Vector>) -> Result<(), Failed> {
    let mut random = ChaCha20Rng::seed_from_u64(seed + 1_300);
    let people = [(2 * seed + 1_300, "Ana"), (2 * seed + 1_301, "Ben")];
    let people = people.map(|(seed, name)| draw(seed, name));
    let mut nodes = Vec::new();
    for identity in &people {
        let disk = MemoryDisk::new();
        let engine = Engine::open(identity.clone(), seed, &[], &disk)?;
        nodes.push(Node { engine, disk });
    }
    let [ana, ben] = nodes.as_mut_slice() else {
        return Err("two nodes".into());
    };
    let [_, ben_is] = &people;
    let notebook = ana
        .engine
        .create_notebook(Role::Mentor, &mut ana.disk, &mut random)?;
    let nodes = [&mut *ana, &mut *ben];
    let_in(notebook, nodes, ben_is, &mut random, &mut |_, _| {})?;
    let before = Caret::Before {
        actor: ActorId::from_bytes([7; ActorId::LEN]),
        counter: 41,
    };
    let said = [
        (PresenceState::Here, Caret::End),
        (PresenceState::Writing, before),
        (PresenceState::Away, Caret::Nowhere),
    ];
    let mut said = said.into_iter().map(|(state, caret)| Presence {
        window,
        document: NOTES,
        state,
        caret,
    });
    let mut say = |ana: &mut Node, random: &mut ChaCha20Rng| {
        if let Some(presence) = said.next() {
            ana.engine.say_presence(notebook, &presence, random);
        }
    };
    let nodes = [&mut *ana, &mut *ben];
    meet_and(nodes, &mut random, &mut say, &mut |frame| {
        if frame.first() == Some(&PRESENCE) {
            let name = format!("presence {} {seed}", vectors.len() % 3);
            vectors.push(Vector::bytes(name, seed.to_string(), frame));
        }
    });
    Ok(())
}
