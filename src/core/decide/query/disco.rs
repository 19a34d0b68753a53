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
use crate::core::language::Language;
use crate::core::record::Format;
use crate::core::xml::{ADDRESS, Build, GATEWAY, text};
use minidom::Element;
use xmpp_parsers::ns;

/// XEP-0157 §3.
const SERVER_INFO: &str = "http://jabber.org/network/serverinfo";

/// XEP-0504 §3, of the gateway itself.
const DATA_POLICY: &str = "urn:xmpp:data-policy:0";
/// And of what it leads to, by its identity.
const DATA_POLICY_OF_MAIL: &str = "urn:xmpp:data-policy:identity:gateway:smtp:0";

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
    if !is_helper {
        query.append_child(data_policy(decider));
        query.append_child(policy_of_mail(decider.language));
    }
    Ok(query)
}

/// XEP-0157: who runs the gateway, as a form of XEP-0128.
fn contact_addresses(contacts: &[String]) -> Element {
    let fields = [field("admin-addresses", "list-multi", contacts)];
    extension(SERVER_INFO, fields)
}

/// XEP-0504 §3: what becomes of what users write and get, as far as it is here.
fn data_policy(decider: Decider<'_>) -> Element {
    let settings = decider.settings;
    let policy = settings.data_policy;
    let kept = [settings.remembered, settings.expire, policy.originals];
    let seconds = kept.into_iter().max().unwrap_or_default().as_secs();
    let hours = seconds.div_ceil(3600).to_string();
    let single = |var, kind, value: &str| field(var, kind, &[value.to_owned()]);
    let transmission = if policy.is_encrypted {
        "encrypted"
    } else {
        "plain"
    };
    let algorithm = policy
        .is_encrypted
        .then(|| single("encryption_algorithm", "text-single", "TLS"));
    let fields = [
        single("auth_data", "list-single", "no_auth"),
        single("data_transmission", "list-single", transmission),
        single("data_retention", "text-single", &hours),
        single("data_deletion", "boolean", "true"),
        single("data_export", "boolean", "true"),
        single("full_erasure", "boolean", "true"),
        single("access_policy", "list-multi", "admins"),
        single(
            "extra_info",
            "text-multi",
            &commands::data_policy(decider.language),
        ),
    ];
    extension(DATA_POLICY, fields.into_iter().chain(algorithm))
}

/// The same of the mail system, of which nobody knows what it does.
fn policy_of_mail(language: Language) -> Element {
    let words = commands::data_policy_of_mail(language);
    let fields = [
        field("data_retention", "text-single", &["unknown".to_owned()]),
        field("extra_info", "text-multi", &[words]),
    ];
    extension(DATA_POLICY_OF_MAIL, fields)
}

/// A form of XEP-0128.
fn extension(form_type: &str, fields: impl IntoIterator<Item = Element>) -> Element {
    Build::new("x", ns::DATA_FORMS)
        .attr("type", "result")
        .child(field("FORM_TYPE", "hidden", &[form_type.to_owned()]))
        .children(fields)
        .done()
}

fn field(var: &str, kind: &str, values: &[String]) -> Element {
    let values = values
        .iter()
        .map(|value| text("value", ns::DATA_FORMS, value));
    Build::new("field", ns::DATA_FORMS)
        .attr("var", var)
        .attr("type", kind)
        .children(values)
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
