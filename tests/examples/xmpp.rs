//! Prosody and ejabberd take the component as the README says, with the files in `examples/`, while they run.

use std::fs::{create_dir_all, read_to_string, write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use stanzamail::xmpp::{XmppConfig, XmppEvent, XmppTimings, try_login};

use super::servers::process::{Folder, Port, account_names, program};
use super::servers::tls::Certificates;
use super::servers::{Ejabberd, PATIENCE, Prosody, SECRET, XmppOptions, XmppServer};
use super::shell::Shell;
use super::text::replaced;

#[tokio::test]
async fn prosody_takes_it_while_it_runs() {
    let server = prosody().await;
    let (shell, commands) = prosodys_shell(&server, SECRET);
    let said = shell.types(&commands).await;
    attaches(&server, server.component_port).await;
    assert!(!said.contains("rror"), "{said}");

    // Once more: another secret counts at once, and all else stays.
    let (shell, commands) = prosodys_shell(&server, "another secret");
    let said = shell.types(&commands).await;
    assert!(said.contains("already activated"), "{said}");
    let refused = login(server.component_port, SECRET).await.unwrap_err();
    assert!(refused.contains("does not accept the secret"), "{refused}");
    checks_its_configuration(&server);
}

#[tokio::test]
async fn ejabberd_takes_it_while_it_runs() {
    let server = Ejabberd::start(XmppOptions::new("example.org")).await;
    let port = Port::free();
    let (shell, commands) = ejabberds_shell(&server, "example.org", SECRET, &port);
    let said = shell.types(&commands).await;
    assert!(!said.contains("rror"), "{said}\n{}", server.log());
    attaches(&server, port.number()).await;
    let path = server.folder().join("ejabberd.yml");
    let before = read_to_string(&path).unwrap();
    shell.types(&commands).await;
    assert_eq!(read_to_string(&path).unwrap(), before);
    attaches(&server, port.number()).await;
}

/// ejabberd for Bob of another domain, with the README's listener and this secret, at a port of its own.
pub async fn ejabberd_of_the_readme(domain: &str, secret: &str) -> (XmppServer, Port) {
    let server = Ejabberd::start(XmppOptions::new(domain).user("bob")).await;
    let port = Port::free();
    let (shell, commands) = ejabberds_shell(&server, domain, secret, &port);
    shell.types(&commands).await;
    (server, port)
}

/// The README's commands for ejabberd. The harness' ejabberd is no Erlang node: what `ejabberdctl` does, its API does.
fn ejabberds_shell(
    server: &XmppServer,
    domain: &str,
    secret: &str,
    port: &Port,
) -> (Shell, String) {
    let shell = Shell::of(domain);
    let place = format!("port: {}", port.number());
    shell.change("examples/ejabberd.yml", &[("port: 5347", &place)]);
    write(shell.path("component-secret"), secret).unwrap();
    let (curl, api) = (program("curl"), server.http_port);
    let (curl, api) = (curl.display(), format!("http://127.0.0.1:{api}/api"));
    shell.stand_in(
        "ejabberdctl",
        &format!("exec {curl} -sSf -d '{{}}' {api}/$1"),
    );
    let folder = server.folder().to_string_lossy().into_owned();
    let commands = replaced(
        &shell.pasted("README.md", "ejabberdctl reload_config"),
        &[
            ("/etc/ejabberd", &folder),
            ("/etc/stanzamail/component-secret", "component-secret"),
            ("-g ejabberd ", &format!("-g {} ", account_names().1)),
        ],
    );
    (shell, commands)
}

/// With the domain of the README, and a component that is somebody else's.
async fn prosody() -> XmppServer {
    let mut options = XmppOptions::new("example.org").user("alice");
    options.gateways = vec!["other.example.org".to_owned()];
    let mut server = Prosody::start(options).await;
    server.stop().await;
    // What Debian's configuration has, and the harness' does not need.
    let folder = server.folder().to_owned();
    let path = folder.join("prosody.cfg.lua");
    let config = read_to_string(&path).unwrap();
    let global = format!(
        "pidfile = \"{}/prosody.pid\"\nmodules_enabled = {{\n\t\"admin_shell\";",
        folder.display()
    );
    let changes = [
        // -F says it too.
        ("daemonize = false\n", ""),
        ("modules_enabled = {\n", global.as_str()),
    ];
    let include = "Include \"conf.d/*.cfg.lua\"\n";
    write(&path, replaced(&config, &changes) + include).unwrap();
    for name in ["conf.d", "certs"] {
        create_dir_all(folder.join(name)).unwrap();
    }
    server.hand_over();
    server.start_again().await;
    // An admin's Prosody has run for long: its shell listens.
    let began = std::time::Instant::now();
    while !folder.join("data/prosody.sock").exists() {
        assert!(began.elapsed() < PATIENCE, "{}", server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server
}

/// Prosody with the README's component and this secret.
pub async fn prosody_of_the_readme(secret: &str) -> XmppServer {
    let server = prosody().await;
    let (shell, commands) = prosodys_shell(&server, secret);
    // What a failure shows.
    println!("{}", shell.types(&commands).await);
    opens(server.component_port).await;
    server
}

/// The README's commands for Prosody.
fn prosodys_shell(server: &XmppServer, secret: &str) -> (Shell, String) {
    let shell = Shell::of("example.org");
    write(shell.path("component-secret"), secret).unwrap();
    shell.stand_in(
        "prosodyctl",
        &format!("exec {} \"$@\"", prosodyctl(server.folder())),
    );
    let folder = server.folder().to_string_lossy().into_owned();
    let commands = replaced(
        &shell.pasted("README.md", "host:activate"),
        &[
            ("/etc/prosody", &folder),
            ("/etc/stanzamail/component-secret", "component-secret"),
            ("-g prosody ", &format!("-g {} ", account_names().1)),
        ],
    );
    (shell, commands)
}

fn prosodyctl(folder: &Path) -> String {
    let program = program("prosodyctl");
    format!(
        "{} --config {}/prosody.cfg.lua",
        program.display(),
        folder.display()
    )
}

/// `prosodyctl check config` finds nothing.
fn checks_its_configuration(server: &XmppServer) {
    let command = format!("{} check config", prosodyctl(server.folder()));
    let output = Command::new("sh").args(["-c", &command]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("All checks passed"), "{said}");
}

/// A server opens the port for components when it has taken its configuration, which is not before its shell says so on a busy
/// machine.
async fn opens(port: u16) {
    let began = std::time::Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < PATIENCE, "no port for components opens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The gateway's own login succeeds, with the right secret only.
async fn attaches(server: &XmppServer, port: u16) {
    opens(port).await;
    assert_eq!(login(port, SECRET).await, Ok(()), "{}", server.log());
    let refused = login(port, "another secret").await.unwrap_err();
    assert!(refused.contains("does not accept the secret"), "{refused}");
}

async fn login(port: u16, secret: &str) -> Result<(), String> {
    login_to(&format!("127.0.0.1:{port}"), None, secret).await
}

/// Both ways, more than fits into one record of TLS or one buffer.
async fn carries_stanzas(server: &XmppServer, config: XmppConfig) {
    let bob = server.login("bob").await;
    let (events, mut happened) = tokio::sync::mpsc::channel(16);
    let (link, connector) = stanzamail::xmpp::connect(config, events);
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(connector.run(stop.clone()));
    link.wait_online().await;
    let text = "words ".repeat(5_000);
    let message = |to: &str, from: &str| -> minidom::Element {
        format!(
            "<message xmlns='jabber:component:accept' to='{to}' from='{from}'><body>{text}</body></message>"
        )
        .parse()
        .unwrap()
    };
    let contact = "carol\\40mail.example@mail.example.org";
    let all = (0..20).map(|_| message(bob.bare(), contact)).collect();
    link.deliver(all).await.unwrap();
    bob.wait_for_messages(20, PATIENCE).await;

    bob.send_message(contact, &text).await;
    let is_bobs = |event: XmppEvent| match event {
        XmppEvent::Stanza(stanza) => stanza.children().any(|child| child.text() == text),
        _ => false,
    };
    while !is_bobs(happened.recv().await.expect("the link stands")) {}
    stop.cancel();
    let ended = tokio::time::timeout(PATIENCE, running).await;
    ended.expect("it closes").unwrap();
}

/// With TLS where there is an authority to trust.
async fn login_to(server: &str, ca_file: Option<&Path>, secret: &str) -> Result<(), String> {
    let config = config(server, ca_file, secret);
    try_login(&config).await.map_err(|error| error.to_string())
}

fn config(server: &str, ca_file: Option<&Path>, secret: &str) -> XmppConfig {
    XmppConfig {
        server: server.to_owned(),
        tls: ca_file.is_some(),
        ca_file: ca_file.map(Path::to_owned),
        domain: jid::DomainPart::new("mail.example.org")
            .unwrap()
            .into_owned(),
        secret: secret.to_owned().into(),
        ping_target: jid::DomainPart::new("example.org").unwrap().into_owned(),
        timings: XmppTimings::default(),
    }
}

/// docs/OPERATING.md, "An XMPP server on another machine": the listener with the lines that are remarks in the example.
#[tokio::test]
async fn ejabberd_takes_it_over_tls() {
    let server = Ejabberd::start(XmppOptions::new("example.org").user("bob")).await;
    let tls = Folder::new("tls");
    let certificates = Certificates::make(&tls, &[]);
    let both = ["server.pem", "server.key"].map(|name| read_to_string(tls.join(name)).unwrap());
    let both = tls.write("ejabberd.pem", &both.concat());
    tls.hand_over();
    let port = Port::free();
    let (shell, commands) = ejabberds_shell(&server, "example.org", SECRET, &port);
    let certfile = format!("certfile: {}", both.display());
    shell.change(
        "examples/ejabberd.yml",
        &[
            ("# tls: true", "tls: true"),
            ("# certfile: /etc/ejabberd/ejabberd.pem", &certfile),
        ],
    );
    let said = shell.types(&commands).await;
    opens(port.number()).await;
    let (place, ca) = (format!("localhost:{}", port.number()), &certificates.ca);
    let taken = login_to(&place, Some(ca), SECRET).await;
    assert_eq!(taken, Ok(()), "{said}\n{}", server.log());
    let refused = login_to(&place, Some(ca), "another secret")
        .await
        .unwrap_err();
    assert!(refused.contains("does not accept the secret"), "{refused}");

    let folder = Folder::new("tls");
    let stranger = Certificates::make(&folder, &[]);
    let wrong = login_to(&place, Some(&stranger.ca), SECRET).await;
    let wrong = wrong.unwrap_err();
    assert!(wrong.contains("is not taken ("), "{wrong}");
    let no_tls = login_to(
        &format!("127.0.0.1:{}", server.component_port),
        Some(ca),
        SECRET,
    )
    .await;
    let no_tls = no_tls.unwrap_err();
    assert!(no_tls.contains("no TLS with the XMPP server"), "{no_tls}");
    carries_stanzas(&server, config(&place, Some(ca), SECRET)).await;
    let in_the_clear = login(port.number(), SECRET).await.unwrap_err();
    assert!(in_the_clear.contains("Is "), "{in_the_clear}");
}
