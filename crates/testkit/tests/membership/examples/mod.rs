//! The worked examples of `docs/PROTOCOL.md`, one test each, named there beside the example: what the document says and
//! what the rules do are compared here. Each part of the document's rules has a file.

use std::collections::BTreeSet;

use hearth_core::control::{
    Admit, ContentVerdict, ControlError, ControlKind, Cut, CutLog, Freeze, Inserted, Invite,
    InviteState, KeyGrant, Membership, Recipient, Rekey, Rights, SignedText, SupersededKey,
};
use hearth_core::crypto::{SIGNATURE_BYTES, Secret};
use hearth_core::document::DocumentId;
use hearth_core::identity::{
    DeviceSecrets, MirrorSecrets, RecoveryPhrase, RecoverySecrets, Roster,
};
use hearth_core::ids::{ControlHash, EntryHash, EpochId, Incarnation, LogId, PersonId, Seq};
use hearth_core::limits::{CONTROL_ENTRIES_PER_PERSON_MAX, MEMBERS_MAX, RANK_STEPS_MAX};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::content::{Story, observer, removal};
use crate::graph::sign;
use crate::in_another_order;
use crate::people::{Person, people};

mod content;
mod devices;
mod invitations;
mod keys;
mod people;
mod texts;

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
    ControlKind::Invite(Invite {
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

/// Every example of the document is one of these tests, and the other way round.
#[test]
fn the_document_names_every_example() {
    const MARK: &str = "`examples::";
    let document = include_str!("../../../../../docs/PROTOCOL.md");
    let named: BTreeSet<&str> = document
        .split(MARK)
        .skip(1)
        .filter_map(|rest| rest.split('`').next())
        .collect();
    let sources = [
        include_str!("content.rs"),
        include_str!("devices.rs"),
        include_str!("invitations.rs"),
        include_str!("keys.rs"),
        include_str!("people.rs"),
        include_str!("texts.rs"),
    ];
    let tests: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| source.split("#[test]\nfn ").skip(1))
        .filter_map(|rest| rest.split('(').next())
        .collect();
    assert_eq!(named, tests);
    // Those that take content, and whole nodes.
    for (other, file) in [
        (
            "what_counted_work_builds_on_is_shown_whatever_comes_first",
            include_str!("../../counting.rs"),
        ),
        (
            "the_branch_that_somebody_else_built_on_counts_and_without_one_the_lower_hash",
            include_str!("../../forks.rs"),
        ),
        (
            "what_honest_people_wrote_on_the_losing_branch_is_written_again_once",
            include_str!("../../forks.rs"),
        ),
        (
            "whoever_was_removed_by_somebody_removed_shows_that_to_a_member_who_has_not_heard",
            include_str!("../../apart.rs"),
        ),
        (
            "a_ticket_that_was_redeemed_in_time_admits_for_good_whatever_anybodys_clock_says",
            include_str!("../../pairing.rs"),
        ),
        (
            "an_expired_ticket_is_refused_by_the_inviters_clock",
            include_str!("../../pairing.rs"),
        ),
        (
            "a_mirror_that_goes_back_to_an_older_copy_is_named_and_nothing_is_lost",
            include_str!("../../mirror.rs"),
        ),
        (
            "a_restored_home_loses_neither_what_it_wrote_since_nor_what_it_had_written_before",
            include_str!("../../copies.rs"),
        ),
    ] {
        let test = format!("fn {other}()");
        assert!(document.contains(other) && file.contains(&test), "{other}");
    }
}
