//! Where a run begins: a group that is in step. It is made once for each shape, since admitting thirty
//! people anew for every run would cost more than the run.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use hearth_core::control::{Admit, Label, Role};
use hearth_core::engine::Identity;
use hearth_core::identity::Roster;
use hearth_core::ids::NotebookId;
use hearth_core::pairing::TicketSecret;

use super::{Group, Shape, Someone, Tally};
use crate::disk::MemoryDisk;
use crate::people::{CROWD, Person, crowd};
use crate::world::{Checked, World, identity_of, violation};

/// The devices of a group, person by person, with their disks.
#[derive(Debug, Clone)]
struct Base {
    notebook: NotebookId,
    devices: Vec<(Identity, MemoryDisk)>,
}

fn linked(person: &Person, devices: usize) -> Roster {
    let mut roster = person.founded();
    if let Some((first, others)) = person.devices.split_first() {
        for device in others.iter().take(devices.saturating_sub(1)) {
            let entry = roster.add_device(first, &device.claim(person.id()));
            // Each builds on all before it.
            let _is_new = roster.insert(entry);
        }
    }
    roster
}

fn identities(shape: Shape) -> Vec<Identity> {
    crowd()
        .iter()
        .take(shape.people)
        .flat_map(|person| {
            let roster = linked(person, shape.devices);
            (0..shape.devices).filter_map(move |place| identity_of(person, place, &roster))
        })
        .collect()
}

impl Base {
    fn make(shape: Shape) -> Checked<Self> {
        let identities = identities(shape);
        let inside = shape.members * shape.devices;
        let mut world = World::of(1, identities.get(..inside).unwrap_or(&identities))?;
        let notebook = world.create(0, Role::Peer)?;
        world.start_note(0, notebook)?;
        for person in crowd().iter().take(shape.members).skip(1) {
            let roster = linked(person, shape.devices);
            let device = world.device_mut(0)?;
            let now = crate::clock::START_MS;
            let mut random = rand_chacha::ChaCha20Rng::clone(
                &rand_core::SeedableRng::seed_from_u64(u64::from(person.id().as_bytes()[0])),
            );
            let engine = device.engine.as_mut();
            let engine = engine.ok_or_else(|| violation("the node is down"))?;
            let replica = engine
                .replica_mut(notebook)
                .ok_or_else(|| violation("there is no notebook"))?;
            let failed = |error: hearth_core::replica::InviteError| violation(error.to_string());
            let secret = TicketSecret::random(&mut random);
            let key = secret.signing().verify_key();
            let invite = replica
                .invite(
                    key,
                    Role::Peer,
                    person.id().as_bytes()[1] % 3 == 0,
                    u64::MAX,
                    &mut random,
                )
                .map_err(failed)?;
            let proof = Admit::proof_bytes(notebook, invite.id, &roster);
            let proof = secret.signing().sign(&proof);
            let label = Label::Member {
                name: person.name.to_owned(),
                device: "laptop".to_owned(),
                role: Role::Peer,
            };
            replica
                .admit(invite.id, roster, proof, &label, &mut random)
                .map_err(failed)?;
            engine.flush(&mut device.disk, now, true);
        }
        for node in 1..world.devices.len() {
            if !world.hand_over(0, node, notebook) {
                return Err(violation(format!("{node} does not get the notebook")));
            }
            world.meet(0, node)?;
        }
        world.run_until_quiet()?;
        world.check_converged()?;
        let kept = world.devices.into_iter().map(|device| device.disk);
        let disks = kept.chain(std::iter::repeat_with(MemoryDisk::new));
        Ok(Self {
            notebook,
            devices: identities.into_iter().zip(disks).collect(),
        })
    }

    /// Returns the base of a shape, which is the same however often it is asked for.
    fn of(shape: Shape) -> Checked<Self> {
        static MADE: OnceLock<Mutex<BTreeMap<Shape, Base>>> = OnceLock::new();
        let made = MADE.get_or_init(Mutex::default);
        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(base) = made.get(&shape) {
            return Ok(base.clone());
        }
        let base = Self::make(shape)?;
        made.insert(shape, base.clone());
        Ok(base)
    }
}

impl Group {
    /// Prepares the run of a seed.
    ///
    /// # Errors
    /// [`crate::world::Violation`] where the group cannot be made.
    pub fn new(seed: u64, shape: Shape) -> Checked<Self> {
        let shape = Shape {
            people: shape.people.min(CROWD.0),
            devices: shape.devices.min(CROWD.1),
            ..shape
        };
        let base = Base::of(shape)?;
        let world = World::with_disks(seed, base.devices)?;
        let people = crowd().iter().take(shape.people).enumerate();
        let people = people
            .map(|(place, person)| Someone {
                person,
                recovery: person.recovery.clone(),
                recoveries: vec![person.recovery.clone()],
                nodes: (place * shape.devices..(place + 1) * shape.devices).collect(),
                has_been_member: place < shape.members,
            })
            .collect();
        Ok(Self {
            world,
            notebook: base.notebook,
            people,
            lost: std::collections::BTreeSet::new(),
            joining: Vec::new(),
            tickets: Vec::new(),
            reference: None,
            is_closed: false,
            shape,
            tally: Tally::default(),
        })
    }
}
