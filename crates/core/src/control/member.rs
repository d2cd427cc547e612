//! What a member may do: what their admissions and the changes of role after them say, and which of these counts.

use super::membership::Member;
use super::rules::{Rank, Rules};
use super::{ControlKind, ControlSet, Rights};
use crate::ids::{ControlHash, PersonId};

/// Says whether an entry changes somebody's role.
pub(super) fn is_role(set: &ControlSet, hash: &ControlHash) -> bool {
    set.get(hash)
        .is_some_and(|entry| matches!(entry.kind, ControlKind::Role { .. }))
}

/// What somebody may do by one admission or change of role.
#[derive(Debug, Clone)]
struct Statement {
    entry: ControlHash,
    may_write: bool,
    rank: Rank,
}

/// Returns a member with live admissions.
pub(super) fn member_of(
    rules: &Rules<'_>,
    person: &PersonId,
    admissions: &[ControlHash],
) -> Option<Member> {
    let set = rules.set;
    let view = rules.rosters.get(person)?;
    let admission = *admissions
        .iter()
        .max_by_key(|admission| (set.level(admission), **admission))?;
    let statements = statements_about(rules, person, admissions);
    let in_force = in_force(set, &statements)?;
    let grant = rules.seniority(person).map(|(grant, _)| *grant);
    Some(Member {
        rights: Rights {
            admin: grant.is_some(),
            may_write: in_force.may_write,
        },
        admission,
        admitted_by: set.get(&admission)?.device,
        grant,
        role: in_force.entry,
        devices: view.devices.clone(),
        recovery: view.recovery.clone(),
    })
}

/// Of the statements that no other one has in its past, that of the most senior author counts, then one
/// that takes writing away, then the lowest.
fn in_force<'a>(set: &ControlSet, statements: &'a [Statement]) -> Option<&'a Statement> {
    // The last ones supersede most.
    let is_superseded = |one: &Statement| {
        let mut others = statements.iter().rev();
        others.any(|later| set.is_past(&one.entry, &later.entry))
    };
    statements
        .iter()
        .filter(|one| !is_superseded(one))
        .min_by(|one, other| {
            let key = |one: &Statement| (one.rank.clone(), one.may_write, one.entry);
            key(one).cmp(&key(other))
        })
}

/// Returns the changes of role that took writing from somebody, now or before a later statement: whether
/// they are a member still does not matter to what they wrote then.
pub(super) fn silenced_by(
    rules: &Rules<'_>,
    person: &PersonId,
    admissions: &[ControlHash],
) -> Vec<ControlHash> {
    let set = rules.set;
    let statements = statements_about(rules, person, admissions);
    let Some(last) = in_force(set, &statements) else {
        return Vec::new();
    };
    statements
        .iter()
        .filter(|one| !one.may_write && is_role(set, &one.entry))
        .filter(|one| one.entry == last.entry || set.is_past(&one.entry, &last.entry))
        .map(|one| one.entry)
        .collect()
}

/// Returns what admissions and the changes of role after them say, each with its author's rank.
fn statements_about(
    rules: &Rules<'_>,
    person: &PersonId,
    admissions: &[ControlHash],
) -> Vec<Statement> {
    let set = rules.set;
    let rank_of = |entry: &ControlHash| rules.rank_of_standing(entry).cloned().unwrap_or_default();
    let admitted = admissions.iter().map(|entry| {
        let may_write = match set.get(entry).map(|entry| &entry.kind) {
            Some(ControlKind::Admit(admit)) => admit.rights.may_write,
            _ => true,
        };
        (*entry, may_write)
    });
    let changed = rules
        .roles_of(person)
        .into_iter()
        .filter(|entry| admissions.iter().any(|before| set.is_past(before, entry)))
        .filter_map(|entry| match set.get(&entry)?.kind {
            ControlKind::Role { may_write, .. } => Some((entry, may_write)),
            _ => None,
        });
    admitted
        .chain(changed)
        .map(|(entry, may_write)| Statement {
            entry,
            may_write,
            rank: rank_of(&entry),
        })
        .collect()
}
