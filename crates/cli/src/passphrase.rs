//! Where the passphrase comes from: a command, a file or a variable that the person named, else a
//! prompt on the terminal. Never the argument list, which every user of the machine can read.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use hearth_node::api::{Exit, Failure, PassphraseSource, Secret};
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::interrupt::HeldInterrupts;

/// The longest passphrase that is read; more is a wrong file.
const PASSPHRASE_BYTES_MAX: u64 = 4096;

/// Which passphrase a prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Existing,
    Fresh,
    Again,
}

/// Asks the person who sits at the terminal.
trait Prompt {
    fn ask(&mut self, asked: Asked) -> std::io::Result<String>;
}

/// The variables that may provide a passphrase.
#[derive(Debug, Clone, Copy)]
struct Variables {
    file: &'static str,
    text: &'static str,
}

const EXISTING: Variables = Variables {
    file: "HEARTH_PASSPHRASE_FILE",
    text: "HEARTH_PASSPHRASE",
};
const REPLACEMENT: Variables = Variables {
    file: "HEARTH_NEW_PASSPHRASE_FILE",
    text: "HEARTH_NEW_PASSPHRASE",
};

/// The passphrases of one run of the command.
pub(crate) struct Passphrases {
    environment: Environment,
    command: Option<String>,
    replacing: bool,
    prompt: Option<Box<dyn Prompt>>,
}

impl Passphrases {
    /// Prepares to ask; nothing is read yet. `may_prompt` is false with `--no-input`.
    pub(crate) fn new(environment: &Environment, command: Option<&str>, may_prompt: bool) -> Self {
        // Prompts are written to the terminal that stderr shows, and read from it even where
        // stdin carries content.
        let prompt = (may_prompt && environment.terminal_stderr)
            .then(|| Box::new(Terminal) as Box<dyn Prompt>);
        Self {
            environment: environment.clone(),
            command: command.map(str::to_owned),
            replacing: false,
            prompt,
        }
    }

    /// Makes the fresh passphrase one that replaces the existing one, with variables of its own.
    pub(crate) fn replacing(mut self) -> Self {
        self.replacing = true;
        self
    }

    fn provided(&self, variables: Variables) -> Result<Option<Secret>, Failure> {
        if let Some(path) = self.environment.variable(variables.file) {
            return read_file(Path::new(path), variables.file).map(Some);
        }
        if let Some(text) = self.environment.variable(variables.text) {
            let text = text.to_str().ok_or_else(|| {
                Failure::usage(
                    "passphrase_invalid",
                    format!("{} is not UTF-8.", variables.text),
                )
            })?;
            return secret(text.to_owned()).map(Some);
        }
        Ok(None)
    }

    fn prompt(&mut self, asked: Asked) -> Result<Secret, Failure> {
        let Some(prompt) = &mut self.prompt else {
            return Err(needed(asked));
        };
        let typed = prompt.ask(asked).map_err(|error| match error.kind() {
            std::io::ErrorKind::Interrupted => {
                Failure::new(Exit::Interrupted, "interrupted", "Interrupted.")
            }
            _ => Failure::error("prompt_failed", format!("The prompt failed: {error}.")),
        })?;
        secret(typed)
    }
}

impl PassphraseSource for Passphrases {
    fn existing(&mut self) -> Result<Secret, Failure> {
        if let Some(command) = &self.command {
            return run(command);
        }
        match self.provided(EXISTING)? {
            Some(passphrase) => Ok(passphrase),
            None => self.prompt(Asked::Existing),
        }
    }

    fn fresh(&mut self) -> Result<Secret, Failure> {
        let provided = if self.replacing {
            self.provided(REPLACEMENT)?
        } else if let Some(command) = &self.command {
            Some(run(command)?)
        } else {
            self.provided(EXISTING)?
        };
        if let Some(passphrase) = provided {
            return Ok(passphrase);
        }
        let first = self.prompt(Asked::Fresh)?;
        let again = self.prompt(Asked::Again)?;
        if first == again {
            Ok(first)
        } else {
            Err(Failure::usage(
                "passphrases_differ",
                "The two passphrases are not the same.",
            )
            .with_hint("Nothing was changed; run the command again."))
        }
    }
}

struct Terminal;

impl Prompt for Terminal {
    fn ask(&mut self, asked: Asked) -> std::io::Result<String> {
        let _held = HeldInterrupts::new();
        rpassword::prompt_password(match asked {
            Asked::Existing => "Passphrase: ",
            Asked::Fresh => "New passphrase: ",
            Asked::Again => "The same again: ",
        })
    }
}

fn needed(asked: Asked) -> Failure {
    let (what, variables) = match asked {
        Asked::Existing => ("The passphrase", EXISTING),
        Asked::Fresh | Asked::Again => ("A new passphrase", REPLACEMENT),
    };
    let failure = Failure::usage(
        "passphrase_needed",
        format!("{what} is needed and nobody can be asked: there is no terminal."),
    );
    failure.with_hint(match asked {
        Asked::Existing => format!(
            "Set {} or {}, or give --passphrase-command.",
            variables.file, variables.text
        ),
        Asked::Fresh | Asked::Again => format!(
            "Set {} or {} (for `passphrase change`: {} or {}).",
            EXISTING.file, EXISTING.text, variables.file, variables.text
        ),
    })
}

/// Takes a passphrase without the line end that files and commands put after it.
fn secret(mut text: String) -> Result<Secret, Failure> {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(Failure::usage(
            "passphrase_empty",
            "The passphrase is empty.",
        ));
    }
    Ok(Secret::new(text))
}

fn read_file(path: &Path, variable: &str) -> Result<Secret, Failure> {
    let file = File::open(path).map_err(|error| {
        Failure::usage(
            "passphrase_file",
            format!(
                "{} of {variable} cannot be opened: {error}.",
                path.display()
            ),
        )
    })?;
    read_bounded(file, &format!("{} of {variable}", path.display()))
}

fn run(command: &str) -> Result<Secret, Failure> {
    let failed = |why: String| {
        Failure::usage(
            "passphrase_command",
            format!("The passphrase command failed: {why}."),
        )
    };
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let passphrase = match child.stdout.take() {
        Some(stdout) => read_bounded(stdout, "The passphrase command's output"),
        None => Err(failed("it has no output".to_owned())),
    };
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    passphrase
}

fn read_bounded(reader: impl Read, what: &str) -> Result<Secret, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    reader
        .take(PASSPHRASE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage("passphrase_unreadable", format!("{what}: {error}.")))?;
    if bytes.len() as u64 > PASSPHRASE_BYTES_MAX {
        return Err(Failure::usage(
            "passphrase_too_long",
            format!("{what} holds more than {PASSPHRASE_BYTES_MAX} bytes."),
        ));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::usage("passphrase_invalid", format!("{what} is not UTF-8.")))?;
    secret(text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io::Write;

    use super::*;

    struct Typing(VecDeque<&'static str>);

    impl Prompt for Typing {
        fn ask(&mut self, _: Asked) -> std::io::Result<String> {
            self.0
                .pop_front()
                .map(str::to_owned)
                .ok_or(std::io::ErrorKind::Interrupted.into())
        }
    }

    fn sources(environment: Environment, command: Option<&str>) -> Passphrases {
        Passphrases::new(&environment, command, true)
    }

    fn typing(lines: &[&'static str]) -> Passphrases {
        let mut sources = sources(Environment::default(), None);
        sources.prompt = Some(Box::new(Typing(lines.iter().copied().collect())));
        sources
    }

    fn exposed(secret: Result<Secret, Failure>) -> Result<String, String> {
        secret
            .map(|secret| secret.expose().to_owned())
            .map_err(|failure| failure.code)
    }

    #[test]
    fn a_command_comes_first_then_a_file_then_a_variable() {
        let mut file = tempfile::NamedTempFile::new().expect("temporary file");
        file.write_all(b" from file \r\n").expect("writes");
        let mut environment = Environment::default().with("HEARTH_PASSPHRASE", "from variable");
        assert_eq!(
            exposed(sources(environment.clone(), None).existing()),
            Ok("from variable".into())
        );
        environment = environment.with("HEARTH_PASSPHRASE_FILE", file.path());
        assert_eq!(
            exposed(sources(environment.clone(), None).existing()),
            Ok(" from file ".into())
        );
        let command = Some("printf 'from command\\n'");
        assert_eq!(
            exposed(sources(environment, command).existing()),
            Ok("from command".into())
        );
    }

    #[test]
    fn a_source_that_fails_is_named_and_nothing_else_is_tried() {
        let environment = Environment::default().with("HEARTH_PASSPHRASE", "from variable");
        let failing = sources(environment.clone(), Some("echo x; exit 3")).existing();
        assert_eq!(exposed(failing), Err("passphrase_command".into()));
        let missing = environment.with("HEARTH_PASSPHRASE_FILE", "/nowhere/at/all");
        assert_eq!(
            exposed(sources(missing, None).existing()),
            Err("passphrase_file".into())
        );
        let long = sources(Environment::default(), Some("head -c 5000 /dev/zero")).existing();
        assert_eq!(exposed(long), Err("passphrase_too_long".into()));
        let empty = sources(Environment::default(), Some("true")).existing();
        assert_eq!(exposed(empty), Err("passphrase_empty".into()));
    }

    #[test]
    fn without_a_terminal_the_failure_names_the_ways() {
        let failure = sources(Environment::default(), None)
            .existing()
            .expect_err("nobody to ask");
        assert_eq!(failure.exit, Exit::Usage);
        insta::assert_snapshot!(
            format!("{}\n{}", failure.message, failure.hint.unwrap_or_default()),
            @r"
        The passphrase is needed and nobody can be asked: there is no terminal.
        Set HEARTH_PASSPHRASE_FILE or HEARTH_PASSPHRASE, or give --passphrase-command.
        "
        );
    }

    #[test]
    fn no_input_never_prompts() {
        let environment = Environment::terminal();
        let mut sources = Passphrases::new(&environment, None, false);
        assert_eq!(exposed(sources.existing()), Err("passphrase_needed".into()));
    }

    #[test]
    fn a_new_passphrase_is_typed_twice() {
        assert_eq!(exposed(typing(&["one", "one"]).fresh()), Ok("one".into()));
        assert_eq!(
            exposed(typing(&["one", "two"]).fresh()),
            Err("passphrases_differ".into())
        );
        assert_eq!(exposed(typing(&["one"]).fresh()), Err("interrupted".into()));
    }

    #[test]
    fn a_replacement_never_comes_from_where_the_old_one_does() {
        let environment = Environment::default().with("HEARTH_PASSPHRASE", "old");
        let mut sources = sources(environment.clone(), None).replacing();
        assert_eq!(exposed(sources.fresh()), Err("passphrase_needed".into()));
        let environment = environment.with("HEARTH_NEW_PASSPHRASE", "new");
        let mut sources = Passphrases::new(&environment, None, true).replacing();
        assert_eq!(exposed(sources.existing()), Ok("old".into()));
        assert_eq!(exposed(sources.fresh()), Ok("new".into()));
    }
}
