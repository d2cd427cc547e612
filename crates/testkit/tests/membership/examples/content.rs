//! What counts of what somebody wrote.

use super::*;

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

#[test]
fn two_branches_that_are_frozen() {
    let [ana, ben, chloe, ..] = five();
    let mut story = three(true);
    let log = LogId {
        device: chloe.devices[0].id(),
        incarnation: Incarnation::from_bytes([3; 16]),
    };
    let on = |hash: u8| {
        ControlKind::Freeze(Freeze(CutLog {
            log,
            seq: Seq::new(4),
            hash: EntryHash::from_bytes([hash; 32]),
        }))
    };
    let heads = story.set.heads();
    let by_ben = story.on(heads.clone(), ben, on(1));
    let by_ana = story.on(heads.clone(), ana, on(2));
    // Somebody who is neither an admin nor the log's own person names nothing.
    let deniz = five()[3];
    story.admit(ana, deniz, false);
    let by_deniz = story.write(deniz, on(3));
    assert!(!story.set.is_well_formed(&by_deniz));
    let choices = resolved(&story).branch_choices(&story.set, &log);
    let named: Vec<ControlHash> = choices.iter().map(|(entry, ..)| *entry).collect();
    assert_eq!(named, [by_ana, by_ben], "the senior one first");
}
