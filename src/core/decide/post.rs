//! A letter becomes a mail with its job, for whichever purpose it was written.

use crate::core::address::{MailAddress, unescape};
use crate::core::context::{Context, Missing};
use crate::core::from_stanza::Role;
use crate::core::id::JobId;
use crate::core::job::{Job, Mail, Origin};
use crate::core::parcel::{Letter, Party, Recipient};
use crate::core::record::Format;
use crate::core::settings::Settings;
use crate::core::time::Timestamp;
use crate::core::to_mail::{self, Undelivered, Unwritable};
use jid::BareJid;

/// How a letter goes out.
pub(super) struct Post<'a> {
    /// How it is written.
    pub format: Format,
    /// With whom the conversation is: mails of one user to one of these leave in their order.
    pub lane: &'a str,
    /// Who is told what became of it.
    pub origin: Option<Origin>,
    /// Nobody wants a report of it.
    pub silent: bool,
    /// When it was accepted.
    pub now: Timestamp,
}

impl Post<'_> {
    /// The mail, signed where its recipient's gateway has our key. The shell gives it its place in the order.
    ///
    /// # Errors
    /// [`Unwritable`] names what the mail library refused.
    pub fn mail(self, settings: &Settings, letter: &Letter) -> Result<Mail, Unwritable> {
        let bytes = to_mail::of(self.format).write(letter)?;
        let job = Job {
            id: JobId::derive(&letter.message_id),
            message_id: letter.message_id.clone(),
            lane: format!("{} {}", letter.from.jid, self.lane),
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
        };
        let bytes = signed(settings, letter, bytes, self.now);
        Ok(Mail { job, bytes })
    }
}

/// A report, which nobody is told of: it has no reverse path, so that none of its own comes back (RFC 5321 §6.1).
///
/// # Errors
/// [`Unwritable`] names what the mail library refused.
pub(super) fn report(report: &Undelivered<'_>) -> Result<Mail, Unwritable> {
    let to = &report.answerable.reverse_path;
    let job = Job {
        id: JobId::derive(&report.message_id),
        message_id: report.message_id.clone(),
        lane: format!("reports {}", to.key()),
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
    };
    let bytes = to_mail::undelivered(report)?;
    Ok(Mail { job, bytes })
}

/// The sender of a letter. The name is what the stanza says, else what the pair says, else the local part.
pub(super) fn party(
    context: &Context,
    user: &BareJid,
    mail: MailAddress,
    nick: Option<String>,
) -> Result<Party, Missing> {
    let of_pair = context.pair_of(user)?.and_then(|pair| pair.name.clone());
    let local = user.node().map(|node| unescape(node.as_str()));
    Ok(Party {
        jid: user.clone(),
        mail,
        name: nick.or(of_pair).or(local),
    })
}

/// A recipient without a name.
pub(super) fn to(mail: &MailAddress) -> Recipient {
    Recipient {
        role: Role::To,
        mail: mail.clone(),
        name: None,
    }
}

/// Mail to who has our key is signed with it.
fn signed(settings: &Settings, letter: &Letter, bytes: Vec<u8>, now: Timestamp) -> Vec<u8> {
    let has_key = |recipient: &Recipient| settings.key_of(&recipient.mail).is_some();
    match &settings.signer {
        Some(signer) if letter.to.iter().any(has_key) => {
            signer.sign(&bytes, letter.from.mail.domain(), now)
        }
        _ => bytes,
    }
}
