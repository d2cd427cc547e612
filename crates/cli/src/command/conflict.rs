//! `hearth conflict …`

use clap::Subcommand;
use hearth_node::api::{ConflictRequest, Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};

/// See what two people wrote at once, and choose
#[derive(Subcommand, Debug)]
pub(crate) enum ConflictCommand {
    /// List fields that were written at once, with both values
    ///
    /// Texts such as notes merge by themselves. A field that holds one value, such as a date or a title,
    /// keeps both until somebody chooses, and shows one of them meanwhile.
    #[command(after_long_help = "Examples:
  hearth conflict list \"Ada and Ben\"")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Choose one of the values of a field
    ///
    /// Anybody who writes in the notebook may choose. The other value stays in the history.
    #[command(after_long_help = "Examples:
  hearth conflict choose ID.due 2026-12-01
  hearth conflict choose ID --nth 2       where one field of it is disputed")]
    Choose {
        /// The id that `conflict list` shows, or the object's
        #[arg(value_name = "ID")]
        conflict: String,
        /// The value, or its unmistakable beginning
        #[arg(required_unless_present = "nth")]
        value: Option<String>,
        /// Which of the values, as they are counted in the list
        #[arg(long, value_name = "N", conflicts_with = "value")]
        nth: Option<u32>,
    },
}

impl ConflictCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        match self {
            Self::List { notebook } => {
                let request = Request::Conflict(ConflictRequest::List { notebook });
                Ok(Answer::page(
                    context.call(request)?,
                    view::history::conflicts,
                ))
            }
            Self::Choose {
                conflict,
                value,
                nth,
            } => {
                let request = Request::Conflict(ConflictRequest::Choose {
                    conflict,
                    value,
                    nth,
                });
                Ok(Answer::page(context.call(request)?, view::history::chosen))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{failing, requested};

    #[test]
    fn a_value_or_its_place_is_sent_as_typed() {
        let choose = |value: Option<&str>, nth| {
            Request::Conflict(ConflictRequest::Choose {
                conflict: "01J.due".into(),
                value: value.map(str::to_owned),
                nth,
            })
        };
        assert_eq!(
            requested(&["conflict", "choose", "01J.due", "2026-12-01"]),
            choose(Some("2026-12-01"), None)
        );
        assert_eq!(
            requested(&["conflict", "choose", "01J.due", "--nth", "2"]),
            choose(None, Some(2))
        );
        assert_eq!(failing(&["conflict", "choose", "01J.due"]).code, "usage");
    }
}
