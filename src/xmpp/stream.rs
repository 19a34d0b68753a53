//! Connects to the server and logs in (XEP-0114 §3), then hands the bare connection over.

use super::guard::FrameReader;
use crate::system::{OwnedReadHalf, OwnedWriteHalf, TcpStream};
use futures::{SinkExt, StreamExt};
use jid::DomainPart;
use secrecy::{ExposeSecret, SecretString};
use std::borrow::Cow;
use std::io;
use std::time::Duration;
use tokio::io::{BufReader, Join};
use tokio_xmpp::xmlstream::{
    FallibleStreamElement, ReadError, StreamHeader, Timeouts, XmppStream, XmppStreamElement,
    initiate_stream,
};
use xmpp_parsers::component::Handshake;
use xmpp_parsers::ns;
use xmpp_parsers::stream_error::{DefinedCondition, StreamError};

/// What one read from the socket may bring, in octets.
const READ_BUFFER_OCTETS: usize = 64 * 1024;

type Reader = BufReader<OwnedReadHalf>;

/// A logged-in connection, at the place after the server's `<handshake/>`.
#[derive(Debug)]
pub struct Connection {
    /// What the server sends.
    pub(super) frames: FrameReader<Reader>,
    /// What it is sent.
    pub(super) writer: OwnedWriteHalf,
}

/// Why a login failed. Displays as what happened and what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No TCP connection: refused, no such host, no route.
    #[error(
        "no connection to the XMPP server at {server} ({reason}). Is it running, and does it listen for components there \
         (Prosody: component_ports; ejabberd: a listener with module ejabberd_service)?"
    )]
    Unreachable {
        /// Host and port.
        server: String,
        /// The operating system's words.
        reason: io::Error,
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
}

impl Account<'_> {
    /// Connects and logs in.
    ///
    /// # Errors
    /// [`LoginError`], after `limit` at the latest.
    pub async fn login(self, limit: Duration) -> Result<Connection, LoginError> {
        let login = async { self.handshake(self.connect().await?).await };
        tokio::time::timeout(limit, login)
            .await
            .unwrap_or_else(|_| {
                Err(LoginError::TimedOut {
                    server: self.server.to_owned(),
                    seconds: limit.as_secs(),
                })
            })
    }

    async fn connect(self) -> Result<TcpStream, LoginError> {
        let unreachable = |reason| LoginError::Unreachable {
            server: self.server.to_owned(),
            reason,
        };
        let tcp = TcpStream::connect(self.server).await.map_err(unreachable)?;
        tcp.set_nodelay(true).map_err(unreachable)?;
        Ok(tcp)
    }

    /// The stream header and the handshake. tokio-xmpp does both, and gives the connection back with every octet that
    /// it has not looked at.
    async fn handshake(self, tcp: TcpStream) -> Result<Connection, LoginError> {
        let (reader, writer) = tcp.into_split();
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
        let mut stream: XmppStream<Join<Reader, OwnedWriteHalf>> = pending.skip_features();
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
        Ok(Connection {
            frames: FrameReader::new(reader),
            writer,
        })
    }

    fn accepted(
        self,
        answer: Option<Result<FallibleStreamElement, ReadError>>,
    ) -> Result<(), LoginError> {
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

    fn refused(self, error: &StreamError) -> LoginError {
        let domain = self.domain.to_string();
        match error.condition {
            DefinedCondition::NotAuthorized => LoginError::NotAuthorized { domain },
            DefinedCondition::HostUnknown => LoginError::HostUnknown {
                server: self.server.to_owned(),
                domain,
            },
            DefinedCondition::InvalidNamespace => self.not_xmpp(error.to_string()),
            DefinedCondition::Conflict => LoginError::Conflict { domain },
            _ => LoginError::Refused(error.to_string()),
        }
    }

    /// tokio-xmpp reports an end of the connection inside of XML as invalid data.
    fn broken(self, error: &io::Error) -> LoginError {
        match error.kind() {
            io::ErrorKind::InvalidData if !error.to_string().contains("eof") => {
                self.not_xmpp(error.to_string())
            }
            _ => self.closed(),
        }
    }

    fn closed(self) -> LoginError {
        LoginError::Closed {
            server: self.server.to_owned(),
        }
    }

    fn not_xmpp(self, reason: String) -> LoginError {
        LoginError::NotXmpp {
            server: self.server.to_owned(),
            reason,
        }
    }
}
