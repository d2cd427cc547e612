//! A person's own words at the end, as a page that they fill in, and back.
//!
//! A heading of one `#` begins a topic. Lines between `<!--` and `-->` are for reading. A line of the person's that
//! would read as the heading of a topic, or as such a remark, gets a backslash before it.

use crate::closure::{Answer, show};
use crate::documents::{Documents, Unavailable};
use crate::error::EditError;
use crate::people::{People, PersonRef};
use crate::word::ClosureTopic;

const COMMENT: &str = "<!--";
const COMMENT_END: &str = "-->";

/// A page that is no page of a closure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// No line is the heading of a topic.
    #[error("there is no topic on this page; a topic begins with a line like “# Goals”")]
    NoTopic,
    /// There are words before the first topic.
    #[error("line {line} stands before the first topic; a topic begins with a line like “# Goals”")]
    BeforeTopics {
        /// Where, from 1.
        line: usize,
    },
    /// There are words behind the end of a remark.
    #[error("line {line} has words behind “-->”; put them into a line of their own")]
    BehindRemark {
        /// Where, from 1.
        line: usize,
    },
    /// A remark has no end, so that what follows it would be lost.
    #[error("a remark is not closed; it ends with “-->”")]
    OpenRemark,
    /// A topic stands there twice.
    #[error("the topic “{title}” stands there twice")]
    Twice {
        /// Its heading.
        title: &'static str,
    },
}

/// Writes the page for a person to fill in. What others say stands in remarks.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn form(
    docs: &mut dyn Documents,
    people: &dyn People,
    me: &PersonRef,
) -> Result<String, Unavailable> {
    let view = show(docs, people)?;
    let mut page =
        format!("{COMMENT} What you write is read by everybody in this notebook. {COMMENT_END}\n");
    for topic in &view.topics {
        page.push_str(&format!(
            "\n# {}\n{COMMENT} {} {COMMENT_END}\n",
            topic.title, topic.about
        ));
        for answer in &topic.answers {
            if answer.person.person != me.as_str() {
                let said = answer.text.replace(COMMENT_END, "-- >");
                let name = answer.person.name.replace(COMMENT_END, "-- >");
                page.push_str(&format!(
                    "{COMMENT} {name}: {} {COMMENT_END}\n",
                    said.trim()
                ));
            }
        }
        let mine = topic
            .answers
            .iter()
            .find(|one| one.person.person == me.as_str());
        for line in mine.map_or("", |one| one.text.trim()).lines() {
            if is_reserved(line.trim_start_matches('\\')) {
                page.push('\\');
            }
            page.push_str(line);
            page.push('\n');
        }
    }
    Ok(page)
}

fn topic_of(line: &str) -> Option<ClosureTopic> {
    ClosureTopic::named(line.trim_end().strip_prefix("# ")?)
}

fn is_reserved(line: &str) -> bool {
    topic_of(line).is_some() || line.starts_with(COMMENT)
}

/// Reads a page. Topics that are not on it stay as they are.
///
/// # Errors
/// [`FormError`].
pub fn parse_form(page: &str) -> Result<Vec<Answer>, FormError> {
    let mut answers: Vec<Answer> = Vec::new();
    let mut in_remark = false;
    for (number, line) in page.lines().enumerate() {
        if in_remark || line.starts_with(COMMENT) {
            // Words behind the end of a remark are the person's, and are not dropped.
            if let Some((_, behind)) = line.split_once(COMMENT_END)
                && !behind.trim().is_empty()
            {
                return Err(FormError::BehindRemark { line: number + 1 });
            }
            in_remark = !line.contains(COMMENT_END);
            continue;
        }
        if let Some(topic) = topic_of(line) {
            if answers.iter().any(|one| one.topic == topic) {
                return Err(FormError::Twice {
                    title: topic.title(),
                });
            }
            answers.push(Answer {
                topic,
                text: String::new(),
            });
            continue;
        }
        let Some(answer) = answers.last_mut() else {
            if line.trim().is_empty() {
                continue;
            }
            return Err(FormError::BeforeTopics { line: number + 1 });
        };
        let unescaped = line
            .strip_prefix('\\')
            .filter(|rest| is_reserved(rest.trim_start_matches('\\')));
        answer.text.push_str(unescaped.unwrap_or(line));
        answer.text.push('\n');
    }
    if in_remark {
        return Err(FormError::OpenRemark);
    }
    if answers.is_empty() {
        return Err(FormError::NoTopic);
    }
    for answer in &mut answers {
        answer.text = answer.text.trim().to_owned();
    }
    Ok(answers)
}

impl From<FormError> for EditError {
    fn from(error: FormError) -> Self {
        Self::ClosureForm(error)
    }
}
