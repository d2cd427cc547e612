//! Live typing into one session's notes between two nodes that are linked over loopback: a trace of
//! single-character edits with pauses, corrections and jumps, by one person at a time and by both at
//! once. Nothing fails, and in every pause both have the same text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod nodes;
mod trace;

use std::time::Instant;

use nodes::Two;
use trace::{Turn, Turns, Typed, Typist, type_into};

/// Edits of the trace that runs with every other test.
const EDITS_SHORT: usize = 2_000;
/// Edits of the whole trace: as many as a person made who wrote a paper of a hundred thousand characters.
const EDITS_WHOLE: usize = 260_000;
/// Most edits that a change of the whole trace holds, as a page gathers them that sends what was typed since
/// the last change left. With a change for each, the trace would take more than an hour.
const GATHERED_MAX: usize = 31;
/// Another number for the whole trace.
const EDITS_VARIABLE: &str = "HEARTH_EDITS";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_typing_trace_leaves_both_with_the_same_text() {
    type_a_trace(EDITS_SHORT, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs minutes"]
async fn a_typing_trace_of_260_000_edits_leaves_both_with_the_same_text() {
    let fewer = std::env::var(EDITS_VARIABLE).ok();
    let edits = fewer.map_or(EDITS_WHOLE, |edits| {
        edits.parse().expect("HEARTH_EDITS is a number")
    });
    type_a_trace(edits, GATHERED_MAX).await;
}

/// Types until `edits` edits are made, up to `gathered_max` of them in one change.
async fn type_a_trace(edits: usize, gathered_max: usize) {
    const SEED: u64 = 260;
    let two = Two::paired().await;
    let session = two.session().await;
    let mut typists = [SEED, SEED + 1].map(|seed| Typist::new(seed, gathered_max));
    let mut turns = Turns::new(SEED, edits);
    let mut text: Vec<char> = Vec::new();
    let mut typed = Typed::default();
    let (mut together, mut pauses) = (0, 0);
    let began = Instant::now();
    while let Some(turn) = turns.draw() {
        match turn {
            Turn::Alone { who, count } => {
                let typist = &mut typists[who];
                typed += two
                    .type_many(who, session, typist, count, |edit| {
                        type_into(&mut text, edit)
                    })
                    .await;
            }
            Turn::Together { count } => {
                let [ana, ben] = &mut typists;
                let (by_ana, by_ben) = tokio::join!(
                    two.type_many(0, session, ana, count, |_| {}),
                    two.type_many(1, session, ben, count, |_| {})
                );
                together += by_ana.edits + by_ben.edits;
                typed += by_ana;
                typed += by_ben;
            }
        }
        pauses += 1;
        two.in_sync().await;
        let [at_ana, at_ben] = two.texts(session).await;
        assert!(at_ana == at_ben, "the texts differ after {typed:?}");
        if matches!(turn, Turn::Alone { .. }) {
            let wanted: String = text.iter().collect();
            assert!(at_ana == wanted, "not what was typed, after {typed:?}");
        } else {
            // Where both typed at once, only the merge says what comes of it.
            text = at_ana.chars().collect();
        }
    }
    let took = began.elapsed();
    eprintln!(
        "{} edits in {} changes ({} deletions; {together} while the other typed too; {pauses} pauses): \
         {} characters, {} bytes, equal on both sides; {:.1} s, {:.2} ms a change",
        typed.edits,
        typed.changes,
        typed.deletions,
        text.len(),
        text.iter().map(|letter| letter.len_utf8()).sum::<usize>(),
        took.as_secs_f64(),
        took.as_secs_f64() * 1e3 / typed.changes as f64,
    );
    assert_eq!(typed.edits, edits);
    assert!(together > 0 && typed.deletions > edits / 10 && text.len() > edits / 4);
    two.verify_and_stop().await;
}
