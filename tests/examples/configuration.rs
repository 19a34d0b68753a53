//! Every configuration that is shown is accepted.

use std::fs::write;

use stanzamail::config::Config;

use super::text::{file, readme};

/// Loads a configuration as it stands, beside the secrets that it names.
fn load(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    for secret in [
        "component-secret",
        "mail-password",
        "smtp-password",
        "imap-password",
    ] {
        write(folder.path().join(secret), "a secret\n").unwrap();
    }
    let path = folder.path().join("stanzamail.toml");
    write(&path, text.replace("/etc/stanzamail/", "")).unwrap();
    Config::load(&path).unwrap_or_else(|errors| panic!("{errors}"))
}

fn address_of_alice(config: &Config) -> String {
    let alice = "alice@example.org".parse().unwrap();
    config.rules().mail_of(&alice).unwrap().to_string()
}

#[test]
fn of_the_readme() {
    let config = load(&readme("toml", "[xmpp]"));
    assert_eq!(address_of_alice(&config), "alice@chat.example.org");
    assert_eq!((config.smtp.port, config.mailbox[0].port), (25, 143));
    assert_eq!(config.xmpp.domain.as_str(), "mail.example.org");
}

#[test]
fn of_subaddresses() {
    let config = load(&file("examples/subaddress.toml"));
    assert_eq!(
        address_of_alice(&config),
        "bridge+alice_example.org@provider.example"
    );
}

#[test]
fn of_lmtp() {
    let config = load(&file("examples/lmtp/stanzamail.toml"));
    assert_eq!(address_of_alice(&config), "alice@chat.example.org");
    assert!(config.mailbox.is_empty());
    let listen = config.lmtp.unwrap().listen.to_string();
    assert_eq!(listen, "127.0.0.1:2424");
    let others = ["postfix-main.cf", "dovecot.conf", "exim.conf", "smtpd.conf"];
    for other in others.map(|name| file(&format!("examples/lmtp/{name}"))) {
        assert!(other.contains("2424") && other.contains("chat.example.org"));
    }
}

#[test]
fn with_every_key() {
    let config = load(&file("config.example.toml"));
    assert_eq!(address_of_alice(&config), "alice@chat.example.org");
}
