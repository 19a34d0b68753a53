//! A [`Store`] in memory, for tests, examples and simulated runs. It keeps nothing beyond its own life and is written
//! to be read: what a store does, without what makes it durable.

#[cfg(test)]
pub(crate) mod undo;

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::context::{Need, Row, Write};
use crate::core::id::{IdKey, MessageId, StanzaId, ThreadId};
use crate::core::record::{Announced, Contact, Cursor, Message, Pair, Peer};
use crate::core::time::Timestamp;
use crate::store::transfer::{
    AnnouncedRecord, ContactRecord, CursorRecord, Place, Record, SeenRecord, ThreadRecord,
};
use crate::store::{Store, StoreError, codec, replaces, saved_again};
use jid::BareJid;
use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A store in memory. A commit is done at once.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    id_key: IdKey,
}

/// Names are texts, so that they sort by their octets as they do in every other store.
#[derive(Debug, Default)]
struct Tables {
    /// By JID.
    pairs: BTreeMap<String, Pair>,
    /// Mail key to JID.
    holders: BTreeMap<String, String>,
    /// By user and mail key.
    contacts: BTreeMap<(String, String), ContactRecord>,
    /// By user, mail key and id.
    threads: BTreeMap<(String, String, ThreadId), ThreadRecord>,
    /// By user and Message-ID.
    messages: BTreeMap<(String, MessageId), Message>,
    /// By user, mail key and stanza id.
    stanzas: BTreeMap<(String, String, StanzaId), Message>,
    /// By user and Message-ID.
    seen: BTreeMap<(String, MessageId), SeenRecord>,
    cursors: BTreeMap<String, Cursor>,
    /// By address or domain.
    peers: BTreeMap<String, Peer>,
    /// By user.
    announced: BTreeMap<String, AnnouncedRecord>,
}

impl MemoryStore {
    /// An empty store with this key for derived Message-IDs.
    pub fn new(id_key: IdKey) -> Self {
        Self {
            tables: Mutex::default(),
            id_key,
        }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let (pairs, others): (Vec<_>, Vec<_>) = writes
            .into_iter()
            .partition(|write| matches!(write, Write::Pair(_) | Write::RemovePair(_)));
        if !pairs.is_empty() {
            // Only pairs can be refused, and they touch no other table.
            let before = (tables.pairs.clone(), tables.holders.clone());
            let saved = pairs.into_iter().try_for_each(|write| tables.apply(write));
            if let Err(error) = saved {
                (tables.pairs, tables.holders) = before;
                return Err(error);
            }
        }
        others.into_iter().try_for_each(|write| tables.apply(write))
    }
}

impl Store for MemoryStore {
    fn load(
        &self,
        needs: &[Need],
    ) -> impl Future<Output = Result<Vec<Option<Row>>, StoreError>> + Send {
        let tables = self.tables();
        ready(Ok(needs.iter().map(|need| tables.row(need)).collect()))
    }

    fn commit(
        &self,
        _now: Timestamp,
        writes: Vec<Write>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let done: Ready<_> = ready(self.apply(writes));
        done
    }

    fn pairs(&self, after: Option<&BareJid>, limit: usize) -> Result<Vec<Pair>, StoreError> {
        let after = after.map(|jid| jid.as_str().to_owned());
        let tables = self.tables();
        let rows = tables.pairs.range(from(after)).take(limit);
        Ok(rows.map(|(_, pair)| pair.clone()).collect())
    }

    fn contacts(
        &self,
        after: Option<(&BareJid, &MailAddress)>,
        limit: usize,
    ) -> Result<Vec<(BareJid, MailAddress, Contact)>, StoreError> {
        let after = after.map(|(user, mail)| (user.as_str().to_owned(), mail.key().to_owned()));
        let tables = self.tables();
        let rows = tables.contacts.range(from(after)).take(limit);
        Ok(rows
            .map(|(_, row)| (row.user.clone(), row.mail.clone(), row.contact.clone()))
            .collect())
    }

    fn peers(&self, after: Option<&AddressPattern>, limit: usize) -> Result<Vec<Peer>, StoreError> {
        let after = after.map(|who| who.key().to_owned());
        let tables = self.tables();
        let rows = tables.peers.range(from(after)).take(limit);
        Ok(rows.map(|(_, peer)| peer.clone()).collect())
    }

    fn announced(
        &self,
        after: Option<&BareJid>,
        limit: usize,
    ) -> Result<Vec<(BareJid, Announced)>, StoreError> {
        let after = after.map(|user| user.as_str().to_owned());
        let tables = self.tables();
        let rows = tables.announced.range(from(after)).take(limit);
        Ok(rows
            .map(|(_, row)| (row.user.clone(), row.announced.clone()))
            .collect())
    }

    fn cursor(&self, mailbox: &str) -> Result<Option<Cursor>, StoreError> {
        Ok(self.tables().cursors.get(mailbox).copied())
    }

    fn rows(
        &self,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<(Place, Record)>, StoreError> {
        let all = self.tables().all_rows();
        let rows = all.range(from(after.map(Place::key))).take(limit);
        Ok(rows
            .map(|(key, record)| (Place::of_key(key), record.clone()))
            .collect())
    }

    fn id_key(&self) -> IdKey {
        self.id_key
    }

    fn forget_older(&self, now: Timestamp, age: Duration) -> Result<u64, StoreError> {
        Ok(self.tables().forget_older(|at| now.since(at) > age))
    }
}

impl Tables {
    fn row(&self, need: &Need) -> Option<Row> {
        let pair = |jid: &str| self.pairs.get(jid).cloned().map(Row::Pair);
        match need {
            Need::PairOf(jid) => pair(jid.as_str()),
            Need::HolderOf(mail) => self.holders.get(mail.key()).and_then(|jid| pair(jid)),
            Need::Contact(user, mail) => {
                let row = self
                    .contacts
                    .get(&(user.to_string(), mail.key().to_owned()));
                row.map(|row| Row::Contact(row.contact.clone()))
            }
            Need::Thread(user, mail, id) => {
                let row = self
                    .threads
                    .get(&(user.to_string(), mail.key().to_owned(), id.clone()));
                row.map(|row| Row::Thread(row.thread.clone()))
            }
            Need::Message(id, user) => {
                let row = self.messages.get(&(user.to_string(), id.clone()));
                row.cloned().map(Row::Message)
            }
            Need::Stanza(user, mail, id) => {
                let name = (user.to_string(), mail.key().to_owned(), id.clone());
                self.stanzas.get(&name).cloned().map(Row::Message)
            }
            Need::Seen(user, id) => {
                let row = self.seen.get(&(user.to_string(), id.clone()));
                row.map(|row| Row::Seen(row.at))
            }
            Need::Peer(who) => self.peers.get(who.key()).cloned().map(Row::Peer),
        }
    }

    fn apply(&mut self, write: Write) -> Result<(), StoreError> {
        match write {
            Write::Pair(pair) => return self.save_pair(pair),
            Write::RemovePair(jid) => {
                if let Some(pair) = self.pairs.remove(jid.as_str()) {
                    self.holders.remove(pair.mail.key());
                }
            }
            Write::Contact(user, mail, contact) => {
                let name = (user.to_string(), mail.key().to_owned());
                let row = ContactRecord {
                    user,
                    mail,
                    contact,
                };
                self.contacts.insert(name, row);
            }
            Write::RemoveContact(user, mail) => {
                self.contacts
                    .remove(&(user.to_string(), mail.key().to_owned()));
            }
            Write::Thread(user, mail, id, thread) => {
                let name = (user.to_string(), mail.key().to_owned(), id.clone());
                let row = ThreadRecord {
                    user,
                    mail,
                    id,
                    thread,
                };
                self.threads.insert(name, row);
            }
            Write::Message(message) => self.save_message(message),
            Write::Seen(user, id, at) => {
                let name = (user.to_string(), id.clone());
                self.seen.insert(name, SeenRecord { user, id, at });
            }
            Write::Cursor(mailbox, cursor) => {
                self.cursors.insert(mailbox, cursor);
            }
            Write::Peer(peer) => {
                let name = peer.who.key().to_owned();
                if replaces(self.peers.get(&name), &peer) {
                    self.peers.insert(name, peer);
                }
            }
            Write::RemovePeer(who) => {
                self.peers.remove(who.key());
            }
            Write::Announced(user, announced) => {
                let row = AnnouncedRecord { user, announced };
                self.announced.insert(row.user.to_string(), row);
            }
        }
        Ok(())
    }

    fn save_pair(&mut self, pair: Pair) -> Result<(), StoreError> {
        let holder = self.holders.get(pair.mail.key());
        let sides = [
            self.pairs.get(pair.jid.as_str()),
            holder.and_then(|jid| self.pairs.get(jid)),
        ];
        for held in sides.into_iter().flatten() {
            if held.jid != pair.jid || held.mail != pair.mail {
                return Err(StoreError::held(&pair, held));
            }
        }
        let pair = match self.pairs.get(pair.jid.as_str()) {
            Some(old) => saved_again(old, pair),
            None => pair,
        };
        self.holders
            .insert(pair.mail.key().to_owned(), pair.jid.to_string());
        self.pairs.insert(pair.jid.to_string(), pair);
        Ok(())
    }

    fn save_message(&mut self, message: Message) {
        let user = message.user.to_string();
        let by_mail = (user.clone(), message.message_id.clone());
        let by_stanza = (
            user,
            message.contact.key().to_owned(),
            message.stanza_id.clone(),
        );
        self.messages.insert(by_mail, message.clone());
        self.stanzas.insert(by_stanza, message);
    }

    fn forget_older(&mut self, is_old: impl Fn(Timestamp) -> bool) -> u64 {
        let count =
            |tables: &Self| tables.messages.len() + tables.threads.len() + tables.seen.len();
        let before = count(self);
        self.messages.retain(|_, row| !is_old(row.at));
        self.stanzas.retain(|_, row| !is_old(row.at));
        self.threads.retain(|_, row| !is_old(row.thread.last));
        self.seen.retain(|_, row| !is_old(row.at));
        u64::try_from(before.saturating_sub(count(self))).unwrap_or(u64::MAX)
    }

    fn all_rows(&self) -> BTreeMap<Vec<u8>, Record> {
        let pairs = self.pairs.values().cloned().map(Record::Pair);
        let contacts = self.contacts.values().cloned().map(Record::Contact);
        let threads = self.threads.values().cloned().map(Record::Thread);
        let messages = self.messages.values().cloned().map(Record::Message);
        let seen = self.seen.values().cloned().map(Record::Seen);
        let cursors = self.cursors.iter().map(|(mailbox, cursor)| {
            Record::Cursor(CursorRecord {
                mailbox: mailbox.clone(),
                cursor: *cursor,
            })
        });
        let peers = self.peers.values().cloned().map(Record::Peer);
        let announced = self.announced.values().cloned().map(Record::Announced);
        let all = pairs.chain(contacts).chain(threads).chain(messages);
        all.chain(seen)
            .chain(cursors)
            .chain(peers)
            .chain(announced)
            .map(|record| (codec::record_key(&record), record))
            .collect()
    }
}

/// All that comes after.
fn from<T>(after: Option<T>) -> (Bound<T>, Bound<T>) {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    (start, Bound::Unbounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory_is_a_store() {
        crate::store::conformance::run(|| MemoryStore::new([7; 32])).await;
    }
}
