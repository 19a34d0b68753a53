//! What commands say, in one place. How it is worded is in `language/*.ftl`.

pub(super) mod answers;
pub(super) mod away;
pub(super) mod block;
pub(super) mod export;
pub(super) mod forget_me;
pub(super) mod help;
pub(super) mod original;
pub(super) mod requests;
pub(super) mod revoke;
pub(super) mod waiting;
pub(super) mod whereabouts;

use crate::core::language::{Language, say};
use crate::core::limits;
use crate::core::notice;
use crate::core::record::Format;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use chrono::Datelike;

/// A form that was sent before, and did what it says.
pub(super) fn session_done(language: Language) -> String {
    say!(language, "session-done")
}

/// Of what somebody has typed, for a sentence about it, in characters.
const TYPED_CHARS_MAX: usize = 60;

fn brief(typed: &str) -> String {
    clean::for_header(typed, TYPED_CHARS_MAX)
}

/// What others chose, as a name, within a line of the gateway's own: in quotation marks, and without what stands between the parts
/// of a line, which it would pass itself off as.
pub(super) fn of_others(language: Language, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = text.replace(['·', '•', '‧', '∙', '⋅', '・', '･', '●'], "-");
    notice::in_quotes(language, &text)
}

/// How the helper is called.
pub fn helper_name(language: Language) -> String {
    say!(language, "helper-name")
}

/// How the gateway is called among other things.
pub fn gateway_name(language: Language) -> String {
    say!(language, "gateway-name")
}

/// Where it is clear that it is a gateway.
pub fn gateway_short_name(language: Language) -> String {
    say!(language, "gateway-short-name")
}

/// Beside the gateway, in a roster.
pub fn gateway_status(language: Language) -> String {
    say!(language, "gateway-status")
}

/// What becomes of data here, beside what has fields of its own.
pub fn data_policy(language: Language) -> String {
    say!(language, "data-policy")
}

/// The same of mail.
pub fn data_policy_of_mail(language: Language) -> String {
    say!(language, "data-policy-of-mail")
}

/// What it is for.
pub fn gateway_description(language: Language) -> String {
    say!(language, "gateway-description")
}

/// A command that is corrected or taken back.
pub(super) fn no_changes(language: Language) -> String {
    say!(language, "no-changes")
}

/// Before an address alone, which is opened then.
pub(super) fn open_words(language: Language) -> String {
    say!(language, "open-words")
}

/// With what goes on what began with whom to write to.
pub(super) fn sentence_words(language: Language) -> String {
    say!(language, "sentence-words")
}

/// What joins two names, or two sentences.
pub(super) fn and_words(language: Language) -> String {
    say!(language, "and-words")
}

/// Hello.
pub(super) fn greeting_words(language: Language) -> String {
    say!(language, "greeting-words")
}

/// Thank you.
pub(super) fn thanks_words(language: Language) -> String {
    say!(language, "thanks-words")
}

/// The answer to a greeting.
pub(super) fn greeting(language: Language) -> String {
    say!(language, "greeting")
}

/// The answer to thanks.
pub(super) fn thanks(language: Language) -> String {
    say!(language, "thanks")
}

/// How one writes to an address that stands in a message that is no command.
pub(super) fn to_write_to(language: Language, body: &str, mail: &str) -> String {
    let typed = brief(body.lines().next().unwrap_or_default());
    say!(language, "to-write-to", typed = typed, mail = mail)
}

/// A name that one contact has, in place of an address; `example` is what was typed, with the address.
pub(super) fn is_it(language: Language, typed: &str, mail: &str, example: &str) -> String {
    let typed = brief(typed);
    say!(
        language,
        "is-it",
        typed = typed,
        mail = mail,
        example = example
    )
}

/// A command that was written to a contact.
pub(super) fn for_the_gateway(
    language: Language,
    typed: &str,
    mail: &str,
    (helper, link): (&str, &str),
) -> String {
    say!(
        language,
        "for-the-gateway",
        typed = brief(typed),
        mail = mail,
        helper = helper,
        link = link
    )
}

/// A line behind a slash, written to a contact, that is nearly a command.
pub(super) fn slip_of_the_slash(
    language: Language,
    (typed, command): (&str, &str),
    mail: &str,
    (helper, link): (&str, &str),
) -> String {
    say!(
        language,
        "slash-slip",
        typed = brief(typed),
        mail = mail,
        command = command,
        helper = helper,
        link = link
    )
}

/// A message that is no command.
pub(super) fn not_understood(language: Language, body: &str) -> String {
    let typed = brief(body.lines().next().unwrap_or_default());
    say!(language, "not-understood", typed = typed)
}

/// A message that is no command, and the command that it may be a slip for.
pub(super) fn did_you_mean(language: Language, body: &str, command: &str) -> String {
    let typed = brief(body.lines().next().unwrap_or_default());
    say!(language, "did-you-mean", typed = typed, command = command)
}

/// A message to more than one.
pub(super) fn several_addresses(language: Language) -> String {
    say!(language, "several-addresses")
}

/// A command without what it needs.
pub(super) fn lacks(language: Language, label: &str, example: &str) -> String {
    say!(language, "lacks", label = label, example = example)
}

/// A field that is empty and may not be.
pub(super) fn required(language: Language, label: &str) -> String {
    say!(language, "required", label = label)
}

/// A form came back too late.
pub(super) fn session_over(language: Language) -> String {
    say!(language, "session-over")
}

/// A form came back that was not given to who sends it.
pub(super) fn session_unknown(language: Language) -> String {
    say!(language, "session-unknown")
}

/// What is asked of a session cannot be done.
pub(super) fn action_unknown(language: Language) -> String {
    say!(language, "action-unknown")
}

/// A conversation that may begin.
pub(super) fn opened(language: Language, mail: &str) -> String {
    say!(language, "opened", mail = mail)
}

/// A message that was taken.
pub(super) fn written(language: Language, mail: &str) -> String {
    say!(language, "written", mail = mail)
}

/// The first message of a conversation, from the contact.
pub(super) fn begins(language: Language, mail: &str) -> String {
    say!(language, "begins", mail = mail)
}

/// The same where something was said already.
pub(super) fn begins_with(language: Language, mail: &str, text: &str) -> String {
    let said = clean::for_header(text, limits::REPLY_TEXT_CHARS_MAX);
    let said = said.replace(['“', '”', '„'], "\"");
    say!(language, "begins-with", mail = mail, text = said)
}

/// The address of another user here.
pub(super) fn is_user(language: Language, mail: &str) -> String {
    say!(language, "is-user", mail = mail)
}

/// The JID of another user here, who has no such address; `contact` is where a mail to it is written all the same.
pub(super) fn chats_here(language: Language, mail: &str, contact: &str) -> String {
    say!(language, "chats-here", mail = mail, contact = contact)
}

/// One's own address.
pub(super) fn is_yourself(language: Language, mail: &str) -> String {
    say!(language, "is-yourself", mail = mail)
}

/// An address that cannot be a JID.
pub(super) fn cannot_be_contact(language: Language, mail: &str) -> String {
    say!(language, "cannot-be-contact", mail = mail)
}

/// A user's own address.
pub(super) fn own_address(language: Language, mail: &str) -> String {
    say!(language, "own-address", mail = mail)
}

/// How the user is called from now on.
pub(super) fn own_name(language: Language, name: &str, mail: &str) -> String {
    say!(language, "own-name", name = name, mail = mail)
}

/// The user has no wish any more.
pub(super) fn own_name_taken_back(language: Language) -> String {
    say!(language, "own-name-taken-back")
}

/// What is rather a sentence than a name; `example` is what to write in place of it.
pub(super) fn no_name_but_sentence(language: Language, typed: &str, example: &str) -> String {
    say!(
        language,
        "no-name-but-sentence",
        typed = brief(typed),
        example = example
    )
}

/// What cannot be a name: whether anything of it is seen.
pub(super) fn no_name(language: Language, typed: &str, is_seen: bool) -> String {
    match is_seen {
        true => say!(language, "no-name", typed = brief(typed)),
        false => say!(language, "no-name-unseen"),
    }
}

/// A user without contacts.
pub(super) fn no_contacts(language: Language) -> String {
    say!(language, "no-contacts")
}

/// Before the list of contacts: how many are shown, of how many, where not even these are all.
pub(super) fn contacts(language: Language, shown: usize, all: usize, is_cut: bool) -> String {
    match (shown >= all, is_cut) {
        (true, false) => say!(language, "contacts-all", count = all),
        (true, true) => say!(language, "contacts-more-than", all = all),
        (false, _) => {
            let cut = if is_cut { "yes" } else { "no" };
            say!(
                language,
                "contacts-shown",
                all = all,
                shown = shown,
                cut = cut
            )
        }
    }
}

/// When the last message of a conversation went either way.
pub(super) fn last_message(language: Language, at: Timestamp, now: Timestamp) -> String {
    match moment(language, at, now) {
        moment if moment.is_empty() => moment,
        moment => say!(language, "last-message", moment = moment),
    }
}

/// A time as people say it, with its day. Whose clock shows what is not known here, so it is UTC.
pub(super) fn moment(language: Language, at: Timestamp, now: Timestamp) -> String {
    let (Some(at), Some(now)) = (at.in_utc(), now.in_utc()) else {
        return String::new();
    };
    let days = now.date_naive().signed_duration_since(at.date_naive());
    let time = at.format("%H:%M").to_string();
    match days.num_days() {
        -1 => say!(language, "tomorrow-at", time = time),
        0 => say!(language, "today-at", time = time),
        1 => say!(language, "yesterday-at", time = time),
        2..7 => say!(
            language,
            "weekday-at",
            weekday = at.weekday().number_from_monday(),
            time = time
        ),
        _ => say!(
            language,
            "day-at",
            day = at.day(),
            month = at.month(),
            year = at.year().to_string()
        ),
    }
}

/// How mails to a contact are written.
pub(super) fn reached(language: Language, format: Format) -> String {
    match format.features().presence {
        true => say!(language, "reached-by-gateway"),
        false => say!(language, "reached-by-mail"),
    }
}

/// Mail to a contact does not get through.
pub(super) fn trouble(language: Language, words: &str, since: Timestamp, now: Timestamp) -> String {
    let moment = moment(language, since, now);
    say!(language, "contact-trouble", moment = moment, why = words)
}

/// A contact that is forgotten.
pub(super) fn removed(language: Language, mail: &str) -> String {
    say!(language, "removed", mail = mail)
}

/// One who cannot be forgotten without being seen again.
pub(super) fn blocked_stays(language: Language, mail: &str) -> String {
    say!(language, "blocked-stays", mail = mail)
}

/// One who is told by its own gateway.
pub(super) fn removed_by_client(language: Language, mail: &str) -> String {
    say!(language, "removed-by-client", mail = mail)
}

/// One of whom nothing is known.
pub(super) fn unknown_contact(language: Language, mail: &str) -> String {
    say!(language, "unknown-contact", mail = mail)
}

/// A contact whose address was verified when it was added.
pub(super) fn verified(language: Language) -> String {
    say!(language, "verified")
}

/// In the list of contacts, in place of the format.
pub(super) fn blocked(language: Language) -> String {
    say!(language, "blocked")
}

/// A contact whose mails are not shown from now on.
pub(super) fn is_blocked(language: Language, mail: &str) -> String {
    say!(language, "is-blocked", mail = mail)
}

/// One whose mails were not shown before either.
pub(super) fn is_blocked_already(language: Language, mail: &str) -> String {
    say!(language, "is-blocked-already", mail = mail)
}

/// A contact whose mails are shown again.
pub(super) fn is_unblocked(language: Language, mail: &str) -> String {
    say!(language, "is-unblocked", mail = mail)
}

/// One whose mails are shown anyway.
pub(super) fn was_not_blocked(language: Language, mail: &str) -> String {
    say!(language, "was-not-blocked", mail = mail)
}

/// A user here, who does not write by mail.
pub(super) fn not_blocked_here(language: Language, mail: &str) -> String {
    say!(language, "not-blocked-here", mail = mail)
}

/// Before the list of options.
pub(super) fn options(language: Language, mail: Option<&str>) -> String {
    match mail {
        Some(mail) => say!(language, "options-of-contact", mail = mail),
        None => say!(language, "options-of-all"),
    }
}

/// Above the options of a contact whose mails are not shown.
pub(super) fn options_of_blocked(language: Language, mail: &str) -> String {
    say!(language, "options-of-blocked", mail = mail)
}

/// Who has chosen an option: the user, for one contact.
pub(super) fn chosen_for_contact(language: Language) -> String {
    say!(language, "chosen-for-contact")
}

/// The user, for all.
pub(super) fn chosen_by_user(language: Language) -> String {
    say!(language, "chosen-by-user")
}

/// Nobody: it is the language of the user's client.
pub(super) fn chosen_by_client(language: Language) -> String {
    say!(language, "chosen-by-client")
}

/// Nobody: it is in the configuration.
pub(super) fn chosen_by_gateway(language: Language) -> String {
    say!(language, "chosen-by-gateway")
}

/// A few words as they begin a line.
pub(super) fn begun(words: &str) -> String {
    // Of one that goes on behind a clause.
    let mut chars = words.trim_end_matches(',').chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).collect()
}

/// How something else is chosen, as it is typed.
pub(super) fn choose(option: &str, values: &str) -> String {
    format!("set {option} {values}")
}

/// What an option is about, and what its value means.
pub(super) fn option_means(language: Language, about: &str, meaning: &str) -> String {
    say!(language, "option-means", about = about, meaning = meaning)
}

/// An option that holds from now on.
pub(super) fn option_set(
    language: Language,
    about: &str,
    meaning: &str,
    mail: Option<&str>,
) -> String {
    match mail {
        Some(mail) => say!(
            language,
            "option-set-for",
            about = about,
            meaning = meaning,
            mail = mail
        ),
        None => say!(language, "option-set", about = about, meaning = meaning),
    }
}

/// An option for which the user has no wish any more, and what holds instead.
pub(super) fn option_default(
    language: Language,
    about: &str,
    meaning: &str,
    mail: Option<&str>,
) -> String {
    match mail {
        Some(mail) => say!(
            language,
            "option-taken-back-for",
            about = about,
            meaning = meaning,
            mail = mail
        ),
        None => say!(
            language,
            "option-taken-back",
            about = about,
            meaning = meaning
        ),
    }
}

/// An option that is not one of single contacts.
pub(super) fn option_for_all_only(language: Language, option: &str) -> String {
    say!(language, "option-for-all-only", option = option)
}

/// What it means that one of them is chosen.
pub(super) fn option_language_is(language: Language, chosen: Language) -> String {
    let (tag, name) = (chosen.tag(), chosen.name());
    say!(language, "option-language-is", tag = tag, name = name)
}

/// A choice of the language is taken back, and that of the chat program holds again.
pub(super) fn option_default_of_client(language: Language, about: &str, meaning: &str) -> String {
    say!(
        language,
        "option-taken-back-client",
        about = about,
        meaning = meaning
    )
}

/// An option that there is not.
pub(super) fn no_option(language: Language, typed: &str, names: &str) -> String {
    say!(language, "no-option", typed = brief(typed), names = names)
}

/// A value that an option does not have.
pub(super) fn no_value(language: Language, typed: &str, option: &str, values: &str) -> String {
    let typed = brief(typed);
    say!(
        language,
        "no-value",
        typed = typed,
        option = option,
        values = values
    )
}

/// An option without a value.
pub(super) fn lacks_value(language: Language, option: &str, values: &str, example: &str) -> String {
    say!(
        language,
        "lacks-value",
        option = option,
        values = values,
        example = example
    )
}

/// Somebody whose messages are no mails.
pub(super) fn no_mail_of(language: Language, mail: &str) -> String {
    say!(language, "no-mail-of", mail = mail)
}

/// `a, b or c`.
pub(super) fn alternatives(language: Language, words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => {
            let others = others.join(", ");
            say!(language, "alternatives", others = others, last = *last)
        }
        None => String::new(),
    }
}

/// Above what a search has found.
pub(super) fn found(language: Language, has_more: bool) -> String {
    match has_more {
        true => say!(language, "found-more"),
        false => say!(language, "found"),
    }
}

/// What XEP-0055 asks for.
pub(super) fn search(language: Language) -> String {
    say!(language, "search-for")
}
