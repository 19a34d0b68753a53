//! Prosody and ejabberd take the component as the examples and the README say.

use std::fs::{create_dir_all, read_to_string, write};
use std::process::Command;

use stanzamail::xmpp::{Timings, XmppConfig, try_login};

use super::mail::of_domain;
use super::servers::process::{Port, program};
use super::servers::{Ejabberd, Prosody, SECRET, XmppOptions, XmppServer};
use super::text::{file, readme, replaced};

const SECRET_OF_EXAMPLES: &str = "put a long random text here";
const SECRET_OF_README: &str = "the content of /etc/stanzamail/component-secret";

#[tokio::test]
async fn prosody_takes_it() {
    let mut server = prosody().await;
    let path = server.folder().join("prosody.cfg.lua");
    let without = without_component(&read_to_string(&path).unwrap());

    write_and_check(&mut server, &with_block(&without, SECRET)).await;
    attaches(&server, server.component_port).await;

    let port = format!("{{ {} }}", server.component_port);
    let example = replaced(
        &file("examples/prosody.cfg.lua"),
        &[(SECRET_OF_EXAMPLES, SECRET), ("{ 5347 }", &port)],
    );
    // The example says where components are listened for, and has the users' domain.
    let without: String = without
        .lines()
        .filter(|line| !line.starts_with("component_"))
        .map(|line| format!("{line}\n"))
        .collect();
    let whole = replaced(&without, &[("VirtualHost \"example.org\"\n", &example)]);
    write_and_check(&mut server, &whole).await;
    attaches(&server, server.component_port).await;
}

#[tokio::test]
async fn ejabberd_takes_it_without_a_restart() {
    let server = Ejabberd::start(XmppOptions::new("example.org")).await;
    let path = server.folder().join("ejabberd.yml");
    let config = read_to_string(&path).unwrap();
    let example = file("examples/ejabberd.yml");
    let (_, listener) = example.split_once("listen:\n").unwrap();
    for (listener, placeholder) in [
        (indented(listener), SECRET_OF_EXAMPLES),
        (readme("yaml", "ejabberd_service"), SECRET_OF_README),
    ] {
        let port = Port::free();
        let place = format!("port: {}", port.number());
        let listener = replaced(&listener, &[(placeholder, SECRET), ("port: 5347", &place)]);
        let listen = format!("listen:\n{listener}");
        write(&path, replaced(&config, &[("listen:\n", &listen)])).unwrap();
        reload(&server);
        attaches(&server, port.number()).await;
    }
}

/// What `ejabberdctl reload_config` does, by the API: the harness' ejabberd is no Erlang node.
fn reload(server: &XmppServer) {
    let reload = format!("http://127.0.0.1:{}/api/reload_config", server.http_port);
    let output = Command::new(program("curl"))
        .args(["-sSf", "-d", "{}", &reload])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}\n{}", server.log());
}

/// ejabberd for Bob of another domain, with the README's listener and this secret, at a port of its own.
pub async fn ejabberd_of_the_readme(domain: &str, secret: &str) -> (XmppServer, Port) {
    let server = Ejabberd::start(XmppOptions::new(domain).user("bob")).await;
    let port = Port::free();
    let listener = replaced(
        &of_domain(&readme("yaml", "ejabberd_service"), domain),
        &[
            (SECRET_OF_README, secret),
            ("port: 5347", &format!("port: {}", port.number())),
        ],
    );
    let path = server.folder().join("ejabberd.yml");
    let config = read_to_string(&path).unwrap();
    let listen = format!("listen:\n{listener}");
    write(&path, replaced(&config, &[("listen:\n", &listen)])).unwrap();
    reload(&server);
    (server, port)
}

fn options() -> XmppOptions {
    let mut options = XmppOptions::new("example.org").user("alice");
    options.gateways = vec!["mail.example.org".to_owned()];
    options
}

async fn prosody() -> XmppServer {
    Prosody::start(options()).await
}

/// Prosody with the README's block and this secret.
pub async fn prosody_of_the_readme(secret: &str) -> XmppServer {
    let mut server = prosody().await;
    let path = server.folder().join("prosody.cfg.lua");
    let without = without_component(&read_to_string(&path).unwrap());
    write_and_check(&mut server, &with_block(&without, secret)).await;
    server
}

fn with_block(config: &str, secret: &str) -> String {
    config.to_owned() + &replaced(&readme("lua", "Component"), &[(SECRET_OF_README, secret)])
}

/// The harness' own section for the component stands last.
fn without_component(config: &str) -> String {
    let (before, _) = config.split_once("Component \"mail.example.org\"").unwrap();
    before.to_owned()
}

/// `prosodyctl check config` finds nothing, and Prosody starts.
async fn write_and_check(server: &mut XmppServer, config: &str) {
    let path = server.folder().join("prosody.cfg.lua");
    create_dir_all(server.folder().join("certs")).unwrap();
    // The harness' own, which -F says too.
    write(&path, replaced(config, &[("daemonize = false\n", "")])).unwrap();
    let output = Command::new(program("prosodyctl"))
        .arg("--config")
        .arg(&path)
        .args(["check", "config"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("All checks passed"), "{said}");
    server.restart().await;
}

/// The lines of a listener.
fn indented(text: &str) -> String {
    let lines = text.lines().filter(|line| line.starts_with("  "));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The gateway's own login succeeds, with the right secret only.
async fn attaches(server: &XmppServer, port: u16) {
    let login = async |secret: &str| {
        let config = XmppConfig {
            server: format!("127.0.0.1:{port}"),
            domain: jid::DomainPart::new("mail.example.org")
                .unwrap()
                .into_owned(),
            secret: secret.to_owned().into(),
            ping_target: jid::DomainPart::new("example.org").unwrap().into_owned(),
            timings: Timings::default(),
        };
        try_login(&config).await.map_err(|error| error.to_string())
    };
    assert_eq!(login(SECRET).await, Ok(()), "{}", server.log());
    let refused = login("another secret").await.unwrap_err();
    assert!(refused.contains("does not accept the secret"), "{refused}");
}
