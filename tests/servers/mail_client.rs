//! A person's mail client: submits raw mails by SMTP (RFC 5321), and reads what is in one. Mailboxes: `mailbox.rs`.

use mail_parser::{Message, MessageParser};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

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
pub(super) struct Line {
    stream: BufReader<TcpStream>,
}

impl Line {
    pub(super) async fn connect(port: u16) -> Line {
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        let stream = stream.unwrap_or_else(|e| panic!("no mail server at port {port}: {e}"));
        let _ = stream.set_nodelay(true);
        Line {
            stream: BufReader::new(stream),
        }
    }

    /// Where the server has gone, the answer is missing: whoever waits for it says so.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes).await;
    }

    /// One line without its end; empty at the end of the connection.
    pub(super) async fn read(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        let _ = self.stream.read_until(b'\n', &mut line).await;
        while line.last().is_some_and(|byte| b"\r\n".contains(byte)) {
            line.pop();
        }
        line
    }

    /// Nothing where the server goes before all of them have come.
    pub(super) async fn read_exact(&mut self, bytes: &mut [u8]) -> Option<()> {
        self.stream.read_exact(bytes).await.ok().map(drop)
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

    /// What Postfix called the mail when it took it. The tests' Postfix gives names that sort by time.
    fn queue_id(&self) -> String {
        let received = self.headers("Received");
        let taken = received.iter().rfind(|field| field.contains("(Postfix)"));
        let id = taken.and_then(|field| field.split(" id ").nth(1));
        let id = id.expect("Postfix says how it took the mail");
        id.split([';', ' ']).next().unwrap_or_default().to_owned()
    }
}

/// In the order in which Postfix took them, which is the one that the gateway gave them. Postfix delivers side by side, in
/// any order.
pub fn as_accepted(mut mails: Vec<Mail>) -> Vec<Mail> {
    mails.sort_by_cached_key(Mail::queue_id);
    mails
}
