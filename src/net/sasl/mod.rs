//! How one proves to a mail server who one is (SASL, RFC 4422), once for SMTP and IMAP: which mechanism is taken, what is said
//! and what must be answered. The protocols carry it in their own words ([`SaslServer`]).
//!
//! A password is said by SCRAM-SHA-256 (`scram`) where the server knows it: then it is never sent, and the server has to show
//! that it knows it, too. A token (`token`) is said by OAUTHBEARER or XOAUTH2.

mod binding;
#[cfg(test)]
pub(crate) mod fake;
mod scram;
mod token;

pub use binding::Binding;
pub use token::TokenError;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use scram::Scram;
use secrecy::{ExposeSecret, SecretString};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use token::TokenCommand;

/// A challenge in base64, in octets: a SCRAM server says its nonce and its salt.
const CHALLENGE_OCTETS_MAX: usize = 4096;
/// Challenges of one exchange; SCRAM has two, LOGIN two, and an empty one may come before.
const CHALLENGES_MAX: u32 = 4;

/// A mechanism, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mechanism {
    /// RFC 7677, bound to the TLS connection (RFC 5802 §6).
    ScramSha256Plus,
    /// RFC 7677.
    ScramSha256,
    /// RFC 4616.
    Plain,
    /// No RFC has it, and it is all that some servers offer.
    Login,
    /// RFC 7628.
    OauthBearer,
    /// What Google and Microsoft had before.
    Xoauth2,
}

impl Mechanism {
    /// All, the first one first.
    const ALL: [Self; 6] = [
        Self::ScramSha256Plus,
        Self::ScramSha256,
        Self::Plain,
        Self::Login,
        Self::OauthBearer,
        Self::Xoauth2,
    ];

    /// As servers write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::OauthBearer => "OAUTHBEARER",
            Self::Xoauth2 => "XOAUTH2",
        }
    }

    fn is_by_token(self) -> bool {
        matches!(self, Self::OauthBearer | Self::Xoauth2)
    }

    fn is_scram(self) -> bool {
        matches!(self, Self::ScramSha256Plus | Self::ScramSha256)
    }
}

/// Who we are at a server, and what proves it. Copies share what was learnt.
#[derive(Clone, Debug)]
pub struct Login {
    username: String,
    secret: Secret,
    /// SCRAM was refused where the password itself was accepted. Each refusal is a failed login in the server's log, by which
    /// somebody may be locked out.
    scram_is_refused: Arc<AtomicBool>,
}

#[derive(Clone, Debug)]
enum Secret {
    Password(SecretString),
    Token(Arc<TokenCommand>),
}

impl Login {
    fn new(username: &str, secret: Secret) -> Self {
        Self {
            username: username.to_owned(),
            secret,
            scram_is_refused: Arc::default(),
        }
    }

    /// With a password.
    pub fn by_password(username: &str, password: impl Into<SecretString>) -> Self {
        Self::new(username, Secret::Password(password.into()))
    }

    /// With the token that a command prints: the path of a program and its arguments.
    pub fn by_token(username: &str, command: &[String]) -> Self {
        let command = TokenCommand::new(command);
        Self::new(username, Secret::Token(Arc::new(command)))
    }

    /// The login name.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Whether a token proves it.
    pub fn is_by_token(&self) -> bool {
        matches!(self.secret, Secret::Token(_))
    }

    /// The key of the configuration in which what proves it stands.
    pub(crate) fn secret_key(&self) -> &'static str {
        match self.secret {
            Secret::Password(_) => "password",
            Secret::Token(_) => "token_command",
        }
    }

    /// The password, where one proves it.
    pub(crate) fn password(&self) -> Option<&SecretString> {
        match &self.secret {
            Secret::Password(password) => Some(password),
            Secret::Token(_) => None,
        }
    }

    /// The mechanisms that may be tried at a server that offers these, the first one first: the strongest, and behind SCRAM without
    /// a binding one that says the password, since a server may offer SCRAM and not have what it takes for this user.
    pub(crate) fn ways(
        &self,
        offers: impl Fn(Mechanism) -> bool,
        binding: Option<&Binding>,
    ) -> Vec<Mechanism> {
        let scram_is_refused = self.scram_is_refused.load(Ordering::Relaxed);
        let ways = Mechanism::ALL.into_iter().filter(|one| {
            let is_ours = one.is_by_token() == self.is_by_token();
            let is_possible = binding.is_some() || *one != Mechanism::ScramSha256Plus;
            let is_refused = scram_is_refused && one.is_scram();
            is_ours && is_possible && !is_refused && offers(*one)
        });
        let mut ways: Vec<Mechanism> = ways.collect();
        ways.dedup_by_key(|one| one.is_scram());
        // A login that is bound to its connection may fail of somebody in between, who is not told the password next.
        if ways.first() == Some(&Mechanism::ScramSha256Plus) {
            ways.truncate(1);
        }
        ways
    }

    async fn secret(&self) -> Result<SecretString, TokenError> {
        match &self.secret {
            Secret::Password(password) => Ok(password.clone()),
            Secret::Token(command) => command.token().await,
        }
    }

    /// Another one, after this one was refused.
    async fn other_secret(
        &self,
        refused: &SecretString,
    ) -> Result<Option<SecretString>, TokenError> {
        match &self.secret {
            Secret::Password(_) => Ok(None),
            Secret::Token(command) => command.other_than(refused).await,
        }
    }
}

/// Why an exchange cannot go on; then the connection is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaslError {
    /// A name, password or token that the mechanism cannot hold.
    #[error("the {0} has a character in it that {1} cannot hold")]
    Unspeakable(&'static str, &'static str),
    /// Not what the mechanism has at this place.
    #[error("its challenge is none of {0}")]
    Challenge(&'static str),
    /// No base64, or too much of it.
    #[error("its challenge is no base64, or has more than {CHALLENGE_OCTETS_MAX} octets")]
    Encoding,
    /// Without an end.
    #[error("it asks for more than {CHALLENGES_MAX} answers")]
    Endless,
    /// Somebody else's, or an old one.
    #[error("its answer is not to what we said (the nonce is another one)")]
    Nonce,
    /// Too few to be safe, or so many that they would only cost time.
    #[error(
        "it asks for {0} rounds of hashing the password; from {min} to {max} are done",
        min = scram::ITERATIONS_MIN, max = scram::ITERATIONS_MAX
    )]
    Iterations(u64),
    /// The server did not show that it knows the password.
    #[error(
        "it did not show that it knows the password itself, so it may be another server than it says"
    )]
    Stranger,
    /// The system gives no random numbers, or no thread.
    #[error("the system gave what it takes only in part; try again")]
    System,
}

/// One mechanism's part of a conversation, without the conversation.
pub(crate) struct SaslExchange {
    mechanism: Mechanism,
    challenges: u32,
    state: ExchangeState,
}

enum ExchangeState {
    /// What is left to be said, in this order.
    Says(Vec<Vec<u8>>),
    Scram(Box<Scram>),
    /// All was said. An OAuth server that does not take the token asks once more before it says no.
    Said,
}

impl SaslExchange {
    fn begin(
        mechanism: Mechanism,
        username: &str,
        secret: &SecretString,
        to: &SaslTarget<'_>,
    ) -> Result<Self, SaslError> {
        let secret = secret.expose_secret();
        let cannot_hold = |text: &str, octets: &[u8]| text.bytes().any(|b| octets.contains(&b));
        let separators: &[u8] = if mechanism.is_by_token() {
            b"\x00\x01"
        } else {
            b"\0"
        };
        if cannot_hold(username, separators) {
            return Err(SaslError::Unspeakable("username", mechanism.name()));
        }
        if cannot_hold(secret, separators) {
            return Err(SaslError::Unspeakable("password", mechanism.name()));
        }
        let one = |text: String| ExchangeState::Says(vec![text.into_bytes()]);
        let state = match mechanism {
            Mechanism::ScramSha256Plus => {
                ExchangeState::Scram(Box::new(Scram::new(username, secret, to.binding, true)?))
            }
            Mechanism::ScramSha256 => {
                ExchangeState::Scram(Box::new(Scram::new(username, secret, to.binding, false)?))
            }
            Mechanism::Plain => one(format!("\0{username}\0{secret}")),
            Mechanism::Login => ExchangeState::Says(vec![username.into(), secret.into()]),
            Mechanism::OauthBearer => {
                let name = scram::escaped(username);
                let (host, port) = (to.host, to.port);
                one(format!(
                    "n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {secret}\x01\x01"
                ))
            }
            Mechanism::Xoauth2 => one(format!("user={username}\x01auth=Bearer {secret}\x01\x01")),
        };
        Ok(Self {
            mechanism,
            challenges: 0,
            state,
        })
    }

    pub(crate) fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// What may be said together with the mechanism's name, in base64; `None` where the server speaks first (LOGIN).
    pub(crate) fn first(&mut self) -> Option<String> {
        match self.mechanism {
            Mechanism::Login => None,
            _ => self.says().map(|says| BASE64_STANDARD.encode(says)),
        }
    }

    fn says(&mut self) -> Option<Vec<u8>> {
        match &mut self.state {
            ExchangeState::Says(says) if says.is_empty() => None,
            ExchangeState::Says(says) => Some(says.remove(0)),
            ExchangeState::Scram(scram) => scram.first(),
            ExchangeState::Said => None,
        }
    }

    /// What is said to a challenge; both in base64.
    pub(crate) async fn answer(&mut self, challenge: &str) -> Result<String, SaslError> {
        self.challenges = self.challenges.saturating_add(1);
        if self.challenges > CHALLENGES_MAX {
            return Err(SaslError::Endless);
        }
        let answer = match self.says() {
            Some(says) => says,
            None => self.answer_to(challenge).await?,
        };
        Ok(BASE64_STANDARD.encode(answer))
    }

    async fn answer_to(&mut self, challenge: &str) -> Result<Vec<u8>, SaslError> {
        let answer = match &mut self.state {
            ExchangeState::Scram(scram) => {
                let is_short = challenge.len() <= CHALLENGE_OCTETS_MAX;
                let challenge = BASE64_STANDARD.decode(challenge.trim()).ok();
                let challenge = challenge.filter(|_| is_short);
                return scram.answer(&challenge.ok_or(SaslError::Encoding)?).await;
            }
            // RFC 7628 §3.2.3; XOAUTH2 has an empty answer. The server's no follows.
            ExchangeState::Says(_) => match self.mechanism {
                Mechanism::OauthBearer => b"\x01".to_vec(),
                Mechanism::Xoauth2 => Vec::new(),
                _ => return Err(SaslError::Challenge(self.mechanism.name())),
            },
            ExchangeState::Said => return Err(SaslError::Challenge(self.mechanism.name())),
        };
        self.state = ExchangeState::Said;
        Ok(answer)
    }

    /// The server says yes: whether it may.
    pub(crate) fn finish(&self) -> Result<(), SaslError> {
        match &self.state {
            ExchangeState::Scram(scram) if !scram.is_server_known() => Err(SaslError::Stranger),
            ExchangeState::Says(says) if !says.is_empty() => {
                Err(SaslError::Challenge(self.mechanism.name()))
            }
            ExchangeState::Scram(_) | ExchangeState::Says(_) | ExchangeState::Said => Ok(()),
        }
    }
}

/// Which server it is, and over what.
pub(crate) struct SaslTarget<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    /// Of the TLS connection, where it has one.
    pub(crate) binding: Option<&'a Binding>,
}

/// A server in the words of its protocol.
pub(crate) trait SaslServer {
    /// What it says where it does not let us in.
    type Refusal;
    /// Why the connection is of no use any more.
    type Error: From<TokenError>;

    /// Whether it offers this.
    fn offers(&self, mechanism: Mechanism) -> bool;

    /// What an exchange that cannot go on means.
    fn broken(&self, mechanism: Mechanism, error: SaslError) -> Self::Error;

    /// Runs one exchange: what the server said where it does not let us in, and another exchange may follow.
    fn run(
        &mut self,
        exchange: SaslExchange,
    ) -> impl Future<Output = Result<Option<Self::Refusal>, Self::Error>> + Send;
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum LoggedIn<R> {
    /// By this.
    By(Mechanism),
    /// The server offers nothing that we know.
    NoWay,
    /// It does not let us in: what it said first.
    Refused(R),
}

/// Logs in by the strongest mechanism that both know. A token that is refused is asked for once more.
pub(crate) async fn log_in<S: SaslServer>(
    server: &mut S,
    login: &Login,
    to: &SaslTarget<'_>,
) -> Result<LoggedIn<S::Refusal>, S::Error> {
    let mut refusal = None;
    for way in login.ways(|one| server.offers(one), to.binding) {
        let mut secret = Some(login.secret().await?);
        while let Some(tried) = secret.take() {
            let exchange = SaslExchange::begin(way, &login.username, &tried, to);
            let exchange = exchange.map_err(|error| server.broken(way, error))?;
            match server.run(exchange).await? {
                None => {
                    if refusal.is_some() && !login.is_by_token() {
                        tracing::info!(username = %login.username, by = way.name(), "the server offers SCRAM and refuses it; it is not tried again");
                        login.scram_is_refused.store(true, Ordering::Relaxed);
                    }
                    return Ok(LoggedIn::By(way));
                }
                Some(said) if refusal.is_none() => {
                    secret = login.other_secret(&tried).await?;
                    refusal = Some(said);
                }
                Some(_) => {}
            }
        }
    }
    Ok(refusal.map_or(LoggedIn::NoWay, LoggedIn::Refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(login: &Login, offered: &[&str], binding: Option<&Binding>) -> Vec<&'static str> {
        let offers = |one: Mechanism| offered.contains(&one.name());
        let ways = login.ways(offers, binding).into_iter();
        ways.map(Mechanism::name).collect()
    }

    #[test]
    fn the_strongest_that_both_know_is_taken() {
        let binding = Binding {
            kind: "tls-exporter",
            octets: vec![1],
        };
        let all = [
            "XOAUTH2",
            "OAUTHBEARER",
            "LOGIN",
            "PLAIN",
            "SCRAM-SHA-256",
            "SCRAM-SHA-256-PLUS",
            "CRAM-MD5",
        ];
        let password = Login::by_password("a", "b");
        let token = Login::by_token("a", &["/bin/true".to_owned()]);
        assert_eq!(
            names(&password, &all, Some(&binding)),
            ["SCRAM-SHA-256-PLUS"]
        );
        assert_eq!(names(&password, &all, None), ["SCRAM-SHA-256", "PLAIN"]);
        let not_bound = ["SCRAM-SHA-256", "LOGIN"];
        assert_eq!(names(&password, &not_bound, Some(&binding)), not_bound);
        assert_eq!(names(&password, &["LOGIN", "PLAIN"], None), ["PLAIN"]);
        assert_eq!(names(&password, &["LOGIN"], None), ["LOGIN"]);
        assert_eq!(names(&password, &["XOAUTH2", "EXTERNAL"], None), [""; 0]);
        assert_eq!(names(&token, &all, Some(&binding)), ["OAUTHBEARER"]);
        assert_eq!(names(&token, &["PLAIN", "XOAUTH2"], None), ["XOAUTH2"]);
        assert_eq!(names(&token, &["PLAIN", "SCRAM-SHA-256"], None), [""; 0]);
    }

    #[tokio::test]
    async fn tokens_are_said_as_their_mechanisms_have_it() {
        let to = SaslTarget {
            host: "server.example.com",
            port: 143,
            binding: None,
        };
        let secret = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==".into();
        let begin = |mechanism| SaslExchange::begin(mechanism, "user@example.com", &secret, &to);
        // RFC 7628 §4.1.
        let mut exchange = begin(Mechanism::OauthBearer).unwrap();
        let example = "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
        assert_eq!(exchange.first().unwrap(), example);
        // The error of §4.2, the answer to it, and no more.
        let error = "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=";
        assert_eq!(exchange.answer(error).await.unwrap(), "AQ==");
        assert!(exchange.answer(error).await.is_err());
        let mut exchange = begin(Mechanism::Xoauth2).unwrap();
        let first = BASE64_STANDARD.decode(exchange.first().unwrap()).unwrap();
        assert_eq!(
            String::from_utf8(first).unwrap(),
            "user=user@example.com\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
        );
        assert_eq!(exchange.answer(error).await.unwrap(), "");
    }

    #[test]
    fn nothing_can_break_out_of_its_field() {
        let to = SaslTarget {
            host: "a",
            port: 1,
            binding: None,
        };
        for (username, secret) in [("a\0b", "c"), ("a", "b\0c")] {
            let secret = SecretString::from(secret);
            for mechanism in Mechanism::ALL {
                assert!(SaslExchange::begin(mechanism, username, &secret, &to).is_err());
            }
        }
        let secret = SecretString::from("b\x01c");
        assert!(SaslExchange::begin(Mechanism::Xoauth2, "a", &secret, &to).is_err());
        let mut exchange =
            SaslExchange::begin(Mechanism::OauthBearer, "a,b=c", &"t".into(), &to).unwrap();
        let first = BASE64_STANDARD.decode(exchange.first().unwrap()).unwrap();
        assert!(first.starts_with(b"n,a=a=2Cb=3Dc,\x01"));
    }
}
