//! What is wrong with a notebook, its peers and mirrors, or with this device: the same that `hearth status` tells, each in
//! a few words for the standing line and in whole sentences, with what to do, for the screens of people and of syncing.

use maud::{Markup, html};

use super::icon::icon;
use super::part;
use crate::data::Data;
use crate::visit::Visit;
use crate::when;

/// Signers whose entries do not count that a screen names; somebody hostile can give a notebook many.
const SET_ASIDE_SHOWN_MAX: usize = 6;

/// Something to be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Warned {
    /// In a few words.
    short: String,
    /// In whole sentences, with what to do.
    long: String,
    /// Whether it is over: told, and not shown on every screen.
    is_over: bool,
}

impl Warned {
    fn now(short: String, long: String) -> Self {
        Self {
            short,
            long,
            is_over: false,
        }
    }
}

/// What is to be told of a notebook, as `status` has it.
pub(crate) fn of_notebook(visit: &Visit, notebook: Data<'_>) -> Vec<Warned> {
    let mut found = Vec::new();
    if let Some(said) = notebook.some("warning") {
        let long = match notebook.get("departed") {
            departed if departed.is_null() => warning(visit, notebook, said),
            departed => self::departed(visit, departed, notebook.text("title")),
        };
        found.push(Warned::now(
            visit.words.of("warned", notebook.text("warned_of")),
            long,
        ));
    }
    let mut differs: Vec<&str> = Vec::new();
    for peer in notebook.list("peers") {
        if peer.text("verification") == "differ" && !differs.contains(&peer.text("person")) {
            differs.push(peer.text("person"));
            found.push(peer_warned(visit, peer, "differ", &[]));
        }
        if peer.some("stopped").is_some() {
            found.push(peer_warned(visit, peer, "stopped", &[]));
        }
        if !peer.get("set_back").is_null() {
            found.push(set_back(visit, peer));
        }
    }
    for mirror in notebook.list("mirrors") {
        if let Some(long) = mirror_warning(visit, mirror) {
            let short = [("name", mirror.text("name").into())];
            found.push(Warned::now(visit.words.with("warned-mirror", &short), long));
        }
    }
    for newcomer in notebook.list("turned_away") {
        let short = [("name", newcomer.text("name").into())];
        let short = visit.words.with("warned-turned-away", &short);
        found.push(Warned::now(short, turned_away(visit, newcomer)));
    }
    for signer in notebook
        .list("set_aside_by")
        .into_iter()
        .take(SET_ASIDE_SHOWN_MAX)
    {
        let told = [
            ("name", signer.text("name").into()),
            ("device", signer.text("device_label").into()),
            ("count", signer.count("entries").into()),
        ];
        found.push(Warned {
            short: String::new(),
            long: visit.words.with("set-aside", &told),
            is_over: true,
        });
    }
    found
}

/// What is to be told of this device, as `status` has it.
pub(crate) fn of_device(visit: &Visit, status: Data<'_>) -> Vec<Warned> {
    let mut found = Vec::new();
    if let Some(said) = status.some("warning") {
        found.push(warning(visit, status, said));
    }
    let anew = status.get("enrolled_anew");
    if !anew.is_null() {
        let told = [
            ("at", when::moment(visit, anew.text("at")).into()),
            ("device", anew.text("label").into()),
        ];
        found.push(visit.words.with("warned-anew", &told));
    }
    let capsule = status.get("capsule");
    let mirrors = capsule.list("mirrors");
    if !capsule.is_null() && capsule.count("devices") == 0 && mirrors.is_empty() {
        found.push(visit.say("warned-no-keeper"));
    }
    for mirror in mirrors.iter().filter(|mirror| mirror.is("had_no_room")) {
        let name = [("name", mirror.text("name").into())];
        found.push(visit.words.with("warned-no-room", &name));
    }
    if capsule.text("journal") == "too-large" {
        found.push(visit.say("warned-journal-too-large"));
    }
    for awaited in status.list("awaited") {
        let names: Vec<&str> = awaited
            .list("from")
            .iter()
            .map(|one| one.as_text())
            .collect();
        let told = [
            ("title", awaited.text("title").into()),
            ("names", names.join(", ").into()),
        ];
        found.push(visit.words.with("warned-awaited", &told));
    }
    let told = |long: String| Warned::now(String::new(), long);
    found.into_iter().map(told).collect()
}

/// A sentence of the node, in the reader's language where that has words for what it warns of.
fn warning(visit: &Visit, of: Data<'_>, said: &str) -> String {
    let key = format!("warning-{}", of.text("warned_of"));
    match visit.words.maybe(&key) {
        Some(own) => own,
        None => part::without_commands(said),
    }
}

/// What became of this device's place in a notebook, where it has none any more.
pub(crate) fn departed(visit: &Visit, departed: Data<'_>, title: &str) -> String {
    let by = departed.get("by");
    let why = departed.get("why");
    let told = [
        ("title", title.into()),
        ("name", by.text("name").into()),
        ("device", by.text("device").into()),
        ("at", when::moment(visit, departed.text("at")).into()),
        ("why", void(visit, why, departed).into()),
    ];
    let key = format!("departed-{}", departed.text("kind"));
    match visit.words.maybe(&key) {
        Some(_) => visit.words.with(&key, &told),
        None => departed.text("message").to_owned(),
    }
}

/// Why an admission does not count, half a sentence.
fn void(visit: &Visit, why: Data<'_>, of: Data<'_>) -> String {
    let told = [
        ("who", why.text("who").into()),
        ("let-in", why.text("let_in").into()),
        ("admin", why.text("admin").into()),
    ];
    let key = match why.some("cause") {
        Some(cause) => format!("void-{cause}"),
        None => "void-other".to_owned(),
    };
    match visit.words.maybe(&key) {
        Some(_) => visit.words.with(&key, &told),
        None => of.text("message").to_owned(),
    }
}

fn turned_away(visit: &Visit, newcomer: Data<'_>) -> String {
    // English needs none: the node has said it.
    let key = "turned-away";
    match visit.words.maybe(key) {
        Some(_) => {
            let why = void(visit, newcomer.get("why"), newcomer);
            let told = [("name", newcomer.text("name").into()), ("why", why.into())];
            visit.words.with(key, &told)
        }
        None => newcomer.text("message").to_owned(),
    }
}

/// Something about a peer: `warned-…` in a few words, `peer-…` in whole sentences.
fn peer_warned(
    visit: &Visit,
    peer: Data<'_>,
    what: &str,
    more: &[(&'static str, String)],
) -> Warned {
    let mut told: Vec<(&str, crate::words::Arg<'_>)> = vec![
        ("name", peer.text("name").into()),
        ("device", peer.text("device_label").into()),
    ];
    for (name, value) in more {
        told.push((name, value.as_str().into()));
    }
    Warned::now(
        visit.words.with(&format!("warned-{what}"), &told),
        visit.words.with(&format!("peer-{what}"), &told),
    )
}

/// That a device was put back to an older copy of itself, and whether it has again what was gone there.
fn set_back(visit: &Visit, peer: Data<'_>) -> Warned {
    let told = peer.get("set_back");
    let more = [
        ("at", when::moment(visit, told.text("at"))),
        (
            "lost",
            visit.words.with(
                "entries-count",
                &[("count", told.count("lost_entries").into())],
            ),
        ),
    ];
    let is_over = told.is("made_good");
    let what = if is_over {
        "set-back-made-good"
    } else {
        "set-back"
    };
    Warned {
        is_over,
        ..peer_warned(visit, peer, what, &more)
    }
}

/// What a mirror was caught at, or refused.
pub(crate) fn mirror_warning(visit: &Visit, mirror: Data<'_>) -> Option<String> {
    let said = mirror.some("warning")?;
    let (rolled_back, refused) = (mirror.get("rolled_back"), mirror.get("refused"));
    let is_back = !rolled_back.is_null() && !rolled_back.is("made_good");
    let key = if is_back {
        "mirror-set-back".to_owned()
    } else if !mirror.get("forged").is_null() {
        "mirror-forged".to_owned()
    } else if !refused.is_null() {
        format!("mirror-{}", refused.text("code").replace('_', "-"))
    } else if !mirror.get("full").is_null() {
        "mirror-full".to_owned()
    } else {
        "mirror-made-good".to_owned()
    };
    let told = [("count", rolled_back.count("lost_entries").into())];
    let what = match visit.words.maybe(&key) {
        Some(_) => visit.words.with(&key, &told),
        None => said.to_owned(),
    };
    let told = [("name", mirror.text("name").into()), ("what", what.into())];
    Some(visit.words.with("mirror-warns", &told))
}

/// Draws all of it in whole sentences; nothing where nothing is wrong.
pub(crate) fn notices(id: &str, all: &[Warned]) -> Markup {
    part::place(
        id,
        &html! {
            @for one in all {
                @if one.is_over { p class="small soft measure" { (one.long) } }
                @else { (part::notice("warn", &html! { p { (one.long) } })) }
            }
        },
    )
}

/// Draws what is wrong now in a few words each, with a link to the whole of it.
pub(crate) fn badges(all: &[Warned], link: &str) -> Markup {
    html! {
        @for one in all.iter().filter(|one| !one.is_over) {
            a class="badge is-now" href=(link) { (icon("warn")) (one.short) }
        }
    }
}
