//! An export that a stranger verifies: a machine with no identity, and every byte.

use std::time::Duration;

use hearth_e2e::{Pair, Person, text};

const SOON: Duration = Duration::from_secs(60);

#[test]
fn a_stranger_verifies_a_signed_export_and_any_changed_byte_is_named() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let session = pair.ana.session(&pair.notebook);
    pair.ana.goal(&pair.notebook, "Speak at the spring meeting");
    pair.agree(SOON);
    pair.ben
        .feed(
            &["session", "notes", &session, "--append", "--from", "-"],
            "What Ben wrote\n",
        )
        .data();
    pair.ben.goal(&pair.notebook, "Listen");
    pair.agree(SOON);
    let export = [
        "export",
        &pair.notebook,
        "--format",
        "signed",
        "--out",
        "notebook.hearthsg",
    ];
    pair.ana.ok(&export);
    assert_eq!(
        pair.ana.run(&export).exit,
        Some(2),
        "it is never written over unasked"
    );
    let whole = std::fs::read(pair.ana.folder().join("notebook.hearthsg")).unwrap();
    for word in ["Speak", "spring", "What Ben"] {
        let found = whole.windows(word.len()).any(|at| at == word.as_bytes());
        assert!(!found, "{word} is sealed; its own key stands beside it");
    }
    let eve = Person::stranger("Eve");
    let path = eve.folder().join("copy.hearthsg");
    std::fs::write(&path, &whole).unwrap();
    let verified = eve.ok(&["verify", "copy.hearthsg"]);
    assert!(!eve.home().exists(), "it needs no identity and makes none");
    assert_eq!(verified["notebook"]["id"], pair.notebook.as_str());
    assert_eq!(verified["notebook"]["title"], "Ana and Ben");
    assert_eq!(verified["exported_by"]["name"], "Ana");
    assert_eq!(verified["exporter_is_member"], true);
    assert_eq!(verified["unopened"], 0);
    let mut people: Vec<_> = verified["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|person| {
            (
                text(person, "/name"),
                person["changes"].as_u64().unwrap() > 0,
            )
        })
        .collect();
    people.sort();
    assert_eq!(people, [("Ana".to_owned(), true), ("Ben".to_owned(), true)]);
    assert!(text(&verified, "/from") <= text(&verified, "/to"));
    for place in (9..whole.len())
        .step_by(whole.len() / 60 + 1)
        .chain([whole.len() - 1])
    {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        let error = eve.refused(&["verify", "copy.hearthsg"], 14, "damaged");
        let damaged = error["details"]["damaged"].as_array().unwrap();
        assert!(
            damaged
                .iter()
                .any(|one| text(one, "/place").contains("record")),
            "byte {place}: {error}"
        );
        // What only follows from it is one line more for each way in which it does.
        assert!(damaged.len() <= 8, "byte {place}: {error}");
    }
    for cut in [10, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        eve.refused(&["verify", "copy.hearthsg"], 14, "damaged");
    }
    std::fs::write(&path, "something else").unwrap();
    eve.refused(&["verify", "copy.hearthsg"], 2, "no_signed_export");
}
