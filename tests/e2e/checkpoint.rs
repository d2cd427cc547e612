//! A checkpoint at a mirror as real processes: made by one, checked by the other, and all that is left of what they wrote.

use std::time::Duration;

use hearth_e2e::{Person, RunningNode, agree, text, until};
use serde_json::Value;

use crate::mirror::{mirror, mirror_up, mirrors};
use crate::recovery::recover_by;

/// How long something may take to get through.
const SOON: Duration = Duration::from_secs(60);
/// Stretches of notes that are written: enough for two segments.
const STRETCHES: u64 = 140;
/// Words in each.
const WORDS: u64 = 150;

/// Words of no pattern, so that they take room.
fn stretch(number: u64) -> String {
    let mut state = number + 1;
    let words = (0..WORDS).map(|_| {
        // A step of a xorshift generator.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("{:010x}", state & 0xff_ffff_ffff)
    });
    words.collect::<Vec<_>>().join(" ") + "\n"
}

fn checkpoint(person: &Person, notebook: &str) -> Value {
    mirrors(person, notebook)[0]["checkpoint"].clone()
}

#[test]
fn what_both_have_checked_is_kept_in_packs_only_and_brings_everything_back() {
    let (ana, ben) = (Person::stranger("Ana"), Person::new("Ben"));
    let made = ana.ok(&[
        "init", "--name", "Ana", "--device", "laptop", "--unlock", "bare", "--yes",
    ]);
    let phrase = made["recovery_phrase"].as_str().expect("a phrase");
    let notebook = ana.notebook("Ana and Ben");
    let cupboard = mirror(&[]);
    let running = mirror_up(&cupboard);
    let ticket = text(running.ready(), "/ticket");
    ana.ok(&["mirror", "add", &notebook, &ticket]);
    let [of_ana, of_ben] = [&ana, &ben].map(RunningNode::up);
    ben.ok(&["join", &ana.ticket(&notebook, "mentee")]);
    agree(&[&ana, &ben], &notebook, SOON);
    of_ben.stop();

    let session = ana.session(&notebook);
    for number in 0..STRETCHES {
        let append = ["session", "notes", &session, "--append", "--from", "-"];
        ana.feed(&append, &stretch(number)).data();
    }
    let made = until("Ana's node makes a checkpoint", SOON, || {
        let made = checkpoint(&ana, &notebook);
        (made["segments"].as_u64() >= Some(2)).then_some(made)
    });
    assert_eq!(made["pruned"], 0, "{made}");
    assert_eq!(made["unchecked_by"][0]["name"], "Ben", "{made}");
    until("the mirror holds all", SOON, || {
        (mirrors(&ana, &notebook)[0]["holds_all"] == true).then_some(())
    });
    of_ana.stop();

    // From here on the two are never online together.
    let of_ben = RunningNode::up(&ben);
    until("Ben's node checks it", SOON, || {
        let made = checkpoint(&ben, &notebook);
        // Ben's node may go on with a segment of its own, which Ana has not checked.
        (made["checked"].as_u64() >= Some(2)).then_some(())
    });
    ben.goal(&notebook, "From Ben");
    until("the mirror holds Ben's, too", SOON, || {
        (mirrors(&ben, &notebook)[0]["holds_all"] == true).then_some(())
    });
    of_ben.stop();

    let before = cupboard.ok(&["status"])["notebooks"][0].clone();
    running.stop();
    let up = [
        "mirror",
        "up",
        "--listen",
        "127.0.0.1:0",
        "--keep-days",
        "0",
    ];
    let running = RunningNode::spawned(cupboard.command(&up), &cupboard);
    let after = until("the mirror frees room", SOON, || {
        let held = cupboard.ok(&["status"])["notebooks"][0].clone();
        (held["checkpoint"]["freed_bytes"].as_u64() > Some(0)).then_some(held)
    });
    let bytes = |held: &Value| held["bytes"].as_u64().expect("bytes");
    eprintln!("{} bytes, then {}", bytes(&before), bytes(&after));
    assert!(bytes(&after) * 4 < bytes(&before) * 3, "{before} {after}");
    assert_eq!(before["entries"], after["entries"]);
    running.kill();
    cupboard.ok(&["verify"]);
    let running = mirror_up(&cupboard);

    // Ana has lost her laptop, and nobody is there but the mirror.
    let new = Person::stranger("Ana");
    let recovered = recover_by(&new, &text(running.ready(), "/ticket"), phrase).data();
    assert_eq!(recovered["arrived"], recovered["notebooks"], "{recovered}");
    assert_eq!(new.goals(&notebook), ["From Ben"]);
    let shown = new.ok(&["session", "show", &session]);
    let wanted: String = (0..STRETCHES).map(stretch).collect();
    assert_eq!(text(&shown, "/session/notes"), wanted);
    new.ok(&["verify"]);
    running.stop();
}
