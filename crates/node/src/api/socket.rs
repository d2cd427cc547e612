//! Where the node listens for commands.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The longest socket path that is used.
///
/// `sun_path` holds 108 bytes on Linux and 104 on macOS and the BSDs, its closing zero included.
pub const SOCKET_PATH_BYTES_MAX: usize = 100;

/// The socket's name inside a home.
pub const SOCKET_NAME: &str = "node.sock";

/// How many bytes of the home's hash name its socket in the runtime directory; a person has few
/// homes, so 8 bytes never collide.
const HOME_HASH_BYTES: usize = 8;

/// Why a home has no usable socket path.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketPathError {
    /// The home's path is too long and there is no runtime directory to go to.
    #[error(
        "the path of {} is too long for a socket and XDG_RUNTIME_DIR is not set; \
         set it, or choose a shorter home with --home", home.display()
    )]
    NoRuntimeDirectory {
        /// The home.
        home: PathBuf,
    },
    /// Both the home's path and the runtime directory's are too long.
    #[error("the paths of {} and of XDG_RUNTIME_DIR are too long for a socket", home.display())]
    TooLong {
        /// The home.
        home: PathBuf,
    },
}

/// Returns where the node of `home` listens.
///
/// That is `node.sock` in the home, or `hearth-HASH.sock` in `runtime_dir` where the former would
/// exceed [`SOCKET_PATH_BYTES_MAX`]. Both sides must give the same absolute path without symbolic
/// links as `home`, and `$XDG_RUNTIME_DIR` (if it is set) as `runtime_dir`.
pub fn socket_path(home: &Path, runtime_dir: Option<&Path>) -> Result<PathBuf, SocketPathError> {
    let inside = home.join(SOCKET_NAME);
    if fits(&inside) {
        return Ok(inside);
    }
    let Some(runtime_dir) = runtime_dir else {
        return Err(SocketPathError::NoRuntimeDirectory {
            home: home.to_owned(),
        });
    };
    let hash = blake3::hash(home.as_os_str().as_bytes());
    let name: String = hash
        .as_bytes()
        .iter()
        .take(HOME_HASH_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let outside = runtime_dir.join(format!("hearth-{name}.sock"));
    if fits(&outside) {
        Ok(outside)
    } else {
        Err(SocketPathError::TooLong {
            home: home.to_owned(),
        })
    }
}

fn fits(path: &Path) -> bool {
    path.as_os_str().len() <= SOCKET_PATH_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_home_holds_its_socket() {
        let path = socket_path(Path::new("/home/ada/.local/share/hearth"), None);
        assert_eq!(
            path,
            Ok(PathBuf::from("/home/ada/.local/share/hearth/node.sock"))
        );
    }

    #[test]
    fn a_home_at_the_limit_holds_its_socket_and_one_byte_more_does_not() {
        let longest = SOCKET_PATH_BYTES_MAX - SOCKET_NAME.len() - 2;
        let at_limit = PathBuf::from(format!("/{}", "h".repeat(longest)));
        assert_eq!(socket_path(&at_limit, None), Ok(at_limit.join(SOCKET_NAME)));
        let beyond = PathBuf::from(format!("/{}", "h".repeat(longest + 1)));
        assert_eq!(
            socket_path(&beyond, None),
            Err(SocketPathError::NoRuntimeDirectory { home: beyond })
        );
    }

    #[test]
    fn long_homes_go_to_the_runtime_directory_each_to_its_own_socket() {
        let runtime = Path::new("/run/user/1000");
        let first = PathBuf::from(format!("/{}/first", "h".repeat(100)));
        let second = PathBuf::from(format!("/{}/second", "h".repeat(100)));
        let first = socket_path(&first, Some(runtime)).expect("fits");
        let second = socket_path(&second, Some(runtime)).expect("fits");
        assert!(first.starts_with(runtime));
        assert_ne!(first, second);
    }

    #[test]
    fn a_runtime_directory_that_is_too_long_is_refused() {
        let home = PathBuf::from(format!("/{}", "h".repeat(100)));
        let runtime = PathBuf::from(format!("/{}", "r".repeat(100)));
        assert_eq!(
            socket_path(&home, Some(&runtime)),
            Err(SocketPathError::TooLong { home: home.clone() })
        );
    }
}
