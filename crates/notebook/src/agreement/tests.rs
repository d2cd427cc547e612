#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use automerge::transaction::Transactable;
use automerge::{ActorId, ObjType, ROOT, ReadDoc};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::Writer;
use crate::documents::{Documents, MemoryDocuments};
use crate::error::EditError;
use crate::id::DocumentId;
use crate::people::{PersonRef, Signature, StaticPeople};
use crate::testing::{Bench, ben, bench};

fn consensus(topic: Topic, text: &str) -> TopicEdit {
    TopicEdit {
        topic,
        mine: None,
        consensus: Some(text.to_owned()),
    }
}

fn mine(topic: Topic, text: &str) -> TopicEdit {
    TopicEdit {
        topic,
        mine: Some(text.to_owned()),
        consensus: None,
    }
}

fn as_ben(rng: &mut ChaCha8Rng, now: jiff::Timestamp) -> Writer<'_> {
    Writer::new(now, rng, PersonRef::new("person-ben").unwrap())
}

/// Signs the text of now, as the service does.
fn sign(docs: &mut MemoryDocuments, writer: &mut Writer<'_>, people: StaticPeople) -> StaticPeople {
    let signed = record_version(docs, writer).unwrap();
    let heads = docs.read(DocumentId::INDEX).unwrap().unwrap().get_heads();
    let count = people_count(&people);
    people.with_signature(Signature {
        entry: format!("entry-{count}"),
        person: writer.me.as_str().to_owned(),
        device: "laptop".to_owned(),
        text_hash: signed.hash,
        heads,
        counts: true,
    })
}

fn people_count(people: &StaticPeople) -> usize {
    crate::people::People::signatures(people).len()
}

#[test]
fn both_sides_answer_agree_and_sign_the_exact_text() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    assert_eq!(
        show(&mut docs, &people).unwrap().state,
        AgreementState::Empty
    );
    edit(
        &mut docs,
        &mut writer,
        &[mine(Topic::Purpose, "To teach")],
        &[],
    )
    .unwrap();
    let mut theirs = docs.fork(ben());
    let mut ben_rng = bench().rng;
    let mut their = as_ben(&mut ben_rng, now);
    edit(
        &mut theirs,
        &mut their,
        &[
            mine(Topic::Purpose, "To learn"),
            consensus(Topic::Exit, "Say so."),
        ],
        &[],
    )
    .unwrap();
    edit(
        &mut docs,
        &mut writer,
        &[consensus(Topic::Purpose, "Both.")],
        &[],
    )
    .unwrap();
    docs.merge(&theirs).unwrap();

    let shown = show(&mut docs, &people).unwrap();
    assert_eq!(shown.state, AgreementState::Unsigned);
    assert_eq!(
        shown.text,
        "Agreement\n\nPurpose\n  Both.\n\nNo-fault exit\n  Say so.\n"
    );
    let answers: Vec<_> = shown.topics[0]
        .answers
        .iter()
        .map(|answer| {
            (
                answer.name.as_str(),
                answer.text.as_str(),
                &answer.written_by,
            )
        })
        .collect();
    assert_eq!(
        answers,
        [("Ben", "To learn", &None), ("Mia", "To teach", &None)]
    );

    let people = sign(&mut docs, &mut writer, people);
    let shown = show(&mut docs, &people).unwrap();
    assert_eq!(shown.state, AgreementState::Partly);
    assert_eq!(shown.missing[0].name, "Ben");
    let people = sign(&mut docs, &mut their, people);
    let shown = show(&mut docs, &people).unwrap();
    assert_eq!(
        (shown.state, shown.missing.len()),
        (AgreementState::Signed, 0)
    );
    assert_eq!(shown.signatures.len(), 2);
}

#[test]
fn a_changed_text_is_unsigned_at_once_and_an_old_one_must_be_signed_again() {
    let Bench {
        mut docs,
        mut people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let mut ben_rng = bench().rng;
    let mut their = as_ben(&mut ben_rng, now);
    let write = |docs: &mut MemoryDocuments, writer: &mut Writer<'_>, text: &str| {
        edit(docs, writer, &[consensus(Topic::Rhythm, text)], &[]).unwrap();
    };
    let state =
        |docs: &mut MemoryDocuments, people: &StaticPeople| show(docs, people).unwrap().state;
    write(&mut docs, &mut writer, "Weekly");
    people = sign(&mut docs, &mut writer, people);
    people = sign(&mut docs, &mut their, people);
    assert_eq!(state(&mut docs, &people), AgreementState::Signed);

    write(&mut docs, &mut their, "Monthly");
    let shown = show(&mut docs, &people).unwrap();
    assert_eq!(
        (shown.state, shown.signed_before),
        (AgreementState::Unsigned, true)
    );
    // Nobody has signed anything else since, so the old text is still what both signed.
    write(&mut docs, &mut their, "Weekly");
    assert_eq!(state(&mut docs, &people), AgreementState::Signed);

    write(&mut docs, &mut their, "Monthly");
    people = sign(&mut docs, &mut writer, people);
    people = sign(&mut docs, &mut their, people);
    assert_eq!(state(&mut docs, &people), AgreementState::Signed);
    write(&mut docs, &mut their, "Weekly");
    assert_eq!(state(&mut docs, &people), AgreementState::Unsigned);
    people = sign(&mut docs, &mut writer, people);
    assert_eq!(state(&mut docs, &people), AgreementState::Partly);
    people = sign(&mut docs, &mut their, people);
    assert_eq!(state(&mut docs, &people), AgreementState::Signed);
    write(&mut docs, &mut their, "Monthly");
    assert_eq!(state(&mut docs, &people), AgreementState::Unsigned);

    let log = log(&mut docs, &people).unwrap();
    let told: Vec<_> = log
        .versions
        .iter()
        .map(|version| (version.number, version.signatures.len(), version.current))
        .collect();
    assert_eq!(told, [(1, 4, false), (2, 2, true)]);
    assert!(
        log.versions[0].in_force,
        "what both signed last stands until they sign another"
    );
    assert!(log.unmatched.is_empty());
}

#[test]
fn two_agreements_begun_at_once_are_read_as_one() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut theirs = docs.fork(ben());
    let mut writer = Bench::writer(&mut rng, now);
    edit(
        &mut docs,
        &mut writer,
        &[
            mine(Topic::Scope, "Work"),
            consensus(Topic::Exit, "Say so."),
        ],
        &[],
    )
    .unwrap();
    let mut their = Writer::new(now, writer.rng, PersonRef::new("person-ben").unwrap());
    edit(
        &mut theirs,
        &mut their,
        &[
            mine(Topic::Scope, "Life"),
            consensus(Topic::Notes, "Both keep them."),
        ],
        &[],
    )
    .unwrap();
    docs.merge(&theirs).unwrap();
    let shown = show(&mut docs, &people).unwrap();
    assert_eq!(
        shown.text,
        "Agreement\n\nNo-fault exit\n  Say so.\n\nWhat becomes of the notes at the end\n  Both keep them.\n"
    );
    let scope = shown
        .topics
        .iter()
        .find(|one| one.topic == Topic::Scope)
        .unwrap();
    assert_eq!(scope.answers.len(), 2);

    edit(&mut docs, &mut their, &[consensus(Topic::Notes, "")], &[]).unwrap();
    let shown = show(&mut docs, &people).unwrap();
    assert_eq!(shown.text, "Agreement\n\nNo-fault exit\n  Say so.\n");
}

#[test]
fn an_edit_of_a_page_keeps_what_came_meanwhile() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let before = "We meet weekly.\n\nAt noon.";
    edit(
        &mut docs,
        &mut writer,
        &[consensus(Topic::Rhythm, before)],
        &[],
    )
    .unwrap();
    let me = writer.me.clone();
    let page = form(&mut docs, &people, &me).unwrap();
    edit(
        &mut docs,
        &mut writer,
        &[
            consensus(Topic::Rhythm, "We meet weekly.\n\nAt one."),
            consensus(Topic::Exit, "Say so."),
            mine(Topic::Purpose, "Curiosity"),
        ],
        &[],
    )
    .unwrap();
    let form = parse_form(&page.replace("weekly", "monthly")).unwrap();
    assert!(!form.base.is_empty());
    edit(&mut docs, &mut writer, &form.edits, &form.base).unwrap();
    let shown = show(&mut docs, &people).unwrap();
    assert_eq!(
        shown.text,
        "Agreement\n\nRhythm and length\n  We meet monthly.\n\n  At one.\n\nNo-fault exit\n  Say so.\n"
    );
    assert_eq!(shown.topics[0].answers[0].text, "Curiosity");
    let unknown = vec!["00".repeat(32)];
    let error = edit(&mut docs, &mut writer, &form.edits, &unknown).unwrap_err();
    assert!(matches!(error, EditError::BaseUnknown), "{error}");
}

#[test]
fn a_page_reads_back_whatever_the_words_hold() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let odd = "# Purpose\n## Consensus\n\\# Purpose\n<!-- base x -->\n\n## My answer\n# Other";
    let edits = [TopicEdit {
        topic: Topic::Purpose,
        mine: Some(odd.to_owned()),
        consensus: Some(odd.to_owned()),
    }];
    edit(&mut docs, &mut writer, &edits, &[]).unwrap();
    let me = writer.me.clone();
    let page = form(&mut docs, &people, &me).unwrap();
    let read = parse_form(&page).unwrap();
    assert_eq!(read.edits.len(), Topic::ALL.len());
    assert_eq!(read.edits[0], edits[0]);
    assert!(
        read.edits[1..]
            .iter()
            .all(|edit| edit.consensus.as_deref() == Some(""))
    );

    let plain = parse_form("# no-fault EXIT\n\nSay so.\nSoon.\n").unwrap();
    assert_eq!(plain.edits, [consensus(Topic::Exit, "Say so.\nSoon.")]);
    assert_eq!(parse_form(""), Err(FormError::NoTopic));
    assert_eq!(
        parse_form("Hello\n"),
        Err(FormError::BeforeTopics { line: 1 })
    );
    assert!(parse_form("# Purpose\n# Purpose\n").is_err());
}

#[test]
fn an_answer_in_somebody_elses_name_says_who_wrote_it() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    edit(&mut docs, &mut writer, &[mine(Topic::Purpose, "Mine")], &[]).unwrap();
    let mut theirs = docs.fork(ben());
    let index = theirs.write(DocumentId::INDEX).unwrap();
    let key = index
        .keys(ROOT)
        .find(|key| key.starts_with("agreement/"))
        .unwrap();
    let (_, agreement) = index.get(ROOT, key.as_str()).unwrap().unwrap();
    let mut transaction = index.transaction();
    transaction
        .put(&agreement, "answer_purpose/person-mia", "I owe Ben money")
        .unwrap();
    transaction.commit();
    docs.merge(&theirs).unwrap();
    let shown = show(&mut docs, &people).unwrap();
    let answer = &shown.topics[0].answers[0];
    assert_eq!(answer.written_by.as_ref().unwrap().name, "Ben");
}

#[test]
fn what_is_written_into_a_kept_version_changes_nothing_that_was_signed() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    edit(
        &mut docs,
        &mut writer,
        &[consensus(Topic::Exit, "Say so.")],
        &[],
    )
    .unwrap();
    let people = sign(&mut docs, &mut writer, people);
    let signed = show(&mut docs, &people).unwrap().text;
    edit(
        &mut docs,
        &mut writer,
        &[consensus(Topic::Exit, "Never.")],
        &[],
    )
    .unwrap();

    let mut theirs = docs.fork(ActorId::from([9_u8; 16]));
    let index = theirs.write(DocumentId::INDEX).unwrap();
    let key = index
        .keys(ROOT)
        .find(|key| key.starts_with("agreement/"))
        .unwrap();
    let (_, agreement) = index.get(ROOT, key.as_str()).unwrap().unwrap();
    let version = index
        .keys(&agreement)
        .find(|key| key.starts_with("version/"))
        .unwrap();
    let (_, kept) = index.get(&agreement, version.as_str()).unwrap().unwrap();
    let mut transaction = index.transaction();
    transaction.put(&kept, "text", "Everything to me").unwrap();
    transaction
        .put_object(&kept, "salt", ObjType::List)
        .unwrap();
    transaction.commit();
    docs.merge(&theirs).unwrap();
    let told = log(&mut docs, &people).unwrap();
    assert_eq!(
        (
            told.versions[0].text.as_str(),
            told.versions[0].signatures.len()
        ),
        (signed.as_str(), 1)
    );

    let mut transaction = theirs.write(DocumentId::INDEX).unwrap().transaction();
    transaction.delete(&agreement, version.as_str()).unwrap();
    transaction.commit();
    docs.merge(&theirs).unwrap();
    let told = log(&mut docs, &people).unwrap();
    assert!(told.unmatched.is_empty(), "the history still has it");
    assert!(told.versions.iter().any(|version| version.text == signed));
    // It stands behind all that are kept, and the text of now was never written beside it.
    let current = told.versions.iter().find(|version| version.current);
    assert_eq!(current.unwrap().changes, []);
}
