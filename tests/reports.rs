//! What reports on mails of ours tell the users who wrote them, decision by decision, with no server. The reports are those of
//! `tests/data/mail`, as mail servers and mail programs write them, about a mail that was really sent.

use crate::decided::World;
use minidom::Element;
use stanzamail::core::decide::decision::Fate;
use stanzamail::core::job::Job;
use stanzamail::core::outcome::{JobVerdict, Outcome, Reply};
use stanzamail::core::settings::{ContactPolicy, Receipts, Trust};
use stanzamail::core::time::Timestamp;
use std::time::Duration;

/// The id in the reports of `tests/data/mail`.
const ORIGINAL: &str = "603f39d4705c8808304528dbc8001380200628f5@chat.a.example";
const CAROL: &str = "carol\\40mail.example@gateway.a.example";

trait Reports {
    /// Alice writes; returns the mail.
    fn sends(&mut self, body: &str) -> Job;
    /// One of `tests/data/mail` arrives, as it would be about this mail. Returns what Alice gets.
    fn report(&mut self, name: &str, job: &Job) -> Vec<Element>;
    /// What Alice gets for an attempt.
    fn told(&mut self, job: &Job, outcome: Outcome, verdict: JobVerdict) -> Vec<Element>;
}

impl Reports for World {
    fn sends(&mut self, body: &str) -> Job {
        let xml = format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='m1'>{body}<origin-id xmlns='urn:xmpp:sid:0' id='o1'/></message>"
        );
        self.stanza(&xml).mails.remove(0).job
    }

    fn report(&mut self, name: &str, job: &Job) -> Vec<Element> {
        let (decision, fate) = self.arrives(&about(name, job));
        assert_eq!(fate, Fate::Handled, "{name}");
        assert!(decision.mails.is_empty(), "{name} is never answered");
        without_pings(decision.stanzas)
    }

    fn told(&mut self, job: &Job, outcome: Outcome, verdict: JobVerdict) -> Vec<Element> {
        without_pings(self.outcome(job, outcome, verdict).stanzas)
    }
}

fn new_world() -> World {
    World::at("2026-11-13T16:20:00Z")
}

/// A ping follows each error on a message, to see whether it was heard.
fn without_pings(stanzas: Vec<Element>) -> Vec<Element> {
    let (pings, others): (Vec<_>, Vec<_>) = stanzas
        .into_iter()
        .partition(|stanza| stanza.name() == "iq");
    let is_error = |one: &&Element| one.name() == "message" && one.attr("type") == Some("error");
    assert_eq!(pings.len(), others.iter().filter(is_error).count());
    others
}

fn about(name: &str, job: &Job) -> String {
    let path = format!("{}/tests/data/mail/{name}.eml", env!("CARGO_MANIFEST_DIR"));
    let mail = std::fs::read_to_string(path).unwrap();
    mail.replace(ORIGINAL, job.message_id.as_str())
}

const HELLO: &str = "<body>Are you there?</body>";
const TO_THREE: &str = "<body>All hands</body><addresses xmlns='http://jabber.org/protocol/address'><address type='cc' uri='mailto:dave@mail.example'/><address type='cc' uri='mailto:erin@mail.example'/></addresses>";

/// What of a stanza these tests are about: its kind, and what a person reads of it.
fn shown(stanzas: &[Element]) -> Vec<String> {
    stanzas.iter().map(shown_one).collect()
}

fn shown_one(stanza: &Element) -> String {
    let [kind, id] = ["type", "id"].map(|name| stanza.attr(name).unwrap_or("-"));
    let mut shown = format!("{} {kind} {id}", stanza.name());
    for child in stanza.children() {
        match child.name() {
            "error" => {
                let mut parts = child.children();
                let condition = parts.next().unwrap().name().to_owned();
                shown.push_str(&format!(": {condition}: {}", parts.next().unwrap().text()));
            }
            // What the contact can, and how it looks.
            "c" | "x" => {}
            "body" | "show" | "status" => shown.push_str(&format!(": {}", child.text())),
            name => shown.push_str(&format!(": {name} {}", child.attr("id").unwrap_or("-"))),
        }
    }
    shown
}

#[test]
fn a_report_of_any_program_is_one_error_on_the_message_itself() {
    for (name, expected) in [
        (
            "report-postfix-failed",
            "item-not-found: The message to carol@mail.example was not delivered: 550 5.1.1 “<carol@mail.example>: Recipient address rejected: User unknown in virtual mailbox table”",
        ),
        (
            "report-exim",
            "item-not-found: The message to carol@mail.example was not delivered: 550 “Requested action not taken: mailbox unavailable”",
        ),
        (
            "report-exim-old",
            "item-not-found: The message to carol@mail.example was not delivered: 550 5.1.1 “no such user here”",
        ),
        (
            "report-gmail",
            "item-not-found: The message to carol@mail.example was not delivered: 550 5.1.1 “The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces.”",
        ),
        (
            "report-outlook",
            "not-acceptable: The message to carol@mail.example was not delivered: 550 5.2.3 “RESOLVER.RST.RecipSizeLimit; message too large for this recipient”",
        ),
        (
            "report-exchange-old",
            "undefined-condition: The message to carol@mail.example was not delivered: “The recipient name is not recognized",
        ),
        (
            "report-qmail",
            "forbidden: The message to carol@mail.example was not delivered: 550 5.7.1 “we do not talk to strangers Giving up on 192.0.2.25.”",
        ),
        (
            "report-sendmail",
            "item-not-found: The message to carol@mail.example was not delivered: 550 5.1.1 “<carol@mail.example>... User unknown”",
        ),
        (
            "report-sendmail-old",
            "item-not-found: The message to carol@mail.example was not delivered: 550 5.1.1 “<carol@mail.example>... User unknown”",
        ),
        (
            "report-envelope-id",
            "resource-constraint: The message to carol@mail.example was not delivered: 5.2.2 the mail server gave no reason",
        ),
        (
            "report-global",
            "undefined-condition: The message to carol@mail.example was forwarded to jörgen@mail.example and was not delivered: 553 5.6.7 “<jörgen@mail.example>: Adresse unbekannt”",
        ),
        (
            "report-with-footer",
            "remote-server-timeout: The message to carol@mail.example was not delivered: 451 4.4.7 “delivery time expired”",
        ),
    ] {
        let mut world = new_world();
        let job = world.sends(HELLO);
        let told = world.report(name, &job);
        assert_eq!(told.len(), 1, "{name}: {:?}", shown(&told));
        let (from, to) = (told[0].attr("from"), told[0].attr("to"));
        assert_eq!((from, to), (Some(CAROL), Some("alice@a.example/phone")));
        let words = shown_one(&told[0]);
        let expected = format!("message error m1: {expected}");
        assert!(words.starts_with(&expected), "{name}: {words}");
        let again = world.report(name, &job);
        assert_eq!(shown(&again), [""; 0], "{name}, once more");
    }
}

#[test]
fn of_several_recipients_each_failure_is_told_once_and_those_who_got_it_are_not_named() {
    let mut world = new_world();
    let job = world.sends(TO_THREE);
    let failures = [
        "message error m1: resource-constraint: The message to dave@mail.example was not delivered: 552 5.2.2 “mailbox full”",
        "message error m1: undefined-condition: The message to erin@mail.example was forwarded to erin.forwarded@elsewhere.example and was not delivered: 5.4.4 “unable to look up host elsewhere.example: Name or service not known”",
    ];
    let told = world.report("report-postfix-partial", &job);
    assert_eq!(shown(&told), failures);
    let told = world.report("report-postfix-partial", &job);
    assert_eq!(shown(&told), [""; 0]);
    // Later, and of another server.
    let told = world.report("report-exim-old", &job);
    assert_eq!(told.len(), 1);
    assert!(shown_one(&told[0]).contains("to carol@mail.example was not"));
}

#[test]
fn whoever_invents_recipients_gets_no_more_errors_out_than_there_are_recipients() {
    let mut world = new_world();
    let job = world.sends(TO_THREE);
    let mut count = 0;
    for number in 0..10 {
        let other = format!("x{number}@mail.example");
        let mail = about("report-sendmail", &job).replace("carol@mail.example", &other);
        count += without_pings(world.arrives(&mail).0.stanzas).len();
    }
    assert_eq!(count, 3);
}

#[test]
fn a_delay_is_told_once_whoever_reports_it() {
    let notice = "message chat ID: The message to carol@mail.example is still waiting on its way: 4.4.1 “connect to mx.mail.example[192.0.2.25]:25: Connection timed out”. The mail server goes on trying; there is nothing to do.";
    let mut world = new_world();
    let job = world.sends(HELLO);
    let told = world.report("report-postfix-delayed", &job);
    let id = told[0].attr("id").unwrap().to_owned();
    assert_eq!(shown(&told), [notice.replace("ID", &id)]);
    assert_eq!(told[0].attr("from"), Some(CAROL));
    for again in ["report-postfix-delayed", "report-exim-old-delayed"] {
        assert_eq!(shown(&world.report(again, &job)), [""; 0]);
    }
    // The end of it is told all the same, and after the end no delay.
    assert_eq!(world.report("report-exim", &job).len(), 1);
    let mut world = new_world();
    let job = world.sends(HELLO);
    assert_eq!(world.report("report-exim", &job).len(), 1);
    assert_eq!(
        shown(&world.report("report-postfix-delayed", &job)),
        [""; 0]
    );
}

#[test]
fn what_the_gateway_itself_has_told_is_not_told_again() {
    let reply = |code| Reply {
        code: Some(code),
        enhanced: None,
        text: "the server's words".to_owned(),
    };
    let later = Outcome::Retry {
        reply: reply(451),
        certain: false,
    };
    let next = Timestamp::from_secs(2_000_000_000);
    let mut world = new_world();
    let mut job = world.sends(HELLO);
    world.now = world.now.plus(Duration::from_secs(5 * 3600));
    let deferred = JobVerdict::Deferred { next };
    assert_eq!(world.told(&job, later.clone(), deferred).len(), 1);
    assert_eq!(
        shown(&world.report("report-postfix-delayed", &job)),
        [""; 0]
    );
    // The attempt of which nobody knew had reached the mail server, which gives up first.
    assert_eq!(world.report("report-exim", &job).len(), 1);
    job.delay_told = true;
    assert_eq!(
        shown(&world.told(&job, later, JobVerdict::Expired)),
        [""; 0]
    );
    let mut world = new_world();
    let job = world.sends(HELLO);
    let refused = Outcome::Refused(reply(550));
    assert_eq!(world.told(&job, refused, JobVerdict::Done).len(), 1);
    assert_eq!(shown(&world.report("report-exim", &job)), [""; 0]);
}

#[test]
fn a_contact_is_away_from_the_report_until_mail_gets_through() {
    let mut world = new_world();
    world.stanza(&format!(
        "<presence from='alice@a.example' to='{CAROL}' type='subscribe'/>"
    ));
    world.arrives(
        "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n",
    );
    let job = world.sends(HELLO);
    let told = shown(&world.report("report-qmail", &job));
    assert_eq!(
        told[1],
        "presence - -: away: mail does not get through: 550 5.7.1 “we do not talk to strangers Giving up on 192.0.2.25.”"
    );
    let delivered = about("report-sendmail", &job)
        .replace("Action: failed", "Action: delivered")
        .replace("Status: 5.1.1", "Status: 2.0.0");
    let (told, _) = world.arrives(&delivered);
    assert_eq!(shown(&told.stanzas), ["presence - -: by e-mail"]);
    for action in ["relayed", "expanded", "delivered"] {
        let other = delivered.replace("Action: delivered", &format!("Action: {action}"));
        let (told, fate) = world.arrives(&other);
        assert_eq!((shown(&told.stanzas), fate), (vec![], Fate::Handled));
    }
}

#[test]
fn who_does_not_know_the_mail_cannot_forge_a_report_and_it_is_shown_as_the_mail_that_it_is() {
    let mut world = new_world();
    let job = world.sends(HELLO);
    let unknown = about("report-sendmail", &job).replace(job.message_id.as_str(), "x@y.example");
    // Adam has got hold of the id of a mail of Alice's.
    let adams = about("report-sendmail", &job).replace("alice@", "adam@");
    for (forged, to) in [(unknown, "alice@a.example"), (adams, "adam@a.example")] {
        let (told, _) = world.arrives(&forged);
        let message = &told.stanzas[0];
        assert_eq!(
            (message.attr("type"), message.attr("to")),
            (Some("chat"), Some(to))
        );
        assert!(
            shown_one(message).contains("Returned mail"),
            "{}",
            shown_one(message)
        );
    }
    // A mail that came in is none that could fail.
    let hello = format!(
        "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <{ORIGINAL}>\n\nHi\n"
    );
    world.arrives(&hello);
    let path = format!(
        "{}/tests/data/mail/report-exim.eml",
        env!("CARGO_MANIFEST_DIR")
    );
    let (told, _) = world.arrives(&std::fs::read_to_string(path).unwrap());
    assert_eq!(told.stanzas[0].attr("type"), Some("chat"));
    // What somebody sends on is what that person says.
    let told = world.report("report-sent-on-by-a-person", &job);
    assert!(shown_one(&told[0]).contains("Do you know what this is?"));
}

#[test]
fn a_report_counts_whoever_may_write_and_whatever_is_verified() {
    let mut world = new_world();
    let job = world.sends(HELLO);
    world.settings.contacts = ContactPolicy {
        allow: vec!["mail.example".parse().unwrap()],
        deny: Vec::new(),
    };
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.a.example".to_owned()],
        ..Trust::default()
    };
    let failed = format!(
        "Authentication-Results: mx.a.example; dmarc=fail header.from=mail.example.org\n{}",
        about("report-sendmail", &job)
    );
    let (told, fate) = world.arrives(&failed.replace(
        "From: Mail Delivery Subsystem <MAILER-DAEMON@mail.example.org>",
        "From: <>",
    ));
    let told = without_pings(told.stanzas);
    assert_eq!((told.len(), fate), (1, Fate::Handled));
    assert!(shown_one(&told[0]).starts_with("message error m1"));
}

#[test]
fn an_invitation_that_fails_is_a_refusal_and_the_request_is_forgotten() {
    let subscribe = format!("<presence from='alice@a.example' to='{CAROL}' type='subscribe'/>");
    let mut world = new_world();
    let job = world.stanza(&subscribe).mails.remove(0).job;
    let delayed = world.report("report-postfix-delayed", &job);
    assert_eq!(shown(&delayed), [""; 0]);
    let other = about("report-exim", &job).replace(job.message_id.as_str(), "x@y.example");
    assert_eq!(world.arrives(&other).0.stanzas[0].name(), "message");
    let told = world.report("report-exim", &job);
    assert_eq!(
        shown(&told),
        [
            "presence error -: item-not-found: The message to carol@mail.example was not delivered: 550 “Requested action not taken: mailbox unavailable”"
        ]
    );
    assert_eq!(told[0].attr("to"), Some("alice@a.example"));
    let again = world.stanza(&subscribe).mails;
    assert_eq!(again.len(), 1, "she may ask again at once");
}

#[test]
fn a_request_to_another_gateway_that_fails_is_a_refusal_and_other_mail_of_gateways_is_silent() {
    let mut world = new_world();
    world.settings.peers = vec![stanzamail::core::settings::PeerSettings {
        who: "mail.example".parse().unwrap(),
        format: Some(stanzamail::core::record::Format::Xmpp),
        key: None,
    }];
    let subscribe = format!("<presence from='alice@a.example' to='{CAROL}' type='subscribe'/>");
    let job = world.stanza(&subscribe).mails.remove(0).job;
    assert!(job.message_id.is_machine());
    let told = shown(&world.report("report-postfix-failed", &job));
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("presence error -: item-not-found"),
        "{told:?}"
    );
    assert_eq!(shown(&world.report("report-postfix-failed", &job)), [""; 0]);
    let again = world.stanza(&subscribe).mails;
    assert_eq!(again.len(), 1, "she may ask again at once");
    let forged = about("report-postfix-failed", &job)
        .replace(job.message_id.as_str(), "subscription.0123@chat.a.example");
    assert_eq!(shown(&world.arrives(&forged).0.stanzas), [""; 0]);
}

#[test]
fn a_mail_that_was_read_is_a_marker_once_and_one_that_was_deleted_is_nothing() {
    let mut world = new_world();
    let job = world.sends(HELLO);
    assert_eq!(shown(&world.report("mdn-deleted", &job)), [""; 0]);
    let told = world.report("mdn-outlook", &job);
    let id = told[0].attr("id").unwrap().to_owned();
    let marker = format!("message chat {id}: displayed m1: store -");
    assert_eq!(shown(&told), [marker]);
    let (from, to) = (told[0].attr("from"), told[0].attr("to"));
    assert_eq!((from, to), (Some(CAROL), Some("alice@a.example")));
    assert_eq!(shown(&world.report("mdn-outlook", &job)), [""; 0]);
}

#[test]
fn of_several_recipients_only_the_contact_itself_has_read_what_it_read() {
    let mut world = new_world();
    let job = world.sends(TO_THREE);
    let daves = about("mdn-outlook", &job).replace("carol@", "dave@");
    assert_eq!(shown(&world.arrives(&daves).0.stanzas), [""; 0]);
    assert_eq!(world.report("mdn-outlook", &job).len(), 1);
    let unknown = about("mdn-outlook", &job).replace(job.message_id.as_str(), "x@y.example");
    let (told, _) = world.arrives(&unknown);
    assert!(shown_one(&told.stanzas[0]).contains("Read: Chat with alice"));
}

#[test]
fn an_error_has_the_id_that_the_stanza_had() {
    let mut world = new_world();
    let from = "from='alice@a.example/phone'";
    for (attributes, expected) in [("id='m2'", "m2"), ("", "o1")] {
        let xml = format!(
            "<message {from} to='{CAROL}' {attributes}><body>{expected}</body><origin-id xmlns='urn:xmpp:sid:0' id='o1'/></message>"
        );
        let job = world.stanza(&xml).mails.remove(0).job;
        let told = world.report("report-exim", &job);
        assert_eq!(told[0].attr("id"), Some(expected));
    }
}

#[test]
fn a_failure_that_no_client_was_there_to_hear_of_is_told_to_the_user_once() {
    let ping_of = |stanzas: &[Element]| {
        let ping = stanzas.iter().find(|one| one.name() == "iq").unwrap();
        let [from, to, id] = ["from", "to", "id"].map(|name| ping.attr(name).unwrap().to_owned());
        (from, to, id)
    };
    let answer = |kind: &str, content: &str, (from, to, id): &(String, String, String)| {
        format!("<iq type='{kind}' from='{to}' to='{from}' id='{id}'>{content}</iq>")
    };
    let error = |condition: &str| {
        format!(
            "<error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
        )
    };
    let mut world = new_world();
    let job = world.sends(TO_THREE);
    let (told, _) = world.arrives(&about("report-postfix-partial", &job));
    let ping = ping_of(&told.stanzas);
    assert_eq!(
        (ping.0.as_str(), ping.1.as_str()),
        (CAROL, "alice@a.example/phone")
    );
    // The client is there, or it is another one that answers, or about another mail.
    let gone = answer("error", &error("service-unavailable"), &ping);
    for other in [
        answer("result", "", &ping),
        answer("error", &error("feature-not-implemented"), &ping),
        gone.replace("alice@a.example/phone", "alice@a.example/tablet"),
        gone.replace("alice@a.example/phone", "adam@a.example/phone"),
        gone.replace("undelivered.", "undelivered.0"),
        gone.replace("undelivered.", ""),
    ] {
        let decision = world.stanza(&other);
        assert!(
            decision.stanzas.is_empty() && decision.writes.is_empty(),
            "{other}"
        );
    }
    let notice = world.stanza(&gone).stanzas;
    assert_eq!(notice.len(), 1);
    let (to, kind) = (notice[0].attr("to"), notice[0].attr("type"));
    assert_eq!((to, kind), (Some("alice@a.example"), Some("chat")));
    let words = shown_one(&notice[0]);
    for part in [
        "dave@mail.example was not delivered",
        "erin.forwarded@elsewhere.example",
        ": reply m1",
    ] {
        assert!(words.contains(part), "{words}");
    }
    assert_eq!(world.stanza(&gone).stanzas.len(), 0, "and once only");
    // What the gateway's own mail server refuses is told in the same way.
    let mut world = new_world();
    let job = world.sends(HELLO);
    let refused = Outcome::Refused(Reply {
        code: Some(550),
        enhanced: None,
        text: "no".to_owned(),
    });
    assert_eq!(world.told(&job, refused, JobVerdict::Done).len(), 1);
    let id = format!("undelivered.{}", job.message_id);
    let gone = answer(
        "error",
        &error("recipient-unavailable"),
        &(ping.0, ping.1, id),
    );
    assert!(shown(&world.stanza(&gone).stanzas)[0].contains("550 “no”"));
}

/// Asks for a receipt (XEP-0184).
const WITH_RECEIPT: &str = "<body>Are you there?</body><request xmlns='urn:xmpp:receipts'/>";

/// A mail server's report that all is well.
fn delivered(job: &Job) -> String {
    about("report-sendmail", job)
        .replace("Action: failed", "Action: delivered")
        .replace("Status: 5.1.1", "Status: 2.0.0")
}

fn taken() -> Outcome {
    Outcome::Delivered(Reply {
        code: Some(250),
        enhanced: None,
        text: String::new(),
    })
}

#[test]
fn a_receipt_comes_when_the_configuration_says_that_a_message_is_received() {
    for (receipts, accepted, submitted, reported) in [
        (Receipts::Off, 0, 0, 0),
        (Receipts::Accepted, 1, 0, 0),
        (Receipts::Submitted, 0, 1, 0),
        (Receipts::Dsn, 0, 0, 1),
    ] {
        let mut world = new_world();
        world.settings.receipts = receipts;
        let xml = format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='m1'>{WITH_RECEIPT}</message>"
        );
        let mut decision = world.stanza(&xml);
        let job = decision.mails.remove(0).job;
        assert_eq!(decision.stanzas.len(), accepted, "{receipts:?}");
        let mut told = decision.stanzas;
        let taken = world.told(&job, taken(), JobVerdict::Done);
        assert_eq!(taken.len(), submitted, "{receipts:?}");
        told.extend(taken);
        let (report, fate) = world.arrives(&delivered(&job));
        assert_eq!(
            (report.stanzas.len(), fate),
            (reported, Fate::Handled),
            "{receipts:?}"
        );
        told.extend(report.stanzas);
        let (again, _) = world.arrives(&delivered(&job));
        assert_eq!(shown(&again.stanzas), [""; 0]);
        for receipt in told {
            let id = receipt.attr("id").unwrap();
            assert_eq!(shown_one(&receipt), format!("message - {id}: received m1"));
            assert_eq!(receipt.attr("to"), Some("alice@a.example/phone"));
            assert_eq!(receipt.attr("from"), Some(CAROL));
        }
        let is_asked = job.origin.is_some_and(|origin| origin.confirm);
        assert_eq!(is_asked, receipts == Receipts::Dsn);
    }
}

#[test]
fn a_receipt_waits_for_the_reports_of_all_recipients_and_for_none_where_nobody_asked() {
    let mut world = new_world();
    world.settings.receipts = Receipts::Dsn;
    let job = world.sends(&format!("{TO_THREE}<request xmlns='urn:xmpp:receipts'/>"));
    for (name, receipts) in [
        ("carol", 0),
        ("carol", 0),
        ("dave", 0),
        ("erin", 1),
        ("dave", 0),
    ] {
        let report = delivered(&job).replace("carol@", &format!("{name}@"));
        assert_eq!(world.arrives(&report).0.stanzas.len(), receipts, "{name}");
    }
    let mut world = new_world();
    world.settings.receipts = Receipts::Dsn;
    let job = world.sends(HELLO);
    assert_eq!(shown(&world.arrives(&delivered(&job)).0.stanzas), [""; 0]);
}

/// Ids that somebody may try who has not seen the mail.
fn guesses(real: &str) -> Vec<String> {
    let (local, domain) = real.split_once('@').unwrap();
    let mut ids: Vec<String> = (0..local.len())
        .flat_map(|at| {
            let flipped = if &local[at..=at] == "0" { "1" } else { "0" };
            let changed = format!("{}{flipped}{}@{domain}", &local[..at], &local[at + 1..]);
            [changed, format!("{}@{domain}", &local[..at])]
        })
        .collect();
    ids.extend([
        local.to_owned(),
        format!("{local}@mail.example"),
        format!("{local}@{domain}.example"),
        local.to_uppercase() + "@" + domain,
        format!("presence.{real}"),
        "m1".to_owned(),
        "o1@chat.a.example".to_owned(),
    ]);
    ids
}

#[test]
fn c5_forged_reports_and_read_receipts_give_not_one_receipt() {
    let mut world = new_world();
    world.settings.receipts = Receipts::Dsn;
    let job = world.sends(WITH_RECEIPT);
    let real = job.message_id.as_str().to_owned();
    let read = about("mdn-outlook", &job);
    let mut forged = Vec::new();
    for template in [delivered(&job), read.clone()] {
        let guessed = guesses(&real).into_iter();
        forged.extend(guessed.map(|id| template.replace(&real, &id)));
        // Who knows the id, and writes to somebody else, or names it nowhere but in the text.
        forged.push(template.replace("alice@", "adam@"));
        forged.push(template.replace("alice@", "nobody@"));
        let nowhere = template.replace(&real, "x@y.example");
        forged.push(nowhere.replacen("\n\n", &format!("\n\n<{real}>\n"), 1));
        forged.push(nowhere.replacen("Subject:", &format!("X-About: <{real}>\nSubject:"), 1));
    }
    // Of our mail, and no word of success.
    for action in ["relayed", "expanded", "delayed", "processed", "success", ""] {
        forged.push(delivered(&job).replace("Action: delivered", &format!("Action: {action}")));
    }
    for word in ["deleted", "processed", "denied", "dispatched", "failed"] {
        forged.push(read.replace("displayed", word));
    }
    assert!(forged.len() > 180, "{}", forged.len());
    let is_receipt = |stanza: &Element| {
        let mut children = stanza.children();
        children.any(|child| matches!(child.name(), "received" | "displayed"))
    };
    for mail in &forged {
        let (decision, _) = world.arrives(mail);
        assert!(
            !decision.stanzas.iter().any(is_receipt),
            "a receipt for:\n{mail}"
        );
        assert!(decision.mails.is_empty());
    }
    for real in [delivered(&job), read] {
        assert!(world.arrives(&real).0.stanzas.iter().any(is_receipt));
    }
}

#[test]
fn a_read_receipt_is_asked_for_where_client_and_configuration_want_one() {
    let markable = "<body>Hi</body><markable xmlns='urn:xmpp:chat-markers:0'/>";
    for (is_on, body, expected) in [
        (false, markable, false),
        (true, HELLO, false),
        (true, markable, true),
    ] {
        let mut world = new_world();
        world.settings.read_receipts = is_on;
        let xml =
            format!("<message from='alice@a.example/phone' to='{CAROL}' id='m1'>{body}</message>");
        let mail = world.stanza(&xml).mails.remove(0);
        let text = String::from_utf8(mail.bytes).unwrap();
        let asks = text.contains("\r\nDisposition-Notification-To: alice@chat.a.example\r\n");
        assert_eq!(asks, expected, "{text}");
        let to_gateway = stanzamail::core::settings::PeerSettings {
            who: "mail.example".parse().unwrap(),
            format: Some(stanzamail::core::record::Format::Xmpp),
            key: None,
        };
        world.settings.peers = vec![to_gateway];
        let mail = world.stanza(&xml.replace("m1", "m2")).mails.remove(0);
        let text = String::from_utf8(mail.bytes).unwrap();
        assert!(
            !text.contains("Disposition-Notification-To"),
            "a client there sends a marker"
        );
    }
}

#[test]
fn a_contact_to_whom_mail_bounces_late_does_not_come_and_go_with_each_message() {
    let mut world = new_world();
    world.stanza(&format!(
        "<presence from='alice@a.example' to='{CAROL}' type='subscribe'/>"
    ));
    world.arrives(
        "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n",
    );
    let job = world.sends("<body>One</body>");
    assert_eq!(world.told(&job, taken(), JobVerdict::Done).len(), 0);
    assert_eq!(
        world.report("report-exim", &job).len(),
        2,
        "an error, and away"
    );
    for number in 0..5 {
        world.now = world.now.plus(Duration::from_secs(600));
        let xml = format!(
            "<message from='alice@a.example/phone' to='{CAROL}' id='n{number}'><body>{number}</body></message>"
        );
        let job = world.stanza(&xml).mails.remove(0).job;
        assert_eq!(shown(&world.told(&job, taken(), JobVerdict::Done)), [""; 0]);
        assert_eq!(
            world.report("report-exim", &job).len(),
            1,
            "an error, and away still"
        );
    }
    world.now = world.now.plus(Duration::from_secs(3600));
    let job = world.sends("<body>And now?</body>");
    let told = world.told(&job, taken(), JobVerdict::Done);
    assert_eq!(shown(&told), ["presence - -: by e-mail"]);
}

#[test]
fn an_invitation_after_one_that_failed_is_another_mail() {
    let subscribe = format!("<presence from='alice@a.example' to='{CAROL}' type='subscribe'/>");
    let mut world = new_world();
    let first = world.stanza(&subscribe).mails.remove(0).job;
    world.report("report-exim", &first);
    let second = world.stanza(&subscribe).mails.remove(0).job;
    assert_ne!(first.message_id, second.message_id);
    // A report on the first one, which comes again, is none on the second.
    assert_eq!(
        world.arrives(&about("report-exim", &first)).0.stanzas[0].name(),
        "message"
    );
    assert_eq!(world.report("report-exim", &second)[0].name(), "presence");
}
