//! What a mirror keeps in memory of a notebook of fifty people.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod support;

use std::sync::Arc;

use hearth_core::control::ControlEntry;
use hearth_core::crypto::Secret;
use hearth_core::identity::MirrorSecrets;
use hearth_core::mirror::MirroredNotebook;
use hearth_core::replica::Replica;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use support::{Person, admit};

const PEOPLE: u64 = 50;
const NOTEBOOKS: usize = 20;

/// Bytes of this process in memory.
#[allow(clippy::disallowed_methods, reason = "the system alone knows it")]
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = status.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
#[ignore = "takes a minute; prints a figure"]
fn memory_of_a_notebook_of_fifty_people() {
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let people: Vec<Person> = (0..PEOPLE).map(|seed| Person::draw(1_000 + seed)).collect();
    let label = Person::label("Ana");
    let device = Arc::clone(&people[0].device);
    let mut replica = Replica::create(device, &people[0].roster, &label, &mut random).unwrap();
    for person in &people[1..] {
        admit(&mut replica, person, &mut random);
    }
    let entries: Vec<ControlEntry> = replica.controls().iter().cloned().collect();
    let bytes: usize = entries.iter().map(|entry| entry.as_bytes().len()).sum();
    let seeds = [Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32])];
    let secrets = Arc::new(MirrorSecrets::from_seeds(seeds));
    let before = resident_bytes();
    let held: Vec<MirroredNotebook> = (0..NOTEBOOKS)
        .map(|_| {
            let entries = entries
                .iter()
                .map(|entry| ControlEntry::parse(entry.as_bytes()));
            let entries = entries.collect::<Result<Vec<_>, _>>().unwrap();
            let mut held =
                MirroredNotebook::begin(Arc::clone(&secrets), entries, u64::MAX).unwrap();
            held.saved();
            held
        })
        .collect();
    let each = (resident_bytes() - before) / NOTEBOOKS as u64;
    println!(
        "{} control entries of {PEOPLE} people, {} kB: {} kB in memory each",
        entries.len(),
        bytes / 1_000,
        each / 1_000
    );
    assert!(each < 8_000_000, "{each}");
    drop(held);
}
