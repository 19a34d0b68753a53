//! Building, reading and writing elements. Text is cleaned where an element is built, in the one place that all of it
//! passes, so that no mail can break the stream.

mod read;
mod write;

pub use read::{Unreadable, bare, next_event, read, read_in};
pub use write::{Unwritable, write, write_in};

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
/// XEP-0444 Message Reactions.
pub const REACTIONS: &str = "urn:xmpp:reactions:0";
/// XEP-0461 Message Replies.
pub const REPLY: &str = "urn:xmpp:reply:0";

/// An element with text cleaned for XML.
pub fn text(name: &str, ns: &str, content: &str) -> Element {
    Build::new(name, ns).text(content).done()
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
