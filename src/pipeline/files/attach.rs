//! Files of users on their way into mails.
//!
//! Nothing is fetched because somebody says where it lies: only what lies at the upload service of the user's own server, which a
//! slot tells, or at a host that the admin names. All else stays a link.

use super::{FileUploader, UploaderShared};
use crate::core::file::{self, FileLink};
use crate::core::id::StanzaId;
use crate::core::job::Job;
use crate::core::language::Language;
use crate::core::notice;
use crate::core::time::Timestamp;
use crate::core::to_mail::{self, AttachedFile, Base64Lines};
use crate::core::to_stanza;
use crate::http::{self, Error, Taker};
use crate::smtp::{AttachOutcome, Attacher, Wanting};
use crate::store::spool::{MailSource, Scratch, ScratchFile};
use jid::BareJid;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// For so long after the message was accepted it is tried to get what cannot be had at the moment.
const TRIED_FOR: Duration = Duration::from_secs(600);
/// And after which pause.
const PAUSE: Duration = Duration::from_secs(15);
/// After which pause one for which there is no room is fetched.
const NO_ROOM_PAUSE: Duration = Duration::from_secs(2);

/// A file that is fetched, in the form that it has in a mail, and the room that it takes.
struct Fetching {
    lines: Base64Lines,
    file: ScratchFile,
    scratch: Scratch,
    room: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
    /// The disk has no room for it, or fails: that may last.
    has_failed: bool,
}

/// A file that is not attached.
struct LeftOut<'a> {
    link: &'a FileLink,
    /// For the user.
    why: String,
    /// It is too big, with how many octets, where that is known.
    too_big: Option<Option<u64>>,
}

impl<'a> LeftOut<'a> {
    fn of(link: &'a FileLink, why: String, too_big: Option<Option<u64>>) -> Self {
        Self { link, why, too_big }
    }
}

/// A file that was fetched.
struct Part {
    told: AttachedFile,
    octets: usize,
    lines: MailSource,
}

impl Fetching {
    fn new(scratch: &Scratch, room: &Arc<Semaphore>) -> Self {
        Self {
            lines: Base64Lines::default(),
            file: scratch.file(),
            scratch: scratch.clone(),
            room: Arc::clone(room),
            taken: None,
            has_failed: false,
        }
    }

    /// In KiB: each 57 octets are a line of 78.
    fn room_of(octets: u64) -> u32 {
        let lines = octets / 57 * 78;
        u32::try_from(lines / 1024)
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    /// The end of it.
    async fn end(&mut self) -> bool {
        let lines = self.lines.end();
        self.write(&lines).await
    }

    async fn write(&mut self, lines: &str) -> bool {
        let taken = self.file.take(lines.as_bytes()).await;
        if let Err(error) = &taken {
            tracing::warn!(%error, "a file for a mail has no room on the disk");
            self.has_failed = true;
        }
        taken.is_ok()
    }

    /// The file, with just the room that it takes.
    fn done(mut self, link: &FileLink, called: &str) -> (Part, Option<OwnedSemaphorePermit>) {
        let octets = self.lines.octets();
        let needed = Self::room_of(u64::try_from(octets).unwrap_or(u64::MAX));
        let needed = usize::try_from(needed).unwrap_or(usize::MAX);
        if let Some(taken) = &mut self.taken {
            let spare = taken.num_permits().saturating_sub(needed);
            drop(taken.split(spare));
        }
        let told = AttachedFile {
            link: link.clone(),
            media_type: file::media_type(self.lines.start(), called),
        };
        let lines = self.file.done();
        let part = Part {
            told,
            octets,
            lines,
        };
        (part, self.taken)
    }
}

impl Taker for Fetching {
    fn begin(&mut self, octets_max: u64) -> bool {
        let needed = Self::room_of(octets_max);
        self.has_failed = !self
            .scratch
            .has_room(u64::from(needed).saturating_mul(1024));
        if self.has_failed {
            tracing::warn!("a file for a mail waits: the disk of the spool is full");
            return false;
        }
        let room = Arc::clone(&self.room);
        self.taken = room.try_acquire_many_owned(needed).ok();
        self.taken.is_some()
    }

    async fn take(&mut self, octets: &[u8]) -> bool {
        let lines = self.lines.take(octets);
        self.write(&lines).await
    }
}

impl FileUploader {
    /// For the queue of mails.
    pub fn attacher(&self) -> Attacher {
        let shared = Arc::clone(&self.0);
        Arc::new(move |wanting| {
            let shared = Arc::clone(&shared);
            Box::pin(async move { shared.attach(wanting).await })
        })
    }
}

impl UploaderShared {
    async fn attach(&self, wanting: Wanting) -> AttachOutcome {
        let Wanting {
            job,
            mail,
            size,
            scratch,
        } = wanting;
        let Some(origin) = &job.origin else {
            return AttachOutcome::Nothing;
        };
        let (user, max) = (origin.user.to_bare(), file::attached_max(size));
        let language = origin.language.unwrap_or_default();
        let is_young = Timestamp::now().since(job.accepted) < TRIED_FOR;
        let (mut parts, mut refused, mut left) = (Vec::new(), Vec::new(), max);
        let mut room = Vec::new();
        for link in &job.files {
            if !self.may_fetch(&user, &link.url).await {
                continue;
            }
            let mut fetching = Fetching::new(&scratch, &self.room);
            let mut fetched = self.client.fetch_into(&link.url, left, &mut fetching).await;
            if fetched.is_ok() && !fetching.end().await {
                fetched = Err(Error::NoRoom);
            }
            match fetched {
                Ok(media_type) => {
                    let (part, taken) = fetching.done(link, &media_type.unwrap_or_default());
                    left = left.saturating_sub(u64::try_from(part.octets).unwrap_or(left));
                    room.extend(taken);
                    parts.push(part);
                }
                Err(Error::NoRoom) if !fetching.has_failed => {
                    return AttachOutcome::Later(NO_ROOM_PAUSE);
                }
                Err(error) if error.is_passing() && is_young => {
                    tracing::debug!(job = %job.id, %error, "a file for a mail is fetched again later");
                    return AttachOutcome::Later(PAUSE);
                }
                Err(Error::TooLarge(octets)) => {
                    let why = notice::too_big_to_attach(language, max);
                    refused.push(LeftOut::of(link, why, Some(octets)));
                }
                Err(error) => {
                    tracing::warn!(job = %job.id, %error, "a file is not attached to its mail; its link is sent");
                    refused.push(LeftOut::of(link, error.to_string(), None));
                }
            }
        }
        parts.retain(|part| {
            let is_allowed = self.may_have(&user, part);
            if let (false, Some(link)) = (
                is_allowed,
                job.files.iter().find(|one| **one == part.told.link),
            ) {
                refused.push(LeftOut::of(link, notice::files_over_limit(language), None));
            }
            is_allowed
        });
        self.tell(&job, &user, &refused).await;
        let note = note(language, &refused);
        match rewritten(&mail, note.as_deref(), parts) {
            Some(mail) => AttachOutcome::Mail(mail, room),
            None => AttachOutcome::Nothing,
        }
    }

    async fn may_fetch(&self, user: &BareJid, url: &str) -> bool {
        if self.client.is_named(url) {
            return true;
        }
        let Some(origin) = http::origin(url) else {
            return false;
        };
        self.services.origin(user.domain().as_str()).await.as_ref() == Some(&origin)
    }

    /// Counted once all files of the mail are there: what is fetched again later counts once.
    fn may_have(&self, user: &BareJid, part: &Part) -> bool {
        let mut quotas = self.quotas.lock();
        quotas.take_file(user, part.octets, Timestamp::now())
    }

    /// The mail leaves with the link all the same, so nothing hangs on it that the user hears of it.
    async fn tell(&self, job: &Job, user: &BareJid, refused: &[LeftOut<'_>]) {
        let Some(origin) = job.origin.as_ref().filter(|_| !refused.is_empty()) else {
            return;
        };
        let language = origin.language.unwrap_or_default();
        let about = origin.stanza_id.as_ref().map(StanzaId::as_str);
        let told = refused.iter().enumerate().map(|(index, file)| {
            let id = StanzaId::derive(&job.message_id, user, &format!("not attached {index}"));
            let body = notice::not_attached(language, &file.link.name(), &file.why);
            let from_to = (origin.contact.as_str(), user.as_str());
            to_stanza::notice_on(language, from_to, (id.as_str(), about), &body)
        });
        if let Err(error) = self.link.send(told.collect()).await {
            tracing::debug!(%error, "a user was not told that a file is not attached");
        }
    }
}

/// For whom the mail goes to, who would have nothing but addresses of these files.
fn note(language: Language, left_out: &[LeftOut<'_>]) -> Option<String> {
    let line = |file: &LeftOut<'_>| {
        let host = http::host(&file.link.url).unwrap_or_default();
        notice::file_as_link(language, &file.link.name(), &host, file.too_big)
    };
    let lines: Vec<String> = left_out.iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The mail with what is to be said of what is left out, and with these files; `None`: it stays as it is.
fn rewritten(mail: &[u8], note: Option<&str>, parts: Vec<Part>) -> Option<MailSource> {
    let noted = note.and_then(|note| to_mail::noted(mail, note));
    let with = match parts.is_empty() {
        true => None,
        false => composed(noted.as_deref().unwrap_or(mail), parts),
    };
    with.or_else(|| noted.map(MailSource::from))
}

/// The mail with these files, as far as that can be.
fn composed(mail: &[u8], parts: Vec<Part>) -> Option<MailSource> {
    let (told, lines): (Vec<_>, Vec<_>) = parts
        .into_iter()
        .map(|part| (part.told, part.lines))
        .unzip();
    let (before, end) = to_mail::attached(mail, &told)?;
    let stretches = before.into_iter().zip(lines);
    let stretches = stretches.flat_map(|(before, lines)| [before.into(), lines]);
    Some(MailSource::joined(stretches.chain([end.into()])))
}
