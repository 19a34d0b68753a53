//! Bounces of programs of which the gateway knows no sentence. Each entry of `shapes.txt` is one shape in which a program says
//! that a mail was not delivered, written for this test; `{COPY}` and its like stand for the mail that comes back.

use crate::decided::World;
use stanzamail::core::decide::decision::Decision;

const CAROL: &str = "carol\\40mail.example@gateway.a.example";
/// Of the shapes at least so many are told on the message, in a hundred.
const TOLD_MIN: usize = 95;

/// Alice has written to Carol.
struct Sent {
    world: World,
    message_id: String,
}

impl Sent {
    fn new() -> Self {
        let mut world = World::at("2026-11-13T16:20:00Z");
        let sent = world.stanza(&format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='m1'><body>Hi</body></message>"
        ));
        Self {
            world,
            message_id: sent.mails[0].job.message_id.to_string(),
        }
    }

    fn mail(&mut self, mail: &str) -> Decision {
        self.world.mail(mail)
    }

    /// The mail as it left, or its header.
    fn copy(&self) -> String {
        format!(
            "Received: from gw.a.example by mx.mail.example; Fri, 13 Nov 2026 16:19:58 +0000\nFrom: alice <alice@chat.a.example>\nTo: carol@mail.example\nSubject: Chat with alice\nMessage-ID: <{}>\nDate: Fri, 13 Nov 2026 16:19:57 +0000\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n",
            self.message_id
        )
    }

    fn filled(&self, shape: &str) -> String {
        let copy = self.copy();
        let quoted = |mark: &str| {
            let lines: Vec<String> = copy.lines().map(|line| format!("{mark}{line}")).collect();
            lines.join("\n")
        };
        let (left, right) = self.message_id.split_at(30);
        let wrapped = copy.replace(&self.message_id, &format!("{left}\n {right}"));
        let base64 = mail_base64(&format!("Sorry.\n\n{copy}\nHi\n"));
        shape
            .replace("{COPY}", copy.trim_end())
            .replace("{QUOTED}", &quoted("> "))
            .replace("{BARRED}", &quoted("| "))
            .replace("{INDENTED}", &quoted("    "))
            .replace("{WRAPPED}", wrapped.trim_end())
            .replace("{BASE64}", &base64)
            .replace("{ID}", &self.message_id)
    }
}

fn mail_base64(text: &str) -> String {
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    lines.join("\n")
}

/// Name, and text.
fn shapes(of: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut shapes = Vec::new();
    for shape in of.split("\n======== ").skip(1) {
        shapes.push(shape.split_once('\n').unwrap());
    }
    shapes
}

/// What a decision tells on the message: its condition and its text.
fn told(decision: &Decision) -> Option<String> {
    let error = decision.stanzas.iter().find(|stanza| {
        stanza.name() == "message"
            && stanza.attr("type") == Some("error")
            && stanza.attr("id") == Some("m1")
            && stanza.attr("to") == Some("alice@a.example/phone")
    })?;
    Some(String::from(error))
}

#[test]
fn bounces_of_all_programs_are_told_on_the_message() {
    let shapes = shapes(include_str!("shapes.txt"));
    let count = shapes.len();
    let mut missed = Vec::new();
    for (name, shape) in shapes {
        let mut sent = Sent::new();
        let bounce = sent.filled(shape);
        let decision = sent.mail(&bounce);
        let is_mail = decision
            .stanzas
            .iter()
            .any(|one| one.attr("type") == Some("chat") && one.attr("from") != Some(CAROL));
        if told(&decision).is_none() || is_mail {
            missed.push(name);
        }
    }
    let right = count - missed.len();
    println!("{right} of {count} shapes of bounces are told on the message; not: {missed:?}");
    assert!(count >= 60 && right * 100 >= count * TOLD_MIN, "{missed:?}");
}

#[test]
fn what_a_server_said_is_shown_where_it_is_certain() {
    for (line, shown) in [
        (
            "mx.mail.example said: 550 5.1.1 no such mailbox",
            "550 5.1.1 “no such mailbox”",
        ),
        (
            "554: delivery error: not a valid recipient",
            "the mail server gave no reason",
        ),
        (
            "  (reason: 552 5.2.2 mailbox full)",
            "552 5.2.2 “mailbox full”",
        ),
        ("    <<< 550 User unknown", "550 “User unknown”"),
        (
            "Unbekannter Empfänger (#5.1.1)",
            "5.1.1 “Unbekannter Empfänger (#5.1.1)”",
        ),
        (
            "In 550 rooms nobody answers 421 questions",
            "the mail server gave no reason",
        ),
    ] {
        let mut sent = Sent::new();
        let bounce = format!(
            "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: alice@chat.a.example\nSubject: Nicht zugestellt\n\nEs ging nicht:\n{line}\n\n{}",
            sent.copy()
        );
        let told = told(&sent.mail(&bounce)).unwrap();
        assert!(told.contains(shown), "{line}: {told}");
    }
}

#[test]
fn what_is_no_bounce_is_a_mail_though_it_holds_our_id() {
    for mail in [
        // A person who sends on what came.
        "From: Carol <carol@mail.example>\nTo: alice@chat.a.example\nSubject: Fwd: Chat\n\nIs this from you?\n\n{COPY}\n",
        // An absence note.
        "Return-Path: <>\nFrom: carol@mail.example\nTo: alice@chat.a.example\nSubject: Away\nAuto-Submitted: auto-replied\nIn-Reply-To: <{ID}>\n\nI am away.\n\n{QUOTED}\n",
        // A list.
        "From: list@mail.example\nTo: alice@chat.a.example\nSubject: Digest\nList-Id: <l.mail.example>\nAuto-Submitted: auto-generated\n\n{COPY}\n",
        // A complaint.
        "From: fbl@mail.example\nTo: alice@chat.a.example\nSubject: complaint\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nSomebody called this spam.\n--b\nContent-Type: message/rfc822\n\n{COPY}\n\nHi\n--b--\n",
    ] {
        let mut sent = Sent::new();
        let mail = sent.filled(mail);
        let decision = sent.mail(&mail);
        assert_eq!(told(&decision), None, "{mail}");
        assert!(!decision.stanzas.is_empty(), "{mail}");
    }
    // One that is about the mail of somebody else.
    let mut sent = Sent::new();
    let other = sent.copy().replace(&sent.message_id[..4], "ffff");
    let bounce = format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: alice@chat.a.example\nSubject: x\n\nSorry.\n\n{other}"
    );
    assert_eq!(told(&sent.mail(&bounce)), None);
}
