//! A file as a message: its body is the URL and nothing else, since clients take a message for a file only then. What else
//! is known of it stands beside: XEP-0066 for all, XEP-0447 for newer clients. Not XEP-0385, which came before that: Converse.js
//! takes its reference (XEP-0372) for the name of somebody, and shows neither a picture nor a link.

use super::{delay, stanza};
use crate::core::file::Hosted;
use crate::core::id::StanzaId;
use crate::core::message::InboundMessage;
use crate::core::xml::{Build, text};
use minidom::Element;
use xmpp_parsers::ns;

/// XEP-0447.
pub const SHARING: &str = "urn:xmpp:sfs:0";
/// XEP-0446.
pub const METADATA: &str = "urn:xmpp:file:metadata:0";
/// XEP-0103.
pub const URL_DATA: &str = "http://jabber.org/protocol/url-data";
/// XEP-0300.
const HASHES: &str = "urn:xmpp:hashes:2";

/// A file of the mail that became `inbound`.
pub fn message(inbound: &InboundMessage, id: &StanzaId, file: &Hosted) -> Element {
    let (from, to) = (inbound.from.jid.as_str(), inbound.to.as_str());
    let nick = inbound.from.name.as_ref();
    let delayed = inbound.delayed.and_then(|at| delay(&inbound.from.jid, at));
    stanza("message", from, to)
        .attr(
            "type",
            if inbound.is_headline {
                "headline"
            } else {
                "chat"
            },
        )
        .attr("id", id.as_str())
        .child(text("body", ns::COMPONENT, &file.url))
        .child(text("thread", ns::COMPONENT, inbound.thread.as_str()))
        .child(
            Build::new("origin-id", ns::SID)
                .attr("id", id.as_str())
                .done(),
        )
        .children(nick.map(|name| text("nick", ns::NICK, name)))
        .children(delayed)
        .child(oob(file))
        .child(sharing(file))
        .done()
}

fn oob(file: &Hosted) -> Element {
    let url = text("url", ns::OOB, &file.url);
    Build::new("x", ns::OOB).child(url).done()
}

fn sharing(file: &Hosted) -> Element {
    let source = Build::new("url-data", URL_DATA).attr("target", &file.url);
    let sources = Build::new("sources", SHARING).child(source.done());
    let disposition = match file.media_type.starts_with("image/") {
        true => "inline",
        false => "attachment",
    };
    Build::new("file-sharing", SHARING)
        .attr("disposition", disposition)
        .child(described(file))
        .child(sources.done())
        .done()
}

fn described(file: &Hosted) -> Element {
    let value = |name, value: &str| text(name, METADATA, value);
    let hash = Build::new("hash", HASHES).attr("algo", "sha-256");
    let pixels = |name, count: usize| value(name, &count.to_string());
    let pixels = |(width, height)| [pixels("width", width), pixels("height", height)];
    Build::new("file", METADATA)
        .child(value("media-type", &file.media_type))
        .child(value("name", &file.name))
        .child(value("size", &file.octets.to_string()))
        .children(file.pixels.map(pixels).into_iter().flatten())
        .child(hash.text(&file.sha256).done())
        .done()
}
