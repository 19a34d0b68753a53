//! In which language a user is told something: in the one that the user has chosen, else in that of the stanza, else in that of what
//! the user's client sent last, else in the configuration's.
//!
//! The language of the last message is kept with the user's options, so that a mail that comes later is told of in it, too. That of a
//! message without a word begins no such row.

use crate::core::context::{Missing, Write};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::Decision;
use crate::core::decide::own_name;
use crate::core::from_stanza::{Stanza, StanzaKind};
use crate::core::language::Language;
use crate::core::record::Options;
use rxml::Namespace;

/// What the stanza says of its language (RFC 6120 §8.1.5); `None`: nothing, or one that is not spoken here.
pub(crate) fn of_stanza(stanza: &Stanza) -> Option<Language> {
    let tag = stanza.element.attr_ns(&Namespace::XML, "lang")?;
    Language::of_tag(tag)
}

/// Who decides about a stanza says something in the language of whoever has sent it.
pub(crate) fn of_sender<'a>(decider: Decider<'a>, stanza: &Stanza) -> Result<Decider<'a>, Missing> {
    let user = stanza.from.to_bare();
    let is_answered = matches!(
        stanza.kind,
        StanzaKind::Message(_)
            | StanzaKind::Request { .. }
            | StanzaKind::Presence(_)
            | StanzaKind::Groupchat
            | StanzaKind::Returned(_)
            | StanzaKind::Unanswered(_)
    );
    let sent = of_stanza(stanza);
    match is_answered && decider.settings.users.allows(&user) {
        true => decider.answering(&user, sent),
        false => Ok(Decider {
            language: sent.unwrap_or(decider.language),
            ..decider
        }),
    }
}

/// The decision, and with it the language of the stanza, where what is known of the user would not lead to it.
pub(crate) fn noted(
    decider: Decider<'_>,
    stanza: &Stanza,
    mut decision: Decision,
) -> Result<Decision, Missing> {
    decision.language = decider.language;
    let user = stanza.from.to_bare();
    let (StanzaKind::Message(_), Some(sent)) = (&stanza.kind, of_stanza(stanza)) else {
        return Ok(decision);
    };
    // What is done about a mail that waits comes first, and then the same is decided about again.
    if !decider.settings.users.allows(&user) || decision.operation.is_some() {
        return Ok(decision);
    }
    let own = decision.writes.iter_mut().find_map(|write| match write {
        Write::Options(of, None, options) if *of == user => Some(options),
        _ => None,
    });
    let kept = decider.rows.own_options(&user, None)?;
    if kept == Options::default() && own.is_none() && !own_name::is_meant(stanza) {
        return Ok(decision);
    }
    let known = kept.client_language.unwrap_or(decider.settings.language);
    match own {
        _ if known == sent => {}
        Some(options) => options.client_language = Some(sent),
        None => {
            let options = Options {
                client_language: Some(sent),
                ..kept
            };
            let write = Write::Options(user, None, options);
            decision.writes.push(write);
        }
    }
    Ok(decision)
}
