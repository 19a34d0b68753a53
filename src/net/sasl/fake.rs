//! A SCRAM server for tests, which may be a bad one.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::{digest, hmac, pbkdf2};
use std::num::NonZeroU32;

/// What is bad about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    Nothing,
    Nonce,
    Rounds(u64),
    Signature,
    /// It lets everybody in.
    NoSignature,
    /// It has no SCRAM for this user.
    Refuses,
    Endless,
    NoBase64,
    Long,
    /// It ends the connection instead of this answer.
    Cut(usize),
}

/// What it says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Challenge(String),
    Yes,
    No,
    Cut,
}

pub(crate) struct FakeServer {
    bad: Bad,
    password: String,
    /// The header of RFC 5801 that it expects, and what the connection is bound to.
    pub(crate) header: String,
    pub(crate) bound_to: Vec<u8>,
    heard: usize,
    first_bare: String,
    first: String,
}

impl FakeServer {
    pub(crate) fn new(bad: Bad, password: &str) -> Self {
        Self {
            bad,
            password: password.to_owned(),
            header: "n,,".to_owned(),
            bound_to: Vec::new(),
            heard: 0,
            first_bare: String::new(),
            first: String::new(),
        }
    }

    pub(crate) fn hears(&mut self, line: &str) -> Says {
        let heard = self.heard;
        self.heard += 1;
        match (self.bad, heard) {
            (Bad::Cut(at), _) if at == heard => return Says::Cut,
            (Bad::Refuses, _) => return Says::No,
            (Bad::NoSignature, 1..) => return Says::Yes,
            (Bad::NoBase64, _) => return Says::Challenge("not/base64!".to_owned()),
            (Bad::Long, _) => return Says::Challenge("A".repeat(100_000)),
            _ => {}
        }
        let text = String::from_utf8(BASE64_STANDARD.decode(line).unwrap()).unwrap();
        let says = match heard {
            0 => self.begins(&text),
            1 => match self.signature(&text) {
                Some(signature) => signature,
                None => return Says::No,
            },
            _ if self.bad == Bad::Endless => "v=again".to_owned(),
            _ => return Says::Yes,
        };
        Says::Challenge(BASE64_STANDARD.encode(says))
    }

    fn begins(&mut self, text: &str) -> String {
        self.first_bare = text.strip_prefix(&self.header).unwrap().to_owned();
        let (_, nonce) = self.first_bare.split_once(",r=").unwrap();
        let nonce = match self.bad {
            Bad::Nonce => "another nonce".replace(' ', ""),
            _ => format!("{nonce}server"),
        };
        let rounds = match self.bad {
            Bad::Rounds(rounds) => rounds,
            _ => 4096,
        };
        self.first = format!("r={nonce},s=c2FsdA==,i={rounds}");
        self.first.clone()
    }

    /// `None` where the proof is wrong.
    fn signature(&self, text: &str) -> Option<String> {
        let (without_proof, proof) = text.split_once(",p=").unwrap();
        let bound = [self.header.as_bytes(), &self.bound_to].concat();
        let expected = format!("c={},", BASE64_STANDARD.encode(bound));
        if !without_proof.starts_with(&expected) {
            return None;
        }
        let all = format!("{},{},{without_proof}", self.first_bare, self.first);
        let mut salted = [0; 32];
        let (rounds, password) = (NonZeroU32::new(4096).unwrap(), self.password.as_bytes());
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            rounds,
            b"salt",
            password,
            &mut salted,
        );
        let salted = hmac::Key::new(hmac::HMAC_SHA256, &salted);
        let sign = |key: &[u8]| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key);
            hmac::sign(&key, all.as_bytes())
        };
        let client_key = hmac::sign(&salted, b"Client Key");
        let stored = digest::digest(&digest::SHA256, client_key.as_ref());
        let signature = sign(stored.as_ref());
        let proof = BASE64_STANDARD.decode(proof).unwrap();
        let key: Vec<u8> = proof
            .iter()
            .zip(signature.as_ref())
            .map(|(a, b)| a ^ b)
            .collect();
        if key != client_key.as_ref() {
            return None;
        }
        let server_key = hmac::sign(&salted, b"Server Key");
        let signature = match self.bad {
            Bad::Signature => sign(b"another key"),
            _ => sign(server_key.as_ref()),
        };
        Some(format!("v={}", BASE64_STANDARD.encode(signature.as_ref())))
    }
}
