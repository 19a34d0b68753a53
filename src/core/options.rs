//! How users want mails to be shown and written.

use crate::core::address::MailAddress;
use crate::core::language::{self, Language};
use crate::core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What becomes of mail from lists and other bulk mail (List-Id, Precedence: bulk).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bulk {
    /// Shown like other mail.
    #[default]
    Show,
    /// A message of type headline, which XMPP servers throw away while the user is offline.
    Headline,
    /// Counted, logged and not shown.
    Drop,
}

/// What becomes of the history that mail programs quote below an answer, and of signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quotes {
    /// They are not shown, where it is certain what they are.
    #[default]
    Cut,
    /// All is shown.
    Keep,
}

/// What becomes of mails of somebody with whom the user has had nothing to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strangers {
    /// They are shown, and the first one says that it is the first.
    #[default]
    Mark,
    /// They are shown like all others.
    Show,
    /// They wait until the user accepts their sender, whom the user's client is asked about.
    Request,
    /// They wait until the user asks for them.
    Hold,
}

/// How a local user wants the mails of one contact, or of all contacts. What is not said here is as for all contacts, and what
/// is not said there as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Quoted history and signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<Quotes>,
    /// Mail of lists and other bulk mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk: Option<Bulk>,
    /// How the user is called in mails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether lines that the user writes in one go are one mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gather: Option<bool>,
    /// Mails of strangers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strangers: Option<Strangers>,
    /// Who waits to be accepted, of which it is no choice; among what holds for all contacts only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<MailAddress>,
    /// In which language the user is told something; among what holds for all contacts only.
    #[serde(
        default,
        deserialize_with = "language::known",
        skip_serializing_if = "Option::is_none"
    )]
    pub language: Option<Language>,
    /// The language of what the user's client sent last, of which it is no choice either.
    #[serde(
        default,
        deserialize_with = "language::known",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_language: Option<Language>,
    /// What the user's card says, of which it is no choice; among what holds for all contacts only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<UserCard>,
    /// The user is away; among what holds for all contacts only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<Away>,
    /// The user was told what the gateway is, or has found out; among what holds for all contacts only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_welcomed: bool,
}

/// What is known of a local user's own card (XEP-0054).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserCard {
    /// How the card calls the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The picture of it, in base64, where it may stand in a mail's header ([`crate::core::avatar::Avatar::is_face`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<String>,
    /// When the user's server was asked for it.
    pub asked: Timestamp,
    /// It has answered that question.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_answered: bool,
}

/// The user is away: who writes by mail is told so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// What they are told, in the user's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When that ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Away {
    /// It has not ended.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Options {
    /// Nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These, and where they say nothing, those.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            quotes: self.quotes.or(others.quotes),
            bulk: self.bulk.or(others.bulk),
            name: self.name.or(others.name),
            gather: self.gather.or(others.gather),
            strangers: self.strangers.or(others.strangers),
            requests: others.requests,
            language: self.language.or(others.language),
            client_language: self.client_language.or(others.client_language),
            card: self.card.or(others.card),
            away: self.away.or(others.away),
            is_welcomed: self.is_welcomed || others.is_welcomed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_one_contact_goes_before_and_what_holds_for_all_is_not_lost() {
        let at = Timestamp::from_secs(1);
        let all = Options {
            quotes: Some(Quotes::Keep),
            bulk: Some(Bulk::Drop),
            name: Some("Alice".to_owned()),
            gather: Some(true),
            strangers: Some(Strangers::Hold),
            requests: vec!["carol@mail.example".parse().unwrap()],
            language: Some(Language::ENGLISH),
            client_language: Some(Language::ENGLISH),
            card: Some(UserCard {
                name: None,
                face: None,
                asked: at,
                is_answered: true,
            }),
            away: Some(Away {
                text: None,
                until: Some(at),
            }),
            is_welcomed: true,
        };
        assert_eq!(Options::default().or(all.clone()), all);
        let one = Options {
            quotes: Some(Quotes::Cut),
            gather: Some(false),
            ..Options::default()
        };
        let both = one.or(all.clone());
        assert_eq!((both.quotes, both.gather), (Some(Quotes::Cut), Some(false)));
        let rest = Options {
            quotes: all.quotes,
            gather: all.gather,
            ..both
        };
        assert_eq!(rest, all);
    }
}
