//! The script of a simulation: what happens in a world, drawn from the seed.
//!
//! First notebooks are created, people invited and joined, all of them write, while links break,
//! nodes crash, disks fill up, clocks jump and frames are damaged. Then everything is healed, those
//! who have not joined do, and when nothing more comes, all copies have to be equal.

use std::collections::BTreeSet;

use hearth_core::control::Role;
use hearth_core::ids::NotebookId;
use hearth_core::pairing::{Refusal, Ticket};

use crate::clock::FIFTY_YEARS_MS;
use crate::dice::Dice;
use crate::disk::Fault;
use crate::network::{Corruption, NodeId};
use crate::seeds::Run;
use crate::world::{Checked, PairingEnd, PairingId, World, violation};

/// The longest that a new key waits for its turn among eight devices, in milliseconds.
const NEW_KEY_MS_MAX: u64 = 30_000;

/// Most tries to let one person join one notebook after everything is healed.
const JOIN_TRIES_MAX: u32 = 6;

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
    crashes: u64,
}

impl Run for Script {
    type Tally = Tally;

    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn run(&mut self) -> Checked<Tally> {
        self.create_notebooks()?;
        let steps = 40 + self.world.random.below(160);
        for _ in 0..steps {
            self.happen()?;
            for _ in 0..self.world.random.below(6) {
                self.world.step()?;
            }
        }
        self.heal()?;
        self.join_all()?;
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

    /// Lets one thing happen.
    fn happen(&mut self) -> Checked<()> {
        let devices = self.world.devices.len();
        let (one, other) = (
            self.world.random.index(devices),
            self.world.random.index(devices),
        );
        let now = self.world.clock.now_ms();
        match self.world.random.below(100) {
            0..40 => self.edit()?,
            40..52 => {
                self.world.dial(one, other);
            }
            52..66 => self.invite()?,
            66..70 => {
                let links = self.world.network.sound_links();
                if let Some((link, _)) = self.world.random.pick(&links) {
                    self.world.network.cut(*link, now);
                }
            }
            70..73 if one != other => self.world.network.part(one, other, now),
            73..75 => self.world.network.heal(now),
            75..80 => self.crash_or_start(one)?,
            80..83 => self.fail_a_commit(one),
            83..85 => {
                let offset = self.world.random.below(2 * FIFTY_YEARS_MS.unsigned_abs());
                let offset = offset.cast_signed() - FIFTY_YEARS_MS;
                self.world
                    .note(|| format!("the clock of {one} jumps by {offset} ms"));
                self.world.device_mut(one)?.offset_ms = offset;
            }
            85..88 => self.snapshot(one)?,
            88..90 => {
                let one_in = 20 + self.world.random.below(200);
                let kind = if self.world.random.chance(2) {
                    Corruption::KillsLink
                } else {
                    Corruption::ReachesProtocol
                };
                self.world.network.corrupt(one_in, kind);
            }
            90..92 => self.save_peers(one)?,
            _ => {
                let ms = self.world.random.below(4_000);
                self.world.run_for(ms)?;
            }
        }
        self.note_joined()
    }

    fn edit(&mut self) -> Checked<()> {
        let place = self.world.random.index(self.plans.len());
        let Some(plan) = self.plans.get(place) else {
            return Ok(());
        };
        let notebook = plan.notebook;
        let writers: Vec<NodeId> = plan
            .members
            .iter()
            .copied()
            .filter(|node| self.world.is_up(*node))
            .collect();
        if let Some(node) = self.world.random.pick(&writers).copied() {
            for _ in 0..=self.world.random.below(4) {
                self.world.edit(node, notebook)?;
            }
        }
        Ok(())
    }

    /// Lets a member invite somebody, or somebody invited try to join.
    fn invite(&mut self) -> Checked<()> {
        let place = self.world.random.index(self.plans.len());
        let Some(plan) = self.plans.get_mut(place) else {
            return Ok(());
        };
        let idle: Vec<usize> = (0..plan.joining.len())
            .filter(|at| {
                plan.joining.get(*at).is_some_and(|attempt| {
                    attempt.pairing.is_none_or(|id| {
                        !matches!(
                            self.world.pairing_end(id),
                            None | Some(PairingEnd::Joined { .. })
                        )
                    })
                })
            })
            .collect();
        if self.world.random.chance(3)
            && let Some(attempt) = self
                .world
                .random
                .pick(&idle)
                .and_then(|at| plan.joining.get_mut(*at))
        {
            let ticket = attempt.ticket.clone();
            if let Some(id) = self.world.join(attempt.joiner, &ticket) {
                attempt.pairing = Some(id);
            }
            return Ok(());
        }
        let members: Vec<NodeId> = plan.members.iter().copied().collect();
        let outside: Vec<NodeId> = plan.outside.iter().copied().collect();
        let (Some(inviter), Some(joiner)) = (
            self.world.random.pick(&members).copied(),
            self.world.random.pick(&outside).copied(),
        ) else {
            return Ok(());
        };
        // Two admins may invite the same person: the entries have to resolve alike everywhere.
        let Some(ticket) = self.world.invite(inviter, plan.notebook, true) else {
            return Ok(());
        };
        if self.world.random.chance(12) {
            self.world.revoke(inviter, plan.notebook, ticket.invite);
        }
        let pairing = self.world.join(joiner, &ticket);
        plan.joining.push(Attempt {
            joiner,
            inviter,
            ticket,
            pairing,
        });
        Ok(())
    }

    /// Takes note of who has joined meanwhile.
    fn note_joined(&mut self) -> Checked<()> {
        for plan in &mut self.plans {
            let mut joined = Vec::new();
            for attempt in &plan.joining {
                if let Some(PairingEnd::Joined { notebook, .. }) =
                    attempt.pairing.and_then(|id| self.world.pairing_end(id))
                {
                    if *notebook != plan.notebook {
                        return Err(violation("somebody joined another notebook"));
                    }
                    joined.push((attempt.joiner, attempt.inviter));
                }
            }
            for (node, inviter) in joined {
                plan.admissions.insert((node, inviter));
                plan.members.insert(node);
                plan.outside.remove(&node);
                plan.joining.retain(|attempt| attempt.joiner != node);
            }
        }
        Ok(())
    }

    fn crash_or_start(&mut self, node: NodeId) -> Checked<()> {
        if self.world.is_up(node) {
            self.world.crash(node);
            self.crashes += 1;
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
        self.world
            .note(|| format!("commit {nth} of {node} will fail: {fault:?}"));
        if let Ok(device) = self.world.device_mut(node) {
            device.disk.fail_commit(nth, fault);
        }
    }

    fn snapshot(&mut self, node: NodeId) -> Checked<()> {
        let (keep, saves) = (self.world.random.index(3), self.world.random.chance(2));
        let pack_entries = 2 + self.world.random.below(12);
        self.world.note(|| {
            let saved = if saves { "saves its state and " } else { "" };
            format!("{node} {saved}keeps {keep} documents open")
        });
        let device = self.world.device_mut(node)?;
        if let Some(engine) = &mut device.engine {
            if saves {
                // A disk that fails here loses nothing; the next start only reads more.
                let _may_fail = engine.snapshot(&mut device.disk);
            }
            engine.set_pack_entries(pack_entries);
            // So does one that fails here.
            let _may_fail = engine.make_pack(&mut device.disk);
            engine.close_unused_documents(keep);
        }
        self.world.crash_if_down(node);
        Ok(())
    }

    fn save_peers(&mut self, node: NodeId) -> Checked<()> {
        let device = self.world.device_mut(node)?;
        if let Some(engine) = &mut device.engine {
            // What is lost here is told anew.
            let _may_fail = engine.save_peers(&mut device.disk);
        }
        self.world.crash_if_down(node);
        Ok(())
    }

    /// Ends all trouble.
    fn heal(&mut self) -> Checked<()> {
        self.world.note(|| "everything is healed".to_owned());
        let now = self.world.clock.now_ms();
        self.world.network.heal(now);
        for node in 0..self.world.devices.len() {
            self.world.device_mut(node)?.disk.mend();
            if !self.world.is_up(node) {
                self.world.start(node)?;
            }
        }
        self.world.run_until_quiet()?;
        self.note_joined()
    }

    /// Lets everybody join who has not.
    fn join_all(&mut self) -> Checked<()> {
        for place in 0..self.plans.len() {
            while let Some(plan) = self.plans.get(place) {
                let (creator, notebook) = (plan.creator, plan.notebook);
                let Some(joiner) = plan.outside.first().copied() else {
                    break;
                };
                let open: Vec<(NodeId, Ticket)> = plan
                    .joining
                    .iter()
                    .filter(|attempt| attempt.joiner == joiner)
                    .map(|attempt| (attempt.inviter, attempt.ticket.clone()))
                    .collect();
                let inviter = self.join_one(creator, joiner, notebook, open)?;
                if let Some(plan) = self.plans.get_mut(place) {
                    plan.admissions.insert((joiner, inviter));
                    plan.outside.remove(&joiner);
                    plan.members.insert(joiner);
                    plan.joining.retain(|attempt| attempt.joiner != joiner);
                }
            }
        }
        Ok(())
    }

    /// Lets somebody join, by an old ticket where one still serves: whoever was admitted and missed
    /// the answer has to come back with the same one.
    fn join_one(
        &mut self,
        creator: NodeId,
        joiner: NodeId,
        notebook: NotebookId,
        open: Vec<(NodeId, Ticket)>,
    ) -> Checked<NodeId> {
        let mut ends = Vec::new();
        for (inviter, ticket) in open {
            let end = self.world.join_and_wait(joiner, &ticket)?;
            if matches!(end, PairingEnd::Joined { .. }) {
                return Ok(inviter);
            }
            ends.push(end);
        }
        for _ in 0..JOIN_TRIES_MAX {
            let Some(ticket) = self.world.invite(creator, notebook, true) else {
                return Err(violation(format!("{creator} cannot invite in peace")));
            };
            let end = self.world.join_and_wait(joiner, &ticket)?;
            if matches!(end, PairingEnd::Joined { .. }) {
                return Ok(creator);
            }
            let is_member_already = end == PairingEnd::Refused(Refusal::Used);
            ends.push(end);
            if is_member_already {
                break;
            }
        }
        Err(violation(format!(
            "{joiner} cannot join {notebook:?} in peace: {ends:?}"
        )))
    }

    /// Connects all devices, each to few others, so that entries have to be passed on.
    fn connect_some(&mut self) -> Checked<()> {
        let mut pairs = BTreeSet::new();
        for plan in &self.plans {
            pairs.extend(&plan.admissions);
        }
        self.connect(&pairs)
    }

    /// Lets a few devices write over the connections that there are, which nothing disturbs: all of
    /// it has to arrive without a new connection.
    fn write_on(&mut self) -> Checked<()> {
        for _ in 0..=self.plans.len() {
            self.edit()?;
            for _ in 0..self.world.random.below(8) {
                self.world.step()?;
            }
        }
        self.world.run_until_quiet()
    }

    fn connect_all(&mut self) -> Checked<()> {
        let mut pairs = BTreeSet::new();
        for plan in &self.plans {
            for one in &plan.members {
                pairs.extend(plan.members.range(one + 1..).map(|other| (*one, *other)));
            }
        }
        self.connect(&pairs)
    }

    /// Connects pairs of devices and runs until nothing more comes. Somebody admitted elsewhere is a
    /// stranger until the news has come around, so whoever was turned away tries again, as nodes do.
    fn connect(&mut self, pairs: &BTreeSet<(NodeId, NodeId)>) -> Checked<()> {
        self.world.run_until_quiet()?;
        for _ in 0..=self.world.devices.len() {
            let missing: Vec<(NodeId, NodeId)> = pairs
                .iter()
                .filter(|(one, other)| !self.world.network.are_linked(*one, *other))
                .copied()
                .collect();
            if missing.is_empty() {
                return Ok(());
            }
            self.world.note(|| format!("to be connected: {missing:?}"));
            for (one, other) in missing {
                if self.world.random.chance(2) {
                    self.world.dial(one, other);
                } else {
                    self.world.dial(other, one);
                }
            }
            // Whoever writes while two greet each other makes them compare what is no longer so.
            for _ in 0..self.world.random.below(6) {
                for _ in 0..self.world.random.below(12) {
                    self.world.step()?;
                }
                self.edit()?;
            }
            self.world.run_until_quiet()?;
        }
        Err(violation(
            "members who know each other cannot stay connected",
        ))
    }
}
