//! The main ways through the page, without a mouse.

use hearth_e2e::Key;
use serde_json::json;

use crate::site::Site;
use crate::stage::Stage;

fn letters(site: &Site, keys: &str) {
    let keys: Vec<Key> = keys.chars().map(Key::Letter).collect();
    site.browser.keys(&keys);
}

/// Presses Tab until something has the focus that a script finds right.
#[track_caller]
fn tab_to(site: &Site, what: &str, is_there: &str) {
    for _ in 0..120 {
        let script = format!("const at = document.activeElement; return {is_there}");
        if site.browser.run(&script, &[]) == json!(true) {
            return;
        }
        site.browser.keys(&[Key::Tab]);
    }
    panic!("Tab never gets to {what} at {}", site.browser.path());
}

#[track_caller]
fn is_at(site: &Site, path: &str) {
    site.browser.wait_for(
        &format!("the screen {path}"),
        "return location.pathname === arguments[0] && document.readyState === 'complete'",
        &[json!(path)],
    );
}

#[test]
#[ignore = "needs Chromium"]
fn every_place_is_reached_by_letters_and_by_the_palette() {
    let stage = Stage::new();
    let site = Site::of(&stage.ana);
    let nb = format!("/n/{}", stage.pair.notebook);
    site.open(&nb);
    for (keys, part) in [
        ("gs", "/sessions"),
        ("gg", "/goals"),
        ("ga", "/agreement"),
        ("gp", "/people"),
        ("gh", ""),
    ] {
        letters(&site, keys);
        is_at(&site, &format!("{nb}{part}"));
    }
    letters(&site, "gj");
    is_at(&site, "/journal");
    letters(&site, "gt");
    is_at(&site, "/");
    letters(&site, "/");
    is_at(&site, "/search");
    let focus = site.browser.run("return document.activeElement.type", &[]);
    assert_eq!(focus, "search", "search is ready to be typed into");

    site.open("/");
    letters(&site, "?");
    site.browser.wait_for(
        "the sheet of keys",
        "return document.querySelector('dialog[open] .keys')",
        &[],
    );
    site.browser.keys(&[Key::Escape]);
    site.browser.wait_for(
        "no dialog",
        "return !document.querySelector('dialog[open]')",
        &[],
    );

    site.browser.keys(&[Key::Ctrl('k')]);
    site.browser.wait_for(
        "the palette",
        "return document.activeElement.type === 'search'",
        &[],
    );
    site.browser.write("settings");
    site.browser.keys(&[Key::Enter]);
    is_at(&site, "/settings");
    site.is_quiet("the keyboard");
}

#[test]
#[ignore = "needs Chromium"]
fn a_goal_is_added_measured_and_found_without_a_mouse() {
    let stage = Stage::new();
    let site = Site::of(&stage.ana);
    let nb = format!("/n/{}", stage.pair.notebook);
    site.open(&format!("{nb}/goals"));
    letters(&site, "n");
    site.browser.wait_for(
        "a field with the focus",
        "return document.activeElement.name === 'title'",
        &[],
    );
    site.browser.write("Sleep before I answer");
    site.browser.keys(&[Key::CtrlEnter]);
    site.browser.wait_for_text("Sleep before I answer");
    // Letters do nothing while somebody writes.
    site.open(&format!("{nb}/goals"));
    for _ in 0..20 {
        letters(&site, "j");
        let text = site
            .browser
            .run("return document.activeElement.textContent.trim()", &[]);
        if text == "Sleep before I answer" {
            break;
        }
    }
    site.browser.keys(&[Key::Enter]);
    site.browser.wait_for(
        "the goal",
        "return document.querySelector('h1').textContent === 'Sleep before I answer'",
        &[],
    );
    letters(&site, "e");
    site.browser.wait_for(
        "its title in a field",
        "return document.activeElement.value === 'Sleep before I answer'",
        &[],
    );
    site.browser.keys(&[Key::Ctrl('a')]);
    site.browser.write("gtSleep first");
    site.browser.keys(&[Key::CtrlEnter]);
    site.browser.wait_for(
        "the new title",
        "return document.querySelector('h1').textContent === 'gtSleep first'",
        &[],
    );
}

#[test]
#[ignore = "needs Chromium"]
fn signing_words_and_answers_need_no_mouse() {
    let stage = Stage::new();
    let site = Site::of(&stage.ana);
    let nb = format!("/n/{}", stage.pair.notebook);
    site.open(&format!("{nb}/agreement"));
    tab_to(
        &site,
        "the box that says sure",
        "at.name === 'sure' && at.form.action.endsWith('/sign')",
    );
    site.browser.keys(&[Key::Space]);
    tab_to(
        &site,
        "the button that signs",
        "at.tagName === 'BUTTON' && at.form && at.form.action.endsWith('/sign')",
    );
    site.browser.keys(&[Key::Enter]);
    site.browser.wait_for_text("You signed");

    site.open(&format!("{nb}/questions"));
    tab_to(
        &site,
        "an answer",
        "at.tagName === 'SUMMARY' && /answer/i.test(at.textContent)",
    );
    site.browser.keys(&[Key::Enter]);
    site.browser.keys(&[Key::Tab]);
    tab_to(
        &site,
        "its field",
        "at.tagName === 'TEXTAREA' && at.form.action.endsWith('/answer')",
    );
    site.browser.write("Somebody who was there.");
    site.browser.keys(&[Key::CtrlEnter]);
    site.browser.wait_for_text("Somebody who was there.");
    // The first thing that Tab reaches leads past the rail.
    site.open(&nb);
    site.browser.keys(&[Key::Tab]);
    let first = site
        .browser
        .run("return document.activeElement.getAttribute('href')", &[]);
    assert_eq!(first, "#main");
}
