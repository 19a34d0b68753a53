//! What is wrong with a configuration.

use std::fmt;
use std::path::PathBuf;

/// All that is wrong with a configuration file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The file.
    pub file: PathBuf,
    /// At least one.
    pub errors: Vec<ConfigError>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigError {
    /// Where, from 1; `None` where it is about the file as a whole.
    pub line: Option<usize>,
    /// `smtp.port`, or `mailbox 2.host` for the second of several; empty where it is about no key.
    pub key: String,
    /// What was found, what is allowed and how to mend it.
    pub problem: String,
}

/// How many mistakes of a file are shown: more than one screen holds helps nobody.
const SHOWN_MAX: usize = 50;

impl ConfigErrors {
    /// Those that are shown.
    pub fn first(&self) -> impl Iterator<Item = &ConfigError> {
        self.errors.iter().take(SHOWN_MAX)
    }

    /// How many are not shown, in words; `None` where all are.
    pub fn more(&self) -> Option<String> {
        let more = self.errors.len().saturating_sub(SHOWN_MAX);
        (more > 0).then(|| format!("{}: {more} more mistakes", self.file.display()))
    }
}

/// `file:line: key: problem`, one a line.
impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.first().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}:{error}", self.file.display())?;
        }
        match self.more() {
            Some(more) => write!(f, "\n{more}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        if !self.key.is_empty() {
            write!(f, " {}:", self.key)?;
        }
        write!(f, " {}", self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_mistakes_the_first_are_shown_and_the_others_counted() {
        let mistake = |line| ConfigError {
            line: Some(line),
            key: String::new(),
            problem: "is wrong".to_owned(),
        };
        let errors = |count| ConfigErrors {
            file: PathBuf::from("s.toml"),
            errors: (1..=count).map(mistake).collect(),
        };
        let all = errors(SHOWN_MAX).to_string();
        assert_eq!(all.lines().count(), SHOWN_MAX);
        let many = errors(60_000).to_string();
        assert_eq!(many.lines().count(), SHOWN_MAX + 1);
        assert!(many.ends_with("\ns.toml: 59950 more mistakes"), "{many}");
    }
}
