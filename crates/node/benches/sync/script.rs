//! Writes the work into the product's notebooks, as its own commands do.

use anyhow::Result;
use hearth_core::ids::NotebookId;
use hearth_node::host::Host;
use hearth_notebook::action::NewAction;
use hearth_notebook::goal::{NewGoal, NewMilestone};
use hearth_notebook::session::{NewAgendaItem, NewSession, Wrap};
use hearth_notebook::{Documents, EditError, ObjectId, Writer, action, goal, meta, session};

use crate::homes::{Hosts, Wire, failed};
use crate::workload::{Chapter, Commit, Person, Step};

/// The objects that the script made so far, by their numbers in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Made {
    pub(crate) goals: Vec<ObjectId>,
    pub(crate) sessions: Vec<ObjectId>,
}

impl Made {
    /// Writes chapters and syncs after each. What a person writes in a chapter becomes one entry of
    /// many changes.
    pub(crate) fn write(
        &mut self,
        hosts: &mut Hosts,
        wire: &Wire,
        notebook: NotebookId,
        chapters: &[Chapter],
    ) -> Result<()> {
        for chapter in chapters {
            for author in [Person::First, Person::Second] {
                let commits = chapter.iter().filter(|commit| commit.author == author);
                self.entry(hosts.of(author), notebook, commits)?;
            }
            wire.exchange(hosts);
        }
        Ok(())
    }

    /// Writes commits as one signed entry, on disk when this returns.
    pub(crate) fn entry<'a>(
        &mut self,
        host: &mut Host,
        notebook: NotebookId,
        commits: impl Iterator<Item = &'a Commit>,
    ) -> Result<()> {
        host.edit(notebook, |docs, writer| {
            for commit in commits {
                self.edit(docs, writer, commit)?;
            }
            Ok(())
        })
        .map_err(failed)
    }

    fn edit(
        &mut self,
        docs: &mut dyn Documents,
        writer: &mut Writer<'_>,
        commit: &Commit,
    ) -> Result<(), EditError> {
        let id = self.sessions.get(commit.session).copied();
        match (&commit.step, id) {
            (Step::Title(title), _) => meta::rename(docs, writer, title),
            (Step::Goal(title), _) => {
                let new = NewGoal {
                    title: title.clone(),
                    ..NewGoal::default()
                };
                self.goals.push(goal::add(docs, writer, &new)?);
                Ok(())
            }
            (Step::Milestone(number, title), _) => {
                let new = NewMilestone {
                    title: title.clone(),
                    due: None,
                };
                match self.goals.get(*number) {
                    Some(goal) => goal::add_milestone(docs, writer, *goal, &new).map(drop),
                    None => Ok(()),
                }
            }
            (Step::Plan(title), _) => {
                let new = NewSession {
                    at: "2026-12-01 15:00".to_owned(),
                    zone: "Europe/Berlin".to_owned(),
                    title: Some(title.clone()),
                    ..NewSession::default()
                };
                self.sessions.push(session::plan(docs, writer, &new)?);
                Ok(())
            }
            (step, Some(id)) => edit_session(docs, writer, id, step),
            (_, None) => Ok(()),
        }
    }
}

fn edit_session(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    step: &Step,
) -> Result<(), EditError> {
    match step {
        Step::Agenda(first, second) => {
            for title in [first, second] {
                let item = NewAgendaItem {
                    title: title.clone(),
                    ..NewAgendaItem::default()
                };
                session::add_agenda_item(docs, writer, id, &item)?;
            }
            Ok(())
        }
        Step::Type(place, text) => {
            let length = match session::notes(docs, id) {
                Ok(notes) => notes.text.chars().count(),
                Err(_) => 0,
            };
            session::splice_notes(docs, writer, id, length * place / 1_000, 0, text)
        }
        Step::Action(title) => {
            let new = NewAction {
                title: title.clone(),
                session: Some(id),
                ..NewAction::default()
            };
            action::add(docs, writer, &new).map(drop)
        }
        Step::Close(decision) => {
            let wrap = Wrap {
                decisions: vec![decision.clone()],
                ..Wrap::default()
            };
            session::wrap(docs, writer, id, &wrap).map(drop)
        }
        Step::Title(_) | Step::Goal(_) | Step::Milestone(..) | Step::Plan(_) => Ok(()),
    }
}
