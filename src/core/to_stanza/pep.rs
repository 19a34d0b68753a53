//! What contacts would publish themselves (XEP-0163), and how those who may see their presence hear of it.

use super::stanza;
use crate::core::avatar::Avatar;
use crate::core::id::StanzaId;
use crate::core::xml::{Build, empty, text};
use jid::BareJid;
use minidom::Element;
use xmpp_parsers::ns;

/// The id of an item where there is but one.
pub const CURRENT: &str = "current";

/// The id and the content of an item: a name (XEP-0172 §3.1).
pub fn nick(name: &str) -> (String, Element) {
    (CURRENT.to_owned(), text("nick", ns::NICK, name))
}

/// What a picture is (XEP-0084 §4.2).
pub fn metadata(avatar: &Avatar) -> Element {
    let info = Build::new("info", ns::AVATAR_METADATA)
        .attr("id", &avatar.id)
        .attr("type", avatar.media_type.as_str())
        .attr("bytes", &avatar.octets.to_string())
        .attr("width", &avatar.width.to_string())
        .attr("height", &avatar.height.to_string());
    Build::new("metadata", ns::AVATAR_METADATA)
        .child(info.done())
        .done()
}

/// A contact has another picture, or none any more (XEP-0084 §4.2.1).
pub fn avatar_event(
    from: &BareJid,
    to: &BareJid,
    id: &StanzaId,
    avatar: Option<&Avatar>,
) -> Element {
    let item = match avatar {
        Some(avatar) => (avatar.id.clone(), metadata(avatar)),
        None => (CURRENT.to_owned(), empty("metadata", ns::AVATAR_METADATA)),
    };
    event((from, to, id), ns::AVATAR_METADATA, item)
}

/// A contact has another name.
pub fn nick_event(from: &BareJid, to: &BareJid, id: &StanzaId, name: &str) -> Element {
    event((from, to, id), ns::NICK, nick(name))
}

/// XEP-0163 §4.3: a headline, which is not kept for who is not there.
fn event(
    (from, to, id): (&BareJid, &BareJid, &StanzaId),
    node: &str,
    (item, content): (String, Element),
) -> Element {
    let item = Build::new("item", ns::PUBSUB_EVENT)
        .attr("id", &item)
        .child(content);
    let items = Build::new("items", ns::PUBSUB_EVENT).attr("node", node);
    let items = items.child(item.done()).done();
    let event = Build::new("event", ns::PUBSUB_EVENT).child(items).done();
    stanza("message", from.as_str(), to.as_str())
        .attr("type", "headline")
        .attr("id", id.as_str())
        .child(event)
        .done()
}
