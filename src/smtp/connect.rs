//! From a configuration to a connection that mails can be sent on: TCP, TLS, greeting, login, capabilities.

use crate::core::notice;
use crate::core::outcome::Reply;
use crate::core::text::clean;
use crate::net::Io;
use crate::net::sasl::{Binding, LoggedIn, Mechanism, SaslError, SaslTarget, TokenError};
use crate::net::tcp::{self, TcpError};
use crate::net::tls::{self, HandshakeError, Remedies, TlsClient, TlsError, TlsFault};
use crate::smtp::dialog::{Dialog, DialogError};
use crate::smtp::login::{self, SmtpLoginError};
use crate::smtp::submit::SmtpConnection;
use crate::smtp::{SmtpCapabilities, SmtpConfig, TlsMode, outcome};
use crate::system::TcpStream;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// What an admin changes where there is no TLS.
const REMEDIES: Remedies = Remedies {
    name: "host of [smtp]",
    authority: "ca_file of [smtp]",
    port: "see port and tls of [smtp]: implicit TLS is on port 465, STARTTLS on 587",
};

/// What is said of a connection that was lost, in characters.
const CAUSE_CHARS_MAX: usize = 300;

/// Why there is no connection on which mails can be sent. `server` is always `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// There is nobody to trust.
    #[error("{0}; see ca_file of [smtp]")]
    Trust(#[from] TlsError),
    /// The host is no name that a certificate could be checked for.
    #[error("“{0}” is no host name that a certificate could have; see host of [smtp]")]
    Name(String),
    /// No TCP connection.
    #[error("the mail server {server} cannot be reached: {cause}; {remedy}")]
    Unreachable {
        /// Which server.
        server: String,
        /// The system's words.
        cause: String,
        /// What to look at.
        remedy: &'static str,
    },
    /// Nothing came within the time limit.
    #[error("the mail server {server} did not answer within {seconds} s ({phase})")]
    Silent {
        /// Which server.
        server: String,
        /// What was waited for.
        phase: &'static str,
        /// How long.
        seconds: u64,
    },
    /// The connection ended before mails could be sent, or what came was no SMTP.
    #[error("the mail server {server} ended the connection ({phase}): {cause}")]
    Lost {
        /// Which server.
        server: String,
        /// What was waited for.
        phase: &'static str,
        /// What was seen.
        cause: String,
    },
    /// No TLS: a certificate that is not trusted, or no TLS at this port.
    #[error("no TLS with the mail server {server}: {}", .fault.sentence(&REMEDIES))]
    Tls {
        /// Which server.
        server: String,
        /// What is wrong.
        fault: TlsFault,
    },
    /// STARTTLS is wanted and not offered: nothing was sent.
    #[error(
        "the mail server {0} does not offer STARTTLS and nothing is sent without; use tls = \"implicit\" (port 465) or mend the server"
    )]
    NoStartTls(String),
    /// Octets came in plain text where TLS was to begin: somebody in between puts words into the server's mouth.
    #[error(
        "the connection to the mail server {0} was tampered with before STARTTLS; use tls = \"implicit\" (port 465)"
    )]
    Injected(String),
    /// The server turned us away with its greeting or at `EHLO`.
    #[error("the mail server {server} turned us away: {} {}", .reply.code.unwrap_or(0), .reply.text)]
    TurnedAway {
        /// Which server.
        server: String,
        /// Its words.
        reply: Reply,
    },
    /// The server did not accept the login.
    #[error("the mail server {server} did not accept the login: {} {}; see username and {secret} of [smtp]", .reply.code.unwrap_or(0), .reply.text)]
    Login {
        /// Which server.
        server: String,
        /// Its words.
        reply: Reply,
        /// The key of what proves who we are.
        secret: &'static str,
    },
    /// A password is configured, but the server offers no login that we know.
    #[error(
        "the mail server {0} offers no login by SCRAM-SHA-256, PLAIN or LOGIN; see tls and username of [smtp]"
    )]
    NoLogin(String),
    /// A token is configured, and the server takes none.
    #[error(
        "the mail server {0} takes no tokens here: it offers neither OAUTHBEARER nor XOAUTH2; use a password instead of token_command, or see tls of [smtp]"
    )]
    NoTokenLogin(String),
    /// There is no token.
    #[error("{0}; see token_command of [smtp]")]
    Token(#[from] TokenError),
    /// What the server says while we log in is not what the mechanism has, or it is not the server that it says.
    #[error(
        "the mail server {server} did not do {mechanism}: {error}; ask its admin, or see host of [smtp]"
    )]
    Sasl {
        /// Which server.
        server: String,
        /// The mechanism.
        mechanism: &'static str,
        /// What is wrong.
        error: SaslError,
    },
}

impl ConnectError {
    /// Whether only an admin can mend this, so that waiting is no use.
    pub fn needs_admin(&self) -> bool {
        match self {
            Self::Login { reply, .. } => reply.code.is_some_and(|code| code >= 500),
            Self::Unreachable { .. }
            | Self::Silent { .. }
            | Self::Lost { .. }
            | Self::TurnedAway { .. } => false,
            _ => true,
        }
    }

    /// What the senders of waiting mails are told: nothing of the gateway's login or configuration.
    pub fn for_senders(&self) -> Reply {
        outcome::no_reply(match self {
            Self::Unreachable { .. } | Self::Silent { .. } | Self::Lost { .. } => notice::UNREACHED,
            Self::TurnedAway { .. } => "the gateway's mail server takes no mail at the moment",
            _ => "the gateway has trouble with its mail server",
        })
    }
}

/// Opens connections to one server.
#[derive(Clone)]
pub struct SmtpConnector {
    config: SmtpConfig,
    server: String,
    /// What we call ourselves: a host name or an address literal.
    helo: String,
    tls: Option<TlsClient>,
    /// The last that the server has said of the size of mails; [`UNKNOWN`] before.
    size: Arc<AtomicU64>,
    /// The server has offered CHUNKING and does not know BDAT.
    no_chunks: Arc<AtomicBool>,
}

const UNKNOWN: u64 = u64::MAX;

impl SmtpConnector {
    /// Reads the trusted certificates, nothing else yet.
    ///
    /// # Errors
    /// [`ConnectError::Trust`] or [`ConnectError::Name`].
    pub fn new(config: SmtpConfig) -> Result<Self, ConnectError> {
        let tls = match config.tls {
            TlsMode::Plain => None,
            TlsMode::Implicit | TlsMode::StartTls => {
                let name = tls::server_name(&config.host)
                    .ok_or_else(|| ConnectError::Name(config.host.clone()))?;
                Some(TlsClient::new(name, config.ca_file.as_deref())?)
            }
        };
        let helo = match config.helo.parse() {
            // RFC 5321 §4.1.3.
            Ok(IpAddr::V4(address)) => format!("[{address}]"),
            Ok(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
            Err(_) => config.helo.clone(),
        };
        Ok(Self {
            server: format!("{}:{}", config.host, config.port),
            config,
            helo,
            tls,
            size: Arc::new(AtomicU64::new(UNKNOWN)),
            no_chunks: Arc::default(),
        })
    }

    /// The configuration that this was made of.
    pub fn config(&self) -> &SmtpConfig {
        &self.config
    }

    /// The size of mails that the server takes, in octets (RFC 1870), 0 where it does not say; `None` before it was asked.
    pub(super) fn size(&self) -> Option<u64> {
        Some(self.size.load(Ordering::Relaxed)).filter(|size| *size != UNKNOWN)
    }

    /// A connection on which mails can be sent.
    pub(super) async fn connect(&self) -> Result<SmtpConnection, ConnectError> {
        let limits = self.config.limits;
        let (stream, binding, is_greeted) = self.open().await?;
        let mut dialog = Dialog::new(stream);
        let welcome = self.welcome(&mut dialog, is_greeted);
        let welcome = self.within(limits.command, "greeting", welcome).await?;
        let mut capabilities = welcome.map_err(|error| self.turned_away("greeting", error))?;
        capabilities.chunking &= !self.no_chunks.load(Ordering::Relaxed);
        let login = self
            .log_in(&mut dialog, &capabilities, binding.as_ref())
            .await?;
        let size = capabilities.size.unwrap_or(0);
        self.size.store(size, Ordering::Relaxed);
        let no_chunks = self.no_chunks.clone();
        Ok(SmtpConnection::new(
            dialog,
            capabilities,
            login,
            limits,
            no_chunks,
        ))
    }

    /// A connection as secure as it is to be, and whether the server's greeting was read already: after STARTTLS no second
    /// one comes (RFC 3207 §4.2).
    async fn open(&self) -> Result<(Box<dyn Io>, Option<Binding>, bool), ConnectError> {
        let tcp = self.tcp().await?;
        let Some(client) = &self.tls else {
            return Ok((Box::new(tcp), None, false));
        };
        let is_greeted = self.config.tls == TlsMode::StartTls;
        let tcp = match is_greeted {
            true => self.start_tls(tcp).await?,
            false => tcp,
        };
        let limit = self.config.limits.connect;
        let tls = client.begin(tcp, limit).await;
        let tls = tls.map_err(|error| self.no_tls(error))?;
        let binding = tls::binding(&tls);
        Ok((Box::new(tls), binding, is_greeted))
    }

    /// The greeting, unless it was read already, and what the server can do.
    async fn welcome<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        dialog: &mut Dialog<S>,
        is_greeted: bool,
    ) -> Result<SmtpCapabilities, DialogError> {
        if !is_greeted {
            dialog.reply_of_class(2).await?;
        }
        let hello = format!("EHLO {}\r\n", self.helo);
        dialog.say(hello.as_bytes()).await?;
        let can = dialog.reply_of_class(2).await?;
        Ok(SmtpCapabilities::parse(
            can.lines.iter().map(String::as_str),
        ))
    }

    async fn tcp(&self) -> Result<TcpStream, ConnectError> {
        let host = (self.config.host.as_str(), self.config.port);
        let tcp = tcp::connect(host, self.config.limits.connect).await;
        tcp.map_err(|error| match error {
            TcpError::Silent(limit) => self.silent("connection", limit),
            error => ConnectError::Unreachable {
                server: self.server.clone(),
                cause: error.to_string(),
                remedy: self.remedy(&error),
            },
        })
    }

    /// A port of TLS is often not one that was written.
    fn remedy(&self, error: &TcpError) -> &'static str {
        match (self.config.tls, self.config.port) {
            _ if error.is_about_the_name() => {
                "see host of [smtp], or /etc/resolv.conf of this machine"
            }
            (TlsMode::Implicit, 465) => {
                "see host of [smtp], and whether it runs (465 is the port of tls = \"implicit\"; write port = … if it is another)"
            }
            (TlsMode::StartTls, 587) => {
                "see host of [smtp], and whether it runs (587 is the port of tls = \"starttls\"; write port = 25 if STARTTLS is \
                 there)"
            }
            _ => "see host and port of [smtp], and whether it runs",
        }
    }

    /// Leads a connection in plain text to where TLS begins (RFC 3207). Nothing that was said before is believed: `EHLO` is
    /// said again inside.
    async fn start_tls(&self, tcp: TcpStream) -> Result<TcpStream, ConnectError> {
        let limit = self.config.limits.command;
        let mut plain = Dialog::new(tcp);
        let asking = async {
            if !self.welcome(&mut plain, false).await?.starttls {
                return Ok(false);
            }
            plain.say(b"STARTTLS\r\n").await?;
            plain.reply_of_class(2).await.map(|_| true)
        };
        let asked = self.within(limit, "STARTTLS", asking).await?;
        let go_on = asked.and_then(|offered| match offered {
            true => plain.into_stream().map(Some),
            false => Ok(None),
        });
        match go_on {
            Ok(Some(tcp)) => Ok(tcp),
            Ok(None) => Err(ConnectError::NoStartTls(self.server.clone())),
            Err(DialogError::Unasked) => Err(ConnectError::Injected(self.server.clone())),
            Err(error) => Err(self.turned_away("STARTTLS", error)),
        }
    }

    async fn log_in(
        &self,
        dialog: &mut Dialog<Box<dyn Io>>,
        can: &SmtpCapabilities,
        binding: Option<&Binding>,
    ) -> Result<Option<Mechanism>, ConnectError> {
        let Some(login) = &self.config.login else {
            return Ok(None);
        };
        let to = SaslTarget {
            host: &self.config.host,
            port: self.config.port,
            binding,
        };
        let limit = self.config.limits.login;
        let refused = |reply| ConnectError::Login {
            server: self.server.clone(),
            reply,
            secret: login.secret_key(),
        };
        match login::log_in(dialog, can, login, &to, limit).await {
            Ok(LoggedIn::By(mechanism)) => Ok(Some(mechanism)),
            Ok(LoggedIn::NoWay) if login.is_by_token() => {
                Err(ConnectError::NoTokenLogin(self.server.clone()))
            }
            Ok(LoggedIn::NoWay) => Err(ConnectError::NoLogin(self.server.clone())),
            Ok(LoggedIn::Refused(reply)) | Err(SmtpLoginError::NotNow(reply)) => {
                Err(refused(reply))
            }
            Err(SmtpLoginError::Silent) => Err(self.silent("login", limit)),
            Err(SmtpLoginError::Token(error)) => Err(error.into()),
            Err(SmtpLoginError::Dialog(error)) => Err(self.lost("login", error)),
            Err(SmtpLoginError::Sasl(mechanism, error)) => Err(ConnectError::Sasl {
                server: self.server.clone(),
                mechanism: mechanism.name(),
                error,
            }),
        }
    }

    async fn within<T>(
        &self,
        limit: Duration,
        phase: &'static str,
        work: impl Future<Output = T>,
    ) -> Result<T, ConnectError> {
        let done = tokio::time::timeout(limit, work).await;
        done.map_err(|_| self.silent(phase, limit))
    }

    fn silent(&self, phase: &'static str, limit: Duration) -> ConnectError {
        ConnectError::Silent {
            server: self.server.clone(),
            phase,
            seconds: limit.as_secs(),
        }
    }

    fn no_tls(&self, error: HandshakeError) -> ConnectError {
        match error {
            HandshakeError::Silent(limit) => self.silent("TLS", limit),
            HandshakeError::Fault(fault) => ConnectError::Tls {
                server: self.server.clone(),
                fault,
            },
        }
    }

    fn lost(&self, phase: &'static str, cause: impl ToString) -> ConnectError {
        ConnectError::Lost {
            server: self.server.clone(),
            phase,
            // Where it is no SMTP that came, it says what came.
            cause: clean::for_header(&cause.to_string(), CAUSE_CHARS_MAX),
        }
    }

    fn turned_away(&self, phase: &'static str, error: DialogError) -> ConnectError {
        match error {
            DialogError::Refused(reply) => ConnectError::TurnedAway {
                server: self.server.clone(),
                reply,
            },
            DialogError::NoReply(error) => self.lost(phase, format!("{error}; see port of [smtp]")),
            error => self.lost(phase, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::fake::{Fake, Say, short_limits};
    use crate::smtp::probe;
    use std::io::Write;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

    /// A server's side of TLS with a certificate for these names, and the file by which it is trusted.
    fn certificate(names: &[&str]) -> (TlsAcceptor, tempfile::NamedTempFile) {
        made_as(names, rcgen::IsCa::NoCa)
    }

    /// The same, by whose certificate others could be signed or not.
    fn made_as(names: &[&str], is_ca: rcgen::IsCa) -> (TlsAcceptor, tempfile::NamedTempFile) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.is_ca = is_ca;
        let signing_key = rcgen::KeyPair::generate().unwrap();
        let cert = params.self_signed(&signing_key).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(cert.pem().as_bytes()).unwrap();
        (TlsAcceptor::from(Arc::new(config)), file)
    }

    fn config(port: u16, tls: TlsMode, ca: Option<&tempfile::NamedTempFile>) -> SmtpConfig {
        let mut config = SmtpConfig::new("localhost", port, tls, "gateway.example");
        config.ca_file = ca.map(|file| file.path().to_owned());
        config.limits = short_limits();
        config
    }

    /// A server that says these things in plain text, each after a line, and then begins with TLS.
    async fn starttls_server(acceptor: TlsAcceptor, says: &'static [&'static str]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let mut line = [0; 512];
            for (index, say) in says.iter().enumerate() {
                if index > 0 {
                    let _ = tcp.read(&mut line).await;
                }
                let _ = tcp.write_all(say.as_bytes()).await;
            }
            let Ok(mut tls) = acceptor.accept(tcp).await else {
                return;
            };
            while matches!(tls.read(&mut line).await, Ok(1..)) {
                let _ = tls.write_all(b"250-inner\r\n250 PIPELINING\r\n").await;
            }
        });
        port
    }

    #[tokio::test]
    async fn implicit_tls_with_a_trusted_certificate() {
        let (acceptor, ca) = certificate(&["localhost"]);
        let fake = Fake::start_tls(acceptor, |_, _| Say::Usual).await;
        let can = probe(config(fake.port, TlsMode::Implicit, Some(&ca)))
            .await
            .unwrap();
        assert_eq!((can.name.as_str(), can.size), ("fake", Some(100_000)));
        assert_eq!(fake.seen_with("QUIT").len(), 1);
    }

    #[tokio::test]
    async fn a_certificate_for_another_name_or_from_nobody_is_refused() {
        let (acceptor, ca) = certificate(&["other.example"]);
        let fake = Fake::start_tls(acceptor, |_, _| Say::Usual).await;
        let (_, stranger) = certificate(&["localhost"]);
        for (trusted, said) in [
            (&ca, "for another name"),
            (&stranger, "set ca_file of [smtp] to that authority's"),
        ] {
            let error = probe(config(fake.port, TlsMode::Implicit, Some(trusted))).await;
            assert!(matches!(error, Err(ConnectError::Tls { .. })), "{error:?}");
            let text = error.unwrap_err().to_string();
            assert!(text.contains(said), "{text}");
        }
        assert!(fake.seen_with("EHLO").is_empty());
    }

    /// What `openssl req -x509` makes, if it is told nothing else: with ca_file, and without.
    #[tokio::test]
    async fn the_certificate_of_an_authority_is_no_servers() {
        let is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let (acceptor, ca) = made_as(&["localhost"], is_ca);
        let (_, stranger) = certificate(&["localhost"]);
        let fake = Fake::start_tls(acceptor, |_, _| Say::Usual).await;
        for trusted in [&ca, &stranger] {
            let error = probe(config(fake.port, TlsMode::Implicit, Some(trusted))).await;
            let text = error.unwrap_err().to_string();
            for words in ["CA:FALSE", "subjectAltName", "set ca_file of [smtp] to it"] {
                assert!(text.contains(words), "{words}: {text}");
            }
        }
    }

    #[test]
    fn a_port_that_nobody_has_written_is_explained() {
        let remedy = |port, tls, error| {
            let mut config = config(port, tls, None);
            config.ca_file = None;
            SmtpConnector::new(config).unwrap().remedy(&error)
        };
        let refused = || TcpError::Io(std::io::ErrorKind::ConnectionRefused.into());
        let starttls = remedy(587, TlsMode::StartTls, refused());
        assert!(starttls.contains("587 is the port of tls = \"starttls\"; write port = 25"));
        assert!(remedy(465, TlsMode::Implicit, refused()).contains("465 is the port of tls"));
        assert!(remedy(25, TlsMode::Plain, refused()).starts_with("see host and port of [smtp]"));
        let unknown = TcpError::Name(std::io::ErrorKind::NotFound.into());
        assert!(remedy(587, TlsMode::StartTls, unknown).contains("/etc/resolv.conf"));
    }

    #[tokio::test]
    async fn who_does_not_speak_smtp_is_at_another_port() {
        let imap = Fake::start(|_, _| Say::Last("* OK [CAPABILITY IMAP4rev1] hello\r\n")).await;
        let text = probe(imap.config()).await.unwrap_err().to_string();
        assert!(text.ends_with("hello”; see port of [smtp]"), "{text}");
    }

    #[tokio::test]
    async fn a_server_without_tls_is_no_riddle() {
        let fake = Fake::start(|_, _| Say::Usual).await;
        let (_, ca) = certificate(&["localhost"]);
        let error = probe(config(fake.port, TlsMode::Implicit, Some(&ca))).await;
        let text = error.unwrap_err().to_string();
        assert!(text.ends_with("port 465, STARTTLS on 587"), "{text}");
    }

    #[tokio::test]
    async fn starttls_reads_what_the_server_can_only_inside_of_tls() {
        let (acceptor, ca) = certificate(&["localhost"]);
        let says = &[
            "220 hi\r\n",
            "250-outer\r\n250-SIZE 5\r\n250 STARTTLS\r\n",
            "220 go\r\n",
        ];
        let port = starttls_server(acceptor, says).await;
        let can = probe(config(port, TlsMode::StartTls, Some(&ca)))
            .await
            .unwrap();
        assert_eq!(
            (can.name.as_str(), can.size, can.pipelining),
            ("inner", None, true)
        );
    }

    #[tokio::test]
    async fn no_starttls_no_mail() {
        let (acceptor, ca) = certificate(&["localhost"]);
        let says = &["220 hi\r\n", "250-outer\r\n250 AUTH PLAIN\r\n"];
        let port = starttls_server(acceptor.clone(), says).await;
        let error = probe(config(port, TlsMode::StartTls, Some(&ca)))
            .await
            .unwrap_err();
        assert!(matches!(error, ConnectError::NoStartTls(_)), "{error}");
        let says = &[
            "220 hi\r\n",
            "250 STARTTLS\r\n",
            "454 4.7.0 TLS not available\r\n",
        ];
        let port = starttls_server(acceptor.clone(), says).await;
        let error = probe(config(port, TlsMode::StartTls, Some(&ca)))
            .await
            .unwrap_err();
        assert!(
            matches!(error, ConnectError::NoStartTls(_)),
            "a name is no offer: {error}"
        );
        let says = &[
            "220 hi\r\n",
            "250-x\r\n250 StartTLS\r\n",
            "454 4.7.0 not now\r\n",
        ];
        let port = starttls_server(acceptor, says).await;
        let error = probe(config(port, TlsMode::StartTls, Some(&ca)))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("454 not now"), "{error}");
    }

    #[tokio::test]
    async fn words_put_behind_the_starttls_reply_are_an_attack() {
        let (acceptor, ca) = certificate(&["localhost"]);
        for injected in [
            "220 go\r\n250-INJECTED\r\n250 AUTH LOGIN\r\n",
            "220 go\r\n220 \r\n",
            "220 go\r\n235 ok\r\n250-half",
        ] {
            let says: &'static [&'static str] =
                vec!["220 hi\r\n", "250-x\r\n250 STARTTLS\r\n", injected].leak();
            let port = starttls_server(acceptor.clone(), says).await;
            let error = probe(config(port, TlsMode::StartTls, Some(&ca)))
                .await
                .unwrap_err();
            assert!(!matches!(error, ConnectError::Login { .. }), "{error}");
            let is_seen = matches!(&error, ConnectError::Injected(_));
            assert!(is_seen || injected.ends_with("half"), "{error}");
        }
    }

    #[tokio::test]
    async fn every_silence_ends_in_time_and_is_named() {
        for (phase, named) in [
            ("GREETING", "greeting"),
            ("EHLO", "greeting"),
            ("AUTH", "login"),
        ] {
            let fake = Fake::start(move |_, line| {
                if line.starts_with(phase) {
                    Say::Hang
                } else {
                    Say::Usual
                }
            })
            .await;
            let mut config = fake.config_of_the_impatient();
            config.login = Some(crate::smtp::Login::by_password("gateway", "canary-secret"));
            let error = probe(config).await.unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
            assert!(!error.needs_admin());
        }
    }

    #[tokio::test]
    async fn errors_say_what_to_do_and_keep_the_password() {
        let fake = Fake::start(|_, line| match line {
            _ if line.starts_with("AUTH") => Say::Reply("535 5.7.8 authentication failed\r\n"),
            _ => Say::Usual,
        })
        .await;
        let mut with_login = fake.config();
        with_login.login = Some(crate::smtp::Login::by_password("gateway", "canary-secret"));
        assert!(!format!("{with_login:?}").contains("canary"));
        let error = probe(with_login).await.unwrap_err();
        assert!(error.needs_admin());
        let text = error.to_string();
        assert!(
            text.contains("535 authentication failed; see username and password"),
            "{text}"
        );
        let refused = probe(config(1, TlsMode::Plain, None)).await.unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("localhost:1 cannot be reached"),
            "{refused}"
        );
        let mut no_file = config(1, TlsMode::Implicit, None);
        no_file.ca_file = Some("/nonexistent.pem".into());
        let error = probe(no_file).await.unwrap_err();
        assert!(error.to_string().contains("/nonexistent.pem"), "{error}");
        let turned = Fake::start(|_, _| Say::Last("554 5.3.2 no service here\r\n")).await;
        let error = probe(turned.config()).await.unwrap_err();
        assert!(
            error.to_string().ends_with("554 no service here"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_server_without_a_login_that_we_know_is_told_nothing() {
        let fake = Fake::start(|_, line| match line {
            _ if line.starts_with("EHLO") => Say::Reply("250-x\r\n250 AUTH GSSAPI\r\n"),
            _ => Say::Usual,
        })
        .await;
        let mut config = fake.config();
        config.login = Some(crate::smtp::Login::by_password("gateway", "canary-secret"));
        let error = probe(config).await.unwrap_err();
        assert!(matches!(error, ConnectError::NoLogin(_)), "{error}");
        assert!(fake.seen_with("AUTH").is_empty());
    }
}
