//! A user is away, and says so to people who write: by one mail to each in a while, as a responder of RFC 3834 §2 does.
//!
//! Only to who is verified and a person, and whom the user would be shown ([`returned::answerable`] says who else is told anything
//! automatically): never to a list, a program, a gateway or whoever waits to be accepted; never for a copy that the mail was not
//! addressed to. It goes to the reverse path and has none of its own, so that nothing comes back. That it was written is committed
//! before it is: a crash in between costs somebody an answer, and nobody gets two.

use crate::core::context::{Missing, Write};
use crate::core::decide::compose::{self, MailOptions};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::AtMostOnce;
use crate::core::decide::delivery::returned;
use crate::core::decide::inbound::trust::JudgedSender;
use crate::core::decide::lookup;
use crate::core::from_mail::{self, Person};
use crate::core::id::{Correspondents, MessageId};
use crate::core::limits::AWAY_INTERVAL;
use crate::core::message::OutboundMail;
use crate::core::notice;
use crate::core::record::{Away, Format};
use jid::BareJid;

/// The answer to a mail that is shown to its user, where there is one.
pub(crate) fn answer(
    decider: Decider<'_>,
    mail: &from_mail::ParsedMail,
    (author, sender, user): (&Person, &JudgedSender, &BareJid),
    away: &Away,
) -> Result<Option<AtMostOnce>, Missing> {
    let is_old = |date| decider.now.since(date) > AWAY_INTERVAL;
    // Programs that do not say that they are.
    let is_of_machine = mail.is_of_machine || mail.answers_machine || returned::is_unread(author);
    if is_of_machine || !away.holds(decider.now) || mail.date.is_none_or(is_old) {
        return Ok(None);
    }
    let Some(to) = returned::answerable(decider, mail, author, sender) else {
        return Ok(None);
    };
    let key = MessageId::of_raw(format!("away {}", author.address.key()).as_bytes());
    let before = decider.rows.seen(user, &key)?;
    if before.is_some_and(|before| decider.now.since(before) < AWAY_INTERVAL) {
        return Ok(None);
    }
    let Some(own) = Stop::optional(lookup::user_mail(decider, user))? else {
        return Ok(None);
    };
    let message_id = MessageId::derive(
        &decider.settings.id_key,
        Correspondents {
            from: user,
            to: author.address.key(),
            sender: &own,
        },
        mail.message_id.as_str(),
        "away",
    );
    let from = compose::party(decider, user, own, None)?;
    let name = from.name.clone().unwrap_or_default();
    let words = (mail.subject.as_deref(), away.text.as_deref());
    let (subject, text) = notice::away(decider.language, &name, words);
    let mut letter = OutboundMail {
        to: vec![compose::to(&to.reverse_path)],
        answers_automatically: true,
        ..OutboundMail::plain(from, message_id, subject, text, decider.now)
    };
    if !mail.message_id.is_made_up() {
        letter.in_reply_to = Some(mail.message_id.clone());
        letter.references = vec![mail.message_id.clone()];
    }
    let options = MailOptions {
        format: Format::Mail,
        ordering_key: &format!("away {}", to.reverse_path.key()),
        origin: None,
        silent: true,
        now: decider.now,
    };
    // What cannot be written is not written; nobody waits for it.
    let Ok(mut mail) = options.mail(decider, &letter) else {
        return Ok(None);
    };
    mail.job.from = None;
    let written = Write::Seen(user.clone(), key, decider.now);
    Ok(Some(AtMostOnce {
        user: user.clone(),
        mail,
        written,
    }))
}
