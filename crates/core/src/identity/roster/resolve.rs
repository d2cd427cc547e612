//! Which devices are a person's: a pure function of a set of roster entries.
//!
//! 1. Entries of the recovery key are judged first. Of several rotations that one key signed, the one of
//!    lowest (level, hash) counts; what else that key signed counts where it is in that rotation's past.
//!    Of two concurrent `revoke others` the one of lowest (level, hash) counts.
//! 2. What the recovery key takes off is void outside the past of the entry that took it off, its
//!    revocations included.
//! 3. An entry that a device signed is authorised where the device is on the roster as of the entry's own
//!    past. An authorised revocation binds, even where its author is revoked at the same time: both are
//!    out then, which fails safe. An authorised addition counts unless a revocation of its author binds
//!    that it does not precede, or its author's own addition does not count.
//! 4. A device that was taken off stays off.

use std::collections::BTreeMap;

use super::{RosterEntry, RosterKind, RosterSigner};
use crate::identity::{DeviceCard, RecoveryCard};
use crate::ids::{DeviceId, RosterHash};

/// A set of entries of one roster, by their places.
pub(super) type Places = u128;

/// An entry with its place among the others.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) entry: RosterEntry,
    /// The places of its strict ancestors.
    pub(super) past: Places,
    /// The place of the entry whose recovery card signed it, where the recovery key did.
    pub(super) signed_by: Option<usize>,
    /// Whether its author was on the roster as of its own past.
    pub(super) authorised: bool,
}

/// Which devices and which recovery key are in force, as of some entries of a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterView {
    /// The recovery card in force.
    pub recovery: RecoveryCard,
    /// The live devices.
    pub devices: BTreeMap<DeviceId, DeviceCard>,
    /// The entries that took each device off that is on the roster no more.
    pub revoked: BTreeMap<DeviceId, Vec<RosterHash>>,
}

pub(super) const fn place(at: usize) -> Places {
    1 << at
}

const fn holds(places: Places, at: usize) -> bool {
    places >> at & 1 == 1
}

struct Resolution<'a> {
    nodes: &'a [Node],
    within: Places,
    /// The entries of the recovery key that count.
    recovery: Places,
    /// The `revoke others` that count.
    resets: Vec<usize>,
    /// The place of the recovery card in force.
    card: usize,
}

/// Resolves the entries at the places `within`; they hold the past of each of them, and the founding
/// entry stands first. Entries stand by (level, hash), and all before the last one of `within` have
/// their `authorised` set.
pub(super) fn resolve(nodes: &[Node], within: Places) -> Option<RosterView> {
    let resolution = Resolution::new(nodes, within);
    let recovery = nodes.get(resolution.card)?.entry.kind.recovery()?.clone();
    let binding = resolution.binding_revocations();
    let added = resolution.counting_additions(&binding);
    let mut devices = BTreeMap::new();
    let mut revoked: BTreeMap<DeviceId, Vec<RosterHash>> = BTreeMap::new();
    for (at, card) in added {
        let device = card.id();
        let ends: Vec<RosterHash> = resolution
            .endings_of(device, at, &binding)
            .filter_map(|end| nodes.get(end))
            .map(|node| node.entry.hash())
            .collect();
        if ends.is_empty() {
            devices.insert(device, card.clone());
        } else {
            revoked.insert(device, ends);
        }
    }
    // A device may have been named twice, and one of the two may stand before a reset.
    devices.retain(|device, _| !revoked.contains_key(device));
    Some(RosterView {
        recovery,
        devices,
        revoked,
    })
}

impl<'a> Resolution<'a> {
    fn new(nodes: &'a [Node], within: Places) -> Self {
        let mut resolution = Self {
            nodes,
            within,
            recovery: 0,
            resets: Vec::new(),
            card: 0,
        };
        resolution.judge_recovery_keys();
        resolution.judge_resets();
        resolution
    }

    fn entries(&self) -> impl Iterator<Item = (usize, &'a Node)> + use<'a> {
        let within = self.within;
        self.nodes
            .iter()
            .enumerate()
            .filter(move |(at, _)| holds(within, *at))
    }

    /// Follows the rotations from the founding card on.
    fn judge_recovery_keys(&mut self) {
        // Each round goes one rotation further, and a rotation lies in the past of what its card signs.
        for _ in 0..self.nodes.len() {
            let of_card = |(_, node): &(usize, &Node)| node.signed_by == Some(self.card);
            let rotation = self
                .entries()
                .filter(of_card)
                .find(|(_, node)| matches!(node.entry.kind, RosterKind::Rotate { .. }));
            for (at, _) in self.entries().filter(of_card) {
                let counts =
                    rotation.is_none_or(|(first, node)| at == first || holds(node.past, at));
                if counts {
                    self.recovery |= place(at);
                }
            }
            match rotation {
                Some((at, _)) => self.card = at,
                None => return,
            }
        }
    }

    fn judge_resets(&mut self) {
        for (at, node) in self.entries() {
            if !matches!(node.entry.kind, RosterKind::RevokeOthers { .. })
                || !holds(self.recovery, at)
            {
                continue;
            }
            if self.resets.iter().all(|before| holds(node.past, *before)) {
                self.resets.push(at);
            } else {
                self.recovery &= !place(at);
            }
        }
    }

    /// Says whether a device that was added at a place stays despite a `revoke others`.
    fn survives(&self, device: DeviceId, added: usize, reset: usize) -> bool {
        let keeps = |node: &Node| matches!(node.entry.kind, RosterKind::RevokeOthers { keep } if keep == device);
        self.nodes.get(reset).is_some_and(keeps)
            || self
                .nodes
                .get(added)
                .is_some_and(|node| holds(node.past, reset))
    }

    /// Says whether the recovery key has made void what a device signed at a place.
    fn is_void(&self, author: DeviceId, at: usize) -> bool {
        self.entries().any(|(judge, node)| {
            if !holds(self.recovery, judge) || holds(node.past, at) {
                return false;
            }
            match node.entry.kind {
                RosterKind::Revoke { device } => device == author,
                RosterKind::RevokeOthers { .. } => !self
                    .additions_of(author)
                    .any(|added| self.survives(author, added, judge)),
                _ => false,
            }
        })
    }

    fn additions_of(&self, device: DeviceId) -> impl Iterator<Item = usize> + use<'a> {
        self.entries()
            .filter(move |(_, node)| {
                node.entry
                    .kind
                    .added()
                    .is_some_and(|card| card.id() == device)
            })
            .map(|(at, _)| at)
    }

    /// Says whether an entry is authorised and not made void by the recovery key.
    fn stands(&self, at: usize, node: &Node) -> bool {
        match node.entry.signer {
            RosterSigner::Recovery => holds(self.recovery, at),
            RosterSigner::Device(author) => node.authorised && !self.is_void(author, at),
        }
    }

    fn binding_revocations(&self) -> Vec<(usize, DeviceId)> {
        self.entries()
            .filter_map(|(at, node)| match node.entry.kind {
                RosterKind::Revoke { device } if self.stands(at, node) => Some((at, device)),
                _ => None,
            })
            .collect()
    }

    fn counting_additions(&self, binding: &[(usize, DeviceId)]) -> Vec<(usize, &'a DeviceCard)> {
        let mut counting: Vec<(usize, &DeviceCard)> = Vec::new();
        for (at, node) in self.entries() {
            let Some(card) = node.entry.kind.added() else {
                continue;
            };
            let author_counts = match node.entry.signer {
                RosterSigner::Recovery => true,
                RosterSigner::Device(author) => {
                    let is_added = counting
                        .iter()
                        .any(|(added, card)| card.id() == author && holds(node.past, *added));
                    let is_revoked = binding.iter().any(|(revocation, device)| {
                        *device == author
                            && !self
                                .nodes
                                .get(*revocation)
                                .is_some_and(|node| holds(node.past, at))
                    });
                    is_added && !is_revoked
                }
            };
            if author_counts && self.stands(at, node) {
                counting.push((at, card));
            }
        }
        counting
    }

    fn endings_of<'b>(
        &'b self,
        device: DeviceId,
        added: usize,
        binding: &'b [(usize, DeviceId)],
    ) -> impl Iterator<Item = usize> + use<'b, 'a> {
        let revocations = binding
            .iter()
            .filter(move |(_, target)| *target == device)
            .map(|(at, _)| *at);
        let resets = self
            .resets
            .iter()
            .copied()
            .filter(move |reset| !self.survives(device, added, *reset));
        revocations.chain(resets)
    }
}
