//! A mail with no sender that could be answered: a device that writes `From: root`, a server that writes none. It is shown
//! all the same, from a JID that is nobody's address.

use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::{Decision, Fate, Left};
use crate::core::decide::inbound::arrived::Arrived;
use crate::core::decide::inbound::recipients::local_users;
use crate::core::decide::inbound::shown_text::{Above, shown_text, stanza_id};
use crate::core::decide::inbound::trust::{JudgedSender, SenderTrust};
use crate::core::decide::lookup;
use crate::core::notice::{self, HoldReason};
use crate::core::record::Bulk;
use crate::core::settings::Speak;
use crate::core::to_stanza;
use jid::BareJid;
use minidom::Element;

/// Decides about a mail whose `From` holds no address.
pub(crate) fn decide(
    decider: Decider<'_>,
    arrived: &Arrived<'_>,
) -> Result<(Decision, Fate), Missing> {
    let (mail, mut decision) = (arrived.mail, Decision::default());
    let id = &mail.message_id;
    let is_unwanted = mail.bulk && decider.settings.bulk == Bulk::Drop;
    if mail.about_machine || id.is_machine() || is_unwanted {
        let note = format!("mail {id} has no sender and is not for people: not shown");
        decision.notes.push(note);
        return Ok((decision, Fate::Handled));
    }
    let users = local_users(decider, arrived)?.users;
    if users.is_empty() {
        let why = "it has no sender that could be read, and none of its recipients is a local user";
        let note = format!("mail {id} {}: {why}", mail.kept().left());
        decision.notes.push(note);
        decision.left = Some(Left::Nobody);
        return Ok((decision, Fate::Left));
    }
    let (waiting, users) = arrived.parted(users);
    // It claims to be from nobody, so that there is nothing that could be forged.
    let trust = match JudgedSender::of(decider, mail).trust {
        SenderTrust::Held(HoldReason::Failed) if decider.settings.trust.speak == Speak::Mark => {
            SenderTrust::Marked
        }
        trust => trust,
    };
    let words = mail.from_words.as_deref().unwrap_or_default();
    let key = trust.key(words, mail);
    let unseen = Context::all(users, |user| {
        let is_seen = decider.rows.seen(&user, &key);
        // Asked for together.
        decider.about(&user).and(is_seen.clone())?;
        let is_seen = is_seen?.is_some();
        Ok((!is_seen).then_some(user))
    })?;
    for user in unseen.into_iter().flatten() {
        let decider = decider.about(&user)?;
        decision.stanzas.push(shown(decider, arrived, trust, &user));
        decision
            .writes
            .push(Write::Seen(user, key.clone(), decider.now));
    }
    decision.left = trust.left();
    Ok((decision, trust.fate_with(&waiting)))
}

fn shown(
    decider: Decider<'_>,
    arrived: &Arrived<'_>,
    trust: SenderTrust,
    user: &BareJid,
) -> Element {
    let mail = arrived.mail;
    let id = stanza_id(mail, user, trust);
    if let SenderTrust::Held(why) = trust {
        let contacts = &decider.settings.contact_addresses;
        let body = notice::held(decider.language, None, (why, mail.kept()), contacts);
        let from_to = (decider.settings.gateway.as_str(), user.as_str());
        return to_stanza::notice(decider.language, from_to, id.as_str(), &body);
    }
    let words = mail.from_words.as_deref();
    let introduction = notice::nameless_sender(decider.language, words);
    let shown = shown_text(
        (decider.language, decider.settings.quotes),
        arrived,
        Above {
            marks: &trust.marks(decider.language),
            subject: mail.subject.as_deref(),
            to: None,
            kept: mail.kept(),
        },
    );
    let from = lookup::nameless_jid(decider, words.unwrap_or_default());
    let body = format!("{introduction}\n{}", shown.text);
    to_stanza::words(from.as_str(), user.as_str(), id.as_str(), &body)
}
