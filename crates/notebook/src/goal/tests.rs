#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT};

use super::*;
use crate::documents::Documents;
use crate::error::EditError;
use crate::id::DocumentId;
use crate::limits::TITLE_CHARS_MAX;
use crate::people::PersonRef;
use crate::testing::{Bench, ben, bench};

fn new(title: &str) -> NewGoal {
    NewGoal {
        title: title.to_owned(),
        ..NewGoal::default()
    }
}

#[test]
fn a_goal_shows_as_the_contract_says() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let goal = NewGoal {
        why: Some("To be heard".to_owned()),
        unit: Some("talks".to_owned()),
        baseline: Some(0.0),
        target: Some(3.0),
        due: Some("2027-06-30".to_owned()),
        ..new("Speak in public")
    };
    let id = add(&mut docs, &mut writer, &goal).unwrap();
    let progress = NewProgress {
        value: 1.0,
        note: Some("At the meetup".to_owned()),
        at: None,
    };
    add_progress(&mut docs, &mut writer, id, &progress).unwrap();
    let milestone = NewMilestone {
        title: "Abstract".to_owned(),
        due: None,
    };
    let milestone = add_milestone(&mut docs, &mut writer, id, &milestone).unwrap();
    milestone_done(&mut docs, &mut writer, id, milestone, true).unwrap();

    let shown = serde_json::to_value(show(&mut docs, &people, id).unwrap()).unwrap();
    let mia = serde_json::json!({"person": "person-mia", "name": "Mia"});
    assert_eq!(shown["id"], id.to_string());
    assert_eq!(shown["title"], "Speak in public");
    assert_eq!(shown["status"], "proposed");
    assert_eq!(shown["owner"], mia);
    assert_eq!(shown["due"], "2027-06-30");
    assert_eq!(
        shown["measure"],
        serde_json::json!({"unit": "talks", "baseline": 0.0, "target": 3.0, "current": 1.0})
    );
    assert_eq!(shown["progress"][0]["value"], 1.0);
    assert_eq!(shown["progress"][0]["note"], "At the meetup");
    assert_eq!(shown["milestones"][0]["title"], "Abstract");
    assert_eq!(shown["milestones"][0]["done"], true);
    assert_eq!(shown["created_by"]["name"], "Mia");
    assert_eq!(shown["created_by"]["device"], "Mia's laptop");
    assert_eq!(shown["created_at"], "2026-11-23T09:00:00Z");
}

#[test]
fn a_status_that_ends_a_goal_needs_a_reason() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = add(&mut docs, &mut writer, &new("Run")).unwrap();
    for status in ["paused", "achieved", "dropped"] {
        let error = set_status(&mut docs, &mut writer, id, status, Some(" ")).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the status “{status}” needs a reason; say why")
        );
    }
    set_status(&mut docs, &mut writer, id, "active", None).unwrap();
    set_status(&mut docs, &mut writer, id, "dropped", Some("Knee")).unwrap();
    let shown = show(&mut docs, &people, id).unwrap();
    assert_eq!(
        (shown.status.word(), shown.reason.as_deref()),
        ("dropped", Some("Knee"))
    );
    set_status(&mut docs, &mut writer, id, "active", None).unwrap();
    assert_eq!(show(&mut docs, &people, id).unwrap().reason, None);
}

#[test]
fn what_cannot_be_written_changes_nothing() {
    let Bench {
        mut docs,
        mut rng,
        now,
        ..
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let odd = [
        new("  "),
        new(&"x".repeat(TITLE_CHARS_MAX + 1)),
        NewGoal {
            kind: Some("epic".to_owned()),
            ..new("A")
        },
        NewGoal {
            due: Some("next week".to_owned()),
            ..new("A")
        },
        NewGoal {
            target: Some(f64::NAN),
            ..new("A")
        },
        NewGoal {
            woop: Some(Woop::default()),
            ..new("A")
        },
        NewGoal {
            key_results: vec![NewKeyResult::default()],
            ..new("A")
        },
        NewGoal {
            status: Some("achieved".to_owned()),
            ..new("A")
        },
    ];
    for goal in odd {
        let result = add(&mut docs, &mut writer, &goal);
        assert!(matches!(result, Err(EditError::Invalid(_))), "{goal:?}");
    }
    assert!(docs.iter().next().is_none());
}

#[test]
fn an_okr_goal_has_two_to_five_key_results() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let result = |title: &str| NewKeyResult {
        title: title.to_owned(),
        start: 1.0,
        target: 9.0,
    };
    let okr = NewGoal {
        kind: Some("okr".to_owned()),
        ..new("Be read")
    };
    let one = NewGoal {
        key_results: vec![result("a")],
        ..okr.clone()
    };
    assert!(add(&mut docs, &mut writer, &one).is_err());
    let id = add(&mut docs, &mut writer, &okr).unwrap();
    for title in ["a", "b", "c", "d", "e"] {
        add_key_result(&mut docs, &mut writer, id, &result(title)).unwrap();
    }
    assert!(add_key_result(&mut docs, &mut writer, id, &result("f")).is_err());
    let first = show(&mut docs, &people, id).unwrap().key_results[0].id;
    set_key_result(&mut docs, &mut writer, id, first, 4.5).unwrap();
    let shown = show(&mut docs, &people, id).unwrap();
    assert_eq!(
        (shown.key_results.len(), shown.key_results[0].current),
        (5, Some(4.5))
    );
}

#[test]
fn a_woop_goal_keeps_its_four_parts() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let part = |text: &str| Some(text.to_owned());
    let woop = Woop {
        wish: part("Write"),
        outcome: part("A book"),
        obstacle: part("Evenings"),
        plan: part("If it is seven, then I sit down"),
    };
    let goal = NewGoal {
        kind: part("woop"),
        woop: Some(woop),
        ..new("Write a book")
    };
    let id = add(&mut docs, &mut writer, &goal).unwrap();
    let change = Woop {
        obstacle: part("Telly"),
        ..Woop::default()
    };
    let change = GoalEdit {
        woop: Some(change),
        ..GoalEdit::default()
    };
    edit(&mut docs, &mut writer, id, &change).unwrap();
    let shown = show(&mut docs, &people, id).unwrap().woop.unwrap();
    assert_eq!(
        (shown.wish.as_str(), shown.obstacle.as_str()),
        ("Write", "Telly")
    );
}

#[test]
fn concurrent_edits_merge_and_a_disputed_field_is_reported_on_both_sides() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = add(&mut docs, &mut writer, &new("Draft")).unwrap();
    let mut theirs = docs.fork(ben());
    let title = |title: &str| GoalEdit {
        title: Some(title.to_owned()),
        ..GoalEdit::default()
    };
    edit(&mut docs, &mut writer, id, &title("Draft of Mia")).unwrap();
    edit(&mut theirs, &mut writer, id, &title("Draft of Ben")).unwrap();
    let due = GoalEdit {
        due: Some("2027-01-01".to_owned()),
        ..GoalEdit::default()
    };
    edit(&mut theirs, &mut writer, id, &due).unwrap();
    add(&mut docs, &mut writer, &new("Only Mia's")).unwrap();
    add(&mut theirs, &mut writer, &new("Only Ben's")).unwrap();

    let mut other = theirs.clone();
    other.merge(&docs).unwrap();
    docs.merge(&theirs).unwrap();
    let (here, there) = (
        list(&mut docs, &people).unwrap(),
        list(&mut other, &people).unwrap(),
    );
    assert_eq!(here, there);
    assert_eq!(here.len(), 3);
    let goal = here.iter().find(|goal| goal.id == id).unwrap();
    assert_eq!(goal.due.as_deref(), Some("2027-01-01"));
    let conflict = &goal.provenance.conflicts[0];
    let names: Vec<_> = conflict
        .values
        .iter()
        .map(|value| value.by.name.as_str())
        .collect();
    assert_eq!(
        (conflict.field.as_str(), names.as_slice()),
        ("title", ["Mia", "Ben"].as_slice())
    );
    assert_eq!(conflict.values[1].value, goal.title.as_str());
    assert_eq!(goal.provenance.stamp.updated_by.name, "Ben");
}

#[test]
fn owners_are_added_and_taken_out() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = add(&mut docs, &mut writer, &new("Share")).unwrap();
    let owners = Some(vec![PersonRef::new("person-ben").unwrap()]);
    edit(
        &mut docs,
        &mut writer,
        id,
        &GoalEdit {
            owners,
            ..GoalEdit::default()
        },
    )
    .unwrap();
    let owners = show(&mut docs, &people, id).unwrap().owners;
    assert_eq!(
        owners
            .iter()
            .map(|owner| owner.name.as_str())
            .collect::<Vec<_>>(),
        ["Ben"]
    );
    let before = docs
        .iter()
        .map(|(_, doc)| doc.get_heads())
        .collect::<Vec<_>>();
    edit(&mut docs, &mut writer, id, &GoalEdit::default()).unwrap();
    assert_eq!(
        docs.iter()
            .map(|(_, doc)| doc.get_heads())
            .collect::<Vec<_>>(),
        before
    );
}

#[test]
fn one_bad_object_does_not_hide_the_others() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let good = add(&mut docs, &mut writer, &new("Good")).unwrap();
    let bad = writer.new_id();
    let mut transaction = docs.write(DocumentId::INDEX).unwrap().transaction();
    let goal = transaction
        .put_object(ROOT, format!("goal/{bad}"), ObjType::Map)
        .unwrap();
    transaction.put(&goal, "title", 7).unwrap();
    transaction.put(&goal, "due", "when pigs fly").unwrap();
    transaction.put(&goal, "target", f64::NAN).unwrap();
    transaction
        .put_object(&goal, "status", ObjType::List)
        .unwrap();
    transaction
        .put(&goal, format!("progress/{good}"), "no map")
        .unwrap();
    transaction
        .put_object(&goal, format!("milestone/{bad}"), ObjType::Text)
        .unwrap();
    transaction.put(ROOT, "goal/none", 1).unwrap();
    transaction
        .put(ROOT, format!("goal/{}", good.to_string().to_lowercase()), 1)
        .unwrap();
    transaction
        .put_object(ROOT, format!("goal/{}", writer.new_id()), ObjType::Text)
        .unwrap();
    transaction.commit();
    let titles: Vec<_> = list(&mut docs, &people)
        .unwrap()
        .into_iter()
        .map(|goal| goal.title)
        .collect();
    assert_eq!(titles, ["Good", ""]);
}
