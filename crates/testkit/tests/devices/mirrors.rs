//! Coming back through a mirror: with nobody else there, and with a mirror that lies.

use std::sync::Arc;

use hearth_core::capsule::CapsuleContent;
use hearth_core::control::Role;
use hearth_core::engine::{CapsuleFacts, ConnectionId, ConnectionKind, Effect, Identity, Way};
use hearth_core::enrol::{
    EnrolError, EnrolMessage, EnrolRefusal, FoundCapsule, Recovered, Seeker, SeekerStep,
};
use hearth_core::identity::{
    DeviceSecrets, MirrorPass, MirrorSecrets, RecoveryPhrase, RecoverySecrets,
};
use hearth_core::ids::{MirrorId, NotebookId, TransportId};
use hearth_core::mirror::{
    Mirror, MirrorAnswer, MirrorConnection, MirrorLimits, MirrorMessage, MirrorTicket,
};
use hearth_core::storage::{CapsuleRecord, Storage};
use hearth_testkit::disk::MemoryDisk;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::support::*;

const ROOM: MirrorLimits = MirrorLimits {
    total_bytes: 1 << 30,
    notebook_bytes: 1 << 30,
};

/// A mirror with its disk.
struct Cupboard {
    mirror: Mirror,
    disk: MemoryDisk,
    keys: (Arc<MirrorSecrets>, MirrorPass),
}

impl Cupboard {
    fn new(seed: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let secrets = Arc::new(MirrorSecrets::random(&mut random));
        let keys = (secrets, MirrorPass::random(&mut random));
        let disk = MemoryDisk::new();
        let mirror = Mirror::open(keys.clone(), ROOM, 1, &[], &disk).unwrap();
        Self { mirror, disk, keys }
    }

    /// Starts anew from the disk, with so much room.
    fn restart(&mut self, limits: MirrorLimits) {
        let notebooks = self.disk.notebooks();
        self.mirror = Mirror::open(self.keys.clone(), limits, 2, &notebooks, &self.disk).unwrap();
    }

    fn id(&self) -> MirrorId {
        self.keys.0.id()
    }

    fn ticket(&self) -> MirrorTicket {
        MirrorTicket {
            card: self.keys.0.card().clone(),
            pass: self.keys.1.clone(),
            name: "the cupboard".to_owned(),
            addresses: Vec::new(),
            relays: Vec::new(),
        }
    }

    /// Has a device ask for a notebook to be held.
    fn hold(&mut self, device: &Device, notebook: NotebookId) -> MirrorAnswer {
        let id = ConnectionId(11);
        let asked = device.engine.ask_mirror(notebook, self.id(), &EXPORTER);
        let (remote, now_ms) = (device.transport(), device.now_ms);
        self.mirror
            .connected(id, MirrorConnection::Request, remote, EXPORTER, now_ms);
        for frame in asked.unwrap() {
            self.mirror.receive(id, &frame, now_ms, &mut self.disk);
        }
        self.mirror.flush(&mut self.disk, now_ms, true);
        let frame = self.mirror.next_frame(id, &self.disk).unwrap();
        self.mirror.disconnected(id);
        match MirrorMessage::parse(&frame).unwrap() {
            MirrorMessage::Answer(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    /// Syncs with a device until both are quiet; returns what the device's node told.
    fn sync(&mut self, device: &mut Device) -> Vec<Effect> {
        let id = ConnectionId(12);
        let (remote, now_ms) = (device.transport(), device.now_ms);
        let mut told = device.settle();
        let transport = self.keys.0.card().transport;
        let kind = ConnectionKind::Sync { dialled: true };
        device
            .engine
            .connected(id, kind, transport, EXPORTER, now_ms);
        self.mirror
            .connected(id, MirrorConnection::Sync, remote, EXPORTER, now_ms);
        loop {
            let mut moved = false;
            told.extend(device.settle());
            while let Some(frame) = device.engine.next_frame(id, &device.disk) {
                moved = true;
                self.mirror.receive(id, &frame, now_ms, &mut self.disk);
            }
            self.mirror.flush(&mut self.disk, now_ms, true);
            while let Some(frame) = self.mirror.next_frame(id, &self.disk) {
                moved = true;
                device.receive(id, &frame);
            }
            if !moved {
                break;
            }
        }
        device.engine.disconnected(id, now_ms);
        self.mirror.disconnected(id);
        told
    }

    /// Asks for what it holds of the person whose phrase it is.
    fn seek(&mut self, recovery: &RecoverySecrets) -> Result<Recovered, EnrolError> {
        let id = ConnectionId(13);
        let mut seeker = Seeker::new(recovery.clone());
        let remote = TransportId::from_bytes([3; 32]);
        self.mirror
            .connected(id, MirrorConnection::Recover, remote, EXPORTER, START_MS);
        let ask = seeker.ask(&EXPORTER).to_bytes();
        self.mirror.receive(id, &ask, START_MS, &mut self.disk);
        loop {
            let frame = self.mirror.next_frame(id, &self.disk).unwrap();
            let step = seeker.handle(EnrolMessage::parse(&frame).unwrap());
            match step {
                Ok(SeekerStep::Wait) => {}
                Ok(SeekerStep::Done(found)) => {
                    assert!(self.mirror.next_frame(id, &self.disk).is_none());
                    return Ok(*found);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn counters(&self) -> Vec<u64> {
        let kept = self.mirror.kept_capsules();
        kept.map(|kept| kept.head.counter).collect()
    }
}

/// Ana with a notebook with Ben and her journal, both held by a mirror, which keeps her capsule.
struct Two {
    ana: Device,
    ben: Device,
    cupboard: Cupboard,
    shared: NotebookId,
    journal: NotebookId,
}

impl Two {
    fn new() -> Self {
        let (mut ana, mut ben) = (Device::first(1, "Ana"), Device::first(2, "Ben"));
        let mut cupboard = Cupboard::new(3);
        let (shared, journal) = (ana.create(), ana.create());
        pair(&mut ana, &mut ben, shared, Role::Peer);
        for notebook in [shared, journal] {
            ana.write(notebook, "old");
            let ticket = cupboard.ticket();
            let Device {
                engine,
                disk,
                random,
                ..
            } = &mut ana;
            engine.add_mirror(notebook, &ticket, disk, random).unwrap();
            assert_eq!(cupboard.hold(&ana, notebook), MirrorAnswer::Taken);
        }
        assert!(sync(&mut ana, &mut ben), "Ben hears of the mirror");
        let mut two = Self {
            ana,
            ben,
            cupboard,
            shared,
            journal,
        };
        assert!(two.renew(true));
        let told = two.cupboard.sync(&mut two.ana);
        let hash = two.ana.engine.own_capsule().unwrap().head.hash;
        let kept = |effect: &Effect| matches!(effect, Effect::CapsuleKept { capsule, .. } if *capsule == hash);
        assert!(told.iter().any(kept), "{told:?}");
        two
    }

    fn renew(&mut self, is_urgent: bool) -> bool {
        let facts = CapsuleFacts {
            journals: [self.journal].into(),
            is_urgent,
            ..CapsuleFacts::default()
        };
        self.ana.renew(&facts)
    }

    fn recovery(&self) -> RecoverySecrets {
        self.ana.recovery.clone().unwrap()
    }

    /// What stands in the only capsule that the mirror gives, and its counter.
    fn opened(&mut self) -> (u64, CapsuleContent) {
        let recovery = self.recovery();
        let found = self.cupboard.seek(&recovery).unwrap();
        match <[FoundCapsule; 1]>::try_from(found.capsules) {
            Ok([FoundCapsule::Opened(head, content)]) => (head.counter, *content),
            other => panic!("{other:?}"),
        }
    }

    /// Brings Ana back on a new device by what the mirror hands over.
    fn come_back(&mut self) -> Device {
        let recovery = self.recovery();
        let found = self.cupboard.seek(&recovery).unwrap();
        assert_eq!(found.name, "", "a mirror knows no name");
        let mut keys = Vec::new();
        for capsule in found.capsules {
            if let FoundCapsule::Opened(_, content) = capsule {
                keys.extend(content.keys);
            }
        }
        let mut roster = found.roster;
        let secrets = DeviceSecrets::random(&mut ChaCha20Rng::seed_from_u64(88));
        let added = roster.recover_device(&recovery, &secrets.claim(roster.person()));
        roster.insert(added).unwrap();
        let reset = roster.revoke_others(&recovery, secrets.id());
        roster.insert(reset).unwrap();
        let mut new = Device::of(Identity {
            device: Arc::new(secrets),
            roster,
            name: "Ana".to_owned(),
            device_label: "new laptop".to_owned(),
        });
        for handed in found.handover.notebooks {
            let way = Way::Added {
                recovery: Some(&recovery),
                keys: &keys,
            };
            let (engine, random) = (&mut new.engine, &mut new.random);
            engine
                .take_over(handed, &way, &mut new.disk, random)
                .unwrap();
        }
        new
    }
}

#[test]
fn a_mirror_alone_brings_back_notebook_and_journal() {
    let mut two = Two::new();
    let (_, content) = two.opened();
    let named: Vec<_> = content.known_mirrors().collect();
    assert_eq!(named.len(), 1);
    assert_eq!(
        (named[0].mirror, named[0].name.as_str()),
        (two.cupboard.id(), "the cupboard")
    );
    assert_eq!(named[0].notebooks.len(), 2);

    let mut new = two.come_back();
    let (lost, shared, journal) = (two.ana.id(), two.shared, two.journal);
    for notebook in [shared, journal] {
        assert_eq!(two.cupboard.hold(&new, notebook), MirrorAnswer::Taken);
    }
    two.cupboard.sync(&mut new);
    for notebook in [shared, journal] {
        assert!(new.reads(notebook, "old"), "{notebook} is here");
        assert!(!new.members(notebook).contains(&lost), "the old one is off");
        new.write(notebook, "new");
    }
    two.cupboard.sync(&mut new);
    // Ben, who was away for all of it, hears from the mirror.
    two.cupboard.sync(&mut two.ben);
    assert!(two.ben.reads(shared, "new"));
    assert!(two.ben.engine.replica(journal).is_none());
    // The lost device gets nothing newer.
    two.cupboard.sync(&mut two.ana);
    assert!(!two.ana.reads(shared, "new") && !two.ana.reads(journal, "new"));
    // Whoever comes back once more gets what was written since.
    two.cupboard.restart(ROOM);
    let mut again = two.come_back();
    assert_eq!(two.cupboard.hold(&again, journal), MirrorAnswer::Taken);
    two.cupboard.sync(&mut again);
    assert!(again.reads(journal, "new"));
}

#[test]
fn a_mirror_that_withholds_or_damages_the_capsule_spoils_nothing_else() {
    let mut two = Two::new();
    let recovery = two.recovery();
    let place = (two.ana.person(), two.ana.id());
    let disk = &mut two.cupboard.disk;
    let head = disk.capsule_heads().unwrap().remove(0);
    let sound = disk.capsule(place).unwrap().unwrap();
    for at in [0, 40, 100, sound.len() / 2, sound.len() - 1] {
        let mut altered = sound.clone();
        altered[at] ^= 1;
        let record = CapsuleRecord {
            head: &head,
            capsule: &altered,
        };
        two.cupboard.disk.keep_capsule(place, Some(record)).unwrap();
        let found = two.cupboard.seek(&recovery).unwrap();
        assert!(
            matches!(found.capsules[..], [FoundCapsule::Unusable(_)]),
            "byte {at}"
        );
        assert_eq!(found.handover.notebooks.len(), 2);
    }
    two.cupboard.disk.keep_capsule(place, None).unwrap();
    let found = two.cupboard.seek(&recovery).unwrap();
    assert!(found.capsules.is_empty());
    // The wraps are sealed to the phrase, so both open all the same.
    let mut new = two.come_back();
    for notebook in [two.shared, two.journal] {
        assert_eq!(two.cupboard.hold(&new, notebook), MirrorAnswer::Taken);
    }
    two.cupboard.sync(&mut new);
    assert!(new.reads(two.shared, "old") && new.reads(two.journal, "old"));
}

#[test]
fn an_old_capsule_shows_by_its_counter_and_is_replaced_by_a_newer_one() {
    let mut two = Two::new();
    let old = two.cupboard.disk.clone();
    let more = two.ana.create();
    pair(&mut two.ana, &mut two.ben, more, Role::Peer);
    assert!(two.renew(true));
    two.cupboard.sync(&mut two.ana);
    let (counter, content) = two.opened();
    assert_eq!((counter, content.notebooks.len()), (2, 3));
    // Set back, it gives the old one. A member that keeps the newer one gives that.
    two.cupboard.disk = old;
    two.cupboard.restart(ROOM);
    let (counter, content) = two.opened();
    assert_eq!((counter, content.notebooks.len()), (1, 2));
    assert!(sync(&mut two.ana, &mut two.ben));
    let recovery = two.recovery();
    let found = seek(&mut two.ben, &recovery).unwrap();
    assert!(matches!(
        &found.capsules[..],
        [FoundCapsule::Opened(head, content)] if head.counter == 2 && content.notebooks.len() == 3
    ));
    // What it lacks it is sent again.
    two.cupboard.sync(&mut two.ana);
    assert_eq!(two.opened().0, 2);
}

#[test]
fn a_mirror_that_alters_what_it_hands_over_is_refused() {
    let mut two = Two::new();
    let recovery = two.recovery();
    let mut found = two.cupboard.seek(&recovery).unwrap();
    let mut handed = found.handover.notebooks.remove(0);
    // A control entry that nobody signed as it stands.
    let last = handed.controls.pop().unwrap();
    let mut bytes = last.as_bytes().to_vec();
    let at = bytes.len() - 1;
    bytes[at] ^= 1;
    handed
        .controls
        .push(hearth_core::control::ControlEntry::parse(&bytes).unwrap());
    let mut new = Device::of(Identity {
        device: Arc::new(DeviceSecrets::random(&mut ChaCha20Rng::seed_from_u64(5))),
        roster: found.roster,
        name: "Ana".to_owned(),
        device_label: "new".to_owned(),
    });
    let way = Way::Added {
        recovery: Some(&recovery),
        keys: &[],
    };
    let (engine, random) = (&mut new.engine, &mut new.random);
    let refused = engine.take_over(handed, &way, &mut new.disk, random);
    assert!(refused.is_err());
    assert_eq!(new.engine.notebooks().count(), 0);
}

#[test]
fn only_the_phrase_in_force_opens_the_door_and_only_members_have_one_kept() {
    let mut two = Two::new();
    let mut random = ChaCha20Rng::seed_from_u64(6);
    let other = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random));
    let unknown = EnrolError::Refused(EnrolRefusal::Unknown);
    let refused = two.cupboard.seek(&other).map(drop).unwrap_err();
    assert_eq!(refused, unknown);
    // Ben is in one of its notebooks, and gets nothing of the other.
    let of_ben = two.ben.recovery.clone().unwrap();
    let found = two.cupboard.seek(&of_ben).unwrap();
    assert_eq!(found.handover.notebooks.len(), 1);
    assert!(found.capsules.is_empty());
    // After a rotation the old phrase opens nothing, and its capsule is gone.
    let old = two.recovery();
    let ana = &mut two.ana;
    ana.engine
        .rotate_recovery(&old, &other, &mut ana.disk, &mut ana.random)
        .unwrap();
    two.cupboard.sync(&mut two.ana);
    assert!(two.cupboard.counters().is_empty());
    let refused = two.cupboard.seek(&old).map(drop).unwrap_err();
    assert_eq!(refused, unknown);
    two.ana.recovery = Some(other);
    assert!(two.renew(true));
    two.cupboard.sync(&mut two.ana);
    assert_eq!(two.opened().0, 2);
}

#[test]
fn a_mirror_without_room_says_that_it_keeps_no_capsule() {
    let mut two = Two::new();
    two.cupboard.restart(MirrorLimits {
        total_bytes: 1,
        notebook_bytes: 1 << 20,
    });
    let more = two.ana.create();
    pair(&mut two.ana, &mut two.ben, more, Role::Peer);
    assert!(two.renew(true));
    let told = two.cupboard.sync(&mut two.ana);
    let is_full = |effect: &Effect| matches!(effect, Effect::CapsuleRefused { is_full: true, .. });
    assert!(told.iter().any(is_full), "{told:?}");
    assert_eq!(two.cupboard.counters(), [1], "what it has it keeps");
    // It is told again once there is room.
    two.cupboard.restart(ROOM);
    two.cupboard.sync(&mut two.ana);
    assert_eq!(two.cupboard.counters(), [2]);
}

#[test]
fn a_mirror_keeps_capsules_over_a_restart_and_drops_those_of_people_who_left() {
    let mut two = Two::new();
    two.cupboard.restart(ROOM);
    assert_eq!(two.cupboard.counters(), [1]);
    let facts = CapsuleFacts::default();
    assert!(two.ben.renew(&facts));
    two.cupboard.sync(&mut two.ben);
    assert_eq!(two.cupboard.counters().len(), 2);
    let ben = &mut two.ben;
    ben.engine.leave(two.shared, &mut ben.disk).unwrap();
    // Nothing is shared with him any more, so the connection ends.
    sync(&mut two.ana, &mut two.ben);
    two.cupboard.sync(&mut two.ana);
    assert_eq!(two.cupboard.counters(), [1]);
    two.cupboard.restart(ROOM);
    assert_eq!(two.cupboard.counters(), [1]);
}
