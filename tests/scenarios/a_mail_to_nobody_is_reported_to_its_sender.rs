//! A mail to a user that the XMPP server does not know: its sender gets a report into their own mailbox, as from any mail
//! server; once, however many mails they send, and only if they are who they say. Between two gateways the report is the
//! error on the message.

use super::servers::MailOptions;
use super::servers::stanza::{body, error_condition, error_text, from, kind_of, stanza_id, to};
use super::world::{AUTHSERV_ID, GreenPair, Options, Pair, World};

const GHOST: &str = "ghost@chat.a.example";

#[tokio::test]
async fn once_and_only_to_who_really_sent_it() {
    let world = World::with(Options {
        more: format!("[trust]\nauthserv_ids = [\"{AUTHSERV_ID}\"]"),
        mail: MailOptions::default().verified(AUTHSERV_ID),
        ..Options::default()
    })
    .await;

    // Dave's address was forged: nobody had logged in for this one.
    let forged = "From: dave@mail.example\nTo: ghost@chat.a.example\nMessage-ID: <forged@mail.example>\n\nBuy this\n";
    let sent = world
        .mail
        .submit("dave@mail.example", &[GHOST], forged)
        .await;
    sent.expect("Postfix takes it");
    world.gateway.wait_log("its sender is not told").await;

    for number in 1..=20 {
        let mail = format!(
            "From: Carol <carol@mail.example>\nTo: {GHOST}\nSubject: Number {number}\n\
             Message-ID: <{number}@mail.example>\n\nAre you there?\n"
        );
        let carol = "carol@mail.example";
        world.mail.submit_as(carol, carol, &[GHOST], mail).await;
    }
    for number in 1..=20 {
        let came_back = format!("mail {number}@mail.example came back from the XMPP server");
        world.gateway.wait_log(&came_back).await;
    }

    let inbox = world.mailbox("carol@mail.example").await;
    let report = inbox.wait_mail_saying("was not delivered").await;
    let raw = String::from_utf8_lossy(&report.raw);
    for words in [
        "Return-Path: <>",
        "Auto-Submitted: auto-replied",
        "MAILER-DAEMON@chat.a.example",
        "In-Reply-To: <1@mail.example>",
        "Final-Recipient: rfc822; ghost@chat.a.example",
        "Action: failed",
        "Status: 5.1.",
    ] {
        assert!(raw.contains(words), "{words}:\n{raw}");
    }
    let reports = world.mail.passed();
    let reports: Vec<_> = reports
        .iter()
        .filter(|mail| mail.sender.is_empty())
        .collect();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!(reports[0].recipients, ["carol@mail.example"]);
    world.mail.hands_all_on().await;
    assert_eq!(world.mailbox("dave@mail.example").await.count().await, 0);
}

#[tokio::test]
async fn and_is_an_error_on_the_message_at_another_gateway() {
    let pair = Pair::start().await;
    let alice = pair.a.login("alice").await;
    let ghost = pair.a.contact("ghost@chat.b.example");

    let id = alice.send_message(&ghost, "Is anybody there?").await;
    let error = alice.next_error().await;
    assert_eq!(
        (error.name(), stanza_id(&error), from(&error)),
        ("message", id, ghost)
    );
    assert_eq!(to(&error), alice.jid);
    assert_eq!(error_condition(&error).as_deref(), Some("item-not-found"));
    let words = error_text(&error).expect("it says why");
    assert!(
        words.contains("The message to ghost@chat.b.example was not delivered"),
        "{words}"
    );

    // Neither side has more to say about it.
    let bob = pair.b.login("bob").await;
    alice.send_message(&pair.bob(), "Then you").await;
    bob.next_message_from(&pair.alice()).await;
    let reports = pair.left(&pair.b);
    assert_eq!(
        reports.iter().filter(|mail| mail.sender.is_empty()).count(),
        1
    );
    let received = alice.received();
    assert_eq!(
        received
            .iter()
            .filter(|one| kind_of(one) == "error")
            .count(),
        1
    );
    assert_eq!(received.iter().filter_map(body).count(), 0);
}

#[tokio::test]
async fn also_where_a_key_proves_who_sent_it() {
    let pair = GreenPair::with_keys("", "").await;
    let alice = pair.a.login("alice").await;
    let ghost = pair.a.contact("bridge+ghost@chat.c.example");

    alice.send_message(&ghost, "Is anybody there?").await;
    // As far as that: GreenMail takes no mail with the null reverse path, `MAIL FROM:<>` (RFC 5321 §4.5.5).
    let log = &pair.c.gateway;
    log.wait_log("came back from the XMPP server (service-unavailable): b…@chat.a.example is told")
        .await;
    log.wait_log("503 MAIL must come before RCPT").await;
}
