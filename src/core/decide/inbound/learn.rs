//! What a mail shows of its sender's format is kept.

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::Decision;
use crate::core::decide::inbound::recipients;
use crate::core::decide::inbound::trust::is_bridge;
use crate::core::decide::lookup::commanded;
use crate::core::decide::roster::greeting;
use crate::core::from_mail;
use crate::core::record::{Format, Peer, PeerOrigin};
use crate::core::text::clean;

/// What a believed mail shows of its sender's format is kept, where nobody has said what it is to be. Only what a person
/// wrote shows that there is no gateway any more, not an answer to what only gateways read, which a program may have given;
/// and only what is newer than what was learned: somebody who has got hold of an older mail can send it again, and take
/// fields away that are not signed. To whom the mail is the contact is another from now on: it is shown as such, and a
/// gateway is told of the user again.
pub(crate) fn learn(
    decider: Decider<'_>,
    mail: &from_mail::ParsedMail,
    from: &MailAddress,
    decision: &mut Decision,
) -> Result<(), Missing> {
    // The body is signed in any case, and `XMPP-Bridge` is not by every mail server.
    let shown = match is_bridge(mail) || mail.carried.is_some() {
        true => Format::OF_GATEWAYS,
        false if mail.chat.is_some() => Format::OF_CHATS,
        false => Format::default(),
    };
    let is_of_machine = mail.automatic.is_some() || mail.null_return_path;
    let is_doubtful = is_of_machine || mail.answers_machine;
    if mail.bulk || (is_doubtful && !shown.features().stanzas) {
        return Ok(());
    }
    let is_said = decider.settings.format_of(from).is_some() || commanded(decider, from)?.is_some();
    let who = AddressPattern::Address(from.clone());
    let known = decider.rows.peer(&who)?;
    let written = mail.date.map_or(decider.now, |date| date.min(decider.now));
    if is_said || known.map(|peer| peer.format).unwrap_or_default() == shown {
        return Ok(());
    }
    if known.is_some_and(|peer| written < peer.since) {
        decision.notes.push(format!(
            "mail {} is older than what its sender's format was learned from: nothing is learned from it",
            mail.message_id
        ));
        return Ok(());
    }
    decision.notes.push(format!(
        "{} is written to in the format {shown} from now on: so its mail {} shows",
        clean::shorten_addresses(&from.to_string()),
        mail.message_id
    ));
    decision.writes.push(Write::Peer(Peer {
        who,
        format: shown,
        origin: PeerOrigin::Learned,
        since: written,
    }));
    let users = recipients::addressed_users(decider, mail)?;
    let greetings = Context::all(&users, |user| match decider.rows.contact(user, from)? {
        Some(contact) => {
            let relation = (user, from, contact);
            greeting::greeting_in(decider, shown, relation)
        }
        None => Ok(Vec::new()),
    })?;
    decision.stanzas.extend(greetings.into_iter().flatten());
    Ok(())
}
