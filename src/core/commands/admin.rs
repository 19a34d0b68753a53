//! Commands of administrators (`[users] admins`): those of the command line, as far as they need nothing but words. What they do
//! and say is the command line's affair; here is what may be asked for, and by whom. Others do not see that they are there.
//!
//! What was typed stands behind `--` or in `--option=…`, so that it is never read as an option.

use super::{Answer, Call, Command, FieldKind, FormField, FormStep, Values, refused, texts};
use crate::core::decide::Decision;
use crate::core::decide::decider::Stop;
use crate::core::language::{Language, Sentence};
use crate::core::limits::COMMAND_OUTPUT_OCTETS_MAX;
use crate::core::operation::{Operation, OperationResult};
use crate::core::settings::Settings;
use crate::core::text::clean;
use crate::core::xml;
use jid::BareJid;

/// One of them.
#[derive(Debug)]
pub(super) struct Admin {
    name: &'static str,
    /// As they are typed in a shell, before what was filled in.
    line: &'static [&'static str],
    steps: &'static [FormStep],
    /// Fields that are an option there.
    options: &'static [(&'static str, AdminArgument)],
}

/// What an option is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AdminArgument {
    /// `--name=…`
    Named(&'static str),
    /// There, where this was typed.
    Where(&'static str, &'static str),
}

const fn line(var: &'static str, label: Sentence, is_required: bool) -> FormField {
    FormField {
        var,
        label,
        kind: FieldKind::Line,
        is_required,
    }
}

/// In the order in which they are listed.
pub(super) static ALL: [Admin; 18] = [
    Admin {
        name: "status",
        line: &["status"],
        steps: &[],
        options: &[],
    },
    Admin {
        name: "queue-list",
        line: &["queue", "list"],
        steps: &[],
        options: &[],
    },
    Admin {
        name: "queue-show",
        line: &["queue", "show"],
        steps: &[FormStep {
            title: Sentence("queue-show-form"),
            instructions: Sentence("queue-show-ask"),
            fields: &[line("id", Sentence("label-id"), true)],
        }],
        options: &[],
    },
    Admin {
        name: "queue-retry",
        line: &["queue", "retry"],
        steps: &[FormStep {
            title: Sentence("queue-retry-form"),
            instructions: Sentence("queue-retry-ask"),
            fields: &[line("id", Sentence("label-id"), false)],
        }],
        options: &[],
    },
    Admin {
        name: "queue-drop",
        line: &["queue", "drop"],
        steps: &[FormStep {
            title: Sentence("queue-drop-form"),
            instructions: Sentence("queue-drop-ask"),
            fields: &[
                line("id", Sentence("label-id"), true),
                line("how", Sentence("label-silent"), false),
            ],
        }],
        options: &[("how", AdminArgument::Where("silent", "--silent"))],
    },
    Admin {
        name: "map-list",
        line: &["map", "list"],
        steps: &[],
        options: &[],
    },
    Admin {
        name: "map-find",
        line: &["map", "find"],
        steps: &[FormStep {
            title: Sentence("map-find-form"),
            instructions: Sentence("map-find-ask"),
            fields: &[line("side", Sentence("label-jid-or-mail-address"), true)],
        }],
        options: &[],
    },
    Admin {
        name: "map-add",
        line: &["map", "add"],
        steps: &[FormStep {
            title: Sentence("map-add-form"),
            instructions: Sentence("map-add-ask"),
            fields: &[
                line("jid", Sentence("label-jid"), true),
                line("mail", Sentence("label-mail-address"), true),
                line("name", Sentence("label-name"), false),
            ],
        }],
        options: &[("name", AdminArgument::Named("--name"))],
    },
    Admin {
        name: "map-remove",
        line: &["map", "remove"],
        steps: &[FormStep {
            title: Sentence("map-remove-form"),
            instructions: Sentence("map-remove-ask"),
            fields: &[line("side", Sentence("label-jid-or-mail-address"), true)],
        }],
        options: &[],
    },
    Admin {
        name: "peer-list",
        line: &["peer", "list"],
        steps: &[],
        options: &[],
    },
    Admin {
        name: "peer-set",
        line: &["peer", "set"],
        steps: &[FormStep {
            title: Sentence("peer-set-form"),
            instructions: Sentence("peer-set-ask"),
            fields: &[
                line("who", Sentence("label-mail-address-or-domain"), true),
                line("format", Sentence("label-format"), true),
            ],
        }],
        options: &[],
    },
    Admin {
        name: "peer-remove",
        line: &["peer", "remove"],
        steps: &[FormStep {
            title: Sentence("peer-remove-form"),
            instructions: Sentence("peer-remove-ask"),
            fields: &[line("who", Sentence("label-mail-address-or-domain"), true)],
        }],
        options: &[],
    },
    Admin {
        name: "users-list",
        line: &["users", "list"],
        steps: &[],
        options: &[],
    },
    Admin {
        name: "users-show",
        line: &["users", "show"],
        steps: &[FormStep {
            title: Sentence("users-show-form"),
            instructions: Sentence("users-show-ask"),
            fields: &[line("user", Sentence("label-jid-of-user"), true)],
        }],
        options: &[],
    },
    Admin {
        name: "users-forget",
        line: &["users", "forget"],
        steps: &[FormStep {
            title: Sentence("users-forget-form"),
            instructions: Sentence("users-forget-ask"),
            fields: &[line("user", Sentence("label-jid-of-user"), true)],
        }],
        options: &[],
    },
    Admin {
        name: "announce",
        line: &["announce"],
        steps: &[FormStep {
            title: Sentence("announce-form"),
            instructions: Sentence("announce-ask"),
            fields: &[FormField {
                var: "text",
                label: Sentence("label-announcement"),
                kind: FieldKind::Text,
                is_required: true,
            }],
        }],
        options: &[],
    },
    Admin {
        name: "reload",
        line: &["reload"],
        steps: &[],
        options: &[],
    },
    Admin {
        name: "log-level",
        line: &["log-level"],
        steps: &[FormStep {
            title: Sentence("log-level-form"),
            instructions: Sentence("log-level-ask"),
            fields: &[line("level", Sentence("label-log-level"), true)],
        }],
        options: &[],
    },
];

impl Command for Admin {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_for(&self, settings: &Settings, user: &BareJid) -> bool {
        settings.users.administers(user)
    }

    fn steps(&self) -> &'static [FormStep] {
        self.steps
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        match call.decider.rows.told() {
            Some((Operation::Admin { .. }, OperationResult::Said(said))) => {
                return self.answered(call.language(), said);
            }
            Some((_, OperationResult::Busy)) => {
                return Err(refused(texts::waiting::busy(call.language())));
            }
            _ => {}
        }
        let beside = Decision {
            operation: Some(Operation::Admin {
                words: self.typed(values),
                language: call.language(),
            }),
            ..Decision::default()
        };
        Ok(Answer {
            beside,
            ..Answer::default()
        })
    }
}

impl Admin {
    /// The command as it would be typed.
    fn typed(&self, values: &Values) -> Vec<String> {
        let mut typed: Vec<String> = self.line.iter().map(|word| (*word).to_owned()).collect();
        let mut behind = Vec::new();
        let fields: Vec<&FormField> = self.steps.iter().flat_map(|step| step.fields).collect();
        let value = |field: &&FormField| values.get(field.var).map_or("", |value| value.trim());
        let mut given: Vec<&str> = fields.iter().map(value).collect();
        // As it is typed in a shell, where it may stand first.
        let is_switch = |value: &&str| {
            self.options.iter().any(
                |(_, given)| matches!(given, AdminArgument::Where(_, option) if option == value),
            )
        };
        if let Some(place) = given.iter().position(is_switch) {
            typed.push(given.remove(place).to_owned());
            given.push("");
        }
        for (field, value) in fields.into_iter().zip(given) {
            let option = self.options.iter().find(|(var, _)| *var == field.var);
            match option.map(|(_, given)| *given) {
                _ if value.is_empty() => {}
                None => behind.push(value.to_owned()),
                Some(AdminArgument::Named(option)) => typed.push(format!("{option}={value}")),
                Some(AdminArgument::Where(word, option)) if value.eq_ignore_ascii_case(word) => {
                    typed.push(option.to_owned());
                }
                // Not that something is done otherwise than it was meant.
                Some(AdminArgument::Where(..)) => behind.push(value.to_owned()),
            }
        }
        if !behind.is_empty() {
            typed.push("--".to_owned());
        }
        typed.extend(behind);
        typed
    }

    /// As it was printed, with a line for each row.
    fn answered(&self, language: Language, said: &Result<String, String>) -> Result<Answer, Stop> {
        let shown = |text: &str| {
            let text = clean::for_xml(text.trim_end()).replace('\t', " · ");
            let cut = xml::cut(&text, COMMAND_OUTPUT_OCTETS_MAX);
            match cut.len() < text.len() {
                true => format!("{cut} …"),
                false => text,
            }
        };
        match said {
            Ok(text) if text.trim().is_empty() => Ok(Answer::says(self.silent(language))),
            Ok(text) => Ok(Answer::says(shown(text))),
            Err(why) => Err(refused(shown(why))),
        }
    }

    /// What is said where nothing was printed: an empty answer looks as if none had come.
    fn silent(&self, language: Language) -> String {
        let said = match self.line {
            ["queue", "list"] => Sentence("admin-nothing-waits"),
            ["map", "list"] => Sentence("admin-no-pair"),
            ["peer", "list"] => Sentence("admin-no-format"),
            _ => Sentence("admin-done"),
        };
        said.in_language(language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_printed_is_said_in_words() {
        for command in &ALL {
            let answer = command
                .answered(Language::ENGLISH, &Ok(" \n".to_owned()))
                .unwrap();
            assert!(!answer.text.trim().is_empty(), "{}", command.name);
        }
        let list = ALL.iter().find(|one| one.name == "map-list").unwrap();
        assert!(
            list.answered(Language::ENGLISH, &Ok(String::new()))
                .unwrap()
                .text
                .contains("No pair")
        );
        let long = list.answered(Language::ENGLISH, &Err("x".repeat(200 * 1024)));
        let why = long.unwrap_err().rejected().unwrap().why;
        assert!(why.ends_with(" …") && why.len() < COMMAND_OUTPUT_OCTETS_MAX + 10);
        let row = list
            .answered(Language::ENGLISH, &Ok("a@b\tc@d\n".to_owned()))
            .unwrap()
            .text;
        assert_eq!(row, "a@b · c@d");
    }

    #[test]
    fn what_was_typed_is_no_option() {
        let typed = |name: &str, values: &[(&'static str, &str)]| {
            let command = ALL.iter().find(|command| command.name == name).unwrap();
            let values = values
                .iter()
                .map(|(var, value)| (*var, (*value).to_owned()));
            command.typed(&values.collect()).join(" ")
        };
        assert_eq!(typed("status", &[]), "status");
        assert_eq!(typed("queue-retry", &[("id", "")]), "queue retry");
        assert_eq!(
            typed("queue-show", &[("id", "--body")]),
            "queue show -- --body"
        );
        assert_eq!(
            typed("queue-drop", &[("id", "3f"), ("how", "Silent")]),
            "queue drop --silent -- 3f"
        );
        assert_eq!(
            typed("queue-drop", &[("id", "3f"), ("how", "--body")]),
            "queue drop -- 3f --body"
        );
        for values in [
            [("id", "--silent"), ("how", "3f")],
            [("id", "3f"), ("how", "--silent")],
        ] {
            assert_eq!(typed("queue-drop", &values), "queue drop --silent -- 3f");
        }
        assert_eq!(
            typed("queue-drop", &[("id", "--silent"), ("how", "--silent")]),
            "queue drop --silent -- --silent"
        );
        let pair = [("jid", "a@b"), ("mail", "-x"), ("name", "--json Alice")];
        assert_eq!(
            typed("map-add", &pair),
            "map add --name=--json Alice -- a@b -x"
        );
        // Another one's fields are not taken.
        assert_eq!(typed("map-list", &[("id", "x")]), "map list");
    }
}
