//! Cards of the gateway and of contacts (XEP-0054, XEP-0292).

use crate::core::address::MailAddress;
use crate::core::commands;
use crate::core::decide::decider::Stop;
use crate::core::decide::refusal::no_such_item;
use crate::core::language::Language;
use crate::core::xml::{Build, empty, text};
use minidom::Element;
use xmpp_parsers::ns;

/// XEP-0292: the card as XML.
pub(crate) const VCARD4: &str = "urn:ietf:params:xml:ns:vcard-4.0";

/// Where it is published.
const VCARD4_NODE: &str = "urn:xmpp:vcard4";

pub(crate) fn gateway_vcard(language: Language, is_helper: bool) -> Element {
    let name = if is_helper {
        commands::helper_name(language)
    } else {
        commands::gateway_name(language)
    };
    let description = commands::gateway_description(language);
    Build::new("vCard", ns::VCARD)
        .child(text("FN", ns::VCARD, &name))
        .child(text("DESC", ns::VCARD, &description))
        .done()
}

/// XEP-0054: what is known of a contact.
pub(crate) fn contact_vcard(mail: &MailAddress, name: Option<String>) -> Element {
    let address = mail.for_people();
    let email = Build::new("EMAIL", ns::VCARD)
        .child(empty("INTERNET", ns::VCARD))
        .child(empty("PREF", ns::VCARD))
        .child(text("USERID", ns::VCARD, &address));
    Build::new("vCard", ns::VCARD)
        .child(text("FN", ns::VCARD, &name.unwrap_or(address)))
        .child(email.done())
        .done()
}

/// XEP-0292 (RFC 6350 as XML): the same.
pub(crate) fn vcard4(mail: &MailAddress, name: Option<String>) -> Element {
    let address = mail.for_people();
    let property = |property: &str, value: &str| {
        Build::new(property, VCARD4)
            .child(text("text", VCARD4, value))
            .done()
    };
    Build::new("vcard", VCARD4)
        .child(property("fn", name.as_ref().unwrap_or(&address)))
        .child(property("email", &address))
        .done()
}

/// What a contact would have published itself (XEP-0163): its name (XEP-0172 §3.1) and its card (XEP-0292 §3).
pub(crate) fn published(
    language: Language,
    payload: &Element,
    mail: &MailAddress,
    name: Option<String>,
) -> Result<Element, Stop> {
    let items = payload.get_child("items", ns::PUBSUB);
    let node = items
        .and_then(|items| items.attr("node"))
        .unwrap_or_default();
    let content = match (node, name) {
        (VCARD4_NODE, name) => Some(vcard4(mail, name)),
        (ns::NICK, Some(name)) => Some(text("nick", ns::NICK, &name)),
        _ => None,
    };
    let content = content.ok_or_else(|| no_such_item(language))?;
    let item = Build::new("item", ns::PUBSUB)
        .attr("id", "current")
        .child(content);
    let items = Build::new("items", ns::PUBSUB).attr("node", node);
    let items = items.child(item.done()).done();
    Ok(Build::new("pubsub", ns::PUBSUB).child(items).done())
}
