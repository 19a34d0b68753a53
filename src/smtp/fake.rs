//! An SMTP server for tests: a script says what it answers, and everything that it saw can be looked at.

use crate::core::address::MailAddress;
use crate::core::id::{JobId, MessageId};
use crate::core::job::{ComposedMail, Job};
use crate::core::time::Timestamp;
use crate::smtp::{SmtpConfig, TimeLimits, TlsMode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;

/// What a server without PIPELINING offers.
pub const BARE: &str = "250-fake\r\n250-8BITMIME\r\n250-AUTH PLAIN\r\n250 SIZE 100000\r\n";
/// What a server with PIPELINING offers.
pub const PIPELINING: &str =
    "250-fake\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 SIZE 100000\r\n";

/// The same with CHUNKING.
pub const CHUNKING: &str = "250-fake\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 SIZE 100000\r\n";

/// For how long a server that hangs does.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// An answer.
#[derive(Clone, Copy)]
pub enum Say {
    /// What a server says that is content.
    Usual,
    /// This, with its line end.
    Reply(&'static str),
    /// This, and the connection is closed.
    Last(&'static str),
    /// This, and nothing is read any more.
    ReplyAndHang(&'static str),
    /// Nothing for a long time.
    Hang,
    /// Nothing, and the connection is closed.
    Close,
    /// The usual after so many milliseconds.
    Late(u64),
}

/// What the server is asked: the number of the connection (from 1) and the line, which is `GREETING` before any, and
/// `.` and the mail after the final dot, or when a chunk has come.
pub(crate) type Script = Arc<dyn Fn(usize, &str) -> Say + Send + Sync>;

pub struct Fake {
    pub port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    pub open: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    pub async fn start(script: impl Fn(usize, &str) -> Say + Send + Sync + 'static) -> Self {
        Self::listen(0, None, Arc::new(script)).await
    }

    /// Where a port was held for it.
    pub async fn start_at(
        held: TcpSocket,
        script: impl Fn(usize, &str) -> Say + Send + Sync + 'static,
    ) -> Self {
        let port = held.local_addr().unwrap().port();
        drop(held);
        Self::listen(port, None, Arc::new(script)).await
    }

    pub async fn start_tls(
        acceptor: TlsAcceptor,
        script: impl Fn(usize, &str) -> Say + Send + Sync + 'static,
    ) -> Self {
        Self::listen(0, Some(acceptor), Arc::new(script)).await
    }

    async fn listen(port: u16, tls: Option<TlsAcceptor>, script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let (connections, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (seen2, connections2, open2) = (seen.clone(), connections.clone(), open.clone());
        let task = tokio::spawn(async move {
            let mut tasks = tokio::task::JoinSet::new();
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let n = connections2.fetch_add(1, Ordering::SeqCst) + 1;
                let (seen, script, open, tls) =
                    (seen2.clone(), script.clone(), open2.clone(), tls.clone());
                tasks.spawn(async move {
                    open.fetch_add(1, Ordering::SeqCst);
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(tcp).await {
                                serve(BufReader::new(stream), n, seen, script).await;
                            }
                        }
                        None => serve(BufReader::new(tcp), n, seen, script).await,
                    }
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            port,
            seen,
            connections,
            open,
            task,
        }
    }

    /// Everything that was asked, in order, as `<connection> <line>`.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The lines that begin with this, without the connection.
    pub fn seen_with(&self, start: &str) -> Vec<String> {
        let lines = self.seen();
        let lines = lines.iter().filter_map(|line| line.split_once(' '));
        lines
            .map(|(_, line)| line.to_owned())
            .filter(|line| line.starts_with(start))
            .collect()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// With time for all that a busy machine does.
    pub fn config(&self) -> SmtpConfig {
        config_at(self.port)
    }

    /// For tests of what becomes of a server that says nothing.
    pub fn config_of_the_impatient(&self) -> SmtpConfig {
        let limits = short_limits();
        SmtpConfig {
            limits,
            ..self.config()
        }
    }
}

/// Of a gateway that sends by this port.
pub fn config_at(port: u16) -> SmtpConfig {
    let mut config = SmtpConfig::new("127.0.0.1", port, TlsMode::Plain, "gateway.example");
    let patience = Duration::from_secs(20);
    config.limits = TimeLimits {
        connect: patience,
        command: patience,
        login: patience,
        data: patience,
        block: patience,
        final_reply: patience,
        idle: patience,
    };
    config
}

pub fn short_limits() -> TimeLimits {
    TimeLimits {
        connect: Duration::from_secs(2),
        command: Duration::from_millis(300),
        login: Duration::from_millis(300),
        data: Duration::from_millis(300),
        block: Duration::from_millis(300),
        final_reply: Duration::from_millis(300),
        idle: Duration::from_secs(20),
    }
}

pub fn mail(name: &str, queue: &str, sequence: u64, to: &[&str]) -> ComposedMail {
    let message_id = MessageId::parse(&format!("{name}@mail.example")).unwrap();
    let job = Job {
        id: JobId::derive(&message_id),
        message_id,
        ordering_key: queue.to_owned(),
        sequence,
        from: Some(MailAddress::parse("alice@mail.example").unwrap()),
        to: to
            .iter()
            .map(|to| MailAddress::parse(to).unwrap())
            .collect(),
        origin: None,
        accepted: Timestamp::now(),
        attempts: 0,
        next_attempt: Timestamp::now(),
        delay_told: false,
        last_reply: None,
        certain: true,
        silent: false,
        expires: None,
        replaceable: false,
        files: Vec::new(),
        draft: None,
    };
    let bytes = format!("Message-ID: <{name}@mail.example>\r\nSubject: {name}\r\n\r\nHello\r\n");
    ComposedMail {
        job,
        bytes: bytes.into_bytes(),
    }
}

/// One connection, until it ends on either side.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: BufReader<S>,
    n: usize,
    seen: Arc<Mutex<Vec<String>>>,
    script: Script,
) {
    let (mut recipients, mut has_sender) = (0, false);
    let mut line = "GREETING".to_owned();
    let mut is_chunk = false;
    loop {
        seen.lock().unwrap().push(format!("{n} {line}"));
        let usual = match line.get(..4).unwrap_or("") {
            "GREE" => "220 fake ESMTP\r\n",
            "EHLO" => BARE,
            "DATA" if recipients == 0 => "503 5.5.1 no recipients\r\n",
            "DATA" => "354 go on\r\n",
            "RCPT" if !has_sender => "503 5.5.1 no sender\r\n",
            "QUIT" => "221 bye\r\n",
            _ if is_chunk && recipients == 0 => "503 5.5.1 no recipients\r\n",
            "AUTH" => "235 2.7.0 welcome\r\n",
            _ => "250 2.0.0 ok\r\n",
        };
        let (reply, is_last) = match script(n, &line) {
            Say::Usual => (usual, line == "QUIT"),
            Say::Reply(text) => (text, false),
            Say::Last(text) => (text, true),
            Say::Close => ("", true),
            Say::ReplyAndHang(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.flush().await;
                tokio::time::sleep(LONG).await;
                ("", true)
            }
            Say::Hang => {
                tokio::time::sleep(LONG).await;
                ("", true)
            }
            Say::Late(millis) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                (usual, false)
            }
        };
        if stream.write_all(reply.as_bytes()).await.is_err()
            || stream.flush().await.is_err()
            || is_last
        {
            return;
        }
        match line.get(..4).unwrap_or("") {
            "RCPT" if reply.starts_with('2') => recipients += 1,
            "MAIL" => (recipients, has_sender) = (0, reply.starts_with('2')),
            "RSET" => (recipients, has_sender) = (0, false),
            _ if line.starts_with('.') => (recipients, has_sender) = (0, false),
            _ => {}
        }
        let wants_content = line == "DATA" && reply.starts_with("354");
        line = match if wants_content {
            content(&mut stream).await
        } else {
            command(&mut stream).await
        } {
            Some(next) => next,
            None => return,
        };
        is_chunk = line.starts_with("BDAT ");
        if is_chunk {
            seen.lock().unwrap().push(format!("{n} {line}"));
            let octets = line.split(' ').nth(1).unwrap().parse().unwrap();
            let mut mail = vec![0; octets];
            if stream.read_exact(&mut mail).await.is_err() {
                return;
            }
            line = format!(".{}", String::from_utf8_lossy(&mail));
        }
    }
}

async fn command<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = Vec::new();
    stream
        .read_until(b'\n', &mut line)
        .await
        .ok()
        .filter(|read| *read > 0)?;
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// The mail as it came over the wire, dots and all, after a dot.
async fn content<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut mail = b".".to_vec();
    loop {
        let before = mail.len();
        stream
            .read_until(b'\n', &mut mail)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        if mail.get(before..) == Some(b".\r\n") {
            mail.truncate(before);
            return Some(String::from_utf8_lossy(&mail).into_owned());
        }
    }
}
