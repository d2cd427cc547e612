//! The topics of a closure.

use crate::word::ClosureTopic;

impl ClosureTopic {
    /// The heading of the topic.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Goals => "Goals",
            Self::Learning => "Learning",
            Self::Application => "Where it is used",
            Self::Thanks => "Thanks",
            Self::Unfinished => "Unfinished goals",
            Self::Notes => "What becomes of the notes",
            Self::Contact => "Future contact",
        }
    }

    /// What to answer, as a question.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Goals => "What was reached, and what did it take?",
            Self::Learning => "What do you do differently now?",
            Self::Application => "Where do you use it, and what keeps it going?",
            Self::Thanks => "Which moment do you thank the other for?",
            Self::Unfinished => "What do you carry on, with whom, and what do you let go?",
            Self::Notes => "Who keeps what, and what do you destroy?",
            Self::Contact => "May one write to the other, and about what?",
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

    /// The key of one person's answer.
    pub(super) fn answer_key(self, person: &str) -> String {
        format!("answer_{}/{person}", self.word())
    }

    /// Reads a key made by [`ClosureTopic::answer_key`].
    pub(super) fn from_answer_key(key: &str) -> Option<(Self, &str)> {
        let (word, person) = key.strip_prefix("answer_")?.split_once('/')?;
        Some((Self::from_word(word)?, person))
    }
}
