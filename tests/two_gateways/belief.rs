//! Only believed from whom it comes: what a gateway makes of mails that somebody else wrote, changed, or kept and sends
//! again. Without servers; docs/SECURITY.md has the table that these tests hold.

use super::*;
use stanzamail::core::context::{Need, Row};
use stanzamail::core::decide::lookup;
use stanzamail::core::limits;
use stanzamail::core::record::{self, PeerOrigin, Subscription};
use stanzamail::core::settings::{Speak, StanzaTrust};
use stanzamail::core::signature::Signer;

const BOB: &str = "bob@chat.b.example";
const ALICE: &str = "alice@chat.a.example";
const ADAM: &str = "adam@chat.a.example";
const PASSED: &str = "mx.test; dkim=pass header.d=chat.b.example";
const CHAT: &str =
    "<message type='chat' id='m1'><body>Hi</body><sparkle xmlns='urn:example:unknown'/></message>";

/// A mail as whoever wants may write it.
#[derive(Clone)]
struct Letter {
    /// Put on top by the servers on the way.
    top: Vec<String>,
    envelope: &'static str,
    from: String,
    /// All other fields but these.
    fields: Vec<String>,
    id: String,
    date: Timestamp,
    stanza: String,
}

impl Letter {
    /// To alice, from bob, and verified to be so.
    fn new(stanza: &str) -> Self {
        Self {
            top: vec![format!("Authentication-Results: {PASSED}")],
            envelope: ALICE,
            from: format!("From: {BOB}"),
            fields: vec![format!("To: {ALICE}"), "XMPP-Bridge: v=1".to_owned()],
            id: "one@chat.b.example".to_owned(),
            date: start(),
            stanza: stanza.to_owned(),
        }
    }

    /// One that nobody has verified.
    fn forged(stanza: &str) -> Self {
        Self {
            top: vec!["Authentication-Results: mx.test; dkim=none".to_owned()],
            id: "forged@evil.example".to_owned(),
            ..Self::new(stanza)
        }
    }

    fn field(mut self, field: &str) -> Self {
        self.fields.push(field.to_owned());
        self
    }

    fn on_top(mut self, field: &str) -> Self {
        self.top.push(field.to_owned());
        self
    }

    fn id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// What its author has written.
    fn content(&self) -> Vec<u8> {
        let date = chrono::DateTime::from_timestamp_millis(self.date.millis()).unwrap();
        let (from, fields, id) = (&self.from, self.fields.join("\r\n"), &self.id);
        format!(
            "{from}\r\n{fields}\r\nDate: {}\r\nMessage-ID: <{id}>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSome words\r\n\
             --b\r\nContent-Type: application/xmpp+xml; charset=utf-8\r\n\r\n<xmpp xmlns='jabber:client'>{}</xmpp>\r\n--b--\r\n",
            date.to_rfc2822(),
            self.stanza
        )
        .into_bytes()
    }

    fn arrived(&self, content: &[u8]) -> Vec<u8> {
        let top: String = self
            .top
            .iter()
            .map(|field| format!("{field}\r\n"))
            .collect();
        let head = format!("Delivered-To: {}\r\n{top}", self.envelope);
        [head.as_bytes(), content].concat()
    }

    fn raw(&self) -> Vec<u8> {
        self.arrived(&self.content())
    }
}

/// What the user is shown because of one mail, and what goes out.
struct Shown {
    stanzas: Vec<Element>,
    mails: Vec<OnTheWay>,
    notes: String,
    fate: Fate,
}

impl Shown {
    fn has(&self, name: &str, kind: Option<&str>) -> bool {
        let mut all = self.stanzas.iter();
        all.any(|stanza| stanza.name() == name && stanza.attr("type") == kind)
    }

    /// Nothing of the stanza was taken: no presence, no mail, and of messages their text at most.
    fn took_nothing(&self) -> bool {
        let is_text = |stanza: &Element| {
            let is_own = |child: &Element| child.name() == "sparkle" || child.name() == "received";
            stanza.name() == "message" && !stanza.children().any(is_own)
        };
        self.mails.is_empty() && self.stanzas.iter().all(is_text)
    }

    /// What is said to the user, in whose name.
    fn said(&self) -> Vec<(String, String)> {
        let messages = self
            .stanzas
            .iter()
            .filter(|stanza| stanza.name() == "message");
        let said = |stanza: &Element| {
            let body = stanza.children().find(|child| child.name() == "body");
            let from = stanza.attr("from").unwrap_or_default().to_owned();
            (from, body.map(Element::text).unwrap_or_default())
        };
        messages.map(said).collect()
    }
}

fn gets_at(side: &mut Side, letter: &Letter, now: Timestamp) -> Shown {
    gets_octets(side, &letter.raw(), now)
}

fn gets(side: &mut Side, letter: &Letter) -> Shown {
    gets_at(side, letter, start())
}

fn gets_octets(side: &mut Side, raw: &[u8], now: Timestamp) -> Shown {
    side.seen.clear();
    side.notes.clear();
    let mails = side.gets_raw(raw, now);
    Shown {
        stanzas: side.seen.clone(),
        mails,
        notes: side.notes.join("\n"),
        fate: side.fate,
    }
}

fn after(seconds: u64) -> Timestamp {
    start().plus(Duration::from_secs(seconds))
}

fn before(seconds: i64) -> Timestamp {
    Timestamp::from_millis(start().millis() - seconds * 1000)
}

/// Alice, who knows that bob has a gateway.
fn alice() -> Side {
    a_and_b().0
}

/// Alice and bob see each other, since an hour.
fn friends() -> (Side, Side) {
    let (mut a, mut b) = a_and_b();
    let then = before(3600);
    for verb in ["subscribe", "subscribed"] {
        let (of_a, of_b) = (a.manages(verb, then), b.manages(verb, then));
        of_a.iter().for_each(|mail| drop(b.gets(mail, then)));
        of_b.iter().for_each(|mail| drop(a.gets(mail, then)));
    }
    assert_eq!(a.row().subscription, Subscription::Both);
    assert_eq!(b.row().subscription, Subscription::Both);
    (a, b)
}

fn presence(kind: &str, stamp: Timestamp, expires: Timestamp, more: &str) -> String {
    let text = |at: Timestamp| at.to_xep0082_millis().unwrap();
    format!(
        "<presence{kind}><delay xmlns='urn:xmpp:delay' stamp='{}'/>\
         <amp xmlns='http://jabber.org/protocol/amp'><rule condition='expire-at' action='drop' value='{}'/></amp>{more}</presence>",
        text(stamp),
        text(expires)
    )
}

fn available(stamp: Timestamp) -> String {
    presence("", stamp, stamp.plus(Duration::from_secs(3600)), "")
}

fn verb(verb: &str, id: &str) -> String {
    presence(&format!(" type='{verb}' id='{id}'"), start(), after(60), "")
}

/// The stanzas that a forger would want to be believed, towards somebody whose subscription stands.
fn wanted() -> [String; 6] {
    [
        CHAT.to_owned(),
        presence(" type='unavailable'", start(), after(60), ""),
        available(start()),
        verb("subscribe", "x"),
        verb("unsubscribe", "x"),
        verb("unsubscribed", "x"),
    ]
}

// --- the matrix ------------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq)]
enum Signature {
    /// No key is configured.
    NoKey,
    Good,
    Missing,
    OtherKey,
    BodyChanged,
}
use Signature::{BodyChanged, Good, Missing, NoKey, OtherKey};

/// What our mail server says, and whether that is that it is from bob's domain.
const VERDICTS: [(&[&str], bool); 9] = [
    (&[PASSED], true),
    (&["mx.test; spf=pass smtp.mailfrom=chat.b.example"], true),
    (
        &[
            "mx.test; dmarc=pass header.from=chat.b.example",
            "mx.test; dkim=fail",
        ],
        true,
    ),
    (&[], false),
    (&["mx.test; dkim=none"], false),
    (&["mx.test; dkim=fail header.d=chat.b.example"], false),
    (&["mx.test; dkim=pass header.d=evil.example", PASSED], false),
    (
        &["mx.evil.example; dkim=pass header.d=chat.b.example"],
        false,
    ),
    (
        &["mx.test; dmarc=fail header.from=chat.b.example; dkim=pass header.d=chat.b.example"],
        false,
    ),
];

/// What makes a mail unfit to carry stanzas, however well it is verified.
const SPOILERS: [(&str, &[&str]); 10] = [
    ("nothing", &[]),
    ("a list", &["List-Id: <l.example>"]),
    ("bulk", &["Precedence: bulk"]),
    (
        "a Cc that is not signed",
        &[
            "Cc: adam@chat.a.example",
            "DKIM-Signature: v=1; h=from:to:date",
        ],
    ),
    ("two From", &["From: eve@evil.example"]),
    ("two To", &["To: adam@chat.a.example"]),
    ("two Message-ID", &["Message-ID: <two@evil.example>"]),
    ("two Content-Type", &["Content-Type: application/xmpp+xml"]),
    (
        "part of the body",
        &["DKIM-Signature: v=1; d=chat.b.example; h=from:to:date; l=9"],
    ),
    ("many hops", &["XMPP-Bridge-Hops: 6"]),
];

fn signed(letter: &Letter, signature: Signature) -> Vec<u8> {
    sealed(letter.content(), signature)
}

fn sealed(content: Vec<u8>, signature: Signature) -> Vec<u8> {
    let key = |seed| Signer::from_seed(&[seed; 32]).unwrap();
    let sign = |seed| key(seed).sign(&content, "chat.b.example", start());
    match signature {
        NoKey | Missing => content,
        Good => sign(7),
        OtherKey => sign(8),
        BodyChanged => {
            let text = String::from_utf8(sign(7)).unwrap();
            text.replace("Some words", "Other words").into_bytes()
        }
    }
}

fn configured(side: &mut Side, signature: Signature) {
    if signature != NoKey {
        side.gateway.settings.peers.push(PeerSettings {
            who: "chat.b.example".parse().unwrap(),
            format: None,
            key: Some(Signer::from_seed(&[7; 32]).unwrap().public()),
        });
    }
}

#[test]
fn a_stanza_is_believed_just_where_the_table_says_so() {
    let (mut tried, mut believed) = (0, 0);
    for trust in [StanzaTrust::Require, StanzaTrust::Off] {
        for (results, is_from_bob) in VERDICTS {
            for signature in [NoKey, Good, Missing, OtherKey, BodyChanged] {
                for (spoiler, fields) in SPOILERS {
                    for envelope in [ALICE, ADAM] {
                        if envelope == ADAM && spoiler != "nothing" {
                            continue;
                        }
                        let mut letter = Letter::new(CHAT);
                        let results = results
                            .iter()
                            .map(|one| format!("Authentication-Results: {one}"));
                        letter.top = results
                            .chain(fields.iter().map(ToString::to_string))
                            .collect();
                        letter.envelope = envelope;
                        let mut side = alice();
                        side.gateway.settings.trust.stanza = trust;
                        configured(&mut side, signature);
                        let raw = letter.arrived(&signed(&letter, signature));
                        let shown = gets_octets(&mut side, &raw, start());
                        let verified = match signature {
                            NoKey => is_from_bob,
                            signature => signature == Good,
                        };
                        // `l=` says nothing of a signature by key, nor where nobody asks.
                        let spoils = match spoiler {
                            "nothing" => false,
                            "part of the body" => {
                                signature == NoKey && trust == StanzaTrust::Require
                            }
                            "a Cc that is not signed" => {
                                signature != NoKey || trust == StanzaTrust::Require
                            }
                            _ => true,
                        };
                        let may = verified || (trust == StanzaTrust::Off && signature == NoKey);
                        let is_failed = results_failed(&letter) || spoiler == "two From";
                        let held = !verified && is_failed;
                        let expected = may && !spoils && !held && envelope == ALICE;
                        let what = (trust, &letter.top, signature, envelope);
                        assert_eq!(!shown.took_nothing(), expected, "{what:?} {}", shown.notes);
                        if !expected {
                            let is_whole = matches!(spoiler, "nothing" | "a list" | "bulk")
                                || (spoiler == "part of the body" && signature == Good);
                            let is_known = is_whole && (verified || is_from_bob);
                            is_marked_or_held(&shown, is_known, envelope, &format!("{what:?}"));
                        }
                        tried += 1;
                        believed += usize::from(expected);
                    }
                }
            }
        }
    }
    assert_eq!(tried, 990);
    assert!(believed > 20, "{believed}");
}

/// E6: whoever signs, and whoever is asked: a stanza in a mail of which a part was not read is not taken. What is not read here
/// means nothing, so it is the cut that spoils it.
#[test]
fn e6_no_stanza_is_taken_from_a_mail_that_was_cut() {
    let field = |number: usize| format!("X-Junk-{number}: {}\r\n", "j".repeat(900));
    let junk = |count: usize| (0..count).map(field).collect::<String>();
    let people = |count: usize| {
        let all: Vec<String> = (0..count).map(|n| format!("u{n}@c.example")).collect();
        format!("Cc: {}\r\n", all.join(",\r\n "))
    };
    let parts = |count: usize| "--b\r\n\r\nx\r\n".repeat(count);
    let cases = [
        (junk(200), String::new(), String::new(), true),
        (junk(300), String::new(), String::new(), false),
        (people(1000), String::new(), String::new(), true),
        (people(1001), String::new(), String::new(), false),
        (String::new(), parts(990), String::new(), true),
        (String::new(), parts(1000), String::new(), false),
        (String::new(), String::new(), junk(200), true),
        (String::new(), String::new(), junk(300), false),
    ];
    for trust in [StanzaTrust::Require, StanzaTrust::Off] {
        for signature in [NoKey, Good] {
            for (header, parts, of_part, is_whole) in &cases {
                let letter = Letter::new(CHAT);
                let last = "Content-Type: application/xmpp+xml; charset=utf-8\r\n";
                let content = String::from_utf8(letter.content()).unwrap();
                let content = content
                    .replacen("\r\n\r\n--b", &format!("\r\n{header}\r\n{parts}--b"), 1)
                    .replacen(last, &format!("{last}{of_part}"), 1);
                let mut side = alice();
                side.gateway.settings.trust.stanza = trust;
                configured(&mut side, signature);
                let raw = letter.arrived(&sealed(content.into_bytes(), signature));
                let shown = gets_octets(&mut side, &raw, start());
                let sizes = (header.len(), parts.len(), of_part.len());
                let what = format!("{trust:?} {signature:?} {sizes:?}: {}", shown.notes);
                assert_eq!(!shown.took_nothing(), *is_whole, "{what}");
                let is_held = header.len() > limits::MAIL_HEADER_OCTETS_MAX;
                assert_eq!(shown.fate == Fate::Left, is_held, "{what}");
            }
        }
    }
}

/// The children of the only message, but for what the gateway itself adds.
fn passed(stanza: &str) -> Vec<String> {
    let shown = gets(&mut alice(), &Letter::new(stanza));
    let messages = shown.stanzas.iter().filter(|one| one.name() == "message");
    let children = messages.flat_map(Element::children);
    children.map(String::from).collect()
}

/// E22: what would keep a message from a user, put it at the end of all time, or open a file of theirs, does not pass.
#[test]
fn e22_nothing_passes_that_hides_a_message_or_opens_a_file() {
    for refused in [
        "<x xmlns='jabber:x:delay' stamp='20990101T00:00:00'/>",
        "<delay xmlns='urn:xmpp:delay' stamp='2099-01-01T00:00:00Z'/>",
        "<no-store xmlns='urn:xmpp:hints'/>",
        "<no-copy xmlns='urn:xmpp:hints'/>",
        "<no-permanent-store xmlns='urn:xmpp:hints'/>",
        "<x xmlns='jabber:x:expire' seconds='1'/>",
        "<x xmlns='google:nosave' value='enabled'/>",
        "<attention xmlns='urn:xmpp:attention:0'/>",
        "<x xmlns='jabber:x:oob'><url>file:///etc/passwd</url></x>",
        "<x xmlns='jabber:x:oob'><url> FILE:///etc/passwd</url></x>",
        "<x xmlns='jabber:x:oob'><url>fi\nle:///etc/passwd</url></x>",
        "<x xmlns='jabber:x:oob'><url>smb://evil.example/share</url></x>",
        "<x xmlns='jabber:x:oob'><url>\\\\evil.example\\share</url></x>",
        "<x xmlns='jabber:x:oob'><url>/etc/passwd</url></x>",
        "<x xmlns='jabber:x:oob'><url>javascript:alert(1)</url></x>",
        "<reference xmlns='urn:xmpp:reference:0' type='data' uri='file:///etc/passwd'/>",
        "<a xmlns='urn:example:a'><b><url-data xmlns='http://jabber.org/protocol/url-data' target='file:///x'/></b></a>",
        "<a xmlns='urn:example:a' href='data:text/html,x'/>",
        "<a xmlns='urn:example:a' href='data:image/svg+xml;base64,x'/>",
    ] {
        let rest = passed(&format!(
            "<message id='m1'><body>Hi</body>{refused}</message>"
        ));
        assert_eq!(rest.len(), 1, "{refused}: {rest:?}");
    }
    for kept in [
        "<store xmlns='urn:xmpp:hints'/>",
        "<x xmlns='jabber:x:oob'><url>https://example.org/a:b?c=/d</url></x>",
        "<reference xmlns='urn:xmpp:reference:0' type='mention' uri='xmpp:alice@a.example'/>",
        "<place xmlns='urn:example:a' uri='geo:48.1,11.5'/>",
        "<thumbnail xmlns='urn:xmpp:thumbs:1' uri='data:image/png;base64,iVBORw0KGgo='/>",
        "<a xmlns='urn:example:a' href='#anchor' src='name'/>",
        "<delay xmlns='urn:xmpp:delay' stamp='2001-01-01T00:00:00Z'/>",
    ] {
        let all = passed(&format!("<message id='m1'><body>Hi</body>{kept}</message>"));
        assert_eq!(all.len(), 2, "{kept}: {all:?}");
    }
}

/// E22: several stanzas in one mail are several, whatever ids they have or have not.
#[test]
fn e22_each_stanza_of_a_mail_has_an_id_of_its_own() {
    let one = |id: &str, text: &str| format!("<message {id}><body>{text}</body></message>");
    let ids = |letter: &Letter, side: &mut Side| {
        let shown = gets(side, letter);
        let messages = shown.stanzas.iter().filter(|one| one.name() == "message");
        let ids = messages.map(|one| one.attr("id").unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    for (first, second, third) in [
        ("", "", ""),
        ("id='1'", "id='1'", "id='2'"),
        ("", "id='1'", "id='1'"),
    ] {
        for texts in [["a", "b", "c"], ["ok", "ok", "ok"]] {
            let all = [
                one(first, texts[0]),
                one(second, texts[1]),
                one(third, texts[2]),
            ];
            let letter = Letter::new(&all.concat());
            let found = ids(&letter, &mut alice());
            let different: std::collections::BTreeSet<_> = found.iter().collect();
            assert_eq!((found.len(), different.len()), (3, 3), "{all:?}: {found:?}");
            let mut side = alice();
            assert_eq!(ids(&letter, &mut side), found, "the same each time");
            let again = letter.clone().id("two@chat.b.example");
            assert_eq!(
                ids(&again, &mut side),
                [""; 0],
                "sent again by somebody else"
            );
        }
    }
}

/// E23: who may speak for bob may not call himself adam, nor the gateway.
#[test]
fn e23_nobody_goes_by_the_address_of_somebody_else() {
    let nick = |name: &str| format!("<nick xmlns='http://jabber.org/protocol/nick'>{name}</nick>");
    let names = |letter: &Letter| {
        let mut side = alice();
        let shown = gets(&mut side, letter);
        let nicks = shown.stanzas.iter().filter_map(|stanza| {
            let nick = stanza.children().find(|child| child.name() == "nick");
            nick.map(Element::text)
        });
        nicks.collect::<Vec<_>>()
    };
    for (name, expected) in [
        ("Bob", &["Bob"][..]),
        (BOB, &[BOB]),
        ("adam@a.example", &[]),
        ("Adam (adam@chat.a.example)", &[]),
        ("adam\\40chat.a.example", &[]),
        ("gateway.a.example", &["gateway a example"]),
    ] {
        let message = format!("<message id='m1'><body>Hi</body>{}</message>", nick(name));
        assert_eq!(names(&Letter::new(&message)), expected, "{name}");
        let request = format!(
            "<presence type='subscribe' id='s1'><delay xmlns='urn:xmpp:delay' stamp='{}'/>{}</presence>",
            start().to_xep0082_millis().unwrap(),
            nick(name)
        );
        assert_eq!(names(&Letter::new(&request)), expected, "{name}");
        let mut letter = Letter::new("<message id='m1'/>");
        letter.from = format!("From: \"{}\" <{BOB}>", name.replace('\\', "\\\\"));
        let expected: &[&str] = if name == BOB { &[] } else { expected };
        assert_eq!(names(&letter), expected, "{name}");
    }
    let two = format!(
        "<message id='m1'><body>Hi</body>{}{}</message>",
        nick("Bob"),
        nick("adam@a.example")
    );
    assert_eq!(names(&Letter::new(&two)), ["Bob"]);
}

/// Whether our own mail server says that the mail is a forgery.
fn results_failed(letter: &Letter) -> bool {
    let first = letter.top.iter().find(|field| field.contains(": mx.test;"));
    first.is_some_and(|field| field.contains("=fail"))
}

/// What is not taken is text at most, and says that nobody knows who wrote it.
fn is_marked_or_held(shown: &Shown, is_verified: bool, envelope: &str, what: &str) {
    let said = shown.said();
    assert!(said.len() <= 1, "{what}");
    if let Some((from, text)) = said.first() {
        let is_marked = text.starts_with("[Unverified sender. This is said once a day.]\n");
        let is_notice = from == "gateway.a.example" && shown.fate == Fate::Left;
        assert!(is_marked || is_notice || is_verified, "{what}: {text}");
    }
    if envelope == ALICE && shown.fate == Fate::Handled {
        assert!(
            shown.notes.contains("is not believed: "),
            "{what}: {}",
            shown.notes
        );
    }
}

#[test]
fn without_anybody_who_verifies_nothing_is_believed() {
    for stanza in wanted() {
        let (mut a, _) = friends();
        a.gateway.settings.trust.authserv_ids.clear();
        let before = a.row();
        let shown = gets(&mut a, &Letter::new(&stanza));
        assert!(shown.took_nothing(), "{stanza}");
        assert_eq!(
            shown
                .notes
                .matches("is not believed: the configuration names neither")
                .count(),
            1
        );
        // What is said of the last mail is said of this one.
        let after = record::Contact {
            thread: before.thread.clone(),
            last_mail: before.last_mail.clone(),
            is_verified: before.is_verified,
            ..a.row()
        };
        assert_eq!(after, before);
    }
}

#[test]
fn no_forged_stanza_changes_what_is_between_two_people() {
    let person = "Authentication-Results: mx.test; dkim=pass header.d=evil.example";
    for stanza in wanted() {
        for auto in [None, Some("Auto-Submitted: auto-generated")] {
            for from in [
                "From: bob@chat.b.example",
                "From: BOB@Chat.B.Example",
                "From: \"bob@chat.b.example\" <mallory@evil.example>",
                "From: mallory@evil.example\r\nSender: bob@chat.b.example\r\nReply-To: bob@chat.b.example",
                "From: mallory@evil.example\r\nResent-From: bob@chat.b.example\r\nJabber-ID: bob@b.example",
            ] {
                let (mut a, _) = friends();
                let before = a.row();
                let mut letter = Letter::forged(&stanza);
                letter.from = from.to_owned();
                letter.top = vec![person.to_owned()];
                letter.fields.extend(auto.map(str::to_owned));
                let shown = gets(&mut a, &letter);
                let now = a.row();
                assert_eq!(
                    (now.subscription, now.heard),
                    (before.subscription, before.heard)
                );
                let handshake = |row: Option<record::SubscriptionExchange>| {
                    row.map(|one| (one.asked, one.asking, one.request, one.answer))
                };
                assert_eq!(
                    handshake(now.handshake),
                    handshake(before.handshake),
                    "{from} {stanza}"
                );
                let bob = a.contact.clone();
                let of_bob = |stanza: &&Element| {
                    stanza.attr("from").is_some_and(|jid| jid.starts_with(&bob))
                };
                for stanza in shown.stanzas.iter().filter(of_bob) {
                    let text = stanza
                        .children()
                        .find(|child| child.name() == "body")
                        .map(Element::text);
                    assert!(
                        text.is_some_and(|text| text
                            .starts_with("[Unverified sender. This is said once a day.]\n")),
                        "{from} {stanza:?}"
                    );
                }
            }
        }
    }
}

// --- from whom -------------------------------------------------------------------------------------------------------

#[test]
fn a_domain_is_verified_and_so_a_user_of_it_speaks_for_itself_only_as_far_as_the_domain_sees_to_it()
{
    let (mut a, _) = friends();
    let before = a.row();
    let mut beth = Letter::new(&verb("unsubscribed", "x"));
    beth.from = "From: \"bob@chat.b.example\" <beth@chat.b.example>".to_owned();
    gets(&mut a, &beth);
    assert_eq!(a.row(), before);
    // Who may write bob's name there is for bob's domain to say: the stanza itself names nobody.
    let claims = CHAT.replace(
        "<message ",
        "<message from='eve@evil.example' to='adam@a.example' ",
    );
    let shown = gets(&mut a, &Letter::new(&claims).id("two@chat.b.example"));
    let message = &shown.stanzas[0];
    assert!(message.attr("from").unwrap().starts_with(&a.contact));
    assert_eq!(message.attr("to"), Some("alice@a.example"));
}

#[test]
fn a_domain_is_the_same_in_any_case_and_script_and_another_one_that_looks_alike_is_not() {
    let of = |from: &str, domain: &str| {
        let mut letter = Letter::new(CHAT);
        letter.from = format!("From: {from}");
        letter.top = vec![format!(
            "Authentication-Results: MX.Test; dkim=pass header.d={domain}"
        )];
        !gets(&mut alice(), &letter).took_nothing()
    };
    assert!(of("Bob@CHAT.b.Example", "chat.B.example"));
    assert!(of("bob@b\u{fc}cher.example", "xn--bcher-kva.example"));
    assert!(of("bob@xn--bcher-kva.example", "B\u{dc}CHER.example"));
    // The a is Cyrillic.
    assert!(!of("bob@ch\u{430}t.b.example", "chat.b.example"));
    assert!(!of("bob@chat.b.example", "ch\u{430}t.b.example"));
    assert!(!of("bob@evilchat.b.example", "chat.b.example"));
    assert!(!of("bob@chat.b.example.evil.example", "chat.b.example"));
    // Who signs for a domain answers for those below it, and not the other way round.
    assert!(of("bob@chat.b.example", "b.example"));
    assert!(!of("bob@b.example", "chat.b.example"));
}

#[test]
fn a_key_is_for_its_own_domain() {
    let mut side = alice();
    configured(&mut side, Good);
    let foreign = |from: &str, domain: &str| {
        let mut letter = Letter::forged(CHAT);
        letter.from = format!("From: {from}");
        let signer = Signer::from_seed(&[7; 32]).unwrap();
        letter.arrived(&signer.sign(&letter.content(), domain, start()))
    };
    for (from, domain) in [
        (BOB, "evil.example"),
        ("bob@evil.example", "evil.example"),
        ("bob@sub.chat.b.example", "chat.b.example"),
    ] {
        let raw = foreign(from, domain);
        assert!(
            gets_octets(&mut side, &raw, start()).took_nothing(),
            "{from} {domain}"
        );
    }
    let raw = foreign(BOB, "chat.b.example");
    assert!(!gets_octets(&mut side, &raw, start()).took_nothing());
}

// --- what is kept and sent again -------------------------------------------------------------------------------------

#[test]
fn a_message_that_is_sent_again_is_shown_once() {
    let receipt = "<message id='r1'><received xmlns='urn:xmpp:receipts' id='a1'/></message>";
    let nameless = CHAT.replace(" id='m1'", "");
    let counted_anew = CHAT.replace("Hi", "Hi again");
    let mut side = alice();
    let said = [CHAT, receipt, &nameless, &counted_anew];
    for (number, stanza) in said.iter().enumerate() {
        let letter = Letter::new(stanza).id(&format!("{number}@chat.b.example"));
        assert!(!gets(&mut side, &letter).took_nothing(), "{stanza}");
    }
    for (number, stanza) in said.iter().enumerate() {
        let letter = Letter::new(stanza).id(&format!("{number}@chat.b.example"));
        for copy in [
            letter.clone().field("X-Spam: no"),
            letter.id("x@evil.example"),
            Letter::new(stanza).id("y@b"),
        ] {
            let shown = gets_at(&mut side, &copy, after(60));
            assert!(shown.stanzas.is_empty(), "{stanza} {}", copy.id);
        }
    }
}

#[test]
fn an_own_message_with_the_same_id_makes_no_room_for_a_copy() {
    let mut side = alice();
    side.says(
        "<message type='chat' id='m1'><body>Mine</body></message>",
        start(),
    );
    assert!(!gets(&mut side, &Letter::new(CHAT)).took_nothing());
    let shown = gets(&mut side, &Letter::new(CHAT).id("two@chat.b.example"));
    assert!(shown.stanzas.is_empty());
    assert!(
        shown.notes.contains("says again what was said"),
        "{}",
        shown.notes
    );
}

#[test]
fn the_same_words_at_another_time_are_another_message() {
    let mut side = alice();
    let receipt = "<message><received xmlns='urn:xmpp:receipts' id='a1'/></message>";
    for second in 0..3 {
        let mut letter = Letter::new(receipt).id(&format!("{second}@chat.b.example"));
        letter.date = after(second);
        assert!(!gets_at(&mut side, &letter, after(second)).took_nothing());
    }
}

#[test]
fn what_is_older_than_our_memory_carries_nothing() {
    for (days, is_taken) in [
        (0, true),
        (30, true),
        (89, true),
        (91, false),
        (4000, false),
    ] {
        let mut letter = Letter::new(CHAT);
        letter.date = before(days * 86_400);
        let shown = gets(&mut alice(), &letter);
        assert_eq!(!shown.took_nothing(), is_taken, "{days} days");
        assert_eq!(shown.said().len(), 1, "it is read in any case");
    }
    let mut undated = Letter::new(CHAT).raw();
    let text = String::from_utf8(undated).unwrap();
    undated = text.replace("\r\nDate:", "\r\nX-Date:").into_bytes();
    assert!(gets_octets(&mut alice(), &undated, start()).took_nothing());
}

#[test]
fn a_copy_to_somebody_else_is_no_stanza_for_them() {
    let cc = || Letter::new("").field("Cc: adam@chat.a.example");
    for stanza in wanted() {
        let (mut side, _) = friends();
        side.user = "adam@a.example".to_owned();
        side.manages("subscribe", before(60));
        let row = side.row();
        // DKIM of most mail servers does not notice a Cc that was not there.
        for (letter, id) in [
            (Letter::new(&stanza), "copy@x.example"),
            (
                Letter {
                    stanza: stanza.clone(),
                    ..cc()
                },
                "with-cc@x.example",
            ),
        ] {
            let copy = Letter {
                envelope: ADAM,
                ..letter
            };
            let shown = gets(&mut side, &copy.id(id));
            let is_presence = |stanza: &Element| {
                let to = stanza.attr("to").unwrap_or_default();
                stanza.name() == "presence" && to.starts_with("adam@")
            };
            assert!(
                !shown.stanzas.iter().any(is_presence),
                "{stanza} {:?}",
                shown.stanzas
            );
        }
        let after = side.row();
        assert_eq!(
            (
                after.subscription,
                after.pending_out,
                after.pending_in,
                after.heard
            ),
            (row.subscription, row.pending_out, row.pending_in, row.heard)
        );
    }
}

#[test]
fn who_is_only_in_the_envelope_reads_the_text_of_a_person_and_nothing_of_a_gateway() {
    for (fields, text) in [
        (None, Some("To: alice@a.example\nSome words")),
        (Some("Auto-Submitted: auto-generated"), None),
    ] {
        for stanza in [CHAT.to_owned(), verb("subscribe", "x")] {
            let mut letter = Letter {
                envelope: ADAM,
                ..Letter::new(&stanza)
            };
            letter.fields.extend(fields.map(str::to_owned));
            let shown = gets(&mut alice(), &letter);
            assert!(shown.took_nothing());
            let said = shown.said();
            assert_eq!(
                said.first().map(|(_, said)| said.as_str()),
                text,
                "{stanza}"
            );
        }
    }
}

#[test]
fn who_knows_the_message_id_of_a_mail_takes_nothing_from_it() {
    for stanza in [CHAT.to_owned(), available(start())] {
        for speak in [Speak::Mark, Speak::Require, Speak::Off] {
            for (from, results) in [
                (
                    "mallory@evil.example",
                    "mx.test; dkim=pass header.d=evil.example",
                ),
                (BOB, "mx.test; dkim=none"),
                (BOB, "mx.test; dkim=fail header.d=chat.b.example"),
            ] {
                let (mut side, _) = friends();
                side.gateway.settings.trust.speak = speak;
                for own in [CHAT.to_owned(), available(start())] {
                    let mut first = Letter::new(&own);
                    first.from = format!("From: {from}");
                    first.top = vec![format!("Authentication-Results: {results}")];
                    gets(&mut side, &first);
                }
                let genuine = gets(&mut side, &Letter::new(&stanza));
                assert!(
                    !genuine.took_nothing(),
                    "{speak:?} {from} {results} {stanza}"
                );
            }
        }
    }
}

// --- presence --------------------------------------------------------------------------------------------------------

/// What alice sees of bob's presence after this one, who has heard nothing of it yet.
fn shown_presence(stanza: &str) -> Shown {
    gets(&mut friends().0, &Letter::new(stanza))
}

#[test]
fn a_presence_has_its_time() {
    assert!(shown_presence(&available(start())).has("presence", None));
    let over = presence("", start(), before(1), "");
    let shown = shown_presence(&over);
    assert!(shown.stanzas.is_empty() && shown.notes.contains("its time is over"));
    let endless =
        "<presence><delay xmlns='urn:xmpp:delay' stamp='2026-11-22T12:00:00Z'/></presence>";
    assert!(shown_presence(endless).stanzas.is_empty());
    for timeless in ["<presence/>", "<presence type='unavailable'/>"] {
        let shown = shown_presence(timeless);
        assert!(shown.stanzas.is_empty() && shown.notes.contains("it has no stamp"));
    }
}

#[test]
fn a_presence_that_holds_for_a_hundred_years_holds_for_a_week() {
    let (mut a, _) = friends();
    let century = after(100 * 365 * 86_400);
    gets(&mut a, &Letter::new(&presence("", start(), century, "")));
    assert_eq!(a.row().heard.unwrap().expires, after(7 * 86_400));
}

#[test]
fn only_what_is_newer_is_news() {
    let (mut a, _) = friends();
    let away = presence("", after(10), after(3600), "<show>away</show>");
    assert!(gets_at(&mut a, &Letter::new(&away).id("2@b"), after(11)).has("presence", None));
    for (stanza, id) in [
        (available(after(5)), "1@b"),
        (available(after(10)), "3@b"),
        (
            presence(" type='unavailable'", after(9), after(3600), ""),
            "4@b",
        ),
    ] {
        let shown = gets_at(&mut a, &Letter::new(&stanza).id(id), after(12));
        assert!(shown.stanzas.is_empty() && shown.notes.contains("older than what is known"));
    }
    assert!(
        gets_at(&mut a, &Letter::new(&away).id("2@b"), after(13))
            .stanzas
            .is_empty(),
        "the very mail"
    );
    let gone = presence(" type='unavailable'", after(11), after(11), "");
    assert!(
        gets_at(&mut a, &Letter::new(&gone).id("5@b"), after(14))
            .has("presence", Some("unavailable"))
    );
    // Somebody has kept what bob said when he was there.
    let shown = gets_at(&mut a, &Letter::new(&away).id("6@b"), after(15));
    assert!(shown.stanzas.is_empty());
    assert!(a.row().heard.unwrap().state.is_none());
}

#[test]
fn nobody_is_shown_a_presence_that_was_not_asked_for() {
    let mut never = alice();
    let (mut parted, _) = friends();
    parted.manages("unsubscribe", before(60));
    let (mut giving, _) = a_and_b();
    gets(&mut giving, &Letter::new(&verb("subscribe", "x")).id("0@b"));
    giving.manages("subscribed", start());
    for side in [&mut never, &mut parted, &mut giving] {
        let shown = gets_at(side, &Letter::new(&available(after(1))), after(2));
        assert!(shown.stanzas.is_empty(), "{:?}", shown.stanzas);
        assert!(side.row().heard.is_none_or(|heard| heard.state.is_none()));
    }
}

#[test]
fn a_presence_that_overtakes_the_approval_is_shown_with_it() {
    let (mut a, mut b) = a_and_b();
    let request = a.manages("subscribe", start()).remove(0);
    b.gets(&request, start());
    let approval = b.manages("subscribed", after(1)).remove(0);
    let early = gets_at(&mut a, &Letter::new(&available(after(2))), after(2));
    assert!(early.stanzas.is_empty(), "it is not shown before");
    a.seen.clear();
    a.gets(&approval, after(3));
    let types: Vec<_> = a.seen.iter().map(|stanza| stanza.attr("type")).collect();
    assert_eq!(types, [Some("subscribed"), None]);
}

// --- subscriptions ---------------------------------------------------------------------------------------------------

#[test]
fn an_answer_counts_only_for_the_question_that_it_names() {
    for answer in ["subscribed", "unsubscribed"] {
        for id in ["", "x", "s0000"] {
            let (mut a, _) = a_and_b();
            a.manages("subscribe", before(60));
            let row = a.row();
            let shown = gets(&mut a, &Letter::new(&verb(answer, id)));
            assert!(
                shown.took_nothing() && shown.stanzas.is_empty(),
                "{answer} {id}"
            );
            assert!(
                shown.notes.contains("answers another request"),
                "{}",
                shown.notes
            );
            assert_eq!(
                (a.row().subscription, a.row().pending_out),
                (row.subscription, true)
            );
        }
        let (mut a, mut b) = friends();
        // Of a request that was taken back and made again, the first answer is too late.
        a.manages("unsubscribe", before(50));
        a.manages("subscribe", before(40));
        let late = b.manages("unsubscribed", before(45)).remove(0);
        a.seen.clear();
        a.gets(&late, start());
        assert!(a.seen.is_empty());
        assert!(a.row().pending_out);
    }
}

#[test]
fn an_old_request_that_is_sent_again_does_not_come_back() {
    let (mut a, mut b) = a_and_b();
    let asked = b.manages("subscribe", start()).remove(0);
    a.gets(&asked, start());
    let taken_back = b.manages("unsubscribe", after(10)).remove(0);
    a.gets(&taken_back, after(10));
    a.seen.clear();
    let text = String::from_utf8(asked.bytes).unwrap();
    let copy = OnTheWay {
        bytes: text
            .replacen("Message-ID: <", "Message-ID: <x", 1)
            .into_bytes(),
        to: asked.to,
    };
    a.gets(&copy, after(20));
    assert!(a.seen.is_empty() && !a.row().pending_in, "{:?}", a.seen);
}

#[test]
fn a_request_that_nobody_verified_is_text_and_cannot_be_granted() {
    for auto in [None, Some("Auto-Submitted: auto-generated")] {
        for knows in [true, false] {
            let mut side = match knows {
                true => alice(),
                false => Side::new("a.example", "alice", BOB),
            };
            let mut letter = Letter::forged(&verb("subscribe", "x"));
            letter.fields.extend(auto.map(str::to_owned));
            let shown = gets(&mut side, &letter);
            assert!(shown.took_nothing() && shown.mails.is_empty());
            assert_eq!(
                shown.said()[0].1,
                "[Unverified sender. This is said once a day.]\nSome words"
            );
            assert!(!side.row().pending_in);
            assert!(
                side.manages("subscribed", after(1)).is_empty(),
                "there is nothing to grant"
            );
            assert!(!side.row().subscription.has_from());
        }
    }
}

#[test]
fn a_forged_answer_does_not_accept_an_invitation() {
    let mut side = Side::new("a.example", "alice", BOB);
    assert_eq!(side.manages("subscribe", before(60)).len(), 1);
    for stanza in [CHAT.to_owned(), verb("subscribed", "x")] {
        let shown = gets(&mut side, &Letter::forged(&stanza));
        assert!(shown.took_nothing(), "{stanza}");
        assert!(side.row().pending_out && !side.row().subscription.has_to());
    }
}

#[test]
fn thirty_mails_in_an_hour_are_all_that_anybody_can_cause() {
    let (mut a, _) = friends();
    let mut answers = 0;
    for second in 0..200 {
        let ask = presence(" type='subscribe' id='x'", after(second), after(9999), "");
        answers += gets_at(
            &mut a,
            &Letter::new(&ask).id(&format!("{second}@b")),
            after(second),
        )
        .mails
        .len();
    }
    assert_eq!(answers, 30, "bob's gateway has asked 200 times");
    assert!(
        a.manages("unsubscribe", after(300)).is_empty(),
        "also of its own user"
    );
    assert!(
        !a.row().subscription.has_to(),
        "whose word counts here nevertheless"
    );

    let (mut own, mut mails) = (alice(), 0);
    for second in 0..200 {
        let verb = ["subscribe", "unsubscribe"][second as usize % 2];
        mails += own.manages(verb, after(second)).len();
    }
    assert_eq!(mails, 30, "a client that asks and takes back without end");
    assert_eq!(
        own.manages("subscribe", after(3600)).len(),
        1,
        "in the next hour it may again"
    );
}

// --- the format of a contact -----------------------------------------------------------------------------------------

fn format(side: &mut Side) -> Format {
    let bob = BOB.parse().unwrap();
    side.gateway.ask(|decider| lookup::format_of(decider, &bob))
}

fn plain(letter: Letter) -> Vec<u8> {
    let text = String::from_utf8(letter.raw()).unwrap();
    let text = text.replace("XMPP-Bridge: v=1", "X-Mailer: x");
    text.replace("application/xmpp+xml; charset=utf-8", "text/html")
        .into_bytes()
}

#[test]
fn a_format_is_learned_from_believed_mail_only() {
    let stranger = || Side::new("a.example", "alice", BOB);
    for (letter, learned) in [
        (Letter::new(CHAT), Format::Xmpp),
        (Letter::new(&available(start())), Format::Xmpp),
        (Letter::forged(CHAT), Format::Mail),
        (
            Letter::new(CHAT).on_top("List-Id: <l.example>"),
            Format::Mail,
        ),
        (
            Letter::new(CHAT).on_top("From: eve@evil.example"),
            Format::Mail,
        ),
    ] {
        let mut side = stranger();
        gets(&mut side, &letter);
        assert_eq!(format(&mut side), learned, "{:?}", letter.top);
    }
    let mut side = stranger();
    configured(&mut side, Good);
    gets(&mut side, &Letter::new(CHAT));
    assert_eq!(
        format(&mut side),
        Format::Mail,
        "there is a key, and this was not signed with it"
    );
}

#[test]
fn only_a_persons_own_newer_mail_shows_that_the_gateway_is_gone() {
    let auto = || Letter::new(CHAT).field("Auto-Submitted: auto-replied");
    let dated = |mut letter: Letter, date| {
        letter.date = date;
        letter.id("late@chat.b.example")
    };
    let person = || dated(Letter::new(CHAT), after(60));
    let stripped = String::from_utf8(person().raw()).unwrap();
    for (what, raw, expected) in [
        ("a person", plain(person()), Format::Mail),
        ("a machine", plain(dated(auto(), after(60))), Format::Xmpp),
        (
            "a forger",
            plain(dated(Letter::forged(CHAT), after(60))),
            Format::Xmpp,
        ),
        (
            "a list",
            plain(person().on_top("List-Id: <l.example>")),
            Format::Xmpp,
        ),
        (
            "an old mail",
            plain(dated(Letter::new(CHAT), before(60))),
            Format::Xmpp,
        ),
        (
            "a copy without the field",
            stripped.replace("XMPP-Bridge: v=1", "X-A: b").into_bytes(),
            Format::Xmpp,
        ),
    ] {
        let mut side = Side::new("a.example", "alice", BOB);
        gets(&mut side, &Letter::new(CHAT));
        assert_eq!(format(&mut side), Format::Xmpp);
        gets_octets(&mut side, &raw, after(61));
        assert_eq!(format(&mut side), expected, "{what}");
    }
}

#[test]
fn what_the_admin_said_is_not_learned_away() {
    for said in [Format::Mail, Format::Xmpp] {
        for who in [BOB, "chat.b.example"] {
            let mut side = Side::new("a.example", "alice", BOB);
            let row = record::Peer {
                who: who.parse().unwrap(),
                format: said,
                origin: PeerOrigin::Admin,
                since: before(60),
            };
            side.gateway
                .context
                .insert(Need::Peer(row.who.clone()), Some(Row::Peer(row)));
            gets(&mut side, &Letter::new(CHAT));
            gets_octets(&mut side, &plain(Letter::new(CHAT).id("two@b")), start());
            assert_eq!(format(&mut side), said, "{who}");
        }
    }
}

// --- what hides ------------------------------------------------------------------------------------------------------

#[test]
fn what_is_for_machines_only_hides_nothing_that_a_person_wrote() {
    let of = |fields: &[&str], stanza: &str| {
        let mut letter = Letter::forged(stanza);
        letter.fields.extend(fields.iter().map(ToString::to_string));
        gets(&mut alice(), &letter).said().len()
    };
    let answer = "In-Reply-To: <presence.1@chat.a.example>";
    assert_eq!(
        of(&[answer], "<x/>"),
        1,
        "a person answers what a gateway has written"
    );
    assert_eq!(of(&[answer], CHAT), 1);
    assert_eq!(
        of(&[], &available(start())),
        1,
        "a person's words beside a forged presence"
    );
    // Who says that no person wrote it hides their own words only.
    assert_eq!(of(&["Auto-Submitted: auto-generated", answer], "<x/>"), 0);
    assert_eq!(
        of(&["Auto-Submitted: auto-generated"], &available(start())),
        0
    );
    assert_eq!(of(&["Auto-Submitted: auto-generated"], CHAT), 0);
    assert_eq!(
        of(&["Auto-Submitted: auto-generated"], &verb("subscribe", "x")),
        1
    );
}
