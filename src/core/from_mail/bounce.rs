//! Reports of programs that write no fields for programs: qmail, old Exim and old sendmail, old Exchange.
//!
//! They are alike: a sentence by which the program is known, the addresses on lines of their own with reasons below, a
//! line of hyphens, and a copy of the mail or of its header. Only the sentences differ.

use super::delivery::{
    DeliveryAction, DeliveryReport, ReportContext, Reported, about, code, original_to, reply,
};
use super::report::{ReportParts, ReturnedHeader};
use crate::core::address::MailAddress;
use crate::core::limits;
use crate::core::outcome::{Reply, enhanced_code};
use crate::core::text::clean;

/// A longer line holds no address alone.
const ADDRESS_LINE_OCTETS_MAX: usize = 400;
/// A reason, in characters; what follows is not looked at.
const REASON_CHARS_MAX: usize = 2000;

/// What a program is known by, and what it says with it.
const SENTENCES: [(&str, DeliveryAction); 7] = [
    // qmail-send.
    (
        "I'm afraid I wasn't able to deliver your message to the following addresses",
        DeliveryAction::Failed,
    ),
    ("This is the qmail-send program", DeliveryAction::Failed),
    // Exim up to 4.84; since then with fields.
    (
        "A message that you sent could not be delivered to one or more of its",
        DeliveryAction::Failed,
    ),
    (
        "has not yet been delivered to one or more of its",
        DeliveryAction::Delayed,
    ),
    // sendmail without DSN.
    ("had permanent fatal errors", DeliveryAction::Failed),
    ("had transient non-fatal errors", DeliveryAction::Delayed),
    // Exchange up to 2003.
    (
        "The following recipient(s) could not be reached",
        DeliveryAction::Failed,
    ),
];

/// The words in the line above a copy.
const COPY_WORDS: [&str; 5] = [
    "copy of the message",
    "copy of the body of the message",
    "original message follows",
    "message header follows",
    "the original headers",
];

/// Reads such a text. `None` where it is none of these.
pub(super) fn read(parts: &ReportParts, known: &ReportContext<'_>) -> Option<DeliveryReport> {
    let (said, copy) = divided(known.text);
    let action = action(said)?;
    let copied = copy.and_then(|copy| ReturnedHeader::read(copy.trim_start().as_bytes()));
    let copied_id = copied
        .as_ref()
        .and_then(|returned| returned.message_id.clone());
    let mut recipients = recipients(said, action);
    if let [only] = recipients.as_mut_slice()
        && only.reply.text.is_empty()
        && let Some(answer) = in_transcript(said)
    {
        only.reply = answer;
    }
    if recipients.is_empty() {
        let failed = known.failed.iter().take(limits::REPORT_RECIPIENTS_MAX);
        recipients.extend(failed.map(|address| reported(address.clone(), action, "")));
    }
    let report = DeliveryReport {
        about: about(
            parts,
            copied_id.into_iter().chain(known.answers.iter().cloned()),
        ),
        envelope_id: None,
        recipients,
        original_to: match copied {
            Some(copied) => copied.to,
            None => original_to(parts),
        },
    };
    (!report.recipients.is_empty()).then_some(report)
}

/// What a subject says of a mail that is only late.
const LATE_WORDS: [&str; 12] = [
    "delay",
    "delayed",
    "warning",
    "deferred",
    "still being retried",
    "verzöger",
    "retard",
    "ritard",
    "vertraag",
    "försenad",
    "opóźni",
    "задерж",
];

/// What a program of which nothing is known says of a mail of ours: a server wrote it, and it holds the Message-ID. `None` where
/// it holds none.
pub(super) fn of_any_program(
    parts: &ReportParts,
    known: &ReportContext<'_>,
) -> Option<DeliveryReport> {
    if known.ours.is_empty() {
        return None;
    }
    let (said, _) = divided(known.text);
    let answer = said.lines().find_map(answer_in).unwrap_or_default();
    let is_final = answer.code.is_some_and(|code| code >= 500)
        || answer.enhanced.is_some_and(|(class, ..)| class == 5);
    let subject = known.subject.to_lowercase();
    let is_late = LATE_WORDS.iter().any(|word| subject.contains(word)) && !is_final;
    let action = if is_late {
        DeliveryAction::Delayed
    } else {
        DeliveryAction::Failed
    };
    let original_to = original_to(parts);
    let failed = known.failed.iter().take(limits::REPORT_RECIPIENTS_MAX);
    let mut recipients: Vec<Reported> = failed
        .map(|address| reported(address.clone(), action, ""))
        .collect();
    if recipients.is_empty() {
        recipients = self::recipients(said, action);
    }
    if recipients.is_empty() {
        // Where it was for one alone, it is that one.
        let only = <&[MailAddress; 1]>::try_from(original_to.as_slice()).ok();
        recipients.push(Reported {
            last: only.map(|[only]| only.clone()),
            ..unnamed(action)
        });
    }
    for recipient in &mut recipients {
        let says_nothing = recipient.reply.code.is_none() && recipient.reply.enhanced.is_none();
        if says_nothing && answer != Reply::default() {
            recipient.reply = answer.clone();
        }
    }
    Some(DeliveryReport {
        about: about(parts, known.answers.iter().cloned()),
        envelope_id: None,
        recipients,
        original_to,
    })
}

fn unnamed(action: DeliveryAction) -> Reported {
    Reported {
        original: None,
        last: None,
        action,
        reply: Reply::default(),
        remote: None,
    }
}

/// The answer of a server in a line: a code with an enhanced code behind it, or a code where an answer would begin; else an
/// enhanced code.
fn answer_in(line: &str) -> Option<Reply> {
    let line = line.get(..REASON_CHARS_MAX).unwrap_or(line);
    let around = |c: char| matches!(c, '(' | '[' | '<' | '"' | '\'' | '#' | ',' | ';');
    let mut at = 0_usize;
    let mut status = None;
    let mut begins = true;
    for word in line.split_inclusive(char::is_whitespace) {
        let rest = line
            .get(at..)
            .unwrap_or_default()
            .trim_start_matches(around);
        at = at.saturating_add(word.len());
        if let Some((code, after)) = code(rest).filter(|(code, _)| *code >= 400) {
            let next = after.split_whitespace().next().unwrap_or_default();
            let next = enhanced_code(next.trim_start_matches('#'));
            if begins || next.is_some_and(|(class, ..)| class == code / 100) {
                return Some(reply("", rest.trim_end_matches([')', ']', '>'])));
            }
        }
        let bare = word.trim().trim_start_matches(around);
        let bare = bare.trim_end_matches([')', ']', '>', ':', '.', ',']);
        let found = enhanced_code(bare).filter(|(class, ..)| matches!(class, 4 | 5));
        status = status.or(found);
        begins = word.trim_end().ends_with([':', '<', '>']) || word.trim().is_empty() && begins;
    }
    status.map(|enhanced| Reply {
        enhanced: Some(enhanced),
        ..reply("", line.trim())
    })
}

/// What the program says, and the copy below it.
fn divided(text: &str) -> (&str, Option<&str>) {
    let mut at = 0_usize;
    for line in text.split_inclusive('\n') {
        let next = at.saturating_add(line.len());
        if is_above_copy(line) {
            return (text.get(..at).unwrap_or(text), text.get(next..));
        }
        at = next;
    }
    (text, None)
}

fn is_above_copy(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("---") && {
        let line = line.to_ascii_lowercase();
        COPY_WORDS.iter().any(|words| line.contains(words))
    }
}

fn action(said: &str) -> Option<DeliveryAction> {
    let is_said = |(sentence, _): &&(&str, DeliveryAction)| said.contains(sentence);
    SENTENCES.iter().find(is_said).map(|(_, action)| *action)
}

/// Each address on a line of its own, with the lines below up to a blank one or to the next address.
fn recipients(said: &str, action: DeliveryAction) -> Vec<Reported> {
    let mut found: Vec<Reported> = Vec::new();
    let mut lines = said.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(address) = address_alone(line) else {
            continue;
        };
        let mut reason = String::new();
        while let Some(below) =
            lines.next_if(|below| !below.trim().is_empty() && address_alone(below).is_none())
        {
            reason.push_str(below);
            reason.push(' ');
        }
        if found.len() < limits::REPORT_RECIPIENTS_MAX {
            let reason = clean::for_header(&reason, REASON_CHARS_MAX);
            found.push(reported(address, action, &reason));
        }
    }
    found
}

/// `<carol@mail.example>:`, `  carol@mail.example`, `  carol@mail.example on 13.11.2026 16:20`.
fn address_alone(line: &str) -> Option<MailAddress> {
    let line = line.trim();
    if line.len() > ADDRESS_LINE_OCTETS_MAX {
        return None;
    }
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    if !(rest.is_empty() || rest.starts_with("on ")) || !word.contains('@') {
        return None;
    }
    let word = word.strip_suffix(':').unwrap_or(word);
    let bare = word
        .strip_prefix('<')
        .and_then(|word| word.strip_suffix('>'));
    MailAddress::parse(bare.unwrap_or(word)).ok()
}

fn reported(address: MailAddress, action: DeliveryAction, reason: &str) -> Reported {
    Reported {
        original: None,
        last: Some(address),
        action,
        reply: said_in(reason),
        remote: None,
    }
}

/// The server's first answer in a transcript of sendmail.
fn in_transcript(said: &str) -> Option<Reply> {
    let answer = said.lines().find_map(|line| line.strip_prefix("<<< "))?;
    Some(reply("", answer))
}

/// The server's reply in what a program tells of it: `Remote host said: 550 5.1.1 no such user`, else all of it, with the
/// code that qmail puts in parentheses.
fn said_in(reason: &str) -> Reply {
    let mut at = 0_usize;
    for word in reason.split_inclusive(' ') {
        let rest = reason.get(at..).unwrap_or_default();
        let before = reason.get(..at).unwrap_or_default().trim_end();
        if (before.is_empty() || before.ends_with(':')) && code(rest).is_some() {
            return reply("", rest.trim_end_matches(')'));
        }
        at = at.saturating_add(word.len());
    }
    let in_parentheses = reason.split_once("(#").and_then(|(_, rest)| {
        let (code, _) = rest.split_once(')')?;
        enhanced_code(code)
    });
    Reply {
        enhanced: in_parentheses,
        ..reply("", reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_on_lines_of_their_own() {
        for (line, address) in [
            ("<carol@mail.example>:", Some("carol@mail.example")),
            ("  carol@mail.example", Some("carol@mail.example")),
            (
                "carol@mail.example on 13.11.2026 16:20",
                Some("carol@mail.example"),
            ),
            ("<carol@mail.example>: Host not found", None),
            ("I wrote to carol@mail.example", None),
            ("postmaster", None),
            ("@", None),
        ] {
            let read = address_alone(line).map(|address| address.to_string());
            assert_eq!(read.as_deref(), address, "{line}");
        }
    }

    #[test]
    fn the_servers_words_are_found_in_what_is_told_of_them() {
        #[rustfmt::skip]
        let table = [
            ("192.0.2.1 does not like recipient. Remote host said: 550 5.1.1 no such user Giving up on 192.0.2.1.", Some(550), Some((5, 1, 1)), "no such user Giving up on 192.0.2.1."),
            ("Sorry, no mailbox here by that name. (#5.1.1)", None, Some((5, 1, 1)), "Sorry, no mailbox here by that name. (#5.1.1)"),
            ("host mx.example [192.0.2.1]: 552 too big", Some(552), None, "too big"),
            ("(reason: 550 5.7.1 go away)", Some(550), Some((5, 7, 1)), "go away"),
            ("in room 550 nobody answers", None, None, "in room 550 nobody answers"),
            ("", None, None, ""),
        ];
        for (reason, code, enhanced, text) in table {
            let expected = Reply {
                code,
                enhanced,
                text: text.to_owned(),
            };
            assert_eq!(said_in(reason), expected, "{reason}");
        }
    }
}
