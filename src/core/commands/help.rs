//! `help`: what there is, with examples.

use super::{Answer, Call, Command, Values, texts};
use crate::core::decide::decider::Stop;
use crate::core::language::Language;

#[derive(Debug)]
pub(super) struct Help;

impl Command for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn is_of_conversation(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, _values: &Values) -> Result<Answer, Stop> {
        Ok(Answer::says(text(call)))
    }
}

/// What there is to say of one command.
pub(super) fn line(command: &dyn Command, language: Language) -> String {
    let (example, about) = command.help(language);
    format!("• {example} – {about}")
}

/// Each command in a line.
fn text(call: &Call<'_>) -> String {
    let (settings, language) = (call.decider.settings, call.language());
    let named = call.commands().filter(|one| one.is_in_help(settings));
    let lines = named.map(|command| line(command, language));
    let mut text = vec![texts::help::before(language)];
    text.extend(lines);
    text.push(texts::help::after(language, settings.keeps_originals));
    let page = settings.write_page.as_deref();
    text.extend(page.map(|link| texts::help::write_page(language, link)));
    text.join("\n")
}
