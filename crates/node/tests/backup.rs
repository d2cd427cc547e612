//! A backup, a signed export and a certificate that were written once open for ever.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on ends where it stands"
)]

use std::path::Path;

use hearth_core::identity::{RecoveryPhrase, RecoverySecrets};
use hearth_node::backup::{OpenWith, check};
use hearth_store::Passphrase;

const PHRASE_1: &str = "oblige average carbon buzz mistake rotate cigar ask isolate escape patch cluster \
                        decide void region stay chief carry market code possible elephant hour heart";
const PHRASE_2: &str = "wet credit core promote wheat nasty cross fun unaware assume bleak place \
                        wagon basket uncover pig jeans pact soda sheriff liar tuna sister head";

/// Opens a backup in both ways; `settings` is how many it holds.
fn opens(name: &str, phrase: &str, settings: u64) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name);
    let passphrase = Passphrase::new("vector passphrase".to_owned());
    let phrase = RecoverySecrets::from_phrase(&RecoveryPhrase::parse(phrase).unwrap());
    for with in [
        OpenWith::Passphrase(passphrase),
        OpenWith::Phrase(Box::new(phrase)),
    ] {
        let checked = check(&path, &with, &mut |_| {}).unwrap();
        assert_eq!(checked["notebooks"], 2);
        assert_eq!(checked["records"], 8);
        assert_eq!(checked["entries"], 4);
        assert_eq!(checked["settings"], settings);
        assert_eq!(checked["backup"]["person"]["name"], "Ana");
    }
}

#[test]
fn a_backup_of_version_1_opens_by_passphrase_and_by_phrase() {
    opens("backup-1.hearthbk", PHRASE_1, 0);
}

#[test]
fn a_backup_of_version_2_opens_alike_and_holds_settings() {
    opens("backup-2.hearthbk", PHRASE_2, 2);
}

#[test]
fn a_signed_export_of_version_1_verifies_and_each_changed_byte_does_not() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/signed-1.hearthsg");
    let verified = hearth_node::signed::verify(&path, &mut |_| {}).unwrap();
    assert_eq!(verified["notebook"]["title"], "Ana and Ben");
    assert_eq!(verified["people"][0]["name"], "Ana");
    let whole = std::fs::read(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.hearthsg");
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 1 << (place % 8);
        std::fs::write(&copy, &changed).unwrap();
        let failure = hearth_node::signed::verify(&copy, &mut |_| {}).unwrap_err();
        assert_eq!(failure.code, "damaged", "byte {place}");
    }
}

#[test]
fn a_certificate_of_version_1_verifies_and_changed_bytes_do_not() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/certificate-1.txt");
    let verified = hearth_node::signed::verify(&path, &mut |_| {}).unwrap();
    assert_eq!(verified["statement"]["kind"], "certificate");
    let words = verified["statement"]["words"].as_str().unwrap();
    assert!(words.contains("Speak at the spring meeting (talks from 0 to 3): The hall was full."));
    let whole = std::fs::read(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.txt");
    // What is no beginning of a statement any more is told from the damage by its first line.
    for place in ("Hearthside certificate\n\n".len()..whole.len()).step_by(17) {
        let mut changed = whole.clone();
        changed[place] ^= 1 << (place % 8);
        std::fs::write(&copy, &changed).unwrap();
        let failure = hearth_node::signed::verify(&copy, &mut |_| {}).unwrap_err();
        assert_eq!(failure.code, "damaged", "byte {place}");
    }
}
