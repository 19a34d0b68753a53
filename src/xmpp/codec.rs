//! Octets of one stanza ⇄ [`Element`], in the namespace context of a component stream.
//!
//! Neither direction recurses, and each stanza stands alone: one that cannot be read or written leaves no trace in the
//! next.

use crate::core::limits;
use crate::core::xml::{self, UnreadableElement, UnwritableElement};
use minidom::Element;
use rxml::{Event, Parser};
use xmpp_parsers::ns;

/// An element that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A name or a namespace that XML cannot carry.
    #[error(transparent)]
    Xml(#[from] UnwritableElement),
    /// Servers close the stream on a stanza that is too big for them.
    #[error("it has {0} octets; at most {max} are sent", max = limits::STANZA_OCTETS_MAX)]
    TooBig(usize),
}

/// Reads the frames of one stream. Keeps its parser from frame to frame, which is cheaper than a new one for each.
#[derive(Debug, Default)]
pub struct Decoder {
    parser: Option<Parser>,
}

impl Decoder {
    /// Reads a whole element as the guard has cut it out.
    ///
    /// # Errors
    /// [`UnreadableElement`]; the next frame can be read all the same.
    pub fn parse(&mut self, frame: &[u8]) -> Result<Element, UnreadableElement> {
        let mut parser = self.parser.take().map_or_else(parser_in_stream, Ok)?;
        let element = xml::read_in(&mut parser, frame)?;
        self.parser = Some(parser);
        Ok(element)
    }
}

/// Reads the attributes of the first start tag in these octets, whatever comes after it. The element has no content.
///
/// # Errors
/// [`UnreadableElement`] where the start tag is not well-formed.
pub fn parse_start_tag(octets: &[u8]) -> Result<Element, UnreadableElement> {
    let mut rest = octets;
    match xml::next_event(&mut parser_in_stream()?, &mut rest)? {
        Event::StartElement(_, (namespace, name), attributes) => {
            Ok(xml::bare(&namespace, &name, attributes))
        }
        _ => Err(UnreadableElement::NotOneElement),
    }
}

/// A parser that has just read a component stream's header.
fn parser_in_stream() -> Result<Parser, UnreadableElement> {
    let header = format!(
        "<stream:stream xmlns:stream='{}' xmlns='{}'>",
        ns::STREAM,
        ns::COMPONENT
    );
    let mut parser = Parser::new();
    xml::next_event(&mut parser, &mut header.as_bytes())?;
    Ok(parser)
}

/// Appends one stanza to `octets` as it goes into a component stream: without a declaration of the stream's own
/// namespace (Prosody bounces stanzas that declare another one), with U+FFFD in the place of what XML 1.0 cannot
/// carry (§2.2; a server closes the stream on it).
///
/// # Errors
/// [`EncodeError`]; `octets` are as before then.
pub fn encode(stanza: &Element, octets: &mut Vec<u8>) -> Result<(), EncodeError> {
    let before = octets.len();
    let written = xml::write_in(ns::COMPONENT, stanza, octets);
    let written = written.map_err(EncodeError::from).and_then(|()| {
        let size = octets.len().saturating_sub(before);
        match size > limits::STANZA_OCTETS_MAX {
            true => Err(EncodeError::TooBig(size)),
            false => Ok(()),
        }
    });
    if written.is_err() {
        octets.truncate(before);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xmpp::guard::{Frame, XmppGuard};
    use proptest::prelude::*;
    use rxml::{Namespace, xml_ncname};

    fn parse(xml: &str) -> Result<Element, UnreadableElement> {
        Decoder::default().parse(xml.as_bytes())
    }

    fn written(stanza: &Element) -> String {
        let mut octets = Vec::new();
        encode(stanza, &mut octets).unwrap();
        String::from_utf8(octets).unwrap()
    }

    #[test]
    fn reads_in_the_namespaces_of_the_stream() {
        let xml = "<message from='a' xml:lang='en'><body>h&amp;i<![CDATA[<x>]]></body></message>";
        let message = parse(xml).unwrap();
        let body = message.get_child("body", ns::COMPONENT).unwrap();
        assert_eq!(body.text(), "h&i<x>");
        let error = parse("<stream:error><reset xmlns='urn:x'/></stream:error>").unwrap();
        assert!(error.is("error", ns::STREAM));
    }

    #[test]
    fn reads_a_text_longer_than_a_token_of_the_parser() {
        let text = "\u{1F600}".repeat(30_000);
        let message = parse(&format!("<message><body>{text}</body></message>")).unwrap();
        assert_eq!(message.children().next().unwrap().text(), text);
        assert_eq!(message.children().next().unwrap().nodes().count(), 1);
    }

    #[test]
    fn an_unreadable_frame_does_not_spoil_the_next() {
        let mut decoder = Decoder::default();
        for bad in [
            "<a></b>",
            "<a>",
            "<a/><b/>",
            "<a>&x;</a>",
            "<x:a/>",
            "<a b='1' b='2'/>",
            "<a>\u{1}</a>",
        ] {
            assert!(decoder.parse(bad.as_bytes()).is_err(), "{bad}");
            assert!(decoder.parse(b"<a><b/></a>").is_ok(), "{bad}");
        }
        assert!(decoder.parse(b"<a>\xff</a>").is_err());
    }

    #[test]
    fn reads_the_start_tag_of_what_is_unreadable() {
        let start = parse_start_tag(b"<iq from='a' to='b' id='&lt;'><x></y></iq>").unwrap();
        assert!(start.is("iq", ns::COMPONENT));
        assert_eq!(start.attr("id"), Some("<"));
        assert!(parse_start_tag(b"").is_err());
        assert!(parse_start_tag(b"<iq a='1' a='2'>").is_err());
    }

    #[test]
    fn writes_no_declaration_of_the_streams_namespace() {
        let xml = "<message xmlns='jabber:component:accept' xml:lang='en'><body>x</body><y xmlns='urn:y'><z/></y></message>";
        let read: Element = xml.parse().unwrap();
        assert_eq!(
            written(&read),
            "<message xml:lang='en'><body>x</body><y xmlns='urn:y'><z/></y></message>"
        );
        assert_eq!(
            written(&parse("<a><b xmlns=''/></a>").unwrap()),
            "<a><b xmlns=''/></a>"
        );
    }

    #[test]
    fn replaces_what_xml_cannot_carry() {
        let mut message = Element::bare("message", ns::COMPONENT);
        message.append_text("a\0b\u{FFFF}\u{1b}c\r\n");
        message.set_attr(Namespace::NONE, xml_ncname!("id").to_ncname(), "\u{1}");
        assert_eq!(
            written(&message),
            "<message id='\u{FFFD}'>a\u{FFFD}b\u{FFFD}\u{FFFD}c&#xd;\n</message>"
        );
    }

    #[test]
    fn leaves_no_trace_of_what_cannot_be_written() {
        let mut octets = b"<before/>".to_vec();
        let mut message = Element::bare("message", ns::COMPONENT);
        message.append_child(Element::bare("no name", ns::COMPONENT));
        let unnamed = encode(&message, &mut octets);
        assert!(
            matches!(unnamed, Err(EncodeError::Xml(UnwritableElement::Name(_)))),
            "{unnamed:?}"
        );
        let mut message = Element::bare("message", ns::COMPONENT);
        message.append_text("x".repeat(limits::STANZA_OCTETS_MAX));
        assert!(matches!(
            encode(&message, &mut octets),
            Err(EncodeError::TooBig(_))
        ));
        assert_eq!(octets, b"<before/>");
    }

    fn any_element() -> impl Strategy<Value = Element> {
        let attributes =
            proptest::collection::vec(("[ab]|_\u{e9}", "\\PC{0,8}|[<>&'\"\r\n\t]{0,4}"), 0..3);
        let leaf = (
            "[a-d]",
            "|urn:x|jabber:component:accept",
            attributes,
            "\\PC{0,8}|[\\]>\r\n<&]{0,4}",
        )
            .prop_map(|(name, namespace, attributes, text)| {
                let mut element = Element::bare(name, namespace);
                for (name, value) in attributes {
                    element.set_attr(Namespace::NONE, name.try_into().unwrap(), value);
                }
                if !text.is_empty() {
                    element.append_text(text);
                }
                element
            });
        leaf.prop_recursive(6, 40, 4, |inner| {
            (inner.clone(), proptest::collection::vec(inner, 0..4)).prop_map(
                |(mut parent, children)| {
                    for child in children {
                        parent.append_child(child);
                    }
                    parent
                },
            )
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_one_frame_that_is_read_as_the_same(element in any_element()) {
            let xml = written(&element);
            let (taken, frame) = XmppGuard::new().push(xml.as_bytes()).unwrap();
            prop_assert_eq!(taken, xml.len());
            prop_assert_eq!(frame, Some(Frame::Element(xml.as_bytes().to_vec())));
            // Each without the prefixes that a parsed element remembers.
            prop_assert_eq!(parse(&xml).unwrap(), element);
        }
    }
}
