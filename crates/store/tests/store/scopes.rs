//! Scopes begin and end whole, wherever they are interrupted.

use std::fs;

use hearth_store::{CommitError, Damage, DamagedPlace, Fault, ReadError, Scope, ScopeError};

use crate::fixture::{Fixture, GOALS, OURS, THEIRS, append, files_below, stream};

fn key_files(fixture: &Fixture) -> Vec<std::path::PathBuf> {
    let mut files = files_below(&fixture.home().join("keys"));
    files.sort();
    files
}

#[test]
fn a_destroyed_scope_is_gone_and_the_others_stay() {
    let fixture = Fixture::filled();
    let before = key_files(&fixture);
    let mut store = fixture.open();
    store.destroy_scope(OURS).unwrap();
    assert_eq!(store.scopes(), [THEIRS]);
    assert!(matches!(
        store.get(OURS, GOALS, b"one"),
        Err(ReadError::UnknownScope(_))
    ));
    assert!(matches!(
        store.commit(&[append(OURS, "x")]),
        Err(CommitError::UnknownScope(_))
    ));
    assert!(store.verify().is_intact());
    drop(store);
    assert_eq!(before.len(), 2);
    assert_eq!(key_files(&fixture).len(), 1);
    let store = fixture.open();
    assert_eq!(store.scopes(), [THEIRS]);
    assert_eq!(stream(&store, THEIRS).len(), 3);
    assert!(store.verify().is_intact());
}

#[test]
fn a_scope_made_again_has_a_new_key_and_nothing_of_the_old() {
    let fixture = Fixture::filled();
    let mut store = fixture.open();
    let contents = |fixture| {
        key_files(fixture)
            .iter()
            .map(|path| fs::read(path).unwrap())
            .collect::<Vec<_>>()
    };
    let before = contents(&fixture);
    store.destroy_scope(OURS).unwrap();
    store.create_scope(OURS).unwrap();
    let after = contents(&fixture);
    assert_eq!(
        before
            .iter()
            .filter(|content| after.contains(content))
            .count(),
        1
    );
    assert_eq!(store.get(OURS, GOALS, b"one").unwrap(), None);
    assert!(stream(&store, OURS).is_empty());
    assert!(store.verify().is_intact());
}

#[test]
fn what_cannot_be_made_or_destroyed_is_refused() {
    let fixture = Fixture::new();
    let mut store = fixture.open();
    assert!(matches!(
        store.create_scope(OURS),
        Err(ScopeError::AlreadyExists(OURS))
    ));
    assert!(matches!(
        store.create_scope(Scope::NODE),
        Err(ScopeError::IsNode)
    ));
    assert!(matches!(
        store.destroy_scope(Scope::NODE),
        Err(ScopeError::IsNode)
    ));
    let unknown = store.destroy_scope(Scope([9; 32]));
    assert!(matches!(
        unknown,
        Err(ScopeError::Commit(CommitError::UnknownScope(_)))
    ));
}

#[test]
fn a_lost_key_file_is_named_and_leaves_the_other_scopes_usable() {
    for damage in [true, false] {
        let fixture = Fixture::filled();
        let victim = &key_files(&fixture)[0];
        if damage {
            let mut bytes = fs::read(victim).unwrap();
            bytes[40] ^= 1;
            fs::write(victim, bytes).unwrap();
        } else {
            fs::remove_file(victim).unwrap();
        }
        let mut store = fixture.open();
        assert_eq!(store.scopes(), [OURS, THEIRS]);
        let lost: Vec<Scope> = [OURS, THEIRS]
            .into_iter()
            .filter(|scope| matches!(store.get(*scope, GOALS, b"one"), Err(ReadError::KeyLost(_))))
            .collect();
        let [lost] = lost[..] else { panic!("{lost:?}") };
        assert!(matches!(
            store.commit(&[append(lost, "x")]),
            Err(CommitError::KeyLost(_))
        ));
        let report = store.verify();
        assert_eq!(
            report.damaged,
            [Damage {
                place: DamagedPlace::ScopeKey(lost),
                fault: Fault::Unreadable
            }]
        );
        store.destroy_scope(lost).unwrap();
        assert!(store.verify().is_intact());
    }
}

#[test]
fn a_key_file_left_by_an_interrupted_creation_does_no_harm() {
    let fixture = Fixture::new();
    // What a crash between the key file and the first row leaves: a key file and no row.
    let before = fixture.copy();
    let scope = Scope([0x33; 32]);
    before.open().create_scope(scope).unwrap();
    let added = key_files(&before)
        .into_iter()
        .find(|path| {
            !fixture
                .home()
                .join("keys")
                .join(path.file_name().unwrap())
                .exists()
        })
        .unwrap();
    fs::copy(
        &added,
        fixture.home().join("keys").join(added.file_name().unwrap()),
    )
    .unwrap();

    let mut store = fixture.open();
    assert_eq!(store.scopes(), [OURS, THEIRS]);
    assert!(store.verify().is_intact());
    store.create_scope(scope).unwrap();
    store.commit(&[append(scope, "works")]).unwrap();
    drop(store);
    assert_eq!(stream(&fixture.open(), scope).len(), 1);
}

#[test]
fn an_interrupted_destruction_is_finished_by_the_next_opening() {
    let fixture = Fixture::filled();
    let mut store = fixture.open();
    // A folder in place of the key file makes the destruction stop after its mark.
    let keys = key_files(&fixture);
    for path in &keys {
        fs::rename(path, path.with_extension("aside")).unwrap();
        fs::create_dir(path).unwrap();
    }
    assert!(matches!(
        store.destroy_scope(OURS),
        Err(ScopeError::Destroy(_))
    ));
    drop(store);
    for path in &keys {
        fs::remove_dir(path).unwrap();
        fs::rename(path.with_extension("aside"), path).unwrap();
    }
    let store = fixture.open();
    assert_eq!(store.scopes(), [THEIRS]);
    assert_eq!(key_files(&fixture).len(), 1);
    assert_eq!(stream(&store, THEIRS).len(), 3);
    assert!(store.verify().is_intact());
}
