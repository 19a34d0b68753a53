//! Why something is not taken.

use crate::core::address::AddressError;
use crate::core::language::{Language, say};
use crate::core::text::clean;
use crate::core::to_mail::UnwritableMail;
use std::time::Duration;

/// Of what was typed, in characters.
const TYPED_CHARS_MAX: usize = 80;

/// Who may use the gateway was asked for by somebody else.
pub fn outsider(language: Language, domains: &[String]) -> String {
    match domains {
        [] => say!(language, "outsider-certain"),
        domains => say!(language, "outsider", domains = domains.join(", ")),
    }
}

/// What is wrong with an address, as a sentence without its end.
pub fn address_error(language: Language, error: &AddressError) -> String {
    // Whoever reads it may have been told by others what to type.
    let shown = |typed: &str| clean::for_header(typed, TYPED_CHARS_MAX);
    match error {
        AddressError::Form(typed) => say!(language, "address-form", typed = shown(typed)),
        AddressError::Length(typed) => say!(language, "address-length", typed = shown(typed)),
        AddressError::Local(typed) => say!(language, "address-local", typed = shown(typed)),
        AddressError::Domain(typed) => say!(language, "address-domain", typed = shown(typed)),
    }
}

/// The node of a contact's JID is no mail address.
pub fn no_address(language: Language, error: &AddressError, gateway: &str) -> String {
    let error = address_error(language, error);
    say!(language, "no-address", error = error, gateway = gateway)
}

/// A message to the gateway itself.
pub fn not_a_contact(language: Language, gateway: &str) -> String {
    say!(language, "not-a-contact", gateway = gateway)
}

/// A local user without a mail address.
pub fn user_has_no_mail(language: Language, user: &str) -> String {
    say!(language, "user-has-no-mail", user = user)
}

/// A local user who is called like an office.
pub fn address_is_reserved(language: Language, mail: &str) -> String {
    say!(language, "address-is-reserved", mail = mail)
}

/// Rule and pairs disagree about a local user.
pub fn address_is_taken(language: Language, mail: &str) -> String {
    say!(language, "address-is-taken", mail = mail)
}

/// A message to somebody whom the user has blocked.
pub fn you_blocked(language: Language, mail: &str) -> String {
    say!(language, "you-blocked", mail = mail)
}

/// The administrator does not allow mail to this address.
pub fn contact_denied(language: Language, mail: &str) -> String {
    say!(language, "contact-denied", mail = mail)
}

/// A body that only the recipient's XMPP client could decrypt.
pub fn encrypted(language: Language) -> String {
    say!(language, "encrypted")
}

/// A file that only its recipient's client could read (XEP-0454).
pub fn encrypted_file(language: Language) -> String {
    say!(language, "encrypted-file")
}

/// A body over the limit.
pub fn body_too_long(language: Language, octets: usize, max: usize) -> String {
    say!(language, "body-too-long", octets = octets, max = max)
}

/// A call.
pub fn no_calls(language: Language) -> String {
    say!(language, "no-calls")
}

/// An invitation to a room.
pub fn no_rooms(language: Language) -> String {
    say!(language, "no-rooms")
}

/// Somebody is to look up.
pub fn no_attention(language: Language) -> String {
    say!(language, "no-attention")
}

/// Too many recipients.
pub fn too_many_recipients(language: Language, count: usize, max: usize) -> String {
    say!(language, "too-many-recipients", count = count, max = max)
}

/// More mail than one user may send.
pub fn sent_too_much(language: Language, count: u32, again: Duration) -> String {
    let again = in_words(language, again);
    say!(language, "sent-too-much", count = count, again = again)
}

/// More mail than one user may send to one address.
pub fn sent_too_much_to_one(language: Language, to: &str, count: u32, again: Duration) -> String {
    let again = in_words(language, again);
    say!(
        language,
        "sent-too-much-to-one",
        mail = to,
        count = count,
        again = again
    )
}

/// More mail than all users of a domain may send.
pub fn sent_too_much_by_all(
    language: Language,
    domain: &str,
    count: u32,
    again: Duration,
) -> String {
    let again = in_words(language, again);
    say!(
        language,
        "sent-too-much-by-all",
        domain = domain,
        count = count,
        again = again
    )
}

/// More new addresses than one user may write to.
pub fn too_many_strangers(language: Language, count: u32, again: Duration) -> String {
    let again = in_words(language, again);
    say!(language, "too-many-strangers", count = count, again = again)
}

/// More requests than are answered.
pub fn unanswered_requests(language: Language) -> String {
    say!(language, "unanswered-requests")
}

/// Rounded up, to the greatest unit of which there are two.
fn in_words(language: Language, time: Duration) -> String {
    let secs = time.as_millis().div_ceil(1000).max(1);
    let secs = u64::try_from(secs).unwrap_or(u64::MAX);
    match secs {
        0..120 => say!(language, "in-seconds", count = secs),
        120..7200 => say!(language, "in-minutes", count = secs.div_ceil(60)),
        _ => say!(language, "in-hours", count = secs.div_ceil(3600)),
    }
}

/// Multi-user chat is not carried.
pub fn no_groupchat(language: Language) -> String {
    say!(language, "no-groupchat")
}

/// A letter that the mail library refuses.
pub fn unwritable(language: Language, error: &UnwritableMail) -> String {
    let error = match error {
        UnwritableMail::Address(mail) => say!(language, "unwritable-address", mail = mail),
        UnwritableMail::Other(why) => say!(language, "unwritable-other", why = why),
    };
    say!(language, "unwritable", error = error)
}

/// The spool cannot take the message now.
pub fn no_room(language: Language) -> String {
    say!(language, "no-room")
}

/// The gateway itself failed on a stanza.
pub fn failed(language: Language) -> String {
    say!(language, "failed")
}

/// An unknown request.
pub fn unknown_request(language: Language) -> String {
    say!(language, "unknown-request")
}

/// A message is sent again that has failed.
pub fn failed_before(language: Language, mail: &str) -> String {
    say!(language, "failed-before", mail = mail)
}

/// An answer to all, where one person alone has the mail, or more than were shown.
pub fn no_answer_to_all(language: Language) -> String {
    say!(language, "no-answer-to-all")
}

/// The word that sends an answer to all, and nothing behind it.
pub fn nothing_for_all(language: Language) -> String {
    say!(language, "nothing-for-all")
}

/// In place of an address, where a message went to several, and a report says of none of them that it failed there.
pub fn one_of_its_recipients(language: Language) -> String {
    say!(language, "one-of-its-recipients")
}

/// More subscription stanzas than anybody needs.
pub fn too_many_requests(language: Language, max: u32) -> String {
    say!(language, "too-many-requests", max = max)
}

/// Somebody whose address, with the gateway's domain, is no JID.
pub fn no_chat_address(language: Language, mail: &str, error: &str) -> String {
    say!(language, "no-chat-address", mail = mail, error = error)
}

/// A list of recipients with something in it that is no JID.
pub fn no_jid(language: Language, typed: &str, error: &str) -> String {
    say!(language, "no-jid", typed = typed, error = error)
}
