//! What is written is read again, and nothing else is.

use std::collections::BTreeMap;

use hearth_store::{CommitError, Position, ReadError, ReadLimits, Scope, Space, Write, limits};
use proptest::prelude::*;

use crate::fixture::{Fixture, GOALS, NOTES, OURS, THEIRS, append, put, stream};

#[test]
fn records_are_found_by_scope_space_and_key_alone() {
    let fixture = Fixture::new();
    let mut store = fixture.open();
    store
        .commit(&[
            put(OURS, GOALS, "key", "ours"),
            put(THEIRS, GOALS, "key", "theirs"),
            put(OURS, NOTES, "key", "another space"),
            put(OURS, GOALS, "", "no key is a key"),
        ])
        .unwrap();
    let get = |scope, space, key: &str| {
        store
            .get(scope, space, key.as_bytes())
            .unwrap()
            .map(|value| String::from_utf8(value).unwrap())
    };
    assert_eq!(get(OURS, GOALS, "key").as_deref(), Some("ours"));
    assert_eq!(get(THEIRS, GOALS, "key").as_deref(), Some("theirs"));
    assert_eq!(get(OURS, NOTES, "key").as_deref(), Some("another space"));
    assert_eq!(get(OURS, GOALS, "").as_deref(), Some("no key is a key"));
    assert_eq!(get(THEIRS, NOTES, "key"), None);
    let keys: Vec<_> = store
        .scan(OURS, GOALS)
        .unwrap()
        .into_iter()
        .map(|record| record.key)
        .collect();
    assert_eq!(keys, [&b""[..], b"key"]);
}

#[test]
fn a_commit_survives_closing_and_is_whole() {
    let fixture = Fixture::filled();
    let mut store = fixture.open();
    let positions = store
        .commit(&[append(OURS, "a"), append(THEIRS, "b"), append(OURS, "c")])
        .unwrap();
    assert_eq!(positions, [Position(3), Position(3), Position(4)]);
    drop(store);
    let store = fixture.open();
    assert_eq!(store.stream_length(OURS).unwrap(), Position(5));
    assert_eq!(
        stream(&store, OURS)[3..]
            .iter()
            .map(|e| &e.value[..])
            .collect::<Vec<_>>(),
        [b"a", b"c"]
    );
    assert_eq!(
        store.get(OURS, GOALS, b"two").unwrap().unwrap(),
        b"the value of two"
    );
    let report = store.verify();
    assert!(report.is_intact(), "{report:?}");
    assert_eq!((report.records, report.entries), (9, 12));
}

#[test]
fn a_commit_with_an_error_in_it_applies_nothing() {
    let fixture = Fixture::filled();
    let mut store = fixture.open();
    let unknown = Scope([9; 32]);
    let writes = [
        append(OURS, "lost"),
        put(OURS, GOALS, "one", "lost"),
        append(unknown, "x"),
    ];
    assert!(
        matches!(store.commit(&writes), Err(CommitError::UnknownScope(scope)) if scope == unknown)
    );
    assert_eq!(store.stream_length(OURS).unwrap(), Position(3));
    assert_eq!(
        store.get(OURS, GOALS, b"one").unwrap().unwrap(),
        b"the value of one"
    );
    assert_eq!(
        store.commit(&[append(OURS, "next")]).unwrap(),
        [Position(3)]
    );
    assert!(store.verify().is_intact());
}

#[test]
fn what_is_beyond_a_limit_is_refused() {
    let fixture = Fixture::new();
    let mut store = fixture.open();
    let key = vec![0; limits::KEY_BYTES_MAX + 1];
    let value = vec![0; limits::VALUE_BYTES_MAX + 1];
    let delete = Write::Delete {
        scope: OURS,
        space: GOALS,
        key,
    };
    assert!(matches!(
        store.commit(&[delete]),
        Err(CommitError::KeyTooLong(_))
    ));
    let long = Write::Append { scope: OURS, value };
    assert!(matches!(
        store.commit(&[long]),
        Err(CommitError::ValueTooLong(_))
    ));
    let many = vec![append(OURS, ""); limits::COMMIT_WRITES_MAX + 1];
    assert!(matches!(
        store.commit(&many),
        Err(CommitError::TooManyWrites(_))
    ));
    assert_eq!(store.stream_length(OURS).unwrap(), Position(0));
}

#[test]
fn emptied_entries_keep_their_places_and_take_hardly_any_room() {
    let fixture = Fixture::new();
    let mut store = fixture.open();
    let value = |n: u64| format!("{n:0200}");
    // Rows of one entry, then some of many.
    for n in 0..40 {
        store.commit(&[append(OURS, &value(n))]).unwrap();
    }
    let many: Vec<Write> = (40..300).map(|n| append(OURS, &value(n))).collect();
    store.commit(&many).unwrap();
    for (first, end) in [(3, 20), (20, 21), (150, 170), (290, 1_000)] {
        let blank = Write::Blank {
            scope: OURS,
            first: Position(first),
            end: Position(end),
        };
        store.commit(&[blank]).unwrap();
    }
    let is_emptied = |n: u64| matches!(n, 3..=20 | 150..=169 | 290..=299);
    drop(store);
    let mut store = fixture.open();
    let all = ReadLimits {
        entries_max: usize::MAX,
        bytes_max: usize::MAX,
    };
    for from in [0, 10, 155, 299] {
        let entries = store.read_stream(OURS, Position(from), all).unwrap();
        assert_eq!(entries.len() as u64, 300 - from);
        for (entry, n) in entries.iter().zip(from..) {
            let wanted = if is_emptied(n) {
                String::new()
            } else {
                value(n)
            };
            assert_eq!(
                (entry.position, &entry.value[..]),
                (Position(n), wanted.as_bytes())
            );
        }
    }
    assert_eq!(
        store.commit(&[append(OURS, "next")]).unwrap(),
        [Position(300)]
    );
    let report = store.verify();
    assert!(report.is_intact(), "{report:?}");
    assert_eq!(report.entries, 301);
}

#[test]
fn a_stream_is_read_in_portions_without_gaps() {
    let fixture = Fixture::new();
    let mut store = fixture.open();
    let writes: Vec<Write> = (0..10)
        .map(|n| append(OURS, &format!("{n:0100}")))
        .collect();
    store.commit(&writes).unwrap();
    let read = |from, entries_max, bytes_max| {
        let limits = ReadLimits {
            entries_max,
            bytes_max,
        };
        let entries = store.read_stream(OURS, Position(from), limits).unwrap();
        entries
            .into_iter()
            .map(|entry| entry.position.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(read(0, 3, usize::MAX), [0, 1, 2]);
    assert_eq!(read(3, 100, 250), [3, 4, 5]);
    assert_eq!(read(8, 100, 0), [8]);
    assert_eq!(read(9, 100, 1_000), [9]);
    assert_eq!(read(10, 100, 1_000), [0_u64; 0]);
    assert_eq!(read(u64::MAX, 100, 1_000), [0_u64; 0]);
    let at = store.read_at(OURS, &[Position(7), Position(2)]).unwrap();
    assert_eq!(
        at.iter().map(|entry| entry.position.0).collect::<Vec<_>>(),
        [7, 2]
    );
    for beyond in [10, u64::MAX] {
        let refused = store.read_at(OURS, &[Position(beyond)]);
        assert!(
            matches!(refused, Err(ReadError::NoSuchPosition { .. })),
            "{refused:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Any sequence of commits leaves what a map and a list would hold, and verifies.
    #[test]
    fn the_store_agrees_with_a_map_and_a_list(
        commits in prop::collection::vec(
            prop::collection::vec((0_u8..3, 0_u8..2, 0_u8..4, prop::collection::vec(any::<u8>(), 0..40)), 0..6),
            0..8,
        ),
    ) {
        let fixture = Fixture::new();
        let mut store = fixture.open();
        let mut map = BTreeMap::new();
        let mut list = Vec::new();
        for commit in commits {
            let writes: Vec<Write> = commit
                .into_iter()
                .map(|(kind, space, key, value)| {
                    let (space, key) = (Space(space), vec![key]);
                    match kind {
                        0 => {
                            map.insert((space, key.clone()), value.clone());
                            Write::Put { scope: OURS, space, key, value }
                        }
                        1 => {
                            map.remove(&(space, key.clone()));
                            Write::Delete { scope: OURS, space, key }
                        }
                        _ => {
                            list.push(value.clone());
                            Write::Append { scope: OURS, value }
                        }
                    }
                })
                .collect();
            store.commit(&writes).unwrap();
        }
        drop(store);
        let store = fixture.open();
        let mut found = BTreeMap::new();
        for space in [Space(0), Space(1)] {
            for record in store.scan(OURS, space).unwrap() {
                found.insert((space, record.key), record.value);
            }
        }
        prop_assert_eq!(found, map);
        let entries: Vec<_> = stream(&store, OURS).into_iter().map(|entry| entry.value).collect();
        prop_assert_eq!(entries, list);
        prop_assert!(store.verify().is_intact());
    }
}
