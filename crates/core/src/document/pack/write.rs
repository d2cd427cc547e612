//! Writing packs.

use std::collections::BTreeMap;

use automerge::ChangeHash;

use super::streams::{Stream, Writing};
use super::{Histories, History, Section, WRITTEN_OUT, ZSTD_LEVEL};
use crate::document::columns::Columns;
use crate::document::leb::{write_signed, write_unsigned};
use crate::document::scan::{Head, ScanError, split};
use crate::ids::ActorId;

/// Packs changes for a reader who has unpacked what `known` holds, and takes them in there.
///
/// The result unpacks only with the same histories. How much goes into one pack is for the caller to say:
/// within [`PACK_CHANGES_MAX`](crate::limits::PACK_CHANGES_MAX),
/// [`PACK_TEXT_BYTES_MAX`](crate::limits::PACK_TEXT_BYTES_MAX) and
/// [`PACK_OPERATIONS_MAX`](crate::limits::PACK_OPERATIONS_MAX).
///
/// # Errors
/// [`ScanError`] where a change is not one that went through the scan, which its type rules out.
pub fn pack(sections: &[Section], known: &mut Histories) -> Result<Vec<u8>, ScanError> {
    let mut writer = PackWriter::default();
    for (document, changes) in sections {
        let documents = writer.streams.stream(Stream::Documents);
        documents.extend_from_slice(document.as_bytes());
        write_unsigned(documents, changes.len() as u64);
        let history = known.entry(*document).or_default();
        for change in changes {
            let (head, columns) = split(change.bytes())?;
            writer.change(&head, &columns, history);
            history.push(change.facts());
        }
    }
    let text = writer.streams.finish();
    let mut packed = Vec::new();
    write_unsigned(&mut packed, text.len() as u64);
    // Compressing into memory fails only where there is none left.
    packed.extend(zstd::bulk::compress(&text, ZSTD_LEVEL).unwrap_or_default());
    Ok(packed)
}

#[derive(Debug, Default)]
struct PackWriter {
    streams: Writing,
    actors: BTreeMap<ActorId, u64>,
    timestamp: i64,
}

impl PackWriter {
    fn change(&mut self, head: &Head<'_>, columns: &Columns<'_>, history: &History) {
        let author = self.actor(head.actor);
        write_unsigned(self.streams.stream(Stream::Authors), author);
        let seq = difference(head.seq, history.next_seq(&head.actor));
        write_signed(self.streams.stream(Stream::Seqs), seq);
        self.dependencies(&head.deps, history);
        let start = difference(head.start_op, history.start_op(&head.deps));
        write_signed(self.streams.stream(Stream::Starts), start);
        // Both are within the limit on times, so that their difference is a number of 64 bits.
        let seconds = head.timestamp.wrapping_sub(self.timestamp);
        write_signed(self.streams.stream(Stream::Times), seconds);
        self.timestamp = head.timestamp;
        let length = head.message.len() as u64;
        write_unsigned(self.streams.stream(Stream::MessageLengths), length);
        self.streams
            .stream(Stream::Messages)
            .extend_from_slice(head.message);
        let others = head.others.len() as u64;
        write_unsigned(self.streams.stream(Stream::OthersCounts), others);
        for other in &head.others {
            let place = self.actor(*other);
            write_unsigned(self.streams.stream(Stream::Others), place);
        }
        for (kind, column) in columns.data.iter().enumerate() {
            write_unsigned(self.streams.lengths(kind), column.len() as u64);
            self.streams.data(kind).extend_from_slice(column);
        }
    }

    fn dependencies(&mut self, dependencies: &[ChangeHash], history: &History) {
        let count = dependencies.len() as u64;
        write_unsigned(self.streams.stream(Stream::DependencyCounts), count);
        for dependency in dependencies {
            let distance = history.distance(dependency);
            let places = self.streams.stream(Stream::Dependencies);
            write_unsigned(places, distance.unwrap_or(WRITTEN_OUT));
            if distance.is_none() {
                let hashes = self.streams.stream(Stream::Hashes);
                hashes.extend_from_slice(&dependency.0);
            }
        }
    }

    fn actor(&mut self, actor: ActorId) -> u64 {
        let next = self.actors.len() as u64;
        *self.actors.entry(actor).or_insert_with(|| {
            let actors = self.streams.stream(Stream::Actors);
            actors.extend_from_slice(actor.as_bytes());
            next
        })
    }
}

/// Counters are limited to far less than 63 bits.
const fn difference(left: u64, right: u64) -> i64 {
    left.wrapping_sub(right).cast_signed()
}
