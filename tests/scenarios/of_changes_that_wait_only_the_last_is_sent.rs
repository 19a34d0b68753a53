//! The mail server is down while Alice comes and goes ten times: her presence that waits is replaced by the next. When it
//! is back, one mail tells Bob how she is now, and what she wrote meanwhile comes as well.

use stanzamail::core::job::ComposedMail;
use stanzamail::store::spool::Spool;

use super::counting::eventually;
use super::friends::{Friends, QUICK, seen_of};
use super::servers::stanza::body;

#[tokio::test]
async fn while_the_mail_server_is_down() {
    let mut friends = Friends::meet(QUICK).await;
    let (to_alice, to_bob) = (friends.to_alice(), friends.to_bob());
    let before = (friends.left_a().len(), friends.bob.received().len());

    friends.pair.mail.stop_postfix().await;
    for number in 1..=5 {
        friends.alice.send("<presence type='unavailable'/>");
        waits(&friends, "alice is offline").await;
        let status = format!("<status>{number}</status>");
        friends.alice.send(format!("<presence>{status}</presence>"));
        waits(&friends, &status).await;
        if number == 3 {
            let words = "<body>Are you there?</body>";
            friends.alice.send(format!(
                "<message to='{to_bob}' type='chat'>{words}</message>"
            ));
        }
    }
    spool_holds(&friends, 2).await;

    friends.pair.mail.start_postfix().await;
    friends.pair.a.gateway.signal("USR1");
    friends.bob_sees_alice("5").await;
    let message = friends.bob.next_message_from(&to_alice).await;
    assert_eq!(body(&message).as_deref(), Some("Are you there?"));
    spool_holds(&friends, 0).await;
    assert_eq!(friends.left_a().len(), before.0 + 2);
    let seen = seen_of(&friends.bob, &to_alice, before.1);
    assert_eq!(seen, ["there 5"]);
}

fn waiting(friends: &Friends) -> Vec<String> {
    let spool = friends.pair.a.gateway.folder().join("store/spool");
    let mails = Spool::look_at_mails(&spool).unwrap_or_default();
    let text = |mail: &ComposedMail| String::from_utf8_lossy(&mail.bytes).into_owned();
    mails.iter().map(text).collect()
}

/// Waits until a mail waits that has this in its stanza.
async fn waits(friends: &Friends, text: &str) {
    eventually("the newest presence waits", async || {
        waiting(friends).iter().any(|mail| mail.contains(text))
    })
    .await;
}

async fn spool_holds(friends: &Friends, mails: usize) {
    eventually("the spool holds as many mails as it should", async || {
        waiting(friends).len() == mails
    })
    .await;
}
