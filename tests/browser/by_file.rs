//! A bundle made on one page and taken in on another, with no network between the two.

use std::time::Duration;

use hearth_e2e::{Pair, RunningNode, until};
use serde_json::json;

use crate::looks::looks_right;
use crate::site::Site;

/// How long something may take to show.
const SOON: Duration = Duration::from_secs(30);

#[test]
#[ignore = "needs Chromium"]
fn a_bundle_goes_from_one_page_to_another_by_hand() {
    let (pair, of_ana, of_ben) = Pair::on_loopback();
    pair.agree(SOON);
    of_ben.stop();
    pair.ana.goal(&pair.notebook, "Written while Ben was away");
    let folder = tempfile::tempdir().expect("a folder");
    let ana = Site::of(&of_ana);
    ana.browser.command(
        "Browser.setDownloadBehavior",
        json!({ "behavior": "allow", "downloadPath": folder.path() }),
    );
    ana.open(&format!("/n/{}/move", pair.notebook));
    ana.browser
        .choose("form[action$='/bundle'] [name=person]", &pair.ben.id());
    ana.browser.click("form[action$='/bundle'] [name=sure]");
    ana.browser.click("form[action$='/bundle'] button");
    let file = until("the file is there", SOON, || {
        let files = std::fs::read_dir(folder.path())
            .expect("a folder")
            .flatten();
        let is_whole = |path: &std::path::Path| path.extension().is_some_and(|ext| ext == "bundle");
        files.map(|entry| entry.path()).find(|path| is_whole(path))
    });
    ana.is_quiet("Ana");
    of_ana.stop();

    let of_ben = RunningNode::up(&pair.ben);
    let ben = Site::of(&of_ben);
    let take = |path: &std::path::Path| {
        ben.open("/sync");
        ben.browser
            .type_into("input[type=file][data-carry]", &path.display().to_string());
        ben.browser.click("form[action='/bundle'] button");
    };
    let damaged = folder.path().join("damaged.bundle");
    let mut bytes = std::fs::read(&file).expect("the file");
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    std::fs::write(&damaged, bytes).expect("a file");
    take(&damaged);
    ben.browser.wait_for(
        "the form says why",
        "return document.querySelector(\"form[action='/bundle'] .error\")?.getClientRects().length",
        &[],
    );
    take(&file);
    ben.browser.wait_for_text("from the bundle of Ana");
    assert_eq!(ben.browser.path(), format!("/n/{}", pair.notebook));
    ben.open(&format!("/n/{}/goals", pair.notebook));
    ben.browser.wait_for_text("Written while Ben was away");
    take(&file);
    ben.browser
        .wait_for_text("There was nothing new in the bundle of Ana");
    let mut broken = Vec::new();
    ben.open("/sync");
    looks_right(&ben.browser, "sync-with-bundle", &mut broken);
    assert!(broken.is_empty(), "{broken:#?}");
    ben.is_quiet("Ben");
}
