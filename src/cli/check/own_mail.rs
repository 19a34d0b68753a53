//! The mail that `check --send` sends.

use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use chrono::Utc;
use ring::rand::{SecureRandom, SystemRandom};

/// Before the `@` of the Message-IDs of these mails, after so many random digits.
const MARK: &str = ".check";
const RANDOM_DIGITS: usize = 32;

/// Whether a mail is one of these, which came too late to be deleted.
pub(super) fn is_own(id: &MessageId) -> bool {
    let (local, _) = id.as_str().split_once('@').unwrap_or_default();
    let random = local.strip_suffix(MARK).unwrap_or_default();
    random.len() == RANDOM_DIGITS && random.bytes().all(|octet| octet.is_ascii_hexdigit())
}

/// A mail of a machine, which nobody answers (RFC 3834).
pub(super) fn written(address: &MailAddress) -> Option<(MessageId, String)> {
    let mut random = [0_u8; 16];
    SystemRandom::new().fill(&mut random).ok()?;
    let random: String = random.iter().map(|octet| format!("{octet:02x}")).collect();
    let id = MessageId::parse(&format!("<{random}{MARK}@{}>", address.domain()))?;
    let date = Utc::now().to_rfc2822();
    let text = format!(
        "From: <{address}>\r\nTo: <{address}>\r\nSubject: stanzamail check\r\nDate: {date}\r\nMessage-ID: {}\r\n\
         Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n\
         `stanzamail check --send` sent this and deletes it.\r\n",
        id.in_brackets()
    );
    Some((id, text))
}
