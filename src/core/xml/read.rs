//! Octets → [`Element`]. Not recursive, and within the limits of a stanza, so that what was read can be copied and
//! dropped, which both recurse. XMPP's subset of XML (RFC 6120 §11.1): no document type and with it no entities, no
//! processing instructions, no comments.

use crate::core::limits;
use minidom::Element;
use rxml::error::EndOrError;
use rxml::{AttrMap, Event, Parse, Parser};

/// An element that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableElement {
    /// Not well-formed, or its namespaces are not, or not in XMPP's subset.
    #[error("not well-formed: {0}")]
    Xml(#[from] rxml::Error),
    /// The octets end inside of the element, or go on after it.
    #[error("not exactly one element")]
    NotOneElement,
    /// More octets than a stanza has.
    #[error("it has {0} octets; at most {max} are read", max = limits::STANZA_OCTETS_MAX)]
    TooBig(usize),
    /// Elements in elements.
    #[error("it nests deeper than {max} elements", max = limits::STANZA_DEPTH_MAX)]
    TooDeep,
    /// Elements in all.
    #[error("it has more than {max} elements", max = limits::STANZA_ELEMENTS_MAX)]
    TooManyElements,
    /// Attributes of one element.
    #[error("an element has more than {max} attributes", max = limits::STANZA_ATTRIBUTES_MAX)]
    TooManyAttributes,
    /// Attributes of all elements.
    #[error("its elements have more than {max} attributes in all", max = limits::STANZA_ATTRIBUTES_IN_ALL_MAX)]
    TooManyInAll,
}

/// Reads a document of one element, with or without an XML declaration, white space and a byte order mark around it.
///
/// # Errors
/// [`UnreadableElement`]: not one well-formed element, or over a limit of [`limits`].
pub fn read(octets: &[u8]) -> Result<Element, UnreadableElement> {
    let octets = octets.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(octets);
    read_in(&mut Parser::new(), octets.trim_ascii())
}

/// Reads one element with a parser that has seen what stands before it. The parser can go on if this succeeds.
///
/// # Errors
/// [`UnreadableElement`]: not one well-formed element, or over a limit of [`limits`].
pub fn read_in(parser: &mut Parser, octets: &[u8]) -> Result<Element, UnreadableElement> {
    if octets.len() > limits::STANZA_OCTETS_MAX {
        return Err(UnreadableElement::TooBig(octets.len()));
    }
    let mut rest = octets;
    let mut tree = Tree::default();
    loop {
        let done = match next_event(parser, &mut rest)? {
            Event::StartElement(_, (namespace, name), attributes) => {
                tree.start(bare(&namespace, &name, attributes))?;
                None
            }
            Event::Text(_, text) => {
                tree.text(text)?;
                None
            }
            Event::EndElement(_) => tree.end()?,
            // The parser takes it at the start of a document only.
            Event::XmlDeclaration(..) => None,
        };
        match done {
            Some(element) if rest.is_empty() => return Ok(element),
            Some(_) => return Err(UnreadableElement::NotOneElement),
            None => {}
        }
    }
}

/// The next event of a parser that is fed from `octets`, which are moved on.
///
/// # Errors
/// [`UnreadableElement::Xml`], and [`UnreadableElement::NotOneElement`] where the octets end.
pub fn next_event(parser: &mut Parser, octets: &mut &[u8]) -> Result<Event, UnreadableElement> {
    match parser.parse(octets, false) {
        Ok(Some(event)) => Ok(event),
        Ok(None) | Err(EndOrError::NeedMoreData) => Err(UnreadableElement::NotOneElement),
        Err(EndOrError::Error(error)) => Err(error.into()),
    }
}

/// An element without content.
pub fn bare(namespace: &str, name: &str, attributes: AttrMap) -> Element {
    let mut element = Element::bare(name, namespace);
    *element.attrs_mut() = attributes;
    element
}

/// The element that is being read.
#[derive(Default)]
struct Tree {
    /// From the root to the innermost.
    open: Vec<Element>,
    elements: usize,
    attributes: usize,
}

impl Tree {
    fn start(&mut self, element: Element) -> Result<(), UnreadableElement> {
        self.elements = self.elements.saturating_add(1);
        if self.elements > limits::STANZA_ELEMENTS_MAX {
            return Err(UnreadableElement::TooManyElements);
        }
        if element.attrs().len() > limits::STANZA_ATTRIBUTES_MAX {
            return Err(UnreadableElement::TooManyAttributes);
        }
        self.attributes = self.attributes.saturating_add(element.attrs().len());
        if self.attributes > limits::STANZA_ATTRIBUTES_IN_ALL_MAX {
            return Err(UnreadableElement::TooManyInAll);
        }
        if self.open.len() >= limits::STANZA_DEPTH_MAX {
            return Err(UnreadableElement::TooDeep);
        }
        self.open.push(element);
        Ok(())
    }

    fn text(&mut self, text: String) -> Result<(), UnreadableElement> {
        let element = self
            .open
            .last_mut()
            .ok_or(UnreadableElement::NotOneElement)?;
        element.append_text(text);
        Ok(())
    }

    /// The root, when it was the root that ended.
    fn end(&mut self) -> Result<Option<Element>, UnreadableElement> {
        let element = self.open.pop().ok_or(UnreadableElement::NotOneElement)?;
        match self.open.last_mut() {
            Some(parent) => {
                parent.append_child(element);
                Ok(None)
            }
            None => Ok(Some(element)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_element_is_read_with_what_may_stand_around_it() {
        for xml in [
            "<a xmlns='urn:x'>b</a>",
            "\u{FEFF}<?xml version='1.0' encoding='utf-8'?>\r\n<a xmlns='urn:x'>b</a>\r\n",
            "\n <a xmlns='urn:x'><![CDATA[b]]></a>\n",
        ] {
            let element = read(xml.as_bytes()).unwrap();
            assert!(element.is("a", "urn:x") && element.text() == "b", "{xml}");
        }
    }

    #[test]
    fn what_xmpp_does_not_allow_is_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;&b;\">]><a>&c;</a>";
        for xml in [
            bomb,
            "<a>&b;</a>",
            "<?php echo ?><a/>",
            "<a><?php echo ?></a>",
            "<a><!-- b --></a>",
            "<a/><b/>",
            "<a/>b",
            "<a>",
            "",
            "b",
            "<a>\u{0}</a>",
            "<a>\u{1b}</a>",
            "<b:a/>",
            "<?xml version='1.1'?><a/>",
            "<?xml version='1.0' encoding='utf-16'?><a/>",
            "<a><?xml version='1.0'?></a>",
        ] {
            assert!(read(xml.as_bytes()).is_err(), "{xml}");
        }
        assert!(read(b"<a>\xff</a>").is_err());
    }

    #[test]
    fn every_limit_holds() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(read(nested(limits::STANZA_DEPTH_MAX).as_bytes()).is_ok());
        for depth in [limits::STANZA_DEPTH_MAX + 1, 10_000] {
            let refused = read(nested(depth).as_bytes());
            assert!(
                matches!(refused, Err(UnreadableElement::TooDeep)),
                "{depth}"
            );
        }
        let children = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
        assert!(read(children(limits::STANZA_ELEMENTS_MAX).as_bytes()).is_ok());
        let refused = read(children(limits::STANZA_ELEMENTS_MAX + 1).as_bytes());
        assert!(matches!(refused, Err(UnreadableElement::TooManyElements)));
        let attributes = |count: usize| {
            let all: String = (0..count).map(|number| format!(" a{number}=''")).collect();
            format!("<a{all}/>")
        };
        assert!(read(attributes(limits::STANZA_ATTRIBUTES_MAX).as_bytes()).is_ok());
        let refused = read(attributes(limits::STANZA_ATTRIBUTES_MAX + 1).as_bytes());
        assert!(matches!(refused, Err(UnreadableElement::TooManyAttributes)));
        let refused = read(format!("<a>{}</a>", "b".repeat(2 * 1024 * 1024)).as_bytes());
        assert!(matches!(refused, Err(UnreadableElement::TooBig(_))));
    }
}
