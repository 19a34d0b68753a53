//! Logging in (RFC 4954), with what `net/sasl` says.

use crate::core::outcome::Reply;
use crate::net::sasl::{
    self, LoggedIn, Login, Mechanism, SaslError, SaslExchange, SaslServer, SaslTarget, TokenError,
};
use crate::smtp::SmtpCapabilities;
use crate::smtp::dialog::{Dialog, DialogError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

/// A line with AUTH, in octets with its end. A response that makes it longer follows in a line of its own (RFC 4954 §4).
const LINE_OCTETS_MAX: usize = 512;

/// Why a login has no end.
#[derive(Debug)]
pub(super) enum SmtpLoginError {
    /// The connection broke, or the server is out of step.
    Dialog(DialogError),
    /// Not in time.
    Silent,
    /// There is no token.
    Token(TokenError),
    /// What the mechanism does not allow.
    Sasl(Mechanism, SaslError),
    /// The server can let nobody in at the moment (4yz).
    NotNow(Reply),
}

impl From<TokenError> for SmtpLoginError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<DialogError> for SmtpLoginError {
    fn from(error: DialogError) -> Self {
        Self::Dialog(error)
    }
}

/// Logs in by the strongest mechanism that both know. `limit` is for each attempt.
pub(super) async fn log_in<S: AsyncRead + AsyncWrite + Send + Unpin>(
    dialog: &mut Dialog<S>,
    can: &SmtpCapabilities,
    login: &Login,
    to: &SaslTarget<'_>,
    limit: Duration,
) -> Result<LoggedIn<Reply>, SmtpLoginError> {
    let mut server = SmtpSasl { dialog, can, limit };
    sasl::log_in(&mut server, login, to).await
}

/// SMTP's words for an exchange.
struct SmtpSasl<'a, S> {
    dialog: &'a mut Dialog<S>,
    can: &'a SmtpCapabilities,
    limit: Duration,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> SmtpSasl<'_, S> {
    async fn exchange(
        &mut self,
        mut exchange: SaslExchange,
    ) -> Result<Option<Reply>, SmtpLoginError> {
        let mechanism = exchange.mechanism();
        let broken = |error| SmtpLoginError::Sasl(mechanism, error);
        let mut line = format!("AUTH {}", mechanism.name());
        let mut later = None;
        match exchange.first() {
            // A space, CR and LF.
            Some(first) if line.len().saturating_add(first.len()) <= LINE_OCTETS_MAX - 3 => {
                line = format!("{line} {first}");
            }
            first => later = first,
        }
        loop {
            self.dialog.say(format!("{line}\r\n").as_bytes()).await?;
            let reply = self.dialog.reply().await?;
            match reply.code {
                200..300 if later.is_some() => {
                    return Err(broken(SaslError::Challenge(mechanism.name())));
                }
                200..300 => return exchange.finish().map(|()| None).map_err(broken),
                334 => {}
                400..500 => return Err(SmtpLoginError::NotNow(reply.to_reply())),
                500.. => return Ok(Some(reply.to_reply())),
                _ => return Err(DialogError::OutOfStep(reply.to_reply()).into()),
            }
            line = match later.take() {
                Some(first) => first,
                None => {
                    let challenge = reply.lines.first().map_or("", String::as_str);
                    exchange.answer(challenge).await.map_err(broken)?
                }
            };
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> SaslServer for SmtpSasl<'_, S> {
    type Refusal = Reply;
    type Error = SmtpLoginError;

    fn offers(&self, mechanism: Mechanism) -> bool {
        self.can.login.iter().any(|one| one == mechanism.name())
    }

    fn broken(&self, mechanism: Mechanism, error: SaslError) -> SmtpLoginError {
        SmtpLoginError::Sasl(mechanism, error)
    }

    async fn run(&mut self, exchange: SaslExchange) -> Result<Option<Reply>, SmtpLoginError> {
        timeout(self.limit, self.exchange(exchange))
            .await
            .unwrap_or(Err(SmtpLoginError::Silent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::sasl::fake::{Bad, FakeServer, Says};
    use crate::smtp::fake::{Fake, Say};
    use crate::smtp::{ConnectError, SmtpConfig, TlsMode, probe, try_addresses};
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD as STANDARD;
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
    use tokio_rustls::rustls::version::{TLS12, TLS13};
    use tokio_rustls::rustls::{ServerConfig, SupportedProtocolVersion};

    /// What a server that says these things is told from `AUTH` on, and how it ends.
    async fn logged_in(says: &'static [&'static str]) -> (Vec<String>, Result<(), ConnectError>) {
        let (offer, answers) = says.split_first().unwrap();
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let fake = Fake::start(move |_, line| match line {
            _ if line.starts_with("EHLO") => Say::Reply(offer),
            "GREETING" | "QUIT" => Say::Usual,
            _ => {
                let at = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                answers
                    .get(at)
                    .map_or(Say::Close, |answer| Say::Reply(answer))
            }
        })
        .await;
        let mut config = fake.config();
        config.login = Some(Login::by_password("grüße", "canary"));
        let done = probe(config).await.map(|_| ());
        let said = fake.seen().into_iter().skip(2);
        let said = said.map(|line| line.split_once(' ').unwrap().1.to_owned());
        (said.filter(|line| line != "QUIT").collect(), done)
    }

    #[tokio::test]
    async fn plain_is_one_line_and_login_three_whatever_the_questions() {
        let (said, done) = logged_in(&["250-x\r\n250 AUTH LOGIN PLAIN\r\n", "235 ok\r\n"]).await;
        assert_eq!((said.len(), done), (1, Ok(())));
        assert_eq!(
            said[0],
            format!("AUTH PLAIN {}", STANDARD.encode("\0grüße\0canary"))
        );
        let (said, done) = logged_in(&[
            "250-x\r\n250 AUTH LOGIN\r\n",
            "334 Tm9tIGQndXRpbGlzYXRldXI=\r\n",
            "334\r\n",
            "235 ok\r\n",
        ])
        .await;
        let expected = [
            "AUTH LOGIN".to_owned(),
            STANDARD.encode("grüße"),
            STANDARD.encode("canary"),
        ];
        assert_eq!((said.as_slice(), done), (expected.as_slice(), Ok(())));
    }

    #[tokio::test]
    async fn the_password_is_said_only_where_it_is_asked_for() {
        for says in [
            &["250-x\r\n250 AUTH LOGIN\r\n", "504 5.5.4 no\r\n"][..],
            &["250-x\r\n250 AUTH LOGIN\r\n", "235 welcome\r\n"],
            &["250-x\r\n250 AUTH LOGIN\r\n", "334 x\r\n", "535 who?\r\n"],
            &["250-x\r\n250 AUTH LOGIN\r\n", "334 x\r\n334 y\r\n"],
        ] {
            let (said, done) = logged_in(says).await;
            assert!(!said.contains(&STANDARD.encode("canary")), "{said:?}");
            let is_refused = says.iter().any(|say| say.starts_with('5'));
            let error = done.unwrap_err();
            assert_eq!(
                matches!(error, ConnectError::Login { .. }),
                is_refused,
                "{error}"
            );
        }
        let more = &["250-x\r\n250 AUTH PLAIN\r\n", "334 more\r\n"];
        let error = logged_in(more).await.1.unwrap_err().to_string();
        assert!(error.contains("its challenge is none of PLAIN"), "{error}");
    }

    /// A server with SCRAM, which answers as `bad` has it.
    async fn scram_server(bad: Bad) -> Fake {
        let scram = Mutex::new(FakeServer::new(bad, "pencil"));
        Fake::start(move |_, line| {
            let mut scram = scram.lock().unwrap();
            let says = match line.strip_prefix("AUTH SCRAM-SHA-256 ") {
                Some(first) => {
                    *scram = FakeServer::new(bad, "pencil");
                    scram.hears(first)
                }
                None if line.starts_with("EHLO") => {
                    return Say::Reply("250-x\r\n250 AUTH PLAIN SCRAM-SHA-256\r\n");
                }
                None if line == "GREETING" || line == "QUIT" => return Say::Usual,
                None if line.starts_with("AUTH PLAIN") => Says::No,
                None => scram.hears(line),
            };
            match said(&says) {
                Some(said) => Say::Reply(said.leak()),
                None => Say::Close,
            }
        })
        .await
    }

    fn said(says: &Says) -> Option<String> {
        match says {
            Says::Challenge(text) => Some(format!("334 {text}\r\n")),
            Says::Yes => Some("235 2.7.0 in\r\n".to_owned()),
            Says::No => Some("535 5.7.8 not you\r\n".to_owned()),
            Says::Cut => None,
        }
    }

    #[tokio::test]
    async fn a_password_is_proven_and_not_said_where_the_server_can() {
        let fake = scram_server(Bad::Nothing).await;
        let mut config = fake.config();
        config.login = Some(Login::by_password("user", "pencil"));
        let found = try_addresses(config.clone(), &[]).await.unwrap();
        assert_eq!(found.login, Some(Mechanism::ScramSha256));
        assert!(fake.seen_with("AUTH PLAIN").is_empty());
        config.login = Some(Login::by_password("user", "crayon"));
        let error = probe(config).await.unwrap_err();
        assert!(matches!(error, ConnectError::Login { .. }), "{error}");
        assert_eq!(fake.seen_with("AUTH PLAIN").len(), 1);
    }

    /// D15, as for IMAP.
    #[tokio::test]
    async fn d15_a_server_that_plays_tricks_gets_no_password() {
        for (bad, says) in [
            (Bad::Nonce, "the nonce is another one"),
            (Bad::Rounds(1_000_000_000), "it asks for 1000000000 rounds"),
            (Bad::Signature, "did not show that it knows the password"),
            (Bad::NoSignature, "did not show that it knows the password"),
            (Bad::Endless, "its challenge is none of SCRAM-SHA-256"),
            (Bad::NoBase64, "its challenge is no base64"),
            // A line of a reply has an end.
            (Bad::Long, "a line of its reply has over 2048 octets"),
            (Bad::Cut(0), "ended the connection (login)"),
            (Bad::Cut(1), "ended the connection (login)"),
            (Bad::Cut(2), "ended the connection (login)"),
        ] {
            let fake = scram_server(bad).await;
            let mut config = fake.config();
            // None of them is silent; a password is hashed slowly on a machine that has much to do.
            config.limits.login = Duration::from_secs(10);
            config.login = Some(Login::by_password("user", "pencil"));
            let error = probe(config).await.unwrap_err().to_string();
            assert!(error.contains(says), "{bad:?}: {error}");
            assert!(fake.seen_with("AUTH PLAIN").is_empty());
        }
    }

    /// One connection over TLS of this version, with SCRAM that is bound to it, or to `another` one.
    async fn bound_server(
        version: &'static SupportedProtocolVersion,
        another: bool,
    ) -> (u16, tempfile::NamedTempFile, JoinHandle<Vec<String>>) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let certificate = made.cert.der().clone();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(made.cert.pem().as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let tls = TlsAcceptor::from(Arc::new(config))
                .accept(tcp)
                .await
                .unwrap();
            let mut scram = FakeServer::new(Bad::Nothing, "pencil");
            if version == &TLS13 {
                let label = b"EXPORTER-Channel-Binding";
                let exported = tls
                    .get_ref()
                    .1
                    .export_keying_material([0; 32], label, Some(b""));
                scram.header = "p=tls-exporter,,".to_owned();
                scram.bound_to = exported.unwrap().to_vec();
            } else {
                let hash = ::ring::digest::digest(&::ring::digest::SHA256, &certificate);
                scram.header = "p=tls-server-end-point,,".to_owned();
                scram.bound_to = hash.as_ref().to_vec();
            }
            if another {
                scram.bound_to[0] ^= 1;
            }
            let mut stream = BufReader::new(tls);
            stream.get_mut().write_all(b"220 x\r\n").await.unwrap();
            let (mut heard, mut line) = (Vec::new(), String::new());
            while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                let says = match line.trim_end() {
                    line if line.starts_with("EHLO") => {
                        "250-x\r\n250 AUTH PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS\r\n".to_owned()
                    }
                    "QUIT" => "221 x\r\n".to_owned(),
                    line => match line.strip_prefix("AUTH SCRAM-SHA-256-PLUS ") {
                        Some(first) => said(&scram.hears(first)).unwrap(),
                        None if line.starts_with("AUTH") => "535 no\r\n".to_owned(),
                        None => said(&scram.hears(line)).unwrap(),
                    },
                };
                heard.push(std::mem::take(&mut line));
                if stream.get_mut().write_all(says.as_bytes()).await.is_err() {
                    break;
                }
            }
            heard
        });
        (port, file, task)
    }

    #[tokio::test]
    async fn a_login_is_bound_to_its_connection_and_what_is_bound_elsewhere_ends_it() {
        for version in [&TLS13, &TLS12] {
            for another in [false, true] {
                let (port, ca, server) = bound_server(version, another).await;
                let mut config =
                    SmtpConfig::new("localhost", port, TlsMode::Implicit, "gateway.example");
                config.ca_file = Some(ca.path().to_owned());
                config.login = Some(Login::by_password("user", "pencil"));
                let found = try_addresses(config, &[]).await;
                match another {
                    false => {
                        let found = found.unwrap();
                        assert_eq!(found.login, Some(Mechanism::ScramSha256Plus));
                    }
                    true => {
                        let error = found.unwrap_err();
                        assert!(matches!(error, ConnectError::Login { .. }), "{error}");
                    }
                }
                let heard = server.await.unwrap().concat();
                assert!(!heard.contains("AUTH PLAIN"), "{heard}");
            }
        }
    }

    #[tokio::test]
    async fn a_long_token_follows_in_a_line_of_its_own_and_a_refused_one_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let script = format!(
            "echo x >>{0}; printf %0600d 0; wc -l <{0} | tr -d ' '",
            runs.display()
        );
        let command = ["/bin/sh", "-c", &script].map(str::to_owned);
        let fake = Fake::start(|_, line| match line {
            _ if line.starts_with("EHLO") => Say::Reply("250-x\r\n250 AUTH LOGIN XOAUTH2\r\n"),
            "GREETING" | "QUIT" => Say::Usual,
            "AUTH XOAUTH2" => Say::Reply("334 \r\n"),
            "" => Say::Reply("535 5.7.8 expired\r\n"),
            _ => {
                let said = STANDARD.decode(line).unwrap_or_default();
                match said.ends_with(b"2\x01\x01") {
                    true => Say::Reply("235 2.7.0 in\r\n"),
                    false => Say::Reply("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"),
                }
            }
        })
        .await;
        let mut config = fake.config();
        config.limits.login = std::time::Duration::from_secs(5);
        config.login = Some(Login::by_token("user", &command));
        for _ in 0..2 {
            let found = try_addresses(config.clone(), &[]).await.unwrap();
            assert_eq!(found.login, Some(Mechanism::Xoauth2));
        }
        assert_eq!(std::fs::read_to_string(runs).unwrap().lines().count(), 2);
        assert_eq!(fake.seen_with("AUTH").len(), 3);
        config.login = Some(Login::by_token("user", &["/bin/false".to_owned()]));
        let error = probe(config).await.unwrap_err().to_string();
        assert!(
            error.ends_with("to see why; see token_command of [smtp]"),
            "{error}"
        );
    }
}
