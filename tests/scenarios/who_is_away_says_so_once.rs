//! A user is away: Carol's first mail is answered by one that says so, her others are not, over restarts and crashes too; nor is
//! one whose sender nobody has verified, a list, or what another program sends. When the user is back, nobody is.

use super::servers::stanza::{body, error_condition, find};
use super::servers::{Flavour, MailOptions, PATIENCE, XmppClient};
use super::world::{AUTHSERV_ID, Options, World};
use stanzamail::core::time::Timestamp;
use std::collections::BTreeSet;

const COMMANDS: &str = "http://jabber.org/protocol/commands";
const FORM: &str = "jabber:x:data";
const CAROL: &str = "carol@mail.example";
const DAVE: &str = "dave@mail.example";

/// Where a crash could bring a second answer.
const POINTS: [&str; 2] = [
    "pipeline: mails decided, stanzas not yet sent",
    "pipeline: stanzas taken by the server, rows not yet committed",
];

#[tokio::test]
async fn on_prosody() {
    by_chat(Flavour::Prosody, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    by_chat(Flavour::Ejabberd, "bob").await;
}

fn verified() -> Options {
    Options {
        more: format!("[trust]\nauthserv_ids = [\"{AUTHSERV_ID}\"]"),
        mail: MailOptions::default().verified(AUTHSERV_ID),
        ..Options::default()
    }
}

async fn says(world: &World, user: &XmppClient, words: &str) -> String {
    let helper = format!("help@{}", world.xmpp.gateway);
    user.send_message(&helper, words).await;
    body(&user.next_message_from(&helper).await).unwrap()
}

/// Reads the message that has these words, whatever stands above them.
async fn hears(user: &XmppClient, words: &str) {
    let has = |stanza: &minidom::Element| body(stanza).is_some_and(|body| body.contains(words));
    user.expect(has, PATIENCE).await;
}

/// A mail that is verified, and arrives.
async fn writes(world: &World, user: &XmppClient, name: &str, from: &str, text: &str, more: &str) {
    let to = format!("{name}@{}", world.mail_domain());
    let date = date();
    let mail = format!("From: {from}\nTo: {to}\nDate: {date}\nSubject: Lunch\n{more}\n{text}\n");
    world.mail.submit_as(from, from, &[&to], mail).await;
    hears(user, text).await;
}

/// What is of nobody knows when is not answered.
fn date() -> String {
    let now = chrono::DateTime::from_timestamp_millis(Timestamp::now().millis());
    now.unwrap().to_rfc2822()
}

/// How many answers have left, to whom. Nothing that was to leave before this is still on its way.
async fn answered(world: &World) -> Vec<String> {
    world.mail.hands_all_on().await;
    let passed = world.mail.passed();
    let automatic = passed.iter().filter(|mail| mail.sender.is_empty());
    automatic.flat_map(|mail| mail.recipients.clone()).collect()
}

async fn by_chat(flavour: Flavour, name: &str) {
    let mut world = World::on(flavour, verified()).await;
    let user = world.login(name).await;
    let said = says(&world, &user, "away I am in the mountains").await;
    assert!(
        said.contains("The answer says: “I am in the mountains”"),
        "{said}"
    );

    // First what is not answered.
    let to = format!("{name}@{}", world.mail_domain());
    let forged = format!("From: {DAVE}\nTo: {to}\n\nNobody verified this\n");
    let sent = world.mail.submit(DAVE, &[&to], forged).await;
    sent.expect("Postfix takes it");
    hears(&user, "Nobody verified this").await;
    writes(
        &world,
        &user,
        name,
        DAVE,
        "From a list",
        "List-Id: <news.mail.example>\n",
    )
    .await;
    writes(
        &world,
        &user,
        name,
        DAVE,
        "From a program",
        "Auto-Submitted: auto-replied\n",
    )
    .await;

    writes(&world, &user, name, CAROL, "Are you there?", "").await;
    let inbox = world.mailbox(CAROL).await;
    let answer = inbox.wait_mail_saying("I am in the mountains").await;
    let raw = String::from_utf8_lossy(&answer.raw);
    for words in [
        "Return-Path: <>",
        "Auto-Submitted: auto-replied",
        "Subject: Auto: Lunch",
        "In-Reply-To: <",
    ] {
        assert!(raw.contains(words), "{words}:\n{raw}");
    }
    writes(&world, &user, name, CAROL, "And now?", "").await;
    world.gateway.kill9();
    world.gateway.start_again().await;
    writes(&world, &user, name, CAROL, "Still not?", "").await;
    assert_eq!(answered(&world).await, [CAROL]);

    assert!(
        says(&world, &user, "back")
            .await
            .starts_with("Welcome back")
    );
    writes(&world, &user, name, DAVE, "I hear you are back", "").await;
    assert_eq!(answered(&world).await, [CAROL]);
}

#[tokio::test]
async fn by_the_menu_and_nobody_twice_after_a_crash() {
    let mut world = World::with(verified()).await;
    let alice = world.login("alice").await;
    let gateway = world.xmpp.gateway.clone();
    let begin = format!("<command xmlns='{COMMANDS}' node='away' action='execute'/>");
    let form = alice.iq("set", Some(&gateway), &begin).await;
    let form = find(&form, "command", COMMANDS).unwrap();
    let session = form.attr("sessionid").unwrap().to_owned();
    let filled = format!(
        "<command xmlns='{COMMANDS}' node='away' sessionid='{session}' action='complete'><x xmlns='{FORM}' type='submit'>\
         <field var='text'><value>I read this</value><value>on Monday.</value></field></x></command>"
    );
    let done = alice.iq("set", Some(&gateway), &filled).await;
    let done = String::from(find(&done, "command", COMMANDS).unwrap());
    assert!(done.contains("I read this\non Monday."), "{done}");

    // The form is sent again, when something else holds: it does nothing.
    assert!(
        says(&world, &alice, "away I am on the train")
            .await
            .contains("on the train")
    );
    let again = alice.iq("set", Some(&gateway), &filled).await;
    assert_eq!(error_condition(&again).as_deref(), Some("not-allowed"));
    assert!(
        String::from(&again).contains("session-expired"),
        "{again:?}"
    );
    // Another one does.
    let form = alice.iq("set", Some(&gateway), &begin).await;
    let form = find(&form, "command", COMMANDS).unwrap();
    let filled = filled.replace(&session, form.attr("sessionid").unwrap());
    let done = alice.iq("set", Some(&gateway), &filled).await;
    assert!(String::from(&done).contains("on Monday."), "{done:?}");

    for (point, who) in POINTS.iter().zip([CAROL, DAVE]) {
        world.gateway.terminate().await;
        world.gateway.environment(&[("STANZAMAIL_CRASH_AT", point)]);
        world.gateway.start_again().await;
        let mail = format!(
            "From: {who}\nTo: alice@chat.a.example\nDate: {}\n\nAre you there, says {who}\n",
            date()
        );
        world
            .mail
            .submit_as(who, who, &["alice@chat.a.example"], mail)
            .await;
        assert!(world.gateway.died(PATIENCE).await, "{point}");
        world.gateway.environment(&[]);
        world.gateway.start_again().await;
        hears(&alice, &format!("says {who}")).await;
        let inbox = world.mailbox(who).await;
        inbox.wait_mail_saying("on Monday.").await;
        // What comes later shows that nothing else is on its way.
        writes(
            &world,
            &alice,
            "alice",
            who,
            &format!("Once more, {who}"),
            "",
        )
        .await;
    }
    // A mail that the mail server took as the process died is sent once more, as any mail is: the same, by its Message-ID.
    world.mail.hands_all_on().await;
    for who in [CAROL, DAVE] {
        let mails = world.mailbox(who).await.all().await;
        let answers = mails
            .iter()
            .filter(|mail| mail.text().contains("on Monday."));
        let different: BTreeSet<String> = answers.map(|mail| mail.message_id()).collect();
        assert_eq!(different.len(), 1, "{who}: {different:?}");
    }
}

/// The status says so, as far as the gateway is allowed to see it.
async fn by_status(flavour: Flavour, name: &str) {
    let world = World::on(flavour, verified()).await;
    let user = world.login(name).await;
    let helper = format!("help@{}", world.xmpp.gateway);
    let said = says(&world, &user, "set away-on-xa on").await;
    assert!(said.contains("allow that in your chat program"), "{said}");
    user.next_presence_from(&helper, "subscribe").await;
    user.send_presence(&helper, "subscribed").await;
    user.send("<presence><show>xa</show><status>On Corfu</status></presence>")
        .await;
    let away = "You are away, as your status says";
    for _ in 0..50 {
        if says(&world, &user, "options").await.starts_with(away) {
            break;
        }
    }
    writes(&world, &user, name, CAROL, "Are you there?", "").await;
    let inbox = world.mailbox(CAROL).await;
    inbox.wait_mail_saying("On Corfu").await;
    user.send("<presence/>").await;
    for _ in 0..50 {
        if !says(&world, &user, "options").await.starts_with(away) {
            break;
        }
    }
    writes(&world, &user, name, DAVE, "I hear you are back", "").await;
    assert_eq!(answered(&world).await, [CAROL]);
}

#[tokio::test]
async fn by_status_on_prosody() {
    by_status(Flavour::Prosody, "alice").await;
}

#[tokio::test]
async fn by_status_on_ejabberd() {
    by_status(Flavour::Ejabberd, "bob").await;
}

/// Who does not let the gateway see the status is told what that means; and who is forgotten is not watched any more.
async fn by_a_status_that_may_not_be_seen(flavour: Flavour, name: &str) {
    let world = World::on(flavour, verified()).await;
    let user = world.login(name).await;
    let helper = format!("help@{}", world.xmpp.gateway);
    says(&world, &user, "set away-on-xa on").await;
    user.next_presence_from(&helper, "subscribe").await;
    let open = says(&world, &user, "options").await;
    let waits = format!("allow the contact request of {helper}");
    assert!(open.contains(&waits), "{open}");
    user.send_presence(&helper, "unsubscribed").await;
    hears(&user, "The gateway may not see your status").await;
    let off = says(&world, &user, "options").await;
    assert!(off.contains("away-on-xa · off"), "{off}");

    says(&world, &user, "set away-on-xa on").await;
    user.next_presence_from(&helper, "subscribe").await;
    user.send_presence(&helper, "subscribed").await;
    for _ in 0..50 {
        if !says(&world, &user, "options").await.contains(&waits) {
            break;
        }
    }
    let open = says(&world, &user, "options").await;
    assert!(!open.contains(&waits), "{open}");
    // Servers send what becomes of a contact to those who have asked for the roster.
    user.roster().await;
    user.send_message(&helper, "forget me yes").await;
    hears(&user, "is deleted").await;
    user.next_presence_from(&helper, "unsubscribe").await;
}

#[tokio::test]
async fn by_a_status_that_may_not_be_seen_on_prosody() {
    by_a_status_that_may_not_be_seen(Flavour::Prosody, "alice").await;
}

#[tokio::test]
async fn by_a_status_that_may_not_be_seen_on_ejabberd() {
    by_a_status_that_may_not_be_seen(Flavour::Ejabberd, "bob").await;
}

#[tokio::test]
async fn and_hears_where_nobody_would_be_answered() {
    let options = Options {
        more: "[users]\ncontact = [\"mailto:admin@a.example\"]".to_owned(),
        ..Options::default()
    };
    let world = World::with(options).await;
    let alice = world.login("alice").await;
    let said = says(&world, &alice, "away til monday I ski").await;
    assert!(
        said.contains("nobody is answered as things are")
            && said.contains("mailto:admin@a.example")
            && said.contains(" (Mon)"),
        "{said}"
    );
}
