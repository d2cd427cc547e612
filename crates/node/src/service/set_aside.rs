//! What is kept and does not count, as `verify` lists it and `status` sums it up: who signed it, on which
//! device, and why it was set aside.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hearth_core::base::BaseStanding;
use hearth_core::control::{ControlEntry, ControlKind};
use hearth_core::ids::{DeviceId, EntryHash, NotebookId, PersonId, Seq};
use hearth_core::replica::{Adopted, Replica};
use hearth_core::storage::StorageError;
use serde_json::{Value, json};

use super::answer::with;
use crate::host::{Directory, Host};

/// Why an entry does not count whose device is not named for anything else.
const NOT_COUNTED: &str = "its author may not write here";

/// One entry that does not count.
struct Entry<'a> {
    device: DeviceId,
    hash: String,
    /// Its place in its log; a control entry has none.
    seq: Option<Seq>,
    reason: Cow<'a, str>,
    /// Who built on it, where it is shown for that.
    built_on_by: Vec<PersonId>,
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
    /// Of what is shown all the same it says who built on it, as far as `adopted` does.
    pub(super) fn of(
        replica: &'a Replica,
        directory: &'a Directory,
        adopted: &BTreeMap<EntryHash, Adopted>,
    ) -> Self {
        let mut kept = Self {
            replica,
            directory,
            entries: Vec::new(),
            named: BTreeSet::new(),
        };
        for (hash, entry) in replica.set_aside() {
            kept.named.insert(entry.device);
            let shown = adopted
                .get(hash)
                .filter(|shown| !shown.built_on_by.is_empty());
            let reason = shown.map_or(Cow::Borrowed(entry.reason.as_str()), |shown| {
                Cow::Owned(kept.reason_of_shown(shown))
            });
            let built_on_by = shown.map(|shown| shown.built_on_by.iter().copied().collect());
            kept.entries.push(Entry {
                device: entry.device,
                hash: hash.to_string(),
                seq: Some(entry.seq),
                reason,
                built_on_by: built_on_by.unwrap_or_default(),
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
                    built_on_by: Vec::new(),
                });
            }
        }
        if let BaseStanding::Refused(reason) = replica.base() {
            kept.note_refused_base(reason);
        }
        kept
    }

    fn note_refused_base(&mut self, reason: &str) {
        let create = self.replica.controls().create();
        let Some(creator) = self.replica.controls().get(&create) else {
            return;
        };
        let reason = format!(
            "what it has the notebook go on from does not check, so nothing of the notebook is shown: {reason}"
        );
        self.entries.push(Entry {
            device: creator.device,
            hash: create.to_string(),
            seq: None,
            reason: Cow::Owned(reason),
            built_on_by: Vec::new(),
        });
    }

    /// Adds an entry whose author might not write, unless its device is named already.
    pub(super) fn note_uncounted(&mut self, hash: EntryHash, device: DeviceId, seq: Seq) {
        if !self.named.contains(&device) {
            self.entries.push(Entry {
                device,
                hash: hash.to_string(),
                seq: Some(seq),
                reason: Cow::Borrowed(NOT_COUNTED),
                built_on_by: Vec::new(),
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
                    "built_on_by": self.people(&entry.built_on_by),
                }),
            )
        };
        self.entries.iter().map(view).collect()
    }

    /// Returns who signed how many entries that were set aside for which reason.
    pub(super) fn summed_up(&self) -> Vec<Value> {
        let mut counts: BTreeMap<(DeviceId, &str), (u64, &[PersonId])> = BTreeMap::new();
        for entry in &self.entries {
            let place = counts.entry((entry.device, &entry.reason));
            place.or_insert((0, &entry.built_on_by)).0 += 1;
        }
        counts
            .into_iter()
            .map(|((device, reason), (count, built_on_by))| {
                let facts = json!({
                    "reason": reason,
                    "entries": count,
                    "built_on_by": self.people(built_on_by),
                });
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

    fn people(&self, people: &[PersonId]) -> Vec<Value> {
        let view = |person: &PersonId| {
            let name = self.directory.person_name(person);
            json!({ "person": person.to_string(), "name": name })
        };
        people.iter().map(view).collect()
    }

    /// Says why an entry does not count, and whose work shows it all the same.
    fn reason_of_shown(&self, shown: &Adopted) -> String {
        let names = shown.built_on_by.iter();
        let names: Vec<String> = names
            .map(|person| self.directory.person_name(person))
            .collect();
        let names = match names.split_last() {
            Some((last, before)) if !before.is_empty() => {
                format!("{} and {last}", before.join(", "))
            }
            _ => names.concat(),
        };
        format!("{}; it is shown, since {names} built on it", shown.reason)
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

/// Returns what is shown although it does not count by itself, with who built on it. Empty where more than
/// `entries_max` entries would have to be read for that.
pub(super) fn adopted_in(
    host: &mut Host,
    notebook: NotebookId,
    entries_max: usize,
) -> Result<BTreeMap<EntryHash, Adopted>, StorageError> {
    let Host {
        engine, storage, ..
    } = host;
    let has_any = engine
        .replica(notebook)
        .is_some_and(|replica| !replica.set_aside().is_empty());
    if !has_any {
        return Ok(BTreeMap::new());
    }
    let replica = engine.replica_mut(notebook);
    replica.map_or_else(
        || Ok(BTreeMap::new()),
        |replica| replica.adopted(entries_max, storage),
    )
}
