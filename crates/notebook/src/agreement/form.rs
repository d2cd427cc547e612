//! The agreement as a page that a person fills in, and back.
//!
//! A heading of one `#` begins a topic, and of two a section of it: the person's own answer, what others
//! answered (shown only), and the consensus. A line of the person's that would read as one of these headings
//! gets a backslash before it.

use crate::agreement::{AgreementView, Agreements, TopicEdit, TopicView, show};
use crate::documents::{Documents, Unavailable};
use crate::error::EditError;
use crate::id::DocumentId;
use crate::people::{People, PersonRef};
use crate::word::Topic;

const MINE: &str = "## My answer";
const CONSENSUS: &str = "## Consensus";
const OTHERS: &str = "## Answered by ";
/// What stands before the version of the index that was read, on the last line.
const BASE: &str = "<!-- base ";
const COMMENT: &str = "<!--";
const INTRODUCTION: &str =
    "<!-- Write under “My answer” and “Consensus”. Only the consensus is signed. -->\n";

/// A page as read back.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Form {
    /// What each topic on it says.
    pub edits: Vec<TopicEdit>,
    /// The version of the index that it was made from; empty where it does not say.
    pub base: Vec<String>,
}

/// A page that is no form of an agreement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// No line is the heading of a topic.
    #[error("there is no topic on this page; a topic begins with a line like “# Purpose”")]
    NoTopic,
    /// There are words before the first topic.
    #[error(
        "line {line} stands before the first topic; a topic begins with a line like “# Purpose”"
    )]
    BeforeTopics {
        /// Where, from 1.
        line: usize,
    },
    /// A topic stands there twice.
    #[error("the topic “{title}” stands there twice")]
    Twice {
        /// Its heading.
        title: &'static str,
    },
}

/// Writes the page for a person to fill in.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn form(
    docs: &mut dyn Documents,
    people: &dyn People,
    me: &PersonRef,
) -> Result<String, Unavailable> {
    let view: AgreementView = show(docs, people)?;
    let mut page = INTRODUCTION.to_owned();
    for topic in Topic::ALL {
        let none = TopicView {
            topic: *topic,
            title: topic.title(),
            answers: Vec::new(),
            consensus: String::new(),
            also: Vec::new(),
            conflicts: Vec::new(),
        };
        let shown = view.topics.iter().find(|one| one.topic == *topic);
        write_topic(&mut page, shown.unwrap_or(&none), me);
    }
    let base = match docs.read(DocumentId::INDEX)? {
        Some(index) if Agreements::read(index).first().is_some() => index
            .get_heads()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" "),
        _ => String::new(),
    };
    if !base.is_empty() {
        page.push_str(&format!("\n{BASE}{base} -->\n"));
    }
    Ok(page)
}

fn write_topic(page: &mut String, topic: &TopicView, me: &PersonRef) {
    page.push_str(&format!(
        "\n# {}\n{COMMENT} {} -->\n",
        topic.title,
        topic.topic.about()
    ));
    let mut mine = "";
    for answer in &topic.answers {
        if answer.person == me.as_str() {
            mine = &answer.text;
        } else {
            section(
                page,
                &format!("{OTHERS}{}", answer.name.replace('\n', " ")),
                &answer.text,
            );
        }
    }
    section(page, MINE, mine);
    section(page, CONSENSUS, &topic.consensus);
    for other in &topic.also {
        section(
            page,
            &format!("{OTHERS}another device, as consensus"),
            other,
        );
    }
}

fn section(page: &mut String, heading: &str, text: &str) {
    page.push_str(&format!("\n{heading}\n"));
    for line in text.trim().lines() {
        if is_reserved(line.trim_start_matches('\\')) {
            page.push('\\');
        }
        page.push_str(line);
        page.push('\n');
    }
}

/// Whether a line would end the section that it stands in.
fn is_reserved(line: &str) -> bool {
    let line = line.trim_end();
    topic_of(line).is_some() || section_of(line).is_some() || line.starts_with(BASE)
}

fn topic_of(line: &str) -> Option<Topic> {
    Topic::named(line.strip_prefix("# ")?)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// Right below the heading of a topic, where a plain page has the consensus.
    Head,
    Mine,
    Consensus,
    Others,
}

fn section_of(line: &str) -> Option<Section> {
    let same = |heading: &str| line.eq_ignore_ascii_case(heading);
    if same(MINE) {
        Some(Section::Mine)
    } else if same(CONSENSUS) {
        Some(Section::Consensus)
    } else {
        line.starts_with(OTHERS).then_some(Section::Others)
    }
}

/// Reads a page. Words right below the heading of a topic are its consensus. Sections that are not there
/// leave what is there.
///
/// # Errors
/// [`FormError`].
pub fn parse_form(page: &str) -> Result<Form, FormError> {
    let mut form = Form::default();
    let mut section = Section::Head;
    for (number, line) in page.lines().enumerate() {
        let end = line.trim_end();
        if let Some(topic) = topic_of(end) {
            if form.edits.iter().any(|edit| edit.topic == topic) {
                return Err(FormError::Twice {
                    title: topic.title(),
                });
            }
            form.edits.push(TopicEdit {
                topic,
                mine: None,
                consensus: None,
            });
            section = Section::Head;
            continue;
        }
        if let Some(base) = end.strip_prefix(BASE) {
            let base = base.trim_end_matches("-->").split_whitespace();
            form.base = base.map(str::to_owned).collect();
            continue;
        }
        let is_comment = end.starts_with(COMMENT) && end.ends_with("-->");
        if section == Section::Head && (end.is_empty() || is_comment) {
            continue;
        }
        let Some(edit) = form.edits.last_mut() else {
            return Err(FormError::BeforeTopics { line: number + 1 });
        };
        if let Some(begun) = section_of(end) {
            section = begun;
            match section {
                Section::Mine => {
                    edit.mine.get_or_insert_default();
                }
                Section::Consensus => {
                    edit.consensus.get_or_insert_default();
                }
                Section::Head | Section::Others => {}
            }
            continue;
        }
        let text = match section {
            Section::Mine => edit.mine.get_or_insert_default(),
            Section::Consensus => edit.consensus.get_or_insert_default(),
            Section::Head => {
                section = Section::Consensus;
                edit.consensus.get_or_insert_default()
            }
            Section::Others => continue,
        };
        text.push_str(unescaped(line));
        text.push('\n');
    }
    if form.edits.is_empty() {
        return Err(FormError::NoTopic);
    }
    for edit in &mut form.edits {
        for text in [&mut edit.mine, &mut edit.consensus].into_iter().flatten() {
            *text = text.trim().to_owned();
        }
    }
    Ok(form)
}

fn unescaped(line: &str) -> &str {
    match line.strip_prefix('\\') {
        Some(rest) if is_reserved(rest.trim_start_matches('\\')) => rest,
        _ => line,
    }
}

impl From<FormError> for EditError {
    fn from(error: FormError) -> Self {
        Self::Form(error)
    }
}
