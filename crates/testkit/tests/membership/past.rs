//! An entry is judged by its own past alone, and what a set has resolved before changes no answer.

use std::collections::BTreeSet;

use hearth_core::control::{ControlEntry, ControlSet, Membership};
use hearth_core::ids::ControlHash;
use hearth_testkit::dice::Dice;

use crate::people::people;
use crate::{Counts, add, history, in_another_order, over_histories};

/// Entries of each history that are judged in a set of their own past.
const JUDGED: usize = 6;
/// Pasts that each history is looked at from.
const PASTS: usize = 24;

/// Returns a set of nothing but some heads and what lies before them.
fn past_of(set: &ControlSet, heads: &[ControlHash]) -> ControlSet {
    let within: Vec<ControlEntry> = set
        .iter()
        .filter(|entry| set.is_within(&entry.hash(), heads))
        .cloned()
        .collect();
    let (create, rest) = within.split_first().unwrap();
    ControlSet::restore(create.clone(), rest.to_vec()).unwrap()
}

/// Draws a few entries as heads, none of them in the past of another.
fn some_heads(set: &ControlSet, random: &mut impl Dice) -> Vec<ControlHash> {
    let all: Vec<ControlHash> = set.iter().map(ControlEntry::hash).collect();
    let drawn: BTreeSet<ControlHash> = (0..=random.below(3))
        .filter_map(|_| random.pick(&all).copied())
        .collect();
    let is_head = |head: &&ControlHash| !drawn.iter().any(|other| set.is_past(head, other));
    drawn.iter().filter(is_head).copied().collect()
}

#[test]
fn an_entry_is_judged_by_its_own_past_alone() {
    let counts = over_histories(|seed, counts| {
        let (mut graph, set) = history(seed);
        let all: Vec<ControlEntry> = set.iter().skip(1).cloned().collect();
        for _ in 0..JUDGED {
            let Some(entry) = graph.random.pick(&all) else {
                return;
            };
            let mut past = past_of(&set, &entry.heads);
            past.insert(entry.clone()).unwrap();
            let hash = entry.hash();
            assert_eq!(past.author(&hash), set.author(&hash));
            assert_eq!(past.is_well_formed(&hash), set.is_well_formed(&hash));
            let well_formed = u64::from(set.is_well_formed(&hash));
            add(counts, "judged", 1);
            add(counts, "well-formed", well_formed);
        }
    });
    println!("{counts:?}");
    check_both(&counts, "judged", "well-formed");
}

#[test]
fn what_was_resolved_before_changes_no_answer() {
    let counts = over_histories(|seed, counts| {
        let (mut graph, set) = history(seed);
        // What the set of another order keeps was resolved in other places, and from less.
        let other = in_another_order(&set, &mut graph.random);
        for round in 0..PASTS {
            let heads = some_heads(&set, &mut graph.random);
            let anew = Membership::resolve_anew_at(&set, &heads);
            for set in [&set, &other] {
                let before = set.resolutions();
                assert_eq!(Membership::resolve_at(set, &heads), anew);
                add(counts, "looked at", 1);
                add(counts, "resolved", set.resolutions() - before);
                for person in people() {
                    let known = Membership::known_of(set, &heads, &person.id());
                    assert_eq!(known.member(&person.id()), anew.member(&person.id()));
                    assert_eq!(known.recipients(), anew.recipients());
                    assert_eq!(known.devices(), anew.devices());
                }
            }
            if round % 8 == 0 {
                let past = past_of(&set, &heads);
                assert_eq!(Membership::resolve_anew_at(&past, &heads), anew);
                // Two copies of a set go on apart, with other entries in the same places.
                let mut copy = past.clone();
                for entry in set.iter() {
                    copy.insert(entry.clone()).unwrap();
                }
                assert_eq!(Membership::resolve(&copy), Membership::resolve(&set));
                assert_eq!(Membership::resolve_at(&past, &heads), anew);
            }
        }
        let heads = set.heads();
        let anew = Membership::resolve_anew_at(&set, &heads);
        assert_eq!(Membership::resolve_at(&set, &heads), anew);
        assert_eq!(Membership::resolve(&set).members(), anew.members());
    });
    println!("{counts:?}");
    check_both(&counts, "looked at", "resolved");
}

/// Some of what was tried came out one way, and some the other.
fn check_both(counts: &Counts, all: &str, some: &str) {
    let count = |name| counts.get(name).copied().unwrap_or(0);
    assert!(
        count(all) < 1_000 || (0 < count(some) && count(some) < count(all)),
        "{} of {} are {some}",
        count(some),
        count(all)
    );
}
