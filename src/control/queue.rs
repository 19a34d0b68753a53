//! What commands do with the mails that wait, and with what is in quarantine.
//!
//! Where a gateway runs, its queue knows best. Where none does, the spool is opened, as a start would; then nobody can be
//! told anything.

use super::{ROWS_MAX, Response};
use crate::core::id::JobId;
use crate::core::job::{Brief, Job};
use crate::core::time::Timestamp;
use crate::core::xml;
use crate::imap::Fetched;
use crate::pipeline::{MailboxMeaning, ReadBatch, read_again};
use crate::smtp::{self, Change, Queue, Stage};
use crate::store::quarantine::{self, Kept, Quarantine};
use crate::store::spool::{Spool, SpoolError};
use crate::xmpp::XmppEvent;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};

/// How long a sender may take to be told, and the pipeline to take something up.
const PATIENCE: Duration = Duration::from_secs(10);

/// One thing that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
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
    pub state: State,
    /// Attempts so far.
    pub attempts: u32,
    /// What the last attempt brought, or why it is in quarantine.
    pub last: String,
    /// Its place in the queue, for the next page.
    pub place: u64,
}

/// What something waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
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
pub struct Waiting {
    quarantine: Arc<Quarantine>,
    way: Way,
}

enum Way {
    Running(Running),
    Resting {
        folder: PathBuf,
        opened: Mutex<Option<(Spool, Vec<Brief>)>>,
    },
}

/// The parts of a gateway that runs.
pub struct Running {
    /// What sends mails.
    pub queue: Queue,
    /// Where they lie.
    pub spool: Arc<Spool>,
    /// Takes stanzas to be decided about.
    pub stanzas: mpsc::WeakSender<XmppEvent>,
    /// Takes mails to be decided about.
    pub mails: mpsc::WeakSender<ReadBatch>,
    /// What the mailboxes mean.
    pub mailboxes: BTreeMap<String, MailboxMeaning>,
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

impl Waiting {
    /// Of a gateway that runs.
    pub fn running(quarantine: Arc<Quarantine>, running: Running) -> Self {
        let way = Way::Running(running);
        Self { quarantine, way }
    }

    /// Of the store in this folder, with which no gateway runs.
    pub fn resting(store: &Path) -> Self {
        Self {
            quarantine: Arc::new(Quarantine::of_store(store)),
            way: Way::Resting {
                folder: store.join("spool"),
                opened: Mutex::new(None),
            },
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

    async fn page(&self, after: Option<u64>) -> Result<Vec<Item>, Not> {
        match &self.way {
            Way::Running(running) => {
                let page = running.queue.page(after, ROWS_MAX).await;
                items_of(&running.spool, page.ok_or_else(stopping)?).await
            }
            Way::Resting { folder, opened } => {
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
        let id = parse(id)?;
        if let Some((waiting, content)) = self.find(&id).await? {
            let octets = u64::try_from(content.len()).unwrap_or(u64::MAX);
            return Ok(shown(facts_of(&waiting, octets), &content, body));
        }
        let (kept, content) = self.kept(&id).await?;
        let body = body || kept.note.kind == quarantine::Kind::Stanza;
        Ok(shown(facts_of_kept(&kept), &content, body))
    }

    /// A job with its mail.
    async fn find(&self, id: &JobId) -> Result<Option<(smtp::Waiting, Vec<u8>)>, Not> {
        match &self.way {
            Way::Running(running) => {
                let found = running.queue.find(id.clone()).await.ok_or_else(stopping)?;
                let Some(waiting) = found else {
                    return Ok(None);
                };
                let mail = running.spool.read_mail(&waiting.job).await?;
                Ok(Some((waiting, mail)))
            }
            Way::Resting { folder, opened } => {
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

    async fn kept(&self, id: &JobId) -> Result<(Kept, Vec<u8>), Not> {
        let (quarantine, wanted) = (Arc::clone(&self.quarantine), id.clone());
        let read = tokio::task::spawn_blocking(move || quarantine.read(&wanted)).await;
        read?.map_err(Not::from)?.ok_or_else(|| {
            not(format!(
                "nothing that waits has the id {id}; it may have been sent meanwhile: `stanzamail queue list` shows what \
                 waits"
            ))
        })
    }

    async fn item(&self, id: &JobId) -> Result<Option<Item>, Not> {
        let found = self.find(id).await?;
        Ok(found.map(|(waiting, mail)| {
            let octets = u64::try_from(mail.len()).unwrap_or(u64::MAX);
            item_of(&waiting, octets)
        }))
    }

    async fn retry_one(&self, id: &str) -> Result<Response, Not> {
        let id = parse(id)?;
        let Some(mut item) = self.item(&id).await? else {
            return self.decide_again(&id).await;
        };
        match &self.way {
            Way::Running(running) => {
                let change = running.queue.hasten(id.clone()).await;
                changed(change.ok_or_else(stopping)?, &id)?;
            }
            Way::Resting { folder, opened } => {
                let mut opened = opened.lock().await;
                let (spool, jobs) = open(folder, &mut opened)?;
                for job in jobs.iter_mut().filter(|job| job.id == id) {
                    hasten(spool, job).await?;
                }
            }
        }
        item.state = State::Next(Timestamp::now());
        Ok(Response::Queue { items: vec![item] })
    }

    async fn retry_all(&self) -> Result<Response, Not> {
        let count = match &self.way {
            Way::Running(running) => {
                running.queue.flush_now();
                running.queue.depth()
            }
            Way::Resting { folder, opened } => {
                let mut opened = opened.lock().await;
                let (spool, jobs) = open(folder, &mut opened)?;
                for job in jobs.iter_mut() {
                    hasten(spool, job).await?;
                }
                jobs.len()
            }
        };
        let is_running = matches!(self.way, Way::Running(_));
        Ok(Response::Retried { count, is_running })
    }

    async fn dropped(&self, id: &str, silent: bool) -> Result<Response, Not> {
        let id = parse(id)?;
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
            Way::Running(running) => {
                let change = running.queue.withdraw(id.clone(), silent);
                match tokio::time::timeout(PATIENCE, change).await {
                    Ok(change) => changed(change.ok_or_else(stopping)?, id),
                    Err(_) => Err(not(format!(
                        "the mail {id} is not sent any more, but its sender could not yet be told: is the XMPP server \
                         there? It leaves the spool when that is done; should the gateway stop before, the mail waits again"
                    ))),
                }
            }
            Way::Resting { .. } if !silent => Err(not(format!(
                "the mail {id} was not dropped: no gateway runs that could tell its sender. Drop it when one runs, or add \
                 --silent"
            ))),
            Way::Resting { folder, opened } => {
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
        let Way::Running(running) = &self.way else {
            return Err(not(format!(
                "{id} is in quarantine and can be tried again only while the gateway runs"
            )));
        };
        match kept.note.kind {
            quarantine::Kind::Stanza => {
                let stanza = xml::read(&content)?;
                let stanzas = running.stanzas.upgrade().ok_or_else(stopping)?;
                // If it fails again, it is put back: so it has to be gone before.
                self.quarantine.remove(id)?;
                let sent = stanzas
                    .send_timeout(XmppEvent::Stanza(stanza), PATIENCE)
                    .await;
                sent.map_err(|_| self.put_back(&kept, &content))?;
            }
            quarantine::Kind::Mail => {
                let mailbox = kept.note.mailbox.clone().unwrap_or_default();
                let mail = Fetched {
                    uid: 0,
                    octets: kept.note.octets,
                    raw: content.clone(),
                    header_only: kept.note.header_only,
                    internal_date: None,
                };
                let mails = running.mails.upgrade().ok_or_else(stopping)?;
                let (batch, _) = read_again(mailbox, mail, &running.mailboxes);
                self.quarantine.remove(id)?;
                let sent = mails.send_timeout(batch, PATIENCE).await;
                sent.map_err(|_| self.put_back(&kept, &content))?;
            }
        }
        let items = vec![item_of_kept(&kept)];
        Ok(Response::Queue { items })
    }

    fn put_back(&self, kept: &Kept, content: &[u8]) -> Not {
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

fn parse(id: &str) -> Result<JobId, Not> {
    JobId::parse(id).ok_or_else(|| {
        not(format!(
            "“{id}” is no id; `stanzamail queue list` shows them in its first column"
        ))
    })
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

fn changed(change: Change, id: &JobId) -> Result<(), Not> {
    let why = match change {
        Change::Done => return Ok(()),
        Change::Not(Stage::Settling) => {
            "the last attempt at it has ended, and its sender is being told"
        }
        Change::Not(_) => "it is on its way at this moment; ask again when the attempt has ended",
        Change::Unknown => "it does not wait any more",
        Change::Unreadable => {
            "its file in the spool cannot be read; the log says why. Look at the disk, then try again"
        }
    };
    Err(not(format!(
        "nothing was changed about the mail {id}: {why}"
    )))
}

fn at_rest(job: Job) -> smtp::Waiting {
    let stage = Stage::Waits;
    smtp::Waiting { job, stage }
}

async fn items_of(spool: &Spool, page: Vec<smtp::Waiting>) -> Result<Vec<Item>, Not> {
    let ids = page.iter().map(|one| one.job.id.clone()).collect();
    let octets = spool.octets_of(ids).await;
    Ok(page
        .iter()
        .zip(octets)
        .map(|(one, octets)| item_of(one, octets))
        .collect())
}

fn item_of(waiting: &smtp::Waiting, octets: u64) -> Item {
    let job = &waiting.job;
    Item {
        id: job.id.to_string(),
        since: job.accepted,
        from: sender(job),
        to: job.to.first().map(ToString::to_string).unwrap_or_default(),
        others: job.to.len().saturating_sub(1),
        octets,
        state: match waiting.stage {
            Stage::Waits => State::Next(job.next_attempt),
            Stage::UnderWay => State::UnderWay,
            Stage::Settling => State::Telling,
        },
        attempts: job.attempts,
        last: last_words(job),
        place: job.sequence,
    }
}

fn item_of_kept(kept: &Kept) -> Item {
    Item {
        id: kept.id.to_string(),
        since: kept.note.at,
        from: kept.note.from.clone(),
        to: kept.note.to.clone(),
        others: 0,
        octets: kept.octets,
        state: match kept.note.kind {
            quarantine::Kind::Stanza => State::Stanza,
            quarantine::Kind::Mail => State::Mail,
        },
        attempts: 0,
        last: kept.note.why.clone(),
        place: 0,
    }
}

fn sender(job: &Job) -> String {
    job.from
        .as_ref()
        .map_or("<>".to_owned(), ToString::to_string)
}

fn last_words(job: &Job) -> String {
    let Some(reply) = &job.last_reply else {
        return String::new();
    };
    let code = reply.code.map(|code| format!("{code} "));
    let enhanced = reply.enhanced.map(|(a, b, c)| format!("{a}.{b}.{c} "));
    [code, enhanced, Some(reply.text.clone())]
        .into_iter()
        .flatten()
        .collect()
}

type Facts = Vec<(String, String)>;

fn facts_of(waiting: &smtp::Waiting, octets: u64) -> Facts {
    let job = &waiting.job;
    let recipients = job.to.iter().map(|to| ("recipient", to.to_string()));
    let origin = job.origin.as_ref();
    let mut facts = vec![
        ("id", job.id.to_string()),
        ("message-id", job.message_id.to_string()),
        ("accepted", time(job.accepted)),
        ("octets", octets.to_string()),
        ("sender", sender(job)),
    ];
    facts.extend(recipients);
    facts.extend(origin.map(|origin| ("written by", origin.user.to_string())));
    facts.extend([
        ("attempts", job.attempts.to_string()),
        (
            "next attempt",
            match waiting.stage {
                Stage::Waits => time(job.next_attempt),
                Stage::UnderWay => "under way".to_owned(),
                Stage::Settling => "ended, its sender is being told".to_owned(),
            },
        ),
        ("last reply", last_words(job)),
        ("may have been delivered", yes(!job.certain)),
        ("sender told of the delay", yes(job.delay_told)),
    ]);
    facts.extend(
        job.expires
            .map(|expires| ("of no use after", time(expires))),
    );
    named(facts)
}

fn facts_of_kept(kept: &Kept) -> Facts {
    let note = &kept.note;
    let kind = match note.kind {
        quarantine::Kind::Stanza => "stanza",
        quarantine::Kind::Mail => "mail",
    };
    let mut facts = vec![
        ("id", kept.id.to_string()),
        ("in quarantine", kind.to_owned()),
        ("since", time(note.at)),
        ("why", note.why.clone()),
        ("octets", kept.octets.to_string()),
        ("from", note.from.clone()),
        ("to", note.to.clone()),
    ];
    facts.extend(note.mailbox.clone().map(|mailbox| ("mailbox", mailbox)));
    named(facts)
}

fn named(facts: Vec<(&str, String)>) -> Facts {
    let named = |(name, value): (&str, String)| (name.to_owned(), value);
    facts.into_iter().map(named).collect()
}

fn time(time: Timestamp) -> String {
    time.to_xep0082().unwrap_or_default()
}

fn yes(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}

fn shown(facts: Facts, content: &[u8], body: bool) -> Response {
    let header = content.windows(4).position(|four| four == b"\r\n\r\n");
    let header = header.or_else(|| content.windows(2).position(|two| two == b"\n\n"));
    let end = header.map_or(content.len(), |end| end.saturating_add(2));
    let part = if body { None } else { content.get(..end) };
    Response::Shown {
        facts,
        content: BASE64_STANDARD.encode(part.unwrap_or(content)),
    }
}

/// What [`Response::Shown`] holds.
///
/// # Errors
/// It is damaged.
pub fn content_of(content: &str) -> io::Result<Vec<u8>> {
    BASE64_STANDARD.decode(content).map_err(io::Error::other)
}
