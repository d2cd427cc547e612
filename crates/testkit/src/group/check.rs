//! What has to hold once everything is healed: equal copies, nothing lost that counts, nobody locked out.

use std::collections::{BTreeMap, BTreeSet};

use hearth_core::control::{ControlKind, ControlSet, Cut, Membership};
use hearth_core::ids::{ControlHash, DeviceId, PersonId};
use hearth_core::limits::KEY_PATIENCE_MS;
use hearth_core::log::RawEntry;
use hearth_core::replica::Replica;
use hearth_core::storage::Storage;

use super::Group;
use crate::dice::Dice;
use crate::network::NodeId;
use crate::world::{Checked, Written, violation};

/// Most rounds of dialling until all are in step. News of who is a member has to come around before whoever
/// it is about is let in.
const ROUNDS_MAX: usize = 16;
/// Rounds after which it is waited until whoever misses a key makes the next one without it.
const ROUNDS_UNTIL_PATIENT: usize = 3;
/// How much longer than that is waited, so that it has the time to arrive everywhere.
const PATIENCE_MORE_MS: u64 = 5_000;
/// Links of a device in a large group from which on it dials no more. News gets around over few, and each
/// further one carries everything again.
const LINKS_MIN: usize = 3;
/// Rounds after which devices with many links dial as well, in case these are all among themselves.
const ROUNDS_OF_FEW_LINKS: usize = 2;
/// Groups up to this many devices are connected all with all.
const DEVICES_ALL_WITH_ALL: usize = 12;
/// Devices that are seen to act in the end.
const ACTORS: usize = 6;

impl Group {
    fn replica(&self, node: NodeId) -> Checked<&Replica> {
        self.world
            .device(node)?
            .replica(self.notebook)
            .ok_or_else(|| violation(format!("{node} has no such notebook")))
    }

    /// Connects devices in rounds until all live ones are equal.
    pub(super) fn come_together(&mut self) -> Checked<()> {
        let mut last = Ok(());
        for round in 0..ROUNDS_MAX {
            self.find_the_creator()?;
            self.join_again()?;
            self.hand_to_siblings();
            if round > 0 {
                self.let_in_anew()?;
                self.hand_to_siblings();
            }
            self.connect_round(round >= ROUNDS_OF_FEW_LINKS);
            self.world.run_until_quiet()?;
            let live = self.live()?;
            // Somebody has to write so that those who came last get the key.
            if let Some(writer) = self.world.random.pick(&live).copied() {
                self.edit(writer)?;
            }
            if round % ROUNDS_UNTIL_PATIENT == ROUNDS_UNTIL_PATIENT - 1 {
                self.world.run_for(KEY_PATIENCE_MS + PATIENCE_MORE_MS)?;
            }
            self.world.run_until_quiet()?;
            last = self.check_equal();
            if last.is_ok() && round > 0 {
                return Ok(());
            }
        }
        last
    }

    /// Finds a device of the creator's that is live by all that anybody knows, and brings the creator back by
    /// the phrase where there is none.
    fn find_the_creator(&mut self) -> Checked<()> {
        if let Some(live) = self.creators_device()? {
            self.reference = Some(live);
            return Ok(());
        }
        // A device that was taken off may know what nobody else ever will, such as a newer phrase, by which the
        // one that was brought back would not be live: it is all the same, as far as the others get to know.
        let back = self.reference.filter(|node| !self.lost.contains(node));
        if back.is_some_and(|node| self.is_live_at(node, node)) {
            return Ok(());
        }
        let mut holders = self.world.holders(self.notebook).into_iter();
        let from = holders
            .find(|node| self.someone_at(*node) != Some(0) && self.knows_phrase_of(*node, 0))
            .ok_or_else(|| violation("nobody knows the creator's phrase"))?;
        let new = self.recover(0, from)?;
        self.reference = self.creators_device()?.or(new);
        Ok(())
    }

    /// Resolves all that any device holds, those that are out included.
    fn everything(&self) -> Checked<Membership> {
        let first = self.world.holders(self.notebook).first().copied();
        let first = first.ok_or_else(|| violation("nobody has the notebook"))?;
        let known = self.all_controls(self.replica(first)?.controls())?;
        Ok(Membership::resolve(&known))
    }

    /// Returns the devices that have the notebook and have to be equal: live as the creator's sees them, and by
    /// all that anybody knows. Of two that take each other off, each may have taken off or added a third, which
    /// then hears of it from nobody, since whoever is out is silent.
    fn live(&self) -> Checked<Vec<NodeId>> {
        let reference = self.reference()?;
        let everything = self.everything()?;
        let is_live = |node: NodeId| {
            let device = self.world.device(node).ok();
            device.is_some_and(|device| everything.person_of(&device.id()).is_some())
        };
        let mut live = self.live_holders(reference);
        if is_live(reference) {
            live.retain(|node| is_live(*node));
        }
        Ok(live)
    }

    fn creators_device(&self) -> Checked<Option<NodeId>> {
        let holders = self.world.holders(self.notebook);
        let resolved = self.everything()?;
        let creator = self.people.first().map(|someone| someone.person.id());
        let is_live = |node: &&NodeId| {
            let device = self.world.device(**node).ok();
            device.is_some_and(|device| resolved.person_of(&device.id()) == creator)
        };
        Ok(holders.iter().find(is_live).copied())
    }

    fn connect_round(&mut self, with_everybody: bool) {
        let holders = self.world.holders(self.notebook);
        let is_small = holders.len() <= DEVICES_ALL_WITH_ALL;
        for node in &holders {
            let others: Vec<NodeId> = if is_small {
                holders
                    .iter()
                    .copied()
                    .filter(|other| other > node)
                    .collect()
            } else {
                let has_few = self.world.network.links_of(*node).len() < LINKS_MIN;
                let known = (has_few || with_everybody).then(|| self.live_holders(*node));
                let other = known.and_then(|known| self.world.random.pick(&known).copied());
                other.into_iter().collect()
            };
            for other in others {
                if !self.world.network.are_linked(*node, other) {
                    if self.world.random.chance(2) {
                        self.world.dial(*node, other);
                    } else {
                        self.world.dial(other, *node);
                    }
                }
            }
        }
    }

    /// Checks that all live devices have the same, and that nothing waits on any.
    pub(super) fn check_equal(&mut self) -> Checked<()> {
        let reference = self.reference()?;
        let wanted: BTreeSet<DeviceId> = self
            .replica(reference)?
            .membership()
            .devices()
            .keys()
            .copied()
            .collect();
        let live = self.live()?;
        let everything = self.everything()?;
        let here: BTreeSet<DeviceId> = live
            .iter()
            .filter_map(|node| Some(self.world.device(*node).ok()?.id()))
            .collect();
        for device in wanted.difference(&here) {
            // Those whose people lost them are not there; all others are.
            let node = self.world.node_of(*device)?;
            let is_out = everything.person_of(device).is_none();
            if !is_out && !self.lost.contains(&node) {
                return Err(violation(format!(
                    "{node} is a member's and has no notebook"
                )));
            }
        }
        self.world.check_same(self.notebook, &live)?;
        self.is_closed = false;
        for node in &live {
            let replica = self.replica(*node)?;
            let (entries, controls) = (replica.waiting(), replica.controls().waiting());
            self.is_closed |= entries > 0 && self.is_a_key_gone(&live)?;
            if controls > 0 || (entries > 0 && !self.is_closed) {
                return Err(violation(format!(
                    "on {node} {entries} entries and {controls} control entries wait"
                )));
            }
        }
        Ok(())
    }

    /// Says whether something was sealed under a key that no member holds: it went with devices that were lost,
    /// or whose people are out, before its wraps had left.
    fn is_a_key_gone(&self, live: &[NodeId]) -> Checked<bool> {
        let Some(first) = live.first() else {
            return Ok(false);
        };
        let entries = self
            .world
            .device(*first)?
            .disk
            .entries(self.notebook, 0, usize::MAX);
        let entries = entries.map_err(|error| violation(error.to_string()))?;
        let mut epochs = BTreeSet::new();
        for (_, bytes) in entries {
            let entry = RawEntry::parse_any(bytes).map_err(|error| violation(error.to_string()))?;
            epochs.insert(entry.header().epoch);
        }
        for node in live {
            let keys = self.replica(*node)?.keys();
            epochs.retain(|epoch| keys.get(epoch).is_none());
        }
        Ok(!epochs.is_empty())
    }

    /// Checks that what was acknowledged is shown on every live device, unless somebody ended its author who
    /// did not know of it, and whom the author did not know of.
    pub(super) fn check_kept(&mut self) -> Checked<()> {
        let reference = self.reference()?;
        let endings = Endings::of(self.replica(reference)?.controls());
        let membership = self.replica(reference)?.membership().clone();
        let live = self.live()?;
        let mut wanted: Vec<(String, String)> = Vec::new();
        for ((notebook, key), written) in self.world.written() {
            let node = self.world.node_of(written.log.device)?;
            let person = self.world.person_at(node)?;
            let controls = self.replica(reference)?.controls();
            let tip = self
                .replica(reference)?
                .tips()
                .find(|(log, _)| *log == written.log);
            let is_here = tip.is_some_and(|(_, seq)| seq >= written.seq);
            let is_in_standing = live.contains(&node);
            if *notebook == self.notebook
                && (is_here || is_in_standing)
                && endings.leave_alone(controls, &membership, person, written)
            {
                wanted.push((key.clone(), written.value.clone()));
            }
        }
        if self.is_closed {
            self.tally.closed += 1;
            return Ok(());
        }
        for node in live {
            for (key, value) in &wanted {
                let found = self.world.goal(node, self.notebook, key)?;
                if found.as_ref() != Some(value) {
                    return Err(violation(format!(
                        "{node} shows {found:?} as {key:?}, acknowledged was {value:?}"
                    )));
                }
            }
        }
        self.tally.kept += wanted.len() as u64;
        Ok(())
    }

    /// Checks that whoever may write can, and that the creator can invite.
    pub(super) fn check_everybody_acts(&mut self) -> Checked<()> {
        let reference = self.reference()?;
        let mut actors = self.live()?;
        while actors.len() > ACTORS {
            let out = self.world.random.index(actors.len());
            actors.swap_remove(out);
        }
        for node in actors {
            let replica = self.replica(node)?;
            let may_write = replica.membership().may_write(&replica.own_device());
            // Typing into a note that has not arrived writes nothing, so it is tried until something is written.
            let mut tries = 0;
            while may_write && !self.world.edit(node, self.notebook)? {
                tries += 1;
                if tries > 20 {
                    return Err(violation(format!("{node} may write and cannot")));
                }
            }
        }
        if self.world.invite(reference, self.notebook, true).is_none() {
            return Err(violation("the creator cannot invite"));
        }
        self.world.run_until_quiet()?;
        self.check_equal()
    }

    /// Checks that a member who has lost every device comes back by the phrase and has all of it.
    pub(super) fn check_phrase(&mut self) -> Checked<()> {
        let reference = self.reference()?;
        let members = self.replica(reference)?.membership().clone();
        // Somebody of whom the creator never hears may have removed one who is a member as far as the creator
        // knows: of these two sides each is right, and no phrase decides between them.
        let everything = self.everything()?;
        let candidates: Vec<usize> = (1..self.people.len())
            .filter(|place| {
                self.people.get(*place).is_some_and(|someone| {
                    let person = someone.person.id();
                    members.member(&person).is_some() && everything.member(&person).is_some()
                })
            })
            .filter(|place| self.knows_phrase_of(reference, *place))
            .collect();
        let Some(place) = self.world.random.pick(&candidates).copied() else {
            return Ok(());
        };
        let Some(new) = self.recover(place, reference)? else {
            return Err(violation(format!("the phrase does not bring {place} back")));
        };
        self.world.meet(reference, new)?;
        self.edit_somewhere(reference)?;
        self.world.run_until_quiet()?;
        self.come_together()?;
        if !self.live()?.contains(&new) {
            return Err(violation(format!("{new} was recovered and is no member's")));
        }
        Ok(())
    }

    fn edit_somewhere(&mut self, node: NodeId) -> Checked<()> {
        for _ in 0..3 {
            self.edit(node)?;
        }
        Ok(())
    }

    /// Counts what the run came to.
    pub(super) fn count(&mut self) -> Checked<()> {
        let reference = self.reference()?;
        let replica = self.replica(reference)?;
        let controls = replica.controls();
        let rekeys = controls
            .iter()
            .filter(|entry| matches!(entry.kind, ControlKind::Rekey(_)));
        let adopted = replica
            .set_aside()
            .values()
            .filter(|one| one.reason.contains("shown since"));
        let mut tally = self.tally;
        tally.rekeys = rekeys.count() as u64;
        tally.adopted = adopted.count() as u64;
        tally.set_aside = replica.set_aside().len() as u64;
        tally.controls = controls.len() as u64;
        tally.voided = replica.membership().voided_admissions().len() as u64;
        tally.unheard = self.unheard(controls)?;
        tally.devices = self.world.devices.len() as u64;
        tally.edits = self.world.edits();
        tally.frames = self.world.network.delivered().0;
        self.tally = tally;
        Ok(())
    }

    /// Counts the people who would be members if all that any device holds were known to all.
    fn unheard(&self, known: &ControlSet) -> Checked<u64> {
        let (now, then) = (
            Membership::resolve(known),
            Membership::resolve(&self.all_controls(known)?),
        );
        let unheard = then
            .members()
            .keys()
            .filter(|person| now.member(person).is_none());
        Ok(unheard.count() as u64)
    }

    /// Returns a set of control entries with all that any device holds beyond it.
    pub(super) fn all_controls(&self, known: &ControlSet) -> Checked<ControlSet> {
        let mut all = known.clone();
        for node in self.world.holders(self.notebook) {
            for entry in self.replica(node)?.controls().iter() {
                if all.get(&entry.hash()).is_none() {
                    all.insert(entry.clone())
                        .map_err(|error| violation(error.to_string()))?;
                }
            }
        }
        Ok(all)
    }
}

/// All that may have ended what people wrote, effective or not.
#[derive(Debug, Default)]
struct Endings {
    of_people: BTreeMap<PersonId, Vec<(ControlHash, Cut)>>,
    of_devices: BTreeMap<DeviceId, Vec<(ControlHash, Cut)>>,
}

impl Endings {
    fn of(set: &ControlSet) -> Self {
        let mut endings = Self::default();
        for entry in set.iter() {
            let hash = entry.hash();
            match &entry.kind {
                ControlKind::Remove { person, cut }
                | ControlKind::Role {
                    person,
                    may_write: false,
                    cut,
                } => {
                    let of = endings.of_people.entry(*person).or_default();
                    of.push((hash, cut.clone()));
                }
                ControlKind::RevokeDevice { entry, cut } => {
                    let roster = set.roster(&entry.person);
                    let devices = roster.into_iter().flat_map(|roster| roster.entries());
                    let devices = devices.filter_map(|entry| entry.kind.added());
                    for card in devices {
                        let of = endings.of_devices.entry(card.id()).or_default();
                        of.push((hash, cut.clone()));
                    }
                }
                _ => {}
            }
        }
        endings
    }

    /// Says whether no ending that the author did not know of lies before an entry, and its author was let in
    /// by an admission that stands.
    fn leave_alone(
        &self,
        set: &ControlSet,
        membership: &Membership,
        person: PersonId,
        written: &Written,
    ) -> bool {
        let of_person = self.of_people.get(&person).into_iter().flatten();
        let of_device = self
            .of_devices
            .get(&written.log.device)
            .into_iter()
            .flatten();
        let is_left_alone = of_person.chain(of_device).all(|(ending, cut)| {
            set.is_within(ending, &written.heads)
                || cut
                    .of(&written.log)
                    .is_some_and(|cut| cut.seq >= written.seq)
        });
        let stands = set.iter().any(|entry| match &entry.kind {
            ControlKind::Create { roster, .. } => roster.person() == person,
            ControlKind::Admit(admit) => {
                admit.roster.person() == person
                    && !membership.voided_admissions().contains(&entry.hash())
                    && set.is_within(&entry.hash(), &written.heads)
            }
            _ => false,
        });
        is_left_alone && stands
    }
}
