//! The name that somebody goes by. They chose it, and many a client shows nothing else: so it must not look like the address of
//! somebody else, nor like a domain.

use crate::core::address::{MailAddress, domain_to_ascii, unescape};
use jid::BareJid;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Whose name it is.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// Their address.
    pub mail: &'a MailAddress,
    /// Their JID, where they have one of their own.
    pub jid: Option<&'a BareJid>,
}

impl<'a> From<&'a MailAddress> for Owner<'a> {
    fn from(mail: &'a MailAddress) -> Self {
        Self { mail, jid: None }
    }
}

/// As long as a name may be that somebody chooses for themselves, in characters.
pub const CHARS_MAX: usize = 80;

/// The name as others may be shown it. `None` where it holds an address that is not the owner's, and where nothing of it is
/// seen: their own address is shown then. In what looks like a domain that is not theirs the dots become spaces: more often than not it is no domain.
pub fn shown<'a>(name: &str, owner: impl Into<Owner<'a>>) -> Option<String> {
    let owner = owner.into();
    let name: String = name.chars().filter(|c| !is_unseen(*c)).collect();
    let is_foreign = |word: &str| is_address(word) && !owner.is_address(word);
    if words(&name).any(is_foreign) {
        return None;
    }
    let is_foreign = |word: &str| is_domain(word) && !owner.has_domain(word);
    let word = |word: &str| match words(word).any(is_foreign) {
        true => word.replace(DOTS, " "),
        false => word.to_owned(),
    };
    let shown: Vec<String> = name.split(' ').map(word).collect();
    let shown = shown.join(" ").trim().to_owned();
    shown.chars().any(is_ink).then_some(shown)
}

/// Whether anything of a name is seen.
pub fn is_seen(name: &str) -> bool {
    name.chars().any(|c| !is_unseen(c) && is_ink(c))
}

impl Owner<'_> {
    fn is_address(self, word: &str) -> bool {
        let is_jid = |jid: &BareJid| jid.as_str().eq_ignore_ascii_case(word);
        if let Some(domain) = word.strip_prefix(AT) {
            return self.has_domain(domain);
        }
        MailAddress::parse(word).is_ok_and(|address| address == *self.mail)
            || self.jid.is_some_and(is_jid)
    }

    /// Its own domain, or one above it.
    fn has_domain(self, word: &str) -> bool {
        let is_above = |own: &str, word: &str| {
            let rest = own.strip_suffix(word);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let of_jid = self.jid.map(|jid| jid.domain().as_str());
        let Some(word) = domain_to_ascii(word) else {
            return false;
        };
        is_above(self.mail.domain(), &word) || of_jid.is_some_and(|own| is_above(own, &word))
    }
}

/// What stands in a domain between its labels, or looks as if it did (IDNA takes them for dots; U+2024 is one by NFKC).
const DOTS: [char; 5] = ['.', '\u{3002}', '\u{FF0E}', '\u{FF61}', '\u{2024}'];
const AT: [char; 3] = ['@', '\u{FF20}', '\u{FE6B}'];

fn words(name: &str) -> impl Iterator<Item = &str> {
    let is_between = |c: char| c.is_whitespace() || "<>()[]{}\"'“”„‘’«»,;:/|=".contains(c);
    let is_mark = |c: char| DOTS.contains(&c) || "!?*_~`-–—".contains(c);
    let words = name.split(is_between);
    words
        .map(move |word| word.trim_matches(is_mark))
        .filter(|word| !word.is_empty())
}

/// `adam@a.example`, `adam\40a.example`, `adam%a.example`, and `@a.example` of which the rest stands elsewhere. Whether there can be such an address does not matter: it looks like one.
fn is_address(word: &str) -> bool {
    let word = unescape(word);
    let divided = word.rsplit_once(AT).or_else(|| word.rsplit_once('%'));
    divided.is_some_and(|(local, domain)| {
        let domain = domain.trim_matches(DOTS);
        let is_bare = local.is_empty() && !is_domain(domain);
        !is_bare && domain.contains(DOTS)
    })
}

/// Labels of letters, digits and hyphens, and at the end one of letters. Whatever is not ASCII may be a letter, or be seen as none.
fn is_domain(word: &str) -> bool {
    let is_of_label = |c: char| c.is_alphanumeric() || c == '-' || !c.is_ascii();
    let is_label = |label: &str| !label.is_empty() && label.chars().all(is_of_label);
    let is_top = |label: &str| {
        let is_of_top = |c: char| c.is_ascii_alphabetic() || !c.is_ascii();
        let letters = label.chars().filter(|c| c.is_alphabetic()).count();
        letters >= 2 && (label.chars().all(is_of_top) || label.starts_with("xn--"))
    };
    word.contains(DOTS)
        && word.split(DOTS).all(is_label)
        && word.rsplit(DOTS).next().is_some_and(is_top)
}

/// What is seen where nothing stands before it: no space, no mark on another character, no empty pattern of Braille.
fn is_ink(c: char) -> bool {
    let is_mark = || c.general_category_group() == GeneralCategoryGroup::Mark;
    !c.is_whitespace() && c != '\u{2800}' && !is_joiner(c) && !is_mark()
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// Fillers and tags: names differ by them, and people see nothing of them. Some flags lose their colours.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<String> {
        let mail = MailAddress::parse("eve@mail.evil.example").unwrap();
        shown(name, &mail)
    }

    #[test]
    fn e23_a_name_that_is_the_address_of_somebody_else_is_none() {
        for name in [
            "adam@a.test",
            "Adam <adam@a.test>",
            "adam@a.test.",
            "\"adam@a.test\"",
            "(mailto:adam@a.test)",
            "xmpp:adam@a.test/phone",
            "adam\\40a.test",
            "adam\\40a.test@bridge.a.test",
            "adam%a.test",
            "@a.test",
            "ceo @bank.test",
            "ceo (@bank.test)",
            "%bank.test",
            "adam\u{FF20}a.test",
            "adam@a\u{3002}test",
            "a\u{2060}dam@a.te\u{E0061}st",
            "ädam@ä.test",
            "not eve@evil.example",
            "a b c adam@a.test d",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn e23_a_name_that_is_a_domain_is_words() {
        for (name, words) in [
            ("bridge.a.test", "bridge a test"),
            ("Support Bridge.A.Test!", "Support Bridge A Test!"),
            ("bridge\u{3002}a\u{FF0E}test", "bridge a test"),
            ("https://bridge.a.test/", "https://bridge a test/"),
            ("xn--a.xn--p1ai", "xn--a xn--p1ai"),
            ("bridge.a.te\u{200D}st", "bridge a te\u{200D}st"),
            ("Max.Mustermann", "Max Mustermann"),
        ] {
            assert_eq!(of(name).as_deref(), Some(words), "{name}");
        }
    }

    #[test]
    fn e23_other_names_are_what_they_are() {
        for name in [
            "Eve",
            "Eve @ Home",
            "@eve",
            "M@rk",
            "Dr. Eve",
            "J. R. R. Tolkien",
            "Evil Inc.",
            "v1.5",
            "100 % Eve",
            "Ü. Öçal",
            "夏. 夏",
            "eve@mail.evil.example",
            "Eve (EVE@mail.evil.example)",
            "Evil.example",
            "mail.evil.example",
            "…",
        ] {
            assert_eq!(of(name).as_deref(), Some(name));
        }
        for nothing in [
            "",
            " ",
            "\u{2060}",
            "\u{2800}\u{2800}",
            "\u{301}\u{302} \u{20DD}",
            "\u{200D}\u{FE0F}",
        ] {
            assert_eq!(of(nothing), None);
        }
    }

    #[test]
    fn e23_who_has_a_jid_may_go_by_it() {
        let (mail, jid) = ("alice@chat.a.example", "alice@a.example");
        let mail = MailAddress::parse(mail).unwrap();
        let jid = BareJid::new(jid).unwrap();
        let owner = Owner {
            mail: &mail,
            jid: Some(&jid),
        };
        for name in ["Alice@a.example", "alice@chat.a.example", "a.example"] {
            assert_eq!(shown(name, owner).as_deref(), Some(name));
        }
        assert_eq!(shown("adam@a.example", owner), None);
        assert_eq!(shown("Alice@a.example", &mail), None);
    }
}
