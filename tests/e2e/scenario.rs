//! Twenty ways in which a network or a computer lets two people down, over real sockets. In each of
//! them both write, and in the end both copies must be equal, without a command.

use std::time::{Duration, Instant};

use hearth_e2e::{Pair, Person, RunningNode, Trouble, UdpProxy, agree, ticket_through, until};

use crate::offline::write_on_both_sides;

/// How long both may take to agree once the trouble is over.
const HEAL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long they may take while it lasts.
const TROUBLED_TIMEOUT: Duration = Duration::from_secs(40);
/// Rounds of writing in each scenario.
const ROUNDS: usize = 3;

/// Both write while packets suffer, and agree although nothing gets better.
fn agree_in_spite_of(name: &str, seed: u64, trouble: Trouble) {
    let (pair, _ana_node, _ben_node, proxy) = Pair::through_proxy(seed, trouble);
    let session = pair.ana.session(&pair.notebook);
    pair.agree(TROUBLED_TIMEOUT);
    for round in 0..ROUNDS {
        write_on_both_sides(&pair, &session, round);
    }
    let took = pair.agree(TROUBLED_TIMEOUT);
    let passed = proxy.passed();
    eprintln!(
        "{name}: equal after {} ms, {passed} packets passed (seed {seed})",
        took.as_millis()
    );
}

fn delayed(millis: u64, jitter: u64) -> Trouble {
    Trouble {
        delay: Duration::from_millis(millis),
        jitter: Duration::from_millis(jitter),
        ..Trouble::default()
    }
}

#[test]
fn loss_of_1_percent() {
    agree_in_spite_of(
        "loss 1 %",
        11,
        Trouble {
            loss_percent: 1,
            ..Trouble::default()
        },
    );
}

#[test]
fn loss_of_5_percent() {
    agree_in_spite_of(
        "loss 5 %",
        12,
        Trouble {
            loss_percent: 5,
            ..Trouble::default()
        },
    );
}

#[test]
fn loss_of_20_percent() {
    agree_in_spite_of(
        "loss 20 %",
        13,
        Trouble {
            loss_percent: 20,
            ..Trouble::default()
        },
    );
}

#[test]
fn a_delay_as_between_continents() {
    agree_in_spite_of("delay 150 ms", 14, delayed(150, 0));
}

#[test]
fn a_delay_as_over_a_satellite() {
    agree_in_spite_of("delay 300 to 400 ms", 15, delayed(300, 100));
}

#[test]
fn packets_out_of_order() {
    let trouble = Trouble {
        reorder_percent: 30,
        ..delayed(2, 5)
    };
    agree_in_spite_of("reordering 30 %", 16, trouble);
}

#[test]
fn packets_that_come_twice() {
    let trouble = Trouble {
        duplicate_percent: 50,
        ..Trouble::default()
    };
    agree_in_spite_of("duplication 50 %", 17, trouble);
}

#[test]
fn everything_that_a_bad_network_does_at_once() {
    let trouble = Trouble {
        loss_percent: 5,
        duplicate_percent: 10,
        reorder_percent: 20,
        ..delayed(40, 30)
    };
    agree_in_spite_of("loss, duplication, reordering and delay", 18, trouble);
}

/// Both write while a link is spoilt, and agree once it is healed.
fn agree_after(name: &str, seed: u64, trouble: Trouble) {
    let (pair, _ana_node, _ben_node, proxy) = Pair::through_proxy(seed, Trouble::default());
    let session = pair.ana.session(&pair.notebook);
    pair.agree(TROUBLED_TIMEOUT);
    proxy.spoil(trouble);
    for round in 0..ROUNDS {
        write_on_both_sides(&pair, &session, round);
    }
    pair.await_no_link();
    let healed = Instant::now();
    proxy.heal();
    pair.agree(HEAL_TIMEOUT);
    eprintln!(
        "{name}: equal {} ms after the heal (seed {seed})",
        healed.elapsed().as_millis()
    );
}

#[test]
fn a_link_that_is_cut() {
    agree_after("cut", 21, Trouble::cut());
}

#[test]
fn a_link_on_which_only_one_can_be_heard() {
    let trouble = Trouble {
        cut_from_left: true,
        ..Trouble::default()
    };
    agree_after("cut from the inviter", 22, trouble);
}

#[test]
fn a_link_on_which_only_the_other_can_be_heard() {
    let trouble = Trouble {
        cut_from_right: true,
        ..Trouble::default()
    };
    agree_after("cut from the one who joined", 23, trouble);
}

#[test]
fn a_link_that_loses_nearly_everything() {
    agree_after(
        "loss 98 %",
        24,
        Trouble {
            loss_percent: 98,
            ..Trouble::default()
        },
    );
}

#[test]
fn a_link_that_comes_and_goes() {
    let (pair, _ana_node, _ben_node, proxy) = Pair::through_proxy(25, Trouble::default());
    let session = pair.ana.session(&pair.notebook);
    pair.agree(TROUBLED_TIMEOUT);
    for round in 0..ROUNDS * 2 {
        // Each change comes in the middle of what the one before set going.
        if round % 2 == 0 {
            proxy.cut()
        } else {
            proxy.heal()
        }
        write_on_both_sides(&pair, &session, round);
    }
    let took = pair.agree(HEAL_TIMEOUT);
    eprintln!("comes and goes: equal after {} ms", took.as_millis());
}

/// Which nodes start again.
#[derive(Clone, Copy)]
enum Again {
    Inviter,
    Joiner,
    Both,
}

fn agree_after_restart(name: &str, seed: u64, again: Again) {
    let (pair, ana_node, ben_node, _proxy) = Pair::through_proxy(seed, Trouble::default());
    let session = pair.ana.session(&pair.notebook);
    pair.agree(TROUBLED_TIMEOUT);
    let (mut ana_node, mut ben_node) = (Some(ana_node), Some(ben_node));
    if matches!(again, Again::Inviter | Again::Both) {
        ana_node.take().expect("a node").stop();
    }
    if matches!(again, Again::Joiner | Again::Both) {
        ben_node.take().expect("a node").kill();
    }
    write_on_both_sides(&pair, &session, 0);
    let since = Instant::now();
    let _ana_node = ana_node.unwrap_or_else(|| RunningNode::up(&pair.ana));
    let _ben_node = ben_node.unwrap_or_else(|| RunningNode::listening(&pair.ben, "[::1]:0"));
    pair.agree(HEAL_TIMEOUT);
    eprintln!(
        "{name}: equal {} ms after the restart",
        since.elapsed().as_millis()
    );
}

#[test]
fn the_inviters_computer_starts_again() {
    agree_after_restart("restart of the inviter", 31, Again::Inviter);
}

#[test]
fn the_other_computer_starts_again() {
    agree_after_restart("restart of the one who joined", 32, Again::Joiner);
}

#[test]
fn both_computers_start_again() {
    agree_after_restart("restart of both", 33, Again::Both);
}

#[test]
fn a_computer_that_comes_back_at_another_port() {
    let (pair, _ana_node, ben_node, proxy) = Pair::through_proxy(34, Trouble::default());
    let session = pair.ana.session(&pair.notebook);
    pair.agree(TROUBLED_TIMEOUT);
    let before = ben_node.port();
    ben_node.stop();
    write_on_both_sides(&pair, &session, 0);
    // The old port is taken now, so another is found.
    let _taken = std::net::UdpSocket::bind(("::1", before)).expect("the port is free");
    let since = Instant::now();
    let ben_node = RunningNode::listening(&pair.ben, "[::1]:0");
    assert_ne!(ben_node.port(), before);
    proxy.right_moved_to(ben_node.port());
    pair.agree(TROUBLED_TIMEOUT);
    eprintln!(
        "another port: equal {} ms after the restart",
        since.elapsed().as_millis()
    );
}

#[test]
fn a_router_that_forgets_which_port_was_whose() {
    let (pair, _ana_node, _ben_node, proxy) = Pair::through_proxy(35, Trouble::default());
    let session = pair.ana.session(&pair.notebook);
    pair.agree(TROUBLED_TIMEOUT);
    proxy.renumber_right();
    write_on_both_sides(&pair, &session, 0);
    let took = pair.agree(TROUBLED_TIMEOUT);
    eprintln!(
        "another port seen by the inviter: equal after {} ms",
        took.as_millis()
    );
}

#[test]
fn two_who_meet_only_through_a_third() {
    let people = ["Ana", "Ben", "Cleo"].map(Person::new);
    let [ana, ben, cleo] = &people;
    let ana_node = RunningNode::up(ana);
    let _ben_node = RunningNode::up(ben);
    let cleo_node = RunningNode::listening(cleo, "[::1]:0");
    let data = ana.ok(&["notebook", "create", "A circle", "--form", "peer"]);
    let notebook = data["notebook"]["id"].as_str().expect("an id");
    ben.ok(&["join", &ana.ticket(notebook, "peer")]);
    let proxy = UdpProxy::between(ana_node.port(), cleo_node.port(), 41);
    cleo.ok(&[
        "join",
        &ticket_through(&ana.ticket(notebook, "peer"), &proxy),
    ]);
    ben.goal(notebook, "From Ben");
    cleo.goal(notebook, "From Cleo");
    let took = agree(&[ana, ben, cleo], notebook, TROUBLED_TIMEOUT);
    let peers = ben.status_of(notebook)["peers"]
        .as_array()
        .expect("peers")
        .clone();
    let at_cleo = peers
        .iter()
        .find(|peer| peer["name"] == "Cleo")
        .expect("Cleo");
    assert_ne!(
        at_cleo["state"], "connected",
        "there is no way to Cleo but through Ana"
    );
    eprintln!("through a third: equal after {} ms", took.as_millis());
    until(
        "Ben knows that Cleo has everything, from Ana",
        TROUBLED_TIMEOUT,
        || (ben.status_of(notebook)["pending_out"] == 0).then_some(()),
    );
}

#[test]
fn the_one_in_the_middle_is_away_for_a_while() {
    let people = ["Ana", "Ben", "Cleo"].map(Person::new);
    let [ana, ben, cleo] = &people;
    let ana_node = RunningNode::up(ana);
    let _ben_node = RunningNode::up(ben);
    let cleo_node = RunningNode::listening(cleo, "[::1]:0");
    let data = ana.ok(&["notebook", "create", "A circle", "--form", "peer"]);
    let notebook = data["notebook"]["id"].as_str().expect("an id");
    ben.ok(&["join", &ana.ticket(notebook, "peer")]);
    let proxy = UdpProxy::between(ana_node.port(), cleo_node.port(), 42);
    cleo.ok(&[
        "join",
        &ticket_through(&ana.ticket(notebook, "peer"), &proxy),
    ]);
    agree(&[ana, ben, cleo], notebook, TROUBLED_TIMEOUT);
    ana_node.kill();
    ben.goal(notebook, "Written while Ana is away");
    cleo.goal(notebook, "Written while Ana is away too");
    let since = Instant::now();
    let _ana_node = RunningNode::up(ana);
    agree(&[ana, ben, cleo], notebook, HEAL_TIMEOUT);
    eprintln!(
        "the third came back: equal after {} ms",
        since.elapsed().as_millis()
    );
}
