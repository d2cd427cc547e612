//! Bundles between real homes that no network connects: a month by file, couriers, people who are out, new devices,
//! files that were damaged on the way.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hearth_e2e::{Pair, Person, Ran, RunningNode, Watch, accept, agreed, files_with, text, until};
use serde_json::Value;

/// Days on which one of the two hands the other a file.
const DAYS: usize = 30;
/// How long something may take to show.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A folder that goes from hand to hand.
struct Stick(tempfile::TempDir);

impl Stick {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Ana and Ben, who met once and never do again.
fn apart() -> Pair {
    let (pair, of_ana, of_ben) = Pair::on_loopback();
    pair.await_link();
    pair.agree(TIMEOUT);
    of_ana.stop();
    of_ben.stop();
    pair
}

#[track_caller]
fn create(person: &Person, notebook: &str, to: &str, out: &Path) -> Value {
    let out = out.to_string_lossy();
    person.ok(&["bundle", "create", notebook, "--for", to, "--out", &out])
}

#[track_caller]
fn apply(person: &Person, file: &Path) -> Value {
    person.ok(&["bundle", "apply", &file.to_string_lossy()])
}

#[track_caller]
fn refuses(person: &Person, file: &Path, exit: i32, code: &str) -> Value {
    person.refused(&["bundle", "apply", &file.to_string_lossy()], exit, code)
}

#[test]
fn two_people_work_together_for_a_month_by_files_that_a_stranger_carries() {
    let pair = apart();
    let stick = Stick::new();
    let courier = Person::new("Courier");
    let people = [&pair.ana, &pair.ben];
    let canary = |day: usize| format!("canary {day} on the stick");
    let mut running: Option<RunningNode> = None;
    for day in 0..DAYS {
        let (here, there) = (people[day % 2], people[(day + 1) % 2]);
        if day == DAYS / 2 {
            // From here on Ana's node runs, and takes bundles and makes them as before.
            running = Some(RunningNode::up(&pair.ana));
        }
        here.goal(&pair.notebook, &canary(day));
        let out = stick.file(&format!("{day}.bundle"));
        let made = create(here, &pair.notebook, there.name(), &out);
        assert!(made["bundle"]["entries"].as_u64() >= Some(1), "{made}");
        refuses(&courier, &out, 5, "not_for_this_device");
        let applied = apply(there, &out);
        assert_eq!(applied["bundle"]["id"], made["bundle"]["id"]);
        assert_eq!(applied["bundle"]["missing"], 0, "{applied}");
        assert_eq!(text(&applied, "/bundle/from/name"), here.name());
        assert!(there.goals(&pair.notebook).contains(&canary(day)));
    }
    let last = stick.file("last.bundle");
    for (from, to) in [(&pair.ana, &pair.ben), (&pair.ben, &pair.ana)] {
        create(from, &pair.notebook, "all", &last);
        apply(to, &last);
        std::fs::remove_file(&last).unwrap();
    }
    assert!(agreed(&people, &pair.notebook));
    for person in people {
        let status = person.status_of(&pair.notebook);
        assert_eq!(status["pending_out"], 0, "{status}");
        let peer = &status["peers"][0];
        assert_eq!(peer["state"], "seen", "a file is no contact: {peer}");
        assert_eq!((&peer["behind"], &peer["ahead"]), (&0.into(), &0.into()));
        assert!(
            peer["bundle"]["made"].as_str() > peer["last_contact"].as_str(),
            "{peer}"
        );
    }
    // What had been told was left out: the files do not grow from day to day.
    let size = |day: usize| {
        std::fs::metadata(stick.file(&format!("{day}.bundle")))
            .unwrap()
            .len()
    };
    assert!(
        size(DAYS - 1) <= 2 * size(3),
        "{} and {}",
        size(3),
        size(DAYS - 1)
    );
    let mut secrets: Vec<String> = (0..DAYS).map(canary).collect();
    for person in people {
        let status = person.ok(&["status"]);
        for pointer in ["/person/id", "/person/name", "/device/id", "/device/label"] {
            secrets.push(text(&status, pointer));
        }
    }
    secrets.extend([pair.notebook.clone(), "Ana and Ben".to_owned()]);
    assert!(files_with(stick.0.path(), &secrets).is_empty());
    let listed = courier.ok(&["notebook", "list"]);
    assert_eq!(listed["notebooks"].as_array().map(Vec::len), Some(0));
    if let Some(running) = running {
        running.stop();
    }
}

#[test]
fn what_a_bundle_brings_shows_in_watch_and_is_said_in_words() {
    let pair = apart();
    let stick = Stick::new();
    let file = stick.file("for ben.bundle");
    pair.ana.goal(&pair.notebook, "Speak in public");
    pair.ben.goal(&pair.notebook, "Write it down");
    let plain = |person: &Person, arguments: &[&str]| {
        Ran::new(
            arguments,
            person.plain(arguments).output().expect("hearth runs"),
        )
    };
    let out = file.to_string_lossy();
    let made = plain(
        &pair.ana,
        &[
            "bundle",
            "create",
            &pair.notebook,
            "--for",
            "Ben",
            "--out",
            &out,
        ],
    );
    assert_eq!((made.exit, made.stderr.as_str()), (Some(0), ""), "{made:?}");
    let first = made.stdout.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("Wrote 1 change of Ana and Ben ("),
        "{first}"
    );
    assert!(first.ends_with("for ben.bundle."), "{first}");
    assert!(
        made.stdout.contains("Only ben-laptop can open it"),
        "{made:?}"
    );

    let running = RunningNode::up(&pair.ben);
    let watch = Watch::start(&pair.ben, &pair.notebook);
    let applied = plain(&pair.ben, &["bundle", "apply", &out]);
    assert_eq!(
        (applied.exit, applied.stderr.as_str()),
        (Some(0), ""),
        "{applied:?}"
    );
    assert!(
        applied
            .stdout
            .contains("1 change in Ana and Ben is new here"),
        "{applied:?}"
    );
    assert!(
        applied.stdout.contains("Next: hearth bundle create "),
        "{applied:?}"
    );
    watch.next("the goal", TIMEOUT, |line| {
        line.to_string().contains("Speak in public")
    });
    drop(watch);
    let status = plain(&pair.ben, &["status"]);
    assert!(status.stdout.contains("by its bundle of"), "{status:?}");
    assert!(status.stdout.contains("last heard"), "{status:?}");
    running.stop();
    let again = plain(&pair.ben, &["bundle", "apply", &out]);
    assert!(
        again
            .stdout
            .starts_with("Nothing in the bundle that ana-laptop made"),
        "{again:?}"
    );
}

#[test]
fn a_removed_member_opens_nothing_that_was_sealed_after_it() {
    let pair = apart();
    let stick = Stick::new();
    let (before, after, from_ben) = (
        stick.file("before"),
        stick.file("after"),
        stick.file("from-ben"),
    );
    create(&pair.ana, &pair.notebook, "Ben", &before);
    pair.ben.goal(&pair.notebook, "Ben's last");
    create(&pair.ben, &pair.notebook, "Ana", &from_ben);
    pair.ana
        .ok(&["member", "remove", &pair.notebook, "Ben", "--yes"]);
    pair.ana.goal(&pair.notebook, "After Ben");
    let out = after.to_string_lossy();
    pair.ana.refused(
        &[
            "bundle",
            "create",
            &pair.notebook,
            "--for",
            "Ben",
            "--out",
            &out,
        ],
        4,
        "not_found",
    );
    pair.ana.refused(
        &[
            "bundle",
            "create",
            &pair.notebook,
            "--for",
            "all",
            "--out",
            &out,
        ],
        1,
        "nobody",
    );
    assert!(!after.exists(), "what failed leaves no file");
    refuses(&pair.ana, &from_ben, 5, "bundle_from_outsider");
    assert_eq!(pair.ana.goals(&pair.notebook), ["After Ben"]);

    // Somebody else is let in; Ben cannot open what is for them, and reads what he could before.
    let cy = Person::new("Cy");
    let of_ana = RunningNode::up(&pair.ana);
    let ticket = pair.ana.ticket(&pair.notebook, "mentee");
    cy.ok(&["join", &ticket]);
    of_ana.stop();
    create(&pair.ana, &pair.notebook, "all", &after);
    refuses(&pair.ben, &after, 5, "not_for_this_device");
    apply(&pair.ben, &before);
    assert_eq!(pair.ben.goals(&pair.notebook), ["Ben's last"]);
    apply(&cy, &after);
    assert_eq!(cy.goals(&pair.notebook), ["After Ben"]);
}

#[test]
fn a_new_device_gets_by_file_what_others_write() {
    let pair = apart();
    let stick = Stick::new();
    let phone = Person::stranger("Phone");
    accept(&pair.ben, &phone, "phone");
    pair.ana.goal(&pair.notebook, "Written by Ana");
    // Ana has not heard of the phone yet.
    let early = stick.file("early");
    create(&pair.ana, &pair.notebook, "Ben", &early);
    let error = refuses(&phone, &early, 5, "not_for_this_device");
    assert!(
        text(&error, "/hint").contains("If this device is new"),
        "{error}"
    );
    phone.goal(&pair.notebook, "Written on the phone");
    let from_phone = stick.file("from-phone");
    create(&phone, &pair.notebook, "all", &from_phone);
    apply(&pair.ana, &from_phone);
    let late = stick.file("late");
    let made = create(&pair.ana, &pair.notebook, "Ben", &late);
    assert_eq!(
        made["bundle"]["for"].as_array().map(Vec::len),
        Some(2),
        "{made}"
    );
    for device in [&phone, &pair.ben] {
        apply(device, &late);
        let goals = device.goals(&pair.notebook);
        assert_eq!(goals.len(), 2, "{goals:?}");
    }
    assert!(agreed(&[&pair.ana, &pair.ben, &phone], &pair.notebook));
    let heard = pair.ana.status_of(&pair.notebook);
    let peers = heard["peers"].as_array().expect("peers");
    let of_phone = peers.iter().find(|peer| peer["device_label"] == "phone");
    let of_phone = of_phone.expect("the phone among the peers");
    assert_eq!(of_phone["state"], "never", "{of_phone}");
    assert!(of_phone["last_contact"].is_null(), "{of_phone}");
    assert!(of_phone["bundle"]["applied"].is_string(), "{of_phone}");
}

#[test]
fn damaged_files_are_named_and_a_sound_one_goes_on_from_there() {
    let pair = apart();
    let stick = Stick::new();
    for round in 0_u64..40 {
        // Words that have nothing in common with those before.
        let word = |place: u64| (round * 4_000 + place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let why: String = (0..1_500)
            .map(|place| format!("{:x} ", word(place)))
            .collect();
        let title = format!("Goal {round}");
        pair.ana
            .ok(&["goal", "add", &pair.notebook, &title, "--why", &why]);
    }
    let whole = stick.file("whole");
    let out = whole.to_string_lossy();
    let full = [
        "bundle",
        "create",
        &pair.notebook,
        "--for",
        "Ben",
        "--full",
        "--out",
        &out,
    ];
    let made = pair.ana.ok(&full);
    assert_eq!(
        (&made["bundle"]["full"], &made["bundle"]["left_out"]),
        (&true.into(), &0.into())
    );
    // What is there is not overwritten unasked.
    let bytes = std::fs::read(&whole).unwrap();
    pair.ana.refused(&full, 2, "file_exists");
    assert_eq!(std::fs::read(&whole).unwrap(), bytes);
    pair.ana.ok(&[&full[..], &["--yes"]].concat());
    let bytes = std::fs::read(&whole).unwrap();
    assert!(bytes.len() > 600_000, "{}", bytes.len());
    assert_eq!(std::fs::read_dir(stick.0.path()).unwrap().count(), 1);

    let damaged = stick.file("damaged");
    let write = |bytes: &[u8]| std::fs::write(&damaged, bytes).unwrap();
    write(b"no bundle at all");
    refuses(&pair.ben, &damaged, 2, "not_a_bundle");
    write(b"");
    refuses(&pair.ben, &damaged, 2, "not_a_bundle");
    write(&bytes[..2_000]);
    let error = refuses(&pair.ben, &damaged, 14, "bundle_damaged");
    assert!(
        text(&error, "/hint").starts_with("Nothing was changed"),
        "{error}"
    );
    let mut altered = bytes.clone();
    altered[20] ^= 1;
    write(&altered);
    refuses(&pair.ben, &damaged, 14, "bundle_damaged");
    write(&bytes[..bytes.len() - 1]);
    let error = refuses(&pair.ben, &damaged, 14, "bundle_damaged");
    let kept = error["details"]["bundle"]["entries"].as_u64();
    assert!(kept > Some(5), "{error}");
    assert!(
        text(&error, "/hint").starts_with("What came before is sound and kept"),
        "{error}"
    );
    let mut altered = bytes.clone();
    altered[300_000] ^= 1;
    write(&altered);
    refuses(&pair.ben, &damaged, 14, "bundle_damaged");
    let verified = pair.ben.ok(&["verify"]);
    assert_eq!(verified["set_aside"].as_array().map(Vec::len), Some(0));

    // Through pipes, as somebody with a shell on both sides does it.
    let created = pair
        .ana
        .plain(&[
            "bundle",
            "create",
            &pair.notebook,
            "--for",
            "Ben",
            "--out",
            "-",
        ])
        .output()
        .expect("hearth runs");
    assert!(created.status.success(), "{created:?}");
    assert!(created.stdout.starts_with(b"hearthbd"));
    let words = String::from_utf8_lossy(&created.stderr);
    assert!(words.starts_with("Wrote "), "{words}");
    std::fs::write(&whole, &created.stdout).unwrap();
    let mut command = pair.ben.command(&["bundle", "apply", "-"]);
    command.stdin(std::fs::File::open(&whole).unwrap());
    let applied = Ran::new(
        &["bundle", "apply", "-"],
        command.output().expect("hearth runs"),
    );
    let applied = applied.data();
    assert_eq!(applied["bundle"]["missing"], 0, "{applied}");
    assert!(agreed(&[&pair.ana, &pair.ben], &pair.notebook));
    let again = apply(&pair.ben, &whole);
    assert_eq!(again["bundle"]["entries"], 0, "{again}");
}

#[test]
fn what_was_left_out_wrongly_is_missed_and_comes_with_everything() {
    let pair = apart();
    let stick = Stick::new();
    let older = pair.ben.folder().join("older");
    copy_folder(pair.ben.home(), &older);
    let (first, back, second) = (stick.file("1"), stick.file("2"), stick.file("3"));
    pair.ana.goal(&pair.notebook, "One");
    create(&pair.ana, &pair.notebook, "Ben", &first);
    apply(&pair.ben, &first);
    create(&pair.ben, &pair.notebook, "Ana", &back);
    apply(&pair.ana, &back);
    // Ben's disk is replaced by its copy of the day before; he wrote nothing meanwhile.
    std::fs::remove_dir_all(pair.ben.home()).unwrap();
    copy_folder(&older, pair.ben.home());
    pair.ana.goal(&pair.notebook, "Two");
    create(&pair.ana, &pair.notebook, "Ben", &second);
    let error = refuses(&pair.ben, &second, 3, "bundle_incomplete");
    assert_eq!(error["details"]["bundle"]["missing"], 2, "{error}");
    assert!(text(&error, "/hint").contains("--full"), "{error}");
    // The older file, which is still there, closes the gap.
    apply(&pair.ben, &first);
    apply(&pair.ben, &second);
    assert!(agreed(&[&pair.ana, &pair.ben], &pair.notebook));
}

#[test]
fn whoever_was_interrupted_leaves_no_file_and_no_locked_home_behind() {
    let pair = apart();
    let stick = Stick::new();
    let pipe = stick.file("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    let path = pipe.to_string_lossy().into_owned();
    let mut waiting = pair
        .ben
        .command(&["bundle", "apply", &path])
        .spawn()
        .expect("hearth runs");
    // It opens once the command reads. Nothing is written: the command waits, and holds no home meanwhile.
    let (sender, opened) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(std::fs::File::options().write(true).open(pipe)));
    let _open = opened.recv_timeout(TIMEOUT).expect("the command reads");
    pair.ben.goal(&pair.notebook, "Not held up");
    let killed = std::process::Command::new("kill")
        .args(["-INT", &waiting.id().to_string()])
        .status();
    assert!(killed.expect("kill runs").success());
    let ended = until("the command ends", TIMEOUT, || {
        waiting.try_wait().expect("it can be asked")
    });
    assert_eq!(ended.code(), Some(130), "{ended:?}");
    pair.ben.goal(&pair.notebook, "Goes on");
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
