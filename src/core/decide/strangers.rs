//! Somebody whose mails wait until the user accepts them: what happens when the user does, and when not. What waits was written
//! into rows when it came, as the stanzas that it became; accepting sends those.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::decide::names;
use crate::core::decide::roster::greeting::by_mail;
use crate::core::decide::roster::presence::SeenContact;
use crate::core::record::{Contact, Message, Options, Request, Strangers, Subscription};
use crate::core::to_stanza::{self, presence};
use jid::BareJid;
use minidom::Element;
use rxml::{Namespace, xml_ncname};
use xmpp_parsers::ns;

/// What the sender of a mail is to its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acquaintance {
    /// Nothing is to be said of that.
    Known,
    /// It writes for the first time.
    First,
    /// Its mails wait, as the user wants those of strangers.
    Waits(Strangers),
}

/// The sender of a mail as its user knows them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownSender<'a> {
    /// The JID under which the user sees them.
    pub shown: &'a BareJid,
    /// What was known of them before this mail.
    pub known: &'a Contact,
    pub standing: Acquaintance,
}

/// How the user accepts somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepts {
    /// In so many words. That answers a request of the user's own as well, which is still open.
    Said,
    /// By writing to them, or by asking for their presence.
    Shown,
}

/// What accepting has brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Mails that are shown now.
    pub shown: usize,
    /// Mails that came meanwhile and were not kept.
    pub left: u32,
}

/// Whether mails of this contact are kept for the user.
pub(crate) fn waits(contact: &Contact) -> bool {
    let request = contact.request.as_ref();
    request.is_some_and(|request| !request.kept.is_empty())
}

/// The user wants to have to do with somebody: what waits of them is shown, with all that comes from now on.
pub(crate) fn accept(
    decider: Decider<'_>,
    (user, mail): (&BareJid, &MailAddress),
    how: Accepts,
    decision: &mut Decision,
) -> Result<Accepted, Missing> {
    let known = decider.rows.contact(user, mail)?.cloned();
    let known = known.unwrap_or_default();
    let request = known.request.clone().unwrap_or_default();
    let Some(shown) = lookup::shown_jid(decider, Some(&known), mail)? else {
        return Ok(Accepted::default());
    };
    let answers = how == Accepts::Said && known.pending_out;
    let (kept, forgotten) = released(decider, user, &shown, &request)?;
    forget(decider, user, mail, decision)?;
    let (mut withdrawn, mut ask) = (false, None);
    let next = change(decision, (user, mail), known, |contact| {
        withdrawn = request.is_asked && contact.pending_in;
        contact.pending_in &= !withdrawn;
        (contact.request, contact.is_blocked, contact.is_accepted) = (None, false, true);
        contact.jid.get_or_insert_with(|| shown.clone());
        if answers {
            answered(contact);
        }
        let (named, question) = names::due(decider, user, &shown, std::mem::take(contact));
        (*contact, ask) = (named, question);
    });
    let from = shown.as_str();
    // What the user's client was asked is answered.
    let withdrawn = withdrawn.then(|| presence(from, user, "unsubscribe"));
    decision.stanzas.extend(withdrawn);
    if answers {
        let format = lookup::format_of(decider, mail)?;
        let seen = SeenContact {
            shown: &shown,
            user,
            contact: &next,
        };
        let there = by_mail(decider.language, seen, format);
        let stanzas = [presence(from, user, "subscribed"), there];
        decision.stanzas.extend(stanzas);
    }
    decision.stanzas.extend(ask);
    decision.stanzas.extend(kept);
    decision.writes.extend(forgotten);
    Ok(Accepted {
        shown: request.kept.len(),
        left: request.left,
    })
}

/// What waits of somebody is shown after all, since the user wants the mails of strangers shown by now. Nobody is accepted by that.
pub(crate) fn release(
    decider: Decider<'_>,
    (user, mail): (&BareJid, &MailAddress),
    shown: &BareJid,
    decision: &mut Decision,
) -> Result<Accepted, Missing> {
    let known = decider.rows.contact(user, mail)?.cloned();
    let known = known.unwrap_or_default();
    let request = known.request.clone().unwrap_or_default();
    let (kept, forgotten) = released(decider, user, shown, &request)?;
    forget(decider, user, mail, decision)?;
    let (mut is_released, mut withdrawn) = (false, false);
    change(decision, (user, mail), known, |contact| {
        // The mail itself may have brought it about.
        is_released = contact.request.take().is_some();
        withdrawn = is_released && request.is_asked && contact.pending_in;
        contact.pending_in &= !withdrawn;
    });
    if !is_released {
        return Ok(Accepted::default());
    }
    let withdrawn = withdrawn.then(|| presence(shown.as_str(), user, "unsubscribe"));
    decision.stanzas.extend(withdrawn.into_iter().chain(kept));
    decision.writes.extend(forgotten);
    Ok(Accepted {
        shown: request.kept.len(),
        left: request.left,
    })
}

/// The user wants nothing of them: what waits stays where it is, and no more is shown. Nobody is told. Who answers a request of
/// the user's own is no stranger: it is only not believed.
pub(crate) fn refuse(
    decider: Decider<'_>,
    (user, mail): (&BareJid, &MailAddress),
    decision: &mut Decision,
) -> Result<(), Missing> {
    let known = decider.rows.contact(user, mail)?.cloned();
    let known = known.unwrap_or_default();
    let shown = lookup::shown_jid(decider, Some(&known), mail)?;
    let is_asked = known.request.as_ref().is_some_and(|one| one.is_asked);
    forget(decider, user, mail, decision)?;
    let mut withdrawn = false;
    change(decision, (user, mail), known, |contact| {
        withdrawn = is_asked && contact.pending_in;
        contact.pending_in &= !withdrawn;
        match contact.pending_out {
            true => contact.request = None,
            false => contact.is_blocked = true,
        }
    });
    let withdrawn = shown.filter(|_| withdrawn);
    let withdrawn = withdrawn.map(|shown| presence(shown.as_str(), user, "unsubscribe"));
    decision.stanzas.extend(withdrawn);
    Ok(())
}

/// As after an answer by mail that is believed.
fn answered(contact: &mut Contact) {
    contact.pending_out = false;
    contact.subscription = Subscription::of(true, contact.subscription.has_from());
    contact.trouble = None;
    if let Some(handshake) = &mut contact.handshake {
        handshake.asked = None;
    }
}

/// The stanzas that were kept, and the rows without them.
fn released(
    decider: Decider<'_>,
    user: &BareJid,
    shown: &BareJid,
    request: &Request,
) -> Result<(Vec<Element>, Vec<Write>), Missing> {
    let rows = Context::all(&request.kept, |id| decider.rows.message(id, user))?;
    let (mut stanzas, mut writes) = (Vec::new(), Vec::new());
    for row in rows.into_iter().flatten() {
        stanzas.extend(row.sent.kept.iter().filter_map(|kept| {
            let stanza = kept.parse().ok()?;
            Some(late(stanza, shown, row))
        }));
        let mut row = row.clone();
        row.sent.kept.clear();
        writes.push(Write::Message(row));
    }
    Ok((stanzas, writes))
}

/// A stanza of a mail that came a while ago. The user may know the contact by another form of its JID by now.
fn late(mut stanza: Element, shown: &BareJid, row: &Message) -> Element {
    let from = xml_ncname!("from").to_ncname();
    stanza.set_attr(Namespace::NONE, from, shown.as_str());
    if !stanza.has_child("delay", ns::DELAY)
        && let Some(delay) = to_stanza::delay(shown, row.at)
    {
        stanza.append_child(delay);
    }
    stanza
}

/// Puts somebody on the list of those who wait.
pub(crate) fn listed(
    decider: Decider<'_>,
    (user, mail): (&BareJid, &MailAddress),
    decision: &mut Decision,
) -> Result<(), Missing> {
    let options = decider.rows.own_options(user, None)?;
    if options.requests.contains(mail) {
        return Ok(());
    }
    let mut requests = options.requests.clone();
    requests.push(mail.clone());
    write(user, options, requests, decision);
    Ok(())
}

/// Takes somebody off the list of those who wait.
pub(crate) fn forget(
    decider: Decider<'_>,
    user: &BareJid,
    mail: &MailAddress,
    decision: &mut Decision,
) -> Result<(), Missing> {
    let options = decider.rows.own_options(user, None)?;
    let mut requests = options.requests.clone();
    requests.retain(|known| known != mail);
    if requests.len() < options.requests.len() {
        write(user, options, requests, decision);
    }
    Ok(())
}

fn write(user: &BareJid, options: Options, requests: Vec<MailAddress>, decision: &mut Decision) {
    let options = Options {
        requests,
        ..options
    };
    let write = Write::Options(user.clone(), None, options);
    decision.writes.push(write);
}

/// Changes what a decision writes of a contact; it is written for this where it was not.
pub(crate) fn change(
    decision: &mut Decision,
    (user, mail): (&BareJid, &MailAddress),
    known: Contact,
    change: impl FnOnce(&mut Contact),
) -> Contact {
    let row = decision
        .writes
        .iter_mut()
        .rev()
        .find_map(|write| match write {
            Write::Contact(of, contact, row) if of == user && contact == mail => Some(row),
            _ => None,
        });
    match row {
        Some(row) => {
            change(row);
            row.clone()
        }
        None => {
            let mut row = known;
            change(&mut row);
            let write = Write::Contact(user.clone(), mail.clone(), row.clone());
            decision.writes.push(write);
            row
        }
    }
}
