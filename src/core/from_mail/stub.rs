//! Whether the plain text beside a page only says that there is a page.

use crate::core::text::clean;
use std::collections::BTreeSet;

/// A text part below this length that speaks of HTML or a browser only says that there is an HTML part.
const STUB_CHARS_MAX: usize = 300;
/// A page of fewer words says no more than a text.
const PAGE_WORDS_MIN: usize = 3;
/// So far into a text the first rule of a style ends, in octets.
const STYLE_OCTETS_MAX: usize = 1000;
/// From here on there are pictures, and the letters of few.
const SIGNS: char = '\u{2600}';
/// What a browser is called, or what a mail is written in that only it shows; a beginning of a word each.
const NAMES: [&str; 29] = [
    "html",
    "browser",
    "navigateur",
    "navegador",
    "navigatore",
    "przegląda",
    "webbläsar",
    "nettleser",
    "selain",
    "selaim",
    "böngész",
    "prohlíže",
    "prehliada",
    "preglednik",
    "brskalnik",
    "naršykl",
    "pārlūk",
    "браузер",
    "браузър",
    "прегледач",
    "περιήγησης",
    "tarayıcı",
    "ブラウザ",
    "浏览器",
    "瀏覽器",
    "브라우저",
    "متصفح",
    "דפדפן",
    "trình duyệt",
];

/// Whether a plain text is empty or only says that the mail is in HTML.
pub(super) fn is_stub(plain: &str, html: &str) -> bool {
    let plain = plain.trim();
    if plain.is_empty() || is_style(plain, html) {
        return true;
    }
    if plain.chars().nth(STUB_CHARS_MAX).is_some() {
        return false;
    }
    let lower = plain.to_lowercase();
    let names_page = NAMES.iter().any(|name| lower.contains(name));
    let (own, theirs) = (words(&lower), words(&html.to_lowercase()));
    let says_more = theirs.len() >= own.len().max(PAGE_WORDS_MIN);
    let is_other = own.intersection(&theirs).count().saturating_mul(2) < own.len();
    names_page && (html.len() >= plain.len() || is_other && !theirs.is_empty())
        // “Your program cannot show this”, in whatever language.
        || says_more && is_other
        || own.is_empty() && !has_sign(plain) && theirs.len() >= PAGE_WORDS_MIN
        || is_link(plain, html)
}

/// The words of a text.
fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether there is an emoji, which says something without a word.
fn has_sign(text: &str) -> bool {
    text.chars().any(|c| c >= SIGNS)
}

/// Whether a text begins with the style of the page, by a program that only took the tags away.
fn is_style(plain: &str, html: &str) -> bool {
    let begin = clean::cut(plain, STYLE_OCTETS_MAX);
    let Some((selector, rest)) = begin.split_once('{') else {
        return false;
    };
    let is_selector = |c: char| c.is_ascii_alphanumeric() || " .#,-_:*>@()[]=\"\r\n\t".contains(c);
    let rule = rest.split('}').next().unwrap_or_default();
    let name = rule.split(':').next().unwrap_or_default().trim();
    let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
    let is_rule = rule.contains(':') && !name.is_empty() && name.chars().all(is_name);
    is_rule && selector.chars().all(is_selector) && !html.contains(selector.trim())
}

/// Whether a text of one line is but the words of a link in the page, which says more than that: “Zur Mail”.
fn is_link(plain: &str, html: &str) -> bool {
    let is_linked = |at: usize| {
        let rest = html.get(at.saturating_add(plain.len())..);
        let rest = rest.and_then(|rest| rest.trim_start().strip_prefix('('));
        rest.is_some_and(|rest| rest.starts_with("http"))
    };
    let words = |text: &str| text.split_whitespace().count();
    !plain.contains('\n')
        && words(html) > words(plain).saturating_add(PAGE_WORDS_MIN)
        && html.match_indices(plain).any(|(at, _)| is_linked(at))
}

#[cfg(test)]
mod tests {
    use super::is_stub;

    #[test]
    fn a_text_that_is_only_the_way_to_the_page_is_none() {
        let page = "Dear Alice, the meeting of 3 December is moved to room 12.\n\nZur Mail (https://news.example/m/1)";
        assert!(is_stub("Zur Mail", page));
        assert!(!is_stub("room 12", page));
        assert!(!is_stub("Zur Mail", "Zur Mail (https://news.example/m/1)"));
        assert!(!is_stub(
            "Dear Alice, the meeting of 3 December is moved to room 12.",
            page
        ));
    }

    #[test]
    fn a_browser_is_one_in_any_language() {
        let page = "Die Rechnung 77 über 12 EUR ist am Freitag fällig. Pour voir ce message, ouvrez-le dans votre navigateur. \
            Zobrazit v prohlížeči. Просмотреть в браузере. Wyświetl w przeglądarce.";
        for stub in [
            "Ouvrez-le dans votre navigateur",
            "Zobrazit v prohlížeči",
            "Просмотреть в браузере",
            "Wyświetl w przeglądarce",
        ] {
            assert!(is_stub(stub, page), "{stub}");
        }
        assert!(!is_stub("Die Rechnung 77", page));
    }

    #[test]
    fn a_text_without_words_or_of_style_says_nothing_of_the_page() {
        let page = "Die Rechnung 77 ist am Freitag fällig.";
        for stub in [
            ".",
            "--",
            "Pour visualiser ce message, veuillez utiliser un client de messagerie compatible HTML.",
            "body { margin:0 } .x { color:#fff } Die Rechnung 77 ist am Freitag fällig.",
            "@media print {\n  a { color: red }\n}",
        ] {
            assert!(is_stub(stub, page), "{stub}");
        }
        for (text, page) in [
            ("👍", page),
            (":-)", "☺"),
            ("Use .x { color: red } here", "Use .x { color: red } here"),
        ] {
            assert!(!is_stub(text, page), "{text}");
        }
    }
}
