//! C: hostile mail. What anybody who can send a mail can write, decided without a server.

use super::dice::{Dice, cases};
use super::house::{CAROL, House, written};
use minidom::Element;
use stanzamail::core::authentication::{self, SenderVerdict};
use stanzamail::core::decide::decision::Fate;
use stanzamail::core::text::clean;
use stanzamail::core::{from_mail, settings};

const TO: &str = "To: alice@chat.a.example\r\nDelivered-To: alice@chat.a.example\r\n";

fn text_of(stanza: &Element) -> String {
    let body = stanza.children().find(|child| child.name() == "body");
    body.map(Element::text).unwrap_or_default()
}

fn from_jid(stanza: &Element) -> &str {
    stanza.attr("from").expect("a sender")
}

fn read(raw: &[u8]) -> Option<from_mail::ParsedMail> {
    from_mail::read(raw, &settings::default_recipient_headers(), false).ok()
}

/// Whoever forges writes one of these on top, below, beside or inside of what our mail server says.
fn forgeries() -> Vec<(String, &'static str)> {
    let of = |id: &str, result: &str| format!("Authentication-Results: {id}; {result}\r\n");
    let pass = "dmarc=pass header.from=mail.example";
    let ours = "mx.a.example";
    let mut all = Vec::new();
    let from = "From: carol@mail.example\r\n";
    let names = [
        "mx.mail.example",
        "mx.a.example.evil.example",
        "xmx.a.example",
        "mx.a.example2",
        "\"mx.a.example \"",
        "mx.a.example/x",
        "(mx.a.example) evil.example",
        "mx\r\n .a.example",
        "",
        "mx.a.example mx.evil.example",
        "a.example",
        "*",
    ];
    for name in names {
        all.push((of(name, pass), from));
        all.push((
            format!(
                "{}{}",
                of(name, pass),
                of(ours, "dmarc=fail header.from=mail.example")
            ),
            from,
        ));
    }
    let said = [
        "none",
        "dmarc=fail header.from=mail.example",
        "dmarc=pass header.from=evil.example",
        "dmarc=none",
        "dkim=pass header.d=evil.example",
        "dkim=pass header.d=example",
        "spf=pass smtp.mailfrom=evil.example",
        "spf=pass smtp.mailfrom=carol@mail.example.evil.example",
        "spf=pass smtp.helo=mail.example",
        "dmarc=pass",
        "dkim=pass header.i=@mail.example.evil.example",
        "dmarc=\"pass header.from=mail.example",
        "x=\"; dmarc=pass header.from=mail.example",
        "(dmarc=pass header.from=mail.example)",
        "dkim=fail header.d=mail.example; spf=pass smtp.mailfrom=evil.example",
    ];
    for result in said {
        // What is below of the same name came with the mail.
        all.push((format!("{}{}", of(ours, result), of(ours, pass)), from));
        all.push((of(ours, result), from));
    }
    let senders = [
        "From: carol@mail.example\r\nFrom: eve@evil.example\r\n",
        "From: eve@evil.example\r\nFrom: carol@mail.example\r\n",
        "From: carol@mail.example, eve@evil.example\r\n",
        "From:\r\n",
        "From: \"carol@mail.example\" <eve@evil.example>\r\n",
        "From: friends: carol@mail.example;\r\n",
        "From: <carol@mail.example> <eve@evil.example>\r\n",
        "From: carol@mail.example (eve@evil.example)\r\nSender: carol@mail.example\r\n",
        "From: =?utf-8?q?carol=40mail.example?= <eve@evil.example>\r\n",
        "From: carol@mail.example\r\n <eve@evil.example>\r\n",
        "From : eve@evil.example\r\nFrom: carol@mail.example\r\n",
        "From: carol@mail.example\u{0}@evil.example\r\n",
        "Reply-To: carol@mail.example\r\nFrom: eve@evil.example\r\n",
    ];
    for sender in senders {
        all.push((of(ours, "dmarc=pass header.from=evil.example"), sender));
    }
    all
}

#[test]
fn c1_no_forgery_is_taken_for_the_word_of_our_own_mail_server() {
    let trusted = ["mx.a.example".to_owned()];
    let all = forgeries();
    let (mut unknown, mut failed) = (0, 0);
    for (results, sender) in &all {
        let raw = format!("{results}{sender}{TO}\r\nSend me money.\r\n");
        let Some(mail) = read(raw.as_bytes()) else {
            continue;
        };
        match authentication::verdict(&mail, &trusted) {
            SenderVerdict::Verified => {
                // Eve may be who she says; she must not be Carol.
                let from = mail.from.expect("a verified sender");
                assert_eq!(from.address.to_string(), "eve@evil.example", "{raw}");
            }
            SenderVerdict::Failed => failed += 1,
            SenderVerdict::Unknown => unknown += 1,
        }
        let mut house = House::new();
        house.settings.trust.authserv_ids = trusted.to_vec();
        let (decision, _) = house.raw_mail(raw.as_bytes()).expect("it could be read");
        for stanza in decision
            .stanzas
            .iter()
            .filter(|one| from_jid(one).starts_with("carol\\40"))
        {
            assert!(
                text_of(stanza).starts_with("[Unverified sender. This is said once a day.]"),
                "{raw}"
            );
        }
    }
    eprintln!(
        "C1: {} forgeries: {unknown} unknown, {failed} failed, 0 taken for Carol",
        all.len()
    );
    assert!(unknown + failed > 40);
}

/// There are no tokens in addresses. What stands for one is the Message-ID, a keyed hash: a report counts where it names one.
#[test]
fn c2_guessing_the_name_of_a_mail_gets_nowhere() {
    let mut house = House::new();
    let sent = house.stanza(&format!(
        "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='1'><body>Hello</body></message>"
    ));
    let id = sent.mails[0].job.message_id.to_string();
    let (local, domain) = id.split_once('@').unwrap();
    assert!(
        local.len() >= 32 && local.bytes().all(|b| b.is_ascii_hexdigit()),
        "128 bits at least: {id}"
    );
    let mut dice = Dice::new(2);
    let tries = cases(1_000);
    for _ in 0..tries {
        // Of the right form, and as near as one digit.
        let mut guess = local.to_owned().into_bytes();
        if dice.below(2) == 0 {
            guess
                .iter_mut()
                .for_each(|digit| *digit = *dice.pick(b"0123456789abcdef"));
        } else {
            let at = dice.below(guess.len());
            guess[at] = if guess[at] == b'0' { b'1' } else { b'0' };
        }
        let guess = String::from_utf8(guess).unwrap();
        let (decision, _) = house
            .raw_mail(report(&format!("{guess}@{domain}")).as_bytes())
            .unwrap();
        assert!(
            decision
                .stanzas
                .iter()
                .all(|stanza| stanza.attr("type") != Some("error")),
            "{guess}"
        );
    }
    let (decision, _) = house.raw_mail(report(&id).as_bytes()).unwrap();
    let told: Vec<_> = decision
        .stanzas
        .iter()
        .filter(|stanza| stanza.attr("type") == Some("error"))
        .collect();
    assert_eq!(told.len(), 1, "the true one counts");
    // And for nobody else.
    let of_adam = report(&id).replace("alice@", "adam@");
    let (decision, _) = house.raw_mail(of_adam.as_bytes()).unwrap();
    assert!(
        decision
            .stanzas
            .iter()
            .all(|stanza| stanza.attr("type") != Some("error"))
    );
    eprintln!("C2, C5: {tries} guesses, 0 believed");
}

/// A bounce of the mail with this id.
fn report(id: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mail.example\r\nReturn-Path: <>\r\n{TO}Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\n\r\nIt failed.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n\
         Final-Recipient: rfc822; carol@mail.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\nFrom: alice@chat.a.example\r\n--b--\r\n"
    )
}

/// What programs write by themselves, in every way of saying so.
fn automatic_mails() -> Vec<String> {
    let marks = [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-notified; owner-email=\"x@y\"",
        "AUTO-SUBMITTED: (comment) Auto-Replied",
        "List-Id: <l.mail.example>",
        "List-Unsubscribe: <mailto:x@mail.example>",
        "List-Post: NO",
        "Precedence: bulk",
        "Precedence: list",
        "Precedence: junk",
        "Precedence: auto_reply",
        "Return-Path: <>",
        "X-Auto-Response-Suppress: All",
        "X-Autoreply: yes",
        "X-Autorespond: yes",
        "X-Auto-Reply-From: x@mail.example",
        "Feedback-ID: 1:2:3",
        "X-Mailer: vacation",
        "X-Loop: carol@mail.example",
        "X-Failed-Recipients: carol@mail.example",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
    ];
    let senders = [
        "carol@mail.example",
        "MAILER-DAEMON@mail.example",
        "postmaster@mail.example",
        "no-reply@mail.example",
        "noreply@mail.example",
        "bounces+1@mail.example",
        "carol-request@mail.example",
        "owner-list@mail.example",
        "mailer-daemon@chat.a.example",
    ];
    let subjects = ["Out of office", "Automatic reply: Hello"];
    let mut all = Vec::new();
    for sender in senders {
        for (number, mark) in marks.iter().enumerate() {
            let subject = subjects[number % 2];
            all.push(format!("From: <{sender}>\r\n{mark}\r\nSubject: {subject}\r\nMessage-ID: <{number}.{sender}>\r\n{TO}\r\nI am away.\r\n"));
        }
    }
    all
}

#[test]
fn c3_automatic_mail_is_never_answered_and_accepts_nothing() {
    let mails = automatic_mails();
    for mail in &mails {
        let mut house = House::new();
        let invited = house.stanza(&format!(
            "<presence type='subscribe' from='alice@a.example' to='{CAROL}'/>"
        ));
        assert_eq!(invited.mails.len(), 1);
        let (decision, _) = house.raw_mail(mail.as_bytes()).expect("it can be read");
        assert!(decision.mails.is_empty(), "{mail}");
        let accepted = decision
            .stanzas
            .iter()
            .any(|stanza| stanza.attr("type") == Some("subscribed"));
        // These stand in mails of people, too.
        let says_nothing = [
            "X-Mailer",
            "X-Loop",
            "Feedback-ID",
            "X-Failed-Recipients",
            "X-Auto-Reply-From",
        ];
        let is_marked = !says_nothing.iter().any(|field| mail.contains(field));
        assert!(!accepted || !is_marked, "{mail}\n{:?}", decision.stanzas);
    }
    eprintln!("C3: {} automatic mails, 0 answers by mail", mails.len());
}

#[test]
fn c4_a_forged_mail_to_nobody_sends_nothing_back() {
    let mut house = House::new();
    let tries = cases(3_000);
    for number in 0..tries {
        let to = [
            "nobody@elsewhere.example",
            "../../etc@chat.b.example",
            "a b@c",
            "@",
            "alice@chat.a.example.evil.example",
        ][number % 5];
        let raw = format!(
            "From: victim{number}@victim.example\r\nTo: {to}\r\nDelivered-To: {to}\r\nDisposition-Notification-To: victim{number}@victim.example\r\nMessage-ID: <{number}@victim.example>\r\n\r\nHello\r\n"
        );
        let (decision, fate) = house.raw_mail(raw.as_bytes()).unwrap();
        assert!(
            decision.mails.is_empty() && decision.stanzas.is_empty(),
            "{raw}"
        );
        assert_eq!(fate, Fate::Left);
    }
    eprintln!("C4: {tries} forged mails to nobody, 0 mails back");
}

/// Links that say one thing and lead to another.
fn deceptions() -> Vec<(String, String)> {
    let shown = [
        "https://bank.example/login",
        "bank.example",
        "Log in",
        "",
        "https://bank.example.evil.example",
        "www.bank.example/",
        "HTTPS://BANK.EXAMPLE",
        "https://b\u{430}nk.example",
        "https://bank.example\u{202e}",
        "&#98;ank.example",
    ];
    let real = [
        "https://evil.example/login",
        "http://evil.example:8080/",
        "https://bank.example@evil.example/",
        "https://evil.example/?https://bank.example",
        "HTTPS://evil.example",
        "ht\ntps://evil.example/",
        "  https://evil.example  ",
        "https://xn--evil-5nd.evil.example/",
        "//evil.example/",
        "javascript:location='https://evil.example'",
    ];
    let pairs = shown.iter().flat_map(|text| {
        real.iter()
            .map(|href| ((*text).to_owned(), (*href).to_owned()))
    });
    pairs.collect()
}

#[test]
fn c9_of_html_a_text_remains_that_says_where_links_lead() {
    let all = deceptions();
    let mut named = 0;
    for (shown, href) in &all {
        let html = format!(
            "<html><head><link rel=stylesheet href='http://127.0.0.1:9/a.css'><script src='http://127.0.0.1:9/a.js'>steal()</script>\
             <style>@import url(http://127.0.0.1:9/b.css)</style></head><body background='http://127.0.0.1:9/c.png' onload='steal()'>\
             <img src='http://127.0.0.1:9/pixel.gif' width=1 height=1><iframe src='http://127.0.0.1:9/'></iframe>\
             <form action='http://127.0.0.1:9/'><input name=password></form><object data='http://127.0.0.1:9/'></object>\
             <p>Dear customer, <a href=\"{href}\">{shown}</a> now.</p></body></html>"
        );
        let raw = format!(
            "From: eve@evil.example\r\n{TO}Content-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
        );
        let (decision, _) = House::new().raw_mail(raw.as_bytes()).unwrap();
        let text = text_of(&decision.stanzas[0]);
        assert!(text.contains("Dear customer"), "{text}");
        assert!(
            !text.contains("127.0.0.1") && !text.contains("steal") && !text.contains("script:"),
            "{text}"
        );
        // What has no text cannot be clicked; a target without a scheme that a person could follow leads nowhere.
        if !shown.is_empty() && !href.starts_with("//") && !href.starts_with("javascript") {
            assert!(text.contains("evil.example"), "{shown} {href}: {text}");
            named += 1;
        }
    }
    eprintln!(
        "C9: {} pages, {named} links that lead elsewhere, all of them named",
        all.len()
    );
}

#[test]
fn c10_a_name_never_hides_whose_it_is() {
    let tricks = [
        "carol@mail.example",
        "c\u{430}rol@mail.example",
        "\u{202e}elpmaxe.liam@lorac",
        "carol\u{200b}@mail.example",
        "Carol\u{2066}x\u{2069}",
        "carol@mail.example\u{2028}",
        "\u{ff43}arol",
        "carol\u{ad}",
        "ca\u{301}rol",
        "\u{feff}carol",
        "carol\u{e0061}",
        "\u{200f}carol\u{200e}",
        "bank.example",
        "Support <carol@mail.example>",
        "carol@mail.example via",
        "\u{1b}]0;x\u{7}",
        "a\u{9b}31m",
        "\u{115f}",
        "\u{3164}",
        "\u{61c}Carol",
    ];
    let addresses = [
        "eve@evil.example",
        "carol@mail.examp1e",
        "c\u{430}rol@mail.example",
        "carol@m\u{430}il.example",
        "\"carol@mail.example\"@evil.example",
        "CAROL@MAIL.EXAMPLE.evil.example",
        "carol@xn--ml-6kc.example",
        "carol+mail.example@evil.example",
        "carol%mail.example@evil.example",
        "carol@[192.0.2.1]",
    ];
    let (mut shown, mut refused) = (0, 0);
    for name in tricks {
        for address in addresses {
            let raw = format!(
                "From: \"{}\" <{address}>\r\nSubject: {name}\r\nMessage-ID: <1@evil.example>\r\n{TO}\r\nHello\r\n",
                name.replace(['"', '\\'], "")
            );
            let Some((decision, _)) = House::new().raw_mail(raw.as_bytes()) else {
                continue;
            };
            let Some(stanza) = decision.stanzas.first() else {
                refused += 1;
                continue;
            };
            shown += 1;
            let xml = written(stanza);
            assert!(
                !xml.chars()
                    .any(|c| clean::is_bidi_control(c) || (c.is_control() && c != '\n')),
                "{xml:?}"
            );
            assert!(
                !from_jid(stanza).starts_with("carol\\40mail.example@"),
                "{address} is shown as Carol: {xml}"
            );
            // Either the JID is the address, or the text names it.
            let jid = jid::BareJid::new(from_jid(stanza)).unwrap();
            let of_jid = jid
                .node()
                .map(|node| stanzamail::core::address::address_of_node(node.as_str()));
            let is_named = of_jid.is_some_and(|address| address.is_ok())
                || text_of(stanza).contains("A mail from");
            assert!(is_named, "{xml}");
        }
    }
    eprintln!("C10: {shown} senders shown with their address, {refused} not shown");
    assert!(shown >= 100, "{shown}");
}

#[test]
fn c11_no_charset_and_no_octets_make_a_stanza_that_cannot_be_read() {
    let mut dice = Dice::new(11);
    let labels = [
        "utf-8",
        "utf-16",
        "utf-16le",
        "utf-7",
        "iso-2022-jp",
        "iso-2022-kr",
        "gb18030",
        "big5",
        "shift_jis",
        "koi8-r",
        "windows-1252",
        "x-user-defined",
        "replacement",
        "none",
        "\"",
        "hz-gb-2312",
        "us-ascii",
        "ibm037",
    ];
    let mut stanzas = 0;
    for number in 0..cases(1_000) {
        let (kind, encoding) = (
            dice.pick(&["text/plain", "text/html", "text/plain; format=flowed"]),
            dice.pick(&["8bit", "base64", "quoted-printable", "7bit"]),
        );
        let label = dice.pick(&labels);
        let mut raw = format!("Message-ID: <{number}@mail.example>\r\n{TO}Content-Type: {kind}; charset={label}\r\nContent-Transfer-Encoding: {encoding}\r\n").into_bytes();
        for field in ["From: ", "Subject: ", "In-Reply-To: "] {
            raw.extend_from_slice(field.as_bytes());
            if field == "From: " {
                raw.extend_from_slice(b"\"");
            }
            let octets = dice
                .octets(30)
                .into_iter()
                .filter(|octet| !matches!(octet, b'\r' | b'\n' | b'"' | b'\\'));
            raw.extend(octets);
            raw.extend_from_slice(if field == "From: " {
                b"\" <carol@mail.example>\r\n"
            } else {
                b"\r\n"
            });
        }
        raw.extend_from_slice(b"\r\n");
        raw.extend(dice.octets(300));
        raw.extend(dice.text(10).into_bytes());
        let Some((decision, _)) = House::new().raw_mail(&raw) else {
            continue;
        };
        for stanza in &decision.stanzas {
            written(stanza);
            stanzas += 1;
        }
    }
    eprintln!(
        "C11: {stanzas} stanzas of {} mails, all well-formed",
        cases(1_000)
    );
    assert!(stanzas > cases(1_000) * 9 / 10, "{stanzas}");
}

#[test]
fn c12_no_file_name_leads_anywhere() {
    let mut dice = Dice::new(12);
    let pieces = [
        "../",
        "..\\",
        "/",
        "\\",
        ".",
        "..",
        "~",
        "CON",
        "NUL.txt",
        "aux",
        "invoice.pdf",
        "\u{202e}fdp.exe",
        "\u{0}",
        "\u{1b}[2J",
        "%2e%2e%2f",
        "=?utf-8?q?..=2F?=",
        ";",
        "\"",
        "C:\\",
        "\\\\host\\share\\",
        " ",
        "é",
        "日本",
        "x",
        "\u{2215}",
        "\u{ff0f}",
        "\r\n",
        "\t",
        "|",
        "$(id)",
        "`id`",
    ];
    let mut named = 0;
    for _ in 0..cases(1_500) {
        let count = dice.below(8);
        let mut name: String = (0..count).map(|_| *dice.pick(&pieces)).collect();
        if dice.below(20) == 0 {
            name = name.repeat(1_000);
        }
        let encoded: String = name.bytes().map(|octet| format!("%{octet:02X}")).collect();
        let plain = name.replace(['\r', '\n', '"', '\\'], "");
        let field = match dice.below(3) {
            0 => format!("attachment; filename=\"{plain}\""),
            1 => format!("attachment; filename*=utf-8''{encoded}"),
            _ => format!("attachment;\r\n filename*0*=utf-8''{encoded};\r\n filename*1=\"../x\""),
        };
        let raw = format!(
            "From: eve@evil.example\r\n{TO}Content-Type: application/octet-stream; name=\"{plain}\"\r\nContent-Disposition: {field}\r\n\r\nabc\r\n"
        );
        let Some(mail) = read(raw.as_bytes()) else {
            continue;
        };
        for name in mail
            .attachments
            .iter()
            .filter_map(|one| one.name.as_deref())
        {
            named += 1;
            assert!(!name.is_empty() && name.len() <= 120, "{name:?}");
            assert!(
                !name.contains(['/', '\\', '\0']) && !name.starts_with('.'),
                "{name:?}"
            );
            assert!(
                !name
                    .chars()
                    .any(|c| c.is_control() || clean::is_bidi_control(c)),
                "{name:?}"
            );
        }
        // What the user reads says that there is something.
        let (decision, _) = House::new().raw_mail(raw.as_bytes()).unwrap();
        assert!(!text_of(&decision.stanzas[0]).trim().is_empty());
    }
    eprintln!("C12: {named} names of {} attachments", cases(1_500));
    assert!(named > cases(1_500) / 3, "{named}");
}

#[test]
fn c13_what_goes_to_many_is_quiet_and_is_shown_to_nobody_who_does_not_want_it() {
    use stanzamail::core::record::Bulk;
    for mark in [
        "List-Id: <l.mail.example>",
        "Precedence: bulk",
        "Precedence: list",
        "List-Unsubscribe: <mailto:x@mail.example>",
    ] {
        let raw = format!(
            "From: carol@mail.example\r\n{mark}\r\nMessage-ID: <1@mail.example>\r\n{TO}\r\nNews\r\n"
        );
        for (policy, kind) in [(Bulk::Headline, Some("headline")), (Bulk::Drop, None)] {
            let mut house = House::new();
            house.settings.bulk = policy;
            let (decision, fate) = house.raw_mail(raw.as_bytes()).unwrap();
            assert_eq!(
                decision
                    .stanzas
                    .first()
                    .map(|stanza| stanza.attr("type").unwrap()),
                kind,
                "{mark}"
            );
            assert!(decision.mails.is_empty());
            assert_eq!(fate, Fate::Handled);
        }
    }
}

#[test]
fn c14_what_cannot_be_read_here_is_named() {
    let multipart = |kind: &str, part: &str| {
        format!(
            "multipart/{kind}; boundary=b\r\n\r\n--b\r\nContent-Type: {part}\r\n\r\nAAAA\r\n--b--\r\n"
        )
    };
    for (content, named) in [
        (multipart("encrypted; protocol=\"application/pgp-encrypted\"", "application/pgp-encrypted"), "encrypted message"),
        (multipart("mixed", "application/ms-tnef; name=winmail.dat"), "winmail.dat"),
        (multipart("mixed", "application/octet-stream; name=winmail.dat"), "winmail.dat"),
        (multipart("mixed", "application/vnd.ms-tnef; name=winmail.dat"), "winmail.dat"),
        ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n\r\nAAAA".to_owned(), "S/MIME"),
        ("application/x-pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n\r\nAAAA".to_owned(), "S/MIME"),
        ("application/pgp-encrypted\r\n\r\nVersion: 1".to_owned(), "encrypted message"),
        ("video/unheard-of\r\n\r\nAAAA".to_owned(), "AAAA"),
        ("text/plain\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----".to_owned(), "encrypted message"),
        ("multipart/mixed; boundary=b\r\n\r\nnothing follows".to_owned(), ""),
        ("text/plain\r\n\r\n".to_owned(), ""),
    ] {
        let raw = format!("From: carol@mail.example\r\nMessage-ID: <1@mail.example>\r\nMIME-Version: 1.0\r\n{TO}Content-Type: {content}\r\n");
        let (decision, _) = House::new().raw_mail(raw.as_bytes()).unwrap();
        let text = text_of(&decision.stanzas[0]);
        assert!(!text.trim().is_empty(), "{content}");
        assert!(named == "AAAA" || text.contains(named), "{content}: {text}");
    }
}
