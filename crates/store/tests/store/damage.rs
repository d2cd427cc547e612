//! Whatever is changed on the disk is refused when it is read and found by `verify`.
//!
//! Each flipped bit of each column of each row is tried within the crate; here are the larger
//! damages, and bytes of the file that belong to no row.

use std::fs;

use hearth_store::{
    Damage, DamagedPlace, Fault, OpenError, Position, ReadError, ReadLimits, Report, Scope, Store,
    Unlock,
};

use crate::fixture::{Fixture, GOALS, OURS, THEIRS, append, put, sample_writes, stream};

fn verified_after(sql: &str) -> Report {
    let fixture = Fixture::filled();
    fixture.tamper(sql);
    fixture.open().verify()
}

#[test]
fn values_swapped_between_two_rows_are_refused() {
    let fixture = Fixture::filled();
    // Each record gets the value of the next one in the table, over keys and scopes alike.
    fixture.tamper(
        "CREATE TEMP TABLE shifted AS SELECT scope, space, record,
             coalesce(lead(sealed) OVER w, first_value(sealed) OVER w) AS sealed
             FROM records WINDOW w AS (ORDER BY scope, space, record
                 ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING);
         UPDATE records SET sealed = shifted.sealed FROM temp.shifted
             WHERE records.scope = shifted.scope AND records.record = shifted.record;",
    );
    let store = fixture.open();
    for scope in [Scope::NODE, OURS, THEIRS] {
        for key in ["one", "two", "three"] {
            let refused = store.get(scope, GOALS, key.as_bytes());
            assert!(matches!(refused, Err(ReadError::Damaged(_))), "{refused:?}");
        }
    }
    let report = store.verify();
    assert_eq!((report.records, report.damaged_count), (0, 9));
}

#[test]
fn entries_swapped_between_positions_and_scopes_are_refused() {
    for condition in [
        "a.scope = b.scope AND a.position = 0 AND b.position = 1",
        "a.scope < b.scope AND a.position = b.position",
    ] {
        let fixture = Fixture::filled();
        fixture.tamper(&format!(
            "CREATE TEMP TABLE pair AS SELECT a.scope AS s1, a.position AS p1, a.sealed AS v1,
                 b.scope AS s2, b.position AS p2, b.sealed AS v2
                 FROM stream a JOIN stream b ON {condition} LIMIT 1;
             UPDATE stream SET sealed = v2 FROM temp.pair WHERE scope = s1 AND position = p1;
             UPDATE stream SET sealed = v1 FROM temp.pair WHERE scope = s2 AND position = p2;",
        ));
        let report = fixture.open().verify();
        assert_eq!((report.entries, report.damaged_count), (7, 2), "{report:?}");
    }
}

#[test]
fn a_gap_and_a_missing_end_of_a_stream_are_noticed() {
    let fixture = Fixture::filled();
    fixture.tamper("DELETE FROM stream WHERE position = 1");
    let store = fixture.open();
    let limits = ReadLimits::default();
    assert_eq!(
        store.read_stream(OURS, Position(0), limits).unwrap().len(),
        1
    );
    let missing = Damage {
        place: DamagedPlace::Entry {
            scope: OURS,
            position: Position(1),
        },
        fault: Fault::Missing,
    };
    let refused = store.read_stream(OURS, Position(1), limits);
    assert!(matches!(refused, Err(ReadError::Damaged(damage)) if damage == missing));
    let refused = store.read_at(OURS, &[Position(1)]);
    assert!(matches!(refused, Err(ReadError::Damaged(damage)) if damage == missing));
    assert_eq!(
        store.read_stream(OURS, Position(2), limits).unwrap().len(),
        1
    );
    assert_eq!(store.verify().damaged_count, 3);

    let fixture = Fixture::filled();
    fixture.tamper("DELETE FROM stream WHERE position > 0");
    let store = fixture.open();
    let report = store.verify();
    assert_eq!(report.damaged_count, 3);
    let place = DamagedPlace::Entry {
        scope: OURS,
        position: Position(1),
    };
    assert!(report.damaged.contains(&Damage {
        place,
        fault: Fault::MissingEntries(2)
    }));
    assert_eq!(
        store.read_stream(OURS, Position(0), limits).unwrap().len(),
        1
    );
    assert!(store.read_stream(OURS, Position(1), limits).is_err());
}

#[test]
fn dropped_and_rolled_back_records_are_noticed() {
    let wrong = |scope| Damage {
        place: DamagedPlace::Scope(scope),
        fault: Fault::WrongRecords,
    };
    let report = verified_after("DELETE FROM records");
    assert_eq!(
        report.damaged,
        [wrong(Scope::NODE), wrong(OURS), wrong(THEIRS)]
    );

    let fixture = Fixture::filled();
    fixture.tamper("CREATE TABLE old AS SELECT * FROM records");
    let old: Vec<(Vec<u8>, Vec<u8>)> = {
        let connection = rusqlite::Connection::open(fixture.database()).unwrap();
        let mut statement = connection
            .prepare("SELECT record, sealed FROM old")
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        rows.map(Result::unwrap).collect()
    };
    fixture.tamper("DROP TABLE old");
    fixture
        .open()
        .commit(&[put(OURS, GOALS, "one", "a new value")])
        .unwrap();
    {
        let connection = rusqlite::Connection::open(fixture.database()).unwrap();
        for (record, sealed) in old {
            connection
                .execute(
                    "UPDATE records SET sealed = ?2 WHERE record = ?1",
                    (record, sealed),
                )
                .unwrap();
        }
    }
    let store = fixture.open();
    assert_eq!(
        store.get(OURS, GOALS, b"one").unwrap().unwrap(),
        b"the value of one"
    );
    assert_eq!(store.verify().damaged, [wrong(OURS)]);
}

#[test]
fn dropped_scopes_and_rows_without_a_scope_are_noticed() {
    let report = verified_after("DELETE FROM tallies");
    let node = Damage {
        place: DamagedPlace::Scope(Scope::NODE),
        fault: Fault::Missing,
    };
    assert!(report.damaged.contains(&node), "{report:?}");
    let unexpected = report
        .damaged
        .iter()
        .filter(|damage| damage.fault == Fault::Unexpected);
    assert_eq!(unexpected.count(), 2, "{report:?}");

    // A whole scope dropped without a trace, its key file included.
    let fixture = Fixture::new();
    let with_one_more = fixture.copy();
    let scope = Scope([0x33; 32]);
    with_one_more.open().create_scope(scope).unwrap();
    let connection = rusqlite::Connection::open(fixture.database()).unwrap();
    let tags: Vec<Vec<u8>> = connection
        .prepare("SELECT scope FROM tallies")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    drop(connection);
    let connection = rusqlite::Connection::open(with_one_more.database()).unwrap();
    let removed = connection
        .execute(
            "DELETE FROM tallies WHERE scope NOT IN (?1, ?2, ?3)",
            (&tags[0], &tags[1], &tags[2]),
        )
        .unwrap();
    assert_eq!(removed, 1);
    drop(connection);
    let report = with_one_more.open().verify();
    let dropped = Damage {
        place: DamagedPlace::Database,
        fault: Fault::WrongScopes,
    };
    assert_eq!(report.damaged, [dropped]);
}

#[test]
fn a_scope_with_a_damaged_tally_can_be_read_but_not_written() {
    let fixture = Fixture::filled();
    fixture.tamper("UPDATE tallies SET sealed = zeroblob(146)");
    let mut store = fixture.open();
    assert_eq!(
        store.get(OURS, GOALS, b"one").unwrap().unwrap(),
        b"the value of one"
    );
    assert_eq!(stream(&store, OURS).len(), 3);
    let refused = store.commit(&[append(OURS, "x")]);
    assert!(
        matches!(refused, Err(hearth_store::CommitError::DamagedScope(OURS))),
        "{refused:?}"
    );
    assert_eq!(store.verify().damaged_count, 4);
}

#[test]
fn a_flipped_byte_anywhere_in_the_file_never_changes_what_is_read() {
    let fixture = Fixture::filled();
    fixture.tamper("VACUUM");
    let intact = fs::read(fixture.database()).unwrap();
    let mut refused = 0;
    // A prime stride meets every page at ever other offsets.
    for offset in (0..intact.len()).step_by(61) {
        let mut bytes = intact.clone();
        bytes[offset] ^= 1 << (offset % 8);
        fs::write(fixture.database(), &bytes).unwrap();
        match Store::open(&fixture.home(), &Unlock::Unattended) {
            Err(OpenError::Database(_)) => refused += 1,
            Err(other) => panic!("offset {offset}: {other:?}"),
            Ok(store) => refused += usize::from(!reads_as_written(&store, offset)),
        }
        for leftover in ["hearth.db-wal", "hearth.db-shm", "hearth.db-journal"] {
            fs::remove_file(fixture.home().join(leftover)).ok();
        }
    }
    assert!(refused > 20, "only {refused} flips were noticed");
}

/// Tells whether the store verifies, and makes sure that what it gives is right in any case.
fn reads_as_written(store: &Store, offset: usize) -> bool {
    let intact = store.verify().is_intact();
    for scope in [Scope::NODE, OURS, THEIRS] {
        for key in ["one", "two", "three"] {
            match store.get(scope, GOALS, key.as_bytes()) {
                Ok(Some(value)) => assert_eq!(value, format!("the value of {key}").as_bytes()),
                Ok(None) | Err(_) => assert!(!intact, "offset {offset}"),
            }
        }
        match store.read_stream(scope, Position::FIRST, ReadLimits::default()) {
            Ok(entries) => assert!(!intact || entries.len() == 3, "offset {offset}"),
            Err(_) => assert!(!intact, "offset {offset}"),
        }
    }
    intact
}

#[test]
fn a_cut_database_file_is_refused_or_reported() {
    let fixture = Fixture::filled();
    fixture.tamper("VACUUM");
    let intact = fs::read(fixture.database()).unwrap();
    for length in (0..intact.len()).step_by(509) {
        fs::write(fixture.database(), &intact[..length]).unwrap();
        match Store::open(&fixture.home(), &Unlock::Unattended) {
            Err(OpenError::Database(_)) => {}
            Err(other) => panic!("length {length}: {other:?}"),
            Ok(store) => assert!(!store.verify().is_intact(), "length {length}"),
        }
    }
}

#[test]
fn a_torn_log_leaves_whole_commits_only() {
    torn_logs_leave_whole_commits(false);
}

/// A power cut leaves zeros where pages of the log never came to the disk, in any order.
#[test]
fn a_torn_log_that_was_filled_ahead_leaves_whole_commits_only() {
    torn_logs_leave_whole_commits(true);
}

fn torn_logs_leave_whole_commits(filled_ahead: bool) {
    let fixture = Fixture::new();
    let mut store = fixture.open();
    for _ in 0..20 {
        store.commit(&sample_writes()).unwrap();
        if filled_ahead {
            store.rest().unwrap();
        }
    }
    // A copy taken while the store is open is what a power cut leaves, log included.
    let torn = fixture.copy();
    let log = torn.home().join("hearth.db-wal");
    let whole = fs::read(&log).unwrap();
    let written = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let database = fs::read(torn.database()).unwrap();
    let mut lengths = std::collections::BTreeSet::new();
    for length in (0..=written).step_by(written / 97) {
        fs::write(torn.database(), &database).unwrap();
        let mut cut = whole[..length].to_vec();
        if filled_ahead {
            // Something behind what is missing came to the disk.
            cut.resize(whole.len(), 0);
            let hole = (length / 4096 + 1) * 4096;
            if let (Some(to), Some(from)) = (cut.get_mut(hole..), whole.get(hole..)) {
                to.copy_from_slice(from);
            }
        }
        fs::write(&log, &cut).unwrap();
        let store = torn.open();
        assert!(store.verify().is_intact(), "log cut to {length}");
        let entries = stream(&store, OURS).len();
        assert_eq!(entries % 3, 0, "half of a commit is there");
        assert_eq!(stream(&store, THEIRS).len(), entries);
        lengths.insert(entries);
    }
    assert!(lengths.len() > 10, "{lengths:?}");
}
