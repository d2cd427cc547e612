//! A relationship as a whole, with real processes: what became of it, and what goes both ways.

use std::time::Duration;

use hearth_e2e::{Pair, Person};
use serde_json::{Value, json};

/// How long both may take to agree.
const AGREE_TIMEOUT: Duration = Duration::from_secs(60);

fn plain(person: &Person, arguments: &[&str]) -> String {
    let output = person.plain(arguments).output().expect("hearth runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn words(page: &str) -> Vec<String> {
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    page.lines().map(line).collect()
}

#[test]
fn both_look_back_and_a_comment_in_the_journal_stays_there() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let (ana, ben, notebook) = (&pair.ana, &pair.ben, pair.notebook.as_str());
    let session = ana.session(notebook);
    pair.agree(AGREE_TIMEOUT);
    ana.ok(&["session", "agenda", &session, "The talk", "--by", "Ben"]);
    ana.ok(&["session", "wrap", &session, "--learned", "To wait"]);
    pair.agree(AGREE_TIMEOUT);
    let goal = ben.goal(notebook, "Give a talk");
    ben.ok(&["comment", &goal, "By spring"]);
    ben.ok(&["goal", "status", &goal, "achieved", "--reason", "In Lisbon"]);
    pair.agree(AGREE_TIMEOUT);

    let told = ana.ok(&["notebook", "timeline", notebook]);
    assert_eq!(told, ben.ok(&["notebook", "timeline", notebook]));
    let told = told["timeline"].as_array().expect("a timeline").clone();
    for event in ["begun", "session", "goal-set", "goal-achieved"] {
        let one = told.iter().find(|one| one["event"] == event);
        assert!(one.is_some_and(|one| one["date"].is_string()), "{told:?}");
    }
    let page = plain(ben, &["notebook", "timeline", notebook]);
    assert!(page.contains("goal set"), "{page}");
    assert!(page.contains("Give a talk"), "{page}");

    let counted = ben.ok(&["notebook", "reciprocity", notebook]);
    assert_eq!(counted, ana.ok(&["notebook", "reciprocity", notebook]));
    let counts = |name: &str| -> Vec<Value> {
        let people = counted["people"].as_array().expect("people").iter();
        let one = people.clone().find(|one| one["name"] == name);
        let one = one.expect("the person");
        let keys = ["learned", "brought", "comments"];
        keys.map(|key| one[key].clone()).into()
    };
    assert_eq!(counts("Ana"), [json!(1), json!(0), json!(0)]);
    assert_eq!(counts("Ben"), [json!(0), json!(1), json!(1)]);
    let page = words(&plain(ana, &["notebook", "reciprocity", notebook]));
    assert!(
        page.contains(&"brought to the agenda 0 1".to_owned()),
        "{page:?}"
    );
    assert!(
        page.iter().any(|line| line.contains("learned by Ben")),
        "{page:?}"
    );

    let added = ana.feed(&["journal", "add", notebook, "--from", "-"], "I hold back.");
    let entry = added.data()["entry"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let comment = ana.ok(&["comment", &entry, "Less than before"]);
    assert_eq!(comment["comment"]["on"], json!(entry));
    let page = plain(ana, &["journal", "show", &entry]);
    assert!(page.contains("Less than before"), "{page}");
    ana.ok(&["journal", "share", &entry, notebook]);
    pair.agree(AGREE_TIMEOUT);
    assert_eq!(ben.ok(&["search", "before"])["hits"], json!([]));
    let all = ben.ok(&["journal", "list", notebook]);
    assert!(!all.to_string().contains("Less than"), "{all}");
}
