//! Somebody who has never opened a terminal: from an empty home to a notebook of two.

use std::process::Command;
use std::time::Duration;

use hearth_e2e::{Browser, Person, RunningNode, until};
use serde_json::json;

use crate::looks::looks_right;
use crate::site::Site;

/// How long two devices may take to tell each other something.
const SOON: Duration = Duration::from_secs(30);

/// Starts `hearth up` with the page in a home that is not there yet.
#[track_caller]
pub(crate) fn up(person: &Person) -> RunningNode {
    let mut command: Command = person.plain(&[
        "--json",
        "up",
        "--listen",
        "127.0.0.1:0",
        "--web",
        "127.0.0.1:0",
    ]);
    command.stdin(std::process::Stdio::null());
    RunningNode::spawned(command, person)
}

#[track_caller]
pub(crate) fn arrive(person: &Person, node: &RunningNode) -> (Browser, String) {
    assert_eq!(node.ready()["first_run"], json!(true), "{}", person.name());
    let link = node.ready()["web_url"].as_str().expect("a link").to_owned();
    let base = link.split("/launch").next().expect("a place").to_owned();
    let browser = Browser::open();
    browser.goto(&link);
    browser.wait_for_text("How would you like to begin?");
    (browser, base)
}

/// Fills in who somebody is, with a passphrase.
#[track_caller]
pub(crate) fn introduce(browser: &Browser, name: &str) {
    browser.fill("[name=name]", name);
    browser.fill("[name=device]", &format!("{name}'s laptop"));
    browser.fill("[name=new]", "a lamp on the table");
    browser.fill("[name=again]", "a lamp on the table");
}

/// Reads the words off the screen and shows that they were written down.
#[track_caller]
fn keep_words(browser: &Browser) {
    browser.wait_for_text("Your recovery words");
    let words = browser.run(
        "return [...document.querySelectorAll('ol.words li')].map((one) => one.textContent.trim())",
        &[],
    );
    let words: Vec<String> = serde_json::from_value(words).expect("words");
    assert_eq!(words.len(), 24);
    let fields = browser.run(
        "return [...document.querySelectorAll('[name^=word-]')].map((one) => one.name)",
        &[],
    );
    let fields: Vec<String> = serde_json::from_value(fields).expect("names");
    assert_eq!(fields.len(), 3);
    // A wrong word is told, and nothing is lost by it.
    for field in &fields {
        browser.fill(&format!("[name={field}]"), "zebra");
    }
    browser.press("I have them");
    browser.wait_for_text("These are not the words");
    for field in &fields {
        let at: usize = field.trim_start_matches("word-").parse().expect("a number");
        browser.fill(&format!("[name={field}]"), &words[at - 1]);
    }
    browser.press("I have them");
    browser.wait_for_text("They are erased here.");
}

#[test]
#[ignore = "needs Chromium"]
fn two_people_without_a_terminal_come_from_nothing_to_a_signed_agreement() {
    let (ana, ben) = (Person::stranger("Ana"), Person::stranger("Ben"));
    let (mut ana_node, mut ben_node) = (up(&ana), up(&ben));
    let (mentor, mentor_base) = arrive(&ana, &ana_node);
    introduce(&mentor, "Ana");
    mentor.fill("[name=title]", "Ana and Ben");
    mentor.press("Begin");
    keep_words(&mentor);
    mentor.wait_for_text("Ana and Ben");
    let notebook = mentor.path().trim_start_matches("/n/").to_owned();
    mentor.goto(&format!("{mentor_base}/n/{notebook}/people"));
    mentor.press("Make an invitation");
    let ticket = mentor.wait_for(
        "the ticket",
        "return document.querySelector('#ticket')?.value",
        &[],
    );
    assert!(mentor.has("svg.qr"), "a code for a camera");

    let (mentee, mentee_base) = arrive(&ben, &ben_node);
    mentee.click("[name=way][value=join]");
    let paste = "document.querySelector('[name=ticket]').value = arguments[0]";
    mentee.run(paste, &[ticket]);
    introduce(&mentee, "Ben");
    mentee.press("Begin");
    mentee.wait_for_text("Your recovery words");
    // They can wait.
    mentee.press("Later");
    mentee.wait_for_text("Ana");
    mentee.goto(&mentee_base);
    mentee.wait_for_text("wait to be written down");

    compare_words(&mentor, &mentor_base, &mentee, &mentee_base, &notebook);
    agree(&mentor, &mentor_base, &mentee, &mentee_base, &notebook);
    assert!(ana_node.is_running() && ben_node.is_running());
    let (mentor, mentee) = (mentor.console(), mentee.console());
    assert!(
        mentor.is_empty() && mentee.is_empty(),
        "{mentor:#?} {mentee:#?}"
    );
}

#[track_caller]
fn compare_words(
    mentor: &Browser,
    mentor_base: &str,
    mentee: &Browser,
    mentee_base: &str,
    notebook: &str,
) {
    let words = |browser: &Browser, base: &str, other: &str| {
        browser.goto(&format!("{base}/n/{notebook}/people"));
        browser.press(&format!("Compare words with {other}"));
        let shown = browser.wait_for(
            "the words",
            "return [...document.querySelectorAll('ol.words li')].map((one) => one.textContent.trim()).join(' ')",
            &[],
        );
        browser.press("All of them match");
        browser.wait_for_text("compared");
        shown
    };
    assert_eq!(
        words(mentor, mentor_base, "Ben"),
        words(mentee, mentee_base, "Ana")
    );
}

#[track_caller]
fn agree(mentor: &Browser, mentor_base: &str, mentee: &Browser, mentee_base: &str, notebook: &str) {
    let address = format!("/n/{notebook}/agreement");
    mentor.goto(&format!("{mentor_base}{address}"));
    mentor.run(
        "document.querySelectorAll('.topic details').forEach((one) => one.open = true)",
        &[],
    );
    mentor.fill(
        "form[action$='/agreement/purpose'] [name=consensus]",
        "Ben learns to lead.",
    );
    mentor.click("form[action$='/agreement/purpose'] button");
    mentor.wait_for_text("Ben learns to lead.");
    sign(mentor);
    mentee.goto(&format!("{mentee_base}{address}"));
    mentee.wait_for_text("Ben learns to lead.");
    mentee.wait_for_text("Ana signed");
    sign(mentee);
    mentor.wait_for_text("Ben signed");
}

/// Signs what is shown; the passphrase is asked for where it was not given a moment ago.
#[track_caller]
fn sign(browser: &Browser) {
    if browser.has("form[action$='/agreement/sign'] [name=passphrase]") {
        browser.fill(
            "form[action$='/agreement/sign'] [name=passphrase]",
            "a lamp on the table",
        );
    }
    browser.click("form[action$='/agreement/sign'] button");
    browser.wait_for_text("You signed");
}

#[test]
#[ignore = "needs Chromium"]
fn an_example_is_there_to_look_around_in_before_anybody_is_invited() {
    let person = Person::stranger("Ana");
    let node = up(&person);
    let (browser, base) = arrive(&person, &node);
    browser.click("[name=way][value=example]");
    browser.fill("[name=name]", "Ana");
    browser.click("[name=protect][value=bare]");
    browser.press("Begin");
    browser.wait_for_text("Your recovery words");
    browser.press("Later");
    browser.wait_for_text("Example: learning to lead");
    let path = browser.path();
    for part in ["/goals", "/sessions", "/agreement", "/skills", "/questions"] {
        browser.goto(&format!("{base}{path}{part}"));
        assert!(!browser.has(".empty"), "{part}: {}", browser.said());
    }
    assert!(browser.console().is_empty());
}

#[test]
#[ignore = "needs Chromium"]
fn what_was_typed_stands_there_again_where_the_welcome_went_wrong() {
    let person = Person::stranger("Ana");
    let node = up(&person);
    let (browser, base) = arrive(&person, &node);
    introduce(&browser, "Ana");
    browser.fill("[name=again]", "something else");
    browser.fill("[name=title]", "Our notebook");
    browser.press("Begin");
    browser.wait_for_text("The two are not the same.");
    let title = browser.run("return document.querySelector('[name=title]').value", &[]);
    assert_eq!(title, "Our notebook");
    let kept = browser.run("return document.querySelector('[name=new]').value", &[]);
    assert_eq!(kept, "", "a passphrase is never shown again");
    // Nothing else answers before there is somebody.
    browser.goto(&format!("{base}/settings"));
    assert_eq!(browser.path(), "/welcome");
    assert!(
        !person.home().exists(),
        "nothing is made before it is whole"
    );
    introduce(&browser, "Ana");
    browser.press("Begin");
    browser.wait_for_text("Your recovery words");
    browser.goto(&format!("{base}/welcome"));
    until("the welcome is over", SOON, || {
        (browser.path() == "/").then_some(())
    });
}

#[test]
#[ignore = "needs Chromium"]
fn two_nodes_on_one_machine_share_one_browser() {
    let stage = crate::stage::Stage::new();
    let site = Site::of(&stage.ana);
    let other = stage.ben.ready()["web_url"]
        .as_str()
        .expect("a link")
        .to_owned();
    site.browser.goto(&other);
    site.browser.wait_for_text("You are Ben");
    site.open("/");
    site.browser.wait_for_text("You are Ana");
}

#[test]
#[ignore = "needs Chromium"]
fn an_invitation_that_is_none_is_told_where_another_one_goes() {
    let person = Person::stranger("Ben");
    let node = up(&person);
    let (browser, _) = arrive(&person, &node);
    browser.click("[name=way][value=join]");
    browser.fill("[name=ticket]", "hearth1nothing");
    browser.fill("[name=name]", "Ben");
    browser.click("[name=protect][value=bare]");
    browser.press("Begin");
    browser.wait_for(
        "the form that joins says why",
        "return document.querySelector(\"form[action='/begin/join'] .error\")?.textContent",
        &[],
    );
    assert_eq!(browser.path(), "/begin");
    // The words were not shown yet, and are not forgotten.
    browser.wait_for_text("wait to be written down");
    assert!(browser.console().is_empty());
}

#[test]
#[ignore = "needs Chromium"]
fn a_second_device_begins_with_the_words_that_the_first_one_shows() {
    let (ana, phone) = (Person::new("Ana"), Person::stranger("Ana"));
    ana.notebook("Ana and Ben");
    let ana_node = RunningNode::up(&ana);
    let first = Site::of(&ana_node);
    first.open("/sync");
    first.browser.press("Link another device");
    first
        .browser
        .click("form[action='/devices/link'] [name=sure]");
    first.browser.press("Make a ticket");
    let ticket = first.browser.wait_for(
        "the ticket",
        "return document.querySelector('#ticket')?.value",
        &[],
    );
    let node = up(&phone);
    let (second, base) = arrive(&phone, &node);
    second.press("You have used Hearthside before");
    second.click("[name=way][value=link]");
    second.run(
        "document.querySelector('[name=device-ticket]').value = arguments[0]",
        &[ticket],
    );
    second.fill("[name=name]", "Ana");
    second.fill("[name=device]", "Ana's phone");
    second.click("[name=protect][value=bare]");
    second.press("Begin");
    second.wait_for_text("Compare these words");
    let words = second.run(
        "return [...document.querySelectorAll('ol.words li')].map((one) => one.textContent.trim()).join(' ')",
        &[],
    );
    let words = words.as_str().expect("words").to_owned();
    assert_eq!(words.split(' ').count(), 6, "{words}");
    until("the first device shows them", SOON, || {
        first.open("/");
        first.browser.said().contains(&words).then_some(())
    });
    let mut broken = Vec::new();
    looks_right(&second, "words-of-a-link", &mut broken);
    assert!(broken.is_empty(), "{broken:#?}");
    // The node is there already: the way on leads to what came.
    second.press("Go on");
    second.wait_for_text("Ana and Ben");
    assert_eq!(second.path(), "/");
    assert!(second.console().is_empty());
    assert_eq!(phone.ok(&["status"])["device"]["label"], "Ana's phone");
    // What the browser keeps for the page is there again: it goes by the same name and port.
    drop(second);
    node.stop();
    let again = RunningNode::up(&phone);
    let link = again.ready()["web_url"].as_str().expect("a link");
    assert!(link.starts_with(&format!("{base}/")), "{base} {link}");
}
