//! Both ways of TLS that mail servers have, with logins and an authority of one's own: a conversation passes, and nothing
//! of it went in the clear.

use super::servers::stanza::body;
use super::servers::{Flavour, MailServer, PASSWORD, RealMailClient, XmppServer};
use super::world::{Options, World, config};

#[tokio::test]
async fn from_the_first_octet() {
    converse("implicit", "implicit").await;
}

#[tokio::test]
async fn by_starttls() {
    converse("starttls", "starttls").await;
}

async fn converse(smtp: &str, imap: &str) {
    let mut world = World::prepare(Flavour::Prosody, Options::default()).await;
    let secure = secure_config(&world.xmpp, &world.mail, smtp, imap);
    world.gateway.write_config(&secure);
    world.gateway.start_again().await;

    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    let carol = RealMailClient::new(world.mail.smtp_port, "carol@mail.example");
    alice.send_message(&world.carol(), "Hello Carol").await;
    let mail = inbox.wait_mail_saying("Hello Carol").await;
    carol.reply(&mail.raw, "Hello Alice").await;
    let answer = alice.next_message_from(&world.carol()).await;
    assert!(body(&answer).unwrap().contains("Hello Alice"), "{answer:?}");

    let postfix = world.mail.postfix.log();
    let login = "sasl_username=bridge@chat.a.example";
    assert!(postfix.contains(login), "{postfix}");
    // RFC 3848: ESMTP with STARTTLS or implicit TLS, and with a login.
    let received = mail.headers("Received").join("\n");
    assert!(received.contains(" with ESMTPSA "), "{received}");
    let dovecot = world.mail.dovecot.log();
    // Dovecot 2.3 says "Login: ", 2.4 "Logged in: ".
    let logins = dovecot.lines().filter(|line| {
        line.contains("Login: user=<bridge@chat.a.example>")
            || line.contains("Logged in: user=<bridge@chat.a.example>")
    });
    assert!(
        logins.clone().count() > 0 && logins.clone().all(|line| line.contains(", TLS, ")),
        "{dovecot}"
    );
}

/// The gateway's configuration with TLS and logins on both sides; `smtp` and `imap` are values of `tls`.
pub fn secure_config(xmpp: &XmppServer, mail: &MailServer, smtp: &str, imap: &str) -> String {
    let ca = format!("ca_file = {:?}", mail.ca_file);
    let login = format!(
        "username = \"bridge@chat.{}\"\npassword = \"{PASSWORD}\"",
        xmpp.domain
    );
    let smtp_port = match smtp {
        "implicit" => mail.smtps_port,
        _ => mail.submission_port,
    };
    let imap_port = match imap {
        "implicit" => mail.imaps_port,
        _ => mail.imap_port,
    };
    let options = Options {
        smtp: format!("{login}\n{ca}"),
        mailbox: ca,
        ..Options::default()
    };
    config(xmpp, (smtp_port, imap_port), &options)
        .replacen("tls = \"none\"", &format!("tls = \"{smtp}\""), 1)
        .replacen("tls = \"none\"", &format!("tls = \"{imap}\""), 1)
}
