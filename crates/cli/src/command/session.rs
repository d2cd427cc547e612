//! `hearth session …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hearth_node::api::{Failure, NotesRequest, Request, SessionFields, SessionRequest, WrapFields};
use serde_json::Value;

use super::SHARING;

use crate::context::Context;
use crate::editor::{Draft, Edited};
use crate::input;
use crate::output::{Answer, View, view};
use crate::when;

/// Plan sessions and write their notes together
#[derive(Subcommand, Debug)]
pub(crate) enum SessionCommand {
    /// Plan a session
    #[command(after_long_help = "Examples:
  hearth session plan NB --at \"2026-12-01 15:00\" --every 2w --template regular
  hearth session plan NB --at \"fri 9:30\" --zone Europe/Berlin --place https://meet.example/ada")]
    Plan(Box<PlanOptions>),
    /// List a notebook's sessions
    #[command(after_long_help = "Examples:
  hearth session list \"Ada and Ben\"")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Show a session with its agenda and notes
    #[command(after_long_help = "Examples:
  hearth session show ID")]
    Show {
        /// The session's id
        #[arg(value_name = "ID")]
        session: String,
    },
    /// Put something on the agenda, or tick it off
    #[command(after_long_help = "Examples:
  hearth session agenda ID \"The draft\" --minutes 15
  hearth session agenda ID \"The draft\" --done")]
    Agenda {
        /// The session's id
        #[arg(value_name = "ID")]
        session: String,
        /// What it is about; with --done, an item's id or title
        title: String,
        /// How long it should take
        #[arg(long, value_name = "N", conflicts_with = "done")]
        minutes: Option<u32>,
        /// Tick off an item instead
        #[arg(long)]
        done: bool,
    },
    /// Write or read the notes
    ///
    /// Opens your editor; without a terminal it prints the text. What others write meanwhile is
    /// kept: only what you changed is saved.
    #[command(after_long_help = "Examples:
  hearth session notes ID
  hearth session notes ID > notes.md
  hearth session notes ID --from notes.md
  echo '- call Ben' | hearth session notes ID --from - --append")]
    Notes {
        /// The session's id
        #[arg(value_name = "ID")]
        session: String,
        /// Take the text from a file, or from standard input for -
        #[arg(long, value_name = "FILE|-")]
        from: Option<PathBuf>,
        /// Add the text at the end
        #[arg(long)]
        append: bool,
    },
    /// Record how a session went
    #[command(after_long_help = "Examples:
  hearth session wrap ID --decision \"Ship the draft\" --learned \"Ask earlier\" --mood 4
  hearth session wrap ID --mentee-learned \"To pause first\" --action-for Ben \"Send the draft\"
  hearth session wrap ID --mood 2 --mood-text \"Tired, and glad that we spoke\"
  hearth session wrap ID --next \"2026-12-15 15:00\"")]
    Wrap(Box<WrapOptions>),
    /// Change the plan of a session; what is not given stays as it is
    ///
    /// Of sessions that come again, only this one changes: moving it moves no other. With --series the
    /// sessions to come change too, and --every none ends the series.
    #[command(after_long_help = "Examples:
  hearth session edit ID --at \"fri 16:00\"
  hearth session edit ID --at \"2026-12-03 16:00\" --series
  hearth session edit ID --every 3w
  hearth session edit ID --every none")]
    Edit(Box<EditOptions>),
    /// Call a planned session off
    ///
    /// What is on its agenda carries over. Where sessions come again, the next one is planned at once.
    #[command(after_long_help = "Examples:
  hearth session cancel ID --reason \"Ben is ill\"
  hearth session cancel ID --undo")]
    Cancel {
        /// The session's id
        #[arg(value_name = "ID")]
        session: String,
        /// Why
        #[arg(long, value_name = "TEXT", conflicts_with = "undo")]
        reason: Option<String>,
        /// Plan it again
        #[arg(long)]
        undo: bool,
    },
    /// Say who may hear of the notes
    ///
    /// pair-only (the usual): nobody outside of this notebook. quotable-with-consent: only after asking
    /// everybody whose words they are. shareable: anybody. The mark is a promise between you, and stands in
    /// exports; no program can keep it for you.
    #[command(after_long_help = "Examples:
  hearth session mark ID quotable-with-consent")]
    Mark {
        /// The session's id
        #[arg(value_name = "ID")]
        session: String,
        /// Who may hear of them
        #[arg(value_name = "MARK", value_parser = SHARING)]
        sharing: String,
    },
    /// Confirm that you were there
    #[command(after_long_help = "Examples:
  hearth session attend ID")]
    Attend {
        /// The session's id
        #[arg(value_name = "ID")]
        session: String,
    },
}

/// What `session wrap` takes.
#[derive(Args, Debug)]
pub(crate) struct WrapOptions {
    /// The session's id
    #[arg(value_name = "ID")]
    session: String,
    /// What was decided; may be given several times
    #[arg(long = "decision", value_name = "TEXT")]
    decisions: Vec<String>,
    /// What became clear; may be given several times
    #[arg(long = "insight", value_name = "TEXT")]
    insights: Vec<String>,
    /// What you learned
    #[arg(long, value_name = "TEXT")]
    learned: Option<String>,
    /// What the mentor learned
    #[arg(long, value_name = "TEXT")]
    mentor_learned: Option<String>,
    /// What the mentee learned
    #[arg(long, value_name = "TEXT")]
    mentee_learned: Option<String>,
    /// What somebody learned; may be given several times
    #[arg(long, num_args = 2, value_names = ["PERSON", "TEXT"])]
    learned_by: Vec<String>,
    /// Something that you are going to do; may be given several times
    #[arg(long = "action", value_name = "TITLE")]
    actions: Vec<String>,
    /// Something that somebody is going to do; may be given several times
    #[arg(long, num_args = 2, value_names = ["PERSON", "TITLE"])]
    action_for: Vec<String>,
    /// How you leave, from 1 to 5
    #[arg(long, value_name = "1..5", value_parser = clap::value_parser!(u8).range(1..=5))]
    mood: Option<u8>,
    /// A line about how you leave
    #[arg(long, value_name = "TEXT", requires = "mood")]
    mood_text: Option<String>,
    /// When you meet next, local time; it is planned
    #[arg(long, value_name = "DATE TIME")]
    next: Option<String>,
}

impl WrapOptions {
    fn request(self, context: &Context<'_>) -> Result<SessionRequest, Failure> {
        let next = self
            .next
            .map(|next| when::date_time(&next, context.clock()));
        let by_role = [
            ("mentor", self.mentor_learned),
            ("mentee", self.mentee_learned),
        ];
        let by_role = by_role
            .into_iter()
            .filter_map(|(role, text)| Some((role.to_owned(), text?)));
        let mine = self.actions.into_iter().map(|title| (None, title));
        let theirs = pairs(self.action_for).map(|(owner, title)| (Some(owner), title));
        let fields = WrapFields {
            decisions: self.decisions,
            insights: self.insights,
            learned: context.option_text(self.learned)?,
            learned_by: by_role.chain(pairs(self.learned_by)).collect(),
            mood: self.mood,
            mood_text: self.mood_text,
            actions: mine.chain(theirs).collect(),
            next: next.transpose()?,
        };
        let session = self.session;
        Ok(SessionRequest::Wrap { session, fields })
    }
}

/// Takes two words at a time; the parser sees to it that they come so.
fn pairs(words: Vec<String>) -> impl Iterator<Item = (String, String)> {
    let mut words = words.into_iter();
    std::iter::from_fn(move || Some((words.next()?, words.next()?)))
}

/// What `session plan` takes.
#[derive(Args, Debug)]
pub(crate) struct PlanOptions {
    /// The notebook's id or name
    #[arg(value_name = "NB")]
    notebook: String,
    /// When it begins, local time: "2026-12-01 15:00", "fri 9:30"
    #[arg(long, value_name = "DATE TIME")]
    at: String,
    /// The time zone of --at [default: this computer's]
    #[arg(long)]
    zone: Option<String>,
    /// What it is called [default: the template's title]
    #[arg(long)]
    title: Option<String>,
    /// How long it should take
    #[arg(long, value_name = "N")]
    minutes: Option<u32>,
    /// A place or a link
    #[arg(long, value_name = "TEXT")]
    place: Option<String>,
    /// How often it comes again, as in 2w
    #[arg(long, value_name = "INTERVAL")]
    every: Option<String>,
    /// The agenda to begin with
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Who comes; may be given several times [default: everybody]
    #[arg(long = "attendee", value_name = "PERSON")]
    attendees: Vec<String>,
}

/// What `session edit` takes.
#[derive(Args, Debug)]
pub(crate) struct EditOptions {
    /// The session's id
    #[arg(value_name = "ID")]
    session: String,
    /// A new title
    #[arg(long)]
    title: Option<String>,
    /// When it begins, local time: "2026-12-01 15:00", "fri 9:30"
    #[arg(long, value_name = "DATE TIME")]
    at: Option<String>,
    /// The time zone of the plan
    #[arg(long)]
    zone: Option<String>,
    /// How long it should take
    #[arg(long, value_name = "N")]
    minutes: Option<u32>,
    /// A place or a link; empty clears it
    #[arg(long, value_name = "TEXT")]
    place: Option<String>,
    /// How often it comes again, as in 2w; none ends the series
    #[arg(long, value_name = "INTERVAL")]
    every: Option<String>,
    /// Who comes; may be given several times
    #[arg(long = "attendee", value_name = "PERSON")]
    attendees: Vec<String>,
    /// Change the sessions to come too
    #[arg(long)]
    series: bool,
}

impl EditOptions {
    fn request(self, context: &Context<'_>) -> Result<SessionRequest, Failure> {
        let at = self.at.map(|at| when::date_time(&at, context.clock()));
        let every = self.every.map(|every| match every.trim() {
            "none" => String::new(),
            every => every.to_owned(),
        });
        let fields = SessionFields {
            title: self.title,
            at: at.transpose()?,
            zone: self.zone.map(|zone| when::zone(&zone)).transpose()?,
            minutes: self.minutes,
            place: self.place,
            every,
            attendees: self.attendees,
            whole_series: false,
        };
        if fields == SessionFields::default() {
            return Err(
                Failure::usage("nothing_to_change", "Nothing to change was given.")
                    .with_hint("See `hearth session edit --help`."),
            );
        }
        let fields = SessionFields {
            whole_series: self.series,
            ..fields
        };
        Ok(SessionRequest::Edit {
            session: self.session,
            fields,
        })
    }
}

impl SessionCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (request, view): (_, View) = match self {
            Self::Plan(options) => (options.request(context)?, view::session::planned),
            Self::List { notebook } => (SessionRequest::List { notebook }, view::session::list),
            Self::Show { session } => (SessionRequest::Show { session }, view::session::show),
            Self::Agenda {
                session,
                title,
                minutes,
                done: false,
            } => (
                SessionRequest::AgendaAdd {
                    session,
                    title,
                    minutes,
                },
                view::session::agenda,
            ),
            Self::Agenda {
                session,
                title,
                done: true,
                ..
            } => (
                SessionRequest::AgendaDone {
                    session,
                    item: title,
                },
                view::session::agenda,
            ),
            Self::Notes {
                session,
                from,
                append,
            } => {
                return Notes {
                    session,
                    from,
                    append,
                }
                .run(context);
            }
            Self::Wrap(options) => (options.request(context)?, view::session::wrapped),
            Self::Edit(options) => (options.request(context)?, view::session::planned),
            Self::Cancel {
                session,
                reason,
                undo,
            } => {
                let reason = context.option_text(reason)?;
                (
                    SessionRequest::Cancel {
                        session,
                        reason,
                        undo,
                    },
                    view::session::planned,
                )
            }
            Self::Mark { session, sharing } => (
                SessionRequest::Mark { session, sharing },
                view::session::planned,
            ),
            Self::Attend { session } => {
                (SessionRequest::Attend { session }, view::session::attended)
            }
        };
        Ok(Answer::page(context.call(Request::Session(request))?, view))
    }
}

impl PlanOptions {
    fn request(self, context: &Context<'_>) -> Result<SessionRequest, Failure> {
        let zone = match self.zone {
            Some(name) => Some(when::zone(&name)?),
            None => context.clock().zone_name(),
        };
        Ok(SessionRequest::Plan {
            notebook: self.notebook,
            title: self.title,
            at: when::date_time(&self.at, context.clock())?,
            zone,
            minutes: self.minutes,
            place: self.place,
            every: self.every,
            template: self.template,
            attendees: self.attendees,
        })
    }
}

/// `session notes`
struct Notes {
    session: String,
    from: Option<PathBuf>,
    append: bool,
}

impl Notes {
    fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
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
    fn planning_sends_the_local_time_and_the_zone_it_is_in() {
        let request = requested(&["session", "plan", "NB", "--at", "fri 9:30", "--every", "2w"]);
        let Request::Session(SessionRequest::Plan {
            at, zone, every, ..
        }) = request
        else {
            panic!("asked for {request:?}");
        };
        assert_eq!(at, "2026-11-27T09:30");
        assert_eq!(zone.as_deref(), Some("Europe/Berlin"));
        assert_eq!(every.as_deref(), Some("2w"));
        let wrong = &[
            "session",
            "plan",
            "NB",
            "--at",
            "fri 9:30",
            "--zone",
            "Middle/Earth",
        ];
        assert_eq!(failing(wrong).code, "zone_unknown");
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

    #[test]
    fn a_mood_is_from_1_to_5() {
        let request = requested(&["session", "wrap", "01J", "--mood", "5", "--decision", "Go"]);
        let Request::Session(SessionRequest::Wrap { fields, .. }) = request else {
            panic!("asked for {request:?}");
        };
        assert_eq!(
            (fields.mood, fields.decisions),
            (Some(5), vec!["Go".to_owned()])
        );
        assert_eq!(
            failing(&["session", "wrap", "01J", "--mood", "6"]).code,
            "usage"
        );
    }
}
