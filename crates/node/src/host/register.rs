//! The registers of notebooks, from one request to the next and from one process to the next.
//!
//! A cache: each stands beside the heads of the index that it was read at. Where the index has others by now, what
//! changed since is looked at and nothing else. It is kept among the notebook's own records, so what becomes of these
//! becomes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use automerge::{Automerge, ChangeHash};
use hearth_core::codec::{DecodeError, Reader, Writer};
use hearth_core::ids::NotebookId;
use hearth_core::storage::{Space, Storage, Write};
use hearth_notebook::{ActionLine, ObjectId, Register, SessionLine, SessionStatus};

use super::{Host, storage_failed};
use crate::api::Failure;

const VERSION: u8 = 1;
/// A register of fewer lines is read as fast off the index as out of what was kept.
const LINES_MIN: usize = 64;
/// How often one is brought up to date before it is kept again: sealing it takes longer than that.
const RENEWALS_MAX: u32 = 16;
/// Bytes of a text in a line, and heads of an index; guards against damaged counts.
const TEXT_BYTES_MAX: usize = 1 << 10;
const HEADS_MAX: usize = 1 << 12;

/// The registers that are at hand.
#[derive(Debug, Default)]
pub(crate) struct Registers(BTreeMap<NotebookId, Known>);

#[derive(Debug, Clone)]
struct Known {
    heads: Vec<ChangeHash>,
    register: Arc<Register>,
    /// How often it was brought up to date since it was kept; none where it never was.
    renewals: Option<u32>,
}

impl Registers {
    /// Returns the register of an index.
    pub(super) fn of(
        &mut self,
        notebook: NotebookId,
        index: &Automerge,
        storage: &dyn Storage,
    ) -> Arc<Register> {
        let mut heads = index.get_heads();
        heads.sort_unstable();
        let known = match self.0.remove(&notebook) {
            Some(known) => Some(known),
            None => load(storage, notebook),
        };
        let known = match known {
            Some(known) if known.heads == heads => known,
            Some(known) => match known.register.renewed(index, &known.heads) {
                Some(renewed) => Known {
                    heads,
                    register: Arc::new(renewed),
                    renewals: known.renewals.map(|times| times.saturating_add(1)),
                },
                None => Known::read(index, heads),
            },
            None => Known::read(index, heads),
        };
        let register = Arc::clone(&known.register);
        self.0.insert(notebook, known);
        register
    }
}

impl Known {
    fn read(index: &Automerge, heads: Vec<ChangeHash>) -> Self {
        Self {
            heads,
            register: Arc::new(Register::of(index)),
            renewals: None,
        }
    }

    fn is_worth_keeping(&self, renewals_max: u32) -> bool {
        let lines = self.register.sessions().len() + self.register.actions().len();
        lines >= LINES_MIN && self.renewals.is_none_or(|times| times > renewals_max)
    }
}

impl Host {
    /// Keeps the registers that another process would take long to read again. Before a node ends, `is_last`, that is
    /// each that differs from what was kept.
    ///
    /// # Errors
    /// A [`Failure`] where the disk fails; nothing is lost then but the time to read them again.
    pub(crate) fn keep_registers(&mut self, is_last: bool) -> Result<(), Failure> {
        let renewals_max = if is_last { 0 } else { RENEWALS_MAX };
        let Self {
            registers,
            storage,
            engine,
            ..
        } = self;
        registers
            .0
            .retain(|notebook, _| engine.replica(*notebook).is_some());
        for (notebook, known) in &mut registers.0 {
            if !known.is_worth_keeping(renewals_max) {
                continue;
            }
            let write = Write::Put {
                space: Space::Register,
                key: Vec::new(),
                value: to_bytes(known),
            };
            storage
                .commit(*notebook, &[write])
                .map_err(storage_failed)?;
            known.renewals = Some(0);
        }
        Ok(())
    }
}

/// Takes up what was kept; none where there is nothing that serves.
fn load(storage: &dyn Storage, notebook: NotebookId) -> Option<Known> {
    let kept = storage.get(notebook, Space::Register, &[]).ok()??;
    parse(&kept).ok()
}

fn to_bytes(known: &Known) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(VERSION).varint(known.heads.len() as u64);
    for head in &known.heads {
        writer.raw(&head.0);
    }
    writer.varint(known.register.sessions().len() as u64);
    for line in known.register.sessions() {
        writer
            .raw(&line.id.to_bytes())
            .bytes(line.status.word().as_bytes());
        put_some(&mut writer, line.at.as_ref(), |writer, (at, zone)| {
            writer.bytes(at.as_bytes()).bytes(zone.as_bytes());
        });
        put_some(&mut writer, line.minutes, |writer, minutes| {
            writer.varint(minutes.into());
        });
        put_some(&mut writer, line.template.as_ref(), |writer, name| {
            writer.bytes(name.as_bytes());
        });
        put_some(&mut writer, line.occurrence, |writer, (series, slot)| {
            writer
                .raw(&series.to_bytes())
                .bytes(slot.to_string().as_bytes());
        });
    }
    writer.varint(known.register.actions().len() as u64);
    for line in known.register.actions() {
        writer.raw(&line.id.to_bytes()).u8(u8::from(line.is_open));
        put_some(&mut writer, line.due, |writer, due| {
            writer.bytes(due.to_string().as_bytes());
        });
        put_some(&mut writer, line.session, |writer, session| {
            writer.raw(&session.to_bytes());
        });
    }
    writer.into_bytes()
}

fn put_some<T>(writer: &mut Writer, value: Option<T>, put: impl FnOnce(&mut Writer, T)) {
    writer.u8(u8::from(value.is_some()));
    if let Some(value) = value {
        put(writer, value);
    }
}

fn parse(bytes: &[u8]) -> Result<Known, DecodeError> {
    let mut reader = Reader::new(bytes);
    reader.known("record version", VERSION)?;
    let mut heads = Vec::new();
    for _ in 0..reader.count("heads", HEADS_MAX)? {
        heads.push(ChangeHash(reader.array("head")?));
    }
    let mut sessions = Vec::new();
    for _ in 0..reader.count("sessions", reader.remaining())? {
        sessions.push(parse_session(&mut reader)?);
    }
    let mut actions = Vec::new();
    for _ in 0..reader.count("actions", reader.remaining())? {
        actions.push(ActionLine {
            id: ObjectId::from_bytes(reader.array("action")?),
            is_open: reader.u8("open")? != 0,
            due: parse_some(&mut reader, |reader| {
                let due = reader.text("due date", TEXT_BYTES_MAX)?;
                due.parse().map_err(|_| DecodeError::Invalid("due date"))
            })?,
            session: parse_some(&mut reader, |reader| {
                reader.array("session").map(ObjectId::from_bytes)
            })?,
        });
    }
    reader.finish()?;
    Ok(Known {
        heads,
        register: Arc::new(Register::of_lines(sessions, actions)),
        renewals: Some(0),
    })
}

fn parse_session(reader: &mut Reader<'_>) -> Result<SessionLine, DecodeError> {
    let id = ObjectId::from_bytes(reader.array("session")?);
    let status = reader.text("status", TEXT_BYTES_MAX)?;
    let status = SessionStatus::parse(status).map_err(|_| DecodeError::Invalid("status"))?;
    let at = parse_some(reader, |reader| {
        Ok((parse_text(reader)?, parse_text(reader)?))
    })?;
    let minutes = parse_some(reader, |reader| {
        u32::try_from(reader.varint("minutes")?).map_err(|_| DecodeError::Invalid("minutes"))
    })?;
    let template = parse_some(reader, parse_text)?;
    let occurrence = parse_some(reader, |reader| {
        let series = ObjectId::from_bytes(reader.array("series")?);
        let slot = reader.text("slot", TEXT_BYTES_MAX)?;
        let slot = slot.parse().map_err(|_| DecodeError::Invalid("slot"))?;
        Ok((series, slot))
    })?;
    let mut line = SessionLine::new(id, status, at, minutes);
    line.template = template;
    line.occurrence = occurrence;
    Ok(line)
}

fn parse_text(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    reader.text("text", TEXT_BYTES_MAX).map(str::to_owned)
}

fn parse_some<'a, T>(
    reader: &mut Reader<'a>,
    parse: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    match reader.u8("whether it is there")? {
        0 => Ok(None),
        1 => parse(reader).map(Some),
        _ => Err(DecodeError::Invalid("whether it is there")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_as_it_was_and_nothing_else_is() {
        let id = |byte| ObjectId::from_bytes([byte; 16]);
        let at = ("2026-12-01T15:00:00".to_owned(), "Europe/Berlin".to_owned());
        let mut full = SessionLine::new(id(1), SessionStatus::Held, Some(at), Some(45));
        full.template = Some("grow".to_owned());
        full.occurrence = Some((id(7), "2026-11-03T15:00:00".parse().unwrap()));
        let bare = SessionLine::new(id(2), SessionStatus::Cancelled, None, None);
        let actions = vec![
            ActionLine {
                id: id(3),
                is_open: true,
                due: Some("2026-12-24".parse().unwrap()),
                session: Some(id(1)),
            },
            ActionLine {
                id: id(4),
                is_open: false,
                due: None,
                session: None,
            },
        ];
        let known = Known {
            heads: vec![ChangeHash([5; 32]), ChangeHash([6; 32])],
            register: Arc::new(Register::of_lines(vec![full, bare], actions)),
            renewals: None,
        };
        let bytes = to_bytes(&known);
        let again = parse(&bytes).unwrap();
        assert_eq!(
            (&again.heads, &again.register),
            (&known.heads, &known.register)
        );
        crate::testing::nothing_else_is_read(&bytes, |bytes| parse(bytes).is_ok());
    }
}
