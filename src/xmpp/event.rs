//! What the parts of a connection to the XMPP server have in common: where it leads, what happens on it, what is asked by it.

use crate::net::limits::time_limits;
use jid::DomainPart;
use minidom::Element;
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

/// Where to connect, as whom.
#[derive(Clone, Debug)]
pub struct XmppConfig {
    /// `host:port` of the server's component listener; names are looked up at each connection.
    pub server: String,
    /// TLS from the first octet.
    pub tls: bool,
    /// Whom to trust then, instead of the system's authorities.
    pub ca_file: Option<PathBuf>,
    /// The component's domain.
    pub domain: DomainPart,
    /// What the server knows the component by.
    pub secret: SecretString,
    /// The server's own domain, which is pinged.
    pub ping_target: DomainPart,
    /// How long things may take.
    pub timings: XmppTimings,
}

time_limits! {
    /// How long things may take.
    pub struct XmppTimings {
        /// TCP and TLS, each, for each address of the server.
        connect: Duration::from_secs(10),
        /// From the connection to the end of the handshake.
        login: Duration::from_secs(30),
        /// Without a frame from the server, after which it is pinged.
        ping_after: Duration::from_secs(60),
        /// And then until it is taken for dead.
        dead_after: Duration::from_secs(30),
        /// Until a barrier is given up.
        barrier: Duration::from_secs(30),
        /// Until a write that the kernel does not take is given up.
        write: Duration::from_secs(60),
        /// Until a server that does not close in turn is left.
        close: Duration::from_secs(5),
        /// The shortest pause before a new connection.
        retry_min: Duration::from_secs(1),
        /// The longest pause for what may be over at any moment: a server that restarts, a conflict with a dead connection.
        retry_soon: Duration::from_secs(3),
        /// The pause for what an admin has to put right: short enough to see at once whether it was.
        retry_admin: Duration::from_secs(10),
        /// The longest pause.
        retry_max: Duration::from_secs(60),
    }
}

/// What happens on the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum XmppEvent {
    /// Logged in. Comes before the first stanza of this connection.
    Online,
    /// A `message`, `presence` or `iq` in the namespace `jabber:component:accept`. Nothing else about it is checked;
    /// its attributes may hold anything. It is within the limits of [`super::guard`].
    Stanza(Element),
    /// The connection is lost; a new one is tried for. Comes after the last stanza of this connection.
    Offline {
        /// A sentence, for the log and the admin.
        reason: String,
    },
}

/// Why stanzas were not sent, or may not have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing was sent.
    #[error("there is no connection to the XMPP server; nothing was sent")]
    Offline,
    /// What was sent may or may not have arrived: send it again, with the same ids.
    #[error(
        "the connection to the XMPP server was lost; what was sent may or may not have arrived"
    )]
    Lost,
    /// The same, on a connection that still stands.
    #[error("the XMPP server did not answer a ping within {} s; what was sent may or may not have arrived", .0.as_secs())]
    NoAnswer(Duration),
}

/// An iq of type get.
#[derive(Clone, Debug)]
pub struct Question {
    /// The gateway, or a contact.
    pub from: String,
    /// Who is asked. Only an answer from there is one.
    pub to: String,
    /// What is asked.
    pub payload: Element,
}
