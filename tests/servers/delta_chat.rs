//! Delta Chat's own core, without encryption: a person who uses that instead of a mail program. It is told by JSON-RPC what its
//! user does.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::mail::MailServer;
use super::process::{Folder, cache};
use super::{PASSWORD, PATIENCE};

/// Said once more in `tests/install.sh`, which fetches it.
const VERSION: &str = "2.65.0";

/// Of messages that went out.
pub const DELIVERED: u64 = 26;
pub const READ: u64 = 28;

/// A person with a mailbox, who is online. Dropping it ends the program.
pub struct DeltaChat {
    account: u64,
    calls: u64,
    input: Option<ChildStdin>,
    lines: UnboundedReceiver<String>,
    program: Child,
    folder: Folder,
}

impl DeltaChat {
    /// Logs in with a mailbox of this server. `unencrypted` is what a person has to allow to get mails as they are.
    pub async fn login(mail: &MailServer, address: &str, name: &str) -> DeltaChat {
        let folder = Folder::new("deltachat");
        let log = std::fs::File::create(folder.join("log")).expect("the folder is ours");
        let mut program = Command::new(program())
            .env("DC_ACCOUNTS_PATH", folder.join("accounts"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("Delta Chat's core starts");
        let (input, output) = (program.stdin.take(), program.stdout.take());
        let (heard, lines) = unbounded_channel();
        std::thread::spawn(move || {
            let output = BufReader::new(output.expect("it is piped"));
            for line in output.lines().map_while(Result::ok) {
                if heard.send(line).is_err() {
                    return;
                }
            }
        });
        let mut person = DeltaChat {
            account: 0,
            calls: 0,
            input,
            lines,
            program,
            folder,
        };
        let account = person.call("add_account", json!([])).await;
        person.account = account.as_u64().expect("the number of an account");
        person
            .ask(
                "batch_set_config",
                json!([{"displayname": name, "force_encryption": "0", "selfstatus": "Sent by Delta Chat"}]),
            )
            .await;
        let login = json!({
            "addr": address, "password": PASSWORD, "certificateChecks": "acceptInvalidCertificates",
            "imapServer": "127.0.0.1", "imapPort": mail.imaps_port, "imapSecurity": "ssl",
            "smtpServer": "127.0.0.1", "smtpPort": mail.smtps_port, "smtpSecurity": "ssl",
        });
        person.ask("add_or_update_transport", json!([login])).await;
        person.ask("start_io", json!([])).await;
        person
    }

    /// The chat with an address, as it is: nothing is sent.
    pub async fn chat(&mut self, address: &str) -> u64 {
        let contact = self.ask("create_contact", json!([address, null])).await;
        let chat = self
            .ask("create_chat_by_contact_id", json!([contact]))
            .await;
        chat.as_u64().expect("the number of a chat")
    }

    /// Sends a message, as `MessageData` has it; answers with its number.
    pub async fn send(&mut self, chat: u64, message: Value) -> u64 {
        let sent = self.ask("send_msg", json!([chat, message])).await;
        sent.as_u64().expect("the number of a message")
    }

    pub async fn react(&mut self, message: u64, emoji: &[&str]) {
        self.ask("send_reaction", json!([message, emoji])).await;
    }

    pub async fn edit(&mut self, message: u64, text: &str) {
        self.ask("send_edit_request", json!([message, text])).await;
    }

    /// What is shown of a message, as soon as that is as expected.
    pub async fn shown(&mut self, message: u64, is_it: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let shown = self.ask("get_message", json!([message])).await;
            if is_it(&shown) {
                return shown;
            }
            assert!(Instant::now() < end, "still {shown:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The first message of a chat that is so.
    pub async fn expect(&mut self, chat: u64, is_it: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let all = self.messages(chat).await;
            if let Some(found) = all.iter().find(|one| is_it(one)) {
                return found.clone();
            }
            assert!(Instant::now() < end, "no such message in {all:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// All that is shown in a chat.
    pub async fn messages(&mut self, chat: u64) -> Vec<Value> {
        let ids = self
            .ask("get_message_ids", json!([chat, false, false]))
            .await;
        let mut messages = Vec::new();
        for id in ids.as_array().expect("a list") {
            messages.push(self.ask("get_message", json!([id])).await);
        }
        messages
    }

    /// The Message-ID of a message.
    pub async fn message_id(&mut self, message: u64) -> String {
        let info = self.ask("get_message_info_object", json!([message])).await;
        info["rfc724Mid"].as_str().expect("an id").to_owned()
    }

    /// A call about the account.
    async fn ask(&mut self, method: &str, parameters: Value) -> Value {
        let mut all = vec![json!(self.account)];
        all.extend(parameters.as_array().cloned().unwrap_or_default());
        self.call(method, Value::Array(all)).await
    }

    async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let call = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters});
        let input = self.input.as_mut().expect("it is piped");
        writeln!(input, "{call}").expect("Delta Chat's core listens");
        loop {
            let line = timeout(PATIENCE, self.lines.recv()).await;
            let line = line.unwrap_or_else(|_| panic!("no answer to {call}"));
            let line =
                line.unwrap_or_else(|| panic!("Delta Chat's core has ended: {}", self.log()));
            let answer: Value = serde_json::from_str(&line).expect("JSON");
            if answer["id"] == json!(id) {
                assert!(
                    answer["error"].is_null(),
                    "{call}: {answer}\n{}",
                    self.log()
                );
                return answer["result"].clone();
            }
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for DeltaChat {
    fn drop(&mut self) {
        // It ends by itself at the end of its input, and that takes a while.
        drop(self.input.take());
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Where `tests/install.sh` put it.
fn program() -> PathBuf {
    let program = cache().join(format!("deltachat-{VERSION}/deltachat-rpc-server"));
    assert!(
        program.is_file(),
        "{} is missing: run `DELTACHAT=yes make deps`, which fetches it",
        program.display()
    );
    program
}
