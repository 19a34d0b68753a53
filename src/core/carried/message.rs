//! Messages.

use super::{CLIENT, WhyNot, brief, payload_filter};
use crate::core::id::StanzaId;
use crate::core::limits;
use crate::core::xml::{self, Build};
use minidom::Element;
use rxml::{Namespace, xml_ncname};
use xmpp_parsers::ns;

/// A language tag, in octets; RFC 5646 §4.4.1 asks for at least 35.
const LANGUAGE_OCTETS_MAX: usize = 35;

/// A message out of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedMessage {
    /// The type attribute.
    pub kind: MessageType,
    /// The id that it has at the other gateway.
    pub id: Option<StanzaId>,
    /// What passed the payload filter, in the namespace of the component stream. At least one means something to a person or
    /// to a program of theirs.
    pub payloads: Vec<Element>,
    /// `xml:lang`, in the characters of a language tag.
    pub lang: Option<String>,
}

/// RFC 6121 §5.2.2, as far as a mail carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageType {
    /// Part of a conversation.
    Chat,
    /// Stands for itself; the type of a message that names none, or one that there is not.
    #[default]
    Normal,
    /// Not to be answered.
    Headline,
}

impl MessageType {
    /// As it stands in the type attribute.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Normal => "normal",
            Self::Headline => "headline",
        }
    }

    fn of(stanza: &Element) -> Result<Self, WhyNot> {
        match stanza.attr("type") {
            Some("chat") => Ok(Self::Chat),
            Some("headline") => Ok(Self::Headline),
            Some(other @ ("error" | "groupchat")) => Err(WhyNot::MessageType(brief(other))),
            _ => Ok(Self::Normal),
        }
    }
}

/// What a mail carries of a message of the component stream: type, id, language and what passes the payload filter, in
/// `jabber:client`, without addresses. `None` where nothing remains that means something at the other end, and for the
/// types `error` and `groupchat`.
pub fn message(stanza: &Element, id: &StanzaId) -> Option<Element> {
    let kind = MessageType::of(stanza).ok()?;
    let payloads = payload_filter::payloads(stanza, ns::COMPONENT, CLIENT);
    if !payloads.iter().any(payload_filter::means_something) {
        return None;
    }
    let mut message = Build::new("message", CLIENT)
        .attr_if("type", (kind != MessageType::Normal).then(|| kind.as_str()))
        .attr("id", id.as_str())
        .children(payloads)
        .done();
    if let Some(lang) = language(stanza) {
        message.set_attr(Namespace::XML, xml_ncname!("lang").to_ncname(), lang);
    }
    Some(message)
}

pub(super) fn read(stanza: &Element) -> Result<CarriedMessage, WhyNot> {
    let kind = MessageType::of(stanza)?;
    let payloads = payload_filter::payloads(stanza, CLIENT, ns::COMPONENT);
    if !payloads.iter().any(payload_filter::means_something) {
        return Err(WhyNot::Nothing);
    }
    let octets = octets(&payloads);
    if octets > limits::CARRIED_OCTETS_MAX {
        return Err(WhyNot::TooBig(octets));
    }
    Ok(CarriedMessage {
        kind,
        id: stanza.attr("id").and_then(StanzaId::parse),
        payloads,
        lang: language(stanza).map(str::to_owned),
    })
}

/// In a stanza. Not what they had in the mail: short prefixes there may stand for long namespaces here, CDATA for
/// entities.
fn octets(payloads: &[Element]) -> usize {
    let mut octets = Vec::new();
    for payload in payloads {
        if xml::write_in(ns::COMPONENT, payload, &mut octets).is_err() {
            return usize::MAX;
        }
        if octets.len() > limits::CARRIED_OCTETS_MAX {
            break;
        }
    }
    octets.len()
}

fn language(element: &Element) -> Option<&str> {
    let lang = element.attr_ns(&Namespace::XML, "lang")?;
    let is_tag = (1..=LANGUAGE_OCTETS_MAX).contains(&lang.len())
        && lang.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_tag.then_some(lang)
}
