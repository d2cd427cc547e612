//! Bundles among the things that happen: written at one time, taken in at others, late, twice, out of order,
//! damaged, by somebody they are not for.

use std::collections::BTreeSet;

use hearth_core::bundle::BundleForm;
use hearth_core::engine::{BundleAim, BundleMakeError, BundleTakeError};
use hearth_core::ids::NotebookId;

use super::{NEW_KEY_MS_MAX, Script};
use crate::dice::Dice;
use crate::network::NodeId;
use crate::world::{BundleFile, Checked, violation};

/// Files that lie around at once; of more, one is lost.
const FILES_MAX: usize = 12;
/// Rounds in which everybody hands everybody a file, until all have to have the same.
const ROUNDS_MAX: usize = 8;

/// Bundles that lie around, and what became of all of them.
#[derive(Debug, Default)]
pub(super) struct Files {
    lying: Vec<BundleFile>,
    pub(super) tally: FileTally,
}

/// What became of bundles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileTally {
    /// Written.
    pub written: u64,
    /// Of these with everything in them.
    pub whole: u64,
    /// Taken in.
    pub taken: u64,
    /// Of these such that brought nothing new.
    pub stale: u64,
    /// Of these such that built on what was not there.
    pub incomplete: u64,
    /// Notebooks that came with one.
    pub notebooks: u64,
    /// Entries that came with them.
    pub entries: u64,
    /// Given to somebody they were not for.
    pub not_theirs: u64,
    /// Damaged on the way, and found to be.
    pub damaged: u64,
    /// Runs in which all had the same by files alone.
    pub converged: u64,
}

impl core::ops::AddAssign for FileTally {
    fn add_assign(&mut self, other: Self) {
        self.written += other.written;
        self.whole += other.whole;
        self.taken += other.taken;
        self.stale += other.stale;
        self.incomplete += other.incomplete;
        self.notebooks += other.notebooks;
        self.entries += other.entries;
        self.not_theirs += other.not_theirs;
        self.damaged += other.damaged;
        self.converged += other.converged;
    }
}

impl Script {
    /// Lets a member write a bundle, which lies around from then on.
    pub(super) fn write_file(&mut self) -> Checked<()> {
        let place = self.world.random.index(self.plans.len());
        let Some(plan) = self.plans.get(place) else {
            return Ok(());
        };
        let notebook = plan.notebook;
        let members: Vec<NodeId> = plan.members.iter().copied().collect();
        let (Some(by), Some(to)) = (
            self.world.random.pick(&members).copied(),
            self.world.random.pick(&members).copied(),
        ) else {
            return Ok(());
        };
        let aim = if self.world.random.chance(2) {
            BundleAim::All
        } else {
            BundleAim::Person(self.world.person_at(to)?)
        };
        let form = if self.world.random.chance(4) {
            BundleForm::Whole
        } else {
            BundleForm::Lacking
        };
        if let Some(file) = self.written(by, notebook, aim, form)? {
            if self.files.lying.len() >= FILES_MAX {
                let lost = self.world.random.index(FILES_MAX);
                self.files.lying.swap_remove(lost);
            }
            self.files.lying.push(file);
        }
        Ok(())
    }

    fn written(
        &mut self,
        by: NodeId,
        notebook: NotebookId,
        aim: BundleAim,
        form: BundleForm,
    ) -> Checked<Option<BundleFile>> {
        match self.world.write_bundle(by, notebook, aim, form) {
            None => Ok(None),
            Some(Ok(file)) => {
                self.files.tally.written += 1;
                self.files.tally.whole += u64::from(form == BundleForm::Whole);
                Ok(Some(file))
            }
            // Whom it was to be for may not have come in yet, or this device has not heard of it.
            Some(Err(
                BundleMakeError::Nobody
                | BundleMakeError::NoSuchMember
                | BundleMakeError::NotMember
                | BundleMakeError::NoNotebook
                | BundleMakeError::Storage(_),
            )) => Ok(None),
            Some(Err(error)) => Err(violation(format!("{by} writes no bundle: {error}"))),
        }
    }

    /// Gives a device one of the files that lie around, which somebody may have damaged.
    pub(super) fn take_file(&mut self) -> Checked<()> {
        if self.files.lying.is_empty() {
            return Ok(());
        }
        let place = self.world.random.index(self.files.lying.len());
        let to = self.world.random.index(self.world.devices.len());
        let Some(file) = self.files.lying.get(place).cloned() else {
            return Ok(());
        };
        if self.world.random.chance(8) {
            return self.take_damaged(to, file.bytes);
        }
        self.taken(to, &file)?;
        if self.world.random.chance(4) {
            self.files.lying.swap_remove(place);
        }
        Ok(())
    }

    /// Returns how many entries were missed; `None` where it was not taken in.
    fn taken(&mut self, to: NodeId, file: &BundleFile) -> Checked<Option<u64>> {
        let device = self.world.device(to)?.id();
        let is_for_it = file.facts.devices.contains_key(&device);
        let Some(end) = self.world.take_bundle(to, &file.bytes) else {
            return Ok(None);
        };
        let tally = &mut self.files.tally;
        match end {
            Ok(taken) => {
                if !is_for_it {
                    return Err(violation(format!("{to} opened a bundle for others")));
                }
                tally.taken += 1;
                tally.entries += taken.entries;
                tally.stale += u64::from(taken.entries == 0 && taken.controls == 0);
                tally.incomplete += u64::from(taken.missing > 0);
                tally.notebooks += u64::from(taken.is_new_notebook);
                Ok(Some(taken.missing))
            }
            Err(BundleTakeError::Open(_)) if !is_for_it => {
                tally.not_theirs += 1;
                Ok(None)
            }
            // A disk may fail; and by what is known since, an admission may turn out void.
            Err(
                BundleTakeError::Storage(_)
                | BundleTakeError::Unopened(_)
                | BundleTakeError::Out(..)
                | BundleTakeError::NotMember
                | BundleTakeError::Stranger(..),
            ) => Ok(None),
            Err(error) => Err(violation(format!("{to} does not take a bundle: {error}"))),
        }
    }

    fn take_damaged(&mut self, to: NodeId, mut bytes: Vec<u8>) -> Checked<()> {
        let at = self.world.random.index(bytes.len());
        if self.world.random.chance(2) {
            bytes.truncate(at);
        } else if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << self.world.random.below(8);
        }
        match self.world.take_bundle(to, &bytes) {
            Some(Ok(_)) => Err(violation(format!("{to} took a damaged bundle, byte {at}"))),
            Some(Err(BundleTakeError::Open(_))) => {
                self.files.tally.damaged += 1;
                Ok(())
            }
            // What came before the damage was taken in as ever.
            Some(Err(_)) | None => Ok(()),
        }
    }

    /// Has everybody hand everybody else files, and nothing else, until all have the same.
    pub(super) fn converge_by_files(&mut self) -> Checked<()> {
        self.world.note(|| "all exchange files".to_owned());
        let now = self.world.clock.now_ms();
        self.world.network.cut_all(now);
        self.world.run_until_quiet()?;
        let mut wants_all = BTreeSet::new();
        let mut differs = Ok(());
        for _ in 0..ROUNDS_MAX {
            for place in 0..self.plans.len() {
                self.hand_round(place, &mut wants_all)?;
            }
            // Whoever can makes the key that others lack.
            self.world.run_for(NEW_KEY_MS_MAX)?;
            differs = self.world.check_converged();
            if differs.is_ok() {
                self.files.tally.converged += 1;
                return Ok(());
            }
        }
        differs.map_err(|error| violation(format!("by files alone: {error}")))
    }

    /// Has the members of a notebook hand each other files until word of everybody has come around.
    pub(super) fn hand_around(&mut self, place: usize) -> Checked<()> {
        let mut wants_all = BTreeSet::new();
        for _ in 0..3 {
            self.hand_round(place, &mut wants_all)?;
        }
        Ok(())
    }

    /// Has each member of a notebook write a file for all, which all take in. Whoever missed something is
    /// written everything the next time.
    fn hand_round(
        &mut self,
        place: usize,
        wants_all: &mut BTreeSet<(NotebookId, NodeId)>,
    ) -> Checked<()> {
        let Some(plan) = self.plans.get(place) else {
            return Ok(());
        };
        let notebook = plan.notebook;
        let members: Vec<NodeId> = plan.members.iter().copied().collect();
        for by in &members {
            let form = if members
                .iter()
                .any(|to| wants_all.contains(&(notebook, *to)))
            {
                BundleForm::Whole
            } else {
                BundleForm::Lacking
            };
            let Some(file) = self.written(*by, notebook, BundleAim::All, form)? else {
                continue;
            };
            for to in members.iter().filter(|to| *to != by) {
                match self.taken(*to, &file)? {
                    Some(0) => drop(wants_all.remove(&(notebook, *to))),
                    Some(_) => drop(wants_all.insert((notebook, *to))),
                    None => {}
                }
            }
        }
        Ok(())
    }
}
