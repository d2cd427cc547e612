//! The JSON envelope, a contract with scripts.

use hearth_node::api::Failure;
use serde::Serialize;
use serde_json::Value;

use super::clean;

#[derive(Serialize)]
struct Done<'a> {
    ok: bool,
    data: &'a Value,
}

#[derive(Serialize)]
struct Failed<'a> {
    ok: bool,
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'a str,
    message: &'a str,
    hint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Value>,
}

/// Writes `{"ok":true,"data":…}` and a line feed.
pub(crate) fn done(data: &Value) -> String {
    document(&Done { ok: true, data })
}

/// Writes `{"ok":false,"error":{"code":…,"message":…,"hint":…}}` and a line feed; `details` stands
/// beside the hint where there are any.
pub(crate) fn failure(failure: &Failure) -> String {
    document(&Failed {
        ok: false,
        error: Error {
            code: &failure.code,
            message: &failure.message,
            hint: failure.hint.as_deref().unwrap_or_default(),
            details: failure.details.as_ref(),
        },
    })
}

/// Serializing cannot fail: these types have only text keys and in-memory sinks.
fn document(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).map_or_else(
        |error| {
            format!(
                r#"{{"ok":false,"error":{{"code":"internal","message":"{}"}}}}"#,
                error.line()
            )
        },
        |line| clean::json(&line),
    );
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_envelope_is_what_scripts_know() {
        assert_eq!(
            done(&json!({"goals": []})),
            "{\"ok\":true,\"data\":{\"goals\":[]}}\n"
        );
        let failed = Failure::not_found("goal_not_found", "No goal has the id 01J.")
            .with_hint("See `hearth goal list`.");
        insta::assert_snapshot!(failure(&failed), @r#"{"ok":false,"error":{"code":"goal_not_found","message":"No goal has the id 01J.","hint":"See `hearth goal list`."}}"#);
    }

    #[test]
    fn details_stand_beside_the_hint() {
        let failed = Failure::error("damaged", "Damaged.").with_details(json!({"records": 2}));
        insta::assert_snapshot!(failure(&failed), @r#"{"ok":false,"error":{"code":"damaged","message":"Damaged.","hint":"","details":{"records":2}}}"#);
    }

    #[test]
    fn what_terminals_obey_is_escaped_and_a_document_is_a_line() {
        let data = json!({"title": "a\u{9b}31m\u{202e}\u{1b}[2J\nb"});
        let line = done(&data);
        assert_eq!(line.matches('\n').count(), 1);
        assert!(
            line.trim_end()
                .chars()
                .all(|c| !c.is_control() && c != '\u{202e}')
        );
        let read: Value = serde_json::from_str(&line).expect("is JSON");
        assert_eq!(read["data"], data);
    }
}
