//! Verification: opens every value in the store and compares what is there with what should be.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Params, Row};

use crate::damage::{Damage, DamagedPlace, Fault};
use crate::limits::DAMAGES_LISTED_MAX;
use crate::read::{hex, open_entry, open_record};
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

impl Store {
    /// Opens every record and entry, and looks for what is missing, stale or should not be there.
    ///
    /// It finds: changed bytes in any row or key file, rows moved to another place, dropped and
    /// rolled-back records, gaps in streams and missing ends of them, dropped scopes, and a broken
    /// database file. It cannot find that the whole home was replaced by an earlier copy of itself.
    ///
    /// This never fails: what keeps it from reading on is in the report.
    pub fn verify(&self) -> Report {
        let mut report = Report::default();
        // What SQLite remembers of the file must not hide what the disk holds.
        if let Err(error) = self.connection.release_memory() {
            report.add(DamagedPlace::Database, Fault::Structure(error.to_string()));
        }
        self.verify_structure(&mut report);
        let tallies = self.verify_scopes(&mut report);
        for (scope, open) in &self.scopes {
            let tally = tallies.get(scope);
            self.verify_records(*scope, open, tally, &mut report);
            self.verify_stream(*scope, open, tally, &mut report);
        }
        self.verify_owners(&mut report);
        report
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

    /// Checks the tallies and key files; returns the tallies that open.
    fn verify_scopes(&self, report: &mut Report) -> BTreeMap<Scope, Tally> {
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
        tallies
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

    fn verify_stream(
        &self,
        scope: Scope,
        open: &OpenScope,
        tally: Option<&Tally>,
        report: &mut Report,
    ) {
        let place = |position| DamagedPlace::Entry {
            scope,
            position: Position(position),
        };
        let mut next = 0_u64;
        let sql = "SELECT position, sealed FROM stream WHERE scope = ?1 ORDER BY position";
        self.each_row(sql, [open.keys.tag()], report, |row, report| {
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
            next = position.saturating_add(1);
            match open_entry(&open.keys, scope, Position(position), sealed) {
                Ok(_) => report.entries = report.entries.saturating_add(1),
                Err(damage) => report.push(damage),
            }
        });
        if let Some(tally) = tally {
            if tally.appended > next {
                report.add(
                    place(next),
                    Fault::MissingEntries(tally.appended.saturating_sub(next)),
                );
            } else if tally.appended < next {
                report.add(place(tally.appended), Fault::Unexpected);
            }
        }
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
