//! Subjects and their prefixes.

/// Words that mail programs put before a subject with a colon, in lower case, by language. One that is also an ordinary
/// word (English `Forward:`, Italian `I:`) is left out.
const PREFIXES: &[(&str, &str)] = &[
    (
        "English, and what most programs write everywhere",
        "re|fw|fwd",
    ),
    ("German", "aw|antwort|wg"),
    ("Dutch", "antw|doorst"),
    ("Danish, Norwegian, Swedish, Icelandic", "sv|vs|vb|fs"),
    ("Finnish, Estonian", "vs|vl|edasi"),
    ("French", "réf|ref|tr"),
    ("Italian", "r|rif"),
    ("Spanish, Catalan", "rv|reenv"),
    ("Portuguese", "res|enc"),
    ("Romanian", "răsp"),
    ("Polish, Czech, Slovak", "odp|pd|přep"),
    ("Slovene, Croatian, Serbian", "odg|prosl|прослеђено"),
    (
        "Russian, Ukrainian, Bulgarian",
        "отв|ответ|пересл|відп|отг|пр",
    ),
    ("Hungarian", "vá|továbbítás"),
    ("Turkish, with and without the dot", "ynt|ilt|i̇lt"),
    ("Greek", "απ|πρθ|σχετ"),
    ("Lithuanian, Welsh", "ats|atb|yml"),
    ("Indonesian, Malay", "bls|trs|bal"),
    ("Vietnamese", "tl|trả lời|chuyển tiếp"),
    ("Hebrew", "השב|הועבר|תשובה"),
    ("Arabic", "رد|إعادة توجيه"),
    ("Chinese", "回复|回覆|答复|答覆|回信|转发|轉發|转寄|轉寄"),
    ("Japanese", "返信|転送"),
    ("Korean", "답장|회신|전달"),
    ("Thai", "ตอบ|ตอบกลับ|ส่งต่อ"),
];

/// Those of them that say that a mail sends something on, and Italian `I:`, which is no harm here.
const FORWARDS: &str = "fw|fwd|wg|doorst|vb|vl|fs|edasi|tr|rv|reenv|enc|pd|přep|prosl|прослеђено|пересл|пр|továbbítás|ilt|i̇lt|πρθ|yml|trs|chuyển tiếp|הועבר|إعادة توجيه|转发|轉發|转寄|轉寄|転送|전달|ส่งต่อ|i";
/// A reply in Finnish, and sent on in Norwegian.
const AMBIGUOUS: &str = "vs";

/// What the first prefix of a subject says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrefixKind {
    /// The mail answers another one.
    Reply,
    /// It sends another one on.
    Forward,
}

/// What the first prefix says; behind the tag of a list (`[list] Re: …`), too. `None` where there is none, or one that says
/// the one in one language and the other in another.
pub fn kind(subject: &str) -> Option<PrefixKind> {
    let subject = subject.trim();
    let untagged = subject
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or(subject, |(_, rest)| rest.trim_start());
    let (word, _) = first_word(untagged)?;
    let is_of = |table: &str| table.split('|').any(|known| known == word);
    match word.as_str() {
        word if !is_prefix(word) && word != "i" => None,
        _ if is_of(AMBIGUOUS) => None,
        _ if is_of(FORWARDS) => Some(PrefixKind::Forward),
        _ => Some(PrefixKind::Reply),
    }
}

/// The longest of [`PREFIXES`] in characters, with some room for a counter.
const PREFIX_CHARS_MAX: usize = 24;

/// The subject without reply and forward prefixes, in more than twenty languages, however often they are stacked and
/// counted (`Re[2]:`, `Re(3):`, `Re^2:`). A tag of a list (`[list]`) is part of the subject. Empty where there was nothing
/// but prefixes.
pub fn base(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some(shorter) = without_prefix(rest) {
        rest = shorter;
    }
    rest
}

/// What people write behind a subject that is all they say, in lower case: “end of message”, “no text”.
const ENDS: [&str; 7] = [
    "eom",
    "eot",
    "nt",
    "n/t",
    "no text",
    "o.t.",
    "end of message",
];
/// Those of them that are no word of a language, so that nothing need stand around them in capitals.
const BARE_ENDS: [&str; 1] = ["EOM"];

/// The subject without a mark that it is all there is (`Plumber at nine <EOM>`); `None` where there is none.
pub fn without_end_mark(subject: &str) -> Option<&str> {
    let subject = subject.trim_end();
    let marked = [('<', '>'), ('(', ')'), ('[', ']'), ('{', '}')].into_iter();
    let mut marked = marked.filter_map(|(open, close)| {
        let (rest, mark) = subject.strip_suffix(close)?.rsplit_once(open)?;
        let mark = mark.trim().to_lowercase();
        ENDS.contains(&mark.as_str()).then_some(rest)
    });
    let bare = || {
        let rest = BARE_ENDS.iter().find_map(|end| subject.strip_suffix(end))?;
        let is_alone = rest.ends_with(|c: char| !c.is_alphanumeric());
        is_alone.then(|| rest.trim_end_matches(['-', '–', '—', '/', '*', ' ', '.', ',']))
    };
    marked.next().or_else(bare).map(str::trim_end)
}

/// `Re: ` and the base subject.
pub fn reply(subject: &str) -> String {
    format!("Re: {}", base(subject)).trim_end().to_owned()
}

/// What follows the prefix that `subject` begins with; `None` where it begins with none.
fn without_prefix(subject: &str) -> Option<&str> {
    let (word, rest) = first_word(subject)?;
    is_prefix(&word).then_some(rest)
}

/// What stands before the first colon, in lower case and without a counter, and what follows.
fn first_word(subject: &str) -> Option<(String, &str)> {
    let (colon, width) = subject
        .char_indices()
        .take(PREFIX_CHARS_MAX)
        .find_map(|(at, c)| matches!(c, ':' | '：').then_some((at, c.len_utf8())))?;
    let word = without_counter(subject.get(..colon)?.trim_end()).to_lowercase();
    let rest = subject.get(colon.checked_add(width)?..)?;
    Some((word, rest.trim_start()))
}

fn is_prefix(word: &str) -> bool {
    PREFIXES
        .iter()
        .any(|(_, words)| words.split('|').any(|known| known == word))
}

/// `Re` of `Re[2]`, `Re(2)`, `Re^2` and `Re*2`.
fn without_counter(word: &str) -> &str {
    let is_digit = |c: char| c.is_ascii_digit();
    let closed = word
        .strip_suffix(']')
        .map(|inner| (inner, '['))
        .or_else(|| word.strip_suffix(')').map(|inner| (inner, '(')));
    let counted = match closed {
        Some((inner, bracket)) => inner.trim_end_matches(is_digit).strip_suffix(bracket),
        None => word.trim_end_matches(is_digit).strip_suffix(['^', '*']),
    };
    counted.map_or(word, str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_may_say_that_it_is_all() {
        for subject in [
            "Plumber at nine <EOM>",
            "Plumber at nine (eom)",
            "Plumber at nine [ EOM ] ",
            "Plumber at nine - EOM",
            "Plumber at nine EOM",
            "Plumber at nine <nt>",
            "Plumber at nine (n/t)",
        ] {
            assert_eq!(
                without_end_mark(subject),
                Some("Plumber at nine"),
                "{subject}"
            );
        }
        for subject in ["GEOM", "a eom", "a (nt) b", "<eom", "", "Plumber <nine>"] {
            assert_eq!(without_end_mark(subject), None, "{subject}");
        }
        assert_eq!(without_end_mark("<EOM>"), Some(""));
    }

    #[test]
    fn prefixes_of_many_languages_are_taken_off() {
        for prefix in [
            "Re",
            "RE",
            "re",
            "AW",
            "Aw",
            "Antw",
            "SV",
            "VS",
            "VB",
            "VL",
            "FW",
            "Fwd",
            "WG",
            "TR",
            "RV",
            "R",
            "RIF",
            "RES",
            "ENC",
            "Réf",
            "Odp",
            "PD",
            "Odg",
            "Vá",
            "YNT",
            "İLT",
            "ΑΠ",
            "ΠΡΘ",
            "Отв",
            "HOLD",
            "השב",
            "رد",
            "إعادة توجيه",
            "回复",
            "答复",
            "转发",
            "回覆",
            "轉寄",
            "返信",
            "転送",
            "답장",
            "전달",
            "BLS",
            "YML",
            "Trả lời",
            "ตอบ",
        ] {
            let subject = format!("{prefix}: Lunch");
            let expected = if prefix == "HOLD" {
                subject.as_str()
            } else {
                "Lunch"
            };
            assert_eq!(base(&subject), expected, "{prefix}");
        }
    }

    #[test]
    fn stacked_counted_and_wide_prefixes_are_taken_off() {
        for subject in [
            "Re: AW: SV: Fwd: Lunch",
            "RE:RE:re:Lunch",
            "Re[2]: Lunch",
            "Re(3): Re^4: Re*5: Lunch",
            "Re [2] : Lunch",
            "回复：转发： Lunch",
            "TR : RE : Lunch",
            "Re\u{a0}: Lunch",
        ] {
            assert_eq!(base(subject), "Lunch", "{subject}");
        }
    }

    #[test]
    fn ordinary_words_and_list_tags_stay() {
        for subject in [
            "Regarding: the roof",
            "Forward: march",
            "Prep: tomorrow",
            "re|fw: odd",
            "Reply: yes",
            "Reminder: tea at 5",
            "[list] Re: Lunch",
            "12:30 works",
            ": odd",
            "Re",
            "Re[x]: y",
            "Return of the: x",
            "http://a.example/",
        ] {
            assert_eq!(base(subject), subject, "{subject}");
        }
        assert_eq!(base("Re: [list] Lunch"), "[list] Lunch");
    }

    #[test]
    fn nothing_but_prefixes_is_an_empty_subject() {
        assert_eq!(base("Re: AW:"), "");
        assert_eq!(base("  "), "");
        assert_eq!(reply("Re:"), "Re:");
        assert_eq!(reply("Fwd: Lunch"), "Re: Lunch");
    }

    #[test]
    fn a_long_stack_is_taken_off_in_no_time() {
        let subject = "Re: ".repeat(100_000);
        assert_eq!(base(&subject), "");
    }
}
