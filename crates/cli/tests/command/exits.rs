//! Exit codes, a contract with scripts.

use hearth_node::api::MemberRequest;
use hearth_node::api::{Exit, Failure, GoalRequest, Reply, Request, VerifyStep};
use serde_json::json;

use crate::hearth::Person;
use crate::node::Node;

const EXITS: [Exit; 11] = [
    Exit::Error,
    Exit::Usage,
    Exit::Partial,
    Exit::NotFound,
    Exit::NotAllowed,
    Exit::NoIdentity,
    Exit::Locked,
    Exit::WrongPassphrase,
    Exit::Unreachable,
    Exit::Damaged,
    Exit::Interrupted,
];

#[test]
fn each_failure_ends_with_its_exit_code_and_says_why() {
    for exit in EXITS {
        let person = Person::new();
        let failure = Failure::new(exit, "some_code", "It failed.").with_hint("Try `this`.");
        let node = Node::answering(&person.home(), vec![Reply::Done(Err(failure))]);
        let ran = person.run(&["goal", "show", "01J", "--json"]);
        assert_eq!(ran.exit, Some(i32::from(exit.code())));
        let expected = json!({"ok": false, "error":
            {"code": "some_code", "message": "It failed.", "hint": "Try `this`."}});
        assert_eq!(ran.json(), expected);
        assert_eq!(ran.stderr, "");
        assert_eq!(
            node.asked(),
            Request::Goal(GoalRequest::Show { goal: "01J".into() })
        );
    }
}

#[test]
fn without_json_a_failure_is_words_on_stderr() {
    let person = Person::new();
    let failure = Failure::not_found("goal_not_found", "No goal is called \u{1b}[2Jx.")
        .with_hint("See `hearth goal list NB`.");
    Node::answering(&person.home(), vec![Reply::Done(Err(failure))]);
    let ran = person.run(&["goal", "show", "x"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (Some(4), ""));
    insta::assert_snapshot!(ran.stderr, @r"
    Error: No goal is called ␛[2Jx.
    See `hearth goal list NB`.
    ");
}

#[test]
fn success_is_zero_and_one_document() {
    let person = Person::new();
    let data = json!({"member": {"name": "Ben"}, "words": "one two"});
    let node = Node::answering(&person.home(), vec![Reply::Done(Ok(data.clone()))]);
    let ran = person.run(&["--json", "member", "verify", "NB", "Ben", "--match"]);
    assert_eq!((ran.exit, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(ran.json(), json!({"ok": true, "data": data}));
    let expected = MemberRequest::Verify {
        notebook: "NB".into(),
        person: "Ben".into(),
        step: VerifyStep::Match,
    };
    assert_eq!(node.asked(), Request::Member(expected));
}

#[test]
fn a_node_that_stops_in_the_middle_is_told_apart() {
    let person = Person::new();
    Node::serving(&person.home(), |_| {});
    let ran = person.run(&["today", "--json"]);
    assert_eq!(ran.exit, Some(1));
    assert_eq!(ran.json()["error"]["code"], "node_stopped");
}
