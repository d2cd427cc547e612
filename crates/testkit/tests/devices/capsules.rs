//! Capsules: one contact leads back to everything, and nobody can misuse those that are kept.

use std::collections::{BTreeMap, BTreeSet};

use hearth_core::capsule::{Capsule, CapsuleContent, CapsuleError, NotebookState};
use hearth_core::control::Role;
use hearth_core::engine::{CapsuleFacts, ConnectionId, ConnectionKind, Effect};
use hearth_core::enrol::{EnrolError, EnrolRefusal, FoundCapsule};
use hearth_core::identity::{RecoveryCard, RecoveryPhrase, RecoverySecrets};
use hearth_core::ids::{DeviceId, NotebookId, PersonId};
use hearth_core::limits::{
    CAPSULE_EVERY_MS, CAPSULE_OFFERS_MAX, CAPSULES_PER_PERSON_MAX, FRAME_BYTES_MAX,
};
use hearth_core::storage::{CapsuleRecord, Storage};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::support::*;

const WANTED: u8 = 1;
const KEPT: u8 = 2;
const REFUSED: u8 = 3;

/// Ana with a notebook with Ben, one with Carl, one of her own and a journal.
struct Circle {
    ana: Device,
    ben: Device,
    carl: Device,
    with_ben: NotebookId,
    with_carl: NotebookId,
    alone: NotebookId,
    journal: NotebookId,
}

impl Circle {
    fn new() -> Self {
        let (mut ana, mut ben, mut carl) = (
            Device::first(1, "Ana"),
            Device::first(2, "Ben"),
            Device::first(3, "Carl"),
        );
        let all: Vec<NotebookId> = (0..4).map(|_| ana.create()).collect();
        for notebook in &all {
            ana.write(*notebook, "old");
        }
        pair(&mut ana, &mut ben, all[0], Role::Peer);
        pair(&mut ana, &mut carl, all[1], Role::Peer);
        Self {
            ana,
            ben,
            carl,
            with_ben: all[0],
            with_carl: all[1],
            alone: all[2],
            journal: all[3],
        }
    }

    fn facts(&self, copies_journals: bool) -> CapsuleFacts {
        CapsuleFacts {
            journals: BTreeSet::from([self.journal]),
            copies_journals,
            ..CapsuleFacts::default()
        }
    }

    fn recovery(&self) -> RecoverySecrets {
        self.ana.recovery.clone().unwrap()
    }

    /// Has Ana's capsule made, and kept by Ben.
    fn keep(&mut self, copies_journals: bool) {
        let facts = self.facts(copies_journals);
        assert!(self.ana.renew(&facts));
        assert!(sync(&mut self.ana, &mut self.ben));
        assert!(self.ben.keeps().contains(&self.of_ana(1)));
    }

    fn of_ana(&self, counter: u64) -> (PersonId, DeviceId, u64) {
        (self.ana.person(), self.ana.id(), counter)
    }
}

/// Opens a member's copies of a capsule, or says why not.
fn opened(
    member: &mut Device,
    recovery: &RecoverySecrets,
) -> Vec<Result<Box<CapsuleContent>, CapsuleError>> {
    let found = seek(member, recovery).unwrap().capsules;
    found
        .into_iter()
        .map(|capsule| match capsule {
            FoundCapsule::Opened(_, content) => Ok(content),
            FoundCapsule::Unusable(error) => Err(error),
        })
        .collect()
}

#[test]
fn one_contact_leads_to_every_notebook_and_to_the_journal() {
    let mut circle = Circle::new();
    circle.keep(true);
    let (recovery, stolen) = (circle.recovery(), circle.ana.id());
    let Circle {
        ana,
        ben,
        carl,
        with_ben,
        with_carl,
        alone,
        journal,
    } = &mut circle;
    let (mut new, told) = recover_through(&mut [ben, carl], &recovery, true);
    assert_eq!(new.person(), ana.person());
    assert!(sync(ben, &mut new) && sync(carl, &mut new));
    for notebook in [*with_ben, *with_carl, *journal] {
        assert!(new.reads(notebook, "old"), "{notebook} is here");
        assert!(
            !new.members(notebook).contains(&stolen),
            "the old one is off"
        );
        new.write(notebook, "new");
    }
    assert!(sync(ben, &mut new) && sync(carl, &mut new));
    assert!(ben.reads(*with_ben, "new") && carl.reads(*with_carl, "new"));
    assert_eq!(
        told,
        BTreeMap::from([
            (*with_ben, NotebookState::Shared),
            (*with_carl, NotebookState::Shared),
            (*alone, NotebookState::Alone),
            (*journal, NotebookState::JournalCopied),
        ])
    );
    assert!(new.engine.replica(*alone).is_none());
    // Neither of the members holds anything of the journal but what is sealed.
    assert!(ben.engine.replica(*journal).is_none() && carl.engine.replica(*journal).is_none());
    new.restart();
    assert!(new.reads(*journal, "old") && new.reads(*journal, "new"));
}

#[test]
fn without_the_persons_wish_the_journal_is_in_no_capsule() {
    let mut circle = Circle::new();
    circle.keep(false);
    let recovery = circle.recovery();
    let content = opened(&mut circle.ben, &recovery).pop().unwrap().unwrap();
    assert!(content.journals.is_empty());
    let Circle { ben, carl, .. } = &mut circle;
    let (mut new, told) = recover_through(&mut [ben, carl], &recovery, false);
    assert_eq!(told[&circle.journal], NotebookState::Journal);
    assert!(new.engine.replica(circle.journal).is_none());
    assert!(sync(&mut circle.carl, &mut new));
    assert!(new.reads(circle.with_carl, "old"));
}

#[test]
fn a_capsule_is_renewed_for_what_it_says_and_not_for_each_edit() {
    let mut circle = Circle::new();
    let mut facts = circle.facts(true);
    assert!(circle.ana.renew(&facts));
    circle.ana.write(circle.with_ben, "an edit");
    assert!(!circle.ana.renew(&facts), "an edit changes nothing in it");
    circle.ana.restart();
    assert!(!circle.ana.renew(&facts), "neither does a restart");
    // What changes all the time waits.
    circle.ana.write(circle.journal, "private");
    assert!(!circle.ana.renew(&facts));
    // That somebody can be found at all does not, and where does.
    let (ben, at) = (circle.ben.id(), "192.0.2.1:1".parse().unwrap());
    let elsewhere = (vec!["192.0.2.7:1".parse().unwrap()], Vec::new());
    facts.reachable.insert(ben, elsewhere);
    assert!(circle.ana.renew(&facts));
    facts.reachable.insert(ben, (vec![at], Vec::new()));
    assert!(!circle.ana.renew(&facts));
    let urgent = CapsuleFacts {
        is_urgent: true,
        ..facts.clone()
    };
    assert!(circle.ana.renew(&urgent) && !circle.ana.renew(&urgent));
    circle.ana.write(circle.journal, "more");
    circle.ana.now_ms += CAPSULE_EVERY_MS;
    assert!(circle.ana.renew(&facts) && !circle.ana.renew(&facts));
    // A new notebook with somebody does not.
    let more = circle.ana.create();
    pair(&mut circle.ana, &mut circle.ben, more, Role::Peer);
    assert!(circle.ana.renew(&facts));
    assert!(sync(&mut circle.ana, &mut circle.ben));
    assert_eq!(circle.ben.keeps(), [circle.of_ana(5)]);
    let recovery = circle.recovery();
    let content = opened(&mut circle.ben, &recovery).pop().unwrap().unwrap();
    let place = content.notebooks.iter().find(|one| one.notebook == more);
    let holder = &content.contacts[place.unwrap().holders[0]];
    assert_eq!(holder.addresses, [at]);
    assert_eq!(
        (holder.device, holder.name.as_str()),
        (circle.ben.id(), "Ben")
    );
}

#[test]
fn whoever_keeps_it_says_so_and_again_after_a_restart() {
    let mut circle = Circle::new();
    let facts = circle.facts(false);
    assert!(circle.ana.renew(&facts));
    let hash = circle.ana.engine.own_capsule().unwrap().head.hash;
    for _ in 0..2 {
        let told = sync_with_effects(&mut circle.ana, &mut circle.ben);
        let kept = |effect: &Effect| matches!(effect, Effect::CapsuleKept { capsule, .. } if *capsule == hash);
        assert!(told.iter().any(kept), "{told:?}");
        circle.ben.restart();
    }
    assert_eq!(circle.ben.keeps(), [circle.of_ana(1)]);
}

#[test]
fn another_device_of_ones_own_keeps_it_and_passes_it_on() {
    let mut circle = Circle::new();
    let (mut phone, _) = link(&mut circle.ana, "phone", 21);
    assert!(
        sync(&mut circle.ana, &mut circle.ben),
        "Ben knows the phone"
    );
    let facts = circle.facts(false);
    assert!(circle.ana.renew(&facts));
    assert!(sync(&mut circle.ana, &mut phone));
    assert_eq!(phone.keeps(), [circle.of_ana(1)]);
    // Its own stands beside the laptop's.
    assert!(phone.renew(&facts));
    assert!(sync(&mut phone, &mut circle.ben));
    let mut kept = vec![circle.of_ana(1), (circle.ana.person(), phone.id(), 1)];
    kept.sort();
    assert_eq!(circle.ben.keeps(), kept);
    // A device that is off has none kept anew; what it had said stays until something takes its place.
    circle.ana.revoke(phone.id());
    assert!(sync(&mut circle.ana, &mut circle.ben));
    assert_eq!(circle.ben.keeps(), kept);
    let card = circle.recovery().card();
    let stale = capsule_of(&phone, &card, 2);
    assert_eq!(offer(&mut circle.ben, &circle.ana, &stale), REFUSED);
}

#[test]
fn a_rotation_takes_the_old_capsule_away() {
    let mut circle = Circle::new();
    circle.keep(false);
    let mut random = ChaCha20Rng::seed_from_u64(5);
    let next = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random));
    let old = circle.recovery();
    let ana = &mut circle.ana;
    ana.engine
        .rotate_recovery(&old, &next, &mut ana.disk, &mut ana.random)
        .unwrap();
    assert!(sync(ana, &mut circle.ben));
    assert!(circle.ben.keeps().is_empty(), "it opens to nobody any more");
    let facts = circle.facts(false);
    assert!(circle.ana.renew(&facts));
    assert!(sync(&mut circle.ana, &mut circle.ben));
    assert_eq!(circle.ben.keeps(), [circle.of_ana(2)]);
    let unknown = EnrolError::Refused(EnrolRefusal::Unknown);
    assert_eq!(seek(&mut circle.ben, &old).map(drop).unwrap_err(), unknown);
    assert!(opened(&mut circle.ben, &next).pop().unwrap().is_ok());
}

#[test]
fn it_is_dropped_once_no_notebook_is_shared_any_more() {
    let mut circle = Circle::new();
    circle.keep(false);
    let ana = circle.ana.person();
    let ben = &mut circle.ben;
    // Ben leaves, so nothing binds him any more.
    ben.engine.leave(circle.with_ben, &mut ben.disk).unwrap();
    ben.settle();
    assert!(ben.keeps().is_empty());
    ben.restart();
    assert!(ben.keeps().iter().all(|(person, ..)| *person != ana));
    assert!(ben.disk.capsule_heads().unwrap().is_empty());
}

fn content_of(device: &Device) -> CapsuleContent {
    let identity = device.engine.identity();
    CapsuleContent {
        roster: identity.roster.clone(),
        name: identity.name.clone(),
        contacts: Vec::new(),
        notebooks: Vec::new(),
        mirrors: Vec::new(),
        keys: Vec::new(),
        journals: Vec::new(),
    }
}

fn capsule_of(device: &Device, card: &RecoveryCard, counter: u64) -> Capsule {
    let secrets = &device.engine.identity().device;
    let mut random = ChaCha20Rng::seed_from_u64(counter);
    Capsule::seal(
        &content_of(device),
        card,
        secrets,
        (counter, START_MS),
        &mut random,
    )
    .unwrap()
}

/// Offers a capsule on a connection of a device, and sends it where it is wanted; returns the last answer.
fn offer(keeper: &mut Device, from: &Device, capsule: &Capsule) -> u8 {
    let link = ConnectionId(6);
    let kind = ConnectionKind::Sync { dialled: false };
    let now_ms = keeper.now_ms;
    keeper
        .engine
        .connected(link, kind, from.transport(), EXPORTER, now_ms);
    let answer = offer_on(keeper, link, capsule, capsule.as_bytes());
    keeper.engine.disconnected(link, now_ms);
    answer
}

fn offer_on(keeper: &mut Device, link: ConnectionId, capsule: &Capsule, sent: &[u8]) -> u8 {
    let head = capsule.head();
    let mut frame = vec![10];
    frame.extend_from_slice(head.id.as_bytes());
    frame.extend_from_slice(head.device.as_bytes());
    frame.extend_from_slice(&head.counter.to_le_bytes());
    frame.extend_from_slice(&head.time_ms.to_le_bytes());
    frame.extend_from_slice(&head.length.to_le_bytes());
    frame.extend_from_slice(head.hash.as_bytes());
    keeper.receive(link, &frame);
    let answer = last_answer(keeper, link);
    if answer != WANTED {
        return answer;
    }
    let mut part = vec![12];
    part.extend_from_slice(head.hash.as_bytes());
    part.push(0);
    part.extend_from_slice(sent);
    assert!(part.len() < FRAME_BYTES_MAX);
    keeper.receive(link, &part);
    last_answer(keeper, link)
}

/// Returns the last answer about a capsule; 0 where there is none.
fn last_answer(keeper: &mut Device, link: ConnectionId) -> u8 {
    let mut answer = 0;
    while let Some(frame) = keeper.engine.next_frame(link, &keeper.disk) {
        if frame[0] == 11 {
            answer = frame[33];
        }
    }
    answer
}

#[test]
fn only_what_a_members_live_device_signed_is_kept_and_only_the_newest() {
    let mut circle = Circle::new();
    let card = circle.recovery().card();
    let second = capsule_of(&circle.ana, &card, 2);
    assert_eq!(offer(&mut circle.ben, &circle.ana, &second), KEPT);
    assert_eq!(
        offer(&mut circle.ben, &circle.ana, &second),
        KEPT,
        "it is there"
    );
    for old in [1, 2] {
        let mut other = content_of(&circle.ana);
        other.name = "another".to_owned();
        let secrets = &circle.ana.engine.identity().device;
        let mut random = ChaCha20Rng::seed_from_u64(9);
        let made = (old, START_MS + 1);
        let other = Capsule::seal(&other, &card, secrets, made, &mut random).unwrap();
        assert_eq!(offer(&mut circle.ben, &circle.ana, &other), REFUSED);
    }
    // Of somebody else: Carl's device offers Ana's, his own under her id, and one of a stranger.
    let more = circle.ana.create();
    pair(&mut circle.ana, &mut circle.ben, more, Role::Peer);
    pair(&mut circle.ana, &mut circle.carl, more, Role::Peer);
    assert!(sync(&mut circle.ana, &mut circle.ben));
    let third = capsule_of(&circle.ana, &card, 3);
    assert_eq!(offer(&mut circle.ben, &circle.carl, &third), REFUSED);
    let under_hers = capsule_of(&circle.carl, &card, 3);
    assert_eq!(offer(&mut circle.ben, &circle.carl, &under_hers), REFUSED);
    let stranger = Device::first(9, "Eve");
    let of_stranger = capsule_of(&stranger, &card, 3);
    assert_eq!(offer(&mut circle.ben, &circle.ana, &of_stranger), REFUSED);
    let carls = circle.carl.recovery.clone().unwrap().card();
    let his_own = capsule_of(&circle.carl, &carls, 1);
    assert_eq!(offer(&mut circle.ben, &circle.carl, &his_own), KEPT);
    // Ben's own are made by himself.
    let own = circle.ben.recovery.clone().unwrap().card();
    let own = capsule_of(&circle.ben, &own, 7);
    assert_eq!(offer(&mut circle.ben, &circle.ana, &own), REFUSED);
    assert_eq!(circle.ben.keeps().len(), 2);
    assert!(circle.ben.keeps().contains(&circle.of_ana(2)));
}

#[test]
fn what_arrives_otherwise_than_it_was_offered_is_not_kept() {
    let mut circle = Circle::new();
    let card = circle.recovery().card();
    let capsule = capsule_of(&circle.ana, &card, 1);
    let link = ConnectionId(6);
    let kind = ConnectionKind::Sync { dialled: false };
    let ben = &mut circle.ben;
    ben.engine
        .connected(link, kind, circle.ana.transport(), EXPORTER, START_MS);
    let mut sent = capsule.as_bytes().to_vec();
    for at in [0, 5, 40, 200, sent.len() - 1] {
        sent[at] ^= 1;
        assert_eq!(offer_on(ben, link, &capsule, &sent), REFUSED, "byte {at}");
        sent[at] ^= 1;
    }
    assert!(ben.keeps().is_empty());
    // More than was offered, or nothing that was asked for, is passed over.
    assert_eq!(
        offer_on(ben, link, &capsule, &[&sent[..], &[0]].concat()),
        0
    );
    let unasked = [&[12][..], &[7; 32], &[0], &sent].concat();
    ben.receive(link, &unasked);
    assert_eq!(last_answer(ben, link), 0);
    assert_eq!(offer_on(ben, link, &capsule, &sent), KEPT);
    assert_eq!(ben.keeps().len(), 1);
}

#[test]
fn whoever_offers_all_the_time_has_to_wait() {
    let mut circle = Circle::new();
    let card = circle.recovery().card();
    let link = ConnectionId(6);
    let kind = ConnectionKind::Sync { dialled: false };
    let ben = &mut circle.ben;
    ben.engine
        .connected(link, kind, circle.ana.transport(), EXPORTER, START_MS);
    for counter in 1..=CAPSULE_OFFERS_MAX {
        let capsule = capsule_of(&circle.ana, &card, counter);
        assert_eq!(offer_on(ben, link, &capsule, capsule.as_bytes()), KEPT);
    }
    let more = capsule_of(&circle.ana, &card, CAPSULE_OFFERS_MAX + 1);
    assert_eq!(offer_on(ben, link, &more, more.as_bytes()), 0);
    ben.now_ms += 60_000;
    assert_eq!(offer_on(ben, link, &more, more.as_bytes()), KEPT);
}

#[test]
fn no_more_are_kept_for_one_person_than_the_limit() {
    let mut circle = Circle::new();
    let card = circle.recovery().card();
    let mut phones = Vec::new();
    for number in 0..=CAPSULES_PER_PERSON_MAX as u64 {
        let (phone, _) = link(&mut circle.ana, "phone", 30 + number);
        phones.push(phone);
    }
    circle.ana.revoke(phones[3].id());
    assert!(sync(&mut circle.ana, &mut circle.ben));
    for phone in &phones {
        let capsule = capsule_of(phone, &card, 1);
        let answer = offer(&mut circle.ben, &circle.ana, &capsule);
        let is_off = phone.id() == phones[3].id();
        assert_eq!(answer, if is_off { REFUSED } else { KEPT });
    }
    let own = capsule_of(&circle.ana, &card, 1);
    assert_eq!(offer(&mut circle.ben, &circle.ana, &own), KEPT);
    assert_eq!(circle.ben.keeps().len(), CAPSULES_PER_PERSON_MAX);
    assert!(circle.ben.keeps().contains(&circle.of_ana(1)));
}

/// Puts other bytes, or nothing, in place of what a keeper keeps.
fn tamper(keeper: &mut Device, of: &Device, work: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) {
    let place = (of.person(), of.id());
    let head = keeper.disk.capsule_heads().unwrap().pop().unwrap();
    let capsule = keeper.disk.capsule(place).unwrap().unwrap();
    let changed = work(capsule);
    let record = changed.as_deref().map(|capsule| CapsuleRecord {
        head: &head,
        capsule,
    });
    keeper.disk.keep_capsule(place, record).unwrap();
    keeper.restart();
}

#[test]
fn a_hostile_keeper_costs_nothing_that_others_hold() {
    let mut circle = Circle::new();
    circle.keep(true);
    assert!(sync(&mut circle.ana, &mut circle.carl));
    let recovery = circle.recovery();
    let old = circle.ben.disk.clone();
    // A newer one comes, which Ben gives away damaged, then withholds, then gives an old one instead.
    let more = circle.ana.create();
    pair(&mut circle.ana, &mut circle.carl, more, Role::Peer);
    let facts = circle.facts(true);
    assert!(circle.ana.renew(&facts));
    assert!(sync(&mut circle.ana, &mut circle.ben) && sync(&mut circle.ana, &mut circle.carl));
    let ana = circle.of_ana(2);
    assert!(circle.ben.keeps().contains(&ana) && circle.carl.keeps().contains(&ana));

    let newest = circle.ben.disk.clone();
    tamper(&mut circle.ben, &circle.ana, |mut capsule| {
        let middle = capsule.len() / 2;
        capsule[middle] ^= 1;
        Some(capsule)
    });
    let found = opened(&mut circle.ben, &recovery);
    assert!(
        matches!(found[..], [Err(CapsuleError::Seal(_))]),
        "{found:?}"
    );
    assert_eq!(
        seek(&mut circle.ben, &recovery)
            .unwrap()
            .handover
            .notebooks
            .len(),
        1
    );
    circle.ben.disk = newest;
    tamper(&mut circle.ben, &circle.ana, |_| None);
    circle.ben.restart();
    assert!(opened(&mut circle.ben, &recovery).is_empty());
    circle.ben.disk = old;
    circle.ben.restart();
    let content = opened(&mut circle.ben, &recovery).pop().unwrap().unwrap();
    assert!(content.notebooks.iter().all(|one| one.notebook != more));
    // The old one still leads to Carl, and he has the newest.
    let Circle { ben, carl, .. } = &mut circle;
    let (mut new, _) = recover_through(&mut [ben, carl], &recovery, false);
    assert!(sync(carl, &mut new));
    assert!(new.engine.replica(more).is_some() && new.reads(circle.journal, "old"));
}

#[test]
fn a_notebook_whose_holder_was_not_there_is_entered_later_without_the_phrase() {
    let mut circle = Circle::new();
    circle.keep(false);
    let (recovery, stolen) = (circle.recovery(), circle.ana.id());
    let Circle {
        ben,
        carl,
        with_carl,
        ..
    } = &mut circle;
    let (mut new, told) = recover_through(&mut [ben], &recovery, true);
    assert!(told.contains_key(with_carl) && new.engine.replica(*with_carl).is_none());
    enter(&mut new, carl).unwrap();
    assert!(sync(carl, &mut new));
    assert!(!carl.members(*with_carl).contains(&stolen));
    // Carl's device finds that the new one holds no key, and makes one.
    carl.now_ms += 60_000;
    let (engine, random) = (&mut carl.engine, &mut carl.random);
    engine.tick(carl.now_ms, &mut carl.disk, random);
    assert!(sync(carl, &mut new));
    assert!(new.reads(*with_carl, "old"));
    new.write(*with_carl, "new");
    assert!(sync(carl, &mut new));
    assert!(carl.reads(*with_carl, "new"));
}

#[test]
fn nobody_enters_who_is_not_on_the_roster() {
    let mut circle = Circle::new();
    let (mut phone, _) = link(&mut circle.ana, "phone", 21);
    circle.ana.revoke(phone.id());
    assert!(sync(&mut circle.ana, &mut circle.ben));
    let unknown = EnrolError::Refused(EnrolRefusal::Unknown);
    // It shows a roster from before it was taken off.
    assert_eq!(enter(&mut phone, &mut circle.ben).unwrap_err(), unknown);
    let mut eve = Device::first(9, "Eve");
    assert_eq!(enter(&mut eve, &mut circle.ben).unwrap_err(), unknown);
    // Eve shows Ana's roster, on which she is not.
    let mut identity = eve.engine.identity().clone();
    identity.roster = circle.ana.engine.identity().roster.clone();
    let mut forged = Device::of(identity);
    assert_eq!(enter(&mut forged, &mut circle.ben).unwrap_err(), unknown);
}
