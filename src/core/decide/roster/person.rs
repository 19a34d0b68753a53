//! Subscriptions of people who have a mail client, in whose place the gateway answers by rule: a request becomes one
//! invitation in plain words, any later mail of theirs accepts it.

use crate::core::carried::{self, CarriedPresence, PresenceKind};
use crate::core::context::{Missing, Write};
use crate::core::decide::compose::{self, MailOptions};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::decide::names;
use crate::core::decide::roster::greeting::by_mail;
use crate::core::decide::roster::invitation_answer::{self, InvitationAnswer};
use crate::core::decide::roster::presence::{self, SeenContact};
use crate::core::decide::roster::subscription_context::{SubscriptionContext, origin};
use crate::core::decide::roster::subscription_exchange;
use crate::core::decide::thread::{self, JoiningMessage};
use crate::core::from_mail::{self, Automatic, Person};
use crate::core::from_stanza::Stanza;
use crate::core::id::{Correspondents, MessageId, ThreadId};
use crate::core::limits::{INVITATION_INTERVAL, STATUS_CHARS_MAX};
use crate::core::message::OutboundMail;
use crate::core::notice::{self, Inviting};
use crate::core::record::{Contact, Format, Subscription, SubscriptionExchange, Thread};
use crate::core::subscription::Verb;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::to_mail;
use crate::core::to_stanza::presence;
use minidom::Element;
use xmpp_parsers::ns;

/// RFC 6121 §3.1.3: a subscription that exists is confirmed again, and who has written to the user needs no invitation; else
/// one goes out, and no second one within a week, whatever the client repeats.
pub(crate) fn subscribe(
    decider: Decider<'_>,
    stanza: &Stanza,
    asked: SubscriptionContext,
) -> Result<Decision, Stop> {
    if asked.known.subscription.has_to() {
        let confirmed = presence(asked.to.as_str(), &asked.user, "subscribed");
        let format = lookup::format_of(decider, &asked.mail)?;
        let here = asked.here(decider, format);
        return Ok(Decision::answer([confirmed, here]));
    }
    let jid = asked.known.jid.clone().or_else(|| Some(asked.to.clone()));
    let next = Contact {
        pending_out: true,
        jid,
        ..asked.known.clone()
    };
    if asked.known.has_written {
        return Ok(granted(decider, asked, next)?);
    }
    let is_recent = |invited| decider.now.since(invited) < INVITATION_INTERVAL;
    if asked.known.invited.is_some_and(is_recent) {
        return Ok(Decision {
            writes: asked.write(next),
            ..Decision::default()
        });
    }
    invite(decider, stanza, asked, next)
}

/// Somebody with whom the user has been talking is asked nothing.
fn granted(
    decider: Decider<'_>,
    asked: SubscriptionContext,
    next: Contact,
) -> Result<Decision, Missing> {
    let (user, to, mail) = (&asked.user, &asked.to, &asked.mail);
    let next = Contact {
        subscription: Subscription::of(true, next.subscription.has_from()),
        pending_out: false,
        ..next
    };
    let pair = subscription_exchange::pair(decider, to, mail, next.name.as_deref())?;
    let (next, ask) = names::due(decider, user, to, next);
    let format = lookup::format_of(decider, mail)?;
    let seen = SeenContact {
        contact: &next,
        ..asked.seen()
    };
    let mut stanzas = vec![
        presence(to.as_str(), user, "subscribed"),
        by_mail(decider.language, seen, format),
    ];
    stanzas.extend(ask);
    let mut writes = asked.write(next);
    writes.extend(pair);
    Ok(Decision {
        writes,
        stanzas,
        ..Decision::default()
    })
}

fn invite(
    decider: Decider<'_>,
    stanza: &Stanza,
    asked: SubscriptionContext,
    next: Contact,
) -> Result<Decision, Stop> {
    let mut handshake = next.handshake.clone().unwrap_or_default();
    let letter = invitation(decider, stanza, &asked, &mut handshake)?;
    let options = MailOptions {
        format: Format::OF_GATEWAYS, // which is plain text where nothing is carried
        ordering_key: asked.mail.key(),
        origin: Some(origin(stanza, &asked)),
        silent: false,
        now: decider.now,
    };
    let mail = options.mail(decider, &letter)?;
    // The answer is the first message of the thread that the invitation opens.
    let id = ThreadId::derive(&mail.job.message_id);
    let invitation = JoiningMessage {
        id: &mail.job.message_id,
        ancestors: &[],
        subject: Some(&letter.subject),
        at: decider.now,
    };
    let thread = Thread {
        is_invitation: true,
        ..thread::grown(None, invitation)
    };
    let mut writes = asked.write(Contact {
        invited: Some(decider.now),
        asked_by: Some(mail.job.message_id.clone()),
        thread: Some(id.clone()),
        handshake: Some(handshake),
        ..next
    });
    writes.push(Write::Thread(asked.user, asked.mail, id, thread));
    Ok(Decision {
        mails: vec![mail],
        writes,
        ..Decision::default()
    })
}

/// Where nobody knows whether the contact has a gateway of its own, the invitation carries the request itself, so that
/// two gateways find each other by it.
fn invitation(
    decider: Decider<'_>,
    stanza: &Stanza,
    asked: &SubscriptionContext,
    handshake: &mut SubscriptionExchange,
) -> Result<OutboundMail, Stop> {
    let sender = lookup::user_mail(decider, &asked.user)?;
    let nick = subscription_exchange::nick_of(stanza);
    let from = compose::party(decider, &asked.user, sender, nick.clone())?;
    let name = from.name.clone().unwrap_or_default();
    let words = words_of(stanza);
    let invitation = notice::invitation(
        decider.language,
        Inviting {
            name: &name,
            mail: &from.mail.for_people(),
            words: words.as_deref(),
            organisation: decider.settings.organisation.as_deref(),
        },
    );
    // A request that is repeated after a crash is the same invitation. The one of another week is not, nor is one after a
    // failure: mail servers and programs drop what they have seen.
    let before = asked.known.asked_by.as_ref().map_or("", MessageId::as_str);
    let invited = asked.known.invited.map_or(0, Timestamp::millis);
    let id = format!("{invited} {before}");
    let message_id = MessageId::derive(
        &decider.settings.id_key,
        Correspondents {
            from: &asked.user,
            to: asked.mail.key(),
            sender: &from.mail,
        },
        &id,
        "invitation",
    );
    let mut carried = Vec::new();
    if lookup::is_unknown(decider, &asked.mail)? {
        let (id, stamp) = subscription_exchange::ask(handshake, stanza, decider.now);
        carried.push(carried::presence(&CarriedPresence {
            kind: PresenceKind::Subscribe,
            id,
            stamp: Some(stamp),
            expires: None,
            nick,
        }));
    }
    let page = to_mail::invitation(decider.language, &invitation, &from.mail, &message_id);
    let text = invitation.text();
    Ok(OutboundMail {
        to: vec![compose::to(&asked.mail)],
        automatic: true,
        carried,
        page: Some(page),
        ..OutboundMail::plain(from, message_id, invitation.subject, text, decider.now)
    })
}

/// What the user says in a request (RFC 6121 §3.1.2).
fn words_of(stanza: &Stanza) -> Option<String> {
    let status = stanza.element.get_child("status", ns::COMPONENT)?;
    let words = clean::for_header(&status.text(), STATUS_CHARS_MAX);
    (!words.is_empty()).then_some(words)
}

/// RFC 6121 §3.3.3.
pub(crate) fn unsubscribe(asked: SubscriptionContext) -> Decision {
    let subscription = Subscription::of(false, asked.known.subscription.has_from());
    let mut next = Contact {
        subscription,
        pending_out: false,
        handshake: asked
            .known
            .handshake
            .clone()
            .map(|handshake| SubscriptionExchange {
                asked: None,
                ..handshake
            }),
        ..asked.known.clone()
    };
    next.forget_what_is_over();
    let stanzas = vec![
        presence(asked.to.as_str(), &asked.user, "unsubscribed"),
        presence::gone(&asked.to, &asked.user),
    ];
    Decision {
        writes: asked.write(next),
        stanzas,
        ..Decision::default()
    }
}

/// The user lets the contact see its presence, or no longer: kept, though mail does not carry presence.
pub(crate) fn approve(asked: SubscriptionContext, yes: bool) -> Decision {
    let subscription = Subscription::of(
        asked.known.subscription.has_to(),
        yes && asked.known.pending_in,
    );
    let next = Contact {
        subscription,
        pending_in: false,
        ..asked.known.clone()
    };
    Decision {
        writes: asked.write(next),
        ..Decision::default()
    }
}

/// RFC 6121 §4.3.2: who has no subscription is told so.
pub(crate) fn probe(decider: Decider<'_>, asked: &SubscriptionContext, format: Format) -> Element {
    if asked.known.subscription.has_to() {
        return asked.here(decider, format);
    }
    presence(asked.to.as_str(), &asked.user, "unsubscribed")
}

fn is_of_machine(mail: &from_mail::ParsedMail) -> bool {
    // Many a person's program asks for silence.
    let is_automatic = mail
        .automatic
        .is_some_and(|why| why != Automatic::Suppressed);
    is_automatic || mail.is_of_machine || mail.bulk || mail.null_return_path
}

/// Whether a mail would accept a request, if it is believed.
pub(crate) fn accepts(mail: &from_mail::ParsedMail) -> bool {
    let answer = invitation_answer::of(&mail.text);
    !is_of_machine(mail)
        && !mail.text_cut
        && answer != InvitationAnswer::Unclear
        && answer != InvitationAnswer::No
}

/// What a mail from the contact does to a request that waits for an answer: any mail of a person accepts, the one word
/// `no` refuses, and one that was not read whole does neither, for it may say so where nobody has looked. The answer, where
/// it is one.
pub(crate) fn answered_by_mail(known: &mut Contact, mail: &from_mail::ParsedMail) -> Option<Verb> {
    let is_of_machine = is_of_machine(mail);
    let answer = invitation_answer::of(&mail.text);
    let refuses = known.pending_out && answer == InvitationAnswer::No;
    known.has_written = (known.has_written || !is_of_machine) && !refuses;
    if !known.pending_out || is_of_machine || mail.text_cut || answer == InvitationAnswer::Unclear {
        return None;
    }
    known.pending_out = false;
    if refuses {
        return Some(Verb::Unsubscribed);
    }
    known.subscription = Subscription::of(true, known.subscription.has_from());
    known.trouble = None;
    // It was a person who answered: what a gateway of theirs may still say of this request is too late.
    if let Some(handshake) = &mut known.handshake {
        handshake.asked = None;
    }
    Some(Verb::Subscribed)
}

/// What the user sees of that answer. The completed handshake saves the pair.
pub(crate) fn show_answer(
    decider: Decider<'_>,
    seen: SeenContact<'_>,
    from: &Person,
    answer: Verb,
) -> Result<(Vec<Element>, Option<Write>), Missing> {
    let shown = seen.shown;
    let answered = presence(shown.as_str(), seen.user, answer.as_str());
    if answer != Verb::Subscribed {
        return Ok((vec![answered], None));
    }
    let format = lookup::format_of(decider, &from.address)?;
    let here = by_mail(decider.language, seen, format);
    let pair = subscription_exchange::pair(decider, shown, &from.address, from.name.as_deref())?;
    Ok((vec![answered, here], pair))
}
