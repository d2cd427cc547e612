//! A world of devices: real engines over a simulated network, disks and clocks.
//!
//! Everything that happens follows from the seed. A device's engine is driven as a node drives it
//! (receive a burst, flush, act on the effects, ask for frames while there is room), but how much is
//! received before a flush, and whether frames are asked for in between, is drawn. What an edit
//! acknowledged is written down, and has to be on every device in the end.

mod bundle;
mod check;
mod copy;
mod drive;
mod edit;
mod members;
mod mirror;
mod pair;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hearth_core::engine::{CloseReason, Engine, Identity};
use hearth_core::ids::{ControlHash, DeviceId, EntryHash, LogId, NotebookId, Seq};
use hearth_core::replica::Replica;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

pub use bundle::{BundleEnd, BundleFile};
pub use edit::{GOALS, NOTE, NOTES};
pub use members::identity_of;
pub use mirror::MirrorNode;
pub use pair::{PairingEnd, PairingId};

use crate::clock::Clock;
use crate::dice::Dice;
use crate::disk::MemoryDisk;
use crate::network::{LinkId, Network, NodeId};
use crate::people::people;

/// A promise that was not kept, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

impl core::fmt::Display for Violation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Violation {}

/// Shorthand for what may break a promise.
pub type Checked<T> = Result<T, Violation>;

/// Makes a violation of anything that can be shown.
pub fn violation(text: impl Into<String>) -> Violation {
    Violation(text.into())
}

/// One device with its node, disk and clock.
#[derive(Debug)]
pub struct Device {
    /// Whose it is.
    pub identity: Identity,
    /// Its disk.
    pub disk: MemoryDisk,
    /// Its node, while it runs.
    pub engine: Option<Engine>,
    /// How far its clock is off.
    pub offset_ms: i64,
    /// Why its node closed connections, and how often.
    pub closed: BTreeMap<String, u64>,
    /// Why its node stopped single notebooks on a connection, and how often.
    pub stopped: BTreeMap<String, u64>,
    /// The longest that its node took for one frame.
    pub slowest: Duration,
    /// Whether its node said that this home is an older copy.
    pub said_stale: bool,
    is_unsettled: bool,
}

impl Device {
    fn new(identity: Identity, disk: MemoryDisk) -> Self {
        Self {
            identity,
            disk,
            engine: None,
            offset_ms: 0,
            closed: BTreeMap::new(),
            stopped: BTreeMap::new(),
            slowest: Duration::ZERO,
            said_stale: false,
            is_unsettled: false,
        }
    }

    /// Returns the device's id.
    pub fn id(&self) -> DeviceId {
        self.identity.device.id()
    }

    /// Returns a notebook of the running node.
    pub fn replica(&self, notebook: NotebookId) -> Option<&Replica> {
        self.engine.as_ref()?.replica(notebook)
    }
}

/// A goal that a device set once and nobody else sets, and where that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What stands there.
    pub value: String,
    /// The log.
    pub log: LogId,
    /// The place of the entry.
    pub seq: Seq,
    /// The entry.
    pub entry: EntryHash,
    /// The control entries that its author knew.
    pub heads: Vec<ControlHash>,
}

/// The last entry of a log that an edit acknowledged.
type Acknowledged = BTreeMap<(NotebookId, LogId), (Seq, EntryHash)>;

/// A world of devices.
#[derive(Debug)]
pub struct World {
    /// The true time.
    pub clock: Clock,
    /// What connects the devices.
    pub network: Network,
    /// The devices; a device's place is its node on the network.
    pub devices: Vec<Device>,
    /// Draws whatever the script needs.
    pub random: ChaCha20Rng,
    /// Devices and mirrors whose programs are of the protocol's first version.
    pub first_version: BTreeSet<NodeId>,
    /// The types of all frames that each of these got.
    pub frames_of: BTreeMap<NodeId, BTreeSet<u8>>,
    /// The mirrors, by their places on the network.
    mirrors: BTreeMap<NodeId, MirrorNode>,
    /// How often a mirror was asked to hold something.
    requests: u64,
    /// The control entries by which devices that were recovered by a phrase added themselves.
    recovered: BTreeMap<NodeId, (NotebookId, ControlHash)>,
    pairings: BTreeMap<PairingId, pair::Pairing>,
    pairing_links: BTreeMap<LinkId, PairingId>,
    acknowledged: Acknowledged,
    written: BTreeMap<(NotebookId, String), Written>,
    edits: u64,
    trace: Option<Vec<String>>,
    last_tick_ms: u64,
}

impl World {
    /// Makes a world of `count` devices of one person each, at most [`crate::people::PEOPLE`].
    ///
    /// # Errors
    /// [`Violation`] where a node does not open on an empty disk.
    pub fn new(seed: u64, count: usize) -> Checked<Self> {
        Self::of(seed, people().get(..count).unwrap_or(people()))
    }

    /// Makes a world of devices of the given people.
    ///
    /// # Errors
    /// [`Violation`] where a node does not open on an empty disk.
    pub fn of(seed: u64, people: &[Identity]) -> Checked<Self> {
        let devices = people.iter().cloned();
        Self::with_disks(seed, devices.map(|identity| (identity, MemoryDisk::new())))
    }

    /// Makes a world of devices whose disks hold something already.
    ///
    /// # Errors
    /// [`Violation`] where a node does not open.
    pub fn with_disks(
        seed: u64,
        devices: impl IntoIterator<Item = (Identity, MemoryDisk)>,
    ) -> Checked<Self> {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let clock = Clock::default();
        let devices = devices
            .into_iter()
            .map(|(identity, disk)| Device::new(identity, disk))
            .collect();
        let mut world = Self {
            clock,
            network: Network::new(random.next()),
            devices,
            random,
            first_version: BTreeSet::new(),
            frames_of: BTreeMap::new(),
            mirrors: BTreeMap::new(),
            requests: 0,
            recovered: BTreeMap::new(),
            pairings: BTreeMap::new(),
            pairing_links: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            written: BTreeMap::new(),
            edits: 0,
            trace: None,
            last_tick_ms: clock.now_ms(),
        };
        for node in 0..world.devices.len() {
            world.start(node)?;
        }
        Ok(world)
    }

    /// Keeps a line for each thing that happens, to be read after a failure.
    pub fn keep_trace(&mut self) {
        self.trace.get_or_insert_default();
    }

    /// Returns the lines kept since [`World::keep_trace`].
    pub fn trace(&self) -> &[String] {
        self.trace.as_deref().unwrap_or_default()
    }

    /// Adds a line to the trace, if one is kept.
    pub fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(line());
        }
    }

    /// Returns the goals that were acknowledged and that nobody else sets, by notebook and name.
    pub const fn written(&self) -> &BTreeMap<(NotebookId, String), Written> {
        &self.written
    }

    /// Returns how many edits were acknowledged.
    pub const fn edits(&self) -> u64 {
        self.edits
    }

    /// Returns what a device's clock shows.
    pub fn time_of(&self, node: NodeId) -> u64 {
        let offset = self.devices.get(node).map_or(0, |device| device.offset_ms);
        self.clock.read(offset)
    }

    /// Borrows a device.
    ///
    /// # Errors
    /// [`Violation`] where there is none.
    pub fn device(&self, node: NodeId) -> Checked<&Device> {
        self.devices
            .get(node)
            .ok_or_else(|| violation(format!("there is no device {node}")))
    }

    /// Borrows a device to change it.
    ///
    /// # Errors
    /// [`Violation`] where there is none.
    pub fn device_mut(&mut self, node: NodeId) -> Checked<&mut Device> {
        self.devices
            .get_mut(node)
            .ok_or_else(|| violation(format!("there is no device {node}")))
    }

    /// Says whether a device's node runs.
    pub fn is_up(&self, node: NodeId) -> bool {
        self.devices
            .get(node)
            .is_some_and(|device| device.engine.is_some())
    }

    /// Returns the devices whose node runs.
    pub fn up(&self) -> Vec<NodeId> {
        (0..self.devices.len())
            .filter(|node| self.is_up(*node))
            .collect()
    }

    /// Starts a device's node from its disk.
    ///
    /// # Errors
    /// [`Violation`] where what the disk holds does not open.
    pub fn start(&mut self, node: NodeId) -> Checked<()> {
        self.note(|| format!("{node} starts"));
        let instance = self.random.next();
        let device = self.device_mut(node)?;
        device.disk.restart();
        if let Some(roster) = device.disk.roster() {
            device.identity.roster = roster.clone();
        }
        let notebooks = device.disk.notebooks();
        let engine = Engine::open(device.identity.clone(), instance, &notebooks, &device.disk)
            .map_err(|error| violation(format!("device {node} does not open: {error}")))?;
        device.engine = Some(engine);
        device.is_unsettled = true;
        Ok(())
    }

    /// Cuts a device's power: what was not committed is gone, its links die.
    pub fn crash(&mut self, node: NodeId) {
        self.note(|| format!("{node} crashes"));
        let now = self.clock.now_ms();
        self.network.drop_node(node, now);
        self.end_pairings_at(node);
        if let Some(device) = self.devices.get_mut(node) {
            device.engine = None;
            device.disk.crash();
            device.is_unsettled = false;
        }
    }

    /// Crashes a device whose disk has lost its power.
    pub fn crash_if_down(&mut self, node: NodeId) {
        if self.is_up(node)
            && self
                .devices
                .get(node)
                .is_some_and(|device| device.disk.is_down())
        {
            self.crash(node);
        }
    }

    /// Lets a running node do something that is on its disk when it returns. `None` where it is down.
    pub fn act<T>(
        &mut self,
        node: NodeId,
        work: impl FnOnce(&mut Engine, &mut MemoryDisk, &mut ChaCha20Rng) -> T,
    ) -> Option<T> {
        let device = self.devices.get_mut(node)?;
        let engine = device.engine.as_mut()?;
        let done = work(engine, &mut device.disk, &mut self.random);
        device.is_unsettled = true;
        self.crash_if_down(node);
        Some(done)
    }

    /// Connects two devices for sync, `one` dialling; returns whether there is a link now.
    pub fn dial(&mut self, one: NodeId, other: NodeId) -> bool {
        if one == other || !self.is_up(one) || !self.is_up(other) {
            return false;
        }
        let now = self.clock.now_ms();
        let Some(link) = self.network.connect(one, other, now) else {
            return false;
        };
        self.note(|| format!("{one} dials {other}: link {}", link.0));
        self.show_recovery(one, other);
        self.show_recovery(other, one);
        let exporter = self.exporter();
        self.connect_engine(link, one, other, true, exporter);
        self.connect_engine(link, other, one, false, exporter);
        true
    }

    /// Dials until two devices are connected and nothing more comes. One that has not noticed yet
    /// that an older link is gone may turn the first try away.
    ///
    /// # Errors
    /// [`Violation`] where they do not get together.
    pub fn meet(&mut self, one: NodeId, other: NodeId) -> Checked<()> {
        const TRIES_MAX: u32 = 5;
        for _ in 0..TRIES_MAX {
            self.run_until_quiet()?;
            if self.network.are_linked(one, other) {
                return Ok(());
            }
            self.dial(one, other);
        }
        Err(violation(format!(
            "{one} and {other} cannot stay connected"
        )))
    }

    fn exporter(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        rand_core::Rng::fill_bytes(&mut self.random, &mut bytes);
        bytes
    }

    fn closed_for(&mut self, node: NodeId, reason: &CloseReason) {
        self.note(|| format!("{node} closes: {reason:?}"));
        let key = match reason {
            CloseReason::Protocol(why) => format!("protocol: {why}"),
            other => format!("{other:?}"),
        };
        if let Some(device) = self.devices.get_mut(node) {
            *device.closed.entry(key).or_default() += 1;
        }
    }

    /// Returns all notebooks that any running node has.
    pub fn notebooks(&self) -> BTreeSet<NotebookId> {
        self.devices
            .iter()
            .filter_map(|device| device.engine.as_ref())
            .flat_map(Engine::notebooks)
            .collect()
    }

    /// Returns the devices whose node has a notebook.
    pub fn holders(&self, notebook: NotebookId) -> Vec<NodeId> {
        self.up()
            .into_iter()
            .filter(|node| {
                self.devices
                    .get(*node)
                    .is_some_and(|device| device.replica(notebook).is_some())
            })
            .collect()
    }
}
