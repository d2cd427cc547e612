//! New keys that are due although nobody edits: somebody holds the key in force who is to hold it no more, or
//! it is in force for too long. And old keys that only people hold who may not write by now: they hand them on
//! to somebody who may, since no new key could lead to them otherwise.
//!
//! Every node that may write sees that for itself. So that not all of them make a key, each waits: a moment
//! by a draw that all agree on, and then its turn among those it is linked with. Whoever sees a new key
//! meanwhile has nothing left to do, and where two make one, the rules merge them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Effect, Engine};
use crate::crypto;
use crate::ids::{DeviceId, EpochId, NotebookId};
use crate::limits::KEY_PATIENCE_MS;
use crate::replica::Replica;

/// The longest first wait, in milliseconds: what one device makes has reached the others within it.
const FIRST_WAIT_MS_MAX: u64 = 2_000;
/// How much longer each device waits than the one before it among those that are linked, in milliseconds.
const TURN_MS: u64 = 3_000;

/// A new key that is to be made.
#[derive(Debug, Clone, Copy)]
struct Due {
    at_ms: u64,
    why: Why,
}

/// Why a key is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Of those who hold the key in force, or of what it leads to.
    Holders,
    /// The same, though the key of an epoch that nothing supersedes is not here: it may be lost.
    HoldersLate,
    /// The key in force is to be replaced for its age; it is not where another one is by then.
    Age(EpochId),
}

/// The notebooks that are to get a new key.
#[derive(Debug, Default)]
pub(super) struct Rekeys {
    /// Those to look at, since members or keys changed.
    unsure: BTreeSet<NotebookId>,
    due: BTreeMap<NotebookId, Due>,
}

impl Rekeys {
    pub(super) fn look_at(&mut self, notebook: NotebookId) {
        self.unsure.insert(notebook);
    }

    /// Returns when the next one is due.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.due.values().map(|due| due.at_ms).min()
    }
}

impl Engine {
    /// Has a new key made in place of `epoch`, which is in force for too long. Nothing is done where this
    /// person is no admin, or another key is in force by then.
    pub fn replace_key(&mut self, notebook: NotebookId, epoch: EpochId, now_ms: u64) {
        let Some(replica) = self.replicas.get(&notebook) else {
            return;
        };
        if self.rekeys.due.contains_key(&notebook) || !is_replaceable(replica, epoch) {
            return;
        }
        let at_ms = now_ms.saturating_add(self.turn_ms(replica));
        let why = Why::Age(epoch);
        self.rekeys.due.insert(notebook, Due { at_ms, why });
    }

    /// Notes which notebooks are to get a new key because of who holds the one in force.
    pub(super) fn schedule_rekeys(&mut self, now_ms: u64) {
        for notebook in std::mem::take(&mut self.rekeys.unsure) {
            let Some(replica) = self.replicas.get(&notebook) else {
                continue;
            };
            let why = if !replica.lacks_rekey() {
                let linked = self.linked(replica);
                (!replica.lacking_keys(&linked).is_empty()).then_some(Why::Holders)
            } else if replica.can_rekey() {
                Some(Why::Holders)
            } else {
                Some(Why::HoldersLate)
            };
            // A key may be on its way, and somebody who may write may be linked later.
            if why == Some(Why::HoldersLate) || (why.is_none() && replica.keeps_keys_back()) {
                self.rekeys.unsure.insert(notebook);
            }
            let Some(why) = why else {
                self.rekeys.due.remove(&notebook);
                continue;
            };
            let patience_ms = if why == Why::HoldersLate {
                KEY_PATIENCE_MS
            } else {
                0
            };
            let at_ms = now_ms.saturating_add(patience_ms + self.turn_ms(replica));
            let known = self.rekeys.due.get(&notebook).map(|due| due.why);
            if known.is_none_or(|known| known != why && known != Why::Holders) {
                self.rekeys.due.insert(notebook, Due { at_ms, why });
            }
        }
    }

    /// Makes the keys that are due.
    pub(super) fn rekey_due(&mut self, now_ms: u64, rng: &mut dyn rand_core::CryptoRng) {
        let due: Vec<(NotebookId, Due)> = self
            .rekeys
            .due
            .iter()
            // A time further off was noted before the clock went back.
            .filter(|(_, due)| {
                due.at_ms <= now_ms || due.at_ms > now_ms.saturating_add(WAIT_MS_MAX)
            })
            .map(|(notebook, due)| (*notebook, *due))
            .collect();
        for (notebook, due) in due {
            self.rekeys.due.remove(&notebook);
            let replica = self.replicas.get(&notebook);
            let linked = replica.map_or_else(BTreeSet::new, |replica| self.linked(replica));
            let Some(replica) = self.replicas.get_mut(&notebook) else {
                continue;
            };
            let wanted = match due.why {
                Why::Holders => replica.lacks_rekey() && replica.can_rekey(),
                Why::HoldersLate => replica.lacks_rekey(),
                Why::Age(epoch) => is_replaceable(replica, epoch),
            };
            // A member's key that cannot be used makes it fail; the next edit says so.
            if wanted && replica.rekey_now(rng).is_ok() {
                self.effects.push_back(Effect::MembershipChanged(notebook));
            }
            if replica.hand_keys_on(&linked, rng).is_err() || replica.keeps_keys_back() {
                self.rekeys.unsure.insert(notebook);
            }
        }
    }

    /// Returns the devices that are linked and share a notebook.
    fn linked(&self, replica: &Replica) -> BTreeSet<DeviceId> {
        let sessions = self.sessions().map(|(_, session)| session);
        sessions
            .filter(|session| session.is_live(replica.notebook()))
            .map(|session| session.peer())
            .collect()
    }

    /// Returns how long this device waits for others to make a key, or to hand one on, that all of them could.
    fn turn_ms(&self, replica: &Replica) -> u64 {
        let draw = |device: &DeviceId| {
            let mut heads = replica.membership().epoch_heads().iter();
            let newest = heads.next_back().map_or([0; 32], |head| *head.as_bytes());
            let parts: [&[u8]; 2] = [&newest, device.as_bytes()];
            crypto::digest("hearthside 2026-11 turn to rekey", &parts)
        };
        let may_write = |device: &DeviceId| replica.membership().may_write(device);
        let (device, own) = (replica.own_device(), draw(&replica.own_device()));
        let before = self
            .linked(replica)
            .iter()
            .filter(|peer| may_write(peer) == may_write(&device) && draw(peer) < own)
            .count();
        let first = u64::from(own[0]) * FIRST_WAIT_MS_MAX / 256;
        let turns = u64::try_from(before).unwrap_or(u64::MAX).min(TURNS_MAX);
        first + turns * TURN_MS
    }
}

/// Most turns that anybody waits.
const TURNS_MAX: u64 = 20;
/// The longest that anybody waits, in milliseconds.
const WAIT_MS_MAX: u64 = KEY_PATIENCE_MS + FIRST_WAIT_MS_MAX + TURNS_MAX * TURN_MS;

fn is_replaceable(replica: &Replica, epoch: EpochId) -> bool {
    let me = replica.own_person();
    let is_admin = me
        .and_then(|me| replica.membership().member(&me))
        .is_some_and(|member| member.rights.admin);
    is_admin && replica.membership().current_epoch() == Some(epoch) && replica.can_rekey()
}
