//! TCP and TLS. STARTTLS is spoken here, in the clear, before anything else sees the connection.

use super::session::ImapSession;
use super::{ImapError, MailboxConfig, TlsMode, login};
use crate::net::Io;
use crate::net::sasl::Binding;
use crate::net::tcp;
use crate::net::tls::{self, HandshakeError, TlsClient, TlsStream};
use crate::system::TcpStream;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::timeout;

/// A line in the clear, in octets.
const LINE_OCTETS_MAX: u64 = 8 * 1024;
/// Lines in the clear before the answer to STARTTLS.
const LINES_MAX: usize = 100;

/// Connects and logs in.
///
/// # Errors
/// [`ImapError`] of every kind but those of folders.
pub(super) async fn open(config: &MailboxConfig) -> Result<ImapSession, ImapError> {
    let tcp = connect(config).await?;
    match config.tls {
        TlsMode::Plain => logged_in(Box::new(tcp), None, false, config).await,
        TlsMode::Implicit => {
            let tls = shake_hands(tcp, config).await?;
            let binding = tls::binding(&tls);
            logged_in(Box::new(tls), binding, false, config).await
        }
        TlsMode::StartTls => {
            let limit = config.timings.silence;
            let tcp = timeout(limit, start_tls(tcp, config))
                .await
                .unwrap_or(Err(ImapError::Silent(limit)))?;
            let tls = shake_hands(tcp, config).await?;
            let binding = tls::binding(&tls);
            logged_in(Box::new(tls), binding, true, config).await
        }
    }
}

/// A session on this connection. What it knows of the server's offers is of after the login.
async fn logged_in(
    stream: Box<dyn Io>,
    binding: Option<Binding>,
    is_greeted: bool,
    config: &MailboxConfig,
) -> Result<ImapSession, ImapError> {
    let (mut session, wants_login) = ImapSession::begin(stream, is_greeted, config).await?;
    if wants_login {
        session.login = login::log_in(&mut session, config, binding.as_ref()).await?;
    }
    session.learn_offers().await?;
    Ok(session)
}

async fn connect(config: &MailboxConfig) -> Result<TcpStream, ImapError> {
    let host = (config.host.as_str(), config.port);
    let tcp = tcp::connect(host, config.timings.connect).await;
    tcp.map_err(|error| ImapError::Unreachable {
        host: config.host.clone(),
        port: config.port,
        reason: error,
    })
}

/// RFC 3501 §6.2.1, with nothing of what is said in the clear believed: the greeting and its capabilities are thrown
/// away. A server that is logged in already (`PREAUTH`) or that has sent more than its answer before TLS begins is
/// refused: both are how somebody on the way gets a client to talk in the clear (CVE-2020-12398, CVE-2020-15685).
async fn start_tls(tcp: TcpStream, config: &MailboxConfig) -> Result<TcpStream, ImapError> {
    let tampered = |what| ImapError::Tampered {
        host: config.host.clone(),
        what,
    };
    let mut stream = BufReader::new(tcp);
    let greeting = read_line(&mut stream).await?;
    if starts_with(&greeting, "* PREAUTH") {
        return Err(tampered("a login that is done already"));
    }
    if !greeting.starts_with("* ") {
        return Err(ImapError::NoGreeting {
            host: config.host.clone(),
            port: config.port,
            words: shown(&greeting),
        });
    }
    if !starts_with(&greeting, "* OK") {
        return Err(ImapError::Greeting {
            host: config.host.clone(),
            words: shown(&greeting),
        });
    }
    stream
        .get_mut()
        .write_all(b"S0 STARTTLS\r\n")
        .await
        .map_err(|error| ImapError::from_io(&error))?;
    await_go_ahead(&mut stream, config).await?;
    if !stream.buffer().is_empty() {
        return Err(tampered("commands or answers"));
    }
    Ok(stream.into_inner())
}

async fn await_go_ahead(
    stream: &mut BufReader<TcpStream>,
    config: &MailboxConfig,
) -> Result<(), ImapError> {
    for _ in 0..LINES_MAX {
        let line = read_line(stream).await?;
        if starts_with(&line, "S0 OK") {
            return Ok(());
        }
        if !line.starts_with("* ") || starts_with(&line, "* BYE") {
            return Err(ImapError::NoStartTls {
                host: config.host.clone(),
                words: shown(&line),
            });
        }
    }
    Err(ImapError::NotImap(
        "lines without an end before TLS".to_owned(),
    ))
}

async fn read_line(stream: &mut BufReader<TcpStream>) -> Result<String, ImapError> {
    let mut line = Vec::new();
    stream
        .take(LINE_OCTETS_MAX)
        .read_until(b'\n', &mut line)
        .await
        .map_err(|error| ImapError::from_io(&error))?;
    if !line.ends_with(b"\n") {
        return Err(ImapError::Lost("it ended before TLS began".to_owned()));
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn starts_with(line: &str, prefix: &str) -> bool {
    line.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn shown(line: &str) -> String {
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}

async fn shake_hands(
    tcp: TcpStream,
    config: &MailboxConfig,
) -> Result<TlsStream<TcpStream>, ImapError> {
    let name =
        tls::server_name(&config.host).ok_or_else(|| ImapError::HostName(config.host.clone()))?;
    let client = TlsClient::new(name, config.ca_file.as_deref())?;
    match client.begin(tcp, config.timings.connect).await {
        Ok(tls) => Ok(tls),
        Err(HandshakeError::Silent(limit)) => Err(ImapError::Silent(limit)),
        Err(HandshakeError::Fault(fault)) => Err(ImapError::Tls {
            host: config.host.clone(),
            port: config.port,
            fault,
        }),
    }
}
