//! What happens while there is trouble: everybody writes and lets others in, and everything breaks.

use super::{Attempt, Script};
use crate::clock::FIFTY_YEARS_MS;
use crate::dice::Dice;
use crate::disk::Fault;
use crate::network::{Corruption, NodeId};
use crate::world::{Checked, PairingEnd, violation};

impl Script {
    /// Lets one thing happen.
    pub(super) fn happen(&mut self) -> Checked<()> {
        let devices = self.world.devices.len();
        let (one, other) = (
            self.world.random.index(devices),
            self.world.random.index(devices),
        );
        let now = self.world.clock.now_ms();
        match self.world.random.below(124) {
            0..40 => self.edit()?,
            40..52 => {
                self.world.dial(one, other);
            }
            52..66 => self.invite()?,
            66..70 => {
                let links = self.world.network.sound_links();
                if let Some((link, _)) = self.world.random.pick(&links) {
                    self.world.network.cut(*link, now);
                }
            }
            70..73 if one != other => self.world.network.part(one, other, now),
            73..75 => self.world.network.heal(now),
            75..80 => self.crash_or_start(one)?,
            80..83 => self.fail_a_commit(one),
            83..85 => {
                let offset = self.world.random.below(2 * FIFTY_YEARS_MS.unsigned_abs());
                let offset = offset.cast_signed() - FIFTY_YEARS_MS;
                self.world
                    .note(|| format!("the clock of {one} jumps by {offset} ms"));
                self.world.device_mut(one)?.offset_ms = offset;
            }
            85..88 => self.snapshot(one)?,
            88..90 => {
                let one_in = 20 + self.world.random.below(200);
                let kind = if self.world.random.chance(2) {
                    Corruption::KillsLink
                } else {
                    Corruption::ReachesProtocol
                };
                self.world.network.corrupt(one_in, kind);
            }
            90..92 => self.save_peers(one)?,
            100..106 => self.write_file()?,
            106..114 => self.take_file()?,
            114..124 => self.happen_to_a_mirror()?,
            _ => {
                let ms = self.world.random.below(4_000);
                self.world.run_for(ms)?;
            }
        }
        self.note_joined()
    }

    pub(super) fn edit(&mut self) -> Checked<()> {
        let place = self.world.random.index(self.plans.len());
        let Some(plan) = self.plans.get(place) else {
            return Ok(());
        };
        let notebook = plan.notebook;
        let writers: Vec<NodeId> = plan
            .members
            .iter()
            .copied()
            .filter(|node| self.world.is_up(*node))
            .collect();
        if let Some(node) = self.world.random.pick(&writers).copied() {
            for _ in 0..=self.world.random.below(4) {
                self.world.edit(node, notebook)?;
            }
        }
        Ok(())
    }

    /// Lets a member invite somebody, or somebody invited try to join.
    fn invite(&mut self) -> Checked<()> {
        let place = self.world.random.index(self.plans.len());
        let Some(plan) = self.plans.get_mut(place) else {
            return Ok(());
        };
        let idle: Vec<usize> = (0..plan.joining.len())
            .filter(|at| {
                plan.joining.get(*at).is_some_and(|attempt| {
                    attempt.pairing.is_none_or(|id| {
                        !matches!(
                            self.world.pairing_end(id),
                            None | Some(PairingEnd::Joined { .. })
                        )
                    })
                })
            })
            .collect();
        if self.world.random.chance(3)
            && let Some(attempt) = self
                .world
                .random
                .pick(&idle)
                .and_then(|at| plan.joining.get_mut(*at))
        {
            let ticket = attempt.ticket.clone();
            if let Some(id) = self.world.join(attempt.joiner, &ticket) {
                attempt.pairing = Some(id);
            }
            return Ok(());
        }
        let members: Vec<NodeId> = plan.members.iter().copied().collect();
        let outside: Vec<NodeId> = plan.outside.iter().copied().collect();
        let (Some(inviter), Some(joiner)) = (
            self.world.random.pick(&members).copied(),
            self.world.random.pick(&outside).copied(),
        ) else {
            return Ok(());
        };
        // Two admins may invite the same person: the entries have to resolve alike everywhere.
        let Some(ticket) = self.world.invite(inviter, plan.notebook, true) else {
            return Ok(());
        };
        if self.world.random.chance(12) {
            self.world.revoke(inviter, plan.notebook, ticket.invite);
        }
        let pairing = self.world.join(joiner, &ticket);
        plan.joining.push(Attempt {
            joiner,
            inviter,
            ticket,
            pairing,
        });
        Ok(())
    }

    /// Takes note of who has joined meanwhile.
    pub(super) fn note_joined(&mut self) -> Checked<()> {
        for plan in &mut self.plans {
            let mut joined = Vec::new();
            for attempt in &plan.joining {
                if let Some(PairingEnd::Joined { notebook, .. }) =
                    attempt.pairing.and_then(|id| self.world.pairing_end(id))
                {
                    if *notebook != plan.notebook {
                        return Err(violation("somebody joined another notebook"));
                    }
                    joined.push((attempt.joiner, attempt.inviter));
                }
            }
            for (node, inviter) in joined {
                plan.admissions.insert((node, inviter));
                plan.members.insert(node);
                plan.outside.remove(&node);
                plan.joining.retain(|attempt| attempt.joiner != node);
            }
        }
        Ok(())
    }

    fn crash_or_start(&mut self, node: NodeId) -> Checked<()> {
        if self.world.is_up(node) {
            self.world.crash(node);
            self.crashes += 1;
            if self.world.random.chance(2) {
                return Ok(());
            }
        }
        self.world.start(node)
    }

    fn fail_a_commit(&mut self, node: NodeId) {
        let fault = match self.world.random.below(3) {
            0 => Fault::Full,
            1 => Fault::Failed,
            _ => Fault::Torn,
        };
        let nth = self.world.random.below(4);
        self.world
            .note(|| format!("commit {nth} of {node} will fail: {fault:?}"));
        if let Ok(device) = self.world.device_mut(node) {
            device.disk.fail_commit(nth, fault);
        }
    }

    fn snapshot(&mut self, node: NodeId) -> Checked<()> {
        let (keep, saves) = (self.world.random.index(3), self.world.random.chance(2));
        let pack_entries = 2 + self.world.random.below(12);
        self.world.note(|| {
            let saved = if saves { "saves its state and " } else { "" };
            format!("{node} {saved}keeps {keep} documents open")
        });
        let now_ms = self.world.time_of(node);
        let device = self.world.device_mut(node)?;
        if let Some(engine) = &mut device.engine {
            if saves {
                // A disk that fails here loses nothing; the next start only reads more.
                let _may_fail = engine.snapshot(&mut device.disk);
            }
            engine.set_pack_entries(pack_entries);
            // So does one that fails here.
            let _may_fail = engine.make_pack(&mut device.disk);
            let _may_fail = engine.make_segment(now_ms, &mut device.disk);
            engine.close_unused_documents(keep);
        }
        self.world.crash_if_down(node);
        Ok(())
    }

    fn save_peers(&mut self, node: NodeId) -> Checked<()> {
        let device = self.world.device_mut(node)?;
        if let Some(engine) = &mut device.engine {
            // What is lost here is told anew.
            let _may_fail = engine.save_peers(&mut device.disk);
        }
        self.world.crash_if_down(node);
        Ok(())
    }
}
