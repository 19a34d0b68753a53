//! To whom a message goes: the contact that it names, those of its list (XEP-0033), and everybody to whom the mail went that it
//! answers.

use super::directory::{self, NoAddress};
use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing};
use crate::core::from_stanza::{Message, Role, Target};
use crate::core::notice;
use crate::core::parcel::Recipient;
use crate::core::settings::Settings;
use crate::core::to_stanza::Condition;
use jid::{BareJid, Jid};

pub(super) fn strangers(
    context: &Context,
    user: &BareJid,
    recipients: &[Recipient],
) -> Result<usize, Missing> {
    let known = Context::all(recipients, |recipient| {
        context.contact(user, &recipient.mail)
    })?;
    Ok(known.into_iter().filter(Option::is_none).count())
}

/// The contact of the stanza and those of XEP-0033, each once.
pub(super) fn of(
    settings: &Settings,
    context: &Context,
    to: &BareJid,
    message: &Message,
) -> Result<Result<Vec<Recipient>, NoAddress>, Missing> {
    let mut recipients: Vec<Recipient> = Vec::new();
    let listed = message
        .addresses
        .iter()
        .map(|address| (address.role, &address.target));
    for (role, target) in listed {
        match target_mail(settings, context, target)? {
            Ok(mail) => add(context, &mut recipients, role, mail)?,
            Err(no) => return Ok(Err(no)),
        }
    }
    // XEP-0033 §4: sent to the service, the list is all; sent to a contact, that contact gets it as well.
    if to.node().is_some() || recipients.is_empty() {
        match directory::contact_mail(settings, context, to)? {
            Ok(mail) if recipients.iter().any(|recipient| recipient.mail == mail) => {}
            Ok(mail) => {
                add(context, &mut recipients, Role::To, mail)?;
                recipients.rotate_right(1);
            }
            Err(no) => return Ok(Err(no)),
        }
    }
    Ok(Ok(recipients))
}

fn add(
    context: &Context,
    list: &mut Vec<Recipient>,
    role: Role,
    mail: MailAddress,
) -> Result<(), Missing> {
    let name = context.holder_of(&mail)?.and_then(|pair| pair.name.clone());
    if !list.iter().any(|recipient| recipient.mail == mail) {
        list.push(Recipient { role, mail, name });
    }
    Ok(())
}

fn target_mail(
    settings: &Settings,
    context: &Context,
    target: &Target,
) -> Result<Result<MailAddress, NoAddress>, Missing> {
    let malformed = |why: String| {
        Ok(Err(NoAddress {
            condition: Condition::JidMalformed,
            why,
        }))
    };
    match target {
        Target::Mail(text) => match MailAddress::parse(text) {
            Ok(mail) => Ok(Ok(mail)),
            Err(error) => malformed(error.to_string()),
        },
        Target::Jid(text) => match Jid::new(text).map(Jid::into_bare) {
            Ok(jid) if jid.domain().as_str() == settings.gateway.as_str() => {
                directory::contact_mail(settings, context, &jid)
            }
            // A local user among the recipients gets the mail like everyone else.
            Ok(jid) => directory::user_mail(settings, context, &jid),
            Err(error) => malformed(format!(
                "“{}” in the list of recipients is no JID ({error})",
                brief(text)
            )),
        },
    }
}

fn brief(text: &str) -> String {
    crate::core::text::clean::for_header(text, 80)
}

pub(super) fn allowed(
    settings: &Settings,
    recipients: &[Recipient],
) -> Result<MailAddress, NoAddress> {
    if recipients.len() > settings.recipients_max {
        let why = notice::too_many_recipients(recipients.len(), settings.recipients_max);
        return Err(NoAddress {
            condition: Condition::NotAcceptable,
            why,
        });
    }
    if let Some(denied) = recipients
        .iter()
        .find(|recipient| !settings.contacts.allows(&recipient.mail))
    {
        let why = notice::contact_denied(&denied.mail.for_people());
        return Err(NoAddress {
            condition: Condition::NotAllowed,
            why,
        });
    }
    let first = recipients.first().map(|recipient| recipient.mail.clone());
    first.ok_or_else(|| NoAddress {
        condition: Condition::ServiceUnavailable,
        why: notice::not_a_contact(settings.gateway.as_str()),
    })
}

/// Who answers a mail that went to several answers to all of them: to these `others`, too.
pub(super) fn answer_all(
    settings: &Settings,
    sender: &MailAddress,
    recipients: &mut Vec<Recipient>,
    others: &[MailAddress],
) {
    for other in others {
        let is_known = recipients.iter().any(|known| known.mail == *other);
        let fits = recipients.len() < settings.recipients_max;
        if !is_known && fits && other != sender && settings.contacts.allows(other) {
            recipients.push(Recipient {
                role: Role::Cc,
                mail: other.clone(),
                name: None,
            });
        }
    }
}
