//! Who a mail is for.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing};
use crate::core::decide::decider::Decider;
use crate::core::decide::inbound::arrived::Arrived;
use crate::core::decide::lookup;
use crate::core::from_mail;
use crate::core::limits::{MAIL_ADDRESSES_MAX, MAIL_USERS_MAX, REPORT_USERS_MAX};
use jid::BareJid;
use std::collections::BTreeSet;

/// Who a mail is for.
pub(crate) struct Recipients {
    /// At most [`MAIL_USERS_MAX`].
    pub users: Vec<BareJid>,
    /// So many more would have it.
    pub left_out: usize,
    /// Where the header was asked who they are.
    pub named: Option<NamedUsers>,
}

/// The users whom the header names, of its first addresses.
pub(crate) struct NamedUsers {
    pub to: BTreeSet<BareJid>,
    /// All of them, in the order of the header.
    pub all: Vec<BareJid>,
}

impl NamedUsers {
    /// Each address is looked up once: that is most of the work of a mail to very many.
    pub(crate) fn of(decider: Decider<'_>, mail: &from_mail::ParsedMail) -> Result<Self, Missing> {
        let to = mail.to.iter().map(|person| (true, &person.address));
        let cc = mail.cc.iter().map(|person| (false, &person.address));
        let named = to.chain(cc).take(MAIL_ADDRESSES_MAX);
        let users = Context::all(named, |(is_to, address)| {
            let user = lookup::user_of(decider, address)?;
            Ok(user.map(|user| (is_to, user)))
        })?;
        let users: Vec<(bool, BareJid)> = users.into_iter().flatten().collect();
        let to = users.iter().filter(|(is_to, _)| *is_to);
        Ok(Self {
            to: to.map(|(_, user)| user.clone()).collect(),
            all: each_once(users.into_iter().map(|(_, user)| user)),
        })
    }
}

/// Who a mail is for: the user of a bound mailbox; else the envelope recipients; else whom the header names. Where the
/// envelope recipient is known, the header is not asked: anybody can write anybody's name into it.
pub(crate) fn local_users(
    decider: Decider<'_>,
    arrived: &Arrived<'_>,
) -> Result<Recipients, Missing> {
    let (mut users, named) = match envelope_users(decider, arrived)? {
        Some(users) => (users, None),
        None => {
            let named = NamedUsers::of(decider, arrived.mail)?;
            (named.all.clone(), Some(named))
        }
    };
    let left_out = users.len().saturating_sub(MAIL_USERS_MAX);
    users.truncate(MAIL_USERS_MAX);
    Ok(Recipients {
        users,
        left_out,
        named,
    })
}

/// The users among the envelope recipients; `None` where nothing says who those are.
fn envelope_users(
    decider: Decider<'_>,
    arrived: &Arrived<'_>,
) -> Result<Option<Vec<BareJid>>, Missing> {
    if let Some(user) = arrived.bound {
        return Ok(Some(vec![user.clone()]));
    }
    if let Some(recipients) = &arrived.mail.envelope {
        return users_of(decider, recipients.iter()).map(Some);
    }
    let is_other = |address: &&MailAddress| Some(*address) != arrived.own;
    let lists = arrived.mail.envelope_to.iter();
    let known = Context::all(lists.clone(), |recipients| {
        let recipients = recipients.iter().filter(is_other);
        users_of(decider, recipients)
    })?;
    let users = known.into_iter().find(|users| !users.is_empty());
    let mut all = lists.flatten().filter(is_other);
    Ok(match users {
        Some(users) => Some(users),
        None => all
            .any(|address| decider.settings.rules.serves(address))
            .then(Vec::new),
    })
}

/// Whose mails a report may be about: it goes to the reverse path of one.
pub(crate) fn reported_users(
    decider: Decider<'_>,
    arrived: &Arrived<'_>,
) -> Result<Vec<BareJid>, Missing> {
    let mut users = match envelope_users(decider, arrived)? {
        Some(users) => users,
        None => {
            let named = arrived.mail.to.iter().take(REPORT_USERS_MAX);
            users_of(decider, named.map(|person| &person.address))?
        }
    };
    users.truncate(REPORT_USERS_MAX);
    Ok(users)
}

/// Whom the mail is to. A gateway writes presence and subscriptions to nobody else, and a `To` cannot be added to what is
/// signed, while a `Cc` often can (RFC 6376 §8.15).
pub(crate) fn addressed_users(
    decider: Decider<'_>,
    mail: &from_mail::ParsedMail,
) -> Result<Vec<BareJid>, Missing> {
    let named = mail.to.iter().map(|person| &person.address);
    users_of(decider, named)
}

fn users_of<'a>(
    decider: Decider<'_>,
    addresses: impl Iterator<Item = &'a MailAddress>,
) -> Result<Vec<BareJid>, Missing> {
    let users = Context::all(addresses.take(MAIL_ADDRESSES_MAX), |address| {
        lookup::user_of(decider, address)
    })?;
    Ok(each_once(users.into_iter().flatten()))
}

fn each_once(users: impl Iterator<Item = BareJid>) -> Vec<BareJid> {
    let mut known = BTreeSet::new();
    let is_new = |user: &BareJid| known.insert(user.clone());
    users.filter(is_new).collect()
}
