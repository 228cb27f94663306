//! The client's certificate and its private key.

use std::sync::Arc;

use pkcs8::{EncryptedPrivateKeyInfo, SecretDocument};
use rustls::crypto::CryptoProvider;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{Error as TlsError, InconsistentKeys};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use crate::config::ClientConfig;
use crate::error::{Error, Result};
use crate::net::tls::source::Source;

/// What the client shows to servers that ask who it is; `None`: it does not tell.
pub(super) fn identity(
    config: &ClientConfig,
    provider: &CryptoProvider,
) -> Result<Option<Arc<SingleCertAndKey>>> {
    let certificate = given(
        ("client_cert_file", config.client_cert_file.as_deref()),
        ("client_cert_pem", config.client_cert_pem.as_deref()),
    )?;
    let key = given(
        ("client_key_file", config.client_key_file.as_deref()),
        ("client_key_pem", config.client_key_pem.as_deref()),
    )?;
    let (certificate, key) = match (certificate, key) {
        (None, None) => return Ok(None),
        (None, Some(key)) => {
            return Err(key.unusable("needs client_cert_file or client_cert_pem"));
        }
        (Some(certificate), key) => (certificate, key),
    };
    let chain = certificate.certificates()?;
    let from = key.as_ref().unwrap_or(&certificate);
    let der = private_key(from, key.is_some(), config.client_key_password.as_deref())?;
    let signs = provider
        .key_provider
        .load_private_key(der)
        .map_err(|_| from.unusable("its private key is malformed or of an unknown kind"))?;
    let identity = CertifiedKey::new(chain, signs);
    match identity.keys_match() {
        Ok(()) | Err(TlsError::InconsistentKeys(InconsistentKeys::Unknown)) => {}
        Err(TlsError::InconsistentKeys(_)) => {
            let option = certificate.option;
            return Err(from.unusable(&format!(
                "the private key does not belong to the certificate of {option}: they are of \
                 different key pairs"
            )));
        }
        Err(_) => return Err(certificate.unusable("its certificate is malformed")),
    }
    Ok(Some(Arc::new(SingleCertAndKey::from(identity))))
}

/// What was given: a file or its bytes.
fn given<'a>(
    (file_option, file): (&'static str, Option<&'a str>),
    (pem_option, pem): (&'static str, Option<&'a [u8]>),
) -> Result<Option<Source<'a>>> {
    match (file, pem) {
        (None, None) => Ok(None),
        (Some(path), None) => Source::file(file_option, path).map(Some),
        (None, Some(pem)) => Ok(Some(Source::held(pem_option, pem))),
        (Some(_), Some(_)) => Err(Error::argument(format!(
            "options {file_option} and {pem_option}: only one of them can be given"
        ))),
    }
}

/// A private key, decrypted if it has to be. `own`: it has an option of its own.
fn private_key(
    source: &Source<'_>,
    own: bool,
    password: Option<&str>,
) -> Result<PrivateKeyDer<'static>> {
    if let Ok(key) = PrivateKeyDer::from_pem_slice(&source.bytes) {
        return Ok(key);
    }
    let text = String::from_utf8_lossy(&source.bytes);
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(source.unusable(
            "is encrypted in OpenSSL's old form; `openssl pkcs8 -topk8` makes it PKCS #8, which \
             client_key_password opens",
        ));
    }
    let Some(at) = text.find(ENCRYPTED) else {
        return Err(source.unusable(match (own, &*source.bytes) {
            (true, [0x30, ..]) => {
                "is DER; `openssl pkey -inform der -in FILE -out FILE.pem` makes it PEM"
            }
            (true, _) => "holds no private key (PKCS #8, PKCS #1 or SEC1 in PEM)",
            (false, _) => {
                "holds a certificate but no private key; client_key_file or client_key_pem gives it"
            }
        }));
    };
    let Some(password) = password else {
        return Err(source.unusable("is encrypted; client_key_password opens it"));
    };
    let end =
        text[at..].find(ENCRYPTED_END).map_or(text.len(), |end| at + end + ENCRYPTED_END.len());
    let (_, document) = SecretDocument::from_pem(&text[at..end])
        .map_err(|_| source.unusable("is not well-formed PEM"))?;
    let encrypted = EncryptedPrivateKeyInfo::try_from(document.as_bytes())
        .map_err(|_| source.unusable("is encrypted in a way that is not supported"))?;
    let key = encrypted.decrypt(password).map_err(|_| {
        Error::argument(
            "option client_key_password: does not open the private key, or its cipher is unknown",
        )
    })?;
    Ok(PrivateKeyDer::Pkcs8(key.as_bytes().to_vec().into()))
}

const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const ENCRYPTED_END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
