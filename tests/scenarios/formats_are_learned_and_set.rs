//! How mails to a contact are written is found out by itself, by the first invitation already; an admin may say otherwise
//! while the gateway runs; and a person who takes to a mail program is written to as one.

use minidom::Element;

use super::counting::eventually;
use super::friends::{Friends, QUICK, is_there};
use super::servers::stanza::body;
use super::servers::{Gateway, Mail};

#[tokio::test]
async fn by_mail_and_by_command() {
    let mut friends = Friends::meet(QUICK).await;
    learned_from_the_first_invitation(&friends).await;
    set_by_command(&friends).await;
    learned_again_when_that_is_forgotten(&friends).await;
    turned_back_by_a_person_with_a_mail_program(&friends).await;
    and_hears_no_more_of_presence(&mut friends).await;
}

async fn learned_from_the_first_invitation(friends: &Friends) {
    let [a, b] = [&friends.pair.a, &friends.pair.b].map(|side| &side.gateway);
    are_peers(a, &["bob@chat.b.example xmpp learned"]).await;
    are_peers(b, &["alice@chat.a.example xmpp learned"]).await;
    alice_writes(friends, "As a stanza").await;
    assert!(is_for_gateway(&at_b(friends, "As a stanza").await));
}

async fn set_by_command(friends: &Friends) {
    let gateway = &friends.pair.a.gateway;
    run(gateway, &["peer", "set", "chat.b.example", "mail"]).await;
    alice_writes(friends, "As plain text").await;
    assert!(!is_for_gateway(&at_b(friends, "As plain text").await));
    friends.alice.send("<presence><show>away</show></presence>");
    // What Bob's side shows goes against the admin's word, which counts.
    bob_writes(friends, "I have a gateway").await;
    alice_writes(friends, "But I was told").await;
    assert!(!is_for_gateway(&at_b(friends, "But I was told").await));
    let set = [
        "bob@chat.b.example xmpp learned",
        "chat.b.example mail admin",
    ];
    are_peers(gateway, &set).await;
}

async fn learned_again_when_that_is_forgotten(friends: &Friends) {
    let gateway = &friends.pair.a.gateway;
    run(gateway, &["peer", "remove", "chat.b.example"]).await;
    run(gateway, &["peer", "remove", "bob@chat.b.example"]).await;
    alice_writes(friends, "Who are you?").await;
    assert!(!is_for_gateway(&at_b(friends, "Who are you?").await));

    friends
        .alice
        .send("<presence><status>Nobody hears this</status></presence>");
    bob_writes(friends, "Me, as before").await;
    // The gateway asks Alice's server how she is: Bob's may show her again.
    friends.bob_sees_alice("Nobody hears this").await;
    are_peers(gateway, &["bob@chat.b.example xmpp learned"]).await;
    alice_writes(friends, "I see").await;
    assert!(is_for_gateway(&at_b(friends, "I see").await));
}

async fn turned_back_by_a_person_with_a_mail_program(friends: &Friends) {
    let (bob, alice) = ("bob@chat.b.example", "alice@chat.a.example");
    let login = friends.pair.b.account();
    let mail =
        format!("From: Bob <{bob}>\nTo: {alice}\nMessage-ID: <1@webmail>\n\nFrom the beach\n");
    friends
        .pair
        .mail
        .submit_as(&login, bob, &[alice], mail)
        .await;
    let message = friends.alice.next_message_from(&friends.to_bob()).await;
    assert_eq!(body_of(&message), "From the beach");
    // He is there as everybody is who reads mail.
    friends
        .alice
        .expect(is_there(&friends.to_bob(), "by e-mail"))
        .await;
    let gateway = &friends.pair.a.gateway;
    are_peers(gateway, &["bob@chat.b.example mail learned"]).await;

    friends
        .alice
        .send("<presence><status>For nobody</status></presence>");
    alice_writes(friends, "Enjoy it").await;
    assert!(!is_for_gateway(&at_b(friends, "Enjoy it").await));
}

/// Nor is he told by the mails that the gateway makes by itself: at a stop, all whom it has told are.
async fn and_hears_no_more_of_presence(friends: &mut Friends) {
    let before = friends.left_a().len();
    assert_eq!(friends.pair.a.gateway.terminate().await, 0);
    assert_eq!(friends.left_a().len(), before);
}

async fn alice_writes(friends: &Friends, text: &str) {
    let to = friends.to_bob();
    let body = format!("<body>{text}</body>");
    friends
        .alice
        .send(format!("<message to='{to}' type='chat'>{body}</message>"));
    let message = friends.bob.next_message_from(&friends.to_alice()).await;
    assert_eq!(body_of(&message), text);
}

async fn bob_writes(friends: &Friends, text: &str) {
    let to = friends.to_alice();
    let body = format!("<body>{text}</body>");
    friends
        .bob
        .send(format!("<message to='{to}' type='chat'>{body}</message>"));
    let message = friends.alice.next_message_from(&friends.to_bob()).await;
    assert_eq!(body_of(&message), text);
}

/// Without a subject that opens a thread.
fn body_of(message: &Element) -> String {
    let body = body(message).unwrap_or_default();
    body.lines().last().unwrap_or_default().to_owned()
}

/// A mail in the mailbox of Bob's gateway.
async fn at_b(friends: &Friends, text: &str) -> Mail {
    let mailbox = friends.pair.mail.bridge("chat.b.example").await;
    mailbox.wait_mail_saying(text).await
}

fn is_for_gateway(mail: &Mail) -> bool {
    mail.text().contains("application/xmpp+xml")
}

/// A stanza is shown before what its mail taught is kept.
async fn are_peers(gateway: &Gateway, expected: &[&str]) {
    let is_so = async || peers(gateway).await == expected;
    eventually(&format!("the peers are {expected:?}"), is_so).await;
}

/// What `stanzamail peer list` says, without the times.
async fn peers(gateway: &Gateway) -> Vec<String> {
    let list = run(gateway, &["peer", "list"]).await;
    let lines = list.lines().map(|line| {
        let words: Vec<&str> = line.split('\t').take(3).collect();
        words.join(" ")
    });
    lines.collect()
}

async fn run(gateway: &Gateway, arguments: &[&str]) -> String {
    let output = gateway.command(arguments).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
