//! Which devices are dialled.
//!
//! Every device of every notebook is, until a notebook has enough live links; of a large one a few at a time.
//! Were nobody dialled from then on, a large group could fall into parts that never meet: so one device more
//! is, for a while each, the one that was not heard for longest. `room` says how many links are enough.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hearth_core::engine::{CloseReason, ConnectionId};
use hearth_core::ids::{DeviceId, NotebookId, TransportId};

use super::dialer::Dialer;
use super::engine::Engine;
use super::room::{Held, LIVE_PEERS_MAX, LIVE_PEERS_SOUGHT, sought, surplus};
use super::{PeerAddrs, jitter};
use crate::host::Host;
use crate::net::PathKind;

/// How often another device is dialled in turn. Its link is closed before it would count for what the other
/// one has too many of, and as soon as both have the same, so that it seldom passes for one that stays.
const ROTATE_EVERY_MS: u64 = 25_000;
/// How long a visit takes at least: what follows an equal frontier, such as a capsule, is to get its chance.
const VISIT_MIN: Duration = Duration::from_secs(3);
/// Entries that one side lacks above which a link is in the middle of something.
const UNDER_WAY_ENTRIES: u64 = 100;
/// How long that keeps a link from being closed.
const UNDER_WAY_MS_MAX: u64 = 5 * 60_000;

/// The device that is dialled although the notebooks that it is in have enough links.
#[derive(Debug, Default)]
pub(super) struct Rotation {
    current: Option<(DeviceId, u64)>,
    /// Whether that one has been met.
    is_met: bool,
    /// When each was last tried, since one that does not answer is never heard.
    tried_ms: BTreeMap<DeviceId, u64>,
}

impl Rotation {
    /// Says whether the device's time is over.
    pub(super) fn is_over(&self, now_ms: u64) -> bool {
        self.current
            .is_some_and(|(_, since_ms)| now_ms.wrapping_sub(since_ms) >= ROTATE_EVERY_MS)
    }

    /// Returns the device whose turn it is; one that stays for want of others has had it.
    fn current(&self, now_ms: u64) -> Option<DeviceId> {
        let current = self
            .current
            .filter(|_| !self.is_met && !self.is_over(now_ms));
        current.map(|(device, _)| device)
    }

    /// Takes the devices that are not dialled otherwise, with when each was last heard, and returns
    /// the one whose turn it is, and the one whose turn is over.
    fn turn(
        &mut self,
        spare: &BTreeMap<DeviceId, u64>,
        now_ms: u64,
    ) -> (Option<DeviceId>, Option<DeviceId>) {
        let current = self.current.map(|(device, _)| device);
        let current = current.filter(|_| !self.is_met);
        // With nobody else in line, it may stay.
        if spare.is_empty() || (self.current.is_some() && !self.is_over(now_ms)) {
            return (current, None);
        }
        self.tried_ms.retain(|device, _| spare.contains_key(device));
        let last = |device: &DeviceId, heard_ms: u64| {
            heard_ms.max(self.tried_ms.get(device).copied().unwrap_or(0))
        };
        let next = spare
            .iter()
            .min_by_key(|(device, heard_ms)| last(device, **heard_ms))
            .map(|(device, _)| *device);
        if let Some(next) = next {
            self.tried_ms.insert(next, now_ms);
        }
        self.current = next.map(|device| (device, now_ms));
        self.is_met = false;
        (next, current.filter(|before| next != Some(*before)))
    }
}

/// Who is dialled for their notebooks' sake, and who is left out since those have enough links.
#[derive(Debug, Default)]
struct Wanted {
    dialled: BTreeMap<DeviceId, TransportId>,
    /// Those of a notebook that has too few links.
    needed: BTreeSet<DeviceId>,
    /// With when each was last heard.
    spare: BTreeMap<DeviceId, (TransportId, u64)>,
    /// Those that are not dialled now, unless somebody waits for them.
    left_alone: BTreeMap<DeviceId, TransportId>,
}

impl Engine {
    /// Starts dialling devices that are new, ends dialling those that are gone, and tells each task
    /// whether there is a link.
    pub(super) fn adjust_dialers(&mut self) {
        let linked: BTreeMap<DeviceId, ConnectionId> = self
            .host
            .engine
            .sessions()
            .map(|(id, session)| (session.peer(), id))
            .collect();
        let Wanted {
            dialled: mut wanted,
            needed,
            spare,
            left_alone,
        } = self.wanted(&linked);
        for device in self.syncs.iter().flat_map(super::syncs::Syncing::pending) {
            let spare = spare.get(&device).map(|(transport, _)| transport);
            if let Some(transport) = spare.or_else(|| left_alone.get(&device)) {
                wanted.insert(device, *transport);
            }
        }
        let heard = spare
            .iter()
            .map(|(device, (_, heard_ms))| (*device, *heard_ms))
            .collect();
        let (turn, over) = self.rotation.turn(&heard, Host::now_ms());
        if let Some((device, (transport, _))) = turn.and_then(|device| spare.get_key_value(&device))
        {
            wanted.insert(*device, *transport);
        }
        if let Some(device) = over.filter(|device| !needed.contains(device)) {
            wanted.remove(&device);
            self.make_room(linked.get(&device).copied());
        }
        self.dialers.retain(|device, _| wanted.contains_key(device));
        for (device, transport) in wanted {
            self.adjust_dialer(device, transport, linked.get(&device).copied());
        }
    }

    fn wanted(&mut self, linked: &BTreeMap<DeviceId, ConnectionId>) -> Wanted {
        let engine = &self.host.engine;
        let mut live: BTreeMap<NotebookId, usize> = BTreeMap::new();
        let members = engine.sessions();
        for (_, session) in members.filter(|(_, session)| !session.is_with_mirror()) {
            for notebook in session.notebooks() {
                *live.entry(notebook).or_default() += 1;
            }
        }
        let mut wanted = Wanted::default();
        // The person's other devices are met even where no notebook is shared yet.
        for (device, transport) in engine.own_other_devices() {
            wanted.needed.insert(device);
            wanted.dialled.insert(device, transport);
        }
        // Mirrors are always on, and nobody else may be.
        for (peer, transport) in engine.mirror_transports() {
            wanted.needed.insert(peer);
            wanted.dialled.insert(peer, transport);
        }
        let now_ms = Host::now_ms();
        for notebook in engine.notebooks() {
            let others = self.others_in(notebook);
            let live = live.get(&notebook).copied().unwrap_or(0);
            let missing = sought(others.len()).saturating_sub(live);
            let rests = |device: &DeviceId| self.resting.rests(device, live == 0, now_ms);
            let free: BTreeSet<DeviceId> = others
                .keys()
                .filter(|device| !linked.contains_key(device) && !rests(device))
                .copied()
                .collect();
            let turn = if missing == 0 {
                self.turns.end(&notebook);
                BTreeSet::new()
            } else if live == 0 || others.len() <= LIVE_PEERS_MAX {
                free.clone()
            } else {
                self.turns.take(notebook, &free, missing, now_ms, jitter)
            };
            for (device, transport) in others {
                if missing > 0 {
                    wanted.needed.insert(device);
                }
                if linked.contains_key(&device) || turn.contains(&device) {
                    wanted.dialled.insert(device, transport);
                } else if missing == 0 && free.contains(&device) {
                    let heard_ms = engine.peer(notebook, device);
                    let heard_ms = heard_ms.map_or(0, |record| record.heard_ms);
                    let spare = wanted.spare.entry(device);
                    let (_, latest) = spare.or_insert((transport, heard_ms));
                    *latest = heard_ms.max(*latest);
                } else {
                    wanted.left_alone.insert(device, transport);
                }
            }
        }
        let dialled = &wanted.dialled;
        wanted
            .spare
            .retain(|device, _| !dialled.contains_key(device));
        wanted
    }

    /// Returns the other devices with which a notebook is exchanged.
    fn others_in(&self, notebook: NotebookId) -> BTreeMap<DeviceId, TransportId> {
        let (engine, own) = (&self.host.engine, self.host.my_device());
        let Some(replica) = engine
            .replica(notebook)
            .filter(|_| engine.looks_for_peers(notebook))
        else {
            return BTreeMap::new();
        };
        let members = replica.membership().members().iter();
        members
            .filter(|(person, _)| !engine.is_distrusted(notebook, **person))
            .flat_map(|(_, member)| &member.devices)
            .filter(|(device, _)| **device != own)
            .map(|(device, card)| (*device, card.transport))
            .collect()
    }

    /// Closes links beyond what every notebook on them needs, whoever dialled: everybody dials everybody at
    /// first, and many may answer at once. A link is closed as a whole, so that it stays where any notebook on
    /// it needs it.
    pub(super) fn close_surplus(&mut self) {
        if self.links.len() <= LIVE_PEERS_SOUGHT {
            return;
        }
        // Notebooks that only one of a person's devices has come to the others over their own links.
        let own = self.host.engine.own_other_devices();
        let mut kept: BTreeSet<DeviceId> = own.map(|(device, _)| device).collect();
        let mirrors = self.host.engine.mirror_transports();
        kept.extend(mirrors.map(|(mirror, _)| mirror));
        kept.extend(self.rotation.current(Host::now_ms()));
        kept.extend(self.syncs.iter().flat_map(super::syncs::Syncing::pending));
        kept.extend(self.under_way());
        let mut notebooks: BTreeMap<NotebookId, usize> = BTreeMap::new();
        let sessions = self.host.engine.sessions();
        let held = sessions.filter_map(|(id, session)| {
            let link = self.links.get(&id)?;
            let shared = session.notebooks().map(|notebook| {
                let sought = notebooks
                    .entry(notebook)
                    .or_insert_with(|| sought(self.others_in(notebook).len()));
                (notebook, *sought)
            });
            Some(Held {
                id,
                may_close: !kept.contains(&session.peer()),
                dialled: link.dialled,
                age_ms: u64::try_from(link.since.elapsed().as_millis()).unwrap_or(u64::MAX),
                notebooks: shared.collect(),
            })
        });
        let held: Vec<Held> = held.collect();
        for id in surplus(&held, jitter) {
            self.close_as_enough(id);
        }
    }

    /// Ends the turn of a device that has all that is here, as this one has all that is there.
    pub(super) fn end_visit(&mut self) {
        let Some(device) = self.rotation.current(Host::now_ms()) else {
            return;
        };
        let mut sessions = self.host.engine.sessions();
        let Some((id, notebooks)) = sessions
            .find(|(_, session)| session.peer() == device)
            .map(|(id, session)| (id, session.notebooks().collect::<Vec<_>>()))
        else {
            return;
        };
        drop(sessions);
        let met = self
            .links
            .get(&id)
            .is_some_and(|link| link.dialled && link.since.elapsed() >= VISIT_MIN);
        let engine = &mut self.host.engine;
        let is_even = met
            && notebooks.into_iter().all(|notebook| {
                let mut statuses = engine.peer_statuses(notebook).into_iter();
                statuses.any(|peer| {
                    peer.device == device && peer.connected && peer.behind == 0 && peer.ahead == 0
                })
            });
        if is_even {
            self.rotation.is_met = true;
            self.make_room(Some(id));
            self.dialling_changed = true;
        }
    }

    /// Returns the devices that are being brought up to date, or bring this one.
    fn under_way(&mut self) -> Vec<DeviceId> {
        let young = self
            .links
            .values()
            .any(|link| u128::from(UNDER_WAY_MS_MAX) > link.since.elapsed().as_millis());
        let notebooks: Vec<NotebookId> = self.host.engine.notebooks().collect();
        let mut under_way = Vec::new();
        for notebook in notebooks.into_iter().filter(|_| young) {
            let statuses = self.host.engine.peer_statuses(notebook).into_iter();
            let busy = statuses.filter(|peer| {
                peer.connected && peer.behind.saturating_add(peer.ahead) > UNDER_WAY_ENTRIES
            });
            under_way.extend(busy.map(|peer| peer.device));
        }
        let sessions = self.host.engine.sessions();
        let old: BTreeSet<DeviceId> = sessions
            .filter(|(id, _)| {
                let link = self.links.get(id);
                link.is_some_and(|link| {
                    link.since.elapsed().as_millis() >= u128::from(UNDER_WAY_MS_MAX)
                })
            })
            .map(|(_, session)| session.peer())
            .collect();
        under_way.retain(|device| !old.contains(device));
        under_way
    }

    /// Closes a link that this side made in turn, so that the next device has its turn.
    fn make_room(&mut self, link: Option<ConnectionId>) {
        let Some(id) = link else { return };
        if self.links.get(&id).is_some_and(|link| link.dialled) {
            self.host.engine.disconnected(id, Host::now_ms());
            self.close(id, &CloseReason::Done);
        }
    }

    fn adjust_dialer(
        &mut self,
        device: DeviceId,
        transport: TransportId,
        linked: Option<ConnectionId>,
    ) {
        if let Some(id) = linked {
            self.note_seen(device, id);
        }
        // Whoever is linked needs no address; this comes here again when the link is gone.
        let addrs = if linked.is_some() {
            PeerAddrs::default()
        } else {
            self.host.addresses_of(device)
        };
        let own = self.host.my_device();
        let dialer = self.dialers.entry(device).or_insert_with(|| {
            let (net, traffic) = (Arc::clone(&self.net), self.traffic.clone());
            Dialer::start(device, transport, own > device, addrs.clone(), net, traffic)
        });
        if linked.is_none() {
            dialer.set_addrs(addrs);
        }
        dialer.set_connected(linked.is_some());
    }

    /// Keeps where a device is linked from, where that is new.
    fn note_seen(&mut self, device: DeviceId, id: ConnectionId) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let (PathKind::Direct(addr) | PathKind::Lan(addr)) = link.handle.path() else {
            return;
        };
        if link.seen != Some(addr) {
            link.seen = Some(addr);
            self.host.remember_seen_at(device, addr);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn device(number: u8) -> DeviceId {
        DeviceId::from_bytes([number; 32])
    }

    #[test]
    fn every_device_gets_its_turn_even_where_none_answers() {
        let spare: BTreeMap<DeviceId, u64> = (1..=5).map(|it| (device(it), 1_000)).collect();
        let mut rotation = Rotation::default();
        let mut tried = BTreeSet::new();
        let mut now_ms = 2_000;
        let mut before = None;
        for _ in 0..5 {
            let (turn, over) = rotation.turn(&spare, now_ms);
            assert_eq!(over, before);
            assert!(tried.insert(turn.unwrap()));
            assert_eq!(rotation.turn(&spare, now_ms + 1), (turn, None));
            before = turn;
            now_ms += ROTATE_EVERY_MS;
        }
    }

    #[test]
    fn one_that_was_met_is_dialled_no_more_and_the_next_comes_in_its_time() {
        let spare: BTreeMap<DeviceId, u64> = (1..=2).map(|it| (device(it), 1_000)).collect();
        let mut rotation = Rotation::default();
        let (first, _) = rotation.turn(&spare, 2_000);
        assert_eq!(rotation.current(2_001), first);
        rotation.is_met = true;
        assert_eq!(rotation.turn(&spare, 2_002), (None, None));
        assert_eq!(rotation.current(2_002), None);
        let (next, over) = rotation.turn(&spare, 2_000 + ROTATE_EVERY_MS);
        assert!(next.is_some() && next != first);
        assert_eq!(over, None, "its link was closed then");
    }

    #[test]
    fn the_device_unheard_for_longest_is_first() {
        let spare = BTreeMap::from([(device(1), 50), (device(2), 0), (device(3), 10)]);
        let (turn, _) = Rotation::default().turn(&spare, 1_000);
        assert_eq!(turn, Some(device(2)));
    }

    #[test]
    fn one_that_was_met_makes_room_only_for_another() {
        let mut rotation = Rotation::default();
        let both = BTreeMap::from([(device(1), 0), (device(2), 5)]);
        assert_eq!(rotation.turn(&both, 1_000), (Some(device(1)), None));
        // It is linked now, so it is not spare any more, and nobody else is dialled meanwhile.
        let other = BTreeMap::from([(device(2), 5)]);
        assert_eq!(rotation.turn(&other, 2_000), (Some(device(1)), None));
        let later_ms = 1_000 + ROTATE_EVERY_MS;
        assert!(rotation.is_over(later_ms));
        let nobody = BTreeMap::new();
        assert_eq!(rotation.turn(&nobody, later_ms), (Some(device(1)), None));
        let turn = rotation.turn(&other, later_ms);
        assert_eq!(turn, (Some(device(2)), Some(device(1))));
        // A clock that goes back holds up nobody.
        assert!(rotation.is_over(0));
    }
}
