//! A mail that is to be written becomes one, with its job, for whichever purpose it was written.

use crate::core::address::{MailAddress, unescape};
use crate::core::context::Missing;
use crate::core::decide::decider::{Decider, StanzaError};
use crate::core::id::JobId;
use crate::core::job::{ComposedMail, Job, Origin};
use crate::core::message::{OutboundMail, Party, Recipient, Role};
use crate::core::name::{self, Owner};
use crate::core::notice;
use crate::core::record::Format;
use crate::core::time::Timestamp;
use crate::core::to_mail::{self, Undelivered, UnwritableMail};
use crate::core::to_stanza::Condition;
use jid::BareJid;

/// How a mail goes out.
pub(crate) struct MailOptions<'a> {
    /// How it is written.
    pub format: Format,
    /// With whom the conversation is: mails of one user to one of these leave in their order.
    pub ordering_key: &'a str,
    /// Who is told what became of it.
    pub origin: Option<Origin>,
    /// Nobody wants a report of it.
    pub silent: bool,
    /// When it was accepted.
    pub now: Timestamp,
}

impl MailOptions<'_> {
    /// The mail, signed where its recipient's gateway has our key. The shell gives it its place in the order.
    ///
    /// # Errors
    /// [`StanzaError`] says what the mail library refused.
    pub(crate) fn mail(
        self,
        decider: Decider<'_>,
        letter: &OutboundMail,
    ) -> Result<ComposedMail, StanzaError> {
        let bytes = bytes(decider, self.format, letter)?;
        let job = Job {
            id: JobId::derive(&letter.message_id),
            message_id: letter.message_id.clone(),
            ordering_key: format!("{} {}", letter.from.jid, self.ordering_key),
            sequence: 0,
            from: Some(letter.from.mail.clone()),
            to: letter
                .to
                .iter()
                .map(|recipient| recipient.mail.clone())
                .collect(),
            origin: self.origin,
            accepted: self.now,
            attempts: 0,
            next_attempt: self.now,
            delay_told: false,
            last_reply: None,
            certain: true,
            silent: self.silent,
            expires: None,
            replaceable: false,
            files: Vec::new(),
            draft: None,
        };
        Ok(ComposedMail { job, bytes })
    }
}

/// The mail as it goes over the wire, signed where its recipient's gateway has our key.
///
/// # Errors
/// [`StanzaError`] says what the mail library refused.
pub(crate) fn bytes(
    decider: Decider<'_>,
    format: Format,
    letter: &OutboundMail,
) -> Result<Vec<u8>, StanzaError> {
    let bytes = to_mail::of(format).write(letter);
    let bytes = bytes.map_err(|error| StanzaError {
        condition: Condition::NotAcceptable,
        why: notice::unwritable(decider.language, &error),
    })?;
    Ok(signed(decider, letter, bytes))
}

/// A report, which nobody is told of: it has no reverse path, so that none of its own comes back (RFC 5321 §6.1).
///
/// # Errors
/// [`UnwritableMail`] names what the mail library refused.
pub(crate) fn report(report: &Undelivered<'_>) -> Result<ComposedMail, UnwritableMail> {
    let to = &report.answerable.reverse_path;
    let job = Job {
        id: JobId::derive(&report.message_id),
        message_id: report.message_id.clone(),
        ordering_key: format!("reports {}", to.key()),
        sequence: 0,
        from: None,
        to: vec![to.clone()],
        origin: None,
        accepted: report.date,
        attempts: 0,
        next_attempt: report.date,
        delay_told: false,
        last_reply: None,
        certain: true,
        silent: true,
        expires: None,
        replaceable: false,
        files: Vec::new(),
        draft: None,
    };
    let bytes = to_mail::undelivered(report)?;
    Ok(ComposedMail { job, bytes })
}

/// The sender of a mail. The name is the one that the user has chosen, else what the stanza says, unless that is the address
/// of somebody else; else what the pair says, else what the user's card does, else the local part.
pub(crate) fn party(
    decider: Decider<'_>,
    user: &BareJid,
    mail: MailAddress,
    nick: Option<String>,
) -> Result<Party, Missing> {
    // Both rows are asked for together.
    let (options, pair) = (
        decider.rows.own_options(user, None),
        decider.rows.pair_of(user),
    );
    let (options, of_pair) = match (options, pair) {
        (Err(Missing(one)), Err(Missing(other))) => {
            return Err(Missing([one, other].concat()));
        }
        (options, pair) => (options?, pair?.and_then(|pair| pair.name.clone())),
    };
    let (of_card, face) = match options.card {
        Some(card) => (card.name, card.face),
        None => (None, None),
    };
    let owner = Owner {
        mail: &mail,
        jid: Some(user),
    };
    // `ceo\40bank.example` is somebody's local part, too: whoever registers can choose it.
    let local = user.node().map(|node| {
        let local = name::shown(&unescape(node.as_str()), owner);
        local.unwrap_or_else(|| mail.local().to_owned())
    });
    let nick = options.name.or(nick);
    let nick = nick.and_then(|nick| name::shown(&nick, owner));
    Ok(Party {
        jid: user.clone(),
        mail,
        name: nick.or(of_pair).or(of_card).or(local),
        face,
    })
}

/// A recipient without a name.
pub(crate) fn to(mail: &MailAddress) -> Recipient {
    Recipient {
        role: Role::To,
        mail: mail.clone(),
        name: None,
    }
}

/// Mail to who has our key is signed with it.
fn signed(decider: Decider<'_>, letter: &OutboundMail, bytes: Vec<u8>) -> Vec<u8> {
    let has_key = |recipient: &Recipient| decider.settings.key_of(&recipient.mail).is_some();
    match &decider.settings.signer {
        Some(signer) if letter.to.iter().any(has_key) => {
            signer.sign(&bytes, letter.from.mail.domain(), decider.now)
        }
        _ => bytes,
    }
}
