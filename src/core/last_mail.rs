//! What is known of the last mail of a contact, for whoever wants to see all of it.

use crate::core::id::{OriginalId, StanzaId};
use crate::core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The last mail of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMail {
    /// The message that it became.
    pub stanza_id: StanzaId,
    /// When it came.
    pub at: Timestamp,
    /// The user was shown all of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_whole: bool,
    /// Nobody could verify its sender.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unverified: bool,
    /// Its files that the gateway keeps itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<OriginalId>,
}
