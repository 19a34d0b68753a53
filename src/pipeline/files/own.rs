//! Files that the upload service does not take, or where there is none: the gateway keeps them itself, at an address of its own.

use super::seen::Seen;
use crate::core::decide::decision::KeepOriginal;
use crate::core::file::{self, Hosted};
use crate::core::id::{IdKey, JobId, MessageId, OriginalId, StanzaId};
use crate::core::time::Timestamp;
use crate::store::originals::Originals;
use crate::system;
use jid::BareJid;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::Arc;

/// Where they lie.
#[derive(Clone, Debug)]
pub struct OwnFiles {
    /// The folder.
    pub kept: Arc<Originals>,
    /// The address under which users reach it, without a slash at its end.
    pub public_url: String,
    /// What makes names that nobody can guess.
    pub key: IdKey,
}

/// A file of a mail.
pub(super) struct OwnFile<'a> {
    pub mail: &'a JobId,
    /// Its place in the mail.
    pub place: usize,
    pub user: &'a BareJid,
}

impl OwnFiles {
    /// Some clients know what a file is by how its address ends.
    fn url(&self, id: &OriginalId, name: &str) -> Option<String> {
        let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC).to_string();
        let encoded = encoded
            .replace("%2E", ".")
            .replace("%2D", "-")
            .replace("%5F", "_");
        file::url(&format!("{}/f/{}/{encoded}", self.public_url, id.as_str()))
    }

    /// Keeps what the gateway itself has written for a user. Its name among what is kept, its address, and until when it is there;
    /// `None`: there is no room for it.
    pub(in crate::pipeline) async fn write(
        &self,
        user: &BareJid,
        about: &str,
        (name, octets): (&str, Vec<u8>),
    ) -> Option<(OriginalId, String, Timestamp)> {
        let about = MessageId::of_raw(about.as_bytes());
        let id = OriginalId::derive(&self.key, user, &StanzaId::derive(&about, user, "own"));
        let url = self.url(&id, name)?;
        let original = KeepOriginal {
            id: id.clone(),
            user: user.clone(),
        };
        let (kept, now, wanted) = (Arc::clone(&self.kept), Timestamp::now(), id.clone());
        let done = system::blocking(move || {
            kept.keep(&[original], &octets, now)?;
            kept.open(&wanted, now)
        });
        match done.await {
            Ok(Ok(kept)) => Some((id, url, kept?.until)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a file for a user is not kept");
                None
            }
            Err(_) => None,
        }
    }

    /// Keeps a file; `None` where there is no room for it. The same file of the same mail has the same address again.
    pub(super) async fn put(&self, which: OwnFile<'_>, known: &Seen) -> Option<Hosted> {
        let id = OriginalId::of_file(&self.key, which.user, which.mail, which.place);
        let url = self.url(&id, &known.name)?;
        let hosted = known.at(url);
        let original = KeepOriginal {
            id,
            user: which.user.clone(),
        };
        let (kept, inside) = (Arc::clone(&self.kept), known.inside.clone());
        let done = system::blocking(move || kept.keep(&[original], &inside, Timestamp::now()));
        match done.await {
            Ok(Ok(())) => Some(hosted),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a file of a mail is not kept");
                None
            }
            Err(_) => None,
        }
    }
}
