//! Content entries for a peer: in packs where it lacks much, otherwise one by one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::channel::Channel;
use super::frame::Frame;
use super::holding::Holding;
use crate::codec::Writer;
use crate::ids::{LogId, Seq};
use crate::limits::{AHEAD_BYTES_PART, AHEAD_HAD_PART, FRAME_BYTES_AIM, PACK_HAD_PART};
use crate::log::RawEntry;
use crate::replica::Pack;
use crate::storage::{Storage, StorageError};

/// What an entry takes on a connection where it goes alone, at least: padded and signed.
pub(super) const ENTRY_BYTES_ABOUT: usize = 200;

/// What an entry of a few words takes in a pack.
const PACKED_BYTES_ABOUT: usize = 64;

impl Channel {
    /// Returns the next frame of entries that the peer lacks, `None` where it lacks none.
    pub(super) fn next_entries(
        &mut self,
        replica: &dyn Holding,
        storage: &dyn Storage,
    ) -> Result<Option<Frame>, StorageError> {
        if self.by_position.is_empty() && self.lacked(replica) == 0 {
            self.cursor = replica.committed_position();
            return Ok(None);
        }
        if let Some(frame) = self.next_ahead(replica, storage)? {
            return Ok(Some(frame));
        }
        if let Some(frame) = self.next_segment(replica, storage)? {
            return Ok(Some(frame));
        }
        loop {
            if let Some(frame) = self.next_pack(replica, storage)? {
                return Ok(Some(frame));
            }
            let from = self.cursor;
            let chosen = self.next_singly(replica, storage)?;
            let is_any = !chosen.entries.is_empty();
            let mut writer = Writer::new();
            let mut count = 0;
            for entry in chosen.proven() {
                self.encoder.encode(&entry, &mut writer);
                count += 1;
            }
            if count > 0 {
                let frame = Frame::Entries(self.tag, count, writer.into_bytes());
                return Ok(Some(frame));
            }
            // The peer may have all of a stretch that was not worth a pack, and lack the next one.
            let has_more = from < self.cursor && self.cursor < replica.committed_position();
            if is_any || !has_more {
                return Ok(None);
            }
        }
    }

    /// Returns, once, the documents that a peer which lacks much is to be shown first.
    fn next_ahead(
        &mut self,
        replica: &dyn Holding,
        storage: &dyn Storage,
    ) -> Result<Option<Frame>, StorageError> {
        let is_wanted = self.takes_packs && self.by_position.is_empty();
        if !is_wanted || self.has_sent_ahead {
            return Ok(None);
        }
        let lacked = self.lacked(replica);
        let had = replica.committed_position().saturating_sub(lacked);
        let min = replica.ahead_lacked_min();
        // Somebody who goes on where a link was cut has most of it already, or sees what was sent then.
        if min.is_none_or(|min| lacked < min) || had * AHEAD_HAD_PART > lacked {
            return Ok(None);
        }
        self.has_sent_ahead = true;
        let documents = replica.documents_ahead(storage)?;
        // They are sent twice, so they are to be a part of the whole.
        let is_worth_it = |documents: &Vec<u8>| {
            let bytes = documents.len().saturating_mul(AHEAD_BYTES_PART);
            bytes
                <= usize::try_from(lacked)
                    .unwrap_or(usize::MAX)
                    .saturating_mul(PACKED_BYTES_ABOUT)
        };
        let documents = documents.filter(is_worth_it);
        Ok(documents.map(|documents| Frame::Ahead(self.tag, documents)))
    }

    /// Returns how many entries the peer lacks of what is here, but for logs that go by position.
    pub(super) fn lacked(&self, replica: &dyn Holding) -> u64 {
        let logs = replica.frontier().logs.iter();
        logs.map(|(log, (seq, _))| seq.get().saturating_sub(self.last_sent(log).get()))
            .sum()
    }

    /// Returns the last entry of a log that the peer has or was sent.
    pub(super) fn last_sent(&self, log: &LogId) -> Seq {
        let sent = self.sent.get(log).copied();
        sent.unwrap_or_else(|| self.told_by_peer.seq(log))
    }

    /// Returns entries for one frame that the peer lacks, up to where packs are to be looked at again.
    fn next_singly(
        &mut self,
        replica: &dyn Holding,
        storage: &dyn Storage,
    ) -> Result<Chosen, StorageError> {
        let mut chosen = Chosen::default();
        'fill: while !chosen.is_full() && self.cursor < replica.committed_position() {
            if let Some(entry) = replica.recent(self.cursor) {
                self.cursor += 1;
                if self.lacks(&entry, replica) {
                    chosen.push(entry);
                }
                if self.may_go_on_in_packs(&chosen) {
                    break;
                }
                continue;
            }
            let read = storage.entries(self.notebook, self.cursor, FRAME_BYTES_AIM)?;
            if read.is_empty() {
                break;
            }
            for (position, bytes) in read {
                if chosen.is_full() || position >= replica.committed_position() {
                    break;
                }
                self.cursor = position + 1;
                if bytes.is_empty() && replica.is_pruned() {
                    continue;
                }
                let entry = RawEntry::parse_any(bytes)
                    .map_err(|error| StorageError::Damaged(error.to_string()))?;
                let entry = Arc::new(entry);
                if self.lacks(&entry, replica) {
                    chosen.push(entry);
                }
                if self.may_go_on_in_packs(&chosen) {
                    break 'fill;
                }
                if self.cursor != position + 1 {
                    break;
                }
            }
        }
        Ok(chosen)
    }

    /// Says whether a stretch ends here that was not worth a pack, and with it what proves its entries.
    fn may_go_on_in_packs(&self, chosen: &Chosen) -> bool {
        let is_at_end = self.unpacked_to > 0 && self.cursor == self.unpacked_to;
        // No pack is looked for while a log goes by position, and the cursor may have been set back for that.
        self.takes_packs && is_at_end && self.by_position.is_empty() && chosen.open.is_empty()
    }

    /// Returns the pack in which the next entry lies, without what the peer has of it, where it lacks enough.
    fn next_pack(
        &mut self,
        replica: &dyn Holding,
        storage: &dyn Storage,
    ) -> Result<Option<Frame>, StorageError> {
        let is_useless = self.cursor < self.unpacked_to || !self.by_position.is_empty();
        if !self.takes_packs || is_useless || self.cursor >= replica.committed_position() {
            return Ok(None);
        }
        // Whoever is up to date is pushed what is written: no pack is made for that.
        let left = replica.committed_position() - self.cursor;
        if left.min(self.lacked(replica)) < replica.pack_lacked_min() {
            return Ok(None);
        }
        let Some(pack) = replica.pack_at(self.cursor, storage)? else {
            self.unpacked_to = replica.committed_position();
            return Ok(None);
        };
        let end = pack.end;
        let worth = self.worth_sending(pack, replica.pack_lacked_min());
        let sealed = worth.and_then(|pack| Some((replica.seal_pack(&pack)?, pack)));
        let Some((sealed, pack)) = sealed else {
            self.unpacked_to = end;
            return Ok(None);
        };
        for (log, _, last) in pack.logs {
            let sent = self.last_sent(&log).max(last);
            self.sent.insert(log, sent);
        }
        self.cursor = end;
        Ok(Some(Frame::Packed(self.tag, sealed)))
    }

    /// Returns what the peer lacks of a pack, where that is shorter than its entries one by one.
    fn worth_sending(&self, pack: Pack, lacked_min: u64) -> Option<Pack> {
        let lacked = pack.logs.iter().map(|(log, first, last)| {
            let before = Seq::new(first.get().saturating_sub(1));
            last.get()
                .saturating_sub(self.last_sent(log).max(before).get())
        });
        let lacked = lacked.sum::<u64>();
        if lacked < lacked_min {
            return None;
        }
        let had = pack.entries().saturating_sub(lacked);
        let count = usize::try_from(lacked).unwrap_or(usize::MAX);
        // A few entries may hold most of it.
        let is_long = had > 0 && pack.bytes.len() > count.saturating_mul(PACKED_BYTES_ABOUT);
        let pack = if is_long || had * PACK_HAD_PART > pack.entries() {
            pack.without(|log| self.last_sent(log))?
        } else {
            pack
        };
        let bytes_singly = count.saturating_mul(ENTRY_BYTES_ABOUT);
        (pack.bytes.len() < bytes_singly).then_some(pack)
    }
}

/// Entries for one frame.
#[derive(Debug, Default)]
struct Chosen {
    entries: Vec<Arc<RawEntry>>,
    bytes: usize,
    /// The logs whose last entry in here is bare.
    open: BTreeSet<LogId>,
}

impl Chosen {
    fn push(&mut self, entry: Arc<RawEntry>) {
        let log = entry.header().log;
        if entry.is_bare() {
            self.open.insert(log);
        } else {
            self.open.remove(&log);
        }
        self.bytes += entry.as_bytes().len();
        self.entries.push(entry);
    }

    /// Says whether they fill a frame: bare ones are behind each other until the one that proves them.
    fn is_full(&self) -> bool {
        self.bytes >= FRAME_BYTES_AIM && self.open.is_empty()
    }

    /// Returns them without those that nothing here proves: what would came to be refused halfway.
    fn proven(mut self) -> Vec<Arc<RawEntry>> {
        while let Some(log) = self.open.pop_first() {
            let is_signed = |entry: &Arc<RawEntry>| entry.header().log == log && !entry.is_bare();
            let end = self.entries.iter().rposition(is_signed);
            let mut place = 0;
            self.entries.retain(|entry| {
                place += 1;
                entry.header().log != log || end.is_some_and(|end| place <= end + 1)
            });
        }
        self.entries
    }
}
