//! Formats: how mails to an address are written, and what that can carry.

use crate::core::text::clean;
use serde::{Deserialize, Serialize};

/// How mails to an address are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people with a mail client.
    #[default]
    Mail,
    /// For another gateway like this one: readable text, and the stanza itself (RFC 3923).
    Xmpp,
    /// For Delta Chat without encryption, and other programs that show mails as a chat (`Chat-Version`).
    Chat,
}

/// What a contact can be sent, by the format that it understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// The mail carries the stanza itself, so that whatever else it says arrives as well: corrections, reactions, markers.
    pub stanzas: bool,
    /// The contact's own gateway speaks for it: presence and subscriptions go there and come from there.
    pub presence: bool,
    /// The contact's client gives receipts and markers of its own: nobody else gives any in its place.
    pub own_receipts: bool,
    /// A mail may hold nothing to read.
    pub without_text: bool,
    /// Files are attached to the mail; else their links are enough.
    pub attached_files: bool,
    /// How the contact is told what is done to a message (a reaction, a correction, a quotation).
    pub gestures: Gestures,
    /// Answers go where a mail asks for them (Reply-To); else to the contact alone.
    pub reply_to: bool,
    /// Several lines in one go become one mail.
    pub gathered: bool,
    /// A mail is a line of a chat: its subject is shown to nobody, and that it was read is told without asking anybody.
    pub chat: bool,
}

/// How a contact is told what is done to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gestures {
    /// By the stanza itself.
    Stanzas,
    /// By fields of the mail, which its program understands.
    Fields,
    /// In words.
    Words,
}

impl Format {
    /// The format of whatever carries stanzas, for mails that gateways write to each other.
    pub const OF_GATEWAYS: Self = Self::Xmpp;
    /// The format of whatever says that it shows mails as a chat.
    pub const OF_CHATS: Self = Self::Chat;

    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mail, Self::Xmpp, Self::Chat];

    /// What it can do: the only place that compares formats by name.
    pub fn features(self) -> Features {
        let (is_gateway, is_chat) = match self {
            Self::Mail => (false, false),
            Self::Xmpp => (true, false),
            Self::Chat => (false, true),
        };
        Features {
            stanzas: is_gateway,
            presence: is_gateway,
            own_receipts: is_gateway,
            without_text: is_gateway,
            attached_files: !is_gateway,
            gestures: match (is_gateway, is_chat) {
                (true, _) => Gestures::Stanzas,
                (_, true) => Gestures::Fields,
                _ => Gestures::Words,
            },
            reply_to: !is_gateway,
            gathered: !is_gateway && !is_chat,
            chat: is_chat,
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Mail => "mail",
            Self::Xmpp => "xmpp",
            Self::Chat => "chat",
        })
    }
}

impl std::str::FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "mail" => Ok(Self::Mail),
            "xmpp" => Ok(Self::Xmpp),
            "chat" => Ok(Self::Chat),
            other => Err(UnknownFormat(clean::for_header(other, 40))),
        }
    }
}

/// A word that names no [`Format`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is no format; it is mail (for people with a mail client), chat (for Delta Chat without encryption) or xmpp (for another gateway)"
)]
pub struct UnknownFormat(String);
