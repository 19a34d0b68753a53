//! What commands do with the mails that wait, and with what is in quarantine.
//!
//! Where a gateway runs, its queue knows best. Where none does, the spool is opened, as a start would; then nobody can be
//! told anything.

mod running;
mod shown;
mod users;

use super::{ROWS_MAX, Response};
use crate::core::id::{JobId, MessageId};
use crate::core::job::Brief;
use crate::core::time::Timestamp;
use crate::core::xml;
use crate::inbound::InboundMail;
use crate::pipeline::{read_again, stanza_key};
use crate::smtp::{self, By, JobChange, JobStage};
use crate::store::quarantine::{self, Quarantine, QuarantinedEvent};
use crate::store::spool::{Spool, SpoolError};
use crate::xmpp::XmppEvent;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
pub use running::{Announcer, Itself, Readers, RunningParts};
use serde::{Deserialize, Serialize};
use shown::{at_rest, facts_of, facts_of_kept, item_of, item_of_kept, items_of, shown};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a sender may take to be told, and the pipeline to take something up.
const PATIENCE: Duration = Duration::from_secs(10);

/// One thing that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueItem {
    /// By which commands name it.
    pub id: String,
    /// Since when.
    pub since: Timestamp,
    /// Who sent it.
    pub from: String,
    /// For whom it is: the first one.
    pub to: String,
    /// And how many others.
    pub others: usize,
    /// Its size.
    pub octets: u64,
    /// What it waits for.
    pub state: ItemState,
    /// Attempts so far.
    pub attempts: u32,
    /// What the last attempt brought, or why it is in quarantine.
    pub last: String,
    /// Its place in the queue, for the next page.
    pub place: u64,
}

/// How much of an id has to be written at least, in hexadecimal digits.
const ID_MIN: usize = 6;

/// What something waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemState {
    /// An attempt at this time.
    Next(Timestamp),
    /// The end of an attempt.
    UnderWay,
    /// That its sender is told what became of it.
    Telling,
    /// An admin: a stanza in quarantine.
    Stanza,
    /// An admin: a mail in quarantine.
    Mail,
}

/// What waits, and how it is reached.
pub struct WaitingItems {
    quarantine: Arc<Quarantine>,
    way: QueueAccess,
}

enum QueueAccess {
    Running(Box<RunningParts>),
    Resting {
        folder: PathBuf,
        opened: Mutex<Option<(Spool, Vec<Brief>)>>,
    },
}

/// Why something was not done: a sentence.
struct Not(String);

impl<E: std::error::Error> From<E> for Not {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn not(sentence: impl Into<String>) -> Not {
    Not(sentence.into())
}

impl WaitingItems {
    /// Of a gateway that runs.
    pub fn running(quarantine: Arc<Quarantine>, running: RunningParts) -> Self {
        let way = QueueAccess::Running(Box::new(running));
        Self { quarantine, way }
    }

    /// Of the store in this folder, with which no gateway runs.
    pub fn resting(store: &Path) -> Self {
        Self {
            quarantine: Arc::new(Quarantine::of_store(store)),
            way: QueueAccess::Resting {
                folder: store.join("spool"),
                opened: Mutex::new(None),
            },
        }
    }

    /// [`Response::Running`].
    pub(super) fn status(&self) -> Response {
        match &self.way {
            QueueAccess::Running(running) => (running.itself.status)(),
            QueueAccess::Resting { .. } => Response::refused("no gateway runs"),
        }
    }

    /// [`Response::Status`].
    pub(super) async fn facts(&self) -> Response {
        let mut troubles = Vec::new();
        let (is_running, is_attached, waiting) = match &self.way {
            QueueAccess::Running(running) => {
                let status = (running.itself.status)();
                let is_attached = matches!(
                    status,
                    Response::Running {
                        is_attached: true,
                        ..
                    }
                );
                troubles = running.troubles().await;
                (true, is_attached, Ok(running.queue.depth()))
            }
            QueueAccess::Resting { folder, opened } => {
                let mut opened = opened.lock().await;
                let found = open(folder, &mut opened).map(|(_, jobs)| jobs.len());
                (false, false, found.map_err(Not::from))
            }
        };
        let quarantined = self.quarantine.list().map_err(Not::from);
        answered(waiting.and_then(|waiting| {
            Ok(Response::Status {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                is_running,
                is_attached,
                waiting,
                quarantined: quarantined?.len(),
                troubles,
            })
        }))
    }

    /// [`Response::Done`].
    pub(super) fn reload(&self) -> Response {
        match &self.way {
            QueueAccess::Running(running) => {
                running.itself.again.notify_one();
                Response::Done
            }
            QueueAccess::Resting { .. } => Response::refused("no gateway runs"),
        }
    }

    /// [`Response::Done`].
    pub(super) fn log(&self, level: &str) -> Response {
        match (&self.way, level.parse()) {
            (QueueAccess::Running(running), Ok(level)) => {
                (running.itself.set_level)(level);
                Response::Done
            }
            (_, Err(_)) => Response::refused(format!(
                "{level} is no level; it is error, warn, info, debug or trace"
            )),
            (QueueAccess::Resting { .. }, _) => Response::refused("no gateway runs"),
        }
    }

    /// [`Response::Upload`].
    pub(super) async fn upload(&self, server: &str) -> Response {
        match &self.way {
            QueueAccess::Running(running) => match &running.files {
                Some(files) => Response::Upload {
                    service: files.probe(server).await,
                },
                None => {
                    Response::refused("the gateway that runs leaves files alone ([http] files)")
                }
            },
            QueueAccess::Resting { .. } => Response::refused("no gateway runs"),
        }
    }

    /// [`Response::Queue`].
    pub(super) async fn list(&self, after: Option<u64>) -> Response {
        answered(
            self.page(after)
                .await
                .map(|items| Response::Queue { items }),
        )
    }

    /// [`Response::Queue`].
    pub(super) fn quarantined(&self) -> Response {
        let list = self.quarantine.list().map_err(Not::from);
        answered(list.map(|kept| Response::Queue {
            items: kept.iter().map(item_of_kept).collect(),
        }))
    }

    /// [`Response::Shown`].
    pub(super) async fn show(&self, id: &str, body: bool) -> Response {
        answered(self.shown(id, body).await)
    }

    /// [`Response::Queue`] with it, or [`Response::Retried`].
    pub(super) async fn retry(&self, id: Option<&str>) -> Response {
        answered(match id {
            Some(id) => self.retry_one(id).await,
            None => self.retry_all().await,
        })
    }

    /// [`Response::Queue`] with it.
    pub(super) async fn drop_one(&self, id: &str, silent: bool) -> Response {
        answered(self.dropped(id, silent).await)
    }

    async fn page(&self, after: Option<u64>) -> Result<Vec<QueueItem>, Not> {
        match &self.way {
            QueueAccess::Running(running) => {
                let page = running.queue.page(after, ROWS_MAX).await;
                items_of(&running.spool, page.ok_or_else(stopping)?).await
            }
            QueueAccess::Resting { folder, opened } => {
                let mut opened = opened.lock().await;
                let (spool, jobs) = open(folder, &mut opened)?;
                let is_later = |brief: &&Brief| after.is_none_or(|after| brief.sequence > after);
                let mut page = Vec::new();
                for brief in jobs.iter().filter(is_later).take(ROWS_MAX) {
                    page.push(at_rest(spool.read_job(brief).await?));
                }
                items_of(spool, page).await
            }
        }
    }

    async fn shown(&self, id: &str, body: bool) -> Result<Response, Not> {
        let id = self.named(id).await?;
        if let Some((waiting, content)) = self.find(&id).await? {
            let octets = u64::try_from(content.len()).unwrap_or(u64::MAX);
            return Ok(shown(facts_of(&waiting, octets), &content, body));
        }
        let (kept, content) = self.kept(&id).await?;
        let body = body || kept.note.kind == quarantine::QuarantineKind::Stanza;
        Ok(shown(facts_of_kept(&kept), &content, body))
    }

    /// What is called so, by all of its id or by how it begins.
    async fn named(&self, id: &str) -> Result<JobId, Not> {
        if let Some(whole) = JobId::parse(id) {
            return Ok(whole);
        }
        let is_digit = |c: char| c.is_ascii_hexdigit() && !c.is_ascii_uppercase();
        if id.len() < ID_MIN || !id.chars().all(is_digit) {
            return Err(no_id(id));
        }
        let (mut after, mut found) = (None, Vec::new());
        loop {
            let page = self.page(after).await?;
            found.extend(page.iter().map(|item| item.id.clone()));
            found.retain(|known| known.starts_with(id));
            after = page.last().map(|item| item.place);
            if after.is_none() || found.len() > 1 {
                break;
            }
        }
        let kept = self.quarantine.list()?;
        let kept = kept.iter().map(|kept| item_of_kept(kept).id);
        found.extend(kept.filter(|known| known.starts_with(id)));
        match found.as_slice() {
            [one] => JobId::parse(one).ok_or_else(|| no_id(id)),
            [] => Err(not(format!(
                "nothing that waits has an id that begins with {id}; it may have been sent meanwhile: `stanzamail queue list` \
                 shows what waits"
            ))),
            _ => Err(not(format!(
                "several that wait have ids that begin with {id}: write more of it"
            ))),
        }
    }

    /// A job with its mail.
    async fn find(&self, id: &JobId) -> Result<Option<(smtp::WaitingJob, Vec<u8>)>, Not> {
        match &self.way {
            QueueAccess::Running(running) => {
                let found = running.queue.find(id.clone()).await.ok_or_else(stopping)?;
                let Some(waiting) = found else {
                    return Ok(None);
                };
                let mail = running.spool.read_mail(&waiting.job).await?;
                Ok(Some((waiting, mail)))
            }
            QueueAccess::Resting { folder, opened } => {
                let mut opened = opened.lock().await;
                let (spool, jobs) = open(folder, &mut opened)?;
                let Some(brief) = jobs.iter().find(|brief| brief.id == *id) else {
                    return Ok(None);
                };
                let job = spool.read_job(brief).await?;
                let mail = spool.read_mail(&job).await?;
                Ok(Some((at_rest(job), mail)))
            }
        }
    }

    async fn kept(&self, id: &JobId) -> Result<(QuarantinedEvent, Vec<u8>), Not> {
        let (quarantine, wanted) = (Arc::clone(&self.quarantine), id.clone());
        let read = tokio::task::spawn_blocking(move || quarantine.read(&wanted)).await;
        read?.map_err(Not::from)?.ok_or_else(|| {
            not(format!(
                "nothing that waits has the id {id}; it may have been sent meanwhile: `stanzamail queue list` shows what \
                 waits"
            ))
        })
    }

    async fn item(&self, id: &JobId) -> Result<Option<QueueItem>, Not> {
        let found = self.find(id).await?;
        Ok(found.map(|(waiting, mail)| {
            let octets = u64::try_from(mail.len()).unwrap_or(u64::MAX);
            item_of(&waiting, octets)
        }))
    }

    async fn retry_one(&self, id: &str) -> Result<Response, Not> {
        let id = self.named(id).await?;
        let Some(mut item) = self.item(&id).await? else {
            return self.decide_again(&id).await;
        };
        match &self.way {
            QueueAccess::Running(running) => {
                let change = running.queue.hasten(id.clone(), By::Administrator).await;
                changed(change.ok_or_else(stopping)?, &id)?;
            }
            QueueAccess::Resting { folder, opened } => {
                let mut opened = opened.lock().await;
                let (spool, jobs) = open(folder, &mut opened)?;
                for job in jobs.iter_mut().filter(|job| job.id == id) {
                    hasten(spool, job).await?;
                }
            }
        }
        item.state = ItemState::Next(Timestamp::now());
        Ok(Response::Queue { items: vec![item] })
    }

    async fn retry_all(&self) -> Result<Response, Not> {
        let count = match &self.way {
            QueueAccess::Running(running) => {
                running.queue.flush_now();
                running.queue.depth()
            }
            QueueAccess::Resting { folder, opened } => {
                let mut opened = opened.lock().await;
                let (spool, jobs) = open(folder, &mut opened)?;
                for job in jobs.iter_mut() {
                    hasten(spool, job).await?;
                }
                jobs.len()
            }
        };
        let is_running = matches!(self.way, QueueAccess::Running(_));
        Ok(Response::Retried { count, is_running })
    }

    async fn dropped(&self, id: &str, silent: bool) -> Result<Response, Not> {
        let id = self.named(id).await?;
        let item = match self.item(&id).await? {
            Some(item) => {
                self.drop_job(&id, silent).await?;
                item
            }
            None => {
                let (kept, _) = self.kept(&id).await?;
                self.quarantine.remove(&id)?;
                item_of_kept(&kept)
            }
        };
        Ok(Response::Queue { items: vec![item] })
    }

    async fn drop_job(&self, id: &JobId, silent: bool) -> Result<(), Not> {
        match &self.way {
            QueueAccess::Running(running) => {
                let change = running.queue.withdraw(id.clone(), silent);
                match tokio::time::timeout(PATIENCE, change).await {
                    Ok(change) => changed(change.ok_or_else(stopping)?, id),
                    Err(_) => Err(not(format!(
                        "the mail {id} is not sent any more, but its sender could not yet be told: is the XMPP server \
                         there? It leaves the spool when that is done; should the gateway stop before, the mail waits again"
                    ))),
                }
            }
            QueueAccess::Resting { .. } if !silent => Err(not(format!(
                "the mail {id} was not dropped: no gateway runs that could tell its sender. Drop it when one runs, or add \
                 --silent"
            ))),
            QueueAccess::Resting { folder, opened } => {
                let mut opened = opened.lock().await;
                let (spool, jobs) = open(folder, &mut opened)?;
                for brief in jobs.iter().filter(|brief| brief.id == *id) {
                    spool.remove(&spool.read_job(brief).await?).await?;
                }
                jobs.retain(|job| job.id != *id);
                Ok(())
            }
        }
    }

    /// Takes something out of the quarantine and has it decided about once more.
    async fn decide_again(&self, id: &JobId) -> Result<Response, Not> {
        let (kept, content) = self.kept(id).await?;
        let QueueAccess::Running(running) = &self.way else {
            return Err(not(format!(
                "{id} is in quarantine and can be tried again only while the gateway runs"
            )));
        };
        match kept.note.kind {
            quarantine::QuarantineKind::Stanza => {
                let stanza = xml::read(&content)?;
                let stanzas = running.stanzas.upgrade().ok_or_else(stopping)?;
                // If it fails again, it is put back: so it has to be gone before.
                self.quarantine.remove(id)?;
                running.in_hand.forgive(&stanza_key(&stanza));
                let sent = stanzas
                    .send_timeout(XmppEvent::Stanza(stanza), PATIENCE)
                    .await;
                sent.map_err(|_| self.put_back(&kept, &content))?;
            }
            quarantine::QuarantineKind::Mail => {
                let source = kept.note.mailbox.clone().unwrap_or_default();
                let mail = InboundMail {
                    key: JobId::of_name(&["mail again", MessageId::of_raw(&content).as_str()]),
                    uid: 0,
                    octets: kept.note.octets,
                    raw: content.clone().into(),
                    header_only: kept.note.header_only,
                    internal_date: None,
                    envelope: kept.note.envelope(),
                };
                let mails = running.mails.upgrade().ok_or_else(stopping)?;
                let (batch, _) = read_again(&source, mail, &running.mailboxes);
                self.quarantine.remove(id)?;
                let sent = mails.send_timeout(batch, PATIENCE).await;
                sent.map_err(|_| self.put_back(&kept, &content))?;
            }
        }
        let items = vec![item_of_kept(&kept)];
        Ok(Response::Queue { items })
    }

    fn put_back(&self, kept: &QuarantinedEvent, content: &[u8]) -> Not {
        match self.quarantine.put(&kept.note, content) {
            Ok(_) => not("the gateway is too busy, or has no XMPP server; try again later"),
            Err(error) => error.into(),
        }
    }
}

fn answered(result: Result<Response, Not>) -> Response {
    result.unwrap_or_else(|Not(sentence)| Response::refused(sentence))
}

fn stopping() -> Not {
    not("the gateway is stopping; ask again in a moment")
}

fn no_id(id: &str) -> Not {
    not(format!(
        "“{id}” is no id; `stanzamail queue list` shows them in its first column, of which the first {ID_MIN} digits will do"
    ))
}

fn open<'a>(
    folder: &Path,
    opened: &'a mut Option<(Spool, Vec<Brief>)>,
) -> Result<(&'a Spool, &'a mut Vec<Brief>), SpoolError> {
    if opened.is_none() {
        *opened = Some(Spool::open(folder)?);
    }
    match opened {
        Some((spool, jobs)) => Ok((spool, jobs)),
        None => Err(SpoolError::InUse(folder.display().to_string())),
    }
}

async fn hasten(spool: &Spool, brief: &mut Brief) -> Result<(), SpoolError> {
    brief.next_attempt = brief.next_attempt.min(Timestamp::now());
    spool.update(&spool.read_job(brief).await?).await
}

fn changed(change: JobChange, id: &JobId) -> Result<(), Not> {
    let why = match change {
        JobChange::Done => return Ok(()),
        JobChange::Not(JobStage::Settling) => {
            "the last attempt at it has ended, and its sender is being told"
        }
        JobChange::Not(_) => {
            "it is on its way at this moment; ask again when the attempt has ended"
        }
        JobChange::Unknown => "it does not wait any more",
        JobChange::Unreadable => {
            "its file in the spool cannot be read; the log says why. Look at the disk, then try again"
        }
    };
    Err(not(format!(
        "nothing was changed about the mail {id}: {why}"
    )))
}

/// What [`Response::Shown`] holds.
///
/// # Errors
/// It is damaged.
pub fn content_of(content: &str) -> io::Result<Vec<u8>> {
    BASE64_STANDARD.decode(content).map_err(io::Error::other)
}
