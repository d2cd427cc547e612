//! How every screen looks at three widths, in light and dark; what axe-core says of it; how soon it is there.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use hearth_e2e::{Browser, Person, Scheme, screens_folder};
use hearth_node::api::client::Client;
use hearth_node::api::socket::socket_path;
use hearth_node::api::{NotesRequest, Request, SessionRequest};
use serde_json::{Value, json};

use crate::newcomer::{arrive, introduce, up};
use crate::site::Site;
use crate::stage::{BEFORE, Stage};

/// The widths of a phone, a tablet and a desk, each with a height.
const SIZES: [(u32, u32); 3] = [(360, 780), (768, 1024), (1440, 1000)];

#[test]
#[ignore = "needs Chromium"]
fn no_screen_scrolls_sideways_cuts_text_off_or_puts_it_on_other_text() {
    let stage = Stage::new();
    let site = Site::of(&stage.ana);
    let mut broken: Vec<String> = Vec::new();
    let mut pictures = 0;
    for (name, path) in stage.screens() {
        site.open(&path);
        pictures += looks_right(&site.browser, &name, &mut broken);
    }
    eprintln!("{pictures} pictures in {}", screens_folder().display());
    assert!(broken.is_empty(), "{broken:#?}");
}

fn broken_here(browser: &Browser) -> Vec<String> {
    let found = browser.run(include_str!("layout.js"), &[]);
    let found = found.as_array().cloned().unwrap_or_default();
    found.iter().map(ToString::to_string).collect()
}

#[test]
#[ignore = "needs Chromium"]
fn longer_words_fit_where_there_is_little_room() {
    let stage = Stage::new();
    let site = Site::entered(Browser::speaking("de"), &stage.ana);
    let (width, height) = SIZES[0];
    site.browser.size(width, height);
    let mut broken: Vec<String> = Vec::new();
    for (name, path) in stage.screens() {
        site.open(&path);
        let tag = site
            .browser
            .run("return document.documentElement.lang", &[]);
        assert_eq!(tag, "de", "{name}");
        broken.extend(
            broken_here(&site.browser)
                .iter()
                .map(|one| format!("{name}: {one}")),
        );
        site.browser
            .picture(&screens_folder().join(format!("{name}-{width}-german.png")));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Looks at the screen that is open at every width, in light and dark, and takes a picture of each; says how many.
#[track_caller]
pub(crate) fn looks_right(browser: &Browser, name: &str, broken: &mut Vec<String>) -> usize {
    let mut pictures = 0;
    for (width, height) in SIZES {
        browser.size(width, height);
        for scheme in [Scheme::Light, Scheme::Dark] {
            browser.scheme(scheme);
            let found = broken_here(browser);
            broken.extend(found.iter().map(|one| format!("{name} at {width}: {one}")));
            let file = format!("{name}-{width}-{}.png", scheme.word());
            browser.picture(&screens_folder().join(file));
            pictures += 1;
        }
    }
    broken.sort();
    broken.dedup();
    pictures
}

/// Goes through the screens before the notebooks as a new person does, and has `look` look at each.
#[track_caller]
fn through_the_first_screens(mut look: impl FnMut(&Browser, &str)) {
    let person = Person::stranger("Ana");
    let node = up(&person);
    let (browser, base) = arrive(&person, &node);
    let mut seen: Vec<String> = Vec::new();
    let mut look_here = |name: &str| {
        let path = browser.path();
        seen.push(path.split('?').next().unwrap_or_default().to_owned());
        look(&browser, name);
    };
    look_here("welcome");
    browser.goto(&format!("{base}/welcome/backup"));
    look_here("welcome-backup");
    browser.goto(&format!("{base}/welcome"));
    introduce(&browser, "Ana");
    browser.press("Begin");
    browser.wait_for_text("Your recovery words");
    look_here("recovery");
    browser.goto(&base);
    browser.wait_for_text("You are Ana");
    browser.run(
        "document.querySelector(\"form[action='/lock']\").requestSubmit()",
        &[],
    );
    browser.wait_for(
        "the lock",
        "return location.pathname === '/unlock' && document.readyState === 'complete'",
        &[],
    );
    look_here("unlock");
    assert_eq!(seen, BEFORE, "each was there, and nothing else");
    assert!(browser.console().is_empty());
}

#[test]
#[ignore = "needs Chromium"]
fn the_screens_before_the_notebooks_are_whole_too() {
    let mut broken: Vec<String> = Vec::new();
    through_the_first_screens(|browser, name| {
        looks_right(browser, name, &mut broken);
    });
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Returns the script of axe-core, fetched by npm into the target folder; none where the registry is not reached.
fn axe() -> Option<&'static str> {
    static AXE: OnceLock<Option<String>> = OnceLock::new();
    let fetch = || {
        let folder: PathBuf = screens_folder().with_file_name("axe");
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("node_modules/axe-core/axe.min.js");
        if !file.exists() {
            let installed = Command::new("npm")
                .args([
                    "install",
                    "--no-save",
                    "--no-audit",
                    "--no-fund",
                    "--ignore-scripts",
                ])
                .args(["--prefix", folder.to_str()?, "axe-core@4"])
                .output()
                .ok()?;
            if !installed.status.success() {
                eprintln!("npm: {}", String::from_utf8_lossy(&installed.stderr));
                return None;
            }
        }
        std::fs::read_to_string(file).ok()
    };
    AXE.get_or_init(fetch).as_deref()
}

#[test]
#[ignore = "needs npm and Chromium"]
fn axe_finds_no_violation_on_any_screen() {
    let axe = axe().expect("axe-core, fetched by npm");
    let stage = Stage::new();
    let site = Site::of(&stage.ana);
    let mut violations: Vec<String> = Vec::new();
    for ((width, height), scheme) in [
        (SIZES[0], Scheme::Light),
        (SIZES[2], Scheme::Light),
        (SIZES[2], Scheme::Dark),
    ] {
        site.browser.size(width, height);
        site.browser.scheme(scheme);
        for (name, path) in stage.screens() {
            site.open(&path);
            for one in violations_here(&site.browser, axe) {
                violations.push(format!("{name} at {width} {}: {one}", scheme.word()));
            }
        }
    }
    through_the_first_screens(|browser, name| {
        for scheme in [Scheme::Light, Scheme::Dark] {
            browser.scheme(scheme);
            let found = violations_here(browser, axe);
            violations.extend(found.iter().map(|one| format!("{name}: {one}")));
        }
    });
    assert!(violations.is_empty(), "{violations:#?}");
}

/// Returns what axe finds wrong with the screen, with every fold of it open.
pub(crate) fn violations_here(browser: &Browser, axe: &str) -> Vec<String> {
    browser.run(axe, &[]);
    let found = browser.run_async(
        "const done = arguments[0];
         document.querySelectorAll('details').forEach((one) => one.open = true);
         axe.run(document, { resultTypes: ['violations'] }).then(
           (found) => done(found.violations.map((one) => one.id + ': ' + one.help + ' ' +
             one.nodes.slice(0, 3).map((node) => node.html.slice(0, 140) + ' ' + node.failureSummary).join(' | '))),
           (error) => done(['axe failed: ' + error]))",
        &[],
    );
    let texts = found.as_array().cloned().unwrap_or_default();
    texts
        .iter()
        .map(|one| one.as_str().unwrap_or_default().to_owned())
        .collect()
}

/// How soon the node answers and something is painted, of each screen three times: what is counted is the best, since other
/// work on the machine only ever adds.
fn first_paint(site: &Site, path: &str) -> (Duration, Duration) {
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..3 {
        site.open(path);
        let times = site.browser.wait_for(
            "the first paint",
            "const paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
             return paint && [paint, performance.getEntriesByType('navigation')[0].responseStart]",
            &[],
        );
        let time = |place: usize| {
            let ms = times[place].as_f64().unwrap_or(f64::MAX).min(1e6);
            Duration::from_secs_f64(ms / 1000.0)
        };
        best = best.min((time(0), time(1)));
    }
    best
}

/// Changes that a session's notes take in the large notebook, and the letters of each.
const CHANGES_A_SESSION: usize = 48;
const LETTERS_A_CHANGE: usize = 52;

/// 500 sessions and 50 goals, written through the import, and notes in each session: 25,000 changes.
fn large_notebook(stage: &Stage) {
    let ana = &stage.pair.ana;
    let nb = &stage.pair.notebook;
    let exported = ana.folder().join("large.json");
    let path = exported.to_str().expect("a path");
    ana.ok(&["export", nb, "--format", "json", "--out", path, "--yes"]);
    let mut whole: Value =
        serde_json::from_slice(&std::fs::read(&exported).expect("the export")).expect("JSON");
    for (list, count) in [("sessions", 500), ("goals", 50)] {
        let place = whole
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .expect("a list");
        let first = place.first().cloned().expect("one");
        for at in place.len()..count {
            let mut one = first.clone();
            one["id"] = json!(format!("01J{at:023}"));
            one["title"] = json!(format!("Number {at}"));
            place.push(one);
        }
    }
    std::fs::write(&exported, whole.to_string()).expect("a file");
    ana.ok(&["import", nb, "--format", "json", path]);
    let socket = socket_path(ana.home(), None).expect("where the node listens");
    let sessions = whole["sessions"].as_array().expect("sessions").iter();
    let text = "a".repeat(LETTERS_A_CHANGE);
    for session in sessions {
        for _ in 0..CHANGES_A_SESSION {
            let append = Request::Session(SessionRequest::Notes {
                session: session["id"].as_str().expect("an id").to_owned(),
                notes: NotesRequest::Append { text: text.clone() },
            });
            let node = Client::connect(&socket).expect("the node runs");
            node.call(append, &mut |_| {}).expect("it is written");
        }
    }
}

#[test]
#[ignore = "figures"]
fn how_soon_each_screen_is_painted() {
    let stage = Stage::new();
    large_notebook(&stage);
    let site = Site::of(&stage.ana);
    site.browser.size(1440, 1000);
    let mut all: Vec<((Duration, Duration), String)> = Vec::new();
    for (name, path) in stage.screens() {
        all.push((first_paint(&site, &path), name));
    }
    all.sort();
    for ((painted, answered), name) in &all {
        let [painted, answered] = [painted, answered].map(|time| time.as_secs_f64() * 1e3);
        eprintln!("{painted:>6.0} ms, answered after {answered:>4.0} ms  {name}");
    }
}
