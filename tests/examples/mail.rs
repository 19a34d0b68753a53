//! Postfix and Dovecot as `examples/postfix` and `examples/dovecot` make them, on top of what Debian's packages bring.

use std::fs::{self, copy, read_dir, read_to_string};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use stanzamail::core::rules::Rules;

use super::servers::process::{
    Folder, Port, Process, Rights, account_names, answers, program, render,
};
use super::servers::tls::Certificates;
use super::servers::{Mailbox, PASSWORD, submit};
use super::text::{file, replaced};

const BRIDGE: &str = "bridge@chat.example.org";
/// The domain of the README and of the examples.
const DOMAIN: &str = "example.org";
/// Settings that every Debian has, as they can be for a test: its own folder, loopback, no root.
const POSTFIX: &str = r#"
compatibility_level = 3.6
queue_directory = @DIR@/spool
data_directory = @DIR@/data
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = @DIR@/mail.log
maillog_file_prefixes = @DIR@
import_environment = MAIL_CONFIG TZ LANG LD_PRELOAD FAKEROOTKEY
myhostname = mail.@DOMAIN@
mydestination = localhost
mynetworks = 127.0.0.0/8
recipient_delimiter = +
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtp_host_lookup = native
relayhost = [127.0.0.1]:@WORLD@
alias_maps =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
smtpd_tls_cert_file = @CERTIFICATE@
smtpd_tls_key_file = @KEY@
smtpd_tls_security_level = may
"#;
const DOVECOT: &str = r#"
base_dir = @DIR@/run
state_dir = @DIR@/state
log_path = @DIR@/dovecot.log
listen = 127.0.0.1
protocols = imap lmtp
default_internal_user = @USER@
default_internal_group = @GROUP@
default_login_user = @USER@
mail_privileged_group =
first_valid_uid = 1
service imap-login {
  chroot =
  inet_listener imap {
    port = @IMAP@
  }
  inet_listener imaps {
    port = @IMAPS@
  }
}
service auth-worker {
  user = @USER@
}
service anvil {
  chroot =
}
"#;

/// Whose mail server it is.
pub struct Site<'a> {
    /// In place of `example.org` wherever that stands in the examples.
    pub domain: &'a str,
    /// The bridge's.
    pub password: &'a str,
    /// Where the world hands mail over.
    pub smtp: Port,
    /// The port where mail for others goes.
    pub world: u16,
    /// Whole lines for the end of `main.cf`.
    pub postfix: String,
}

/// A mail server for `chat.example.org`.
pub struct MailServer {
    domain: String,
    /// Where the world hands mail over.
    pub smtp: Port,
    pub submissions: Port,
    pub imap: Port,
    pub imaps: Port,
    pub ca_file: PathBuf,
    dovecot: Folder,
    postfix: Folder,
    _tls: Folder,
    // Last, so that they end last of all but their folders.
    processes: Vec<Process>,
}

impl MailServer {
    /// `password` is the bridge's; `world` is the port where mail for others goes.
    pub async fn start(password: &str, world: u16) -> MailServer {
        MailServer::of(Site {
            domain: DOMAIN,
            password,
            smtp: Port::free(),
            world,
            postfix: String::new(),
        })
        .await
    }

    /// The same for another domain.
    pub async fn of(site: Site<'_>) -> MailServer {
        let tls = Folder::new("tls");
        let certificates = Certificates::make(&tls, &[format!("mail.{}", site.domain)]);
        tls.hand_over();
        let mut server = MailServer {
            domain: site.domain.to_owned(),
            smtp: site.smtp,
            submissions: Port::free(),
            imap: Port::free(),
            imaps: Port::free(),
            ca_file: certificates.ca.clone(),
            dovecot: Folder::new("dovecot"),
            postfix: Folder::new("postfix"),
            _tls: tls,
            processes: Vec::new(),
        };
        server.write_postfix(site.world, &certificates, &site.postfix);
        server.write_dovecot(site.password, &certificates);
        // Dovecot's sockets lie in the queue that Postfix makes.
        server.start_postfix().await;
        server.start_dovecot().await;
        server
    }

    /// The mailbox of the gateway.
    pub async fn bridge(&self, password: &str) -> Mailbox {
        let bridge = BRIDGE.replace(DOMAIN, &self.domain);
        Mailbox::open(self.imap.number(), &bridge, password).await
    }

    /// An example, for the domain of this server.
    fn example(&self, name: &str) -> String {
        of_domain(&file(&format!("examples/{name}")), &self.domain)
    }

    fn write_postfix(&self, world: u16, tls: &Certificates, more: &str) {
        let folder = &self.postfix;
        for name in ["conf", "spool", "data"] {
            folder.create(name);
        }
        let base = render(
            POSTFIX,
            &[
                ("DIR", &path(folder.path())),
                ("WORLD", &world.to_string()),
                ("DOMAIN", &self.domain),
                ("CERTIFICATE", &path(&tls.certificate)),
                ("KEY", &path(&tls.key)),
            ],
        );
        let conf = path(&folder.join("conf"));
        let etc = [("/etc/postfix", conf.as_str())];
        let example = replaced(&self.example("postfix/main.cf"), &etc);
        folder.write("conf/main.cf", &(base + &example + more));
        let example = replaced(
            &self.example("postfix/master.cf"),
            &[
                etc[0],
                (
                    // No chroot without root.
                    "submissions inet n - y",
                    &format!("127.0.0.1:{} inet n - n", self.submissions.number()),
                ),
            ],
        );
        folder.write("conf/master.cf", &(self.base_services() + &example));
        for name in ["stanzamail", "stanzamail-senders"] {
            folder.write(
                &format!("conf/{name}"),
                &self.example(&format!("postfix/{name}")),
            );
        }
        folder.hand_over();
    }

    /// Debian's `master.cf`, without chroot and with a port of our own.
    fn base_services(&self) -> String {
        let stock = read_to_string("/usr/share/postfix/master.cf.dist")
            .expect("Debian's postfix is installed: run `make deps`");
        let mut services = String::new();
        for line in stock.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            match fields[..] {
                ["smtp", "inet", ..] => services.push_str(&format!(
                    "127.0.0.1:{} inet n - n - - smtpd\n",
                    self.smtp.number()
                )),
                [name, kind, private, unprivileged, _, ref rest @ ..]
                    if !line.starts_with(' ') && !rest.is_empty() =>
                {
                    let rest = rest.join(" ");
                    services.push_str(&format!(
                        "{name} {kind} {private} {unprivileged} n {rest}\n"
                    ))
                }
                _ => services.push_str(&format!("{line}\n")),
            }
        }
        services
    }

    fn write_dovecot(&self, password: &str, tls: &Certificates) {
        let folder = &self.dovecot;
        for name in ["etc/conf.d", "run", "state", "vmail"] {
            folder.create(name);
        }
        let stock = Path::new("/usr/share/dovecot");
        copy_files(stock, &folder.join("etc"));
        copy_files(&stock.join("conf.d"), &folder.join("etc/conf.d"));
        let ssl = read_to_string(folder.join("etc/conf.d/10-ssl.conf")).unwrap();
        let certificate = [
            ("/etc/dovecot/private/dovecot.pem", path(&tls.certificate)),
            ("/etc/dovecot/private/dovecot.key", path(&tls.key)),
        ];
        let certificate = [0, 1].map(|n| (certificate[n].0, certificate[n].1.as_str()));
        folder.write("etc/conf.d/10-ssl.conf", &replaced(&ssl, &certificate));
        let (user, group) = account_names();
        let (etc, spool) = (path(&folder.join("etc")), path(&self.postfix.join("spool")));
        let (vmail, owner) = (path(&folder.join("vmail")), format!(":{user}:{group}:"));
        let example = replaced(
            &self.example("dovecot/stanzamail.conf"),
            &[
                ("/etc/dovecot/stanzamail", &format!("{etc}/stanzamail")),
                ("/var/spool/postfix", &spool),
                ("user = postfix", &format!("user = {user}")),
                ("group = postfix", &format!("group = {group}")),
            ],
        );
        folder.write("etc/conf.d/05-stanzamail.conf", &example);
        let places = [(":vmail:vmail:", owner.as_str()), ("/var/vmail", &vmail)];
        let users = replaced(&self.example("dovecot/stanzamail.users"), &places);
        let hash = hash_of(password);
        let users = replaced(&users, &[("{SHA512-CRYPT}put the hash here", &hash)]);
        folder.write("etc/stanzamail.users", &users);
        let all = replaced(&self.example("dovecot/stanzamail.catchall"), &places);
        folder.write("etc/stanzamail.catchall", &all);
        let values = [
            ("DIR", path(folder.path())),
            ("USER", user),
            ("GROUP", group),
            ("IMAP", self.imap.number().to_string()),
            ("IMAPS", self.imaps.number().to_string()),
        ];
        let values: Vec<_> = values.iter().map(|(key, to)| (*key, to.as_str())).collect();
        // Read after all others.
        folder.write("etc/local.conf", &render(DOVECOT, &values));
        folder.hand_over();
    }

    async fn start_postfix(&mut self) {
        let mut command = Command::new("sh");
        command
            .args(["-c", include_str!("../servers/config/postfix.sh"), "sh"])
            .args([program("postfix"), program("master")])
            .arg("fakeroot");
        let mut process = Process::start("postfix", &self.postfix, command, Rights::Dropped);
        let ports = [self.smtp.number(), self.submissions.number()];
        let up = |_: &Process| ports.into_iter().all(answers);
        process.ready(Duration::from_secs(20), up).await;
        self.processes.push(process);
    }

    async fn start_dovecot(&mut self) {
        let mut command = Command::new(program("dovecot"));
        command.arg("-F").arg("-c").arg(self.dovecot_conf());
        let mut process = Process::start("dovecot", &self.dovecot, command, Rights::Dropped);
        let ports = [self.imap.number(), self.imaps.number()];
        let sockets = ["private/dovecot-lmtp", "private/auth"]
            .map(|name| self.postfix.join("spool").join(name));
        let up = |_: &Process| {
            ports.into_iter().all(answers) && sockets.iter().all(|socket| socket.exists())
        };
        process.ready(Duration::from_secs(20), up).await;
        self.processes.push(process);
    }

    /// Dovecot anew, with one thing different.
    async fn restart_dovecot_with(&mut self, from: &str, to: &str) {
        let mut process = self.processes.pop().expect("Dovecot runs");
        process.stop(Duration::from_secs(5)).await;
        let file = self.dovecot.join("etc/conf.d/05-stanzamail.conf");
        let text = read_to_string(&file).unwrap();
        fs::write(&file, replaced(&text, &[(from, to)])).unwrap();
        self.start_dovecot().await;
    }

    fn dovecot_conf(&self) -> PathBuf {
        self.dovecot.join("etc/dovecot.conf")
    }

    /// What Dovecot says of a recipient.
    fn recipient(&self, address: &str) -> Output {
        let mut command = Command::new(program("doveadm"));
        command.arg("-c").arg(self.dovecot_conf());
        command.args(["user", address]).output().unwrap()
    }

    /// One more account.
    pub fn add_login(&self, login: &str, password: &str) {
        let file = self.dovecot.join("etc/stanzamail.users");
        let (user, group) = account_names();
        let line = format!(
            "{login}:{}:{user}:{group}::/nonexistent::\n",
            hash_of(password)
        );
        let text = read_to_string(&file).unwrap();
        fs::write(&file, text + &line).unwrap();
    }

    /// Submits a mail to Alice as `sender`, with this login.
    fn send_as(&self, login: &str, sender: &str) -> Output {
        self.send(login, sender, MAIL)
    }

    /// The same with any mail.
    pub fn send(&self, login: &str, sender: &str, mail: &str) -> Output {
        let mail = self.postfix.write("mail.eml", mail);
        let mut command = Command::new(program("curl"));
        command
            .args(["-sS", "--mail-from", sender])
            .args(["--mail-rcpt", "alice@chat.example.org"])
            .args(["--user", &format!("{login}:{PASSWORD}")])
            .arg("--cacert")
            .arg(&self.ca_file)
            .arg("--upload-file")
            .arg(mail)
            .arg(format!("smtps://localhost:{}", self.submissions.number()));
        command.output().unwrap()
    }

    pub fn logs(&self) -> String {
        let log = |path: PathBuf| read_to_string(path).unwrap_or_default();
        log(self.postfix.join("mail.log")) + &log(self.dovecot.join("dovecot.log"))
    }
}

/// A text of the README or the examples, for another domain.
pub fn of_domain(text: &str, domain: &str) -> String {
    let pattern = |domain: &str| domain.replace('.', "\\.");
    text.replace(DOMAIN, domain)
        .replace(&pattern(DOMAIN), &pattern(domain))
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn copy_files(from: &Path, to: &Path) {
    let entries = read_dir(from).expect("Debian's dovecot is installed: run `make deps`");
    for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
        copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// As the README makes it.
fn hash_of(password: &str) -> String {
    let mut command = Command::new(program("doveadm"));
    let output = command
        .args(["pw", "-s", "SHA512-CRYPT", "-p", password])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

// --- what the examples promise ---------------------------------------------------------------------------------------

const MAIL: &str = "From: Carol <carol@mail.example>\nTo: undisclosed-recipients:;\nSubject: To both of you\n\
    Message-ID: <bcc@mail.example>\n\nHello\n";

#[tokio::test]
async fn a_mail_to_two_that_names_none_arrives_for_each() {
    let server = MailServer::start(PASSWORD, 1).await;
    let recipients = ["alice@chat.example.org", "bob@chat.example.org"];
    submit(
        server.smtp.number(),
        "carol@mail.example",
        &recipients,
        MAIL,
    )
    .await
    .unwrap();
    let mails = server.bridge(PASSWORD).await.wait_for(2).await;
    let mut delivered: Vec<_> = mails
        .iter()
        .flat_map(|mail| mail.headers("Delivered-To"))
        .collect();
    delivered.sort();
    assert_eq!(delivered, recipients, "{}", server.logs());
}

#[tokio::test]
async fn every_address_that_the_gateway_makes_is_taken() {
    let server = MailServer::start(PASSWORD, 1).await;
    let rule = ("{local}@example.org", "{local}@chat.example.org");
    let rules = Rules::new(&[(rule.0.to_owned(), rule.1.to_owned())]).unwrap();
    let users = [
        "alice",
        "zoë",
        "o\\27hara",
        "a+b",
        "-dash",
        "_-",
        "a=b%c",
        ".dot.",
        "юля",
    ];
    let mut addresses: Vec<String> = users
        .iter()
        .map(|user| {
            let jid = format!("{user}@example.org").parse().unwrap();
            rules.mail_of(&jid).unwrap().to_string()
        })
        .collect();
    let to: Vec<&str> = addresses.iter().map(String::as_str).collect();
    submit(server.smtp.number(), "carol@mail.example", &to, MAIL)
        .await
        .unwrap();
    let mails = server.bridge(PASSWORD).await.wait_for(users.len()).await;
    let mut delivered: Vec<_> = mails
        .iter()
        .flat_map(|mail| mail.headers("Delivered-To"))
        .collect();
    delivered.sort();
    addresses.sort();
    assert_eq!(delivered, addresses, "{}", server.logs());
}

#[tokio::test]
async fn stock_dovecot_refuses_characters_and_the_example_does_not() {
    let mut server = MailServer::start(PASSWORD, 1).await;
    let taken = server.recipient("a=b@chat.example.org");
    assert!(taken.status.success(), "{taken:?}");
    let said = String::from_utf8_lossy(&taken.stdout).into_owned();
    assert!(said.contains(&format!("user\t{BRIDGE}\n")), "{said}");
    server
        .restart_dovecot_with("\nauth_username_chars =\n", "\n")
        .await;
    let refused = server.recipient("a=b@chat.example.org");
    assert!(!refused.status.success(), "{refused:?}");
    assert!(server.recipient(BRIDGE).status.success());
}

#[tokio::test]
async fn nobody_but_the_gateway_sends_as_a_user() {
    let server = MailServer::start(PASSWORD, 1).await;
    server.add_login("mallory@else.example", PASSWORD);
    let taken = server.send_as(BRIDGE, "alice@chat.example.org");
    assert!(taken.status.success(), "{taken:?}");
    let refused = server.send_as("mallory@else.example", "alice@chat.example.org");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("MAIL failed: 553") || said.contains("RCPT failed: 553"),
        "{said}"
    );
    let own = server.send_as("mallory@else.example", "mallory@else.example");
    assert!(own.status.success(), "{own:?}");
}
