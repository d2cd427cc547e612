//! The notebook as tables: one file of comma-separated values (RFC 4180) for each kind of object.
//!
//! Invariant: no cell is a formula. A text that a spreadsheet would calculate gets an apostrophe before it; a
//! number is written only where the value is one.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use crate::documents::{Documents, Unavailable};
use crate::json::{dump, lists_within};
use crate::people::People;

/// Columns that stand first, in this order; the others follow by name.
const FIRST: [&str; 7] = ["id", "of", "title", "text", "status", "at", "due"];
/// What a spreadsheet takes for the beginning of a formula, in any width.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '|', '＝', '＋', '－', '＠'];

/// The notebook as files, one for each kind that it has anything of.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn export_csv(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<(String, String)>, Unavailable> {
    let dump = dump(docs, people)?;
    let mut tables = Vec::new();
    if let Json::Object(top) = &dump {
        for (name, list) in top {
            if let Json::Array(list) = list {
                gather(name, None, list, people, &mut tables);
            }
        }
    }
    Ok(tables
        .into_iter()
        .map(|table| (format!("{}.csv", table.name), table.write()))
        .collect())
}

/// Objects of one kind, each with the cells that it has.
struct Table {
    name: String,
    rows: Vec<Vec<(String, String)>>,
}

/// Puts a list and the lists within its objects into tables.
fn gather(
    name: &str,
    of: Option<&str>,
    list: &[Json],
    people: &dyn People,
    tables: &mut Vec<Table>,
) {
    for object in list.iter().filter_map(Json::as_object) {
        let id = object.get("id").and_then(Json::as_str);
        let mut row: Vec<(String, String)> = Vec::new();
        if let Some(of) = of {
            row.push(("of".to_owned(), quoted(of)));
        }
        for (key, value) in object {
            match value {
                Json::Array(inner) if lists_within().contains(&key.as_str()) => {
                    gather(key, id, inner, people, tables);
                }
                _ => cells(key, value, people, &mut row),
            }
        }
        match tables.iter_mut().find(|table| table.name == name) {
            Some(table) => table.rows.push(row),
            None => tables.push(Table {
                name: name.to_owned(),
                rows: vec![row],
            }),
        }
    }
}

fn cells(key: &str, value: &Json, people: &dyn People, row: &mut Vec<(String, String)>) {
    let mut put = |key: &str, cell: String| row.push((key.to_owned(), cell));
    match value {
        Json::Null => {}
        Json::Number(number) => put(key, number.to_string()),
        Json::Bool(flag) => put(key, flag.to_string()),
        Json::String(text) => put(key, quoted(&people.named(text).name)),
        Json::Array(items) if items.iter().all(Json::is_string) => {
            let names = items.iter().filter_map(Json::as_str);
            let names: Vec<String> = names.map(|text| people.named(text).name).collect();
            put(key, quoted(&names.join("; ")));
        }
        Json::Object(author) if author.contains_key("device") => {
            let text = |key: &str| author.get(key).and_then(Json::as_str).unwrap_or_default();
            put(key, quoted(text("name")));
            put(&format!("{key}_device"), quoted(text("device")));
        }
        Json::Object(map) => match text_of(map) {
            Some(text) => put(key, quoted(text)),
            None => put(key, quoted(&value.to_string())),
        },
        Json::Array(_) => put(key, quoted(&value.to_string())),
    }
}

/// The text of a value that several people write in.
fn text_of(map: &Map<String, Json>) -> Option<&str> {
    map.get("$text").and_then(Json::as_str)
}

/// A text in quotes: without control characters but line breaks, and no formula.
fn quoted(text: &str) -> String {
    let mut cell = String::from("\"");
    if text.trim_start().starts_with(FORMULA) || text.starts_with(FORMULA) {
        cell.push('\'');
    }
    for letter in text.chars() {
        match letter {
            '"' => cell.push_str("\"\""),
            '\n' | '\t' => cell.push(letter),
            letter if letter.is_control() => cell.push(char::REPLACEMENT_CHARACTER),
            letter => cell.push(letter),
        }
    }
    cell.push('"');
    cell
}

impl Table {
    fn write(&self) -> String {
        let all: BTreeSet<&str> = self
            .rows
            .iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        let first = FIRST.into_iter().filter(|key| all.contains(key));
        let rest = all.iter().copied().filter(|key| !FIRST.contains(key));
        let columns: Vec<&str> = first.chain(rest).collect();
        let mut text = String::new();
        let heads: Vec<String> = columns.iter().map(|key| quoted(key)).collect();
        line(&mut text, &heads);
        for row in &self.rows {
            let cells: Vec<String> = columns
                .iter()
                .map(|key| {
                    let cell = row.iter().find(|(of, _)| of == key);
                    cell.map(|(_, cell)| cell.clone()).unwrap_or_default()
                })
                .collect();
            line(&mut text, &cells);
        }
        text
    }
}

fn line(text: &mut String, cells: &[String]) {
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{Bench, bench, fill};

    /// Reads a table as RFC 4180 says.
    fn parsed(text: &str) -> Vec<Vec<String>> {
        let mut rows = vec![vec![String::new()]];
        let mut within = false;
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            let row = rows.last_mut().unwrap();
            match letter {
                '"' if within && letters.peek() == Some(&'"') => {
                    letters.next();
                    row.last_mut().unwrap().push('"');
                }
                '"' => within = !within,
                ',' if !within => row.push(String::new()),
                '\r' if !within => assert_eq!(letters.peek(), Some(&'\n')),
                '\n' if !within => rows.push(vec![String::new()]),
                letter => row.last_mut().unwrap().push(letter),
            }
        }
        assert_eq!(rows.pop().unwrap(), [""], "the last line ends as well");
        rows
    }

    #[test]
    fn every_kind_is_a_table_of_equal_rows_and_no_cell_is_a_formula() {
        let hostile = [
            "=HYPERLINK(\"http://x\",\"y\")",
            "+1+1",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            " =1",
            "＝1",
            "a,b\"c\r\nd",
            "\u{202e}gnirts\u{0}\u{1b}[2J",
        ];
        for text in hostile {
            let Bench {
                mut docs,
                people,
                mut rng,
                now,
            } = bench();
            let mut writer = Bench::writer(&mut rng, now);
            fill(&mut docs, &mut writer, "plain");
            let first = crate::lookup::all(&mut docs).unwrap()[0].id;
            crate::comment::add(&mut docs, &mut writer, first, text).unwrap();
            let files = export_csv(&mut docs, &people).unwrap();
            let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
            for kind in [
                "goals.csv",
                "sessions.csv",
                "milestones.csv",
                "answers.csv",
                "agenda.csv",
            ] {
                assert!(names.contains(&kind), "{names:?}");
            }
            for (name, text) in &files {
                let rows = parsed(text);
                assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{name}");
                for cell in rows.iter().skip(1).flatten() {
                    let formula = cell.trim_start().starts_with(FORMULA);
                    assert!(!formula || cell.parse::<f64>().is_ok(), "{name}: {cell}");
                }
            }
            let (_, comments) = files
                .iter()
                .find(|(name, _)| name == "comments.csv")
                .unwrap();
            let rows = parsed(comments);
            let place = rows[0].iter().position(|head| head == "text").unwrap();
            let words: String = text
                .chars()
                .filter(|letter| letter.is_alphanumeric())
                .collect();
            let kept: String = rows
                .iter()
                .map(|row| {
                    row[place]
                        .chars()
                        .filter(|l| l.is_alphanumeric())
                        .collect::<String>()
                })
                .find(|kept| *kept == words)
                .unwrap_or_default();
            assert_eq!(kept, words);
        }
    }
}
