//! What is next, due and open, across the notebooks that go on.

use hearth_core::ids::NotebookId;
use hearth_notebook::agreement::{self, AgreementState};
use hearth_notebook::exchange::NextStep;
use hearth_notebook::today::{self, Today};
use hearth_notebook::{Moment, zone_known};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::{quote, to_json, unavailable, with};
use super::graduate::is_closed;
use super::resolve::{brief, ongoing, person_ref};
use super::sealed;
use super::template;
use crate::api::Failure;
use crate::host::Host;

/// The data of `today`: what each notebook asks for, each object with its `notebook`.
pub(super) fn today(host: &mut Host, zone: Option<&str>) -> Result<Value, Failure> {
    if let Some(zone) = zone
        && !zone_known(zone)
    {
        return Err(
            Failure::usage("invalid", format!("There is no time zone {}.", quote(zone)))
                .with_hint("Write it as in Europe/Berlin."),
        );
    }
    let zone = zone.map_or_else(|| host.settings.zone(), str::to_owned);
    let me = person_ref(host.me())?;
    let mut merged = Merged::default();
    for notebook in ongoing(host)? {
        if is_closed(host, notebook)? {
            continue;
        }
        let found = host.read(notebook, |docs, people| {
            today::today(docs, people, &me, Host::now(), &zone).map_err(unavailable)
        })?;
        let in_brief = brief(host, notebook);
        merged
            .agreements
            .extend(unsigned(host, notebook, &in_brief)?);
        merged.sealed.extend(waiting_for_me(host, notebook)?);
        let none_planned = found.sessions.is_empty() && found.unwrapped.is_empty();
        if none_planned && let Some(fits) = template::suggestion(host, notebook)? {
            let fits = json!({ "template": fits, "notebook": in_brief });
            merged.suggestions.push(fits);
        }
        merged.add(in_brief, found)?;
    }
    Ok(merged.into_value(&zone))
}

/// The agreement of a notebook, where there is one that somebody has still to sign.
fn unsigned(
    host: &mut Host,
    notebook: NotebookId,
    in_brief: &Value,
) -> Result<Option<Value>, Failure> {
    let me = host.me().to_string();
    let view = host.read(notebook, |docs, people| {
        agreement::state(docs, people).map_err(unavailable)
    })?;
    if !matches!(
        view.state,
        AgreementState::Unsigned | AgreementState::Partly
    ) {
        return Ok(None);
    }
    let mine = view.missing.iter().any(|missing| missing.person == me);
    Ok(Some(json!({
        "id": view.id,
        "title": view.title,
        "state": to_json(&view.state)?,
        "missing": to_json(&view.missing)?,
        "mine": mine,
        "notebook": in_brief,
    })))
}

/// The sealed exchanges of a notebook in which this person is to commit or to open.
fn waiting_for_me(host: &mut Host, notebook: NotebookId) -> Result<Vec<Value>, Failure> {
    let me = host.me().to_string();
    let mut waiting = sealed::views(host, notebook)?;
    waiting.retain(|exchange| {
        matches!(
            exchange.next_step(&me),
            Some(NextStep::Commit | NextStep::Open)
        )
    });
    waiting
        .iter()
        .map(|exchange| sealed::shown(host, notebook, exchange))
        .collect()
}

/// Objects with what they are sorted by.
#[derive(Default)]
struct Merged {
    sessions: Vec<(Option<Timestamp>, Value)>,
    unwrapped: Vec<(Option<Timestamp>, Value)>,
    unplanned: Vec<(Option<Timestamp>, Value)>,
    overdue: Vec<(Option<String>, Value)>,
    due: Vec<(Option<String>, Value)>,
    goals: Vec<(Option<String>, Value)>,
    questions: Vec<(Option<Timestamp>, Value)>,
    agreements: Vec<Value>,
    sealed: Vec<Value>,
    suggestions: Vec<Value>,
}

impl Merged {
    fn add(&mut self, notebook: Value, found: Today) -> Result<(), Failure> {
        let at = |moment: Option<&Moment>| moment.map(Moment::timestamp);
        let Today {
            sessions,
            unwrapped,
            unplanned,
            overdue,
            due,
            goals,
            questions,
        } = found;
        extend(&mut self.sessions, &notebook, sessions, |session| {
            at(session.at.as_ref())
        })?;
        extend(&mut self.unwrapped, &notebook, unwrapped, |session| {
            at(session.at.as_ref())
        })?;
        extend(&mut self.unplanned, &notebook, unplanned, |next| {
            at(Some(&next.at))
        })?;
        extend(&mut self.overdue, &notebook, overdue, |due| {
            due.action.due.clone()
        })?;
        extend(&mut self.due, &notebook, due, |due| due.action.due.clone())?;
        extend(&mut self.goals, &notebook, goals, |goal| goal.due.clone())?;
        extend(&mut self.questions, &notebook, questions, |question| {
            question.provenance.stamp.created_at
        })
    }

    fn into_value(self, zone: &str) -> Value {
        json!({
            "zone": zone,
            "sessions": sorted(self.sessions),
            "unwrapped": sorted(self.unwrapped),
            "unplanned": sorted(self.unplanned),
            "overdue": sorted(self.overdue),
            "due": sorted(self.due),
            "goals": sorted(self.goals),
            "questions": sorted(self.questions),
            "agreements": self.agreements,
            "sealed": self.sealed,
            "suggestions": self.suggestions,
        })
    }
}

fn extend<T: Serialize, K>(
    list: &mut Vec<(K, Value)>,
    notebook: &Value,
    found: Vec<T>,
    key: impl Fn(&T) -> K,
) -> Result<(), Failure> {
    for object in found {
        let view = with(to_json(&object)?, json!({ "notebook": notebook }));
        list.push((key(&object), view));
    }
    Ok(())
}

/// What has no date sorts after what has one; equal ones keep the order of their notebooks.
fn sorted<K: Ord>(mut list: Vec<(Option<K>, Value)>) -> Vec<Value> {
    list.sort_by(|(left, _), (right, _)| (left.is_none(), left).cmp(&(right.is_none(), right)));
    list.into_iter().map(|(_, value)| value).collect()
}
