//! TCP and TLS. STARTTLS is spoken here, in the clear, before anything else sees the connection.

use super::session::Session;
use super::{ImapError, MailboxConfig, TlsMode};
use crate::system::TcpStream;
use crate::tls;
use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::lookup_host;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, CertificateError};

/// A line in the clear, in octets.
const LINE_OCTETS_MAX: u64 = 8 * 1024;
/// Lines in the clear before the answer to STARTTLS.
const LINES_MAX: usize = 100;

/// A connection of either kind.
pub(super) trait Io: AsyncRead + AsyncWrite + Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Debug + Send + Unpin> Io for T {}

/// Connects and logs in.
///
/// # Errors
/// [`ImapError`] of every kind but those of folders.
pub(super) async fn open(config: &MailboxConfig) -> Result<Session, ImapError> {
    let tcp = connect(config).await?;
    match config.tls {
        TlsMode::Plain => Session::begin(Box::new(tcp), false, config).await,
        TlsMode::Implicit => {
            let tls = shake_hands(tcp, config).await?;
            Session::begin(tls, false, config).await
        }
        TlsMode::StartTls => {
            let limit = config.timings.silence;
            let tcp = timeout(limit, start_tls(tcp, config))
                .await
                .unwrap_or(Err(ImapError::Silent(limit)))?;
            let tls = shake_hands(tcp, config).await?;
            Session::begin(tls, true, config).await
        }
    }
}

/// Tries the addresses of the host one after the other.
async fn connect(config: &MailboxConfig) -> Result<TcpStream, ImapError> {
    let unreachable = |reason: String| ImapError::Unreachable {
        host: config.host.clone(),
        port: config.port,
        reason,
    };
    let limit = config.timings.connect;
    let look_up = lookup_host((config.host.as_str(), config.port));
    let addresses: Vec<SocketAddr> = timeout(limit, look_up)
        .await
        .map_err(|_| unreachable("its address is not found in time".to_owned()))?
        .map_err(|error| unreachable(error.to_string()))?
        .collect();
    let mut reason = "it has no address".to_owned();
    for address in addresses {
        match connect_to(address, limit).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => reason = error.to_string(),
        }
    }
    Err(unreachable(reason))
}

async fn connect_to(address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let tcp = timeout(limit, TcpStream::connect(address))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    // Commands are small and each waits for its answer.
    tcp.set_nodelay(true)?;
    Ok(tcp)
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

async fn shake_hands(tcp: TcpStream, config: &MailboxConfig) -> Result<Box<dyn Io>, ImapError> {
    let name = ServerName::try_from(config.host.clone())
        .map_err(|_| ImapError::HostName(config.host.clone()))?;
    let connector = TlsConnector::from(tls::client_config(config.ca_file.as_deref())?);
    let tls = timeout(config.timings.connect, connector.connect(name, tcp))
        .await
        .map_err(|_| ImapError::Silent(config.timings.connect))?
        .map_err(|error| tls_error(&error, config))?;
    Ok(Box::new(tls))
}

/// Tells the three mistakes that admins make with certificates from everything else.
fn tls_error(error: &io::Error, config: &MailboxConfig) -> ImapError {
    let host = config.host.clone();
    let reason = error.to_string();
    let certificate = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        .and_then(|inner| match inner {
            rustls::Error::InvalidCertificate(certificate) => Some(certificate),
            _ => None,
        });
    match certificate {
        Some(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => ImapError::CertificateName { host, reason },
        // A bad signature: of an authority with the same name and another key.
        Some(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            ImapError::CertificateAuthority { host }
        }
        Some(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => ImapError::CertificateDate { host, reason },
        _ => ImapError::Tls {
            host,
            port: config.port,
            reason,
        },
    }
}
