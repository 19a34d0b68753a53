//! Cards of the gateway and of contacts (XEP-0054, XEP-0292).

use crate::core::address::MailAddress;
use crate::core::avatar::Avatar;
use crate::core::commands;
use crate::core::decide::decider::Stop;
use crate::core::decide::refusal::no_such_item;
use crate::core::language::Language;
use crate::core::to_stanza::pep::{CURRENT, metadata, nick};
use crate::core::xml::{Build, VCARD4, empty, text};
use minidom::Element;
use xmpp_parsers::ns;

/// Where a card as XML is published.
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

/// What is known of a contact.
pub(crate) struct ContactCard<'a> {
    pub mail: &'a MailAddress,
    pub name: Option<String>,
    pub avatar: Option<&'a Avatar>,
}

impl ContactCard<'_> {
    /// XEP-0054.
    pub(crate) fn vcard(&self) -> Element {
        let address = self.mail.for_people();
        let email = Build::new("EMAIL", ns::VCARD)
            .child(empty("INTERNET", ns::VCARD))
            .child(empty("PREF", ns::VCARD))
            .child(text("USERID", ns::VCARD, &address));
        let photo = self.avatar.map(|avatar| {
            Build::new("PHOTO", ns::VCARD)
                .child(text("TYPE", ns::VCARD, avatar.media_type.as_str()))
                .child(text("BINVAL", ns::VCARD, &avatar.data))
                .done()
        });
        let name = self.name.as_ref().unwrap_or(&address);
        Build::new("vCard", ns::VCARD)
            .child(text("FN", ns::VCARD, name))
            .child(email.done())
            .children(photo)
            .done()
    }

    /// XEP-0292 (RFC 6350 as XML): the same.
    pub(crate) fn vcard4(&self) -> Element {
        let address = self.mail.for_people();
        let property = |property: &str, kind: &str, value: &str| {
            Build::new(property, VCARD4)
                .child(text(kind, VCARD4, value))
                .done()
        };
        let photo = self.avatar.map(|avatar| {
            let (media_type, data) = (avatar.media_type.as_str(), &avatar.data);
            property("photo", "uri", &format!("data:{media_type};base64,{data}"))
        });
        let name = self.name.as_ref().unwrap_or(&address);
        Build::new("vcard", VCARD4)
            .child(property("fn", "text", name))
            .child(property("email", "text", &address))
            .children(photo)
            .done()
    }

    /// What the contact would have published itself (XEP-0163): its name (XEP-0172 §3.1), its card (XEP-0292 §3), and its
    /// picture (XEP-0084 §4).
    pub(crate) fn published(&self, language: Language, payload: &Element) -> Result<Element, Stop> {
        let items = payload.get_child("items", ns::PUBSUB);
        let node = items.and_then(|items| items.attr("node"));
        let item = items.and_then(|items| items.get_child("item", ns::PUBSUB));
        let id = item.and_then(|item| item.attr("id"));
        let of_avatar = |avatar: &Avatar, content: Element| (avatar.id.clone(), content);
        let content = match (node.unwrap_or_default(), self.avatar) {
            (VCARD4_NODE, _) => Some((CURRENT.to_owned(), self.vcard4())),
            (ns::NICK, _) => self.name.as_deref().map(nick),
            (ns::AVATAR_METADATA, Some(avatar)) => Some(of_avatar(avatar, metadata(avatar))),
            (ns::AVATAR_DATA, Some(avatar)) => {
                let data = text("data", ns::AVATAR_DATA, &avatar.data);
                Some(of_avatar(avatar, data)).filter(|(own, _)| id.is_none_or(|id| id == own))
            }
            _ => None,
        };
        let (id, content) = content.ok_or_else(|| no_such_item(language))?;
        let item = Build::new("item", ns::PUBSUB)
            .attr("id", &id)
            .child(content);
        let items = Build::new("items", ns::PUBSUB).attr_if("node", node);
        let items = items.child(item.done()).done();
        Ok(Build::new("pubsub", ns::PUBSUB).child(items).done())
    }
}
