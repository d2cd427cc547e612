//! Homes of every format version, kept as files: each must open for ever after.
//!
//! A change of the format adds a folder `tests/vectors/home-N`; those that are there never change.

use std::path::{Path, PathBuf};

use hearth_store::{OpenError, Passphrase, Scope, Store, Unlock, UnlockError};

use crate::fixture::{Fixture, GOALS, OURS, THEIRS, append, copy_folder, sample_writes, stream};
use crate::protection::cheap;

const PASSPHRASE: &str = "a passphrase for a vector";

fn folder(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/vectors/home-{version}"))
}

/// How many entries a home of version 2 got at once.
const AT_ONCE: usize = 40;

fn at_once() -> Vec<String> {
    let numbers = 0..AT_ONCE;
    numbers
        .map(|number| format!("entry {number} of many"))
        .collect()
}

#[test]
fn a_home_of_version_2_opens_with_the_entries_that_came_at_once() {
    let fixture = Fixture::empty();
    copy_folder(&folder(2), &fixture.home());
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let store = Store::open(&fixture.home(), &Unlock::Passphrase(&passphrase)).unwrap();
    let entries = stream(&store, OURS);
    let values: Vec<&[u8]> = entries.iter().map(|entry| &entry.value[..]).collect();
    let many = at_once();
    let expected = ["one", "two", "three"].map(|name| format!("the entry {name}"));
    let expected: Vec<&[u8]> = expected
        .iter()
        .chain(&many)
        .map(|it| it.as_bytes())
        .collect();
    assert_eq!(values, expected);
    assert!(store.verify().is_intact());
}

#[test]
fn a_home_of_version_1_opens_and_holds_what_was_put_there() {
    let fixture = Fixture::empty();
    copy_folder(&folder(1), &fixture.home());
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let store = Store::open(&fixture.home(), &Unlock::Passphrase(&passphrase)).unwrap();
    assert_eq!(store.scopes(), [OURS, THEIRS]);
    for scope in [Scope::NODE, OURS, THEIRS] {
        let records = store.scan(scope, GOALS).unwrap();
        let entries = stream(&store, scope);
        for (name, entry) in ["one", "two", "three"].into_iter().zip(&entries) {
            let record = records
                .iter()
                .find(|record| record.key == name.as_bytes())
                .unwrap();
            assert_eq!(record.value, format!("the value of {name}").as_bytes());
            assert_eq!(entry.value, format!("the entry {name}").as_bytes());
        }
        assert_eq!((records.len(), entries.len()), (3, 3));
    }
    assert!(store.verify().is_intact());
    drop(store);
    let other = Passphrase::new("another".to_owned());
    let refused = Store::open(&fixture.home(), &Unlock::Passphrase(&other));
    assert!(matches!(
        refused,
        Err(OpenError::Unlock(UnlockError::WrongPassphrase))
    ));
}

/// Makes the folder of the present version; it refuses to touch one that is there.
#[test]
#[ignore = "run once, by hand, when the format gets a new version"]
fn make_the_vector_of_this_version() {
    let home = folder(2);
    assert!(!home.exists(), "it is there already");
    let mut store = Store::create(&home, &cheap(PASSPHRASE)).unwrap();
    store.create_scope(OURS).unwrap();
    store.create_scope(THEIRS).unwrap();
    store.commit(&sample_writes()).unwrap();
    let many = at_once();
    let many: Vec<_> = many.iter().map(|value| append(OURS, value)).collect();
    store.commit(&many).unwrap();
    drop(store);
    std::fs::remove_file(home.join("lock")).unwrap();
}
