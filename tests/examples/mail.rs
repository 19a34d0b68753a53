//! Postfix and Dovecot as the README and `examples/dovecot` make them, on top of what Debian's packages bring.

use std::fs::{self, copy, read_dir, read_to_string};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use stanzamail::core::rules::Rules;

use super::servers::process::{
    Folder, Port, Process, Rights, account_names, answers, program, render,
};
use super::servers::tls::Certificates;
use super::servers::{Mailbox, PASSWORD, PATIENCE, dovecot, submit};
use super::shell::Shell;
use super::text::replaced;

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
    /// Whether it also has what docs/OPERATING.md says about TLS and a login.
    pub login: bool,
    /// Whole lines for the end of `main.cf`, before the README's commands are typed.
    pub postfix: String,
}

/// A mail server for `chat.example.org`.
pub struct MailServer {
    domain: String,
    /// Where the world, and a gateway without a login, hands mail over.
    pub smtp: Port,
    pub submissions: Port,
    pub imap: Port,
    pub imaps: Port,
    pub ca_file: PathBuf,
    shell: Shell,
    dovecot: Folder,
    postfix: Folder,
    _tls: Folder,
    // Last, so that they end last of all but their folders.
    processes: Vec<Process>,
}

impl Site<'_> {
    /// As the five minutes make it.
    pub fn usual(password: &str, world: u16) -> Site<'_> {
        Site {
            domain: DOMAIN,
            password,
            smtp: Port::free(),
            world,
            login: false,
            postfix: String::new(),
        }
    }
}

impl MailServer {
    /// `password` is the bridge's; `world` is the port where mail for others goes.
    pub async fn start(password: &str, world: u16) -> MailServer {
        MailServer::of(Site::usual(password, world)).await
    }

    /// The same for another domain.
    pub async fn of(site: Site<'_>) -> MailServer {
        let login = site.login;
        let mut server = MailServer::of_debian(site).await;
        let said = server.types_the_readme().await;
        server.has_sockets(&said).await;
        if login {
            server.types_about_logins().await;
        }
        server
    }

    /// What the packages bring, before anything of ours is there; it runs.
    async fn of_debian(site: Site<'_>) -> MailServer {
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
            shell: Shell::of(site.domain),
            dovecot: Folder::new("dovecot"),
            postfix: Folder::new("postfix"),
            _tls: tls,
            processes: Vec::new(),
        };
        server.write_postfix(site.world, &certificates, &site.postfix);
        server.write_dovecot(&certificates);
        server.start_postfix().await;
        server.start_dovecot().await;
        server.prepare_shell(site.password);
        server
    }

    /// The mailbox of the gateway.
    pub async fn bridge(&self, password: &str) -> Mailbox {
        let bridge = BRIDGE.replace(DOMAIN, &self.domain);
        Mailbox::open(self.imap.number(), &bridge, password).await
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
        folder.write("conf/main.cf", &(base + more));
        folder.write("conf/master.cf", &self.base_services());
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

    /// Debian's configuration, and what a test needs different from it.
    fn write_dovecot(&self, tls: &Certificates) {
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

    /// The places of this test in the copied examples, and the programs that find this test's servers.
    fn prepare_shell(&self, password: &str) {
        let (user, group) = account_names();
        let (etc, spool) = (
            path(&self.dovecot.join("etc")),
            path(&self.postfix.join("spool")),
        );
        let (vmail, owner) = (
            path(&self.dovecot.join("vmail")),
            format!(":{user}:{group}:"),
        );
        let shell = &self.shell;
        shell.change(
            &format!("examples/dovecot/stanzamail-{}.conf", dovecot::language()),
            &[
                (" /etc/dovecot/stanzamail.", &format!(" {etc}/stanzamail.")),
                ("/var/spool/postfix", &spool),
                ("user = postfix", &format!("user = {user}")),
                ("group = postfix", &format!("group = {group}")),
            ],
        );
        let places = [(":vmail:vmail:", owner.as_str()), ("/var/vmail", &vmail)];
        for name in ["users", "catchall"] {
            shell.change(&format!("examples/dovecot/stanzamail.{name}"), &places);
        }
        std::fs::write(shell.path("mail-password"), format!("{password}\n")).unwrap();
        let conf = path(&self.dovecot_conf());
        for name in ["doveadm", "doveconf"] {
            let program = path(&program(name));
            shell.stand_in(name, &format!("exec {program} -c {conf} \"$@\""));
        }
        // Postfix wants to be root, and has been made to believe that it is.
        let postfix = path(&program("postfix"));
        let conf = path(&self.postfix.join("conf"));
        let key = path(&self.postfix.join("faked.key"));
        let fakeroot = format!(
            "export FAKEROOTKEY=$(cut -d: -f1 {key})\n\
             export LD_PRELOAD=$(ls /usr/lib/*/libfakeroot/libfakeroot-tcp.so | head -n 1)"
        );
        shell.stand_in(
            "postfix",
            &format!("{fakeroot}\nexec {postfix} -c {conf} \"$@\""),
        );
        // It reads a file once a second for as long as that is new.
        let postconf = path(&program("postconf"));
        shell.stand_in(
            "postconf",
            &format!("MAIL_CONFIG={conf} {postconf} \"$@\" && touch -d '1 hour ago' {conf}/*.cf"),
        );
        shell.stand_in("useradd", "exit 9");
    }

    /// The README's third step.
    async fn types_the_readme(&mut self) -> String {
        let (user, group) = account_names();
        let (etc, vmail) = (
            path(&self.dovecot.join("etc")),
            path(&self.dovecot.join("vmail")),
        );
        let dovecot = replaced(
            &self.shell.pasted("README.md", "doveconf"),
            &[
                ("-o vmail -g vmail", &format!("-o {user} -g {group}")),
                ("-g dovecot ", &format!("-g {group} ")),
                (" /var/vmail\n", &format!(" {vmail}\n")),
                ("/etc/dovecot/", &format!("{etc}/")),
                ("/etc/stanzamail/mail-password", "mail-password"),
            ],
        );
        let postfix = self.shell.pasted("README.md", "transport_maps");
        self.types_for_postfix(&format!("{dovecot}\n{postfix}"))
            .await
    }

    /// Types what ends with a reload of Postfix, and starts Postfix anew when it has reloaded: after a reload it puts new
    /// processes in the place of its old ones one by one, and somebody who comes at that moment finds a closed connection.
    async fn types_for_postfix(&mut self, commands: &str) -> String {
        let log = || read_to_string(self.postfix.join("mail.log")).unwrap_or_default();
        let reloads = || log().matches("reload -- version").count();
        let before = reloads();
        let said = self.shell.types(commands).await;
        let end = Instant::now() + PATIENCE;
        while reloads() == before {
            assert!(Instant::now() < end, "{said}\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut dovecot = self.processes.split_off(1);
        let mut postfix = self.processes.pop().expect("Postfix runs");
        postfix.stop(Duration::from_secs(5)).await;
        self.start_postfix().await;
        self.processes.append(&mut dovecot);
        said
    }

    /// Dovecot has read its new configuration.
    async fn has_sockets(&self, said: &str) {
        let sockets = ["private/dovecot-lmtp", "private/auth"];
        let end = Instant::now() + PATIENCE;
        while !sockets
            .iter()
            .all(|name| self.postfix.join("spool").join(name).exists())
        {
            let logs = self.logs();
            assert!(Instant::now() < end, "{said}\n{logs}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn types_about_logins(&mut self) {
        let place = format!("127.0.0.1:{}", self.submissions.number());
        let commands = replaced(
            &self.shell.pasted("docs/OPERATING.md", "submissions"),
            &[
                // No chroot without root, and a port of our own.
                (
                    "submissions/inet=submissions inet n - y",
                    &format!("{place}/inet={place} inet n - n"),
                ),
                (" submissions/inet/", &format!(" {place}/inet/")),
                ("'submissions/inet/", &format!("'{place}/inet/")),
            ],
        );
        let said = self.types_for_postfix(&commands).await;
        let end = Instant::now() + PATIENCE;
        while !answers(self.submissions.number()) {
            let logs = self.logs();
            assert!(Instant::now() < end, "{said}\n{logs}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn start_postfix(&mut self) {
        // The key of a daemon that is gone.
        let _ = fs::remove_file(self.postfix.join("faked.key"));
        let mut command = Command::new("sh");
        command
            .args(["-c", include_str!("../servers/config/postfix.sh"), "sh"])
            .arg(program("master"))
            .arg("fakeroot");
        let mut process = Process::start("postfix", &self.postfix, command, Rights::Dropped);
        let port = self.smtp.number();
        let up = |_: &Process| answers(port);
        process.ready(PATIENCE, up).await;
        self.processes.push(process);
    }

    async fn start_dovecot(&mut self) {
        let mut command = Command::new(program("dovecot"));
        command.arg("-F").arg("-c").arg(self.dovecot_conf());
        let mut process = Process::start("dovecot", &self.dovecot, command, Rights::Dropped);
        let ports = [self.imap.number(), self.imaps.number()];
        let up = |_: &Process| ports.into_iter().all(answers);
        process.ready(PATIENCE, up).await;
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
            // For a moment after a reload Postfix listens nowhere.
            .args(["--retry", "20", "--retry-connrefused", "--retry-delay", "1"])
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

/// As the README makes it.
fn hash_of(password: &str) -> String {
    let mut command = Command::new("openssl");
    let output = command.args(["passwd", "-6", password]).output().unwrap();
    let hash = String::from_utf8(output.stdout).unwrap();
    format!("{{SHA512-CRYPT}}{}", hash.trim())
}

fn copy_files(from: &Path, to: &Path) {
    let entries = read_dir(from).expect("Debian's dovecot is installed: run `make deps`");
    for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
        copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
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
    let site = Site {
        login: true,
        ..Site::usual(PASSWORD, 1)
    };
    let server = MailServer::of(site).await;
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

/// Whoever types the commands once more has what they had, and the domains that were there before are as they were.
#[tokio::test]
async fn the_commands_can_be_repeated_and_change_nothing_of_others() {
    let others = "virtual_mailbox_domains = else.example\nvirtual_mailbox_maps = static:ok\n\
        virtual_transport = discard:of-others\n";
    let mut server = MailServer::of(Site {
        postfix: others.to_owned(),
        ..Site::usual(PASSWORD, 1)
    })
    .await;
    let written = |server: &MailServer| {
        let dovecot = ["users", "catchall"].map(|name| {
            let file = server.dovecot.join(&format!("etc/stanzamail.{name}"));
            read_to_string(file).unwrap()
        });
        let lines = dovecot.map(|text| text.lines().count());
        (
            read_to_string(server.postfix.join("conf/main.cf")).unwrap(),
            lines,
        )
    };
    let before = written(&server);
    let said = server.types_the_readme().await;
    assert_eq!(written(&server), before, "{said}");

    for (to, how) in [
        ("alice@chat.example.org", "private/dovecot-lmtp"),
        ("somebody@else.example", "of-others"),
    ] {
        submit(server.smtp.number(), "carol@mail.example", &[to], MAIL)
            .await
            .unwrap();
        let end = Instant::now() + PATIENCE;
        let is_done = |line: &str| line.contains(&format!("to=<{to}>")) && line.contains(how);
        while !server.logs().lines().any(is_done) {
            assert!(Instant::now() < end, "{}", server.logs());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    server.bridge(PASSWORD).await.wait_for(1).await;
}

/// A file that this Dovecot does not understand is gone again before it could stop Dovecot for everybody.
#[tokio::test]
async fn a_file_that_does_not_fit_leaves_dovecot_as_it_was() {
    let mut server = MailServer::of_debian(Site::usual(PASSWORD, 1)).await;
    let name = format!("examples/dovecot/stanzamail-{}.conf", dovecot::language());
    let text = server.shell.file(&name);
    std::fs::write(server.shell.path(&name), text + "no_such_setting = yes\n").unwrap();
    let said = server.types_the_readme().await;
    assert!(said.contains("no_such_setting"), "{said}");
    assert!(
        !server
            .dovecot
            .join("etc/conf.d/05-stanzamail.conf")
            .exists()
    );
    let mut doveconf = Command::new(program("doveconf"));
    let checked = doveconf
        .arg("-c")
        .arg(server.dovecot_conf())
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");
    assert!(answers(server.imap.number()));
}
