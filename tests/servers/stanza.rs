//! What is in a stanza, read as a test wants to ask for it.

use std::collections::BTreeMap;

use minidom::Element;

const CLIENT: &str = "jabber:client";
const STANZA_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";

/// Parses one stanza as the server sent it, in the stream's namespaces.
pub fn parse(xml: &str) -> Option<Element> {
    let prefixes = BTreeMap::from([
        (None, CLIENT.to_owned()),
        (
            Some("stream".to_owned()),
            "http://etherx.jabber.org/streams".to_owned(),
        ),
    ]);
    Element::from_reader_with_prefixes(xml.as_bytes(), prefixes).ok()
}

/// `type`, empty if absent.
pub fn kind_of(stanza: &Element) -> String {
    stanza.attr("type").unwrap_or_default().to_owned()
}

pub fn from(stanza: &Element) -> String {
    stanza.attr("from").unwrap_or_default().to_owned()
}

pub fn to(stanza: &Element) -> String {
    stanza.attr("to").unwrap_or_default().to_owned()
}

pub fn stanza_id(stanza: &Element) -> String {
    stanza.attr("id").unwrap_or_default().to_owned()
}

/// Whether `from` is that JID, or a resource of it.
pub fn is_from(stanza: &Element, jid: &str) -> bool {
    let from = from(stanza);
    from == jid || bare(&from) == jid
}

/// A JID without its resource.
pub fn bare(jid: &str) -> &str {
    jid.split_once('/').map_or(jid, |(bare, _)| bare)
}

/// The text of a child in the stanza's own namespace.
pub fn child_text(stanza: &Element, name: &str) -> Option<String> {
    stanza.get_child(name, CLIENT).map(Element::text)
}

pub fn body(stanza: &Element) -> Option<String> {
    child_text(stanza, "body")
}

pub fn subject(stanza: &Element) -> Option<String> {
    child_text(stanza, "subject")
}

pub fn thread(stanza: &Element) -> Option<String> {
    child_text(stanza, "thread")
}

pub fn show(stanza: &Element) -> Option<String> {
    child_text(stanza, "show")
}

pub fn status(stanza: &Element) -> Option<String> {
    child_text(stanza, "status")
}

/// The stamp of XEP-0203, as written.
pub fn delay(stanza: &Element) -> Option<String> {
    stanza
        .get_child("delay", "urn:xmpp:delay")?
        .attr("stamp")
        .map(str::to_owned)
}

/// The condition of a stanza error, such as `service-unavailable` (RFC 6120 §8.3.3).
pub fn error_condition(stanza: &Element) -> Option<String> {
    let mut children = stanza.get_child("error", CLIENT)?.children();
    children
        .find(|child| child.ns() == STANZA_ERRORS && child.name() != "text")
        .map(|child| child.name().to_owned())
}

/// The text of a stanza error, for a person.
pub fn error_text(stanza: &Element) -> Option<String> {
    stanza
        .get_child("error", CLIENT)?
        .get_child("text", STANZA_ERRORS)
        .map(Element::text)
}

/// Any child by name and namespace, at any depth.
pub fn find<'a>(stanza: &'a Element, name: &str, namespace: &str) -> Option<&'a Element> {
    stanza.children().find_map(|child| {
        if child.is(name, namespace) {
            Some(child)
        } else {
            find(child, name, namespace)
        }
    })
}

/// Escapes text for XML, in an element or an attribute.
pub fn escape(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('\'', "&apos;").replace('"', "&quot;")
}

/// The JID of a mail address at a gateway (XEP-0106): `carol\40mail.example@gateway.a.example`.
pub fn contact(address: &str, gateway: &str) -> String {
    format!("{}@{gateway}", address.replace('@', "\\40"))
}
