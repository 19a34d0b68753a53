//! Receipts (XEP-0184).

use crate::core::id::{MessageId, StanzaId};
use crate::core::job::Origin;
use crate::core::to_stanza::receipt;

/// The receipt for a message (XEP-0184), with an id that is the same for the same message.
pub(crate) fn receipt_of(mail: &MessageId, origin: &Origin) -> Option<minidom::Element> {
    let received = origin.stanza_id.as_ref().filter(|_| origin.receipt)?;
    let id = StanzaId::derive(mail, &origin.user.to_bare(), "receipt");
    Some(receipt(
        &origin.contact,
        &origin.user,
        received,
        id.as_str(),
    ))
}
