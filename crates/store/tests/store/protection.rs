//! The store key: passphrases, the keyring, the cache, and damage to the key file.

use std::fs;
use std::path::Path;
use std::time::Duration;

use hearth_store::{
    CacheError, ChangeError, CreateError, DatabaseError, KdfCost, OpenError, Passphrase,
    ProtectError, Protection, ProtectionChange, ProtectionKind, Scope, Store, Unlock, UnlockCache,
    UnlockError,
};

use crate::fixture::{Fixture, append, stream};

fn phrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

pub(crate) fn cheap(text: &str) -> Protection {
    Protection::Passphrase {
        passphrase: phrase(text),
        cost: KdfCost::test_only(),
    }
}

fn locked() -> Fixture {
    let fixture = Fixture::empty();
    let mut store = Store::create(&fixture.home(), &cheap("right")).unwrap();
    store.commit(&[append(Scope::NODE, "kept")]).unwrap();
    fixture
}

/// Changes the protection of an open store from one passphrase.
pub(crate) fn change(
    store: &mut Store,
    root: &Path,
    old: &Passphrase,
    new: &Protection,
) -> Result<(), ChangeError> {
    let change = ProtectionChange::prepare(root, &Unlock::Passphrase(old), new)?;
    store.change_protection(change)
}

fn open_with(fixture: &Fixture, text: &str) -> Result<Store, OpenError> {
    Store::open(&fixture.home(), &Unlock::Passphrase(&phrase(text)))
}

#[test]
fn the_right_passphrase_opens_and_others_are_told_so() {
    let fixture = locked();
    assert_eq!(
        stream(&open_with(&fixture, "right").unwrap(), Scope::NODE).len(),
        1
    );
    for wrong in ["", "Right", "right "] {
        let refused = open_with(&fixture, wrong);
        assert!(matches!(
            refused,
            Err(OpenError::Unlock(UnlockError::WrongPassphrase))
        ));
    }
    let unattended = Store::open(&fixture.home(), &Unlock::Unattended);
    assert!(matches!(
        unattended,
        Err(OpenError::Unlock(UnlockError::PassphraseNeeded))
    ));
}

#[test]
fn an_empty_passphrase_protects_nothing_and_is_refused() {
    let refused = Store::create(&Fixture::empty().home(), &cheap(""));
    assert!(matches!(
        refused,
        Err(CreateError::Protect(ProtectError::EmptyPassphrase))
    ));
}

#[test]
fn the_standard_cost_opens_and_a_lower_one_is_reported_as_weak() {
    let fixture = Fixture::empty();
    drop(Store::create(&fixture.home(), &Protection::passphrase(phrase("right"))).unwrap());
    let ProtectionKind::Passphrase(cost) = Store::inspect(&fixture.home()).unwrap().protection
    else {
        panic!("it is not a passphrase")
    };
    assert_eq!(
        (cost.memory_kib(), cost.passes(), cost.is_weak()),
        (256 * 1024, 3, false)
    );
    open_with(&fixture, "right").unwrap();
    let weak = Store::inspect(&locked().home())
        .unwrap()
        .protection
        .cost()
        .unwrap();
    assert!(weak.is_weak());
}

#[test]
fn every_flipped_bit_of_the_key_file_is_damage_and_never_a_wrong_passphrase() {
    for fixture in [locked(), Fixture::new()] {
        let path = fixture.home().join("store.key");
        let intact = fs::read(&path).unwrap();
        for bit in 0..intact.len() * 8 {
            let mut flipped = intact.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &flipped).unwrap();
            let refused = open_with(&fixture, "right");
            assert!(
                matches!(refused, Err(OpenError::Unlock(UnlockError::Damaged(_)))),
                "bit {bit}: {refused:?}"
            );
        }
        for length in 0..intact.len() {
            fs::write(&path, &intact[..length]).unwrap();
            let refused = open_with(&fixture, "right");
            assert!(matches!(
                refused,
                Err(OpenError::Unlock(UnlockError::Damaged(_)))
            ));
        }
        fs::write(&path, &intact).unwrap();
        open_with(&fixture, "right").unwrap();
    }
}

#[test]
fn a_changed_passphrase_opens_and_the_old_one_no_longer_does() {
    let fixture = locked();
    let mut store = open_with(&fixture, "right").unwrap();
    let wrong = phrase("wrong");
    let refused = change(&mut store, &fixture.home(), &wrong, &cheap("new"));
    assert!(matches!(
        refused,
        Err(ChangeError::Unlock(UnlockError::WrongPassphrase))
    ));
    let right = phrase("right");
    change(&mut store, &fixture.home(), &right, &cheap("new")).unwrap();
    store.commit(&[append(Scope::NODE, "after")]).unwrap();
    drop(store);
    let refused = open_with(&fixture, "right");
    assert!(matches!(
        refused,
        Err(OpenError::Unlock(UnlockError::WrongPassphrase))
    ));
    assert_eq!(
        stream(&open_with(&fixture, "new").unwrap(), Scope::NODE).len(),
        2
    );
}

#[test]
fn a_closed_home_takes_a_change_and_an_open_one_of_another_process_does_not() {
    let fixture = locked();
    let prepare = |old: &str, new: &str| {
        let old = phrase(old);
        ProtectionChange::prepare(&fixture.home(), &Unlock::Passphrase(&old), &cheap(new))
    };
    let store = open_with(&fixture, "right").unwrap();
    let refused = prepare("right", "new").unwrap().apply(&fixture.home());
    assert!(matches!(refused, Err(ChangeError::Lock(_))));
    drop(store);
    prepare("right", "new")
        .unwrap()
        .apply(&fixture.home())
        .unwrap();
    assert!(open_with(&fixture, "right").is_err());
    open_with(&fixture, "new").unwrap();
}

#[test]
fn of_two_changes_at_once_the_later_is_refused_since_its_passphrase_is_not_in_force_any_more() {
    let fixture = locked();
    let mut store = open_with(&fixture, "right").unwrap();
    let right = phrase("right");
    let [first, second] = ["first", "second"].map(|new| {
        ProtectionChange::prepare(&fixture.home(), &Unlock::Passphrase(&right), &cheap(new))
            .unwrap()
    });
    store.change_protection(first).unwrap();
    let refused = store.change_protection(second);
    assert!(matches!(refused, Err(ChangeError::Meanwhile)));
    drop(store);
    assert!(open_with(&fixture, "second").is_err());
    open_with(&fixture, "first").unwrap();
}

#[test]
fn a_half_written_new_key_file_leaves_the_old_passphrase_working() {
    let fixture = locked();
    fs::write(fixture.home().join("store.key.new"), b"hearthky\x01").unwrap();
    let mut store = open_with(&fixture, "right").unwrap();
    let right = phrase("right");
    change(&mut store, &fixture.home(), &right, &cheap("new")).unwrap();
    drop(store);
    open_with(&fixture, "new").unwrap();
}

#[test]
fn a_home_held_by_the_keyring_opens_unattended_and_by_its_passphrase_once_forgotten() {
    let fixture = Fixture::empty();
    let protection = Protection::Keyring {
        passphrase: phrase("right"),
        cost: KdfCost::test_only(),
    };
    match Store::create(&fixture.home(), &protection) {
        Ok(_) => {}
        // Containers often forbid the keyring; then the reason must be told.
        Err(CreateError::Protect(ProtectError::Keyring(unavailable))) => {
            return assert!(!unavailable.reason.is_empty());
        }
        Err(other) => panic!("{other}"),
    }
    let open = || Store::open(&fixture.home(), &Unlock::Unattended);
    let mut store = open().unwrap();
    assert!(matches!(
        store.info().protection,
        ProtectionKind::Keyring(_)
    ));
    let right = phrase("right");
    change(&mut store, &fixture.home(), &right, &cheap("other")).unwrap();
    drop(store);
    assert!(matches!(
        open(),
        Err(OpenError::Unlock(UnlockError::PassphraseNeeded))
    ));
    let mut store = open_with(&fixture, "other").unwrap();
    // With the keyring chosen again and its key forgotten, the passphrase is asked for.
    let other = phrase("other");
    change(&mut store, &fixture.home(), &other, &protection).unwrap();
    drop(store);
    drop(open().unwrap());
    Store::forget_in_keyring(&fixture.home()).unwrap();
    assert!(matches!(
        open(),
        Err(OpenError::Unlock(UnlockError::KeyringForgot))
    ));
    drop(open_with(&fixture, "right").unwrap());
    drop(open().unwrap());
    Store::forget_in_keyring(&fixture.home()).unwrap();
}

#[test]
fn a_remembered_key_opens_its_own_home_and_no_other() {
    let (fixture, other) = (locked(), locked());
    let store = open_with(&fixture, "right").unwrap();
    let cache = UnlockCache::new(&fixture.home(), fixture.store_id());
    match cache.put(store.key(), Duration::from_secs(60)) {
        Ok(_) => {}
        Err(CacheError::Unavailable { .. }) => {
            return assert!(cache.get().is_none());
        }
        Err(other) => panic!("{other}"),
    }
    drop(store);
    let key = cache.get().unwrap();
    Store::open(&fixture.home(), &Unlock::Key(key.clone())).unwrap();
    let refused = Store::open(&other.home(), &Unlock::Key(key));
    assert!(matches!(
        refused,
        Err(OpenError::Unlock(UnlockError::WrongKey))
    ));
    assert!(
        UnlockCache::new(&other.home(), other.store_id())
            .get()
            .is_none()
    );
    cache.forget().unwrap();
    assert!(cache.get().is_none());
}

#[test]
fn folders_without_a_home_or_with_half_of_one_are_told_apart() {
    let fixture = Fixture::empty();
    let open = |fixture: &Fixture| Store::open(&fixture.home(), &Unlock::Unattended).map(drop);
    assert!(matches!(open(&fixture), Err(OpenError::NoStore)));
    assert!(!fixture.home().exists());

    let fixture = Fixture::new();
    fs::remove_file(fixture.home().join("store.key")).unwrap();
    assert!(matches!(open(&fixture), Err(OpenError::NoKeyFile)));

    let fixture = Fixture::new();
    fs::remove_file(fixture.database()).unwrap();
    assert!(matches!(
        open(&fixture),
        Err(OpenError::Database(DatabaseError::Missing))
    ));
    let again = Store::create(&fixture.home(), &Protection::Bare);
    assert!(
        matches!(again, Err(CreateError::AlreadyExists)),
        "{again:?}"
    );
}

#[test]
fn a_home_is_made_only_in_a_new_or_empty_folder_or_over_an_unfinished_one() {
    let fixture = Fixture::new();
    let again = Store::create(&fixture.home(), &Protection::Bare);
    assert!(matches!(again, Err(CreateError::AlreadyExists)));

    let fixture = Fixture::empty();
    fs::create_dir(fixture.home()).unwrap();
    fs::write(fixture.home().join("diary.txt"), "dear").unwrap();
    let refused = Store::create(&fixture.home(), &Protection::Bare);
    assert!(matches!(refused, Err(CreateError::NotEmpty(_))));

    // A crash may leave a key file and the beginnings of a database.
    let fixture = Fixture::empty();
    fs::create_dir(fixture.home()).unwrap();
    fs::write(fixture.home().join("store.key"), "half").unwrap();
    fs::write(fixture.home().join("hearth.db.new"), "half").unwrap();
    Store::create(&fixture.home(), &Protection::Bare).unwrap();
    assert!(fixture.open().verify().is_intact());
}
