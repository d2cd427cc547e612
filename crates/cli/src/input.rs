//! Text and files that a command takes in.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use hearth_node::api::{Failure, TransferFile};

/// The longest text taken from stdin or a file; an import carries a whole notebook.
pub(crate) const INPUT_BYTES_MAX: u64 = 192 * 1024 * 1024;

/// The most files that one import reads; a notebook with ten sessions a day for years has fewer.
const IMPORT_FILES_MAX: usize = 100_000;

/// How deep folders of an import may lie; an export has two levels.
const IMPORT_DEPTH_MAX: usize = 8;

/// Reads all of stdin as text.
pub(crate) fn stdin() -> Result<String, Failure> {
    read(std::io::stdin().lock(), "standard input")
}

/// Reads a file as text, or stdin where the path is `-`.
pub(crate) fn file_or_stdin(path: &Path) -> Result<String, Failure> {
    if path.as_os_str() == "-" {
        return stdin();
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    read(file, &path.display().to_string())
}

/// Reads every Markdown file under a folder; names are relative to it, in order.
pub(crate) fn folder(root: &Path) -> Result<Vec<TransferFile>, Failure> {
    let mut files = Vec::new();
    let mut pending: Vec<(PathBuf, String, usize)> = vec![(root.to_owned(), String::new(), 0)];
    let mut total_bytes: u64 = 0;
    while let Some((folder, prefix, depth)) = pending.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))? {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let kind = entry
                .file_type()
                .map_err(|error| unreadable(&entry.path(), &error))?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                return Err(Failure::usage(
                    "name_invalid",
                    format!("The name of {} is not UTF-8.", entry.path().display()),
                ));
            };
            // Hidden files are an editor's or a version control's, and links may lead outside.
            if name.starts_with('.') || kind.is_symlink() {
                continue;
            }
            let path = format!("{prefix}{name}");
            if kind.is_dir() {
                if depth + 1 < IMPORT_DEPTH_MAX {
                    pending.push((entry.path(), format!("{path}/"), depth + 1));
                }
            } else if Path::new(&name)
                .extension()
                .is_some_and(|extension| extension == "md")
            {
                let text = file_or_stdin(&entry.path())?;
                total_bytes = total_bytes.saturating_add(text.len() as u64);
                if files.len() >= IMPORT_FILES_MAX || total_bytes > INPUT_BYTES_MAX {
                    return Err(too_large(&root.display().to_string()));
                }
                files.push(TransferFile { path, text });
            }
        }
    }
    if files.is_empty() {
        return Err(Failure::usage(
            "nothing_to_import",
            format!("There is no Markdown file under {}.", root.display()),
        ));
    }
    files.sort_by(|first, second| first.path.cmp(&second.path));
    Ok(files)
}

fn read(reader: impl Read, what: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    reader
        .take(INPUT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::error("input_failed", format!("Reading {what}: {error}.")))?;
    if bytes.len() as u64 > INPUT_BYTES_MAX {
        return Err(too_large(what));
    }
    String::from_utf8(bytes)
        .map_err(|_| Failure::usage("not_utf8", format!("The text in {what} is not UTF-8.")))
}

fn too_large(what: &str) -> Failure {
    Failure::usage(
        "too_large",
        format!("There is more than {INPUT_BYTES_MAX} bytes in {what}."),
    )
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("{} cannot be read: {error}.", path.display());
    if error.kind() == std::io::ErrorKind::NotFound {
        Failure::not_found("file_not_found", message)
    } else {
        Failure::error("input_failed", message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_markdown_in_order_and_nothing_hidden_or_linked() {
        let root = tempfile::tempdir().expect("folder");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("parent")).expect("folders");
            fs::write(path, text).expect("file");
        };
        write("questions.md", "q");
        write("goals/b.md", "b");
        write("goals/a.md", "a");
        write("goals/picture.png", "p");
        write(".git/x.md", "x");
        std::os::unix::fs::symlink("/etc/hostname", root.path().join("link.md")).expect("link");
        let files = folder(root.path()).expect("reads");
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["goals/a.md", "goals/b.md", "questions.md"]);
    }

    #[test]
    fn what_is_not_there_or_not_text_is_said_so() {
        let root = tempfile::tempdir().expect("folder");
        let code = |result: Result<String, Failure>| result.expect_err("fails").code;
        assert_eq!(
            code(file_or_stdin(&root.path().join("none"))),
            "file_not_found"
        );
        fs::write(root.path().join("bad"), b"\xff").expect("file");
        assert_eq!(code(file_or_stdin(&root.path().join("bad"))), "not_utf8");
        assert_eq!(
            folder(root.path()).expect_err("empty").code,
            "nothing_to_import"
        );
    }
}
