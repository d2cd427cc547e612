//! This person's own devices: one roster in the home, and in every notebook.
//!
//! Whatever a notebook holds of this person's roster comes into the home's, and whatever the home's has that
//! a notebook lacks is written into it. Of several devices the one that changed the roster does it at once;
//! the others only where it has not happened after a while, since each revocation ends a log where its
//! author knows it, and of several the shortest counts. A device that was added ends nothing, so they wait less.

use std::collections::{BTreeMap, BTreeSet};

use super::{Effect, Engine};
use crate::codec::{Reader, Writer};
use crate::frontier::Frontier;
use crate::identity::{
    DeviceClaim, DeviceSecrets, RecoverySecrets, Roster, RosterEntry, RosterError,
};
use crate::ids::{DeviceId, NotebookId};
use crate::limits::{CARRY_PATIENCE_ADDED_MS, CARRY_PATIENCE_MS};
use crate::storage::{Space, Storage, StorageError, Write};

/// Why this person's devices were not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// This device is on its person's roster no more.
    #[error("this device was taken off your devices, so it cannot change them")]
    Revoked,
    /// No live device of this person has that id.
    #[error("device {0} is none of your devices, or was taken off already")]
    Unknown(DeviceId),
    /// A device does not take itself off: nobody could end its log.
    #[error("a device cannot take itself off")]
    Itself,
    /// The phrase is not the one in force.
    #[error("this recovery phrase is not the one in force")]
    OtherPhrase,
    /// The roster takes no more.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What is to be done about rosters.
#[derive(Debug, Default)]
pub(super) struct OwnDevices {
    /// Notebooks whose roster was not compared with the home's since something changed.
    unchecked: BTreeSet<NotebookId>,
    /// Since when a notebook lacks something, and for how long somebody else may write it.
    lacking: BTreeMap<NotebookId, Lacking>,
    /// What must be here before this device takes others off.
    awaited: BTreeMap<NotebookId, Frontier>,
    /// What devices are called that were added here.
    labels: BTreeMap<DeviceId, String>,
}

/// A notebook that lacks something of this person's roster.
#[derive(Debug, Clone, Copy)]
struct Lacking {
    since_ms: u64,
    patience_ms: u64,
}

impl Lacking {
    const fn due_at_ms(self) -> u64 {
        self.since_ms.saturating_add(self.patience_ms)
    }
}

impl OwnDevices {
    pub(super) fn check(&mut self, notebook: NotebookId) {
        self.unchecked.insert(notebook);
    }

    /// Forgets what is to be done in a notebook.
    pub(super) fn forget(&mut self, notebook: NotebookId) {
        self.unchecked.remove(&notebook);
        self.lacking.remove(&notebook);
        self.awaited.remove(&notebook);
    }

    /// Says whether entries that arrive in a notebook may matter.
    pub(super) fn awaits(&self, notebook: &NotebookId) -> bool {
        self.awaited.contains_key(notebook)
    }

    pub(super) fn call(&mut self, device: DeviceId, label: String) {
        self.labels.insert(device, label);
    }

    pub(super) fn awaited_in(&self, notebook: &NotebookId) -> Option<&Frontier> {
        self.awaited.get(notebook)
    }

    pub(super) fn await_first(&mut self, notebook: NotebookId, frontier: Frontier) {
        self.awaited.insert(notebook, frontier);
    }

    /// Returns when a notebook has lacked something for long enough.
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.lacking
            .values()
            .map(|lacking| lacking.due_at_ms())
            .min()
    }
}

/// Keeps what a notebook waits for before others are taken off there.
pub(super) fn awaited_write(frontier: &Frontier) -> Write {
    let mut writer = Writer::new();
    frontier.write(&mut writer);
    Write::Put {
        space: Space::Awaited,
        key: Vec::new(),
        value: writer.into_bytes(),
    }
}

impl Engine {
    /// Returns whether this device is one of its person's.
    pub fn is_own_device(&self) -> bool {
        let own = self.identity.device.id();
        self.identity.roster.devices().contains_key(&own)
    }

    /// Adds a device to the roster and to every notebook, each of which gets a new key.
    ///
    /// # Errors
    /// [`DeviceError`]; where only a notebook's disk failed, it is told later.
    pub fn add_device(
        &mut self,
        claim: &DeviceClaim,
        label: String,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), DeviceError> {
        let entry = self.signed_here(|roster, own| roster.add_device(own, claim))?;
        self.own.call(claim.card.id(), label);
        self.change_roster([entry], storage, rng)
    }

    /// Takes a device off, in every notebook, each of which gets a new key.
    ///
    /// # Errors
    /// [`DeviceError`]; where only a notebook's disk failed, it is told later.
    pub fn revoke_device(
        &mut self,
        device: DeviceId,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), DeviceError> {
        if device == self.identity.device.id() {
            return Err(DeviceError::Itself);
        }
        if !self.identity.roster.devices().contains_key(&device) {
            return Err(DeviceError::Unknown(device));
        }
        // The person wants it off now; what has not come from it until now is not waited for.
        for notebook in std::mem::take(&mut self.own.awaited).into_keys() {
            self.forget_awaited(notebook, storage)?;
        }
        let entry = self.signed_here(|roster, own| roster.revoke_device(own, device))?;
        self.change_roster([entry], storage, rng)
    }

    /// Puts another recovery key in place of the one in force, in every notebook, each of which gets a new
    /// key that the old phrase does not open.
    ///
    /// # Errors
    /// [`DeviceError`]; where only a notebook's disk failed, it is told later.
    pub fn rotate_recovery(
        &mut self,
        present: &RecoverySecrets,
        new: &RecoverySecrets,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), DeviceError> {
        if !present.fit(self.identity.roster.recovery()) {
            return Err(DeviceError::OtherPhrase);
        }
        let card = new.card();
        let entry = self.signed_here(|roster, _| roster.rotate_recovery(present, &card))?;
        self.change_roster([entry], storage, rng)
    }

    /// Takes this very device in by the recovery phrase: what was restored from a backup is on nobody's roster
    /// until then. Every notebook gets a new key.
    ///
    /// # Errors
    /// [`DeviceError`]; where only a notebook's disk failed, it is told later.
    pub fn enrol_by_phrase(
        &mut self,
        recovery: &RecoverySecrets,
        revoke_others: bool,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), DeviceError> {
        if !recovery.fit(self.identity.roster.recovery()) {
            return Err(DeviceError::OtherPhrase);
        }
        let mut roster = self.identity.roster.clone();
        let own = self.identity.device.id();
        let claim = self.identity.device.claim(roster.person());
        let mut entries = vec![roster.recover_device(recovery, &claim)];
        for entry in &entries {
            roster.insert(entry.clone())?;
        }
        if revoke_others {
            entries.push(roster.revoke_others(recovery, own));
        }
        let notebooks: Vec<NotebookId> = self.notebooks().collect();
        for notebook in notebooks {
            if let Some(replica) = self.replicas.get_mut(&notebook) {
                replica.recover_keys(recovery);
            }
        }
        self.change_roster(entries, storage, rng)
    }

    fn signed_here(
        &self,
        sign: impl FnOnce(&Roster, &DeviceSecrets) -> RosterEntry,
    ) -> Result<RosterEntry, DeviceError> {
        if !self.is_own_device() {
            return Err(DeviceError::Revoked);
        }
        Ok(sign(&self.identity.roster, &self.identity.device))
    }

    /// Keeps new roster entries and writes them into every notebook at once.
    fn change_roster(
        &mut self,
        entries: impl IntoIterator<Item = RosterEntry>,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), DeviceError> {
        let mut roster = self.identity.roster.clone();
        for entry in entries {
            roster.insert(entry)?;
        }
        storage.keep_roster(&roster)?;
        self.identity.roster = roster;
        self.wants_sharing = true;
        // A notebook that could not be told is opened anew, and told with the next look.
        let _told_later = self.carry_everywhere(storage, rng);
        self.effects.push_back(Effect::DevicesChanged);
        Ok(())
    }

    /// Notes in every notebook how far this device wrote itself, before it goes on under other keys: what
    /// another copy of it has written there may come to light only later, and then nobody else knows whose is whose.
    ///
    /// # Errors
    /// [`StorageError`] where a disk fails.
    pub fn note_own_writing(&mut self, storage: &mut dyn Storage) -> Result<(), StorageError> {
        let notebooks: Vec<NotebookId> = self.notebooks().collect();
        for notebook in notebooks {
            if let Some(replica) = self.replicas.get_mut(&notebook) {
                replica.mark_stale_copy();
            }
            self.commit(notebook, storage)?;
        }
        Ok(())
    }

    /// Writes the home's roster into every notebook that lacks something of it, at once.
    ///
    /// # Errors
    /// [`StorageError`] of the last notebook whose disk failed; the others have it.
    pub fn carry_everywhere(
        &mut self,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), StorageError> {
        let notebooks: Vec<NotebookId> = self.notebooks().collect();
        let mut carried = Ok(());
        for notebook in notebooks {
            if let Err(error) = self.carry_into(notebook, storage, rng) {
                self.own.check(notebook);
                carried = Err(error);
            }
        }
        carried
    }

    /// Keeps the roster of the home and of every notebook equal; cheap where nothing changed.
    pub fn keep_devices(
        &mut self,
        now_ms: u64,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) {
        while let Some(notebook) = self.own.unchecked.pop_first() {
            if self.learn_roster(notebook, storage).is_err() {
                // The disk that does not keep a roster fails everything else as well, which is told there.
                self.own.check(notebook);
                return;
            }
            self.stop_awaiting(notebook, now_ms, storage);
            match self.patience_with(notebook) {
                Some(patience_ms) => {
                    let lacking = self.own.lacking.entry(notebook).or_insert(Lacking {
                        since_ms: now_ms,
                        patience_ms,
                    });
                    // What nobody else writes is due whatever comes besides.
                    if lacking.patience_ms > 0 {
                        lacking.patience_ms = patience_ms;
                    }
                }
                None => {
                    self.own.lacking.remove(&notebook);
                }
            }
        }
        let due: Vec<NotebookId> = self
            .own
            .lacking
            .iter()
            .filter(|(_, lacking)| {
                // A time that is still to come was noted before the clock went back.
                lacking.since_ms > now_ms || now_ms >= lacking.due_at_ms()
            })
            .map(|(notebook, _)| *notebook)
            .collect();
        for notebook in due {
            self.own.lacking.remove(&notebook);
            if self.carry_into(notebook, storage, rng).is_err() {
                self.own.check(notebook);
            }
        }
        // What a failing disk still holds is looked at again with the next call.
        let _looked_at_again = self.review_capsules(storage);
    }

    /// Takes what a notebook holds of this person's roster into the home's.
    fn learn_roster(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let person = self.identity.person();
        let Some(known) = self
            .replicas
            .get(&notebook)
            .and_then(|replica| replica.controls().roster(&person))
        else {
            return Ok(());
        };
        let mut roster = self.identity.roster.clone();
        // One that is full stays as it is, in every notebook alike.
        if !matches!(roster.merge(known), Ok(true)) {
            return Ok(());
        }
        storage.keep_roster(&roster)?;
        self.identity.roster = roster;
        self.wants_sharing = true;
        self.own.unchecked.extend(self.replicas.keys().copied());
        self.effects.push_back(Effect::DevicesChanged);
        Ok(())
    }

    /// Stops waiting where all is here that a device which was just recovered waits for.
    fn stop_awaiting(&mut self, notebook: NotebookId, now_ms: u64, storage: &mut dyn Storage) {
        let Some(awaited) = self.own.awaited.get(&notebook) else {
            return;
        };
        let Some(replica) = self.replicas.get(&notebook) else {
            return;
        };
        let mine = replica.frontier();
        let mut logs = awaited.logs.iter();
        if logs.all(|(log, (seq, _))| mine.seq(log) >= *seq)
            && self.forget_awaited(notebook, storage).is_ok()
        {
            self.own.awaited.remove(&notebook);
            // Nobody else writes it, so it is due at once.
            let due = Lacking {
                since_ms: now_ms,
                patience_ms: 0,
            };
            self.own.lacking.insert(notebook, due);
        }
    }

    fn forget_awaited(
        &self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let forget = Write::Delete {
            space: Space::Awaited,
            key: Vec::new(),
        };
        storage.commit(notebook, &[forget])
    }

    /// Says whether a notebook waits for what a member has before others are taken off there.
    pub fn awaits_before_revoking(&self, notebook: NotebookId) -> bool {
        self.own.awaits(&notebook)
    }

    /// Returns how long somebody else may take to write what a notebook lacks; `None` where it lacks nothing.
    fn patience_with(&self, notebook: NotebookId) -> Option<u64> {
        let replica = self.replicas.get(&notebook)?;
        let own = self.identity.device.id();
        let person = self.identity.person();
        let awaits = self.own.awaits(&notebook);
        let lacking = replica.lacking(self.identity.roster.entries());
        // What waits for something else is not what anybody is waited for.
        let lacking = lacking.filter(|entry| !(awaits && entry.kind.revokes()));
        let revokes: Vec<bool> = lacking.map(|entry| entry.kind.revokes()).collect();
        let lacks_entry = !revokes.is_empty();
        let is_member = replica.membership().member(&person).is_some();
        let lacks_label = replica.membership().person_of(&own) == Some(person)
            && replica.has_key_in_force()
            && replica.device_label(own).is_none();
        let patience_ms = if revokes.contains(&true) {
            CARRY_PATIENCE_MS
        } else {
            CARRY_PATIENCE_ADDED_MS
        };
        (self.is_own_device() && is_member && (lacks_entry || lacks_label)).then_some(patience_ms)
    }

    /// Writes into a notebook what it lacks of the home's roster, with the keys and labels that go with it.
    pub(super) fn carry_into(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), StorageError> {
        let Some(replica) = self.replicas.get(&notebook) else {
            return Ok(());
        };
        let own = self.identity.device.id();
        let person = self.identity.person();
        if !self.is_own_device() || replica.membership().member(&person).is_none() {
            return Ok(());
        }
        let lacking: Vec<RosterEntry> = replica
            .lacking(self.identity.roster.entries())
            .cloned()
            .collect();
        for entry in lacking {
            let added = entry.kind.added().map(crate::identity::DeviceCard::id);
            let label = added.and_then(|device| self.label_of(device));
            let awaits = self.own.awaits(&notebook);
            let Some(replica) = self.replicas.get_mut(&notebook) else {
                return Ok(());
            };
            let is_live = replica.membership().person_of(&own) == Some(person);
            let may_say = is_live || added == Some(own);
            if !may_say || !replica.holds_past_of(&entry) || (awaits && entry.kind.revokes()) {
                break;
            }
            if replica.carry(&entry, label.as_deref(), rng).is_err() {
                // The notebook takes no more, or the rules have changed since: there is nothing to be done.
                break;
            }
        }
        let label = self.identity.device_label.clone();
        let Some(replica) = self.replicas.get_mut(&notebook) else {
            return Ok(());
        };
        // What cannot be told without a key is told with the next change.
        let _told_later = replica.grant_to_own(rng);
        let _told_later = replica.tell_label(&label, rng);
        if !replica.has_unsaved() {
            return Ok(());
        }
        self.commit(notebook, storage)?;
        self.effects.push_back(Effect::MembershipChanged(notebook));
        Ok(())
    }

    /// Returns what a device of this person is called, as far as any notebook says.
    pub fn label_of(&self, device: DeviceId) -> Option<String> {
        if device == self.identity.device.id() {
            return Some(self.identity.device_label.clone());
        }
        let known = self.own.labels.get(&device).cloned();
        known.or_else(|| {
            self.replicas
                .values()
                .find_map(|replica| replica.device_label(device))
        })
    }

    pub(super) fn load_awaited(
        &mut self,
        notebook: NotebookId,
        storage: &dyn Storage,
    ) -> Result<(), StorageError> {
        if let Some(value) = storage.get(notebook, Space::Awaited, &[])? {
            let frontier = Frontier::read(&mut Reader::new(&value))
                .map_err(|error| StorageError::Damaged(error.to_string()))?;
            self.own.await_first(notebook, frontier);
        }
        Ok(())
    }
}
