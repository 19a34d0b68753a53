//! The subscription handshake with a contact that has a gateway of its own: RFC 6121 §3 over mail, after the table in
//! [`crate::core::subscription`].
//!
//! Mails come late, twice and out of order. So each carries a stamp that rises from mail to mail, and what is older than
//! what was heard is ignored; and each answer names the request that it answers, so that an old yes never answers a new
//! question.

use crate::core::address::MailAddress;
use crate::core::carried::{self, CarriedPresence, PresenceKind};
use crate::core::context::{Missing, Write};
use crate::core::decide::compose::{self, MailOptions};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::{Decision, PresenceUpdate};
use crate::core::decide::lookup;
use crate::core::decide::roster::presence::{self, SeenContact};
use crate::core::decide::roster::subscription_context::{SubscriptionContext, origin};
use crate::core::from_stanza::Stanza;
use crate::core::id::{Correspondents, MessageId, StanzaId, content_digest};
use crate::core::job::{ComposedMail, Origin};
use crate::core::limits::{SUBSCRIPTION_MAILS_PER_HOUR, SUBSCRIPTION_REPEAT_INTERVAL};
use crate::core::message::OutboundMail;
use crate::core::name;
use crate::core::notice;
use crate::core::record::{Contact, Format, Pair, PairOrigin, Subscription, SubscriptionExchange};
use crate::core::subscription::{self, SubscriptionState, SubscriptionStep, Verb};
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::to_stanza::{self, Condition};
use jid::BareJid;
use minidom::Element;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// The user sent a subscription stanza to a contact with a gateway of its own.
pub(crate) fn sent(
    decider: Decider<'_>,
    stanza: &Stanza,
    mut asked: SubscriptionContext,
    verb: Verb,
) -> Result<Decision, Stop> {
    forget_rule(verb, &mut asked.known);
    let state = SubscriptionState::of(&asked.known);
    let step = subscription::sent(state, verb);
    let mut decision = Decision::answer(shown_to_user(&asked, verb, &step, decider.now));
    if verb == Verb::Unsubscribed {
        let (user, contact) = (asked.user.clone(), asked.mail.clone());
        decision
            .presence
            .push(PresenceUpdate::Forget { user, contact });
    }
    let mut next = asked.known.clone();
    step.next.store_in(&mut next);
    next.forget_what_is_over();
    next.jid.get_or_insert_with(|| asked.to.clone());
    let mut handshake = next.handshake.take().unwrap_or_default();
    if !is_due(&handshake, state, &step, decider.now) {
        next.handshake = asked.known.handshake.clone();
        decision.writes = asked.write(next);
        return Ok(decision);
    }
    if let Err(why) = counted(decider, &mut handshake) {
        // What the user withdrew is withdrawn here, whether the other side can be told or not.
        if verb == Verb::Subscribe {
            return Err(Stop::reject(Condition::PolicyViolation, why));
        }
        next.handshake = asked.known.handshake.clone();
        decision.writes = asked.write(next);
        return Ok(decision);
    }
    let stamp = handshake.stamp(decider.now);
    let id = name(&mut handshake, verb, stanza, stamp);
    next.handshake = Some(handshake);
    let message = SubscriptionStanza {
        decider,
        user: &asked.user,
        contact: &asked.mail,
        verb,
        id,
        again: None,
        stamp,
        nick: nick_of(stanza),
    };
    let origin = (verb == Verb::Subscribe).then(|| origin(stanza, &asked));
    let mail = message.mail(origin)?;
    if verb == Verb::Subscribe {
        next.asked_by = Some(mail.job.message_id.clone());
    }
    decision.mails.push(mail);
    decision.writes = asked.write(next.clone());
    if verb == Verb::Subscribed && step.next != state {
        let pair = pair(decider, &asked.to, &asked.mail, None)?;
        decision.writes.extend(pair);
    }
    Ok(decision)
}

/// What a rule has granted, before anybody knew of the contact's gateway, the contact has not: it is to be asked.
fn forget_rule(verb: Verb, known: &mut Contact) {
    if verb == Verb::Subscribe && !known.is_asked() {
        known.subscription = Subscription::of(false, known.subscription.has_from());
    }
}

/// What the user sees at once of an own stanza: a subscription that stands is confirmed, one that ended shows nothing.
fn shown_to_user(
    asked: &SubscriptionContext,
    verb: Verb,
    step: &SubscriptionStep,
    now: Timestamp,
) -> Vec<Element> {
    let (to, user) = (asked.to.as_str(), &asked.user);
    let mut stanzas = Vec::new();
    if step.answer == Some(Verb::Subscribed) {
        stanzas.push(to_stanza::presence(to, user, "subscribed"));
        stanzas.push(presence::of_contact(asked.seen(), now));
    }
    if verb == Verb::Unsubscribe && asked.known.subscription.has_to() {
        stanzas.push(presence::gone(&asked.to, user));
    }
    stanzas
}

/// What changes nothing is repeated now and then, since a mail may have been lost; never as often as clients repeat it.
fn is_due(
    handshake: &SubscriptionExchange,
    state: SubscriptionState,
    step: &SubscriptionStep,
    now: Timestamp,
) -> bool {
    let is_old = |sent: Timestamp| now.since(sent) >= SUBSCRIPTION_REPEAT_INTERVAL;
    step.pass_on && (step.next != state || handshake.sent.is_none_or(is_old))
}

fn counted(decider: Decider<'_>, handshake: &mut SubscriptionExchange) -> Result<(), String> {
    let now = decider.now;
    if now.since(handshake.hour) >= HOUR || handshake.hour > now {
        (handshake.hour, handshake.mails) = (now, 0);
    }
    handshake.mails = handshake.mails.saturating_add(1);
    match handshake.mails > SUBSCRIPTION_MAILS_PER_HOUR {
        true => Err(notice::too_many_requests(
            decider.language,
            SUBSCRIPTION_MAILS_PER_HOUR,
        )),
        false => Ok(()),
    }
}

/// The id of the request that a stanza is about.
fn name(
    handshake: &mut SubscriptionExchange,
    verb: Verb,
    stanza: &Stanza,
    stamp: Timestamp,
) -> Option<StanzaId> {
    match verb {
        // Also one that is repeated: a refusal of the first may be on its way.
        Verb::Subscribe => {
            handshake.asks(fresh(stanza.from.as_str(), stanza.to.as_str(), stamp));
            handshake.asked.clone()
        }
        Verb::Unsubscribe => {
            handshake.is_again = false;
            handshake.asked.take()
        }
        Verb::Subscribed => handshake.asking.clone(),
        Verb::Unsubscribed => handshake.asking.take(),
    }
}

/// Another id for each request: the stamp is never the same again.
fn fresh(from: &str, to: &str, stamp: Timestamp) -> Option<StanzaId> {
    let stamp = stamp.millis().to_string();
    let seed = [from, to, &stamp];
    StanzaId::parse(&format!("s{}", content_digest(&seed)))
}

/// A first request, which goes with an invitation: its id and its stamp.
pub(crate) fn ask(
    handshake: &mut SubscriptionExchange,
    stanza: &Stanza,
    now: Timestamp,
) -> (Option<StanzaId>, Timestamp) {
    let stamp = handshake.stamp(now);
    handshake.asks(fresh(stanza.from.as_str(), stanza.to.as_str(), stamp));
    (handshake.asked.clone(), stamp)
}

impl SubscriptionExchange {
    /// The user asks; what was asked before is over.
    fn asks(&mut self, id: Option<StanzaId>) {
        self.asked = id;
        self.is_again = false;
    }

    /// Later than all before, whatever the clock says.
    fn stamp(&mut self, now: Timestamp) -> Timestamp {
        let next = |last: Timestamp| last.plus(Duration::from_millis(1));
        let stamp = self.sent.map_or(now, |last| now.max(next(last)));
        self.sent = Some(stamp);
        stamp
    }
}

pub(crate) fn nick_of(stanza: &Stanza) -> Option<String> {
    let nick = stanza.element.get_child("nick", xmpp_parsers::ns::NICK)?;
    Some(clean::for_header(&nick.text(), 80)).filter(|nick| !nick.is_empty())
}

/// A contact's gateway sent a subscription stanza for the user. What it is for was checked: it is from the contact.
pub(crate) struct ReceivedSubscription<'a> {
    pub decider: Decider<'a>,
    /// The stanza.
    pub presence: &'a CarriedPresence,
    /// What it says.
    pub verb: Verb,
    /// The local user.
    pub user: &'a BareJid,
    /// The contact's address.
    pub contact: &'a MailAddress,
    /// The contact's name, as its mail gives it.
    pub name: Option<&'a str>,
    /// The contact as the user sees it.
    pub shown: &'a BareJid,
    /// The mail holds a `subscribed`.
    pub has_answer: bool,
}

impl ReceivedSubscription<'_> {
    /// Decides about it. `known` is changed; what follows is added to the decision.
    pub(crate) fn decide(
        &self,
        known: &mut Contact,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let (presence, verb) = (self.presence, self.verb);
        let mut handshake = known.handshake.take().unwrap_or_default();
        let was_again = handshake.is_again && handshake.asked.is_some();
        if let Err(why) = heard(&mut handshake, presence, verb) {
            known.handshake = Some(handshake);
            let who = clean::shorten_addresses(&self.contact.to_string());
            decision
                .notes
                .push(format!("a {} from {who} is ignored: {why}", verb.as_str()));
            return Ok(());
        }
        let state = SubscriptionState::of(known);
        let step = subscription::received(state, verb);
        step.next.store_in(known);
        // What was granted is refused; the request that the gateway has made since waits for its own answer.
        let is_old = presence.id != handshake.asked;
        known.pending_out |= verb == Verb::Unsubscribed && was_again && is_old;
        known.forget_what_is_over();
        if step.answer == Some(Verb::Subscribed) {
            self.answer(&mut handshake, state, decision)?;
        }
        known.handshake = Some(handshake);
        if step.pass_on {
            self.pass_on(state, known, decision)?;
        }
        Ok(())
    }

    /// RFC 6121 §3.1.3: who has the user's approval already is told so again. Its gateway does not know it (any more: its
    /// store may be lost), so it is told the user's presence again, and is asked again for what the user has. It does not
    /// do the same in return, since the mail that asks it holds an answer.
    fn answer(
        &self,
        handshake: &mut SubscriptionExchange,
        state: SubscriptionState,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        if counted(self.decider, handshake).is_err() {
            return Ok(());
        }
        let stamp = handshake.stamp(self.decider.now);
        let asks = !self.has_answer && state.subscription().has_to() && handshake.asked.is_some();
        if asks {
            handshake.asked = fresh(self.user.as_str(), self.contact.key(), stamp);
            handshake.is_again = true;
        }
        let (user, contact) = (self.user.clone(), self.contact.clone());
        decision
            .presence
            .push(PresenceUpdate::Again { user, contact });
        let message = SubscriptionStanza {
            decider: self.decider,
            user: self.user,
            contact: self.contact,
            verb: Verb::Subscribed,
            id: handshake.asking.clone(),
            again: handshake.asked.clone().filter(|_| asks),
            stamp,
            nick: None,
        };
        match message.mail(None) {
            Ok(mail) => decision.mails.push(mail),
            Err(stop) => decision.notes.push(format!(
                "an approval could not be mailed: {}",
                stop.rejected()?.why
            )),
        }
        Ok(())
    }

    fn pass_on(
        &self,
        before: SubscriptionState,
        known: &Contact,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let nick = self.presence.nick.as_deref();
        let nick = nick.and_then(|nick| name::shown(nick, self.contact));
        let nick = nick.as_deref().or(self.name);
        let stanza = match self.verb {
            Verb::Subscribe => to_stanza::subscribe(self.shown.as_str(), self.user, nick),
            verb => to_stanza::presence(self.shown.as_str(), self.user, verb.as_str()),
        };
        decision.stanzas.push(stanza);
        match self.verb {
            Verb::Subscribed => {
                let pair = pair(self.decider, self.shown, self.contact, self.name)?;
                decision.writes.extend(pair);
                let seen = SeenContact {
                    shown: self.shown,
                    user: self.user,
                    contact: known,
                };
                let here = presence::of_contact(seen, self.decider.now);
                decision.stanzas.push(here);
            }
            Verb::Unsubscribed if before.subscription().has_to() => {
                decision.stanzas.push(presence::gone(self.shown, self.user));
            }
            Verb::Unsubscribe => {
                let (user, contact) = (self.user.clone(), self.contact.clone());
                decision
                    .presence
                    .push(PresenceUpdate::Forget { user, contact });
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether it is news, and not an old mail that was overtaken or an answer to another question.
fn heard(
    handshake: &mut SubscriptionExchange,
    presence: &CarriedPresence,
    verb: Verb,
) -> Result<(), &'static str> {
    let stamp = presence.stamp.ok_or("it has no stamp")?;
    let last = match verb {
        Verb::Subscribe | Verb::Unsubscribe => &mut handshake.request,
        Verb::Subscribed | Verb::Unsubscribed => &mut handshake.answer,
    };
    if last.is_some_and(|last| stamp <= last) {
        return Err("it is older than what was heard before");
    }
    let is_answer = matches!(verb, Verb::Subscribed | Verb::Unsubscribed);
    let is_about_last = handshake.asked.is_some() && presence.id == handshake.asked;
    let ends_granted =
        verb == Verb::Unsubscribed && handshake.is_again && handshake.asked.is_some();
    if is_answer && !is_about_last && !ends_granted {
        return Err("it answers another request than the user's last one");
    }
    *last = Some(stamp);
    handshake.is_again &= !is_answer;
    match verb {
        Verb::Subscribe => handshake.asking.clone_from(&presence.id),
        Verb::Unsubscribe => handshake.asking = None,
        _ => {}
    }
    Ok(())
}

/// A handshake that was completed saves the pair by itself, where neither side of it is taken.
pub(crate) fn pair(
    decider: Decider<'_>,
    shown: &BareJid,
    contact: &MailAddress,
    name: Option<&str>,
) -> Result<Option<Write>, Missing> {
    let is_free =
        decider.rows.holder_of(contact)?.is_none() && decider.rows.pair_of(shown)?.is_none();
    let pair = Pair {
        jid: shown.clone(),
        mail: contact.clone(),
        name: name.map(str::to_owned),
        origin: PairOrigin::Verified,
        saved: decider.now,
    };
    Ok(is_free.then_some(Write::Pair(pair)))
}

/// A subscription stanza on its way to a contact's gateway.
struct SubscriptionStanza<'a> {
    decider: Decider<'a>,
    user: &'a BareJid,
    contact: &'a MailAddress,
    verb: Verb,
    id: Option<StanzaId>,
    /// A `subscribe` of this id goes along.
    again: Option<StanzaId>,
    stamp: Timestamp,
    nick: Option<String>,
}

impl SubscriptionStanza<'_> {
    /// The mail, or why there can be none.
    fn mail(self, origin: Option<Origin>) -> Result<ComposedMail, Stop> {
        let sender = lookup::user_mail(self.decider, self.user)?;
        let from = compose::party(self.decider, self.user, sender, self.nick.clone())?;
        let name = from.name.clone().unwrap_or_default();
        let (subject, text) = notice::subscription(
            self.decider.language,
            self.verb.as_str(),
            &name,
            &from.mail.for_people(),
        );
        let stamp = self.stamp.millis().to_string();
        let message_id = MessageId::derive_machine(
            &self.decider.settings.id_key,
            Correspondents {
                from: self.user,
                to: self.contact.key(),
                sender: &from.mail,
            },
            "subscription",
            &[self.verb.as_str(), &stamp],
        );
        let stanza = |kind, id, nick| {
            carried::presence(&CarriedPresence {
                kind,
                id,
                stamp: Some(self.stamp),
                expires: None,
                nick,
            })
        };
        let mut carried = vec![stanza(kind(self.verb), self.id, self.nick)];
        if let Some(again) = self.again {
            carried.push(stanza(PresenceKind::Subscribe, Some(again), None));
        }
        let letter = OutboundMail {
            to: vec![compose::to(self.contact)],
            automatic: true,
            carried,
            ..OutboundMail::plain(from, message_id, subject, text, self.decider.now)
        };
        let options = MailOptions {
            format: Format::OF_GATEWAYS,
            ordering_key: self.contact.key(),
            origin,
            silent: self.verb != Verb::Subscribe,
            now: self.decider.now,
        };
        Ok(options.mail(self.decider, &letter)?)
    }
}

fn kind(verb: Verb) -> PresenceKind {
    match verb {
        Verb::Subscribe => PresenceKind::Subscribe,
        Verb::Subscribed => PresenceKind::Subscribed,
        Verb::Unsubscribe => PresenceKind::Unsubscribe,
        Verb::Unsubscribed => PresenceKind::Unsubscribed,
    }
}
