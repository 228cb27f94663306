//! Whether a server's certificate is believed: webpki's rules, one that it lacks (`named`), and what the
//! user asked for beside them.

mod named;
pub(super) mod pins;
mod words;

use std::fmt;
use std::sync::Arc;

use once_cell::race::OnceBox;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{
    CertificateError, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::guard::guarded;
use crate::net::trust::named::{may_be_named, verify_named};
use crate::net::trust::pins::Pins;
pub(super) use crate::net::trust::words::describe;
use crate::verify::{CertificateCheck, Presented};

/// What the host program adds to the system's authorities. A forked child has it too, and no lock of it
/// can be held at the fork.
static ADDED: OnceBox<Vec<CertificateDer<'static>>> = OnceBox::new();

/// Has the system's authorities and these trusted; later calls change nothing.
pub(super) fn add_to_system(authorities: Vec<CertificateDer<'static>>) {
    ADDED.get_or_init(|| Box::new(authorities));
}

/// Trusted certificates; clones share them until one gets more.
#[derive(Clone)]
pub(super) struct Roots {
    store: Arc<RootCertStore>,
    /// Those that were named one by one, not the system's many.
    named: Arc<Vec<CertificateDer<'static>>>,
}

impl Roots {
    pub fn empty() -> Roots {
        Roots { store: Arc::new(RootCertStore::empty()), named: Arc::default() }
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
        let mut roots = Roots { store: Arc::new(store), named: Arc::new(named) };
        for certificate in ADDED.get().into_iter().flatten() {
            // It was looked at when it was added.
            let _ = roots.add(certificate.clone());
        }
        roots
    }

    /// Whether it can be trusted at all: it is not malformed.
    pub fn takes(certificate: &CertificateDer<'_>) -> bool {
        webpki::anchor_from_trusted_cert(certificate).is_ok()
    }

    pub fn add(&mut self, certificate: CertificateDer<'static>) -> Result<(), TlsError> {
        Arc::make_mut(&mut self.store).add(certificate.clone())?;
        Arc::make_mut(&mut self.named).push(certificate);
        Ok(())
    }
}

/// What decides about a server's certificate, one after the other.
pub(super) struct Judge {
    /// `None`: whoever it is from, and whatever it says.
    pub roots: Option<Roots>,
    /// Whether it has to be for the host.
    pub host: bool,
    /// Whose word counts more.
    pub check: Option<Arc<dyn CertificateCheck>>,
    pub pins: Pins,
}

impl Judge {
    pub fn verifier(
        self,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, String> {
        let Judge { roots, host, check, pins } = self;
        let mut trust = None;
        if let Some(Roots { store, named }) = roots {
            let webpki = WebPkiServerVerifier::builder_with_provider(store, provider.clone())
                .build()
                .map_err(|error| error.to_string())?;
            if named.is_empty() && pins.is_empty() && host && check.is_none() {
                return Ok(webpki);
            }
            trust = Some(Trust { webpki, named, host });
        }
        Ok(Arc::new(Verifier { trust, check, pins, provider }))
    }
}

struct Trust {
    webpki: Arc<WebPkiServerVerifier>,
    named: Arc<Vec<CertificateDer<'static>>>,
    host: bool,
}

impl Trust {
    fn verify(
        &self,
        (end_entity, intermediates): (&CertificateDer<'_>, &[CertificateDer<'_>]),
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<(), TlsError> {
        let Trust { webpki, named, host } = self;
        let result =
            webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match result {
            // Names are looked at last: all else is well.
            Err(TlsError::InvalidCertificate(reason)) if !host && is_about_names(&reason) => Ok(()),
            Err(TlsError::InvalidCertificate(reason))
                if may_be_named(&reason) && named.contains(end_entity) =>
            {
                verify_named(end_entity, host.then_some(server_name), now)
            }
            result => result.map(drop),
        }
    }
}

fn is_about_names(reason: &CertificateError) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    matches!(reason, NotValidForName | NotValidForNameContext { .. })
}

struct Verifier {
    trust: Option<Trust>,
    check: Option<Arc<dyn CertificateCheck>>,
    pins: Pins,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    /// Whether the key in the certificate means something: a server must then prove that it has it.
    fn needs_proof(&self) -> bool {
        self.trust.is_some() || self.check.is_some() || !self.pins.is_empty()
    }
}

/// What the program says.
fn asked(
    check: &dyn CertificateCheck,
    (end_entity, intermediates): (&CertificateDer<'_>, &[CertificateDer<'_>]),
    server_name: &ServerName<'_>,
    verdict: &Result<(), TlsError>,
) -> Result<(), TlsError> {
    let rejected = verdict.as_ref().err().map(|error| match error {
        TlsError::InvalidCertificate(reason) => describe(reason),
        other => other.to_string(),
    });
    let chain = std::iter::once(end_entity).chain(intermediates);
    let chain: Vec<&[u8]> = chain.map(|certificate| certificate.as_ref()).collect();
    let host = &*server_name.to_str();
    let presented = Presented { host, chain: &chain, rejected: rejected.as_deref() };
    let accepted = guarded(|| check.accepts(&presented)) == Some(true);
    match accepted {
        true => Ok(()),
        false => Err(CertificateError::ApplicationVerificationFailure.into()),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let chain = (end_entity, intermediates);
        let mut verdict = match &self.trust {
            Some(trust) => trust.verify(chain, server_name, ocsp_response, now),
            None => Ok(()),
        };
        if let Some(check) = &self.check {
            verdict = asked(&**check, chain, server_name, &verdict);
        }
        verdict?;
        self.pins.check(end_entity)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        if !self.needs_proof() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        if !self.needs_proof() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
