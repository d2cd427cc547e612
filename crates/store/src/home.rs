//! The folder that a store lives in: its layout, and files that are private, durable and replaced
//! as a whole.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::secret::random_bytes;

/// Only the owner may enter, list or change the folders of a home.
const DIRECTORY_MODE: u32 = 0o700;
/// Only the owner may read or write the files of a home.
const FILE_MODE: u32 = 0o600;

/// A file of the home could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub struct FileError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Adds the path to an error of the system.
pub(crate) trait AtPath<T> {
    fn at(self, path: &Path) -> Result<T, FileError>;
}

impl<T> AtPath<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, FileError> {
        self.map_err(|source| FileError {
            path: path.to_owned(),
            source,
        })
    }
}

/// The paths inside one home.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    root: PathBuf,
}

impl Home {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The database. It appears under this name only when it is complete.
    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("hearth.db")
    }

    /// The database while it is being made.
    pub(crate) fn database_draft(&self) -> PathBuf {
        self.root.join("hearth.db.new")
    }

    /// How the store key is protected.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.root.join("store.key")
    }

    /// One key file for each scope.
    pub(crate) fn scope_keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Held by the one process that has the store open.
    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Makes the folders that are missing, readable by the owner alone.
    pub(crate) fn create_folders(&self) -> Result<(), FileError> {
        if !self.root.is_dir() {
            private_folder(&self.root, true)?;
            if let Some(parent) = self.root.parent() {
                sync_folder(parent)?;
            }
        }
        fs::set_permissions(&self.root, fs::Permissions::from_mode(DIRECTORY_MODE))
            .at(&self.root)?;
        if !self.scope_keys().is_dir() {
            private_folder(&self.scope_keys(), false)?;
            sync_folder(&self.root)?;
        }
        Ok(())
    }

    /// Gives the name of something in the folder that no store has put there.
    pub(crate) fn foreign_content(&self) -> Result<Option<PathBuf>, FileError> {
        const OWN: [&str; 6] = [
            "hearth.db.new",
            "hearth.db.new-journal",
            "store.key",
            "store.key.new",
            "keys",
            "lock",
        ];
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).at(&self.root),
        };
        for entry in entries {
            let entry = entry.at(&self.root)?;
            let name = entry.file_name();
            if !OWN.iter().any(|own| name == *own) {
                return Ok(Some(entry.path()));
            }
        }
        Ok(None)
    }
}

fn private_folder(path: &Path, with_parents: bool) -> Result<(), FileError> {
    DirBuilder::new()
        .recursive(with_parents)
        .mode(DIRECTORY_MODE)
        .create(path)
        .at(path)
}

/// Options that open a file for writing and create it readable by the owner alone.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE);
    options
}

/// Makes the names in a folder durable: after this a created, renamed or removed file stays so.
pub(crate) fn sync_folder(path: &Path) -> Result<(), FileError> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .at(path)
}

/// Reads a small file whole; one that is longer than the limit is an error.
pub(crate) fn read_limited(path: &Path, bytes_max: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let file = File::open(path).at(path)?;
    file.take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .at(path)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max) {
        Ok(bytes)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file is too long",
        ))
        .at(path)
    }
}

/// Replaces a file as a whole and durably: whatever happens, the old or the new bytes are there.
///
/// What the old file held is then overwritten, since it may be a key that must no longer open.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut draft_name = path.as_os_str().to_owned();
    draft_name.push(".new");
    let draft = PathBuf::from(draft_name);
    let mut file = private_file().truncate(true).open(&draft).at(&draft)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .at(&draft)?;
    let old = match OpenOptions::new().write(true).open(path) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).at(path),
    };
    fs::rename(&draft, path).at(path)?;
    if let Some(parent) = path.parent() {
        sync_folder(parent)?;
    }
    old.map_or(Ok(()), |mut old| overwrite(&mut old)).at(path)
}

/// Overwrites a file, removes it and makes that durable. A file that is not there is no error.
///
/// Overwriting is the best a program can do; a disk that writes elsewhere (flash, copy on write,
/// snapshots) may keep the old bytes, which is why a key file holds its key sealed.
pub(crate) fn destroy(path: &Path) -> Result<(), FileError> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).at(path),
    };
    overwrite(&mut file).at(path)?;
    fs::remove_file(path).at(path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn overwrite(file: &mut File) -> io::Result<()> {
    const CHUNK_BYTES: usize = 256;
    let mut left = file.metadata()?.len();
    while left > 0 {
        let noise: [u8; CHUNK_BYTES] = random_bytes().map_err(io::Error::other)?;
        let wanted = usize::try_from(left).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        let chunk = noise.get(..wanted).unwrap_or(&noise);
        file.write_all(chunk)?;
        left = left.saturating_sub(chunk.len() as u64);
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_replaced_file_is_private_and_its_old_bytes_are_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        replace(&path, b"the first content").unwrap();
        let mut old = File::open(&path).unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, FILE_MODE);
        let mut left = Vec::new();
        old.read_to_end(&mut left).unwrap();
        assert_eq!(left.len(), b"the first content".len());
        assert_ne!(left, b"the first content");
    }

    #[test]
    fn a_destroyed_file_is_gone_and_its_bytes_are_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let content = vec![7; 1_000];
        fs::write(&path, &content).unwrap();
        let mut old = File::open(&path).unwrap();
        destroy(&path).unwrap();
        assert!(!path.exists());
        let mut left = Vec::new();
        old.read_to_end(&mut left).unwrap();
        assert_eq!(left.len(), content.len());
        assert!(left.windows(8).all(|window| window != [7; 8]));
        destroy(&path).unwrap();
    }

    #[test]
    fn a_file_beyond_the_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, [0; 11]).unwrap();
        assert!(read_limited(&path, 10).is_err());
        assert_eq!(read_limited(&path, 11).unwrap().len(), 11);
    }
}
