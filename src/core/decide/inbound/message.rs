//! One mail on its way to one user.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::{Decision, KeepOriginal, Left};
use crate::core::decide::delivery::returned;
use crate::core::decide::inbound::arrived::Arrived;
use crate::core::decide::inbound::away;
use crate::core::decide::inbound::embedded_stanzas::EmbeddedStanzas;
use crate::core::decide::inbound::other_recipients::others;
use crate::core::decide::inbound::shown_text::Above;
use crate::core::decide::inbound::shown_text::{ShownText, shown_subject, shown_text, stanza_id};
use crate::core::decide::inbound::trust::{self, JudgedSender, SenderTrust};
use crate::core::decide::lookup;
use crate::core::decide::names;
use crate::core::decide::roster::person;
use crate::core::decide::roster::presence::SeenContact;
use crate::core::decide::strangers::{self, Accepts, Acquaintance, KnownSender};
use crate::core::decide::thread::{self, JoiningMessage};
use crate::core::file::{self, Files, Upload};
use crate::core::from_mail::Person;
use crate::core::id::{MessageId, StanzaId};
use crate::core::message::InboundMessage;
use crate::core::notice::{self, HoldReason};
use crate::core::record::{self, Answerable, AnswersTo, Bulk, Contact, Direction, Options, Thread};
use crate::core::to_stanza;
use jid::BareJid;
use std::collections::BTreeSet;

/// Addresses of a Reply-To that are looked at.
const REPLY_TO_MAX: usize = 5;

/// One mail on its way to one user.
pub(crate) struct Delivery<'a> {
    pub decider: Decider<'a>,
    pub arrived: &'a Arrived<'a>,
    pub from: &'a Person,
    pub user: &'a BareJid,
    /// Our users whom the header names.
    pub named: &'a BTreeSet<BareJid>,
    /// Those of them in its `To`.
    pub addressed: &'a BTreeSet<BareJid>,
    pub sender: &'a JudgedSender,
    /// How the user wants it.
    pub options: Options,
    pub embedded: &'a EmbeddedStanzas,
}

impl Delivery<'_> {
    pub(crate) fn for_user(&self, decision: &mut Decision) -> Result<(), Missing> {
        let (decider, user) = (self.decider, self.user);
        let (mail, from) = (self.arrived.mail, self.from);
        decision.is_believed = self.sender.trust.is_believed();
        let key = |trust: SenderTrust| trust.key(from.address.key(), mail);
        let (key, believed) = (key(self.sender.trust), key(SenderTrust::Believed));
        if decider.rows.seen(user, &believed)?.is_some() || decider.rows.seen(user, &key)?.is_some()
        {
            return Ok(());
        }
        let known = decider.rows.contact(user, &from.address)?.cloned();
        let known = known.unwrap_or_default();
        if self.is_turned_away(&known)? {
            self.turned_away(&known, decision);
            decision.left = Some(Left::Unaccepted);
            decision.left_by.insert(user.clone());
            return Ok(());
        }
        decision
            .writes
            .push(Write::Seen(user.clone(), key, self.decider.now));
        if let Some(why) = self.why_dropped(decision)? {
            let id = &mail.message_id;
            decision.notes.push(format!("mail {id} {why}: dropped"));
            return Ok(());
        }
        if let SenderTrust::Held(why) = self.sender.trust {
            self.hold(why, decision);
            return Ok(());
        }
        let is_paired = || decider.rows.holder_of(&from.address);
        if self.sender.trust.is_believed() && (known.is_acquainted() || is_paired()?.is_some()) {
            decision.acquainted.insert(user.clone());
        }
        let shown = lookup::shown_jid(decider, Some(&known), &from.address)?;
        let is_handed_over = shown.is_some() && self.carries();
        match shown {
            _ if !is_handed_over && self.embedded.says_nothing_to(mail, self.is_named()) => {
                let id = &mail.message_id;
                decision
                    .notes
                    .push(format!("mail {id} is for gateways only: not shown"));
                Ok(())
            }
            Some(shown) => {
                let sender = KnownSender {
                    shown: &shown,
                    known: &known,
                    standing: self.standing(&known)?,
                };
                let begin = decision.stanzas.len();
                self.said_by(sender, decision)?;
                let end = decision.stanzas.len();
                let made = decision.stanzas.split_off(begin.min(end));
                match sender.standing {
                    Acquaintance::Waits(_) => self.keep(sender, made, decision),
                    Acquaintance::Known | Acquaintance::First => {
                        self.release(sender, made, decision)
                    }
                }
            }
            None => {
                decision.stanzas.push(self.unanswerable());
                Ok(())
            }
        }
    }

    /// Whether there are stanzas for the user in the mail.
    fn carries(&self) -> bool {
        self.is_named() && self.embedded.is_taken()
    }

    /// What the contact says, in whatever way.
    fn said_by(&self, sender: KnownSender<'_>, decision: &mut Decision) -> Result<(), Missing> {
        if self.carries() {
            return self.hand_over(sender, decision);
        }
        if let Some(reaction) = self.reacted(sender.shown)? {
            decision.stanzas.push(reaction);
            return Ok(());
        }
        match self.edited(sender.shown)? {
            Some((correction, row)) => {
                decision.stanzas.push(correction);
                decision.writes.push(Write::Message(row));
                Ok(())
            }
            None => {
                self.decide(sender, decision)?;
                self.answer_away(sender.standing, decision)
            }
        }
    }

    /// A user who is away tells that to a person whose mail is shown.
    fn answer_away(&self, standing: Acquaintance, decision: &mut Decision) -> Result<(), Missing> {
        let is_kept = matches!(standing, Acquaintance::Waits(_));
        if let Some(away) = &self.options.away_now(self.decider.now)
            && self.is_named()
            && !is_kept
            && self.is_from_person()?
        {
            let of = (self.from, self.sender, self.user);
            let answer = away::answer(self.decider, self.arrived.mail, of, away)?;
            decision.at_most_once.extend(answer);
        }
        Ok(())
    }

    pub(crate) fn bulk(&self) -> Bulk {
        self.options.bulk.unwrap_or(self.decider.settings.bulk)
    }

    /// What ends a loop, or was asked for by the configuration.
    fn why_dropped(&self, decision: &mut Decision) -> Result<Option<&'static str>, Missing> {
        let (mail, user) = (self.arrived.mail, self.user);
        let known = self.decider.rows.message(&mail.message_id, user)?;
        let is_known = known.is_some_and(|message| message.direction == Direction::Out);
        if is_known || self.is_own()? {
            return Ok(Some("is its recipient's own and came back"));
        }
        let known = self.decider.rows.contact(user, &self.from.address)?;
        if known.is_some_and(|known| known.is_blocked) {
            return Ok(Some("is of somebody whom its recipient has blocked"));
        }
        if mail.bulk && self.bulk() == Bulk::Drop {
            return Ok(Some("is bulk mail, as configured"));
        }
        if self.is_said_again(decision)? {
            return Ok(Some("says again what answered a mail for gateways before"));
        }
        Ok(None)
    }

    /// Of what the gateway writes for its users only messages leave a row.
    fn is_own(&self) -> Result<bool, Missing> {
        let address = &self.from.address;
        let author = lookup::user_of(self.decider, address)?;
        Ok(trust::is_bridge(self.arrived.mail) && author.as_ref() == Some(self.user))
    }

    /// A program that answers every mail, and does not say that it is one, answers every presence. A person who found one
    /// of these in a mailbox has something to say, but not the same each time.
    fn is_said_again(&self, decision: &mut Decision) -> Result<bool, Missing> {
        let mail = self.arrived.mail;
        if !mail.answers_machine || trust::is_bridge(mail) {
            return Ok(false);
        }
        // Neither what is quoted nor who is said to have written it.
        let is_own = |line: &&str| !line.starts_with('>') && !line.ends_with(':');
        let own = mail.text.lines().filter(is_own);
        let words: Vec<&str> = own.flat_map(str::split_whitespace).collect();
        let text = format!("answer {} {}", self.from.address.key(), words.join(" "));
        let key = MessageId::of_raw(text.as_bytes());
        let was_said = self.decider.rows.seen(self.user, &key)?.is_some();
        if !was_said {
            let seen = Write::Seen(self.user.clone(), key, self.decider.now);
            decision.writes.push(seen);
        }
        Ok(was_said)
    }

    /// Stanzas are only for whom the mail names, which DKIM signs: a copy that somebody sends on to others is text.
    pub(crate) fn is_named(&self) -> bool {
        self.named.contains(self.user)
    }

    /// Tells the user of a mail that is not shown.
    fn hold(&self, why: HoldReason, decision: &mut Decision) {
        let sender = self.from.address.for_people();
        decision.notes.push(format!(
            "mail {} {}: {}",
            self.arrived.mail.message_id,
            self.arrived.mail.kept().held(),
            match why {
                HoldReason::Failed => "its sender failed authentication",
                HoldReason::Unverified => "its sender is not verified",
                HoldReason::Unread => "its header is longer than is read",
            }
        ));
        let body = notice::held(
            self.decider.language,
            Some(&sender),
            (why, self.arrived.mail.kept()),
            &self.decider.settings.contact_addresses,
        );
        decision.stanzas.push(self.notice(&body));
        decision.held.insert(self.user.clone());
    }

    /// A mail whose sender's address cannot be a JID comes from a JID that is nobody's address: the gateway itself says nothing
    /// that a stranger has written.
    fn unanswerable(&self) -> minidom::Element {
        let language = self.decider.language;
        let introduction = notice::unshowable_sender(language, &self.from.address.for_people());
        let marks = self.sender.trust.marks(language);
        let above = Above {
            marks: &marks,
            subject: self.arrived.mail.subject.as_deref(),
            to: None,
            kept: self.arrived.mail.kept(),
        };
        let text = self.text(above).text;
        let from = lookup::unanswerable_jid(self.decider, &self.from.address);
        let (user, id) = (self.user.as_str(), self.stanza_id());
        let body = format!("{introduction}\n{text}");
        to_stanza::words(from.as_str(), user, id.as_str(), &body)
    }

    /// What the user reads, not longer than servers take it.
    pub(crate) fn text(&self, above: Above<'_>) -> ShownText {
        if self.decider.rows.is_incomplete() {
            return ShownText {
                text: "…".to_owned(),
                is_less: false,
            };
        }
        let quotes = self.options.quotes.unwrap_or(self.decider.settings.quotes);
        let as_wished = (self.decider.language, quotes);
        shown_text(as_wished, self.arrived, above)
    }

    /// A message of the gateway itself.
    fn notice(&self, body: &str) -> minidom::Element {
        let (gateway, user) = (self.decider.settings.gateway.as_str(), self.user.as_str());
        let id = self.stanza_id();
        to_stanza::notice(self.decider.language, (gateway, user), id.as_str(), body)
    }

    pub(crate) fn stanza_id(&self) -> StanzaId {
        stanza_id(self.arrived.mail, self.user, self.sender.trust)
    }

    /// Hands the mail over as a message of its sender, with all that follows from it.
    fn decide(&self, sender: KnownSender<'_>, decision: &mut Decision) -> Result<(), Missing> {
        let KnownSender { shown, known, .. } = sender;
        let (user, mail, contact) = (self.user, self.arrived.mail, &self.from.address);
        let id = thread::of_mail(self.decider, (user, contact, known), mail)?;
        let thread = self.decider.rows.thread(user, contact, &id)?;
        let next = Contact {
            jid: Some(shown.clone()),
            thread: Some(id.clone()),
            ..known.clone()
        };
        let next = self.pictured(next, decision);
        let (next, marks) = self.met(sender, next, decision)?;
        let is_answered = known.request.is_some() && known.pending_out && !next.pending_out;
        // News of a list change no conversation.
        let mut ask = None;
        if !mail.bulk {
            let (next, question) = self.named(shown, next);
            ask = question;
            self.tell_profile(shown, (known, &next), decision)?;
            let write = names::write(user, contact, known, next);
            decision.writes.extend(write);
        }
        // What nobody could verify before is of no account.
        if is_answered {
            strangers::accept(self.decider, (user, contact), Accepts::Shown, decision)?;
        }
        let others = others(self.decider, mail, self.from, user)?;
        let inbound = InboundMessage {
            subject: shown_subject(mail, thread),
            ..self.inbound_message(shown, id.clone())
        };
        let inbound = self.answering(self.with_text(inbound, &others, &marks), thread)?;
        let answers = self.answers_to(thread)?;
        let grown = Thread {
            answers,
            ..self.grown(thread)
        };
        decision
            .writes
            .push(Write::Thread(user.clone(), contact.clone(), id, grown));
        // Whom the text does not show is not written to by an answer to all.
        let others = match self.unlisted(&others) {
            0 => others,
            _ => Vec::new(),
        };
        if !mail.bulk {
            let last = self.last_mail(&inbound);
            strangers::change(decision, (user, contact), known.clone(), |contact| {
                contact.last_mail = Some(last);
            });
        }
        let row = self.message_row(&inbound, others);
        let answerable = self.answerable();
        self.remember(record::Message { answerable, ..row }, decision)?;
        let original = inbound.original.clone();
        decision.originals.extend(original.map(|id| KeepOriginal {
            id,
            user: user.clone(),
        }));
        if self.wants_files() {
            decision.upload.get_or_insert_with(|| Upload {
                contact: inbound.from.jid.clone(),
                user: user.clone(),
            });
        }
        decision.stanzas.extend(self.messages(&inbound));
        decision.stanzas.extend(ask);
        Ok(())
    }

    /// The contact after the mail, and what stands on top of its text.
    fn met(
        &self,
        sender: KnownSender<'_>,
        mut next: Contact,
        decision: &mut Decision,
    ) -> Result<(Contact, Vec<String>), Missing> {
        let (shown, user) = (sender.shown, self.user);
        let is_from_person = self.is_from_person()?;
        if self.sender.trust.is_believed()
            && is_from_person
            && let Some(answer) = person::answered_by_mail(&mut next, self.arrived.mail)
        {
            let seen = SeenContact {
                shown,
                user,
                contact: &next,
            };
            let (stanzas, pair) = person::show_answer(self.decider, seen, self.from, answer)?;
            decision.stanzas.extend(stanzas);
            decision.writes.extend(pair);
        }
        let mut marks = self.marks(sender.standing, &mut next, decision);
        if is_from_person && let Some(question) = self.ask_of_answer(shown, &mut next, decision)? {
            let unverified = notice::unverified(self.decider.language);
            marks.retain(|mark| *mark != unverified);
            marks.push(question);
        }
        Ok((next, marks))
    }

    fn wants_files(&self) -> bool {
        let mut attachments = self.arrived.mail.attachments.iter();
        matches!(self.arrived.files, Files::Wanted)
            && attachments.any(|one| !one.is_ornament && file::is_for_people(&one.media_type))
    }

    /// Where the author wants answers, if that is elsewhere; of the author nothing is believed that was not verified, where it
    /// could be. Never to a list instead of a person: one that says where all is to be discussed is not asked.
    fn answers_to(&self, thread: Option<&Thread>) -> Result<Option<AnswersTo>, Missing> {
        let mail = self.arrived.mail;
        let known = thread.and_then(|thread| thread.answers.clone());
        if !matches!(
            self.sender.trust,
            SenderTrust::Believed | SenderTrust::Unasked
        ) {
            return Ok(known);
        }
        let named = || mail.to.iter().chain(&mail.cc);
        let is_list =
            |address: &MailAddress| mail.bulk && named().any(|person| person.address == *address);
        let wanted = mail.reply_to.iter().map(|person| &person.address);
        let wanted: Vec<&MailAddress> = wanted.take(REPLY_TO_MAX).collect();
        if wanted.contains(&&self.from.address) {
            return Ok(None);
        }
        let others = Context::all(wanted, |address| {
            let is_user = lookup::user_of(self.decider, address)?.is_some();
            let is_allowed = self.decider.settings.contacts.allows(address) && !is_list(address);
            Ok((is_allowed && !is_user).then(|| address.clone()))
        })?;
        let first = others.into_iter().flatten().next();
        Ok(first.map(|mail| AnswersTo {
            is_told: known.is_some_and(|known| known.mail == mail && known.is_told),
            mail,
        }))
    }

    /// A Message-ID stays with the contact who used it first.
    pub(crate) fn remember(
        &self,
        row: record::Message,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let known = self.decider.rows.message(&row.message_id, self.user)?;
        if known.is_none_or(|known| known.contact == row.contact) {
            decision.writes.push(Write::Message(row));
        }
        Ok(())
    }

    /// Who is told if the XMPP side gives the message back: see [`returned`].
    pub(crate) fn answerable(&self) -> Option<Box<Answerable>> {
        let mail = self.arrived.mail;
        returned::answerable(self.decider, mail, self.from, self.sender).map(Box::new)
    }

    /// A contact with a gateway of its own answers requests by that, not by whatever it writes.
    fn is_from_person(&self) -> Result<bool, Missing> {
        let mail = self.arrived.mail;
        let format = lookup::format_of(self.decider, &self.from.address)?;
        let has_gateway = trust::is_bridge(mail) && self.sender.doubt.is_none();
        Ok(!format.features().presence && !has_gateway)
    }

    pub(crate) fn grown(&self, thread: Option<&Thread>) -> Thread {
        let mail = self.arrived.mail;
        let ancestors: Vec<_> = mail
            .references
            .iter()
            .chain(&mail.in_reply_to)
            .cloned()
            .collect();
        let joining = JoiningMessage {
            id: &mail.message_id,
            ancestors: &ancestors,
            subject: mail.base_subject.as_deref(),
            at: self.decider.now,
        };
        thread::grown(thread, joining)
    }
}
