//! The TLS settings of a client, and what the sessions of a process share.

mod identity;
pub(crate) mod info;
mod key_log;
pub(crate) mod session;
mod source;
mod versions;

use std::io;
use std::sync::Arc;

use once_cell::sync::OnceCell;
use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig as TlsConfig, ClientConnection, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, ServerName};

use crate::config::ClientConfig;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::fork::PerFork;
use crate::net::tls::identity::identity;
use crate::net::tls::key_log::KeyLogFile;

use crate::net::tls::session::TlsSession;
use crate::net::tls::source::Source;
use crate::net::tls::versions::versions;
use crate::net::trust::pins::Pins;
use crate::net::trust::{self, Judge, Roots, describe};
use crate::verify::CertificateCheck;

/// The TLS settings of a client. The system's trust store is read at the first use of `https`.
pub(crate) struct TlsSettings {
    /// Asked for and verified instead of the host.
    server_name: Option<ServerName<'static>>,
    /// `None`: as the process has them.
    own: Option<Own>,
    /// A child makes its own: the session cache in it may be locked at the fork.
    built: PerFork<Arc<TlsConfig>>,
    /// Where proxies are to be another matter.
    proxies: Option<Box<TlsSettings>>,
}

/// Where a client differs from the defaults.
#[derive(Clone)]
struct Own {
    trust: Trust,
    /// Whether a certificate has to be for the host.
    host: bool,
    check: Option<Arc<dyn CertificateCheck>>,
    pins: Pins,
    versions: Vec<&'static SupportedProtocolVersion>,
    identity: Option<Arc<SingleCertAndKey>>,
    key_log: Option<Arc<KeyLogFile>>,
    early: bool,
}

/// Whom a client believes.
#[derive(Clone)]
enum Trust {
    /// The system's authorities and these.
    System(Vec<CertificateDer<'static>>),
    /// These alone.
    Only(Roots),
    Everybody,
}

/// What the clients of a process share. Those with settings of their own have sessions of their own
/// too: one that was got under other trust, or without any, is never resumed.
#[derive(Default)]
pub(crate) struct TlsSessions {
    provider: OnceCell<Arc<CryptoProvider>>,
    roots: OnceCell<Roots>,
    /// The settings of every client that has none of its own.
    system: OnceCell<Arc<TlsConfig>>,
}

/// Servers whose sessions are remembered, for each client with settings of its own.
const REMEMBERED: usize = 256;

impl TlsSessions {
    fn provider(&self) -> Arc<CryptoProvider> {
        #[cfg(feature = "aws-lc")]
        let make = rustls::crypto::aws_lc_rs::default_provider;
        #[cfg(not(feature = "aws-lc"))]
        let make = rustls::crypto::ring::default_provider;
        self.provider.get_or_init(|| Arc::new(make())).clone()
    }

    fn roots(&self) -> &Roots {
        self.roots.get_or_init(Roots::system)
    }

    fn system(&self) -> Result<Arc<TlsConfig>> {
        self.system.get_or_try_init(|| Own::default().build(self)).cloned()
    }
}

impl Default for Own {
    fn default() -> Own {
        Own {
            trust: Trust::System(Vec::new()),
            host: true,
            check: None,
            pins: Pins::default(),
            versions: rustls::DEFAULT_VERSIONS.to_vec(),
            identity: None,
            key_log: None,
            early: false,
        }
    }
}

impl Own {
    /// Reads and checks what the options name; `None` when they say nothing.
    fn of(config: &ClientConfig, sessions: &TlsSessions) -> Result<Option<Own>> {
        let own = Own {
            trust: Trust::of(config)?,
            host: config.tls_verify_host,
            check: config.certificate_check.clone(),
            pins: config.tls_pins.as_deref().map_or(Ok(Pins::default()), Pins::parse)?,
            versions: versions(
                config.tls_min_version.as_deref(),
                config.tls_max_version.as_deref(),
            )?,
            identity: identity(config, &sessions.provider())?,
            key_log: config.keylog_file.as_deref().map(KeyLogFile::open).transpose()?.map(Arc::new),
            early: config.tls_early_data,
        };
        let usual = matches!(&own.trust, Trust::System(more) if more.is_empty())
            && own.host
            && own.check.is_none()
            && own.pins.is_empty()
            && own.versions.len() == rustls::DEFAULT_VERSIONS.len()
            && own.identity.is_none()
            && own.key_log.is_none()
            && !own.early;
        Ok((!usual).then_some(own))
    }

    fn build(&self, sessions: &TlsSessions) -> Result<Arc<TlsConfig>> {
        let internal = |error: String| {
            Error::new(ErrorKind::Internal, Phase::Tls, format!("TLS settings: {error}"))
        };
        let provider = sessions.provider();
        let roots = match &self.trust {
            Trust::Everybody => None,
            Trust::Only(roots) => Some(roots.clone()),
            Trust::System(more) => {
                let mut roots = sessions.roots().clone();
                for certificate in more {
                    roots.add(certificate.clone()).map_err(|error| internal(error.to_string()))?;
                }
                Some(roots)
            }
        };
        let judge =
            Judge { roots, host: self.host, check: self.check.clone(), pins: self.pins.clone() };
        let builder = TlsConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&self.versions)
            .map_err(|error| internal(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(judge.verifier(provider).map_err(internal)?);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => builder.with_client_cert_resolver(identity.clone()),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::store(Arc::new(ClientSessionMemoryCache::new(REMEMBERED)));
        config.enable_early_data = self.early;
        if let Some(key_log) = &self.key_log {
            config.key_log = key_log.clone();
        }
        Ok(Arc::new(config))
    }
}

impl Trust {
    fn of(config: &ClientConfig) -> Result<Trust> {
        let mut named = Vec::new();
        if let Some(path) = &config.ca_file {
            named.extend(authorities(&Source::file("ca_file", path)?)?);
        }
        if let Some(path) = &config.ca_dir {
            named.extend(source::directory("ca_dir", path)?);
        }
        if let Some(pem) = &config.ca_pem {
            named.extend(authorities(&Source::held("ca_pem", pem))?);
        }
        if config.ca_only && named.is_empty() {
            return Err(Error::argument("option ca_only: needs ca_file, ca_dir or ca_pem"));
        }
        if !config.tls_verify {
            return Ok(Trust::Everybody);
        }
        if !config.ca_only {
            return Ok(Trust::System(named));
        }
        let mut roots = Roots::empty();
        for certificate in named {
            roots.add(certificate).map_err(|_| {
                Error::new(ErrorKind::Internal, Phase::Tls, "a certificate was good and is not")
            })?;
        }
        Ok(Trust::Only(roots))
    }
}

/// Trusts further authorities wherever the system's are trusted, in the whole process. For hosts that have
/// a way of their own to name them, such as `NODE_EXTRA_CA_CERTS`; to be called before the first client
/// speaks TLS, later calls change nothing. Any thread.
///
/// # Errors
/// `InvalidArgument` when `pem` holds no certificate in PEM, or a malformed one; the message names
/// `origin`, where they are from.
pub fn add_authorities(origin: &'static str, pem: &[u8]) -> Result<()> {
    trust::add_to_system(authorities(&Source::held(origin, pem))?);
    Ok(())
}

/// The certificates of an option, each good enough to be trusted.
fn authorities(source: &Source<'_>) -> Result<Vec<CertificateDer<'static>>> {
    let list = source.certificates()?;
    match list.iter().all(Roots::takes) {
        true => Ok(list),
        false => Err(source.unusable("holds a malformed certificate")),
    }
}

impl TlsSettings {
    /// Reads and checks the files that are named; the error names the option.
    pub fn new(config: &ClientConfig, sessions: &TlsSessions) -> Result<TlsSettings> {
        let named = |name: &String| {
            ServerName::try_from(name.clone()).map_err(|_| {
                Error::argument(format!(
                    "option tls_server_name: {name:?} is no host name and no IP address"
                ))
            })
        };
        let server_name = config.tls_server_name.as_ref().map(named).transpose()?;
        let own = Own::of(config, sessions)?;
        let is_servers = server_name.is_some() || config.tls_pins.is_some();
        let proxies = is_servers.then(|| {
            let own = own.clone().map(|own| Own { pins: Pins::default(), ..own });
            Box::new(TlsSettings { server_name: None, own, built: PerFork::new(), proxies: None })
        });
        Ok(TlsSettings { server_name, own, built: PerFork::new(), proxies })
    }

    /// Those for proxies on the way: the name and the keys that were given are the server's.
    pub fn of_proxies(&self) -> &TlsSettings {
        self.proxies.as_deref().unwrap_or(self)
    }

    fn config(&self, sessions: &TlsSessions) -> Result<Arc<TlsConfig>> {
        let make = || match &self.own {
            None => sessions.system(),
            Some(own) => own.build(sessions),
        };
        self.built.get_or_try_init(make).cloned()
    }

    /// A session that has not yet spoken.
    pub fn start(&self, sessions: &TlsSessions, host: &str) -> Result<TlsSession> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.to_string()).map_err(|_| {
                let text = format!("host {host:?} is no TLS name");
                Error::new(ErrorKind::InvalidUrl, Phase::Tls, text)
            })?,
        };
        let connection = ClientConnection::new(self.config(sessions)?, name).map_err(|error| {
            Error::new(ErrorKind::TlsHandshakeFailed, Phase::Tls, format!("{host}: {error}"))
        })?;
        Ok(connection.into())
    }
}

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
