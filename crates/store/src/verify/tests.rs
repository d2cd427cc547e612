//! Every bit of every row is covered: flipping any one of them is refused or reported.

use rusqlite::types::Value;

use super::*;
use crate::{Protection, Space, Write};

const OURS: Scope = Scope([0x11; 32]);

fn filled(folder: &std::path::Path) -> Store {
    let mut store = Store::create(&folder.join("home"), &Protection::Bare).unwrap();
    store.create_scope(OURS).unwrap();
    let (space, key) = (Space(1), b"key".to_vec());
    for scope in [Scope::NODE, OURS] {
        store
            .commit(&[
                Write::Put {
                    scope,
                    space,
                    key: key.clone(),
                    value: b"value".to_vec(),
                },
                Write::Append {
                    scope,
                    value: b"first".to_vec(),
                },
                Write::Append {
                    scope,
                    value: b"second".to_vec(),
                },
            ])
            .unwrap();
    }
    store
}

/// Gives all rows of a table, each a list of its columns.
fn rows(store: &Store, table: &str, columns: &[&str]) -> Vec<Vec<Value>> {
    let sql = format!("SELECT {} FROM {table}", columns.join(", "));
    let mut statement = store.connection.prepare(&sql).unwrap();
    let rows = statement
        .query_map([], |row| {
            (0..columns.len()).map(|column| row.get(column)).collect()
        })
        .unwrap();
    rows.map(Result::unwrap).collect()
}

fn flipped(value: &Value, bit: usize) -> Option<Value> {
    match value {
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            *bytes.get_mut(bit / 8)? ^= 1 << (bit % 8);
            Some(Value::Blob(bytes))
        }
        Value::Integer(number) => (bit < 64).then(|| Value::Integer(number ^ (1 << bit))),
        other => panic!("no column holds {other:?}"),
    }
}

/// Flips every bit of every column of a table, one after the other; gives how many that were.
fn flip_all(table: &str, columns: &[&str]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    assert!(store.verify().is_intact());
    // The flips need not be durable, and there are thousands of them.
    store
        .connection
        .pragma_update(None, "synchronous", "OFF")
        .unwrap();
    let keys = columns.split_last().unwrap().1;
    let conditions: Vec<String> = keys
        .iter()
        .enumerate()
        .map(|(n, key)| format!("{key} = ?{}", n + 2))
        .collect();
    let mut flips = 0;
    for row in rows(&store, table, columns) {
        for (column, name) in columns.iter().enumerate() {
            let sql = format!(
                "UPDATE {table} SET {name} = ?1 WHERE {}",
                conditions.join(" AND ")
            );
            for bit in 0.. {
                let Some(changed) = flipped(&row[column], bit) else {
                    break;
                };
                let mut found = row.clone();
                found[column] = changed.clone();
                let update = |to: &Value, at: &[Value]| {
                    let parameters = [to].into_iter().chain(&at[..keys.len()]);
                    store
                        .connection
                        .execute(&sql, rusqlite::params_from_iter(parameters))
                };
                match update(&changed, &row) {
                    Ok(updated) => assert_eq!(updated, 1),
                    // Flipped, the row would have the key of another one, which cannot be.
                    Err(error) => {
                        let code = error.sqlite_error_code();
                        assert_eq!(code, Some(rusqlite::ErrorCode::ConstraintViolation));
                        continue;
                    }
                }
                let report = store.verify();
                assert!(!report.is_intact(), "bit {bit} of {name} in {table}");
                assert_eq!(update(&row[column], &found).unwrap(), 1);
                flips += 1;
            }
        }
    }
    assert!(store.verify().is_intact());
    flips
}

#[test]
fn every_flipped_bit_of_a_record_is_found() {
    assert!(flip_all("records", &["scope", "space", "record", "sealed"]) > 1_000);
}

#[test]
fn every_flipped_bit_of_a_stream_entry_is_found() {
    assert!(flip_all("stream", &["scope", "position", "sealed"]) > 1_500);
}

#[test]
fn every_flipped_bit_of_a_tally_is_found() {
    assert!(flip_all("tallies", &["scope", "sealed"]) > 2_000);
}

#[test]
fn a_wholly_destroyed_store_is_counted_but_not_listed_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = filled(folder.path());
    // One commit each: entries of one commit share a row.
    for _ in 0..DAMAGES_LISTED_MAX {
        let write = Write::Append {
            scope: OURS,
            value: b"entry".to_vec(),
        };
        store.commit(&[write]).unwrap();
    }
    store
        .connection
        .execute("UPDATE stream SET sealed = x'00'", [])
        .unwrap();
    let report = store.verify();
    assert_eq!(report.damaged.len(), DAMAGES_LISTED_MAX);
    assert_eq!(report.damaged_count, DAMAGES_LISTED_MAX as u64 + 4);
}

#[test]
fn what_is_written_between_two_steps_is_no_damage_and_what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = filled(folder.path());
    let append = |value: &[u8]| Write::Append {
        scope: OURS,
        value: value.to_vec(),
    };
    let put = |key: &[u8]| Write::Put {
        scope: OURS,
        space: Space(2),
        key: key.to_vec(),
        value: b"value".to_vec(),
    };
    // A row each, and more than one step opens.
    for _ in 0..VERIFY_ROWS_AT_ONCE + 10 {
        store.commit(&[append(b"entry")]).unwrap();
    }
    let in_steps = |store: &mut Store| {
        let mut verification = Verification::default();
        let mut steps = 1_u8;
        while verification.step(store) {
            store
                .commit(&[append(b"meanwhile"), put(&[steps]), put(b"again")])
                .unwrap();
            steps += 1;
        }
        (steps, verification.into_report())
    };
    let (steps, report) = in_steps(&mut store);
    assert!(report.is_intact(), "{report:?}");
    // The file, the scopes, and who owns what; records and stream of two scopes, and once more of the longer one.
    assert_eq!(steps, 3 + 2 * 2 + 1);
    let lost = VERIFY_ROWS_AT_ONCE + 5;
    let sql = "DELETE FROM stream WHERE position = ?1";
    assert_eq!(store.connection.execute(sql, [lost]).unwrap(), 1);
    let (_, report) = in_steps(&mut store);
    assert_eq!(report.damaged_count, 1, "{report:?}");
    assert_eq!(
        (&report.damaged[0].place, &report.damaged[0].fault),
        (
            &DamagedPlace::Entry {
                scope: OURS,
                position: Position(lost.unsigned_abs())
            },
            &Fault::MissingEntries(1)
        )
    );
}
