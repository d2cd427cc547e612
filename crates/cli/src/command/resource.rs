//! `hearth resource …`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use hearth_node::api::{Failure, Request, ResourceRequest};

use crate::backend::AddFileOptions;
use crate::context::Context;
use crate::output::{Answer, View, view};
use crate::when;

mod attached;

/// Keep what is worth reading, watching or using
#[derive(Subcommand, Debug)]
pub(crate) enum ResourceCommand {
    /// Add a resource
    #[command(after_long_help = "Examples:
  hearth resource add NB \"The Coaching Habit\" --link https://example.org/book --tag books
  hearth resource add NB \"Slides of my talk\" --file slides.pdf
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
        /// A file to keep in the notebook, up to 2 GiB; - reads standard input
        ///
        /// It is sealed and stays on this device; others fetch it when they ask for it.
        #[arg(long, value_name = "PATH", conflicts_with = "link")]
        file: Option<PathBuf>,
        /// What the file is called; by default as it is called here
        #[arg(long, value_name = "NAME", requires = "file")]
        name: Option<String>,
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
    /// Get the file of a resource: from this device, else from whoever has it
    ///
    /// What came before the command was interrupted stays, and the next one goes on from there. Nothing is overwritten
    /// unasked.
    #[command(after_long_help = "Examples:
  hearth resource get ID
  hearth resource get ID --out slides.pdf
  hearth resource get ID --out - | less")]
    Get {
        /// The resource's id or title
        #[arg(value_name = "ID")]
        resource: String,
        /// Where to write it, or the folder for it; by default under its own name here, and - is standard output
        #[arg(long, value_name = "PATH")]
        out: Option<PathBuf>,
        /// How long to wait where nothing of it comes
        #[arg(long, default_value = "30s", value_parser = when::duration)]
        timeout: Duration,
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
            Self::Add {
                notebook,
                title,
                file: Some(file),
                name,
                tags,
                why,
                link: _,
            } => {
                let options = AddFileOptions {
                    notebook,
                    name: name.unwrap_or_else(|| attached::name_of(&file)),
                    bytes: None,
                    title,
                    why: context.option_text(why)?,
                    tags,
                };
                return attached::add(context, options, &file);
            }
            Self::Get {
                resource,
                out,
                timeout,
            } => return attached::get(context, resource, out.as_deref(), when::millis(timeout)),
            Self::Add {
                notebook,
                title,
                link,
                tags,
                why,
                file: None,
                name: _,
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::command::testing::{Canned, failing, requested};

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
    fn a_file_is_read_from_where_it_is_and_keeps_its_name() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("slides.pdf");
        std::fs::write(&path, b"pages").expect("writes");
        let path = path.to_string_lossy();
        let mut canned = Canned::answering([json!({})]);
        let add = [
            "resource", "add", "NB", "Slides", "--file", &path, "--tag", "a",
        ];
        canned.run(&add).expect("adds");
        let (options, bytes) = &canned.files[0];
        assert_eq!(
            (options.name.as_str(), options.bytes),
            ("slides.pdf", Some(5))
        );
        assert_eq!(options.tags, ["a"]);
        assert_eq!(bytes, b"pages");
        let there = folder.path().to_string_lossy();
        let add = |path| failing(&["resource", "add", "NB", "Slides", "--file", path]);
        assert_eq!(add(&there).exit.code(), 2);
        let missing = add("not there");
        assert_eq!(missing.exit.code(), 4);
        let hint = missing.hint.expect("what to do");
        assert!(
            hint.contains("counts from the folder") && hint.contains("--file PATH"),
            "{hint}"
        );
        let elsewhere = folder.path().join("nothere.pdf");
        let hint = add(&elsewhere.to_string_lossy()).hint.expect("what to do");
        assert!(hint.contains(&*there), "{hint}");
        assert_eq!(
            failing(&["resource", "edit", "ID"]).code,
            "nothing_to_change"
        );
    }

    #[test]
    fn a_file_is_written_whole_under_its_name_and_overwrites_nothing_unasked() {
        let folder = tempfile::tempdir().expect("folder");
        let there = folder.path().to_string_lossy();
        let get = ["resource", "get", "ID", "--out", &there];
        let shown =
            || json!({"resource": {"id": "X", "file": {"name": "slides.pdf", "bytes": 11}}});
        let mut canned = Canned::answering([shown(), shown()]);
        canned.run(&get).expect("gets");
        let path = folder.path().join("slides.pdf");
        assert_eq!(std::fs::read(&path).expect("reads"), b"canned file");
        let failure = Canned::answering([shown()])
            .run(&get)
            .expect_err("is there");
        assert_eq!(
            (failure.code.as_str(), failure.exit.code()),
            ("file_exists", 2)
        );
        let no_file = json!({"resource": {"id": "X", "file": null}});
        let failure = Canned::answering([no_file]).run(&get).expect_err("none");
        assert_eq!((failure.code.as_str(), failure.exit.code()), ("no_file", 4));
        let hostile = json!({"resource": {"id": "X", "file": {"name": "../x", "bytes": 11}}});
        let failure = Canned::answering([hostile]).run(&get).expect_err("unsafe");
        assert_eq!(failure.code, "name_unsafe");
        assert_eq!(std::fs::read_dir(folder.path()).expect("lists").count(), 1);
    }

    #[test]
    fn a_file_that_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("folder");
        let out = folder.path().join("x.bin");
        let failure = Canned::default()
            .run(&["resource", "get", "ID", "--out", &out.to_string_lossy()])
            .expect_err("fails");
        assert_eq!(failure.code, "no_answer");
        assert_eq!(std::fs::read_dir(folder.path()).expect("lists").count(), 0);
    }
}
