//! Devices that edit the same goals and the same note always converge.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use hearth_core::control::Role;
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
#[allow(clippy::print_stdout)]
fn any_number_of_devices_converge_whatever_happens() {
    let seeds = hearth_testkit::seeds::chosen(hearth_testkit::seeds::SEEDS);
    let name = "any_number_of_devices_converge_whatever_happens";
    match hearth_testkit::seeds::run(seeds, name) {
        Ok(series) => println!(
            "{} seeds in {:.1} s, {:.1} a second; {:?}",
            series.seeds,
            series.seconds,
            series.seeds as f64 / series.seconds,
            series.tally
        ),
        Err(error) => panic!("{error}"),
    }
}
