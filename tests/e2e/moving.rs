//! Taking content out and in again.

use std::time::Duration;

use hearth_e2e::{Person, Ran, RunningNode, agree, export, markdown};
use serde_json::{Value, json};

/// How long both may take to agree.
const AGREE_TIMEOUT: Duration = Duration::from_secs(60);

/// Writes something of every kind; returns the notebook and the session.
fn filled(ana: &Person) -> (String, String) {
    let notebook = ana.notebook("Ana and Ben");
    let goal = ana.goal(&notebook, "Speak at the spring meeting");
    ana.ok(&[
        "goal",
        "milestone",
        &goal,
        "Abstract",
        "--due",
        "2027-02-01",
    ]);
    ana.ok(&["goal", "progress", &goal, "1", "--note", "begun"]);
    ana.ok(&[
        "action",
        "add",
        &notebook,
        "Send it",
        "--due",
        "2027-01-20",
        "--goal",
        &goal,
    ]);
    let session = ana.session(&notebook);
    ana.ok(&[
        "session",
        "agenda",
        &session,
        "The abstract",
        "--minutes",
        "20",
    ]);
    let notes = "# Talk\n\nÄpfel, 世界, שלום, 👩‍👩‍👧‍👦\n\n* one\n* two\n";
    ana.feed(&["session", "notes", &session, "--from", "-"], notes)
        .data();
    let asked = ana.ok(&["ask", &notebook, "How long?"]);
    let question = asked["question"]["id"].as_str().unwrap();
    ana.ok(&["answer", question, "Ten minutes"]);
    ana.ok(&["comment", &goal, "Brave"]);
    (notebook, session)
}

/// What an export says, without the times, the authors and where it came from.
fn content(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for key in [
                    "created_at",
                    "created_by",
                    "updated_at",
                    "updated_by",
                    "imported_from",
                ] {
                    members.remove(key);
                }
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    json!({
        "goals": value["goals"], "actions": value["actions"], "sessions": value["sessions"],
        "questions": value["questions"], "comments": value["comments"],
    })
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("an export is JSON")
}

#[test]
fn a_json_export_imported_elsewhere_holds_the_same_and_says_where_from() {
    let ana = Person::new("Ana");
    let (notebook, session) = filled(&ana);
    let first = export(&ana, &notebook);
    assert_eq!(
        first,
        export(&ana, &notebook),
        "equal content gives equal bytes"
    );
    let cleo = Person::new("Cleo");
    let other = cleo.notebook("Taken over");
    let path = ana.folder().join("export.json");
    let path = path.to_str().unwrap();
    let imported = cleo.ok(&["import", &other, "--format", "json", path]);
    assert!(imported["added"].as_u64().unwrap() > 5, "{imported}");
    let second = export(&cleo, &other);
    assert_eq!(content(parsed(&first)), content(parsed(&second)));
    assert!(String::from_utf8_lossy(&second).contains("imported_from"));
    let shown = cleo.ok(&["session", "show", &session]);
    assert!(shown["session"]["notes"].as_str().unwrap().contains("👩‍👩‍👧‍👦"));
    let log = cleo.ok(&["log", &other]);
    let lines = log["changes"].as_array().unwrap();
    assert!(
        lines.iter().all(|line| line["name"] == "Cleo"),
        "the importer signs"
    );

    let again = cleo.ok(&["import", &other, "--format", "json", path]);
    assert_eq!(again["added"], 0, "{again}");
    assert_eq!(
        content(parsed(&export(&cleo, &other))),
        content(parsed(&second))
    );
    let bad = cleo.feed(
        &["import", &other, "--format", "json", "-"],
        "{\"format\":\"other\"}",
    );
    assert_ne!(bad.exit, Some(0));
    assert_eq!(bad.json()["ok"], false);
    assert_eq!(
        content(parsed(&export(&cleo, &other))),
        content(parsed(&second))
    );
}

#[test]
fn an_export_is_never_written_over_unasked_and_goes_to_stdout_whole() {
    let ana = Person::new("Ana");
    let (notebook, _) = filled(&ana);
    let arguments = [
        "export",
        &notebook,
        "--format",
        "json",
        "--out",
        "here.json",
    ];
    ana.ok(&arguments);
    assert_eq!(ana.run(&arguments).exit, Some(2));
    ana.ok(&[
        "export",
        &notebook,
        "--format",
        "json",
        "--out",
        "here.json",
        "--yes",
    ]);
    let arguments = ["export", &notebook, "--format", "json", "--out", "-"];
    let ran = Ran::new(&arguments, ana.plain(&arguments).output().unwrap());
    assert_eq!(ran.exit, Some(0), "{ran:?}");
    assert_eq!(
        ran.stdout.as_bytes(),
        std::fs::read(ana.folder().join("here.json")).unwrap()
    );
}

#[test]
fn a_folder_of_markdown_comes_back_with_its_texts() {
    let ana = Person::new("Ana");
    let (notebook, session) = filled(&ana);
    ana.ok(&[
        "export", &notebook, "--format", "markdown", "--out", "folder",
    ]);
    let before = ana.ok(&["session", "show", &session])["session"]["notes"].clone();
    let cleo = Person::new("Cleo");
    let other = cleo.notebook("Taken over");
    let folder = ana.folder().join("folder");
    cleo.ok(&[
        "import",
        &other,
        "--format",
        "markdown",
        folder.to_str().unwrap(),
    ]);
    assert_eq!(cleo.goals(&other), ["Speak at the spring meeting"]);
    assert_eq!(
        cleo.ok(&["session", "show", &session])["session"]["notes"],
        before
    );
    let question = cleo.ok(&["question", "list", &other]);
    assert!(question.to_string().contains("Ten minutes"), "{question}");
}

#[test]
fn long_documents_of_every_script_reach_the_other_byte_for_byte() {
    let (pair, _ana_node, _ben_node) = hearth_e2e::Pair::on_loopback();
    let (ana, ben) = (&pair.ana, &pair.ben);
    for document in [markdown::own_pages(), markdown::every_script()] {
        assert!(document.len() >= 100_000);
        let session = ana.session(&pair.notebook);
        ana.feed(&["session", "notes", &session, "--from", "-"], &document)
            .data();
        let took = agree(&[ana, ben], &pair.notebook, AGREE_TIMEOUT);
        eprintln!(
            "{} bytes of notes were equal after {} ms",
            document.len(),
            took.as_millis()
        );
        let output = ben.plain(&["session", "notes", &session]).output().unwrap();
        assert_eq!(output.stdout, document.as_bytes());
    }
}

#[test]
fn an_import_while_the_node_runs_reaches_the_other() {
    let ana = Person::new("Ana");
    let (notebook, _) = filled(&ana);
    export(&ana, &notebook);
    let (pair, _nodes) = {
        let (pair, ana_node, ben_node) = hearth_e2e::Pair::on_loopback();
        (pair, (ana_node, ben_node) as (RunningNode, RunningNode))
    };
    let path = ana.folder().join("export.json");
    let arguments = [
        "import",
        &pair.notebook,
        "--format",
        "json",
        path.to_str().unwrap(),
    ];
    pair.ben.ok(&arguments);
    pair.agree(AGREE_TIMEOUT);
    assert_eq!(
        pair.ana.goals(&pair.notebook),
        ["Speak at the spring meeting"]
    );
}

#[test]
fn tables_a_page_and_a_calendar_are_written_and_a_moved_session_comes_back() {
    let ana = Person::new("Ana");
    let (notebook, session) = filled(&ana);
    let goal = ana.goal(&notebook, "=HYPERLINK(\"http://x\") <script>");
    let export = |format: &str, out: &str| {
        ana.ok(&["export", &notebook, "--format", format, "--out", out]);
        ana.folder().join(out)
    };
    let tables = export("csv", "tables");
    let goals = std::fs::read_to_string(tables.join("goals.csv")).unwrap();
    assert!(
        goals.contains(&goal) && goals.contains("\"'=HYPERLINK"),
        "{goals}"
    );
    let page = std::fs::read_to_string(export("html", "notebook.html")).unwrap();
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"));
    let calendar = std::fs::read_to_string(export("ics", "sessions.ics")).unwrap();
    assert!(
        calendar.contains("DTSTART;TZID=Europe/Berlin:20270112T150000"),
        "{calendar}"
    );
    assert!(calendar.contains("SUMMARY:Meeting"));
    let moved = calendar.replace("T150000", "T173000");
    let moved = ana.feed(&["import", &notebook, "--format", "ics", "-"], &moved);
    assert_eq!(moved.data()["updated"], 1);
    let shown = ana.ok(&["session", "show", &session]);
    assert_eq!(shown["session"]["local"], "2027-01-12T17:30:00");
    let titled = ana.ok(&[
        "export",
        &notebook,
        "--format",
        "ics",
        "--out",
        "titled.ics",
        "--titles",
    ]);
    assert_eq!(titled["format"], "ics");
    let schema = ana.ok(&["export", "--schema"]);
    assert_eq!(schema["$defs"]["goal"]["type"], "object");
    let refused = ["export", &notebook, "--format", "csv", "--out", "-"];
    assert_eq!(ana.run(&refused).exit, Some(2));
}
