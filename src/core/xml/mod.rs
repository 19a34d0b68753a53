//! Building, reading and writing elements. Text is cleaned where an element is built, in the one place that all of it
//! passes, so that no mail can break the stream.

mod read;
mod write;

pub use read::{UnreadableElement, bare, next_event, read, read_in};
pub use write::{UnwritableElement, write, write_in};

use crate::core::text::clean;
use minidom::{Element, Node};
use rxml::{Namespace, NcName};

/// XEP-0033 Extended Stanza Addressing.
pub const ADDRESS: &str = "http://jabber.org/protocol/address";
/// XEP-0100 / XEP-0144: address prompt of a gateway.
pub const GATEWAY: &str = "jabber:iq:gateway";
/// XEP-0333 Chat Markers.
pub const CHAT_MARKERS: &str = "urn:xmpp:chat-markers:0";
/// XEP-0334 Message Processing Hints.
pub const HINTS: &str = "urn:xmpp:hints";
/// XEP-0308 Last Message Correction.
pub const CORRECTION: &str = "urn:xmpp:message-correct:0";
/// XEP-0428 Fallback Indication.
pub const FALLBACK: &str = "urn:xmpp:fallback:0";
/// XEP-0444 Message Reactions.
pub const REACTIONS: &str = "urn:xmpp:reactions:0";
/// XEP-0292 vCard4 over XMPP.
pub const VCARD4: &str = "urn:ietf:params:xml:ns:vcard-4.0";
/// XEP-0461 Message Replies.
pub const REPLY: &str = "urn:xmpp:reply:0";

/// An element with text cleaned for XML.
pub fn text(name: &str, ns: &str, content: &str) -> Element {
    Build::new(name, ns).text(content).done()
}

/// The beginning of a text that takes at most so many octets where it stands in an element: what is escaped there takes more
/// than it has.
pub fn cut(text: &str, octets_max: usize) -> &str {
    let mut octets = 0_usize;
    let is_over = |c: char| {
        octets = octets.saturating_add(match c {
            '&' | '\r' => 5,
            '<' | '>' => 4,
            _ => c.len_utf8(),
        });
        octets > octets_max
    };
    let end = text.find(is_over).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// An element without content.
pub fn empty(name: &str, ns: &str) -> Element {
    Element::bare(name, ns)
}

/// Builds one element. Attribute names are ours and valid; their values are cleaned.
#[derive(Debug)]
pub struct Build(Element);

impl Build {
    /// An element `name` of namespace `ns`.
    pub fn new(name: &str, ns: &str) -> Self {
        Self(Element::bare(name, ns))
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attr(mut self, name: &str, value: &str) -> Self {
        if let Ok(name) = NcName::try_from(name) {
            self.0
                .set_attr(Namespace::NONE, name, clean::for_xml(value));
        }
        self
    }

    /// Adds an attribute if there is a value.
    #[must_use]
    pub fn attr_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// Adds text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.0.append_node(Node::Text(clean::for_xml(text)));
        self
    }

    /// Adds a child.
    #[must_use]
    pub fn child(mut self, child: Element) -> Self {
        self.0.append_child(child);
        self
    }

    /// Adds children.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        for child in children {
            self.0.append_child(child);
        }
        self
    }

    /// The element.
    pub fn done(self) -> Element {
        self.0
    }
}

/// About how many octets an element takes when it is written, without its being written.
pub fn weight(element: &Element) -> usize {
    let mut octets = 0_usize;
    let mut open = vec![element];
    while let Some(element) = open.pop() {
        let attributes = element
            .attrs()
            .iter()
            .map(|(_, value)| value.len().saturating_add(8));
        let texts = element.texts().map(str::len);
        let own = element.name().len().saturating_mul(2).saturating_add(5);
        octets = attributes
            .chain(texts)
            .fold(octets.saturating_add(own), usize::saturating_add);
        open.extend(element.children());
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e10_a_text_is_cut_by_what_it_takes_when_it_is_written() {
        let written = |content: &str| {
            let mut octets = Vec::new();
            write_in("urn:x", &text("a", "urn:x", content), &mut octets).unwrap();
            octets.len() - "<a></a>".len()
        };
        for one in ["a", "&", "<", ">", "ä", "€", "😀", "a&<>ä", "'\"\n"] {
            let long = one.repeat(500);
            for max in [0, 1, 3, 4, 5, 100, 999] {
                let short = cut(&long, max);
                assert!(long.starts_with(short));
                assert!(short.is_empty() || written(short) <= max, "{one} {max}");
                let Some(next) = long[short.len()..].chars().next() else {
                    continue;
                };
                assert!(written(&format!("{short}{next}")) > max, "{one} {max}");
            }
            assert_eq!(cut(&long, 10_000), long);
        }
    }
}
