//! Files of users on their way into mails.
//!
//! Nothing is fetched because somebody says where it lies: only what lies at the upload service of the user's own server, which a
//! slot tells, or at a host that the admin names. All else stays a link.

use super::{FileUploader, UploaderShared};
use crate::core::file::{self, FileLink};
use crate::core::id::StanzaId;
use crate::core::job::Job;
use crate::core::notice;
use crate::core::time::Timestamp;
use crate::core::to_mail::{self, AttachedFile as Part};
use crate::core::to_stanza;
use crate::http::{self, Error};
use crate::smtp::{AttachOutcome, Attacher, Wanting};
use jid::BareJid;
use std::sync::Arc;
use std::time::Duration;

/// For so long after the message was accepted it is tried to get what cannot be had at the moment.
const TRIED_FOR: Duration = Duration::from_secs(600);
/// And after which pause.
const PAUSE: Duration = Duration::from_secs(15);

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
        let Wanting { job, mail, size } = wanting;
        let Some(origin) = &job.origin else {
            return AttachOutcome::Nothing;
        };
        let (user, max) = (origin.user.to_bare(), file::attached_max(size));
        let language = origin.language.unwrap_or_default();
        let is_young = Timestamp::now().since(job.accepted) < TRIED_FOR;
        let (mut parts, mut refused, mut left) = (Vec::new(), Vec::new(), max);
        for link in &job.files {
            if !self.may_fetch(&user, &link.url).await {
                continue;
            }
            match self.client.fetch(&link.url, left).await {
                Ok(fetched) => match self.part(&user, link, fetched) {
                    Some(part) => {
                        left =
                            left.saturating_sub(u64::try_from(part.octets.len()).unwrap_or(left));
                        parts.push(part);
                    }
                    None => refused.push((link, notice::files_over_limit(language))),
                },
                Err(error) if error.is_passing() && is_young => {
                    tracing::debug!(job = %job.id, %error, "a file for a mail is fetched again later");
                    return AttachOutcome::Later(PAUSE);
                }
                Err(Error::TooLarge(_)) => {
                    refused.push((link, notice::too_big_to_attach(language, max)))
                }
                Err(error) => {
                    tracing::warn!(job = %job.id, %error, "a file is not attached to its mail; its link is sent");
                    refused.push((link, error.to_string()));
                }
            }
        }
        self.tell(&job, &user, &refused).await;
        match to_mail::attached(&mail, &parts).filter(|_| !parts.is_empty()) {
            Some(mail) => AttachOutcome::Mail(mail),
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

    fn part(&self, user: &BareJid, link: &FileLink, fetched: http::Fetched) -> Option<Part> {
        let http::Fetched { octets, media_type } = fetched;
        let mut quotas = self.quotas.lock();
        quotas
            .take_file(user, octets.len(), Timestamp::now())
            .then(|| Part {
                link: link.clone(),
                media_type: file::media_type(&octets, &media_type.unwrap_or_default()),
                octets,
            })
    }

    /// The mail leaves with the link all the same, so nothing hangs on it that the user hears of it.
    async fn tell(&self, job: &Job, user: &BareJid, refused: &[(&FileLink, String)]) {
        let Some(origin) = job.origin.as_ref().filter(|_| !refused.is_empty()) else {
            return;
        };
        let language = origin.language.unwrap_or_default();
        let about = origin.stanza_id.as_ref().map(StanzaId::as_str);
        let told = refused.iter().enumerate().map(|(index, (link, why))| {
            let id = StanzaId::derive(&job.message_id, user, &format!("not attached {index}"));
            let body = notice::not_attached(language, &link.name(), why);
            let from_to = (origin.contact.as_str(), user.as_str());
            to_stanza::notice_on(language, from_to, (id.as_str(), about), &body)
        });
        if let Err(error) = self.link.send(told.collect()).await {
            tracing::debug!(%error, "a user was not told that a file is not attached");
        }
    }
}
