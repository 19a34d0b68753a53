//! An admin runs `stanzamail check`: a good set-up is one `ok` line each, a mistake is one `WRONG` line that says what to
//! do, and a gateway that is running does not notice.

use std::fs::{create_dir, remove_dir, set_permissions, write};
use std::os::unix::fs::PermissionsExt;

use super::counting::logins;
use super::servers::process::Port;
use super::servers::{Flavour, PASSWORD, SECRET};
use super::tls_everywhere::secure_config;
use super::world::{Options, World};

/// What `check` printed, and its exit code.
pub struct Checked {
    pub lines: Vec<String>,
    pub code: i32,
}

impl Checked {
    fn wrong(&self) -> Vec<&String> {
        let wrong = |line: &&String| line.starts_with("WRONG  ");
        self.lines.iter().filter(wrong).collect()
    }

    /// Exactly one line is wrong, about this, and says these things.
    pub fn assert_wrong(&self, about: &str, says: &[&str]) {
        let wrong = self.wrong();
        assert_eq!((wrong.len(), self.code), (1, 1), "{:#?}", self.lines);
        assert!(
            wrong[0].starts_with(&format!("WRONG  {about}")),
            "{}",
            wrong[0]
        );
        for words in says {
            assert!(wrong[0].contains(words), "{words:?} is not in {}", wrong[0]);
        }
    }
}

pub async fn check(world: &World) -> Checked {
    check_by(world, &["check"]).await
}

pub async fn check_by(world: &World, arguments: &[&str]) -> Checked {
    let output = world.gateway.command(arguments).await;
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Checked {
        lines: text.lines().map(str::to_owned).collect(),
        code: output.status.code().expect("it ended by itself"),
    }
}

/// Checks the good configuration with one thing different in its part after `section`.
async fn check_with(world: &World, section: &str, right: &str, wrong: &str) -> Checked {
    let good = good_config(world);
    let (before, after) = good.split_once(section).unwrap();
    let changed = after.replacen(right, wrong, 1);
    assert_ne!(changed, after, "{right:?} is in the configuration");
    world
        .gateway
        .write_config(&format!("{before}{section}{changed}"));
    check(world).await
}

fn good_config(world: &World) -> String {
    secure_config(&world.xmpp, &world.mail, "starttls", "implicit")
}

async fn good_world() -> World {
    let world = World::prepare(Flavour::Prosody, Options::default()).await;
    world.gateway.write_config(&good_config(&world));
    world
}

#[tokio::test]
async fn line_by_line() {
    let world = good_world().await;
    all_is_well(&world).await;
    the_xmpp_side(&world).await;
    the_smtp_side(&world).await;
    the_imap_side(&world).await;
    the_files(&world).await;
}

async fn all_is_well(world: &World) {
    let checked = check(world).await;
    let about = [
        "ok     configuration: ",
        "ok     users of a.example: for example, alice@a.example has the address alice@chat.a.example",
        "note   trust: [trust] has no authserv_ids",
        "ok     store ",
        "ok     component gateway.a.example at 127.0.0.1:",
        "note   MX of chat.a.example: it is no domain of the public DNS",
        "ok     SMTP 127.0.0.1:",
        "ok     IMAP 127.0.0.1:",
    ];
    for (line, about) in checked.lines.iter().zip(about) {
        assert!(line.starts_with(about), "{line}");
    }
    assert_eq!((checked.lines.len(), checked.code), (about.len(), 0));
}

async fn the_xmpp_side(world: &World) {
    let secret = check_with(world, "[xmpp]", SECRET, "another secret").await;
    secret.assert_wrong(
        "component gateway.a.example",
        &["Compare it with component_secret"],
    );
    let (closed, open) = (Port::free(), world.xmpp.component_port.to_string());
    let port = check_with(world, "[xmpp]", &open, &closed.number().to_string()).await;
    port.assert_wrong("component", &["Is it running", "component_ports"]);
}

async fn the_smtp_side(world: &World) {
    let ca = format!("ca_file = {:?}", world.mail.ca_file);
    let open = world.mail.submission_port.to_string();
    let (closed, plain) = (Port::free(), world.mail.smtp_port.to_string());
    let change = async |right: &str, wrong: &str| check_with(world, "[smtp]", right, wrong).await;

    let password = change(PASSWORD, "another password").await;
    password.assert_wrong("SMTP", &["see username and password of [smtp]"]);
    let port = change(&open, &closed.number().to_string()).await;
    port.assert_wrong("SMTP", &["refused", "see host and port of [smtp]"]);
    let authority = change(&ca, "").await;
    authority.assert_wrong("SMTP", &["not trusted; set ca_file of [smtp]"]);
    let name = change("host = \"127.0.0.1\"", "host = \"127.0.0.2\"").await;
    name.assert_wrong("SMTP", &["see host and port"]);
    let tls = format!("{plain}\ntls = \"implicit\"");
    let no_tls = change(&format!("{open}\ntls = \"starttls\""), &tls).await;
    no_tls.assert_wrong("SMTP", &["implicit TLS is on port 465"]);
}

async fn the_imap_side(world: &World) {
    let ca = format!("ca_file = {:?}", world.mail.ca_file);
    let (open, plain) = (world.mail.imaps_port, world.mail.imap_port);
    let change =
        async |right: &str, wrong: &str| check_with(world, "[[mailbox]]", right, wrong).await;

    let password = change(PASSWORD, "another password").await;
    password.assert_wrong("IMAP", &["see username and password of [[mailbox]]"]);
    let folder = change(&ca, &format!("{ca}\nfolder = \"Nowhere\"")).await;
    folder.assert_wrong("IMAP", &["“Nowhere”", "create it"]);
    let authority = change(&ca, "").await;
    authority.assert_wrong("IMAP", &["not trusted; set ca_file"]);
    let no_tls = change(&open.to_string(), &plain.to_string()).await;
    no_tls.assert_wrong("IMAP", &["implicit TLS is on port 993"]);
}

async fn the_files(world: &World) {
    let typo = check_with(world, "[smtp]", "starttls", "startlts").await;
    typo.assert_wrong("configuration", &["smtp.tls", "startlts", "\"implicit\""]);

    world.gateway.write_config(&good_config(world));
    let store = world.gateway.folder().join("store");
    create_dir(&store).unwrap();
    set_permissions(&store, PermissionsExt::from_mode(0o755)).unwrap();
    let open = check(world).await;
    open.assert_wrong("store", &["chmod 700", "(mode 0755)"]);
    set_permissions(&store, PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(check(world).await.code, 0);

    // The gateway's socket, which cannot be tried then, is no second mistake.
    remove_dir(&store).unwrap();
    write(&store, "").unwrap();
    let no_folder = check(world).await;
    no_folder.assert_wrong("store", &["is not a folder"]);
    let told =
        |line: &String| line.starts_with("note   component") && line.contains("mended first");
    assert!(no_folder.lines.iter().any(told), "{:#?}", no_folder.lines);
}

#[tokio::test]
async fn a_running_gateway_does_not_notice() {
    let world = good_world().await.started().await;
    let checked = check(&world).await;
    assert_eq!(checked.code, 0, "{:#?}", checked.lines);
    let running = |line: &String| line.ends_with("a gateway is running with it");
    assert!(checked.lines.iter().any(running), "{:#?}", checked.lines);

    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    alice.send_message(&world.carol(), "Hello Carol").await;
    inbox.wait_mail_saying("Hello Carol").await;
    assert_eq!(logins(&world.gateway.log()), 1);
}
