//! Presence between gateways: what a contact's gateway said is shown to the users who may see it, and what a user's
//! contacts are to know goes out as one mail for each mail domain.

use crate::core::address::MailAddress;
use crate::core::caps::announced;
use crate::core::carried::{self, CarriedPresence, PresenceKind};
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::compose::{self, MailOptions};
use crate::core::decide::decider::{Decider, StanzaError};
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::id::{Correspondents, JobId, MessageId, content_digest};
use crate::core::job::ComposedMail;
use crate::core::limits::PRESENCE_EXPIRY_MAX;
use crate::core::message::{OutboundMail, Party};
use crate::core::presence::{Announcement, Fanout};
use crate::core::record::{Contact, Format, Heard, PresenceState};
use crate::core::time::Timestamp;
use crate::core::to_stanza::CONTACT_RESOURCE;
use crate::core::{notice, to_stanza};
use jid::BareJid;
use minidom::Element;

/// A contact as one user sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeenContact<'a> {
    /// The JID under which this user knows the contact.
    pub shown: &'a BareJid,
    pub user: &'a BareJid,
    pub contact: &'a Contact,
}

/// A contact's gateway said something of its presence to the user. What is older than what is known, or over, is ignored,
/// and so is what is said to who has not asked for it. It may overtake the answer to the request.
pub(crate) fn heard(
    contact: &mut Contact,
    presence: &CarriedPresence,
    now: Timestamp,
) -> Result<(), &'static str> {
    let may_see = contact.subscription.has_to() || contact.pending_out;
    if !(may_see && contact.is_asked()) {
        return Err("its recipient has not asked for it, or was refused");
    }
    let sequence = presence.stamp.ok_or("it has no stamp")?;
    if contact
        .heard
        .as_ref()
        .is_some_and(|known| sequence <= known.sequence)
    {
        return Err("it is older than what is known");
    }
    let state = match &presence.kind {
        PresenceKind::Available(state) => Some(state.clone()),
        _ => None,
    };
    let expires = match (&state, presence.expires) {
        (None, _) => now,
        (Some(_), Some(expires)) if expires > now => expires.min(now.plus(PRESENCE_EXPIRY_MAX)),
        (Some(_), _) => return Err("its time is over"),
    };
    contact.heard = Some(Heard {
        sequence,
        expires,
        state,
    });
    Ok(())
}

/// The time of what the user has heard of a contact is over, and nothing newer came: nobody knows, which is shown as
/// unavailable.
pub(crate) fn expired(
    decider: Decider<'_>,
    user: &BareJid,
    contact: &MailAddress,
) -> Result<Decision, Missing> {
    let Some(known) = decider.rows.contact(user, contact)? else {
        return Ok(Decision::nothing());
    };
    let is_over = |heard: &&Heard| heard.state.is_some() && heard.expires <= decider.now;
    let Some(heard) = known.heard.as_ref().filter(is_over) else {
        return Ok(Decision::nothing());
    };
    let next = Contact {
        heard: Some(Heard {
            state: None,
            ..heard.clone()
        }),
        ..known.clone()
    };
    // Where there is no gateway any more, what it said is not what is shown.
    let format = lookup::format_of(decider, contact)?;
    let is_shown = format.features().presence;
    let shown = lookup::shown_jid(decider, Some(known), contact)?;
    let shown = shown.filter(|_| is_shown);
    Ok(Decision {
        stanzas: shown.iter().map(|shown| gone(shown, user)).collect(),
        writes: vec![Write::Contact(user.clone(), contact.clone(), next)],
        ..Decision::default()
    })
}

/// What is known of a contact's presence, as a stanza for the user.
pub(crate) fn of_contact(seen: SeenContact<'_>, now: Timestamp) -> Element {
    let heard = seen.contact.heard.as_ref();
    let heard = heard.filter(|heard| heard.expires > now);
    let state = heard.and_then(|heard| heard.state.as_ref());
    shown_as(seen, state, None)
}

/// The same with the last words of a contact who is gone.
pub(crate) fn as_heard(seen: SeenContact<'_>, presence: &CarriedPresence) -> Element {
    let status = match &presence.kind {
        PresenceKind::Unavailable { status } => status.as_deref(),
        _ => None,
    };
    let heard = seen.contact.heard.as_ref();
    let state = heard.and_then(|heard| heard.state.as_ref());
    shown_as(seen, state, status)
}

/// A contact goes.
pub(crate) fn gone(shown: &BareJid, user: &BareJid) -> Element {
    unavailable(shown, user, None)
}

fn shown_as(seen: SeenContact<'_>, state: Option<&PresenceState>, status: Option<&str>) -> Element {
    let SeenContact {
        shown,
        user,
        contact,
    } = seen;
    let Some(state) = state else {
        return unavailable(shown, user, status);
    };
    let presence = to_stanza::presence_state(&contact_resource(shown), user, state);
    let avatar = contact.avatar.as_deref();
    announced(presence, shown, Format::OF_GATEWAYS, avatar)
}

fn unavailable(shown: &BareJid, user: &BareJid, status: Option<&str>) -> Element {
    to_stanza::unavailable(&contact_resource(shown), user, status)
}

/// The full JID from which a contact is seen.
pub(crate) fn contact_resource(shown: &BareJid) -> String {
    format!("{shown}/{CONTACT_RESOURCE}")
}

/// What the contacts of a user are to be told.
pub(crate) fn announce(decider: Decider<'_>, fanout: &Fanout) -> Result<Decision, Missing> {
    let user = &fanout.user;
    let mut decision = Decision::default();
    let sender = match lookup::user_mail(decider, user) {
        Ok(sender) => sender,
        Err(stop) => {
            let no = stop.rejected()?;
            decision
                .notes
                .push(format!("the presence of a user is told nobody: {}", no.why));
            return Ok(decision);
        }
    };
    let from = compose::party(decider, user, sender, None)?;
    let each = Context::all(&fanout.mails, |announcement| {
        let is_one = lookup::is_one_gateway(decider, &announcement.domain)?;
        Ok(shares(announcement, is_one))
    })?;
    for share in each.iter().flatten() {
        match mail(decider, fanout, share, from.clone()) {
            Ok(mail) => decision.mails.push(mail),
            Err(error) => decision.notes.push(error.why),
        }
    }
    let row = fanout.announced.clone();
    let row = row.map(|row| Write::Announced(user.clone(), row));
    decision.writes.extend(row);
    Ok(decision)
}

/// What goes in one mail of an announcement.
struct AnnouncementShare<'a> {
    /// The mail domain, or the address of the only one who is told.
    place: &'a str,
    state: Option<&'a PresenceState>,
    contacts: &'a [MailAddress],
}

/// All in one mail where the domain has one gateway, which serves them all; else a mail for each, since nobody is to learn
/// whom else the user knows at a provider.
fn shares(announcement: &Announcement, is_one_gateway: bool) -> Vec<AnnouncementShare<'_>> {
    let state = announcement.state.as_ref();
    let share = |place, contacts| AnnouncementShare {
        place,
        state,
        contacts,
    };
    match is_one_gateway {
        true => vec![share(&announcement.domain, &announcement.contacts)],
        false => announcement
            .contacts
            .iter()
            .map(|contact| share(contact.key(), std::slice::from_ref(contact)))
            .collect(),
    }
}

/// All recipients are named, so that the gateway there knows, and can verify, whom it is for: a contact that the user has
/// blocked is not.
fn mail(
    decider: Decider<'_>,
    fanout: &Fanout,
    share: &AnnouncementShare<'_>,
    from: Party,
) -> Result<ComposedMail, StanzaError> {
    let recipients = digest(share.contacts);
    let sequence = fanout.sequence.millis().to_string();
    let message_id = MessageId::derive_machine(
        &decider.settings.id_key,
        Correspondents {
            from: &fanout.user,
            to: share.place,
            sender: &from.mail,
        },
        "presence",
        &[&recipients, &sequence],
    );
    let kind = match share.state {
        Some(state) => PresenceKind::Available(state.clone()),
        None => PresenceKind::Unavailable { status: None },
    };
    let carried = carried::presence(&CarriedPresence {
        kind,
        id: None,
        stamp: Some(fanout.sequence),
        expires: share.state.is_some().then_some(fanout.expires),
        nick: None,
    });
    let name = from.name.clone().unwrap_or_default();
    let (subject, text) = notice::presence(decider.language, &name, share.state);
    let letter = OutboundMail {
        to: share.contacts.iter().map(compose::to).collect(),
        automatic: true,
        carried: vec![carried],
        ..OutboundMail::plain(from, message_id, subject, text, decider.now)
    };
    let options = MailOptions {
        format: Format::OF_GATEWAYS,
        ordering_key: &format!("presence {}", share.place),
        origin: None,
        silent: true,
        now: decider.now,
    };
    let mut mail = options.mail(decider, &letter)?;
    // A presence that still waits is replaced by a newer one for the same contacts; never by one for fewer.
    let user = fanout.user.as_str();
    mail.job.id = JobId::of_name(&["presence", user, share.place, &recipients]);
    mail.job.replaceable = true;
    mail.job.expires = Some(fanout.expires);
    Ok(mail)
}

fn digest(contacts: &[MailAddress]) -> String {
    let keys: Vec<&str> = contacts.iter().map(MailAddress::key).collect();
    content_digest(&keys)
}
