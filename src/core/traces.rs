//! What is stored of one user: how much of each kind, and never what.

use crate::core::address::MailAddress;
use crate::core::record::Contact;
use serde::{Deserialize, Serialize};

/// Rows of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Contacts, with what is between them and the user.
    pub contacts: u64,
    /// What was chosen: for all contacts, and for single ones.
    pub options: u64,
    /// What is remembered of messages in both directions.
    pub messages: u64,
    /// Threads.
    pub threads: u64,
    /// Marks of mails that were handled.
    pub seen: u64,
    /// What contacts were told of the user's presence: one row.
    pub presence: u64,
    /// Pairs that the gateway has made by itself of contacts that nobody else has.
    pub pairs: u64,
    /// Pictures of contacts.
    #[serde(default)]
    pub avatars: u64,
}

impl RowCounts {
    /// Those, too.
    pub fn add(&mut self, others: Self) {
        let Self {
            contacts,
            options,
            messages,
            threads,
            seen,
            presence,
            pairs,
            avatars,
        } = others;
        let more = [
            (&mut self.contacts, contacts),
            (&mut self.options, options),
            (&mut self.messages, messages),
            (&mut self.threads, threads),
            (&mut self.seen, seen),
            (&mut self.presence, presence),
            (&mut self.pairs, pairs),
            (&mut self.avatars, avatars),
        ];
        for (sum, one) in more {
            *sum = sum.saturating_add(one);
        }
    }
}

/// All that there is of a user, or that was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traces {
    /// In the store.
    pub rows: RowCounts,
    /// Mails that wait to be sent.
    pub waiting: u64,
    /// Mails that are on their way, or whose sender is being told what became of them.
    pub under_way: u64,
    /// Mails that are kept as they came.
    pub originals: u64,
    /// Files of mails.
    pub files: u64,
}

impl Traces {
    /// Those, too. What is under way is as it was last.
    pub fn add(&mut self, others: Self) {
        self.rows.add(others.rows);
        self.under_way = others.under_way;
        let more = [
            (&mut self.waiting, others.waiting),
            (&mut self.originals, others.originals),
            (&mut self.files, others.files),
        ];
        for (sum, one) in more {
            *sum = sum.saturating_add(one);
        }
    }

    /// There is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What was forgotten in one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// How many rows.
    pub rows: RowCounts,
    /// The contacts among them, whom the user's roster may still have.
    pub contacts: Vec<(MailAddress, Contact)>,
    /// Nothing was left to be forgotten.
    pub is_all: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_added_up() {
        let step = Traces {
            rows: RowCounts {
                contacts: 1,
                options: 2,
                messages: 3,
                threads: 4,
                seen: 5,
                presence: 6,
                pairs: 7,
                avatars: 12,
            },
            waiting: 8,
            under_way: 9,
            originals: 10,
            files: 11,
        };
        let mut sum = Traces::default();
        assert!(sum.is_empty());
        sum.add(step);
        assert_eq!(sum, step);
        sum.add(step);
        let twice = serde_json::to_value(sum).unwrap();
        assert_eq!(twice["rows"]["pairs"], 14);
        assert_eq!(twice["rows"]["contacts"], 2);
        assert_eq!(twice["rows"]["avatars"], 24);
        assert_eq!((sum.waiting, sum.under_way, sum.files), (16, 9, 22));
    }
}
