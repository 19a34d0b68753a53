//! E29: what one event may cost. Every kind of event with every list in it at its limit and at ten times that: it takes so
//! much time and memory and no more, and four times as much of it costs no more than five times as much.

use super::house::{ALICE, CAROL, House, NS};
use super::process::ran_alone;
use super::servers::PATIENCE;
use rustix::time::{ClockId, clock_gettime};
use stanzamail::control::queue::WaitingItems;
use stanzamail::control::{self, ControlRequest};
use stanzamail::core::address::MailAddress;
use stanzamail::core::decide::Timer;
use stanzamail::core::decide::decision::Decision;
use stanzamail::core::job::Job;
use stanzamail::core::outcome::{JobVerdict, Outcome, Reply};
use stanzamail::core::presence::{Announcement, Fanout};
use stanzamail::core::quota::SharedQuotas;
use stanzamail::core::record::{Announced, Format};
use stanzamail::core::settings::{Allowance, PeerSettings, Trust};
use stanzamail::imap::{self, After, FirstStart, ImapTimings, Login, MailboxConfig, TlsMode};
use stanzamail::store::MemoryStore;
use stanzamail::xmpp::codec::Decoder;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// The most memory that one event may have at a time, in octets.
const MEMORY_MAX: u64 = 8_000_000;
/// What four times as much may cost, in time and in memory set aside.
const GROWTH_MAX: u64 = 5;
/// Below this nothing grows: tables that double, the first row of a list.
const ALLOCATIONS_SLACK: u64 = 2_000;
const OCTETS_SLACK: u64 = 256 * 1024;
/// The least of so many times counts: others use the machine as well.
const TIMES: usize = 3;

/// Fifty milliseconds of a processor; an unoptimised build takes some twenty times as long (0.51 s were seen beside other tests, 1.1 s where twenty programs wanted two cores).
fn time_max() -> Duration {
    Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 50 })
}

fn time_slack() -> Duration {
    Duration::from_millis(if cfg!(debug_assertions) { 20 } else { 2 })
}

/// An event with everything that it needs, ready to be handled.
type Work = Box<dyn FnOnce()>;

/// One list of one kind of event.
struct Case {
    name: &'static str,
    /// How much of it is taken, or looked at, or an ordinary much where there is no such limit.
    limit: usize,
    make: Box<dyn Fn(usize) -> Work>,
    /// Whether there may be more of it than the limit: not where the gateway itself sees to it.
    is_open: bool,
}

#[derive(Clone, Copy, Debug)]
struct Cost {
    time: Duration,
    allocations: u64,
    octets: u64,
    peak: u64,
}

/// The processor's time that this process has had.
fn processor() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let part = |number: i64| u64::try_from(number).expect("time goes on");
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

impl Case {
    /// The least of [`TIMES`], or what is little enough already: the least of all would be, too.
    fn cost(&self, count: usize, is_enough: impl Fn(Duration) -> bool) -> Cost {
        let mut least: Option<Cost> = None;
        for _ in 0..TIMES {
            if least.is_some_and(|least| is_enough(least.time)) {
                break;
            }
            let work = (self.make)(count);
            let (began, worked) = (Instant::now(), processor());
            let used = allocation_counter::measure(work);
            // Where others use the machine, the processor's time is the truth; where servers answer, the clock's.
            let time = began.elapsed().min(processor().saturating_sub(worked));
            least = Some(Cost {
                time: least.map_or(time, |least| least.time.min(time)),
                allocations: used.count_total,
                octets: used.bytes_total,
                peak: used.bytes_max,
            });
        }
        least.expect("it was measured")
    }

    /// What is wrong with it.
    fn check(&self, wrong: &mut Vec<String>) {
        let quarter = (self.limit / 4).max(1);
        let tenfold = self.is_open.then_some((10 * quarter, 40 * quarter));
        for (few, many) in [(quarter, 4 * quarter)].into_iter().chain(tenfold) {
            let small = self.cost(few, |_| false);
            let grown = small.time * u32::try_from(GROWTH_MAX).expect("it fits") + time_slack();
            let great = self.cost(many, |time| time <= time_max().min(grown));
            let name = self.name;
            eprintln!(
                "E29: {name}, {many}: {:.1?}, {} KiB at a time, {} allocations; {few}: {:.1?}, {}",
                great.time,
                great.peak / 1024,
                great.allocations,
                small.time,
                small.allocations,
            );
            let mut no = |what: &str| {
                wrong.push(format!(
                    "{name}, {many} ({few}): {what}: {great:?} ({small:?})"
                ))
            };
            if great.time > time_max() {
                no("takes too long");
            }
            if great.peak > MEMORY_MAX {
                no("takes too much memory");
            }
            if great.allocations > GROWTH_MAX * small.allocations + ALLOCATIONS_SLACK {
                no("allocates more often than it grows");
            }
            if great.octets > GROWTH_MAX * small.octets + OCTETS_SLACK {
                no("allocates more than it grows");
            }
            // A busy machine takes time from either.
            let again = |count| self.cost(count, |_| false).time;
            if great.time > grown && again(many) > grown.max(again(few) * 5 + time_slack()) {
                no("takes longer than it grows");
            }
        }
    }
}

fn check(test: &str, cases: Vec<Case>) {
    if ran_alone(test) {
        return;
    }
    let mut wrong = Vec::new();
    cases.iter().for_each(|case| case.check(&mut wrong));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn house() -> House {
    let mut house = House::new();
    house.settings.trust = Trust {
        authserv_ids: vec!["mx.test".to_owned()],
        ..Trust::default()
    };
    house.settings.peers.push(PeerSettings {
        who: "b.example".parse().expect("a domain"),
        format: Some(Format::Xmpp),
        key: None,
    });
    house
}

/// So many of them, each with its number in place of `#`.
fn many(count: usize, one: &str) -> String {
    (0..count).fold(String::new(), |mut all, number| {
        let number = number.to_string();
        all.push_str(&one.replace('#', &number));
        all
    })
}

// --- stanzas ---------------------------------------------------------------------------------------------------------

const BOB: &str = "bob\\40b.example@gateway.a.example";

/// What becomes of a stanza, from its octets on.
fn stanza(xml: String) -> Work {
    let mut house = house();
    Box::new(move || {
        let element = Decoder::default().parse(xml.as_bytes());
        black_box(element.map(|element| house.element(element)).ok());
    })
}

/// A stanza with so many of something among its children. `head` is its name and attributes.
fn of_children(
    name: &'static str,
    limit: usize,
    head: &'static str,
    (before, child, after): (&'static str, &'static str, &'static str),
) -> Case {
    let make = move |count| {
        let element = head.split(' ').next().unwrap_or_default();
        let to = if head.contains("to=") {
            String::new()
        } else {
            format!(" to='{CAROL}'")
        };
        let children = many(count, child);
        stanza(format!(
            "<{head} xmlns='{NS}' from='{ALICE}'{to} id='i1'>{before}{children}{after}</{element}>"
        ))
    };
    Case {
        name,
        limit,
        make: Box::new(make),
        is_open: true,
    }
}

const HI: &str = "<body>Hi</body>";
const ADDRESSES: &str = "<body>Hi</body><addresses xmlns='http://jabber.org/protocol/address'>";
const ADDRESS: &str = "<address type='to' uri='mailto:u#@x#.example'/>";
const PAYLOAD: &str = "<x xmlns='urn:x:#' a='b'>c</x>";
const TO_BOB: &str = "message type='chat' to='bob\\40b.example@gateway.a.example'";

#[rustfmt::skip]
fn messages() -> Vec<Case> {
    let chat = "message type='chat'";
    vec![
        of_children("message: addresses", 50, chat, (ADDRESSES, ADDRESS, "</addresses>")),
        of_children("message: local addresses", 50, chat, (ADDRESSES, "<address type='cc' jid='u#@a.example'/>", "</addresses>")),
        of_children("message: contacts", 50, chat, (ADDRESSES, "<address type='bcc' jid='u#\\40x.example@gateway.a.example'/>", "</addresses>")),
        of_children("message: payloads", 1_000, chat, (HI, PAYLOAD, "")),
        of_children("message: bodies", 1_000, chat, ("", "<body xml:lang='l#'>Hi</body>", "")),
        of_children("message: subjects", 1_000, chat, (HI, "<subject xml:lang='l#'>Hi</subject>", "")),
        of_children("message: receipts", 1_000, chat, ("", "<received xmlns='urn:xmpp:receipts' id='r#'/>", "")),
        of_children("message: markers", 1_000, chat, ("", "<displayed xmlns='urn:xmpp:chat-markers:0' id='r#'/>", "")),
        of_children("message: threads", 1_000, chat, (HI, "<thread parent='p#'>t#</thread>", "")),
        of_children("message: links", 2_000, chat, (HI, "<x xmlns='jabber:x:oob'><url>https://x.example/#</url></x>", "")),
        of_children("message: lines", 20_000, chat, ("<body>", "&gt; a\n", "</body>")),
        of_children("message: letters", 20_000, chat, ("<body>", "&lt;\u{202e}", "</body>")),
        of_children("message: a long subject", 20_000, chat, ("<body>a</body><subject>", "a\u{301} ", "</subject>")),
        of_children("message to all: lines", 10_000, chat, ("<body>/all ", "a\n", "</body>")),
        of_children("message to a gateway: payloads", 1_000, TO_BOB, (HI, PAYLOAD, "")),
        of_children("message to a gateway: bodies", 1_000, TO_BOB, ("", "<body xml:lang='l#'>Hi</body>", "")),
        of_children("message to a gateway: addresses", 50, TO_BOB, (ADDRESSES, ADDRESS, "</addresses>")),
        of_children("message to a gateway: lines", 20_000, TO_BOB, ("<body>", "&gt; a\n", "</body>")),
        of_children("headline: payloads", 1_000, "message type='headline'", (HI, PAYLOAD, "")),
        of_children("groupchat: payloads", 1_000, "message type='groupchat'", (HI, PAYLOAD, "")),
        of_children("returned message: conditions", 1_000, "message type='error'", ("<error type='cancel'>", "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>", "</error>")),
        of_children("returned message: errors", 2_000, "message type='error'", ("", "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>", "")),
        of_children("attributes", 250, chat, ("<body>Hi</body><x xmlns='urn:x' ", "a#='b' ", "/>")),
        of_children("attributes to a gateway", 250, TO_BOB, ("<body>Hi</body><x xmlns='urn:x' ", "a#='b' ", "/>")),
    ]
}

#[rustfmt::skip]
fn presences_and_requests() -> Vec<Case> {
    let mut cases = vec![
        of_children("presence: payloads", 1_000, "presence", ("", PAYLOAD, "")),
        of_children("presence: statuses", 1_000, "presence", ("", "<status xml:lang='l#'>s</status>", "")),
        of_children("presence: a long status", 20_000, "presence", ("<status>", "a&gt;", "</status>")),
        of_children("unavailable: payloads", 1_000, "presence type='unavailable'", ("", PAYLOAD, "")),
        of_children("probe: payloads", 1_000, "presence type='probe'", ("", PAYLOAD, "")),
        of_children("presence error: conditions", 1_000, "presence type='error'", ("<error type='cancel'>", "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>", "</error>")),
        of_children("result: payloads", 1_000, "iq type='result'", ("", PAYLOAD, "")),
        of_children("iq error: conditions", 1_000, "iq type='error'", ("<error type='cancel'>", "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>", "</error>")),
        of_children("request: payloads", 1_000, "iq type='get'", ("", PAYLOAD, "")),
        of_children("order: payloads", 1_000, "iq type='set'", ("", PAYLOAD, "")),
    ];
    for head in [
        "presence type='subscribe'",
        "presence type='subscribed'",
        "presence type='unsubscribe'",
        "presence type='unsubscribed'",
    ] {
        cases.push(of_children(head, 1_000, head, ("", "<status>s#</status>", "")));
    }
    for head in [
        "presence type='subscribe' to='bob\\40b.example@gateway.a.example'",
        "presence type='unsubscribed' to='bob\\40b.example@gateway.a.example'",
        "presence to='bob\\40b.example@gateway.a.example'",
    ] {
        cases.push(of_children(head, 1_000, head, ("", "<status>s#</status>", "")));
    }
    for (name, query) in [
        (
            "disco#info",
            "<query xmlns='http://jabber.org/protocol/disco#info'>",
        ),
        (
            "disco#items",
            "<query xmlns='http://jabber.org/protocol/disco#items'>",
        ),
        ("version", "<query xmlns='jabber:iq:version'>"),
        (
            "gateway",
            "<query xmlns='jabber:iq:gateway'><prompt>a@b.example</prompt>",
        ),
        ("vcard", "<query xmlns='vcard-temp'>"),
        ("ping", "<query xmlns='urn:xmpp:ping'>"),
        ("last", "<query xmlns='jabber:iq:last'>"),
    ] {
        for head in [
            "iq type='get'",
            "iq type='set'",
            "iq type='get' to='gateway.a.example'",
        ] {
            cases.push(of_children(name, 1_000, head, (query, PAYLOAD, "</query>")));
        }
    }
    cases
}

/// Elements in elements; attributes of a stanza; names.
fn shapes() -> Vec<Case> {
    let nested = |count: usize| {
        let open = "<a xmlns='urn:x'>".repeat(count);
        let close = "</a>".repeat(count);
        stanza(format!(
            "<message xmlns='{NS}' from='{ALICE}' to='{BOB}' id='i'><body>Hi</body>{open}{close}</message>"
        ))
    };
    let attributes = |count: usize| {
        let attributes = many(count, " a#='b'");
        stanza(format!(
            "<message xmlns='{NS}' from='{ALICE}' to='{CAROL}'{attributes}><body>Hi</body></message>"
        ))
    };
    // As many attributes as there is room for.
    let all_attributes = |count: usize| {
        let element = format!("<x xmlns='urn:x'{}/>", many(250, " a#=''"));
        stanza(format!(
            "<message xmlns='{NS}' from='{ALICE}' to='{BOB}' id='i'><body>Hi</body>{}</message>",
            element.repeat(count)
        ))
    };
    let recipient = |count: usize| {
        let name = "a".repeat(count);
        stanza(format!(
            "<message xmlns='{NS}' from='{ALICE}' to='{name}\\40b.example@gateway.a.example'><body>Hi</body></message>"
        ))
    };
    vec![
        Case {
            name: "elements in elements",
            limit: 60,
            make: Box::new(nested),
            is_open: true,
        },
        Case {
            name: "attributes in many elements",
            limit: 120,
            make: Box::new(all_attributes),
            is_open: true,
        },
        Case {
            name: "attributes of a stanza",
            limit: 250,
            make: Box::new(attributes),
            is_open: true,
        },
        Case {
            name: "a long address",
            limit: 1_000,
            make: Box::new(recipient),
            is_open: true,
        },
    ]
}

#[test]
fn e29_no_stanza_costs_more_than_its_share() {
    let mut cases = messages();
    cases.extend(presences_and_requests());
    cases.extend(shapes());
    check("bounds::e29_no_stanza_costs_more_than_its_share", cases);
}

// --- mails -----------------------------------------------------------------------------------------------------------

/// What becomes of a mail, from its octets on.
fn mail(raw: String) -> Work {
    let mut house = house();
    Box::new(move || _ = black_box(house.raw_mail(raw.as_bytes())))
}

const HEAD: &str = "Authentication-Results: mx.test; dmarc=pass header.from=mail.example\r\nFrom: carol@mail.example\r\n\
                    Message-ID: <m@mail.example>\r\nMIME-Version: 1.0\r\n";
const TO: &str = "To: alice@chat.a.example\r\n";
const TEXT: &str = "\r\nHello\r\n";

/// A mail with so many of something.
fn of_lines(
    name: &'static str,
    limit: usize,
    (before, one, after): (&'static str, &'static str, &'static str),
) -> Case {
    let make = move |count| mail(format!("{HEAD}{before}{}{after}", many(count, one)));
    Case {
        name,
        limit,
        make: Box::new(make),
        is_open: true,
    }
}

#[rustfmt::skip]
fn headers() -> Vec<Case> {
    const FIELDS: usize = 2_000;
    vec![
        of_lines("mail: users in To", 1_000, ("To: x@y.example", ",\r\n u#@chat.a.example", "\r\n\r\nHello\r\n")),
        of_lines("mail: wrong users in To", 1_000, ("To: x@y.example", ",\r\n \"u #\"@chat.a.example", "\r\n\r\nHello\r\n")),
        of_lines("mail: others in To", 1_000, ("To: alice@chat.a.example", ",\r\n \"Name, #\" <u#@x#.example>", "\r\n\r\nHello\r\n")),
        of_lines("mail: others in Cc", 1_000, ("To: alice@chat.a.example\r\nCc: x@y.example", ",\r\n u#@x#.example", "\r\n\r\nHello\r\n")),
        of_lines("mail: groups in To", 500, ("To: alice@chat.a.example", ", g#: a#@x.example, b#@x.example;", "\r\n\r\nHello\r\n")),
        of_lines("mail: To fields", FIELDS, (TO, "To: u#@chat.a.example\r\n", TEXT)),
        of_lines("mail: envelope recipients", FIELDS, ("", "Delivered-To: u#@chat.a.example\r\n", TEXT)),
        of_lines("mail: recipients in one envelope field", 1_000, ("Delivered-To: alice@chat.a.example", ", u#@chat.a.example", "\r\n\r\nHello\r\n")),
        of_lines("mail: From fields", FIELDS, (TO, "From: u#@x.example\r\n", TEXT)),
        of_lines("mail: authors", 1_000, ("To: alice@chat.a.example\r\nFrom: a@x.example", ", u#@x.example", "\r\n\r\nHello\r\n")),
        of_lines("mail: Reply-To", 1_000, ("To: alice@chat.a.example\r\nReply-To: a@x.example", ", u#@x.example", "\r\n\r\nHello\r\n")),
        of_lines("mail: References", 2_000, ("To: alice@chat.a.example\r\nReferences: <a@b>", "\r\n <r#@x.example>", "\r\n\r\nHello\r\n")),
        of_lines("mail: In-Reply-To", 2_000, ("To: alice@chat.a.example\r\nIn-Reply-To: <a@b>", "\r\n <r#@x.example>", "\r\n\r\nHello\r\n")),
        of_lines("mail: Authentication-Results", FIELDS, (TO, "Authentication-Results: mx.test; dkim=pass header.d=d#.example\r\n", TEXT)),
        of_lines("mail: results in one field", 400, ("To: alice@chat.a.example\r\nAuthentication-Results: mx.test", ";\r\n dkim=pass (a (b) c) header.d=d#.example", "\r\n\r\nHello\r\n")),
        of_lines("mail: fields", 8_000, (TO, "X-#: a\r\n", TEXT)),
        of_lines("mail: Received", FIELDS, (TO, "Received: from a (b [192.0.2.1]) by c; Sun, 22 Nov 2026 12:00:00 +0000\r\n", TEXT)),
        of_lines("mail: folds", 8_000, ("To: alice@chat.a.example\r\nSubject: a", "\r\n b#", "\r\n\r\nHello\r\n")),
        of_lines("mail: comments", 8_000, ("To: alice@chat.a.example\r\nFrom: ", "(", "a@b.example\r\n\r\nHello\r\n")),
        of_lines("mail: encoded words", 8_000, ("To: alice@chat.a.example\r\nSubject: ", "=?utf-8?b?4oCu?= ", "\r\n\r\nHello\r\n")),
        of_lines("mail: signature", 1_000, ("To: alice@chat.a.example\r\nXMPP-Bridge-Signature: v=1; h=From", ":x#", "\r\n\r\nHello\r\n")),
        of_lines("mail: signatures", FIELDS, (TO, "XMPP-Bridge-Signature: v=1; a=ed25519; d=x#.example; h=From; b=AAAA\r\n", TEXT)),
        of_lines("mail: Content-Type parameters", 800, ("To: alice@chat.a.example\r\nContent-Type: text/plain", "; p#=v", "\r\n\r\nHello\r\n")),
        of_lines("mail: continued parameters", 500, ("To: alice@chat.a.example\r\nContent-Type: multipart/mixed", "; boundary*#=v", "\r\n\r\nHello\r\n")),
    ]
}

const MIXED: &str = "To: alice@chat.a.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello\r\n";

#[rustfmt::skip]
fn bodies() -> Vec<Case> {
    let nested = |count: usize| {
        let level = "Content-Type: multipart/mixed; boundary=b#\r\n\r\n--b#\r\n";
        mail(format!("{HEAD}{TO}{}\r\nHello\r\n", many(count, level)))
    };
    let mut cases = vec![
        of_lines("mail: attachments", 1_000, (MIXED, "--x\r\nContent-Disposition: attachment; filename=\"f#.pdf\"\r\n\r\na\r\n", "--x--\r\n")),
        of_lines("mail: texts", 1_000, (MIXED, "--x\r\nContent-Type: text/plain\r\n\r\nText #\r\n", "--x--\r\n")),
        of_lines("mail: pages", 500, (MIXED, "--x\r\nContent-Type: text/html\r\n\r\n<p>Text #</p>\r\n", "--x--\r\n")),
        of_lines("mail: mails in a mail", 500, (MIXED, "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: #\r\n\r\na\r\n", "--x--\r\n")),
        of_lines("mail: lines", 20_000, ("To: alice@chat.a.example\r\n\r\n", "> a\r\n", "")),
        of_lines("mail: flowed lines", 20_000, ("To: alice@chat.a.example\r\nContent-Type: text/plain; format=flowed\r\n\r\n", ">> a \r\n", "")),
        of_lines("mail: one line", 50_000, ("To: alice@chat.a.example\r\n\r\n", "> ", "")),
        of_lines("mail: tags", 20_000, ("To: alice@chat.a.example\r\nContent-Type: text/html\r\n\r\n", "<p>a", "")),
        of_lines("mail: tags in tags", 400, ("To: alice@chat.a.example\r\nContent-Type: text/html\r\n\r\n", "<blockquote><ul><li>a", "")),
        of_lines("mail: links", 5_000, ("To: alice@chat.a.example\r\nContent-Type: text/html\r\n\r\n", "<a href='https://x.example/#'>l#</a>", "")),
        of_lines("mail: hidden", 5_000, ("To: alice@chat.a.example\r\nContent-Type: text/html\r\n\r\n<p>a", "<div style='display:none'>b</div>", "")),
        of_lines("mail: open comments", 20_000, ("To: alice@chat.a.example\r\nContent-Type: text/html\r\n\r\n<p>a", "<!-- <", "")),
        of_lines("mail: attributes", 20_000, ("To: alice@chat.a.example\r\nContent-Type: text/html\r\n\r\n<p ", "a#=b ", ">c</p>")),
        of_lines("mail: files in a text", 1_000, ("To: alice@chat.a.example\r\n\r\nHello\r\n", "begin 644 f#\r\n#0V%T\r\n`\r\nend\r\n", "")),
        of_lines("mail: a card", 2_000, ("To: alice@chat.a.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello\r\n--x\r\nContent-Type: text/vcard\r\n\r\nBEGIN:VCARD\r\nFN:Carol\r\n", "item#.EMAIL;X=#:u#@x.example\r\n", "--x--\r\n")),
        of_lines("mail: cards", 2_000, ("To: alice@chat.a.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello\r\n--x\r\nContent-Type: text/vcard\r\n\r\n", "BEGIN:VCARD\r\nFN:C#\r\nEND:VCARD\r\n", "--x--\r\n")),
        of_lines("mail: a calendar", 2_000, ("To: alice@chat.a.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello\r\n--x\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n", "BEGIN:VEVENT\r\nSUMMARY:s#\r\nDTSTART:20261122T120000Z\r\nEND:VEVENT\r\n", "--x--\r\n")),
        of_lines("mail: signed in one part", 20_000, ("To: alice@chat.a.example\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n", "JIAkgCSA", "\r\n")),
        of_lines("chat: lines", 20_000, ("To: alice@chat.a.example\r\nChat-Version: 1.0\r\nChat-Edit: <m@chat.a.example>\r\n\r\n", "> a\r\n", "Hello\r\n-- \r\nx\r\n")),
        of_lines("chat: who is told of reading", 1_000, ("To: alice@chat.a.example\r\nChat-Version: 1.0\r\nChat-Disposition-Notification-To: a@x.example", ",\r\n u#@x.example", "\r\n\r\nHello\r\n")),
        of_lines("mail: pictures of its author", 2_000, (TO, "Face: iVBORw0KGgoAAAANSUhEUgAAADAAAAAw\r\n", TEXT)),
        of_lines("mail: a picture of its author", 8_000, ("To: alice@chat.a.example\r\nChat-Version: 1.0\r\nChat-User-Avatar: base64:", "iVBORw0KGgo=", "\r\n\r\nHello\r\n")),
        of_lines("mail: entities", 20_000, ("To: alice@chat.a.example\r\nContent-Type: text/html\r\n\r\n", "&amp;&#x202e;&x", "")),
    ];
    cases.push(Case {
        name: "mail: parts in parts",
        limit: 30,
        make: Box::new(nested), is_open: true });
    cases
}

/// What other gateways send.
#[rustfmt::skip]
fn carried_mails() -> Vec<Case> {
    fn of(
        name: &'static str,
        limit: usize,
        (before, one, after): (&'static str, &'static str, &'static str),
        more: &'static str,
    ) -> Case {
        let make = move |count| {
            mail(format!(
                "Authentication-Results: mx.test; dmarc=pass header.from=b.example\r\nFrom: bob@b.example\r\n\
                 Message-ID: <presence.m@b.example>\r\nXMPP-Bridge: v=1\r\nXMPP-Bridge-Hops: 1\r\nMIME-Version: 1.0\r\n{}\
                 Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\nHello\r\n--x\r\n\
                 Content-Type: application/xmpp+xml; charset=utf-8\r\n\r\n<xmpp xmlns='jabber:client'>{before}{}{after}</xmpp>\r\n--x--\r\n",
                more.replace(
                    '%',
                    &many(
                        if more.contains('%') { count } else { 0 },
                        ",\r\n u#@chat.a.example"
                    )
                ),
                many(if more.contains('%') { 1 } else { count }, one),
            ))
        };
        Case {
            name,
            limit,
            make: Box::new(make), is_open: true }
    }
    const PRESENCE: &str = "<presence><show>away</show><delay xmlns='urn:xmpp:delay' stamp='2026-11-22T12:00:00.123Z'/><amp \
        xmlns='http://jabber.org/protocol/amp'><rule action='drop' condition='expire-at' value='2026-11-22T13:00:00.000Z'/></amp></presence>";
    vec![
        of("carried: stanzas", 8, ("", "<message><body>b#</body></message>", ""), TO),
        of("carried: payloads", 1_000, ("<message><body>b</body>", PAYLOAD, "</message>"), TO),
        of("carried: bodies", 1_000, ("<message>", "<body xml:lang='l#'>b</body>", "</message>"), TO),
        of("carried: lines", 10_000, ("<message><body>", "a\n", "</body></message>"), TO),
        of("carried: others", 1_000, ("", "<message><body>b</body></message>", ""), "To: alice@chat.a.example%\r\n"),
        of("carried: presence for many", 1_000, ("", PRESENCE, ""), "To: alice@chat.a.example%\r\n"),
        of("carried: subscription for many", 1_000, ("", "<presence type='subscribe'/>", ""), "To: alice@chat.a.example%\r\n"),
        of("carried: statuses", 1_000, ("<presence>", "<status xml:lang='l#'>s</status>", "</presence>"), TO),
        of("carried: requests", 8, ("", "<iq type='get'><query xmlns='jabber:iq:version'/></iq>", ""), TO),
        of("carried: errors", 1_000, ("<message type='error'>", "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>", "</message>"), TO),
        of("carried: elements in elements", 60, ("<message><body>b</body>", "<a xmlns='urn:x'>", "</message>"), TO),
    ]
}

#[rustfmt::skip]
fn reports() -> Vec<Case> {
    const FAILED: &str = "Original-Recipient: rfc822;o#@x.example\r\nFinal-Recipient: rfc822;f#@y.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n";
    const REPORT: &str = "To: alice@chat.a.example\r\nReturn-Path: <>\r\nContent-Type: multipart/report; report-type=delivery-status; \
        boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n";
    const ABOUT: &str = "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <a@chat.a.example>\r\n\r\n--b--\r\n";
    const READ: &str = "To: alice@chat.a.example\r\nContent-Type: multipart/report; report-type=disposition-notification; \
        boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nRead.\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n";
    vec![
        of_lines("report: recipients", 100, (REPORT, FAILED, ABOUT)),
        of_lines("report: fields", 1_000, (REPORT, "X-#: a\r\n", ABOUT)),
        of_lines("report: parts", 50, ("To: alice@chat.a.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n", "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822;f#@y.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n", "--b--\r\n")),
        of_lines("report: users", 1_000, ("Return-Path: <>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\nTo: x@y.example", ",\r\n u#@chat.a.example", "\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822;f@y.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n")),
        of_lines("report of reading: fields", 1_000, (READ, "Disposition: manual-action/MDN-sent-manually; displayed\r\nOriginal-Message-ID: <m#@chat.a.example>\r\n", "\r\n--b--\r\n")),
        of_lines("bounce: recipients", 2_000, ("To: alice@chat.a.example\r\nReturn-Path: <>\r\nX-Failed-Recipients: a@x.example\r\nSubject: Mail delivery failed: returning message to sender\r\n\r\nA message that you sent could not be delivered to one or more of its recipients.\r\n\r\n", "  u#@x.example\r\n    550 no such user\r\n", "\r\n------ This is a copy of the message ------\r\n\r\nMessage-ID: <m@chat.a.example>\r\n")),
        of_lines("bounce: failed recipients", 1_000, ("To: alice@chat.a.example\r\nReturn-Path: <>\r\nSubject: failure\r\nX-Failed-Recipients: a@x.example", ",\r\n u#@x.example", "\r\n\r\nSorry\r\n")),
        of_lines("bounce of qmail: recipients", 2_000, ("To: alice@chat.a.example\r\nReturn-Path: <>\r\nSubject: failure notice\r\n\r\nHi. This is the qmail-send program at x.example.\r\n\r\n", "<u#@x.example>:\r\nno mailbox here by that name.\r\n\r\n", "--- Below this line is a copy of the message.\r\n\r\nMessage-ID: <m@chat.a.example>\r\n")),
    ]
}

#[test]
fn e29_no_header_of_a_mail_costs_more_than_its_share() {
    let test = "bounds::e29_no_header_of_a_mail_costs_more_than_its_share";
    check(test, headers());
}

#[test]
fn e29_no_body_of_a_mail_costs_more_than_its_share() {
    let test = "bounds::e29_no_body_of_a_mail_costs_more_than_its_share";
    check(test, bodies());
}

#[test]
fn e29_no_mail_of_another_gateway_and_no_report_costs_more_than_its_share() {
    let mut cases = carried_mails();
    cases.extend(reports());
    let test = "bounds::e29_no_mail_of_another_gateway_and_no_report_costs_more_than_its_share";
    check(test, cases);
}

// --- everything else -------------------------------------------------------------------------------------------------

fn addresses(count: usize) -> Vec<MailAddress> {
    let address = |n| format!("u{n}@x.example").parse().expect("an address");
    (0..count).map(address).collect()
}

/// A message to Carol, as it waits to be sent to so many.
fn job(house: &mut House, count: usize) -> Job {
    let xml = format!(
        "<message xmlns='{NS}' from='{ALICE}' to='{CAROL}' id='i1' type='chat'><body>Hi</body><request xmlns='urn:xmpp:receipts'/></message>"
    );
    let Decision { mut mails, .. } = house.stanza(&xml);
    let mut job = mails.remove(0).job;
    job.to = addresses(count);
    job
}

fn reply() -> Reply {
    Reply {
        code: Some(550),
        enhanced: Some((5, 1, 1)),
        text: "no \u{201d}such user ".repeat(25),
    }
}

fn results() -> Vec<Case> {
    fn of(name: &'static str, outcome: fn() -> Outcome, is_done: bool) -> Case {
        let make = move |count| -> Work {
            let mut house = house();
            let job = job(&mut house, count);
            let attempt: Vec<_> = job.to.iter().cloned().map(|to| (to, outcome())).collect();
            let verdict = match is_done {
                true => JobVerdict::Done,
                false => JobVerdict::Expired,
            };
            Box::new(move || {
                black_box(house.ask(|decider| decider.outcome(&job, &attempt, verdict)));
            })
        };
        Case {
            name,
            limit: 50,
            make: Box::new(make),
            is_open: true,
        }
    }
    vec![
        of("result: refused", || Outcome::Refused(reply()), true),
        of("result: delivered", || Outcome::Delivered(reply()), true),
        of(
            "result: given up",
            || Outcome::Retry {
                reply: reply(),
                certain: false,
            },
            false,
        ),
    ]
}

/// A presence that is due to so many contacts at one domain.
fn presence_due(count: usize) -> Work {
    let mut house = house();
    let now = house.now;
    let announced = Announced {
        sequence: now,
        at: now,
        expires: now.plus(Duration::from_secs(3600)),
        state: None,
    };
    let fanout = Fanout {
        user: "alice@a.example".parse().expect("a JID"),
        sequence: now,
        expires: announced.expires,
        mails: vec![Announcement {
            domain: "x.example".to_owned(),
            state: None,
            contacts: addresses(count),
        }],
        announced: Some(announced),
    };
    Box::new(move || {
        black_box(house.ask(|decider| decider.timer(Timer::Announce(&fanout))));
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// A command as it comes by the socket, and its answer as it goes.
fn command(json: String) -> Work {
    let (runtime, store) = (runtime(), MemoryStore::new([0; 32]));
    let folder = tempfile::tempdir().expect("a folder");
    let waiting = WaitingItems::resting(folder.path());
    Box::new(move || {
        let Ok(request) = serde_json::from_str::<ControlRequest>(&json) else {
            return;
        };
        let answer = runtime.block_on(control::answer(&store, &waiting, request));
        black_box(serde_json::to_string(&answer).expect("an answer"));
        drop(folder);
    })
}

fn commands() -> Vec<Case> {
    let import = |count: usize| {
        let row = r#"{"kind":"pair","jid":"u#@a.example","mail":"u#@chat.a.example","name":null,"origin":"admin","saved":1},"#;
        let rows = many(count, row);
        command(format!(
            r#"{{"do":"import","rows":[{}]}}"#,
            rows.trim_end_matches(',')
        ))
    };
    let find = |count: usize| {
        command(format!(
            r#"{{"do":"find","side":"{}@a.example"}}"#,
            "a".repeat(count)
        ))
    };
    let show = |count: usize| {
        command(format!(
            r#"{{"do":"showone","id":"{}","body":true}}"#,
            "a".repeat(count)
        ))
    };
    vec![
        Case {
            name: "command: import",
            limit: 1_000,
            make: Box::new(import),
            is_open: true,
        },
        Case {
            name: "command: find",
            limit: 3_000,
            make: Box::new(find),
            is_open: true,
        },
        Case {
            name: "command: show",
            limit: 3_000,
            make: Box::new(show),
            is_open: true,
        },
    ]
}

/// A mailbox with so many mails, on a server that answers as it is asked.
struct Server {
    mails: usize,
}

impl Server {
    /// Its port.
    fn start(mails: usize) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            if let Ok((client, _)) = listener.accept() {
                let _ = Server { mails }.serve(client);
            }
        });
        port
    }

    /// Until the client goes.
    fn serve(&self, client: TcpStream) -> std::io::Result<()> {
        let mut answers = client.try_clone()?;
        answers.write_all(b"* OK ready\r\n")?;
        for line in BufReader::new(client).lines() {
            let line = line?;
            let (tag, command) = line.split_once(' ').unwrap_or_default();
            let answer = format!("{}{tag} OK done\r\n", self.answer(command));
            answers.write_all(answer.as_bytes())?;
        }
        Ok(())
    }

    fn answer(&self, command: &str) -> String {
        let mails = self.mails;
        let words: Vec<&str> = command.splitn(4, ' ').collect();
        match words.as_slice() {
            ["CAPABILITY", ..] => "* CAPABILITY IMAP4rev1\r\n".to_owned(),
            ["SELECT" | "EXAMINE", ..] => format!(
                "* {mails} EXISTS\r\n* OK [UIDVALIDITY 7] a\r\n* OK [UIDNEXT {}] b\r\n",
                mails + 1
            ),
            ["UID", "SEARCH", ..] => {
                let uids: String = (1..=mails).map(|uid| format!(" {uid}")).collect();
                format!("* SEARCH{uids}\r\n")
            }
            ["UID", "FETCH", set, what] => {
                let one = match what.contains("BODY") {
                    true => "* # FETCH (UID # BODY[] {13}\r\nA: b\r\n\r\nc\r\n\r\n)\r\n",
                    false => {
                        "* # FETCH (UID # RFC822.SIZE 13 INTERNALDATE \"22-Nov-2026 12:00:00 +0000\" FLAGS ())\r\n"
                    }
                };
                let uids = self.uids(set);
                uids.map(|uid| one.replace('#', &uid.to_string())).collect()
            }
            _ => String::new(),
        }
    }

    fn uids(&self, set: &str) -> impl Iterator<Item = usize> {
        let mails = self.mails;
        let end = move |text: &str| text.parse().unwrap_or(mails).min(mails);
        let ranges: Vec<_> = set
            .split(',')
            .map(|range| range.split_once(':').unwrap_or((range, range)))
            .map(|(first, last)| first.parse().unwrap_or(mails)..=end(last))
            .collect();
        ranges.into_iter().flatten()
    }
}

/// The first mails of a mailbox that has so many.
fn mailbox(count: usize) -> Work {
    let config = MailboxConfig {
        name: "a/INBOX".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: Server::start(count),
        tls: TlsMode::Plain,
        ca_file: None,
        login: Login::by_password("a", "b"),
        folder: "INBOX".to_owned(),
        idle: false,
        poll: Duration::from_secs(60),
        after: After::Seen,
        left_keyword: imap::left_keyword("gateway.a.example"),
        octets_max: 1024 * 1024,
        spill_folder: std::env::temp_dir(),
        first_start: FirstStart::All,
        timings: ImapTimings::default(),
    };
    let runtime = runtime();
    Box::new(move || {
        runtime.block_on(async {
            let (batches, mut fetched) = tokio::sync::mpsc::channel(1);
            let quotas = SharedQuotas::new(&Allowance::default());
            let run =
                imap::MailboxReader::new(config, None, quotas, batches, imap::Reports::default())
                    .run(CancellationToken::new());
            tokio::select! {
                () = run => {}
                batch = tokio::time::timeout(PATIENCE, fetched.recv()) => {
                    let batch = batch.expect("it is read in time").expect("a batch");
                    assert!(!batch.mails.is_empty());
                }
            }
        });
    })
}

#[test]
fn e29_no_result_no_presence_that_is_due_no_command_and_no_mailbox_costs_more_than_its_share() {
    let mut cases = results();
    cases.push(Case {
        name: "presence that is due",
        limit: 1_000,
        make: Box::new(presence_due),
        is_open: false,
    });
    cases.extend(commands());
    cases.push(Case {
        name: "mailbox",
        limit: 10_000,
        make: Box::new(mailbox),
        is_open: true,
    });
    check(
        "bounds::e29_no_result_no_presence_that_is_due_no_command_and_no_mailbox_costs_more_than_its_share",
        cases,
    );
}
