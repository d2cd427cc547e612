//! What is given for a session: its plan, what changes in it, and how it went.

use clap::Args;
use hearth_node::api::{Failure, SessionFields, SessionRequest, WrapFields};

use crate::context::Context;
use crate::when;

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
    pub(super) fn request(self, context: &Context<'_>) -> Result<SessionRequest, Failure> {
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

impl PlanOptions {
    pub(super) fn request(self, context: &Context<'_>) -> Result<SessionRequest, Failure> {
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
    pub(super) fn request(self, context: &Context<'_>) -> Result<SessionRequest, Failure> {
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

#[cfg(test)]
mod tests {
    use hearth_node::api::{Request, SessionRequest};

    use crate::command::testing::{failing, requested};

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
