//! What counts of what somebody wrote, by small histories.

use hearth_core::control::{
    Admit, ContentVerdict, ControlEntry, ControlKind, ControlSet, Cut, CutLog, Invite, Member,
    Membership, Rights,
};
use hearth_core::ids::{ControlHash, EntryHash, Incarnation, LogId, Seq};

use crate::graph::{Graph, sign};
use crate::people::{Person, people};

/// A small history, written by hand.
pub(crate) struct Story {
    pub(crate) set: ControlSet,
}

impl Story {
    pub(crate) fn new() -> Self {
        Self {
            set: Graph::new(1).known[0].clone(),
        }
    }

    pub(crate) fn standing(&self, person: &Person, heads: &[ControlHash]) -> ControlHash {
        let at = Membership::resolve_at(&self.set, heads);
        at.member(&person.id()).map(Member::standing).unwrap()
    }

    /// Has a person write an entry on some heads.
    pub(crate) fn on(
        &mut self,
        heads: Vec<ControlHash>,
        author: &Person,
        kind: ControlKind,
    ) -> ControlHash {
        let standing = self.standing(author, &heads);
        let entry = sign(&self.set, &author.devices[0], heads, standing, kind);
        let hash = entry.hash();
        self.set.insert(entry).unwrap();
        hash
    }

    /// Has a person write an entry on all that there is.
    pub(crate) fn write(&mut self, author: &Person, kind: ControlKind) -> ControlHash {
        self.on(self.set.heads(), author, kind)
    }

    pub(crate) fn admit(&mut self, author: &Person, joiner: &Person, admin: bool) -> ControlHash {
        let rights = Rights {
            admin,
            may_write: true,
        };
        let invite = self.write(
            author,
            ControlKind::Invite(Invite {
                ticket_key: author.ticket.verify_key(),
                rights,
            }),
        );
        let signed = Admit::proof_bytes(self.set.notebook(), invite, &joiner.founded);
        let admit = Admit {
            invite,
            rights,
            roster: Box::new(joiner.founded.clone()),
            proof: author.ticket.sign(&signed),
        };
        self.write(author, ControlKind::Admit(admit))
    }

    pub(crate) fn judge(&self, author: &Person, heads: &[ControlHash], seq: u64) -> ContentVerdict {
        self.judge_on(author, heads, seq, Some(true))
    }

    fn judge_on(
        &self,
        author: &Person,
        heads: &[ControlHash],
        seq: u64,
        is_on_chain: Option<bool>,
    ) -> ContentVerdict {
        let at = Membership::resolve_at(&self.set, heads);
        Membership::resolve(&self.set).judge_content(
            &self.set,
            &at,
            heads,
            (&log_of(author), Seq::new(seq)),
            &|_, _| is_on_chain,
        )
    }
}

fn log_of(author: &Person) -> LogId {
    LogId {
        device: author.devices[0].id(),
        incarnation: Incarnation::from_bytes([3; 16]),
    }
}

fn cut_at(author: &Person, seq: u64) -> Cut {
    Cut::new([CutLog {
        log: log_of(author),
        seq: Seq::new(seq),
        hash: EntryHash::from_bytes([9; 32]),
    }])
}

pub(crate) fn observer(target: &Person, seq: u64) -> ControlKind {
    ControlKind::Role {
        person: target.id(),
        may_write: false,
        cut: cut_at(target, seq),
    }
}

pub(crate) fn removal(target: &Person, seq: u64) -> ControlKind {
    ControlKind::Remove {
        person: target.id(),
        cut: cut_at(target, seq),
    }
}

#[test]
fn a_member_who_may_write_counts_and_nobody_else() {
    let (ana, ben) = (&people()[0], &people()[1]);
    let mut story = Story::new();
    let before = story.set.heads();
    let admitted = vec![story.admit(ana, ben, false)];
    assert_eq!(story.judge(ben, &admitted, 1), ContentVerdict::Counts);
    assert_eq!(story.judge(ben, &before, 1), ContentVerdict::NotMember);
    let silenced = vec![story.write(ana, observer(ben, 5))];
    assert_eq!(story.judge(ben, &silenced, 6), ContentVerdict::NotWriter);
}

#[test]
fn what_the_remover_knew_counts_and_nothing_beyond_it() {
    let (ana, ben) = (&people()[0], &people()[1]);
    let mut story = Story::new();
    let admitted = vec![story.admit(ana, ben, false)];
    let removed = story.write(ana, removal(ben, 5));
    assert_eq!(story.judge(ben, &admitted, 5), ContentVerdict::Counts);
    assert_eq!(
        story.judge(ben, &admitted, 6),
        ContentVerdict::AfterEnding(removed)
    );
    assert_eq!(story.judge(ben, &[removed], 6), ContentVerdict::NotMember);
    // On another branch of the log than the one that the remover knew.
    assert_eq!(
        story.judge_on(ben, &admitted, 4, Some(false)),
        ContentVerdict::AfterEnding(removed)
    );
    assert_eq!(
        story.judge_on(ben, &admitted, 4, None),
        ContentVerdict::Counts
    );
}

#[test]
fn what_was_written_as_an_observer_does_not_come_to_count_by_a_removal() {
    let (ana, ben) = (&people()[0], &people()[1]);
    let mut story = Story::new();
    let admitted = vec![story.admit(ana, ben, false)];
    let silenced = story.write(ana, observer(ben, 5));
    assert_eq!(
        story.judge(ben, &admitted, 7),
        ContentVerdict::AfterEnding(silenced)
    );
    story.write(ana, removal(ben, 9));
    assert_eq!(
        story.judge(ben, &admitted, 7),
        ContentVerdict::AfterEnding(silenced)
    );
    assert_eq!(story.judge(ben, &admitted, 5), ContentVerdict::Counts);
}

#[test]
fn a_void_admission_makes_what_was_written_under_it_void_until_a_readmission() {
    let (ana, ben, chloe) = (&people()[0], &people()[1], &people()[2]);
    let mut story = Story::new();
    story.admit(ana, ben, true);
    let before = story.set.heads();
    let admitted = vec![story.admit(ben, chloe, false)];
    assert_eq!(story.judge(chloe, &admitted, 1), ContentVerdict::Counts);
    story.on(before, ana, removal(ben, 1));
    assert_eq!(story.judge(chloe, &admitted, 1), ContentVerdict::Voided);
    story.admit(ana, chloe, false);
    assert_eq!(story.judge(chloe, &admitted, 1), ContentVerdict::Counts);
}

#[test]
fn a_revoked_device_counts_as_far_as_the_revocation_knew() {
    let (ana, ben) = (&people()[0], &people()[1]);
    let mut story = Story::new();
    let admitted = vec![story.admit(ana, ben, false)];
    let claim = ben.devices[1].claim(ben.id());
    let mut roster = ben.founded.clone();
    let added = roster.add_device(&ben.devices[0], &claim);
    roster.insert(added.clone()).unwrap();
    story.write(
        ben,
        ControlKind::AddDevice {
            entry: Box::new(added),
        },
    );
    let revoked = roster.revoke_device(&ben.devices[1], ben.devices[0].id());
    let heads = story.set.heads();
    let standing = story.standing(ben, &heads);
    let entry: ControlEntry = sign(
        &story.set,
        &ben.devices[1],
        heads,
        standing,
        ControlKind::RevokeDevice {
            entry: Box::new(revoked),
            cut: cut_at(ben, 3),
        },
    );
    let ending = entry.hash();
    story.set.insert(entry).unwrap();
    assert_eq!(story.judge(ben, &admitted, 3), ContentVerdict::Counts);
    assert_eq!(
        story.judge(ben, &admitted, 4),
        ContentVerdict::AfterEnding(ending)
    );
    assert_eq!(story.judge(ben, &[ending], 4), ContentVerdict::NotMember);
}

#[test]
fn the_branch_that_the_most_senior_author_names_comes_first() {
    let (ana, ben, chloe) = (&people()[0], &people()[1], &people()[2]);
    let mut story = Story::new();
    story.admit(ana, ben, true);
    story.admit(ana, chloe, false);
    let by_ben = story.write(ben, removal(chloe, 4));
    let freeze = ControlKind::Freeze(hearth_core::control::Freeze(CutLog {
        log: log_of(chloe),
        seq: Seq::new(7),
        hash: EntryHash::from_bytes([1; 32]),
    }));
    let by_ana = story.write(ana, freeze);
    let choices: Vec<ControlHash> = Membership::resolve(&story.set)
        .branch_choices(&story.set, &log_of(chloe))
        .into_iter()
        .map(|(entry, _, _)| entry)
        .collect();
    assert_eq!(choices, vec![by_ana, by_ben]);
}
