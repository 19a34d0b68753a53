//! A key for each peer that both gateways configured: for those who have no DKIM. One signs its mails with Ed25519, the
//! other knows the public key and verifies.
//!
//! The field `XMPP-Bridge-Signature` is a DKIM-Signature (RFC 6376) with the algorithm `ed25519-sha256` (RFC 8463) in all
//! but one thing: the key is configured and not in DNS. Hence a name of its own.
//!
//! ```text
//! XMPP-Bridge-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
//!     d=chat.b.example; t=1790000000;
//!     h=from:from:to:to:…;
//!     bh=<base64 of the SHA-256 of the canonical body>;
//!     b=<base64>
//! ```
//!
//! # What a mail may go through
//! Mail servers may fold header lines anew where they have space, change space within and at the end of lines, and add
//! fields on top. They may not add a field that is signed, nor change the transfer encoding: our mails are 7bit,
//! quoted-printable or base64, so none has reason to (RFC 6376 §5.3).
//!
//! # What is stricter than DKIM
//! Whoever reads the mail must read just what was signed. So no signature holds where a header could be read in two ways,
//! where the reader found other fields than we did, or where a field that means something to a gateway is there and not
//! signed. The envelope is not signed, as with DKIM: who receives a mail can pass it on as it is.

mod canonical;
mod field;
mod key;
#[cfg(test)]
mod tests;

pub use key::{KeyError, PublicKey, Signer};

use crate::core::from_mail::mime::split_header;
use crate::core::limits;
use crate::core::time::Timestamp;
use canonical::{Hash, HeaderField};
use std::collections::{BTreeMap, BTreeSet};

/// The name of the field.
pub const FIELD: &str = "XMPP-Bridge-Signature";

/// Fields that are signed once more than they are there, so that none can be added (RFC 6376 §8.15): those that say who,
/// when, to whom and about what, and how the body is to be read.
const PROTECTED: [&str; 18] = [
    "from",
    "to",
    "cc",
    "reply-to",
    "sender",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "auto-submitted",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "jabber-id",
    "xmpp-bridge",
    "xmpp-bridge-hops",
];
/// All fields of gateways are signed, also those that this program does not know.
const PROTECTED_BEGIN: &str = "xmpp-bridge";
/// Fields that a signed mail has once (RFC 5322 §3.6): without them it could be sent again as another one.
const REQUIRED: [&str; 4] = ["from", "date", "message-id", "to"];

fn is_protected(name: &str) -> bool {
    name.starts_with(PROTECTED_BEGIN) || PROTECTED.contains(&name)
}

impl Signer {
    /// The mail with a signature for this domain, which is that of its `From`, on top. A mail whose header has lines that
    /// are no fields gets a signature that does not hold.
    pub fn sign(&self, mail: &[u8], domain: &str, now: Timestamp) -> Vec<u8> {
        let (header, body) = split_header(mail);
        let fields = canonical::fields(header).unwrap_or_default();
        let names = names_to_sign(&fields);
        let unsigned = field::unsigned(domain, now, &names, &canonical::body_hash(body));
        let digest = digest(
            &fields,
            &names,
            &HeaderField::new(FIELD, unsigned.as_bytes()),
        );
        let signature = self.signature_of(&digest);
        let mut signed = field::signed(FIELD, &unsigned, &signature).into_bytes();
        signed.extend_from_slice(mail);
        signed
    }
}

/// Each protected name as often as it is there and once more.
fn names_to_sign(fields: &[HeaderField<'_>]) -> Vec<String> {
    let present = fields.iter().filter(|field| !field.is(FIELD));
    let present = present
        .map(HeaderField::name)
        .filter(|name| is_protected(name));
    let mut names: Vec<String> = present.collect();
    let mut once_more: BTreeSet<String> = names.iter().cloned().collect();
    once_more.extend(PROTECTED.map(str::to_owned));
    names.extend(once_more);
    names.sort();
    names
}

/// What is signed with Ed25519 (RFC 6376 §3.7, RFC 8463 §3).
fn digest(fields: &[HeaderField<'_>], names: &[String], own: &HeaderField<'_>) -> Hash {
    let mut data = canonical::selected(fields, names);
    data.extend_from_slice(&own.relaxed());
    canonical::hash(&data)
}

/// The signature of a mail as it was read. Whether it holds for a key, [`Signed::verify`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed(Result<SignedContent, BadSignature>);

/// A signature whose body and fields are as they must be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SignedContent {
    /// In lower-case A-labels.
    domain: String,
    at: Timestamp,
    digest: Hash,
    signature: field::Signature,
}

/// Why a signature does not hold. Each is a sentence for the admin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// There are several fields.
    #[error("the mail has more than one {FIELD}")]
    Several,
    /// The field is over [`limits::SIGNATURE_FIELD_OCTETS_MAX`].
    #[error("its {FIELD} is too long ({0} octets)")]
    Long(usize),
    /// The field cannot be read.
    #[error("its {FIELD} cannot be read: {0}")]
    Unreadable(&'static str),
    /// The mail is over the limit, so that only its header was fetched.
    #[error("the body was not read, since the mail is too big")]
    BodyNotRead,
    /// Two readers could take it for two mails.
    #[error("its header is not well-formed, so that it could be read in two ways")]
    Header,
    /// A field that must be there once is missing, or there twice.
    #[error("it does not have just one {0}")]
    NotOne(&'static str),
    /// A field is not signed, though it should be.
    #[error("its {0} is not signed")]
    NotSigned(String),
    /// The body was changed.
    #[error("its body is not the one that was signed; a mail server on the way changed it")]
    Body,
    /// The signature is for another domain.
    #[error("it is signed for {signed}, and from {from}")]
    Domain {
        /// What the signature says.
        signed: String,
        /// What `From` says.
        from: String,
    },
    /// Not signed with the peer's key, or changed after it was signed.
    #[error(
        "it was not signed with the key that is configured for the peer, or its header was changed on the way; compare \
         the key with what `stanzamail key` prints at the peer"
    )]
    Key,
    /// Over [`limits::SIGNATURE_AGE_MAX`].
    #[error("it was signed more than {} days ago", limits::SIGNATURE_AGE_MAX.as_secs() / 86_400)]
    Old,
    /// Over [`limits::SIGNATURE_FUTURE_MAX`] ahead.
    #[error("it was signed in the future; compare the clocks of the two gateways")]
    Future,
}

impl Signed {
    /// Whether the holder of this key signed this mail for the domain of its `From` (in A-labels), not too long ago. Nobody
    /// but who remembers the Message-IDs of that time notices a mail that is sent again.
    ///
    /// # Errors
    /// [`BadSignature`] says why not.
    pub fn verify(
        &self,
        key: &PublicKey,
        from_domain: &str,
        now: Timestamp,
    ) -> Result<(), BadSignature> {
        let content = self.0.as_ref().map_err(BadSignature::clone)?;
        if !content.domain.eq_ignore_ascii_case(from_domain) {
            return Err(BadSignature::Domain {
                signed: content.domain.clone(),
                from: from_domain.to_owned(),
            });
        }
        if !key.has_signed(&content.digest, &content.signature) {
            return Err(BadSignature::Key);
        }
        if now.since(content.at) > limits::SIGNATURE_AGE_MAX {
            return Err(BadSignature::Old);
        }
        if content.at.since(now) > limits::SIGNATURE_FUTURE_MAX {
            return Err(BadSignature::Future);
        }
        Ok(())
    }

    /// The domain that it says it is for, in lower-case A-labels; `None` where it is bad. Says nothing before
    /// [`Signed::verify`].
    pub fn domain(&self) -> Option<&str> {
        self.0.as_ref().ok().map(|content| content.domain.as_str())
    }

    /// When it says it was made; `None` where it is bad. Says nothing before [`Signed::verify`].
    pub fn at(&self) -> Option<Timestamp> {
        self.0.as_ref().ok().map(|content| content.at)
    }

    /// Why it holds for no key; `None` where it may hold for one.
    pub fn bad(&self) -> Option<&BadSignature> {
        self.0.as_ref().err()
    }
}

/// Reads the signature of a mail; `None` where there is none. `names` are the fields that the reader of the mail found,
/// the topmost first. Takes time in proportion to the size of the mail.
pub fn read<'a>(
    raw: &[u8],
    names: impl Iterator<Item = &'a str>,
    header_only: bool,
) -> Option<Signed> {
    let (header, body) = split_header(raw);
    let begins = |line: &[u8]| {
        line.get(..FIELD.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(FIELD.as_bytes()))
    };
    if !header.split(|b| *b == b'\n').any(begins) {
        return None;
    }
    let Some(fields) = canonical::fields(header) else {
        return Some(Signed(Err(BadSignature::Header)));
    };
    let mut signatures = fields.iter().filter(|field| field.is(FIELD));
    let own = signatures.next()?;
    let content = match signatures.next() {
        Some(_) => Err(BadSignature::Several),
        None if header_only => Err(BadSignature::BodyNotRead),
        None if !are_same(&fields, names) => Err(BadSignature::Header),
        None => content(&fields, own, body),
    };
    Some(Signed(content))
}

/// Whether two readers found the same fields.
fn are_same<'a>(fields: &[HeaderField<'_>], mut names: impl Iterator<Item = &'a str>) -> bool {
    let is_next = |field: &HeaderField<'_>| names.next().is_some_and(|name| field.is(name));
    fields.iter().all(is_next) && names.next().is_none()
}

/// All that can be said without a key.
fn content(
    fields: &[HeaderField<'_>],
    own: &HeaderField<'_>,
    body: &[u8],
) -> Result<SignedContent, BadSignature> {
    if own.value.len() > limits::SIGNATURE_FIELD_OCTETS_MAX {
        return Err(BadSignature::Long(own.value.len()));
    }
    let said = field::read(own.value).map_err(BadSignature::Unreadable)?;
    check_names(fields, &said.names)?;
    if canonical::body_hash(body) != said.body_hash {
        return Err(BadSignature::Body);
    }
    let unsigned = own.with_value(&said.unsigned);
    Ok(SignedContent {
        domain: said.domain,
        at: said.at,
        digest: digest(fields, &said.names, &unsigned),
        signature: said.signature,
    })
}

/// What is required is there once, and each protected field that is there is signed.
fn check_names(fields: &[HeaderField<'_>], signed: &[String]) -> Result<(), BadSignature> {
    for name in REQUIRED {
        if fields.iter().filter(|field| field.is(name)).count() != 1 {
            return Err(BadSignature::NotOne(name));
        }
    }
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for name in signed {
        let count = left.entry(name).or_default();
        *count = count.saturating_add(1);
    }
    let present = fields.iter().filter(|field| !field.is(FIELD));
    for name in present
        .map(HeaderField::name)
        .filter(|name| is_protected(name))
    {
        match left.get_mut(name.as_str()) {
            Some(count) if *count > 0 => *count = count.saturating_sub(1),
            _ => return Err(BadSignature::NotSigned(name)),
        }
    }
    Ok(())
}
