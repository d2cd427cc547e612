//! What is checked, what is found damaged, and what is refused outright.

use automerge::transaction::Transactable;
use automerge::{Automerge, ROOT};
use hearth_core::control::Role;
use hearth_core::document::{DocumentId, scan};
use hearth_core::engine::ConnectionId;
use hearth_core::identity::Roster;
use hearth_core::ids::{EntryHash, Incarnation, LogId, NotebookId, Seq};
use hearth_core::log::{DocumentTips, EntryKeys, VerifiedEntry, actor_of};
use hearth_core::storage::{
    CapsulePlace, CapsuleRecord, Position, Space, Storage, StorageError, Write,
};
use serde_json::{Value, json};

use super::fixture::{Home, NoPassphrase, connect, has_keys, join, pair, text};
use crate::api::{BackupRequest, GoalFields, GoalRequest, RecoveryRequest, Request, Secret};
use crate::host::{HomeDir, Host, random};
use crate::service::recovery_secrets;

fn add_goal(notebook: &str, title: &str) -> Request {
    Request::Goal(GoalRequest::Add {
        notebook: notebook.to_owned(),
        title: title.to_owned(),
        kind: None,
        fields: GoalFields::default(),
    })
}

#[test]
fn a_sound_home_verifies_with_its_counts() {
    let (mut ada, mut ben, notebook) = pair();
    ada.ok(&add_goal(&notebook, "Run"));
    for home in [&mut ada, &mut ben] {
        let data = home.ok(&Request::Verify);
        has_keys(
            &data,
            &[
                "records",
                "entries",
                "control_entries",
                "notebooks",
                "set_aside",
            ],
        );
        assert_eq!(
            (&data["set_aside"], &data["notebooks"]),
            (&json!([]), &json!(1))
        );
        assert!(data["entries"].as_u64().unwrap() >= 1);
        assert_eq!(data["entries"], data["stream_entries"]);
    }
}

#[test]
fn what_has_just_arrived_and_is_not_on_disk_yet_is_no_damage() {
    let (mut ada, mut ben, notebook) = pair();
    ben.ok(&add_goal(&notebook, "Run"));
    let link = ConnectionId(2);
    let Host {
        engine, storage, ..
    } = ben.host();
    let frame = engine.next_frame(link, storage).unwrap();
    let Host {
        engine, storage, ..
    } = ada.host();
    engine.receive(link, &frame, Host::now_ms(), storage, &mut random());
    let id = notebook.parse().unwrap();
    assert!(engine.replica(id).unwrap().has_unsaved());
    let before = ben.ok(&Request::Verify);
    assert_eq!(ada.ok(&Request::Verify)["entries"], before["entries"]);
}

/// Signs an entry with one harmless change, as a program of its own could, whatever the rules say.
fn sign_entry(home: &mut Home, notebook: NotebookId) -> VerifiedEntry {
    sign_on(home, notebook, &mut Automerge::new())
}

/// Signs one on top of what a document shows.
fn sign_on(home: &mut Home, notebook: NotebookId, doc: &mut Automerge) -> VerifiedEntry {
    let host = home.host();
    let log = LogId {
        device: host.my_device(),
        incarnation: Incarnation::from_bytes([5; 16]),
    };
    let actor = actor_of(notebook, log);
    doc.set_actor(automerge::ActorId::from(&actor.as_bytes()[..]));
    let mut transaction = doc.transaction();
    let sneaked = log.device.to_string();
    transaction.put(ROOT, sneaked, "in").unwrap();
    transaction.commit();
    let change = doc.get_last_local_change().unwrap();
    let change = scan(change.raw_bytes()).unwrap();
    let replica = host.engine.replica(notebook).unwrap();
    let epoch = replica.membership().current_epoch().unwrap();
    let keys = EntryKeys {
        device: &host.engine.identity().device,
        epoch: (epoch, replica.keys().get(&epoch).unwrap()),
        heads: replica.controls().heads_to_name(),
    };
    let document = DocumentId::from_bytes([3; 16]);
    let (entry, _) = VerifiedEntry::write(
        notebook,
        log,
        (Seq::NONE, EntryHash::ZERO),
        &DocumentTips::default(),
        &[(document, change)],
        &keys,
    )
    .unwrap();
    entry
}

#[test]
fn what_an_observer_signed_is_set_aside_under_their_name_and_is_no_damage() {
    let (mut ada, mut cy) = (Home::new("Ada"), Home::new("Cy"));
    let notebook = ada.notebook("Ours", "one-on-one");
    let ticket = ada.invite(&notebook, "observer");
    join(&mut ada, &mut cy, text(&ticket["ticket"]));
    connect(&mut ada, &mut cy, 2);
    let notebook: NotebookId = notebook.parse().unwrap();
    let entry = sign_entry(&mut cy, notebook);
    let Host {
        engine, storage, ..
    } = ada.host();
    let replica = engine.replica_mut(notebook).unwrap();
    replica.ingest_entry(entry.clone().into_raw()).unwrap();
    replica.advance(storage).unwrap();
    engine.flush(storage, Host::now_ms(), true);
    for _ in 0..2 {
        let data = ada.ok(&Request::Verify);
        let found = &data["set_aside"][0];
        has_keys(found, &["person", "device", "entry", "reason"]);
        assert_eq!(
            (&found["name"], &found["device_label"]),
            (&json!("Cy"), &json!("Cy's laptop"))
        );
        assert_eq!(found["entry"], json!(entry.hash().to_string()));
        assert!(text(&found["reason"]).contains("may not write"));
        assert_eq!(data["set_aside"].as_array().unwrap().len(), 1);
        assert_eq!(ada.ok(&Request::Status)["notebooks"][0]["set_aside"], 1);
        ada.reopen();
    }
}

/// A third, whose program is modified as well, builds on it, and may write.
#[test]
fn what_is_shown_although_it_does_not_count_names_who_built_on_it() {
    let (mut ada, mut cy, mut bo) = (Home::new("Ada"), Home::new("Cy"), Home::new("Bo"));
    let notebook = ada.notebook("Ours", "group");
    let id: NotebookId = notebook.parse().unwrap();
    let mut doc = Automerge::new();
    let mut signed = Vec::new();
    for (home, role, link) in [(&mut cy, "observer", 2), (&mut bo, "mentee", 3)] {
        let ticket = ada.invite(&notebook, role);
        join(&mut ada, home, text(&ticket["ticket"]));
        connect(&mut ada, home, link);
        signed.push(sign_on(home, id, &mut doc));
    }
    let Host {
        engine, storage, ..
    } = ada.host();
    let replica = engine.replica_mut(id).unwrap();
    for entry in &signed {
        replica.ingest_entry(entry.clone().into_raw()).unwrap();
    }
    replica.advance(storage).unwrap();
    engine.flush(storage, Host::now_ms(), true);
    for _ in 0..2 {
        let data = ada.ok(&Request::Verify);
        assert_eq!(data["set_aside"].as_array().unwrap().len(), 1, "{data}");
        let named = &data["set_aside"][0];
        assert_eq!(named["entry"], json!(signed[0].hash().to_string()));
        assert_eq!(named["built_on_by"][0]["name"], "Bo");
        let reason = "its author may not write here: an observer only reads; it is shown, since Bo built on it";
        assert_eq!(named["reason"], reason);
        let status = ada.ok(&Request::Status);
        let summed_up = &status["notebooks"][0]["set_aside_by"][0];
        assert_eq!(summed_up["reason"], reason);
        assert_eq!(summed_up["built_on_by"], named["built_on_by"]);
        ada.reopen();
    }
}

#[test]
fn entries_that_do_not_belong_are_found_even_where_the_store_is_sound() {
    let mut home = Home::new("Ada");
    let notebook = home.notebook("Ours", "peer");
    home.ok(&add_goal(&notebook, "Run"));
    let id: NotebookId = notebook.parse().unwrap();
    let sound = home.host().storage.entries(id, 0, 1 << 20).unwrap();
    let mut flipped = sound[0].1.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let replayed = sound[0].1.clone();
    for bad in [b"no entry".to_vec(), flipped, replayed] {
        let Host { storage, .. } = home.host();
        storage.commit(id, &[Write::Append(bad)]).unwrap();
        let failure = home.fails(&Request::Verify);
        assert_eq!(
            (failure.code.as_str(), failure.exit.code()),
            ("damaged", 14)
        );
        let details = failure.details.unwrap();
        assert!(
            text(&details["damaged"][0]["place"]).contains(&notebook),
            "{details}"
        );
        assert!(failure.hint.is_some());
    }
}

#[test]
fn all_damage_is_named_though_the_homes_own_records_are_damaged_too() {
    let folder = tempfile::tempdir().unwrap();
    for own in ["roster", "identity"] {
        let root = folder.path().join(own);
        let mut home = Home::new("Ada");
        let notebook: NotebookId = home.notebook("Ours", "peer").parse().unwrap();
        home.ok(&add_goal(&notebook.to_string(), "Run"));
        let Host { storage, .. } = home.host();
        storage
            .commit(notebook, &[Write::Append(b"no entry".to_vec())])
            .unwrap();
        storage.put_own(own, b"no record").unwrap();
        home.copy_to(&root);
        let dir = HomeDir::new(&root, None);
        let failure = crate::run::call(&dir, Request::Verify, &mut NoPassphrase, &mut |_| {})
            .expect_err("it is damaged");
        assert_eq!(failure.exit.code(), 14);
        let hint = failure.hint.unwrap();
        assert!(
            !hint.contains("hearth verify") && hint.contains("recover"),
            "{hint}"
        );
        let damaged = failure.details.unwrap()["damaged"].to_string();
        assert!(damaged.contains("this device's own records"), "{damaged}");
        assert!(damaged.contains(&notebook.to_string()), "{damaged}");
    }
}

#[test]
fn flipped_bytes_on_the_disk_are_never_taken_for_sound_data() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("home");
    let dir = HomeDir::new(&root, None);
    {
        let mut home = Home::new("Ada");
        let notebook = home.notebook("Ours", "peer");
        for number in 0..20 {
            home.ok(&add_goal(&notebook, &format!("Goal {number}")));
        }
        home.copy_to(&root);
    }
    let file = root.join("hearth.db");
    let sound = std::fs::read(&file).unwrap();
    let mut found = 0;
    let tries = 60;
    for place in 0..tries {
        let mut bytes = sound.clone();
        let at = 4096 + (bytes.len() - 4096) / tries * place + 11;
        bytes[at] ^= 0x55;
        std::fs::write(&file, &bytes).unwrap();
        let opened = dir.open(&mut NoPassphrase).map(|mut host| {
            crate::service::execute(
                &mut host,
                &Default::default(),
                &Request::Verify,
                &mut |_| {},
            )
        });
        match opened {
            Ok(Ok(_)) => {}
            Ok(Err(failure)) | Err(failure) => {
                assert_eq!(failure.exit.code(), 14, "{failure:?}");
                found += 1;
            }
        }
    }
    assert!(
        found >= tries / 3,
        "only {found} of {tries} flips were found"
    );
}

#[test]
fn the_doctor_names_nobody() {
    let (mut ada, _ben, notebook) = pair();
    let report = ada.ok(&Request::Doctor);
    for check in report["checks"].as_array().unwrap() {
        has_keys(check, &["name", "ok", "status", "detail"]);
    }
    let told = report.to_string();
    let root = ada.host().home().root().to_string_lossy().into_owned();
    let me = ada.host().me().to_string();
    for secret in ["Ada", "Ben", notebook.as_str(), root.as_str(), me.as_str()] {
        assert!(!told.contains(secret), "{secret} is in {told}");
    }
    assert!(told.contains("protection") && told.contains("clock"));
}

/// A disk without room, on which nothing is.
struct FullDisk;

impl Storage for FullDisk {
    fn keep_roster(&mut self, _: &Roster) -> Result<(), StorageError> {
        Err(StorageError::Full)
    }

    fn keep_capsule(
        &mut self,
        _: CapsulePlace,
        _: Option<CapsuleRecord<'_>>,
    ) -> Result<(), StorageError> {
        Err(StorageError::Full)
    }

    fn capsule_heads(&self) -> Result<Vec<Vec<u8>>, StorageError> {
        Ok(Vec::new())
    }

    fn capsule(&self, _: CapsulePlace) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }

    fn commit(&mut self, _: NotebookId, _: &[Write]) -> Result<(), StorageError> {
        Err(StorageError::Full)
    }

    fn get(&self, _: NotebookId, _: Space, _: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }

    fn scan(&self, _: NotebookId, _: Space) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StorageError> {
        Ok(Vec::new())
    }

    fn entries(
        &self,
        _: NotebookId,
        _: Position,
        _: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, StorageError> {
        Ok(Vec::new())
    }
}

#[test]
fn a_notebook_whose_first_commit_fails_was_never_there() {
    let mut home = Home::new("Ada");
    let engine = &mut home.host().engine;
    let made = engine.found_notebook(Role::Mentor, &mut FullDisk, &mut random(), |session| {
        session
            .write(DocumentId::INDEX)?
            .transaction()
            .put(ROOT, "title", "x")
            .unwrap();
        Ok::<_, StorageError>(())
    });
    assert!(made.is_err());
    let refused = engine.found_notebook(Role::Mentor, &mut FullDisk, &mut random(), |_| {
        Err(StorageError::Failed("the edit said no".to_owned()))
    });
    assert!(refused.is_err());
    assert_eq!(engine.notebooks().count(), 0);
}

#[test]
fn requests_for_the_network_are_not_done_here() {
    let mut home = Home::new("Ada");
    for request in [
        Request::Join {
            ticket: "hearth1".to_owned(),
            timeout_ms: 1,
        },
        Request::Sync {
            notebook: None,
            timeout_ms: 1,
        },
        Request::Watch { notebook: None },
        Request::Lock,
        Request::Unlock { passphrase: None },
        Request::Shutdown,
    ] {
        assert_eq!(home.fails(&request).code, "internal");
    }
}

#[test]
fn no_backup_is_written_that_only_words_open_which_nobody_has() {
    let mut home = Home::new("ada");
    let words = home.phrase.clone();
    home.host().storage.keep_phrase(&words).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.backup");
    let create = Request::Backup(BackupRequest::Create {
        path: path.to_str().unwrap().to_owned(),
        passphrase: None,
    });
    assert_eq!(home.fails(&create).code, "recovery_unconfirmed");
    assert!(!path.exists());
    let confirm = |places: &[u8], words: &str| {
        Request::Recovery(RecoveryRequest::Confirm {
            places: places.to_vec(),
            words: Secret::new(words.to_owned()),
        })
    };
    let all: Vec<&str> = words.split_whitespace().collect();
    // One word three times, or words out of order, show no more than that one of them is known.
    for (places, given) in [
        (&[2, 2, 2][..], [all[1]; 3].join(" ")),
        (&[3, 2, 1], [all[2], all[1], all[0]].join(" ")),
        (&[1, 2], all[..2].join(" ")),
        (&[1, 2, 25], all[..2].join(" ")),
    ] {
        let refused = home.fails(&confirm(places, &given));
        assert_eq!(refused.code, "phrase_differs", "{places:?}");
    }
    assert_eq!(home.fails(&create).code, "recovery_unconfirmed");
    home.ok(&confirm(&[1, 4, 8], &[all[0], all[3], all[7]].join(" ")));
    home.ok(&create);
    assert!(path.exists());
}

#[test]
fn a_phrase_that_another_took_the_place_of_is_shown_and_confirmed_no_more() {
    let mut home = Home::new("ada");
    let words = home.phrase.clone();
    let secret = |words: &str| Secret::new(words.to_owned());
    let confirm = |places: &[u8], words: &str| {
        Request::Recovery(RecoveryRequest::Confirm {
            places: places.to_vec(),
            words: secret(words),
        })
    };
    let show = Request::Recovery(RecoveryRequest::Show);
    home.host().storage.keep_phrase(&words).unwrap();
    assert_eq!(home.ok(&show)["recovery_phrase"], json!(words));
    // As it comes from another device of theirs: nobody tells this one to forget anything.
    let new = crate::run::new_phrase();
    let [present, next] = [&secret(&words), &new].map(|one| recovery_secrets(one).unwrap());
    let Host {
        engine, storage, ..
    } = home.host();
    engine
        .rotate_recovery(&present, &next, storage, &mut random())
        .unwrap();
    assert_eq!(home.ok(&show)["recovery_phrase"], Value::Null);
    assert_eq!(home.ok(&Request::Status)["recovery_kept"], false);
    assert_eq!(home.host().storage.get_own("phrase").unwrap(), None);

    // Where none is kept, only the words in force are confirmed.
    assert_eq!(home.fails(&confirm(&[], &words)).code, "phrase_differs");
    assert_eq!(home.fails(&confirm(&[], "lamp")).code, "phrase_invalid");
    let some = new.expose().split_whitespace().take(3);
    let some = some.collect::<Vec<_>>().join(" ");
    assert_eq!(
        home.fails(&confirm(&[1, 2, 3], &some)).code,
        "phrase_not_kept"
    );
    let confirmed = home.ok(&confirm(&[], new.expose()));
    assert_eq!(confirmed["erased"], false);
    // It is the one that a rotation asks for, too.
    let last = crate::run::new_phrase();
    let rotate = |present: &str| {
        Request::Recovery(RecoveryRequest::Rotate {
            present: secret(present),
            new: last.clone(),
        })
    };
    assert_eq!(home.fails(&rotate(&words)).code, "phrase_not_in_force");
    let rotated = home.ok(&rotate(new.expose()));
    assert_eq!(rotated["warning"], Value::Null);
}
