//! One connection: commands in their order, a mail at a time, and a reply for each recipient of it.
//!
//! What a client sends is counted before it is looked at: a line, a mail, its recipients, its errors. Replies wait until nothing
//! more of what the client has sent is there (PIPELINING, RFC 2920 §3.2).

use super::content::ContentReader;
use super::reply::{self, LmtpReply};
use super::{Handed, LmtpConfig, SOURCE};
use crate::core::address::MailAddress;
use crate::core::from_mail::RawMail;
use crate::core::id::{JobId, MessageId};
use crate::core::limits::MAIL_USERS_MAX;
use crate::inbound::{InboundMail, MailTaker, RecipientQuery, Verdict};
use crate::net::backoff::Backoff;
use crate::system;
use jid::BareJid;
use smtp_proto::{MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, MailFrom, RcptTo, Request};
use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// The longest command, in octets: 512 (RFC 5321 §4.5.3.1.4) and what the extensions that are offered add, several times.
const LINE_OCTETS_MAX: usize = 4096;
/// What one read may bring, in octets.
const READ_OCTETS: usize = 32 * 1024;
/// So much of a mail is looked at in one go, in octets: what of it is to lie on the disk.
const TAKEN_AT_ONCE: usize = 256 * 1024;
/// Recipients of one mail: as many users as one mail is shown to. A client sends the others with the next one.
const RECIPIENTS_MAX: usize = MAIL_USERS_MAX;
/// Recipients that are nobody's, in one connection: enough for any mail, and little for somebody who guesses.
const UNKNOWN_MAX: usize = 20;
/// Commands that are none, in one connection.
const ERRORS_MAX: usize = 20;
/// How long a mail that waits is not brought again, at first and at most.
const LATER_FIRST: Duration = Duration::from_millis(200);
const LATER_LONGEST: Duration = Duration::from_secs(3);
/// How long who is turned away may take to read why, and who is left may go on talking.
const REFUSAL: Duration = Duration::from_secs(1);

/// What all connections share.
#[derive(Debug)]
pub(super) struct SessionShared {
    pub(super) config: LmtpConfig,
    pub(super) hand_over: mpsc::Sender<Handed>,
    /// KiB that mails may have together.
    pub(super) room: Arc<Semaphore>,
}

/// Somebody to whom the mail is to go.
#[derive(Debug)]
struct AcceptedRecipient {
    address: MailAddress,
    user: BareJid,
}

/// What came after DATA.
enum ReceivedData {
    /// A mail, and the room that it takes.
    Mail(RawMail, OwnedSemaphorePermit),
    /// None that is taken.
    Refused(LmtpReply),
}

/// A mail before its content.
#[derive(Debug)]
struct LmtpTransaction {
    /// As the client wrote it; empty for a report (RFC 5321 §4.5.5).
    reverse_path: String,
    recipients: Vec<AcceptedRecipient>,
}

/// What follows a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Command,
    Content,
    End,
}

/// A line, or why there is none.
enum LmtpLine {
    Text(Vec<u8>),
    TooLong,
    Silence,
    End,
}

struct LmtpSession<S> {
    stream: BufReader<S>,
    replies: Vec<u8>,
    house: Arc<SessionShared>,
    is_greeted: bool,
    transaction: Option<LmtpTransaction>,
    unknown: usize,
    errors: usize,
}

/// Talks with one client until it ends, or until `stop` and no mail is under way.
pub(super) async fn converse<S>(stream: S, house: Arc<SessionShared>, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut session = LmtpSession {
        stream: BufReader::with_capacity(READ_OCTETS, stream),
        replies: Vec::new(),
        house,
        is_greeted: false,
        transaction: None,
        unknown: 0,
        errors: 0,
    };
    if let Err(error) = session.run(&stop).await {
        tracing::debug!(%error, "an LMTP connection ended");
    }
}

/// Says why nothing is taken, and closes.
pub(super) async fn refuse<S: AsyncWrite + Unpin>(mut stream: S, reply: LmtpReply) {
    let LmtpReply(code, enhanced, text) = reply;
    let line = format!("{code} {enhanced} {text}\r\n");
    let _ = timeout(REFUSAL, stream.write_all(line.as_bytes())).await;
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> LmtpSession<S> {
    async fn run(&mut self, stop: &CancellationToken) -> io::Result<()> {
        let name = self.house.config.name.clone();
        self.replies
            .extend_from_slice(format!("220 {name} {}\r\n", reply::GREETING).as_bytes());
        loop {
            let next = match stop.run_until_cancelled(self.line()).await {
                None => self.last(reply::STOPPING),
                Some(line) => match line? {
                    LmtpLine::Text(line) => self.command(&line).await,
                    LmtpLine::TooLong => self.error(reply::LINE_TOO_LONG),
                    LmtpLine::Silence => self.last(reply::SILENT),
                    LmtpLine::End => return Ok(()),
                },
            };
            match next {
                Next::Command => {}
                Next::Content => match stop.run_until_cancelled(self.content()).await {
                    Some(content) => self.mail(content?).await,
                    None => return self.leave(reply::STOPPING).await,
                },
                Next::End => {
                    self.write().await?;
                    return self.part().await;
                }
            }
        }
    }

    async fn leave(&mut self, reply: LmtpReply) -> io::Result<()> {
        self.say(reply);
        self.write().await?;
        self.part().await
    }

    /// Closes, and reads what is still on its way for a moment: else the system says that it was not read, and the last reply
    /// is lost with that.
    async fn part(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        let rest = async {
            loop {
                let count = self.stream.fill_buf().await?.len();
                match count {
                    0 => return Ok(()),
                    count => self.stream.consume(count),
                }
            }
        };
        timeout(REFUSAL, rest).await.unwrap_or(Ok(()))
    }

    fn say(&mut self, reply: LmtpReply) {
        let LmtpReply(code, enhanced, text) = reply;
        let line = format!("{code} {enhanced} {text}\r\n");
        self.replies.extend_from_slice(line.as_bytes());
    }

    fn answer(&mut self, reply: LmtpReply) -> Next {
        self.say(reply);
        Next::Command
    }

    fn last(&mut self, reply: LmtpReply) -> Next {
        self.say(reply);
        Next::End
    }

    fn error(&mut self, reply: LmtpReply) -> Next {
        self.errors = self.errors.saturating_add(1);
        match self.errors < ERRORS_MAX {
            true => self.answer(reply),
            false => self.last(reply::TOO_MANY_ERRORS),
        }
    }

    async fn write(&mut self) -> io::Result<()> {
        if self.replies.is_empty() {
            return Ok(());
        }
        let write = async {
            self.stream.write_all(&self.replies).await?;
            self.stream.flush().await
        };
        let limit = self.house.config.timings.write;
        timeout(limit, write)
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        self.replies.clear();
        Ok(())
    }

    /// Waits for more, where nothing is left: before that, what was said is written.
    async fn fill(&mut self, until: Instant) -> io::Result<Option<&[u8]>> {
        if self.stream.buffer().is_empty() {
            self.write().await?;
        }
        match timeout_at(until, self.stream.fill_buf()).await {
            Ok(octets) => octets.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// The next line. One that is too long is read to its end and not kept.
    async fn line(&mut self) -> io::Result<LmtpLine> {
        let until = Instant::now() + self.house.config.timings.command;
        let (mut line, mut is_over) = (Vec::new(), false);
        loop {
            let Some(octets) = self.fill(until).await? else {
                return Ok(LmtpLine::Silence);
            };
            if octets.is_empty() {
                return Ok(LmtpLine::End);
            }
            let end = octets.iter().position(|octet| *octet == b'\n');
            let count = end.map_or(octets.len(), |end| end.saturating_add(1));
            is_over |= line.len().saturating_add(count) > LINE_OCTETS_MAX;
            if !is_over {
                line.extend(octets.iter().take(count));
            }
            self.stream.consume(count);
            if end.is_some() {
                return Ok(match is_over {
                    true => LmtpLine::TooLong,
                    false => LmtpLine::Text(line),
                });
            }
        }
    }

    async fn command(&mut self, line: &[u8]) -> Next {
        if !line.ends_with(b"\r\n") {
            return self.error(reply::LINE_END);
        }
        match Request::parse(&mut line.iter()) {
            Ok(Request::Lhlo { .. }) => self.greet(),
            Ok(Request::Ehlo { .. } | Request::Helo { .. }) => self.error(reply::USE_LHLO),
            Ok(Request::Mail { from }) => self.sender(&from),
            Ok(Request::Rcpt { to }) => self.recipient(&to).await,
            Ok(Request::Data) => self.data(),
            Ok(Request::Rset) => {
                self.transaction = None;
                self.answer(reply::OK)
            }
            Ok(Request::Noop { .. }) => self.answer(reply::OK),
            Ok(Request::Quit) => self.last(reply::BYE),
            Ok(Request::Vrfy { .. }) => self.error(reply::NOT_VERIFIED),
            Ok(Request::Help { .. }) => self.answer(reply::HELP),
            Ok(_) => self.error(reply::NOT_OFFERED),
            Err(smtp_proto::Error::UnknownCommand) => self.error(reply::UNKNOWN),
            Err(smtp_proto::Error::InvalidSenderAddress) => self.error(reply::NO_SENDER),
            Err(smtp_proto::Error::InvalidRecipientAddress) => self.error(reply::NO_RECIPIENT),
            Err(smtp_proto::Error::UnsupportedParameter { .. }) => self.error(reply::NO_PARAMETER),
            Err(_) => self.error(reply::SYNTAX),
        }
    }

    /// LHLO (RFC 2033 §4.1), and what is offered: RFC 2920, RFC 2034, RFC 6152, RFC 6531, RFC 1870.
    fn greet(&mut self) -> Next {
        (self.is_greeted, self.transaction) = (true, None);
        let LmtpConfig {
            name, octets_max, ..
        } = &self.house.config;
        let lines = format!(
            "250-{name}\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
             250 SIZE {octets_max}\r\n"
        );
        self.replies.extend_from_slice(lines.as_bytes());
        Next::Command
    }

    fn sender(&mut self, from: &MailFrom<Cow<'_, str>>) -> Next {
        if !self.is_greeted || self.transaction.is_some() {
            return self.error(reply::OUT_OF_ORDER);
        }
        let offered = MAIL_BODY_7BIT | MAIL_BODY_8BITMIME | MAIL_SMTPUTF8;
        if from.flags & !offered != 0 || from.env_id.is_some() {
            return self.error(reply::NO_PARAMETER);
        }
        if from.size > self.house.config.octets_max {
            return self.answer(reply::TOO_BIG);
        }
        if !(self.house.config.is_online)() {
            return self.answer(reply::OFFLINE);
        }
        self.transaction = Some(LmtpTransaction {
            reverse_path: from.address.to_string(),
            recipients: Vec::new(),
        });
        self.answer(reply::SENDER_OK)
    }

    async fn recipient(&mut self, to: &RcptTo<Cow<'_, str>>) -> Next {
        let Some(transaction) = &self.transaction else {
            return self.error(reply::OUT_OF_ORDER);
        };
        if transaction.recipients.len() >= RECIPIENTS_MAX {
            return self.answer(reply::TOO_MANY_RECIPIENTS);
        }
        if to.flags != 0 || to.orcpt.is_some() {
            return self.error(reply::NO_PARAMETER);
        }
        let Ok(address) = to.address.parse::<MailAddress>() else {
            return self.error(reply::NO_RECIPIENT);
        };
        match self.house.user_of(&address).await {
            None => self.answer(reply::NOT_NOW),
            Some(None) => self.unknown(),
            Some(Some(user)) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction
                        .recipients
                        .push(AcceptedRecipient { address, user });
                }
                self.answer(reply::RECIPIENT_OK)
            }
        }
    }

    fn unknown(&mut self) -> Next {
        self.unknown = self.unknown.saturating_add(1);
        match self.unknown < UNKNOWN_MAX {
            true => self.answer(reply::NOBODY),
            false => self.last(reply::TOO_MANY_ERRORS),
        }
    }

    fn data(&mut self) -> Next {
        let has_recipients = |one: &LmtpTransaction| !one.recipients.is_empty();
        if !self.transaction.as_ref().is_some_and(has_recipients) {
            return self.error(reply::OUT_OF_ORDER);
        }
        self.replies
            .extend_from_slice(b"354 end with a dot on a line of its own\r\n");
        Next::Content
    }

    /// The mail up to its end, with the reverse path before it (RFC 5321 §4.4), and the room that it takes.
    async fn content(&mut self) -> io::Result<ReceivedData> {
        let path = self.transaction.as_ref();
        let path = path.map_or("", |transaction| transaction.reverse_path.as_str());
        let beginning = format!("Return-Path: <{path}>\r\n").into_bytes();
        let octets_max = self.house.config.octets_max.saturating_add(beginning.len());
        let mut content = ContentReader::new(beginning, octets_max);
        let mut taker = MailTaker::new(self.house.config.spill_folder.clone());
        let mut reserved = ReservedRoom::new(&self.house.room);
        let end = Instant::now() + self.house.config.timings.content;
        loop {
            let until = end.min(Instant::now() + self.house.config.timings.command);
            let octets = match self.fill(until).await? {
                Some([]) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(octets) => octets,
                None => {
                    self.leave(reply::SILENT).await?;
                    return Err(io::ErrorKind::TimedOut.into());
                }
            };
            let (count, is_complete) = content.take(octets);
            self.stream.consume(count);
            if !reserved.grow_to(content.len()) {
                content.give_up();
            }
            if content.is_given_up() {
                taker = MailTaker::new(self.house.config.spill_folder.clone());
            }
            if is_complete || content.waiting() > TAKEN_AT_ONCE {
                let piece = content.take_waiting();
                taker = system::blocking(move || taker.take(&piece).map(|()| taker))
                    .await
                    .map_err(io::Error::other)??;
            }
            if is_complete {
                return Ok(match reserved.take() {
                    Some(_) if content.is_given_up() => ReceivedData::Refused(reply::TOO_BIG),
                    Some(room) => {
                        let mail = system::blocking(move || taker.into_mail());
                        ReceivedData::Mail(mail.await.map_err(io::Error::other)??, room)
                    }
                    None => ReceivedData::Refused(reply::NO_ROOM),
                });
            }
        }
    }

    /// Hands the mail over, and says for each recipient what became of it.
    async fn mail(&mut self, received: ReceivedData) {
        let Some(transaction) = self.transaction.take() else {
            return;
        };
        let verdict = match received {
            ReceivedData::Mail(raw, room) => {
                let verdict = self.house.verdict(&transaction, raw).await;
                drop(room);
                verdict.ok_or(reply::NOT_NOW)
            }
            ReceivedData::Refused(reply) => Err(reply),
        };
        for recipient in &transaction.recipients {
            self.say(match &verdict {
                Ok(verdict) => of_verdict(verdict, &recipient.user),
                Err(reply) => *reply,
            });
        }
    }
}

impl SessionShared {
    /// Whose address it is; `None` where that cannot be said now.
    async fn user_of(&self, address: &MailAddress) -> Option<Option<BareJid>> {
        let (answer, answered) = oneshot::channel();
        let asked = RecipientQuery {
            address: address.clone(),
            answer,
        };
        let config = &self.config;
        let ask = async {
            config.asked.send(asked).await.ok()?;
            answered.await.ok()
        };
        timeout(config.timings.recipient, ask).await.ok().flatten()
    }

    /// What becomes of a mail; `None` where that cannot be said now. One that has to wait for a moment (its files are put up, or
    /// its user is shown no more for now) is brought again by us, before the mail server has to do so.
    async fn verdict(&self, transaction: &LmtpTransaction, raw: RawMail) -> Option<Verdict> {
        let recipients = transaction.recipients.iter();
        let envelope: Vec<MailAddress> = recipients.map(|one| one.address.clone()).collect();
        let (raw, key) = keyed(raw, &envelope).await?;
        let octets = raw.length();
        let mail = InboundMail {
            key,
            uid: 0,
            octets,
            raw,
            header_only: false,
            internal_date: None,
            envelope: Some(envelope),
        };
        let until = Instant::now() + self.config.timings.verdict;
        let give_up = Instant::now() + self.config.timings.later;
        let mut pause = Backoff::new(LATER_FIRST, LATER_LONGEST);
        loop {
            let decided = timeout_at(until, self.decided(mail.clone()));
            let verdict = decided.await.ok().flatten()?;
            let again = Instant::now() + pause.step();
            if !matches!(verdict, Verdict::Later(_)) || again > give_up {
                return Some(verdict);
            }
            sleep_until(again).await;
        }
    }

    async fn decided(&self, mail: InboundMail) -> Option<Verdict> {
        let (verdict, answered) = oneshot::channel();
        let handed = Handed { mail, verdict };
        self.hand_over.send(handed).await.ok()?;
        answered.await.ok()
    }
}

/// A mail is known again by what it is and for whom, when the mail server brings it again.
async fn keyed(raw: RawMail, envelope: &[MailAddress]) -> Option<(RawMail, JobId)> {
    let recipients: Vec<&str> = envelope.iter().map(MailAddress::key).collect();
    let recipients = recipients.join(" ");
    let keyed = system::blocking(move || {
        let content = MessageId::of_pieces(raw.pieces())?;
        let key = JobId::of_name(&["mail", SOURCE, &recipients, content.as_str()]);
        Ok::<_, io::Error>((raw, key))
    });
    keyed.await.ok()?.ok()
}

/// One who waits hears so, and the others have it.
fn of_verdict(verdict: &Verdict, user: &BareJid) -> LmtpReply {
    match verdict {
        Verdict::Handled => reply::TAKEN,
        Verdict::Left(left) => reply::of_left(*left),
        Verdict::LeftBy(left, users) => match users.contains(user) {
            true => reply::of_left(*left),
            false => reply::TAKEN,
        },
        Verdict::Later(demands) => {
            let waits = demands.keys().any(|one| one.user == *user);
            if waits { reply::LATER } else { reply::TAKEN }
        }
    }
}

/// What a mail takes of the room for all, in KiB, as it grows.
struct ReservedRoom {
    room: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
    is_refused: bool,
}

impl ReservedRoom {
    fn new(room: &Arc<Semaphore>) -> Self {
        Self {
            room: Arc::clone(room),
            permit: None,
            is_refused: false,
        }
    }

    /// False where there is no more: waiting for it could be in vain, where all who have some wait as well.
    fn grow_to(&mut self, octets: usize) -> bool {
        let held = self
            .permit
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = (octets / 1024).saturating_add(1).saturating_sub(held);
        if self.is_refused || wanted == 0 {
            return !self.is_refused;
        }
        let more = u32::try_from(wanted)
            .ok()
            .and_then(|wanted| Arc::clone(&self.room).try_acquire_many_owned(wanted).ok());
        match (more, &mut self.permit) {
            (Some(more), Some(permit)) => permit.merge(more),
            (Some(more), none) => *none = Some(more),
            (None, _) => {
                self.is_refused = true;
                self.permit = None;
            }
        }
        !self.is_refused
    }

    fn take(&mut self) -> Option<OwnedSemaphorePermit> {
        self.permit.take()
    }
}
