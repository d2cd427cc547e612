//! Pairing: joiners redeem tickets over the simulated network, with the real state machines.

use std::collections::BTreeMap;

use hearth_core::control::Role;
use hearth_core::engine::{ConnectionId, ConnectionKind};
use hearth_core::ids::{ControlHash, NotebookId};
use hearth_core::pairing::{JoinError, Joiner, JoinerStep, PairingMessage, Refusal, Ticket};

use super::{Checked, World, violation};
use crate::network::{LinkId, NodeId};

/// One attempt to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairingId(pub u64);

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PairingEnd {
    /// The joiner is a member and has the notebook's control entries; these are its words.
    Joined {
        /// The notebook.
        notebook: NotebookId,
        /// The words that the joiner shows.
        words: String,
    },
    /// The inviter said no.
    Refused(Refusal),
    /// The joiner did not accept what came, or could not keep it.
    Failed(String),
    /// The link broke first.
    Broken,
}

#[derive(Debug)]
pub(super) struct Pairing {
    pub(super) joiner: NodeId,
    inviter: NodeId,
    link: LinkId,
    state: Option<Box<Joiner>>,
    end: Option<PairingEnd>,
}

/// A day in milliseconds: how long tickets are good for unless a test says otherwise.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl World {
    /// Creates a notebook on a device.
    ///
    /// # Errors
    /// [`super::Violation`] where the node refuses although its disk is sound.
    pub fn create(&mut self, node: NodeId, role: Role) -> Checked<NotebookId> {
        let device = self
            .devices
            .get_mut(node)
            .ok_or_else(|| violation("no such device"))?;
        let engine = device
            .engine
            .as_mut()
            .ok_or_else(|| violation("the node is down"))?;
        let notebook = engine
            .create_notebook(role, &mut device.disk, &mut self.random)
            .map_err(|error| violation(format!("creating failed: {error}")))?;
        device.is_unsettled = true;
        self.note(|| format!("{node} creates {notebook:?}"));
        Ok(notebook)
    }

    /// Issues a ticket on a device, good for a day by its clock. `None` where the node cannot just
    /// now, with the reason in the trace.
    pub fn invite(&mut self, node: NodeId, notebook: NotebookId, admin: bool) -> Option<Ticket> {
        let expires_ms = self.time_of(node).saturating_add(DAY_MS);
        self.invite_until(node, notebook, Role::Peer, admin, expires_ms)
    }

    /// Issues a ticket with a role and an expiry of its own.
    pub fn invite_until(
        &mut self,
        node: NodeId,
        notebook: NotebookId,
        role: Role,
        admin: bool,
        expires_ms: u64,
    ) -> Option<Ticket> {
        let device = self.devices.get_mut(node)?;
        let engine = device.engine.as_mut()?;
        let issued = engine.invite(
            notebook,
            role,
            admin,
            expires_ms,
            (Vec::new(), Vec::new()),
            &mut device.disk,
            &mut self.random,
        );
        device.is_unsettled = true;
        self.crash_if_down(node);
        match issued {
            Ok(issued) => {
                self.note(|| format!("{node} invites to {notebook:?}: {:?}", issued.id));
                Some(issued.ticket)
            }
            Err(error) => {
                self.note(|| format!("{node} cannot invite to {notebook:?}: {error}"));
                None
            }
        }
    }

    /// Takes an invitation back; returns whether that worked.
    pub fn revoke(&mut self, node: NodeId, notebook: NotebookId, invite: ControlHash) -> bool {
        self.note(|| format!("{node} revokes {invite:?}"));
        let Some(device) = self.devices.get_mut(node) else {
            return false;
        };
        device.is_unsettled = true;
        let is_revoked = device.engine.as_mut().is_some_and(|engine| {
            engine
                .revoke_invite(notebook, invite, &mut device.disk)
                .is_ok()
        });
        self.crash_if_down(node);
        is_revoked
    }

    /// Starts to redeem a ticket at the device that issued it. `None` where the two cannot meet.
    pub fn join(&mut self, joiner: NodeId, ticket: &Ticket) -> Option<PairingId> {
        let inviter = self
            .devices
            .iter()
            .position(|device| device.id() == ticket.device)?;
        if joiner == inviter || !self.is_up(inviter) || !self.is_up(joiner) {
            return None;
        }
        let identity = self.devices.get(joiner)?.identity.clone();
        let state = Joiner::new(
            ticket.clone(),
            identity.roster.clone(),
            &identity.device,
            identity.name.clone(),
            identity.device_label.clone(),
            &mut self.random,
        );
        let now = self.clock.now_ms();
        let link = self.network.connect(joiner, inviter, now)?;
        self.note(|| format!("{joiner} joins at {inviter} over link {}", link.0));
        let exporter = self.exporter();
        let hello = state.hello(&exporter).to_bytes();
        self.network.send(link, joiner, hello, now);
        let remote = identity.device.card().transport;
        let time = self.time_of(inviter);
        let device = self.devices.get_mut(inviter)?;
        device.engine.as_mut()?.connected(
            ConnectionId(link.0),
            ConnectionKind::Pairing,
            remote,
            exporter,
            time,
        );
        let id = PairingId(link.0);
        self.pairing_links.insert(link, id);
        self.pairings.insert(
            id,
            Pairing {
                joiner,
                inviter,
                link,
                state: Some(Box::new(state)),
                end: None,
            },
        );
        Some(id)
    }

    /// Returns how an attempt ended, `None` while it goes on.
    pub fn pairing_end(&self, id: PairingId) -> Option<&PairingEnd> {
        self.pairings.get(&id)?.end.as_ref()
    }

    /// Runs an attempt to its end.
    ///
    /// # Errors
    /// [`super::Violation`] where it comes to none.
    pub fn finish_join(&mut self, id: PairingId) -> Checked<PairingEnd> {
        const STEPS_MAX: u32 = 20_000;
        for _ in 0..STEPS_MAX {
            if let Some(end) = self.pairing_end(id) {
                return Ok(end.clone());
            }
            self.step()?;
        }
        Err(violation("a pairing came to no end"))
    }

    /// Redeems a ticket and waits for the end.
    ///
    /// # Errors
    /// [`super::Violation`] where the two cannot meet, or it comes to no end.
    pub fn join_and_wait(&mut self, joiner: NodeId, ticket: &Ticket) -> Checked<PairingEnd> {
        let id = self
            .join(joiner, ticket)
            .ok_or_else(|| violation("the two cannot meet"))?;
        self.finish_join(id)
    }

    /// Invites and joins, with everything in its favour.
    ///
    /// # Errors
    /// [`super::Violation`] where the joiner is no member afterwards.
    pub fn pair(&mut self, inviter: NodeId, joiner: NodeId, notebook: NotebookId) -> Checked<()> {
        let ticket = self
            .invite(inviter, notebook, true)
            .ok_or_else(|| violation(format!("{inviter} could not invite")))?;
        match self.join_and_wait(joiner, &ticket)? {
            PairingEnd::Joined { .. } => Ok(()),
            other => Err(violation(format!("{joiner} did not join: {other:?}"))),
        }
    }

    /// Takes a frame for a joiner; returns whether it was one.
    pub(super) fn pairing_frame(
        &mut self,
        link: LinkId,
        at: NodeId,
        bytes: &[u8],
    ) -> Checked<bool> {
        let Some(id) = self.pairing_links.get(&link).copied() else {
            return Ok(false);
        };
        let Some(pairing) = self.pairings.get_mut(&id) else {
            return Ok(false);
        };
        if pairing.joiner != at {
            return Ok(false);
        }
        let Some(state) = &mut pairing.state else {
            return Ok(true);
        };
        let step = match PairingMessage::parse(bytes) {
            Ok(message) => state.handle(message),
            Err(_) => Err(JoinError::Protocol("a message is malformed")),
        };
        let now = self.clock.now_ms();
        match step {
            Ok(JoinerStep::Send(message)) => self.network.send(link, at, message.to_bytes(), now),
            Ok(JoinerStep::Wait) => {}
            Ok(JoinerStep::Done(joined)) => {
                let words = joined.words.clone();
                let device = self
                    .devices
                    .get_mut(at)
                    .ok_or_else(|| violation("no such device"))?;
                let adopted = device
                    .engine
                    .as_mut()
                    .map(|engine| engine.adopt(*joined, &mut device.disk));
                device.is_unsettled = true;
                let end = match adopted {
                    Some(Ok(notebook)) => PairingEnd::Joined { notebook, words },
                    Some(Err(error)) => PairingEnd::Failed(error.to_string()),
                    None => PairingEnd::Broken,
                };
                self.end_pairing(id, end);
                self.crash_if_down(at);
            }
            Err(JoinError::Refused(refusal)) => self.end_pairing(id, PairingEnd::Refused(refusal)),
            Err(error) => self.end_pairing(id, PairingEnd::Failed(error.to_string())),
        }
        Ok(true)
    }

    pub(super) fn pairing_gone(&mut self, link: LinkId, at: NodeId) {
        if let Some(id) = self.pairing_links.get(&link).copied()
            && self
                .pairings
                .get(&id)
                .is_some_and(|pairing| pairing.joiner == at)
        {
            self.end_pairing(id, PairingEnd::Broken);
        }
    }

    pub(super) fn end_pairings_at(&mut self, node: NodeId) {
        let ids: Vec<PairingId> = self
            .pairings
            .iter()
            .filter(|(_, pairing)| pairing.joiner == node || pairing.inviter == node)
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            self.end_pairing(id, PairingEnd::Broken);
        }
    }

    fn end_pairing(&mut self, id: PairingId, end: PairingEnd) {
        let now = self.clock.now_ms();
        let Some(pairing) = self.pairings.get_mut(&id) else {
            return;
        };
        if pairing.end.is_some() {
            return;
        }
        let (link, joiner) = (pairing.link, pairing.joiner);
        pairing.state = None;
        pairing.end = Some(end.clone());
        self.network.close(link, joiner, true, now);
        self.note(|| format!("{joiner} ends its pairing over {}: {end:?}", link.0));
    }

    /// Returns the words that two devices keep about each other's person.
    pub fn words(&self, one: NodeId, other: NodeId, notebook: NotebookId) -> [Option<String>; 2] {
        [(one, other), (other, one)].map(|(mine, theirs)| {
            let device = self.devices.get(mine)?;
            let person = self.devices.get(theirs)?.identity.person();
            let kept = device
                .engine
                .as_ref()?
                .verification(notebook, person, &device.disk);
            kept.ok().flatten().map(|kept| kept.words)
        })
    }

    /// Returns how attempts ended, and how often.
    pub fn pairing_tally(&self) -> BTreeMap<String, u64> {
        let mut tally = BTreeMap::new();
        for pairing in self.pairings.values() {
            let key = match &pairing.end {
                None => "open".to_owned(),
                Some(PairingEnd::Joined { .. }) => "joined".to_owned(),
                Some(other) => format!("{other:?}"),
            };
            *tally.entry(key).or_default() += 1;
        }
        tally
    }
}
