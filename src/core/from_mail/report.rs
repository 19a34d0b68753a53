//! The parts of a report on a mail (RFC 6522): the fields for programs, and the header of the mail that comes back.

use super::header;
use super::mime::{MailPart, split_header};
use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use crate::core::limits;
use crate::core::text::clean;
use mail_parser::HeaderName;

/// Fields of one group; a delivery report has about ten for each recipient.
const FIELDS_MAX: usize = 60;
/// Addresses in `To` of the mail that came back, each of which may be the one that the report is about.
const ORIGINAL_TO_MAX: usize = 20;

/// What of a report was found.
#[derive(Debug, Default)]
pub(super) struct ReportParts {
    /// The groups of fields of a delivery report (RFC 3464).
    pub delivery: Option<Vec<Group>>,
    /// The fields of a disposition notification (RFC 8098).
    pub disposition: Option<Group>,
    /// The mail that came back, or its header.
    pub returned: Option<ReturnedHeader>,
}

/// The header of a mail that came back, as far as reports need it.
#[derive(Debug, Default)]
pub(super) struct ReturnedHeader {
    /// Its Message-ID.
    pub message_id: Option<MessageId>,
    /// Whom it was for.
    pub to: Vec<MailAddress>,
}

impl ReturnedHeader {
    /// Reads the beginning of a mail, or a header without one.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (head, _) = split_header(bytes);
        let part = MailPart::read(head);
        let found = part.header()?;
        let people = header::people(found, HeaderName::To);
        Some(Self {
            message_id: header::message_ids(found, HeaderName::MessageId)
                .into_iter()
                .next(),
            to: people
                .into_iter()
                .map(|person| person.address)
                .take(ORIGINAL_TO_MAX)
                .collect(),
        })
    }
}

/// Looks for the parts, in the multipart itself and a little below: a mail inside the mail is not looked into.
pub(super) fn parts(mail: &MailPart<'_>) -> ReportParts {
    let mut found = ReportParts::default();
    let mut left = limits::REPORT_PARTS_MAX;
    find(mail, 0, &mut left, &mut found);
    found
}

fn find(part: &MailPart<'_>, depth: usize, left: &mut usize, found: &mut ReportParts) {
    let media_type = part.media_type().unwrap_or_default();
    match media_type.as_str() {
        "message/delivery-status" | "message/global-delivery-status" => {
            found
                .delivery
                .get_or_insert_with(|| groups(&part.decoded()));
        }
        "message/disposition-notification" | "message/global-disposition-notification" => {
            found
                .disposition
                .get_or_insert_with(|| Group::joined(groups(&part.decoded())));
        }
        "message/rfc822"
        | "message/rfc822-headers"
        | "text/rfc822-headers"
        | "message/global"
        | "message/global-headers"
            if found.returned.is_none() =>
        {
            found.returned = ReturnedHeader::read(&part.decoded());
        }
        multipart if multipart.starts_with("multipart/") && depth < limits::REPORT_DEPTH_MAX => {
            for child in part.parts(*left) {
                *left = left.saturating_sub(1);
                find(&MailPart::read(child), depth.saturating_add(1), left, found);
            }
        }
        _ => {}
    }
}

/// Fields that belong together: of the whole report, or of one recipient.
#[derive(Debug, Default)]
pub(super) struct Group(Vec<(String, String)>);

impl Group {
    /// The first field of this name, which is given in lower case, unfolded.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| value.trim())
    }

    /// The address in a field such as `rfc822; carol@mail.example`.
    pub(super) fn address(&self, name: &str) -> Option<MailAddress> {
        address(self.get(name)?)
    }

    fn joined(groups: Vec<Group>) -> Self {
        Self(groups.into_iter().flat_map(|group| group.0).collect())
    }
}

/// Groups of fields with blank lines between them (RFC 3464 §2.1). Linear in the length of what is looked at.
fn groups(bytes: &[u8]) -> Vec<Group> {
    let start = bytes.get(..limits::REPORT_OCTETS_MAX).unwrap_or(bytes);
    let text = clean::for_xml(&String::from_utf8_lossy(start));
    let (mut groups, mut group) = (Vec::new(), Group::default());
    for line in text.lines() {
        if line.trim().is_empty() {
            if !group.0.is_empty() {
                groups.push(std::mem::take(&mut group));
            }
            // One more, of the whole report.
            if groups.len() > limits::REPORT_RECIPIENTS_MAX {
                return groups;
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = group.0.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':')
            && group.0.len() < FIELDS_MAX
        {
            let name = name.trim().to_ascii_lowercase();
            group.0.push((name, value.trim().to_owned()));
        }
    }
    groups.extend((!group.0.is_empty()).then_some(group));
    groups
}

/// `type; address` (RFC 3464 §2.1.2), where the type is that of RFC 5321 or RFC 6533 §3; programs forget the type, or add
/// angle brackets.
fn address(field: &str) -> Option<MailAddress> {
    let (kind, written) = field.split_once(';').unwrap_or(("rfc822", field));
    let written = written.trim();
    let bare = written
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'));
    let written = bare.unwrap_or(written);
    match kind.trim().to_ascii_lowercase().as_str() {
        "utf-8" => MailAddress::parse(&unescaped(written)).ok(),
        _ => MailAddress::parse(written).ok(),
    }
}

/// RFC 6533 §3: `\x{F8}` is a character where the report could hold ASCII only.
fn unescaped(written: &str) -> String {
    let mut parts = written.split("\\x{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escaped = part.split_once('}').and_then(|(hex, rest)| {
            let c = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)?;
            Some((c, rest))
        });
        match escaped {
            Some((c, rest)) => {
                text.push(c);
                text.push_str(rest);
            }
            None => {
                text.push_str("\\x{");
                text.push_str(part);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_grouped_by_blank_lines_and_unfolded() {
        let read = groups(
            b"\r\nReporting-MTA: dns; mx.example\r\n \r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nDiagnostic-Code: smtp; 550\r\n\tno such\r\n user\r\nnonsense\r\n\r\naction : failed\r\n",
        );
        let shown: Vec<_> = read.iter().map(|group| group.0.as_slice()).collect();
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            shown,
            [
                &[field("reporting-mta", "dns; mx.example")][..],
                &[
                    field("final-recipient", "rfc822; a@b.example"),
                    field("diagnostic-code", "smtp; 550 no such user"),
                ],
                &[field("action", "failed")],
            ]
        );
    }

    #[test]
    fn no_more_is_read_than_the_limits_say() {
        let many = "Action: failed\r\n\r\n".repeat(10 * limits::REPORT_RECIPIENTS_MAX);
        assert!(groups(many.as_bytes()).len() <= limits::REPORT_RECIPIENTS_MAX + 1);
        let long = format!("A: {}", "b\n c".repeat(limits::REPORT_OCTETS_MAX));
        assert!(groups(long.as_bytes())[0].0[0].1.len() <= limits::REPORT_OCTETS_MAX);
        let fields = groups("A: b\n".repeat(1000).as_bytes());
        assert_eq!(fields[0].0.len(), FIELDS_MAX);
    }

    #[test]
    fn addresses_are_read_of_whatever_type_they_are() {
        for (field, expected) in [
            ("rfc822; carol@mail.example", Some("carol@mail.example")),
            ("RFC822;<Carol@Mail.example>", Some("Carol@mail.example")),
            ("carol@mail.example", Some("carol@mail.example")),
            (
                "utf-8; j\\x{F8}rgen@mail.example",
                Some("jørgen@mail.example"),
            ),
            ("utf-8; jørgen@mail.example", Some("jørgen@mail.example")),
            ("utf-8; \\x{zz}@mail.example", None),
            ("x400; /c=us/a=x/", None),
            ("rfc822;", None),
            ("", None),
        ] {
            let read = address(field).map(|address| address.to_string());
            assert_eq!(read.as_deref(), expected, "{field}");
        }
    }
}
