//! A home that is copied and used twice, and one that is restored from an older copy: no text is lost on
//! either, no notebook is stuck, and both say what happened.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use automerge::transaction::Transactable;
use automerge::{Automerge, ROOT, ReadDoc};
use hearth_core::control::Role;
use hearth_core::engine::SetBack;
use hearth_core::ids::NotebookId;
use hearth_testkit::dice::Dice;
use hearth_testkit::world::{NOTE, NOTES, World};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const ANA: usize = 0;
const BEN: usize = 1;

/// Types a word that is nowhere else into the shared note; returns whether the device may write.
fn type_word(world: &mut World, node: usize, notebook: NotebookId, word: &str, at: u64) -> bool {
    let device = world.device_mut(node).unwrap();
    let engine = device.engine.as_mut().unwrap();
    let mut random = ChaCha20Rng::seed_from_u64(at);
    let written = engine.edit(notebook, &mut device.disk, &mut random, |session| {
        let document: &mut Automerge = session.write(NOTES).unwrap();
        let note = document.get(ROOT, NOTE).unwrap().unwrap().1;
        let place = document.length(&note) as u64 * at / 1_000;
        let mut transaction = document.transaction();
        let place = usize::try_from(place).unwrap();
        transaction.splice_text(&note, place, 0, word).unwrap();
        transaction.commit();
        Ok::<_, std::convert::Infallible>(())
    });
    world.settle(node).unwrap();
    written.is_ok()
}

struct Words {
    random: ChaCha20Rng,
    count: u64,
    acknowledged: Vec<String>,
}

impl Words {
    fn write(&mut self, world: &mut World, node: usize, notebook: NotebookId) -> bool {
        self.count += 1;
        // Sorted by nobody, so that a word inside of another one is still found in two halves: each
        // character is its own.
        let word = format!("<{}>", self.count);
        let at = self.random.below(1_001);
        let is_written = type_word(world, node, notebook, &word, at);
        if is_written {
            self.acknowledged.push(word);
        }
        is_written
    }

    /// Every character that was acknowledged is there, as often as it was written.
    fn check(&self, text: &str) {
        let count = |text: &str| {
            let mut counts: BTreeMap<char, usize> = BTreeMap::new();
            for character in text.chars() {
                *counts.entry(character).or_default() += 1;
            }
            counts
        };
        let all = self.acknowledged.concat() + "What we talked about: ";
        assert_eq!(count(text), count(&all), "{text}");
    }
}

fn together(world: &mut World, notebook: NotebookId, nodes: &[usize]) -> String {
    for _ in 0..2 {
        for node in nodes {
            world.meet(*node, BEN).unwrap();
        }
        world.run_until_quiet().unwrap();
    }
    let text = world.note_text(BEN, notebook).unwrap();
    for node in nodes {
        assert_eq!(world.note_text(*node, notebook).unwrap(), text, "{node}");
    }
    text
}

#[test]
fn a_copied_home_loses_no_text_on_either_side() {
    for seed in 0..12 {
        let mut world = World::new(900 + seed, 2).unwrap();
        let notebook = world.create(ANA, Role::Peer).unwrap();
        world.start_note(ANA, notebook).unwrap();
        world.pair(ANA, BEN, notebook).unwrap();
        world.meet(ANA, BEN).unwrap();
        let mut words = Words {
            random: ChaCha20Rng::seed_from_u64(seed),
            count: 0,
            acknowledged: Vec::new(),
        };
        for node in [ANA, BEN, ANA] {
            assert!(words.write(&mut world, node, notebook));
            world.run_until_quiet().unwrap();
        }
        if words.random.chance(2) {
            let device = world.device_mut(ANA).unwrap();
            let engine = device.engine.as_mut().unwrap();
            engine.snapshot(&mut device.disk).unwrap();
        }
        let copy = world.copy_home(ANA).unwrap();
        world.network.part(ANA, BEN, world.clock.now_ms());
        for _ in 0..1 + words.random.below(4) {
            assert!(words.write(&mut world, ANA, notebook));
        }
        for _ in 0..1 + words.random.below(4) {
            assert!(words.write(&mut world, copy, notebook));
        }
        // Ben hears of one, builds on it, and then hears of the other.
        world.meet(copy, BEN).unwrap();
        for _ in 0..words.random.below(3) {
            assert!(words.write(&mut world, BEN, notebook));
        }
        world.run_until_quiet().unwrap();
        world.network.heal(world.clock.now_ms());
        // Only one of two with the same keys keeps its link, so each has its turn.
        for node in [ANA, copy] {
            world.run_for(6_000).unwrap();
            world.meet(node, BEN).unwrap();
            world.run_until_quiet().unwrap();
        }
        for node in [ANA, copy] {
            assert!(world.device(node).unwrap().said_stale, "{seed} {node}");
            assert!(!words.write(&mut world, node, notebook), "{seed} {node}");
        }
        world.enrol_anew(ANA, BEN).unwrap();
        if words.random.chance(2) {
            world.run_for(6_000).unwrap();
            world.meet(ANA, BEN).unwrap();
        }
        world.enrol_anew(copy, BEN).unwrap();
        world.run_for(6_000).unwrap();
        let text = together(&mut world, notebook, &[ANA, copy]);
        words.check(&text);
        for node in [ANA, copy, BEN] {
            assert!(words.write(&mut world, node, notebook), "{seed} {node}");
        }
        for node in [ANA, copy, BEN] {
            world.crash(node);
            world.start(node).unwrap();
        }
        world.run_for(6_000).unwrap();
        let text = together(&mut world, notebook, &[ANA, copy]);
        words.check(&text);
    }
}

/// The machine is gone; its home comes back from an older copy and is written in before it meets anybody.
#[test]
fn a_restored_home_loses_neither_what_it_wrote_since_nor_what_it_had_written_before() {
    for seed in 0..8 {
        let mut world = World::new(950 + seed, 2).unwrap();
        let notebook = world.create(ANA, Role::Peer).unwrap();
        world.start_note(ANA, notebook).unwrap();
        world.pair(ANA, BEN, notebook).unwrap();
        world.meet(ANA, BEN).unwrap();
        let mut words = Words {
            random: ChaCha20Rng::seed_from_u64(seed),
            count: 0,
            acknowledged: Vec::new(),
        };
        assert!(words.write(&mut world, ANA, notebook));
        world.run_until_quiet().unwrap();
        let old = world.device(ANA).unwrap().disk.clone();
        for _ in 0..1 + words.random.below(4) {
            assert!(words.write(&mut world, ANA, notebook));
        }
        world.run_until_quiet().unwrap();
        world.crash(ANA);
        world.device_mut(ANA).unwrap().disk = old;
        world.start(ANA).unwrap();
        for _ in 0..words.random.below(4) {
            assert!(words.write(&mut world, ANA, notebook));
        }
        world.run_for(6_000).unwrap();
        world.meet(ANA, BEN).unwrap();
        world.run_until_quiet().unwrap();
        assert!(!words.write(&mut world, ANA, notebook), "{seed}");
        world.enrol_anew(ANA, BEN).unwrap();
        world.run_for(6_000).unwrap();
        let text = together(&mut world, notebook, &[ANA]);
        words.check(&text);
        for node in [ANA, BEN] {
            assert!(words.write(&mut world, node, notebook), "{seed} {node}");
        }
        let text = together(&mut world, notebook, &[ANA]);
        words.check(&text);
    }
}

/// Somebody's disk is put back who had only read since: nothing is forked, and the others say what they had been told.
#[test]
fn whoever_signed_for_more_than_they_hold_is_named_and_gets_it_again() {
    let mut world = World::new(970, 2).unwrap();
    let notebook = world.create(ANA, Role::Peer).unwrap();
    world.start_note(ANA, notebook).unwrap();
    world.pair(ANA, BEN, notebook).unwrap();
    world.meet(ANA, BEN).unwrap();
    let mut words = Words {
        random: ChaCha20Rng::seed_from_u64(970),
        count: 0,
        acknowledged: Vec::new(),
    };
    assert!(words.write(&mut world, ANA, notebook));
    world.run_until_quiet().unwrap();
    assert!(set_back(&world, notebook).is_none());
    let old = world.device(BEN).unwrap().disk.clone();
    for _ in 0..3 {
        assert!(words.write(&mut world, ANA, notebook));
    }
    world.run_until_quiet().unwrap();
    world.crash(BEN);
    world.device_mut(BEN).unwrap().disk = old;
    world.start(BEN).unwrap();
    world.run_for(6_000).unwrap();
    world.meet(ANA, BEN).unwrap();
    world.run_until_quiet().unwrap();

    let (proof, is_made_good) = set_back(&world, notebook).expect("it was told");
    assert_eq!(proof.lost_entries(), 3);
    assert!(is_made_good);
    let engine = world.device(BEN).unwrap().engine.as_ref().unwrap();
    let key = engine.identity().device.card().verify_key;
    for frontier in [&proof.before, &proof.after] {
        frontier.verify(notebook, &key).unwrap();
    }
    words.check(&world.note_text(BEN, notebook).unwrap());
    assert!(words.write(&mut world, BEN, notebook), "nothing is forked");
    world.run_until_quiet().unwrap();
    words.check(&world.note_text(ANA, notebook).unwrap());

    // It is known after a restart as well.
    let device = world.device_mut(ANA).unwrap();
    let engine = device.engine.as_mut().unwrap();
    engine.save_peers(&mut device.disk).unwrap();
    world.crash(ANA);
    world.start(ANA).unwrap();
    assert_eq!(set_back(&world, notebook), Some((proof, true)));
}

/// What Ana's device says about whether Ben's was set back.
fn set_back(world: &World, notebook: NotebookId) -> Option<(Box<SetBack>, bool)> {
    let engine = world.device(ANA).unwrap().engine.as_ref().unwrap();
    let statuses = engine.peer_statuses(notebook);
    statuses.into_iter().find_map(|status| status.set_back)
}
