//! An answer goes where its author wants answers (RFC 5322 §3.6.2).

use crate::core::address::MailAddress;
use crate::core::context::Missing;
use crate::core::decide::decider::Decider;
use crate::core::decide::outbound::outgoing::OutgoingAddresses;
use crate::core::decide::outbound::recipients;
use crate::core::decide::thread::ThreadPlace;
use crate::core::id::StanzaId;
use crate::core::job::SourceStanza;
use crate::core::language::Language;
use crate::core::notice;
use crate::core::record;
use crate::core::to_stanza;
use minidom::Element;

/// Where an answer goes that does not go to the contact itself.
pub(crate) struct Elsewhere {
    /// What the user is not told of yet.
    told: Option<MailAddress>,
    /// To how many of the recipients the user never wrote.
    pub strangers: usize,
}

impl Elsewhere {
    /// The contact says so itself, once in a conversation.
    pub(crate) fn told(&self, language: Language, said: &SourceStanza) -> Option<Element> {
        let body = notice::answer_goes_to(language, &self.told.as_ref()?.for_people());
        let (user, contact) = (said.origin.user.to_bare(), &said.origin.contact);
        let id = StanzaId::derive(&said.id, &user, "answers");
        let from_to = (contact.as_str(), user.as_str());
        let notice = to_stanza::notice(language, from_to, id.as_str(), &body);
        Some(notice)
    }
}

/// Sends an answer to where the contact wants answers (RFC 5322 §3.6.2). The conversation stays with the contact.
pub(crate) fn elsewhere(
    decider: Decider<'_>,
    outgoing: &mut OutgoingAddresses,
    place: &ThreadPlace,
) -> Result<Elsewhere, Missing> {
    let strangers = recipients::strangers(decider, &outgoing.user, &outgoing.recipients)?;
    let known = place.known.as_ref();
    let answers = known.and_then(|thread| thread.answers.as_ref());
    // A denied address may have been allowed when the mail came.
    let is_wanted = |answers: &&record::AnswersTo| {
        outgoing.format.features().reply_to && decider.settings.contacts.allows(&answers.mail)
    };
    let Some(answers) = answers.filter(is_wanted) else {
        return Ok(Elsewhere {
            strangers,
            told: None,
        });
    };
    let is_known = decider
        .rows
        .contact(&outgoing.user, &answers.mail)?
        .is_some();
    let contact = &outgoing.contact;
    let is_there = outgoing
        .recipients
        .iter()
        .any(|one| one.mail == answers.mail);
    match is_there {
        true => outgoing.recipients.retain(|one| one.mail != *contact),
        false => {
            let mut to = outgoing.recipients.iter_mut();
            if let Some(to) = to.find(|one| one.mail == *contact) {
                to.mail = answers.mail.clone();
                to.name = None;
            }
        }
    }
    Ok(Elsewhere {
        told: (!answers.is_told).then(|| answers.mail.clone()),
        strangers: strangers.saturating_add(usize::from(!answers.is_told && !is_known)),
    })
}
