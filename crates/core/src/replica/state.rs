//! The saved state of the logs: where each entry stands, what counts, and how far all is placed.
//!
//! Value: `version u8 ‖ next position varint ‖ branches (count)`, each branch of a log: device 32,
//! incarnation 16, number varint, base (0, or 1 ‖ branch varint ‖ seq varint), tip seq varint, tip hash
//! 32, hashes (0, or 1 ‖ count, 32 each), chosen up to seq varint, settled seq varint, broken seq varint
//! (0: not), flags u8 (1 ready, 2 unreadable), runs (count; first seq varint, control heads (count, 32 each)), spans (count; first
//! seq varint, whether it counts u8), positions (count; each as the distance from the one before),
//! document tips (count; document 16, hash 32, seq, last operation varint, time u64, other actors
//! (count, 16 each)).

use std::collections::BTreeMap;

use super::counting::{Span, Spans};
use super::log::{Base, BranchId, Log, Run};
use super::persist::{read_log_id, read_number, read_version_of};
use crate::codec::{DecodeError, Reader, Writer};
use crate::control::ContentVerdict;
use crate::document::limits::CHANGE_ACTORS_MAX;
use crate::document::{ChangeHash, DocumentId, LastChange};
use crate::ids::{ActorId, ControlHash, EntryHash, Seq};
use crate::limits::{
    CONTROL_HEADS_MAX, DOCUMENTS_PER_LOG_MAX, LOG_BRANCHES_KEPT_MAX, LOGS_MAX, LOGS_PER_DEVICE_MAX,
};
use crate::log::DocumentTips;
use crate::storage::Position;

/// The version of the state. One of an older version is not read: all is placed from the entries then.
const STATE_VERSION: u8 = 2;
const FLAG_READY: u8 = 1;
const FLAG_UNREADABLE: u8 = 2;
/// Most branches that a state may name: this device's own logs may come on top of those of others.
const STATE_LOGS_MAX: usize = (LOGS_MAX + LOGS_PER_DEVICE_MAX) * LOG_BRANCHES_KEPT_MAX;

/// The saved state of the logs.
#[derive(Debug)]
pub(super) struct State {
    pub(super) next_position: Position,
    pub(super) logs: BTreeMap<BranchId, Log>,
}

impl State {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        read_version_of(&mut reader, STATE_VERSION)?;
        let next_position = reader.varint("next position")?;
        let count = reader.count("logs", STATE_LOGS_MAX)?;
        let mut logs = BTreeMap::new();
        for _ in 0..count {
            let log = read_log(&mut reader)?;
            logs.insert(log.id, log);
        }
        reader.finish()?;
        Ok(Self {
            next_position,
            logs,
        })
    }

    /// Returns the bytes that [`State::parse`] reads.
    pub(super) fn to_bytes(next_position: Position, logs: &BTreeMap<BranchId, Log>) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(STATE_VERSION)
            .varint(next_position)
            .varint(logs.len() as u64);
        for log in logs.values() {
            write_log(log, &mut writer);
        }
        writer.into_bytes()
    }
}

fn write_log(log: &Log, writer: &mut Writer) {
    let (tip, hash) = log.tip();
    write_branch(&log.id, writer);
    match log.base {
        None => writer.u8(0),
        Some(base) => writer
            .u8(1)
            .varint(base.branch.into())
            .varint(base.seq.get()),
    };
    writer.varint(tip.get()).raw(hash.as_bytes());
    match &log.hashes {
        None => {
            writer.u8(0);
        }
        Some(hashes) => {
            writer.u8(1).varint(hashes.len() as u64);
            for hash in hashes {
                writer.raw(hash.as_bytes());
            }
        }
    }
    writer
        .varint(log.chosen_to.get())
        .varint(log.settled.get())
        .varint(log.broken.unwrap_or(Seq::NONE).get())
        .u8((u8::from(log.is_ready) * FLAG_READY) | (u8::from(log.unreadable) * FLAG_UNREADABLE))
        .varint(log.runs.len() as u64);
    for run in &log.runs {
        writer
            .varint(run.first.get())
            .varint(run.heads.len() as u64);
        for head in &run.heads {
            writer.raw(head.as_bytes());
        }
    }
    writer.varint(log.spans.iter().len() as u64);
    for span in log.spans.iter() {
        let counts = span.verdict == ContentVerdict::Counts;
        writer.varint(span.first.get()).u8(u8::from(counts));
    }
    writer.varint(log.positions().len() as u64);
    let mut last = 0;
    for position in log.positions() {
        writer.varint(position - last);
        last = *position;
    }
    write_tips(&log.tips, writer);
}

/// Writes the last change of a log in each document, in the form that [`read_tips`] takes.
pub(super) fn write_tips(tips: &DocumentTips, writer: &mut Writer) {
    writer.varint(tips.iter().count() as u64);
    for (document, tip) in tips.iter() {
        writer
            .raw(document.as_bytes())
            .raw(tip.hash.as_ref())
            .varint(tip.seq)
            .varint(tip.max_op)
            .u64(tip.timestamp as u64)
            .varint(tip.others.len() as u64);
        for actor in &tip.others {
            writer.raw(actor.as_bytes());
        }
    }
}

fn read_log(reader: &mut Reader<'_>) -> Result<Log, DecodeError> {
    let id = read_branch(reader)?;
    let base = match reader.u8("base")? {
        0 => None,
        _ => Some(Base {
            branch: read_number(reader)?,
            seq: Seq::new(reader.varint("base")?),
        }),
    };
    let tip = (
        Seq::new(reader.varint("tip")?),
        EntryHash::from_bytes(reader.array("tip hash")?),
    );
    let mut hashes = None;
    if reader.u8("hashes")? != 0 {
        let mut known = Vec::new();
        for _ in 0..reader.count("hashes", reader.remaining())? {
            known.push(EntryHash::from_bytes(reader.array("hash")?));
        }
        hashes = Some(known);
    }
    let chosen_to = Seq::new(reader.varint("chosen")?);
    let settled = Seq::new(reader.varint("settled")?);
    let broken = Seq::new(reader.varint("broken")?);
    let flags = reader.u8("flags")?;
    let mut runs = Vec::new();
    for _ in 0..reader.count("runs", reader.remaining())? {
        let first = Seq::new(reader.varint("run")?);
        let mut heads = Vec::new();
        for _ in 0..reader.count("control heads", CONTROL_HEADS_MAX)? {
            heads.push(ControlHash::from_bytes(reader.array("control head")?));
        }
        runs.push(Run { first, heads });
    }
    let mut spans = Spans::default();
    for _ in 0..reader.count("spans", reader.remaining())? {
        // Only whether it counts is kept: all is judged anew before anything else is done.
        spans.push(Span {
            first: Seq::new(reader.varint("span")?),
            verdict: match reader.u8("counts")? {
                0 => ContentVerdict::NotMember,
                _ => ContentVerdict::Counts,
            },
            is_open: false,
        });
    }
    // Each position takes a byte at least, so a damaged count cannot ask for more than is here.
    let count = reader.count("positions", reader.remaining())?;
    let mut positions = Vec::with_capacity(count);
    let mut last: Position = 0;
    for _ in 0..count {
        last = last
            .checked_add(reader.varint("position")?)
            .ok_or(DecodeError::Invalid("position"))?;
        positions.push(last);
    }
    let tips = read_tips(reader)?;
    let mut log = Log::restore(id, base, tip, positions);
    log.hashes = hashes;
    log.chosen_to = chosen_to;
    log.runs = runs;
    log.spans = spans;
    log.settled = settled;
    log.tips = tips;
    log.broken = (broken != Seq::NONE).then_some(broken);
    log.is_ready = flags & FLAG_READY != 0;
    log.unreadable = flags & FLAG_UNREADABLE != 0;
    Ok(log)
}

pub(super) fn read_tips(reader: &mut Reader<'_>) -> Result<DocumentTips, DecodeError> {
    let mut tips = DocumentTips::default();
    for _ in 0..reader.count("document tips", DOCUMENTS_PER_LOG_MAX)? {
        let document = DocumentId::from_bytes(reader.array("document")?);
        tips.set(document, read_last_change(reader)?);
    }
    Ok(tips)
}

pub(super) fn write_branch(id: &BranchId, writer: &mut Writer) {
    writer
        .raw(id.log.device.as_bytes())
        .raw(id.log.incarnation.as_bytes())
        .varint(id.number.into());
}

pub(super) fn read_branch(reader: &mut Reader<'_>) -> Result<BranchId, DecodeError> {
    let log = read_log_id(reader)?;
    let number = read_number(reader)?;
    Ok(BranchId { log, number })
}

fn read_last_change(reader: &mut Reader<'_>) -> Result<LastChange, DecodeError> {
    let hash = ChangeHash(reader.array("change")?);
    let seq = reader.varint("change seq")?;
    let max_op = reader.varint("last operation")?;
    let timestamp = reader.u64("change time")? as i64;
    let count = reader.count("other actors", CHANGE_ACTORS_MAX)?;
    let mut others = Vec::with_capacity(count);
    for _ in 0..count {
        others.push(ActorId::from_bytes(reader.array("other actor")?));
    }
    Ok(LastChange {
        hash,
        seq,
        max_op,
        timestamp,
        others,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::altered::{altered, cases};

    /// States with one log of some entries, by hand: version, next position, one log.
    fn samples() -> Vec<Vec<u8>> {
        let empty = State::to_bytes(7, &BTreeMap::new());
        let log = [
            &[STATE_VERSION, 9, 1][..],
            &[3; 48],
            &[0, 1, 2, 0, 1, 0, 1],
            &[5; 40],
        ]
        .concat();
        vec![empty, log]
    }

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn an_altered_state_is_refused_or_read_without_panic(bytes in altered(samples())) {
            if let Ok(state) = State::parse(&bytes) {
                State::to_bytes(state.next_position, &state.logs);
            }
        }
    }
}
