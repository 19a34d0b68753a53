//! A person's mail client: submits raw mails by SMTP, looks into a mailbox by IMAP.

use std::panic::Location;
use std::time::Duration;

use mail_parser::{Message, MessageParser};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout};

use super::PATIENCE;

// --- SMTP ------------------------------------------------------------------------------------------------------------

/// What a server answered to a mail that it did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    /// With the enhanced status code; lines joined by a blank.
    pub text: String,
}

/// Hands a mail to a server in one transaction, for all of the recipients or none. Line ends become CRLF. The result is
/// the text of the last answer. An empty `from` is the null reverse path.
pub async fn submit(
    port: u16,
    from: &str,
    to: &[&str],
    raw: impl AsRef<[u8]>,
) -> Result<String, Refusal> {
    let talk = async {
        let mut smtp = Line::connect(port).await;
        smtp.reply().await?;
        smtp.command("EHLO client.example").await?;
        smtp.command(&format!("MAIL FROM:<{from}>")).await?;
        for recipient in to {
            smtp.command(&format!("RCPT TO:<{recipient}>")).await?;
        }
        smtp.command("DATA").await?;
        smtp.write(&stuffed(raw.as_ref())).await;
        let answer = smtp.reply().await?;
        let _ = smtp.command("QUIT").await;
        Ok(answer)
    };
    timeout(PATIENCE, talk)
        .await
        .unwrap_or_else(|_| panic!("the SMTP server at {port} took longer than {PATIENCE:?}"))
}

/// Data as RFC 5321 §4.5.2 wants it: CRLF, dots doubled, a dot at the end.
fn stuffed(raw: &[u8]) -> Vec<u8> {
    let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
    let mut data = Vec::with_capacity(raw.len() + 64);
    for line in raw.split(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            data.push(b'.');
        }
        data.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        data.extend_from_slice(b"\r\n");
    }
    data.extend_from_slice(b".\r\n");
    data
}

/// A connection of lines, for both protocols.
struct Line {
    stream: BufReader<TcpStream>,
}

impl Line {
    async fn connect(port: u16) -> Line {
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        let stream = stream.unwrap_or_else(|e| panic!("no mail server at port {port}: {e}"));
        let _ = stream.set_nodelay(true);
        Line {
            stream: BufReader::new(stream),
        }
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.stream
            .get_mut()
            .write_all(bytes)
            .await
            .expect("the mail server takes what we send");
    }

    /// One line without its end; empty at the end of the connection.
    async fn read(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        let _ = self.stream.read_until(b'\n', &mut line).await;
        while line.last().is_some_and(|byte| b"\r\n".contains(byte)) {
            line.pop();
        }
        line
    }

    async fn command(&mut self, command: &str) -> Result<String, Refusal> {
        self.write(format!("{command}\r\n").as_bytes()).await;
        self.reply().await
    }

    /// RFC 5321 §4.2: lines of one code; a hyphen says that more follow.
    async fn reply(&mut self) -> Result<String, Refusal> {
        let mut texts = Vec::new();
        loop {
            let line = String::from_utf8_lossy(&self.read().await).into_owned();
            let code = line
                .get(..3)
                .and_then(|code| code.parse().ok())
                .unwrap_or(0);
            texts.push(line.get(4..).unwrap_or_default().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                let text = texts.join(" ");
                return if (200..400).contains(&code) {
                    Ok(text)
                } else {
                    Err(Refusal { code, text })
                };
            }
        }
    }
}

// --- mails -----------------------------------------------------------------------------------------------------------

/// A mail in a mailbox.
#[derive(Clone, Debug)]
pub struct Mail {
    pub uid: u32,
    /// As IMAP names them: `\Seen`, `$Label`.
    pub flags: Vec<String>,
    pub raw: Vec<u8>,
}

impl Mail {
    /// Parsed by mail-parser.
    pub fn parsed(&self) -> Message<'_> {
        MessageParser::new()
            .parse(&self.raw)
            .expect("a mail that Dovecot kept can be parsed")
    }

    /// The raw mail as text, for messages and simple checks.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// The first header of that name, unfolded, not decoded.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers(name).into_iter().next()
    }

    /// Every header of that name, in order.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let text = self.text().replace("\r\n", "\n");
        let head = text
            .split("\n\n")
            .next()
            .unwrap_or_default()
            .replace("\n ", " ")
            .replace("\n\t", " ");
        let fields = head.lines().filter_map(|line| line.split_once(':'));
        fields
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }

    /// Decoded.
    pub fn subject(&self) -> String {
        self.parsed().subject().unwrap_or_default().to_owned()
    }

    /// The first text part, decoded, with `\n` as line end.
    pub fn body(&self) -> String {
        self.parsed()
            .body_text(0)
            .unwrap_or_default()
            .replace("\r\n", "\n")
    }

    /// With its angle brackets.
    pub fn message_id(&self) -> String {
        self.header("Message-ID").unwrap_or_default()
    }
}

// --- IMAP ------------------------------------------------------------------------------------------------------------

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
        let mut session = self.fresh().await;
        if session.exists == 0 {
            return Vec::new();
        }
        let answer = session.run("UID FETCH 1:* (UID FLAGS BODY.PEEK[])").await;
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
                let mails: Vec<String> = self.all().await.iter().map(Mail::text).collect();
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
        let answer = self
            .fresh()
            .await
            .run(&format!("UID FETCH {uid} (UID FLAGS)"))
            .await;
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
        let answer = self.fresh().await.run("LIST \"\" \"*\"").await;
        let mut names: Vec<String> = answer.iter().filter_map(Untagged::folder).collect();
        names.sort();
        names
    }

    pub async fn uidvalidity(&self) -> u32 {
        self.session.lock().await.uidvalidity
    }

    /// The session, with what changed meanwhile.
    async fn fresh(&self) -> MutexGuard<'_, Session> {
        let mut session = self.session.lock().await;
        session.run("NOOP").await;
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
        session.untagged().await;
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
        let answer = timeout(PATIENCE, self.exchange(command, literal)).await;
        answer.unwrap_or_else(|_| panic!("IMAP: no answer to {command:?} within {PATIENCE:?}"))
    }

    async fn exchange(&mut self, command: &str, literal: Option<&[u8]>) -> Vec<Untagged> {
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
            let answer = self.untagged().await;
            if answer.text.starts_with('+') {
                self.line.write(literal.unwrap_or_default()).await;
                self.line.write(b"\r\n").await;
            } else if let Some(result) = answer.text.strip_prefix(&tag) {
                assert!(
                    result.starts_with("OK"),
                    "IMAP: {command:?} failed: {result}"
                );
                return answers;
            } else {
                self.note(&answer.text);
                answers.push(answer);
            }
        }
    }

    /// One answer with its literals (RFC 9051 §4.3).
    async fn untagged(&mut self) -> Untagged {
        let mut answer = Untagged {
            text: String::new(),
            literals: Vec::new(),
        };
        loop {
            let line = self.line.read().await;
            assert!(
                !line.is_empty() || !answer.text.is_empty(),
                "IMAP: the server closed the connection"
            );
            let line = String::from_utf8_lossy(&line).into_owned();
            let size = line
                .strip_suffix('}')
                .and_then(|rest| rest.rsplit_once('{')?.1.parse().ok());
            let Some(size) = size else {
                answer.text.push_str(&line);
                return answer;
            };
            answer
                .text
                .push_str(line.rsplit_once('{').map_or("", |(text, _)| text));
            let mut literal = vec![0; size];
            self.line
                .stream
                .read_exact(&mut literal)
                .await
                .expect("IMAP: a literal arrives whole");
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
