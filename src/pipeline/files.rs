//! Files of mails on their way to the upload service of the XMPP server (XEP-0363).
//!
//! A decision about a mail with files says who asks for their places ([`Upload`]) and is put off: the mail stays in the mailbox
//! ([`Verdict::Later`](crate::inbound::Verdict)), its conversations get nothing else meanwhile, all others go on. When each of its
//! files is up, or will not be, the mailbox brings the mail again, and the decision is made anew with what became of them.
//! That is kept in memory alone: after a crash the files are put up again, and the messages that name them have the ids that
//! they had.

mod attach;
mod own;
mod probe;
mod seen;
mod service;

use crate::core::file::{
    self, FILES_PER_MAIL_MAX, Files as Known, NotHosted, Upload, UploadOutcome,
};
use crate::core::from_mail::{self, Attachment, Inside, RawMail};
use crate::core::id::JobId;
use crate::core::notice::KeptAt;
use crate::core::quota::{Conversation, SharedQuotas};
use crate::core::time::Timestamp;
use crate::http::{self, FileBody, HttpClient, Put};
use crate::xmpp::Link;
use crate::{failpoints, system};
use jid::BareJid;
use own::OwnFile;
pub use own::OwnFiles;
pub use probe::{NotFetched, UploadService};
use seen::Seen;
use service::{Disconnected, No, Service, Services};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Mails whose files are on their way together. Each has a file at a time under way.
const MAILS_MAX: usize = 8;
/// Of these, for one user: a slow upload service of hers is not everybody's.
const MAILS_OF_USER_MAX: usize = 4;
/// What these mails have together, in octets, but for the last of them.
const OCTETS_MAX: usize = 32 * 1024 * 1024;
/// What files of users have together that are fetched, in KiB, in base64: one mail with as much as may be attached, or several with less.
const FETCHED_KIBIBYTES_MAX: usize = 32 * 1024;
/// A mail that nobody keeps waits for an upload service that is away, from when its mail server took it; then its text comes,
/// and its files are named.
const AWAY_MAX: Duration = Duration::from_secs(3600);
/// After so long it is tried again: one try for each time that the mail server brings the mail, for it hears before that it waits.
const AWAY_PAUSE: Duration = Duration::from_secs(60);
/// Mails of which it is known what became of their files, and which were not brought again since.
const KNOWN_MAX: usize = 1_000;

/// Puts files where users can fetch them.
#[derive(Clone)]
pub struct FileUploader(Arc<UploaderShared>);

struct UploaderShared {
    link: Link,
    client: HttpClient,
    quotas: SharedQuotas,
    services: Services,
    /// For what these do not take.
    own: Option<OwnFiles>,
    state: Mutex<UploadState>,
    /// On the disk, for files of users that are on their way into mails.
    room: Arc<Semaphore>,
    end: CancellationToken,
}

#[derive(Default)]
struct UploadState {
    /// By the mail.
    known: BTreeMap<JobId, Arc<[UploadOutcome]>>,
    /// The same mails, the first that was known in front.
    order: VecDeque<JobId>,
    under_way: BTreeMap<JobId, Load>,
    /// Of mails for which there was no room.
    put_off: BTreeSet<Conversation>,
}

/// A mail whose files are on their way.
struct Load {
    user: BareJid,
    octets: usize,
}

impl UploadState {
    fn has_room(&self, user: &BareJid) -> bool {
        let loads = self.under_way.values();
        let octets = loads
            .clone()
            .fold(0_usize, |all, one| all.saturating_add(one.octets));
        self.under_way.len() < MAILS_MAX
            && octets < OCTETS_MAX
            && loads.filter(|one| one.user == *user).count() < MAILS_OF_USER_MAX
    }

    fn know(&mut self, key: JobId, outcomes: Arc<[UploadOutcome]>) {
        self.order.retain(|one| *one != key);
        self.order.push_back(key.clone());
        self.known.insert(key, outcomes);
        while self.order.len() > KNOWN_MAX {
            let first = self.order.pop_front();
            first.and_then(|first| self.known.remove(&first));
        }
    }
}

impl FileUploader {
    /// Until `end`. What nobody else takes lies at `own`, where there is one.
    pub fn new(
        link: Link,
        client: HttpClient,
        quotas: SharedQuotas,
        own: Option<OwnFiles>,
        end: CancellationToken,
    ) -> Self {
        Self(Arc::new(UploaderShared {
            services: Services::new(link.clone()),
            own,
            link,
            client,
            quotas,
            state: Mutex::default(),
            room: Arc::new(Semaphore::new(FETCHED_KIBIBYTES_MAX)),
            end,
        }))
    }

    /// What became of the files of a mail, where they were put up before.
    pub(super) fn known(&self, key: &JobId) -> Option<Arc<[UploadOutcome]>> {
        self.0.state().known.get(key).cloned()
    }

    /// Whether there is somebody who might take files for a user.
    pub(super) fn may_be_put(&self, upload: &Upload) -> bool {
        let services = &self.0.services;
        self.0.own.is_some() || !services.is_known_to_be_missing(upload.user.domain().as_str())
    }

    /// Begins to put up the files of a mail. The conversations get nothing until that is over. `is_only_here`: what is not put up
    /// is lost with the mail.
    pub(super) fn begin(
        &self,
        key: JobId,
        (raw, is_only_here): (&RawMail, bool),
        upload: Upload,
        conversations: BTreeSet<Conversation>,
    ) {
        let mut state = self.0.state();
        self.0.quotas.lock().hold(&conversations);
        if state.under_way.contains_key(&key) {
            return;
        }
        if !state.has_room(&upload.user) {
            state.put_off.extend(conversations);
            return;
        }
        let load = Load {
            user: upload.user.clone(),
            octets: raw.octets().len(),
        };
        state.under_way.insert(key.clone(), load);
        drop(state);
        let mut under_way = UnderWay {
            shared: Arc::clone(&self.0),
            key,
            conversations,
            outcomes: Some(Vec::new()),
        };
        let (raw, end) = (raw.clone(), self.0.end.clone());
        tokio::spawn(end.run_until_cancelled_owned(async move {
            under_way.outcomes = under_way
                .shared
                .put_all(&under_way.key, (raw, is_only_here), &upload)
                .await
                .ok();
            failpoints::point("files: up, the mail not yet brought again");
            drop(under_way);
        }));
    }

    /// The mail was dealt with.
    pub(super) fn forget<'a>(&self, keys: impl Iterator<Item = &'a JobId>) {
        let mut state = self.0.state();
        for key in keys {
            if state.known.remove(key).is_some() {
                state.order.retain(|one| one != key);
            }
        }
    }
}

/// Files of a mail. However that ends, its conversations go on.
struct UnderWay {
    shared: Arc<UploaderShared>,
    key: JobId,
    conversations: BTreeSet<Conversation>,
    /// Of none, nothing more comes; where it is not known (`None`), the mail is decided about as if it were new.
    outcomes: Option<Vec<UploadOutcome>>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.under_way.remove(&self.key);
        if let Some(outcomes) = self.outcomes.take() {
            state.know(self.key.clone(), outcomes.into());
        }
        self.conversations.append(&mut state.put_off);
        self.shared.quotas.lock().release(&self.conversations);
    }
}

impl UploaderShared {
    fn state(&self) -> MutexGuard<'_, UploadState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One after the other, in the order of the mail.
    async fn put_all(
        &self,
        mail: &JobId,
        (raw, is_only_here): (RawMail, bool),
        upload: &Upload,
    ) -> Result<Vec<UploadOutcome>, Disconnected> {
        let read = system::blocking(move || from_mail::attachments(&raw)).await;
        let attachments = read.unwrap_or_default();
        let service = self.services.of(upload.user.domain().as_str()).await?;
        let mut outcomes = Vec::with_capacity(attachments.len());
        let (mut put, mut failed) = (0_usize, ServiceFailure::default());
        for (place, attachment) in attachments.into_iter().enumerate() {
            let which = OwnFile {
                mail,
                place,
                user: &upload.user,
            };
            let service = service.as_deref();
            let has_taker = service.is_some() || self.own.is_some();
            let outcome = match put < FILES_PER_MAIL_MAX {
                true => {
                    self.put(service, &mut failed, upload, which, attachment)
                        .await?
                }
                false => Err(one_too_many(has_taker, &attachment)),
            };
            if outcome.is_err() && failed.is_away && is_only_here {
                tracing::info!("the upload service is away; the mail waits with the mail server");
                tokio::time::sleep(failpoints::hurry(AWAY_PAUSE)).await;
                return Err(Disconnected);
            }
            put = put.saturating_add(usize::from(outcome.is_ok()));
            if let Err(why) = &outcome {
                tracing::debug!(?why, "a file of a mail is only named");
            }
            outcomes.push(outcome);
            failpoints::point("files: one up, the next one not yet");
        }
        Ok(outcomes)
    }

    /// Why a file is not even asked about.
    fn why_not(&self, max: Option<u64>, user: &BareJid, file: &Attachment) -> Option<NotHosted> {
        let length = file.content.as_ref().map_or(0, Inside::length);
        if !is_for_upload(file) {
            return Some(NotHosted::Named);
        }
        if max.is_some_and(|max| is_over(length, max)) && self.own.is_none() {
            return Some(NotHosted::TooLarge(max));
        }
        let is_allowed = self.quotas.lock().take_file(user, length, Timestamp::now());
        (!is_allowed).then_some(NotHosted::OverLimit)
    }

    /// At the upload service; else, where that does not take it, at an address of the gateway's own.
    async fn put(
        &self,
        service: Option<&Service>,
        failed: &mut ServiceFailure,
        upload: &Upload,
        which: OwnFile<'_>,
        attachment: Attachment,
    ) -> Result<UploadOutcome, Disconnected> {
        let taker = match service {
            // Who gave no answer to one gives none to the next, and everybody waits.
            Some(_) if failed.is_silent => Err(NotHosted::Silent),
            Some(service) => Ok(service),
            None => Err(NotHosted::Named),
        };
        let max = service.and_then(|service| service.octets_max);
        if let (Err(why), None) = (&taker, &self.own) {
            return Ok(Err(why.clone()));
        }
        if let Some(why) = self.why_not(max, &upload.user, &attachment) {
            return Ok(Err(why));
        }
        let Some(known) = Seen::of(attachment).await else {
            return Ok(Err(NotHosted::Named));
        };
        let outcome = match taker {
            Ok(_) if max.is_some_and(|max| is_over(known.facts.octets, max)) => {
                Err(NotHosted::TooLarge(max))
            }
            Ok(service) => {
                let contact = upload.contact.as_str();
                self.put_at(service, contact, &known, failed).await?
            }
            Err(why) => Err(why),
        };
        failed.is_silent |= matches!(outcome, Err(NotHosted::Silent));
        failed.is_away |= failed.is_silent;
        match (outcome, &self.own) {
            (Err(why), Some(own)) => Ok(own.put(which, &known).await.ok_or(why)),
            (outcome, _) => Ok(outcome),
        }
    }

    async fn put_at(
        &self,
        service: &Service,
        contact: &str,
        known: &Seen,
        failed: &mut ServiceFailure,
    ) -> Result<UploadOutcome, Disconnected> {
        let length = known.facts.octets;
        let file = (known.name.as_str(), length, known.media_type.as_str());
        let slot = match service.slot(&self.link, contact, file).await {
            Ok(slot) => slot,
            Err(No::Cut) => return Err(Disconnected),
            Err(No::Not(why)) => return Ok(Err(why)),
        };
        let hosted = known.at(slot.get);
        let put = Put {
            url: slot.put,
            fields: slot.fields,
            media_type: known.media_type.clone(),
            file: FileBody::of(length, known.inside.pieces()),
        };
        Ok(match self.client.put(put).await {
            Ok(()) => Ok(hosted),
            Err(error) => {
                failed.is_away |= error.is_passing();
                tracing::warn!(%error, "the upload service gave a slot for a file and then refused the file");
                Err(match error {
                    http::Error::Status { status: 413, .. } => NotHosted::TooLarge(None),
                    http::Error::Slow(_) => NotHosted::Silent,
                    other => NotHosted::Refused(other.to_string()),
                })
            }
        })
    }
}

/// What is known of an upload service since it did not take a file of a mail.
#[derive(Clone, Copy, Debug, Default)]
struct ServiceFailure {
    /// It gave no answer.
    is_silent: bool,
    /// It may take the same file later.
    is_away: bool,
}

fn is_over(octets: usize, max: u64) -> bool {
    u64::try_from(octets).is_ok_and(|octets| octets > max)
}

/// Whether what is not put up of a mail is lost, and yet may be put up: no mailbox has it, and its mail server brings it again.
pub(super) fn is_only_here(mail: &from_mail::ParsedMail, now: Timestamp) -> bool {
    let is_young = |came: Timestamp| now.since(came) < AWAY_MAX && came.since(now) < AWAY_MAX;
    mail.kept() == KeptAt::Nowhere && mail.received.is_some_and(is_young)
}

/// What a decision is told of the files of a mail: what became of them; else that they could be put up, where they may.
pub(super) fn of<'a>(outcomes: Option<&'a Arc<[UploadOutcome]>>, may_be_put: bool) -> Known<'a> {
    match outcomes {
        Some(outcomes) => Known::Known(outcomes),
        None if may_be_put => Known::Wanted,
        None => Known::Named,
    }
}

/// Why a file is only named where its mail has had as many as one gets. Where nobody would have taken it, that is no reason.
fn one_too_many(has_taker: bool, file: &Attachment) -> NotHosted {
    match has_taker && is_for_upload(file) {
        true => NotHosted::PerMail,
        false => NotHosted::Named,
    }
}

/// Whether people want it as a file.
fn is_for_upload(file: &Attachment) -> bool {
    let length = file.content.as_ref().map_or(0, Inside::length);
    length > 0 && !file.is_ornament && file::is_for_people(&file.media_type)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::language::Language;
    use crate::core::notice::{self, KeptAt};

    #[test]
    fn a_file_after_the_last_that_a_mail_gets_is_named_with_the_reason() {
        let mail =
            b"Content-Type: text/csv; name=a.csv\r\nContent-Disposition: attachment\r\n\r\n1\r\n";
        let mut files = from_mail::attachments(&mail.to_vec().into());
        let why = one_too_many(true, &files[0]);
        assert_eq!(
            notice::not_hosted(Language::ENGLISH, &why, KeptAt::Here).as_deref(),
            Some("only 20 files of a mail are shown; the file is in the whole mail")
        );
        assert_eq!(one_too_many(false, &files[0]), NotHosted::Named);
        files[0].is_ornament = true;
        assert_eq!(one_too_many(true, &files[0]), NotHosted::Named);
    }

    #[test]
    fn files_of_one_user_take_no_more_than_half_of_the_room() {
        let mut state = UploadState::default();
        let (alice, adam) = ("alice@a.example", "adam@a.example");
        let user = |name: &str| BareJid::new(name).unwrap();
        let mut begin = |number: usize, name| {
            let has_room = state.has_room(&user(name));
            if has_room {
                let load = Load {
                    user: user(name),
                    octets: 1_000_000,
                };
                let key = JobId::of_name(&[&number.to_string()]);
                state.under_way.insert(key, load);
            }
            has_room
        };
        let begun = (0..6).filter(|number| begin(*number, alice)).count();
        assert_eq!(begun, MAILS_OF_USER_MAX);
        let begun = (6..12).filter(|number| begin(*number, adam)).count();
        assert_eq!(begun, MAILS_MAX - MAILS_OF_USER_MAX);
    }
}
