//! A new device that takes a notebook in over a link which is cut goes on where it was.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::fmt::Write as _;

use hearth_core::control::Role;
use hearth_core::engine::Identity;
use hearth_core::ids::NotebookId;
use hearth_testkit::dice::Dice;
use hearth_testkit::disk::MemoryDisk;
use hearth_testkit::world::World;

const ANA: usize = 0;
const BEN: usize = 1;

/// Entries of the notebook.
const ENTRIES: usize = 800;
/// Entries of each pack.
const PACK_ENTRIES: u64 = 16;
/// Points at which the link is cut.
const CUTS: usize = 50;

/// A notebook that Ana has and Ben was let into, and has nothing of: both disks.
struct Begun {
    notebook: NotebookId,
    disks: Vec<(Identity, MemoryDisk)>,
}

impl Begun {
    fn new() -> Self {
        let mut world = World::new(500, 2).unwrap();
        let notebook = world.create(ANA, Role::Peer).unwrap();
        world.start_note(ANA, notebook).unwrap();
        for number in 0..ENTRIES {
            // Words of no pattern, so that packing does not hide what is sent twice.
            let mut words = String::new();
            for _ in 0..6 {
                write!(words, "{:016x}", world.random.below(u64::MAX)).unwrap();
            }
            let key = format!("own {number}");
            assert!(world.set_own_goal(ANA, notebook, &key, &words).unwrap());
        }
        world
            .act(ANA, |engine, disk, _| {
                engine.set_pack_entries(PACK_ENTRIES);
                while engine.make_pack(disk).unwrap() {}
                engine.snapshot(disk).unwrap();
            })
            .unwrap();
        world.pair(ANA, BEN, notebook).unwrap();
        let devices = world.devices.iter();
        let disks = devices.map(|device| (device.identity.clone(), device.disk.clone()));
        Self {
            notebook,
            disks: disks.collect(),
        }
    }

    /// Lets Ben take the notebook in, with the link cut as often as `cut_at` says, each time once so many bytes more
    /// have arrived. Returns the bytes that arrived and those that were sent.
    fn run(&self, seed: u64, cut_at: &[u64]) -> (u64, u64) {
        let mut world = World::with_disks(seed, self.disks.iter().cloned()).unwrap();
        world
            .act(ANA, |engine, _, _| engine.set_pack_entries(PACK_ENTRIES))
            .unwrap();
        for bytes in cut_at {
            assert!(world.dial(ANA, BEN));
            let until = world.network.delivered().1 + bytes;
            while world.network.delivered().1 < until && !self.is_whole(&world) {
                world.step().unwrap();
            }
            let now = world.clock.now_ms();
            world.network.cut_all(now);
            world.run_until_quiet().unwrap();
        }
        world.meet(ANA, BEN).unwrap();
        world.run_until_quiet().unwrap();
        assert!(self.is_whole(&world));
        world.check_converged().unwrap();
        (world.network.delivered().1, world.network.sent_bytes())
    }

    fn is_whole(&self, world: &World) -> bool {
        let frontier = |node: usize| {
            let replica = world.device(node).unwrap().replica(self.notebook).unwrap();
            replica.frontier().logs.clone()
        };
        frontier(ANA) == frontier(BEN)
    }
}

#[test]
fn a_bootstrap_that_is_cut_anywhere_sends_a_tenth_more_at_most() {
    let begun = Begun::new();
    let (whole, sent) = begun.run(1, &[]);
    assert_eq!(whole, sent, "nothing is lost");
    let mut random = World::new(501, 1).unwrap().random;
    let (mut worst, mut worst_sent) = (0, 0);
    for cut in 0..CUTS {
        let at = 1 + random.below(whole - 1);
        let (arrived, sent) = begun.run(2 + cut as u64, &[at]);
        assert!(
            arrived * 10 <= whole * 11,
            "cut behind {at} of {whole} bytes, {arrived} arrived"
        );
        worst = worst.max(arrived);
        worst_sent = worst_sent.max(sent);
    }
    // What was sent and did not arrive was on its way when the link was cut: that much is lost with any link.
    println!(
        "{whole} bytes uncut; cut once at {CUTS} points: at most {worst} arrived, {worst_sent} were sent"
    );
}
