//! What a server's reply means for a mail: delivered, try again, or refused. Pure.
//!
//! The first digit of the code decides (RFC 5321 §4.2.1); where practice differs there is a `quirk_` function that says
//! what was seen where.

use crate::core::job::Job;
use crate::core::outcome::{Attempt, EnhancedCode, JobVerdict, Outcome, Reply, enhanced_code};
use crate::core::retry;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use std::time::Duration;

/// The longest text of a reply that is kept, in characters.
const TEXT_CHARS_MAX: usize = 500;

/// What a reply answers (RFC 5321 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStage {
    /// `MAIL FROM`: concerns all recipients.
    Mail,
    /// `RCPT TO`: concerns one.
    Rcpt,
    /// `DATA` or the mail after it: concerns all that were accepted before.
    Data,
}

/// A reply from its code and its text, which may begin with an enhanced status code (RFC 2034 §4). An enhanced code of
/// another class than the reply's is no use and stays in the text.
pub fn reply(code: u16, text: &str) -> Reply {
    let text = text.trim();
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let enhanced = enhanced_code(first).filter(|(class, ..)| *class == code / 100);
    Reply {
        code: Some(code),
        enhanced,
        text: clean(if enhanced.is_some() { rest } else { text }),
    }
}

/// What happened instead of a reply, in our words.
pub fn no_reply(text: &str) -> Reply {
    Reply {
        code: None,
        enhanced: None,
        text: clean(text),
    }
}

/// A refusal of our own, before anything was sent, with the enhanced code that a server would give.
pub fn own_refusal(enhanced: EnhancedCode, text: &str) -> Outcome {
    Outcome::Refused(Reply {
        enhanced: Some(enhanced),
        ..no_reply(text)
    })
}

/// What a reply means for the recipients that it concerns. A positive one before the final dot is not for here.
pub fn classify(stage: TransactionStage, reply: Reply) -> Outcome {
    let retry = quirk_550_5_5_0(&reply)
        || quirk_552_for_too_many_recipients(stage, &reply)
        || is_about_us(&reply);
    match reply.code.map(|code| code / 100) {
        Some(2) if stage == TransactionStage::Data => Outcome::Delivered(reply),
        Some(5) if !retry => Outcome::Refused(reply),
        _ => Outcome::Retry {
            reply,
            certain: true,
        },
    }
}

/// Whether the server closes the connection with this reply (RFC 5321 §3.8; 521 by RFC 7504).
pub fn closes_connection(reply: &Reply) -> bool {
    matches!(reply.code, Some(421 | 521))
}

/// Whether the server wants a login, or another one: nothing that a sender could mend.
pub fn wants_login(reply: &Reply) -> bool {
    matches!(reply.code, Some(530 | 534 | 535 | 538))
}

/// How servers say that they take mail for their own domains and for no others; no code says it alone. Postfix, sendmail, Exim,
/// Exchange, Stalwart and qmail, in this order.
const NO_RELAY: [&str; 6] = [
    "relay access denied",
    "relaying denied",
    "relay not permitted",
    "unable to relay",
    "relay not allowed",
    "rcpthosts",
];

/// Whether the server takes no mail of ours for elsewhere, since it does not know us.
pub fn is_no_relay(reply: &Reply) -> bool {
    let text = reply.text.to_ascii_lowercase();
    reply.code.is_some_and(|code| code >= 400) && NO_RELAY.iter().any(|words| text.contains(words))
}

/// What an admin does where [`is_no_relay`].
pub const RELAY_REMEDY: &str = "the mail server takes mail for its own domains from this gateway, and none for others; let this \
     machine send (Postfix: mynetworks), or give [smtp] a login (docs/OPERATING.md, “With TLS and a login”)";

/// A reply for the log: its code, and its words as [`words_for_log`].
pub fn for_log(reply: &Reply) -> String {
    let code = reply.code.map(|code| code.to_string()).unwrap_or_default();
    let said = format!("{code} {}", words_for_log(reply));
    said.trim().to_owned()
}

/// Its words. Servers repeat the address that they refuse: who reads the log does not learn whom users write to.
pub fn words_for_log(reply: &Reply) -> String {
    clean::shorten_addresses(&reply.text)
}

/// The job after an attempt, without the recipients that were served or refused, and what is to become of it. `jitter`
/// as in [`retry::delay`]; `expire` is how long after its acceptance a mail is given up.
pub fn settle(
    mut job: Job,
    attempt: &Attempt,
    now: Timestamp,
    expire: Duration,
    jitter: u64,
) -> (Job, JobVerdict) {
    let mut left = Vec::new();
    for (address, outcome) in attempt {
        if let Outcome::Retry { reply, certain } = outcome {
            left.push(address.clone());
            job.last_reply = Some(reply.clone());
            job.certain &= *certain;
        }
    }
    job.to = left;
    job.attempts = job.attempts.saturating_add(1);
    if job.to.is_empty() {
        return (job, JobVerdict::Done);
    }
    let expires = job.accepted.plus(expire);
    match retry::next_attempt(job.attempts, jitter, now, expires) {
        Some(next) => {
            job.next_attempt = next;
            (job, JobVerdict::Deferred { next })
        }
        None => (job, JobVerdict::Expired),
    }
}

/// One line of visible characters: replies are shown to people and written to logs.
fn clean(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let visible = text.replace(is_hidden, " ");
    let words: Vec<&str> = visible.split_whitespace().collect();
    words.join(" ").chars().take(TEXT_CHARS_MAX).collect()
}

/// Postfix with a milter set to "reject" where "tempfail" was meant says `550 5.5.0 Service unavailable` while the
/// filter is down; seen with several mail providers, whose users lost mails by it (chatmail retries it, too).
fn quirk_550_5_5_0(reply: &Reply) -> bool {
    reply.code == Some(550) && reply.enhanced == Some((5, 5, 0))
}

/// Whether the server takes no more recipients in this transaction (RFC 5321 §4.5.3.1.10): the others are for a further
/// one. Enhanced codes other than X.5.3 (RFC 3463 §3.6) say that the mailbox or the disk is full; without one the words
/// decide, since 452 is both.
pub fn is_too_many(reply: &Reply) -> bool {
    matches!(reply.code, Some(452 | 552))
        && match reply.enhanced {
            Some((_, subject, detail)) => (subject, detail) == (5, 3),
            None => reply.text.to_ascii_lowercase().contains("too many"),
        }
}

/// The same for all recipients of a job: try again.
pub fn retry_all(job: &Job, reply: &Reply, certain: bool) -> Attempt {
    let retry = |to| {
        let reply = reply.clone();
        (to, Outcome::Retry { reply, certain })
    };
    job.to.iter().cloned().map(retry).collect()
}

/// RFC 5321 §4.5.3.1.10: an old server says 552 for too many recipients, and it must be taken as 452. 5.2.2 (mailbox
/// full) and 5.3.4 (mail too big) say that it means something else.
fn quirk_552_for_too_many_recipients(stage: TransactionStage, reply: &Reply) -> bool {
    let is_other = |code: &EnhancedCode| *code != (5, 5, 3);
    stage == TransactionStage::Rcpt
        && reply.code == Some(552)
        && !reply.enhanced.as_ref().is_some_and(is_other)
}

/// Replies that concern this gateway or this connection and not the mail: login wanted, commands out of step (RFC 5321
/// §4.2.4), a server that just closes.
fn is_about_us(reply: &Reply) -> bool {
    wants_login(reply) || closes_connection(reply) || reply.code == Some(503)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::address::MailAddress;
    use crate::core::id::{JobId, MessageId};
    use TransactionStage::{Data, Mail, Rcpt};

    /// A9: replies as servers give them, and what they mean: Delivered, Retry, reFused.
    #[rustfmt::skip]
    pub const REPLIES: [(TransactionStage, &str, char); 52] = [
        (Data, "250 2.0.0 Ok: queued as 4F2A11C0E2", 'D'),
        (Data, "250 OK id=1rXyZq-0001ab-2C", 'D'),
        (Data, "250 2.0.0 OK  1700000000 d9443c01a7336-1cd2s1234567 - gsmtp", 'D'),
        (Data, "250", 'D'),
        (Data, "251 2.1.5 ok, will forward", 'D'),
        (Mail, "421 4.3.2 Service shutting down and closing transmission channel", 'R'),
        (Mail, "450 4.1.8 <a@b.example>: Sender address rejected: Domain not found", 'R'),
        (Mail, "451 4.7.1 Greylisting in action, please come back later", 'R'),
        (Mail, "452 4.3.1 Insufficient system storage", 'R'),
        (Mail, "454 4.7.0 Temporary authentication failure", 'R'),
        (Mail, "501 5.1.7 Bad sender address syntax", 'F'),
        (Mail, "503 5.5.1 Error: need EHLO command", 'R'),
        (Mail, "503 5.5.1 Sender already specified", 'R'),
        (Mail, "530 5.7.0 Must issue a STARTTLS command first", 'R'),
        (Mail, "530 5.7.1 Authentication required", 'R'),
        (Mail, "535 5.7.8 Error: authentication failed", 'R'),
        (Mail, "538 5.7.11 Encryption required for requested authentication mechanism", 'R'),
        (Mail, "550 5.7.1 Client was not authenticated", 'F'),
        (Mail, "552 5.3.4 Message size exceeds fixed limit", 'F'),
        (Mail, "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user x", 'F'),
        (Mail, "555 5.5.4 Unsupported option: SIZE=12", 'F'),
        (Rcpt, "450 4.2.0 <c@d.example>: Recipient address rejected: Greylisted", 'R'),
        (Rcpt, "450 4.1.1 <c@d.example>: Recipient address rejected: unverified address", 'R'),
        (Rcpt, "451 4.3.0 <c@d.example>: Temporary lookup failure", 'R'),
        (Rcpt, "452 4.5.3 Error: too many recipients", 'R'),
        (Rcpt, "452 4.2.2 The email account that you tried to reach is over quota", 'R'),
        (Rcpt, "421 4.7.0 mx.example Error: too many errors", 'R'),
        (Rcpt, "550 5.1.1 <c@d.example>: Recipient address rejected: User unknown", 'F'),
        (Rcpt, "550-5.1.1 The email account that you tried to reach does not exist", 'F'),
        (Rcpt, "550 No such user here", 'F'),
        (Rcpt, "550", 'F'),
        (Rcpt, "451", 'R'),
        (Rcpt, "550 5.5.0 Service unavailable", 'R'),
        (Rcpt, "551 5.1.6 User has moved, try <e@f.example>", 'F'),
        (Rcpt, "552 too many recipients", 'R'),
        (Rcpt, "552 5.5.3 too many recipients", 'R'),
        (Rcpt, "552 5.2.2 mailbox full", 'F'),
        (Rcpt, "553 5.1.3 Invalid address syntax", 'F'),
        (Rcpt, "554 5.7.1 <c@d.example>: Relay access denied", 'F'),
        (Rcpt, "556 5.1.10 domain accepts no mail (null MX)", 'F'),
        (Data, "421 4.4.2 Error: timeout exceeded", 'R'),
        (Data, "451 4.3.0 Error: queue file write error", 'R'),
        (Data, "451 4.7.1 Service unavailable - try again later", 'R'),
        (Data, "452 4.3.4 Message size exceeds available space", 'R'),
        (Data, "550 5.5.0 Service unavailable", 'R'),
        (Data, "550 5.7.1 Message contains spam or virus", 'F'),
        (Data, "552 5.3.4 Error: message file too big", 'F'),
        (Data, "552 5.2.2 over quota", 'F'),
        (Data, "554 5.6.0 Message contains invalid header", 'F'),
        (Data, "554 5.4.6 Error: too many hops", 'F'),
        (Data, "554 5.5.1 Error: no valid recipients", 'F'),
        (Data, "521 5.3.2 host does not accept mail", 'R'),
    ];

    /// What [`classify`] said, in a letter: Delivered, Retry, reFused.
    fn letter(stage: TransactionStage, line: &str) -> char {
        let (code, text) = line.split_at(3);
        match classify(stage, reply(code.parse().unwrap(), text)) {
            Outcome::Delivered(_) => 'D',
            Outcome::Retry { certain, .. } => {
                assert!(certain, "{line}");
                'R'
            }
            Outcome::Refused(_) => 'F',
        }
    }

    #[test]
    fn replies_as_servers_give_them() {
        for (stage, line, expected) in REPLIES {
            assert_eq!(letter(stage, line), expected, "{stage:?} {line}");
        }
    }

    #[test]
    fn too_many_recipients_is_told_from_a_full_mailbox_or_disk() {
        let table = [
            (452, "4.5.3 Error: too many recipients", true),
            (452, "4.5.3 whatever", true),
            (452, "Too many recipients", true),
            (552, "5.5.3 too many recipients", true),
            (552, "too many recipients", true),
            (452, "4.2.2 over quota", false),
            (452, "4.3.1 Insufficient system storage", false),
            (
                452,
                "Requested action not taken: insufficient system storage",
                false,
            ),
            (552, "5.3.4 message too big", false),
            (450, "4.5.3 too many recipients", false),
            (550, "5.5.3 too many recipients", false),
        ];
        for (code, text, expected) in table {
            assert_eq!(is_too_many(&reply(code, text)), expected, "{code} {text}");
        }
    }

    #[test]
    fn a_server_that_does_not_relay_is_told_from_one_that_refuses_an_address() {
        for (code, text) in [
            (454, "4.7.1 <c@d.example>: Relay access denied"),
            (550, "5.7.1 <c@d.example>... Relaying denied"),
            (550, "relay not permitted"),
            (
                553,
                "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            ),
        ] {
            assert!(is_no_relay(&reply(code, text)), "{text}");
        }
        for (code, text) in [
            (250, "2.1.5 Ok, relay access denied"),
            (556, "5.1.10 example.com does not accept mail (nullMX)"),
            (451, "4.7.1 relay.example: greylisted"),
        ] {
            assert!(!is_no_relay(&reply(code, text)), "{text}");
        }
    }

    #[test]
    fn a_positive_reply_before_the_mail_is_no_delivery() {
        assert_eq!(letter(Rcpt, "250 2.1.5 Ok"), 'R');
        assert_eq!(letter(Data, "354 go on"), 'R');
    }

    #[test]
    fn enhanced_codes_are_read_and_cut_off() {
        let known = reply(550, "5.1.1 <c@d.example>: User unknown");
        assert_eq!(known.enhanced, Some((5, 1, 1)));
        assert_eq!(known.text, "<c@d.example>: User unknown");
        assert_eq!(reply(550, "5.7.509 DMARC").enhanced, Some((5, 7, 509)));
        assert_eq!(reply(250, "2.0.0").enhanced, Some((2, 0, 0)));
        for text in [
            "5.1",
            "5.1.1.1 x",
            "5.1234.1 x",
            "3.1.1 x",
            "5..1 x",
            "",
            "127.0.0.1",
        ] {
            assert_eq!(reply(550, text).enhanced, None, "{text}");
        }
    }

    #[test]
    fn the_log_does_not_say_whom_a_server_refuses() {
        let refused = reply(550, "5.1.1 <carol@d.example>: User unknown");
        assert_eq!(for_log(&refused), "550 <c…@d.example>: User unknown");
        assert_eq!(words_for_log(&refused), "<c…@d.example>: User unknown");
        let silent = Reply {
            code: None,
            ..reply(250, "no answer")
        };
        assert_eq!(for_log(&silent), "no answer");
        assert_eq!(for_log(&reply(250, "")), "250");
    }

    #[test]
    fn an_enhanced_code_of_another_class_does_not_count() {
        let odd = reply(450, "5.1.1 odd");
        assert_eq!((odd.enhanced, odd.text.as_str()), (None, "5.1.1 odd"));
    }

    #[test]
    fn text_is_one_visible_line_of_bounded_length() {
        let text = reply(550, "no\x1b[31m \r\n\tway\u{202e}out\0").text;
        assert_eq!(text, "no [31m way out");
        assert_eq!(reply(550, &"ä".repeat(5000)).text.chars().count(), 500);
    }

    fn job(to: &[&str]) -> Job {
        let message_id = MessageId::parse("m@mail.example").unwrap();
        Job {
            id: JobId::derive(&message_id),
            message_id,
            ordering_key: "queue".to_owned(),
            sequence: 1,
            from: None,
            to: to
                .iter()
                .map(|to| MailAddress::parse(to).unwrap())
                .collect(),
            origin: None,
            accepted: Timestamp::from_secs(0),
            attempts: 0,
            next_attempt: Timestamp::from_secs(0),
            delay_told: false,
            last_reply: None,
            certain: true,
            silent: false,
            expires: None,
            replaceable: false,
            files: Vec::new(),
            draft: None,
        }
    }

    #[test]
    fn who_was_served_or_refused_leaves_the_job() {
        let job = job(&["a@x.example", "b@x.example", "c@x.example"]);
        let outcomes = [
            classify(Data, reply(250, "ok")),
            classify(Rcpt, reply(550, "no")),
            classify(Rcpt, reply(450, "later")),
        ];
        let attempt: Attempt = job.to.iter().cloned().zip(outcomes).collect();
        let hour = Duration::from_secs(3600);
        let (left, verdict) = settle(job, &attempt, Timestamp::from_secs(10), hour, 100);
        let next = Timestamp::from_secs(70);
        assert_eq!(verdict, JobVerdict::Deferred { next });
        assert_eq!(left.to, [MailAddress::parse("c@x.example").unwrap()]);
        assert_eq!(
            (left.attempts, left.next_attempt, left.certain),
            (1, next, true)
        );
        assert_eq!(left.last_reply.unwrap().text, "later");
    }

    #[test]
    fn a_job_with_nobody_left_is_done_even_if_it_has_expired() {
        let job = job(&["a@x.example"]);
        let attempt = vec![(job.to[0].clone(), classify(Rcpt, reply(550, "no")))];
        let late = Timestamp::from_secs(9999);
        let (left, verdict) = settle(job, &attempt, late, Duration::from_secs(60), 0);
        assert_eq!((left.to.len(), verdict), (0, JobVerdict::Done));
    }

    #[test]
    fn doubt_is_remembered_and_expiry_ends_it() {
        let mut job = job(&["a@x.example"]);
        let lost = Outcome::Retry {
            reply: no_reply("lost"),
            certain: false,
        };
        let sure = classify(Rcpt, reply(450, "later"));
        for (outcome, at) in [(lost, 1), (sure, 3600)] {
            let attempt = vec![(job.to[0].clone(), outcome)];
            let expire = Duration::from_secs(3600);
            let (left, verdict) = settle(job, &attempt, Timestamp::from_secs(at), expire, 0);
            assert!(!left.certain);
            assert_eq!(verdict == JobVerdict::Expired, at == 3600);
            assert_eq!(left.to.len(), 1);
            job = left;
        }
    }
}
