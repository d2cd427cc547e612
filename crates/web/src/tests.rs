//! The page as a browser, and as another site in the same browser, sees it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use futures_util::FutureExt;
use hearth_node::api::Secret;
use hearth_node::host::{HomeDir, InitHome, InitProtection};
use hearth_node::run::{Given, init_keeping_phrase};
use tokio::sync::oneshot;
use tower::ServiceExt;

use serde_json::json;

use crate::app::App;
use crate::data::Data;
use crate::form::Form;
use crate::guard::Address;
use crate::screen::{Access, ROUTES, Route};
use crate::serve::{FORM_TOKEN, router};
use crate::sessions::Standing;
use crate::view::{told, warned};
use crate::visit::Visit;
use crate::words::Words;

const OWN: &str = "127.0.0.1:4000";

/// A page without a node: what is refused is refused before anybody asks one.
struct Site {
    app: Arc<App>,
    cookie: String,
    standing: Standing,
    /// What comes once there is an identity, where there is none yet.
    made: Option<oneshot::Receiver<Option<Secret>>>,
    _folder: tempfile::TempDir,
}

/// Finds an address in the table.
fn route(path: &str, writes: bool) -> &'static Route {
    let found = ROUTES
        .iter()
        .find(|route| route.path == path && route.writes == writes);
    found.expect("a route")
}

/// A request in the making: headers may be changed or left out.
struct Sent {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = HomeDir::new(folder.path(), None);
        let address: SocketAddr = OWN.parse().expect("an address");
        let app = Arc::new(App::new(Address::new(address), home));
        let token = app.sessions.make_launch().expect("random");
        let now = std::time::Instant::now();
        let cookie = app
            .sessions
            .enter(&token, now)
            .expect("random")
            .expect("let in");
        let standing = app.sessions.find(&cookie, now, false, true).expect("known");
        Self {
            app,
            cookie,
            standing,
            made: None,
            _folder: folder,
        }
    }

    /// The page of a home that has no identity yet.
    fn welcoming() -> Self {
        let mut site = Self::new();
        site.made = Some(site.app.welcome());
        site
    }

    /// Makes the home beside the page, as a command does.
    fn make_home(&self) {
        let init = InitHome {
            name: "Ana".to_owned(),
            device: "laptop".to_owned(),
            network: "direct".parse().expect("a profile"),
            protection: InitProtection::Bare,
        };
        init_keeping_phrase(&self.app.home, init, &mut Given(None)).expect("a home");
    }

    /// The page before there is an identity, and after.
    fn both() -> [Self; 2] {
        [Self::new(), Self::welcoming()]
    }

    /// The form of the first screen, filled in by somebody whom nothing shall protect.
    fn welcome_form(&self) -> Sent {
        let body = format!(
            "{FORM_TOKEN}={}&back=/welcome&way=create&name=Ana&device=laptop&network=direct&protect=bare",
            self.standing.form_token
        );
        self.to(route("/welcome", true)).body(&body)
    }

    /// What the page itself would send to a route.
    fn to(&self, route: &Route) -> Sent {
        let path = route
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        let method = if route.writes {
            Method::POST
        } else {
            Method::GET
        };
        let body = match route.writes {
            true => format!("{FORM_TOKEN}={}", self.standing.form_token),
            false => String::new(),
        };
        let mut headers = vec![
            ("host", OWN.to_owned()),
            ("sec-fetch-site", "same-origin".to_owned()),
            ("cookie", format!("hearth-4000={}", self.cookie)),
        ];
        if route.writes {
            headers.push(("origin", format!("http://{OWN}")));
        }
        Sent {
            method,
            path,
            headers,
            body,
        }
    }

    async fn answer(&self, sent: Sent) -> Response {
        let mut request = Request::builder().method(sent.method).uri(sent.path);
        for (name, value) in sent.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(sent.body)).expect("a request");
        router(Arc::clone(&self.app))
            .oneshot(request)
            .await
            .expect("an answer")
    }
}

impl Sent {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }
}

async fn text(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), usize::MAX)
        .await
        .expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

async fn assert_refused(site: &Site, sent: Sent, why: &str) {
    let path = sent.path.clone();
    let response = site.answer(sent).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}: {why}");
    assert!(
        response
            .headers()
            .contains_key(header::CONTENT_SECURITY_POLICY),
        "{path}: {why}"
    );
    assert!(
        !response.headers().contains_key(header::SET_COOKIE),
        "{path}: {why}"
    );
}

#[tokio::test]
async fn every_address_refuses_what_another_site_sends() {
    assert!(ROUTES.len() > 10);
    let sites = Site::both();
    for (site, route) in sites
        .iter()
        .flat_map(|site| ROUTES.iter().map(move |route| (site, route)))
    {
        for host in [
            "evil.example",
            "evil.example:4000",
            "127.0.0.1:4001",
            "127.0.0.1",
            "[::1]:4000",
        ] {
            assert_refused(site, site.to(route).with("host", host), host).await;
        }
        assert_refused(site, site.to(route).without("host"), "no host").await;
        for origin in [
            "http://evil.example",
            "null",
            "http://localhost:4000",
            "http://127.0.0.1:4001",
            "https://127.0.0.1:4000",
            "",
        ] {
            assert_refused(site, site.to(route).with("origin", origin), origin).await;
        }
        for from in ["cross-site", "same-site", "", "SAME-ORIGIN"] {
            assert_refused(site, site.to(route).with("sec-fetch-site", from), from).await;
        }
        assert_refused(
            site,
            site.to(route).with("sec-purpose", "prefetch"),
            "prefetch",
        )
        .await;
    }
}

#[tokio::test]
async fn every_address_refuses_a_browser_that_was_not_let_in() {
    let sites = Site::both();
    let guarded = || ROUTES.iter().filter(|route| route.access != Access::Launch);
    for (site, route) in sites
        .iter()
        .flat_map(|site| guarded().map(move |route| (site, route)))
    {
        assert_refused(site, site.to(route).without("cookie"), "no cookie").await;
        for cookie in ["hearth-4000=", "hearth-4000=x", "hearth-4001=x", "other=1"] {
            assert_refused(site, site.to(route).with("cookie", cookie), cookie).await;
        }
        let other = format!("hearth-4001={}", site.cookie);
        assert_refused(
            site,
            site.to(route).with("cookie", &other),
            "another page's cookie",
        )
        .await;
    }
}

#[tokio::test]
async fn every_form_needs_its_token_and_says_where_it_comes_from() {
    let sites = Site::both();
    let forms = || ROUTES.iter().filter(|route| route.writes);
    for (site, route) in sites
        .iter()
        .flat_map(|site| forms().map(move |route| (site, route)))
    {
        for body in ["", "token=", "token=x", "other=1"] {
            assert_refused(site, site.to(route).body(body), body).await;
        }
        assert_refused(site, site.to(route).without("origin"), "no origin").await;
        assert_refused(
            site,
            site.to(route).without("sec-fetch-site"),
            "no fetch site",
        )
        .await;
        let typed = site.to(route).with("sec-fetch-site", "none");
        assert_refused(site, typed, "typed").await;
    }
}

#[tokio::test]
async fn no_address_answers_to_another_method() {
    let site = Site::new();
    for route in ROUTES {
        for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            let mut sent = site.to(route).with("origin", &format!("http://{OWN}"));
            sent.method = method.clone();
            let response = site.answer(sent).await;
            assert_eq!(
                response.status(),
                StatusCode::NOT_FOUND,
                "{method} {}",
                route.path
            );
        }
    }
}

#[tokio::test]
async fn a_locked_page_answers_nothing_but_how_to_open_it() {
    let site = Site::new();
    // A home whose key file cannot be read counts as protected.
    site.app.sessions.lock(site.standing.session);
    for route in ROUTES.iter().filter(|route| route.access == Access::Open) {
        let response = site.answer(site.to(route)).await;
        if route.is_data {
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{}", route.path);
        } else {
            assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", route.path);
            let place = response.headers()[header::LOCATION].to_str().expect("text");
            assert!(
                place.starts_with("/unlock?next="),
                "{}: {place}",
                route.path
            );
        }
    }
}

#[tokio::test]
async fn a_look_at_the_headers_of_a_link_does_not_use_it_up() {
    let site = Site::new();
    let token = site.app.sessions.make_launch().expect("a token");
    let launch = ROUTES
        .iter()
        .find(|route| route.access == Access::Launch)
        .expect("a route");
    for (method, status) in [
        (Method::HEAD, StatusCode::FORBIDDEN),
        (Method::GET, StatusCode::SEE_OTHER),
        (Method::GET, StatusCode::FORBIDDEN),
    ] {
        let mut sent = site.to(launch).without("cookie");
        sent.path = format!("/launch?token={token}");
        sent.method = method.clone();
        assert_eq!(site.answer(sent).await.status(), status, "{method}");
    }
}

#[tokio::test]
async fn what_the_page_sends_itself_is_let_through() {
    let site = Site::new();
    let unlock = ROUTES
        .iter()
        .find(|route| route.path == "/unlock" && !route.writes)
        .expect("a route");
    let response = site.answer(site.to(unlock)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let typed = site.to(unlock).with("sec-fetch-site", "none");
    assert_eq!(site.answer(typed).await.status(), StatusCode::SEE_OTHER);
    let language = ROUTES
        .iter()
        .find(|route| route.path == "/language")
        .expect("a route");
    let sent = site.to(language).body(&format!(
        "{FORM_TOKEN}={}&language=de&back=/settings",
        site.standing.form_token
    ));
    let response = site.answer(sent).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], "/settings");
    let cookie = response.headers()[header::SET_COOKIE]
        .to_str()
        .expect("text");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
}

#[tokio::test]
async fn a_link_lets_in_one_browser_once() {
    let site = Site::new();
    let token = site.app.sessions.make_launch().expect("random");
    let launch = |token: &str| Sent {
        method: Method::GET,
        path: format!("/launch?token={token}"),
        headers: vec![
            ("host", OWN.to_owned()),
            ("sec-fetch-site", "none".to_owned()),
        ],
        body: String::new(),
    };
    assert_eq!(
        site.answer(launch("wrong")).await.status(),
        StatusCode::FORBIDDEN
    );
    // A browser that looks ahead does not use it up, and neither does another site.
    let ahead = launch(&token).with("sec-purpose", "prefetch;prerender");
    assert_eq!(site.answer(ahead).await.status(), StatusCode::FORBIDDEN);
    let elsewhere = launch(&token).with("sec-fetch-site", "cross-site");
    assert_eq!(site.answer(elsewhere).await.status(), StatusCode::FORBIDDEN);
    let response = site.answer(launch(&token)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let cookie = response.headers()[header::SET_COOKIE]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(cookie.starts_with("hearth-4000="));
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert_eq!(
        site.answer(launch(&token)).await.status(),
        StatusCode::FORBIDDEN
    );
    // Whoever is in already may open an old link.
    let again = launch(&token).with("cookie", &format!("hearth-4000={}", site.cookie));
    let response = site.answer(again).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert!(!response.headers().contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn the_policy_lets_nothing_be_run_or_loaded_from_elsewhere() {
    let site = Site::new();
    let unlock = ROUTES
        .iter()
        .find(|route| route.path == "/unlock")
        .expect("a route");
    let response = site.answer(site.to(unlock)).await;
    let headers = response.headers();
    let policy = headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .expect("text");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    for loose in ["unsafe", "*", "data:", "blob:", "http", "nonce"] {
        assert!(!policy.contains(loose), "{policy}");
    }
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(!headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused_unread() {
    let site = Site::new();
    let route = ROUTES.iter().find(|route| route.writes).expect("a form");
    let large = "a=".to_owned() + &"x".repeat(crate::limits::FORM_BYTES_MAX);
    let response = site.answer(site.to(route).body(&large)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn an_unknown_address_tells_nothing_to_a_stranger() {
    let site = Site::new();
    let sent = |cookie: &str| Sent {
        method: Method::GET,
        path: "/nothing/here".to_owned(),
        headers: vec![("host", OWN.to_owned()), ("cookie", cookie.to_owned())],
        body: String::new(),
    };
    assert_eq!(site.answer(sent("")).await.status(), StatusCode::FORBIDDEN);
    let known = format!("hearth-4000={}", site.cookie);
    let response = site.answer(sent(&known)).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(!text(response).await.contains("nothing/here"));
}

#[test]
fn the_page_is_never_bound_to_what_others_can_reach() {
    for wanted in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let folder = tempfile::tempdir().expect("a folder");
        let home = HomeDir::new(folder.path(), None);
        let refused = crate::Page::bind(home, wanted.parse().expect("an address"));
        assert_eq!(refused.expect_err("refused").code, "web_not_local");
    }
}

#[tokio::test]
async fn the_calendar_feed_refuses_other_sites_and_who_asks_too_often() {
    let site = Site::new();
    let sent = |name: &str| Sent {
        method: Method::GET,
        path: format!("/feed/{name}"),
        headers: vec![("host", OWN.to_owned())],
        body: String::new(),
    };
    for (name, value) in [
        ("host", "evil.example:4000"),
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-purpose", "prefetch"),
    ] {
        assert_refused(&site, sent("x.ics").with(name, value), name).await;
    }
    let long = format!("{}.ics", "x".repeat(1000));
    for _ in 0..crate::limits::FEED_ANSWERS_MAX / 2 {
        for name in ["x", long.as_str()] {
            let status = site.answer(sent(name)).await.status();
            assert_eq!(status, StatusCode::NOT_FOUND);
        }
    }
    let response = site.answer(sent("x.ics")).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(response.headers().contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn before_there_is_an_identity_nothing_but_the_welcome_answers() {
    let site = Site::welcoming();
    let place = |response: &Response| {
        let place = response.headers().get(header::LOCATION);
        place.and_then(|place| place.to_str().ok().map(str::to_owned))
    };
    for route in ROUTES.iter().filter(|route| route.access == Access::Open) {
        let response = site.answer(site.to(route)).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", route.path);
        assert_eq!(
            place(&response).as_deref(),
            Some("/welcome"),
            "{}",
            route.path
        );
    }
    let response = site.answer(site.to(route("/welcome", false))).await;
    assert_eq!(response.status(), StatusCode::OK);
    // A form that is not whole leads back to where it stands, and nothing is made.
    let empty = format!("{FORM_TOKEN}={}&back=/welcome", site.standing.form_token);
    let response = site
        .answer(site.to(route("/welcome", true)).body(&empty))
        .await;
    assert_eq!(place(&response).as_deref(), Some("/welcome"));
    assert!(site.app.is_new() && site.app.home.has_passphrase().is_err());
    // There is no calendar either, and nobody waits for one.
    let feed = Sent {
        method: Method::GET,
        path: "/feed/x.ics".to_owned(),
        headers: vec![("host", OWN.to_owned())],
        body: String::new(),
    };
    let answered = site.answer(feed).now_or_never().expect("at once");
    assert_eq!(answered.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn once_there_is_an_identity_nobody_is_welcomed_again() {
    let site = Site::new();
    for route in ROUTES.iter().filter(|route| route.access == Access::First) {
        let response = site.answer(site.to(route)).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", route.path);
        assert_eq!(response.headers()[header::LOCATION], "/", "{}", route.path);
    }
}

/// Sends the form of the first screen and closes the window at once; returns what the node is told.
async fn begin_and_close(site: &mut Site) -> Option<Secret> {
    let answer = site.answer(site.welcome_form());
    assert!(answer.now_or_never().is_none(), "it takes a moment");
    let made = site.made.take().expect("somebody waits");
    let told = tokio::time::timeout(Duration::from_secs(60), made).await;
    told.expect("what was begun goes on").expect("an identity")
}

#[tokio::test]
async fn a_window_that_is_closed_in_the_middle_of_beginning_ends_nothing() {
    let mut site = Site::welcoming();
    assert_eq!(begin_and_close(&mut site).await, None);
    assert_eq!(site.app.home.has_passphrase(), Ok(false));
}

#[tokio::test]
async fn a_home_that_a_command_made_meanwhile_is_gone_on_with() {
    let mut site = Site::welcoming();
    site.make_home();
    assert_eq!(begin_and_close(&mut site).await, None);
}

#[tokio::test]
async fn a_backup_leaves_a_file_alone_that_is_there() {
    let site = Site::new();
    site.make_home();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notes.backup");
    std::fs::write(&path, "what was there").expect("a file");
    let path = path.to_str().expect("a path");
    let form = format!(
        "{FORM_TOKEN}={}&back=/settings&sure=yes&path={path}",
        site.standing.form_token
    );
    let response = site
        .answer(site.to(route("/backup", true)).body(&form))
        .await;
    assert_eq!(response.headers()[header::LOCATION], "/settings");
    let told = site.app.sessions.take_flash(site.standing.session);
    let told = told.expect("it is told");
    assert!(
        told.is_error && told.message.contains("left alone"),
        "{}",
        told.message
    );
    let kept = std::fs::read_to_string(path).expect("the file");
    assert_eq!(kept, "what was there");
}

/// A visit in a language, for what is drawn without asking a node.
fn visit(site: &Site, language: &str) -> Visit {
    Visit {
        app: Arc::clone(&site.app),
        standing: site.standing.clone(),
        params: Vec::new(),
        address: "/sync".to_owned(),
        query: Form::default(),
        form: Form::default(),
        seen: String::new(),
        words: Words::choose(Some(language), None),
        flash: None,
        now: "2026-11-27T12:00:00Z".parse().expect("a time"),
        zone: jiff::tz::TimeZone::UTC,
    }
}

/// What a notebook's status says where everything is wrong with it that can be.
fn all_that_is_wrong() -> serde_json::Value {
    let peer = |device: &str, more: serde_json::Value| {
        let mut peer = json!({"person": "p", "name": "Ben", "device_label": device});
        for (key, value) in more.as_object().expect("an object") {
            peer[key] = value.clone();
        }
        peer
    };
    let set_back = |made_good: bool| json!({"set_back": {"at": "2026-11-26T14:00:00Z", "lost_entries": 3, "made_good": made_good}});
    json!({
        "id": "n", "title": "Ana and Ben",
        "warning": "What was written last is shown already.", "warned_of": "ahead",
        "peers": [
            peer("laptop", set_back(false)),
            peer("desk PC", set_back(true)),
            peer("phone", json!({"stopped": "the signature of the entry is wrong"})),
            peer("tablet", json!({"verification": "differ"})),
        ],
        "mirrors": [{"name": "Cellar", "warning": "it has no room for the rest", "full": {"held_bytes": 1}}],
        "turned_away": [{"name": "Cy", "message": "Cy is no member.",
            "why": {"cause": "taken-back", "who": "Ana's laptop", "let_in": "Ben's laptop", "admin": ""}}],
        "set_aside_by": [{"name": "Cy", "device_label": "phone", "entries": 2, "reason": "it only reads"}],
    })
}

#[test]
fn whatever_is_wrong_is_told_with_what_to_do_in_each_language() {
    let site = Site::new();
    let status = all_that_is_wrong();
    let told = |language: &str| {
        let visit = visit(&site, language);
        let all = warned::of_notebook(&visit, Data(&status));
        let badges = warned::badges(&all, "/n/n/people#warned").into_string();
        (warned::notices("warned", &all).into_string(), badges)
    };
    let (english, in_short) = told("en");
    for part in [
        "What was written last is shown already.",
        "laptop of Ben was set back to an older copy",
        "It lost 3 entries that it had confirmed",
        "and has all of it again.",
        "Nothing more is taken from phone of Ben now",
        "remove Ben and invite anew",
        "The mirror “Cellar”: it has no room for the rest.",
        "Cy is no member.",
        "2 entries of Cy (phone) do not count",
    ] {
        assert!(english.contains(part), "{part}: {english}");
    }
    // What is over stands on no screen but those of people and of syncing.
    assert!(in_short.contains("Ben: laptop was set back") && !in_short.contains("desk PC"));
    assert_eq!(in_short.matches("/n/n/people#warned").count(), 6);
    let (german, in_short) = told("de");
    for part in [
        "Was zuletzt geschrieben wurde, ist schon zu sehen",
        "laptop von Ben wurde auf einen älteren Stand zurückgesetzt",
        "3 Einträge",
        "Inzwischen ist alles wieder da.",
        "Von phone (Ben) wird jetzt nichts mehr angenommen",
        "entfernen Sie Ben und laden neu ein",
        "Der Spiegel „Cellar“: Er hat keinen Platz für den Rest.",
        "Ana&#39;s laptop hatte die Einladung zurückgenommen",
        "2 Einträge von Cy (phone) zählen nicht",
    ] {
        let plain = part.replace("&#39;", "'");
        assert!(
            german.contains(part) || german.contains(&plain),
            "{part}: {german}"
        );
    }
    assert!(
        in_short.contains("Ben: laptop ist zurückgesetzt"),
        "{in_short}"
    );
}

#[test]
fn what_is_wrong_with_this_device_is_told_in_each_language() {
    let site = Site::new();
    let status = json!({
        "warning": "This home came out of a backup: it reads. Run `hearth recover`.", "warned_of": "restored",
        "enrolled_anew": {"at": "2026-11-26T14:00:00Z", "label": "laptop 2"},
        "capsule": {"devices": 0, "mirrors": [], "journal": "too-large"},
        "awaited": [{"title": "Ana and Ben", "from": ["Ben", "Cy"]}],
    });
    for (language, parts) in [
        (
            "en",
            [
                "This home came out of a backup: it reads.",
                "became a device of its own",
                "Nobody keeps",
                "too large",
                "from Ben, Cy",
            ],
        ),
        (
            "de",
            [
                "Dieses Zuhause kam aus einer Sicherung",
                "wurde es ein eigenes Gerät",
                "Niemand verwahrt",
                "zu groß",
                "von Ben, Cy",
            ],
        ),
    ] {
        let visit = visit(&site, language);
        let told = warned::notices("warned", &warned::of_device(&visit, Data(&status)));
        let told = told.into_string();
        for part in parts {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("hearth recover"), "{told}");
    }
}

#[test]
fn what_changed_is_told_in_each_language() {
    let site = Site::new();
    let told = |language: &str, kind: &str, change: serde_json::Value| {
        told::change(
            &visit(&site, language),
            kind,
            Data(&change),
            "as the node says it",
        )
    };
    let moved = json!({"did": "moved", "field": "status", "from": "proposed", "to": "achieved"});
    assert_eq!(
        told("en", "goal", moved.clone()),
        "status: Proposed → Achieved"
    );
    assert_eq!(
        told("de", "goal", moved),
        "Status: Vorgeschlagen → Erreicht"
    );
    let text = json!({"did": "text", "field": "consensus_exit", "inserted": 12, "deleted": 3});
    assert_eq!(
        told("de", "agreement", text),
        "Vereinbartes zu „Ausstieg ohne Schuld“ +12 −3"
    );
    let set = json!({"did": "set", "field": "title", "to": "done"});
    assert_eq!(told("de", "goal", set), "Titel: done");
    let is = json!({"did": "moved", "field": "done", "from": "no", "to": "yes"});
    assert_eq!(told("de", "agenda", is), "erledigt: nein → ja");
    assert_eq!(
        told("de", "goal", json!({"did": "flew"})),
        "as the node says it"
    );
}
