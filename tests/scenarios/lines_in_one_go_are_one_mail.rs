//! Alice writes several lines in one go: Carol gets one mail, and what Alice corrects or takes back meanwhile she never sees. A
//! kill within the window loses nothing, and a stop sends what waits.

use super::counting::eventually;
use super::servers::stanza::{body, error_condition, find, from};
use super::servers::{Flavour, PATIENCE, XmppClient};
use super::world::{Options, World};
use stanzamail::store::spool::Spool;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const RECEIPTS: &str = "urn:xmpp:receipts";

fn gathering(pause: &str) -> Options {
    Options {
        more: format!("[messages]\ngather = \"{pause}\""),
        ..Options::default()
    }
}

/// Sends a message that asks for a receipt.
async fn say(user: &XmppClient, to: &str, id: &str, content: &str) {
    let message = format!(
        "<message type='chat' to='{to}' id='{id}'>{content}<request xmlns='{RECEIPTS}'/></message>"
    );
    user.send(message).await;
}

/// The ids of which the user has a receipt.
fn receipts(user: &XmppClient) -> Vec<String> {
    let received = user.received();
    let ids = received.iter().filter_map(|stanza| {
        let receipt = find(stanza, "received", RECEIPTS)?;
        receipt.attr("id").map(str::to_owned)
    });
    ids.collect()
}

async fn has_receipts(user: &XmppClient, ids: &[&str]) {
    let wanted: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    eventually("each line has its receipt", async || {
        receipts(user).into_iter().collect::<BTreeSet<_>>() == wanted
    })
    .await;
    assert_eq!(receipts(user).len(), ids.len(), "one each");
}

fn text(mail: &super::servers::Mail) -> String {
    mail.body().replace("\r\n", "\n").trim_end().to_owned()
}

#[tokio::test]
async fn with_a_receipt_for_each() {
    let world = World::with(gathering("2s")).await;
    let alice = world.login("alice").await;
    let carol = world.carol();
    let inbox = world.mailbox("carol@mail.example").await;
    for (id, line) in [
        ("m1", "Hello Carol"),
        ("m2", "Lunch at noon?"),
        ("m3", "I pay"),
    ] {
        say(&alice, &carol, id, &format!("<body>{line}</body>")).await;
    }
    let last = Instant::now();
    let mail = inbox.wait_mail_saying("I pay").await;
    println!("the mail came {:.2?} after the last line", last.elapsed());
    assert!(
        last.elapsed() >= Duration::from_millis(1500),
        "it waits for more"
    );
    assert_eq!(text(&mail), "Hello Carol\nLunch at noon?\nI pay");
    has_receipts(&alice, &["m1", "m2", "m3"]).await;
    assert_eq!(world.carol_has().await.len(), 1);

    // A bounce that comes later is an error on each of them, and one message.
    let nobody = world.contact("gone@bounce.example");
    for id in ["n1", "n2"] {
        say(&alice, &nobody, id, "<body>Are you there?</body>").await;
    }
    let mut failed = BTreeSet::new();
    while failed.len() < 2 {
        let error = alice.next_error().await;
        assert_eq!(error_condition(&error).as_deref(), Some("item-not-found"));
        failed.insert(error.attr("id").unwrap().to_owned());
    }
    let is_words = |stanza: &minidom::Element| {
        from(stanza) == nobody && body(stanza).is_some_and(|words| words.contains("Not delivered"))
    };
    let received = alice.received();
    assert_eq!(received.iter().filter(|one| is_words(one)).count(), 1);
}

#[tokio::test]
async fn as_it_is_when_it_leaves() {
    let world = World::on(Flavour::Ejabberd, gathering("4s")).await;
    let bob = world.login("bob").await;
    let carol = world.carol();
    let inbox = world.mailbox("carol@mail.example").await;
    for (id, line) in [
        ("m1", "See you on Tuseday"),
        ("m2", "I am angry"),
        ("m3", "Bye"),
    ] {
        say(&bob, &carol, id, &format!("<body>{line}</body>")).await;
    }
    say(
        &bob,
        &carol,
        "m4",
        "<body>See you on Tuesday</body><replace xmlns='urn:xmpp:message-correct:0' id='m1'/>",
    )
    .await;
    bob.send(format!("<message type='chat' to='{carol}' id='t1'><body>/me retracted a message</body><retract xmlns='urn:xmpp:message-retract:1' id='m2'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/></message>")).await;
    let mail = inbox.wait_mail_saying("Bye").await;
    assert_eq!(text(&mail), "See you on Tuesday\nBye");
    has_receipts(&bob, &["m1", "m3", "m4"]).await;

    // One that is all taken back is no mail, and who has gone does not wait.
    say(&bob, &carol, "m5", "<body>Oh no</body>").await;
    bob.send(format!("<message type='chat' to='{carol}' id='t2'><retract xmlns='urn:xmpp:message-retract:1' id='m5'/></message>")).await;
    say(&bob, &carol, "m6", "<body>Good night</body>").await;
    let sent = Instant::now();
    bob.send(format!("<message type='chat' to='{carol}' id='s1'><gone xmlns='http://jabber.org/protocol/chatstates'/></message>")).await;
    let mail = inbox.wait_mail_saying("Good night").await;
    println!(
        "the mail came {:.2?} after the user had gone",
        sent.elapsed()
    );
    has_receipts(&bob, &["m1", "m3", "m4", "m6"]).await;
    assert!(
        mail.subject().starts_with("Re: Chat with"),
        "{}",
        mail.subject()
    );
    let all = world.carol_has().await;
    let texts: Vec<String> = all.iter().map(text).collect();
    assert!(
        !texts
            .iter()
            .any(|text| text.contains("Oh no") || text.contains("angry")),
        "{texts:?}"
    );
}

#[tokio::test]
async fn over_a_kill_and_a_stop() {
    let mut world = World::with(gathering("5s")).await;
    let alice = world.login("alice").await;
    let carol = world.carol();
    let inbox = world.mailbox("carol@mail.example").await;
    let spool = world.gateway.folder().join("store/spool");
    let lines = async |count: usize| {
        eventually("the lines lie in the spool", async || {
            let jobs = Spool::look(&spool).unwrap_or_default();
            let drafts = jobs.iter().filter_map(|job| job.draft.as_ref());
            drafts.map(|draft| draft.lines.len()).sum::<usize>() == count
        })
        .await;
    };
    for id in ["m1", "m2"] {
        say(&alice, &carol, id, &format!("<body>line {id}</body>")).await;
    }
    lines(2).await;
    world.gateway.kill9();
    world.gateway.start_again().await;
    say(&alice, &carol, "m3", "<body>line m3</body>").await;
    let mail = inbox.wait_mail_saying("line m1").await;
    assert!(
        text(&mail).starts_with("line m1\nline m2"),
        "{}",
        text(&mail)
    );
    inbox.wait_mail_saying("line m3").await;
    has_receipts(&alice, &["m1", "m2", "m3"]).await;

    say(&alice, &carol, "m4", "<body>line m4</body>").await;
    lines(1).await;
    let stopped = Instant::now();
    world.gateway.terminate().await;
    inbox.wait_mail_saying("line m4").await;
    assert!(stopped.elapsed() < PATIENCE);
    lines(0).await;
    let mails = world.carol_has().await;
    for id in ["m1", "m2", "m3", "m4"] {
        let holds = |mail: &&super::servers::Mail| text(mail).contains(&format!("line {id}"));
        assert_eq!(mails.iter().filter(holds).count(), 1, "{id} is in one mail");
    }
}
