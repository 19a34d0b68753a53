//! `options` and `set`: how the user wants mails to be shown, those of all contacts or of one.

use super::write::{self, ADDRESS};
use super::{
    Answer, AnswerTable, Call, Command, FieldKind, FormField, FormStep, Values, away, refused,
    texts,
};
use crate::core::address::MailAddress;
use crate::core::context::{Missing, Write};
use crate::core::decide::Decision;
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::roster::own_status;
use crate::core::language::{Language, Sentence};
use crate::core::record::{Bulk, Options, Quotes, Strangers};
use crate::core::text::clean;
use minidom::Element;

const OPTION: &str = "option";
const VALUE: &str = "value";

/// The value that takes back what the user has chosen.
const DEFAULT: &str = "default";
/// The option that has values by name, too.
const LANGUAGE: &str = "language";
/// The option for which the gateway asks to see the status of the user.
const AWAY_ON_XA: &str = "away-on-xa";

/// One thing that a user can choose.
#[derive(Debug)]
struct Choice {
    /// As it is typed.
    name: &'static str,
    /// What it is about.
    about: Sentence,
    /// As they are typed, with what they mean.
    values: fn(Language) -> Vec<(&'static str, String)>,
    /// Contacts may have one each.
    is_of_contacts: bool,
    /// The value that stands in a row.
    of: fn(&Options) -> Option<&'static str>,
    /// Puts one of `values` there, or nothing.
    put: fn(&mut Options, Option<&str>),
    /// The value that holds where the user has chosen none.
    otherwise: fn(Decider<'_>) -> &'static str,
}

static CHOICES: [Choice; 6] = [
    Choice {
        name: "quotes",
        about: Sentence("option-quotes"),
        values: |language| {
            let values = [
                ("cut", Sentence("option-quotes-cut")),
                ("keep", Sentence("option-quotes-keep")),
            ];
            in_words(language, &values)
        },
        is_of_contacts: true,
        of: |options| options.quotes.map(quotes),
        put: |options, value| {
            options.quotes = match value {
                Some("cut") => Some(Quotes::Cut),
                Some("keep") => Some(Quotes::Keep),
                _ => None,
            }
        },
        otherwise: |decider| quotes(decider.settings.quotes),
    },
    Choice {
        name: "bulk",
        about: Sentence("option-bulk"),
        values: |language| {
            let values = [
                ("show", Sentence("option-bulk-show")),
                ("headline", Sentence("option-bulk-headline")),
                ("drop", Sentence("option-bulk-drop")),
            ];
            in_words(language, &values)
        },
        is_of_contacts: true,
        of: |options| options.bulk.map(bulk),
        put: |options, value| {
            options.bulk = match value {
                Some("show") => Some(Bulk::Show),
                Some("headline") => Some(Bulk::Headline),
                Some("drop") => Some(Bulk::Drop),
                _ => None,
            }
        },
        otherwise: |decider| bulk(decider.settings.bulk),
    },
    Choice {
        name: "gather",
        about: Sentence("option-gather"),
        values: |language| {
            let values = [
                ("on", Sentence("option-gather-on")),
                ("off", Sentence("option-gather-off")),
            ];
            in_words(language, &values)
        },
        is_of_contacts: true,
        of: |options| options.gather.map(switch),
        put: |options, value| options.gather = switched(value),
        otherwise: |decider| switch(!decider.settings.gather.is_zero()),
    },
    Choice {
        name: "strangers",
        about: Sentence("option-strangers"),
        values: |language| {
            let values = [
                ("mark", Sentence("option-strangers-mark")),
                ("show", Sentence("option-strangers-show")),
                ("request", Sentence("option-strangers-request")),
                ("hold", Sentence("option-strangers-hold")),
            ];
            in_words(language, &values)
        },
        is_of_contacts: true,
        of: |options| options.strangers.map(strangers),
        put: |options, value| {
            options.strangers = match value {
                Some("mark") => Some(Strangers::Mark),
                Some("show") => Some(Strangers::Show),
                Some("request") => Some(Strangers::Request),
                Some("hold") => Some(Strangers::Hold),
                _ => None,
            }
        },
        otherwise: |decider| strangers(decider.settings.strangers),
    },
    Choice {
        name: AWAY_ON_XA,
        about: Sentence("option-away-on-xa"),
        values: |language| {
            let values = [
                ("on", Sentence("option-away-on-xa-on")),
                ("off", Sentence("option-away-on-xa-off")),
            ];
            in_words(language, &values)
        },
        is_of_contacts: false,
        of: |options| options.away_on_xa.map(switch),
        put: |options, value| {
            options.away_on_xa = switched(value);
            // What was heard before is not known to hold.
            options.own_status = None;
        },
        otherwise: |_| switch(false),
    },
    Choice {
        name: LANGUAGE,
        about: Sentence("option-language"),
        values: |language| {
            let meaning = |one: Language| texts::option_language_is(language, one);
            Language::all()
                .map(|one| (one.tag(), meaning(one)))
                .collect()
        },
        is_of_contacts: false,
        of: |options| options.language.map(Language::tag),
        put: |options, value| options.language = value.and_then(Language::of_tag),
        otherwise: |decider| decider.language.tag(),
    },
];

fn in_words(
    language: Language,
    values: &[(&'static str, Sentence)],
) -> Vec<(&'static str, String)> {
    let values = values.iter();
    values
        .map(|(value, meaning)| (*value, meaning.in_language(language)))
        .collect()
}

fn quotes(quotes: Quotes) -> &'static str {
    match quotes {
        Quotes::Cut => "cut",
        Quotes::Keep => "keep",
    }
}

fn strangers(strangers: Strangers) -> &'static str {
    match strangers {
        Strangers::Mark => "mark",
        Strangers::Show => "show",
        Strangers::Request => "request",
        Strangers::Hold => "hold",
    }
}

/// Of a choice that is on or off; nothing is the default.
fn switched(value: Option<&str>) -> Option<bool> {
    match value {
        Some("on") => Some(true),
        Some("off") => Some(false),
        _ => None,
    }
}

fn switch(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

fn bulk(bulk: Bulk) -> &'static str {
    match bulk {
        Bulk::Show => "show",
        Bulk::Headline => "headline",
        Bulk::Drop => "drop",
    }
}

impl Choice {
    fn about(&self, language: Language) -> String {
        self.about.in_language(language)
    }

    fn meaning(&self, language: Language, value: &str) -> String {
        let mut values = (self.values)(language).into_iter();
        let found = values.find(|(word, _)| *word == value);
        found.map_or(String::new(), |(_, meaning)| meaning)
    }

    /// As they are typed.
    fn words(&self) -> Vec<&'static str> {
        let values = (self.values)(Language::ENGLISH);
        values.into_iter().map(|(word, _)| word).collect()
    }

    /// `cut or keep`.
    fn alternatives(&self, language: Language) -> String {
        texts::alternatives(language, &self.words())
    }
}

/// What holds, and what else there is.
#[derive(Debug)]
pub(super) struct ShowOptions;

/// Something else holds from now on.
#[derive(Debug)]
pub(super) struct SetOption;

const WHOSE: FormField = FormField {
    var: ADDRESS,
    label: Sentence("label-one-contact"),
    kind: FieldKind::Line,
    is_required: false,
};

impl Command for ShowOptions {
    fn name(&self) -> &'static str {
        "options"
    }

    fn steps(&self) -> &'static [FormStep] {
        &[FormStep {
            title: Sentence("options-title"),
            instructions: Sentence("options-ask"),
            fields: &[WHOSE],
        }]
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        let contact = contact_of(call, self, values)?;
        let of_all = own_options(call, None)?;
        let own = match &contact {
            Some(contact) => own_options(call, Some(contact))?,
            None => Options::default(),
        };
        let language = call.language();
        let shown = CHOICES
            .iter()
            .filter(|one| one.is_of_contacts || contact.is_none());
        let rows = shown.map(|choice| {
            let of_contact =
                (choice.of)(&own).map(|value| (value, texts::chosen_for_contact(language)));
            let of_user =
                (choice.of)(&of_all).map(|value| (value, texts::chosen_by_user(language)));
            let otherwise = (choice.otherwise)(call.decider);
            let (value, whose) = of_contact.or(of_user).unwrap_or_else(|| {
                let is_clients = choice.name == LANGUAGE && of_all.client_language.is_some();
                let whose = match is_clients {
                    true => texts::chosen_by_client(language),
                    false => texts::chosen_by_gateway(language),
                };
                (otherwise, whose)
            });
            let (about, meaning) = (choice.about(language), choice.meaning(language, value));
            vec![
                choice.name.to_owned(),
                value.to_owned(),
                texts::option_means(language, &about, &meaning),
                whose,
                texts::choose(choice.name, &choice.alternatives(language)),
            ]
        });
        let table = AnswerTable {
            columns: &[
                ("option", Sentence("label-option")),
                ("value", Sentence("label-value")),
                ("meaning", Sentence("label-meaning")),
                ("whose", Sentence("label-whose")),
                ("choose", Sentence("label-choose")),
            ],
            rows: rows.collect(),
        };
        let mut text = match &contact {
            Some(mail) => texts::options(language, Some(&mail.for_people())),
            None => texts::options(language, None),
        };
        if let Some(said) = away::told_of(call, &of_all)? {
            text = format!("{said}\n{text}");
        }
        // Then nothing of what follows shows anything.
        if let Some(mail) = &contact
            && let Some(known) = call.decider.rows.contact(&call.user(), mail)?
            && known.is_blocked
        {
            let blocked = texts::options_of_blocked(language, &mail.for_people());
            text = format!("{blocked}\n{text}");
        }
        Ok(Answer {
            table: Some(table),
            ..Answer::says(text)
        })
    }
}

impl Command for SetOption {
    fn name(&self) -> &'static str {
        "set"
    }

    /// “gather off”: `options` shows options by these names.
    fn meant(&self, body: &str) -> Option<String> {
        const WORDS_MAX: usize = 3;
        const CHARS_MAX: usize = 200;
        let words: Vec<&str> = body.split_whitespace().take(WORDS_MAX + 1).collect();
        let first = words.first()?.to_lowercase();
        let is_option = CHOICES.iter().any(|choice| choice.name == first);
        let is_brief = words.len() <= WORDS_MAX && body.chars().nth(CHARS_MAX).is_none();
        let command = format!("set {}", words.join(" "));
        (is_option && is_brief).then(|| clean::for_header(&command, CHARS_MAX))
    }

    fn steps(&self) -> &'static [FormStep] {
        &[FormStep {
            title: Sentence("set-title"),
            instructions: Sentence("set-ask"),
            fields: &[
                FormField {
                    var: OPTION,
                    label: Sentence("label-option"),
                    kind: FieldKind::Choice,
                    is_required: true,
                },
                FormField {
                    var: VALUE,
                    label: Sentence("label-value"),
                    kind: FieldKind::Choice,
                    is_required: true,
                },
                WHOSE,
            ],
        }]
    }

    /// Of an option without a value.
    fn hint(&self, language: Language, values: &Values) -> Option<String> {
        let name = values.get(OPTION).map(|word| word.trim().to_lowercase());
        let choice = CHOICES
            .iter()
            .find(|choice| Some(choice.name) == name.as_deref())?;
        let words = choice.words();
        let alternatives = texts::alternatives(language, &words);
        let example = texts::choose(choice.name, words.first()?);
        Some(texts::lacks_value(
            language,
            choice.name,
            &alternatives,
            &example,
        ))
    }

    fn choices(
        &self,
        call: &Call<'_>,
        field: &'static str,
    ) -> Result<Vec<(String, String)>, Missing> {
        let language = call.language();
        Ok(match field {
            OPTION => CHOICES
                .iter()
                .map(|choice| {
                    let about = texts::begun(&choice.about(language));
                    (choice.name.to_owned(), about)
                })
                .collect(),
            VALUE => {
                let of_all = CHOICES.iter().flat_map(|choice| {
                    let values = (choice.values)(language).into_iter();
                    values.map(|(value, meaning)| {
                        (value.to_owned(), format!("{}: {meaning}", choice.name))
                    })
                });
                let default = (DEFAULT.to_owned(), texts::chosen_by_gateway(language));
                of_all.chain([default]).collect()
            }
            _ => Vec::new(),
        })
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        let (choice, chosen) = chosen(call.language(), values)?;
        let contact = contact_of(call, self, values)?;
        if contact.is_some() && !choice.is_of_contacts {
            let why = texts::option_for_all_only(call.language(), choice.name);
            return Err(refused(why));
        }
        let mut options = own_options(call, contact.as_ref())?;
        let is_new = options.is_empty() && contact.is_some();
        let sees_status = options.own_status.is_some();
        (choice.put)(&mut options, chosen);
        // Who has chosen a language is answered in it.
        let language = match contact {
            Some(_) => call.language(),
            None => options.language.unwrap_or(call.decider.otherwise),
        };
        let people = contact.as_ref().map(MailAddress::for_people);
        let (about, people) = (choice.about(language), people.as_deref());
        let text = match chosen {
            Some(value) => {
                texts::option_set(language, &about, &choice.meaning(language, value), people)
            }
            None => {
                let value = left(call, choice, contact.as_ref(), language)?;
                let meaning = choice.meaning(language, value);
                let clients = call.decider.sent.or(options.client_language);
                match choice.name == LANGUAGE && clients.is_some() {
                    true => texts::option_default_of_client(language, &about, &meaning),
                    false => texts::option_default(language, &about, &meaning, people),
                }
            }
        };
        let (stanzas, text) = match choice.name {
            AWAY_ON_XA => {
                let is_on = options.away_on_xa == Some(true);
                asked_for_status(call, (is_on, sees_status), text)?
            }
            _ => (Vec::new(), text),
        };
        Ok(Answer {
            beside: Decision {
                stanzas,
                // As a new contact: rows are not to be had without limit.
                strangers: usize::from(is_new),
                writes: vec![Write::Options(call.user(), contact, options)],
                ..Decision::default()
            },
            ..Answer::says(text)
        })
    }
}

/// What the gateway asks for, so that it sees the status of the user, or no longer.
fn asked_for_status(
    call: &Call<'_>,
    (is_on, is_seen): (bool, bool),
    text: String,
) -> Result<(Vec<Element>, String), Missing> {
    let kind = if is_on { "subscribe" } else { "unsubscribe" };
    let asked = own_status::from_gateway(call.decider, &call.user(), kind)?;
    let mut text = text;
    if is_on && !is_seen {
        text = format!("{text}\n{}", texts::away::asks_for_status(call.language()));
    }
    if is_on {
        text.push_str(&away::unanswered(call));
    }
    Ok((vec![asked], text))
}

/// The value that holds where a choice is taken back: for a contact that of all, else that of the gateway, which says it in this
/// language.
fn left(
    call: &Call<'_>,
    choice: &Choice,
    contact: Option<&MailAddress>,
    language: Language,
) -> Result<&'static str, Missing> {
    let of_all = match contact {
        Some(_) => (choice.of)(&own_options(call, None)?),
        None => None,
    };
    let decider = Decider {
        language,
        ..call.decider
    };
    Ok(of_all.unwrap_or_else(|| (choice.otherwise)(decider)))
}

/// What was typed: an option, and one of its values, or none to take it back.
fn chosen(
    language: Language,
    values: &Values,
) -> Result<(&'static Choice, Option<&'static str>), Stop> {
    let typed = |var| values.get(var).map(|word| word.trim().to_lowercase());
    let name = typed(OPTION).unwrap_or_default();
    let Some(choice) = CHOICES.iter().find(|choice| choice.name == name) else {
        let names: Vec<&str> = CHOICES.iter().map(|choice| choice.name).collect();
        let names = texts::alternatives(language, &names);
        return Err(refused(texts::no_option(language, &name, &names)));
    };
    let value = typed(VALUE).unwrap_or_default();
    let value = match Language::called(&value) {
        Some(language) if choice.name == LANGUAGE => language.tag().to_owned(),
        _ => value,
    };
    let chosen = choice.words().into_iter().find(|word| *word == value);
    if chosen.is_none() && value != DEFAULT {
        let words = choice.alternatives(language);
        let why = texts::no_value(language, &value, choice.name, &words);
        return Err(refused(why));
    }
    Ok((choice, chosen))
}

/// The contact that an option is about; `None`: it is about all.
fn contact_of(
    call: &Call<'_>,
    command: &dyn Command,
    values: &Values,
) -> Result<Option<MailAddress>, Stop> {
    let typed = values.get(ADDRESS).map_or("", |typed| typed.trim());
    if typed.is_empty() {
        return Ok(None);
    }
    write::contact_of(call, command, values).map(|(mail, _)| Some(mail))
}

/// What the user has chosen for a contact, or for all.
fn own_options(call: &Call<'_>, contact: Option<&MailAddress>) -> Result<Options, Missing> {
    call.decider.rows.own_options(&call.user(), contact)
}
