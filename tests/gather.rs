//! Lines in one go are one mail, and what of them is corrected or taken back before it leaves is never seen.

use crate::decided::{World, settings};
use stanzamail::core::context::{Need, Row, Write};
use stanzamail::core::decide::Timer;
use stanzamail::core::decide::decision::Decision;
use stanzamail::core::id::MessageId;
use stanzamail::core::job::Job;
use stanzamail::core::limits::{GATHER, GATHER_COMPOSING, GATHER_MAX};
use stanzamail::core::outcome::{JobVerdict, Outcome, Reply};
use stanzamail::core::record::Options;
use stanzamail::core::settings::Receipts;
use stanzamail::core::time::Timestamp;
use std::time::Duration;

const START: Timestamp = Timestamp::from_secs(1_795_946_400);
const CAROL: &str = "carol\\40mail.example@gateway.a.example";
const REQUEST: &str = "<request xmlns='urn:xmpp:receipts'/>";

/// What was written so far, and what waits.
struct Chat(World);

impl Chat {
    fn new() -> Self {
        let mut world = World::with(settings(), START);
        world.waits = true;
        Self(world)
    }

    fn later(&mut self, seconds: u64) -> &mut Self {
        self.0.wait(Duration::from_secs(seconds));
        self
    }

    fn send(&mut self, id: &str, content: &str) -> Decision {
        self.0.stanza(&format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='{id}'>{content}</message>"
        ))
    }

    fn say(&mut self, id: &str, text: &str) -> Decision {
        self.send(id, &format!("<body>{text}</body>{REQUEST}"))
    }

    /// The mail that a message made, and what it says.
    fn said(decision: &Decision) -> (&Job, String) {
        let [mail] = decision.mails.as_slice() else {
            panic!("{decision:?}")
        };
        let read = mail_parser::MessageParser::default().parse(&mail.bytes);
        let text = read.unwrap().body_text(0).unwrap().replace("\r\n", "\n");
        (&mail.job, text.trim_end().to_owned())
    }
}

fn retract(id: &str) -> String {
    format!("<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/>")
}

fn correction(id: &str, text: &str) -> String {
    format!("<body>{text}</body>{REQUEST}<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>")
}

#[test]
fn lines_in_one_go_are_one_mail_that_leaves_when_there_is_silence() {
    let mut chat = Chat::new();
    let first = chat.say("1", "Hello Carol");
    let (job, text) = Chat::said(&first);
    assert_eq!(
        (text.as_str(), job.next_attempt),
        ("Hello Carol", START.plus(GATHER))
    );
    let second = chat.later(4).say("2", "Lunch at noon?");
    let third = chat.later(5).say("3", "The usual place.\nI pay.");
    let (last, text) = Chat::said(&third);
    assert_eq!(
        text,
        "Hello Carol\nLunch at noon?\n\nThe usual place.\nI pay."
    );
    let ids = [&first, &second, &third].map(|one| Chat::said(one).0.message_id.clone());
    assert!(ids.iter().all(|id| id == &ids[0]), "one Message-ID");
    assert_eq!((last.id.clone(), last.accepted), (job.id.clone(), START));
    assert_eq!(last.next_attempt, chat.0.now.plus(GATHER));
    // The same stanza once more is none.
    let again = chat.say("2", "Lunch at noon?");
    assert!(
        again.mails.is_empty() && again.stanzas.is_empty(),
        "{again:?}"
    );
    // After the silence another mail begins, which answers none of one's own.
    let other = chat.later(11).say("4", "Still there?");
    let (other, text) = Chat::said(&other);
    assert_eq!(text, "Still there?");
    assert_ne!(other.id, last.id);
}

#[test]
fn nothing_waits_longer_than_three_minutes_after_the_first_line() {
    let mut chat = Chat::new();
    chat.say("0", "line 0");
    for number in 1..=21 {
        let said = chat
            .later(8)
            .say(&number.to_string(), &format!("line {number}"));
        let leaves = Chat::said(&said).0.next_attempt;
        assert!(leaves <= START.plus(GATHER_MAX), "{number}");
    }
    let said = chat.later(8).say("22", "line 22");
    assert_eq!(Chat::said(&said).0.next_attempt, START.plus(GATHER_MAX));
    let said = chat.later(5).say("23", "line 23");
    assert_eq!(Chat::said(&said).1, "line 23");
}

#[test]
fn who_is_composing_is_waited_for_and_who_has_gone_is_not() {
    let mut chat = Chat::new();
    let state = |name: &str| format!("<{name} xmlns='http://jabber.org/protocol/chatstates'/>");
    assert!(
        chat.send("", &state("composing")).leaving.is_empty(),
        "nothing waits"
    );
    chat.say("1", "Hello");
    let leaves = |decision: Decision| decision.leaving[0].1;
    let composing = chat.later(2).send("", &state("composing"));
    assert_eq!(leaves(composing), START.plus(GATHER_COMPOSING));
    let paused = chat.later(30).send("", &state("paused"));
    assert_eq!(leaves(paused), chat.0.now.plus(GATHER));
    let joins = chat.later(5).say("2", "Lunch?");
    assert_eq!(Chat::said(&joins).1, "Hello\nLunch?");
    for left in ["gone", "inactive"] {
        chat.say(left, "Bye");
        let gone = chat.send("", &state(left));
        assert_eq!(leaves(gone), chat.0.now);
        // Nothing waits any more.
        assert!(chat.send("", &state("composing")).leaving.is_empty());
    }
}

#[test]
fn a_correction_and_a_retraction_change_what_waits() {
    let mut chat = Chat::new();
    chat.say("1", "See you on Tuseday");
    chat.say("2", "I am so angry");
    chat.say("3", "Bye");
    let corrected = chat.send("4", &correction("1", "See you on Tuesday"));
    assert_eq!(
        Chat::said(&corrected).1,
        "See you on Tuesday\nI am so angry\nBye"
    );
    // Some clients name the correction, when they correct it again.
    let corrected = chat.send("5", &correction("4", "See you on Wednesday"));
    assert_eq!(
        Chat::said(&corrected).1,
        "See you on Wednesday\nI am so angry\nBye"
    );
    let taken_back = chat.send("6", &retract("2"));
    assert_eq!(Chat::said(&taken_back).1, "See you on Wednesday\nBye");
    assert!(String::from(&taken_back.stanzas[0]).contains("nobody has seen it"));
    assert!(taken_back.withdrawn.is_empty());
    // Neither comes back when a client sends it again.
    for (id, content) in [
        ("2", format!("<body>I am so angry</body>{REQUEST}")),
        ("4", correction("1", "See you on Tuesday")),
        ("6", retract("2")),
    ] {
        assert!(chat.send(id, &content).mails.is_empty(), "{id}");
    }
    let first = chat.send("7", &retract("1"));
    let (job, text) = Chat::said(&first);
    assert_eq!(text, "Bye");
    let told: Vec<_> = job
        .told()
        .into_iter()
        .map(|(_, origin)| origin.stanza_id.clone())
        .collect();
    assert_eq!(told.len(), 1, "who took it back has no receipt: {told:?}");
    assert_eq!(job.origin.as_ref().unwrap().stanza_id, told[0]);
    let last = chat.send("8", &retract("3"));
    assert!(last.mails.is_empty() && last.stanzas.len() == 1);
    assert_eq!(last.withdrawn.len(), 1);
}

#[test]
fn what_corrects_what_nobody_has_seen_is_new() {
    let mut chat = Chat::new();
    chat.say("1", "I am so angry");
    chat.say("2", "Bye");
    chat.send("3", &retract("1"));
    let corrected = chat.send("4", &correction("1", "I am glad"));
    assert_eq!(Chat::said(&corrected).1, "Bye\nI am glad");
}

#[test]
fn what_has_left_is_corrected_by_a_mail_and_not_taken_back() {
    let mut chat = Chat::new();
    let sent = chat.say("1", "See you on Tuseday");
    let id = Chat::said(&sent).0.id.clone();
    chat.0.context.withdraw(&id);
    let corrected = chat.send("2", &correction("1", "See you on Tuesday"));
    assert!(
        Chat::said(&corrected)
            .1
            .starts_with("Correction: See you on Tuesday")
    );
    let told = chat.send("3", &retract("1"));
    assert!(String::from(&told.stanzas[0]).contains("cannot be taken back"));
}

/// The mail may be on its way when the correction comes, and wait again when that comes once more.
#[test]
fn a_correction_that_comes_again_is_done_once_in_words_or_in_place() {
    let mut chat = Chat::new();
    let sent = chat.say("1", "See you on Tuseday");
    chat.0.context.withdraw(&Chat::said(&sent).0.id);
    let content = correction("1", "See you on Tuesday");
    assert_eq!(chat.send("2", &content).mails.len(), 1);
    chat.0.context.accept(&sent.mails);
    let again = chat.send("2", &content);
    assert!(again.mails.is_empty(), "{again:?}");

    let mut chat = Chat::new();
    let reaction = |emoji: &str| {
        format!(
            "<reactions xmlns='urn:xmpp:reactions:0' id='x1'><reaction>{emoji}</reaction></reactions>"
        )
    };
    chat.send("1", &reaction("👍"));
    let other = chat.send("2", &reaction("🎉"));
    let again = chat.send("1", &reaction("👍"));
    assert!(again.mails.is_empty(), "{again:?}");
    chat.0.context.withdraw(&Chat::said(&other).0.id);
    let again = chat.send("2", &reaction("🎉"));
    assert!(again.mails.is_empty(), "{again:?}");
}

#[test]
fn what_is_not_like_the_others_ends_what_waits_and_follows_it() {
    let reply = "<body>Yes</body><reply xmlns='urn:xmpp:reply:0' id='x1'/>";
    let file = "<body>https://u.example/p.jpg</body><x xmlns='jabber:x:oob'><url>https://u.example/p.jpg</url></x>";
    let subject = "<subject>Dinner</subject><body>Hello</body>";
    let reaction =
        "<reactions xmlns='urn:xmpp:reactions:0' id='x1'><reaction>👍</reaction></reactions>";
    for content in [reply, file, subject, reaction] {
        let mut chat = Chat::new();
        let first = chat.say("1", "Hello");
        let first = Chat::said(&first).0.id.clone();
        let other = chat.later(1).send("2", content);
        assert_eq!(other.leaving, [(first.clone(), chat.0.now)], "{content}");
        let (job, text) = Chat::said(&other);
        assert!(job.id != first && !text.contains("Hello\n"), "{content}");
        let waits = job.next_attempt > chat.0.now;
        assert_eq!(waits, content != file, "{content}");
        let is_one = Chat::said(&chat.say("3", "More")).1.contains('\n');
        assert_eq!(is_one, content != file, "{content}");
    }
}

#[test]
fn a_reaction_that_waits_is_changed_and_taken_back() {
    let reaction = |emoji: &str| {
        let emoji = match emoji {
            "" => String::new(),
            emoji => format!("<reaction>{emoji}</reaction>"),
        };
        format!("<reactions xmlns='urn:xmpp:reactions:0' id='x1'>{emoji}</reactions>")
    };
    let mut chat = Chat::new();
    let first = chat.send("1", &reaction("👍"));
    assert!(Chat::said(&first).1.starts_with("👍"));
    let other = chat.send("2", &reaction("🎉"));
    let (job, text) = Chat::said(&other);
    assert!(
        text.starts_with("🎉") && job.id == Chat::said(&first).0.id,
        "{text}"
    );
    let line = chat.say("3", "See you there");
    assert!(Chat::said(&line).1.ends_with("\nSee you there"));
    let none = chat.send("4", &reaction(""));
    assert_eq!(Chat::said(&none).1, "See you there");
}

#[test]
fn a_reaction_that_has_left_cannot_be_taken_back_and_that_is_said() {
    let mut chat = Chat::new();
    chat.say("x1", "Lunch?");
    let reactions = |about: &str| format!("<reactions xmlns='urn:xmpp:reactions:0' id='{about}'/>");
    let told = chat.later(60).send("2", &reactions("x1"));
    assert!(told.mails.is_empty());
    assert!(
        String::from(&told.stanzas[0]).contains("Your reaction has left"),
        "{told:?}"
    );
    // Of what is not known there was no reaction.
    assert!(chat.send("3", &reactions("x9")).stanzas.is_empty());
}

#[test]
fn what_corrects_a_message_is_taken_back_with_it() {
    let mut chat = Chat::new();
    chat.0.settings.gather = Duration::ZERO;
    let said = chat.say("1", "At noon");
    let corrected = chat.send("2", &correction("1", "At one"));
    assert!(Chat::said(&corrected).1.starts_with("Correction: At one"));
    let other = chat.say("3", "Bye");
    let taken_back = chat.send("4", &retract("1"));
    let mut ids: Vec<_> = taken_back
        .withdrawn
        .iter()
        .map(|job| job.id.clone())
        .collect();
    ids.sort();
    let mut expected = [&said, &corrected].map(|one| Chat::said(one).0.id.clone());
    expected.sort();
    assert_eq!(ids, expected);
    assert!(!ids.contains(&Chat::said(&other).0.id));
}

#[test]
fn nobody_is_gathered_for_who_does_not_want_it_nor_for_a_gateway() {
    let mut chat = Chat::new();
    chat.0.settings.gather = Duration::ZERO;
    let said = chat.say("1", "Hello");
    let job = Chat::said(&said).0;
    assert!(job.draft.is_none() && job.next_attempt == START);

    for (of_all, of_carol, waits) in [
        (Some(false), None, false),
        (Some(false), Some(true), true),
        (None, Some(false), false),
    ] {
        let mut chat = Chat::new();
        let user: jid::BareJid = "alice@a.example".parse().unwrap();
        let carol = stanzamail::core::address::MailAddress::parse("carol@mail.example").unwrap();
        let options = |gather| {
            Some(Row::Options(Options {
                gather,
                ..Options::default()
            }))
        };
        chat.0
            .context
            .insert(Need::Options(user.clone(), None), options(of_all));
        chat.0
            .context
            .insert(Need::Options(user, Some(carol)), options(of_carol));
        let said = chat.say("1", "Hello");
        assert_eq!(Chat::said(&said).0.draft.is_some(), waits);
    }
}

fn reply(code: u16) -> Reply {
    Reply {
        code: Some(code),
        ..Reply::default()
    }
}

fn stanzas(decision: &Decision) -> Vec<String> {
    decision.stanzas.iter().map(String::from).collect()
}

#[test]
fn each_line_has_a_receipt_or_an_error_of_its_own() {
    let mut chat = Chat::new();
    chat.say("1", "one");
    chat.say("2", "two");
    let said = chat.send("3", &correction("2", "too"));
    let job = Chat::said(&said).0.clone();
    let taken = chat
        .0
        .outcome(&job, Outcome::Delivered(reply(250)), JobVerdict::Done);
    let receipts = stanzas(&taken);
    assert_eq!(receipts.len(), 3, "{receipts:?}");
    for (receipt, id) in receipts.iter().zip(["1", "2", "3"]) {
        assert!(
            receipt.contains("<received") && receipt.contains(&format!("id='{id}'")),
            "{receipt}"
        );
    }

    let refused = chat
        .0
        .outcome(&job, Outcome::Refused(reply(550)), JobVerdict::Done);
    let errors: Vec<_> = stanzas(&refused);
    for id in ["1", "2", "3"] {
        let is_it =
            |one: &&String| one.contains("type='error'") && one.contains(&format!("id='{id}'"));
        assert_eq!(errors.iter().filter(is_it).count(), 1, "{id}: {errors:?}");
    }
    assert_eq!(refused.notes.len(), 1);
}

/// XEP-0333, as RFC 8098 has it in a mail.
#[test]
fn one_line_that_is_to_be_marked_as_displayed_asks_for_it_of_the_whole_mail() {
    const MARKABLE: &str = "<markable xmlns='urn:xmpp:chat-markers:0'/>";
    for (first, second, asks) in [("", "", false), ("", MARKABLE, true), (MARKABLE, "", true)] {
        let mut chat = Chat::new();
        chat.0.settings.read_receipts = true;
        chat.send("1", &format!("<body>one</body>{first}"));
        let both = chat
            .later(1)
            .send("2", &format!("<body>two</body>{second}"));
        assert_eq!(Chat::said(&both).1, "one\ntwo");
        let mail = String::from_utf8_lossy(&both.mails[0].bytes);
        let field = "\r\nDisposition-Notification-To: ";
        assert_eq!(mail.contains(field), asks, "{first:?} {second:?}");
    }
}

#[test]
fn a_receipt_at_acceptance_is_for_each_line_at_once() {
    let mut chat = Chat::new();
    chat.0.settings.receipts = Receipts::Accepted;
    for id in ["1", "2"] {
        let said = chat.say(id, "Hello");
        let receipts = stanzas(&said);
        let mut received = receipts.iter().filter(|one| one.contains("<received"));
        assert!(received.next().unwrap().contains(&format!("id='{id}'")));
    }
}

#[test]
fn lines_in_the_spool_without_rows_get_them_at_a_start() {
    let mut chat = Chat::new();
    chat.say("1", "one");
    let said = chat.say("2", "two");
    let job = Chat::said(&said).0.clone();
    let mut after_crash = World::with(settings(), START);
    let found = after_crash.timer(Timer::Found(&job));
    let rows: Vec<&MessageId> = found
        .writes
        .iter()
        .filter_map(|write| match write {
            Write::Message(row) => Some(row.mail_id()),
            _ => None,
        })
        .collect();
    assert_eq!(rows, [&job.message_id, &job.message_id]);
    let found = after_crash.timer(Timer::Found(&job));
    assert!(found.writes.is_empty());
    // So a client that sends it again does not make another mail of it.
    chat.0.context = after_crash.context;
    assert!(chat.say("2", "two").mails.is_empty());
}
