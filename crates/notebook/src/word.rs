//! The fixed vocabularies: forms, phases, kinds and states. Each word is what is stored and shown.

use crate::error::Invalid;

/// Defines a vocabulary: an enum whose variants are the words of one field.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident, $field:literal, $valid:literal, $default:ident {
        $($variant:ident = $word:literal),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
        pub enum $name {
            $(
                #[doc = $word]
                #[serde(rename = $word)]
                $variant,
            )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        }

        impl $name {
            /// Every word, in the order in which they are listed to people.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as stored and shown.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads what a person typed; the error lists the words that serve.
            ///
            /// # Errors
            /// [`Invalid::Word`] for any other word.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                Self::from_word(text).ok_or_else(|| Invalid::Word {
                    field: $field,
                    value: crate::check::quote(text),
                    valid: $valid,
                })
            }

            /// Reads a stored word; `None` for any other.
            pub(crate) fn from_word(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

vocabulary!(
    /// The form of a notebook. A journal is made by itself, never by that name: see [`Form::offered`].
    Form, "form", "one-on-one, group or peer", OneOnOne {
        OneOnOne = "one-on-one", Group = "group", Peer = "peer", Journal = "journal",
    }
);

impl Form {
    /// Reads the form that a person chose for a new notebook: any but the journal, which nobody shares.
    ///
    /// # Errors
    /// [`Invalid::Word`] for any other word.
    pub fn offered(text: &str) -> Result<Self, Invalid> {
        match Self::parse(text)? {
            Self::Journal => Err(Invalid::Word {
                field: "form",
                value: text.to_owned(),
                valid: "one-on-one, group or peer",
            }),
            form => Ok(form),
        }
    }
}

vocabulary!(
    /// The phase of a mentoring relationship.
    Phase, "phase", "rapport, direction, progress, winding-down or closed", Rapport {
        Rapport = "rapport", Direction = "direction", Progress = "progress",
        WindingDown = "winding-down", Closed = "closed",
    }
);

vocabulary!(
    /// The kind of a goal.
    GoalKind, "kind of goal", "plain, smart, okr or woop", Plain {
        Plain = "plain", Smart = "smart", Okr = "okr", Woop = "woop",
    }
);

vocabulary!(
    /// The status of a goal; the last three need a reason.
    GoalStatus, "status of a goal", "proposed, active, paused, achieved or dropped", Proposed {
        Proposed = "proposed", Active = "active", Paused = "paused", Achieved = "achieved",
        Dropped = "dropped",
    }
);

vocabulary!(
    /// The status of an action.
    ActionStatus, "status of an action", "open, done, moved or dropped", Open {
        Open = "open", Done = "done", Moved = "moved", Dropped = "dropped",
    }
);

vocabulary!(
    /// What a sealed exchange is about.
    ExchangeKind, "kind of sealed exchange", "feedback, expectations or rating", Feedback {
        Feedback = "feedback", Expectations = "expectations", Rating = "rating",
    }
);

vocabulary!(
    /// One topic of a closure.
    ClosureTopic, "topic of a closure",
    "goals, learning, application, thanks, unfinished, notes or contact", Goals {
        Goals = "goals", Learning = "learning", Application = "application", Thanks = "thanks",
        Unfinished = "unfinished", Notes = "notes", Contact = "contact",
    }
);

vocabulary!(
    /// One topic of an agreement. The titles are part of what is signed.
    Topic, "topic",
    "purpose, outcomes, rhythm, agenda, contact, cancellation, scope, confidentiality, disclosure, conflict, exit, notes or review",
    Purpose {
        Purpose = "purpose", Outcomes = "outcomes", Rhythm = "rhythm", Agenda = "agenda",
        Contact = "contact", Cancellation = "cancellation", Scope = "scope",
        Confidentiality = "confidentiality", Disclosure = "disclosure", Conflict = "conflict",
        Exit = "exit", Notes = "notes", Review = "review",
    }
);

vocabulary!(
    /// Whether a session is still to come, has taken place or was called off.
    SessionStatus, "status of a session", "planned, held or cancelled", Planned {
        Planned = "planned", Held = "held", Cancelled = "cancelled",
    }
);

vocabulary!(
    /// Who may hear of something beyond this notebook.
    Sharing, "sharing mark", "pair-only, quotable-with-consent or shareable", PairOnly {
        PairOnly = "pair-only", QuotableWithConsent = "quotable-with-consent", Shareable = "shareable",
    }
);

impl GoalStatus {
    /// Whether a reason must be given.
    #[must_use]
    pub fn needs_reason(self) -> bool {
        matches!(self, Self::Paused | Self::Achieved | Self::Dropped)
    }
}

impl ActionStatus {
    /// Whether the action still waits to be done. A moved action does, at its new date.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Moved)
    }
}
