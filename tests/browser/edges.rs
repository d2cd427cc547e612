//! Notes that are written at once, where it is not letters after letters: composed words, pairs of surrogates, a large
//! paste, text from the right, a version that comes back, two windows of one person, somebody who may only read, and a
//! browser without scripts.

use std::time::Duration;

use hearth_e2e::{Key, Pair, text, until};
use serde_json::{Value, json};

use crate::notes::{BEFORE, EQUAL, GO, noted, session, shown, window};
use crate::site::Site;

/// How long a paste of 100 kB may take to be everywhere in a build without optimisation.
const LARGE: Duration = Duration::from_secs(90);

/// Waits until all windows and both homes have a text.
#[track_caller]
fn all_show(pair: &Pair, session: &str, sites: &[&Site], wanted: &str) {
    for site in sites {
        until("every screen shows it", EQUAL, || {
            (shown(&site.browser) == wanted).then_some(())
        });
    }
    pair.agree(EQUAL);
    for person in [&pair.ana, &pair.ben] {
        assert_eq!(noted(person, session), wanted);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn composed_words_pairs_and_text_from_the_right_stay_whole_while_somebody_else_writes() {
    let (pair, ana, ben) = Pair::on_loopback();
    let session = session(&pair);
    let (one, two) = (window(&ana, &pair, &session), window(&ben, &pair, &session));
    one.browser.run(GO, &[json!(BEFORE.encode_utf16().count())]);
    two.browser.run(GO, &[json!(5)]);
    // A word is being composed, and Ben writes in front of it meanwhile.
    let compose = |word: &str| {
        let at = word.encode_utf16().count();
        let state = json!({ "text": word, "selectionStart": at, "selectionEnd": at });
        one.browser.command("Input.imeSetComposition", state);
    };
    compose("に");
    two.browser.write("Ben 😀 ");
    until("Ben's node has it", EQUAL, || {
        noted(&pair.ana, &session).contains("Ben 😀 ").then_some(())
    });
    compose("にほ");
    let under_way = "## A\n\n## B 😀\nにほ";
    assert_eq!(
        shown(&one.browser),
        under_way,
        "what is composed is left alone until it is done"
    );
    let done = json!({ "text": "日本" });
    one.browser.command("Input.insertText", done);
    two.browser.write("שלום ");
    let family = json!({ "text": "👩‍👧 e\u{301} नि" });
    one.browser.command("Input.insertText", family);
    one.browser.keys(&[Key::Backspace, Key::Backspace]);
    let ana_wrote = until("Ana's two letters are gone", EQUAL, || {
        let text = shown(&one.browser);
        let mine = text.split("## B 😀\n").nth(1)?.to_owned();
        (!mine.contains('न')).then_some(mine)
    });
    let wanted = format!("## A\nBen 😀 שלום \n## B 😀\n{ana_wrote}");
    assert!(ana_wrote.starts_with("日本👩‍👧 e\u{301}"), "{ana_wrote:?}");
    all_show(&pair, &session, &[&one, &two], &wanted);
    one.is_quiet("Ana's screen");
    two.is_quiet("Ben's screen");
}

#[test]
#[ignore = "needs Chromium"]
fn a_large_paste_and_a_version_that_comes_back_reach_whoever_is_typing() {
    let (pair, ana, ben) = Pair::on_loopback();
    let session = session(&pair);
    let (one, two) = (window(&ana, &pair, &session), window(&ben, &pair, &session));
    one.browser.run(GO, &[json!(5)]);
    two.browser.run(GO, &[json!(BEFORE.encode_utf16().count())]);
    pair.ana.ok(&["session", "agenda", &session, "The talk"]);
    let log = pair.ana.ok(&["log", &pair.notebook, "--object", &session]);
    let mut changes = log["changes"].as_array().expect("changes").iter();
    let added = changes.find(|line| {
        line["what"]
            .as_str()
            .is_some_and(|what| what.contains("added"))
    });
    let then = text(added.expect("the agenda's change"), "/change");
    two.browser.write("Ben ");
    let large: String = (0..2_500)
        .map(|line| format!("{line:04} a line of forty letters and an é 😀\n"))
        .collect();
    assert!(large.len() > 100_000);
    let may = ["clipboardReadWrite", "clipboardSanitizedWrite"];
    one.browser
        .command("Browser.grantPermissions", json!({ "permissions": may }));
    let copy = "navigator.clipboard.writeText(arguments[0]).then(() => arguments[1](true), (error) => arguments[1](`${error}`))";
    assert_eq!(one.browser.run_async(copy, &[json!(large)]), json!(true));
    one.browser.keys(&[Key::Ctrl('v')]);
    two.browser.write("goes on");
    let wanted = format!("## A\n{large}\n## B 😀\nBen goes on");
    for site in [&one, &two] {
        until("both screens show all of it", LARGE, || {
            (shown(&site.browser) == wanted).then_some(())
        });
    }
    all_show(&pair, &session, &[&one, &two], &wanted);
    // Somebody brings back what was there first, and both go on writing in it.
    pair.ben.ok(&["restore", &session, "--at", &then]);
    all_show(&pair, &session, &[&one, &two], BEFORE);
    one.browser.run(GO, &[json!(0)]);
    one.browser.write("on ");
    all_show(&pair, &session, &[&one, &two], &format!("on {BEFORE}"));
    one.is_quiet("Ana's screen");
    two.is_quiet("Ben's screen");
}

#[test]
#[ignore = "needs Chromium"]
fn two_windows_of_one_person_a_reader_and_a_browser_without_scripts_write_and_read_one_note() {
    let (pair, ana, ben) = Pair::on_loopback();
    let session = session(&pair);
    let one = window(&ana, &pair, &session);
    let other = one.beside();
    let address = format!("/n/{}/sessions/{session}?stage=live", pair.notebook);
    other.open(&address);
    crate::notes::is_live(&other);
    let two = window(&ben, &pair, &session);
    one.browser.run(GO, &[json!(5)]);
    other.browser.run(GO, &[json!(5)]);
    two.browser.run(GO, &[json!(BEFORE.encode_utf16().count())]);
    for letter in "abcd".chars() {
        one.browser.write(&letter.to_string());
        other
            .browser
            .write(&letter.to_ascii_uppercase().to_string());
    }
    two.browser.write("Ben");
    let both = until("all three show the same", EQUAL, || {
        let text = shown(&one.browser);
        let letters = |upper: bool| -> String {
            let own = text
                .split("## B")
                .next()
                .unwrap_or_default()
                .chars()
                .skip(4);
            own.filter(|letter| {
                letter.is_ascii_alphabetic() && letter.is_ascii_uppercase() == upper
            })
            .collect()
        };
        let is_whole = letters(false) == "abcd" && letters(true) == "ABCD" && text.ends_with("Ben");
        (is_whole && text == shown(&other.browser) && text == shown(&two.browser)).then_some(text)
    });
    all_show(&pair, &session, &[&one, &other, &two], &both);
    // A window is told of one's other window, and not of itself.
    let names =
        "return [...document.querySelectorAll('.over .who')].map((one) => one.textContent).sort()";
    assert_eq!(one.browser.run(names, &[]), json!(["Ana", "Ben"]));
    // Without scripts the form saves, on top of the version that it was made of.
    let here = other.browser.url();
    other.browser.command(
        "Emulation.setScriptExecutionDisabled",
        json!({ "value": true }),
    );
    other.browser.goto(&here);
    two.browser.write("!");
    until("Ana's node has it", EQUAL, || {
        noted(&pair.ana, &session).ends_with("Ben!").then_some(())
    });
    other.browser.type_into("#notes-text", "\nby hand");
    other.browser.click("#notes-save button");
    // The two wrote at one place, so which comes first follows from their devices.
    let saved = until("what was saved is there too", EQUAL, || {
        let now = noted(&pair.ana, &session);
        (now.contains("by hand") && now.contains('!')).then_some(now)
    });
    all_show(&pair, &session, &[&one, &two], &saved);
    // Whoever may only read from now on keeps what is typed in the window, is told so, and writes nothing.
    pair.ana
        .ok(&["member", "role", &pair.notebook, "Ben", "observer"]);
    until("Ben is an observer", EQUAL, || {
        let shown = pair.ben.ok(&["notebook", "show", &pair.notebook]);
        let members = shown["notebook"]["members"].as_array()?.clone();
        let ben = members.iter().find(|one| one["name"] == "Ben")?.clone();
        (ben["role"] == "observer").then_some(())
    });
    two.browser.write("~");
    two.browser
        .wait_for_text("take nothing more from this window");
    assert!(shown(&two.browser).contains('~'));
    assert_eq!(noted(&pair.ana, &session), saved);
    two.open(&address);
    assert!(!two.browser.has("#notes-text"), "a reader has no field");
    one.browser.run(GO, &[json!(0)]);
    one.browser.write("Read this. ");
    two.browser.wait_for_text("Read this.");
    let said: Value = two.browser.run("return document.body.innerText", &[]);
    assert!(said.as_str().is_some_and(|said| said.contains("by hand")));
}
