//! A mail as it is decided about.

use crate::core::address::MailAddress;
use crate::core::file::Files;
use crate::core::from_mail;
use crate::core::notice::KeptAt;
use jid::BareJid;
use std::collections::BTreeMap;

/// A mail as the mailbox gave it.
#[derive(Clone, Debug)]
pub struct Arrived<'a> {
    /// What it says.
    pub mail: &'a from_mail::ParsedMail,
    /// Its size in the mailbox, in octets.
    pub octets: u64,
    /// Over the limit: only its header was read. The limit, in octets.
    pub over: Option<usize>,
    /// The mailbox is bound to this user: all in it is for them.
    pub bound: Option<&'a BareJid>,
    /// Who is shown no more for now, and why.
    pub waits: Option<&'a BTreeMap<BareJid, Wait>>,
    /// What is known of its files.
    pub files: Files<'a>,
    /// Whether it can be kept as it came ([`Decision::originals`](crate::core::decide::decision::Decision::originals)).
    pub may_be_kept: bool,
    /// The mailbox's own address: where an alias leads everyone's mail into it, `Delivered-To` says only that.
    pub own: Option<&'a MailAddress>,
}

/// Why a mail is not shown to a user yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// Another mail of its conversation is before it.
    Behind,
    /// The user is shown as many as are allowed (`[limits]`), and is told so.
    OverLimit,
}

impl Arrived<'_> {
    /// Those who are shown no more for now, and all others.
    pub(crate) fn parted(&self, users: Vec<BareJid>) -> (Vec<BareJid>, Vec<BareJid>) {
        let is_waiting = |user: &BareJid| self.waits.is_some_and(|waits| waits.contains_key(user));
        users.into_iter().partition(is_waiting)
    }

    /// Where the whole of it lies where a user is shown less. `has_page`: users can read here what is kept, and the mailbox of
    /// a whole domain is none that they could open.
    pub(crate) fn kept(&self, has_page: bool) -> KeptAt {
        match self.mail.kept() {
            KeptAt::Mailbox if self.may_be_kept && has_page => KeptAt::Here,
            KeptAt::Nowhere if self.may_be_kept => KeptAt::Here,
            kept => kept,
        }
    }

    /// Whether the user is shown as many as are allowed.
    pub(crate) fn is_over_limit(&self, user: &BareJid) -> bool {
        let wait = self.waits.and_then(|waits| waits.get(user));
        wait == Some(&Wait::OverLimit)
    }
}
