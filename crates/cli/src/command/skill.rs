//! `hearth skill …`

use clap::{Args, Subcommand};
use hearth_node::api::{Failure, Request, SkillFields, SkillRequest};

use crate::context::Context;
use crate::output::{Answer, View, view};
use crate::when;

/// Rate skills over time, show evidence, endorse each other
#[derive(Subcommand, Debug)]
pub(crate) enum SkillCommand {
    /// Say how you see a skill, your own or somebody else's
    ///
    /// A skill that the notebook does not have yet is added. Every rating stays: together they show how
    /// it grew, seen from both sides. `skill show` says what 1 to 5 mean.
    #[command(after_long_help = "Examples:
  hearth skill rate NB \"Public speaking\" 2
  hearth skill rate NB \"Public speaking\" 4 --of Ben --note \"Held the room for an hour\"
  hearth skill rate NB \"Public speaking\" 1 --on 2026-01-15")]
    Rate {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// The skill's name or id
        #[arg(value_name = "SKILL")]
        skill: String,
        /// From 1 (new to it) to 5 (teaching others)
        #[arg(value_name = "1..5", value_parser = clap::value_parser!(u8).range(1..=5))]
        value: u8,
        /// Whose skill it is [default: yours]
        #[arg(long, value_name = "PERSON")]
        of: Option<String>,
        /// What makes you think so; - reads standard input
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        /// The day it was like that [default: today]
        #[arg(long, value_name = "DATE")]
        on: Option<String>,
    },
    /// List a notebook's skills, then and now
    #[command(after_long_help = "Examples:
  hearth skill list \"Ada and Ben\"
  hearth skill list NB --of Ben")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// Only the skills of one person
        #[arg(long, value_name = "PERSON")]
        of: Option<String>,
    },
    /// Show a skill: what the numbers mean, ratings, evidence, endorsements
    #[command(after_long_help = "Examples:
  hearth skill show ID
  hearth skill show \"Public speaking\"")]
    Show {
        /// The skill's id or name
        #[arg(value_name = "ID")]
        skill: String,
    },
    /// Add a skill that nobody has rated yet
    #[command(after_long_help = "Examples:
  hearth skill add NB \"Facilitation\" --about \"Everybody is heard, and we end on time\"
  hearth skill add NB \"Writing\" --uri http://data.europa.eu/esco/skill/ID \\
      --anchor \"3=Drafts that need one round of comments\"")]
    Add {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// What it is called
        title: String,
        #[command(flatten)]
        options: SkillOptions,
    },
    /// Change a skill; what is not given stays as it is
    ///
    /// Signed endorsements hold for the name and address they were signed under: change those, and they
    /// show as unsigned until their authors sign again.
    #[command(after_long_help = "Examples:
  hearth skill edit ID --title \"Public speaking\"
  hearth skill edit ID --anchor \"5=Coaches speakers\" --uri \"\"")]
    Edit {
        /// The skill's id or name
        #[arg(value_name = "ID")]
        skill: String,
        /// A new name
        #[arg(long)]
        title: Option<String>,
        #[command(flatten)]
        options: SkillOptions,
    },
    /// Add something that shows a skill
    #[command(after_long_help = "Examples:
  hearth skill evidence ID \"Spoke at the spring meeting\" --link https://example.org/talk
  hearth skill evidence ID \"Led the review\" --of Ben")]
    Evidence {
        /// The skill's id or name
        #[arg(value_name = "ID")]
        skill: String,
        /// What was done or seen; - reads standard input [default: your editor]
        text: Option<String>,
        /// Whose skill it shows [default: yours]
        #[arg(long, value_name = "PERSON")]
        of: Option<String>,
        /// Where it is to be seen
        #[arg(long, value_name = "URL")]
        link: Option<String>,
    },
    /// Sign that you have seen somebody's skill
    ///
    /// The signature covers the skill's name and address, the person and your note, to the letter. Everybody
    /// in the notebook can check it, also without a network. It can be taken back; that it was given stays
    /// in the history.
    #[command(after_long_help = "Examples:
  hearth skill endorse NB \"Public speaking\" Ben --note \"I saw it at the spring meeting\"
  hearth skill endorse NB \"Public speaking\" Ben --withdraw")]
    Endorse {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// The skill's name or id
        #[arg(value_name = "SKILL")]
        skill: String,
        /// Whose skill it is
        #[arg(value_name = "PERSON")]
        person: String,
        /// What you have seen; - reads standard input
        #[arg(long, value_name = "TEXT", conflicts_with = "withdraw")]
        note: Option<String>,
        /// Take your endorsement back
        #[arg(long)]
        withdraw: bool,
    },
}

/// What `skill add` and `skill edit` share.
#[derive(Args, Debug)]
pub(crate) struct SkillOptions {
    /// What is meant by it here; - reads standard input
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,
    /// Where it is described, as in ESCO
    #[arg(long)]
    uri: Option<String>,
    /// What a number means here; may be given for each
    #[arg(long = "anchor", value_name = "N=TEXT", value_parser = anchor)]
    anchors: Vec<(u32, String)>,
}

impl SkillOptions {
    fn fields(self, context: &Context<'_>) -> Result<SkillFields, Failure> {
        Ok(SkillFields {
            about: context.option_text(self.about)?,
            uri: self.uri,
            anchors: self.anchors,
        })
    }
}

impl SkillCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (request, view): (_, View) = match self {
            Self::Rate {
                notebook,
                skill,
                value,
                of,
                note,
                on,
            } => {
                let on = on.map(|on| when::date(&on, context.clock())).transpose()?;
                let request = SkillRequest::Rate {
                    notebook,
                    skill,
                    value,
                    of,
                    note: context.option_text(note)?,
                    on,
                };
                (request, view::skill::rated)
            }
            Self::List { notebook, of } => (SkillRequest::List { notebook, of }, view::skill::list),
            Self::Show { skill } => (SkillRequest::Show { skill }, view::skill::show),
            Self::Add {
                notebook,
                title,
                options,
            } => {
                let fields = options.fields(context)?;
                let request = SkillRequest::Add {
                    notebook,
                    title,
                    fields,
                };
                (request, view::skill::show)
            }
            Self::Edit {
                skill,
                title,
                options,
            } => {
                let fields = options.fields(context)?;
                if title.is_none() && fields == SkillFields::default() {
                    return Err(Failure::usage(
                        "nothing_to_change",
                        "Nothing to change was given.",
                    )
                    .with_hint("See `hearth skill edit --help`."));
                }
                let request = SkillRequest::Edit {
                    skill,
                    title,
                    fields,
                };
                (request, view::skill::show)
            }
            Self::Evidence {
                skill,
                text,
                of,
                link,
            } => {
                let request = SkillRequest::Evidence {
                    skill,
                    text: context.long_text(text, "evidence")?,
                    of,
                    link,
                };
                (request, view::skill::show)
            }
            Self::Endorse {
                notebook,
                skill,
                person,
                note,
                withdraw,
            } => {
                let request = SkillRequest::Endorse {
                    notebook,
                    skill,
                    person,
                    note: context.option_text(note)?,
                    withdraw,
                };
                (request, view::skill::endorsement)
            }
        };
        Ok(Answer::page(context.call(Request::Skill(request))?, view))
    }
}

fn anchor(text: &str) -> Result<(u32, String), String> {
    let parsed = text
        .split_once('=')
        .and_then(|(value, words)| Some((value.trim().parse().ok()?, words.trim().to_owned())));
    parsed
        .filter(|(value, _)| (1..=5).contains(value))
        .ok_or_else(|| "write a number from 1 to 5 and words, as in '3=Does it alone'".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{failing, requested};

    #[test]
    fn a_rating_is_asked_for_as_it_was_typed() {
        let request = requested(&[
            "skill",
            "rate",
            "NB",
            "Talks",
            "4",
            "--of",
            "Ben",
            "--on",
            "yesterday",
        ]);
        let expected = SkillRequest::Rate {
            notebook: "NB".into(),
            skill: "Talks".into(),
            value: 4,
            of: Some("Ben".into()),
            note: None,
            on: Some("2026-11-22".into()),
        };
        assert_eq!(request, Request::Skill(expected));
        assert_eq!(
            failing(&["skill", "rate", "NB", "Talks", "6"]).exit.code(),
            2
        );
    }

    #[test]
    fn an_anchor_is_a_number_and_words() {
        assert_eq!(anchor("3= a=b "), Ok((3, "a=b".to_owned())));
        assert_eq!(anchor("3="), Ok((3, String::new())));
        for wrong in ["", "6=x", "x=3", "3"] {
            assert!(anchor(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_edit_changes_something() {
        assert_eq!(failing(&["skill", "edit", "ID"]).code, "nothing_to_change");
    }
}
