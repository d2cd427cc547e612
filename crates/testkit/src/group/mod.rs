//! The script of a group: people with several devices join, leave, are removed and come back, link, lose and
//! revoke devices, while links break and nodes crash, and everybody goes on writing.
//!
//! Then everything is healed. Whoever is a member by then has the same, everybody can act, and whoever is
//! out opens nothing that was written since.

mod acts;
mod base;
mod check;
mod devices;
mod secrecy;

use std::collections::BTreeSet;

use hearth_core::identity::RecoverySecrets;
use hearth_core::ids::NotebookId;
use hearth_core::pairing::Ticket;

use crate::dice::Dice;
use crate::disk::Fault;
use crate::network::NodeId;
use crate::people::Person;
use crate::seeds::Run;
use crate::world::{Checked, PairingId, World, violation};

/// How large a group is, and what it goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// People, of whom some are outside at first.
    pub people: usize,
    /// Those who are members at first.
    pub members: usize,
    /// Devices of each that are linked at first.
    pub devices: usize,
    /// Things that happen until all is healed.
    pub steps: u64,
}

impl Shape {
    /// Returns the shape of a small group for a seed.
    pub const fn small(seed: u64) -> Self {
        Self {
            people: 3 + (seed % 4) as usize,
            members: 2 + (seed / 4 % 2) as usize,
            devices: 1 + (seed / 8 % 3) as usize,
            steps: 90,
        }
    }

    /// Thirty people with three devices each.
    pub const LARGE: Self = Self {
        people: 30,
        members: 24,
        devices: 3,
        steps: 60,
    };
}

/// Devices in a group for each of which one more dials when one does.
const DEVICES_PER_DIAL: usize = 12;

macro_rules! tally {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What a run came to, or a series of them.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Tally {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl core::ops::AddAssign for Tally {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

tally! {
    /// Devices that came to be in a world.
    devices,
    /// Edits that were acknowledged.
    edits,
    /// Frames that arrived.
    frames,
    /// Crashes and restarts.
    crashes,
    /// People who joined, readmitted ones included.
    joined,
    /// Of these, people who had been members before.
    readmitted,
    /// People let in once more, since the device that had admitted them was lost before its answer arrived.
    let_in_anew,
    /// Removals.
    removals,
    /// Admin bits given.
    promotions,
    /// Admin bits taken.
    demotions,
    /// Changes between observer and peer.
    roles,
    /// People who left.
    left,
    /// Devices linked.
    linked,
    /// Devices revoked, by a device or the phrase.
    revoked,
    /// Devices brought back by the phrase.
    recovered,
    /// Recovery keys rotated.
    rotated,
    /// Control entries in the end.
    controls,
    /// Re-keys among them.
    rekeys,
    /// Admissions that the rules made void.
    voided,
    /// Entries that are kept and named, adopted ones included.
    set_aside,
    /// Entries that are shown since somebody built on them.
    adopted,
    /// Goals that had to be shown and are.
    kept,
    /// Keys of those who are out, tried on what was written since.
    attempts,
    /// Entries from before that those keys do open, to show that the attempts are real.
    opened,
    /// Runs in which something stays closed, since no member holds the key that it was sealed under: what has to
    /// be shown is not looked for there.
    closed,
    /// People of whom the members do not know that somebody let them in.
    unheard,
}

/// Somebody in a world.
#[derive(Debug)]
struct Someone {
    person: &'static Person,
    /// The recovery key in force.
    recovery: RecoverySecrets,
    /// All that they ever had.
    recoveries: Vec<RecoverySecrets>,
    /// Their devices in the world, by their place among their devices.
    nodes: Vec<NodeId>,
    has_been_member: bool,
}

/// A run of the script.
#[derive(Debug)]
pub struct Group {
    /// The world.
    pub world: World,
    notebook: NotebookId,
    people: Vec<Someone>,
    /// Devices that are gone for good.
    lost: BTreeSet<NodeId>,
    joining: Vec<(usize, PairingId)>,
    /// Every ticket that somebody tried, with the device that did.
    tickets: Vec<(NodeId, Ticket)>,
    /// A device of the creator's that is live by all that anybody knows.
    reference: Option<NodeId>,
    /// Whether something was sealed under a key that no member holds.
    is_closed: bool,
    shape: Shape,
    tally: Tally,
}

impl Run for Group {
    type Tally = Tally;

    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn run(&mut self) -> Checked<Tally> {
        for _ in 0..self.shape.steps {
            self.happen()?;
            for _ in 0..self.world.random.below(6) {
                self.world.step()?;
            }
        }
        self.heal()?;
        self.come_together()?;
        self.check_kept()?;
        self.check_everybody_acts()?;
        self.check_phrase()?;
        self.check_secrecy()?;
        self.count()?;
        Ok(self.tally)
    }
}

impl Group {
    /// Lets one thing happen.
    fn happen(&mut self) -> Checked<()> {
        let devices = self.world.devices.len();
        let one = self.world.random.index(devices);
        let now = self.world.clock.now_ms();
        match self.world.random.below(100) {
            0..30 => self.edit(one)?,
            30..44 => {
                for _ in 0..=devices / DEVICES_PER_DIAL {
                    let one = self.world.random.index(devices);
                    self.dial_somebody(one);
                }
            }
            44..48 => {
                let links = self.world.network.sound_links();
                if let Some((link, _)) = self.world.random.pick(&links) {
                    self.world.network.cut(*link, now);
                }
            }
            48..51 => self.part(now),
            51 => self.world.network.heal(now),
            52..55 => self.crash_or_start(one)?,
            55..57 => self.fail_a_commit(one),
            57..66 => {
                let one = self.an_admin_or(one);
                self.invite(one);
            }
            66..71 => {
                let one = self.an_admin_or(one);
                self.remove(one);
            }
            71..74 => {
                let one = self.an_admin_or(one);
                self.change_admin(one);
            }
            74..78 => {
                let one = self.an_admin_or(one);
                self.change_role(one);
            }
            78 => self.leave(one),
            79..83 => self.link(one)?,
            83..86 => self.revoke(one),
            86 => self.rotate(one),
            87 => self.lose_all_and_recover(one)?,
            88..91 => self.hand_to_siblings(),
            _ => {
                let ms = self.world.random.below(3_000);
                self.world.run_for(ms)?;
            }
        }
        self.note_joined();
        Ok(())
    }

    /// Returns a device of somebody who takes themselves for an admin, mostly; anybody may try.
    fn an_admin_or(&mut self, node: NodeId) -> NodeId {
        let is_admin = |node: &NodeId| {
            let device = self.world.device(*node).ok();
            let replica = device.and_then(|device| device.replica(self.notebook));
            replica.is_some_and(|replica| {
                let member = replica.membership().member_of(&replica.own_device());
                member.is_some_and(|member| member.rights.admin)
            })
        };
        let mut admins = self.world.holders(self.notebook);
        admins.retain(is_admin);
        if self.world.random.chance(4) {
            node
        } else {
            self.world.random.pick(&admins).copied().unwrap_or(node)
        }
    }

    fn part(&mut self, now: u64) {
        // Two halves, so that news has no way around.
        let side: Vec<bool> = (0..self.world.devices.len())
            .map(|_| self.world.random.chance(3))
            .collect();
        for (one, far) in side.iter().enumerate() {
            for (other, near) in side.iter().enumerate().skip(one + 1) {
                if far != near {
                    self.world.network.part(one, other, now);
                }
            }
        }
        self.world.note(|| format!("parted: {side:?}"));
    }

    fn crash_or_start(&mut self, node: NodeId) -> Checked<()> {
        if self.lost.contains(&node) {
            return Ok(());
        }
        if self.world.is_up(node) {
            self.world.crash(node);
            self.tally.crashes += 1;
            if self.world.random.chance(2) {
                return Ok(());
            }
        }
        self.world.start(node)
    }

    fn fail_a_commit(&mut self, node: NodeId) {
        let fault = match self.world.random.below(3) {
            0 => Fault::Full,
            1 => Fault::Failed,
            _ => Fault::Torn,
        };
        let nth = self.world.random.below(4);
        if let Ok(device) = self.world.device_mut(node) {
            device.disk.fail_commit(nth, fault);
        }
    }

    /// Ends all trouble.
    fn heal(&mut self) -> Checked<()> {
        self.world.note(|| "everything is healed".to_owned());
        let now = self.world.clock.now_ms();
        self.world.network.heal(now);
        for node in 0..self.world.devices.len() {
            self.world.device_mut(node)?.disk.mend();
            if !self.world.is_up(node) && !self.lost.contains(&node) {
                self.world.start(node)?;
            }
        }
        self.world.run_until_quiet()?;
        self.note_joined();
        Ok(())
    }

    /// Returns the device of the creator's that all is measured by.
    fn reference(&self) -> Checked<NodeId> {
        self.reference
            .ok_or_else(|| violation("the creator has no live device"))
    }

    /// Says whether a device is a live member's as another one sees it.
    fn is_live_at(&self, node: NodeId, seen_by: NodeId) -> bool {
        let Ok(device) = self.world.device(node) else {
            return false;
        };
        self.world
            .device(seen_by)
            .ok()
            .and_then(|seer| seer.replica(self.notebook))
            .is_some_and(|replica| replica.membership().person_of(&device.id()).is_some())
    }

    /// Returns the devices that have the notebook and are live as a device sees it.
    fn live_holders(&self, seen_by: NodeId) -> Vec<NodeId> {
        self.world
            .holders(self.notebook)
            .into_iter()
            .filter(|node| self.is_live_at(*node, seen_by))
            .collect()
    }

    fn someone_at(&self, node: NodeId) -> Option<usize> {
        self.people
            .iter()
            .position(|someone| someone.nodes.contains(&node))
    }
}
