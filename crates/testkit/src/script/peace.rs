//! What happens once everything is healed: those who are outside join, and all connect.

use std::collections::BTreeSet;

use hearth_core::ids::NotebookId;
use hearth_core::pairing::{Refusal, Ticket};

use super::Script;
use crate::dice::Dice;
use crate::network::NodeId;
use crate::world::{Checked, PairingEnd, violation};

/// Most tries to let one person join one notebook after everything is healed.
const JOIN_TRIES_MAX: u32 = 6;

impl Script {
    /// Ends all trouble.
    pub(super) fn heal(&mut self) -> Checked<()> {
        self.world.note(|| "everything is healed".to_owned());
        let now = self.world.clock.now_ms();
        self.world.network.heal(now);
        for node in 0..self.world.devices.len() {
            self.world.device_mut(node)?.disk.mend();
            if !self.world.is_up(node) {
                self.world.start(node)?;
            }
        }
        self.heal_mirrors()?;
        self.world.run_until_quiet()?;
        self.note_joined()
    }

    /// Lets everybody join who has not.
    pub(super) fn join_all(&mut self) -> Checked<()> {
        for place in 0..self.plans.len() {
            while let Some(plan) = self.plans.get(place) {
                let (creator, notebook) = (plan.creator, plan.notebook);
                let Some(joiner) = plan.outside.first().copied() else {
                    break;
                };
                let open: Vec<(NodeId, Ticket)> = plan
                    .joining
                    .iter()
                    .filter(|attempt| attempt.joiner == joiner)
                    .map(|attempt| (attempt.inviter, attempt.ticket.clone()))
                    .collect();
                let inviter = self.join_one(creator, joiner, notebook, open)?;
                if let Some(plan) = self.plans.get_mut(place) {
                    plan.admissions.insert((joiner, inviter));
                    plan.outside.remove(&joiner);
                    plan.members.insert(joiner);
                    plan.joining.retain(|attempt| attempt.joiner != joiner);
                }
            }
        }
        Ok(())
    }

    /// Lets somebody join, by an old ticket where one still serves: whoever was admitted and missed
    /// the answer has to come back with the same one.
    fn join_one(
        &mut self,
        creator: NodeId,
        joiner: NodeId,
        notebook: NotebookId,
        open: Vec<(NodeId, Ticket)>,
    ) -> Checked<NodeId> {
        let mut ends = Vec::new();
        for (inviter, ticket) in open {
            let end = self.world.join_and_wait(joiner, &ticket)?;
            if matches!(end, PairingEnd::Joined { .. }) {
                return Ok(inviter);
            }
            ends.push(end);
        }
        for _ in 0..JOIN_TRIES_MAX {
            let Some(ticket) = self.world.invite(creator, notebook, true) else {
                return Err(violation(format!("{creator} cannot invite in peace")));
            };
            let end = self.world.join_and_wait(joiner, &ticket)?;
            if matches!(end, PairingEnd::Joined { .. }) {
                return Ok(creator);
            }
            let is_member_already = end == PairingEnd::Refused(Refusal::Used);
            ends.push(end);
            if is_member_already {
                break;
            }
        }
        Err(violation(format!(
            "{joiner} cannot join {notebook:?} in peace: {ends:?}"
        )))
    }

    /// Connects all devices, each to few others, so that entries have to be passed on.
    pub(super) fn connect_some(&mut self) -> Checked<()> {
        let mut pairs = BTreeSet::new();
        for plan in &self.plans {
            pairs.extend(&plan.admissions);
        }
        self.connect(&pairs)
    }

    /// Lets a few devices write over the connections that there are, which nothing disturbs: all of
    /// it has to arrive without a new connection.
    pub(super) fn write_on(&mut self) -> Checked<()> {
        for _ in 0..=self.plans.len() {
            self.edit()?;
            for _ in 0..self.world.random.below(8) {
                self.world.step()?;
            }
        }
        self.world.run_until_quiet()
    }

    pub(super) fn connect_all(&mut self) -> Checked<()> {
        let mut pairs = BTreeSet::new();
        for plan in &self.plans {
            for one in &plan.members {
                pairs.extend(plan.members.range(one + 1..).map(|other| (*one, *other)));
            }
        }
        self.connect(&pairs)
    }

    /// Connects pairs of devices and runs until nothing more comes. Somebody admitted elsewhere is a
    /// stranger until the news has come around, so whoever was turned away tries again, as nodes do.
    fn connect(&mut self, pairs: &BTreeSet<(NodeId, NodeId)>) -> Checked<()> {
        self.world.run_until_quiet()?;
        for _ in 0..=self.world.devices.len() {
            let missing: Vec<(NodeId, NodeId)> = pairs
                .iter()
                .filter(|(one, other)| !self.world.network.are_linked(*one, *other))
                .copied()
                .collect();
            if missing.is_empty() {
                return Ok(());
            }
            self.world.note(|| format!("to be connected: {missing:?}"));
            for (one, other) in missing {
                if self.world.random.chance(2) {
                    self.world.dial(one, other);
                } else {
                    self.world.dial(other, one);
                }
            }
            // Whoever writes while two greet each other makes them compare what is no longer so.
            for _ in 0..self.world.random.below(6) {
                for _ in 0..self.world.random.below(12) {
                    self.world.step()?;
                }
                self.edit()?;
            }
            self.world.run_until_quiet()?;
        }
        Err(violation(
            "members who know each other cannot stay connected",
        ))
    }
}
