//! Lines in one go are one mail, under kill -9: users write to contacts with mail programs, correct themselves and take lines back, at
//! random, while the gateway is killed again and again. In the end every line is in exactly one mail, none that was taken back in
//! time is in any, and each conversation is in order.
//!
//! As clients do that look after their messages, users send again what has no receipt when the gateway is back, in order and
//! before anything new.
//!
//! `STANZAMAIL_GATHERING=1000/100` says how many conversations and how many kills (`make chaos`); without it the short form runs.

use super::servers::stanza::{bare, body, contact, escape, find, kind_of};
use super::servers::{Mail, MailOptions, XmppClient, XmppOptions};
use super::servers::{as_accepted, stanza};
use super::world::{Options, World};
use futures::future::join_all;
use minidom::Element;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Things that a user does in one conversation.
const ACTS: usize = 8;
/// Conversations that are under way together.
const AT_ONCE: usize = 30;
/// Each user writes to so many people.
const PEOPLE: usize = 50;
/// How long lines wait for more, in seconds.
const GATHER: u64 = 2;
/// From the last kill until everything has its receipt.
const SETTLE_WAIT: Duration = Duration::from_secs(120);

/// How many conversations, and how many kills.
fn size() -> (usize, usize) {
    let Ok(text) = std::env::var("STANZAMAIL_GATHERING") else {
        return (40, 4);
    };
    let (talks, kills) = text.split_once('/').expect("STANZAMAIL_GATHERING=1000/100");
    (talks.parse().unwrap(), kills.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_is_in_one_mail_and_none_that_was_taken_back() {
    let (talks, kills) = size();
    let mut crowd = Crowd::of(talks).await;
    let started = Instant::now();
    crowd.talk(kills).await;
    crowd.comes_to_rest().await;
    let took = started.elapsed();
    let mails = crowd.mails().await;
    let judged = judge(&crowd.talks, &mails);
    println!(
        "{talks} conversations, {kills} kills, {:.0} s: {} lines, {} corrections, {} retractions ({}); {} sent again; {} mails, {} of \
         them twice; {} lines a mail at the most",
        took.as_secs_f64(),
        crowd.count(Kind::Line),
        crowd.count(Kind::Correction),
        crowd.count(Kind::Retraction),
        judged.retractions,
        crowd.sent_again,
        judged.mails,
        judged.twice,
        judged.lines_max,
    );
    assert!(judged.faults.is_empty(), "{:#?}", judged.faults);
}

// --- what users do -----------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Line,
    Correction,
    Retraction,
}

/// A stanza that waits for its answer.
struct Said {
    id: String,
    kind: Kind,
    stanza: String,
    /// It is not sent again.
    is_settled: bool,
    has_receipt: bool,
}

/// What the user was told of a retraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Nothing, also where it was sent again in the end: it was taken back before.
    Nothing,
    InTime,
    TooLate,
    /// The gateway has never had that line.
    NotKnown,
}

#[derive(Default)]
struct Line {
    is_corrected: bool,
    /// That it is taken back, and what the user was told of that.
    taken_back: Option<Told>,
}

/// A conversation of one user with one contact.
struct Talk {
    number: usize,
    user: usize,
    person: usize,
    contact: String,
    said: Vec<Said>,
    lines: Vec<Line>,
    acts_left: usize,
    next: Instant,
}

impl Talk {
    fn line_id(&self, line: usize) -> String {
        format!("line-{}-{line}", self.number)
    }

    fn message(&self, id: &str, content: &str) -> String {
        let to = escape(&self.contact);
        format!("<message type='chat' to='{to}' id='{id}'>{content}</message>")
    }

    /// A stanza that is to be sent.
    fn say(&mut self, id: String, kind: Kind, content: &str) -> String {
        let stanza = self.message(&id, content);
        self.said.push(Said {
            id,
            kind,
            stanza: stanza.clone(),
            is_settled: false,
            has_receipt: false,
        });
        stanza
    }

    fn line(&mut self) -> String {
        let (number, line) = (self.number, self.lines.len());
        self.lines.push(Line::default());
        let content =
            format!("<body>said {number}-{line}.</body><request xmlns='urn:xmpp:receipts'/>");
        self.say(self.line_id(line), Kind::Line, &content)
    }

    fn correction(&mut self, line: usize) -> String {
        let (number, of) = (self.number, self.line_id(line));
        self.lines[line].is_corrected = true;
        let content = format!(
            "<body>meant {number}-{line}.</body><request xmlns='urn:xmpp:receipts'/>\
             <replace xmlns='urn:xmpp:message-correct:0' id='{of}'/>"
        );
        self.say(format!("new-{of}"), Kind::Correction, &content)
    }

    fn retraction(&mut self, line: usize) -> String {
        let of = self.line_id(line);
        self.lines[line].taken_back = Some(Told::Nothing);
        // Who takes a line back sends neither it nor its correction again.
        let own = [of.clone(), format!("new-{of}")];
        let gone = self.said.iter_mut().filter(|said| own.contains(&said.id));
        gone.for_each(|said| said.is_settled = true);
        let content = format!("<retract xmlns='urn:xmpp:message-retract:1' id='{of}'/>");
        self.say(format!("back-{of}"), Kind::Retraction, &content)
    }

    /// One of the last lines, if it may be changed.
    fn one_of_the_last(&self, dice: &mut Dice) -> Option<usize> {
        let line = self.lines.len().checked_sub(1 + dice.of(3))?;
        self.lines[line].taken_back.is_none().then_some(line)
    }

    /// What the user does next.
    fn act(&mut self, dice: &mut Dice) -> String {
        self.acts_left -= 1;
        let pause = match dice.of(10) {
            0..7 => dice.of(1_500),
            _ => 1_000 * GATHER as usize + dice.of(3_000),
        };
        self.next = Instant::now() + Duration::from_millis(pause as u64);
        let about = self.one_of_the_last(dice);
        match (dice.of(10), about) {
            (0 | 1, Some(line)) if !self.lines[line].is_corrected => self.correction(line),
            (2 | 3, Some(line)) => self.retraction(line),
            (4, Some(_)) => {
                let gone = "<gone xmlns='http://jabber.org/protocol/chatstates'/>";
                self.message("", gone)
            }
            _ => self.line(),
        }
    }

    fn open(&self) -> impl Iterator<Item = &Said> {
        self.said.iter().filter(|said| !said.is_settled)
    }
}

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn of(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// All users, with the servers around them.
struct Crowd {
    world: World,
    users: Vec<XmppClient>,
    talks: Vec<Talk>,
    dice: Dice,
    sent_again: usize,
}

fn person(number: usize) -> String {
    format!("person{number}@mail.example")
}

impl Crowd {
    async fn of(talks: usize) -> Crowd {
        let users = talks.div_ceil(PEOPLE);
        let mut xmpp = XmppOptions::a();
        for user in 0..users {
            xmpp = xmpp.user(&format!("user{user}"));
        }
        let mail = (0..PEOPLE).fold(MailOptions::default(), |mail, number| {
            mail.person(&person(number))
        });
        let options = Options {
            mail,
            more: format!("[messages]\ngather = \"{GATHER}s\""),
            ..Options::default()
        };
        let world = World::of_users(xmpp, options).await;
        let names: Vec<String> = (0..users).map(|user| format!("user{user}")).collect();
        let users = join_all(names.iter().map(|name| world.login(name))).await;
        let seed = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        println!("seed {seed}");
        let talk = |number: usize| Talk {
            number,
            user: number / PEOPLE,
            person: number % PEOPLE,
            contact: contact(&person(number % PEOPLE), &world.xmpp.gateway),
            said: Vec::new(),
            lines: Vec::new(),
            acts_left: ACTS,
            next: Instant::now(),
        };
        let mut dice = Dice(seed);
        let mut talks: Vec<Talk> = (0..talks).map(talk).collect();
        for talk in &mut talks {
            talk.next += Duration::from_millis(dice.of(5_000) as u64);
        }
        Crowd {
            talks,
            users,
            world,
            dice,
            sent_again: 0,
        }
    }

    fn count(&self, kind: Kind) -> usize {
        let said = self.talks.iter().flat_map(|talk| &talk.said);
        said.filter(|said| said.kind == kind).count()
    }

    /// All that is to be done, with the kills spread over it.
    async fn talk(&mut self, kills: usize) {
        let each = (self.talks.len() * ACTS / kills.max(1)).max(1);
        let (mut acts, mut next_kill, mut killed) = (0, self.dice.of(each), 0);
        loop {
            self.listen().await;
            let now = Instant::now();
            let under_way = self.talks.iter_mut().filter(|talk| talk.acts_left > 0);
            let mut stanzas = Vec::new();
            let mut is_over = true;
            for talk in under_way.take(AT_ONCE) {
                is_over = false;
                if talk.next <= now {
                    stanzas.push((talk.user, talk.act(&mut self.dice)));
                }
            }
            for (user, stanza) in stanzas {
                self.users[user].send(stanza).await;
                acts += 1;
            }
            if killed < kills && (acts >= next_kill || is_over) {
                // Somewhere in what it does with the last of them.
                let moment = Duration::from_micros(self.dice.of(30_000) as u64);
                tokio::time::sleep(moment).await;
                self.kill().await;
                killed += 1;
                next_kill = killed * each + self.dice.of(each);
            }
            if is_over && killed == kills {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Kills the gateway and starts it again. What was under way to it then has come back before it starts, since the XMPP server
    /// answers in order; all that is open is sent again, in order.
    async fn kill(&mut self) {
        self.world.gateway.kill9();
        let ping = "<ping xmlns='urn:xmpp:ping'/>";
        join_all(self.users.iter().map(|user| user.iq("get", None, ping))).await;
        self.listen().await;
        self.world.gateway.start_again().await;
        for talk in &self.talks {
            for said in talk.open() {
                self.users[talk.user].send(&said.stanza).await;
                self.sent_again += 1;
            }
        }
    }

    /// Takes what has come.
    async fn listen(&mut self) {
        for user in 0..self.users.len() {
            let is_message = |stanza: &Element| stanza.name() == "message";
            while let Some(message) = self.users[user].wait(is_message, Duration::ZERO).await {
                self.hear(&message);
            }
        }
    }

    fn hear(&mut self, message: &Element) {
        if kind_of(message) == "error" {
            return;
        }
        if let Some(receipt) = find(message, "received", "urn:xmpp:receipts") {
            let said = self.settle(receipt.attr("id").unwrap_or_default());
            said.has_receipt = true;
        } else if let (Some(reply), Some(words)) =
            (find(message, "reply", "urn:xmpp:reply:0"), body(message))
        {
            let about = reply.attr("id").unwrap_or_default().to_owned();
            let told = match words {
                _ if words.contains("nobody has seen it") => Told::InTime,
                _ if words.contains("cannot be taken back") => Told::TooLate,
                _ => Told::NotKnown,
            };
            let (talk, line) = about
                .strip_prefix("line-")
                .and_then(two_numbers)
                .expect("a line");
            let known = &mut self.talks[talk].lines[line].taken_back;
            // The first word counts: what is repeated may be answered otherwise.
            if *known == Some(Told::Nothing) {
                *known = Some(told);
            }
            self.settle(&format!("back-{about}"));
        } else {
            let from = bare(&stanza::from(message)).to_owned();
            panic!("{from} says what nobody asked: {}", String::from(message));
        }
    }

    fn settle(&mut self, id: &str) -> &mut Said {
        let mut said = self.talks.iter_mut().flat_map(|talk| &mut talk.said);
        let said = said.find(|said| said.id == id).expect("it was said");
        said.is_settled = true;
        said
    }

    /// Every line and every correction has its receipt. What is said after a retraction and has one shows that the gateway has heard
    /// of the retraction as well, where it says nothing: then it has said so before, to nobody.
    async fn comes_to_rest(&mut self) {
        self.all_have_receipts().await;
        for talk in &mut self.talks {
            if talk.open().next().is_some() {
                let line = talk.line();
                self.users[talk.user].send(line).await;
            }
        }
        self.all_have_receipts().await;
    }

    async fn all_have_receipts(&mut self) {
        let end = Instant::now() + SETTLE_WAIT;
        loop {
            self.listen().await;
            let open = self.talks.iter().flat_map(Talk::open);
            let open: Vec<&String> = open
                .filter(|said| said.kind != Kind::Retraction)
                .map(|said| &said.id)
                .collect();
            if open.is_empty() {
                return;
            }
            assert!(Instant::now() < end, "no receipts for {open:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What each person has, in the order in which the gateway gave it.
    async fn mails(&self) -> Vec<Vec<Mail>> {
        self.world.mail.hands_all_on().await;
        let mut mails = Vec::new();
        for number in 0..PEOPLE {
            let mailbox = self.world.mailbox(&person(number)).await;
            mails.push(as_accepted(mailbox.all().await));
        }
        mails
    }
}

fn two_numbers(text: &str) -> Option<(usize, usize)> {
    let (one, other) = text.split_once('-')?;
    Some((one.parse().ok()?, other.parse().ok()?))
}

// --- what came of it ---------------------------------------------------------------------------------------------------

#[derive(Default)]
struct Judged {
    faults: Vec<String>,
    retractions: String,
    mails: usize,
    /// Mails that came again, as the same.
    twice: usize,
    lines_max: usize,
}

/// What a line of a mail says of a line of a conversation.
#[derive(PartialEq, Eq)]
enum Form {
    /// As it was said first.
    Said,
    /// As it was corrected before anybody saw it.
    Corrected,
    /// That it is corrected, to who has seen it.
    Correction,
}

/// What a mail says: of which conversation, which lines.
fn words(text: &str) -> Vec<(Form, usize, usize)> {
    let line = |text: &str| {
        let (form, rest) = match text.strip_prefix("Correction: meant ") {
            Some(rest) => (Form::Correction, rest),
            None => match text.strip_prefix("said ") {
                Some(rest) => (Form::Said, rest),
                None => (Form::Corrected, text.strip_prefix("meant ")?),
            },
        };
        let (talk, line) = two_numbers(rest.strip_suffix('.')?)?;
        Some((form, talk, line))
    };
    text.lines().filter_map(line).collect()
}

fn judge(talks: &[Talk], mails: &[Vec<Mail>]) -> Judged {
    let mut judged = Judged::default();
    // In which mails each line is, as it was said first and as it was corrected.
    let mut places: BTreeMap<(bool, usize, usize), BTreeSet<String>> = BTreeMap::new();
    let mut order: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for mails in mails {
        let mut bodies: BTreeMap<String, String> = BTreeMap::new();
        for mail in mails {
            let (id, body) = (mail.message_id(), mail.body());
            if let Some(before) = bodies.insert(id.clone(), body.clone()) {
                judged.twice += 1;
                if before != body {
                    let fault = format!("{id} came as two mails: {before:?}, {body:?}");
                    judged.faults.push(fault);
                }
                continue;
            }
            let words = words(&body);
            judged.lines_max = judged.lines_max.max(words.len());
            for (form, talk, line) in words {
                if form != Form::Correction {
                    order.entry(talk).or_default().push(line);
                }
                let place = places.entry((form == Form::Said, talk, line)).or_default();
                place.insert(id.clone());
            }
        }
        judged.mails += bodies.len();
    }
    for (talk, lines) in &order {
        if !lines.is_sorted_by(|before, after| before < after) {
            judged
                .faults
                .push(format!("{talk} is out of order: {lines:?}"));
        }
    }
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for talk in talks {
        for (number, line) in talk.lines.iter().enumerate() {
            let count = |is_first| {
                let place = places.get(&(is_first, talk.number, number));
                place.map_or(0, BTreeSet::len)
            };
            let (said, meant) = (count(true), count(false));
            let is_right = match line.taken_back {
                Some(Told::InTime | Told::Nothing | Told::NotKnown) => said + meant == 0,
                // It has left, or may have: it may have been taken back by a process that died before it could say so.
                Some(Told::TooLate) => {
                    let said_id = talk.line_id(number);
                    let mut all = talk.said.iter();
                    let has_left = all.any(|one| one.has_receipt && one.id == said_id);
                    said.max(meant) <= 1 && (!has_left || said + meant > 0)
                }
                None if line.is_corrected => meant == 1 && said <= 1,
                None => said == 1,
            };
            if let Some(words) = line.taken_back {
                *told.entry(format!("{words:?}")).or_default() += 1;
            }
            if !is_right {
                let fault = format!(
                    "line {number} of {} with person{}, corrected {}, taken back {:?}: said in {said} mails, corrected in {meant}",
                    talk.number, talk.person, line.is_corrected, line.taken_back
                );
                judged.faults.push(fault);
            }
        }
    }
    judged.retractions = format!("{told:?}");
    judged
}
