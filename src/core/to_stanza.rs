//! Packaging unit, XMPP side: typed values become stanzas. Every stanza has both addresses; `from` is always at the
//! gateway's own domain, else the server ends the stream.

pub mod file;
pub mod pep;

use crate::core::carried;
use crate::core::id::StanzaId;
use crate::core::language::Language;
use crate::core::limits;
use crate::core::message::{InboundMessage, Other};
use crate::core::record::PresenceState;
use crate::core::time::Timestamp;
use crate::core::xml::{
    self, ADDRESS, Build, CHAT_MARKERS, CORRECTION, FALLBACK, HINTS, REACTIONS, REPLY, empty, text,
};
use jid::{BareJid, Jid};
use minidom::Element;
use rxml::{Namespace, xml_ncname};
use std::ops::Range;
use xmpp_parsers::ns;

/// The resource from which a contact is available. A contact is one mailbox, so there is one.
pub const CONTACT_RESOURCE: &str = "mail";

/// The resource from which the gateway itself is available.
pub const GATEWAY_RESOURCE: &str = "gateway";

/// RFC 6120 §8.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `<bad-request/>`
    BadRequest,
    /// `<conflict/>`
    Conflict,
    /// `<feature-not-implemented/>`
    FeatureNotImplemented,
    /// `<forbidden/>`
    Forbidden,
    /// `<gone/>`
    Gone,
    /// `<internal-server-error/>`
    InternalServerError,
    /// `<item-not-found/>`
    ItemNotFound,
    /// `<jid-malformed/>`
    JidMalformed,
    /// `<not-acceptable/>`
    NotAcceptable,
    /// `<not-allowed/>`
    NotAllowed,
    /// `<not-authorized/>`
    NotAuthorized,
    /// `<policy-violation/>`
    PolicyViolation,
    /// `<recipient-unavailable/>`
    RecipientUnavailable,
    /// `<redirect/>`
    Redirect,
    /// `<registration-required/>`
    RegistrationRequired,
    /// `<remote-server-not-found/>`
    RemoteServerNotFound,
    /// `<remote-server-timeout/>`
    RemoteServerTimeout,
    /// `<resource-constraint/>`
    ResourceConstraint,
    /// `<service-unavailable/>`
    ServiceUnavailable,
    /// `<subscription-required/>`
    SubscriptionRequired,
    /// `<undefined-condition/>`
    UndefinedCondition,
    /// `<unexpected-request/>`
    UnexpectedRequest,
}

impl Condition {
    /// All of them, in the order of RFC 6120.
    pub const ALL: [Self; 22] = [
        Self::BadRequest,
        Self::Conflict,
        Self::FeatureNotImplemented,
        Self::Forbidden,
        Self::Gone,
        Self::InternalServerError,
        Self::ItemNotFound,
        Self::JidMalformed,
        Self::NotAcceptable,
        Self::NotAllowed,
        Self::NotAuthorized,
        Self::PolicyViolation,
        Self::RecipientUnavailable,
        Self::Redirect,
        Self::RegistrationRequired,
        Self::RemoteServerNotFound,
        Self::RemoteServerTimeout,
        Self::ResourceConstraint,
        Self::ServiceUnavailable,
        Self::SubscriptionRequired,
        Self::UndefinedCondition,
        Self::UnexpectedRequest,
    ];

    /// Reads an element's name; `None` where there is no such condition.
    pub fn parse(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|condition| condition.name() == name)
    }

    /// The element's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::Conflict => "conflict",
            Self::FeatureNotImplemented => "feature-not-implemented",
            Self::Forbidden => "forbidden",
            Self::Gone => "gone",
            Self::InternalServerError => "internal-server-error",
            Self::ItemNotFound => "item-not-found",
            Self::JidMalformed => "jid-malformed",
            Self::NotAcceptable => "not-acceptable",
            Self::NotAllowed => "not-allowed",
            Self::NotAuthorized => "not-authorized",
            Self::PolicyViolation => "policy-violation",
            Self::RecipientUnavailable => "recipient-unavailable",
            Self::Redirect => "redirect",
            Self::RegistrationRequired => "registration-required",
            Self::RemoteServerNotFound => "remote-server-not-found",
            Self::RemoteServerTimeout => "remote-server-timeout",
            Self::ResourceConstraint => "resource-constraint",
            Self::ServiceUnavailable => "service-unavailable",
            Self::SubscriptionRequired => "subscription-required",
            Self::UndefinedCondition => "undefined-condition",
            Self::UnexpectedRequest => "unexpected-request",
        }
    }

    /// The error type that RFC 6120 gives it.
    fn error_type(self) -> &'static str {
        match self {
            Self::BadRequest
            | Self::JidMalformed
            | Self::NotAcceptable
            | Self::PolicyViolation
            | Self::Redirect => "modify",
            Self::Forbidden
            | Self::NotAuthorized
            | Self::RegistrationRequired
            | Self::SubscriptionRequired => "auth",
            Self::RecipientUnavailable
            | Self::RemoteServerTimeout
            | Self::ResourceConstraint
            | Self::UnexpectedRequest => "wait",
            _ => "cancel",
        }
    }
}

/// The answer to a stanza that is refused (RFC 6120 §8.3.1): addresses swapped, same id, no payload sent back. `None` for
/// what is never answered: errors, results, presence other than a subscription request, and what has no sender.
pub fn error_reply(stanza: &Element, condition: Condition, why: &str) -> Option<Element> {
    let (from, to) = (stanza.attr("from")?, stanza.attr("to")?);
    let answered = match (stanza.name(), stanza.attr("type")) {
        (_, Some("error" | "result")) => false,
        ("presence", kind) => matches!(kind, Some("subscribe")),
        ("message" | "iq", _) => true,
        _ => false,
    };
    answered.then(|| {
        error(
            StanzaHeader {
                name: stanza.name(),
                from: to,
                to: from,
                id: stanza.attr("id"),
            },
            condition,
            why,
        )
    })
}

/// What every stanza has (RFC 6120 §8.1).
#[derive(Clone, Copy, Debug)]
pub struct StanzaHeader<'a> {
    /// `message`, `presence` or `iq`.
    pub name: &'a str,
    /// Who sends it.
    pub from: &'a str,
    /// For whom it is.
    pub to: &'a str,
    /// Its id, where it has one.
    pub id: Option<&'a str>,
}

impl StanzaHeader<'_> {
    fn stanza(self, kind: &str) -> Build {
        stanza(self.name, self.from, self.to)
            .attr("type", kind)
            .attr_if("id", self.id)
    }
}

/// An error stanza.
pub fn error(header: StanzaHeader<'_>, condition: Condition, why: &str) -> Element {
    let error = Build::new("error", ns::COMPONENT)
        .attr("type", condition.error_type())
        .child(empty(condition.name(), ns::XMPP_STANZAS))
        .child(text("text", ns::XMPP_STANZAS, why))
        .done();
    header.stanza("error").child(error).done()
}

/// RFC 6121 §3.1.3: what the user asked a contact for by presence has come to nothing.
pub fn request_failed(
    (from, to): (&BareJid, &BareJid),
    id: Option<&str>,
    condition: Condition,
    why: &str,
) -> Element {
    let header = StanzaHeader {
        name: "presence",
        from: from.as_str(),
        to: to.as_str(),
        id,
    };
    error(header, condition, why)
}

/// A message that a mail became.
pub fn message(inbound: &InboundMessage) -> Element {
    let kind = if inbound.is_headline {
        "headline"
    } else {
        "chat"
    };
    let mut build = stanza("message", inbound.from.jid.as_str(), inbound.to.as_str())
        .attr("type", kind)
        .attr("id", inbound.stanza_id.as_str());
    if let Some(subject) = &inbound.subject {
        build = build.child(text("subject", ns::COMPONENT, subject));
    }
    build = build
        .child(text("body", ns::COMPONENT, &inbound.text))
        .child(text("thread", ns::COMPONENT, inbound.thread.as_str()))
        .child(
            Build::new("origin-id", ns::SID)
                .attr("id", inbound.stanza_id.as_str())
                .done(),
        );
    if let Some(name) = &inbound.from.name {
        build = build.child(text("nick", ns::NICK, name));
    }
    if let Some(answered) = &inbound.answered {
        let reply = Build::new("reply", REPLY).attr("to", inbound.to.as_str());
        build = build.child(reply.attr("id", answered.as_str()).done());
        build = build.children(inbound.quotation.as_ref().map(fallback));
    }
    build = build.children(
        inbound
            .delayed
            .and_then(|stamp| delay(&inbound.from.jid, stamp)),
    );
    if inbound.is_markable {
        build = build.child(empty("markable", CHAT_MARKERS));
    }
    let mut message = build.done();
    add_addresses(&mut message, &inbound.others);
    message
}

/// XEP-0461 §3.1: what clients need not show that show the message itself.
fn fallback(range: &Range<usize>) -> Element {
    let body = Build::new("body", FALLBACK)
        .attr("start", &range.start.to_string())
        .attr("end", &range.end.to_string());
    Build::new("fallback", FALLBACK)
        .attr("for", REPLY)
        .child(body.done())
        .done()
}

/// Whether servers take a stanza of this size, as it leaves.
pub fn fits(stanza: &Element) -> bool {
    let mut octets = Vec::new();
    let written = xml::write_in(ns::COMPONENT, stanza, &mut octets);
    written.is_ok() && octets.len() <= limits::STANZA_OCTETS_MAX
}

/// XEP-0033: who else got the mail, if anybody; without their names, or not at all, where the message would be too big with them.
pub fn add_addresses(message: &mut Element, others: &[Other]) {
    let nameless = |other: &Other| Other {
        name: None,
        ..other.clone()
    };
    let nameless: Vec<Other> = others.iter().map(nameless).collect();
    for others in [others, &nameless] {
        let Some(addresses) = addresses(others) else {
            return;
        };
        message.append_child(addresses);
        if fits(message) {
            return;
        }
        message.remove_child("addresses", ADDRESS);
    }
}

/// All are delivered: the mail servers saw to it.
fn addresses(others: &[Other]) -> Option<Element> {
    let addresses = others.iter().map(|other| {
        let address = Build::new("address", ADDRESS)
            .attr("type", other.role)
            .attr("delivered", "true");
        address
            .attr("jid", other.jid.as_str())
            .attr_if("desc", other.name.as_deref())
            .done()
    });
    (!others.is_empty()).then(|| Build::new("addresses", ADDRESS).children(addresses).done())
}

/// XEP-0184: the mail was taken.
pub fn receipt(from: &BareJid, to: &Jid, received: &StanzaId, id: &str) -> Element {
    stanza("message", from.as_str(), to.as_str())
        .attr("id", id)
        .child(
            Build::new("received", ns::RECEIPTS)
                .attr("id", received.as_str())
                .done(),
        )
        .done()
}

/// XEP-0333: the contact was shown the message. Kept for who is not there (XEP-0334), since it has no body.
pub fn displayed(from: &BareJid, to: &BareJid, shown: &StanzaId, id: &str) -> Element {
    let marker = Build::new("displayed", CHAT_MARKERS).attr("id", shown.as_str());
    stanza("message", from.as_str(), to.as_str())
        .attr("type", "chat")
        .attr("id", id)
        .child(marker.done())
        .child(empty("store", HINTS))
        .done()
}

/// XEP-0444: the contact reacts to a message. The text is for clients that do not know that (XEP-0428).
pub fn reactions(
    (from, to): (&BareJid, &BareJid),
    id: &StanzaId,
    about: &StanzaId,
    emoji: &[String],
    body: &str,
) -> Element {
    let each = emoji.iter().map(|one| text("reaction", REACTIONS, one));
    let reactions = Build::new("reactions", REACTIONS).attr("id", about.as_str());
    let fallback = Build::new("fallback", FALLBACK).attr("for", REACTIONS);
    let mut message = words(from.as_str(), to.as_str(), id.as_str(), body);
    message.append_child(reactions.children(each).done());
    message.append_child(fallback.child(empty("body", FALLBACK)).done());
    message.append_child(empty("store", HINTS));
    message
}

/// XEP-0308: the contact puts another text in the place of a message.
pub fn correction(
    from: &BareJid,
    to: &BareJid,
    id: &StanzaId,
    about: &StanzaId,
    body: &str,
) -> Element {
    let mut message = words(from.as_str(), to.as_str(), id.as_str(), body);
    let replace = Build::new("replace", CORRECTION).attr("id", about.as_str());
    message.append_child(replace.done());
    message
}

/// Words of whomever, from a contact or from the gateway.
pub fn words(from: &str, to: &str, id: &str, body: &str) -> Element {
    let message = stanza("message", from, to)
        .attr("type", "chat")
        .attr("id", id);
    message.child(text("body", ns::COMPONENT, body)).done()
}

/// A sentence of the gateway itself, in this language (RFC 6120 §8.1.5).
pub fn notice(language: Language, (from, to): (&str, &str), id: &str, body: &str) -> Element {
    let mut notice = words(from, to, id, body);
    let lang = xml_ncname!("lang").to_ncname();
    notice.set_attr(Namespace::XML, lang, language.tag());
    notice
}

/// The same about a message of the user (XEP-0461).
pub fn notice_on(
    language: Language,
    (from, user): (&str, &str),
    (id, about): (&str, Option<&str>),
    body: &str,
) -> Element {
    let reply = |about| {
        Build::new("reply", REPLY)
            .attr("to", user)
            .attr("id", about)
    };
    let mut notice = notice(language, (from, user), id, body);
    if let Some(about) = about {
        notice.append_child(reply(about).done());
    }
    notice
}

/// Anything to a user or the user's server, with one child.
pub fn to_user(header: StanzaHeader<'_>, kind: &str, child: Element) -> Element {
    header.stanza(kind).child(child).done()
}

/// XEP-0353 or XEP-0482: nobody takes the call. Kept for a client that is away (XEP-0334), so that it does not ring later.
pub fn call_rejected(from: &str, to: &str, id: &str, namespace: &str) -> Element {
    let reason = Build::new("reason", ns::JINGLE)
        .child(empty("decline", ns::JINGLE))
        .done();
    let reject = Build::new("reject", namespace).attr("id", id);
    let reject = match namespace {
        ns::JINGLE_MESSAGE => reject.child(reason),
        _ => reject,
    };
    stanza("message", from, to)
        .attr("type", "chat")
        .child(reject.done())
        .child(empty("store", HINTS))
        .done()
}

/// XEP-0045 §7.8.2.
pub fn invitation_declined(from: &str, room: &str, inviter: &str, why: &str) -> Element {
    let decline = Build::new("decline", ns::MUC_USER)
        .attr("to", inviter)
        .child(text("reason", ns::MUC_USER, why))
        .done();
    let decline = Build::new("x", ns::MUC_USER).child(decline).done();
    stanza("message", from, room).child(decline).done()
}

/// XEP-0199: is this client there?
pub fn ping(from: &str, to: &str, id: &str) -> Element {
    let ping = stanza("iq", from, to).attr("type", "get").attr("id", id);
    ping.child(empty("ping", ns::PING)).done()
}

/// Presence without a status: subscription stanzas and `unavailable`.
pub fn presence(from: &str, to: &BareJid, kind: &str) -> Element {
    stanza("presence", from, to.as_str())
        .attr("type", kind)
        .done()
}

/// A request for the user's presence, with the name of who asks (XEP-0172).
pub fn subscribe(from: &str, to: &BareJid, nick: Option<&str>) -> Element {
    let nick = nick.map(|nick| text("nick", ns::NICK, nick));
    stanza("presence", from, to.as_str())
        .attr("type", "subscribe")
        .children(nick)
        .done()
}

/// What a contact's own gateway said of its presence.
pub fn presence_state(from: &str, to: &BareJid, state: &PresenceState) -> Element {
    let show = state
        .show
        .map(|show| text("show", ns::COMPONENT, show.as_str()));
    let status = state
        .status
        .as_ref()
        .map(|status| text("status", ns::COMPONENT, status));
    let priority =
        (state.priority != 0).then(|| text("priority", ns::COMPONENT, &state.priority.to_string()));
    stanza("presence", from, to.as_str())
        .children(show)
        .children(status)
        .children(priority)
        .done()
}

/// A contact is not there, with its last words.
pub fn unavailable(from: &str, to: &BareJid, status: Option<&str>) -> Element {
    let status = status.map(|status| text("status", ns::COMPONENT, status));
    stanza("presence", from, to.as_str())
        .attr("type", "unavailable")
        .children(status)
        .done()
}

/// A message as another gateway carried it. `delayed` is when it was written, where that was a while ago and the message
/// itself does not say so. What it says of a time that is still to come is left out: clients would sort it below all that
/// follows.
pub fn carried(
    (from, to): (&BareJid, &BareJid),
    id: &StanzaId,
    message: &carried::CarriedMessage,
    delayed: Option<Timestamp>,
    now: Timestamp,
) -> Element {
    let is_delay = |payload: &Element| payload.is("delay", ns::DELAY);
    let is_to_come = |payload: &Element| {
        let stamp = payload.attr("stamp").and_then(Timestamp::from_xep0082);
        is_delay(payload) && stamp.is_none_or(|stamp| stamp > now)
    };
    let mut payloads = message.payloads.clone();
    payloads.retain(|payload| !is_to_come(payload));
    let says_so = payloads.iter().any(is_delay);
    let delay = delayed
        .filter(|_| !says_so)
        .and_then(|stamp| delay(from, stamp));
    let mut element = stanza("message", from.as_str(), to.as_str())
        .attr("type", message.kind.as_str())
        .attr("id", id.as_str())
        .children(payloads)
        .children(delay)
        .done();
    if let Some(lang) = &message.lang {
        element.set_attr(Namespace::XML, xml_ncname!("lang").to_ncname(), lang);
    }
    element
}

/// XEP-0203: since when it waits.
pub fn delay(from: &BareJid, stamp: Timestamp) -> Option<Element> {
    let stamp = stamp.to_xep0082()?;
    let delay = Build::new("delay", ns::DELAY).attr("from", from.domain().as_str());
    Some(delay.attr("stamp", &stamp).done())
}

/// A contact is there: `show` as RFC 6121 §4.7.2.1 has it, or `None` for plainly available.
pub fn available(from: &str, to: &BareJid, show: Option<&str>, status: &str) -> Element {
    let mut build = stanza("presence", from, to.as_str());
    if let Some(show) = show {
        build = build.child(text("show", ns::COMPONENT, show));
    }
    build.child(text("status", ns::COMPONENT, status)).done()
}

/// The result of a request, with or without content.
pub fn result(request: &Element, payload: Option<Element>) -> Option<Element> {
    let (from, to) = (request.attr("from")?, request.attr("to")?);
    let iq = stanza("iq", to, from)
        .attr("type", "result")
        .attr_if("id", request.attr("id"));
    Some(iq.children(payload).done())
}

fn stanza(name: &str, from: &str, to: &str) -> Build {
    Build::new(name, ns::COMPONENT)
        .attr("from", from)
        .attr("to", to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::carried::MessageType;

    #[test]
    fn a_time_that_is_still_to_come_is_not_carried_on() {
        let now = Timestamp::from_secs(1_790_000_000);
        let jid = |text: &str| BareJid::new(text).unwrap();
        let stamps = |stamp: &str, delayed: Option<Timestamp>| {
            let delay = Build::new("delay", ns::DELAY).attr("stamp", stamp).done();
            let message = carried::CarriedMessage {
                kind: MessageType::Chat,
                id: None,
                payloads: vec![text("body", ns::COMPONENT, "Hi"), delay],
                lang: None,
            };
            let id = StanzaId::parse("m1").unwrap();
            let (from, to) = (jid("b@gateway.a.example"), jid("alice@a.example"));
            let stanza = super::carried((&from, &to), &id, &message, delayed, now);
            let delays = stanza.children().filter(|child| child.name() == "delay");
            let stamps = delays.filter_map(|delay| delay.attr("stamp"));
            stamps.map(str::to_owned).collect::<Vec<_>>()
        };
        let before = "2026-09-21T14:13:19Z";
        assert_eq!(stamps(before, None), [before]);
        assert_eq!(stamps("9999-12-31T23:59:59Z", None), [""; 0]);
        assert_eq!(stamps("tomorrow", None), [""; 0]);
        let hour_ago = Timestamp::from_secs(1_790_000_000 - 3600);
        assert_eq!(
            stamps("2027-01-01T00:00:00Z", Some(hour_ago)),
            ["2026-09-21T13:13:20Z"]
        );
    }
}
