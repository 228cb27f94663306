//! Why a certificate was rejected, for people.

use rustls::{CertificateError, OtherError};

use crate::net::trust::pins::PinMismatch;

/// In words: rustls shows what it has no words for as its source code has it.
pub(in crate::net) fn describe(reason: &CertificateError) -> String {
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
        Reason::BadSignature => "the trusted authority of its issuer's name has not signed it",
        Reason::UnsupportedSignatureAlgorithmContext { .. }
        | Reason::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed in a way that is not supported"
        }
        Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. } => {
            "it is not meant for servers"
        }
        Reason::ApplicationVerificationFailure => "the program's own check refused it",
        Reason::Other(other) => return of_other(other),
        _ => "it could not be verified",
    };
    text.to_string()
}

fn of_other(other: &OtherError) -> String {
    match other.0.downcast_ref::<PinMismatch>() {
        Some(mismatch) => mismatch.to_string(),
        None => of_webpki(other.0.downcast_ref::<webpki::Error>()).to_string(),
    }
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
        Some(Reason::UnsupportedCriticalExtension) => {
            "it has a critical extension that is not understood"
        }
        Some(Reason::UnsupportedCertVersion) => "it is no X.509 version 3 certificate",
        _ => "it could not be verified",
    }
}
