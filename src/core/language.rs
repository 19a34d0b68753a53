//! In which language somebody is told something, and the words for it.
//!
//! A language is a file: `language/TAG.ftl`, in the syntax of Fluent (<https://projectfluent.org>), and its line in [`FILES`].
//! The sentences are asked for by functions with typed arguments (`notice`, `commands::texts`), which nobody else comes round:
//! [`say!`] puts the arguments in, and what stands in an argument is never read as Fluent.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::OnceLock;

/// What stands in a sentence: a text, or a number, by which it chooses between one and many.
pub type SentenceValue<'a> = FluentValue<'a>;

type Words = FluentBundle<FluentResource>;

/// A language that the gateway speaks.
struct LanguageFile {
    /// RFC 5646, without region.
    tag: &'static str,
    text: &'static str,
    /// As read, when the first sentence of it was asked for.
    words: OnceLock<Words>,
}

const fn file(tag: &'static str, text: &'static str) -> LanguageFile {
    LanguageFile {
        tag,
        text,
        words: OnceLock::new(),
    }
}

/// All languages; the first one is that of whoever asks for none.
static FILES: [LanguageFile; 5] = [
    file("en", include_str!("language/en.ftl")),
    file("de", include_str!("language/de.ftl")),
    file("fr", include_str!("language/fr.ftl")),
    file("es", include_str!("language/es.ftl")),
    file("ru", include_str!("language/ru.ftl")),
];

/// A language that the gateway speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Language(usize);

impl Language {
    /// The one in which everything can be said.
    pub const ENGLISH: Self = Self(0);

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..FILES.len()).map(Self)
    }

    /// The one that a tag like `de-AT` names; `None`: the gateway does not speak it.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let mut all = Self::all();
        all.find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The one that a browser likes best (RFC 9110 §12.5.4, `Accept-Language`); `None`: none of those that it names is spoken.
    pub fn accepted(field: &str) -> Option<Self> {
        /// Further ones are not looked at.
        const RANGES_MAX: usize = 20;
        let ranges = field.split(',').take(RANGES_MAX);
        let liked = ranges.filter_map(|range| {
            let (tag, parameter) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight = parameter.trim().strip_prefix("q=")?.trim();
            let weight = weight.parse().ok().filter(|weight: &f32| *weight > 0.0)?;
            Some((weight, Self::of_tag(tag.trim())?))
        });
        // Of those that are liked as much, the first.
        let best = liked.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, language)| language)
    }

    /// `de`.
    pub fn tag(self) -> &'static str {
        FILES.get(self.0).map_or("en", |file| file.tag)
    }

    /// What it calls itself.
    pub fn name(self) -> String {
        say!(self, "language")
    }

    /// The one that somebody calls so in any of them, in lower case: `deutsch`, `german`.
    pub fn called(name: &str) -> Option<Self> {
        let is_it = |language: &Self| {
            let names = say!(*language, "language-called");
            names.split(", ").any(|one| one == name)
        };
        Self::all().find(is_it)
    }

    /// The sentence of this id. One that this language does not have is said in English.
    pub fn say(self, id: &str, arguments: &[(&'static str, SentenceValue<'_>)]) -> String {
        let own = self.said(id, arguments);
        own.or_else(|| Self::ENGLISH.said(id, arguments))
            .unwrap_or_else(|| id.to_owned())
    }

    fn said(self, id: &str, arguments: &[(&'static str, SentenceValue<'_>)]) -> Option<String> {
        let words = self.words()?;
        let pattern = words.get_message(id)?.value()?;
        let mut given = FluentArgs::with_capacity(arguments.len());
        for (name, value) in arguments {
            given.set(*name, value.clone());
        }
        // What is wrong in a file is found by the tests; here it is left as it stands.
        let mut wrong = Vec::new();
        let given = (!arguments.is_empty()).then_some(&given);
        let said = words.format_pattern(pattern, given, &mut wrong);
        Some(said.into_owned())
    }

    fn words(self) -> Option<&'static Words> {
        let file = FILES.get(self.0)?;
        Some(file.words.get_or_init(|| read(file)))
    }
}

/// A file that is not Fluent in parts is read in the others.
fn read(file: &LanguageFile) -> Words {
    let locale = file.tag.parse().unwrap_or_default();
    let mut words = Words::new_concurrent(vec![locale]);
    // They would stand around each argument, in what is compared and matched, too.
    words.set_use_isolating(false);
    let resource = FluentResource::try_new(file.text.to_owned());
    let resource = resource.unwrap_or_else(|(resource, _)| resource);
    // The first one of an id counts.
    let _ = words.add_resource(resource);
    words
}

/// In which languages the words of a user are understood: in the one in which the user is answered, in that of the message itself,
/// and in English, since English words stand in what others write about the gateway.
#[derive(Clone, Copy, Debug)]
pub struct Understood {
    own: Language,
    sent: Option<Language>,
}

impl Understood {
    /// Of a user who is answered in `own`, and whose client says of the message that it is in `sent`.
    pub const fn of(own: Language, sent: Option<Language>) -> Self {
        Self { own, sent }
    }

    /// Each once.
    pub fn all(self) -> impl Iterator<Item = Language> {
        let sent = self.sent.filter(|sent| *sent != self.own);
        let is_said = self.own == Language::ENGLISH || sent == Some(Language::ENGLISH);
        let english = (!is_said).then_some(Language::ENGLISH);
        std::iter::once(self.own).chain(sent).chain(english)
    }
}

/// By its tag.
impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.tag().serialize(serializer)
    }
}

/// For a field of a row: a language that an older or a newer gateway speaks, and this one does not, is none.
///
/// # Errors
/// Where it is not even a text.
pub fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Language>, D::Error> {
    let tag = Option::<String>::deserialize(deserializer)?;
    Ok(tag.and_then(|tag| Language::of_tag(&tag)))
}

/// A sentence without arguments, by its id: for what stands in tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence(pub &'static str);

impl Sentence {
    /// In a language.
    pub fn in_language(self, language: Language) -> String {
        language.say(self.0, &[])
    }
}

/// The sentence of an id in a language: `say!(language, "waiting-to", people = people)`. `tests/languages.rs` holds that each
/// language has it, with these arguments.
macro_rules! say {
    ($language:expr, $id:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $language.say($id, &[$((stringify!($name), $crate::core::language::SentenceValue::from($value))),*])
    };
}
pub(crate) use say;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_language_with_or_without_a_region() {
        assert_eq!(Language::of_tag("EN-us"), Some(Language::ENGLISH));
        for unknown in ["", "-", "x-en", "eng", "tlh", "ен"] {
            assert_eq!(Language::of_tag(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_browser_names_languages_by_how_much_they_are_liked() {
        let of = |field| Language::accepted(field).map(Language::tag);
        for (field, tag) in [
            ("de", Some("de")),
            ("de-AT,de;q=0.9,en;q=0.8", Some("de")),
            ("tlh, en;q=0.3 , ru ; q=0.7", Some("ru")),
            ("fr;q=0,es;q=0.1", Some("es")),
            ("fr,es", Some("fr")),
            ("fr;q=0.5,es;q=NaN,ru;q=x,de;q=-1", Some("fr")),
            ("*", None),
            ("", None),
            (",;,=;q", None),
        ] {
            assert_eq!(of(field), tag, "{field}");
        }
        let long = format!("{}de", "tlh,".repeat(100_000));
        assert_eq!(of(&long), None);
    }

    #[test]
    fn every_file_is_fluent_and_has_each_sentence_once() {
        for file in &FILES {
            let resource = FluentResource::try_new(file.text.to_owned());
            let resource = resource.map_err(|(_, errors)| errors);
            let resource = resource.unwrap_or_else(|errors| panic!("{}: {errors:?}", file.tag));
            let mut words = Words::new_concurrent(vec![file.tag.parse().unwrap()]);
            let twice = words.add_resource(resource);
            assert!(twice.is_ok(), "{}: {twice:?}", file.tag);
        }
    }

    #[test]
    fn what_a_stranger_wrote_is_not_read_as_fluent() {
        let hostile = "{ $name }\nrefused = { refused } \u{2068}x\u{2069}";
        let said = say!(Language::ENGLISH, "failed-before", mail = hostile);
        assert!(said.contains(hostile), "{said}");
    }

    #[test]
    fn what_is_missing_is_no_panic() {
        assert_eq!(Language::ENGLISH.say("no-such-id", &[]), "no-such-id");
        assert!(!Language(99).say("failed-before", &[]).is_empty());
    }
}
