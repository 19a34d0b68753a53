//! Our own Message-IDs in the text of a report, wherever a program has put them. They are keyed hashes, so that a mail that holds
//! one is about the mail that had it, and no sentence of the program need be known.

use super::mime::{MailPart, split_header};
use crate::core::id::MessageId;
use crate::core::limits;

/// Hexadecimal digits before the `@`: see [`MessageId::derive`].
const DIGITS: usize = 40;
/// The longest domain, in octets (RFC 1035 §2.3.4).
const DOMAIN_OCTETS_MAX: usize = 253;
/// Ids that are looked up, each a row; a thread that is quoted has some.
const IDS_MAX: usize = 20;

/// The ids in the body of a mail, each once, in order.
pub(super) fn ids(mail: &MailPart<'_>) -> Vec<MessageId> {
    let mut found = Vec::new();
    let mut left = limits::REPORT_PARTS_MAX;
    find(mail, 0, &mut left, &mut found);
    found
}

fn find(part: &MailPart<'_>, depth: usize, left: &mut usize, found: &mut Vec<MessageId>) {
    let media_type = part.media_type().unwrap_or_default();
    let is_multipart = media_type.starts_with("multipart/") && depth < limits::REPORT_DEPTH_MAX;
    let children = if is_multipart {
        part.parts(*left)
    } else {
        Vec::new()
    };
    if children.is_empty() {
        let decoded = part.decoded();
        let start = start_of(&decoded);
        stand_in(start, false, found);
        stand_in(&joined(start), true, found);
    }
    for child in children {
        *left = left.saturating_sub(1);
        // Where a program forgot the blank line, the mail that comes back is the header of its part.
        stand_in(start_of(split_header(child).0), false, found);
        find(&MailPart::read(child), depth.saturating_add(1), left, found);
    }
}

fn start_of(text: &[u8]) -> &[u8] {
    text.get(..limits::REPORT_OCTETS_MAX).unwrap_or(text)
}

/// Without line ends, white space and marks of quotations: some programs break lines where they are long.
fn joined(text: &[u8]) -> Vec<u8> {
    let lines = text.split(|b| *b == b'\n');
    let quoted = |line: &[u8]| {
        let marks = line
            .iter()
            .take_while(|b| matches!(b, b'>' | b'|' | b' ' | b'\t'));
        marks.count()
    };
    let words = lines.flat_map(|line| line.get(quoted(line)..).unwrap_or_default());
    words
        .filter(|b| !b.is_ascii_whitespace())
        .copied()
        .collect()
}

/// `in_brackets`: only those that stand in angle brackets, since nothing else says where they end.
fn stand_in(text: &[u8], in_brackets: bool, found: &mut Vec<MessageId>) {
    let places = text.iter().enumerate().filter(|(_, b)| **b == b'@');
    for (at, _) in places {
        if found.len() >= IDS_MAX {
            return;
        }
        let id = id_at(text, at, in_brackets);
        found.extend(id.filter(|id| !found.contains(id)));
    }
}

fn id_at(text: &[u8], at: usize, in_brackets: bool) -> Option<MessageId> {
    let is_digit = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let start = at.checked_sub(DIGITS)?;
    let before = start.checked_sub(1).and_then(|before| text.get(before));
    let is_id = text.get(start..at)?.iter().all(is_digit) && !before.is_some_and(is_digit);
    let rest = text.get(at.saturating_add(1)..)?;
    let is_of_domain = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    let domain = rest
        .iter()
        .take(DOMAIN_OCTETS_MAX)
        .take_while(is_of_domain)
        .count();
    let is_bracketed = before == Some(&b'<') && rest.get(domain) == Some(&b'>');
    if !is_id || domain == 0 || in_brackets && !is_bracketed {
        return None;
    }
    let end = at.saturating_add(1).saturating_add(domain);
    let id = std::str::from_utf8(text.get(start..end)?).ok()?;
    MessageId::parse(id.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    fn found(mail: &str) -> Vec<String> {
        let mail = mail.replace("ID", ID).replace('\n', "\r\n");
        let ids = ids(&MailPart::read(mail.as_bytes()));
        ids.iter().map(|id| id.as_str().replace(ID, "ID")).collect()
    }

    #[test]
    fn an_id_of_ours_is_found_wherever_it_stands() {
        for mail in [
            "A: b\n\nMessage-ID: <ID@chat.a.example>\n",
            "A: b\n\n> > Message-Id:\n> >  <ID@chat.a.example>\nagain ID@chat.a.example.",
            "A: b\nContent-Transfer-Encoding: quoted-printable\n\n<p>&lt;ID=40chat.a.exam=\nple&gt;",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsorry\n--b\nReceived: x\nMessage-ID: <ID@chat.a.example>\n\nHello\n--b--",
            "Content-Type: multipart/report; boundary=b\n\n--b\n\nsorry\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <ID@chat.a.example>\n--b--",
        ] {
            assert_eq!(found(mail), ["ID@chat.a.example"], "{mail}");
        }
        let (half, other) = ID.split_at(17);
        let wrapped =
            format!("A: b\n\n| Message-ID: <{half}\n| {other}@chat.a.\n| example>\n| To: x");
        assert_eq!(found(&wrapped), ["ID@chat.a.example"]);
        let domain = "A: b\n\nMessage-ID: <ID@chat.\n a.example>\nSubject: x";
        assert_eq!(found(domain), ["ID@chat", "ID@chat.a.example"]);
    }

    #[test]
    fn other_ids_are_none() {
        for mail in [
            "A: ID@chat.a.example\n\nhello",
            "A: b\n\naID@chat.a.example 1@b.example ID@ ID",
            "A: b\n\n@@@@",
        ] {
            assert_eq!(found(mail), [""; 0], "{mail}");
        }
        let many: String = (10..60)
            .map(|n| format!("{n}{}@a.example ", &ID[2..]))
            .collect();
        assert_eq!(found(&format!("A: b\n\n{many}")).len(), IDS_MAX);
    }
}
