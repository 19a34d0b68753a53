//! What became of a mail that was handed to the SMTP server: who is at fault, whether to try again, and whether it is
//! certain that nothing was sent.

use crate::core::address::MailAddress;
use crate::core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// An enhanced status code (RFC 3463 §2) as (class, subject, detail), e.g. (5, 1, 1).
pub type EnhancedCode = (u16, u16, u16);

/// A server's reply as it concerns one recipient (RFC 5321 §4.2), or what happened instead of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Three digits, e.g. 550. `None` where no reply came (refused connection, time limit, TLS).
    pub code: Option<u16>,
    /// Its enhanced status code, where it has one.
    pub enhanced: Option<EnhancedCode>,
    /// The server's words without codes, or our sentence about what happened; cleaned, at most 500 characters.
    pub text: String,
}

/// The enhanced status code `class.subject.detail` that a word is, else `None`.
pub fn enhanced_code(word: &str) -> Option<EnhancedCode> {
    let mut numbers = word.split('.').map(|number| {
        let fits = (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        number.parse::<u16>().ok().filter(|_| fits)
    });
    let code = (numbers.next()??, numbers.next()??, numbers.next()??);
    (numbers.next().is_none() && matches!(code.0, 2 | 4 | 5)).then_some(code)
}

/// What became of one recipient of a mail in one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The server has taken responsibility (2yz after the final dot).
    Delivered(Reply),
    /// Try again later. `certain`: it is certain that the server has not taken this mail; false after a lost connection
    /// or a time limit between the final dot and the reply (RFC 5321 §4.5.3.2.6).
    Retry {
        /// The server's words or ours.
        reply: Reply,
        /// Whether it is certain that nothing was sent.
        certain: bool,
    },
    /// The server will never take it (5yz), or we cannot send it at all (an address that needs SMTPUTF8).
    Refused(Reply),
}

/// One attempt at a mail: what became of each recipient.
pub type Attempt = Vec<(MailAddress, Outcome)>;

/// What became of a job by one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobVerdict {
    /// Nobody is left: all recipients were served or refused.
    Done,
    /// Some are left and will be tried again.
    Deferred {
        /// When.
        next: Timestamp,
    },
    /// Some are left in `Job::to` and will not be tried again.
    Expired,
}
