//! Presence and subscription stanzas.

use super::{CLIENT, WhyNot, brief, line};
use crate::core::id::StanzaId;
use crate::core::limits;
use crate::core::record::{PresenceState, Show};
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::xml::{Build, text};
use minidom::Element;
use xmpp_parsers::ns;

/// XEP-0079. Its rules are for messages; that of §3.3.2, with which something is dropped when its time is over, is
/// borrowed for presence, for which there is no other.
const AMP: &str = "http://jabber.org/protocol/amp";

/// A presence in a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedPresence {
    /// What it says.
    pub kind: PresenceKind,
    /// The id attribute.
    pub id: Option<StanzaId>,
    /// When it was so (XEP-0203), to the millisecond: mails overtake each other, and what is older than what is known
    /// is not news.
    pub stamp: Option<Timestamp>,
    /// Until when it can be believed without a newer one.
    pub expires: Option<Timestamp>,
    /// The name that the sender goes by (XEP-0172), one line.
    pub nick: Option<String>,
}

/// RFC 6121 §4.7.1, as far as a mail carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresenceKind {
    /// There, in this state.
    Available(PresenceState),
    /// Not there.
    Unavailable {
        /// Last words, as in [`PresenceState::status`].
        status: Option<String>,
    },
    /// Asks to see the other's presence.
    Subscribe,
    /// Lets the other see one's presence.
    Subscribed,
    /// No longer wants to see it.
    Unsubscribe,
    /// No longer lets the other see it, or never did.
    Unsubscribed,
}

impl PresenceKind {
    /// The type attribute; `None` for available.
    pub fn as_type(&self) -> Option<&'static str> {
        match self {
            Self::Available(_) => None,
            Self::Unavailable { .. } => Some("unavailable"),
            Self::Subscribe => Some("subscribe"),
            Self::Subscribed => Some("subscribed"),
            Self::Unsubscribe => Some("unsubscribe"),
            Self::Unsubscribed => Some("unsubscribed"),
        }
    }
}

/// The stanza as a mail carries it: in `jabber:client`, without addresses.
pub fn presence(presence: &CarriedPresence) -> Element {
    let build = Build::new("presence", CLIENT)
        .attr_if("type", presence.kind.as_type())
        .attr_if("id", presence.id.as_ref().map(StanzaId::as_str));
    let nick = presence.nick.as_deref().and_then(line);
    let stamp = presence.stamp.and_then(Timestamp::to_xep0082_millis);
    let expires = presence.expires.and_then(Timestamp::to_xep0082_millis);
    build
        .children(state(&presence.kind))
        .children(nick.map(|nick| text("nick", ns::NICK, &nick)))
        .children(stamp.map(|stamp| Build::new("delay", ns::DELAY).attr("stamp", &stamp).done()))
        .children(expires.map(|value| expiry(&value)))
        .done()
}

/// The children that RFC 6121 §4.7.2 defines.
fn state(kind: &PresenceKind) -> Vec<Element> {
    let (show, said, priority) = match kind {
        PresenceKind::Available(state) => (state.show, &state.status, state.priority),
        PresenceKind::Unavailable { status } => (None, status, 0),
        _ => return Vec::new(),
    };
    let show = show.map(|show| text("show", CLIENT, show.as_str()));
    let said = said.as_deref().and_then(status);
    let said = said.map(|said| text("status", CLIENT, &said));
    let priority = (priority != 0).then(|| text("priority", CLIENT, &priority.to_string()));
    [show, said, priority].into_iter().flatten().collect()
}

fn expiry(value: &str) -> Element {
    let rule = Build::new("rule", AMP)
        .attr("condition", "expire-at")
        .attr("action", "drop")
        .attr("value", value);
    Build::new("amp", AMP).child(rule.done()).done()
}

pub(super) fn read(stanza: &Element) -> Result<CarriedPresence, WhyNot> {
    let kind = match stanza.attr("type") {
        None => PresenceKind::Available(PresenceState {
            show: content(stanza, "show").and_then(|show| Show::parse(&show)),
            status: content(stanza, "status").and_then(|said| status(&said)),
            priority: content(stanza, "priority")
                .and_then(|number| number.trim().parse().ok())
                .unwrap_or_default(),
        }),
        Some("unavailable") => PresenceKind::Unavailable {
            status: content(stanza, "status").and_then(|said| status(&said)),
        },
        Some("subscribe") => PresenceKind::Subscribe,
        Some("subscribed") => PresenceKind::Subscribed,
        Some("unsubscribe") => PresenceKind::Unsubscribe,
        Some("unsubscribed") => PresenceKind::Unsubscribed,
        Some(other) => return Err(WhyNot::PresenceType(brief(other))),
    };
    let delay = stanza.get_child("delay", ns::DELAY);
    let nick = stanza.get_child("nick", ns::NICK);
    Ok(CarriedPresence {
        kind,
        id: stanza.attr("id").and_then(StanzaId::parse),
        stamp: delay
            .and_then(|delay| delay.attr("stamp"))
            .and_then(Timestamp::from_xep0082),
        expires: stanza.get_child("amp", AMP).and_then(expires),
        nick: nick.and_then(|nick| line(&nick.text())),
    })
}

/// The text of the first child of this name.
fn content(stanza: &Element, name: &str) -> Option<String> {
    stanza.get_child(name, CLIENT).map(Element::text)
}

fn expires(amp: &Element) -> Option<Timestamp> {
    let is_expiry = |rule: &&Element| {
        rule.is("rule", AMP)
            && rule.attr("condition") == Some("expire-at")
            && rule.attr("action") == Some("drop")
    };
    let rule = amp.children().find(is_expiry)?;
    Timestamp::from_xep0082(rule.attr("value")?)
}

/// As in [`PresenceState::status`].
fn status(said: &str) -> Option<String> {
    let said = clean::for_xml(said);
    let said: String = said.trim().chars().take(limits::STATUS_CHARS_MAX).collect();
    let said = said.trim_end();
    (!said.is_empty()).then(|| said.to_owned())
}
