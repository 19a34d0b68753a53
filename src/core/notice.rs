//! Every sentence that a user reads, in one place: what happened, to what, what to do next. How it is worded is in
//! `language/*.ftl`; here is what it takes, so that no argument is forgotten.

mod delivery;
mod held;
mod page;
mod refusal;
mod stranger;

pub use delivery::{
    DROPPED, UNREACHED, delayed, expired, late, not_delivered, refused, returned, returned_from,
    returned_subject, status_available, status_trouble, undelivered,
};
pub use held::{HoldReason, held, held_as_well};
pub use page::{is_whole_mail_line, whole_mail, without_whole_mail};
pub use refusal::{
    address_error, address_is_reserved, address_is_taken, body_too_long, contact_denied, encrypted,
    encrypted_file, failed, failed_before, no_address, no_answer_to_all, no_attention, no_calls,
    no_chat_address, no_groupchat, no_jid, no_room, no_rooms, not_a_contact, nothing_for_all,
    one_of_its_recipients, outsider, sent_too_much, sent_too_much_by_all, sent_too_much_to_one,
    too_many_recipients, too_many_requests, too_many_strangers, unanswered_requests,
    unknown_request, unwritable, user_has_no_mail, you_blocked,
};

pub use stranger::{
    first_bulk_mail, first_mail, released, request, request_status, strangers_wait, unverified,
    unverified_answer, unverified_status, unverified_stranger,
};

pub mod sent_on;

use crate::core::file::{FILES_PER_MAIL_MAX, NotHosted};
use crate::core::language::{Language, say};
use crate::core::limits;
use crate::core::outcome::Reply;
use crate::core::record::{PresenceState, Show};
use crate::core::text::{clean, size};
use std::sync::OnceLock;

/// A file that leaves as its link.
pub fn not_attached(language: Language, name: &str, why: &str) -> String {
    say!(language, "not-attached", name = name, why = why)
}

/// To whom the mail goes, of a file that leaves as its link, on this host. `too_big`: why, and how many octets it has, where that is
/// known.
pub fn file_as_link(
    language: Language,
    name: &str,
    host: &str,
    too_big: Option<Option<u64>>,
) -> String {
    match too_big {
        Some(Some(octets)) => {
            let size = size::in_words(language, octets);
            say!(
                language,
                "file-as-link-big",
                name = name,
                size = size,
                host = host
            )
        }
        Some(None) => say!(language, "file-as-link-too-big", name = name, host = host),
        None => say!(language, "file-as-link", name = name, host = host),
    }
}

/// Why a file is not attached: it is too big.
pub fn too_big_to_attach(language: Language, max: u64) -> String {
    say!(
        language,
        "too-big-to-attach",
        max = size::in_words(language, max)
    )
}

/// Why a file is not attached: the user has sent and got as much as one user may in a day.
pub fn files_over_limit(language: Language) -> String {
    say!(language, "files-over-limit")
}

/// What a person reads of a message. `/me waves` is what somebody does (XEP-0245).
pub fn said(language: Language, body: &str, name: &str, is_correction: bool) -> String {
    let body = match body.strip_prefix("/me ") {
        Some(does) => format!("* {name} {does}"),
        None => body.to_owned(),
    };
    match is_correction {
        true => say!(language, "correction", text = body),
        false => body,
    }
}

/// The subject of a mail whose message has none.
pub fn default_subject(language: Language, name: &str) -> String {
    say!(language, "default-subject", name = name)
}

/// The subject of a mail to somebody whose program shows none.
pub fn chat_subject(language: Language, name: &str) -> String {
    say!(language, "chat-subject", name = name)
}

/// Above the first mail of a contact that is encrypted.
pub fn encrypts(language: Language, mail: &str) -> String {
    say!(language, "encrypts", mail = mail)
}

/// Of a whole mail that is shown, where it is longer than a message may be.
pub fn rest_too_long(language: Language) -> String {
    say!(language, "rest-too-long")
}

/// A message that is taken back.
pub fn not_taken_back(language: Language) -> String {
    say!(language, "not-taken-back")
}

/// A message that is taken back in time.
pub fn taken_back(language: Language) -> String {
    say!(language, "taken-back-in-time")
}

/// Another one's message.
pub fn not_yours(language: Language) -> String {
    say!(language, "not-yours")
}

/// A message of which nothing is known.
pub fn unknown_message(language: Language) -> String {
    say!(language, "unknown-message")
}

/// A reaction that is taken back when it has left.
pub fn reaction_has_left(language: Language) -> String {
    say!(language, "reaction-has-left")
}

/// To somebody who uses the gateway for the first time. `mail` is the user's own address.
pub fn welcome(language: Language, mail: &str) -> String {
    say!(language, "welcome", mail = mail)
}

/// More mails than one user is shown at once, of everybody or of one sender.
pub fn mails_wait(language: Language, of_all: Option<u32>, from_one: Option<u32>) -> String {
    let of_all = of_all.map(|count| count.to_string());
    let from_one = from_one.map(|count| say!(language, "mails-wait-from-one", count = count));
    let limits: Vec<String> = of_all.into_iter().chain(from_one).collect();
    say!(language, "mails-wait", limits = limits.join(", "))
}

/// Where a mail lies that is not shown, or not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptAt {
    /// In the mailbox in which it came.
    Mailbox,
    /// Here, for a while, as it came.
    Here,
    /// Nowhere: a mail server handed it over, and hears what became of it.
    Nowhere,
}

impl KeptAt {
    /// What becomes of a mail that is not shown, for the log.
    pub fn left(self) -> &'static str {
        match self {
            Self::Mailbox => "is left in the mailbox",
            Self::Here | Self::Nowhere => "is refused",
        }
    }

    /// The same of one whose sender is in doubt.
    pub fn held(self) -> &'static str {
        match self {
            Self::Mailbox => "is held in the mailbox",
            Self::Here | Self::Nowhere => "is refused",
        }
    }

    /// As a sentence chooses between them.
    fn key(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox",
            Self::Here => "here",
            Self::Nowhere => "nowhere",
        }
    }
}

/// A mail as the subject of a sentence, with whose it is where that could be read.
fn a_mail(language: Language, mail: Option<&str>) -> String {
    match mail {
        Some(mail) => say!(language, "a-mail-from", mail = mail),
        None => say!(language, "a-mail"),
    }
}

/// The gateway itself failed on a mail. Whose, where that could be read.
pub fn not_shown(language: Language, mail: Option<&str>, kept: KeptAt) -> String {
    let what = a_mail(language, mail);
    say!(language, "not-shown", what = what, kept = kept.key())
}

/// A mail became a message that is too big. Whose, where that could be read.
pub fn too_big(language: Language, mail: Option<&str>, kept: KeptAt) -> String {
    let what = a_mail(language, mail);
    say!(language, "too-big", what = what, kept = kept.key())
}

/// A mail of a user came back to the gateway, for an address here that is nobody's.
pub fn nobody(language: Language, mail: &str) -> String {
    say!(language, "nobody", mail = mail)
}

/// A reaction, for people with a mail program. `before` is how the message begins that it is about; empty where that is not
/// known.
pub fn reaction(language: Language, emoji: &str, before: &str) -> String {
    match before {
        "" => say!(language, "reaction", emoji = emoji),
        before => say!(
            language,
            "reaction-to",
            emoji = emoji,
            excerpt = quoted(language, before)
        ),
    }
}

/// A reaction that is taken back, in a client that shows no reactions.
pub fn reaction_taken_back(language: Language, before: &str) -> String {
    match before {
        "" => say!(language, "reaction-taken-back"),
        before => say!(
            language,
            "reaction-taken-back-of",
            excerpt = quoted(language, before)
        ),
    }
}

/// A corrected message with what it said before, for people with a mail program.
pub fn corrected(language: Language, body: &str, before: &str) -> String {
    match before {
        "" => body.to_owned(),
        before => say!(
            language,
            "corrected",
            text = body,
            excerpt = quoted(language, before)
        ),
    }
}

/// Above what somebody else wrote.
pub fn you_quote(language: Language, name: &str) -> String {
    say!(language, "you-quote", name = name)
}

/// Above what one wrote oneself.
pub fn you_quote_yourself(language: Language) -> String {
    say!(language, "you-quote-yourself")
}

/// Who else has a mail: so many of them by name, and how many more.
pub fn recipients<'a>(
    language: Language,
    you: bool,
    names: impl Iterator<Item = &'a str>,
    more: usize,
) -> String {
    let you = you.then(|| say!(language, "you"));
    let listed: Vec<String> = you.into_iter().chain(names.map(str::to_owned)).collect();
    let names = listed.join(", ");
    match more {
        0 => say!(language, "recipients", names = names),
        more => say!(language, "recipients-more", names = names, more = more),
    }
}

/// The subject above a text, in bold (XEP-0393 §6.2.2: a span ends at its own mark, so the subject may hold none).
pub fn subject_line(subject: &str) -> String {
    format!("*{}*", subject.replace('*', "·"))
}

/// Whether a line is one of [`subject_line`].
pub fn is_subject_line(line: &str) -> bool {
    let inside = line
        .strip_prefix('*')
        .and_then(|line| line.strip_suffix('*'));
    inside.is_some_and(|inside| !inside.is_empty() && !inside.contains('*'))
}

/// Whether a line is one of [`recipients`], in any language: the user may have chosen another one meanwhile.
pub fn is_recipients_line(line: &str) -> bool {
    static BEGINNINGS: OnceLock<Vec<String>> = OnceLock::new();
    let beginnings = BEGINNINGS.get_or_init(|| {
        let beginning = |language: Language| say!(language, "recipients", names = "");
        Language::all().map(beginning).collect()
    });
    beginnings.iter().any(|begins| line.starts_with(begins))
}

/// What follows a text that was cut at the limit.
pub fn cut(language: Language, octets: u64, kept: KeptAt) -> String {
    let size = size::in_words(language, octets);
    say!(language, "cut", size = size, kept = kept.key())
}

/// After a list of attachments that is too long.
pub fn more_attachments(language: Language, count: usize, kept: KeptAt) -> String {
    say!(
        language,
        "more-attachments",
        count = count,
        kept = kept.key()
    )
}

/// Why an attachment is only named; `None` where that needs no words.
pub fn not_hosted(language: Language, why: &NotHosted, kept: KeptAt) -> Option<String> {
    let lies = match kept {
        KeptAt::Mailbox => say!(language, "lies-in-mailbox"),
        KeptAt::Here => say!(language, "lies-here"),
        KeptAt::Nowhere => say!(language, "lies-nowhere"),
    };
    Some(match why {
        NotHosted::Named => return None,
        NotHosted::TooLarge(Some(max)) => {
            let max = size::in_words(language, *max);
            say!(language, "not-hosted-over", max = max, lies = lies)
        }
        NotHosted::TooLarge(None) => say!(language, "not-hosted-too-big", lies = lies),
        NotHosted::Refused(words) => {
            say!(language, "not-hosted-refused", words = words, lies = lies)
        }
        NotHosted::Silent => say!(language, "not-hosted-silent", lies = lies),
        NotHosted::OverLimit => say!(language, "not-hosted-limit", lies = lies),
        NotHosted::PerMail => {
            let max = FILES_PER_MAIL_MAX;
            say!(language, "not-hosted-per-mail", max = max, lies = lies)
        }
    })
}

/// In place of a mail over the limit.
pub fn too_large(language: Language, octets: u64, max: usize) -> String {
    let max = size::in_words(language, u64::try_from(max).unwrap_or(u64::MAX));
    let size = size::in_words(language, octets);
    say!(language, "too-large", size = size, max = max)
}

/// In place of a mail without any content.
pub fn empty_mail(language: Language) -> String {
    say!(language, "empty-mail")
}

/// A mail whose sender cannot be a contact here.
pub fn unshowable_sender(language: Language, mail: &str) -> String {
    say!(language, "unshowable-sender", mail = mail)
}

/// A mail in whose `From` there is no address.
pub fn nameless_sender(language: Language, words: Option<&str>) -> String {
    match words {
        Some(words) => say!(language, "nameless-sender", words = quoted(language, words)),
        None => say!(language, "silent-sender"),
    }
}

/// An answer goes where its recipient wants answers.
pub fn answer_goes_to(language: Language, address: &str) -> String {
    say!(language, "answer-goes-to", mail = address)
}

/// A message to the sender of such a mail.
pub fn unanswerable(language: Language) -> String {
    say!(language, "unanswerable")
}

/// Who invites somebody who never wrote to the user.
#[derive(Clone, Copy, Debug)]
pub struct Inviting<'a> {
    /// How the user is called.
    pub name: &'a str,
    /// From where the mails are.
    pub mail: &'a str,
    /// The user's own words.
    pub words: Option<&'a str>,
    /// Who runs the gateway.
    pub organisation: Option<&'a str>,
}

/// What an invitation says.
pub struct Invitation {
    /// Its subject.
    pub subject: String,
    /// Who invites to what.
    pub greeting: String,
    /// How it is accepted or refused.
    pub how: String,
    /// What is written on what accepts it.
    pub accept: String,
    /// What the answer says that accepts it.
    pub yes: String,
}

impl Invitation {
    /// As the mail has it.
    pub fn text(&self) -> String {
        format!("{}\n\n{}", self.greeting, self.how)
    }
}

/// The invitation. The user's JID is not in it: mail programs would make it an address.
pub fn invitation(language: Language, by: Inviting<'_>) -> Invitation {
    let Inviting { name, mail, .. } = by;
    let words = by.words.map(|words| in_quotes(language, words));
    let words = words.map(|words| say!(language, "invitation-words", name = name, words = words));
    let footer = |organisation| say!(language, "invitation-by", organisation = organisation);
    let joined = |first: String, second: Option<String>| {
        let parts: Vec<String> = std::iter::once(first).chain(second).collect();
        parts.join("\n\n")
    };
    let how = say!(language, "invitation-how", name = name, mail = mail);
    Invitation {
        subject: say!(language, "invitation-subject", name = name),
        greeting: joined(say!(language, "invitation-hello", name = name), words),
        how: joined(how, by.organisation.map(footer)),
        accept: say!(language, "invitation-accept"),
        yes: say!(language, "invitation-yes"),
    }
}

/// The answer of a user who is away: its subject and its text. It answers a mail of this subject, with these words of the user's.
pub fn away(
    language: Language,
    name: &str,
    (subject, words): (Option<&str>, Option<&str>),
) -> (String, String) {
    let text = words.map_or_else(|| say!(language, "away-text", name = name), str::to_owned);
    let text = format!(
        "{text}\n\n{}",
        say!(language, "away-by-program", name = name)
    );
    // RFC 3834 §3.1.5.
    let subject = match subject {
        Some(subject) => format!("Auto: {subject}"),
        None => say!(language, "away-subject", name = name),
    };
    (subject, text)
}

/// The mail that carries a subscription stanza, for a person who opens it.
pub fn subscription(language: Language, verb: &str, name: &str, mail: &str) -> (String, String) {
    let (subject, text) = match verb {
        "subscribe" => (
            say!(language, "subscribe-subject", name = name),
            say!(language, "subscribe-text", name = name, mail = mail),
        ),
        "subscribed" => (
            say!(language, "subscribed-subject", name = name),
            say!(language, "subscribed-text", name = name, mail = mail),
        ),
        "unsubscribe" => (
            say!(language, "unsubscribe-subject", name = name),
            say!(language, "unsubscribe-text", name = name, mail = mail),
        ),
        _ => (
            say!(language, "unsubscribed-subject", name = name),
            say!(language, "unsubscribed-text", name = name, mail = mail),
        ),
    };
    (subject, format!("{text}\n\n{}", for_gateways(language)))
}

/// The mail that carries a presence.
pub fn presence(language: Language, name: &str, state: Option<&PresenceState>) -> (String, String) {
    let subject = match state.map(|state| state.show) {
        None => say!(language, "presence-offline", name = name),
        Some(None | Some(Show::Chat)) => say!(language, "presence-online", name = name),
        Some(Some(Show::Away)) => say!(language, "presence-away", name = name),
        Some(Some(Show::Xa)) => say!(language, "presence-xa", name = name),
        Some(Some(Show::Dnd)) => say!(language, "presence-dnd", name = name),
    };
    let said = state.and_then(|state| state.status.as_ref());
    let said = said.map(|status| format!(": {status}")).unwrap_or_default();
    let text = format!("{subject}{said}.\n\n{}", for_gateways(language));
    (subject, text)
}

/// What a person reads who finds a mail for gateways in a mailbox.
fn for_gateways(language: Language) -> String {
    say!(language, "for-gateways")
}

/// A request for a contact who is in the roster under another JID.
pub fn known_as(language: Language, mail: &str, jid: &str) -> String {
    say!(language, "known-as", mail = mail, jid = jid)
}

/// A message without a text for people, for a person who opens its mail.
pub fn without_text(language: Language, name: &str, what: &WithoutText) -> String {
    match what {
        WithoutText::Received => say!(language, "without-text-received", name = name),
        WithoutText::Read => say!(language, "without-text-read", name = name),
        WithoutText::Reaction(emoji) => {
            let emoji = emoji.as_str();
            say!(
                language,
                "without-text-reaction",
                name = name,
                emoji = emoji
            )
        }
        WithoutText::ReactionTakenBack => {
            say!(language, "without-text-reaction-taken-back", name = name)
        }
        WithoutText::Retraction => say!(language, "without-text-retraction", name = name),
        WithoutText::Other => say!(language, "without-text-other", name = name),
    }
}

/// What a message without a body is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithoutText {
    /// XEP-0184 received.
    Received,
    /// XEP-0333 displayed.
    Read,
    /// XEP-0444 with emoji.
    Reaction(String),
    /// XEP-0444 without any.
    ReactionTakenBack,
    /// XEP-0424.
    Retraction,
    /// Whatever else.
    Other,
}

/// XEP-0100 prompt.
pub fn gateway_prompt(language: Language) -> String {
    say!(language, "gateway-prompt")
}

/// The words of others, in marks that they cannot end themselves.
fn quoted(language: Language, text: &str) -> String {
    in_quotes(
        language,
        &clean::for_header(text, limits::REPLY_TEXT_CHARS_MAX),
    )
}

/// In the quotation marks of the language, which the text cannot end.
pub(crate) fn in_quotes(language: Language, text: &str) -> String {
    let text = text.replace(['“', '”', '„', '‟', '«', '»'], "\"");
    say!(language, "in-quotes", text = text)
}

/// As a sentence, before another one.
pub(crate) fn ended(words: &str) -> String {
    let last = words.trim_end_matches(['”', '“', '»', '\u{a0}', '\u{202f}']);
    match last.ends_with(['.', '!', '?']) {
        true => words.to_owned(),
        false => format!("{words}."),
    }
}

/// What a server said: its codes and its words, in quotation marks, since they are not ours: whoever gets a mail may have chosen
/// them.
pub fn words(language: Language, reply: &Reply) -> String {
    let text = match reply.text.as_str() {
        "" => say!(language, "no-reason"),
        DROPPED => say!(language, "dropped"),
        UNREACHED => say!(language, "not-reached"),
        text => quoted(language, text),
    };
    let code = reply
        .code
        .map(|code| format!("{code} "))
        .unwrap_or_default();
    let enhanced = reply
        .enhanced
        .map(|(class, subject, detail)| format!("{class}.{subject}.{detail} "))
        .unwrap_or_default();
    format!("{code}{enhanced}{text}")
}
