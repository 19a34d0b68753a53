//! The user's own contacts, as commands go through them.

use super::Call;
use crate::core::address::MailAddress;
use crate::core::context::Missing;
use crate::core::limits::CONTACTS_SCANNED_MAX;
use crate::core::record::Contact;

/// Contacts of the user.
pub(super) struct KnownContacts<'a> {
    /// Those with whom the user has had to do first, then all whom others have brought about by writing; each kind in the
    /// order of the addresses.
    pub contacts: Vec<&'a (MailAddress, Contact)>,
    /// There are more than were looked at.
    pub is_cut: bool,
}

/// [`CONTACTS_SCANNED_MAX`] of them at most: who is flooded by strangers has more rows than anybody reads.
pub(super) fn contacts<'a>(call: &Call<'a>) -> Result<KnownContacts<'a>, Missing> {
    let all = call.decider.rows.contacts_of(&call.user())?;
    let mut contacts: Vec<_> = all.iter().take(CONTACTS_SCANNED_MAX).collect();
    contacts.sort_by_key(|(_, known)| !known.is_acquainted());
    Ok(KnownContacts {
        contacts,
        is_cut: all.len() > CONTACTS_SCANNED_MAX,
    })
}
