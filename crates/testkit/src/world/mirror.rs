//! Mirrors in a world: nodes of their own kind, over the same network, with disks that fail alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use hearth_core::engine::{CloseReason, ConnectionId, ConnectionKind};
use hearth_core::identity::{MirrorPass, MirrorSecrets};
use hearth_core::ids::{MirrorId, NotebookId, TransportId};
use hearth_core::mirror::{
    Mirror, MirrorAnswer, MirrorConnection, MirrorEffect, MirrorLimits, MirrorMessage, MirrorTicket,
};

use super::{Checked, World, violation};
use crate::dice::Dice;
use crate::disk::MemoryDisk;
use crate::network::{LinkId, NodeId};

/// The first mirror's place on the network, behind those of all devices.
const MIRRORS_FROM: NodeId = 1_000_000;
/// The connections over which mirrors are asked to hold something; no link has such a number.
const REQUESTS_FROM: u64 = 1 << 40;

/// What no mirror may come to see: words out of notes, and what goals are called.
const CANARIES: [&[u8]; 3] = [b"listen to what is not said", b"goal ", b"own "];

/// One mirror with its disk.
#[derive(Debug)]
pub struct MirrorNode {
    secrets: Arc<MirrorSecrets>,
    pass: MirrorPass,
    /// Its disk.
    pub disk: MemoryDisk,
    /// How much it takes from its next start on.
    pub limits: MirrorLimits,
    /// The mirror, while it runs.
    pub mirror: Option<Mirror>,
    /// What it said, closed connections left out.
    pub said: Vec<MirrorEffect>,
    /// Why it closed connections, and how often.
    pub closed: BTreeMap<String, u64>,
    /// How often a frame that it got or sent held a word that was written.
    pub canaries: u64,
    pub(super) is_unsettled: bool,
}

impl MirrorNode {
    /// Returns the mirror's id.
    pub fn id(&self) -> MirrorId {
        self.secrets.id()
    }

    /// Returns its ticket.
    pub fn ticket(&self) -> MirrorTicket {
        MirrorTicket {
            card: self.secrets.card().clone(),
            pass: self.pass.clone(),
            name: "the cupboard".to_owned(),
            addresses: Vec::new(),
            relays: Vec::new(),
        }
    }

    /// Says whether anything that was written can be read on its disk.
    pub fn can_read(&self) -> bool {
        CANARIES.iter().any(|canary| self.disk.holds(canary))
    }

    fn look_at(&mut self, frame: &[u8]) {
        let is_in = |canary: &[u8]| frame.windows(canary.len()).any(|window| window == canary);
        self.canaries += CANARIES.iter().filter(|canary| is_in(canary)).count() as u64;
    }
}

impl World {
    /// Adds a mirror that runs.
    ///
    /// # Errors
    /// [`super::Violation`] where it does not open on an empty disk.
    pub fn add_mirror_node(&mut self, limits: MirrorLimits) -> Checked<NodeId> {
        let node = MIRRORS_FROM + self.mirrors.len();
        let mirror = MirrorNode {
            secrets: Arc::new(MirrorSecrets::random(&mut self.random)),
            pass: MirrorPass::random(&mut self.random),
            disk: MemoryDisk::new(),
            limits,
            mirror: None,
            said: Vec::new(),
            closed: BTreeMap::new(),
            canaries: 0,
            is_unsettled: false,
        };
        self.mirrors.insert(node, mirror);
        self.start_mirror(node)?;
        Ok(node)
    }

    /// Borrows a mirror.
    ///
    /// # Errors
    /// [`super::Violation`] where there is none.
    pub fn mirror(&mut self, node: NodeId) -> Checked<&mut MirrorNode> {
        let mirror = self.mirrors.get_mut(&node);
        mirror.ok_or_else(|| violation(format!("there is no mirror {node}")))
    }

    /// Starts a mirror from its disk.
    ///
    /// # Errors
    /// [`super::Violation`] where what the disk holds does not open.
    pub fn start_mirror(&mut self, node: NodeId) -> Checked<()> {
        let instance = self.random.next();
        let held = self.mirror(node)?;
        held.disk.restart();
        let notebooks = held.disk.notebooks();
        let keys = (Arc::clone(&held.secrets), held.pass.clone());
        let mirror = Mirror::open(keys, held.limits, instance, &notebooks, &held.disk)
            .map_err(|error| violation(format!("mirror {node} does not open: {error}")))?;
        // So that every notebook is closed and opened again wherever that may be.
        let mirror = mirror.with_open_max(0);
        if let Some(error) = mirror.unopened().values().next() {
            return Err(violation(format!("mirror {node} does not open: {error}")));
        }
        held.mirror = Some(mirror);
        held.is_unsettled = true;
        Ok(())
    }

    /// Cuts a mirror's power: what was not committed is gone, its links die.
    pub fn crash_mirror(&mut self, node: NodeId) {
        let now = self.clock.now_ms();
        self.network.drop_node(node, now);
        if let Some(held) = self.mirrors.get_mut(&node) {
            held.mirror = None;
            held.disk.crash();
            held.is_unsettled = false;
        }
    }

    /// Adds a mirror to a notebook by the device that says so, which then asks it to hold it.
    ///
    /// # Errors
    /// [`super::Violation`] where either is refused.
    pub fn add_mirror(&mut self, by: NodeId, mirror: NodeId, notebook: NotebookId) -> Checked<()> {
        let ticket = self.mirror(mirror)?.ticket();
        let added = self.act(by, |engine, disk, random| {
            engine.add_mirror(notebook, &ticket, disk, random)
        });
        let added = added.ok_or_else(|| violation("the device is down"))?;
        added.map_err(|error| violation(format!("the mirror is not added: {error}")))?;
        match self.ask_mirror(by, mirror, notebook)? {
            MirrorAnswer::Taken => Ok(()),
            answer => Err(violation(format!("the mirror says {answer:?}"))),
        }
    }

    /// Has a device ask a mirror to hold a notebook, over a connection that loses nothing.
    ///
    /// # Errors
    /// [`super::Violation`] where one of them is down.
    pub fn ask_mirror(
        &mut self,
        by: NodeId,
        mirror: NodeId,
        notebook: NotebookId,
    ) -> Checked<MirrorAnswer> {
        let ticket = self.mirror(mirror)?.ticket();
        let exporter = self.exporter();
        let now = self.clock.now_ms();
        let remote = self.device(by)?.identity.device.card().transport;
        let asked = self.act(by, |engine, _, _| {
            engine.ask_mirror(notebook, ticket.card.id(), &exporter)
        });
        let asked = asked.flatten();
        let asked = asked.ok_or_else(|| violation("the notebook names no such mirror"))?;
        self.requests += 1;
        let id = ConnectionId(REQUESTS_FROM + self.requests);
        let held = self.mirror(mirror)?;
        let down = || violation("the mirror is down");
        let engine = held.mirror.as_mut().ok_or_else(down)?;
        engine.connected(id, MirrorConnection::Request, remote, exporter, now);
        for frame in asked {
            engine.receive(id, &frame, now, &mut held.disk);
        }
        engine.flush(&mut held.disk, now, false);
        let frame = engine.next_frame(id, &held.disk);
        held.is_unsettled = true;
        let frame = frame.ok_or_else(|| violation("the mirror says nothing"))?;
        let Ok(MirrorMessage::Answer(answer)) = MirrorMessage::parse(&frame) else {
            return Err(violation("the mirror does not answer"));
        };
        self.act(by, |engine, _, _| {
            engine.mirror_answered(notebook, ticket.card.id(), answer, now);
        });
        Ok(answer)
    }

    /// Connects a device with a mirror; returns whether there is a link now.
    pub fn dial_mirror(&mut self, one: NodeId, mirror: NodeId) -> bool {
        let is_up = |held: &MirrorNode| held.mirror.is_some();
        if !self.is_up(one) || !self.mirrors.get(&mirror).is_some_and(is_up) {
            return false;
        }
        let now = self.clock.now_ms();
        let Some(link) = self.network.connect(one, mirror, now) else {
            return false;
        };
        self.note(|| format!("{one} dials mirror {mirror}: link {}", link.0));
        let exporter = self.exporter();
        let local = self.time_of(one);
        let id = ConnectionId(link.0);
        let transports = self.transport_of(one).zip(self.transport_of(mirror));
        let Some((of_device, of_mirror)) = transports else {
            return false;
        };
        let kind = self.kind_between(one, mirror, true);
        let at_mirror = match kind {
            ConnectionKind::Sync2 { .. } => MirrorConnection::Sync2,
            _ => MirrorConnection::Sync,
        };
        self.act(one, |engine, _, _| {
            engine.connected(id, kind, of_mirror, exporter, local);
        });
        if let Some(held) = self.mirrors.get_mut(&mirror)
            && let Some(engine) = &mut held.mirror
        {
            engine.connected(id, at_mirror, of_device, exporter, now);
            held.is_unsettled = true;
        }
        true
    }

    /// Connects a device with a mirror until nothing more comes, and parts them.
    ///
    /// # Errors
    /// [`super::Violation`] where the world does not settle.
    pub fn visit_mirror(&mut self, one: NodeId, mirror: NodeId) -> Checked<()> {
        self.dial_mirror(one, mirror);
        self.run_until_quiet()?;
        self.part_from_mirror(one, mirror);
        self.run_until_quiet()
    }

    /// Cuts what connects a device with a mirror, and lets both notice.
    pub fn part_from_mirror(&mut self, one: NodeId, mirror: NodeId) {
        let now = self.clock.now_ms();
        for (link, ends) in self.network.sound_links() {
            if ends.contains(&one) && ends.contains(&mirror) {
                self.network.close(link, one, true, now);
                let local = self.time_of(one);
                self.act(one, |engine, _, _| {
                    engine.disconnected(ConnectionId(link.0), local);
                });
            }
        }
    }

    pub(super) fn transport_of(&self, node: NodeId) -> Option<TransportId> {
        if let Some(held) = self.mirrors.get(&node) {
            return Some(held.secrets.card().transport);
        }
        let device = self.devices.get(node)?;
        Some(device.identity.device.card().transport)
    }

    /// Lets a mirror take a frame; false where it is none.
    pub(super) fn mirror_frame(&mut self, link: LinkId, at: NodeId, bytes: &[u8]) -> bool {
        let now = self.clock.now_ms();
        let Some(held) = self.mirrors.get_mut(&at) else {
            return false;
        };
        held.look_at(bytes);
        if let Some(mirror) = &mut held.mirror {
            mirror.receive(ConnectionId(link.0), bytes, now, &mut held.disk);
            held.is_unsettled = true;
        }
        self.crash_mirror_if_down(at);
        true
    }

    /// Lets a mirror notice that a link is gone; false where it is none.
    pub(super) fn mirror_gone(&mut self, link: LinkId, at: NodeId) -> bool {
        let Some(held) = self.mirrors.get_mut(&at) else {
            return false;
        };
        if let Some(mirror) = &mut held.mirror {
            mirror.disconnected(ConnectionId(link.0));
        }
        true
    }

    fn crash_mirror_if_down(&mut self, node: NodeId) {
        let is_down = |held: &MirrorNode| held.mirror.is_some() && held.disk.is_down();
        if self.mirrors.get(&node).is_some_and(is_down) {
            self.crash_mirror(node);
        }
    }

    pub(super) fn settle_mirror(&mut self, node: NodeId) {
        let now = self.clock.now_ms();
        if let Some(held) = self.mirrors.get_mut(&node) {
            held.is_unsettled = false;
            if let Some(mirror) = &mut held.mirror {
                mirror.flush(&mut held.disk, now, false);
            }
        }
        self.crash_mirror_if_down(node);
        self.mirror_effects(node);
        self.pump_mirror(node);
    }

    pub(super) fn pump_mirror(&mut self, node: NodeId) {
        let now = self.clock.now_ms();
        for link in self.network.links_of(node) {
            while self.network.has_room(link, node) {
                let Some(held) = self.mirrors.get_mut(&node) else {
                    return;
                };
                let Some(mirror) = &mut held.mirror else {
                    return;
                };
                let Some(frame) = mirror.next_frame(ConnectionId(link.0), &held.disk) else {
                    break;
                };
                held.look_at(&frame);
                self.network.send(link, node, frame, now);
            }
        }
        self.mirror_effects(node);
    }

    pub(super) fn tick_mirrors(&mut self, always: bool) {
        let now = self.clock.now_ms();
        let nodes: Vec<NodeId> = self.mirrors.keys().copied().collect();
        for node in nodes {
            let mut is_due = false;
            if let Some(held) = self.mirrors.get_mut(&node)
                && let Some(mirror) = &mut held.mirror
            {
                is_due = always || mirror.deadline_ms().is_some_and(|due| due <= now);
                if is_due {
                    mirror.tick(now, &mut held.disk);
                }
            }
            if is_due {
                self.crash_mirror_if_down(node);
                self.settle_mirror(node);
            }
        }
    }

    fn mirror_effects(&mut self, node: NodeId) {
        let now = self.clock.now_ms();
        let Some(held) = self.mirrors.get_mut(&node) else {
            return;
        };
        let Some(mirror) = &mut held.mirror else {
            return;
        };
        for effect in mirror.take_effects() {
            match effect {
                MirrorEffect::Close(id, reason) => {
                    let is_graceful = matches!(reason, CloseReason::Done | CloseReason::Removed);
                    self.network.close(LinkId(id.0), node, is_graceful, now);
                    *held.closed.entry(format!("{reason:?}")).or_default() += 1;
                }
                effect => held.said.push(effect),
            }
        }
    }
}
