//! W2: somebody types for hours, with pauses, corrections and jumps, as fast as it is taken. A stress; there is no
//! goal.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ObjType, ROOT};
use hearth_notebook::session;
use hearth_notebook::session::{NewSession, Splice};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::homes::{Homes, Running, failed, in_sync};
use crate::peer::{Linked, Memory, Synced};
use crate::report::{Goal, Report, percentile};
use crate::workload::Size;

const SEED: u64 = 20_261_126;
/// Edits that go into one note before the next one is begun: some five thousand characters.
const EDITS_PER_NOTE: usize = 6_500;
/// How long a change may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keystrokes that gathered while the ones before were on their way.
#[derive(Debug, Clone)]
struct Burst {
    note: usize,
    keys: Vec<Key>,
}

#[derive(Debug, Clone, Copy)]
struct Key {
    position: usize,
    delete: usize,
    insert: Option<char>,
}

/// Draws the trace: words with a pause behind some, one key in twenty taken back, a jump now and then.
fn trace(edits: usize) -> Vec<Burst> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut below = |bound: usize| usize::try_from(rng.next_u64() % bound as u64).unwrap_or(0);
    let mut bursts = Vec::new();
    let (mut note, mut length, mut cursor, mut in_note) = (0, 0_usize, 0_usize, 0);
    let mut left = edits;
    while left > 0 {
        let count = (1 + below(19)).min(left);
        let mut keys = Vec::with_capacity(count);
        for _ in 0..count {
            if below(400) == 0 {
                cursor = below(length + 1);
            } else if below(60) == 0 {
                cursor = length;
            }
            if below(20) == 0 && cursor > 0 {
                cursor -= 1;
                length -= 1;
                keys.push(Key {
                    position: cursor,
                    delete: 1,
                    insert: None,
                });
            } else {
                let letter = match below(6) {
                    0 => ' ',
                    _ => char::from(b'a' + u8::try_from(below(26)).unwrap_or(0)),
                };
                keys.push(Key {
                    position: cursor,
                    delete: 0,
                    insert: Some(letter),
                });
                cursor += 1;
                length += 1;
            }
        }
        bursts.push(Burst { note, keys });
        left -= count;
        in_note += count;
        if in_note >= EDITS_PER_NOTE {
            (note, length, cursor, in_note) = (note + 1, 0, 0, 0);
        }
    }
    bursts
}

/// What the trace came to.
#[derive(Debug, Clone, Copy)]
struct Typed {
    all: Duration,
    p50: Duration,
    p99: Duration,
    bytes: f64,
}

impl Typed {
    fn of(mut times: Vec<Duration>, all: Duration, bytes: u64) -> Self {
        times.sort();
        #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
        let bytes = bytes as f64;
        Self {
            all,
            p50: percentile(&times, 50),
            p99: percentile(&times, 99),
            bytes,
        }
    }
}

/// Has both type the trace and adds their lines.
pub(crate) async fn report(folder: &Path, size: &Size, report: &mut Report) -> Result<()> {
    let bursts = trace(size.typed_edits);
    let ours = product(folder, &bursts).await?;
    let peer = peer(&bursts).await?;
    report.time("W2 typing, all of it", ours.all, peer.all, Goal::None);
    report.time("W2 typing p50", ours.p50, peer.p50, Goal::None);
    report.time("W2 typing p99", ours.p99, peer.p99, Goal::None);
    report.bytes_alone("W2 typing bytes", ours.bytes, peer.bytes);
    Ok(())
}

async fn product(folder: &Path, bursts: &[Burst]) -> Result<Typed> {
    let (homes, notebooks) = Homes::paired(folder, 1).await?;
    let notebook = *notebooks.first().context("there is no notebook")?;
    let mut hosts = homes.open()?;
    let notes = bursts.last().map_or(0, |burst| burst.note) + 1;
    let planned = hosts.first.edit(notebook, |docs, writer| {
        (0..notes)
            .map(|number| {
                let new = NewSession {
                    at: "2026-12-01 15:00".to_owned(),
                    zone: "Europe/Berlin".to_owned(),
                    title: Some(format!("Session {number}")),
                    ..NewSession::default()
                };
                session::plan(docs, writer, &new)
            })
            .collect::<Result<Vec<_>, _>>()
    });
    let sessions = planned.map_err(failed)?;
    let first = Running::start(hosts.first).await?;
    let second = Running::start(hosts.second).await?;
    in_sync(&first.node, &second.node).await?;
    let mut applied = second.node.subscribe().await.map_err(failed)?;
    let writer = first
        .node
        .work(|host| host.my_device())
        .await
        .map_err(failed)?;
    let mut times = Vec::with_capacity(bursts.len());
    let start = Instant::now();
    for burst in bursts {
        let id = *sessions.get(burst.note).context("there is no session")?;
        let splices: Vec<Splice> = burst
            .keys
            .iter()
            .map(|key| Splice {
                position: key.position,
                delete: key.delete,
                insert: key.insert.into_iter().collect(),
            })
            .collect();
        let began = Instant::now();
        let typed = first.node.work(move |host| {
            host.edit(notebook, |docs, writer| {
                session::type_notes(docs, writer, id, &splices)
            })
        });
        typed.await.and_then(|typed| typed).map_err(failed)?;
        loop {
            let (_, change) = tokio::time::timeout(PATIENCE, applied.recv())
                .await?
                .context("the node stopped")?;
            if change.log.device == writer {
                break;
            }
        }
        times.push(began.elapsed());
    }
    let all = start.elapsed();
    let links = first.node.link_stats().await.map_err(failed)?;
    let bytes = links
        .iter()
        .map(|link| link.sent_bytes + link.received_bytes)
        .sum();
    in_sync(&first.node, &second.node).await?;
    first.stop().await?;
    second.stop().await?;
    Ok(Typed::of(times, all, bytes))
}

async fn peer(bursts: &[Burst]) -> Result<Typed> {
    let mut document = Automerge::new();
    let notes = bursts.last().map_or(0, |burst| burst.note) + 1;
    let mut transaction = document.transaction();
    let mut texts = Vec::with_capacity(notes);
    for number in 0..notes {
        texts.push(transaction.put_object(ROOT, format!("notes/{number}"), ObjType::Text)?);
    }
    transaction.commit();
    let first = Synced::new(document.clone(), &document, Memory::Nothing)?;
    let second = Synced::new(document.fork(), &document, Memory::Nothing)?;
    let mut linked = Linked::connect(vec![first], vec![second]).await?;
    linked.in_sync().await?;
    let mut times = Vec::with_capacity(bursts.len());
    let start = Instant::now();
    for burst in bursts {
        let text = texts.get(burst.note).context("there is no text")?;
        let began = Instant::now();
        linked
            .first
            .edit(0, |document| {
                let mut transaction = document.transaction();
                for key in &burst.keys {
                    let delete = isize::try_from(key.delete)?;
                    let insert: String = key.insert.into_iter().collect();
                    transaction.splice_text(text, key.position, delete, &insert)?;
                }
                transaction.commit_with(CommitOptions::default());
                Ok(())
            })
            .await?;
        let heads = linked.first.read(0, Automerge::get_heads);
        while linked.second.read(0, Automerge::get_heads) != heads {
            tokio::time::timeout(PATIENCE, linked.second_heard.recv())
                .await?
                .context("the connection ended")?;
        }
        times.push(began.elapsed());
    }
    let typed = Typed::of(times, start.elapsed(), linked.bytes());
    linked.close().await;
    Ok(typed)
}
