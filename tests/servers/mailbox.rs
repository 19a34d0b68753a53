//! A mailbox, read and changed by IMAP (RFC 9051), as much of it as a test needs.

use std::panic::Location;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout};

use super::PATIENCE;
use super::mail_client::{Line, Mail};

/// One folder of a mailbox, opened for reading and writing.
pub struct Mailbox {
    address: String,
    port: u16,
    password: String,
    session: Mutex<Session>,
}

impl Mailbox {
    /// Logs in and opens INBOX.
    pub async fn open(port: u16, address: &str, password: &str) -> Mailbox {
        Mailbox::open_folder(port, address, password, "INBOX").await
    }

    /// Logs in and opens a folder that exists.
    pub async fn open_folder(port: u16, address: &str, password: &str, folder: &str) -> Mailbox {
        let session = Session::login(port, address, password, folder).await;
        Mailbox {
            address: address.into(),
            port,
            password: password.into(),
            session: Mutex::new(session),
        }
    }

    /// Another folder of the same mailbox.
    pub async fn folder(&self, name: &str) -> Mailbox {
        Mailbox::open_folder(self.port, &self.address, &self.password, name).await
    }

    /// Logs in again, after the server was restarted.
    pub async fn reopen(&self) {
        let mut session = self.session.lock().await;
        let folder = session.folder.clone();
        *session = Session::login(self.port, &self.address, &self.password, &folder).await;
    }

    /// Every mail, in the order of UIDs.
    pub async fn all(&self) -> Vec<Mail> {
        if self.count().await == 0 {
            return Vec::new();
        }
        let answer = self.look("UID FETCH 1:* (UID FLAGS BODY.PEEK[])").await;
        answer.iter().filter_map(Untagged::mail).collect()
    }

    /// How many mails there are.
    pub async fn count(&self) -> usize {
        self.fresh().await.exists
    }

    /// Waits until there are at least `count` mails, and returns all of them.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> impl Future<Output = Vec<Mail>> {
        self.wait_until(
            move |mails| mails.len() >= count,
            format!("{count} mails"),
            Location::caller(),
        )
    }

    /// Waits for a mail that the condition holds for, and returns the first.
    #[track_caller]
    pub fn wait_mail(&self, wanted: impl Fn(&Mail) -> bool) -> impl Future<Output = Mail> {
        let place = Location::caller();
        async move {
            let mails = self
                .wait_until(
                    |mails| mails.iter().any(&wanted),
                    "a mail as expected".into(),
                    place,
                )
                .await;
            mails
                .into_iter()
                .find(|mail| wanted(mail))
                .expect("it was there")
        }
    }

    /// Waits for a mail whose decoded text contains these words.
    #[track_caller]
    pub fn wait_mail_saying(&self, words: &str) -> impl Future<Output = Mail> {
        let words = words.to_owned();
        self.wait_mail(move |mail| mail.body().contains(&words))
    }

    async fn wait_until(
        &self,
        done: impl Fn(&[Mail]) -> bool,
        what: String,
        place: &Location<'_>,
    ) -> Vec<Mail> {
        let end = Instant::now() + PATIENCE;
        let mut seen = usize::MAX;
        loop {
            let count = self.count().await;
            if count != seen {
                seen = count;
                let mails = self.all().await;
                if done(&mails) {
                    return mails;
                }
            }
            if Instant::now() > end {
                // As many as before may be others.
                let mails = self.all().await;
                if done(&mails) {
                    return mails;
                }
                let mails: Vec<String> = mails.iter().map(Mail::text).collect();
                panic!(
                    "{}: not {what} within {PATIENCE:?} at {place}; there are:\n{}",
                    self.address,
                    mails.join("\n-----\n")
                );
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Fails the test if the number of mails is not the same after `during`.
    #[track_caller]
    pub fn expect_silence(&self, during: Duration) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move {
            let before = self.count().await;
            tokio::time::sleep(during).await;
            let mails = self.all().await;
            let texts: Vec<String> = mails.iter().skip(before).map(Mail::text).collect();
            assert!(
                mails.len() == before,
                "{}: unexpected mail, see {place}\n{}",
                self.address,
                texts.join("\n-----\n")
            );
        }
    }

    /// Puts a mail into the open folder without SMTP.
    pub async fn append(&self, raw: impl AsRef<[u8]>, flags: &[&str]) {
        let mut session = self.fresh().await;
        let (folder, raw) = (quote(&session.folder), raw.as_ref());
        session
            .run_with(
                &format!("APPEND {folder} ({}) ", flags.join(" ")),
                Some(raw),
            )
            .await;
    }

    pub async fn flags(&self, uid: u32) -> Vec<String> {
        let answer = self.look(&format!("UID FETCH {uid} (UID FLAGS)")).await;
        answer
            .iter()
            .find_map(Untagged::flags)
            .unwrap_or_else(|| panic!("{}: no mail with UID {uid}", self.address))
    }

    /// Adds flags to a mail: `\Seen`, `\Deleted`, keywords.
    pub async fn flag(&self, uid: u32, flags: &[&str]) {
        self.fresh()
            .await
            .run(&format!("UID STORE {uid} +FLAGS ({})", flags.join(" ")))
            .await;
    }

    /// Removes a mail.
    pub async fn delete(&self, uid: u32) {
        self.flag(uid, &["\\Deleted"]).await;
        self.fresh().await.run(&format!("UID EXPUNGE {uid}")).await;
    }

    /// Moves a mail (RFC 6851) to a folder that exists.
    pub async fn move_to(&self, uid: u32, folder: &str) {
        self.fresh()
            .await
            .run(&format!("UID MOVE {uid} {}", quote(folder)))
            .await;
    }

    pub async fn create_folder(&self, name: &str) {
        self.fresh()
            .await
            .run(&format!("CREATE {}", quote(name)))
            .await;
    }

    /// Names of every folder, sorted.
    pub async fn folders(&self) -> Vec<String> {
        let answer = self.look("LIST \"\" \"*\"").await;
        let mut names: Vec<String> = answer.iter().filter_map(Untagged::folder).collect();
        names.sort();
        names
    }

    pub async fn uidvalidity(&self) -> u32 {
        self.session.lock().await.uidvalidity
    }

    /// What is answered to a command that changes nothing: it is given again where the server closes the connection at it.
    async fn look(&self, command: &str) -> Vec<Untagged> {
        for _ in 0..3 {
            let answer = self.fresh().await.answers_to(command, None).await;
            if let Some(answer) = answer {
                return answer;
            }
        }
        panic!("IMAP: the server closes the connection whenever it is asked {command:?}")
    }

    /// The session, with what changed meanwhile.
    async fn fresh(&self) -> MutexGuard<'_, Session> {
        let mut session = self.session.lock().await;
        // GreenMail closes a connection now and then by itself; what a test asks of the mailbox is the same in a new one.
        if session.answers_to("NOOP", None).await.is_none() {
            let folder = session.folder.clone();
            *session = Session::login(self.port, &self.address, &self.password, &folder).await;
        }
        session
    }
}

/// A connection in the selected state.
struct Session {
    line: Line,
    folder: String,
    tag: usize,
    exists: usize,
    uidvalidity: u32,
}

/// One untagged answer: its text, literals left out, and the literals.
struct Untagged {
    text: String,
    literals: Vec<Vec<u8>>,
}

impl Session {
    async fn login(port: u16, address: &str, password: &str, folder: &str) -> Session {
        let line = Line::connect(port).await;
        let mut session = Session {
            line,
            folder: folder.into(),
            tag: 0,
            exists: 0,
            uidvalidity: 0,
        };
        session.untagged().await.expect("a greeting");
        session
            .run(&format!("LOGIN {} {}", quote(address), quote(password)))
            .await;
        session.run(&format!("SELECT {}", quote(folder))).await;
        session
    }

    async fn run(&mut self, command: &str) -> Vec<Untagged> {
        self.run_with(command, None).await
    }

    /// Runs a command that must succeed, within [`PATIENCE`].
    async fn run_with(&mut self, command: &str, literal: Option<&[u8]>) -> Vec<Untagged> {
        self.answers_to(command, literal).await.unwrap_or_else(|| {
            panic!("IMAP: the server closed the connection before it answered {command:?}")
        })
    }

    /// The same; nothing if the server has closed the connection.
    async fn answers_to(&mut self, command: &str, literal: Option<&[u8]>) -> Option<Vec<Untagged>> {
        timeout(PATIENCE, self.exchange(command, literal))
            .await
            .unwrap_or_else(|_| panic!("IMAP: no answer to {command:?} within {PATIENCE:?}"))
    }

    async fn exchange(&mut self, command: &str, literal: Option<&[u8]>) -> Option<Vec<Untagged>> {
        self.tag += 1;
        let tag = format!("t{} ", self.tag);
        let size = literal
            .map(|bytes| format!("{{{}}}", bytes.len()))
            .unwrap_or_default();
        self.line
            .write(format!("{tag}{command}{size}\r\n").as_bytes())
            .await;
        let mut answers = Vec::new();
        loop {
            let answer = self.untagged().await?;
            if answer.text.starts_with('+') {
                self.line.write(literal.unwrap_or_default()).await;
                self.line.write(b"\r\n").await;
            } else if let Some(result) = answer.text.strip_prefix(&tag) {
                assert!(
                    result.starts_with("OK"),
                    "IMAP: {command:?} failed: {result}"
                );
                return Some(answers);
            } else {
                self.note(&answer.text);
                answers.push(answer);
            }
        }
    }

    /// One answer with its literals (RFC 9051 §4.3); nothing after the last one that is whole.
    async fn untagged(&mut self) -> Option<Untagged> {
        let mut answer = Untagged {
            text: String::new(),
            literals: Vec::new(),
        };
        loop {
            let line = self.line.read().await;
            if line.is_empty() && answer.text.is_empty() {
                return None;
            }
            let line = String::from_utf8_lossy(&line).into_owned();
            let size = line
                .strip_suffix('}')
                .and_then(|rest| rest.rsplit_once('{')?.1.parse().ok());
            let Some(size) = size else {
                answer.text.push_str(&line);
                return Some(answer);
            };
            answer
                .text
                .push_str(line.rsplit_once('{').map_or("", |(text, _)| text));
            let mut literal = vec![0; size];
            self.line.read_exact(&mut literal).await?;
            answer.literals.push(literal);
        }
    }

    /// Keeps what every answer may say by the way.
    fn note(&mut self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["*", count, "EXISTS"] => self.exists = count.parse().unwrap_or(0),
            ["*", _, "EXPUNGE"] => self.exists = self.exists.saturating_sub(1),
            ["*", "OK", "[UIDVALIDITY", value, ..] => {
                self.uidvalidity = value.trim_end_matches(']').parse().unwrap_or(0)
            }
            _ => {}
        }
    }
}

impl Untagged {
    fn mail(&self) -> Option<Mail> {
        let uid = self
            .text
            .split_once("UID ")?
            .1
            .split([' ', ')'])
            .next()?
            .parse()
            .ok()?;
        Some(Mail {
            uid,
            flags: self.flags()?,
            raw: self.literals.first()?.clone(),
        })
    }

    fn flags(&self) -> Option<Vec<String>> {
        let list = self.text.split_once("FLAGS (")?.1.split_once(')')?.0;
        Some(list.split_whitespace().map(str::to_owned).collect())
    }

    /// `* LIST (\HasNoChildren) "/" INBOX`
    fn folder(&self) -> Option<String> {
        let name = self
            .text
            .strip_prefix("* LIST ")?
            .split_once(") ")?
            .1
            .split_once(' ')?
            .1;
        Some(name.trim_matches('"').to_owned())
    }
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
