//! How connections to mail servers are secured (RFC 8314), and whom they trust.

use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

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

/// What a TLS client needs: the authorities in `ca_file` and no others, or else those that the system trusts.
///
/// # Errors
/// [`TlsError`] says what is missing where.
pub fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
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

/// The authorities in a PEM file.
///
/// # Errors
/// [`TlsError::CaFile`] and [`TlsError::NoCertificate`].
pub fn roots_in(path: &Path) -> Result<RootCertStore, TlsError> {
    let shown = || path.display().to_string();
    let wrong = |why: String| TlsError::CaFile { path: shown(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))? {
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
        std::fs::write(&path, "no certificates here\n").unwrap();
        assert_eq!(
            roots_in(&path).unwrap_err(),
            TlsError::NoCertificate {
                path: path.display().to_string()
            }
        );
    }
}
