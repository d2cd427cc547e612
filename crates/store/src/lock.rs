//! One process at a time: an advisory lock on the file `lock` in the home.
//!
//! The lock belongs to the open file, so the system releases it however the process ends. The file
//! itself is never removed; two processes could otherwise hold locks on two files of one name.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::home::{AtPath, FileError, Home, private_file};

/// How long a lock that is held is waited for. A process that is being started has copies of its parent's
/// open files until it runs, so a lock can outlive its holder by a moment.
const LINGERS: Duration = Duration::from_millis(200);
/// How often it is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The lock on a home could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process has the store open.
    #[error("another process{} has this home open", pid.map(|pid| format!(" ({pid})")).unwrap_or_default())]
    Held {
        /// The process, as it wrote it down; missing where it has not done so yet.
        pid: Option<u32>,
    },
    /// Two handles could take the lock at once, so it protects nothing here.
    #[error(
        "the file system of this home has no working file locks; move the home to a local disk"
    )]
    Unsupported,
    /// The lock file could not be opened or written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Holds a home for this process until dropped.
#[derive(Debug)]
pub(crate) struct HomeLock {
    _file: File,
}

impl HomeLock {
    /// Takes the lock and writes this process's id into the file.
    pub(crate) fn take(home: &Home) -> Result<Self, LockError> {
        let path = home.lock();
        let mut file = private_file().open(&path).at(&path)?;
        match lock_soon(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held {
                    pid: read_pid(file),
                });
            }
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
                return Err(LockError::Unsupported);
            }
            Err(TryLockError::Error(error)) => return Err(error).at(&path)?,
        }
        // Some network file systems grant every lock. A second handle tells.
        let second = private_file().open(&path).at(&path)?;
        match second.try_lock() {
            Err(TryLockError::WouldBlock) => {}
            Ok(()) => return Err(LockError::Unsupported),
            Err(TryLockError::Error(error)) => return Err(error).at(&path)?,
        }
        // The id only serves the words of an error; a full disk must not keep a home from opening.
        let _written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

fn lock_soon(file: &File) -> Result<(), TryLockError> {
    let until = Instant::now() + LINGERS;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(LOOK_EVERY),
            result => return result,
        }
    }
}

/// Reads the holder's id; the file may be empty for the moment before it is written.
fn read_pid(file: File) -> Option<u32> {
    const PID_DIGITS_MAX: u64 = 10;
    let mut text = String::new();
    file.take(PID_DIGITS_MAX).read_to_string(&mut text).ok()?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_with_the_holder_and_a_dropped_one_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        let held = HomeLock::take(&home).unwrap();
        let refused = HomeLock::take(&home).unwrap_err();
        let LockError::Held { pid } = &refused else {
            panic!("{refused:?}")
        };
        assert_eq!(*pid, Some(std::process::id()));
        assert!(
            refused
                .to_string()
                .contains(&format!("({})", std::process::id()))
        );
        drop(held);
        HomeLock::take(&home).unwrap();
    }
}
