//! TLS for servers of the tests' own, with the origin's certificate.

use std::sync::Arc;

use keepalive_origin::Origin;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a server for `localhost` and `127.0.0.1` needs; clients trust it as they do the origin.
pub fn config(origin: &Origin, change: impl FnOnce(&mut ServerConfig)) -> Arc<ServerConfig> {
    config_of(origin, rustls::crypto::ring::default_provider(), change)
}

/// What such a server needs to speak TLS by `provider`.
pub fn config_of(
    origin: &Origin,
    provider: CryptoProvider,
    change: impl FnOnce(&mut ServerConfig),
) -> Arc<ServerConfig> {
    let files = origin.endpoints();
    let chain = CertificateDer::pem_file_iter(&files.server_cert_file).expect("a file");
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_file(&files.server_key_file).expect("a key");
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("they fit");
    change(&mut config);
    Arc::new(config)
}
