//! What the sections about trust mean, in the words of an administrator.

use super::{PeerSection, TrustSection};
use crate::core::settings::{Speak, StanzaTrust};
use std::fmt::Write;

/// So many peers are named in one line; of more only their number is said.
const PEERS_NAMED_MAX: usize = 5;

impl TrustSection {
    /// What the section and the keys of the peers mean, in one line for an administrator: `Err` where a forger would be
    /// believed, unless it is about messages only and wanted so.
    ///
    /// # Errors
    /// The line itself, which is then a warning.
    pub fn meaning(&self, peers: &[PeerSection]) -> Result<String, String> {
        let with_key: Vec<String> = peers
            .iter()
            .filter(|peer| peer.key.is_some())
            .map(|peer| peer.who.to_string())
            .collect();
        let signing = named(&with_key);
        let messages = self.of_messages(signing.as_deref());
        let stanzas = self.of_stanzas(signing.as_deref());
        match (messages, stanzas) {
            (Ok(messages), Ok(stanzas)) => Ok(format!("{messages}; {stanzas}")),
            (Ok(messages) | Err(messages), Ok(stanzas) | Err(stanzas)) => {
                Err(format!("{messages}; {stanzas}; see docs/OPERATING.md"))
            }
        }
    }

    /// What holds for messages. `signing` names the peers that have a key.
    fn of_messages(&self, signing: Option<&str>) -> Result<String, String> {
        let ids = self.authserv_ids.join(", ");
        let signed = signing.map_or_else(String::new, |names| {
            format!(", and for {names} by signatures")
        });
        match (self.unverified, signing) {
            (Speak::Off, _) => Ok("senders are not verified, as configured".to_owned()),
            (_, None) if ids.is_empty() => Err(
                "[trust] has no authserv_ids, so no sender can be verified: every mail is shown as from whom it says, and \
                 whoever forges an address is believed"
                    .to_owned(),
            ),
            (_, Some(names)) if ids.is_empty() => Err(format!(
                "[trust] has no authserv_ids, so no sender can be verified but {names}, by their signatures: every other \
                 mail is shown as from whom it says, and whoever forges an address is believed"
            )),
            (Speak::Mark, _) => Ok(format!(
                "senders are verified by what {ids} says{signed}; others are marked, failed ones held"
            )),
            (Speak::Require, _) => Ok(format!(
                "senders are verified by what {ids} says{signed}; all others are held"
            )),
        }
    }

    /// What holds for presence, subscriptions and carried stanzas.
    fn of_stanzas(&self, signing: Option<&str>) -> Result<String, String> {
        let what = "presence and subscriptions of other gateways";
        match (self.stanzas_from, self.authserv_ids.is_empty(), signing) {
            (StanzaTrust::Off, _, None) => Err(format!(
                "stanzas_from = \"anyone\" is UNSAFE: {what} are believed from everybody, and whoever can send a mail can pretend to \
                 be any contact"
            )),
            (StanzaTrust::Off, _, Some(names)) => Err(format!(
                "stanzas_from = \"anyone\" is UNSAFE: {what} are believed from everybody but for {names}, who must sign, and whoever \
                 can send a mail can pretend to be any other contact"
            )),
            (StanzaTrust::Require, true, None) => Ok(format!(
                "{what} are not believed from anybody: that takes authserv_ids, or a [[peer]] with a key"
            )),
            (StanzaTrust::Require, true, Some(names)) => Ok(format!(
                "{what} are believed from {names}, where they are signed, and from nobody else"
            )),
            (StanzaTrust::Require, false, _) => {
                Ok(format!("{what} are believed from verified senders only"))
            }
        }
    }
}

/// `a, b and 3 more`. `None` where there is nobody.
fn named(names: &[String]) -> Option<String> {
    let shown = names.get(..PEERS_NAMED_MAX).unwrap_or(names);
    let mut text = shown.join(", ");
    let more = names.len().saturating_sub(shown.len());
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    (!names.is_empty()).then_some(text)
}
