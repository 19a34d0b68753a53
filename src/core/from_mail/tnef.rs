//! `winmail.dat`: what Exchange and Outlook put everything into for readers that know it (Microsoft's TNEF, MS-OXTNEF). Read are the
//! files, and the text where the mail has none beside it. A message inside is a file; what is in that is not looked at.

use super::attachment;
use crate::core::limits;
use crate::core::text::charset;

/// The first four octets.
const SIGNATURE: u32 = 0x223e_9f78;
/// Attributes (MS-OXTNEF §2.1.3.2), with their type in the upper half.
const BODY: u32 = 0x0002_800c;
const CODE_PAGE: u32 = 0x0006_9007;
const PROPERTIES: u32 = 0x0006_9003;
const NEW_FILE: u32 = 0x0006_9002;
const FILE_TITLE: u32 = 0x0001_8010;
const FILE_DATA: u32 = 0x0006_800f;
const FILE_PROPERTIES: u32 = 0x0006_9005;
/// Properties (MS-OXPROPS).
const TEXT: u16 = 0x1000;
const HTML: u16 = 0x1013;
const DATA: u16 = 0x3701;
const SHORT_NAME: u16 = 0x3704;
const LONG_NAME: u16 = 0x3707;
const MEDIA_TYPE: u16 = 0x370e;
/// Types of properties (MS-OXCDATA §2.11.1).
const OBJECT: u16 = 0x000d;
const STRING: u16 = 0x001e;
const STRING_IN_UTF16: u16 = 0x001f;
const SEVERAL: u16 = 0x1000;
/// An object begins with the name of its kind.
const KIND_OCTETS: usize = 16;
/// RFC 6838 §4.2.
const MEDIA_TYPE_OCTETS_MAX: usize = 255;

/// What it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tnef {
    /// The text, and whether it is HTML.
    pub text: Option<(String, bool)>,
    /// The files, in order.
    pub files: Vec<TnefFile>,
}

/// A file in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TnefFile {
    /// As a name of an attachment.
    pub name: Option<String>,
    /// As it is called, else as its octets say.
    pub media_type: String,
    pub octets: Vec<u8>,
}

/// Whether a part may be one.
pub(super) fn is_tnef(media_type: &str, name: Option<&str>) -> bool {
    let is_called = matches!(
        media_type,
        "application/ms-tnef" | "application/vnd.ms-tnef"
    );
    let is_unnamed = media_type == "application/octet-stream";
    is_called || is_unnamed && name.is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat"))
}

/// Reads it, up to the first place where it is damaged; `None` where it is something else, or nothing is in it.
pub(super) fn read(octets: &[u8]) -> Option<Tnef> {
    let mut rest = octets;
    if number(&mut rest)? != SIGNATURE {
        return None;
    }
    take(&mut rest, 2)?;
    let mut found = Reading::default();
    while let Some((id, value)) = attribute(&mut rest) {
        found.note(id, value);
    }
    let mut tnef = found.tnef;
    tnef.text = found.html.or(found.plain);
    tnef.files.retain(|file| !file.octets.is_empty());
    (tnef.text.is_some() || !tnef.files.is_empty()).then_some(tnef)
}

/// What is known so far.
#[derive(Default)]
struct Reading {
    tnef: Tnef,
    code_page: Option<&'static str>,
    plain: Option<(String, bool)>,
    html: Option<(String, bool)>,
}

impl Reading {
    fn note(&mut self, id: u32, value: &[u8]) {
        match id {
            CODE_PAGE => self.code_page = number(&mut &*value).and_then(label),
            BODY => {
                let text = self.decoded(value);
                self.set_plain(text);
            }
            PROPERTIES => self.properties(value),
            NEW_FILE if self.tnef.files.len() < limits::MIME_PARTS_MAX => {
                self.tnef.files.push(TnefFile::default());
            }
            FILE_TITLE => {
                let name = attachment::file_name(&self.decoded(value));
                if let Some(file) = self.tnef.files.last_mut() {
                    file.name = file.name.take().or(name);
                }
            }
            FILE_DATA => {
                if let Some(file) = self.tnef.files.last_mut() {
                    file.octets = value.to_vec();
                    file.media_type = media_type_of(value);
                }
            }
            FILE_PROPERTIES => self.file_properties(value),
            _ => {}
        }
    }

    fn set_plain(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.plain = Some((text, false));
        }
    }

    fn properties(&mut self, value: &[u8]) {
        each_property(value, |property| match property.id {
            TEXT => self.set_plain(property.text(self.code_page)),
            HTML => {
                let label = charset::html_label(property.value);
                let html = match property.kind {
                    STRING_IN_UTF16 => property.text(None),
                    _ => charset::decode(label.as_deref().or(self.code_page), property.value),
                };
                self.html = (!html.trim().is_empty()).then_some((html, true));
            }
            _ => {}
        });
    }

    fn file_properties(&mut self, value: &[u8]) {
        let code_page = self.code_page;
        let Some(file) = self.tnef.files.last_mut() else {
            return;
        };
        let (mut long, mut short) = (None, None);
        each_property(value, |property| match property.id {
            LONG_NAME => long = attachment::file_name(&property.text(code_page)),
            SHORT_NAME => short = attachment::file_name(&property.text(code_page)),
            MEDIA_TYPE => {
                let named = property.text(code_page).trim().to_ascii_lowercase();
                if named.contains('/') && named.len() <= MEDIA_TYPE_OCTETS_MAX {
                    file.media_type = named;
                }
            }
            DATA if property.kind == OBJECT => {
                let object = property.value.get(KIND_OCTETS..).unwrap_or_default();
                file.octets = object.to_vec();
                "application/ms-tnef".clone_into(&mut file.media_type);
            }
            _ => {}
        });
        file.name = long.or(file.name.take()).or(short);
    }

    fn decoded(&self, value: &[u8]) -> String {
        until_nul(&charset::decode(self.code_page, value)).to_owned()
    }
}

fn until_nul(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

fn media_type_of(octets: &[u8]) -> String {
    let found = infer::get(octets).map(|found| found.mime_type());
    found.unwrap_or("application/octet-stream").to_owned()
}

/// The label of a code page of Windows.
fn label(code_page: u32) -> Option<&'static str> {
    Some(match code_page {
        65001 => "utf-8",
        874 => "windows-874",
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        1250 => "windows-1250",
        1251 => "windows-1251",
        1252 => "windows-1252",
        1253 => "windows-1253",
        1254 => "windows-1254",
        1255 => "windows-1255",
        1256 => "windows-1256",
        1257 => "windows-1257",
        1258 => "windows-1258",
        20866 => "koi8-r",
        28591 => "iso-8859-1",
        28592 => "iso-8859-2",
        _ => return None,
    })
}

/// The next attribute; its checksum is not looked at, since programs have it wrong.
fn attribute<'a>(rest: &mut &'a [u8]) -> Option<(u32, &'a [u8])> {
    take(rest, 1)?;
    let id = number(rest)?;
    let length = number(rest)?;
    let value = take(rest, usize::try_from(length).ok()?)?;
    // The last one may be cut there.
    let _ = take(rest, 2);
    Some((id, value))
}

/// A property; of several values the first.
struct MapiProperty<'a> {
    id: u16,
    kind: u16,
    value: &'a [u8],
}

impl MapiProperty<'_> {
    fn text(&self, code_page: Option<&str>) -> String {
        let label = match self.kind {
            STRING_IN_UTF16 => Some("utf-16le"),
            STRING => code_page,
            _ => code_page,
        };
        until_nul(&charset::decode(label, self.value)).to_owned()
    }
}

fn each_property<'a>(value: &'a [u8], mut each: impl FnMut(MapiProperty<'a>)) {
    let mut rest = value;
    let count = number(&mut rest).unwrap_or(0);
    for _ in 0..count {
        // Each takes some octets, so that an invented count ends with what is there.
        let Some(property) = property(&mut rest) else {
            return;
        };
        each(property);
    }
}

fn property<'a>(rest: &mut &'a [u8]) -> Option<MapiProperty<'a>> {
    let head = number(rest)?;
    let (kind, id) = (head & 0xffff, head >> 16);
    let (kind, id) = (u16::try_from(kind).ok()?, u16::try_from(id).ok()?);
    if id >= 0x8000 {
        // One with a name: a GUID, then a number or words.
        take(rest, 16)?;
        match number(rest)? {
            0 => take(rest, 4)?,
            _ => counted(rest)?,
        };
    }
    let (is_several, kind) = (kind & SEVERAL != 0, kind & !SEVERAL);
    let fixed = match kind {
        0x0002 | 0x0003 | 0x0004 | 0x000a | 0x000b => Some(4),
        0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => Some(8),
        0x0048 => Some(16),
        OBJECT | STRING | STRING_IN_UTF16 | 0x0102 => None,
        _ => return None,
    };
    let count = match fixed.is_none() || is_several {
        true => number(rest)?,
        false => 1,
    };
    let mut first = None;
    for _ in 0..count {
        let value = match fixed {
            Some(octets) => take(rest, octets)?,
            None => counted(rest)?,
        };
        first.get_or_insert(value);
    }
    let value = first.unwrap_or_default();
    Some(MapiProperty { id, kind, value })
}

/// A length, so many octets, and what fills them up to four.
fn counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(rest)?).ok()?;
    let value = take(rest, length)?;
    let filled = length.checked_next_multiple_of(4)?.checked_sub(length)?;
    // The last one may be cut there.
    let _ = take(rest, filled);
    Some(value)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (digits, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u32::from_le_bytes(*digits))
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, behind) = rest.split_at_checked(count)?;
    *rest = behind;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    fn attribute_of(id: u32, value: &[u8]) -> Vec<u8> {
        let length = u32::try_from(value.len()).unwrap();
        let head = [&[1][..], &id.to_le_bytes(), &length.to_le_bytes()].concat();
        [&head, value, &[0, 0][..]].concat()
    }

    fn tnef(attributes: &[(u32, &[u8])]) -> Vec<u8> {
        let mut all = [&SIGNATURE.to_le_bytes()[..], &[1, 0]].concat();
        for (id, value) in attributes {
            all.extend(attribute_of(*id, value));
        }
        all
    }

    fn properties(all: &[(u16, u16, &[u8])]) -> Vec<u8> {
        let mut octets = u32::try_from(all.len()).unwrap().to_le_bytes().to_vec();
        for (id, kind, value) in all {
            octets.extend(kind.to_le_bytes());
            octets.extend(id.to_le_bytes());
            if matches!(*kind, OBJECT | STRING | STRING_IN_UTF16 | 0x0102) {
                octets.extend(1_u32.to_le_bytes());
                octets.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
            }
            octets.extend(*value);
            octets.resize(octets.len().next_multiple_of(4), 0);
        }
        octets
    }

    fn utf16(text: &str) -> Vec<u8> {
        let units = text.encode_utf16().chain([0]);
        units.flat_map(u16::to_le_bytes).collect()
    }

    fn example() -> Vec<u8> {
        let name = utf16("Rechnung März 2026.pdf");
        let of_file = properties(&[
            (0x0e21, 0x0003, &[1, 0, 0, 0]),
            (LONG_NAME, STRING_IN_UTF16, &name),
            (MEDIA_TYPE, STRING, b"application/pdf\0"),
        ]);
        let of_message = properties(&[(HTML, 0x0102, b"<p>Hello <b>Alice</b></p>")]);
        tnef(&[
            (CODE_PAGE, &[0xe4, 4, 0, 0, 0, 0, 0, 0]),
            (BODY, b"Gr\xfc\xdfe\0"),
            (PROPERTIES, &of_message),
            (NEW_FILE, &[0; 14]),
            (FILE_TITLE, b"RECHNU~1.PDF\0"),
            (FILE_DATA, b"%PDF-1.7"),
            (FILE_PROPERTIES, &of_file),
            (NEW_FILE, &[0; 14]),
            (FILE_TITLE, b"..\\x.png\0"),
            (FILE_DATA, PNG),
        ])
    }

    #[test]
    fn its_files_have_their_long_names_and_its_text_is_read() {
        let read = read(&example()).unwrap();
        let html = "<p>Hello <b>Alice</b></p>".to_owned();
        assert_eq!(read.text, Some((html, true)));
        let files: Vec<_> = read.files.iter().collect();
        let seen = |file: &TnefFile| {
            let name = file.name.clone().unwrap_or_default();
            (name, file.media_type.clone(), file.octets.clone())
        };
        let expected = [
            (
                "Rechnung März 2026.pdf",
                "application/pdf",
                &b"%PDF-1.7"[..],
            ),
            ("x.png", "image/png", PNG),
        ];
        let expected = expected
            .map(|(name, kind, octets)| (name.to_owned(), kind.to_owned(), octets.to_vec()));
        assert_eq!(files.into_iter().map(seen).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_plain_text_is_in_its_code_page_and_a_message_inside_is_a_file() {
        let object = [&[0; KIND_OCTETS][..], b"inner"].concat();
        let of_file = properties(&[
            (0x8001, 0x0003, &[0; 28]),
            (
                LONG_NAME,
                STRING,
                b"ignored, since the one before is no named one\0",
            ),
        ]);
        let inner = properties(&[(DATA, OBJECT, &object), (SHORT_NAME, STRING, b"Lunch\0")]);
        let octets = tnef(&[
            (CODE_PAGE, &[0xe3, 4, 0, 0]),
            (BODY, b"\xcf\xf0\xe8\xe2\xe5\xf2\0rest"),
            (NEW_FILE, &[]),
            (FILE_PROPERTIES, &of_file),
            (NEW_FILE, &[]),
            (FILE_PROPERTIES, &inner),
        ]);
        let read = read(&octets).unwrap();
        assert_eq!(read.text, Some(("Привет".to_owned(), false)));
        let [message] = read.files.as_slice() else {
            panic!("{read:?}")
        };
        assert_eq!(message.name.as_deref(), Some("Lunch"));
        assert_eq!(message.media_type, "application/ms-tnef");
        assert_eq!(message.octets, b"inner");
    }

    /// Whatever is cut off or changed: an answer, and no more in it than there was.
    #[test]
    fn damage_ends_it_and_nothing_else() {
        let whole = example();
        for end in 0..whole.len() {
            let found = read(&whole[..end]);
            let octets = |found: Tnef| found.files.iter().map(|file| file.octets.len()).sum();
            assert!(found.map_or(0, octets) <= whole.len(), "{end}");
        }
        for place in 4..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[place] = value;
                read(&changed);
            }
        }
        assert_eq!(read(b""), None);
        assert_eq!(read(&tnef(&[])), None);
        // Counts and lengths that are invented.
        let many = [&u32::MAX.to_le_bytes()[..], &[0x1e, 0, 4, 0x37], &[0xff; 8]].concat();
        assert_eq!(
            read(&tnef(&[(NEW_FILE, &[]), (FILE_PROPERTIES, &many)])),
            None
        );
        let none = [&1_u32.to_le_bytes()[..], &[0x02, 0x10, 4, 0x37], &[0xff; 4]].concat();
        assert_eq!(read(&tnef(&[(PROPERTIES, &none)])), None);
    }

    #[test]
    fn ten_thousand_files_are_no_more_than_a_mail_may_have_parts() {
        let all: Vec<(u32, &[u8])> = (0..10_000)
            .flat_map(|_| [(NEW_FILE, &[][..]), (FILE_DATA, &b"x"[..])])
            .collect();
        assert_eq!(
            read(&tnef(&all)).unwrap().files.len(),
            limits::MIME_PARTS_MAX
        );
    }
}
