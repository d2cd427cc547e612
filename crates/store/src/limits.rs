//! The limits of the store, each with its reason.

/// Longest key of a record, in bytes. Keys are ids and short paths; 1 KiB leaves room for several
/// of them joined together.
pub const KEY_BYTES_MAX: usize = 1024;

/// Largest value of a record or stream entry, in bytes. A value is sealed and opened whole in
/// memory, so this bounds what one read costs; a serialised search index is the largest thing kept.
pub const VALUE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Most writes in one commit. One transaction holds its pages in memory until it is durable.
pub const COMMIT_WRITES_MAX: usize = 100_000;

/// Most scopes in one home. Each has a key file and a tally that are held in memory while the store
/// is open; a person keeps some hundreds of notebooks at the most.
pub const SCOPES_MAX: usize = 10_000;

/// Most damages that a report lists one by one. Beyond this they are only counted, so that a
/// wholly destroyed store does not fill the memory with its own report.
pub const DAMAGES_LISTED_MAX: usize = 1_000;

/// Rows of a stream that one step of a verification opens. A row is a single entry or about [`BLOCK_BYTES_AIM`] of them, so
/// this is some 8 MiB, and whoever waits for the store in between waits for a few hundredths of a second.
pub const VERIFY_ROWS_AT_ONCE: i64 = 256;

/// Largest key file that is read, in bytes. Real ones are below 200 bytes; the limit keeps a
/// replaced file from being read into memory without end.
pub const KEY_FILE_BYTES_MAX: u64 = 4 * 1024;

/// Most memory that a key file may ask Argon2 for, in KiB. A damaged or planted file must not be
/// able to exhaust the machine before anything in it was checked.
pub const KDF_MEMORY_KIB_MAX: u32 = 1024 * 1024;

/// Most passes that a key file may ask Argon2 for, for the same reason.
pub const KDF_PASSES_MAX: u32 = 16;

/// Most lanes that a key file may ask Argon2 for, for the same reason.
pub const KDF_LANES_MAX: u32 = 8;

/// Most words of a search query that are used. Nobody types more, and each word is one more list
/// to intersect.
pub const SEARCH_WORDS_MAX: usize = 32;

/// Longest search query that is looked at, in bytes.
pub const SEARCH_QUERY_BYTES_MAX: usize = 1024;

/// Most hits that one search returns.
pub const SEARCH_HITS_MAX: usize = 500;

/// Bytes of entries that go into one row of a stream where many are added at once. To read one of them opens all of
/// its row, which takes as long as opening three rows of one.
pub const BLOCK_BYTES_AIM: usize = 32 * 1024;

/// Entries that have to be added at once to go into one row: fewer are somebody's writing, and a damaged row costs
/// one of them.
pub const BLOCK_ENTRIES_MIN: usize = 16;

/// Entries that go into one row of a stream where they were emptied: each takes four bytes there.
pub const BLANK_ENTRIES_AIM: usize = 4_096;

/// Longest word of the index, in characters as a reader sees them; the rest is another word. Longer
/// ones are keys and addresses that nobody types, and each would be kept whole.
pub const SEARCH_WORD_CLUSTERS_MAX: usize = 64;

/// Most longer words that a word is looked for in. Beyond that it is no help to find it.
pub const SEARCH_COMPOUNDS_MAX: u32 = 64;

/// How much of a text is looked at for the part that is shown, in bytes, so that a hit in an
/// endless text costs no more than a page of it.
pub const SNIPPET_BYTES_LOOKED_AT_MAX: usize = 64 * 1024;
