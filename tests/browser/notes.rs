//! Two people on two nodes, each in a browser of their own, who write one note at once.

use std::time::{Duration, Instant};

use hearth_e2e::{Browser, Cost, Key, Pair, Person, RunningNode, text, until};
use serde_json::{Value, json};

use crate::looks::looks_right;
use crate::site::Site;

/// How long the two write.
const WRITING: Duration = Duration::from_secs(120);
/// Ten letters a second.
const PAUSE: Duration = Duration::from_millis(100);
/// How long what was written last may take to be everywhere.
pub(crate) const EQUAL: Duration = Duration::from_secs(60);
/// What stands in the notes before; each goes on below one of the headings.
pub(crate) const BEFORE: &str = "## A\n\n## B 😀\n";

/// Notes each letter that this side types and each of the other's that it shows, with the time; and whether the
/// caret ever comes to stand elsewhere among one's own letters.
const WATCH: &str = "
    const [own, other] = arguments;
    const area = document.getElementById('notes-text');
    const count = (text, kind) => [...text].filter((letter) => kind.includes(letter)).length;
    const now = () => performance.timeOrigin + performance.now();
    const seen = { typed: [], shown: [], jumps: [], last: 0 };
    window.seen = seen;
    area.addEventListener('input', () => {
      seen.last = count(area.value.slice(0, area.selectionEnd), own);
      const behind = area.value[area.selectionEnd - 1];
      if (own.includes(behind)) seen.typed.push(now());
      else if (behind !== '\\n') seen.jumps.push(['typed', behind, area.selectionEnd]);
    });
    let shown = count(area.value, other);
    area.addEventListener('hearth:notes', () => {
      const before = count(area.value.slice(0, area.selectionEnd), own);
      if (before !== seen.last) seen.jumps.push(['shown', before, seen.last]);
      requestAnimationFrame(() => {
        const total = count(area.value, other);
        for (; shown < total; shown += 1) seen.shown.push(now());
      });
    });
    area.focus();
    area.setSelectionRange(arguments[2], arguments[2]);";

/// Puts the cursor somewhere in the notes.
pub(crate) const GO: &str = "const area = document.getElementById('notes-text');
    area.focus();
    area.setSelectionRange(arguments[0], arguments[0])";

pub(crate) fn session(pair: &Pair) -> String {
    let plan = [
        "session",
        "plan",
        &pair.notebook,
        "--at",
        "2026-12-01T15:00",
        "--zone",
        "Europe/Berlin",
        "--template",
        "none",
    ];
    let session = text(&pair.ana.ok(&plan), "/session/id");
    pair.ana.feed(
        &["session", "notes", &session, "--append", "--from", "-"],
        BEFORE,
    );
    pair.agree(EQUAL);
    session
}

/// A browser in which the notes of a session are open, and live.
#[track_caller]
pub(crate) fn window(node: &RunningNode, pair: &Pair, session: &str) -> Site {
    let site = Site::of(node);
    site.open(&format!(
        "/n/{}/sessions/{session}?stage=live",
        pair.notebook
    ));
    is_live(&site);
    site
}

/// Waits until the notes on the screen are live.
#[track_caller]
pub(crate) fn is_live(site: &Site) {
    site.browser.wait_for(
        "the notes are live",
        "return document.getElementById('notes-state')?.hidden === false",
        &[],
    );
}

pub(crate) fn shown(browser: &Browser) -> String {
    let value = browser.run("return document.getElementById('notes-text').value", &[]);
    value.as_str().expect("a text").to_owned()
}

pub(crate) fn noted(person: &Person, session: &str) -> String {
    text(&person.ok(&["session", "show", session]), "/session/notes")
}

/// Types letters of a kind in turn, one every [`PAUSE`], until the time is over; returns them.
fn write(browser: &Browser, kind: &str, until: Instant) -> String {
    let mut typed = String::new();
    let mut next = Instant::now();
    for letter in kind.chars().cycle() {
        if Instant::now() >= until {
            break;
        }
        let key = match typed.chars().count() % 60 {
            59 => Key::Enter,
            _ => Key::Letter(letter),
        };
        browser.keys(&[key]);
        typed.push(if key == Key::Enter { '\n' } else { letter });
        next += PAUSE;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    typed
}

/// The times of a list, in milliseconds.
fn times(seen: &Value, list: &str) -> Vec<f64> {
    let all = seen[list].as_array().expect("times").iter();
    all.map(|time| time.as_f64().expect("a time")).collect()
}

/// How long each letter took from the key to the other screen, the longest last.
fn delays(typed: &Value, shown: &Value) -> Vec<f64> {
    let pairs = times(typed, "typed").into_iter().zip(times(shown, "shown"));
    let mut delays: Vec<f64> = pairs.map(|(from, to)| to - from).collect();
    delays.sort_by(f64::total_cmp);
    delays
}

fn part(delays: &[f64], percent: usize) -> f64 {
    let last = delays.len().saturating_sub(1);
    delays
        .get(last * percent / 100)
        .copied()
        .unwrap_or(f64::NAN)
}

#[test]
#[ignore = "needs Chromium"]
fn two_who_type_into_one_note_lose_and_double_nothing_and_no_cursor_jumps() {
    const ANA: &str = "abcdefghijklmnopqrstuvwxyz";
    const BEN: &str = "0123456789";
    let (pair, ana, ben) = Pair::on_loopback();
    let session = session(&pair);
    let (one, two) = (window(&ana, &pair, &session), window(&ben, &pair, &session));
    let end = BEFORE.encode_utf16().count();
    // Ana writes between the headings, so that all that Ben writes moves.
    one.browser.run(WATCH, &[json!(ANA), json!(BEN), json!(5)]);
    two.browser
        .run(WATCH, &[json!(BEN), json!(ANA), json!(end)]);
    let before = [&ana, &ben].map(|node| Cost::of(node.pid()).processor_ms);
    let over = Instant::now() + WRITING;
    let (by_ana, by_ben) = std::thread::scope(|scope| {
        let ana = scope.spawn(|| write(&one.browser, ANA, over));
        let ben = scope.spawn(|| write(&two.browser, BEN, over));
        (ana.join().expect("typed"), ben.join().expect("typed"))
    });
    let text = until("both screens show the same", EQUAL, || {
        let (one, two) = (shown(&one.browser), shown(&two.browser));
        let all = BEFORE.chars().count() + by_ana.chars().count() + by_ben.chars().count();
        (one == two && one.chars().count() == all).then_some(one)
    });
    let after = [&ana, &ben].map(|node| Cost::of(node.pid()).processor_ms);
    assert_eq!(text, format!("## A\n{by_ana}\n## B 😀\n{by_ben}"));
    pair.agree(EQUAL);
    assert_eq!(noted(&pair.ana, &session), text);
    assert_eq!(noted(&pair.ben, &session), text);
    let [seen_by_ana, seen_by_ben] =
        [&one, &two].map(|site| site.browser.run("return window.seen", &[]));
    assert_eq!(seen_by_ana["jumps"], json!([]), "Ana's cursor jumped");
    assert_eq!(seen_by_ben["jumps"], json!([]), "Ben's cursor jumped");
    for (who, typed, shown) in [
        ("Ana to Ben", &seen_by_ana, &seen_by_ben),
        ("Ben to Ana", &seen_by_ben, &seen_by_ana),
    ] {
        let delays = delays(typed, shown);
        eprintln!(
            "{who}: {} letters, keystroke to the other screen p50 {:.0} ms, p95 {:.0} ms, p99 {:.0} ms, longest {:.0} ms",
            delays.len(),
            part(&delays, 50),
            part(&delays, 95),
            part(&delays, 99),
            part(&delays, 100),
        );
    }
    let letters =
        delays(&seen_by_ana, &seen_by_ben).len() + delays(&seen_by_ben, &seen_by_ana).len();
    for (who, before, after) in [("Ana", before[0], after[0]), ("Ben", before[1], after[1])] {
        #[expect(clippy::cast_precision_loss, reason = "minutes in milliseconds")]
        let each = (after - before) as f64 / letters as f64;
        eprintln!("{who}'s node: {each:.2} ms of a processor for each letter of either");
    }
    one.is_quiet("Ana's screen");
    two.is_quiet("Ben's screen");
}

#[test]
#[ignore = "needs Chromium"]
fn others_show_beside_the_text_and_only_what_is_ones_own_is_taken_back() {
    let (pair, ana, ben) = Pair::on_loopback();
    let session = session(&pair);
    let (one, two) = (window(&ana, &pair, &session), window(&ben, &pair, &session));
    one.browser.run(GO, &[json!(5)]);
    two.browser.run(GO, &[json!(BEFORE.encode_utf16().count())]);
    one.browser.write("mine");
    two.browser.write("theirs");
    for (site, name) in [(&one, "Ben"), (&two, "Ana")] {
        site.browser.wait_for(
            "the other's name stands beside the text",
            "return [...document.querySelectorAll('.over .who')].some((one) => one.textContent === arguments[0])",
            &[json!(name)],
        );
        site.browser.wait_for(
            "the other is said to be here",
            "return [...document.querySelectorAll('#here li:not([hidden])')].some((one) => one.innerText.includes(arguments[0]))",
            &[json!(name)],
        );
    }
    let both = "## A\nmine\n## B 😀\ntheirs";
    for site in [&one, &two] {
        until("both texts are on both screens", EQUAL, || {
            (shown(&site.browser) == both).then_some(())
        });
    }
    one.browser.keys(&[Key::Ctrl('z')]);
    until("what Ana typed is gone on Ben's screen", EQUAL, || {
        (shown(&two.browser) == "## A\n\n## B 😀\ntheirs").then_some(())
    });
    one.browser.keys(&[Key::Ctrl('y'), Key::Ctrl('b')]);
    one.browser.write("!");
    until("it is there again, with what came after it", EQUAL, || {
        (shown(&two.browser) == "## A\nmine**!**\n## B 😀\ntheirs").then_some(())
    });
    // Tab leaves the field.
    one.browser.keys(&[Key::Tab]);
    let left = "return document.activeElement.id !== 'notes-text'";
    assert_eq!(one.browser.run(left, &[]), json!(true));
}

/// Where the bars beside a text stand and what name is beside each, from the first line on.
fn bars(browser: &Browser) -> Vec<(String, i64)> {
    let told = browser.run(
        "return [...document.querySelectorAll('.over .who')].map((one) => [one.textContent, parseInt(one.style.top, 10)])",
        &[],
    );
    let mut bars: Vec<(String, i64)> = serde_json::from_value(told).expect("names and places");
    bars.sort_by_key(|(_, top)| *top);
    bars
}

#[test]
#[ignore = "needs Chromium"]
fn two_windows_of_one_person_are_each_where_they_are_and_see_each_other() {
    let (pair, ana, ben) = Pair::on_loopback();
    let session = session(&pair);
    let (first, reader) = (window(&ana, &pair, &session), window(&ben, &pair, &session));
    let second = first.beside();
    second.open(&format!(
        "/n/{}/sessions/{session}?stage=live",
        pair.notebook
    ));
    is_live(&second);
    let end = BEFORE.encode_utf16().count();
    first.browser.run(GO, &[json!(5)]);
    second.browser.run(GO, &[json!(end)]);
    let names = |site: &Site, wanted: &[&str]| {
        until("a bar for each window", EQUAL, || {
            let bars = bars(&site.browser);
            let names: Vec<&str> = bars.iter().map(|(name, _)| name.as_str()).collect();
            (names == wanted).then_some(bars)
        })
    };
    let before = names(&reader, &["Ana", "Ana"]);
    assert!(before[0].1 < before[1].1, "one in each place: {before:?}");
    names(&first, &["Ana"]);
    names(&second, &["Ana"]);
    // One moves, and the other stays.
    first.browser.run(GO, &[json!(0)]);
    until("the first bar is in the first line", EQUAL, || {
        let now = bars(&reader.browser);
        (now.len() == 2 && now[0].1 < before[0].1 && now[1] == before[1]).then_some(())
    });
    // One leaves, and the other stays.
    first.open(&format!("/n/{}/goals", pair.notebook));
    let now = names(&reader, &["Ana"]);
    assert_eq!(now[0], before[1]);
    for (site, who) in [(&first, "first"), (&second, "second"), (&reader, "reader")] {
        site.is_quiet(who);
    }
}

#[test]
#[ignore = "needs Chromium, and a minute"]
fn what_was_written_offline_is_told_in_every_window_until_somebody_has_looked_at_it() {
    /// Longer than what is sent at once can take.
    const AWAY: Duration = Duration::from_secs(65);
    let (pair, ana, ben) = Pair::on_loopback();
    let session = session(&pair);
    ben.stop();
    let append = ["session", "notes", &session, "--append", "--from", "-"];
    pair.ben.feed(&append, "From the train.\n");
    let one = window(&ana, &pair, &session);
    let other = one.beside();
    let address = format!("/n/{}/sessions/{session}", pair.notebook);
    other.open(&format!("{address}?stage=live"));
    std::thread::sleep(AWAY);
    let _ben = RunningNode::up(&pair.ben);
    for site in [&one, &other] {
        site.browser.wait_for_text("Merged one offline edit from");
    }
    one.browser.click("#merged a");
    assert_eq!(one.browser.path(), format!("{address}/merged"));
    let written = "return [...document.querySelectorAll('main .changes ins')].map((one) => one.textContent).join('')";
    let written = one.browser.run(written, &[]);
    assert_eq!(written.as_str().map(str::trim), Some("From the train."));
    let mut broken = Vec::new();
    looks_right(&one.browser, "session-merged-told", &mut broken);
    assert!(broken.is_empty(), "{broken:#?}");
    one.browser.press("I have looked at it");
    one.browser.wait_for_text("It is told no more.");
    for site in [&one, &other] {
        site.browser.wait_for(
            "nothing is told any more",
            "return !document.querySelector('#merged section')",
            &[],
        );
    }
    one.is_quiet("one");
    other.is_quiet("other");
}

/// How often a screen asked for itself again.
fn asked_again(browser: &Browser) -> u64 {
    let count = browser.run(
        "const own = location.href.split('#')[0];
         return performance.getEntriesByType('resource')
           .filter((one) => one.initiatorType === 'fetch' && one.name === own).length",
        &[],
    );
    count.as_u64().expect("a count")
}

#[test]
#[ignore = "needs Chromium"]
fn a_screen_asks_for_itself_again_only_where_it_shows_something_that_changed() {
    /// Longer than it takes until a window looks how the peers stand.
    const LOOKED: Duration = Duration::from_secs(7);
    let (pair, ana, ben) = Pair::on_loopback();
    let session = session(&pair);
    let goals = Site::of(&ana);
    goals.open(&format!("/n/{}/goals", pair.notebook));
    std::thread::sleep(LOOKED);
    assert_eq!(asked_again(&goals.browser), 0, "nothing changed since");
    // How far Ben's device is changes with every letter, and this screen does not show it.
    let reader = window(&ben, &pair, &session);
    let over = Instant::now() + LOOKED;
    reader.browser.run(GO, &[json!(0)]);
    write(&reader.browser, "abc", over);
    std::thread::sleep(Duration::from_secs(4));
    let while_typed = asked_again(&goals.browser);
    assert!(
        while_typed <= 1,
        "{while_typed} times while notes were typed"
    );
    pair.ben.ok(&["goal", "add", &pair.notebook, "Ask first"]);
    goals.browser.wait_for_text("Ask first");
    let for_a_goal = asked_again(&goals.browser) - while_typed;
    assert!(
        (1..=2).contains(&for_a_goal),
        "{for_a_goal} times for a goal"
    );
    goals.is_quiet("Ana");
}

#[test]
#[ignore = "needs Chromium"]
fn what_is_typed_without_the_node_waits_in_the_window_and_is_written_once() {
    let (pair, ana, ben) = Pair::on_loopback();
    let session = session(&pair);
    let (one, two) = (window(&ana, &pair, &session), window(&ben, &pair, &session));
    one.browser.run(GO, &[json!(5)]);
    two.browser.run(GO, &[json!(BEFORE.encode_utf16().count())]);
    one.browser.write("before ");
    // The node stands still for longer than the window waits for an answer, so it asks again.
    ana.freeze();
    one.browser.write("while it stands still ");
    two.browser.write("and Ben goes on");
    one.browser
        .wait_for_text("Characters that wait for your node: 2");
    ana.thaw();
    let now = "## A\nbefore while it stands still \n## B 😀\nand Ben goes on";
    for site in [&one, &two] {
        until("both screens show all of it, once", EQUAL, || {
            (shown(&site.browser) == now).then_some(())
        });
    }
    // The node is gone, and another one comes that knows no window and no browser.
    let place = text(ana.ready(), "/web_url");
    let place = place.split("/launch").next().expect("an address");
    // Its name is the home's own; it listens at the number.
    let port = place.rsplit(':').next().expect("a port");
    let place = format!("127.0.0.1:{port}");
    ana.kill();
    one.browser.write("and while it is gone ");
    one.browser
        .wait_for_text("Characters that wait for your node: 2");
    let command = pair
        .ana
        .command(&["up", "--listen", "127.0.0.1:0", "--web", &place]);
    let ana = RunningNode::spawned(command, &pair.ana);
    let let_in = "fetch(arguments[0]).then(() => arguments[1](true), () => arguments[1](false))";
    let link = text(ana.ready(), "/web_url");
    assert_eq!(one.browser.run_async(let_in, &[json!(link)]), json!(true));
    let now = "## A\nbefore while it stands still and while it is gone \n## B 😀\nand Ben goes on";
    for site in [&one, &two] {
        until("both screens show all of it, once", EQUAL, || {
            (shown(&site.browser) == now).then_some(())
        });
    }
    pair.agree(EQUAL);
    assert_eq!(noted(&pair.ana, &session), now);
}
