//! Whether a mail is from whom it says, and what it may do by that.

use crate::core::address::MailAddress;
use crate::core::authentication::{self, SenderVerdict};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::{Fate, Left};
use crate::core::from_mail::{self, Truncated};
use crate::core::id::MessageId;
use crate::core::language::Language;
use crate::core::notice::{self, HoldReason};
use crate::core::settings::{Speak, StanzaTrust};
use crate::core::signature::PublicKey;
use crate::core::time::Timestamp;
use jid::BareJid;

/// The version of [`crate::core::to_mail::BRIDGE`] that says: this mail comes from another gateway.
const BRIDGE_VERSION: &str = "v=1";

/// Whether another gateway wrote the mail.
pub(crate) fn is_bridge(mail: &from_mail::ParsedMail) -> bool {
    let first = |value: &str| value.split(';').next().map(str::trim) == Some(BRIDGE_VERSION);
    mail.bridge.as_deref().is_some_and(first)
}

/// What is known of the sender of a mail: judged once, and handed down.
#[derive(Debug)]
pub(crate) struct JudgedSender {
    /// What the mail may do.
    pub trust: SenderTrust,
    /// The mail is from the address in its `From`.
    pub is_verified: bool,
    /// Why the stanzas that it carries are not believed to be from there, as the end of a sentence; `None` where they are.
    pub doubt: Option<String>,
}

impl JudgedSender {
    pub(crate) fn of(decider: Decider<'_>, mail: &from_mail::ParsedMail) -> Self {
        let is_verified = is_verified(decider, mail);
        Self {
            trust: SenderTrust::of(decider, mail, is_verified),
            is_verified,
            doubt: doubt(decider, mail),
        }
    }
}

/// Why the stanzas that a mail carries are not believed, as the end of a sentence; `None` where they are. Never those that
/// came through a list: whoever is behind it did not send them here. Nor those of a mail that two readers could take for
/// two, of which one was verified, or of which a part was not read. Nor those that are older than what is remembered of handled mails: anybody may have
/// kept them, to send them again.
fn doubt(decider: Decider<'_>, mail: &from_mail::ParsedMail) -> Option<String> {
    let Some(from) = mail.from.as_ref().map(|person| &person.address) else {
        return Some("it has no sender that could be read".to_owned());
    };
    if mail.several_from {
        return Some("it could be from several senders".to_owned());
    }
    match mail.cut {
        Some(Truncated::Header) => return Some("its header is longer than is read".to_owned()),
        Some(Truncated::Recipients) => {
            return Some("it has more recipients than are read".to_owned());
        }
        None => {}
    }
    if mail.bulk {
        return Some("it came through a list, or to many".to_owned());
    }
    if mail.has_doubled_fields {
        return Some("fields that a mail has once are there several times".to_owned());
    }
    let is_forgotten = |date| decider.now.since(date) > decider.settings.remembered;
    if mail.date.is_none_or(is_forgotten) {
        return Some("it has no date, or one too long ago".to_owned());
    }
    match decider.settings.key_of(from) {
        Some(key) => match &mail.signature {
            None => Some("its sender signs with a key, and this is not signed".to_owned()),
            Some(signed) => signed
                .verify(&key, from.domain(), decider.now)
                .err()
                .map(|bad| bad.to_string()),
        },
        None if decider.settings.trust.stanza == StanzaTrust::Off => None,
        None => doubt_of_server(decider, mail),
    }
}

/// The same by what our own mail server says.
fn doubt_of_server(decider: Decider<'_>, mail: &from_mail::ParsedMail) -> Option<String> {
    let authserv_ids = &decider.settings.trust.authserv_ids;
    let why = match authentication::verdict(mail, authserv_ids) {
        SenderVerdict::Verified => return None,
        SenderVerdict::Failed => "its sender failed authentication",
        SenderVerdict::Unknown if mail.is_signed_in_part => {
            "a DKIM signature of it leaves out its recipients, its date or a part of its body"
        }
        SenderVerdict::Unknown if authserv_ids.is_empty() => {
            "the configuration names neither authserv_ids nor a key of its sender"
        }
        SenderVerdict::Unknown => "its sender is not verified",
    };
    Some(why.to_owned())
}

/// Whether a mail is from the address in its `From`: signed with the key that the configuration has for it; where it has
/// none, so our own mail server says.
fn is_verified(decider: Decider<'_>, mail: &from_mail::ParsedMail) -> bool {
    let is_clear = !mail.several_from && mail.cut.is_none();
    let from = mail.from.as_ref().filter(|_| is_clear);
    let Some(address) = from.map(|person| &person.address) else {
        return false;
    };
    match decider.settings.key_of(address) {
        Some(key) => signed_with(&key, mail, address, decider.now),
        None => {
            authentication::verdict(mail, &decider.settings.trust.authserv_ids)
                == SenderVerdict::Verified
        }
    }
}

/// Whether a mail pretends to be signed with the key that the configuration has for its sender.
fn is_signed_badly(decider: Decider<'_>, mail: &from_mail::ParsedMail) -> bool {
    let from = mail.from.as_ref().map(|person| &person.address);
    let key = from.and_then(|from| Some((from, decider.settings.key_of(from)?)));
    key.is_some_and(|(from, key)| {
        mail.signature.is_some() && !signed_with(&key, mail, from, decider.now)
    })
}

fn signed_with(
    key: &PublicKey,
    mail: &from_mail::ParsedMail,
    from: &MailAddress,
    now: Timestamp,
) -> bool {
    let signed = mail.signature.as_ref();
    signed.is_some_and(|signed| signed.verify(key, from.domain(), now).is_ok())
}

/// What a mail may do, by what is known of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SenderTrust {
    /// It is from whom it says, or nobody could say.
    Believed,
    /// It may be from anybody, and nobody asks.
    Unasked,
    /// It is shown, and says that its sender is not verified.
    Marked,
    /// It is not shown.
    Held(HoldReason),
}

impl SenderTrust {
    fn of(decider: Decider<'_>, mail: &from_mail::ParsedMail, is_verified: bool) -> Self {
        let trust = &decider.settings.trust;
        if is_verified {
            return Self::Believed;
        }
        let from = mail.from.as_ref().map(|person| &person.address);
        let is_asked = from.is_some_and(|from| decider.settings.key_of(from).is_some());
        if !trust.is_on() && (trust.speak == Speak::Off || !is_asked) {
            let can_be_asked = is_asked || !trust.authserv_ids.is_empty();
            return match can_be_asked {
                true => Self::Unasked,
                false => Self::Believed,
            };
        }
        let is_forged = is_signed_badly(decider, mail);
        match authentication::verdict(mail, &trust.authserv_ids) {
            _ if mail.cut == Some(Truncated::Header) => Self::Held(HoldReason::Unread),
            SenderVerdict::Failed => Self::Held(HoldReason::Failed),
            _ if is_forged => Self::Held(HoldReason::Failed),
            SenderVerdict::Verified => Self::Believed,
            SenderVerdict::Unknown if trust.speak == Speak::Mark => Self::Marked,
            SenderVerdict::Unknown => Self::Held(HoldReason::Unverified),
        }
    }

    /// Whether it counts as mail of the address in its `From`.
    pub(crate) fn is_believed(self) -> bool {
        matches!(self, Self::Believed | Self::Unasked)
    }

    /// What becomes of the mail, which comes again for those who wait.
    pub(crate) fn fate_with(self, waiting: &[BareJid]) -> Fate {
        match self {
            _ if !waiting.is_empty() => Fate::Later,
            Self::Believed | Self::Unasked | Self::Marked => Fate::Handled,
            Self::Held(_) => Fate::Left,
        }
    }

    /// Why a mail is not shown then.
    pub(crate) fn left(self) -> Option<Left> {
        match self {
            Self::Believed | Self::Unasked | Self::Marked => None,
            Self::Held(HoldReason::Failed) => Some(Left::Forged),
            Self::Held(HoldReason::Unverified) => Some(Left::Unverified),
            Self::Held(HoldReason::Unread) => Some(Left::TooBig),
        }
    }

    /// What stands on top of a mail that begins or continues no conversation.
    pub(crate) fn marks(self, language: Language) -> Vec<String> {
        let mark = (self == Self::Marked).then(|| notice::unverified(language));
        mark.into_iter().collect()
    }

    /// A forger may know the Message-ID of a mail that is still to come: what is not believed has ids of its own, and
    /// takes nothing away from what is.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Believed => "message",
            Self::Unasked => "unasked",
            Self::Marked => "unverified",
            Self::Held(_) => "held",
        }
    }

    /// Under which a mail is remembered. Whoever got a copy knows its Message-ID, and may write to the others first: so
    /// what one sends takes nothing away from what another does. Some devices and shops give all their mails one
    /// Message-ID, so date, subject and body count, too.
    pub(crate) fn key(self, from: &str, mail: &from_mail::ParsedMail) -> MessageId {
        let (kind, id, digest) = (self.kind(), &mail.message_id, &mail.digest);
        MessageId::of_raw(format!("{kind} {from} {id} {digest}").as_bytes())
    }
}
