//! The rows that a decision needs, and the rows that it changes.
//!
//! A decision asks a [`Context`] for rows. Rows that were not loaded yet end the decision with [`Missing`]; the shell
//! loads them and asks again. So a decision stays a pure function, needs no list of its needs beside it, and never sees
//! half of the truth. What one event of a batch writes, the next one reads: [`Context::apply`]. Which rows it will ask for is
//! found out by letting it ask: [`Context::ask`].

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::avatar::Avatar;
use crate::core::id::{JobId, MessageId, StanzaId, ThreadId};
use crate::core::job::{ComposedMail, Job};
use crate::core::limits::CONTACTS_SCANNED_MAX;
use crate::core::operation::{Operation, OperationResult, WaitingJob};
use crate::core::record::{Announced, Contact, Cursor, Message, Options, Pair, Peer, Thread};
use crate::core::time::Timestamp;
use jid::BareJid;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The name of one row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The pair of a JID.
    PairOf(BareJid),
    /// The pair of a mail address.
    HolderOf(MailAddress),
    /// What is between a local user and a contact.
    Contact(BareJid, MailAddress),
    /// The contacts of a local user, in the order of their addresses: one more than [`CONTACTS_SCANNED_MAX`] at most.
    ContactsOf(BareJid),
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
    /// How a local user wants the mails of a contact; of all contacts where none is named.
    Options(BareJid, Option<MailAddress>),
    /// The picture that a local user sees of a contact.
    Avatar(BareJid, MailAddress),
    /// A mail that waits in the queue. Not a row of the store: who decides about a stanza asks the queue, which keeps the mail
    /// until that is done. A mail that is on its way, or may have been, does not wait.
    Waiting(JobId),
    /// The last mail with an ordering key, likewise, if nothing of it is under way.
    LastOf(String),
    /// The mails of a local user that wait to be sent, as they are now; they are not kept.
    WaitingOf(BareJid),
}

impl Need {
    /// Whether the queue is asked, and not the store.
    pub fn is_of_queue(&self) -> bool {
        matches!(
            self,
            Self::Waiting(_) | Self::LastOf(_) | Self::WaitingOf(_)
        )
    }
}

/// What a row holds. The variant belongs to the [`Need`] that it was loaded for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// For [`Need::PairOf`] and [`Need::HolderOf`].
    Pair(Pair),
    /// For [`Need::Contact`].
    Contact(Contact),
    /// For [`Need::ContactsOf`].
    Contacts(Vec<(MailAddress, Contact)>),
    /// For [`Need::Thread`].
    Thread(Thread),
    /// For [`Need::Message`] and [`Need::Stanza`].
    Message(Message),
    /// For [`Need::Seen`].
    Seen(Timestamp),
    /// For [`Need::Peer`].
    Peer(Peer),
    /// For [`Need::Options`].
    Options(Options),
    /// For [`Need::Avatar`].
    Avatar(Avatar),
    /// For [`Need::WaitingOf`].
    Waiting(Vec<WaitingJob>),
    /// For [`Need::Waiting`] and [`Need::LastOf`].
    Job(Box<Job>),
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
    /// How a local user wants the mails of a contact, or of all contacts; forgotten where it says nothing.
    Options(BareJid, Option<MailAddress>, Options),
    /// The picture that a local user sees of a contact; `None` where there is none any more.
    Avatar(BareJid, MailAddress, Option<Avatar>),
}

/// A decision asked for rows that were not loaded yet: at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub Vec<Need>);

/// The rows loaded so far, with the changes of the batch on top.
#[derive(Clone, Debug, Default)]
pub struct Context {
    rows: BTreeMap<Need, Option<Row>>,
    /// What is asked for and was not loaded, while [`Context::ask`] lets a decision ask.
    asked: Option<RefCell<BTreeSet<Need>>>,
    /// What came of the operation of the decision that is made once more.
    told: Option<(Operation, OperationResult)>,
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

    /// What is decided; else the rows that have to be loaded first. Rows that were not loaded count as absent until the decision
    /// ends, and are named together, so that they are loaded in one go and not one after the other. What depends on a row that is
    /// there is asked for when it is.
    ///
    /// # Errors
    /// The rows: at least one.
    pub fn ask<T>(
        &mut self,
        decide: impl FnOnce(&Self) -> Result<T, Missing>,
    ) -> Result<T, Vec<Need>> {
        self.asked = Some(RefCell::default());
        let decided = decide(self);
        let asked = self.asked.take().map(RefCell::into_inner);
        let asked = asked.unwrap_or_default();
        match asked.is_empty() {
            true => decided.map_err(|Missing(needs)| needs),
            false => Err(asked.into_iter().collect()),
        }
    }

    /// Rows were missing already: the decision is made once more, and nothing of this one is seen. What takes long and asks for no
    /// row may be left out.
    pub fn is_incomplete(&self) -> bool {
        let asked = self.asked.as_ref();
        asked.is_some_and(|asked| asked.try_borrow().is_ok_and(|asked| !asked.is_empty()))
    }

    /// What came of an operation, for the decision that has asked for it; `None` for every other one.
    pub fn tell(&mut self, told: Option<(Operation, OperationResult)>) {
        self.told = told;
    }

    /// What came of the operation that was asked for when the same was decided about before.
    pub fn told(&self) -> Option<&(Operation, OperationResult)> {
        self.told.as_ref()
    }

    /// Takes a row that the store was asked for; `None` where it has none. What a decision of this batch has written
    /// stays.
    pub fn insert(&mut self, need: Need, row: Option<Row>) {
        if let (Need::LastOf(_), Some(Row::Job(job))) = (&need, &row) {
            let by_id = Need::Waiting(job.id.clone());
            let job = Row::Job(job.clone());
            self.rows.entry(by_id).or_insert(Some(job));
        }
        self.rows.entry(need).or_insert(row);
    }

    /// Makes the rows as they will be after `writes`.
    pub fn apply(&mut self, writes: &[Write]) {
        for write in writes {
            self.apply_one(write);
        }
    }

    /// Makes the queue as it will be with these mails: new ones, or others in place of those that wait.
    pub fn accept(&mut self, mails: &[ComposedMail]) {
        for ComposedMail { job, .. } in mails {
            let row = Some(Row::Job(Box::new(job.clone())));
            let before = self.rows.insert(Need::Waiting(job.id.clone()), row.clone());
            if !matches!(before, Some(Some(_))) {
                self.rows
                    .insert(Need::LastOf(job.ordering_key.clone()), row);
            }
        }
    }

    /// Makes the queue as it will be when this mail leaves at that time.
    pub fn leave_at(&mut self, id: &JobId, at: Timestamp) {
        if let Some(Some(Row::Job(job))) = self.rows.get_mut(&Need::Waiting(id.clone())) {
            job.next_attempt = at;
        }
    }

    /// Makes the queue as it will be without this mail.
    pub fn withdraw(&mut self, id: &JobId) {
        self.rows.insert(Need::Waiting(id.clone()), None);
    }

    /// The mails that the queue keeps for whoever has this.
    pub fn kept(&self) -> Vec<JobId> {
        let kept = |need: &Need| match need {
            Need::Waiting(id) => Some(id.clone()),
            _ => None,
        };
        self.rows.keys().filter_map(kept).collect()
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
                self.relist(&user, &contact, Some(&row));
                self.rows
                    .insert(Need::Contact(user, contact), Some(Row::Contact(row)));
            }
            Write::RemoveContact(user, contact) => {
                self.relist(&user, &contact, None);
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
            Write::Options(user, contact, row) => {
                let row = (!row.is_empty()).then_some(Row::Options(row));
                self.rows.insert(Need::Options(user, contact), row);
            }
            Write::Avatar(user, contact, row) => {
                self.rows
                    .insert(Need::Avatar(user, contact), row.map(Row::Avatar));
            }
            Write::Cursor(..) | Write::Announced(..) => {}
        }
    }

    /// Keeps the list of a user's contacts as the store will have it.
    fn relist(&mut self, user: &BareJid, contact: &MailAddress, row: Option<&Contact>) {
        let need = Need::ContactsOf(user.clone());
        let Some(Some(Row::Contacts(list))) = self.rows.get_mut(&need) else {
            return;
        };
        list.retain(|(known, _)| known != contact);
        if let Some(row) = row {
            let place = list.partition_point(|(known, _)| known.key() < contact.key());
            list.insert(place, (contact.clone(), row.clone()));
        }
        list.truncate(CONTACTS_SCANNED_MAX.saturating_add(1));
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

    /// The contacts of a local user, in the order of their addresses: one more than [`CONTACTS_SCANNED_MAX`] at most.
    #[allow(clippy::missing_errors_doc)]
    pub fn contacts_of(&self, user: &BareJid) -> Result<&[(MailAddress, Contact)], Missing> {
        match self.get(Need::ContactsOf(user.clone()))? {
            Some(Row::Contacts(list)) => Ok(list),
            _ => Ok(&[]),
        }
    }

    /// The mails of a local user that wait to be sent, in the order of their acceptance.
    #[allow(clippy::missing_errors_doc)]
    pub fn waiting_of(&self, user: &BareJid) -> Result<&[WaitingJob], Missing> {
        match self.get(Need::WaitingOf(user.clone()))? {
            Some(Row::Waiting(list)) => Ok(list),
            _ => Ok(&[]),
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

    /// How a local user wants the mails of a contact: as said of it, else as said of all contacts.
    #[allow(clippy::missing_errors_doc)]
    pub fn options(&self, user: &BareJid, contact: &MailAddress) -> Result<Options, Missing> {
        let of = |contact| self.own_options(user, contact);
        let both = Self::all([Some(contact), None], of)?;
        Ok(both.into_iter().fold(Options::default(), Options::or))
    }

    /// What a local user has said of the mails of one contact, or of all.
    #[allow(clippy::missing_errors_doc)]
    pub fn own_options(
        &self,
        user: &BareJid,
        contact: Option<&MailAddress>,
    ) -> Result<Options, Missing> {
        let row = self.get(Need::Options(user.clone(), contact.cloned()))?;
        Ok(match row {
            Some(Row::Options(options)) => options.clone(),
            _ => Options::default(),
        })
    }

    /// The picture that a local user sees of a contact.
    #[allow(clippy::missing_errors_doc)]
    pub fn avatar(
        &self,
        user: &BareJid,
        contact: &MailAddress,
    ) -> Result<Option<&Avatar>, Missing> {
        match self.get(Need::Avatar(user.clone(), contact.clone()))? {
            Some(Row::Avatar(avatar)) => Ok(Some(avatar)),
            _ => Ok(None),
        }
    }

    /// A mail that waits in the queue, and of which nobody can have seen anything.
    #[allow(clippy::missing_errors_doc)]
    pub fn waiting(&self, id: &JobId) -> Result<Option<&Job>, Missing> {
        match self.get(Need::Waiting(id.clone()))? {
            Some(Row::Job(job)) => Ok(Some(job)),
            _ => Ok(None),
        }
    }

    /// The last mail with an ordering key, likewise.
    #[allow(clippy::missing_errors_doc)]
    pub fn last_of(&self, ordering_key: &str) -> Result<Option<&Job>, Missing> {
        match self.get(Need::LastOf(ordering_key.to_owned()))? {
            // As it is by now.
            Some(Row::Job(job)) => self.waiting(&job.id),
            _ => Ok(None),
        }
    }

    fn get(&self, need: Need) -> Result<Option<&Row>, Missing> {
        match (self.rows.get(&need), &self.asked) {
            (Some(row), _) => Ok(row.as_ref()),
            (None, None) => Err(Missing(vec![need])),
            (None, Some(asked)) => {
                if let Ok(mut asked) = asked.try_borrow_mut() {
                    asked.insert(need);
                }
                Ok(None)
            }
        }
    }
}
