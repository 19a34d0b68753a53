//! Alice wants to be forgotten: what she has, what waits of hers and what is kept of her mails is gone, and nothing of Adam's. What she
//! writes and gets afterwards begins anew.

use super::counting::eventually;
use super::servers::stanza::body;
use super::servers::{Flavour, PATIENCE, XmppClient};
use super::world::{Options, World};
use stanzamail::failpoints::FORGET_POINTS;
use std::process::Output;

const ALICE: &str = "alice@a.example";
const QUOTING: &str = "Great\n\nOn Mon, Nov 2, 2026 at 10:15 AM alice <alice@chat.a.example>\nwrote:\n\n> Shall we meet at nine?\n>";

fn keeping() -> Options {
    Options {
        store: "originals = \"7d\"".to_owned(),
        ..Options::default()
    }
}

/// On the standard error: what reads the lines gets none.
const NOTHING_WAITS: &str = "nothing waits to be sent, and nothing is in quarantine\n";

async fn lines(world: &World, words: &[&str]) -> String {
    let Output { stdout, .. } = world.gateway.command(words).await;
    String::from_utf8(stdout).unwrap()
}

async fn typed(world: &World, words: &[&str]) -> String {
    let Output { stdout, stderr, .. } = world.gateway.command(words).await;
    format!(
        "{}{}",
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap()
    )
}

/// The rows of the store that name somebody.
async fn rows_of(world: &World, user: &str) -> Vec<String> {
    let all = typed(world, &["map", "export"]).await;
    let names = |line: &&str| line.contains(user);
    all.lines().filter(names).map(str::to_owned).collect()
}

fn kept(world: &World) -> usize {
    let folder = world.gateway.folder().join("store/originals");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

async fn says(world: &World, user: &XmppClient, words: &str) -> String {
    let helper = format!("help@{}", world.xmpp.gateway);
    user.send_message(&helper, words).await;
    body(&user.next_message_from(&helper).await).unwrap()
}

async fn converse(world: &World, user: &XmppClient, name: &str, id: u8) {
    let text = format!("Shall we meet at nine? {id}");
    user.send_message(&world.carol(), &text).await;
    eventually("the message arrives", async || {
        let mails = world.carol_has().await;
        mails.iter().any(|mail| mail.body().trim() == text)
    })
    .await;
    let address = format!("{name}@chat.a.example");
    let mail = format!(
        "From: Carol <carol@mail.example>\nTo: {name} <{address}>\nSubject: Lunch\n\
         Message-ID: <{id}@mail.example>\n\n{QUOTING}\n"
    );
    world.carol_sends(&[&address], &mail).await;
    user.next_message_from(&world.carol()).await;
}

/// A message to Dave waits, since his mail server is busy.
async fn write_to_dave(world: &World, user: &XmppClient) {
    world
        .mail
        .refuse("dave@mail.example", "450 4.2.0 mailbox is busy");
    let dave = world.contact("dave@mail.example");
    user.send_message(&dave, "Are you there?").await;
    eventually("the message to Dave waits", async || {
        let list = typed(world, &["queue", "list"]).await;
        list.contains("dave@mail.example") && list.contains("mailbox is busy")
    })
    .await;
}

#[tokio::test]
async fn as_she_wishes() {
    let options = Options {
        more: "[contacts]\nstrangers = \"mark\"".to_owned(),
        ..keeping()
    };
    let world = World::with(options).await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    converse(&world, &alice, "alice", 1).await;
    converse(&world, &adam, "adam", 2).await;
    let carol = world.carol();
    // Servers send roster changes to those who have asked for it.
    alice.roster().await;
    alice.send_presence(&carol, "subscribe").await;
    alice.next_presence_from(&carol, "subscribed").await;
    says(&world, &alice, "set quotes keep dave@mail.example").await;
    says(&world, &alice, "set bulk drop").await;
    write_to_dave(&world, &alice).await;

    let list = typed(&world, &["users", "list"]).await;
    assert!(
        list.starts_with("adam@a.example\t1\t20") && list.contains(&format!("\n{ALICE}\t2\t20")),
        "{list}"
    );
    let shown = typed(&world, &["users", "show", ALICE]).await;
    for fact in [
        "mail address: alice@chat.a.example (rule)\n",
        "options for all contacts: bulk=drop\n",
        "contacts: 2\n",
        "mails kept as they came: 1\n",
        "mails that wait to be sent: 1\n",
    ] {
        assert!(shown.contains(fact), "{fact} in {shown}");
    }
    assert!(
        !shown.contains("nine") && !shown.contains("carol"),
        "{shown}"
    );
    assert_eq!(kept(&world), 2);
    let of_adam = rows_of(&world, "adam@a.example").await;

    let asked = says(&world, &alice, "forget me").await;
    assert!(asked.contains("write: forget me yes"), "{asked}");
    assert!(!rows_of(&world, ALICE).await.is_empty());
    let done = says(&world, &alice, "forget me yes").await;
    assert!(
        done.contains("Contacts: 2;") && done.contains("mails that waited to be sent: 1."),
        "{done}"
    );
    alice.next_presence_from(&carol, "unsubscribed").await;
    eventually("the roster knows it", async || {
        let roster = alice.roster().await;
        roster
            .iter()
            .all(|item| item.subscription != "to" && item.subscription != "both")
    })
    .await;

    assert_eq!(rows_of(&world, ALICE).await, [""; 0]);
    assert_eq!(rows_of(&world, "adam@a.example").await, of_adam);
    assert_eq!(kept(&world), 1);
    assert_eq!(typed(&world, &["queue", "list"]).await, NOTHING_WAITS);
    assert_eq!(lines(&world, &["queue", "list"]).await, "");
    let list = typed(&world, &["users", "list"]).await;
    assert!(
        list.starts_with("adam@a.example\t") && !list.contains(ALICE),
        "{list}"
    );
    let again = says(&world, &alice, "forget me yes").await;
    assert!(again.contains("Nothing was stored about you"), "{again}");
    assert_eq!(rows_of(&world, ALICE).await, [""; 0]);

    // Whoever writes now is somebody new.
    let mail = "From: Carol <carol@mail.example>\nTo: alice <alice@chat.a.example>\nMessage-ID: <3@mail.example>\n\nHello again\n";
    world.carol_sends(&["alice@chat.a.example"], mail).await;
    let shown = body(&alice.next_message_from(&carol).await).unwrap();
    assert!(
        shown.contains("for the first time") && shown.ends_with("Hello again"),
        "{shown}"
    );
    alice.send_message(&carol, "Hello").await;
    eventually("it arrives", async || {
        let mails = world.carol_has().await;
        mails.iter().any(|mail| mail.body().trim() == "Hello")
    })
    .await;
    // XEP-0077, as her client says it when the gateway is taken out of it.
    let remove = "<query xmlns='jabber:iq:register'><remove/></query>";
    let removed = alice.iq("set", Some(&world.xmpp.gateway), remove).await;
    assert_eq!(removed.attr("type"), Some("result"));
    assert_eq!(rows_of(&world, ALICE).await, [""; 0]);
}

#[tokio::test]
async fn as_the_admin_wishes_with_a_kill_and_without_a_gateway() {
    let options = Options {
        more: "[users]\nadmins = [\"adam@a.example\"]".to_owned(),
        ..keeping()
    };
    let mut world = World::prepare(Flavour::Prosody, options).await;
    world
        .gateway
        .environment(&[("STANZAMAIL_CRASH_AT", FORGET_POINTS[0])]);
    world.gateway.start_again().await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    converse(&world, &alice, "alice", 1).await;
    let failed = typed(&world, &["users", "forget", ALICE]).await;
    assert!(failed.contains("ask again"), "{failed}");
    assert!(world.gateway.died(PATIENCE).await);
    world.gateway.environment(&[]);
    world.gateway.start_again().await;
    // What was not yet forgotten, by an administrator's message.
    let said = says(&world, &adam, &format!("users forget {ALICE}")).await;
    assert!(said.contains(ALICE), "{said}");
    assert_eq!(rows_of(&world, ALICE).await, [""; 0]);
    assert_eq!(kept(&world), 0);

    converse(&world, &alice, "alice", 2).await;
    write_to_dave(&world, &alice).await;
    world.gateway.terminate().await;
    let shown = typed(&world, &["users", "show", ALICE]).await;
    assert!(shown.contains("mails that wait to be sent: 1\n"), "{shown}");
    let said = typed(&world, &["users", "forget", ALICE]).await;
    for fact in [
        "forgotten: alice@a.example\n",
        "contacts: 2\n",
        "mails kept as they came: 1\n",
        "mails that wait to be sent: 1\n",
    ] {
        assert!(said.contains(fact), "{fact} in {said}");
    }
    assert_eq!(rows_of(&world, ALICE).await, [""; 0]);
    assert_eq!(typed(&world, &["queue", "list"]).await, NOTHING_WAITS);
    assert_eq!(lines(&world, &["queue", "list"]).await, "");
    world.gateway.start_again().await;
    let said = says(&world, &adam, &format!("users show {ALICE}")).await;
    assert!(
        said.ends_with("\nnothing is stored about alice@a.example"),
        "{said}"
    );
}
