//! Two people who share many notebooks: what differs travels, and what does not costs next to nothing.

#![allow(clippy::unwrap_used)]

use hearth_core::control::Role;
use hearth_core::ids::NotebookId;
use hearth_core::replica::Standing;
use hearth_testkit::world::World;

const ANA: usize = 0;
const BEN: usize = 1;
const NOTEBOOKS: usize = 24;

/// Two people in many notebooks, with all of which both are done, and apart now.
fn apart(seed: u64) -> (World, Vec<NotebookId>) {
    let mut world = World::new(seed, 2).unwrap();
    let mut notebooks = Vec::new();
    for _ in 0..NOTEBOOKS {
        let notebook = world.create(ANA, Role::Peer).unwrap();
        world.start_note(ANA, notebook).unwrap();
        world.pair(ANA, BEN, notebook).unwrap();
        notebooks.push(notebook);
    }
    world.meet(ANA, BEN).unwrap();
    world.run_until_quiet().unwrap();
    world.check_converged().unwrap();
    world.network.part(ANA, BEN, world.clock.now_ms());
    world.run_until_quiet().unwrap();
    world.keep_trace();
    (world, notebooks)
}

fn together(world: &mut World) {
    world.network.heal(world.clock.now_ms());
    world.run_for(20_000).unwrap();
    world.meet(ANA, BEN).unwrap();
    world.run_until_quiet().unwrap();
}

/// Counts the frames of a type that came.
fn frames(world: &World, kind: u8) -> usize {
    let lines = world.trace().iter();
    let wanted = format!("gets a frame {kind} ");
    lines.filter(|line| line.contains(&wanted)).count()
}

#[test]
fn only_the_notebooks_that_differ_are_told() {
    for seed in 0..4 {
        let (mut world, notebooks) = apart(seed);
        world.edit(ANA, notebooks[3]).unwrap();
        world.edit(BEN, notebooks[NOTEBOOKS - 1]).unwrap();
        together(&mut world);
        world.check_converged().unwrap();
        assert_eq!(frames(&world, 14), 2, "each side sums up once");
        assert_eq!(frames(&world, 2), 0, "nobody lists all");
        let told = frames(&world, 3);
        assert!((4..NOTEBOOKS).contains(&told), "{told} frontiers");
    }
}

#[test]
fn where_nothing_differs_two_greetings_are_all() {
    let (mut world, _) = apart(5);
    together(&mut world);
    world.check_converged().unwrap();
    assert_eq!(frames(&world, 1), 2);
    for kind in [2, 3, 4, 6, 14] {
        assert_eq!(frames(&world, kind), 0, "{kind}");
    }
}

#[test]
fn a_removal_among_many_notebooks_reaches_whoever_it_is_about() {
    let (mut world, notebooks) = apart(6);
    let (left, changed) = (notebooks[7], notebooks[8]);
    let ben = world.device(BEN).unwrap().identity.person();
    world
        .act(ANA, |engine, disk, random| {
            engine.remove_member(left, ben, None, disk, random)
        })
        .unwrap()
        .unwrap();
    world.edit(BEN, changed).unwrap();
    together(&mut world);
    let standing = |node: usize, notebook| {
        let device = world.device(node).unwrap();
        device.replica(notebook).unwrap().standing()
    };
    assert!(standing(BEN, left).ending().is_some());
    assert_eq!(standing(BEN, changed), Standing::Member);
    let frontier = |node: usize| {
        let replica = world.device(node).unwrap().replica(changed);
        replica.unwrap().frontier().clone()
    };
    assert_eq!(frontier(ANA), frontier(BEN));
}

#[test]
fn each_of_many_notebooks_is_pushed_over_an_open_link() {
    let (mut world, notebooks) = apart(7);
    together(&mut world);
    let mut written = 0;
    for (number, notebook) in notebooks.iter().enumerate() {
        // Some draws find nothing to edit.
        written += usize::from(world.edit(number % 2, *notebook).unwrap());
        world.settle(number % 2).unwrap();
    }
    world.run_until_quiet().unwrap();
    world.check_converged().unwrap();
    assert!(written > NOTEBOOKS / 2);
    assert_eq!(frames(&world, 6), written, "each is pushed");
    assert_eq!(frames(&world, 14), 0, "nobody asks what differs");
}
