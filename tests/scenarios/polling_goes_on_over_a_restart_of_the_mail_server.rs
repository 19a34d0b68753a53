//! Without IDLE the gateway looks every five seconds. GreenMail, restarted, has lost every mail and changed every UIDVALIDITY:
//! the gateway goes on.

use super::counting::{mail, texts};
use super::servers::stanza::contact;
use super::servers::{Gateway, GreenMail, PATIENCE, Prosody, XmppOptions};
use super::world::{Options, PROGRAM, config};

#[tokio::test]
async fn on_greenmail() {
    let users = ["bridge@chat.a.example", "carol@mail.example"];
    let (xmpp, mut server) =
        tokio::join!(Prosody::start(XmppOptions::a()), GreenMail::start(&users));
    let options = Options {
        mailbox: "idle = false\npoll = \"5s\"".into(),
        ..Options::default()
    };
    let config = config(&xmpp, (server.smtp_port, server.imap_port), &options)
        .replace("mail = \"{local}@chat", "mail = \"bridge+{local}@chat");
    let mut gateway = Gateway::start(PROGRAM, &config).await;
    let alice = xmpp.login("alice").await;
    let to = ["bridge+alice@chat.a.example"];
    let carol_says = |text: &str| mail(text).replace("To: alice@", "To: bridge+alice@");

    for text in ["one", "two"] {
        server
            .submit("carol@mail.example", &to, carol_says(text))
            .await
            .expect("GreenMail takes Carol's mail");
        alice.next_message_saying(text).await;
    }

    server.restart().await;
    for text in ["three", "four"] {
        server
            .submit("carol@mail.example", &to, carol_says(text))
            .await
            .expect("GreenMail takes Carol's mail");
        alice.next_message_saying(text).await;
    }
    assert_eq!(texts(&alice), ["one", "two", "three", "four"]);

    let carol = contact("carol@mail.example", &xmpp.gateway);
    alice.send_message(&carol, "still there?").await;
    let inbox = server.mailbox("carol@mail.example").await;
    inbox.wait_mail_saying("still there?").await;
    assert!(gateway.running());
    assert_eq!(texts(&alice).len(), 4, "within {PATIENCE:?}");
}
