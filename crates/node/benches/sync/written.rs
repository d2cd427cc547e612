//! W1 as it lies on the disk: the homes of the two people who wrote it, the home of a third who joined while it
//! was empty, and the peer's document.
//!
//! Every commit is an entry of its own, as where each was saved by itself: the most entries that the work can have.

use std::iter;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use automerge::Automerge;
use hearth_core::ids::NotebookId;
use hearth_node::api::Failure;
use hearth_notebook::{ObjectId, session};
use serde_json::{Value, json};

use crate::homes::{Homes, Running, Wire, failed, init, join};
use crate::peer_script;
use crate::script::Made;
use crate::workload::{self, Person, Size};

/// The notebook, and where it lies.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) folder: PathBuf,
    pub(crate) homes: Homes,
    pub(crate) notebook: NotebookId,
    /// The last session.
    pub(crate) last: ObjectId,
    /// How many characters its notes have.
    pub(crate) last_chars: usize,
    /// Its number in the script.
    pub(crate) last_number: usize,
    /// How many entries the two people wrote.
    pub(crate) entries: u64,
}

impl Written {
    /// Takes the notebook of a scale that an earlier run kept, or writes it.
    pub(crate) async fn take(folder: &Path, scale: f64, size: &Size) -> Result<Self> {
        let kept = std::env::var_os("HEARTH_BENCH_KEEP").map(PathBuf::from);
        let folder = kept.unwrap_or_else(|| folder.to_path_buf());
        let folder = folder.join(format!("written-{scale}"));
        if let Ok(facts) = std::fs::read(folder.join("facts.json")) {
            return Self::parse(&folder, &serde_json::from_slice(&facts)?);
        }
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let written = Self::write(&folder, size).await?;
        std::fs::write(folder.join("facts.json"), written.facts().to_string())?;
        Ok(written)
    }

    /// Returns where the peer's document is.
    pub(crate) fn peer_document(&self) -> PathBuf {
        self.folder.join("peer")
    }

    async fn write(folder: &Path, size: &Size) -> Result<Self> {
        let (mut chapters, missed) = workload::notebook(size);
        chapters.extend(missed);
        let start = Instant::now();
        let mut document = Automerge::new();
        peer_script::write(&mut document, &chapters)?;
        std::fs::write(folder.join("peer"), document.save())?;
        crate::note("the peer's document was written", start);

        let start = Instant::now();
        let (homes, notebooks) = Homes::paired(&folder.join("homes"), 1).await?;
        let notebook = *notebooks.first().context("there is no notebook")?;
        init(&homes.home("third"), "Kai")?;
        let first = Running::start(homes.open_one("first")?).await?;
        let third = homes.open_one("third")?;
        let joined = third.my_device();
        let third = Running::start(third).await?;
        join(&first.node, &third.node, notebook).await?;
        third.stop().await?;
        first.stop().await?;

        let mut made = Made::default();
        let mut hosts = homes.open()?;
        let wire = Wire::connect(&mut hosts);
        let mut shown = Instant::now();
        for (number, chapter) in chapters.iter().enumerate() {
            for author in [Person::First, Person::Second] {
                for commit in chapter.iter().filter(|commit| commit.author == author) {
                    made.entry(hosts.of(author), notebook, iter::once(commit))?;
                }
            }
            wire.exchange(&mut hosts);
            if shown.elapsed().as_secs() >= 30 {
                shown = Instant::now();
                crate::note(&format!("chapter {number} of {}", chapters.len()), start);
            }
        }
        wire.disconnect(&mut hosts);
        let last = *made.sessions.last().context("there is no session")?;
        let notes = hosts.first.read(notebook, |docs, _| {
            session::notes(docs, last).map_err(|error| Failure::error("notes", error.to_string()))
        });
        let last_chars = notes.map_err(failed)?.text.chars().count();
        let replica = hosts.first.engine.replica(notebook);
        let tips = replica.context("the notebook is gone")?.tips();
        let by_both = tips.filter(|(log, _)| log.device != joined);
        let entries = by_both.map(|(_, seq)| seq.get()).sum();
        hosts.close()?;
        crate::note("the homes were written", start);
        Ok(Self {
            folder: folder.to_path_buf(),
            homes,
            notebook,
            last,
            last_chars,
            last_number: size.sessions - 1,
            entries,
        })
    }

    fn facts(&self) -> Value {
        json!({
            "notebook": self.notebook.to_string(),
            "last": self.last.to_string(),
            "last_chars": self.last_chars,
            "last_number": self.last_number,
            "entries": self.entries,
        })
    }

    fn parse(folder: &Path, facts: &Value) -> Result<Self> {
        let text = |name: &str| facts[name].as_str().context("a fact is missing");
        let number = |name: &str| facts[name].as_u64().context("a fact is missing");
        Ok(Self {
            folder: folder.to_path_buf(),
            homes: Homes::at(&folder.join("homes")),
            notebook: text("notebook")?.parse()?,
            last: text("last")?.parse().map_err(|_| anyhow!("no id"))?,
            last_chars: usize::try_from(number("last_chars")?)?,
            last_number: usize::try_from(number("last_number")?)?,
            entries: number("entries")?,
        })
    }
}
