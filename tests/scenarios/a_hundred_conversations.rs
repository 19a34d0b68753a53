//! How many mails a hundred conversations are, and how long lines wait for more, with and without gathering: a measurement for
//! docs/PERFORMANCE.md.

use super::servers::stanza::{contact, find};
use super::servers::{MailOptions, XmppClient, XmppOptions};
use super::world::{Options, World};
use futures::future::join_all;
use minidom::Element;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const USERS: usize = 10;
const PEOPLE: usize = 10;
/// Times that a user takes the word in one conversation; the other is thought to answer in between.
const TURNS: usize = 2;
/// Of a hundred turns, how many have so many lines: most are short, and some are a whole story.
const TURNS_OF_LINES: [(usize, usize); 6] = [(48, 1), (26, 2), (12, 3), (7, 4), (4, 6), (3, 9)];
/// Seconds from one line to the next, each as often as it stands here: while somebody types, and where they think.
const PAUSES: [u64; 12] = [2, 3, 3, 4, 4, 5, 6, 8, 10, 13, 18, 25];
/// The other reads and answers.
const BETWEEN: Duration = Duration::from_secs(45);

/// Numbers that look random, the same each time.
struct Chance(u64);

impl Chance {
    fn of(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn lines(&mut self) -> usize {
        let mut left = self.of(100);
        for (share, lines) in TURNS_OF_LINES {
            match left.checked_sub(share) {
                Some(rest) => left = rest,
                None => return lines,
            }
        }
        1
    }
}

/// When each line was said, and when its sender had the receipt.
#[derive(Default)]
struct Times(Mutex<BTreeMap<String, (Instant, Option<Instant>)>>);

impl Times {
    fn said(&self, id: &str) {
        let mut times = self.0.lock().unwrap();
        times.insert(id.to_owned(), (Instant::now(), None));
    }

    fn has_receipt(&self, id: &str) {
        let mut times = self.0.lock().unwrap();
        times.get_mut(id).expect("it was said").1 = Some(Instant::now());
    }

    fn are_complete(&self) -> bool {
        let times = self.0.lock().unwrap();
        times.values().all(|(_, receipt)| receipt.is_some())
    }

    /// From each line to its receipt, the shortest first.
    fn waits(&self) -> Vec<Duration> {
        let times = self.0.lock().unwrap();
        let waits = times
            .values()
            .filter_map(|(said, receipt)| Some(receipt.as_ref()?.duration_since(*said)));
        let mut waits: Vec<Duration> = waits.collect();
        waits.sort_unstable();
        waits
    }
}

/// One conversation: while the user types, the client says so.
async fn talk(user: &XmppClient, to: &str, number: usize, times: &Times) {
    let mut chance = Chance(u64::try_from(number).unwrap() * 7_919 + 1);
    tokio::time::sleep(Duration::from_millis(chance.of(10_000) as u64)).await;
    let composing = format!(
        "<message type='chat' to='{to}'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
    );
    for turn in 0..TURNS {
        let lines = chance.lines();
        for line in 0..lines {
            let id = format!("l{number}-{turn}-{line}");
            times.said(&id);
            user.send(format!(
                "<message type='chat' to='{to}' id='{id}'><body>This is line {id}</body>\
                 <active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/></message>"
            ))
            .await;
            if line + 1 < lines {
                let pause = Duration::from_secs(PAUSES[chance.of(PAUSES.len())]);
                tokio::time::sleep(pause / 3).await;
                user.send(&composing).await;
                tokio::time::sleep(pause * 2 / 3).await;
            }
        }
        tokio::time::sleep(BETWEEN).await;
    }
}

async fn listen(user: &XmppClient, times: &Times) {
    loop {
        let is_receipt = |stanza: &Element| find(stanza, "received", "urn:xmpp:receipts").is_some();
        if let Some(stanza) = user.wait(is_receipt, Duration::from_secs(1)).await {
            let receipt = find(&stanza, "received", "urn:xmpp:receipts").unwrap();
            times.has_receipt(receipt.attr("id").unwrap());
        }
    }
}

fn person(number: usize) -> String {
    format!("person{number}@mail.example")
}

async fn measure(gather: &str) {
    let xmpp = (0..USERS).fold(XmppOptions::a(), |xmpp, user| {
        xmpp.user(&format!("user{user}"))
    });
    let mail = (0..PEOPLE).fold(MailOptions::default(), |mail, number| {
        mail.person(&person(number))
    });
    let options = Options {
        mail,
        more: format!("[messages]\ngather = \"{gather}\""),
        ..Options::default()
    };
    let world = World::of_users(xmpp, options).await;
    let names: Vec<String> = (0..USERS).map(|user| format!("user{user}")).collect();
    let users = join_all(names.iter().map(|name| world.login(name))).await;
    let times = Times::default();
    let contacts: Vec<String> = (0..PEOPLE)
        .map(|number| contact(&person(number), &world.xmpp.gateway))
        .collect();
    let talks = (0..USERS * PEOPLE).map(|number| {
        talk(
            &users[number % USERS],
            &contacts[number / USERS],
            number,
            &times,
        )
    });
    let listening = join_all(users.iter().map(|user| listen(user, &times)));
    let all = async {
        join_all(talks).await;
        while !times.are_complete() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        () = all => {}
        _ = listening => {}
    }
    world.mail.hands_all_on().await;
    let mut mails = 0;
    for number in 0..PEOPLE {
        mails += world.mailbox(&person(number)).await.all().await.len();
    }
    let waits = times.waits();
    let at = |percent: usize| waits[(waits.len() - 1) * percent / 100];
    println!(
        "gather = {gather}: {} conversations, {} lines, {mails} mails; from a line to its receipt p50 {:.2?}, p99 {:.2?}, at most {:.2?}",
        USERS * PEOPLE,
        waits.len(),
        at(50),
        at(99),
        at(100)
    );
}

#[tokio::test]
#[ignore = "a measurement"]
async fn with_and_without_gathering() {
    for gather in ["0s", "10s"] {
        measure(gather).await;
    }
}
