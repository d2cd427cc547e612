//! Forked logs of others that nobody has named a branch of: an admin's node does so by itself, so that what
//! counts no longer turns on who builds on what next.
//!
//! A copied or restored home names a branch itself once it notices, and knows better: of what its other copy
//! wrote nobody else may be left to write it again. So admins wait, and then each for their turn.

use std::collections::{BTreeMap, BTreeSet};

use super::{Effect, Engine};
use crate::crypto;
use crate::ids::{DeviceId, LogId, NotebookId};
use crate::limits::FREEZE_PATIENCE_MS;
use crate::replica::Replica;
use crate::storage::Storage;

/// How much longer each device waits than the one before it among those that are linked, in milliseconds: what
/// one has written reached the others within it.
const TURN_MS: u64 = 3_000;
/// Most turns that anybody waits.
const TURNS_MAX: u64 = 20;
/// The longest that anybody waits, in milliseconds.
const WAIT_MS_MAX: u64 = FREEZE_PATIENCE_MS + TURNS_MAX * TURN_MS;

/// The forked logs of which a branch is to be named, and when.
#[derive(Debug, Default)]
pub(super) struct Freezes(BTreeMap<(NotebookId, LogId), u64>);

impl Freezes {
    /// Returns when the next one is due.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.0.values().min().copied()
    }
}

impl Engine {
    /// Notes which forked logs of some notebooks nobody has named a branch of, and forgets those of which
    /// somebody has.
    pub(super) fn schedule_freezes(&mut self, touched: &BTreeSet<NotebookId>, now_ms: u64) {
        let mut open: BTreeSet<(NotebookId, LogId)> = BTreeSet::new();
        for notebook in touched {
            let replica = self.replicas.get(notebook);
            let logs = replica.map(Replica::forks_to_settle).unwrap_or_default();
            open.extend(logs.into_iter().map(|log| (*notebook, log)));
        }
        let is_left =
            |place: &(NotebookId, LogId)| !touched.contains(&place.0) || open.contains(place);
        self.freezes.0.retain(|place, _| is_left(place));
        for (notebook, log) in open {
            if self.freezes.0.contains_key(&(notebook, log)) {
                continue;
            }
            let Some(replica) = self.replicas.get(&notebook) else {
                continue;
            };
            let turn = self.turn_to_freeze(replica, &log);
            let at_ms = now_ms.saturating_add(FREEZE_PATIENCE_MS + turn * TURN_MS);
            self.freezes.0.insert((notebook, log), at_ms);
        }
    }

    /// Names the branches that are due to be named: those that count here.
    pub(super) fn freeze_due(&mut self, now_ms: u64, storage: &mut dyn Storage) {
        let due: Vec<(NotebookId, LogId)> = (self.freezes.0.iter())
            // A time further off was noted before the clock went back.
            .filter(|(_, at)| **at <= now_ms || **at > now_ms.saturating_add(WAIT_MS_MAX))
            .map(|(place, _)| *place)
            .collect();
        for (notebook, log) in due {
            self.freezes.0.remove(&(notebook, log));
            let Some(replica) = self.replicas.get_mut(&notebook) else {
                continue;
            };
            // Where the disk fails, or this device may not any more, another admin's does it.
            if replica.settle_fork(&log).is_some() && self.commit(notebook, storage).is_ok() {
                self.effects.push_back(Effect::MembershipChanged(notebook));
            }
        }
    }

    /// Returns how many of the linked devices of admins come before this one, in an order that all agree on.
    fn turn_to_freeze(&self, replica: &Replica, log: &LogId) -> u64 {
        let draw = |device: &DeviceId| {
            let parts: [&[u8]; 3] = [
                log.device.as_bytes(),
                log.incarnation.as_bytes(),
                device.as_bytes(),
            ];
            crypto::digest("hearthside 2026-11 turn to freeze", &parts)
        };
        let own = draw(&replica.own_device());
        let is_admins = |device: &DeviceId| {
            let member = replica.membership().member_of(device);
            member.is_some_and(|member| member.rights.admin)
        };
        let linked: BTreeSet<DeviceId> = self
            .sessions()
            .filter(|(_, session)| session.is_live(replica.notebook()))
            .map(|(_, session)| session.peer())
            .collect();
        let before = linked
            .iter()
            .filter(|peer| is_admins(peer) && draw(peer) < own)
            .count();
        u64::try_from(before).unwrap_or(u64::MAX).min(TURNS_MAX)
    }
}
