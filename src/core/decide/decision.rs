//! What a decision says is to be done, and what becomes of the mail that it is about.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Write};
use crate::core::file::Upload;
use crate::core::id::{JobId, OriginalId};
use crate::core::job::{ComposedMail, Job};
use crate::core::language::Language;
use crate::core::operation::Operation;
use crate::core::record::{Contact, PresenceState};
use crate::core::sessions::SessionNote;
use crate::core::time::Timestamp;
use crate::core::xml;
use jid::{BareJid, Jid};
use minidom::Element;
use std::collections::BTreeSet;

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

/// What is to be done, in this order: the mails go into the spool, the writes into the store, then the stanzas leave.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// Mails to be accepted into the spool.
    pub mails: Vec<ComposedMail>,
    /// When mails that wait for more lines leave, where that has changed without them.
    pub leaving: Vec<(JobId, Timestamp)>,
    /// Mails that leave the queue unsent, without a word to anybody.
    pub withdrawn: Vec<Job>,
    /// Mails of the same kind that are better lost than sent twice.
    pub at_most_once: Vec<AtMostOnce>,
    /// Changes of the store.
    pub writes: Vec<Write>,
    /// Stanzas to be sent.
    pub stanzas: Vec<Element>,
    /// Whose files are to be put where first; then the decision is made again. Where that is not possible, this one holds.
    pub upload: Option<Upload>,
    /// What is to be done about a mail that waits: before all else, and then the decision is made again, knowing what came of it.
    pub operation: Option<Operation>,
    /// The session of a command that this is about.
    pub session: Option<Box<SessionNote>>,
    /// For whom the mail is kept as it came, before the stanzas leave: for those who are not shown all of it.
    pub originals: Vec<KeepOriginal>,
    /// Addresses among the recipients of the mails to which the user has never written.
    pub strangers: usize,
    /// What is to be told to contacts on other gateways of the presence of local users, all in good time.
    pub presence: Vec<PresenceUpdate>,
    /// Whether a mail is from whom it says, as far as anybody can say.
    pub is_believed: bool,
    /// Users for whom such a mail is from somebody with whom they have had to do.
    pub acquainted: BTreeSet<BareJid>,
    /// Users who are told, each by one of the stanzas, that a mail is not shown whose sender is in doubt.
    pub held: BTreeSet<BareJid>,
    /// Why a mail is left where it is ([`Fate::Left`]).
    pub left: Option<Left>,
    /// Of which of its users that is true; where nobody is named, of all.
    pub left_by: BTreeSet<BareJid>,
    /// In which language its user is told something, for what is said in place of it.
    pub language: Language,
    /// What an administrator may want to read in the log.
    pub notes: Vec<String>,
}

/// A mail that a program writes for a user, as far as the user may send any: what says that it was written is committed first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtMostOnce {
    /// Whose it is.
    pub user: BareJid,
    /// The mail.
    pub mail: ComposedMail,
    /// That it was written.
    pub written: Write,
}

/// A mail is kept as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepOriginal {
    /// Under this name.
    pub id: OriginalId,
    /// For this user.
    pub user: BareJid,
}

/// Why a mail is not shown, or not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// None of its recipients is a user.
    Nobody,
    /// The configuration does not allow its sender.
    Denied,
    /// Its recipient has not accepted its sender yet, of whom enough waits.
    Unaccepted,
    /// It has passed too many gateways.
    Loop,
    /// Its sender failed authentication, which its recipients are told.
    Forged,
    /// Its sender is not verified, where that is required; its recipients are told.
    Unverified,
    /// Too much in it, or more of it than servers take as a stanza.
    TooBig,
    /// It cannot be read.
    Unreadable,
    /// The gateway failed on it by a defect and keeps it for the admin.
    SetAside,
}

/// Something about the presence of a local user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresenceUpdate {
    /// A resource of the user is there, or (`None`) no longer, for this contact.
    Presence {
        /// The resource.
        from: Jid,
        /// The contact.
        contact: MailAddress,
        /// What it shows.
        state: Option<PresenceState>,
    },
    /// The contact no longer knows what it was told.
    Again {
        /// The local user.
        user: BareJid,
        /// The contact.
        contact: MailAddress,
    },
    /// The contact is not told anything any more.
    Forget {
        /// The local user.
        user: BareJid,
        /// The contact.
        contact: MailAddress,
    },
}

impl Decision {
    /// Nothing is to be done.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Makes the rows and the queue as they will be when this is done.
    pub fn apply_to(&self, context: &mut Context) {
        context.apply(&self.writes);
        context.accept(&self.mails);
        for (id, at) in &self.leaving {
            context.leave_at(id, *at);
        }
        for job in &self.withdrawn {
            context.withdraw(&job.id);
        }
    }

    /// About how many octets of mails and stanzas it makes.
    pub fn weight(&self) -> usize {
        let mails = self.mails.iter().map(|mail| mail.bytes.len());
        let stanzas = self.stanzas.iter().map(xml::weight);
        mails.chain(stanzas).fold(0, usize::saturating_add)
    }

    /// Only answers.
    pub fn answer(stanzas: impl IntoIterator<Item = Element>) -> Self {
        Self {
            stanzas: stanzas.into_iter().collect(),
            ..Self::default()
        }
    }
}

/// A local user, a contact, and what is between them.
pub type Relation<'a> = (&'a BareJid, &'a MailAddress, &'a Contact);
