//! The TLS settings of a client, and what the sessions of a process share.

pub(crate) mod session;

use std::io;
use std::sync::Arc;

use once_cell::sync::OnceCell;
use pkcs8::{EncryptedPrivateKeyInfo, SecretDocument};
use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig as TlsConfig, ClientConnection};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use crate::config::ClientConfig;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::fork::PerFork;
use crate::net::tls::session::TlsSession;
use crate::net::trust::{Roots, describe};

/// The TLS settings of a client. The system's trust store is read at the first use of `https`.
pub(crate) struct TlsSettings {
    own_roots: Option<Roots>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// A child makes its own: the session cache in it may be locked at the fork.
    built: PerFork<Arc<TlsConfig>>,
}

/// What the clients of a process share: a session got by one is resumed by another. rustls itself
/// refuses to resume under other trust or another identity.
#[derive(Default)]
pub(crate) struct TlsSessions {
    provider: OnceCell<Arc<CryptoProvider>>,
    store: OnceCell<Arc<ClientSessionMemoryCache>>,
    /// The settings of every client that names neither trust nor identity of its own.
    system: OnceCell<Arc<TlsConfig>>,
}

impl TlsSessions {
    fn provider(&self) -> Arc<CryptoProvider> {
        #[cfg(feature = "aws-lc")]
        let make = rustls::crypto::aws_lc_rs::default_provider;
        #[cfg(not(feature = "aws-lc"))]
        let make = rustls::crypto::ring::default_provider;
        self.provider.get_or_init(|| Arc::new(make())).clone()
    }

    fn resumption(&self) -> Resumption {
        let store = self.store.get_or_init(|| Arc::new(ClientSessionMemoryCache::new(256)));
        Resumption::store(store.clone())
    }

    fn system(&self) -> Result<Arc<TlsConfig>> {
        self.system.get_or_try_init(|| build(self, Roots::system(), None)).cloned()
    }
}

fn build(
    sessions: &TlsSessions,
    roots: Roots,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
) -> Result<Arc<TlsConfig>> {
    let internal = |error: String| {
        Error::new(ErrorKind::Internal, Phase::Tls, format!("TLS settings: {error}"))
    };
    let builder = TlsConfig::builder_with_provider(sessions.provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| internal(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(roots.verifier(sessions.provider()).map_err(internal)?);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
            let reason = match error {
                rustls::Error::InconsistentKeys(_) => "they are of different key pairs",
                _ => "one of them is malformed or of an unknown kind",
            };
            Error::argument(format!("client certificate and key do not go together: {reason}"))
        })?,
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = sessions.resumption();
    Ok(Arc::new(config))
}

fn read_file(option: &str, path: &str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        Error::argument(format!("option {option}: {path}: {error}")).with_os(&error)
    })
}

fn certificates(option: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let list = CertificateDer::pem_slice_iter(pem)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|_| unusable(option, "is not well-formed PEM"))?;
    if list.is_empty() {
        return Err(unusable(option, "holds no certificate (-----BEGIN CERTIFICATE-----)"));
    }
    Ok(list)
}

fn unusable(option: &str, what: &str) -> Error {
    Error::argument(format!("option {option}: {what}"))
}

impl TlsSettings {
    /// Reads and checks the files that are named; the error names the option.
    pub fn new(config: &ClientConfig, sessions: &TlsSessions) -> Result<TlsSettings> {
        let mut own_roots = None;
        let mut trust = |option: &str, pem: &[u8]| -> Result<()> {
            let roots = own_roots.get_or_insert_with(Roots::empty);
            for certificate in certificates(option, pem)? {
                roots
                    .add(certificate)
                    .map_err(|_| unusable(option, "holds a malformed certificate"))?;
            }
            Ok(())
        };
        if let Some(path) = &config.ca_file {
            trust("ca_file", &read_file("ca_file", path)?)?;
        }
        if let Some(pem) = &config.ca_pem {
            trust("ca_pem", pem)?;
        }
        let identity = match (
            &config.client_cert_file,
            &config.client_key_file,
            &config.client_cert_pem,
            &config.client_key_pem,
        ) {
            (Some(cert), Some(key), _, _) => Some(identity(
                ("client_cert_file", &read_file("client_cert_file", cert)?),
                ("client_key_file", &read_file("client_key_file", key)?),
                config.client_key_password.as_deref(),
            )?),
            (_, _, Some(cert), Some(key)) => Some(identity(
                ("client_cert_pem", cert),
                ("client_key_pem", key),
                config.client_key_password.as_deref(),
            )?),
            _ => None,
        };
        let settings = TlsSettings { own_roots, identity, built: PerFork::new() };
        if settings.identity.is_some() || settings.own_roots.is_some() {
            settings.config(sessions)?;
        }
        Ok(settings)
    }

    fn config(&self, sessions: &TlsSessions) -> Result<Arc<TlsConfig>> {
        let make = || match (&self.own_roots, &self.identity) {
            (None, None) => sessions.system(),
            (roots, identity) => build(
                sessions,
                roots.clone().unwrap_or_else(Roots::system),
                identity.as_ref().map(|(chain, key)| (chain.clone(), key.clone_key())),
            ),
        };
        self.built.get_or_try_init(make).cloned()
    }

    /// A session that has not yet spoken.
    pub fn start(&self, sessions: &TlsSessions, host: &str) -> Result<TlsSession> {
        let name = ServerName::try_from(host.to_string()).map_err(|_| {
            Error::new(ErrorKind::InvalidUrl, Phase::Tls, format!("host {host:?} is no TLS name"))
        })?;
        let connection = ClientConnection::new(self.config(sessions)?, name).map_err(|error| {
            Error::new(ErrorKind::TlsHandshakeFailed, Phase::Tls, format!("{host}: {error}"))
        })?;
        Ok(connection.into())
    }
}

fn identity(
    (cert_option, cert): (&str, &[u8]),
    (key_option, key): (&str, &[u8]),
    password: Option<&str>,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = certificates(cert_option, cert)?;
    Ok((chain, private_key(key_option, key, password)?))
}

/// A private key, decrypted if it has to be.
fn private_key(option: &str, pem: &[u8], password: Option<&str>) -> Result<PrivateKeyDer<'static>> {
    if let Ok(key) = PrivateKeyDer::from_pem_slice(pem) {
        return Ok(key);
    }
    let text = String::from_utf8_lossy(pem);
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(unusable(
            option,
            "is encrypted in OpenSSL's old form; `openssl pkcs8 -topk8` makes it PKCS #8, which \
             client_key_password opens",
        ));
    }
    let Some(at) = text.find(ENCRYPTED) else {
        return Err(unusable(option, "holds no private key (PKCS #8, PKCS #1 or SEC1 in PEM)"));
    };
    let Some(password) = password else {
        return Err(unusable(option, "is encrypted; client_key_password opens it"));
    };
    let end =
        text[at..].find(ENCRYPTED_END).map_or(text.len(), |end| at + end + ENCRYPTED_END.len());
    let (_, document) = SecretDocument::from_pem(&text[at..end])
        .map_err(|_| unusable(option, "is not well-formed PEM"))?;
    let encrypted = EncryptedPrivateKeyInfo::try_from(document.as_bytes())
        .map_err(|_| unusable(option, "is encrypted in a way that is not supported"))?;
    let key = encrypted.decrypt(password).map_err(|_| {
        unusable("client_key_password", "does not open the private key, or its cipher is unknown")
    })?;
    Ok(PrivateKeyDer::Pkcs8(key.as_bytes().to_vec().into()))
}

const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const ENCRYPTED_END: &str = "-----END ENCRYPTED PRIVATE KEY-----";

/// The error of a failed handshake: a refused certificate says which host and why.
pub(crate) fn handshake_error(peer: &str, error: &io::Error) -> Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(reason)) => Error::new(
            ErrorKind::CertificateRejected,
            Phase::Tls,
            format!("certificate of {peer} rejected: {}", describe(reason)),
        )
        .with_source(rustls::Error::InvalidCertificate(reason.clone())),
        Some(other) => Error::new(
            ErrorKind::TlsHandshakeFailed,
            Phase::Tls,
            format!("TLS handshake with {peer} failed: {other}"),
        )
        .with_source(other.clone()),
        None => Error::new(
            ErrorKind::TlsHandshakeFailed,
            Phase::Tls,
            format!("TLS handshake with {peer} failed: {error}"),
        )
        .with_os(error),
    }
}
