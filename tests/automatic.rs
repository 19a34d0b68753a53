//! What the gateway writes by itself, and to whom it never does: reports on mails that the XMPP side gave back, decision by
//! decision, with no server.

use crate::decided::World;
use minidom::Element;
use stanzamail::core::context::{Context, Write};
use stanzamail::core::decide;
use stanzamail::core::decide::delivery::returned::status_of;
use stanzamail::core::from_mail::{self, DeliveryAction};
use stanzamail::core::job::ComposedMail;
use stanzamail::core::limits;
use stanzamail::core::record::{Pair, PairOrigin};
use stanzamail::core::settings::Trust;
use stanzamail::core::to_stanza::Condition;
use std::time::Duration;

const VERIFIED: &str =
    "Authentication-Results: mx.a.example; dmarc=pass header.from=mail.example\n";

trait Returned {
    /// The server gives back every message that this mail became. Returns the reports.
    fn returned(&mut self, mail: &str, condition: &str) -> Vec<ComposedMail>;
}

/// Whose mail server is mx.a.example.
fn new_world() -> World {
    let mut world = World::at("2026-11-13T16:20:00Z");
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.a.example".to_owned()],
        ..Trust::default()
    };
    world
}

impl Returned for World {
    fn returned(&mut self, mail: &str, condition: &str) -> Vec<ComposedMail> {
        let decision = self.mail(mail);
        assert!(
            decision.mails.is_empty(),
            "no mail is answered by itself:\n{mail}"
        );
        let messages = decision.stanzas.iter();
        let errors: Vec<_> = messages
            .filter(|stanza| stanza.name() == "message")
            .map(|message| error_of(message, &plain(condition)))
            .collect();
        let mut reports = Vec::new();
        for error in errors {
            let decision = self.stanza(&error);
            assert!(
                decision.stanzas.is_empty(),
                "an error is answered by no stanza"
            );
            reports.extend(decision.mails);
        }
        reports
    }
}

/// The error that a server returns for this message (RFC 6120 §8.3.1).
fn error_of(message: &Element, error: &str) -> String {
    let [from, to, id] = ["from", "to", "id"].map(|name| message.attr(name).unwrap());
    format!("<message type='error' from='{to}' to='{from}' id='{id}'>{error}</message>")
}

fn plain(condition: &str) -> String {
    format!(
        "<error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    )
}

/// Carol writes to somebody; each number is a mail of its own.
fn hello(number: usize) -> String {
    format!(
        "Return-Path: <carol@mail.example>\nDelivered-To: ghost@chat.a.example\n{VERIFIED}\
         From: Carol <carol@mail.example>\nTo: ghost@chat.a.example\nSubject: Grüße, Nr. {number}\n\
         Date: Fri, 13 Nov 2026 16:19:50 +0000\nMessage-ID: <{number}@mail.example>\n\nAre you there?\n"
    )
}

/// Condition, what mail calls it, and which condition it is again at another gateway that gets the report.
const CONDITIONS: [(&str, &str, &str); 22] = [
    ("bad-request", "5.5.0", "undefined-condition"),
    ("conflict", "5.3.0", "undefined-condition"),
    ("feature-not-implemented", "5.3.3", "undefined-condition"),
    ("forbidden", "5.7.1", "forbidden"),
    ("gone", "5.1.6", "item-not-found"),
    ("internal-server-error", "5.3.0", "undefined-condition"),
    ("item-not-found", "5.1.1", "item-not-found"),
    ("jid-malformed", "5.1.3", "item-not-found"),
    ("not-acceptable", "5.6.0", "undefined-condition"),
    ("not-allowed", "5.7.1", "forbidden"),
    ("not-authorized", "5.7.1", "forbidden"),
    ("policy-violation", "5.7.1", "forbidden"),
    ("recipient-unavailable", "4.2.1", "remote-server-timeout"),
    ("redirect", "5.1.6", "item-not-found"),
    ("registration-required", "5.7.1", "forbidden"),
    ("remote-server-not-found", "5.1.2", "item-not-found"),
    ("remote-server-timeout", "4.4.1", "remote-server-timeout"),
    ("resource-constraint", "5.2.2", "resource-constraint"),
    ("service-unavailable", "5.1.0", "item-not-found"),
    ("subscription-required", "5.7.1", "forbidden"),
    ("undefined-condition", "5.0.0", "undefined-condition"),
    ("unexpected-request", "5.5.0", "undefined-condition"),
];

#[test]
fn a17_each_condition_of_rfc_6120_is_a_report_with_its_status_and_a_condition_again_at_the_next_gateway()
 {
    let names = Condition::ALL.map(Condition::name);
    assert_eq!(names, CONDITIONS.map(|(name, _, _)| name));
    for (name, status, again) in CONDITIONS {
        let mut world = new_world();
        let reports = world.returned(&hello(1), name);
        assert_eq!(reports.len(), 1, "{name}");
        let text = String::from_utf8(reports[0].bytes.clone()).unwrap();
        for line in [
            format!("Status: {status}"),
            format!("Diagnostic-Code: x-xmpp; {name}"),
        ] {
            assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}:\n{text}");
        }
        let read = from_mail::read(text.as_bytes(), &[], false).unwrap();
        let report = read.delivery.expect("it is a report");
        assert_eq!(report.recipients.len(), 1);
        assert_eq!(report.recipients[0].action, DeliveryAction::Failed);
        let there = decide::delivery::outcome::condition_of(&report.recipients[0].reply);
        assert_eq!(there.name(), again, "{name}");
        let (class, subject, detail) = status_of(Condition::parse(name).unwrap());
        assert_eq!(format!("{class}.{subject}.{detail}"), status);
    }
}

#[test]
fn a_report_has_all_that_mail_servers_and_people_look_for() {
    let mut world = new_world();
    let message = world.mail(&hello(7)).stanzas.remove(0);
    let error = "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
                 <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Niemand da: kein Gerät&#10;X: y</text></error>";
    let report = world.stanza(&error_of(&message, error)).mails.remove(0);
    assert_eq!(report.job.from, None, "the reverse path is null");
    assert_eq!(report.job.to[0].to_string(), "carol@mail.example");
    assert!(report.job.origin.is_none() && report.job.silent);
    let text = String::from_utf8(report.bytes).unwrap();
    for line in [
        "From: \"Mail Delivery System\" <MAILER-DAEMON@chat.a.example>",
        "To: carol@mail.example",
        "Auto-Submitted: auto-replied",
        "In-Reply-To: <7@mail.example>",
        "References: <7@mail.example>",
        "Reporting-MTA: dns; gateway.a.example",
        "X-Original-Message-ID: <7@mail.example>",
        "Final-Recipient: rfc822; ghost@chat.a.example",
        "Action: failed",
        "Status: 5.1.0",
        "Diagnostic-Code: x-xmpp; service-unavailable Niemand da: kein Ger?t X: y",
        "Message-ID: <7@mail.example>",
        "Date: Fri, 13 Nov 2026 16:19:50 +0000",
    ] {
        assert!(
            text.contains(&format!("\r\n{line}\r\n")) || text.starts_with(&format!("{line}\r\n")),
            "{line}:\n{text}"
        );
    }
    let read = from_mail::read(text.as_bytes(), &[], false).unwrap();
    assert_eq!(read.report, Some(from_mail::ReportType::Delivery));
    assert!(read.automatic.is_some());
    assert!(
        read.text
            .contains("Your mail to ghost@chat.a.example was not delivered"),
        "{}",
        read.text
    );
    assert!(read.text.contains("kein Gerät X: y"), "{}", read.text);
    assert!(!text.contains("ghost@a.example"), "no JID is told:\n{text}");
}

#[test]
fn a_report_on_an_address_beyond_ascii_is_one_of_rfc_6533() {
    let mail = hello(1).replace("ghost@chat", "jörgen@chat");
    let mut world = new_world();
    world.context.apply(&[Write::Pair(Pair {
        jid: jid::BareJid::new("joergen@a.example").unwrap(),
        mail: "jörgen@chat.a.example".parse().unwrap(),
        name: None,
        origin: PairOrigin::Admin,
        saved: world.now,
    })]);
    let report = world.returned(&mail, "item-not-found").remove(0);
    let text = String::from_utf8(report.bytes.clone()).unwrap();
    assert!(text.contains("message/global-delivery-status"), "{text}");
    let read = from_mail::read(&report.bytes, &[], false).unwrap();
    let delivery = read.delivery.expect("it is read");
    let last = delivery.recipients[0]
        .last
        .as_ref()
        .map(ToString::to_string);
    assert_eq!(last.as_deref(), Some("jörgen@chat.a.example"));
    assert_eq!(delivery.about[0].as_str(), "1@mail.example");
}

#[test]
fn an_error_that_fits_no_message_from_a_mail_produces_nothing() {
    let mut world = new_world();
    let message = world.mail(&hello(1)).stanzas.remove(0);
    let right = error_of(&message, &plain("item-not-found"));
    let id = message.attr("id").unwrap();
    for wrong in [
        right.replace(id, "m0123456789abcdef0123456789abcdef"),
        right.replace(&format!("id='{id}'"), ""),
        right.replace("from='ghost@", "from='alice@"),
        right.replace("from='ghost@a.example'", "from='ghost@a.example/phone'"),
        right.replace("from='ghost@a.example'", "from='ghost@elsewhere.example'"),
        right.replace("to='carol", "to='dave"),
        right.replace("to='carol\\40mail.example@", "to='"),
        right.replace("type='cancel'", "type='continue'"),
        right
            .replace("<message", "<presence")
            .replace("</message", "</presence"),
        right
            .replace("<message", "<iq")
            .replace("</message", "</iq"),
    ] {
        assert_ne!(wrong, right);
        let decision = world.stanza(&wrong);
        assert!(
            decision.mails.is_empty() && decision.writes.is_empty(),
            "{wrong}"
        );
    }
    // Nor does what she wrote herself.
    let own = world.stanza("<message from='ghost@a.example' to='carol\\40mail.example@gateway.a.example' id='x1' type='chat'><body>Hi</body></message>");
    assert_eq!(own.mails.len(), 1);
    let error = right.replace(id, "x1");
    assert!(world.stanza(&error).mails.is_empty());
    assert_eq!(world.stanza(&right).mails.len(), 1, "the right one does");
    world.now = world.now.plus(2 * limits::RETURN_INTERVAL);
    assert!(world.stanza(&right).mails.is_empty(), "and once only");
}

#[test]
fn a_sender_gets_one_report_in_an_hour_and_others_get_theirs() {
    let mut world = new_world();
    let carols: usize = (0..20)
        .map(|number| world.returned(&hello(number), "service-unavailable").len())
        .sum();
    assert_eq!(carols, 1);
    let daves = hello(50).replace("arol@mail", "ave@mail");
    assert_eq!(world.returned(&daves, "service-unavailable").len(), 1);
    world.now = world
        .now
        .plus(limits::RETURN_INTERVAL - Duration::from_secs(1));
    assert_eq!(world.returned(&hello(51), "gone").len(), 0);
    world.now = world.now.plus(Duration::from_secs(1));
    assert_eq!(world.returned(&hello(52), "gone").len(), 1);
    // Upper case is the same person.
    let loud = hello(53).replace("carol@mail", "CAROL@mail");
    assert_eq!(world.returned(&loud, "gone").len(), 0);
}

#[test]
fn the_reverse_path_is_where_a_report_goes_if_who_is_verified_answers_for_it() {
    let path = |path: &str| hello(1).replace("Return-Path: <carol@mail.example>\n", path);
    for (header, to) in [
        (
            "Return-Path: <carol@mail.example>\n",
            Some("carol@mail.example"),
        ),
        (
            "Return-Path: <prvs=12=carol@mail.example>\n",
            Some("prvs=12=carol@mail.example"),
        ),
        ("", Some("carol@mail.example")),
        ("Return-Path: <>\n", None),
        ("Return-Path: <victim@elsewhere.example>\n", None),
        ("Return-Path: <victim@sub.mail.example>\n", None),
        (
            "Return-Path: <carol+1@mail.example>\nReturn-Path: <v@elsewhere.example>\n",
            Some("carol+1@mail.example"),
        ),
        (
            "Return-Path: <btv1==12==Carol@mail.example>\n",
            Some("btv1==12==Carol@mail.example"),
        ),
        // Another address of the same domain: the author's mail may have been sent again by somebody else.
        ("Return-Path: <bounces+1@mail.example>\n", None),
        ("Return-Path: <prvs=12=victim@mail.example>\n", None),
        ("Return-Path: <victim+carol@mail.example>\n", None),
        ("Return-Path: <x=carol@mail.example>\n", None),
        ("Return-Path: <list-bounces@mail.example>\n", None),
    ] {
        let reports = new_world().returned(&path(header), "item-not-found");
        let to_whom = reports.first().map(|mail| mail.job.to[0].to_string());
        assert_eq!(to_whom.as_deref(), to, "{header}");
    }
}

/// What marks a mail as automatic or as one for many, in the spellings that are about.
fn marks() -> Vec<String> {
    let mut marks = Vec::new();
    for name in ["Auto-Submitted", "auto-submitted", "AUTO-SUBMITTED"] {
        for value in [
            "auto-replied",
            "auto-generated",
            "auto-notified; owner-email=\"a@b.example\"",
            "Auto-Replied (vacation)",
            "AUTO-GENERATED",
            "auto-something-new",
            "auto-replied;",
            "\n auto-generated",
            "(away) ",
        ] {
            marks.push(format!("{name}: {value}"));
        }
    }
    for name in ["Precedence", "precedence", "PRECEDENCE"] {
        for value in [
            "bulk",
            "list",
            "junk",
            "Bulk",
            "LIST",
            "Junk (x)",
            "auto_reply",
            " bulk ",
        ] {
            marks.push(format!("{name}: {value}"));
        }
    }
    for name in [
        "List-Id",
        "List-Unsubscribe",
        "List-Post",
        "List-Help",
        "List-Archive",
        "List-Owner",
        "List-Subscribe",
        "list-id",
        "LIST-UNSUBSCRIBE",
        "List-Unsubscribe-Post",
    ] {
        for value in ["<x.example>", "<mailto:leave@x.example>", "NO"] {
            marks.push(format!("{name}: {value}"));
        }
    }
    for value in [
        "All",
        "OOF",
        "DR, OOF, AutoReply",
        "AutoReply",
        "oof",
        "RN, NRN",
    ] {
        for name in ["X-Auto-Response-Suppress", "x-auto-response-suppress"] {
            marks.push(format!("{name}: {value}"));
        }
    }
    for name in [
        "X-Autoreply",
        "X-Autorespond",
        "X-Auto-Reply",
        "x-autoreply",
    ] {
        for value in ["yes", "1", "true", "vacation", "my holiday"] {
            marks.push(format!("{name}: {value}"));
        }
    }
    for kind in [
        "delivery-status",
        "disposition-notification",
        "feedback-report",
        "tlsrpt",
    ] {
        for form in [
            "Content-Type: multipart/report; report-type={}; boundary=b",
            "content-type: Multipart/Report;\n\tboundary=\"b\"; report-type=\"{}\"",
        ] {
            marks.push(form.replace("{}", kind));
        }
    }
    marks
}

/// Senders and reverse paths behind which nobody reads.
fn robots() -> Vec<String> {
    let locals = [
        "MAILER-DAEMON",
        "mailer-daemon",
        "Mailer-Daemon",
        "owner-users",
        "users-owner",
        "users-request",
        "users-bounces",
        "listserv",
        "LISTSERV",
        "majordomo",
        "noreply",
        "no-reply",
        "shop-noreply",
    ];
    locals.map(str::to_owned).to_vec()
}

#[test]
fn c3_of_200_automatic_mails_and_more_not_one_is_answered() {
    let mut mails = Vec::new();
    for (number, mark) in marks().into_iter().enumerate() {
        let plain = hello(number);
        // On top of the mail, and at its end, where it stands in most.
        mails.push(format!("{mark}\n{plain}"));
        mails.push(plain.replace("\n\nAre you", &format!("\n{mark}\n\nAre you")));
    }
    for local in robots() {
        mails.push(hello(1).replace("carol@mail", &format!("{local}@mail")));
        mails.push(hello(1).replace("Return-Path: <carol@", &format!("Return-Path: <{local}@")));
    }
    mails.push(hello(1).replace("Return-Path: <carol@mail.example>", "Return-Path: <>"));
    assert!(mails.len() >= 200, "{}", mails.len());
    for mail in &mails {
        for condition in ["item-not-found", "service-unavailable"] {
            let reports = new_world().returned(mail, condition);
            assert!(reports.is_empty(), "answered:\n{mail}");
        }
    }
    // The same without any mark is.
    assert_eq!(new_world().returned(&hello(1), "item-not-found").len(), 1);
    for harmless in [
        "Auto-Submitted: no",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: None",
    ] {
        let mail = format!("{harmless}\n{}", hello(1));
        assert_eq!(
            new_world().returned(&mail, "item-not-found").len(),
            1,
            "{harmless}"
        );
    }
}

#[test]
fn c3_two_gateways_that_give_back_each_others_reports_stop_at_the_first() {
    let mut here = new_world();
    let report = here.returned(&hello(1), "item-not-found").remove(0);
    // At the other side nobody knows the mail that it is about: it is shown, and given back again.
    let mut there = new_world();
    let text = String::from_utf8(report.bytes)
        .unwrap()
        .replace("\r\n", "\n");
    for path in [
        "",
        "Return-Path: <>\n",
        "Return-Path: <MAILER-DAEMON@chat.a.example>\n",
    ] {
        let verified = VERIFIED.replace("=mail.example", "=chat.a.example");
        let arrived = format!("{path}Delivered-To: carol@chat.a.example\n{verified}{text}");
        assert!(there.returned(&arrived, "item-not-found").is_empty());
    }
}

/// A user who misspells another one is told on the message, though nobody has verified the mail, and nobody else is by a mail that
/// says it was theirs.
#[test]
fn a_user_who_writes_to_nobody_here_is_told() {
    let mut world = new_world();
    let nobody = "zork\\40chat.a.example@gateway.a.example";
    let wrote = world.stanza(&format!(
        "<message from='alice@a.example/x' to='{nobody}' type='chat' id='s1'><body>Hello Zork</body></message>"
    ));
    let [mail] = &wrote.mails[..] else {
        panic!("{wrote:?}");
    };
    let text = String::from_utf8(mail.bytes.clone()).unwrap();
    let arrived = format!("Delivered-To: zork@chat.a.example\n{text}");
    let shown = world.mail(&arrived);
    let error = error_of(&shown.stanzas[0], &plain("service-unavailable"));
    // The mail comes back before the mail server's word is known: an error to the client that wrote it.
    let told = world.stanza(&error);
    assert!(told.mails.is_empty(), "{told:?}");
    let of_message = |stanza: &&Element| stanza.attr("id") == Some("s1");
    let failed = told.stanzas.iter().find(of_message).expect("an error");
    assert_eq!(failed.attr("type"), Some("error"));
    assert_eq!(failed.attr("to"), Some("alice@a.example/x"));
    assert_eq!(failed.attr("from"), Some(nobody));
    assert!(world.stanza(&error).stanzas.is_empty(), "once");

    // Somebody who has seen the mail sends it on to others in her name.
    let forged = format!("Delivered-To: ghost@chat.a.example\n{text}").replace("zork@", "ghost@");
    let shown = world.mail(&forged);
    let error = error_of(&shown.stanzas[0], &plain("service-unavailable"));
    let told = world.stanza(&error);
    assert!(told.stanzas.is_empty() && told.mails.is_empty(), "{told:?}");
}

/// How senders are forged: what our mail server, or a forger in its name, says about them.
const FORGERIES: [&str; 10] = [
    "",
    "Authentication-Results: mx.a.example; none\n",
    "Authentication-Results: mx.a.example; dmarc=none header.from={domain}\n",
    "Authentication-Results: mx.a.example; dmarc=fail header.from={domain}\n",
    "Authentication-Results: mx.a.example; spf=softfail smtp.mailfrom={domain}\n",
    "Authentication-Results: mx.a.example; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=evil.example\n",
    "Authentication-Results: mx.evil.example; dmarc=pass header.from={domain}\n",
    "Authentication-Results: mx.a.example; dmarc=fail header.from={domain}\nAuthentication-Results: mx.a.example; dmarc=pass header.from={domain}\n",
    "Authentication-Results: mx.a.example; dmarc=pass header.from={domain}\nFrom: other@{domain}\n",
    // The sender is verified, and is not whom a report would hit.
    "Authentication-Results: mx.a.example; dmarc=pass header.from={domain}\nReturn-Path: <victim@elsewhere.example>\n",
];

/// Ten thousand with `STANZAMAIL_CHAOS` (`make chaos`), else a thousand.
#[test]
fn c4_thousands_of_forged_senders_to_nobody_cause_not_one_mail() {
    let many = match std::env::var_os("STANZAMAIL_CHAOS") {
        Some(_) => 10_000,
        None => 1_000,
    };
    let mut world = new_world();
    let (mut given_back, mut mails) = (0, 0);
    for number in 0..many {
        let domain = format!("d{}.example", number % 997);
        let forged = FORGERIES[number % FORGERIES.len()].replace("{domain}", &domain);
        let mail = format!(
            "{forged}Delivered-To: nobody{number}@chat.a.example\nFrom: victim{number}@{domain}\n\
             To: nobody{number}@chat.a.example\nMessage-ID: <{number}@{domain}>\n\nBuy this\n"
        );
        let decision = world.mail(&mail);
        mails += decision.mails.len();
        for message in &decision.stanzas {
            given_back += 1;
            let error = error_of(message, &plain("service-unavailable"));
            mails += world.stanza(&error).mails.len();
        }
        // What the other mails have left would only make this one slow.
        if number % 100 == 0 {
            world.context = Context::new();
        }
    }
    assert_eq!(mails, 0);
    assert_eq!(given_back, many, "each was told to somebody, and came back");
}
