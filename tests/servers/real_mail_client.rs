//! A mail client that people use, for what no test of ours should invent: how a reply names what it replies to.
//!
//! s-nail writes `In-Reply-To` and `References` itself and sends by SMTP; a script types what its user would.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tokio::time::timeout;

use super::PATIENCE;
use super::process::{Folder, program, render};

/// s-nail, with one person's settings.
pub struct RealMailClient {
    address: String,
    folder: Folder,
}

impl RealMailClient {
    /// `smtp_port`: relays without AUTH. `address`: with a display name if wished, `Carol <carol@mail.example>`.
    pub fn new(smtp_port: u16, address: &str) -> RealMailClient {
        let folder = Folder::new("s-nail");
        let settings = include_str!("config/s-nail.rc");
        let values = [
            ("SMTP", smtp_port.to_string()),
            ("FROM", address.into()),
            ("DIR", folder.path().display().to_string()),
        ];
        let values: Vec<(&str, &str)> = values
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        folder.write("s-nail.rc", &render(settings, &values));
        RealMailClient {
            address: address.into(),
            folder,
        }
    }

    /// From now on replies do not quote what they reply to.
    pub fn quotes_nothing(&self) {
        let settings = self.folder.join("s-nail.rc");
        let text = std::fs::read_to_string(&settings).expect("it was written by `new`");
        std::fs::write(settings, text + "unset quote\n").expect("the folder can be written");
    }

    /// Replies to a mail, to its sender and whoever Reply-To names, and returns the raw reply as it was sent.
    pub async fn reply(&self, raw: impl AsRef<[u8]>, text: &str) -> Vec<u8> {
        self.answer("Reply", raw.as_ref(), text).await
    }

    /// Replies to everybody.
    pub async fn reply_all(&self, raw: impl AsRef<[u8]>, text: &str) -> Vec<u8> {
        self.answer("reply", raw.as_ref(), text).await
    }

    /// Writes a new mail and returns it as it was sent.
    pub async fn compose(&self, to: &str, subject: &str, text: &str) -> Vec<u8> {
        self.run(&["-s", subject, to], text).await
    }

    /// Writes a new mail in HTML, with a file attached, and returns it as it was sent.
    pub async fn compose_html(
        &self,
        to: &str,
        subject: &str,
        html: &str,
        attachment: &Path,
    ) -> Vec<u8> {
        let attachment = attachment.to_string_lossy();
        let arguments = ["-M", "text/html", "-a", &attachment, "-s", subject, to];
        self.run(&arguments, html).await
    }

    async fn answer(&self, command: &str, raw: &[u8], text: &str) -> Vec<u8> {
        let inbox = self.folder.write("inbox.mbox", "");
        std::fs::write(&inbox, mbox(raw)).expect("the folder can be written");
        let inbox = inbox.to_string_lossy();
        // `~.` ends a mail, and a line of the text must not begin with the escape itself.
        let text = text.lines().map(|line| {
            if line.starts_with('~') {
                format!("~{line}\n")
            } else {
                format!("{line}\n")
            }
        });
        let script = format!("{command} 1\n{}~.\nexit\n", text.collect::<String>());
        self.run(&["-R", "-f", &inbox], &script).await
    }

    /// Runs s-nail and returns the copy that it keeps of what it sent.
    async fn run(&self, arguments: &[&str], input: &str) -> Vec<u8> {
        let record = self.folder.join("sent.mbox");
        let _ = std::fs::remove_file(&record);
        let output = timeout(PATIENCE, self.type_in(arguments, input))
            .await
            .expect("s-nail ends");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "s-nail of {} failed: {errors}",
            self.address
        );
        let sent = std::fs::read(&record)
            .unwrap_or_else(|_| panic!("s-nail of {} sent nothing: {errors}", self.address));
        unmbox(&sent)
    }

    async fn type_in(&self, arguments: &[&str], input: &str) -> Output {
        self.folder.write("keyboard", input);
        let keyboard = File::open(self.folder.join("keyboard")).expect("it was just written");
        let mut command = Command::new(program("s-nail"));
        command
            .args(["-:u", "-#"])
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::from(keyboard));
        command
            .env("MAILRC", self.folder.join("s-nail.rc"))
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C.UTF-8");
        let run = tokio::task::spawn_blocking(move || command.output()).await;
        run.expect("the thread ends").expect("s-nail can be run")
    }
}

/// A file of one mail, in mbox form (RFC 4155).
fn mbox(raw: &[u8]) -> Vec<u8> {
    let mut file = b"From someone@mail.example Thu Jan  1 00:00:00 2026\n".to_vec();
    file.extend(raw.iter().filter(|byte| **byte != b'\r'));
    file.extend_from_slice(b"\n\n");
    file
}

/// The one mail of such a file.
fn unmbox(file: &[u8]) -> Vec<u8> {
    let start = file
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    file[start..]
        .strip_suffix(b"\n\n")
        .map_or(file[start..].to_vec(), |mail| [mail, b"\n"].concat())
}
