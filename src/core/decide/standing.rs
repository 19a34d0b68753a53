//! What a mail may do, by what is known of its sender.

use super::incoming::Fate;
use super::peer;
use crate::core::address::MailAddress;
use crate::core::authentication::{self, Verdict};
use crate::core::from_mail;
use crate::core::id::MessageId;
use crate::core::notice;
use crate::core::settings::{Settings, Speak};
use crate::core::time::Timestamp;
use jid::BareJid;

/// What a mail may do, by what is known of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is from whom it says, or nobody could say.
    Believed,
    /// It may be from anybody, and nobody asks.
    Unasked,
    /// It is shown, and says that its sender is not verified.
    Marked,
    /// It is not shown; whether because it failed.
    Held { has_failed: bool },
}

impl Standing {
    pub(super) fn of(settings: &Settings, mail: &from_mail::Mail, now: Timestamp) -> Self {
        let trust = &settings.trust;
        if peer::is_verified(settings, mail, now) {
            return Self::Believed;
        }
        let from = mail.from.as_ref().map(|person| &person.address);
        let is_asked = from.is_some_and(|from| settings.key_of(from).is_some());
        if !trust.is_on() && (trust.speak == Speak::Off || !is_asked) {
            let can_be_asked = is_asked || !trust.authserv_ids.is_empty();
            return match can_be_asked {
                true => Self::Unasked,
                false => Self::Believed,
            };
        }
        let is_forged = is_asked && mail.signature.is_some();
        match authentication::verdict(mail, &trust.authserv_ids) {
            _ if is_forged => Self::Held { has_failed: true },
            Verdict::Verified => Self::Believed,
            Verdict::Unknown if trust.speak == Speak::Mark => Self::Marked,
            verdict => Self::Held {
                has_failed: verdict == Verdict::Failed,
            },
        }
    }

    /// What becomes of the mail, which comes again for those who wait.
    pub(super) fn fate_with(self, waiting: &[BareJid]) -> Fate {
        match self {
            _ if !waiting.is_empty() => Fate::Later,
            Self::Believed | Self::Unasked | Self::Marked => Fate::Handled,
            Self::Held { .. } => Fate::Left,
        }
    }

    /// A forger may know the Message-ID of a mail that is still to come: what is not believed has ids of its own, and
    /// takes nothing away from what is.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Believed => "message",
            Self::Unasked => "unasked",
            Self::Marked => "unverified",
            Self::Held { .. } => "held",
        }
    }

    /// Under which a mail is remembered. Whoever got a copy knows its Message-ID, and may write to the others first: so
    /// what one sends takes nothing away from what another does.
    pub(super) fn key(self, from: &MailAddress, id: &MessageId) -> MessageId {
        MessageId::of_raw(format!("{} {} {id}", self.kind(), from.key()).as_bytes())
    }

    pub(super) fn marked(self, text: String) -> String {
        match self {
            Self::Marked => format!("{}\n{text}", notice::UNVERIFIED),
            _ => text,
        }
    }
}
