//! Every sentence that a user reads, in one place: what happened, to what, what to do next.

use crate::core::address::AddressError;
use crate::core::limits;
use crate::core::outcome::Reply;
use crate::core::record::{PresenceState, Show};
use crate::core::text::clean;
use crate::core::to_stanza::Condition;
use std::time::Duration;

/// Who may use the gateway was asked for by somebody else.
pub fn outsider(domains: &[String]) -> String {
    format!(
        "This e-mail gateway serves the users of {} only; ask its administrator to let you in.",
        domains.join(", ")
    )
}

/// The node of a contact's JID is no mail address.
pub fn no_address(error: &AddressError, gateway: &str) -> String {
    format!(
        "{error}. Write to carol@mail.example as carol\\40mail.example@{gateway} or carol%mail.example@{gateway}."
    )
}

/// A message to the gateway itself.
pub fn not_a_contact(gateway: &str) -> String {
    format!(
        "This is the e-mail gateway itself. Write to carol@mail.example as carol\\40mail.example@{gateway}."
    )
}

/// A local user without a mail address.
pub fn user_has_no_mail(user: &str) -> String {
    format!(
        "There is no mail address for {user}; ask the administrator of the e-mail gateway to add a rule or a pair for it."
    )
}

/// Rule and pairs disagree about a local user.
pub fn address_is_taken(mail: &str) -> String {
    format!(
        "The mail address {mail}, which would be yours by rule, belongs to somebody else; ask the administrator of the e-mail gateway."
    )
}

/// The administrator does not allow mail to this address.
pub fn contact_denied(mail: &str) -> String {
    format!("The administrator of the e-mail gateway does not allow mail to {mail}.")
}

/// A body that only the recipient's XMPP client could decrypt.
pub fn encrypted() -> String {
    "This gateway cannot carry end-to-end encrypted messages; switch encryption off for this contact and send again.".to_owned()
}

/// A body over the limit.
pub fn body_too_long(octets: usize, max: usize) -> String {
    format!("The message has {octets} octets, the gateway takes at most {max}; send it in parts.")
}

/// Too many recipients.
pub fn too_many_recipients(count: usize, max: usize) -> String {
    format!(
        "The message has {count} recipients, the gateway takes at most {max}; send it to fewer."
    )
}

/// More mail than one user may send.
pub fn sent_too_much(count: u32, again: Duration) -> String {
    format!(
        "You may send {count} mails in an hour, each recipient counts, and have sent them. The message was not sent; try \
         again in {}.",
        in_words(again)
    )
}

/// More mail than one user may send to one address.
pub fn sent_too_much_to_one(to: &str, count: u32, again: Duration) -> String {
    format!(
        "You may send {count} mails in an hour to one address, and have sent them to {to}. The message was not sent; try again \
         in {}.",
        in_words(again)
    )
}

/// More mail than all users of a domain may send.
pub fn sent_too_much_by_all(domain: &str, count: u32, again: Duration) -> String {
    format!(
        "The users of {domain} may send {count} mails in an hour together, each recipient counts, and have sent them. The \
         message was not sent; try again in {}, or ask the administrator of the e-mail gateway.",
        in_words(again)
    )
}

/// More new addresses than one user may write to.
pub fn too_many_strangers(count: u32, again: Duration) -> String {
    format!(
        "You may write to {count} new addresses in a day, and have done so. Nothing was sent; try again in {}, or ask the \
         administrator of the e-mail gateway.",
        in_words(again)
    )
}

/// More mails than one user is shown at once, of everybody or of one sender.
pub fn mails_wait(of_all: Option<u32>, from_one: Option<u32>) -> String {
    let of_all = of_all.map(|count| count.to_string());
    let from_one = from_one.map(|count| format!("{count} from one sender"));
    let limits: Vec<String> = of_all.into_iter().chain(from_one).collect();
    let limits = limits.join(", ");
    format!(
        "More mails come for you than are shown in a minute ({limits}). The others wait in the mailbox and follow in their order."
    )
}

/// More requests than are answered.
pub fn unanswered_requests() -> String {
    "The e-mail gateway gets too many requests from you and does not answer all of them; ask again in some seconds.".to_owned()
}

/// Rounded up, to the greatest unit of which there are two.
fn in_words(time: Duration) -> String {
    let secs = time.as_millis().div_ceil(1000).max(1);
    let (count, unit) = match secs {
        0..120 => (secs, "second"),
        120..7200 => (secs.div_ceil(60), "minute"),
        _ => (secs.div_ceil(3600), "hour"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// Multi-user chat is not carried.
pub fn no_groupchat() -> String {
    "This gateway does not carry group chat messages; write to a contact instead.".to_owned()
}

/// A letter that the mail library refuses.
pub fn unwritable(error: &crate::core::to_mail::Unwritable) -> String {
    format!("{error}. The message was not sent.")
}

/// The spool cannot take the message now.
pub fn no_room() -> String {
    "The e-mail gateway cannot take messages now (its disk is full or failing). The message was not sent; try again later.".to_owned()
}

/// The gateway itself failed on a stanza.
pub fn failed() -> String {
    "The e-mail gateway failed on this, which is a defect of it; nothing was sent. It is kept for the administrator of the gateway.".to_owned()
}

/// The gateway itself failed on a mail. Whose, where that could be read.
pub fn not_shown(mail: Option<&str>) -> String {
    let from = mail.map(|mail| format!(" from {mail}")).unwrap_or_default();
    format!(
        "A mail{from} could not be shown: the e-mail gateway failed on it, which is a defect of it. It lies in the mailbox."
    )
}

/// What the sender of a mail reads that the administrator took out of the queue.
pub const DROPPED: &str = "it was dropped by the administrator of the e-mail gateway";

/// An unknown request.
pub fn unknown_request() -> String {
    "The e-mail gateway does not know this request.".to_owned()
}

/// Mail was refused for good.
pub fn refused(mail: &str, reply: &Reply, certain: bool) -> String {
    let fate = if certain {
        "was not delivered"
    } else {
        "may not have been delivered"
    };
    format!("The message to {mail} {fate}: {}", words(reply))
}

/// A message is sent again that has failed.
pub fn failed_before(mail: &str) -> String {
    format!(
        "The message to {mail} was not delivered, as was told before; write it anew to try again."
    )
}

/// A mail server reports that it could not deliver what it had taken. `forwarded` is where the mail had gone from there.
pub fn not_delivered(mail: &str, forwarded: Option<&str>, reply: &Reply) -> String {
    match forwarded {
        Some(other) => format!(
            "The message to {mail} was forwarded to {other} and was not delivered: {}",
            words(reply)
        ),
        None => refused(mail, reply, true),
    }
}

/// What the sender of a mail reads that the XMPP server could not take.
pub fn returned(mail: &str, condition: Condition, text: Option<&str>) -> String {
    let why = match condition {
        Condition::ItemNotFound => "there is no such user",
        Condition::ServiceUnavailable => {
            "there is no such user, or they cannot be reached now and nothing is kept for them"
        }
        Condition::Gone | Condition::Redirect => "the user has moved",
        Condition::RecipientUnavailable => "the user cannot be reached now",
        Condition::ResourceConstraint => "there is no room for more messages to this user",
        Condition::RemoteServerNotFound => "the server of the user cannot be found",
        Condition::RemoteServerTimeout => "the server of the user does not answer",
        Condition::Forbidden
        | Condition::NotAllowed
        | Condition::NotAuthorized
        | Condition::PolicyViolation
        | Condition::RegistrationRequired
        | Condition::SubscriptionRequired => "the user or their server does not allow it",
        _ => "the server of the user did not take it",
    };
    let said = text.map(|text| {
        let text = clean::for_header(text, limits::REPLY_TEXT_CHARS_MAX);
        format!("\n\nIt said: {text}")
    });
    format!(
        "Your mail to {mail} was not delivered: {why} (XMPP: {}).{}\n\nThis report comes from an e-mail gateway of an instant \
         messaging system. You will get at most one in an hour.\n",
        condition.name(),
        said.unwrap_or_default()
    )
}

/// A mail server reports that what it had taken is late.
pub fn late(mail: &str, reply: &Reply) -> String {
    format!(
        "The message to {mail} is still waiting on its way: {} The mail server goes on trying; there is nothing to do.",
        ended(&words(reply))
    )
}

/// Mail was given up after a long time.
pub fn expired(mail: &str, days: u64, reply: Option<&Reply>, certain: bool) -> String {
    let fate = if certain {
        "was not delivered"
    } else {
        "may not have been delivered"
    };
    let why = reply.map_or_else(|| "the mail server could not be reached".to_owned(), words);
    format!("The message to {mail} {fate}: no success in {days} days; the last answer was: {why}")
}

/// Mail is late.
pub fn delayed(mail: &str, hours: u64, reply: Option<&Reply>) -> String {
    let why = reply.map_or_else(|| "the mail server could not be reached".to_owned(), words);
    format!(
        "The message to {mail} is still waiting after {hours} hours: {why} The gateway goes on trying; there is nothing to do."
    )
}

/// Status of a contact whose mail gets through.
pub const STATUS_AVAILABLE: &str = "by e-mail";

/// Status of a contact whose mail does not get through.
pub fn status_trouble(text: &str) -> String {
    format!(
        "mail does not get through: {}",
        clean::for_header(text, limits::REPLY_TEXT_CHARS_MAX)
    )
}

/// What follows a text that was cut at the limit.
pub fn cut(octets: u64) -> String {
    format!(
        "[The text goes on; the whole mail has {} and lies in the mailbox.]",
        size(octets)
    )
}

/// In place of a mail over the limit.
pub fn too_large(octets: u64, max: usize) -> String {
    let max = size(u64::try_from(max).unwrap_or(u64::MAX));
    format!(
        "[This mail has {}, more than the {max} that the gateway reads. It lies in the mailbox.]",
        size(octets)
    )
}

/// Before the text of a mail whose sender is not verified.
pub const UNVERIFIED: &str = "[unverified sender]";

/// In place of a mail whose sender failed authentication, or was not verified where that is required.
pub fn held(mail: &str, has_failed: bool) -> String {
    let what = if has_failed {
        "failed authentication"
    } else {
        "could not be authenticated"
    };
    format!("A mail that claims to be from {mail} {what} and lies in the mailbox.")
}

/// In place of a mail without any content.
pub const EMPTY_MAIL: &str = "[empty mail]";

/// A mail whose sender cannot be a contact here.
pub fn unshowable_sender(mail: &str) -> String {
    format!("A mail from {mail}, whose address cannot be a JID; you cannot answer it from here:")
}

/// The invitation to somebody who never wrote to the user.
pub fn invitation(name: &str, user: &str, user_mail: &str) -> (String, String) {
    let subject = format!("{name} would like to chat with you");
    let text = format!(
        "Hello,\n\n{name} ({user}) would like to chat with you and writes from an instant messenger, through {user_mail}.\n\n\
         To accept, answer this mail; whatever you write reaches {name} as a chat message, and messages from {name} \
         reach you as mails.\n\nTo refuse, answer with the one word no, or do nothing: you will not be asked again \
         for at least a week."
    );
    (subject, text)
}

/// The mail that carries a subscription stanza, for a person who opens it.
pub fn subscription(verb: &str, name: &str, mail: &str) -> (String, String) {
    let (subject, what) = match verb {
        "subscribe" => (
            "asks for your presence",
            "would like to see when you are online",
        ),
        "subscribed" => (
            "lets you see their presence",
            "lets you see when they are online",
        ),
        "unsubscribe" => (
            "no longer follows your presence",
            "no longer wants to see when you are online",
        ),
        _ => (
            "no longer shows you their presence",
            "does not let you see when they are online, or no longer does",
        ),
    };
    (
        format!("{name} {subject}"),
        format!("{name} ({mail}) {what}.\n\n{FOR_GATEWAYS}"),
    )
}

/// The mail that carries a presence.
pub fn presence(name: &str, state: Option<&PresenceState>) -> (String, String) {
    let Some(state) = state else {
        let subject = format!("{name} is offline");
        return (subject.clone(), format!("{subject}.\n\n{FOR_GATEWAYS}"));
    };
    let subject = match state.show {
        None | Some(Show::Chat) => format!("{name} is online"),
        Some(Show::Away) => format!("{name} is away"),
        Some(Show::Xa) => format!("{name} is away for long"),
        Some(Show::Dnd) => format!("{name} does not want to be disturbed"),
    };
    let said = state
        .status
        .as_ref()
        .map(|status| format!(": {status}"))
        .unwrap_or_default();
    (
        subject.clone(),
        format!("{subject}{said}.\n\n{FOR_GATEWAYS}"),
    )
}

/// What a person reads who finds a mail for gateways in a mailbox.
const FOR_GATEWAYS: &str = "This mail is from one instant messaging system to another (XMPP over e-mail); there is nothing to do.";

/// A request for a contact who is in the roster under another JID.
pub fn known_as(mail: &str, jid: &str) -> String {
    format!("{mail} is your contact {jid} already; remove that one first, or this one.")
}

/// More subscription stanzas than anybody needs.
pub fn too_many_requests(max: u32) -> String {
    format!(
        "The gateway mails at most {max} subscription requests and answers to one contact in an hour; try again later."
    )
}

/// A message without a text for people, for a person who opens its mail.
pub fn without_text(name: &str, what: WithoutText) -> String {
    match what {
        WithoutText::Received => format!("{name} has received your message."),
        WithoutText::Read => format!("{name} has read your message."),
        WithoutText::Reaction(emoji) => format!("{name} reacted to a message: {emoji}"),
        WithoutText::ReactionTakenBack => format!("{name} took a reaction back."),
        WithoutText::Retraction => format!("{name} has taken back a message."),
        WithoutText::Other => {
            format!("{name} sent something that only an instant messenger shows.")
        }
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
pub const GATEWAY_PROMPT: &str =
    "Enter the mail address of the person you want to chat with, for example carol@mail.example.";

/// A size as people read it.
pub fn size(octets: u64) -> String {
    match octets {
        0..1_024 => format!("{octets} bytes"),
        1_024..1_048_576 => format!("{} KB", octets.div_ceil(1_024)),
        _ => format!("{} MB", octets.div_ceil(1_048_576)),
    }
}

/// As a sentence, before another one.
fn ended(words: &str) -> String {
    match words.ends_with(['.', '!', '?']) {
        true => words.to_owned(),
        false => format!("{words}."),
    }
}

/// What a server said: its codes and its words.
pub fn words(reply: &Reply) -> String {
    let text = match reply.text.is_empty() {
        true => "the mail server gave no reason".to_owned(),
        false => clean::for_header(&reply.text, limits::REPLY_TEXT_CHARS_MAX),
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
