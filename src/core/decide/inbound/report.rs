//! What mail servers and mail programs report of a mail of ours is told on the message that it was, and not shown as a mail.
//!
//! Nothing proves who wrote a report, and nothing has to: it counts where it names a mail by an id that is a keyed hash, for
//! the user who sent it. Who knows that has seen the mail, and can spoil nothing but the sender's opinion of it. All other
//! reports are mails like any other.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::Decision;
use crate::core::decide::delivery::outcome::{condition_of, forget_request, in_state};
use crate::core::decide::delivery::status::{DeliveryStatus, Failure};
use crate::core::decide::inbound::arrived::Arrived;
use crate::core::decide::inbound::recipients::reported_users;
use crate::core::decide::lookup;
use crate::core::from_mail::{
    DeliveryAction, DeliveryReport, Disposition, DispositionKind, Reported,
};
use crate::core::id::{MessageId, StanzaId};
use crate::core::language::Language;
use crate::core::limits::REPORT_NOTES_MAX;
use crate::core::record::{Contact, Trouble};
use crate::core::text::clean;
use crate::core::{notice, to_stanza};
use jid::BareJid;
use std::collections::BTreeMap;

/// Decides about a mail that is a report on a mail of ours; `None` for all other mails.
pub(crate) fn decide(
    decider: Decider<'_>,
    arrived: &Arrived<'_>,
) -> Result<Option<Decision>, Missing> {
    let mail = arrived.mail;
    if mail.delivery.is_none() && mail.disposition.is_none() {
        return Ok(None);
    }
    let users = reported_users(decider, arrived)?;
    let reports = users.iter().map(|user| ReportDelivery {
        decider,
        id: &mail.message_id,
        user,
    });
    let decided = Context::all(reports, |report| {
        if let Some(delivery) = &mail.delivery
            && let Some(decision) = report.delivery(delivery)?
        {
            return Ok(Some(decision));
        }
        let from = mail.from.as_ref().map(|from| &from.address);
        match &mail.disposition {
            Some(disposition) => report.disposition(disposition, from),
            None => Ok(None),
        }
    })?;
    Ok(decided.into_iter().flatten().next())
}

/// The same of what no mail reports: the gateway knows itself what became of a mail from one of its users to another. `None` where
/// the user sent no such mail to that recipient.
pub(crate) fn of_own_mail(
    decider: Decider<'_>,
    user: &BareJid,
    delivery: &DeliveryReport,
) -> Result<Option<Decision>, Missing> {
    let report = ReportDelivery {
        decider,
        id: match delivery.about.first() {
            Some(id) => id,
            None => return Ok(None),
        },
        user,
    };
    let Some(told) = report.message(&delivery.about)? else {
        return Ok(None);
    };
    let mut recipients = std::iter::once(&told.message.contact).chain(&told.message.sent.also);
    match recipients.any(|address| delivery.original_to.contains(address)) {
        true => report.delivery(delivery),
        false => Ok(None),
    }
}

/// A report on its way to one user.
struct ReportDelivery<'a> {
    decider: Decider<'a>,
    /// Its own id, for the log.
    id: &'a MessageId,
    user: &'a BareJid,
}

impl ReportDelivery<'_> {
    fn delivery(&self, report: &DeliveryReport) -> Result<Option<Decision>, Missing> {
        if let Some(told) = self.message(&report.about)? {
            let lines = self.lines(&told)?;
            return Ok(Some(
                self.in_own_language()?.of_message(report, told, lines)?,
            ));
        }
        let contacts = Context::all(addresses(report), |address| {
            let known = self.decider.rows.contact(self.user, address)?;
            Ok(known.map(|known| (address, known)))
        })?;
        let is_about = |(_, known): &(&MailAddress, &Contact)| {
            let mail = known.asked_by.as_ref();
            known.pending_out && mail.is_some_and(|mail| report.about.contains(mail))
        };
        match contacts.into_iter().flatten().find(is_about) {
            Some((address, known)) => {
                let own = self.in_own_language()?;
                Ok(Some(own.of_request(report, address, known)?))
            }
            None => Ok(None),
        }
    }

    /// The same in the language of the user, once it is known that the user is told something.
    fn in_own_language(&self) -> Result<Self, Missing> {
        Ok(Self {
            decider: self.decider.about(self.user)?,
            ..*self
        })
    }

    /// The message of the user that one of these ids names.
    fn message(&self, about: &[MessageId]) -> Result<Option<DeliveryStatus>, Missing> {
        let named = Context::all(about, |id| DeliveryStatus::of(self.decider, id, self.user))?;
        Ok(named.into_iter().flatten().next())
    }

    /// The other messages that went in the same mail.
    fn lines(&self, told: &DeliveryStatus) -> Result<Vec<DeliveryStatus>, Missing> {
        let of = |id| DeliveryStatus::of(self.decider, id, self.user);
        let lines = Context::all(&told.message.sent.lines, of)?;
        let is_said = |line: &DeliveryStatus| !line.message.sent.taken_back;
        Ok(lines.into_iter().flatten().filter(is_said).collect())
    }

    fn of_message(
        &self,
        report: &DeliveryReport,
        mut told: DeliveryStatus,
        mut lines: Vec<DeliveryStatus>,
    ) -> Result<Decision, Missing> {
        let mut decision = Decision::default();
        let contact = told.message.contact.clone();
        let known = self.decider.rows.contact(self.user, &contact)?;
        let shown = lookup::shown_jid(self.decider, known, &contact)?;
        let Some(shown) = shown else {
            return Ok(decision);
        };
        // What was news of whom, each once: a report may name one recipient a hundred times.
        let mut news: BTreeMap<MailAddress, &Reported> = BTreeMap::new();
        if told.message.sent.taken_back && !lines.is_empty() {
            told = lines.remove(0);
        }
        for one in &report.recipients {
            let Some(said) = self.of_recipient(one, &shown, &mut told) else {
                continue;
            };
            decision.stanzas.extend(said);
            if let Some(who) = meant(&told, one) {
                news.entry(who).or_insert(one);
            }
        }
        let troubles = Context::all(news, |(who, one)| self.trouble(&who, one))?;
        for (stanzas, write) in troubles {
            decision.stanzas.extend(stanzas);
            decision.writes.extend(write);
        }
        decision.writes.extend(told.write());
        for mut line in lines {
            let said = report.recipients.iter();
            let said = said.filter_map(|one| self.of_recipient(one, &shown, &mut line));
            // What a mail as a whole met with is said once in words.
            let is_of_line = |stanza: &minidom::Element| {
                stanza.attr("type") == Some("error")
                    || stanza.name() == "iq"
                    || stanza.has_child("received", xmpp_parsers::ns::RECEIPTS)
            };
            decision.stanzas.extend(said.flatten().filter(is_of_line));
            decision.writes.extend(line.write());
        }
        decision.notes = self.notes(&contact, report);
        Ok(decision)
    }

    /// What the user is told of a recipient, which may be nothing; `None` where the report is no news of it.
    fn of_recipient(
        &self,
        one: &Reported,
        shown: &BareJid,
        told: &mut DeliveryStatus,
    ) -> Option<Vec<minidom::Element>> {
        let reported = || one.original.as_ref().or(one.last.as_ref()).cloned();
        let who = meant(told, one).or_else(reported)?;
        match one.action {
            DeliveryAction::Failed if told.failed(&who) => Some(self.failure(shown, told, one)),
            DeliveryAction::Delayed if told.delayed(&who) => {
                Some(vec![self.late(shown, told, one)])
            }
            DeliveryAction::Delivered => {
                let is_due = told.delivered(&who);
                let receipt = is_due.then(|| received(shown, told)).flatten();
                Some(receipt.into_iter().collect())
            }
            _ => None,
        }
    }

    fn failure(
        &self,
        shown: &BareJid,
        told: &mut DeliveryStatus,
        one: &Reported,
    ) -> Vec<minidom::Element> {
        let language = self.decider.language;
        let why = why(language, meant(told, one).as_ref(), one);
        let message = told.message.clone();
        let failure = Failure {
            language,
            message_id: &message.message_id,
            contact: shown.as_str(),
            client: message.resource.as_ref(),
            user: &message.user,
            id: Some(&told.stanza_id().clone()),
            condition: condition_of(&one.reply),
            why: &why,
            is_certain: true,
        };
        failure.to_stanzas(Some(told))
    }

    /// From the contact to the user, as the gateway's own notice would be.
    fn late(&self, shown: &BareJid, told: &DeliveryStatus, one: &Reported) -> minidom::Element {
        let id = StanzaId::derive(&told.message.message_id, self.user, "delay");
        let language = self.decider.language;
        let who = meant(told, one).map(|who| who.for_people());
        let who = who.unwrap_or_else(|| notice::one_of_its_recipients(language));
        let body = notice::late(language, &who, &one.reply);
        let from_to = (shown.as_str(), self.user.as_str());
        to_stanza::notice(language, from_to, id.as_str(), &body)
    }

    /// The recipient is shown `away` while mail to it does not get through.
    fn trouble(
        &self,
        who: &MailAddress,
        one: &Reported,
    ) -> Result<(Vec<minidom::Element>, Option<Write>), Missing> {
        let trouble = (one.action != DeliveryAction::Delivered).then(|| Trouble {
            since: self.decider.now,
            text: notice::words(self.decider.language, &one.reply),
            reported: true,
        });
        in_state(self.decider, self.user, who, trouble)
    }

    /// A request that failed is refused and forgotten, as one that the mail server refuses at once.
    fn of_request(
        &self,
        report: &DeliveryReport,
        contact: &MailAddress,
        known: &Contact,
    ) -> Result<Decision, Missing> {
        let mut decision = Decision {
            notes: self.notes(contact, report),
            ..Decision::default()
        };
        let failed = |one: &&Reported| one.action == DeliveryAction::Failed;
        let shown = lookup::shown_jid(self.decider, Some(known), contact)?;
        if let (Some(one), Some(shown)) = (report.recipients.iter().find(failed), shown) {
            let condition = condition_of(&one.reply);
            let why = why(self.decider.language, Some(contact), one);
            let error = to_stanza::request_failed((&shown, self.user), None, condition, &why);
            decision.stanzas.push(error);
            let forgotten = forget_request(self.decider, self.user, contact)?;
            decision.writes.extend(forgotten);
        }
        Ok(decision)
    }

    fn disposition(
        &self,
        report: &Disposition,
        from: Option<&MailAddress>,
    ) -> Result<Option<Decision>, Missing> {
        let Some(told) = self.message(&report.about)? else {
            return Ok(None);
        };
        // Of several messages in one mail the last stands for all before it (XEP-0333 §3).
        let mut told = self.lines(&told)?.pop().unwrap_or(told);
        let mut decision = Decision::default();
        let contact = told.message.contact.clone();
        let known = self.decider.rows.contact(self.user, &contact)?;
        let shown = lookup::shown_jid(self.decider, known, &contact)?;
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

    /// A line for each of the first recipients, and how many there are.
    fn notes(&self, contact: &MailAddress, report: &DeliveryReport) -> Vec<String> {
        let note = |one: &Reported| {
            let who = one.original.as_ref().or(one.last.as_ref());
            let by = one.remote.as_ref().map(|name| format!(" by {name}"));
            clean::shorten_addresses(&format!(
                "report {} on a mail to {}: {:?}{}: {}",
                self.id,
                who.unwrap_or(contact),
                one.action,
                by.unwrap_or_default(),
                notice::words(Language::ENGLISH, &one.reply)
            ))
        };
        let noted = report.recipients.iter().take(REPORT_NOTES_MAX).map(note);
        let more = report.recipients.len().saturating_sub(REPORT_NOTES_MAX);
        let more = (more > 0).then(|| format!("report {} names {more} more", self.id));
        noted.chain(more).collect()
    }
}

/// For whom the mail was, whatever the last server calls them: one of those to whom the message went. `None` where it went
/// to several, and was forwarded by one of them, and nobody says by whom.
fn meant(told: &DeliveryStatus, one: &Reported) -> Option<MailAddress> {
    let message = &told.message;
    let known = |address: &&MailAddress| {
        **address == message.contact || message.sent.also.contains(address)
    };
    let mut reported = one.original.iter().chain(&one.last);
    match reported.find(known) {
        Some(address) => Some(address.clone()),
        None if message.sent.also.is_empty() => Some(message.contact.clone()),
        None => None,
    }
}

/// XEP-0184, to the client that asked for it.
fn received(shown: &BareJid, told: &DeliveryStatus) -> Option<minidom::Element> {
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

fn why(language: Language, meant: Option<&MailAddress>, one: &Reported) -> String {
    let Some(who) = meant else {
        let who = notice::one_of_its_recipients(language);
        return notice::not_delivered(language, &who, None, &one.reply);
    };
    let forwarded = one.last.as_ref().filter(|last| *last != who);
    let forwarded = forwarded.map(MailAddress::for_people);
    notice::not_delivered(
        language,
        &who.for_people(),
        forwarded.as_deref(),
        &one.reply,
    )
}

/// Every address under which the report may name its recipient.
fn addresses(report: &DeliveryReport) -> impl Iterator<Item = &MailAddress> {
    let reported = report.recipients.iter();
    let named = reported.flat_map(|one| one.original.iter().chain(&one.last));
    named.chain(&report.original_to)
}
