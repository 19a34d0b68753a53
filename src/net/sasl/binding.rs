//! Channel bindings: octets that both ends of one TLS connection know and nobody in between has (RFC 5056). SCRAM-PLUS signs
//! them, so that a login cannot be passed on by somebody with a certificate that is trusted by mistake.

use ring::digest;
use tokio_rustls::rustls::{ClientConnection, ProtocolVersion};

/// A channel binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    pub(super) kind: &'static str,
    pub(super) octets: Vec<u8>,
}

impl Binding {
    /// That of a connection: `tls-exporter` (RFC 9266) with TLS 1.3, before that `tls-server-end-point` (RFC 5929 §4), since an
    /// exporter of TLS 1.2 is safe only with an extension that cannot be asked about. `None` where the certificate has no such
    /// hash.
    pub(crate) fn of(tls: &ClientConnection) -> Option<Self> {
        if tls.protocol_version() == Some(ProtocolVersion::TLSv1_3) {
            let label = b"EXPORTER-Channel-Binding";
            let octets = tls.export_keying_material([0; 32], label, Some(&[]));
            return Some(Self {
                kind: "tls-exporter",
                octets: octets.ok()?.to_vec(),
            });
        }
        let certificate = tls.peer_certificates()?.first()?;
        let hash = hash_of_signature(certificate)?;
        Some(Self {
            kind: "tls-server-end-point",
            octets: digest::digest(hash, certificate).as_ref().to_vec(),
        })
    }
}

/// The hash that a certificate is signed with (RFC 5280 §4.1.1.2); SHA-256 where that is MD5 or SHA-1 (RFC 5929 §4.1).
fn hash_of_signature(certificate: &[u8]) -> Option<&'static digest::Algorithm> {
    /// `pkcs-1`: RFC 8017 §A.2.4.
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    /// `ansi-X9-62 signatures`: RFC 5758 §3.2.
    const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
    let (certificate, _) = element(certificate, 0x30)?;
    let (_, behind_the_signed) = element(certificate, 0x30)?;
    let (algorithm, _) = element(behind_the_signed, 0x30)?;
    let (identifier, _) = element(algorithm, 0x06)?;
    let of_rsa = identifier.strip_prefix(RSA);
    let of_ecdsa = identifier.strip_prefix(ECDSA);
    match (of_rsa, of_ecdsa) {
        (Some([4 | 5 | 11]), _) | (_, Some([1] | [3, 2])) => Some(&digest::SHA256),
        (Some([12]), _) | (_, Some([3, 3])) => Some(&digest::SHA384),
        (Some([13]), _) | (_, Some([3, 4])) => Some(&digest::SHA512),
        _ => None,
    }
}

/// The content of a DER element with this tag (X.690 §8.1), and what stands behind it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ 0..=0x7f => (short, rest),
        long @ 0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(long.saturating_sub(0x80))?;
            let length = octets.iter().try_fold(0_usize, |sum, octet| {
                sum.checked_mul(256)?.checked_add((*octet).into())
            })?;
            (length, rest)
        }
        _ => return None,
    };
    (*found == tag).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    fn certificate(algorithm: &'static SignatureAlgorithm) -> Vec<u8> {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let parameters = CertificateParams::new(vec!["mail.example".to_owned()]).unwrap();
        parameters.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        let hash = |algorithm| hash_of_signature(&certificate(algorithm));
        assert_eq!(hash(&rcgen::PKCS_ECDSA_P256_SHA256), Some(&digest::SHA256));
        assert_eq!(hash(&rcgen::PKCS_ECDSA_P384_SHA384), Some(&digest::SHA384));
        // RFC 5929 §4.1 leaves it open.
        assert_eq!(hash(&rcgen::PKCS_ED25519), None);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_called_a_certificate_has_a_hash_or_none(
            cut in 0_usize..400, at in 0_usize..400, octet: u8, noise: Vec<u8>,
        ) {
            let mut der = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
            let length = der.len();
            der[at % length] = octet;
            hash_of_signature(&der[..cut.min(length)]);
            hash_of_signature(&der);
            hash_of_signature(&noise);
        }
    }
}
