//! What is shown of a link beside its text.

use crate::core::text::clean;

/// A longer address is not shown whole, as nobody could read it.
const URL_CHARS_MAX: usize = 2000;
/// Schemes that a person can follow.
const SCHEMES: [&str; 5] = ["http://", "https://", "mailto:", "tel:", "xmpp:"];

/// The target of a link as it is shown after `text`; `None` where the text says it already, or where a person could not
/// follow it.
pub(super) fn target_beside(text: &str, href: &str) -> Option<String> {
    let url = cleaned(href)?;
    let shown = url
        .strip_prefix("mailto:")
        .or_else(|| url.strip_prefix("tel:"))
        .map(|address| address.split('?').next().unwrap_or(address))
        .unwrap_or(&url);
    if shown.is_empty() || says(text, shown) {
        return None;
    }
    if shown.chars().count() <= URL_CHARS_MAX {
        return Some(shown.to_owned());
    }
    let host = without_scheme(shown).split(['/', '?', '#']).next()?;
    Some(format!("{host}/…"))
}

/// Without white space and controls, which browsers drop, and with its scheme in lower case.
fn cleaned(href: &str) -> Option<String> {
    let url: String = clean::for_header(href, usize::MAX)
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    SCHEMES.iter().find_map(|scheme| {
        let (start, rest) = url.split_at_checked(scheme.len())?;
        start
            .eq_ignore_ascii_case(scheme)
            .then(|| format!("{scheme}{rest}"))
    })
}

/// Whether a word of the text is this target: all of it, because `https://bank.example/?https://evil.example` names
/// another host than `https://evil.example` does.
fn says(text: &str, target: &str) -> bool {
    let plain = |url: &str| {
        without_scheme(url.trim_matches(['<', '>', '(', ')', '[', ']', ',', ';', '.', '"', '\'']))
            .trim_end_matches('/')
            .to_lowercase()
    };
    let target = plain(target);
    text.split_whitespace().any(|word| plain(word) == target) || plain(text) == target
}

fn without_scheme(url: &str) -> &str {
    ["https://", "http://", "mailto:", "xmpp:"]
        .iter()
        .find_map(|scheme| {
            let (start, rest) = url.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        })
        .unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_shown_once() {
        for (text, href) in [
            ("https://a.example/", "https://a.example/"),
            ("a.example", "https://a.example/"),
            ("see https://a.example/x.", "HTTPS://a.example/x"),
            ("carol@mail.example", "mailto:carol@mail.example?subject=x"),
            ("here", "#top"),
            ("here", "javascript:alert(1)"),
            ("here", "cid:part1"),
            ("here", "mailto:"),
        ] {
            assert_eq!(target_beside(text, href), None, "{text} {href}");
        }
    }

    #[test]
    fn a_text_that_names_another_host_does_not_hide_the_real_one() {
        for (text, href) in [
            ("https://bank.example/", "https://evil.example/"),
            (
                "https://bank.example/?https://evil.example",
                "https://evil.example",
            ),
            ("bank.example", "https://www.bank.example.evil.example/"),
            ("click", "https://bank.example@evil.example/"),
        ] {
            assert_eq!(
                target_beside(text, href).as_deref(),
                Some(href),
                "{text} {href}"
            );
        }
    }

    #[test]
    fn an_endless_target_is_shown_by_its_host() {
        let href = format!("https://a.example/{}", "x".repeat(5000));
        assert_eq!(target_beside("here", &href).as_deref(), Some("a.example/…"));
        assert_eq!(
            target_beside("call", "tel:+49 123").as_deref(),
            Some("+49123")
        );
        assert_eq!(
            target_beside("x", " java\nscript:alert(1)").as_deref(),
            None
        );
    }
}
