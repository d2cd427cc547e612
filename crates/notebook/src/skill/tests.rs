#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use automerge::transaction::Transactable;

use super::*;
use crate::agreement::{self, AgreementState, TopicEdit};
use crate::comment;
use crate::documents::MemoryDocuments;
use crate::people::{PersonRef, Signature, StaticPeople};
use crate::testing::{Bench, ben, bench};
use crate::word::Topic;

fn named(title: &str) -> NewSkill {
    NewSkill {
        title: title.to_owned(),
        ..NewSkill::default()
    }
}

fn person(id: &str) -> PersonRef {
    PersonRef::new(id).unwrap()
}

fn rated(of: &str, value: u32, at: &str) -> NewRating {
    NewRating {
        of: Some(person(of)),
        value,
        note: None,
        at: Some(at.to_owned()),
    }
}

fn signature(
    entry: &str,
    of: &str,
    hash: crate::TextHash,
    docs: &mut MemoryDocuments,
) -> Signature {
    Signature {
        entry: entry.to_owned(),
        person: of.to_owned(),
        device: "laptop".to_owned(),
        text_hash: hash,
        heads: docs.read(DocumentId::INDEX).unwrap().unwrap().get_heads(),
        counts: true,
    }
}

/// Mia endorses Ben; the skill, and the people who know of her signature.
fn endorsed(bench: &mut Bench) -> (ObjectId, StaticPeople) {
    let mut writer = Bench::writer(&mut bench.rng, bench.now);
    let id = add(&mut bench.docs, &mut writer, &named("Listening")).unwrap();
    let new = NewEndorsement {
        of: person("person-ben"),
        note: Some("Three interviews".to_owned()),
    };
    let docs = &mut bench.docs;
    let signed = record_endorsement(docs, &bench.people, &mut writer, id, &new).unwrap();
    let again = record_endorsement(docs, &bench.people, &mut writer, id, &new).unwrap();
    assert_eq!(signed, again, "the same words are not kept twice");
    let signature = signature("entry", "person-mia", signed.hash, docs);
    (id, bench.people.clone().with_signature(signature))
}

#[test]
fn both_sides_see_a_skill_grow() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = add(&mut docs, &mut writer, &named("Listening")).unwrap();
    let mut theirs = docs.fork(ben());
    for (value, at) in [(4, "2026-09-01"), (2, "2026-01-01"), (5, "2026-11-01")] {
        rate(
            &mut theirs,
            &mut writer,
            id,
            &rated("person-ben", value, at),
        )
        .unwrap();
    }
    rate(
        &mut docs,
        &mut writer,
        id,
        &rated("person-ben", 3, "2026-02-01"),
    )
    .unwrap();
    docs.merge(&theirs).unwrap();
    let shown = show(&mut docs, &people, id).unwrap();
    assert_eq!(shown.people.len(), 1);
    let ben = &shown.people[0];
    let own = ben.own.as_ref().unwrap();
    assert_eq!(
        (own.then, own.now, own.since.as_deref()),
        (2, 5, Some("2026-01-01"))
    );
    assert_eq!(own.values, [2, 4, 5]);
    assert_eq!(
        (ben.others[0].by.name.as_str(), ben.others[0].now),
        ("Mia", 3)
    );
    assert_eq!(shown.anchors[4].text, ANCHORS[4]);
}

#[test]
fn one_skill_that_two_began_is_read_as_one() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    crate::meta::create(&mut docs, &mut writer, "N", "peer").unwrap();
    let mut theirs = docs.fork(ben());
    let first = add(&mut docs, &mut writer, &named("Public speaking")).unwrap();
    let new = NewSkill {
        uri: Some("http://data.europa.eu/esco/skill/1".to_owned()),
        ..named("public  Speaking")
    };
    let second = add(&mut theirs, &mut writer, &new).unwrap();
    rate(
        &mut docs,
        &mut writer,
        first,
        &rated("person-mia", 2, "2026-01-01"),
    )
    .unwrap();
    rate(
        &mut theirs,
        &mut writer,
        second,
        &rated("person-mia", 3, "2026-01-02"),
    )
    .unwrap();
    let evidence = NewEvidence {
        text: "A talk".to_owned(),
        ..NewEvidence::default()
    };
    let part = add_evidence(&mut theirs, &mut writer, second, &evidence).unwrap();
    docs.merge(&theirs).unwrap();
    comment::add(&mut docs, &mut writer, part, "It was good").unwrap();
    let all = list(&mut docs, &people).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0].id, all[0].title.as_str()),
        (first, "Public speaking")
    );
    assert_eq!((all[0].ratings.len(), all[0].comments.len()), (2, 1));
    assert!(all[0].uri.is_some());
    assert_eq!(show(&mut docs, &people, second).unwrap(), all[0]);
    let rename = SkillEdit {
        title: Some("Speaking".to_owned()),
        ..SkillEdit::default()
    };
    edit(&mut docs, &mut writer, second, &rename).unwrap();
    assert_eq!(
        list(&mut docs, &people).unwrap().len(),
        1,
        "they stay together"
    );
}

#[test]
fn an_endorsement_stands_for_exactly_what_was_signed() {
    let mut bench = bench();
    let (id, people) = endorsed(&mut bench);
    let docs = &mut bench.docs;
    assert_eq!(
        show(docs, &bench.people, id).unwrap().endorsements[0].state,
        EndorsementState::Unsigned,
    );
    let shown = show(docs, &people, id).unwrap();
    assert!(shown.endorsements[0].signed);
    assert_eq!(shown.people[0].endorsed_by[0].name, "Mia");

    let mut writer = Bench::writer(&mut bench.rng, bench.now);
    let rename = |title: &str| SkillEdit {
        title: Some(title.to_owned()),
        ..SkillEdit::default()
    };
    edit(docs, &mut writer, id, &rename("Selling")).unwrap();
    let shown = show(docs, &people, id).unwrap();
    assert_eq!(shown.endorsements[0].state, EndorsementState::Changed);
    assert!(shown.people[0].endorsed_by.is_empty());
    assert!(
        shown.endorsements[0]
            .signed_text
            .contains("Skill: Listening")
    );
    edit(docs, &mut writer, id, &rename("Listening")).unwrap();
    assert!(show(docs, &people, id).unwrap().endorsements[0].signed);

    assert!(withdraw_endorsement(docs, &people, &mut writer, id, &person("person-ben")).unwrap());
    let shown = show(docs, &people, id).unwrap();
    assert_eq!(shown.endorsements[0].state, EndorsementState::Withdrawn);
    assert!(!withdraw_endorsement(docs, &people, &mut writer, id, &person("person-ben")).unwrap());
}

#[test]
fn nobody_makes_another_vouch_or_take_it_back() {
    let mut bench = bench();
    let (id, people) = endorsed(&mut bench);
    let docs = &mut bench.docs;
    let key = Kind::Endorsement.key(show(docs, &people, id).unwrap().endorsements[0].id);
    let mut theirs = docs.fork(ben());
    {
        let index = theirs.write(DocumentId::INDEX).unwrap();
        let skill = Record::keyed(index, &Kind::Skill.key(id)).unwrap().obj;
        let own = Record::read(index, skill.clone()).fields[&key].op.clone();
        let salt = Record::read(index, own.clone()).bytes_32("salt").unwrap();
        let text = Record::read(index, own.clone()).str("signed_text").unwrap();
        let mut transaction = index.transaction();
        transaction.put(&own, "withdrawn", true).unwrap();
        transaction
            .put(&own, "note", "and everything else")
            .unwrap();
        transaction.put(&own, "of", "person-cy").unwrap();
        // The words and the salt of Mia's, as if Ben had signed them for somebody else.
        let copied = format!("endorsement/{}", "01KAS3W0QJ2Z8E5XNB4T7VYG9M");
        let copied = transaction
            .put_object(&skill, copied, automerge::ObjType::Map)
            .unwrap();
        transaction.put(&copied, "of", "person-ben").unwrap();
        transaction.put(&copied, "salt", salt.to_vec()).unwrap();
        transaction.put(&copied, "signed_text", text).unwrap();
        transaction.commit();
    }
    docs.merge(&theirs).unwrap();
    let shown = show(docs, &people, id).unwrap();
    let states: Vec<_> = shown
        .endorsements
        .iter()
        .map(|one| (one.by.name.as_str(), one.of.name.as_str(), one.state))
        .collect();
    assert!(states.contains(&("Mia", "Ben", EndorsementState::Signed)));
    assert!(states.contains(&("Ben", "Ben", EndorsementState::Unsigned)));
    let mine = shown.endorsements.iter().find(|one| one.signed).unwrap();
    assert_eq!(mine.note, "Three interviews");
}

#[test]
fn a_signed_endorsement_leaves_the_agreement_as_it_was_signed() {
    let mut bench = bench();
    let mut writer = Bench::writer(&mut bench.rng, bench.now);
    let agree = |consensus: &str| TopicEdit {
        topic: Topic::Exit,
        mine: None,
        consensus: Some(consensus.to_owned()),
    };
    let docs = &mut bench.docs;
    agreement::edit(docs, &mut writer, &[agree("Any time")], &[]).unwrap();
    let signed = agreement::record_version(docs, &mut writer).unwrap();
    let first = signature("one", "person-mia", signed.hash, docs);
    let theirs = signature("two", "person-ben", signed.hash, docs);
    let (_, people) = endorsed(&mut bench);
    let people = people.with_signature(first).with_signature(theirs);
    let docs = &mut bench.docs;
    let shown = agreement::show(docs, &people).unwrap();
    assert_eq!(shown.state, AgreementState::Signed);
    assert!(!shown.signed_before);
    assert!(agreement::log(docs, &people).unwrap().unmatched.is_empty());
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let docs = &mut docs;
    let id = add(docs, &mut writer, &named("Listening")).unwrap();
    for value in [0, 6, u32::MAX] {
        let new = NewRating {
            value,
            ..NewRating::default()
        };
        assert!(rate(docs, &mut writer, id, &new).is_err());
    }
    assert!(add(docs, &mut writer, &named(" ")).is_err());
    let odd = NewSkill {
        uri: Some("not a link".to_owned()),
        ..named("X")
    };
    assert!(add(docs, &mut writer, &odd).is_err());
    let odd = NewSkill {
        anchors: vec![(6, "x".to_owned())],
        ..named("X")
    };
    assert!(add(docs, &mut writer, &odd).is_err());
    let own = NewEndorsement {
        of: writer.me.clone(),
        note: None,
    };
    let refused = record_endorsement(docs, &people, &mut writer, id, &own).unwrap_err();
    assert!(
        refused.to_string().starts_with("nobody endorses"),
        "{refused}"
    );
    let nowhere = writer.new_id();
    assert!(
        rate(
            docs,
            &mut writer,
            nowhere,
            &rated("person-ben", 3, "2026-01-01")
        )
        .is_err()
    );
    assert_eq!(list(docs, &people).unwrap().len(), 1);
}
