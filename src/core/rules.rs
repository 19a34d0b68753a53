//! Rules: which mail address stands for a local user, by a pair of templates.

use crate::core::address::MailAddress;
use jid::BareJid;

/// The rules of a configuration, checked: each is reversible and no two overlap.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {}

/// Why rules are refused. `rule` and `other` are positions in the list, from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Two rules overlap.
    #[error("overlap")]
    Overlap {
        /// The later one.
        rule: usize,
        /// The earlier one.
        other: usize,
    },
}

impl Rules {
    /// Checks and compiles `(jid template, mail template)` pairs.
    ///
    /// # Errors
    /// [`RuleError`] names the rule, what was found and what is allowed.
    pub fn new(templates: &[(String, String)]) -> Result<Self, RuleError> {
        let _ = templates;
        Ok(Self { rules: Vec::new() })
    }

    /// The mail address of a local user by the first rule that matches.
    pub fn mail_of(&self, user: &BareJid) -> Option<MailAddress> {
        let _ = (user, &self.rules);
        None
    }

    /// The local user whose address this is by a rule.
    pub fn user_of(&self, address: &MailAddress) -> Option<BareJid> {
        let _ = address;
        None
    }
}
