//! The five minutes of the README: its Prosody, its Postfix and Dovecot, its configuration. The check finds nothing, and a
//! conversation passes.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use stanzamail::net::tls::roots_in;

use super::mail::{MailServer, Site, of_domain};
use super::servers::process::Folder;
use super::servers::stanza::{body, contact};
use super::servers::{Gateway, MailOptions, MailServer as World, XmppServer, submit};
use super::text::{block, file, readme, readme_commands, replaced};
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
    let gateway = gateway("example.org", xmpp.component_port, &mail);
    converse(gateway, &xmpp, &mail, &world).await;
}

/// docs/OPERATING.md, "With TLS and a login".
#[tokio::test]
async fn with_tls_and_a_login() {
    let world = World::start(MailOptions::default()).await;
    let site = Site {
        login: true,
        ..Site::usual(SECRET, world.smtp_port)
    };
    let (xmpp, mail) = tokio::join!(prosody_of_the_readme(SECRET), MailServer::of(site));
    let gateway = gateway_with_a_login("example.org", xmpp.component_port, &mail);
    converse(gateway, &xmpp, &mail, &world).await;
    let logs = mail.logs();
    assert!(
        logs.contains("sasl_username=bridge@chat.example.org"),
        "{logs}"
    );
}

/// The check finds nothing, and a conversation passes.
async fn converse(mut gateway: Gateway, xmpp: &XmppServer, mail: &MailServer, world: &World) {
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
    let (smtp, imap) = (mail.smtp.number(), mail.imap.number());
    let server = |section: &str, port: u16| format!("{section}\nport = {port}\n");
    let config = replaced(
        &configuration(domain, component),
        &[
            ("[smtp]\n", &server("[smtp]", smtp)),
            ("[[mailbox]]\n", &server("[[mailbox]]", imap)),
        ],
    );
    with_secrets(&config)
}

/// The same with what docs/OPERATING.md has in place of two of its sections.
pub fn gateway_with_a_login(domain: &str, component: u16, mail: &MailServer) -> Gateway {
    let config = configuration(domain, component);
    let (before, rest) = config.split_once("[smtp]").unwrap();
    let (_, after) = rest.split_once("[store]").unwrap();
    let login = "mail-password\"\n\n[[mailbox]]";
    let sections = of_domain(&block(&file("docs/OPERATING.md"), "toml", login), domain);
    let (smtp, imap) = (mail.submissions.number(), mail.imaps.number());
    let ca = mail.ca_file.display();
    let server =
        |section: &str, port: u16| format!("{section}\nport = {port}\nca_file = \"{ca}\"\n");
    let sections = replaced(
        &sections,
        &[
            (&format!("host = \"mail.{domain}\""), "host = \"localhost\""),
            ("[smtp]\n", &server("[smtp]", smtp)),
            ("[[mailbox]]\n", &server("[[mailbox]]", imap)),
            ("/etc/stanzamail/", "@DIR@/"),
        ],
    );
    with_secrets(&format!("{before}{sections}\n[store]{after}"))
}

fn with_secrets(config: &str) -> Gateway {
    let gateway = Gateway::prepare(PROGRAM, config);
    for name in ["component-secret", "mail-password"] {
        let file = gateway.folder().join(name);
        std::fs::write(&file, format!("{SECRET}\n")).unwrap();
        set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    }
    gateway
}

/// The README's, with the places of this test.
fn configuration(domain: &str, component: u16) -> String {
    let component = format!("127.0.0.1:{component}");
    replaced(
        &of_domain(&readme("toml", "[xmpp]"), domain),
        &[
            ("127.0.0.1:5347", &component),
            ("/etc/stanzamail/", "@DIR@/"),
            ("/var/lib/stanzamail", "@DIR@/store"),
        ],
    )
}

/// A prompt that is pasted with its command makes a remark of the first line of it, and the lines that continue it are run
/// alone: an empty secret was written by that.
#[test]
fn a_command_of_several_lines_has_no_prompt() {
    for name in ["README.md", "docs/OPERATING.md"] {
        let text = file(name);
        let after_prompt = |pair: &[&str]| pair[0].starts_with("# ") && pair[1].starts_with("    ");
        for block in text.split("```console\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            let lines: Vec<&str> = block.lines().collect();
            assert!(!lines.windows(2).any(after_prompt), "{name}: {block}");
        }
    }
    let pasted = readme_commands();
    let secret = pasted
        .iter()
        .find(|command| command.starts_with("secret=$(cat"));
    assert!(
        secret.is_some_and(|command| command.lines().count() == 3),
        "{pasted:#?}"
    );
}

/// What docs/OPERATING.md makes can be a server's certificate, and be trusted as it stands.
#[test]
fn a_certificate_of_ones_own_is_no_authoritys() {
    let command = block(&file("docs/OPERATING.md"), "sh", "openssl req -x509");
    let folder = Folder::new("certificate");
    let shell = |command: &str| {
        let mut shell = Command::new("sh");
        let output = shell
            .args(["-ec", command])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    shell(&command);
    let text = shell("openssl x509 -in mail.pem -noout -text");
    for words in ["CA:FALSE", "DNS:mail.example.org"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("CA:TRUE"), "{text}");
    assert_eq!(roots_in(&folder.join("mail.pem")).unwrap().len(), 1);
}

#[test]
fn its_commands_name_files_that_are_there() {
    let commands = readme_commands().join("\n");
    let words = commands.split([' ', '"', '\n']);
    let files: Vec<&str> = words.filter(|word| word.starts_with("examples/")).collect();
    assert!(files.len() > 5, "{commands}");
    for file in files {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        // A part of this one's name is the version that is installed.
        let path = path.replace("-$(dovecot", "-2.4.conf");
        assert!(std::path::Path::new(&path).is_file(), "{file}");
    }
}
