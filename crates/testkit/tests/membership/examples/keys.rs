//! Which keys count, and which one is in force.

use super::*;

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
fn a_key_by_somebody_who_is_no_admin() {
    let [ana, ben, chloe, ..] = five();
    let mut story = Story::new();
    for joiner in [ben, chloe] {
        story.admit(ana, joiner, false);
    }
    let heads = story.set.heads();
    rekey(&mut story, ana, &heads, false);
    // Nothing has happened since: Ben may make none.
    let heads = story.set.heads();
    let idle = rekey(&mut story, ben, &heads, false);
    assert!(!resolved(&story).is_epoch(&idle));
    // Chloe leaves: somebody has to, and he may.
    let left = story.on(heads, chloe, ControlKind::Leave);
    let due = rekey(&mut story, ben, &[left], false);
    assert!(resolved(&story).is_epoch(&due));
    assert_eq!(resolved(&story).current_epoch(), Some(due));
}

fn grant(epoch: EpochId, to: &Person) -> ControlKind {
    ControlKind::Grant(Box::new(KeyGrant {
        epoch,
        recipient: Recipient::Device(to.devices[0].id()),
        wrap: vec![0; 1168],
    }))
}

#[test]
fn a_key_that_somebody_hands_on_who_is_out() {
    let [ana, ben, chloe, _, eve] = five();
    let mut story = three(false);
    let heads = story.set.heads();
    let held = rekey(&mut story, ana, &heads, false);
    let before = story.set.heads();
    let standing = story.standing(chloe, &before);
    story.write(ana, remove(chloe));
    let heads = story.set.heads();
    let next = rekey(&mut story, ana, &heads, false);
    let heads = story.set.heads();
    // With heads from before, she hands on what she held, to whom was a member then, and nothing else.
    let sound = story.on(before.clone(), chloe, grant(held, ben));
    let to_nobody = story.on(before.clone(), chloe, grant(held, eve));
    let of_next = story.on(before, chloe, grant(next, ben));
    let knowing = put(
        &mut story,
        &chloe.devices[0],
        (&heads, standing),
        grant(held, ben),
    );
    let counts = [sound, to_nobody, of_next, knowing].map(|entry| story.set.is_well_formed(&entry));
    assert_eq!(counts, [true, false, false, false]);
}
