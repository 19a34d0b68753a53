//! One mail transaction (RFC 5321 §3.3) on a connection that is kept: the result of each recipient, a time limit for
//! each phase, and whether the connection can go on.

use crate::core::address::MailAddress;
use crate::core::job::Job;
use crate::core::outcome::{Attempt, Outcome, Reply};
use crate::net::Io;
use crate::net::sasl::Mechanism;
use crate::smtp::dialog::{Dialog, DialogError};
use crate::smtp::outcome::{TransactionStage, classify, closes_connection, is_too_many, no_reply};
use crate::smtp::plan::{SmtpCommand, TransactionPlan};
use crate::smtp::wire::{LongMail, WireBlocks, WireMail};
use crate::smtp::{SmtpCapabilities, TimeLimits, content};
use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;

#[cfg(test)]
mod chunking;
#[cfg(test)]
mod long;

/// How long the reply to `QUIT` is waited for: nothing depends on it.
const QUIT_LIMIT: Duration = Duration::from_secs(2);
/// What is said of a server that answers something else than what it was asked, or unasked.
const OUT_OF_STEP: &str = "the mail server is out of step with us";
/// What is said of a connection that has ended.
const LOST: &str = "the connection to the mail server was lost";
/// What is said where a mail was whole when it was looked at, and is not any more when it is sent.
const UNREADABLE: &str = "the gateway cannot read the mail from its disk";
/// How many refusals in a row a connection is used for. Postfix answers late after ten errors without a mail, and hangs up
/// after twenty (`smtpd_soft_error_limit`, `smtpd_hard_error_limit`).
const ERRORS_MAX: u32 = 8;

/// A connection that is logged in and between two transactions.
pub(super) struct SmtpConnection {
    smtp: Dialog<Box<dyn Io>>,
    capabilities: SmtpCapabilities,
    login: Option<Mechanism>,
    limits: TimeLimits,
    /// Commands that were refused since the last mail that was taken.
    errors: u32,
    /// The server has offered CHUNKING and does not know BDAT. All connections to it share this.
    no_chunks: Arc<AtomicBool>,
}

/// What became of a transaction.
#[derive(Debug)]
pub(super) struct Submitted {
    /// What became of each recipient, but for those in `left`.
    pub attempt: Attempt,
    /// Those for whom there was no room any more in this transaction, which has served or refused others for good: a
    /// further transaction is for them.
    pub left: Vec<MailAddress>,
    /// What became of the connection.
    pub connection: ConnectionState,
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionState {
    /// The next transaction can begin.
    Usable,
    /// It is of no use any more: drop it without a word.
    Closed,
    /// It is of no use, and was not before anything of the mail was sent and any recipient decided about: on a kept
    /// connection a sign that the server had closed it meanwhile, or does so now, which is no fault of the mail.
    Stale,
}

impl SmtpConnection {
    pub(super) fn new(
        smtp: Dialog<Box<dyn Io>>,
        capabilities: SmtpCapabilities,
        login: Option<Mechanism>,
        limits: TimeLimits,
        no_chunks: Arc<AtomicBool>,
    ) -> Self {
        Self {
            smtp,
            capabilities,
            login,
            limits,
            errors: 0,
            no_chunks,
        }
    }

    /// Whether the server has refused so much on it that it may soon do so slowly.
    pub(super) fn is_worn(&self) -> bool {
        self.errors >= ERRORS_MAX
    }

    pub(super) fn capabilities(&self) -> &SmtpCapabilities {
        &self.capabilities
    }

    /// By what we were let in, where there was a login.
    pub(super) fn login(&self) -> Option<Mechanism> {
        self.login
    }

    /// Says goodbye.
    pub(super) async fn quit(mut self) {
        let _ = timeout(QUIT_LIMIT, self.smtp.ask(b"QUIT\r\n")).await;
    }

    /// Sends a mail to the job's recipients. If the future is dropped before it is ready, the connection must be, too:
    /// a reply that was not read would be taken for the one to a later command.
    pub(super) async fn submit(&mut self, job: &Job, mail: &[u8]) -> Submitted {
        self.transact(job, &WireMail::whole(mail)).await
    }

    /// The same with a mail that is not in memory.
    pub(super) async fn submit_long(&mut self, job: &Job, mail: &LongMail) -> Submitted {
        self.transact(job, &WireMail::Long(mail)).await
    }

    async fn transact(&mut self, job: &Job, mail: &WireMail<'_>) -> Submitted {
        let plan = TransactionPlan::new(job, mail.facts(), &self.capabilities);
        if plan.recipients.is_empty() {
            return Submitted {
                attempt: plan.refused,
                left: Vec::new(),
                connection: ConnectionState::Usable,
            };
        }
        let pipelining = self.capabilities.pipelining;
        let mut transaction = SmtpTransaction {
            connection: self,
            outcomes: plan.recipients.iter().map(|_| None).collect(),
            unsent: Vec::new(),
            is_ahead: false,
            began: false,
            open: false,
            full: None,
            is_anyone_accepted: false,
            has_sent: false,
            has_ended: false,
        };
        let ended = transaction.run(&plan, mail, pipelining).await;
        transaction.report(plan, ended)
    }
}

impl SmtpConnection {
    /// Sends one command and reads its reply. `Err` where there is none: the connection must be dropped.
    pub(super) async fn command(&mut self, line: &str) -> Result<Reply, Reply> {
        let line = format!("{line}\r\n");
        let asked = within(self.limits.command, self.smtp.ask(line.as_bytes()));
        asked
            .await
            .map(|reply| reply.to_reply())
            .map_err(|lost| lost.reply)
    }
}

/// The end of a connection in the middle of a transaction: what was seen, and whether the mail may have been taken.
#[derive(Debug)]
struct Lost {
    reply: Reply,
    certain: bool,
}

struct SmtpTransaction<'a> {
    connection: &'a mut SmtpConnection,
    /// In the order of the plan's recipients; `None` while undecided.
    outcomes: Vec<Option<Outcome>>,
    /// Commands that are sent before the next reply is read. Empty while they are on their way and only replies are left
    /// to be read (RFC 2920).
    unsent: Vec<u8>,
    /// The mail is among them, or went with them: until it is answered, nobody knows whether the server has taken it.
    is_ahead: bool,
    /// `MAIL` was accepted.
    began: bool,
    /// Something of the mail was sent.
    has_sent: bool,
    /// The server remembers a transaction that has to be ended by `RSET`.
    open: bool,
    /// The reply by which the server takes no more recipients after it has accepted some.
    full: Option<Reply>,
    /// A `RCPT` was accepted.
    is_anyone_accepted: bool,
    /// The recipients that were accepted got the mail, or never will.
    has_ended: bool,
}

impl SmtpTransaction<'_> {
    async fn run(
        &mut self,
        plan: &TransactionPlan,
        mail: &WireMail<'_>,
        pipelining: bool,
    ) -> Result<(), Lost> {
        let commands = plan.commands();
        let mut rest = commands.as_slice();
        while !rest.is_empty() {
            let (count, lines) = plan.window(rest, pipelining);
            let (window, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            self.unsent = lines.into_bytes();
            if let ([_, .., SmtpCommand::Chunk], Some(octets)) = (window, mail.in_memory()) {
                self.go_ahead(octets).await?;
            }
            for command in window {
                self.step(*command, mail).await?;
            }
            if !self.began {
                break;
            }
            rest = self.without_the_turned_away(later);
            if matches!(rest, [SmtpCommand::Data | SmtpCommand::Chunk]) && !self.is_anyone_left() {
                break;
            }
        }
        if !self.open {
            return Ok(());
        }
        self.unsent = b"RSET\r\n".to_vec();
        let reply = self.ask(self.connection.limits.command).await?;
        // What is left of this transaction would be part of the next one.
        let certain = true;
        match is_positive(&reply) {
            true => Ok(()),
            false => Err(Lost { reply, certain }),
        }
    }

    /// Puts the mail behind the commands that are sent next. What was seen of the connection's end until then is seen before: it
    /// is no doubt about the mail.
    async fn go_ahead(&mut self, mail: &[u8]) -> Result<(), Lost> {
        if !self.connection.smtp.is_quiet().await {
            return Err(Lost {
                reply: no_reply(LOST),
                certain: true,
            });
        }
        self.unsent.extend_from_slice(mail);
        self.is_ahead = true;
        Ok(())
    }

    async fn step(&mut self, command: SmtpCommand, mail: &WireMail<'_>) -> Result<(), Lost> {
        match command {
            SmtpCommand::Mail => self.mail().await,
            SmtpCommand::Rcpt(index) => self.recipient(index).await,
            SmtpCommand::Data => self.data(mail).await,
            SmtpCommand::Chunk => self.chunk(mail).await,
        }
    }

    async fn mail(&mut self) -> Result<(), Lost> {
        let reply = self.ask(self.connection.limits.command).await?;
        if reply.code == Some(503) {
            // RFC 5321 §4.3.2: the server is still somewhere else. Only a new connection helps.
            let certain = !self.is_ahead;
            return Err(Lost { reply, certain });
        }
        self.began = is_positive(&reply);
        self.open = self.began;
        if !self.began {
            self.decide_all(TransactionStage::Mail, &reply);
        }
        Ok(())
    }

    async fn recipient(&mut self, index: usize) -> Result<(), Lost> {
        let reply = self.ask(self.connection.limits.command).await?;
        let Some(outcome @ None) = self.outcomes.get_mut(index) else {
            return Ok(());
        };
        if is_positive(&reply) {
            self.is_anyone_accepted = true;
            return Ok(());
        }
        if is_too_many(&reply) && self.is_anyone_accepted {
            self.full.get_or_insert_with(|| reply.clone());
        }
        *outcome = Some(classify(TransactionStage::Rcpt, reply));
        Ok(())
    }

    /// What is still to be said: where there is no more room, nobody else is asked for. A server counts each `RCPT` that
    /// it turns away as an error, and hangs up after so many.
    fn without_the_turned_away<'a>(&mut self, rest: &'a [SmtpCommand]) -> &'a [SmtpCommand] {
        let Some(full) = &self.full else {
            return rest;
        };
        for command in rest {
            if let SmtpCommand::Rcpt(index) = command
                && let Some(outcome @ None) = self.outcomes.get_mut(*index)
            {
                *outcome = Some(classify(TransactionStage::Rcpt, full.clone()));
            }
        }
        rest.last().map(std::slice::from_ref).unwrap_or_default()
    }

    /// `DATA` and the mail. Where all recipients were refused and `DATA` was asked already, a server that says 354 all
    /// the same gets an empty mail to nobody (RFC 2920 §3.1).
    async fn data(&mut self, mail: &WireMail<'_>) -> Result<(), Lost> {
        let reply = self.ask(self.connection.limits.data).await?;
        match (reply.code, self.is_anyone_left()) {
            (Some(354), true) => {
                self.has_sent = true;
                let reply = self.connection.send_content(mail).await?;
                self.open = false;
                if is_positive(&reply) {
                    self.connection.errors = 0;
                }
                self.has_ended = !matches!(
                    classify(TransactionStage::Data, reply.clone()),
                    Outcome::Retry { .. }
                );
                self.decide_all(TransactionStage::Data, &reply);
                self.go_on_after(reply)
            }
            (Some(354), false) => {
                self.open = false;
                let reply = self.connection.send_content(&WireMail::whole(b"")).await?;
                self.go_on_after(reply)
            }
            (Some(200..400), true) => Err(Lost {
                reply: no_reply(OUT_OF_STEP),
                certain: true,
            }),
            (_, true) => {
                self.decide_all(TransactionStage::Data, &reply);
                Ok(())
            }
            (_, false) => Ok(()),
        }
    }

    /// `BDAT` and the mail, unless both are on their way, and the reply. A server that took nobody says no, and takes nothing.
    async fn chunk(&mut self, mail: &WireMail<'_>) -> Result<(), Lost> {
        self.has_sent = true;
        let line = std::mem::take(&mut self.unsent);
        let reply = match line.is_empty() {
            true => self.ask(self.connection.limits.final_reply).await?,
            false => {
                let line = String::from_utf8_lossy(&line).into_owned();
                self.connection.send_chunk(&line, mail).await?
            }
        };
        self.is_ahead = false;
        if let Some(500..=502 | 504) = reply.code {
            // It takes the mail for commands.
            self.connection.no_chunks.store(true, Ordering::Relaxed);
            let certain = true;
            return Err(Lost { reply, certain });
        }
        if let Some(300..400) = reply.code {
            return Err(Lost {
                reply: no_reply(OUT_OF_STEP),
                certain: false,
            });
        }
        // RFC 3030 §2: after a refusal nothing but RSET is certain.
        self.open = !is_positive(&reply);
        if self.is_anyone_left() {
            if is_positive(&reply) {
                self.connection.errors = 0;
            }
            self.has_ended = !matches!(
                classify(TransactionStage::Data, reply.clone()),
                Outcome::Retry { .. }
            );
            self.decide_all(TransactionStage::Data, &reply);
        }
        self.go_on_after(reply)
    }

    /// Reads the next reply, after sending what is to be sent before.
    async fn ask(&mut self, limit: Duration) -> Result<Reply, Lost> {
        // A server that has the mail may answer all commands together.
        let limit = match self.is_ahead {
            true => limit.max(self.connection.limits.final_reply),
            false => limit,
        };
        let smtp = &mut self.connection.smtp;
        let lines = std::mem::take(&mut self.unsent);
        let reply = match lines.is_empty() {
            true => within(limit, smtp.reply()).await,
            false => within(limit, smtp.ask(&lines)).await,
        };
        let reply = reply.map_err(|lost| Lost {
            certain: lost.certain && !self.is_ahead,
            ..lost
        })?;
        let reply = reply.to_reply();
        if !matches!(reply.code, Some(200..400)) {
            self.connection.errors = self.connection.errors.saturating_add(1);
        }
        self.go_on_after(reply.clone()).map(|()| reply)
    }

    /// A reply with which the server ends the connection is the answer to all that is undecided.
    fn go_on_after(&self, reply: Reply) -> Result<(), Lost> {
        let certain = true;
        if closes_connection(&reply) {
            return Err(Lost { reply, certain });
        }
        Ok(())
    }

    fn is_anyone_left(&self) -> bool {
        self.outcomes.iter().any(Option::is_none)
    }

    fn decide_all(&mut self, stage: TransactionStage, reply: &Reply) {
        for outcome in self.outcomes.iter_mut().filter(|outcome| outcome.is_none()) {
            *outcome = Some(classify(stage, reply.clone()));
        }
    }

    fn report(self, plan: TransactionPlan, ended: Result<(), Lost>) -> Submitted {
        let connection = match ended {
            Ok(()) => ConnectionState::Usable,
            Err(Lost { certain: false, .. }) => ConnectionState::Closed,
            Err(_) if self.has_sent || self.outcomes.iter().any(Option::is_some) => {
                ConnectionState::Closed
            }
            Err(_) => ConnectionState::Stale,
        };
        // Of a connection that was not lost nobody is undecided.
        let lost = ended.err().unwrap_or_else(|| Lost {
            reply: no_reply("the mail server gave no reply for this recipient"),
            certain: true,
        });
        let undecided = || Outcome::Retry {
            reply: lost.reply.clone(),
            certain: lost.certain,
        };
        let may_go_on = self.full.is_some() && self.has_ended;
        let (mut attempt, mut left) = (plan.refused, Vec::new());
        for ((address, _), outcome) in plan.recipients.into_iter().zip(self.outcomes) {
            match outcome.unwrap_or_else(undecided) {
                Outcome::Retry { reply, .. } if may_go_on && is_too_many(&reply) => {
                    left.push(address);
                }
                outcome => attempt.push((address, outcome)),
            }
        }
        Submitted {
            attempt,
            left,
            connection,
        }
    }
}

impl SmtpConnection {
    /// Sends the mail and the final dot, and waits for the reply. Only once the dot is under way is it uncertain
    /// whether the server has taken the mail (RFC 5321 §4.5.3.2.6): it goes in a write of its own.
    async fn send_content(&mut self, mail: &WireMail<'_>) -> Result<Reply, Lost> {
        let mut blocks = mail.blocks_with_dots();
        while let Some(block) = next_of(&mut blocks).await? {
            within(self.limits.block, self.smtp.say(&block)).await?;
        }
        let ending = self.smtp.ask(content::FINAL_DOT);
        let answer = within(self.limits.final_reply, ending).await;
        answer.map(|reply| reply.to_reply()).map_err(|lost| Lost {
            certain: false,
            ..lost
        })
    }
}

impl SmtpConnection {
    /// The same by length (RFC 3030): nobody knows whether the server has taken the mail once its last octets are under way.
    async fn send_chunk(&mut self, line: &str, mail: &WireMail<'_>) -> Result<Reply, Lost> {
        let mut blocks = mail.blocks();
        let first = next_of(&mut blocks).await?.unwrap_or_default();
        let mut last = Cow::Owned([line.as_bytes(), &first].concat());
        while let Some(next) = next_of(&mut blocks).await? {
            let block = std::mem::replace(&mut last, next);
            within(self.limits.block, self.smtp.say(&block)).await?;
        }
        let answer = within(self.limits.final_reply, self.smtp.ask(&last)).await;
        answer.map(|reply| reply.to_reply()).map_err(|lost| Lost {
            certain: false,
            ..lost
        })
    }
}

/// Without its end the server does not take a mail.
async fn next_of<'a>(blocks: &mut WireBlocks<'a>) -> Result<Option<Cow<'a, [u8]>>, Lost> {
    blocks.next().await.map_err(|error| {
        tracing::error!(%error, "a mail cannot be read any more while it is sent");
        Lost {
            reply: no_reply(UNREADABLE),
            certain: true,
        }
    })
}

fn is_positive(reply: &Reply) -> bool {
    matches!(reply.code, Some(200..300))
}

/// What is to be done in time, or why the connection is of no use any more.
async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, DialogError>>,
) -> Result<T, Lost> {
    let text = match timeout(limit, work).await {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(DialogError::Io(_) | DialogError::Closed)) => LOST.to_owned(),
        Ok(Err(_)) => OUT_OF_STEP.to_owned(),
        Err(_) => format!(
            "the mail server did not answer within {} s",
            limit.as_secs()
        ),
    };
    Err(Lost {
        reply: no_reply(&text),
        certain: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::connect::SmtpConnector;
    use crate::smtp::fake::{BARE, Fake, PIPELINING, Say, mail};
    use crate::smtp::outcome::tests::REPLIES;
    use crate::smtp::{SmtpConfig, TlsMode};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    /// A server that refuses and defers by the recipient's name, with or without PIPELINING.
    fn by_name(pipelining: bool) -> impl Fn(usize, &str) -> Say + Send + Sync + 'static {
        move |_, line| match line {
            _ if line.starts_with("EHLO") => Say::Reply(if pipelining { PIPELINING } else { BARE }),
            _ if line.starts_with("MAIL FROM:<bad") => Say::Reply("550 5.7.1 not you\r\n"),
            _ if line.starts_with("RCPT TO:<none") => Say::Reply("550 5.1.1 unknown\r\n"),
            _ if line.starts_with("RCPT TO:<later") => Say::Reply("450 4.2.0 greylisted\r\n"),
            _ if line.starts_with('.') && line.contains("Subject: spam") => {
                Say::Reply("554 5.7.1 spam\r\n")
            }
            _ => Say::Usual,
        }
    }

    pub(super) async fn connected(fake: &Fake) -> SmtpConnection {
        let connector = SmtpConnector::new(fake.config()).unwrap();
        connector.connect().await.unwrap()
    }

    /// The same, and silence is soon taken for one.
    pub(super) async fn connected_impatiently(fake: &Fake) -> SmtpConnection {
        let connector = SmtpConnector::new(fake.config_of_the_impatient()).unwrap();
        connector.connect().await.unwrap()
    }

    pub(super) async fn sent(
        connection: &mut SmtpConnection,
        name: &str,
        to: &[&str],
    ) -> (String, ConnectionState) {
        let mail = mail(name, "queue", 1, to);
        let submitted = connection.submit(&mail.job, &mail.bytes).await;
        (letters(&submitted.attempt), submitted.connection)
    }

    /// Delivered, Retry, Uncertain, reFused: a letter for each recipient.
    pub(super) fn letters(attempt: &Attempt) -> String {
        let letter = |outcome: &Outcome| match outcome {
            Outcome::Delivered(_) => 'D',
            Outcome::Retry { certain: true, .. } => 'R',
            Outcome::Retry { certain: false, .. } => 'U',
            Outcome::Refused(_) => 'F',
        };
        attempt.iter().map(|(_, outcome)| letter(outcome)).collect()
    }

    #[tokio::test]
    async fn every_recipient_has_its_own_result_and_the_connection_is_kept() {
        for pipelining in [false, true] {
            let fake = Fake::start(by_name(pipelining)).await;
            let mut c = connected(&fake).await;
            let usable = |letters: &str| (letters.to_owned(), ConnectionState::Usable);
            let three = ["a@x.example", "none@x.example", "later@x.example"];
            assert_eq!(sent(&mut c, "one", &three).await, usable("DFR"));
            let nobody = ["none@x.example", "later@x.example"];
            assert_eq!(sent(&mut c, "two", &nobody).await, usable("FR"));
            assert_eq!(sent(&mut c, "spam", &three).await, usable("FFR"));
            assert_eq!(sent(&mut c, "four", &["a@x.example"]).await, usable("D"));
            let mut bad = mail("five", "queue", 1, &["a@x.example", "b@x.example"]);
            bad.job.from = Some(MailAddress::parse("bad@x.example").unwrap());
            let submitted = c.submit(&bad.job, &bad.bytes).await;
            assert_eq!(
                (letters(&submitted.attempt), submitted.connection),
                usable("FF")
            );
            assert_eq!(sent(&mut c, "six", &["a@x.example"]).await, usable("D"));
            assert_eq!(fake.connections(), 1);
            // Only after the transaction that was left open.
            assert_eq!(fake.seen_with("RSET").len(), 1, "{:?}", fake.seen());
            assert_eq!(fake.seen_with(".").len(), 4);
        }
    }

    /// A9: each reply of the table, as it comes over the wire.
    #[tokio::test]
    async fn a9_every_reply_means_the_same_to_a_mail_on_its_way() {
        for (stage, line, expected) in REPLIES {
            for pipelining in [false, true] {
                let command = match stage {
                    TransactionStage::Mail => "MAIL",
                    TransactionStage::Rcpt => "RCPT",
                    TransactionStage::Data => ".",
                };
                let text: &'static str = format!("{line}\r\n").leak();
                let closes = text.starts_with("421") || text.starts_with("521");
                // A line of several needs a last one.
                let text: &'static str = match text.split_at_checked(4) {
                    Some((start, _)) if start.ends_with('-') => {
                        format!("{text}{} \r\n", &start[..3]).leak()
                    }
                    _ => text,
                };
                let fake = Fake::start(move |n, said| match said {
                    _ if n == 1 && said.starts_with(command) && closes => Say::Last(text),
                    _ if n == 1 && said.starts_with(command) => Say::Reply(text),
                    _ => by_name(pipelining)(n, said),
                })
                .await;
                let mut c = connected(&fake).await;
                let (letters, state) = sent(&mut c, "one", &["a@x.example"]).await;
                assert_eq!(letters, expected.to_string(), "{stage:?} {line}");
                let may_go_on = !closes && !line.starts_with("503");
                assert_eq!(
                    state == ConnectionState::Usable,
                    may_go_on,
                    "{stage:?} {line}"
                );
            }
        }
    }

    fn many(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("u{n:04}@x.example")).collect()
    }

    async fn sent_to_many(connection: &mut SmtpConnection, to: &[String]) -> Submitted {
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        let mail = mail("many", "queue", 1, &to);
        connection.submit(&mail.job, &mail.bytes).await
    }

    #[tokio::test]
    async fn a_thousand_recipients_are_one_transaction_with_each_its_own_result() {
        for pipelining in [false, true] {
            let fake = Fake::start(move |n, line| match line {
                _ if line.starts_with("RCPT TO:<u0500@") => Say::Reply("550 5.1.1 unknown\r\n"),
                _ => by_name(pipelining)(n, line),
            })
            .await;
            let mut c = connected(&fake).await;
            let submitted = sent_to_many(&mut c, &many(1000)).await;
            let expected = format!("{}F{}", "D".repeat(500), "D".repeat(499));
            assert_eq!(letters(&submitted.attempt), expected);
            assert!(submitted.left.is_empty() && submitted.connection == ConnectionState::Usable);
            assert_eq!(
                (fake.seen_with("MAIL").len(), fake.seen_with(".").len()),
                (1, 1)
            );
        }
    }

    /// Reads for as long as anything comes, and answers each line only then.
    async fn answer_late(listener: TcpListener) -> usize {
        let (mut tcp, _) = listener.accept().await.unwrap();
        tcp.write_all(b"220 x\r\n").await.unwrap();
        let (mut read, mut most, mut content) = (vec![0; 256 * 1024], 0, false);
        loop {
            let mut lines = Vec::new();
            let mut pause = Duration::from_secs(5);
            while let Ok(Ok(count @ 1..)) = timeout(pause, tcp.read(&mut read)).await {
                lines.extend_from_slice(&read[..count]);
                pause = Duration::from_millis(30);
            }
            let text = String::from_utf8(lines).unwrap();
            if text.is_empty() {
                return most;
            }
            if content {
                tcp.write_all(b"250 ok\r\n").await.unwrap();
                content = false;
                continue;
            }
            most = most.max(text.len());
            for line in text.lines() {
                let reply = match line.get(..4).unwrap() {
                    "EHLO" => "250-x\r\n250 PIPELINING\r\n",
                    "DATA" => "354 go on\r\n",
                    _ => "250 ok\r\n",
                };
                content = line == "DATA";
                tcp.write_all(reply.as_bytes()).await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn no_more_is_sent_ahead_than_fits_into_the_usual_window() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = SmtpConfig::new("127.0.0.1", port, TlsMode::Plain, "gateway.example");
        let server = tokio::spawn(answer_late(listener));
        let mut c = SmtpConnector::new(config).unwrap().connect().await.unwrap();
        let submitted = sent_to_many(&mut c, &many(1000)).await;
        assert_eq!(letters(&submitted.attempt), "D".repeat(1000));
        drop(c);
        let most = server.await.unwrap();
        assert!((3000..=4096).contains(&most), "{most}");
    }

    /// A server that takes so many recipients in one transaction.
    fn takes(most: usize, pipelining: bool) -> impl Fn(usize, &str) -> Say + Send + Sync + 'static {
        let count = std::sync::atomic::AtomicUsize::new(0);
        move |n, line| {
            use std::sync::atomic::Ordering::SeqCst;
            if line.starts_with("MAIL") {
                count.store(0, SeqCst);
            }
            if line.starts_with("RCPT") && count.fetch_add(1, SeqCst) >= most {
                return Say::Reply("452 4.5.3 Error: too many recipients\r\n");
            }
            by_name(pipelining)(n, line)
        }
    }

    #[tokio::test]
    async fn who_finds_no_room_is_left_for_a_further_transaction_and_the_rest_not_asked_for() {
        for pipelining in [false, true] {
            let fake = Fake::start(takes(100, pipelining)).await;
            let mut c = connected(&fake).await;
            let to = many(1000);
            let submitted = sent_to_many(&mut c, &to).await;
            assert_eq!(letters(&submitted.attempt), "D".repeat(100));
            let left: Vec<String> = submitted.left.iter().map(ToString::to_string).collect();
            assert_eq!(left, to[100..]);
            let asked = fake.seen_with("RCPT").len();
            // With pipelining, at most the rest of a window more: 85 lines of 48 octets.
            assert!(asked <= if pipelining { 185 } else { 101 }, "{asked}");
        }
    }

    #[tokio::test]
    async fn a_server_that_has_room_for_nobody_or_takes_no_mail_just_defers() {
        for pipelining in [false, true] {
            let fake = Fake::start(takes(0, pipelining)).await;
            let submitted = sent_to_many(&mut connected(&fake).await, &many(3)).await;
            assert_eq!(letters(&submitted.attempt), "RRR");
            assert!(submitted.left.is_empty());
            let full = takes(2, pipelining);
            let fake = Fake::start(move |n, line| match line {
                _ if line.starts_with('.') => Say::Reply("451 4.3.0 later\r\n"),
                _ => full(n, line),
            })
            .await;
            let submitted = sent_to_many(&mut connected(&fake).await, &many(5)).await;
            assert_eq!(letters(&submitted.attempt), "RRRRR");
            assert!(submitted.left.is_empty());
        }
    }

    #[tokio::test]
    async fn a_server_that_says_354_to_nobody_gets_an_empty_mail() {
        let fake = Fake::start(|n, line| match line {
            "DATA" => Say::Reply("354 go on\r\n"),
            "." | ".\r\n" => Say::Reply("554 5.5.1 no valid recipients\r\n"),
            _ => by_name(true)(n, line),
        })
        .await;
        let mut c = connected(&fake).await;
        let (letters, state) = sent(&mut c, "one", &["none@x.example"]).await;
        assert_eq!((letters.as_str(), state), ("F", ConnectionState::Usable));
        assert_eq!(sent(&mut c, "two", &["a@x.example"]).await.0, "D");
    }

    /// A reply that comes before it was asked for would be taken for the one to the next command: here, for the word that
    /// the mail is taken.
    #[tokio::test]
    async fn a_server_that_takes_a_mail_before_it_was_sent_has_not_taken_it() {
        for pipelining in [false, true] {
            for (phase, says) in [
                ("DATA", "354 go on\r\n250 ok\r\n"),
                ("DATA", "354 go on\r\n25"),
                ("RCPT", "250 ok\r\n354 go on\r\n250 ok\r\n"),
            ] {
                if pipelining && phase == "RCPT" {
                    continue;
                }
                let fake = Fake::start(move |n, line| match line {
                    _ if line.starts_with(phase) => Say::Reply(says),
                    _ => by_name(pipelining)(n, line),
                })
                .await;
                let mut c = connected(&fake).await;
                let (letters, state) = sent(&mut c, "one", &["a@x.example"]).await;
                assert_eq!(letters, "R", "{says}");
                assert_ne!(state, ConnectionState::Usable, "{says}");
                assert!(fake.seen_with(".").is_empty(), "{says}");
            }
        }
    }

    #[tokio::test]
    async fn silence_in_every_phase_ends_the_connection_and_only_after_the_dot_there_is_doubt() {
        let phases = [
            ("MAIL", "R", ConnectionState::Stale),
            ("RCPT", "R", ConnectionState::Stale),
            ("DATA", "R", ConnectionState::Stale),
            (".", "U", ConnectionState::Closed),
        ];
        for pipelining in [false, true] {
            for say in [Say::Hang, Say::Close] {
                for (phase, expected, state) in phases {
                    let fake = Fake::start(move |n, line| {
                        if line.starts_with(phase) {
                            say
                        } else {
                            by_name(pipelining)(n, line)
                        }
                    })
                    .await;
                    let mut c = connected_impatiently(&fake).await;
                    let result = sent(&mut c, "one", &["a@x.example"]).await;
                    assert_eq!(result, (expected.to_owned(), state), "{phase}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_refusal_before_the_silence_stays_a_refusal() {
        let fake = Fake::start(|n, line| match line {
            "DATA" => Say::Close,
            _ => by_name(false)(n, line),
        })
        .await;
        let mut c = connected(&fake).await;
        let result = sent(&mut c, "one", &["none@x.example", "a@x.example"]).await;
        assert_eq!(result, ("FR".to_owned(), ConnectionState::Closed));
    }

    #[tokio::test]
    async fn a_server_that_closes_with_421_has_taken_nothing() {
        for (phase, state) in [
            ("MAIL", ConnectionState::Stale),
            ("RCPT", ConnectionState::Stale),
            (".", ConnectionState::Closed),
        ] {
            let fake = Fake::start(move |n, line| {
                if line.starts_with(phase) {
                    Say::Last("421 4.3.2 closing\r\n")
                } else {
                    by_name(true)(n, line)
                }
            })
            .await;
            let mut c = connected(&fake).await;
            let result = sent(&mut c, "one", &["a@x.example"]).await;
            assert_eq!(result, ("R".to_owned(), state), "{phase}");
        }
    }

    #[tokio::test]
    async fn a_server_that_reads_slowly_has_time_for_every_block() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = SmtpConfig::new(
            "127.0.0.1",
            listener.local_addr().unwrap().port(),
            TlsMode::Plain,
            "gateway.example",
        );
        config.limits.block = Duration::from_millis(600);
        let octets = 12 * 1024 * 1024;
        let server = tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let mut read = vec![0; 256 * 1024];
            let says = ["220 x", "250 x", "250 ok", "250 ok", "354 go"];
            for (index, say) in says.iter().enumerate() {
                if index > 0 {
                    assert!(tcp.read(&mut read).await.unwrap() > 0);
                }
                tcp.write_all(format!("{say}\r\n").as_bytes())
                    .await
                    .unwrap();
            }
            let mut left = octets;
            while left > 0 {
                tokio::time::sleep(Duration::from_millis(40)).await;
                left -= tcp.read(&mut read).await.unwrap().min(left);
            }
            tcp.write_all(b"250 ok\r\n").await.unwrap();
            tcp
        });
        let mut c = SmtpConnector::new(config).unwrap().connect().await.unwrap();
        let mut big = mail("big", "queue", 1, &["a@x.example"]);
        big.bytes.resize(octets, b'x');
        let start = Instant::now();
        let submitted = c.submit(&big.job, &big.bytes).await;
        assert_eq!(letters(&submitted.attempt), "D");
        assert!(start.elapsed() > Duration::from_millis(1200));
        drop(server.await.unwrap());
    }

    #[tokio::test]
    async fn a_server_that_stops_reading_is_left_and_has_not_taken_the_mail() {
        let fake = Fake::start(|n, line| match line {
            "DATA" => Say::ReplyAndHang("354 go on\r\n"),
            _ => by_name(false)(n, line),
        })
        .await;
        let mut c = connected_impatiently(&fake).await;
        c.capabilities.size = None;
        let mut big = mail("big", "queue", 1, &["a@x.example"]);
        big.bytes.resize(24 * 1024 * 1024, b'x');
        let submitted = c.submit(&big.job, &big.bytes).await;
        assert_eq!(
            (letters(&submitted.attempt).as_str(), submitted.connection),
            ("R", ConnectionState::Closed)
        );
    }

    #[tokio::test]
    async fn a_refusal_in_another_character_set_is_still_a_refusal() {
        let fake = Fake::start(|n, line| match line {
            _ if line.starts_with("RCPT") => Say::Reply("550 5.1.1 Empfänger unbekannt\r\n"),
            _ => by_name(false)(n, line),
        })
        .await;
        let mut c = connected(&fake).await;
        let mail = mail("one", "queue", 1, &["a@x.example"]);
        let submitted = c.submit(&mail.job, &mail.bytes).await;
        let Outcome::Refused(reply) = &submitted.attempt[0].1 else {
            panic!("{submitted:?}");
        };
        assert_eq!(reply.text, "Empf??nger unbekannt");
    }

    #[tokio::test]
    async fn what_the_server_offers_is_used_and_nothing_else() {
        let fake = Fake::start(by_name(true)).await;
        let mut c = connected(&fake).await;
        let mut one = mail("one", "queue", 1, &["zoë@x.example"]);
        one.bytes.extend("é\r\n".as_bytes());
        c.submit(&one.job, &one.bytes).await;
        one.job.from = None;
        one.job.to = vec![MailAddress::parse("a@x.example").unwrap()];
        c.submit(&one.job, b"Subject: x\r\n\r\nhi\r\n").await;
        let expected = [
            format!(
                "MAIL FROM:<alice@mail.example> SIZE={} BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID={}",
                one.bytes.len(),
                one.job.message_id
            ),
            "MAIL FROM:<> SIZE=18".to_owned(),
        ];
        assert_eq!(fake.seen_with("MAIL"), expected);
        let expected = [
            "RCPT TO:<zoë@x.example> NOTIFY=FAILURE,DELAY",
            "RCPT TO:<a@x.example>",
        ];
        assert_eq!(fake.seen_with("RCPT"), expected);
    }

    #[tokio::test]
    async fn what_the_server_cannot_take_is_refused_without_asking() {
        let fake = Fake::start(by_name(false)).await;
        let mut c = connected(&fake).await;
        let mixed = mail("one", "queue", 1, &["zoë@x.example", "a@x.example"]);
        let submitted = c.submit(&mixed.job, &mixed.bytes).await;
        assert_eq!(letters(&submitted.attempt), "FD");
        let big = [mixed.bytes.as_slice(), &[b'x'; 100_000]].concat();
        let submitted = c.submit(&mixed.job, &big).await;
        assert_eq!(letters(&submitted.attempt), "FF");
        let Outcome::Refused(reply) = &submitted.attempt[0].1 else {
            unreachable!()
        };
        assert_eq!((reply.code, reply.enhanced), (None, Some((5, 3, 4))));
        c.capabilities.eight_bit_mime = false;
        let eight = [mixed.bytes.as_slice(), "é".as_bytes()].concat();
        assert_eq!(letters(&c.submit(&mixed.job, &eight).await.attempt), "FF");
        let header = [b"Subject: \xc3\xa9\r\n".as_slice(), &mixed.bytes].concat();
        assert_eq!(letters(&c.submit(&mixed.job, &header).await.attempt), "FF");
        assert_eq!(fake.seen_with("MAIL").len(), 1);
    }

    #[tokio::test]
    async fn dots_and_bare_line_ends_cannot_end_the_mail() {
        let fake = Fake::start(by_name(false)).await;
        let mut c = connected(&fake).await;
        let one = mail("one", "queue", 1, &["a@x.example"]);
        let sly = b".first\n.\nMAIL FROM:<x@x>\r.\r\n.\r\r\n..two\r\n.";
        let submitted = c.submit(&one.job, sly).await;
        assert_eq!(letters(&submitted.attempt), "D");
        let on_the_wire = "...first\r\n..\r\nMAIL FROM:<x@x>\r\n..\r\n..\r\n\r\n...two\r\n..\r\n";
        assert_eq!(fake.seen_with("."), [on_the_wire]);
    }
}
