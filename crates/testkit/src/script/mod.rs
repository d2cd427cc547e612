//! The script of a simulation: what happens in a world, drawn from the seed.
//!
//! First notebooks are created, people invited and joined, all of them write, while links break,
//! nodes crash, disks fill up, clocks jump and frames are damaged, mirrors hold some of it and are set back, and
//! bundles go from hand to hand. Then everything is healed, those
//! who have not joined do, and when nothing more comes, all copies have to be equal.

mod files;
mod mirrors;
mod peace;
mod trouble;

use std::collections::BTreeSet;

pub use files::FileTally;
pub use mirrors::MirrorTally;

use hearth_core::control::Role;
use hearth_core::ids::NotebookId;
use hearth_core::pairing::Ticket;

use crate::dice::Dice;
use crate::network::NodeId;
use crate::seeds::Run;
use crate::world::{Checked, PairingId, World};

/// The longest that a new key waits for its turn among eight devices, in milliseconds.
const NEW_KEY_MS_MAX: u64 = 30_000;

/// What a run was about, for the tally.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Devices.
    pub devices: u64,
    /// Notebooks.
    pub notebooks: u64,
    /// Edits that were acknowledged.
    pub edits: u64,
    /// Frames that arrived.
    pub frames: u64,
    /// Crashes and restarts.
    pub crashes: u64,
    /// Connections that a node closed.
    pub closed: u64,
    /// Entries that came in packs, without their signature.
    pub bare: u64,
    /// Bundles.
    pub files: FileTally,
    /// Mirrors.
    pub mirrors: MirrorTally,
}

impl core::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.devices += other.devices;
        self.notebooks += other.notebooks;
        self.edits += other.edits;
        self.frames += other.frames;
        self.crashes += other.crashes;
        self.closed += other.closed;
        self.bare += other.bare;
        self.files += other.files;
        self.mirrors += other.mirrors;
    }
}

/// A notebook and who is in it, is to be, or is on the way.
#[derive(Debug)]
struct Plan {
    notebook: NotebookId,
    creator: NodeId,
    members: BTreeSet<NodeId>,
    outside: BTreeSet<NodeId>,
    /// Who was let in by whom: these two know each other, whatever news is still on its way.
    admissions: BTreeSet<(NodeId, NodeId)>,
    joining: Vec<Attempt>,
}

#[derive(Debug)]
struct Attempt {
    joiner: NodeId,
    inviter: NodeId,
    ticket: Ticket,
    pairing: Option<PairingId>,
}

/// A run of the script in a world of its own.
#[derive(Debug)]
pub struct Script {
    /// The world.
    pub world: World,
    plans: Vec<Plan>,
    files: files::Files,
    mirrors: mirrors::ScriptMirrors,
    crashes: u64,
}

impl Run for Script {
    type Tally = Tally;

    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn run(&mut self) -> Checked<Tally> {
        self.create_notebooks()?;
        self.put_up_mirrors()?;
        let steps = 40 + self.world.random.below(160);
        for _ in 0..steps {
            self.happen()?;
            for _ in 0..self.world.random.below(6) {
                self.world.step()?;
            }
        }
        self.heal()?;
        self.join_all()?;
        // Links bring everybody together; now and then something else has to have done so before.
        match self.world.random.below(4) {
            0 => self.converge_by_files()?,
            1 => self.converge_by_a_mirror()?,
            _ => {}
        }
        self.connect_some()?;
        // Whoever can makes the key that the others lack, and waits for its turn before that.
        self.world.run_for(NEW_KEY_MS_MAX)?;
        self.world.check_converged()?;
        self.write_on()?;
        self.world.check_converged()?;
        self.connect_all()?;
        self.write_on()?;
        self.world.check_converged()?;
        self.world.check_statuses()?;
        self.check_mirrors()?;
        self.world.check_converged()?;
        Ok(self.tally())
    }
}

impl Script {
    /// Prepares the run of a seed.
    ///
    /// # Errors
    /// [`crate::world::Violation`] where a node does not open on an empty disk.
    pub fn new(seed: u64) -> Checked<Self> {
        let mut world = World::new(seed, 2)?;
        // Small groups are the rule, and quick; every size up to eight comes up often enough.
        let count = match world.random.below(8) {
            0..=2 => 2,
            3 | 4 => 3,
            5 => 4,
            6 => 5,
            _ => 6 + world.random.index(3),
        };
        if count != 2 {
            world = World::new(seed, count)?;
        }
        Ok(Self {
            world,
            plans: Vec::new(),
            files: files::Files::default(),
            mirrors: mirrors::ScriptMirrors::default(),
            crashes: 0,
        })
    }

    fn tally(&self) -> Tally {
        Tally {
            devices: self.world.devices.len() as u64,
            notebooks: self.plans.len() as u64,
            edits: self.world.edits(),
            frames: self.world.network.delivered().0,
            crashes: self.crashes,
            closed: self
                .world
                .devices
                .iter()
                .flat_map(|device| device.closed.values())
                .sum(),
            bare: self
                .world
                .devices
                .iter()
                .map(|device| device.disk.bare_count())
                .sum(),
            files: self.files.tally,
            mirrors: self.mirrors.tally,
        }
    }

    fn create_notebooks(&mut self) -> Checked<()> {
        let count = 1 + self.world.random.index(3);
        let devices = self.world.devices.len();
        for _ in 0..count {
            let creator = self.world.random.index(devices);
            let notebook = self.world.create(creator, Role::Peer)?;
            self.world.start_note(creator, notebook)?;
            let outside = (0..devices).filter(|node| *node != creator).collect();
            self.plans.push(Plan {
                notebook,
                creator,
                members: BTreeSet::from([creator]),
                outside,
                admissions: BTreeSet::new(),
                joining: Vec::new(),
            });
        }
        Ok(())
    }
}
