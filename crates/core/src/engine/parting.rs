//! Whom this device exchanges nothing with any more, and how that is said.
//!
//! A device that is no member's is handed the control entries that ended it, with their past, then closed, unless it
//! shows entries that make it a member.
//! Whoever finds itself to be out stops dialling, and keeps what it has. Somebody who left goes on until one
//! of the others has shown that it knows.

use std::collections::BTreeSet;

use super::connections::Connection;
use super::{CloseReason, Effect, Engine};
use crate::control::{Heard, Hearing, Hearings};
use crate::crypto::VerifyKey;
use crate::ids::{DeviceId, NotebookId, PersonId, TransportId};
use crate::limits::TURNED_AWAY_MAX;
use crate::replica::{Replica, Standing, TurnedAway};
use crate::sync::{Session, SessionError};

/// How long a connection over which nothing is shared any more stays for last words, in milliseconds: both
/// programs say them by themselves.
const PARTING_MS_MAX: u64 = 5_000;

/// A connection over which nothing is shared any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parting {
    ends_ms: u64,
    peer_is_out: bool,
}

impl Parting {
    /// The peer is no member's device any more.
    pub(super) const fn with_the_peer(now_ms: u64) -> Self {
        Self {
            ends_ms: now_ms.saturating_add(PARTING_MS_MAX),
            peer_is_out: true,
        }
    }

    /// This device itself is no member's any more.
    pub(super) const fn of_this_device(now_ms: u64) -> Self {
        Self {
            ends_ms: now_ms.saturating_add(PARTING_MS_MAX),
            peer_is_out: false,
        }
    }

    /// Begins its time anew where `is_prolonged` says so.
    pub(super) const fn prolonged(self, is_prolonged: bool, now_ms: u64) -> Self {
        if is_prolonged {
            Self::with_the_peer(now_ms)
        } else {
            self
        }
    }

    pub(super) const fn ends_ms(&self) -> u64 {
        self.ends_ms
    }

    /// Returns why the connection is closed now, where its time is over.
    pub(super) fn is_over(&self, now_ms: u64) -> Option<CloseReason> {
        let is_over = now_ms >= self.ends_ms;
        is_over.then_some(if self.peer_is_out {
            CloseReason::Removed
        } else {
            CloseReason::Done
        })
    }
}

/// With whom nothing is exchanged, and of which notebooks.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// Members with whom nothing is exchanged, since their words differed.
    distrusted: BTreeSet<(NotebookId, PersonId)>,
    /// Notebooks that this person left, of which somebody else showed that they know.
    left: BTreeSet<NotebookId>,
    /// Notebooks that this device is out of, of which a member still wanted to exchange: that member knows
    /// less, or more.
    asked: BTreeSet<NotebookId>,
    /// Whether anything of this changed since it was last asked.
    is_changed: bool,
    /// Who said when that they are no longer out, and to whom this device said so.
    heard: Hearings,
    said: Hearings,
    /// Who came with an admission that is void, and when they last did, the latest at the end.
    turned_away: Vec<(NotebookId, TurnedAway, u64)>,
}

impl Apart {
    /// Notes somebody who came with an admission that is void.
    pub(super) fn turn_away(&mut self, notebook: NotebookId, who: TurnedAway, now_ms: u64) {
        let is_same = |known: &TurnedAway| known.device == who.device;
        self.turned_away
            .retain(|(of, known, _)| *of != notebook || !is_same(known));
        if self.turned_away.len() >= TURNED_AWAY_MAX {
            self.turned_away.remove(0);
        }
        self.turned_away.push((notebook, who, now_ms));
    }

    pub(super) fn distrust(&mut self, notebook: NotebookId, person: PersonId) {
        self.is_changed |= self.distrusted.insert((notebook, person));
    }

    pub(super) fn trust(&mut self, notebook: NotebookId, person: PersonId) {
        self.is_changed |= self.distrusted.remove(&(notebook, person));
    }

    fn note_known_leave(&mut self, notebook: NotebookId) {
        self.is_changed |= self.left.insert(notebook);
    }

    fn note_asked(&mut self, notebook: NotebookId) {
        self.is_changed |= self.asked.insert(notebook);
    }

    /// Says whether a stranger's entries of a notebook are looked at now.
    pub(super) fn hears_stranger(&mut self, notebook: NotebookId, now_ms: u64) -> bool {
        self.heard
            .is_due(notebook, DeviceId::from_bytes([0; 32]), now_ms)
    }

    /// Says whether anything changed since the last call.
    pub(super) const fn take_changed(&mut self) -> bool {
        std::mem::replace(&mut self.is_changed, false)
    }

    pub(super) fn is_distrusted(&self, notebook: NotebookId, person: PersonId) -> bool {
        self.distrusted.contains(&(notebook, person))
    }

    /// Says whether this device exchanges a notebook with its members.
    pub(super) fn takes_part(&self, replica: &Replica) -> bool {
        self.looks_for_peers(replica) || self.asked.contains(&replica.notebook())
    }

    /// Says whether this device looks for a notebook's members.
    fn looks_for_peers(&self, replica: &Replica) -> bool {
        match replica.standing() {
            Standing::Member | Standing::Unknown => true,
            Standing::Left(_) => !self.left.contains(&replica.notebook()),
            _ => false,
        }
    }
}

/// Queues what a peer is still told of a notebook that it is out of; returns whether anything ended it.
pub(super) fn part_from(session: &mut Session, replica: &Replica) -> bool {
    let heads = session
        .view(replica.notebook())
        .map(|view| view.frontier.control_heads.clone())
        .unwrap_or_default();
    tell(session, replica, &heads)
}

fn tell(session: &mut Session, replica: &Replica, heads: &[crate::ids::ControlHash]) -> bool {
    let Some(words) = replica.last_words_for(&session.peer(), heads) else {
        return false;
    };
    let said = (words.entries, words.ending);
    session.part(replica.notebook(), said, words.may_know_better);
    true
}

impl Engine {
    /// Returns who came since the start with an admission to a notebook that is void, and when they last did, in
    /// milliseconds since 1970 UTC: but for those who are members by now.
    pub fn turned_away(&self, notebook: NotebookId) -> impl Iterator<Item = (&TurnedAway, u64)> {
        let replica = self.replicas.get(&notebook);
        let came = self.apart.turned_away.iter();
        came.filter(move |(of, who, _)| {
            let is_member = |replica: &Replica| replica.membership().member(&who.person).is_some();
            *of == notebook && !replica.is_some_and(is_member)
        })
        .map(|(_, who, at_ms)| (who, *at_ms))
    }

    /// Says whether this device looks for the members of a notebook: not once it is out of it.
    pub fn looks_for_peers(&self, notebook: NotebookId) -> bool {
        self.replicas
            .get(&notebook)
            .is_some_and(|replica| self.apart.looks_for_peers(replica))
    }

    /// Returns the device that proves itself by a transport key, where it was a member's and is no more.
    pub(super) fn former_device_of(&self, remote: &TransportId) -> Option<(DeviceId, VerifyKey)> {
        self.replicas
            .values()
            .filter(|replica| replica.standing() == Standing::Member)
            .find_map(|replica| {
                let mut devices = replica.controls().devices();
                let (_, card) = devices.find(|(_, card)| card.transport == *remote)?;
                let ended = replica.standing_of(&card.id()).ending();
                ended.map(|_| (card.id(), card.verify_key))
            })
            .or_else(|| self.former_mirror_at(remote))
    }

    /// Looks at what a peer said of notebooks that one of the two is out of, in a frame about `only` one that
    /// both share, or about any.
    pub(super) fn heard_apart(
        &mut self,
        session: &mut Session,
        only: Option<NotebookId>,
    ) -> Result<(), SessionError> {
        let peer = session.peer();
        let only = only.filter(|_| !session.has_any_early());
        let one = only.and_then(|notebook| self.replicas.get_key_value(&notebook));
        let all = self.replicas.iter().filter(|_| only.is_none());
        let mut aware = Vec::new();
        for (notebook, replica) in one.into_iter().chain(all) {
            let standing = replica.standing();
            if matches!(standing, Standing::Left(_)) && knows_of(session, replica) {
                self.apart.note_known_leave(*notebook);
            }
            if !session.has_early(*notebook) {
                continue;
            }
            if replica.membership().person_of(&peer).is_some() {
                if standing.ending().is_some() {
                    self.apart.note_asked(*notebook);
                }
            } else if let Some(ending) = replica.standing_of(&peer).ending()
                && let Some(told) = session.take_early(*notebook)?
            {
                let heads = &told.frontier.control_heads;
                if replica.controls().is_within(&ending, heads) {
                    aware.push((*notebook, ending));
                }
                tell(session, replica, heads);
            }
        }
        for (notebook, ending) in aware {
            self.note_knows_end(peer, notebook, ending);
        }
        Ok(())
    }
}

impl Engine {
    /// Takes what a peer says against being out: what makes it a member is taken in as from any member, and
    /// anything else leaves no trace.
    pub(super) fn hear_objections(&mut self, session: &mut Session, now_ms: u64) {
        let peer = session.peer();
        for (notebook, shown) in session.take_objections() {
            let Some(replica) = self.replicas.get(&notebook) else {
                continue;
            };
            let Some(ending) = replica.standing_of(&peer).ending() else {
                continue;
            };
            let controls = replica.controls();
            let hearing = match session.take_hearing(notebook) {
                Some(hearing) if hearing.is_of(controls) => *hearing,
                Some(_) => continue,
                None if self.apart.heard.is_due(notebook, peer, now_ms) => Hearing::of(controls),
                None => continue,
            };
            let entries = match hearing.hear(&peer, &shown) {
                Heard::Member(entries) => entries,
                Heard::More(hearing) => {
                    session.hear_on(notebook, hearing, ending);
                    continue;
                }
                Heard::Nothing => continue,
            };
            let replica = self.replicas.get_mut(&notebook);
            if replica.is_some_and(|replica| replica.ingest_controls(entries).is_ok()) {
                session.rejoin(notebook);
                self.rekeys.look_at(notebook);
                self.own.check(notebook);
                self.effects.push_back(Effect::MembershipChanged(notebook));
            }
        }
    }

    /// Answers each peer that says this device is out of a notebook: with what makes it a member, where the entries
    /// here do. Nothing is unsaved.
    pub(super) fn object(&mut self, now_ms: u64) {
        for connection in self.connections.values_mut() {
            let Connection::Sync { session, .. } = connection else {
                continue;
            };
            let peer = session.peer();
            for (notebook, ending) in session.take_called_out() {
                let replica = self.replicas.get(&notebook);
                let replica = replica.filter(|it| it.standing() == Standing::Member);
                let shown = session.shown(notebook);
                let mut is_due =
                    || !shown.is_empty() || self.apart.said.is_due(notebook, peer, now_ms);
                let objection = replica.filter(|_| is_due()).map(|replica| {
                    let record = self.peers.get(&(notebook, peer));
                    let heads = record.map(|record| &record.frontier.control_heads);
                    let mut known = vec![ending];
                    known.extend(heads.into_iter().flatten());
                    let own = self.identity.device.id();
                    replica.controls().objection(&own, &known, shown)
                });
                session.object(notebook, objection.unwrap_or_default());
            }
        }
    }
}

/// Says whether the peer showed that it knows that this person left.
fn knows_of(session: &Session, replica: &Replica) -> bool {
    let Some(leave) = replica.standing().ending() else {
        return false;
    };
    session.has_heard_leave(replica.notebook())
        || session.view(replica.notebook()).is_some_and(|view| {
            replica
                .controls()
                .is_within(&leave, &view.frontier.control_heads)
        })
}
