//! Who adds a contact invites it by one mail. An answer accepts, the word `no` refuses, an automatic answer does neither.

use super::servers::stanza::{show, status};
use super::servers::xmpp_client::RosterItem;
use super::servers::{Flavour, RealMailClient, XmppClient};
use super::world::{Options, World};

#[tokio::test]
async fn on_prosody() {
    invite(World::start().await, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    invite(
        World::on(Flavour::Ejabberd, Options::default()).await,
        "bob",
    )
    .await;
}

async fn invite(world: World, name: &str) {
    let user = world.login(name).await;
    user.roster().await; // who asks for the roster is told what changes in it
    carol_is_invited_once(&world, &user, name).await;
    an_automatic_answer_does_not_accept(&world, &user).await;
    her_answer_accepts(&world, &user).await;
    daves_no_refuses(&world, &user).await;
}

async fn carol_is_invited_once(world: &World, user: &XmppClient, name: &str) {
    let inbox = world.mailbox("carol@mail.example").await;
    user.send_presence(&world.carol(), "subscribe").await;
    let invitation = inbox.wait_for(1).await.remove(0);
    assert_eq!(
        invitation.subject(),
        format!("{name} would like to chat with you")
    );
    assert!(
        invitation
            .header("Auto-Submitted")
            .is_some_and(|value| value.starts_with("auto-generated"))
    );

    user.send_presence(&world.carol(), "subscribe").await;
    user.send_message(&world.carol(), "Did you get my invitation?")
        .await;
    // Mails to one contact are handed over in order: a second invitation would be here when Postfix has no more mail.
    let message = inbox.wait_mail_saying("Did you get my invitation?").await;
    world.mail.hands_all_on().await;
    assert_eq!(inbox.count().await, 2, "one invitation, one message");
    assert_eq!(message.header("Auto-Submitted"), None);
    assert!(item(user, &world.carol()).await.asked);
}

async fn an_automatic_answer_does_not_accept(world: &World, user: &XmppClient) {
    let to = format!("{}@{}", local(user), world.mail_domain());
    let mail = format!(
        "From: carol@mail.example\nTo: {to}\nAuto-Submitted: auto-replied\n\nI am on holiday\n"
    );
    world.carol_sends(&[&to], &mail).await;
    user.next_message_saying("I am on holiday").await;
    let carol = item(user, &world.carol()).await;
    assert!(carol.asked && carol.subscription == "none", "{carol:?}");
}

async fn her_answer_accepts(world: &World, user: &XmppClient) {
    let inbox = world.mailbox("carol@mail.example").await;
    let invitation = inbox.all().await.remove(0);
    let carol = RealMailClient::new(world.mail.smtp_port, "carol@mail.example");
    carol.reply(&invitation.raw, "With pleasure").await;

    user.next_presence_from(&world.carol(), "subscribed").await;
    let there = user.next_presence_from(&world.carol(), "").await;
    assert_eq!(status(&there).as_deref(), Some("by e-mail"));
    assert_eq!(show(&there), None);
    user.next_message_from(&world.carol()).await;
    let carol = item(user, &world.carol()).await;
    assert!(!carol.asked && carol.subscription == "to", "{carol:?}");
}

async fn daves_no_refuses(world: &World, user: &XmppClient) {
    let dave_jid = world.contact("dave@mail.example");
    let inbox = world.mailbox("dave@mail.example").await;
    user.send_presence(&dave_jid, "subscribe").await;
    let invitation = inbox.wait_for(1).await.remove(0);
    assert!(item(user, &dave_jid).await.asked);
    let dave = RealMailClient::new(world.mail.smtp_port, "dave@mail.example");
    dave.reply(&invitation.raw, "No.").await;

    user.next_presence_from(&dave_jid, "unsubscribed").await;
    let dave = item(user, &dave_jid).await;
    assert!(!dave.asked && dave.subscription == "none", "{dave:?}");
}

async fn item(user: &XmppClient, jid: &str) -> RosterItem {
    let roster = user.roster().await;
    let found = roster.iter().find(|item| item.jid == jid);
    found
        .unwrap_or_else(|| panic!("{jid} is not in the roster: {roster:?}"))
        .clone()
}

fn local(user: &XmppClient) -> &str {
    user.bare().split('@').next().unwrap_or_default()
}
