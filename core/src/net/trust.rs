//! Whether a server's certificate is believed: webpki's rules, and one that it lacks. A certificate
//! that the user named as trusted is believed of the server that presents it, also when it is marked
//! as an authority, as `openssl req -x509` marks every certificate it makes.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_cert::der::Decode;
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::der::oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;

/// Trusted certificates.
#[derive(Clone)]
pub(super) struct Roots {
    pub store: RootCertStore,
    /// Those that were named one by one, not the system's many.
    named: Vec<CertificateDer<'static>>,
}

impl Roots {
    pub fn empty() -> Roots {
        Roots { store: RootCertStore::empty(), named: Vec::new() }
    }

    /// The operating system's store, or what SSL_CERT_FILE and SSL_CERT_DIR name; Mozilla's list
    /// when that is empty (a container without ca-certificates).
    pub fn system() -> Roots {
        let certificates = rustls_native_certs::load_native_certs().certs;
        let is_named = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
        let named = if is_named { certificates.clone() } else { Vec::new() };
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(certificates);
        if store.is_empty() {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        Roots { store, named }
    }

    pub fn add(&mut self, certificate: CertificateDer<'static>) -> Result<(), rustls::Error> {
        self.store.add(certificate.clone())?;
        self.named.push(certificate);
        Ok(())
    }

    pub fn verifier(
        self,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, String> {
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(self.store), provider)
            .build()
            .map_err(|error| error.to_string())?;
        if self.named.is_empty() {
            return Ok(webpki);
        }
        Ok(Arc::new(Verifier { webpki, named: self.named }))
    }
}

#[derive(Debug)]
struct Verifier {
    webpki: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let result = self.webpki.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match &result {
            Err(rustls::Error::InvalidCertificate(reason))
                if may_be_named(reason) && self.named.contains(end_entity) =>
            {
                verify_named(end_entity, server_name, now)
            }
            _ => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.webpki.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.webpki.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// What webpki says of an authority that is presented as a server's certificate, and of one without
/// subject alternative names, which `openssl req -x509` does not add by itself.
fn may_be_named(reason: &CertificateError) -> bool {
    match reason {
        CertificateError::Other(other) => {
            let error = other.0.downcast_ref::<webpki::Error>();
            matches!(error, Some(webpki::Error::CaUsedAsEndEntity))
        }
        CertificateError::NotValidForName => true,
        CertificateError::NotValidForNameContext { presented, .. } => presented.is_empty(),
        _ => false,
    }
}

/// The user vouches for the key; the dates and the name are still checked.
fn verify_named(
    certificate: &CertificateDer<'_>,
    server_name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, rustls::Error> {
    let broken = |_| rustls::Error::from(CertificateError::BadEncoding);
    let parsed = x509_cert::Certificate::from_der(certificate).map_err(broken)?;
    let validity = &parsed.tbs_certificate.validity;
    let seconds = |time: &x509_cert::time::Time| time.to_unix_duration().as_secs();
    if now.as_secs() < seconds(&validity.not_before) {
        return Err(CertificateError::NotValidYet.into());
    }
    if now.as_secs() > seconds(&validity.not_after) {
        return Err(CertificateError::Expired.into());
    }
    let verified =
        rustls::client::verify_server_name(&ParsedCertificate::try_from(certificate)?, server_name);
    if verified.is_err() && !has_common_name(&parsed, server_name) {
        verified?;
    }
    Ok(ServerCertVerified::assertion())
}

/// The common name counts where there are no alternative names (RFC 2818 3.1), as OpenSSL has it.
fn has_common_name(certificate: &x509_cert::Certificate, server_name: &ServerName<'_>) -> bool {
    let tbs = &certificate.tbs_certificate;
    let mut extensions = tbs.extensions.iter().flatten();
    if extensions.any(|extension| extension.extn_id == ID_CE_SUBJECT_ALT_NAME) {
        return false;
    }
    let name = server_name.to_str();
    let mut attributes = tbs.subject.0.iter().flat_map(|names| names.0.iter());
    attributes.any(|attribute| {
        attribute.oid == COMMON_NAME
            && attribute.value.value().eq_ignore_ascii_case(name.as_bytes())
    })
}

/// In words: rustls shows what it has no words for as its source code has it.
pub(super) fn describe(reason: &CertificateError) -> String {
    use CertificateError as Reason;
    let text = match reason {
        Reason::UnknownIssuer => "its issuer is not trusted",
        Reason::Expired | Reason::ExpiredContext { .. } => "it has expired",
        Reason::NotValidYet | Reason::NotValidYetContext { .. } => "it is not valid yet",
        Reason::NotValidForName => "it is not valid for this host name",
        Reason::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "it names no host (it has no subject alternative name)"
        }
        Reason::NotValidForNameContext { presented, .. } => {
            let bare = |name: &String| match name.split_once('(') {
                Some((_, name)) => name.trim_matches(['"', ')']).to_string(),
                None => name.clone(),
            };
            let names: Vec<String> = presented.iter().map(bare).collect();
            return format!("it is not valid for this host name, only for {}", names.join(", "));
        }
        Reason::BadEncoding => "it is malformed",
        Reason::Revoked => "it has been revoked",
        Reason::UnhandledCriticalExtension => "it has a critical extension that is not understood",
        Reason::UnknownRevocationStatus
        | Reason::ExpiredRevocationList
        | Reason::ExpiredRevocationListContext { .. } => "whether it was revoked is unknown",
        Reason::BadSignature => "its signature is wrong",
        Reason::UnsupportedSignatureAlgorithmContext { .. }
        | Reason::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed in a way that is not supported"
        }
        Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. } => {
            "it is not meant for servers"
        }
        Reason::ApplicationVerificationFailure => "it was refused",
        Reason::Other(other) => return of_webpki(other.0.downcast_ref::<webpki::Error>()).into(),
        _ => "it could not be verified",
    };
    text.to_string()
}

fn of_webpki(error: Option<&webpki::Error>) -> &'static str {
    use webpki::Error as Reason;
    match error {
        Some(Reason::CaUsedAsEndEntity) => {
            "it is an authority's own certificate; to trust it as this server's, give it as ca_file"
        }
        Some(Reason::EndEntityUsedAsCa) => "its issuer is no authority",
        Some(Reason::NameConstraintViolation) => "its authority may not vouch for this name",
        Some(Reason::PathLenConstraintViolated) => "its chain of authorities is too long",
        Some(Reason::UnsupportedCertVersion) => "it is no X.509 version 3 certificate",
        _ => "it could not be verified",
    }
}
