//! The five minutes of the README: its Prosody, its Postfix and Dovecot, its configuration. The check finds nothing, and a
//! conversation passes.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use super::mail::{MailServer, of_domain};
use super::servers::stanza::{body, contact};
use super::servers::{Gateway, MailOptions, MailServer as World, submit};
use super::text::{readme, readme_commands, replaced};
use super::xmpp::prosody_of_the_readme;

/// What the README has made by `openssl rand -hex`.
pub const SECRET: &str = "5c2f9a1be0d34877";
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_stanzamail");

#[tokio::test]
async fn five_minutes() {
    let world = World::start(MailOptions::default()).await;
    let (xmpp, mail) = tokio::join!(
        prosody_of_the_readme(SECRET),
        MailServer::start(SECRET, world.smtp_port)
    );
    let component = xmpp.component_port;
    let mut gateway = gateway("example.org", component, &mail);

    let checked = gateway.command(&["check"]).await;
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{said}\n{}", mail.logs());
    gateway.start_again().await;

    let alice = xmpp.login("alice").await;
    let carol = contact("carol@mail.example", "mail.example.org");
    let inbox = world.mailbox("carol@mail.example").await;
    alice.send_message(&carol, "Hello Carol").await;
    let hello = inbox.wait_mail_saying("Hello Carol").await;
    assert_eq!(
        hello.header("From").unwrap(),
        "alice <alice@chat.example.org>"
    );
    submit(
        mail.smtp.number(),
        "carol@mail.example",
        &["alice@chat.example.org"],
        "From: carol@mail.example\nTo: alice@chat.example.org\nMessage-ID: <1@mail.example>\n\nHello Alice\n",
    )
    .await
    .unwrap();
    let answer = alice.next_message_from(&carol).await;
    assert_eq!(body(&answer).as_deref(), Some("Hello Alice"));
    let handled = mail.bridge(SECRET).await.folder("Handled").await;
    handled.wait_for(1).await;
}

/// A gateway with the README's configuration and secrets, not started yet.
pub fn gateway(domain: &str, component: u16, mail: &MailServer) -> Gateway {
    let gateway = Gateway::prepare(PROGRAM, &configuration(domain, component, mail));
    for name in ["component-secret", "mail-password"] {
        let file = gateway.folder().join(name);
        std::fs::write(&file, format!("{SECRET}\n")).unwrap();
        set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    }
    gateway
}

/// The README's, with the places of this test.
fn configuration(domain: &str, component: u16, mail: &MailServer) -> String {
    let (smtp, imap) = (mail.submissions.number(), mail.imaps.number());
    let component = format!("127.0.0.1:{component}");
    let server = |section: &str, port: u16| {
        let ca = mail.ca_file.display();
        format!("{section}\nport = {port}\nca_file = \"{ca}\"\n")
    };
    let host = format!("host = \"mail.{domain}\"");
    replaced(
        &of_domain(&readme("toml", "[xmpp]"), domain),
        &[
            ("127.0.0.1:5347", &component),
            (&host, "host = \"localhost\""),
            ("[smtp]\n", &server("[smtp]", smtp)),
            ("[[mailbox]]\n", &server("[[mailbox]]", imap)),
            ("/etc/stanzamail/", "@DIR@/"),
            ("/var/lib/stanzamail", "@DIR@/store"),
        ],
    )
}

#[test]
fn its_commands_name_files_that_are_there() {
    let commands = readme_commands().join("\n");
    let words = commands.split([' ', '"', '\n']);
    let files: Vec<&str> = words.filter(|word| word.starts_with("examples/")).collect();
    assert!(files.len() > 5, "{commands}");
    for file in files {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        assert!(std::path::Path::new(&path).is_file(), "{file}");
    }
}
