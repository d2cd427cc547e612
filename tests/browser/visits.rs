//! Every screen there is, opened one after the other.

use crate::site::Site;
use crate::stage::Stage;

#[test]
#[ignore = "needs Chromium"]
fn every_screen_opens_and_the_browser_complains_of_nothing() {
    let stage = Stage::new();
    let site = Site::of(&stage.ana);
    for (name, path) in stage.screens() {
        site.open(&path);
        let title = site.browser.run(
            "return document.querySelector('h1')?.textContent || ''",
            &[],
        );
        let is_there = title.as_str().is_some_and(|title| !title.trim().is_empty());
        assert!(
            is_there,
            "{name}: no title at {path}:\n{}",
            site.browser.said()
        );
        let alert = site.browser.run(
            "return document.querySelector('[role=alert]')?.textContent || ''",
            &[],
        );
        assert_eq!(alert, "", "{name}: an error at {path}");
        site.is_quiet(&name);
    }
    let site = Site::of(&stage.ben);
    site.open(&format!("/n/{}", stage.pair.notebook));
    site.browser.wait_for_text("Ana and Ben");
    site.is_quiet("the other side");
}
