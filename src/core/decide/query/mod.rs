//! Requests (iq): what the gateway and its contacts say of themselves. Everything else gets an error.

pub(crate) mod disco;
pub(crate) mod gateway;
pub(crate) mod vcard;

use crate::core::commands::adhoc::{self, COMMANDS};
use crate::core::commands::forget_me::{self, REGISTER};
use crate::core::commands::search::{self, SEARCH};
use crate::core::commands::{self, Call};
use crate::core::context::Missing;
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::decide::names;
use crate::core::decide::picture;
use crate::core::decide::query::disco::{contact_info, gateway_info, gateway_items, version};
use crate::core::decide::query::gateway::{prompt, translate_address};
use crate::core::decide::query::vcard::{ContactCard, gateway_vcard};
use crate::core::decide::refusal::{outsider, unknown};
use crate::core::from_stanza::Stanza;
use crate::core::id::{MessageId, StanzaId};
use crate::core::to_stanza::result;
use crate::core::xml::{GATEWAY, VCARD4, empty};
use minidom::Element;
use xmpp_parsers::ns;

/// Decides about a request of type get or set.
pub fn decide(
    decider: Decider<'_>,
    stanza: &Stanza,
    (set, payload): (bool, &Element),
) -> Result<Decision, Stop> {
    let payload_ns = payload.ns();
    let known = (set, payload.name(), payload_ns.as_str());
    let is_allowed = decider.settings.users.allows(&stanza.from.to_bare());
    let to = stanza.to.to_bare();
    let is_helper = commands::is_helper(decider, &to)?;
    let is_of_contact = to.node().is_some() && !is_helper;
    let payload = match known {
        (false, "ping", ns::PING) => None,
        (false, "query", ns::VERSION) => Some(version()),
        (_, "query", GATEWAY) if !is_allowed => return Ok(outsider(decider, stanza)),
        (_, "vCard", ns::VCARD) if !is_allowed => return Ok(outsider(decider, stanza)),
        // Of contacts outsiders learn nothing, not even which there are: a pair's JID leads to somebody's private address.
        _ if is_of_contact && !is_allowed => return Ok(outsider(decider, stanza)),
        _ if is_of_contact => Some(of_contact(decider, stanza, known, payload)?),
        (false, "query", ns::DISCO_INFO) => {
            Some(gateway_info(decider, stanza, (payload, is_helper))?)
        }
        (false, "query", ns::DISCO_ITEMS) => Some(gateway_items(decider, stanza, payload)),
        (false, "vCard", ns::VCARD) => Some(gateway_vcard(decider.language, is_helper)),
        (true, "command", COMMANDS) if is_allowed => {
            return adhoc::decide(decider, stanza, payload);
        }
        (true, "query", REGISTER) if is_allowed && forget_me::is_removal(payload) => {
            return forget_me::unregister(decider, stanza);
        }
        (_, "query", SEARCH) | (_, "command", COMMANDS) if !is_allowed => {
            return Ok(outsider(decider, stanza));
        }
        (false, "query", SEARCH) => Some(search::asked(decider.language)),
        (true, "query", SEARCH) => Some(found(decider, stanza, payload)?),
        (false, "query", GATEWAY) => Some(prompt(decider.language)),
        (true, "query", GATEWAY) => Some(translate_address(decider, payload)?),
        _ => return Err(unknown(decider.language)),
    };
    Ok(Decision::answer(result(&stanza.element, payload)))
}

fn of_contact(
    decider: Decider<'_>,
    stanza: &Stanza,
    (set, name, namespace): (bool, &str, &str),
    payload: &Element,
) -> Result<Element, Stop> {
    let jid = stanza.to.to_bare();
    let mail = lookup::contact_mail(decider, &jid)?;
    let is_of_card = matches!(
        (name, namespace),
        ("vCard", ns::VCARD) | ("vcard", VCARD4) | ("pubsub", ns::PUBSUB)
    );
    if is_of_card && !set {
        let user = stanza.from.to_bare();
        let card = ContactCard {
            mail: &mail,
            name: names::of(decider, &user, &jid, &mail)?,
            avatar: picture::of(decider, &user, &mail)?,
        };
        return Ok(match namespace {
            ns::VCARD => card.vcard(),
            VCARD4 => card.vcard4(),
            _ => card.published(decider.language, payload)?,
        });
    }
    Ok(match (set, name, namespace) {
        (false, "query", ns::DISCO_INFO) => {
            contact_info(decider, stanza, (&mail, payload.attr("node")))?
        }
        (false, "query", ns::DISCO_ITEMS) => empty("query", ns::DISCO_ITEMS),
        _ => return Err(unknown(decider.language)),
    })
}

fn found(decider: Decider<'_>, stanza: &Stanza, query: &Element) -> Result<Element, Missing> {
    let id = stanza.id.clone();
    let call = Call {
        decider,
        caller: &stanza.from,
        id: id.unwrap_or_else(|| {
            StanzaId::derive(&MessageId::of_raw(b""), &stanza.from.to_bare(), "")
        }),
        is_form: true,
    };
    search::found(&call, query)
}
