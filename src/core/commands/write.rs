//! `write`: a mail address becomes a conversation, with or without a first message.

use super::{
    Answer, Call, Command, FieldKind, FormField, FormStep, Values, begin_id, fields, known,
    refused, texts, words,
};
use crate::core::address::{MailAddress, contact_jid};
use crate::core::context::Missing;
use crate::core::decide::decider::Stop;
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::decide::outbound;
use crate::core::from_stanza::{Stanza, StanzaKind, StanzaMessage};
use crate::core::language::{Sentence, Understood};
use crate::core::name;
use crate::core::notice;
use crate::core::record::Contact;
use crate::core::to_stanza;
use crate::core::xml::{Build, text};
use jid::{BareJid, Jid};
use xmpp_parsers::ns;

/// The name of the field that holds the address.
pub(super) const ADDRESS: &str = "address";

/// The address of somebody, in a form that asks for it.
pub(super) const CONTACT: FormField = FormField {
    var: ADDRESS,
    label: Sentence("label-mail-address"),
    kind: FieldKind::Line,
    is_required: true,
};
const TEXT: &str = "text";

#[derive(Debug)]
pub(super) struct WriteMessage;

impl Command for WriteMessage {
    fn name(&self) -> &'static str {
        "write"
    }

    fn steps(&self) -> &'static [FormStep] {
        &[
            FormStep {
                title: Sentence("write-title"),
                instructions: Sentence("write-ask"),
                fields: &[CONTACT],
            },
            FormStep {
                title: Sentence("write-title-text"),
                instructions: Sentence("write-ask-text"),
                fields: &[FormField {
                    var: TEXT,
                    label: Sentence("label-message"),
                    kind: FieldKind::Text,
                    is_required: false,
                }],
            },
        ]
    }

    /// `mail carol@mail.example about the invoice` is said to somebody who mails for others. Behind an address alone it is a text.
    fn doubt(&self, call: &Call<'_>, body: &str, values: &Values) -> Option<String> {
        let typed = |var| values.get(var).map_or("", |typed| typed.trim());
        let first = body.split_whitespace().next().unwrap_or_default();
        let is_by_word = !bare_address(first).contains('@');
        if !is_by_word || !goes_on(call.understood(), typed(TEXT)) {
            return None;
        }
        let mail = MailAddress::parse(bare_address(typed(ADDRESS))).ok()?;
        Some(texts::to_write_to(
            call.language(),
            body,
            &mail.for_people(),
        ))
    }

    fn check(&self, call: &Call<'_>, values: &Values) -> Result<(), Stop> {
        whom(call, values).map(|_| ())
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        if names_several(values) {
            return Err(refused(texts::several_addresses(call.language())));
        }
        let (mail, jid) = match whom(call, values)? {
            Whom::Contact(mail, jid) => (mail, jid),
            Whom::User(mail, jid) => return Ok(to_user(call, &mail, jid)),
        };
        let typed = values.get(ADDRESS).map_or("", String::as_str);
        if let Some(user) = chats_here(call, typed, &mail)? {
            return Ok(Answer {
                contact: Some(user),
                ..Answer::says(texts::chats_here(
                    call.language(),
                    &mail.for_people(),
                    jid.as_str(),
                ))
            });
        }
        let said = values.get(TEXT).map(|text| text.trim());
        let (people, said) = (mail.for_people(), said.filter(|text| !text.is_empty()));
        let Some(said) = said else {
            return Ok(open(call, &people, jid));
        };
        let stanza = stanza(call, &jid, said);
        let StanzaKind::Message(message) = &stanza.kind else {
            return Err(refused(notice::unknown_request(call.language())));
        };
        let mut beside = outbound::chat::decide(call.decider, &stanza, message)?;
        let begins = texts::begins_with(call.language(), &people, said);
        beside.stanzas.push(first_message(call, &jid, &begins));
        Ok(Answer {
            contact: Some(jid),
            beside,
            ..Answer::says(texts::written(call.language(), &people))
        })
    }
}

/// Who an address is.
pub(super) enum Whom {
    /// A contact, and its JID as the user sees it.
    Contact(MailAddress, BareJid),
    /// A user of this gateway, to whom nobody has to write by mail.
    User(MailAddress, BareJid),
}

/// Who may be written to.
fn whom(call: &Call<'_>, values: &Values) -> Result<Whom, Stop> {
    let whom = meant(call, &WriteMessage, values)?;
    match &whom {
        Whom::Contact(mail, _) if !call.decider.settings.contacts.allows(mail) => {
            Err(denied(call, mail))
        }
        _ => Ok(whom),
    }
}

fn denied(call: &Call<'_>, mail: &MailAddress) -> Stop {
    refused(notice::contact_denied(call.language(), &mail.for_people()))
}

/// Who was meant by what was filled in for a command. Where a contact of the user is called so, this is asked about: nothing is
/// done by guess.
pub(super) fn meant(call: &Call<'_>, command: &dyn Command, values: &Values) -> Result<Whom, Stop> {
    let typed = values.get(ADDRESS).map_or("", String::as_str);
    let name = the_address(typed);
    if !name.is_empty()
        && !name.contains('@')
        && let Some(mail) = called(call, name)?
    {
        let (language, mail) = (call.language(), mail.for_people());
        let filled = fields(command).filter_map(|field| match field.var {
            ADDRESS => Some(mail.as_str()),
            var => values.get(var).map(|value| value.trim()),
        });
        let word = command.words(language).into_iter().next();
        let example: Vec<&str> = word.iter().map(String::as_str).chain(filled).collect();
        let example = example.join(" ");
        return Err(refused(texts::is_it(
            language,
            name,
            &mail,
            example.trim_end(),
        )));
    }
    whom_of(call, typed)
}

/// The one contact of the user whose name, or whose address before the @, is this. Whom the user has had to do with goes before
/// those who have only written.
pub(super) fn called(call: &Call<'_>, name: &str) -> Result<Option<MailAddress>, Missing> {
    let name = name.to_lowercase();
    let known = known::contacts(call)?.contacts;
    let is_called = |(mail, known): &&&(MailAddress, Contact)| {
        let own = known.name.as_ref().map(|own| own.to_lowercase());
        mail.local().to_lowercase() == name || own.as_ref() == Some(&name)
    };
    let found: Vec<_> = known.iter().filter(is_called).collect();
    let (friends, others): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|(_, known)| known.is_acquainted());
    let only = |found: &[&&(MailAddress, Contact)]| match found {
        [(mail, _)] => Some(mail.clone()),
        _ => None,
    };
    Ok(match friends.is_empty() {
        true => only(&others),
        false => only(&friends),
    })
}

/// What is said to who writes nothing but what a contact is called, or a part of it: how that contact is written to.
pub(super) fn about_name(call: &Call<'_>, body: &str) -> Result<Option<String>, Missing> {
    const NAMED_MAX: usize = 5;
    const WORDS_MAX: usize = 4;
    let typed = bare_address(body).trim_end_matches(['.', '!', '?']);
    let is_name = typed.chars().nth(name::CHARS_MAX).is_none()
        && (1..=WORDS_MAX).contains(&typed.split_whitespace().count())
        && !typed.contains(['@', '\n'])
        && typed.chars().any(char::is_alphabetic);
    if !is_name {
        return Ok(None);
    }
    let name = typed.to_lowercase();
    let known = known::contacts(call)?.contacts;
    let is_called = |(mail, known): &&&(MailAddress, Contact)| {
        let own = known.name.as_ref().map(|own| own.to_lowercase());
        let is_part = |own: &String| *own == name || own.split_whitespace().any(|one| one == name);
        !known.is_blocked
            && (mail.local().to_lowercase() == name || own.as_ref().is_some_and(is_part))
    };
    let found = known.iter().filter(is_called);
    let found: Vec<String> = found
        .take(NAMED_MAX)
        .map(|(mail, _)| mail.for_people())
        .collect();
    let language = call.language();
    let word = WriteMessage.words(language).into_iter().next();
    let word = word.unwrap_or_default();
    Ok(match found.as_slice() {
        [] => None,
        [mail] => Some(texts::is_it(
            language,
            body.trim(),
            mail,
            &format!("{word} {mail}"),
        )),
        [first, ..] => {
            let words: Vec<&str> = found.iter().map(String::as_str).collect();
            let all = texts::alternatives(language, &words);
            Some(texts::is_it(
                language,
                body.trim(),
                &all,
                &format!("{word} {first}"),
            ))
        }
    })
}

/// The user of this server whose JID was typed like a mail address, where it is none that the gateway knows of: what is mailed
/// there has nobody who takes it. Whoever means the mail address all the same writes to the contact's JID.
fn chats_here(
    call: &Call<'_>,
    typed: &str,
    mail: &MailAddress,
) -> Result<Option<BareJid>, Missing> {
    let (decider, settings) = (call.decider, call.decider.settings);
    let is_typed_so = MailAddress::parse(the_address(typed)).is_ok_and(|typed| typed == *mail);
    let jid = BareJid::new(&mail.to_string()).ok();
    let jid = jid.filter(|jid| is_typed_so && settings.users.allows(jid));
    let Some(jid) = jid.filter(|_| !settings.rules.serves(mail)) else {
        return Ok(None);
    };
    let known = decider.rows.contact(&call.user(), mail)?;
    let is_contact =
        known.is_some_and(Contact::is_acquainted) || decider.rows.holder_of(mail)?.is_some();
    Ok(Some(jid).filter(|_| !is_contact))
}

/// Who was meant: by a mail address, as it is typed or pasted, or by a contact's JID.
pub(super) fn whom_of(call: &Call<'_>, typed: &str) -> Result<Whom, Stop> {
    let decider = call.decider;
    let typed = the_address(typed);
    let mail = match BareJid::new(typed) {
        Ok(jid) if jid.domain().as_str() == decider.settings.gateway.as_str() => {
            lookup::contact_mail(decider, &jid)?
        }
        _ => MailAddress::parse(typed).map_err(|error| {
            let why = notice::address_error(decider.language, &error);
            refused(format!("{why}."))
        })?,
    };
    let people = mail.for_people();
    if let Some(jid) = lookup::user_of(decider, &mail)? {
        return Ok(Whom::User(mail, jid));
    }
    let user = call.user();
    let known = lookup::contact(decider, &user, &mail)?;
    // What there is of somebody can be seen and removed, whoever the configuration allows by now.
    if known.is_none() && !decider.settings.contacts.allows(&mail) {
        return Err(denied(call, &mail));
    }
    lookup::user_mail(decider, &user)?;
    let shown = lookup::shown_jid(decider, known.as_ref(), &mail)?;
    let jid = shown.or_else(|| contact_jid(&mail, &decider.settings.gateway).ok());
    match jid {
        Some(jid) => Ok(Whom::Contact(mail, jid)),
        None => Err(refused(texts::cannot_be_contact(call.language(), &people))),
    }
}

/// The same where it has to be a contact: their address and JID.
pub(super) fn contact_of(
    call: &Call<'_>,
    command: &dyn Command,
    values: &Values,
) -> Result<(MailAddress, BareJid), Stop> {
    match meant(call, command, values)? {
        Whom::Contact(mail, jid) => Ok((mail, jid)),
        Whom::User(mail, _) => {
            let why = texts::no_mail_of(call.language(), &mail.for_people());
            Err(refused(why))
        }
    }
}

/// The address in what was filled in, whatever was said beside it, as in “block eve@mail.example please”.
fn the_address(typed: &str) -> &str {
    let typed = bare_address(typed);
    let mut words = typed.split_whitespace().filter(|word| word.contains('@'));
    match (words.next(), words.next()) {
        (Some(address), None) => bare_address(address.trim_end_matches(['.', '!', '?'])),
        _ => typed,
    }
}

/// Without what stands around an address that was copied from somewhere.
pub(crate) fn bare_address(typed: &str) -> &str {
    let is_around = |c: char| c.is_whitespace() || "<>\"'“”,;:()".contains(c);
    // `Carol <carol@mail.example>`, as mail programs copy it.
    let typed = match typed.rsplit_once('<') {
        Some((_, inner)) if inner.contains('>') => inner,
        _ => typed,
    };
    let typed = typed.trim_matches(is_around);
    let typed = typed.strip_prefix("mailto:").unwrap_or(typed);
    typed.strip_prefix("xmpp:").unwrap_or(typed)
}

/// Whether a text goes on with the sentence before it, and says what is to be written or when. One that stands for itself may
/// begin with such a word as well: but mostly with a capital letter.
fn goes_on(understood: Understood, text: &str) -> bool {
    let is_small = text.chars().next().is_some_and(char::is_lowercase);
    let begins = words::in_all(understood, texts::sentence_words);
    is_small && begins.iter().any(|word| words::after(text, word).is_some())
}

/// Whether the text begins with one more address, joined to the first: whoever writes so means both.
fn names_several(values: &Values) -> bool {
    let typed = |var| values.get(var).map_or("", |typed| typed.trim());
    let mut words = typed(TEXT).split_whitespace();
    let first = words.next().unwrap_or_default();
    let is_joined = typed(ADDRESS).ends_with([',', ';']);
    let second = match first {
        "and" | "&" | "," | ";" => words.next().unwrap_or_default(),
        first if is_joined => first,
        _ => return false,
    };
    MailAddress::parse(bare_address(second)).is_ok()
}

fn to_user(call: &Call<'_>, mail: &MailAddress, jid: BareJid) -> Answer {
    let people = mail.for_people();
    match jid == call.user() {
        true => Answer::says(texts::is_yourself(call.language(), &people)),
        false => Answer {
            contact: Some(jid),
            ..Answer::says(texts::is_user(call.language(), &people))
        },
    }
}

fn open(call: &Call<'_>, people: &str, jid: BareJid) -> Answer {
    let begins = first_message(call, &jid, &texts::begins(call.language(), people));
    Answer {
        contact: Some(jid),
        beside: Decision::answer([begins]),
        ..Answer::says(texts::opened(call.language(), people))
    }
}

/// What makes the conversation appear in the user's client.
fn first_message(call: &Call<'_>, jid: &BareJid, body: &str) -> minidom::Element {
    let user = call.user();
    let id = begin_id(&call.id, jid, &user);
    let from_to = (jid.as_str(), user.as_str());
    to_stanza::notice(call.language(), from_to, id.as_str(), body)
}

/// The message as if the user had written it to the contact. It has no resource: no client knows it as its own, so whatever
/// is to be said of it is a message.
fn stanza(call: &Call<'_>, jid: &BareJid, said: &str) -> Stanza {
    let user = call.user();
    let element = Build::new("message", ns::COMPONENT)
        .attr("from", user.as_str())
        .attr("to", jid.as_str())
        .attr("type", "chat")
        .attr("id", call.id.as_str())
        .child(text("body", ns::COMPONENT, said));
    Stanza {
        from: Jid::from(user),
        to: Jid::from(jid.clone()),
        id: Some(call.id.clone()),
        kind: StanzaKind::Message(Box::new(StanzaMessage {
            body: Some(crate::core::text::clean::for_xml(said)),
            ..StanzaMessage::default()
        })),
        element: element.done(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_addresses_that_are_joined_are_two() {
        let several = |address: &str, text: &str| {
            names_several(&[(ADDRESS, address.to_owned()), (TEXT, text.to_owned())].into())
        };
        let carol = "carol@mail.example";
        assert!(several("carol@mail.example,", "dave@mail.example Hello"));
        assert!(several(
            "<carol@mail.example>;",
            "<dave@mail.example>: Hello"
        ));
        assert!(several(carol, "and dave@mail.example Hello"));
        assert!(several(carol, ", dave@mail.example"));
        assert!(!several(
            "carol@mail.example,",
            "hello, write to dave@mail.example"
        ));
        assert!(!several(carol, "dave@mail.example is his address"));
        assert!(!several(carol, "and then?"));
        assert!(!several("carol@mail.example,", ""));
    }

    #[test]
    fn an_address_is_found_in_what_is_around_it() {
        for typed in [
            "carol@mail.example",
            " carol@mail.example: ",
            "<carol@mail.example>",
            "mailto:carol@mail.example",
            "<mailto:carol@mail.example>,",
            "“carol@mail.example”",
            "Carol <carol@mail.example>",
            "\"Carol M.\" <carol@mail.example>,",
        ] {
            assert_eq!(bare_address(typed), "carol@mail.example", "{typed}");
            assert_eq!(the_address(typed), "carol@mail.example", "{typed}");
        }
        for typed in ["carol@mail.example please!", "Carol, carol@mail.example."] {
            assert_eq!(the_address(typed), "carol@mail.example", "{typed}");
        }
        let two = "carol@mail.example and dave@mail.example";
        assert_eq!(the_address(two), two);
    }
}
