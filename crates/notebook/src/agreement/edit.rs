//! Changing the agreement.

use automerge::{Automerge, ChangeHash, ObjId, ObjType, ReadDoc, Value};

use crate::Writer;
use crate::agreement::sign::too_long;
use crate::agreement::view::TITLE;
use crate::agreement::{Agreements, topic};
use crate::check;
use crate::documents::Documents;
use crate::error::EditError;
use crate::id::{DocumentId, Kind};
use crate::limits::AGREEMENT_BYTES_MAX;
use crate::plan::{Plan, Slot, commit};
use crate::record::Record;
use crate::text::{heads, merged, rewrite};
use crate::word::Topic;

/// What changes in one topic. What is absent stays; an empty text clears.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicEdit {
    /// The topic.
    pub topic: Topic,
    /// The writer's own answer.
    pub mine: Option<String>,
    /// What both agree on.
    pub consensus: Option<String>,
}

/// Changes the agreement, and begins it where there is none.
///
/// `base` is the version of the index that was edited, as [`form`](crate::agreement::form) names it: what
/// others wrote since then in the same consensus is kept. Without a base the texts are set.
///
/// # Errors
/// [`EditError::Invalid`] for a text that is too long, [`EditError::BaseUnknown`].
pub fn edit(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    edits: &[TopicEdit],
    base: &[String],
) -> Result<(), EditError> {
    for edit in edits {
        check::text("answer", edit.mine.as_deref().unwrap_or_default())?;
        check::text("consensus", edit.consensus.as_deref().unwrap_or_default())?;
    }
    let mut plan = Plan::default();
    match docs.read(DocumentId::INDEX)? {
        Some(index) if Agreements::read(index).first().is_some() => {
            let base = heads(index, base)?;
            change(&mut plan, index, writer, edits, &base)?;
        }
        _ => begin(&mut plan, writer, edits)?,
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Plans a new agreement, with a Text for every topic: made later and twice, one of two would be lost.
fn begin(plan: &mut Plan, writer: &mut Writer<'_>, edits: &[TopicEdit]) -> Result<(), EditError> {
    let said = |topic: Topic| {
        let consensus = edits.iter().find(|edit| edit.topic == topic);
        consensus
            .and_then(|edit| edit.consensus.clone())
            .unwrap_or_default()
    };
    check_size(said)?;
    let has_words =
        |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    if !edits
        .iter()
        .any(|edit| has_words(&edit.mine) || has_words(&edit.consensus))
    {
        return Ok(());
    }
    let root = plan.root();
    let agreement = plan.map(root, Kind::Agreement.key(writer.new_id()));
    plan.put(agreement, "title", TITLE);
    plan.put(agreement, "salt", writer.new_salt().0.to_vec());
    for topic in Topic::ALL {
        plan.text(agreement, topic.consensus_key(), &said(*topic));
    }
    for edit in edits {
        let mine = edit.mine.as_deref().filter(|text| !text.is_empty());
        plan.put_some(agreement, edit.topic.answer_key(writer.me.as_str()), mine);
    }
    Ok(())
}

fn change(
    plan: &mut Plan,
    index: &Automerge,
    writer: &mut Writer<'_>,
    edits: &[TopicEdit],
    base: &[ChangeHash],
) -> Result<(), EditError> {
    let agreements = Agreements::read(index);
    let Some((_, first)) = agreements.first() else {
        return Ok(());
    };
    if agreements.salt().is_none() {
        let slot = plan.at(first.obj.clone());
        plan.put(slot, "salt", writer.new_salt().0.to_vec());
    }
    let mut consensus: Vec<(Topic, String)> = Vec::new();
    for edit in edits {
        if let Some(text) = &edit.mine {
            own_answer(
                plan,
                &agreements,
                edit.topic,
                writer.me.as_str(),
                text,
                base,
            );
        }
        if let Some(text) = &edit.consensus {
            let text = resulting(index, &agreements, edit.topic, text, base)?;
            consensus.push((edit.topic, text));
        }
    }
    check_size(|topic| {
        let edited = consensus.iter().find(|(edited, _)| *edited == topic);
        edited.map_or_else(|| agreements.consensus(topic), |(_, text)| text.clone())
    })?;
    for (topic, text) in &consensus {
        if agreements.consensus(*topic) != *text {
            set_consensus(plan, &agreements, *topic, text);
        }
    }
    Ok(())
}

/// The consensus that results when the edit of the version at `base` meets what came since.
fn resulting(
    index: &Automerge,
    agreements: &Agreements<'_>,
    topic: Topic,
    text: &str,
    base: &[ChangeHash],
) -> Result<String, EditError> {
    if base.is_empty() {
        return Ok(text.to_owned());
    }
    let at_base = Agreements::read_at(index, base);
    for (id, record) in &at_base.0 {
        let Some(object) = text_object(record, topic) else {
            continue;
        };
        let before = index.text_at(&object, base)?;
        if before.trim().is_empty() {
            continue;
        }
        if before.trim() == text.trim() {
            return Ok(agreements.consensus(topic));
        }
        let is_here = agreements.0.iter().any(|(here, record)| {
            here == id && text_object(record, topic).as_ref() == Some(&object)
        });
        if is_here {
            return merged(index, &object, base, text);
        }
    }
    // Nothing was there when it was read.
    let now = agreements.consensus(topic);
    Ok(match (text.trim().is_empty(), now.trim().is_empty()) {
        (true, _) => now,
        (false, true) => text.to_owned(),
        // Both wrote where nothing was: nobody's words are dropped, and both see that they differ.
        (false, false) if now.trim() == text.trim() => now,
        (false, false) => format!("{}\n{}", now.trim_end(), text),
    })
}

fn set_consensus(plan: &mut Plan, agreements: &Agreements<'_>, topic: Topic, text: &str) {
    for (place, (_, record)) in agreements.0.iter().enumerate() {
        let text = if place == 0 { text } else { "" };
        match text_object(record, topic) {
            Some(object) => rewrite(plan, record.doc, &object, text),
            None if text.is_empty() && record.str(&topic.consensus_key()).is_none() => {}
            None => {
                let slot: Slot = plan.at(record.obj.clone());
                plan.text(slot, topic.consensus_key(), text);
            }
        }
    }
}

fn own_answer(
    plan: &mut Plan,
    agreements: &Agreements<'_>,
    topic: Topic,
    me: &str,
    text: &str,
    base: &[ChangeHash],
) {
    let key = topic.answer_key(me);
    for (place, (_, record)) in agreements.0.iter().enumerate() {
        if !base.is_empty() {
            let before = Record::read_at(record.doc, record.obj.clone(), base);
            if place == 0 && before.str_or_empty(&key).trim() == text.trim() {
                // Not touched by this edit; another device of the same person may have.
                return;
            }
        }
        plan.set(record, key.as_str(), if place == 0 { text } else { "" });
    }
}

fn text_object(record: &Record<'_>, topic: Topic) -> Option<ObjId> {
    let field = record.fields.get(&topic.consensus_key())?;
    matches!(field.value, Value::Object(ObjType::Text)).then(|| field.op.clone())
}

fn check_size(consensus: impl Fn(Topic) -> String) -> Result<(), EditError> {
    if topic::canonical(consensus).len() > AGREEMENT_BYTES_MAX {
        return Err(too_long().into());
    }
    Ok(())
}
