//! Header fields as typed values.

use super::{Person, encoded_word};
use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use crate::core::limits;
use crate::core::name;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use mail_parser::{Addr, HeaderName, HeaderValue, Message};
use std::collections::BTreeSet;

/// Message-IDs taken from one kind of header field: the first, which names the thread, and the last, which are the nearest.
const MESSAGE_IDS_MAX: usize = 100;
/// People taken from one kind of header field; a mail to more is a list's.
const PEOPLE_MAX: usize = 1000;

/// Of a `From` that breaks the rules so much is looked at.
const FROM_OCTETS_MAX: usize = 4096;

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
pub(super) fn raw_values<'a>(
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
pub(super) fn raw_value(message: &Message<'_>, name: &str) -> Option<String> {
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
pub(super) fn text(message: &Message<'_>, name: HeaderName<'static>) -> Option<String> {
    let value = values(message, &name).next()?.as_text()?;
    some_text(value)
}

/// A display text for one line; `None` where nothing remains of it.
pub(super) fn some_text(text: &str) -> Option<String> {
    let text = clean::for_header(text, limits::HEADER_TEXT_CHARS_MAX);
    (!text.is_empty()).then_some(text)
}

/// A field of one line of text.
pub(super) fn line(message: &Message<'_>, name: &str) -> Option<String> {
    raw_value(message, name).and_then(|value| some_text(&value))
}

/// `In-Reply-To` and `References`.
pub(super) fn answered(message: &Message<'_>) -> (Vec<MessageId>, Vec<MessageId>) {
    (
        message_ids(message, HeaderName::InReplyTo),
        message_ids(message, HeaderName::References),
    )
}

/// The `Date` field, if it names a day that exists: as RFC 5322 §3.3 and §4.3 have it, else as kindly as can be.
pub(super) fn date(message: &Message<'_>) -> Option<Timestamp> {
    let written = raw_value(message, "Date")?;
    if let Ok(date) = chrono::DateTime::parse_from_rfc2822(&written) {
        return Some(Timestamp::from_millis(date.timestamp_millis()));
    }
    if let Some(date) = of_machine(&written) {
        return Some(date);
    }
    let date = values(message, &HeaderName::Date).next()?.as_datetime()?;
    date.is_valid()
        .then(|| Timestamp::from_secs(date.to_timestamp()))
}

/// A date as programs write it that know no RFC: `2026-11-30T09:00:00Z`, or as C does, `Mon Nov 30 09:00:00 2026`.
fn of_machine(written: &str) -> Option<Timestamp> {
    if let Ok(date) = chrono::DateTime::parse_from_rfc3339(written) {
        return Some(Timestamp::from_millis(date.timestamp_millis()));
    }
    let date = chrono::NaiveDateTime::parse_from_str(written, "%a %b %e %H:%M:%S %Y").ok()?;
    Some(Timestamp::from_secs(date.and_utc().timestamp()))
}

/// When the last mail server took the mail: what stands behind the last semicolon of the topmost `Received`.
pub(super) fn received(message: &Message<'_>) -> Option<Timestamp> {
    let field = raw_value(message, "Received")?;
    let (_, written) = field.rsplit_once(';')?;
    let date = chrono::DateTime::parse_from_rfc2822(written.trim()).ok()?;
    Some(Timestamp::from_millis(date.timestamp_millis()))
}

/// The people in all fields of this name, the members of groups among them. Who has no usable address is left out.
pub(super) fn people(message: &Message<'_>, name: HeaderName<'static>) -> Vec<Person> {
    values(message, &name)
        .filter_map(HeaderValue::as_address)
        .flat_map(|addresses| addresses.iter())
        .filter_map(person)
        .take(PEOPLE_MAX)
        .collect()
}

/// Whether a field names more recipients than are taken.
pub(super) fn has_more_people(message: &Message<'_>) -> bool {
    let named = |name: &HeaderName<'static>| {
        let addresses = values(message, name).filter_map(HeaderValue::as_address);
        addresses.flat_map(|addresses| addresses.iter()).count()
    };
    let mut names = [HeaderName::To, HeaderName::Cc].into_iter();
    names.any(|name| named(&name) > PEOPLE_MAX)
}

fn person(one: &Addr<'_>) -> Option<Person> {
    let address = MailAddress::parse(one.address()?).ok()?;
    let name = one
        .name()
        .and_then(some_text)
        .filter(|name| !name.eq_ignore_ascii_case(&address.to_string()))
        .and_then(|name| name::shown(&name, &address));
    Some(Person { address, name })
}

/// Who the mail is from: the first address of the topmost `From` (RFC 5322 §3.6.2), else the first that can be found in it.
/// [`has_several_from`] says of the latter that it is not to be believed.
pub(super) fn from(message: &Message<'_>) -> Option<Person> {
    let first = values(message, &HeaderName::From)
        .next()
        .and_then(HeaderValue::as_address)
        .and_then(|addresses| addresses.first())
        .and_then(person);
    first.or_else(|| {
        let field = raw_value(message, "From")?;
        found(&field).or_else(|| found(&in_words(&field)))
    })
}

/// With what its encoded words say: of some programs even the address stands in one.
fn in_words(field: &str) -> String {
    let field = clean::cut(field, FROM_OCTETS_MAX).as_bytes();
    String::from_utf8_lossy(&encoded_word::decoded(field)).into_owned()
}

/// Somebody in a field that breaks RFC 5322 §3.4: what stands between angle brackets, else the first word with an `@`.
fn found(field: &str) -> Option<Person> {
    let field = clean::cut(field, FROM_OCTETS_MAX);
    let bracketed = field.split('<').skip(1).find_map(|rest| {
        let address = rest.split('>').next().unwrap_or(rest);
        let address = address.trim().trim_start_matches("mailto:");
        // RFC 5322 §4.4: comments and white space between the words.
        let bare = || without_quoted(address).replace(char::is_whitespace, "");
        MailAddress::parse(address)
            .or_else(|_| MailAddress::parse(&bare()))
            .ok()
    });
    let is_around = |c: char| c.is_whitespace() || ",;()<>[]\"'".contains(c);
    let word = |word: &str| MailAddress::parse(word.trim_start_matches("mailto:")).ok();
    let address = bracketed.or_else(|| field.split(is_around).find_map(word))?;
    let name = field.split_once('<').map_or("", |(name, _)| name);
    let name = name.trim().trim_matches('"');
    let name = Some(name)
        .filter(|name| !name.contains("=?") && !name.contains('@'))
        .and_then(some_text)
        .and_then(|name| name::shown(&name, &address));
    Some(Person { address, name })
}

/// What the topmost `From` says, for a person, whatever it is.
pub(super) fn from_words(message: &Message<'_>) -> Option<String> {
    some_text(&in_words(&raw_value(message, "From")?))
}

/// Whether two readers of this mail could take two different addresses for its author: there are several `From` fields
/// or addresses, or the one address is written in an odd way (RFC 7489 §6.6.1).
pub(super) fn has_several_from(message: &Message<'_>) -> bool {
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

/// Whether, however it is written, there is but one address that anybody could take for the author's: one `From` with one
/// `@`, and nothing encoded that could hold another.
pub(super) fn has_one_address(message: &Message<'_>) -> bool {
    let mut fields = raw_values(message, "From");
    match (fields.next(), fields.next()) {
        (Some(field), None) => field.matches('@').count() == 1 && !field.contains("=?"),
        _ => false,
    }
}

/// Whether a field that our decisions rest on is there more than once.
pub(super) fn has_doubled_fields(message: &Message<'_>) -> bool {
    let count = |name: &&str| raw_values(message, name).take(2).count();
    SINGLE_FIELDS.iter().any(|name| count(name) > 1)
}

/// Whether a DKIM signature leaves a part of the body out (`l=`, RFC 6376 §8.2), or a field that says to whom and when.
pub(super) fn is_signed_in_part(message: &Message<'_>) -> bool {
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

/// What mail servers say about the author (RFC 8601), the topmost first; one more than are looked at, where there are more. Of a
/// field that is too long the name of its server is kept, so that it still stands above others, and that it says the worst: it
/// may. Whoever writes a mail can make it long, by the signatures that it reports of.
pub(super) fn authentication(message: &Message<'_>) -> Vec<String> {
    let kept = |value: String| match value.split_once(';') {
        Some((server, _)) if value.len() > limits::AUTHENTICATION_FIELD_OCTETS_MAX => {
            format!("{server}; dmarc=fail reason=\"too long\"")
        }
        _ => value,
    };
    raw_values(message, "Authentication-Results")
        .take(limits::AUTHENTICATION_FIELDS_MAX.saturating_add(1))
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
pub(super) fn envelope_recipients(
    message: &Message<'_>,
    names: &[String],
) -> Vec<Vec<MailAddress>> {
    let values = names.iter().filter_map(|name| raw_value(message, name));
    values
        .map(|value| addresses_in(&value))
        .filter(|addresses| !addresses.is_empty())
        .collect()
}

/// The addresses in a list of them.
pub(super) fn addresses_in(value: &str) -> Vec<MailAddress> {
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

/// The Message-IDs in all fields of this name, each once, in order. Of too many those in the middle are left out.
pub(super) fn message_ids(message: &Message<'_>, name: HeaderName<'static>) -> Vec<MessageId> {
    let mut known = BTreeSet::new();
    let found = values(message, &name)
        .filter_map(HeaderValue::as_text_list)
        .flatten()
        .filter_map(|id| MessageId::parse(id));
    let mut ids: Vec<MessageId> = found.filter(|id| known.insert(id.clone())).collect();
    let over = ids.len().saturating_sub(MESSAGE_IDS_MAX);
    if over > 0 {
        ids.drain(1..=over);
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::super::{ParsedMail, read};

    fn mail(header: &str) -> ParsedMail {
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
    fn words_that_were_cut_within_a_character_are_whole() {
        let read = mail(
            "From: =?utf-8?q?J=C3?= =?utf-8?q?=B6rg?= <j@d.example>\r\nSubject: =?utf-8?B?QmVzdGVsbHVuZyBmww==?=\r\n =?utf-8?B?vHIgR3LDtsOfZQ?=",
        );
        assert_eq!(read.subject.as_deref(), Some("Bestellung für Größe"));
        assert_eq!(read.from.unwrap().name.as_deref(), Some("Jörg"));
        let old = mail("Subject: =?cp-1251?B?x+Di8vDg?=\r\nFrom: a@b.example");
        assert_eq!(old.subject.as_deref(), Some("Завтра"));
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
        let said = [
            "a;\tspf=pass",
            "b",
            "c; dmarc=fail reason=\"too long\"",
            "d",
        ];
        assert_eq!(mail.authentication[..4], said);
        assert_eq!(mail.authentication.len(), 21);
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
        let references = self::mail(&format!("References: {many}")).references;
        assert_eq!(references.len(), 100);
        let ends = [&references[0], &references[1], &references[99]].map(|id| id.as_str());
        assert_eq!(ends, ["0@b", "401@b", "499@b"]);
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
    fn a_date_far_from_when_the_mail_came_is_not_believed() {
        let now = crate::core::time::Timestamp::from_secs(1_795_946_400);
        let came = "Received: from a by b; Sun, 29 Nov 2026 09:00:00 +0000 (UTC)\r\nReceived: from c by a; Mon, 1 Jan 2001 00:00:00 +0000";
        for (date, alone, behind) in [
            (
                "Thu, 01 Jan 1970 00:00:12 +0000",
                None,
                Some("2026-11-29T09:00:00Z"),
            ),
            (
                "Fri, 01 Jan 1904 00:00:00 +0000",
                None,
                Some("2026-11-29T09:00:00Z"),
            ),
            (
                "Fri, 01 Jan 2038 00:00:00 +0000",
                Some("2038-01-01T00:00:00Z"),
                Some("2026-11-29T09:00:00Z"),
            ),
            (
                "Sun, 29 Nov 2026 08:00:00 +0000",
                Some("2026-11-29T08:00:00Z"),
                Some("2026-11-29T08:00:00Z"),
            ),
            (
                "Sat, 28 Nov 2026 10:00:00 +0000",
                Some("2026-11-28T10:00:00Z"),
                Some("2026-11-28T10:00:00Z"),
            ),
            (
                "Fri, 27 Nov 2026 10:00:00 +0000",
                Some("2026-11-27T10:00:00Z"),
                Some("2026-11-29T09:00:00Z"),
            ),
            ("yesterday", None, Some("2026-11-29T09:00:00Z")),
        ] {
            let written =
                |header: &str| mail(header).written(now).and_then(|date| date.to_xep0082());
            let shown = written(&format!("Date: {date}"));
            assert_eq!(shown.as_deref(), alone, "{date}");
            let shown = written(&format!("{came}\r\nDate: {date}"));
            assert_eq!(shown.as_deref(), behind, "{date}");
            let broken = written(&format!("Received: no date\r\nDate: {date}"));
            assert_eq!(broken.as_deref(), alone, "{date}");
        }
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
        for of_machine in ["2026-11-22T07:01:24+01:00", "Sun Nov 22 06:01:24 2026"] {
            let read = date(of_machine);
            assert_eq!(
                read.as_deref(),
                Some("2026-11-22T06:01:24Z"),
                "{of_machine}"
            );
        }
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
