//! Reminders of a running node: on the desktop where there is one, otherwise on the terminal.
//!
//! The desktop is asked through `notify-send`, which every desktop with a session bus has or can have: a client of the
//! bus in this process would bring more code than all the rest of reminding.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::process::Command;

use crate::driver::Node;
use crate::service::{Reminders, Told, mark_reminded};

/// How often is looked whether something is to be shown. A look reads no document where nothing changed.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How long the desktop may take to show something.
const DESKTOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest line that is shown, in characters; a desktop shows no more.
const SHOWN_MAX: usize = 200;

/// Shows a reminder where no desktop does.
pub type OnReminder = Arc<dyn Fn(&Told) + Send + Sync>;

/// Shows what is due, for as long as the node runs.
pub(super) async fn remind(node: Node, on_terminal: OnReminder) {
    let mut reminders = Reminders::default();
    loop {
        let looked = node
            .work(move |host| {
                let found = reminders.look(host, Timestamp::now());
                (reminders, found)
            })
            .await;
        let Ok((kept, found)) = looked else {
            return;
        };
        reminders = kept;
        match found {
            Ok(found) => {
                for told in &found.told {
                    if !on_desktop(&told.words).await {
                        on_terminal(told);
                    }
                }
                let marked = node.work(move |host| mark_reminded(host, &found, Timestamp::now()));
                if let Ok(Err(failure)) = marked.await {
                    tracing::warn!(failure = %failure.message, "a reminder may be shown again");
                }
            }
            Err(failure) => {
                tracing::debug!(failure = %failure.message, "reminders cannot be looked for");
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Shows a line on the desktop. Says whether there is one that took it.
async fn on_desktop(words: &str) -> bool {
    if !has_session_bus() {
        return false;
    }
    // The summary is plain text to a desktop; the body might be read as markup.
    let shown = Command::new("notify-send")
        .args(["--app-name=Hearthside", "--icon=appointment-soon", "--"])
        .arg(plain(words))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status();
    matches!(tokio::time::timeout(DESKTOP_TIMEOUT, shown).await, Ok(Ok(status)) if status.success())
}

fn has_session_bus() -> bool {
    let is_named =
        std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|name| !name.is_empty());
    is_named
        || std::env::var_os("XDG_RUNTIME_DIR")
            .is_some_and(|folder| std::path::Path::new(&folder).join("bus").exists())
}

/// A line without what a desktop might obey or break.
fn plain(words: &str) -> String {
    let shown = words.chars().filter(|letter| !letter.is_control());
    shown.take(SHOWN_MAX).collect()
}
