//! What the sender of a mail is to its user. Of somebody with whom the user has had nothing to do the first mail says so, or all
//! wait until the user accepts them: see
//! [`strangers`].

use crate::core::commands;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::Stop;
use crate::core::decide::decision::Decision;
use crate::core::decide::inbound::embedded_stanzas::EmbeddedStanzas;
use crate::core::decide::inbound::message::Delivery;
use crate::core::decide::inbound::trust::SenderTrust;
use crate::core::decide::lookup;
use crate::core::decide::outbound::gesture;
use crate::core::decide::roster::person;
use crate::core::decide::strangers::{self, Acquaintance, KnownSender};
use crate::core::from_mail::ParsedMail;
use crate::core::id::{MessageId, StanzaId, ThreadId};
use crate::core::limits::{
    ANSWERED_MAX, DOUBT_SAID_AGAIN_AFTER, REQUEST_MAILS_MAX, REQUEST_OCTETS_MAX, REQUESTS_MAX,
};
use crate::core::notice;
use crate::core::record::{self, Contact, Direction, PairOrigin, Request, Strangers};
use crate::core::to_stanza;
use crate::core::xml;
use jid::BareJid;
use minidom::Element;

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

impl Delivery<'_> {
    /// What the sender is.
    pub(crate) fn standing(&self, known: &Contact) -> Result<Acquaintance, Missing> {
        let way = self.options.strangers;
        let way = way.unwrap_or(self.decider.settings.strangers);
        if known.is_acquainted() || way == Strangers::Show {
            return Ok(Acquaintance::Known);
        }
        if self.is_known_otherwise()? {
            return Ok(Acquaintance::Known);
        }
        Ok(match way {
            Strangers::Mark if self.is_first(known)? => Acquaintance::First,
            Strangers::Mark | Strangers::Show => Acquaintance::Known,
            Strangers::Request | Strangers::Hold => Acquaintance::Waits(way),
        })
    }

    /// The administrator knows the sender, or it is truly a user here, or it answers what the user has written: of whom an answer
    /// comes who has got that by others, or has another address.
    fn is_known_otherwise(&self) -> Result<bool, Missing> {
        let (rows, from) = (self.decider.rows, &self.from.address);
        let pair = rows.holder_of(from)?;
        if pair.is_some_and(|pair| pair.origin == PairOrigin::Admin) || self.is_of_user_here()? {
            return Ok(true);
        }
        let mail = self.arrived.mail;
        let answered = mail.in_reply_to.iter().chain(mail.references.iter().rev());
        let answered = Context::all(answered.take(ANSWERED_MAX), |id| {
            rows.message(id, self.user)
        })?;
        let mut answered = answered.into_iter().flatten();
        Ok(answered.any(|row| row.direction == Direction::Out))
    }

    /// A user here is one where somebody vouches for the address in `From`: anybody can write there what a rule makes a user of. Nobody
    /// does for a mail that stays in the house; that one has the id that only the message of that user to this one has.
    fn is_of_user_here(&self) -> Result<bool, Missing> {
        let Some(author) = lookup::user_of(self.decider, &self.from.address)? else {
            return Ok(false);
        };
        if self.sender.is_verified {
            return Ok(true);
        }
        let sent = self
            .decider
            .rows
            .message(&self.arrived.mail.message_id, &author)?;
        let own = Stop::optional(lookup::user_mail(self.decider, self.user))?;
        let (Some(sent), Some(own)) = (sent, own) else {
            return Ok(false);
        };
        let is_to_user = sent.contact == own || sent.sent.also.contains(&own);
        Ok(sent.direction == Direction::Out && is_to_user)
    }

    /// Of who writes to many no row says that it has written before.
    fn is_first(&self, known: &Contact) -> Result<bool, Missing> {
        match self.arrived.mail.bulk {
            true => Ok(self
                .decider
                .rows
                .seen(self.user, &self.bulk_key())?
                .is_none()),
            false => Ok(known.jid.is_none()),
        }
    }

    fn bulk_key(&self) -> MessageId {
        let name = format!("writes to many {}", self.from.address.key());
        MessageId::of_raw(name.as_bytes())
    }

    /// Whether no more can be kept of this sender. Then the mail stays where it is, or comes again.
    pub(crate) fn is_turned_away(&self, known: &Contact) -> Result<bool, Missing> {
        let is_held = matches!(self.sender.trust, SenderTrust::Held(_));
        if is_held || known.is_blocked || !matches!(self.standing(known)?, Acquaintance::Waits(_)) {
            return Ok(false);
        }
        if let Some(request) = &known.request {
            return Ok(
                request.kept.len() >= REQUEST_MAILS_MAX || request.octets >= REQUEST_OCTETS_MAX
            );
        }
        let own = self.decider.rows.own_options(self.user, None)?;
        Ok(own.requests.len() >= REQUESTS_MAX)
    }

    /// Counts a mail that is not kept.
    pub(crate) fn turned_away(&self, known: &Contact, decision: &mut Decision) {
        let mail = self.arrived.mail;
        decision.notes.push(format!(
            "mail {} {}: its recipient has not accepted its sender yet, of whom enough waits",
            mail.message_id,
            mail.kept().left()
        ));
        let of = (self.user, &self.from.address);
        if known.request.is_some() {
            strangers::change(decision, of, known.clone(), |contact| {
                if let Some(request) = &mut contact.request {
                    request.left = request.left.saturating_add(1);
                }
            });
        }
    }

    /// What stands on top of the text, beside what it is; and the contact, who is told of then.
    pub(crate) fn marks(
        &self,
        standing: Acquaintance,
        next: &mut Contact,
        decision: &mut Decision,
    ) -> Vec<String> {
        let (mail, language) = (self.arrived.mail, self.decider.language);
        let (name, people) = (self.from.name.as_deref(), self.from.address.for_people());
        let mut marks = Vec::new();
        if standing == Acquaintance::First {
            marks.push(match mail.bulk {
                true => notice::first_bulk_mail(language, name, &people),
                false => notice::first_mail(language, name, &people),
            });
            if mail.bulk {
                let (user, now) = (self.user.clone(), self.decider.now);
                decision
                    .writes
                    .push(Write::Seen(user, self.bulk_key(), now));
            }
        }
        if mail.is_encrypted() && self.may_change() && !next.is_told_encrypted {
            next.is_told_encrypted = true;
            marks.push(notice::encrypts(language, &people));
        }
        if self.sender.trust != SenderTrust::Marked {
            next.doubted = None;
            return marks;
        }
        let now = self.decider.now;
        let is_recent = |said| now.since(said) < DOUBT_SAID_AGAIN_AFTER;
        if !next.doubted.is_some_and(is_recent) {
            next.doubted = Some(now);
            marks.push(notice::unverified(language));
        }
        marks
    }

    /// A person seems to answer a request of the user's, and nobody could verify it: the user is asked, once.
    pub(crate) fn ask_of_answer(
        &self,
        shown: &BareJid,
        next: &mut Contact,
        decision: &mut Decision,
    ) -> Result<Option<String>, Missing> {
        let mail = self.arrived.mail;
        if self.sender.trust != SenderTrust::Marked
            || !next.pending_out
            || next.request.is_some()
            // What a gateway says is verified or nothing.
            || !matches!(self.embedded, EmbeddedStanzas::None)
            || !person::accepts(mail)
        {
            return Ok(None);
        }
        let own = self.decider.rows.own_options(self.user, None)?;
        let (people, language) = (self.from.address.for_people(), self.decider.language);
        if own.requests.len() >= REQUESTS_MAX {
            return Ok(Some(notice::unverified_answer(language, &people)));
        }
        strangers::listed(self.decider, (self.user, &self.from.address), decision)?;
        next.request = Some(Request {
            since: self.decider.now,
            preview: preview(mail),
            is_asked: true,
            ..Request::default()
        });
        next.pending_in = true;
        let status = notice::unverified_status(language, &people);
        decision.stanzas.push(self.asks(shown, &status));
        Ok(Some(notice::unverified_answer(language, &people)))
    }

    /// A contact request, as clients show it.
    fn asks(&self, shown: &BareJid, status: &str) -> Element {
        let nick = self.from.name.as_deref();
        let mut ask = to_stanza::subscribe(shown.as_str(), self.user, nick);
        ask.append_child(xml::text("status", xmpp_parsers::ns::COMPONENT, status));
        ask
    }

    /// A request, which says that nobody could verify whose it is, where that is so.
    fn doubted(&self, words: String, gap: &str) -> String {
        if self.sender.trust != SenderTrust::Marked {
            return words;
        }
        let people = self.from.address.for_people();
        let doubt = notice::unverified_stranger(self.decider.language, &people);
        // Two lines need no full stop between them, which would become part of the address at the end of the first.
        let words = match gap {
            "\n" => words,
            _ => notice::ended(&words),
        };
        format!("{words}{gap}{doubt}")
    }

    /// Keeps the messages among the stanzas that the mail became, instead of showing them.
    pub(crate) fn keep(
        &self,
        sender: KnownSender<'_>,
        made: Vec<Element>,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let KnownSender { shown, known, .. } = sender;
        let is_message = |one: &Element| one.name() == "message";
        let (messages, others): (Vec<_>, Vec<_>) = made.into_iter().partition(is_message);
        decision.stanzas.extend(others);
        if messages.is_empty() {
            return Ok(());
        }
        let row = self.kept_row(&messages);
        let (key, of) = (row.message_id.clone(), (self.user, &self.from.address));
        let octets: usize = row.sent.kept.iter().map(String::len).sum();
        decision.writes.push(Write::Message(row));
        strangers::listed(self.decider, of, decision)?;
        let is_first = !strangers::waits(known);
        let is_gateways = lookup::format_of(self.decider, of.1)?.features().presence;
        let is_each_told = sender.standing == Acquaintance::Waits(Strangers::Request);
        let is_asked = is_first && is_each_told && !is_gateways;
        let (preview, now) = (preview(self.arrived.mail), self.decider.now);
        strangers::change(decision, of, known.clone(), |contact| {
            contact.jid.get_or_insert_with(|| shown.clone());
            contact.pending_in |= is_asked;
            let request = contact.request.get_or_insert_with(|| Request {
                since: now,
                preview: preview.clone(),
                is_asked,
                ..Request::default()
            });
            request.kept.push(key.clone());
            request.octets = request.octets.saturating_add(octets);
            request.unverified = self.sender.trust == SenderTrust::Marked;
        });
        if is_asked {
            let people = self.from.address.for_people();
            let status = notice::request_status(self.decider.language, &people, &preview);
            let status = self.doubted(status, " ");
            decision.stanzas.push(self.asks(shown, &status));
        }
        let told = match is_each_told {
            _ if !is_first => None,
            true => Some(self.request_notice(&key, &preview)?),
            false => self.daily_notice(decision)?,
        };
        decision.stanzas.extend(told);
        Ok(())
    }

    /// What waits is shown with a mail that does not wait, by whatever the user has chosen since: before the stanzas that this mail
    /// became.
    pub(crate) fn release(
        &self,
        sender: KnownSender<'_>,
        made: Vec<Element>,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        if !strangers::waits(sender.known) {
            decision.stanzas.extend(made);
            return Ok(());
        }
        let of = (self.user, &self.from.address);
        let brought = strangers::release(self.decider, of, sender.shown, decision)?;
        decision.stanzas.extend(made);
        if brought.left > 0 {
            let (people, language) = (self.from.address.for_people(), self.decider.language);
            let words = notice::released(language, &people, brought.shown, brought.left);
            let about = MessageId::of_raw(format!("released {}", self.stanza_id()).as_bytes());
            let told = self.notice_of_request(&about, &words)?;
            decision.stanzas.push(told);
        }
        Ok(())
    }

    fn kept_row(&self, messages: &[Element]) -> record::Message {
        let name = format!("kept {}", self.stanza_id());
        let key = MessageId::of_raw(name.as_bytes());
        record::Message {
            stanza_id: StanzaId::derive(&key, self.user, "kept"),
            user: self.user.clone(),
            resource: None,
            contact: self.from.address.clone(),
            thread: ThreadId::derive(&key),
            direction: Direction::In,
            at: self.decider.now,
            digest: String::new(),
            others: Vec::new(),
            sent: record::Sent {
                kept: messages.iter().map(String::from).collect(),
                ..record::Sent::default()
            },
            answerable: None,
            within: None,
            message_id: key,
        }
    }

    /// The gateway says of the sender that they wait, where the user wants to be asked.
    fn request_notice(&self, key: &MessageId, preview: &str) -> Result<Element, Missing> {
        let name = self.from.name.as_deref();
        let people = self.from.address.for_people();
        let words = notice::request(self.decider.language, name, &people, preview);
        self.notice_of_request(key, &self.doubted(words, "\n"))
    }

    /// Else it says once a day that there is anybody who waits.
    fn daily_notice(&self, decision: &mut Decision) -> Result<Option<Element>, Missing> {
        let (user, now) = (self.user, self.decider.now);
        let day = now.millis().div_euclid(DAY_MILLIS);
        let about = MessageId::of_raw(format!("strangers wait on day {day}").as_bytes());
        if self.decider.rows.seen(user, &about)?.is_some() {
            return Ok(None);
        }
        let seen = Write::Seen(user.clone(), about.clone(), now);
        decision.writes.push(seen);
        let words = notice::strangers_wait(self.decider.language);
        self.notice_of_request(&about, &words).map(Some)
    }

    fn notice_of_request(&self, about: &MessageId, words: &str) -> Result<Element, Missing> {
        let (speaker, user) = (commands::speaker(self.decider)?, self.user);
        let id = StanzaId::derive(about, user, "request");
        let (language, from_to) = (self.decider.language, (speaker.as_str(), user.as_str()));
        Ok(to_stanza::notice(language, from_to, id.as_str(), words))
    }
}

/// How a mail begins, with its subject.
fn preview(mail: &ParsedMail) -> String {
    let text = gesture::excerpt(mail.own_text.as_ref().unwrap_or(&mail.text));
    let subject = mail.base_subject.as_deref().unwrap_or_default();
    match (gesture::excerpt(subject), text) {
        (subject, text) if subject.is_empty() => text,
        (subject, text) if text.is_empty() => subject,
        (subject, text) => format!("{subject} – {text}"),
    }
}
