//! Public keys that the user named: a server has to have one of them.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error as TlsError, OtherError};
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// SHA-256 of the SubjectPublicKeyInfo of each; none: any key will do.
#[derive(Debug, Clone, Default)]
pub(in crate::net) struct Pins(Vec<[u8; 32]>);

/// The form of curl's CURLOPT_PINNEDPUBLICKEY.
const SCHEME: &str = "sha256//";

impl Pins {
    /// From the option's text.
    pub fn parse(text: &str) -> Result<Pins> {
        let one = |pin: &str| {
            let encoded = pin.trim().strip_prefix(SCHEME)?;
            STANDARD.decode(encoded).ok()?.try_into().ok()
        };
        let mut pins = Vec::new();
        for pin in text.split(';').filter(|pin| !pin.trim().is_empty()) {
            pins.push(one(pin).ok_or_else(|| {
                Error::argument(format!(
                    "option tls_pins: {:?} is no pin; expected sha256// and the base64 of 32 \
                     bytes, several separated by semicolons",
                    pin.trim()
                ))
            })?);
        }
        match pins.is_empty() {
            true => Err(Error::argument("option tls_pins: has no pin (sha256//BASE64)")),
            false => Ok(Pins(pins)),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a server with that certificate has one of the keys.
    pub fn check(&self, certificate: &CertificateDer<'_>) -> std::result::Result<(), TlsError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let digest = digest(certificate)?;
        if self.0.contains(&digest) {
            return Ok(());
        }
        let other = OtherError(Arc::new(PinMismatch(digest)));
        Err(TlsError::InvalidCertificate(CertificateError::Other(other)))
    }
}

/// Of the public key in a certificate.
fn digest(certificate: &CertificateDer<'_>) -> std::result::Result<[u8; 32], TlsError> {
    let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
    Ok(Sha256::digest(&key).into())
}

/// A certificate's key as a pin; `None` when it is malformed.
pub(in crate::net) fn pin_of(certificate: &CertificateDer<'_>) -> Option<String> {
    digest(certificate).ok().map(shown)
}

fn shown(digest: [u8; 32]) -> String {
    format!("{SCHEME}{}", STANDARD.encode(digest))
}

/// The server's key, which is none of the pins.
#[derive(Debug)]
pub(in crate::net) struct PinMismatch([u8; 32]);

impl fmt::Display for PinMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its public key ({}) is none of the pinned ones", shown(self.0))
    }
}

impl std::error::Error for PinMismatch {}
