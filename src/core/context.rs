//! The rows that a decision needs, and the rows that it changes.
//!
//! A decision asks a [`Context`] for rows. Rows that were not loaded yet end the decision with [`Missing`]; the shell
//! loads them and asks again. So a decision stays a pure function, needs no list of its needs beside it, and never sees
//! half of the truth. What one event of a batch writes, the next one reads: [`Context::apply`].

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::id::{MessageId, StanzaId, ThreadId};
use crate::core::record::{Announced, Contact, Cursor, Message, Pair, Peer, Thread};
use crate::core::time::Timestamp;
use jid::BareJid;
use std::collections::BTreeMap;

/// The name of one row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The pair of a JID.
    PairOf(BareJid),
    /// The pair of a mail address.
    HolderOf(MailAddress),
    /// What is between a local user and a contact.
    Contact(BareJid, MailAddress),
    /// A thread between a local user and a contact.
    Thread(BareJid, MailAddress, ThreadId),
    /// A message by its mail name, for one local user (one mail may go to several).
    Message(MessageId, BareJid),
    /// A message by its XMPP name: a stanza id between a local user and a contact.
    Stanza(BareJid, MailAddress, StanzaId),
    /// When a mail was handled for a local user.
    Seen(BareJid, MessageId),
    /// The format of an address or a domain.
    Peer(AddressPattern),
}

/// What a row holds. The variant belongs to the [`Need`] that it was loaded for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// For [`Need::PairOf`] and [`Need::HolderOf`].
    Pair(Pair),
    /// For [`Need::Contact`].
    Contact(Contact),
    /// For [`Need::Thread`].
    Thread(Thread),
    /// For [`Need::Message`] and [`Need::Stanza`].
    Message(Message),
    /// For [`Need::Seen`].
    Seen(Timestamp),
    /// For [`Need::Peer`].
    Peer(Peer),
}

/// One change of the store. The changes of one commit are made together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Saves a pair. Refused by the store if another pair holds its JID or its address.
    Pair(Pair),
    /// Forgets the pair of a JID.
    RemovePair(BareJid),
    /// What is between a local user and a contact.
    Contact(BareJid, MailAddress, Contact),
    /// Forgets what is between a local user and a contact.
    RemoveContact(BareJid, MailAddress),
    /// A thread between a local user and a contact.
    Thread(BareJid, MailAddress, ThreadId, Thread),
    /// A message, under both of its names.
    Message(Message),
    /// A mail was handled for a local user.
    Seen(BareJid, MessageId, Timestamp),
    /// Up to where a mailbox was read.
    Cursor(String, Cursor),
    /// The format of an address or a domain.
    Peer(Peer),
    /// Forgets the format of an address or a domain.
    RemovePeer(AddressPattern),
    /// What the contacts of a local user were told of the user's presence.
    Announced(BareJid, Announced),
}

/// A decision asked for rows that were not loaded yet: at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub Vec<Need>);

/// The rows loaded so far, with the changes of the batch on top.
#[derive(Clone, Debug, Default)]
pub struct Context {
    rows: BTreeMap<Need, Option<Row>>,
}

impl Context {
    /// Nothing loaded.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for each of `items`, none of which depends on another. The rows that are missing are named together, so that
    /// a decision about a thousand recipients is not made anew for each of them.
    ///
    /// # Errors
    /// [`Missing`] where any row was not loaded yet.
    pub fn all<T, U>(
        items: impl IntoIterator<Item = T>,
        mut ask: impl FnMut(T) -> Result<U, Missing>,
    ) -> Result<Vec<U>, Missing> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for item in items {
            match ask(item) {
                Ok(answer) => found.push(answer),
                Err(Missing(needs)) => missing.extend(needs),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        missing.sort_unstable();
        missing.dedup();
        Err(Missing(missing))
    }

    /// Takes a row that the store was asked for; `None` where it has none. What a decision of this batch has written
    /// stays.
    pub fn insert(&mut self, need: Need, row: Option<Row>) {
        self.rows.entry(need).or_insert(row);
    }

    /// Makes the rows as they will be after `writes`.
    pub fn apply(&mut self, writes: &[Write]) {
        for write in writes {
            self.apply_one(write);
        }
    }

    fn apply_one(&mut self, write: &Write) {
        match write.clone() {
            Write::Pair(pair) => {
                self.rows.insert(
                    Need::PairOf(pair.jid.clone()),
                    Some(Row::Pair(pair.clone())),
                );
                self.rows
                    .insert(Need::HolderOf(pair.mail.clone()), Some(Row::Pair(pair)));
            }
            Write::RemovePair(jid) => {
                if let Some(Some(Row::Pair(pair))) = self.rows.insert(Need::PairOf(jid), None) {
                    self.rows.insert(Need::HolderOf(pair.mail), None);
                }
            }
            Write::Contact(user, contact, row) => {
                self.rows
                    .insert(Need::Contact(user, contact), Some(Row::Contact(row)));
            }
            Write::RemoveContact(user, contact) => {
                self.rows.insert(Need::Contact(user, contact), None);
            }
            Write::Thread(user, contact, id, row) => {
                self.rows
                    .insert(Need::Thread(user, contact, id), Some(Row::Thread(row)));
            }
            Write::Message(row) => {
                let by_stanza =
                    Need::Stanza(row.user.clone(), row.contact.clone(), row.stanza_id.clone());
                self.rows.insert(by_stanza, Some(Row::Message(row.clone())));
                self.rows.insert(
                    Need::Message(row.message_id.clone(), row.user.clone()),
                    Some(Row::Message(row)),
                );
            }
            Write::Seen(user, id, at) => {
                self.rows.insert(Need::Seen(user, id), Some(Row::Seen(at)));
            }
            Write::Peer(row) => {
                self.rows
                    .insert(Need::Peer(row.who.clone()), Some(Row::Peer(row)));
            }
            Write::RemovePeer(who) => {
                self.rows.insert(Need::Peer(who), None);
            }
            Write::Cursor(..) | Write::Announced(..) => {}
        }
    }

    /// The pair of a JID.
    ///
    /// # Errors
    /// [`Missing`] where the row was not loaded yet; so for all that follow.
    pub fn pair_of(&self, jid: &BareJid) -> Result<Option<&Pair>, Missing> {
        match self.get(Need::PairOf(jid.clone()))? {
            Some(Row::Pair(pair)) => Ok(Some(pair)),
            _ => Ok(None),
        }
    }

    /// The pair of a mail address.
    #[allow(clippy::missing_errors_doc)]
    pub fn holder_of(&self, mail: &MailAddress) -> Result<Option<&Pair>, Missing> {
        match self.get(Need::HolderOf(mail.clone()))? {
            Some(Row::Pair(pair)) => Ok(Some(pair)),
            _ => Ok(None),
        }
    }

    /// What is between a local user and a contact.
    #[allow(clippy::missing_errors_doc)]
    pub fn contact(
        &self,
        user: &BareJid,
        contact: &MailAddress,
    ) -> Result<Option<&Contact>, Missing> {
        match self.get(Need::Contact(user.clone(), contact.clone()))? {
            Some(Row::Contact(row)) => Ok(Some(row)),
            _ => Ok(None),
        }
    }

    /// A thread between a local user and a contact.
    #[allow(clippy::missing_errors_doc)]
    pub fn thread(
        &self,
        user: &BareJid,
        contact: &MailAddress,
        id: &ThreadId,
    ) -> Result<Option<&Thread>, Missing> {
        match self.get(Need::Thread(user.clone(), contact.clone(), id.clone()))? {
            Some(Row::Thread(row)) => Ok(Some(row)),
            _ => Ok(None),
        }
    }

    /// A message by its mail name, as one local user had it.
    #[allow(clippy::missing_errors_doc)]
    pub fn message(&self, id: &MessageId, user: &BareJid) -> Result<Option<&Message>, Missing> {
        match self.get(Need::Message(id.clone(), user.clone()))? {
            Some(Row::Message(row)) => Ok(Some(row)),
            _ => Ok(None),
        }
    }

    /// A message by its XMPP name.
    #[allow(clippy::missing_errors_doc)]
    pub fn stanza(
        &self,
        user: &BareJid,
        contact: &MailAddress,
        id: &StanzaId,
    ) -> Result<Option<&Message>, Missing> {
        match self.get(Need::Stanza(user.clone(), contact.clone(), id.clone()))? {
            Some(Row::Message(row)) => Ok(Some(row)),
            _ => Ok(None),
        }
    }

    /// When a mail was handled for a local user.
    #[allow(clippy::missing_errors_doc)]
    pub fn seen(&self, user: &BareJid, id: &MessageId) -> Result<Option<Timestamp>, Missing> {
        match self.get(Need::Seen(user.clone(), id.clone()))? {
            Some(Row::Seen(at)) => Ok(Some(*at)),
            _ => Ok(None),
        }
    }

    /// The format of an address or a domain.
    #[allow(clippy::missing_errors_doc)]
    pub fn peer(&self, who: &AddressPattern) -> Result<Option<&Peer>, Missing> {
        match self.get(Need::Peer(who.clone()))? {
            Some(Row::Peer(row)) => Ok(Some(row)),
            _ => Ok(None),
        }
    }

    fn get(&self, need: Need) -> Result<Option<&Row>, Missing> {
        match self.rows.get(&need) {
            Some(row) => Ok(row.as_ref()),
            None => Err(Missing(vec![need])),
        }
    }
}
