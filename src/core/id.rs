//! Identifiers: newtypes with private fields, so that none can be taken for another, and the pure functions that
//! derive one side's identifier from the other's (a retried stanza gives the same mail, a replayed mail the same stanza).

use crate::core::address::MailAddress;
use jid::BareJid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;

/// The longest Message-ID that is taken from a mail, in octets (a header line ends at 998, RFC 5322 §2.1.1).
const MESSAGE_ID_OCTETS_MAX: usize = 900;
/// The longest stanza or thread id that is taken from a stanza, in octets.
pub(crate) const STANZA_ID_OCTETS_MAX: usize = 1024;

/// How the ids end that are hashes of bytes.
const MADE_UP: &str = "@no-message-id.invalid";

/// Names that mix these bytes into every derived Message-ID, so that an outsider who knows a stanza cannot guess it.
pub type IdKey = [u8; 32];

/// Who writes to whom.
#[derive(Clone, Copy, Debug)]
pub struct Correspondents<'a> {
    /// The local user.
    pub from: &'a BareJid,
    /// The address or the domain that the mail is for.
    pub to: &'a str,
    /// The user's mail address.
    pub sender: &'a MailAddress,
}

/// The content of a `Message-ID` header without the angle brackets: `left@right` (RFC 5322 §3.6.4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// How the Message-IDs begin of mails that only gateways read: presence and subscriptions. A report about one of
    /// them is nothing for a person.
    pub const MACHINE_PREFIXES: [&str; 2] = ["presence.", "subscription."];

    /// Whether a mail with this id is for gateways only.
    pub fn is_machine(&self) -> bool {
        Self::MACHINE_PREFIXES
            .iter()
            .any(|prefix| self.0.starts_with(prefix))
    }

    /// Takes what a header holds, with or without angle brackets. `None` where it is empty, too long, or has
    /// characters that could not be written back into a header.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('<').unwrap_or(text);
        let text = text.strip_suffix('>').unwrap_or(text);
        let fits = !text.is_empty() && text.len() <= MESSAGE_ID_OCTETS_MAX;
        (fits
            && text
                .bytes()
                .all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>'))
        .then(|| Self(text.to_owned()))
    }

    /// The Message-ID of the mail that a stanza becomes: a keyed hash of (from, to, stanza id, kind), at the sender's
    /// mail domain.
    pub fn derive(key: &IdKey, who: Correspondents<'_>, stanza_id: &str, kind: &str) -> Self {
        let hash = digest(&[
            key,
            who.from.as_str().as_bytes(),
            who.to.as_bytes(),
            stanza_id.as_bytes(),
            kind.as_bytes(),
        ]);
        let hash = hex(hash.get(..20).unwrap_or(&hash));
        Self(format!("{hash}@{}", who.sender.domain()))
    }

    /// The Message-ID of a mail that only gateways read: `about` is one of [`MessageId::MACHINE_PREFIXES`] without its dot.
    pub fn derive_machine(
        key: &IdKey,
        who: Correspondents<'_>,
        about: &str,
        what: &[&str],
    ) -> Self {
        let id = Self::derive(key, who, &content_digest(what), about);
        Self(format!("{about}.{}", id.0))
    }

    /// Whether it looks like one of [`MessageId::derive`] for a sender of this mail domain.
    pub fn is_derived_at(&self, domain: &str) -> bool {
        let is_hash = |hash: &str| hash.len() == 40 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let parts = self.0.split_once('@');
        parts.is_some_and(|(hash, at)| is_hash(hash) && at.eq_ignore_ascii_case(domain))
    }

    /// The identity of a mail that has no usable Message-ID: the hash of its bytes.
    pub fn of_raw(raw: &[u8]) -> Self {
        Self(format!("sha256.{}{MADE_UP}", hex(&Sha256::digest(raw))))
    }

    /// The same of a mail that comes in pieces.
    ///
    /// # Errors
    /// Of the first that cannot be read.
    pub fn of_pieces(pieces: impl Iterator<Item = io::Result<Vec<u8>>>) -> io::Result<Self> {
        let mut digest = Sha256::new();
        for piece in pieces {
            digest.update(piece?);
        }
        Ok(Self(format!("sha256.{}{MADE_UP}", hex(&digest.finalize()))))
    }

    /// Whether it is one of [`MessageId::of_raw`], which nobody else knows.
    pub fn is_made_up(&self) -> bool {
        self.0.ends_with(MADE_UP)
    }

    /// Without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With angle brackets, as a header holds it.
    pub fn in_brackets(&self) -> String {
        format!("<{}>", self.0)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The `id` (or XEP-0359 origin-id) of a stanza.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StanzaId(String);

impl StanzaId {
    /// `None` where it is empty or unreasonably long.
    pub fn parse(text: &str) -> Option<Self> {
        (!text.is_empty() && text.len() <= STANZA_ID_OCTETS_MAX).then(|| Self(text.to_owned()))
    }

    /// The id of the stanza that a mail becomes for one local user: a replay carries the same one.
    pub fn derive(mail: &MessageId, recipient: &BareJid, kind: &str) -> Self {
        let hash = digest(&[
            mail.as_str().as_bytes(),
            recipient.as_str().as_bytes(),
            kind.as_bytes(),
        ]);
        Self(format!("m{}", hex(hash.get(..16).unwrap_or(&hash))))
    }

    /// As it stands in the stanza.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StanzaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The content of a stanza's `<thread/>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ThreadId(String);

impl ThreadId {
    /// `None` where it is empty or unreasonably long.
    pub fn parse(text: &str) -> Option<Self> {
        (!text.is_empty() && text.len() <= STANZA_ID_OCTETS_MAX).then(|| Self(text.to_owned()))
    }

    /// The thread that a mail without known ancestors opens: a hash of its Message-ID.
    pub fn derive(root: &MessageId) -> Self {
        let hash = digest(&[root.as_str().as_bytes()]);
        Self(format!("t{}", hex(hash.get(..12).unwrap_or(&hash))))
    }

    /// As it stands in the stanza.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a mail in the spool: safe as a file name, and the same for the same mail, so that accepting a retried
/// stanza a second time takes its own place.
// Its digits lie in it, not somewhere else in memory: a hundred thousand of them may wait.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId([u8; 32]);

impl JobId {
    /// A hash of the mail's Message-ID.
    pub fn derive(mail: &MessageId) -> Self {
        Self::of_hash(&digest(&[mail.as_str().as_bytes()]))
    }

    /// The id of all the mails that replace each other, by what they are about, e.g. `["presence", user, domain]`. Never
    /// one that [`JobId::derive`] gives.
    pub fn of_name(parts: &[&str]) -> Self {
        // The first field of a derived id is a Message-ID, which is never empty.
        let fields: Vec<&[u8]> = std::iter::once("")
            .chain(parts.iter().copied())
            .map(str::as_bytes)
            .collect();
        Self::of_hash(&digest(&fields))
    }

    /// Its first half.
    fn of_hash(hash: &[u8; 32]) -> Self {
        let mut digits = [b'0'; 32];
        for (digit, of_hash) in digits.iter_mut().zip(hex(hash).into_bytes()) {
            *digit = of_hash;
        }
        Self(digits)
    }

    /// Takes what stands in a file name: 32 lower-case hexadecimal digits, else `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 32] = text.as_bytes().try_into().ok()?;
        let fits = digits
            .iter()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        fits.then_some(Self(digits))
    }

    /// 32 lower-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The name of a mail that is kept as it came, for one user. Whoever knows it may read the mail, and nobody can guess it: it is 128
/// bits of a keyed hash, so that the same mail, read again after a crash, has the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OriginalId(JobId);

impl OriginalId {
    /// By the message that the mail became for a user.
    pub fn derive(key: &IdKey, user: &BareJid, message: &StanzaId) -> Self {
        let (user, message) = (user.as_str().as_bytes(), message.as_str().as_bytes());
        let hash = digest(&[key, b"original", user, message]);
        Self(JobId::of_hash(&hash))
    }

    /// The same of a file of a mail, by its place there.
    pub fn of_file(key: &IdKey, user: &BareJid, mail: &JobId, place: usize) -> Self {
        let place = place.to_string();
        let (user, mail) = (user.as_str().as_bytes(), mail.as_str().as_bytes());
        let hash = digest(&[key, b"file", user, mail, place.as_bytes()]);
        Self(JobId::of_hash(&hash))
    }

    /// The one that a link of the gateway's leads to: `…/m/ID`, `…/f/ID/a.png`. Whatever stands around it.
    pub fn in_link(text: &str) -> Option<Self> {
        const DIGITS: usize = 32;
        let pieces = ["/m/", "/f/"].map(|kind| text.split(kind).skip(1));
        let mut pieces = pieces.into_iter().flatten();
        pieces.find_map(|piece| {
            let id = Self::parse(piece.get(..DIGITS)?)?;
            let is_end = |c: char| !c.is_ascii_alphanumeric();
            piece
                .get(DIGITS..)?
                .chars()
                .next()
                .is_none_or(is_end)
                .then_some(id)
        })
    }

    /// Takes what stands in a link or a file name: 32 lower-case hexadecimal digits, else `None`.
    pub fn parse(text: &str) -> Option<Self> {
        JobId::parse(text).map(Self)
    }

    /// 32 lower-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<String> for JobId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("an id has 32 lower-case hexadecimal digits")
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a text says, as a short hexadecimal digest: tells a retried stanza from another one with the same id.
pub fn content_digest(fields: &[&str]) -> String {
    let bytes: Vec<&[u8]> = fields.iter().map(|field| field.as_bytes()).collect();
    let hash = digest(&bytes);
    hex(hash.get(..8).unwrap_or(&hash))
}

/// What only who has the key can make of these fields: 128 bits, in hexadecimal digits.
pub fn keyed_digest(key: &IdKey, fields: &[&str]) -> String {
    let fields = fields.iter().map(|field| field.as_bytes());
    let bytes: Vec<&[u8]> = std::iter::once(&key[..]).chain(fields).collect();
    let hash = digest(&bytes);
    hex(hash.get(..16).unwrap_or(&hash))
}

/// SHA-256 over length-prefixed fields, so that no two lists of fields give the same input.
fn digest(fields: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for field in fields {
        hasher.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(field);
    }
    hasher.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(
        String::with_capacity(bytes.len().saturating_mul(2)),
        |mut text, byte| {
            use fmt::Write;
            let _ = write!(text, "{byte:02x}");
            text
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_name_depends_on_each_part_and_is_none_of_a_mail() {
        let ids = [
            JobId::of_name(&["presence", "alice@a.example", "b.example"]),
            JobId::of_name(&["presence", "alice@a.example", "c.example"]),
            JobId::of_name(&["presence", "alice@a.exampleb.example"]),
            JobId::of_name(&["x"]),
            JobId::of_name(&[]),
            JobId::derive(&MessageId("x".to_owned())),
        ];
        let different: std::collections::BTreeSet<&JobId> = ids.iter().collect();
        assert_eq!(different.len(), ids.len());
        assert!(
            ids.iter()
                .all(|id| JobId::parse(id.as_str()).as_ref() == Some(id))
        );
        assert_eq!(ids[3], JobId::of_name(&["x"]));
    }
}
