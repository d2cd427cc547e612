//! A notebook of two with some of everything in it, in Greek.

use std::time::Duration;

use hearth_e2e::{PageVisitor, Pair, Person, RunningNode, text};
use jiff::{ToSpan, Unit, Zoned};
use serde_json::Value;

const AGREE_TIMEOUT: Duration = Duration::from_secs(60);

fn at_three(days: i64) -> String {
    let now = Zoned::now().round(Unit::Day).expect("a day");
    let day = now.checked_add(days.days()).expect("a day");
    format!("{} 15:00", day.date())
}

fn day(days: i64) -> String {
    at_three(days).split(' ').next().expect("a day").to_owned()
}

pub(super) fn id(data: &Value, noun: &str) -> String {
    text(data, &format!("/{noun}/id"))
}

pub(super) fn write_goals(ana: &Person, nb: &str) -> String {
    let measured = ana.ok(&[
        "goal",
        "add",
        nb,
        "Στόχος άλφα",
        "--kind",
        "smart",
        "--unit",
        "βήματα",
        "--baseline",
        "0",
        "--target",
        "6",
        "--due",
        &day(60),
        "--why",
        "Διότι",
    ]);
    let measured = id(&measured, "goal");
    ana.ok(&[
        "goal",
        "progress",
        &measured,
        "3",
        "--on",
        &day(-3),
        "--note",
        "Σημείωση",
    ]);
    let milestone = ana.ok(&["goal", "milestone", &measured, "Ορόσημο", "--due", &day(-2)]);
    let milestone = text(&milestone, "/goal/milestones/0/id");
    ana.ok(&["goal", "milestone-done", &measured, &milestone]);
    ana.ok(&["goal", "status", &measured, "active"]);
    ana.ok(&[
        "goal",
        "edit",
        &measured,
        "--title",
        "Στόχος βήτα",
        "--due",
        &day(70),
    ]);
    ana.ok(&["comment", &measured, "Σχόλιο"]);
    ana.ok(&[
        "goal",
        "add",
        nb,
        "Στόχος γάμμα",
        "--kind",
        "woop",
        "--wish",
        "Ευχή",
        "--outcome",
        "Έκβαση",
        "--obstacle",
        "Εμπόδιο",
        "--plan",
        "Σχέδιο",
    ]);
    for (title, status) in [("Στόχος δέλτα", "dropped"), ("Στόχος έψιλον", "achieved")]
    {
        let goal = id(&ana.ok(&["goal", "add", nb, title]), "goal");
        ana.ok(&["goal", "status", &goal, status, "--reason", "Αιτία"]);
    }
    measured
}

pub(super) fn write_sessions(page: &PageVisitor, pair: &Pair, nb: &str) -> String {
    // As the page offers it: its templates speak the language of the page.
    let sessions = format!("/n/{nb}/sessions");
    let offered = page.get(&sessions).body;
    assert!(offered.contains("value=\"first.de\""), "{offered}");
    for (days, template, title) in [
        (-14, "first.de", ""),
        (3, "regular.de", ""),
        (9, "", "Συνάντηση"),
    ] {
        let at = at_three(days).replace(' ', "T");
        let fields = [
            ("at", at.as_str()),
            ("zone", "Europe/Berlin"),
            ("template", template),
            ("title", title),
            ("every", if days == 3 { "2w" } else { "" }),
        ];
        let shown = page.send_form(&sessions, &sessions, &fields);
        assert_eq!(shown.status, 200);
    }
    let listed = pair.ana.ok(&["session", "list", nb]);
    let listed = listed["sessions"].as_array().expect("sessions").clone();
    let first = listed.iter().find(|one| one["template"] == "first.de");
    let first = first.expect("the first session");
    assert_eq!(first["title"], "Erste Sitzung");
    let held = text(first, "/id");
    let (ana, ben) = (&pair.ana, &pair.ben);
    pair.agree(AGREE_TIMEOUT);
    ana.ok(&["session", "agenda", &held, "Θέμα", "--minutes", "5"]);
    ben.feed(
        &["session", "notes", &held, "--append", "--from", "-"],
        "Λόγια\n\n- ένα\n",
    );
    ana.ok(&[
        "session",
        "wrap",
        &held,
        "--decision",
        "Απόφαση",
        "--insight",
        "Ιδέα",
        "--learned",
        "Μάθημα",
        "--action",
        "Πράξη",
        "--mood",
        "4",
        "--mood-text",
        "Καλά",
    ]);
    ben.ok(&["session", "attend", &held]);
    held
}

pub(super) fn write_the_rest(pair: &Pair, nb: &str) {
    let (ana, ben) = (&pair.ana, &pair.ben);
    for (topic, side, words) in [
        ("purpose", "--mine", "Σκοπός"),
        ("purpose", "--consensus", "Κοινός σκοπός"),
        ("exit", "--consensus", "Έξοδος"),
    ] {
        ana.ok(&["agreement", "edit", nb, "--topic", topic, side, words]);
    }
    ana.ok(&["agreement", "sign", nb, "--yes"]);
    pair.agree(AGREE_TIMEOUT);
    ben.ok(&["agreement", "sign", nb, "--yes"]);
    pair.agree(AGREE_TIMEOUT);
    for (topic, words) in [("rhythm", "Ρυθμός"), ("exit", "")] {
        ana.ok(&[
            "agreement",
            "edit",
            nb,
            "--topic",
            topic,
            "--consensus",
            words,
        ]);
    }
    let asked = ana.ok(&["ask", nb, "Ερώτηση;"]);
    ana.ok(&["answer", &id(&asked, "question"), "Απάντηση"]);
    ana.ok(&["resolve", &id(&asked, "question")]);
    ben.ok(&["ask", nb, "Άλλη ερώτηση;"]);
    ana.ok(&[
        "feedback",
        "give",
        nb,
        "--situation",
        "Δευτέρα",
        "--behaviour",
        "Πράξη",
        "--impact",
        "Κάτι",
        "--request",
        "Πάλι",
    ]);
    let sealed = ana.ok(&["sealed", "start", nb, "--kind", "rating"]);
    ana.feed(
        &[
            "sealed",
            "commit",
            &id(&sealed, "sealed"),
            "--rating",
            "4",
            "--from",
            "-",
        ],
        "Κρυφό",
    );
    for days in [-40, -3] {
        ana.ok(&[
            "skill",
            "rate",
            nb,
            "Τέχνη",
            "3",
            "--of",
            ben.name(),
            "--on",
            &day(days),
        ]);
    }
    pair.agree(AGREE_TIMEOUT);
    ben.ok(&["skill", "rate", nb, "Τέχνη", "4"]);
    ana.ok(&[
        "skill",
        "endorse",
        nb,
        "Τέχνη",
        ben.name(),
        "--note",
        "Το είδα",
    ]);
    ana.ok(&[
        "resource",
        "add",
        nb,
        "Βιβλίο",
        "--link",
        "https://ex.example/x",
        "--tag",
        "ετικέτα",
        "--why",
        "Διότι",
    ]);
    for (person, value) in [(ana, "4"), (ben, "2"), (ana, "3")] {
        person.ok(&["checkin", nb, value, "Γραμμή"]);
    }
    ana.ok(&["action", "add", nb, "Πράξη βήτα", "--due", &day(-1)]);
    let action = ana.ok(&["action", "add", nb, "Πράξη γάμμα", "--due", &day(2)]);
    ana.ok(&["action", "move", &id(&action, "action"), "--due", &day(5)]);
    ana.ok(&["notebook", "phase", nb, "progress"]);
    ana.ok(&["invite", "create", nb, "--as", "observer"]);
}

/// Two write the same field while they cannot reach each other.
pub(super) fn dispute(
    pair: &Pair,
    nodes: (RunningNode, RunningNode),
    goal: &str,
) -> (RunningNode, RunningNode) {
    pair.agree(AGREE_TIMEOUT);
    nodes.0.stop();
    nodes.1.stop();
    for (person, title, days) in [(&pair.ana, "Τίτλος", 31), (&pair.ben, "Επικεφαλίδα", 40)]
    {
        person.ok(&["goal", "edit", goal, "--title", title, "--due", &day(days)]);
        person.ok(&[
            "notebook",
            "phase",
            &pair.notebook,
            if days == 31 {
                "direction"
            } else {
                "winding-down"
            },
        ]);
    }
    let nodes = (RunningNode::up(&pair.ana), RunningNode::up(&pair.ben));
    pair.agree(AGREE_TIMEOUT);
    nodes
}
