//! Unlocking once serves a while: the store key in memory-backed storage outside the home.
//!
//! The kernel's keyring is used where it works; it forgets by itself when the time is over.
//! Otherwise the key goes into a file in the user's runtime folder, but only where that is private
//! and in memory (tmpfs): such a file is refused once its time is over, and removed at the next
//! look, at `forget` or when the session ends. Where neither works nothing is remembered.

use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::home::{AtPath, FileError, destroy, private_file, read_limited};
use crate::keyfile::StoreId;
use crate::keyring::{self, KeyringUnavailable};
use crate::limits::KEY_FILE_BYTES_MAX;
use crate::secret::StoreKey;

/// How long an unlocked home stays unlocked unless the person chose otherwise.
pub const FORGET_AFTER_DEFAULT: Duration = Duration::from_secs(15 * 60);

/// File systems that live in memory.
const MEMORY_FILE_SYSTEMS: [&str; 2] = ["tmpfs", "ramfs"];

/// The key could not be remembered or forgotten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Neither place can be used here; the passphrase will be asked for each time.
    #[error("the unlocked key cannot be remembered here: {keyring}; {runtime}")]
    Unavailable {
        /// Why the kernel's keyring cannot be used.
        keyring: KeyringUnavailable,
        /// Why the runtime folder cannot be used.
        runtime: RuntimeUnavailable,
    },
    /// The remembered key could not be removed.
    #[error("the remembered key could not be removed: {0}")]
    File(#[from] FileError),
}

/// Why the runtime folder cannot hold a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeUnavailable {
    /// `XDG_RUNTIME_DIR` is not set.
    #[error("there is no runtime folder (XDG_RUNTIME_DIR)")]
    Unset,
    /// Others can get into the folder.
    #[error("the runtime folder is not private to this user")]
    NotPrivate,
    /// The folder is on a disk, where a key would leave traces.
    #[error("the runtime folder is not kept in memory")]
    NotInMemory,
    /// The folder or the file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Where a key is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CachePlace {
    /// In the kernel's keyring.
    Keyring,
    /// In a file in the runtime folder.
    RuntimeFile,
}

/// The place where the unlocked key of one home is remembered for a while.
#[derive(Debug, Clone)]
pub struct UnlockCache {
    /// Tells the home apart from others; says nothing about it.
    name: String,
    runtime_folder: Option<PathBuf>,
    use_keyring: bool,
}

impl UnlockCache {
    /// Gives the cache of a home. Nothing is touched yet.
    pub fn new(root: &Path, store_id: StoreId) -> Self {
        let path = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let mut hasher = blake3::Hasher::new_derive_key("hearth-store 1 unlock cache name");
        hasher
            .update(&store_id.0)
            .update(path.as_os_str().as_bytes());
        Self {
            name: hasher.finalize().to_hex().chars().take(32).collect(),
            runtime_folder: std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from),
            use_keyring: true,
        }
    }

    /// Remembers a key until the time is over or [`UnlockCache::forget`] is called.
    ///
    /// # Errors
    /// [`CacheError::Unavailable`] with the reasons; nothing is remembered then.
    pub fn put(&self, key: &StoreKey, forget_after: Duration) -> Result<CachePlace, CacheError> {
        let keyring = match self.put_in_keyring(key, forget_after) {
            Ok(()) => return Ok(CachePlace::Keyring),
            Err(keyring) => keyring,
        };
        match self.put_in_file(key, forget_after) {
            Ok(()) => Ok(CachePlace::RuntimeFile),
            Err(runtime) => Err(CacheError::Unavailable { keyring, runtime }),
        }
    }

    /// Gives the remembered key, if there is one and its time is not over.
    ///
    /// That a place cannot be used only means that nothing is remembered there.
    pub fn get(&self) -> Option<StoreKey> {
        let in_keyring = if self.use_keyring {
            keyring::get(&self.description()).ok().flatten()
        } else {
            None
        };
        in_keyring.or_else(|| self.get_from_file().ok().flatten())
    }

    /// Forgets the key everywhere. One that is not remembered is no error.
    ///
    /// # Errors
    /// [`CacheError::File`] where a file with the key is there and cannot be removed.
    pub fn forget(&self) -> Result<(), CacheError> {
        if self.use_keyring {
            // Where the keyring cannot be used, nothing was put into it either.
            let _unavailable = keyring::forget(&self.description());
        }
        match self.file() {
            Some(path) => Ok(destroy(&path)?),
            None => Ok(()),
        }
    }

    fn description(&self) -> String {
        format!("hearth:unlock:{}", self.name)
    }

    fn file(&self) -> Option<PathBuf> {
        Some(
            self.runtime_folder
                .as_ref()?
                .join(format!("hearth-{}.unlock", self.name)),
        )
    }

    fn put_in_keyring(
        &self,
        key: &StoreKey,
        forget_after: Duration,
    ) -> Result<(), KeyringUnavailable> {
        if !self.use_keyring {
            return Err(KeyringUnavailable {
                reason: "it is switched off".to_owned(),
            });
        }
        keyring::put(&self.description(), key, Some(forget_after))
    }

    /// Writes `deadline in seconds of uptime (8, big-endian) ‖ key (32)`.
    fn put_in_file(
        &self,
        key: &StoreKey,
        forget_after: Duration,
    ) -> Result<(), RuntimeUnavailable> {
        let folder = self
            .runtime_folder
            .as_ref()
            .ok_or(RuntimeUnavailable::Unset)?;
        let path = self.file().ok_or(RuntimeUnavailable::Unset)?;
        require_private_memory(folder)?;
        let deadline = uptime_seconds()?.saturating_add(forget_after.as_secs());
        let content = Zeroizing::new([&deadline.to_be_bytes()[..], key.expose()].concat());
        destroy(&path)?;
        let mut file = private_file().create_new(true).open(&path).at(&path)?;
        file.write_all(&content).at(&path)?;
        Ok(())
    }

    fn get_from_file(&self) -> Result<Option<StoreKey>, RuntimeUnavailable> {
        let folder = self
            .runtime_folder
            .as_ref()
            .ok_or(RuntimeUnavailable::Unset)?;
        let path = self.file().ok_or(RuntimeUnavailable::Unset)?;
        require_private_memory(folder)?;
        let content = Zeroizing::new(read_limited(&path, KEY_FILE_BYTES_MAX)?);
        let Some((deadline, key)) = content.split_first_chunk() else {
            return Ok(None);
        };
        if uptime_seconds()? >= u64::from_be_bytes(*deadline) {
            destroy(&path)?;
            return Ok(None);
        }
        Ok(StoreKey::from_slice(key))
    }
}

/// Makes sure that a folder is this user's alone and in memory.
fn require_private_memory(folder: &Path) -> Result<(), RuntimeUnavailable> {
    let metadata = fs::metadata(folder).at(folder)?;
    let own = Path::new("/proc/self");
    let own_user = fs::metadata(own).at(own)?.uid();
    if metadata.uid() != own_user || metadata.mode() & 0o077 != 0 {
        return Err(RuntimeUnavailable::NotPrivate);
    }
    let mounts = Path::new("/proc/self/mountinfo");
    let listing = fs::read_to_string(mounts).at(mounts)?;
    let folder = folder.canonicalize().at(folder)?;
    match file_system_of(&listing, &folder) {
        Some(kind) if MEMORY_FILE_SYSTEMS.contains(&kind) => Ok(()),
        _ => Err(RuntimeUnavailable::NotInMemory),
    }
}

/// Finds the type of the file system that a path is on, in the text of `/proc/self/mountinfo`
/// (proc(5)): the fifth field is the mount point, the first after the dash is the type.
fn file_system_of<'a>(listing: &'a str, path: &Path) -> Option<&'a str> {
    let mount = |line: &'a str| {
        let (place, kind) = line.split_once(" - ")?;
        // A blank in a mount point is written as an escape; such a mount is passed over, which at
        // worst means that nothing is remembered.
        let point = Path::new(place.split(' ').nth(4)?);
        path.starts_with(point)
            .then_some((point.components().count(), kind.split(' ').next()?))
    };
    // Of mounts on the same point the last one counts, and `max_by_key` gives the last.
    listing
        .lines()
        .filter_map(mount)
        .max_by_key(|(depth, _)| *depth)
        .map(|(_, kind)| kind)
}

/// Seconds since the machine started, asleep or not; no change of the clock touches them.
fn uptime_seconds() -> Result<u64, FileError> {
    let path = Path::new("/proc/uptime");
    let text = fs::read_to_string(path).at(path)?;
    text.split(['.', ' '])
        .next()
        .and_then(|seconds| seconds.parse().ok())
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
        .at(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn cache(folder: Option<&Path>) -> UnlockCache {
        UnlockCache {
            name: "test".to_owned(),
            runtime_folder: folder.map(Path::to_owned),
            use_keyring: false,
        }
    }

    /// A folder in memory, where the machine has one.
    fn memory_folder() -> Option<tempfile::TempDir> {
        let folder = tempfile::tempdir_in("/dev/shm").ok()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        require_private_memory(folder.path())
            .is_ok()
            .then_some(folder)
    }

    #[test]
    fn a_key_in_a_runtime_file_is_found_until_forgotten() {
        let Some(folder) = memory_folder() else {
            return;
        };
        let cache = cache(Some(folder.path()));
        let key = StoreKey::generate().unwrap();
        assert_eq!(
            cache.put(&key, FORGET_AFTER_DEFAULT).unwrap(),
            CachePlace::RuntimeFile
        );
        let path = cache.file().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(cache.get(), Some(key));
        cache.forget().unwrap();
        assert_eq!(cache.get(), None);
        assert!(!path.exists());
    }

    #[test]
    fn a_key_in_a_runtime_file_is_refused_and_removed_when_its_time_is_over() {
        let Some(folder) = memory_folder() else {
            return;
        };
        let cache = cache(Some(folder.path()));
        cache
            .put(&StoreKey::generate().unwrap(), Duration::ZERO)
            .unwrap();
        assert_eq!(cache.get(), None);
        assert!(!cache.file().unwrap().exists());
    }

    #[test]
    fn a_folder_on_a_disk_or_open_to_others_is_refused_with_the_reason() {
        let key = StoreKey::generate().unwrap();
        let refusal = |folder| match cache(folder).put(&key, FORGET_AFTER_DEFAULT) {
            Err(CacheError::Unavailable { runtime, .. }) => runtime.to_string(),
            other => panic!("{other:?}"),
        };
        assert!(refusal(None).contains("XDG_RUNTIME_DIR"));
        let Some(folder) = memory_folder() else {
            return;
        };
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(refusal(Some(folder.path())).contains("not private"));
    }

    #[test]
    fn the_file_system_of_the_innermost_mount_is_found() {
        let listing = "21 1 8:1 / / rw - ext4 /dev/vda rw\n\
                       30 21 0:5 / /run rw,nosuid shared:5 - tmpfs tmpfs rw\n\
                       31 30 0:6 / /run/user/1000 rw - ext4 /dev/vdb rw\n\
                       32 30 0:7 / /run/user/1000 rw - tmpfs tmpfs rw\n";
        let kind = |path: &str| file_system_of(listing, Path::new(path));
        assert_eq!(kind("/home/mina"), Some("ext4"));
        assert_eq!(kind("/run/hearth"), Some("tmpfs"));
        assert_eq!(kind("/running"), Some("ext4"));
        assert_eq!(kind("/run/user/1000/x"), Some("tmpfs"));
        assert_eq!(file_system_of("", Path::new("/")), None);
    }

    #[test]
    fn a_key_in_the_keyring_is_found_until_forgotten_or_its_time_is_over() {
        let mut cache = cache(None);
        cache.use_keyring = true;
        cache.name = format!("test-{}", std::process::id());
        let key = StoreKey::generate().unwrap();
        match cache.put(&key, Duration::from_secs(60)) {
            Ok(place) => assert_eq!(place, CachePlace::Keyring),
            // Containers often forbid the keyring; then there must be a reason to show.
            Err(CacheError::Unavailable { keyring, .. }) => {
                return assert!(!keyring.reason.is_empty());
            }
            Err(other) => panic!("{other}"),
        }
        assert_eq!(cache.get(), Some(key.clone()));
        cache.forget().unwrap();
        assert_eq!(cache.get(), None);
        cache.put(&key, Duration::from_secs(1)).unwrap();
        std::thread::sleep(Duration::from_millis(2_100));
        assert_eq!(cache.get(), None);
    }
}
