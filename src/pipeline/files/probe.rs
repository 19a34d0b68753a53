//! For `check`: whether a file of a mail would get a place, and whether one that a user puts there would be fetched.

use super::FileUploader;
use super::service::{Disconnected, No};
use crate::core::file::NotHosted;
use crate::http;
use serde::{Deserialize, Serialize};

/// The local part of the contact that asks for a place, as every contact does.
const ASKS: &str = "stanzamail-check";

/// What is found of the upload service of an XMPP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum UploadService {
    /// It could not be asked: the stream to the XMPP server is not there.
    Unknown,
    /// The server names none.
    None,
    /// It gives contacts no place.
    Refuses {
        /// Its JID.
        service: String,
        /// Why: its own words, in quotation marks.
        why: String,
    },
    /// It gives contacts a place.
    Gives {
        /// Its JID.
        service: String,
        /// The most that it takes, in octets, where it says so.
        octets_max: Option<u64>,
        /// The host of its links.
        host: String,
        /// Why what users put there is not fetched; `None` where it is.
        not_fetched: Option<NotFetched>,
    },
}

/// Why a file that a user puts at the upload service stays a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotFetched {
    /// The address of its host is a private one, and `[http] fetch_from` does not name it.
    Private,
    /// There is no connection: a sentence.
    Unreachable(String),
}

impl FileUploader {
    /// Asks the upload service of a server for a place, and connects to where files lie there. Nothing is put.
    pub async fn probe(&self, server: &str) -> UploadService {
        match self.probed(server).await {
            Ok(found) => found,
            Err(Disconnected) => UploadService::Unknown,
        }
    }

    async fn probed(&self, server: &str) -> Result<UploadService, Disconnected> {
        let shared = &self.0;
        let Some(service) = shared.services.of(server).await? else {
            return Ok(UploadService::None);
        };
        let contact = format!("{ASKS}@{}", shared.link.domain());
        let file = ("check.txt", 1, "text/plain");
        let slot = match service.slot(&shared.link, &contact, file).await {
            Ok(slot) => slot,
            Err(No::Cut) => return Err(Disconnected),
            Err(No::Not(why)) => {
                let (service, why) = (service.jid().to_owned(), reason(&why));
                return Ok(UploadService::Refuses { service, why });
            }
        };
        let not_fetched = match shared.client.reach(&slot.get).await {
            Ok(()) => None,
            Err(http::Error::Closed(_)) => Some(NotFetched::Private),
            Err(error) => Some(NotFetched::Unreachable(error.to_string())),
        };
        Ok(UploadService::Gives {
            service: service.jid().to_owned(),
            octets_max: service.octets_max,
            host: http::host(&slot.get).unwrap_or_default(),
            not_fetched,
        })
    }
}

fn reason(why: &NotHosted) -> String {
    match why {
        NotHosted::Refused(words) => format!("“{words}”"),
        NotHosted::Silent => "it does not answer".to_owned(),
        NotHosted::TooLarge(_) => "it takes no file, however small".to_owned(),
        NotHosted::Named | NotHosted::OverLimit | NotHosted::PerMail => {
            "without a reason".to_owned()
        }
    }
}
