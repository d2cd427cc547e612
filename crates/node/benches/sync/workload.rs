//! The work: what two people write into a notebook, drawn from a fixed seed.
//!
//! The script names no ids and no positions, so that it fits both the product's documents and the
//! peer's single one.

use bip39::Language;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

const SEED: u64 = 20_261_123;

/// Commits of one session.
pub(crate) const SESSION_COMMITS: usize = 50;
const GOALS: usize = 50;
const MILESTONES_PER_GOAL: usize = 6;
const SESSIONS: usize = 500;
const AGENDA_COMMITS: usize = 5;
const SPLICES: usize = 40;
/// 40 splices of this many characters make a note of 2 kB.
const SPLICE_CHARS: usize = 52;
const ACTIONS: usize = 3;
/// Every tenth session is written by both people at once.
const CONCURRENT_EVERY: usize = 10;

/// How much work there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Goals of the large notebook.
    pub(crate) goals: usize,
    /// Its sessions.
    pub(crate) sessions: usize,
    /// The last sessions, which one side lacks before it catches up.
    pub(crate) missed_sessions: usize,
    /// Keystrokes of one round.
    pub(crate) keystrokes: usize,
    /// Small notebooks.
    pub(crate) notebooks: usize,
    /// Changes in each of them.
    pub(crate) notebook_changes: usize,
    /// Commits timed on the disk.
    pub(crate) disk_commits: usize,
    /// Keystrokes of the typing trace.
    pub(crate) typed_edits: usize,
    /// Times that each measurement is repeated; the median counts.
    pub(crate) rounds: usize,
}

impl Size {
    /// The work at a scale; 1 is what the goals are about.
    pub(crate) fn scaled(scale: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "the counts are small and positive"
        )]
        let times = |count: usize, least: usize| ((count as f64 * scale) as usize).max(least);
        Self {
            goals: times(GOALS, 1),
            sessions: times(SESSIONS, 10),
            missed_sessions: times(20, 2),
            keystrokes: times(400, 20),
            notebooks: times(200, 2),
            notebook_changes: times(1_000, 10),
            disk_commits: times(2_000, 100),
            typed_edits: times(260_000, 1_000),
            rounds: 3,
        }
    }

    /// Commits of the large notebook.
    pub(crate) const fn commits(&self) -> usize {
        1 + self.goals * (1 + MILESTONES_PER_GOAL) + self.sessions * SESSION_COMMITS
    }

    /// Commits that one side lacks before it catches up.
    pub(crate) const fn missed_commits(&self) -> usize {
        self.missed_sessions * SESSION_COMMITS
    }
}

/// One of the two people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Person {
    /// Creates the notebook.
    First,
    /// Joins it; lacks the end of it before catching up.
    Second,
}

/// What one commit does.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// The notebook gets its title.
    Title(String),
    /// A goal is added.
    Goal(String),
    /// The goal of this number gets a milestone.
    Milestone(usize, String),
    /// A session is planned.
    Plan(String),
    /// The session gets two items on its agenda.
    Agenda(String, String),
    /// Text is typed at this many thousandths of the session's notes.
    Type(usize, String),
    /// An action comes of the session.
    Action(String),
    /// The session is closed with a decision.
    Close(String),
}

/// One commit.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) author: Person,
    /// Its number among all commits.
    pub(crate) serial: usize,
    /// The session that it is about, where it is about one.
    pub(crate) session: usize,
    pub(crate) step: Step,
}

/// Commits between two syncs. Where both people are among the authors, they did not see each
/// other's.
pub(crate) type Chapter = Vec<Commit>;

/// Draws the large notebook: the chapters that both have, and those that the second person lacks.
pub(crate) fn notebook(size: &Size) -> (Vec<Chapter>, Vec<Chapter>) {
    let mut draw = Draw {
        rng: ChaCha8Rng::seed_from_u64(SEED),
        serial: 0,
    };
    let mut chapters =
        vec![vec![draw.commit(Person::First, 0, |draw| {
            Step::Title(draw.words(24))
        })]];
    for goal in 0..size.goals {
        let author = alternating(goal);
        let mut chapter = vec![draw.commit(author, 0, |draw| Step::Goal(draw.words(40)))];
        for _ in 0..MILESTONES_PER_GOAL {
            chapter.push(draw.commit(author, 0, |draw| Step::Milestone(goal, draw.words(32))));
        }
        chapters.push(chapter);
    }
    let first_missed = size.sessions - size.missed_sessions;
    for session in 0..first_missed {
        draw.session(session, &mut chapters);
    }
    let mut missed = Vec::new();
    for session in first_missed..size.sessions {
        missed.push(draw.session_by(session, |_| Person::First));
    }
    (chapters, missed)
}

const fn alternating(number: usize) -> Person {
    if number.is_multiple_of(2) {
        Person::First
    } else {
        Person::Second
    }
}

/// The titles of one small notebook's actions.
pub(crate) fn titles(notebook: usize, count: usize) -> Vec<String> {
    let mut draw = Draw {
        rng: ChaCha8Rng::seed_from_u64(SEED + 1 + notebook as u64),
        serial: 0,
    };
    (0..count).map(|_| draw.words(40)).collect()
}

struct Draw {
    rng: ChaCha8Rng,
    serial: usize,
}

impl Draw {
    fn commit(
        &mut self,
        author: Person,
        session: usize,
        step: impl FnOnce(&mut Self) -> Step,
    ) -> Commit {
        let step = step(self);
        let serial = self.serial;
        self.serial += 1;
        Commit {
            author,
            serial,
            session,
            step,
        }
    }

    fn session(&mut self, session: usize, chapters: &mut Vec<Chapter>) {
        if session % CONCURRENT_EVERY == CONCURRENT_EVERY - 1 {
            // Both know of the session, then both write it without seeing each other.
            let mut plan = self.session_by(session, alternating);
            let rest = plan.split_off(1);
            chapters.extend([plan, rest]);
        } else {
            let author = alternating(session);
            chapters.push(self.session_by(session, |_| author));
        }
    }

    fn session_by(&mut self, session: usize, author: impl Fn(usize) -> Person) -> Chapter {
        let mut commits = vec![self.commit(author(0), session, |draw| Step::Plan(draw.words(40)))];
        let mut write = |draw: &mut Self, step: &dyn Fn(&mut Self) -> Step| {
            let author = author(commits.len());
            commits.push(draw.commit(author, session, step));
        };
        for _ in 0..AGENDA_COMMITS {
            write(self, &|draw| Step::Agenda(draw.words(36), draw.words(36)));
        }
        for _ in 0..SPLICES {
            write(self, &|draw| {
                // Mostly on and on, one in four somewhere before.
                let place = match draw.below(4) {
                    0 => draw.below(1_000),
                    _ => 1_000,
                };
                Step::Type(place, draw.words(SPLICE_CHARS))
            });
        }
        for _ in 0..ACTIONS {
            write(self, &|draw| Step::Action(draw.words(40)));
        }
        write(self, &|draw| Step::Close(draw.words(60)));
        commits
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.rng.next_u64() % bound as u64).unwrap_or(0)
    }

    /// Draws words of this many characters in all, each of 2,048 as often as any other: compressors find
    /// less to save in that than in English prose.
    fn words(&mut self, chars: usize) -> String {
        let list = Language::English.word_list();
        let mut text = String::with_capacity(chars);
        while text.len() < chars {
            text.push_str(list.get(self.below(list.len())).copied().unwrap_or("word"));
            text.push(' ');
        }
        text.truncate(chars - 1);
        text.push('.');
        text
    }
}
