//! `stanzamail check` where everything can be reached and something is missing all the same: what an admin otherwise learns
//! when the first mail does not arrive.

use std::fs;

use super::check_says_what_is_wrong::{Checked, check, check_by};
use super::servers::{Flavour, MailOptions};
use super::small_disk::SmallDisk;
use super::world::{Options, World};

impl Checked {
    /// The line about this, and what it begins with.
    fn assert_says(&self, word: &str, about: &str, says: &str) {
        let found = self
            .lines
            .iter()
            .find(|line| line.starts_with(&format!("{word:<5}  {about}")) && line.contains(says));
        assert!(
            found.is_some(),
            "{word} {about}: …{says}… is not in {:#?}",
            self.lines
        );
    }
}

/// The configuration with something else in it.
fn changed(world: &World, right: &str, wrong: &str) {
    let path = world.gateway.config();
    let good = fs::read_to_string(&path).unwrap();
    assert!(good.contains(right), "{right:?} is in the configuration");
    world.gateway.write_config(&good.replacen(right, wrong, 1));
}

async fn with(world: &World, right: &str, wrong: &str, arguments: &[&str]) -> Checked {
    let good = fs::read_to_string(world.gateway.config()).unwrap();
    changed(world, right, wrong);
    let checked = check_by(world, arguments).await;
    world.gateway.write_config(&good);
    checked
}

#[tokio::test]
async fn of_a_gateway_that_runs_with_another_configuration() {
    let world = World::start().await;
    assert_eq!(check(&world).await.code, 0);
    let try_with = async |right: &str, wrong: &str| with(&world, right, wrong, &["check"]).await;
    let another = "was started with another [xmpp]";
    let port = world.xmpp.component_port.to_string();
    let secret = super::servers::SECRET;
    for (right, wrong) in [
        (secret, "another secret"),
        (
            "domain = \"gateway.a.example\"",
            "domain = \"other.a.example\"",
        ),
        (port.as_str(), "25"),
    ] {
        try_with(right, wrong)
            .await
            .assert_wrong("component", &[another]);
    }
    let smtp = try_with("[smtp]", "[smtp]\nconnections = 2").await;
    smtp.assert_says(
        "note",
        "running gateway",
        "an older [smtp] than this file: systemctl restart",
    );
    let limits = try_with("sent_per_hour = \"unlimited\"", "sent_per_hour = 7").await;
    limits.assert_says(
        "note",
        "running gateway",
        "an older [limits] than this file: systemctl reload",
    );
    let added = world
        .gateway
        .command(&["map", "add", "alice@a.example", "a@wonder.example"])
        .await;
    assert!(added.status.success(), "{added:?}");
    let pair = "[smtp]";
    let other = "[[pair]]\njid = \"alice@a.example\"\nmail = \"b@wonder.example\"\n[smtp]";
    try_with(pair, other).await.assert_says(
        "WRONG",
        "pair alice@a.example",
        "the store has alice@a.example with a@wonder.example; remove that first: stanzamail map remove",
    );
    let mut world = world;
    let good = fs::read_to_string(world.gateway.config()).unwrap();
    world.gateway.write_config(&good.replacen(pair, other, 1));
    world.gateway.terminate().await;
    world.gateway.launch();
    assert_eq!(
        world.gateway.wait().await,
        78,
        "a service manager need not start it again"
    );
    world.gateway.write_config(&good);
    world.gateway.start_again().await;
    world.xmpp.stop().await;
    super::counting::eventually("the gateway has noticed", async || {
        let log = world.gateway.log();
        let lost = log.lines().find(|line| line.contains("connection is lost"));
        lost.is_some_and(|line| line.contains("retry_in="))
    })
    .await;
    check(&world).await.assert_wrong(
        "component",
        &["is not attached to the server", "journalctl"],
    );
}

#[tokio::test]
async fn of_a_mail_that_goes_round() {
    let mut world = World::start().await;
    let send = ["check", "--send"];
    let good = check_by(&world, &send).await;
    assert_eq!(good.code, 0, "{:#?}", good.lines);
    good.assert_says(
        "ok",
        "a mail to stanzamail-check@chat.a.example, in bridge@chat.a.example/INBOX",
        "with its recipient in",
    );
    assert_eq!(world.bridge().await.count().await, 0, "it is deleted");

    let refused = with(
        &world,
        "mail = \"{local}@chat.a.example\"",
        "mail = \"{local}@mail.example\"",
        &["check"],
    )
    .await;
    refused.assert_wrong(
        "SMTP",
        &[
            "does not take mail to stanzamail-check@mail.example: 550",
            "a catch-all",
        ],
    );
    let header = with(
        &world,
        "[[mailbox]]",
        "[[mailbox]]\nrecipient_headers = [\"X-Nothing\"]",
        &send,
    )
    .await;
    header.assert_wrong(
        "a mail to stanzamail-check@",
        &["none of X-Nothing says for whom it was"],
    );

    let alice = world.login("alice").await;
    assert_eq!(
        alice.count_messages(),
        0,
        "nobody is shown what check sends"
    );
    assert_eq!(world.gateway.terminate().await, 0);
    let elsewhere = with(
        &world,
        "username = \"bridge@chat.a.example\"",
        "username = \"carol@mail.example\"",
        &send,
    )
    .await;
    elsewhere.assert_wrong(
        "a mail to stanzamail-check@",
        &["is in no mailbox after 30 s", "catch-all"],
    );
}

#[tokio::test]
async fn of_who_a_mail_is_from() {
    let world = World::start().await;
    let trusting =
        |id: &str| format!("[store]\npath = \"@DIR@/store\"\n[trust]\nauthserv_ids = [\"{id}\"]\n");
    let store = format!(
        "[store]\npath = \"{}/store\"",
        world.gateway.folder().display()
    );
    let try_with = async |id: &str| with(&world, &store, &trusting(id), &["check"]).await;
    try_with("mx.a.example")
        .await
        .assert_says("note", "IMAP", "no mail by which to see");

    let results =
        |id: &str| format!("Authentication-Results: {id}; dkim=pass header.d=mail.example\n");
    let mail = |fields: &str| {
        format!("{fields}From: carol@mail.example\nTo: alice@chat.a.example\n\nHi\n")
    };
    world
        .carol_sends(&["alice@chat.a.example"], &mail(""))
        .await;
    world.bridge().await.wait_for(1).await;
    try_with("mx.a.example").await.assert_says(
        "note",
        "IMAP",
        "the only mail has no Authentication-Results",
    );
    world
        .carol_sends(&["alice@chat.a.example"], &mail(&results("mx.a.example")))
        .await;
    world.bridge().await.wait_for(2).await;
    try_with("mx.a.example")
        .await
        .assert_says("ok", "IMAP", "1 of the newest 2 mails have");
    try_with("mx.other.example").await.assert_wrong(
        "IMAP",
        &[
            "Authentication-Results of mx.other.example",
            "those of mx.a.example",
            "authserv_ids",
        ],
    );
}

/// The README's own way: a gateway that runs leaves no mail in the folder that it reads.
#[tokio::test]
async fn of_who_a_handled_mail_is_from() {
    let options = Options {
        mailbox: "after = \"move\"\nmove_to = \"Handled\"".to_owned(),
        more: "[trust]\nauthserv_ids = [\"mx\"]\n".to_owned(),
        ..Options::default()
    };
    let world = World::with(options).await;
    let mail = "Authentication-Results: mx.a.example; dkim=pass header.d=mail.example\n\
                From: carol@mail.example\nTo: alice@chat.a.example\n\nHi\n";
    world.carol_sends(&["alice@chat.a.example"], mail).await;
    let bridge = world.bridge().await;
    bridge.folder("Handled").await.wait_for(1).await;
    assert_eq!(bridge.count().await, 0);
    let wrong = check(&world).await;
    wrong.assert_wrong(
        "IMAP",
        &["those of mx.a.example", "name it in authserv_ids"],
    );
    wrong.assert_says("ok", "IMAP", ": 0 mails; it lets us in");
}

/// Mail to one's own users arrives, and mail to all others waits for days.
#[tokio::test]
async fn of_a_mail_server_that_does_not_relay() {
    let mail = MailOptions::default()
        .postfix("mynetworks = 192.0.2.0/24")
        .postfix("smtpd_relay_restrictions = permit_mynetworks defer_unauth_destination");
    let world = World::with(Options {
        mail,
        ..Options::default()
    })
    .await;
    check(&world).await.assert_wrong(
        "SMTP",
        &[
            "mynetworks",
            "454 <stanzamail-check@example.com>: Relay access denied",
        ],
    );
    let alice = world.login("alice").await;
    let somebody = world.contact("somebody@outside.example");
    alice.send_message(&somebody, "Hello").await;
    super::counting::eventually("the log warns", async || {
        let log = world.gateway.log();
        let mut lines = log.lines();
        lines.any(|line| line.contains("WARN") && line.contains("mail not taken: 454"))
    })
    .await;
}

#[tokio::test]
async fn of_a_disk_that_is_full() {
    let (world, disk) = SmallDisk::under(Options::default()).await;
    check(&world)
        .await
        .assert_says("note", "store", "that is little");
    disk.fill();
    check(&world).await.assert_wrong(
        "store",
        &["cannot be written (No space left", "until there is room"],
    );
}

/// Both ways of files, as the running gateway finds them at the server's own upload service.
#[tokio::test]
async fn of_the_upload_service() {
    for flavour in [Flavour::Prosody, Flavour::Ejabberd] {
        let named = Options {
            more: "[http]\nfetch_from = [\"127.0.0.1\"]\n".to_owned(),
            ..Options::default()
        };
        let refusing = Options {
            refuse_uploads: true,
            ..Options::default()
        };
        for (options, word, says) in [
            (named, "ok", "those that users send are attached"),
            (
                Options::default(),
                "note",
                "127.0.0.1 has a private address; write fetch_from = [\"127.0.0.1\"]",
            ),
            (refusing, "note", "gives contacts no upload slot"),
        ] {
            let world = World::on(flavour, options).await;
            let domain = &world.xmpp.domain;
            let checked = check(&world).await;
            checked.assert_says(word, &format!("files of {domain}"), says);
            assert_eq!(checked.code, 0, "{:#?}", checked.lines);
        }
    }
}
