//! SCRAM-SHA-256 (RFC 5802, RFC 7677), the client's side: the server gets a proof that we know the password and not the password,
//! and has to give one itself.

use super::{Binding, SaslError};
use crate::system::blocking;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac, pbkdf2};
use secrecy::{ExposeSecret, SecretString};
use std::num::NonZeroU32;

/// RFC 7677 §4: fewer rounds make it cheap to guess the password from what was said.
pub(super) const ITERATIONS_MIN: u32 = 4096;
/// Half a second of processor time; servers have 4,096 to 600,000.
pub(super) const ITERATIONS_MAX: u32 = 1_000_000;
/// A salt, in octets; servers have 16 to 32.
const SALT_OCTETS_MAX: usize = 1024;
/// Chance in a nonce, in octets.
const NONCE_OCTETS: usize = 24;

/// The client's side.
pub(super) struct Scram {
    password: SecretString,
    nonce: String,
    /// RFC 5801 §4: whether and how the connection is bound, as said first.
    header: String,
    /// What it is bound to.
    bound_to: Vec<u8>,
    /// The first message without the header.
    first_bare: String,
    stage: ScramStage,
}

enum ScramStage {
    First,
    /// The server's first message is next.
    Nonce,
    /// The server's proof is next, which must be this for these octets.
    Proof(Box<hmac::Key>, String),
    Done,
    /// The server has said `e=…`: its no is next.
    Refused,
}

impl Scram {
    pub(super) fn new(
        username: &str,
        password: &str,
        binding: Option<&Binding>,
        is_bound: bool,
    ) -> Result<Self, SaslError> {
        let mut chance = [0; NONCE_OCTETS];
        SystemRandom::new()
            .fill(&mut chance)
            .map_err(|_| SaslError::System)?;
        let nonce = BASE64_STANDARD.encode(chance);
        Self::with_nonce(
            username,
            password,
            binding.map(|one| (one, is_bound)),
            nonce,
        )
    }

    /// RFC 5802 §6: `y` says that we could bind the connection and the server does not offer it, which a server that does takes
    /// for a sign of somebody in between.
    fn with_nonce(
        username: &str,
        password: &str,
        binding: Option<(&Binding, bool)>,
        nonce: String,
    ) -> Result<Self, SaslError> {
        let (header, bound_to) = match binding {
            Some((binding, true)) => (format!("p={},,", binding.kind), binding.octets.clone()),
            Some((_, false)) => ("y,,".to_owned(), Vec::new()),
            None => ("n,,".to_owned(), Vec::new()),
        };
        let name = escaped(&prepared(username, "username")?);
        Ok(Self {
            password: prepared(password, "password")?.into(),
            first_bare: format!("n={name},r={nonce}"),
            nonce,
            header,
            bound_to,
            stage: ScramStage::First,
        })
    }

    pub(super) fn first(&mut self) -> Option<Vec<u8>> {
        let ScramStage::First = self.stage else {
            return None;
        };
        self.stage = ScramStage::Nonce;
        Some(format!("{}{}", self.header, self.first_bare).into_bytes())
    }

    pub(super) async fn answer(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
        let wrong = SaslError::Challenge("SCRAM-SHA-256");
        let said = std::str::from_utf8(challenge).map_err(|_| wrong.clone())?;
        match std::mem::replace(&mut self.stage, ScramStage::Done) {
            ScramStage::Nonce => self.prove(said).await,
            ScramStage::Proof(..) if said.starts_with("e=") => {
                self.stage = ScramStage::Refused;
                Ok(Vec::new())
            }
            ScramStage::Proof(key, all) => {
                let proof = said.split(',').next().and_then(|v| v.strip_prefix("v="));
                let proof = proof.and_then(|proof| BASE64_STANDARD.decode(proof).ok());
                let proof = proof.ok_or(wrong)?;
                hmac::verify(&key, all.as_bytes(), &proof).map_err(|_| SaslError::Stranger)?;
                Ok(Vec::new())
            }
            ScramStage::First | ScramStage::Done | ScramStage::Refused => Err(wrong),
        }
    }

    /// Whether the server has shown that it knows the password.
    pub(super) fn is_server_known(&self) -> bool {
        matches!(self.stage, ScramStage::Done)
    }

    async fn prove(&mut self, server_first: &str) -> Result<Vec<u8>, SaslError> {
        let said = ServerFirst::read(server_first, &self.nonce)?;
        let bound = [self.header.as_bytes(), self.bound_to.as_slice()].concat();
        let without_proof = format!("c={},r={}", BASE64_STANDARD.encode(bound), said.nonce);
        let all = format!("{},{server_first},{without_proof}", self.first_bare);
        let (password, salt, rounds) = (self.password.clone(), said.salt, said.iterations);
        // Up to half a second of work.
        let salted = blocking(move || {
            let mut salted = [0; digest::SHA256_OUTPUT_LEN];
            let password = password.expose_secret().as_bytes();
            pbkdf2::derive(
                pbkdf2::PBKDF2_HMAC_SHA256,
                rounds,
                &salt,
                password,
                &mut salted,
            );
            hmac::Key::new(hmac::HMAC_SHA256, &salted)
        });
        let salted = salted.await.map_err(|_| SaslError::System)?;
        let client_key = hmac::sign(&salted, b"Client Key");
        let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
        let stored_key = hmac::Key::new(hmac::HMAC_SHA256, stored_key.as_ref());
        let signature = hmac::sign(&stored_key, all.as_bytes());
        let both = client_key.as_ref().iter().zip(signature.as_ref());
        let proof: Vec<u8> = both.map(|(key, signature)| key ^ signature).collect();
        let server_key = hmac::sign(&salted, b"Server Key");
        let server_key = hmac::Key::new(hmac::HMAC_SHA256, server_key.as_ref());
        self.stage = ScramStage::Proof(Box::new(server_key), all);
        Ok(format!("{without_proof},p={}", BASE64_STANDARD.encode(proof)).into_bytes())
    }
}

/// RFC 5802 §7, `server-first-message`. What it has behind the three is for others.
struct ServerFirst<'a> {
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: NonZeroU32,
}

impl<'a> ServerFirst<'a> {
    fn read(said: &'a str, our_nonce: &str) -> Result<Self, SaslError> {
        let wrong = || SaslError::Challenge("SCRAM-SHA-256");
        let mut fields = said.split(',');
        let mut field = |name: &str| fields.next().and_then(|one| one.strip_prefix(name));
        // `m=`, an extension that must be understood, is none of the three.
        let nonce = field("r=").ok_or_else(wrong)?;
        let salt = field("s=").ok_or_else(wrong)?;
        let iterations = field("i=").ok_or_else(wrong)?;
        if !nonce.starts_with(our_nonce) || nonce.len() == our_nonce.len() {
            return Err(SaslError::Nonce);
        }
        let is_printable = |octet: u8| octet.is_ascii_graphic();
        let salt = BASE64_STANDARD.decode(salt).map_err(|_| wrong())?;
        if !nonce.bytes().all(is_printable) || salt.is_empty() || salt.len() > SALT_OCTETS_MAX {
            return Err(wrong());
        }
        let is_number = iterations.bytes().all(|octet| octet.is_ascii_digit());
        let asked: u64 = match is_number && !iterations.is_empty() {
            // More digits than fit is a lot, too.
            true => iterations.parse().unwrap_or(u64::MAX),
            false => return Err(wrong()),
        };
        let iterations = u32::try_from(asked).ok().and_then(NonZeroU32::new);
        let range = ITERATIONS_MIN..=ITERATIONS_MAX;
        let iterations = iterations.filter(|rounds| range.contains(&rounds.get()));
        Ok(Self {
            nonce,
            salt,
            iterations: iterations.ok_or(SaslError::Iterations(asked))?,
        })
    }
}

/// RFC 5802 §5.1, `saslname`.
pub(super) fn escaped(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// RFC 4013, so that a password is the same however it was typed.
fn prepared(text: &str, what: &'static str) -> Result<String, SaslError> {
    let prepared = stringprep::saslprep(text);
    let prepared = prepared.map_err(|_| SaslError::Unspeakable(what, "SCRAM-SHA-256"))?;
    Ok(prepared.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(username: &str, nonce: &str, binding: Option<(&Binding, bool)>) -> Scram {
        Scram::with_nonce(username, "pencil", binding, nonce.to_owned()).unwrap()
    }

    fn text(octets: Vec<u8>) -> String {
        String::from_utf8(octets).unwrap()
    }

    /// RFC 7677 §3.
    #[tokio::test]
    async fn the_example_of_the_rfc() {
        let mut scram = with("user", "rOprNGfwEbeRWgbNEkqO", None);
        let first = text(scram.first().unwrap());
        assert_eq!(first, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let server_first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let last = text(scram.answer(server_first.as_bytes()).await.unwrap());
        assert_eq!(
            last,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert!(!scram.is_server_known());
        let proof = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        assert_eq!(scram.answer(proof).await.unwrap(), b"");
        assert!(scram.is_server_known());
        assert!(scram.answer(b"").await.is_err());
    }

    #[tokio::test]
    async fn what_it_is_bound_to_is_said_first_and_signed() {
        let binding = Binding {
            kind: "tls-exporter",
            octets: vec![7; 32],
        };
        for (binding, header, bound) in [
            (None, "n,,", b"n,,".to_vec()),
            (Some((&binding, false)), "y,,", b"y,,".to_vec()),
            (
                Some((&binding, true)),
                "p=tls-exporter,,",
                [b"p=tls-exporter,,".as_slice(), &[7; 32]].concat(),
            ),
        ] {
            let mut scram = with("a=b,c", "abc", binding);
            let first = text(scram.first().unwrap());
            assert_eq!(first, format!("{header}n=a=3Db=2Cc,r=abc"));
            let last = scram.answer(b"r=abcd,s=AAAA,i=4096,x=more").await.unwrap();
            let last = text(last);
            let expected = format!("c={},r=abcd,p=", BASE64_STANDARD.encode(bound));
            assert!(last.starts_with(&expected), "{last}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_what_it_says_gets_no_proof() {
        let wrong = SaslError::Challenge("SCRAM-SHA-256");
        for (said, expected) in [
            ("", wrong.clone()),
            ("r=abcd,s=AAAA", wrong.clone()),
            ("s=AAAA,r=abcd,i=4096", wrong.clone()),
            ("m=x,r=abcd,s=AAAA,i=4096", wrong.clone()),
            ("r=abcd,s=,i=4096", wrong.clone()),
            ("r=abcd,s=A,i=4096", wrong.clone()),
            ("r=abc\u{7f},s=AAAA,i=4096", wrong.clone()),
            ("r=abcd,s=AAAA,i=", wrong.clone()),
            ("r=abcd,s=AAAA,i=-1", wrong.clone()),
            ("e=other-error", wrong.clone()),
            ("r=abc,s=AAAA,i=4096", SaslError::Nonce),
            ("r=xbcd,s=AAAA,i=4096", SaslError::Nonce),
            ("r=abcd,s=AAAA,i=1", SaslError::Iterations(1)),
            ("r=abcd,s=AAAA,i=4095", SaslError::Iterations(4095)),
            (
                "r=abcd,s=AAAA,i=1000000000",
                SaslError::Iterations(1_000_000_000),
            ),
            (
                "r=abcd,s=AAAA,i=99999999999999999999999",
                SaslError::Iterations(u64::MAX),
            ),
        ] {
            let mut scram = with("user", "abc", None);
            scram.first().unwrap();
            let answer = scram.answer(said.as_bytes()).await;
            assert_eq!(answer.unwrap_err(), expected, "{said}");
            assert!(!matches!(scram.stage, ScramStage::Proof(..)));
        }
        let long = format!("r=abcd,s={},i=4096", BASE64_STANDARD.encode([0; 1025]));
        let mut scram = with("user", "abc", None);
        scram.first().unwrap();
        assert_eq!(scram.answer(long.as_bytes()).await, Err(wrong));
    }

    #[tokio::test]
    async fn a_server_that_does_not_know_the_password_is_a_stranger() {
        for proof in [
            "v=AAAA",
            "v=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ] {
            let mut scram = with("user", "abc", None);
            scram.first().unwrap();
            scram.answer(b"r=abcd,s=AAAA,i=4096").await.unwrap();
            assert_eq!(
                scram.answer(proof.as_bytes()).await,
                Err(SaslError::Stranger)
            );
        }
        let mut scram = with("user", "abc", None);
        scram.first().unwrap();
        scram.answer(b"r=abcd,s=AAAA,i=4096").await.unwrap();
        assert_eq!(scram.answer(b"e=invalid-proof").await, Ok(Vec::new()));
        assert!(!scram.is_server_known(), "its no is next, not its yes");
    }

    #[test]
    fn names_and_passwords_are_prepared() {
        // RFC 4013 §3.
        for (text, expected) in [("I\u{ad}X", "IX"), ("user", "user"), ("\u{aa}", "a")] {
            assert_eq!(prepared(text, "password").unwrap(), expected);
        }
        assert!(prepared("\u{7}", "password").is_err());
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_server_says_first_is_read_or_refused(said in "[r=abcds,i0-9AB+/=]{0,60}") {
            if let Ok(read) = ServerFirst::read(&said, "abc") {
                proptest::prop_assert!(read.nonce.starts_with("abc"));
            }
        }

        #[test]
        fn whatever_a_server_says_first_is_read_within_limits(
            nonce in "[!-+\\--~]{0,20}",
            salt in proptest::collection::vec(0_u8.., 0..SALT_OCTETS_MAX + 10),
            iterations in 0..2 * ITERATIONS_MAX,
        ) {
            let is_good = !nonce.is_empty()
                && (1..=SALT_OCTETS_MAX).contains(&salt.len())
                && (ITERATIONS_MIN..=ITERATIONS_MAX).contains(&iterations);
            let said = format!("r=abc{nonce},s={},i={iterations}", BASE64_STANDARD.encode(&salt));
            let read = ServerFirst::read(&said, "abc").ok();
            let read = read.map(|read| (read.nonce.to_owned(), read.salt, read.iterations.get()));
            let wanted = is_good.then(|| (format!("abc{nonce}"), salt, iterations));
            proptest::prop_assert_eq!(read, wanted);
        }
    }
}
