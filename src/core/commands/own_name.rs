//! `my name is`: how the user is called in mails.

use super::{Answer, Call, Command, Field, FieldKind, Step, Values, refused, texts};
use crate::core::context::Write;
use crate::core::decide::decider::Stop;
use crate::core::decide::{Decision, lookup};
use crate::core::language::Sentence;
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

    fn steps(&self) -> &'static [Step] {
        &[Step {
            title: Sentence("my-name-title"),
            instructions: Sentence("my-name-ask"),
            fields: &[Field {
                var: NAME,
                label: Sentence("label-your-name"),
                kind: FieldKind::Line,
                is_required: true,
            }],
        }]
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
