//! Notebooks that a person destroys on this device.

use super::Engine;
use crate::ids::NotebookId;

impl Engine {
    /// Keeps notebooks out that this person destroyed earlier, whoever hands them over.
    pub fn keep_out(&mut self, destroyed: impl IntoIterator<Item = NotebookId>) {
        self.destroyed.extend(destroyed);
    }

    /// Drops a notebook with everything that is known of it in memory: nothing of it is exchanged any more, and the
    /// next capsule does not name it. Nobody hands it over again. What is on the disk, the caller destroys.
    pub fn forget(&mut self, notebook: NotebookId) {
        self.destroyed.insert(notebook);
        self.replicas.remove(&notebook);
        self.peers.retain(|(of, _), _| *of != notebook);
        self.unsaved_peers.retain(|(of, _)| *of != notebook);
        self.mirrors.forget(notebook);
        self.mirror_files.forget(notebook);
        self.checkpoints.forget(notebook);
        self.unopened.remove(&notebook);
        self.reopen_at_ms.remove(&notebook);
        self.own.forget(notebook);
        self.forget_fetches_of(notebook);
        self.prepared = self.prepared.filter(|prepared| *prepared != notebook);
        self.wants_sharing = true;
        self.review_capsules_soon();
    }
}
