//! [`Element`] → octets. Not recursive. What XML 1.0 cannot carry becomes U+FFFD (§2.2 of it): what arrives here was
//! cleaned where it came from; this is the last line.

use crate::core::text::clean::is_xml_char;
use minidom::{Element, Node};
use rxml::writer::SimpleNamespaces;
use rxml::{Encoder, Item, Namespace, NcNameStr, xml_ncname};
use std::borrow::Cow;

/// An element that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum UnwritableElement {
    /// A name or a namespace that XML cannot carry.
    #[error("XML cannot carry it: {0}")]
    Xml(#[from] rxml::Error),
    /// A name that is none.
    #[error("\"{0}\" is not a name in XML")]
    Name(String),
}

/// The element as a document of its own, without an XML declaration.
///
/// # Errors
/// [`UnwritableElement`]: a name of an element that is none. No text and no value makes it fail.
pub fn write(element: &Element) -> Result<String, UnwritableElement> {
    let mut octets = Vec::new();
    write_tree(element, &mut Encoder::new(), &mut octets)?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// Appends the element as it stands below an element that has made `default_namespace` the default: without a
/// declaration of that one.
///
/// # Errors
/// [`UnwritableElement`]; `octets` may have got a part of it.
pub fn write_in(
    default_namespace: &str,
    element: &Element,
    octets: &mut Vec<u8>,
) -> Result<(), UnwritableElement> {
    let mut encoder = Encoder::new();
    let mut nowhere = Vec::new();
    let parent = Item::ElementHeadStart(Namespace::from(default_namespace), xml_ncname!("stream"));
    encoder.encode(parent, &mut nowhere)?;
    encoder.encode(Item::ElementHeadEnd, &mut nowhere)?;
    write_tree(element, &mut encoder, octets)
}

fn write_tree(
    element: &Element,
    encoder: &mut Encoder<SimpleNamespaces>,
    octets: &mut Vec<u8>,
) -> Result<(), UnwritableElement> {
    write_start_tag(element, encoder, octets)?;
    let mut open = vec![element.nodes()];
    while let Some(nodes) = open.last_mut() {
        match nodes.next() {
            Some(Node::Element(element)) => {
                write_start_tag(element, encoder, octets)?;
                open.push(element.nodes());
            }
            Some(Node::Text(text)) => encoder.encode(Item::Text(&xml_text(text)), octets)?,
            None => {
                encoder.encode(Item::ElementFoot, octets)?;
                open.pop();
            }
        }
    }
    Ok(())
}

fn write_start_tag(
    element: &Element,
    encoder: &mut Encoder<SimpleNamespaces>,
    octets: &mut Vec<u8>,
) -> Result<(), UnwritableElement> {
    let name = nc_name(element.name())?;
    encoder.encode(Item::ElementHeadStart(element.ns().into(), name), octets)?;
    for ((namespace, name), value) in element.attrs() {
        let value = xml_text(value);
        encoder.encode(Item::Attribute(namespace.clone(), name, &value), octets)?;
    }
    if element.nodes().next().is_some() {
        encoder.encode(Item::ElementHeadEnd, octets)?;
    }
    Ok(())
}

fn nc_name(name: &str) -> Result<&NcNameStr, UnwritableElement> {
    <&NcNameStr>::try_from(name).map_err(|_| UnwritableElement::Name(name.to_owned()))
}

fn xml_text(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_xml_char) {
        return Cow::Borrowed(text);
    }
    let replaced = text
        .chars()
        .map(|c| if is_xml_char(c) { c } else { '\u{FFFD}' });
    Cow::Owned(replaced.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::xml::read;
    use rxml::Namespace;

    #[test]
    fn a_document_declares_its_namespace_once() {
        let mut root = Element::bare("xmpp", "jabber:client");
        root.append_child(Element::bare("message", "jabber:client"));
        let xml = write(&root).unwrap();
        assert_eq!(xml, "<xmpp xmlns='jabber:client'><message/></xmpp>");
        assert_eq!(read(xml.as_bytes()).unwrap(), root);
    }

    #[test]
    fn no_character_makes_it_fail() {
        let mut element = Element::bare("a", "urn:x");
        element.append_text("a\0b\u{FFFF}\u{1b}c");
        element.set_attr(Namespace::NONE, xml_ncname!("id").to_ncname(), "\u{1}");
        assert_eq!(
            write(&element).unwrap(),
            "<a xmlns='urn:x' id='\u{FFFD}'>a\u{FFFD}b\u{FFFD}\u{FFFD}c</a>"
        );
    }
}
