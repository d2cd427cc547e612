//! A notebook of two with some of everything in it, and every screen that shows it.

use std::time::Duration;

use hearth_e2e::{Pair, Person, RunningNode, text};
use jiff::{ToSpan, Unit, Zoned};

/// The screens that stand before the notebooks, and lead elsewhere for who is let in: `looks` comes to each.
pub(crate) const BEFORE: [&str; 4] = ["/welcome", "/welcome/backup", "/recovery", "/unlock"];

/// How long the two copies may take to be equal.
const AGREE: Duration = Duration::from_secs(30);

/// Ana and Ben with a year of work, on two running nodes.
pub(crate) struct Stage {
    pub(crate) pair: Pair,
    pub(crate) ana: RunningNode,
    pub(crate) ben: RunningNode,
    goal: String,
    session: String,
    person: String,
    entry: String,
}

/// Returns a day `days` from now at three in the afternoon, as commands take it.
fn at_three(days: i64) -> String {
    let now = Zoned::now().round(Unit::Day).expect("a day");
    let day = now.checked_add(days.days()).expect("a day");
    format!("{} 15:00", day.date())
}

fn day(days: i64) -> String {
    at_three(days).split(' ').next().expect("a day").to_owned()
}

impl Stage {
    /// Puts it up.
    #[track_caller]
    pub(crate) fn new() -> Self {
        let (pair, ana, ben) = Pair::on_loopback();
        let nb = pair.notebook.clone();
        let session = sessions(&pair, &nb);
        let goal = goals(&pair, &nb);
        agreement(&pair, &nb);
        more(&pair, &nb);
        let entry = pair.ana.ok(&[
            "journal",
            "add",
            nb.as_str(),
            "--text",
            "He knows more than he says. Ask, and wait longer.",
        ]);
        let stage = Self {
            goal,
            session,
            person: pair.ben.id(),
            entry: text(&entry, "/entry/id"),
            pair,
            ana,
            ben,
        };
        stage.pair.agree(AGREE);
        stage
    }

    /// Returns every screen of Ana's page but those of [`BEFORE`], each address filled in with what is there.
    #[track_caller]
    pub(crate) fn screens(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        let shown = hearth_web::screens().filter(|address| !BEFORE.contains(address));
        for address in shown {
            let filled: Vec<&str> = address.split('/').map(|part| self.part(part)).collect();
            all.push((name_of(address), filled.join("/")));
        }
        let session = format!("/n/{}/sessions/{}", self.pair.notebook, self.session);
        for stage in ["prepare", "live", "wrap"] {
            all.push((
                format!("session-{stage}"),
                format!("{session}?stage={stage}"),
            ));
        }
        all.push(("search-found".to_owned(), "/search?q=release".to_owned()));
        all
    }

    /// Returns the goal that is measured and the session that was held.
    pub(crate) fn goal_and_session(&self) -> (&str, &str) {
        (&self.goal, &self.session)
    }

    /// What stands for an open part of an address; a part that is new has to be put in here.
    #[track_caller]
    fn part<'a>(&'a self, part: &'a str) -> &'a str {
        match part {
            "{notebook}" => &self.pair.notebook,
            "{goal}" => &self.goal,
            "{session}" => &self.session,
            "{person}" => &self.person,
            "{entry}" => &self.entry,
            part if part.starts_with('{') => panic!("nothing here stands for {part}"),
            part => part,
        }
    }
}

/// A name for the picture of a screen.
fn name_of(address: &str) -> String {
    let plain: Vec<&str> = address
        .split('/')
        .filter(|part| !part.is_empty() && *part != "n")
        .map(|part| part.trim_matches(['{', '}']))
        .collect();
    match plain.join("-").as_str() {
        "" => "today".to_owned(),
        name => name.to_owned(),
    }
}

fn id(data: &serde_json::Value, noun: &str) -> String {
    text(data, &format!("/{noun}/id"))
}

/// One session that was held, and one to come; returns the one that was held.
fn sessions(pair: &Pair, nb: &str) -> String {
    let plan = |days: i64, template: &str| {
        let at = at_three(days);
        let data = pair.ana.ok(&[
            "session",
            "plan",
            nb,
            "--at",
            &at,
            "--zone",
            "Europe/Berlin",
            "--minutes",
            "60",
            "--place",
            "https://meet.example/ana",
            "--template",
            template,
        ]);
        id(&data, "session")
    };
    let held = plan(-14, "first");
    plan(3, "regular");
    pair.agree(AGREE);
    let notes = "## Where it hurts\n\nThe *release* work. Nobody else knows how, and so nobody learns it.\n\n\
                 - one person does it\n- that person is Ben\n\n> What happens if you are ill?\n";
    pair.ben.feed(
        &["session", "notes", &held, "--append", "--from", "-"],
        notes,
    );
    pair.ana.ok(&[
        "session",
        "wrap",
        &held,
        "--decision",
        "Every other Tuesday, an hour",
        "--insight",
        "The work is not too much. It is too alone.",
        "--learned",
        "To wait before I answer",
        "--action",
        "Let Mia do the next release alone",
        "--mood",
        "4",
    ]);
    pair.agree(AGREE);
    pair.ben.ok(&[
        "session",
        "wrap",
        &held,
        "--learned",
        "It is allowed to find this hard",
        "--mood",
        "3",
        "--mood-text",
        "Relieved",
    ]);
    pair.ben.ok(&["session", "attend", &held]);
    pair.ana.ok(&["session", "attend", &held]);
    held
}

/// Goals of each kind; returns one that is measured.
fn goals(pair: &Pair, nb: &str) -> String {
    let due = day(60);
    let measured = pair.ana.ok(&[
        "goal",
        "add",
        nb,
        "Hand over the release work",
        "--kind",
        "smart",
        "--unit",
        "releases",
        "--baseline",
        "0",
        "--target",
        "6",
        "--due",
        &due,
        "--why",
        "I do it because I am fast, and so nobody learns it.",
    ]);
    let measured = id(&measured, "goal");
    for (value, days) in [("1", -30), ("3", -12), ("4", -2)] {
        pair.ana.ok(&[
            "goal",
            "progress",
            &measured,
            value,
            "--on",
            &day(days),
            "--note",
            "Mia did it.",
        ]);
    }
    pair.ana.ok(&[
        "goal",
        "milestone",
        &measured,
        "One by somebody else",
        "--due",
        &day(-20),
    ]);
    pair.ana.ok(&[
        "comment",
        &measured,
        "And how did **you** feel on the train?",
    ]);
    pair.ana.ok(&[
        "goal",
        "add",
        nb,
        "Give feedback within the week",
        "--kind",
        "woop",
        "--wish",
        "I say it while it is fresh",
        "--outcome",
        "Nobody is surprised",
        "--obstacle",
        "I want to be liked",
        "--plan",
        "If I put it off, then I write one line and send that",
    ]);
    let dropped = pair
        .ana
        .ok(&["goal", "add", nb, "Read one book on leading"]);
    pair.ana.ok(&[
        "goal",
        "status",
        &id(&dropped, "goal"),
        "dropped",
        "--reason",
        "I read half of three",
    ]);
    pair.ana.ok(&[
        "action",
        "add",
        nb,
        "Send the list of who was there",
        "--due",
        &day(-1),
    ]);
    measured
}

fn agreement(pair: &Pair, nb: &str) {
    let edit = |person: &Person, topic: &str, side: &str, words: &str| {
        person.ok(&["agreement", "edit", nb, "--topic", topic, side, words]);
    };
    edit(
        &pair.ana,
        "purpose",
        "--mine",
        "That Ben finds his own way to lead.",
    );
    edit(
        &pair.ben,
        "purpose",
        "--mine",
        "To stop doing everybody's work.",
    );
    edit(
        &pair.ana,
        "purpose",
        "--consensus",
        "Ben learns to lead without doing the work himself.",
    );
    edit(
        &pair.ana,
        "confidentiality",
        "--consensus",
        "What is said stays between us.",
    );
    pair.agree(AGREE);
    pair.ana.ok(&["agreement", "sign", nb, "--yes"]);
    pair.agree(AGREE);
    pair.ben.ok(&["agreement", "sign", nb, "--yes"]);
    pair.agree(AGREE);
    edit(
        &pair.ana,
        "rhythm",
        "--consensus",
        "Every other Tuesday, an hour, until November.",
    );
    edit(
        &pair.ana,
        "confidentiality",
        "--consensus",
        "What is said stays between us. Ben's employer learns that we meet, and nothing else.",
    );
}

fn more(pair: &Pair, nb: &str) {
    let (ana, ben) = (&pair.ana, &pair.ben);
    ana.ok(&["member", "verify", nb, "Ben", "--match"]);
    let asked = ana.ok(&["ask", nb, "Did I do it wrong when somebody cried?"]);
    ana.ok(&["answer", &id(&asked, "question"), "No. Did you stay?"]);
    ana.ok(&["ask", nb, "Whom do I ask for a second view?"]);
    ana.ok(&[
        "feedback",
        "give",
        nb,
        "--situation",
        "On Monday",
        "--behaviour",
        "you let me finish",
        "--impact",
        "I found the answer myself",
        "--request",
        "Do it again",
    ]);
    ana.ok(&[
        "sealed",
        "start",
        nb,
        "--kind",
        "rating",
        "--title",
        "Half-time",
    ]);
    for (value, days) in [("2", -40), ("4", -3)] {
        ana.ok(&[
            "skill",
            "rate",
            nb,
            "Delegating",
            value,
            "--of",
            "Ben",
            "--on",
            &day(days),
        ]);
    }
    pair.agree(AGREE);
    ben.ok(&["skill", "rate", nb, "Delegating", "3", "--on", &day(-2)]);
    ana.ok(&[
        "resource",
        "add",
        nb,
        "How to read a table of numbers",
        "--link",
        "https://library.example/tables",
        "--tag",
        "statistics",
        "--why",
        "You asked how I prepare",
    ]);
    ana.ok(&["checkin", nb, "4", "A good week"]);
    ben.ok(&["checkin", nb, "2", "Too many meetings"]);
    ana.ok(&["notebook", "phase", nb, "progress"]);
}
