//! `hearth session notes`: read, replaced, added to, or edited while others write.

use std::path::PathBuf;

use hearth_node::api::{Failure, NotesRequest, Request, SessionRequest};
use serde_json::Value;

use crate::context::Context;
use crate::editor::{Draft, Edited};
use crate::input;
use crate::output::{Answer, view};

/// `session notes`
pub(super) struct Notes {
    pub(super) session: String,
    pub(super) from: Option<PathBuf>,
    pub(super) append: bool,
}

impl Notes {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        if let Some(path) = &self.from {
            let text = input::file_or_stdin(path)?;
            let notes = if self.append {
                NotesRequest::Append { text }
            } else {
                NotesRequest::Set { text }
            };
            return self.save(context, notes);
        }
        let with_person = context.may_ask() && context.output.terminal && !context.output.json;
        if self.append {
            if !with_person {
                return Err(
                    Failure::usage("text_missing", "The text to append is missing.")
                        .with_hint("Give --from FILE, or --from - to read standard input."),
                );
            }
            let text = context.long_text(None, "notes")?;
            return self.save(context, NotesRequest::Append { text });
        }
        let data = self.call(context, NotesRequest::Read)?;
        if with_person {
            self.edit(context, data)
        } else {
            Ok(as_text(data))
        }
    }

    /// Lets the person edit the text and saves what they changed since it was read.
    fn edit(self, context: &mut Context<'_>, data: Value) -> Result<Answer, Failure> {
        let session = data.get("session").unwrap_or(&Value::Null);
        let text = session
            .get("notes")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let base = heads(session);
        let draft = Draft::new(&context.environment, "notes.md", text)?;
        match draft.edit(&context.environment)? {
            Edited::Unchanged => Ok(Answer::page(data, view::session::notes_unchanged)),
            Edited::Text(text) => self
                .save(context, NotesRequest::Edit { base, text })
                .map_err(|why| draft.keep(why)),
        }
    }

    fn save(&self, context: &mut Context<'_>, notes: NotesRequest) -> Result<Answer, Failure> {
        Ok(Answer::page(
            self.call(context, notes)?,
            view::session::notes_saved,
        ))
    }

    fn call(&self, context: &mut Context<'_>, notes: NotesRequest) -> Result<Value, Failure> {
        let session = self.session.clone();
        context.call(Request::Session(SessionRequest::Notes { session, notes }))
    }
}

fn as_text(data: Value) -> Answer {
    let text = data
        .get("session")
        .and_then(|session| session.get("notes"))
        .and_then(Value::as_str);
    let text = text.unwrap_or_default().to_owned();
    Answer::text(data, text)
}

fn heads(session: &Value) -> Vec<String> {
    let heads = session.get("notes_heads").and_then(Value::as_array);
    heads
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::command::testing::{Canned, failing, requested};
    use crate::environment::Environment;

    fn notes(request: &Request) -> &NotesRequest {
        match request {
            Request::Session(SessionRequest::Notes { notes, .. }) => notes,
            other => panic!("asked for {other:?}"),
        }
    }

    fn at_a_terminal(editor: &str) -> Environment {
        Environment::terminal().with("EDITOR", editor)
    }

    fn read() -> Value {
        json!({"session": {"id": "01J", "notes": "one\ntwo", "notes_heads": ["ab", "cd"]}})
    }

    #[test]
    fn an_edit_is_sent_with_the_heads_that_were_read() {
        let mut canned = Canned::answering([read(), read()]);
        canned.environment = at_a_terminal("sed -i s/two/three/");
        canned.run(&["session", "notes", "01J"]).expect("saves");
        assert_eq!(notes(&canned.requests[0]), &NotesRequest::Read);
        let edit = NotesRequest::Edit {
            base: vec!["ab".into(), "cd".into()],
            text: "one\nthree".into(),
        };
        assert_eq!(notes(&canned.requests[1]), &edit);
    }

    #[test]
    fn an_unchanged_text_is_not_sent() {
        let mut canned = Canned::answering([read()]);
        canned.environment = at_a_terminal("true");
        canned
            .run(&["session", "notes", "01J"])
            .expect("does nothing");
        assert_eq!(canned.requests.len(), 1);
    }

    #[test]
    fn what_could_not_be_saved_is_kept_and_named() {
        let mut canned = Canned::answering([read()]);
        canned.environment = at_a_terminal("sed -i s/two/three/");
        let failure = canned
            .run(&["session", "notes", "01J"])
            .expect_err("no second answer");
        let hint = failure.hint.expect("hint");
        let path = hint
            .split("unencrypted, in ")
            .nth(1)
            .expect("path")
            .trim_end_matches('.');
        let path = path
            .strip_suffix(".md")
            .map_or(path.to_owned(), |path| format!("{path}.md"));
        assert_eq!(std::fs::read_to_string(&path).expect("kept"), "one\nthree");
        std::fs::remove_dir_all(std::path::Path::new(&path).parent().expect("folder"))
            .expect("removes");
    }

    #[test]
    fn without_a_terminal_the_text_is_read_and_nothing_is_written() {
        let mut canned = Canned::answering([read()]);
        canned.run(&["session", "notes", "01J"]).expect("reads");
        assert_eq!(notes(&canned.requests[0]), &NotesRequest::Read);
        assert_eq!(
            failing(&["session", "notes", "01J", "--append"]).code,
            "text_missing"
        );
    }

    #[test]
    fn a_file_replaces_the_notes_or_goes_to_their_end() {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), "new\n").expect("writes");
        let path = file.path().to_string_lossy();
        let set = requested(&["session", "notes", "01J", "--from", &path]);
        assert_eq!(
            notes(&set),
            &NotesRequest::Set {
                text: "new\n".into()
            }
        );
        let append = requested(&["session", "notes", "01J", "--from", &path, "--append"]);
        assert_eq!(
            notes(&append),
            &NotesRequest::Append {
                text: "new\n".into()
            }
        );
    }
}
