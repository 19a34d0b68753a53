//! The mail server of most tests: Postfix, which takes and sends, and Dovecot, which keeps.

use std::path::PathBuf;

use super::PASSWORD;
use super::dovecot::Dovecot;
use super::mail_client::{Refusal, submit};
use super::mailbox::Mailbox;
use super::policy::{Attempt, Policy, Stage};
use super::postfix::Postfix;
use super::process::{Folder, Port};
use super::tls::Certificates;

/// What becomes of the envelope recipient of a mail to a gateway's domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchAll {
    /// `Delivered-To` names it: one recipient per LMTP transaction.
    Keep,
    /// It is rewritten to the mailbox's own address first; two recipients give one mail.
    Alias,
}

/// What a mail server is started with.
#[derive(Clone, Debug)]
pub struct MailOptions {
    /// Domains whose whole mail goes to the mailbox `bridge@<domain>`.
    pub gateway_domains: Vec<String>,
    /// People's addresses, each with a mailbox and, by Postfix' and Dovecot's `+`, subaddresses.
    pub people: Vec<String>,
    pub catch_all: CatchAll,
    /// Postfix as root and without the script of answers, as in production: for benches. Needs root.
    pub native: bool,
    /// Lines to add to Postfix' `main.cf`, such as `message_size_limit = 100000`.
    pub postfix: Vec<String>,
    /// Lines to add to Dovecot's configuration.
    pub dovecot: Vec<String>,
}

impl Default for MailOptions {
    /// The gateway domains `chat.a.example` and `chat.b.example`, and carol and dave at `mail.example`.
    fn default() -> MailOptions {
        MailOptions {
            gateway_domains: vec!["chat.a.example".into(), "chat.b.example".into()],
            people: vec!["carol@mail.example".into(), "dave@mail.example".into()],
            catch_all: CatchAll::Keep,
            native: false,
            postfix: Vec::new(),
            dovecot: Vec::new(),
        }
    }
}

impl MailOptions {
    pub fn person(mut self, address: &str) -> MailOptions {
        self.people.push(address.into());
        self
    }

    pub fn gateway_domain(mut self, domain: &str) -> MailOptions {
        self.gateway_domains.push(domain.into());
        self
    }

    pub fn catch_all(mut self, catch_all: CatchAll) -> MailOptions {
        self.catch_all = catch_all;
        self
    }

    pub fn native(mut self) -> MailOptions {
        self.native = true;
        self
    }

    pub fn postfix(mut self, line: &str) -> MailOptions {
        self.postfix.push(line.into());
        self
    }

    pub fn dovecot(mut self, line: &str) -> MailOptions {
        self.dovecot.push(line.into());
        self
    }

    /// Every address with a mailbox.
    pub(super) fn mailboxes(&self) -> Vec<String> {
        let bridges = self
            .gateway_domains
            .iter()
            .map(|domain| format!("bridge@{domain}"));
        self.people.iter().cloned().chain(bridges).collect()
    }
}

/// Where the servers listen. All of it stays the same over restarts.
pub(super) struct Ports {
    pub smtp: Port,
    pub submission: Port,
    pub smtps: Port,
    pub imap: Port,
    pub imaps: Port,
    pub lmtp: Port,
    pub sasl: Port,
}

/// Postfix and Dovecot. Besides the mailboxes, `sink.example` swallows, `bounce.example` takes and then bounces,
/// `defer.example` keeps mail in Postfix' queue; any other domain is refused at RCPT with 550 5.4.4, and an unknown
/// person of a known domain with 550 5.1.1.
pub struct MailServer {
    pub options: MailOptions,
    /// Relays from 127.0.0.1, no TLS, no AUTH.
    pub smtp_port: u16,
    /// STARTTLS and AUTH (PLAIN, LOGIN) with any mailbox's address and [`super::PASSWORD`].
    pub submission_port: u16,
    /// The same under TLS from the start.
    pub smtps_port: u16,
    pub imap_port: u16,
    pub imaps_port: u16,
    /// The authority to trust, PEM.
    pub ca_file: PathBuf,
    pub postfix: Postfix,
    pub dovecot: Dovecot,
    policy: Policy,
    _ports: Ports,
    _tls: Folder,
}

impl MailServer {
    /// Starts both and waits until they answer.
    pub async fn start(options: MailOptions) -> MailServer {
        let ports = Ports::free();
        let tls = Folder::new("tls");
        let certificates = Certificates::make(&tls, &["mail.example".into()]);
        tls.hand_over();
        let policy = Policy::start();
        let mut dovecot = Dovecot::prepare(&options, &ports, &certificates);
        let mut postfix = Postfix::prepare(&options, &ports, &certificates, policy.port());
        tokio::join!(dovecot.up(), postfix.up());
        MailServer {
            options,
            smtp_port: ports.smtp.number(),
            submission_port: ports.submission.number(),
            smtps_port: ports.smtps.number(),
            imap_port: ports.imap.number(),
            imaps_port: ports.imaps.number(),
            ca_file: certificates.ca,
            postfix,
            dovecot,
            policy,
            _ports: ports,
            _tls: tls,
        }
    }

    // --- people ------------------------------------------------------------------------------------------------------

    /// Hands a mail to Postfix for these envelope recipients.
    pub async fn submit(
        &self,
        from: &str,
        to: &[&str],
        raw: impl AsRef<[u8]>,
    ) -> Result<String, Refusal> {
        submit(self.smtp_port, from, to, raw).await
    }

    /// Opens the INBOX of an address.
    pub async fn mailbox(&self, address: &str) -> Mailbox {
        Mailbox::open(self.imap_port, address, PASSWORD).await
    }

    /// Opens the mailbox that a gateway reads: `bridge@<domain>`.
    pub async fn bridge(&self, domain: &str) -> Mailbox {
        self.mailbox(&format!("bridge@{domain}")).await
    }

    // --- the script of answers ---------------------------------------------------------------------------------------

    /// From now on RCPT to this address (`*`: any) is answered so: `550 5.1.1 no such user`, `450 4.2.1 later`, `421 …`.
    /// Also on connections that are open already.
    pub fn refuse(&self, recipient: &str, answer: &str) {
        self.policy.answer(Stage::Rcpt, recipient, answer, None);
    }

    /// The same for the next `times` only; then the address is accepted again.
    pub fn refuse_times(&self, recipient: &str, answer: &str, times: usize) {
        self.policy
            .answer(Stage::Rcpt, recipient, answer, Some(times));
    }

    /// The same after the end of the data. With several recipients only `*` applies.
    pub fn refuse_data(&self, recipient: &str, answer: &str, times: Option<usize>) {
        self.policy.answer(Stage::Data, recipient, answer, times);
    }

    /// Takes back every refusal of this address.
    pub fn accept(&self, recipient: &str) {
        self.policy.forget(recipient);
    }

    /// Every RCPT and every end of data that Postfix asked about, in order.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.policy.attempts()
    }

    /// How often RCPT was tried for an address.
    pub fn attempts_for(&self, recipient: &str) -> usize {
        self.attempts()
            .iter()
            .filter(|a| a.stage == Stage::Rcpt && a.recipient.eq_ignore_ascii_case(recipient))
            .count()
    }

    // --- outages -----------------------------------------------------------------------------------------------------

    pub async fn stop_postfix(&mut self) {
        self.postfix.stop().await;
    }

    pub async fn start_postfix(&mut self) {
        self.postfix.up().await;
    }

    pub async fn stop_dovecot(&mut self) {
        self.dovecot.stop().await;
    }

    pub async fn start_dovecot(&mut self) {
        self.dovecot.up().await;
    }

    pub async fn restart_dovecot(&mut self) {
        self.stop_dovecot().await;
        self.start_dovecot().await;
    }

    /// Gives the INBOX of an address another UIDVALIDITY, as a restored backup would. Dovecot is restarted.
    pub async fn change_uidvalidity(&mut self, address: &str) {
        self.stop_dovecot().await;
        self.dovecot.forget_uids(address);
        self.start_dovecot().await;
    }
}

impl Ports {
    fn free() -> Ports {
        Ports {
            smtp: Port::free(),
            submission: Port::free(),
            smtps: Port::free(),
            imap: Port::free(),
            imaps: Port::free(),
            lmtp: Port::free(),
            sasl: Port::free(),
        }
    }
}
