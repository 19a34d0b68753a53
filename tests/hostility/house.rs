//! The gateway of a.example without its servers: what it decides, with its rows in memory.

pub use super::decided::World as House;
use minidom::Element;
use stanzamail::xmpp::codec::{Decoder, encode};

pub const ALICE: &str = "alice@a.example/phone";
pub const CAROL: &str = "carol\\40mail.example@gateway.a.example";
pub const NS: &str = "jabber:component:accept";

/// A message with these children and their texts, which may hold anything.
pub fn message(id: &str, children: &[(&str, &str, &str)]) -> Element {
    let mut message = Element::bare("message", NS);
    for (name, value) in [("from", ALICE), ("to", CAROL), ("type", "chat"), ("id", id)] {
        set(&mut message, name, value);
    }
    for (name, namespace, text) in children {
        let mut child = Element::bare(*name, *namespace);
        child.append_text(*text);
        message.append_child(child);
    }
    message
}

pub fn set(element: &mut Element, name: &str, value: &str) {
    let name: rxml::NcName = name.to_owned().try_into().unwrap();
    element.set_attr(rxml::Namespace::NONE, name, value);
}

/// A stanza as it goes onto the stream, which the server's parser takes.
pub fn written(stanza: &Element) -> String {
    let mut octets = Vec::new();
    encode(stanza, &mut octets).expect("a stanza that can be written");
    let again = Decoder::default().parse(&octets);
    again.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&octets)));
    String::from_utf8(octets).unwrap()
}

/// The names of a mail's fields in their order, and its body.
pub fn fields_and_body(mail: &[u8]) -> (Vec<String>, String) {
    let text = String::from_utf8_lossy(mail).into_owned();
    let (header, body) = text.split_once("\r\n\r\n").expect("a header and a body");
    let names = header
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap_or_default().to_lowercase())
        .collect();
    (names, body.to_owned())
}
