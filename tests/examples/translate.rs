//! `examples/translate.rs` shows what becomes of a mail, and of a stanza.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Built beside the tests by `cargo test`.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap();
    let program = folder.join("examples/translate");
    assert!(
        program.is_file(),
        "{} is not built: cargo build --example translate",
        program.display()
    );
    program
}

fn translate(input: &str, arguments: &[&str]) -> String {
    let mut child = Command::new(program())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_stanza_becomes_a_mail() {
    let stanza = "<message from='alice@example.org/phone' to='carol\\40mail.example@mail.example.org' id='1' \
        type='chat'><body>Grüße</body></message>";
    let mail = translate(stanza, &[]);
    assert!(
        mail.contains("From: alice <alice@chat.example.org>\r\n"),
        "{mail}"
    );
    assert!(mail.contains("To: carol@mail.example\r\n"), "{mail}");
    let parsed = mail_parser::MessageParser::new()
        .parse(mail.as_bytes())
        .unwrap();
    assert_eq!(parsed.body_text(0).unwrap().trim(), "Grüße");
}

#[test]
fn a_mail_becomes_a_stanza() {
    let mail = "From: Carol <carol@mail.example>\nTo: alice@chat.example.org\nSubject: Hello\n\
        Message-ID: <1@mail.example>\nDelivered-To: alice@chat.example.org\n\nHello <Alice>\n";
    let stanza = translate(mail, &[]);
    for part in [
        "carol\\40mail.example@mail.example.org",
        "to='alice@example.org'",
        "Hello &lt;Alice&gt;",
        "<subject>Hello</subject>",
    ] {
        assert!(
            stanza.replace('"', "'").contains(part),
            "{part} is not in {stanza}"
        );
    }
    let first = "writes to you for the first time";
    assert!(!stanza.contains(first), "{stanza}");
    let stranger = translate(mail, &["--stranger"]);
    assert!(stranger.contains(first), "{stranger}");
}

#[test]
fn other_names_are_options() {
    let stanza = "<message from='bob@b.example' to='carol\\40mail.example@gate.b.example'><body>x</body></message>";
    let names = [
        "--user-domain",
        "b.example",
        "--gateway",
        "gate.b.example",
        "--mail-domain",
        "m.b.example",
    ];
    let mail = translate(stanza, &names);
    assert!(mail.contains("<bob@m.b.example>"), "{mail}");
}
