//! Nodes without a network: frames go straight from one engine to the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use automerge::transaction::Transactable;
use automerge::{ROOT, ReadDoc};
use hearth_core::capsule::NotebookState;
use hearth_core::control::Role;
use hearth_core::document::DocumentId;
use hearth_core::engine::{
    CapsuleFacts, ConnectionId, ConnectionKind, Effect, Engine, Identity, LinkOfferId, Renewal, Way,
};
use hearth_core::enrol::{
    EnrolError, EnrolMessage, FoundCapsule, LinkTicket, Linked, Newcomer, NewcomerStep, Recovered,
    Seeker, SeekerStep,
};
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets, Roster};
use hearth_core::ids::{DeviceId, NotebookId, PersonId, TransportId};
use hearth_core::limits::{FRAME_BYTES_MAX, LINK_TICKET_MS};
use hearth_core::pairing::{Joiner, JoinerStep, PairingMessage};
use hearth_testkit::disk::MemoryDisk;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

pub(crate) const EXPORTER: [u8; 32] = [7; 32];
pub(crate) const START_MS: u64 = 1_800_000_000_000;

pub(crate) struct Device {
    pub(crate) engine: Engine,
    pub(crate) disk: MemoryDisk,
    pub(crate) random: ChaCha20Rng,
    pub(crate) now_ms: u64,
    /// Only where this person's phrase is needed.
    pub(crate) recovery: Option<RecoverySecrets>,
}

impl Device {
    pub(crate) fn first(seed: u64, name: &str) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let recovery = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random));
        let device = DeviceSecrets::random(&mut random);
        let roster = Roster::found(&recovery, &device);
        let mut first = Self::of(Identity {
            device: Arc::new(device),
            roster,
            name: name.to_owned(),
            device_label: format!("{name}'s laptop"),
        });
        first.recovery = Some(recovery);
        first
    }

    pub(crate) fn of(identity: Identity) -> Self {
        let seed = u64::from(identity.device.id().as_bytes()[0]);
        let mut disk = MemoryDisk::new();
        hearth_core::storage::Storage::keep_roster(&mut disk, &identity.roster).unwrap();
        let engine = Engine::open(identity, 1, &[], &disk).unwrap();
        Self {
            engine,
            disk,
            random: ChaCha20Rng::seed_from_u64(seed),
            now_ms: START_MS,
            recovery: None,
        }
    }

    /// Closes the node and opens it from its disk.
    pub(crate) fn restart(&mut self) {
        let mut identity = self.engine.identity().clone();
        identity.roster = self.disk.roster().unwrap().clone();
        let notebooks = self.disk.notebooks();
        self.engine = Engine::open(identity, 2, &notebooks, &self.disk).unwrap();
    }

    pub(crate) fn id(&self) -> DeviceId {
        self.engine.identity().device.id()
    }

    pub(crate) fn transport(&self) -> TransportId {
        self.engine.identity().device.card().transport
    }

    pub(crate) fn create(&mut self) -> NotebookId {
        let engine = &mut self.engine;
        engine
            .create_notebook(Role::Peer, &mut self.disk, &mut self.random)
            .unwrap()
    }

    pub(crate) fn write(&mut self, notebook: NotebookId, key: &str) {
        self.engine
            .edit(notebook, &mut self.disk, &mut self.random, |session| {
                let mut transaction = session.write(DocumentId::INDEX)?.transaction();
                transaction.put(ROOT, key, true).unwrap();
                transaction.commit();
                Ok::<_, hearth_core::storage::StorageError>(())
            })
            .unwrap();
    }

    pub(crate) fn reads(&mut self, notebook: NotebookId, key: &str) -> bool {
        let replica = self.engine.replica_mut(notebook).unwrap();
        replica
            .documents()
            .get(&DocumentId::INDEX)
            .is_some_and(|document| document.get(ROOT, key).unwrap().is_some())
    }

    pub(crate) fn settle(&mut self) -> Vec<Effect> {
        let Self {
            engine,
            disk,
            random,
            now_ms,
            ..
        } = self;
        engine.keep_devices(*now_ms, disk, random);
        engine.flush(disk, *now_ms, true);
        engine.take_effects().into_iter().collect()
    }

    pub(crate) fn receive(&mut self, id: ConnectionId, frame: &[u8]) {
        let (engine, random) = (&mut self.engine, &mut self.random);
        engine.receive(id, frame, self.now_ms, &mut self.disk, random);
    }

    pub(crate) fn offer(&mut self) -> (LinkOfferId, LinkTicket) {
        let expires_ms = self.now_ms + LINK_TICKET_MS;
        let engine = &mut self.engine;
        engine
            .offer_link(expires_ms, (Vec::new(), Vec::new()), &mut self.random)
            .unwrap()
    }

    pub(crate) fn revoke(&mut self, device: DeviceId) {
        let engine = &mut self.engine;
        engine
            .revoke_device(device, &mut self.disk, &mut self.random)
            .unwrap();
    }

    /// Has the capsule made anew where that is due.
    pub(crate) fn renew(&mut self, facts: &CapsuleFacts) -> bool {
        let (engine, random) = (&mut self.engine, &mut self.random);
        let renewal = engine.renew_capsule(facts, self.now_ms, &mut self.disk, random);
        renewal.unwrap() == Renewal::Renewed
    }

    /// Says whose capsules this device keeps, and which of their devices made them.
    pub(crate) fn keeps(&self) -> Vec<(PersonId, DeviceId, u64)> {
        let kept = self.engine.kept_capsules();
        kept.map(|kept| (kept.person, kept.head.device, kept.head.counter))
            .collect()
    }

    pub(crate) fn person(&self) -> PersonId {
        self.engine.identity().person()
    }

    pub(crate) fn members(&self, notebook: NotebookId) -> Vec<DeviceId> {
        let replica = self.engine.replica(notebook).unwrap();
        replica.membership().devices().keys().copied().collect()
    }
}

/// Syncs two devices until both are quiet, then closes the connection.
pub(crate) fn sync(one: &mut Device, other: &mut Device) -> bool {
    sync_noting(one, other, &mut Vec::new())
}

/// Syncs two devices; returns what the first one's node told.
pub(crate) fn sync_with_effects(one: &mut Device, other: &mut Device) -> Vec<Effect> {
    let mut effects = Vec::new();
    assert!(sync_noting(one, other, &mut effects));
    effects
}

fn sync_noting(one: &mut Device, other: &mut Device, effects: &mut Vec<Effect>) -> bool {
    let id = ConnectionId(9);
    let (to_one, to_other) = (other.transport(), one.transport());
    one.settle();
    other.settle();
    let dialled = |dialled| ConnectionKind::Sync { dialled };
    one.engine
        .connected(id, dialled(true), to_one, EXPORTER, one.now_ms);
    other
        .engine
        .connected(id, dialled(false), to_other, EXPORTER, other.now_ms);
    let mut greeted = false;
    loop {
        let mut moved = false;
        for swapped in [false, true] {
            let (from, to) = if swapped {
                (&mut *other, &mut *one)
            } else {
                (&mut *one, &mut *other)
            };
            let told = from.settle();
            if !swapped {
                effects.extend(told);
            }
            while let Some(frame) = from.engine.next_frame(id, &from.disk) {
                moved = true;
                to.receive(id, &frame);
            }
        }
        greeted |= moved && one.engine.sessions().next().is_some();
        if !moved {
            break;
        }
    }
    let were_linked =
        one.engine.sessions().next().is_some() && other.engine.sessions().next().is_some();
    one.engine.disconnected(id, one.now_ms);
    other.engine.disconnected(id, other.now_ms);
    greeted && were_linked
}

pub(crate) fn pair(inviter: &mut Device, joiner: &mut Device, notebook: NotebookId, role: Role) {
    let issued = inviter
        .engine
        .invite(
            notebook,
            role,
            role != Role::Observer,
            inviter.now_ms + 1_000,
            (Vec::new(), Vec::new()),
            &mut inviter.disk,
            &mut inviter.random,
        )
        .unwrap();
    let identity = joiner.engine.identity().clone();
    let mut attempt = Joiner::new(
        issued.ticket,
        identity.roster.clone(),
        &identity.device,
        identity.name.clone(),
        identity.device_label.clone(),
        &mut joiner.random,
    );
    let door = ConnectionId(1);
    inviter.engine.connected(
        door,
        ConnectionKind::Pairing,
        joiner.transport(),
        EXPORTER,
        inviter.now_ms,
    );
    let mut next = Some(attempt.hello(&EXPORTER));
    loop {
        if let Some(message) = next.take() {
            inviter.receive(door, &message.to_bytes());
        }
        let frame = inviter.engine.next_frame(door, &inviter.disk).unwrap();
        match attempt
            .handle(PairingMessage::parse(&frame).unwrap())
            .unwrap()
        {
            JoinerStep::Send(message) => next = Some(message),
            JoinerStep::Wait => {}
            JoinerStep::Done(joined) => {
                joiner.engine.adopt(*joined, &mut joiner.disk).unwrap();
                break;
            }
        }
    }
    assert!(sync(inviter, joiner));
}

/// Comes with a ticket to the device that made it.
pub(crate) fn come(
    old: &mut Device,
    ticket: LinkTicket,
    secrets: &DeviceSecrets,
    label: &str,
) -> Result<Linked, EnrolError> {
    let door = ConnectionId(2);
    let mut random = ChaCha20Rng::seed_from_u64(77);
    let mut newcomer = Newcomer::new(ticket, secrets, label.to_owned(), &mut random);
    let remote = secrets.card().transport;
    let kind = ConnectionKind::Linking;
    old.engine
        .connected(door, kind, remote, EXPORTER, old.now_ms);
    let mut next = Some(newcomer.hello(&EXPORTER));
    loop {
        if let Some(message) = next.take() {
            old.receive(door, &message.to_bytes());
        }
        let frame = old.engine.next_frame(door, &old.disk).unwrap();
        assert!(frame.len() <= FRAME_BYTES_MAX);
        match newcomer.handle(EnrolMessage::parse(&frame).unwrap())? {
            NewcomerStep::Send(message) => next = Some(message),
            NewcomerStep::Wait => {}
            NewcomerStep::Done(linked) => return Ok(*linked),
        }
    }
}

/// Links a second device; returns it with what the old one's node told.
pub(crate) fn link(old: &mut Device, label: &str, seed: u64) -> (Device, Vec<Effect>) {
    let secrets = DeviceSecrets::random(&mut ChaCha20Rng::seed_from_u64(seed));
    let (offer, ticket) = old.offer();
    let linked = come(old, ticket, &secrets, label).unwrap();
    let effects = old.settle();
    let told = effects.iter().any(|effect| {
        matches!(effect, Effect::DeviceLinked { offer: of, device, words, .. }
            if *of == offer && *device == secrets.id() && *words == linked.words)
    });
    assert!(told, "{effects:?}");
    let mut new = Device::of(Identity {
        device: Arc::new(secrets),
        roster: linked.roster,
        name: linked.name,
        device_label: label.to_owned(),
    });
    for handed in linked.handover.notebooks {
        let (engine, random) = (&mut new.engine, &mut new.random);
        engine
            .take_over(handed, &Way::Linked, &mut new.disk, random)
            .unwrap();
    }
    (new, effects)
}

/// Asks a member for what they hold of the person whose phrase it is.
pub(crate) fn seek(
    member: &mut Device,
    recovery: &RecoverySecrets,
) -> Result<Recovered, EnrolError> {
    let door = ConnectionId(3);
    let mut seeker = Seeker::new(recovery.clone());
    let kind = ConnectionKind::Recovering;
    let remote = TransportId::from_bytes([3; 32]);
    member
        .engine
        .connected(door, kind, remote, EXPORTER, member.now_ms);
    member.receive(door, &seeker.ask(&EXPORTER).to_bytes());
    loop {
        let frame = member.engine.next_frame(door, &member.disk).unwrap();
        if let SeekerStep::Done(found) = seeker.handle(EnrolMessage::parse(&frame).unwrap())? {
            return Ok(*found);
        }
    }
}

/// Brings a person back on a new device, through a member.
pub(crate) fn recover(
    member: &mut Device,
    recovery: &RecoverySecrets,
    revoke_others: bool,
) -> Device {
    recover_through(&mut [member], recovery, revoke_others).0
}

/// What a capsule said about a notebook, by the notebook.
pub(crate) type Told = BTreeMap<NotebookId, NotebookState>;

/// Brings a person back on a new device, through the first of some members; the others are asked only where
/// a capsule names them.
pub(crate) fn recover_through(
    members: &mut [&mut Device],
    recovery: &RecoverySecrets,
    revoke_others: bool,
) -> (Device, Told) {
    let first = seek(members[0], recovery).unwrap();
    let (mut told, mut contacts, mut keys, mut journals) =
        (Told::new(), BTreeSet::new(), Vec::new(), Vec::new());
    let mut roster = first.roster;
    for capsule in first.capsules {
        let FoundCapsule::Opened(_, content) = capsule else {
            continue;
        };
        roster.merge(&content.roster).unwrap();
        let states = content.notebooks.iter();
        told.extend(states.map(|notebook| (notebook.notebook, notebook.state)));
        contacts.extend(content.contacts.iter().map(|contact| contact.device));
        keys.extend(content.keys);
        journals.extend(content.journals);
    }
    let mut handed = first.handover.notebooks;
    for member in members.iter_mut().skip(1) {
        if contacts.contains(&member.id()) {
            handed.extend(seek(member, recovery).unwrap().handover.notebooks);
        }
    }
    let secrets = DeviceSecrets::random(&mut ChaCha20Rng::seed_from_u64(88));
    let claim = secrets.claim(roster.person());
    let added = roster.recover_device(recovery, &claim);
    roster.insert(added).unwrap();
    if revoke_others {
        let reset = roster.revoke_others(recovery, secrets.id());
        roster.insert(reset).unwrap();
    }
    let mut new = Device::of(Identity {
        device: Arc::new(secrets),
        roster,
        name: first.name,
        device_label: "new laptop".to_owned(),
    });
    let way = Way::Added {
        recovery: Some(recovery),
        keys: &keys,
    };
    for handed in handed {
        let (engine, random) = (&mut new.engine, &mut new.random);
        engine
            .take_over(handed, &way, &mut new.disk, random)
            .unwrap();
    }
    for journal in &journals {
        let (engine, random) = (&mut new.engine, &mut new.random);
        engine
            .take_back(journal, &keys, &mut new.disk, random)
            .unwrap();
    }
    for member in members {
        present(&new, member);
    }
    (new, told)
}

/// Shows a member by which entries a new device is one of a member's; returns what speaks against that, as the member
/// tells it.
pub(crate) fn show(new: &Device, member: &mut Device) -> Vec<(NotebookId, Vec<Vec<u8>>)> {
    let door = ConnectionId(4);
    let kind = ConnectionKind::Recovering;
    member
        .engine
        .connected(door, kind, new.transport(), EXPORTER, member.now_ms);
    let shared = member.engine.notebooks().collect::<Vec<_>>();
    let shown = shared
        .into_iter()
        .filter_map(|notebook| new.engine.presentation(notebook));
    for message in shown.chain([EnrolMessage::Done]) {
        member.receive(door, &message.to_bytes());
    }
    let mut told = Vec::new();
    loop {
        let answer = member.engine.next_frame(door, &member.disk).unwrap();
        match EnrolMessage::parse(&answer).unwrap() {
            EnrolMessage::Done => return told,
            EnrolMessage::Controls { notebook, entries } => told.push((notebook, entries)),
            other => panic!("{other:?}"),
        }
    }
}

/// Shows a member by which entries a new device is one of a member's, where nothing speaks against that.
pub(crate) fn present(new: &Device, member: &mut Device) {
    assert!(show(new, member).is_empty());
}

/// Lets a device that the roster has enter the notebooks that a member shares with its person.
pub(crate) fn enter(new: &mut Device, member: &mut Device) -> Result<(), EnrolError> {
    let door = ConnectionId(5);
    let kind = ConnectionKind::Recovering;
    let mut seeker = Seeker::entering(new.engine.identity().roster.clone());
    member
        .engine
        .connected(door, kind, new.transport(), EXPORTER, member.now_ms);
    member.receive(door, &seeker.ask(&EXPORTER).to_bytes());
    let found = loop {
        let frame = member.engine.next_frame(door, &member.disk).unwrap();
        if let SeekerStep::Done(found) = seeker.handle(EnrolMessage::parse(&frame).unwrap())? {
            break *found;
        }
    };
    let way = Way::Added {
        recovery: None,
        keys: &[],
    };
    for handed in found.handover.notebooks {
        let (engine, random) = (&mut new.engine, &mut new.random);
        engine
            .take_over(handed, &way, &mut new.disk, random)
            .unwrap();
    }
    present(new, member);
    Ok(())
}
