//! The evening: everybody comes back, and all of it is looked at.

use std::time::Duration;

use hearth_e2e::{Person, export, files_with, until};
use serde_json::{Value, json};

use super::cast::{Cast, LAPTOP, PHONE};
use super::{AFTER_REMOVAL, AFTER_REVOCATION, ANA, CHLOE, DAN, EVE, NAMES};

/// How long a status may take to be true, which needs acknowledgements both ways.
const ACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Starts everything, and also what is out.
pub(super) fn heal(cast: &mut Cast) {
    cast.agree("in the evening");
    for (person, kind) in [(EVE, LAPTOP), (EVE, PHONE), (CHLOE, PHONE)] {
        cast.start(person, kind);
    }
    let circle = cast.circle.clone();
    cast.device(EVE, PHONE).eventually("Eve is told", |home| {
        home.status_of(&circle)["departed"]["kind"] == "removed"
    });
    cast.device(CHLOE, PHONE)
        .eventually("the phone is told", |home| {
            let status = home.run(&["status"]);
            status.exit == Some(0) && status.data()["warning"].is_string()
        });
    cast.agree("once those who are out have been told");
}

/// Nothing that a command had called done is missing, and nobody sees anything else than the others.
pub(super) fn everything_is_equal(cast: &Cast) {
    let circle = cast.circle.as_str();
    let homes = cast.homes();
    let exported = String::from_utf8(export(homes[0], circle)).expect("JSON");
    let missing: Vec<&String> = cast
        .said
        .iter()
        .filter(|said| !exported.contains(*said))
        .collect();
    assert!(
        missing.is_empty(),
        "missing of {}: {missing:?}",
        cast.said.len()
    );
    eprintln!(
        "{} texts are on {} devices; {} stops, {} kills, {} freezes, {} cuts",
        cast.said.len(),
        homes.len(),
        cast.happened[0],
        cast.happened[1] + cast.happened[2],
        cast.happened[3],
        cast.happened[4],
    );
    for not_counted in ["Eve, who was not told", "on the lost phone"] {
        assert!(!exported.contains(not_counted), "{not_counted}");
    }
    for what in [
        &["readers", circle][..],
        &["member", "list", circle],
        &["agreement", "show", circle],
        &["agreement", "log", circle],
        &["sealed", "list", circle],
    ] {
        let known = shown(homes[0], what);
        for home in &homes {
            assert_eq!(shown(home, what), known, "{what:?} of {}", home.name());
        }
    }
    let exchange = homes[0].ok(&["sealed", "show", &cast.exchange]);
    assert_eq!(exchange["sealed"]["state"], "open", "{exchange}");
    let signed = homes[0].ok(&["agreement", "log", circle]);
    let signatures = signed["versions"][0]["signatures"].as_array();
    assert_eq!(signatures.map(Vec::len), Some(3), "{signed}");
    journals_stay_with_their_owners(cast);
    for home in &homes {
        let verified = home.ok(&["verify"]);
        assert_eq!(verified["set_aside"], json!([]), "{}", home.name());
    }
}

/// What a command shows, but for what is about the device that shows it, and when it learned of it.
fn shown(home: &Person, command: &[&str]) -> Value {
    let mut data = home.ok(command);
    without_own(&mut data);
    data
}

fn without_own(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for own in ["me", "added_at", "since", "at", "verification", "verified"] {
                fields.remove(own);
            }
            fields.values_mut().for_each(without_own);
        }
        Value::Array(values) => values.iter_mut().for_each(without_own),
        _ => {}
    }
}

fn journals_stay_with_their_owners(cast: &Cast) {
    for person in 0..NAMES.len() {
        let mut own = Vec::new();
        for kind in [LAPTOP, PHONE] {
            if (person, kind) == (CHLOE, PHONE) {
                continue;
            }
            let entries = cast.device(person, kind).home.ok(&["journal", "list"]);
            own.push(entries["entries"].clone());
            let text = entries.to_string();
            for other in (0..NAMES.len()).filter(|other| *other != person) {
                assert!(!text.contains(&format!("private-{other}-")), "{text}");
            }
        }
        assert!(own.iter().all(|entries| *entries == own[0]), "{own:?}");
        let expected = format!("private-{person}-kukushka");
        assert_eq!(own[0].to_string().contains(&expected), person <= CHLOE);
    }
}

/// Every device knows that every other one has everything, and says so of nobody who is out.
pub(super) fn status_is_true(cast: &Cast) {
    for (person, kind) in cast.circle_devices() {
        let home = &cast.device(person, kind).home;
        let mut last = Value::Null;
        let caught_up = |status: &Value| {
            let zero = |value: &Value, field: &str| value[field] == json!(0);
            let peers = status["peers"].as_array().expect("peers");
            zero(status, "pending_out")
                && zero(status, "waiting")
                && zero(status, "set_aside")
                && status["departed"].is_null()
                && status["warning"].is_null()
                && peers.len() == cast.circle_devices().len() - 1
                && peers.iter().all(|peer| {
                    peer["state"] == "connected" && zero(peer, "behind") && zero(peer, "ahead")
                })
        };
        let end = std::time::Instant::now() + ACKNOWLEDGED;
        until(
            "the status says that all is acknowledged",
            ACKNOWLEDGED * 2,
            || {
                last = home.status_of(&cast.circle);
                if std::time::Instant::now() > end {
                    panic!("{}: {last}", cast.device(person, kind).label());
                }
                caught_up(&last).then_some(())
            },
        );
    }
}

/// Whoever is out was told, and holds nothing of what was written since.
pub(super) fn who_is_out_reads_nothing_new(cast: &Cast) {
    let circle = cast.circle.as_str();
    let both = [AFTER_REMOVAL.to_owned(), AFTER_REVOCATION.to_owned()];
    for ((person, kind), canaries) in [
        ((EVE, LAPTOP), &both[..]),
        ((EVE, PHONE), &both[..]),
        ((CHLOE, PHONE), &both[1..]),
    ] {
        let device = cast.device(person, kind);
        let home = &device.home;
        let holds = |text: &str| canaries.iter().any(|canary| text.contains(canary));
        let exported = String::from_utf8(export(home, circle)).expect("JSON");
        assert!(!holds(&exported), "{}", device.label());
        assert!(exported.contains("kukushka"), "it keeps what it had");
        assert_eq!(files_with(home.folder(), canaries), []);
        for look in [&["search", "canary"][..], &["journal", "list"], &["today"]] {
            assert!(!holds(&home.ok(look).to_string()), "{look:?}");
        }
        let refused = home.run(&["goal", "add", circle, "Late"]);
        assert_eq!(refused.exit, Some(5), "{refused:?}");
        home.ok(&["verify"]);
    }
    if cast.is_out(DAN, LAPTOP) {
        for kind in [LAPTOP, PHONE] {
            cast.device(DAN, kind).home.ok(&["verify"]);
        }
    }
    let readers = cast.device(ANA, LAPTOP).home.ok(&["readers", circle]);
    let mut devices: Vec<String> = Vec::new();
    for reader in readers["readers"].as_array().expect("readers") {
        for device in reader["devices"].as_array().expect("devices") {
            devices.push(device["label"].as_str().expect("a label").to_owned());
        }
    }
    devices.sort();
    let mut expected: Vec<String> = (cast.circle_devices().into_iter())
        .map(|(person, kind)| cast.device(person, kind).label())
        .collect();
    expected.sort();
    assert_eq!(devices, expected, "{readers}");
}
