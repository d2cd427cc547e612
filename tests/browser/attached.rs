//! Files of resources on the page: attached on one, fetched and kept on the other, in two languages.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hearth_e2e::{Browser, Pair, Random, until};
use serde_json::json;

use crate::looks::looks_right;
use crate::site::Site;

/// How long something may take to show.
const SOON: Duration = Duration::from_secs(60);
const NAME: &str = "Übung \"eins\".html";

/// Makes a file that a browser would show, were it let to.
fn make(folder: &Path, name: &str, bytes: usize) -> (PathBuf, Vec<u8>) {
    let mut all = b"<script>document.title = 'shown'</script>".to_vec();
    let mut random = Random::new(bytes as u64);
    while all.len() < bytes {
        all.extend(random.next().to_le_bytes());
    }
    let path = folder.join(name);
    std::fs::write(&path, &all).expect("a file");
    (path, all)
}

fn attach(site: &Site, notebook: &str, path: &Path) {
    site.open(&format!("/n/{notebook}/resources"));
    site.browser.run(
        "for (const fold of document.querySelectorAll('details')) fold.open = true",
        &[],
    );
    site.browser
        .type_into("input[type=file][data-file]", &path.display().to_string());
}

#[test]
#[ignore = "needs Chromium"]
fn a_file_is_attached_on_one_page_and_fetched_and_kept_on_another() {
    let (pair, of_ana, of_ben) = Pair::on_loopback();
    pair.agree(SOON);
    let notebook = pair.notebook.as_str();
    let (path, plain) = make(pair.ana.folder(), NAME, 3 * 1024 * 1024 + 77);
    let ana = Site::of(&of_ana);
    let mut broken = Vec::new();

    // What is larger than a notebook takes is told before any of it goes out.
    let long = pair.ana.folder().join("long.bin");
    let sparse = std::fs::File::create(&long).expect("a file");
    sparse.set_len(2 * 1024 * 1024 * 1024 + 1).expect("sparse");
    attach(&ana, notebook, &long);
    ana.browser.wait_for(
        "the limit is told",
        "return document.querySelector('[data-file]').form.querySelector('[role=status]').textContent.includes('2 GiB')",
        &[],
    );
    attach(&ana, notebook, &path);
    ana.browser
        .type_into("form[action$='/files'] [name=title]", "A first exercise");
    looks_right(&ana.browser, "attach-a-file", &mut broken);
    ana.browser.click("form[action$='/files'] button");
    ana.browser.wait_for_text("A first exercise");
    ana.browser.wait_for_text("Übung _eins_.html");
    ana.browser.wait_for_text("4 MiB");

    // An answer is for keeping, whatever it is.
    let headers = ana.browser.run_async(
        "const done = arguments[arguments.length - 1];
         const link = document.querySelector('[data-keep]');
         fetch(link.href).then(async (answer) => done([
             answer.status, answer.headers.get('content-type'), answer.headers.get('content-disposition'),
             answer.headers.get('x-content-type-options'), (await answer.blob()).size]))",
        &[],
    );
    assert_eq!(headers[0], 200, "{headers}");
    assert_eq!(headers[1], "application/octet-stream");
    let disposition = headers[2].as_str().expect("a disposition");
    assert!(disposition.starts_with("attachment;"), "{disposition}");
    assert_eq!(headers[3], "nosniff");
    assert_eq!(headers[4], plain.len());

    // Ben fetches it on his page, in German, and keeps it.
    let folder = tempfile::tempdir().expect("a folder");
    let ben = Site::entered(Browser::speaking("de"), &of_ben);
    ben.browser.command(
        "Browser.setDownloadBehavior",
        json!({ "behavior": "allow", "downloadPath": folder.path() }),
    );
    until("Ben has heard of it", SOON, || {
        let listed = pair.ben.ok(&["resource", "list", notebook]);
        listed["resources"][0]["id"].as_str().map(str::to_owned)
    });
    ben.open(&format!("/n/{notebook}/resources"));
    ben.browser.wait_for_text("noch nicht auf diesem Gerät");
    looks_right(&ben.browser, "a-file-elsewhere-german", &mut broken);
    let is_offered = "return document.querySelector('[data-keep]').getClientRects().length > 0";
    assert_eq!(ben.browser.run(is_offered, &[]), false, "it is not here");
    ben.browser.click("[data-fetch]");
    ben.browser.wait_for_text("ist hier.");
    ben.browser.wait_for("it can be kept", is_offered, &[]);
    ben.browser.click("[data-keep]");
    let kept = until("the file is there", SOON, || {
        let files = std::fs::read_dir(folder.path())
            .expect("a folder")
            .flatten();
        files.map(|entry| entry.path()).find(|path| {
            path.extension().is_some_and(|ending| ending == "html")
                && std::fs::read(path).is_ok_and(|bytes| bytes.len() == plain.len())
        })
    });
    assert_eq!(std::fs::read(&kept).expect("the file"), plain);
    assert_ne!(
        ben.browser.run("return document.title", &[]),
        "shown",
        "nothing of it ran"
    );
    ben.is_quiet("Ben");
    ana.is_quiet("Ana");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
#[ignore = "needs Chromium"]
fn where_nobody_who_has_a_file_is_there_the_page_says_so_and_a_cut_off_one_leaves_nothing() {
    let (pair, of_ana, of_ben) = Pair::on_loopback();
    pair.agree(SOON);
    let notebook = pair.notebook.as_str();
    let (path, _) = make(pair.ana.folder(), "notes.bin", 600_000);
    let path = path.display().to_string();
    pair.ana
        .ok(&["resource", "add", notebook, "My notes", "--file", &path]);
    until("Ben has heard of it", SOON, || {
        let listed = pair.ben.ok(&["resource", "list", notebook]);
        listed["resources"][0]["id"].as_str().map(str::to_owned)
    });
    of_ana.stop();
    let ben = Site::of(&of_ben);
    ben.open(&format!("/n/{notebook}/resources"));
    ben.browser.click("[data-fetch]");
    ben.browser
        .wait_for_text("Nobody who has it is connected now. Ana added it");
    let mut broken = Vec::new();
    looks_right(&ben.browser, "nobody-has-the-file", &mut broken);
    assert!(broken.is_empty(), "{broken:#?}");

    // The window goes elsewhere while a file is taken in: nothing of it is added.
    let (long, _) = make(pair.ben.folder(), "long.bin", 60 * 1024 * 1024);
    attach(&ben, notebook, &long);
    ben.browser.click("form[action$='/files'] button");
    ben.browser.wait_for(
        "some of it is taken in",
        "return document.querySelector('[data-file]').form.querySelector('[role=status]').textContent.includes('%')",
        &[],
    );
    ben.open(&format!("/n/{notebook}/resources"));
    let listed = pair.ben.ok(&["resource", "list", notebook]);
    assert_eq!(listed["resources"].as_array().map(Vec::len), Some(1));
    ben.browser.wait_for_text("My notes");
    assert!(!ben.browser.said().contains("long.bin"));
    ben.is_quiet("Ben");
}
