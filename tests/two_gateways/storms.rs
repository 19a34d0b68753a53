//! No mail is the cause of a mail without end: robots, lists, bounces and what comes back, between two gateways. Each
//! test counts the mails that leave.

use super::*;

const TEXT: &str = "<message type='chat' id='1'><body>Shall we meet?</body><sparkle xmlns='urn:example:unknown'/></message>";
const HERE: &str = "<presence/>";

/// Both see each other, and all mail has arrived.
fn friends() -> (Side, Side, Timestamp) {
    let (mut a, mut b) = a_and_b();
    let mut now = start();
    befriend(&mut a, &mut b, now);
    befriend(&mut b, &mut a, now);
    a.says(HERE, now);
    b.says(HERE, now);
    assert_eq!(exchange(&mut a, &mut b, &mut now), [1, 1]);
    for side in [&mut a, &mut b] {
        let seen = side.seen.drain(..).next_back().unwrap();
        assert_eq!((seen.name(), seen.attr("type")), ("presence", None));
    }
    (a, b, now)
}

/// The one asks, the other approves.
fn befriend(asking: &mut Side, asked: &mut Side, now: Timestamp) {
    let request = one(asking.manages("subscribe", now));
    assert!(asked.gets(&request, now).is_empty());
    let answer = one(asked.manages("subscribed", now));
    assert!(asking.gets(&answer, now).is_empty());
}

/// Ten minutes pass, in steps of a second, and what is sent arrives. How many mails each has sent.
fn exchange(a: &mut Side, b: &mut Side, now: &mut Timestamp) -> [usize; 2] {
    let mut counts = [0, 0];
    let mut ways = [Vec::new(), Vec::new()];
    for _ in 0..600 {
        *now = now.plus(Duration::from_secs(1));
        ways[1].extend(a.on_time(*now));
        ways[0].extend(b.on_time(*now));
        let [to_a, to_b] = std::mem::take(&mut ways);
        counts = [counts[0] + to_b.len(), counts[1] + to_a.len()];
        for mail in to_a {
            ways[1].extend(a.gets(&mail, *now));
        }
        for mail in to_b {
            ways[0].extend(b.gets(&mail, *now));
        }
    }
    counts
}

fn one(mut mails: Vec<OnTheWay>) -> OnTheWay {
    assert_eq!(mails.len(), 1);
    mails.remove(0)
}

impl OnTheWay {
    fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    /// The value of a field, unfolded.
    fn header(&self, name: &str) -> String {
        let text = self.text().replace("\r\n ", " ");
        let start = format!("\r\n{name}: ").to_lowercase();
        let at = format!("\r\n{}", text.to_lowercase())
            .find(&start)
            .unwrap_or_else(|| panic!("no {name} in {text}"));
        let value = &text[at + start.len() - 2..];
        value.split("\r\n").next().unwrap().to_owned()
    }

    /// The header as it is.
    fn head(&self) -> String {
        self.text().split("\r\n\r\n").next().unwrap().to_owned()
    }
}

/// What answers mails by itself.
#[derive(Clone, Copy)]
struct Robot {
    /// What it adds to the header of an answer.
    marks: &'static str,
    /// Whether it answers machines as well.
    is_rude: bool,
    quotes: bool,
}

/// RFC 3834.
const CONFORMING: Robot = Robot {
    marks: "Auto-Submitted: auto-replied\r\n",
    is_rude: false,
    quotes: false,
};

impl Robot {
    fn answers(self, mail: &OnTheWay, number: usize) -> Option<OnTheWay> {
        if mail.text().contains("Auto-Submitted: auto-") && !self.is_rude {
            return None;
        }
        let (from, to, id) = (
            mail.header("From"),
            mail.header("To"),
            mail.header("Message-ID"),
        );
        let quoted = match self.quotes {
            true => format!("\r\nOn day {number}, {from} wrote:\r\n> mail {number}\r\n"),
            false => String::new(),
        };
        let text = format!(
            "From: {to}\r\nTo: {from}\r\nSubject: Re: {}\r\nMessage-ID: <vacation.{number}@chat.b.example>\r\n\
             Date: {}\r\n\
             In-Reply-To: {id}\r\nReferences: {id}\r\n{}\r\nI am away until Monday.\r\n{quoted}",
            mail.header("Subject"),
            mail.header("Date"),
            self.marks,
        );
        Some(OnTheWay {
            to: address(&from),
            bytes: text.into_bytes(),
        })
    }
}

fn address(person: &str) -> String {
    let address = person.rsplit('<').next().unwrap();
    address.trim_end_matches('>').to_owned()
}

fn messages(side: &Side) -> Vec<String> {
    // That somebody has another name is no message to anybody.
    let is_one =
        |seen: &&Element| seen.name() == "message" && seen.attr("type") != Some("headline");
    let messages = side.seen.iter().filter(is_one);
    messages
        .map(|message| {
            let body = message.children().find(|child| child.name() == "body");
            body.map(Element::text).unwrap_or_default()
        })
        .collect()
}

/// A presence, a request that repeats nothing, and what takes it back: all that only gateways read.
fn machine_mails(a: &mut Side, now: &mut Timestamp) -> Vec<OnTheWay> {
    let mut mails = Vec::new();
    for (at, show) in ["away", "dnd", "xa"].into_iter().enumerate() {
        a.says(
            &format!("<presence><show>{show}</show><status>{at}</status></presence>"),
            *now,
        );
        *now = now.plus(Duration::from_secs(60));
        mails.extend(a.on_time(*now));
    }
    mails.extend(a.manages("unsubscribe", *now));
    mails.extend(a.manages("subscribe", *now));
    mails.extend(a.manages("unsubscribed", *now));
    assert_eq!(mails.len(), 6);
    mails
}

#[test]
fn gateways_that_face_each_other_fall_silent() {
    let (mut a, mut b, mut now) = friends();
    assert_eq!(exchange(&mut a, &mut b, &mut now), [0, 0]);
    b.says("<presence><show>away</show></presence>", now);
    assert_eq!(exchange(&mut a, &mut b, &mut now), [0, 1]);

    let message = one(a.says(TEXT, now));
    assert!(b.gets(&message, now).is_empty(), "the gateway says nothing");
    let receipt =
        "<message type='chat' id='r'><received xmlns='urn:xmpp:receipts' id='1'/></message>";
    let receipt = one(b.says(receipt, now));
    assert!(receipt.text().contains("Auto-Submitted: auto-generated"));
    assert!(a.gets(&receipt, now).is_empty());
    assert_eq!(exchange(&mut a, &mut b, &mut now), [0, 0]);
}

#[test]
fn a_robot_that_says_so_is_heard_about_messages_and_never_about_machines() {
    let (mut a, _, mut now) = friends();
    let marks = [
        "Auto-Submitted: auto-replied\r\n",
        "X-Autoreply: yes\r\nPrecedence: bulk\r\n",
        "X-Auto-Response-Suppress: All\r\n",
        "Return-Path: <>\r\n",
    ];
    let mails = machine_mails(&mut a, &mut now);
    for mail in &mails {
        assert!(CONFORMING.answers(mail, 0).is_none(), "RFC 3834 §2");
    }
    let rude = marks.map(|marks| Robot {
        marks,
        is_rude: true,
        quotes: true,
    });
    let shown = a.seen.len();
    for (number, mail) in mails.iter().enumerate() {
        for robot in rude {
            let answer = robot.answers(mail, number).unwrap();
            assert!(a.gets(&answer, now).is_empty());
        }
    }
    assert_eq!(a.seen.len(), shown, "{:?}", messages(&a));

    let message = one(a.says(TEXT, now));
    let answer = CONFORMING.answers(&message, 99).unwrap();
    assert!(a.gets(&answer, now).is_empty());
    assert!(a.gets(&answer, now).is_empty(), "it comes twice");
    let messages = messages(&a);
    assert_eq!(messages.len(), 1);
    assert!(messages[0].contains("I am away until Monday."));
    assert!(a.on_time(now).is_empty());
}

#[test]
fn a_robot_that_hides_is_shown_once_however_often_it_answers_machines() {
    let mut a = Side::new("a.example", "alice", "bob@chat.b.example");
    let mut b = Side::new("b.example", "bob", "alice@chat.a.example");
    let mut now = start();
    befriend(&mut a, &mut b, now);
    let hello = one(b.manages("subscribe", now));
    a.gets(&hello, now);
    let granted = one(a.manages("subscribed", now));
    b.gets(&granted, now);
    a.says(HERE, now);
    for mail in machine_mails(&mut a, &mut now) {
        for number in 0..10 {
            let robot = Robot {
                marks: "",
                is_rude: true,
                quotes: number % 2 == 0,
            };
            let answer = robot
                .answers(&mail, number + 10 * a.seen.len() + mail.bytes.len())
                .unwrap();
            assert!(a.gets(&answer, now).is_empty());
        }
    }
    assert_eq!(messages(&a).len(), 1, "{:?}", messages(&a));
    a.manages("subscribe", now);
    assert_eq!(
        one(a.says(TEXT, now)).header("XMPP-Bridge"),
        "v=1",
        "it is still taken for a gateway"
    );
    assert!(
        one(a.says(&TEXT.replace("'1'", "'2'"), now))
            .text()
            .contains("application/xmpp+xml")
    );
}

#[test]
fn a_person_who_answers_what_only_gateways_read_is_heard() {
    let (mut a, _, mut now) = friends();
    let mails = machine_mails(&mut a, &mut now);
    for (number, mail) in mails.iter().enumerate() {
        let robot = Robot {
            marks: "",
            is_rude: true,
            quotes: true,
        };
        let mut answer = robot.answers(mail, number).unwrap();
        let words = format!("What is mail {number}?");
        let text = answer.text().replace("I am away until Monday.", &words);
        answer.bytes = text.into_bytes();
        assert!(a.gets(&answer, now).is_empty());
        let messages = messages(&a);
        assert_eq!(messages.len(), number + 1);
        assert!(messages[number].contains(&words));
    }
}

/// A list takes a mail and sends it to its members.
fn through_list(mail: &OnTheWay, wraps: bool) -> Vec<u8> {
    let text = mail.text();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let is_content = |line: &&str| line.starts_with("Content-") || line.starts_with("\tboundary");
    let unfolded = head.replace("\r\n ", " ");
    let (content, rest): (Vec<&str>, Vec<&str>) = unfolded.lines().partition(is_content);
    let rest: Vec<String> = rest
        .into_iter()
        .filter(|line| !line.starts_with("To:"))
        .map(|line| line.replace("Subject: ", "Subject: [garden] "))
        .collect();
    let added = "To: alice@chat.a.example, garden@lists.example\r\nList-Id: Gardeners <garden.lists.example>\r\n\
                 List-Unsubscribe: <mailto:garden-leave@lists.example>";
    let (rest, content) = (rest.join("\r\n"), content.join("\r\n"));
    let mail = match wraps {
        false => format!("{rest}\r\n{added}\r\n{content}\r\n\r\n{body}"),
        true => format!(
            "{rest}\r\n{added}\r\nContent-Type: multipart/mixed; boundary=list\r\n\r\n--list\r\n{content}\r\n\r\n{body}\r\n\
             --list\r\nContent-Type: text/plain\r\n\r\n_____\r\nGardeners mailing list\r\n--list--\r\n"
        ),
    };
    mail.into_bytes()
}

#[test]
fn what_came_through_a_list_is_news_and_nothing_in_it_is_believed() {
    const INTACT: &str = "dkim=pass header.d=chat.b.example; dkim=pass header.d=lists.example";
    const BROKEN: &str = "dkim=fail header.d=chat.b.example; dkim=pass header.d=lists.example";
    let (mut a, mut b, mut now) = friends();
    let state = a.row();
    let mut copies = 0;
    for wraps in [false, true] {
        for results in [INTACT, BROKEN] {
            copies += 1;
            now = now.plus(Duration::from_secs(60));
            let text = TEXT.replace("'1'", &format!("'{copies}'"));
            let mut mails = vec![one(b.says(&text, now))];
            b.says(
                &format!("<presence><status>{copies}</status></presence>"),
                now,
            );
            mails.extend(b.on_time(now.plus(Duration::from_secs(30))));
            mails.push(one(b.manages("unsubscribe", now)));
            mails.push(one(b.manages("subscribe", now)));
            assert_eq!(mails.len(), 4);
            for mail in &mails {
                let top = format!(
                    "Delivered-To: alice@chat.a.example\r\nAuthentication-Results: mx.test; {results}\r\n"
                );
                let raw = [top.as_bytes(), &through_list(mail, wraps)].concat();
                let written = a.gets_raw(&raw, now);
                assert!(written.is_empty(), "{}", String::from_utf8_lossy(&raw));
            }
            assert_eq!(messages(&a).len(), copies, "{:?}", messages(&a));
            let news = a.last();
            assert_eq!(news.attr("type"), Some("chat"));
            assert!(!news.has_child("sparkle", "urn:example:unknown"));
        }
    }
    assert_eq!(a.seen.len(), copies, "no presence is shown");
    let after = a.row();
    assert_eq!(
        (after.subscription, after.heard),
        (state.subscription, state.heard)
    );
}

/// RFC 3464, with the header of the mail.
fn report(mail: &OnTheWay, number: usize) -> OnTheWay {
    let (to, from) = (mail.header("From"), mail.header("To"));
    let text = format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.b.example (Mail Delivery System)\r\nTo: {to}\r\n\
         Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Message-ID: <bounce.{number}@mx.b.example>\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=report\r\n\r\n--report\r\n\
         Content-Type: text/plain\r\n\r\nI'm sorry to have to inform you ...\r\n--report\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.b.example\r\n\r\n\
         Final-Recipient: rfc822; {from}\r\nAction: failed\r\nStatus: 5.1.1\r\n--report\r\n\
         Content-Type: text/rfc822-headers\r\n\r\n{}\r\n--report--\r\n",
        mail.head()
    );
    OnTheWay {
        to: address(&to),
        bytes: text.into_bytes(),
    }
}

/// As qmail says it: all in one text.
fn qmail_report(mail: &OnTheWay, number: usize) -> OnTheWay {
    let (to, from) = (mail.header("From"), mail.header("To"));
    let text = format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.b.example\r\nTo: {to}\r\nSubject: failure notice\r\n\
         Message-ID: <qmail.{number}@mx.b.example>\r\n\r\nHi. This is the qmail-send program at mx.b.example.\r\n\r\n\
         <{from}>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n\
         --- Below this line is a copy of the message.\r\n\r\nReturn-Path: <{}>\r\n{}",
        address(&to),
        mail.text()
    );
    OnTheWay {
        to: address(&to),
        bytes: text.into_bytes(),
    }
}

#[test]
fn a_thousand_bounces_cause_no_mail_and_no_noise() {
    let (mut a, _, mut now) = friends();
    let mails = machine_mails(&mut a, &mut now);
    let shown = a.seen.len();
    for number in 0..1000 {
        let mail = &mails[number % mails.len()];
        let bounce = match number % 2 {
            0 => report(mail, number),
            _ => qmail_report(mail, number),
        };
        now = now.plus(Duration::from_secs(1));
        let written = a.gets(&bounce, now);
        assert!(written.is_empty() && a.on_time(now).is_empty(), "{number}");
    }
    assert_eq!(messages(&a).len(), 0, "{:?}", messages(&a));
    assert!(
        a.seen.len() <= shown + 1,
        "that a request failed is told once"
    );
    let message = one(a.says(TEXT, now));
    for number in 1000..1010 {
        assert!(a.gets(&report(&message, number), now).is_empty());
        assert!(a.gets(&qmail_report(&message, number + 10), now).is_empty());
    }
}

#[test]
fn own_mail_that_comes_back_is_dropped() {
    let (mut a, _, mut now) = friends();
    let mut mails = machine_mails(&mut a, &mut now);
    mails.push(one(a.says(TEXT, now)));
    mails.push(one(a.says(
        "<message type='chat' id='2'><received xmlns='urn:xmpp:receipts' id='9'/></message>",
        now,
    )));
    let shown = a.seen.len();
    for mail in &mails {
        for to in ["alice@chat.a.example", "bob@chat.b.example"] {
            let top = format!(
                "Delivered-To: alice@chat.a.example\r\nX-Original-To: {to}\r\n\
                 Authentication-Results: mx.test; dkim=pass header.d=chat.a.example\r\n"
            );
            let raw = [top.as_bytes(), &mail.bytes].concat();
            assert!(a.gets_raw(&raw, now).is_empty());
        }
    }
    assert_eq!(a.seen.len(), shown, "{:?}", messages(&a));
}

#[test]
fn an_invitation_that_comes_back_is_dropped() {
    let mut a = Side::new("a.example", "alice", "bob@chat.b.example");
    let invitation = one(a.manages("subscribe", start()));
    let top = "Delivered-To: alice@chat.a.example\r\nAuthentication-Results: mx.test; dkim=pass header.d=chat.a.example\r\n";
    let raw = [top.as_bytes(), &invitation.bytes].concat();
    assert!(a.gets_raw(&raw, start()).is_empty());
    assert!(a.seen.is_empty(), "{:?}", messages(&a));
}

#[test]
fn what_is_sent_on_to_somebody_else_changes_nothing_there() {
    let (mut a, mut b, now) = friends();
    let mails = [
        one(b.manages("unsubscribe", now)),
        one(b.manages("unsubscribed", now)),
    ];
    let shown = a.seen.len();
    for mail in mails {
        let text = mail.text();
        let elsewhere = text.replace("To: alice@chat.a.example", "To: alice@elsewhere.example");
        assert_ne!(text, elsewhere);
        let mail = OnTheWay {
            bytes: elsewhere.into_bytes(),
            ..mail
        };
        assert!(a.gets(&mail, now).is_empty());
    }
    assert_eq!(a.seen.len(), shown, "{:?}", messages(&a));
}

#[test]
fn a_mail_that_has_passed_more_than_five_gateways_is_left() {
    let (mut a, mut b, now) = friends();
    for (hops, shown) in [("5", 1), ("6", 1), ("many", 1)] {
        let text = TEXT.replace("'1'", &format!("'{hops}'"));
        let mail = one(b.says(&text, now));
        let text = mail.text();
        let passed = text.replace("XMPP-Bridge-Hops: 1", &format!("XMPP-Bridge-Hops: {hops}"));
        assert_ne!(text, passed);
        let mail = OnTheWay {
            bytes: passed.into_bytes(),
            ..mail
        };
        assert!(a.gets(&mail, now).is_empty());
        assert_eq!(messages(&a).len(), shown, "{hops}");
    }
}

#[test]
fn a_client_that_repeats_itself_a_thousand_times_causes_thirty_mails_and_is_told_why() {
    let (mut a, mut b) = a_and_b();
    let now = start();
    let mut ways = [Vec::new(), Vec::new()];
    let mut mails = 0;
    for turn in 0..1000 {
        let verb = ["subscribe", "unsubscribe"][turn % 2];
        let sent = a.manages(verb, now.plus(Duration::from_secs(turn as u64)));
        mails += sent.len();
        ways[1].extend(sent);
    }
    assert_eq!(mails, 30);
    let refused = a.last();
    let error = refused
        .children()
        .find(|child| child.name() == "error")
        .unwrap();
    assert_eq!(refused.attr("type"), Some("error"));
    assert!(
        error
            .children()
            .any(|child| child.name() == "policy-violation")
    );
    let text = error
        .children()
        .find(|child| child.name() == "text")
        .unwrap();
    assert_eq!(
        text.text(),
        "The gateway mails at most 30 subscription requests and answers to one contact in an hour; try again later."
    );
    let answers: usize = ways[1].iter().map(|mail| b.gets(mail, now).len()).sum();
    assert_eq!(answers, 0, "nothing is answered before bob has");
}

#[test]
fn a_person_is_invited_once_however_often_a_client_asks() {
    let mut a = Side::new("a.example", "alice", "carol@mail.example");
    let mails: usize = (0..1000)
        .map(|turn| {
            let verb = ["subscribe", "unsubscribe"][turn % 2];
            a.manages(verb, start().plus(Duration::from_secs(turn as u64)))
                .len()
        })
        .sum();
    assert_eq!(mails, 1);
}

#[test]
fn a_gateway_that_lost_its_store_finds_its_friends_again_when_a_user_asks() {
    for asks_first in [true, false] {
        let (_, mut b, mut now) = friends();
        let mut a = a_and_b().0;
        a.begun = b.begun;
        a.says(HERE, now);
        assert_eq!(exchange(&mut a, &mut b, &mut now), [0, 0]);
        if !asks_first {
            // What bob's gateway still says meanwhile means nothing.
            b.says("<presence><show>away</show></presence>", now);
            assert_eq!(exchange(&mut a, &mut b, &mut now), [0, 1]);
            assert!(a.seen.is_empty());
        }
        let request = one(a.manages("subscribe", now));
        let answer = one(b.gets(&request, now));
        assert!(a.gets(&answer, now).is_empty());
        let types: Vec<_> = a.seen.iter().map(|seen| seen.attr("type")).collect();
        assert_eq!(
            types,
            [Some("subscribed"), Some("unavailable"), Some("subscribe")]
        );
        // Alice's server knows that bob may, and says so for her (RFC 6121 §3.1.3).
        let granted = one(a.manages("subscribed", now));
        assert!(b.gets(&granted, now).is_empty());
        a.says(HERE, now);
        assert_eq!(exchange(&mut a, &mut b, &mut now), [1, 1]);
        for side in [&mut a, &mut b] {
            assert!(side.row().subscription.has_to() && side.row().subscription.has_from());
            let last = side.last();
            assert_eq!((last.name(), last.attr("type")), ("presence", None));
        }
        assert_eq!(exchange(&mut a, &mut b, &mut now), [0, 0]);
    }
}

#[test]
fn an_answer_that_was_lost_costs_three_mails_and_no_more() {
    let (mut a, mut b, mut now) = friends();
    let lost = one(a.manages("unsubscribe", now));
    b.gets(&lost, now);
    let request = one(a.manages("subscribe", now));
    b.gets(&request, now);
    one(b.manages("subscribed", now));
    now = now.plus(Duration::from_secs(7200));
    let again = one(a.manages("subscribe", now));
    let answer = one(b.gets(&again, now));
    let last = one(a.gets(&answer, now));
    assert!(b.gets(&last, now).is_empty());
    for side in [&mut a, &mut b] {
        assert!(side.row().subscription.has_to() && side.row().subscription.has_from());
    }
}
