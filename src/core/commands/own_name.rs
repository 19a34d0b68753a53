//! `my name is`: how the user is called in mails.

use super::{Answer, Call, Command, FieldKind, FormField, FormStep, Values, refused, texts, words};
use crate::core::context::Write;
use crate::core::decide::decider::Stop;
use crate::core::decide::{Decision, lookup};
use crate::core::language::{Sentence, Understood};
use crate::core::name::{self, Owner};
use crate::core::record::Options;
use crate::core::text::clean;

const NAME: &str = "name";
/// Takes the name back.
const NONE: &str = "default";

#[derive(Debug)]
pub(super) struct OwnName;

impl Command for OwnName {
    fn name(&self) -> &'static str {
        "my-name"
    }

    fn steps(&self) -> &'static [FormStep] {
        &[FormStep {
            title: Sentence("my-name-title"),
            instructions: Sentence("my-name-ask"),
            fields: &[FormField {
                var: NAME,
                label: Sentence("label-your-name"),
                kind: FieldKind::Line,
                is_required: true,
            }],
        }]
    }

    fn doubt(&self, call: &Call<'_>, _body: &str, values: &Values) -> Option<String> {
        let language = call.language();
        let typed = values.get(NAME).map_or("", |name| name.trim());
        let (example, _) = self.help(language);
        is_sentence(call.understood(), typed)
            .then(|| texts::no_name_but_sentence(language, typed, &example))
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        let user = call.user();
        let typed = values.get(NAME).map_or("", |name| name.trim());
        let mail = lookup::user_mail(call.decider, &user)?;
        let name = match typed.eq_ignore_ascii_case(NONE) {
            true => None,
            false => {
                let owner = Owner {
                    mail: &mail,
                    jid: Some(&user),
                };
                let name = name::shown(&clean::for_header(typed, name::CHARS_MAX), owner);
                let own = [mail.to_string(), user.to_string()];
                let name = name.filter(|name| !has_address(name, &own));
                let name = name.ok_or_else(|| {
                    refused(texts::no_name(call.language(), typed, name::is_seen(typed)))
                })?;
                Some(name)
            }
        };
        let text = match &name {
            Some(name) => texts::own_name(call.language(), name, &mail.for_people()),
            None => texts::own_name_taken_back(call.language()),
        };
        let before = call.decider.rows.own_options(&user, None)?;
        let options = Options { name, ..before };
        Ok(Answer {
            beside: Decision {
                writes: vec![Write::Options(user, None, options)],
                ..Decision::default()
            },
            ..Answer::says(text)
        })
    }
}

/// Names are of few words, and those of many have small ones in them (`de la`), of which no sentence is made.
fn is_sentence(understood: Understood, typed: &str) -> bool {
    const WORDS_MAX: usize = 4;
    const WORDS_OF_ANY_NAME: usize = 8;
    const SMALL: usize = 3;
    let words: Vec<&str> = typed.split_whitespace().collect();
    let is_lower = |word: &&str| word.starts_with(char::is_lowercase);
    let is_said = |word: &&str| is_lower(word) && word.chars().count() > SMALL;
    let joins = words::in_all(understood, texts::and_words);
    let mut rest = words.iter();
    let is_joined = rest.any(|word| joins.iter().any(|join| join == word));
    typed.contains('\n')
        || words.len() > WORDS_OF_ANY_NAME
        || words.len() > WORDS_MAX && words.iter().any(is_said)
        || is_joined && rest.any(is_lower)
}

/// Whether a part of it is an address that is not the user's own, were it one that nobody can have.
fn has_address(name: &str, own: &[String]) -> bool {
    let foreign = own
        .iter()
        .fold(name.to_owned(), |name, own| name.replace(own, " "));
    let is_address = |word: &str| {
        let divided = word.split_once('@');
        divided.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
    };
    foreign.split_whitespace().any(is_address)
}
