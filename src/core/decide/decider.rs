//! What every decision has at hand, and the two ways in which one stops before it is made.

use crate::core::context::{Context, Missing, Need};
use crate::core::language::Language;
use crate::core::settings::Settings;
use crate::core::time::Timestamp;
use crate::core::to_stanza::Condition;
use jid::BareJid;

/// What every decision depends on beside its event.
#[derive(Clone, Copy, Debug)]
pub struct Decider<'a> {
    /// The configuration.
    pub settings: &'a Settings,
    /// The rows loaded so far.
    pub rows: &'a Context,
    /// When the event is decided about.
    pub now: Timestamp,
    /// In which language whoever it concerns is told something.
    pub language: Language,
    /// The same where the user had not chosen one.
    pub otherwise: Language,
    /// What the stanza says of its own language; `None`: nothing.
    pub sent: Option<Language>,
}

impl<'a> Decider<'a> {
    /// One for a batch of events that are decided about at the same time.
    pub fn new(settings: &'a Settings, rows: &'a Context, now: Timestamp) -> Self {
        Self {
            settings,
            rows,
            now,
            language: settings.language,
            otherwise: settings.language,
            sent: None,
        }
    }

    /// The same about a user, in the language that the user has chosen, else in the one of what the user's client sent last.
    ///
    /// # Errors
    /// [`Missing`] where the user's options were not loaded yet.
    pub fn about(self, user: &BareJid) -> Result<Self, Missing> {
        self.answering(user, None)
    }

    /// The same about a stanza of a user: where the user has chosen none, its own language goes before that of the one before.
    ///
    /// # Errors
    /// As [`Decider::about`].
    pub fn answering(self, user: &BareJid, sent: Option<Language>) -> Result<Self, Missing> {
        let options = self.rows.own_options(user, None)?;
        let otherwise = sent.or(options.client_language);
        let otherwise = otherwise.unwrap_or(self.settings.language);
        Ok(Self {
            language: options.language.unwrap_or(otherwise),
            otherwise,
            sent,
            ..self
        })
    }
}

/// Why a stanza is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StanzaError {
    /// The stanza error (RFC 6120 §8.3).
    pub condition: Condition,
    /// The sentence for the user.
    pub why: String,
}

/// Why a decision stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// These rows have to be loaded; then it is made anew.
    Load(Vec<Need>),
    /// What was asked for is refused. It becomes a stanza in one place, [`Decider::stanza`].
    Reject(StanzaError),
}

impl Stop {
    /// A refusal.
    pub fn reject(condition: Condition, why: impl Into<String>) -> Self {
        let why = why.into();
        Self::Reject(StanzaError { condition, why })
    }

    /// The refusal, for who has something to do about it.
    ///
    /// # Errors
    /// [`Missing`] where it is none, and rows have to be loaded.
    pub fn rejected(self) -> Result<StanzaError, Missing> {
        match self {
            Self::Load(needs) => Err(Missing(needs)),
            Self::Reject(error) => Ok(error),
        }
    }

    /// What was found; `None` where it was refused.
    ///
    /// # Errors
    /// [`Missing`] where rows have to be loaded.
    pub fn optional<T>(found: Result<T, Self>) -> Result<Option<T>, Missing> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(stop) => stop.rejected().map(|_| None),
        }
    }

    /// As [`Context::all`]; where all rows are there, the first refusal counts.
    ///
    /// # Errors
    /// [`Stop`] of any of them.
    pub fn all<T, U>(
        items: impl IntoIterator<Item = T>,
        mut ask: impl FnMut(T) -> Result<U, Self>,
    ) -> Result<Vec<U>, Self> {
        let answers = Context::all(items, |item| match ask(item) {
            Ok(found) => Ok(Ok(found)),
            Err(stop) => stop.rejected().map(Err),
        })?;
        let found: Result<Vec<U>, StanzaError> = answers.into_iter().collect();
        found.map_err(Self::Reject)
    }
}

impl From<Missing> for Stop {
    fn from(Missing(needs): Missing) -> Self {
        Self::Load(needs)
    }
}

impl From<StanzaError> for Stop {
    fn from(error: StanzaError) -> Self {
        Self::Reject(error)
    }
}
