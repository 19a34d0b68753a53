//! How connections are secured (RFC 8314), whom they trust, and what is wrong where there is no TLS.

use super::sasl::Binding;
use crate::system;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
pub use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore, crypto};

/// How a connection is secured (RFC 8314).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// TLS from the first octet.
    #[default]
    Implicit,
    /// Plain text until STARTTLS, which must succeed.
    StartTls,
    /// No TLS at all: for a server on the same machine.
    Plain,
}

/// Why there is nobody to trust.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read, or is no PEM.
    #[error("the certificates in {path} cannot be read: {why}; give a PEM file of certificates")]
    CaFile {
        /// Which file.
        path: String,
        /// What the system or the PEM reader says.
        why: String,
    },
    /// The file was read and has no certificate that could be trusted.
    #[error("{path} has no certificate of an authority; give a PEM file with at least one")]
    NoCertificate {
        /// Which file.
        path: String,
    },
    /// The system trusts nobody.
    #[error(
        "this system has no trusted certificates{why}; install its package (ca-certificates) or give a ca_file"
    )]
    NoSystemRoots {
        /// What the system says, after a colon; empty where it says nothing.
        why: String,
    },
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Library(String),
}

/// Why TLS did not begin.
#[derive(Debug)]
pub enum HandshakeError {
    /// Nothing came for so long.
    Silent(Duration),
    /// What came was not to be trusted, or no TLS.
    Fault(TlsFault),
}

/// What is wrong with a server's TLS, told apart by what an admin has to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The certificate is for other names.
    Name(String),
    /// The certificate's authority is not trusted.
    Authority,
    /// The certificate is out of date or not yet in date, or this machine's clock is wrong.
    Date(String),
    /// It is a certificate that signs others, as `openssl req -x509` makes it: no server's (RFC 5280 §4.2.1.9).
    IsAuthority,
    /// Something else is wrong with the certificate.
    Certificate(String),
    /// Something else is wrong: often there is no TLS at that port.
    Other(String),
}

/// What an admin changes about a fault: keys of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Remedies {
    /// Where the name of the server stands: `host of [smtp]`.
    pub name: &'static str,
    /// Where the file of authorities stands: `ca_file of [smtp]`.
    pub authority: &'static str,
    /// What to look at where there is no TLS: a sentence's end.
    pub port: &'static str,
}

impl TlsFault {
    fn of(error: &io::Error) -> Self {
        let words = error.to_string();
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        let Some(rustls::Error::InvalidCertificate(certificate)) = inner else {
            return Self::Other(words);
        };
        match certificate {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::Name(words)
            }
            // A bad signature: of an authority with the same name and another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::Authority,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::Date(words),
            // rustls has no variant of its own for this one.
            _ if words.contains("CaUsedAsEndEntity") => Self::IsAuthority,
            _ => Self::Certificate(words),
        }
    }

    /// Whether it is the certificate, which only a person can mend.
    pub fn is_about_the_certificate(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// What is wrong and what to do about it, for a sentence that has named the server.
    pub fn sentence(&self, remedies: &Remedies) -> String {
        let Remedies {
            name,
            authority,
            port,
        } = remedies;
        match self {
            Self::Name(why) => format!(
                "its certificate is for another name ({why}); set {name} to a name that it has"
            ),
            Self::Authority => format!(
                "its certificate is from an authority that is not trusted; set {authority} to that authority's certificate, \
                or install it on this system"
            ),
            Self::Date(why) => format!(
                "its certificate is not valid now ({why}); renew it, or correct this machine's clock"
            ),
            Self::IsAuthority => format!(
                "its certificate is that of an authority, as openssl req -x509 makes it; make one with -addext \
                 basicConstraints=critical,CA:FALSE and -addext subjectAltName=DNS:NAME, and set {authority} to it, or have one \
                 issued"
            ),
            Self::Certificate(why) => {
                format!("its certificate cannot be used ({why}); give it another one")
            }
            Self::Other(why) => format!("{why}; {port}"),
        }
    }
}

/// The name that must be in a server's certificate, if that can be one: a host name or an IP address.
pub fn server_name(host: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(host.to_owned()).ok()
}

/// Begins TLS with servers of one name.
#[derive(Clone)]
pub struct TlsClient {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsClient {
    /// Trusts the authorities in `ca_file` and no others, or else those that the system trusts.
    ///
    /// # Errors
    /// [`TlsError`] says what is missing where.
    pub fn new(name: ServerName<'static>, ca_file: Option<&Path>) -> Result<Self, TlsError> {
        let connector = TlsConnector::from(client_config(ca_file)?);
        Ok(Self { connector, name })
    }

    /// The same, for servers of another name.
    #[must_use]
    pub fn named(&self, name: ServerName<'static>) -> Self {
        Self {
            connector: self.connector.clone(),
            name,
        }
    }

    /// Begins TLS.
    ///
    /// # Errors
    /// [`HandshakeError`].
    pub(crate) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        tcp: S,
        limit: Duration,
    ) -> Result<TlsStream<S>, HandshakeError> {
        timeout(limit, self.connector.connect(self.name.clone(), tcp))
            .await
            .map_err(|_| HandshakeError::Silent(limit))?
            .map_err(|error| HandshakeError::Fault(TlsFault::of(&error)))
    }
}

/// What a login can be bound to.
pub(crate) fn binding<S>(stream: &TlsStream<S>) -> Option<Binding> {
    Binding::of(stream.get_ref().1)
}

fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let roots = match ca_file {
        Some(path) => roots_in(path)?,
        None => system_roots()?,
    };
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Library(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// A file of authorities; that of a whole system has 300 KB.
const CA_OCTETS_MAX: u64 = 4 * 1024 * 1024;

/// The authorities in a PEM file.
///
/// # Errors
/// [`TlsError::CaFile`] and [`TlsError::NoCertificate`].
pub fn roots_in(path: &Path) -> Result<RootCertStore, TlsError> {
    let shown = || path.display().to_string();
    let wrong = |why: String| TlsError::CaFile { path: shown(), why };
    let mut roots = RootCertStore::empty();
    let octets = system::read_file(path, CA_OCTETS_MAX).map_err(|e| wrong(e.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&octets) {
        let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
        roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(TlsError::NoCertificate { path: shown() });
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(|error| format!(": {error}"));
        return Err(TlsError::NoSystemRoots {
            why: why.unwrap_or_default(),
        });
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_with_a_certificate_is_taken() {
        let key = rcgen::generate_simple_self_signed(vec!["ca.example".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, key.cert.pem()).unwrap();
        assert_eq!(roots_in(&path).unwrap().len(), 1);
        assert!(client_config(Some(&path)).is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_ca_file_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let missing = roots_in(&path).unwrap_err().to_string();
        assert!(missing.contains("No such file"), "{missing}");
        let endless = roots_in(Path::new("/dev/zero")).unwrap_err().to_string();
        assert!(endless.contains("is no regular file"), "{endless}");
        std::fs::write(&path, "no certificates here\n").unwrap();
        assert_eq!(
            roots_in(&path).unwrap_err(),
            TlsError::NoCertificate {
                path: path.display().to_string()
            }
        );
    }
}
