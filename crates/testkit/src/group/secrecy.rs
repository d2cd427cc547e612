//! Whoever is out tries to open what was written since: with every key that any of them ever had, all
//! entries, all wraps and their own and their phrases' secrets. It is tried, not argued.

use std::collections::{BTreeMap, BTreeSet};

use hearth_core::control::{ControlKind, ControlSet, Membership, Recipient};
use hearth_core::epoch::{EpochKeys, Wraps};
use hearth_core::ids::{ControlHash, EpochId};
use hearth_core::log::{DocumentTips, EntryError, RawEntry};
use hearth_core::replica::Replica;
use hearth_core::storage::Storage;

use super::Group;
use crate::network::NodeId;
use crate::world::{Checked, violation};

/// Everything that a device which is out can get hold of.
struct Ring {
    node: NodeId,
    holders: BTreeSet<Recipient>,
    keys: EpochKeys,
}

impl Group {
    /// Checks that nothing is sealed to somebody who was out as far as its writer knew, and that the keys of all
    /// who were out, put together, do not open it.
    pub(super) fn check_secrecy(&mut self) -> Checked<()> {
        let reference = self.reference()?;
        let device = self.world.device(reference)?;
        let replica = device
            .replica(self.notebook)
            .ok_or_else(|| violation("a notebook is gone"))?;
        let set = replica.controls();
        let rings = self.rings(replica)?;
        // Somebody let in by one who was out already has what that one could hand on, and no more.
        let mut all = self.all_controls(set)?;
        for node in &self.lost {
            if let Some(gone) = self.on_disk(*node)? {
                for entry in gone.controls().iter() {
                    all.insert(entry.clone())
                        .map_err(|error| violation(error.to_string()))?;
                }
            }
        }
        let gained = gained(&all);
        let entries = device
            .disk
            .entries(self.notebook, 0, usize::MAX)
            .map_err(|error| violation(error.to_string()))?;
        let (mut attempts, mut opened) = (0, 0);
        for (_, bytes) in entries {
            let entry = RawEntry::parse_any(bytes).map_err(|error| violation(error.to_string()))?;
            let (tried, open) = try_entry(&all, &rings, &gained, entry)?;
            attempts += tried;
            opened += open;
        }
        self.tally.attempts += attempts;
        self.tally.opened += opened;
        Ok(())
    }

    /// Returns what each device has that is no member's in the end.
    fn rings(&self, replica: &Replica) -> Checked<Vec<Ring>> {
        let mut rings = Vec::new();
        for someone in &self.people {
            let person = someone.person.id();
            let is_member = replica.membership().member(&person).is_some();
            for node in &someone.nodes {
                let device = self.world.device(*node)?;
                if replica.membership().person_of(&device.id()).is_some() {
                    continue;
                }
                let own = match device.replica(self.notebook) {
                    Some(own) => own.keys().clone(),
                    None => {
                        let gone = self.on_disk(*node)?;
                        gone.map_or_else(EpochKeys::default, |gone| gone.keys().clone())
                    }
                };
                let mut ring = Ring {
                    node: *node,
                    holders: BTreeSet::from([Recipient::Device(device.id())]),
                    keys: own,
                };
                let set = replica.controls();
                for wraps in replica.wraps().values() {
                    ring.keys.learn(set, &device.identity.device, wraps);
                }
                ring.keys.learn_grants(set, &device.identity.device);
                // A phrase whose person is a member still opens what it may.
                if !is_member {
                    for recovery in &someone.recoveries {
                        let wraps: &BTreeMap<EpochId, Wraps> = replica.wraps();
                        ring.keys.recover(set, recovery, wraps);
                        ring.holders
                            .insert(Recipient::Recovery(recovery.card().id()));
                    }
                }
                rings.push(ring);
            }
        }
        Ok(rings)
    }

    /// Opens the notebook from the disk of a device that does not run.
    fn on_disk(&self, node: NodeId) -> Checked<Option<Replica>> {
        let device = self.world.device(node)?;
        let mut disk = device.disk.clone();
        disk.restart();
        if !disk.notebooks().contains(&self.notebook) {
            return Ok(None);
        }
        let own = std::sync::Arc::clone(&device.identity.device);
        Replica::open(self.notebook, own, &disk)
            .map(Some)
            .map_err(|error| violation(format!("the disk of {node} does not open: {error}")))
    }
}

/// Returns, for each holder, the re-keys that handed it a key.
fn gained(set: &ControlSet) -> BTreeMap<Recipient, Vec<ControlHash>> {
    let mut gained: BTreeMap<Recipient, Vec<ControlHash>> = BTreeMap::new();
    for entry in set.iter() {
        if let ControlKind::Rekey(rekey) = &entry.kind {
            for holder in &rekey.recipients {
                gained.entry(*holder).or_default().push(entry.hash());
            }
        }
    }
    gained
}

/// Tries one entry with the keys of all who may not open it; returns how many were tried, and whether any of
/// those who may have opened it did.
fn try_entry(
    set: &ControlSet,
    rings: &[Ring],
    gained: &BTreeMap<Recipient, Vec<ControlHash>>,
    entry: RawEntry,
) -> Checked<(u64, u64)> {
    let header = entry.header();
    let (heads, rekey) = (header.heads.clone(), header.epoch.rekey());
    let hash = entry.hash();
    let at = Membership::resolve_at(set, &heads);
    if at.member_of(&header.log.device).is_none() {
        return Err(violation(format!(
            "{hash:?} was written by nobody's device"
        )));
    }
    let members = at.recipients();
    let is_member = |holder: &Recipient| members.binary_search(holder).is_ok();
    if let Some(ControlKind::Rekey(rekey)) = set.get(&rekey).map(|entry| &entry.kind)
        && let Some(out) = rekey.recipients.iter().find(|holder| !is_member(holder))
    {
        return Err(violation(format!(
            "{hash:?} is sealed to {out:?}, who was out"
        )));
    }
    // Who came back was handed the key by whoever let them in.
    let may_open = |holder: &Recipient| {
        is_member(holder)
            || gained
                .get(holder)
                .into_iter()
                .flatten()
                .any(|later| *later == rekey || set.is_past(&rekey, later))
    };
    // It is on a member's disk, so its signature was seen to be good, with its own or what followed it.
    let verified = entry.trusted(set.notebook());
    let (mut attempts, mut opened) = (0, 0);
    for ring in rings {
        let is_out = !ring.holders.iter().any(may_open);
        for epoch in ring.keys.epochs() {
            let Some(secret) = ring.keys.get(&epoch) else {
                continue;
            };
            let is_closed = matches!(
                verified.open(secret, &DocumentTips::default()),
                Err(EntryError::Seal)
            );
            if is_out && !is_closed {
                return Err(violation(format!(
                    "{} opened {hash:?}, written after it was out, with the key of {epoch:?} by {:?}",
                    ring.node,
                    set.get(&epoch.rekey()).map(|entry| entry.device),
                )));
            }
            attempts += u64::from(is_out);
            opened += u64::from(!is_closed);
        }
    }
    Ok((attempts, opened))
}
