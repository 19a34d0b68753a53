//! Carol answers in Gmail with five letters, and five letters are shown. What she writes between what she quotes stays with
//! it.

use super::servers::stanza::{body, stanza_id};
use super::world::World;

#[tokio::test]
async fn five_letters_of_gmail() {
    let world = World::start().await;
    let alice = world.login("alice").await;

    alice
        .send_message(&world.carol(), "Shall we meet at nine?")
        .await;
    let inbox = world.mailbox("carol@mail.example").await;
    let asked = inbox.wait_mail_saying("Shall we meet").await;
    let id = asked.header("Message-ID").expect("it has an id");
    let answer = |message_id: &str, parts: &str| {
        format!(
            "From: Carol <carol@mail.example>\nTo: alice <alice@chat.a.example>\nSubject: Re: {}\n\
             Message-ID: <{message_id}@mail.example>\nIn-Reply-To: {id}\nReferences: {id}\nMIME-Version: 1.0\n\
             Content-Type: multipart/alternative; boundary=\"000000000000a1b2c3\"\n\n{parts}\n--000000000000a1b2c3--\n",
            asked.subject()
        )
    };
    let both = |plain: &str, html: &str| {
        let part = |kind: &str, text: &str| {
            format!(
                "--000000000000a1b2c3\nContent-Type: text/{kind}; charset=\"UTF-8\"\n\n{text}\n"
            )
        };
        part("plain", plain) + &part("html", html)
    };
    let attribution = "On Mon, Nov 2, 2026 at 10:15 AM alice";
    let top = both(
        &format!(
            "Great\n\n{attribution} <alice@chat.a.example>\nwrote:\n\n> Shall we meet at nine?\n>"
        ),
        &format!(
            "<div dir=\"ltr\">Great</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" class=\"gmail_attr\">\
             {attribution} &lt;alice@chat.a.example&gt; wrote:<br></div><blockquote class=\"gmail_quote\">Shall we meet at nine?<br></blockquote></div>"
        ),
    );
    world
        .carol_sends(&["alice@chat.a.example"], &answer("one", &top))
        .await;
    let shown = alice.next_message_from(&world.carol()).await;
    assert_eq!(body(&shown).as_deref(), Some("Great"));

    let between = both(
        &format!(
            "{attribution} <alice@chat.a.example>\nwrote:\n\n> Shall we meet\n\nYes.\n\n> at nine?\n\nAt ten."
        ),
        "<div>not looked at</div>",
    );
    world
        .carol_sends(&["alice@chat.a.example"], &answer("two", &between))
        .await;
    let shown = alice.next_message_from(&world.carol()).await;
    let text = body(&shown).expect("it has a body");
    for line in ["> Shall we meet", "Yes.", "> at nine?", "At ten."] {
        assert!(text.lines().any(|one| one == line), "{line:?} in {text:?}");
    }
    assert!(!stanza_id(&shown).is_empty());

    // Who wants to see it all says so.
    let gateway = &world.xmpp.gateway;
    alice
        .send_message(gateway, "set quotes keep carol@mail.example")
        .await;
    let said = alice.next_message_from(gateway).await;
    assert!(body(&said).unwrap().contains("are shown"), "{said:?}");
    world
        .carol_sends(
            &["alice@chat.a.example"],
            &answer("three", &top.replace("Great", "Greater")),
        )
        .await;
    let shown = alice.next_message_from(&world.carol()).await;
    let text = body(&shown).expect("it has a body");
    assert!(
        text.contains("Greater") && text.contains("Shall we meet at nine?"),
        "{text}"
    );
}
