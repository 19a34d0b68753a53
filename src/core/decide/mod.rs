//! What becomes of an event. Every function here is pure: rows come from a [`Context`], the time is an argument, and the
//! answer is a [`Decision`] that the shell makes durable before it acts on it.

mod carry;
pub mod directory;
pub mod handshake;
pub mod incoming;
pub mod message;
pub mod peer;
mod post;
pub mod presence;
mod recipients;
mod report;
pub mod request;
pub mod returned;
pub mod settle;
mod standing;
pub mod subscription;
pub mod thread;
mod told;

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::from_stanza::{Kind, Stanza};
use crate::core::job::Mail;
use crate::core::record::PresenceState;
use crate::core::settings::Settings;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::to_stanza::{Condition, error_reply};
use jid::{BareJid, Jid};
use minidom::Element;

/// What is to be done, in this order: the mails go into the spool, the writes into the store, then the stanzas leave.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// Mails to be accepted into the spool.
    pub mails: Vec<Mail>,
    /// Changes of the store.
    pub writes: Vec<Write>,
    /// Stanzas to be sent.
    pub stanzas: Vec<Element>,
    /// Addresses among the recipients of the mails to which the user has never written.
    pub strangers: usize,
    /// What is to be told to contacts on other gateways of the presence of local users, all in good time.
    pub presence: Vec<Said>,
    /// What an administrator may want to read in the log.
    pub notes: Vec<String>,
}

/// Something about the presence of a local user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A resource of the user is there, or (`None`) no longer, for this contact.
    Presence {
        /// The resource.
        from: Jid,
        /// The contact.
        contact: MailAddress,
        /// What it shows.
        state: Option<PresenceState>,
    },
    /// The contact no longer knows what it was told.
    Again {
        /// The local user.
        user: BareJid,
        /// The contact.
        contact: MailAddress,
    },
    /// The contact is not told anything any more.
    Forget {
        /// The local user.
        user: BareJid,
        /// The contact.
        contact: MailAddress,
    },
}

impl Decision {
    /// Nothing is to be done.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The sender is told that the stanza is refused, where an answer is due.
    pub fn refuse(stanza: &Stanza, condition: Condition, why: &str) -> Self {
        let mut decision = Self::default();
        decision
            .stanzas
            .extend(error_reply(&stanza.element, condition, why));
        decision.notes.push(format!(
            "refused a {} ({}): {}",
            stanza.element.name(),
            condition.name(),
            clean::shorten_addresses(why)
        ));
        decision
    }

    /// Only answers.
    pub fn answer(stanzas: impl IntoIterator<Item = Element>) -> Self {
        Self {
            stanzas: stanzas.into_iter().collect(),
            ..Self::default()
        }
    }
}

/// What becomes of a stanza.
///
/// # Errors
/// [`Missing`] names a row that has to be loaded first; so for all decisions.
pub fn stanza(
    settings: &Settings,
    context: &Context,
    stanza: &Stanza,
    now: Timestamp,
) -> Result<Decision, Missing> {
    match &stanza.kind {
        Kind::Silent => Ok(Decision::nothing()),
        Kind::Unanswered(condition) => told::unreached(context, stanza, *condition),
        Kind::Returned(why) => returned::decide(settings, context, stanza, why, now),
        Kind::Request { set, payload } => request::decide(settings, context, stanza, *set, payload),
        _ if !settings.users.allows(&stanza.from.to_bare()) => Ok(outsider(settings, stanza)),
        Kind::Message(message) => message::decide(settings, context, stanza, message, now),
        Kind::Groupchat => Ok(Decision::refuse(
            stanza,
            Condition::ServiceUnavailable,
            &crate::core::notice::no_groupchat(),
        )),
        Kind::Presence(presence) => subscription::decide(settings, context, stanza, *presence, now),
    }
}

/// The answer to who may not use the gateway.
fn outsider(settings: &Settings, stanza: &Stanza) -> Decision {
    let domains: Vec<String> = settings
        .users
        .domains
        .iter()
        .map(ToString::to_string)
        .collect();
    Decision::refuse(
        stanza,
        Condition::Forbidden,
        &crate::core::notice::outsider(&domains),
    )
}
