//! The two halves of a gateway's key.

use super::field;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// What a public key begins with.
const PREFIX: &str = "ed25519:";

/// By which a peer's mails are verified: an Ed25519 public key (RFC 8032), written `ed25519:` and base64 of its 32 octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

/// Why a text is no public key. Each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It does not begin with `ed25519:`.
    #[error(
        "“{0}” is no public key: it must begin with “ed25519:”; paste what `stanzamail key` prints at the peer"
    )]
    Prefix(String),
    /// What follows is no base64.
    #[error(
        "what follows “ed25519:” is not base64; paste the whole line that `stanzamail key` prints at the peer"
    )]
    Base64,
    /// Not 32 octets.
    #[error(
        "a public key has 32 octets and this one {0}; paste the whole line that `stanzamail key` prints at the peer"
    )]
    Length(usize),
    /// All octets are the same: no key, and anybody could sign for one of zeros.
    #[error("this is a placeholder and no key; paste what `stanzamail key` prints at the peer")]
    Placeholder,
    /// The library of cryptography takes no key from this seed.
    #[error("no key can be made of this seed")]
    Seed,
}

impl PublicKey {
    /// Reads `ed25519:<base64>`.
    ///
    /// # Errors
    /// [`KeyError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let shown = || KeyError::Prefix(text.chars().take(20).collect());
        let digits = text.strip_prefix(PREFIX).ok_or_else(shown)?;
        let octets = BASE64_STANDARD.decode(digits.trim());
        let octets = octets.map_err(|_| KeyError::Base64)?;
        let key = <[u8; 32]>::try_from(octets.as_slice());
        let key = key.map_err(|_| KeyError::Length(octets.len()))?;
        if key.windows(2).all(|pair| pair.first() == pair.last()) {
            return Err(KeyError::Placeholder);
        }
        Ok(Self(key))
    }

    /// Whether the holder of this key signed this (RFC 8032 §5.1.7).
    pub(super) fn has_signed(&self, data: &[u8], signature: &field::Signature) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(data, signature).is_ok()
    }
}

/// As [`PublicKey::parse`] reads it.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

/// Signs the mails of a gateway. Cheap to clone; prints as its public key.
#[derive(Clone)]
pub struct Signer {
    pair: Arc<Ed25519KeyPair>,
    public: PublicKey,
}

impl Signer {
    /// From an Ed25519 private key: 32 random octets (RFC 8032 §5.1.5).
    ///
    /// # Errors
    /// [`KeyError::Seed`], which no seed of 32 octets is known to give.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Seed)?;
        let public = <[u8; 32]>::try_from(pair.public_key().as_ref());
        Ok(Self {
            public: PublicKey(public.map_err(|_| KeyError::Seed)?),
            pair: Arc::new(pair),
        })
    }

    /// What peers verify with.
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// RFC 8032 §5.1.6, in base64.
    pub(super) fn signature_of(&self, data: &[u8]) -> String {
        BASE64_STANDARD.encode(self.pair.sign(data).as_ref())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_read_as_it_is_written() {
        let text = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let key = PublicKey::parse(text).unwrap();
        assert_eq!(key.to_string(), text);
        assert_eq!(format!(" {text}\n").parse(), Ok(key));
    }

    #[test]
    fn what_is_no_public_key_is_told_with_a_remedy() {
        let wrong = |text: &str| PublicKey::parse(text).unwrap_err();
        assert!(matches!(wrong("rsa:abc"), KeyError::Prefix(_)));
        assert_eq!(wrong("ed25519:…"), KeyError::Base64);
        assert_eq!(wrong("ed25519:"), KeyError::Length(0));
        assert_eq!(wrong("ed25519:11qYAYKxCrfVS/7T"), KeyError::Length(12));
        let zeros = format!("ed25519:{}=", "A".repeat(43));
        assert_eq!(wrong(&zeros), KeyError::Placeholder);
        assert!(wrong(&zeros).to_string().contains("stanzamail key"));
    }

    #[test]
    fn a_signer_shows_nothing_secret() {
        let signer = Signer::from_seed(&[7; 32]).unwrap();
        let seed = BASE64_STANDARD.encode([7; 32]);
        assert_eq!(
            format!("{signer:?}"),
            format!("Signer({})", signer.public())
        );
        assert!(!format!("{signer:?}").contains(seed.trim_end_matches('=')));
    }
}
