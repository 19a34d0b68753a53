//! Signatures over whole mails.

use super::*;
use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use crate::core::message::{OutboundMail, Party, Recipient, Role};
use crate::core::{from_mail, processor, to_mail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
const DOMAIN: &str = "chat.b.example";
const MAIL: &str = "From: =?utf-8?b?QsO2Yg==?= <bob@chat.b.example>\r\n\
    To: Alice <alice@chat.a.example>,\r\n adam@chat.a.example\r\n\
    Subject: Is dinner ready?\r\n\
    Date: Fri, 11 Sep 2026 21:00:37 +0000\r\n\
    Message-ID: <1@chat.b.example>\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: 7bit\r\n\
    XMPP-Bridge: v=1\r\n\
    \r\n\
    Hi.\r\n\
    \r\n\
    We lost the game.  Are you hungry yet?\r\n";

fn signer() -> Signer {
    Signer::from_seed(&[7; 32]).unwrap()
}

fn signed() -> String {
    String::from_utf8(signer().sign(MAIL.as_bytes(), DOMAIN, NOW)).unwrap()
}

/// What becomes of a mail as the gateway reads it; `None` where it has no signature or cannot be read.
fn verified(mail: &[u8]) -> Option<Result<(), BadSignature>> {
    let read = from_mail::read(mail, &[], false).ok()?;
    let domain = read.from.as_ref()?.address.domain();
    Some(read.signature?.verify(&signer().public(), domain, NOW))
}

fn holds(mail: &[u8]) -> bool {
    verified(mail) == Some(Ok(()))
}

fn bad(mail: &str) -> BadSignature {
    verified(mail.as_bytes()).unwrap().unwrap_err()
}

#[test]
fn a_mail_that_was_signed_is_verified() {
    assert_eq!(verified(signed().as_bytes()), Some(Ok(())));
    let read = from_mail::read(signed().as_bytes(), &[], false).unwrap();
    let signature = read.signature.unwrap();
    assert_eq!(signature.domain(), Some(DOMAIN));
    assert_eq!(signature.at(), Some(NOW));
    assert_eq!(signature.bad(), None);
    assert!(signed().lines().all(|line| line.len() <= 78));
    assert!(signed().ends_with(MAIL));
}

#[test]
fn a_mail_without_a_signature_has_none() {
    for mail in [MAIL, "", "\r\n", "From: a@b.example\rc\r\n\r\n", "X"] {
        assert_eq!(read(mail.as_bytes(), [].into_iter(), false), None);
    }
    let named = format!("XMPP-Bridge-Signature-Note: v=1\r\n{MAIL}");
    assert_eq!(verified(named.as_bytes()), None);
}

/// RFC 8463 §A.2, whose field differs in its name only.
const RFC_8463: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n \
    d=football.example.com; i=@football.example.com;\r\n \
    q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n \
    subject : date : message-id : from : subject : date;\r\n \
    bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n \
    b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n \
    Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n\
    From: Joe SixPack <joe@football.example.com>\r\n\
    To: Suzie Q <suzie@shopping.example.net>\r\n\
    Subject: Is dinner ready?\r\n\
    Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
    Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\
    \r\n\
    Hi.\r\n\
    \r\n\
    We lost the game.  Are you hungry yet?\r\n\
    \r\n\
    Joe.\r\n";

#[test]
fn the_example_of_rfc_8463() {
    let seed = BASE64_STANDARD.decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
    let signer = Signer::from_seed(&seed.unwrap().try_into().unwrap()).unwrap();
    let public = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    assert_eq!(signer.public().to_string(), public);

    let (header, body) = split_header(RFC_8463.as_bytes());
    let fields = canonical::fields(header).unwrap();
    let read = content(&fields, &fields[0], body).unwrap();
    let at = Timestamp::from_secs(1_528_637_909);
    assert_eq!(read.at, at);
    assert_eq!(
        signer.signature_of(&read.digest),
        BASE64_STANDARD.encode(read.signature)
    );
    let signed = Signed(Ok(read));
    let key = PublicKey::parse(public).unwrap();
    assert_eq!(signed.verify(&key, "football.example.com", at), Ok(()));
}

/// RFC 8032 §7.1, the second test.
#[test]
fn the_example_of_rfc_8032() {
    let seed = [
        0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e,
        0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8,
        0xa6, 0xfb,
    ];
    let signer = Signer::from_seed(&seed).unwrap();
    let signature = BASE64_STANDARD
        .decode(signer.signature_of(&[0x72]))
        .unwrap();
    assert_eq!(
        signature[..8],
        [0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8]
    );
    let signature = signature.try_into().unwrap();
    assert!(signer.public().has_signed(&[0x72], &signature));
    assert!(!signer.public().has_signed(&[0x73], &signature));
}

#[test]
fn a_signature_survives_what_mail_servers_do() {
    let mail = signed();
    for (what, changed) in [
        ("line feeds", mail.replace("\r\n", "\n")),
        ("folding", mail.replace("Subject: Is", "Subject:\r\n\tIs")),
        ("unfolding", mail.replace(",\r\n adam", ", adam")),
        ("tabs", mail.replace("dinner ready", "dinner\t ready")),
        ("its folding", mail.replace(";\r\n\t", "; ")),
        ("case of names", mail.replace("Message-ID:", "Message-Id:")),
        (
            "space at ends",
            mail.replace("\r\n\r\nHi.", " \r\n\r\nHi. "),
        ),
        ("space in the body", mail.replace("game.  Are", "game. Are")),
        ("lines at the end", format!("{mail}\r\n\r\n")),
        ("a missing end", mail.trim_end().to_owned()),
        (
            "fields on top",
            format!(
                "Return-Path: <>\r\nReceived: by x;\r\n\tnow\r\nDelivered-To: a@b.example\r\n{mail}"
            ),
        ),
        (
            "fields below",
            mail.replace("\r\n\r\nHi.", "\r\nX-Spam: no\r\n\r\nHi."),
        ),
    ] {
        assert_eq!(verified(changed.as_bytes()), Some(Ok(())), "{what}");
    }
}

#[test]
fn an_empty_body_can_be_signed() {
    for body in ["", "\r\n", "\r\n\r\n\r\n"] {
        let mail = MAIL.split("\r\n\r\n").next().unwrap();
        let mail = signer().sign(format!("{mail}\r\n{body}").as_bytes(), DOMAIN, NOW);
        assert!(holds(&mail));
    }
}

#[test]
fn a_change_is_told_by_its_place() {
    let mail = signed();
    assert_eq!(bad(&mail.replace("hungry", "Hungry")), BadSignature::Body);
    assert_eq!(bad(&mail.replace("dinner", "supper")), BadSignature::Key);
    assert_eq!(bad(&mail.replace("t=1790", "t=1789")), BadSignature::Key);
    let field = |from, to| match bad(&mail.replace(from, to)) {
        BadSignature::Unreadable(why) => why,
        other => panic!("{other}"),
    };
    assert_eq!(field("v=1; a", "v=2; a"), "its version is not 1");
    assert_eq!(field("v=1; a", "a"), "its version is not 1");
    assert_eq!(
        field("ed25519-sha256", "rsa-sha256"),
        "its algorithm is not ed25519-sha256"
    );
    assert_eq!(field("; t=1", "; t=-1"), "its t is no time");
    assert_eq!(field("; t=1", "; t=1; t=1"), "it has a tag twice");
    assert_eq!(field("h=", "h=:"), "its h is no list of fields");
    assert_eq!(field("d=chat", "d=.chat"), "its d is no domain");
    assert_eq!(field("bh=", "bh=A"), "its bh is no SHA-256 in base64");
}

#[test]
fn a_field_that_is_no_signature_is_bad() {
    let with = |value: &str| bad(&format!("XMPP-Bridge-Signature: {value}\r\n{MAIL}"));
    for nonsense in [
        "",
        ";",
        "=",
        "v",
        "v=1",
        "b=",
        "1",
        ";;;",
        "h=;b=;bh=;d=;t=",
        "\u{e9}=1",
    ] {
        assert!(
            matches!(with(nonsense), BadSignature::Unreadable(_)),
            "{nonsense}"
        );
    }
    assert!(matches!(with(&"a".repeat(17_000)), BadSignature::Long(_)));
    let twice = format!("XMPP-bridge-signature : v=1\r\n{}", signed());
    assert_eq!(bad(&twice), BadSignature::Several);
}

#[test]
fn tags_that_nobody_knows_are_ignored() {
    let said = field::read(
        b" v=1 ;\r\n a = ed25519-sha256;c=relaxed/relaxed;d=B.example;t=5;h= From : to ;x_1=?; \
        bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;b=\r\n /gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\
        Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw== ; ",
    );
    let said = said.unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(said.domain, "b.example");
    assert_eq!(said.names, ["from", "to"]);
    assert!(said.unsigned.ends_with(b";b=; "));
}

#[test]
fn a_signature_is_for_the_domain_of_from_and_by_the_configured_key() {
    let read = from_mail::read(signed().as_bytes(), &[], false).unwrap();
    let signature = read.signature.unwrap();
    let (key, other) = (signer().public(), Signer::from_seed(&[8; 32]).unwrap());
    assert_eq!(
        signature.verify(&key, "b.example", NOW),
        Err(BadSignature::Domain {
            signed: DOMAIN.to_owned(),
            from: "b.example".to_owned()
        })
    );
    assert_eq!(
        signature.verify(&other.public(), DOMAIN, NOW),
        Err(BadSignature::Key)
    );
    let replayed = signed().replace("<bob@chat.b.example>", "<bob@chat.c.example>");
    assert!(matches!(bad(&replayed), BadSignature::Domain { .. }));
    // Nor does a signature for another domain help.
    let foreign = String::from_utf8(signer().sign(MAIL.as_bytes(), "c.example", NOW)).unwrap();
    assert!(matches!(bad(&foreign), BadSignature::Domain { .. }));
}

#[test]
fn a_signature_has_its_time() {
    let read = from_mail::read(signed().as_bytes(), &[], false).unwrap();
    let signature = read.signature.unwrap();
    let at = |seconds: i64| {
        let now = Timestamp::from_millis(NOW.millis() + seconds * 1000);
        signature.verify(&signer().public(), DOMAIN, now)
    };
    let oldest = 14 * 86_400;
    assert_eq!(at(oldest), Ok(()));
    assert_eq!(at(oldest + 1), Err(BadSignature::Old));
    assert_eq!(at(-3600), Ok(()));
    assert_eq!(at(-3601), Err(BadSignature::Future));
    assert_eq!(
        BadSignature::Old.to_string(),
        "it was signed more than 14 days ago"
    );
}

#[test]
fn a_header_alone_cannot_be_verified() {
    let read = from_mail::read(signed().as_bytes(), &[], true).unwrap();
    let signature = read.signature.unwrap();
    assert_eq!(signature.bad(), Some(&BadSignature::BodyNotRead));
    assert_eq!(
        signature.verify(&signer().public(), DOMAIN, NOW),
        Err(BadSignature::BodyNotRead)
    );
}

#[test]
fn what_names_a_mail_must_be_there_once() {
    for (name, line) in [
        (
            "from",
            "From: =?utf-8?b?QsO2Yg==?= <bob@chat.b.example>\r\n",
        ),
        (
            "to",
            "To: Alice <alice@chat.a.example>,\r\n adam@chat.a.example\r\n",
        ),
        ("date", "Date: Fri, 11 Sep 2026 21:00:37 +0000\r\n"),
        ("message-id", "Message-ID: <1@chat.b.example>\r\n"),
    ] {
        for other in [String::new(), line.repeat(2)] {
            let mail = signer().sign(MAIL.replace(line, &other).as_bytes(), DOMAIN, NOW);
            let read = from_mail::read(&mail, &[], false).unwrap();
            let signature = read.signature.unwrap();
            assert_eq!(signature.bad(), Some(&BadSignature::NotOne(name)));
        }
    }
}

/// A signer that leaves a field out, or signs one of two.
#[test]
fn a_field_that_matters_must_be_signed() {
    let cut = |name: &str| signed().replace(&format!("{name}:{name}:"), "");
    for name in ["from", "message-id", "subject", "content-type"] {
        assert_eq!(bad(&cut(name)), BadSignature::NotSigned(name.to_owned()));
    }
    let named = |mail: &str| signer().sign(mail.as_bytes(), DOMAIN, NOW);
    let unknown = MAIL.replace("XMPP-Bridge: ", "XMPP-Bridge-New: 1\r\nXMPP-Bridge: ");
    let unknown = String::from_utf8(named(&unknown)).unwrap();
    assert!(holds(unknown.as_bytes()));
    assert!(unknown.contains("xmpp-bridge-new:xmpp-bridge-new"));
    assert!(!holds(
        unknown.replace("XMPP-Bridge-New: 1\r\n", "").as_bytes()
    ));
    let added = format!("XMPP-Bridge-Other: 1\r\n{unknown}");
    assert_eq!(
        bad(&added),
        BadSignature::NotSigned("xmpp-bridge-other".to_owned())
    );
}

#[test]
fn a_header_that_could_be_read_in_two_ways_is_bad() {
    let mail = signed();
    for odd in [
        "Fr om: eve@chat.b.example\r\n",
        ":From: eve@chat.b.example\r\n",
        "X: y\rFrom: eve@chat.b.example\r\n",
        "X: y\r\n \r\n",
        "Content-Disposition\r\n",
        "X: \0\r\n",
    ] {
        assert_eq!(
            bad(&format!("{odd}{mail}")),
            BadSignature::Header,
            "{odd:?}"
        );
    }
    // Where the reader of the mail found fewer fields than are signed.
    let names = ["XMPP-Bridge-Signature", "From", "To"];
    let read = read(mail.as_bytes(), names.into_iter(), false).unwrap();
    assert_eq!(read.bad(), Some(&BadSignature::Header));
}

/// Where a field may be added: before each field of the header, and below them.
fn boundaries(mail: &str) -> Vec<usize> {
    let end = mail.find("\r\n\r\n").unwrap() + 2;
    let lines = mail[..end]
        .match_indices("\r\n")
        .map(|(at, end)| at + end.len());
    let starts = lines.filter(|at| !mail[*at..].starts_with([' ', '\t']));
    std::iter::once(0).chain(starts).collect()
}

#[test]
fn a_second_field_anywhere_breaks_it() {
    let mail = signed();
    for field in [
        "From: eve@chat.b.example",
        "from : =?utf-8?b?QsO2Yg==?= <bob@chat.b.example>",
        "To: eve@chat.a.example",
        "SUBJECT: other",
        "Subject: Is dinner ready?",
        "Subject:",
        "Cc: eve@chat.a.example",
        "Reply-To: eve@chat.a.example",
        "In-Reply-To: <2@chat.a.example>",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/html",
        "XMPP-Bridge-Hops: 9",
        "Jabber-ID: eve@b.example",
        "XMPP-Bridge-Signature: v=1",
    ] {
        for at in boundaries(&mail) {
            let changed = format!("{}{field}\r\n{}", &mail[..at], &mail[at..]);
            assert!(!holds(changed.as_bytes()), "{field} at {at}");
        }
    }
}

/// Only space differs.
fn is_same_but_for_space(one: &[u8], other: &[u8]) -> bool {
    let bare = |mail: &[u8]| -> Vec<u8> {
        let space = |b: &u8| !matches!(b, b' ' | b'\t' | b'\r' | b'\n');
        mail.iter().copied().filter(space).collect()
    };
    bare(one) == bare(other)
}

fn is_in_a_name(mail: &str, at: usize) -> bool {
    let (header, line) = (
        mail.find("\r\n\r\n").unwrap(),
        mail[..at].rfind('\n').map_or(0, |end| end + 1),
    );
    let is_begin = !mail[line..].starts_with([' ', '\t']);
    at < header && is_begin && !mail[line..at].contains(':')
}

#[test]
fn any_changed_octet_breaks_it() {
    let mail = signed();
    for (at, old) in mail.bytes().enumerate() {
        for octet in [old ^ 1, b'\n'] {
            let mut changed = mail.clone().into_bytes();
            changed[at] = octet;
            if !is_same_but_for_space(mail.as_bytes(), &changed) {
                assert!(!holds(&changed), "{octet} for {old} at {at}");
            }
        }
    }
}

/// From bob to alice and some more.
fn letter(subject: &str, name: &str, text: String, id: &str, others: usize) -> OutboundMail {
    let mail = |text: &str| MailAddress::parse(text).unwrap();
    let name = Some(name.to_owned());
    let to = |number: usize| Recipient {
        role: if number == 0 { Role::To } else { Role::Cc },
        mail: mail(&format!("alice{number}@chat.a.example")),
        name: name.clone(),
    };
    let id = MessageId::parse(&format!("{id}@a.example")).unwrap();
    OutboundMail {
        from: Party {
            jid: jid::BareJid::new("bob@b.example").unwrap(),
            mail: mail("bob@chat.b.example"),
            name: name.clone(),
            face: None,
        },
        to: (0..=others).map(to).collect(),
        message_id: MessageId::parse("1@chat.b.example").unwrap(),
        subject: subject.to_owned(),
        in_reply_to: Some(id.clone()),
        references: vec![id; others],
        date: NOW,
        text,
        automatic: others == 0,
        answers_automatically: false,
        notify_read: false,
        carried: Vec::new(),
        act: None,
        is_styled: false,
        page: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_change_breaks_it(
        place in any::<prop::sample::Index>(),
        cut in 0_usize..4,
        put in proptest::collection::vec(any::<u8>(), 0..4),
    ) {
        let mail = signed();
        let at = place.index(mail.len());
        let end = (at + cut).min(mail.len());
        let changed = [&mail.as_bytes()[..at], &put, &mail.as_bytes()[end..]].concat();
        let lower = |mail: &[u8]| mail.to_ascii_lowercase();
        let is_case = is_in_a_name(&mail, at) && lower(&changed) == lower(mail.as_bytes());
        if !is_case && !is_same_but_for_space(mail.as_bytes(), &changed) && holds(&changed) {
            // A whole field that nobody signed is the one thing that may come in between.
            let text = String::from_utf8(changed).unwrap();
            prop_assert!(text.contains(std::str::from_utf8(&put).unwrap()), "{text}");
            prop_assert!(put.contains(&b':'), "{text}");
        }
    }

    #[test]
    fn fields_on_top_do_no_harm(
        names in proptest::collection::vec("[A-Za-z][A-Za-z0-9-]{0,40}", 1..6),
        values in proptest::collection::vec("[ -~]{0,60}(\r\n [!-~]{1,40}){0,2}", 6),
    ) {
        let mut mail = String::new();
        for (name, value) in names.iter().zip(&values) {
            let name = name.to_ascii_lowercase();
            prop_assume!(!is_protected(&name));
            mail.push_str(&format!("{name}: {value}\r\n"));
        }
        mail.push_str(&signed());
        prop_assert_eq!(verified(mail.as_bytes()), Some(Ok(())));
    }

    #[test]
    fn whatever_is_written_is_signed_and_verified(
        subject in "[!-~]{1,20}( [!-~]{1,20}){0,5}",
        body in "([ -~\t\r\n]|\\PC){0,300}",
    ) {
        let mail = MAIL.replace("Is dinner ready?", &subject);
        let mail = format!("{}\r\n\r\n{body}", mail.split("\r\n\r\n").next().unwrap());
        let signed = signer().sign(mail.as_bytes(), DOMAIN, NOW);
        prop_assert_eq!(verified(&signed), Some(Ok(())));
    }

    #[test]
    fn what_the_gateway_writes_is_verified(
        subject in "\\PC{0,300}|[ -~]{0,300}",
        name in "\\PC{0,80}|[ -~]{0,80}",
        text in "(\\PC{0,200}\n?){0,5}|[ -~\n]{0,500}",
        id in "[!-;=?-~]{1,300}",
        others in 0_usize..40,
    ) {
        let mail = to_mail::plain(&letter(&subject, &name, text, &id, others));
        prop_assume!(mail.is_ok());
        let signed = signer().sign(&mail.unwrap(), DOMAIN, NOW);
        prop_assert_eq!(verified(&signed), Some(Ok(())), "{}", String::from_utf8_lossy(&signed));
    }

    #[test]
    fn no_field_makes_it_panic(
        value in proptest::collection::vec(any::<u8>(), 0..400),
        tags in "([vacdthb]|bh)=[ -~]{0,30}(;([vacdthb]|bh|x)? ?= ?[ -~\r\n\t]{0,30}){0,10}",
        names in proptest::collection::vec("[ -~]{0,10}", 0..10),
        header_only in any::<bool>(),
    ) {
        let _ = field::read(&value);
        let _ = field::read(tags.as_bytes());
        for value in [&value, tags.as_bytes()] {
            let mail = [b"XMPP-Bridge-Signature:", value, b"\r\n", MAIL.as_bytes()].concat();
            let read = from_mail::read(&mail, &[], header_only);
            let names = names.iter().map(String::as_str);
            let signature = read.ok().and_then(|mail| mail.signature);
            for signature in [signature, super::read(&mail, names, header_only)].into_iter().flatten() {
                prop_assert!(signature.verify(&signer().public(), DOMAIN, NOW).is_err());
            }
        }
    }

    #[test]
    fn no_mail_makes_it_panic(
        mail in proptest::collection::vec(any::<u8>(), 0..400),
        domain in "\\PC{0,30}",
        at in any::<i64>(),
    ) {
        let at = Timestamp::from_millis(at);
        let signed = signer().sign(&mail, &domain, at);
        for mail in [mail, signed] {
            let _ = read(&mail, [].into_iter(), false).map(|one| {
                one.verify(&signer().public(), &domain, at)
            });
        }
    }
}

#[test]
fn a_hostile_mail_costs_no_more_than_its_size() {
    let began = processor::of_thread();
    let fields = "a:\r\n".repeat(60_000);
    let mail = signed().replacen("From:", &format!("{fields}From:"), 1);
    let mail = mail.replace("\th=", &format!("\th={}", "a:".repeat(7_000)));
    assert_eq!(bad(&mail), BadSignature::Key);
    let mail = format!("{mail}{}", "a \t b\r\n\r\n".repeat(300_000));
    assert_eq!(bad(&mail), BadSignature::Body);
    let took = processor::of_thread() - began;
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
}
