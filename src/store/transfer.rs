//! Export and import: one record a line, in JSON (<https://jsonlines.org>), with a `kind`:
//!
//! ```text
//! {"kind":"pair","jid":"alice@a.example","mail":"alice@chat.a.example","name":"Alice","origin":"admin","saved":1790000000000}
//! {"kind":"contact","user":"alice@a.example","mail":"carol@mail.example","subscription":"both"}
//! {"kind":"thread","user":…,"mail":…,"id":"t1","references":["x@y"],"last":1790000000000}
//! {"kind":"message","message_id":…,"stanza_id":…,"user":…,"contact":…,"thread":…,"direction":"in","at":1790000000000}
//! {"kind":"seen","user":…,"id":"x@y","at":1790000000000}
//! {"kind":"cursor","mailbox":"INBOX","uid_validity":1,"uid_next":42,"since":1790000000000}
//! {"kind":"peer","who":"chat.b.example","format":"xmpp","origin":"admin","since":1790000000000}
//! {"kind":"announced","user":"alice@a.example","sequence":1790000000000,"at":…,"expires":…,"state":null}
//! ```
//!
//! Times are milliseconds since 1970. A line without `kind` is a pair; a pair or a peer without `origin` is the admin's,
//! without `saved` or `since` it is saved now. For spreadsheets, a pair may also be a line of CSV (RFC 4180): `jid,mail[,name]`.
//! The key of derived Message-IDs is a secret of its store and not exported.
//!
//! Pairs and peers may be imported at any time. The other kinds replace what is there and belong into a store whose gateway does
//! not run yet.

use crate::core::address::{AddressError, MailAddress};
use crate::core::record::{Pair, PairOrigin};
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::store::tables::Record;
use jid::BareJid;
use serde_json::{Value, json};

/// Why a line is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not JSON, or not a record.
    #[error("it is not a record: {0}")]
    Json(String),
    /// Neither two nor three fields.
    #[error("it has {0} fields where jid,mail or jid,mail,name were expected")]
    Fields(usize),
    /// A quote that is not closed, or closed within a field.
    #[error("a quotation mark in it is not closed at the end of a field")]
    Quote,
    /// The first field.
    #[error("“{0}” is not a bare JID such as alice@a.example")]
    Jid(String),
    /// The second field.
    #[error(transparent)]
    Mail(#[from] AddressError),
}

/// The line of a record, without its end.
///
/// # Errors
/// [`serde_json::Error`] where it cannot be written, which no record does.
pub fn to_line(record: &Record) -> Result<String, serde_json::Error> {
    serde_json::to_string(record)
}

/// The same, in which nothing controls a terminal or a chat window: JSON has its own form for that.
///
/// # Errors
/// As [`to_line`].
pub fn to_shown_line(record: &Record) -> Result<String, serde_json::Error> {
    Ok(tamed(&to_line(record)?))
}

/// JSON with its own form for what is dangerous to show.
pub fn tamed(json: &str) -> String {
    let tame = json.chars().map(|c| match clean::is_dangerous(c) {
        true => format!("\\u{:04x}", u32::from(c)),
        false => c.to_string(),
    });
    tame.collect()
}

/// The record of a line. `None` for an empty line and for the heading `jid,mail…` of a CSV file.
///
/// # Errors
/// [`LineError`] says what is wrong with the line.
pub fn from_line(line: &str, now: Timestamp) -> Result<Option<Record>, LineError> {
    let line = line.trim_start_matches('\u{feff}').trim();
    let heading: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    if line.is_empty() || matches!(heading.as_str(), "jid,mail" | "jid,mail,name") {
        Ok(None)
    } else if line.starts_with('{') {
        from_json(line, now).map(Some)
    } else {
        from_csv(line, now).map(|pair| Some(Record::Pair(pair)))
    }
}

fn from_json(line: &str, now: Timestamp) -> Result<Record, LineError> {
    let wrong = |error: serde_json::Error| LineError::Json(error.to_string());
    let mut value: Value = serde_json::from_str(line).map_err(wrong)?;
    if let Value::Object(fields) = &mut value {
        let kind = fields.entry("kind").or_insert_with(|| json!("pair"));
        let saved = match kind.as_str() {
            Some("pair") => Some("saved"),
            Some("peer") => Some("since"),
            _ => None,
        };
        if let Some(saved) = saved {
            fields.entry("origin").or_insert_with(|| json!("admin"));
            fields.entry(saved).or_insert_with(|| json!(now));
        }
    }
    serde_json::from_value(value).map_err(wrong)
}

fn from_csv(line: &str, now: Timestamp) -> Result<Pair, LineError> {
    let fields = csv_fields(line)?;
    let (jid, mail, name) = match fields.as_slice() {
        [jid, mail] => (jid, mail, None),
        [jid, mail, name] => (jid, mail, Some(name.trim()).filter(|name| !name.is_empty())),
        other => return Err(LineError::Fields(other.len())),
    };
    Ok(Pair {
        jid: BareJid::new(jid.trim()).map_err(|_| LineError::Jid(jid.trim().to_owned()))?,
        mail: MailAddress::parse(mail)?,
        name: name.map(str::to_owned),
        origin: PairOrigin::Admin,
        saved: now,
    })
}

/// RFC 4180 §2 without line ends inside of quotes: a field that begins with a quote ends with one, and holds a quote
/// as two.
fn csv_fields(line: &str) -> Result<Vec<String>, LineError> {
    let mut fields = Vec::new();
    let mut rest = Some(line);
    while let Some(text) = rest {
        let (field, after) = match text.trim_start().strip_prefix('"') {
            Some(quoted) => csv_quoted(quoted)?,
            None => match text.split_once(',') {
                Some((field, after)) => (field.to_owned(), Some(after)),
                None => (text.to_owned(), None),
            },
        };
        fields.push(field);
        rest = after;
    }
    Ok(fields)
}

/// The content of a quoted field whose first quote is gone, and what follows its comma.
fn csv_quoted(text: &str) -> Result<(String, Option<&str>), LineError> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"').ok_or(LineError::Quote)?;
        field.push_str(before);
        if let Some(more) = after.strip_prefix('"') {
            field.push('"');
            rest = more;
            continue;
        }
        return match after.trim_start() {
            "" => Ok((field, None)),
            after => {
                let after = after.strip_prefix(',').ok_or(LineError::Quote)?;
                Ok((field, Some(after)))
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::context::Write;
    use crate::core::record::{Format, Peer, PeerOrigin};

    fn now() -> Timestamp {
        Timestamp::from_secs(1_790_000_000)
    }

    fn pair(line: &str) -> Pair {
        match from_line(line, now()) {
            Ok(Some(Record::Pair(pair))) => pair,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_line_of_csv_is_a_pair_of_the_admin() {
        let read = pair("alice@a.example , Alice@Chat.a.example,\"Lovelace, \"\"Alice\"\"\"");
        assert_eq!(read.jid.as_str(), "alice@a.example");
        assert_eq!(read.mail.to_string(), "Alice@chat.a.example");
        assert_eq!(read.name.as_deref(), Some("Lovelace, \"Alice\""));
        assert_eq!((read.origin, read.saved), (PairOrigin::Admin, now()));
        assert_eq!(pair("a@b.example,c@d.example,").name, None);
        assert_eq!(pair("\"a@b.example\",\"c@d.example\"").name, None);
    }

    #[test]
    fn a_pair_in_json_needs_only_its_two_sides() {
        let read = pair(r#"{"jid":"a@b.example","mail":"c@d.example"}"#);
        assert_eq!((read.origin, read.saved), (PairOrigin::Admin, now()));
        let line = to_line(&Record::Pair(read.clone())).unwrap();
        assert!(line.starts_with(r#"{"kind":"pair","jid":"a@b.example""#));
        assert_eq!(pair(&line), read);
    }

    #[test]
    fn headings_and_empty_lines_are_passed_over() {
        for line in ["", "  \r", "jid,mail", "\u{feff}jid, mail, name\r"] {
            assert_eq!(from_line(line, now()), Ok(None), "{line:?}");
        }
    }

    #[test]
    fn a_bad_line_is_refused_with_its_reason() {
        let reason = |line: &str| from_line(line, now()).unwrap_err().to_string();
        assert!(reason("alice@a.example").contains("1 fields"));
        assert!(reason("a@b,c@d,e,f").contains("4 fields"));
        assert!(reason("@,c@d.example").contains("not a bare JID"));
        assert!(reason("a@b.example/home,c@d.example").contains("not a bare JID"));
        assert!(reason("a@b.example,carol").contains("name@domain"));
        assert!(reason("\"a@b.example,c@d.example").contains("quotation mark"));
        assert!(reason("\"a@b.example\"x,c@d.example").contains("quotation mark"));
        assert!(reason(r#"{"kind":"pair","jid":"a@b.example"}"#).contains("mail"));
        assert!(reason(r#"{"kind":"parrot"}"#).contains("parrot"));
        assert!(reason("{").contains("not a record"));
    }

    #[test]
    fn a_contact_goes_out_and_in_unchanged() {
        let line =
            r#"{"kind":"contact","user":"a@b.example","mail":"c@d.example","subscription":"both"}"#;
        let Ok(Some(record)) = from_line(line, now()) else {
            panic!("not read");
        };
        let again = from_line(&to_line(&record).unwrap(), now());
        assert_eq!(again, Ok(Some(record.clone())));
        assert!(matches!(Write::from(record), Write::Contact(..)));
    }

    #[test]
    fn what_concerns_other_gateways_goes_out_and_in_unchanged() {
        for line in [
            r#"{"kind":"peer","who":"Bob@chat.b.example","format":"xmpp","origin":"learned","since":7}"#,
            r#"{"kind":"peer","who":"xn--bcher-kva.example","format":"mail","origin":"admin","since":7}"#,
            r#"{"kind":"options","user":"alice@a.example","mail":"Bob@b.example","quotes":"keep"}"#,
            r#"{"kind":"options","user":"alice@a.example","bulk":"headline"}"#,
            r#"{"kind":"announced","user":"alice@a.example","sequence":1,"at":2,"expires":3,"state":null}"#,
        ] {
            let record = from_line(line, now()).unwrap().unwrap();
            assert_eq!(to_line(&record).unwrap(), line);
        }
    }

    #[test]
    fn a_peer_needs_only_its_name_and_its_format_and_the_name_is_one_whatever_its_spelling() {
        let read = |line: &str| from_line(line, now());
        let peer = |who: &str| Peer {
            who: who.parse().unwrap(),
            format: Format::Xmpp,
            origin: PeerOrigin::Admin,
            since: now(),
        };
        let line = r#"{"kind":"peer","who":"BÜCHER.example","format":"xmpp"}"#;
        let expected = Record::Peer(peer("xn--bcher-kva.example"));
        assert_eq!(read(line), Ok(Some(expected)));
        for wrong in ["b@", "-x.example", "a\\u0000b.example", ""] {
            let line = format!(r#"{{"kind":"peer","who":"{wrong}","format":"xmpp"}}"#);
            assert!(read(&line).is_err(), "{wrong}");
        }
        let line = r#"{"kind":"peer","who":"b.example","format":"fax"}"#;
        assert!(read(line).unwrap_err().to_string().contains("fax"));
    }
}
