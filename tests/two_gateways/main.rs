//! Two gateways and the mail between them, without servers: each decides on its own, and the mail comes late, twice and
//! in any order.

mod addresses;
mod belief;
mod storms;

use minidom::Element;
use stanzamail::core::context::{Context, Missing, Write};
use stanzamail::core::decide::incoming::{Arrived, Fate};
use stanzamail::core::decide::{self, Decision, Said};
use stanzamail::core::id::StanzaId;
use stanzamail::core::presence::{Board, Timing};
use stanzamail::core::record::{Contact, Format, Handshake, Subscription};
use stanzamail::core::rules::Rules;
use stanzamail::core::settings::{Peer, Settings, Trust, Users};
use stanzamail::core::time::Timestamp;
use stanzamail::core::{from_mail, from_stanza};
use std::time::{Duration, Instant};

/// One gateway with one user, its rows, and what its user has seen.
struct Side {
    settings: Settings,
    context: Context,
    user: String,
    /// The other user, as this one sees them.
    contact: String,
    other: String,
    seen: Vec<Element>,
    /// What went into the log.
    notes: Vec<String>,
    /// What became of the last mail.
    fate: Fate,
    /// What the user's contacts are told of its presence.
    board: Board,
    /// [`start`] by the board's clock.
    begun: Instant,
    /// How often rows were asked for.
    rounds: usize,
}

/// A mail on its way.
#[derive(Clone)]
struct OnTheWay {
    bytes: Vec<u8>,
    to: String,
}

impl Side {
    fn new(domain: &str, name: &str, other: &str) -> Self {
        let rule = (
            format!("{{local}}@{domain}"),
            format!("{{local}}@chat.{domain}"),
        );
        let part = |name: &str| jid::DomainPart::new(name).unwrap().into_owned();
        let users = Users {
            domains: vec![part(domain)],
            jids: Vec::new(),
        };
        let gateway = format!("gateway.{domain}");
        let rules = Rules::new(&[rule]).unwrap();
        let mut settings = Settings::with_defaults(part(&gateway), rules, users);
        let presence = settings.presence;
        settings.trust = Trust {
            authserv_ids: vec!["mx.test".to_owned()],
            ..Trust::default()
        };
        Self {
            settings,
            context: Context::new(),
            user: format!("{name}@{domain}"),
            contact: format!("{}@{gateway}", other.replace('@', "\\40")),
            other: other.to_owned(),
            seen: Vec::new(),
            notes: Vec::new(),
            fate: Fate::Handled,
            board: Board::new(Timing {
                debounce: presence.debounce,
                spacing: presence.spacing,
                expires: presence.expires,
            }),
            begun: Instant::now(),
            rounds: 0,
        }
    }

    fn knows_the_format(mut self) -> Self {
        let domain = self.other.split('@').nth(1).unwrap();
        self.settings.peers.push(Peer {
            who: domain.parse().unwrap(),
            format: Some(Format::Xmpp),
            key: None,
        });
        self
    }

    fn ask<T>(&mut self, decide: impl Fn(&Settings, &Context) -> Result<T, Missing>) -> T {
        loop {
            self.rounds += 1;
            match decide(&self.settings, &self.context) {
                Ok(decision) => return decision,
                Err(Missing(needs)) => needs
                    .into_iter()
                    .for_each(|need| self.context.insert(need, None)),
            }
        }
    }

    fn done(&mut self, decision: Decision, now: Timestamp) -> Vec<OnTheWay> {
        self.context.apply(&decision.writes);
        self.seen.extend(decision.stanzas);
        self.notes.extend(decision.notes);
        let at = self.instant(now);
        for said in decision.presence {
            match said {
                Said::Presence {
                    from,
                    contact,
                    state,
                } => self.board.said(&from, &contact, state, at),
                Said::Again { user, contact } => self.board.again(&user, &contact, at),
                Said::Forget { user, contact } => self.board.forget(&user, &contact),
            }
        }
        let mails = decision.mails.into_iter();
        mails
            .map(|mail| OnTheWay {
                to: mail.job.to.first().unwrap().to_string(),
                bytes: mail.bytes,
            })
            .collect()
    }

    fn instant(&self, now: Timestamp) -> Instant {
        self.begun + now.since(start())
    }

    /// The presence mails that are due.
    fn on_time(&mut self, now: Timestamp) -> Vec<OnTheWay> {
        let fanouts = self.board.due(self.instant(now), now);
        let mut mails = Vec::new();
        for fanout in fanouts {
            let decision = self.ask(|settings, context| {
                decide::presence::announce(settings, context, &fanout, now)
            });
            mails.extend(self.done(decision, now));
        }
        mails
    }

    /// The user sends a stanza to the contact.
    fn says(&mut self, stanza: &str, now: Timestamp) -> Vec<OnTheWay> {
        let contact = self.contact.clone();
        self.says_to(&contact, stanza, now)
    }

    /// The same to another contact, or to this one in another form.
    fn says_to(&mut self, contact: &str, stanza: &str, now: Timestamp) -> Vec<OnTheWay> {
        let user = &self.user;
        let (start, rest) = stanza.split_at(stanza.find([' ', '/', '>']).unwrap());
        let addressed = format!("{start} from='{user}/here' to='{contact}'{rest}");
        let stream = format!("<stream xmlns='jabber:component:accept'>{addressed}</stream>");
        let stream: Element = stream.parse().unwrap();
        let stanza = from_stanza::read(stream.children().next().unwrap().clone()).unwrap();
        let decision =
            self.ask(|settings, context| decide::stanza(settings, context, &stanza, now));
        self.done(decision, now)
    }

    /// A subscription stanza goes to the bare JID.
    fn manages(&mut self, verb: &str, now: Timestamp) -> Vec<OnTheWay> {
        self.says(&format!("<presence type='{verb}'/>"), now)
    }

    /// A mail arrives, and the mail server has verified its sender.
    fn gets(&mut self, mail: &OnTheWay, now: Timestamp) -> Vec<OnTheWay> {
        let from = self.other.split('@').nth(1).unwrap();
        let top = format!(
            "Delivered-To: {}\r\nAuthentication-Results: mx.test; dkim=pass header.d={from}\r\n",
            mail.to
        );
        let raw = [top.as_bytes(), &mail.bytes].concat();
        self.gets_raw(&raw, now)
    }

    fn gets_raw(&mut self, raw: &[u8], now: Timestamp) -> Vec<OnTheWay> {
        let mail = from_mail::read(raw, &self.settings.recipient_headers, false).unwrap();
        let arrived = Arrived {
            mail: &mail,
            octets: raw.len() as u64,
            over: None,
            bound: None,
            waits: None,
            own: None,
        };
        let (decision, fate) = self
            .ask(|settings, context| decide::incoming::decide(settings, context, &arrived, now));
        self.fate = fate;
        self.done(decision, now)
    }

    fn row(&mut self) -> Contact {
        let (user, other) = (self.user.parse().unwrap(), self.other.parse().unwrap());
        let row = self.ask(|_, context| Ok(context.contact(&user, &other)?.cloned()));
        row.unwrap_or_default()
    }

    fn last(&self) -> &Element {
        self.seen.last().expect("the user has seen something")
    }
}

fn start() -> Timestamp {
    Timestamp::from_xep0082("2026-11-22T12:00:00Z").unwrap()
}

fn a_and_b() -> (Side, Side) {
    let a = Side::new("a.example", "alice", "bob@chat.b.example").knows_the_format();
    let b = Side::new("b.example", "bob", "alice@chat.a.example").knows_the_format();
    (a, b)
}

#[test]
fn a_presence_for_a_thousand_users_is_one_mail_and_a_few_questions() {
    let (mut a, mut b) = a_and_b();
    let friend = || Contact {
        subscription: Subscription::Both,
        handshake: Some(Handshake {
            asked: StanzaId::parse("asked"),
            ..Handshake::default()
        }),
        ..Contact::default()
    };
    for number in 0..1000 {
        let user = format!("u{number}@a.example").parse().unwrap();
        let address = format!("u{number}@chat.a.example").parse().unwrap();
        let row = Write::Contact(user, a.other.parse().unwrap(), friend());
        a.context.apply(&[row]);
        let row = Write::Contact(b.user.parse().unwrap(), address, friend());
        b.context.apply(&[row]);
    }
    let now = start().plus(Duration::from_secs(5));
    for number in 0..1000 {
        let contact = format!("u{number}\\40chat.a.example@gateway.b.example");
        b.says_to(&contact, "<presence/>", start());
    }
    let mail = b.on_time(now);
    assert_eq!(mail.len(), 1);
    a.rounds = 0;
    a.gets(&mail[0], now);
    assert_eq!(a.seen.len(), 1000);
    assert!(a.rounds < 10, "{}", a.rounds);
}

/// xorshift64*: every seed plays the same game again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }
}

/// The mail that is delivered is any of those under way, and may come again.
fn carry(sides: &mut [Side; 2], ways: &mut [Vec<OnTheWay>; 2], dice: &mut Dice, now: Timestamp) {
    let to = dice.below(2);
    let way = &mut ways[to];
    if way.is_empty() {
        return;
    }
    let which = dice.below(way.len());
    let mail = match dice.below(4) {
        0 => way[which].clone(),
        _ => way.swap_remove(which),
    };
    let answers = sides[to].gets(&mail, now);
    ways[1 - to].extend(answers);
}

#[test]
fn what_both_sides_think_is_the_same_when_all_mail_has_come_in_whatever_order() {
    const VERBS: [&str; 4] = ["subscribe", "subscribed", "unsubscribe", "unsubscribed"];
    let mut mails = 0;
    for seed in 1..=300 {
        let mut dice = Dice(seed * 0x9E37_79B9);
        let (a, b) = a_and_b();
        let mut sides = [a, b];
        let mut ways = [Vec::new(), Vec::new()];
        let mut now = start();
        for _ in 0..30 {
            now = now.plus(Duration::from_secs(180 + dice.below(3600) as u64));
            if dice.below(2) == 0 {
                let (who, verb) = (dice.below(2), VERBS[dice.below(4)]);
                let sent = sides[who].manages(verb, now);
                mails += sent.len();
                ways[1 - who].extend(sent);
            } else {
                carry(&mut sides, &mut ways, &mut dice, now);
            }
        }
        for _ in 0..10_000 {
            if ways.iter().all(Vec::is_empty) {
                break;
            }
            now = now.plus(Duration::from_secs(60));
            carry(&mut sides, &mut ways, &mut dice, now);
        }
        let [a, b] = &mut sides;
        let (a, b) = (a.row(), b.row());
        let halves = |one: &Contact, other: &Contact| {
            (
                (one.subscription.has_to(), one.pending_out),
                (other.subscription.has_from(), other.pending_in),
            )
        };
        for (get, give) in [halves(&a, &b), halves(&b, &a)] {
            assert_eq!(get, give, "seed {seed}\n{a:#?}\n{b:#?}");
        }
    }
    assert!(mails > 1_000, "{mails} mails only: nothing was tested");
}

#[test]
fn two_strangers_find_each_other_by_the_first_invitation() {
    let mut a = Side::new("a.example", "alice", "bob@chat.b.example");
    let mut b = Side::new("b.example", "bob", "alice@chat.a.example");
    let now = start();
    let request = a.manages("subscribe", now);
    assert_eq!(request.len(), 1);
    assert!(b.gets(&request[0], now).is_empty());
    assert_eq!(b.last().attr("type"), Some("subscribe"));
    assert_eq!(b.last().attr("from"), Some(b.contact.as_str()));
    let answer = b.manages("subscribed", now);
    assert_eq!(answer.len(), 1);
    a.gets(&answer[0], now);
    let types: Vec<_> = a.seen.iter().map(|stanza| stanza.attr("type")).collect();
    assert_eq!(types, [Some("subscribed"), Some("unavailable")]);
    assert!(a.row().subscription.has_to() && b.row().subscription.has_from());
    for side in [&mut a, &mut b] {
        let address = side.other.parse().unwrap();
        let pair = side.ask(|_, context| Ok(context.holder_of(&address)?.cloned()));
        assert_eq!(
            pair.unwrap().jid.as_str(),
            side.contact,
            "the pair was saved by itself"
        );
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

fn types(side: &Side) -> Vec<&str> {
    let types = side.seen.iter().map(|stanza| stanza.attr("type"));
    types.map(|kind| kind.unwrap_or("available")).collect()
}

#[test]
fn a_request_that_is_answered_after_a_week_is_granted() {
    let (mut a, mut b) = a_and_b();
    let mut now = start();
    let request = a.manages("subscribe", now);
    now = now.plus(DAY);
    b.gets(&request[0], now);
    now = now.plus(DAY * 7);
    let answer = b.manages("subscribed", now);
    now = now.plus(DAY);
    a.gets(&answer[0], now);
    assert_eq!(types(&a), ["subscribed", "unavailable"]);
    assert!(a.row().subscription.has_to() && b.row().subscription.has_from());

    // A client that still asks is told so here.
    let count = a.seen.len();
    assert!(a.manages("subscribe", now).is_empty());
    assert_eq!(types(&a)[count..], ["subscribed", "unavailable"]);
}

#[test]
fn an_answer_that_crosses_the_request_of_another_week_is_given_to_that_one_too() {
    let mut a = Side::new("a.example", "alice", "bob@chat.b.example");
    let mut b = Side::new("b.example", "bob", "alice@chat.a.example");
    let mut now = start();
    let first = a.manages("subscribe", now);
    b.gets(&first[0], now);
    now = now.plus(DAY * 8);
    let second = a.manages("subscribe", now);
    let yes = b.manages("subscribed", now);
    now = now.plus(DAY);
    assert!(a.gets(&yes[0], now).is_empty());
    let yes = b.gets(&second[0], now);
    a.gets(&yes[0], now);
    assert_eq!(types(&a), ["subscribed", "unavailable"]);
    assert_eq!(types(&b), ["subscribe"], "the user is asked once");
    assert!(a.row().subscription.has_to() && b.row().subscription.has_from());
}

/// How many mails it is when the client asks at each of so many logins, after which the other user says yes.
fn asks_at_each_login(mut a: Side, mut b: Side, logins: u32, pause: Duration) -> usize {
    let (mut now, mut mails) = (start(), 0);
    for _ in 0..logins {
        for mail in a.manages("subscribe", now) {
            mails += 1;
            assert!(b.gets(&mail, now).is_empty());
        }
        now = now.plus(pause);
    }
    assert_eq!(types(&b), ["subscribe"], "the user is asked once");
    let answer = b.manages("subscribed", now);
    a.gets(&answer[0], now);
    assert!(a.row().subscription.has_to() && b.row().subscription.has_from());
    mails
}

#[test]
fn what_a_client_repeats_at_each_login_is_few_mails_and_one_question() {
    let (a, b) = a_and_b();
    let three_days_of_ten_minutes = asks_at_each_login(a, b, 3 * 24 * 6, Duration::from_secs(600));
    assert_eq!(three_days_of_ten_minutes, 3 * 24, "one an hour");

    let a = Side::new("a.example", "alice", "bob@chat.b.example");
    let b = Side::new("b.example", "bob", "alice@chat.a.example");
    let two_weeks_of_six_hours = asks_at_each_login(a, b, 14 * 4, DAY / 4);
    assert_eq!(two_weeks_of_six_hours, 2, "one invitation a week");
}

/// Each asks and the other says yes.
fn befriend(a: &mut Side, b: &mut Side, now: Timestamp) {
    for turn in 0..2 {
        let (one, other) = if turn == 0 {
            (&mut *a, &mut *b)
        } else {
            (&mut *b, &mut *a)
        };
        let request = one.manages("subscribe", now);
        other.gets(&request[0], now);
        let answer = other.manages("subscribed", now);
        one.gets(&answer[0], now);
    }
    a.seen.clear();
    b.seen.clear();
}

#[test]
fn a_contact_that_takes_to_a_mail_program_and_back_is_shown_as_what_it_is() {
    let mut a = Side::new("a.example", "alice", "bob@chat.b.example");
    let mut b = Side::new("b.example", "bob", "alice@chat.a.example");
    let now = start();
    befriend(&mut a, &mut b, now);
    let webmail = "Delivered-To: alice@chat.a.example\r\nAuthentication-Results: mx.test; dkim=pass \
                   header.d=chat.b.example\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nFrom: bob@chat.b.example\r\n\
                   To: alice@chat.a.example\r\n\r\nHello\r\n";
    a.gets_raw(webmail.as_bytes(), now);
    assert_eq!(types(&a), ["chat", "available"]);

    a.seen.clear();
    let words = b.says(
        "<message type='chat' id='m1'><body>Hi</body></message>",
        now,
    );
    a.gets(&words[0], now);
    // What its gateway has said, which is nothing yet; and it is to be told of the user again.
    assert_eq!(types(&a), ["chat", "unavailable", "probe"]);
}
