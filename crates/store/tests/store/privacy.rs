//! Nobody else can read the files, and nothing in them can be read.

use std::fs;
use std::os::unix::fs::MetadataExt;

use hearth_store::{
    Document, KdfCost, Passphrase, Protection, Scope, SearchIndex, Space, Store, Write,
};

use crate::fixture::{Fixture, files_below};

const CANARIES: [&str; 5] = [
    "canary-in-a-key",
    "canary-in-a-value",
    "canary-in-an-entry",
    "canary-search",
    "canary-pass",
];

#[test]
fn no_canary_is_in_any_file_while_the_store_is_open_or_closed() {
    let fixture = Fixture::empty();
    let scope = Scope(*b"canary-in-the-id-of-the-scope-32");
    let protection = Protection::Passphrase {
        passphrase: Passphrase::new("canary-pass".into()),
        cost: KdfCost::test_only(),
    };
    let mut store = Store::create(&fixture.home(), &protection).unwrap();
    store.create_scope(scope).unwrap();
    let mut index = SearchIndex::new().unwrap();
    let words = "canary-search ".repeat(500);
    index
        .upsert(&Document {
            id: "1",
            scope,
            kind: "goal",
            title: "t",
            text: &words,
            part: b"index",
            mark: [7; 16],
        })
        .unwrap();
    for owner in [scope, Scope::NODE] {
        let (space, key) = (Space(1), b"canary-in-a-key".to_vec());
        store
            .commit(&[
                Write::Put {
                    scope: owner,
                    space,
                    key: key.clone(),
                    value: index.serialize().unwrap(),
                },
                Write::Put {
                    scope: owner,
                    space,
                    key,
                    value: b"canary-in-a-value".repeat(300),
                },
                Write::Append {
                    scope: owner,
                    value: b"canary-in-an-entry".to_vec(),
                },
                Write::Put {
                    scope: owner,
                    space,
                    key: b"index".to_vec(),
                    value: index.serialize().unwrap(),
                },
            ])
            .unwrap();
    }
    assert_no_canaries(&fixture);
    drop(store);
    assert_no_canaries(&fixture);
}

fn assert_no_canaries(fixture: &Fixture) {
    let files = files_below(&fixture.home());
    assert!(files.len() >= 4, "{files:?}");
    for path in files {
        let bytes = fs::read(&path).unwrap();
        let name = path.to_string_lossy().into_owned();
        for canary in CANARIES.iter().copied().chain(["canary-in-the-id"]) {
            let found = bytes
                .windows(canary.len())
                .any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} is in {name}");
            assert!(!name.contains(canary), "{canary} is in the name {name}");
        }
    }
}

#[test]
fn folders_and_files_are_the_owners_alone() {
    let fixture = Fixture::filled();
    let store = fixture.open();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&fixture.home()), 0o700);
    assert_eq!(mode(&fixture.home().join("keys")), 0o700);
    let files = files_below(&fixture.home());
    assert!(
        files.iter().any(|path| path.ends_with("hearth.db-wal")),
        "{files:?}"
    );
    for path in files {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    drop(store);
}
