//! Notes that windows on several homes write at once.

use automerge::ChangeHash;
use hearth_notebook::live::{Patch, sum};
use serde_json::{Value, json};

use hearth_core::document::DocumentId;
use hearth_core::engine::{CloseReason, ConnectionId, Effect};
use hearth_core::limits::{PRESENCE_LASTS_MS, PRESENCES_PER_SECOND_MAX};
use hearth_core::presence::{Caret, Presence, PresenceState, PresenceWindow};

use super::fixture::{Home, id, pair, pump};
use crate::api::{Failure, LiveRequest, NotesRequest, Request, SessionRequest, Typed};
use crate::host::{Host, Late, random};
use crate::service::live;

fn session(home: &mut Home, notebook: &str) -> String {
    let plan = Request::Session(SessionRequest::Plan {
        notebook: notebook.to_owned(),
        title: None,
        at: "2026-12-01T15:00".to_owned(),
        zone: Some("Europe/Berlin".to_owned()),
        minutes: None,
        place: None,
        every: None,
        template: Some("none".to_owned()),
        attendees: Vec::new(),
    });
    id(&home.ok(&plan)["session"])
}

/// A window, as the page's script keeps one.
#[derive(Clone, Default)]
struct Window {
    notebook: String,
    session: String,
    name: String,
    number: u64,
    base: Vec<String>,
    text: String,
}

impl Window {
    fn open(home: &mut Home, notebook: &str, session: &str, name: &str) -> Self {
        let note = live::find(home.host(), notebook, session).unwrap();
        let first = live::first(home.host(), note, None).unwrap();
        let whole = &first["whole"];
        Self {
            notebook: notebook.to_owned(),
            session: session.to_owned(),
            name: name.to_owned(),
            number: 0,
            base: heads(whole),
            text: whole["text"].as_str().unwrap().to_owned(),
        }
    }

    fn request(&self, edits: &[Patch], is_again: bool) -> Request {
        Request::Live(LiveRequest::Type(Typed {
            notebook: self.notebook.clone(),
            session: self.session.clone(),
            window: self.name.clone(),
            number: self.number,
            is_again,
            base: self.base.clone(),
            edits: edits.to_vec(),
            ..Typed::default()
        }))
    }

    /// Asks for edits; the window itself stays as it was.
    fn ask(&mut self, home: &mut Home, edits: &[Patch]) -> Result<Value, Failure> {
        self.number += 1;
        home.run(&self.request(edits, false))
    }

    /// Takes an answer over.
    fn take(&mut self, edits: &[Patch], answer: &Value) {
        let patches: Vec<Patch> = serde_json::from_value(answer["patches"].clone()).unwrap();
        let mut units: Vec<u16> = self.text.encode_utf16().collect();
        for patch in edits.iter().chain(&patches) {
            units.splice(
                patch.at..patch.at + patch.delete,
                patch.insert.encode_utf16(),
            );
        }
        self.text = String::from_utf16(&units).unwrap();
        assert_eq!(answer["sum"], sum(&self.text), "{:?}", self.text);
        self.base = heads(answer);
    }

    fn type_in(&mut self, home: &mut Home, at: usize, delete: usize, insert: &str) {
        let edits = [edit(at, delete, insert)];
        let answer = self.ask(home, &edits).unwrap();
        self.take(&edits, &answer);
    }

    fn look(&mut self, home: &mut Home) {
        let answer = home.ok(&self.request(&[], false));
        self.take(&[], &answer);
    }
}

fn heads(value: &Value) -> Vec<String> {
    serde_json::from_value(value["heads"].clone()).unwrap()
}

fn edit(at: usize, delete: usize, insert: &str) -> Patch {
    Patch {
        at,
        delete,
        insert: insert.to_owned(),
    }
}

fn notes(home: &mut Home, session: &str) -> String {
    let read = Request::Session(SessionRequest::Notes {
        session: session.to_owned(),
        notes: NotesRequest::Read,
    });
    let data = home.ok(&read);
    data["session"]["notes"].as_str().unwrap().to_owned()
}

#[test]
fn two_windows_on_two_homes_type_at_once_and_show_the_same() {
    let (mut ada, mut ben, notebook) = pair();
    let session = session(&mut ada, &notebook);
    pump(&mut ada, &mut ben, 2);
    let mut here = Window::open(&mut ada, &notebook, &session, "a");
    let mut there = Window::open(&mut ben, &notebook, &session, "b");
    here.type_in(&mut ada, 0, 0, "Hello 😀 ");
    pump(&mut ada, &mut ben, 2);
    there.type_in(&mut ben, 0, 0, "Ben: ");
    // Which of two that begin at one place comes first follows from their devices.
    assert!(["Ben: Hello 😀 ", "Hello 😀 Ben: "].contains(&there.text.as_str()));
    // Ada's window has not heard of that, and its node has.
    pump(&mut ada, &mut ben, 2);
    here.type_in(&mut ada, 9, 0, "there");
    here.type_in(&mut ada, 0, 5, "Dear ");
    pump(&mut ada, &mut ben, 2);
    there.look(&mut ben);
    here.look(&mut ada);
    assert_eq!(here.text, there.text);
    assert_eq!(notes(&mut ada, &session), here.text);
    assert_eq!(notes(&mut ben, &session), here.text);
    for word in ["😀", "there", "Dear "] {
        assert!(here.text.contains(word), "{}", here.text);
    }
}

#[test]
fn edits_that_are_asked_for_again_are_written_once() {
    let (mut ada, _ben, notebook) = pair();
    let session = session(&mut ada, &notebook);
    let mut window = Window::open(&mut ada, &notebook, &session, "w");
    let edits = [edit(0, 0, "one "), edit(4, 0, "two")];
    // The answer got lost; somebody else types meanwhile.
    window.ask(&mut ada, &edits).unwrap();
    let mut other = Window::open(&mut ada, &notebook, &session, "other");
    other.type_in(&mut ada, 0, 0, "😀");
    let again = ada.ok(&window.request(&edits, true));
    window.take(&edits, &again);
    assert_eq!(window.text, "😀one two");
    // And once more by a node that was started anew and remembers no window.
    let edits = [edit(0, 2, "")];
    window.ask(&mut ada, &edits).unwrap();
    ada.reopen();
    let again = ada.ok(&window.request(&edits, true));
    window.take(&edits, &again);
    assert_eq!(window.text, "one two");
    // What never arrived is written when it is asked for again.
    window.number += 1;
    ada.reopen();
    let edits = [edit(7, 0, "!")];
    let again = ada.ok(&window.request(&edits, true));
    window.take(&edits, &again);
    assert_eq!(notes(&mut ada, &session), "one two!");
}

#[test]
fn what_cannot_be_written_is_refused_with_its_reason_and_leaves_the_notes_alone() {
    let (mut ada, mut ben, notebook) = pair();
    let session = session(&mut ada, &notebook);
    let mut window = Window::open(&mut ada, &notebook, &session, "w");
    window.type_in(&mut ada, 0, 0, "a😀");
    let mut refused =
        |window: &Window, edits: &[Patch]| ada.fails(&window.request(edits, false)).code;
    let mut next = window.clone();
    next.number += 1;
    assert_eq!(refused(&next, &[edit(2, 0, "x")]), "invalid");
    assert_eq!(refused(&next, &[edit(9, 0, "x")]), "invalid");
    assert_eq!(refused(&next, &vec![edit(0, 0, "x"); 600]), "invalid");
    let long = "x".repeat(2 << 20);
    assert_eq!(refused(&next, &[edit(0, 0, &long)]), "invalid");
    let one = [edit(0, 0, "x")];
    for (base, code) in [
        (vec!["00".repeat(32)], "notes_base_unknown"),
        (vec!["nonsense".to_owned()], "notes_base_unknown"),
    ] {
        let odd = Window {
            base,
            ..next.clone()
        };
        assert_eq!(refused(&odd, &one), code);
    }
    let nameless = Window {
        name: String::new(),
        ..next.clone()
    };
    assert_eq!(refused(&nameless, &one), "window_invalid");
    let elsewhere = Window {
        session: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        ..next.clone()
    };
    assert_eq!(refused(&elsewhere, &one), "not_found");
    assert_eq!(notes(&mut ada, &session), "a😀");
    // Whoever may only read is told so.
    let person = ben.host().me().to_string();
    ada.ok(&Request::Member(crate::api::MemberRequest::Role {
        notebook: notebook.clone(),
        person,
        role: "observer".to_owned(),
    }));
    pump(&mut ada, &mut ben, 2);
    let mut reader = Window::open(&mut ben, &notebook, &session, "r");
    assert_eq!(reader.ask(&mut ben, &one).unwrap_err().code, "read_only");
    reader.look(&mut ben);
    assert_eq!(reader.text, "a😀");
}

#[test]
fn what_a_device_wrote_while_it_was_away_is_told_until_somebody_looked_at_it() {
    let (mut ada, mut ben, notebook) = pair();
    let session = session(&mut ada, &notebook);
    let mut here = Window::open(&mut ada, &notebook, &session, "a");
    here.type_in(&mut ada, 0, 0, "one two");
    pump(&mut ada, &mut ben, 2);
    let mut there = Window::open(&mut ben, &notebook, &session, "b");
    let hashes = |heads: &[String]| -> Vec<ChangeHash> {
        heads.iter().map(|head| head.parse().unwrap()).collect()
    };
    let before = hashes(&there.base);
    there.type_in(&mut ben, 3, 4, ", from the train");
    let last = hashes(&there.base)[0];
    here.type_in(&mut ada, 0, 0, "Ada goes on: ");
    pump(&mut ada, &mut ben, 2);
    let note = live::find(ada.host(), &notebook, &session).unwrap();
    let (device, now) = (ben.host().my_device(), Host::now().as_second());
    for ago in [9_000, 8_999, 5_000] {
        let late = Late {
            device,
            at: now - ago,
            before: &before,
            hash: last,
        };
        ada.host().note_late(note, &late, now);
    }
    ada.host().keep_merged().unwrap();
    let merged = Request::Live(LiveRequest::Merged {
        notebook: notebook.clone(),
        session: session.clone(),
        differences: true,
    });
    // Another window, and another process, are told the same.
    for _ in 0..2 {
        let told = ada.ok(&merged);
        let one = &told["merged"][0];
        assert_eq!((&one["name"], &one["edits"]), (&"Ben".into(), &2.into()));
        assert_eq!(one["device"], "Ben's laptop");
        // What Ben wrote, and nothing of what Ada wrote meanwhile.
        let pieces = [
            ("same", "one"),
            ("new", ","),
            ("same", " "),
            ("gone", "two"),
            ("new", "from the train"),
        ];
        let pieces = pieces.map(|(kind, text)| json!({ "kind": kind, "text": text }));
        assert_eq!(one["pieces"], json!(pieces));
        ada.reopen();
    }
    let until = ada.ok(&merged)["merged"][0]["came"]
        .as_str()
        .unwrap()
        .to_owned();
    let reviewed = |until: &str| {
        Request::Live(LiveRequest::Reviewed {
            notebook: notebook.clone(),
            session: session.clone(),
            until: until.to_owned(),
        })
    };
    assert_eq!(ada.run(&reviewed("yesterday")).unwrap_err().code, "invalid");
    // What came after somebody looked is still to be looked at.
    ada.ok(&reviewed("2020-01-01T00:00:00Z"));
    assert_eq!(ada.ok(&merged)["merged"].as_array().unwrap().len(), 1);
    ada.ok(&reviewed(&until));
    for _ in 0..2 {
        assert_eq!(ada.ok(&merged)["merged"], json!([]));
        ada.reopen();
    }
}

const LINK: ConnectionId = ConnectionId(2);

/// Has a window say where its writer is, and returns the frames that leave.
fn frames(home: &mut Home) -> Vec<Vec<u8>> {
    let Host {
        engine, storage, ..
    } = home.host();
    engine.flush(storage, Host::now_ms(), true);
    std::iter::from_fn(|| engine.next_frame(LINK, storage)).collect()
}

fn receive(home: &mut Home, frame: &[u8], now_ms: u64) -> Option<CloseReason> {
    let Host {
        engine, storage, ..
    } = home.host();
    engine.take_effects();
    engine.receive(LINK, frame, now_ms, storage, &mut random());
    engine
        .take_effects()
        .into_iter()
        .find_map(|effect| match effect {
            Effect::Close(_, reason) => Some(reason),
            _ => None,
        })
}

/// Who a window is told is there, where, and whether they write.
fn names(window: &Window, home: &mut Home) -> Vec<(String, Value, Value)> {
    let note = live::find(home.host(), &window.notebook, &window.session).unwrap();
    let told = live::people(home.host(), note, &window.name).unwrap();
    let people = told["people"].as_array().unwrap();
    let told = people.iter().map(|one| {
        let name = one["name"].as_str().unwrap().to_owned();
        (name, one["at"].clone(), one["writing"].clone())
    });
    told.collect()
}

#[test]
fn linked_people_see_where_somebody_writes_and_when_they_leave() {
    let (mut ada, mut ben, notebook) = pair();
    let session = session(&mut ada, &notebook);
    pump(&mut ada, &mut ben, 2);
    let mut here = Window::open(&mut ada, &notebook, &session, "a");
    here.number += 1;
    let edits = [edit(0, 0, "😀 one two")];
    let typed = |window: &Window, edits: &[Patch], caret: usize| {
        let Request::Live(LiveRequest::Type(typed)) = window.request(edits, false) else {
            unreachable!("that is what a window asks");
        };
        Request::Live(LiveRequest::Type(Typed {
            caret: Some(caret),
            is_writing: true,
            ..typed
        }))
    };
    let answer = ada.ok(&typed(&here, &edits, 3));
    here.take(&edits, &answer);
    pump(&mut ada, &mut ben, 2);
    let told = ("Ada".to_owned(), Value::from(3), Value::from(true));
    let mut there = Window::open(&mut ben, &notebook, &session, "b");
    assert_eq!(names(&there, &mut ben), [told]);
    // Ada does not see herself. Whoever types before a place moves it along.
    assert_eq!(names(&here, &mut ada), []);
    there.type_in(&mut ben, 0, 0, "😀😀");
    assert_eq!(names(&there, &mut ben)[0].1, 7);
    // What says nothing new is not said again.
    ada.ok(&typed(&here, &[], 3));
    assert!(frames(&mut ada).is_empty());
    ada.ok(&Request::Live(LiveRequest::Leave {
        notebook: notebook.clone(),
        session: session.clone(),
        window: "a".to_owned(),
    }));
    pump(&mut ada, &mut ben, 2);
    assert_eq!(names(&there, &mut ben), []);
}

#[test]
fn two_windows_of_one_person_are_each_where_they_are() {
    let (mut ada, mut ben, notebook) = pair();
    let session = session(&mut ada, &notebook);
    pump(&mut ada, &mut ben, 2);
    let note = live::find(ada.host(), &notebook, &session).unwrap();
    let mut first = Window::open(&mut ada, &notebook, &session, "first");
    first.type_in(&mut ada, 0, 0, "one two three");
    let second = Window::open(&mut ada, &notebook, &session, "second");
    let point = |ada: &mut Home, window: &Window, caret: usize| {
        let Request::Live(LiveRequest::Type(typed)) = window.request(&[], false) else {
            unreachable!("that is what a window asks");
        };
        ada.ok(&Request::Live(LiveRequest::Type(Typed {
            caret: Some(caret),
            ..typed
        })));
    };
    let places = |home: &mut Home, asks: &str| {
        let told = live::people(home.host(), note, asks).unwrap();
        let people = told["people"].as_array().unwrap().iter();
        let mut places: Vec<(String, u64, u64)> = people
            .map(|one| {
                assert_eq!(one["name"], "Ada");
                let (window, at) = (one["window"].as_u64(), one["at"].as_u64());
                (one["device_id"].to_string(), window.unwrap(), at.unwrap())
            })
            .collect();
        places.sort();
        places
            .into_iter()
            .map(|(_, window, at)| (window, at))
            .collect::<Vec<_>>()
    };
    point(&mut ada, &first, 4);
    point(&mut ada, &second, 8);
    pump(&mut ada, &mut ben, 2);
    assert_eq!(places(&mut ben, "b"), [(0, 4), (1, 8)]);
    // Each of the two sees the other.
    assert_eq!(places(&mut ada, "first"), [(1, 8)]);
    assert_eq!(places(&mut ada, "second"), [(0, 4)]);
    point(&mut ada, &first, 13);
    pump(&mut ada, &mut ben, 2);
    assert_eq!(places(&mut ben, "b"), [(0, 13), (1, 8)]);
    let leave = Request::Live(LiveRequest::Leave {
        notebook: notebook.clone(),
        session: session.clone(),
        window: "first".to_owned(),
    });
    ada.ok(&leave);
    pump(&mut ada, &mut ben, 2);
    assert_eq!(places(&mut ben, "b"), [(1, 8)]);
    assert_eq!(places(&mut ada, "second"), []);
}

#[test]
fn a_presence_that_was_heard_altered_or_said_too_often_is_not_taken() {
    let (mut ada, mut ben, notebook) = pair();
    let session = session(&mut ada, &notebook);
    pump(&mut ada, &mut ben, 2);
    let (of, id) = live::find(ada.host(), &notebook, &session).unwrap();
    let said = Presence {
        window: PresenceWindow::FIRST,
        document: DocumentId::from_bytes(id.document().0),
        state: PresenceState::Here,
        caret: Caret::End,
    };
    let say = |ada: &mut Home| {
        ada.host().engine.say_presence(of, &said, &mut random());
        frames(ada).pop().unwrap()
    };
    let now = Host::now_ms();
    let first = say(&mut ada);
    assert_eq!(receive(&mut ben, &first, now), None);
    assert_eq!(ben.host().engine.presences(of, now).count(), 1);
    // It is forgotten by itself.
    let later = now + PRESENCE_LASTS_MS + 1;
    assert_eq!(ben.host().engine.presences(of, later).count(), 0);
    // More than anybody sees is left unread; the link stays.
    for _ in 0..2 * PRESENCES_PER_SECOND_MAX {
        let frame = say(&mut ada);
        assert_eq!(receive(&mut ben, &frame, now), None);
    }
    let next = now + 2_000;
    let frame = say(&mut ada);
    assert_eq!(receive(&mut ben, &frame, next), None);
    // Said again, it ends the link, as does every altered byte behind the notebook's number.
    assert!(matches!(
        receive(&mut ben, &frame, next),
        Some(CloseReason::Protocol(_))
    ));
    for place in [2, 3, 40, 70, 100, 130, 180] {
        let (mut ada, mut ben, notebook) = pair();
        let of = notebook.parse().unwrap();
        ada.host().engine.say_presence(of, &said, &mut random());
        let mut frame = frames(&mut ada).pop().unwrap();
        frame[place] ^= 1;
        let closed = receive(&mut ben, &frame, now);
        assert!(matches!(closed, Some(CloseReason::Protocol(_))), "{place}");
        assert_eq!(ben.host().engine.presences(of, now).count(), 0);
    }
}

#[test]
fn a_presence_waits_behind_everything_else_and_only_the_last_is_said() {
    let (mut ada, mut ben, notebook) = pair();
    let session = session(&mut ada, &notebook);
    let (of, id) = live::find(ada.host(), &notebook, &session).unwrap();
    for state in [
        PresenceState::Here,
        PresenceState::Writing,
        PresenceState::Here,
    ] {
        let said = Presence {
            window: PresenceWindow::FIRST,
            document: DocumentId::from_bytes(id.document().0),
            state,
            caret: Caret::Nowhere,
        };
        ada.host().engine.say_presence(of, &said, &mut random());
    }
    let kinds: Vec<u8> = frames(&mut ada).iter().map(|frame| frame[0]).collect();
    let said = kinds.iter().filter(|kind| **kind == 24).count();
    assert_eq!((said, kinds.last()), (1, Some(&24)), "{kinds:?}");
    assert!(kinds.len() > 1, "the plan of the session goes first");
    pump(&mut ada, &mut ben, 2);
}

#[test]
fn letters_that_two_write_in_turn_are_one_line_of_the_history_with_both_names() {
    let (mut ada, mut ben, notebook) = pair();
    let session = session(&mut ada, &notebook);
    pump(&mut ada, &mut ben, 2);
    let mut here = Window::open(&mut ada, &notebook, &session, "a");
    let mut there = Window::open(&mut ben, &notebook, &session, "b");
    for _ in 0..20 {
        here.type_in(&mut ada, 0, 0, "a");
        there.type_in(&mut ben, 0, 0, "b");
        pump(&mut ada, &mut ben, 2);
        here.look(&mut ada);
        there.look(&mut ben);
    }
    let told = |home: &mut Home| {
        let log = home.ok(&Request::Log {
            notebook: notebook.clone(),
            object: Some(session.clone()),
            limit: 100,
            from: None,
        });
        let changes = log["changes"].as_array().unwrap().clone();
        let is_note = |change: &Value| {
            change["what"]
                .as_str()
                .is_some_and(|what| what.starts_with("notes"))
        };
        changes.into_iter().filter(is_note).collect::<Vec<_>>()
    };
    for home in [&mut ada, &mut ben] {
        let notes = told(home);
        let [line] = notes.as_slice() else {
            panic!("{notes:#?}")
        };
        assert_eq!(line["what"], "notes +40");
        let mut names = vec![line["name"].as_str().unwrap()];
        names.extend(
            line["also"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["name"].as_str().unwrap()),
        );
        names.sort_unstable();
        assert_eq!(names, ["Ada", "Ben"]);
    }
    // Whoever writes alone before or after is told alone.
    here.type_in(&mut ada, 0, 0, "first, ");
    pump(&mut ada, &mut ben, 2);
    assert_eq!(told(&mut ben).len(), 1, "it goes on within minutes");
}
