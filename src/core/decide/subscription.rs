//! Presence and subscription stanzas of local users. To people who have a mail client the gateway answers in their place,
//! by rule: a request becomes one invitation in plain words, any later mail of theirs accepts it. To contacts with a
//! gateway of their own they go on, see [`handshake`] and [`super::presence`].

use crate::core::address::MailAddress;
use crate::core::carried::{self, CarriedPresence, PresenceKind};
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::post::{self, Post};
use crate::core::decide::{Decision, Said, directory, handshake, peer, thread};
use crate::core::from_mail;
use crate::core::from_stanza::{self, Presence, Stanza};
use crate::core::id::{MessageId, ThreadId};
use crate::core::job::{Origin, OriginKind};
use crate::core::limits::INVITATION_INTERVAL;
use crate::core::notice;
use crate::core::parcel::Letter;
use crate::core::record::{Contact, Format, Handshake, Subscription};
use crate::core::settings::Settings;
use crate::core::subscription::Verb;
use crate::core::time::Timestamp;
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
    let known = context.contact(&user, &mail)?;
    let strangers = usize::from(known.is_none());
    let known = known.cloned().unwrap_or_default();
    let mut asked = Asked {
        user,
        to,
        mail,
        known,
    };
    if kind == Presence::Subscribe && !settings.contacts.allows(&asked.mail) {
        let why = notice::contact_denied(&asked.mail.for_people());
        return Ok(Decision::refuse(stanza, Condition::NotAllowed, &why));
    }
    if let Some(known) = asked.other_form().filter(|_| kind == Presence::Subscribe) {
        if asked.is_in_roster() {
            let why = notice::known_as(&asked.mail.for_people(), known.as_str());
            return Ok(Decision::refuse(stanza, Condition::Conflict, &why));
        }
        asked.known.jid = Some(asked.to.clone());
    }
    let format = peer::format_of(settings, context, &asked.mail)?;
    let decision = match (kind, Verb::of(kind), format) {
        (_, Some(verb), Format::Xmpp) => {
            handshake::sent(settings, context, stanza, asked, verb, now)?
        }
        (Presence::Subscribe, ..) => subscribe(settings, context, stanza, asked, now)?,
        (Presence::Unsubscribe, ..) => unsubscribe(asked),
        (Presence::Subscribed, ..) => approve(asked, true),
        (Presence::Unsubscribed, ..) => approve(asked, false),
        (Presence::Probe, ..) => Decision::answer([probe(&asked, format, now)]),
        (Presence::Available | Presence::Unavailable, _, Format::Xmpp) => said(stanza, asked),
        (Presence::Available | Presence::Unavailable, ..) => Decision::nothing(),
    };
    Ok(Decision {
        strangers,
        ..decision
    })
}

/// The user's presence for a contact on another gateway, where the user lets it see that (RFC 6121 §4.2.2).
fn said(stanza: &Stanza, asked: Asked) -> Decision {
    let mut decision = Decision::default();
    if asked.known.subscription.has_from() {
        decision.presence.push(Said::Presence {
            from: stanza.from.clone(),
            contact: asked.mail,
            state: from_stanza::state(&stanza.element),
        });
    }
    decision
}

/// A user, a contact, and what is between them.
pub(super) struct Asked {
    pub user: BareJid,
    /// The contact as the user wrote it.
    pub to: BareJid,
    pub mail: MailAddress,
    pub known: Contact,
}

impl Asked {
    fn here(&self, format: Format, now: Timestamp) -> Element {
        here(&self.to, &self.user, &self.known, format, now)
    }

    /// The form of the JID under which the user knows the contact, where it is not this one.
    fn other_form(&self) -> Option<BareJid> {
        self.known.jid.clone().filter(|known| *known != self.to)
    }

    /// The user's server keeps something of the contact in the user's roster, under the form that is known.
    fn is_in_roster(&self) -> bool {
        let known = &self.known;
        known.subscription != Subscription::None || known.pending_out || known.pending_in
    }

    pub fn write(&self, next: Contact) -> Vec<Write> {
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
    if asked.known.subscription.has_to() {
        let confirmed = presence(asked.to.as_str(), &asked.user, "subscribed");
        return Ok(Decision::answer([confirmed, asked.here(Format::Mail, now)]));
    }
    let jid = asked.known.jid.clone().or_else(|| Some(asked.to.clone()));
    let next = Contact {
        pending_out: true,
        jid,
        ..asked.known.clone()
    };
    let is_recent = |invited| now.since(invited) < INVITATION_INTERVAL;
    if asked.known.invited.is_some_and(is_recent) {
        return Ok(Decision {
            writes: asked.write(next),
            ..Decision::default()
        });
    }
    let sender = match directory::user_mail(settings, context, &asked.user)? {
        Ok(sender) => sender,
        Err(no) => return Ok(Decision::refuse(stanza, no.condition, &no.why)),
    };
    invite(settings, context, stanza, asked, next, sender, now)
}

fn invite(
    settings: &Settings,
    context: &Context,
    stanza: &Stanza,
    asked: Asked,
    next: Contact,
    sender: MailAddress,
    now: Timestamp,
) -> Result<Decision, Missing> {
    let mut handshake = next.handshake.clone().unwrap_or_default();
    let (asks, handshaking) = (&asked, &mut handshake);
    let letter = invitation(settings, context, stanza, asks, sender, handshaking, now)?;
    let post = Post {
        format: Format::Xmpp, // which is plain text where nothing is carried
        lane: asked.mail.key(),
        origin: Some(origin(stanza, &asked)),
        silent: false,
        now,
    };
    let mail = match post.mail(settings, &letter) {
        Ok(mail) => mail,
        Err(error) => {
            let why = notice::unwritable(&error);
            return Ok(Decision::refuse(stanza, Condition::NotAcceptable, &why));
        }
    };
    // The answer is the first message of the thread that the invitation opens.
    let id = ThreadId::derive(&mail.job.message_id);
    let thread = thread::grown(None, &[], &mail.job.message_id, Some(&letter.subject), now);
    let mut writes = asked.write(Contact {
        invited: Some(now),
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
    settings: &Settings,
    context: &Context,
    stanza: &Stanza,
    asked: &Asked,
    sender: MailAddress,
    handshake: &mut Handshake,
    now: Timestamp,
) -> Result<Letter, Missing> {
    let nick = handshake::nick_of(stanza);
    let from = post::party(context, &asked.user, sender, nick.clone())?;
    let name = from.name.clone().unwrap_or_default();
    let (subject, text) = notice::invitation(&name, asked.user.as_str(), &from.mail.for_people());
    // A request that is repeated after a crash is the same invitation. The one of another week is not, nor is one after a
    // failure: mail servers and programs drop what they have seen.
    let before = asked.known.asked_by.as_ref().map_or("", MessageId::as_str);
    let invited = asked.known.invited.map_or(0, Timestamp::millis);
    let id = format!("{invited} {before}");
    let message_id = MessageId::derive(
        &settings.id_key,
        &asked.user,
        asked.mail.key(),
        &id,
        "invitation",
        &from.mail,
    );
    let mut carried = Vec::new();
    if peer::is_unknown(settings, context, &asked.mail)? {
        let (id, stamp) = handshake::ask(handshake, stanza, now);
        carried.push(carried::presence(&CarriedPresence {
            kind: PresenceKind::Subscribe,
            id,
            stamp: Some(stamp),
            expires: None,
            nick,
        }));
    }
    Ok(Letter {
        to: vec![post::to(&asked.mail)],
        automatic: true,
        carried,
        ..Letter::plain(from, message_id, subject, text, now)
    })
}

pub(super) fn origin(stanza: &Stanza, asked: &Asked) -> Origin {
    Origin {
        user: stanza.from.clone(),
        contact: asked.to.clone(),
        stanza_id: stanza.id.clone(),
        kind: OriginKind::Subscription,
        receipt: false,
        confirm: false,
    }
}

/// RFC 6121 §3.3.3.
fn unsubscribe(asked: Asked) -> Decision {
    let subscription = Subscription::of(false, asked.known.subscription.has_from());
    let mut next = Contact {
        subscription,
        pending_out: false,
        handshake: asked.known.handshake.clone().map(|handshake| Handshake {
            asked: None,
            ..handshake
        }),
        ..asked.known.clone()
    };
    next.forget_what_is_over();
    let stanzas = vec![
        presence(asked.to.as_str(), &asked.user, "unsubscribed"),
        super::presence::gone(&asked.to, &asked.user),
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
fn probe(asked: &Asked, format: Format, now: Timestamp) -> Element {
    if asked.known.subscription.has_to() {
        return asked.here(format, now);
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
) -> Result<(Vec<Element>, Option<Write>), Missing> {
    let is_of_machine = mail.automatic.is_some() || mail.bulk || mail.null_return_path;
    if !known.pending_out || is_of_machine {
        return Ok((Vec::new(), None));
    }
    known.pending_out = false;
    if says_no(&mail.text) {
        return Ok((vec![presence(shown.as_str(), user, "unsubscribed")], None));
    }
    known.subscription = Subscription::of(true, known.subscription.has_from());
    known.trouble = None;
    // It was a person who answered: what a gateway of theirs may still say of this request is too late.
    if let Some(handshake) = &mut known.handshake {
        handshake.asked = None;
    }
    let stanzas = vec![
        presence(shown.as_str(), user, "subscribed"),
        by_mail(shown, user, known),
    ];
    let name = mail.from.as_ref().and_then(|from| from.name.as_deref());
    Ok((
        stanzas,
        handshake::pair(context, shown, address, name, now)?,
    ))
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

/// What is said to a user of a contact when the XMPP server is there again, and asked: the contact's presence, where the
/// user may see it; and the user's own, where the contact may.
pub fn greeting_of(
    settings: &Settings,
    context: &Context,
    user: &BareJid,
    mail: &MailAddress,
    contact: &Contact,
    now: Timestamp,
) -> Result<Vec<Element>, Missing> {
    let format = peer::format_of(settings, context, mail)?;
    greeting_in(format, settings, context, (user, mail, contact), now)
}

/// The same where mails to the contact are written in this format from now on.
pub(super) fn greeting_in(
    format: Format,
    settings: &Settings,
    context: &Context,
    (user, mail, contact): (&BareJid, &MailAddress, &Contact),
    now: Timestamp,
) -> Result<Vec<Element>, Missing> {
    let Some(shown) = directory::shown_jid(settings, context, Some(contact), mail)? else {
        return Ok(Vec::new());
    };
    let mut stanzas = Vec::new();
    if contact.subscription.has_to() {
        stanzas.push(here(&shown, user, contact, format, now));
    }
    if contact.subscription.has_from() && format == Format::Xmpp {
        stanzas.push(presence(shown.as_str(), user, "probe"));
    }
    Ok(stanzas)
}

/// The presence of a contact towards a user who may see it; nothing for others.
pub fn presence_of(
    settings: &Settings,
    context: &Context,
    user: &BareJid,
    mail: &MailAddress,
    contact: &Contact,
    now: Timestamp,
) -> Result<Vec<Element>, Missing> {
    let format = peer::format_of(settings, context, mail)?;
    let shown = subscribed(settings, context, mail, contact)?;
    let here = |shown: BareJid| here(&shown, user, contact, format, now);
    Ok(shown.map(here).into_iter().collect())
}

/// The farewell of a contact when the gateway stops.
pub fn farewell_of(
    settings: &Settings,
    context: &Context,
    user: &BareJid,
    mail: &MailAddress,
    contact: &Contact,
    _now: Timestamp,
) -> Result<Vec<Element>, Missing> {
    let shown = subscribed(settings, context, mail, contact)?;
    Ok(shown
        .into_iter()
        .map(|shown| super::presence::gone(&shown, user))
        .collect())
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

/// A contact whose own gateway has granted the request is what that gateway says, as long as there is one; of all others
/// a mailbox is known.
fn here(
    shown: &BareJid,
    user: &BareJid,
    contact: &Contact,
    format: Format,
    now: Timestamp,
) -> Element {
    match format {
        Format::Xmpp if contact.is_asked() => {
            super::presence::of_contact(shown, user, contact, now)
        }
        _ => by_mail(shown, user, contact),
    }
}

/// A contact with a mailbox is always there; whether mail gets through is what its presence says.
fn by_mail(shown: &BareJid, user: &BareJid, contact: &Contact) -> Element {
    let from = format!("{shown}/{CONTACT_RESOURCE}");
    match &contact.trouble {
        None => available(&from, user, None, notice::STATUS_AVAILABLE),
        Some(trouble) => available(
            &from,
            user,
            Some("away"),
            &notice::status_trouble(&trouble.text),
        ),
    }
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
