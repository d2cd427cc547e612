//! What has to hold once everything is healed and quiet.

use automerge::{Automerge, ObjId, ObjType, ROOT, ReadDoc, Value};
use hearth_core::document::DocumentId;
use hearth_core::ids::NotebookId;

use super::edit::note_of;
use super::{Checked, Device, GOALS, NOTES, World, violation};
use crate::network::NodeId;

impl World {
    /// Checks that all members of every notebook have the same, that nothing acknowledged is
    /// missing, and that nothing was set aside.
    ///
    /// # Errors
    /// [`super::Violation`] for the first promise that is broken.
    pub fn check_converged(&mut self) -> Checked<()> {
        for notebook in self.notebooks() {
            let holders = self.holders(notebook);
            self.check_members(notebook, &holders)?;
            self.check_same(notebook, &holders)?;
            self.check_acknowledged(notebook, &holders)?;
        }
        Ok(())
    }

    fn check_members(&self, notebook: NotebookId, holders: &[NodeId]) -> Checked<()> {
        for node in holders {
            let replica = self
                .device(*node)?
                .replica(notebook)
                .ok_or_else(|| violation("a notebook is gone"))?;
            if replica.membership().devices().len() != holders.len() {
                return Err(violation(format!(
                    "{node} counts {} devices in {notebook:?}, {} have it",
                    replica.membership().devices().len(),
                    holders.len()
                )));
            }
            if !replica.set_aside().is_empty() {
                return Err(violation(format!(
                    "{node} set aside in {notebook:?}: {:?}",
                    replica.set_aside()
                )));
            }
            if replica.waiting() > 0 || replica.controls().waiting() > 0 {
                return Err(violation(format!(
                    "on {node} {} entries and {} control entries of {notebook:?} wait",
                    replica.waiting(),
                    replica.controls().waiting()
                )));
            }
            if replica.is_stale_copy() {
                return Err(violation(format!("{node} takes itself for an older copy")));
            }
        }
        Ok(())
    }

    /// Checks that some devices hold the same of a notebook, and show the same.
    ///
    /// # Errors
    /// [`super::Violation`] for the first thing that differs.
    pub fn check_same(&mut self, notebook: NotebookId, holders: &[NodeId]) -> Checked<()> {
        let mut first: Option<(NodeId, Copy)> = None;
        for node in holders {
            let copy = self.copy(*node, notebook)?;
            match &first {
                None => first = Some((*node, copy)),
                Some((other, wanted)) => {
                    for (what, is_same) in [
                        ("frontiers", copy.frontier == wanted.frontier),
                        ("control entries", copy.controls == wanted.controls),
                        ("members", copy.membership == wanted.membership),
                        ("heads", copy.heads == wanted.heads),
                        ("content", copy.content == wanted.content),
                    ] {
                        if !is_same {
                            return Err(violation(format!(
                                "the {what} of {notebook:?} differ on {other} and {node}:\n{}\n{}",
                                wanted.shown(what),
                                copy.shown(what)
                            )));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn check_acknowledged(&mut self, notebook: NotebookId, holders: &[NodeId]) -> Checked<()> {
        let wanted: Vec<_> = self
            .acknowledged
            .iter()
            .filter(|((of, _), _)| *of == notebook)
            .map(|((_, log), tip)| (*log, *tip))
            .collect();
        for node in holders {
            let Device { engine, disk, .. } = self
                .devices
                .get_mut(*node)
                .ok_or_else(|| violation("a device is gone"))?;
            let replica = engine
                .as_mut()
                .and_then(|engine| engine.replica_mut(notebook))
                .ok_or_else(|| violation("a notebook is gone"))?;
            replica
                .catch_up(disk)
                .and_then(|()| replica.load_document(GOALS, disk))
                .map_err(|error| violation(error.to_string()))?;
            for (log, tip) in &wanted {
                let found = replica.frontier().logs.get(log);
                if found != Some(tip) {
                    return Err(violation(format!(
                        "{node} has {found:?} of {log:?} in {notebook:?}, acknowledged was {tip:?}"
                    )));
                }
            }
            let document = replica.documents().get(&GOALS);
            for ((of, key), written) in &self.written {
                let value = &written.value;
                if *of != notebook {
                    continue;
                }
                let found = document
                    .and_then(|document| document.get(ROOT, key.as_str()).ok().flatten())
                    .and_then(|(found, _)| found.into_string().ok());
                if found.as_ref() != Some(value) {
                    return Err(violation(format!(
                        "{node} shows {found:?} as {key:?} of {notebook:?}, acknowledged was {value:?}"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Checks what each device says of the others once all are connected: that they have all it has
    /// and it has all they have, and that nothing is waiting to be sent.
    ///
    /// # Errors
    /// [`super::Violation`] for the first statement that is not true.
    pub fn check_statuses(&mut self) -> Checked<()> {
        for notebook in self.notebooks() {
            for node in self.holders(notebook) {
                let Some(engine) = self
                    .devices
                    .get_mut(node)
                    .and_then(|device| device.engine.as_mut())
                else {
                    continue;
                };
                let pending = engine.pending_out(notebook);
                if pending > 0 {
                    return Err(violation(format!(
                        "{node} says {pending} entries are unsent"
                    )));
                }
                for status in engine.peer_statuses(notebook) {
                    // What was signed for is on the disk, so no crash takes it back.
                    let is_even = status.behind == 0 && status.ahead == 0;
                    if !is_even || !status.connected || status.set_back.is_some() {
                        return Err(violation(format!(
                            "{node} says of a device of {notebook:?}: {status:?}"
                        )));
                    }
                }
            }
        }
        Ok(())
    }

    fn copy(&mut self, node: NodeId, notebook: NotebookId) -> Checked<Copy> {
        let device = self.device_mut(node)?;
        let disk = &device.disk;
        let replica = device
            .engine
            .as_mut()
            .and_then(|engine| engine.replica_mut(notebook))
            .ok_or_else(|| violation("a notebook is gone"))?;
        let mut heads = Vec::new();
        let mut content = Vec::new();
        for id in [GOALS, NOTES] {
            replica
                .catch_up(disk)
                .and_then(|()| replica.load_document(id, disk))
                .map_err(|error| violation(error.to_string()))?;
            if let Some(document) = replica.documents().get(&id) {
                let mut own: Vec<_> = document.get_heads();
                own.sort_unstable();
                heads.push((id, own));
                content.push((id, shown(document, &ROOT)));
            }
        }
        Ok(Copy {
            frontier: format!("{:?}", replica.frontier()),
            controls: replica.controls().digest(),
            membership: replica.membership().clone(),
            heads,
            content,
        })
    }

    fn document(
        &mut self,
        node: NodeId,
        notebook: NotebookId,
        id: DocumentId,
    ) -> Checked<Option<&Automerge>> {
        let device = self.device_mut(node)?;
        let disk = &device.disk;
        let replica = device
            .engine
            .as_mut()
            .and_then(|engine| engine.replica_mut(notebook))
            .ok_or_else(|| violation("no such notebook"))?;
        replica
            .catch_up(disk)
            .and_then(|()| replica.load_document(id, disk))
            .map_err(|error| violation(error.to_string()))?;
        Ok(replica.documents().get(&id))
    }

    /// Returns a goal that a device shows.
    ///
    /// # Errors
    /// [`super::Violation`] where the notebook cannot be read.
    pub fn goal(
        &mut self,
        node: NodeId,
        notebook: NotebookId,
        key: &str,
    ) -> Checked<Option<String>> {
        let document = self.document(node, notebook, GOALS)?;
        let found = document.and_then(|document| document.get(ROOT, key).ok().flatten());
        Ok(found.and_then(|(found, _)| found.into_string().ok()))
    }

    /// Returns the text of a notebook's shared note on a device.
    ///
    /// # Errors
    /// [`super::Violation`] where the notebook or the note cannot be read.
    pub fn note_text(&mut self, node: NodeId, notebook: NotebookId) -> Checked<String> {
        let document = self
            .document(node, notebook, NOTES)?
            .ok_or_else(|| violation("the note is not here"))?;
        note_of(document)
            .and_then(|note| document.text(note).ok())
            .ok_or_else(|| violation("the note has no text"))
    }
}

/// Spells out all that an object holds, concurrent values included.
fn shown(document: &automerge::Automerge, object: &ObjId) -> String {
    let one = |(value, id): &(Value<'_>, ObjId)| match value {
        Value::Object(ObjType::Text) => format!("{:?}", document.text(id).unwrap_or_default()),
        Value::Object(_) => shown(document, id),
        Value::Scalar(scalar) => scalar.to_string(),
    };
    let all = |values: Vec<(Value<'_>, ObjId)>| {
        let values: Vec<String> = values.iter().map(one).collect();
        values.join(" | ")
    };
    match document.object_type(object) {
        Ok(ObjType::List) => (0..document.length(object))
            .map(|at| all(document.get_all(object, at).unwrap_or_default()))
            .collect::<Vec<_>>()
            .join(", "),
        _ => document
            .keys(object)
            .map(|key| {
                let values = all(document.get_all(object, key.as_str()).unwrap_or_default());
                format!("{key}: {values}")
            })
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// One device's copy of a notebook, to compare.
#[derive(Debug, PartialEq, Eq)]
struct Copy {
    frontier: String,
    controls: [u8; 32],
    membership: hearth_core::control::Membership,
    heads: Vec<(DocumentId, Vec<automerge::ChangeHash>)>,
    content: Vec<(DocumentId, String)>,
}

impl Copy {
    fn shown(&self, what: &str) -> String {
        match what {
            "frontiers" => self.frontier.clone(),
            "members" => format!("{:?}", self.membership),
            "heads" => format!("{:?}", self.heads),
            "content" => format!("{:?}", self.content),
            _ => format!("{:?}", self.controls),
        }
    }
}
