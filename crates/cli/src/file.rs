//! Files that a command writes for the person.
//!
//! Invariant: a file is written beside its place, flushed to disk and then moved there, so that
//! it is whole or absent; and nothing is ever overwritten unasked.

use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use hearth_node::api::{Failure, TransferFile};
use tempfile::{Builder, NamedTempFile};

use crate::interrupt::LeftOver;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Only its owner: it holds a secret or somebody's words.
    Owner,
    /// Whoever the umask lets.
    Umask,
}

/// Writes one file. Fails with `file_exists` where something is there and `overwrite` is false.
pub(crate) fn write(
    path: &Path,
    text: &[u8],
    access: Access,
    overwrite: bool,
) -> Result<(), Failure> {
    put(path, text, access, overwrite).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            exists(path)
        } else {
            write_failed(path, &error)
        }
    })
}

/// Writes the files of an export under `root`, which may hold other files already. Nothing is
/// written where a name leads outside, or where a file is there and `overwrite` is false.
pub(crate) fn write_all(
    root: &Path,
    files: &[TransferFile],
    overwrite: bool,
) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::with_capacity(files.len());
    for file in files {
        let path = root.join(inside(&file.path)?);
        if !overwrite && path.symlink_metadata().is_ok() {
            return Err(exists(&path));
        }
        paths.push(path);
    }
    for (file, path) in files.iter().zip(&paths) {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| {
                Failure::error(
                    "write_failed",
                    format!("{} could not be made: {error}.", folder.display()),
                )
            })?;
        }
        write(path, file.text.as_bytes(), Access::Owner, overwrite)?;
    }
    Ok(paths)
}

fn put(path: &Path, text: &[u8], access: Access, overwrite: bool) -> io::Result<()> {
    let mut builder = Builder::new();
    builder.prefix(".hearth-");
    if access == Access::Umask {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder_of(path))?;
    file.write_all(text)?;
    settle(file, path, overwrite)
}

/// The words of an error, without the path that it happened to.
fn cause(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code).to_string(),
        None => error.kind().to_string(),
    }
}

/// A file that grows beside its place, until it is whole.
#[derive(Debug)]
pub(crate) struct GrowingFile {
    file: NamedTempFile,
    path: PathBuf,
    length: u64,
    _removed_on_interrupt: LeftOver,
}

impl GrowingFile {
    /// Begins a file that only its owner may read.
    pub(crate) fn beside(path: &Path) -> Result<Self, Failure> {
        let file = Builder::new()
            .prefix(".hearth-")
            .tempfile_in(folder_of(path))
            .map_err(|error| write_failed(path, &error))?;
        Ok(Self {
            _removed_on_interrupt: LeftOver::new(file.path()),
            file,
            path: path.to_owned(),
            length: 0,
        })
    }

    /// Adds bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.length += bytes.len() as u64;
        let written = self.file.write_all(bytes);
        written.map_err(|error| write_failed(&self.path, &error))
    }

    /// Returns how many bytes there are.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Puts the file in its place. Fails with `file_exists` where something is there and `overwrite` is false.
    pub(crate) fn keep(self, overwrite: bool) -> Result<(), Failure> {
        let path = self.path;
        settle(self.file, &path, overwrite).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                exists(&path)
            } else {
                write_failed(&path, &error)
            }
        })
    }
}

fn write_failed(path: &Path, error: &io::Error) -> Failure {
    // The error would name the temporary file beside it.
    let message = format!("{} could not be written: {}.", path.display(), cause(error));
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "Free some space there.",
        _ => "Choose a folder that is there and that you may write to.",
    };
    Failure::error("write_failed", message).with_hint(hint)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Flushes a file to disk and moves it to its place.
fn settle(file: NamedTempFile, path: &Path, overwrite: bool) -> io::Result<()> {
    file.as_file().sync_all()?;
    if overwrite {
        file.persist(path)?;
    } else {
        file.persist_noclobber(path)?;
    }
    fs::File::open(folder_of(path))?.sync_all()
}

/// Says that something is at `path` already.
pub(crate) fn exists(path: &Path) -> Failure {
    Failure::usage(
        "file_exists",
        format!("{} is there already.", path.display()),
    )
    .with_hint("Choose another --out, or give --yes to overwrite.")
}

/// Takes a name inside an export as a path that stays inside.
fn inside(name: &str) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(name);
    let stays = !name.is_empty()
        && path
            .components()
            .all(|component| matches!(component, Component::Normal(_)));
    if stays {
        Ok(path)
    } else {
        Err(Failure::error(
            "name_unsafe",
            format!("The export holds the unsafe name `{name}`."),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(path: &str, text: &str) -> TransferFile {
        TransferFile {
            path: path.into(),
            text: text.into(),
        }
    }

    #[test]
    fn nothing_is_overwritten_unasked() {
        let root = tempfile::tempdir().expect("folder");
        let path = root.path().join("out.json");
        write(&path, b"one", Access::Owner, false).expect("writes");
        let failure = write(&path, b"two", Access::Owner, false).expect_err("is there");
        assert_eq!(
            (failure.code.as_str(), failure.exit.code()),
            ("file_exists", 2)
        );
        assert_eq!(fs::read(&path).expect("reads"), b"one");
        write(&path, b"two", Access::Owner, true).expect("overwrites");
        assert_eq!(fs::read(&path).expect("reads"), b"two");
        assert_eq!(
            fs::metadata(&path).expect("file").permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(root.path()).expect("lists").count(), 1);
    }

    #[test]
    fn an_export_goes_to_folders_whole_or_not_at_all() {
        let root = tempfile::tempdir().expect("folder");
        let files = [file("goals/a.md", "a"), file("questions.md", "q")];
        let paths = write_all(root.path(), &files, false).expect("writes");
        assert_eq!(fs::read_to_string(&paths[0]).expect("reads"), "a");
        let more = [file("new.md", "n"), file("goals/a.md", "b")];
        let failure = write_all(root.path(), &more, false).expect_err("is there");
        assert_eq!(failure.code, "file_exists");
        assert!(!root.path().join("new.md").exists());
    }

    #[test]
    fn no_name_leads_outside() {
        let root = tempfile::tempdir().expect("folder");
        for name in ["../a.md", "/etc/a.md", "a/../../b.md", "", "./a.md", ".."] {
            let failure = write_all(root.path(), &[file(name, "x")], true).expect_err("refused");
            assert_eq!(failure.code, "name_unsafe", "{name}");
        }
        assert_eq!(fs::read_dir(root.path()).expect("lists").count(), 0);
    }
}
