//! Presence and subscriptions to people who have a mail client: the gateway answers in their place, by rule. A request
//! becomes one invitation in plain words; any later mail of theirs accepts it.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::Decision;
use crate::core::decide::message::job;
use crate::core::decide::{directory, thread};
use crate::core::from_mail;
use crate::core::from_stanza::{Presence, Role, Stanza};
use crate::core::id::{MessageId, ThreadId};
use crate::core::job::{Mail, Origin, OriginKind};
use crate::core::limits::INVITATION_INTERVAL;
use crate::core::notice;
use crate::core::parcel::{Letter, Party, Recipient};
use crate::core::record::{Contact, Pair, PairOrigin, Subscription};
use crate::core::settings::Settings;
use crate::core::time::Timestamp;
use crate::core::to_mail;
use crate::core::to_stanza::{CONTACT_RESOURCE, Condition, available, presence};
use jid::BareJid;
use minidom::Element;

/// Lines by which a mail client says whom it quotes.
const INTRODUCTION_LINES_MAX: usize = 3;

/// Decides about a presence stanza (RFC 6121 §3 and §4, on behalf of the contact's server).
pub fn decide(
    settings: &Settings,
    context: &Context,
    stanza: &Stanza,
    kind: Presence,
    now: Timestamp,
) -> Result<Decision, Missing> {
    let (user, to) = (stanza.from.to_bare(), stanza.to.to_bare());
    if to.node().is_none() {
        return Ok(of_gateway(&user, &to, kind));
    }
    let mail = match directory::contact_mail(settings, context, &to)? {
        Ok(mail) => mail,
        Err(no) => return Ok(Decision::refuse(stanza, no.condition, &no.why)),
    };
    let known = context.contact(&user, &mail)?.cloned().unwrap_or_default();
    let asked = Asked {
        user,
        to,
        mail,
        known,
    };
    match kind {
        Presence::Subscribe => subscribe(settings, context, stanza, asked, now),
        Presence::Unsubscribe => Ok(unsubscribe(asked)),
        Presence::Subscribed => Ok(approve(asked, true)),
        Presence::Unsubscribed => Ok(approve(asked, false)),
        Presence::Probe => Ok(Decision::answer([probe(&asked)])),
        Presence::Available | Presence::Unavailable => Ok(Decision::nothing()),
    }
}

/// A user, a contact, and what is between them.
struct Asked {
    user: BareJid,
    /// The contact as the user wrote it.
    to: BareJid,
    mail: MailAddress,
    known: Contact,
}

impl Asked {
    fn write(&self, next: Contact) -> Vec<Write> {
        if next == self.known {
            return Vec::new();
        }
        vec![Write::Contact(self.user.clone(), self.mail.clone(), next)]
    }
}

/// The gateway itself is there for everybody who may use it.
fn of_gateway(user: &BareJid, gateway: &BareJid, kind: Presence) -> Decision {
    let there = || available(gateway.as_str(), user, None, "e-mail gateway");
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

/// RFC 6121 §3.1.3: a subscription that exists is confirmed again; else one invitation goes out, and no second one
/// within a week, whatever the client repeats.
fn subscribe(
    settings: &Settings,
    context: &Context,
    stanza: &Stanza,
    asked: Asked,
    now: Timestamp,
) -> Result<Decision, Missing> {
    if !settings.contacts.allows(&asked.mail) {
        let why = notice::contact_denied(&asked.mail.for_people());
        return Ok(Decision::refuse(stanza, Condition::NotAllowed, &why));
    }
    if asked.known.subscription.has_to() {
        return Ok(Decision::answer([
            presence(asked.to.as_str(), &asked.user, "subscribed"),
            here(&asked.to, &asked.user, &asked.known),
        ]));
    }
    let jid = asked.known.jid.clone().or_else(|| Some(asked.to.clone()));
    let next = Contact {
        pending_out: true,
        jid,
        ..asked.known.clone()
    };
    if asked
        .known
        .invited
        .is_some_and(|invited| now.since(invited) < INVITATION_INTERVAL)
    {
        return Ok(Decision {
            writes: asked.write(next),
            ..Decision::default()
        });
    }
    let sender = match directory::user_mail(settings, context, &asked.user)? {
        Ok(sender) => sender,
        Err(no) => return Ok(Decision::refuse(stanza, no.condition, &no.why)),
    };
    let (mail, subject) = match invitation(settings, stanza, &asked, sender, now) {
        Ok(invitation) => invitation,
        Err(error) => {
            return Ok(Decision::refuse(
                stanza,
                Condition::NotAcceptable,
                &notice::unwritable(&error),
            ));
        }
    };
    // The answer is the first message of the thread that the invitation opens.
    let id = ThreadId::derive(&mail.job.message_id);
    let thread = thread::grown(None, &[], &mail.job.message_id, Some(&subject), now);
    let mut writes = asked.write(Contact {
        invited: Some(now),
        thread: Some(id.clone()),
        ..next
    });
    writes.push(Write::Thread(asked.user, asked.mail, id, thread));
    Ok(Decision {
        mails: vec![mail],
        writes,
        ..Decision::default()
    })
}

fn invitation(
    settings: &Settings,
    stanza: &Stanza,
    asked: &Asked,
    sender: MailAddress,
    now: Timestamp,
) -> Result<(Mail, String), to_mail::Unwritable> {
    let nick = stanza
        .element
        .get_child("nick", xmpp_parsers::ns::NICK)
        .map(Element::text);
    let local = asked
        .user
        .node()
        .map(|node| crate::core::address::unescape(node.as_str()));
    let name = nick
        .map(|nick| crate::core::text::clean::for_header(&nick, 80))
        .filter(|nick| !nick.is_empty())
        .or(local)
        .unwrap_or_default();
    let (subject, text) = notice::invitation(&name, asked.user.as_str(), &sender.for_people());
    // A request that is repeated after a crash is the same invitation; the one of another week is not.
    let id = asked.known.invited.map_or(0, Timestamp::millis).to_string();
    let message_id = MessageId::derive(
        &settings.id_key,
        &asked.user,
        asked.mail.key(),
        &id,
        "invitation",
        &sender,
    );
    let letter = Letter {
        from: Party {
            jid: asked.user.clone(),
            mail: sender,
            name: Some(name),
        },
        to: vec![Recipient {
            role: Role::To,
            mail: asked.mail.clone(),
            name: None,
        }],
        message_id,
        subject,
        in_reply_to: None,
        references: Vec::new(),
        date: now,
        text,
        automatic: true,
        carried: Vec::new(),
        reaction: None,
    };
    let origin = Origin {
        user: stanza.from.clone(),
        contact: asked.to.clone(),
        stanza_id: stanza.id.clone(),
        kind: OriginKind::Subscription,
        receipt: false,
    };
    let (job, bytes) = (
        job(&letter, Some(origin), &asked.mail, now),
        to_mail::plain(&letter)?,
    );
    Ok((Mail { job, bytes }, letter.subject))
}

/// RFC 6121 §3.3.3.
fn unsubscribe(asked: Asked) -> Decision {
    let subscription = Subscription::of(false, asked.known.subscription.has_from());
    let next = Contact {
        subscription,
        pending_out: false,
        ..asked.known.clone()
    };
    let stanzas = vec![
        presence(asked.to.as_str(), &asked.user, "unsubscribed"),
        presence(&resource_of(&asked.to), &asked.user, "unavailable"),
    ];
    Decision {
        writes: asked.write(next),
        stanzas,
        ..Decision::default()
    }
}

/// The user lets the contact see its presence, or no longer: kept, though mail does not carry presence.
fn approve(asked: Asked, yes: bool) -> Decision {
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
fn probe(asked: &Asked) -> Element {
    if asked.known.subscription.has_to() {
        return here(&asked.to, &asked.user, &asked.known);
    }
    presence(asked.to.as_str(), &asked.user, "unsubscribed")
}

/// What a mail from the contact does to a request that waits for an answer: any mail of a person accepts, the one word
/// `no` refuses. The completed handshake saves the pair.
pub(super) fn answered_by_mail(
    context: &Context,
    user: &BareJid,
    shown: &BareJid,
    address: &MailAddress,
    known: &mut Contact,
    mail: &from_mail::Mail,
    now: Timestamp,
) -> Result<(Vec<Element>, Option<Pair>), Missing> {
    if !known.pending_out || mail.automatic.is_some() || mail.bulk {
        return Ok((Vec::new(), None));
    }
    known.pending_out = false;
    if says_no(&mail.text) {
        return Ok((vec![presence(shown.as_str(), user, "unsubscribed")], None));
    }
    known.subscription = Subscription::of(true, known.subscription.has_from());
    known.trouble = None;
    let stanzas = vec![
        presence(shown.as_str(), user, "subscribed"),
        here(shown, user, known),
    ];
    let is_free = context.holder_of(address)?.is_none() && context.pair_of(shown)?.is_none();
    let name = mail.from.as_ref().and_then(|from| from.name.clone());
    let pair = Pair {
        jid: shown.clone(),
        mail: address.clone(),
        name,
        origin: PairOrigin::Verified,
        saved: now,
    };
    Ok((stanzas, is_free.then_some(pair)))
}

/// The first line is the one word `no`, or, where the answer stands below what it quotes, the first line of the answer.
fn says_no(text: &str) -> bool {
    let filled = |line: &&str| !line.is_empty();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(filled).collect();
    let is_quoted = |line: &&str| line.starts_with('>');
    let quote = lines.iter().position(is_quoted).unwrap_or(lines.len());
    let (above, rest) = lines.split_at(quote);
    let is_introduction = above.len() <= INTRODUCTION_LINES_MAX
        && above.last().is_none_or(|line| line.ends_with(':'));
    let below = rest.iter().find(|line| !is_quoted(line));
    let is_below = is_introduction && below.is_some_and(|line| is_no(line));
    above.first().is_some_and(|line| is_no(line)) || is_below
}

fn is_no(line: &str) -> bool {
    line.trim_end_matches(['.', '!']).eq_ignore_ascii_case("no")
}

/// The presence of a contact towards a user who may see it; nothing for others.
pub fn presence_of(
    settings: &Settings,
    context: &Context,
    user: &BareJid,
    mail: &MailAddress,
    contact: &Contact,
) -> Result<Option<Element>, Missing> {
    let shown = subscribed(settings, context, mail, contact)?;
    Ok(shown.map(|shown| here(&shown, user, contact)))
}

/// The farewell of a contact when the gateway stops.
pub fn farewell_of(
    settings: &Settings,
    context: &Context,
    user: &BareJid,
    mail: &MailAddress,
    contact: &Contact,
) -> Result<Option<Element>, Missing> {
    let shown = subscribed(settings, context, mail, contact)?;
    Ok(shown.map(|shown| presence(&resource_of(&shown), user, "unavailable")))
}

/// The JID of a contact whose presence the user gets; `None` for others.
fn subscribed(
    settings: &Settings,
    context: &Context,
    mail: &MailAddress,
    contact: &Contact,
) -> Result<Option<BareJid>, Missing> {
    if contact.subscription.has_to() {
        directory::shown_jid(settings, context, Some(contact), mail)
    } else {
        Ok(None)
    }
}

/// A contact with a mailbox is always there; whether mail gets through is what its presence says.
fn here(shown: &BareJid, user: &BareJid, contact: &Contact) -> Element {
    match &contact.trouble {
        None => available(&resource_of(shown), user, None, notice::STATUS_AVAILABLE),
        Some(trouble) => available(
            &resource_of(shown),
            user,
            Some("away"),
            &notice::status_trouble(&trouble.text),
        ),
    }
}

fn resource_of(contact: &BareJid) -> String {
    format!("{contact}/{CONTACT_RESOURCE}")
}

#[cfg(test)]
mod tests {
    use super::says_no;

    #[test]
    fn only_the_one_word_no_refuses_above_or_below_a_quotation() {
        let quote = "> Hello,\n>\n> To refuse, answer with the one word no.\n";
        for refusal in [
            "no".to_owned(),
            "\nNo.\n\n-- \nCarol".to_owned(),
            format!("NO!\nbob <bob@chat.b.example> wrote:\n{quote}"),
            format!("bob <bob@chat.b.example> wrote:\n\n{quote}No."),
            format!("On Monday\nbob <bob@chat.b.example>\nwrote:\n{quote}\nno\n-- \nCarol"),
            format!("{quote}\nNo"),
        ] {
            assert!(says_no(&refusal), "{refusal}");
        }
        for acceptance in [
            String::new(),
            "No problem".to_owned(),
            "> no".to_owned(),
            "I never say\nno".to_owned(),
            format!("With pleasure\n\nbob wrote:\n{quote}"),
            format!("bob wrote:\n{quote}With pleasure\nno"),
            format!("Yes.\n{quote}No"),
        ] {
            assert!(!says_no(&acceptance), "{acceptance}");
        }
    }
}
