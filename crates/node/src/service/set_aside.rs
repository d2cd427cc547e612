//! What is kept and does not count, as `verify` lists it and `status` sums it up: who signed it, on which
//! device, and why it was set aside.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hearth_core::control::{ControlEntry, ControlKind};
use hearth_core::ids::{DeviceId, EntryHash, PersonId, Seq};
use hearth_core::replica::Replica;
use serde_json::{Value, json};

use super::answer::with;
use crate::host::Directory;

/// Why an entry does not count whose device is not named for anything else.
const NOT_COUNTED: &str = "its author may not write here";

/// One entry that does not count.
struct Entry<'a> {
    device: DeviceId,
    hash: String,
    /// Its place in its log; a control entry has none.
    seq: Option<Seq>,
    reason: Cow<'a, str>,
}

/// The entries of one notebook that do not count.
pub(super) struct Kept<'a> {
    replica: &'a Replica,
    directory: &'a Directory,
    entries: Vec<Entry<'a>>,
    /// Devices of which the replica names an entry; of many alike it names the first.
    named: BTreeSet<DeviceId>,
}

impl<'a> Kept<'a> {
    /// Takes what the replica has set aside, and what admins signed and the rules make void.
    pub(super) fn of(replica: &'a Replica, directory: &'a Directory) -> Self {
        let mut kept = Self {
            replica,
            directory,
            entries: Vec::new(),
            named: BTreeSet::new(),
        };
        for (hash, entry) in replica.set_aside() {
            kept.named.insert(entry.device);
            kept.entries.push(Entry {
                device: entry.device,
                hash: hash.to_string(),
                seq: Some(entry.seq),
                reason: Cow::Borrowed(&entry.reason),
            });
        }
        let membership = replica.membership();
        let void = membership.void_acts().iter();
        for hash in void.chain(membership.voided_admissions()) {
            if let Some(entry) = replica.controls().get(hash) {
                let reason = kept.reason_of_act(entry);
                kept.entries.push(Entry {
                    device: entry.device,
                    hash: hash.to_string(),
                    seq: None,
                    reason: Cow::Owned(reason),
                });
            }
        }
        kept
    }

    /// Adds an entry whose author might not write, unless its device is named already.
    pub(super) fn note_uncounted(&mut self, hash: EntryHash, device: DeviceId, seq: Seq) {
        if !self.named.contains(&device) {
            self.entries.push(Entry {
                device,
                hash: hash.to_string(),
                seq: Some(seq),
                reason: Cow::Borrowed(NOT_COUNTED),
            });
        }
    }

    /// Returns each entry, with the notebook.
    pub(super) fn each(&self, notebook: &Value) -> Vec<Value> {
        let view = |entry: &Entry<'_>| {
            with(
                self.signer(&entry.device),
                json!({
                    "notebook": notebook,
                    "entry": entry.hash,
                    "seq": entry.seq.map(Seq::get),
                    "reason": entry.reason,
                }),
            )
        };
        self.entries.iter().map(view).collect()
    }

    /// Returns who signed how many entries that were set aside for which reason.
    pub(super) fn summed_up(&self) -> Vec<Value> {
        let mut counts: BTreeMap<(DeviceId, &str), u64> = BTreeMap::new();
        for entry in &self.entries {
            *counts.entry((entry.device, &entry.reason)).or_default() += 1;
        }
        counts
            .into_iter()
            .map(|((device, reason), count)| {
                let facts = json!({ "reason": reason, "entries": count });
                with(self.signer(&device), facts)
            })
            .collect()
    }

    fn signer(&self, device: &DeviceId) -> Value {
        let person = self.person_of(device);
        json!({
            "person": person.map(|person| person.to_string()),
            "name": person.map(|person| self.directory.person_name(&person)),
            "device": device.to_string(),
            "device_label": self.directory.device_label(device),
        })
    }

    fn person_of(&self, device: &DeviceId) -> Option<PersonId> {
        let known = self.replica.controls().device(device);
        known.map(|(person, _)| person)
    }

    /// Says what a control entry wanted and why that does not count, in words for a person.
    fn reason_of_act(&self, entry: &ControlEntry) -> String {
        let name = |person: &PersonId| self.directory.person_name(person);
        let what = match &entry.kind {
            ControlKind::Remove { person, .. } => format!("removes {}", name(person)),
            ControlKind::Demote { person } => format!("makes {} no admin any more", name(person)),
            ControlKind::Role { person, .. } => format!("changes the role of {}", name(person)),
            ControlKind::Admit(admit) => format!("admits {}", name(&admit.roster.person())),
            _ => "takes an invitation back".to_owned(),
        };
        let membership = self.replica.membership();
        let author = self.person_of(&entry.device);
        let is_admin = author
            .and_then(|author| membership.member(&author))
            .is_some_and(|member| member.grant.is_some());
        let why = if !self.replica.controls().is_well_formed(&entry.hash()) {
            "its author had no right to that"
        } else if is_admin && matches!(entry.kind, ControlKind::Admit(_)) {
            "the invitation had been taken back or used"
        } else {
            "its author's right to that had been ended when it came"
        };
        format!("it {what}, and does not count: {why}")
    }
}
