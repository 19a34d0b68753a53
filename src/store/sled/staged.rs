//! A batch that is put together: rows, and what else has to change with each.

use super::{Database, found, unreadable};
use crate::core::record::{Message, Pair, Peer};
use crate::core::time::Timestamp;
use crate::store::digest::Counted;
use crate::store::tables::{self, Record, Table, TableChange};
use crate::store::{StoreError, garbage, index, replaces, saved_again};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// What a batch changes, on top of the store.
pub(super) struct Staged<'a> {
    store: &'a Database,
    pub(super) changed: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// What the store has, as far as it was looked at: most of it is asked for twice.
    before: RefCell<BTreeMap<Vec<u8>, Option<sled::IVec>>>,
}

impl<'a> Staged<'a> {
    pub(super) fn on(store: &'a Database) -> Self {
        Self {
            store,
            changed: BTreeMap::new(),
            before: RefCell::default(),
        }
    }

    pub(super) fn apply(&mut self, change: TableChange) -> Result<(), StoreError> {
        match change {
            TableChange::Save(Record::Pair(pair)) => self.save_pair(pair),
            TableChange::Save(Record::Message(message)) => self.save_message(message),
            TableChange::Save(Record::Peer(peer)) => self.save_peer(peer),
            TableChange::Save(record) => self.save(&record),
            TableChange::Remove(key) => {
                if let Some(pair) = self.pair(&key)? {
                    self.remove(tables::holder_key(&pair.mail));
                }
                self.remove(key);
                Ok(())
            }
        }
    }

    fn save_peer(&mut self, peer: Peer) -> Result<(), StoreError> {
        let old = match self.record(&tables::peer_key(&peer.who))? {
            Some(Record::Peer(old)) => Some(old),
            _ => None,
        };
        match replaces(old.as_ref(), &peer) {
            true => self.save(&Record::Peer(peer)),
            false => Ok(()),
        }
    }

    fn save_pair(&mut self, pair: Pair) -> Result<(), StoreError> {
        let by_mail = tables::holder_key(&pair.mail);
        let old = self.pair(&tables::pair_key(&pair.jid))?;
        let holder = match self.raw(&by_mail)? {
            Some(jid) => self.pair(&tables::pair_key_of(&jid))?,
            None => None,
        };
        let holder = holder.filter(|holder| holder.mail == pair.mail);
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
        self.changed.insert(by_mail, Some(jid));
        self.save(&Record::Pair(pair))
    }

    /// The pair that lies under this key; `None` also where that is of another table.
    fn pair(&self, key: &[u8]) -> Result<Option<Pair>, StoreError> {
        if key.first() != Some(&Table::Pair.tag()) {
            return Ok(None);
        }
        Ok(match self.record(key)? {
            Some(Record::Pair(pair)) => Some(pair),
            _ => None,
        })
    }

    /// The row of its XMPP name has no place in the index by time: it is forgotten with the message.
    fn save_message(&mut self, message: Message) -> Result<(), StoreError> {
        let by_stanza = tables::stanza_key(&message);
        if let Some(Record::Message(old)) = self.record(&tables::message_key(&message))? {
            let copy = tables::stanza_key(&old);
            if copy != by_stanza && self.is_copy(&copy, &old)? {
                // What has this name is no longer what lies there.
                let place = index::time_key(old.at, &copy);
                self.changed.insert(place, Some(Vec::new()));
                self.put(copy, &Record::Message(old))?;
            }
        }
        self.link(&by_stanza, &message)?;
        self.save(&Record::Message(message))
    }

    /// Lets an XMPP name lead to this message. Where there was a copy of one, that had a place in the index by time.
    pub(super) fn link(&mut self, key: &[u8], message: &Message) -> Result<(), StoreError> {
        let there = self.raw(key)?.map(|value| tables::decode(key, &value));
        if let Some(Ok(Record::Message(copy))) = there {
            self.remove(index::time_key(copy.at, key));
        }
        let link = index::link(key, &message.message_id).map_err(|e| unreadable(key, &e))?;
        self.changed.insert(key.to_vec(), Some(link));
        Ok(())
    }

    /// Removes the row of the XMPP name of the message that lies here, unless another message has taken that.
    pub(super) fn remove_copy_of(&mut self, key: &[u8]) -> Result<(), StoreError> {
        // What cannot be read leads nowhere, and is forgotten all the same.
        let message = self.raw(key)?.map(|value| tables::decode(key, &value));
        let Some(Ok(Record::Message(message))) = message else {
            return Ok(());
        };
        let copy = tables::stanza_key(&message);
        if self.is_copy(&copy, &message)? {
            // Former versions gave it a place of its own, which must not outlive it: the name may be taken again.
            self.remove(index::time_key(message.at, &copy));
            self.remove(copy);
        }
        Ok(())
    }

    /// Removes a row with all that leads to it: its place in the index by time, and the other name of a message.
    pub(super) fn forget(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        if key.first() == Some(&Table::Message.tag()) {
            self.remove_copy_of(key)?;
        }
        // What cannot be read is forgotten all the same; a place that leads to nothing goes when its time has come.
        let record = tables::decode(key, value).ok();
        if let Some(record) = record {
            self.remove_places(&record, key);
        }
        self.remove(key.to_vec());
        Ok(())
    }

    /// Whether what lies here leads to this very message, or is a copy of it.
    pub(super) fn is_copy(&self, key: &[u8], message: &Message) -> Result<bool, StoreError> {
        let Some(value) = self.raw(key)? else {
            return Ok(false);
        };
        if let Some(first) = index::linked(key, &value) {
            return Ok(first == tables::message_key(message));
        }
        let is_same =
            |there: &Message| there.message_id == message.message_id && there.at == message.at;
        let there = tables::decode(key, &value);
        Ok(matches!(there, Ok(Record::Message(there)) if is_same(&there)))
    }

    /// Whether the thread here has had a message since; its place in the index is the time of that then.
    pub(super) fn is_young(&mut self, key: &[u8], cutoff: Timestamp) -> Result<bool, StoreError> {
        // What cannot be read is forgotten.
        let record = self.raw(key)?.map(|value| tables::decode(key, &value));
        let time = record.and_then(|record| record.ok()?.time());
        let Some(at) = time.filter(|at| *at >= cutoff) else {
            return Ok(false);
        };
        self.changed
            .insert(index::time_key(at, key), Some(Vec::new()));
        Ok(true)
    }

    /// Removes what leads to this record in the index by time.
    fn remove_places(&mut self, record: &Record, key: &[u8]) {
        if let Some(at) = record.time() {
            self.remove(index::time_key(at, key));
        }
        if let Some(place) = index::place_of(record, key) {
            self.remove(place);
        }
    }

    /// Saves a row and its place in the index by time, and takes away its former place.
    fn save(&mut self, record: &Record) -> Result<(), StoreError> {
        let key = record.key();
        if record.time().is_some()
            && let Some(before) = self.record(&key)?
        {
            self.remove_places(&before, &key);
        }
        self.place(record, &key);
        self.put(key, record)
    }

    /// Gives a record its place in the index by time.
    pub(super) fn place(&mut self, record: &Record, key: &[u8]) {
        if let Some(place) = index::place_of(record, key) {
            if let Some(at) = record.time() {
                self.remove(index::time_key(at, key));
            }
            self.changed.insert(place, Some(Vec::new()));
        }
    }

    pub(super) fn put(&mut self, key: Vec<u8>, record: &Record) -> Result<(), StoreError> {
        let value = record.encode(&key).map_err(|e| unreadable(&key, &e))?;
        self.changed.insert(key, Some(value));
        Ok(())
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.changed.insert(key, None);
    }

    pub(super) fn record(&self, key: &[u8]) -> Result<Option<Record>, StoreError> {
        found(key, |key| self.raw(key))
    }

    pub(super) fn raw(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        match self.changed.get(key) {
            Some(changed) => Ok(changed.as_deref().map(sled::IVec::from)),
            None => self.before(key),
        }
    }

    fn before(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        if let Some(known) = self.before.borrow().get(key) {
            return Ok(known.clone());
        }
        let found = self.store.raw(key)?;
        self.before.borrow_mut().insert(key.to_vec(), found.clone());
        Ok(found)
    }

    pub(super) fn finish(mut self, counted: &mut Counted) -> Result<(), StoreError> {
        let known = self.before.get_mut();
        let mut batch = sled::Batch::default();
        let mut new = counted.clone();
        new.digest.commits = new.digest.commits.saturating_add(1);
        for (key, value) in self.changed {
            let old = match known.remove(&key) {
                Some(old) => old,
                None => self.store.raw(&key)?,
            };
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
        batch.insert(tables::DIGEST_KEY, new.digest.octets());
        if self.store.is_old.load(Ordering::Acquire) {
            batch.insert(tables::FORMAT_KEY, &tables::FORMAT.to_be_bytes());
            batch.insert(tables::CONVERT_KEY, &[]);
        }
        // A batch that failed half way is in memory; only a restart gets rid of it.
        let applied = self.store.sled(|db| db.apply_batch(batch));
        applied.map_err(|error| self.store.committer.broken_by(error))?;
        garbage::free();
        self.store.is_old.store(false, Ordering::Release);
        let commits = new.digest.commits;
        *counted = new;
        self.store.applied.store(commits, Ordering::Release);
        Ok(())
    }
}
