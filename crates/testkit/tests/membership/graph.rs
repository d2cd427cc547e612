//! Draws histories of control entries: honest ones, written on what their author knows, and hostile ones,
//! back-dated to any past and standing on whatever the author ever held.

use std::collections::BTreeMap;

use hearth_core::control::{
    Admit, ControlAuthor, ControlEntry, ControlKind, ControlSet, Cut, Invite, Membership, Rekey,
    Rights, SignedText,
};
use hearth_core::crypto::{SIGNATURE_BYTES, Secret};
use hearth_core::document::DocumentId;
use hearth_core::identity::{DeviceSecrets, MirrorSecrets, Roster, RosterEntry, RosterKind};
use hearth_core::ids::{ControlHash, NotebookId, PersonId};
use hearth_testkit::dice::Dice;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::people::{DEVICES, PEOPLE, Person, people};

/// A history and who drew it.
pub(crate) struct Graph {
    pub(crate) random: ChaCha20Rng,
    /// What each person knows.
    pub(crate) known: Vec<ControlSet>,
    /// How often each kind of entry was drawn.
    pub(crate) drawn: BTreeMap<&'static str, u64>,
}

/// How an entry is placed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// On all that its author knows.
    Honest,
    /// On a part of the past that its author chose.
    BackDated,
}

impl Graph {
    /// Starts a notebook that everybody may come to know.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let creator = &people()[0];
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&random.next().to_le_bytes());
        let create = ControlAuthor {
            device: &creator.devices[0],
            notebook: NotebookId::ZERO,
            heads: Vec::new(),
            standing: ControlHash::ZERO,
        }
        .sign(
            ControlKind::Create {
                nonce,
                roster: Box::new(creator.founded.clone()),
                base: Vec::new(),
            },
            None,
        );
        let set = ControlSet::new(create).unwrap();
        Self {
            random,
            known: vec![set; PEOPLE],
            drawn: BTreeMap::new(),
        }
    }

    /// Lets something happen: somebody hears of what another knows, or writes.
    pub(crate) fn step(&mut self) {
        let author = self.random.index(PEOPLE);
        match self.random.below(10) {
            0..=2 => {
                let from = self.random.index(PEOPLE);
                self.tell(from, author);
            }
            3 => self.write(author, Manner::BackDated),
            _ => self.write(author, Manner::Honest),
        }
    }

    /// Tells `to` all that `from` knows.
    pub(crate) fn tell(&mut self, from: usize, to: usize) {
        let entries: Vec<ControlEntry> = self.known[from].iter().cloned().collect();
        for entry in entries {
            let _ = self.known[to].insert(entry);
        }
    }

    /// Writes one entry of a random kind, where its author can.
    pub(crate) fn write(&mut self, author: usize, manner: Manner) {
        if let Some(entry) = self.draw(author, manner) {
            self.keep(author, entry);
        }
    }

    /// Has a person admit somebody, who comes to know the notebook.
    pub(crate) fn admit_somebody(&mut self, author: usize) {
        let set = self.known[author].clone();
        let heads = set.heads_to_name();
        if let Some(standing) = self.standing(&set, &people()[author], &heads, Manner::Honest) {
            self.admit(author, &set, heads, standing);
        }
    }

    fn keep(&mut self, author: usize, entry: ControlEntry) {
        *self.drawn.entry(name_of(&entry.kind)).or_default() += 1;
        let _ = self.known[author].insert(entry);
    }

    /// Draws an entry of a person, without keeping it.
    pub(crate) fn draw(&mut self, author: usize, manner: Manner) -> Option<ControlEntry> {
        let me = &people()[author];
        let set = self.known[author].clone();
        let heads = match manner {
            Manner::Honest => set.heads_to_name(),
            Manner::BackDated => self.some_heads(&set),
        };
        let standing = self.standing(&set, me, &heads, manner)?;
        let other = self.somebody(&set);
        let kind = match self.random.below(20) {
            0..=3 => {
                self.admit(author, &set, heads, standing);
                return None;
            }
            16 | 17 => self.direct_admit(&set, other)?,
            4 | 18 => ControlKind::Remove {
                person: other,
                cut: Cut::default(),
            },
            5 => ControlKind::Demote { person: other },
            6 => ControlKind::Role {
                person: other,
                may_write: self.random.chance(2),
                cut: Cut::default(),
            },
            7 if self.random.chance(3) => ControlKind::Leave,
            8 | 9 => self.roster_change(&set, me)?,
            10 => {
                let invite = set
                    .iter()
                    .filter(|entry| matches!(entry.kind, ControlKind::Invite(_)))
                    .map(ControlEntry::hash)
                    .collect::<Vec<_>>();
                ControlKind::RevokeInvite {
                    invite: *self.random.pick(&invite)?,
                }
            }
            11 => ControlKind::Sign(SignedText {
                text_hash: [7; 32],
                document: DocumentId::INDEX,
                document_heads: Vec::new(),
            }),
            12 => self.mirror(),
            _ => self.rekey(&set, &heads),
        };
        let device = self.device(&set, me, manner, kind.carried());
        Some(sign(&set, device, heads, standing, kind))
    }

    /// Draws the addition or the removal of one of two mirrors.
    fn mirror(&mut self) -> ControlKind {
        let number = u8::from(self.random.chance(2));
        let seeds = [[10 + number; 32], [20 + number; 32]].map(Secret::from_bytes);
        let secrets = MirrorSecrets::from_seeds(seeds);
        if self.random.chance(3) {
            let mirror = secrets.id();
            ControlKind::RemoveMirror { mirror }
        } else {
            let card = Box::new(secrets.card().clone());
            ControlKind::AddMirror { card }
        }
    }

    /// Draws somebody to do something to: mostly a member.
    fn somebody(&mut self, set: &ControlSet) -> PersonId {
        let members: Vec<PersonId> = Membership::resolve(set).members().keys().copied().collect();
        match self.random.pick(&members) {
            Some(member) if !self.random.chance(4) => *member,
            _ => people()[self.random.index(PEOPLE)].id(),
        }
    }

    /// Draws some entries of the past to stand as heads.
    fn some_heads(&mut self, set: &ControlSet) -> Vec<ControlHash> {
        let all: Vec<ControlHash> = set.iter().map(ControlEntry::hash).collect();
        let mut heads: Vec<ControlHash> = Vec::new();
        for _ in 0..=self.random.below(2) {
            heads.extend(self.random.pick(&all));
        }
        heads.sort_unstable();
        heads.dedup();
        let kept = heads.clone();
        heads.retain(|head| !kept.iter().any(|other| set.is_past(head, other)));
        heads
    }

    fn standing(
        &mut self,
        set: &ControlSet,
        me: &Person,
        heads: &[ControlHash],
        manner: Manner,
    ) -> Option<ControlHash> {
        let honest = Membership::resolve_at(set, heads)
            .member(&me.id())
            .map(hearth_core::control::Member::standing);
        if manner == Manner::Honest || self.random.chance(2) {
            return honest;
        }
        let held: Vec<ControlHash> = set
            .iter()
            .filter(|entry| match &entry.kind {
                ControlKind::Create { roster, .. } => roster.person() == me.id(),
                ControlKind::Admit(admit) => admit.roster.person() == me.id(),
                _ => false,
            })
            .map(ControlEntry::hash)
            .collect();
        self.random.pick(&held).copied().or(honest)
    }

    fn device(
        &mut self,
        set: &ControlSet,
        me: &'static Person,
        manner: Manner,
        carried: Option<&RosterEntry>,
    ) -> &'static DeviceSecrets {
        // A device that was just added may say so itself.
        if let Some(RosterKind::Add { device }) = carried.map(|entry| &entry.kind)
            && self.random.chance(2)
            && let Some(added) = me.devices.iter().find(|known| known.id() == device.id())
        {
            return added;
        }
        let is_live = |device: &&DeviceSecrets| {
            set.roster(&me.id())
                .is_some_and(|roster| roster.devices().contains_key(&device.id()))
        };
        let live: Vec<&DeviceSecrets> = me.devices.iter().filter(is_live).collect();
        match manner {
            Manner::Honest if !live.is_empty() => live[self.random.index(live.len())],
            _ => &me.devices[self.random.index(DEVICES)],
        }
    }

    /// Invites somebody and admits them.
    fn admit(
        &mut self,
        author: usize,
        set: &ControlSet,
        heads: Vec<ControlHash>,
        standing: ControlHash,
    ) {
        let me = &people()[author];
        let rights = Rights {
            admin: !self.random.chance(3),
            may_write: !self.random.chance(4),
        };
        let device = self.device(set, me, Manner::Honest, None);
        let invite = sign(
            set,
            device,
            heads,
            standing,
            ControlKind::Invite(Invite {
                ticket_key: me.ticket.verify_key(),
                rights,
            }),
        );
        self.keep(author, invite.clone());
        if self.random.chance(6) {
            return;
        }
        let joiner = &people()[self.random.index(PEOPLE)];
        let roster = set
            .roster(&joiner.id())
            .cloned()
            .unwrap_or_else(|| joiner.founded.clone());
        let signed = Admit::proof_bytes(set.notebook(), invite.hash(), &roster);
        let admit = Admit {
            invite: invite.hash(),
            rights,
            roster: Box::new(roster),
            proof: me.ticket.sign(&signed),
        };
        let joiner = people().iter().position(|one| one.id() == joiner.id());
        let entry = sign(
            set,
            device,
            vec![invite.hash()],
            standing,
            ControlKind::Admit(admit),
        );
        self.keep(author, entry);
        // Whoever is admitted comes to know the notebook.
        self.tell(author, joiner.unwrap_or_default());
    }

    fn direct_admit(&mut self, set: &ControlSet, person: PersonId) -> Option<ControlKind> {
        let roster: &Roster = set.roster(&person)?;
        Some(ControlKind::Admit(Admit {
            invite: ControlHash::ZERO,
            rights: Rights {
                admin: !self.random.chance(3),
                may_write: true,
            },
            roster: Box::new(roster.clone()),
            proof: [0; SIGNATURE_BYTES],
        }))
    }

    fn roster_change(&mut self, set: &ControlSet, me: &'static Person) -> Option<ControlKind> {
        let roster = set.roster(&me.id())?;
        let (signer, other) = (
            &me.devices[self.random.index(DEVICES)],
            &me.devices[self.random.index(DEVICES)],
        );
        let is_named = roster
            .entries()
            .filter_map(|entry| entry.kind.added())
            .any(|card| card.id() == signer.id());
        let by_phrase = self.random.chance(4) || !is_named;
        let recovery = if me.new_recovery.fit(roster.recovery()) {
            &me.new_recovery
        } else {
            &me.recovery
        };
        let claim = other.claim(me.id());
        let entry = match (self.random.below(8), by_phrase) {
            (0..=3, false) => roster.add_device(signer, &claim),
            (0..=3, true) => roster.recover_device(recovery, &claim),
            (4 | 5, false) => roster.revoke_device(signer, other.id()),
            (4 | 5, true) => roster.recovery_revoke(recovery, other.id()),
            (6, _) => roster.revoke_others(recovery, other.id()),
            _ => roster.rotate_recovery(recovery, &me.new_recovery.card()),
        };
        let boxed = Box::new(entry);
        Some(match boxed.kind {
            RosterKind::Add { .. } => ControlKind::AddDevice { entry: boxed },
            RosterKind::Rotate { .. } => ControlKind::RotateRecovery { entry: boxed },
            _ => ControlKind::RevokeDevice {
                entry: boxed,
                cut: Cut::default(),
            },
        })
    }

    fn rekey(&mut self, set: &ControlSet, heads: &[ControlHash]) -> ControlKind {
        let mut recipients = Membership::resolve_at(set, heads).recipients().to_vec();
        if self.random.chance(8) {
            recipients.pop();
        }
        let superseded = Membership::resolve(set)
            .epoch_heads()
            .iter()
            .filter(|epoch| set.is_within(&epoch.rekey(), heads))
            .map(|epoch| hearth_core::control::SupersededKey {
                epoch: *epoch,
                sealed: [0; 72],
            })
            .collect();
        ControlKind::Rekey(Rekey {
            supersedes: superseded,
            commitment: [1; 32],
            recipients,
            wraps_root: [2; 32],
        })
    }
}

/// Signs an entry.
pub(crate) fn sign(
    set: &ControlSet,
    device: &DeviceSecrets,
    heads: Vec<ControlHash>,
    standing: ControlHash,
    kind: ControlKind,
) -> ControlEntry {
    ControlAuthor {
        device,
        notebook: set.notebook(),
        heads,
        standing,
    }
    .sign(kind, None)
}

fn name_of(kind: &ControlKind) -> &'static str {
    match kind {
        ControlKind::Create { .. } => "create",
        ControlKind::Admit(admit) if admit.invite.is_zero() => "direct admit",
        ControlKind::Admit(_) => "admit",
        ControlKind::Remove { .. } => "remove",
        ControlKind::Demote { .. } => "demote",
        ControlKind::Role { .. } => "role",
        ControlKind::Leave => "leave",
        ControlKind::AddDevice { .. } => "add device",
        ControlKind::RevokeDevice { .. } => "revoke device",
        ControlKind::RotateRecovery { .. } => "rotate recovery",
        ControlKind::Rekey(_) => "rekey",
        ControlKind::Invite(_) => "invite",
        ControlKind::RevokeInvite { .. } => "revoke invite",
        ControlKind::Sign(_) => "sign",
        ControlKind::AddMirror { .. } => "add mirror",
        ControlKind::RemoveMirror { .. } => "remove mirror",
        _ => "other",
    }
}
