//! What the gateway and its contacts are (XEP-0030, XEP-0092).

use crate::core::address::MailAddress;
use crate::core::commands::adhoc::{self, COMMANDS};
use crate::core::commands::search::SEARCH;
use crate::core::commands::{self, HELPER};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::query::vcard::VCARD4;
use crate::core::decide::refusal::no_such_item;
use crate::core::from_stanza::Stanza;
use crate::core::xml::{ADDRESS, Build, GATEWAY, text};
use minidom::Element;
use rxml::{Namespace, xml_ncname};
use xmpp_parsers::ns;

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
    if let Some(node) = query.attr("node") {
        let identity = adhoc::identity(decider, node, &stanza.from.to_bare());
        let (category, kind, name) = identity.ok_or_else(|| no_such_item(decider.language))?;
        let mut info = info(
            category,
            kind,
            &name,
            &[ns::DISCO_INFO, COMMANDS, ns::DATA_FORMS],
        );
        info.set_attr(Namespace::NONE, xml_ncname!("node").to_ncname(), node);
        return Ok(info);
    }
    let features = [
        ns::DISCO_INFO,
        ns::DISCO_ITEMS,
        ns::PING,
        ns::VERSION,
        ns::VCARD,
        GATEWAY,
        ADDRESS,
        COMMANDS,
        ns::DATA_FORMS,
        SEARCH,
    ];
    let (category, kind, name) = match is_helper {
        true => ("client", "bot", commands::helper_name(decider.language)),
        false => (
            "gateway",
            "smtp",
            commands::gateway_short_name(decider.language),
        ),
    };
    Ok(info(category, kind, &name, &features))
}

pub(crate) fn contact_info(mail: &MailAddress, is_resource: bool) -> Element {
    let features = [
        ns::DISCO_INFO,
        ns::DISCO_ITEMS,
        ns::PING,
        ns::VERSION,
        ns::VCARD,
        VCARD4,
        ns::RECEIPTS,
    ];
    let (category, kind) = if is_resource {
        ("client", "pc")
    } else {
        ("account", "registered")
    };
    info(category, kind, &mail.for_people(), &features)
}

fn info(category: &str, kind: &str, name: &str, features: &[&str]) -> Element {
    let identity = Build::new("identity", ns::DISCO_INFO)
        .attr("category", category)
        .attr("type", kind);
    let features = features.iter().map(|var| {
        Build::new("feature", ns::DISCO_INFO)
            .attr("var", var)
            .done()
    });
    Build::new("query", ns::DISCO_INFO)
        .child(identity.attr("name", name).done())
        .children(features)
        .done()
}

/// XEP-0092.
pub(crate) fn version() -> Element {
    Build::new("query", ns::VERSION)
        .child(text("name", ns::VERSION, "Stanzamail"))
        .child(text("version", ns::VERSION, env!("CARGO_PKG_VERSION")))
        .done()
}
