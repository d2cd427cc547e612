//! Drives the engines: what arrives, when it is flushed, what is sent.

use std::time::Instant;

use hearth_core::engine::{CloseReason, ConnectionId, ConnectionKind, Effect};

use super::{Checked, World, violation};
use crate::dice::Dice;
use crate::network::{Arrival, LinkId, NodeId};

/// A running node looks at its clock at least this often, whatever it waits for.
const TICK_MS: u64 = 2_000;
/// Time without any frame after which nothing more is coming: longer than any acknowledgement waits.
const QUIET_MS: u64 = 400;
/// Most frames until a world settles, for each eight devices. The largest groups take a tenth of it; more is
/// a conversation that feeds itself.
const FRAMES_MAX: u64 = 10_000;
/// Most steps until a world settles, frames or not, for each eight devices.
const STEPS_MAX: u64 = 100_000;

impl World {
    pub(super) fn connect_engine(
        &mut self,
        link: LinkId,
        at: NodeId,
        peer: NodeId,
        dialled: bool,
        exporter: [u8; 32],
    ) {
        let Some(remote) = self
            .devices
            .get(peer)
            .map(|device| device.identity.device.card().transport)
        else {
            return;
        };
        let now = self.time_of(at);
        let kind = self.kind_between(at, peer, dialled);
        if let Some(device) = self.devices.get_mut(at)
            && let Some(engine) = &mut device.engine
        {
            engine.connected(ConnectionId(link.0), kind, remote, exporter, now);
            device.is_unsettled = true;
        }
    }

    /// Returns the newest kind of connection that two nodes both know.
    pub(super) fn kind_between(&self, one: NodeId, other: NodeId, dialled: bool) -> ConnectionKind {
        let is_first = |node| self.first_version.contains(node);
        if [one, other].iter().any(is_first) {
            ConnectionKind::Sync { dialled }
        } else {
            ConnectionKind::Sync2 { dialled }
        }
    }

    /// Lets one thing happen: something arrives, a node flushes, or time passes.
    ///
    /// # Errors
    /// [`super::Violation`] where a promise is broken.
    pub fn step(&mut self) -> Checked<()> {
        let now = self.clock.now_ms();
        if let Some(arrival) = self.network.poll(now) {
            let at = self.arrive(arrival)?;
            match self.random.below(4) {
                0 => {}
                1 => self.pump(at),
                _ if self.mirrors.contains_key(&at) => self.settle_mirror(at),
                _ => self.settle(at)?,
            }
            return Ok(());
        }
        let unsettled: Vec<NodeId> = (0..self.devices.len())
            .filter(|node| self.devices.get(*node).is_some_and(|d| d.is_unsettled))
            .collect();
        if let Some(node) = self.random.pick(&unsettled) {
            return self.settle(*node);
        }
        let mut mirrors = self.mirrors.iter();
        if let Some((node, _)) = mirrors.find(|(_, held)| held.is_unsettled) {
            self.settle_mirror(*node);
            return Ok(());
        }
        self.pass_time()
    }

    /// Lets time pass until something is due anywhere.
    fn pass_time(&mut self) -> Checked<()> {
        let now = self.clock.now_ms();
        let mut until = (self.last_tick_ms + TICK_MS).max(now + 1);
        if let Some(due) = self.network.next_due_ms() {
            until = until.min(due.max(now + 1));
        }
        for (node, device) in self.devices.iter().enumerate() {
            if let Some(deadline) = device
                .engine
                .as_ref()
                .and_then(|engine| engine.deadline_ms())
            {
                let wait = deadline.saturating_sub(self.time_of(node)).max(1);
                until = until.min(now.saturating_add(wait));
            }
        }
        for held in self.mirrors.values() {
            let deadline = held.mirror.as_ref().and_then(|mirror| mirror.deadline_ms());
            until = until.min(deadline.map_or(until, |deadline| deadline.max(now + 1)));
        }
        self.clock.advance(until - now);
        let all = until >= self.last_tick_ms + TICK_MS;
        if all {
            self.last_tick_ms = until;
        }
        for node in self.up() {
            self.tick(node, all)?;
        }
        self.tick_mirrors(all);
        Ok(())
    }

    fn tick(&mut self, node: NodeId, always: bool) -> Checked<()> {
        let now = self.time_of(node);
        let Some(device) = self.devices.get_mut(node) else {
            return Ok(());
        };
        let Some(engine) = &mut device.engine else {
            return Ok(());
        };
        if always || engine.deadline_ms().is_some_and(|deadline| deadline <= now) {
            engine.tick(now, &mut device.disk, &mut self.random);
            self.crash_if_down(node);
            return self.settle(node);
        }
        Ok(())
    }

    fn arrive(&mut self, arrival: Arrival) -> Checked<NodeId> {
        match arrival {
            Arrival::Frame { link, at, bytes } => {
                if let Some(kind) = bytes.first()
                    && self.first_version.contains(&at)
                {
                    self.frames_of.entry(at).or_default().insert(*kind);
                }
                if self.pairing_frame(link, at, &bytes)? || self.mirror_frame(link, at, &bytes) {
                    return Ok(at);
                }
                self.note(|| {
                    let kind = bytes.first().copied().unwrap_or_default();
                    format!(
                        "{at} gets a frame {kind} of {} over {}",
                        bytes.len(),
                        link.0
                    )
                });
                let now = self.time_of(at);
                if let Some(device) = self.devices.get_mut(at)
                    && let Some(engine) = &mut device.engine
                {
                    // The figure is only ever shown and compared, so runs stay reproducible.
                    let start = Instant::now();
                    engine.receive(
                        ConnectionId(link.0),
                        &bytes,
                        now,
                        &mut device.disk,
                        &mut self.random,
                    );
                    device.slowest = device.slowest.max(start.elapsed());
                    device.is_unsettled = true;
                }
                self.crash_if_down(at);
                Ok(at)
            }
            Arrival::Gone { link, at } => {
                self.note(|| format!("{at} learns that link {} is gone", link.0));
                self.pairing_gone(link, at);
                if self.mirror_gone(link, at) {
                    return Ok(at);
                }
                let now = self.time_of(at);
                if let Some(device) = self.devices.get_mut(at)
                    && let Some(engine) = &mut device.engine
                {
                    engine.disconnected(ConnectionId(link.0), now);
                    device.is_unsettled = true;
                }
                Ok(at)
            }
        }
    }

    /// Does what a node does after a burst: acts on effects, flushes, sends.
    ///
    /// # Errors
    /// [`super::Violation`] where a promise is broken.
    pub fn settle(&mut self, node: NodeId) -> Checked<()> {
        let now = self.time_of(node);
        self.effects(node);
        if let Some(device) = self.devices.get_mut(node) {
            device.is_unsettled = false;
            if let Some(engine) = &mut device.engine {
                engine.keep_devices(now, &mut device.disk, &mut self.random);
                engine.flush(&mut device.disk, now, false);
            }
        }
        self.crash_if_down(node);
        self.effects(node);
        self.pump(node);
        self.effects(node);
        Ok(())
    }

    /// Sends what a node has to send, as far as its links have room.
    pub(super) fn pump(&mut self, node: NodeId) {
        if self.mirrors.contains_key(&node) {
            self.pump_mirror(node);
            return;
        }
        let now = self.clock.now_ms();
        for link in self.network.links_of(node) {
            while self.network.has_room(link, node) {
                let Some(device) = self.devices.get_mut(node) else {
                    return;
                };
                let Some(engine) = &mut device.engine else {
                    return;
                };
                let Some(frame) = engine.next_frame(ConnectionId(link.0), &device.disk) else {
                    break;
                };
                self.network.send(link, node, frame, now);
            }
        }
        self.effects(node);
    }

    fn effects(&mut self, node: NodeId) {
        let Some(engine) = self
            .devices
            .get_mut(node)
            .and_then(|device| device.engine.as_mut())
        else {
            return;
        };
        for effect in engine.take_effects() {
            match effect {
                Effect::Close(id, reason) => {
                    let now = self.clock.now_ms();
                    let is_graceful = matches!(reason, CloseReason::Done | CloseReason::Removed);
                    self.network.close(LinkId(id.0), node, is_graceful, now);
                    self.closed_for(node, &reason);
                }
                Effect::Stopped(_, _, why) => {
                    self.note(|| format!("{node} stops a notebook: {why}"));
                    if let Some(device) = self.devices.get_mut(node) {
                        *device.stopped.entry(why).or_default() += 1;
                    }
                }
                Effect::StaleCopy(_) => {
                    if let Some(device) = self.devices.get_mut(node) {
                        device.said_stale = true;
                    }
                }
                _ => {}
            }
        }
    }

    /// Runs until nothing more comes.
    ///
    /// # Errors
    /// [`super::Violation`] where the world does not settle, or a promise is broken on the way.
    pub fn run_until_quiet(&mut self) -> Checked<()> {
        let (mut frames, _) = self.network.delivered();
        let eights = 1 + self.devices.len() as u64 / 8;
        let frames_max = frames + FRAMES_MAX * eights;
        let mut since = self.clock.now_ms();
        for _ in 0..STEPS_MAX * eights {
            self.step()?;
            let (delivered, _) = self.network.delivered();
            if delivered > frames_max {
                break;
            }
            if delivered != frames || self.network.next_due_ms().is_some() {
                frames = delivered;
                since = self.clock.now_ms();
            } else if self.clock.now_ms() >= since + QUIET_MS {
                return Ok(());
            }
        }
        Err(violation("the world does not come to rest"))
    }

    /// Runs for some simulated time.
    ///
    /// # Errors
    /// [`super::Violation`] where a promise is broken.
    pub fn run_for(&mut self, ms: u64) -> Checked<()> {
        let end = self.clock.now_ms() + ms;
        while self.clock.now_ms() < end {
            self.step()?;
        }
        Ok(())
    }
}
