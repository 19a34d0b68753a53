//! What becomes of an event. Every function here is pure: rows come from a [`crate::core::context::Context`], the time is an argument, and the
//! answer is a [`Decision`] that the shell makes durable before it acts on it.

mod compose;
pub mod decider;
pub mod decision;
pub mod delivery;
pub mod inbound;
mod language;
pub mod lookup;
pub(crate) mod names;
pub(crate) mod outbound;
mod own_name;
pub(crate) mod picture;
pub mod query;
mod refusal;
pub mod roster;
pub(crate) mod strangers;
pub mod thread;
pub(crate) mod welcome;

use crate::core::address::MailAddress;
use crate::core::context::Missing;
use crate::core::decide::decider::{StanzaError, Stop};
use crate::core::decide::delivery::outcome;
use crate::core::decide::delivery::returned;
use crate::core::decide::delivery::status;
use crate::core::decide::inbound::arrived::Arrived;
use crate::core::decide::outbound::unsupported;
use crate::core::decide::outbound::{chat, gather};
use crate::core::decide::refusal::outsider;
use crate::core::decide::roster::greeting;
use crate::core::decide::roster::own_status;
use crate::core::decide::roster::presence;
use crate::core::from_stanza::{self, Stanza, StanzaAct, StanzaKind};
use crate::core::job::Job;
use crate::core::operation::Operation;
use crate::core::outcome::{Attempt, JobVerdict};
use crate::core::presence::Fanout;
use crate::core::to_stanza::Condition;
use crate::core::{commands, notice};
use jid::BareJid;

pub use decider::Decider;
pub use decision::{Decision, Fate, Left, PresenceUpdate, Relation};

/// The four doors: an event of each kind, and what becomes of it. Rows that are missing are named; then the same is asked
/// again.
impl Decider<'_> {
    /// What becomes of a stanza. The only place where a refusal becomes one.
    ///
    /// # Errors
    /// [`Missing`] names rows that have to be loaded first; so for all doors.
    pub fn stanza(self, stanza: &Stanza) -> Result<Decision, Missing> {
        let mut decider = language::of_sender(self, stanza)?;
        let asked_in = self
            .rows
            .told()
            .and_then(|(operation, _)| operation.language());
        decider.language = asked_in.unwrap_or(decider.language);
        let decided = decider.of_stanza(stanza);
        if let Some((Operation::Forget { .. }, _)) = self.rows.told() {
            // Nothing is noted of somebody who has just been forgotten.
            return decided.or_else(|stop| Ok(refused(decider, stanza, stop.rejected()?)));
        }
        let decision = match decided {
            Ok(decision) => {
                let decision = own_name::asked(decider, stanza, decision)?;
                welcome::beside_stanza(decider, stanza, decision)?
            }
            Err(stop) => refused(decider, stanza, stop.rejected()?),
        };
        language::noted(decider, stanza, decision)
    }

    /// What becomes of a mail, and what its mailbox does with it.
    #[allow(clippy::missing_errors_doc)]
    pub fn mail(self, arrived: &Arrived<'_>) -> Result<(Decision, Fate), Missing> {
        inbound::decide(self, arrived)
    }

    /// Who is told of a mail on which [`Decider::mail`] failed by a defect.
    #[allow(clippy::missing_errors_doc)]
    pub fn failed_mail(self, arrived: &Arrived<'_>) -> Result<Decision, Missing> {
        inbound::not_shown(self, arrived)
    }

    /// Who is told what of an attempt to send a mail. `job` is as it is after it.
    #[allow(clippy::missing_errors_doc)]
    pub fn outcome(
        self,
        job: &Job,
        attempt: &Attempt,
        verdict: JobVerdict,
    ) -> Result<Decision, Missing> {
        outcome::decide(self, job, attempt, verdict)
    }

    /// What is to be done because a time has come, or because the XMPP server came back or is being left.
    #[allow(clippy::missing_errors_doc)]
    pub fn timer(self, timer: Timer<'_>) -> Result<Decision, Missing> {
        match timer {
            Timer::Announce(fanout) => presence::announce(self.about(&fanout.user)?, fanout),
            Timer::Expired(user, contact) => presence::expired(self.about(user)?, user, contact),
            Timer::Forgotten(relation) => greeting::ended_of(self, relation).map(Decision::answer),
            Timer::UserForgotten(user) => own_status::ended(self, user),
            Timer::Status(user) => own_status::asked(self.about(user)?, user),
            Timer::Found(job) => gather::missing_rows(self, job),
            Timer::Server(AnnounceReason::Back, relation) => {
                greeting::greeting_of(self.about(relation.0)?, relation).map(Decision::answer)
            }
            Timer::Server(AnnounceReason::Left, relation) => {
                greeting::farewell_of(self, relation).map(Decision::answer)
            }
        }
    }

    fn of_stanza(self, stanza: &Stanza) -> Result<Decision, Stop> {
        match &stanza.kind {
            StanzaKind::Silent => Ok(Decision::nothing()),
            StanzaKind::Answered(payload) => {
                Ok(match own_name::answered(self, stanza, Ok(payload))? {
                    Some(decision) => decision,
                    None => names::answered(self, stanza, payload)?,
                })
            }
            StanzaKind::Unanswered(condition) => Ok(self.of_error(stanza, *condition)?),
            StanzaKind::Returned(why) => Ok(returned::decide(self, stanza, why)?),
            StanzaKind::Message(message) if let Some(StanzaAct::Invite { from }) = &message.act => {
                Ok(unsupported::declined(self.language, stanza, from))
            }
            StanzaKind::Request { set, payload } => query::decide(self, stanza, (*set, payload)),
            _ if !self.settings.users.allows(&stanza.from.to_bare()) => Ok(outsider(self, stanza)),
            StanzaKind::Message(message) if is_for_gateway(self, stanza)? => {
                Ok(commands::chat::decide(self, stanza, message)?)
            }
            StanzaKind::Message(message) => {
                let in_words = from_stanza::in_words_of(self.language, stanza, message);
                let message = in_words.as_ref().unwrap_or(message);
                match commands::chat::in_conversation(self, stanza, message)? {
                    Some(decision) => Ok(decision),
                    None => chat::decide(self, stanza, message),
                }
            }
            StanzaKind::Groupchat => Err(Stop::reject(
                Condition::ServiceUnavailable,
                notice::no_groupchat(self.language),
            )),
            StanzaKind::Presence(presence) => roster::decide(self, stanza, *presence),
        }
    }

    /// An error in place of an answer to a question of ours.
    fn of_error(self, stanza: &Stanza, condition: Condition) -> Result<Decision, Missing> {
        if let Some(decision) = own_name::answered(self, stanza, Err(condition))? {
            return Ok(decision);
        }
        match names::refused(self, stanza)? {
            Some(decision) => Ok(decision),
            None => status::unreached(self, stanza, condition),
        }
    }
}

fn refused(
    decider: Decider<'_>,
    stanza: &Stanza,
    StanzaError { condition, why }: StanzaError,
) -> Decision {
    Decision::refuse(stanza, decider.language, condition, &why)
}

/// A time that has come.
#[derive(Clone, Copy, Debug)]
pub enum Timer<'a> {
    /// Contacts of a user are to be told of the user's presence.
    Announce(&'a Fanout),
    /// What a user has heard of a contact's presence is over.
    Expired(&'a BareJid, &'a MailAddress),
    /// A user was forgotten who had this contact.
    Forgotten(Relation<'a>),
    /// A user is forgotten.
    UserForgotten(&'a BareJid),
    /// The XMPP server is there again, where this user is.
    Status(&'a BareJid),
    /// A mail was found in the spool that can still change.
    Found(&'a Job),
    /// The XMPP server is to hear of a contact.
    Server(AnnounceReason, Relation<'a>),
}

/// Why the XMPP server hears of all contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnounceReason {
    /// It is there (again), and has forgotten what it was told.
    Back,
    /// The gateway stops.
    Left,
}

/// Somebody who is called like the helper is a contact like others.
fn is_for_gateway(decider: Decider<'_>, stanza: &Stanza) -> Result<bool, Missing> {
    let to = stanza.to.to_bare();
    Ok(commands::chat::is_spoken(stanza)
        && (to.node().is_none() || commands::is_helper(decider, &to)?))
}
