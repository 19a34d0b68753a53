//! What is known of a file before it is put anywhere.

use crate::core::file::{self, FileFacts, Hosted};
use crate::core::from_mail::{Attachment, Inside};
use crate::system;

/// A file of a mail that was looked at from its beginning to its end.
pub(super) struct Seen {
    pub inside: Inside,
    pub facts: FileFacts,
    pub name: String,
    pub media_type: String,
}

impl Seen {
    /// `None` where nobody knows what is in it.
    pub(super) async fn of(attachment: Attachment) -> Option<Self> {
        let inside = attachment.content?;
        let pieces = inside.pieces();
        let facts = system::blocking(move || FileFacts::of(pieces)).await.ok()?;
        let facts = facts.inspect_err(|error| {
            tracing::warn!(%error, "a file of a mail cannot be read from the disk; it is only named");
        });
        let facts = facts.ok()?;
        let media_type = file::media_type(&facts.start, &attachment.media_type);
        let name = file::name(attachment.name.as_deref(), &media_type);
        Some(Self {
            inside,
            facts,
            name,
            media_type,
        })
    }

    /// Where it lies at this address.
    pub(super) fn at(&self, url: String) -> Hosted {
        Hosted::of(url, &self.name, &self.media_type, &self.facts)
    }
}
