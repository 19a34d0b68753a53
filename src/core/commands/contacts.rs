//! `contacts`: with whom the user has had to do by mail.

use super::known::{self, KnownContacts};
use super::{Answer, AnswerTable, Call, Command, Values, texts};
use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing};
use crate::core::decide::decider::Stop;
use crate::core::decide::{lookup, names, strangers};
use crate::core::language::Sentence;
use crate::core::limits::CONTACTS_LISTED_MAX;
use crate::core::record::Contact;

#[derive(Debug)]
pub(super) struct ListContacts;

impl Command for ListContacts {
    fn name(&self) -> &'static str {
        "contacts"
    }

    fn run(&self, call: &Call<'_>, _values: &Values) -> Result<Answer, Stop> {
        let KnownContacts {
            mut contacts,
            is_cut,
        } = known::contacts(call)?;
        // Who waits to be accepted is listed elsewhere.
        contacts.retain(|(_, known)| {
            known.is_acquainted() || known.is_blocked || !strangers::waits(known)
        });
        if contacts.is_empty() {
            return Ok(Answer::says(texts::no_contacts(call.language())));
        }
        let listed = contacts.iter().take(CONTACTS_LISTED_MAX);
        let rows = Context::all(listed, |(mail, known)| row(call, mail, known))?;
        let table = AnswerTable {
            columns: &[
                ("name", Sentence("label-name")),
                ("address", Sentence("label-mail-address")),
                ("jid", Sentence("label-chat-address")),
                ("format", Sentence("label-reached")),
                ("trouble", Sentence("label-trouble")),
                ("verified", Sentence("label-verified")),
                ("last", Sentence("label-last-message")),
            ],
            rows: rows.into_iter().flatten().collect(),
        };
        let text = texts::contacts(call.language(), table.rows.len(), contacts.len(), is_cut);
        Ok(Answer {
            table: Some(table),
            ..Answer::says(text)
        })
    }
}

/// `None` for one who cannot be a contact.
fn row(
    call: &Call<'_>,
    mail: &MailAddress,
    known: &Contact,
) -> Result<Option<Vec<String>>, Missing> {
    let decider = call.decider;
    let Some(jid) = lookup::shown_jid(decider, Some(known), mail)? else {
        return Ok(None);
    };
    let format = lookup::format_of(decider, mail)?;
    let thread = match &known.thread {
        Some(id) => decider.rows.thread(&call.user(), mail, id)?,
        None => None,
    };
    let name = names::of_known(decider, &jid, Some(known))?;
    let last = thread.map(|thread| texts::last_message(call.language(), thread.last, decider.now));
    Ok(Some(vec![
        texts::of_others(call.language(), &name.unwrap_or_default()),
        mail.for_people(),
        jid.to_string(),
        match known.is_blocked {
            true => texts::blocked(call.language()),
            false => texts::reached(call.language(), format).to_owned(),
        },
        match &known.trouble {
            Some(trouble) => {
                texts::trouble(call.language(), &trouble.text, trouble.since, decider.now)
            }
            None => String::new(),
        },
        match known.is_verified {
            true => texts::verified(call.language()),
            false => String::new(),
        },
        last.unwrap_or_default(),
    ]))
}
