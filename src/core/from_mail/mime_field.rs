//! Content-Type and Content-Disposition before they are read: the parameters that come in sections or in another charset
//! (RFC 2231) as one in UTF-8, and names of files that programs write as no RFC has it.

use super::encoded_word;
use crate::core::limits;
use crate::core::text::charset;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A header without the MIME fields that are over their limit: the crate joins a parameter of which they have many parts (RFC
/// 2231 §3) in time that grows with the square.
pub(super) fn without_long_fields(header: &[u8]) -> Cow<'_, [u8]> {
    let is_long = |field: &&[u8]| {
        let is_mime = field
            .get(..8)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"content-"));
        is_mime && field.len() > limits::MIME_FIELD_OCTETS_MAX
    };
    let fields = fields_of(header);
    if !fields.iter().any(is_long) {
        return Cow::Borrowed(header);
    }
    let short = fields.into_iter().filter(|field| !is_long(field));
    Cow::Owned(short.flatten().copied().collect())
}

/// The fields of a header with their folds (RFC 5322 §2.2.3).
fn fields_of(header: &[u8]) -> Vec<&[u8]> {
    let (mut fields, mut start, mut at) = (Vec::new(), 0_usize, 0_usize);
    for line in header.split_inclusive(|b| *b == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") && at > start {
            fields.extend(header.get(start..at));
            start = at;
        }
        at = at.saturating_add(line.len());
    }
    fields.extend(header.get(start..));
    fields
}

/// A header with such fields as they are read best. `charset`: that of something near it, for names that say nothing of theirs.
pub(super) fn mended<'a>(header: &'a [u8], charset: Option<&str>) -> Cow<'a, [u8]> {
    let mut fields = fields_of(header);
    let mut whole = Vec::new();
    let mut is_mended = multipart_last(&mut fields);
    for field in fields {
        match has_parameters(field)
            .then(|| mended_field(field, charset))
            .flatten()
        {
            Some(field) => {
                is_mended = true;
                whole.extend_from_slice(&field);
            }
            None => whole.extend_from_slice(field),
        }
    }
    match is_mended {
        true => Cow::Owned(whole),
        false => Cow::Borrowed(header),
    }
}

/// Of several fields that say what a mail is the last is believed: puts one that says of what parts it is there. `true` where
/// it was not.
fn multipart_last(fields: &mut [&[u8]]) -> bool {
    let is_type = |field: &&[u8]| name_of(field).eq_ignore_ascii_case(b"content-type");
    let is_multipart = |field: &&[u8]| {
        let kind = field.split(|b| *b == b':').nth(1).unwrap_or_default();
        let kind = kind.trim_ascii_start().get(..b"multipart/".len());
        is_type(field) && kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/"))
    };
    let last = fields.iter().rposition(is_type);
    let multipart = fields.iter().rposition(is_multipart);
    match (last, multipart) {
        (Some(last), Some(multipart)) if last != multipart => {
            fields.swap(last, multipart);
            true
        }
        _ => false,
    }
}

fn name_of(field: &[u8]) -> &[u8] {
    let name = field.split(|b| *b == b':').next().unwrap_or_default();
    name.trim_ascii_end()
}

fn has_parameters(field: &[u8]) -> bool {
    let name = name_of(field);
    name.eq_ignore_ascii_case(b"content-type") || name.eq_ignore_ascii_case(b"content-disposition")
}

/// `None` where the field can be read as it stands.
fn mended_field(field: &[u8], charset: Option<&str>) -> Option<Vec<u8>> {
    let mut pieces = pieces(field).into_iter();
    let mut mended = pieces.next()?.trim_ascii_end().to_vec();
    let mut long: BTreeMap<String, Long> = BTreeMap::new();
    let mut others: Vec<(String, Cow<'_, [u8]>)> = Vec::new();
    for piece in pieces {
        let Some(parameter) = Parameter::read(piece) else {
            others.push((String::new(), Cow::Borrowed(piece)));
            continue;
        };
        match parameter.section() {
            Some((name, section)) => long.entry(name).or_default().add(section, parameter.text()),
            None => {
                let written = parameter
                    .mended(charset)
                    .map_or(Cow::Borrowed(piece), Cow::Owned);
                others.push((parameter.name, written));
            }
        }
    }
    let long: BTreeMap<String, String> = long
        .into_iter()
        .map(|(name, long)| (name, long.text()))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    if long.is_empty()
        && others
            .iter()
            .all(|(_, one)| matches!(one, Cow::Borrowed(_)))
    {
        return None;
    }
    // Where a program writes both, the one in ASCII is for readers that do not know the other.
    let others = others.iter().filter(|(name, _)| !long.contains_key(name));
    for (_, piece) in others {
        mended.push(b';');
        mended.extend_from_slice(piece.trim_ascii_end());
    }
    for (name, text) in &long {
        mended.extend_from_slice(b"; ");
        mended.extend_from_slice(&in_utf8(name, text));
    }
    mended.extend_from_slice(b"\r\n");
    Some(mended)
}

/// What stands between the semicolons of a field that are in no quoted string.
fn pieces(field: &[u8]) -> Vec<&[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let pieces = field.split(|b| {
        match b {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ => {}
        }
        *b == b';' && !is_quoted
    });
    pieces.collect()
}

/// A parameter as it is written.
struct Parameter<'a> {
    /// In lower case.
    name: String,
    value: &'a [u8],
    /// A line ends before its value, which RFC 2045 §5.1 forbids.
    is_broken: bool,
}

/// A piece of the value of a parameter (RFC 2231 §3).
#[derive(Clone, Copy)]
struct Section {
    /// `None` where it is the whole.
    number: Option<u32>,
    /// In percent-encoding.
    is_encoded: bool,
}

impl<'a> Parameter<'a> {
    fn read(piece: &'a [u8]) -> Option<Self> {
        let at = piece.iter().position(|b| *b == b'=')?;
        let (name, rest) = piece.split_at_checked(at)?;
        let rest = rest.get(1..)?;
        let value = rest.trim_ascii_start();
        let before = rest.get(..rest.len().checked_sub(value.len())?)?;
        let name = std::str::from_utf8(name.trim_ascii()).ok()?;
        Some(Self {
            name: name.to_ascii_lowercase(),
            value: value.trim_ascii_end(),
            is_broken: before.contains(&b'\n'),
        })
    }

    /// `filename*`, `filename*0`, `filename*0*`: of which parameter it is which section.
    fn section(&self) -> Option<(String, Section)> {
        let (name, rest) = self.name.split_once('*')?;
        let digits = rest.strip_suffix('*').unwrap_or(rest);
        let number = match rest {
            "" => None,
            _ => Some(digits.parse().ok()?),
        };
        let section = Section {
            number,
            is_encoded: rest.is_empty() || digits.len() < rest.len(),
        };
        Some((name.trim_end().to_owned(), section))
    }

    /// The value without its quotation marks and folds.
    fn text(&self) -> Vec<u8> {
        let inner = self.value.strip_prefix(b"\"").unwrap_or(self.value);
        let inner = match inner.len() < self.value.len() {
            true => inner.strip_suffix(b"\"").unwrap_or(inner),
            false => inner,
        };
        let mut text = Vec::with_capacity(inner.len());
        let mut octets = inner.iter().copied().peekable();
        while let Some(octet) = octets.next() {
            // A path of Windows is not escaped.
            let escaped = octets.next_if(|next| octet == b'\\' && matches!(next, b'"' | b'\\'));
            let octet = escaped.unwrap_or(octet);
            text.extend((!matches!(octet, b'\r' | b'\n')).then_some(octet));
        }
        text
    }

    /// The parameter as it can be read; `None` where it can be as it stands.
    fn mended(&self, charset: Option<&str>) -> Option<Vec<u8>> {
        let is_name = matches!(self.name.as_str(), "filename" | "name");
        let named = is_name.then(|| self.file_name(charset));
        if let Some(name) = named.flatten() {
            return Some(in_utf8(&self.name, &name));
        }
        let whole = [b" ", self.name.as_bytes(), b"=", self.value];
        self.is_broken.then(|| whole.concat())
    }

    /// The name of a file in which there is something that the crate does not read, or not as it is meant.
    fn file_name(&self, near: Option<&str>) -> Option<String> {
        let text = self.text();
        if let Cow::Owned(decoded) = encoded_word::decoded(&text) {
            return Some(charset::decode(None, &decoded));
        }
        let quoted = self.value.strip_prefix(b"\"");
        let is_plain = match quoted.map(|rest| rest.strip_suffix(b"\"")) {
            Some(Some(inner)) => !inner.iter().any(|b| matches!(b, b'"' | b'\\')),
            Some(None) => false,
            // A token, or one with a comment behind it.
            None => !text.contains(&b' ') || text.contains(&b'('),
        };
        let is_ascii = text.is_ascii();
        let text = charset::decode_with(None, near, &text);
        let percent = charset_of_percent(&text);
        percent.or_else(|| (!is_plain || !is_ascii).then_some(text))
    }
}

/// `Gr%C3%BC%C3%9Fe.pdf`, as a link has it: nobody calls a file so.
fn charset_of_percent(text: &str) -> Option<String> {
    let decoded = without_percent(text.as_bytes());
    let decoded = String::from_utf8(decoded).ok()?;
    let has_more = !decoded.is_ascii();
    (text.is_ascii() && has_more).then_some(decoded)
}

/// The sections of a parameter.
#[derive(Default)]
struct Long {
    whole: Option<(Section, Vec<u8>)>,
    sections: BTreeMap<u32, (Section, Vec<u8>)>,
}

impl Long {
    /// Of several with one number the first counts.
    fn add(&mut self, section: Section, text: Vec<u8>) {
        match section.number {
            None => _ = self.whole.get_or_insert((section, text)),
            Some(number) => _ = self.sections.entry(number).or_insert((section, text)),
        }
    }

    /// The value; where sections are missing, that of the others. The first names the charset of all (RFC 2231 §4.1), and a
    /// character may be cut in two.
    fn text(self) -> String {
        let mut charset = None;
        // Neighbours that are written alike.
        let mut runs: Vec<(bool, Vec<u8>)> = Vec::new();
        let sections = match self.whole {
            Some(whole) => vec![whole],
            None => self.sections.into_values().collect(),
        };
        for (at, (section, text)) in sections.into_iter().enumerate() {
            let text = match section.is_encoded {
                true if at == 0 => {
                    let (label, text) = without_charset(&text);
                    charset = label;
                    without_percent(text)
                }
                true => without_percent(&text),
                false => text,
            };
            match runs.last_mut() {
                Some((is_encoded, run)) if *is_encoded == section.is_encoded => run.extend(text),
                _ => runs.push((section.is_encoded, text)),
            }
        }
        let decoded = runs.into_iter().map(|(is_encoded, octets)| {
            let label = charset.as_deref().filter(|_| is_encoded);
            // Some have learned of `*` and not of what follows it.
            match encoded_word::decoded(&octets) {
                Cow::Owned(words) if label.is_none() => charset::decode(None, &words),
                _ => charset::decode(label, &octets),
            }
        });
        decoded.collect()
    }
}

/// `iso-8859-1'de'Gr%FC%DFe`: what it is written in, and the rest.
fn without_charset(text: &[u8]) -> (Option<String>, &[u8]) {
    let mut fields = text.splitn(3, |b| *b == b'\'');
    let (charset, language, rest) = (fields.next(), fields.next(), fields.next());
    match (charset, language, rest) {
        (Some(charset), Some(_), Some(rest)) if !charset.contains(&b'%') => {
            let charset = String::from_utf8_lossy(charset);
            (
                Some(charset.into_owned()).filter(|one| !one.is_empty()),
                rest,
            )
        }
        _ => (None, text),
    }
}

/// A `%` that begins no escape stands for itself.
fn without_percent(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((octet, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *octet == b'%');
        let digits = digits.filter(|two| two.iter().all(u8::is_ascii_hexdigit));
        let escape = digits.and_then(|two| std::str::from_utf8(two).ok());
        let escape = escape.and_then(|two| u8::from_str_radix(two, 16).ok());
        decoded.push(escape.unwrap_or(*octet));
        let used = if escape.is_some() { 2 } else { 0 };
        rest = after.get(used..).unwrap_or_default();
    }
    decoded
}

/// ` name*=utf-8''value`.
fn in_utf8(name: &str, value: &str) -> Vec<u8> {
    let mut written = format!(" {name}*=utf-8''");
    for octet in value.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                written.push(char::from(octet));
            }
            // Writing to a String cannot fail.
            _ => _ = write!(written, "%{octet:02X}"),
        }
    }
    written.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::mime::MailPart;
    use super::*;
    use crate::core::processor;

    fn name(parameters: &str) -> Option<String> {
        let part = format!("Content-Disposition: attachment; {parameters}\r\nSubject: x\r\n\r\n");
        let part = MailPart::read(part.as_bytes());
        assert_eq!(
            part.header().and_then(|header| header.subject()),
            Some("x"),
            "{parameters}"
        );
        part.file_name().map(str::to_owned)
    }

    #[test]
    fn a_name_in_sections_is_in_the_charset_of_the_first() {
        for (parameters, expected) in [
            (
                "filename*0*=iso-8859-1'de'Gr%FC; filename*1*=%DFe.pdf",
                "Grüße.pdf",
            ),
            (
                "filename*0*=utf-8''Gr%C3; filename*1*=%BC%C3%9Fe.pdf",
                "Grüße.pdf",
            ),
            (
                "filename*1*=%DFe; filename*2=\"'.pdf\";\r\n filename*0*=ISO-8859-1''Gr%FC",
                "Grüße'.pdf",
            ),
            ("filename*0=\"a \"; filename*1=\"b.pdf\"", "a b.pdf"),
            ("filename*00*=utf-8''a; filename*01*=b", "ab"),
            ("filename*0*=koi8-r''%F0; filename*1*=it's", "Пit's"),
            (
                "filename*0*=windows-1251''%CF%EB%E0; filename*2*=%ED",
                "План",
            ),
            ("filename*2*=b%20; filename*3=c", "b c"),
            (
                "filename*0*=utf-8''a; filename*0*=utf-8''x; filename*1*=b",
                "ab",
            ),
            ("filename*0*=x-none''Gr%C3%BC; filename*1=n", "Grün"),
            (
                "filename*0*=iso-2022-jp''%1B%24B8%2B; filename*1*=%40Q%1B%28B.pdf",
                "見積.pdf",
            ),
            (
                "filename*0=\"=?utf-8?B?R3LDvG4=\"; filename*1=\"?=.pdf\"",
                "Grün.pdf",
            ),
        ] {
            assert_eq!(name(parameters).as_deref(), Some(expected), "{parameters}");
        }
    }

    #[test]
    fn a_damaged_name_is_read_as_kindly_as_can_be() {
        for (parameters, expected) in [
            ("filename*=utf-8''100%%20sure%ZZ%.pdf", "100% sure%ZZ%.pdf"),
            ("filename*=\"utf-8''Gr%C3%BCn.pdf\"", "Grün.pdf"),
            ("filename*=Gr%C3%BCn.pdf", "Grün.pdf"),
            ("filename*=utf-8'Gr%C3%BCn.pdf", "utf-8'Grün.pdf"),
            ("filename*=''Gr%FCn.pdf", "Grün.pdf"),
            ("filename*=\"=?utf-8?Q?Gr=C3=BCn.pdf?=\"", "Grün.pdf"),
            (
                "filename=\"Gr__n.pdf\"; filename*=UTF-8''Gr%C3%BCn.pdf",
                "Grün.pdf",
            ),
            (
                "filename*=UTF-8''Gr%C3%BCn.pdf; filename=\"Gr__n.pdf\"",
                "Grün.pdf",
            ),
            ("filename*=; filename=\"a.pdf\"", "a.pdf"),
            ("filename=\"Gr%C3%BCn.pdf\"", "Grün.pdf"),
            ("filename=\"100%25.pdf\"", "100%25.pdf"),
            ("filename=\"x=?utf-8?Q?Gr=C3=BC?=n.pdf\"", "xGrün.pdf"),
            ("filename==?utf-8?Q?Gr=C3=BC?==?utf-8?Q?n.pdf?=", "Grün.pdf"),
            (
                "filename=\"=?utf-8?Q?Gr=C3?=\r\n =?utf-8?Q?=BCn?= =?iso-8859-1?q?=FC.pdf?=\"",
                "Grünü.pdf",
            ),
            ("filename=my own plan.pdf", "my own plan.pdf"),
            ("filename=plan.pdf; size=7", "plan.pdf"),
            ("filename=\"the \"new\" plan.pdf\"", "the \"new\" plan.pdf"),
            ("filename=\"plan.pdf", "plan.pdf"),
            ("filename=\"C:\\new\\plan.pdf\"", "C:\\new\\plan.pdf"),
            ("filename=\"a\\\"b;c.pdf\"", "a\"b;c.pdf"),
            ("filename=\r\n \"plan.pdf\"", "plan.pdf"),
            ("filename=\"Gr\u{fc}n.pdf\"", "Grün.pdf"),
        ] {
            assert_eq!(name(parameters).as_deref(), Some(expected), "{parameters}");
        }
    }

    #[test]
    fn a_name_without_charset_is_in_that_of_the_subject() {
        let field = b"Content-Disposition: attachment; filename=\"\xb1\xa8\xb8\xe6.pdf\"\r\n\r\n";
        let part = MailPart::read_near(field, Some("gb2312"));
        assert_eq!(part.file_name(), Some("报告.pdf"));
    }

    #[test]
    fn other_parameters_come_in_sections_as_well() {
        let part = b"Content-Type: multipart/mixed; boundary*0=\"a b\"; boundary*1=c;\r\n\tcharset*=us-ascii'en'utf-8; x\r\n\r\n--a bc\r\none\r\n--a bc--\r\n";
        let part = MailPart::read(part);
        assert_eq!(part.parts(3), [b"one"]);
        assert!(part.parameter_is("charset", "utf-8"));
        assert_eq!(part.media_type().as_deref(), Some("multipart/mixed"));
    }

    #[test]
    fn many_sections_take_no_longer_than_others() {
        for piece in [
            "; a*0=\"",
            "; a*1*=x",
            "; filename*99999999999=",
            ";=",
            "; name=\"=?",
            "; name=%",
        ] {
            let header = format!(
                "Content-Type: a/b{}\r\n",
                piece.repeat(500_000 / piece.len())
            );
            let before = processor::of_thread();
            mended(header.as_bytes(), None);
            let took = processor::of_thread().saturating_sub(before);
            assert!(took.as_secs() < 5, "{piece:?} {took:?}");
        }
    }
}
