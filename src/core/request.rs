//! What waits of somebody whom the user has not accepted yet.

use crate::core::id::MessageId;
use crate::core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Somebody waits to be accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Since when.
    pub since: Timestamp,
    /// How the first mail begins.
    #[serde(default)]
    pub preview: String,
    /// The rows of the mails that are not shown, the oldest first; they hold the stanzas. None, where a mail was shown that
    /// would have answered the user's own request if anybody could verify it.
    #[serde(default)]
    pub kept: Vec<MessageId>,
    /// What these have together, in octets.
    #[serde(default)]
    pub octets: usize,
    /// So many more came, which are not kept here.
    #[serde(default)]
    pub left: u32,
    /// The user's client was asked, by a request for the user's presence.
    #[serde(default)]
    pub is_asked: bool,
    /// Nobody could verify that the last kept mail is from there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unverified: bool,
}
