//! OpenDKIM: signs what a domain's accounts submit (RFC 6376), and writes what it found about mail that arrives into
//! `Authentication-Results` (RFC 8601). Milters of Postfix, wired by [`super::mail::MailOptions::dkim`].

use std::process::Command;
use std::time::Duration;

use super::process::{Folder, Port, Process, Rights, answers, program, render};

/// A running opendkim.
pub struct Opendkim {
    port: Port,
    process: Process,
    _folder: Folder,
}

/// The public keys of some domains, as DNS would have them: lines of a name and a record.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys(String);

impl Opendkim {
    /// Makes a key for the domain, adds its public half to `keys`, and signs what these accounts submit with a `From` in
    /// the domain, and nothing else.
    pub async fn sign(domain: &str, accounts: &[String], keys: &mut PublicKeys) -> Opendkim {
        let folder = Folder::new("opendkim-sign");
        let key = make_key(&folder);
        keys.0.push_str(&format!(
            "test._domainkey.{domain} v=DKIM1; k=rsa; p={}\n",
            public_half(&folder)
        ));
        let role = render(
            include_str!("config/opendkim-sign.conf"),
            &[
                ("DOMAIN", domain),
                ("KEY", &key),
                ("ACCOUNTS", &accounts.join("|")),
            ],
        );
        Opendkim::start(folder, &role).await
    }

    /// Verifies every mail by these keys and says so as `id`.
    pub async fn verify(id: &str, keys: &PublicKeys) -> Opendkim {
        let folder = Folder::new("opendkim-verify");
        let keys = folder.write("keys", &keys.0);
        let role = render(
            include_str!("config/opendkim-verify.conf"),
            &[("KEYS", &keys.to_string_lossy()), ("ID", id)],
        );
        Opendkim::start(folder, &role).await
    }

    async fn start(folder: Folder, role: &str) -> Opendkim {
        let port = Port::free();
        let config = include_str!("config/opendkim.conf")
            .replace("@PORT@", &port.number().to_string())
            .replace("@DIR@", &folder.path().to_string_lossy())
            .replace("@ROLE@", role);
        let config = folder.write("opendkim.conf", &config);
        folder.hand_over();
        let mut command = Command::new(program("opendkim"));
        command.arg("-f").arg("-x").arg(config);
        let mut process = Process::start("opendkim", &folder, command, Rights::Dropped);
        let number = port.number();
        process
            .ready(Duration::from_secs(20), |_| answers(number))
            .await;
        Opendkim {
            port,
            process,
            _folder: folder,
        }
    }

    /// Where Postfix reaches it.
    pub fn milter(&self) -> String {
        format!("inet:127.0.0.1:{}", self.port.number())
    }

    /// What it said, which is nothing while all is well.
    pub fn log(&self) -> String {
        self.process.output()
    }
}

/// Writes a private key and returns its path.
fn make_key(folder: &Folder) -> String {
    openssl(
        folder,
        "genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.pem",
    );
    let path = folder.join("private.pem");
    // opendkim refuses a key that others can read.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, mode).expect("our own file has a mode");
    path.to_string_lossy().into_owned()
}

/// The public half in base64, as a DNS record has it.
fn public_half(folder: &Folder) -> String {
    let pem = openssl(folder, "pkey -in private.pem -pubout");
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

fn openssl(folder: &Folder, arguments: &str) -> String {
    let output = Command::new(program("openssl"))
        .args(arguments.split(' '))
        .current_dir(folder.path())
        .output()
        .expect("openssl runs");
    assert!(output.status.success(), "openssl {arguments}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
