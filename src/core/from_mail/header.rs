//! Header fields as typed values.

use super::Person;
use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use crate::core::limits;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use mail_parser::{Addr, HeaderName, HeaderValue, Message};

/// Message-IDs taken from one header field.
const MESSAGE_IDS_MAX: usize = 100;
/// People taken from one kind of header field; a mail to more is a list's.
const PEOPLE_MAX: usize = 1000;

/// The values of all fields of this name as they stand in the mail, unfolded, the topmost first.
pub fn raw_values<'a>(
    message: &'a Message<'_>,
    name: &'a str,
) -> impl Iterator<Item = String> + 'a {
    message
        .headers()
        .iter()
        .filter(move |header| header.name().eq_ignore_ascii_case(name))
        .map(|header| {
            let start = usize::try_from(header.offset_start()).unwrap_or(usize::MAX);
            let end = usize::try_from(header.offset_end()).unwrap_or(0);
            let bytes = message.raw_message.get(start..end).unwrap_or_default();
            unfolded(&String::from_utf8_lossy(bytes))
        })
}

/// The topmost value of this name, unfolded.
pub fn raw_value(message: &Message<'_>, name: &str) -> Option<String> {
    raw_values(message, name).next()
}

/// RFC 5322 §2.2.3.
fn unfolded(value: &str) -> String {
    value.replace(['\r', '\n'], "").trim().to_owned()
}

/// The parsed values of all fields of this name, the topmost first.
fn values<'a, 'x>(
    message: &'a Message<'x>,
    name: &'a HeaderName<'static>,
) -> impl Iterator<Item = &'a HeaderValue<'x>> {
    message
        .headers()
        .iter()
        .filter(move |header| header.name == *name)
        .map(|header| header.value())
}

/// Decoded and cleaned text of the topmost field of this name; `None` where empty.
pub fn text(message: &Message<'_>, name: HeaderName<'static>) -> Option<String> {
    let value = values(message, &name).next()?.as_text()?;
    some_text(value)
}

/// A display text for one line; `None` where nothing remains of it.
pub fn some_text(text: &str) -> Option<String> {
    let text = clean::for_header(text, limits::HEADER_TEXT_CHARS_MAX);
    (!text.is_empty()).then_some(text)
}

/// The `Date` field, if it names a day that exists.
pub fn date(message: &Message<'_>) -> Option<Timestamp> {
    let date = values(message, &HeaderName::Date).next()?.as_datetime()?;
    date.is_valid()
        .then(|| Timestamp::from_secs(date.to_timestamp()))
}

/// The people in all fields of this name, the members of groups among them. Who has no usable address is left out.
pub fn people(message: &Message<'_>, name: HeaderName<'static>) -> Vec<Person> {
    values(message, &name)
        .filter_map(HeaderValue::as_address)
        .flat_map(|addresses| addresses.iter())
        .filter_map(person)
        .take(PEOPLE_MAX)
        .collect()
}

fn person(one: &Addr<'_>) -> Option<Person> {
    let address = MailAddress::parse(one.address()?).ok()?;
    let name = one
        .name()
        .and_then(some_text)
        .filter(|name| !name.eq_ignore_ascii_case(&address.to_string()));
    Some(Person { address, name })
}

/// Who the mail is from: the first address of the topmost `From` (RFC 5322 §3.6.2).
pub fn from(message: &Message<'_>) -> Option<Person> {
    values(message, &HeaderName::From)
        .next()?
        .as_address()?
        .first()
        .and_then(person)
}

/// Whether two readers of this mail could take two different addresses for its author: there are several `From` fields
/// or addresses, or the one address is written in an odd way (RFC 7489 §6.6.1).
pub fn has_several_from(message: &Message<'_>) -> bool {
    let mut fields = raw_values(message, "From");
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return raw_value(message, "From").is_some();
    };
    let plain = without_quoted(&field);
    let address = match plain.split_once('<') {
        Some((before, rest)) => match rest.split_once('>') {
            Some((address, after)) if !before.contains([',', ';', ':', '>']) => {
                if after.trim().is_empty() {
                    address
                } else {
                    return true;
                }
            }
            _ => return true,
        },
        None => &plain,
    };
    let is_one = MailAddress::parse(address)
        .is_ok_and(|address| from(message).is_some_and(|person| person.address == address));
    !is_one && !field.is_empty()
}

/// A field without comments and without quoted strings before an angle bracket, which may hold anything.
fn without_quoted(field: &str) -> String {
    let mut plain = String::with_capacity(field.len());
    let (mut quoted, mut comments) = (false, 0_usize);
    let mut rest = field.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                rest.next();
            }
            '"' if comments == 0 => quoted = !quoted,
            '(' if !quoted => comments = comments.saturating_add(1),
            ')' if !quoted && comments > 0 => comments = comments.saturating_sub(1),
            _ if quoted || comments > 0 => {}
            _ => plain.push(c),
        }
    }
    plain
}

/// The addresses in the topmost value of the first of these fields that is there.
pub fn envelope_recipients(message: &Message<'_>, names: &[String]) -> Vec<MailAddress> {
    let Some(value) = names.iter().find_map(|name| raw_value(message, name)) else {
        return Vec::new();
    };
    let mut recipients: Vec<MailAddress> = Vec::new();
    for one in split_at_commas(&value).into_iter().take(PEOPLE_MAX) {
        let one = one.trim();
        let one = match (one.find('<'), one.strip_suffix('>')) {
            (Some(at), Some(closed)) => closed.get(at.saturating_add(1)..).unwrap_or_default(),
            _ => one,
        };
        if let Ok(address) = MailAddress::parse(one)
            && !recipients.contains(&address)
        {
            recipients.push(address);
        }
    }
    recipients
}

/// Splits at commas that do not stand in a quoted-string.
fn split_at_commas(value: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    value
        .split(|c| {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
            c == ',' && !quoted
        })
        .collect()
}

/// The Message-IDs in all fields of this name, each once, in order.
pub fn message_ids(message: &Message<'_>, name: HeaderName<'static>) -> Vec<MessageId> {
    let mut ids: Vec<MessageId> = Vec::new();
    let found = values(message, &name)
        .filter_map(HeaderValue::as_text_list)
        .flatten()
        .filter_map(|id| MessageId::parse(id));
    for id in found {
        if ids.len() == MESSAGE_IDS_MAX {
            break;
        }
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}
