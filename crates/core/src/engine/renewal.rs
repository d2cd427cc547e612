//! Makes this device's capsule anew when what it says has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::Engine;
use crate::capsule::{
    Basis, Capsule, CapsuleContact, CapsuleContent, CapsuleError, CapsuleKey, CapsuleMirror,
    CapsuleNotebook, CopyError, JournalCopy, KeptCapsule, NotebookState,
};
use crate::codec::Writer;
use crate::crypto;
use crate::ids::{CapsuleId, DeviceId, MirrorId, NotebookId, PersonId};
use crate::limits::{
    CAPSULE_CONTACTS_MAX, CAPSULE_EVERY_MS, CAPSULE_HOLDERS_MAX, CAPSULE_KEYS_MAX,
    CAPSULE_MIRROR_BYTES_MAX, CAPSULE_MIRRORS_MAX, CAPSULE_TITLE_BYTES_MAX, JOURNAL_COPIES_MAX,
    JOURNAL_COPY_UNPACKED_BYTES_MAX, MIRROR_ADDRESSES_MAX, MIRROR_RELAYS_MAX,
};
use crate::replica::Replica;
use crate::storage::{Storage, StorageError};

/// Bytes of a journal that are read at once.
const READ_BYTES_AIM: usize = 1024 * 1024;

/// What the engine does not know by itself and a capsule says.
#[derive(Debug, Clone, Default)]
pub struct CapsuleFacts {
    /// What notebooks are called.
    pub titles: BTreeMap<NotebookId, String>,
    /// Which of them are journals.
    pub journals: BTreeSet<NotebookId>,
    /// Where devices are: addresses and relays.
    pub reachable: BTreeMap<DeviceId, (Vec<SocketAddr>, Vec<String>)>,
    /// Whether the person wants a copy of the journals in the capsule.
    pub copies_journals: bool,
    /// Whether what changes all the time is not to wait, since the person asks for it now.
    pub is_urgent: bool,
    /// Whether the one that is here has to go, even where nobody could keep another: it names something that this
    /// person destroyed.
    pub has_to_go: bool,
}

/// What became of this device's capsule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It was made anew.
    Renewed,
    /// It says what there is to say, or there is nobody who could keep it.
    Current,
    /// Something has changed that waits until the last one is old enough.
    Waits,
}

/// Why a capsule was not renewed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenewError {
    /// It could not be made.
    #[error(transparent)]
    Capsule(#[from] CapsuleError),
    /// The disk failed; the earlier one is kept.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Engine {
    /// Makes this device's capsule anew where what it says has changed; says whether it did. What changes all
    /// the time waits until the last one is old enough.
    ///
    /// # Errors
    /// [`RenewError`]; the earlier one stays.
    pub fn renew_capsule(
        &mut self,
        facts: &CapsuleFacts,
        now_ms: u64,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<Renewal, RenewError> {
        let mut content = self.capsule_content(facts);
        // Nobody could keep it.
        if !self.is_own_device() || (content.is_for_nobody() && !facts.has_to_go) {
            return Ok(Renewal::Current);
        }
        let basis = self.basis_of(&content);
        let own = self.own_capsule();
        let id = CapsuleId::of(content.roster.recovery());
        if let Some(own) = own.filter(|own| own.head.id == id) {
            let made_ms = own.head.time_ms;
            // A time that is still to come was noted before the clock went back.
            let is_old = made_ms > now_ms || now_ms - made_ms >= CAPSULE_EVERY_MS;
            match own.basis {
                Some(before) if before == basis => return Ok(Renewal::Current),
                Some(before) if before.at_once == basis.at_once && !is_old && !facts.is_urgent => {
                    return Ok(Renewal::Waits);
                }
                _ => {}
            }
        }
        let counter = own.map_or(0, |own| own.head.counter).saturating_add(1);
        self.copy_journals(&mut content, storage)?;
        let (card, device) = (content.roster.recovery().clone(), &self.identity.device);
        let seal = |content: &CapsuleContent, rng: &mut dyn rand_core::CryptoRng| {
            Capsule::seal(content, &card, device, (counter, now_ms), rng)
        };
        let capsule = match seal(&content, rng) {
            Err(CapsuleError::TooLarge) if !content.journals.is_empty() => {
                give_up_copies(&mut content);
                seal(&content, rng)?
            }
            sealed => sealed?,
        };
        let journals = content.notebooks.iter().map(|notebook| notebook.state);
        let kept = KeptCapsule {
            person: self.identity.person(),
            head: *capsule.head(),
            journals: journals.filter(|state| state.is_journal()).collect(),
            basis: Some(basis),
        };
        self.keep_capsule(kept, &capsule, storage)?;
        Ok(Renewal::Renewed)
    }

    /// Puts together what a capsule says, without the copies of journals.
    fn capsule_content(&self, facts: &CapsuleFacts) -> CapsuleContent {
        let mut content = CapsuleContent {
            roster: self.identity.roster.clone(),
            name: self.identity.name.clone(),
            contacts: Vec::new(),
            notebooks: Vec::new(),
            mirrors: Vec::new(),
            keys: Vec::new(),
            journals: Vec::new(),
        };
        let mut places: BTreeMap<DeviceId, usize> = BTreeMap::new();
        let mut mirrors = NamedMirrors::default();
        let me = self.identity.person();
        for (notebook, replica) in &self.replicas {
            if replica.membership().member(&me).is_none() {
                continue;
            }
            let holders = self.holders_of(replica);
            let is_shared = holders.iter().any(|(_, person)| *person != me);
            let state = match (facts.journals.contains(notebook), is_shared) {
                (true, _) if facts.copies_journals => NotebookState::JournalCopied,
                (true, _) => NotebookState::Journal,
                (false, true) => NotebookState::Shared,
                (false, false) => NotebookState::Alone,
            };
            let mut named: BTreeSet<usize> = BTreeSet::new();
            for (device, person) in holders {
                let place = match places.get(&device) {
                    Some(place) => *place,
                    None if content.contacts.len() >= CAPSULE_CONTACTS_MAX => continue,
                    None => {
                        let Some(contact) = contact_of(replica, device, person, facts) else {
                            continue;
                        };
                        places.insert(device, content.contacts.len());
                        content.contacts.push(contact);
                        content.contacts.len() - 1
                    }
                };
                named.insert(place);
            }
            mirrors.add(replica, content.notebooks.len());
            content.notebooks.push(CapsuleNotebook {
                notebook: *notebook,
                state,
                title: title_of(facts.titles.get(notebook)),
                holders: named.into_iter().collect(),
            });
            content.keys.extend(keys_of(replica));
        }
        content.keys.truncate(CAPSULE_KEYS_MAX);
        content.mirrors = mirrors.records();
        content
    }

    /// Returns the other devices that hold a notebook, those that were heard last first.
    fn holders_of(&self, replica: &Replica) -> Vec<(DeviceId, PersonId)> {
        let notebook = replica.notebook();
        let own = self.identity.device.id();
        let mut holders: Vec<(DeviceId, PersonId)> = replica
            .membership()
            .devices()
            .iter()
            .filter(|(device, person)| {
                **device != own && !self.apart.is_distrusted(notebook, **person)
            })
            .map(|(device, person)| (*device, *person))
            .collect();
        if holders.len() > CAPSULE_HOLDERS_MAX {
            let heard = |device: DeviceId| self.peer(notebook, device).map(|peer| peer.heard_ms);
            holders.sort_by_key(|(device, _)| core::cmp::Reverse(heard(*device)));
            holders.truncate(CAPSULE_HOLDERS_MAX);
            // Who is named does not change with each word that is heard.
            holders.sort();
        }
        holders
    }

    fn basis_of(&self, content: &CapsuleContent) -> Basis {
        let mut writer = Writer::new();
        writer.bytes(&content.roster.to_bytes());
        for contact in &content.contacts {
            // Where a device is may wait, but not that it can be found at all.
            let is_reachable = !contact.addresses.is_empty() || !contact.relays.is_empty();
            writer
                .raw(contact.device.as_bytes())
                .u8(u8::from(is_reachable));
        }
        for notebook in &content.notebooks {
            writer
                .raw(notebook.notebook.as_bytes())
                .u8(notebook.state.code());
            writer.varint(notebook.holders.len() as u64);
            for holder in &notebook.holders {
                writer.varint(*holder as u64);
            }
        }
        for mirror in content.known_mirrors() {
            writer.raw(mirror.mirror.as_bytes());
            writer.varint(mirror.notebooks.len() as u64);
            for place in &mirror.notebooks {
                writer.varint(*place as u64);
            }
        }
        let at_once = crypto::digest("hearthside 2026-11 capsule basis", &[writer.as_slice()]);
        let mut positions = Writer::new();
        for notebook in &content.notebooks {
            let replica = self.replicas.get(&notebook.notebook);
            if let Some(replica) = replica.filter(|_| is_copied(notebook)) {
                positions
                    .u64(replica.next_position())
                    .u64(replica.controls().len() as u64);
            }
        }
        let parts: [&[u8]; 2] = [&content.to_bytes(), positions.as_slice()];
        Basis {
            at_once,
            whole: crypto::digest("hearthside 2026-11 capsule basis", &parts),
        }
    }

    /// Puts the copies of journals in, as far as they fit.
    fn copy_journals(
        &self,
        content: &mut CapsuleContent,
        storage: &dyn Storage,
    ) -> Result<(), StorageError> {
        let mut left = JOURNAL_COPIES_MAX;
        for notebook in content.notebooks.iter_mut().filter(|one| is_copied(one)) {
            let copy = match self.replicas.get(&notebook.notebook) {
                Some(replica) if left > 0 => copy_of(replica, storage)?,
                _ => None,
            };
            match copy {
                Some(copy) => {
                    left -= 1;
                    content.journals.push(copy);
                }
                None => notebook.state = NotebookState::JournalTooLarge,
            }
        }
        Ok(())
    }
}

/// The mirrors of all notebooks, with the places of those that name them.
#[derive(Default)]
struct NamedMirrors(BTreeMap<MirrorId, CapsuleMirror>);

impl NamedMirrors {
    fn add(&mut self, replica: &Replica, place: usize) {
        for (mirror, state) in replica.membership().mirrors() {
            let named = self.0.entry(*mirror).or_insert_with(|| CapsuleMirror {
                mirror: *mirror,
                transport: state.card.transport,
                name: String::new(),
                addresses: Vec::new(),
                relays: Vec::new(),
                notebooks: Vec::new(),
            });
            named.notebooks.push(place);
            let Some(ticket) = replica.mirror_ticket(mirror) else {
                continue;
            };
            named.name = ticket.name;
            for address in ticket.addresses {
                let is_new = !named.addresses.contains(&address);
                if is_new && named.addresses.len() < MIRROR_ADDRESSES_MAX {
                    named.addresses.push(address);
                }
            }
            for relay in ticket.relays {
                if !named.relays.contains(&relay) && named.relays.len() < MIRROR_RELAYS_MAX {
                    named.relays.push(relay);
                }
            }
        }
    }

    fn records(self) -> Vec<Vec<u8>> {
        let records = self.0.into_values().map(|mirror| mirror.to_bytes());
        records
            .filter(|record| record.len() <= CAPSULE_MIRROR_BYTES_MAX)
            .take(CAPSULE_MIRRORS_MAX)
            .collect()
    }
}

fn is_copied(notebook: &CapsuleNotebook) -> bool {
    notebook.state == NotebookState::JournalCopied
}

fn give_up_copies(content: &mut CapsuleContent) {
    content.journals.clear();
    for notebook in content.notebooks.iter_mut().filter(|one| is_copied(one)) {
        notebook.state = NotebookState::JournalTooLarge;
    }
}

fn contact_of(
    replica: &Replica,
    device: DeviceId,
    person: PersonId,
    facts: &CapsuleFacts,
) -> Option<CapsuleContact> {
    let card = replica.membership().card(&device)?;
    let (mut addresses, mut relays) = facts.reachable.get(&device).cloned().unwrap_or_default();
    addresses.sort();
    relays.sort();
    Some(CapsuleContact {
        person,
        name: replica.profile(person).name,
        device,
        transport: card.transport,
        addresses,
        relays,
    })
}

fn title_of(title: Option<&String>) -> String {
    let mut title = title.cloned().unwrap_or_default();
    let end = title.floor_char_boundary(CAPSULE_TITLE_BYTES_MAX);
    title.truncate(end);
    title
}

fn keys_of(replica: &Replica) -> impl Iterator<Item = CapsuleKey> {
    replica
        .membership()
        .epoch_heads()
        .iter()
        .filter_map(|epoch| {
            let key = replica.keys().get(epoch)?.clone();
            Some(CapsuleKey {
                notebook: replica.notebook(),
                epoch: *epoch,
                key,
            })
        })
}

/// Reads a journal from the disk and packs it; `None` where it is too large.
fn copy_of(replica: &Replica, storage: &dyn Storage) -> Result<Option<JournalCopy>, StorageError> {
    let mut entries = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    while from < replica.committed_position() {
        let read = storage.entries(replica.notebook(), from, READ_BYTES_AIM)?;
        let Some((last, _)) = read.last() else { break };
        from = last + 1;
        for (_, entry) in read {
            bytes += entry.len();
            entries.push(entry);
        }
        if bytes > JOURNAL_COPY_UNPACKED_BYTES_MAX {
            return Ok(None);
        }
    }
    match JournalCopy::pack(replica.notebook(), replica.controls().iter(), &entries) {
        Ok(copy) => Ok(Some(copy)),
        Err(CopyError::TooLarge) => Ok(None),
        Err(error) => Err(StorageError::Failed(error.to_string())),
    }
}
