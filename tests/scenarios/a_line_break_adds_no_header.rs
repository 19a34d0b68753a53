//! A line break in a name or a subject, sent through a real server, adds neither a header nor a recipient.

use super::servers::{Mail, MailOptions};
use super::world::{Options, World};

const TRICK: &str = "&#13;&#10;Bcc: eve@mail.example&#13;&#10;X-Evil: yes&#13;&#10;&#13;&#10;";

#[tokio::test]
async fn in_nick_subject_id_or_thread() {
    let options = Options {
        mail: MailOptions::default().person("eve@mail.example"),
        ..Options::default()
    };
    let world = World::with(options).await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;

    alice
        .send(format!(
            "<message type='chat' to='{to}' id='1{TRICK}'><subject>Tea{TRICK}</subject>\
             <nick xmlns='http://jabber.org/protocol/nick'>Alice{TRICK}</nick>\
             <thread>t{TRICK}</thread><body>At five?</body></message>",
            to = world.carol()
        ))
        .await;
    let mail = inbox.wait_mail_saying("At five?").await;
    is_harmless(&mail);
    assert_eq!(
        mail.subject(),
        "Tea Bcc: eve@mail.example X-Evil: yes",
        "it is all in the one line"
    );

    let invitation = format!(
        "<presence type='subscribe' to='{to}'>\
         <nick xmlns='http://jabber.org/protocol/nick'>Alice{TRICK}</nick></presence>",
        to = world.contact("dave@mail.example")
    );
    alice.send(invitation).await;
    let daves = world.mailbox("dave@mail.example").await;
    is_harmless(&daves.wait_for(1).await[0]);

    assert_eq!(world.mail.attempts_for("eve@mail.example"), 0);
    let eves = world.mailbox("eve@mail.example").await;
    world.mail.hands_all_on().await;
    assert_eq!(eves.count().await, 0);
}

fn is_harmless(mail: &Mail) {
    let text = mail.text();
    for absent in ["Bcc", "X-Evil"] {
        assert_eq!(mail.header(absent), None, "{text}");
    }
    for once in ["From", "To", "Subject", "Message-ID", "Content-Type"] {
        assert_eq!(mail.headers(once).len(), 1, "{once} in:\n{text}");
    }
    let parsed = mail.parsed();
    let from = parsed.from().expect("it has a sender");
    assert_eq!(from.iter().count(), 1, "{text}");
    assert_eq!(
        from.first().and_then(|one| one.address()),
        Some("alice@chat.a.example"),
        "{text}"
    );
}
