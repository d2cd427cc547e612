//! The binary under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Names a binary that is there already, such as that of a package; nothing is built then.
const BINARY_VARIABLE: &str = "HEARTH_BINARY";

/// Returns the path of `hearth`, built in the profile of the tests on first use, so that it is never
/// older than the sources.
pub fn hearth() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os(BINARY_VARIABLE) {
        Some(path) => PathBuf::from(path),
        None => build(),
    })
}

fn build() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the test");
    // The file is named after the target, with a hash behind.
    let target_name = test
        .file_stem()
        .and_then(|name| name.to_str())
        .and_then(|name| name.rsplit_once('-'))
        .map(|(name, _)| name)
        .expect("the test is called NAME-HASH");
    let profile = test
        .parent()
        .and_then(Path::parent)
        .expect("the test stands in target/PROFILE/deps");
    let name = match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(name) => name,
        None => "dev",
    };
    let target = profile.parent().expect("the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo tells the test about its package would reach the build scripts of dependencies that watch
    // these names, and they and all behind them would be built anew each time.
    for (name, _) in std::env::vars_os() {
        let of_a_package =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(of_a_package) {
            cargo.env_remove(name);
        }
    }
    let built = cargo
        // Beside the test itself, which is built, the dependencies have the features that they were tested with, and
        // are not built once more with others.
        .args(["build", "--quiet", "--workspace", "--bin", "hearth"])
        .args(["--test", target_name])
        .args(["--profile", name, "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(built.success(), "the binary could not be built");
    profile.join("hearth")
}
