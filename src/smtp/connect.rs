//! From a configuration to a connection that mails can be sent on: TCP, TLS, greeting, login, capabilities.

use crate::core::outcome::Reply;
use crate::core::text::clean;
use crate::smtp::submit::Connection;
use crate::smtp::wire::{StartTlsError, Wire, ask_for_tls};
use crate::smtp::{Capabilities, SmtpConfig, TlsMode, outcome};
use crate::system::TcpStream;
use crate::tls::{self, TlsError};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, CertificateError};

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
    #[error(
        "the mail server {server} cannot be reached: {cause}; see host and port of [smtp], and whether it runs"
    )]
    Unreachable {
        /// Which server.
        server: String,
        /// The system's words.
        cause: String,
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
    #[error("no TLS with the mail server {server}: {cause}")]
    Tls {
        /// Which server.
        server: String,
        /// What is wrong and what to do.
        cause: String,
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
    #[error("the mail server {server} did not accept the login: {} {}; see username and password of [smtp]", .reply.code.unwrap_or(0), .reply.text)]
    Login {
        /// Which server.
        server: String,
        /// Its words.
        reply: Reply,
    },
    /// A username is configured, but the server offers no login that we know.
    #[error(
        "the mail server {0} offers neither AUTH PLAIN nor AUTH LOGIN; see tls and username of [smtp]"
    )]
    NoLogin(String),
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
            Self::Unreachable { .. } | Self::Silent { .. } | Self::Lost { .. } => {
                "the gateway's mail server cannot be reached"
            }
            Self::TurnedAway { .. } => "the gateway's mail server takes no mail at the moment",
            _ => "the gateway has trouble with its mail server",
        })
    }
}

/// Opens connections to one server.
#[derive(Clone)]
pub struct Connector {
    config: SmtpConfig,
    server: String,
    helo: ClientId,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// Connects, logs in, reads what the server can do, and leaves: for `stanzamail check`.
///
/// # Errors
/// [`ConnectError`] saying what failed and what to look at.
pub async fn probe(config: SmtpConfig) -> Result<Capabilities, ConnectError> {
    let connection = Connector::new(config)?.connect().await?;
    let capabilities = connection.capabilities().clone();
    connection.quit().await;
    Ok(capabilities)
}

impl Connector {
    /// Reads the trusted certificates, nothing else yet.
    ///
    /// # Errors
    /// [`ConnectError::Trust`] or [`ConnectError::Name`].
    pub fn new(config: SmtpConfig) -> Result<Self, ConnectError> {
        let tls = match config.tls {
            TlsMode::Plain => None,
            TlsMode::Implicit | TlsMode::StartTls => {
                let name = ServerName::try_from(config.host.clone())
                    .map_err(|_| ConnectError::Name(config.host.clone()))?;
                let trust = tls::client_config(config.ca_file.as_deref())?;
                Some((TlsConnector::from(trust), name))
            }
        };
        let helo = match config.helo.parse() {
            Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain(config.helo.clone()),
        };
        Ok(Self {
            server: format!("{}:{}", config.host, config.port),
            config,
            helo,
            tls,
        })
    }

    /// The configuration that this was made of.
    pub fn config(&self) -> &SmtpConfig {
        &self.config
    }

    /// A connection on which mails can be sent.
    pub(super) async fn connect(&self) -> Result<Connection, ConnectError> {
        let limits = self.config.limits;
        let stream = self.open().await?;
        let hello = AsyncSmtpConnection::connect_with_transport(stream, &self.helo);
        let greeted = self.within(limits.command, "greeting", hello).await?;
        let mut smtp = greeted.map_err(|error| self.turned_away("greeting", &error))?;
        self.log_in(&mut smtp).await?;
        let capabilities = self.capabilities(&mut smtp).await?;
        Ok(Connection::new(smtp, capabilities, limits))
    }

    async fn open(&self) -> Result<Box<dyn AsyncTokioStream>, ConnectError> {
        let (mut tcp, peer) = self.tcp().await?;
        let Some((connector, name)) = &self.tls else {
            return Ok(Box::new(Wire::fresh(tcp, peer)));
        };
        if self.config.tls == TlsMode::StartTls {
            self.start_tls(&mut tcp).await?;
            let tls = self.handshake(connector, name, tcp).await?;
            return Ok(Box::new(Wire::upgraded(tls, peer)));
        }
        let tls = self.handshake(connector, name, tcp).await?;
        Ok(Box::new(Wire::fresh(tls, peer)))
    }

    /// The first of the server's addresses that answers; each has the whole time limit, so that a dead IPv6 route does
    /// not hide a live IPv4 one.
    async fn tcp(&self) -> Result<(TcpStream, SocketAddr), ConnectError> {
        let host = (self.config.host.as_str(), self.config.port);
        let limit = self.config.limits.connect;
        let found = self.within(limit, "look-up of its name", tokio::net::lookup_host(host));
        let mut last = self.unreachable("its name has no address");
        for peer in found.await?.map_err(|error| self.unreachable(error))? {
            match self
                .within(limit, "connection", TcpStream::connect(peer))
                .await
            {
                Ok(Ok(tcp)) => {
                    // The final dot follows the mail in a write of its own: without this it waits for an
                    // acknowledgement that the other side delays by 40 ms.
                    let _ = tcp.set_nodelay(true);
                    return Ok((tcp, peer));
                }
                Ok(Err(error)) => last = self.unreachable(error),
                Err(silent) => last = silent,
            }
        }
        Err(last)
    }

    async fn start_tls(&self, tcp: &mut TcpStream) -> Result<(), ConnectError> {
        let limit = self.config.limits.command;
        let asked = self.within(limit, "STARTTLS", ask_for_tls(tcp, &self.helo));
        let server = self.server.clone();
        asked.await?.map_err(|error| match error {
            StartTlsError::Io(error) => self.lost("STARTTLS", error),
            StartTlsError::Refused(reply) => ConnectError::TurnedAway { server, reply },
            StartTlsError::NotOffered => ConnectError::NoStartTls(server),
            StartTlsError::Injected => ConnectError::Injected(server),
        })
    }

    async fn handshake(
        &self,
        connector: &TlsConnector,
        name: &ServerName<'static>,
        tcp: TcpStream,
    ) -> Result<TlsStream<TcpStream>, ConnectError> {
        let handshake = connector.connect(name.clone(), tcp);
        let done = self
            .within(self.config.limits.connect, "TLS", handshake)
            .await?;
        done.map_err(|error| ConnectError::Tls {
            server: self.server.clone(),
            cause: tls_cause(&error),
        })
    }

    async fn log_in(&self, smtp: &mut AsyncSmtpConnection) -> Result<(), ConnectError> {
        let (Some(username), Some(password)) = (&self.config.username, &self.config.password)
        else {
            return Ok(());
        };
        let known = [Mechanism::Plain, Mechanism::Login];
        if smtp.server_info().get_auth_mechanism(&known).is_none() {
            return Err(ConnectError::NoLogin(self.server.clone()));
        }
        let password = password.expose_secret().to_owned();
        let credentials = Credentials::new(username.clone(), password);
        let login = smtp.auth(&known, &credentials);
        let done = self
            .within(self.config.limits.login, "login", login)
            .await?;
        done.map(|_| ()).map_err(|error| match reply_of(&error) {
            Some(reply) => ConnectError::Login {
                server: self.server.clone(),
                reply,
            },
            None => self.lost("login", &error),
        })
    }

    /// Asks once more what the server can do: lettre keeps little of it, and after a login it may be more.
    async fn capabilities(
        &self,
        smtp: &mut AsyncSmtpConnection,
    ) -> Result<Capabilities, ConnectError> {
        let hello = smtp.command(format!("EHLO {}\r\n", self.helo));
        let answered = self
            .within(self.config.limits.command, "EHLO", hello)
            .await?;
        let response = answered.map_err(|error| self.turned_away("EHLO", &error))?;
        Ok(Capabilities::parse(response.message()))
    }

    async fn within<T>(
        &self,
        limit: Duration,
        phase: &'static str,
        work: impl Future<Output = T>,
    ) -> Result<T, ConnectError> {
        let done = tokio::time::timeout(limit, work).await;
        done.map_err(|_| ConnectError::Silent {
            server: self.server.clone(),
            phase,
            seconds: limit.as_secs(),
        })
    }

    fn unreachable(&self, cause: impl ToString) -> ConnectError {
        ConnectError::Unreachable {
            server: self.server.clone(),
            cause: cause.to_string(),
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

    fn turned_away(&self, phase: &'static str, error: &Error) -> ConnectError {
        match reply_of(error) {
            Some(reply) => ConnectError::TurnedAway {
                server: self.server.clone(),
                reply,
            },
            None => self.lost(phase, error),
        }
    }
}

/// The negative reply that an error of lettre's stands for; `None` where the connection is of no use any more.
pub(super) fn reply_of(error: &Error) -> Option<Reply> {
    let text = std::error::Error::source(error).map(ToString::to_string);
    let code = error.status()?;
    Some(outcome::reply(code.into(), &text.unwrap_or_default()))
}

/// Tells the three mistakes that admins make with certificates from everything else.
fn tls_cause(error: &io::Error) -> String {
    let certificate = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        .and_then(|inner| match inner {
            rustls::Error::InvalidCertificate(certificate) => Some(certificate),
            _ => None,
        });
    match certificate {
        Some(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => format!(
            "its certificate is for another name ({error}); set host of [smtp] to a name that it has"
        ),
        // A bad signature: of an authority with the same name and another key.
        Some(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "its certificate is from an authority that is not trusted; set ca_file of \
            [smtp] to that authority's certificate, or install it on this system"
                .to_owned()
        }
        Some(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => format!(
            "its certificate is not valid now ({error}); renew it, or correct this machine's clock"
        ),
        _ => format!(
            "{error}; see port and tls of [smtp]: implicit TLS is on port 465, STARTTLS on 587"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::fake::{Fake, Say, short_limits};
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
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(made.cert.pem().as_bytes()).unwrap();
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
            let mut config = fake.config();
            config.username = Some("gateway".to_owned());
            config.password = Some("canary-secret".to_owned().into());
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
        with_login.username = Some("gateway".to_owned());
        with_login.password = Some("canary-secret".to_owned().into());
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
        config.username = Some("gateway".to_owned());
        config.password = Some("canary-secret".to_owned().into());
        let error = probe(config).await.unwrap_err();
        assert!(matches!(error, ConnectError::NoLogin(_)), "{error}");
        assert!(fake.seen_with("AUTH").is_empty());
    }
}
