//! The client. One connection for each request: files are few, and a connection that is kept could lead elsewhere by then.

use super::file_body::FileBody;
use super::guard;
use crate::net::Io;
use crate::net::limits::time_limits;
use crate::net::tcp::{self, TcpError};
use crate::net::tls::{self, HandshakeError, TlsClient, TlsError};
use crate::system::TcpStream;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use url::{Host, Url};

/// Redirects that are followed for one file.
const REDIRECTS_MAX: usize = 3;
/// The header of an answer, in octets.
const HEADER_OCTETS_MAX: usize = 64 * 1024;
/// What an upload service takes in a second, in octets, if it takes anything.
const TAKEN_IN_A_SECOND: usize = 64 * 1024;
/// Fields of the header of an answer.
const FIELDS_MAX: usize = 100;
/// Header fields that the XMPP server may have sent along with a file (XEP-0363 §5).
const PUT_FIELDS: [HeaderName; 3] = [header::AUTHORIZATION, header::COOKIE, header::EXPIRES];

time_limits! {
    /// What may take how long.
    pub struct FetchLimits {
        /// For the name, for each address, and for TLS.
        connect: Duration::from_secs(10),
        /// How long nothing may come while something is due.
        silence: Duration::from_secs(20),
        /// How long a file may take with all redirects, however busily it comes.
        total: Duration::from_secs(120),
    }
}

/// How names become connections.
pub trait Wire: Send + Sync {
    /// The addresses of a host.
    fn look_up(
        &self,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> impl Future<Output = Result<Vec<SocketAddr>, TcpError>> + Send;

    /// A connection to the first of these that answers, and to nothing else.
    fn connect(
        &self,
        addresses: &[SocketAddr],
        limit: Duration,
    ) -> impl Future<Output = Result<Connected, TcpError>> + Send;
}

/// To one of the addresses.
pub struct Connected(TcpStream);

/// The system's resolver and sockets.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Wire for System {
    async fn look_up(
        &self,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> Result<Vec<SocketAddr>, TcpError> {
        tcp::look_up((host, port), limit).await
    }

    async fn connect(
        &self,
        addresses: &[SocketAddr],
        limit: Duration,
    ) -> Result<Connected, TcpError> {
        tcp::connect(addresses, limit).await.map(Connected)
    }
}

/// Why a file could not be fetched or put: the end of a sentence about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No http, no https, or no address at all.
    #[error("its address is not one of the web")]
    NotWeb,
    /// A name or a password stands in the address.
    #[error("its address holds a login")]
    Login,
    /// Nothing but addresses that [`guard`] closes.
    #[error("{0} has no address on the Internet")]
    Closed(String),
    /// From https to http.
    #[error("it is redirected to where nothing is encrypted")]
    Downgrade,
    /// More than three.
    #[error("it is redirected too often")]
    Redirects,
    /// Something other than the file.
    #[error("{host} answers {status}")]
    Status {
        /// Who answers.
        host: String,
        /// What.
        status: u16,
    },
    /// It has more octets than it may: so many, where it says that.
    #[error("it is too big")]
    TooLarge(Option<u64>),
    /// Compressed, though nobody has asked for that.
    #[error("it comes compressed")]
    Encoded,
    /// Other files have all the room that there is for them.
    #[error("there is no room for it now")]
    NoRoom,
    /// [`FetchLimits`].
    #[error("it did not come within {} s", .0.as_secs())]
    Slow(Duration),
    /// No connection, or one that broke.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// Who.
        host: String,
        /// What the system says.
        why: String,
    },
}

impl Error {
    /// Whether the next attempt may have another outcome.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Slow(_) | Self::NoRoom | Self::Unreachable { .. } => true,
            Self::Status { status, .. } => *status >= 500 || matches!(status, 408 | 425 | 429),
            _ => false,
        }
    }
}

/// A file that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// All of it.
    pub octets: Vec<u8>,
    /// What the server calls it, in lower case and without parameters.
    pub media_type: Option<String>,
}

/// A file that is to be put where a slot says (XEP-0363 §7).
#[derive(Debug)]
pub struct Put {
    /// Where.
    pub url: String,
    /// What the slot wants to be sent along; all but what XEP-0363 §5 allows is left out.
    pub fields: Vec<(String, String)>,
    /// What it is called.
    pub media_type: String,
    /// All of it: at least one octet.
    pub file: FileBody,
}

/// Who takes a file while it comes.
pub trait Taker: Send {
    /// Before the first of it: so many octets come at most. False where there is no room for them now.
    fn begin(&mut self, octets_max: u64) -> bool;

    /// The next of it. False where there is no room for it after all.
    fn take(&mut self, octets: &[u8]) -> impl Future<Output = bool> + Send;
}

impl Taker for Vec<u8> {
    fn begin(&mut self, _: u64) -> bool {
        true
    }

    async fn take(&mut self, octets: &[u8]) -> bool {
        self.extend_from_slice(octets);
        true
    }
}

/// Fetches and puts files.
pub struct HttpClient<W = System> {
    wire: W,
    tls: Result<TlsClient, TlsError>,
    near: BTreeSet<String>,
    limits: FetchLimits,
}

impl HttpClient<System> {
    /// `near` are hosts that may have any address, as `host` or `host:port`. `ca_file`: whom to trust, instead of whom the
    /// system trusts.
    pub fn new(near: impl IntoIterator<Item = String>, ca_file: Option<&Path>) -> Self {
        Self::over(System, near, ca_file, FetchLimits::default())
    }
}

impl<W: Wire> HttpClient<W> {
    /// The same with a way of its own to connect.
    pub fn over(
        wire: W,
        near: impl IntoIterator<Item = String>,
        ca_file: Option<&Path>,
        limits: FetchLimits,
    ) -> Self {
        let nobody = tls::server_name("unnamed.invalid");
        let missing = || TlsError::Library("no name can be checked".to_owned());
        Self {
            wire,
            tls: nobody
                .ok_or_else(missing)
                .and_then(|name| TlsClient::new(name, ca_file)),
            near: near.into_iter().map(|host| host.to_lowercase()).collect(),
            limits,
        }
    }

    /// Fetches a file of at most so many octets.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn fetch(&self, address: &str, octets_max: u64) -> Result<Fetched, Error> {
        let mut octets = Vec::new();
        let media_type = self.fetch_into(address, octets_max, &mut octets).await?;
        Ok(Fetched { octets, media_type })
    }

    /// The same piece by piece; answers what the server calls it. Where it fails, some of it may have come.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn fetch_into(
        &self,
        address: &str,
        octets_max: u64,
        taker: &mut impl Taker,
    ) -> Result<Option<String>, Error> {
        let total = self.limits.total;
        let fetched = timeout(total, self.follow(address, octets_max, taker)).await;
        fetched.unwrap_or(Err(Error::Slow(total)))
    }

    async fn follow(
        &self,
        address: &str,
        octets_max: u64,
        taker: &mut impl Taker,
    ) -> Result<Option<String>, Error> {
        let mut url = Url::parse(address).map_err(|_| Error::NotWeb)?;
        for _ in 0..=REDIRECTS_MAX {
            let is_near = self.is_near(&url);
            let mut exchange = self
                .exchange(
                    &url,
                    is_near,
                    Method::GET,
                    HeaderMap::new(),
                    FileBody::nothing(),
                )
                .await?;
            let next = match exchange.redirect(&url)? {
                Some(next) => next,
                None => return self.body(&mut exchange, &url, octets_max, taker).await,
            };
            if url.scheme() == "https" && next.scheme() != "https" {
                return Err(Error::Downgrade);
            }
            url = next;
        }
        Err(Error::Redirects)
    }

    /// Puts a file. The address is the XMPP server's own, so it may be anywhere; it is not left for another one.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn put(&self, put: Put) -> Result<(), Error> {
        // Who takes nothing is not waited for as long as for a big file: others wait meanwhile.
        let seconds = u64::try_from(put.file.length() / TAKEN_IN_A_SECOND).unwrap_or(u64::MAX);
        let limit = Duration::from_secs(seconds).saturating_add(self.limits.silence);
        let limit = limit.min(self.limits.total);
        let done = async {
            let url = Url::parse(&put.url).map_err(|_| Error::NotWeb)?;
            let mut fields = allowed(&put.fields);
            if let Ok(kind) = HeaderValue::from_str(&put.media_type) {
                fields.insert(header::CONTENT_TYPE, kind);
            }
            let exchange = self.exchange(&url, true, Method::PUT, fields, put.file);
            let exchange = exchange.await?;
            match exchange.response.status() {
                status if status.is_success() => Ok(()),
                status => Err(status_error(&url, status)),
            }
        };
        timeout(limit, done)
            .await
            .unwrap_or(Err(Error::Slow(limit)))
    }

    /// Connects to where an address leads, as [`HttpClient::fetch`] would, and asks for nothing.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn reach(&self, address: &str) -> Result<(), Error> {
        let url = Url::parse(address).map_err(|_| Error::NotWeb)?;
        let io = self.connect(&url, self.is_near(&url)).await;
        io.map(drop)
    }

    /// Whether an address is at one of the hosts that may be near.
    pub fn is_named(&self, address: &str) -> bool {
        Url::parse(address).is_ok_and(|url| self.is_near(&url))
    }

    fn is_near(&self, url: &Url) -> bool {
        let host = host_of(url);
        let port = url.port_or_known_default().unwrap_or_default();
        self.near.contains(&host) || self.near.contains(&format!("{host}:{port}"))
    }

    async fn exchange(
        &self,
        url: &Url,
        is_near: bool,
        method: Method,
        fields: HeaderMap,
        file: FileBody,
    ) -> Result<HttpExchange, Error> {
        let unreachable = |why: String| Error::Unreachable {
            host: host_of(url),
            why,
        };
        let io = self.connect(url, is_near).await?;
        let handshake = http1::Builder::new()
            .max_buf_size(HEADER_OCTETS_MAX)
            .max_headers(FIELDS_MAX)
            .handshake(TokioIo::new(io));
        let (mut sender, connection) = handshake.await.map_err(|why| unreachable(words(&why)))?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async move {
            // What goes wrong is told to whoever waits for the answer.
            let _ = connection.await;
        }));
        let is_upload = file.length() > 0;
        let request = request(url, method, fields, file).map_err(|_| Error::NotWeb)?;
        let limit = match is_upload {
            // Most of it is spent on sending.
            true => self.limits.total,
            false => self.limits.silence,
        };
        let response = timeout(limit, sender.send_request(request))
            .await
            .map_err(|_| Error::Slow(limit))?
            .map_err(|why| unreachable(words(&why)))?;
        Ok(HttpExchange {
            response,
            _connection: connection,
        })
    }

    /// To an address that was looked at, never to a name.
    async fn connect(&self, url: &Url, is_near: bool) -> Result<Box<dyn Io>, Error> {
        let host = host_of(url);
        let unreachable = |why: String| Error::Unreachable {
            host: host.clone(),
            why,
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::NotWeb);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Login);
        }
        let port = url.port_or_known_default().ok_or(Error::NotWeb)?;
        let limit = self.limits.connect;
        let mut addresses = match url.host().ok_or(Error::NotWeb)? {
            Host::Ipv4(address) => vec![SocketAddr::from((address, port))],
            Host::Ipv6(address) => vec![SocketAddr::from((address, port))],
            Host::Domain(name) => {
                let looked_up = self.wire.look_up(name, port, limit);
                looked_up
                    .await
                    .map_err(|why| unreachable(why.to_string()))?
            }
        };
        if !is_near {
            addresses.retain(|address| guard::is_public(address.ip()));
            if addresses.is_empty() {
                return Err(Error::Closed(host));
            }
        }
        let tcp = self.wire.connect(&addresses, limit).await;
        let Connected(tcp) = tcp.map_err(|why| unreachable(why.to_string()))?;
        if url.scheme() == "http" {
            return Ok(Box::new(tcp));
        }
        let name = tls::server_name(host.trim_matches(['[', ']'])).ok_or(Error::NotWeb)?;
        let tls = self.tls.as_ref();
        let tls = tls.map_err(|why| unreachable(why.to_string()))?;
        match tls.named(name).begin(tcp, limit).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(HandshakeError::Silent(limit)) => Err(Error::Slow(limit)),
            Err(HandshakeError::Fault(fault)) => Err(unreachable(format!("{fault:?}"))),
        }
    }

    async fn body(
        &self,
        exchange: &mut HttpExchange,
        url: &Url,
        octets_max: u64,
        taker: &mut impl Taker,
    ) -> Result<Option<String>, Error> {
        let status = exchange.response.status();
        if status != StatusCode::OK {
            return Err(status_error(url, status));
        }
        let field = |name| exchange.response.headers().get(name);
        let text = |name| field(name).and_then(|value: &HeaderValue| value.to_str().ok());
        if text(header::CONTENT_ENCODING)
            .is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"))
        {
            return Err(Error::Encoded);
        }
        let announced = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|announced| announced > octets_max) {
            return Err(Error::TooLarge(announced));
        }
        let media_type = text(header::CONTENT_TYPE).and_then(|kind| kind.split(';').next());
        let media_type = media_type.map(|kind| kind.trim().to_lowercase());
        if !taker.begin(announced.unwrap_or(octets_max)) {
            return Err(Error::NoRoom);
        }
        let (mut came, silence) = (0_u64, self.limits.silence);
        loop {
            let frame = timeout(silence, exchange.response.body_mut().frame()).await;
            let frame = frame.map_err(|_| Error::Slow(silence))?;
            let Some(frame) = frame else {
                return Ok(media_type);
            };
            let frame = frame.map_err(|why| Error::Unreachable {
                host: host_of(url),
                why: words(&why),
            })?;
            let data = frame.into_data().unwrap_or_default();
            came = came.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
            if came > octets_max {
                return Err(Error::TooLarge(None));
            }
            if !taker.take(&data).await {
                return Err(Error::NoRoom);
            }
        }
    }
}

/// An answer, and the connection that it is still read from.
struct HttpExchange {
    response: Response<Incoming>,
    _connection: AbortOnDropHandle<()>,
}

impl HttpExchange {
    fn redirect(&self, url: &Url) -> Result<Option<Url>, Error> {
        if !matches!(self.response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let to = self.response.headers().get(header::LOCATION);
        let to = to.and_then(|to| to.to_str().ok()).ok_or(Error::NotWeb)?;
        url.join(to).map(Some).map_err(|_| Error::NotWeb)
    }
}

fn request(
    url: &Url,
    method: Method,
    fields: HeaderMap,
    file: FileBody,
) -> Result<Request<FileBody>, hyper::http::Error> {
    let host = host_of(url);
    let host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    };
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, host)
        .header(header::USER_AGENT, "stanzamail")
        // Whatever is compressed may be a thousand times as big.
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::CONNECTION, "close")
        .body(file)?;
    request.headers_mut().extend(fields);
    Ok(request)
}

/// The fields of a slot that may be sent along.
fn allowed(fields: &[(String, String)]) -> HeaderMap {
    let fields = fields.iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let value = HeaderValue::from_str(value).ok()?;
        PUT_FIELDS.contains(&name).then_some((name, value))
    });
    fields.collect()
}

/// Of an address what two files of one server have in common (RFC 6454 §4).
pub fn origin(address: &str) -> Option<String> {
    let origin = Url::parse(address).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// The host of an address, in lower case.
pub fn host(address: &str) -> Option<String> {
    Url::parse(address).ok().map(|url| host_of(&url))
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_lowercase()
}

fn status_error(url: &Url, status: StatusCode) -> Error {
    Error::Status {
        host: host_of(url),
        status: status.as_u16(),
    }
}

/// What went wrong, with what was behind it.
fn words(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
