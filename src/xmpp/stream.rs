//! Connects to the server and logs in (XEP-0114 §3), then hands the bare connection over.

use super::guard::FrameReader;
use crate::net::tcp::{self, Prompt, TcpError};
use crate::net::tls::{self, HandshakeError, Remedies, TlsClient, TlsError, TlsFault, TlsStream};
use crate::system::{OwnedReadHalf, OwnedWriteHalf, TcpStream};
use futures::{SinkExt, StreamExt};
use jid::DomainPart;
use secrecy::{ExposeSecret, SecretString};
use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufReader, Join, ReadHalf, WriteHalf};
use tokio_util::either::Either;
use tokio_xmpp::xmlstream::{
    FallibleStreamElement, ReadError, StreamHeader, Timeouts, XmppStream, XmppStreamElement,
    initiate_stream,
};
use xmpp_parsers::component::Handshake;
use xmpp_parsers::ns;
use xmpp_parsers::stream_error::{DefinedCondition, StreamError};

/// What one read from the socket may bring, in octets.
const READ_BUFFER_OCTETS: usize = 64 * 1024;

/// What an admin changes about a certificate.
const REMEDIES: Remedies = Remedies {
    name: "server of [xmpp]",
    authority: "ca_file of [xmpp]",
    port: "see server and tls of [xmpp]",
};

/// The two halves of a connection: without TLS, or with it.
type ReadFrom = Either<Prompt<OwnedReadHalf>, ReadHalf<TlsStream<Prompt<TcpStream>>>>;
type WriteTo = Either<OwnedWriteHalf, WriteHalf<TlsStream<Prompt<TcpStream>>>>;

pub(super) type StreamReader = BufReader<ReadFrom>;

/// A logged-in connection, at the place after the server's `<handshake/>`.
#[derive(Debug)]
pub struct XmppConnection {
    /// What the server sends.
    pub(super) frames: FrameReader<StreamReader>,
    /// What it is sent.
    pub(super) writer: StreamWriter,
}

/// The sending half.
#[derive(Debug)]
pub(super) struct StreamWriter(WriteTo);

impl StreamWriter {
    /// Returns when the kernel has all of it.
    pub(super) async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.0.write_all(octets).await?;
        // What TLS has encrypted and the kernel had no room for.
        self.0.flush().await
    }

    /// Ends without shutting down: servers answer that by throwing away what they were about to send.
    pub(super) fn forget(self) {
        match self.0 {
            Either::Left(half) => half.forget(),
            // Says nothing when it is dropped.
            Either::Right(_) => {}
        }
    }
}

/// Why a login failed. Displays as what happened and what to do.
#[derive(Debug, thiserror::Error)]
pub enum XmppLoginError {
    /// No TCP connection: refused, no such host, no route.
    #[error(
        "no connection to the XMPP server at {server} ({reason}). Is it running, and does it listen for components there \
         (Prosody: component_ports; ejabberd: a listener with module ejabberd_service)?"
    )]
    Unreachable {
        /// Host and port.
        server: String,
        /// What was seen.
        reason: TcpError,
    },
    /// There is nobody to trust.
    #[error("{0}; see ca_file of [xmpp]")]
    Trust(#[from] TlsError),
    /// The server's certificate is not taken.
    #[error(
        "the certificate of the XMPP server at {server} is not taken ({}). In ejabberd it is the certfile of the \
         ejabberd_service listener", .fault.sentence(&REMEDIES)
    )]
    Certificate {
        /// Host and port.
        server: String,
        /// What is wrong with it.
        fault: TlsFault,
    },
    /// TLS is not spoken there.
    #[error(
        "no TLS with the XMPP server at {server} ({reason}). In ejabberd the ejabberd_service listener needs tls: true and a \
         certfile of its own; Prosody has no TLS for components: there, remove tls from [xmpp] and make a tunnel"
    )]
    NoTls {
        /// Host and port.
        server: String,
        /// What rustls or the system says.
        reason: String,
    },
    /// `<not-authorized/>`. ejabberd says so to an unknown domain too.
    #[error(
        "the XMPP server does not accept the secret of {domain}. Compare it with component_secret in Prosody, or in \
         ejabberd with the password of {domain} under hosts of the ejabberd_service listener; ejabberd says the same if \
         {domain} is not listed there at all"
    )]
    NotAuthorized {
        /// The component's domain.
        domain: String,
    },
    /// `<host-unknown/>`.
    #[error(
        "the XMPP server at {server} has no component {domain}. Add it there (Prosody: Component \"{domain}\" with \
         component_secret), or correct the gateway's domain. Or is that the server's port for clients?"
    )]
    HostUnknown {
        /// Host and port.
        server: String,
        /// The component's domain.
        domain: String,
    },
    /// `<conflict/>`: someone is connected as this component.
    #[error(
        "the XMPP server has another connection of {domain}: a second gateway, or one of ours that the server has not yet \
         found dead. Stop the second gateway; in Prosody, component_conflict_resolve = \"kick_old\" lets a new connection \
         replace a dead one"
    )]
    Conflict {
        /// The component's domain.
        domain: String,
    },
    /// Any other stream error, as `condition ("text")`.
    #[error("the XMPP server ended the login with {0}")]
    Refused(String),
    /// The connection was closed without a word.
    #[error(
        "the XMPP server closed the connection during the login. Is {server} its port for components, not the one for \
         clients or servers?"
    )]
    Closed {
        /// Host and port.
        server: String,
    },
    /// Nothing came for too long.
    #[error(
        "the XMPP server at {server} did not finish the login within {seconds} s. Is that its port for components?"
    )]
    TimedOut {
        /// Host and port.
        server: String,
        /// How long it had.
        seconds: u64,
    },
    /// Something that is no XEP-0114.
    #[error(
        "the XMPP server at {server} does not talk like one to components ({reason}). Is that its port for components?"
    )]
    NotXmpp {
        /// Host and port.
        server: String,
        /// What came.
        reason: String,
    },
}

/// Whom to log in to, as whom.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// `host:port`; names are looked up.
    pub server: &'a str,
    /// The component's domain.
    pub domain: &'a DomainPart,
    /// What the server knows it by.
    pub secret: &'a SecretString,
    /// TLS from the first octet, and a file of authorities to trust instead of the system's.
    pub tls: Option<Option<&'a Path>>,
    /// How long TCP and TLS may take, each, for each address of the server.
    pub connect: Duration,
}

impl Account<'_> {
    /// Connects and logs in.
    ///
    /// # Errors
    /// [`XmppLoginError`], after `limit` at the latest.
    pub async fn login(self, limit: Duration) -> Result<XmppConnection, XmppLoginError> {
        let login = async { self.handshake(self.halves().await?).await };
        tokio::time::timeout(limit, login)
            .await
            .unwrap_or_else(|_| {
                Err(XmppLoginError::TimedOut {
                    server: self.server.to_owned(),
                    seconds: limit.as_secs(),
                })
            })
    }

    async fn halves(self) -> Result<(ReadFrom, WriteTo), XmppLoginError> {
        let tcp = tcp::connect(self.server, self.connect).await;
        let tcp = tcp.map_err(|reason| XmppLoginError::Unreachable {
            server: self.server.to_owned(),
            reason,
        })?;
        let tcp = Prompt::new(tcp);
        let Some(ca_file) = self.tls else {
            let (reader, writer) = tcp.into_split();
            return Ok((Either::Left(reader), Either::Left(writer)));
        };
        // The name that must be in the certificate.
        let host = self.server.rsplit_once(':').map_or("", |(host, _)| host);
        let name = tls::server_name(host.trim_matches(['[', ']']))
            .ok_or_else(|| self.no_tls(format!("“{host}” can stand in no certificate")))?;
        let client = TlsClient::new(name, ca_file)?;
        let begun = client.begin(tcp, self.connect).await;
        let stream = begun.map_err(|error| self.tls_error(error))?;
        let (reader, writer) = tokio::io::split(stream);
        Ok((Either::Right(reader), Either::Right(writer)))
    }

    fn tls_error(self, error: HandshakeError) -> XmppLoginError {
        match error {
            HandshakeError::Silent(limit) => {
                self.no_tls(format!("no answer within {} s", limit.as_secs_f32()))
            }
            HandshakeError::Fault(TlsFault::Other(reason)) => self.no_tls(reason),
            HandshakeError::Fault(fault) => XmppLoginError::Certificate {
                server: self.server.to_owned(),
                fault,
            },
        }
    }

    fn no_tls(self, reason: String) -> XmppLoginError {
        XmppLoginError::NoTls {
            server: self.server.to_owned(),
            reason,
        }
    }

    /// The stream header and the handshake. tokio-xmpp does both, and gives the connection back with every octet that
    /// it has not looked at.
    async fn handshake(
        self,
        (reader, writer): (ReadFrom, WriteTo),
    ) -> Result<XmppConnection, XmppLoginError> {
        let io = tokio::io::join(BufReader::with_capacity(READ_BUFFER_OCTETS, reader), writer);
        let header = StreamHeader {
            to: Some(Cow::Borrowed(self.domain.as_str())),
            from: None,
            id: None,
        };
        let mut pending = initiate_stream(io, ns::COMPONENT, header, Timeouts::default())
            .await
            .map_err(|error| self.broken(&error))?;
        let id = pending.take_header().id.map(Cow::into_owned);
        let mut stream: XmppStream<Join<StreamReader, WriteTo>> = pending.skip_features();
        let proof = Handshake::from_stream_id_and_password(
            id.unwrap_or_default(),
            self.secret.expose_secret(),
        );
        // A server that refuses the domain closes at once. Its reason is still to be read when this write fails.
        let sent = stream
            .send(&XmppStreamElement::ComponentHandshake(proof))
            .await;
        self.accepted(stream.next().await)?;
        sent.map_err(|error| self.broken(&error))?;
        let (reader, writer) = stream.into_inner().into_inner();
        Ok(XmppConnection {
            frames: FrameReader::new(reader),
            writer: StreamWriter(writer),
        })
    }

    fn accepted(
        self,
        answer: Option<Result<FallibleStreamElement, ReadError>>,
    ) -> Result<(), XmppLoginError> {
        match answer {
            Some(Ok(FallibleStreamElement::Ok(XmppStreamElement::ComponentHandshake(_)))) => Ok(()),
            Some(Ok(FallibleStreamElement::Ok(XmppStreamElement::StreamError(error)))) => {
                Err(self.refused(&error.0))
            }
            Some(Err(ReadError::StreamFooterReceived)) | None => Err(self.closed()),
            Some(Err(ReadError::HardError(error))) => Err(self.broken(&error)),
            Some(Err(other)) => Err(self.not_xmpp(other.to_string())),
            Some(Ok(_)) => Err(self.not_xmpp("no handshake".to_owned())),
        }
    }

    fn refused(self, error: &StreamError) -> XmppLoginError {
        let domain = self.domain.to_string();
        match error.condition {
            DefinedCondition::NotAuthorized => XmppLoginError::NotAuthorized { domain },
            DefinedCondition::HostUnknown => XmppLoginError::HostUnknown {
                server: self.server.to_owned(),
                domain,
            },
            DefinedCondition::InvalidNamespace => self.not_xmpp(error.to_string()),
            DefinedCondition::Conflict => XmppLoginError::Conflict { domain },
            _ => XmppLoginError::Refused(error.to_string()),
        }
    }

    /// tokio-xmpp reports an end of the connection inside of XML as invalid data.
    fn broken(self, error: &io::Error) -> XmppLoginError {
        match error.kind() {
            io::ErrorKind::InvalidData if !error.to_string().contains("eof") => {
                self.not_xmpp(error.to_string())
            }
            _ => self.closed(),
        }
    }

    fn closed(self) -> XmppLoginError {
        XmppLoginError::Closed {
            server: self.server.to_owned(),
        }
    }

    fn not_xmpp(self, reason: String) -> XmppLoginError {
        XmppLoginError::NotXmpp {
            server: self.server.to_owned(),
            reason,
        }
    }
}
