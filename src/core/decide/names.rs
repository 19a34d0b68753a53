//! How a contact is called. The name comes from its mails and is written where the user's clients show names: in the user's
//! roster, where the server lets the gateway do that (XEP-0356), else it is suggested once (XEP-0144). Who is nobody's
//! acquaintance is put into no roster, and a name that the user has given stays.
//!
//! Whether the server allows it is not asked beforehand: the roster is asked for, and a server that does not allow it says
//! so.

use crate::core::context::{Missing, Write};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::from_stanza::Stanza;
use crate::core::id::{MessageId, STANZA_ID_OCTETS_MAX, StanzaId, content_digest};
use crate::core::record::{Contact, PairOrigin, Subscription};
use crate::core::to_stanza::{StanzaHeader, to_user};
use crate::core::xml::{Build, empty, text};
use jid::BareJid;
use minidom::Element;
use xmpp_parsers::ns;

/// How the id of a question for a roster begins; a hash of the name that was written before and the contact's JID follow.
const ASKS: &str = "name.";

/// XEP-0144.
const EXCHANGE: &str = "http://jabber.org/protocol/rosterx";

/// The group of contacts that had none.
const GROUP: &str = "E-mail";

/// The contact, whose name is to be written where it is not, and the question by which that begins.
pub(crate) fn due(
    decider: Decider<'_>,
    user: &BareJid,
    shown: &BareJid,
    contact: Contact,
) -> (Contact, Option<Element>) {
    if contact.name.is_none() || contact.name == contact.named || !contact.is_acquainted() {
        return (contact, None);
    }
    let before = content_digest(&[contact.named.as_deref().unwrap_or_default()]);
    let id = format!("{ASKS}{before}.{shown}");
    let is_short = id.len() <= STANZA_ID_OCTETS_MAX;
    let ask = is_short.then(|| {
        let query = empty("query", ns::ROSTER);
        to_user(
            StanzaHeader {
                name: "iq",
                from: decider.settings.gateway.as_str(),
                to: user.as_str(),
                id: Some(&id),
            },
            "get",
            query,
        )
    });
    let named = contact.name.clone();
    (Contact { named, ..contact }, ask)
}

/// The contact that a question was about, and a hash of the name that was written before.
fn asked(stanza: &Stanza) -> Option<(BareJid, &str)> {
    let id = stanza.id.as_ref()?.as_str().strip_prefix(ASKS)?;
    let (before, jid) = id.split_once('.')?;
    Some((BareJid::new(jid).ok()?, before))
}

/// Decides about an answer: the user's roster.
pub(crate) fn answered(
    decider: Decider<'_>,
    stanza: &Stanza,
    payload: &Element,
) -> Result<Decision, Missing> {
    let nothing = Ok(Decision::nothing());
    let Some((shown, before)) = asked(stanza).filter(|_| payload.is("query", ns::ROSTER)) else {
        return nothing;
    };
    let user = stanza.from.to_bare();
    let Some((name, known)) = named(decider, &user, &shown)? else {
        return nothing;
    };
    let is_it = |item: &&Element| {
        let jid = item.attr("jid").and_then(|jid| BareJid::new(jid).ok());
        jid.as_ref() == Some(&shown)
    };
    let item = payload.children().find(is_it);
    let written = item.and_then(|item| item.attr("name")).unwrap_or_default();
    if written == name || !(is_nobodys(written, &shown) || content_digest(&[written]) == before) {
        return nothing;
    }
    let own = subscription_of(known.subscription);
    let subscription = item.map_or(Some(own), |item| item.attr("subscription"));
    let groups = item.into_iter().flat_map(Element::children);
    let mut groups: Vec<String> = groups
        .filter(|child| child.name() == "group")
        .map(Element::text)
        .collect();
    if groups.is_empty() {
        groups.push(GROUP.to_owned());
    }
    let groups = groups.iter().map(|group| text("group", ns::ROSTER, group));
    let item = Build::new("item", ns::ROSTER)
        .attr("jid", shown.as_str())
        .attr("name", &name)
        .attr_if("subscription", subscription);
    let query = Build::new("query", ns::ROSTER).child(item.children(groups).done());
    let about = MessageId::of_raw(format!("{shown} is {name}").as_bytes());
    let id = StanzaId::derive(&about, &user, "named");
    let gateway = decider.settings.gateway.as_str();
    Ok(Decision::answer([to_user(
        StanzaHeader {
            name: "iq",
            from: gateway,
            to: user.as_str(),
            id: Some(id.as_str()),
        },
        "set",
        query.done(),
    )]))
}

/// Decides about a refusal: the server lets nobody look into rosters. The user's clients may take it from here.
pub(crate) fn refused(decider: Decider<'_>, stanza: &Stanza) -> Result<Option<Decision>, Missing> {
    let user = stanza.from.to_bare();
    let Some((shown, _)) = asked(stanza) else {
        return Ok(None);
    };
    let Some((name, _)) = named(decider, &user, &shown)? else {
        return Ok(Some(Decision::nothing()));
    };
    let item = Build::new("item", EXCHANGE)
        .attr("action", "add")
        .attr("jid", shown.as_str())
        .attr("name", &name);
    let item = item.child(text("group", EXCHANGE, GROUP));
    let exchange = Build::new("x", EXCHANGE).child(item.done());
    let about = MessageId::of_raw(format!("{shown} is {name}").as_bytes());
    let id = StanzaId::derive(&about, &user, "suggested");
    let gateway = decider.settings.gateway.as_str();
    let (kind, id) = ("normal", id.as_str());
    let suggestion = to_user(
        StanzaHeader {
            name: "message",
            from: gateway,
            to: user.as_str(),
            id: Some(id),
        },
        kind,
        exchange.done(),
    );
    Ok(Some(Decision::answer([suggestion])))
}

/// What is known of the contact, with its name.
fn named(
    decider: Decider<'_>,
    user: &BareJid,
    shown: &BareJid,
) -> Result<Option<(String, Contact)>, Missing> {
    if !decider.settings.users.allows(user)
        || shown.domain().as_str() != decider.settings.gateway.as_str()
    {
        return Ok(None);
    }
    let Some(mail) = Stop::optional(lookup::contact_mail(decider, shown))? else {
        return Ok(None);
    };
    let known = decider.rows.contact(user, &mail)?;
    let known = known.filter(|known| known.is_acquainted()).cloned();
    Ok(known.and_then(|known| Some((known.name.clone()?, known))))
}

/// A name that a client makes up where it knows none.
fn is_nobodys(name: &str, shown: &BareJid) -> bool {
    let node = shown.node().map_or("", |node| node.as_str());
    let address = crate::core::address::unescape(node);
    let local = address.split('@').next().unwrap_or_default();
    [shown.as_str(), node, &address, local, ""]
        .iter()
        .any(|made_up| name.eq_ignore_ascii_case(made_up))
}

fn subscription_of(subscription: Subscription) -> &'static str {
    match subscription {
        Subscription::None => "none",
        Subscription::To => "to",
        Subscription::From => "from",
        Subscription::Both => "both",
    }
}

/// What the name of a contact is, for this user: see [`of_known`].
pub(crate) fn of(
    decider: Decider<'_>,
    user: &BareJid,
    shown: &BareJid,
    mail: &crate::core::address::MailAddress,
) -> Result<Option<String>, Missing> {
    of_known(decider, shown, decider.rows.contact(user, mail)?)
}

/// What an administrator says, else what its mails to the user said. What it is called in the mails of others is theirs, and so is
/// that they have it.
pub(crate) fn of_known(
    decider: Decider<'_>,
    shown: &BareJid,
    known: Option<&Contact>,
) -> Result<Option<String>, Missing> {
    let pair = decider.rows.pair_of(shown)?;
    let pair = pair.filter(|pair| pair.origin == PairOrigin::Admin);
    let name = pair.and_then(|pair| pair.name.clone());
    Ok(name.or_else(|| known?.name.clone()))
}

/// The row, where it has changed.
pub(crate) fn write(
    user: &BareJid,
    mail: &crate::core::address::MailAddress,
    known: &Contact,
    next: Contact,
) -> Option<Write> {
    (next != *known).then(|| Write::Contact(user.clone(), mail.clone(), next))
}
