//! Real-looking mails and what is read from them. Each `tests/data/mail/*.eml` has its `*.expected` beside it; after a
//! wanted change `make golden` writes them anew, to be read before they are committed.

use stanzamail::core::address::MailAddress;
use stanzamail::core::from_mail::{self, ParsedMail, Person, Reported, attachment_line};
use stanzamail::core::language::Language;
use stanzamail::core::outcome::Reply;
use stanzamail::core::settings::default_recipient_headers;
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[test]
fn every_mail_is_read_as_expected() {
    let mails = mails();
    assert!(mails.len() >= 35, "only {} mails found", mails.len());
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = String::new();
    for path in mails {
        let shown = shown(&read(&with_crlf(&std::fs::read(&path).unwrap())));
        let golden = path.with_extension("expected");
        if update {
            std::fs::write(&golden, &shown).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        if shown != expected {
            writeln!(wrong, "{}:\n{shown}\nexpected:\n{expected}", path.display()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Mailboxes on disk have bare line feeds, IMAP has CRLF: both are the same mail.
#[test]
fn line_ends_make_no_difference() {
    for path in mails() {
        let bytes = std::fs::read(&path).unwrap();
        let (mut lf, mut crlf) = (read(&bytes), read(&with_crlf(&bytes)));
        // Sizes of what was not decoded, and an id that is a hash of the bytes, do depend on them.
        for mail in [&mut lf, &mut crlf] {
            mail.attachments.iter_mut().for_each(|one| one.octets = 0);
            if mail.message_id.as_str().ends_with(".invalid") {
                mail.message_id = "x@x".parse_id();
            }
        }
        assert_eq!(lf, crlf, "{}", path.display());
    }
}

#[test]
fn of_a_mail_over_the_limit_only_the_header_is_read() {
    for path in mails() {
        let bytes = with_crlf(&std::fs::read(&path).unwrap());
        let whole = read(&bytes);
        let header = from_mail::read(&bytes, &default_recipient_headers(), true).unwrap();
        assert!(header.text.is_empty() && header.text_cut && header.attachments.is_empty());
        assert_eq!(
            (header.from, header.to, header.subject, header.message_id),
            (whole.from, whole.to, whole.subject, whole.message_id),
            "{}",
            path.display()
        );
        assert_eq!(
            (header.automatic, header.report),
            (whole.automatic, whole.report)
        );
    }
}

trait ParseId {
    fn parse_id(&self) -> stanzamail::core::id::MessageId;
}

impl ParseId for str {
    fn parse_id(&self) -> stanzamail::core::id::MessageId {
        stanzamail::core::id::MessageId::parse(self).unwrap()
    }
}

fn mails() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mail");
    let mut mails: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
        .collect();
    mails.sort();
    mails
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut crlf = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    for byte in bytes {
        if *byte == b'\n' {
            crlf.push(b'\r');
        }
        crlf.push(*byte);
    }
    crlf
}

fn read(bytes: &[u8]) -> ParsedMail {
    from_mail::read(bytes, &default_recipient_headers(), false).unwrap()
}

/// The mail as a text that shows every field that says something; the text of the mail comes last, between bars.
fn shown(mail: &ParsedMail) -> String {
    let mut lines = vec![format!("message-id: {}", mail.message_id)];
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{name}: {value}"));
        }
    };
    line("from", people(mail.from.as_slice()));
    line("several from", flag(mail.several_from));
    line("authentication", joined(&mail.authentication));
    line("to", people(&mail.to));
    line("cc", people(&mail.cc));
    line("reply-to", people(&mail.reply_to));
    line("envelope to", joined(&mail.envelope_to.concat()));
    line(
        "date",
        mail.date
            .and_then(|date| date.to_xep0082())
            .unwrap_or_default(),
    );
    line("subject", mail.subject.clone().unwrap_or_default());
    line(
        "base subject",
        mail.base_subject.clone().unwrap_or_default(),
    );
    line("in-reply-to", joined(&mail.in_reply_to));
    line("references", joined(&mail.references));
    line(
        "automatic",
        mail.automatic
            .map(|why| format!("{why:?}"))
            .unwrap_or_default(),
    );
    line(
        "report",
        mail.report
            .map(|kind| format!("{kind:?}"))
            .unwrap_or_default(),
    );
    if let Some(report) = &mail.delivery {
        line("delivery of", joined(&report.about));
        line(
            "envelope id",
            report.envelope_id.clone().unwrap_or_default(),
        );
        line("original to", joined(&report.original_to));
        report
            .recipients
            .iter()
            .for_each(|one| line("delivery", reported(one)));
    }
    if let Some(report) = &mail.disposition {
        line("disposition of", joined(&report.about));
        let by = joined(&report.recipients);
        line("disposition", format!("{:?} by {by}", report.kind));
    }
    line("bulk", flag(mail.bulk));
    line(
        "hops",
        if mail.hops == 0 {
            String::new()
        } else {
            mail.hops.to_string()
        },
    );
    line("null return path", flag(mail.null_return_path));
    line("bridge", mail.bridge.clone().unwrap_or_default());
    line("jabber-id", mail.jabber_id.clone().unwrap_or_default());
    line(
        "carried",
        mail.carried.as_ref().map(String::from).unwrap_or_default(),
    );
    line(
        "carried problem",
        mail.carried_problem.clone().unwrap_or_default(),
    );
    line("about machine", flag(mail.about_machine));
    line("text cut", flag(mail.text_cut));
    for one in &mail.attachments {
        let octets = one.octets;
        line(
            "attachment",
            format!(
                "{} ({}, {octets} octets)",
                attachment_line(Language::ENGLISH, one, None),
                one.media_type
            ),
        );
    }
    lines.push("text:".to_owned());
    lines.extend(
        mail.text
            .lines()
            .map(|line| format!("| {line}|").replace("| |", "||")),
    );
    if let Some(own) = &mail.own_text {
        lines.push("own text:".to_owned());
        let own = own.lines();
        lines.extend(own.map(|line| format!("| {line}|").replace("| |", "||")));
    }
    lines.join("\n") + "\n"
}

fn reported(one: &Reported) -> String {
    let address = |address: &Option<MailAddress>| {
        let address = address.as_ref().map(ToString::to_string);
        address.unwrap_or_else(|| "-".to_owned())
    };
    format!(
        "{:?} {} -> {}, by {}: {}",
        one.action,
        address(&one.original),
        address(&one.last),
        one.remote.as_deref().unwrap_or("-"),
        words(&one.reply)
    )
}

/// Its codes and its words.
fn words(reply: &Reply) -> String {
    let code = reply.code.map(|code| format!("{code} "));
    let enhanced = reply.enhanced.map(|(a, b, c)| format!("{a}.{b}.{c} "));
    let text = match reply.text.as_str() {
        "" => "the mail server gave no reason",
        text => text,
    };
    format!(
        "{}{}{text}",
        code.unwrap_or_default(),
        enhanced.unwrap_or_default()
    )
}

fn people(people: &[Person]) -> String {
    let shown: Vec<String> = people
        .iter()
        .map(|person| match &person.name {
            Some(name) => format!("{name} <{}>", person.address),
            None => format!("<{}>", person.address),
        })
        .collect();
    shown.join("; ")
}

fn joined<T: ToString>(values: &[T]) -> String {
    let shown: Vec<String> = values.iter().map(T::to_string).collect();
    shown.join("; ")
}

fn flag(value: bool) -> String {
    if value {
        "yes".to_owned()
    } else {
        String::new()
    }
}
