//! What a device says to another one of its person that lacks a notebook.

use std::sync::Arc;

use hearth_core::control::Role;
use hearth_core::engine::{ConnectionId, ConnectionKind, Engine, Identity};
use hearth_core::identity::DeviceSecrets;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Vector, VectorFile};
use crate::clock::START_MS;
use crate::disk::MemoryDisk;
use crate::people::draw;

/// Secret of the connection that both sides agree on.
const EXPORTER: [u8; 32] = [0x46; 32];
/// The type of the frame.
const HANDED: u8 = 13;

type Failed = Box<dyn core::error::Error>;

pub(super) fn make() -> Vec<VectorFile> {
    let mut vectors = Vec::new();
    for seed in 0..2 {
        // What breaks off leaves the file too short, which the test of it notices.
        let _complete = hand_over(seed, &mut vectors).is_ok();
    }
    vec![VectorFile {
        name: "handing",
        vectors,
    }]
}

/// Two devices that share nothing meet; then one makes a notebook.
fn hand_over(seed: u64, vectors: &mut Vec<Vector>) -> Result<(), Failed> {
    let mut random = ChaCha20Rng::seed_from_u64(seed + 900);
    let mut laptop = draw(seed + 901, "Ana");
    let phone = DeviceSecrets::random(&mut random);
    let claim = phone.claim(laptop.person());
    let added = laptop.roster.add_device(&laptop.device, &claim);
    laptop.roster.insert(added)?;
    let phone = Identity {
        device: Arc::new(phone),
        device_label: "phone".to_owned(),
        ..laptop.clone()
    };
    let mut nodes = Vec::new();
    for identity in [laptop, phone] {
        let disk = MemoryDisk::new();
        nodes.push((Engine::open(identity, seed, &[], &disk)?, disk));
    }
    let (id, dialled) = (ConnectionId(1), |dialled| ConnectionKind::Sync { dialled });
    let transports: Vec<_> = nodes
        .iter()
        .map(|(engine, _)| engine.identity().device.card().transport)
        .collect();
    for (place, (engine, _)) in nodes.iter_mut().enumerate() {
        let remote = transports.get(1 - place).ok_or("two nodes")?;
        engine.connected(id, dialled(place == 0), *remote, EXPORTER, START_MS);
    }
    for round in 0..6 {
        let (engine, disk) = nodes.first_mut().ok_or("two nodes")?;
        if round == 2 {
            engine.create_notebook(Role::Peer, disk, &mut random)?;
        }
        nodes.reverse();
        let [(to, to_disk), (from, disk)] = nodes.as_mut_slice() else {
            return Err("two nodes".into());
        };
        from.flush(disk, START_MS, true);
        while let Some(frame) = from.next_frame(id, disk) {
            if frame.first() == Some(&HANDED) {
                let name = format!("handed {seed} {}", vectors.len());
                vectors.push(Vector::bytes(name, seed.to_string(), &frame));
            }
            to.receive(id, &frame, START_MS, to_disk, &mut random);
        }
    }
    Ok(())
}
