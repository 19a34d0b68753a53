//! How users want mails to be shown and written.

use crate::core::address::MailAddress;
use crate::core::language::{self, Language};
use crate::core::limits::{AWAY_TEXT_CHARS_MAX, OWN_CLIENTS_MAX};
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
    /// Whether the user is away as long as their status says so; among what holds for all contacts only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_on_xa: Option<bool>,
    /// What the user's clients say, where that matters; no choice. `None`: the gateway was not allowed to see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_status: Option<OwnStatus>,
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
    /// When that begins; `None`: it has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// When that ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Away {
    /// It has begun, and has not ended.
    pub fn holds(&self, now: Timestamp) -> bool {
        !self.is_planned(now) && self.until.is_none_or(|until| now < until)
    }

    /// It is still to begin.
    pub fn is_planned(&self, now: Timestamp) -> bool {
        self.from.is_some_and(|from| now < from)
    }
}

/// What a user's clients say of whether the user is there, as far as it is told to the gateway itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnStatus {
    /// The clients that are there, the one that spoke last at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub here: Vec<OwnClient>,
    /// What who writes is told, since all clients that are there, or were last, say that the user is away for long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// One of these clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnClient {
    /// Its resource.
    pub name: String,
    /// It is away for long, with these words; `None`: it is not, or says no word, as clients do by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl OwnStatus {
    /// A client is there, away for long or not and with these words, or (`None`) goes. The user is back as soon as one client is there that is not away for long, and not
    /// when the last one goes.
    #[must_use]
    pub fn heard(mut self, name: Option<&str>, state: Option<(bool, Option<&str>)>) -> Self {
        let cut = |text: &str| text.chars().take(AWAY_TEXT_CHARS_MAX).collect();
        let text = state.and_then(|(is_away, words)| words.filter(|_| is_away).map(cut));
        let same = OwnClient {
            name: name.unwrap_or_default().to_owned(),
            text,
        };
        // Servers say the same again when they are asked: that is nothing new, and nothing to be written.
        if state.is_some() && self.here.contains(&same) {
            return self;
        }
        self.here
            .retain(|client| name.is_some_and(|name| client.name != name));
        if state.is_none() {
            return self.reckoned();
        }
        self.here.push(same);
        let over = self.here.len().saturating_sub(OWN_CLIENTS_MAX);
        self.here.drain(..over);
        self.reckoned()
    }

    fn reckoned(mut self) -> Self {
        if self.here.iter().any(|client| client.text.is_none()) {
            self.text = None;
        } else if let Some(last) = self.here.last() {
            self.text.clone_from(&last.text);
        }
        self
    }
}

impl Options {
    /// What who writes is told of a user who is away: in the user's words, else as the status says.
    pub fn away_now(&self, now: Timestamp) -> Option<Away> {
        let said = self.away.clone().filter(|away| away.holds(now));
        let by_status = || {
            let text = self.own_status.as_ref()?.text.clone()?;
            (self.away_on_xa == Some(true)).then_some(Away {
                text: Some(text),
                from: None,
                until: None,
            })
        };
        said.or_else(by_status)
    }

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
            away_on_xa: self.away_on_xa.or(others.away_on_xa),
            own_status: self.own_status.or(others.own_status),
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
                from: None,
                until: Some(at),
            }),
            away_on_xa: Some(true),
            own_status: Some(OwnStatus::default()),
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

    #[test]
    fn a_user_is_away_as_long_as_no_client_is_there_that_is_not() {
        let mut status = OwnStatus::default();
        let mut heard = |name: Option<&str>, state| {
            status = std::mem::take(&mut status).heard(name, state);
            status.text.clone()
        };
        let (here, idle) = (Some((false, Some("Hello"))), Some((true, None)));
        let xa = |words| Some((true, Some(words)));
        assert_eq!(heard(Some("phone"), here), None);
        // The phone is there.
        assert_eq!(heard(Some("desk"), xa("On Corfu")), None);
        assert_eq!(heard(Some("phone"), None).as_deref(), Some("On Corfu"));
        let corfu = Some("On Corfu".to_owned());
        assert_eq!(heard(Some("desk"), None), corfu);
        assert_eq!(heard(None, None), corfu);
        // Idle, without a word.
        assert_eq!(heard(Some("desk"), idle), None);
        assert_eq!(heard(Some("desk"), xa("Ill")).as_deref(), Some("Ill"));
        assert_eq!(heard(Some("desk"), here), None);
        // However many there are, and however much they say.
        let long = "x".repeat(10 * AWAY_TEXT_CHARS_MAX);
        let told = heard(Some("desk"), xa(&long)).map(|text| text.len());
        assert_eq!(told, Some(AWAY_TEXT_CHARS_MAX));
        for number in 0..10 * OWN_CLIENTS_MAX {
            heard(Some(&number.to_string()), xa("x"));
        }
        assert_eq!(status.here.len(), OWN_CLIENTS_MAX);
    }

    #[test]
    fn an_absence_that_is_still_to_come_is_kept_with_its_beginning() {
        let options = Options {
            away: Some(Away {
                text: None,
                from: Some(Timestamp::from_secs(10)),
                until: Some(Timestamp::from_secs(20)),
            }),
            ..Options::default()
        };
        let stored = serde_json::to_string(&options).unwrap();
        let read: Options = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, options);
        let is_away = |secs| read.away_now(Timestamp::from_secs(secs)).is_some();
        assert_eq!([9, 10, 19, 20].map(is_away), [false, true, true, false]);
        // One that an earlier version has written.
        let before: Away = serde_json::from_str(r#"{"until":20000}"#).unwrap();
        assert!(before.holds(Timestamp::from_secs(9)));
    }

    #[test]
    fn what_was_said_goes_before_what_the_status_says() {
        let now = Timestamp::from_secs(10);
        let away = |text: &str, until| Away {
            text: Some(text.to_owned()),
            from: None,
            until,
        };
        let mut options = Options {
            own_status: Some(OwnStatus {
                here: Vec::new(),
                text: Some("xa".to_owned()),
            }),
            ..Options::default()
        };
        assert_eq!(options.away_now(now), None, "it was not chosen");
        options.away_on_xa = Some(true);
        assert_eq!(options.away_now(now), Some(away("xa", None)));
        options.away = Some(away("said", Some(Timestamp::from_secs(9))));
        assert_eq!(options.away_now(now), Some(away("xa", None)));
        options.away = Some(away("said", None));
        assert_eq!(options.away_now(now), Some(away("said", None)));
    }
}
