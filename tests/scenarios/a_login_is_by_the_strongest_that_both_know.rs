//! How the gateway logs in at Postfix and Dovecot: a password is proven and not said, a token comes from a command and is
//! asked for again when it was refused, and `stanzamail check` says by what it was let in.

use super::check_says_what_is_wrong::check;
use super::servers::stanza::body;
use super::servers::tokens::{Tokens, command};
use super::servers::{Flavour, MailOptions, PASSWORD, RealMailClient};
use super::tls_everywhere::secure_config;
use super::world::{Options, World};

/// A message to carol and her answer.
async fn converse(world: &World, text: &str) {
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    let carol = RealMailClient::new(world.mail.smtp_port, "carol@mail.example");
    alice.send_message(&world.carol(), text).await;
    let mail = inbox.wait_mail_saying(text).await;
    carol.reply(&mail.raw, "So be it").await;
    let answer = alice.next_message_from(&world.carol()).await;
    assert!(body(&answer).unwrap().contains("So be it"), "{answer:?}");
}

#[tokio::test]
async fn a_password_is_proven() {
    let mut world = World::prepare(Flavour::Prosody, Options::default()).await;
    let secure = secure_config(&world.xmpp, &world.mail, "starttls", "implicit");
    world.gateway.write_config(&secure);
    let checked = check(&world).await;
    let by_scram = checked.lines.iter();
    let by_scram = by_scram.filter(|line| line.contains("it lets us in by SCRAM-SHA-256;"));
    assert_eq!(
        (by_scram.count(), checked.code),
        (2, 0),
        "{:#?}",
        checked.lines
    );
    world.gateway.start_again().await;
    converse(&world, "Without a word").await;
    let postfix = world.mail.postfix.log();
    assert!(postfix.contains("sasl_method=SCRAM-SHA-256"), "{postfix}");
    let dovecot = world.mail.dovecot.log();
    let mut ours = dovecot
        .lines()
        .filter(|line| line.contains("user=<bridge@chat.a.example>"));
    assert!(
        ours.all(|line| line.contains("method=SCRAM-SHA-256")),
        "{dovecot}"
    );
}

#[tokio::test]
async fn a_token_comes_from_a_command() {
    let tokens = Tokens::start("bridge@chat.a.example").await;
    let mail = MailOptions {
        tokens: Some(tokens.port),
        ..MailOptions::default()
    };
    let options = Options {
        mail,
        ..Options::default()
    };
    let mut world = World::prepare(Flavour::Prosody, options).await;
    let folder = world.gateway.folder().to_owned();
    let program = command(&folder);
    let by_token = format!("token_command = [{program:?}, \"bridge\"]");
    let secure = secure_config(&world.xmpp, &world.mail, "starttls", "implicit");
    let config = secure.replace(&format!("password = \"{PASSWORD}\""), &by_token);
    world.gateway.write_config(&config);
    let give = |token: &str| {
        std::fs::write(folder.join("token"), token).unwrap();
        tokens.only(token);
    };
    let runs = || {
        let runs = std::fs::read_to_string(folder.join("token-runs")).unwrap_or_default();
        assert!(runs.lines().all(|argument| argument == "bridge"));
        runs.lines().count()
    };

    give("the-first-token");
    let checked = check(&world).await;
    let by_token = checked.lines.iter();
    let by_token = by_token.filter(|line| line.contains("it lets us in by OAUTHBEARER;"));
    assert_eq!(
        (by_token.count(), checked.code),
        (2, 0),
        "{:#?}",
        checked.lines
    );
    assert_eq!(runs(), 2, "once for SMTP, once for IMAP");

    world.gateway.start_again().await;
    converse(&world, "By a token").await;
    let postfix = world.mail.postfix.log();
    assert!(
        postfix.contains("sasl_method=OAUTHBEARER, sasl_username=bridge@chat.a.example"),
        "{postfix}"
    );
    assert_eq!(runs(), 4);

    // An hour later: what was good is refused, and the command has another one.
    give("the-second-token");
    world.mail.stop_postfix().await;
    world.mail.restart_dovecot().await;
    world.mail.start_postfix().await;
    converse(&world, "By another token").await;
    assert!(runs() >= 6, "{}", runs());
    let log = world.gateway.log();
    assert!(
        !log.contains("the-first-token") && !log.contains("the-second-token"),
        "{log}"
    );

    // The command gives what nobody takes any more.
    tokens.only("the-third-token");
    let refused = check(&world).await;
    let lines = refused.lines.join("\n");
    assert_eq!(
        lines.matches("see username and token_command of").count(),
        2,
        "{lines}"
    );
    assert!(!lines.contains("the-second-token"), "{lines}");
}
