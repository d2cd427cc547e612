//! What stands around every screen: the rail, the sheet, the margin.

use hearth_node::api::{Failure, NotebookRequest, Request};
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use super::icon::{icon, mark};
use super::{part, standing};
use crate::assets;
use crate::data::Data;
use crate::live::shown_of_peers;
use crate::view::people::People;
use crate::visit::Visit;
use crate::words::Words;

/// The cloths that notebooks have; ochre is the journal's.
const CLOTHS: [&str; 3] = ["green", "slate", "madder"];

/// Where a screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The first screen.
    Today,
    /// Search.
    Search,
    /// Create or join.
    Begin,
    /// The journal.
    Journal,
    /// Sync and mirrors.
    Sync,
    /// Settings.
    Settings,
    /// A part of a notebook, by the last part of its address.
    Notebook(&'static str),
    /// Elsewhere.
    Nowhere,
}

/// The screens of a notebook as the rail lists them: address, key of the words.
const PARTS: [(&str, &str); 14] = [
    ("", "home"),
    ("/sessions", "sessions"),
    ("/goals", "goals"),
    ("/agreement", "agreement"),
    ("/people", "people"),
    ("/questions", "questions"),
    ("/feedback", "feedback"),
    ("/skills", "skills"),
    ("/resources", "resources"),
    ("/checkins", "checkins"),
    ("/timeline", "timeline"),
    ("/circle", "circle"),
    ("/history", "history"),
    ("/move", "move"),
];
/// Those of them that show nothing of what is in the documents of sessions: notes that are typed leave them as they are.
const OF_INDEX: [&str; 8] = [
    "/goals",
    "/agreement",
    "/people",
    "/questions",
    "/feedback",
    "/skills",
    "/resources",
    "/checkins",
];
/// How many of them have a tab on a narrow screen.
const TABS: usize = 4;

/// What every screen shows around itself.
#[derive(Debug)]
pub(crate) struct Shell {
    status: Value,
    notebooks: Value,
}

/// A notebook, as its screens show it.
#[derive(Debug)]
pub(crate) struct Notebook {
    /// Its full id.
    pub(crate) id: String,
    /// What the engine says of it.
    pub(crate) value: Value,
    /// Who can read it.
    pub(crate) readers: Value,
    /// Who is in it.
    pub(crate) people: People,
}

impl Notebook {
    /// Reads the notebook that the address names.
    ///
    /// # Errors
    /// What the engine says.
    pub(crate) async fn load(visit: &Visit) -> Result<Self, Failure> {
        Self::load_of(visit, visit.param("notebook")).await
    }

    /// Makes sure that an answer is about this notebook, whose readers the screen names.
    ///
    /// # Errors
    /// A [`Failure`] where it is about another.
    pub(crate) fn holds(&self, visit: &Visit, answer: Data<'_>) -> Result<(), Failure> {
        match answer.get("notebook").text("id") == self.id {
            true => Ok(()),
            false => Err(Failure::not_found(
                "not_here",
                visit.say("failed-not-found"),
            )),
        }
    }

    /// Reads a notebook.
    ///
    /// # Errors
    /// What the engine says.
    pub(crate) async fn load_of(visit: &Visit, notebook: String) -> Result<Self, Failure> {
        let show = Request::Notebook(NotebookRequest::Show {
            notebook: notebook.clone(),
        });
        let value = visit.ask(show).await?;
        let id = Data(&value).get("notebook").text("id").to_owned();
        let readers = visit
            .ask(Request::Readers {
                notebook: id.clone(),
            })
            .await?;
        let people = People::of(Data(&value).get("notebook"));
        Ok(Self {
            id,
            value,
            readers,
            people,
        })
    }

    /// Returns what the engine says of it.
    pub(crate) fn data(&self) -> Data<'_> {
        Data(&self.value).get("notebook")
    }

    /// Returns its title.
    pub(crate) fn title(&self) -> &str {
        self.data().text("title")
    }

    /// Returns the address of one of its screens.
    pub(crate) fn at(&self, part: &str) -> String {
        format!("/n/{}{part}", self.id)
    }

    /// Tells whether the reader may write here.
    pub(crate) fn may_write(&self) -> bool {
        self.people.may_write() && self.data().get("departed").is_null()
    }
}

/// A screen that is ready to be put into its shell.
#[derive(Debug)]
pub(crate) struct Screen {
    /// What stands in the window's title and, unless there is a head, above the page.
    pub(crate) title: String,
    /// A sentence below the title.
    pub(crate) lede: Option<Markup>,
    /// What stands beside or below the title.
    pub(crate) head: Markup,
    /// The page itself.
    pub(crate) page: Markup,
    /// More classes for the page.
    pub(crate) page_class: &'static str,
    /// The facts in the margin.
    pub(crate) margin: Markup,
}

impl Screen {
    /// Makes a screen with a title and a page.
    pub(crate) fn new(title: impl Into<String>, page: Markup) -> Self {
        Self {
            title: title.into(),
            lede: None,
            head: html! {},
            page,
            page_class: "",
            margin: html! {},
        }
    }

    /// Puts a sentence below the title.
    pub(crate) fn lede(mut self, lede: Markup) -> Self {
        self.lede = Some(lede);
        self
    }

    /// Puts facts into the margin.
    pub(crate) fn margin(mut self, margin: Markup) -> Self {
        self.margin = margin;
        self
    }

    /// Puts something below the title.
    pub(crate) fn head(mut self, head: Markup) -> Self {
        self.head = head;
        self
    }

    /// Gives the page more classes.
    pub(crate) fn page_class(mut self, class: &'static str) -> Self {
        self.page_class = class;
        self
    }
}

impl Shell {
    /// Reads what every screen shows.
    ///
    /// # Errors
    /// What the engine says.
    pub(crate) async fn load(visit: &Visit) -> Result<Self, Failure> {
        let status = visit.ask(Request::Status).await?;
        let notebooks = visit.ask(Request::Notebook(NotebookRequest::List)).await?;
        Ok(Self { status, notebooks })
    }

    /// Returns the status.
    pub(crate) fn status(&self) -> Data<'_> {
        Data(&self.status)
    }

    /// Returns the notebooks in the order in which they were made.
    pub(crate) fn notebooks(&self) -> Vec<Data<'_>> {
        let mut all = Data(&self.notebooks).list("notebooks");
        all.sort_by_key(|one| one.text("created_at").to_owned());
        all
    }

    /// Returns the cloth of a notebook.
    pub(crate) fn cloth(&self, notebook: &str) -> &'static str {
        let at = self
            .notebooks()
            .iter()
            .position(|one| one.text("id") == notebook);
        let at = at.unwrap_or_default() % CLOTHS.len();
        CLOTHS.get(at).copied().unwrap_or("ink")
    }

    /// Draws a screen of a notebook.
    pub(crate) fn of_notebook(
        &self,
        visit: &Visit,
        notebook: &Notebook,
        part: &'static str,
        screen: &Screen,
    ) -> Markup {
        let line = standing::line(visit, &notebook.id, Data(&notebook.readers), self.status());
        let title = format!("{}, {}", screen.title, notebook.title());
        let window = match part {
            "" => notebook.title().to_owned(),
            _ => title,
        };
        let cloth = self.cloth(&notebook.id);
        let tabs = tabs(visit, notebook, part);
        let body = self.sheet(visit, (&tabs, &line), OF_INDEX.contains(&part), screen);
        self.document(
            visit,
            &window,
            cloth,
            Place::Notebook(part),
            Some(&notebook.id),
            &body,
        )
    }

    /// Draws a screen that belongs to no notebook.
    pub(crate) fn of_person(&self, visit: &Visit, place: Place, screen: &Screen) -> Markup {
        let cloth = if place == Place::Journal {
            "ochre"
        } else {
            "ink"
        };
        let body = self.sheet(visit, (&html! {}, &html! {}), false, screen);
        self.document(visit, &screen.title, cloth, place, None, &body)
    }

    fn sheet(
        &self,
        visit: &Visit,
        (tabs, standing): (&Markup, &Markup),
        is_of_index: bool,
        screen: &Screen,
    ) -> Markup {
        // As of what it was drawn, so that nothing is drawn again that did not change since.
        let peers = shown_of_peers(&self.status);
        let has_margin = !screen.margin.0.is_empty();
        html! {
            main class="sheet" id="main" tabindex="-1" data-lost=(visit.say("lost-node")) data-once[visit.is_sent()]
                data-seen=(visit.seen) data-peers=(peers) data-index[is_of_index] {
                (tabs)
                div class={ "leaf" @if !has_margin { " wide" } } {
                    div class="top" {
                        (standing)
                        h1 { bdi { (screen.title) } }
                        @if let Some(lede) = &screen.lede { p class="lede" { (lede) } }
                        (screen.head)
                        (said(visit))
                    }
                    div class={ "page " (screen.page_class) } { (screen.page) }
                    @if has_margin {
                        aside class="margin" aria-label=(visit.say("in-the-margin")) { (screen.margin) }
                    }
                }
                p class="print-only small" {
                    (visit.words.with("printed", &[("date", crate::when::day_of(visit, visit.now).into())]))
                }
            }
        }
    }

    fn document(
        &self,
        visit: &Visit,
        title: &str,
        cloth: &str,
        place: Place,
        notebook: Option<&str>,
        body: &Markup,
    ) -> Markup {
        let inside = html! {
            div class="shell" {
                header class="bar" {
                    a class="mark-word" href="/" { (mark()) "Hearthside" }
                    div class="end" {
                        a class="tool" href="/search" { (icon("search")) span class="sr" { (visit.say("search")) } }
                        a class="tool" href="#menu" { (icon("menu")) (visit.say("menu")) }
                    }
                }
                (self.rail(visit, place, notebook))
                div class="content" {
                    (body)
                    footer class="foot" { (visit.say("foot")) }
                }
            }
        };
        document(visit.words, title, cloth, &inside)
    }

    fn rail(&self, visit: &Visit, place: Place, here: Option<&str>) -> Markup {
        let status = self.status();
        let go = |at: Place, href: &str, drawing: &str, word: &str, note: &str| {
            html! {
                a class="go" href=(href) aria-current=[(at == place).then_some("page")] {
                    (icon(drawing)) span { (word) }
                    @if !note.is_empty() { span class="note" { (note) } }
                }
            }
        };
        html! {
            nav class="rail" id="menu" aria-label="Hearthside" {
                a class="mark-word" href="/" { (mark()) "Hearthside" }
                p class="close" { a class="tool" href="#top" { (icon("x")) (visit.say("close-menu")) } }
                (go(Place::Today, "/", "sun", &visit.say("today"), ""))
                (go(Place::Search, "/search", "search", &visit.say("search"), &visit.say("press-slash")))
                h2 { (visit.say("notebooks")) }
                @for notebook in self.notebooks() {
                    @let id = notebook.text("id");
                    @let cloth = self.cloth(id);
                    @let is_here = here == Some(id);
                    a class={ "go " (cloth) } href={ "/n/" (id) } aria-current=[is_here.then_some("true")] {
                        span class={ "spine " (cloth) } {}
                        bdi { @if let Some(title) = notebook.some("title") { (title) } @else { (visit.say("notebook-not-here")) } }
                        span class="note" { (visit.words.of("role", notebook.text("role"))) }
                    }
                    @if is_here {
                        div class={ "sub " (cloth) } {
                            // Two have a conversation; a circle is for more.
                            @for (part, word) in PARTS.into_iter().filter(|(part, _)| *part != "/circle" || notebook.text("form") != "one-on-one") {
                                a class="go" href={ "/n/" (id) (part) }
                                    aria-current=[(place == Place::Notebook(part)).then_some("page")] {
                                    span { (visit.words.of("part", word)) }
                                }
                            }
                        }
                    }
                }
                (go(Place::Begin, "/begin", "plus", &visit.say("create-or-join"), ""))
                h2 { (visit.say("only-your-devices")) }
                a class="go ochre" href="/journal" aria-current=[(place == Place::Journal).then_some("page")] {
                    span class="spine ochre" {} span { (visit.say("journal")) }
                    span class="note" { (visit.say("private-word")) }
                }
                h2 { (visit.say("this-node")) }
                (go(Place::Sync, "/sync", "device", &visit.say("sync-and-mirrors"), ""))
                (go(Place::Settings, "/settings", "gear", &visit.say("settings"), ""))
                div class="self fine" {
                    p {
                        (visit.words.with("you-are", &[
                            ("name", status.get("person").text("name").into()),
                            ("device", status.get("device").text("label").into()),
                        ]))
                    }
                    p {
                        (visit.words.with("chosen-network", &[
                            ("network", visit.words.of("network", network_word(status.get("node").text("network"))).into()),
                        ]))
                    }
                    @if visit.app.locks() {
                        (super::form::FormView::new(visit, "/lock").button("btn quiet small", &visit.say("lock-now")))
                    }
                }
            }
        }
    }
}

/// Returns the word of a network profile, without the addresses that follow it.
pub(crate) fn network_word(profile: &str) -> &str {
    profile.split('=').next().unwrap_or(profile)
}

/// Says who learns what where a device reaches others in a way, in the reader's language; as the node `said` it where that
/// has no words for it.
pub(crate) fn reveals(visit: &Visit, profile: &str, said: &str) -> String {
    let key = format!("reveals-{}", network_word(profile));
    let relay = profile.split_once('=').map_or("", |(_, relay)| relay);
    match visit.words.maybe(&key) {
        Some(_) => visit.words.with(&key, &[("relay", relay.into())]),
        None => said.to_owned(),
    }
}

fn tabs(visit: &Visit, notebook: &Notebook, here: &str) -> Markup {
    html! {
        nav class="tabs local" aria-label=(notebook.title()) {
            @for (part, word) in PARTS.iter().take(TABS) {
                a href=(notebook.at(part)) aria-current=[(*part == here).then_some("page")] {
                    (visit.words.of("part", word))
                }
            }
            a href="#menu" { (visit.say("more")) }
        }
    }
}

/// What the last form led to; the form itself shows what went wrong with it, where it is on this screen.
fn said(visit: &Visit) -> Markup {
    let Some(flash) = &visit.flash else {
        return html! { div id="said" role="status" {} };
    };
    let kind = if flash.is_error { "bad" } else { "done" };
    html! {
        div id="said" role=(if flash.is_error { "alert" } else { "status" }) {
            (part::notice(kind, &html! {
                p { (flash.message) }
                @if let Some(hint) = &flash.hint { p class="soft" { (part::without_commands(hint)) } }
            }))
        }
    }
}

/// Draws a whole document.
pub(crate) fn document(words: &Words, title: &str, cloth: &str, inside: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(words.tag()) dir=(words.say("direction")) id="top" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Hearthside" }
                link rel="stylesheet" href=(assets::address("hearthside.css"));
                link rel="icon" href=(assets::address("mark.svg")) type="image/svg+xml";
                script type="module" src=(assets::address("page.js")) {}
            }
            body class=(cloth) data-words=(keyboard(words)) {
                a class="skip" href="#main" { (words.say("skip")) }
                (inside)
            }
        }
    }
}

/// The words that the scripts of the keyboard show.
fn keyboard(words: &Words) -> String {
    const KEYS: [(&str, &str); 14] = [
        ("/", "search"),
        ("Ctrl K", "palette"),
        ("?", "help"),
        ("g t", "today"),
        ("g h", "home"),
        ("g s", "sessions"),
        ("g g", "goals"),
        ("g a", "agreement"),
        ("g p", "people"),
        ("n", "new"),
        ("j k", "rows"),
        ("x", "done"),
        ("Ctrl Enter", "save"),
        ("Esc", "leave"),
    ];
    let keys: Vec<[String; 2]> = KEYS
        .iter()
        .map(|(key, what)| [(*key).to_owned(), words.of("key", what)])
        .collect();
    serde_json::json!({
        "title": words.say("keyboard"),
        "palette": words.say("palette"),
        "letters": words.say("letters"),
        "close": words.say("close"),
        "keys": keys,
    })
    .to_string()
}

/// The steps of a new person; each can wait.
const STEPS: [&str; 5] = ["begin", "words", "invite", "compare", "agreement"];

/// Draws the steps with the one that somebody is at.
pub(crate) fn steps(visit: &Visit, here: &str) -> Markup {
    html! {
        ol class="progress" aria-label=(visit.say("steps")) {
            @for step in STEPS {
                li aria-current=[(step == here).then_some("step")] { (visit.words.of("step", step)) }
            }
        }
    }
}

/// Draws a document without rail, for what stands before the notebooks: welcome and the lock.
pub(crate) fn plain(visit: &Visit, title: &str, body: &Markup) -> Markup {
    let inside = html! {
        div class="plain" {
            header class="plain-bar" { a class="mark-word" href="/" { (mark()) "Hearthside" } }
            div class="content" {
                main class="sheet" id="main" tabindex="-1" { (said(visit)) (body) }
            }
            footer class="foot" { (visit.say("foot")) }
        }
    };
    document(visit.words, title, "green", &inside)
}
