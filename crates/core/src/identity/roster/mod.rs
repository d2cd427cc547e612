//! A person's roster: the signed entries that say which devices are theirs.
//!
//! They form a hash-linked DAG that proves itself: the founding entry carries the recovery card, whose
//! hash is the person, and every other one is signed by a device or the recovery key that entries before
//! it name. A device also says with its own keys whose it is, so nobody can claim another's. Which devices
//! are live is a pure function of the set of entries; the rules are in [`resolve`].

mod entry;
mod resolve;

use std::collections::BTreeMap;

pub use entry::{RosterEntry, RosterKind, RosterSigner};
pub use resolve::RosterView;

use super::{CardError, DeviceCard, DeviceClaim, DeviceSecrets, RecoveryCard, RecoverySecrets};
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::VerifyKey;
use crate::ids::{DeviceId, PersonId, RosterHash};
use crate::limits::{ROSTER_ENTRIES_MAX, ROSTER_ENTRY_BYTES_MAX, ROSTER_PARENTS_MAX};
use entry::{SignWith, Statement};
use resolve::{Node, Places, place};

/// A roster, or an entry of one, that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// The bytes do not follow the layout.
    #[error("the roster entry is malformed: {0}")]
    Layout(#[from] DecodeError),
    /// A card inside holds no usable keys.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The first entry does not make the person that it names, or an entry belongs to somebody else.
    #[error("the roster's recovery card is not that of the person it names")]
    WrongPerson,
    /// The signature does not fit.
    #[error("the roster entry's signature does not fit its signer")]
    Signature,
    /// The device's own keys do not say that it is this person's.
    #[error("the roster names a device whose keys do not say that it is this person's")]
    NotClaimed,
    /// There is no first entry, or more than one.
    #[error("a roster begins with exactly one founding entry")]
    NoFounding,
    /// The signer is no device on this roster, or may not sign this.
    #[error("the roster entry is signed by a device that is not on the roster")]
    UnknownSigner,
    /// Entries that it names as its past are not there.
    #[error("the roster entry builds on entries that are not here")]
    PastMissing,
    /// The roster is as long as it may become.
    #[error("the roster has {ROSTER_ENTRIES_MAX} entries, which is the limit")]
    Full,
}

/// A person's roster.
#[derive(Debug, Clone)]
pub struct Roster {
    person: PersonId,
    /// By level, then hash: the founding entry first, and each after its past.
    nodes: Vec<Node>,
    view: RosterView,
}

impl PartialEq for Roster {
    fn eq(&self, other: &Self) -> bool {
        self.person == other.person && self.hashes().eq(other.hashes())
    }
}

impl Eq for Roster {}

impl Roster {
    /// Starts a roster from its founding entry.
    ///
    /// # Errors
    /// [`RosterError::NoFounding`] where it is another entry.
    pub fn new(founding: RosterEntry) -> Result<Self, RosterError> {
        let RosterKind::Found { recovery, device } = founding.kind.clone() else {
            return Err(RosterError::NoFounding);
        };
        Ok(Self::of_founding(founding, *recovery, *device))
    }

    /// Founds a person: signs the first entry of their roster, which names their first device.
    pub fn found(recovery: &RecoverySecrets, device: &DeviceSecrets) -> Self {
        let founding = recovery.found_roster(device);
        Self::of_founding(founding, recovery.card(), device.card().clone())
    }

    fn of_founding(founding: RosterEntry, recovery: RecoveryCard, device: DeviceCard) -> Self {
        let view = RosterView {
            recovery,
            devices: BTreeMap::from([(device.id(), device)]),
            revoked: BTreeMap::new(),
        };
        Self {
            person: founding.person,
            nodes: vec![Node {
                entry: founding,
                past: 0,
                signed_by: Some(0),
                authorised: true,
            }],
            view,
        }
    }

    /// Reads a roster: a count, then each entry with its length, each after its past.
    ///
    /// # Errors
    /// [`RosterError`] for the first entry that cannot be accepted.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, RosterError> {
        let count = reader.count("roster entries", ROSTER_ENTRIES_MAX)?;
        let mut next = || {
            reader
                .bytes("roster entry", ROSTER_ENTRY_BYTES_MAX)
                .map_err(RosterError::from)
                .and_then(RosterEntry::parse)
        };
        if count == 0 {
            return Err(RosterError::NoFounding);
        }
        let mut roster = Self::new(next()?)?;
        for _ in 1..count {
            roster.insert(next()?)?;
        }
        Ok(roster)
    }

    /// Appends the roster in the form that [`Roster::read`] takes.
    pub fn write(&self, writer: &mut Writer) {
        writer.varint(self.nodes.len() as u64);
        for node in &self.nodes {
            writer.bytes(node.entry.as_bytes());
        }
    }

    /// Returns the roster's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.write(&mut writer);
        writer.into_bytes()
    }

    /// Takes an entry in; returns whether it is new. One that its author may not write is kept and does
    /// not count.
    ///
    /// # Errors
    /// [`RosterError`] for an entry of another roster, whose past is missing, or that is wrongly signed.
    pub fn insert(&mut self, entry: RosterEntry) -> Result<bool, RosterError> {
        if entry.person != self.person {
            return Err(RosterError::WrongPerson);
        }
        if self.contains(&entry.hash()) {
            return Ok(false);
        }
        if matches!(entry.kind, RosterKind::Found { .. }) {
            return Err(RosterError::NoFounding);
        }
        if self.nodes.len() >= ROSTER_ENTRIES_MAX {
            return Err(RosterError::Full);
        }
        let past = self.past_of(&entry)?;
        self.check_signature(&entry, past)?;
        if self.is_last(&entry) {
            self.append(entry);
            self.resolve();
            return Ok(true);
        }
        let mut entries: Vec<RosterEntry> = self.nodes.drain(..).map(|node| node.entry).collect();
        entries.push(entry);
        self.rebuild(entries);
        Ok(true)
    }

    /// Says whether an entry whose past is here stands behind all others in the order of level, then hash.
    fn is_last(&self, entry: &RosterEntry) -> bool {
        let levels = self.levels();
        let after = |parent: &RosterHash| levels.get(parent).map_or(0, |level| level + 1);
        let level = entry.parents.iter().map(after).max().unwrap_or(0);
        let last = self.nodes.last().map(|node| node.entry.hash());
        last.is_none_or(|last| {
            let last_level = levels.get(&last).copied().unwrap_or(0);
            (last_level, last) < (level, entry.hash())
        })
    }

    fn levels(&self) -> BTreeMap<RosterHash, u32> {
        levels_of(self.nodes.iter().map(|node| &node.entry))
    }

    /// Says whether every entry of another copy of the same roster is here.
    pub fn holds_all_of(&self, other: &Self) -> bool {
        other.hashes().all(|hash| self.contains(&hash))
    }

    /// Takes over what another copy of the same roster has beyond this one.
    ///
    /// # Errors
    /// [`RosterError`] where it is another person's, or there is no room.
    pub fn merge(&mut self, other: &Self) -> Result<bool, RosterError> {
        let mut is_new = false;
        for entry in other.entries() {
            is_new |= match self.insert(entry.clone()) {
                Err(RosterError::NoFounding) if self.contains(&entry.hash()) => false,
                result => result?,
            };
        }
        Ok(is_new)
    }

    /// Puts the entries in their order and resolves them. All were checked.
    fn rebuild(&mut self, entries: Vec<RosterEntry>) {
        // They came in an order in which each follows its past, but for the last one.
        let levels = levels_of(entries.iter());
        let mut sorted: Vec<(u32, RosterEntry)> = entries
            .into_iter()
            .map(|entry| (levels.get(&entry.hash()).copied().unwrap_or(0), entry))
            .collect();
        sorted.sort_by_key(|(level, entry)| (*level, entry.hash()));
        for (_, entry) in sorted {
            self.append(entry);
        }
        self.resolve();
    }

    /// Puts an entry behind the others. It was checked.
    fn append(&mut self, entry: RosterEntry) {
        let past = self.past_of(&entry).unwrap_or(0);
        let (signed_by, authorised) = match entry.signer {
            RosterSigner::Recovery => (self.recovery_signer(&entry, past), true),
            RosterSigner::Device(device) => {
                let before = resolve::resolve(&self.nodes, past);
                let is_live = before.is_some_and(|view| view.devices.contains_key(&device));
                (None, is_live)
            }
        };
        let signed_by = signed_by.or_else(|| self.nodes.is_empty().then_some(0));
        self.nodes.push(Node {
            entry,
            past,
            signed_by,
            authorised,
        });
    }

    fn resolve(&mut self) {
        if let Some(view) = resolve::resolve(&self.nodes, Places::MAX) {
            self.view = view;
        }
    }

    fn past_of(&self, entry: &RosterEntry) -> Result<Places, RosterError> {
        entry.parents.iter().try_fold(0, |past, parent| {
            let at = self
                .nodes
                .iter()
                .position(|node| node.entry.hash() == *parent)
                .ok_or(RosterError::PastMissing)?;
            let before = self.nodes.get(at).map_or(0, |node| node.past);
            Ok(past | before | place(at))
        })
    }

    fn within(&self, past: Places) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes
            .iter()
            .enumerate()
            .filter(move |(at, _)| past >> at & 1 == 1)
    }

    fn check_signature(&self, entry: &RosterEntry, past: Places) -> Result<(), RosterError> {
        match entry.signer {
            RosterSigner::Recovery => self
                .recovery_signer(entry, past)
                .map(drop)
                .ok_or(RosterError::Signature),
            RosterSigner::Device(device) => {
                let card = self
                    .within(past)
                    .filter_map(|(_, node)| node.entry.kind.added())
                    .find(|card| card.id() == device)
                    .ok_or(RosterError::UnknownSigner)?;
                entry.verify(&card.verify_key)
            }
        }
    }

    /// Returns the place of the entry whose recovery card signed `entry`.
    fn recovery_signer(&self, entry: &RosterEntry, past: Places) -> Option<usize> {
        self.within(past).find_map(|(at, node)| {
            let card = node.entry.kind.recovery()?;
            entry.verify(&card.verify_key).is_ok().then_some(at)
        })
    }

    /// Returns whose roster it is.
    pub const fn person(&self) -> PersonId {
        self.person
    }

    /// Returns which devices and which recovery key are in force.
    pub const fn view(&self) -> &RosterView {
        &self.view
    }

    /// Returns what is in force as of the entries that `is_known` says yes to; they hold the past of each
    /// of them. `None` where the founding entry is not among them.
    pub fn view_of(&self, mut is_known: impl FnMut(&RosterHash) -> bool) -> Option<RosterView> {
        let mut within: Places = 0;
        for (at, node) in self.nodes.iter().enumerate() {
            if is_known(&node.entry.hash()) {
                within |= place(at);
            }
        }
        if within & 1 == 0 {
            return None;
        }
        resolve::resolve(&self.nodes, within)
    }

    /// Returns the card that epoch keys are wrapped to for recovery.
    pub const fn recovery(&self) -> &RecoveryCard {
        &self.view.recovery
    }

    /// Returns the person's live devices.
    pub const fn devices(&self) -> &BTreeMap<DeviceId, DeviceCard> {
        &self.view.devices
    }

    /// Returns the entries, each after its past.
    pub fn entries(&self) -> impl Iterator<Item = &RosterEntry> {
        self.nodes.iter().map(|node| &node.entry)
    }

    fn hashes(&self) -> impl Iterator<Item = RosterHash> {
        self.entries().map(RosterEntry::hash)
    }

    /// Says whether an entry is here.
    pub fn contains(&self, hash: &RosterHash) -> bool {
        self.hashes().any(|known| known == *hash)
    }

    /// Returns the entries that no other one names: what the next one names as its parents.
    pub fn heads(&self) -> Vec<RosterHash> {
        let mut heads: Vec<RosterHash> = self
            .hashes()
            .filter(|hash| !self.entries().any(|entry| entry.parents.contains(hash)))
            .collect();
        heads.sort_unstable();
        heads.truncate(ROSTER_PARENTS_MAX);
        heads
    }

    /// Signs the addition of a device that says itself that it is this person's.
    pub fn add_device(&self, signer: &DeviceSecrets, claim: &DeviceClaim) -> RosterEntry {
        self.sign(&Statement::Add(claim), SignWith::Device(signer))
    }

    /// Signs that a device is the person's no more.
    pub fn revoke_device(&self, signer: &DeviceSecrets, device: DeviceId) -> RosterEntry {
        self.sign(&Statement::Revoke(device), SignWith::Device(signer))
    }

    /// Signs the addition of a device with the recovery key.
    pub fn recover_device(&self, recovery: &RecoverySecrets, claim: &DeviceClaim) -> RosterEntry {
        self.sign(&Statement::Add(claim), SignWith::Recovery(recovery))
    }

    /// Signs with the recovery key that a device is the person's no more.
    pub fn recovery_revoke(&self, recovery: &RecoverySecrets, device: DeviceId) -> RosterEntry {
        self.sign(&Statement::Revoke(device), SignWith::Recovery(recovery))
    }

    /// Signs with the recovery key that no device is the person's but `keep`, known or not, and what is
    /// added after this.
    pub fn revoke_others(&self, recovery: &RecoverySecrets, keep: DeviceId) -> RosterEntry {
        self.sign(&Statement::RevokeOthers(keep), SignWith::Recovery(recovery))
    }

    /// Signs with the recovery key in force that another one takes its place.
    pub fn rotate_recovery(&self, recovery: &RecoverySecrets, new: &RecoveryCard) -> RosterEntry {
        self.sign(&Statement::Rotate(new), SignWith::Recovery(recovery))
    }

    fn sign(&self, statement: &Statement<'_>, with: SignWith<'_>) -> RosterEntry {
        RosterEntry::sign(self.person, self.heads(), statement, with)
    }
}

/// Returns the length of the longest path to each entry; they come in an order in which each follows its past.
fn levels_of<'a>(entries: impl Iterator<Item = &'a RosterEntry>) -> BTreeMap<RosterHash, u32> {
    let mut levels: BTreeMap<RosterHash, u32> = BTreeMap::new();
    for entry in entries {
        let before = entry.parents.iter().filter_map(|parent| levels.get(parent));
        let level = before.max().map_or(0, |level| level + 1);
        levels.insert(entry.hash(), level);
    }
    levels
}

impl RecoverySecrets {
    /// Signs the first entry of the person's roster, which names their first device.
    pub fn found_roster(&self, device: &DeviceSecrets) -> RosterEntry {
        let card = self.card();
        let person = card.person();
        RosterEntry::sign(
            person,
            Vec::new(),
            &Statement::Found(&card, &device.claim(person)),
            SignWith::Recovery(self),
        )
    }

    /// Says whether these are the keys of a recovery card.
    pub fn fit(&self, card: &RecoveryCard) -> bool {
        let own: VerifyKey = self.card().verify_key;
        own == card.verify_key
    }
}

#[cfg(test)]
mod tests;
