//! A mail becomes one message for each local user that it is for. What another gateway put into it, and is believed, goes
//! its own way: see [`carry`].

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::carry::{self, Cargo};
use crate::core::decide::standing::Standing;
use crate::core::decide::{Decision, directory, peer, report, returned, subscription, thread};
use crate::core::from_mail::{self, Person};
use crate::core::id::{MessageId, StanzaId, ThreadId};
use crate::core::limits::{DELAY_SHOWN_AFTER, HOPS_MAX, LISTED_MAX};
use crate::core::notice;
use crate::core::parcel::{Other, Parcel, Party};
use crate::core::record::{self, Answerable, Contact, Direction, Format, Thread};
use crate::core::settings::{Bulk, Settings};
use crate::core::text::subject;
use crate::core::time::Timestamp;
use crate::core::to_stanza;
use jid::BareJid;
use std::collections::BTreeSet;

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

/// A mail as the mailbox gave it.
#[derive(Clone, Debug)]
pub struct Arrived<'a> {
    /// What it says.
    pub mail: &'a from_mail::Mail,
    /// Its size in the mailbox, in octets.
    pub octets: u64,
    /// Over the limit: only its header was read. The limit, in octets.
    pub over: Option<usize>,
    /// The mailbox is bound to this user: all in it is for them.
    pub bound: Option<&'a BareJid>,
    /// Who is shown no more for now.
    pub waits: Option<&'a BTreeSet<BareJid>>,
    /// The mailbox's own address: where an alias leads everyone's mail into it, `Delivered-To` says only that.
    pub own: Option<&'a MailAddress>,
}

impl Arrived<'_> {
    /// Those who are shown no more for now, and all others.
    fn parted(&self, users: Vec<BareJid>) -> (Vec<BareJid>, Vec<BareJid>) {
        let is_waiting = |user: &BareJid| self.waits.is_some_and(|waits| waits.contains(user));
        users.into_iter().partition(is_waiting)
    }
}

/// What the mailbox does with the mail afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is dealt with.
    Handled,
    /// It is not for anybody here, or not to be believed: it stays where it is, and is not looked at again.
    Left,
    /// Some of those whom it is for are shown no more for now: it comes again.
    Later,
}

/// Decides about a mail.
pub fn decide(
    settings: &Settings,
    context: &Context,
    arrived: &Arrived<'_>,
    now: Timestamp,
) -> Result<(Decision, Fate), Missing> {
    // Of a report it does not matter who sent it.
    match report::decide(settings, context, arrived, now)? {
        Some(decision) => Ok((decision, Fate::Handled)),
        None => from_sender(settings, context, arrived, now),
    }
}

/// Decides about a mail by who sent it.
fn from_sender(
    settings: &Settings,
    context: &Context,
    arrived: &Arrived<'_>,
    now: Timestamp,
) -> Result<(Decision, Fate), Missing> {
    let mail = arrived.mail;
    let left = |why: &str| {
        let note = format!("mail {} is left in the mailbox: {why}", mail.message_id);
        let mut decision = Decision::default();
        decision.notes.push(note);
        Ok((decision, Fate::Left))
    };
    let Some(from) = &mail.from else {
        return left("it has no sender that could be read");
    };
    if mail.hops > HOPS_MAX {
        return left("it has passed too many gateways (a loop?)");
    }
    if !settings.contacts.allows(&from.address) {
        return left("the configuration does not allow its sender");
    }
    let mut decision = Decision::default();
    let cargo = Cargo::of(settings, mail, now, &mut decision.notes);
    if !cargo.is_for_people(mail) {
        if let Some(presence) = cargo.presence() {
            let from = &from.address;
            carry::presence(settings, context, mail, from, presence, now, &mut decision)?;
        } else {
            let id = &mail.message_id;
            let note = format!("mail {id} is for machines only: not shown");
            decision.notes.push(note);
        }
        return Ok((decision, Fate::Handled));
    }
    let users = local_users(settings, context, arrived)?;
    if users.is_empty() {
        return left("none of its recipients is a local user");
    }
    let (waiting, users) = arrived.parted(users);
    let standing = Standing::of(settings, mail, now);
    let named = named_users(settings, context, mail)?.into_iter().collect();
    let addressed = addressed_users(settings, context, mail)?;
    let addressed = addressed.into_iter().collect();
    Context::all(&users, |user| {
        let delivery = Delivery {
            settings,
            context,
            arrived,
            from,
            user,
            named: &named,
            addressed: &addressed,
            standing,
            cargo: &cargo,
            now,
        };
        delivery.for_user(&mut decision)
    })?;
    let is_new = |write: &Write| matches!(write, Write::Seen(..));
    if decision.writes.iter().any(is_new) && peer::is_believed(settings, mail, now) {
        peer::learn(settings, context, mail, &from.address, now, &mut decision)?;
    }
    let tell = |user| tell_of_wait(settings, context, user, now, &mut decision);
    Context::all(&waiting, tell)?;
    Ok((decision, standing.fate_with(&waiting)))
}

/// Tells a user, once a day, that mails wait.
fn tell_of_wait(
    settings: &Settings,
    context: &Context,
    user: &BareJid,
    now: Timestamp,
    decision: &mut Decision,
) -> Result<(), Missing> {
    let day = now.millis().div_euclid(DAY_MILLIS);
    let key = MessageId::of_raw(format!("mails wait on day {day}").as_bytes());
    if context.seen(user, &key)?.is_none() {
        let (gateway, id) = (settings.gateway.as_str(), StanzaId::derive(&key, user, ""));
        let allowed = &settings.allowance;
        let body = notice::mails_wait(allowed.shown_per_minute, allowed.shown_per_minute_from_one);
        let notice = to_stanza::notice(gateway, user.as_str(), id.as_str(), &body);
        decision.stanzas.push(notice);
        decision.writes.push(Write::Seen(user.clone(), key, now));
    }
    Ok(())
}

/// Tells whom a mail is for that it could not be shown, once: [`decide`] failed on it by a defect. As little as possible of
/// it is looked at.
pub fn not_shown(
    settings: &Settings,
    context: &Context,
    arrived: &Arrived<'_>,
    now: Timestamp,
) -> Result<Decision, Missing> {
    let mut decision = Decision::nothing();
    let mail = arrived.mail;
    let from = mail.from.as_ref().map(|person| &person.address);
    let is_denied = from.is_some_and(|from| !settings.contacts.allows(from));
    if is_denied || mail.about_machine || mail.message_id.is_machine() {
        return Ok(decision);
    }
    let body = notice::not_shown(from.map(MailAddress::for_people).as_deref());
    let key = MessageId::of_raw(format!("not shown {}", mail.message_id).as_bytes());
    let users = local_users(settings, context, arrived)?;
    let told = Context::all(users, |user| {
        let is_told = context.seen(&user, &key)?.is_some();
        Ok((user, is_told))
    })?;
    for (user, _) in told.into_iter().filter(|(_, is_told)| !is_told) {
        let (gateway, id) = (settings.gateway.as_str(), StanzaId::derive(&key, &user, ""));
        let told = to_stanza::notice(gateway, user.as_str(), id.as_str(), &body);
        decision.stanzas.push(told);
        decision.writes.push(Write::Seen(user, key.clone(), now));
    }
    Ok(decision)
}

/// Who a mail is for: the user of a bound mailbox; else the envelope recipients; else whom the header names.
pub(super) fn local_users(
    settings: &Settings,
    context: &Context,
    arrived: &Arrived<'_>,
) -> Result<Vec<BareJid>, Missing> {
    if let Some(user) = arrived.bound {
        return Ok(vec![user.clone()]);
    }
    let mail = arrived.mail;
    for recipients in &mail.envelope_to {
        let recipients = recipients
            .iter()
            .filter(|address| Some(*address) != arrived.own);
        let users = users_of(settings, context, recipients)?;
        if !users.is_empty() {
            return Ok(users);
        }
    }
    named_users(settings, context, mail)
}

/// Whom the mail is to. A gateway writes presence and subscriptions to nobody else, and a `To` cannot be added to what is
/// signed, while a `Cc` often can (RFC 6376 §8.15).
pub(super) fn addressed_users(
    settings: &Settings,
    context: &Context,
    mail: &from_mail::Mail,
) -> Result<Vec<BareJid>, Missing> {
    let named = mail.to.iter().map(|person| &person.address);
    users_of(settings, context, named)
}

/// Whom the header names.
fn named_users(
    settings: &Settings,
    context: &Context,
    mail: &from_mail::Mail,
) -> Result<Vec<BareJid>, Missing> {
    let named = mail.to.iter().chain(&mail.cc);
    users_of(settings, context, named.map(|person| &person.address))
}

fn users_of<'a>(
    settings: &Settings,
    context: &Context,
    addresses: impl Iterator<Item = &'a MailAddress>,
) -> Result<Vec<BareJid>, Missing> {
    let users = Context::all(addresses, |address| {
        directory::user_of(settings, context, address)
    })?;
    let mut known = BTreeSet::new();
    let is_new = |user: &BareJid| known.insert(user.clone());
    Ok(users.into_iter().flatten().filter(is_new).collect())
}

/// One mail on its way to one user.
pub(super) struct Delivery<'a> {
    pub settings: &'a Settings,
    pub context: &'a Context,
    pub arrived: &'a Arrived<'a>,
    pub from: &'a Person,
    pub user: &'a BareJid,
    /// Our users whom the header names.
    named: &'a BTreeSet<BareJid>,
    /// Those of them in its `To`.
    pub addressed: &'a BTreeSet<BareJid>,
    standing: Standing,
    cargo: &'a Cargo,
    pub now: Timestamp,
}

impl Delivery<'_> {
    fn for_user(&self, decision: &mut Decision) -> Result<(), Missing> {
        let (settings, context, user) = (self.settings, self.context, self.user);
        let (mail, from) = (self.arrived.mail, self.from);
        let key = |standing: Standing| standing.key(&from.address, &mail.message_id);
        let (key, believed) = (key(self.standing), key(Standing::Believed));
        if context.seen(user, &believed)?.is_some() || context.seen(user, &key)?.is_some() {
            return Ok(());
        }
        decision
            .writes
            .push(Write::Seen(user.clone(), key, self.now));
        if let Some(why) = self.why_dropped(decision)? {
            let id = &mail.message_id;
            decision.notes.push(format!("mail {id} {why}: dropped"));
            return Ok(());
        }
        if let Standing::Held { has_failed } = self.standing {
            self.hold(has_failed, decision);
            return Ok(());
        }
        let known = context
            .contact(user, &from.address)?
            .cloned()
            .unwrap_or_default();
        match directory::shown_jid(settings, context, Some(&known), &from.address)? {
            Some(shown) if self.is_named() && self.cargo.is_taken() => {
                self.carry(self.cargo, &shown, &known, decision)
            }
            _ if self.cargo.says_nothing_to(mail, self.is_named()) => {
                let id = &mail.message_id;
                decision
                    .notes
                    .push(format!("mail {id} is for gateways only: not shown"));
                Ok(())
            }
            Some(shown) => self.decide(shown, &known, decision),
            None => {
                decision.stanzas.push(self.unanswerable());
                Ok(())
            }
        }
    }

    /// What ends a loop, or was asked for by the configuration.
    fn why_dropped(&self, decision: &mut Decision) -> Result<Option<&'static str>, Missing> {
        let (mail, user) = (self.arrived.mail, self.user);
        let known = self.context.message(&mail.message_id, user)?;
        let is_known = known.is_some_and(|message| message.direction == Direction::Out);
        if is_known || self.is_own()? {
            return Ok(Some("is its recipient's own and came back"));
        }
        if mail.bulk && self.settings.bulk == Bulk::Drop {
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
        let author = directory::user_of(self.settings, self.context, address)?;
        Ok(peer::is_bridge(self.arrived.mail) && author.as_ref() == Some(self.user))
    }

    /// A program that answers every mail, and does not say that it is one, answers every presence. A person who found one
    /// of these in a mailbox has something to say, but not the same each time.
    fn is_said_again(&self, decision: &mut Decision) -> Result<bool, Missing> {
        let mail = self.arrived.mail;
        if !mail.answers_machine || peer::is_bridge(mail) {
            return Ok(false);
        }
        // Neither what is quoted nor who is said to have written it.
        let is_own = |line: &&str| !line.starts_with('>') && !line.ends_with(':');
        let own = mail.text.lines().filter(is_own);
        let words: Vec<&str> = own.flat_map(str::split_whitespace).collect();
        let text = format!("answer {} {}", self.from.address.key(), words.join(" "));
        let key = MessageId::of_raw(text.as_bytes());
        let was_said = self.context.seen(self.user, &key)?.is_some();
        if !was_said {
            let seen = Write::Seen(self.user.clone(), key, self.now);
            decision.writes.push(seen);
        }
        Ok(was_said)
    }

    /// Stanzas are only for whom the mail names, which DKIM signs: a copy that somebody sends on to others is text.
    fn is_named(&self) -> bool {
        self.named.contains(self.user)
    }

    /// Tells the user of a mail that is not shown.
    fn hold(&self, has_failed: bool, decision: &mut Decision) {
        let sender = self.from.address.for_people();
        decision.notes.push(format!(
            "mail {} is held in the mailbox: its sender {}",
            self.arrived.mail.message_id,
            if has_failed {
                "failed authentication"
            } else {
                "is not verified"
            }
        ));
        let body = notice::held(&sender, has_failed);
        decision.stanzas.push(self.notice(&body));
    }

    /// A mail whose sender's address cannot be a JID is shown by the gateway itself.
    fn unanswerable(&self) -> minidom::Element {
        let introduction = notice::unshowable_sender(&self.from.address.for_people());
        let text = text(self.arrived, self.arrived.mail.subject.as_deref());
        self.notice(&self.standing.marked(format!("{introduction}\n{text}")))
    }

    /// A message of the gateway itself.
    fn notice(&self, body: &str) -> minidom::Element {
        let (gateway, user) = (self.settings.gateway.as_str(), self.user.as_str());
        to_stanza::notice(gateway, user, self.stanza_id().as_str(), body)
    }

    pub fn stanza_id(&self) -> StanzaId {
        let id = &self.arrived.mail.message_id;
        StanzaId::derive(id, self.user, self.standing.kind())
    }

    /// Hands the mail over as a message of the contact `shown`, with all that follows from it.
    fn decide(
        &self,
        shown: BareJid,
        known: &Contact,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let (user, mail, contact) = (self.user, self.arrived.mail, &self.from.address);
        let id = thread::of_mail(self.context, user, contact, known.thread.as_ref(), mail)?;
        let thread = self.context.thread(user, contact, &id)?;
        let mut next = Contact {
            jid: Some(shown.clone()),
            thread: Some(id.clone()),
            ..known.clone()
        };
        let counts = matches!(self.standing, Standing::Believed | Standing::Unasked);
        if counts && self.is_from_person()? {
            let (stanzas, pair) = subscription::answered_by_mail(
                self.context,
                user,
                &shown,
                contact,
                &mut next,
                mail,
                self.now,
            )?;
            decision.stanzas.extend(stanzas);
            decision.writes.extend(pair);
        }
        // News of a list change no conversation.
        if !mail.bulk && next != *known {
            decision
                .writes
                .push(Write::Contact(user.clone(), contact.clone(), next));
        }
        let others = others(self.settings, self.context, mail, self.from, user)?;
        let parcel = self.parcel(shown, id.clone(), thread, &others);
        let grown = self.grown(thread);
        decision
            .writes
            .push(Write::Thread(user.clone(), contact.clone(), id, grown));
        let row = message_row(&parcel, mail, others, self.now);
        let answerable = self.answerable();
        self.remember(record::Message { answerable, ..row }, decision)?;
        decision.stanzas.push(to_stanza::message(&parcel));
        Ok(())
    }

    /// A Message-ID stays with the contact who used it first.
    pub fn remember(&self, row: record::Message, decision: &mut Decision) -> Result<(), Missing> {
        let known = self.context.message(&row.message_id, self.user)?;
        if known.is_none_or(|known| known.contact == row.contact) {
            decision.writes.push(Write::Message(row));
        }
        Ok(())
    }

    /// Who is told if the XMPP side gives the message back: see [`returned`].
    pub fn answerable(&self) -> Option<Box<Answerable>> {
        let mail = self.arrived.mail;
        returned::answerable(self.settings, mail, self.from, self.now).map(Box::new)
    }

    /// A contact with a gateway of its own answers requests by that, not by whatever it writes.
    fn is_from_person(&self) -> Result<bool, Missing> {
        let mail = self.arrived.mail;
        let format = peer::format_of(self.settings, self.context, &self.from.address)?;
        let has_gateway = peer::is_bridge(mail) && peer::is_believed(self.settings, mail, self.now);
        Ok(format == Format::Mail && !has_gateway)
    }

    fn parcel(
        &self,
        shown: BareJid,
        thread_id: ThreadId,
        thread: Option<&Thread>,
        others: &[(Other, MailAddress)],
    ) -> Parcel {
        let mail = self.arrived.mail;
        let subject = shown_subject(mail, thread);
        let is_old = |date: &Timestamp| self.now.since(*date) > DELAY_SHOWN_AFTER;
        Parcel {
            from: Party {
                jid: shown,
                mail: self.from.address.clone(),
                name: self.from.name.clone(),
            },
            to: self.user.clone(),
            stanza_id: self.stanza_id(),
            thread: thread_id,
            text: self.standing.marked(text(self.arrived, subject.as_deref())),
            subject,
            delayed: mail.date.filter(is_old),
            bulk: mail.bulk,
            others: others.iter().map(|(other, _)| other.clone()).collect(),
        }
    }

    pub fn grown(&self, thread: Option<&Thread>) -> Thread {
        let mail = self.arrived.mail;
        let ancestors: Vec<_> = mail
            .references
            .iter()
            .chain(&mail.in_reply_to)
            .cloned()
            .collect();
        thread::grown(
            thread,
            &ancestors,
            &mail.message_id,
            mail.base_subject.as_deref(),
            self.now,
        )
    }
}

fn message_row(
    parcel: &Parcel,
    mail: &from_mail::Mail,
    others: Vec<(Other, MailAddress)>,
    now: Timestamp,
) -> record::Message {
    record::Message {
        message_id: mail.message_id.clone(),
        stanza_id: parcel.stanza_id.clone(),
        user: parcel.to.clone(),
        resource: None,
        contact: parcel.from.mail.clone(),
        thread: parcel.thread.clone(),
        direction: Direction::In,
        at: now,
        digest: String::new(),
        others: others.into_iter().map(|(_, address)| address).collect(),
        sent: record::Sent::default(),
        answerable: None,
    }
}

/// A subject is shown where it opens a thread or changes one.
fn shown_subject(mail: &from_mail::Mail, thread: Option<&Thread>) -> Option<String> {
    let base = mail
        .base_subject
        .as_deref()
        .filter(|base| !base.is_empty())?;
    let known = thread
        .and_then(|thread| thread.subject.as_deref())
        .map(subject::base);
    (known != Some(base)).then(|| base.to_owned())
}

/// What the user reads: the subject in bold where it is shown, the text, and what else the mail holds.
fn text(arrived: &Arrived<'_>, subject: Option<&str>) -> String {
    let mail = arrived.mail;
    let mut blocks: Vec<String> = Vec::new();
    // XEP-0393 §6.2.2: a span ends at its own mark, so the subject may hold none.
    blocks.extend(subject.map(|subject| format!("*{}*", subject.replace('*', "·"))));
    match arrived.over {
        Some(max) => blocks.push(notice::too_large(arrived.octets, max)),
        None => {
            blocks.extend((!mail.text.is_empty()).then(|| mail.text.clone()));
            blocks.extend(mail.text_cut.then(|| notice::cut(arrived.octets)));
            let listed = mail
                .attachments
                .iter()
                .take(LISTED_MAX)
                .map(from_mail::attachment_line);
            let lines: Vec<String> = listed.collect();
            blocks.extend((!lines.is_empty()).then(|| lines.join("\n")));
        }
    }
    if blocks.is_empty() || (blocks.len() == 1 && subject.is_some()) {
        blocks.push(notice::EMPTY_MAIL.to_owned());
    }
    blocks.join("\n")
}

/// Everyone else whom the header names, as JIDs and as addresses.
pub(super) fn others(
    settings: &Settings,
    context: &Context,
    mail: &from_mail::Mail,
    from: &Person,
    user: &BareJid,
) -> Result<Vec<(Other, MailAddress)>, Missing> {
    let to = mail.to.iter().map(|person| ("to", person));
    let cc = mail.cc.iter().map(|person| ("cc", person));
    let others = Context::all(to.chain(cc).take(LISTED_MAX), |(role, person)| {
        let local = directory::user_of(settings, context, &person.address)?;
        if local.as_ref() == Some(user) || person.address == from.address {
            return Ok(None);
        }
        let known = context.contact(user, &person.address)?;
        let shown = match local {
            Some(local) => Some(local),
            None => directory::shown_jid(settings, context, known, &person.address)?,
        };
        let other = |jid| Other {
            role,
            jid,
            name: person.name.clone(),
        };
        Ok(shown.map(|jid| (other(jid), person.address.clone())))
    })?;
    let mut known = BTreeSet::new();
    let is_new = |other: &(Other, MailAddress)| known.insert(other.1.clone());
    Ok(others.into_iter().flatten().filter(is_new).collect())
}
