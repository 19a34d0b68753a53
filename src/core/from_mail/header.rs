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

/// Fields that a mail has once at most: who, to whom, when and what (RFC 5322 §3.6), and how the body is to be read (RFC
/// 2045 §3). `From` is looked at by itself, see [`has_several_from`].
const SINGLE_FIELDS: [&str; 8] = [
    "To",
    "Cc",
    "Date",
    "Subject",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// Fields that every signature must cover which there are, for its mail to be believed. OpenDKIM signs these and the
/// subject, and no others unless it is told to.
const DECISIVE_FIELDS: [&str; 4] = ["From", "To", "Cc", "Date"];

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

/// The `Date` field, if it names a day that exists: as RFC 5322 §3.3 and §4.3 have it, else as kindly as can be.
pub fn date(message: &Message<'_>) -> Option<Timestamp> {
    let written = raw_value(message, "Date")?;
    if let Ok(date) = chrono::DateTime::parse_from_rfc2822(&written) {
        return Some(Timestamp::from_millis(date.timestamp_millis()));
    }
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
    if field.is_empty() {
        return false;
    }
    let written = sole_address(&field).and_then(|text| MailAddress::parse(&text).ok());
    written.is_none() || written != from(message).map(|person| person.address)
}

/// Whether a field that our decisions rest on is there more than once.
pub fn has_doubled_fields(message: &Message<'_>) -> bool {
    let count = |name: &&str| raw_values(message, name).take(2).count();
    SINGLE_FIELDS.iter().any(|name| count(name) > 1)
}

/// Whether a DKIM signature leaves a part of the body out (`l=`, RFC 6376 §8.2), or a field that says to whom and when.
pub fn is_signed_in_part(message: &Message<'_>) -> bool {
    let is_there = |name: &&&str| raw_value(message, name).is_some();
    let needed: Vec<_> = DECISIVE_FIELDS.iter().filter(is_there).collect();
    raw_values(message, "DKIM-Signature").any(|value| {
        let tags = value.split(';').filter_map(|tag| tag.split_once('='));
        let tags: Vec<_> = tags.map(|(name, value)| (name.trim(), value)).collect();
        let fields = tags.iter().filter(|(name, _)| *name == "h");
        let signed: Vec<&str> = fields
            .flat_map(|(_, list)| list.split(':'))
            .map(str::trim)
            .collect();
        let is_signed = |name: &&&str| signed.iter().any(|one| one.eq_ignore_ascii_case(name));
        tags.iter().any(|(name, _)| *name == "l") || !needed.iter().all(is_signed)
    })
}

/// What mail servers say about the author (RFC 8601), the topmost first. Of a field that is too long only the name of its
/// server is kept, so that it still stands above others.
pub fn authentication(message: &Message<'_>) -> Vec<String> {
    let kept = |value: String| match value.split_once(';') {
        Some((server, _)) if value.len() > limits::AUTHENTICATION_FIELD_OCTETS_MAX => {
            server.to_owned()
        }
        _ => value,
    };
    raw_values(message, "Authentication-Results")
        .take(limits::AUTHENTICATION_FIELDS_MAX)
        .map(kept)
        .collect()
}

/// The one address of a field, as it is written; `None` where there is more to it than a name and an address.
fn sole_address(field: &str) -> Option<String> {
    let plain = without_quoted(field);
    let Some((name, rest)) = plain.split_once('<') else {
        return Some(plain);
    };
    let (address, after) = rest.split_once('>')?;
    let is_sole = !name.contains([',', ';', ':', '>']) && after.trim().is_empty();
    is_sole.then(|| address.to_owned())
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

/// The addresses in the topmost value of each of these fields that is there, field by field.
pub fn envelope_recipients(message: &Message<'_>, names: &[String]) -> Vec<Vec<MailAddress>> {
    let values = names.iter().filter_map(|name| raw_value(message, name));
    values
        .map(|value| addresses_in(&value))
        .filter(|addresses| !addresses.is_empty())
        .collect()
}

/// The addresses in a list of them.
pub fn addresses_in(value: &str) -> Vec<MailAddress> {
    let mut recipients: Vec<MailAddress> = Vec::new();
    for one in split_at_commas(value).into_iter().take(PEOPLE_MAX) {
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

#[cfg(test)]
mod tests {
    use super::super::{Mail, read};

    fn mail(header: &str) -> Mail {
        let names = ["X-Original-To".to_owned(), "Delivered-To".to_owned()];
        read(
            format!("{header}\r\n\r\nhello\r\n").as_bytes(),
            &names,
            false,
        )
        .unwrap()
    }

    fn address_of(header: &str) -> Option<String> {
        mail(header).from.map(|person| person.address.to_string())
    }

    #[test]
    fn an_author_is_believed_who_is_written_in_one_way() {
        for from in [
            "carol@mail.example",
            "<carol@mail.example>",
            "Carol <carol@mail.example>",
            "\"Jones, Carol <x@y.example>\" <carol@mail.example>",
            "=?utf-8?q?Carol_=3Cx=40y.example=3E=2C?= <carol@mail.example>",
            "boss@firma.example <carol@mail.example>",
            "carol@mail.example (Carol, the one)",
            "Carol\r\n <CAROL@Mail.Example>",
        ] {
            let mail = mail(&format!("From: {from}"));
            assert!(!mail.several_from, "{from}");
            let address = mail.from.unwrap().address.to_string();
            assert_eq!(address.to_lowercase(), "carol@mail.example", "{from}");
        }
    }

    #[test]
    fn an_author_is_not_believed_who_could_be_two() {
        for from in [
            "carol@mail.example, eve@evil.example",
            "Carol <carol@mail.example> eve@evil.example",
            "<carol@mail.example> <eve@evil.example>",
            "carol@mail.example eve@evil.example",
            "carol@mail.example@evil.example",
            "x: carol@mail.example, eve@evil.example;",
            "=?utf-8?q?carol=40mail.example?= (eve)",
            "<=?utf-8?q?carol=40mail.example?=>",
            "\"carol@mail.example\r\nFrom: eve@evil.example",
            "eve@evil.example\r\nFROM : carol@mail.example",
            "carol@mail.example\r\nFrom:",
        ] {
            assert!(mail(&format!("From: {from}")).several_from, "{from}");
        }
        assert!(!mail("To: a@b.example").several_from);
        assert!(!mail("From:").several_from);
        assert_eq!(address_of("From: nobody"), None);
    }

    #[test]
    fn a_field_that_stands_there_twice_is_told() {
        let once = "From: a@b.example\r\nTo: c@d.example\r\nMessage-ID: <1@b.example>\r\nReceived: x\r\nReceived: y";
        assert!(!mail(once).has_doubled_fields);
        for field in [
            "to: e@f.example",
            "MESSAGE-ID : <2@b.example>",
            "Message-ID:",
        ] {
            assert!(
                mail(&format!("{field}\r\n{once}")).has_doubled_fields,
                "{field}"
            );
            assert!(
                mail(&format!("{once}\r\n{field}")).has_doubled_fields,
                "{field}"
            );
        }
    }

    #[test]
    fn a_signature_of_a_part_of_the_mail_is_told() {
        let of = |header: &str, value: &str| {
            mail(&format!("{header}\r\nDKIM-Signature: {value}")).is_signed_in_part
        };
        let header = "From: a@b.example\r\nTo: c@d.example\r\nDate: x";
        let whole = "v=1; d=l.example; h=From:Subject:\r\n\tDATE : to:From; bl=2; b=l=";
        assert!(!of(header, whole));
        assert!(of(&format!("{header}\r\nCc: e@f.example"), whole));
        let signed = whole.replace("h=", "h=cc:");
        assert!(!of(&format!("{header}\r\nCc: e@f.example"), &signed));
        for part in ["l=20; ", "l = 0;", "l=1;\r\n\t"] {
            assert!(of(header, &format!("{part}{whole}")), "{part}");
        }
        for without in ["DATE", "From", "to"] {
            assert!(of(header, &whole.replace(without, "x")), "{without}");
        }
        assert!(of(header, "") && !mail(header).is_signed_in_part);
    }

    #[test]
    fn what_mail_servers_say_about_the_author_is_kept_in_order_and_within_limits() {
        let long = format!("c;\r\n {}", "x ".repeat(9000));
        let mail = mail(&format!(
            "Authentication-Results: a;\r\n\tspf=pass\r\nX-Authentication-Results: x\r\nauthentication-results:b\r\nAuthentication-Results: {long}{}",
            "\r\nAuthentication-Results: d".repeat(50)
        ));
        assert_eq!(mail.authentication[..4], ["a;\tspf=pass", "b", "c", "d"]);
        assert_eq!(mail.authentication.len(), 20);
    }

    #[test]
    fn names_are_decoded_and_do_not_repeat_the_address() {
        let name = |from: &str| mail(&format!("From: {from}")).from.unwrap().name;
        assert_eq!(
            name("=?iso-8859-1?q?J=F6rg?= <j@a.example>").as_deref(),
            Some("Jörg")
        );
        assert_eq!(
            name("\"J\\\"x\\\" Y\" <j@a.example>").as_deref(),
            Some("J\"x\" Y")
        );
        assert_eq!(name("\"j@a.example\" <j@a.example>"), None);
        assert_eq!(name("j@a.example (Joe)").as_deref(), Some("Joe"));
        assert_eq!(
            name(&format!("{} <j@a.example>", "x".repeat(900)))
                .unwrap()
                .len(),
            250
        );
    }

    #[test]
    fn the_configured_fields_name_the_envelope_recipients_in_their_order() {
        let of = |header: &str| {
            let mail = mail(&format!("From: a@b.example\r\n{header}"));
            mail.envelope_to
                .iter()
                .flatten()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of("Delivered-To: <a@b.example>\r\nX-ORIGINAL-TO: c@d.example"),
            ["c@d.example", "a@b.example"]
        );
        assert_eq!(
            of("Delivered-To: a@b.example\r\nDelivered-To: c@d.example"),
            ["a@b.example"]
        );
        assert_eq!(
            of("Delivered-To: \"a,b\"@c.example ,\r\n Dora <d@e.example>, nonsense, D@e.example"),
            ["\"a,b\"@c.example", "d@e.example"]
        );
        assert!(of("To: a@b.example").is_empty());
    }

    #[test]
    fn message_ids_are_taken_once_and_only_if_they_can_be_written_back() {
        let mail = mail(
            "From: a@b.example\r\nMessage-ID: <1@b.example>\r\nMessage-ID: <2@b.example>\r\nIn-Reply-To: <x y@b.example>\r\n <0@b.example>\r\nReferences: <a@b>\r\n\t<b@b>\r\nReferences: <a@b><c@b>",
        );
        assert_eq!(mail.message_id.as_str(), "1@b.example");
        assert_eq!(mail.in_reply_to.len(), 1);
        let references: Vec<&str> = mail.references.iter().map(|id| id.as_str()).collect();
        assert_eq!(references, ["a@b", "b@b", "c@b"]);
        let many: String = (0..500)
            .map(|number| format!("<{number}@b>\r\n "))
            .collect();
        assert_eq!(
            self::mail(&format!("References: {many}")).references.len(),
            100
        );
    }

    #[test]
    fn a_mail_without_a_usable_id_has_the_same_one_each_time() {
        let (one, same, other) = (
            mail("From: a@b.example"),
            mail("From: a@b.example"),
            mail("From: c@b.example\r\nMessage-ID: <>"),
        );
        assert_eq!(one.message_id, same.message_id);
        assert_ne!(one.message_id, other.message_id);
    }

    #[test]
    fn dates_are_read_if_there_is_such_a_day() {
        let date = |date: &str| {
            mail(&format!("Date: {date}"))
                .date
                .and_then(|date| date.to_xep0082())
        };
        assert_eq!(
            date("Sun, 22 Nov 2026 07:01:24 +0100").as_deref(),
            Some("2026-11-22T06:01:24Z")
        );
        assert_eq!(
            date("22 Nov 2026 07:01 EST").as_deref(),
            Some("2026-11-22T12:01:00Z")
        );
        assert_eq!(
            date("Sun, 22 Nov 2026 7:01:24 +0100 (CET)").as_deref(),
            Some("2026-11-22T06:01:24Z")
        );
        assert_eq!(
            date("Son, 22. Nov. 2026 07:01:24 +0100").as_deref(),
            Some("2026-11-22T06:01:24Z")
        );
        assert_eq!(date("yesterday"), None);
        assert_eq!(date("Sun, 22 Nov 99999 07:01:24 +0100"), None);
        assert_eq!(date("Sun, 42 Nov 2026 07:01:24 +0100"), None);
    }

    #[test]
    fn the_counter_of_gateways_cannot_be_set_back() {
        assert_eq!(mail("XMPP-Bridge-Hops: 2\r\nXMPP-Bridge-Hops: 1").hops, 2);
        assert_eq!(mail("XMPP-Bridge-Hops: many").hops, u32::MAX);
        assert_eq!(mail("X-A: b").hops, 0);
    }

    #[test]
    fn an_empty_return_path_is_told_from_none() {
        assert!(mail("Return-Path: <>").null_return_path);
        assert!(!mail("Return-Path: <a@b.example>").null_return_path);
        assert!(!mail("X-A: b").null_return_path);
    }
}
