//! A batch that is put together: rows, and what else has to change with each.

use super::{SledStore, decoded, unreadable};
use crate::core::context::Write;
use crate::core::record::{Message, Pair, Peer};
use crate::core::time::Timestamp;
use crate::store::codec;
use crate::store::digest::Counted;
use crate::store::transfer::{
    AnnouncedRecord, ContactRecord, CursorRecord, Record, SeenRecord, ThreadRecord,
};
use crate::store::{StoreError, replaces, saved_again};
use jid::BareJid;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// What a batch changes, on top of the store.
pub(super) struct Staged<'a> {
    store: &'a SledStore,
    pub(super) changed: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<'a> Staged<'a> {
    pub(super) fn on(store: &'a SledStore) -> Self {
        Self {
            store,
            changed: BTreeMap::new(),
        }
    }

    pub(super) fn apply(&mut self, write: Write) -> Result<(), StoreError> {
        match write {
            Write::Pair(pair) => self.save_pair(pair),
            Write::RemovePair(jid) => self.remove_pair(&jid),
            Write::Contact(user, mail, contact) => {
                let key = codec::contact_key(&user, &mail);
                let record = ContactRecord {
                    user,
                    mail,
                    contact,
                };
                self.put(key, &record)
            }
            Write::RemoveContact(user, mail) => {
                self.remove(codec::contact_key(&user, &mail));
                Ok(())
            }
            Write::Thread(user, mail, id, thread) => {
                let record = ThreadRecord {
                    user,
                    mail,
                    id,
                    thread,
                };
                let key = codec::record_key(&Record::Thread(record.clone()));
                self.put_timed(key, record.thread.last, &record)
            }
            Write::Message(message) => self.save_message(&message),
            Write::Seen(user, id, at) => {
                let record = SeenRecord { user, id, at };
                let key = codec::record_key(&Record::Seen(record.clone()));
                self.put_timed(key, at, &record)
            }
            Write::Cursor(mailbox, cursor) => {
                let key = codec::cursor_key(&mailbox);
                self.put(key, &CursorRecord { mailbox, cursor })
            }
            Write::Peer(peer) => self.save_peer(&peer),
            Write::RemovePeer(who) => {
                self.remove(codec::peer_key(&who));
                Ok(())
            }
            Write::Announced(user, announced) => {
                let key = codec::announced_key(&user);
                self.put(key, &AnnouncedRecord { user, announced })
            }
        }
    }

    fn save_peer(&mut self, peer: &Peer) -> Result<(), StoreError> {
        let key = codec::peer_key(&peer.who);
        let old: Option<Peer> = self.get(&key)?;
        match replaces(old.as_ref(), peer) {
            true => self.put(key, peer),
            false => Ok(()),
        }
    }

    fn save_pair(&mut self, pair: Pair) -> Result<(), StoreError> {
        let key = codec::pair_key(&pair.jid);
        let old: Option<Pair> = self.get(&key)?;
        let holder: Option<Pair> = match self.raw(&codec::holder_key(&pair.mail))? {
            Some(jid) => self.get(&codec::pair_key_of(&jid))?,
            None => None,
        };
        for held in [&old, &holder].into_iter().flatten() {
            if held.jid != pair.jid || held.mail != pair.mail {
                return Err(StoreError::held(&pair, held));
            }
        }
        let pair = match old {
            Some(old) => saved_again(&old, pair),
            None => pair,
        };
        let jid = pair.jid.as_str().as_bytes().to_vec();
        self.changed
            .insert(codec::holder_key(&pair.mail), Some(jid));
        self.put(key, &pair)
    }

    fn remove_pair(&mut self, jid: &BareJid) -> Result<(), StoreError> {
        let key = codec::pair_key(jid);
        if let Some(pair) = self.get::<Pair>(&key)? {
            self.remove(codec::holder_key(&pair.mail));
            self.remove(key);
        }
        Ok(())
    }

    /// The second copy has no place in the index by time: it is forgotten with the first.
    fn save_message(&mut self, message: &Message) -> Result<(), StoreError> {
        let by_mail = codec::message_key(message);
        let by_stanza = codec::stanza_key(message);
        if let Some(old) = self.get::<Message>(&by_mail)? {
            let copy = codec::stanza_key(&old);
            if copy != by_stanza && self.is_copy(&copy, &old)? {
                // The first copy no longer leads to it.
                let place = codec::time_key(old.at, &copy);
                self.changed.insert(place, Some(Vec::new()));
            }
        }
        if let Some(old) = self.get::<Message>(&by_stanza)? {
            self.remove(codec::time_key(old.at, &by_stanza));
        }
        self.put_timed(by_mail, message.at, message)?;
        self.put(by_stanza, message)
    }

    /// Removes the second copy of the message that lies here, unless another message has taken its name.
    pub(super) fn remove_copy_of(&mut self, key: &[u8]) -> Result<(), StoreError> {
        // What cannot be read leads nowhere, and is forgotten all the same.
        let message = self.raw(key)?.map(|value| codec::decode::<Message>(&value));
        let Some(Ok(message)) = message else {
            return Ok(());
        };
        let copy = codec::stanza_key(&message);
        if self.is_copy(&copy, &message)? {
            // Former versions gave it a place of its own, which must not outlive it: the name may be taken again.
            self.remove(codec::time_key(message.at, &copy));
            self.remove(copy);
        }
        Ok(())
    }

    /// Whether what lies here is the second copy of this very message.
    fn is_copy(&self, key: &[u8], message: &Message) -> Result<bool, StoreError> {
        let there = self.raw(key)?.map(|value| codec::decode::<Message>(&value));
        let is_same =
            |there: &Message| there.message_id == message.message_id && there.at == message.at;
        Ok(matches!(there, Some(Ok(there)) if is_same(&there)))
    }

    /// Saves a row and its place in the index by time, and takes away its former place.
    fn put_timed(
        &mut self,
        key: Vec<u8>,
        at: Timestamp,
        record: &impl Serialize,
    ) -> Result<(), StoreError> {
        if let Some(old) = self.raw(&key)? {
            let before = codec::time_of(&key, &old).map_err(|e| unreadable(&key, &e))?;
            self.remove(codec::time_key(before, &key));
        }
        self.changed
            .insert(codec::time_key(at, &key), Some(Vec::new()));
        self.put(key, record)
    }

    fn put(&mut self, key: Vec<u8>, record: &impl Serialize) -> Result<(), StoreError> {
        let value = codec::encode(record).map_err(|e| unreadable(&key, &e))?;
        self.changed.insert(key, Some(value));
        Ok(())
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.changed.insert(key, None);
    }

    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.raw(key)?.map(|value| decoded(key, &value)).transpose()
    }

    fn raw(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        match self.changed.get(key) {
            Some(changed) => Ok(changed.as_deref().map(sled::IVec::from)),
            None => self.store.raw(key),
        }
    }

    pub(super) fn finish(self, counted: &mut Counted) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        let mut new = counted.clone();
        new.digest.commits = new.digest.commits.saturating_add(1);
        for (key, value) in self.changed {
            let old = self.store.raw(&key)?;
            if old.as_deref() == value.as_deref() {
                continue;
            }
            new.change(&key, old.as_deref(), value.as_deref());
            let octets = value.as_ref().map_or(0, Vec::len);
            self.store.snapshot.count(octets.saturating_add(key.len()));
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        batch.insert(codec::DIGEST_KEY, new.digest.octets());
        // A batch that failed half way is in memory; only a restart gets rid of it.
        let applied = self.store.sled(|db| db.apply_batch(batch));
        applied.map_err(|error| self.store.committer.broken_by(error))?;
        let commits = new.digest.commits;
        *counted = new;
        self.store.applied.store(commits, Ordering::Release);
        Ok(())
    }
}
