//! Power cuts: a node or a command is killed while it writes, and nothing that was acknowledged is
//! missing afterwards.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use hearth_e2e::{Pair, Person, Random, RunningNode};

/// How often something is killed in each of these tests; more with the environment variable.
const KILLS_DEFAULT: usize = 25;
const KILLS_VARIABLE: &str = "HEARTH_KILLS";
/// How long both may take to agree after the last restart.
const AGREE_TIMEOUT: Duration = Duration::from_secs(30);
/// A kill strikes within this time after the writing began.
const KILL_WITHIN_MS: u64 = 80;
/// Goals that each person adds in a round; the kill comes in the middle.
const WRITES_PER_ROUND: usize = 4;

fn kills() -> usize {
    std::env::var(KILLS_VARIABLE)
        .ok()
        .map_or(KILLS_DEFAULT, |kills| {
            kills.parse().expect("HEARTH_KILLS is a number")
        })
}

/// Adds goals one by one; returns the ids of those that the command acknowledged with exit code 0.
fn write(person: &Person, notebook: &str, round: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0..WRITES_PER_ROUND {
        let title = format!("{} {round}.{number}", person.name());
        let ran = person.run(&["goal", "add", notebook, &title]);
        if ran.exit == Some(0) {
            let id = ran.data()["goal"]["id"].as_str().expect("an id").to_owned();
            acknowledged.push(id);
        }
    }
    acknowledged
}

fn goal_ids(person: &Person, notebook: &str) -> BTreeSet<String> {
    let data = person.ok(&["goal", "list", notebook]);
    let goals = data["goals"].as_array().expect("goals");
    goals
        .iter()
        .map(|goal| goal["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[track_caller]
fn nothing_is_missing(person: &Person, notebook: &str, acknowledged: &[String]) {
    let here = goal_ids(person, notebook);
    let missing: Vec<_> = acknowledged
        .iter()
        .filter(|id| !here.contains(*id))
        .collect();
    assert!(missing.is_empty(), "{} lacks {missing:?}", person.name());
}

/// Waits for a moment that the seed chose. It is the length of the wait that is tried here.
fn linger(random: &mut Random) {
    std::thread::sleep(Duration::from_millis(random.below(KILL_WITHIN_MS)));
}

#[test]
fn a_node_killed_while_both_write_and_sync_loses_nothing_acknowledged() {
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    let mut nodes = [(ana, Some(ana_node)), (ben, Some(ben_node))];
    let mut random = Random::new(1);
    let mut acknowledged = Vec::new();
    let kills = kills();
    for round in 0..kills {
        let (started, writing) = mpsc::channel();
        let written = std::thread::scope(|scope| {
            let writers = [ana, ben].map(|person| {
                let started = started.clone();
                scope.spawn(move || {
                    started.send(()).expect("the test listens");
                    write(person, notebook, round)
                })
            });
            for _ in 0..writers.len() {
                writing.recv().expect("the writing begins");
            }
            linger(&mut random);
            let (person, node) = &mut nodes[round % 2];
            node.take().expect("a running node").kill();
            *node = Some(RunningNode::up(person));
            writers.map(|writer| writer.join().expect("it writes"))
        });
        acknowledged.extend(written.into_iter().flatten());
    }
    pair.agree(AGREE_TIMEOUT);
    for person in [ana, ben] {
        nothing_is_missing(person, notebook, &acknowledged);
        person.ok(&["verify"]);
    }
    let written = acknowledged.len();
    eprintln!("{kills} kills of a node: {written} goals acknowledged, none lost");
    assert!(written > kills * WRITES_PER_ROUND, "most writes go through");
}

#[test]
fn both_nodes_killed_while_one_sends_many_entries_finish_after_the_restart() {
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    let mut random = Random::new(2);
    let mut nodes = Some((ana_node, ben_node));
    let mut acknowledged = Vec::new();
    let kills = kills().div_ceil(5);
    for round in 0..kills {
        let (ana_node, ben_node) = nodes.take().expect("running nodes");
        ben_node.kill();
        acknowledged.extend(write(ana, notebook, round));
        let ben_node = RunningNode::up(ben);
        // By now the entries are on their way, or just were.
        linger(&mut random);
        ana_node.kill();
        ben_node.kill();
        nodes = Some((RunningNode::up(ana), RunningNode::up(ben)));
    }
    pair.agree(AGREE_TIMEOUT);
    for person in [ana, ben] {
        nothing_is_missing(person, notebook, &acknowledged);
        person.ok(&["verify"]);
    }
    let written = acknowledged.len();
    assert_eq!(written, kills * WRITES_PER_ROUND);
    eprintln!("{kills} kills of both nodes: {written} goals acknowledged, none lost");
}

#[test]
fn a_command_killed_while_it_writes_leaves_a_home_that_opens() {
    let ana = Person::new("Ana");
    let notebook = ana.notebook("Ana and Ben");
    let mut random = Random::new(3);
    let mut acknowledged = Vec::new();
    let kills = kills();
    for round in 0..kills {
        acknowledged.extend(write(&ana, &notebook, round).into_iter().take(1));
        let mut killed = ana
            .command(&["goal", "add", &notebook, "Killed in the middle"])
            .stdout(Stdio::null())
            .spawn()
            .expect("hearth runs");
        linger(&mut random);
        // It may have ended by itself, which is another point to be killed at.
        let _gone = killed.kill();
        killed.wait().expect("it ends");
        nothing_is_missing(&ana, &notebook, &acknowledged);
    }
    ana.ok(&["verify"]);
    let written = acknowledged.len();
    eprintln!("{kills} kills of a command: {written} goals acknowledged, none lost");
}
