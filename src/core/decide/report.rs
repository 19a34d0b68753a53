//! What mail servers and mail programs report of a mail of ours is told on the message that it was, and not shown as a mail.
//!
//! Nothing proves who wrote a report, and nothing has to: it counts where it names a mail by an id that is a keyed hash, for
//! the user who sent it. Who knows that has seen the mail, and can spoil nothing but the sender's opinion of it. All other
//! reports are mails like any other.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing};
use crate::core::decide::incoming::{Arrived, local_users};
use crate::core::decide::settle::{condition_of, contact_writes, forget_request};
use crate::core::decide::told::{Failure, Told};
use crate::core::decide::{Decision, directory};
use crate::core::from_mail::{Action, DeliveryReport, Disposition, DispositionKind, Reported};
use crate::core::id::{MessageId, StanzaId};
use crate::core::notice;
use crate::core::record::{Contact, Trouble};
use crate::core::settings::Settings;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::to_stanza;
use jid::BareJid;

/// Decides about a mail that is a report on a mail of ours; `None` for all other mails.
pub(super) fn decide(
    settings: &Settings,
    context: &Context,
    arrived: &Arrived<'_>,
    now: Timestamp,
) -> Result<Option<Decision>, Missing> {
    let mail = arrived.mail;
    if mail.delivery.is_none() && mail.disposition.is_none() {
        return Ok(None);
    }
    for user in &local_users(settings, context, arrived)? {
        let report = Report {
            settings,
            context,
            id: &mail.message_id,
            user,
            now,
        };
        let mut decided = None;
        if let Some(delivery) = &mail.delivery {
            decided = report.delivery(delivery)?;
        }
        if let (None, Some(disposition)) = (&decided, &mail.disposition) {
            let from = mail.from.as_ref().map(|from| &from.address);
            decided = report.disposition(disposition, from)?;
        }
        if decided.is_some() {
            return Ok(decided);
        }
    }
    Ok(None)
}

/// A report on its way to one user.
struct Report<'a> {
    settings: &'a Settings,
    context: &'a Context,
    /// Its own id, for the log.
    id: &'a MessageId,
    user: &'a BareJid,
    now: Timestamp,
}

impl Report<'_> {
    fn delivery(&self, report: &DeliveryReport) -> Result<Option<Decision>, Missing> {
        if let Some(told) = self.message(&report.about)? {
            return Ok(Some(self.of_message(report, told)?));
        }
        for address in addresses(report) {
            let known = self.context.contact(self.user, address)?;
            let is_about = |known: &&Contact| {
                let mail = known.asked_by.as_ref();
                known.pending_out && mail.is_some_and(|mail| report.about.contains(mail))
            };
            if let Some(known) = known.filter(is_about) {
                return Ok(Some(self.of_request(report, address, known)?));
            }
        }
        Ok(None)
    }

    /// The message of the user that one of these ids names.
    fn message(&self, about: &[MessageId]) -> Result<Option<Told>, Missing> {
        for id in about {
            if let Some(told) = Told::of(self.context, id, self.user)? {
                return Ok(Some(told));
            }
        }
        Ok(None)
    }

    fn of_message(&self, report: &DeliveryReport, mut told: Told) -> Result<Decision, Missing> {
        let mut decision = Decision::default();
        let contact = told.message.contact.clone();
        let known = self.context.contact(self.user, &contact)?;
        let shown = directory::shown_jid(self.settings, self.context, known, &contact)?;
        let Some(shown) = shown else {
            return Ok(decision);
        };
        for one in &report.recipients {
            let who = meant(&told, one);
            let is_told = match one.action {
                Action::Failed => {
                    let is_news = told.failed(&who);
                    if is_news {
                        decision
                            .stanzas
                            .extend(failure(&shown, &mut told, &who, one));
                    }
                    is_news
                }
                Action::Delayed => {
                    let is_news = told.delayed(&who);
                    if is_news {
                        let late = self.late(&shown, &told, &who, one);
                        decision.stanzas.push(late);
                    }
                    is_news
                }
                Action::Delivered => {
                    if told.delivered(&who) {
                        decision.stanzas.extend(received(&shown, &told));
                    }
                    true
                }
                Action::Relayed | Action::Expanded => false,
            };
            if is_told {
                self.show_trouble(&who, one, &mut decision)?;
            }
            decision.notes.push(self.note(&who, one));
        }
        decision.writes.extend(told.write());
        Ok(decision)
    }

    /// From the contact to the user, as the gateway's own notice would be.
    fn late(
        &self,
        shown: &BareJid,
        told: &Told,
        who: &MailAddress,
        one: &Reported,
    ) -> minidom::Element {
        let id = StanzaId::derive(&told.message.message_id, self.user, "delay");
        let body = notice::late(&who.for_people(), &one.reply);
        to_stanza::notice(shown.as_str(), self.user.as_str(), id.as_str(), &body)
    }

    /// The recipient is shown `away` while mail to it does not get through.
    fn show_trouble(
        &self,
        who: &MailAddress,
        one: &Reported,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let trouble = (one.action != Action::Delivered).then(|| Trouble {
            since: self.now,
            text: notice::words(&one.reply),
            reported: true,
        });
        let write = contact_writes(
            self.settings,
            self.context,
            self.user,
            who,
            trouble,
            self.now,
            &mut decision.stanzas,
        )?;
        decision.writes.extend(write);
        Ok(())
    }

    /// A request that failed is refused and forgotten, as one that the mail server refuses at once.
    fn of_request(
        &self,
        report: &DeliveryReport,
        contact: &MailAddress,
        known: &Contact,
    ) -> Result<Decision, Missing> {
        let mut decision = Decision::default();
        let notes = report.recipients.iter().map(|one| self.note(contact, one));
        decision.notes.extend(notes);
        let failed = |one: &&Reported| one.action == Action::Failed;
        let shown = directory::shown_jid(self.settings, self.context, Some(known), contact)?;
        if let (Some(one), Some(shown)) = (report.recipients.iter().find(failed), shown) {
            let (from, to) = (shown.as_str(), self.user.as_str());
            let condition = condition_of(&one.reply);
            let why = why(contact, one);
            let error = to_stanza::error("presence", from, to, None, condition, &why);
            decision.stanzas.push(error);
            let forgotten = forget_request(self.context, self.user, contact)?;
            decision.writes.extend(forgotten);
        }
        Ok(decision)
    }

    fn disposition(
        &self,
        report: &Disposition,
        from: Option<&MailAddress>,
    ) -> Result<Option<Decision>, Missing> {
        let Some(mut told) = self.message(&report.about)? else {
            return Ok(None);
        };
        let mut decision = Decision::default();
        let contact = told.message.contact.clone();
        let known = self.context.contact(self.user, &contact)?;
        let shown = directory::shown_jid(self.settings, self.context, known, &contact)?;
        // Of several recipients, only the contact itself can be said to have read it.
        let is_by_contact = told.message.sent.also.is_empty()
            || report
                .recipients
                .iter()
                .chain(from)
                .any(|by| *by == contact);
        let is_shown = report.kind == DispositionKind::Displayed && is_by_contact;
        if let Some(shown) = shown.filter(|_| is_shown && told.displayed()) {
            let marker = StanzaId::derive(&told.message.message_id, self.user, "displayed");
            let (id, to) = (told.stanza_id(), self.user);
            let displayed = to_stanza::displayed(&shown, to, id, marker.as_str());
            decision.stanzas.push(displayed);
        }
        decision.writes.extend(told.write());
        Ok(Some(decision))
    }

    fn note(&self, who: &MailAddress, one: &Reported) -> String {
        let by = one.remote.as_ref().map(|name| format!(" by {name}"));
        clean::shorten_addresses(&format!(
            "report {} on a mail to {who}: {:?}{}: {}",
            self.id,
            one.action,
            by.unwrap_or_default(),
            notice::words(&one.reply)
        ))
    }
}

/// For whom the mail was, whatever the last server calls them.
fn meant(told: &Told, one: &Reported) -> MailAddress {
    let message = &told.message;
    let known = |address: &&MailAddress| {
        **address == message.contact || message.sent.also.contains(address)
    };
    let mut reported = one.original.iter().chain(&one.last);
    match reported.find(known) {
        Some(address) => address.clone(),
        None if message.sent.also.is_empty() => message.contact.clone(),
        // Forwarded by one of several, and nobody says by whom.
        None => {
            let mut reported = one.original.iter().chain(&one.last);
            reported.next().unwrap_or(&message.contact).clone()
        }
    }
}

fn failure(
    shown: &BareJid,
    told: &mut Told,
    who: &MailAddress,
    one: &Reported,
) -> Vec<minidom::Element> {
    let message = told.message.clone();
    let failure = Failure {
        message_id: &message.message_id,
        contact: shown.as_str(),
        client: message.resource.as_ref(),
        user: &message.user,
        id: Some(&told.stanza_id().clone()),
        condition: condition_of(&one.reply),
        why: &why(who, one),
    };
    failure.told(Some(told))
}

/// XEP-0184, to the client that asked for it.
fn received(shown: &BareJid, told: &Told) -> Option<minidom::Element> {
    let message = &told.message;
    let id = StanzaId::derive(&message.message_id, &message.user, "receipt");
    let client = message.resource.as_ref()?;
    Some(to_stanza::receipt(
        shown,
        client,
        told.stanza_id(),
        id.as_str(),
    ))
}

fn why(who: &MailAddress, one: &Reported) -> String {
    let forwarded = one.last.as_ref().filter(|last| *last != who);
    let forwarded = forwarded.map(MailAddress::for_people);
    notice::not_delivered(&who.for_people(), forwarded.as_deref(), &one.reply)
}

/// Every address under which the report may name its recipient.
fn addresses(report: &DeliveryReport) -> impl Iterator<Item = &MailAddress> {
    let reported = report.recipients.iter();
    let named = reported.flat_map(|one| one.original.iter().chain(&one.last));
    named.chain(&report.original_to)
}
