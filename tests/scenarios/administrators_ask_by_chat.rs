//! Who administers the gateway asks it by chat and by the client's menu for what the command line does, and reads the same.
//! Whoever else asks is told that there is no such command.

use std::time::Instant;

use super::counting::eventually;
use super::servers::stanza::{body, error_condition, find};
use super::servers::{Flavour, PATIENCE, XmppClient};
use super::world::{Options, World};

const COMMANDS: &str = "http://jabber.org/protocol/commands";

#[tokio::test]
async fn on_prosody() {
    let options = Options {
        more: "[users]\nadmins = [\"alice@a.example\"]".to_owned(),
        ..Options::default()
    };
    let world = World::with(options).await;
    let adam = world.login("adam").await;
    administer(&world, "alice").await;
    see_nothing(&world, &adam).await;
}

#[tokio::test]
async fn on_ejabberd() {
    let options = Options {
        more: "[users]\nadmins = [\"bob@b.example\"]".to_owned(),
        ..Options::default()
    };
    let world = World::on(Flavour::Ejabberd, options).await;
    administer(&world, "bob").await;
}

async fn says(world: &World, user: &XmppClient, words: &str) -> String {
    let helper = format!("help@{}", world.xmpp.gateway);
    user.send_message(&helper, words).await;
    body(&user.next_message_from(&helper).await).unwrap()
}

async fn administer(world: &World, name: &str) {
    let admin = world.login(name).await;
    let typed = async |words: &[&str]| {
        let output = world.gateway.command(words).await;
        String::from_utf8(output.stdout)
            .unwrap()
            .replace('\t', " · ")
    };
    let status = says(world, &admin, "status").await;
    assert!(
        status.contains("runs and is attached to the XMPP server"),
        "{status}"
    );
    assert_eq!(typed(&["status"]).await.trim_end(), status);
    let queue = says(world, &admin, "queue list").await;
    assert_eq!(
        queue,
        "nothing waits to be sent, and nothing is in quarantine"
    );

    let user = format!("zoe@{}", world.xmpp.domain);
    let saved = says(
        world,
        &admin,
        &format!("map add {user} zoe@mail.example Zoe Z"),
    )
    .await;
    assert!(
        saved.contains(&format!(
            "saved · {user} · zoe@mail.example · admin · Zoe Z"
        )),
        "{saved}"
    );
    let found = typed(&["map", "find", "zoe@mail.example"]).await;
    assert!(found.contains("Zoe Z"), "{found}");
    let list = says(world, &admin, "map list").await;
    assert!(
        list.starts_with("JID · ADDRESS") && list.contains("zoe@mail.example"),
        "{list}"
    );
    let refused = says(
        world,
        &admin,
        &format!("map add eve@{} zoe@mail.example", world.xmpp.domain),
    )
    .await;
    assert!(refused.contains("holds that JID or address"), "{refused}");

    world
        .mail
        .refuse("carol@mail.example", "450 4.2.0 mailbox is busy");
    admin.send_message(&world.carol(), "Are you there?").await;
    // What is asked of the queue is asked beside the loop that takes messages.
    let mut list = String::new();
    let began = Instant::now();
    while list.lines().count() < 2 && began.elapsed() < PATIENCE {
        list = says(world, &admin, "queue list").await;
    }
    let id = list.lines().nth(1).and_then(|line| line.split(' ').next());
    let id = id.unwrap_or_else(|| panic!("{list}")).to_owned();
    let shown = says(world, &admin, &format!("queue show {id}")).await;
    assert!(
        shown.contains("written by: ") && !shown.contains("Are you there?"),
        "{shown}"
    );
    let body = says(world, &admin, &format!("queue show {id} --body")).await;
    assert!(
        !body.contains("Are you there?"),
        "texts of users are not for a chat: {body}"
    );

    let log = says(world, &admin, "log level debug").await;
    assert!(log.contains("the level debug"), "{log}");
    let log = says(world, &admin, "reload").await;
    assert!(log.contains("is being read again"), "{log}");
    let gateway = &world.xmpp.gateway;
    let command = format!("<command xmlns='{COMMANDS}' node='status' action='execute'/>");
    let done = admin.iq("set", Some(gateway), &command).await;
    let done = find(&done, "command", COMMANDS).unwrap();
    assert!(
        String::from(done).contains("runs and is attached"),
        "{done:?}"
    );
}

async fn see_nothing(world: &World, other: &XmppClient) {
    let words = says(world, other, "queue list").await;
    assert!(words.contains("is no command here"), "{words}");
    let gateway = &world.xmpp.gateway;
    let command = format!("<command xmlns='{COMMANDS}' node='status' action='execute'/>");
    let refused = other.iq("set", Some(gateway), &command).await;
    assert_eq!(error_condition(&refused).as_deref(), Some("item-not-found"));
    let items =
        format!("<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/>");
    let items = other.iq("get", Some(gateway), &items).await;
    assert!(!String::from(&items).contains("Admin"), "{items:?}");
}

/// Everybody of whom something is stored is told once, whoever says it by which way, and over a restart.
#[tokio::test]
async fn all_users_are_told_something_once() {
    let options = Options {
        more: "[users]\nadmins = [\"alice@a.example\"]".to_owned(),
        ..Options::default()
    };
    let mut world = World::with(options).await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    // Of whom nothing is stored nobody knows.
    for user in [&alice, &adam] {
        user.send_message(&world.carol(), "Hello").await;
    }
    eventually("both are known", async || {
        let output = world.gateway.command(&["users", "list"]).await;
        String::from_utf8(output.stdout)
            .unwrap()
            .matches("@a.example")
            .count()
            == 2
    })
    .await;
    // Whoever has a pair and is no user is not written to.
    let words = ["map", "add", "frank@elsewhere.example", "frank@b.example"];
    assert!(world.gateway.command(&words).await.status.success());
    let said = says(&world, &alice, "announce Tonight from 9 to 10 --silent").await;
    assert_eq!(said, "users told: 2");
    // The administrator is a user as well.
    for user in [&alice, &adam] {
        user.next_message_saying("Tonight from 9 to 10 --silent")
            .await;
    }

    world.gateway.kill9();
    world.gateway.start_again().await;
    let typed = async |words: &[&str]| {
        let output = world.gateway.command(words).await;
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let again = typed(&["announce", "Tonight from 9 to 10 --silent"]).await;
    assert_eq!(again, "users told: 0\ntold the same within a day: 2\n");
    let other = typed(&["announce", "No more", "today"]).await;
    assert_eq!(other, "users told: 2\n");
    for user in [&alice, &adam] {
        user.next_message_saying("No more today").await;
    }
    let refused = says(&world, &adam, "announce Free money").await;
    assert!(!refused.contains("users told"), "{refused}");
    world.gateway.terminate().await;
    let refused = world.gateway.command(&["announce", "Anybody?"]).await;
    assert!(!refused.status.success());
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("no gateway runs"), "{why}");
}

/// Spam is reported from the conversation itself, in the words of the message's language, and administrators hear of it once.
#[tokio::test]
async fn and_are_told_of_spam() {
    let options = Options {
        more: "[users]\nadmins = [\"alice@a.example\"]".to_owned(),
        ..Options::default()
    };
    let world = World::with(options).await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    let helper = format!("help@{}", world.xmpp.gateway);
    let carol = world.carol();
    adam.send_message(&carol, "/block spam").await;
    let said = body(&adam.next_message_from(&carol).await).unwrap();
    assert!(said.contains("carol@mail.example sends spam"), "{said}");
    let told = body(&alice.next_message_from(&helper).await).unwrap();
    assert!(told.contains("has blocked carol@mail.example"), "{told}");
    let said = says(&world, &adam, "block spam carol@mail.example").await;
    assert!(
        said.contains("You have reported carol@mail.example already"),
        "{said}"
    );
    let german = format!(
        "<message to='{helper}' type='chat' id='g1' xml:lang='de'><body>blockiere werbung eve@mail.example</body></message>"
    );
    says(&world, &adam, "set language en").await;
    adam.send(&german).await;
    let said = body(&adam.next_message_from(&helper).await).unwrap();
    assert!(said.contains("eve@mail.example sends spam"), "{said}");
    assert!(world.carol_has().await.is_empty(), "nothing was mailed");
}
