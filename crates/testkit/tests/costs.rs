//! What membership costs in a large group: thirty people with three devices each, and many years of control
//! entries. Sizes and work are held to limits; times are printed, since they follow the machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::time::{Duration, Instant};

use hearth_core::control::{Admit, ControlEntry, ControlSet, Label, Membership, Recipient, Role};
use hearth_core::document::DocumentId;
use hearth_core::identity::Roster;
use hearth_core::pairing::TicketSecret;
use hearth_core::replica::{MemberError, Replica};
use hearth_testkit::people::{Person, crowd};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// Control entries of a notebook that many have used for long.
const MANY: usize = 2_000;
/// Bytes that a re-key for ninety devices and thirty recovery keys may take, its wraps included.
const REKEY_BYTES_MAX: usize = 150_000;

fn linked(person: &Person) -> Roster {
    let mut roster = person.founded();
    for device in &person.devices[1..3] {
        let entry = roster.add_device(&person.devices[0], &device.claim(person.id()));
        roster.insert(entry).unwrap();
    }
    roster
}

fn label(person: &Person) -> Label {
    Label::Member {
        name: person.name.to_owned(),
        device: "laptop".to_owned(),
        role: Role::Peer,
    }
}

/// Makes a notebook of thirty people with three devices each.
fn large_group(random: &mut ChaCha20Rng) -> Replica {
    let people = crowd();
    let mut replica = Replica::create(
        people[0].devices[0].clone(),
        &linked(&people[0]),
        &label(&people[0]),
        random,
    )
    .unwrap();
    for person in &people[1..] {
        let secret = TicketSecret::random(random);
        let key = secret.signing().verify_key();
        let invite = replica
            .invite(key, Role::Peer, false, u64::MAX, random)
            .unwrap();
        let roster = linked(person);
        let proof = Admit::proof_bytes(replica.notebook(), invite.id, &roster);
        let proof = secret.signing().sign(&proof);
        replica
            .admit(invite.id, roster, proof, &label(person), random)
            .unwrap();
    }
    replica
}

fn sign(replica: &mut Replica) {
    let document = DocumentId::from_bytes([2; 16]);
    replica.sign_text([1; 32], document, Vec::new()).unwrap();
}

/// Lets years pass: roles change, texts are signed, keys are replaced, until there are so many entries.
fn age(replica: &mut Replica, entries: usize, random: &mut ChaCha20Rng) {
    let others = crowd().len() as u64 - 1;
    for round in 0.. {
        if replica.controls().len() >= entries {
            return;
        }
        let person = crowd()[1 + usize::try_from(round % others).unwrap()].id();
        let role = match round / others % 3 {
            0 => Role::Mentor,
            1 => Role::Observer,
            _ => Role::Peer,
        };
        match replica.set_role(person, role, random) {
            Ok(_) | Err(MemberError::Unchanged) => {}
            Err(error) => panic!("{error}"),
        }
        sign(replica);
        if round % 3 == 0 {
            replica.rekey(None, random).unwrap();
        }
    }
}

fn restored(replica: &Replica) -> ControlSet {
    let mut entries: Vec<ControlEntry> = replica.controls().iter().cloned().collect();
    let create = entries.remove(0);
    ControlSet::restore(create, entries).unwrap()
}

#[test]
fn a_rekey_for_ninety_devices_stays_small() {
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let mut replica = large_group(&mut random);
    replica.rekey(None, &mut random).unwrap();
    let epoch = replica.membership().current_epoch().unwrap();
    let recipients = replica.membership().recipients();
    let devices = recipients
        .iter()
        .filter(|one| matches!(one, Recipient::Device(_)));
    assert_eq!(devices.count(), 90);
    // One sealing for each device and each person's recovery key, and nothing else of length.
    assert_eq!(recipients.len(), 120);
    let wraps = replica.wraps()[&epoch].to_bytes().len();
    let entry = replica.controls().get(&epoch.rekey()).unwrap();
    let bytes = wraps + entry.as_bytes().len();
    println!(
        "a re-key for {} holders takes {bytes} bytes",
        recipients.len()
    );
    assert!(bytes <= REKEY_BYTES_MAX, "it takes {bytes} bytes");
    // Making it checks the one signature that it makes, and finds out few times who is to have it.
    let set = replica.controls();
    let (checked, resolved) = (set.signatures_checked(), set.resolutions());
    replica.rekey(None, &mut random).unwrap();
    let set = replica.controls();
    assert_eq!(set.signatures_checked() - checked, 1);
    let resolved = set.resolutions() - resolved;
    assert!(resolved <= 1, "a re-key resolved {resolved} times");
}

/// Opening costs one check of a signature for each entry, and hardly any finding out of who is a member, however many
/// texts were signed.
#[test]
fn opening_two_thousand_control_entries_checks_each_once_and_resolves_few_times() {
    let mut random = ChaCha20Rng::seed_from_u64(3);
    let mut replica = large_group(&mut random);
    while replica.controls().len() < MANY - 40 {
        sign(&mut replica);
    }
    age(&mut replica, MANY, &mut random);
    let set = restored(&replica);
    assert!(set.len() >= MANY);
    assert_eq!(set.signatures_checked(), set.len() as u64);
    let opened = set.resolutions();
    assert!(opened <= 64, "opening resolved {opened} times");
    for _ in 0..3 {
        assert_eq!(Membership::resolve(&set).members().len(), 30);
    }
    let looked = set.resolutions() - opened;
    assert!(looked <= 1, "three looks resolved {looked} times");
    println!("{} entries: {opened} resolutions to open them", set.len());
}

#[test]
fn members_are_resolved_once_for_all_heads_that_they_follow_from() {
    let mut random = ChaCha20Rng::seed_from_u64(2);
    let mut replica = large_group(&mut random);
    for _ in 0..200 {
        sign(&mut replica);
    }
    age(&mut replica, 500, &mut random);
    replica.rekey(None, &mut random).unwrap();
    let set = restored(&replica);
    // The re-key after each admission asks, and of all the texts, roles and keys since then only the first.
    let opened = set.resolutions();
    assert!(opened <= 32, "opening resolved {opened} times");
    let heads = set.iter().map(|entry| entry.heads.clone());
    let heads: Vec<_> = heads.skip(90).take(200).collect();
    for heads in &heads {
        assert_eq!(Membership::resolve_at(&set, heads).members().len(), 30);
    }
    let looked = set.resolutions() - opened;
    assert!(looked <= 2, "{} looks resolved {looked} times", heads.len());
}

#[test]
#[ignore = "prints figures"]
fn control_entries_of_thirty_people_with_three_devices() {
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let mut replica = large_group(&mut random);
    let start = Instant::now();
    replica.rekey(None, &mut random).unwrap();
    println!(
        "a re-key for {} holders: {:?}",
        replica.membership().recipients().len(),
        start.elapsed()
    );
    print_costs(&replica);
    age(&mut replica, MANY / 4, &mut random);
    print_costs(&replica);
    age(&mut replica, MANY, &mut random);
    print_costs(&replica);
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (std::hint::black_box(done), start.elapsed())
}

fn print_costs(replica: &Replica) {
    let entries: Vec<ControlEntry> = replica.controls().iter().cloned().collect();
    let (read, parsing) = timed(|| {
        let parsed = entries.iter();
        let parsed = parsed.map(|entry| ControlEntry::parse(entry.as_bytes()).unwrap());
        parsed.collect::<Vec<_>>().len()
    });
    let (set, restoring) = timed(|| restored(replica));
    let heads = set.heads();
    let (_, anew) = timed(|| Membership::resolve_anew_at(&set, &heads));
    let (_, first) = timed(|| Membership::resolve(&set));
    let (_, again) = timed(|| Membership::resolve(&set));
    println!(
        "{} control entries: {read} read in {parsing:?}, put together with their signatures in {restoring:?} with \
         {} resolutions; members resolved anew in {anew:?}, with all keys in {first:?}, once more in {again:?}",
        entries.len(),
        set.resolutions(),
    );
}
