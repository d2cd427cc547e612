//! Looking for texts in files.

use std::path::{Path, PathBuf};

/// Texts that nothing else would contain by chance.
pub fn canaries(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| {
            format!(
                "canary-{number:02}-kukushka-{:08x}",
                number * 0x0117_2b93 + 0x5eed
            )
        })
        .collect()
}

/// Returns every file below `folder` with one of the texts in it, in UTF-8 or UTF-16, and which one.
pub fn files_with(folder: &Path, texts: &[String]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder can be read") {
            let entry = entry.expect("an entry of the folder");
            let kind = entry.file_type().expect("its kind");
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let bytes = std::fs::read(entry.path()).expect("the file can be read");
                for text in texts {
                    if contains(&bytes, text.as_bytes()) || contains(&bytes, &utf16(text)) {
                        found.push((entry.path(), text.clone()));
                    }
                }
            }
        }
    }
    found
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let Some(first) = wanted.first() else {
        return false;
    };
    bytes
        .iter()
        .enumerate()
        .any(|(at, byte)| byte == first && bytes.get(at..at + wanted.len()) == Some(wanted))
}
