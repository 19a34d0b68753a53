//! A record in few octets: its JSON, with a number for each name of a field, and without what is read the same when it is not
//! there. What a text repeats of the row's key, or of another text of the record, is said by its number; hexadecimal digits are
//! the octets that they stand for.
//!
//! A value is one octet that says what follows, and that:
//!
//! | octet | what follows |
//! | --- | --- |
//! | 0, 1, 2 | nothing: null, false, true |
//! | 3 | a number from 0 on |
//! | 4 | a number below 0: how far it is from -1 |
//! | 5 | how many octets, and that many: another number, in digits |
//! | 6 | how many values, and they |
//! | 7 | how many fields, and they: each the octet of its name ([`FIELDS`]; [`NAMED`] before a name in words), and its value |
//! | 8 | how many octets, and that many: a text |
//! | 9 | how many octets, and that many: twice as many hexadecimal digits; and a value: the text after them |
//! | 10 | the number of a text that stands in the key or came before |
//! | 11 | 16 octets: a UUID in small letters |
//! | 64 to 127 | so many octets less 64: a text |
//! | 128 to 255 | nothing: that number less 128 |
//!
//! Numbers that follow are in base 128, the lowest first, each octet but the last with its highest bit set.

use serde_json::{Map, Value};

/// The names of fields, each by its place. What was written is read by it: a new one stands at the end, and none leaves.
const FIELDS: &[&str] = &[
    "user",
    "mail",
    "id",
    "at",
    "message_id",
    "stanza_id",
    "resource",
    "contact",
    "thread",
    "direction",
    "digest",
    "others",
    "sent",
    "answerable",
    "within",
    "also",
    "taken",
    "confirm",
    "delivered",
    "delayed",
    "failed",
    "unheard",
    "displayed",
    "excerpt",
    "taken_back",
    "lines",
    "corrections",
    "asks_read",
    "kept",
    "reverse_path",
    "subject",
    "date",
    "references",
    "last",
    "is_invitation",
    "answers",
    "is_told",
    "jid",
    "name",
    "origin",
    "saved",
    "subscription",
    "pending_out",
    "pending_in",
    "invited",
    "asked_by",
    "trouble",
    "handshake",
    "heard",
    "is_written_to",
    "has_written",
    "is_blocked",
    "is_verified",
    "named",
    "is_accepted",
    "request",
    "doubted",
    "last_mail",
    "avatar",
    "is_told_encrypted",
    "since",
    "text",
    "reported",
    "asked",
    "is_again",
    "asking",
    "answer",
    "hour",
    "mails",
    "mailbox",
    "uid_validity",
    "uid_next",
    "again",
    "who",
    "format",
    "sequence",
    "expires",
    "state",
    "show",
    "status",
    "priority",
    "is_whole",
    "unverified",
    "files",
    "preview",
    "octets",
    "left",
    "is_asked",
    "sent_in",
];

/// The octet before the name of a field that has no number.
const NAMED: u8 = 255;

/// Fields that are not written where they are false or empty: in every record that has one of them, that is its default.
const LEFT_OUT: &[&str] = &[
    "others",
    "digest",
    "also",
    "taken",
    "confirm",
    "delivered",
    "delayed",
    "failed",
    "unheard",
    "displayed",
    "pending_out",
    "pending_in",
    "is_again",
    "reported",
];

/// How many texts may be referred to.
const TEXTS_MAX: usize = 64;
/// Shorter ones are not.
const TEXT_MIN: usize = 3;
/// So many digits are worth what they cost as octets.
const DIGITS_MIN: usize = 8;
/// How deep values may stand in each other.
const DEPTH_MAX: usize = 32;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const NUMBER: u8 = 3;
const BELOW_ZERO: u8 = 4;
const DIGITS: u8 = 5;
const ARRAY: u8 = 6;
const OBJECT: u8 = 7;
const TEXT: u8 = 8;
const HEX: u8 = 9;
const AGAIN: u8 = 10;
const UUID: u8 = 11;
const SHORT: u8 = 64;
const SMALL: u8 = 128;

/// The octets of a record that lies under a key of these parts.
pub(super) fn write(record: &Value, parts: &[&str]) -> Vec<u8> {
    let mut writer = CompactWriter::default();
    parts.iter().for_each(|part| writer.texts.add(part));
    writer.value(record);
    writer.octets
}

/// The record of these octets; `None` where they are none.
pub(super) fn read(octets: &[u8], parts: &[&str]) -> Option<Value> {
    let mut reader = CompactReader {
        rest: octets,
        texts: KnownTexts::default(),
    };
    parts.iter().for_each(|part| reader.texts.add(part));
    let value = reader.value(DEPTH_MAX)?;
    reader.rest.is_empty().then_some(value)
}

/// What may be referred to, the same where it is written and where it is read.
#[derive(Default)]
struct KnownTexts(Vec<String>);

impl KnownTexts {
    fn add(&mut self, text: &str) {
        if text.len() >= TEXT_MIN && self.0.len() < TEXTS_MAX {
            self.0.push(text.to_owned());
        }
    }

    fn number(&self, text: &str) -> Option<usize> {
        self.0.iter().position(|known| known == text)
    }
}

#[derive(Default)]
struct CompactWriter {
    octets: Vec<u8>,
    texts: KnownTexts,
}

impl CompactWriter {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.octets.push(NULL),
            Value::Bool(false) => self.octets.push(FALSE),
            Value::Bool(true) => self.octets.push(TRUE),
            Value::Number(number) => self.number(number),
            Value::String(text) => self.text(text),
            Value::Array(values) => {
                self.octets.push(ARRAY);
                self.count(values.len());
                values.iter().for_each(|value| self.value(value));
            }
            Value::Object(fields) => self.object(fields),
        }
    }

    fn object(&mut self, fields: &Map<String, Value>) {
        let written = || {
            fields
                .iter()
                .filter(|(name, value)| !is_left_out(name, value))
        };
        self.octets.push(OBJECT);
        self.count(written().count());
        for (name, value) in written() {
            let number = FIELDS.iter().position(|known| known == name);
            match number.and_then(|number| u8::try_from(number).ok()) {
                Some(number) => self.octets.push(number),
                None => {
                    self.octets.push(NAMED);
                    self.octets_of(name);
                }
            }
            self.value(value);
        }
    }

    fn number(&mut self, number: &serde_json::Number) {
        match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => match u8::try_from(number) {
                Ok(small) if small < SMALL => self.octets.push(SMALL | small),
                _ => {
                    self.octets.push(NUMBER);
                    self.base_128(number);
                }
            },
            (None, Some(number)) => {
                self.octets.push(BELOW_ZERO);
                self.base_128((!number).cast_unsigned());
            }
            (None, None) => {
                self.octets.push(DIGITS);
                self.octets_of(&number.to_string());
            }
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(number) = self.texts.number(text) {
            self.octets.push(AGAIN);
            self.count(number);
            return;
        }
        let (digits, rest) = text.split_at(digits_of(text));
        if let Some(octets) = octets_of_uuid(text) {
            self.octets.push(UUID);
            self.octets.extend_from_slice(&octets);
        } else if digits.is_empty() {
            match u8::try_from(text.len()) {
                Ok(length) if length < SHORT => {
                    self.octets.push(SHORT | length);
                    self.octets.extend_from_slice(text.as_bytes());
                }
                _ => {
                    self.octets.push(TEXT);
                    self.octets_of(text);
                }
            }
        } else {
            self.octets.push(HEX);
            let octets = octets_of_hex(digits);
            self.count(octets.len());
            self.octets.extend_from_slice(&octets);
            self.text(rest);
        }
        self.texts.add(text);
    }

    fn octets_of(&mut self, text: &str) {
        self.count(text.len());
        self.octets.extend_from_slice(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.base_128(u64::try_from(count).unwrap_or(u64::MAX));
    }

    fn base_128(&mut self, mut number: u64) {
        while let Some(more) = Some(number >> 7).filter(|more| *more > 0) {
            self.octets.push(low(number) | 0x80);
            number = more;
        }
        self.octets.push(low(number));
    }
}

/// Its lowest seven bits.
fn low(number: u64) -> u8 {
    u8::try_from(number & 0x7f).unwrap_or_default()
}

fn is_left_out(name: &str, value: &Value) -> bool {
    let is_empty = match value {
        Value::Null => return true,
        Value::Bool(is) => !is,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Number(_) | Value::Object(_) => false,
    };
    is_empty && LEFT_OUT.contains(&name)
}

/// How many octets at the beginning of a text are hexadecimal digits, two for each octet, where that is worth something.
fn digits_of(text: &str) -> usize {
    let is_digit = |octet: &u8| matches!(octet, b'0'..=b'9' | b'a'..=b'f');
    let digits = text.bytes().take_while(is_digit).count() / 2 * 2;
    if digits < DIGITS_MIN { 0 } else { digits }
}

/// Where the hyphens of a UUID stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

fn octets_of_uuid(text: &str) -> Option<Vec<u8>> {
    let is_hyphen = |(at, octet): (usize, u8)| (octet == b'-') == HYPHENS.contains(&at);
    if text.len() != 36 || !text.bytes().enumerate().all(is_hyphen) {
        return None;
    }
    let digits = text.replace('-', "");
    (digits_of(&digits) == digits.len()).then(|| octets_of_hex(&digits))
}

fn uuid_of(octets: &[u8]) -> String {
    let mut text = hex_of(octets);
    for at in HYPHENS {
        text.insert(at.min(text.len()), '-');
    }
    text
}

fn octets_of_hex(digits: &str) -> Vec<u8> {
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    let digit = |octet: u8| match octet {
        b'a'..=b'f' => octet - b'a' + 10,
        _ => octet.saturating_sub(b'0'),
    };
    pairs
        .iter()
        .map(|[high, low]| digit(*high) << 4 | digit(*low))
        .collect()
}

fn hex_of(octets: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    octets
        .iter()
        .flat_map(|octet| [digit(octet >> 4), digit(octet & 0xf)])
        .collect()
}

struct CompactReader<'a> {
    rest: &'a [u8],
    texts: KnownTexts,
}

impl CompactReader<'_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        let kind = self.octet()?;
        Some(match kind {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            NUMBER => self.base_128()?.into(),
            BELOW_ZERO => {
                let far = i64::try_from(self.base_128()?).ok()?;
                (!far).into()
            }
            DIGITS => Value::Number(serde_json::from_str(&self.text_of_length()?).ok()?),
            ARRAY => self.array(depth.checked_sub(1)?)?,
            OBJECT => self.object(depth.checked_sub(1)?)?,
            SMALL.. => u64::from(kind & !SMALL).into(),
            _ => Value::String(self.text(kind, depth.checked_sub(1)?)?),
        })
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let count = self.base_128()?;
        let values: Option<Vec<Value>> = (0..count).map(|_| self.value(depth)).collect();
        values.map(Value::Array)
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut fields = Map::new();
        for _ in 0..self.base_128()? {
            let name = match self.octet()? {
                NAMED => self.text_of_length()?,
                number => (*FIELDS.get(usize::from(number))?).to_owned(),
            };
            let value = self.value(depth)?;
            fields.insert(name, value);
        }
        Some(Value::Object(fields))
    }

    fn text(&mut self, kind: u8, depth: usize) -> Option<String> {
        let text = match kind {
            AGAIN => {
                let number = usize::try_from(self.base_128()?).ok()?;
                return self.texts.0.get(number).cloned();
            }
            TEXT => self.text_of_length()?,
            HEX => {
                let count = usize::try_from(self.base_128()?).ok()?;
                let digits = hex_of(self.octets(count)?);
                let kind = self.octet()?;
                digits + &self.text(kind, depth.checked_sub(1)?)?
            }
            UUID => uuid_of(self.octets(16)?),
            SHORT..SMALL => self.utf8(usize::from(kind & !SHORT))?,
            _ => return None,
        };
        self.texts.add(&text);
        Some(text)
    }

    fn text_of_length(&mut self) -> Option<String> {
        let length = usize::try_from(self.base_128()?).ok()?;
        self.utf8(length)
    }

    fn utf8(&mut self, length: usize) -> Option<String> {
        std::str::from_utf8(self.octets(length)?)
            .ok()
            .map(str::to_owned)
    }

    fn octets(&mut self, count: usize) -> Option<&[u8]> {
        let (octets, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(octets)
    }

    fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn base_128(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for place in 0..10_u32 {
            let octet = self.octet()?;
            let part = u64::from(octet & 0x7f);
            number |= part
                .checked_shl(place * 7)
                .filter(|shifted| shifted >> (place * 7) == part)?;
            if octet < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn there_and_back(value: &Value, parts: &[&str]) -> usize {
        let octets = write(value, parts);
        assert_eq!(read(&octets, parts).as_ref(), Some(value), "{octets:?}");
        octets.len()
    }

    #[test]
    fn a_message_takes_few_octets() {
        let id = "00112233445566778899aabbccddeeff00112233@chat.a.example";
        let message = json!({
            "message_id": id, "stanza_id": "8b7ce98a-40e6-4c0f-9ae5-9d8b1a2f1e55",
            "user": "alice@a.example", "contact": "carol@mail.example", "thread": "t1", "direction": "out",
            "at": 1_790_000_000_000_u64, "digest": "0123456789abcdef",
            "sent": {"id": "8b7ce98a-40e6-4c0f-9ae5-9d8b1a2f1e55", "excerpt": "Hello"},
        });
        let json = message.to_string().len();
        let octets = there_and_back(&message, &["alice@a.example", id]);
        assert!(octets < 110 && json > 300, "{octets} of {json}");
    }

    #[test]
    fn names_have_one_number_each_and_what_is_left_out_is_named() {
        for (number, name) in FIELDS.iter().enumerate() {
            assert_eq!(FIELDS.iter().position(|one| one == name), Some(number));
        }
        assert!(FIELDS.len() < usize::from(NAMED));
        assert!(LEFT_OUT.iter().all(|name| FIELDS.contains(name)));
        let default = json!({"taken": false, "also": [], "jid": null});
        assert_eq!(read(&write(&default, &[]), &[]), Some(json!({})));
        there_and_back(&json!({"unheard of": [], "jid": false}), &[]);
    }

    #[test]
    fn what_is_damaged_is_none_and_does_no_harm() {
        for octets in [
            b"".as_slice(),
            b"\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x08\xff\xff\xff\xff\x0fx",
            b"\x07\x01\xfe\x00",
            b"\x0a\x00",
            b"\x00\x00",
            b"\x41\xff",
            b"\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        ] {
            assert_eq!(read(octets, &[]), None, "{octets:?}");
        }
        assert_eq!(read(&[ARRAY, 1].repeat(100_000), &[]), None);
        assert_eq!(read(&[HEX, 0].repeat(100_000), &[]), None);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            ".{0,80}",
            "[0-9a-f]{0,41}(@a.example)?",
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-g]{12}",
            "(alice@a.example|x@y)"
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (0..300_u64).prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        let name = prop_oneof![Just("id".to_owned()), text];
        leaf.prop_recursive(4, 60, 8, move |inner| {
            let field = (name.clone(), inner.clone());
            prop_oneof![
                prop::collection::vec(inner, 0..8).prop_map(Value::from),
                prop::collection::vec(field, 0..8).prop_map(|fields| {
                    let is_there = |(_, value): &(String, Value)| !value.is_null();
                    Value::Object(fields.into_iter().filter(is_there).collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_is_read_as_it_was_written(value in any_value()) {
            there_and_back(&value, &["alice@a.example", "x@y"]);
        }

        #[test]
        fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&octets, &["alice@a.example"]);
        }
    }
}
