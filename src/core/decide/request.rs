//! Requests (iq): what the gateway and its contacts say of themselves. Everything else gets an error.

use crate::core::address::{MailAddress, contact_jid};
use crate::core::context::{Context, Missing};
use crate::core::decide::Decision;
use crate::core::decide::directory;
use crate::core::from_stanza::Stanza;
use crate::core::notice;
use crate::core::settings::Settings;
use crate::core::to_stanza::{Condition, result};
use crate::core::xml::{ADDRESS, Build, GATEWAY, empty, text};
use minidom::Element;
use xmpp_parsers::ns;

/// Decides about a request of type get or set.
pub fn decide(
    settings: &Settings,
    context: &Context,
    stanza: &Stanza,
    set: bool,
    payload: &Element,
) -> Result<Decision, Missing> {
    let payload_ns = payload.ns();
    let known = (set, payload.name(), payload_ns.as_str());
    let is_allowed = settings.users.allows(&stanza.from.to_bare());
    let answer = match known {
        (false, "ping", ns::PING) => Ok(None),
        (false, "query", ns::VERSION) => Ok(Some(version())),
        (_, "query", GATEWAY) if !is_allowed => return Ok(super::outsider(settings, stanza)),
        (_, "vCard", ns::VCARD) if !is_allowed => return Ok(super::outsider(settings, stanza)),
        _ if stanza.to.node().is_some() => of_contact(settings, context, stanza, known)?,
        (false, "query", ns::DISCO_INFO) => gateway_info(payload),
        (false, "query", ns::DISCO_ITEMS) => Ok(Some(empty("query", ns::DISCO_ITEMS))),
        (false, "vCard", ns::VCARD) => Ok(Some(gateway_vcard())),
        (false, "query", GATEWAY) => Ok(Some(prompt())),
        (true, "query", GATEWAY) => translate_address(settings, context, payload)?,
        _ => Err((Condition::ServiceUnavailable, notice::unknown_request())),
    };
    Ok(match answer {
        Ok(payload) => Decision::answer(result(&stanza.element, payload)),
        Err((condition, why)) => Decision::refuse(stanza, condition, &why),
    })
}

type Answer = Result<Option<Element>, (Condition, String)>;

fn of_contact(
    settings: &Settings,
    context: &Context,
    stanza: &Stanza,
    (set, name, namespace): (bool, &str, &str),
) -> Result<Answer, Missing> {
    let jid = stanza.to.to_bare();
    let mail = match directory::contact_mail(settings, context, &jid)? {
        Ok(mail) => mail,
        Err(no) => return Ok(Err((no.condition, no.why))),
    };
    Ok(match (set, name, namespace) {
        (false, "query", ns::DISCO_INFO) => Ok(Some(contact_info(&mail, stanza.to.is_full()))),
        (false, "query", ns::DISCO_ITEMS) => Ok(Some(empty("query", ns::DISCO_ITEMS))),
        (false, "vCard", ns::VCARD) => {
            let name = context.pair_of(&jid)?.and_then(|pair| pair.name.clone());
            Ok(Some(contact_vcard(&mail, name)))
        }
        _ => Err((Condition::ServiceUnavailable, notice::unknown_request())),
    })
}

/// XEP-0030 §3, XEP-0100 §6: a gateway to SMTP.
fn gateway_info(query: &Element) -> Answer {
    if query.attr("node").is_some() {
        return Err((Condition::ItemNotFound, notice::unknown_request()));
    }
    let features = [
        ns::DISCO_INFO,
        ns::DISCO_ITEMS,
        ns::PING,
        ns::VERSION,
        ns::VCARD,
        GATEWAY,
        ADDRESS,
    ];
    Ok(Some(info("gateway", "smtp", "E-mail", &features)))
}

fn contact_info(mail: &MailAddress, is_resource: bool) -> Element {
    let features = [
        ns::DISCO_INFO,
        ns::DISCO_ITEMS,
        ns::PING,
        ns::VERSION,
        ns::VCARD,
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
fn version() -> Element {
    Build::new("query", ns::VERSION)
        .child(text("name", ns::VERSION, "Stanzamail"))
        .child(text("version", ns::VERSION, env!("CARGO_PKG_VERSION")))
        .done()
}

fn gateway_vcard() -> Element {
    let description =
        "Joins this server and e-mail: write to carol@mail.example as one of its contacts.";
    Build::new("vCard", ns::VCARD)
        .child(text("FN", ns::VCARD, "E-mail gateway"))
        .child(text("DESC", ns::VCARD, description))
        .done()
}

/// XEP-0054: what is known of a contact.
fn contact_vcard(mail: &MailAddress, name: Option<String>) -> Element {
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

/// XEP-0100 §6.3: asks for an address.
fn prompt() -> Element {
    Build::new("query", GATEWAY)
        .child(text("desc", GATEWAY, notice::GATEWAY_PROMPT))
        .child(text("prompt", GATEWAY, "Mail address"))
        .done()
}

/// XEP-0100 §6.3: an address in, a JID out.
fn translate_address(
    settings: &Settings,
    context: &Context,
    query: &Element,
) -> Result<Answer, Missing> {
    let typed = query
        .get_child("prompt", GATEWAY)
        .map(Element::text)
        .unwrap_or_default();
    let mail = match MailAddress::parse(typed.trim().trim_start_matches("mailto:")) {
        Ok(mail) => mail,
        Err(error) => return Ok(Err((Condition::NotAcceptable, error.to_string()))),
    };
    let paired = context.holder_of(&mail)?.map(|pair| pair.jid.clone());
    let jid = match paired.map_or_else(|| contact_jid(&mail, &settings.gateway), Ok) {
        Ok(jid) => jid,
        Err(error) => {
            return Ok(Err((
                Condition::NotAcceptable,
                format!("{} cannot be a JID ({error})", mail.for_people()),
            )));
        }
    };
    Ok(Ok(Some(
        Build::new("query", GATEWAY)
            .child(text("jid", GATEWAY, jid.as_str()))
            .done(),
    )))
}
