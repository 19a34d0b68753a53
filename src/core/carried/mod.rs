//! What of a stanza travels in a mail of format `xmpp`, as `<xmpp xmlns='jabber:client'/>` of the media type
//! `application/xmpp+xml` (RFC 3923 §3), and what is taken out of one. Addresses are never carried: the mail's own,
//! verified, are the only ones. The same [`payload_filter`] stands in both directions, since neither gateway can know what the
//! other lets through.

mod message;
mod payload_filter;
mod presence;

pub use message::{CarriedMessage, MessageType, message};
pub use presence::{CarriedPresence, PresenceKind, presence};

use crate::core::limits;
use crate::core::text::clean;
use minidom::Element;
use xmpp_parsers::ns;

/// The media type (RFC 3923 §7.1).
pub const MEDIA_TYPE: &str = "application/xmpp+xml";
/// The namespace of stanzas in a mail. In the component stream they are in another one, and so everywhere in the
/// gateway.
const CLIENT: &str = ns::JABBER_CLIENT;
const ROOT: &str = "xmpp";

/// A stanza out of a mail, without addresses. Nothing in it was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// `<message/>`.
    Message(Box<CarriedMessage>),
    /// `<presence/>`, subscription stanzas among them.
    Presence(Box<CarriedPresence>),
}

/// Why a mail's stanzas are not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    /// RFC 3923 §3.
    #[error("the root is not <xmpp xmlns='jabber:client'/>")]
    Root,
    /// A root without elements.
    #[error("there is no stanza in it")]
    Empty,
    /// More stanzas than one mail may carry.
    #[error("it carries {0} stanzas; at most {max} are taken", max = limits::CARRIED_STANZAS_MAX)]
    TooMany(usize),
    /// A child that is neither message nor presence in `jabber:client`.
    #[error("it carries “{0}”, which is neither a message nor a presence")]
    Kind(String),
    /// `type='error'`, `type='groupchat'`.
    #[error("a message of type “{0}” is not taken from a mail")]
    MessageType(String),
    /// `type='error'`, `type='probe'`, and types that there are not.
    #[error("a presence of type “{0}” is not taken from a mail")]
    PresenceType(String),
    /// After the payload filter.
    #[error("nothing in the message is meant for a person")]
    Nothing,
    /// As a stanza it would be too big for servers.
    #[error("the message has {0} octets; at most {max} are taken", max = limits::CARRIED_OCTETS_MAX)]
    TooBig(usize),
}

/// Reads the root of a mail's `application/xmpp+xml` part. All of its stanzas are good, or none is taken.
///
/// # Errors
/// [`WhyNot`], a sentence for the log.
pub fn read(root: &Element) -> Result<Vec<Carried>, WhyNot> {
    if !root.is(ROOT, CLIENT) {
        return Err(WhyNot::Root);
    }
    let stanzas: Vec<&Element> = root.children().collect();
    match stanzas.len() {
        0 => Err(WhyNot::Empty),
        count if count > limits::CARRIED_STANZAS_MAX => Err(WhyNot::TooMany(count)),
        _ => stanzas.into_iter().map(stanza).collect(),
    }
}

fn stanza(element: &Element) -> Result<Carried, WhyNot> {
    match element.name() {
        "message" if element.ns() == CLIENT => {
            Ok(Carried::Message(Box::new(message::read(element)?)))
        }
        "presence" if element.ns() == CLIENT => {
            Ok(Carried::Presence(Box::new(presence::read(element)?)))
        }
        other => Err(WhyNot::Kind(brief(other))),
    }
}

/// The root with these stanzas in it.
pub fn root(stanzas: &[Element]) -> Element {
    let mut root = Element::bare(ROOT, CLIENT);
    for stanza in stanzas {
        root.append_child(stanza.clone());
    }
    root
}

fn brief(text: &str) -> String {
    clean::for_header(text, 40)
}

fn line(text: &str) -> Option<String> {
    let line = clean::for_header(text, limits::HEADER_TEXT_CHARS_MAX);
    (!line.is_empty()).then_some(line)
}
