//! A certificate authority and a certificate for `localhost`, made anew for each mail server.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::process::Folder;

/// Paths of PEM files.
pub struct Certificates {
    /// What a client has to trust.
    pub ca: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Certificates {
    /// Writes them to the folder. The certificate is for `localhost`, 127.0.0.1 and the given names.
    pub fn make(folder: &Folder, names: &[String]) -> Certificates {
        let (issuer, ca) = authority();
        let fixed = ["localhost", "127.0.0.1"].map(String::from);
        let names: Vec<String> = fixed.into_iter().chain(names.iter().cloned()).collect();
        let key = KeyPair::generate().expect("a key is made");
        let mut parameters = CertificateParams::new(names).expect("the names suit a certificate");
        parameters
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        let certificate = parameters
            .signed_by(&key, &issuer)
            .expect("the certificate is signed");
        Certificates {
            ca: folder.write("ca.pem", &ca),
            certificate: folder.write("server.pem", &certificate.pem()),
            key: folder.write("server.key", &key.serialize_pem()),
        }
    }
}

fn authority() -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().expect("a key is made");
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
        .distinguished_name
        .push(DnType::CommonName, "Authority of the tests");
    let pem = parameters
        .self_signed(&key)
        .expect("the authority signs itself")
        .pem();
    (Issuer::new(parameters, key), pem)
}
