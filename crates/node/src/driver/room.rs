//! How many links carry a notebook, and which are closed where there are more.
//!
//! Eight stay. More are taken, whoever dialled, for long enough that both sides have what the other had: so
//! nobody is turned away unheard, and what is new gets around however the links lie. What is closed is drawn,
//! so that whoever comes last has the same chance as who came first. Of two ends that close at once, each
//! closes half of what is too much; and a node stops dialling well below what it lets others dial, so that a
//! group comes to rest. Whoever was told that there are enough waits, longer each time.

use std::collections::{BTreeMap, BTreeSet};

use hearth_core::engine::ConnectionId;
use hearth_core::ids::{DeviceId, NotebookId};

/// Most links that carry one notebook and stay.
pub(super) const LIVE_PEERS_MAX: usize = 8;
/// Links of a notebook below which a device dials for its sake, where it has too many devices for all to be
/// linked: the room up to [`LIVE_PEERS_MAX`] is for those who dial this one.
pub(super) const LIVE_PEERS_SOUGHT: usize = 6;
/// How long a link that this side dialled beyond what it sought has for meeting and syncing.
const MEET_MS: u64 = 10_000;
/// How long any link has before it counts for what is too much: longer than [`MEET_MS`] and than the turn
/// of a device that is dialled in turn, so that who dialled makes room first.
const STAY_MS: u64 = 30_000;
/// How long a device is not dialled that said that it has enough links, at first and at most.
const REST_MS: (u64, u64) = (60_000, 600_000);
/// The same where no link carries a notebook that it is in.
const REST_ALONE_MS: u64 = 10_000;
/// Devices of a large notebook that are dialled beyond those that are missing, since some do not answer.
const DIALLED_BEYOND: usize = 2;
/// How long the same few are dialled.
const DIAL_SAME_MS: u64 = 10_000;

/// Returns how many links of a notebook a device seeks that shares it with so many others.
pub(super) const fn sought(others: usize) -> usize {
    if others <= LIVE_PEERS_MAX {
        LIVE_PEERS_MAX
    } else {
        LIVE_PEERS_SOUGHT
    }
}

/// An open link, as far as the choice goes by it.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) id: ConnectionId,
    /// Whether nothing forbids that it is closed.
    pub(super) may_close: bool,
    /// Whether this side dialled.
    pub(super) dialled: bool,
    pub(super) age_ms: u64,
    /// The notebooks that it carries, with how many links of each are sought.
    pub(super) notebooks: Vec<(NotebookId, usize)>,
}

/// Returns the links to close: none that any of its notebooks needs, and of what is too much one half.
pub(super) fn surplus(links: &[Held], mut draw: impl FnMut() -> u64) -> Vec<ConnectionId> {
    let mut drawn: Vec<(u64, &Held)> = links.iter().map(|link| (draw(), link)).collect();
    drawn.sort_by_key(|(place, _)| *place);
    let is_young = |link: &Held| link.age_ms < STAY_MS;
    let mut closed = BTreeSet::new();
    // What this side dialled and does not need.
    let mut room = Room::of(links, |_| true, |sought| sought);
    for (_, link) in &drawn {
        let has_met = link.dialled && is_young(link) && link.age_ms >= MEET_MS;
        if has_met && link.may_close && room.close(link) {
            closed.insert(link.id);
        }
    }
    // Whatever is too much by now.
    let mut room = Room::of(links, |link| !is_young(link), |_| LIVE_PEERS_MAX);
    for (_, link) in &drawn {
        if !is_young(link) && link.may_close && room.close(link) {
            closed.insert(link.id);
        }
    }
    closed.into_iter().collect()
}

/// How many links of each notebook may be closed.
struct Room(BTreeMap<NotebookId, usize>);

impl Room {
    fn of(links: &[Held], counts: impl Fn(&Held) -> bool, enough: impl Fn(usize) -> usize) -> Self {
        let mut live: BTreeMap<NotebookId, (usize, usize)> = BTreeMap::new();
        for link in links.iter().filter(|link| counts(link)) {
            for (notebook, sought) in &link.notebooks {
                live.entry(*notebook).or_insert((0, enough(*sought))).0 += 1;
            }
        }
        let half = |(live, enough): (usize, usize)| live.saturating_sub(enough).div_ceil(2);
        Self(
            live.into_iter()
                .map(|(id, live)| (id, half(live)))
                .collect(),
        )
    }

    /// Takes a link off where all of its notebooks have enough without it; says whether they do.
    fn close(&mut self, link: &Held) -> bool {
        let has_enough = |(notebook, _): &(NotebookId, usize)| {
            self.0.get(notebook).is_some_and(|room| *room > 0)
        };
        if link.notebooks.is_empty() || !link.notebooks.iter().all(has_enough) {
            return false;
        }
        for (notebook, _) in &link.notebooks {
            if let Some(room) = self.0.get_mut(notebook) {
                *room -= 1;
            }
        }
        true
    }
}

/// The devices that said that they have enough links.
#[derive(Debug, Default)]
pub(super) struct Resting(BTreeMap<DeviceId, Rest>);

#[derive(Debug)]
struct Rest {
    since_ms: u64,
    rest_ms: u64,
}

impl Resting {
    /// Notes that a device said so; `random` spreads when it is dialled again over the upper half.
    pub(super) fn note(&mut self, device: DeviceId, now_ms: u64, random: u64) {
        let before = self.0.get(&device);
        // One that had room since then begins anew.
        let before = before.filter(|rest| now_ms.abs_diff(rest.since_ms) < 2 * REST_MS.1);
        let rest_ms = before.map_or(REST_MS.0, |rest| (2 * rest.rest_ms).min(REST_MS.1));
        let rest_ms = rest_ms - random % (rest_ms / 2);
        let rest = Rest {
            since_ms: now_ms,
            rest_ms,
        };
        self.0.insert(device, rest);
    }

    /// Says whether a device is left alone; `is_alone` where no link carries a notebook that it is in.
    pub(super) fn rests(&self, device: &DeviceId, is_alone: bool, now_ms: u64) -> bool {
        self.0.get(device).is_some_and(|rest| {
            let rest_ms = if is_alone {
                rest.rest_ms.min(REST_ALONE_MS)
            } else {
                rest.rest_ms
            };
            // A clock that goes back keeps nobody away.
            now_ms.wrapping_sub(rest.since_ms) < rest_ms
        })
    }

    /// Returns the devices that said so and are left alone for it.
    pub(super) fn all(&self, now_ms: u64) -> impl Iterator<Item = DeviceId> {
        let devices = self.0.keys().copied();
        devices.filter(move |device| self.rests(device, false, now_ms))
    }
}

/// Which devices of a large notebook are dialled: a few for a while, then those that were tried longest ago.
#[derive(Debug, Default)]
pub(super) struct Turns {
    notebooks: BTreeMap<NotebookId, (u64, BTreeSet<DeviceId>)>,
    tried_ms: BTreeMap<DeviceId, u64>,
}

impl Turns {
    /// Says whether others are to be dialled.
    pub(super) fn are_over(&self, now_ms: u64) -> bool {
        let mut since = self.notebooks.values().map(|(since_ms, _)| since_ms);
        since.any(|since_ms| now_ms.wrapping_sub(*since_ms) >= DIAL_SAME_MS)
    }

    /// Forgets a notebook that has the links that it needs.
    pub(super) fn end(&mut self, notebook: &NotebookId) {
        self.notebooks.remove(notebook);
    }

    /// Takes the devices without a link and how many links are missing; returns those to dial.
    pub(super) fn take(
        &mut self,
        notebook: NotebookId,
        free: &BTreeSet<DeviceId>,
        missing: usize,
        now_ms: u64,
        mut draw: impl FnMut() -> u64,
    ) -> BTreeSet<DeviceId> {
        let (since_ms, picked) = self.notebooks.entry(notebook).or_default();
        picked.retain(|device| free.contains(device));
        if now_ms.wrapping_sub(*since_ms) >= DIAL_SAME_MS {
            *since_ms = now_ms;
            picked.clear();
        }
        let mut others: Vec<(u64, u64, DeviceId)> = free
            .iter()
            .filter(|device| !picked.contains(device))
            .map(|device| {
                (
                    self.tried_ms.get(device).copied().unwrap_or(0),
                    draw(),
                    *device,
                )
            })
            .collect();
        others.sort_unstable();
        let wanted = (missing + DIALLED_BEYOND).saturating_sub(picked.len());
        for (_, _, device) in others.into_iter().take(wanted) {
            self.tried_ms.insert(device, now_ms);
            picked.insert(device);
        }
        picked.clone()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const NOTEBOOK: NotebookId = NotebookId::from_bytes([1; 32]);
    const PASS_MS: u64 = 5_000;

    /// Numbers that follow from a seed.
    struct Draw(u64);

    impl Draw {
        fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        }
    }

    fn device(number: usize) -> DeviceId {
        let mut bytes = [0; 32];
        bytes[0] = u8::try_from(number).unwrap();
        DeviceId::from_bytes(bytes)
    }

    /// A group of which all can reach all, and that comes to look at its links every five seconds.
    struct Group {
        now_ms: u64,
        /// By who dialled and whom: when.
        links: BTreeMap<(usize, usize), u64>,
        nodes: Vec<(Resting, Turns)>,
        draw: Draw,
        closed: usize,
    }

    impl Group {
        fn new(nodes: usize, seed: u64) -> Self {
            Self {
                now_ms: 1_000_000,
                links: BTreeMap::new(),
                nodes: (0..nodes).map(|_| Default::default()).collect(),
                draw: Draw(seed),
                closed: 0,
            }
        }

        fn linked(&self, node: usize) -> BTreeSet<usize> {
            let ends = self.links.keys().filter_map(|(one, other)| match node {
                node if node == *one => Some(*other),
                node if node == *other => Some(*one),
                _ => None,
            });
            ends.collect()
        }

        fn dial(&mut self, node: usize) {
            let linked = self.linked(node);
            let others = self.nodes.len() - 1;
            let missing = sought(others).saturating_sub(linked.len());
            let (resting, turns) = &mut self.nodes[node];
            if missing == 0 {
                turns.end(&NOTEBOOK);
                return;
            }
            let free: BTreeSet<DeviceId> = (0..=others)
                .filter(|other| *other != node && !linked.contains(other))
                .map(device)
                .filter(|device| !resting.rests(device, linked.is_empty(), self.now_ms))
                .collect();
            let dialled = if linked.is_empty() {
                free
            } else {
                let draw = &mut self.draw;
                turns.take(NOTEBOOK, &free, missing, self.now_ms, || draw.next())
            };
            for other in dialled {
                let other = usize::from(other.as_bytes()[0]);
                if !self.links.contains_key(&(other, node)) {
                    self.links.insert((node, other), self.now_ms);
                }
            }
        }

        fn close(&mut self, node: usize) -> Vec<(usize, usize)> {
            let ends: Vec<((usize, usize), u64)> = self
                .links
                .iter()
                .filter(|((one, other), _)| *one == node || *other == node)
                .map(|(ends, since_ms)| (*ends, *since_ms))
                .collect();
            let held: Vec<Held> = ends
                .iter()
                .enumerate()
                .map(|(place, ((one, _), since_ms))| Held {
                    id: ConnectionId(place as u64),
                    may_close: true,
                    dialled: *one == node,
                    age_ms: self.now_ms - since_ms,
                    notebooks: vec![(NOTEBOOK, sought(self.nodes.len() - 1))],
                })
                .collect();
            let draw = &mut self.draw;
            let closed = surplus(&held, || draw.next());
            let place = |id: &ConnectionId| usize::try_from(id.0).unwrap();
            closed.iter().map(|id| ends[place(id)].0).collect()
        }

        /// All look at their links at the same moment: the worst that can be.
        fn pass(&mut self) {
            self.now_ms += PASS_MS;
            self.closed = 0;
            for node in 0..self.nodes.len() {
                self.dial(node);
            }
            let closing: Vec<(usize, (usize, usize))> = (0..self.nodes.len())
                .flat_map(|node| {
                    let closed = self.close(node);
                    closed.into_iter().map(move |ends| (node, ends))
                })
                .collect();
            for (by, ends) in closing {
                if self.links.remove(&ends).is_some() {
                    self.closed += 1;
                    let told = if ends.0 == by { ends.1 } else { ends.0 };
                    let random = self.draw.next();
                    self.nodes[told].0.note(device(by), self.now_ms, random);
                }
            }
        }

        fn reached(&self) -> usize {
            let mut reached = BTreeSet::from([0]);
            let mut next = vec![0];
            while let Some(node) = next.pop() {
                next.extend(
                    self.linked(node)
                        .into_iter()
                        .filter(|other| reached.insert(*other)),
                );
            }
            reached.len()
        }

        #[track_caller]
        fn is_at_rest(&mut self, passes: usize) {
            let mut closed = 0;
            for _ in 0..passes {
                self.pass();
                closed += self.closed;
            }
            let counts: Vec<usize> = (0..self.nodes.len())
                .map(|node| self.linked(node).len())
                .collect();
            assert!(
                counts.iter().all(|count| *count <= LIVE_PEERS_MAX),
                "{counts:?}"
            );
            assert!(
                counts.iter().all(|count| *count >= LIVE_PEERS_SOUGHT - 1),
                "{counts:?}"
            );
            assert!(
                closed <= self.nodes.len() / 10,
                "{closed} closed: {counts:?}"
            );
            assert_eq!(self.reached(), self.nodes.len(), "{counts:?}");
        }
    }

    #[test]
    fn a_group_that_starts_at_once_comes_to_rest_with_eight_links_each_at_most_and_in_one_piece() {
        for seed in 0..6 {
            for nodes in [9, 12, 30, 90] {
                let mut group = Group::new(nodes, seed);
                for _ in 0..60 {
                    group.pass();
                }
                group.is_at_rest(24);
            }
        }
    }

    #[test]
    fn whoever_comes_when_all_have_enough_is_let_in() {
        for seed in 0..8 {
            let mut group = Group::new(30, seed);
            for _ in 0..60 {
                group.pass();
            }
            for _ in 0..3 {
                group.nodes.push(Default::default());
                for _ in 0..6 {
                    group.pass();
                    assert!(
                        !group.linked(group.nodes.len() - 1).is_empty(),
                        "seed {seed}"
                    );
                }
            }
            for _ in 0..60 {
                group.pass();
            }
            group.is_at_rest(24);
        }
    }

    fn link(id: u64, dialled: bool, age_ms: u64, notebooks: &[NotebookId]) -> Held {
        Held {
            id: ConnectionId(id),
            may_close: true,
            dialled,
            age_ms,
            notebooks: notebooks
                .iter()
                .map(|id| (*id, LIVE_PEERS_SOUGHT))
                .collect(),
        }
    }

    #[test]
    fn a_link_that_any_of_its_notebooks_needs_stays_and_so_does_one_that_is_kept() {
        let small = NotebookId::from_bytes([2; 32]);
        let mut links: Vec<Held> = (0..11)
            .map(|id| link(id, false, STAY_MS, &[NOTEBOOK]))
            .collect();
        links[0].notebooks.push((small, LIVE_PEERS_SOUGHT));
        links[1].may_close = false;
        links.push(link(90, false, STAY_MS, &[]));
        for seed in 0..50 {
            let mut draw = Draw(seed);
            let closed = surplus(&links, || draw.next());
            assert_eq!(closed.len(), 2, "half of three, rounded up");
            let kept = [0, 1, 90].map(ConnectionId);
            assert!(!closed.iter().any(|id| kept.contains(id)));
        }
    }

    #[test]
    fn a_link_that_just_came_is_not_closed_before_both_could_say_what_they_have() {
        let links: Vec<Held> = (0..30)
            .map(|id| link(id, id % 2 == 0, 0, &[NOTEBOOK]))
            .collect();
        assert!(surplus(&links, || 0).is_empty());
        let links: Vec<Held> = (0..30)
            .map(|id| link(id, id % 2 == 0, MEET_MS, &[NOTEBOOK]))
            .collect();
        let closed = surplus(&links, || 0);
        assert_eq!(closed.len(), 12);
        assert!(
            closed.iter().all(|id| id.0 % 2 == 0),
            "who dialled makes room first"
        );
    }

    #[test]
    fn a_device_with_enough_links_is_dialled_again_later_each_time_and_sooner_by_who_is_alone() {
        let mut resting = Resting::default();
        let mut now_ms = 1_000_000;
        for rest_ms in [60_000, 120_000, 240_000, 480_000, 600_000, 600_000] {
            resting.note(device(1), now_ms, 0);
            assert!(resting.rests(&device(1), false, now_ms + rest_ms - 1));
            assert!(!resting.rests(&device(1), false, now_ms + rest_ms));
            assert!(!resting.rests(&device(1), true, now_ms + REST_ALONE_MS));
            assert_eq!(resting.all(now_ms + 1).count(), 1);
            now_ms += rest_ms;
        }
        assert!(
            !resting.rests(&device(1), false, 0),
            "a clock that went back"
        );
        resting.note(device(1), now_ms, u64::MAX);
        assert!(!resting.rests(&device(1), false, now_ms + REST_MS.1));
        now_ms += 3 * REST_MS.1;
        resting.note(device(1), now_ms, 0);
        assert!(!resting.rests(&device(1), false, now_ms + REST_MS.0));
    }

    #[test]
    fn all_devices_of_a_large_notebook_get_their_turn_though_none_answers() {
        let free: BTreeSet<DeviceId> = (0..80).map(device).collect();
        let mut turns = Turns::default();
        let mut tried = BTreeSet::new();
        let mut draw = Draw(5);
        for turn in 0..20 {
            let now_ms = 1_000_000 + turn * DIAL_SAME_MS;
            let taken = turns.take(NOTEBOOK, &free, 2, now_ms, || draw.next());
            assert_eq!(taken.len(), 4);
            let same = turns.take(NOTEBOOK, &free, 2, now_ms + 1, || draw.next());
            assert_eq!(taken, same);
            tried.extend(taken);
        }
        assert_eq!(tried.len(), 80);
    }
}
