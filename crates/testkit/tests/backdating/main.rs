//! An admin who was removed, alone or with puppets that they had let in before, writes as if they did not know of
//! it: control entries with any past and any standing that they ever had, what they wrote offline, second histories
//! of their own logs, logs that nobody knew. None of it changes members, keys in force or documents on any copy,
//! whether it comes before the removal or after.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

mod attack;
mod notebook;

use hearth_testkit::seeds;

use attack::Attack;
use notebook::{Tally, Victims};

/// Attacks that a run without `HEARTH_SEEDS` tries, alone and with puppets each.
const ATTACKS: u64 = 30;

fn over_attacks(with_puppets: bool) -> Tally {
    let victims = Victims::new();
    let mut tally = Tally::default();
    for seed in seeds::chosen(ATTACKS) {
        let mut attack = Attack::new(seed, &victims, with_puppets);
        let batch = attack.draw();
        for copy in &victims.copies {
            copy.suffer(&batch, &victims, seed, &mut tally);
        }
        tally.attacks += 1;
        tally.drawn(&attack);
    }
    println!("{tally:#?}");
    if seeds::chosen(ATTACKS).count() >= 20 {
        for (what, count) in [
            ("control entries taken in", tally.controls_kept),
            ("content entries taken in", tally.entries_kept),
            ("entries kept without counting", tally.held),
            ("attacks that the removal stopped", tally.would_have),
        ] {
            assert!(count > 0, "no {what}");
        }
    }
    tally
}

#[test]
fn a_removed_admin_changes_nothing_on_any_copy_whatever_they_back_date() {
    over_attacks(false);
}

#[test]
fn a_removed_admin_with_puppets_changes_nothing_on_any_copy() {
    over_attacks(true);
}
