//! `hearth bundle …`

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use hearth_node::api::Failure;
use serde_json::json;

use crate::backend::BundleOptions;
use crate::context::{Context, absolute};
use crate::file::{self, GrowingFile};
use crate::output::{Answer, view};

/// Whoever a bundle for everybody is for.
const EVERYBODY: &str = "all";

/// Hand over what others lack as a sealed file, with no network in between
#[derive(Subcommand, Debug)]
pub(crate) enum BundleCommand {
    /// Write what somebody lacks of a notebook to a sealed file
    ///
    /// Only the devices that it is for can open it; anybody may carry it. What they told that they have, on
    /// a link or in a bundle of theirs, is left out. A mirror needs none: it fetches what it lacks.
    #[command(after_long_help = "Examples:
  hearth bundle create \"Ada and Ben\" --for Ben --out /media/stick/for-ben.bundle
  hearth bundle create \"Rust circle\" --for all --out circle.bundle
  hearth bundle create \"Ada and Ben\" --for Ben --full --out everything.bundle
  hearth bundle create \"Ada and Ben\" --for Ben --out - | ssh ben hearth bundle apply -")]
    Create {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// A member, by id or name, or all for everybody
        #[arg(long = "for", value_name = "PERSON|all")]
        person: String,
        /// Where to; - is standard output
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Leave nothing out, and pack nothing: longer, and good for whoever lacks more than they said
        #[arg(long)]
        full: bool,
    },
    /// Take in what a bundle brings
    ///
    /// Every entry in it is checked as if its author had sent it. Applying a bundle again, or an older one, does no
    /// harm; of a damaged one all that comes before the damage is kept.
    #[command(after_long_help = "Examples:
  hearth bundle apply /media/stick/for-ben.bundle
  hearth bundle apply - < for-ben.bundle")]
    Apply {
        /// The bundle, or - for standard input
        file: PathBuf,
    },
}

impl BundleCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        match self {
            Self::Create {
                notebook,
                person,
                out,
                full,
            } => {
                let options = BundleOptions {
                    notebook,
                    person: (person != EVERYBODY).then_some(person),
                    full,
                };
                if is_dash(&out) {
                    create_to_stdout(context, options)
                } else {
                    create(context, options, &out)
                }
            }
            Self::Apply { file } => apply(context, &file),
        }
    }
}

fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn create(
    context: &mut Context<'_>,
    options: BundleOptions,
    out: &Path,
) -> Result<Answer, Failure> {
    let out = absolute(out)?;
    let overwrite = context.may_overwrite(&out)?;
    if !overwrite && out.symlink_metadata().is_ok() {
        return Err(file::exists(&out));
    }
    let mut growing = GrowingFile::beside(&out)?;
    let mut data = context.create_bundle(options, &mut |bytes| growing.append(bytes))?;
    data["bundle"]["bytes"] = json!(growing.length());
    data["bundle"]["out"] = json!(out.to_string_lossy());
    growing.keep(overwrite)?;
    Ok(Answer::page(data, view::bundle::created))
}

fn create_to_stdout(context: &mut Context<'_>, options: BundleOptions) -> Result<Answer, Failure> {
    if context.output.json {
        return Err(Failure::usage(
            "out_invalid",
            "With --json standard output is taken, so the bundle cannot go there.",
        )
        .with_hint("Give --out FILE."));
    }
    if context.environment.terminal_stdout {
        return Err(Failure::usage(
            "out_invalid",
            "A bundle is nothing to be read on a terminal.",
        )
        .with_hint(
            "Give --out FILE, or send it on: `… --out - | ssh HOST hearth bundle apply -`.",
        ));
    }
    let mut stdout = io::stdout().lock();
    let mut length = 0;
    let data = context.create_bundle(options, &mut |bytes| {
        length += bytes.len() as u64;
        stdout.write_all(bytes).map_err(|error| {
            Failure::error(
                "write_failed",
                format!("The bundle could not be written: {error}."),
            )
        })
    });
    let mut data = data?;
    stdout.flush().map_err(|error| {
        Failure::error(
            "write_failed",
            format!("The bundle could not be written: {error}."),
        )
    })?;
    data["bundle"]["bytes"] = json!(length);
    context.explain(&data, view::bundle::created)?;
    Ok(Answer::streamed())
}

fn apply(context: &mut Context<'_>, path: &Path) -> Result<Answer, Failure> {
    let applied = if is_dash(path) {
        if context.environment.terminal_stdin {
            return Err(
                Failure::usage("input_missing", "There is no bundle on standard input.")
                    .with_hint("Give FILE, or send one in: `hearth bundle apply - < FILE`."),
            );
        }
        context.apply_bundle(&mut io::stdin().lock(), None)
    } else {
        let unreadable = |error: io::Error| {
            let message = format!("{} cannot be read: {error}.", path.display());
            match error.kind() {
                io::ErrorKind::NotFound => Failure::not_found("file_not_found", message),
                _ => Failure::error("input_failed", message),
            }
        };
        let mut file = File::open(path).map_err(unreadable)?;
        let facts = file.metadata().map_err(unreadable)?;
        if facts.is_dir() {
            let message = format!("{} is a folder.", path.display());
            return Err(Failure::usage("input_failed", message).with_hint("Give the file in it."));
        }
        let total = facts.is_file().then_some(facts.len());
        context.apply_bundle(&mut file as &mut dyn Read, total)
    };
    if let Err(failure) = &applied
        && let Some(details) = &failure.details
        && !context.output.json
    {
        // What was taken in is worth more than that something is missing.
        context.explain(details, view::bundle::applied)?;
    }
    Ok(Answer::page(applied?, view::bundle::applied))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{Canned, failing};

    fn arguments(out: &str) -> [&str; 7] {
        ["bundle", "create", "NB", "--for", "Ben", "--out", out]
    }

    #[test]
    fn a_bundle_is_written_whole_and_overwrites_nothing_unasked() {
        let folder = tempfile::tempdir().expect("folder");
        let out = folder.path().join("for-ben.bundle");
        let out = out.to_string_lossy();
        let answer = || json!({"bundle": {"id": "x"}});
        let mut canned = Canned::answering([answer()]);
        canned.run(&arguments(&out)).expect("writes");
        assert_eq!(std::fs::read(&*out).expect("reads"), b"canned bundle");
        assert_eq!(
            canned.bundles,
            [BundleOptions {
                notebook: "NB".to_owned(),
                person: Some("Ben".to_owned()),
                full: false,
            }]
        );
        let again = failing(&arguments(&out));
        assert_eq!((again.code.as_str(), again.exit.code()), ("file_exists", 2));
        let mut yes = arguments(&out).to_vec();
        yes.extend(["--yes", "--full"]);
        yes[4] = "all";
        let mut canned = Canned::answering([answer()]);
        canned.run(&yes).expect("writes");
        assert_eq!(canned.bundles[0].person, None);
        assert!(canned.bundles[0].full);
    }

    #[test]
    fn a_bundle_that_fails_leaves_no_file_behind() {
        let folder = tempfile::tempdir().expect("folder");
        let out = folder.path().join("for-ben.bundle");
        let failure = Canned::default()
            .run(&arguments(&out.to_string_lossy()))
            .expect_err("fails");
        assert_eq!(failure.code, "no_answer");
        assert_eq!(std::fs::read_dir(folder.path()).expect("lists").count(), 0);
        let nowhere = folder.path().join("not there/x");
        let failure = failing(&arguments(&nowhere.to_string_lossy()));
        assert_eq!(failure.code, "write_failed");
    }

    #[test]
    fn stdout_is_for_one_thing_and_no_terminal() {
        let mut json = arguments("-").to_vec();
        json.push("--json");
        assert_eq!(failing(&json).code, "out_invalid");
        let mut canned = Canned::default();
        canned.environment = crate::environment::Environment::terminal();
        let failure = canned.run(&arguments("-")).expect_err("is a terminal");
        assert_eq!(failure.code, "out_invalid");
        let failure = canned
            .run(&["bundle", "apply", "-"])
            .expect_err("is a terminal");
        assert_eq!(failure.code, "input_missing");
    }

    #[test]
    fn a_bundle_is_read_from_where_it_is() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("in.bundle");
        let path = path.to_string_lossy();
        assert_eq!(failing(&["bundle", "apply", &path]).exit.code(), 4);
        let there = folder.path().to_string_lossy();
        assert_eq!(failing(&["bundle", "apply", &there]).exit.code(), 2);
        std::fs::write(&*path, b"some bytes").expect("writes");
        let mut canned = Canned::answering([json!({})]);
        canned.run(&["bundle", "apply", &path]).expect("applies");
        assert_eq!(canned.applied, [b"some bytes".to_vec()]);
    }
}
