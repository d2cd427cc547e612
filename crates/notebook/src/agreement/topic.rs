//! The topics of an agreement, and the text that both sides sign.

use crate::word::Topic;

/// The first line of every text that is signed.
const HEADING: &str = "Agreement";

impl Topic {
    /// The heading of the topic in the text that is signed. It never changes, since hashes cover it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Purpose => "Purpose",
            Self::Outcomes => "Outcomes",
            Self::Rhythm => "Rhythm and length",
            Self::Agenda => "Who sets the agenda",
            Self::Contact => "Contact between meetings",
            Self::Cancellation => "Cancellation and no-show",
            Self::Scope => "Topics in and out",
            Self::Confidentiality => "Confidentiality and its exceptions",
            Self::Disclosure => "Who may know of the relationship",
            Self::Conflict => "Conflict and a named third party",
            Self::Exit => "No-fault exit",
            Self::Notes => "What becomes of the notes at the end",
            Self::Review => "Review date",
        }
    }

    /// What to answer, in a sentence for whoever fills it in.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Purpose => "Why do you meet?",
            Self::Outcomes => "What will be different when it has gone well?",
            Self::Rhythm => "How often do you meet, for how long, and until when?",
            Self::Agenda => "Who brings the topics, and how long before?",
            Self::Contact => "Which ways between meetings, and how fast an answer?",
            Self::Cancellation => "How much notice, and what if somebody does not come?",
            Self::Scope => "What do you talk about, and what not?",
            Self::Confidentiality => "What stays between you, and what may not?",
            Self::Disclosure => "Whom may each of you tell that you meet?",
            Self::Conflict => "What if you disagree, and who can help?",
            Self::Exit => "How does either of you end it without blame?",
            Self::Notes => "Who keeps or destroys what was written?",
            Self::Review => "When do you look at this again?",
        }
    }

    /// Reads what a person typed: the word or the title, in any case.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        Self::ALL
            .iter()
            .copied()
            .find(|topic| topic.word() == text || topic.title().to_lowercase() == text)
    }

    /// The key of the text that both agree on.
    pub(crate) fn consensus_key(self) -> String {
        format!("consensus_{}", self.word())
    }

    /// The key of one person's own answer.
    pub(super) fn answer_key(self, person: &str) -> String {
        format!("answer_{}/{person}", self.word())
    }
}

/// The text that is signed: a heading, then each topic with a consensus, title at the margin and words
/// indented by two spaces, so that no words can pass for another topic. Empty where nothing is agreed.
pub(super) fn canonical(consensus: impl Fn(Topic) -> String) -> String {
    let mut text = String::new();
    for topic in Topic::ALL {
        let agreed = consensus(*topic);
        let agreed = agreed.trim();
        if agreed.is_empty() {
            continue;
        }
        text.push('\n');
        text.push_str(topic.title());
        text.push('\n');
        for line in agreed.replace("\r\n", "\n").replace('\r', "\n").split('\n') {
            let line = line.trim_end();
            if !line.is_empty() {
                text.push_str("  ");
                text.push_str(line);
            }
            text.push('\n');
        }
    }
    if text.is_empty() {
        text
    } else {
        format!("{HEADING}\n{text}")
    }
}

/// What a text that was signed says of each of its topics, in its order, for whoever shows it topic by topic. A text that
/// [`canonical`] did not write reads as what looks like it: the lines below a title, and nothing of the others.
pub(super) fn topics(text: &str) -> Vec<(Topic, String)> {
    let mut found: Vec<(Topic, String)> = Vec::new();
    for line in text.lines() {
        let is_title = !line.starts_with(' ');
        let titled = Topic::ALL.iter().find(|topic| topic.title() == line);
        match (titled.filter(|_| is_title), found.last_mut()) {
            (Some(topic), _) => found.push((*topic, String::new())),
            (None, Some((_, words))) => {
                words.push_str(line.strip_prefix("  ").unwrap_or(line));
                words.push('\n');
            }
            (None, None) => {}
        }
    }
    for (_, words) in &mut found {
        words.truncate(words.trim_end().len());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_was_signed_is_read_topic_by_topic() {
        let agreed = |topic| match topic {
            Topic::Exit => "Say so.\n\nNo-fault exit\nPurpose".to_owned(),
            Topic::Purpose => "To learn".to_owned(),
            _ => String::new(),
        };
        let read = topics(&canonical(agreed));
        let expected: Vec<(Topic, String)> = [Topic::Purpose, Topic::Exit]
            .map(|topic| (topic, agreed(topic)))
            .to_vec();
        assert_eq!(read, expected);
        assert!(topics("").is_empty() && topics("Nothing\n  of the kind").is_empty());
    }

    #[test]
    fn the_text_has_the_agreed_topics_in_a_fixed_order() {
        let text = canonical(|topic| match topic {
            Topic::Exit => " Say so.\r\n\r\nNo-fault exit\n".to_owned(),
            Topic::Purpose => "To learn".to_owned(),
            _ => " \n".to_owned(),
        });
        assert_eq!(
            text,
            "Agreement\n\nPurpose\n  To learn\n\nNo-fault exit\n  Say so.\n\n  No-fault exit\n"
        );
        assert_eq!(canonical(|_| String::new()), "");
    }

    #[test]
    fn topics_are_found_by_word_and_title() {
        for topic in Topic::ALL {
            assert_eq!(Topic::named(topic.word()), Some(*topic));
            assert_eq!(Topic::named(&topic.title().to_uppercase()), Some(*topic));
        }
        assert_eq!(Topic::named("love"), None);
    }
}
