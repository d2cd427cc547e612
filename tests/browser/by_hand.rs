//! What the three kinds of users do, from the first run to the end, each at a browser and a node of their own, with keys
//! alone.

use hearth_e2e::{Key, Person, RunningNode};
use jiff::{ToSpan, Zoned};
use serde_json::json;

use crate::hands::{Hands, PASSPHRASE};
use crate::newcomer::{arrive, up};

/// Somebody who has never used it: their computer, its node, and them at the browser.
struct Somebody {
    name: &'static str,
    hands: Hands,
    node: RunningNode,
    _person: Person,
}

/// How somebody begins.
enum Beginning<'a> {
    /// With a notebook of their own, a passphrase, and the recovery words written down.
    Making(&'a str, &'a str),
    /// With an invitation, nothing that protects the home, and the words later.
    Joining(&'a str),
}

impl Somebody {
    /// Comes through the first run.
    #[track_caller]
    fn begins(name: &'static str, beginning: &Beginning<'_>) -> Self {
        let person = Person::stranger(name);
        let node = up(&person);
        let (browser, _) = arrive(&person, &node);
        let hands = Hands::on(browser);
        match beginning {
            Beginning::Making(title, form) => {
                hands.fill("[name=title]", title);
                hands.choose("form", form);
            }
            Beginning::Joining(ticket) => {
                hands.choose("way", "join");
                hands.fill("[name=ticket]", ticket);
            }
        }
        hands.fill("[name=name]", name);
        hands.fill("[name=device]", &format!("{name}'s laptop"));
        match beginning {
            Beginning::Making(..) => {
                hands.fill("[name=new]", PASSPHRASE);
                hands.fill("[name=again]", PASSPHRASE);
            }
            Beginning::Joining(_) => hands.choose("protect", "bare"),
        }
        hands.press("Begin");
        hands.browser.wait_for_text("Your recovery words");
        match beginning {
            Beginning::Making(..) => keep_words(&hands),
            Beginning::Joining(_) => {
                hands.press("Later");
                hands.browser.wait_for_text("Compare");
            }
        }
        Self {
            name,
            hands,
            node,
            _person: person,
        }
    }

    /// Goes to a screen of the notebook by the palette.
    #[track_caller]
    fn look_up(&self, notebook: &str, words: &str, part: &str) {
        self.hands.look_up(words, &format!("{notebook}{part}"));
    }

    #[track_caller]
    fn go(&self, notebook: &str, letters: &str, part: &str) {
        self.hands.go(letters, &format!("{notebook}{part}"));
    }

    #[track_caller]
    fn sees(&self, words: &str) {
        self.hands.browser.wait_for_text(words);
    }

    /// Makes an invitation and reads its ticket off the screen.
    #[track_caller]
    fn invites(&self, notebook: &str, role: &str) -> String {
        self.go(notebook, "gp", "/people");
        self.hands.choose("role", role);
        self.hands.press("Make an invitation");
        let ticket = self.hands.browser.wait_for(
            "the ticket",
            "return document.querySelector('#ticket')?.value",
            &[],
        );
        ticket.as_str().expect("a ticket").to_owned()
    }

    /// Opens the words to compare with somebody, reads them off the screen and says that they match.
    #[track_caller]
    fn compares(&self, notebook: &str, with: &str) -> String {
        self.go(notebook, "gh", "");
        self.go(notebook, "gp", "/people");
        self.hands.press(&format!("Compare words with {with}"));
        let words = self.hands.browser.wait_for(
            "the words",
            "return [...document.querySelectorAll('ol.words li')].map((one) => one.textContent.trim()).join(' ')",
            &[],
        );
        self.hands.press("All of them match");
        self.sees("compared");
        words.as_str().expect("words").to_owned()
    }

    /// Writes what is agreed on the purpose.
    #[track_caller]
    fn proposes(&self, notebook: &str, words: &str) {
        self.go(notebook, "ga", "/agreement");
        self.hands.reach(
            "the fold of the purpose",
            "at.tagName === 'SUMMARY' && !!at.closest('details').querySelector(\"form[action$='/agreement/purpose']\")",
            &[],
        );
        self.hands.browser.keys(&[Key::Enter]);
        self.hands
            .fill("form[action$='/agreement/purpose'] [name=consensus]", words);
        self.hands.send();
        self.sees(words);
    }

    #[track_caller]
    fn signs(&self, notebook: &str) {
        self.go(notebook, "gh", "");
        self.go(notebook, "ga", "/agreement");
        self.hands.sure("/agreement/sign");
        self.sees("You signed");
    }

    /// Closes the notebook.
    #[track_caller]
    fn closes(&self, notebook: &str) {
        self.look_up(notebook, "Export, import, end", "/move");
        self.hands.press_of("#graduation", "Close the notebook");
        self.hands.sure("/close");
        self.sees("The notebook is an archive now.");
    }

    /// Writes a certificate for the first of the others, looks at it and signs it.
    #[track_caller]
    fn certifies(&self, notebook: &str, words: &str) {
        self.look_up(notebook, "Export, import, end", "/move");
        self.hands.press("Write a certificate");
        self.hands
            .fill("form[action$='/certificate'] [name=words]", words);
        self.hands.send();
        self.sees("This is exactly what you would sign.");
        self.hands.sure("/certificate/sign");
        self.sees("You signed the certificate.");
    }

    /// Destroys the keys on the devices of this person. The screen is of a notebook that is gone then, and the page may
    /// have asked for it once more; until then the browser complained of nothing.
    #[track_caller]
    fn destroys(&self, notebook: &str) {
        self.look_up(notebook, "Export, import, end", "/move");
        self.hands.is_quiet(self.name);
        self.hands.press("Destroy the keys on my devices");
        self.hands.sure("/destroy");
        self.sees("The keys are destroyed on this device.");
    }

    #[track_caller]
    fn ends(mut self) {
        assert!(self.node.is_running(), "{}", self.name);
    }
}

/// Reads the words off the screen and shows that they were written down.
#[track_caller]
fn keep_words(hands: &Hands) {
    let words = hands.browser.run(
        "return [...document.querySelectorAll('ol.words li')].map((one) => one.textContent.trim())",
        &[],
    );
    let words: Vec<String> = serde_json::from_value(words).expect("words");
    let fields = hands.browser.run(
        "return [...document.querySelectorAll('[name^=word-]')].map((one) => one.name)",
        &[],
    );
    let fields: Vec<String> = serde_json::from_value(fields).expect("names");
    assert_eq!((words.len(), fields.len()), (24, 3));
    for field in fields {
        let at: usize = field.trim_start_matches("word-").parse().expect("a number");
        hands.fill(&format!("[name={field}]"), &words[at - 1]);
    }
    hands.press("I have them");
    hands.browser.wait_for_text("They are erased here.");
}

/// Some who begin: whoever makes the notebook comes first, then each who joins it, with the words compared; and its address.
#[track_caller]
fn gathered<const COUNT: usize>(
    names: [&'static str; COUNT],
    title: &str,
    form: &str,
    role: &str,
) -> ([Somebody; COUNT], String) {
    let mut names = names.into_iter();
    let first = names.next().expect("somebody begins");
    let first = Somebody::begins(first, &Beginning::Making(title, form));
    first.sees(title);
    let notebook = first.hands.browser.path();
    assert!(notebook.starts_with("/n/"), "{notebook}");
    let mut all = vec![first];
    for name in names {
        let maker = all.first().expect("whoever made it");
        let ticket = maker.invites(&notebook, role);
        let next = Somebody::begins(name, &Beginning::Joining(&ticket));
        let words = next.compares(&notebook, maker.name);
        assert_eq!(maker.compares(&notebook, next.name), words);
        all.push(next);
    }
    let all = all.try_into().ok().expect("as many as there are names");
    (all, notebook)
}

#[test]
#[ignore = "needs Chromium"]
fn a_pair_comes_from_the_first_run_to_destroyed_keys_with_keys_alone() {
    let ([ana, ben], nb) = gathered(["Ana", "Ben"], "Ana and Ben", "one-on-one", "mentee");
    ana.proposes(&nb, "Ben learns to lead.");
    ana.signs(&nb);
    ben.signs(&nb);
    ana.sees("Ben signed");

    ben.go(&nb, "gg", "/goals");
    ben.hands.browser.keys(&[Key::Letter('n')]);
    ben.hands.browser.write("Hand over the release work");
    ben.hands.send();
    ben.sees("Hand over the release work");
    ana.go(&nb, "gg", "/goals");
    ana.sees("Hand over the release work");

    let session = plan(&ana, &nb);
    ben.go(&nb, "gs", "/sessions");
    ben.hands.browser.wait_for(
        "the session in the list",
        "return !!document.querySelector('main .lines a')",
        &[],
    );
    ben.hands.browser.keys(&[Key::Letter('j'), Key::Enter]);
    ben.hands.is_at(&session);
    for (who, words) in [(&ana, "What hurts? "), (&ben, "The releases. ")] {
        who.hands.press("Live");
        who.hands.come_to("#notes-text");
        who.hands.browser.write(words);
    }
    for who in [&ana, &ben] {
        for words in ["What hurts?", "The releases."] {
            who.hands.browser.wait_for(
                words,
                "return document.getElementById('notes-text').value.includes(arguments[0])",
                &[json!(words)],
            );
        }
        who.hands.press("Wrap up");
        who.hands.fill(
            "form[action$='/wrap'] [name=learned]",
            &format!("{} learned.", who.name),
        );
        who.hands.send();
        who.sees(&format!("{} learned.", who.name));
    }

    ana.closes(&nb);
    ana.certifies(&nb, "He leads by asking.");
    ben.look_up(&nb, "Export, import, end", "/move");
    ben.sees("He leads by asking.");
    ben.destroys(&nb);
    ana.look_up(&nb, "Export, import, end", "/move");
    ana.sees("that it destroyed its keys");
    ana.hands.is_quiet("Ana");
    ana.ends();
    ben.ends();
}

/// Plans a session for tomorrow at three in the afternoon, and comes to it.
#[track_caller]
fn plan(who: &Somebody, notebook: &str) -> String {
    who.go(notebook, "gs", "/sessions");
    who.hands.browser.keys(&[Key::Letter('n')]);
    who.hands.come_to("[name=at]");
    let day = Zoned::now().checked_add(1.day()).expect("tomorrow").date();
    // The parts of a date and a time, as the field has them in this language.
    who.hands.browser.write(&day.strftime("%m%d%Y").to_string());
    who.hands.browser.keys(&[Key::Tab]);
    who.hands.browser.write("0300PM");
    let value = who
        .hands
        .browser
        .run("return document.querySelector('[name=at]').value", &[]);
    assert_eq!(value, format!("{day}T15:00"));
    who.hands.press("Plan a session");
    who.hands.browser.wait_for(
        "the session",
        "return /\\/sessions\\/\\w+$/.test(location.pathname) && document.readyState === 'complete'",
        &[],
    );
    let path = who.hands.browser.path();
    path.split('?').next().unwrap_or_default().to_owned()
}

#[test]
#[ignore = "needs Chromium"]
fn a_mentor_and_two_mentees_come_from_the_first_run_to_destroyed_keys_with_keys_alone() {
    let ([mara, ida, tom], nb) =
        gathered(["Mara", "Ida", "Tom"], "Thesis group", "group", "mentee");
    mara.proposes(&nb, "Everybody hands in by June.");
    for who in [&mara, &ida, &tom] {
        who.go(&nb, "gh", "");
        who.go(&nb, "ga", "/agreement");
        who.sees("Everybody hands in by June.");
        who.signs(&nb);
    }
    for name in ["Ida signed", "Tom signed"] {
        mara.sees(name);
    }

    for (who, value, words) in [
        (&ida, "2", "I do not know where to begin"),
        (&tom, "4", "Half of it is written"),
    ] {
        who.look_up(&nb, "Check-ins", "/checkins");
        who.hands.choose("value", value);
        who.hands
            .fill("form[action$='/checkins'] [name=text]", words);
        who.hands.send();
        who.sees("It is noted.");
    }
    mara.look_up(&nb, "Check-ins", "/checkins");
    for words in ["I do not know where to begin", "Half of it is written"] {
        mara.sees(words);
    }

    // One mentee asks, the mentor answers, and the other reads it, too.
    ida.look_up(&nb, "Questions", "/questions");
    ida.hands.fill(
        "form[action$='/questions'] [name=text]",
        "May I begin with the end?",
    );
    ida.hands.send();
    ida.sees("May I begin with the end?");
    mara.look_up(&nb, "Questions", "/questions");
    mara.sees("May I begin with the end?");
    mara.hands
        .fill("form[action$='/answer'] textarea", "Begin there.");
    mara.hands.send();
    tom.look_up(&nb, "Questions", "/questions");
    for who in [&ida, &tom] {
        who.sees("Begin there.");
    }

    let session = plan(&mara, &nb);
    for who in [&ida, &tom] {
        who.go(&nb, "gs", "/sessions");
        who.hands.browser.wait_for(
            "the session in the list",
            "return !!document.querySelector('main .lines a')",
            &[],
        );
        who.hands.browser.keys(&[Key::Letter('j'), Key::Enter]);
        who.hands.is_at(&session);
    }
    let all = [
        (&mara, "Who is stuck? "),
        (&ida, "I am. "),
        (&tom, "I am not. "),
    ];
    for (who, words) in all {
        who.hands.press("Live");
        who.hands.come_to("#notes-text");
        who.hands.browser.write(words);
    }
    for (who, _) in all {
        for (_, words) in all {
            who.hands.browser.wait_for(
                words,
                "return document.getElementById('notes-text').value.includes(arguments[0].trim())",
                &[json!(words)],
            );
        }
        who.hands.press("Wrap up");
        who.hands.fill(
            "form[action$='/wrap'] [name=learned]",
            &format!("{} learned.", who.name),
        );
        who.hands.send();
        who.sees(&format!("{} learned.", who.name));
    }

    mara.closes(&nb);
    mara.certifies(&nb, "They began with the end.");
    end_of_all(&mara, &[&ida, &tom], &nb, "They began with the end.");
    for who in [mara, ida, tom] {
        who.ends();
    }
}

/// Each who joined destroys their keys, which whoever made the notebook is told of; who did, destroys theirs last.
#[track_caller]
fn end_of_all(maker: &Somebody, others: &[&Somebody], notebook: &str, certificate: &str) {
    for other in others {
        other.look_up(notebook, "Export, import, end", "/move");
        if !certificate.is_empty() {
            other.sees(certificate);
        }
        other.destroys(notebook);
    }
    maker.look_up(notebook, "Export, import, end", "/move");
    maker.hands.browser.wait_for(
        "a receipt of each",
        "return document.body.innerText.split('that it destroyed its keys').length - 1 >= arguments[0]",
        &[json!(others.len())],
    );
    for other in others {
        maker.sees(&format!("{}'s laptop", other.name));
    }
    maker.destroys(notebook);
}

#[test]
#[ignore = "needs Chromium"]
fn a_circle_of_three_comes_from_the_first_run_to_destroyed_keys_with_keys_alone() {
    let ([aya, bruno, chloe], nb) =
        gathered(["Aya", "Bruno", "Chloe"], "On Tuesdays", "peer", "peer");
    let all = [&aya, &bruno, &chloe];
    for who in all {
        who.look_up(&nb, "Circle", "/circle");
    }
    aya.hands.press_of("#begin", "Begin a circle");
    for who in all {
        who.sees("Stage 1 of 8");
    }
    // Whoever is not the one who began goes on, and all see it.
    for (who, words) in [(&bruno, "Stage 2 of 8"), (&chloe, "Stage 3 of 8")] {
        who.hands.come_to("form[action$='/circle/next'] button");
        who.hands.browser.keys(&[Key::Enter]);
        for who in all {
            who.sees(words);
        }
    }
    aya.hands.come_to("form[action$='/circle/end'] button");
    aya.hands.browser.keys(&[Key::Enter]);
    for who in all {
        who.sees("Begin a circle");
    }

    chloe.go(&nb, "gg", "/goals");
    chloe.hands.browser.keys(&[Key::Letter('n')]);
    chloe.hands.browser.write("Ask before I answer");
    chloe.hands.send();
    for who in all {
        who.go(&nb, "gh", "");
        who.sees("Ask before I answer");
    }
    aya.closes(&nb);
    end_of_all(&aya, &[&bruno, &chloe], &nb, "");
    for who in [aya, bruno, chloe] {
        who.ends();
    }
}
