//! Windows on several devices, random edits of random old versions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit};
use proptest::prelude::*;

use super::*;
use crate::documents::MemoryDocuments;
use crate::session::{NewSession, append_notes, notes, plan, set_notes};
use crate::testing::{Bench, ben, bench};

/// A text as a window holds it: UTF-16 units.
#[derive(Clone, Debug, Default)]
struct Window {
    units: Vec<u16>,
    heads: Vec<String>,
    device: usize,
}

impl Window {
    fn open(bench: &mut Bench, docs: &mut MemoryDocuments, id: ObjectId, device: usize) -> Self {
        let _ = bench;
        let whole = whole(docs, id).unwrap();
        assert_eq!(whole.sum, sum(&whole.text));
        Self {
            units: whole.text.encode_utf16().collect(),
            heads: whole.heads,
            device,
        }
    }

    fn apply(&mut self, patches: &[Patch]) {
        for patch in patches {
            let insert = patch.insert.encode_utf16();
            self.units.splice(patch.at..patch.at + patch.delete, insert);
        }
    }

    fn text(&self) -> String {
        String::from_utf16(&self.units).expect("no pair is ever split")
    }

    /// Where pairs are not split.
    fn places(&self) -> Vec<usize> {
        let is_inside = |at: usize| {
            self.units
                .get(at)
                .is_some_and(|unit| (0xdc00..0xe000).contains(unit))
        };
        (0..=self.units.len())
            .filter(|at| !is_inside(*at))
            .collect()
    }
}

fn session(bench: &mut Bench, text: &str) -> ObjectId {
    let mut writer = Bench::writer(&mut bench.rng, bench.now);
    let new = NewSession {
        at: "2027-03-01 15:00".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        ..NewSession::default()
    };
    let id = plan(&mut bench.docs, &mut writer, &new).unwrap();
    set_notes(&mut bench.docs, &mut writer, id, text).unwrap();
    id
}

fn typed(
    bench: &mut Bench,
    docs: &mut MemoryDocuments,
    id: ObjectId,
    window: &mut Window,
    edits: &[Patch],
) -> Result<(), EditError> {
    let mut writer = Bench::writer(&mut bench.rng, bench.now);
    let others = type_at(docs, &mut writer, id, &window.heads, edits)?;
    window.apply(edits);
    window.apply(&others);
    let now = whole(docs, id)?;
    assert_eq!(
        window.text(),
        now.text,
        "a window shows something else than the notes"
    );
    window.heads = now.heads;
    Ok(())
}

fn edit(at: usize, delete: usize, insert: &str) -> Patch {
    Patch {
        at,
        delete,
        insert: insert.to_owned(),
    }
}

/// What may happen, as numbers to be taken modulo what there is.
#[derive(Clone, Debug)]
enum Act {
    /// A window types on the version that it has, however old.
    Type(usize, Vec<(usize, usize, String)>),
    /// A window is brought up to date.
    Look(usize),
    /// Two devices exchange what they have.
    Meet(usize, usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let words = prop_oneof![
        "[a-c]{0,4}",
        Just("😀".to_owned()),
        Just("a😀\n".to_owned()),
        Just("\u{301}é".to_owned()),
        Just(String::new()),
    ];
    let edits = prop::collection::vec((any::<usize>(), 0..4_usize, words), 1..4);
    let act = prop_oneof![
        4 => (any::<usize>(), edits).prop_map(|(window, edits)| Act::Type(window, edits)),
        1 => any::<usize>().prop_map(Act::Look),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(from, to)| Act::Meet(from, to)),
    ];
    prop::collection::vec(act, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn windows_on_old_versions_type_what_they_mean_and_end_with_equal_texts(acts in acts()) {
        let mut bench = bench();
        let id = session(&mut bench, "one 😀 two\nthree");
        let mut devices = vec![
            bench.docs.clone(),
            bench.docs.fork(ben()),
            bench.docs.fork(ActorId::from([3; 16])),
        ];
        let mut windows: Vec<Window> = [0, 0, 1, 2]
            .into_iter()
            .map(|device| Window::open(&mut bench, &mut devices[device].clone(), id, device))
            .collect();
        for act in acts {
            match act {
                Act::Type(which, edits) => {
                    let which = which % windows.len();
                    let window = &mut windows[which];
                    let mut after = window.clone();
                    let mut meant = Vec::new();
                    for (at, delete, insert) in edits {
                        let places = after.places();
                        let from = at % places.len();
                        let to = (from + delete).min(places.len() - 1);
                        let one = edit(places[from], places[to] - places[from], &insert);
                        after.apply(std::slice::from_ref(&one));
                        meant.push(one);
                    }
                    let mut docs = devices[window.device].clone();
                    typed(&mut bench, &mut docs, id, window, &meant).unwrap();
                    devices[window.device] = docs;
                }
                Act::Look(which) => {
                    let which = which % windows.len();
                    let window = &mut windows[which];
                    let docs = &mut devices[window.device];
                    let step = since(docs, id, &window.heads).unwrap();
                    window.apply(&step.patches);
                    prop_assert_eq!(window.text(), whole(docs, id).unwrap().text);
                    prop_assert_eq!(step.sum, sum(&window.text()));
                    window.heads = step.heads;
                }
                Act::Meet(from, to) => {
                    let (from, to) = (from % devices.len(), to % devices.len());
                    let theirs = devices[from].clone();
                    devices[to].merge(&theirs).unwrap();
                }
            }
        }
        let all = devices.clone();
        for device in &mut devices {
            for other in &all {
                device.merge(other).unwrap();
            }
        }
        let text = whole(&mut devices[0], id).unwrap().text;
        for window in &mut windows {
            let docs = &mut devices[window.device];
            let step = since(docs, id, &window.heads).unwrap();
            window.apply(&step.patches);
            prop_assert_eq!(&window.text(), &text);
        }
    }

    #[test]
    fn no_letter_of_two_who_type_is_lost_or_doubled(turns in prop::collection::vec(any::<bool>(), 1..60), meets in 1..8_usize) {
        let mut bench = bench();
        let id = session(&mut bench, "");
        let mut devices = [bench.docs.clone(), bench.docs.fork(ben())];
        let mut windows = [0, 1].map(|device| Window::open(&mut bench, &mut devices[device].clone(), id, device));
        // Each goes on behind what was typed last, wherever others put their letters.
        let mut carets = [0, 0];
        let mut own = [String::new(), String::new()];
        for (turn, is_ben) in turns.iter().enumerate() {
            let who = usize::from(*is_ben);
            let letter = if *is_ben { "😀" } else { "a" };
            let one = edit(carets[who], 0, letter);
            own[who].push_str(letter);
            let mut docs = devices[who].clone();
            let mut writer = Bench::writer(&mut bench.rng, bench.now);
            let others = type_at(&mut docs, &mut writer, id, &windows[who].heads, std::slice::from_ref(&one)).unwrap();
            windows[who].apply(std::slice::from_ref(&one));
            windows[who].apply(&others);
            carets[who] += letter.encode_utf16().count();
            for patch in &others {
                carets[who] = moved(carets[who], patch);
            }
            windows[who].heads = whole(&mut docs, id).unwrap().heads;
            devices[who] = docs;
            if turn % meets == 0 {
                // The other hears of it, and the window does not yet.
                let theirs = devices[who].clone();
                devices[1 - who].merge(&theirs).unwrap();
            }
        }
        let [mut one, other] = devices;
        one.merge(&other).unwrap();
        let text = notes(&mut one, id).unwrap().text;
        for (who, letter) in [(0, 'a'), (1, '😀')] {
            let typed: String = text.chars().filter(|one| *one == letter).collect();
            prop_assert_eq!(&typed, &own[who]);
        }
        prop_assert_eq!(text.chars().count(), turns.len());
    }

    #[test]
    fn a_caret_stays_before_its_letter_while_others_write(at in 0..12_usize, insert in "[a-z😀]{1,3}", before in any::<bool>()) {
        let mut bench = bench();
        let id = session(&mut bench, "one😀two😀three");
        let units: Vec<u16> = "one😀two😀three".encode_utf16().collect();
        let doc = bench.docs.read(id.document()).unwrap().unwrap();
        let Ok(caret) = caret_at(doc, at) else {
            prop_assert!((0xdc00..0xe000).contains(&units[at]));
            return Ok(());
        };
        prop_assert_eq!(place_of(doc, &caret), Some(at));
        let place = if before { 0 } else { units.len() };
        let heads = whole(&mut bench.docs, id).unwrap().heads;
        let mut docs = bench.docs.clone();
        let mut writer = Bench::writer(&mut bench.rng, bench.now);
        type_at(&mut docs, &mut writer, id, &heads, &[edit(place, 0, &insert)]).unwrap();
        let doc = docs.read(id.document()).unwrap().unwrap();
        let more = if before { insert.encode_utf16().count() } else { 0 };
        prop_assert_eq!(place_of(doc, &caret), Some(at + more));
    }
}

#[test]
fn an_edit_that_was_written_is_found_again_and_one_that_was_not_is_not() {
    let mut bench = bench();
    let id = session(&mut bench, "one two");
    let mut docs = bench.docs.clone();
    let base = whole(&mut docs, id).unwrap().heads;
    let edits = [edit(3, 0, "!"), edit(8, 0, "?")];
    let own = |actor: &ActorId| *actor == crate::testing::mia();
    assert_eq!(
        typed_before(&mut docs, id, &base, &edits, &own).unwrap(),
        None
    );
    // Somebody else wrote first, so it was written elsewhere than it was typed.
    let mut theirs = docs.fork(ben());
    let mut writer = Bench::writer(&mut bench.rng, bench.now);
    type_at(&mut theirs, &mut writer, id, &base, &[edit(0, 0, "😀 ")]).unwrap();
    docs.merge(&theirs).unwrap();
    type_at(&mut docs, &mut writer, id, &base, &edits).unwrap();
    let text = whole(&mut docs, id).unwrap().text;
    assert_eq!(text, "😀 one! two?");
    let found = typed_before(&mut docs, id, &base, &edits, &own).unwrap();
    assert_eq!(found, Some(vec![edit(0, 0, "😀 ")]));
    let rest = after_typed(&mut docs, id, &base, &edits).unwrap();
    assert_eq!(rest, [edit(0, 0, "😀 ")]);
    for other in [
        vec![edit(3, 0, "!")],
        vec![edit(3, 0, "?"), edit(8, 0, "!")],
    ] {
        assert_eq!(
            typed_before(&mut docs, id, &base, &other, &own).unwrap(),
            None
        );
    }
    let nobody = |_: &ActorId| false;
    assert_eq!(
        typed_before(&mut docs, id, &base, &edits, &nobody).unwrap(),
        None
    );
}

#[test]
fn what_lies_beyond_the_end_or_in_a_pair_is_refused_and_nothing_is_written() {
    let mut bench = bench();
    let id = session(&mut bench, "a😀b");
    let before = whole(&mut bench.docs, id).unwrap();
    let many = vec![edit(0, 0, "x"); LIVE_EDITS_MAX + 1];
    for edits in [
        vec![edit(2, 0, "x")],
        vec![edit(1, 1, "x")],
        vec![edit(5, 0, "x")],
        vec![edit(0, 5, "")],
        vec![edit(usize::MAX, 1, "")],
        vec![edit(0, 1, ""), edit(3, 1, "")],
        many,
    ] {
        let mut writer = Bench::writer(&mut bench.rng, bench.now);
        let refused = type_at(&mut bench.docs, &mut writer, id, &before.heads, &edits);
        assert!(matches!(refused, Err(EditError::Invalid(_))), "{edits:?}");
    }
    let mut writer = Bench::writer(&mut bench.rng, bench.now);
    let unknown = ["00".repeat(32)];
    let refused = type_at(
        &mut bench.docs,
        &mut writer,
        id,
        &unknown,
        &[edit(0, 0, "x")],
    );
    assert!(matches!(refused, Err(EditError::BaseUnknown)));
    assert_eq!(whole(&mut bench.docs, id).unwrap(), before);
}

#[test]
fn a_text_with_something_else_in_it_is_brought_up_to_date_by_comparing() {
    let mut bench = bench();
    let id = session(&mut bench, "one");
    let base = whole(&mut bench.docs, id).unwrap();
    // A modified program may put a map between the letters.
    let doc = bench.docs.read(id.document()).unwrap().unwrap();
    let notes = notes_object(doc).unwrap();
    let mut theirs = AutoCommit::load(&doc.save()).unwrap();
    theirs.set_actor(ben());
    theirs
        .insert_object(&notes, 1, automerge::ObjType::Map)
        .unwrap();
    theirs.splice_text(&notes, 0, 0, "😀").unwrap();
    let mut other = theirs.document().clone();
    let mut docs = bench.docs.clone();
    docs.write(id.document())
        .unwrap()
        .merge(&mut other)
        .unwrap();
    let step = since(&mut docs, id, &base.heads).unwrap();
    let mut window = Window {
        units: base.text.encode_utf16().collect(),
        ..Window::default()
    };
    window.apply(&step.patches);
    assert_eq!(window.text(), whole(&mut docs, id).unwrap().text);
    assert_eq!(step.sum, sum(&window.text()));
}

#[test]
fn a_caret_that_names_no_letter_of_the_notes_is_nowhere() {
    let mut bench = bench();
    let id = session(&mut bench, "one");
    let mut writer = Bench::writer(&mut bench.rng, bench.now);
    append_notes(&mut bench.docs, &mut writer, id, "two").unwrap();
    let doc = bench.docs.read(id.document()).unwrap().unwrap();
    let actor = doc.get_actor().to_bytes().to_vec();
    // The first operation makes the notes themselves and is none of their letters.
    for (actor, counter) in [
        (actor.clone(), 1),
        (actor.clone(), 0),
        (actor.clone(), u64::MAX),
        (actor, u64::from(u32::MAX)),
        (vec![9; 16], 1),
        (Vec::new(), 1),
    ] {
        assert_eq!(
            place_of(doc, &Caret::Before { actor, counter }),
            None,
            "{counter}"
        );
    }
}
