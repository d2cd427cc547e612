//! Documents that another member filled with anything at all: no reader panics, none fails, what is sound
//! still shows, and an export of it can be imported again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use automerge::transaction::Transactable;
use automerge::{ActorId, ObjId, ObjType, ROOT, ScalarValue};
use hearth_notebook::goal::NewGoal;
use hearth_notebook::session::NewSession;
use hearth_notebook::{
    DocumentId, Documents, MemoryDocuments, NotebookRef, ObjectId, PersonRef, StaticPeople, Writer,
    action, agreement, checkin, circle, comment, exchange, feedback, goal, history, journal, json,
    lookup, markdown, meta, note, question, resource, search, session, skill, today,
};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

const NOTEBOOK: NotebookRef = NotebookRef([7; 32]);

/// One write of the hostile member.
#[derive(Clone, Debug)]
struct Deed {
    in_session: bool,
    object: usize,
    key: String,
    value: Odd,
}

#[derive(Clone, Debug)]
enum Odd {
    Scalar(ScalarValue),
    Object(ObjType),
    Delete,
}

fn keys(id: ObjectId) -> Vec<String> {
    let kinds = [
        "goal",
        "milestone",
        "progress",
        "key_result",
        "action",
        "session",
        "agenda",
        "decision",
        "insight",
        "learned",
        "mood",
        "question",
        "answer",
        "comment",
        "agreement",
        "version",
        "exchange",
        "commitment",
        "opening",
        "feedback",
        "note",
        "entry",
        "skill",
        "rating",
        "evidence",
        "endorsement",
        "resource",
        "checkin",
        "run",
        "tag",
        "participant",
        "answer_exit",
        "owner",
        "attend",
    ];
    let fields = [
        "title",
        "text",
        "status",
        "kind",
        "due",
        "at",
        "zone",
        "every",
        "minutes",
        "value",
        "done",
        "notes",
        "on",
        "goal",
        "session",
        "imported_from",
        "id",
        "extra",
        "$text",
        "progress",
        "",
        "done_in",
        "next",
        "created_by",
        "salt",
        "digest",
        "words",
        "withdrawn",
        "consensus_exit",
        "of",
        "uri",
        "link",
        "anchor_3",
        "signed_text",
        "removed",
        "series",
        "slot",
        "series_ended",
        "sharing",
        "circle",
        "stages",
        "stage/0",
        "again/0",
        "ended",
        "prompts",
        "signatures",
        "form",
        "phase",
    ];
    let keyed = kinds.iter().map(|kind| format!("{kind}/{id}"));
    keyed
        .chain(fields.iter().map(ToString::to_string))
        .collect()
}

fn odd() -> impl Strategy<Value = Odd> {
    let texts = prop_oneof![
        Just("held".to_owned()),
        Just("2026-11-23T09:00:00Z".to_owned()),
        Just(format!(
            r#"{{"run":"{ID}","presenter":"p","facilitator":"","note_taker":"q"}}"#
        )),
        Just(format!(
            r#"[{{"item":"{ID}","title":"t","minutes":4294967295}}]"#
        )),
        Just(ID.to_owned()),
        Just("done".to_owned()),
        Just("99999-12-31".to_owned()),
        Just("2027-03-01T15:00".to_owned()),
        Just("-262144-01-01T00:00".to_owned()),
        Just("99m".to_owned()),
        Just("../\u{0}\u{202e}\"".to_owned()),
        "\\PC{0,8}",
    ];
    let scalar = prop_oneof![
        texts.prop_map(|text| ScalarValue::Str(text.into())),
        any::<i64>().prop_map(ScalarValue::Int),
        any::<u64>().prop_map(ScalarValue::Uint),
        any::<f64>().prop_map(ScalarValue::F64),
        any::<bool>().prop_map(ScalarValue::Boolean),
        any::<i64>().prop_map(ScalarValue::Timestamp),
        any::<i64>().prop_map(ScalarValue::counter),
        any::<Vec<u8>>().prop_map(ScalarValue::Bytes),
        Just(ScalarValue::Null),
    ];
    prop_oneof![
        6 => scalar.prop_map(Odd::Scalar),
        6 => prop_oneof![Just(ObjType::Map), Just(ObjType::List), Just(ObjType::Text)]
            .prop_map(Odd::Object),
        1 => Just(Odd::Delete),
    ]
}

fn deeds(id: ObjectId) -> impl Strategy<Value = Vec<Deed>> {
    let key = prop::sample::select(keys(id));
    let deed =
        (any::<bool>(), 0..6_usize, key, odd()).prop_map(|(in_session, object, key, value)| Deed {
            in_session,
            object,
            key,
            value,
        });
    prop::collection::vec(deed, 1..60)
}

/// Carries out the deeds in one document, each in a map that an earlier one made.
fn commit(docs: &mut MemoryDocuments, id: DocumentId, deeds: &[Deed]) {
    let mut transaction = docs.write(id).unwrap().transaction();
    let mut maps: Vec<ObjId> = vec![ROOT];
    for deed in deeds
        .iter()
        .filter(|deed| deed.in_session == (id != DocumentId::INDEX))
    {
        let map = maps[deed.object % maps.len()].clone();
        match &deed.value {
            Odd::Scalar(value) => transaction
                .put(&map, deed.key.as_str(), value.clone())
                .unwrap(),
            Odd::Delete => {
                // A key that is not there cannot be deleted, and that is no matter.
                let _ = transaction.delete(&map, deed.key.as_str());
            }
            Odd::Object(kind) => {
                let made = transaction
                    .put_object(&map, deed.key.as_str(), *kind)
                    .unwrap();
                match kind {
                    ObjType::Map => maps.push(made),
                    ObjType::Text => transaction
                        .splice_text(&made, 0, 0, "texte\u{301}")
                        .unwrap(),
                    _ => transaction.insert(&made, 0, "item").unwrap(),
                }
            }
        }
    }
    transaction.commit();
}

/// The export without what an import replaces: the signed history, and the origin of what it brought.
fn content(text: &str) -> serde_json::Value {
    fn strip(json: &mut serde_json::Value) {
        match json {
            serde_json::Value::Array(items) => items.iter_mut().for_each(strip),
            serde_json::Value::Object(map) => {
                let origin = [
                    "created_by",
                    "created_at",
                    "updated_by",
                    "updated_at",
                    "signatures",
                ];
                for key in origin.into_iter().chain(["conflicts", "imported_from"]) {
                    map.remove(key);
                }
                map.values_mut().for_each(strip);
            }
            _ => {}
        }
    }
    let mut json = serde_json::from_str(text).unwrap();
    strip(&mut json);
    json
}

fn try_everything(deeds: &[Deed], id: ObjectId) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let me = PersonRef::new("mia").unwrap();
    let now = "2026-11-23T09:00:00Z".parse().unwrap();
    let mut writer = Writer::new(now, &mut rng, me.clone());
    let mut docs = MemoryDocuments::new(ActorId::from([1; 16]));
    let people = StaticPeople::default();
    meta::create(&mut docs, &mut writer, "Ours", "peer").unwrap();
    let sound = NewGoal {
        title: "Sound".to_owned(),
        ..NewGoal::default()
    };
    let sound = goal::add(&mut docs, &mut writer, &sound).unwrap();
    let new = NewSession {
        at: "2026-11-01 15:00".to_owned(),
        zone: "UTC".to_owned(),
        ..NewSession::default()
    };
    let meeting = session::plan(&mut docs, &mut writer, &new).unwrap();

    let mut hostile = docs.fork(ActorId::from([2; 16]));
    for document in [DocumentId::INDEX, meeting.document(), id.document()] {
        commit(&mut hostile, document, deeds);
    }
    docs.merge(&hostile).unwrap();

    assert_eq!(
        goal::show(&mut docs, &people, sound).unwrap().title,
        "Sound"
    );
    for view in [
        serde_json::to_string(&meta::show(&mut docs, &people).unwrap()),
        serde_json::to_string(&goal::list(&mut docs, &people).unwrap()),
        serde_json::to_string(&action::list(&mut docs, &people).unwrap()),
        serde_json::to_string(&question::list(&mut docs, &people).unwrap()),
        serde_json::to_string(&session::list(&mut docs, &people).unwrap()),
        serde_json::to_string(&session::show(&mut docs, &people, meeting).unwrap()),
        serde_json::to_string(&today::today(&mut docs, &people, &me, now, "UTC").unwrap()),
        serde_json::to_string(&search::search_items(&mut docs).unwrap()),
        serde_json::to_string(&search::opened_items(&mut docs, &people, NOTEBOOK).unwrap()),
        serde_json::to_string(&agreement::show(&mut docs, &people).unwrap()),
        serde_json::to_string(&agreement::log(&mut docs, &people).unwrap()),
        serde_json::to_string(&exchange::list(&mut docs, &people, NOTEBOOK).unwrap()),
        serde_json::to_string(&feedback::list(&mut docs, &people).unwrap()),
        serde_json::to_string(&resource::list(&mut docs, &people).unwrap()),
        serde_json::to_string(&checkin::list(&mut docs, &people).unwrap()),
        serde_json::to_string(&circle::show(&mut docs, &people).unwrap()),
        serde_json::to_string(&skill::list(&mut docs, &people).unwrap()),
        serde_json::to_string(&note::list(&mut docs, &people).unwrap()),
        serde_json::to_string(&journal::list(&mut docs, &people).unwrap()),
    ] {
        view.unwrap();
    }
    for entry in lookup::all(&mut docs).unwrap() {
        let _ = session::show(&mut docs, &people, entry.id);
        comment::add(&mut docs, &mut writer, entry.id, "seen").unwrap();
    }
    for (document, doc) in docs.iter() {
        for change in doc.get_changes(&[]) {
            let told = history::describe(document, doc, change.deps(), &[change.hash()]);
            assert!(told.len() <= hearth_notebook::limits::CHANGE_LINES_MAX);
        }
        let backwards = history::describe(document, doc, &doc.get_heads(), &[]);
        assert!(backwards.len() <= hearth_notebook::limits::CHANGE_LINES_MAX);
        let told = history::describe(document, doc, &[], &doc.get_heads());
        let has_sound = told.iter().any(|line| line.object_id == Some(sound));
        assert_eq!(has_sound, document == DocumentId::INDEX);
    }
    let turn = session::Turn::Now;
    session::keep_up(&mut docs, &people, &mut writer, turn, &|_| None).unwrap();
    let page = agreement::form(&mut docs, &people, &me).unwrap();
    let form = agreement::parse_form(&page).unwrap();
    agreement::edit(&mut docs, &mut writer, &form.edits, &form.base).unwrap();
    session::append_notes(&mut docs, &mut writer, meeting, "still here").unwrap();
    assert!(
        session::notes(&mut docs, meeting)
            .unwrap()
            .text
            .ends_with("still here")
    );

    let export = json::export_json(&mut docs, &people).unwrap();
    let mut copy = MemoryDocuments::new(ActorId::from([3; 16]));
    json::import_json(&mut copy, &mut writer, &export).unwrap();
    let again = json::export_json(&mut copy, &people).unwrap();
    assert_eq!(content(&export), content(&again));
    let files = markdown::export_markdown(&mut docs, &people).unwrap();
    let mut copy = MemoryDocuments::new(ActorId::from([4; 16]));
    markdown::import_markdown(&mut copy, &mut writer, &files).unwrap();
}

const ID: &str = "01KAS3W0QJ2Z8E5XNB4T7VYG9M";

fn fixed_id() -> ObjectId {
    ID.parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(150)
    })]

    #[test]
    fn no_document_breaks_a_reader(deeds in deeds(fixed_id())) {
        try_everything(&deeds, fixed_id());
    }
}

#[test]
fn deep_nesting_is_read_to_a_bounded_depth_on_a_small_stack() {
    let work = || {
        let mut docs = MemoryDocuments::new(ActorId::from([1; 16]));
        let mut transaction = docs.write(DocumentId::INDEX).unwrap().transaction();
        let key = format!("goal/{}", fixed_id());
        let mut map = transaction.put_object(ROOT, key, ObjType::Map).unwrap();
        for _ in 0..1_500 {
            map = transaction
                .put_object(&map, "deeper", ObjType::Map)
                .unwrap();
        }
        transaction.commit();
        let people = StaticPeople::default();
        assert_eq!(goal::list(&mut docs, &people).unwrap().len(), 1);
        let export = json::export_json(&mut docs, &people).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let me = PersonRef::new("mia").unwrap();
        let mut writer = Writer::new(jiff::Timestamp::UNIX_EPOCH, &mut rng, me);
        let mut copy = MemoryDocuments::new(ActorId::from([2; 16]));
        json::import_json(&mut copy, &mut writer, &export).unwrap();
    };
    let thread = std::thread::Builder::new()
        .stack_size(1024 * 1024)
        .spawn(work)
        .unwrap();
    thread.join().unwrap();
}
