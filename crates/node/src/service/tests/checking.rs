//! Checking a home in steps, as a mirror that runs does.

use serde_json::json;

use super::fixture::Home;
use crate::api::{Event, Request};
use crate::host::Host;
use crate::service::Checking;

#[test]
fn what_is_written_between_two_steps_of_a_check_is_no_damage() {
    let mut ada = Home::new("Ada");
    let notebook = ada.notebook("Ada and Ben", "one-on-one");
    let mut checking = Checking::new(ada.host().storage.notebooks().unwrap());
    let mut told = Vec::new();
    let mut written = 0;
    while checking.step(&ada.host().storage, None, &mut |event| {
        if let Event::Progress(progress) = event {
            told.push((progress.done, progress.total));
        }
    }) {
        // A control entry that was not there when it began, and an entry that names it.
        ada.invite(&notebook, "mentee");
        ada.ok(&Request::Ask {
            notebook: notebook.clone(),
            text: format!("Question {written}?"),
        });
        let Host {
            engine, storage, ..
        } = ada.host();
        engine.flush(storage, Host::now_ms(), true);
        written += 1;
    }
    assert!(written > 5, "{written}");
    assert_eq!(told, [(0, Some(2)), (1, Some(2))]);
    let data = checking.told(json!([])).unwrap();
    assert_eq!(data["notebooks"], 1, "{data}");
}
