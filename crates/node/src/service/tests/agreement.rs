//! Two people agree, sign, change and sign again.

use serde_json::{Value, json};

use super::fixture::{Home, disconnect, has_keys, pair, pump, text};
use crate::api::{AgreementRequest, ExportFormat, ImportFormat, Request, TransferFile};

fn show(notebook: &str) -> Request {
    Request::Agreement(AgreementRequest::Show {
        notebook: notebook.to_owned(),
    })
}

fn topic(notebook: &str, topic: &str, mine: Option<&str>, consensus: Option<&str>) -> Request {
    Request::Agreement(AgreementRequest::Topic {
        notebook: notebook.to_owned(),
        topic: topic.to_owned(),
        mine: mine.map(str::to_owned),
        consensus: consensus.map(str::to_owned),
    })
}

fn log(notebook: &str) -> Request {
    Request::Agreement(AgreementRequest::Log {
        notebook: notebook.to_owned(),
    })
}

/// Signs what is shown, as the command does.
fn sign(home: &mut Home, notebook: &str) -> Value {
    let shown = home.ok(&show(notebook));
    home.ok(&sign_hash(notebook, text(&shown["agreement"]["text_hash"])))
}

fn sign_hash(notebook: &str, text_hash: &str) -> Request {
    Request::Agreement(AgreementRequest::Sign {
        notebook: notebook.to_owned(),
        text_hash: text_hash.to_owned(),
    })
}

#[test]
fn an_agreement_is_signed_by_both_and_unsigned_by_a_change() {
    let (mut ada, mut ben, notebook) = pair();
    let empty = ada.ok(&show(&notebook));
    has_keys(
        &empty["agreement"],
        &["id", "title", "state", "topics", "text"],
    );
    assert_eq!(empty["agreement"]["state"], "empty");
    assert_eq!(ada.fails(&sign_hash(&notebook, "")).code, "agreement_empty");
    assert_eq!(
        ada.fails(&topic(&notebook, "love", None, Some("x")))
            .exit
            .code(),
        2
    );

    ada.ok(&topic(&notebook, "purpose", Some("To teach"), None));
    pump(&mut ada, &mut ben, 2);
    ben.ok(&topic(
        &notebook,
        "Purpose",
        Some("To learn"),
        Some("Both of it."),
    ));
    pump(&mut ada, &mut ben, 2);
    let shown = ada.ok(&show(&notebook))["agreement"].clone();
    let answers: Vec<(&Value, &Value)> = shown["topics"][0]["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| (&answer["role"], &answer["text"]))
        .collect();
    assert_eq!(answers.len(), 2);
    assert!(answers.contains(&(&json!("mentor"), &json!("To teach"))));
    assert!(answers.contains(&(&json!("mentee"), &json!("To learn"))));
    let today = ada.ok(&Request::Today { zone: None });
    assert_eq!(today["agreements"][0]["mine"], true);
    assert_eq!(shown["mine"], true);

    let stale = text(&shown["text_hash"]).to_owned();
    let signed = sign(&mut ada, &notebook);
    assert_eq!(signed["agreement"]["state"], "partly");
    assert_eq!(signed["agreement"]["mine"], false);
    assert_eq!(
        sign(&mut ada, &notebook)["agreement"]["signatures"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    pump(&mut ada, &mut ben, 2);
    let signed = sign(&mut ben, &notebook);
    assert_eq!(signed["agreement"]["state"], "signed");
    pump(&mut ada, &mut ben, 2);
    assert_eq!(ada.ok(&show(&notebook))["agreement"]["state"], "signed");
    assert_eq!(
        ada.ok(&Request::Today { zone: None })["agreements"],
        json!([])
    );

    ada.ok(&topic(&notebook, "exit", None, Some("Say so.")));
    pump(&mut ada, &mut ben, 2);
    let shown = ben.ok(&show(&notebook))["agreement"].clone();
    assert_eq!(
        (&shown["state"], &shown["signed_before"]),
        (&json!("unsigned"), &json!(true))
    );
    assert_eq!(
        ben.fails(&sign_hash(&notebook, &stale)).code,
        "agreement_changed"
    );

    // The log needs nobody, and survives the end of the process.
    disconnect(&mut ada, &mut ben, 2);
    ben.reopen();
    let told = ben.ok(&log(&notebook));
    let versions = told["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[0]["signatures"].as_array().unwrap().len(), 2);
    for signature in versions[0]["signatures"].as_array().unwrap() {
        has_keys(
            signature,
            &["entry", "person", "name", "device", "stands", "text_hash"],
        );
    }
    assert_eq!(
        (&versions[0]["in_force"], &versions[1]["current"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(told["unmatched"], json!([]));
}

#[test]
fn a_page_is_filled_in_and_a_bad_one_changes_nothing() {
    let (mut ada, mut ben, notebook) = pair();
    let form = |home: &mut Home| {
        let request = Request::Agreement(AgreementRequest::Form {
            notebook: notebook.clone(),
        });
        text(&home.ok(&request)["form"]).to_owned()
    };
    let fill = |form: String| {
        Request::Agreement(AgreementRequest::Fill {
            notebook: notebook.clone(),
            form,
        })
    };
    let page = form(&mut ada);
    let filled = page.replacen("## Consensus\n", "## Consensus\nTo grow.\n", 1);
    assert_eq!(
        ada.ok(&fill(filled))["agreement"]["text"],
        "Agreement\n\nPurpose\n  To grow.\n"
    );
    assert_eq!(ada.fails(&fill("Hello".to_owned())).code, "form_invalid");
    // Both edit the page of one version, in different places.
    pump(&mut ada, &mut ben, 2);
    let (hers, his) = (form(&mut ada), form(&mut ben));
    ada.ok(&fill(hers.replace("To grow.", "To grow well.")));
    ben.ok(&fill(his.replace("To grow.", "To grow.\nTogether.")));
    pump(&mut ada, &mut ben, 2);
    let text = "Agreement\n\nPurpose\n  To grow well.\n  Together.\n";
    assert_eq!(ada.ok(&show(&notebook))["agreement"]["text"], text);
    assert_eq!(ben.ok(&show(&notebook))["agreement"]["text"], text);
}

#[test]
fn signatures_travel_as_claims_in_an_export() {
    let (mut ada, _, notebook) = pair();
    ada.ok(&topic(&notebook, "notes", None, Some("Both keep them.")));
    sign(&mut ada, &notebook);
    let files = ada.ok(&Request::Export {
        notebook,
        format: ExportFormat::Json,
        titles: false,
        due: false,
    });
    let exported: Value = serde_json::from_str(text(&files["files"][0]["text"])).unwrap();
    let version = &exported["agreements"][0]["versions"][0];
    assert_eq!(version["signatures"][0]["name"], "Ada");
    let copy = ada.notebook("Copy", "one-on-one");
    ada.ok(&Request::Import {
        notebook: copy.clone(),
        format: ImportFormat::Json,
        files: vec![TransferFile {
            path: "notebook.json".to_owned(),
            text: text(&files["files"][0]["text"]).to_owned(),
        }],
    });
    let told = ada.ok(&log(&copy));
    assert_eq!(told["agreement"]["state"], "unsigned");
    let claims = &told["versions"][0]["imported_from"]["signatures"];
    assert_eq!(claims[0]["name"], "Ada");
    assert_eq!(told["versions"][0]["signatures"], json!([]));
}

#[test]
fn what_was_signed_before_a_fork_stands_under_the_same_text_in_the_fork() {
    let (mut ada, mut ben, notebook) = pair();
    ada.ok(&topic(&notebook, "purpose", None, Some("Both of it.")));
    sign(&mut ada, &notebook);
    pump(&mut ada, &mut ben, 2);
    sign(&mut ben, &notebook);
    let forked = ben.ok(&Request::Notebook(crate::api::NotebookRequest::Fork {
        notebook: notebook.clone(),
        without: vec!["Ada".to_owned()],
        title: None,
        expires_s: None,
    }));
    let fork = text(&forked["notebook"]["id"]).to_owned();
    let (before, after) = (ben.ok(&log(&notebook)), ben.ok(&log(&fork)));
    let signers = |told: &Value| -> Vec<String> {
        let signatures = told["versions"][0]["signatures"].as_array().unwrap();
        let mut names: Vec<String> = signatures
            .iter()
            .map(|one| format!("{} {}", text(&one["name"]), text(&one["device"])))
            .collect();
        names.sort();
        names
    };
    assert_eq!(signers(&after), ["Ada Ada's laptop", "Ben Ben's laptop"]);
    assert_eq!(signers(&before), signers(&after));
    // He has signed, and is alone in it for now; and a new text is signed anew.
    let shown = ben.ok(&show(&fork));
    assert_eq!(shown["agreement"]["state"], "partly");
    assert_eq!(shown["agreement"]["missing"], json!([]));
    ben.ok(&topic(&fork, "exit", None, Some("Say so.")));
    assert_eq!(ben.ok(&show(&fork))["agreement"]["state"], "unsigned");
    let signed = sign(&mut ben, &fork);
    assert_eq!(signed["agreement"]["state"], "partly");
}
