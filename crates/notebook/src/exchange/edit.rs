//! Starting an exchange, committing, opening, withdrawing.

use crate::Writer;
use crate::check;
use crate::documents::Documents;
use crate::error::{EditError, Invalid};
use crate::hash::{Commitment, Salt};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::EXCHANGE_PEOPLE_MAX;
use crate::people::PersonRef;
use crate::plan::{Plan, commit as carry_out};
use crate::record::Record;
use crate::word::ExchangeKind;

/// A new exchange.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct NewExchange {
    /// What it is about: a word of [`ExchangeKind`].
    pub kind: String,
    /// What it is called; by its kind where there is none.
    pub title: Option<String>,
    /// Who takes part besides the writer.
    pub with: Vec<PersonRef>,
}

/// Starts an exchange between the writer and others.
///
/// # Errors
/// [`EditError::Invalid`] for an unknown kind, a blank or long title, nobody else, or too many people.
pub fn start(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    new: &NewExchange,
) -> Result<ObjectId, EditError> {
    let kind = ExchangeKind::parse(&new.kind)?;
    let title = match &new.title {
        Some(title) => check::title("title", title)?,
        None => default_title(kind),
    };
    let mut people = new.with.clone();
    people.push(writer.me.clone());
    people.sort();
    people.dedup();
    if people.len() < 2 {
        return Err(Invalid::Empty {
            field: "list of other participants",
        }
        .into());
    }
    if people.len() > EXCHANGE_PEOPLE_MAX {
        return Err(Invalid::TooLong {
            field: "list of participants",
            max: EXCHANGE_PEOPLE_MAX,
            unit: "people",
        }
        .into());
    }
    let id = writer.new_id();
    let mut plan = Plan::default();
    let root = plan.root();
    let exchange = plan.map(root, Kind::Exchange.key(id));
    plan.put(exchange, "kind", kind.word());
    plan.put(exchange, "title", title);
    plan.put_people(exchange, "participant", &people);
    carry_out(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

fn default_title(kind: ExchangeKind) -> &'static str {
    match kind {
        ExchangeKind::Feedback => "Feedback for each other",
        ExchangeKind::Expectations => "What we expect",
        ExchangeKind::Rating => "How it is going",
    }
}

/// The words that are sealed, and a salt for them. The number of a rating stands on a line of its own before
/// its text.
///
/// # Errors
/// [`EditError::Invalid`] for an empty or long text, a rating that is none of 1 to 5, and a number where none
/// is asked for.
pub fn draft(
    writer: &mut Writer<'_>,
    kind: ExchangeKind,
    rating: Option<u8>,
    text: &str,
) -> Result<(Salt, String), EditError> {
    let words = match (kind, rating) {
        (ExchangeKind::Rating, Some(number @ 1..=5)) => {
            format!("{number}\n{}", check::text("text", text)?)
        }
        (ExchangeKind::Rating, _) => {
            return Err(Invalid::Range {
                field: "rating",
                min: 1.0,
                max: 5.0,
            }
            .into());
        }
        (_, Some(_)) => {
            return Err(Invalid::Shape {
                message: "only an exchange of ratings takes a number",
            }
            .into());
        }
        (_, None) => check::words("text", text)?.to_owned(),
    };
    Ok((writer.new_salt(), words))
}

/// Commits the writer to a text by its hash.
///
/// Whether the writer may, says [`ready_to_commit`](super::ready_to_commit).
///
/// # Errors
/// [`EditError::NotFound`].
pub fn commit(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    digest: Commitment,
) -> Result<ObjectId, EditError> {
    let commitment = writer.new_id();
    let mut plan = Plan::default();
    let exchange = plan.at(read(docs, id)?.obj);
    let entry = plan.map(exchange, Kind::Commitment.key(commitment));
    plan.put(entry, "digest", digest.0.to_vec());
    carry_out(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(commitment)
}

/// Opens a commitment of the writer's: from now on everybody in the notebook can read the text.
///
/// Which one, and whether the writer may, says [`ready_to_open`](super::ready_to_open).
///
/// # Errors
/// [`EditError::NotFound`].
pub fn open(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    commitment: ObjectId,
    salt: &Salt,
    words: &str,
) -> Result<(), EditError> {
    let mut plan = Plan::default();
    let exchange = plan.at(read(docs, id)?.obj);
    let entry = plan.map(exchange, Kind::Opening.key(writer.new_id()));
    plan.put(entry, "commitment", commitment.to_string());
    plan.put(entry, "salt", salt.0.to_vec());
    plan.put(entry, "words", words);
    carry_out(docs, DocumentId::INDEX, plan, writer.now)
}

/// Takes back a whole exchange. It counts only from whoever started it.
///
/// # Errors
/// [`EditError::NotFound`].
pub fn withdraw(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
) -> Result<(), EditError> {
    let mut plan = Plan::default();
    plan.set(&read(docs, id)?, "withdrawn", true);
    carry_out(docs, DocumentId::INDEX, plan, writer.now)
}

/// Takes back a commitment. It counts only from whoever made it.
///
/// # Errors
/// [`EditError::NotFound`].
pub fn withdraw_commitment(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    commitment: ObjectId,
) -> Result<(), EditError> {
    let mut plan = Plan::default();
    let exchange = read(docs, id)?;
    let entry = exchange.child(Kind::Commitment, commitment);
    let entry = entry.ok_or(EditError::NotFound {
        kind: Kind::Commitment,
        id: commitment,
    })?;
    plan.set(&entry, "withdrawn", true);
    carry_out(docs, DocumentId::INDEX, plan, writer.now)
}

fn read(docs: &mut dyn Documents, id: ObjectId) -> Result<Record<'_>, EditError> {
    docs.read(DocumentId::INDEX)?
        .and_then(|index| Record::keyed(index, &Kind::Exchange.key(id)))
        .ok_or(EditError::NotFound {
            kind: Kind::Exchange,
            id,
        })
}
