//! Command lines that cannot be understood.

use crate::hearth::Person;

#[test]
fn a_misspelt_command_suggests_the_right_one() {
    let ran = Person::new().run(&["gaol", "list"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ran.stderr, @r"
    error: unrecognized subcommand 'gaol'

      tip: a similar subcommand exists: 'goal'

    Usage: hearth [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn with_json_a_usage_error_is_one_document() {
    let person = Person::new();
    let ran = person.run(&["goal", "--json", "lits", "NB"]);
    assert_eq!((ran.exit, ran.stderr.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ran.stdout, @r#"{"ok":false,"error":{"code":"usage","message":"unrecognized subcommand 'lits'","hint":"Did you mean `list`?"}}"#);
    let ran = person.run(&["goal", "add", "NB", "Run", "--due", "someday", "--json"]);
    assert_eq!(ran.exit, Some(2));
    assert_eq!(ran.json()["error"]["code"], "date_invalid");
}

#[test]
fn nothing_is_asked_of_a_node_that_is_not_needed() {
    let ran = Person::new().run(&["join", "no-ticket", "--json"]);
    assert_eq!(ran.exit, Some(4));
    assert_eq!(ran.json()["error"]["code"], "ticket_invalid");
}

#[test]
fn where_a_yes_is_needed_nobody_is_asked_without_a_terminal() {
    let person = Person::new();
    let ran = person.run(&[
        "init",
        "--name",
        "Ada",
        "--unlock",
        "bare",
        "--no-input",
        "--json",
    ]);
    assert_eq!(ran.exit, Some(2));
    assert_eq!(ran.json()["error"]["code"], "confirmation_needed");
}

#[test]
fn a_home_that_cannot_be_named_is_a_usage_error() {
    let person = Person::new();
    let output = person
        .command(&["status", "--json"])
        .env_remove("HOME")
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"home_unknown\""));
}
