//! Postfix hands mail over by LMTP: no mailbox, and each recipient has an answer of its own.

use super::files_of_a_mail_arrive::{file, mail};
use super::servers::stanza::{body, stanza_id};
use super::servers::{Flavour, PATIENCE, Port, Proxy, Uploads};
use super::world::{Options, World};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

#[tokio::test]
async fn to_whom_the_envelope_names_and_answered_by_mail() {
    let world = World::with(Options::by_lmtp()).await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    let both = ["alice@chat.a.example", "adam@chat.a.example"];

    let mail =
        "From: carol@mail.example\nTo: Somebody <somebody@elsewhere.example>\n\nTo you both\n";
    world.carol_sends(&both, mail).await;
    for user in [&alice, &adam] {
        let message = user.next_message_from(&world.carol()).await;
        assert_eq!(
            body(&message).as_deref(),
            Some("To: Somebody (somebody@elsewhere.example)\nTo you both")
        );
    }

    // A name in the header is no recipient.
    let mail = "From: carol@mail.example\nTo: adam@chat.a.example\n\nAdam must not know\n";
    world.carol_sends(&["alice@chat.a.example"], mail).await;
    alice
        .next_message_saying("To: adam@a.example\nAdam must not know")
        .await;
    world
        .carol_sends(
            &["adam@chat.a.example"],
            "From: carol@mail.example\n\nLast\n",
        )
        .await;
    adam.next_message_saying("Last").await;
    assert_eq!(adam.count_messages(), 2);

    alice.send_message(&world.carol(), "And back").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_mail_saying("And back").await;
    let bridge = world.bridge().await;
    assert_eq!(bridge.count().await, 0, "nothing went into a mailbox");
}

#[tokio::test]
async fn who_writes_to_nobody_hears_so_from_their_own_mail_server() {
    let world = World::with(Options::by_lmtp()).await;
    let alice = world.login("alice").await;
    let two = ["postmaster@chat.a.example", "alice@chat.a.example"];
    let mail = "From: carol@mail.example\nTo: postmaster@chat.a.example\n\nIs anybody there?\n";
    world.carol_sends(&two, mail).await;

    let message = alice.next_message_from(&world.carol()).await;
    assert!(body(&message).is_some_and(|text| text.ends_with("Is anybody there?")));
    let inbox = world.mailbox("carol@mail.example").await;
    let report = inbox.wait_mail_saying("postmaster@chat.a.example").await;
    // Postfix breaks its lines.
    let words: Vec<String> = report
        .body()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let words = words.join(" ");
    let why = "550 5.1.1 no user of this XMPP gateway has that address";
    assert!(words.contains(why), "{words}");
    assert!(!report.body().contains("alice@chat.a.example>: host"));
}

/// A mail that bounces comes to its sender as a report, which is an error of the message.
#[tokio::test]
async fn and_reports_find_the_message_that_they_are_about() {
    let world = World::with(Options::by_lmtp()).await;
    let alice = world.login("alice").await;
    let contact = world.contact("nobody@bounce.example");
    let id = alice.send_message(&contact, "Are you there?").await;
    let error = alice.next_error().await;
    assert_eq!(stanza_id(&error), id);
}

#[tokio::test]
async fn while_the_xmpp_server_is_away_it_waits_with_postfix() {
    let mut world = World::prepare(Flavour::Prosody, Options::by_lmtp())
        .await
        .started()
        .await;
    world.xmpp.stop().await;
    let mail = "From: carol@mail.example\nMessage-ID: <w@mail.example>\n\nWhen you are back\n";
    world.carol_sends(&["alice@chat.a.example"], mail).await;
    while !world.mail.postfix_log().contains("451 4.3") {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world.xmpp.start_again().await;
    let alice = world.login("alice").await;
    alice.next_message_saying("When you are back").await;
}

/// While nobody takes its files nothing of the mail is shown, and nothing of it lost: Postfix keeps it.
// A file is fetched by a thread that waits for it, through a proxy that another one serves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_upload_service_is_away_files_wait_with_postfix() {
    let port = Port::free();
    let uploads = Uploads {
        port: Some(port.number()),
        ..Uploads::default()
    };
    let options = Options {
        uploads,
        ..Options::by_lmtp()
    };
    let mut world = World::prepare(Flavour::Prosody, options).await;
    world.gateway.environment(&[("STANZAMAIL_HURRY", "10")]);
    world.gateway.start_again().await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    let to = "alice@chat.a.example";
    let files: [(&str, &str, &[u8]); 2] = [
        ("a.txt", "text/plain", b"one"),
        ("b.txt", "text/plain", b"two"),
    ];
    world
        .carol_sends(&[to], &mail(to, "w", "Look", &files))
        .await;
    let end = Instant::now() + PATIENCE;
    while !world.mail.postfix_log().contains("450 4.2.1") {
        assert!(Instant::now() < end, "{}", world.mail.postfix_log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let of_adam = "From: carol@mail.example\n\nMeanwhile\n";
    world.carol_sends(&["adam@chat.a.example"], of_adam).await;
    adam.next_message_saying("Meanwhile").await;
    assert_eq!(alice.count_messages(), 0);

    let _proxy = Proxy::at(port, world.xmpp.http_port).await;
    let text = alice.next_message_from(&world.carol()).await;
    assert_eq!(body(&text).as_deref(), Some("Look"));
    for (name, _, octets) in files {
        let found = file(&alice.next_message_from(&world.carol()).await);
        assert_eq!(
            (found.name.as_str(), found.octets.as_slice()),
            (name, octets)
        );
    }
    world.mail.hands_all_on().await;
    assert_eq!(alice.count_messages(), 3);
}

/// It dies when the XMPP server has the stanza and Postfix has no answer: the mail comes again, and is shown once.
#[tokio::test]
async fn a_kill_before_the_answer_loses_and_repeats_nothing() {
    for point in [
        "pipeline: stanzas taken by the server, rows not yet committed",
        "pipeline: rows of mails committed, mailbox not yet told",
    ] {
        let mut world = World::prepare(Flavour::Prosody, Options::by_lmtp()).await;
        let alice = world.login("alice").await;
        world.gateway.environment(&[("STANZAMAIL_CRASH_AT", point)]);
        world.gateway.start_again().await;
        let mail = "From: carol@mail.example\nMessage-ID: <k@mail.example>\n\nOnce\n";
        world.carol_sends(&["alice@chat.a.example"], mail).await;
        assert!(
            world.gateway.died(PATIENCE).await,
            "it did not die: {point}"
        );
        world.gateway.environment(&[]);
        world.gateway.start_again().await;
        world.mail.hands_all_on().await;
        let mail = "From: carol@mail.example\n\nAfter it\n";
        world.carol_sends(&["alice@chat.a.example"], mail).await;
        alice.next_message_saying("After it").await;
        let ids: BTreeSet<String> = alice
            .received()
            .iter()
            .filter(|stanza| body(stanza).as_deref() == Some("Once"))
            .map(stanza_id)
            .collect();
        assert_eq!(ids.len(), 1, "{point}: each time under the same id");
    }
}
