//! The JID of a mail address (XEP-0100 §6.3).

use crate::core::address::{MailAddress, contact_jid};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::language::{Language, Sentence};
use crate::core::notice;
use crate::core::to_stanza::Condition;
use crate::core::xml::{Build, GATEWAY, text};
use minidom::Element;

/// XEP-0100 §6.3: asks for an address.
pub(crate) fn prompt(language: Language) -> Element {
    let prompt = Sentence("label-mail-address").in_language(language);
    let description = notice::gateway_prompt(language);
    Build::new("query", GATEWAY)
        .child(text("desc", GATEWAY, &description))
        .child(text("prompt", GATEWAY, &prompt))
        .done()
}

/// XEP-0100 §6.3: an address in, a JID out.
pub(crate) fn translate_address(decider: Decider<'_>, query: &Element) -> Result<Element, Stop> {
    let typed = query
        .get_child("prompt", GATEWAY)
        .map(Element::text)
        .unwrap_or_default();
    let mail = MailAddress::parse(typed.trim().trim_start_matches("mailto:"));
    let mail = mail.map_err(|error| {
        let why = notice::address_error(decider.language, &error);
        Stop::reject(Condition::NotAcceptable, why)
    })?;
    let paired = decider.rows.holder_of(&mail)?.map(|pair| pair.jid.clone());
    let jid = paired.map_or_else(|| contact_jid(&mail, &decider.settings.gateway), Ok);
    let jid = jid.map_err(|error| {
        let people = mail.for_people();
        let why = notice::no_chat_address(decider.language, &people, &error.to_string());
        Stop::reject(Condition::NotAcceptable, why)
    })?;
    Ok(Build::new("query", GATEWAY)
        .child(text("jid", GATEWAY, jid.as_str()))
        .done())
}
