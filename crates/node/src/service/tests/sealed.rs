//! The journal, sealed exchanges and feedback of two people.

use automerge::ROOT;
use automerge::transaction::Transactable;
use hearth_core::control::Role;
use hearth_core::identity::{MirrorPass, MirrorSecrets};
use hearth_core::mirror::MirrorTicket;
use hearth_notebook::{DocumentId, journal};
use serde_json::{Value, json};

use super::fixture::{Home, connect, disconnect, has_keys, id, join, pair, pump, text};
use crate::api::{
    ExportFormat, FeedbackFields, FeedbackRequest, ImportFormat, InviteRequest, JournalRequest,
    MemberRequest, MirrorRequest, NotebookRequest, Request, SealedRequest, SessionRequest,
    TransferFile,
};
use crate::host::random;

fn add(text: &str, about: Option<&str>) -> Request {
    Request::Journal(JournalRequest::Add {
        text: text.to_owned(),
        about: about.map(str::to_owned),
        session: None,
    })
}

fn entries(about: Option<&str>) -> Request {
    Request::Journal(JournalRequest::List {
        about: about.map(str::to_owned),
    })
}

fn start(notebook: &str, kind: &str) -> Request {
    Request::Sealed(SealedRequest::Start {
        notebook: notebook.to_owned(),
        kind: kind.to_owned(),
        title: None,
        with: Vec::new(),
    })
}

fn commit(exchange: &str, text: &str, rating: Option<u8>) -> Request {
    Request::Sealed(SealedRequest::Commit {
        exchange: exchange.to_owned(),
        text: text.to_owned(),
        rating,
    })
}

fn open(exchange: &str) -> Request {
    Request::Sealed(SealedRequest::Open {
        exchange: exchange.to_owned(),
    })
}

fn withdraw(exchange: &str) -> Request {
    Request::Sealed(SealedRequest::Withdraw {
        exchange: exchange.to_owned(),
    })
}

fn give(notebook: &str, behaviour: &str, sealed: bool) -> Request {
    Request::Feedback(FeedbackRequest::Give {
        notebook: notebook.to_owned(),
        to: None,
        sealed,
        fields: FeedbackFields {
            behaviour: Some(behaviour.to_owned()),
            ..FeedbackFields::default()
        },
    })
}

fn export(notebook: &str, format: ExportFormat) -> Request {
    Request::Export {
        notebook: notebook.to_owned(),
        format,
        titles: false,
        due: false,
    }
}

fn search(words: &str) -> Request {
    Request::Search {
        text: words.to_owned(),
        notebook: None,
        limit: 20,
    }
}

fn today() -> Request {
    Request::Today { zone: None }
}

fn list_notebooks() -> Request {
    Request::Notebook(NotebookRequest::List)
}

fn count(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

#[test]
fn a_journal_is_ones_own_and_shows_only_where_it_is_asked_for() {
    let (mut ada, mut ben, notebook) = pair();
    assert_eq!(count(&ada.ok(&entries(None))["entries"]), 0);
    let added = ada.ok(&add("He hides behind jargon.", Some("Ada and Ben")));
    has_keys(&added["entry"], &["id", "text", "about", "created_at"]);
    assert_eq!(added["entry"]["about"]["title"], "Ada and Ben");
    ada.ok(&add("Buy chalk.", None));
    assert_eq!(count(&ada.ok(&entries(None))["entries"]), 2);
    assert_eq!(count(&ada.ok(&entries(Some(&notebook)))["entries"]), 1);

    assert_eq!(count(&ada.ok(&list_notebooks())["notebooks"]), 1);
    let status = ada.ok(&Request::Status);
    assert_eq!(
        (count(&status["notebooks"]), count(&status["journals"])),
        (1, 1)
    );
    assert_eq!(count(&ada.ok(&search("jargon"))["hits"]), 0);
    let asked = Request::Search {
        text: "jargon".to_owned(),
        notebook: Some("journal".to_owned()),
        limit: 20,
    };
    assert_eq!(ada.ok(&asked)["hits"][0]["kind"], "entry");
    let invite = Request::Invite(InviteRequest::Create {
        notebook: "journal".to_owned(),
        role: "mentee".to_owned(),
        expires_s: None,
    });
    let refused = ada.fails(&invite);
    assert_eq!(
        (refused.code.as_str(), refused.exit.code()),
        ("journal_private", 5)
    );
    let by_hand = Request::Notebook(NotebookRequest::Create {
        title: "Mine".to_owned(),
        form: "journal".to_owned(),
        role: None,
        template: None,
    });
    assert_eq!(ada.fails(&by_hand).exit.code(), 2);

    pump(&mut ada, &mut ben, 2);
    assert_eq!(
        ben.host().engine.notebooks().count(),
        1,
        "nothing of it leaves"
    );
    ada.reopen();
    assert_eq!(count(&ada.ok(&entries(None))["entries"]), 2);
}

#[test]
fn an_entry_prepares_a_session_and_finds_it() {
    let (mut ada, _, notebook) = pair();
    let planned = ada.ok(&Request::Session(SessionRequest::Plan {
        notebook: notebook.clone(),
        title: None,
        at: "2027-01-12T15:00".to_owned(),
        zone: Some("Europe/Berlin".to_owned()),
        minutes: None,
        place: None,
        every: None,
        template: None,
        attendees: Vec::new(),
    }));
    let session = id(&planned["session"]);
    let added = ada.ok(&Request::Journal(JournalRequest::Add {
        text: "Ask about the move.".to_owned(),
        about: None,
        session: Some(session.clone()),
    }));
    assert_eq!(added["entry"]["session"], json!(session));
    assert_eq!(added["entry"]["about"]["id"], json!(notebook));
}

#[test]
fn sharing_copies_the_text_and_nothing_else_on_purpose() {
    let (mut ada, mut ben, notebook) = pair();
    let entry = id(&ada.ok(&add("I was afraid to ask.", None))["entry"]);
    let share = |preview: bool| {
        let (entry, notebook) = (entry[..10].to_owned(), notebook.clone());
        Request::Journal(if preview {
            JournalRequest::SharePreview { entry, notebook }
        } else {
            JournalRequest::Share { entry, notebook }
        })
    };
    let preview = ada.ok(&share(true));
    assert_eq!(preview["entry"]["text"], "I was afraid to ask.");
    assert_eq!(count(&preview["readers"]), 2);
    pump(&mut ada, &mut ben, 2);
    assert_eq!(count(&ben.ok(&search("afraid"))["hits"]), 0);

    let shared = ada.ok(&share(false));
    assert_eq!(shared["note"]["text"], "I was afraid to ask.");
    assert_ne!(shared["note"]["id"], json!(entry));
    pump(&mut ada, &mut ben, 2);
    let hit = &ben.ok(&search("afraid"))["hits"][0];
    assert_eq!(hit["kind"], "note");
    let listed = ben.ok(&entries(Some(&notebook)));
    assert_eq!(listed["notes"][0]["created_by"]["name"], "Ada");
    let shown = ben.ok(&Request::Journal(JournalRequest::Show { entry: id(hit) }));
    assert_eq!(shown["note"]["shared_from"], "journal");
    let files = ben.ok(&export(&notebook, ExportFormat::Json)).to_string();
    assert!(!files.contains(&entry), "not even which entry it was");
}

#[test]
fn a_sealed_exchange_opens_when_both_have_committed() {
    let (mut ada, mut ben, notebook) = pair();
    let started = ada.ok(&start(&notebook, "expectations"));
    let exchange = id(&started["sealed"]);
    assert_eq!(started["sealed"]["state"], "committing");
    assert_eq!(count(&started["sealed"]["participants"]), 2);
    ada.ok(&commit(&exchange, "Honesty above all", None));
    let again = ada.fails(&commit(&exchange, "x", None));
    assert_eq!(
        (again.code.as_str(), again.exit.code()),
        ("already_committed", 5)
    );
    let early = ada.fails(&open(&exchange));
    assert_eq!(
        (early.code.as_str(), early.exit.code()),
        ("not_all_committed", 5)
    );
    assert!(early.message.contains("Ben"), "{}", early.message);
    pump(&mut ada, &mut ben, 2);
    assert_eq!(ben.ok(&today())["sealed"][0]["next"], "commit");
    for format in [ExportFormat::Json, ExportFormat::Markdown] {
        let files = ben.ok(&export(&notebook, format)).to_string();
        assert!(!files.contains("Honesty"));
    }
    assert_eq!(count(&ben.ok(&search("Honesty"))["hits"]), 0);

    ben.ok(&commit(&exchange, "Patience", None));
    let opened = ben.ok(&open(&exchange));
    assert_eq!(opened["sealed"]["state"], "opening");
    let too_late = ben.fails(&withdraw(&exchange));
    assert_eq!(too_late.code, "too_late");
    pump(&mut ada, &mut ben, 2);
    assert_eq!(ada.ok(&today())["sealed"][0]["next"], "open");
    // What was sealed survives the end of the process.
    disconnect(&mut ada, &mut ben, 2);
    ada.reopen();
    connect(&mut ada, &mut ben, 3);
    let opened = ada.ok(&open(&exchange));
    assert_eq!(opened["sealed"]["state"], "open");
    pump(&mut ada, &mut ben, 3);
    let hit = &ben.ok(&search("Honesty"))["hits"][0];
    assert_eq!(
        (&hit["kind"], &hit["parent"]),
        (&json!("opening"), &json!(exchange))
    );
    assert_eq!(count(&ben.ok(&today())["sealed"]), 0);

    let files = ben.ok(&export(&notebook, ExportFormat::Json));
    let file = TransferFile {
        path: "notebook.json".to_owned(),
        text: text(&files["files"][0]["text"]).to_owned(),
    };
    let other = ben.notebook("Copy", "one-on-one");
    ben.ok(&Request::Import {
        notebook: other.clone(),
        format: ImportFormat::Json,
        files: vec![file],
    });
    let listed = ben.ok(&Request::Sealed(SealedRequest::List { notebook: other }));
    assert_eq!(listed["sealed"][0]["state"], "imported");
    assert!(listed.to_string().contains("Honesty"));
}

#[test]
fn what_was_committed_to_before_a_fork_is_opened_in_the_fork() {
    let (mut ada, mut ben, notebook) = pair();
    let exchange = id(&ada.ok(&start(&notebook, "expectations"))["sealed"]);
    ada.ok(&commit(&exchange, "Honesty above all", None));
    pump(&mut ada, &mut ben, 2);
    ben.ok(&commit(&exchange, "Patience", None));
    let forked = ben.ok(&Request::Notebook(NotebookRequest::Fork {
        notebook,
        without: Vec::new(),
        title: None,
        expires_s: None,
    }));
    let fork = id(&forked["notebook"]);
    join(&mut ben, &mut ada, text(&forked["tickets"][0]["ticket"]));
    pump(&mut ada, &mut ben, 2);
    let there = format!("{fork}/{exchange}");
    let opened = ben.ok(&open(&there));
    assert_eq!(opened["sealed"]["state"], "opening");
    pump(&mut ada, &mut ben, 2);
    let opened = ada.ok(&open(&there));
    assert_eq!(opened["sealed"]["state"], "open");
    assert!(opened.to_string().contains("Patience"));
}

#[test]
fn ratings_feedback_and_stalled_exchanges() {
    let (mut ada, mut ben, notebook) = pair();
    let rating = id(&ada.ok(&start(&notebook, "rating"))["sealed"]);
    assert_eq!(ada.fails(&commit(&rating, "Fine", None)).exit.code(), 2);
    let committed = ada.ok(&commit(&rating, "Fine", Some(4)));
    let own: Vec<&Value> = committed["sealed"]["participants"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["committed"] == true)
        .collect();
    assert_eq!((own.len(), &own[0]["name"]), (1, &json!("Ada")));
    assert_eq!(
        own[0]["rating"],
        json!(null),
        "not even to herself in the shared document"
    );
    pump(&mut ada, &mut ben, 2);
    ben.ok(&commit(&rating, "", Some(3)));
    ben.ok(&open(&rating));
    pump(&mut ada, &mut ben, 2);
    let opened = ada.ok(&open(&rating));
    let ratings: Vec<&Value> = opened["sealed"]["participants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["rating"])
        .collect();
    assert!(
        ratings.contains(&&json!(3)) && ratings.contains(&&json!(4)),
        "{ratings:?}"
    );

    let given = ada.ok(&give(&notebook, "You came prepared", false));
    assert_eq!(given["feedback"]["to"]["name"], "Ben");
    let sealed = ada.ok(&give(&notebook, "You came late", true));
    let exchange = id(&sealed["sealed"]);
    pump(&mut ada, &mut ben, 2);
    let listed = ben.ok(&Request::Feedback(FeedbackRequest::List {
        notebook: notebook.clone(),
    }));
    assert_eq!(
        (count(&listed["feedback"]), count(&listed["sealed"])),
        (1, 1)
    );
    assert!(!listed.to_string().contains("late"));
    let not_his = ben.fails(&withdraw(&exchange));
    assert_eq!(
        (not_his.code.as_str(), not_his.exit.code()),
        ("not_allowed", 5)
    );
    assert_eq!(ada.ok(&withdraw(&exchange))["withdrawn"], "exchange");
    pump(&mut ada, &mut ben, 2);
    let ended = ben.fails(&commit(&exchange, "x", None));
    assert_eq!(ended.code, "exchange_ended");
    // What was sealed is in the journal still, and is not shared by mistake.
    let kept = ada.ok(&entries(None));
    let kept = kept["entries"].as_array().unwrap();
    let own = kept
        .iter()
        .find(|entry| entry["exchange"] == json!(exchange))
        .unwrap();
    let share = Request::Journal(JournalRequest::Share {
        entry: id(own),
        notebook: notebook.clone(),
    });
    assert_eq!(ada.fails(&share).code, "sealed_text");

    let mut eve = Home::new("Eve");
    let alone = eve.notebook("Alone", "one-on-one");
    assert_eq!(eve.fails(&start(&alone, "rating")).code, "nobody_else");
    assert_eq!(eve.fails(&start(&alone, "gossip")).exit.code(), 2);
}

#[test]
fn journals_that_two_devices_made_apart_are_read_together_and_written_in_one() {
    let mut ada = Home::new("Ada");
    let mut made: Vec<_> = (0..3)
        .map(|_| {
            let host = ada.host();
            host.found(None, Role::Peer, journal::create).unwrap()
        })
        .collect();
    for (place, journal) in made.iter().enumerate() {
        let new = journal::NewEntry {
            text: format!("Entry {place}"),
            ..journal::NewEntry::default()
        };
        let host = ada.host();
        host.edit(*journal, |docs, writer| journal::add(docs, writer, &new))
            .unwrap();
    }
    made.sort();
    let added = id(&ada.ok(&add("One more", None))["entry"]);
    assert_eq!(count(&ada.ok(&entries(None))["entries"]), 4);
    let first = ada
        .host()
        .read(made[0], |docs, people| {
            Ok(journal::list(docs, people).unwrap())
        })
        .unwrap();
    assert!(first.iter().any(|entry| entry.id.to_string() == added));
    assert_eq!(count(&ada.ok(&list_notebooks())["notebooks"]), 0);
}

#[test]
fn a_mirror_holds_all_journals_that_devices_made_apart() {
    let mut ada = Home::new("Ada");
    let mut made: Vec<String> = (0..2)
        .map(|_| ada.host().found(None, Role::Peer, journal::create).unwrap())
        .map(|journal| journal.to_string())
        .collect();
    made.sort();
    let secrets = MirrorSecrets::random(&mut random());
    let ticket = MirrorTicket {
        card: secrets.card().clone(),
        pass: MirrorPass::from_bytes([7; 16]),
        name: "cupboard".to_owned(),
        addresses: Vec::new(),
        relays: Vec::new(),
    };
    let journal = || "journal".to_owned();
    let add = Request::Mirror(MirrorRequest::Add {
        notebook: journal(),
        ticket: ticket.to_string(),
    });
    let held = |ada: &mut Home| {
        let listed = ada.ok(&Request::Mirror(MirrorRequest::List {
            notebook: journal(),
        }));
        let mirrors = listed["mirrors"].as_array().unwrap();
        let of = mirrors
            .iter()
            .map(|mirror| text(&mirror["notebook"]).to_owned());
        // They are listed in the order of their bytes, which is not that of their letters.
        let mut of: Vec<String> = of.collect();
        of.sort();
        (count(&listed["notebooks"]), of)
    };
    let added = ada.ok(&add);
    assert_eq!(added["mirror"]["name"], "cupboard");
    assert_eq!(count(&added["notebooks"]), 2, "{added}");
    assert_eq!(held(&mut ada), (2, made.clone()));
    // One that another device made shows without a mirror, until the same is said again.
    let late = ada.host().found(None, Role::Peer, journal::create).unwrap();
    assert_eq!(held(&mut ada), (3, made.clone()));
    assert_eq!(count(&ada.ok(&add)["notebooks"]), 3);
    made.push(late.to_string());
    made.sort();
    assert_eq!(held(&mut ada), (3, made));
    let remove = Request::Mirror(MirrorRequest::Remove {
        notebook: journal(),
        mirror: "cupboard".to_owned(),
    });
    let removed = ada.ok(&remove);
    assert_eq!(removed["mirror"]["name"], "cupboard");
    assert_eq!(count(&removed["notebooks"]), 3, "{removed}");
    assert_eq!(ada.fails(&remove).code, "not_found");
}

#[test]
fn a_notebook_that_somebody_else_was_in_is_no_journal_whatever_it_calls_itself() {
    let (mut ada, mut ben, notebook) = pair();
    let id = notebook.parse().unwrap();
    ben.host()
        .edit(id, |docs, _| {
            let mut transaction = docs.write(DocumentId::INDEX)?.transaction();
            transaction.put(ROOT, "form", "journal")?;
            transaction.commit();
            Ok(())
        })
        .unwrap();
    pump(&mut ada, &mut ben, 2);
    let leave = |check| {
        Request::Member(MemberRequest::Leave {
            notebook: notebook.clone(),
            check,
        })
    };
    ben.ok(&leave(false));
    pump(&mut ada, &mut ben, 2);
    let listed = ada.ok(&list_notebooks());
    assert_eq!(listed["notebooks"][0]["form"], "journal");
    ada.ok(&add("Only for me", None));
    let journals = ada.ok(&Request::Status)["journals"].clone();
    assert_eq!(count(&journals), 1);
    assert_ne!(journals[0]["id"], json!(notebook));
    let leave = Request::Member(MemberRequest::Leave {
        notebook: "journal".to_owned(),
        check: false,
    });
    assert_eq!(ada.fails(&leave).code, "journal_private");
}
