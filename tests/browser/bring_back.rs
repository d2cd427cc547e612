//! Somebody whose computer is gone, and who has the file of a backup: it comes back in the browser of a new one.

use std::path::{Path, PathBuf};

use hearth_e2e::{Browser, Person, RunningNode, text};

use crate::looks::looks_right;
use crate::newcomer::{arrive, up};

const PASSPHRASE: &str = "a horse, a battery";

/// Ana's backup, and what opens it.
struct Kept {
    ana: Person,
    notebook: String,
    phrase: String,
    file: PathBuf,
}

impl Kept {
    #[track_caller]
    fn new() -> Self {
        let mut ana = Person::stranger("Ana");
        let made = ana.ok(&[
            "init",
            "--name",
            "Ana",
            "--device",
            "old laptop",
            "--unlock",
            "bare",
            "--yes",
        ]);
        ana.set("HEARTH_PASSPHRASE", PASSPHRASE);
        ana.set("HEARTH_TEST_WEAK_KDF", "1");
        let notebook = ana.notebook("Ana and Ben");
        ana.goal(&notebook, "Written before the fire");
        ana.ok(&["journal", "add", "--text", "Dear diary"]);
        ana.ok(&["backup", "create", "notes.backup"]);
        Self {
            notebook,
            phrase: text(&made, "/recovery_phrase"),
            file: ana.folder().join("notes.backup"),
            ana,
        }
    }

    /// The backup with something done to its bytes, as another file.
    fn spoilt(&self, name: &str, spoil: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
        let mut bytes = std::fs::read(&self.file).expect("the backup");
        spoil(&mut bytes);
        let path = self.ana.folder().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }
}

/// What lies beside a home.
fn beside(person: &Person) -> Vec<String> {
    let entries = std::fs::read_dir(person.folder()).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.contains("arriving"))
        .collect();
    names.sort();
    names
}

/// Hands a file over.
#[track_caller]
fn send(browser: &Browser, base: &str, file: &Path) {
    browser.goto(&format!("{base}/welcome/backup"));
    browser.type_into("input[type=file][data-carry]", &file.display().to_string());
    browser.press("Read this file");
}

#[track_caller]
fn refused(browser: &Browser, why: &str) {
    browser.wait_for_text(why);
    let alert = browser.run(
        "return document.querySelector('form .error')?.textContent || ''",
        &[],
    );
    let alert = alert.as_str().unwrap_or_default();
    assert!(alert.contains(why), "{alert:?}");
}

#[test]
#[ignore = "needs Chromium"]
fn a_backup_that_is_none_damaged_or_shut_is_told_and_leaves_nothing() {
    let kept = Kept::new();
    let phoenix = Person::stranger("Ana");
    let node = up(&phoenix);
    let (browser, base) = arrive(&phoenix, &node);
    browser.press("You have used Hearthside before");
    browser.press("Bring a backup back");
    browser.wait_for_text("First the file");
    let mut broken = Vec::new();
    looks_right(&browser, "bring-back-file", &mut broken);

    let foreign = kept.spoilt("foreign.pdf", |bytes| bytes.insert(0, b'%'));
    send(&browser, &base, &foreign);
    refused(&browser, "This file is no backup of Hearthside");
    assert!(beside(&phoenix).is_empty());

    let cut = kept.spoilt("cut.backup", |bytes| bytes.truncate(bytes.len() - 40));
    let altered = kept.spoilt("altered.backup", |bytes| {
        let at = bytes.len() - 100;
        bytes[at] ^= 1;
    });
    for file in [&cut, &altered] {
        send(&browser, &base, file);
        browser.wait_for_text("What opens it?");
        assert_eq!(beside(&phoenix), [".home.arriving"]);
        browser.fill("[name=passphrase]", PASSPHRASE);
        browser.press("Open and check it");
        refused(&browser, "This backup is damaged or cut off");
        assert!(beside(&phoenix).is_empty());
    }

    send(&browser, &base, &kept.file);
    browser.wait_for_text("What opens it?");
    looks_right(&browser, "bring-back-open", &mut broken);
    browser.fill("[name=passphrase]", "another one");
    browser.press("Open and check it");
    refused(&browser, "This passphrase does not open the backup");
    browser.fill("[name=phrase]", &"abandon ".repeat(23));
    browser.press("Open and check it");
    browser.wait_for(
        "the form says why",
        "return document.querySelector('form .error')?.textContent",
        &[],
    );
    // It is still there to be opened; and gone where somebody wants another.
    assert_eq!(beside(&phoenix), [".home.arriving"]);
    browser.press("Another file");
    browser.wait_for_text("Read this file");
    assert!(beside(&phoenix).is_empty());
    assert!(!phoenix.home().join("identity").exists());
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(browser.console().is_empty());
    node.stop();
}

#[test]
#[ignore = "needs Chromium"]
fn a_backup_comes_back_with_the_words_and_is_written_on() {
    let kept = Kept::new();
    let phoenix = Person::stranger("Ana");
    let node = up(&phoenix);
    let (browser, base) = arrive(&phoenix, &node);
    send(&browser, &base, &kept.file);
    browser.wait_for_text("What opens it?");
    browser.fill("[name=phrase]", &kept.phrase);
    browser.press("Open and check it");
    browser.wait_for_text("It is whole");
    let said = browser.said();
    for fact in ["Ana", "old laptop", "Your words put it there now."] {
        assert!(said.contains(fact), "{fact}: {said}");
    }
    let mut broken = Vec::new();
    looks_right(&browser, "bring-back-whole", &mut broken);
    assert!(broken.is_empty(), "{broken:#?}");
    browser.fill("[name=device]", "new laptop");
    browser.click("[name=protect][value=bare]");
    browser.press("Bring it back");
    browser.wait_for_text("Your backup is back, and this device is one of yours.");
    assert!(beside(&phoenix).is_empty());
    browser.goto(&format!("{base}/n/{}/goals", kept.notebook));
    browser.wait_for_text("Written before the fire");
    // It writes at once, and the command sees the same device.
    phoenix.goal(&kept.notebook, "Written after it");
    let status = phoenix.ok(&["status"]);
    assert_eq!(status["device"]["label"], "new laptop");
    assert!(status["warning"].is_null(), "{status}");
    let entries = phoenix.ok(&["journal", "list"]);
    assert_eq!(text(&entries, "/entries/0/text"), "Dear diary");
    assert!(browser.console().is_empty());
    drop(browser);
    node.stop();
    let again = RunningNode::up(&phoenix);
    assert_eq!(phoenix.goals(&kept.notebook).len(), 2);
    drop(again);
}

#[test]
#[ignore = "needs Chromium"]
fn a_backup_that_only_its_passphrase_opens_reads_until_the_device_is_taken_in() {
    let kept = Kept::new();
    let phoenix = Person::stranger("Ana");
    let node = up(&phoenix);
    let (browser, base) = arrive(&phoenix, &node);
    send(&browser, &base, &kept.file);
    browser.wait_for_text("What opens it?");
    browser.fill("[name=passphrase]", PASSPHRASE);
    browser.press("Open and check it");
    browser.wait_for_text("How does this device come to write?");
    // The words are asked for where they were chosen.
    browser.click("[name=protect][value=bare]");
    browser.press("Bring it back");
    refused(&browser, "is empty");
    browser.click("[name=take-in][value=later]");
    browser.click("[name=protect][value=bare]");
    browser.press("Bring it back");
    browser.wait_for_text("Your backup is back. You can read it all");
    assert_eq!(browser.path(), "/sync");
    browser.wait_for_text("it reads, and writes once it was taken in");
    assert!(beside(&phoenix).is_empty());
    browser.goto(&format!("{base}/n/{}/goals", kept.notebook));
    browser.wait_for_text("Written before the fire");
    phoenix.refused(
        &["goal", "add", &kept.notebook, "Not yet"],
        5,
        "not_taken_in",
    );
    node.stop();
    // As the screen said: the words take it in.
    phoenix
        .feed(&["recover", "--label", "new laptop"], &kept.phrase)
        .data();
    phoenix.goal(&kept.notebook, "Now");
}
