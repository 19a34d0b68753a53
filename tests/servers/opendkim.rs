//! OpenDKIM: signs what accounts submit for their domains (RFC 6376), and writes what it found about mail that arrives into
//! `Authentication-Results` (RFC 8601). Milters of Postfix, wired by [`super::mail::MailOptions::dkim`].

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::START;
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
    /// Makes a key for each domain, and signs what is submitted by an account of one of them for the domain of the
    /// account. Returns the public halves, too.
    pub async fn sign(domains: &[String]) -> (Opendkim, PublicKeys) {
        let folder = Folder::new("opendkim-sign");
        let (mut keys, mut key_table, mut signing_table) =
            (String::new(), String::new(), String::new());
        for domain in domains {
            let (key, public) = make_key(&folder, domain);
            keys += &format!("test._domainkey.{domain} v=DKIM1; k=rsa; p={public}\n");
            key_table += &format!("{domain} {domain}:test:{}\n", key.display());
            signing_table += &format!("{domain} {domain}\n");
        }
        folder.write("key-table", &key_table);
        folder.write("signing-table", &signing_table);
        let signer = Opendkim::start(folder, include_str!("config/opendkim-sign.conf")).await;
        (signer, PublicKeys(keys))
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
            .replace("@ROLE@", role)
            .replace("@DIR@", &folder.path().to_string_lossy());
        let config = folder.write("opendkim.conf", &config);
        folder.hand_over();
        let mut command = Command::new(program("opendkim"));
        command.arg("-f").arg("-x").arg(config);
        let mut process = Process::start("opendkim", &folder, command, Rights::Dropped);
        let number = port.number();
        process.ready(START, |_| answers(number)).await;
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

/// Writes a private key. Returns its path and its public half in base64, as a DNS record has it.
fn make_key(folder: &Folder, domain: &str) -> (PathBuf, String) {
    let name = format!("{domain}.pem");
    openssl(
        folder,
        &format!("genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {name}"),
    );
    let pem = openssl(folder, &format!("pkey -in {name} -pubout"));
    let public = pem.lines().filter(|line| !line.starts_with('-')).collect();
    (folder.join(&name), public)
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
