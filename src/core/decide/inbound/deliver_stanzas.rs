//! Stanzas that a mail carries, and are taken: what becomes of each.

use crate::core::carried::{self, Carried, PresenceKind};
use crate::core::context::{Missing, Write};
use crate::core::decide::decision::Decision;
use crate::core::decide::inbound::embedded_stanzas::{EmbeddedStanzas, verb};
use crate::core::decide::inbound::message::Delivery;
use crate::core::decide::inbound::other_recipients::others;
use crate::core::decide::names;
use crate::core::decide::roster::subscription_exchange::ReceivedSubscription;
use crate::core::decide::strangers::KnownSender;
use crate::core::decide::thread;
use crate::core::id::{MessageId, StanzaId, ThreadId, content_digest};
use crate::core::limits::DELAY_SHOWN_AFTER;
use crate::core::record::{self, Contact, Direction};
use crate::core::time::Timestamp;
use crate::core::xml::{self, REPLY};
use crate::core::{name, to_stanza};
use jid::BareJid;
use minidom::Element;
use rxml::{Namespace, xml_ncname};
use std::collections::BTreeSet;
use xmpp_parsers::ns;

fn is_answer(one: &Carried) -> bool {
    matches!(one, Carried::Presence(presence) if presence.kind == PresenceKind::Subscribed)
}

/// A message among the stanzas of a mail.
struct Placed<'a> {
    message: &'a carried::CarriedMessage,
    /// Which of them it is, from 0.
    place: usize,
    id: StanzaId,
}

impl Delivery<'_> {
    /// Hands the stanzas of a mail over as the contact's own.
    pub(crate) fn hand_over(
        &self,
        sender: KnownSender<'_>,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let EmbeddedStanzas::Taken(stanzas) = self.embedded else {
            return Ok(());
        };
        let KnownSender { shown, known, .. } = sender;
        let mut next = Contact {
            jid: Some(shown.clone()),
            ..known.clone()
        };
        let has_answer = stanzas.iter().any(is_answer);
        let is_addressed = self.addressed.contains(self.user);
        let mut ids = BTreeSet::new();
        for (place, stanza) in stanzas.iter().enumerate() {
            match stanza {
                Carried::Message(message) => {
                    let id = message.id.clone().filter(|id| ids.insert(id.clone()));
                    let id = id.unwrap_or_else(|| self.id_of(place));
                    let message = Placed { message, place, id };
                    if self.pass_on(&message, shown, decision)? {
                        self.join(message, &mut next, decision)?;
                    }
                }
                Carried::Presence(presence) => {
                    if let Some(verb) = verb(presence).filter(|_| is_addressed) {
                        let received = ReceivedSubscription {
                            decider: self.decider,
                            presence,
                            verb,
                            user: self.user,
                            contact: &self.from.address,
                            name: self.from.name.as_deref(),
                            shown,
                            has_answer,
                        };
                        received.decide(&mut next, decision)?;
                    }
                }
            }
        }
        let next = self.pictured(next, decision);
        let (next, ask) = self.named(shown, next);
        self.tell_profile(shown, (known, &next), decision)?;
        let write = names::write(self.user, &self.from.address, known, next);
        decision.writes.extend(write);
        decision.stanzas.extend(ask);
        Ok(())
    }

    /// The message arrives as it left. Whether it joins its thread: one without a body is only passed on, and one that was said
    /// before not even that.
    fn pass_on(
        &self,
        placed: &Placed<'_>,
        shown: &BareJid,
        decision: &mut Decision,
    ) -> Result<bool, Missing> {
        let (mail, message, now) = (self.arrived.mail, placed.message, self.decider.now);
        let delayed = mail.date;
        let delayed = delayed.filter(|date| now.since(*date) > DELAY_SHOWN_AFTER);
        let mut element = to_stanza::carried((shown, self.user), &placed.id, message, delayed, now);
        self.name_answered(&mut element, shown)?;
        self.name_author(&mut element);
        if self.is_repeated(message, placed.place, decision)? {
            let note = format!("mail {} says again what was said: dropped", mail.message_id);
            decision.notes.push(note);
            return Ok(false);
        }
        let has_body = content(message, "body").is_some();
        if has_body {
            let others = others(self.decider, mail, self.from, self.user)?;
            let others: Vec<_> = others.into_iter().map(|(other, _)| other).collect();
            to_stanza::add_addresses(&mut element, &others);
        }
        decision.stanzas.push(element);
        Ok(has_body)
    }

    /// The message becomes part of its thread.
    fn join(
        &self,
        placed: Placed<'_>,
        next: &mut Contact,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let (user, contact) = (self.user, &self.from.address);
        let Placed { message, place, id } = placed;
        // Both count their messages from 1: the user's own keeps its place.
        let row = self.decider.rows.stanza(user, contact, &id)?;
        let is_own = row.is_some_and(|row| row.direction == Direction::Out);
        let row_id = if is_own { self.id_of(place) } else { id };
        let named = content(message, "thread").and_then(|id| ThreadId::parse(&id));
        let thread_id = match named {
            Some(id) => id,
            None => thread::of_mail(self.decider, (user, contact, next), self.arrived.mail)?,
        };
        let grown = self.grown(self.decider.rows.thread(user, contact, &thread_id)?);
        next.thread = Some(thread_id.clone());
        let (writes, names) = (&mut decision.writes, (user.clone(), contact.clone()));
        writes.push(Write::Thread(names.0, names.1, thread_id.clone(), grown));
        self.remember(self.row(row_id, thread_id), decision)
    }

    /// The same mail under another Message-ID, as somebody would send it again who has got hold of it: it is known by what
    /// it says and by its date, which every signature covers. The id of the stanza says nothing, since there are clients
    /// that count from 1 at each start. Two in one mail are two.
    fn is_repeated(
        &self,
        message: &carried::CarriedMessage,
        place: usize,
        decision: &mut Decision,
    ) -> Result<bool, Missing> {
        let date = self
            .arrived
            .mail
            .date
            .map_or(0, Timestamp::millis)
            .to_string();
        let mut said = vec![self.from.address.key().to_owned(), date];
        said.extend(message.id.as_ref().map(ToString::to_string));
        said.extend(message.payloads.iter().map(String::from));
        said.extend((place > 0).then(|| format!("place {place}")));
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        let key = MessageId::of_raw(content_digest(&said).as_bytes());
        let is_known = self.decider.rows.seen(self.user, &key)?.is_some();
        if !is_known {
            let seen = Write::Seen(self.user.clone(), key, self.decider.now);
            decision.writes.push(seen);
        }
        Ok(is_known)
    }

    /// The others are for clients, and not in the text: they are not answered by a word in it.
    fn row(&self, stanza_id: StanzaId, thread: ThreadId) -> record::Message {
        record::Message {
            message_id: self.arrived.mail.message_id.clone(),
            stanza_id,
            user: self.user.clone(),
            resource: None,
            contact: self.from.address.clone(),
            thread,
            direction: Direction::In,
            at: self.decider.now,
            digest: String::new(),
            others: Vec::new(),
            sent: record::Sent::default(),
            answerable: self.answerable(),
            within: None,
        }
    }

    /// The id of a stanza that has none of its own: another one for each in a mail.
    fn id_of(&self, place: usize) -> StanzaId {
        match place {
            0 => self.stanza_id(),
            place => StanzaId::derive(
                &self.arrived.mail.message_id,
                self.user,
                &format!("{place}"),
            ),
        }
    }

    /// XEP-0172: the name that the author goes by, where it is not somebody else's address.
    fn name_author(&self, stanza: &mut Element) {
        let mut names = Vec::new();
        while let Some(nick) = stanza.remove_child("nick", ns::NICK) {
            names.extend(name::shown(&nick.text(), &self.from.address));
        }
        if let Some(name) = names.first() {
            stanza.append_child(xml::text("nick", ns::NICK, name));
        }
    }

    /// XEP-0461 §3: whose message is answered. Carried were no addresses, and both are known here.
    fn name_answered(&self, stanza: &mut Element, shown: &BareJid) -> Result<(), Missing> {
        let Some(reply) = stanza.get_child_mut("reply", REPLY) else {
            return Ok(());
        };
        let Some(id) = reply.attr("id").and_then(StanzaId::parse) else {
            return Ok(());
        };
        let answered = self
            .decider
            .rows
            .stanza(self.user, &self.from.address, &id)?;
        let author = match answered.map(|row| row.direction) {
            Some(Direction::Out) => self.user,
            Some(Direction::In) => shown,
            None => return Ok(()),
        };
        reply.set_attr(
            Namespace::NONE,
            xml_ncname!("to").to_ncname(),
            author.as_str(),
        );
        Ok(())
    }
}

/// The text of the first child of this name that is not empty.
fn content(message: &carried::CarriedMessage, name: &str) -> Option<String> {
    let is_it = |payload: &&Element| payload.is(name, ns::COMPONENT);
    let texts = message.payloads.iter().filter(is_it).map(Element::text);
    texts.into_iter().find(|text| !text.trim().is_empty())
}
