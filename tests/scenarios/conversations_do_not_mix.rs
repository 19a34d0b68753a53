//! Two users and two contacts, all writing at once: nobody gets what is for somebody else, and between any two the order
//! stays.

use super::servers::stanza::body;
use super::servers::{Mail, XmppClient, as_accepted};
use super::world::World;

const ROUNDS: usize = 3;
const USERS: [&str; 2] = ["alice", "adam"];
const CONTACTS: [&str; 2] = ["carol", "dave"];

#[tokio::test]
async fn four_conversations_at_once() {
    let world = World::start().await;
    let users = [world.login("alice").await, world.login("adam").await];

    for round in 0..ROUNDS {
        for (user, name) in users.iter().zip(USERS) {
            for contact in CONTACTS {
                let to = world.contact(&format!("{contact}@mail.example"));
                user.send_message(&to, &said(name, contact, round)).await;
                writes(&world, contact, name, round).await;
            }
        }
    }

    for contact in CONTACTS {
        contact_has_only_its_own(&world, contact).await;
    }
    for (user, name) in users.iter().zip(USERS) {
        user_has_only_their_own(&world, user, name).await;
    }
}

fn said(from: &str, to: &str, round: usize) -> String {
    format!("{from} to {to}, {round}")
}

async fn writes(world: &World, contact: &str, user: &str, round: usize) {
    let (from, to) = (
        format!("{contact}@mail.example"),
        format!("{user}@chat.a.example"),
    );
    let text = said(contact, user, round);
    let mail = format!("From: {from}\nTo: {to}\n\n{text}\n");
    world
        .mail
        .submit(&from, &[&to], mail)
        .await
        .expect("Postfix takes it");
}

async fn contact_has_only_its_own(world: &World, contact: &str) {
    let inbox = world.mailbox(&format!("{contact}@mail.example")).await;
    let mails = as_accepted(inbox.wait_for(ROUNDS * USERS.len()).await);
    for name in USERS {
        let is_theirs = |mail: &&Mail| mail.header("From").is_some_and(|from| from.contains(name));
        let texts: Vec<String> = mails.iter().filter(is_theirs).map(text).collect();
        let expected: Vec<String> = (0..ROUNDS).map(|n| said(name, contact, n)).collect();
        assert_eq!(texts, expected, "what {contact} has from {name}");
    }
    assert_eq!(mails.len(), ROUNDS * USERS.len());
}

async fn user_has_only_their_own(world: &World, user: &XmppClient, name: &str) {
    world.mail.hands_all_on().await;
    let arrived = world.bridge().await.all().await;
    for contact in CONTACTS {
        let jid = world.contact(&format!("{contact}@mail.example"));
        let mut read = Vec::new();
        for _ in 0..ROUNDS {
            read.extend(body(&user.next_message_from(&jid).await));
        }
        let is_this = |mail: &&Mail| {
            mail.header("Delivered-To") == Some(format!("{name}@chat.a.example"))
                && mail.header("From") == Some(format!("{contact}@mail.example"))
        };
        let in_the_mailbox: Vec<String> = arrived.iter().filter(is_this).map(text).collect();
        assert_eq!(read, in_the_mailbox, "what {name} has from {contact}");
        let mut sorted = read;
        sorted.sort();
        let expected: Vec<String> = (0..ROUNDS).map(|n| said(contact, name, n)).collect();
        assert_eq!(sorted, expected, "what {name} has from {contact}");
    }
    assert_eq!(user.count_messages(), ROUNDS * CONTACTS.len());
}

fn text(mail: &Mail) -> String {
    mail.body().trim_end().to_owned()
}
