//! Mirrors among the things that happen: they crash, lose their disks to failures, go back to older ones, and are
//! cut off like anybody.

use hearth_core::engine::MirrorStatus;
use hearth_core::ids::{MirrorId, NotebookId};
use hearth_core::mirror::{MirrorAnswer, MirrorLimits};

use super::{NEW_KEY_MS_MAX, Script};
use crate::dice::Dice;
use crate::disk::{Fault, MemoryDisk};
use crate::network::NodeId;
use crate::world::{Checked, violation};

const ROOMY: MirrorLimits = MirrorLimits {
    total_bytes: 1 << 30,
    notebook_bytes: 1 << 30,
};

/// Rounds in which everybody visits a mirror, until all have to have the same.
const ROUNDS_MAX: usize = 8;

/// Of how many runs with a mirror one ends with pruning.
const PRUNED_ONE_IN: u64 = 8;

/// Steps in which a device has to be done with the checkpoints at a mirror.
const SEGMENT_STEPS_MAX: usize = 2_000;

/// How long it takes until a mirror has answered, in milliseconds.
const SEGMENT_STEP_MS: u64 = 500;

/// The mirrors of a run, and what became of them.
#[derive(Debug, Default)]
pub(super) struct ScriptMirrors {
    nodes: Vec<NodeId>,
    /// Disks as they once were.
    older: Vec<(NodeId, MemoryDisk)>,
    pub(super) tally: MirrorTally,
}

/// What became of mirrors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MirrorTally {
    /// Mirrors.
    pub mirrors: u64,
    /// Times that one was added to a notebook.
    pub added: u64,
    /// Times that one was asked to hold a notebook, and did.
    pub asked: u64,
    /// Links with them.
    pub links: u64,
    /// Segments that they have in the end.
    pub segments: u64,
    /// How many of these stand for entries that they keep no more.
    pub pruned: u64,
    /// Crashes of them.
    pub crashes: u64,
    /// Times that one was set back to an older disk.
    pub set_back: u64,
    /// Devices that had the proof in the end that one lost what it had signed for.
    pub caught: u64,
    /// Notebooks that one holds all of in the end.
    pub held: u64,
    /// Runs in which all had the same by a mirror alone.
    pub converged: u64,
}

impl core::ops::AddAssign for MirrorTally {
    fn add_assign(&mut self, other: Self) {
        self.mirrors += other.mirrors;
        self.added += other.added;
        self.asked += other.asked;
        self.links += other.links;
        self.segments += other.segments;
        self.pruned += other.pruned;
        self.crashes += other.crashes;
        self.set_back += other.set_back;
        self.caught += other.caught;
        self.held += other.held;
        self.converged += other.converged;
    }
}

impl Script {
    /// Puts up mirrors for a run: none, one or two.
    pub(super) fn put_up_mirrors(&mut self) -> Checked<()> {
        for _ in 0..self.world.random.below(3) {
            let node = self.world.add_mirror_node(ROOMY)?;
            self.mirrors.nodes.push(node);
            self.mirrors.tally.mirrors += 1;
        }
        Ok(())
    }

    /// Lets something happen with a mirror.
    pub(super) fn happen_to_a_mirror(&mut self) -> Checked<()> {
        let Some(mirror) = self.world.random.pick(&self.mirrors.nodes).copied() else {
            return Ok(());
        };
        let devices = self.world.devices.len();
        let one = self.world.random.index(devices);
        let now = self.world.clock.now_ms();
        match self.world.random.below(20) {
            0..3 => self.add_to_a_notebook(mirror)?,
            3..11 => self.link_with(one, mirror)?,
            11..13 => self.crash_or_start_mirror(mirror)?,
            13..15 => {
                let disk = self.world.mirror(mirror)?.disk.clone();
                self.mirrors.older.push((mirror, disk));
            }
            15..17 => self.set_back()?,
            17 => {
                let fault = *self
                    .world
                    .random
                    .pick(&[Fault::Full, Fault::Failed, Fault::Torn])
                    .unwrap_or(&Fault::Full);
                let nth = self.world.random.below(4);
                self.world.mirror(mirror)?.disk.fail_commit(nth, fault);
            }
            18 => self.world.network.part(one, mirror, now),
            _ => self.world.part_from_mirror(one, mirror),
        }
        Ok(())
    }

    fn id_of(&mut self, mirror: NodeId) -> Checked<MirrorId> {
        Ok(self.world.mirror(mirror)?.id())
    }

    fn is_mirror_up(&mut self, mirror: NodeId) -> Checked<bool> {
        Ok(self.world.mirror(mirror)?.mirror.is_some())
    }

    fn add_to_a_notebook(&mut self, mirror: NodeId) -> Checked<()> {
        let place = self.world.random.index(self.plans.len());
        let Some(plan) = self.plans.get(place) else {
            return Ok(());
        };
        let notebook = plan.notebook;
        let members: Vec<NodeId> = plan.members.iter().copied().collect();
        let Some(by) = self.world.random.pick(&members).copied() else {
            return Ok(());
        };
        let ticket = self.world.mirror(mirror)?.ticket();
        let added = self.world.act(by, |engine, disk, random| {
            engine.add_mirror(notebook, &ticket, disk, random)
        });
        // It may be there already, or the disk may fail, or this device's admission not stand.
        if let Some(Ok(_)) = added {
            self.world
                .note(|| format!("{by} adds mirror {mirror} to {notebook:?}"));
            self.mirrors.tally.added += 1;
        }
        self.link_with(by, mirror)
    }

    /// Links a device with a mirror, and has it asked for what it does not hold, as a node does.
    fn link_with(&mut self, one: NodeId, mirror: NodeId) -> Checked<()> {
        let id = self.id_of(mirror)?;
        let notebooks = self.world.act(one, |engine, _, _| {
            let mirrors = engine.mirrors();
            let of_it = mirrors.filter(|(_, of, ticket)| *of == id && ticket.is_some());
            of_it.map(|(notebook, _, _)| notebook).collect::<Vec<_>>()
        });
        let Some(notebooks) = notebooks.filter(|_| self.world.is_up(one)) else {
            return Ok(());
        };
        for notebook in notebooks {
            if self.is_held(mirror, notebook)? || !self.is_mirror_up(mirror)? {
                continue;
            }
            // Where its disk fails, it answers nothing.
            let answer = self.world.ask_mirror(one, mirror, notebook);
            self.mirrors.tally.asked += u64::from(answer == Ok(MirrorAnswer::Taken));
        }
        if self.world.dial_mirror(one, mirror) {
            self.mirrors.tally.links += 1;
        }
        Ok(())
    }

    fn is_held(&mut self, mirror: NodeId, notebook: NotebookId) -> Checked<bool> {
        let held = self.world.mirror(mirror)?;
        Ok(held.disk.notebooks().contains(&notebook))
    }

    fn crash_or_start_mirror(&mut self, mirror: NodeId) -> Checked<()> {
        if self.is_mirror_up(mirror)? {
            self.world.crash_mirror(mirror);
            self.mirrors.tally.crashes += 1;
            if self.world.random.chance(2) {
                return Ok(());
            }
        }
        self.world.start_mirror(mirror)
    }

    /// Sets a mirror back to a disk that it had before.
    fn set_back(&mut self) -> Checked<()> {
        let Some((mirror, disk)) = self.world.random.pick(&self.mirrors.older).cloned() else {
            return Ok(());
        };
        self.world.crash_mirror(mirror);
        self.world.mirror(mirror)?.disk = disk;
        self.mirrors.tally.set_back += 1;
        self.world.start_mirror(mirror)
    }

    /// Ends all trouble of mirrors.
    pub(super) fn heal_mirrors(&mut self) -> Checked<()> {
        for mirror in self.mirrors.nodes.clone() {
            self.world.mirror(mirror)?.disk.mend();
            if !self.is_mirror_up(mirror)? {
                self.world.start_mirror(mirror)?;
            }
        }
        Ok(())
    }

    /// Adds a mirror to every notebook, and has everybody visit it, one at a time and meeting nobody else, until all
    /// have the same.
    pub(super) fn converge_by_a_mirror(&mut self) -> Checked<()> {
        let Some(mirror) = self.mirrors.nodes.first().copied() else {
            return Ok(());
        };
        self.world.note(|| "all visit a mirror".to_owned());
        // Who was let in elsewhere is no stranger at the mirror once whoever did it was there.
        for plan in 0..self.plans.len() {
            self.tell_of_mirror(plan, mirror)?;
        }
        let now = self.world.clock.now_ms();
        self.world.network.cut_all(now);
        self.world.run_until_quiet()?;
        for _ in 0..=self.plans.len() {
            self.edit()?;
        }
        let mut differs = Ok(());
        for _ in 0..ROUNDS_MAX {
            for one in 0..self.world.devices.len() {
                self.link_with(one, mirror)?;
                self.world.run_until_quiet()?;
                self.world.part_from_mirror(one, mirror);
                self.world.run_until_quiet()?;
            }
            // Whoever can makes the key that others lack.
            self.world.run_for(NEW_KEY_MS_MAX)?;
            differs = self.world.check_converged();
            if differs.is_ok() {
                self.mirrors.tally.converged += 1;
                return Ok(());
            }
        }
        differs.map_err(|error| violation(format!("by a mirror alone: {error}")))
    }

    /// Has the creator of a notebook add the mirror, and tell everybody of it by a file: nobody knows of a mirror
    /// before they heard of it.
    fn tell_of_mirror(&mut self, place: usize, mirror: NodeId) -> Checked<()> {
        let Some(plan) = self.plans.get(place) else {
            return Ok(());
        };
        let (notebook, creator) = (plan.notebook, plan.creator);
        let ticket = self.world.mirror(mirror)?.ticket();
        let added = self.world.act(creator, |engine, disk, random| {
            engine.add_mirror(notebook, &ticket, disk, random)
        });
        self.mirrors.tally.added += u64::from(matches!(added, Some(Ok(_))));
        self.hand_around(place)
    }

    /// Links everybody with every mirror of theirs, and checks that it holds all, and has read nothing.
    pub(super) fn check_mirrors(&mut self) -> Checked<()> {
        for mirror in self.mirrors.nodes.clone() {
            let id = self.id_of(mirror)?;
            self.link_all_with(mirror)?;
            for one in 0..self.world.devices.len() {
                for status in self.statuses(one, id)? {
                    if !status.connected || !status.holds_all {
                        return Err(violation(format!(
                            "{one} says of mirror {mirror} in peace: {status:?}"
                        )));
                    }
                    self.mirrors.tally.held += 1;
                    self.mirrors.tally.caught += u64::from(status.record.rolled_back.is_some());
                }
            }
            // It takes four times as long as all the rest of a run.
            if self.world.random.below(PRUNED_ONE_IN) == 0 {
                self.prune(mirror, id)?;
            }
            for one in 0..self.world.devices.len() {
                self.world.part_from_mirror(one, mirror);
            }
            self.world.run_until_quiet()?;
            let held = self.world.mirror(mirror)?;
            if held.can_read() || held.canaries > 0 {
                return Err(violation(format!("mirror {mirror} read what was written")));
            }
        }
        Ok(())
    }

    /// Has everybody go on with the checkpoints at a mirror that they are linked with and check them, and the mirror keep
    /// entries one by one no more; it starts anew, and all have the same as before.
    fn prune(&mut self, mirror: NodeId, id: MirrorId) -> Checked<()> {
        let now = self.world.clock.now_ms();
        self.world.network.cut_all(now);
        self.world.run_until_quiet()?;
        self.link_all_with(mirror)?;
        let entries = 2 + self.world.random.below(12);
        for one in (0..self.world.devices.len())
            .cycle()
            .take(2 * self.world.devices.len())
        {
            self.world
                .act(one, |engine, _, _| engine.set_pack_entries(entries));
            let mut is_idle = false;
            for _ in 0..SEGMENT_STEPS_MAX {
                let now_ms = self.world.time_of(one);
                let did = self
                    .world
                    .act(one, |engine, disk, _| engine.make_segment(now_ms, disk));
                self.world.run_for(SEGMENT_STEP_MS)?;
                let did = matches!(did, Some(Ok(true)));
                if !did && is_idle {
                    break;
                }
                is_idle = !did;
            }
        }
        let now = self.world.clock.now_ms();
        self.world.network.cut_all(now);
        self.world.run_until_quiet()?;
        let now = self.world.clock.now_ms();
        let held = self.world.mirror(mirror)?;
        if let Some(engine) = &mut held.mirror {
            let failed = |error| violation(format!("mirror {mirror} does not prune: {error}"));
            while engine.prune_some(now, 0, &mut held.disk).map_err(failed)? {}
            let notebooks: Vec<NotebookId> = engine.notebooks().collect();
            for standing in notebooks.into_iter().filter_map(|it| engine.checkpoint(it)) {
                self.mirrors.tally.segments += standing.number;
                self.mirrors.tally.pruned += standing.pruned;
            }
        }
        self.world.crash_mirror(mirror);
        self.world.start_mirror(mirror)?;
        self.link_all_with(mirror)?;
        for one in 0..self.world.devices.len() {
            for status in self.statuses(one, id)? {
                if !status.connected || !status.holds_all || status.unsound.is_some() {
                    return Err(violation(format!(
                        "{one} says of mirror {mirror} that has pruned: {status:?}"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Links everybody with a mirror. Somebody of whom it has not heard yet is turned away, and tries again.
    fn link_all_with(&mut self, mirror: NodeId) -> Checked<()> {
        for one in 0..self.world.devices.len() {
            self.world.part_from_mirror(one, mirror);
        }
        for _ in 0..=self.world.devices.len() {
            for one in 0..self.world.devices.len() {
                if !self.world.network.are_linked(one, mirror) {
                    self.link_with(one, mirror)?;
                }
            }
            self.world.run_until_quiet()?;
        }
        Ok(())
    }

    fn statuses(&mut self, one: NodeId, mirror: MirrorId) -> Checked<Vec<MirrorStatus>> {
        let statuses = self.world.act(one, |engine, _, _| {
            let notebooks: Vec<NotebookId> = engine.notebooks().collect();
            let all = notebooks
                .into_iter()
                .flat_map(|notebook| engine.mirror_statuses(notebook));
            all.filter(|status| status.mirror == mirror).collect()
        });
        statuses.ok_or_else(|| violation("a node is down in peace"))
    }
}
