//! A browser that was let into the page of a node.

use hearth_e2e::{Browser, RunningNode};
use serde_json::{Value, json};

/// The page of a node in a browser.
pub(crate) struct Site {
    pub(crate) browser: Browser,
    base: String,
}

impl Site {
    /// Opens the link that the node printed.
    #[track_caller]
    pub(crate) fn of(node: &RunningNode) -> Self {
        Self::entered(Browser::open(), node)
    }

    /// Opens the link that the node printed in a browser.
    #[track_caller]
    pub(crate) fn entered(browser: Browser, node: &RunningNode) -> Self {
        let link = node.ready()["web_url"].as_str().expect("a link").to_owned();
        let base = link.split("/launch").next().expect("a place").to_owned();
        browser.goto(&link);
        assert_eq!(browser.path(), "/", "the link leads to the first screen");
        Self { browser, base }
    }

    /// Opens another browser that is let in as this one is: one person at two windows.
    #[track_caller]
    pub(crate) fn beside(&self) -> Self {
        let told = self.browser.command("Network.getAllCookies", json!({}));
        let cookies = told["cookies"].as_array().expect("cookies").iter();
        let fields = ["name", "value", "domain", "path", "httpOnly", "sameSite"];
        let cookies: Vec<Value> = cookies
            .map(|cookie| {
                fields
                    .iter()
                    .map(|field| ((*field).to_owned(), cookie[*field].clone()))
                    .collect()
            })
            .collect();
        let browser = Browser::open();
        browser.command("Network.setCookies", json!({ "cookies": cookies }));
        Self {
            browser,
            base: self.base.clone(),
        }
    }

    /// Opens an address of the page, which is to lead there and nowhere else.
    #[track_caller]
    pub(crate) fn open(&self, path: &str) {
        self.browser.goto(&format!("{}{path}", self.base));
        assert_eq!(self.browser.path(), path, "the address leads elsewhere");
    }

    /// Fails where the browser complained of anything: a script that broke, something that was refused.
    #[track_caller]
    pub(crate) fn is_quiet(&self, at: &str) {
        let said = self.browser.console();
        assert!(said.is_empty(), "{at}: {said:#?}");
    }
}
