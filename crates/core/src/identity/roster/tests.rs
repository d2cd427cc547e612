use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;
use crate::identity::RecoveryPhrase;

struct Person {
    recovery: RecoverySecrets,
    roster: Roster,
    rng: ChaCha20Rng,
}

impl Person {
    fn new(seed: u64) -> (Self, DeviceSecrets) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let recovery = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut rng));
        let device = DeviceSecrets::random(&mut rng);
        let roster = Roster::found(&recovery, &device);
        let person = Self {
            recovery,
            roster,
            rng,
        };
        (person, device)
    }

    fn device(&mut self) -> DeviceSecrets {
        DeviceSecrets::random(&mut self.rng)
    }

    fn claim(&self, device: &DeviceSecrets) -> DeviceClaim {
        device.claim(self.roster.person())
    }

    /// Adds a device to `known` and returns the entry.
    fn add(&self, known: &mut Roster, by: &DeviceSecrets, new: &DeviceSecrets) -> RosterEntry {
        let entry = known.add_device(by, &self.claim(new));
        known.insert(entry.clone()).unwrap();
        entry
    }
}

fn has(roster: &Roster, device: &DeviceSecrets) -> bool {
    roster.devices().contains_key(&device.id())
}

/// Takes all entries in, in every rotation of their order, and checks that the order does not matter.
fn together(base: &Roster, entries: &[RosterEntry]) -> Roster {
    let mut seen: Option<Roster> = None;
    for first in 0..entries.len().max(1) {
        let mut roster = base.clone();
        let mut left: Vec<&RosterEntry> =
            entries[first..].iter().chain(&entries[..first]).collect();
        while !left.is_empty() {
            let before = left.len();
            left.retain(|entry| {
                matches!(
                    roster.insert((*entry).clone()),
                    Err(RosterError::PastMissing)
                )
            });
            assert!(left.len() < before, "entries without their past");
        }
        if let Some(seen) = &seen {
            assert_eq!(seen.view(), roster.view());
        }
        seen = Some(roster);
    }
    seen.unwrap()
}

#[test]
fn a_roster_proves_itself() {
    let (mut person, first) = Person::new(5);
    let second = person.device();
    let mut roster = person.roster.clone();
    person.add(&mut roster, &first, &second);
    let bytes = roster.to_bytes();
    let read = Roster::read(&mut Reader::new(&bytes)).unwrap();
    assert_eq!(read, roster);
    assert_eq!(read.view(), roster.view());
    assert!(has(&read, &second));
}

#[test]
fn every_flipped_bit_of_a_founding_entry_is_refused() {
    let (person, _) = Person::new(5);
    let entry = person.roster.entries().next().unwrap().clone();
    for bit in 0..entry.as_bytes().len() * 8 {
        let mut bytes = entry.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(
            RosterEntry::parse(&bytes).is_err(),
            "bit {bit} was accepted"
        );
    }
}

#[test]
fn every_flipped_bit_of_a_later_entry_is_refused() {
    let (mut person, first) = Person::new(6);
    let second = person.device();
    let entry = person.roster.add_device(&first, &person.claim(&second));
    for bit in 0..entry.as_bytes().len() * 8 {
        let mut bytes = entry.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let taken = RosterEntry::parse(&bytes).and_then(|entry| person.roster.insert(entry));
        assert!(taken.is_err(), "bit {bit} was accepted");
    }
}

#[test]
fn another_person_cannot_claim_a_roster_or_a_device() {
    let (mine, device) = Person::new(5);
    let (mut theirs, their_device) = Person::new(6);
    let founding = mine.roster.entries().next().unwrap();
    let other = theirs.roster.entries().next().unwrap();
    let mut spliced = other.as_bytes().to_vec();
    spliced[2..34].copy_from_slice(founding.person.as_bytes());
    assert_eq!(RosterEntry::parse(&spliced), Err(RosterError::NotClaimed));
    // The device says that it is mine, and they add it to theirs.
    let claim = mine.claim(&device);
    let stolen = theirs.roster.add_device(&their_device, &claim);
    assert_eq!(
        RosterEntry::parse(stolen.as_bytes()),
        Err(RosterError::NotClaimed)
    );
    let foreign = mine.roster.revoke_device(&device, device.id());
    assert_eq!(theirs.roster.insert(foreign), Err(RosterError::WrongPerson));
}

#[test]
fn two_devices_that_revoke_each_other_are_both_out() {
    let (mut person, first) = Person::new(7);
    let second = person.device();
    let mut base = person.roster.clone();
    person.add(&mut base, &first, &second);
    let one = base.revoke_device(&first, second.id());
    let other = base.revoke_device(&second, first.id());
    let roster = together(&base, &[one, other]);
    assert!(roster.devices().is_empty());
    // The phrase brings the person back.
    let third = person.device();
    let back = roster.recover_device(&person.recovery, &person.claim(&third));
    let roster = together(&roster, &[back]);
    assert!(has(&roster, &third));
    assert_eq!(roster.devices().len(), 1);
}

#[test]
fn what_a_revoked_device_adds_at_the_same_time_is_void_and_so_are_its_puppets() {
    let (mut person, first) = Person::new(8);
    let (second, puppet, puppets_puppet) = (person.device(), person.device(), person.device());
    let mut base = person.roster.clone();
    person.add(&mut base, &first, &second);
    let revoke = base.revoke_device(&first, second.id());
    let mut branch = base.clone();
    let added = person.add(&mut branch, &second, &puppet);
    let again = person.add(&mut branch, &puppet, &puppets_puppet);
    let roster = together(&base, &[revoke, added, again]);
    assert_eq!(
        roster.devices().keys().collect::<Vec<_>>(),
        vec![&first.id()]
    );
}

#[test]
fn what_a_device_added_before_its_revocation_stays() {
    let (mut person, first) = Person::new(9);
    let (second, third) = (person.device(), person.device());
    let mut roster = person.roster.clone();
    person.add(&mut roster, &first, &second);
    person.add(&mut roster, &second, &third);
    let revoke = roster.revoke_device(&first, second.id());
    let roster = together(&roster, &[revoke]);
    assert!(has(&roster, &first) && has(&roster, &third) && !has(&roster, &second));
}

#[test]
fn a_revoked_device_may_sign_nothing_more() {
    let (mut person, first) = Person::new(10);
    let (second, third) = (person.device(), person.device());
    let mut roster = person.roster.clone();
    person.add(&mut roster, &first, &second);
    let revoke = roster.revoke_device(&first, second.id());
    roster.insert(revoke).unwrap();
    let late = roster.add_device(&second, &person.claim(&third));
    let revenge = roster.revoke_device(&second, first.id());
    let roster = together(&roster, &[late, revenge]);
    assert_eq!(
        roster.devices().keys().collect::<Vec<_>>(),
        vec![&first.id()]
    );
}

#[test]
fn the_recovery_key_voids_what_its_target_signed_at_the_same_time() {
    let (mut person, first) = Person::new(11);
    let (second, puppet) = (person.device(), person.device());
    let mut base = person.roster.clone();
    person.add(&mut base, &first, &second);
    let by_phrase = base.recovery_revoke(&person.recovery, second.id());
    let revenge = base.revoke_device(&second, first.id());
    let added = base.add_device(&second, &person.claim(&puppet));
    let roster = together(&base, &[by_phrase, revenge, added]);
    assert_eq!(
        roster.devices().keys().collect::<Vec<_>>(),
        vec![&first.id()]
    );
}

#[test]
fn revoking_the_others_takes_off_devices_that_nobody_knew_of() {
    let (mut person, first) = Person::new(12);
    let (unknown, new, later) = (person.device(), person.device(), person.device());
    let base = person.roster.clone();
    let hidden = base.add_device(&first, &person.claim(&unknown));
    let mut mine = base.clone();
    let added = mine.recover_device(&person.recovery, &person.claim(&new));
    mine.insert(added.clone()).unwrap();
    let others = mine.revoke_others(&person.recovery, new.id());
    mine.insert(others.clone()).unwrap();
    let after = person.add(&mut mine, &new, &later);
    let roster = together(&base, &[hidden, added, others, after]);
    assert!(has(&roster, &new) && has(&roster, &later));
    assert_eq!(roster.devices().len(), 2);
}

#[test]
fn of_two_recoveries_at_once_one_counts_and_a_third_can_follow() {
    let (mut person, _first) = Person::new(13);
    let (one, two, three) = (person.device(), person.device(), person.device());
    let base = person.roster.clone();
    let recover = |roster: &mut Roster, device: &DeviceSecrets| {
        let added = roster.recover_device(&person.recovery, &person.claim(device));
        roster.insert(added.clone()).unwrap();
        let others = roster.revoke_others(&person.recovery, device.id());
        roster.insert(others.clone()).unwrap();
        [added, others]
    };
    let (mut here, mut there) = (base.clone(), base.clone());
    let entries = [recover(&mut here, &one), recover(&mut there, &two)].concat();
    let mut roster = together(&base, &entries);
    assert_eq!(roster.devices().len(), 1);
    recover(&mut roster, &three);
    assert_eq!(
        roster.devices().keys().collect::<Vec<_>>(),
        vec![&three.id()]
    );
}

#[test]
fn a_rotated_recovery_key_signs_nothing_that_counts() {
    let (mut person, first) = Person::new(14);
    let new = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut person.rng));
    let (thief, mine) = (person.device(), person.device());
    let base = person.roster.clone();
    let rotated = base.rotate_recovery(&person.recovery, &new.card());
    let beside = base.recover_device(&person.recovery, &person.claim(&thief));
    let mut roster = together(&base, &[rotated, beside]);
    assert!(has(&roster, &first) && !has(&roster, &thief));
    assert_eq!(roster.recovery(), &new.card());
    assert_eq!(roster.person(), person.recovery.person());
    let late = roster.recover_device(&person.recovery, &person.claim(&thief));
    roster.insert(late).unwrap();
    assert!(!has(&roster, &thief));
    let by_new = roster.recover_device(&new, &person.claim(&mine));
    roster.insert(by_new).unwrap();
    assert!(has(&roster, &mine));
}

#[test]
fn a_stranger_cannot_sign_with_a_made_up_recovery_key() {
    let (mut person, _first) = Person::new(15);
    let other = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut person.rng));
    let device = person.device();
    let forged = person.roster.recover_device(&other, &person.claim(&device));
    assert_eq!(person.roster.insert(forged), Err(RosterError::Signature));
}
