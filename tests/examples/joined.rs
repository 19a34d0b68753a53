//! "Join two systems over mail" of the README: Prosody for example.org and ejabberd for example.net, each with the mail
//! server and the gateway of the five minutes. Alice and Bob see each other and talk.

use std::process::Command;

use super::mail::{MailServer, Site, of_domain};
use super::readme::{SECRET, gateway, gateway_with_a_login};
use super::servers::process::{Folder, Port, Process, Rights, answers, program};
use super::servers::stanza::{body, contact, from, kind_of};
use super::servers::{Gateway, PASSWORD, PATIENCE, SlixmppClient, XmppServer};
use super::text::{file, readme, readme_commands, replaced};
use super::xmpp::{ejabberd_of_the_readme, prosody_of_the_readme};

const DOMAINS: [&str; 2] = ["example.org", "example.net"];

/// The two systems.
struct Joined {
    prosody: XmppServer,
    ejabberd: XmppServer,
    mail: [MailServer; 2],
    gateways: [Gateway; 2],
    _component: Port,
}

impl Joined {
    /// Neither gateway runs yet. `milters` are OpenDKIM's ports, where it runs.
    async fn prepare(milters: [Option<u16>; 2]) -> Joined {
        let [a, b] = [Port::free(), Port::free()];
        let worlds = [b.number(), a.number()];
        let mut sites = [a, b].into_iter().zip(worlds).zip(milters).zip(DOMAINS);
        let mut next = || {
            let (((smtp, world), milter), domain) = sites.next().expect("there are two");
            MailServer::of(Site {
                domain,
                password: SECRET,
                smtp,
                world,
                // OpenDKIM signs for whoever logged in.
                login: milter.is_some(),
                postfix: milter.map(milters_of_the_readme).unwrap_or_default(),
            })
        };
        let (prosody, (ejabberd, component), here, there) = tokio::join!(
            prosody_of_the_readme(SECRET),
            ejabberd_of_the_readme(DOMAINS[1], SECRET),
            next(),
            next()
        );
        let of_domain = if milters[0].is_some() {
            gateway_with_a_login
        } else {
            gateway
        };
        let gateways = [
            of_domain(DOMAINS[0], prosody.component_port, &here),
            of_domain(DOMAINS[1], component.number(), &there),
        ];
        Joined {
            prosody,
            ejabberd,
            mail: [here, there],
            gateways,
            _component: component,
        }
    }

    /// Adds to the configuration of one, and starts it; the check finds nothing.
    async fn start_with(&mut self, index: usize, added: &str) {
        let gateway = &mut self.gateways[index];
        let before = std::fs::read_to_string(gateway.config()).unwrap();
        gateway.write_config(&format!("{before}\n{added}"));
        let checked = gateway.command(&["check"]).await;
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(checked.status.success(), "{said}");
        gateway.start_again().await;
    }

    /// Each adds the other as a contact, sees the other, and is heard.
    async fn meet(&self) {
        let alice = SlixmppClient::login(&self.prosody, "alice").await;
        let bob = SlixmppClient::login(&self.ejabberd, "bob").await;
        let to_bob = contact("bob@chat.example.net", "mail.example.org");
        let to_alice = contact("alice@chat.example.org", "mail.example.net");
        ask((&alice, &to_bob), (&bob, &to_alice)).await;
        ask((&bob, &to_alice), (&alice, &to_bob)).await;
        for (client, other) in [(&alice, &to_bob), (&bob, &to_alice)] {
            let is_there = |stanza: &minidom::Element| {
                stanza.name() == "presence"
                    && kind_of(stanza).is_empty()
                    && from(stanza).starts_with(other.as_str())
            };
            client.expect(is_there).await;
        }
        alice.send(format!(
            "<message to='{to_bob}' type='chat' id='a1'><body>Hello Bob</body>\
             <request xmlns='urn:xmpp:receipts'/></message>"
        ));
        let hello = bob.next_message_from(&to_alice).await;
        assert_eq!(
            (hello.attr("id"), body(&hello)),
            (Some("a1"), Some("Hello Bob".to_owned()))
        );
    }
}

/// One asks for the presence of the other, who agrees. Each with the JID that they know the other by.
async fn ask((one, to_other): (&SlixmppClient, &str), (other, to_one): (&SlixmppClient, &str)) {
    one.send(format!("<presence to='{to_other}' type='subscribe'/>"));
    other.next_presence_from(to_one, "subscribe").await;
    other.send(format!("<presence to='{to_one}' type='subscribed'/>"));
    one.next_presence_from(to_other, "subscribed").await;
}

#[tokio::test]
async fn with_keys() {
    let mut joined = Joined::prepare([None, None]).await;
    let mut keys = Vec::new();
    for gateway in &joined.gateways {
        let output = gateway.command(&["key"]).await;
        keys.push(String::from_utf8(output.stdout).unwrap());
    }
    let section = readme("toml", "[[peer]]");
    let of_peer = |key: &str| replaced(&section, &[("key = \"ed25519:…\"\n", key)]);
    let (here, there) = (of_peer(&keys[1]), of_peer(&keys[0]));
    let there = replaced(&there, &[(DOMAINS[1], DOMAINS[0])]);

    joined.start_with(0, &here).await;
    joined.start_with(1, &there).await;

    joined.meet().await;
    let handled = joined.mail[0].bridge(SECRET).await.folder("Handled").await;
    for mail in handled.wait_for(1).await {
        assert!(
            mail.header("XMPP-Bridge-Signature").is_some(),
            "{}",
            mail.text()
        );
    }
}

#[tokio::test]
async fn with_dkim() {
    let milters = milters().await;
    let ports = milters.each_ref().map(|milter| Some(milter.port.number()));
    let mut joined = Joined::prepare(ports).await;
    let section = readme("toml", "authserv_ids");

    joined.start_with(0, &section).await;
    joined.start_with(1, &of_domain(&section, DOMAINS[1])).await;

    joined.meet().await;
    let handled = joined.mail[0].bridge(SECRET).await.folder("Handled").await;
    for mail in handled.wait_for(1).await {
        let results = mail.headers("Authentication-Results");
        let [results] = &results[..] else {
            panic!("{}", mail.text());
        };
        assert!(results.starts_with("mail.example.org;"), "{results}");
        assert!(results.contains("dkim=pass"), "{results}");
        assert!(results.contains("header.d=chat.example.net"), "{results}");
    }
}

/// The mail server serves others too.
#[tokio::test]
async fn another_login_of_the_mail_server_is_no_gateway() {
    let milters = milters().await;
    let port = milters[0].port.number();
    let server = MailServer::of(Site {
        login: true,
        postfix: milters_of_the_readme(port),
        ..Site::usual(SECRET, 1)
    })
    .await;
    server.add_login("mallory@else.example", PASSWORD);
    let forged = "From: bob@chat.example.org\r\nTo: alice@chat.example.org\r\nMessage-ID: <1@else.example>\r\n\
        Authentication-Results: mail.example.org; dkim=pass header.d=chat.example.org\r\n\r\nHello\r\n";
    let sent = server.send("mallory@else.example", "mallory@else.example", forged);
    assert!(sent.status.success(), "{sent:?}");

    let mail = server.bridge(SECRET).await.wait_for(1).await.remove(0);
    assert_eq!(mail.header("DKIM-Signature"), None, "{}", mail.text());
    let results = mail.headers("Authentication-Results").join("\n");
    assert!(!results.contains("pass"), "{}", mail.text());
}

// --- OpenDKIM --------------------------------------------------------------------------------------------------------

struct Milter {
    port: Port,
    _process: Process,
    _folder: Folder,
}

/// The README's line for Postfix.
fn milters_of_the_readme(port: u16) -> String {
    let commands = readme_commands();
    let setting = commands
        .iter()
        .find_map(|line| line.strip_prefix("postconf -e smtpd_milters="));
    let setting = setting.expect("the README has the command");
    let place = replaced(setting, &[("8891", &port.to_string())]);
    format!("smtpd_milters = {place}\n")
}

/// `examples/opendkim.conf` for both, with keys as the README has them made. What DNS would say is in a file.
async fn milters() -> [Milter; 2] {
    let folders = DOMAINS.map(|_| Folder::new("opendkim"));
    let mut records = String::new();
    for (folder, domain) in folders.iter().zip(DOMAINS) {
        records.push_str(&make_key(folder, domain));
    }
    let [a, b] = folders;
    let (a, b) = tokio::join!(
        Milter::start(a, DOMAINS[0], &records),
        Milter::start(b, DOMAINS[1], &records)
    );
    [a, b]
}

impl Milter {
    async fn start(folder: Folder, domain: &str, records: &str) -> Milter {
        let port = Port::free();
        let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let config = replaced(
            &of_domain(&file("examples/opendkim.conf"), domain),
            &[
                ("UserID opendkim\n", ""),
                ("Syslog yes\n", "Syslog no\n"),
                ("/run/opendkim/opendkim.pid", &place("opendkim.pid")),
                ("/etc/dkimkeys/", &place("")),
                ("inet:8891@", &format!("inet:{}@", port.number())),
            ],
        );
        folder.write("records", records);
        let more = format!(
            "TestPublicKeys {}\nTemporaryDirectory {}\nRequireSafeKeys no\n",
            place("records"),
            place("")
        );
        let config = folder.write("opendkim.conf", &(config + &more));
        folder.hand_over();
        let mut command = Command::new(program("opendkim"));
        command.arg("-f").arg("-x").arg(config);
        let mut process = Process::start("opendkim", &folder, command, Rights::Dropped);
        let number = port.number();
        process.ready(PATIENCE, |_| answers(number)).await;
        Milter {
            port,
            _process: process,
            _folder: folder,
        }
    }
}

/// As the README makes it. Returns its record, as `TestPublicKeys` wants it.
fn make_key(folder: &Folder, domain: &str) -> String {
    let commands = readme_commands();
    let command = commands
        .iter()
        .find_map(|line| line.strip_prefix("runuser -u opendkim -- opendkim-genkey "));
    let command = of_domain(command.expect("the README has the command"), domain);
    let place = folder.path().to_string_lossy().into_owned();
    let arguments = replaced(&command, &[("/etc/dkimkeys", &place)]);
    let output = Command::new(program("opendkim-genkey"))
        .args(arguments.split(' '))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    // stanzamail._domainkey	IN	TXT	( "v=DKIM1; h=sha256; k=rsa; " "p=…" "…" )  ; …
    let record = std::fs::read_to_string(folder.join("stanzamail.txt")).unwrap();
    let strings: String = record.split('"').skip(1).step_by(2).collect();
    format!("stanzamail._domainkey.chat.{domain} {strings}\n")
}
