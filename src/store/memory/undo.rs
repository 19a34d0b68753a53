//! How writes are taken back that were made and are not durable: what a power cut does to them in a simulated world.

use super::{MemoryStore, Tables};
use crate::core::address::{AddressPattern, MailAddress};
use crate::core::context::Write;
use crate::core::record::Message;
use jid::BareJid;
use std::collections::BTreeMap;

/// Makes one row what it was.
type Back = Box<dyn FnOnce(&mut Tables) + Send>;

/// What the rows were that some writes change.
#[derive(Default)]
pub(crate) struct Undo(Vec<Back>);

impl MemoryStore {
    /// To be asked before these writes are made.
    pub(crate) fn undo_of(&self, writes: &[Write]) -> Undo {
        let mut undo = Undo::default();
        let tables = self.tables();
        writes.iter().for_each(|write| undo.note(&tables, write));
        undo
    }

    /// Makes the rows what they were; nothing else may have been written to them since.
    pub(crate) fn undo(&self, undo: Undo) {
        let mut tables = self.tables();
        undo.0.into_iter().for_each(|back| back(&mut tables));
    }
}

impl Undo {
    fn note(&mut self, tables: &Tables, write: &Write) {
        let of = |user: &BareJid, mail: &MailAddress| (user.to_string(), mail.key().to_owned());
        match write {
            Write::Pair(pair) => self.pair(tables, &pair.jid, Some(&pair.mail)),
            Write::RemovePair(jid) => self.pair(tables, jid, None),
            Write::Contact(user, mail, _) | Write::RemoveContact(user, mail) => {
                self.row(
                    &tables.contacts,
                    |tables| &mut tables.contacts,
                    of(user, mail),
                );
            }
            Write::Thread(user, mail, id, _) => {
                let (user, mail) = of(user, mail);
                let name = (user, mail, id.clone());
                self.row(&tables.threads, |tables| &mut tables.threads, name);
            }
            Write::Message(message) => self.message(tables, message),
            Write::Seen(user, id, _) => {
                let name = (user.to_string(), id.clone());
                self.row(&tables.seen, |tables| &mut tables.seen, name);
            }
            Write::Cursor(mailbox, _) => {
                let name = mailbox.clone();
                self.row(&tables.cursors, |tables| &mut tables.cursors, name);
            }
            Write::Peer(peer) => self.peer(tables, &peer.who),
            Write::RemovePeer(who) => self.peer(tables, who),
            Write::Announced(user, _) => {
                let name = user.to_string();
                self.row(&tables.announced, |tables| &mut tables.announced, name);
            }
        }
    }

    fn pair(&mut self, tables: &Tables, jid: &BareJid, mail: Option<&MailAddress>) {
        let held = tables.pairs.get(jid.as_str()).map(|pair| &pair.mail);
        for mail in held.into_iter().chain(mail) {
            let name = mail.key().to_owned();
            self.row(&tables.holders, |tables| &mut tables.holders, name);
        }
        self.row(&tables.pairs, |tables| &mut tables.pairs, jid.to_string());
    }

    fn message(&mut self, tables: &Tables, message: &Message) {
        let user = message.user.to_string();
        let name = (user.clone(), message.message_id.clone());
        self.row(&tables.messages, |tables| &mut tables.messages, name);
        let contact = message.contact.key().to_owned();
        let name = (user, contact, message.stanza_id.clone());
        self.row(&tables.stanzas, |tables| &mut tables.stanzas, name);
    }

    fn peer(&mut self, tables: &Tables, who: &AddressPattern) {
        let name = who.key().to_owned();
        self.row(&tables.peers, |tables| &mut tables.peers, name);
    }

    fn row<K: Ord + Send + 'static, V: Clone + Send + 'static>(
        &mut self,
        table: &BTreeMap<K, V>,
        table_of: fn(&mut Tables) -> &mut BTreeMap<K, V>,
        name: K,
    ) {
        let before = table.get(&name).cloned();
        self.0.push(Box::new(move |tables| {
            let table = table_of(tables);
            match before {
                Some(row) => table.insert(name, row),
                None => table.remove(&name),
            };
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::context::Write;
    use crate::store::Store;
    use crate::store::conformance::{
        at, contact, mail, message, pair, rows_of_each_table, user, who,
    };

    fn shown(store: &MemoryStore) -> String {
        format!("{:?}", store.tables())
    }

    #[tokio::test]
    async fn what_is_undone_was_never_made() {
        let store = MemoryStore::default();
        let removals = vec![
            Write::RemovePair(user("alice@a.example")),
            Write::Pair(pair("dora@a.example", "a@c.example")),
            Write::RemoveContact(user("alice@a.example"), mail("carol@mail.example")),
            Write::RemovePeer(who("chat.b.example")),
        ];
        let (alice, carol) = (user("alice@a.example"), mail("carol@mail.example"));
        let changes = vec![
            Write::Contact(alice, carol, contact(9)),
            Write::Message(message("x@y", "1", 9)),
            Write::Message(message("x@y", "2", 10)),
        ];
        for writes in [rows_of_each_table(), removals, changes] {
            let before = shown(&store);
            let undo = store.undo_of(&writes);
            store.commit(at(1), writes.clone()).await.unwrap();
            let after = shown(&store);
            assert_ne!(before, after);
            store.undo(undo);
            assert_eq!(before, shown(&store));
            store.commit(at(1), writes).await.unwrap();
            assert_eq!(after, shown(&store));
        }
    }
}
