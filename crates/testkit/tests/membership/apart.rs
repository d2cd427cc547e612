//! What somebody may say who is told that they are out: over random histories, of which somebody knows a part.

use hearth_core::control::{ControlEntry, ControlKind, ControlSet, Membership};
use hearth_core::ids::{ControlHash, DeviceId};

use crate::graph::Manner;
use crate::people::people;
use crate::{Counts, add, history, over_histories};

fn live(set: &ControlSet) -> Vec<DeviceId> {
    let resolved = Membership::resolve(set);
    resolved.devices().keys().copied().collect()
}

fn is_live(set: &ControlSet, device: &DeviceId) -> bool {
    Membership::resolve(set).person_of(device).is_some()
}

/// Puts an entry and all that lies in its past into a new set.
fn past_of(set: &ControlSet, entry: &ControlHash) -> ControlSet {
    let heads = [*entry];
    let mut entries = set
        .iter()
        .filter(|other| set.is_within(&other.hash(), &heads));
    let mut part = ControlSet::new(entries.next().unwrap().clone()).unwrap();
    for other in entries {
        part.insert(other.clone()).unwrap();
    }
    part
}

#[test]
fn what_makes_somebody_a_member_is_shown_to_whoever_lacks_it_and_taken() {
    let counts = over_histories(|seed, counts: &mut Counts| {
        let (_, all) = history(seed);
        for ending in all.iter().map(ControlEntry::hash) {
            let part = past_of(&all, &ending);
            for device in live(&all) {
                let was_named = part.device(&device).is_some();
                if !was_named || is_live(&part, &device) {
                    continue;
                }
                let shown = all.objection(&device, &[ending], &[]);
                match part.heard(&device, &shown) {
                    Some(taken) => {
                        let mut after = part.clone();
                        for entry in taken {
                            after.insert(entry).unwrap();
                        }
                        assert!(is_live(&after, &device));
                        add(counts, "shown and taken", 1);
                    }
                    None => panic!("{} entries do not do", shown.len()),
                }
            }
        }
    });
    println!("{counts:?}");
    assert!(counts.get("shown and taken").copied().unwrap_or(0) > 0);
}

#[test]
fn whoever_is_out_makes_nobody_take_anything_whatever_they_show() {
    let counts = over_histories(|seed, counts: &mut Counts| {
        let (mut graph, set) = history(seed);
        for (place, person) in people().iter().enumerate().skip(1) {
            let resolved = Membership::resolve(&set);
            let has_left = set.iter().any(|entry| {
                matches!(entry.kind, ControlKind::Leave)
                    && set
                        .author(&entry.hash())
                        .is_some_and(|(who, _)| who == person.id())
            });
            if has_left || !resolved.is_removed(&person.id()) {
                continue;
            }
            graph.known[place] = set.clone();
            for _ in 0..12 {
                graph.write(place, Manner::BackDated);
            }
            let mut shown: Vec<Vec<u8>> = graph.known[place]
                .iter()
                .skip(set.len())
                .map(|entry| entry.as_bytes().to_vec())
                .collect();
            for device in &person.devices {
                let id = device.id();
                assert!(set.heard(&id, &shown).is_none(), "person {place} is back");
                // Nor do altered ones, ones out of order, or none.
                if let Some(byte) = shown.last_mut().and_then(|entry| entry.last_mut()) {
                    *byte ^= 1;
                }
                assert!(set.heard(&id, &shown).is_none());
                shown.reverse();
                assert!(set.heard(&id, &shown).is_none());
                assert!(set.heard(&id, &[]).is_none());
            }
            add(counts, "entries shown in vain", shown.len() as u64);
        }
    });
    println!("{counts:?}");
}

#[test]
fn more_than_a_few_entries_are_not_looked_at() {
    let (_, set) = history(1);
    let device = people()[1].devices[3].id();
    let many = vec![vec![0; 4]; hearth_core::limits::OBJECTION_ENTRIES_MAX + 1];
    assert!(set.heard(&device, &many).is_none());
    let long = vec![vec![0; hearth_core::limits::OBJECTION_BYTES_MAX + 1]];
    assert!(set.heard(&device, &long).is_none());
}
