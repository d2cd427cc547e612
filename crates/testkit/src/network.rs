//! A simulated network: ordered, reliable streams, as QUIC gives them, over links that fail.
//!
//! Within one link and direction frames arrive in order and whole, or not at all: what is lost is
//! always the end. Across links any order is possible, and a link is never used twice, so nothing of
//! an old one can leak into a new one. Two links between the same two nodes at once are allowed. All
//! choices follow from the seed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::dice::Dice;

/// A node of the network, by number.
pub type NodeId = usize;

/// One link between two nodes; numbers are never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// Frames that may be on the way in one direction before the sender has to wait.
const WINDOW_FRAMES: usize = 16;
/// The longest time that a frame takes, in milliseconds.
const LATENCY_MAX_MS: u64 = 60;
/// The longest time until an end notices that its link is cut, in milliseconds.
const NOTICE_MAX_MS: u64 = 5_000;

/// What happens to a frame whose bits flip on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corruption {
    /// The transport notices, as TLS does, and the link dies.
    KillsLink,
    /// It reaches the protocol, as if the peer's program had a fault.
    ReachesProtocol,
}

/// Something that arrives at a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// A frame.
    Frame {
        /// Over which link.
        link: LinkId,
        /// At which node.
        at: NodeId,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// The news that a link is gone.
    Gone {
        /// Which link.
        link: LinkId,
        /// At which node.
        at: NodeId,
    },
}

#[derive(Debug, Clone, Default)]
struct Lane {
    frames: VecDeque<(u64, Vec<u8>)>,
    last_due_ms: u64,
    /// When the receiving end learns that the link is gone, after all frames that still arrive.
    gone_due_ms: Option<u64>,
    /// The receiving end has let go of the link: nothing arrives any more.
    is_deaf: bool,
}

#[derive(Debug, Clone)]
struct Link {
    ends: [NodeId; 2],
    /// Lane `i` leads to `ends[i]`.
    lanes: [Lane; 2],
    is_cut: bool,
    was_altered: bool,
}

impl Link {
    fn lane_to(&mut self, node: NodeId) -> Option<&mut Lane> {
        let place = self.ends.iter().position(|end| *end == node)?;
        self.lanes.get_mut(place)
    }

    fn lane_from(&mut self, node: NodeId) -> Option<&mut Lane> {
        let place = self.ends.iter().position(|end| *end != node)?;
        self.lanes.get_mut(place)
    }

    fn is_over(&self) -> bool {
        self.lanes
            .iter()
            .all(|lane| lane.is_deaf || (lane.frames.is_empty() && lane.gone_due_ms.is_none()))
            && (self.is_cut || self.lanes.iter().all(|lane| lane.is_deaf))
    }
}

/// The network between the nodes of a simulation.
#[derive(Debug, Clone)]
pub struct Network {
    random: ChaCha20Rng,
    links: BTreeMap<LinkId, Link>,
    next: u64,
    apart: BTreeSet<(NodeId, NodeId)>,
    /// One frame in so many is altered on the way, and how that shows; `None`: none is.
    corruption: Option<(u64, Corruption)>,
    delivered: u64,
    delivered_bytes: u64,
    sent_bytes: u64,
}

impl Network {
    /// Starts without links.
    pub fn new(seed: u64) -> Self {
        Self {
            random: ChaCha20Rng::seed_from_u64(seed),
            links: BTreeMap::new(),
            next: 0,
            apart: BTreeSet::new(),
            corruption: None,
            delivered: 0,
            delivered_bytes: 0,
            sent_bytes: 0,
        }
    }

    /// Connects two nodes, unless they are kept apart.
    pub fn connect(&mut self, one: NodeId, other: NodeId, now_ms: u64) -> Option<LinkId> {
        if self.are_apart(one, other) {
            return None;
        }
        let id = LinkId(self.next);
        self.next += 1;
        let lane = Lane {
            last_due_ms: now_ms,
            ..Lane::default()
        };
        self.links.insert(
            id,
            Link {
                ends: [one, other],
                lanes: [lane.clone(), lane],
                is_cut: false,
                was_altered: false,
            },
        );
        Some(id)
    }

    /// Says whether `from` may send another frame now.
    pub fn has_room(&mut self, link: LinkId, from: NodeId) -> bool {
        self.links.get_mut(&link).is_some_and(|link| {
            link.is_cut
                || link
                    .lane_from(from)
                    .is_some_and(|lane| lane.frames.len() < WINDOW_FRAMES)
        })
    }

    /// Sends a frame; over a link that is cut it is lost without a word.
    pub fn send(&mut self, link: LinkId, from: NodeId, mut bytes: Vec<u8>, now_ms: u64) {
        let latency = 1 + self.random.below(LATENCY_MAX_MS);
        let hit = self
            .corruption
            .filter(|(one_in, _)| self.random.below(*one_in) == 0);
        if let Some((_, kind)) = hit {
            match kind {
                Corruption::KillsLink => return self.cut(link, now_ms),
                Corruption::ReachesProtocol => {
                    let bit = self.random.below((bytes.len() as u64 * 8).max(1));
                    if let Some(byte) = usize::try_from(bit / 8)
                        .ok()
                        .and_then(|place| bytes.get_mut(place))
                    {
                        *byte ^= 1 << (bit % 8);
                    }
                }
            }
        }
        let Some(link) = self.links.get_mut(&link) else {
            return;
        };
        link.was_altered |= hit.is_some();
        if link.is_cut {
            return;
        }
        if let Some(lane) = link.lane_from(from)
            && !lane.is_deaf
        {
            self.sent_bytes += bytes.len() as u64;
            lane.last_due_ms = lane.last_due_ms.max(now_ms + latency);
            lane.frames.push_back((lane.last_due_ms, bytes));
        }
    }

    /// Closes a link from one end. What that end sent before still arrives if `is_graceful`,
    /// otherwise a part of it may be lost; the other end then learns that the link is gone.
    pub fn close(&mut self, link: LinkId, from: NodeId, is_graceful: bool, now_ms: u64) {
        let loss = self.random.next();
        let Some(found) = self.links.get_mut(&link) else {
            return;
        };
        if let Some(lane) = found.lane_to(from) {
            lane.is_deaf = true;
            lane.frames.clear();
            lane.gone_due_ms = None;
        }
        if let Some(lane) = found.lane_from(from)
            && !lane.is_deaf
            && lane.gone_due_ms.is_none()
        {
            if !is_graceful {
                lose_end(lane, loss);
            }
            lane.gone_due_ms = Some(lane.last_due_ms.max(now_ms + 1));
        }
        found.is_cut = true;
    }

    /// Cuts a link: the end of what is on the way is lost in both directions, and each end notices
    /// in its own time.
    pub fn cut(&mut self, link: LinkId, now_ms: u64) {
        let Some(found) = self.links.get_mut(&link) else {
            return;
        };
        if found.is_cut {
            return;
        }
        found.is_cut = true;
        for lane in &mut found.lanes {
            lose_end(lane, self.random.next());
            if !lane.is_deaf {
                let notice = self.random.below(NOTICE_MAX_MS);
                lane.gone_due_ms = Some(lane.last_due_ms.max(now_ms + notice));
            }
        }
    }

    /// Cuts all links.
    pub fn cut_all(&mut self, now_ms: u64) {
        for (link, _) in self.sound_links() {
            self.cut(link, now_ms);
        }
    }

    /// Takes a node off the network at once: its peers notice later, it hears nothing any more.
    pub fn drop_node(&mut self, node: NodeId, now_ms: u64) {
        for id in self.links_of(node) {
            self.cut(id, now_ms);
            if let Some(lane) = self.links.get_mut(&id).and_then(|link| link.lane_to(node)) {
                lane.is_deaf = true;
                lane.frames.clear();
                lane.gone_due_ms = None;
            }
        }
    }

    /// Keeps two nodes apart: their links are cut, and none can be made.
    pub fn part(&mut self, one: NodeId, other: NodeId, now_ms: u64) {
        self.apart.insert((one.min(other), one.max(other)));
        let between: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, link)| link.ends.contains(&one) && link.ends.contains(&other))
            .map(|(id, _)| *id)
            .collect();
        for id in between {
            self.cut(id, now_ms);
        }
    }

    /// Lets all nodes meet again and stops corruption. Links over which altered bytes may have
    /// reached the protocol are cut, since nobody promises anything about them.
    pub fn heal(&mut self, now_ms: u64) {
        self.apart.clear();
        self.corruption = None;
        let altered: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, link)| link.was_altered)
            .map(|(id, _)| *id)
            .collect();
        for id in altered {
            self.cut(id, now_ms);
        }
    }

    /// Says whether two nodes are kept apart.
    pub fn are_apart(&self, one: NodeId, other: NodeId) -> bool {
        self.apart.contains(&(one.min(other), one.max(other)))
    }

    /// Alters one frame in `one_in` from now on.
    pub const fn corrupt(&mut self, one_in: u64, kind: Corruption) {
        self.corruption = Some((one_in, kind));
    }

    /// Returns the links of a node, sound or not.
    pub fn links_of(&self, node: NodeId) -> Vec<LinkId> {
        self.links
            .iter()
            .filter(|(_, link)| link.ends.contains(&node))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Returns the links that are not cut.
    pub fn sound_links(&self) -> Vec<(LinkId, [NodeId; 2])> {
        self.links
            .iter()
            .filter(|(_, link)| !link.is_cut)
            .map(|(id, link)| (*id, link.ends))
            .collect()
    }

    /// Says whether a link between two nodes is there that is not cut.
    pub fn are_linked(&self, one: NodeId, other: NodeId) -> bool {
        self.links
            .values()
            .any(|link| !link.is_cut && link.ends.contains(&one) && link.ends.contains(&other))
    }

    /// Takes one of the things that have arrived by `now_ms`; which one of several links comes
    /// first is drawn.
    pub fn poll(&mut self, now_ms: u64) -> Option<Arrival> {
        let ready: Vec<(LinkId, usize)> = self
            .links
            .iter()
            .flat_map(|(id, link)| (0..2).map(move |side| (*id, side, &link.lanes)))
            .filter(|(_, side, lanes)| {
                lanes
                    .get(*side)
                    .and_then(due)
                    .is_some_and(|due| due <= now_ms)
            })
            .map(|(id, side, _)| (id, side))
            .collect();
        let (id, side) = *self.random.pick(&ready)?;
        let link = self.links.get_mut(&id)?;
        let at = *link.ends.get(side)?;
        let lane = link.lanes.get_mut(side)?;
        let arrival = match lane.frames.pop_front() {
            Some((_, bytes)) => {
                self.delivered += 1;
                self.delivered_bytes += bytes.len() as u64;
                Arrival::Frame {
                    link: id,
                    at,
                    bytes,
                }
            }
            None => {
                lane.gone_due_ms = None;
                lane.is_deaf = true;
                Arrival::Gone { link: id, at }
            }
        };
        if link.is_over() {
            self.links.remove(&id);
        }
        Some(arrival)
    }

    /// Returns when the next thing arrives.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.links
            .values()
            .flat_map(|link| &link.lanes)
            .filter_map(due)
            .min()
    }

    /// Returns how many frames have arrived so far, and their bytes.
    pub const fn delivered(&self) -> (u64, u64) {
        (self.delivered, self.delivered_bytes)
    }

    /// Returns how many bytes of frames were put on links, also those that were lost when one was cut.
    pub const fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }
}

fn due(lane: &Lane) -> Option<u64> {
    if lane.is_deaf {
        return None;
    }
    lane.frames
        .front()
        .map_or(lane.gone_due_ms, |(due, _)| Some(*due))
}

/// Loses some of the last frames of a lane.
fn lose_end(lane: &mut Lane, random: u64) {
    let kept = random % (lane.frames.len() as u64 + 1);
    lane.frames
        .truncate(usize::try_from(kept).unwrap_or_default());
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn frames(network: &mut Network, at: NodeId) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        while let Some(arrival) = network.poll(u64::MAX) {
            if let Arrival::Frame { at: to, bytes, .. } = arrival
                && to == at
            {
                frames.push(bytes);
            }
        }
        frames
    }

    #[test]
    fn frames_arrive_in_order_and_only_the_end_is_lost() {
        let mut lost = false;
        for seed in 0..50 {
            let mut network = Network::new(seed);
            let link = network.connect(0, 1, 0).unwrap();
            for number in 0..10 {
                network.send(link, 0, vec![number], 0);
            }
            network.cut(link, 5);
            network.send(link, 0, vec![99], 6);
            let arrived = frames(&mut network, 1);
            assert!(
                arrived
                    .iter()
                    .map(|bytes| bytes[0])
                    .eq(0..arrived.len() as u8)
            );
            lost |= arrived.len() < 10;
            assert!(network.links.is_empty(), "a dead link is forgotten");
        }
        assert!(lost);
    }

    #[test]
    fn nodes_that_are_apart_do_not_meet_until_healed() {
        let mut network = Network::new(1);
        let link = network.connect(0, 1, 0).unwrap();
        network.part(1, 0, 0);
        assert!(network.connect(0, 1, 0).is_none() && !network.are_linked(0, 1));
        assert_eq!(network.poll(u64::MAX).map(|_| ()), Some(()));
        network.heal(0);
        let again = network.connect(0, 1, 0).unwrap();
        assert_ne!(link, again);
    }

    #[test]
    fn a_graceful_close_delivers_what_was_sent_and_then_the_news() {
        let mut network = Network::new(3);
        let link = network.connect(4, 5, 0).unwrap();
        network.send(link, 4, vec![1], 0);
        network.close(link, 4, true, 0);
        let first = network.poll(u64::MAX).unwrap();
        assert!(matches!(first, Arrival::Frame { at: 5, .. }));
        assert_eq!(network.poll(u64::MAX), Some(Arrival::Gone { link, at: 5 }));
        assert_eq!(network.poll(u64::MAX), None);
    }
}
