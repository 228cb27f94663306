//! Makes the certificates of one origin: its CA, a leaf for each TLS port, a client certificate.

use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, crypto::ring, version};

use crate::{StartError, certificate_cases};

/// One server configuration for each TLS port.
pub(crate) struct ServerConfigs {
    pub normal: Arc<ServerConfig>,
    pub tls12: Arc<ServerConfig>,
    pub mtls: Arc<ServerConfig>,
    pub wrong_host: Arc<ServerConfig>,
    pub expired: Arc<ServerConfig>,
    pub untrusted: Arc<ServerConfig>,
}

/// Everything `make` produced.
pub(crate) struct Certificates {
    pub ca_pem: String,
    pub configs: ServerConfigs,
    pub cases: certificate_cases::Made,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// Makes all certificates and writes those of the CA, a client and a server into `dir`.
pub(crate) fn make(dir: &Path) -> Result<Certificates, StartError> {
    let ca = authority("keepalive-origin test CA")?;
    let other_ca = authority("keepalive-origin unknown CA")?;
    let key = KeyPair::generate()?;
    let local = ["localhost", "127.0.0.1", "::1"];
    let good = leaf(&ca, &key, &local, false)?;
    std::fs::write(dir.join("server.pem"), good.pem())?;
    std::fs::write(dir.join("server.key"), key.serialize_pem())?;

    let client_key = KeyPair::generate()?;
    let mut client = params(&[], "keepalive client")?;
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client = client.signed_by(&client_key, &ca)?;
    std::fs::write(dir.join("ca.pem"), ca.pem())?;
    std::fs::write(dir.join("client.pem"), client.pem())?;
    std::fs::write(dir.join("client.key"), client_key.serialize_pem())?;

    let plain = |leaf| config(leaf, &key, None, rustls::DEFAULT_VERSIONS);
    let configs = ServerConfigs {
        normal: plain(&good)?,
        tls12: config(&good, &key, None, &[&version::TLS12])?,
        mtls: config(&good, &key, Some(&ca), rustls::DEFAULT_VERSIONS)?,
        wrong_host: plain(&leaf(&ca, &key, &["other.invalid"], false)?)?,
        expired: plain(&leaf(&ca, &key, &local, true)?)?,
        untrusted: plain(&leaf(&other_ca, &key, &local, false)?)?,
    };
    Ok(Certificates { ca_pem: ca.pem(), configs, cases: certificate_cases::make(&ca)? })
}

fn params(names: &[&str], common_name: &str) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn authority(name: &str) -> Result<Issuer, rcgen::Error> {
    let mut params = params(&[], name)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn leaf(
    issuer: &Issuer,
    key: &KeyPair,
    names: &[&str],
    expired: bool,
) -> Result<Certificate, rcgen::Error> {
    let mut params = params(names, names[0])?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if expired {
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
    }
    params.signed_by(key, issuer)
}

/// `client_ca`: require a client certificate signed by it.
fn config(
    leaf: &Certificate,
    key: &KeyPair,
    client_ca: Option<&Issuer>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Result<Arc<ServerConfig>, StartError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone());
    let builder = builder.with_protocol_versions(versions)?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            roots.add(ca.der().clone())?;
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = builder.with_single_cert(vec![leaf.der().clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
