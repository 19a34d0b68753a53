//! The mail server of most tests: Postfix, which takes and sends, and Dovecot, which keeps.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::dovecot::Dovecot;
use super::mail_client::{Refusal, submit};
use super::mailbox::Mailbox;
use super::opendkim::Opendkim;
use super::policy::{Attempt, Passed, Policy, Stage};
use super::postfix::Postfix;
use super::process::{Folder, Port, program};
use super::tls::Certificates;
use super::{PASSWORD, PATIENCE};

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
    /// The name under which `Authentication-Results` is written. Mail of somebody who logged in (submission, smtps) gets
    /// one on top that says `dkim=pass` for the domain of the login; mail that strangers hand to the plain port loses
    /// any field of that name.
    pub verified: Option<String>,
    /// The same by signatures: what comes in by submission and smtps is signed by OpenDKIM for the domain of the login,
    /// and goes on to a second hop; there, as at the plain port, OpenDKIM verifies it. Needs `verified`.
    pub dkim: bool,
    /// Lines to add to Postfix' `main.cf`, such as `message_size_limit = 100000`.
    pub postfix: Vec<String>,
    /// Lines to add to Dovecot's configuration.
    pub dovecot: Vec<String>,
    /// The port at which a gateway takes the mail of the first gateway domain by LMTP, instead of Dovecot.
    pub gateway_lmtp: Option<u16>,
    /// The port at which Dovecot asks whom a token is for: [`super::tokens`].
    pub tokens: Option<u16>,
}

impl Default for MailOptions {
    /// The gateway domains `chat.a.example` and `chat.b.example`, and carol and dave at `mail.example`.
    fn default() -> MailOptions {
        MailOptions {
            gateway_domains: vec!["chat.a.example".into(), "chat.b.example".into()],
            people: vec!["carol@mail.example".into(), "dave@mail.example".into()],
            catch_all: CatchAll::Keep,
            native: false,
            verified: None,
            dkim: false,
            postfix: Vec::new(),
            dovecot: Vec::new(),
            gateway_lmtp: None,
            tokens: None,
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

    /// Has the origin of submitted mail stated as by this mail server, see [`MailOptions::verified`].
    pub fn verified(mut self, authserv_id: &str) -> MailOptions {
        self.verified = Some(authserv_id.into());
        self
    }

    /// Has submitted mail signed, and every mail that arrives verified, see [`MailOptions::dkim`].
    pub fn dkim(mut self, authserv_id: &str) -> MailOptions {
        self.dkim = true;
        self.verified(authserv_id)
    }

    pub fn postfix(mut self, line: &str) -> MailOptions {
        self.postfix.push(line.into());
        self
    }

    pub fn dovecot(mut self, line: &str) -> MailOptions {
        self.dovecot.push(line.into());
        self
    }

    /// Every domain with mailboxes, sorted.
    pub(super) fn domains(&self) -> Vec<String> {
        let people = self
            .people
            .iter()
            .filter_map(|address| Some(address.split_once('@')?.1.to_owned()));
        let mut domains: Vec<String> = people.chain(self.gateway_domains.iter().cloned()).collect();
        domains.sort();
        domains.dedup();
        domains
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
    /// From the signing to the verifying side.
    pub hop: Port,
    pub imap: Port,
    pub imaps: Port,
    pub lmtp: Port,
    pub sasl: Port,
}

/// The one who signs and the one who verifies.
pub(super) struct Dkim {
    signer: Opendkim,
    verifier: Opendkim,
}

impl Dkim {
    async fn start(options: &MailOptions) -> Option<Dkim> {
        let id = options.verified.as_ref().filter(|_| options.dkim)?;
        let (signer, keys) = Opendkim::sign(&options.domains()).await;
        let verifier = Opendkim::verify(id, &keys).await;
        Some(Dkim { signer, verifier })
    }

    pub(super) fn signing(&self) -> String {
        self.signer.milter()
    }

    pub(super) fn verifying(&self) -> String {
        self.verifier.milter()
    }
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
    /// Where Dovecot takes mail for its mailboxes.
    pub lmtp_port: u16,
    /// The authority to trust, PEM.
    pub ca_file: PathBuf,
    pub postfix: Postfix,
    pub dovecot: Dovecot,
    policy: Policy,
    _dkim: Option<Dkim>,
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
        let policy = Policy::start(options.verified.clone().filter(|_| !options.dkim));
        let dkim = Dkim::start(&options).await;
        let mut dovecot = Dovecot::prepare(&options, &ports, &certificates);
        let mut postfix = Postfix::prepare(
            &options,
            &ports,
            &certificates,
            policy.port(),
            dkim.as_ref(),
        );
        tokio::join!(dovecot.up(), postfix.up());
        MailServer {
            options,
            smtp_port: ports.smtp.number(),
            submission_port: ports.submission.number(),
            smtps_port: ports.smtps.number(),
            imap_port: ports.imap.number(),
            lmtp_port: ports.lmtp.number(),
            imaps_port: ports.imaps.number(),
            ca_file: certificates.ca,
            postfix,
            dovecot,
            policy,
            _dkim: dkim,
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

    /// The same by submission, over STARTTLS and with the login of a mailbox, by curl.
    pub async fn submit_as(&self, login: &str, from: &str, to: &[&str], raw: impl AsRef<[u8]>) {
        let folder = Folder::new("curl");
        let mail = folder.join("mail.eml");
        std::fs::write(&mail, crlf(raw.as_ref())).expect("the folder is ours");
        let mut curl = Command::new(program("curl"));
        curl.args(["-sS", "--ssl-reqd", "--mail-from", from, "--cacert"]);
        curl.arg(&self.ca_file).arg("-T").arg(mail);
        curl.args(["-u", &format!("{login}:{PASSWORD}")]);
        curl.args(to.iter().flat_map(|to| ["--mail-rcpt", to]));
        curl.arg(format!("smtp://localhost:{}", self.submission_port));
        let output = tokio::task::spawn_blocking(move || curl.output()).await;
        let output = output.expect("the thread ends").expect("curl runs");
        assert!(output.status.success(), "{login} cannot submit: {output:?}");
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

    // --- counting ----------------------------------------------------------------------------------------------------

    /// Every mail that Postfix took from whomever, in the order in which it took them: one for each mail transaction.
    /// Not those that Postfix itself makes (reports), and none with [`MailOptions::native`].
    pub fn passed(&self) -> Vec<Passed> {
        self.policy.passed()
    }

    /// Those that this account submitted (submission and smtps).
    pub fn passed_by(&self, login: &str) -> Vec<Passed> {
        let mut passed = self.passed();
        passed.retain(|mail| mail.login == login);
        passed
    }

    /// Waits until Postfix has no mail any more: what it has accepted is in its mailbox then, or has bounced. When it does
    /// that, and in which order, it does not promise.
    pub async fn hands_all_on(&self) {
        let end = Instant::now() + PATIENCE;
        while !self.postfix.is_empty() {
            assert!(
                Instant::now() < end,
                "Postfix has still mail after {PATIENCE:?}\n{}",
                self.postfix.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    // --- outages -----------------------------------------------------------------------------------------------------

    /// What Postfix did with each mail, in syslog's form.
    pub fn postfix_log(&self) -> String {
        self.postfix.log()
    }

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
            hop: Port::free(),
            imap: Port::free(),
            imaps: Port::free(),
            lmtp: Port::free(),
            sasl: Port::free(),
        }
    }
}

fn crlf(raw: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(raw.len() + 64);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        lines.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
        lines.extend_from_slice(b"\r\n");
    }
    lines
}
