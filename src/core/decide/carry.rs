//! Stanzas that a mail carries from another gateway: what of them is taken, and what becomes of each.

use crate::core::address::MailAddress;
use crate::core::carried::{self, Carried, CarriedPresence, PresenceKind};
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::handshake::Received;
use crate::core::decide::incoming::{Delivery, addressed_users, others};
use crate::core::decide::{Decision, directory, peer, presence, thread};
use crate::core::from_mail;
use crate::core::id::{MessageId, StanzaId, ThreadId, content_digest};
use crate::core::limits::DELAY_SHOWN_AFTER;
use crate::core::record::{self, Contact, Direction};
use crate::core::settings::Settings;
use crate::core::subscription::Verb;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::to_stanza;
use crate::core::xml::REPLY;
use jid::BareJid;
use minidom::Element;
use rxml::{Namespace, xml_ncname};
use xmpp_parsers::ns;

/// What a mail carries, after its sender was looked at.
#[derive(Debug)]
pub(super) enum Cargo {
    /// Nothing, or nothing that can be read: the mail is its text.
    None,
    /// Stanzas of a sender who is not believed.
    Refused(Vec<Carried>),
    /// Stanzas of the address in `From`.
    Taken(Vec<Carried>),
}

impl Cargo {
    pub fn of(
        settings: &Settings,
        mail: &from_mail::Mail,
        now: Timestamp,
        notes: &mut Vec<String>,
    ) -> Self {
        let id = &mail.message_id;
        if let Some(why) = &mail.carried_problem {
            notes.push(format!("the stanza in mail {id} cannot be read: {why}"));
        }
        let Some(root) = &mail.carried else {
            return Self::None;
        };
        match carried::read(root) {
            Err(why) => {
                notes.push(format!("the stanza in mail {id} is not taken: {why}"));
                Self::None
            }
            Ok(stanzas) => match peer::doubt(settings, mail, now) {
                None => Self::Taken(stanzas),
                Some(why) => {
                    notes.push(format!("the stanza in mail {id} is not believed: {why}"));
                    Self::Refused(stanzas)
                }
            },
        }
    }

    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Taken(_))
    }

    /// Whether there is something for a person in the mail: not in a presence, nor in what machines say about one; and of
    /// what is not believed only in what a person wrote, and in a request that did not come through a list.
    pub fn is_for_people(&self, mail: &from_mail::Mail) -> bool {
        match self {
            Self::None => !mail.about_machine,
            Self::Refused(stanzas) => {
                mail.automatic.is_none() || (!mail.bulk && stanzas.iter().any(is_request))
            }
            Self::Taken(stanzas) => !stanzas.iter().all(|one| announced(one).is_some()),
        }
    }

    /// Whether the text of a mail that a gateway wrote by itself says nothing to `user`: to whom it is not addressed it says
    /// nothing at all, and to others, who cannot answer it, only a request does.
    pub fn says_nothing_to(&self, mail: &from_mail::Mail, is_addressed: bool) -> bool {
        match self {
            Self::Taken(stanzas) => {
                mail.automatic.is_some() && (!is_addressed || !stanzas.iter().any(is_request))
            }
            _ => false,
        }
    }

    /// The presence in a mail that is not for people, if it is believed: the last one is the newest.
    pub fn presence(&self) -> Option<&CarriedPresence> {
        match self {
            Self::Taken(stanzas) => stanzas.iter().filter_map(announced).next_back(),
            _ => None,
        }
    }
}

/// What a contact's gateway said of its presence goes to all whom the mail is to, whichever of them this copy was for.
pub(super) fn presence(
    settings: &Settings,
    context: &Context,
    mail: &from_mail::Mail,
    from: &MailAddress,
    carried: &CarriedPresence,
    now: Timestamp,
    decision: &mut Decision,
) -> Result<(), Missing> {
    // Mail servers that keep one copy for each recipient in one mailbox make hundreds of them.
    let gateway = BareJid::from_parts(None, &settings.gateway);
    let key = MessageId::of_raw(format!("presence {} {}", from.key(), mail.message_id).as_bytes());
    if context.seen(&gateway, &key)?.is_some() {
        return Ok(());
    }
    decision.writes.push(Write::Seen(gateway, key, now));
    peer::learn(settings, context, mail, from, now, decision)?;
    let users = addressed_users(settings, context, mail)?;
    let relations = Context::all(users, |user| {
        let Some(known) = context.contact(&user, from)? else {
            return Ok(None);
        };
        let shown = directory::shown_jid(settings, context, Some(known), from)?;
        Ok(Some((user, known, shown)))
    })?;
    for (user, known, shown) in relations.into_iter().flatten() {
        let mut next = known.clone();
        let was_there = known
            .heard
            .as_ref()
            .is_some_and(|heard| heard.state.is_some());
        if let Err(why) = presence::heard(&mut next, carried, now) {
            let who = clean::shorten_addresses(&from.to_string());
            decision
                .notes
                .push(format!("a presence of {who} is ignored: {why}"));
            continue;
        }
        let is_there = next
            .heard
            .as_ref()
            .is_some_and(|heard| heard.state.is_some());
        let is_seen = next.subscription.has_to() && (is_there || was_there);
        if let Some(shown) = shown.filter(|_| is_seen) {
            decision
                .stanzas
                .push(presence::as_heard(&shown, &user, &next, carried));
        }
        decision
            .writes
            .push(Write::Contact(user, from.clone(), next));
    }
    Ok(())
}

/// A presence that is no subscription stanza.
fn announced(one: &Carried) -> Option<&CarriedPresence> {
    match one {
        Carried::Presence(presence) if verb(presence).is_none() => Some(presence),
        _ => None,
    }
}

fn is_request(one: &Carried) -> bool {
    matches!(one, Carried::Presence(presence) if presence.kind == PresenceKind::Subscribe)
}

fn is_answer(one: &Carried) -> bool {
    matches!(one, Carried::Presence(presence) if presence.kind == PresenceKind::Subscribed)
}

fn verb(presence: &CarriedPresence) -> Option<Verb> {
    match presence.kind {
        PresenceKind::Subscribe => Some(Verb::Subscribe),
        PresenceKind::Subscribed => Some(Verb::Subscribed),
        PresenceKind::Unsubscribe => Some(Verb::Unsubscribe),
        PresenceKind::Unsubscribed => Some(Verb::Unsubscribed),
        PresenceKind::Available(_) | PresenceKind::Unavailable { .. } => None,
    }
}

impl Delivery<'_> {
    /// Hands the stanzas of a mail over as the contact's own.
    pub fn carry(
        &self,
        cargo: &Cargo,
        shown: &BareJid,
        known: &Contact,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let Cargo::Taken(stanzas) = cargo else {
            return Ok(());
        };
        let mut next = Contact {
            jid: Some(shown.clone()),
            ..known.clone()
        };
        let has_answer = stanzas.iter().any(is_answer);
        let is_addressed = self.addressed.contains(self.user);
        for stanza in stanzas {
            match stanza {
                Carried::Message(message) => self.message(message, shown, &mut next, decision)?,
                Carried::Presence(presence) => {
                    if let Some(verb) = verb(presence).filter(|_| is_addressed) {
                        self.received(shown, has_answer)
                            .decide(presence, verb, &mut next, decision)?;
                    }
                }
            }
        }
        if next != *known {
            let (user, contact) = (self.user.clone(), self.from.address.clone());
            decision.writes.push(Write::Contact(user, contact, next));
        }
        Ok(())
    }

    fn received<'a>(&'a self, shown: &'a BareJid, has_answer: bool) -> Received<'a> {
        Received {
            settings: self.settings,
            context: self.context,
            user: self.user,
            contact: &self.from.address,
            name: self.from.name.as_deref(),
            shown,
            has_answer,
            now: self.now,
        }
    }

    /// The message arrives as it left. One with a body joins its thread; one without is only passed on.
    fn message(
        &self,
        message: &carried::Message,
        shown: &BareJid,
        next: &mut Contact,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let (user, contact) = (self.user, &self.from.address);
        let id = message.id.clone().unwrap_or_else(|| self.stanza_id());
        let delayed = self.arrived.mail.date;
        let delayed = delayed.filter(|date| self.now.since(*date) > DELAY_SHOWN_AFTER);
        let mut element = to_stanza::carried(shown, user, &id, message, delayed, self.now);
        self.name_answered(&mut element, shown)?;
        if self.is_repeated(message, decision)? {
            let note = format!(
                "mail {} says again what was said: dropped",
                self.arrived.mail.message_id
            );
            decision.notes.push(note);
            return Ok(());
        }
        if content(message, "body").is_none() {
            decision.stanzas.push(element);
            return Ok(());
        }
        // Both count their messages from 1: the user's own keeps its place.
        let row = self.context.stanza(user, contact, &id)?;
        let is_own = row.is_some_and(|row| row.direction == Direction::Out);
        let row_id = if is_own { self.stanza_id() } else { id };
        let mail = self.arrived.mail;
        let others = others(self.settings, self.context, mail, self.from, user)?;
        let (shown_others, others): (Vec<_>, Vec<_>) = others.into_iter().unzip();
        if let Some(addresses) = to_stanza::addresses(&shown_others) {
            element.append_child(addresses);
        }
        decision.stanzas.push(element);
        let named = content(message, "thread").and_then(|id| ThreadId::parse(&id));
        let thread_id = match named {
            Some(id) => id,
            None => {
                let last = next.thread.as_ref();
                thread::of_mail(self.context, user, contact, last, mail)?
            }
        };
        let grown = self.grown(self.context.thread(user, contact, &thread_id)?);
        next.thread = Some(thread_id.clone());
        let (writes, names) = (&mut decision.writes, (user.clone(), contact.clone()));
        writes.push(Write::Thread(names.0, names.1, thread_id.clone(), grown));
        self.remember(self.row(row_id, thread_id, others), decision)
    }

    /// The same mail under another Message-ID, as somebody would send it again who has got hold of it: it is known by what
    /// it says and by its date, which every signature covers. The id of the stanza says nothing, since there are clients
    /// that count from 1 at each start.
    fn is_repeated(
        &self,
        message: &carried::Message,
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
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        let key = MessageId::of_raw(content_digest(&said).as_bytes());
        let is_known = self.context.seen(self.user, &key)?.is_some();
        if !is_known {
            let seen = Write::Seen(self.user.clone(), key, self.now);
            decision.writes.push(seen);
        }
        Ok(is_known)
    }

    fn row(
        &self,
        stanza_id: StanzaId,
        thread: ThreadId,
        others: Vec<MailAddress>,
    ) -> record::Message {
        record::Message {
            message_id: self.arrived.mail.message_id.clone(),
            stanza_id,
            user: self.user.clone(),
            resource: None,
            contact: self.from.address.clone(),
            thread,
            direction: Direction::In,
            at: self.now,
            digest: String::new(),
            others,
            sent: record::Sent::default(),
            answerable: self.answerable(),
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
        let answered = self.context.stanza(self.user, &self.from.address, &id)?;
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
fn content(message: &carried::Message, name: &str) -> Option<String> {
    let is_it = |payload: &&Element| payload.is(name, ns::COMPONENT);
    let texts = message.payloads.iter().filter(is_it).map(Element::text);
    texts.into_iter().find(|text| !text.trim().is_empty())
}
