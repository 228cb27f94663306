//! Certificates that the user named one by one: they are believed of the server that presents them,
//! also when they are marked as authorities, as `openssl req -x509` marks every one it makes.

use rustls::CertificateError;
use rustls::server::ParsedCertificate;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_cert::der::Decode;
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::der::oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;

/// What webpki says of an authority that is presented as a server's certificate, and of one without
/// subject alternative names, which `openssl req -x509` does not add by itself.
pub(super) fn may_be_named(reason: &CertificateError) -> bool {
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

/// The user vouches for the key; the dates and the name, if it matters, are still checked.
pub(super) fn verify_named(
    certificate: &CertificateDer<'_>,
    server_name: Option<&ServerName<'_>>,
    now: UnixTime,
) -> Result<(), rustls::Error> {
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
    let Some(name) = server_name else { return Ok(()) };
    let verified =
        rustls::client::verify_server_name(&ParsedCertificate::try_from(certificate)?, name);
    match verified {
        Err(_) if has_common_name(&parsed, name) => Ok(()),
        verified => verified,
    }
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
