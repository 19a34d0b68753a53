//! Mail addresses, and how one becomes the node of a JID (XEP-0106).

use crate::core::text::clean;
use jid::{BareJid, DomainRef, NodePart};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// RFC 5321 §4.5.3.1.1, in octets: no address that is given to a user is longer.
pub const LOCAL_PART_OCTETS_MAX: usize = 64;
/// Of other people's addresses some are, and answers reach them (those that lead an answer to a ticket, or to a guest of a
/// house). As long as still fits a JID with each character escaped (RFC 7622 §3.3.1).
const LOCAL_PART_READ_OCTETS_MAX: usize = 250;
/// RFC 5321 §4.5.3.1.2, in octets.
const DOMAIN_OCTETS_MAX: usize = 255;
/// RFC 5322 §3.2.3 specials, and the space. Dots may stand anywhere, as in addresses of some Japanese providers.
const MUST_BE_QUOTED: [char; 13] = [
    '(', ')', '<', '>', '[', ']', ':', ';', '@', '\\', ',', '"', ' ',
];

/// A mail address, `local@domain` (RFC 5321 §4.1.2, RFC 6531 §3.3).
///
/// The local part keeps its case and is compared without it, as far as that is a matter of case alone ([`folded`]); the domain is
/// kept as lower-case A-labels (IDNA 2008), so that two spellings of one domain are equal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailAddress {
    /// Without the quotes of a quoted-string.
    local: String,
    /// Lower-case A-labels, or an address literal in brackets.
    domain: String,
    /// What two spellings have in common. Kept, because a map of rows compares addresses far more often than it makes them.
    key: String,
}

/// Why a text is no mail address. Each says what was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No `@`, or nothing before or after it.
    #[error("“{0}” is not of the form name@domain")]
    Form(String),
    /// A local part over 250 octets or a domain over 255.
    #[error("“{0}” is too long for a mail address (250 octets before the @, 255 after it)")]
    Length(String),
    /// A character that has no place in a local part.
    #[error("“{0}” has a character that cannot stand before the @ of a mail address")]
    Local(String),
    /// A domain that IDNA refuses.
    #[error("“{0}” is not a domain name")]
    Domain(String),
}

impl MailAddress {
    /// Reads `local@domain`; the local part may be a quoted-string. The last `@` divides.
    ///
    /// # Errors
    /// [`AddressError`], each naming what was found.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let shown = || text.chars().take(80).collect::<String>();
        let (local, domain) = text
            .rsplit_once('@')
            .ok_or_else(|| AddressError::Form(shown()))?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Form(shown()));
        }
        let local = match local
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            Some(quoted) => unquote(quoted).ok_or_else(|| AddressError::Local(shown()))?,
            // `a@bank.example@evil.example`, `Bob <bob`: readers would not agree on what that is.
            None if local.contains(MUST_BE_QUOTED) => return Err(AddressError::Local(shown())),
            None => local.to_owned(),
        };
        Self::from_parts(&local, domain)
    }

    /// Puts an address together from a local part without quotes and a domain in A- or U-labels.
    ///
    /// # Errors
    /// [`AddressError`], each naming what was found.
    pub fn from_parts(local: &str, domain: &str) -> Result<Self, AddressError> {
        let shown = || {
            format!("{local}@{domain}")
                .chars()
                .take(80)
                .collect::<String>()
        };
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Form(shown()));
        }
        if !local.chars().all(may_stand_in_local) {
            return Err(AddressError::Local(shown()));
        }
        let domain = domain_to_ascii(domain)
            .ok_or_else(|| AddressError::Domain(domain.chars().take(80).collect()))?;
        if local.len() > LOCAL_PART_READ_OCTETS_MAX || domain.len() > DOMAIN_OCTETS_MAX {
            return Err(AddressError::Length(shown()));
        }
        let key = format!("{}@{domain}", folded(local));
        Ok(Self {
            local: local.to_owned(),
            domain,
            key,
        })
    }

    /// The local part as written, without quotes.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain in lower-case A-labels.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The domain as a person reads it, in U-labels.
    pub fn domain_for_people(&self) -> String {
        domain_to_unicode(&self.domain)
    }

    /// Whether the address needs SMTPUTF8 (RFC 6531).
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// What two spellings of one address have in common: the key under which a store keeps it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The address of a [`MailAddress::key`]; `None` where it is none.
    pub fn of_key(key: &str) -> Option<Self> {
        let (local, domain) = key.rsplit_once('@')?;
        Self::from_parts(local, domain).ok()
    }

    /// Whether a mail server may take the two for one mailbox, which are not one here: some fold characters that others keep
    /// apart.
    pub fn may_be(&self, other: &Self) -> bool {
        let widest = |local: &str| local.to_uppercase().to_lowercase();
        self.domain == other.domain && widest(&self.local) == widest(&other.local)
    }

    /// As a person reads it: domain in U-labels, local part quoted only where it must be.
    pub fn for_people(&self) -> String {
        format!(
            "{}@{}",
            quote_if_needed(&self.local),
            self.domain_for_people()
        )
    }
}

impl PartialEq for MailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for MailAddress {}

impl PartialOrd for MailAddress {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MailAddress {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl Hash for MailAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

/// The form for the wire: A-labels, local part quoted where RFC 5321 demands it.
impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", quote_if_needed(&self.local), self.domain)
    }
}

impl FromStr for MailAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for MailAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl From<MailAddress> for String {
    fn from(address: MailAddress) -> Self {
        address.to_string()
    }
}

/// A local part in lower case, but for characters that are not the one upper case of another: the Kelvin sign is no K, the long s
/// no s, and ẞ no ß. For a mail server they are other letters, and so another mailbox; taken for one, whoever has the other
/// mailbox could write as this contact, and get what is written to it.
pub fn folded(local: &str) -> String {
    let lower = |c: char| {
        let is_upper_of = |lower: &char| only(lower.to_uppercase()) == Some(c);
        only(c.to_lowercase()).filter(is_upper_of).unwrap_or(c)
    };
    local.chars().map(lower).collect()
}

fn only(mut chars: impl Iterator<Item = char>) -> Option<char> {
    chars.next().filter(|_| chars.next().is_none())
}

/// A domain in lower-case A-labels, or an address literal as it is. `None` where IDNA refuses it.
pub fn domain_to_ascii(domain: &str) -> Option<String> {
    if domain.starts_with('[') {
        let inner = domain.strip_prefix('[')?.strip_suffix(']')?;
        let fits = !inner.is_empty()
            && inner
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-'));
        return fits.then(|| domain.to_ascii_lowercase());
    }
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let ascii = idna::domain_to_ascii(domain).ok()?;
    let label_fits = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    ascii.split('.').all(label_fits).then_some(ascii)
}

/// A domain in U-labels; what cannot be decoded stays as it is.
pub fn domain_to_unicode(domain: &str) -> String {
    let (text, result) = idna::domain_to_unicode(domain);
    if result.is_ok() {
        text
    } else {
        domain.to_owned()
    }
}

/// The JID of a contact at the gateway: the whole address escaped by XEP-0106, `carol\40mail.example@gateway.example`.
///
/// # Errors
/// [`jid::Error`] where the local part has a character that JIDs do not allow, or do not tell from another (`straße` and
/// `strasse` are one JID and two mailboxes); the caller says so to whom it concerns.
pub fn contact_jid(address: &MailAddress, gateway: &DomainRef) -> Result<BareJid, jid::Error> {
    let node = NodePart::new(&escape(&address.for_people()))?.into_owned();
    match address_of_node(node.as_str()) {
        Ok(same) if same == *address => Ok(BareJid::from_parts(Some(&node), gateway)),
        _ => Err(jid::Error::NodePrep),
    }
}

/// The mail address that a contact's node stands for: XEP-0106 (`carol\40mail.example`), or the older form with `%`,
/// where the first `%` from the right is the `@`.
///
/// # Errors
/// [`AddressError`] of the address that the node would be.
pub fn address_of_node(node: &str) -> Result<MailAddress, AddressError> {
    let text = unescape(node);
    if text.contains('@') {
        return MailAddress::parse(&text);
    }
    match text.rsplit_once('%') {
        Some((local, domain)) => MailAddress::from_parts(local, domain),
        None => Err(AddressError::Form(text.chars().take(80).collect())),
    }
}

/// XEP-0106 §2: escapes what a JID's node may not hold, exactly once; a backslash only where it would read as an escape.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().saturating_add(8));
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let must = match c {
            ' ' | '"' | '&' | '\'' | '/' | ':' | '<' | '>' | '@' => true,
            '\\' => escaped_char(rest.as_str()).is_some(),
            _ => false,
        };
        if must {
            use fmt::Write;
            let _ = write!(escaped, "\\{:02x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// XEP-0106 §3: the reverse of [`escape`]. An escape that is none stays as it is.
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, escaped_char(rest.as_str())) {
            ('\\', Some(hidden)) => {
                plain.push(hidden);
                rest.next();
                rest.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}

/// The character whose two hexadecimal digits `text` begins with, if XEP-0106 escapes it.
fn escaped_char(text: &str) -> Option<char> {
    match text.as_bytes().get(..2)? {
        b"20" => Some(' '),
        b"22" => Some('"'),
        b"26" => Some('&'),
        b"27" => Some('\''),
        b"2f" | b"2F" => Some('/'),
        b"3a" | b"3A" => Some(':'),
        b"3c" | b"3C" => Some('<'),
        b"3e" | b"3E" => Some('>'),
        b"40" => Some('@'),
        b"5c" | b"5C" => Some('\\'),
        _ => None,
    }
}

/// Neither controls nor what could not be told from something else when a person reads it.
fn may_stand_in_local(c: char) -> bool {
    let is_odd_space = c.is_whitespace() && c != ' ';
    clean::is_xml_char(c) && !c.is_control() && !clean::is_bidi_control(c) && !is_odd_space
}

/// RFC 5321 §4.1.2 Dot-string (with RFC 6531's UTF-8), else a Quoted-string.
fn quote_if_needed(local: &str) -> String {
    // What is drawn as a space is quoted as one: else a local part reads as a sentence of who shows the address.
    let is_other = |c: char| !c.is_ascii() && !clean::is_drawn_as_gap(c);
    let is_atext =
        |c: char| c.is_ascii_alphanumeric() || is_other(c) || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let is_dot_string = local
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext));
    if is_dot_string {
        return local.to_owned();
    }
    let escaped = local.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

/// The content of a Quoted-string. `None` where a backslash or a quote stands alone.
fn unquote(quoted: &str) -> Option<String> {
    let mut plain = String::with_capacity(quoted.len());
    let mut rest = quoted.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => plain.push(rest.next()?),
            '"' => return None,
            _ => plain.push(c),
        }
    }
    Some(plain)
}

/// One address, or all of a domain. A text with an `@` is an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AddressPattern {
    /// `carol@mail.example`.
    Address(MailAddress),
    /// `mail.example`, in lower-case A-labels.
    Domain(String),
}

impl AddressPattern {
    /// Whether the pattern is this address or its domain, or may be.
    pub fn may_match(&self, address: &MailAddress) -> bool {
        match self {
            Self::Address(one) => one.may_be(address),
            Self::Domain(_) => self.matches(address),
        }
    }

    /// Whether the pattern is this address or its domain.
    pub fn matches(&self, address: &MailAddress) -> bool {
        match self {
            Self::Address(one) => one == address,
            Self::Domain(domain) => domain == address.domain(),
        }
    }

    /// The same for the same address or domain: with an `@` for an address, without for a domain.
    pub fn key(&self) -> &str {
        match self {
            Self::Address(address) => address.key(),
            Self::Domain(domain) => domain,
        }
    }
}

impl FromStr for AddressPattern {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.contains('@') {
            return MailAddress::parse(text).map(Self::Address);
        }
        let shown = || text.chars().take(80).collect::<String>();
        let domain = domain_to_ascii(text).ok_or_else(|| AddressError::Domain(shown()))?;
        Ok(Self::Domain(domain))
    }
}

impl TryFrom<String> for AddressPattern {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

/// The form for the wire and for a store.
impl From<AddressPattern> for String {
    fn from(pattern: AddressPattern) -> Self {
        match pattern {
            AddressPattern::Address(address) => address.to_string(),
            AddressPattern::Domain(domain) => domain,
        }
    }
}

/// As a person reads it.
impl fmt::Display for AddressPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => f.write_str(&address.for_people()),
            Self::Domain(domain) => f.write_str(domain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> MailAddress {
        MailAddress::parse(text).unwrap()
    }

    #[test]
    fn local_parts_keep_their_case_and_are_compared_without_it() {
        assert_eq!(
            address("Carol.X@Mail.Example").to_string(),
            "Carol.X@mail.example"
        );
        assert_eq!(address("Carol@mail.example"), address("carol@MAIL.example"));
    }

    #[test]
    fn e20_letters_that_only_look_like_one_in_another_case_are_not_folded() {
        for (one, other) in [
            ("\u{212A}arl", "karl"),
            ("\u{212B}sa", "åsa"),
            ("\u{2126}", "ω"),
            ("\u{3F4}", "θ"),
            ("İ", "i\u{307}"),
            ("I", "ı"),
            ("GROẞ", "groß"),
            ("ǅ", "ǆ"),
            ("ſ", "s"),
            ("ς", "σ"),
        ] {
            let of = |local: &str| MailAddress::from_parts(local, "mail.example").unwrap();
            assert_ne!(of(one), of(other), "{one} {other}");
            assert_ne!(of(one).key(), of(other).key());
        }
        for (one, other) in [
            ("CAROL", "carol"),
            ("ZOË", "zoë"),
            ("ИВАН", "иван"),
            ("ΟΔΥΣΣ", "οδυσσ"),
            ("ÅSA", "åsa"),
        ] {
            let of = |local: &str| MailAddress::from_parts(local, "mail.example").unwrap();
            assert_eq!(of(one), of(other));
        }
    }

    #[test]
    fn e20_each_letter_has_one_other_case_at_most_and_folding_twice_is_folding_once() {
        let mut of_key = std::collections::BTreeMap::<String, usize>::new();
        for c in '\0'..=char::MAX {
            let key = folded(&c.to_string());
            assert_eq!(folded(&key), key, "{c}");
            *of_key.entry(key).or_default() += 1;
        }
        assert_eq!(of_key.values().max(), Some(&2));
    }

    #[test]
    fn e20_what_is_denied_is_denied_in_every_case_that_a_mail_server_may_see() {
        let denied: AddressPattern = "karl.strasse@mail.example".parse().unwrap();
        for local in ["KARL.STRASSE", "\u{212A}arl.straſſe", "karl.straße"] {
            let one = MailAddress::from_parts(local, "mail.example").unwrap();
            assert!(denied.may_match(&one), "{local}");
            assert_eq!(denied.matches(&one), local.is_ascii(), "{local}");
        }
    }

    #[test]
    fn domains_are_one_in_a_labels_and_u_labels() {
        assert_eq!(
            address("zoë@bücher.example").domain(),
            "xn--bcher-kva.example"
        );
        assert_eq!(
            address("a@bücher.example"),
            address("a@XN--BCHER-KVA.example")
        );
        assert_eq!(
            address("a@xn--bcher-kva.example").for_people(),
            "a@bücher.example"
        );
        assert!(address("zoë@mail.example").needs_smtputf8());
    }

    #[test]
    fn what_is_no_address_is_named() {
        for text in [
            "carol",
            "@mail.example",
            "carol@",
            "a@-x.example",
            "a@b..c",
            "a\n@b.example",
            "\"a\"b\"@c.example",
            "a@bank.example@evil.example",
            "Bob <bob@mail.example",
            "a b@mail.example",
            "a\"b@mail.example",
            "\u{202e}a@mail.example",
            "a\u{a0}b@mail.example",
            "\"a\u{2028}b\"@mail.example",
        ] {
            assert!(MailAddress::parse(text).is_err(), "{text}");
        }
        assert!(MailAddress::parse(&format!("{}@b.example", "a".repeat(251))).is_err());
    }

    #[test]
    fn a_pattern_is_written_and_read_as_one_text() {
        for (text, written) in [
            ("Zoë@BÜCHER.example", "Zoë@xn--bcher-kva.example"),
            ("\"a b\"@c.example", "\"a b\"@c.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
        ] {
            let pattern: AddressPattern = text.parse().unwrap();
            assert_eq!(String::from(pattern.clone()), written);
            assert_eq!(AddressPattern::try_from(written.to_owned()), Ok(pattern));
        }
        for text in ["", "@", "b@", "a b.example", "a\0.example"] {
            assert!(
                AddressPattern::try_from(text.to_owned()).is_err(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn quoted_local_parts() {
        assert_eq!(address("\"a b\"@c.example").local(), "a b");
        assert_eq!(
            address("\"a b\"@c.example").to_string(),
            "\"a b\"@c.example"
        );
        assert_eq!(address("\"ab\"@c.example").to_string(), "ab@c.example");
    }

    #[test]
    fn an_address_that_a_jid_would_take_for_another_has_no_jid() {
        let gateway = jid::DomainPart::new("gateway.example")
            .unwrap()
            .into_owned();
        for local in ["straße", "ς", "\u{ff21}", "\u{fb01}x"] {
            let one = MailAddress::from_parts(local, "mail.example").unwrap();
            assert!(contact_jid(&one, &gateway).is_err(), "{local}");
        }
        assert!(contact_jid(&address("Zoë@bücher.example"), &gateway).is_ok());
        assert!(contact_jid(&address("\"a@b c\"@mail.example"), &gateway).is_ok());
    }

    #[test]
    fn xep0106() {
        let gateway = jid::DomainPart::new("gateway.example")
            .unwrap()
            .into_owned();
        let jid = contact_jid(&address("carol@mail.example"), &gateway).unwrap();
        assert_eq!(jid.as_str(), "carol\\40mail.example@gateway.example");
        assert_eq!(
            address_of_node("carol\\40mail.example").unwrap(),
            address("carol@mail.example")
        );
        assert_eq!(
            address_of_node("carol%mail.example").unwrap(),
            address("carol@mail.example")
        );
        assert_eq!(address_of_node("a%b%mail.example").unwrap().local(), "a%b");
        assert_eq!(escape("c:\\5commas"), "c\\3a\\5c5commas");
        assert!(address_of_node("carol").is_err());
    }
}
