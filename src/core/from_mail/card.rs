//! Contact cards in words (RFC 6350, and vCard 2.1 as phones write it): who, and how they are reached.

use super::calendar::{Property, unfolded};
use super::mime::MailPart;
use crate::core::text::{charset, clean};

/// Octets of a card that are looked at; a photo may follow.
const OCTETS_MAX: usize = 64 * 1024;
/// Addresses and numbers that are told.
const WAYS_MAX: usize = 4;

/// What of the first card matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachedCard {
    name: String,
    organisation: Option<String>,
    /// Addresses and numbers, in their order.
    ways: Vec<String>,
    /// So many more are in the file.
    more: usize,
}

/// Of a part that is one; `None` where there is nobody's name in it.
pub(super) fn card(
    part: &MailPart<'_>,
    media_type: &str,
    name: Option<&str>,
) -> Option<AttachedCard> {
    let is_called_so = || name.is_some_and(|name| name.to_ascii_lowercase().ends_with(".vcf"));
    let is_card = match media_type {
        "text/vcard" | "text/x-vcard" | "text/directory" => true,
        "text/plain" | "application/octet-stream" => is_called_so(),
        _ => false,
    };
    if !is_card {
        return None;
    }
    let content_type = part.content_type();
    let label = content_type.and_then(|one| one.attribute("charset"));
    read(&charset::decode(label.or(Some("utf-8")), &part.decoded()))
}

fn read(text: &str) -> Option<AttachedCard> {
    let text = unfolded(clean::cut(text, OCTETS_MAX));
    let (mut card, mut cards) = (AttachedCard::default(), 0_usize);
    let mut names = Vec::new();
    for property in text.lines().filter_map(Property::read) {
        // `item1.TEL`, as phones write it.
        let name = property.name.rsplit('.').next().unwrap_or_default();
        match (name, cards) {
            ("BEGIN", _) if property.value.eq_ignore_ascii_case("vcard") => {
                cards = cards.saturating_add(1);
            }
            ("FN", 1) if card.name.is_empty() => card.name = words(&property).unwrap_or_default(),
            ("N", 1) => names = pieces(&property),
            ("ORG", 1) => card.organisation = pieces(&property).into_iter().flatten().next(),
            ("EMAIL" | "TEL", 1) if card.ways.len() < WAYS_MAX => {
                let way = words(&property);
                let way = way.map(|way| way.trim_start_matches("tel:").to_owned());
                card.ways.extend(way.filter(|way| !card.ways.contains(way)));
            }
            _ => {}
        }
    }
    if card.name.is_empty() {
        // The family's name stands in front (RFC 6350 §6.2.2).
        let given = names.get(1).into_iter().chain(names.first());
        let given: Vec<String> = given.flatten().cloned().collect();
        card.name = given.join(" ");
    }
    card.more = cards.saturating_sub(1);
    let organisation = card.organisation.clone();
    if card.name.is_empty() {
        card.name = organisation?;
        card.organisation = None;
    }
    Some(card)
}

/// The value in words, whatever encoding vCard 2.1 has for it; `None` where there are none.
fn words(property: &Property<'_>) -> Option<String> {
    let is_quoted = property
        .parameters
        .to_ascii_uppercase()
        .contains("QUOTED-PRINTABLE");
    if !is_quoted {
        return property.text();
    }
    let octets = mail_parser::decoders::quoted_printable::quoted_printable_decode(
        property.value.as_bytes(),
    )?;
    let decoded = charset::decode(property.parameter("CHARSET").or(Some("utf-8")), &octets);
    property.of_value(&decoded).text()
}

/// The parts of a value of several.
fn pieces(property: &Property<'_>) -> Vec<Option<String>> {
    let all = words(property).unwrap_or_default();
    let each = all.split(';').map(str::trim);
    each.map(|one| (!one.is_empty()).then(|| one.to_owned()))
        .collect()
}

impl AttachedCard {
    /// Who, and how they are reached.
    pub fn in_words(&self) -> String {
        let mut words = vec![self.name.clone()];
        words.extend(self.organisation.clone().filter(|one| *one != self.name));
        words.extend(self.ways.iter().cloned());
        let words = words.join(", ");
        match self.more {
            0 => words,
            more => format!("{words} (+{more})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_says_who_and_how_they_are_reached() {
        for (written, said) in [
            (
                "BEGIN:VCARD\r\nVERSION:4.0\r\nN:Meier;Carol;;;\r\nFN:Carol Meier\r\nORG:ACME\\, Inc.;Sales\r\nTEL;VALUE=uri:tel:+49-30-1\r\n\
                 item1.EMAIL;TYPE=work:carol@mail.\r\n example\r\nPHOTO:data:image/png;base64,iVBOR\r\nEND:VCARD\r\n",
                Some("Carol Meier, ACME, Inc., +49-30-1, carol@mail.example"),
            ),
            (
                "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg\nTEL;CELL:1\nTEL;CELL:1\nEND:VCARD\n\
                 BEGIN:VCARD\nFN:Somebody else\nTEL:2\nEND:VCARD\n",
                Some("Jörg Müller, 1 (+1)"),
            ),
            ("BEGIN:VCARD\nORG:ACME\nEND:VCARD", Some("ACME")),
            ("BEGIN:VCARD\nTEL:1\nEND:VCARD", None),
            ("FN:Nobody's", None),
            ("", None),
        ] {
            let card = read(written).map(|card| card.in_words());
            assert_eq!(card.as_deref(), said, "{written}");
        }
    }
}
