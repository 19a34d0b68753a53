//! Presence between gateways: what a contact's gateway said is shown to the users who may see it, and what a user's
//! contacts are to know goes out as one mail for each mail domain.

use crate::core::address::MailAddress;
use crate::core::carried::{self, CarriedPresence, PresenceKind};
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::post::{self, Post};
use crate::core::decide::{Decision, directory};
use crate::core::from_stanza::Role;
use crate::core::id::{JobId, MessageId, content_digest};
use crate::core::job::Mail;
use crate::core::limits::PRESENCE_EXPIRY_MAX;
use crate::core::notice;
use crate::core::parcel::{Letter, Party, Recipient};
use crate::core::presence::{Announcement, Fanout};
use crate::core::record::{Format, Heard, PresenceState};
use crate::core::settings::Settings;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::to_mail;
use crate::core::to_stanza::{self, CONTACT_RESOURCE};
use jid::BareJid;
use minidom::Element;

/// A contact's gateway said something of its presence. What is older than what is known, or over, is ignored.
pub fn heard(
    settings: &Settings,
    context: &Context,
    contact: &MailAddress,
    presence: &CarriedPresence,
    now: Timestamp,
) -> Result<Decision, Missing> {
    let state = match &presence.kind {
        PresenceKind::Available(state) => Some(state.clone()),
        _ => None,
    };
    let ignored = |why: &str| {
        let who = clean::shorten_addresses(&contact.to_string());
        let notes = vec![format!("a presence of {who} is ignored: {why}")];
        Ok(Decision {
            notes,
            ..Decision::default()
        })
    };
    let Some(sequence) = presence.stamp else {
        return ignored("it has no stamp");
    };
    let known = context.heard(contact)?;
    if known.is_some_and(|known| sequence <= known.sequence) {
        return ignored("it is older than what is known");
    }
    let expires = match (&state, presence.expires) {
        (None, _) => now,
        (Some(_), Some(expires)) if expires > now => expires.min(now.plus(PRESENCE_EXPIRY_MAX)),
        (Some(_), _) => return ignored("its time is over"),
    };
    let was_there = known.is_some_and(|known| known.state.is_some());
    let row = Heard {
        sequence,
        expires,
        state: state.clone(),
    };
    let mut decision = Decision {
        writes: vec![Write::Heard(contact.clone(), row)],
        ..Decision::default()
    };
    if state.is_some() || was_there {
        let status = match &presence.kind {
            PresenceKind::Unavailable { status } => status.as_deref(),
            _ => None,
        };
        decision.stanzas = for_watchers(settings, context, contact, state.as_ref(), status)?;
    }
    Ok(decision)
}

/// The time of what was heard is over, and nothing newer came: nobody knows, which is shown as unavailable.
pub fn expired(
    settings: &Settings,
    context: &Context,
    contact: &MailAddress,
    now: Timestamp,
) -> Result<Decision, Missing> {
    let is_over = |heard: &&Heard| heard.state.is_some() && heard.expires <= now;
    let Some(heard) = context.heard(contact)?.filter(is_over) else {
        return Ok(Decision::nothing());
    };
    let row = Heard {
        state: None,
        ..heard.clone()
    };
    Ok(Decision {
        stanzas: for_watchers(settings, context, contact, None, None)?,
        writes: vec![Write::Heard(contact.clone(), row)],
        ..Decision::default()
    })
}

/// The contact's presence, for each user whose request its gateway has granted.
fn for_watchers(
    settings: &Settings,
    context: &Context,
    contact: &MailAddress,
    state: Option<&PresenceState>,
    status: Option<&str>,
) -> Result<Vec<Element>, Missing> {
    let mut stanzas = Vec::new();
    for user in context.watchers(contact)? {
        let Some(row) = context.contact(user, contact)?.filter(|row| row.is_asked()) else {
            continue;
        };
        if let Some(shown) = directory::shown_jid(settings, context, Some(row), contact)? {
            stanzas.push(shown_as(&shown, user, state, status));
        }
    }
    Ok(stanzas)
}

/// What is known of a contact's presence, as a stanza for a user who may see it.
pub(super) fn of_contact(
    context: &Context,
    shown: &BareJid,
    user: &BareJid,
    contact: &MailAddress,
    now: Timestamp,
) -> Result<Element, Missing> {
    let heard = context.heard(contact)?.filter(|heard| heard.expires > now);
    let state = heard.and_then(|heard| heard.state.as_ref());
    Ok(shown_as(shown, user, state, None))
}

/// A contact goes.
pub(super) fn gone(shown: &BareJid, user: &BareJid) -> Element {
    shown_as(shown, user, None, None)
}

fn shown_as(
    shown: &BareJid,
    user: &BareJid,
    state: Option<&PresenceState>,
    status: Option<&str>,
) -> Element {
    let from = format!("{shown}/{CONTACT_RESOURCE}");
    match state {
        Some(state) => to_stanza::presence_state(&from, user, state),
        None => to_stanza::unavailable(&from, user, status),
    }
}

/// What the contacts of a user are to be told: a mail for each announcement.
pub fn announce(
    settings: &Settings,
    context: &Context,
    fanout: &Fanout,
    now: Timestamp,
) -> Result<Decision, Missing> {
    let user = &fanout.user;
    let mut decision = Decision::default();
    let sender = match directory::user_mail(settings, context, user)? {
        Ok(sender) => sender,
        Err(no) => {
            decision
                .notes
                .push(format!("the presence of a user is told nobody: {}", no.why));
            return Ok(decision);
        }
    };
    let from = post::party(context, user, sender, None)?;
    for announcement in &fanout.mails {
        match mail(settings, fanout, announcement, from.clone(), now) {
            Ok(mail) => decision.mails.push(mail),
            Err(error) => decision.notes.push(notice::unwritable(&error)),
        }
    }
    let row = fanout.announced.clone();
    decision.writes.push(Write::Announced(user.clone(), row));
    Ok(decision)
}

/// All recipients stand in the envelope only: contacts do not learn of each other.
fn mail(
    settings: &Settings,
    fanout: &Fanout,
    announcement: &Announcement,
    from: Party,
    now: Timestamp,
) -> Result<Mail, to_mail::Unwritable> {
    let recipients = digest(&announcement.contacts);
    let sequence = fanout.sequence.millis().to_string();
    let message_id = MessageId::derive_machine(
        &settings.id_key,
        "presence",
        &fanout.user,
        &announcement.domain,
        &[&recipients, &sequence],
        &from.mail,
    );
    let kind = match &announcement.state {
        Some(state) => PresenceKind::Available(state.clone()),
        None => PresenceKind::Unavailable { status: None },
    };
    let carried = carried::presence(&CarriedPresence {
        kind,
        id: None,
        stamp: Some(fanout.sequence),
        expires: announcement.state.is_some().then_some(fanout.expires),
        nick: None,
    });
    let name = from.name.clone().unwrap_or_default();
    let (subject, text) = notice::presence(&name, announcement.state.as_ref());
    let blind = |mail: &MailAddress| Recipient {
        role: Role::Bcc,
        ..post::to(mail)
    };
    let letter = Letter {
        to: announcement.contacts.iter().map(blind).collect(),
        automatic: true,
        carried: vec![carried],
        ..Letter::plain(from, message_id, subject, text, now)
    };
    let post = Post {
        format: Format::Xmpp,
        lane: &format!("presence {}", announcement.domain),
        origin: None,
        silent: true,
        now,
    };
    let mut mail = post.mail(settings, &letter)?;
    // A presence that still waits is replaced by a newer one for the same contacts; never by one for fewer.
    let user = fanout.user.as_str();
    mail.job.id = JobId::of_name(&["presence", user, &announcement.domain, &recipients]);
    mail.job.replaceable = true;
    mail.job.expires = Some(fanout.expires);
    Ok(mail)
}

fn digest(contacts: &[MailAddress]) -> String {
    let keys: Vec<&str> = contacts.iter().map(MailAddress::key).collect();
    content_digest(&keys)
}
