//! A user is forgotten: what waits of theirs leaves the queue, then the rows, then what is kept of mails.
//!
//! Rows go in steps, between which the loop does its other work. Each step is done by the loop itself: so no decision is in hand
//! that has read a row of before and writes it once more, and the presence scheduler has nothing of the user when its row is gone. A crash in
//! between leaves the rest, and the same is asked for again.
//!
//! A mail that is on its way stays, since it may have arrived: its attempt ends, and its sender is told what came of it.

use super::timers::Timers;
use super::{Fatal, Pipeline, or_by_defect};
use crate::core::context::Context;
use crate::core::decide::decision::Decision;
use crate::core::decide::{Decider, Timer};
use crate::core::limits::FORGOTTEN_AT_ONCE;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::traces::{Gone, Traces};
use crate::failpoints;
use crate::smtp::{JobChange, JobStage, Queue, WaitingJob};
use crate::store::Store;
use crate::store::originals::Originals;
use crate::system;
use jid::BareJid;
use minidom::Element;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::Instant;

/// How long a part takes, after which who has asked hears how far it is.
const PART: Duration = Duration::from_secs(5);
/// Steps that wait for the loop.
const STEPS: usize = 16;

/// Some rows of a user are to be forgotten by the loop.
#[derive(Debug)]
pub struct ForgetStep {
    user: BareJid,
    done: oneshot::Sender<Gone>,
}

#[cfg(test)]
impl ForgetStep {
    /// As the loop says it.
    pub(super) fn answer(self, gone: Gone) {
        let _ = self.done.send(gone);
    }
}

/// Forgets users while the gateway runs. Cheap to clone.
#[derive(Clone)]
pub struct Forgetter {
    queue: Queue,
    originals: Option<Arc<Originals>>,
    own_files: Option<Arc<Originals>>,
    exports: Arc<Semaphore>,
    steps: mpsc::Sender<ForgetStep>,
}

impl Forgetter {
    /// With what the loop does for it, and with what every export holds.
    pub(super) fn of(
        queue: Queue,
        [originals, own_files]: [Option<Arc<Originals>>; 2],
        exports: Arc<Semaphore>,
    ) -> (Self, mpsc::Receiver<ForgetStep>) {
        let (steps, receiver) = mpsc::channel(STEPS);
        let forgetter = Self {
            queue,
            originals,
            own_files,
            exports,
            steps,
        };
        (forgetter, receiver)
    }

    /// All of it. `None`: the gateway stops, and some of it is left.
    pub async fn all(&self, user: &BareJid) -> Option<Traces> {
        let mut gone = Traces::default();
        loop {
            let (part, is_all) = self.part(user).await?;
            gone.add(part);
            if is_all {
                return Some(gone);
            }
        }
    }

    /// As much as can be done in some seconds, and whether nothing is left.
    pub async fn part(&self, user: &BareJid) -> Option<(Traces, bool)> {
        let began = Instant::now();
        let mut gone = Traces::default();
        // What is written meanwhile is of a user of whom nothing is known.
        if !self.withdraw(user, &mut gone, began).await?
            || !self.rows(user, &mut gone, began).await?
        {
            return Some((gone, false));
        }
        // One that has read rows which are gone by now writes them into a file. The semaphore is never closed.
        let _no_export = self.exports.acquire().await;
        let (originals, files) = (self.originals.clone(), self.own_files.clone());
        let of = user.clone();
        let kept = system::blocking(move || {
            let forget =
                |kept: Option<Arc<Originals>>| kept.map_or(0, |kept| kept.forget_user(&of));
            (forget(originals), forget(files))
        });
        let (originals, files) = kept.await.ok()?;
        gone.originals = number(originals);
        gone.files = number(files);
        gone.under_way = number(self.queue.of(user.clone()).await?.len());
        let user = clean::shorten_addresses(user.as_str());
        tracing::info!(%user, "a user is forgotten");
        Some((gone, true))
    }

    /// What waits of a user's mails, and what of it is on its way; and what is kept.
    pub async fn traces(&self, user: &BareJid) -> Option<Traces> {
        let mails = self.queue.of(user.clone()).await?;
        let waiting = mails.iter().filter(waits).count();
        let count = |kept: &Option<Arc<Originals>>| {
            let kept = kept.as_ref();
            number(kept.map_or(0, |kept| kept.count_of(user)))
        };
        Some(Traces {
            waiting: number(waiting),
            under_way: number(mails.len().saturating_sub(waiting)),
            originals: count(&self.originals),
            files: count(&self.own_files),
            ..Traces::default()
        })
    }

    /// Whether nothing waits any more.
    async fn withdraw(&self, user: &BareJid, gone: &mut Traces, began: Instant) -> Option<bool> {
        loop {
            let mut has_changed = false;
            for mail in self.queue.of(user.clone()).await?.iter().filter(waits) {
                let change = self.queue.withdraw(mail.job.id.clone(), true).await?;
                let is_gone = change == JobChange::Done;
                has_changed |= is_gone;
                gone.waiting = gone.waiting.saturating_add(u64::from(is_gone));
            }
            if !has_changed {
                return Some(true);
            }
            if began.elapsed() >= PART {
                return Some(false);
            }
        }
    }

    /// Whether no row is left.
    async fn rows(&self, user: &BareJid, gone: &mut Traces, began: Instant) -> Option<bool> {
        loop {
            let (done, forgotten) = oneshot::channel();
            let user = user.clone();
            self.steps.send(ForgetStep { user, done }).await.ok()?;
            let step = forgotten.await.ok()?;
            gone.rows.add(step.rows);
            if step.is_all || began.elapsed() >= PART {
                return Some(step.is_all);
            }
        }
    }
}

fn waits(mail: &&WaitingJob) -> bool {
    mail.stage == JobStage::Waits
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl<S: Store> Pipeline<S> {
    /// Some rows of a user go, and the user's clients hear that the contacts among them are gone.
    pub(super) async fn forget_some(
        &self,
        timers: &mut Timers,
        ForgetStep { user, done }: ForgetStep,
    ) -> Result<(), Fatal> {
        timers.forget(&user);
        let mut context = Context::new();
        let now = Timestamp::now();
        // What the user has chosen is known as long as its row is there.
        let mut stanzas = self.of_choices(&user).await?;
        let gone = self.store.forget_some_of(&user, FORGOTTEN_AT_ONCE).await?;
        failpoints::point("pipeline: some rows of a user forgotten");
        if !stanzas.is_empty() && !self.of_choices(&user).await?.is_empty() {
            // It still is, and the step that takes it says so.
            stanzas.clear();
        }
        for (mail, contact) in &gone.contacts {
            let relation = (&user, mail, contact);
            let decide = |context: &Context| {
                Decider::new(&self.settings, context, now).timer(Timer::Forgotten(relation))
            };
            let words = self.decided(&mut context, decide).await;
            let words = or_by_defect(words, |_| Decision::nothing())?;
            stanzas.extend(words.stanzas);
        }
        if !stanzas.is_empty() && self.link.online() {
            self.answer(stanzas, timers.is_stopped()).await;
        }
        // Nobody listens after a stop.
        let _ = done.send(gone);
        Ok(())
    }
}

impl<S: Store> Pipeline<S> {
    /// What the server of a user is told who is forgotten, by what the user has chosen.
    async fn of_choices(&self, user: &BareJid) -> Result<Vec<Element>, Fatal> {
        let decide = |context: &Context| {
            Decider::new(&self.settings, context, Timestamp::now())
                .timer(Timer::UserForgotten(user))
        };
        let words = self.decided(&mut Context::new(), decide).await;
        Ok(or_by_defect(words, |_| Decision::nothing())?.stanzas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::job::{ComposedMail, Origin, OriginKind};
    use crate::core::traces::RowCounts;
    use crate::smtp::SmtpConnector;
    use crate::smtp::fake::{Fake, Say, mail};
    use crate::store::spool::Spool;
    use tokio_util::sync::CancellationToken;

    const ALICE: &str = "alice@a.example";

    fn of(user: &str, name: &str, to: &str, sequence: u64) -> ComposedMail {
        let mut mail = mail(name, &format!("{user} {to}"), sequence, &[to]);
        mail.job.origin = Some(Origin {
            user: format!("{user}/x").parse().unwrap(),
            contact: BareJid::new("carol@gateway.example").unwrap(),
            stanza_id: None,
            language: None,
            kind: OriginKind::Message,
            receipt: false,
            confirm: false,
        });
        mail
    }

    /// The loop, with a user of three rows who are forgotten one by one.
    async fn loop_of_three(mut steps: mpsc::Receiver<ForgetStep>) {
        let mut left = 3;
        while let Some(ForgetStep { user, done }) = steps.recv().await {
            assert_eq!(user.as_str(), ALICE);
            let rows = RowCounts {
                contacts: u64::from(left > 0),
                ..RowCounts::default()
            };
            let _ = done.send(Gone {
                rows,
                is_all: left == 0,
                ..Gone::default()
            });
            left = i32::max(left - 1, 0);
        }
    }

    #[tokio::test]
    async fn what_waits_leaves_the_queue_and_what_is_on_its_way_stays() {
        let dir = tempfile::tempdir().unwrap();
        let fake = Fake::start(|_, line| match line {
            line if line.starts_with(".") && line.contains("Subject: first") => Say::Hang,
            line if line.contains("busy@") => Say::Reply("450 4.2.0 busy\r\n"),
            _ => Say::Usual,
        })
        .await;
        let (spool, jobs) = Spool::open(dir.path()).unwrap();
        let spool = Arc::new(spool);
        let (settle, mut settles) = mpsc::channel(16);
        let connector = SmtpConnector::new(fake.config()).unwrap();
        let day = Duration::from_secs(86_400);
        let (queue, runner) = Queue::start(connector, Arc::clone(&spool), jobs, day, settle);
        let stop = CancellationToken::new();
        tokio::spawn(runner.run(stop.clone()));
        let mails = vec![
            of(ALICE, "first", "dave@x.example", 1),
            of(ALICE, "second", "dave@x.example", 2),
            of(ALICE, "third", "dave@x.example", 3),
            of("alice@a.example.org", "other", "busy@x.example", 4),
        ];
        spool.accept(mails.clone()).await.unwrap();
        for mail in mails {
            queue.push(mail.job, Some(mail.bytes));
        }
        // The other one's is deferred, and so the first is on its way by now.
        let deferred = settles.recv().await.unwrap();
        assert!(deferred.done.send(Default::default()).is_ok());
        while fake.seen_with(".").is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (forgetter, steps) =
            Forgetter::of(queue.clone(), [None, None], Arc::new(Semaphore::new(1)));
        tokio::spawn(loop_of_three(steps));
        let alice = BareJid::new(ALICE).unwrap();
        let before = forgetter.traces(&alice).await.unwrap();
        assert_eq!((before.waiting, before.under_way), (2, 1));
        let gone = forgetter.all(&alice).await.unwrap();
        assert_eq!(
            (gone.rows.contacts, gone.waiting, gone.under_way),
            (3, 2, 1)
        );
        let again = forgetter.all(&alice).await.unwrap();
        assert_eq!(
            (again.rows, again.waiting, again.under_way),
            (RowCounts::default(), 0, 1)
        );
        assert_eq!(queue.depth(), 2, "the first, and the other one's");
        stop.cancel();
    }

    #[tokio::test]
    async fn a_gateway_that_stops_says_that_it_does() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, jobs) = Spool::open(dir.path()).unwrap();
        let (settle, _settles) = mpsc::channel(1);
        let connector = SmtpConnector::new(Fake::start(|_, _| Say::Hang).await.config()).unwrap();
        let (queue, runner) = Queue::start(
            connector,
            Arc::new(spool),
            jobs,
            Duration::from_secs(60),
            settle,
        );
        let stop = CancellationToken::new();
        let running = tokio::spawn(runner.run(stop.clone()));
        let (forgetter, steps) = Forgetter::of(queue, [None, None], Arc::new(Semaphore::new(1)));
        let alice = BareJid::new(ALICE).unwrap();
        drop(steps);
        assert_eq!(forgetter.all(&alice).await, None);
        stop.cancel();
        running.await.unwrap();
        assert_eq!(forgetter.traces(&alice).await, None);
    }
}
