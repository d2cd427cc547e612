//! Devices that are linked, taken off, and brought back through one member.

use std::collections::BTreeMap;

use hearth_core::control::{ControlEntry, ControlKind, Recipient, Role};
use hearth_core::engine::{ConnectionId, ConnectionKind, DeviceError};
use hearth_core::enrol::{EnrolError, EnrolMessage, EnrolRefusal, LinkTicket, Seeker};
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets};
use hearth_core::ids::{NotebookId, TransportId};
use hearth_core::limits::{CARRY_PATIENCE_ADDED_MS, CARRY_PATIENCE_MS, LINK_TICKET_MS};
use hearth_core::replica::Standing;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::support::*;

#[test]
fn a_linked_device_has_all_notebooks_and_both_show_the_same_words() {
    let mut ana = Device::first(1, "Ana");
    let notebooks: Vec<NotebookId> = (0..3).map(|_| ana.create()).collect();
    ana.write(notebooks[0], "before");
    let (mut phone, _) = link(&mut ana, "phone", 21);
    assert!(sync(&mut ana, &mut phone));
    assert!(phone.reads(notebooks[0], "before"));
    assert_eq!(phone.engine.notebooks().count(), 3);
    for notebook in &notebooks {
        phone.write(*notebook, "from the phone");
    }
    assert!(sync(&mut ana, &mut phone));
    for notebook in &notebooks {
        assert!(ana.reads(*notebook, "from the phone"));
        let replica = ana.engine.replica(*notebook).unwrap();
        assert_eq!(replica.device_label(phone.id()).as_deref(), Some("phone"));
    }
    phone.restart();
    assert!(phone.reads(notebooks[0], "before"));
    assert_eq!(phone.engine.identity().roster, ana.engine.identity().roster);
}

#[test]
fn a_notebook_that_comes_after_the_linking_reaches_the_other_device_of_its_person_and_no_one_elses()
{
    let (mut ana, mut ben) = (Device::first(1, "Ana"), Device::first(2, "Ben"));
    // Nothing is shared yet, and the two meet all the same.
    let (mut phone, _) = link(&mut ana, "phone", 21);
    assert!(sync(&mut ana, &mut phone));
    let shared = phone.create();
    phone.write(shared, "made on the phone");
    assert!(sync(&mut ana, &mut phone));
    assert!(ana.reads(shared, "made on the phone"));
    ana.restart();
    ana.write(shared, "from the laptop");
    // One that somebody else made, and this person joined.
    let joined = ben.create();
    ben.write(joined, "of Ben");
    pair(&mut ben, &mut phone, joined, Role::Peer);
    let bens_own = ben.create();
    assert!(sync(&mut ben, &mut phone));
    assert!(sync(&mut phone, &mut ana));
    assert!(phone.reads(shared, "from the laptop") && ana.reads(joined, "of Ben"));
    ana.write(joined, "of Ana's laptop");
    assert!(sync(&mut ana, &mut ben));
    assert!(ben.reads(joined, "of Ana's laptop"));
    assert_eq!(ana.engine.notebooks().count(), 2);
    assert!(ben.engine.replica(shared).is_none() && ana.engine.replica(bens_own).is_none());
    // A device that was taken off is handed nothing, and hands over nothing.
    ana.revoke(phone.id());
    let secret = ana.create();
    let late = phone.create();
    sync(&mut ana, &mut phone);
    assert!(phone.engine.replica(secret).is_none() && ana.engine.replica(late).is_none());
}

#[test]
fn a_notebook_is_handed_over_on_a_connection_that_is_open_already() {
    let mut ana = Device::first(1, "Ana");
    let (mut phone, _) = link(&mut ana, "phone", 21);
    let first = ana.create();
    assert!(sync(&mut ana, &mut phone));
    let id = ConnectionId(9);
    let dialled = |dialled| ConnectionKind::Sync { dialled };
    let (mine, theirs) = (ana.transport(), phone.transport());
    ana.engine
        .connected(id, dialled(true), theirs, EXPORTER, START_MS);
    phone
        .engine
        .connected(id, dialled(false), mine, EXPORTER, START_MS);
    let mut second = None;
    for round in 0..8 {
        if round == 3 {
            second = Some(ana.create());
        }
        for swapped in [false, true] {
            let (from, to) = match swapped {
                true => (&mut phone, &mut ana),
                false => (&mut ana, &mut phone),
            };
            from.settle();
            while let Some(frame) = from.engine.next_frame(id, &from.disk) {
                to.receive(id, &frame);
            }
        }
    }
    let second = second.unwrap();
    assert_eq!(phone.members(second), phone.members(first));
    phone.write(second, "at once");
}

#[test]
fn two_hundred_notebooks_come_in_frames_of_bounded_size() {
    let mut ana = Device::first(1, "Ana");
    for _ in 0..200 {
        ana.create();
    }
    let (phone, _) = link(&mut ana, "phone", 21);
    assert_eq!(phone.engine.notebooks().count(), 200);
}

#[test]
fn a_ticket_links_one_device_and_only_in_its_time() {
    let mut ana = Device::first(1, "Ana");
    let draw = |seed| DeviceSecrets::random(&mut ChaCha20Rng::seed_from_u64(seed));
    let (offer, ticket) = ana.offer();
    come(&mut ana, ticket.clone(), &draw(1), "phone").unwrap();
    let refused = |ana: &mut Device, ticket: &LinkTicket, seed| {
        let came = come(ana, ticket.clone(), &draw(seed), "phone");
        came.map(drop).unwrap_err()
    };
    let used = EnrolError::Refused(EnrolRefusal::Used);
    assert_eq!(refused(&mut ana, &ticket, 2), used);
    ana.engine.withdraw_link(offer);
    let unknown = EnrolError::Refused(EnrolRefusal::Unknown);
    assert_eq!(refused(&mut ana, &ticket, 1), unknown);

    let (_, late) = ana.offer();
    let mut forged = late.clone();
    forged.secret = hearth_core::pairing::TicketSecret::from_bytes([1; 16]);
    assert_eq!(refused(&mut ana, &forged, 3), unknown);
    let mut other = late.clone();
    other.nonce_hash = [1; 32];
    assert_eq!(refused(&mut ana, &other, 3), EnrolError::NotTheDevice);
    let (_, late) = ana.offer();
    ana.now_ms += LINK_TICKET_MS;
    assert_eq!(
        refused(&mut ana, &late, 4),
        EnrolError::Refused(EnrolRefusal::Expired)
    );
    assert_eq!(ana.engine.identity().roster.devices().len(), 2);
}

#[test]
fn a_revoked_device_opens_nothing_new_in_any_notebook() {
    let mut ana = Device::first(1, "Ana");
    let mut ben = Device::first(2, "Ben");
    let (own, shared) = (ana.create(), ana.create());
    pair(&mut ana, &mut ben, shared, Role::Peer);
    let (mut phone, _) = link(&mut ana, "phone", 21);
    assert!(sync(&mut ana, &mut phone));
    assert!(sync(&mut ana, &mut ben));
    ana.revoke(phone.id());
    for notebook in [own, shared] {
        assert!(!ana.members(notebook).contains(&phone.id()));
        ana.write(notebook, "after");
        let replica = ana.engine.replica(notebook).unwrap();
        let epoch = replica.membership().current_epoch().unwrap();
        let entry = replica.controls().get(&epoch.rekey()).unwrap();
        let hearth_core::control::ControlKind::Rekey(rekey) = &entry.kind else {
            panic!("an epoch starts with a re-key");
        };
        assert!(!rekey.recipients.contains(&Recipient::Device(phone.id())));
    }
    // Even with all that the others ever sent it opens nothing.
    sync(&mut ana, &mut phone);
    assert!(!phone.reads(own, "after") && !phone.reads(shared, "after"));
    let replica = ana.engine.replica(shared).unwrap();
    let controls: Vec<_> = replica.controls().iter().cloned().collect();
    let wraps: Vec<_> = replica.wraps().values().cloned().collect();
    let epoch = replica.membership().current_epoch().unwrap();
    let stolen = phone.engine.replica_mut(shared).unwrap();
    stolen.ingest_controls(controls).unwrap();
    for wraps in wraps {
        stolen.ingest_wraps(wraps);
    }
    assert!(stolen.keys().get(&epoch).is_none());

    assert!(sync(&mut ana, &mut ben));
    assert!(!ben.members(shared).contains(&phone.id()));
    sync(&mut ben, &mut phone);
    assert!(!phone.reads(shared, "after"));
    let refused = ana
        .engine
        .revoke_device(phone.id(), &mut ana.disk, &mut ana.random);
    assert!(matches!(refused, Err(DeviceError::Unknown(_))));
    let itself = ana.id();
    let refused = ana
        .engine
        .revoke_device(itself, &mut ana.disk, &mut ana.random);
    assert!(matches!(refused, Err(DeviceError::Itself)));
}

#[test]
fn a_reader_links_a_device_that_reads_as_well() {
    let mut ana = Device::first(1, "Ana");
    let mut ben = Device::first(2, "Ben");
    let notebook = ana.create();
    ana.write(notebook, "before");
    pair(&mut ana, &mut ben, notebook, Role::Observer);
    let (mut tablet, _) = link(&mut ben, "tablet", 22);
    assert!(sync(&mut ben, &mut tablet));
    assert!(tablet.reads(notebook, "before"));
    assert!(sync(&mut ana, &mut ben));
    assert!(sync(&mut ana, &mut tablet));
    ana.write(notebook, "after");
    assert!(sync(&mut ana, &mut tablet));
    assert!(tablet.reads(notebook, "after"));
    let label = ana
        .engine
        .replica(notebook)
        .unwrap()
        .device_label(tablet.id());
    assert_eq!(label.as_deref(), Some("tablet"));
}

#[test]
fn a_notebook_that_misses_a_change_of_devices_is_told_by_another_device_after_a_while() {
    let mut ana = Device::first(1, "Ana");
    let shared = ana.create();
    let (mut phone, _) = link(&mut ana, "phone", 21);
    let (mut tablet, _) = link(&mut ana, "tablet", 22);
    assert!(sync(&mut ana, &mut phone));
    assert!(sync(&mut ana, &mut tablet));
    assert!(sync(&mut ana, &mut phone));
    // The phone makes a notebook that the laptop does not know when it takes the tablet off.
    let apart = phone.create();
    ana.revoke(tablet.id());
    let before = ana.engine.replica(shared).unwrap().controls().len();
    assert!(sync(&mut ana, &mut phone));
    // Of the two that know it only the first has written it.
    assert_eq!(
        phone.engine.replica(shared).unwrap().controls().len(),
        before
    );
    assert!(phone.members(apart).contains(&tablet.id()));
    phone.now_ms += CARRY_PATIENCE_MS;
    phone.settle();
    assert!(!phone.members(apart).contains(&tablet.id()));
}

#[test]
fn a_notebook_that_misses_an_added_device_alone_is_told_within_seconds() {
    let mut ana = Device::first(1, "Ana");
    ana.create();
    let (mut phone, _) = link(&mut ana, "phone", 21);
    assert!(sync(&mut ana, &mut phone));
    // The laptop does not know it when it links the tablet, so nobody writes the tablet into it.
    let apart = phone.create();
    let (tablet, _) = link(&mut ana, "tablet", 22);
    assert!(sync(&mut ana, &mut phone));
    assert!(!phone.members(apart).contains(&tablet.id()));
    phone.now_ms += CARRY_PATIENCE_ADDED_MS;
    phone.settle();
    assert!(phone.members(apart).contains(&tablet.id()));
}

#[test]
fn with_every_device_gone_the_phrase_brings_back_all_that_a_member_holds() {
    let mut ana = Device::first(1, "Ana");
    let mut ben = Device::first(2, "Ben");
    let recovery = ana.recovery.clone().unwrap();
    let shared: Vec<NotebookId> = (0..2).map(|_| ana.create()).collect();
    let own = ana.create();
    for notebook in &shared {
        pair(&mut ana, &mut ben, *notebook, Role::Peer);
        ana.write(*notebook, "old");
    }
    assert!(sync(&mut ana, &mut ben));
    ben.write(shared[0], "of Ben");
    let stolen = ana.id();

    let mut new = recover(&mut ben, &recovery, true);
    assert_eq!(
        new.engine.identity().person(),
        ana.engine.identity().person()
    );
    assert_eq!(new.engine.identity().name, "Ana");
    // Nobody is taken off before all is here that the member had.
    assert!(new.members(shared[0]).contains(&stolen));
    assert!(sync(&mut ben, &mut new));
    for notebook in &shared {
        assert!(new.reads(*notebook, "old"));
        for device in [&new, &ben] {
            let members = device.members(*notebook);
            assert!(!members.contains(&stolen) && members.contains(&new.id()));
        }
        assert!(ben.reads(*notebook, "old"), "honest work is kept");
    }
    assert!(new.reads(shared[0], "of Ben"));
    assert!(
        new.engine.replica(own).is_none(),
        "only the lost device had it"
    );
    new.write(shared[0], "new");
    ben.write(shared[0], "newer");
    assert!(sync(&mut ben, &mut new));
    assert!(ben.reads(shared[0], "new") && new.reads(shared[0], "newer"));
    // The stolen device is told that it is out, and nothing else.
    sync(&mut ben, &mut ana);
    assert!(!ana.reads(shared[0], "new") && !ana.reads(shared[0], "newer"));
    new.restart();
    assert!(new.reads(shared[0], "old") && !new.engine.awaits_before_revoking(shared[0]));
}

#[test]
fn a_reader_comes_back_by_the_phrase_as_well() {
    let mut ana = Device::first(1, "Ana");
    let mut ben = Device::first(2, "Ben");
    let notebook = ana.create();
    ana.write(notebook, "text");
    pair(&mut ana, &mut ben, notebook, Role::Observer);
    let recovery = ben.recovery.clone().unwrap();
    let mut new = recover(&mut ana, &recovery, false);
    assert!(sync(&mut ana, &mut new));
    new.restart();
    assert!(sync(&mut ana, &mut new));
    assert!(new.reads(notebook, "text"));
    assert!(
        new.members(notebook).contains(&ben.id()),
        "nobody was taken off"
    );
}

#[test]
fn another_phrase_is_told_nothing_and_one_that_was_rotated_away_neither() {
    let mut ana = Device::first(1, "Ana");
    let mut ben = Device::first(2, "Ben");
    let notebook = ana.create();
    pair(&mut ana, &mut ben, notebook, Role::Peer);
    let unknown = EnrolError::Refused(EnrolRefusal::Unknown);
    let mut random = ChaCha20Rng::seed_from_u64(5);
    let mut phrase = || RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random));
    let stranger = phrase();
    assert_eq!(seek(&mut ben, &stranger).map(drop).unwrap_err(), unknown);

    let (old, next) = (ana.recovery.clone().unwrap(), phrase());
    let refused = ana
        .engine
        .rotate_recovery(&stranger, &next, &mut ana.disk, &mut ana.random);
    assert!(matches!(refused, Err(DeviceError::OtherPhrase)));
    ana.engine
        .rotate_recovery(&old, &next, &mut ana.disk, &mut ana.random)
        .unwrap();
    ana.write(notebook, "after the rotation");
    assert!(sync(&mut ana, &mut ben));
    assert_eq!(seek(&mut ben, &old).map(drop).unwrap_err(), unknown);
    // With all that there is, the old phrase does not open the new key.
    let replica = ben.engine.replica(notebook).unwrap();
    let mut keys = hearth_core::epoch::EpochKeys::default();
    keys.recover(replica.controls(), &old, replica.wraps());
    let epoch = replica.membership().current_epoch().unwrap();
    assert!(keys.get(&epoch).is_none());
    let mut new = recover(&mut ben, &next, false);
    assert_eq!(
        new.engine.identity().person(),
        ana.engine.identity().person()
    );
    assert!(sync(&mut ben, &mut new));
    assert!(new.reads(notebook, "after the rotation"));
}

#[test]
fn a_proof_of_the_phrase_serves_on_its_own_connection_only() {
    let mut ana = Device::first(1, "Ana");
    let recovery = ana.recovery.clone().unwrap();
    let door = ConnectionId(3);
    let remote = TransportId::from_bytes([3; 32]);
    let kind = ConnectionKind::Recovering;
    ana.engine
        .connected(door, kind, remote, [8; 32], ana.now_ms);
    let elsewhere = Seeker::new(recovery).ask(&EXPORTER);
    ana.receive(door, &elsewhere.to_bytes());
    let answer = ana.engine.next_frame(door, &ana.disk).unwrap();
    let refused = EnrolMessage::Refused(EnrolRefusal::Unknown);
    assert_eq!(EnrolMessage::parse(&answer), Ok(refused));
}

#[test]
fn nobody_is_presented_by_somebody_else() {
    let mut ana = Device::first(1, "Ana");
    let mut ben = Device::first(2, "Ben");
    let notebook = ana.create();
    pair(&mut ana, &mut ben, notebook, Role::Peer);
    let (phone, _) = link(&mut ana, "phone", 21);
    let shown = {
        let replica = ana.engine.replica(notebook).unwrap();
        let carried = replica
            .controls()
            .iter()
            .filter(|entry| entry.kind.carried().is_some());
        EnrolMessage::Present {
            notebook,
            entries: carried.map(|entry| entry.as_bytes().to_vec()).collect(),
        }
    };
    let stranger = TransportId::from_bytes([3; 32]);
    let (mut answers, mut known) = (BTreeMap::new(), BTreeMap::new());
    for (name, remote) in [("another", stranger), ("itself", phone.transport())] {
        let door = ConnectionId(3);
        let kind = ConnectionKind::Recovering;
        ben.engine
            .connected(door, kind, remote, EXPORTER, ben.now_ms);
        ben.receive(door, &shown.to_bytes());
        answers.insert(name, ben.engine.next_frame(door, &ben.disk));
        known.insert(name, ben.members(notebook).contains(&phone.id()));
        ben.engine.disconnected(door, ben.now_ms);
    }
    let refused = Some(EnrolMessage::Refused(EnrolRefusal::Protocol).to_bytes());
    assert_eq!(answers["another"], refused);
    assert!(!known["another"]);
    // The laptop signed it, which is as good as its own word.
    assert_eq!(answers["itself"], None);
    assert!(known["itself"]);
}

/// Ana's laptop does something that Ben does not hear of, links a phone, and is lost. What adds the phone builds on it.
#[test]
fn whoever_was_added_after_something_unheard_shows_that_as_well() {
    let mut ana = Device::first(1, "Ana");
    let mut ben = Device::first(2, "Ben");
    let notebook = ana.create();
    pair(&mut ana, &mut ben, notebook, Role::Peer);
    sync(&mut ana, &mut ben);
    let mut chloe = Device::first(3, "Chloe");
    pair(&mut ana, &mut chloe, notebook, Role::Peer);
    let (mut phone, _) = link(&mut ana, "phone", 21);
    assert!(!sync(&mut phone, &mut ben), "it is a stranger");
    present(&phone, &mut ben);
    assert!(ben.members(notebook).contains(&phone.id()));
    assert!(ben.members(notebook).contains(&chloe.id()));
    phone.write(notebook, "by the phone");
    assert!(sync(&mut phone, &mut ben));
    assert!(ben.reads(notebook, "by the phone"));
}

/// Ana's laptop lets Chloe in and is lost. Ben, who has not heard of her, is shown how she came in.
#[test]
fn whoever_was_let_in_by_a_device_that_is_lost_shows_that_to_the_others() {
    let mut ana = Device::first(1, "Ana");
    let mut ben = Device::first(2, "Ben");
    let mut chloe = Device::first(3, "Chloe");
    let notebook = ana.create();
    pair(&mut ana, &mut ben, notebook, Role::Peer);
    sync(&mut ana, &mut ben);
    pair(&mut ana, &mut chloe, notebook, Role::Peer);
    sync(&mut ana, &mut chloe);
    assert!(!ben.members(notebook).contains(&chloe.id()));
    assert!(!sync(&mut chloe, &mut ben), "she is a stranger");
    present(&chloe, &mut ben);
    assert!(ben.members(notebook).contains(&chloe.id()));
    chloe.write(notebook, "hers");
    assert!(sync(&mut chloe, &mut ben));
    assert!(ben.reads(notebook, "hers"));
}

/// Ana's laptop lets Chloe in, unheard by Ben and by the phone, which takes the laptop off.
fn let_in_unheard() -> ([Device; 4], NotebookId) {
    let mut ana = Device::first(1, "Ana");
    let mut ben = Device::first(2, "Ben");
    let mut chloe = Device::first(3, "Chloe");
    let notebook = ana.create();
    pair(&mut ana, &mut ben, notebook, Role::Peer);
    let (mut phone, _) = link(&mut ana, "phone", 31);
    sync(&mut ana, &mut phone);
    sync(&mut ana, &mut ben);
    pair(&mut ana, &mut chloe, notebook, Role::Peer);
    sync(&mut ana, &mut chloe);
    chloe.write(notebook, "hers");
    phone.revoke(ana.id());
    sync(&mut phone, &mut ben);
    ([ana, phone, ben, chloe], notebook)
}

fn standing(device: &Device, notebook: NotebookId) -> Standing {
    device.engine.replica(notebook).unwrap().standing()
}

/// Takes in what a member told at the door, and returns what ended the device's place by that.
fn take_told(
    device: &mut Device,
    member: &mut Device,
    notebook: NotebookId,
) -> Option<ControlKind> {
    for (of, entries) in show(device, member) {
        let told = (of, entries.as_slice());
        let taken = device.engine.take_told(member.id(), told, &mut device.disk);
        taken.unwrap();
    }
    let replica = device.engine.replica(notebook).unwrap();
    let ending = replica.standing().ending()?;
    let ending = replica.controls().get(&ending).unwrap();
    Some(ending.kind.clone())
}

/// Had her laptop been taken off before anybody heard, the admission is void: Chloe hears why, and has to be invited again.
#[test]
fn whoever_was_let_in_by_a_device_that_was_taken_off_unheard_is_told_so_and_loses_nothing() {
    let ([_, mut phone, mut ben, mut chloe], notebook) = let_in_unheard();
    let before = ben.engine.replica(notebook).unwrap().controls().digest();
    assert_eq!(standing(&chloe, notebook), Standing::Member);
    let cause = take_told(&mut chloe, &mut ben, notebook);
    assert!(
        matches!(cause, Some(ControlKind::RevokeDevice { .. })),
        "{cause:?}"
    );
    assert!(matches!(standing(&chloe, notebook), Standing::Voided(_)));
    assert!(
        !chloe.engine.looks_for_peers(notebook),
        "she dials nobody for it"
    );
    let after = ben.engine.replica(notebook).unwrap().controls().digest();
    assert_eq!(before, after, "nothing of it is kept");
    let turned_away: Vec<_> = ben.engine.turned_away(notebook).collect();
    let [(who, at_ms)] = turned_away.as_slice() else {
        panic!("{turned_away:?}");
    };
    assert_eq!((who.device, *at_ms), (chloe.id(), ben.now_ms));
    assert_eq!(who.name.as_deref(), Some("Chloe"));

    // The phone invites her again, and what she wrote meanwhile reaches everybody.
    pair(&mut phone, &mut chloe, notebook, Role::Peer);
    assert_eq!(standing(&chloe, notebook), Standing::Member);
    assert!(sync(&mut phone, &mut chloe));
    assert!(sync(&mut phone, &mut ben));
    assert!(sync(&mut chloe, &mut ben));
    for device in [&mut phone, &mut ben, &mut chloe] {
        assert!(device.reads(notebook, "hers"));
    }
    assert_eq!(ben.engine.turned_away(notebook).count(), 0);
}

/// A member who has heard both of the admission and of what voids it says so over any link, as to whoever is out.
#[test]
fn a_member_who_knows_both_sides_tells_it_over_a_link() {
    let ([ana, _, mut ben, mut chloe], notebook) = let_in_unheard();
    let all: Vec<_> = {
        let replica = ana.engine.replica(notebook).unwrap();
        replica.controls().iter().cloned().collect()
    };
    let replica = ben.engine.replica_mut(notebook).unwrap();
    replica.ingest_controls(all).unwrap();
    ben.settle();
    let replica = ben.engine.replica(notebook).unwrap();
    assert!(matches!(
        replica.standing_of(&chloe.id()),
        Standing::Voided(_)
    ));
    sync(&mut chloe, &mut ben);
    assert!(matches!(standing(&chloe, notebook), Standing::Voided(_)));
    assert_eq!(
        ben.engine.turned_away(notebook).count(),
        0,
        "nobody came to the door"
    );
}

/// A puppet of somebody removed, and a stranger with another's entries, are told nothing more than whoever let
/// them in.
#[test]
fn whoever_shows_a_void_admission_is_told_what_voids_it_and_nothing_later() {
    let ([_, mut phone, mut ben, chloe], notebook) = let_in_unheard();
    phone.write(notebook, "later");
    phone
        .engine
        .rekey(notebook, &mut phone.disk, &mut phone.random)
        .unwrap();
    sync(&mut phone, &mut ben);
    let told = show(&chloe, &mut ben);
    let entries: Vec<_> = told.iter().flat_map(|(_, entries)| entries).collect();
    let kinds: Vec<_> = entries
        .iter()
        .map(|entry| ControlEntry::parse(entry).unwrap().kind)
        .collect();
    let revocations = kinds
        .iter()
        .filter(|kind| matches!(kind, ControlKind::RevokeDevice { .. }));
    assert_eq!(revocations.count(), 1, "{kinds:?}");
    assert!(
        !kinds
            .iter()
            .any(|kind| matches!(kind, ControlKind::Rekey(_))),
        "{kinds:?}"
    );
    // Another one comes within the time in which strangers are heard once.
    assert!(show(&chloe, &mut ben).is_empty());
}
