//! What is due: whom a user's presence is told to, by mails.

use crate::core::address::MailAddress;
use crate::core::limits;
use crate::core::record::{Announced, PresenceState};
use crate::core::time::Timestamp;
use jid::BareJid;

/// All mails of one user that are due at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fanout {
    /// Whose presence.
    pub user: BareJid,
    /// Its number, higher than that of every mail before; the same in all these mails.
    pub sequence: Timestamp,
    /// Until when the mails hold.
    pub expires: Timestamp,
    /// At least one, as the scheduler gives it.
    pub mails: Vec<Announcement>,
    /// What to remember for [`super::PresenceScheduler::restore`], to be made durable together with the mails; `None` in all shares but the last.
    /// Contacts that were told at different times are one here: `at` is of the first, so that it is repeated in time,
    /// `expires` of the last.
    pub announced: Option<Announced>,
}

impl Fanout {
    /// How many contacts are told.
    pub fn contacts(&self) -> usize {
        let contacts = self.mails.iter().map(|mail| mail.contacts.len());
        contacts.fold(0, usize::saturating_add)
    }

    /// The same in shares of at most [`limits::PRESENCE_RECIPIENTS_MAX`] contacts: each contact may take a mail of its own, and
    /// ten thousand mails are not made at once. What was announced is remembered with the last: whoever was told before a crash
    /// is told again.
    pub fn into_shares(mut self) -> Vec<Self> {
        let mut shares: Vec<Self> = Vec::new();
        let mut room = 0_usize;
        for mail in std::mem::take(&mut self.mails) {
            let left = room.checked_sub(mail.contacts.len());
            room = left.unwrap_or_else(|| {
                limits::PRESENCE_RECIPIENTS_MAX.saturating_sub(mail.contacts.len())
            });
            match shares.last_mut().filter(|_| left.is_some()) {
                Some(last) => last.mails.push(mail),
                None => shares.push(Self {
                    user: self.user.clone(),
                    mails: vec![mail],
                    announced: None,
                    ..self
                }),
            }
        }
        if let Some(last) = shares.last_mut() {
            last.announced = self.announced;
        }
        shares
    }
}

/// One mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Where it goes.
    pub domain: String,
    /// `None`: unavailable.
    pub state: Option<PresenceState>,
    /// Its recipients, all of this domain: at least one, at most [`limits::PRESENCE_RECIPIENTS_MAX`].
    pub contacts: Vec<MailAddress>,
}

/// One mail for each [`limits::PRESENCE_RECIPIENTS_MAX`] contacts.
pub(super) fn announcements(
    domain: &str,
    state: Option<&PresenceState>,
    contacts: Vec<MailAddress>,
) -> Vec<Announcement> {
    contacts
        .chunks(limits::PRESENCE_RECIPIENTS_MAX)
        .map(|contacts| Announcement {
            domain: domain.to_owned(),
            state: state.cloned(),
            contacts: contacts.to_vec(),
        })
        .collect()
}
