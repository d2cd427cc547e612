//! The demonstration: two real nodes, compared at the end.

use std::path::{Path, PathBuf};

use hearth_e2e::Person;
use serde_json::{Value, json};

/// Runs `demo` with a temporary folder of its own.
fn demo(person: &mut Person, arguments: &[&str]) -> Value {
    let temporary = person.folder().join("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    person.set("TMPDIR", temporary.to_str().unwrap());
    person.ok(arguments)
}

fn left_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Returns the ids of the processes whose command line names a path below `folder`.
fn processes_in(folder: &Path) -> Vec<String> {
    let wanted = folder.to_str().unwrap().to_owned();
    let processes = std::fs::read_dir("/proc").unwrap();
    processes
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            // A process may end between the two looks.
            let line = std::fs::read(path.join("cmdline")).ok()?;
            String::from_utf8_lossy(&line)
                .contains(&wanted)
                .then(|| path.display().to_string())
        })
        .collect()
}

#[test]
fn the_demo_converges_and_leaves_nothing_behind() {
    let mut person = Person::stranger("Ana");
    let data = demo(&mut person, &["demo"]);
    assert_eq!(data["converged"], json!(true));
    assert_eq!(data["compared"]["heads_equal"], json!(true));
    assert_eq!(data["compared"]["exports_equal"], json!(true));
    let steps = data["steps"].as_array().unwrap();
    assert!(steps.len() >= 5, "{steps:?}");
    for step in steps {
        assert!(
            step["what"].is_string() && step["took_ms"].is_u64(),
            "{step}"
        );
    }
    assert_eq!(left_in(&person.folder().join("tmp")), Vec::<PathBuf>::new());
    assert_eq!(processes_in(person.folder()), Vec::<String>::new());
    assert!(
        !person.home().exists(),
        "the demo touches no home of the person's"
    );
}

#[test]
fn the_demo_keeps_both_homes_on_request() {
    let mut person = Person::stranger("Ana");
    let data = demo(&mut person, &["demo", "--keep"]);
    let kept = PathBuf::from(data["home"].as_str().unwrap());
    assert!(kept.starts_with(person.folder().join("tmp")));
    assert_eq!(processes_in(person.folder()), Vec::<String>::new());
    for name in ["ana", "ben"] {
        let visitor = Person::stranger(name).at(&kept.join(name));
        let notebooks = visitor.ok(&["notebook", "list"]);
        assert_eq!(notebooks["notebooks"][0]["title"], "Ana and Ben");
    }
}
