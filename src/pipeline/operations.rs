//! What is done about mails that wait, because a user wishes it, and what administrators have done. The loop does not wait for
//! it: taking a mail out of the queue may take the loop itself. When it is done, the stanza that asked for it is decided about once more, knowing that.

use super::export::UserExporter;
use super::forget::{ForgetStep, Forgetter};
use super::timers::Timers;
use super::{Decided, Fatal, Pipeline};
use crate::core::context::Context;
use crate::core::decide::decision::Decision;
use crate::core::from_mail;
use crate::core::id::OriginalId;
use crate::core::limits::{
    LONG_OPERATIONS_MAX, OPERATIONS_MAX, OPERATIONS_OF_ONE_MAX, ORIGINALS_READ_MAX,
};
use crate::core::operation::OriginalText;
use crate::core::operation::{JobWish, Links, Operation, OperationResult};
use crate::core::sessions::EndedSessions;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::panics;
use crate::smtp::{By, Queue};
use crate::store::Store;
use crate::store::originals::Originals;
use crate::system;
use futures::future::BoxFuture;
use jid::{BareJid, Jid};
use minidom::Element;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, mpsc};

/// An operation that is done.
#[derive(Debug)]
pub struct Done {
    element: Element,
    operation: Operation,
    told: OperationResult,
}

/// What comes back to the loop.
#[derive(Debug)]
pub struct Returns {
    /// Operations that are done.
    pub done: mpsc::Receiver<Done>,
    /// Users who are to be forgotten, some rows at a time.
    pub forgets: mpsc::Receiver<ForgetStep>,
}

/// Does a command of an administrator, as it would be typed: what it prints, or why it is refused.
pub type Commands =
    Arc<dyn Fn(Vec<String>) -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// Where there are none.
#[cfg(test)]
pub fn no_commands() -> Commands {
    Arc::new(|_| Box::pin(async { Err("there are no commands here".to_owned()) }))
}

/// Does operations.
#[derive(Clone)]
pub struct Operations {
    queue: Queue,
    commands: Commands,
    originals: Option<Arc<Originals>>,
    own_files: Option<Arc<Originals>>,
    forgetter: Forgetter,
    exporter: UserExporter,
    room: Arc<Semaphore>,
    /// Of this, what operations have that take long, all of a user's rows.
    long: Arc<Semaphore>,
    /// How many are being done for whom, by the bare JID.
    of_one: Arc<Mutex<HashMap<String, usize>>>,
    reading: Arc<Semaphore>,
    /// Sessions of commands that are over, whatever an operation of theirs is about.
    over: Arc<Mutex<EndedSessions>>,
    done: mpsc::Sender<Done>,
}

/// One of the places that one user has, given back when it is dropped.
struct TakenPlace(Arc<Mutex<HashMap<String, usize>>>, String);

impl TakenPlace {
    fn of(taken: &Arc<Mutex<HashMap<String, usize>>>, user: &str) -> Option<Self> {
        let mut places = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = places.entry(user.to_owned()).or_default();
        if *mine >= OPERATIONS_OF_ONE_MAX {
            return None;
        }
        *mine += 1;
        Some(Self(Arc::clone(taken), user.to_owned()))
    }
}

impl Drop for TakenPlace {
    fn drop(&mut self) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = places.get_mut(&self.1) {
            *mine = mine.saturating_sub(1);
        }
        places.retain(|_, count| *count > 0);
    }
}

impl Operations {
    /// About mails of this queue, and about those that are kept as they came and their files; and what comes back to the loop.
    pub fn of(
        queue: Queue,
        kept: [Option<Arc<Originals>>; 2],
        commands: Commands,
        exporter: UserExporter,
    ) -> (Self, Returns) {
        let (done, receiver) = mpsc::channel(OPERATIONS_MAX);
        let [originals, own_files] = kept.clone();
        let (forgetter, forgets) = Forgetter::of(queue.clone(), kept, exporter.alone());
        let room = Arc::new(Semaphore::new(OPERATIONS_MAX));
        let operations = Self {
            queue,
            commands,
            originals,
            own_files,
            forgetter,
            exporter,
            room,
            long: Arc::new(Semaphore::new(LONG_OPERATIONS_MAX)),
            of_one: Arc::default(),
            reading: Arc::new(Semaphore::new(ORIGINALS_READ_MAX)),
            over: Arc::default(),
            done,
        };
        let returns = Returns {
            done: receiver,
            forgets,
        };
        (operations, returns)
    }

    /// For commands, which forget users as well.
    pub fn forgetter(&self) -> Forgetter {
        self.forgetter.clone()
    }

    /// Begins one, for this stanza; false where too many are being done, of all users or of this one.
    fn begin(&self, element: &Element, operation: &Operation) -> bool {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
            return false;
        };
        let is_long = matches!(
            operation,
            Operation::Export { .. } | Operation::Forget { .. }
        );
        let long = match is_long {
            true => match Arc::clone(&self.long).try_acquire_owned() {
                Ok(long) => Some(long),
                Err(_) => return false,
            },
            false => None,
        };
        let from = element.attr("from").unwrap_or_default().to_owned();
        let user = from.split('/').next().unwrap_or_default();
        let Some(of_one) = TakenPlace::of(&self.of_one, user) else {
            return false;
        };
        let (doer, sender) = (self.clone(), self.done.clone());
        let (element, operation) = (element.clone(), operation.clone());
        tokio::spawn(async move {
            let told = doer.done(&operation, &from).await;
            let done = Done {
                element,
                operation,
                told,
            };
            // Nobody listens after a stop; then the client asks again.
            let _ = sender.send(done).await;
            drop((place, long, of_one));
        });
        true
    }

    async fn done(&self, operation: &Operation, from: &str) -> OperationResult {
        match operation {
            Operation::Mail { job, wish } => {
                let id = job.id.clone();
                let changed = match wish {
                    JobWish::TakeBack => self.queue.withdraw(id, true).await,
                    JobWish::SendNow => self.queue.hasten(id, By::User).await,
                };
                // None: nothing is sent any more.
                changed.map_or(OperationResult::Busy, OperationResult::Changed)
            }
            Operation::Original(id) => {
                let (originals, id) = (self.originals.clone(), id.clone());
                // The semaphore is never closed.
                let _alone = self.reading.acquire().await;
                let text = system::blocking(move || whole_text(originals?.as_ref(), &id));
                OperationResult::Original(text.await.ok().flatten())
            }
            Operation::Revoke(links) => {
                let Ok(user) = Jid::new(from) else {
                    return OperationResult::Busy;
                };
                let kept = [self.originals.clone(), self.own_files.clone()];
                let links = links.clone();
                let gone = system::blocking(move || revoked(kept, &user.to_bare(), &links));
                OperationResult::Revoked(gone.await.ok().flatten())
            }
            Operation::Admin { words, .. } => {
                let words = words.clone();
                let command = clean::shorten_addresses(&words.join(" "));
                tracing::info!(admin = %from, %command, "an administrator runs a command");
                OperationResult::Said((self.commands)(words).await)
            }
            Operation::Export { mail, about } => {
                let Ok(user) = Jid::new(from) else {
                    return OperationResult::Busy;
                };
                let (user, mail) = (user.to_bare(), mail.as_ref());
                let all = self.exporter.all(&user, (mail, about), &self.queue);
                OperationResult::Exported(all.await)
            }
            Operation::Forget { .. } => {
                let Ok(user) = Jid::new(from) else {
                    return OperationResult::Busy;
                };
                tracing::info!("a user asked to be forgotten");
                let gone = self.forgetter.all(&user.to_bare()).await;
                gone.map_or(OperationResult::Busy, OperationResult::Forgotten)
            }
        }
    }
}

/// How many of a user's links are dead now that were not; `None`: the disk does not do it.
fn revoked(kept: [Option<Arc<Originals>>; 2], user: &BareJid, links: &Links) -> Option<usize> {
    let these = match links {
        Links::All => None,
        Links::These(ids) => Some(ids.as_slice()),
    };
    let mut gone = 0_usize;
    for folder in kept.into_iter().flatten() {
        match folder.revoke(user, these) {
            Ok(count) => gone = gone.saturating_add(count),
            Err(error) => {
                tracing::error!(%error, "what a user's links lead to cannot be removed");
                return None;
            }
        }
    }
    Some(gone)
}

/// All that a mail says which is kept as it came. `None` where it is not kept, or cannot be read.
fn whole_text(originals: &Originals, id: &OriginalId) -> Option<OriginalText> {
    let kept = match originals.read(id, Timestamp::now()) {
        Ok(kept) => kept?,
        Err(error) => {
            tracing::warn!(%error, "a mail that is kept as it came cannot be read");
            return None;
        }
    };
    let read = panics::caught(|| from_mail::read(&kept.raw, &[], false));
    let mail = read.ok()?.ok()?;
    Some(whole(mail))
}

/// The subject, the text with all that it quotes, and its files.
fn whole(mail: from_mail::ParsedMail) -> OriginalText {
    OriginalText {
        subject: mail.subject.filter(|one| !one.is_empty()),
        text: mail.text.trim_end().to_owned(),
        is_cut: mail.text_cut,
        files: mail.attachments,
        enclosed: mail.enclosed,
    }
}

impl<S: Store> Pipeline<S> {
    /// Whether the operation is under way, so that all else waits for it.
    pub(super) fn begins(
        &self,
        context: &mut Context,
        element: &Element,
        operation: Operation,
    ) -> bool {
        let is_begun = self.operations.begin(element, &operation);
        if !is_begun {
            context.tell(Some((operation, OperationResult::Busy)));
        }
        is_begun
    }

    /// What is answered to who completes a session of a command again; `None` where it is not over, which is noted. Where an operation
    /// was done, it may turn out that it is not.
    pub(super) fn ended(
        &self,
        context: &Context,
        decision: &Decision,
        now: Timestamp,
    ) -> Option<Decision> {
        let session = decision.session.as_deref()?;
        let over = &self.operations.over;
        let mut over = over.lock().unwrap_or_else(PoisonError::into_inner);
        if session.is_old && context.told().is_none() && over.has(&session.id, now) {
            return Some(Decision::answer(session.otherwise.clone()));
        }
        over.put(&session.id, session.is_over, now);
        None
    }

    /// Decides once more about the stanza that asked for it.
    pub(super) async fn operation_done(
        &self,
        timers: &mut Timers,
        done: Done,
    ) -> Result<(), Fatal> {
        let now = Timestamp::now();
        let mut context = Context::new();
        context.tell(Some((done.operation, done.told)));
        let decided: Decided = self.stanza(&mut context, &done.element, now).await?;
        let kept = context.kept();
        self.make_durable(timers, now, kept, vec![decided]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::SmtpConnector;
    use crate::smtp::fake::{Fake, Say};
    use crate::store::spool::Spool;
    use std::collections::BTreeMap;
    use std::time::Duration;

    /// Somebody has made many users, each of whom asks for an export, and then to be forgotten.
    #[tokio::test]
    async fn b12_exports_leave_room_for_what_others_ask() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, jobs) = Spool::open(dir.path()).unwrap();
        let (settle, _settles) = mpsc::channel(1);
        let connector = SmtpConnector::new(Fake::start(|_, _| Say::Hang).await.config()).unwrap();
        let day = Duration::from_secs(24 * 3600);
        let (queue, runner) = Queue::start(connector, Arc::new(spool), jobs, day, settle);
        tokio::spawn(runner.run(tokio_util::sync::CancellationToken::new()));
        let exporter = UserExporter::hanging();
        let (operations, _returns) = Operations::of(queue, [None, None], no_commands(), exporter);
        let begins = |user: usize, operation: &Operation| {
            let from = format!("u{user}@a.example/phone");
            let element = crate::core::xml::Build::new("message", "jabber:component:accept");
            let element = element.attr("from", &from).done();
            operations.begin(&element, operation)
        };
        let export = Operation::Export {
            mail: None,
            about: BTreeMap::new(),
        };
        let forget = Operation::Forget {
            language: crate::core::language::Language::ENGLISH,
        };
        let begun = (0..2 * OPERATIONS_MAX).filter(|user| begins(*user, &export));
        assert_eq!(begun.count(), LONG_OPERATIONS_MAX);
        assert!(!begins(500, &forget), "it would wait for the exports");
        let revoke = Operation::Revoke(Links::All);
        assert!(begins(501, &revoke), "this takes a moment");
    }
}
