//! Every bit of the stored entries about members and their devices matters: whichever is flipped, the
//! entry is refused, and what was there stays as it was.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::collections::BTreeMap;

use hearth_core::control::{ControlEntry, ControlSet};
use hearth_core::identity::{Roster, RosterEntry};
use hearth_testkit::vectors::read;

fn flipped(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len() * 8).map(|bit| {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        (bit, changed)
    })
}

#[test]
fn every_flipped_bit_of_a_roster_entry_is_refused() {
    let mut roster: Option<Roster> = None;
    let (mut flips, mut entries) = (0_u64, 0);
    for vector in read("rosters").unwrap() {
        if vector.input != "history 0" {
            continue;
        }
        let bytes = vector.to_bytes().unwrap();
        for (bit, changed) in flipped(&bytes) {
            let is_taken = match (RosterEntry::parse(&changed), &roster) {
                (Err(_), _) => false,
                (Ok(entry), None) => Roster::new(entry).is_ok(),
                (Ok(entry), Some(roster)) => roster.clone().insert(entry).is_ok(),
            };
            assert!(!is_taken, "bit {bit} of {} was accepted", vector.name);
            flips += 1;
        }
        let entry = RosterEntry::parse(&bytes).unwrap();
        match &mut roster {
            None => roster = Some(Roster::new(entry).unwrap()),
            Some(roster) => assert_eq!(roster.insert(entry), Ok(true)),
        }
        entries += 1;
    }
    assert_eq!(entries, 9);
    println!("{flips} flipped bits of {entries} roster entries, all refused");
}

/// The stored notebook, entry by entry.
fn members() -> Vec<ControlEntry> {
    read("members")
        .unwrap()
        .into_iter()
        .filter(|vector| vector.input == "members 0" && !vector.name.ends_with("resolved"))
        .map(|vector| ControlEntry::parse(&vector.to_bytes().unwrap()).unwrap())
        .collect()
}

/// Flips every bit of the shortest entry of each of some kinds.
fn try_kinds(codes: &[u8]) {
    let entries = members();
    let mut shortest: BTreeMap<u8, usize> = BTreeMap::new();
    for (place, entry) in entries.iter().enumerate() {
        let code = entry.kind.code();
        let len = |place: usize| entries[place].as_bytes().len();
        // Admissions by invitation are tried elsewhere.
        let is_new = !matches!(
            &entry.kind,
            hearth_core::control::ControlKind::Admit(admit) if !admit.invite.is_zero()
        );
        let known = shortest.get(&code).copied();
        if is_new && codes.contains(&code) && known.is_none_or(|known| len(place) < len(known)) {
            shortest.insert(code, place);
        }
    }
    let wanted: Vec<u8> = shortest.keys().copied().collect();
    assert_eq!(wanted, codes);
    let mut flips = 0_u64;
    for place in shortest.into_values() {
        let mut set = ControlSet::new(entries[0].clone()).unwrap();
        for entry in &entries[1..place] {
            set.insert(entry.clone()).unwrap();
        }
        let before = (set.digest(), set.waiting());
        let entry = &entries[place];
        for (bit, bytes) in flipped(entry.as_bytes()) {
            let is_taken = ControlEntry::parse(&bytes).is_ok_and(|entry| set.insert(entry).is_ok());
            let code = entry.kind.code();
            assert!(
                !is_taken,
                "bit {bit} of the entry of kind {code} was accepted"
            );
            flips += 1;
        }
        assert_eq!((set.digest(), set.waiting()), before);
        set.insert(entry.clone()).unwrap();
        assert!(set.is_well_formed(&entry.hash()));
    }
    println!("{flips} flipped bits of entries of the kinds {codes:?}, all refused");
}

#[test]
fn every_flipped_bit_of_an_entry_about_people_is_refused() {
    try_kinds(&[2, 3, 4, 5, 6]);
}

#[test]
fn every_flipped_bit_of_an_entry_about_devices_and_keys_is_refused() {
    try_kinds(&[7, 8, 9, 11, 14, 15]);
}
