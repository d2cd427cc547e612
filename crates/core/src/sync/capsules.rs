//! Capsules on one connection: each side offers those of its own person, and the other says which it lacks.
//!
//! They come last: nothing that somebody writes waits behind one, and the control entries by which a capsule
//! is judged have gone before.

use std::collections::{BTreeSet, VecDeque};

use super::frame::{CapsuleAnswer, Frame};
use super::session::Session;
use crate::capsule::CapsuleHead;
use crate::ids::CapsuleHash;
use crate::limits::{
    CAPSULE_BYTES_MAX, CAPSULE_OFFER_EVERY_MS, CAPSULE_OFFERS_MAX, FRAME_BYTES_AIM,
};
use crate::storage::StorageError;

/// Something about a capsule that the engine has to decide or to note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CapsuleEvent {
    /// The peer offers one: it is answered by [`Session::answer_capsule`].
    Offered(CapsuleHead),
    /// One that was asked for is here, whole; what it is has to be checked.
    Arrived(CapsuleHead, Vec<u8>),
    /// The peer has this one on its disk.
    Kept(CapsuleHash),
    /// The peer does not keep this one; whether it said that it has no room.
    Refused(CapsuleHash, bool),
}

#[derive(Debug)]
struct Sending {
    hash: CapsuleHash,
    bytes: Vec<u8>,
    offset: usize,
}

#[derive(Debug)]
struct Receiving {
    head: CapsuleHead,
    bytes: Vec<u8>,
}

/// The capsules of one connection.
#[derive(Debug)]
pub(super) struct CapsuleLane {
    /// What the peer was offered.
    offered: BTreeSet<CapsuleHash>,
    /// What the peer asked for.
    wanted: VecDeque<CapsuleHash>,
    sending: Option<Sending>,
    /// What the peer was asked for, in that order: it sends one after the other.
    awaited: VecDeque<CapsuleHead>,
    receiving: Option<Receiving>,
    events: VecDeque<CapsuleEvent>,
    /// How many offers of the peer are still looked at, and since when they are counted.
    allowance: u64,
    counted_ms: u64,
}

impl CapsuleLane {
    pub(super) const fn new(now_ms: u64) -> Self {
        Self {
            offered: BTreeSet::new(),
            wanted: VecDeque::new(),
            sending: None,
            awaited: VecDeque::new(),
            receiving: None,
            events: VecDeque::new(),
            allowance: CAPSULE_OFFERS_MAX,
            counted_ms: now_ms,
        }
    }

    pub(super) fn offered(&mut self, head: CapsuleHead, now_ms: u64) {
        // Where the clock went back, it counts from now.
        self.counted_ms = self.counted_ms.min(now_ms);
        let earned = (now_ms - self.counted_ms) / CAPSULE_OFFER_EVERY_MS;
        self.counted_ms += earned * CAPSULE_OFFER_EVERY_MS;
        self.allowance = self
            .allowance
            .saturating_add(earned)
            .min(CAPSULE_OFFERS_MAX);
        let Some(left) = self.allowance.checked_sub(1) else {
            return;
        };
        self.allowance = left;
        self.events.push_back(CapsuleEvent::Offered(head));
    }

    pub(super) fn answered(&mut self, hash: CapsuleHash, answer: CapsuleAnswer) {
        if !self.offered.contains(&hash) {
            return;
        }
        match answer {
            CapsuleAnswer::Wanted => {
                let is_on_its_way = self.wanted.contains(&hash)
                    || self.sending.as_ref().is_some_and(|one| one.hash == hash);
                if !is_on_its_way {
                    self.wanted.push_back(hash);
                }
            }
            CapsuleAnswer::Kept => self.events.push_back(CapsuleEvent::Kept(hash)),
            CapsuleAnswer::Refused | CapsuleAnswer::Full => {
                let is_full = answer == CapsuleAnswer::Full;
                self.events.push_back(CapsuleEvent::Refused(hash, is_full));
            }
        }
    }

    /// Takes a part in. What does not go on where the last one ended is dropped with all before it.
    pub(super) fn part(&mut self, hash: CapsuleHash, offset: usize, bytes: &[u8]) {
        if offset == 0 {
            let place = self.awaited.iter().position(|head| head.hash == hash);
            self.receiving = place
                .and_then(|place| self.awaited.remove(place))
                .map(|head| Receiving {
                    head,
                    bytes: Vec::new(),
                });
        }
        let Some(mut receiving) = self.receiving.take() else {
            return;
        };
        let whole = receiving.head.length as usize;
        let is_next = receiving.head.hash == hash && receiving.bytes.len() == offset;
        if !is_next || bytes.is_empty() || offset + bytes.len() > whole {
            return;
        }
        receiving.bytes.extend_from_slice(bytes);
        if receiving.bytes.len() < whole {
            self.receiving = Some(receiving);
            return;
        }
        let Receiving { head, bytes } = receiving;
        self.events.push_back(CapsuleEvent::Arrived(head, bytes));
    }

    fn next_frame(
        &mut self,
        own: &[CapsuleHead],
        load: impl FnOnce(CapsuleHash) -> Result<Option<Vec<u8>>, StorageError>,
    ) -> Result<Option<Frame>, StorageError> {
        if self.sending.is_none()
            && let Some(hash) = self.wanted.pop_front()
        {
            // One that was replaced meanwhile is gone; its successor is offered.
            self.sending = load(hash)?.map(|bytes| Sending {
                hash,
                bytes,
                offset: 0,
            });
        }
        if let Some(sending) = &mut self.sending {
            let (hash, offset) = (sending.hash, sending.offset);
            let end = sending.bytes.len().min(offset + FRAME_BYTES_AIM);
            let part = sending.bytes.get(offset..end).unwrap_or_default().to_vec();
            sending.offset = end;
            if end >= sending.bytes.len() {
                self.sending = None;
            }
            return Ok(Some(Frame::CapsulePart(hash, offset, part)));
        }
        self.offered
            .retain(|hash| own.iter().any(|head| head.hash == *hash));
        let next = own.iter().find(|head| !self.offered.contains(&head.hash));
        Ok(next.map(|head| {
            self.offered.insert(head.hash);
            Frame::CapsuleOffer(*head)
        }))
    }
}

impl Session {
    /// Takes what happened about capsules since the last call.
    pub fn take_capsule_events(&mut self) -> VecDeque<CapsuleEvent> {
        std::mem::take(&mut self.capsules.events)
    }

    /// Answers what the peer offered.
    pub fn answer_capsule(&mut self, head: &CapsuleHead, answer: CapsuleAnswer) {
        if answer == CapsuleAnswer::Wanted {
            if head.length as usize > CAPSULE_BYTES_MAX {
                return;
            }
            self.capsules.awaited.push_back(*head);
        }
        self.push(Frame::CapsuleAnswer(head.hash, answer));
    }

    /// Returns the next frame about capsules of this side's person, once nothing else is to be sent; `load`
    /// reads one.
    ///
    /// # Errors
    /// [`StorageError`] where one cannot be read.
    pub fn next_capsule_frame(
        &mut self,
        own: &[CapsuleHead],
        load: impl FnOnce(CapsuleHash) -> Result<Option<Vec<u8>>, StorageError>,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        if !self.is_greeted() || self.notebooks().next().is_none() {
            return Ok(None);
        }
        let frame = self.capsules.next_frame(own, load)?;
        Ok(frame.map(|frame| self.encode(&frame)))
    }
}
