//! A person's XMPP client, slixmpp in a process of its own: told what to do, and asked what it saw.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use minidom::Element;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout_at;

use crate::servers::PATIENCE;
use crate::servers::process::{Folder, tail};
use crate::servers::stanza::parse;

const SCRIPT: &str = include_str!("person.py");

/// A stanza that passed the client.
#[derive(Clone)]
pub struct Seen {
    sent: bool,
    pub xml: String,
    pub at: Instant,
}

pub struct Person {
    name: &'static str,
    /// The full JID.
    pub jid: String,
    child: Child,
    keyboard: Option<ChildStdin>,
    news: UnboundedReceiver<(String, Seen)>,
    /// What nobody asked for yet.
    seen: Vec<Seen>,
    folder: Folder,
}

impl Person {
    /// Logs in.
    pub async fn log_in(
        name: &'static str,
        jid: &str,
        password: &str,
        port: u16,
    ) -> Result<Person, String> {
        let folder = Folder::new("person");
        let script = folder.write("person.py", SCRIPT);
        let errors = std::fs::File::create(folder.join("errors.log")).map_err(|e| e.to_string())?;
        // Debian's own Python: it has Debian's slixmpp.
        let mut child = Command::new("/usr/bin/python3")
            .arg(script)
            .args([name, jid, password, &port.to_string()])
            .current_dir(folder.path())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|e| format!("/usr/bin/python3 cannot be started: {e}; run `make deps`"))?;
        let (tell, news) = unbounded_channel();
        let output = child.stdout.take().expect("it is piped");
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = read(&line).map(|seen| tell.send(seen));
            }
        });
        let mut person = Person {
            name,
            jid: String::new(),
            keyboard: child.stdin.take(),
            child,
            news,
            seen: Vec::new(),
            folder,
        };
        person.jid = person.online().await?;
        Ok(person)
    }

    async fn online(&mut self) -> Result<String, String> {
        let end = Instant::now() + PATIENCE;
        while let Some((way, seen)) = self.next(end).await {
            match way.as_str() {
                "ONLINE" => return Ok(seen.xml),
                "FAIL" => {
                    return Err(format!(
                        "{}'s client cannot log in: {}",
                        self.name, seen.xml
                    ));
                }
                _ => {}
            }
        }
        Err(format!(
            "{}'s client did not log in within {PATIENCE:?}\n{}",
            self.name,
            self.errors()
        ))
    }

    /// Adds somebody to the roster, with a name, and asks to see their presence.
    pub fn add(&mut self, jid: &str, name: &str) {
        self.type_in(&json!({ "do": "add", "jid": jid, "text": name }));
    }

    /// Lets somebody who asked see one's presence.
    pub fn approve(&mut self, jid: &str) {
        self.type_in(&json!({ "do": "approve", "jid": jid }));
    }

    /// Writes a chat message.
    pub fn write(&mut self, jid: &str, text: &str) {
        self.type_in(&json!({ "do": "write", "jid": jid, "text": text }));
    }

    /// Answers a message (XEP-0461).
    pub fn reply(&mut self, jid: &str, id: &str, text: &str) {
        self.type_in(&json!({ "do": "reply", "jid": jid, "id": id, "text": text }));
    }

    /// Sends a file that lies somewhere (XEP-0066).
    pub fn share(&mut self, jid: &str, url: &str) {
        self.type_in(&json!({ "do": "share", "jid": jid, "text": url }));
    }

    /// Reacts to a message (XEP-0444).
    pub fn react(&mut self, jid: &str, id: &str, emoji: &str) {
        self.type_in(&json!({ "do": "react", "jid": jid, "id": id, "text": emoji }));
    }

    /// Goes offline.
    pub fn leave(&mut self) {
        self.type_in(&json!({ "do": "leave" }));
    }

    fn type_in(&mut self, line: &Value) {
        let keyboard = self.keyboard.as_mut().expect("it is logged in");
        let _ = writeln!(keyboard, "{line}");
    }

    /// Only what comes from now on is of interest.
    pub fn looks_anew(&mut self) {
        while self.news.try_recv().is_ok() {}
        self.seen.clear();
    }

    /// The next stanza that the client sends.
    pub async fn sends(
        &mut self,
        what: &str,
        test: impl Fn(&Element) -> bool,
    ) -> Result<Seen, String> {
        self.wait(true, what, test).await
    }

    /// The next stanza that the client receives.
    pub async fn receives(
        &mut self,
        what: &str,
        test: impl Fn(&Element) -> bool,
    ) -> Result<Seen, String> {
        self.wait(false, what, test).await
    }

    async fn wait(
        &mut self,
        sent: bool,
        what: &str,
        test: impl Fn(&Element) -> bool,
    ) -> Result<Seen, String> {
        let end = Instant::now() + PATIENCE;
        let wanted =
            |seen: &Seen| seen.sent == sent && parse(&seen.xml).is_some_and(|xml| test(&xml));
        loop {
            if let Some(at) = self.seen.iter().position(wanted) {
                return Ok(self.seen.remove(at));
            }
            match self.next(end).await {
                Some((_, seen)) => self.seen.push(seen),
                None => return Err(self.miss(sent, what)),
            }
        }
    }

    async fn next(&mut self, end: Instant) -> Option<(String, Seen)> {
        timeout_at(end.into(), self.news.recv()).await.ok()?
    }

    fn miss(&self, sent: bool, what: &str) -> String {
        let way = |sent| if sent { "sends" } else { "receives" };
        let others = self
            .seen
            .iter()
            .map(|seen| format!("  {} {}\n", way(seen.sent), seen.xml));
        format!(
            "expected: {}'s client {} {what}, within {PATIENCE:?}\nseen instead:\n{}{}",
            self.name,
            way(sent),
            others.collect::<String>(),
            self.errors()
        )
    }

    fn errors(&self) -> String {
        tail(&self.folder.join("errors.log"), 15)
    }
}

/// One line of person.py.
fn read(line: &str) -> Option<(String, Seen)> {
    let at = Instant::now();
    let line: Value = serde_json::from_str(line).ok()?;
    let text = |key: &str| line.get(key)?.as_str().map(str::to_owned);
    let way = text("way")?;
    let sent = way == "SEND";
    let xml = text("xml")?;
    Some((way, Seen { sent, xml, at }))
}

impl Drop for Person {
    /// The end of its input logs the client out.
    fn drop(&mut self) {
        drop(self.keyboard.take());
        let end = Instant::now() + Duration::from_secs(1);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
