//! Groups in which people with several devices come, go, are removed and come back converge, keep what counts,
//! lock nobody out, and are closed to whoever is out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use hearth_core::control::Role;
use hearth_testkit::group::{Group, Shape, Tally};
use hearth_testkit::people::crowd;
use hearth_testkit::seeds;
use hearth_testkit::world::{World, identity_of};

/// Small groups that a run without `HEARTH_SEEDS` tries.
const SMALL: u64 = 16;
/// Large groups that a run without `HEARTH_SEEDS` tries.
const LARGE: u64 = 6;

fn try_all(name: &str, default: u64, shape: impl Fn(u64) -> Shape + Sync) -> Tally {
    let chosen = seeds::chosen(default);
    match seeds::run(chosen, ("group", name), |seed| {
        Group::new(seed, shape(seed))
    }) {
        Ok(series) => {
            println!(
                "{} seeds in {:.1} s, {:.2} a second; {:#?}",
                series.seeds,
                series.seconds,
                series.seeds as f64 / series.seconds,
                series.tally
            );
            series.tally
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn small_groups_converge_whoever_comes_and_goes() {
    let tally = try_all(
        "small_groups_converge_whoever_comes_and_goes",
        SMALL,
        Shape::small,
    );
    if seeds::chosen(SMALL).count() >= 50 {
        for (what, count) in [
            ("removals", tally.removals),
            ("readmissions", tally.readmitted),
            ("people who left", tally.left),
            ("devices revoked", tally.revoked),
            ("devices recovered", tally.recovered),
            ("recovery keys rotated", tally.rotated),
            ("keys tried in vain", tally.attempts),
            ("keys tried with success", tally.opened),
        ] {
            assert!(count > 0, "no {what} in any run");
        }
    }
}

#[test]
#[ignore = "needs minutes"]
fn thirty_people_with_three_devices_each_converge() {
    try_all(
        "thirty_people_with_three_devices_each_converge",
        LARGE,
        |_| Shape::LARGE,
    );
}

#[test]
fn a_key_is_replaced_again_where_the_rekey_that_replaced_it_turns_out_void() {
    let (ana, ben) = (&crowd()[0], &crowd()[1]);
    let mut roster = ana.founded();
    let linked = roster.add_device(&ana.devices[0], &ana.devices[1].claim(ana.id()));
    roster.insert(linked).unwrap();
    let identities = [
        identity_of(ana, 0, &roster).unwrap(),
        identity_of(ana, 1, &roster).unwrap(),
        identity_of(ben, 0, &ben.founded()).unwrap(),
    ];
    let mut world = World::of(5, &identities).unwrap();
    let notebook = world.create(0, Role::Peer).unwrap();
    world.start_note(0, notebook).unwrap();
    world.pair(0, 2, notebook).unwrap();
    assert!(world.hand_over(0, 1, notebook));
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        world.meet(one, other).unwrap();
    }
    // Apart from her laptop, Ana's phone and Ben replace the key one after the other.
    let now = world.clock.now_ms();
    for node in [1, 2] {
        world.network.part(0, node, now);
    }
    for node in [2, 1, 2] {
        let rekeyed = world.decide(node, notebook, "re-key", |replica, random| {
            replica.rekey(None, random)?;
            Ok(replica.membership().current_epoch().unwrap().rekey())
        });
        assert!(rekeyed.is_some());
        world.run_until_quiet().unwrap();
    }
    // Meanwhile the laptop took the phone off, so what the phone did at the same time does not stand.
    let entry = world
        .roster_of(0, notebook)
        .unwrap()
        .revoke_device(&ana.devices[0], ana.devices[1].id());
    world.carry(0, notebook, &entry, "revoke").unwrap();
    world.run_until_quiet().unwrap();
    let now = world.clock.now_ms();
    world.network.heal(now);
    world.meet(0, 2).unwrap();
    for node in [0, 2] {
        world.edit(node, notebook).unwrap();
        world.run_until_quiet().unwrap();
    }
    for node in [0, 2] {
        let replica = world.device(node).unwrap().replica(notebook).unwrap();
        assert!(replica.membership().orphaned_epochs().is_empty());
        assert!(!replica.membership().needs_rekey(replica.controls()));
        assert!(
            replica.controls().len() < 20,
            "{}",
            replica.controls().len()
        );
    }
}

#[test]
fn few_keys_are_made_where_many_sides_meet_that_let_people_in() {
    const SIDES: usize = 8;
    let people = crowd().iter().take(2 * SIDES);
    let identities: Vec<_> = people
        .map(|person| identity_of(person, 0, &person.founded()).unwrap())
        .collect();
    let mut world = World::of(7, &identities).unwrap();
    let notebook = world.create(0, Role::Peer).unwrap();
    world.start_note(0, notebook).unwrap();
    for admin in 1..SIDES {
        world.pair(0, admin, notebook).unwrap();
        world.meet(0, admin).unwrap();
    }
    world.run_until_quiet().unwrap();
    let now = world.clock.now_ms();
    for one in 0..SIDES {
        for other in one + 1..SIDES {
            world.network.part(one, other, now);
        }
    }
    // Everybody lets somebody in whom no other side's key reaches.
    for side in 0..SIDES {
        world.pair(side, SIDES + side, notebook).unwrap();
    }
    world.run_until_quiet().unwrap();
    let now = world.clock.now_ms();
    world.network.heal(now);
    let rekeys = |world: &World, node: usize| {
        let replica = world.device(node).unwrap().replica(notebook).unwrap();
        replica.controls().rekeys().count()
    };
    let before: usize = rekeys(&world, 0) + SIDES - 1;
    for side in 0..SIDES {
        assert!(world.dial(side, (side + 1) % SIDES));
        assert!(world.dial(side, SIDES + side));
    }
    world.run_for(60_000).unwrap();
    world.run_until_quiet().unwrap();
    assert_eq!(world.check_converged(), Ok(()));
    let replica = world.device(0).unwrap().replica(notebook).unwrap();
    assert!(!replica.membership().needs_rekey(replica.controls()));
    let made = rekeys(&world, 0) - before;
    println!("{made} keys made where {SIDES} sides met");
    assert!((1..=2 * SIDES).contains(&made), "{made} keys made");
}

#[test]
fn a_member_who_waits_for_a_key_writes_no_rekeys_that_do_not_count() {
    let (ana, ben) = (&crowd()[0], &crowd()[1]);
    let identities = [ana, ben].map(|person| identity_of(person, 0, &person.founded()).unwrap());
    let mut world = World::of(6, &identities).unwrap();
    let notebook = world.create(0, Role::Peer).unwrap();
    world.start_note(0, notebook).unwrap();
    let expires_ms = world.time_of(0) + 86_400_000;
    let ticket = world
        .invite_until(0, notebook, Role::Peer, false, expires_ms)
        .unwrap();
    world.join_and_wait(1, &ticket).unwrap();
    world.meet(0, 1).unwrap();
    let now = world.clock.now_ms();
    world.network.part(0, 1, now);
    let rekeyed = world.decide(0, notebook, "re-key", |replica, random| {
        replica.rekey(None, random)?;
        Ok(replica.membership().current_epoch().unwrap().rekey())
    });
    // The entry comes to Ben, the wraps do not.
    let replica = world.device(0).unwrap().replica(notebook).unwrap();
    let entry = replica.controls().get(&rekeyed.unwrap()).unwrap().clone();
    world.decide(1, notebook, "hear of the re-key", |replica, _| {
        let hash = entry.hash();
        replica.ingest_control(entry)?;
        Ok(hash)
    });
    let count = |world: &World| {
        let replica = world.device(1).unwrap().replica(notebook).unwrap();
        replica.controls().len()
    };
    let before = count(&world);
    for _ in 0..5 {
        assert!(
            !world.edit(1, notebook).unwrap(),
            "there is no key to write under"
        );
    }
    world.run_for(20_000).unwrap();
    assert_eq!(count(&world), before);
    let now = world.clock.now_ms();
    world.network.heal(now);
    world.meet(0, 1).unwrap();
    while !world.edit(1, notebook).unwrap() {}
    world.run_until_quiet().unwrap();
    assert_eq!(world.check_converged(), Ok(()));
}
