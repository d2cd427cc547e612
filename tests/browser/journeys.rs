//! What the three kinds of users do, each in a browser of their own on a node of their own.

use std::time::Duration;

use hearth_e2e::{Person, RunningNode, agree, text};

use crate::looks::looks_right;
use crate::site::Site;
use crate::stage::Stage;

/// How long all may take to agree.
const AGREE: Duration = Duration::from_secs(30);

/// Ticks the box that says sure, in the form of an address.
#[track_caller]
fn sure(site: &Site, action: &str) {
    site.browser
        .click(&format!("form[action$='{action}'] [name=sure]"));
    site.browser
        .click(&format!("form[action$='{action}'] button"));
}

#[test]
#[ignore = "needs Chromium"]
fn a_pair_ends_its_year_with_sealed_words_a_certificate_and_destroyed_keys() {
    let stage = Stage::new();
    let (ana, ben) = (Site::of(&stage.ana), Site::of(&stage.ben));
    let nb = format!("/n/{}", stage.pair.notebook);
    // Neither reads the other before both have committed.
    for (site, words) in [
        (&ana, "You thank me too much."),
        (&ben, "You tell me how it ends."),
    ] {
        site.open(&format!("{nb}/feedback"));
        site.browser
            .fill("form[action$='/commit'] [name=text]", words);
        site.browser.click("form[action$='/commit'] button");
        site.browser.wait_for_text("You have committed.");
    }
    ana.open(&format!("{nb}/feedback"));
    assert!(!ana.browser.said().contains("You tell me how it ends."));
    for site in [&ana, &ben] {
        site.open(&format!("{nb}/feedback"));
        site.browser.wait_for(
            "both have committed",
            "return !!document.querySelector(\"form[action$='/open']\")",
            &[],
        );
        site.browser.click("form[action$='/open'] button");
        site.browser.wait_for_text("Yours is open.");
    }
    ana.browser.wait_for_text("You tell me how it ends.");

    an_answer_that_is_refused_stands_there_again(&ana, &nb);
    ana.open(&format!("{nb}/move"));
    ana.browser.press("Close the notebook");
    sure(&ana, "/close");
    ana.browser.wait_for_text("The notebook is an archive now.");

    ana.open(&format!("{nb}/move"));
    ana.browser.press("Write a certificate");
    ana.browser.fill(
        "form[action$='/certificate'] [name=words]",
        "He leads by asking.",
    );
    ana.browser.click("form[action$='/certificate'] button");
    ana.browser
        .wait_for_text("This is exactly what you would sign.");
    // Without the tick it is not signed, and the words are not lost.
    ana.browser.run(
        "document.querySelector(\"form[action$='/certificate/sign'] [name=sure]\").required = false",
        &[],
    );
    ana.browser
        .click("form[action$='/certificate/sign'] button");
    ana.browser.wait_for(
        "the form says why",
        "return document.querySelector(\"form[action$='/certificate'] .error\")?.getClientRects().length",
        &[],
    );
    let kept = "return document.querySelector(\"form[action$='/certificate'] [name=words]\").value";
    assert_eq!(ana.browser.run(kept, &[]), "He leads by asking.");
    ana.browser.click("form[action$='/certificate'] button");
    ana.browser
        .wait_for_text("This is exactly what you would sign.");
    // What others write meanwhile appears on a page that is open.
    ben.open(&format!("{nb}/move"));
    ben.browser.wait_for_text("Destroy the keys");
    assert!(!ben.browser.has("#certificates article"));
    ben.browser.run("window.isSame = true", &[]);
    sure(&ana, "/certificate/sign");
    ana.browser.wait_for_text("You signed the certificate.");

    ben.browser.wait_for_text("He leads by asking.");
    assert_eq!(ben.browser.run("return window.isSame", &[]), true);
    ben.browser.press("Destroy the keys on my devices");
    sure(&ben, "/destroy");
    ben.browser
        .wait_for_text("The keys are destroyed on this device.");
    ben.open(&nb);
    assert!(!ben.browser.said().contains("Hand over the release work"));
    ana.open(&format!("{nb}/move"));
    ana.browser.wait_for_text("that it destroyed its keys");
    ana.is_quiet("Ana");
}

#[test]
#[ignore = "needs Chromium"]
fn a_circle_of_peers_sees_one_clock_on_every_screen() {
    let people = ["Aya", "Bruno", "Chloe"].map(Person::new);
    let nodes = people.each_ref().map(RunningNode::up);
    let [aya, bruno, chloe] = &people;
    let created = aya.ok(&["notebook", "create", "Tuesday circle", "--form", "peer"]);
    let notebook = text(&created, "/notebook/id");
    for person in [bruno, chloe] {
        person.ok(&["join", &aya.ticket(&notebook, "peer")]);
    }
    agree(&people.iter().collect::<Vec<_>>(), &notebook, AGREE);
    let address = format!("/n/{notebook}/circle");
    let (first, second) = (Site::of(&nodes[0]), Site::of(&nodes[1]));
    second.open(&address);
    second.browser.wait_for_text("Begin a circle");
    assert!(!second.browser.has("#stages") && !second.browser.has("#roles"));
    second.browser.run("window.isSame = true", &[]);
    first.open(&address);
    first.browser.click("form[action$='/circle/start'] button");
    first.browser.wait_for_text("Stage 1 of 8");
    second.browser.wait_for_text("Stage 1 of 8");
    for part in ["#stages [aria-current=step]", "#roles dd"] {
        second.browser.find(part);
    }
    for site in [&first, &second] {
        clock_goes(site);
    }
    let mut broken = Vec::new();
    looks_right(&second.browser, "circle-running", &mut broken);
    assert!(broken.is_empty(), "{broken:#?}");
    first.browser.click("form[action$='/circle/next'] button");
    first.browser.wait_for_text("Stage 2 of 8");
    second.browser.wait_for_text("Stage 2 of 8");
    clock_goes(&second);
    // All of that without a reload.
    assert_eq!(second.browser.run("return window.isSame", &[]), true);
    // Both saw the second stage; it is gone on from once, whoever presses.
    second.browser.click("form[action$='/circle/next'] button");
    second.browser.wait_for_text("Stage 3 of 8");
    first.browser.wait_for_text("Stage 3 of 8");
    first.browser.click("form[action$='/circle/end'] button");
    first.browser.wait_for_text("Begin a circle");
    second.browser.wait_for_text("Begin a circle");
    first.is_quiet("Aya");
    second.is_quiet("Bruno");
}

/// Sends an answer about the end that is longer than any may be; it stands in its field again, and what is right is kept.
#[track_caller]
fn an_answer_that_is_refused_stands_there_again(site: &Site, nb: &str) {
    site.open(&format!("{nb}/move"));
    let first = "document.querySelector(\"form[action*='/closing/']\")";
    let answer = format!("{first}.querySelector('[name=text]')");
    site.browser.run(
        &format!("{answer}.value = 'Long. '.repeat(20000); {first}.requestSubmit()"),
        &[],
    );
    site.browser.wait_for(
        "the form says why, unfolded",
        &format!("return {first}?.querySelector('.error')?.getClientRects().length"),
        &[],
    );
    let kept = site
        .browser
        .run(&format!("return {answer}.value.length"), &[]);
    assert!(kept.as_u64().is_some_and(|kept| kept > 100_000), "{kept}");
    site.browser.run(
        &format!("{answer}.value = 'That he asks first.'; {first}.requestSubmit()"),
        &[],
    );
    site.browser.wait_for_text("That he asks first.");
}

/// Waits until the clock of a stage shows another time than at first.
#[track_caller]
fn clock_goes(site: &Site) {
    let shown =
        "return document.querySelector('[data-until]')?.textContent.match(/^\\d+:\\d\\d$/)?.[0]";
    let at_first = site.browser.wait_for("a clock", shown, &[]);
    let goes = "const shown = document.querySelector('[data-until]')?.textContent;
        return !!shown && shown !== arguments[0]";
    site.browser.wait_for("the clock goes", goes, &[at_first]);
}

#[test]
#[ignore = "needs Chromium"]
fn the_clock_of_a_stage_speaks_of_a_moment_only_when_it_comes() {
    let person = Person::new("Aya");
    let node = RunningNode::up(&person);
    let site = Site::of(&node);
    // A stage as it appears on a page that had none, and a clock of this computer that can be put forward.
    let stage = "const real = Date.now; window.ahead = 0; Date.now = () => real() + window.ahead;
        document.getElementById('main').insertAdjacentHTML('beforeend',
          `<span id=c data-until></span><p id=v data-says data-five=five data-one=one data-over=over></p>`);
        window.put = (seconds) => { document.getElementById('c').dataset.until = new Date(Date.now() + seconds * 1000).toISOString(); }";
    site.browser.run(stage, &[]);
    let said = || {
        site.browser
            .run("return document.getElementById('v').textContent", &[])
    };
    let shows = |left: &str| {
        let script = "return document.getElementById('c').textContent.startsWith(arguments[0])";
        site.browser.wait_for(left, script, &[left.into()]);
    };
    // A short stage begins behind both moments, one after the other.
    for (seconds, left) in [(200, "3:"), (45, "0:"), (390, "6:")] {
        site.browser
            .run("window.put(arguments[0])", &[seconds.into()]);
        shows(left);
        assert_eq!(said(), "", "a stage of {seconds} seconds begins in silence");
    }
    for (ahead, word) in [(100, "five"), (340, "one"), (400, "over")] {
        site.browser
            .run("window.ahead = arguments[0] * 1000", &[ahead.into()]);
        let script = "return document.getElementById('v').textContent === arguments[0]";
        site.browser.wait_for(word, script, &[word.into()]);
    }
    // The next stage begins while the last word still stands there.
    site.browser.run(
        "document.getElementById('v').textContent = ''; window.put(250)",
        &[],
    );
    shows("4:");
    assert_eq!(said(), "");
    site.is_quiet("Aya");
}

#[test]
#[ignore = "needs Chromium"]
fn a_mentor_sees_each_of_a_group_and_takes_somebody_out() {
    let people = ["Mara", "Ida", "Tom"].map(Person::new);
    let nodes = people.each_ref().map(RunningNode::up);
    let [mara, ida, tom] = &people;
    let created = mara.ok(&["notebook", "create", "Thesis group", "--form", "group"]);
    let notebook = text(&created, "/notebook/id");
    for person in [ida, tom] {
        person.ok(&["join", &mara.ticket(&notebook, "mentee")]);
    }
    agree(&people.iter().collect::<Vec<_>>(), &notebook, AGREE);
    let (mentor, mentee) = (Site::of(&nodes[0]), Site::of(&nodes[1]));
    mentor.open(&format!("/n/{notebook}/checkins"));
    assert!(!mentor.browser.has("#checkins"), "nobody has checked in");
    mentor.browser.run("window.isSame = true", &[]);
    mentee.open(&format!("/n/{notebook}/checkins"));
    mentee
        .browser
        .click("form[action$='/checkins'] [value='2']");
    mentee.browser.fill(
        "form[action$='/checkins'] [name=text]",
        "I do not know where to begin",
    );
    mentee.browser.click("form[action$='/checkins'] button");
    mentee.browser.wait_for_text("It is noted.");
    mentor.browser.wait_for_text("I do not know where to begin");
    let is_same = mentor.browser.run("return window.isSame", &[]);
    assert_eq!(is_same, true, "it appears without a reload");
    mentor.open(&format!("/n/{notebook}/people"));
    mentor
        .browser
        .click(&format!("#p-{} details:last-of-type summary", tom.id()));
    sure(&mentor, &format!("/people/{}/remove", tom.id()));
    mentor.browser.wait_for(
        "two people",
        "return document.querySelectorAll('.person').length === 2",
        &[],
    );
    mentor.is_quiet("Mara");
}
