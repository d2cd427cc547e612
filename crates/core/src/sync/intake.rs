//! What a peer sends of a notebook: control entries, wraps, entries.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::SessionError;
use super::frame::{Frame, WireTag};
use super::session::Session;
use super::shared::{Shared, find_mut};
use crate::codec::Reader;
use crate::control::ControlEntry;
use crate::epoch::Wraps;
use crate::ids::{EntryHash, LogId, NotebookId, Seq};
use crate::log::{LogStates, RawEntry, WireError};
use crate::replica::{IngestError, Ingested, PackRefused, Unpacked};
use crate::storage::Storage;

impl Session {
    pub(super) fn controls(
        &mut self,
        tag: WireTag,
        entries: Vec<Vec<u8>>,
        shared: &mut dyn Shared,
        now_ms: u64,
    ) -> Result<(), SessionError> {
        let Some((channel, replica)) = find_mut(&mut self.channels, shared, &tag) else {
            return Ok(());
        };
        let mut malformed = Ok(());
        let mut parsed = Vec::with_capacity(entries.len());
        for bytes in entries {
            let hash = ControlEntry::hash_of(&bytes);
            let is_known = replica.controls().get(&hash).is_some();
            if is_known {
                if Some(hash) == replica.own_leave() {
                    self.heard_leave.insert(channel.notebook);
                }
                channel.note_has_control(hash);
                // In a group it comes over every link: reading it checks the signatures of all in it.
                continue;
            }
            match ControlEntry::parse(&bytes) {
                Ok(entry) => {
                    channel.note_has_control(hash);
                    parsed.push(entry);
                }
                Err(error) => {
                    malformed = Err(error);
                    break;
                }
            }
        }
        let taken = replica.ingest_controls(parsed).and(malformed);
        let full = channel.full(replica);
        channel.acks.kept(now_ms);
        full.into_iter().for_each(|frame| self.push(frame));
        self.owing.insert(tag);
        if let Err(error) = taken {
            self.stop(tag, error.into());
        }
        Ok(())
    }

    pub(super) fn wraps(
        &mut self,
        tag: WireTag,
        wraps: &[u8],
        shared: &mut dyn Shared,
        storage: &dyn Storage,
        now_ms: u64,
    ) -> Result<(), SessionError> {
        let Some((channel, replica)) = find_mut(&mut self.channels, shared, &tag) else {
            return Ok(());
        };
        let wraps = match Wraps::parse(wraps) {
            Ok(wraps) => wraps,
            Err(error) => {
                self.stop(tag, error.into());
                return Ok(());
            }
        };
        channel.note_has_wraps(wraps.epoch);
        if replica.ingest_wraps(wraps) {
            // Entries may have waited for the key.
            let progressed = replica.advance(storage)?;
            channel.wants_restart |= progressed && channel.has_overflowed;
            channel.has_overflowed &= !progressed;
        }
        let full = channel.full(replica);
        channel.acks.kept(now_ms);
        full.into_iter().for_each(|frame| self.push(frame));
        self.owing.insert(tag);
        Ok(())
    }

    pub(super) fn entries(
        &mut self,
        tag: WireTag,
        count: u64,
        bytes: &[u8],
        shared: &mut dyn Shared,
        storage: &dyn Storage,
        now_ms: u64,
    ) -> Result<(), SessionError> {
        let Some((channel, _)) = find_mut(&mut self.channels, shared, &tag) else {
            return Ok(());
        };
        let mut reader = Reader::new(bytes);
        let mut refused = None;
        let mut entries = Vec::new();
        for _ in 0..count {
            match channel.decoder.decode(&mut reader) {
                Ok(entry) => entries.push(entry),
                Err(WireError::Entry(error)) => {
                    refused = Some(IngestError::from(error));
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if refused.is_none() {
            reader.finish()?;
        }
        self.take_entries(tag, (entries, None), refused, shared, storage, now_ms)
    }

    /// Takes a pack in: the entries that it makes are judged as any. Where it makes none, the peer is asked
    /// for the entries themselves, once: whose fault it is does not show.
    pub(super) fn packed(
        &mut self,
        tag: WireTag,
        pack: &[u8],
        shared: &mut dyn Shared,
        storage: &dyn Storage,
        now_ms: u64,
    ) -> Result<(), SessionError> {
        let Some((channel, replica)) = find_mut(&mut self.channels, shared, &tag) else {
            return Ok(());
        };
        if channel.has_refused_pack {
            // It was sent before the peer heard of that.
            return Ok(());
        }
        match replica.unpack(pack, storage) {
            Ok(Unpacked { entries, states }) => {
                // What waits for room in a log shows when it is placed, and is then asked for again.
                let states = (!channel.has_overflowed).then_some(states);
                self.take_entries(tag, (entries, states), None, shared, storage, now_ms)
            }
            Err(PackRefused::Storage(error)) => Err(error.into()),
            Err(_) => {
                channel.has_refused_pack = true;
                self.push(Frame::Unpacked(tag));
                Ok(())
            }
        }
    }

    /// Takes documents in that come ahead of their entries. Where they cannot be shown, whatever the reason, they
    /// are left out: the entries come as well.
    pub(super) fn ahead(
        &mut self,
        tag: WireTag,
        documents: &[u8],
        shared: &mut dyn Shared,
        storage: &dyn Storage,
    ) -> Result<(), SessionError> {
        if let Some((channel, replica)) = find_mut(&mut self.channels, shared, &tag)
            && !std::mem::replace(&mut channel.has_ahead, true)
        {
            replica.take_ahead(documents, storage)?;
        }
        Ok(())
    }

    /// Sends the peer from now on entries rather than packs, beginning anew at what it has told.
    pub(super) fn unpacked(&mut self, tag: WireTag, shared: &mut dyn Shared) {
        if let Some((channel, replica)) = find_mut(&mut self.channels, shared, &tag)
            && channel.is_live
            && channel.takes_packs
        {
            channel.takes_packs = false;
            let told = channel.told_by_peer.clone();
            channel.begin(replica, told);
        }
    }

    /// Takes entries in. Those of a pack come with the `states` of their logs behind them: they are kept, and
    /// placed once there is time. So is what follows until then.
    fn take_entries(
        &mut self,
        tag: WireTag,
        (entries, states): (Vec<RawEntry>, Option<LogStates>),
        mut refused: Option<IngestError>,
        shared: &mut dyn Shared,
        storage: &dyn Storage,
        now_ms: u64,
    ) -> Result<(), SessionError> {
        let Some((channel, replica)) = find_mut(&mut self.channels, shared, &tag) else {
            return Ok(());
        };
        let bytes = entries.iter().map(|entry| entry.as_bytes().len()).sum();
        if !replica.has_room_for(bytes) {
            let full = channel.full(replica);
            full.into_iter().for_each(|frame| self.push(frame));
            return Ok(());
        }
        let is_put_off = states.is_some() || (replica.is_behind() && !channel.has_overflowed);
        if is_put_off && !entries.is_empty() {
            replica.put_off(bytes, storage)?;
        }
        let (mut misplaced, mut overflowed) = (false, false);
        let mut newest = BTreeMap::new();
        let proven = replica.prove(&entries);
        for entry in entries {
            let (log, seq, hash) = (entry.header().log, entry.header().seq, entry.hash());
            let is_suspect = channel.has_told_of(&log, seq);
            match replica.receive_among(entry, &proven, is_suspect, storage) {
                Ok(Ingested::Kept | Ingested::Known) => {
                    channel.note_has(log, seq, hash);
                    newest.insert(log, (seq, hash));
                }
                // Honest peers pass on what they have of a member who forked a log or floods it.
                Err(
                    IngestError::TooManyLogs
                    | IngestError::TooManyBranches(_)
                    | IngestError::TooManyUncounted(_),
                ) => {}
                Err(IngestError::Storage(error)) => return Err(error.into()),
                Err(IngestError::TooManyWaiting(_)) => overflowed = true,
                Err(IngestError::Gap { .. } | IngestError::ControlMissing) => {
                    misplaced |= !channel.has_overflowed && !overflowed;
                }
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        replica.note_states(states.unwrap_or_default());
        let progressed = !is_put_off && replica.advance(storage)?;
        channel.acks.kept(now_ms);
        self.owing.insert(tag);
        channel.wants_restart |= misplaced || (progressed && channel.has_overflowed);
        channel.has_overflowed = overflowed || (channel.has_overflowed && !progressed);
        let notebook = channel.notebook;
        self.note_sent(notebook, newest);
        if let Some(error) = refused {
            self.stop(tag, error.into());
        }
        Ok(())
    }

    /// Notes that the peer has what it sent, beyond what it has signed for.
    fn note_sent(&mut self, notebook: NotebookId, newest: BTreeMap<LogId, (Seq, EntryHash)>) {
        let Some(view) = self.views.get_mut(&notebook) else {
            return;
        };
        let mut is_news = false;
        for (log, tip) in newest {
            if view.frontier.seq(&log) < tip.0 {
                Arc::make_mut(&mut view.frontier).logs.insert(log, tip);
                is_news = true;
            }
        }
        if is_news {
            self.changed_views.push(notebook);
        }
    }
}
