//! Every limit of the notebook, each with its reason.
//!
//! They bind what is written here. Readers accept whatever arrived, because another member's
//! document cannot be sent back; there the bounds of the change scan apply.

/// Characters of a title: it must fit a line of a list, with room to spare.
pub const TITLE_CHARS_MAX: usize = 300;

/// Bytes of one field of text other than the notes: a page of prose, and small enough that a change
/// that holds it stays below [`CHANGE_BYTES_MAX`].
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a signed statement that is kept: a certificate of everything a notebook can hold fits.
pub const STATEMENT_BYTES_MAX: usize = 128 * 1024;

/// Bytes of one session's notes: about two hundred pages. Beyond it each keystroke would take tens of
/// milliseconds to apply.
pub const NOTES_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a person reference, a zone name or another identifier that stands in a key.
pub const NAME_BYTES_MAX: usize = 200;

/// Bytes of a link: what browsers and servers take without complaint.
pub const LINK_BYTES_MAX: usize = 2_000;

/// Characters of a tag: it stands in a key, and beside others on a line.
pub const TAG_CHARS_MAX: usize = 40;

/// Tags that one command may name; more would be a mistake of a script.
pub const TAGS_MAX: usize = 50;

/// Bytes of a template: many times the longest that comes with the program.
pub const TEMPLATE_BYTES_MAX: usize = 64 * 1024;

/// Characters of a template's name: it is typed in commands and stands in lists.
pub const TEMPLATE_NAME_CHARS_MAX: usize = 40;

/// Agenda items of a template: a session with more is none that anybody keeps to.
pub const TEMPLATE_ITEMS_MAX: usize = 50;

/// Prompts of one agenda item: more is a questionnaire.
pub const TEMPLATE_PROMPTS_MAX: usize = 20;

/// Slots that are looked at for the next session of a series. The first estimate is exact for days and weeks;
/// for months it is a month off every five years.
pub const SERIES_STEPS_MAX: usize = 100;

/// Hours after which anybody makes the next session of a series, and not only whoever made the last one: a
/// day, so that it is there before it is needed, and made once as a rule.
pub const SERIES_GRACE_HOURS: i64 = 24;

/// Seconds after which a stage of a circle may be over. Whoever asks for the next one sooner has not seen that
/// somebody else just did.
pub const CIRCLE_SECONDS_MIN: i64 = 5;

/// Operations of one change that is written here. The scan refuses more than 50,000; half of it leaves
/// room for the last edit of a batch.
pub const CHANGE_OPERATIONS_MAX: usize = 20_000;

/// Maps, lists and texts that one change makes. The scan refuses more than 10,000.
pub const CHANGE_OBJECTS_MAX: usize = 5_000;

/// Bytes of values in one change that is written here. The scan refuses a change of more than 256 KiB;
/// half of it leaves room for keys, columns and the last value.
pub const CHANGE_BYTES_MAX: usize = 128 * 1024;

/// Bytes of one string that an import may bring: with it a change still stays below 256 KiB.
pub const IMPORT_STRING_BYTES_MAX: usize = CHANGE_BYTES_MAX;

/// Bytes of one file that is imported: ten years of a busy notebook are about a tenth of it.
pub const IMPORT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Objects that one import may bring, so that a crafted file cannot fill the notebook.
pub const IMPORT_OBJECTS_MAX: usize = 100_000;

/// Levels of maps and lists that are read or written. The change scan allows 64; what is nested deeper
/// is left out.
pub const DEPTH_MAX: usize = 48;

/// Key results of an OKR goal: fewer than 2 is a plain goal, more than 5 is no focus.
pub const KEY_RESULTS_MIN: usize = 2;
/// The most key results of an OKR goal, see [`KEY_RESULTS_MIN`].
pub const KEY_RESULTS_MAX: usize = 5;

/// Minutes of a session or an agenda item: a whole day.
pub const MINUTES_MAX: u32 = 24 * 60;

/// Units of a recurrence (`every 99w`): two years of weeks, and small enough for date arithmetic.
pub const EVERY_COUNT_MAX: u32 = 99;

/// Steps from phase to phase that a timeline tells, the newest ones: a relationship has a handful, and each costs a look
/// into the history, which a member who goes back and forth by the thousand must not make long.
pub const TIMELINE_PHASES_MAX: usize = 200;

/// People on one list of owners or attendees: the largest group that is supported, thrice.
pub const PEOPLE_MAX: usize = 100;

/// Held sessions that carry-over looks back on. Each one's document has to be opened; what nobody
/// took up in this many meetings is not going to be taken up by being listed again.
pub const CARRY_SESSIONS_MAX: usize = 12;

/// Items of one list in `today`, so that a neglected notebook does not bury what matters.
pub const TODAY_ITEMS_MAX: usize = 50;

/// Lines that may differ when two texts are compared. Beyond it the differing middle is replaced whole:
/// the time grows with the square, and a text with that many changes is another text.
pub const DIFF_LINE_STEPS_MAX: usize = 1_000;

/// Words that may differ within one run of changed lines. There can be a thousand such runs, so the bound
/// is lower than that of [`DIFF_LINE_STEPS_MAX`].
pub const DIFF_WORD_STEPS_MAX: usize = 200;

/// Disputed fields that one answer lists. Nobody chooses more than that in one go, and a member who makes them
/// by the thousand must not fill the screen of the others.
pub const CONFLICTS_MAX: usize = 1_000;

/// Changes that a restore may name: more devices than write at once, twice, for both documents of a session.
pub const RESTORE_CHANGES_MAX: usize = 100;

/// Heads that a caller may name as the base of an edit: more concurrent writers than a notebook has.
pub const BASE_HEADS_MAX: usize = 1_000;

/// Edits of the notes that a window sends at once: it gathers what is typed while an answer is on its way, and each is
/// one spot. After hours without the node it sends the rest next.
pub const LIVE_EDITS_MAX: usize = 512;

/// Replacements that bring a window up to date one by one, so that cursors stay where they are; where there are more,
/// the texts are compared instead.
pub const LIVE_PATCHES_MAX: usize = 500;

/// Changes of this device that are looked at for one whose answer got lost: a window sends the next only once it has
/// heard of the last, so a few per window may have come since.
pub const LIVE_OWN_CHANGES_MAX: usize = 64;

/// Longest file that hangs on a notebook: an hour of film. The same bound as among devices.
pub const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// Longest name of a file, in bytes: file systems take 255, and a copy gets a number behind it.
pub const FILE_NAME_BYTES_MAX: usize = 200;

/// Characters of a value that is quoted in a line of history.
pub const QUOTE_CHARS_MAX: usize = 60;

/// Lines of history that one comparison returns.
pub const CHANGE_LINES_MAX: usize = 1_000;

/// Bytes of an agreement's text as it is signed: ten pages, and small enough that the change that keeps a
/// version stays below [`CHANGE_BYTES_MAX`].
pub const AGREEMENT_BYTES_MAX: usize = 64 * 1024;

/// Signatures of one person that are looked at, the latest first. Nobody signs one relationship's agreement
/// more often than that, and each that is looked at costs a look into the history.
pub const SIGNATURES_MAX: usize = 100;

/// Signatures whose text was removed from the document, and is looked for in the history: each costs a look
/// at the whole index as it was.
pub const REMOVED_TEXTS_MAX: usize = 10;

/// People named in one sealed exchange: the largest group that is supported.
pub const EXCHANGE_PEOPLE_MAX: usize = 30;

/// Openings of one sealed exchange that are judged; each costs a look into the history. Honest people open
/// once, or once more where an opening came too early.
pub const OPENINGS_MAX: usize = 4 * EXCHANGE_PEOPLE_MAX;

/// Most reminders of one kind that a notebook gives at a time, and as many that are to come; nobody reads more, and whoever
/// floods a notebook floods no screen.
pub const REMINDERS_MAX: usize = 50;
