//! Which message one is: a new one, or one that was accepted before.

use crate::core::context::{Context, Missing};
use crate::core::decide::decider::Decider;
use crate::core::decide::outbound::outgoing::{MessageStanza, OutgoingAddresses};
use crate::core::from_stanza::Stanza;
use crate::core::id::{Correspondents, MessageId, StanzaId, content_digest};
use crate::core::limits::{RESENT_WITHIN, SAME_NAMES_MAX};
use crate::core::record::{self, Direction};
use crate::core::time::Timestamp;

/// A message that can be mailed.
pub(crate) struct MailableMessage<'a> {
    pub source: MessageStanza<'a>,
    /// What its mail says.
    pub body: &'a str,
    /// By which it is recognized when it comes again.
    pub digest: String,
}

/// The name of a message: its origin-id, else its id, else one that is made up.
pub(crate) fn name(
    MessageStanza { stanza, message }: MessageStanza<'_>,
    digest: &str,
    now: Timestamp,
) -> StanzaId {
    let named = message.origin_id.clone().or_else(|| stanza.id.clone());
    named.unwrap_or_else(|| made_up_id(stanza, digest, now))
}

pub(crate) enum Identity<'a> {
    New(MessageId),
    Repeated(&'a record::Message),
}

/// The kind of the first message of an id.
const FIRST: &str = "message";

/// A message by its id, its sender and its recipient.
pub(crate) struct Named<'a> {
    decider: Decider<'a>,
    outgoing: &'a OutgoingAddresses,
    /// The name of the message.
    pub stanza_id: StanzaId,
    /// The id is an origin-id, which a client never gives twice (XEP-0359 §4).
    is_unique: bool,
    digest: &'a str,
}

impl<'n> Named<'n> {
    pub(crate) fn new(
        decider: Decider<'n>,
        outgoing: &'n OutgoingAddresses,
        mailable: &'n MailableMessage<'_>,
    ) -> Self {
        let (source, digest) = (mailable.source, &mailable.digest);
        Self {
            decider,
            outgoing,
            stanza_id: name(source, digest, decider.now),
            is_unique: source.message.origin_id.is_some(),
            digest,
        }
    }

    /// The same stanza retried is the same mail and is sent once. Some clients count their ids from 1 at every start: another
    /// text under a known id is another message, and its digest joins the identity; and so is the same text after
    /// [`RESENT_WITHIN`], when nobody sends a stanza again, and the time of the one before joins it. All of that is in the rows
    /// or in the stanza, so that after a crash it comes out the same.
    pub(crate) fn identity<'a>(&self, decider: Decider<'a>) -> Result<Identity<'a>, Missing> {
        let (user, contact) = (&self.outgoing.user, &self.outgoing.contact);
        let first = self.id(FIRST);
        let both = Context::all([true, false], |is_last| match is_last {
            true => decider.rows.stanza(user, contact, &self.stanza_id),
            false => decider.rows.message(&first, user),
        })?;
        let last = both.into_iter().next().flatten();
        let mut kind = match last.filter(|last| self.is_same(last)) {
            Some(last) if self.is_recent(last) => return Ok(Identity::Repeated(last)),
            Some(last) => self.after(last),
            None => FIRST.to_owned(),
        };
        for _ in 0..SAME_NAMES_MAX {
            let id = self.id(&kind);
            let Some(known) = decider.rows.message(&id, user)? else {
                return Ok(Identity::New(id));
            };
            if self.is_same(known) && self.is_recent(known) {
                return Ok(Identity::Repeated(known));
            }
            kind = match self.is_same(known) {
                true => self.after(known),
                false => self.digest.to_owned(),
            };
        }
        let now = self.decider.now.millis();
        Ok(Identity::New(
            self.id(&format!("{} now {now}", self.digest)),
        ))
    }

    fn id(&self, kind: &str) -> MessageId {
        let outgoing = self.outgoing;
        MessageId::derive(
            &self.decider.settings.id_key,
            Correspondents {
                from: &outgoing.user,
                to: outgoing.contact.key(),
                sender: &outgoing.sender,
            },
            self.stanza_id.as_str(),
            kind,
        )
    }

    fn is_same(&self, known: &record::Message) -> bool {
        known.direction == Direction::Out && known.digest == self.digest
    }

    fn is_recent(&self, known: &record::Message) -> bool {
        self.is_unique || self.decider.now.since(known.at) < RESENT_WITHIN
    }

    /// The kind of the message that comes after this one.
    fn after(&self, known: &record::Message) -> String {
        format!("{} after {}", self.digest, known.at.millis())
    }
}

/// A stanza without an id gets one: it cannot be told from a repetition, so the time is part of it.
fn made_up_id(stanza: &Stanza, digest: &str, now: Timestamp) -> StanzaId {
    let text = content_digest(&[stanza.from.as_str(), digest, &now.millis().to_string()]);
    StanzaId::parse(&text).unwrap_or_else(|| {
        StanzaId::derive(
            &MessageId::of_raw(text.as_bytes()),
            &stanza.from.to_bare(),
            "",
        )
    })
}
