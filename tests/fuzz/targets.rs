//! What is fuzzed: everything that reads octets from outside, and every way there and back. A target fails by panicking.
//!
//! [`TARGETS`] is run for a short time by `tests/fuzz/main.rs` in every test, and for as long as one likes by libFuzzer
//! (`make fuzz`), which finds its own way into the code.

use stanzamail::config::Config;
use stanzamail::core::address::{MailAddress, address_of_node, contact_jid};
use stanzamail::core::context::{Context, Missing, Write};
use stanzamail::core::decide::incoming::{self, Arrived};
use stanzamail::core::decide::{self, Decision};
use stanzamail::core::id::{MessageId, StanzaId, ThreadId};
use stanzamail::core::parcel::{Letter, Party, Recipient};
use stanzamail::core::record::{Direction, Format, Message, Sent};
use stanzamail::core::rules::Rules;
use stanzamail::core::settings::{Settings, StanzaTrust, Users};
use stanzamail::core::text::clean;
use stanzamail::core::time::Timestamp;
use stanzamail::core::{authentication, carried, from_mail, from_stanza, signature, to_mail, xml};
use stanzamail::store::spool::Spool;
use stanzamail::xmpp::codec::{Decoder, encode};
use stanzamail::xmpp::guard::Guard;
use std::path::Path;
use std::sync::OnceLock;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 14] = [
    ("guard", guard),
    ("stanza", stanza),
    ("from_stanza", from_stanza),
    ("from_mail", from_mail),
    ("to_mail", to_mail),
    ("to_stanza", to_stanza),
    ("address", address),
    ("delivery_report", delivery_report),
    ("disposition_report", disposition_report),
    ("authentication_results", authentication_results),
    ("configuration", configuration),
    ("spool_file", spool_file),
    ("carried", carried),
    ("signature", signature),
];

/// Runs one of them.
#[allow(dead_code)] // libFuzzer's binaries do, one each
pub fn run(name: &str, data: &[u8]) {
    if let Some((_, target)) = TARGETS.iter().find(|(one, _)| *one == name) {
        target(data);
    }
}

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

fn settings() -> &'static Settings {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    SETTINGS.get_or_init(|| {
        let domain = |name: &str| jid::DomainPart::new(name).unwrap().into_owned();
        let rule = (
            "{local}@a.example".to_owned(),
            "{local}@chat.a.example".to_owned(),
        );
        let users = Users {
            domains: vec![domain("a.example")],
            jids: Vec::new(),
        };
        let rules = Rules::new(&[rule]).unwrap();
        let mut settings = Settings::with_defaults(domain("gateway.a.example"), rules, users);
        settings.trust.stanza = StanzaTrust::Off;
        settings
    })
}

fn decided<T>(decide: impl Fn(&Context) -> Result<T, Missing>) -> T {
    decided_with(&[], decide)
}

fn decided_with<T>(rows: &[Write], decide: impl Fn(&Context) -> Result<T, Missing>) -> T {
    let mut context = Context::new();
    context.apply(rows);
    loop {
        match decide(&context) {
            Ok(decision) => return decision,
            Err(Missing(needs)) => needs
                .into_iter()
                .for_each(|need| context.insert(need, None)),
        }
    }
}

/// Whatever is decided can be sent: its stanzas can be written and read again, its mails are mails.
fn can_be_sent(decision: &Decision) {
    for stanza in &decision.stanzas {
        let mut octets = Vec::new();
        if encode(stanza, &mut octets).is_ok() {
            Decoder::default()
                .parse(&octets)
                .expect("what is written can be read");
        }
    }
    for mail in &decision.mails {
        one_mail(&mail.bytes);
    }
}

/// No bare line ends, nothing but one header and one body, and it reads as what it is.
fn one_mail(bytes: &[u8]) {
    for pair in bytes.windows(2) {
        assert!(pair[1] != b'\n' || pair[0] == b'\r', "a bare LF");
        assert!(pair[0] != b'\r' || pair[1] == b'\n', "a bare CR");
    }
    from_mail::read(bytes, &[], false).expect("a mail that can be read");
}

/// The guard cuts out frames, and what it lets through the parser reads or refuses.
fn guard(data: &[u8]) {
    let (mut guard, mut rest, mut decoder) = (Guard::new(), data, Decoder::default());
    while !rest.is_empty() {
        match guard.push(rest) {
            Ok((taken, frame)) => {
                rest = rest.get(taken..).unwrap_or_default();
                if let Some(stanzamail::xmpp::guard::Frame::Element(octets)) = frame {
                    let _ = decoder.parse(&octets);
                } else if taken == 0 {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}

/// A stanza that can be read can be written, and is the same again.
fn stanza(data: &[u8]) {
    let Ok(element) = Decoder::default().parse(data) else {
        return;
    };
    let mut octets = Vec::new();
    if encode(&element, &mut octets).is_ok() {
        let again = Decoder::default()
            .parse(&octets)
            .expect("what is written can be read");
        let mut twice = Vec::new();
        encode(&again, &mut twice).expect("what was written once can be written again");
        assert_eq!(octets, twice);
    }
}

fn from_stanza(data: &[u8]) {
    let inner = String::from_utf8_lossy(data);
    for (open, close) in [
        (
            "<message from='alice@a.example/x' to='carol%mail.example@gateway.a.example' id='1'>",
            "</message>",
        ),
        (
            "<presence from='alice@a.example' to='bob\\40b.example@gateway.a.example'>",
            "</presence>",
        ),
        (
            "<iq from='alice@a.example/x' to='gateway.a.example' id='1' type='get'>",
            "</iq>",
        ),
        ("", ""),
    ] {
        let Ok(element) = Decoder::default().parse(format!("{open}{inner}{close}").as_bytes())
        else {
            continue;
        };
        if let Ok(stanza) = from_stanza::read(element) {
            can_be_sent(&decided(|context| {
                decide::stanza(settings(), context, &stanza, NOW)
            }));
        }
    }
}

/// Whatever a report is about, Alice has sent it.
fn from_mail(data: &[u8]) {
    let Ok(mail) = from_mail::read(data, &settings().recipient_headers, false) else {
        return;
    };
    let alice = jid::BareJid::new("alice@a.example").unwrap();
    let arrived = Arrived {
        mail: &mail,
        octets: data.len() as u64,
        over: None,
        bound: Some(&alice),
        waits: None,
        own: None,
    };
    let delivery = mail.delivery.iter().flat_map(|report| &report.about);
    let disposition = mail.disposition.iter().flat_map(|report| &report.about);
    let sent: Vec<Write> = delivery
        .chain(disposition)
        .map(|id| Write::Message(sent(&alice, id)))
        .collect();
    let decide = |context: &Context| incoming::decide(settings(), context, &arrived, NOW);
    let (decision, _) = decided_with(&sent, decide);
    can_be_sent(&decision);
}

fn sent(alice: &jid::BareJid, id: &MessageId) -> Message {
    Message {
        message_id: id.clone(),
        stanza_id: StanzaId::parse("m1").unwrap(),
        user: alice.clone(),
        resource: None,
        contact: MailAddress::parse("carol@mail.example").unwrap(),
        thread: ThreadId::derive(id),
        direction: Direction::Out,
        at: NOW,
        digest: String::new(),
        others: Vec::new(),
        sent: Sent::default(),
        answerable: None,
    }
}

/// Text of a stanza in every field of a mail: none of it becomes a header of its own.
fn to_mail(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let address = |text: &str| MailAddress::parse(text).unwrap();
    let from = Party {
        jid: jid::BareJid::new("alice@a.example").unwrap(),
        mail: address("alice@chat.a.example"),
        name: Some(text.clone()),
    };
    let id = MessageId::parse("1@chat.a.example").unwrap();
    let mut letter = Letter::plain(from, id, text.clone(), clean::for_xml(&text), NOW);
    letter.to.push(Recipient {
        role: from_stanza::Role::To,
        mail: address("carol@mail.example"),
        name: Some(text.clone()),
    });
    for format in [Format::Mail, Format::Xmpp] {
        let Ok(bytes) = to_mail::of(format).write(&letter) else {
            continue;
        };
        one_mail(&bytes);
        let mail = from_mail::read(&bytes, &[], false).unwrap();
        assert_eq!(
            mail.from.map(|from| from.address),
            Some(address("alice@chat.a.example"))
        );
        assert_eq!(mail.to.len(), 1);
        assert!(mail.cc.is_empty() && mail.in_reply_to.is_empty() && !mail.several_from);
        assert_eq!(mail.message_id.as_str(), "1@chat.a.example");
    }
}

/// Text of a mail in every field of a stanza: always valid XML.
fn to_stanza(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mail = format!(
        "From: =?utf-8?Q?{}?= <carol@mail.example>\r\nTo: alice@chat.a.example\r\nSubject: {}\r\nMessage-ID: <1@mail.example>\r\n\r\n{text}",
        text.lines().next().unwrap_or_default(),
        text.lines().last().unwrap_or_default()
    );
    from_mail(mail.as_bytes());
}

/// An address that can be a contact is the same address again.
fn address(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = address_of_node(&text);
    if let Ok(address) = MailAddress::parse(&text) {
        let again = MailAddress::parse(&address.to_string()).expect("written as it is read");
        assert_eq!(address, again);
        if let Ok(jid) = contact_jid(&address, &settings().gateway) {
            let node = jid.node().expect("a contact has a node");
            assert_eq!(address_of_node(node.as_str()).as_ref(), Ok(&address));
        }
    }
}

fn delivery_report(data: &[u8]) {
    report("delivery-status", "message/delivery-status", data);
}

fn disposition_report(data: &[u8]) {
    report(
        "disposition-notification",
        "message/disposition-notification",
        data,
    );
}

fn report(kind: &str, media_type: &str, data: &[u8]) {
    let head = format!(
        "From: MAILER-DAEMON@b.example\r\nTo: alice@chat.a.example\r\nMessage-ID: <2@b.example>\r\nIn-Reply-To: <1@chat.a.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n--b\r\n\r\nIt failed.\r\n--b\r\n\
         Content-Type: {media_type}\r\n\r\n"
    );
    let mail = [head.as_bytes(), data, b"\r\n--b--\r\n"].concat();
    from_mail(&mail);
}

fn authentication_results(data: &[u8]) {
    let _ = authentication::parse(&String::from_utf8_lossy(data));
}

fn configuration(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Err(errors) = Config::parse(Path::new("/nowhere/stanzamail.toml"), &text, None) {
        assert!(!errors.to_string().is_empty());
    }
}

fn spool_file(data: &[u8]) {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().unwrap()).path();
    let queue = folder.join("queue");
    std::fs::create_dir_all(&queue).unwrap();
    std::fs::write(queue.join("0123456789abcdef0123456789abcdef"), data).unwrap();
    let _ = Spool::look(folder);
}

/// What one gateway takes out of a mail, another would take out of what it writes.
fn carried(data: &[u8]) {
    let Ok(root) = xml::read(data) else {
        return;
    };
    let written = xml::write(&root).expect("what was read can be written");
    let again = xml::read(written.as_bytes()).expect("what was written can be read");
    assert_eq!(again, root);
    let _ = carried::read(&root);
}

fn signature(data: &[u8]) {
    let field = String::from_utf8_lossy(data).replace(['\r', '\n'], " ");
    let mail = format!(
        "{}: {field}\r\nFrom: bob@chat.b.example\r\nTo: alice@chat.a.example\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\
         Message-ID: <1@chat.b.example>\r\n\r\nHello\r\n",
        signature::FIELD
    );
    let key = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        .parse()
        .unwrap();
    let mail = from_mail::read(mail.as_bytes(), &[], false).unwrap();
    if let Some(signed) = mail.signature {
        assert!(
            signed.verify(&key, "chat.b.example", NOW).is_err(),
            "nobody has signed this"
        );
    }
}
