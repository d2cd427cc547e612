//! What the capsules of somebody who comes back say, put together: what there was, who has it, and what of it
//! nobody is left to give.

use std::collections::{BTreeMap, BTreeSet};

use hearth_core::capsule::{
    CapsuleContact, CapsuleContent, CapsuleHead, CapsuleKey, CapsuleMirror, JournalCopy,
    NotebookState,
};
use hearth_core::enrol::{ContactTicket, FoundCapsule};
use hearth_core::identity::Roster;
use hearth_core::ids::{CapsuleHash, DeviceId, NotebookId, PersonId, TransportId};
use serde_json::{Value, json};

use crate::api::Failure;
use crate::driver::PeerAddrs;
use crate::host::{AwaitedNotebook, Holder, Host, random, sentence};
use crate::service;

/// Devices that are asked at once for one notebook: any of them has all of it.
const ASKED_FOR_ONE_MAX: usize = 4;
/// Devices whose places are remembered beyond those that are asked again.
const REMEMBERED_MAX: usize = 64;

/// How a device that was asked did not answer.
#[derive(Debug)]
pub(super) enum Asked {
    /// It could not be reached, or said no.
    Silent(String),
}

/// A device or a mirror that a capsule names as one to ask.
#[derive(Debug)]
struct Contact {
    /// Whose device it is; nobody's, for a mirror.
    person: Option<PersonId>,
    name: String,
    device: DeviceId,
    transport: TransportId,
    place: PeerAddrs,
}

impl Contact {
    fn of_device(contact: CapsuleContact) -> Self {
        Self {
            person: Some(contact.person),
            name: contact.name,
            device: contact.device,
            transport: contact.transport,
            place: PeerAddrs {
                addrs: contact.addresses,
                relays: contact.relays,
            },
        }
    }

    fn of_mirror(mirror: CapsuleMirror) -> Self {
        Self {
            person: None,
            name: format!("the mirror {}", mirror.name).trim_end().to_owned(),
            device: mirror.mirror.as_peer(),
            transport: mirror.transport,
            place: PeerAddrs {
                addrs: mirror.addresses,
                relays: mirror.relays,
            },
        }
    }

    fn ticket(&self) -> ContactTicket {
        ContactTicket {
            device: self.device,
            transport: self.transport,
            addresses: self.place.addrs.clone(),
            relays: self.place.relays.clone(),
        }
    }
}

/// A notebook that a capsule names.
#[derive(Debug)]
struct Named {
    title: String,
    state: NotebookState,
    made_ms: u64,
    holders: BTreeSet<DeviceId>,
}

/// All capsules that were opened, put together.
#[derive(Debug, Default)]
pub(super) struct OpenedCapsules {
    /// The keys in them.
    pub(super) keys: Vec<CapsuleKey>,
    opened: BTreeMap<CapsuleHash, (CapsuleHead, usize)>,
    /// Who gave one that cannot be used, and why it cannot.
    unusable: Vec<(DeviceId, String)>,
    /// Who answered and gave none.
    without: Vec<DeviceId>,
    silent: BTreeMap<DeviceId, String>,
    rosters: Vec<Roster>,
    name: Option<(u64, String)>,
    contacts: BTreeMap<DeviceId, Contact>,
    notebooks: BTreeMap<NotebookId, Named>,
    journals: Vec<(u64, JournalCopy)>,
    handed: BTreeSet<NotebookId>,
}

/// What became of it all.
pub(super) struct Told {
    /// For the answer of the command.
    pub(super) data: Value,
    /// Whether nothing is awaited any more.
    pub(super) is_complete: bool,
}

impl OpenedCapsules {
    /// Takes the capsules that a device gave.
    pub(super) fn take(&mut self, from: DeviceId, capsules: Vec<FoundCapsule>) {
        if capsules.is_empty() {
            self.without.push(from);
        }
        for capsule in capsules {
            match capsule {
                FoundCapsule::Opened(head, content) => self.open(head, *content),
                FoundCapsule::Unusable(error) => {
                    self.unusable.push((from, sentence(&error.to_string())));
                }
            }
        }
    }

    fn open(&mut self, head: CapsuleHead, content: CapsuleContent) {
        if self.opened.contains_key(&head.hash) {
            return;
        }
        let made_ms = head.time_ms;
        let mirrors: Vec<CapsuleMirror> = content.known_mirrors().collect();
        self.opened
            .insert(head.hash, (head, content.notebooks.len()));
        let newest = self.name.as_ref().map_or(0, |(made_ms, _)| *made_ms);
        if made_ms >= newest && !content.name.is_empty() {
            self.name = Some((made_ms, content.name));
        }
        for (place, named) in content.notebooks.into_iter().enumerate() {
            let devices = named
                .holders
                .iter()
                .filter_map(|place| content.contacts.get(*place))
                .map(|contact| contact.device);
            let of_it = mirrors
                .iter()
                .filter(|mirror| mirror.notebooks.contains(&place));
            let holders = devices.chain(of_it.map(|mirror| mirror.mirror.as_peer()));
            let known = self.notebooks.entry(named.notebook).or_insert(Named {
                title: String::new(),
                state: named.state,
                made_ms: 0,
                holders: BTreeSet::new(),
            });
            known.holders.extend(holders);
            if made_ms >= known.made_ms {
                known.made_ms = made_ms;
                known.title = named.title;
                known.state = named.state;
            }
        }
        let devices = content.contacts.into_iter().map(Contact::of_device);
        let mirrors = mirrors.into_iter().map(Contact::of_mirror);
        for contact in devices.chain(mirrors) {
            self.contacts.entry(contact.device).or_insert(contact);
        }
        self.rosters.push(content.roster);
        self.keys.extend(content.keys);
        let journals = content.journals.into_iter();
        self.journals.extend(journals.map(|copy| (made_ms, copy)));
    }

    /// Notes how a device did not answer.
    pub(super) fn asked(&mut self, device: DeviceId, asked: Asked) {
        let Asked::Silent(why) = asked;
        self.silent.insert(device, why);
    }

    /// Notes that somebody handed a notebook over.
    pub(super) fn handed(&mut self, notebook: NotebookId) {
        self.handed.insert(notebook);
    }

    /// Returns the rosters that the capsules hold.
    pub(super) fn rosters(&self) -> impl Iterator<Item = &Roster> {
        self.rosters.iter()
    }

    /// Returns what the person was called.
    pub(super) fn name(&self) -> Option<String> {
        self.name.as_ref().map(|(_, name)| name.clone())
    }

    /// Returns who may have what nobody has handed over yet, and was not asked.
    pub(super) fn whom_to_ask(&self, asked: &BTreeSet<DeviceId>) -> Vec<ContactTicket> {
        let mut next: BTreeSet<DeviceId> = BTreeSet::new();
        for (notebook, named) in &self.notebooks {
            if self.handed.contains(notebook) || self.has_copy(*notebook) {
                continue;
            }
            let holders = named.holders.iter();
            let left = holders.filter(|device| !asked.contains(*device));
            next.extend(left.take(ASKED_FOR_ONE_MAX));
        }
        next.iter()
            .filter_map(|device| self.contacts.get(device))
            .map(Contact::ticket)
            .collect()
    }

    fn has_copy(&self, notebook: NotebookId) -> bool {
        let mut copies = self.journals.iter();
        copies.any(|(_, copy)| copy.notebook == notebook)
    }

    /// Takes journals back, notes what is still awaited, and says what became of everything.
    pub(super) fn settle(&self, host: &mut Host) -> Result<Told, Failure> {
        let damaged = self.take_journals_back(host);
        for contact in self.contacts.values().take(REMEMBERED_MAX) {
            host.remember_seen(contact.device, &contact.place);
        }
        let (mut awaited, mut lost) = (Vec::new(), Vec::new());
        let mut journal = self.journal_word(host);
        for (notebook, named) in &self.notebooks {
            if host.engine.replica(*notebook).is_some() || self.handed.contains(notebook) {
                continue;
            }
            let holders = self.holders(host, named);
            let brief = json!({ "id": notebook.to_string(), "title": named.title });
            if holders.is_empty() {
                let reason = damaged
                    .get(notebook)
                    .map_or(why_lost(named.state), |_| "damaged");
                if named.state.is_journal() {
                    journal = reason;
                }
                let mut told = brief;
                told["reason"] = json!(reason);
                lost.push(told);
                continue;
            }
            if named.state.is_journal() {
                journal = "awaited";
            }
            awaited.push(AwaitedNotebook {
                notebook: notebook.to_string(),
                title: named.title.clone(),
                holders,
            });
        }
        host.keep_awaited(&awaited, &self.keys)?;
        let from = |one: &AwaitedNotebook| {
            let names: BTreeSet<&str> = one
                .holders
                .iter()
                .map(|holder| holder.name.as_str())
                .collect();
            json!({ "id": one.notebook, "title": one.title, "from": names })
        };
        let awaited: Vec<Value> = awaited.iter().map(from).collect();
        Ok(Told {
            is_complete: awaited.is_empty(),
            data: json!({
                "capsules": self.capsules_view(host),
                "unusable": self.unusable_view(),
                "without": self.without.iter().map(|device| self.called(*device)).collect::<Vec<_>>(),
                "silent": self.silent_view(),
                "awaited": awaited,
                "lost": lost,
                "journal": journal,
            }),
        })
    }

    /// Takes the copies of journals back, the newest first; returns those that cannot be, and why.
    fn take_journals_back(&self, host: &mut Host) -> BTreeMap<NotebookId, String> {
        let mut copies: Vec<&(u64, JournalCopy)> = self.journals.iter().collect();
        copies.sort_by_key(|(made_ms, _)| core::cmp::Reverse(*made_ms));
        let mut damaged = BTreeMap::new();
        for (_, copy) in copies {
            let Host {
                engine, storage, ..
            } = &mut *host;
            let taken = engine.take_back(copy, &self.keys, storage, &mut random());
            if let Err(error) = taken {
                damaged.insert(copy.notebook, sentence(&error.to_string()));
            }
        }
        damaged
    }

    /// Says what became of the journal, where it is here or nobody knows of one.
    fn journal_word(&self, host: &Host) -> &'static str {
        let is_here = |notebook: &NotebookId| host.engine.replica(*notebook).is_some();
        let mut journals = self
            .notebooks
            .iter()
            .filter(|(_, named)| named.state.is_journal());
        let here = journals.find(|(notebook, _)| is_here(notebook));
        if let Some((notebook, _)) = here {
            if self.handed.contains(notebook) {
                "handed-over"
            } else {
                "restored"
            }
        } else if self.opened.is_empty() {
            "unknown"
        } else {
            "none"
        }
    }

    /// Returns who may still give a notebook: not a device of the person's own that is off.
    fn holders(&self, host: &Host, named: &Named) -> Vec<Holder> {
        let roster = &host.engine.identity().roster;
        let (me, own) = (host.me(), host.my_device());
        named
            .holders
            .iter()
            .filter_map(|device| self.contacts.get(device))
            .filter(|contact| {
                let is_live = roster.devices().contains_key(&contact.device);
                contact.device != own && (contact.person != Some(me) || is_live)
            })
            .map(|contact| Holder {
                device: contact.device.to_string(),
                transport: contact.transport.to_string(),
                name: if contact.person == Some(me) {
                    "another device of yours".to_owned()
                } else {
                    contact.name.clone()
                },
                addrs: contact.place.clone(),
            })
            .collect()
    }

    fn called(&self, device: DeviceId) -> Value {
        let contact = self.contacts.get(&device);
        let name = contact.map_or("", |contact| contact.name.as_str());
        json!({ "device": device.to_string(), "name": name })
    }

    fn capsules_view(&self, host: &Host) -> Vec<Value> {
        let mut all: Vec<&(CapsuleHead, usize)> = self.opened.values().collect();
        all.sort_by_key(|(head, _)| core::cmp::Reverse(head.time_ms));
        all.iter()
            .map(|(head, notebooks)| {
                json!({
                    "device": head.device.to_string(),
                    "label": host.engine.label_of(head.device),
                    "made": service::time(head.time_ms),
                    "notebooks": notebooks,
                })
            })
            .collect()
    }

    fn unusable_view(&self) -> Vec<Value> {
        let view = |(device, reason): &(DeviceId, String)| {
            let mut view = self.called(*device);
            view["reason"] = json!(reason);
            view
        };
        self.unusable.iter().map(view).collect()
    }

    fn silent_view(&self) -> Vec<Value> {
        let view = |(device, reason): (&DeviceId, &String)| {
            let mut view = self.called(*device);
            view["reason"] = json!(reason);
            view
        };
        self.silent.iter().map(view).collect()
    }
}

const fn why_lost(state: NotebookState) -> &'static str {
    match state {
        NotebookState::Journal => "not-copied",
        NotebookState::JournalTooLarge => "too-large",
        NotebookState::JournalCopied => "damaged",
        _ => "only-there",
    }
}
