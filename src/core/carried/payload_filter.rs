//! Which children of a message pass between a stanza and a mail. What is unknown passes, or no new extension would ever
//! work over mail; what could act on the receiving server, make a client join, ring or confirm, or bring in words of
//! somebody else does not.

use super::line;
use crate::core::id::ThreadId;
use crate::core::limits;
use crate::core::text::clean;
use crate::core::xml::HINTS;
use minidom::{Element, Node};
use xmpp_parsers::ns;

/// Which namespaces an entry of [`REFUSED`] means.
enum Match {
    /// This one.
    Is(&'static str),
    /// All that begin so: every version of a protocol, and its parts.
    Begins(&'static str),
}
use Match::{Begins, Is};

impl Match {
    fn matches(&self, namespace: &str) -> bool {
        match self {
            Is(one) => namespace == *one,
            Begins(start) => namespace.starts_with(start),
        }
    }
}

/// What does not pass, with the reason. An element that has one of these anywhere inside does not pass either: half of
/// it may mean something else.
const REFUSED: [(Match, &str); 62] = [
    // Words of somebody else, or words that only the own server may say.
    (Begins("urn:xmpp:carbons:"), "copies of messages of others"),
    (
        Begins("urn:xmpp:forward:"),
        "stanzas with addresses of their own",
    ),
    (Begins("urn:xmpp:mam:"), "messages out of an archive"),
    (
        Begins("urn:xmpp:privilege:"),
        "stanzas in the name of users",
    ),
    (
        Begins("urn:xmpp:delegation:"),
        "stanzas in the name of the server",
    ),
    (
        Begins("http://jabber.org/protocol/address"),
        "addresses; the mail's own are the only ones",
    ),
    (
        Begins("http://jabber.org/protocol/pubsub"),
        "a client takes them for its own server's",
    ),
    (
        Begins("urn:xmpp:push:"),
        "a client takes them for its own server's",
    ),
    (Begins("urn:xmpp:reporting:"), "for servers"),
    (Begins("urn:xmpp:blocking"), "for servers"),
    (Begins("urn:xmpp:spoofing"), "for servers"),
    // End-to-end encryption: its sessions are bound to addresses that are not the same at both ends.
    (
        Is("eu.siacs.conversations.axolotl"),
        "cannot be decrypted at the other end",
    ),
    (
        Begins("urn:xmpp:omemo:"),
        "cannot be decrypted at the other end",
    ),
    (Begins("urn:xmpp:eme:"), "says that a body is none"),
    (
        Begins("urn:xmpp:openpgp:"),
        "cannot be decrypted at the other end",
    ),
    (
        Begins("urn:xmpp:otr:"),
        "cannot be decrypted at the other end",
    ),
    (
        Is("jabber:x:encrypted"),
        "cannot be decrypted at the other end",
    ),
    (Is("jabber:x:signed"), "cannot be verified at the other end"),
    (Begins("urn:xmpp:tm:"), "decides which keys are trusted"),
    (Begins("urn:xmpp:atm:"), "decides which keys are trusted"),
    // Rooms are not carried; invitations make clients join.
    (Begins("http://jabber.org/protocol/muc"), "rooms"),
    (Is("jabber:x:conference"), "invitations to rooms"),
    (Begins("urn:xmpp:mix:"), "rooms"),
    (Begins("urn:xmpp:mucsub:"), "rooms"),
    (Begins("urn:xmpp:occupant-id:"), "rooms"),
    (Begins("urn:xmpp:message-moderate:"), "rooms"),
    // What a client asks its user to do, or does at once.
    (Is("jabber:x:data"), "forms"),
    (Begins("urn:xmpp:captcha"), "forms"),
    (
        Begins("http://jabber.org/protocol/http-auth"),
        "asks to confirm a login",
    ),
    (
        Begins("http://jabber.org/protocol/rosterx"),
        "changes the contact list",
    ),
    (Is("jabber:x:roster"), "changes the contact list"),
    (Begins("urn:xmpp:pars:"), "approves subscriptions"),
    (
        Begins("urn:xmpp:jingle-message:"),
        "calls, which need a stream",
    ),
    (
        Begins("urn:xmpp:call-invites:"),
        "calls, which need a stream",
    ),
    (Is("urn:xmpp:jingle:1"), "calls, which need a stream"),
    (Begins("http://jabber.org/protocol/commands"), "commands"),
    (Begins("http://jabber.org/protocol/si"), "streams"),
    (Begins("http://jabber.org/protocol/bytestreams"), "streams"),
    (Begins("http://jabber.org/protocol/ibb"), "streams"),
    (
        Begins("http://jabber.org/protocol/feature-neg"),
        "negotiates with an address that the other end does not have",
    ),
    (
        Begins("http://jabber.org/protocol/disco"),
        "of the sender's client, not of the contact",
    ),
    (
        Is("http://jabber.org/protocol/caps"),
        "of the sender's client, not of the contact",
    ),
    (
        Begins("vcard-temp"),
        "a client would ask the contact for it",
    ),
    (Begins("jabber:iq:"), "requests"),
    (Begins("urn:xmpp:attention"), "makes a client ring or shake"),
    // For servers on the way: they would answer, or keep or lose the message.
    (Is("http://jabber.org/protocol/amp"), "rules for servers"),
    (Is("http://jabber.org/protocol/shim"), "headers for servers"),
    (Is("jabber:x:expire"), "rules for servers"),
    (Begins("google:"), "rules for servers"),
    // Its successor has limits that hold for it.
    (Is("jabber:x:delay"), "a time of old, which may be to come"),
    (Begins("urn:xmpp:sm:"), "the stream's own"),
    (Begins("urn:xmpp:sasl:"), "the stream's own"),
    (Begins("urn:xmpp:bind:"), "the stream's own"),
    (Begins("urn:xmpp:csi:"), "the stream's own"),
    (
        Begins("urn:ietf:params:xml:ns:xmpp-"),
        "the stream's own, and errors",
    ),
    (
        Begins("http://etherx.jabber.org/streams"),
        "the stream's own",
    ),
    (Begins("jabber:component:"), "the stream's own"),
    (Is("jabber:server"), "the stream's own"),
    // Over before the mail is there.
    (
        Is("http://jabber.org/protocol/chatstates"),
        "typing notices",
    ),
    (Is("jabber:x:event"), "typing notices"),
    // A second body, which clients render with a browser's code.
    (
        Begins("http://jabber.org/protocol/xhtml-im"),
        "formatted text",
    ),
    (Begins("http://www.w3.org/"), "formatted text"),
];

/// The only hint of XEP-0334 that passes: with the others the own server of the user would keep nothing of the message, and one
/// who is not there would never get it.
const HINT: &str = "store";

/// Names of elements and attributes whose text is a link.
const LINKS: [&str; 5] = ["url", "uri", "href", "src", "target"];
/// Where a link may lead. A client may open it without asking, and `file:` is on the user's own machine.
const SCHEMES: [&str; 9] = [
    "https", "http", "xmpp", "mailto", "geo", "tel", "cid", "urn", "ni",
];

const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];

/// Attributes that hold addresses. Those of one end are not those of the other, and whoever writes a mail can write any.
const ADDRESS_ATTRIBUTES: [&str; 4] = ["from", "to", "jid", "by"];

/// What accompanies a message and says nothing by itself.
const ACCOMPANIES: [(&str, &str); 9] = [
    ("nick", ns::NICK),
    ("request", ns::RECEIPTS),
    ("markable", "urn:xmpp:chat-markers:0"),
    ("origin-id", ns::SID),
    ("delay", ns::DELAY),
    ("replace", "urn:xmpp:message-correct:0"),
    ("reply", "urn:xmpp:reply:0"),
    ("fallback", "urn:xmpp:fallback:0"),
    ("unstyled", "urn:xmpp:styling:0"),
];

/// The namespace that stanzas have on the one side, and the one that they get.
#[derive(Clone, Copy)]
struct Sides<'a> {
    from: &'a str,
    to: &'a str,
}

/// The children of a message in namespace `from` that pass, as they stand in a message in namespace `to`.
pub(super) fn payloads(message: &Element, from: &str, to: &str) -> Vec<Element> {
    let sides = Sides { from, to };
    let children = message.children();
    children.filter_map(|child| payload(child, sides)).collect()
}

/// Whether a child that passed is reason enough for a mail or a stanza.
pub(super) fn means_something(payload: &Element) -> bool {
    let namespace = payload.ns();
    let (name, namespace) = (payload.name(), namespace.as_str());
    let is_thread = name == "thread" && is_of_stanzas(namespace);
    !is_thread && namespace != HINTS && !ACCOMPANIES.contains(&(name, namespace))
}

fn payload(child: &Element, sides: Sides<'_>) -> Option<Element> {
    match (child.name(), child.ns().as_str()) {
        ("body", namespace) if namespace == sides.from => {
            let text = clean::for_xml(&child.text());
            let text = Some(text).filter(|text| !text.trim().is_empty())?;
            Some(with_text(child, sides, &text))
        }
        ("subject", namespace) if namespace == sides.from => {
            Some(with_text(child, sides, &line(&child.text())?))
        }
        ("thread", namespace) if namespace == sides.from => {
            let thread = ThreadId::parse(&clean::for_xml(&child.text()))?;
            Some(with_text(child, sides, thread.as_str()))
        }
        ("nick", ns::NICK) => {
            let nick = line(&child.text())?;
            Some(with_text(child, sides, &nick))
        }
        (_, namespace) if namespace.is_empty() || is_of_stanzas(namespace) => None,
        _ => copied(child, sides, 1),
    }
}

fn with_text(element: &Element, sides: Sides<'_>, text: &str) -> Element {
    let mut copy = bare(element, sides);
    copy.append_text(text);
    copy
}

/// The element with its attributes but without addresses.
fn bare(element: &Element, sides: Sides<'_>) -> Element {
    let namespace = element.ns();
    let namespace = if namespace == sides.from {
        sides.to
    } else {
        &namespace
    };
    let mut copy = Element::bare(element.name(), namespace);
    for ((namespace, name), value) in element.attrs() {
        if !ADDRESS_ATTRIBUTES.contains(&name.as_str()) {
            copy.set_attr(namespace.clone(), name.clone(), clean::for_xml(value));
        }
    }
    copy
}

/// The element with all that is in it; `None` where anything of it is refused.
fn copied(element: &Element, sides: Sides<'_>, depth: usize) -> Option<Element> {
    if depth > limits::STANZA_DEPTH_MAX || is_refused(element, sides) {
        return None;
    }
    let mut copy = bare(element, sides);
    for node in element.nodes() {
        match node {
            Node::Element(child) => {
                copy.append_child(copied(child, sides, depth.saturating_add(1))?);
            }
            Node::Text(text) => {
                let text = clean::for_xml(text);
                if !text.is_empty() {
                    copy.append_text(text);
                }
            }
        }
    }
    Some(copy)
}

fn is_refused(element: &Element, sides: Sides<'_>) -> bool {
    let namespace = element.ns();
    match (element.name(), namespace.as_str()) {
        _ if !links(element).all(|link| is_harmless(&link)) => true,
        ("message" | "presence" | "iq", one) if one == sides.from => true,
        (_, one) if one == sides.from => false,
        (name, ns::SID) => name != "origin-id",
        (name, HINTS) => name != HINT,
        (_, one) => is_of_stanzas(one) || REFUSED.iter().any(|(entry, _)| entry.matches(one)),
    }
}

/// What in an element itself is a link.
fn links(element: &Element) -> impl Iterator<Item = String> {
    let is_link = |name: &str| LINKS.contains(&name.to_ascii_lowercase().as_str());
    let text = is_link(element.name()).then(|| element.text());
    let attributes = element.attrs().iter();
    let of_attributes = attributes.filter(move |((_, name), _)| is_link(name.as_str()));
    let of_attributes = of_attributes.map(|(_, value)| value.to_owned());
    text.into_iter().chain(of_attributes)
}

/// Whether a link has a scheme that is known, or none and is no path: neither `/etc/passwd` nor `\\server\share`.
fn is_harmless(link: &str) -> bool {
    let is_seen = |c: &char| !c.is_whitespace() && !c.is_control();
    let link: String = link.chars().filter(is_seen).collect();
    let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    match link.split_once(':') {
        Some((scheme, rest)) if scheme.chars().all(is_of_scheme) => {
            let is = |one: &&str| one.eq_ignore_ascii_case(scheme);
            SCHEMES.iter().any(is) || (is(&"data") && is_picture(rest))
        }
        _ => !link.starts_with(['/', '\\']),
    }
}

/// A small picture in the link itself, as of a file that is shared, in one of the formats that hold no programs.
fn is_picture(data: &str) -> bool {
    let media_type = data.split([';', ',']).next().unwrap_or_default();
    PICTURES
        .iter()
        .any(|one| one.eq_ignore_ascii_case(media_type))
}

/// A namespace in which stanzas are.
fn is_of_stanzas(namespace: &str) -> bool {
    matches!(
        namespace,
        ns::JABBER_CLIENT | ns::COMPONENT | "jabber:server"
    )
}
