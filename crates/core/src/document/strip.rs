//! Leaves out of a change what its reader knows already, and puts it back byte for byte.
//!
//! A keystroke is a change of about a hundred bytes, most of which repeat the change before it.
//! The short form keeps what is new; the writer proves that the exact bytes come back and falls
//! back to the whole chunk where they do not. Layout, numbers in LEB128:
//!
//! | part | present |
//! | --- | --- |
//! | form: the bits below; zero and then the whole chunk for the long form | always |
//! | seq | without `FOLLOWS` |
//! | count and hashes of the dependencies, the previous change not repeated | with `DEPENDENCIES` |
//! | counter of the first operation | with `START` |
//! | seconds since the previous change, signed | always |
//! | length and bytes of the message | with `MESSAGE` |
//! | count and ids of the other actors | with `ACTORS` |
//! | the columns: all of them, or with `ROW` those of a single operation | always |

use automerge::ChangeHash;

use crate::ids::ActorId;

use super::columns::Columns;
use super::leb::{Bytes, Malformed, write_signed, write_unsigned};
use super::limits::{CHANGE_ACTORS_MAX, CHANGE_DEPENDENCIES_MAX};
use super::open::LastChange;
use super::scan::{Change, Head, ScanError, close_chunk, scan, scan_content, split};

const WHOLE: u8 = 0;
const STRIPPED: u8 = 1;
/// The change follows the previous one: its number is the next, and it depends on it.
const FOLLOWS: u8 = 1 << 1;
/// It has dependencies besides the previous change.
const DEPENDENCIES: u8 = 1 << 2;
/// Its operations are not numbered from the end of the previous change.
const START: u8 = 1 << 3;
/// It has a message.
const MESSAGE: u8 = 1 << 4;
/// It refers to other actors than the previous change does.
const ACTORS: u8 = 1 << 5;
/// It has one operation, whose columns are written without their run lengths.
const ROW: u8 = 1 << 6;

/// What the reader of a change knows before reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The actor that belongs to the log.
    pub actor: ActorId,
    /// The log's previous change to the same document, where there is one.
    pub previous: Option<LastChange>,
}

impl Context {
    /// Before the actor's first change to a document.
    pub const fn first(actor: ActorId) -> Self {
        Self {
            actor,
            previous: None,
        }
    }

    /// Behind a change: the context of the same actor's next one.
    pub fn after(change: &Change) -> Self {
        let facts = change.facts();
        Self {
            actor: facts.actor,
            previous: Some(LastChange::of(facts)),
        }
    }

    fn seq(&self) -> u64 {
        self.previous
            .as_ref()
            .map_or(1, |previous| previous.seq.saturating_add(1))
    }

    fn start_op(&self) -> u64 {
        self.previous
            .as_ref()
            .map_or(1, |previous| previous.max_op.saturating_add(1))
    }

    fn timestamp(&self) -> i64 {
        self.previous
            .as_ref()
            .map_or(0, |previous| previous.timestamp)
    }

    fn hash(&self) -> Option<ChangeHash> {
        self.previous.as_ref().map(|previous| previous.hash)
    }

    fn others(&self) -> &[ActorId] {
        self.previous
            .as_ref()
            .map_or(&[], |previous| &previous.others)
    }
}

/// Why a stripped change cannot be put together again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// A form of a newer version of the program.
    #[error("this form of a change is unknown, a newer version of the program may read it")]
    UnknownForm(u8),
    /// The parts are cut short or not in their shortest form.
    #[error("the short form of a change is malformed")]
    Malformed,
    /// What was put together does not pass the scan.
    #[error(transparent)]
    Scan(#[from] ScanError),
}

impl From<Malformed> for RestoreError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Writes a change in its shortest form for a reader who knows `context`.
///
/// [`restore`] with the same context gives the change back; that was tried before this returns.
pub fn strip(change: &Change, context: &Context) -> Vec<u8> {
    if let Some(stripped) = shorten(change, context)
        && stripped.len() <= change.bytes().len()
        && rebuild(&stripped, context).is_ok_and(|content| close_chunk(&content) == change.bytes())
    {
        return stripped;
    }
    whole(change)
}

/// Writes a change like [`strip`], without trying whether it comes back: for whoever compares the result with
/// what [`strip`] once gave.
pub(crate) fn strip_again(change: &Change, context: &Context) -> Vec<u8> {
    shorten(change, context)
        .filter(|stripped| stripped.len() <= change.bytes().len())
        .unwrap_or_else(|| whole(change))
}

fn whole(change: &Change) -> Vec<u8> {
    let mut whole = Vec::with_capacity(change.bytes().len() + 1);
    whole.push(WHOLE);
    whole.extend_from_slice(change.bytes());
    whole
}

/// Puts a change together from its short form and scans it.
///
/// # Errors
/// [`RestoreError`] says what is wrong with the bytes. With another context than the writer's the
/// result is an error, or a change that its place in the history does not fit.
pub fn restore(bytes: &[u8], context: &Context) -> Result<Change, RestoreError> {
    match bytes.split_first() {
        Some((&WHOLE, chunk)) => Ok(scan(chunk)?),
        _ => Ok(scan_content(&rebuild(bytes, context)?)?),
    }
}

fn shorten(change: &Change, context: &Context) -> Option<Vec<u8>> {
    let (head, columns) = split(change.bytes()).ok()?;
    if head.actor != context.actor {
        return None;
    }
    let mut form = STRIPPED;
    let mut out = vec![form];
    let follows = head.seq == context.seq()
        && context
            .hash()
            .is_none_or(|previous| head.deps.binary_search(&previous).is_ok());
    if follows {
        form |= FOLLOWS;
    } else {
        write_unsigned(&mut out, head.seq);
    }
    let known = context.hash().filter(|_| follows);
    let besides = || head.deps.iter().filter(|dep| Some(**dep) != known);
    if besides().next().is_some() {
        form |= DEPENDENCIES;
        write_unsigned(&mut out, besides().count() as u64);
        for dep in besides() {
            out.extend_from_slice(&dep.0);
        }
    }
    if head.start_op != context.start_op() {
        form |= START;
        write_unsigned(&mut out, head.start_op);
    }
    write_signed(&mut out, head.timestamp.checked_sub(context.timestamp())?);
    if !head.message.is_empty() {
        form |= MESSAGE;
        write_unsigned(&mut out, head.message.len() as u64);
        out.extend_from_slice(head.message);
    }
    if head.others != context.others() {
        form |= ACTORS;
        write_unsigned(&mut out, head.others.len() as u64);
        for other in &head.others {
            out.extend_from_slice(other.as_bytes());
        }
    }
    match columns.to_row().filter(|_| change.facts().op_count == 1) {
        Some(row) => {
            form |= ROW;
            out.extend_from_slice(&row);
        }
        None => columns.write_short(&mut out),
    }
    if let Some(first) = out.first_mut() {
        *first = form;
    }
    Some(out)
}

/// Puts the content of a change together, without the chunk around it.
fn rebuild(bytes: &[u8], context: &Context) -> Result<Vec<u8>, RestoreError> {
    let mut reader = Bytes::new(bytes);
    let form = reader.byte()?;
    if form & STRIPPED == 0 || form & (1 << 7) != 0 {
        return Err(RestoreError::UnknownForm(form));
    }
    let follows = form & FOLLOWS != 0;
    let seq = if follows {
        context.seq()
    } else {
        reader.unsigned()?
    };
    let mut deps: Vec<ChangeHash> = context.hash().filter(|_| follows).into_iter().collect();
    if form & DEPENDENCIES != 0 {
        for _ in 0..count(&mut reader, CHANGE_DEPENDENCIES_MAX)? {
            deps.push(ChangeHash(reader.array()?));
        }
        deps.sort_unstable();
    }
    let start_op = if form & START != 0 {
        reader.unsigned()?
    } else {
        context.start_op()
    };
    let delta = reader.signed()?;
    let timestamp = context
        .timestamp()
        .checked_add(delta)
        .ok_or(RestoreError::Malformed)?;
    let message = if form & MESSAGE != 0 {
        reader.prefixed()?
    } else {
        &[]
    };
    let others = if form & ACTORS != 0 {
        let count = count(&mut reader, CHANGE_ACTORS_MAX)?;
        (0..count)
            .map(|_| reader.array().map(ActorId::from_bytes))
            .collect::<Result<_, _>>()?
    } else {
        context.others().to_vec()
    };
    let head = Head {
        deps,
        actor: context.actor,
        seq,
        start_op,
        timestamp,
        message,
        others,
    };
    let mut content = Vec::with_capacity(bytes.len() + 160);
    head.write(&mut content);
    if form & ROW != 0 {
        Columns::restore_row(&mut reader, &mut content)?;
    } else {
        Columns::read_short(&mut reader)?.write(&mut content);
    }
    if reader.is_empty() {
        Ok(content)
    } else {
        Err(RestoreError::Malformed)
    }
}

fn count(reader: &mut Bytes<'_>, limit: usize) -> Result<usize, Malformed> {
    let count = usize::try_from(reader.unsigned()?).map_err(|_| Malformed)?;
    if count <= limit {
        Ok(count)
    } else {
        Err(Malformed)
    }
}
