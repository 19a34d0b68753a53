//! What the gateway and its contacts are (XEP-0030, XEP-0092).

use crate::core::address::MailAddress;
use crate::core::caps::Info;
use crate::core::commands::adhoc::{self, COMMANDS};
use crate::core::commands::search::SEARCH;
use crate::core::commands::{self, HELPER};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::lookup;
use crate::core::decide::refusal::no_such_item;
use crate::core::from_stanza::Stanza;
use crate::core::record::Format;
use crate::core::xml::{ADDRESS, Build, GATEWAY, text};
use minidom::Element;
use xmpp_parsers::ns;

/// XEP-0157 §3.
const SERVER_INFO: &str = "http://jabber.org/network/serverinfo";

/// The helper, and what one can ask for (XEP-0050 §2.2), for who may use the gateway.
pub(crate) fn gateway_items(decider: Decider<'_>, stanza: &Stanza, query: &Element) -> Element {
    let (jid, user) = (&stanza.to.to_bare(), &stanza.from.to_bare());
    let settings = decider.settings;
    let is_allowed = settings.users.allows(user);
    let node = query.attr("node");
    let items = match node {
        _ if !is_allowed => Vec::new(),
        Some(COMMANDS) => adhoc::items(decider, jid.as_str(), user),
        Some(_) => Vec::new(),
        None => {
            let helper = format!("{HELPER}@{}", jid.domain());
            let is_other = helper != jid.as_str();
            let helper = Build::new("item", ns::DISCO_ITEMS)
                .attr("jid", &helper)
                .attr("name", &commands::helper_name(decider.language));
            let helper = is_other.then(|| helper.done());
            helper
                .into_iter()
                .chain(adhoc::items(decider, jid.as_str(), user))
                .collect()
        }
    };
    let query = Build::new("query", ns::DISCO_ITEMS).attr_if("node", node);
    query.children(items).done()
}

/// XEP-0030 §3, XEP-0100 §6: a gateway to SMTP, its helper, or one of its commands.
pub(crate) fn gateway_info(
    decider: Decider<'_>,
    stanza: &Stanza,
    (query, is_helper): (&Element, bool),
) -> Result<Element, Stop> {
    let (node, gateway) = (query.attr("node"), decider.settings.gateway.as_str());
    let own = of_gateway(is_helper);
    if (node.is_some() || stanza.to.is_full()) && own.is_at(node, gateway) {
        return Ok(own.query(node));
    }
    if let Some(node) = node {
        let identity = adhoc::identity(decider, node, &stanza.from.to_bare());
        let (category, kind, name) = identity.ok_or_else(|| no_such_item(decider.language))?;
        let info = Info {
            identities: vec![(category, kind, Some(name))],
            features: vec![ns::DISCO_INFO, COMMANDS, ns::DATA_FORMS],
        };
        return Ok(info.query(Some(node)));
    }
    let name = match is_helper {
        true => commands::helper_name(decider.language),
        false => commands::gateway_short_name(decider.language),
    };
    let (category, kind) = identity(is_helper);
    let info = Info {
        identities: vec![(category, kind, Some(name))],
        ..own
    };
    let mut query = info.query(None);
    let contacts = &decider.settings.contact_addresses;
    if !is_helper && !contacts.is_empty() {
        query.append_child(contact_addresses(contacts));
    }
    Ok(query)
}

/// XEP-0157: who runs the gateway, as a form of XEP-0128.
fn contact_addresses(contacts: &[String]) -> Element {
    let field = |var, kind, values: &[String]| {
        let values = values
            .iter()
            .map(|value| text("value", ns::DATA_FORMS, value));
        Build::new("field", ns::DATA_FORMS)
            .attr("var", var)
            .attr("type", kind)
            .children(values)
            .done()
    };
    Build::new("x", ns::DATA_FORMS)
        .attr("type", "result")
        .child(field("FORM_TYPE", "hidden", &[SERVER_INFO.to_owned()]))
        .child(field("admin-addresses", "list-multi", contacts))
        .done()
}

fn identity(is_helper: bool) -> (&'static str, &'static str) {
    match is_helper {
        true => ("client", "bot"),
        false => ("gateway", "smtp"),
    }
}

/// What the gateway, or its helper, is at the JID from which it is available: without its name, which is another one in each
/// language.
pub(crate) fn of_gateway(is_helper: bool) -> Info {
    let (category, kind) = identity(is_helper);
    Info {
        identities: vec![(category, kind, None)],
        features: vec![
            ns::DISCO_INFO,
            ns::DISCO_ITEMS,
            ns::CAPS,
            ns::PING,
            ns::VERSION,
            ns::VCARD,
            GATEWAY,
            ADDRESS,
            COMMANDS,
            ns::DATA_FORMS,
            SEARCH,
        ],
    }
}

/// A contact, or, at its resource, what would be its client. Clients ask by the node in the contact's presence, maybe when its
/// format has become another one.
pub(crate) fn contact_info(
    decider: Decider<'_>,
    stanza: &Stanza,
    (mail, node): (&MailAddress, Option<&str>),
) -> Result<Element, Stop> {
    let info = Info::of_contact(lookup::format_of(decider, mail)?);
    if node.is_none() && !stanza.to.is_full() {
        let info = Info {
            identities: vec![
                ("account", "registered", Some(mail.for_people())),
                ("pubsub", "pep", None),
            ],
            ..info
        };
        return Ok(info.query(None));
    }
    let gateway = decider.settings.gateway.as_str();
    let mut all = std::iter::once(info).chain(Format::ALL.map(Info::of_contact));
    let info = all.find(|info| info.is_at(node, gateway));
    let info = info.ok_or_else(|| no_such_item(decider.language))?;
    Ok(info.query(node))
}

/// XEP-0092.
pub(crate) fn version() -> Element {
    Build::new("query", ns::VERSION)
        .child(text("name", ns::VERSION, "Stanzamail"))
        .child(text("version", ns::VERSION, env!("CARGO_PKG_VERSION")))
        .done()
}
