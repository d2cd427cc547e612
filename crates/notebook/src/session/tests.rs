#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use automerge::ReadDoc;

use super::*;
use crate::action::{self, NewAction};
use crate::limits::NOTES_BYTES_MAX;
use crate::people::PersonRef;
use crate::testing::{Bench, ben, bench, mia};
use crate::word::SessionStatus;

fn at(at: &str) -> NewSession {
    NewSession {
        at: at.to_owned(),
        zone: "Europe/Berlin".to_owned(),
        ..NewSession::default()
    }
}

fn item(title: &str) -> NewAgendaItem {
    NewAgendaItem {
        title: title.to_owned(),
        minutes: Some(10),
        brought_by: None,
    }
}

#[test]
fn a_session_shows_as_the_contract_says() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let new = NewSession {
        every: Some("2w".to_owned()),
        place: Some("Café".to_owned()),
        template: Some(crate::template::find(&[], "grow").unwrap()),
        ..at("2027-03-20 15:00")
    };
    let id = plan(&mut docs, &mut writer, &new).unwrap();
    add_agenda_item(&mut docs, &mut writer, id, &item("The talk")).unwrap();
    let shown = serde_json::to_value(show(&mut docs, &people, id).unwrap()).unwrap();
    assert_eq!(shown["title"], "GROW session");
    assert_eq!(shown["at"], "2027-03-20T15:00:00+01:00");
    assert_eq!(shown["zone"], "Europe/Berlin");
    assert_eq!(
        shown["next"], "2027-04-03T15:00:00+02:00",
        "15:00 on both sides of the change"
    );
    assert_eq!(shown["status"], "planned");
    assert!(shown["notes"].as_str().unwrap().starts_with("## Goal\n"));
    let agenda = shown["agenda"].as_array().unwrap();
    let last = agenda.last().unwrap();
    assert_eq!(
        (&last["title"], &last["minutes"], &last["done"]),
        (&"The talk".into(), &10.into(), &false.into())
    );
    assert_eq!(last["brought_by"]["name"], "Mia");
}

#[test]
fn a_plan_that_cannot_be_written_makes_nothing() {
    let Bench {
        mut docs,
        mut rng,
        now,
        ..
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let good = at("2027-03-20 15:00");
    let odd = [
        at("tomorrow"),
        NewSession {
            zone: "Nowhere".to_owned(),
            ..good.clone()
        },
        NewSession {
            minutes: Some(0),
            ..good.clone()
        },
        NewSession {
            every: Some("often".to_owned()),
            ..good.clone()
        },
    ];
    for new in odd {
        assert!(matches!(
            plan(&mut docs, &mut writer, &new),
            Err(EditError::Invalid(_))
        ));
    }
    assert!(docs.iter().next().is_none());
}

#[test]
fn what_is_left_over_shows_once_in_each_session_that_follows() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let first = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    let done = add_agenda_item(&mut docs, &mut writer, first, &item("Done")).unwrap();
    let left = add_agenda_item(&mut docs, &mut writer, first, &item("Left over")).unwrap();
    set_agenda_done(&mut docs, &mut writer, first, done, true).unwrap();
    let new = NewAction {
        title: "Write".to_owned(),
        ..NewAction::default()
    };
    let wrapped = Wrap {
        actions: vec![new],
        ..Wrap::default()
    };
    let actions = wrap(&mut docs, &mut writer, first, &wrapped).unwrap();

    // Both plan the next session without knowing of each other.
    let mut theirs = docs.fork(ben());
    let next = plan(&mut docs, &mut writer, &at("2027-03-15 15:00")).unwrap();
    let other = plan(&mut theirs, &mut writer, &at("2027-03-16 15:00")).unwrap();
    docs.merge(&theirs).unwrap();
    for session in [next, other] {
        let shown = show(&mut docs, &people, session).unwrap();
        let agenda: Vec<_> = shown
            .agenda
            .iter()
            .map(|a| (a.title.as_str(), a.carried_from))
            .collect();
        assert_eq!(agenda, [("Left over", Some(first))]);
        assert_eq!(shown.actions.len(), 1);
        assert!(shown.actions[0].carried);
    }

    // Dealt with in one, it is gone from the other and stays in the record of the first.
    set_agenda_done(&mut docs, &mut writer, next, left, true).unwrap();
    action::done(&mut docs, &mut writer, actions[0]).unwrap();
    wrap(&mut docs, &mut writer, next, &Wrap::default()).unwrap();
    let shown = show(&mut docs, &people, other).unwrap();
    assert_eq!((shown.agenda.len(), shown.actions.len()), (0, 0));
    let shown = show(&mut docs, &people, next).unwrap();
    assert_eq!((shown.agenda.len(), shown.agenda[0].done), (1, true));
}

#[test]
fn a_wrap_keeps_what_was_decided_and_learned() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    let wrapped = Wrap {
        decisions: vec!["Go".to_owned()],
        insights: vec!["It was fear".to_owned()],
        learned: vec![
            Learned {
                person: None,
                text: "To wait".to_owned(),
            },
            Learned {
                person: Some(PersonRef::new("person-ben").unwrap()),
                text: "To ask".to_owned(),
            },
        ],
        mood: Some(Mood {
            value: 4,
            text: Some("light".to_owned()),
        }),
        next: Some("2027-03-29 15:00".to_owned()),
        actions: Vec::new(),
    };
    wrap(&mut docs, &mut writer, id, &wrapped).unwrap();
    let shown = show(&mut docs, &people, id).unwrap();
    assert_eq!(shown.header.status.word(), "held");
    assert_eq!(
        (
            shown.decisions[0].text.as_str(),
            shown.insights[0].text.as_str()
        ),
        ("Go", "It was fear")
    );
    let learned: Vec<_> = shown
        .learned
        .iter()
        .map(|l| (l.person.name.as_str(), l.text.as_str()))
        .collect();
    assert_eq!(learned, [("Mia", "To wait"), ("Ben", "To ask")]);
    assert_eq!(shown.mood[0].value, Some(4));
    let next = serde_json::to_value(shown.header.next).unwrap();
    assert_eq!(next, "2027-03-29T15:00:00+02:00");

    let bad = Wrap {
        mood: Some(Mood {
            value: 6,
            text: None,
        }),
        ..Wrap::default()
    };
    assert!(wrap(&mut docs, &mut writer, id, &bad).is_err());
}

#[test]
fn nobody_confirms_the_attendance_of_another() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    attend(&mut docs, &mut writer, id).unwrap();
    // Mia's device claims that Ben was there.
    writer.me = PersonRef::new("person-ben").unwrap();
    attend(&mut docs, &mut writer, id).unwrap();
    let present = |docs: &mut crate::MemoryDocuments| -> Vec<String> {
        let attendance = show(docs, &people, id).unwrap().header.attendance;
        attendance.into_iter().map(|one| one.name).collect()
    };
    assert_eq!(present(&mut docs), ["Mia"]);
    // The claim does not keep him from saying so himself.
    let mut theirs = docs.fork(ben());
    attend(&mut theirs, &mut writer, id).unwrap();
    assert_eq!(present(&mut theirs), ["Ben", "Mia"]);
}

#[test]
fn notes_written_in_two_places_at_once_are_both_kept() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    set_notes(&mut docs, &mut writer, id, "one\ntwo\nthree\n").unwrap();
    let mut theirs = docs.fork(ben());
    set_notes(&mut docs, &mut writer, id, "one\ntwo, by Mia\nthree\n").unwrap();
    append_notes(&mut theirs, &mut writer, id, "four 👩‍👩‍👧 by Ben").unwrap();
    let mut other = theirs.clone();
    other.merge(&docs).unwrap();
    docs.merge(&theirs).unwrap();
    let text = notes(&mut docs, id).unwrap().text;
    assert_eq!(text, "one\ntwo, by Mia\nthree\nfour 👩‍👩‍👧 by Ben");
    assert_eq!(show(&mut other, &people, id).unwrap().notes, text);
}

#[test]
fn an_edit_of_an_older_version_keeps_what_came_since_and_adds_no_actor() {
    let Bench {
        mut docs,
        mut rng,
        now,
        ..
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    set_notes(&mut docs, &mut writer, id, "alpha\nbeta\ngamma\n").unwrap();
    let opened = notes(&mut docs, id).unwrap();
    // While the editor is open, the same device and another one write.
    splice_notes(&mut docs, &mut writer, id, 0, 5, "ALPHA").unwrap();
    let mut theirs = docs.fork(ben());
    append_notes(&mut theirs, &mut writer, id, "delta\n").unwrap();
    docs.merge(&theirs).unwrap();
    edit_notes(
        &mut docs,
        &mut writer,
        id,
        &opened.heads,
        "alpha\nbeta!\ngamma\n",
    )
    .unwrap();
    assert_eq!(
        notes(&mut docs, id).unwrap().text,
        "ALPHA\nbeta!\ngamma\ndelta\n"
    );
    let doc = docs.read(id.document()).unwrap().unwrap();
    assert_eq!(doc.stats().num_actors, 2);

    let unknown = vec!["00".repeat(32)];
    let error = edit_notes(&mut docs, &mut writer, id, &unknown, "x").unwrap_err();
    assert!(matches!(error, EditError::BaseUnknown));
}

#[test]
fn typing_is_by_characters_and_bounded() {
    let Bench {
        mut docs,
        mut rng,
        now,
        ..
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    splice_notes(&mut docs, &mut writer, id, 0, 0, "añ👋c").unwrap();
    splice_notes(&mut docs, &mut writer, id, 2, 1, "x").unwrap();
    assert_eq!(notes(&mut docs, id).unwrap().text, "añxc");
    let splice = |position, delete, insert: &str| Splice {
        position,
        delete,
        insert: insert.to_owned(),
    };
    type_notes(
        &mut docs,
        &mut writer,
        id,
        &[splice(4, 0, "🎉🎉"), splice(5, 1, "d")],
    )
    .unwrap();
    let past_the_end = [splice(0, 5, ""), splice(5, 0, "z")];
    assert!(type_notes(&mut docs, &mut writer, id, &past_the_end).is_err());
    assert_eq!(notes(&mut docs, id).unwrap().text, "añxc🎉d");
    type_notes(&mut docs, &mut writer, id, &[splice(4, 2, "")]).unwrap();
    for (position, delete) in [(5, 0), (4, 1), (usize::MAX, 1), (0, usize::MAX)] {
        assert!(splice_notes(&mut docs, &mut writer, id, position, delete, "y").is_err());
    }
    let long = "x".repeat(NOTES_BYTES_MAX + 1);
    assert!(set_notes(&mut docs, &mut writer, id, &long).is_err());
    assert!(splice_notes(&mut docs, &mut writer, id, 0, 0, &long).is_err());
    assert_eq!(notes(&mut docs, id).unwrap().text, "añxc");
}

#[test]
fn a_large_document_goes_in_byte_for_byte_in_changes_that_pass_the_scan() {
    let Bench {
        mut docs,
        mut rng,
        now,
        ..
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    let line = "# Überschrift\r\n\u{202e}עברית العربية 漢字 🏳️‍🌈 e\u{301} \u{0}\u{1b}[31m\n";
    let text = line.repeat(100_000 / line.len());
    set_notes(&mut docs, &mut writer, id, &text).unwrap();
    assert_eq!(notes(&mut docs, id).unwrap().text, text);
    let doc = docs.read(id.document()).unwrap().unwrap();
    for change in doc.get_changes(&[]) {
        assert!(change.len() <= 50_000, "{} operations", change.len());
        assert!(
            change.raw_bytes().len() <= 256 * 1024,
            "{} bytes",
            change.raw_bytes().len()
        );
    }
    set_notes(&mut docs, &mut writer, id, "").unwrap();
    assert_eq!(notes(&mut docs, id).unwrap().text, "");
}

/// Makes the next sessions at a time, as Mia does; their local starts.
fn kept_up(
    docs: &mut crate::MemoryDocuments,
    people: &crate::StaticPeople,
    writer: &mut crate::Writer<'_>,
    now: &str,
    turn: Turn,
) -> Vec<String> {
    writer.now = now.parse().unwrap();
    let find = |name: &str| crate::template::find(&[], name).ok();
    let made = keep_up(docs, people, writer, turn, &find).unwrap();
    let local = |id| show(docs, people, id).unwrap().header.local.unwrap();
    made.into_iter().map(local).collect()
}

fn biweekly() -> NewSession {
    NewSession {
        every: Some("2w".to_owned()),
        minutes: Some(60),
        template: Some(crate::template::find(&[], "regular").unwrap()),
        ..at("2027-03-16 15:00")
    }
}

#[test]
fn the_next_session_appears_at_15_00_once_the_last_was_held_or_is_over() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let (docs, people) = (&mut docs, &people);
    let first = plan(docs, &mut writer, &biweekly()).unwrap();
    let during = "2027-03-16T14:30:00Z";
    assert!(kept_up(docs, people, &mut writer, during, Turn::Mine).is_empty());
    wrap(docs, &mut writer, first, &Wrap::default()).unwrap();
    let made = kept_up(docs, people, &mut writer, during, Turn::Now);
    assert_eq!(
        made,
        ["2027-03-30T15:00:00"],
        "the clocks have changed meanwhile"
    );
    let all = list(docs, people).unwrap();
    let second = show(docs, people, all[1].id).unwrap();
    assert_eq!(
        second.header.at.as_ref().unwrap().timestamp().to_string(),
        "2027-03-30T13:00:00Z"
    );
    assert_eq!(second.header.title, "Regular session");
    assert_eq!(second.agenda.len(), 6);
    assert!(
        kept_up(docs, people, &mut writer, during, Turn::Now).is_empty(),
        "once only"
    );

    // Moved by a day: the one after it comes when it would have come.
    let moved = SessionEdit {
        at: Some("2027-03-31 10:00".to_owned()),
        ..SessionEdit::default()
    };
    edit(docs, &mut writer, all[1].id, &moved).unwrap();
    let after = "2027-03-31T09:30:00Z";
    assert_eq!(
        kept_up(docs, people, &mut writer, after, Turn::Mine),
        ["2027-04-13T15:00:00"]
    );
    // Nobody met for two months: what went by is not caught up with.
    let late = "2027-06-10T08:00:00Z";
    assert_eq!(
        kept_up(docs, people, &mut writer, late, Turn::Mine),
        ["2027-06-22T15:00:00"]
    );
}

/// Mia and Ben make the next one before they hear of each other; one of the two is called off.
#[test]
fn a_series_goes_on_though_two_had_made_the_one_that_was_called_off() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    plan(&mut docs, &mut writer, &biweekly()).unwrap();
    let over = "2027-03-17T00:00:00Z";
    for which in 0..2 {
        let mut mias = docs.fork(mia());
        let mut bens = docs.fork(ben());
        let mut made = Vec::new();
        for member in [&mut mias, &mut bens] {
            let next = kept_up(member, &people, &mut writer, over, Turn::Mine);
            assert_eq!(next, ["2027-03-30T15:00:00"]);
            made.push(list(member, &people).unwrap()[1].id);
        }
        mias.merge(&bens).unwrap();
        cancel(&mut mias, &mut writer, made[which], true, None).unwrap();
        let next = kept_up(&mut mias, &people, &mut writer, over, Turn::Now);
        assert_eq!(next, ["2027-04-13T15:00:00"]);
        assert!(kept_up(&mut mias, &people, &mut writer, over, Turn::Now).is_empty());
    }
}

#[test]
fn a_month_after_the_31st_is_shorter_and_the_next_is_not() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let new = NewSession {
        every: Some("1m".to_owned()),
        ..at("2027-01-31 15:00")
    };
    plan(&mut docs, &mut writer, &new).unwrap();
    for (now, next) in [
        ("2027-02-01T00:00:00Z", "2027-02-28T15:00:00"),
        ("2027-03-01T00:00:00Z", "2027-03-31T15:00:00"),
        ("2047-03-15T00:00:00Z", "2047-03-31T15:00:00"),
    ] {
        let made = kept_up(&mut docs, &people, &mut writer, now, Turn::Mine);
        assert_eq!(made, [next]);
    }
}

#[test]
fn a_session_that_recurred_before_there_were_series_goes_on() {
    use automerge::transaction::Transactable;
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let (docs, people) = (&mut docs, &people);
    let old = |docs: &mut crate::documents::MemoryDocuments,
               writer: &mut crate::Writer<'_>,
               new: &NewSession| {
        let id = plan(docs, writer, new).unwrap();
        let index = docs.write(DocumentId::INDEX).unwrap();
        let key = crate::Kind::Session.key(id);
        let (_, session) = index.get(automerge::ROOT, key).unwrap().unwrap();
        let mut transaction = index.transaction();
        for field in ["series", "slot"] {
            transaction.delete(&session, field).unwrap();
        }
        transaction.commit();
        id
    };
    let first = old(docs, &mut writer, &biweekly());
    let over = "2027-03-17T00:00:00Z";
    let made = kept_up(docs, people, &mut writer, over, Turn::Mine);
    assert_eq!(made, ["2027-03-30T15:00:00"]);
    let series = list(docs, people).unwrap()[1].series.clone().unwrap();
    assert_eq!(series.id, first);
    // Who plans each of them by hand is not helped twice.
    let by_hand = NewSession {
        at: "2027-05-04 15:00".to_owned(),
        ..biweekly()
    };
    old(docs, &mut writer, &by_hand);
    plan(docs, &mut writer, &at("2027-05-18 15:00")).unwrap();
    let after = kept_up(docs, people, &mut writer, "2027-05-05T00:00:00Z", Turn::Now);
    assert!(
        after.iter().all(|slot| slot.as_str() < "2027-05-18"),
        "{after:?}"
    );
}

#[test]
fn a_series_ends_and_changes_from_a_session_on() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let (docs, people) = (&mut docs, &people);
    let first = plan(docs, &mut writer, &biweekly()).unwrap();
    let made = kept_up(
        docs,
        people,
        &mut writer,
        "2027-03-17T00:00:00Z",
        Turn::Mine,
    );
    assert_eq!(made, ["2027-03-30T15:00:00"]);
    let second = list(docs, people).unwrap()[1].id;
    let weekly = SessionEdit {
        every: Some("1w".to_owned()),
        at: Some("2027-03-31 09:00".to_owned()),
        ..SessionEdit::default()
    };
    edit(docs, &mut writer, second, &weekly).unwrap();
    assert!(
        show(docs, people, first)
            .unwrap()
            .header
            .series
            .unwrap()
            .ended
    );
    let made = kept_up(
        docs,
        people,
        &mut writer,
        "2027-04-01T00:00:00Z",
        Turn::Mine,
    );
    assert_eq!(made, ["2027-04-07T09:00:00"]);
    let end = SessionEdit {
        every: Some(String::new()),
        ..SessionEdit::default()
    };
    let third = list(docs, people).unwrap()[2].id;
    edit(docs, &mut writer, third, &end).unwrap();
    let after = "2027-05-01T00:00:00Z";
    assert!(kept_up(docs, people, &mut writer, after, Turn::Now).is_empty());
    let alone = plan(docs, &mut writer, &at("2027-06-01 15:00")).unwrap();
    let whole = SessionEdit {
        minutes: Some(30),
        whole_series: true,
        ..SessionEdit::default()
    };
    assert!(edit(docs, &mut writer, alone, &whole).is_err());
    crate::meta::set_phase(docs, &mut writer, "closed").unwrap();
}

#[test]
fn of_two_that_were_made_at_once_one_remains_and_nothing_written_is_lost() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    plan(&mut docs, &mut writer, &biweekly()).unwrap();
    let mut theirs = docs.fork(ben());
    let over = "2027-03-17T16:00:00Z";
    // It was Mia who planned it, so Ben waits for a day.
    writer.me = PersonRef::new("person-ben").unwrap();
    let soon = "2027-03-16T16:00:00Z";
    assert!(kept_up(&mut theirs, &people, &mut writer, soon, Turn::Mine).is_empty());
    assert_eq!(
        kept_up(&mut theirs, &people, &mut writer, over, Turn::Mine).len(),
        1
    );
    writer.me = PersonRef::new("person-mia").unwrap();
    assert_eq!(
        kept_up(&mut docs, &people, &mut writer, over, Turn::Mine).len(),
        1
    );
    let own = list(&mut docs, &people).unwrap()[1].id;
    docs.merge(&theirs).unwrap();
    let all = list(&mut docs, &people).unwrap();
    assert_eq!(all.len(), 2);
    let other = if all[1].id == own {
        list(&mut theirs, &people).unwrap()[1].id
    } else {
        own
    };
    set_notes(&mut docs, &mut writer, other, "Written").unwrap();
    let all = list(&mut docs, &people).unwrap();
    assert_eq!(
        (all.len(), all[1].id),
        (2, other),
        "the one that somebody wrote into"
    );
    set_notes(&mut docs, &mut writer, own, "Written").unwrap();
    cancel(&mut docs, &mut writer, other, true, None).unwrap();
    assert!(list(&mut docs, &people).unwrap().len() >= 2);
}

#[test]
fn a_session_that_was_called_off_hands_its_agenda_on() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let new = NewSession {
        every: Some("1w".to_owned()),
        ..at("2027-03-16 15:00")
    };
    let first = plan(&mut docs, &mut writer, &new).unwrap();
    add_agenda_item(&mut docs, &mut writer, first, &item("The draft")).unwrap();
    cancel(&mut docs, &mut writer, first, true, Some("Ben is ill")).unwrap();
    let before = "2027-03-15T08:00:00Z";
    let made = kept_up(&mut docs, &people, &mut writer, before, Turn::Now);
    assert_eq!(made, ["2027-03-23T15:00:00"]);
    let all = list(&mut docs, &people).unwrap();
    assert_eq!(all[0].reason, "Ben is ill");
    let second = show(&mut docs, &people, all[1].id).unwrap();
    assert_eq!(second.agenda[0].title, "The draft");
    cancel(&mut docs, &mut writer, first, false, None).unwrap();
    wrap(&mut docs, &mut writer, first, &Wrap::default()).unwrap();
    assert!(cancel(&mut docs, &mut writer, first, true, None).is_err());
}

#[test]
fn a_sharing_mark_says_who_set_it() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-16 15:00")).unwrap();
    let shown = serde_json::to_value(show(&mut docs, &people, id).unwrap()).unwrap();
    assert_eq!(
        (&shown["sharing"], &shown["sharing_by"]),
        (&"pair-only".into(), &().into())
    );
    let mut theirs = docs.fork(ben());
    set_sharing(&mut theirs, &mut writer, id, "shareable").unwrap();
    assert!(set_sharing(&mut theirs, &mut writer, id, "public").is_err());
    docs.merge(&theirs).unwrap();
    let shown = show(&mut docs, &people, id).unwrap().header;
    assert_eq!(shown.sharing.word(), "shareable");
    assert_eq!(shown.sharing_by.unwrap().name, "Ben");
}

#[test]
fn comments_on_parts_and_on_comments_show_with_the_session() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-16 15:00")).unwrap();
    let part = add_agenda_item(&mut docs, &mut writer, id, &item("The draft")).unwrap();
    let one = crate::comment::add(&mut docs, &mut writer, part, "Which one?").unwrap();
    crate::comment::add(&mut docs, &mut writer, one, "The second").unwrap();
    let shown = show(&mut docs, &people, id).unwrap();
    let texts: Vec<_> = shown.comments.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["Which one?", "The second"]);
}

#[test]
fn the_sessions_around_a_time_are_those_of_the_whole_list() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let mut held = Vec::new();
    for day in 1..=30 {
        let id = plan(
            &mut docs,
            &mut writer,
            &at(&format!("2026-11-{day:02} 15:00")),
        )
        .unwrap();
        match day % 5 {
            0 => held.push(id),
            1 => cancel(&mut docs, &mut writer, id, true, None).unwrap(),
            _ => {}
        }
    }
    for id in &held {
        wrap(&mut docs, &mut writer, *id, &Wrap::default()).unwrap();
    }
    let all = list(&mut docs, &people).unwrap();
    let end = |header: &SessionHeader| {
        let minutes = i64::from(header.minutes.unwrap_or(0));
        header.at.as_ref().unwrap().timestamp() + jiff::SignedDuration::from_mins(minutes)
    };
    let is_ahead =
        |header: &&SessionHeader| header.status == SessionStatus::Planned && end(header) >= now;
    let ahead: Vec<&SessionHeader> = all.iter().filter(is_ahead).collect();
    let past: Vec<&SessionHeader> = all.iter().rev().filter(|one| !is_ahead(one)).collect();
    assert!(ahead.len() > 2 && past.len() > 10);
    let window = |ahead_max, past_skip, past_max| Window {
        now,
        ahead_max,
        past_skip,
        past_max,
    };
    let whole = near(&mut docs, &people, window(100, 0, 100)).unwrap();
    assert_eq!(whole.ahead.iter().collect::<Vec<_>>(), ahead);
    assert_eq!(whole.past.iter().collect::<Vec<_>>(), past);
    assert_eq!(
        (whole.ahead_count, whole.past_count),
        (ahead.len(), past.len())
    );
    assert_eq!(
        whole.last_held.as_ref().map(|one| one.id),
        held.last().copied()
    );
    let part = near(&mut docs, &people, window(1, 4, 3)).unwrap();
    assert_eq!(part.ahead.iter().collect::<Vec<_>>(), ahead[..1]);
    assert_eq!(part.past.iter().collect::<Vec<_>>(), past[4..7]);
    assert_eq!(
        (part.ahead_count, part.past_count),
        (ahead.len(), past.len())
    );
    let counted = super::held(&mut docs).unwrap();
    assert_eq!(counted.len(), held.len());
    assert!(
        counted
            .iter()
            .all(|one| one.attendees.is_empty() && one.local.is_some())
    );
}

#[test]
fn a_planned_session_without_a_readable_time_is_over_nowhere() {
    use automerge::transaction::Transactable as _;
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2026-11-02 15:00")).unwrap();
    let index = docs.write(DocumentId::INDEX).unwrap();
    let key = crate::Kind::Session.key(id);
    let (_, session) = index.get(automerge::ROOT, key).unwrap().unwrap();
    let mut transaction = index.transaction();
    transaction.put(&session, "at", "some day").unwrap();
    transaction.commit();
    let window = Window {
        now,
        ahead_max: 1,
        past_skip: 0,
        past_max: 1,
    };
    let around = near(&mut docs, &people, window).unwrap();
    assert_eq!((around.ahead_count, around.past_count), (1, 0));
    let today = current(&mut docs, &people, now, 1).unwrap();
    assert_eq!((today.sessions.len(), today.unwrapped.len()), (1, 0));
}
