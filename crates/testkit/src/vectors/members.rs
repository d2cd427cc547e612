//! Roster entries of every kind, and a notebook with a control entry of every kind that is about members
//! and their devices, with what is resolved after each. Signed one by one, so that they follow from the
//! formats and the rules, and not from what a program chooses to write.

use std::fmt::Write as _;

use hearth_core::control::{
    Admit, ControlAuthor, ControlEntry, ControlKind, ControlSet, Cut, CutLog, Freeze, Invite,
    Label, Membership, Recipient, Rights, Role, SealedLabel, SignedText,
};
use hearth_core::crypto::Secret;
use hearth_core::document::{ChangeHash, DocumentId};
use hearth_core::epoch::{EpochKeys, grant, rekey};
use hearth_core::identity::{DeviceSecrets, RosterEntry, RosterKind, RosterSigner};
use hearth_core::ids::{ControlHash, DeviceId, EntryHash, Incarnation, LogId, Seq};
use hearth_core::pairing::TicketSecret;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Vector, VectorFile};
use crate::people::{Person, draw_person};

/// Seeds of the rosters and of the notebooks.
const SEEDS: std::ops::Range<u64> = 0..2;

/// Returns the vectors of roster entries, which stand behind those of founding entries.
pub(super) fn rosters() -> Vec<Vector> {
    SEEDS.flat_map(histories).collect()
}

pub(super) fn make() -> Vec<VectorFile> {
    // A story that breaks off leaves its file too short, which the test of it notices.
    let stories: Vec<Story> = SEEDS.filter_map(|seed| story(seed).ok()).collect();
    let all = |of: fn(&Story) -> &Vec<Vector>| stories.iter().flat_map(of).cloned().collect();
    vec![
        VectorFile {
            name: "members",
            vectors: all(|story| &story.vectors),
        },
        VectorFile {
            name: "epoch_keys",
            vectors: all(|story| &story.keys),
        },
    ]
}

/// Returns the word for what a roster entry says and who signed it.
fn name_of(entry: &RosterEntry) -> String {
    let kind = match entry.kind {
        RosterKind::Found { .. } => "found",
        RosterKind::Add { .. } => "add",
        RosterKind::Revoke { .. } => "revoke",
        RosterKind::Rotate { .. } => "rotate",
        RosterKind::RevokeOthers { .. } => "revoke others",
        _ => "another",
    };
    let signer = match entry.signer {
        RosterSigner::Recovery => "the recovery key",
        RosterSigner::Device(_) => "a device",
    };
    format!("{kind} by {signer}")
}

/// The roster of a person who links devices, loses some, recovers and takes a new phrase.
fn histories(seed: u64) -> Vec<Vector> {
    let person = draw_person(300 + 2 * seed, "Ana", 5);
    let other = draw_person(301 + 2 * seed, "Ben", 1);
    let mut roster = person.founded();
    let mut entries: Vec<RosterEntry> = roster.entries().cloned().collect();
    let claims: Vec<_> = person
        .devices
        .iter()
        .map(|device| device.claim(person.id()))
        .collect();
    let [first, second, ..] = person.devices.as_slice() else {
        return Vec::new();
    };
    let [_, of_second, of_third, of_fourth, of_fifth] = claims.as_slice() else {
        return Vec::new();
    };
    let (old, new) = (&person.recovery, &other.recovery);
    // Two at a time know nothing of each other, so that what comes next names both.
    let apart = [
        roster.add_device(first, of_second),
        roster.add_device(first, of_third),
    ];
    for entry in apart {
        let _is_kept = roster.insert(entry.clone());
        entries.push(entry);
    }
    type Signs<'a> = Box<dyn Fn(&hearth_core::identity::Roster) -> RosterEntry + 'a>;
    let steps: [Signs<'_>; 6] = [
        Box::new(|roster| roster.revoke_device(second, of_third.card.id())),
        Box::new(|roster| roster.recover_device(old, of_fourth)),
        Box::new(|roster| roster.recovery_revoke(old, first.id())),
        Box::new(|roster| roster.rotate_recovery(old, &new.card())),
        Box::new(|roster| roster.revoke_others(new, of_fourth.card.id())),
        Box::new(|roster| roster.recover_device(new, of_fifth)),
    ];
    for sign in steps {
        let entry = sign(&roster);
        let _is_kept = roster.insert(entry.clone());
        entries.push(entry);
    }
    (0..)
        .zip(&entries)
        .map(|(at, entry)| {
            Vector::bytes(
                format!("history {seed} entry {at}: {}", name_of(entry)),
                format!("history {seed}"),
                entry.as_bytes(),
            )
        })
        .collect()
}

/// A notebook to which entries are added, each at all heads.
struct Story {
    seed: u64,
    set: ControlSet,
    random: ChaCha20Rng,
    /// What seals the words.
    key: Secret,
    vectors: Vec<Vector>,
    /// The keys of the epochs, each by the entry that starts it.
    keys: Vec<Vector>,
}

type Failed = Box<dyn core::error::Error>;

impl Story {
    /// Signs an entry of a device at all heads, on what gives its person standing.
    fn say(
        &mut self,
        device: &DeviceSecrets,
        kind: ControlKind,
        label: Option<&Label>,
    ) -> Result<ControlHash, Failed> {
        let membership = Membership::resolve(&self.set);
        let carried = kind.carried().map(|entry| entry.person);
        let member = membership
            .member_of(&device.id())
            .or_else(|| membership.member(&carried?))
            .ok_or("not a member")?;
        let epoch = membership.current_epoch();
        let label = label
            .map(|label| SealedLabel::seal(label, epoch, &self.key, &mut self.random))
            .transpose()?;
        let author = ControlAuthor {
            device,
            notebook: self.set.notebook(),
            heads: self.set.heads(),
            standing: member.standing(),
        };
        self.tell(author.sign(kind, label))
    }

    fn tell(&mut self, entry: ControlEntry) -> Result<ControlHash, Failed> {
        let hash = entry.hash();
        self.set.insert(entry.clone())?;
        self.note(&entry);
        Ok(hash)
    }

    fn note(&mut self, entry: &ControlEntry) {
        let place = self.vectors.len() / 2;
        let input = format!("members {}", self.seed);
        let name = format!("members {} entry {place}", self.seed);
        self.vectors.push(Vector::bytes(
            format!("{name} of kind {}", entry.kind.code()),
            input.clone(),
            entry.as_bytes(),
        ));
        self.vectors.push(Vector::text(
            format!("{name} resolved"),
            input,
            resolved(&self.set),
        ));
    }

    /// Starts an epoch and takes its key for the words that follow.
    fn rekey(&mut self, device: &DeviceSecrets, keys: &mut EpochKeys) -> Result<(), Failed> {
        let new = rekey(&self.set, keys, device, None, &mut self.random)?;
        self.tell(new.entry.clone())?;
        keys.insert(new.wraps.epoch, new.key.clone());
        self.key = new.key;
        self.keys.push(Vector::bytes(
            format!("members {} key {}", self.seed, self.keys.len()),
            new.entry.hash().to_string(),
            self.key.expose(),
        ));
        Ok(())
    }
}

/// Spells out who is a member and what they may do, in the order of their ids.
pub fn resolved(set: &ControlSet) -> String {
    let membership = Membership::resolve(set);
    let mut text = String::new();
    for (person, member) in membership.members() {
        let admin = if member.rights.admin { " admin" } else { "" };
        let reads = if member.rights.may_write {
            ""
        } else {
            " reads"
        };
        let devices: Vec<String> = member
            .devices
            .keys()
            .map(|device| device.to_string().chars().take(8).collect())
            .collect();
        // Writing to a String does not fail.
        let _always = writeln!(
            text,
            "{person}{admin}{reads} standing {} devices {} recovery {}",
            member.standing(),
            devices.join(" "),
            member.recovery.id(),
        );
    }
    let _always = write!(
        text,
        "epoch {} recipients {}",
        membership
            .current_epoch()
            .map_or_else(String::new, |epoch| epoch.rekey().to_string()),
        membership.recipients().len()
    );
    text
}

fn cut(device: DeviceId, number: u8) -> CutLog {
    CutLog {
        log: LogId {
            device,
            incarnation: Incarnation::from_bytes([number; 16]),
        },
        seq: Seq::new(u64::from(number) * 1_000),
        hash: EntryHash::from_bytes([number; 32]),
    }
}

fn direct(person: &Person, set: &ControlSet, admin: bool) -> Result<ControlKind, Failed> {
    let roster = set.roster(&person.id()).ok_or("no roster")?;
    Ok(ControlKind::Admit(Admit {
        invite: ControlHash::ZERO,
        rights: Rights {
            admin,
            may_write: true,
        },
        roster: Box::new(roster.clone()),
        proof: [0; 64],
    }))
}

fn member_label(name: &str) -> Label {
    Label::Member {
        name: name.to_owned(),
        device: "laptop".to_owned(),
        role: Role::Mentee,
    }
}

/// Ana creates, admits Ben and Chloe, and everything is done to them that can be.
fn story(seed: u64) -> Result<Story, Failed> {
    let [ana, ben, chloe] = [("Ana", 400), ("Ben", 410), ("Chloe", 420)]
        .map(|(name, base)| draw_person(base + seed, name, 3));
    let (hers, his) = (&ana.devices, &ben.devices);
    let ([hers, ..], [his, his_phone, his_tablet], [chloes, ..]) =
        (hers.as_slice(), his.as_slice(), chloe.devices.as_slice())
    else {
        return Err("too few devices".into());
    };
    let mut story = begin(seed, &ana)?;
    let mut keys = EpochKeys::default();
    story.rekey(hers, &mut keys)?;
    for person in [&ben, &chloe] {
        admit(&mut story, hers, person)?;
    }
    story.rekey(hers, &mut keys)?;
    // Ben's devices.
    let mut roster = ben.founded();
    let added = roster.add_device(his, &his_phone.claim(ben.id()));
    roster.insert(added.clone())?;
    let entry = Box::new(added);
    let device = "phone".to_owned();
    story.say(
        his,
        ControlKind::AddDevice { entry },
        Some(&Label::Device { device }),
    )?;
    let epoch = Membership::resolve(&story.set).current_epoch();
    let epoch = epoch.ok_or("no epoch")?;
    let granted = grant(
        (story.set.notebook(), &Membership::resolve(&story.set)),
        his,
        (epoch, &story.key),
        Recipient::Device(his_phone.id()),
        &mut story.random,
    )?;
    story.say(his, ControlKind::Grant(Box::new(granted)), None)?;
    let recovered = roster.recover_device(&ben.recovery, &his_tablet.claim(ben.id()));
    roster.insert(recovered.clone())?;
    let entry = Box::new(recovered);
    story.say(his_tablet, ControlKind::AddDevice { entry }, None)?;
    let revoked = roster.revoke_device(his, his_phone.id());
    roster.insert(revoked.clone())?;
    let cut_logs = [cut(his_phone.id(), 1), cut(his_phone.id(), 2)];
    story.say(
        his,
        ControlKind::RevokeDevice {
            entry: Box::new(revoked),
            cut: Cut::new(cut_logs),
        },
        None,
    )?;
    let rotated = roster.rotate_recovery(&ben.recovery, &chloe.recovery.card());
    roster.insert(rotated.clone())?;
    let entry = Box::new(rotated);
    story.say(his, ControlKind::RotateRecovery { entry }, None)?;
    // The key reaches the new recovery card, which is no longer named like its person.
    story.rekey(hers, &mut keys)?;
    people_change(&mut story, (hers, his, chloes), (&ben, &chloe))?;
    Ok(story)
}

fn begin(seed: u64, ana: &Person) -> Result<Story, Failed> {
    let random = ChaCha20Rng::seed_from_u64(seed);
    let device = ana.devices.first().ok_or("no device")?;
    let author = ControlAuthor {
        device,
        notebook: hearth_core::ids::NotebookId::ZERO,
        heads: Vec::new(),
        standing: ControlHash::ZERO,
    };
    let create = author.sign(
        ControlKind::Create {
            nonce: [7; 16],
            roster: Box::new(ana.founded()),
            base: Vec::new(),
        },
        None,
    );
    let mut story = Story {
        seed,
        set: ControlSet::new(create.clone())?,
        random,
        key: Secret::from_bytes([0; 32]),
        vectors: Vec::new(),
        keys: Vec::new(),
    };
    story.note(&create);
    Ok(story)
}

fn admit(story: &mut Story, admin: &DeviceSecrets, person: &Person) -> Result<(), Failed> {
    let secret = TicketSecret::random(&mut story.random);
    let rights = Rights {
        admin: false,
        may_write: true,
    };
    let invite = ControlKind::Invite(Invite {
        ticket_key: secret.signing().verify_key(),
        rights,
    });
    let label = Label::Invite {
        role: Role::Mentee,
        expires_ms: 1_795_392_000_000,
    };
    let invite = story.say(admin, invite, Some(&label))?;
    let roster = person.founded();
    let signed = Admit::proof_bytes(story.set.notebook(), invite, &roster);
    let admission = ControlKind::Admit(Admit {
        invite,
        rights,
        proof: secret.signing().sign(&signed),
        roster: Box::new(roster),
    });
    story.say(admin, admission, Some(&member_label(person.name)))?;
    Ok(())
}

/// Promotes, demotes, changes a role and back, freezes, signs, leaves, removes, readmits.
fn people_change(
    story: &mut Story,
    (hers, his, chloes): (&DeviceSecrets, &DeviceSecrets, &DeviceSecrets),
    (ben, chloe): (&Person, &Person),
) -> Result<(), Failed> {
    let promotion = direct(ben, &story.set, true)?;
    story.say(hers, promotion, Some(&member_label(ben.name)))?;
    for role in [Role::Observer, Role::Mentor] {
        let kind = ControlKind::Role {
            person: chloe.id(),
            may_write: role.may_write(),
            cut: Cut::new((!role.may_write()).then(|| cut(chloes.id(), 3))),
        };
        story.say(his, kind, Some(&Label::Role { role }))?;
    }
    story.say(his, ControlKind::Freeze(Freeze(cut(chloes.id(), 4))), None)?;
    let signed = SignedText {
        text_hash: [5; 32],
        document: DocumentId::from_bytes([6; 16]),
        document_heads: vec![ChangeHash([7; 32]), ChangeHash([8; 32])],
    };
    story.say(chloes, ControlKind::Sign(signed), None)?;
    let person = ben.id();
    story.say(hers, ControlKind::Demote { person }, None)?;
    story.say(chloes, ControlKind::Leave, None)?;
    let readmission = direct(chloe, &story.set, false)?;
    story.say(hers, readmission, Some(&member_label(chloe.name)))?;
    let kind = ControlKind::Remove {
        person,
        cut: Cut::new([cut(his.id(), 9), cut(hers.id(), 8)]),
    };
    story.say(hers, kind, None)?;
    let readmission = direct(ben, &story.set, false)?;
    story.say(hers, readmission, Some(&member_label(ben.name)))?;
    Ok(())
}
