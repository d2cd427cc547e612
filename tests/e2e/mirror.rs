//! Mirrors as real processes: two people who are never online together, and a mirror that is killed, set back,
//! full, or asked by somebody it is not for.

use std::path::Path;
use std::time::Duration;

use hearth_core::identity::MirrorPass;
use hearth_core::mirror::MirrorTicket;
use hearth_e2e::{Pair, Person, Ran, RunningNode, files_with, text, until};
use serde_json::Value;

/// How long something may take to get through.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Rounds of the two, each with one of them at their computer.
const ROUNDS: usize = 4;

/// A computer that is always on.
pub(crate) fn mirror(options: &[&str]) -> Person {
    let mirror = Person::stranger("Mirror");
    let init = [
        "mirror", "init", "--name", "cupboard", "--unlock", "bare", "--yes",
    ];
    let data = mirror.ok(&[&init[..], options].concat());
    assert!(text(&data, "/ticket").starts_with("hearth1"), "{data}");
    assert_eq!(text(&data, "/mirror/name"), "cupboard");
    mirror
}

pub(crate) fn mirror_up(mirror: &Person) -> RunningNode {
    let command = mirror.command(&["mirror", "up", "--listen", "127.0.0.1:0"]);
    RunningNode::spawned(command, mirror)
}

/// Ana and Ben share a notebook that a mirror holds; both have heard of it, and neither node runs any more.
pub(crate) fn apart(options: &[&str]) -> (Pair, Person, RunningNode) {
    let (pair, of_ana, of_ben) = Pair::on_loopback();
    let mirror = mirror(options);
    let running = mirror_up(&mirror);
    let ticket = text(running.ready(), "/ticket");
    let added = pair.ana.ok(&["mirror", "add", &pair.notebook, &ticket]);
    assert_eq!(text(&added, "/mirror/name"), "cupboard");
    for person in [&pair.ana, &pair.ben] {
        until("the mirror holds all", TIMEOUT, || {
            let known = mirrors(person, &pair.notebook);
            (known.first()?["holds_all"] == true).then_some(())
        });
    }
    of_ana.stop();
    of_ben.stop();
    (pair, mirror, running)
}

pub(crate) fn mirrors(person: &Person, notebook: &str) -> Vec<Value> {
    let data = person.ok(&["mirror", "list", notebook]);
    data["mirrors"].as_array().expect("mirrors").clone()
}

/// Syncs with nobody there but the mirror.
fn sync(person: &Person) {
    let data = person.ok(&["sync", "--timeout", "20s"]);
    let peers = data["peers"].as_array().expect("peers");
    let of_mirror = peers.iter().find(|peer| peer["mirror"].is_string());
    let of_mirror = of_mirror.expect("the mirror among the peers");
    assert_eq!(of_mirror["result"], "acknowledged", "{data}");
}

#[test]
fn two_who_are_never_online_together_work_through_a_mirror_that_is_killed_and_reads_nothing() {
    let (pair, mirror, mut running) = apart(&[]);
    let people = [&pair.ana, &pair.ben];
    let canary = |round: usize| format!("canary {round} of the cupboard");
    for round in 0..ROUNDS {
        let here = people[round % 2];
        sync(here);
        let goals = here.goals(&pair.notebook);
        assert!(
            (0..round).all(|before| goals.contains(&canary(before))),
            "{goals:?}"
        );
        here.goal(&pair.notebook, &canary(round));
        sync(here);
        if round % 2 == 1 {
            running.kill();
            running = mirror_up(&mirror);
        }
    }
    for person in people {
        sync(person);
    }
    assert!(hearth_e2e::agreed(&people, &pair.notebook));
    let status = pair.ana.status_of(&pair.notebook);
    assert_eq!(status["mirrors"][0]["behind"], 0, "{status}");
    assert_eq!(
        status["peers"][0]["state"], "seen",
        "what came of Ben says when, not that he is there"
    );

    let mut canaries: Vec<String> = (0..ROUNDS).map(canary).collect();
    canaries.extend(["Ana and Ben".to_owned(), "ana-laptop".to_owned()]);
    assert!(files_with(mirror.home(), &canaries).is_empty());
    mirror.refused(&["goal", "list", &pair.notebook], 2, "mirror_home");
    running.stop();
    mirror.refused(&["goal", "list", &pair.notebook], 2, "mirror_home");
}

#[test]
fn a_mirror_says_what_it_holds_and_whom_it_refused_while_it_runs_and_without() {
    let (pair, mirror, running) = apart(&[]);
    sync(&pair.ana);
    let status = mirror.ok(&["status"]);
    assert_eq!(status["node"]["running"], true, "{status}");
    assert_eq!(status["mirror"]["name"], "cupboard");
    assert_eq!(text(&status, "/ticket"), text(running.ready(), "/ticket"));
    let held = &status["notebooks"][0];
    assert_eq!(held["id"], pair.notebook.as_str(), "{status}");
    assert_eq!((&held["people"], &held["devices"]), (&2.into(), &2.into()));
    assert!(held["entries"].as_u64() > Some(0) && held["last_kept"].is_string());
    assert!(held["bytes"].as_u64() <= status["quota"]["used_bytes"].as_u64());
    assert_eq!(status["refused"], Value::Array(Vec::new()), "{status}");

    // Somebody whose notebook names the mirror and who has a wrong pass.
    let chloe = Person::new("Chloe");
    let notebook = chloe.notebook("Chloe alone");
    let mut forged: MirrorTicket = text(running.ready(), "/ticket").parse().expect("a ticket");
    forged.pass = MirrorPass::from_bytes([7; 16]);
    chloe.ok(&["mirror", "add", &notebook, &forged.to_string()]);
    chloe.refused(&["sync", "--timeout", "10s"], 13, "peer_unreachable");
    let status = mirror.ok(&["status"]);
    let why: Vec<String> = status["refused"]
        .as_array()
        .expect("refusals")
        .iter()
        .map(|refusal| text(refusal, "/why"))
        .collect();
    assert!(
        why.iter()
            .any(|why| why.contains("in nothing that is held")),
        "{why:?}"
    );
    assert!(why.iter().any(|why| why.contains("wrong pass")), "{why:?}");
    // In words, and without names: it knows none.
    let output = mirror.plain(&["status"]).output().expect("it runs");
    let words = Ran::new(&["status"], output);
    assert_eq!(words.exit, Some(0), "{}", words.stderr);
    for said in [
        "The mirror cupboard",
        "last kept",
        "2 people",
        "Refused since",
    ] {
        assert!(words.stdout.contains(said), "{said}: {}", words.stdout);
    }
    assert!(!words.stdout.contains("Ana"), "{}", words.stdout);
    let report = mirror.ok(&["doctor"]);
    assert_eq!(report["healthy"], true, "{report}");
    assert_eq!(mirror.ok(&["verify"])["notebooks"], 1);
    assert_eq!(mirror.ok(&["unlock"])["node"], true);
    mirror.refused(&["mirror", "list", &pair.notebook], 2, "mirror_home");
    mirror.refused(&["sync"], 2, "mirror_home");

    // The same from its home alone.
    running.stop();
    let status = mirror.ok(&["status"]);
    assert_eq!(status["node"]["running"], false, "{status}");
    assert!(status["ticket"].is_null() && status["notebooks"][0]["last_kept"].is_string());
    assert_eq!(mirror.ok(&["doctor"])["healthy"], true);
    assert_eq!(mirror.ok(&["verify"])["notebooks"], 1);
    // No passphrase protects it, so nothing is remembered until when.
    let unlocked = mirror.ok(&["unlock"]);
    assert_eq!(unlocked["protection"], "bare", "{unlocked}");
}

#[test]
fn a_mirror_that_is_set_back_to_an_older_copy_is_named_and_made_whole() {
    let (pair, mirror, running) = apart(&[]);
    running.stop();
    let copy = mirror.folder().join("copy");
    copy_folder(mirror.home(), &copy);
    let running = mirror_up(&mirror);
    for number in 0..5 {
        pair.ana.goal(&pair.notebook, &format!("goal {number}"));
    }
    sync(&pair.ana);
    assert!(mirrors(&pair.ana, &pair.notebook)[0]["rolled_back"].is_null());
    running.kill();
    std::fs::remove_dir_all(mirror.home()).unwrap();
    copy_folder(&copy, mirror.home());
    let running = mirror_up(&mirror);

    sync(&pair.ana);
    let known = &mirrors(&pair.ana, &pair.notebook)[0];
    assert!(
        known["rolled_back"]["lost_entries"].as_u64() >= Some(5),
        "{known}"
    );
    assert_eq!(known["rolled_back"]["made_good"], true, "{known}");
    assert_eq!(known["holds_all"], true, "{known}");
    assert!(text(known, "/warning").contains("older copy"), "{known}");
    sync(&pair.ben);
    assert_eq!(pair.ben.goals(&pair.notebook).len(), 5);
    running.stop();
}

#[test]
fn a_mirror_without_room_and_one_with_another_pass_say_so() {
    let (pair, mirror, running) = apart(&["--notebook-quota", "96K"]);
    let long = "so much to say ".repeat(400);
    for number in 0..20 {
        let why = format!("{number} {long}");
        pair.ana
            .ok(&["goal", "add", &pair.notebook, "a goal", "--why", &why]);
    }
    let synced = pair.ana.ok(&["sync", "--timeout", "30s"]);
    let peers = synced["peers"].as_array().expect("peers");
    let of_mirror = peers.iter().find(|peer| peer["mirror"].is_string());
    let of_mirror = of_mirror.expect("the mirror among the peers");
    assert_eq!(of_mirror["result"], "full", "{synced}");
    assert!(
        text(of_mirror, "/reason").contains("takes no more"),
        "{synced}"
    );
    let known = &mirrors(&pair.ana, &pair.notebook)[0];
    assert_eq!(known["full"]["most_bytes"], 96 * 1024, "{known}");
    assert!(known["behind"].as_u64() > Some(0), "{known}");
    assert!(text(known, "/warning").contains("no room"), "{known}");

    let chloe = Person::new("Chloe");
    let notebook = chloe.notebook("Chloe alone");
    let ticket = text(running.ready(), "/ticket");
    let mut forged: MirrorTicket = ticket.parse().expect("a ticket");
    forged.pass = MirrorPass::from_bytes([7; 16]);
    chloe.ok(&["mirror", "add", &notebook, &forged.to_string()]);
    let failed = chloe.refused(&["sync", "--timeout", "10s"], 13, "peer_unreachable");
    let known = &mirrors(&chloe, &notebook)[0];
    assert_eq!(known["refused"]["code"], "wrong_pass", "{known} {failed}");

    // With the right ticket it is taken, and the pass is mended in the notebook.
    chloe.ok(&["mirror", "add", &notebook, &ticket]);
    until("the mirror takes it", TIMEOUT, || {
        let ran = chloe.run(&["sync", "--timeout", "10s"]);
        (ran.exit == Some(0)).then_some(())
    });
    assert!(mirrors(&chloe, &notebook)[0]["refused"].is_null());
    chloe.ok(&["mirror", "remove", &notebook, "cupboard"]);
    assert!(mirrors(&chloe, &notebook).is_empty());
    running.stop();
    drop(mirror);
}

#[test]
fn a_mirror_that_was_removed_keeps_what_it_has_for_as_long_as_it_was_told() {
    let (pair, mirror, running) = apart(&[]);
    let of_ana = RunningNode::up(&pair.ana);
    until("Ana is linked with the mirror", TIMEOUT, || {
        let known = mirrors(&pair.ana, &pair.notebook);
        (known.first()?["state"] == "connected").then_some(())
    });
    pair.ana
        .ok(&["mirror", "remove", &pair.notebook, "cupboard"]);
    until("Ana tells the mirror and closes", TIMEOUT, || {
        let again = mirror_links(&pair.ana);
        (again == 0).then_some(())
    });
    of_ana.stop();
    running.stop();
    // It notes when it found itself removed, and keeps all for thirty days.
    for _ in 0..2 {
        let running = mirror_up(&mirror);
        assert_eq!(running.ready()["notebooks"], 1);
        running.stop();
    }
    let command = mirror.command(&[
        "mirror",
        "up",
        "--listen",
        "127.0.0.1:0",
        "--keep-days",
        "0",
    ]);
    RunningNode::spawned(command, &mirror).stop();
    let running = mirror_up(&mirror);
    assert_eq!(running.ready()["notebooks"], 0);
    running.stop();
}

/// Returns how many mirrors a person's node still names.
fn mirror_links(person: &Person) -> usize {
    let status = person.ok(&["status"]);
    let notebooks = status["notebooks"].as_array().expect("notebooks").iter();
    let of = |notebook: &Value| notebook["mirrors"].as_array().map_or(0, Vec::len);
    notebooks.map(of).sum()
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}
