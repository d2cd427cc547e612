//! What `hearth watch` prints.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::node::end;
use crate::person::Person;
use crate::wait::{COMMAND_TIMEOUT, until};

/// A running `hearth watch --json`; killed by its own id when dropped.
#[derive(Debug)]
pub struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    /// Starts to watch a notebook, and waits until that is in force: own changes show it.
    #[track_caller]
    pub fn start(person: &Person, notebook: &str) -> Self {
        let mut child = person
            .command(&["watch", notebook])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("hearth runs");
        let stdout = child.stdout.take().expect("its standard output");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let watch = Self { child, lines };
        until("watch shows a change", COMMAND_TIMEOUT, || {
            person.ok(&["ask", notebook, "Is anybody watching?"]);
            watch.lines.recv_timeout(Duration::from_millis(200)).ok()
        });
        watch
    }

    /// Waits for a change that `fits`; returns it and how long it took to come.
    #[track_caller]
    pub fn next(
        &self,
        what: &str,
        timeout: Duration,
        fits: impl Fn(&Value) -> bool,
    ) -> (Value, Duration) {
        let began = Instant::now();
        loop {
            let left = timeout.saturating_sub(began.elapsed());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!(
                    "waited {} s in vain for this in watch: {what}",
                    timeout.as_secs()
                );
            };
            let document: Value = match serde_json::from_str(&line) {
                Ok(document) => document,
                Err(error) => panic!("watch printed no JSON ({error}): {line}"),
            };
            assert_eq!(document["ok"], Value::Bool(true), "{line}");
            if fits(&document["data"]) {
                return (document["data"].clone(), began.elapsed());
            }
        }
    }

    /// Waits for a change of an object with this title.
    #[track_caller]
    pub fn titled(&self, title: &str, timeout: Duration) -> (Value, Duration) {
        self.next(title, timeout, |change| change["title"] == title)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
