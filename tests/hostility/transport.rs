//! D: what lies between the gateway and its servers, and who listens there.

use super::mail_servers::{Authority, Flaw, Liar, Script, imap, nothing_secret_in, smtp};
use super::process::{memory, ran_alone};
use stanzamail::smtp::TlsMode;
use std::time::{Duration, Instant};

/// A flood is read until its limit in octets or in time; an unoptimised build reads slowly.
const TIME_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 8 });

/// What whoever takes STARTTLS out of a conversation leaves, or puts in its place.
fn stripped_smtp() -> Vec<Script> {
    [
        &[
            "220 mx ESMTP\r\n",
            "250-mx\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n",
        ][..],
        &[
            "220 mx ESMTP\r\n",
            "250-mx\r\n250-XXXXXXXA\r\n250 AUTH PLAIN LOGIN\r\n",
        ],
        &["220 mx ESMTP\r\n", "250-STARTTLS\r\n250 AUTH PLAIN\r\n"],
        &[
            "220 mx ESMTP\r\n",
            "502 5.5.2 EHLO unknown\r\n",
            "250 mx\r\n",
        ],
        &[
            "220 mx ESMTP\r\n",
            "250-mx\r\n250 STARTTLS\r\n",
            "454 4.7.0 TLS not available\r\n",
        ],
        &[
            "220 mx ESMTP\r\n",
            "250-mx\r\n250 STARTTLS\r\n",
            "500 5.5.1 unknown\r\n",
        ],
        &[
            "220 mx ESMTP\r\n",
            "250-mx\r\n250 STARTTLS\r\n",
            "220 go\r\n",
            "250-mx\r\n250 AUTH PLAIN LOGIN\r\n",
        ],
        &["554 go away\r\n"],
        &["220-mx\r\n"],
        &[""],
    ]
    .map(Script::of)
    .into()
}

fn stripped_imap() -> Vec<Script> {
    [
        &["* OK ready\r\n", "S0 BAD unknown command\r\n"][..],
        &[
            "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n",
            "S0 NO not now\r\n",
        ],
        &["* OK ready\r\n", "* BYE\r\nS0 OK\r\n"],
        &["* PREAUTH you are in\r\n", "S0 OK go\r\n"],
        &["* OK ready\r\n", "S0 OK go\r\n", "* OK still plain\r\n"],
        &["* BYE go away\r\n"],
        &["+ go on\r\n", "S0 OK\r\n"],
        &[
            "* OK ready\r\n",
            "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nS1 OK\r\n",
        ],
        &[""],
    ]
    .map(Script::of)
    .into()
}

#[tokio::test]
async fn d1_without_starttls_no_secret_and_no_mail_leaves() {
    let ca = Authority::new();
    let mut octets = 0;
    let (many, more) = (stripped_smtp(), stripped_imap());
    let count = many.len() + more.len();
    for script in many {
        let liar = Liar::start(script).await;
        let error = stanzamail::smtp::probe(smtp(liar.port, TlsMode::StartTls, &ca))
            .await
            .unwrap_err();
        nothing_secret_in(&liar.heard(), &error.to_string());
        octets += liar.heard().len();
    }
    for script in more {
        let liar = Liar::start(script).await;
        let error = stanzamail::imap::probe(&imap(liar.port, TlsMode::StartTls, &ca))
            .await
            .unwrap_err();
        nothing_secret_in(&liar.heard(), &error.to_string());
        octets += liar.heard().len();
    }
    // Plain text where TLS was to be from the first octet.
    for say in [
        "220 mx ESMTP\r\n",
        "* OK ready\r\n",
        "* PREAUTH you are in\r\n",
    ] {
        let liar = Liar::start(Script::of(&[say, "250 AUTH PLAIN\r\n"])).await;
        stanzamail::smtp::probe(smtp(liar.port, TlsMode::Implicit, &ca))
            .await
            .unwrap_err();
        stanzamail::imap::probe(&imap(liar.port, TlsMode::Implicit, &ca))
            .await
            .unwrap_err();
        nothing_secret_in(&liar.heard(), say);
    }
    eprintln!("D1: {count} conversations without TLS, {octets} octets heard, no secret in them");
}

/// Words in plain text behind, before and between the server's own, which TLS must not turn into the server's.
fn injected_smtp() -> Vec<[&'static str; 3]> {
    let (hello, can, go) = ("220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n");
    vec![
        [hello, can, "220 go\r\n250-evil\r\n250 AUTH LOGIN\r\n"],
        [hello, can, "220 go\r\n220 evil\r\n"],
        [hello, can, "220 go\r\n235 2.7.0 logged in\r\n"],
        [hello, can, "220-go\r\n220 go\r\n250 x\r\n"],
        [hello, can, "220 go\r\n\r\n"],
        [hello, can, "220 go\r\n250-half"],
        [hello, "250-mx\r\n250 STARTTLS\r\n220 go\r\n", go],
        [
            hello,
            "250-mx\r\n250 STARTTLS\r\n220 go\r\n250 AUTH PLAIN\r\n",
            go,
        ],
        ["220 mx\r\n250-mx\r\n250 STARTTLS\r\n", can, go],
        ["220 mx\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n", can, go],
    ]
}

fn injected_imap() -> Vec<[&'static str; 2]> {
    let hello = "* OK ready\r\n";
    vec![
        [hello, "S0 OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"],
        [hello, "S0 OK go\r\n* OK [ALERT] evil\r\n"],
        [hello, "S0 OK go\r\nA0001 OK logged in\r\n"],
        [hello, "S0 OK go\r\n* 1 EXISTS\r\n* 1 FETCH (UID 1)\r\n"],
        [hello, "S0 OK go\r\n* PREAUTH in\r\n"],
        [hello, "S0 OK go\r\n* half"],
        [hello, "S0 OK go\r\n\r\n"],
        ["* PREAUTH in\r\n", "S0 OK go\r\n"],
        ["* preauth [CAPABILITY IMAP4rev1] in\r\n", "S0 OK go\r\n"],
        ["* OK ready\r\nS0 OK go\r\n", "S0 OK go\r\n"],
    ]
}

#[tokio::test]
async fn d2_what_was_said_before_tls_is_not_taken_for_what_is_said_inside() {
    let ca = Authority::new();
    let tls = ca.server(Flaw::None);
    let (many, more) = (injected_smtp(), injected_imap());
    for says in &many {
        let liar = Liar::start(Script::of(says).tls(&tls)).await;
        let error = stanzamail::smtp::probe(smtp(liar.port, TlsMode::StartTls, &ca))
            .await
            .unwrap_err();
        nothing_secret_in(&liar.heard(), &format!("{says:?}: {error}"));
    }
    for says in &more {
        let liar = Liar::start(Script::of(says).tls(&tls)).await;
        let error = stanzamail::imap::probe(&imap(liar.port, TlsMode::StartTls, &ca))
            .await
            .unwrap_err();
        nothing_secret_in(&liar.heard(), &format!("{says:?}: {error}"));
    }
    eprintln!("D2: {} injections refused", many.len() + more.len());
}

/// The conversations above fail because of what is injected, and not because nothing can succeed here.
#[tokio::test]
async fn d2_without_an_injection_the_login_begins_inside_of_tls() {
    let ca = Authority::new();
    let tls = ca.server(Flaw::None);
    let says = ["220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"];
    let script = Script::of(&says)
        .tls(&tls)
        .inside(&["250-mx\r\n250 AUTH PLAIN\r\n", "535 no\r\n"]);
    let liar = Liar::start(script).await;
    let _ = stanzamail::smtp::probe(smtp(liar.port, TlsMode::StartTls, &ca)).await;
    assert!(
        liar.heard_text().contains("AUTH PLAIN"),
        "{}",
        liar.heard_text()
    );
    let script = Script::of(&["* OK ready\r\n", "S0 OK go\r\n"]).tls(&tls);
    let liar = Liar::start(script).await;
    let _ = stanzamail::imap::probe(&imap(liar.port, TlsMode::StartTls, &ca)).await;
    assert!(
        liar.heard_text().contains("CAPABILITY"),
        "{}",
        liar.heard_text()
    );
}

#[tokio::test]
async fn d3_six_bad_certificates_are_refused_by_both_protocols_with_what_is_wrong() {
    let ca = Authority::new();
    let flaws = [
        (Flaw::Name, "for another name"),
        (Flaw::Expired, "not valid now"),
        (Flaw::NotYet, "not valid now"),
        (Flaw::SelfSigned, "authority that is not trusted"),
        (Flaw::OtherAuthority, "authority that is not trusted"),
        (Flaw::Purpose, "no TLS with"),
    ];
    let mut refused = 0;
    for (flaw, said) in flaws {
        let tls = ca.server(flaw);
        let liar = Liar::start(Script::of(&[]).tls(&tls)).await;
        let by_smtp = stanzamail::smtp::probe(smtp(liar.port, TlsMode::Implicit, &ca)).await;
        let by_imap = stanzamail::imap::probe(&imap(liar.port, TlsMode::Implicit, &ca)).await;
        for text in [
            by_smtp.unwrap_err().to_string(),
            by_imap.unwrap_err().to_string(),
        ] {
            assert!(text.contains(said), "{flaw:?}: {text}");
            eprintln!("D3: {flaw:?}: {text}");
            refused += 1;
        }
        assert_eq!(liar.heard_text(), "", "{flaw:?}: nothing was said to it");
    }
    assert_eq!(refused, 12);
    // And the same without a flaw is spoken to.
    let script = Script::of(&[])
        .tls(&ca.server(Flaw::None))
        .inside(&["220 mx\r\n", "421 no\r\n"]);
    let liar = Liar::start(script).await;
    let _ = stanzamail::smtp::probe(smtp(liar.port, TlsMode::Implicit, &ca)).await;
    assert!(
        liar.heard_text().starts_with("EHLO"),
        "{}",
        liar.heard_text()
    );
}

/// What an IMAP server may say to fill our memory or to keep us for ever.
fn imap_floods() -> Vec<(&'static str, Script)> {
    let in_order = |last: &str| {
        Script::of(&[
            "* OK ready\r\n",
            "* CAPABILITY IMAP4rev1\r\nS1 OK\r\n",
            last,
        ])
    };
    vec![
        ("an endless greeting", Script::of(&["* OK "]).endless(b"x")),
        (
            "endless lines before the greeting",
            Script::of(&[""]).endless(b"* OK hi\r\n"),
        ),
        (
            "a literal of 2 GiB",
            in_order("* 1 FETCH (BODY[] {2147483648}\r\n").endless(b"x"),
        ),
        (
            "a literal of 16 EiB",
            in_order("* 1 FETCH (BODY[] {18446744073709551615}\r\n").endless(b"x"),
        ),
        (
            "endless capabilities",
            in_order("* CAPABILITY").endless(b" X"),
        ),
        ("endless untagged", in_order("").endless(b"* 1 EXISTS\r\n")),
        (
            "endless mails that nobody asked for",
            in_order("").endless(b"* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n"),
        ),
        (
            "endless answers to others",
            in_order("").endless(b"X9 OK done\r\n"),
        ),
        ("endless parentheses", in_order("* 1 FETCH ").endless(b"(")),
        (
            "endless octets that are no IMAP",
            in_order("").endless(b"\0\xff"),
        ),
        ("endless blank lines", in_order("").endless(b"\r\n")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d4_no_imap_server_fills_the_memory_or_keeps_us() {
    if ran_alone("transport::d4_no_imap_server_fills_the_memory_or_keeps_us") {
        return;
    }
    let ca = Authority::new();
    for (what, script) in imap_floods() {
        let liar = Liar::start(script).await;
        let (began, before) = (Instant::now(), memory());
        let config = imap(liar.port, TlsMode::Plain, &ca);
        let error = stanzamail::imap::probe(&config)
            .await
            .unwrap_err()
            .to_string();
        let (took, grown) = (began.elapsed(), memory().saturating_sub(before));
        eprintln!("D4: {what}: {took:.1?}, {grown} KiB more: {error:.120}");
        assert!(took < TIME_MAX, "{what}: {took:?}");
        assert!(grown < 64 * 1024, "{what}: {grown} KiB");
        assert!(
            error.chars().count() < 600 && !error.chars().any(char::is_control),
            "{error:?}"
        );
    }
}

/// What an SMTP server may say to fill our memory, to keep us for ever, or to speak to our users.
fn smtp_floods() -> Vec<(&'static str, Script)> {
    let after_ehlo = |last: &str| Script::of(&["220 mx\r\n", "250-mx\r\n250 AUTH PLAIN\r\n", last]);
    vec![
        (
            "a greeting without an end",
            Script::of(&["220 "]).endless(b"x"),
        ),
        (
            "a greeting of endless lines",
            Script::of(&["220-mx\r\n"]).endless(b"220-mx\r\n"),
        ),
        (
            "a reply to EHLO without an end",
            Script::of(&["220 mx\r\n", "250-"]).endless(b"x"),
        ),
        (
            "endless capabilities",
            Script::of(&["220 mx\r\n", ""]).endless(b"250-X\r\n"),
        ),
        (
            "a reply to AUTH without an end",
            after_ehlo("535 ").endless(b"x"),
        ),
        (
            "endless challenges",
            after_ehlo("").endless(b"334 AAAA\r\n"),
        ),
        (
            "words for the terminal",
            after_ehlo("535 5.7.8 \u{1b}[2J\u{202e}no\u{7}\u{9b}31m <script>\r\n"),
        ),
        (
            "no SMTP",
            Script::of(&["HTTP/1.1 400 Bad Request\r\n"]).endless(b"\0\xff"),
        ),
        (
            "codes that are none",
            Script::of(&["999 mx\r\n", "1 x\r\n"]),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d5_no_smtp_server_fills_the_memory_keeps_us_or_writes_more_than_a_line() {
    if ran_alone(
        "transport::d5_no_smtp_server_fills_the_memory_keeps_us_or_writes_more_than_a_line",
    ) {
        return;
    }
    let ca = Authority::new();
    for (what, script) in smtp_floods() {
        let liar = Liar::start(script).await;
        let (began, before) = (Instant::now(), memory());
        let config = smtp(liar.port, TlsMode::Plain, &ca);
        let error = stanzamail::smtp::probe(config).await.unwrap_err();
        let (took, grown) = (began.elapsed(), memory().saturating_sub(before));
        eprintln!("D5: {what}: {took:.1?}, {grown} KiB more: {error:.120}");
        assert!(took < Duration::from_secs(5), "{what}: {took:?}");
        assert!(grown < 16 * 1024, "{what}: {grown} KiB");
        for text in [error.to_string(), error.for_senders().text] {
            let is_tame = |c: char| !c.is_control() && c != '\u{202e}';
            assert!(
                text.chars().count() < 800 && text.chars().all(is_tame),
                "{text:?}"
            );
        }
    }
}

/// Before STARTTLS, too, where the gateway reads by itself.
#[tokio::test]
async fn d5_what_comes_before_tls_is_limited_as_well() {
    if ran_alone("transport::d5_what_comes_before_tls_is_limited_as_well") {
        return;
    }
    let ca = Authority::new();
    for says in [
        &["220 "][..],
        &["220 mx\r\n", "250-"],
        &["220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220-"],
    ] {
        let liar = Liar::start(Script::of(says).endless(b"x")).await;
        let (began, before) = (Instant::now(), memory());
        stanzamail::smtp::probe(smtp(liar.port, TlsMode::StartTls, &ca))
            .await
            .unwrap_err();
        assert!(memory().saturating_sub(before) < 16 * 1024);
        assert!(began.elapsed() < Duration::from_secs(3));
    }
    for says in [&["* "][..], &["* OK hi\r\n", "* "]] {
        for endless in [&b"x"[..], b"x\r\n* "] {
            let liar = Liar::start(Script::of(says).endless(endless)).await;
            let (began, before) = (Instant::now(), memory());
            stanzamail::imap::probe(&imap(liar.port, TlsMode::StartTls, &ca))
                .await
                .unwrap_err();
            assert!(memory().saturating_sub(before) < 16 * 1024);
            assert!(began.elapsed() < Duration::from_secs(3));
        }
    }
}
