//! Stanzas that a mail carries from another gateway: what of them is taken.

use crate::core::carried::{self, Carried, CarriedPresence, PresenceKind};
use crate::core::decide::inbound::trust::JudgedSender;
use crate::core::from_mail;
use crate::core::subscription::Verb;

/// What a mail carries, after its sender was looked at.
#[derive(Debug)]
pub(crate) enum EmbeddedStanzas {
    /// Nothing, or nothing that can be read: the mail is its text.
    None,
    /// Stanzas of a sender who is not believed.
    Refused(Vec<Carried>),
    /// Stanzas of the address in `From`.
    Taken(Vec<Carried>),
}

impl EmbeddedStanzas {
    pub(crate) fn of(
        mail: &from_mail::ParsedMail,
        sender: &JudgedSender,
        notes: &mut Vec<String>,
    ) -> Self {
        let id = &mail.message_id;
        if let Some(why) = &mail.carried_problem {
            notes.push(format!("the stanza in mail {id} cannot be read: {why}"));
        }
        let Some(root) = &mail.carried else {
            return Self::None;
        };
        match carried::read(root) {
            Err(why) => {
                notes.push(format!("the stanza in mail {id} is not taken: {why}"));
                Self::None
            }
            Ok(stanzas) => match &sender.doubt {
                None => Self::Taken(stanzas),
                Some(why) => {
                    notes.push(format!("the stanza in mail {id} is not believed: {why}"));
                    Self::Refused(stanzas)
                }
            },
        }
    }

    pub(crate) fn is_taken(&self) -> bool {
        matches!(self, Self::Taken(_))
    }

    /// Whether there is something for a person in the mail: not in a presence, nor in what machines say about one; and of
    /// what is not believed only in what a person wrote, and in a request that did not come through a list.
    pub(crate) fn is_for_people(&self, mail: &from_mail::ParsedMail) -> bool {
        match self {
            Self::None => !mail.about_machine,
            Self::Refused(stanzas) => {
                mail.automatic.is_none() || (!mail.bulk && stanzas.iter().any(is_request))
            }
            Self::Taken(stanzas) => !stanzas.iter().all(|one| announced(one).is_some()),
        }
    }

    /// Whether the text of a mail that a gateway wrote by itself says nothing to `user`: to whom it is not addressed it says
    /// nothing at all, and to others, who cannot answer it, only a request does.
    pub(crate) fn says_nothing_to(&self, mail: &from_mail::ParsedMail, is_addressed: bool) -> bool {
        match self {
            Self::Taken(stanzas) => {
                mail.automatic.is_some() && (!is_addressed || !stanzas.iter().any(is_request))
            }
            _ => false,
        }
    }

    /// The presence in a mail that is not for people, if it is believed: the last one is the newest.
    pub(crate) fn presence(&self) -> Option<&CarriedPresence> {
        match self {
            Self::Taken(stanzas) => stanzas.iter().filter_map(announced).next_back(),
            _ => None,
        }
    }
}

/// A presence that is no subscription stanza.
fn announced(one: &Carried) -> Option<&CarriedPresence> {
    match one {
        Carried::Presence(presence) if verb(presence).is_none() => Some(presence),
        _ => None,
    }
}

fn is_request(one: &Carried) -> bool {
    matches!(one, Carried::Presence(presence) if presence.kind == PresenceKind::Subscribe)
}

pub(crate) fn verb(presence: &CarriedPresence) -> Option<Verb> {
    match presence.kind {
        PresenceKind::Subscribe => Some(Verb::Subscribe),
        PresenceKind::Subscribed => Some(Verb::Subscribed),
        PresenceKind::Unsubscribe => Some(Verb::Unsubscribe),
        PresenceKind::Unsubscribed => Some(Verb::Unsubscribed),
        PresenceKind::Available(_) | PresenceKind::Unavailable { .. } => None,
    }
}
