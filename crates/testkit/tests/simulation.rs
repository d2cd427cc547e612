//! Devices that edit the same goals and the same note always converge.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use hearth_core::control::Role;
use hearth_testkit::script::Script;
use hearth_testkit::world::World;

#[test]
fn two_devices_converge() {
    let mut world = World::new(1, 2).unwrap();
    world.keep_trace();
    let notebook = world.create(0, Role::Mentor).unwrap();
    world.start_note(0, notebook).unwrap();
    world.pair(0, 1, notebook).unwrap();
    world.dial(0, 1);
    world.run_until_quiet().unwrap();
    for _ in 0..10 {
        assert!(world.edit(0, notebook).unwrap());
        assert!(world.edit(1, notebook).unwrap());
    }
    world.run_until_quiet().unwrap();
    let result = world
        .check_converged()
        .and_then(|()| world.check_statuses());
    if let Err(error) = result {
        panic!("{error}\n{}", world.trace().join("\n"));
    }
}

#[test]
fn writing_while_two_greet_each_other_stalls_no_notebook() {
    for steps in 0..8 {
        for writer in [0, 1] {
            let mut world = World::new(17, 2).unwrap();
            let notebooks = [0, 1].map(|node| {
                let notebook = world.create(node, Role::Peer).unwrap();
                world.start_note(node, notebook).unwrap();
                world.pair(node, 1 - node, notebook).unwrap();
                notebook
            });
            world.meet(0, 1).unwrap();
            world.crash(1);
            world.start(1).unwrap();
            world.run_for(6_000).unwrap();
            assert!(world.dial(0, 1));
            for _ in 0..steps {
                world.step().unwrap();
            }
            while !world.edit(writer, notebooks[0]).unwrap() {}
            world.run_until_quiet().unwrap();
            // The other notebook was equal throughout; what comes now has to be pushed.
            for node in [0, 1] {
                while !world.edit(node, notebooks[1]).unwrap() {}
                world.run_until_quiet().unwrap();
                assert!(world.network.are_linked(0, 1));
                let result = world
                    .check_converged()
                    .and_then(|()| world.check_statuses());
                assert_eq!(result, Ok(()), "{writer} wrote after {steps} steps");
            }
        }
    }
}

#[test]
fn people_admitted_apart_read_what_was_written_apart() {
    let mut world = World::new(18, 4).unwrap();
    let notebook = world.create(0, Role::Peer).unwrap();
    world.start_note(0, notebook).unwrap();
    world.pair(0, 1, notebook).unwrap();
    world.meet(0, 1).unwrap();
    let now = world.clock.now_ms();
    world.network.part(0, 1, now);
    // Both let the third in, so the key of each reaches them; the fourth is let in on one side only.
    world.pair(1, 2, notebook).unwrap();
    while !world.edit(1, notebook).unwrap() {}
    world.pair(0, 2, notebook).unwrap();
    world.pair(0, 3, notebook).unwrap();
    while !world.edit(0, notebook).unwrap() {}
    world.run_until_quiet().unwrap();
    let now = world.clock.now_ms();
    world.network.heal(now);
    for (one, other) in [(0, 1), (0, 2), (0, 3)] {
        world.meet(one, other).unwrap();
    }
    assert_eq!(world.check_converged(), Ok(()));
}

#[test]
#[allow(clippy::print_stdout)]
fn any_number_of_devices_converge_whatever_happens() {
    let seeds = hearth_testkit::seeds::chosen(hearth_testkit::seeds::SEEDS);
    let is_many = seeds.clone().count() >= 200;
    let name = "any_number_of_devices_converge_whatever_happens";
    let series = match hearth_testkit::seeds::run(seeds, ("simulation", name), Script::new) {
        Ok(series) => series,
        Err(error) => panic!("{error}"),
    };
    println!(
        "{} seeds in {:.1} s, {:.1} a second; {:#?}",
        series.seeds,
        series.seconds,
        series.seeds as f64 / series.seconds,
        series.tally
    );
    let (files, mirrors) = (&series.tally.files, &series.tally.mirrors);
    for (what, count) in [
        ("bundles with everything", files.whole),
        ("bundles that brought nothing new", files.stale),
        ("bundles that built on what was not there", files.incomplete),
        ("notebooks that came with a bundle", files.notebooks),
        ("bundles given to somebody else", files.not_theirs),
        ("damaged bundles", files.damaged),
        ("runs that converged by files", files.converged),
        ("crashes of mirrors", mirrors.crashes),
        ("mirrors set back", mirrors.set_back),
        ("mirrors caught at it", mirrors.caught),
        ("notebooks held", mirrors.held),
        ("runs that converged by a mirror", mirrors.converged),
        ("segments of checkpoints", mirrors.segments),
        ("segments that entries were dropped for", mirrors.pruned),
    ] {
        assert!(count > 0 || !is_many, "no {what} in any run");
    }
}
