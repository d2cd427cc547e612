//! A backup on its way from the browser into the home that is made of it: a file beside the home, sealed as it is, which is
//! gone once the backup was brought back, was refused, or was left alone for a while.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use hearth_node::api::{Failure, Secret};
use hearth_node::backup::is_begun;
use hearth_node::host::HomeDir;
use serde_json::Value;

use crate::limits::{BACKUP_BYTES_MAX, BACKUP_LIES_FOR};

/// The file.
#[derive(Debug)]
pub(crate) struct Arriving {
    /// Which one it is, among those that were begun here.
    pub(crate) number: u64,
    /// The browser that sends it.
    pub(crate) session: u64,
    path: PathBuf,
    file: File,
    bytes: u64,
    is_whole: bool,
    touched: Instant,
    /// What it holds, once something opened it.
    pub(crate) opened: Option<Opened>,
}

/// A backup that was opened and checked.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    /// What is in it, as the check says.
    pub(crate) facts: Value,
    /// What opened it.
    pub(crate) with: Key,
}

/// What opens a backup.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    /// The passphrase that was given when it was made.
    Passphrase(Secret),
    /// The recovery phrase.
    Phrase(Secret),
}

/// A backup cannot be taken.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// It is none.
    Foreign,
    /// It is longer than what is brought back in a browser.
    TooLarge,
    /// It could not be kept.
    Failed(Failure),
}

fn place(home: &HomeDir) -> Option<PathBuf> {
    let root = home.root();
    let name = root.file_name()?.to_str()?;
    Some(root.with_file_name(format!(".{name}.arriving")))
}

fn failed(error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::StorageFull => Failure::error("disk_full", "The disk is full."),
        _ => Failure::error(
            "disk_failed",
            format!("The backup cannot be kept: {error}."),
        ),
    }
}

impl Arriving {
    /// Begins one beside the home; what lay there before is gone.
    ///
    /// # Errors
    /// A [`Failure`] where no file can be made there.
    pub(crate) fn begin(home: &HomeDir, number: u64, session: u64) -> Result<Self, Failure> {
        let Some(path) = place(home) else {
            return Err(Failure::error(
                "home_unusable",
                "The path of the home is not in UTF-8.",
            ));
        };
        remove(&path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| failed(&error))?;
        Ok(Self {
            number,
            session,
            path,
            file,
            bytes: 0,
            is_whole: false,
            touched: Instant::now(),
            opened: None,
        })
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`NotTaken`], and the file is of no use any more.
    pub(crate) fn push(&mut self, piece: &[u8], is_last: bool) -> Result<(), NotTaken> {
        self.push_within(piece, is_last, BACKUP_BYTES_MAX)
    }

    fn push_within(&mut self, piece: &[u8], is_last: bool, max: u64) -> Result<(), NotTaken> {
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        // Whether it is one at all is seen before gigabytes of it were sent.
        if self.bytes == 0 && !is_begun(piece) {
            return Err(NotTaken::Foreign);
        }
        if self.bytes.saturating_add(length) > max {
            return Err(NotTaken::TooLarge);
        }
        let kept = self.file.write_all(piece);
        kept.map_err(|error| NotTaken::Failed(failed(&error)))?;
        self.bytes += length;
        self.is_whole = is_last;
        self.touched = Instant::now();
        Ok(())
    }

    /// Returns the file, once all of it is here.
    pub(crate) fn whole(&self) -> Option<&Path> {
        self.is_whole.then_some(self.path.as_path())
    }

    /// Returns how many bytes of it are here.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Notes that somebody is at it.
    pub(crate) fn touch(&mut self) {
        self.touched = Instant::now();
    }

    /// Tells whether it was left alone for so long that it is to go.
    pub(crate) fn is_left(&self) -> bool {
        self.touched.elapsed() >= BACKUP_LIES_FOR
    }

    /// Removes what a process left that ended in the middle.
    pub(crate) fn drop_leftover(home: &HomeDir) {
        if let Some(path) = place(home) {
            remove(&path);
        }
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(%error, "a backup that was on its way could not be removed");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGINS: &[u8] = b"hearthbk and so on";

    fn begun() -> (tempfile::TempDir, HomeDir, Arriving) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = HomeDir::new(folder.path().join("deep/home"), None);
        let arriving = Arriving::begin(&home, 1, 1).expect("begins");
        (folder, home, arriving)
    }

    #[test]
    fn it_lies_beside_the_home_until_it_is_dropped() {
        let (_folder, home, mut arriving) = begun();
        assert!(arriving.push(BEGINS, false).is_ok() && arriving.whole().is_none());
        assert!(arriving.push(b"more", true).is_ok());
        let path = arriving.whole().expect("whole").to_path_buf();
        let kept = std::fs::read(&path).expect("the file");
        assert_eq!(kept, [BEGINS, b"more"].concat());
        assert_eq!(arriving.bytes(), 22);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = path.metadata().expect("it is there").permissions().mode();
            assert_eq!(mode & 0o077, 0, "nobody else reads it");
        }
        assert!(!home.root().exists(), "no home is begun by it");
        drop(arriving);
        assert!(!path.exists());
    }

    #[test]
    fn what_is_no_backup_or_too_long_is_refused_by_its_first_or_its_next_piece() {
        let (_folder, _home, mut arriving) = begun();
        assert!(matches!(
            arriving.push(b"%PDF-1.7", false),
            Err(NotTaken::Foreign)
        ));
        assert!(arriving.push_within(BEGINS, false, 20).is_ok());
        assert!(matches!(
            arriving.push_within(b"abc", true, 20),
            Err(NotTaken::TooLarge)
        ));
        assert!(arriving.whole().is_none());
    }

    #[test]
    fn what_another_process_left_goes_before_anybody_is_welcomed() {
        let (_folder, home, arriving) = begun();
        // As after a power cut: nothing was dropped.
        let path = arriving.path.clone();
        std::mem::forget(arriving);
        assert!(path.exists());
        Arriving::drop_leftover(&home);
        assert!(!path.exists());
        Arriving::drop_leftover(&home);
    }
}
