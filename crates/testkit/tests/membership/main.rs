//! The rules of membership over random histories: the order of arrival does not matter, a removed admin
//! changes nothing afterwards, whatever they back-date, and nobody locks the creator out.
//!
//! `HEARTH_SEEDS=1000` runs that many histories, `HEARTH_SEED=17` the one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod apart;
mod content;
mod examples;
mod graph;
mod past;
mod people;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use graph::{Graph, Manner};
use hearth_core::control::{ControlEntry, ControlKind, ControlSet, Inserted, Membership};
use hearth_core::ids::{ControlHash, PersonId};
use hearth_testkit::dice::Dice;
use hearth_testkit::seeds;
use people::{PEOPLE, people};
use rand_chacha::ChaCha20Rng;

/// Histories that a run without `HEARTH_SEEDS` tries.
const HISTORIES: u64 = 300;
/// Orders of arrival that each is tried in.
const ORDERS: usize = 3;

type Counts = BTreeMap<&'static str, u64>;

fn add(counts: &mut Counts, name: &'static str, more: u64) {
    *counts.entry(name).or_default() += more;
}

/// Runs a test over all chosen histories on all cores and returns what it counted. A failure names the seed.
fn over_histories(test: impl Fn(u64, &mut Counts) + Sync) -> Counts {
    let chosen = seeds::chosen(HISTORIES);
    let next = AtomicU64::new(*chosen.start());
    let total: Mutex<Counts> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !chosen.contains(&seed) {
                        return;
                    }
                    let mut counts = Counts::new();
                    let run = std::panic::AssertUnwindSafe(|| test(seed, &mut counts));
                    if let Err(panic) = std::panic::catch_unwind(run) {
                        eprintln!("HEARTH_SEED={seed} runs this history again");
                        std::panic::resume_unwind(panic);
                    }
                    let mut total = total.lock().unwrap();
                    for (name, count) in counts {
                        add(&mut total, name, count);
                    }
                }
            });
        }
    });
    total.into_inner().unwrap()
}

/// Draws a history: some happens, and in the end one set holds all of it.
fn history(seed: u64) -> (Graph, ControlSet) {
    let mut graph = Graph::new(seed);
    // The creator makes a start, so that there is somebody to do something.
    for _ in 0..3 {
        graph.admit_somebody(0);
    }
    let steps = 20 + graph.random.below(30);
    for _ in 0..steps {
        graph.step();
    }
    for from in 1..PEOPLE {
        graph.tell(from, 0);
    }
    let all = graph.known[0].clone();
    (graph, all)
}

/// Takes the entries of a set into a new one in a random order.
fn in_another_order(set: &ControlSet, random: &mut ChaCha20Rng) -> ControlSet {
    let mut entries: Vec<ControlEntry> = set.iter().cloned().collect();
    let create = entries.remove(0);
    for at in (1..entries.len()).rev() {
        entries.swap(at, random.index(at + 1));
    }
    let mut other = ControlSet::new(create).unwrap();
    for entry in entries {
        // A peer that passes on an entry before its past does so again later.
        let _ = other.insert(entry.clone());
        if random.chance(4) {
            let again = other.insert(entry);
            assert!(matches!(again, Ok(Inserted::Known | Inserted::Waiting)));
        }
    }
    other
}

#[test]
fn the_order_of_arrival_does_not_matter() {
    let counts = over_histories(|seed, counts| {
        let (mut graph, set) = history(seed);
        let resolved = Membership::resolve(&set);
        for _ in 0..ORDERS {
            let other = in_another_order(&set, &mut graph.random);
            assert_eq!(other.digest(), set.digest(), "the sets differ");
            assert_eq!(other.heads(), set.heads());
            assert_eq!(Membership::resolve(&other), resolved);
            let heads = set.heads_to_name();
            assert_eq!(
                Membership::resolve_at(&other, &heads).members(),
                Membership::resolve_at(&set, &heads).members()
            );
            assert_eq!(
                resolved.text_signatures(&set),
                Membership::resolve(&other).text_signatures(&other)
            );
        }
        for (name, count) in &graph.drawn {
            add(counts, name, *count);
        }
        count_rules(&set, &resolved, counts);
    });
    println!(
        "what {} histories drew and came to:",
        seeds::chosen(HISTORIES).count()
    );
    for (name, count) in &counts {
        println!("  {name:<28} {count:>8}");
    }
    if seeds::chosen(HISTORIES).count() >= 1_000 {
        for rule in COVERED {
            assert!(
                counts.get(rule).copied().unwrap_or(0) > 0,
                "no history came to \"{rule}\": the generator is too tame"
            );
        }
    }
}

/// What a thousand histories have to come to, or they show nothing.
const COVERED: [&str; 14] = [
    "= admissions void",
    "= demoted",
    "= devices revoked",
    "= duels of admins",
    "= invitations taken back",
    "= left",
    "= mirrors",
    "= mirrors removed",
    "= not by a live device",
    "= observers",
    "= promoted",
    "= readmitted",
    "= removed",
    "= removals of seniors",
];

fn count_rules(set: &ControlSet, resolved: &Membership, counts: &mut Counts) {
    let member = |person: &PersonId| resolved.member(person);
    let removals: Vec<(ControlHash, PersonId, Option<PersonId>)> = set
        .iter()
        .filter(|entry| set.is_well_formed(&entry.hash()))
        .filter_map(|entry| match &entry.kind {
            ControlKind::Remove { person, .. } => {
                let author = set.author(&entry.hash()).map(|(author, _)| author);
                Some((entry.hash(), *person, author))
            }
            _ => None,
        })
        .collect();
    for (removal, target, author) in &removals {
        let name = match member(target) {
            None => "= removed",
            Some(now) if set.is_past(removal, &now.admission) => "= readmitted",
            Some(_) => "= removals of seniors",
        };
        add(counts, name, 1);
        let is_duel = removals.iter().any(|(other, back, by)| {
            Some(*back) == *author
                && *by == Some(*target)
                && !set.is_past(other, removal)
                && !set.is_past(removal, other)
        });
        add(counts, "= duels of admins", u64::from(is_duel));
    }
    for entry in set.iter() {
        let hash = entry.hash();
        match &entry.kind {
            ControlKind::Demote { person }
                if member(person).is_some_and(|one| !one.rights.admin) =>
            {
                add(counts, "= demoted", 1);
            }
            ControlKind::Admit(admit) if admit.invite.is_zero() => {
                let now = member(&admit.roster.person());
                let grants = now.is_some_and(|one| one.grant == Some(hash));
                add(counts, "= promoted", u64::from(grants));
            }
            ControlKind::RevokeInvite { .. } => {
                add(counts, "= invitations taken back", 1);
            }
            ControlKind::AddMirror { card } => {
                let here = resolved.mirrors().get(&card.id());
                let is_here = here.is_some_and(|mirror| mirror.entry == hash);
                add(counts, "= mirrors", u64::from(is_here));
            }
            ControlKind::RemoveMirror { mirror } => {
                let is_out = !resolved.mirrors().contains_key(mirror);
                add(counts, "= mirrors removed", u64::from(is_out));
            }
            ControlKind::Leave => {
                let person = set.author(&hash).map(|(person, _)| person);
                let is_out = person.is_some_and(|person| member(&person).is_none());
                add(counts, "= left", u64::from(is_out));
            }
            ControlKind::RevokeDevice { .. } => {
                let counts_here = set.is_well_formed(&hash);
                add(counts, "= devices revoked", u64::from(counts_here));
            }
            _ => {}
        }
        if set.author(&hash).is_none() {
            add(counts, "= not by a live device", 1);
        }
    }
    let observers = resolved
        .members()
        .values()
        .filter(|one| !one.rights.may_write);
    add(counts, "= observers", observers.count() as u64);
    add(counts, "= members", resolved.members().len() as u64);
    let void = resolved.voided_admissions().len();
    add(counts, "= admissions void", void as u64);
}

/// What a removed person must not be able to change.
fn essence(set: &ControlSet, without: PersonId) -> impl PartialEq + std::fmt::Debug + use<> {
    let resolved = Membership::resolve(set);
    let members: Vec<_> = resolved
        .members()
        .iter()
        .filter(|(person, _)| **person != without)
        .map(|(person, member)| (*person, member.clone()))
        .collect();
    (
        members,
        resolved.current_epoch(),
        resolved.epoch_heads().clone(),
    )
}

#[test]
fn a_removed_person_changes_nothing_whatever_they_back_date() {
    let counts = over_histories(|seed, counts| {
        let (mut graph, set) = history(seed);
        let resolved = Membership::resolve(&set);
        for (place, person) in people().iter().enumerate().skip(1) {
            let removed: Vec<ControlHash> = set
                .iter()
                .filter(|entry| match entry.kind {
                    ControlKind::Remove { person: of, .. } => of == person.id(),
                    _ => false,
                })
                .map(ControlEntry::hash)
                .collect();
            // A leave makes nothing void that its author did at the same time.
            let has_left = set.iter().any(|entry| {
                matches!(entry.kind, ControlKind::Leave)
                    && set
                        .author(&entry.hash())
                        .is_some_and(|(who, _)| who == person.id())
            });
            if removed.is_empty() || has_left || !resolved.is_removed(&person.id()) {
                continue;
            }
            let before = essence(&set, person.id());
            let mut after = set.clone();
            graph.known[place] = set.clone();
            let mut tried = 0;
            for _ in 0..24 {
                let known = graph.known[place].len();
                graph.write(place, Manner::BackDated);
                let new: Vec<ControlEntry> =
                    graph.known[place].iter().skip(known).cloned().collect();
                for entry in new {
                    // A leave of their own is no act against anybody.
                    if !matches!(entry.kind, ControlKind::Leave) {
                        tried += u64::from(after.insert(entry).is_ok());
                    }
                }
            }
            assert_eq!(
                essence(&after, person.id()),
                before,
                "person {place} changed something"
            );
            assert!(Membership::resolve(&after).member(&person.id()).is_none());
            add(counts, "back-dated entries tried", tried);
        }
    });
    println!("{counts:?}");
    let tried = counts.get("back-dated entries tried").copied().unwrap_or(0);
    assert!(tried > 0 || seeds::chosen(HISTORIES).count() < 100);
}

#[test]
fn nobody_but_the_creator_ends_the_creators_membership_or_standing() {
    let _counts = over_histories(|seed, _| {
        let (_, set) = history(seed);
        let creator = people()[0].id();
        let has_left = set.iter().any(|entry| {
            matches!(entry.kind, ControlKind::Leave)
                && set
                    .author(&entry.hash())
                    .is_some_and(|(who, _)| who == creator)
        });
        let resolved = Membership::resolve(&set);
        match resolved.member(&creator) {
            Some(member) => assert!(member.rights.admin, "the creator is no admin"),
            None => assert!(has_left, "the creator is out"),
        }
    });
}
