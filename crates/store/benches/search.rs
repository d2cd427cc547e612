//! What a search costs in an index of 20,000 notes: taking the index up, asking, changing a note and asking again.
//!
//! Run with `cargo bench -p hearth-store --bench search`.
#![allow(clippy::print_stdout, reason = "a benchmark reports to the terminal")]

use std::error::Error;
use std::time::{Duration, Instant};

use hearth_store::{Document, Scope, SearchIndex};

const NOTES: usize = 20_000;
/// Words of a note: a paragraph.
const WORDS: usize = 60;
/// Different words that people use.
const VOCABULARY: u64 = 12_000;
const ROUNDS: usize = 20;
const SCOPE: Scope = Scope([1; 32]);

/// Draws words as people use them: a few very often, most seldom.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        // xorshift64: the same words in every run.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn word(&mut self) -> String {
        let rank = (self.next() % VOCABULARY) * (self.next() % VOCABULARY) / VOCABULARY;
        const SYLLABLES: [&str; 24] = [
            "ge", "spräch", "ziel", "plan", "re", "view", "men", "tor", "ing", "fort", "schritt",
            "ka", "li", "mo", "ne", "pa", "ro", "su", "ta", "vi", "wo", "ex", "al", "un",
        ];
        let mut word = String::new();
        let mut rest = rank + 1;
        while rest > 0 {
            word.push_str(SYLLABLES[usize::try_from(rest % 24).unwrap_or_default()]);
            rest /= 24;
        }
        word
    }

    fn note(&mut self) -> String {
        let words: Vec<String> = (0..WORDS).map(|_| self.word()).collect();
        words.join(" ")
    }
}

fn put(index: &mut SearchIndex, number: usize, text: &str) -> Result<(), Box<dyn Error>> {
    let id = format!("{number:026}");
    let mut title = text.split(' ').take(4).collect::<Vec<_>>().join(" ");
    if number.is_multiple_of(100) {
        title.push_str(" 目標を立てる");
    }
    Ok(index.upsert(&Document {
        id: &id,
        scope: SCOPE,
        kind: "note",
        title: &title,
        text,
        part: b"index",
        mark: [7; 16],
    })?)
}

/// The median time of some rounds.
fn measure<T>(
    mut work: impl FnMut() -> Result<T, Box<dyn Error>>,
) -> Result<Duration, Box<dyn Error>> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let _kept = work()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[ROUNDS / 2])
}

fn print(what: &str, time: Duration) {
    println!("{what:<40} {:>9.2} ms", time.as_secs_f64() * 1e3);
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut draw = Draw(20_261_126);
    let mut index = SearchIndex::new()?;
    let start = Instant::now();
    index.begin()?;
    for number in 0..NOTES {
        let text = draw.note();
        put(&mut index, number, &text)?;
    }
    index.finish()?;
    print("built from nothing", start.elapsed());
    let bytes = index.serialize()?;
    println!("{:<40} {:>9.2} MB", "size", bytes.len() as f64 / 1e6);
    print(
        "taken up",
        measure(|| Ok(SearchIndex::deserialize(&bytes)?))?,
    );
    for words in [
        "geziel",
        "plan re",
        "gespräch",
        "spräch",
        "目標",
        "a",
        "mentor fortschritt",
        "nowhere",
    ] {
        let found = index.query(words, None, 20)?.len();
        let time = measure(|| Ok(index.query(words, None, 20)?))?;
        print(&format!("{words} ({found} hits)"), time);
    }
    let time = measure(|| {
        let text = draw.note();
        put(&mut index, 5, &text)?;
        Ok(index.query("plan re", None, 20)?)
    })?;
    print("plan re, after an edit", time);
    Ok(())
}
