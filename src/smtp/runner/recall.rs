//! Jobs that lie in the spool until it is their turn.

use super::Runner;
use crate::core::job::Job;
use crate::core::retry;
use crate::core::time::Timestamp;
use crate::smtp::JobChange;
use crate::smtp::command::QueueRequest;
use crate::smtp::schedule::Recall;
use crate::store::spool::SpoolError;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::task::{Id, JoinError};

impl Runner {
    /// Reads a job, and then does what an admin wants of it.
    pub(super) fn recall(&mut self, recall: Recall, then: Option<QueueRequest>) {
        let (tools, brief) = (Arc::clone(&self.tools), recall.brief.clone());
        let read = async move { tools.spool.read_job(&brief).await };
        let id = self.reads.spawn(read).id();
        self.recalls.insert(id, (recall, then));
    }

    pub(super) fn recalled(&mut self, result: Result<(Id, Result<Job, SpoolError>), JoinError>) {
        let id = result.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let Some((recall, then)) = self.recalls.remove(&id) else {
            return;
        };
        let job = &recall.brief.id;
        match result.map(|(_, read)| read) {
            Ok(Ok(whole)) => self.schedule.recalled(&recall, whole),
            Ok(Err(SpoolError::Gone(_))) => {
                tracing::warn!(%job, "a waiting mail has left the spool, it is not sent");
                self.recalled_in_vain(&recall);
            }
            // The newer one was or will be pushed; what was damaged was set aside.
            Ok(Err(SpoolError::Replaced(_) | SpoolError::Damaged { .. })) => {
                self.recalled_in_vain(&recall);
            }
            Ok(Err(error)) => return self.recall_later(&recall, then, &error),
            Err(error) => return self.recall_later(&recall, then, &error),
        }
        if let Some(request) = then {
            self.run_request(request);
        }
    }

    fn recalled_in_vain(&mut self, recall: &Recall) {
        if self.schedule.recalled_in_vain(recall) {
            self.depth.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// An admin who waits for it is told so.
    fn recall_later(
        &mut self,
        recall: &Recall,
        then: Option<QueueRequest>,
        error: &dyn std::error::Error,
    ) {
        tracing::error!(job = %recall.brief.id, "a waiting mail cannot be read, it is tried again later: {error}");
        let next = Timestamp::now().plus(retry::delay(1, 0));
        self.schedule.recall_later(recall, next);
        if let Some(QueueRequest::Drop { answer, .. }) = then {
            let _ = answer.send(JobChange::Unreadable);
        }
    }
}
