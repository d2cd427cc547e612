//! Every bound of the page, with its reason.

use std::time::Duration;

/// Bytes of a form: the notes of a long session and then some; what is larger is refused before it is read.
pub(crate) const FORM_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a backup that is brought back in the browser: more than the notebooks of a lifetime with their files. The command
/// reads a larger one where it lies.
pub(crate) const BACKUP_BYTES_MAX: u64 = 32 * 1024 * 1024 * 1024;
/// How long a backup that was sent and not brought back lies beside the home, after its last piece or the last look at it.
pub(crate) const BACKUP_LIES_FOR: Duration = Duration::from_secs(30 * 60);
/// Fields of a form: the largest has a few dozen.
pub(crate) const FIELDS_MAX: usize = 512;
/// Browsers that are let in at once; the one that was used longest ago makes room.
pub(crate) const SESSIONS_MAX: usize = 16;
/// Links that were made and not opened yet; the oldest makes room.
pub(crate) const LAUNCHES_MAX: usize = 8;
/// Random bytes of a launch token, a cookie and a form's token: nobody guesses 256 bits.
pub(crate) const TOKEN_BYTES: usize = 32;
/// How long the page stays open while nobody uses it, where a passphrase can open it again.
pub(crate) const IDLE_LOCK: Duration = Duration::from_secs(15 * 60);
/// How long a passphrase that was just given stands for the next act that asks for it.
pub(crate) const CONFIRMED_FOR: Duration = Duration::from_secs(5 * 60);
/// Passphrases that are tried at a time, over all browsers: each takes a second and 256 MiB.
pub(crate) const PASSPHRASE_TRIES_AT_ONCE: usize = 1;
/// Streams that are open at once: a browser opens one for each of its windows.
pub(crate) const STREAMS_MAX: usize = 64;
/// Connections that are open at once: a browser opens six at most for all of its windows.
pub(crate) const CONNECTIONS_MAX: usize = 128;
/// How often a stream looks how the peers stand, which no entry announces.
pub(crate) const PEERS_LOOK: Duration = Duration::from_secs(5);
/// What windows may still have to be told that they hear of from the page alone: a window that missed more asks anew.
pub(crate) const UNTOLD_MAX: usize = 64;
/// How long one screen may wait for the engine; what takes longer says so instead.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// How long `join` and `device link` wait for the other side.
pub(crate) const PAIRING_TIMEOUT_MS: u64 = 60_000;
/// How long `sync` waits for peers.
pub(crate) const SYNC_TIMEOUT_MS: u64 = 10_000;
/// Hits of a search that one screen shows.
pub(crate) const ROWS_MAX: u32 = 100;
/// Changes that the history shows at a time: each is read out of its document.
pub(crate) const CHANGES_MAX: u32 = 40;
/// Sessions of a list that one screen shows: a year of them, once a week.
pub(crate) const SESSIONS_SHOWN_MAX: u32 = 60;
/// Levels of lists and quotes in a text that are drawn; deeper ones are drawn at this level.
pub(crate) const MARKDOWN_DEPTH_MAX: usize = 16;
/// How often the calendar feed answers within its window, whoever asks: calendar programs ask a few times an hour, and
/// each answer reads all notebooks.
pub(crate) const FEED_ANSWERS_MAX: u32 = 30;
/// The time in which those are counted.
pub(crate) const FEED_WINDOW: Duration = Duration::from_secs(60);
/// Bytes of the secret in the feed's address, which has 52; what is longer is none.
pub(crate) const FEED_TOKEN_BYTES_MAX: usize = 128;
