//! A gateway is killed and can tell nobody: its users are there for the other side until what was said last is over, and
//! not longer. When it is back they are there again, and nothing old that comes late changes that.

use std::time::Duration;

use super::friends::{BRIEF, Friends, is_there, seen_of};
use super::servers::stanza::status;
use super::servers::{Mail, Passed};

#[tokio::test]
async fn and_nothing_old_comes_true_again() {
    let mut friends = Friends::meet(BRIEF).await;
    friends
        .alice
        .send("<presence><status>Gone fishing</status></presence>");
    friends.bob_sees_alice("Gone fishing").await;
    friends
        .alice
        .send("<presence><status>Back again</status></presence>");
    friends.bob_sees_alice("Back again").await;

    friends.pair.a.gateway.kill9();
    let said: Passed = friends.left_a().pop().expect("it has said something");
    friends.bob_sees_alice_go().await;
    let held = said.at.elapsed();
    assert!(
        held > Duration::from_secs(9),
        "it was over after {held:?} already"
    );
    assert!(
        held < Duration::from_secs(15),
        "it was over after {held:?} only"
    );

    friends.pair.a.gateway.start_again().await;
    friends.bob_sees_alice("Back again").await;
    an_old_one_comes_late(&friends).await;
}

/// Nobody has told the gateway so: it asks when it is back.
#[tokio::test]
async fn who_left_meanwhile_is_gone() {
    let mut friends = Friends::meet(&BRIEF.replace("10s", "24s")).await;
    let before = friends.left_a().len();
    friends.pair.a.gateway.kill9();
    friends.alice.logout().await;
    friends.pair.a.gateway.start_again().await;
    friends.bob_sees_alice_go().await;
    assert_eq!(friends.left_a().len(), before + 1, "a mail said so");
}

/// As the mailbox has it, with the login of the gateway that wrote it; and once more under a name of its own.
async fn an_old_one_comes_late(friends: &Friends) {
    let mailbox = friends.pair.mail.bridge("chat.b.example").await;
    let old = mailbox.wait_mail_saying("Gone fishing").await;
    let before = friends.bob.received().len();
    resubmit(friends, &as_it_was_sent(&old)).await;
    let renamed = as_it_was_sent(&old).replacen("Message-ID: <", "Message-ID: <again-", 1);
    resubmit(friends, &renamed).await;
    let gateway = &friends.pair.b.gateway;
    gateway
        .wait_log("is ignored: it is older than what is known")
        .await;

    friends
        .alice
        .send("<presence><status>Still here</status></presence>");
    friends.bob_sees_alice("Still here").await;
    let seen = seen_of(&friends.bob, &friends.to_alice(), before);
    assert!(
        seen.iter().all(|seen| seen != "there Gone fishing"),
        "{seen:?}"
    );

    // Whoever asks now is told the newest.
    let phone = friends.pair.b.login("bob").await;
    let seen = phone.next_presence_from(&friends.to_alice(), "").await;
    assert_eq!(status(&seen).as_deref(), Some("Still here"));
    assert!(is_there(&friends.to_alice(), "Still here")(&seen));
}

async fn resubmit(friends: &Friends, mail: &str) {
    let (alice, bob) = ("alice@chat.a.example", "bob@chat.b.example");
    let login = friends.pair.a.account();
    friends
        .pair
        .mail
        .submit_as(&login, alice, &[bob], mail)
        .await;
}

/// Without what the mail servers have added on top.
fn as_it_was_sent(mail: &Mail) -> String {
    let text = mail.text();
    let header = text.find("\r\n\r\n").expect("a mail has a body");
    let start = [
        "From: ",
        "Message-ID: ",
        "Date: ",
        "MIME-Version: ",
        "XMPP-Bridge: ",
    ]
    .iter()
    .filter_map(|name| text[..header].find(&format!("\n{name}")))
    .min();
    text[start.expect("a mail has a header") + 1..].to_owned()
}
