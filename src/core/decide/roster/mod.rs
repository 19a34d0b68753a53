//! Presence and subscription stanzas of local users: to whom they go. To people who have a mail client the gateway answers in
//! their place, see [`person`]; to contacts with a gateway of their own they go on, see [`subscription_exchange`] and [`mod@presence`].

pub(crate) mod greeting;
pub(crate) mod invitation_answer;
pub(crate) mod own_status;
pub(crate) mod person;
pub(crate) mod presence;
pub(crate) mod subscription_context;
pub(crate) mod subscription_exchange;

use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::{Decision, PresenceUpdate};
use crate::core::decide::lookup;
use crate::core::decide::query::disco;
use crate::core::decide::roster::person::{approve, probe, subscribe, unsubscribe};
use crate::core::decide::roster::subscription_context::SubscriptionContext;
use crate::core::decide::strangers::{self, Accepts};
use crate::core::from_stanza::{self, Presence, Stanza};
use crate::core::language::Language;
use crate::core::subscription::Verb;
use crate::core::to_stanza::{Condition, GATEWAY_RESOURCE, available, presence};
use crate::core::{commands, notice};
use jid::BareJid;

/// Decides about a presence stanza (RFC 6121 §3 and §4, on behalf of the contact's server).
pub fn decide(decider: Decider<'_>, stanza: &Stanza, kind: Presence) -> Result<Decision, Stop> {
    let (user, to) = (stanza.from.to_bare(), stanza.to.to_bare());
    if to.node().is_none() || commands::is_helper(decider, &to)? {
        let decision = of_gateway(decider.language, &user, &to, kind);
        return Ok(own_status::heard(decider, stanza, kind, decision)?);
    }
    let mail = lookup::contact_mail(decider, &to)?;
    let known = lookup::contact(decider, &user, &mail)?;
    let new = usize::from(known.is_none());
    let known = known.unwrap_or_default();
    let mut asked = SubscriptionContext {
        user,
        to,
        mail,
        known,
    };
    if kind == Presence::Subscribe && asked.known.is_blocked {
        let why = notice::you_blocked(decider.language, &asked.mail.for_people());
        return Err(Stop::reject(Condition::NotAcceptable, why));
    }
    if kind == Presence::Subscribe && !decider.settings.contacts.allows(&asked.mail) {
        let why = notice::contact_denied(decider.language, &asked.mail.for_people());
        return Err(Stop::reject(Condition::NotAllowed, why));
    }
    if let Some(known) = asked.other_form().filter(|_| kind == Presence::Subscribe) {
        if asked.is_in_roster() {
            let why = notice::known_as(decider.language, &asked.mail.for_people(), known.as_str());
            return Err(Stop::reject(Condition::Conflict, why));
        }
        asked.known.jid = Some(asked.to.clone());
    }
    let format = lookup::format_of(decider, &asked.mail)?;
    let (user, mail) = (asked.user.clone(), asked.mail.clone());
    let request = asked.known.request.clone();
    let mut decision = match (kind, Verb::of(kind), format.features().presence) {
        (_, Some(verb), true) => subscription_exchange::sent(decider, stanza, asked, verb)?,
        (Presence::Subscribe, ..) => subscribe(decider, stanza, asked)?,
        (Presence::Unsubscribe, ..) => unsubscribe(asked),
        (Presence::Subscribed, ..) => approve(asked, true),
        (Presence::Unsubscribed, ..) => approve(asked, false),
        (Presence::Probe, ..) => Decision::answer([probe(decider, &asked, format)]),
        (Presence::Available | Presence::Unavailable, _, true) => said(stanza, asked),
        (Presence::Available | Presence::Unavailable, ..) => Decision::nothing(),
    };
    if let Some(request) = request {
        let of = (&user, &mail);
        match kind {
            Presence::Subscribed => {
                strangers::accept(decider, of, Accepts::Said, &mut decision)?;
            }
            // Clients repeat requests that were not answered, and mean nothing by it.
            Presence::Subscribe if !request.kept.is_empty() => {
                strangers::accept(decider, of, Accepts::Shown, &mut decision)?;
            }
            Presence::Unsubscribed => strangers::refuse(decider, of, &mut decision)?,
            _ => {}
        }
    }
    Ok(Decision {
        strangers: new,
        ..decision
    })
}

/// The user's presence for a contact on another gateway, where the user lets it see that (RFC 6121 §4.2.2).
fn said(stanza: &Stanza, asked: SubscriptionContext) -> Decision {
    let mut decision = Decision::default();
    if asked.known.subscription.has_from() {
        decision.presence.push(PresenceUpdate::Presence {
            from: stanza.from.clone(),
            contact: asked.mail,
            state: from_stanza::state(&stanza.element),
        });
    }
    decision
}

/// The gateway itself is there for everybody who may use it.
fn of_gateway(language: Language, user: &BareJid, gateway: &BareJid, kind: Presence) -> Decision {
    // From a resource, or clients take it for one that is not there.
    let there = || {
        let from = format!("{gateway}/{GATEWAY_RESOURCE}");
        let mut there = available(&from, user, None, &commands::gateway_status(language));
        let is_helper = gateway.node().is_some();
        let caps = disco::of_gateway(is_helper).in_presence(gateway.domain().as_str());
        there.append_child(caps);
        there
    };
    match kind {
        Presence::Subscribe => {
            Decision::answer([presence(gateway.as_str(), user, "subscribed"), there()])
        }
        Presence::Probe => Decision::answer([there()]),
        Presence::Unsubscribe => {
            Decision::answer([presence(gateway.as_str(), user, "unsubscribed")])
        }
        _ => Decision::nothing(),
    }
}
