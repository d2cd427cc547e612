//! What an attacker draws: control entries of every kind, and content.

use std::collections::BTreeMap;

use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, ROOT};
use hearth_core::control::{
    Admit, ControlAuthor, ControlEntry, ControlKind, ControlSet, Cut, CutLog, Freeze, Invite,
    Membership, Rekey, Rights, SignedText,
};
use hearth_core::crypto::SIGNATURE_BYTES;
use hearth_core::document::{DocumentId, scan};
use hearth_core::engine::Identity;
use hearth_core::epoch::{self, Wraps};
use hearth_core::identity::Roster;
use hearth_core::ids::{ControlHash, PersonId};
use hearth_core::log::RawEntry;
use hearth_core::pairing::TicketSecret;
use hearth_testkit::adversary::HostileMember;
use hearth_testkit::dice::Dice;
use hearth_testkit::people::{Person, crowd};
use hearth_testkit::world::{GOALS, identity_of};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::notebook::{OUTSIDER, PUPPETS, REMOVED, Victims};

/// A document that only the attackers know of.
pub(crate) const DOCUMENT: DocumentId = DocumentId::from_bytes([0x66; 16]);
/// Most entries of one attack.
const ENTRIES_MAX: u64 = 24;

/// Something that a copy is sent.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    /// A control entry.
    Control(ControlEntry),
    /// The wraps of a key.
    Wraps(Wraps),
    /// A content entry.
    Entry(RawEntry),
}

/// What is sent in one attack, in order.
pub(crate) type Batch = Vec<Item>;

/// Somebody who knows everything, and draws what to sign.
pub(crate) struct Attack<'a> {
    victims: &'a Victims,
    random: ChaCha20Rng,
    attackers: Vec<usize>,
    /// All control entries, their own included.
    set: ControlSet,
    /// How often each kind came up.
    pub(crate) drawn: BTreeMap<&'static str, u64>,
}

impl<'a> Attack<'a> {
    pub(crate) fn new(seed: u64, victims: &'a Victims, with_puppets: bool) -> Self {
        let puppets = PUPPETS.into_iter().filter(|_| with_puppets);
        Self {
            victims,
            random: ChaCha20Rng::seed_from_u64(seed),
            attackers: [REMOVED].into_iter().chain(puppets).collect(),
            set: victims.known.controls().clone(),
            drawn: BTreeMap::new(),
        }
    }

    /// Draws an attack.
    pub(crate) fn draw(&mut self) -> Batch {
        let mut batch = Vec::new();
        for _ in 0..=self.random.below(ENTRIES_MAX) {
            let attacker = *self.random.pick(&self.attackers.clone()).unwrap();
            match self.random.below(8) {
                0 => self.some_offline_work(&mut batch),
                1 => batch.extend(self.a_new_log(attacker)),
                _ => batch.extend(self.a_control(attacker)),
            }
        }
        batch
    }

    fn count(&mut self, what: &'static str) {
        *self.drawn.entry(what).or_default() += 1;
    }

    /// Sends what one of them wrote offline, to some place: what comes first has to be there first.
    fn some_offline_work(&mut self, batch: &mut Batch) {
        let attackers = self.attackers.clone();
        let theirs = |entry: &&(usize, Item)| attackers.contains(&entry.0);
        let all: Vec<Item> = self
            .victims
            .offline
            .iter()
            .filter(theirs)
            .map(|(_, item)| item.clone())
            .collect();
        let upto = self.random.index(all.len() + 1);
        batch.extend(all.into_iter().take(upto));
        self.count("work from offline");
    }

    /// Writes a log that nobody knew, as of some past.
    fn a_new_log(&mut self, attacker: usize) -> Vec<Item> {
        let identity = identity_of(person(attacker), 0, &person(attacker).founded()).unwrap();
        let Some(mut signer) = self.signer(&identity) else {
            return Vec::new();
        };
        signer.heads = self.some_heads();
        let id = if self.random.chance(2) {
            GOALS
        } else {
            DOCUMENT
        };
        let known = self.victims.known.documents().get(&id);
        let mut document = known.map_or_else(Automerge::new, Automerge::fork);
        document.set_actor(ActorId::from(signer.actor().as_bytes().as_slice()));
        let mut entries = Vec::new();
        for _ in 0..=self.random.below(3) {
            let mut transaction = document.transaction();
            let key = format!("taken over {}", self.random.below(4));
            transaction.put(ROOT, key, "by me").unwrap();
            transaction.commit();
            let change = scan(document.get_last_local_change().unwrap().raw_bytes()).unwrap();
            entries.push(Item::Entry(signer.sign_changes(&[(id, change)])));
        }
        self.count("a new log");
        entries
    }

    /// Returns somebody who signs content under some key that the attackers had.
    fn signer(&mut self, identity: &Identity) -> Option<HostileMember> {
        let known = &self.victims.known;
        let incarnation = 0x40 + self.random.below(64) as u8;
        let mut signer = HostileMember::new(identity, known, incarnation)?;
        let holder = hearth_core::control::Recipient::Device(identity.device.id());
        let held: Vec<_> = self
            .set
            .iter()
            .filter(|entry| match &entry.kind {
                ControlKind::Rekey(rekey) => rekey.recipients.binary_search(&holder).is_ok(),
                _ => false,
            })
            .filter_map(|entry| {
                let epoch = entry.hash().as_epoch();
                Some((epoch, known.keys().get(&epoch)?.clone()))
            })
            .collect();
        let (epoch, key) = self.random.pick(&held)?.clone();
        (signer.epoch, signer.key) = (epoch, key);
        Some(signer)
    }

    /// Writes a control entry with any past and any standing, and what belongs to it.
    fn a_control(&mut self, attacker: usize) -> Vec<Item> {
        let heads = self.some_heads();
        let Some(standing) = self.some_standing(attacker) else {
            return Vec::new();
        };
        let Some((what, kind)) = self.some_kind(attacker, &heads) else {
            return Vec::new();
        };
        self.count(what);
        let entry = self.sign(attacker, heads, standing, kind);
        let mut items = vec![Item::Control(entry.clone())];
        if let ControlKind::Invite(_) = &entry.kind {
            items.extend(self.redeem(attacker, &entry, standing));
        }
        for item in &items {
            if let Item::Control(entry) = item {
                // What does not fit is sent all the same.
                let _ = self.set.insert(entry.clone());
            }
        }
        items
    }

    fn sign(
        &self,
        attacker: usize,
        heads: Vec<ControlHash>,
        standing: ControlHash,
        kind: ControlKind,
    ) -> ControlEntry {
        let author = ControlAuthor {
            device: &person(attacker).devices[0],
            notebook: self.victims.notebook,
            heads,
            standing,
        };
        author.sign(kind, None)
    }

    /// Lets somebody in by an invitation of the attacker's own.
    fn redeem(
        &mut self,
        attacker: usize,
        invite: &ControlEntry,
        standing: ControlHash,
    ) -> Option<Item> {
        let ControlKind::Invite(Invite { rights, .. }) = &invite.kind else {
            return None;
        };
        let joiner = self.somebody();
        let roster = self.roster_of(joiner);
        let proof = Admit::proof_bytes(self.victims.notebook, invite.hash(), &roster);
        let admit = Admit {
            invite: invite.hash(),
            rights: *rights,
            roster: Box::new(roster),
            proof: ticket().signing().sign(&proof),
        };
        let kind = ControlKind::Admit(admit);
        Some(Item::Control(self.sign(
            attacker,
            vec![invite.hash()],
            standing,
            kind,
        )))
    }

    fn roster_of(&self, place: usize) -> Roster {
        let known = self.set.roster(&person(place).id()).cloned();
        known.unwrap_or_else(|| person(place).founded())
    }

    fn some_kind(
        &mut self,
        attacker: usize,
        heads: &[ControlHash],
    ) -> Option<(&'static str, ControlKind)> {
        let target = self.somebody();
        let id: PersonId = person(target).id();
        let rights = Rights {
            admin: self.random.chance(2),
            may_write: true,
        };
        Some(match self.random.below(13) {
            0 | 1 => (
                "remove",
                ControlKind::Remove {
                    person: id,
                    cut: self.some_cut(),
                },
            ),
            2 => ("demote", ControlKind::Demote { person: id }),
            3 => {
                let may_write = self.random.chance(2);
                let cut = self.some_cut();
                (
                    "role",
                    ControlKind::Role {
                        person: id,
                        may_write,
                        cut,
                    },
                )
            }
            4 | 5 => {
                let ticket_key = ticket().signing().verify_key();
                ("invite", ControlKind::Invite(Invite { ticket_key, rights }))
            }
            6 => {
                let admit = Admit {
                    invite: ControlHash::ZERO,
                    rights,
                    roster: Box::new(self.roster_of(target)),
                    proof: [0; SIGNATURE_BYTES],
                };
                ("admit", ControlKind::Admit(admit))
            }
            7 => (
                "revoke invite",
                ControlKind::RevokeInvite {
                    invite: self.some_invite()?,
                },
            ),
            8 => ("rekey", self.some_rekey(heads)),
            9 => ("grant", self.some_grant(target)?),
            10 => {
                let cut = self.some_cut();
                let branch = *self.random.pick(cut.logs())?;
                ("freeze", ControlKind::Freeze(Freeze(branch)))
            }
            11 => self.some_device(attacker),
            _ if self.random.chance(2) => ("leave", ControlKind::Leave),
            _ => {
                let text = SignedText {
                    text_hash: [7; 32],
                    document: DocumentId::INDEX,
                    document_heads: Vec::new(),
                };
                ("sign", ControlKind::Sign(text))
            }
        })
    }

    fn some_device(&mut self, attacker: usize) -> (&'static str, ControlKind) {
        let me = person(attacker);
        let mut roster = self.roster_of(attacker);
        let added = roster.add_device(&me.devices[0], &me.devices[1].claim(me.id()));
        if self.random.chance(2) || roster.insert(added.clone()).is_err() {
            return (
                "add device",
                ControlKind::AddDevice {
                    entry: Box::new(added),
                },
            );
        }
        let gone = me.devices[self.random.index(2)].id();
        let entry = Box::new(roster.revoke_device(&me.devices[1], gone));
        let cut = self.some_cut();
        ("revoke device", ControlKind::RevokeDevice { entry, cut })
    }

    fn some_invite(&mut self) -> Option<ControlHash> {
        let is_invite = |entry: &&ControlEntry| matches!(entry.kind, ControlKind::Invite(_));
        let invites: Vec<_> = self
            .set
            .iter()
            .filter(is_invite)
            .map(ControlEntry::hash)
            .collect();
        self.random.pick(&invites).copied()
    }

    /// Draws a re-key for exactly those who were members as of its past.
    fn some_rekey(&mut self, heads: &[ControlHash]) -> ControlKind {
        let mut recipients = Membership::resolve_at(&self.set, heads)
            .recipients()
            .to_vec();
        if self.random.chance(4) {
            recipients.pop();
        }
        ControlKind::Rekey(Rekey {
            supersedes: Vec::new(),
            commitment: [self.random.below(256) as u8; 32],
            recipients,
            wraps_root: [3; 32],
        })
    }

    fn some_grant(&mut self, target: usize) -> Option<ControlKind> {
        let known = &self.victims.known;
        let held: Vec<_> = known.keys().epochs().collect();
        let epoch = *self.random.pick(&held)?;
        let holder = hearth_core::control::Recipient::Device(person(target).devices[0].id());
        let granted = epoch::grant(
            (self.victims.notebook, known.membership()),
            &person(REMOVED).devices[0],
            (epoch, known.keys().get(&epoch)?),
            holder,
            &mut self.random,
        );
        Some(ControlKind::Grant(Box::new(granted.ok()?)))
    }

    /// Draws somebody to do something to: a member, an attacker, somebody from outside.
    fn somebody(&mut self) -> usize {
        self.random.index(OUTSIDER + 1)
    }

    /// Draws how far logs are to count: not at all, or each up to some place of it.
    fn some_cut(&mut self) -> Cut {
        let tips: Vec<CutLog> = self
            .victims
            .offline
            .iter()
            .filter_map(|(_, item)| match item {
                Item::Entry(entry) => Some(CutLog {
                    log: entry.header().log,
                    seq: entry.header().seq,
                    hash: entry.hash(),
                }),
                _ => None,
            })
            .chain(self.victims.tips.iter().copied())
            .collect();
        let count = self.random.below(4);
        Cut::new(
            (0..count)
                .filter_map(|_| self.random.pick(&tips).copied())
                .collect::<Vec<_>>(),
        )
    }

    fn some_heads(&mut self) -> Vec<ControlHash> {
        let all: Vec<ControlHash> = self.set.iter().map(ControlEntry::hash).collect();
        let mut heads: Vec<ControlHash> = Vec::new();
        for _ in 0..=self.random.below(2) {
            heads.extend(self.random.pick(&all));
        }
        heads.sort_unstable();
        heads.dedup();
        let kept = heads.clone();
        heads.retain(|head| !kept.iter().any(|other| self.set.is_past(head, other)));
        heads
    }

    /// Draws whatever ever gave the attacker a standing.
    fn some_standing(&mut self, attacker: usize) -> Option<ControlHash> {
        let me = person(attacker).id();
        let held: Vec<ControlHash> = self
            .set
            .iter()
            .filter(|entry| matches!(&entry.kind, ControlKind::Admit(admit) if admit.roster.person() == me))
            .map(ControlEntry::hash)
            .collect();
        self.random.pick(&held).copied()
    }
}

fn person(place: usize) -> &'static Person {
    &crowd()[place]
}

/// The secret of every ticket of the attackers.
fn ticket() -> TicketSecret {
    TicketSecret::random(&mut ChaCha20Rng::seed_from_u64(99))
}
