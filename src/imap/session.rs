//! One connection that is logged in, and how commands run on it.
//!
//! A command ends with its own tagged response and with nothing else: `NO`, `BAD`, the end of the connection, silence
//! and too many octets are errors, after all of which but `NO` and `BAD` the session must be dropped.

use super::cursor::Selected;
use super::guard::ImapGuard;
use super::{ImapError, ImapTimings, MailboxConfig, name};
use crate::net::Io;
use async_imap::Client;
use imap_proto::{
    AttributeValue, Capability, MailboxDatum, Outcome, Response, ResponseCode, Status,
    StatusAttribute,
};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufStream};
use tokio::time::timeout;

/// A literal where no mail was asked for: a folder's name, a flag.
const SMALL_LITERAL_OCTETS_MAX: u64 = 64 * 1024;
/// The answer to a command that asks for no mail, in octets: a list of half a million mails.
pub(super) const SMALL_ANSWER_OCTETS_MAX: u64 = 64 * 1024 * 1024;

/// A connection, which is logged in before it is used.
pub(super) struct ImapSession {
    /// Used for its reader of responses, and as the owner of the stream.
    client: Client<ImapGuard<BufStream<Box<dyn Io>>>>,
    timings: ImapTimings,
    tag: u32,
    offers: BTreeSet<String>,
    /// Mails in the folder, by the last EXISTS and the EXPUNGEs since.
    pub(super) exists: u32,
    /// Whether the server told of mails since this was last set to false. Every response of the session passes
    /// through [`ImapSession::note`], so none is missed, whichever command it came with.
    pub(super) changed: bool,
    /// Marks mails that were left where they are.
    pub(super) left_keyword: String,
    /// Whether it can be stored.
    pub(super) keeps_keyword: bool,
    /// Whether IDLE was refused.
    pub(super) idle_refused: bool,
    /// By what we were let in.
    pub(super) login: &'static str,
    /// The lowest UID that the last command has done, where that were not all.
    pub(super) lowest_done: Option<u32>,
}

impl ImapSession {
    /// Reads the greeting, unless it was read before STARTTLS; answers whether a login is wanted.
    ///
    /// # Errors
    /// [`ImapError`] of every kind but those of TLS, logins and folders.
    pub(super) async fn begin(
        stream: Box<dyn Io>,
        is_greeted: bool,
        config: &MailboxConfig,
    ) -> Result<(Self, bool), ImapError> {
        let mut session = Self {
            client: Client::new(ImapGuard::new(BufStream::with_capacity(
                64 * 1024,
                8 * 1024,
                stream,
            ))),
            timings: config.timings,
            tag: 0,
            offers: BTreeSet::new(),
            exists: 0,
            changed: false,
            left_keyword: config.left_keyword.clone(),
            keeps_keyword: false,
            idle_refused: false,
            login: "PREAUTH",
            lowest_done: None,
        };
        let wants_login = is_greeted || session.greet(config).await?;
        Ok((session, wants_login))
    }

    /// Asks what is offered, unless the server has said so.
    ///
    /// # Errors
    /// As [`ImapSession::command`].
    pub(super) async fn learn_offers(&mut self) -> Result<(), ImapError> {
        match self.offers.is_empty() {
            true => self.ask_capabilities().await,
            false => Ok(()),
        }
    }

    /// Whether the server offers this, `IDLE` or `AUTH=PLAIN`.
    pub(super) fn offers(&self, capability: &str) -> bool {
        self.offers.contains(capability)
    }

    /// What the server says behind the name of such an offer: `1000` of `MESSAGELIMIT=1000`.
    pub(super) fn offer_of(&self, name: &str) -> Option<&str> {
        let mut offers = self.offers.iter();
        offers.find_map(|offer| offer.strip_prefix(name)?.strip_prefix('='))
    }

    /// How long the last answer was, in octets.
    pub(super) fn received(&self) -> u64 {
        self.client.get_ref().received()
    }

    /// Time limits of this session.
    pub(super) fn timings(&self) -> ImapTimings {
        self.timings
    }

    /// Runs a command; `each` sees its untagged responses.
    ///
    /// # Errors
    /// [`ImapError::Refused`] for `NO` and `BAD`; any other error means that the session must be dropped.
    pub(super) async fn command(
        &mut self,
        command: &str,
        each: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), ImapError> {
        self.command_for(
            command,
            SMALL_LITERAL_OCTETS_MAX,
            SMALL_ANSWER_OCTETS_MAX,
            each,
        )
        .await
    }

    /// Like [`ImapSession::command`], with an answer of up to `answer` octets with literals of up to `literal` octets.
    ///
    /// # Errors
    /// As [`ImapSession::command`].
    pub(super) async fn command_for(
        &mut self,
        command: &str,
        literal: u64,
        answer: u64,
        mut each: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), ImapError> {
        let limit = self.timings.command;
        let run = async {
            let tag = self.send(command).await?;
            self.client.get_mut().allow(literal, answer);
            self.finish(&tag, verb(command), &mut each).await
        };
        timeout(limit, run)
            .await
            .unwrap_or(Err(ImapError::Silent(limit)))
    }

    /// Reads up to the tagged response of a command that was sent.
    ///
    /// # Errors
    /// As [`ImapSession::command`].
    pub(super) async fn finish(
        &mut self,
        tag: &str,
        verb: &str,
        mut each: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), ImapError> {
        loop {
            let see = |response: &Response<'_>| {
                each(response);
                completion(response, tag, verb)
            };
            if let Some(end) = self.response(self.timings.silence, see).await? {
                return end;
            }
        }
    }

    /// Sends a command and answers its tag.
    ///
    /// # Errors
    /// [`ImapError::Lost`], [`ImapError::Silent`].
    pub(super) async fn send(&mut self, command: &str) -> Result<String, ImapError> {
        self.tag = self.tag.wrapping_add(1);
        let tag = format!("S{}", self.tag);
        self.client
            .get_mut()
            .allow(SMALL_LITERAL_OCTETS_MAX, SMALL_ANSWER_OCTETS_MAX);
        self.send_line(&format!("{tag} {command}")).await?;
        Ok(tag)
    }

    /// Sends a line as it is: `DONE`, the answer to a challenge.
    ///
    /// # Errors
    /// [`ImapError::Lost`], [`ImapError::Silent`].
    pub(super) async fn send_line(&mut self, line: &str) -> Result<(), ImapError> {
        let limit = self.timings.silence;
        let stream = self.client.get_mut();
        let write = async {
            stream.write_all(line.as_bytes()).await?;
            stream.write_all(b"\r\n").await?;
            stream.flush().await
        };
        timeout(limit, write)
            .await
            .map_err(|_| ImapError::Silent(limit))?
            .map_err(|error| ImapError::from_io(&error))
    }

    /// What `see` makes of the next response, whatever it is. May be dropped and called again: no octet is lost.
    ///
    /// # Errors
    /// Any means that the session must be dropped. A server that sends some part of a long response is not silent.
    pub(super) async fn response<T>(
        &mut self,
        silence: Duration,
        see: impl FnOnce(&Response<'_>) -> T + Send,
    ) -> Result<T, ImapError> {
        loop {
            // What was received at once can hold thousands of responses: without this, none of the time limits around here
            // would be looked at before all of them were read.
            tokio::task::consume_budget().await;
            let before = self.client.get_ref().received();
            match timeout(silence, self.client.read_response()).await {
                Ok(Ok(Some(response))) => {
                    self.note(response.parsed())?;
                    return Ok(see(response.parsed()));
                }
                Ok(Ok(None)) => return Err(ImapError::Lost("it ended".to_owned())),
                Ok(Err(error)) => return Err(ImapError::from_io(&error)),
                Err(_) if self.client.get_ref().received() > before => {}
                Err(_) => return Err(ImapError::Silent(silence)),
            }
        }
    }

    /// What a response says of the session, whichever command it came with.
    fn note(&mut self, response: &Response<'_>) -> Result<(), ImapError> {
        match response {
            Response::MailboxData(MailboxDatum::Exists(count)) => {
                self.exists = *count;
                self.changed = true;
            }
            Response::Expunge(_) => self.exists = self.exists.saturating_sub(1),
            Response::Capabilities(offers) => self.offers = offered(offers),
            Response::Data {
                status: Status::Bye,
                outcome,
            } => return Err(ImapError::Bye(words(outcome))),
            Response::Done { outcome, .. } | Response::Data { outcome, .. } => {
                if let Some(ResponseCode::Capabilities(offers)) = &outcome.code {
                    self.offers = offered(offers);
                }
                self.lowest_done = lowest_done(outcome);
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads the greeting; answers whether a login is wanted (`OK`) or was done already (`PREAUTH`).
    async fn greet(&mut self, config: &MailboxConfig) -> Result<bool, ImapError> {
        let refused = |words| ImapError::Greeting {
            host: config.host.clone(),
            words,
        };
        let see = |response: &Response<'_>| match response {
            Response::Data {
                status: Status::Ok, ..
            } => Ok(true),
            Response::Data {
                status: Status::PreAuth,
                ..
            } => Ok(false),
            Response::Data { outcome, .. } => Err(refused(words(outcome))),
            _ => Err(ImapError::NotImap("no greeting".to_owned())),
        };
        let other = |words| ImapError::NoGreeting {
            host: config.host.clone(),
            port: config.port,
            words,
        };
        match self.response(self.timings.silence, see).await {
            Err(ImapError::Bye(words)) => Err(refused(words)),
            Err(ImapError::NotImap(words)) => Err(other(words)),
            Err(ImapError::Silent(_)) => Err(refused(
                "it says nothing; port 993 is for tls = \"implicit\"".to_owned(),
            )),
            read => read?,
        }
    }

    pub(super) async fn ask_capabilities(&mut self) -> Result<(), ImapError> {
        self.command("CAPABILITY", |_| {}).await
    }

    /// Waits for `+`.
    ///
    /// # Errors
    /// [`ImapError::Refused`] where the command ends instead, even with OK.
    pub(super) async fn await_continuation(
        &mut self,
        tag: &str,
        verb: &str,
        silence: Duration,
    ) -> Result<(), ImapError> {
        match self.challenge(tag, verb, silence).await? {
            Some(_) => Ok(()),
            None => Err(ImapError::Refused {
                command: verb.to_owned(),
                words: "it ended before it began".to_owned(),
            }),
        }
    }

    /// What stands behind the next `+`; `None` where the command ends instead.
    ///
    /// # Errors
    /// [`ImapError::Refused`] where it ends with `NO` or `BAD`; any other means that the session must be dropped.
    pub(super) async fn challenge(
        &mut self,
        tag: &str,
        verb: &str,
        silence: Duration,
    ) -> Result<Option<String>, ImapError> {
        let see = |response: &Response<'_>| match response {
            Response::Continue(outcome) => {
                let text = outcome.information.as_deref().unwrap_or_default();
                Some(Ok(Some(text.to_owned())))
            }
            other => completion(other, tag, verb).map(|end| end.map(|()| None)),
        };
        loop {
            if let Some(end) = self.response(silence, see).await? {
                return end;
            }
        }
    }

    /// Sets how much may come until the next command is sent.
    pub(super) fn allow(&mut self, literal: u64, answer: u64) {
        self.client.get_mut().allow(literal, answer);
    }

    /// What is offered before and after a login differs (RFC 3501 §6.1.1).
    pub(super) fn forget_offers(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.offers)
    }

    /// Opens the folder.
    ///
    /// # Errors
    /// [`ImapError::Folder`], [`ImapError::ReadOnly`] where mails are to be changed, [`ImapError::NoUids`].
    pub(super) async fn select(&mut self, config: &MailboxConfig) -> Result<Selected, ImapError> {
        let mut opened = SelectedMailbox::default();
        let command = format!("SELECT {}", name::folder(&config.folder)?);
        self.command(&command, |response| {
            opened.note(response, &config.left_keyword);
        })
        .await
        .map_err(|error| match error {
            ImapError::Refused { words, .. } => ImapError::Folder {
                folder: config.folder.clone(),
                words,
            },
            other => other,
        })?;
        let folder = || config.folder.clone();
        if opened.is_read_only && config.after != super::After::Keep {
            return Err(ImapError::ReadOnly { folder: folder() });
        }
        self.keeps_keyword = opened.keeps_keyword && !opened.is_read_only;
        let uid_validity = opened
            .uid_validity
            .ok_or_else(|| ImapError::NoUids { folder: folder() })?;
        let uid_next = match opened.uid_next {
            Some(uid_next) => uid_next,
            None => self.find_uid_next(config).await?,
        };
        Ok(Selected {
            uid_validity,
            uid_next,
        })
    }

    /// For servers that do not give UIDNEXT when a folder is opened, although they must (RFC 3501 §6.3.1).
    async fn find_uid_next(&mut self, config: &MailboxConfig) -> Result<u32, ImapError> {
        let mut uid_next = None;
        let command = format!("STATUS {} (UIDNEXT)", name::folder(&config.folder)?);
        let asked = self
            .command(&command, |response| {
                if let Response::MailboxData(MailboxDatum::Status { status, .. }) = response {
                    uid_next = status.iter().find_map(|attribute| match attribute {
                        StatusAttribute::UidNext(uid) => Some(*uid),
                        _ => None,
                    });
                }
            })
            .await;
        match (asked, uid_next) {
            (Err(error), _) if !matches!(error, ImapError::Refused { .. }) => Err(error),
            (_, Some(uid_next)) => Ok(uid_next),
            _ => self.last_uid().await.map(|uid| uid.saturating_add(1)),
        }
    }

    /// The UID of the last mail, 0 where there is none.
    async fn last_uid(&mut self) -> Result<u32, ImapError> {
        let mut last = 0;
        if self.exists > 0 {
            self.command("UID FETCH * (UID)", |response| {
                if let Response::Fetch(_, attributes) = response {
                    last = last.max(uid_of(attributes).unwrap_or(0));
                }
            })
            .await?;
        }
        Ok(last)
    }

    /// Asks for news; they arrive at [`ImapSession::note`].
    ///
    /// # Errors
    /// Any means that the session must be dropped.
    pub(super) async fn noop(&mut self) -> Result<(), ImapError> {
        self.command("NOOP", |_| {}).await
    }
}

/// What the responses to SELECT say.
#[derive(Debug, Default)]
struct SelectedMailbox {
    uid_validity: Option<u32>,
    uid_next: Option<u32>,
    is_read_only: bool,
    keeps_keyword: bool,
}

impl SelectedMailbox {
    fn note(&mut self, response: &Response<'_>, left_keyword: &str) {
        let (Response::Data { outcome, .. } | Response::Done { outcome, .. }) = response else {
            return;
        };
        match &outcome.code {
            Some(ResponseCode::UidValidity(number)) => self.uid_validity = Some(*number),
            Some(ResponseCode::UidNext(uid)) => self.uid_next = Some(*uid),
            Some(ResponseCode::ReadOnly) => self.is_read_only = true,
            Some(ResponseCode::PermanentFlags(flags)) => {
                self.keeps_keyword = flags
                    .iter()
                    .any(|flag| flag == "\\*" || flag.eq_ignore_ascii_case(left_keyword));
            }
            _ => {}
        }
    }
}

/// The UID in a FETCH response.
pub(super) fn uid_of(attributes: &[AttributeValue<'_>]) -> Option<u32> {
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::Uid(uid) => Some(*uid),
        _ => None,
    })
}

/// How the command ended, if this is its tagged response.
fn completion(response: &Response<'_>, tag: &str, verb: &str) -> Option<Result<(), ImapError>> {
    let Response::Done {
        tag: ended,
        status,
        outcome,
    } = response
    else {
        return None;
    };
    if ended.0 != tag {
        return None;
    }
    if *status == Status::Ok {
        return Some(Ok(()));
    }
    Some(Err(ImapError::Refused {
        command: verb.to_owned(),
        words: words(outcome),
    }))
}

/// What a server says for people; at most 200 characters of it, without control characters.
fn words(outcome: &Outcome<'_>) -> String {
    let text = outcome.information.as_deref().unwrap_or("without a reason");
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}

/// The lowest UID that was done, where that were not all (RFC 9738).
fn lowest_done(outcome: &Outcome<'_>) -> Option<u32> {
    let text = outcome.information.as_deref()?;
    let (code, _) = text.strip_prefix('[')?.split_once(']')?;
    let mut words = code.split(' ');
    let is_limit = words.next()?.eq_ignore_ascii_case("MESSAGELIMIT");
    let lowest = words.nth(1)?;
    is_limit.then(|| lowest.parse().ok()).flatten()
}

/// The verb of a command, which is all of it that may be logged.
fn verb(command: &str) -> &str {
    let words = if command.starts_with("UID ") { 2 } else { 1 };
    let end = command
        .match_indices(' ')
        .nth(words - 1)
        .map_or(command.len(), |(at, _)| at);
    command.get(..end).unwrap_or(command)
}

fn offered(capabilities: &[Capability<'_>]) -> BTreeSet<String> {
    capabilities
        .iter()
        .map(|capability| match capability {
            Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
            Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
            Capability::Atom(atom) => atom.to_ascii_uppercase(),
        })
        .collect()
}
