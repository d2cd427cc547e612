//! Which devices are dialled.
//!
//! Every device of every notebook is, until a notebook has enough live links. Were nobody dialled from
//! then on, a large group could fall into parts that never meet: so one device more is, for a while
//! each, the one that was not heard for longest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hearth_core::engine::{CloseReason, ConnectionId};
use hearth_core::ids::{DeviceId, NotebookId, TransportId};

use super::PeerAddrs;
use super::dialer::Dialer;
use super::engine::Engine;
use crate::host::Host;
use crate::net::PathKind;

/// Most links over which one notebook is kept live, besides those that others dialled.
const LIVE_PEERS_MAX: usize = 8;
/// How long the device that is dialled in turn has for meeting and syncing.
const ROTATE_EVERY_MS: u64 = 60_000;

/// The device that is dialled although the notebooks that it is in have enough links.
#[derive(Debug, Default)]
pub(super) struct Rotation {
    current: Option<(DeviceId, u64)>,
    /// When each was last tried, since one that does not answer is never heard.
    tried_ms: BTreeMap<DeviceId, u64>,
}

impl Rotation {
    /// Says whether the device's time is over.
    pub(super) fn is_over(&self, now_ms: u64) -> bool {
        self.current
            .is_some_and(|(_, since_ms)| now_ms.wrapping_sub(since_ms) >= ROTATE_EVERY_MS)
    }

    /// Takes the devices that are not dialled otherwise, with when each was last heard, and returns
    /// the one whose turn it is, and the one whose turn is over.
    fn turn(
        &mut self,
        spare: &BTreeMap<DeviceId, u64>,
        now_ms: u64,
    ) -> (Option<DeviceId>, Option<DeviceId>) {
        let current = self.current.map(|(device, _)| device);
        // With nobody else in line, it may stay.
        if spare.is_empty() || (current.is_some() && !self.is_over(now_ms)) {
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
        } = self.wanted(&linked);
        for device in self.syncs.iter().flat_map(super::syncs::Syncing::pending) {
            if let Some((transport, _)) = spare.get(&device) {
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
        let kept: BTreeSet<DeviceId> = turn
            .into_iter()
            .chain(self.syncs.iter().flat_map(super::syncs::Syncing::pending))
            .collect();
        self.trim(&kept);
        self.dialers.retain(|device, _| wanted.contains_key(device));
        for (device, transport) in wanted {
            self.adjust_dialer(device, transport, linked.get(&device).copied());
        }
    }

    fn wanted(&self, linked: &BTreeMap<DeviceId, ConnectionId>) -> Wanted {
        let engine = &self.host.engine;
        let own = self.host.my_device();
        let mut live: BTreeMap<NotebookId, usize> = BTreeMap::new();
        for (_, session) in engine.sessions() {
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
        for notebook in engine.notebooks() {
            if !engine.looks_for_peers(notebook) {
                continue;
            }
            let full = live.get(&notebook).copied().unwrap_or(0) >= LIVE_PEERS_MAX;
            let Some(replica) = engine.replica(notebook) else {
                continue;
            };
            let members = replica.membership().members().iter();
            let devices = members
                .filter(|(person, _)| !engine.is_distrusted(notebook, **person))
                .flat_map(|(_, member)| &member.devices)
                .filter(|(device, _)| **device != own);
            for (device, card) in devices {
                if !full {
                    wanted.needed.insert(*device);
                }
                if !full || linked.contains_key(device) {
                    wanted.dialled.insert(*device, card.transport);
                } else {
                    let heard_ms = engine.peer(notebook, *device);
                    let heard_ms = heard_ms.map_or(0, |record| record.heard_ms);
                    let spare = wanted.spare.entry(*device);
                    let (_, latest) = spare.or_insert((card.transport, heard_ms));
                    *latest = heard_ms.max(*latest);
                }
            }
        }
        let dialled = &wanted.dialled;
        wanted
            .spare
            .retain(|device, _| !dialled.contains_key(device));
        wanted
    }

    /// Closes links that this side dialled beyond what every notebook on them needs: everybody dials
    /// everybody at first, and many may answer at once.
    fn trim(&mut self, kept: &BTreeSet<DeviceId>) {
        // Notebooks that only one of a person's devices has come to the others over their own links.
        let own: BTreeSet<DeviceId> = (self.host.engine.own_other_devices())
            .map(|(device, _)| device)
            .collect();
        let links = self.host.engine.sessions().map(|(id, session)| {
            let dialled = self.links.get(&id).is_some_and(|link| link.dialled);
            let peer = session.peer();
            let may_close = dialled && !kept.contains(&peer) && !own.contains(&peer);
            (id, may_close, session.notebooks().collect())
        });
        for id in surplus(links.collect()) {
            self.make_room(Some(id));
        }
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

/// Returns the links to close, the newest first, of those that may be, so that no notebook has less than
/// enough.
fn surplus(links: Vec<(ConnectionId, bool, Vec<NotebookId>)>) -> Vec<ConnectionId> {
    let mut live: BTreeMap<NotebookId, usize> = BTreeMap::new();
    for notebook in links.iter().flat_map(|(_, _, notebooks)| notebooks) {
        *live.entry(*notebook).or_default() += 1;
    }
    let mut closed = Vec::new();
    for (id, may_close, notebooks) in links.into_iter().rev() {
        let has_enough = |notebook: &NotebookId| {
            live.get(notebook)
                .is_some_and(|count| *count > LIVE_PEERS_MAX)
        };
        if may_close && !notebooks.is_empty() && notebooks.iter().all(has_enough) {
            for notebook in notebooks {
                if let Some(count) = live.get_mut(&notebook) {
                    *count -= 1;
                }
            }
            closed.push(id);
        }
    }
    closed
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn device(number: u8) -> DeviceId {
        DeviceId::from_bytes([number; 32])
    }

    #[test]
    fn of_many_links_at_once_eight_stay_and_those_that_another_notebook_needs() {
        let [large, small] = [1, 2].map(|number| NotebookId::from_bytes([number; 32]));
        let links = |count: u64, dialled: bool| {
            let link = |id| (ConnectionId(id), dialled, vec![large]);
            (0..count).map(link).collect::<Vec<_>>()
        };
        assert!(surplus(links(8, true)).is_empty());
        assert!(surplus(links(30, false)).is_empty(), "others dialled these");
        let mut all = links(30, true);
        all[29].2.push(small);
        let closed = surplus(all);
        assert_eq!(closed.len(), 22);
        assert!(!closed.contains(&ConnectionId(29)));
        assert!(!closed.contains(&ConnectionId(0)), "the oldest stay");
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
