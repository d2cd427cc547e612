//! The name of the page: a random label that stays with the home, so that what a browser keeps for the page (a language,
//! whether letters are keys) is there again after a restart, and nothing else on the machine can be called like that.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use hearth_store::Store;
use rand_core::Rng;

use super::HomeDir;
use crate::host::random;

const FILE: &str = "page";
/// Random bytes of the label: nobody guesses 128 bits.
const LABEL_BYTES: usize = 16;

impl HomeDir {
    /// Returns the label of the home's page; draws it the first time. Where the home is not made yet, it is kept by
    /// [`HomeDir::keep_page_label`] once it is.
    ///
    /// # Errors
    /// An error of the file.
    pub fn page_label(&self) -> std::io::Result<String> {
        if let Some(kept) = self.kept_page_label() {
            return Ok(kept);
        }
        let mut bytes = [0_u8; LABEL_BYTES];
        random().fill_bytes(&mut bytes);
        let label = data_encoding::HEXLOWER.encode(&bytes);
        self.keep_page_label(&label)?;
        Ok(label)
    }

    /// Keeps the label by which the page goes already, as that of a first run, which began before there was a home. One
    /// that is kept stays, and a folder that is not a home is left as it is.
    ///
    /// # Errors
    /// An error of the file.
    pub fn keep_page_label(&self, label: &str) -> std::io::Result<()> {
        if self.kept_page_label().is_some() || Store::inspect(&self.root).is_err() {
            return Ok(());
        }
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.root.join(FILE))?;
        file.write_all(label.as_bytes())
    }

    fn kept_page_label(&self) -> Option<String> {
        let kept = std::fs::read_to_string(self.root.join(FILE)).ok()?;
        is_label(&kept).then_some(kept)
    }
}

/// What stands in the file becomes part of an address.
fn is_label(text: &str) -> bool {
    text.len() == LABEL_BYTES * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_label_stays_with_the_home_and_is_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let home = HomeDir::new(folder.path().join("home"), None);
        let before = home.page_label().unwrap();
        assert!(is_label(&before) && !home.root().exists());
        home.keep_page_label(&before).unwrap();
        assert!(!home.root().exists(), "nothing is made for a label");
        drop(Store::create(home.root(), &hearth_store::Protection::Bare).unwrap());
        // Who was welcomed under a name finds the page under it again.
        home.keep_page_label(&before).unwrap();
        assert_eq!(home.page_label().unwrap(), before);
        let other = "0".repeat(LABEL_BYTES * 2);
        home.keep_page_label(&other).unwrap();
        assert_eq!(home.page_label().unwrap(), before, "one that is kept stays");
        std::fs::write(home.root().join(FILE), "evil.example/").unwrap();
        assert!(is_label(&home.page_label().unwrap()));
    }
}
