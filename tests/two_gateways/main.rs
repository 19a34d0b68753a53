//! Two gateways and the mail between them, without servers: each decides on its own, and the mail comes late, twice and
//! in any order.

mod addresses;
mod belief;
mod storms;

use crate::decided::{World, settings_of};
use minidom::Element;
use stanzamail::core::context::Write;
use stanzamail::core::decide::Timer;
use stanzamail::core::decide::decision::{Decision, Fate, PresenceUpdate};
use stanzamail::core::id::StanzaId;
use stanzamail::core::presence::{PresenceScheduler, Timing};
use stanzamail::core::record::{Contact, Format, Subscription, SubscriptionExchange};
use stanzamail::core::settings::{PeerSettings, Trust};
use stanzamail::core::time::Timestamp;
use std::time::{Duration, Instant};
use xmpp_parsers::ns;

/// One gateway with one user, its rows, and what its user has seen.
struct Side {
    gateway: World,
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
    scheduler: PresenceScheduler,
    /// [`start`] by the scheduler's clock.
    begun: Instant,
}

/// A mail on its way.
#[derive(Clone)]
struct OnTheWay {
    bytes: Vec<u8>,
    to: String,
}

impl Side {
    fn new(domain: &str, name: &str, other: &str) -> Self {
        let mut gateway = World::with(settings_of(domain), start());
        gateway.settings.trust = Trust {
            authserv_ids: vec!["mx.test".to_owned()],
            ..Trust::default()
        };
        let presence = gateway.settings.presence;
        Self {
            contact: format!(
                "{}@{}",
                other.replace('@', "\\40"),
                gateway.settings.gateway
            ),
            gateway,
            user: format!("{name}@{domain}"),
            other: other.to_owned(),
            seen: Vec::new(),
            notes: Vec::new(),
            fate: Fate::Handled,
            scheduler: PresenceScheduler::new(Timing {
                debounce: presence.debounce,
                spacing: presence.spacing,
                expires: presence.expires,
            }),
            begun: Instant::now(),
        }
    }

    fn knows_the_format(mut self) -> Self {
        let domain = self.other.split('@').nth(1).unwrap();
        self.gateway.settings.peers.push(PeerSettings {
            who: domain.parse().unwrap(),
            format: Some(Format::Xmpp),
            key: None,
        });
        self
    }

    fn done(&mut self, decision: Decision, now: Timestamp) -> Vec<OnTheWay> {
        // What a gateway asks its own server about names stays there, and these tests are not about it.
        let is_for_server = |stanza: &Element| {
            stanza.name() == "iq" && stanza.get_child("query", ns::ROSTER).is_some()
        };
        let seen = decision.stanzas.into_iter();
        self.seen
            .extend(seen.filter(|stanza| !is_for_server(stanza)));
        self.notes.extend(decision.notes);
        let at = self.instant(now);
        for said in decision.presence {
            match said {
                PresenceUpdate::Presence {
                    from,
                    contact,
                    state,
                } => self.scheduler.update(&from, &contact, state, at),
                PresenceUpdate::Again { user, contact } => {
                    self.scheduler.invalidate(&user, &contact, at)
                }
                PresenceUpdate::Forget { user, contact } => self.scheduler.remove(&user, &contact),
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

    /// The gateway, when it is this time.
    fn at(&mut self, now: Timestamp) -> &mut World {
        self.gateway.now = now;
        &mut self.gateway
    }

    fn instant(&self, now: Timestamp) -> Instant {
        self.begun + now.since(start())
    }

    /// The presence mails that are due.
    fn on_time(&mut self, now: Timestamp) -> Vec<OnTheWay> {
        let fanouts = self.scheduler.due(self.instant(now), now);
        let mut mails = Vec::new();
        for fanout in fanouts {
            let decision = self.at(now).timer(Timer::Announce(&fanout));
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
        let decision = self.at(now).stanza(&addressed);
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
        let (decision, fate) = self.at(now).raw_mail(raw).unwrap();
        self.fate = fate;
        self.done(decision, now)
    }

    fn row(&mut self) -> Contact {
        let (user, other) = (self.user.parse().unwrap(), self.other.parse().unwrap());
        let row = self
            .gateway
            .ask(|decider| Ok(decider.rows.contact(&user, &other)?.cloned()));
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
        handshake: Some(SubscriptionExchange {
            asked: StanzaId::parse("asked"),
            ..SubscriptionExchange::default()
        }),
        ..Contact::default()
    };
    for number in 0..1000 {
        let user = format!("u{number}@a.example").parse().unwrap();
        let address = format!("u{number}@chat.a.example").parse().unwrap();
        let row = Write::Contact(user, a.other.parse().unwrap(), friend());
        a.gateway.context.apply(&[row]);
        let row = Write::Contact(b.user.parse().unwrap(), address, friend());
        b.gateway.context.apply(&[row]);
    }
    let now = start().plus(Duration::from_secs(5));
    for number in 0..1000 {
        let contact = format!("u{number}\\40chat.a.example@gateway.b.example");
        b.says_to(&contact, "<presence/>", start());
    }
    let mail = b.on_time(now);
    assert_eq!(mail.len(), 1);
    a.gateway.rounds = 0;
    a.gets(&mail[0], now);
    assert_eq!(a.seen.len(), 1000);
    assert!(a.gateway.rounds < 10, "{}", a.gateway.rounds);
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
        let pair = side
            .gateway
            .ask(|decider| Ok(decider.rows.holder_of(&address)?.cloned()));
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
