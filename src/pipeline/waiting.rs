//! Mails that wait in the queue, for decisions about stanzas that change them: the mail of a message that is taken back.
//!
//! A decision that asks for such a mail gets it from the queue, which keeps it there until the batch is accepted; so what was
//! decided of a mail is done to that very mail, and never to one that is on its way.

use super::decided::{Unanswered, Undecided, or_by_defect};
use super::{Decided, EVENTS_PER_BATCH, Fatal, Pipeline};
use crate::core::context::{Context, Missing, Need, Row};
use crate::core::decide::{Decider, Decision, Timer};
use crate::core::id::JobId;
use crate::core::job::{ComposedMail, Job};
use crate::core::time::Timestamp;
use crate::failpoints;
use crate::smtp::Which;
use crate::store::Store;
use crate::store::spool::SpoolError;
use std::collections::HashMap;

/// How many mails were changed by the last batch at most, and as many again where the clock is not to be trusted.
const DRAFTS_COMPLETED: usize = 4 * EVENTS_PER_BATCH;

impl<S: Store> Pipeline<S> {
    /// As [`Pipeline::decided`], where it may be about mails that wait: [`Pipeline::let_go`] is to follow.
    pub(super) async fn decided_of_waiting<T>(
        &self,
        context: &mut Context,
        decide: impl Fn(&Context) -> Result<T, Missing>,
    ) -> Result<T, Undecided> {
        loop {
            let needs = match Self::ask(context, &decide) {
                Ok(decided) => return Ok(decided),
                Err(Unanswered::Defect(why)) => return Err(Undecided::Defect(why)),
                Err(Unanswered::Rows(needs)) => needs,
            };
            let (of_queue, of_store): (Vec<Need>, Vec<Need>) =
                needs.into_iter().partition(Need::is_of_queue);
            self.load(context, of_store).await?;
            for need in of_queue {
                let which = match &need {
                    Need::Waiting(id) => Which::Id(id.clone()),
                    Need::LastOf(key) => Which::LastOf(key.clone()),
                    Need::WaitingOf(user) => {
                        let own = self.queue.of(user.clone()).await;
                        context.insert(need, own.map(Row::Waiting));
                        continue;
                    }
                    _ => continue,
                };
                let job = self.queue.reserve(which).await;
                context.insert(need, job.map(|job| Row::Job(Box::new(job))));
            }
        }
    }

    /// The mails that a batch asked for go their way, as it was decided.
    pub(super) fn let_go(&self, kept: Vec<JobId>) {
        self.queue.release(kept);
    }

    /// What a former process has put into the spool last may not have its rows: a stanza that comes again is to be known.
    pub(super) async fn complete_rows(&self) -> Result<(), Fatal> {
        let (now, mut context) = (Timestamp::now(), Context::new());
        let mut writes = Vec::new();
        for job in self.queue.drafts(DRAFTS_COMPLETED).await {
            let decide = |context: &Context| {
                Decider::new(&self.settings, context, now).timer(Timer::Found(&job))
            };
            let decided = self.decided(&mut context, decide).await;
            let decision = or_by_defect(decided, |why| {
                tracing::error!(job = %job.id, "the gateway failed on a mail that it found in its spool, which is a defect, please report it ({why})");
                Decision::nothing()
            })?;
            context.apply(&decision.writes);
            writes.extend(decision.writes);
        }
        self.commit(now, writes).await
    }

    /// Changes when mails leave that wait for more.
    pub(super) fn change_leaving(&self, decided: &[Decided]) {
        let leaving = decided.iter().flat_map(|one| &one.decision.leaving);
        for (id, at) in leaving {
            self.queue.leave_at(id.clone(), *at);
        }
    }

    /// Takes mails out of the spool and the queue that nobody wants sent any more.
    pub(super) async fn take_back(&self, jobs: &[Job]) -> Result<(), SpoolError> {
        for job in jobs {
            self.spool.remove(job).await?;
            failpoints::point("pipeline: mail taken back, rows not yet committed");
            self.queue.take_back(job.id.clone());
        }
        Ok(())
    }
}

/// What of these mails is to be accepted: of several versions of one mail the last, in the place of the first, and nothing of
/// those that are withdrawn.
pub(super) fn last_versions<'a>(
    mails: impl Iterator<Item = &'a ComposedMail>,
    withdrawn: &[Job],
) -> Vec<ComposedMail> {
    let mut places: HashMap<&JobId, usize> = HashMap::new();
    let mut last: Vec<ComposedMail> = Vec::new();
    for mail in mails {
        let id = &mail.job.id;
        if withdrawn.iter().any(|job| job.id == *id) {
            continue;
        }
        let place = *places.entry(id).or_insert(last.len());
        match last.get_mut(place) {
            Some(before) => *before = mail.clone(),
            None => last.push(mail.clone()),
        }
    }
    last
}
