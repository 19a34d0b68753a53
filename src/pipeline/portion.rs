//! Mails of a batch that were decided about and are not yet delivered.

use crate::core::context::{Context, Write};
use crate::core::decide::decision::{Decision, PresenceUpdate};
use jid::BareJid;
use std::collections::{BTreeMap, BTreeSet};

/// Stanzas that mails become before they are sent, but for those of the last mail among them.
const STANZAS_PER_PORTION: usize = 1_000;
/// The same in octets, with those of the mails that they cause. 50 users who get one of 150 KB make as much.
const OCTETS_PER_PORTION: usize = 8 * 1024 * 1024;
/// The same in rows that are written.
const ROWS_PER_PORTION: usize = 4_000;

/// What was decided, and the rows that it was decided by. Those outlive what is delivered, so that the next mails are decided about while
/// that goes on.
#[derive(Default)]
pub(super) struct Portion {
    pub context: Context,
    pub decided: DecidedMails,
    /// Users who are told of a mail that is not shown, by what may be on its way.
    pub told: BTreeSet<BareJid>,
    stanzas: usize,
    octets: usize,
    rows: usize,
}

/// What mails have become.
#[derive(Default)]
pub(super) struct DecidedMails {
    pub decisions: Vec<Decision>,
    /// What is committed before their mails are accepted.
    pub first: Vec<Write>,
    /// Of mails that are not shown.
    pub held: BTreeMap<BareJid, HeldMails>,
}

/// What is left to do about them when the XMPP server has taken their stanzas.
pub(super) struct TakenMails {
    pub writes: Vec<Write>,
    pub said: Vec<PresenceUpdate>,
    pub held: BTreeMap<BareJid, HeldMails>,
    /// Up to where the mailbox is read then.
    pub cursor: Option<Write>,
}

#[derive(Default)]
pub(super) struct HeldMails {
    pub mails: usize,
    /// One of the stanzas tells the user of one.
    pub is_told: bool,
}

impl Portion {
    pub(super) fn add(&mut self, decision: Decision) {
        self.stanzas = self.stanzas.saturating_add(decision.stanzas.len());
        self.octets = self.octets.saturating_add(decision.weight());
        self.rows = self.rows.saturating_add(decision.writes.len());
        self.decided.decisions.push(decision);
    }

    /// By what the mails have become since the rows were new, and not by how many they were.
    pub(super) fn is_full(&self) -> bool {
        self.stanzas >= STANZAS_PER_PORTION
            || self.octets >= OCTETS_PER_PORTION
            || self.rows >= ROWS_PER_PORTION
    }

    /// What is to be delivered now.
    pub(super) fn take(&mut self) -> DecidedMails {
        std::mem::take(&mut self.decided)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::context::Write;
    use crate::core::record::Cursor;
    use crate::core::time::Timestamp;
    use crate::core::to_stanza;

    #[test]
    fn a_portion_is_full_by_what_the_mails_have_become() {
        let of = |stanzas: usize, octets: usize, rows: usize| {
            let body = "x".repeat(octets);
            let stanza = to_stanza::words("gateway.a.example", "alice@a.example", "1", &body);
            let cursor = Cursor {
                uid_validity: 1,
                uid_next: 1,
                since: Timestamp::default(),
                again: None,
            };
            Decision {
                stanzas: vec![stanza; stanzas],
                writes: vec![Write::Cursor(String::new(), cursor); rows],
                ..Decision::default()
            }
        };
        for (decision, fits) in [
            (of(2, 10, 1), 499),
            (of(50, 150 * 1024, 50), 1),
            (of(1, 10, 400), 9),
        ] {
            let mut portion = Portion::default();
            for _ in 0..fits {
                portion.add(decision.clone());
                assert!(!portion.is_full());
            }
            portion.add(decision);
            assert!(portion.is_full());
        }
    }
}
