//! Parsing unit, XMPP side: an element of the stream becomes a typed value, or an error stanza for its sender. What the
//! gateway does not understand inside a message is left alone; nothing inside a stanza is believed to be an address of
//! its sender (carbons are never looked into; of a forwarded message the words are quoted).

mod file;
mod spoken;

use crate::core::file::FileLink;
use crate::core::id::{StanzaId, ThreadId};
use crate::core::language::Language;
use crate::core::message::Role;
use crate::core::record::{PresenceState, Show};
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::to_stanza::{Condition, error_reply};
use crate::core::xml::{ADDRESS, CHAT_MARKERS, REACTIONS, REPLY};
use jid::Jid;
use minidom::Element;
use xmpp_parsers::ns;

/// Payloads that mean: the body, if any, is only a note that the real one is encrypted end to end.
const ENCRYPTED: [(&str, &str); 6] = [
    ("encrypted", ns::LEGACY_OMEMO),
    ("encrypted", "urn:xmpp:omemo:1"),
    ("encrypted", "urn:xmpp:omemo:2"),
    ("encryption", ns::EME),
    ("openpgp", ns::OX),
    ("x", "jabber:x:encrypted"),
];

/// XEP-0424 Message Retraction.
const RETRACT: &str = "urn:xmpp:message-retract:1";
/// The same in its first version, inside XEP-0422.
const FIRST_RETRACT: &str = "urn:xmpp:message-retract:0";
/// XEP-0422 Message Fastening.
const FASTEN: &str = "urn:xmpp:fasten:0";
/// XEP-0393 Message Styling.
const STYLING: &str = "urn:xmpp:styling:0";
/// XEP-0482 Call Invites.
const CALL_INVITES: &str = "urn:xmpp:call-invites:0";

/// A stanza with both of its addresses read.
#[derive(Clone, Debug)]
pub struct Stanza {
    /// Who sent it, as the server stamped it.
    pub from: Jid,
    /// The gateway or a contact.
    pub to: Jid,
    /// The id attribute.
    pub id: Option<StanzaId>,
    /// What it is.
    pub kind: StanzaKind,
    /// As it came, for error answers.
    pub element: Element,
}

/// What a stanza is.
#[derive(Clone, Debug)]
pub enum StanzaKind {
    /// `<message/>` of type chat, normal or headline.
    Message(Box<StanzaMessage>),
    /// `<message type='groupchat'/>`.
    Groupchat,
    /// `<presence/>`.
    Presence(Presence),
    /// `<iq/>` of type get or set, with its first child.
    Request {
        /// Whether it is a set.
        set: bool,
        /// What is asked.
        payload: Element,
    },
    /// `<message type='error'/>`: a message of ours that came back.
    Returned(ReturnedMessage),
    /// `<iq type='result'/>` with content: an answer to a question of ours.
    Answered(Element),
    /// `<iq type='error'/>`: an answer to a question of ours.
    Unanswered(Condition),
    /// Other errors, results, and whatever else is never answered.
    Silent,
}

/// Why a message came back (RFC 6120 §8.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnedMessage {
    /// The condition; one that is not known, or none, is undefined-condition (RFC 6120 §8.3.2).
    pub condition: Condition,
    /// It was only a warning: the message was taken (`type='continue'`).
    pub is_warning: bool,
    /// The server's words, as one line.
    pub text: Option<String>,
}

/// A message for one or several contacts.
#[derive(Clone, Debug, Default)]
pub struct StanzaMessage {
    /// What it says to people, cleaned: the body, and what of it is in no body; `None` where there is none or only white
    /// space.
    pub body: Option<String>,
    /// The subject as one line; `None` where empty.
    pub subject: Option<String>,
    /// The thread.
    pub thread: Option<ThreadId>,
    /// XEP-0172, as one line.
    pub nick: Option<String>,
    /// XEP-0203.
    pub delay: Option<Timestamp>,
    /// XEP-0359 origin-id: what identifies the message, before the id attribute.
    pub origin_id: Option<StanzaId>,
    /// XEP-0461: the id of the message that this one answers; else of the one that it is about (a reaction, a marker).
    pub reply_to: Option<StanzaId>,
    /// XEP-0033, without those already delivered.
    pub addresses: Vec<Addressee>,
    /// XEP-0184 request.
    pub wants_receipt: bool,
    /// XEP-0333 markable: the client wants to know when it was read.
    pub markable: bool,
    /// The content is encrypted end to end.
    pub encrypted: bool,
    /// Files that it is about (XEP-0066, XEP-0447, XEP-0385).
    pub files: Vec<FileLink>,
    /// XEP-0308: it stands in place of another one.
    pub is_correction: bool,
    /// XEP-0444: it is a reaction to [`StanzaMessage::reply_to`], or takes one back.
    pub is_reaction: bool,
    /// XEP-0393: what looks like styling is none.
    pub is_unstyled: bool,
    /// What is no message, but something that a client does.
    pub act: Option<StanzaAct>,
}

/// What a client does by a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StanzaAct {
    /// XEP-0424: this message is taken back.
    Retract(StanzaId),
    /// XEP-0353: it rings.
    Call {
        /// Of the call.
        id: String,
        /// Of the proposal, in which the answer is given.
        namespace: String,
    },
    /// XEP-0045 §7.8.2: a room invites in the name of somebody.
    Invite {
        /// In whose, as the room says.
        from: String,
    },
    /// XEP-0224: to have somebody look up.
    Attention,
}

/// One address of XEP-0033.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// How the mail names it.
    pub role: Role,
    /// A JID, or a mail address from a `mailto:` URI.
    pub target: AddressTarget,
}

/// What an XEP-0033 address points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressTarget {
    /// `jid='…'`, as written.
    Jid(String),
    /// `uri='mailto:…'`, the address as written.
    Mail(String),
}

/// RFC 6121 §4.7.1, as far as the gateway acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Available, without a type.
    Available,
    /// `unavailable`.
    Unavailable,
    /// `subscribe`.
    Subscribe,
    /// `subscribed`.
    Subscribed,
    /// `unsubscribe`.
    Unsubscribe,
    /// `unsubscribed`.
    Unsubscribed,
    /// `probe`.
    Probe,
}

/// A stanza that cannot be read, with the answer for its sender where one is due.
#[derive(Clone, Debug)]
pub struct Malformed {
    /// What is wrong.
    pub why: String,
    /// The error stanza.
    pub answer: Option<Box<Element>>,
}

/// Reads a first-level element of the stream.
///
/// # Errors
/// [`Malformed`], where an address is missing or no JID, or where the element is no stanza.
pub fn read(element: Element) -> Result<Stanza, Malformed> {
    let from = jid_attr(&element, "from")?;
    let to = jid_attr(&element, "to")?;
    let id = element.attr("id").and_then(StanzaId::parse);
    let kind = match element.name() {
        "message" => message_kind(&element),
        "presence" => presence_kind(&element)?,
        "iq" => iq_kind(&element)?,
        name => return Err(malformed(&element, &format!("<{name}/> is not a stanza"))),
    };
    Ok(Stanza {
        from,
        to,
        id,
        kind,
        element,
    })
}

fn jid_attr(element: &Element, name: &str) -> Result<Jid, Malformed> {
    let Some(text) = element.attr(name) else {
        return Err(malformed(
            element,
            &format!("the stanza has no “{name}” address"),
        ));
    };
    Jid::new(text).map_err(|error| {
        let why = format!("the “{name}” address of the stanza is no JID ({error})");
        Malformed {
            answer: error_reply(element, Condition::JidMalformed, &why).map(Box::new),
            why,
        }
    })
}

fn malformed(element: &Element, why: &str) -> Malformed {
    Malformed {
        why: why.to_owned(),
        answer: error_reply(element, Condition::BadRequest, why).map(Box::new),
    }
}

fn message_kind(element: &Element) -> StanzaKind {
    match element.attr("type") {
        Some("error") => StanzaKind::Returned(returned(element)),
        Some("groupchat") => StanzaKind::Groupchat,
        // RFC 6121 §5.2.2: an unknown type is read as normal.
        _ => StanzaKind::Message(Box::new(message(element))),
    }
}

fn returned(element: &Element) -> ReturnedMessage {
    let error = element.get_child("error", ns::COMPONENT);
    let children = error.into_iter().flat_map(Element::children);
    let stanza_errors = children.filter(|child| child.has_ns(ns::XMPP_STANZAS));
    let (mut condition, mut text) = (None, None);
    for child in stanza_errors {
        match child.name() {
            "text" => text = text.or_else(|| line(&child.text())),
            name => condition = condition.or_else(|| Condition::parse(name)),
        }
    }
    ReturnedMessage {
        condition: condition.unwrap_or(Condition::UndefinedCondition),
        is_warning: error.and_then(|error| error.attr("type")) == Some("continue"),
        text,
    }
}

fn message(element: &Element) -> StanzaMessage {
    let subject = spoken::in_language(element, "subject");
    let mut message = StanzaMessage {
        body: spoken::text(Language::ENGLISH, element),
        subject: subject.and_then(|subject| line(&subject.text())),
        encrypted: spoken::is_otr(element),
        ..StanzaMessage::default()
    };
    for child in element.children() {
        read_payload(&mut message, child);
        message.act = message.act.take().or_else(|| act(child));
    }
    let body = spoken::in_language(element, "body").map(Element::text);
    message.files = file::files(element, body.as_deref());
    message
}

/// The same message for a user of another language than English, where the gateway has put in words what only clients show.
pub fn in_words_of(
    language: Language,
    stanza: &Stanza,
    message: &StanzaMessage,
) -> Option<StanzaMessage> {
    if language == Language::ENGLISH {
        return None;
    }
    let body = spoken::text(language, &stanza.element);
    (body != message.body).then(|| StanzaMessage {
        body,
        ..message.clone()
    })
}

/// What a client does by this child of a message.
fn act(child: &Element) -> Option<StanzaAct> {
    let namespace = child.ns();
    let id = |element: &Element| element.attr("id").and_then(StanzaId::parse);
    match (child.name(), namespace.as_str()) {
        ("retract", RETRACT) => id(child).map(StanzaAct::Retract),
        // As it was first written.
        ("apply-to", FASTEN) => {
            let holds = child
                .children()
                .any(|inner| inner.is("retract", FIRST_RETRACT));
            id(child).filter(|_| holds).map(StanzaAct::Retract)
        }
        ("propose", ns::JINGLE_MESSAGE) | ("invite", CALL_INVITES) => Some(StanzaAct::Call {
            id: child.attr("id").unwrap_or_default().to_owned(),
            namespace,
        }),
        ("x", ns::MUC_USER) => {
            let invite = child.get_child("invite", ns::MUC_USER)?;
            Some(StanzaAct::Invite {
                from: invite.attr("from")?.to_owned(),
            })
        }
        ("attention", ns::ATTENTION) => Some(StanzaAct::Attention),
        _ => None,
    }
}

fn read_payload(message: &mut StanzaMessage, child: &Element) {
    let child_ns = child.ns();
    message.is_reaction |= child.is("reactions", REACTIONS);
    match (child.name(), child_ns.as_str()) {
        ("thread", ns::COMPONENT) => message.thread = ThreadId::parse(&child.text()),
        ("nick", ns::NICK) => message.nick = line(&child.text()),
        ("delay", ns::DELAY) => {
            message.delay = child.attr("stamp").and_then(Timestamp::from_xep0082)
        }
        ("origin-id", ns::SID) => message.origin_id = child.attr("id").and_then(StanzaId::parse),
        ("reply", REPLY) => message.reply_to = child.attr("id").and_then(StanzaId::parse),
        ("received", ns::RECEIPTS | CHAT_MARKERS)
        | ("displayed", CHAT_MARKERS)
        | ("reactions", REACTIONS)
            if message.reply_to.is_none() =>
        {
            message.reply_to = child.attr("id").and_then(StanzaId::parse);
        }
        ("request", ns::RECEIPTS) => message.wants_receipt = true,
        ("markable", CHAT_MARKERS) => message.markable = true,
        ("unstyled", STYLING) => message.is_unstyled = true,
        ("replace", ns::MESSAGE_CORRECT) => message.is_correction = true,
        ("addresses", ADDRESS) => {
            message.addresses = child.children().filter_map(addressee).collect()
        }
        known if ENCRYPTED.contains(&known) => message.encrypted = true,
        _ => {}
    }
}

fn line(text: &str) -> Option<String> {
    let line = clean::for_header(text, crate::core::limits::HEADER_TEXT_CHARS_MAX);
    (!line.is_empty()).then_some(line)
}

/// XEP-0033 §4.2. `delivered='true'` means that somebody else has served it already; `replyto` and `noreply` are not recipients.
fn addressee(address: &Element) -> Option<Addressee> {
    if !address.is("address", ADDRESS) || address.attr("delivered") == Some("true") {
        return None;
    }
    let role = match address.attr("type")? {
        "to" => Role::To,
        "cc" => Role::Cc,
        "bcc" => Role::Bcc,
        _ => return None,
    };
    let target = match (address.attr("jid"), address.attr("uri")) {
        (Some(jid), _) => AddressTarget::Jid(jid.to_owned()),
        (None, Some(uri)) => AddressTarget::Mail(uri.strip_prefix("mailto:")?.to_owned()),
        (None, None) => return None,
    };
    Some(Addressee { role, target })
}

fn presence_kind(element: &Element) -> Result<StanzaKind, Malformed> {
    Ok(StanzaKind::Presence(match element.attr("type") {
        None => Presence::Available,
        Some("unavailable") => Presence::Unavailable,
        Some("subscribe") => Presence::Subscribe,
        Some("subscribed") => Presence::Subscribed,
        Some("unsubscribe") => Presence::Unsubscribe,
        Some("unsubscribed") => Presence::Unsubscribed,
        Some("probe") => Presence::Probe,
        Some("error") => return Ok(StanzaKind::Silent),
        Some(other) => {
            return Err(malformed(
                element,
                &format!("“{}” is no type of presence", brief(other)),
            ));
        }
    }))
}

/// What an available presence says (RFC 6121 §4.7.2), cleaned; `None` for all other types.
pub fn state(presence: &Element) -> Option<PresenceState> {
    if presence.attr("type").is_some() {
        return None;
    }
    let content = |name: &str| presence.get_child(name, ns::COMPONENT).map(Element::text);
    let status = content("status").map(|status| clean::for_xml(status.trim()));
    Some(PresenceState {
        show: content("show").and_then(|show| Show::parse(&show)),
        status: status.filter(|status| !status.is_empty()),
        priority: content("priority")
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or_default(),
    })
}

fn iq_kind(element: &Element) -> Result<StanzaKind, Malformed> {
    let set = match element.attr("type") {
        Some("get") => false,
        Some("set") => true,
        Some("result") => {
            let payload = element.children().next().cloned();
            return Ok(payload.map_or(StanzaKind::Silent, StanzaKind::Answered));
        }
        Some("error") => return Ok(StanzaKind::Unanswered(returned(element).condition)),
        _ => {
            return Err(malformed(
                element,
                "the type of an iq is get, set, result or error",
            ));
        }
    };
    match (element.attr("id"), element.children().next()) {
        (Some(_), Some(payload)) => Ok(StanzaKind::Request {
            set,
            payload: payload.clone(),
        }),
        _ => Err(malformed(
            element,
            "an iq of type get or set has an id and one child",
        )),
    }
}

fn brief(text: &str) -> String {
    clean::for_header(text, 40)
}
