//! The worked examples of `docs/PROTOCOL.md`, one test each, named there beside the example: what the document says and
//! what the rules do are compared here.

use std::collections::BTreeSet;

use hearth_core::control::{
    Admit, ContentVerdict, ControlKind, Cut, InviteState, Membership, Rekey, Rights, SignedText,
    SupersededKey,
};
use hearth_core::crypto::{SIGNATURE_BYTES, Secret};
use hearth_core::document::DocumentId;
use hearth_core::identity::{DeviceSecrets, MirrorSecrets, Roster};
use hearth_core::ids::{ControlHash, EpochId, PersonId};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::content::{Story, observer, removal};
use crate::graph::sign;
use crate::in_another_order;
use crate::people::{Person, people};

/// Ana, who creates the notebook, Ben, Chloe, Deniz and Eve.
fn five() -> [&'static Person; 5] {
    [0, 1, 2, 3, 4].map(|place| &people()[place])
}

/// Resolves a story, which every order of arrival has to resolve alike.
fn resolved(story: &Story) -> Membership {
    let resolved = Membership::resolve(&story.set);
    for seed in 0..4 {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let other = in_another_order(&story.set, &mut random);
        assert_eq!(Membership::resolve(&other), resolved);
    }
    resolved
}

fn members(story: &Story) -> BTreeSet<PersonId> {
    resolved(story).members().keys().copied().collect()
}

fn set_of(people: &[&Person]) -> BTreeSet<PersonId> {
    people.iter().map(|person| person.id()).collect()
}

fn remove(person: &Person) -> ControlKind {
    removal(person, 1)
}

fn promote(story: &Story, person: &Person) -> ControlKind {
    ControlKind::Admit(Admit {
        invite: ControlHash::ZERO,
        rights: Rights {
            admin: true,
            may_write: true,
        },
        roster: Box::new(story.set.roster(&person.id()).unwrap().clone()),
        proof: [0; SIGNATURE_BYTES],
    })
}

fn admission(story: &Story, by: &Person, invite: ControlHash, joiner: &Person) -> ControlKind {
    let signed = Admit::proof_bytes(story.set.notebook(), invite, &joiner.founded);
    ControlKind::Admit(Admit {
        invite,
        rights: Rights {
            admin: false,
            may_write: true,
        },
        roster: Box::new(joiner.founded.clone()),
        proof: by.ticket.sign(&signed),
    })
}

fn invitation(by: &Person) -> ControlKind {
    ControlKind::Invite(hearth_core::control::Invite {
        ticket_key: by.ticket.verify_key(),
        rights: Rights {
            admin: false,
            may_write: true,
        },
    })
}

/// Puts an entry of a certain device on certain heads and standing into a story.
fn put(
    story: &mut Story,
    device: &DeviceSecrets,
    (heads, standing): (&[ControlHash], ControlHash),
    kind: ControlKind,
) -> ControlHash {
    let entry = sign(&story.set, device, heads.to_vec(), standing, kind);
    let hash = entry.hash();
    story.set.insert(entry).unwrap();
    hash
}

/// Ana, an admin Ben, and Chloe, an admin as well if `admin` says so.
fn three(admin: bool) -> Story {
    let [ana, ben, chloe, ..] = five();
    let mut story = Story::new();
    story.admit(ana, ben, true);
    story.admit(ana, chloe, admin);
    story
}

/// Ana's laptop and her phone, and the notebook's heads with both.
fn laptop_and_phone() -> (Story, Roster, Vec<ControlHash>) {
    let [ana, ..] = five();
    let [laptop, phone, ..] = ana.devices.as_slice() else {
        panic!("devices");
    };
    let mut story = Story::new();
    let mut roster = ana.founded.clone();
    let added = roster.add_device(laptop, &phone.claim(ana.id()));
    roster.insert(added.clone()).unwrap();
    let entry = Box::new(added);
    story.write(ana, ControlKind::AddDevice { entry });
    let heads = story.set.heads();
    (story, roster, heads)
}

fn live_devices(story: &Story, person: &Person) -> usize {
    let resolved = resolved(story);
    resolved
        .member(&person.id())
        .map_or(0, |member| member.devices.len())
}

#[test]
fn a_stolen_laptop() {
    let [ana, ..] = five();
    let [laptop, phone, thiefs, new] = ana.devices.as_slice() else {
        panic!("devices");
    };
    let (mut story, roster, heads) = laptop_and_phone();
    let create = story.set.create();
    let revoke = |entry| ControlKind::RevokeDevice {
        entry: Box::new(entry),
        cut: Cut::default(),
    };
    let by_phone = revoke(roster.revoke_device(phone, laptop.id()));
    put(&mut story, phone, (&heads, create), by_phone);
    let added = roster.add_device(laptop, &thiefs.claim(ana.id()));
    let entry = Box::new(added);
    put(
        &mut story,
        laptop,
        (&heads, create),
        ControlKind::AddDevice { entry },
    );
    let by_thief = revoke(roster.revoke_device(laptop, phone.id()));
    put(&mut story, laptop, (&heads, create), by_thief);
    assert_eq!(live_devices(&story, ana), 0, "nobody is on the roster");
    let known = story.set.roster(&ana.id()).unwrap().clone();
    let entry = Box::new(known.recover_device(&ana.recovery, &new.claim(ana.id())));
    let all = story.set.heads();
    put(
        &mut story,
        new,
        (&all, create),
        ControlKind::AddDevice { entry },
    );
    let member = resolved(&story).member(&ana.id()).unwrap().clone();
    assert_eq!(member.devices.keys().collect::<Vec<_>>(), [&new.id()]);
}

#[test]
fn a_laptop_that_the_phrase_takes_off() {
    let [ana, ..] = five();
    let [laptop, phone, thiefs, _] = ana.devices.as_slice() else {
        panic!("devices");
    };
    let (mut story, roster, heads) = laptop_and_phone();
    let create = story.set.create();
    let revoke = |entry| ControlKind::RevokeDevice {
        entry: Box::new(entry),
        cut: Cut::default(),
    };
    let by_phrase = revoke(roster.recovery_revoke(&ana.recovery, laptop.id()));
    put(&mut story, phone, (&heads, create), by_phrase);
    let entry = Box::new(roster.add_device(laptop, &thiefs.claim(ana.id())));
    put(
        &mut story,
        laptop,
        (&heads, create),
        ControlKind::AddDevice { entry },
    );
    let by_thief = revoke(roster.revoke_device(laptop, phone.id()));
    put(&mut story, laptop, (&heads, create), by_thief);
    let member = resolved(&story).member(&ana.id()).unwrap().clone();
    assert_eq!(member.devices.keys().collect::<Vec<_>>(), [&phone.id()]);
}

#[test]
fn somebody_who_left() {
    let [ana, ben, chloe, ..] = five();
    let mut story = three(false);
    let old = story.standing(ben, &story.set.heads());
    story.write(ben, ControlKind::Leave);
    let heads = story.set.heads();
    let removal = put(&mut story, &ben.devices[0], (&heads, old), remove(chloe));
    assert!(!story.set.is_well_formed(&removal));
    assert_eq!(members(&story), set_of(&[ana, chloe]));
    // Let in again as an admin, he may.
    story.admit(ana, ben, true);
    let removal = story.write(ben, remove(chloe));
    assert!(story.set.is_well_formed(&removal));
    assert_eq!(members(&story), set_of(&[ana, ben]));
}

#[test]
fn the_line_of_grants() {
    let [ana, ben, chloe, deniz, _] = five();
    let mut story = Story::new();
    story.admit(ana, ben, true);
    story.admit(ana, deniz, true);
    story.admit(ben, chloe, true);
    let resolved = resolved(&story);
    let is_senior = |one: &Person, other: &Person| resolved.is_senior(&one.id(), &other.id());
    assert!(is_senior(ana, ben) && is_senior(ben, chloe) && is_senior(ben, deniz));
    assert!(is_senior(chloe, deniz) && !is_senior(deniz, chloe));
    story.write(deniz, remove(chloe));
    assert_eq!(members(&story), set_of(&[ana, ben, chloe, deniz]));
}

#[test]
fn two_admins_who_remove_each_other() {
    let [ana, ben, chloe, ..] = five();
    let mut story = three(true);
    let heads = story.set.heads();
    story.on(heads.clone(), chloe, remove(ben));
    story.on(heads, ben, remove(chloe));
    assert_eq!(members(&story), set_of(&[ana, ben]));
}

#[test]
fn a_removed_admin_who_back_dates() {
    let [ana, ben, chloe, deniz, eve] = five();
    let mut story = three(false);
    story.admit(ben, deniz, false);
    let before = story.set.heads();
    story.write(ana, remove(ben));
    let invite = story.on(before.clone(), ben, invitation(ben));
    let puppet = admission(&story, ben, invite, eve);
    story.on(vec![invite], ben, puppet);
    story.on(before, ben, remove(chloe));
    assert_eq!(members(&story), set_of(&[ana, chloe, deniz]));
}

#[test]
fn a_puppet_admitted_in_time() {
    let [ana, ben, chloe, _, eve] = five();
    let mut story = three(false);
    story.admit(ben, eve, true);
    let heads = story.set.heads();
    story.write(ana, remove(ben));
    assert_eq!(members(&story), set_of(&[ana, chloe, eve]));
    story.on(heads, eve, remove(ana));
    assert_eq!(members(&story), set_of(&[ana, chloe, eve]));
    story.write(ana, remove(eve));
    assert_eq!(members(&story), set_of(&[ana, chloe]));
}

#[test]
fn a_demoted_admin() {
    let [ana, ben, chloe, deniz, eve] = five();
    let mut story = three(false);
    story.admit(ben, deniz, false);
    let before = story.set.heads();
    let person = ben.id();
    story.write(ana, ControlKind::Demote { person });
    story.on(before.clone(), ben, remove(chloe));
    let invite = story.on(before, ben, invitation(ben));
    let late = admission(&story, ben, invite, eve);
    story.on(vec![invite], ben, late);
    assert_eq!(members(&story), set_of(&[ana, ben, chloe, deniz]));
    let member = resolved(&story).member(&ben.id()).unwrap().clone();
    assert!(!member.rights.admin && member.rights.may_write);
    let again = promote(&story, ben);
    story.write(ana, again);
    assert!(resolved(&story).member(&ben.id()).unwrap().rights.admin);
}

#[test]
fn readmission() {
    let [ana, ben, chloe, ..] = five();
    let mut story = three(true);
    let before = story.set.heads();
    story.write(ana, remove(ben));
    // Chloe lets him in at the same time.
    let invite = story.on(before, chloe, invitation(chloe));
    let beside = admission(&story, chloe, invite, ben);
    story.on(vec![invite], chloe, beside);
    assert_eq!(members(&story), set_of(&[ana, chloe]));
    story.admit(ana, ben, false);
    assert_eq!(members(&story), set_of(&[ana, ben, chloe]));
}

#[test]
fn invitations_that_cross() {
    let [ana, ben, _, deniz, _] = five();
    let phone = &ana.devices[1];
    for by_junior in [true, false] {
        let (mut story, _, _) = laptop_and_phone();
        story.admit(ana, ben, true);
        let invite = story.write(ana, invitation(ana));
        let heads = story.set.heads();
        let joins = admission(&story, ana, invite, deniz);
        let admit = story.on(heads.clone(), ana, joins);
        let (device, who) = if by_junior {
            (&ben.devices[0], ben)
        } else {
            (phone, ana)
        };
        let standing = story.standing(who, &heads);
        let revoked = ControlKind::RevokeInvite { invite };
        put(&mut story, device, (&heads, standing), revoked);
        let resolved = resolved(&story);
        assert_eq!(resolved.member(&deniz.id()).is_some(), by_junior);
        assert_eq!(resolved.voided_admissions().contains(&admit), !by_junior);
        let state = if by_junior {
            InviteState::Used(deniz.id())
        } else {
            InviteState::Revoked
        };
        assert_eq!(resolved.invites().get(&invite), Some(&state));
    }
}

#[test]
fn two_changes_of_role_at_once() {
    let [ana, ben, chloe, ..] = five();
    let writes = |story: &Story| {
        resolved(story)
            .member(&chloe.id())
            .unwrap()
            .rights
            .may_write
    };
    let writer = ControlKind::Role {
        person: chloe.id(),
        may_write: true,
        cut: Cut::default(),
    };
    // The more senior author counts, whatever it says.
    let mut story = three(false);
    let heads = story.set.heads();
    story.on(heads.clone(), ana, writer.clone());
    story.on(heads, ben, observer(chloe, 1));
    assert!(writes(&story));
    // Of equal ones: observer.
    let (mut story, _, _) = laptop_and_phone();
    story.admit(ana, chloe, false);
    let heads = story.set.heads();
    let create = story.set.create();
    put(
        &mut story,
        &ana.devices[1],
        (&heads, create),
        writer.clone(),
    );
    put(
        &mut story,
        &ana.devices[0],
        (&heads, create),
        observer(chloe, 1),
    );
    assert!(!writes(&story));
    // One that knows of both decides.
    story.write(ana, writer);
    assert!(writes(&story));
}

#[test]
fn two_last_admins_who_leave_at_once() {
    let [ana, ben, chloe, ..] = five();
    let mut story = three(false);
    let heads = story.set.heads();
    story.on(heads.clone(), ana, ControlKind::Leave);
    story.on(heads, ben, ControlKind::Leave);
    assert_eq!(members(&story), set_of(&[chloe]));
    // Ana's `create` is a grant still, and Ben's is none.
    let (heads, create) = (story.set.heads(), story.set.create());
    let by_ana = promote(&story, chloe);
    put(&mut story, &ana.devices[0], (&heads, create), by_ana);
    let member = resolved(&story).member(&chloe.id()).unwrap().clone();
    assert!(member.rights.admin);
}

#[test]
fn what_a_cut_leaves() {
    let [ana, ben, ..] = five();
    let mut story = Story::new();
    let admitted = vec![story.admit(ana, ben, false)];
    let removed = story.write(ana, removal(ben, 5));
    let late = ContentVerdict::AfterEnding(removed);
    assert_eq!(story.judge(ben, &admitted, 5), ContentVerdict::Counts);
    assert_eq!(story.judge(ben, &admitted, 6), late);
    // A second ending with a shorter cut: all of them have to contain it.
    let mut story = Story::new();
    story.admit(ana, ben, true);
    let chloe = five()[2];
    let admitted = vec![story.admit(ana, chloe, false)];
    let heads = story.set.heads();
    story.on(heads.clone(), ana, removal(chloe, 9));
    let shorter = story.on(heads, ben, removal(chloe, 4));
    assert_eq!(story.judge(chloe, &admitted, 4), ContentVerdict::Counts);
    let late = ContentVerdict::AfterEnding(shorter);
    assert_eq!(story.judge(chloe, &admitted, 5), late);
}

/// Writes a re-key on some heads, that supersedes the epochs in force there; sealed to `recipients` or whom it should be.
fn rekey(story: &mut Story, by: &Person, heads: &[ControlHash], short: bool) -> EpochId {
    let mut recipients = Membership::resolve_at(&story.set, heads)
        .recipients()
        .to_vec();
    if short {
        recipients.pop();
    }
    let resolved = Membership::resolve(&story.set);
    let known = resolved
        .epoch_heads()
        .iter()
        .filter(|epoch| story.set.is_within(&epoch.rekey(), heads));
    let supersedes = known
        .map(|epoch| SupersededKey {
            epoch: *epoch,
            sealed: [0; 72],
        })
        .collect();
    let kind = ControlKind::Rekey(Rekey {
        supersedes,
        commitment: [1; 32],
        recipients,
        wraps_root: [2; 32],
    });
    story.on(heads.to_vec(), by, kind).as_epoch()
}

#[test]
fn two_keys_at_once() {
    let [ana, ben, ..] = five();
    let mut story = three(true);
    let heads = story.set.heads();
    let first = rekey(&mut story, ana, &heads, false);
    let heads = story.set.heads();
    let twice = [ana, ben].map(|by| rekey(&mut story, by, &heads, false));
    let resolved = resolved(&story);
    assert_eq!(resolved.epoch_heads(), &BTreeSet::from(twice));
    assert!(!resolved.epoch_heads().contains(&first), "it is superseded");
    // Of one level, so the lower id.
    assert_eq!(resolved.current_epoch(), twice.iter().min().copied());
    // Ben removes somebody: the next key supersedes both.
    story.write(ben, remove(five()[2]));
    let heads = story.set.heads();
    let next = rekey(&mut story, ben, &heads, false);
    let resolved = Membership::resolve(&story.set);
    assert_eq!(resolved.epoch_heads(), &BTreeSet::from([next]));
    assert_eq!(resolved.current_epoch(), Some(next));
}

#[test]
fn a_key_for_too_few() {
    let [ana, ben, ..] = five();
    let mut story = three(false);
    let heads = story.set.heads();
    let short = rekey(&mut story, ana, &heads, true);
    assert!(!resolved(&story).is_epoch(&short));
    // Somebody who only reads makes none.
    let mut story = three(false);
    story.write(ana, observer(ben, 1));
    let heads = story.set.heads();
    let by_observer = rekey(&mut story, ben, &heads, false);
    assert!(!resolved(&story).is_epoch(&by_observer));
}

#[test]
fn a_key_that_a_removed_member_dates_back() {
    let [ana, _, chloe, ..] = five();
    let mut story = three(false);
    let heads = story.set.heads();
    let first = rekey(&mut story, ana, &heads, false);
    let before = story.set.heads();
    story.write(ana, remove(chloe));
    let late = rekey(&mut story, chloe, &before, false);
    let resolved = resolved(&story);
    // Were it ever used, it could be opened; nobody seals under it.
    assert_ne!(resolved.current_epoch(), Some(late));
    assert!(resolved.epoch_heads().contains(&first));
    assert!(
        resolved.needs_rekey(&story.set),
        "Chloe holds the one in force"
    );
}

#[test]
fn a_signature_beside_a_removal() {
    let [ana, _, chloe, ..] = five();
    let sign = || {
        ControlKind::Sign(SignedText {
            text_hash: [7; 32],
            document: DocumentId::INDEX,
            document_heads: Vec::new(),
        })
    };
    for is_known in [true, false] {
        let mut story = three(false);
        let before = story.set.heads();
        if is_known {
            story.write(chloe, sign());
            story.write(ana, remove(chloe));
        } else {
            story.write(ana, remove(chloe));
            story.on(before, chloe, sign());
        }
        let signatures = resolved(&story).text_signatures(&story.set);
        assert_eq!(signatures.len(), 1);
        assert_eq!(signatures[0].counts, is_known);
    }
}

#[test]
fn a_mirror_removed_beside_its_addition() {
    let [ana, ben, ..] = five();
    let secrets = MirrorSecrets::from_seeds([[1; 32], [2; 32]].map(Secret::from_bytes));
    let add = || ControlKind::AddMirror {
        card: Box::new(secrets.card().clone()),
    };
    let mirror = secrets.id();
    let mut story = three(false);
    story.write(ana, add());
    let heads = story.set.heads();
    story.on(heads.clone(), ben, ControlKind::RemoveMirror { mirror });
    story.on(heads, ana, add());
    assert!(resolved(&story).mirrors().is_empty());
    story.write(ana, add());
    assert_eq!(resolved(&story).mirrors().len(), 1);
}

/// Every example of the document is one of these tests, and the other way round.
#[test]
fn the_document_names_every_example() {
    const MARK: &str = "`examples::";
    let document = include_str!("../../../../docs/PROTOCOL.md");
    let named: BTreeSet<&str> = document
        .split(MARK)
        .skip(1)
        .filter_map(|rest| rest.split('`').next())
        .collect();
    let source = include_str!("examples.rs");
    let tests: BTreeSet<&str> = source
        .split("#[test]\nfn ")
        .skip(1)
        .filter_map(|rest| rest.split('(').next())
        .filter(|name| *name != "the_document_names_every_example")
        .collect();
    assert_eq!(named, tests);
    // Those that take content, and whole nodes.
    for (other, file) in [
        (
            "what_counted_work_builds_on_is_shown_whatever_comes_first",
            include_str!("../counting.rs"),
        ),
        (
            "the_branch_that_somebody_else_built_on_counts_and_without_one_the_lower_hash",
            include_str!("../forks.rs"),
        ),
        (
            "what_honest_people_wrote_on_the_losing_branch_is_written_again_once",
            include_str!("../forks.rs"),
        ),
        (
            "whoever_was_removed_by_somebody_removed_shows_that_to_a_member_who_has_not_heard",
            include_str!("../apart.rs"),
        ),
    ] {
        let test = format!("fn {other}()");
        assert!(document.contains(other) && file.contains(&test), "{other}");
    }
}
