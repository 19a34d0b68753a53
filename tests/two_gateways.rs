//! Two gateways and the mail between them, without servers: each decides on its own, and the mail comes late, twice and
//! in any order.

mod sides;

use sides::{OnTheWay, Side, a_and_b, start};
use stanzamail::core::record::Contact;
use stanzamail::core::time::Timestamp;
use std::time::Duration;

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
