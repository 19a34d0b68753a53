//! Mails that were made to hurt. Each is read in time that grows with its length and no faster, or refused.

use super::processor;
use stanzamail::core::from_mail;
use stanzamail::core::limits;
use std::time::Duration;

/// Unoptimised builds are about ten times slower than the two seconds that a mail of the greatest size may take.
const TIME_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 });
const OCTETS: usize = 2 * 1024 * 1024;

fn read_in_time(what: &str, mail: &str) -> Option<from_mail::ParsedMail> {
    let began = processor::of_thread();
    let read = from_mail::read(mail.as_bytes(), &["Delivered-To".to_owned()], false).ok();
    let took = processor::of_thread() - began;
    eprintln!("{what}: {took:?}");
    assert!(took < TIME_MAX, "{what}: {took:?}");
    if let Some(mail) = &read {
        assert!(mail.text.len() <= limits::BODY_OCTETS_MAX, "{what}");
        assert!(mail.attachments.len() <= limits::MIME_PARTS_MAX, "{what}");
    }
    read
}

fn repeated(piece: &str) -> String {
    piece.repeat(OCTETS / piece.len())
}

#[test]
fn nested_multiparts() {
    let mut mail = "From: a@b.example\r\n".to_owned();
    for number in 0..30_000 {
        mail.push_str(&format!(
            "Content-Type: multipart/mixed; boundary=b{number}\r\n\r\n--b{number}\r\n"
        ));
    }
    mail.push_str("\r\nhello\r\n");
    let read = read_in_time("nested multiparts", &mail).unwrap();
    let [deepest] = read.attachments.as_slice() else {
        panic!("{:?}", read.attachments);
    };
    assert!(deepest.media_type.starts_with("multipart/"), "{deepest:?}");
}

#[test]
fn nested_mails() {
    let head = "Content-Type: message/rfc822\r\n\r\n";
    let read = read_in_time(
        "nested mails",
        &format!("From: a@b.example\r\n{}", repeated(head)),
    )
    .unwrap();
    let [inner] = read.attachments.as_slice() else {
        panic!("{:?}", read.attachments);
    };
    assert_eq!(inner.media_type, "message/rfc822");
    let part = "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n";
    let read = read_in_time(
        "one boundary for all",
        &format!("From: a@b.example\r\n{}", repeated(part)),
    )
    .unwrap();
    assert!(read.text_cut && read.attachments.len() == limits::MIME_PARTS_MAX);
}

#[test]
fn more_parts_than_anyone_sends() {
    let mail = format!(
        "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n{}--x--\r\n",
        repeated("--x\r\n\r\na\r\n")
    );
    let read = read_in_time("parts", &mail).unwrap();
    assert!(read.text_cut);
    assert!(read.text.starts_with("a\n\na\n\na"));
}

#[test]
fn endless_headers() {
    for (what, head) in [
        ("fields", repeated("X-A: b\r\n")),
        ("from fields", repeated("From: a@b.example\r\n")),
        (
            "references",
            format!("References: {}\r\n", repeated("<aaaaaaaa@b.example> ")),
        ),
        ("distinct references", {
            let ids: String = (0..100_000)
                .map(|number| format!("<{number}@b.example>\r\n "))
                .collect();
            format!("References: {ids}\r\n")
        }),
        (
            "recipients",
            format!("To: {}\r\n", repeated("aaa@b.example, ")),
        ),
        (
            "envelope recipients",
            format!("Delivered-To: {}\r\n", repeated("\"a,b@b.example,")),
        ),
        ("comments", format!("From: {}\r\n", repeated("("))),
        ("quotes", format!("From: {}\r\n", repeated("\"\\"))),
        ("groups", format!("To: {}\r\n", repeated("a:;"))),
        (
            "encoded words",
            format!("Subject: {}\r\n", repeated("=?utf-8?q?a?= ")),
        ),
        (
            "broken encoded words",
            format!("Subject: {}\r\n", repeated("=?utf-8?q?a")),
        ),
        ("subject", format!("Subject: {}\r\n", repeated("Re: "))),
        ("date", format!("Date: {}\r\n", repeated("1 Jan "))),
        ("8-bit", format!("Subject: {}\r\n", repeated("ü"))),
        ("names", repeated("a")),
    ] {
        let read = read_in_time(what, &format!("{head}From: a@b.example\r\n\r\nhello\r\n"));
        // Without the end of its only field's name there is no header.
        let text = read.map(|mail| mail.text);
        assert_eq!(
            text.as_deref(),
            (what != "names").then_some("hello"),
            "{what}"
        );
    }
}

#[test]
fn endless_parameters() {
    let same = |piece: &str| format!("Content-Type: text/plain; {}\r\n", repeated(piece));
    let numbered = |make: fn(usize) -> String| {
        let all: String = (0..40_000).map(make).collect();
        format!("Content-Type: text/plain; {all}\r\n")
    };
    for (what, head) in [
        ("parameters", same("a=b; ")),
        (
            "distinct parameters",
            numbered(|number| format!("a{number}=b; ")),
        ),
        ("continuations", same("a*1=b; ")),
        (
            "numbered continuations",
            numbered(|number| format!("a*{number}=b; ")),
        ),
        (
            "distinct continuations",
            numbered(|number| format!("a{number}*1=b; ")),
        ),
        (
            "languages",
            numbered(|number| format!("a{number}*=u'l'b; ")),
        ),
    ] {
        let read = read_in_time(what, &format!("From: a@b.example\r\n{head}\r\nhello\r\n"));
        assert_eq!(read.unwrap().text, "hello", "{what}");
    }
}

#[test]
fn hostile_html() {
    for piece in [
        "<div>",
        "<blockquote><p>",
        "<table><tr><td>",
        "<ul><li>x",
        "<a href=x>y",
        "<",
        "&amp",
        "<!--",
        "<b a=\"",
    ] {
        let mail = format!(
            "From: a@b.example\r\nContent-Type: text/html\r\n\r\n{}",
            repeated(piece)
        );
        let read = read_in_time(piece, &mail).unwrap();
        assert!(read.text_cut, "{piece}");
    }
}

#[test]
fn endless_texts() {
    for (what, head, piece) in [
        ("one line", "text/plain", "a"),
        ("flowed", "text/plain; format=flowed", "a \r\n"),
        ("quoted", "text/plain; format=flowed", ">"),
        ("blank lines", "text/plain", "\r\n"),
        ("controls", "text/plain; charset=utf-8", "\u{1}\u{9b}"),
        ("escapes", "text/plain; charset=iso-2022-jp", "\u{1b}$B"),
        ("utf-7", "text/plain; charset=utf-7", "+AAA"),
    ] {
        let read = read_in_time(
            what,
            &format!(
                "From: a@b.example\r\nContent-Type: {head}\r\n\r\nbegin {}",
                repeated(piece)
            ),
        )
        .unwrap();
        assert!(read.text.starts_with("begin"), "{what}: {:.20}", read.text);
    }
}

/// Reports that anybody can write about a mail that nobody sent.
#[test]
fn endless_reports() {
    let from = "From: MAILER-DAEMON@b.example\r\nReturn-Path: <>\r\n";
    let report = format!(
        "{from}Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\n"
    );
    let status = format!("{report}Content-Type: message/delivery-status\r\n\r\n");
    let recipient = "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n";
    let qmail = format!("{from}\r\nHi. This is the qmail-send program at b.example.\r\n\r\n");
    let mut reports = Vec::new();
    for (what, start, piece) in [
        ("recipients", &status, &format!("{recipient}\r\n")[..]),
        ("one recipient", &status, recipient),
        ("groups", &status, "a:b\r\n\r\n"),
        (
            "folds",
            &format!("{status}{recipient}Diagnostic-Code: smtp"),
            "\r\n ;",
        ),
        (
            "a diagnostic of many lines",
            &format!("{status}{recipient}Diagnostic-Code: smtp; 550-5.1.1 "),
            "550-5.1.1 ",
        ),
        (
            "escapes",
            &format!("{status}Action: failed\r\nFinal-Recipient: utf-8; "),
            "\\x{",
        ),
        (
            "parts",
            &report,
            "\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\na:b",
        ),
        (
            "multiparts",
            &report,
            "Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n",
        ),
        (
            "mails that came back",
            &report,
            "Content-Type: message/rfc822\r\n\r\n",
        ),
        (
            "ids of a mail that came back",
            &format!("{report}Content-Type: text/rfc822-headers\r\n\r\n"),
            "Message-ID: <a@b.example>\r\n",
        ),
        (
            "a disposition",
            &format!("{report}Content-Type: message/disposition-notification\r\n\r\n"),
            "Disposition: a;\r\n",
        ),
        ("addresses", &qmail, "<a@b.example>:\r\n"),
        (
            "reasons",
            &qmail,
            "<a@b.example>:\r\nsaid: 550 5.1.1 x (#\r\n\r\n",
        ),
        (
            "one reason",
            &format!("{qmail}<a@b.example>:\r\n"),
            "550 : ",
        ),
        (
            "gaps",
            &format!("{qmail}<a@b.example>:\r\n"),
            "         : \r\n",
        ),
        (
            "copies",
            &qmail,
            "--- Below this line is a copy of the message.\r\n\r\n",
        ),
        ("hyphens", &qmail, "---\r\n"),
        (
            "failed recipients",
            &format!("{from}X-Failed-Recipients: "),
            "a@b.example, ",
        ),
    ] {
        let mail = read_in_time(what, &format!("{start}{}", repeated(piece))).unwrap();
        if let Some(report) = mail.delivery {
            reports.push(what);
            assert!(
                report.recipients.len() <= limits::REPORT_RECIPIENTS_MAX,
                "{what}"
            );
            let words = report.recipients.iter().map(|one| one.reply.text.len());
            assert!(words.max() <= Some(4 * 500), "{what}");
        }
    }
    // What is no report is no test of how reports are read.
    for what in ["recipients", "one recipient", "addresses", "reasons"] {
        assert!(reports.contains(&what), "{what} is not among {reports:?}");
    }
}

/// An id that is found under thousands of others could be anybody's.
#[test]
fn a_report_deep_inside_is_no_report() {
    for (depth, is_found) in [(0, true), (2, true), (3, false), (1000, false)] {
        let mut mail = "From: MAILER-DAEMON@b.example\r\nReturn-Path: <>\r\n".to_owned();
        for level in 0..=depth {
            mail.push_str(&format!(
                "Content-Type: multipart/report; boundary=b{level}\r\n\r\n--b{level}\r\n"
            ));
        }
        mail.push_str("Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n");
        let read = read_in_time("a deep report", &mail).unwrap();
        assert_eq!(read.delivery.is_some(), is_found, "{depth}");
    }
}

#[test]
fn what_is_no_mail_is_refused() {
    for bytes in [&b""[..], b"\r\n\r\n", b"\0\0\0", b"\r\nonly a body\r\n"] {
        let refused = from_mail::read(bytes, &[], false).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the mail cannot be read: it has no header"
        );
        assert!(from_mail::read(bytes, &[], true).is_err());
    }
}
