//! Answers to stanzas that the gateway does not take in: too deep, too big, not readable (RFC 6120 §8.3).

use minidom::Element;
use rxml::{Namespace, NcNameStr, xml_ncname};
use xmpp_parsers::ns;

/// Why a stanza was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BounceReason {
    /// `<policy-violation/>`: it breaks a limit.
    Policy,
    /// `<bad-request/>`: it cannot be read.
    Unreadable,
}

impl BounceReason {
    fn condition(self) -> &'static str {
        match self {
            Self::Policy => "policy-violation",
            Self::Unreadable => "bad-request",
        }
    }
}

/// The error stanza that answers a stanza of which at least the start tag is known; `None` for what must not be
/// answered: errors, results, and what is no stanza or has no sender (RFC 6120 §8.3.1).
///
/// It comes from the address that was written to where that is at `domain`, else from `domain` itself: a server closes
/// the stream of a component that sends from elsewhere. Addresses are compared and given back as they came, for
/// ejabberd does not normalise them.
pub fn error_stanza(
    start: &Element,
    refusal: BounceReason,
    text: &str,
    domain: &str,
) -> Option<Element> {
    let sender = start.attr("from")?;
    let addressed = start.attr("to")?;
    if !may_be_answered(start) {
        return None;
    }
    let from = match domain_of(addressed).eq_ignore_ascii_case(domain) {
        true => addressed,
        false => domain,
    };
    let mut answer = Element::bare(start.name(), ns::COMPONENT);
    set(&mut answer, xml_ncname!("type"), "error");
    set(&mut answer, xml_ncname!("from"), from);
    set(&mut answer, xml_ncname!("to"), sender);
    if let Some(id) = start.attr("id") {
        set(&mut answer, xml_ncname!("id"), id);
    }
    answer.append_child(error_element(refusal, text));
    Some(answer)
}

fn may_be_answered(start: &Element) -> bool {
    let kind = start.attr("type");
    start.has_ns(ns::COMPONENT)
        && match start.name() {
            "message" | "presence" => kind != Some("error"),
            "iq" => matches!(kind, Some("get" | "set")),
            _ => false,
        }
}

fn error_element(refusal: BounceReason, text: &str) -> Element {
    let mut error = Element::bare("error", ns::COMPONENT);
    set(&mut error, xml_ncname!("type"), "modify");
    error.append_child(Element::bare(refusal.condition(), ns::XMPP_STANZAS));
    let mut sentence = Element::bare("text", ns::XMPP_STANZAS);
    sentence.append_text(text);
    error.append_child(sentence);
    error
}

fn set(element: &mut Element, name: &NcNameStr, value: &str) {
    element.set_attr(Namespace::NONE, name.to_ncname(), value);
}

/// The domain part of an address (RFC 7622 §3.1), which need not be valid.
pub(super) fn domain_of(address: &str) -> &str {
    let bare = address.split_once('/').map_or(address, |(bare, _)| bare);
    bare.split_once('@').map_or(bare, |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xmpp::codec;

    fn answer(start: &str) -> Option<String> {
        let start = codec::parse_start_tag(start.as_bytes()).unwrap();
        let answer = error_stanza(&start, BounceReason::Policy, "Too deep.", "mail.example")?;
        let mut octets = Vec::new();
        codec::encode(&answer, &mut octets).unwrap();
        Some(String::from_utf8(octets).unwrap())
    }

    #[test]
    fn answers_the_sender_from_the_address_that_was_written_to() {
        assert_eq!(
            answer("<iq type='get' id='7' from='A@x.example/\u{1F600}' to='b@Mail.Example'>")
                .unwrap(),
            "<iq from='b@Mail.Example' id='7' to='A@x.example/\u{1F600}' type='error'>\
             <error type='modify'><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
             <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Too deep.</text></error></iq>"
        );
    }

    #[test]
    fn answers_a_stanza_whose_own_attribute_is_too_long() {
        use crate::xmpp::guard::{Frame, XmppGuard};
        let long = "x".repeat(50_000);
        for (attributes, id) in [
            (
                format!("xml:lang='{long}' from='a@x' to='b@mail.example' id='7'"),
                Some("7"),
            ),
            (format!("from='a@x' to='b@mail.example' id='{long}'"), None),
        ] {
            let stanza = format!("<message {attributes}><body>Hi</body></message>");
            let (_, frame) = XmppGuard::new().push(stanza.as_bytes()).unwrap();
            let Some(Frame::OverLimit(over)) = frame else {
                panic!("it is over a limit");
            };
            let start = codec::parse_start_tag(&over.start_tag).unwrap();
            let answer = error_stanza(
                &start,
                BounceReason::Policy,
                &over.to_string(),
                "mail.example",
            );
            let answer = answer.expect("its sender is told");
            assert_eq!(answer.attr("to"), Some("a@x"));
            assert_eq!(answer.attr("id"), id);
        }
    }

    #[test]
    fn answers_from_its_own_domain_where_the_other_address_is_foreign() {
        for to in ["b@other.example/mail.example", "x@y@mail.example", ""] {
            let answer = answer(&format!("<message from='a@x' to='{to}'>")).unwrap();
            assert!(answer.contains("from='mail.example'"), "{answer}");
        }
    }

    #[test]
    fn never_answers_an_error_a_result_or_what_is_no_stanza() {
        for start in [
            "<message type='error' from='a' to='b'>",
            "<presence type='error' from='a' to='b'>",
            "<iq type='result' from='a' to='b'>",
            "<iq type='error' from='a' to='b'>",
            "<iq from='a' to='b'>",
            "<message to='b'>",
            "<message from='a'>",
            "<handshake from='a' to='b'>",
            "<message xmlns='jabber:client' from='a' to='b'>",
        ] {
            assert_eq!(answer(start), None, "{start}");
        }
        assert!(answer("<presence from='a' to='b'/>").is_some());
    }
}
