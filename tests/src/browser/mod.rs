//! A real Chromium, driven over WebDriver.
//!
//! The protocol is plain JSON over loopback, of which the tests need a dozen commands; so they speak it themselves,
//! and stay as sequential as a person is. What waits, waits for something that can be seen ([`Browser::wait_for`]),
//! never for a while.

mod keys;
mod look;
mod wire;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

pub use keys::Key;
pub use look::{Scheme, screens_folder};

use crate::node::end;
use crate::wait::until;

/// How long something on a screen may take to appear; far above what any needs on a busy machine.
pub const SCREEN_TIMEOUT: Duration = Duration::from_secs(30);

/// What keeps the browser from contacting anybody, and lets it run as root and without a screen.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--window-size=1440,1000",
];

/// A browser with a fresh profile and one window; ended when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one that asks for pages in English.
    #[track_caller]
    pub fn open() -> Self {
        Self::speaking("en")
    }

    /// Starts one that asks for pages in a language.
    #[track_caller]
    pub fn speaking(language: &str) -> Self {
        let mut driver = Command::new("chromedriver")
            .args(["--port=0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver runs: install chromium and chromium-driver");
        let stdout = driver.stdout.take().expect("its standard output");
        let port = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| port_of(&line))
            .expect("the driver says where it listens");
        let profile = tempfile::Builder::new()
            .prefix("hearth-browser-")
            .tempdir()
            .expect("a folder for the profile");
        let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        flags.push(format!("--lang={language}"));
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "args": flags,
                "prefs": { "intl.accept_languages": language },
            },
        }}});
        let made = wire::call(port, "POST", "/session", &wanted);
        let session = made
            .as_ref()
            .ok()
            .and_then(|made| made["sessionId"].as_str());
        let Some(session) = session.map(str::to_owned) else {
            end(&mut driver);
            panic!("no browser: {made:?}");
        };
        Self {
            driver,
            port,
            session,
            _profile: profile,
        }
    }

    /// Has the driver do something; as an error what it says.
    pub fn try_call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let path = format!("/session/{}{path}", self.session);
        wire::call(self.port, method, &path, body)
    }

    /// Has the driver do something.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        match self.try_call(method, path, body) {
            Ok(value) => value,
            Err(error) => panic!("{method} {path}: {error}\nat {:?}", self.try_url()),
        }
    }

    /// Opens an address and waits until it is loaded.
    #[track_caller]
    pub fn goto(&self, url: &str) {
        self.call("POST", "/url", &json!({ "url": url }));
    }

    fn try_url(&self) -> Option<String> {
        let url = self.try_call("GET", "/url", &Value::Null).ok()?;
        url.as_str().map(str::to_owned)
    }

    /// Returns the address of the window.
    #[track_caller]
    pub fn url(&self) -> String {
        self.try_url().expect("an address")
    }

    /// Returns the address without scheme and host.
    #[track_caller]
    pub fn path(&self) -> String {
        text_of(&self.run(
            "return location.pathname + location.search + location.hash",
            &[],
        ))
    }

    /// Runs a script in the page; what it returns.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        let body = json!({ "script": script, "args": arguments });
        self.call("POST", "/execute/sync", &body)
    }

    /// Runs a script that ends by calling its last argument; what it was called with.
    #[track_caller]
    pub fn run_async(&self, script: &str, arguments: &[Value]) -> Value {
        let body = json!({ "script": script, "args": arguments });
        self.call("POST", "/execute/async", &body)
    }

    /// Waits until a script returns something that counts as true, and returns it.
    #[track_caller]
    pub fn wait_for(&self, what: &str, script: &str, arguments: &[Value]) -> Value {
        let body = json!({ "script": script, "args": arguments });
        until(what, SCREEN_TIMEOUT, || {
            // While one page gives way to the next there is nothing to ask.
            let found = self.try_call("POST", "/execute/sync", &body).ok()?;
            let is_there = !(found.is_null() || found == json!(false) || found == json!(""));
            is_there.then_some(found)
        })
    }

    /// Says whether a script returns `true` within two seconds.
    pub fn comes_true(&self, script: &str) -> bool {
        const SOON: Duration = Duration::from_secs(2);
        let body = json!({ "script": script, "args": [] });
        let began = std::time::Instant::now();
        while began.elapsed() < SOON {
            if self.try_call("POST", "/execute/sync", &body) == Ok(json!(true)) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Waits until a text can be read on the screen.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) {
        let script = "return document.body && document.body.innerText.includes(arguments[0])";
        let what = format!("the screen says {text:?}");
        let body = json!({ "script": script, "args": [text] });
        let began = std::time::Instant::now();
        while self.try_call("POST", "/execute/sync", &body) != Ok(json!(true)) {
            assert!(
                began.elapsed() < SCREEN_TIMEOUT,
                "waited in vain until {what}; it says at {:?}:\n{}",
                self.try_url(),
                self.said()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns all text that can be read on the screen.
    #[track_caller]
    pub fn said(&self) -> String {
        text_of(&self.run("return document.body ? document.body.innerText : ''", &[]))
    }

    /// Tells whether something is there.
    #[track_caller]
    pub fn has(&self, css: &str) -> bool {
        self.run(
            "return !!document.querySelector(arguments[0])",
            &[json!(css)],
        ) == json!(true)
    }

    /// Finds the first element of a selector; waits for it.
    #[track_caller]
    pub fn find(&self, css: &str) -> String {
        let body = json!({ "using": "css selector", "value": css });
        let began = std::time::Instant::now();
        loop {
            if let Ok(found) = self.try_call("POST", "/element", &body)
                && let Some(id) = found.as_object().and_then(|one| one.values().next())
            {
                return text_of(id);
            }
            assert!(
                began.elapsed() < SCREEN_TIMEOUT,
                "there is no {css} at {:?}:\n{}",
                self.try_url(),
                self.said()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Clicks where a person would: what is covered or out of sight fails.
    #[track_caller]
    pub fn click(&self, css: &str) {
        let id = self.find(css);
        self.call("POST", &format!("/element/{id}/click"), &json!({}));
    }

    /// Clicks a link, button or summary by its words.
    #[track_caller]
    pub fn press(&self, words: &str) {
        let script = "const wanted = arguments[0];
            const all = [...document.querySelectorAll('main button, main a, main summary, a, button, summary')];
            const text = (one) => one.textContent.trim().replace(/\\s+/g, ' ');
            const seen = all.filter((one) => one.getClientRects().length);
            return seen.find((one) => text(one) === wanted) || seen.find((one) => text(one).startsWith(wanted))";
        let found = self.wait_for(
            &format!("something called {words:?}"),
            script,
            &[json!(words)],
        );
        let id = found.as_object().and_then(|one| one.values().next());
        let id = text_of(id.expect("an element"));
        self.call("POST", &format!("/element/{id}/click"), &json!({}));
    }

    /// Puts text into a field in place of what stands there, as somebody types it.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        let id = self.find(css);
        self.call("POST", &format!("/element/{id}/clear"), &json!({}));
        self.call(
            "POST",
            &format!("/element/{id}/value"),
            &json!({ "text": text }),
        );
    }

    /// Types into a field behind what stands there.
    #[track_caller]
    pub fn type_into(&self, css: &str, text: &str) {
        let id = self.find(css);
        self.call(
            "POST",
            &format!("/element/{id}/value"),
            &json!({ "text": text }),
        );
    }

    /// Chooses a value of a list.
    #[track_caller]
    pub fn choose(&self, css: &str, value: &str) {
        let found = self.run(
            "const one = document.querySelector(arguments[0]);
             const there = one && [...one.options].some((option) => option.value === arguments[1]);
             if (there) { one.value = arguments[1]; one.dispatchEvent(new Event('change', { bubbles: true })); }
             return there",
            &[json!(css), json!(value)],
        );
        assert_eq!(found, json!(true), "{css} has no {value:?}");
    }

    /// Has the browser itself do something, over its own protocol.
    #[track_caller]
    pub fn command(&self, name: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": name, "params": parameters });
        self.call("POST", "/goog/cdp/execute", &body)
    }

    /// Takes what the browser complained of since it was last asked; its advice to those who make pages is left out.
    #[track_caller]
    pub fn console(&self) -> Vec<String> {
        let lines = self.call("POST", "/se/log", &json!({ "type": "browser" }));
        let lines = lines.as_array().cloned().unwrap_or_default();
        let said =
            |line: &Value| format!("{}: {}", text_of(&line["level"]), text_of(&line["message"]));
        let complaints = lines.iter().filter(|line| line["level"] != "DEBUG");
        complaints.map(said).collect()
    }

    /// Writes what the window shows into a file.
    #[track_caller]
    pub fn screenshot(&self, path: &Path) {
        look::write(&self.call("GET", "/screenshot", &Value::Null), path);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser; where it is gone already there is nothing to end.
        let _gone = self.try_call("DELETE", "", &Value::Null);
        end(&mut self.driver);
    }
}

fn port_of(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("successfully on port ")?;
    rest.trim_end_matches('.').parse().ok()
}

/// Returns a text, empty where it is none.
fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
