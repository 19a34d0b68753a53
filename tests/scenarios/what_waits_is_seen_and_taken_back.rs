//! A user looks at the own mails that wait, takes one back and has another one tried, by chat and by a client's menu. Another
//! user who knows their names learns nothing of them.

use super::counting::eventually;
use super::servers::stanza::{body, escape, find};
use super::servers::{Flavour, XmppClient};
use super::world::{Options, World};

const COMMANDS: &str = "http://jabber.org/protocol/commands";
const FORM: &str = "jabber:x:data";

#[tokio::test]
async fn on_prosody() {
    let world = World::start().await;
    let adam = world.login("adam").await;
    wait(&world, "alice", Some(&adam)).await;
}

#[tokio::test]
async fn on_ejabberd() {
    let world = World::on(Flavour::Ejabberd, Options::default()).await;
    wait(&world, "bob", None).await;
}

async fn wait(world: &World, name: &str, other: Option<&XmppClient>) {
    let user = world.login(name).await;
    let helper = format!("help@{}", world.xmpp.gateway);
    let inbox = world.mailbox("carol@mail.example").await;
    let asks = async |who: &XmppClient, words: &str| {
        who.send_message(&helper, words).await;
        body(&who.next_message_from(&helper).await).unwrap()
    };
    let nothing = asks(&user, "waiting").await;
    assert!(nothing.starts_with("Nothing waits"), "{nothing}");

    world
        .mail
        .refuse("carol@mail.example", "450 4.2.0 mailbox is busy");
    for text in ["The first", "The second", "The third"] {
        user.send_message(&world.carol(), text).await;
    }
    eventually("the first was tried, and all wait", async || {
        let words = asks(&user, "waiting").await;
        words.contains("mailbox is busy”") && words.starts_with("3 of your mails wait.")
    })
    .await;
    let words = asks(&user, "waiting").await;
    let line = |text: &str| {
        let line = words
            .lines()
            .find(|line| line.contains(&format!("“{text}”")));
        line.unwrap_or_else(|| panic!("{words}"))
    };
    let called = |text: &str| line(text).split(' ').nth(1).unwrap().to_owned();
    assert!(
        line("The first").contains("to carol@mail.example"),
        "{words}"
    );
    if let Some(other) = other {
        let id = called("The first");
        for command in ["cancel", "send now"] {
            let of_hers = asks(other, &format!("{command} {id}")).await;
            let of_nobody = asks(other, &format!("{command} 0a0a0a")).await;
            assert_eq!(of_hers.replace(&id, "0a0a0a"), of_nobody);
        }
        let none = asks(other, "waiting").await;
        assert!(none.starts_with("Nothing waits"), "{none}");
    }

    let first = called("The first");
    eventually("the first is taken back between two attempts", async || {
        let words = asks(&user, &format!("cancel {first}")).await;
        words.contains("is taken back; it was not sent")
    })
    .await;
    let second = called("The second");
    eventually("the second is taken back by the menu", async || {
        taken_back_by_the_menu(world, &user, &second).await
    })
    .await;
    world.mail.accept("carol@mail.example");
    let third = called("The third");
    eventually("the third is tried now", async || {
        asks(&user, &format!("send now {third}")).await;
        inbox.count().await == 1
    })
    .await;
    inbox.wait_mail_saying("The third").await;
    eventually("nothing waits any more", async || {
        let words = asks(&user, "waiting").await;
        words.starts_with("Nothing waits")
    })
    .await;
    assert_eq!(inbox.count().await, 1, "what was taken back was not sent");
}

async fn taken_back_by_the_menu(world: &World, user: &XmppClient, id: &str) -> bool {
    let gateway = &world.xmpp.gateway;
    let command = format!("<command xmlns='{COMMANDS}' node='cancel' action='execute'/>");
    let form = user.iq("set", Some(gateway), &command).await;
    let form = find(&form, "command", COMMANDS).unwrap();
    let shown = String::from(form);
    assert!(shown.contains(&format!("<value>{id}</value>")), "{shown}");
    let session = form.attr("sessionid").unwrap();
    let command = format!(
        "<command xmlns='{COMMANDS}' node='cancel' sessionid='{}' action='complete'><x xmlns='{FORM}' type='submit'>\
         <field var='mail'><value>{id}</value></field></x></command>",
        escape(session)
    );
    let done = user.iq("set", Some(gateway), &command).await;
    let done = find(&done, "command", COMMANDS).unwrap();
    String::from(done).contains("is taken back; it was not sent")
}
