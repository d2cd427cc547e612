//! `hearth resource …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hearth_node::api::{Failure, Request, ResourceRequest};

use crate::context::Context;
use crate::output::{Answer, View, view};

/// Keep what is worth reading, watching or using
#[derive(Subcommand, Debug)]
pub(crate) enum ResourceCommand {
    /// Add a resource
    #[command(after_long_help = "Examples:
  hearth resource add NB \"The Coaching Habit\" --link https://example.org/book --tag books
  hearth resource add NB \"Checklist for reviews\" --why \"You asked how I prepare\"")]
    Add {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// What it is called
        title: String,
        /// Where it is
        #[arg(long, value_name = "URL")]
        link: Option<String>,
        /// A file to attach; not possible yet
        #[arg(long, value_name = "PATH", conflicts_with = "link")]
        file: Option<PathBuf>,
        /// A word to find it by; may be given several times
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        /// Why it matters; - reads standard input
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    /// List a notebook's resources
    #[command(after_long_help = "Examples:
  hearth resource list \"Ada and Ben\"
  hearth resource list NB --tag books --tag short
  hearth resource list NB --removed")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// Only those with this tag; several must all be there
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        /// Those that were put away instead
        #[arg(long)]
        removed: bool,
    },
    /// Show a resource
    #[command(after_long_help = "Examples:
  hearth resource show ID
  hearth resource show \"The Coaching Habit\"")]
    Show {
        /// The resource's id or title
        #[arg(value_name = "ID")]
        resource: String,
    },
    /// Change a resource; what is not given stays as it is
    #[command(after_long_help = "Examples:
  hearth resource edit ID --title \"The Coaching Habit, 2nd edition\"
  hearth resource edit ID --tag short --untag books
  hearth resource edit ID --link \"\"")]
    Edit(Box<EditOptions>),
    /// Put a resource away: lists leave it out from then on
    ///
    /// Nothing is deleted: it stays in the history and in exports, and --undo takes it out again.
    #[command(after_long_help = "Examples:
  hearth resource remove ID
  hearth resource remove ID --undo")]
    Remove {
        /// The resource's id or title
        #[arg(value_name = "ID")]
        resource: String,
        /// Take it out again
        #[arg(long)]
        undo: bool,
    },
    /// Get the file of a resource; not possible yet
    #[command(after_long_help = "Examples:
  hearth resource get ID --out slides.pdf")]
    Get {
        /// The resource's id or title
        #[arg(value_name = "ID")]
        resource: String,
        /// Where to write it
        #[arg(long, value_name = "PATH")]
        out: Option<PathBuf>,
    },
}

/// What `resource edit` takes.
#[derive(Args, Debug)]
pub(crate) struct EditOptions {
    /// The resource's id or title
    #[arg(value_name = "ID")]
    resource: String,
    /// A new title
    #[arg(long)]
    title: Option<String>,
    /// Another place; empty clears it
    #[arg(long, value_name = "URL")]
    link: Option<String>,
    /// Why it matters; empty clears it, - reads standard input
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// A tag to add; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// A tag to take off; may be given several times
    #[arg(long = "untag", value_name = "TAG")]
    untags: Vec<String>,
}

impl ResourceCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (request, view): (_, View) = match self {
            Self::Add { file: Some(_), .. } | Self::Get { .. } => return Err(no_files()),
            Self::Add {
                notebook,
                title,
                link,
                tags,
                why,
                file: None,
            } => (
                ResourceRequest::Add {
                    notebook,
                    title,
                    link,
                    why: context.option_text(why)?,
                    tags,
                },
                view::resource::show,
            ),
            Self::List {
                notebook,
                tags,
                removed,
            } => (
                ResourceRequest::List {
                    notebook,
                    tags,
                    removed,
                },
                view::resource::list,
            ),
            Self::Show { resource } => (ResourceRequest::Show { resource }, view::resource::show),
            Self::Edit(options) => (options.request(context)?, view::resource::show),
            Self::Remove { resource, undo } => (
                ResourceRequest::Remove { resource, undo },
                view::resource::removed,
            ),
        };
        Ok(Answer::page(
            context.call(Request::Resource(request))?,
            view,
        ))
    }
}

impl EditOptions {
    fn request(self, context: &Context<'_>) -> Result<ResourceRequest, Failure> {
        let texts = [&self.title, &self.link, &self.why];
        let has_tags = !self.tags.is_empty() || !self.untags.is_empty();
        if texts.iter().all(|text| text.is_none()) && !has_tags {
            return Err(
                Failure::usage("nothing_to_change", "Nothing to change was given.")
                    .with_hint("See `hearth resource edit --help`."),
            );
        }
        Ok(ResourceRequest::Edit {
            resource: self.resource,
            title: self.title,
            link: self.link,
            why: context.option_text(self.why)?,
            add_tags: self.tags,
            remove_tags: self.untags,
        })
    }
}

fn no_files() -> Failure {
    Failure::error(
        "files_not_supported",
        "A notebook cannot hold files yet, only links to them.",
    )
    .with_hint("Give --link URL. Nothing was changed.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{failing, requested};

    #[test]
    fn a_resource_is_added_as_it_was_typed() {
        let request = requested(&[
            "resource",
            "add",
            "NB",
            "Book",
            "--link",
            "https://a.example",
            "--tag",
            "a",
            "--tag",
            "b",
        ]);
        let expected = ResourceRequest::Add {
            notebook: "NB".into(),
            title: "Book".into(),
            link: Some("https://a.example".into()),
            why: None,
            tags: vec!["a".into(), "b".into()],
        };
        assert_eq!(request, Request::Resource(expected));
    }

    #[test]
    fn a_file_is_refused_before_anything_is_written() {
        let add = failing(&["resource", "add", "NB", "Slides", "--file", "x.pdf"]);
        assert_eq!(add.code, "files_not_supported");
        assert_eq!(failing(&["resource", "get", "ID"]).code, add.code);
        assert_eq!(
            failing(&["resource", "edit", "ID"]).code,
            "nothing_to_change"
        );
    }
}
