//! Whoever reads the page in German reads German: every screen of a notebook with some of everything in it, and what it
//! says where a form went wrong. People of this test write Greek, so whatever is English is the program's own.

mod forms;
mod notebook;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use hearth_e2e::{PageVisitor, Pair, Person, RunningNode, text};

use forms::wrong_forms;
use notebook::{dispute, id, write_goals, write_sessions, write_the_rest};
use words::{forbidden, found};

/// What stands for the open parts of addresses.
struct Parts {
    notebook: String,
    goal: String,
    session: String,
    person: String,
    entry: String,
}

impl Parts {
    #[track_caller]
    fn fill(&self, address: &str) -> String {
        let part = |part: &str| match part {
            "{notebook}" => self.notebook.clone(),
            "{goal}" => self.goal.clone(),
            "{session}" => self.session.clone(),
            "{person}" => self.person.clone(),
            "{entry}" => self.entry.clone(),
            part if part.starts_with('{') => panic!("nothing here stands for {part}"),
            part => part.to_owned(),
        };
        let parts: Vec<String> = address.split('/').map(part).collect();
        parts.join("/")
    }
}

/// What the screens before there is an identity say in English, and what their forms say where they go wrong.
fn before_there_is_an_identity(forbidden: &BTreeSet<String>) -> Vec<(String, Vec<String>)> {
    let stranger = Person::stranger("Ξένος");
    let up = [
        "--json",
        "up",
        "--listen",
        "127.0.0.1:0",
        "--web",
        "127.0.0.1:0",
    ];
    let node = RunningNode::spawned(stranger.plain(&up), &stranger);
    let page = PageVisitor::let_in(&node, "de");
    let mut all = Vec::new();
    for address in ["/welcome", "/welcome/backup"] {
        all.push((
            address.to_owned(),
            found(&page.get(address).body, forbidden),
        ));
    }
    let whole = [
        ("name", "Ξένος"),
        ("device", "Υπολογιστής"),
        ("network", "direct"),
        ("protect", "bare"),
    ];
    for more in [
        vec![("way", "create"), ("name", "")],
        vec![("way", "link"), ("device-ticket", "hearth1")],
        vec![
            ("way", "recover"),
            ("phrase", "λέξη"),
            ("contact", "hearth1"),
        ],
        vec![("way", "recover"), ("phrase", ""), ("contact", "hearth1")],
        vec![("way", "create"), ("network", "relay"), ("relay", "πού")],
        vec![
            ("way", "create"),
            ("protect", "passphrase"),
            ("new", "α"),
            ("again", "β"),
        ],
    ] {
        let mut fields: Vec<(&str, &str)> = whole
            .into_iter()
            .filter(|(name, _)| more.iter().all(|(other, _)| other != name))
            .collect();
        fields.extend(&more);
        let shown = page.send_form("/welcome", "/welcome", &fields);
        assert!(
            shown.body.contains("role=\"alert\""),
            "{more:?}: {}",
            shown.body
        );
        all.push((format!("/welcome {more:?}"), found(&shown.body, forbidden)));
    }
    for (action, fields) in [
        ("/welcome/backup/check", vec![("passphrase", "α")]),
        ("/welcome/backup/restore", vec![("device", "β")]),
    ] {
        let shown = page.send_form("/welcome/backup", action, &fields);
        assert!(
            shown.body.contains("role=\"alert\""),
            "{action}: {}",
            shown.body
        );
        all.push((action.to_owned(), found(&shown.body, forbidden)));
    }
    all
}

#[test]
fn no_screen_says_a_word_of_english_to_whoever_reads_german() {
    let forbidden = forbidden();
    assert!(
        forbidden.len() > 300 && forbidden.contains("session"),
        "{}",
        forbidden.len()
    );
    let (ana, ben) = (Person::new("Άννα"), Person::new("Βασίλης"));
    let nodes = (RunningNode::up(&ana), RunningNode::up(&ben));
    let pair = Pair::join_called("Τετράδιο", ana, ben);
    let nb = pair.notebook.clone();
    let page = PageVisitor::let_in(&nodes.0, "de-AT,de;q=0.9,en;q=0.5");
    let goal = write_goals(&pair.ana, &nb);
    let session = write_sessions(&page, &pair, &nb);
    write_the_rest(&pair, &nb);
    let entry = pair
        .ana
        .ok(&["journal", "add", &nb, "--text", "Ημερολόγιο"]);
    let nodes = dispute(&pair, nodes, &goal);
    let page = PageVisitor::let_in(&nodes.0, "de");
    let parts = Parts {
        notebook: nb.clone(),
        goal,
        session,
        person: pair.ben.id(),
        entry: text(&entry, "/entry/id"),
    };
    // A circle that runs, and a notebook that is over.
    let circle = pair
        .ana
        .ok(&["notebook", "create", "Κύκλος", "--form", "peer"]);
    let circle = id(&circle, "notebook");
    let begun = page.send_form(
        &format!("/n/{circle}/circle"),
        &format!("/n/{circle}/circle/start"),
        &[],
    );
    assert!(
        begun.body.contains("Ankommen und die Rollen verteilen"),
        "{}",
        begun.body
    );
    let over = pair
        .ana
        .ok(&["notebook", "create", "Τέλος", "--form", "peer"]);
    let over = id(&over, "notebook");
    pair.ana.ok(&["graduate", &over, "--close", "--yes"]);

    let mut addresses: Vec<String> = hearth_web::screens().map(|one| parts.fill(one)).collect();
    let at = |part: &str| format!("/n/{nb}{part}");
    for stage in ["prepare", "live", "wrap"] {
        addresses.push(at(&format!("/sessions/{}?stage={stage}", parts.session)));
    }
    addresses.push(at(&format!("/history?object={}", parts.goal)));
    addresses.push(at(&format!("/history?object={}", parts.session)));
    addresses.push("/search?q=%CE%A3%CF%84%CF%8C%CF%87%CE%BF%CF%82".to_owned());
    for part in [
        "",
        "/sessions",
        "/goals",
        "/circle",
        "/history",
        "/timeline",
    ] {
        addresses.push(format!("/n/{circle}{part}"));
    }
    for part in ["", "/move", "/goals", "/sessions", "/people"] {
        addresses.push(format!("/n/{over}{part}"));
    }
    addresses.push("/n/01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned());
    addresses.push("/nowhere".to_owned());

    let mut english: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for address in &addresses {
        let shown = page.get(address);
        let said = found(&shown.body, &forbidden);
        for one in said {
            english.entry(one).or_default().insert(address.clone());
        }
    }
    for (back, action, fields) in wrong_forms(&parts) {
        let shown = page.send_form(&back, &action, &fields);
        assert!(
            shown.body.contains("role=\"alert\""),
            "{action} {fields:?}: {}",
            shown.body
        );
        for one in found(&shown.body, &forbidden) {
            english
                .entry(one)
                .or_default()
                .insert(format!("{action} {fields:?}").chars().take(120).collect());
        }
    }
    for (place, said) in before_there_is_an_identity(&forbidden) {
        for one in said {
            english.entry(one).or_default().insert(place.clone());
        }
    }
    assert!(english.is_empty(), "{english:#?}");

    // The same screens in English are found by the same means.
    let page = PageVisitor::let_in(&nodes.1, "en");
    let said = found(&page.get(&format!("/n/{nb}")).body, &forbidden);
    assert!(said.len() > 20, "{said:?}");
}
