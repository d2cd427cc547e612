//! What holds for every command: one document, clean streams, exit codes, prompts, ids.

use std::time::Duration;

use hearth_e2e::{Pair, Person, Ran, RunningNode};
use serde_json::{Value, json};

/// How long both may take to agree.
const AGREE_TIMEOUT: Duration = Duration::from_secs(60);

fn plain(person: &Person, arguments: &[&str]) -> Ran {
    Ran::new(arguments, person.plain(arguments).output().unwrap())
}

#[test]
fn init_says_who_and_shows_the_phrase_once_or_writes_it_to_a_file() {
    let ana = Person::stranger("Ana");
    ana.refused(
        &["init", "--name", "Ana", "--unlock", "bare"],
        2,
        "confirmation_needed",
    );
    let made = ana.ok(&[
        "init", "--name", "Ana", "--device", "desk", "--unlock", "bare", "--yes",
    ]);
    assert_eq!(
        (&made["person"]["name"], &made["device"]["label"]),
        (&json!("Ana"), &json!("desk"))
    );
    assert_eq!(
        made["recovery_phrase"].as_str().unwrap().split(' ').count(),
        24
    );
    let again = ["init", "--name", "Ana", "--unlock", "bare", "--yes"];
    assert_ne!(ana.run(&again).exit, Some(0), "a home is never made over");
    assert!(!ana.ok(&["status"]).to_string().contains("recovery_phrase"));

    let ben = Person::stranger("Ben");
    let init = [
        "init",
        "--name",
        "Ben",
        "--unlock",
        "bare",
        "--yes",
        "--recovery-out",
        "phrase",
    ];
    let made = ben.ok(&init);
    assert!(made.get("recovery_phrase").is_none(), "{made}");
    let written = std::fs::read_to_string(ben.folder().join("phrase")).unwrap();
    assert_eq!(written.split_whitespace().count(), 24);
    assert_ne!(
        Person::stranger("Cleo").run(&["init", "--name", ""]).exit,
        Some(0)
    );
}

#[test]
fn a_bad_command_exits_2_with_one_document_and_says_nothing_else_on_stdout() {
    let ana = Person::new("Ana");
    let notebook = ana.notebook("Ana and Ben");
    for bad in [
        &["goal", "ad", &notebook, "x"] as &[&str],
        &["goal", "add"],
        &["gaol", "list"],
        &["notebook", "create", "x", "--form", "triangle"],
        &[
            "session",
            "plan",
            &notebook,
            "--at",
            "2027-01-12 15:00",
            "--minutes",
            "many",
        ],
        &["join", "hearth1x", "--timeout", "whenever"],
    ] {
        let ran = ana.run(bad);
        assert_eq!(ran.exit, Some(2), "{ran:?}");
        assert_eq!(ran.json()["ok"], false);
    }
    let ran = plain(&ana, &["goal", "lst", &notebook]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (Some(2), ""));
    assert!(
        ran.stderr.contains("list"),
        "the right command is suggested: {}",
        ran.stderr
    );
}

#[test]
fn what_is_not_there_or_could_be_several_exits_4() {
    let ana = Person::new("Ana");
    let (first, _second) = (ana.notebook("Twice"), ana.notebook("Twice"));
    let error = ana.refused(&["notebook", "show", "Twice"], 4, "ambiguous");
    assert!(
        error["message"].as_str().unwrap().contains(&first),
        "candidates are named: {error}"
    );
    ana.refused(&["notebook", "show", "Nowhere"], 4, "not_found");
    ana.refused(
        &["goal", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
        4,
        "not_found",
    );
    ana.refused(&["goal", "show", &first[..3]], 4, "not_found");
    ana.ok(&["notebook", "show", &first[..6]]);
    ana.ok(&["notebook", "show", &first[first.len() - 6..]]);
    ana.refused(
        &["goal", "add", &first, "x", "--owner", "Nobody"],
        4,
        "not_found",
    );
    assert_eq!(ana.run(&["config", "get", "no.such"]).exit, Some(4));
}

#[test]
fn an_observer_reads_everything_and_writes_nothing() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let Pair { ana, notebook, .. } = &pair;
    let (goal, session) = (ana.goal(notebook, "Speak"), ana.session(notebook));
    let question = ana.ok(&["ask", notebook, "Why?"])["question"]["id"].clone();
    let question = question.as_str().unwrap();
    let olga = Person::new("Olga");
    let _olga_node = RunningNode::up(&olga);
    olga.ok(&["join", &ana.ticket(notebook, "observer")]);
    hearth_e2e::agree(&[ana, &olga], notebook, AGREE_TIMEOUT);
    olga.ok(&["goal", "show", &goal]);
    for write in [
        &["goal", "add", notebook, "x"] as &[&str],
        &["goal", "status", &goal, "active"],
        &["goal", "progress", &goal, "1"],
        &["action", "add", notebook, "x"],
        &["session", "plan", notebook, "--at", "2027-01-12 15:00"],
        &["session", "agenda", &session, "x"],
        &["session", "attend", &session],
        &["ask", notebook, "x"],
        &["answer", question, "x"],
        &["resolve", question],
        &["comment", &goal, "x"],
        &["notebook", "rename", notebook, "x"],
        &["notebook", "phase", notebook, "closed"],
        &["invite", "create", notebook, "--as", "mentee"],
    ] {
        let ran = olga.run(write);
        assert_eq!(ran.exit, Some(5), "{ran:?}");
        let error = ran.json()["error"].clone();
        assert!(!error["message"].as_str().unwrap().is_empty(), "{error}");
    }
    assert_eq!(olga.status_of(notebook)["pending_out"], 0);
}

#[test]
fn sync_without_anybody_exits_13_and_names_who_did_not_answer() {
    let alone = Person::new("Ana");
    alone.notebook("Mine");
    alone.refused(&["sync"], 13, "no_peers");
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    pair.await_link();
    ana_node.stop();
    ben_node.stop();
    let error = pair
        .ben
        .refused(&["sync", "--timeout", "2s"], 13, "peer_unreachable");
    let peer = &error["details"]["peers"][0];
    assert_eq!(
        (&peer["name"], &peer["result"]),
        (&json!("Ana"), &json!("unreachable"))
    );
    let error = pair.ben.refused(&["watch"], 1, "node_not_running");
    assert!(error["hint"].as_str().unwrap().contains("hearth up"));
}

#[test]
fn people_read_words_and_names_not_ids_and_no_escape_sequence_of_others() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    ben.ok(&[
        "goal",
        "add",
        notebook,
        "red \u{1b}[31m and \u{202e}backwards",
    ]);
    pair.agree(AGREE_TIMEOUT);
    let ben_id = ben.id();
    for command in [
        &["status"] as &[&str],
        &["sync"],
        &["goal", "list", notebook],
        &["member", "list", notebook],
        &["readers", notebook],
        &["log", notebook],
        &["today"],
        &["notebook", "show", notebook],
    ] {
        let ran = plain(ana, command);
        assert_eq!(ran.exit, Some(0), "{ran:?}");
        assert!(
            !ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{202e}'),
            "{ran:?}"
        );
        assert!(
            !ran.stdout.contains(&ben_id),
            "a whole id says nothing to people: {}",
            ran.stdout
        );
        assert!(
            !ran.stdout.to_lowercase().contains("synced"),
            "{}",
            ran.stdout
        );
    }
    assert!(plain(ana, &["status"]).stdout.contains(&ben.device()));
}

#[test]
fn settings_are_checked_kept_and_shown() {
    let ana = Person::new("Ana");
    ana.ok(&["config", "set", "unlock.minutes", "5"]);
    assert_eq!(ana.ok(&["config", "get", "unlock.minutes"])["value"], "5");
    let listed = ana.ok(&["config", "list"]);
    assert!(listed["settings"].as_array().unwrap().len() >= 3);
    assert_ne!(
        ana.run(&["config", "set", "unlock.minutes", "soon"]).exit,
        Some(0)
    );
    assert_ne!(
        ana.run(&["config", "set", "network", "carrier-pigeon"])
            .exit,
        Some(0)
    );
    ana.ok(&["config", "set", "network", "lan"]);
    assert_eq!(ana.ok(&["status"])["node"]["network"], "lan");
}

#[test]
fn doctor_can_be_pasted_in_public() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    let home = ana.home().to_str().unwrap();
    for ran in [ana.run(&["doctor"]), plain(ana, &["doctor"])] {
        assert_eq!(ran.exit, Some(0), "{ran:?}");
        let words = [
            notebook.as_str(),
            &ana.id(),
            &ben.id(),
            "Ana and Ben",
            "Ben",
            home,
        ];
        for secret in words.into_iter().chain([ana.device().as_str()]) {
            assert!(!ran.stdout.contains(secret), "{secret} in {}", ran.stdout);
        }
    }
}

#[test]
fn completions_and_manual_pages_name_every_noun() {
    let ana = Person::stranger("Ana");
    for shell in ["bash", "zsh", "fish"] {
        let ran = plain(&ana, &["completions", shell]);
        assert_eq!(ran.exit, Some(0));
        for noun in ["notebook", "session", "goal", "invite"] {
            assert!(ran.stdout.contains(noun), "{shell} lacks {noun}");
        }
    }
    let data = ana.ok(&["man", "--out", "pages"]);
    let pages = data["files"].as_array().unwrap().len();
    assert_eq!(
        std::fs::read_dir(ana.folder().join("pages"))
            .unwrap()
            .count(),
        pages
    );
    assert!(ana.folder().join("pages/hearth-session-notes.1").exists());
}

#[test]
fn invitations_are_listed_revoked_and_written_to_a_file_that_only_their_maker_reads() {
    use std::os::unix::fs::PermissionsExt;
    let ana = Person::new("Ana");
    let notebook = ana.notebook("Ana and Ben");
    let made = ana.ok(&[
        "invite", "create", &notebook, "--as", "mentee", "--out", "ticket",
    ]);
    let file = ana.folder().join("ticket");
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o077,
        0
    );
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .starts_with("hearth1")
    );
    let id = made["id"].as_str().unwrap();
    let state = || {
        let list = ana.ok(&["invite", "list", &notebook]);
        let invites = list["invites"].as_array().unwrap().clone();
        let found = invites.iter().find(|invite| invite["id"] == id).cloned();
        found.map_or(Value::Null, |invite| invite["state"].clone())
    };
    assert_eq!(state(), "open");
    ana.ok(&["invite", "revoke", &notebook, id]);
    assert_eq!(state(), "revoked");
}
