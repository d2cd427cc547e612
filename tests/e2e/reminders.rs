//! What a running node reminds of, on a desktop that is a script, and without one.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use hearth_e2e::{COMMAND_TIMEOUT, Person, RunningNode, until};
use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};

/// Writes the last of its arguments into a file of the folder that the node runs in.
const DESKTOP: &str = "#!/bin/sh\nfor last; do :; done\nprintf '%s\\n' \"$last\" >> shown\n";

/// Somebody whose clock shows UTC and who wants no quiet hours, whenever this runs.
fn ana() -> (Person, String) {
    let ana = Person::new("Ana");
    for (key, value) in [
        ("zone", "UTC"),
        ("reminders.quiet", "off"),
        ("reminders.hour", "00:00"),
    ] {
        ana.ok(&["config", "set", key, value]);
    }
    let notebook = ana.notebook("Ana and Ben");
    (ana, notebook)
}

fn in_ten_minutes() -> Zoned {
    let at = Timestamp::now() + SignedDuration::from_mins(10);
    at.to_zoned(TimeZone::UTC)
}

fn plan(ana: &Person, notebook: &str, title: &str) -> Zoned {
    let at = in_ten_minutes();
    let local = at.strftime("%Y-%m-%d %H:%M").to_string();
    ana.ok(&[
        "session", "plan", notebook, "--at", &local, "--zone", "UTC", "--title", title,
    ]);
    at
}

fn lines(ana: &Person, file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(ana.folder().join(file)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn wait_for(ana: &Person, file: &str, count: usize) -> Vec<String> {
    let reminders = || {
        let mut lines = lines(ana, file);
        lines.retain(|line| file == "shown" || line.starts_with("Reminder: "));
        (lines.len() >= count).then_some(lines)
    };
    until("the reminder is shown", COMMAND_TIMEOUT, reminders)
}

#[test]
fn a_desktop_shows_each_reminder_once_and_in_the_words_that_were_chosen() {
    let (mut ana, notebook) = ana();
    let desktop: PathBuf = ana.folder().join("desktop");
    std::fs::create_dir(&desktop).unwrap();
    let program = desktop.join("notify-send");
    std::fs::write(&program, DESKTOP).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    ana.set("PATH", &format!("{}:{path}", desktop.display()));
    ana.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");

    let at = plan(&ana, &notebook, "Mid-point review");
    let node = RunningNode::up(&ana);
    let shown = wait_for(&ana, "shown", 1);
    let began = shown[0]
        .strip_prefix("A session begins ")
        .expect("neutral words");
    assert!(
        began.ends_with(&at.strftime("at %H:%M").to_string()),
        "{began}"
    );
    node.stop();

    ana.ok(&["config", "set", "reminders", "full"]);
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date().to_string();
    let add = [
        "action",
        "add",
        &notebook,
        "Read the chapter",
        "--due",
        &today,
    ];
    ana.ok(&add);
    let node = RunningNode::up(&ana);
    let shown = wait_for(&ana, "shown", 2);
    assert!(
        shown[1].starts_with("Read the chapter is due ") && shown[1].ends_with(" · Ana and Ben"),
        "{shown:?}"
    );
    ana.ok(&["config", "set", "reminders", "off"]);
    plan(&ana, &notebook, "Nobody hears of this");
    node.stop();
    assert_eq!(lines(&ana, "shown").len(), 2);
}

#[test]
fn without_a_desktop_a_line_is_written_and_a_log_gets_no_titles() {
    let (ana, notebook) = ana();
    ana.ok(&["config", "set", "reminders", "full"]);
    plan(&ana, &notebook, "Mid-point review");
    let node = RunningNode::up(&ana);
    let shown = wait_for(&ana, "node.stderr", 1);
    assert!(
        shown[0].starts_with("Reminder: A session begins "),
        "{shown:?}"
    );
    node.stop();
    assert!(!lines(&ana, "node.stderr").join("\n").contains("Mid-point"));
}
