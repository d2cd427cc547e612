//! Long text in the person's own editor.
//!
//! The copy lies in a folder of its own that only this user can open, in memory-backed storage
//! where the system has some, and goes with everything the editor put beside it. It outlives the
//! command in one case: where what the person wrote could not be saved.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use hearth_node::api::Failure;
use tempfile::{Builder, TempDir};

use crate::environment::Environment;
use crate::interrupt::HeldInterrupts;

/// The editor where neither `$VISUAL` nor `$EDITOR` is set.
const DEFAULT_EDITOR: &str = "vi";

/// The longest text that is taken back from an editor; longer than any note may be.
const TEXT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A text on its way through the editor.
#[derive(Debug)]
pub(crate) struct Draft {
    folder: TempDir,
    path: PathBuf,
    before: String,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Edited {
    /// The text is as it was.
    Unchanged,
    /// The text as the person left it.
    Text(String),
}

impl Draft {
    /// Lays out a copy of `text`. `name` shows in the editor's title.
    pub(crate) fn new(environment: &Environment, name: &str, text: &str) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::error(
                "draft_failed",
                format!("A copy to edit could not be made: {error}."),
            )
        };
        let parent = environment
            .directory("XDG_RUNTIME_DIR")
            .filter(|path| path.is_dir())
            .unwrap_or_else(std::env::temp_dir);
        // What is in it is for nobody else on this computer.
        let folder = Builder::new()
            .prefix("hearth-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(failed)?;
        let path = folder.path().join(name);
        fs::write(&path, text).map_err(failed)?;
        Ok(Self {
            folder,
            path,
            before: text.to_owned(),
        })
    }

    /// Opens the editor and waits for it.
    pub(crate) fn edit(&self, environment: &Environment) -> Result<Edited, Failure> {
        let editor = command(environment);
        let _held = HeldInterrupts::new();
        // The editor may be a command with options, as git takes it, so a shell splits it; the
        // path is an argument of its own and never part of the script.
        let mut script = editor.clone();
        script.push(" \"$1\"");
        let status = Command::new("sh")
            .arg("-c")
            .arg(script)
            .arg("hearth")
            .arg(&self.path)
            .status();
        let shown = editor.to_string_lossy();
        match status {
            Ok(status) if status.success() => self.read(),
            Ok(status) => Err(Failure::error(
                "editor_failed",
                format!("The editor `{shown}` ended with {status}; nothing was changed."),
            )),
            Err(error) => Err(Failure::error(
                "editor_failed",
                format!("The editor `{shown}` could not be started: {error}."),
            )
            .with_hint("Set VISUAL or EDITOR.")),
        }
    }

    /// Keeps the copy after a save that failed, and says where it is.
    pub(crate) fn keep(self, failure: Failure) -> Failure {
        let kept = self
            .folder
            .keep()
            .join(self.path.file_name().unwrap_or(OsStr::new("")));
        let hint = failure
            .hint
            .clone()
            .map(|hint| format!("{hint} "))
            .unwrap_or_default();
        failure.with_hint(format!(
            "{hint}What you wrote is kept, unencrypted, in {}.",
            kept.display()
        ))
    }

    fn read(&self) -> Result<Edited, Failure> {
        let mut after = read_text(&self.path)?;
        // Editors end every text with a line feed; alone, that is no edit.
        let added_end = !self.before.is_empty() && !self.before.ends_with('\n');
        if added_end && after.ends_with('\n') {
            after.pop();
        }
        Ok(if after == self.before {
            Edited::Unchanged
        } else {
            Edited::Text(after)
        })
    }
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let failed =
        |why: String| Failure::error("draft_unreadable", format!("The edited text {why}."));
    let length = fs::metadata(path)
        .map_err(|error| failed(format!("is gone: {error}")))?
        .len();
    if length > TEXT_BYTES_MAX {
        return Err(failed(format!("is longer than {TEXT_BYTES_MAX} bytes")));
    }
    let bytes = fs::read(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|_| failed("is not UTF-8".to_owned()))
}

fn command(environment: &Environment) -> OsString {
    ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| environment.variable(name))
        .unwrap_or(OsStr::new(DEFAULT_EDITOR))
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(script: &str, before: &str) -> Result<Edited, String> {
        let environment = Environment::default().with("EDITOR", script);
        let draft = Draft::new(&environment, "notes.md", before).expect("draft");
        let folder = draft.folder.path().to_owned();
        let edited = draft.edit(&environment);
        drop(draft);
        assert!(!folder.exists(), "the copy is gone");
        edited.map_err(|failure| failure.code)
    }

    #[test]
    fn what_the_editor_leaves_comes_back() {
        let edited = edit("sed -i s/one/two/", "one\nthree\n");
        assert_eq!(edited, Ok(Edited::Text("two\nthree\n".into())));
    }

    #[test]
    fn a_line_feed_that_the_editor_added_is_no_edit() {
        assert_eq!(edit("printf '\\n' >>", "one"), Ok(Edited::Unchanged));
        assert_eq!(edit("true", "one"), Ok(Edited::Unchanged));
        assert_eq!(
            edit("printf 'two\\n' >>", "one\n"),
            Ok(Edited::Text("one\ntwo\n".into()))
        );
        assert_eq!(
            edit("printf 'new\\n' >", ""),
            Ok(Edited::Text("new\n".into()))
        );
    }

    #[test]
    fn an_editor_that_fails_changes_nothing() {
        assert_eq!(edit("false", "one"), Err("editor_failed".into()));
        assert_eq!(edit("/nowhere/editor", "one"), Err("editor_failed".into()));
        assert_eq!(edit("rm", "one"), Err("draft_unreadable".into()));
        assert_eq!(
            edit("printf '\\377' >", "one"),
            Err("draft_unreadable".into())
        );
    }

    #[test]
    fn visual_comes_before_editor() {
        let environment = Environment::default()
            .with("EDITOR", "ed")
            .with("VISUAL", "vim");
        assert_eq!(command(&environment), "vim");
        assert_eq!(command(&Environment::default()), "vi");
    }

    #[test]
    fn only_the_owner_can_open_the_copy_and_a_failed_save_keeps_it() {
        let draft = Draft::new(&Environment::default(), "notes.md", "mine").expect("draft");
        let folder = draft.folder.path().to_owned();
        let mode = fs::metadata(&folder).expect("folder").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let failure = draft.keep(Failure::error("x", "Not saved.").with_hint("Free some space."));
        let hint = failure.hint.expect("hint");
        assert!(hint.starts_with("Free some space. What you wrote is kept"));
        assert!(hint.contains(&*folder.join("notes.md").to_string_lossy()));
        assert_eq!(
            fs::read_to_string(folder.join("notes.md")).expect("kept"),
            "mine"
        );
        fs::remove_dir_all(folder).expect("removes");
    }
}
