//! Writing while the other cannot be reached, and meeting again.

use std::time::{Duration, Instant};

use hearth_e2e::{Pair, Person, RunningNode, Trouble};

/// How long both may take to agree once they can reach each other again, without a command.
const HEAL_TIMEOUT: Duration = Duration::from_secs(5);
/// The same where packets get lost or are late.
const TROUBLED_TIMEOUT: Duration = Duration::from_secs(30);

/// Both write into the same notes and make objects of their own.
pub(crate) fn write_on_both_sides(pair: &Pair, session: &str, round: usize) {
    for person in [&pair.ana, &pair.ben] {
        let line = format!("\n{} in round {round}\n", person.name());
        person
            .feed(
                &["session", "notes", session, "--append", "--from", "-"],
                &line,
            )
            .data();
        person.goal(&pair.notebook, &format!("{}'s goal {round}", person.name()));
        person.ok(&[
            "ask",
            &pair.notebook,
            &format!("{}'s question {round}", person.name()),
        ]);
    }
}

fn notes(person: &Person, session: &str) -> String {
    let data = person.ok(&["session", "show", session]);
    data["session"]["notes"].as_str().expect("notes").to_owned()
}

/// Checks that nothing that either wrote is missing on either side.
fn nothing_is_missing(pair: &Pair, session: &str, rounds: usize) {
    for reader in [&pair.ana, &pair.ben] {
        let (goals, notes) = (reader.goals(&pair.notebook), notes(reader, session));
        for round in 0..rounds {
            for writer in ["Ana", "Ben"] {
                assert!(
                    goals.contains(&format!("{writer}'s goal {round}")),
                    "{goals:?}"
                );
                assert!(
                    notes.contains(&format!("{writer} in round {round}\n")),
                    "{notes}"
                );
            }
        }
    }
}

#[test]
fn both_write_while_no_node_runs_and_agree_once_both_do() {
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    let session = pair.ana.session(&pair.notebook);
    pair.agree(TROUBLED_TIMEOUT);
    ana_node.stop();
    ben_node.stop();
    write_on_both_sides(&pair, &session, 0);
    let _ana_node = RunningNode::up(&pair.ana);
    let _ben_node = RunningNode::up(&pair.ben);
    let took = pair.agree(HEAL_TIMEOUT);
    nothing_is_missing(&pair, &session, 1);
    eprintln!("both nodes up to equal copies: {} ms", took.as_millis());
}

#[test]
fn a_cut_link_heals_and_both_agree_without_a_command() {
    let (pair, _ana_node, _ben_node, proxy) = Pair::through_proxy(1, Trouble::default());
    let session = pair.ana.session(&pair.notebook);
    pair.agree(TROUBLED_TIMEOUT);
    for round in 0..2 {
        proxy.cut();
        write_on_both_sides(&pair, &session, round);
        assert!(!hearth_e2e::agreed(&[&pair.ana, &pair.ben], &pair.notebook));
        pair.await_no_link();
        let healed = Instant::now();
        proxy.heal();
        pair.agree(HEAL_TIMEOUT);
        eprintln!(
            "heal {round} to equal copies: {} ms",
            healed.elapsed().as_millis()
        );
    }
    nothing_is_missing(&pair, &session, 2);
}

#[test]
fn a_short_cut_that_nobody_notices_loses_nothing() {
    let (pair, _ana_node, _ben_node, proxy) = Pair::through_proxy(2, Trouble::default());
    let session = pair.ana.session(&pair.notebook);
    pair.agree(TROUBLED_TIMEOUT);
    proxy.cut();
    write_on_both_sides(&pair, &session, 0);
    proxy.heal();
    let took = pair.agree(HEAL_TIMEOUT);
    nothing_is_missing(&pair, &session, 1);
    eprintln!("short cut to equal copies: {} ms", took.as_millis());
}
