//! The door for everybody: a message to the gateway, or to its helper, is answered by a message. Never by an error: clients
//! show that as a sign without words.

use super::help::{self, Help};
use super::words::{after, in_all};
use super::{
    Answer, AnswerTable, Call, Command, HELPER, Values, answers, fields, form, link, texts, write,
};
use crate::core::address::MailAddress;
use crate::core::context::Missing;
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::from_stanza::{Stanza, StanzaKind, StanzaMessage};
use crate::core::id::{MessageId, StanzaId};
use crate::core::language::{Language, Understood};
use crate::core::notice;
use crate::core::to_stanza;
use crate::core::xml::CORRECTION;
use minidom::Element;

/// Whether a stanza is said to the gateway itself, be it as its helper. A list of recipients (XEP-0033) is for others.
pub fn is_spoken(stanza: &Stanza) -> bool {
    let StanzaKind::Message(message) = &stanza.kind else {
        return false;
    };
    let is_gateway = match stanza.to.node() {
        None => message.addresses.is_empty(),
        Some(node) => node.as_str() == HELPER,
    };
    is_gateway && stanza.element.attr("type") != Some("headline")
}

/// Decides about a message to the gateway, of a user who may use it.
///
/// # Errors
/// [`Missing`] names a row that has to be loaded first.
pub fn decide(
    decider: Decider<'_>,
    stanza: &Stanza,
    message: &StanzaMessage,
) -> Result<Decision, Missing> {
    if message.encrypted {
        let text = notice::encrypted(decider.language);
        let text = (decider.language, text);
        return Ok(said(stanza, message, text, Decision::nothing()));
    }
    if is_change(stanza) {
        let text = (decider.language, texts::no_changes(decider.language));
        return Ok(said(stanza, message, text, Decision::nothing()));
    }
    let Some(body) = &message.body else {
        return Ok(Decision::nothing());
    };
    let call = Call {
        decider,
        caller: &stanza.from,
        id: call_id(decider, stanza),
        is_form: false,
    };
    let (text, beside) = match asked(call.understood(), body, call.commands()) {
        Some((command, values)) => match command.doubt(&call, body, &values) {
            Some(doubt) => (doubt, Decision::nothing()),
            None => answer(&call, command, &values)?,
        },
        None => (no_command(&call, body)?, Decision::nothing()),
    };
    // What is said of an operation is known when it is done.
    Ok(match beside.operation {
        Some(_) => beside,
        None => said(stanza, message, (decider.language, text), beside),
    })
}

/// Whether it corrects (XEP-0308) or takes back (XEP-0424) what was said before. A command was followed then.
fn is_change(stanza: &Stanza) -> bool {
    stanza.element.children().any(|child| {
        child.is("replace", CORRECTION)
            || child.name() == "retract" && child.ns().starts_with("urn:xmpp:message-retract:")
    })
}

/// What is behind a slash in a conversation and is no command there: what others say of themselves (XEP-0245), and what goes to
/// all who have a mail.
const TO_CONTACTS: [&str; 2] = ["me", "all"];

/// What a line behind a slash is.
enum Slashed<'a> {
    /// A command, with what stands behind its words.
    Command(&'static dyn Command, &'a str),
    /// None, but nearly these words of one.
    Slip(String),
}

/// The command that a message to a contact is, with what stands behind it: a slash, the words of a command, and no more than
/// that line. A space before the slash makes it a text.
fn slashed<'a>(call: &Call<'_>, body: &'a str) -> Option<(&'static dyn Command, &'a str)> {
    let line = slashed_line(body)?;
    let by_word = by_words(call.understood(), line, call.commands());
    let (_, command, rest) = by_word.max_by_key(|(length, ..)| *length)?;
    Some((command, rest.trim_matches(['.', '!', '?', ' '])))
}

/// The words of a command that such a line may be a slip for, or says in another language than the user's.
fn slip(call: &Call<'_>, body: &str) -> Option<String> {
    let line = slashed_line(body)?;
    let others = Language::all().filter(|other| *other != call.language());
    let understood = std::iter::once(call.understood())
        .chain(others.map(|other| Understood::of(call.language(), Some(other))));
    let mut slips = understood.filter_map(|one| nearest(one, line, call.commands()));
    slips.next()
}

/// What is behind a slash that is neither a contact's nor the beginning of more lines.
fn slashed_line(body: &str) -> Option<&str> {
    let line = body.strip_prefix('/')?.trim_end();
    let first = line.split(|c: char| !c.is_alphanumeric()).next()?;
    let is_other = first.is_empty()
        || line.contains('\n')
        || TO_CONTACTS
            .iter()
            .any(|word| first.eq_ignore_ascii_case(word));
    (!is_other).then_some(line)
}

/// Decides about a message to a contact that is for the gateway. `None`: it is for the contact, who has a mail program.
///
/// # Errors
/// [`Missing`] names a row that has to be loaded first.
pub fn in_conversation(
    decider: Decider<'_>,
    stanza: &Stanza,
    message: &StanzaMessage,
) -> Result<Option<Decision>, Missing> {
    let body = message.body.as_deref().unwrap_or_default();
    if !body.starts_with('/') || !message.addresses.is_empty() || is_change(stanza) {
        return Ok(None);
    }
    let call = Call {
        decider,
        caller: &stanza.from,
        id: call_id(decider, stanza),
        is_form: false,
    };
    let found = match slashed(&call, body) {
        Some((command, rest)) => Slashed::Command(command, rest),
        None => match slip(&call, body) {
            Some(meant) => Slashed::Slip(meant),
            None => return Ok(None),
        },
    };
    let Some(mail) = Stop::optional(lookup::contact_mail(decider, &stanza.to.to_bare()))? else {
        return Ok(None);
    };
    if lookup::format_of(decider, &mail)?.features().stanzas {
        return Ok(None);
    }
    let (text, beside) = match found {
        Slashed::Command(command, rest)
            if rest.is_empty() && command.is_of_conversation()
                || command.goes_on_in_conversation(&call, rest) =>
        {
            let values = filled(command, &format!("{mail} {rest}"));
            answer(&call, command, &values)?
        }
        Slashed::Command(..) => {
            let text = elsewhere(&call, body, &mail, None)?;
            (text, Decision::nothing())
        }
        Slashed::Slip(meant) => {
            let text = elsewhere(&call, body, &mail, Some(&meant))?;
            (text, Decision::nothing())
        }
    };
    Ok(Some(match beside.operation {
        Some(_) => beside,
        None => said(stanza, message, (decider.language, text), beside),
    }))
}

/// Where a command is to be written that was written to a contact, and how, where it was a slip.
fn elsewhere(
    call: &Call<'_>,
    body: &str,
    mail: &MailAddress,
    meant: Option<&str>,
) -> Result<String, Missing> {
    let helper = super::speaker(call.decider)?;
    let (mail, link) = (mail.for_people(), link(&helper));
    let to = (helper.as_str(), link.as_str());
    let language = call.language();
    Ok(match meant {
        Some(meant) => texts::slip_of_the_slash(language, (body, meant), &mail, to),
        None => texts::for_the_gateway(language, body, &mail, to),
    })
}

fn answer(
    call: &Call<'_>,
    command: &dyn Command,
    values: &Values,
) -> Result<(String, Decision), Missing> {
    let nothing = Decision::nothing;
    for step in command.steps() {
        let language = call.language();
        if form::lack(language, step, values).is_some() {
            if let Some(hint) = command.hint(language, values) {
                return Ok((hint, nothing()));
            }
            let label = step.fields.first().map(|field| field.label);
            let label = label.map_or(String::new(), |label| label.in_language(language));
            let (example, _) = command.help(language);
            return Ok((texts::lacks(language, &label, &example), nothing()));
        }
    }
    Ok(match command.run(call, values) {
        Ok(answer) => (in_words(&answer), answer.beside),
        Err(stop) => (stop.rejected()?.why, nothing()),
    })
}

fn in_words(answer: &Answer) -> String {
    let mut lines = vec![answer.text.clone()];
    lines.extend(answer.table.iter().flat_map(lines_of));
    if let Some(jid) = &answer.contact {
        lines.push(link(jid));
        lines.push(jid.to_string());
    }
    lines.join("\n")
}

fn lines_of(table: &AnswerTable) -> impl Iterator<Item = String> {
    let filled = |row: &Vec<String>| {
        let cells = row.iter().filter(|cell| !cell.is_empty());
        cells.cloned().collect::<Vec<_>>().join(" · ")
    };
    table
        .rows
        .iter()
        .map(move |row| format!("• {}", filled(row)))
}

/// What a message asks for: by an address, or by the words of a command.
fn asked(
    understood: Understood,
    body: &str,
    commands: impl Iterator<Item = &'static dyn Command> + Clone,
) -> Option<(&'static dyn Command, Values)> {
    let body = body.trim().trim_start_matches(['/', '¿', '¡']);
    let first = body.split_whitespace().next()?;
    if write::bare_address(first).contains('@') {
        let command = super::named(commands, "write")?;
        return Some((command, filled(command, body)));
    }
    let by_word = by_words(understood, body, commands.clone());
    // A command without fields has nothing behind it: “list of my friends” asks for no list.
    let fitting = by_word.filter(|(_, command, rest)| {
        fields(*command).next().is_some() || rest.trim_matches(['.', '!', '?', ' ']).is_empty()
    });
    match fitting.max_by_key(|(length, ..)| *length) {
        Some((_, command, rest)) => Some((command, filled(command, rest))),
        None => {
            let command = super::named(commands, "write")?;
            Some((command, filled(command, to_open(understood, body)?)))
        }
    }
}

/// The commands whose words a text begins with, with the length of these and what stands behind them.
fn by_words(
    understood: Understood,
    body: &str,
    commands: impl Iterator<Item = &'static dyn Command>,
) -> impl Iterator<Item = (usize, &'static dyn Command, &str)> {
    commands.flat_map(move |command| {
        let words = words_of(command, understood);
        words.filter_map(move |word| Some((word.len(), command, after(body, &word)?)))
    })
}

/// The address whose conversation is to be opened, where it stands alone behind `add` and its like: what follows it, as in “add
/// carol@mail.example to my friends”, is no message to anybody.
fn to_open(understood: Understood, body: &str) -> Option<&str> {
    let words = in_all(understood, texts::open_words);
    let mut rests = words.iter().filter_map(|word| after(body, word));
    rests.find_map(|rest| {
        let address = write::bare_address(rest);
        (address.contains('@') && !address.contains(char::is_whitespace)).then_some(address)
    })
}

/// What is answered to a message that is no more than what people say to each other.
fn small_talk(call: &Call<'_>, body: &str) -> Option<String> {
    let body = body.trim().trim_start_matches(['¿', '¡']);
    let is_all = |words: fn(Language) -> String| {
        let mut rests = in_all(call.understood(), words).into_iter();
        rests.any(|word| {
            let is_end = |c: char| !c.is_alphanumeric();
            after(body, &word).is_some_and(|rest| rest.trim_matches(is_end).is_empty())
        })
    };
    if is_all(texts::greeting_words) {
        return Some(texts::greeting(call.language()));
    }
    is_all(texts::thanks_words).then(|| texts::thanks(call.language()))
}

/// The line of help about one command: “help away”.
fn about_command(call: &Call<'_>, body: &str) -> Option<String> {
    let body = body.trim().trim_end_matches(['.', '!', '?']);
    let mut rests = words_of(&Help, call.understood()).filter_map(|words| after(body, &words));
    let asked = rests.find(|rest| !rest.trim().is_empty())?;
    let asked = asked.trim_start_matches([':', ',', ' ']);
    let is_it = |command: &&'static dyn Command| {
        let mut words = words_of(*command, call.understood());
        words.any(|words| after(asked, &words).is_some_and(str::is_empty))
    };
    let settings = call.decider.settings;
    let mut named = call.commands().filter(|one| one.is_in_help(settings));
    let command = named.find(is_it)?;
    Some(help::line(command, call.language()))
}

/// The address that stands in a text, where it is the only one.
fn only_address(body: &str) -> Option<MailAddress> {
    const OCTETS_MAX: usize = 1000;
    let words = body.split_whitespace();
    let mut found = words.filter(|word| word.contains('@') && word.len() <= OCTETS_MAX);
    let (address, other) = (found.next()?, found.next());
    let address = MailAddress::parse(write::bare_address(address)).ok()?;
    other.is_none().then_some(address)
}

/// By which words a command is asked for.
fn words_of(command: &dyn Command, understood: Understood) -> impl Iterator<Item = String> {
    understood
        .all()
        .flat_map(move |language| command.words(language))
}

/// What is said where a message asks for nothing that there is.
fn no_command(call: &Call<'_>, body: &str) -> Result<String, Missing> {
    let language = call.language();
    if let Some(answer) = small_talk(call, body) {
        return Ok(answer);
    }
    if let Some(answer) = answers::about(call, body) {
        return Ok(answer);
    }
    if let Some(answer) = about_command(call, body) {
        return Ok(answer);
    }
    if let Some(command) = call.commands().find_map(|one| one.meant(body)) {
        return Ok(texts::did_you_mean(language, body, &command));
    }
    // Before a slip: what somebody is called is nearer than what is nearly a command.
    if let Some(answer) = write::about_name(call, body)? {
        return Ok(answer);
    }
    if let Some(command) = nearest(call.understood(), body, call.commands()) {
        return Ok(texts::did_you_mean(language, body, &command));
    }
    Ok(match only_address(body) {
        Some(mail) => texts::to_write_to(language, body, &mail.for_people()),
        None => texts::not_understood(language, body),
    })
}

/// The words of a command that this may be a slip for. Whoever writes more than those, but for an address, writes no command.
fn nearest(
    understood: Understood,
    body: &str,
    commands: impl Iterator<Item = &'static dyn Command>,
) -> Option<String> {
    const CHARS_MAX: usize = 200;
    const SHORT: usize = 6;
    let is_brief = body.chars().nth(CHARS_MAX).is_none();
    let body = body
        .trim()
        .trim_start_matches(['/', '¿', '¡'])
        .to_lowercase();
    let typed: Vec<&str> = body.split_whitespace().filter(|_| is_brief).collect();
    let edits = |words: String| {
        let (begin, rest) = typed.split_at_checked(words.split(' ').count())?;
        let is_command = rest.len() <= 1 && rest.iter().all(|word| word.contains('@'));
        let begin = begin.join(" ");
        let begin = begin.trim_matches(['.', '!', '?', ':', ',']);
        let max = if words.len() < SHORT { 1 } else { 2 };
        // Looked at before the letters are compared, which takes the product of both lengths for each command.
        let apart = words.chars().count().abs_diff(begin.chars().count());
        if !is_command || apart > max {
            return None;
        }
        let edits = strsim::damerau_levenshtein(&words, begin);
        // Of two that are as near, the one of which letters are missing: `ublock` is no wish to block.
        let is_near = words.len() > 3 && edits <= max;
        is_near.then_some((edits, std::cmp::Reverse(words.len()), words))
    };
    let words = commands.flat_map(|command| words_of(command, understood));
    let slips = words.filter_map(edits);
    slips.min().map(|(.., words)| words)
}

/// The words of a message as the fields of a command: one word for each, and what is left for the last.
fn filled(command: &dyn Command, rest: &str) -> Values {
    let all: Vec<_> = fields(command).collect();
    let (mut rest, mut values) = (rest.trim(), Values::new());
    for (number, field) in all.iter().enumerate() {
        let is_last = number.saturating_add(1) == all.len();
        let end = match is_last {
            true => rest.len(),
            false => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        let (value, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        values.insert(field.var, value.trim().to_owned());
        rest = after.trim_start();
    }
    values
}

/// The answer to a message of a user, in words.
pub fn refused(stanza: &Stanza, language: Language, why: &str) -> Decision {
    match &stanza.kind {
        StanzaKind::Message(message) => {
            let why = (language, why.to_owned());
            said(stanza, message, why, Decision::nothing())
        }
        _ => Decision::nothing(),
    }
}

fn said(
    stanza: &Stanza,
    message: &StanzaMessage,
    (language, text): (Language, String),
    beside: Decision,
) -> Decision {
    let (helper, user) = (stanza.to.to_bare(), stanza.from.to_bare());
    let about = MessageId::of_raw(id_of(stanza).as_str().as_bytes());
    let derived = |what: &str| StanzaId::derive(&about, &user, what);
    let received = stanza.id.as_ref().filter(|_| message.wants_receipt);
    let receipt = received.map(|received| {
        let id = derived("receipt");
        to_stanza::receipt(&helper, &stanza.from, received, id.as_str())
    });
    let (id, from_to) = (derived("answer"), (helper.as_str(), user.as_str()));
    let answer = to_stanza::notice(language, from_to, id.as_str(), &text);
    let mut stanzas: Vec<Element> = receipt.into_iter().chain([answer]).collect();
    stanzas.extend(beside.stanzas);
    Decision { stanzas, ..beside }
}

/// By which the same call is known. Without an id nobody can tell whether a message is the one before or is meant once more, so
/// it is another one, as in a conversation.
fn call_id(decider: Decider<'_>, stanza: &Stanza) -> StanzaId {
    let made_up = || {
        let now = decider.now.millis().to_string();
        let about = MessageId::of_raw(now.as_bytes());
        StanzaId::derive(&about, &stanza.from.to_bare(), id_of(stanza).as_str())
    };
    stanza.id.clone().unwrap_or_else(made_up)
}

/// The id of a message, or one that is made up of what it is.
fn id_of(stanza: &Stanza) -> StanzaId {
    let made_up = || {
        let about = MessageId::of_raw(String::from(&stanza.element).as_bytes());
        StanzaId::derive(&about, &stanza.from.to_bare(), "")
    };
    stanza.id.clone().unwrap_or_else(made_up)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: Understood = Understood::of(Language::ENGLISH, None);

    fn read(body: &str) -> Option<(&'static str, Vec<String>)> {
        let all = super::super::ALL.into_iter();
        let (command, values) = asked(ENGLISH, body, all)?;
        let values =
            fields(command).map(|field| values.get(field.var).cloned().unwrap_or_default());
        Some((command.name(), values.collect()))
    }

    fn write(address: &str, text: &str) -> Option<(&'static str, Vec<String>)> {
        Some(("write", vec![address.to_owned(), text.to_owned()]))
    }

    #[test]
    fn an_address_alone_or_with_a_text_is_written_to() {
        let carol = "carol@mail.example";
        assert_eq!(read("carol@mail.example"), write(carol, ""));
        assert_eq!(
            read("carol@mail.example hello  you"),
            write(carol, "hello  you")
        );
        assert_eq!(
            read(" carol@mail.example\nhello\nyou "),
            write(carol, "hello\nyou")
        );
        assert_eq!(read("Write carol@mail.example hi"), write(carol, "hi"));
        assert_eq!(read("/write to carol@mail.example hi"), write(carol, "hi"));
        assert_eq!(read("chat WITH carol@mail.example"), write(carol, ""));
        assert_eq!(read("write"), write("", ""));
    }

    #[test]
    fn a_slip_is_asked_about() {
        let of = |body: &str| nearest(ENGLISH, body, super::super::ALL.into_iter());
        for (body, words) in [
            ("hlep", "help"),
            ("Hepl!", "help"),
            ("my adress", "my address"),
            ("/contcats", "contacts"),
            ("cancle", "cancel"),
            ("ublock carol@mail.example", "unblock"),
        ] {
            assert_eq!(of(body).as_deref(), Some(words), "{body}");
        }
        for body in [
            "",
            "hello",
            "helo carol and dave",
            "…",
            "block and tackle",
            "ok",
            "thanks",
        ] {
            assert_eq!(of(body), None, "{body}");
        }
        assert_eq!(of(&"help ".repeat(100_000)), None);
    }

    #[test]
    fn words_are_commands_and_other_words_are_none() {
        for (body, name) in [
            ("help", "help"),
            ("Help!", "help"),
            ("?", "help"),
            ("ПОМОЩЬ", "help"),
            ("my  address?", "my-address"),
            ("My Address", "my-address"),
            ("contacts", "contacts"),
        ] {
            assert_eq!(read(body).map(|(name, _)| name), Some(name), "{body}");
        }
        for body in [
            "",
            "hello",
            "helpless",
            "contacts are people",
            "myaddress",
            "…",
        ] {
            assert_eq!(read(body), None, "{body}");
        }
    }
}
