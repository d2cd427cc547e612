//! The end: what is frozen, what is signed, what is destroyed.

use hearth_store::{Scope, Space};
use serde_json::json;

use super::fixture::Home;
use crate::api::{
    GoalRequest, GraduateRequest, InviteRequest, JournalRequest, NotebookRequest, Request,
};
use crate::statement;

const CANARY: &str = "xylophone";

fn graduate(request: GraduateRequest) -> Request {
    Request::Graduate(request)
}

fn add_goal(notebook: &str, title: &str) -> Request {
    Request::Goal(GoalRequest::Add {
        notebook: notebook.to_owned(),
        title: title.to_owned(),
        kind: None,
        fields: crate::api::GoalFields::default(),
    })
}

/// Counts the records of the home, outside of notebooks, in which a word stands once they are opened.
fn found_in_own_records(home: &mut Home, word: &str) -> usize {
    let store = home.host().storage.store();
    (0..=u8::MAX)
        .flat_map(|space| store.scan(Scope::NODE, Space(space)).unwrap())
        .filter(|record| {
            let mut windows = record.value.windows(word.len());
            windows.any(|window| window == word.as_bytes())
        })
        .count()
}

#[test]
fn nothing_is_written_in_a_closed_notebook_until_everybody_opens_it() {
    let mut ana = Home::new("Ana");
    let notebook = ana.notebook("Ana and Ben", "one-on-one");
    ana.ok(&add_goal(&notebook, "Before"));
    let invite = Request::Invite(InviteRequest::Create {
        notebook: notebook.clone(),
        role: "mentee".to_owned(),
        expires_s: None,
    });
    ana.ok(&invite);
    let closed = ana.ok(&graduate(GraduateRequest::Close {
        notebook: notebook.clone(),
    }));
    assert_eq!(closed["graduation"]["frozen"], true);
    assert_eq!(closed["graduation"]["closed"]["by"]["name"], "Ana");
    // Nobody is let into an archive by a ticket that is out.
    let listed = ana.ok(&Request::Invite(InviteRequest::List {
        notebook: notebook.clone(),
    }));
    assert_eq!(listed["invites"][0]["state"], "revoked");
    let refused = [
        add_goal(&notebook, "After"),
        Request::Ask {
            notebook: notebook.clone(),
            text: "Why?".to_owned(),
        },
        invite,
        Request::Notebook(NotebookRequest::Phase {
            notebook: notebook.clone(),
            phase: "progress".to_owned(),
        }),
    ];
    for request in &refused {
        let failure = ana.fails(request);
        assert_eq!(failure.code, "notebook_closed", "{request:?}");
        assert!(failure.message.contains("closed by Ana"), "{failure:?}");
        assert!(failure.hint.unwrap().contains("--reopen"));
    }
    // What belongs to the end is still said.
    let said = ana.ok(&graduate(GraduateRequest::Say {
        notebook: notebook.clone(),
        answers: vec![("thanks".to_owned(), "For all of it".to_owned())],
    }));
    assert_eq!(said["graduation"]["silent"], json!([]));
    ana.reopen();
    let open = ana.ok(&graduate(GraduateRequest::Reopen {
        notebook: notebook.clone(),
    }));
    assert_eq!(open["graduation"]["frozen"], false);
    ana.ok(&add_goal(&notebook, "After"));
}

#[test]
fn a_destroyed_notebook_leaves_no_word_in_the_home() {
    let mut ana = Home::new("Ana");
    let kept = ana.notebook("Kept", "one-on-one");
    ana.ok(&add_goal(&kept, "Stays"));
    let notebook = ana.notebook("Gone", "one-on-one");
    ana.ok(&add_goal(&notebook, &format!("Learn the {CANARY}")));
    let search = |notebook: Option<String>| Request::Search {
        text: CANARY.to_owned(),
        notebook,
        limit: 10,
    };
    assert_eq!(ana.ok(&search(None))["hits"].as_array().unwrap().len(), 1);
    assert!(
        found_in_own_records(&mut ana, CANARY) > 0,
        "the search index holds it"
    );
    let order = graduate(GraduateRequest::Destroy {
        notebook: notebook.clone(),
    });
    assert_eq!(ana.fails(&order).code, "not_closed");
    let finish = graduate(GraduateRequest::Finish {
        notebook: notebook.clone(),
    });
    assert_eq!(ana.fails(&finish).code, "not_ordered");
    ana.ok(&graduate(GraduateRequest::Close {
        notebook: notebook.clone(),
    }));
    let keys = |home: &Home| std::fs::read_dir(home.root().join("keys")).unwrap().count();
    let before = keys(&ana);
    let ordered = ana.ok(&order);
    assert_eq!(ordered["graduation"]["receipts"][0]["signed"], true);
    // The journal came with the receipt, and has a key of its own.
    assert_eq!(keys(&ana), before + 1);
    ana.reopen();
    let done = ana.ok(&finish);
    assert_eq!(done["graduation"]["destroyed"], true);
    assert_eq!(keys(&ana), before);
    assert_eq!(found_in_own_records(&mut ana, CANARY), 0);
    assert_eq!(ana.ok(&search(None))["hits"], json!([]));
    ana.reopen();
    let listed = ana.ok(&Request::Notebook(NotebookRequest::List));
    assert_eq!(listed["notebooks"].as_array().unwrap().len(), 1);
    let shown = ana.ok(&graduate(GraduateRequest::Show {
        notebook: "Gone".to_owned(),
    }));
    let receipt = &shown["graduation"]["receipts"][0];
    assert_eq!(receipt["notebook"]["id"], json!(notebook));
    let checked = statement::check(receipt["statement"].as_str().unwrap()).unwrap();
    assert_eq!(checked.person, ana.host().me());
    assert!(checked.words.contains("destroys its keys"));
    // A receipt is no entry of the journal.
    let entries = ana.ok(&Request::Journal(JournalRequest::List { about: None }));
    assert_eq!(entries["entries"], json!([]));
    ana.ok(&Request::Verify);
}

#[test]
fn what_was_cut_off_in_the_middle_is_finished_later() {
    let mut ana = Home::new("Ana");
    let notebook = ana.notebook("Gone", "one-on-one");
    ana.ok(&graduate(GraduateRequest::Close {
        notebook: notebook.clone(),
    }));
    ana.ok(&graduate(GraduateRequest::Destroy { notebook }));
    ana.reopen();
    // Nobody else is in it, so nobody is waited for.
    assert!(crate::service::finish_due(ana.host()).unwrap());
    assert!(!crate::service::finish_due(ana.host()).unwrap());
    let listed = ana.ok(&Request::Notebook(NotebookRequest::List));
    assert_eq!(listed["notebooks"], json!([]));
}

#[test]
fn a_receipt_orders_nothing_but_what_its_words_name() {
    let mut ana = Home::new("Ana");
    let kept = ana.notebook("Kept", "one-on-one");
    let notebook = ana.notebook("Gone", "one-on-one");
    ana.ok(&graduate(GraduateRequest::Close {
        notebook: notebook.clone(),
    }));
    let ordered = ana.ok(&graduate(GraduateRequest::Destroy { notebook }));
    let signed = ordered["graduation"]["receipts"][0]["statement"]
        .as_str()
        .unwrap()
        .to_owned();
    let journal = crate::service::journal::own_journal(ana.host()).unwrap();
    let told = ana.host().edit(journal, |docs, writer| {
        hearth_notebook::closure::add_receipt(docs, writer, &kept, "Kept", &signed)
    });
    told.unwrap();
    crate::service::begin_ordered(ana.host()).unwrap();
    crate::service::finish_due(ana.host()).unwrap();
    let listed = ana.ok(&Request::Notebook(NotebookRequest::List));
    assert_eq!(listed["notebooks"].as_array().unwrap().len(), 1);
    assert_eq!(listed["notebooks"][0]["title"], "Kept");
}

#[test]
fn a_fork_of_a_closed_notebook_goes_on() {
    let mut ana = Home::new("Ana");
    let notebook = ana.notebook("Ended", "one-on-one");
    ana.ok(&add_goal(&notebook, "Before"));
    ana.ok(&graduate(GraduateRequest::Close {
        notebook: notebook.clone(),
    }));
    assert_eq!(
        ana.fails(&add_goal(&notebook, "After")).code,
        "notebook_closed"
    );
    let forked = ana.ok(&Request::Notebook(NotebookRequest::Fork {
        notebook,
        without: Vec::new(),
        title: Some("Again".to_owned()),
        expires_s: None,
    }));
    assert_eq!(forked["notebook"]["phase"], "winding-down");
    let fork = forked["notebook"]["id"].as_str().unwrap().to_owned();
    ana.ok(&add_goal(&fork, "After"));
    let shown = ana.ok(&graduate(GraduateRequest::Show { notebook: fork }));
    assert_eq!(shown["graduation"]["frozen"], false);
}

#[test]
fn a_statement_verifies_byte_for_byte_and_no_other_way() {
    let mut ana = Home::new("Ana");
    let signed = statement::sign(
        ana.host(),
        statement::StatementKind::Certificate,
        "Ben\nhas worked.\n-- signed --\nSo there.\n",
    );
    let checked = statement::check(&signed).unwrap();
    assert_eq!(checked.words, "Ben\nhas worked.\n-- signed --\nSo there.\n");
    assert_eq!(checked.device, ana.host().my_device());
    for place in 0..signed.len() {
        let mut bytes = signed.clone().into_bytes();
        bytes[place] ^= 1;
        if let Ok(changed) = String::from_utf8(bytes) {
            assert!(statement::check(&changed).is_err(), "byte {place}");
        }
    }
    for changed in [
        signed.replace('\n', "\r\n"),
        format!("{signed}\n"),
        signed.trim_end().to_owned(),
        signed.replace("Hearthside certificate", "Hearthside receipt"),
    ] {
        assert!(statement::check(&changed).is_err());
    }
    assert_eq!(checked.person, ana.host().me());
}

/// The roster stands behind the signature and not under it: it proves itself, so no other person can be put in its place.
#[test]
fn no_other_roster_makes_a_statement_somebody_elses() {
    let (mut ana, mut ben) = (Home::new("Ana"), Home::new("Ben"));
    let kind = statement::StatementKind::Certificate;
    let words = "Chloe\nhas worked.\n";
    let block = |home: &mut Home| {
        let signed = statement::sign(home.host(), kind, words);
        let (_, block) = signed.split_once("-- signed --\n").unwrap();
        let joined: String = block.split('\n').collect();
        data_encoding::BASE64.decode(joined.as_bytes()).unwrap()
    };
    let (anas, bens) = (block(&mut ana), block(&mut ben));
    // The device and its signature stand before the roster.
    let front = 1 + 32 + hearth_core::crypto::SIGNATURE_BYTES;
    let with = |block: &[u8]| {
        let mut text = String::new();
        for line in data_encoding::BASE64.encode(block).as_bytes().chunks(76) {
            text.push_str(std::str::from_utf8(line).unwrap());
            text.push('\n');
        }
        format!("Hearthside certificate\n\n{words}-- signed --\n{text}")
    };
    assert_eq!(
        statement::check(&with(&anas)).unwrap().person,
        ana.host().me()
    );
    let swapped = [&anas[..front], &bens[front..]].concat();
    let refused = statement::check(&with(&swapped)).unwrap_err();
    assert!(refused.contains("none of the signer's"), "{refused}");
    // A later roster of the same person shows the same person and device.
    let identity = ana.host().engine.identity().clone();
    let phone = hearth_core::identity::DeviceSecrets::random(&mut crate::host::random());
    let mut later = identity.roster;
    let added = later.add_device(&identity.device, &phone.claim(later.person()));
    later.insert(added).unwrap();
    let grown = [&anas[..front], &later.to_bytes()].concat();
    let checked = statement::check(&with(&grown)).unwrap();
    assert_eq!(
        (checked.person, checked.device),
        (ana.host().me(), ana.host().my_device())
    );
}
