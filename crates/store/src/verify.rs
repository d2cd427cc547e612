//! Verification: opens every value in the store and compares what is there with what should be.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use rusqlite::{Params, Row};

use crate::damage::{Damage, DamagedPlace, Fault};
use crate::limits::{DAMAGES_LISTED_MAX, VERIFY_ROWS_AT_ONCE};
use crate::read::{hex, open_entries, open_record};
use crate::scope::{Position, Scope};
use crate::scope_key::{RecordPlace, Tag};
use crate::store::{OpenScope, Store, open_tally};
use crate::tally::{SetDigest, Tally};

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Records that opened.
    pub records: u64,
    /// Stream entries that opened.
    pub entries: u64,
    /// The damages, at most [`DAMAGES_LISTED_MAX`] of them.
    pub damaged: Vec<Damage>,
    /// How many damages there are, those beyond the list included.
    pub damaged_count: u64,
}

impl Report {
    /// Tells whether everything is as it was written.
    pub fn is_intact(&self) -> bool {
        self.damaged_count == 0
    }

    fn add(&mut self, place: DamagedPlace, fault: Fault) {
        self.push(Damage { place, fault });
    }

    fn push(&mut self, damage: Damage) {
        self.damaged_count = self.damaged_count.saturating_add(1);
        if self.damaged.len() < DAMAGES_LISTED_MAX {
            self.damaged.push(damage);
        }
    }
}

/// What a [`Verification`] does next.
#[derive(Debug, Default)]
enum Stage {
    #[default]
    Structure,
    Scopes,
    Records(Scope),
    Stream(Scope, Reached),
    Owners,
    Done,
}

/// How far a stream was checked.
#[derive(Debug, Clone, Copy)]
struct Reached {
    /// Where the next row is looked for.
    from: i64,
    /// The position of the entry that should come next.
    next: u64,
}

impl Reached {
    const BEGIN: Self = Self {
        from: i64::MIN,
        next: 0,
    };
}

/// A verification that is done in steps. Between two of them whoever has the store may read, commit and create
/// scopes; a scope that is destroyed meanwhile is passed over.
///
/// A step opens the records of one scope or a bounded part of its stream; the first one has SQLite check the structure of
/// its file, which takes as long as reading it.
#[derive(Debug, Default)]
pub struct Verification {
    stage: Stage,
    report: Report,
}

impl Verification {
    /// Does the next step; returns whether there is another one. All steps are to be done on the same store.
    ///
    /// This never fails: what keeps it from reading on is in the report.
    pub fn step(&mut self, store: &Store) -> bool {
        let report = &mut self.report;
        self.stage = match self.stage {
            Stage::Structure => {
                // What SQLite remembers of the file must not hide what the disk holds.
                if let Err(error) = store.connection.release_memory() {
                    report.add(DamagedPlace::Database, Fault::Structure(error.to_string()));
                }
                store.verify_structure(report);
                Stage::Scopes
            }
            Stage::Scopes => {
                store.verify_scopes(report);
                store.stage_after(None)
            }
            Stage::Records(scope) => {
                if let Some(open) = store.scopes.get(&scope) {
                    let tally = store.kept_tally(open);
                    store.verify_records(scope, open, tally.as_ref(), report);
                }
                Stage::Stream(scope, Reached::BEGIN)
            }
            Stage::Stream(scope, reached) => {
                let open = store.scopes.get(&scope);
                let more = open.and_then(|open| store.verify_stream(scope, open, reached, report));
                match more {
                    Some(reached) => Stage::Stream(scope, reached),
                    None => store.stage_after(Some(scope)),
                }
            }
            Stage::Owners => {
                store.verify_owners(report);
                Stage::Done
            }
            Stage::Done => Stage::Done,
        };
        !matches!(self.stage, Stage::Done)
    }

    /// Returns what the steps so far have found.
    pub fn into_report(self) -> Report {
        self.report
    }
}

impl Store {
    /// Opens every record and entry, and looks for what is missing, stale or should not be there.
    ///
    /// It finds: changed bytes in any row or key file, rows moved to another place, dropped and
    /// rolled-back records, gaps in streams and missing ends of them, dropped scopes, and a broken
    /// database file. It cannot find that the whole home was replaced by an earlier copy of itself.
    ///
    /// This never fails: what keeps it from reading on is in the report. [`Verification`] does the same in steps.
    pub fn verify(&self) -> Report {
        let mut verification = Verification::default();
        while verification.step(self) {}
        verification.into_report()
    }

    /// The scope that is looked at after another one.
    fn stage_after(&self, scope: Option<Scope>) -> Stage {
        let after = match scope {
            Some(scope) => Bound::Excluded(scope),
            None => Bound::Unbounded,
        };
        let mut later = self.scopes.range((after, Bound::Unbounded));
        later
            .next()
            .map_or(Stage::Owners, |(scope, _)| Stage::Records(*scope))
    }

    /// Reads a scope's tally from the disk, where it opens; [`Store::verify_scopes`] names one that does not.
    fn kept_tally(&self, open: &OpenScope) -> Option<Tally> {
        let sql = "SELECT sealed FROM tallies WHERE scope = ?1";
        let tag = open.keys.tag();
        let sealed = self
            .connection
            .query_row(sql, [tag], |row| row.get::<_, Vec<u8>>(0));
        open_tally(self.node_keys.tallies(), tag, &sealed.ok()?)
    }

    fn verify_structure(&self, report: &mut Report) {
        self.each_row(
            "PRAGMA quick_check(100)",
            [],
            report,
            |row, report| match row.get::<_, String>(0) {
                Ok(words) if words == "ok" => {}
                Ok(words) => report.add(DamagedPlace::Database, Fault::Structure(words)),
                Err(error) => {
                    report.add(DamagedPlace::Database, Fault::Structure(error.to_string()));
                }
            },
        );
    }

    /// Checks the tallies and key files.
    fn verify_scopes(&self, report: &mut Report) {
        let names = self.names();
        let mut tallies = BTreeMap::new();
        let mut nameless = false;
        self.each_row(
            "SELECT scope, sealed FROM tallies",
            [],
            report,
            |row, report| {
                let Ok(tag) = row.get::<_, Tag>(0) else {
                    nameless = true;
                    return report.add(raw_scope(row), Fault::Unreadable);
                };
                let sealed = row.get_ref(1).ok().and_then(|value| value.as_blob().ok());
                let tally =
                    sealed.and_then(|sealed| open_tally(self.node_keys.tallies(), &tag, sealed));
                match (tally, names.get(&tag)) {
                    (Some(tally), _) => {
                        tallies.insert(tally.scope, tally);
                    }
                    (None, Some(scope)) => {
                        report.add(DamagedPlace::Scope(*scope), Fault::Unreadable)
                    }
                    (None, None) => {
                        nameless = true;
                        report.add(DamagedPlace::UnknownScope(hex(&tag)), Fault::Unreadable);
                    }
                }
            },
        );
        let mut digest = SetDigest::default();
        for scope in self.scopes() {
            digest.toggle(&self.node_keys.scope_member(scope));
            let tag = self.node_keys.scope_tag(scope);
            if self.node_keys.read_scope_key(&self.home, &tag).is_err() {
                report.add(DamagedPlace::ScopeKey(scope), Fault::Unreadable);
            }
        }
        match tallies.get(&Scope::NODE) {
            // A row that has lost its name explains a difference, and was reported already.
            Some(node) if node.scopes != digest && !nameless => {
                report.add(DamagedPlace::Database, Fault::WrongScopes);
            }
            Some(_) => {}
            None => report.add(DamagedPlace::Scope(Scope::NODE), Fault::Missing),
        }
    }

    fn verify_records(
        &self,
        scope: Scope,
        open: &OpenScope,
        tally: Option<&Tally>,
        report: &mut Report,
    ) {
        let mut digest = SetDigest::default();
        let mut all_opened = true;
        let sql = "SELECT space, record, sealed FROM records WHERE scope = ?1";
        self.each_row(sql, [open.keys.tag()], report, |row, report| {
            let (Ok(space), Ok(record), Ok(sealed)) = (row.get(0), row.get(1), row.get_ref(2))
            else {
                all_opened = false;
                return report.add(raw_scope(row), Fault::Unreadable);
            };
            let place = RecordPlace {
                scope,
                space,
                record,
            };
            digest.toggle(
                &open
                    .keys
                    .record_member(&place, sealed.as_blob().unwrap_or_default()),
            );
            match open_record(&open.keys, &place, sealed) {
                Ok(_) => report.records = report.records.saturating_add(1),
                Err(damage) => {
                    all_opened = false;
                    report.push(damage);
                }
            }
        });
        // A record that does not open may differ in the digest too; it was reported already.
        if let Some(tally) = tally
            && tally.records != digest
            && all_opened
        {
            report.add(DamagedPlace::Scope(scope), Fault::WrongRecords);
        }
    }

    /// Checks a part of a stream; returns how far it came where there is more.
    fn verify_stream(
        &self,
        scope: Scope,
        open: &OpenScope,
        reached: Reached,
        report: &mut Report,
    ) -> Option<Reached> {
        let place = |position| DamagedPlace::Entry {
            scope,
            position: Position(position),
        };
        let Reached { from, mut next } = reached;
        let (mut rows, mut last) = (0, None);
        let sql = "SELECT position, sealed FROM stream WHERE scope = ?1 AND position >= ?2 \
                   ORDER BY position LIMIT ?3";
        let parameters = (open.keys.tag(), from, VERIFY_ROWS_AT_ONCE);
        self.each_row(sql, parameters, report, |row, report| {
            rows += 1;
            last = row.get::<_, i64>(0).ok();
            let (Ok(position), Ok(sealed)) = (row.get::<_, i64>(0), row.get_ref(1)) else {
                return report.add(DamagedPlace::Scope(scope), Fault::Unexpected);
            };
            let Ok(position) = u64::try_from(position) else {
                return report.add(DamagedPlace::Scope(scope), Fault::Unexpected);
            };
            if position > next {
                report.add(
                    place(next),
                    Fault::MissingEntries(position.saturating_sub(next)),
                );
            }
            if position < next {
                return report.add(place(position), Fault::Unexpected);
            }
            let count = match open_entries(&open.keys, scope, Position(position), sealed) {
                Ok(entries) => {
                    report.entries = report.entries.saturating_add(entries.len() as u64);
                    entries.len() as u64
                }
                // How many it held shows where the next row begins.
                Err(damage) => {
                    report.push(damage);
                    1
                }
            };
            next = position.saturating_add(count);
        });
        // A part that is not full is the last one. Where a row has no position, the next ones cannot be asked for.
        if rows == VERIFY_ROWS_AT_ONCE
            && let Some(from) = last.and_then(|last| last.checked_add(1))
        {
            return Some(Reached { from, next });
        }
        // Read after the rows, in the same step: what was appended meanwhile is in both.
        if let Some(tally) = self.kept_tally(open) {
            if tally.appended > next {
                report.add(
                    place(next),
                    Fault::MissingEntries(tally.appended.saturating_sub(next)),
                );
            } else if tally.appended < next {
                report.add(place(tally.appended), Fault::Unexpected);
            }
        }
        None
    }

    /// Looks for rows of scopes that are not there.
    fn verify_owners(&self, report: &mut Report) {
        let mut known: BTreeSet<Tag> = self.names().into_keys().collect();
        for sql in [
            "SELECT DISTINCT scope FROM records",
            "SELECT DISTINCT scope FROM stream",
        ] {
            self.each_row(sql, [], report, |row, report| match row.get::<_, Tag>(0) {
                Ok(tag) => {
                    if known.insert(tag) {
                        report.add(DamagedPlace::UnknownScope(hex(&tag)), Fault::Unexpected);
                    }
                }
                Err(_) => report.add(raw_scope(row), Fault::Unexpected),
            });
        }
    }

    /// Gives the scopes by their names on the disk.
    fn names(&self) -> BTreeMap<Tag, Scope> {
        let scopes = self.scopes.keys().chain(&self.lost);
        scopes
            .map(|scope| (self.node_keys.scope_tag(*scope), *scope))
            .collect()
    }

    /// Goes through the rows of a query; an error of SQLite ends it and goes into the report.
    fn each_row(
        &self,
        sql: &str,
        parameters: impl Params,
        report: &mut Report,
        mut see: impl FnMut(&Row<'_>, &mut Report),
    ) {
        let go = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query(parameters)?;
            while let Some(row) = rows.next()? {
                see(row, report);
            }
            Ok(())
        };
        if let Err(error) = go() {
            report.add(DamagedPlace::Database, Fault::Structure(error.to_string()));
        }
    }
}

/// Names a row by the bytes in its first column, whatever they are.
fn raw_scope(row: &Row<'_>) -> DamagedPlace {
    let bytes = row
        .get_ref(0)
        .ok()
        .and_then(|value| value.as_blob().ok())
        .unwrap_or_default();
    DamagedPlace::UnknownScope(data_encoding::HEXLOWER.encode(bytes))
}

#[cfg(test)]
mod tests;
