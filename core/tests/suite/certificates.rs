//! Which certificates are believed: what webpki says of each, and nothing more or less.

use std::sync::Arc;

use crate::common::*;
use keepalive_core::*;
use keepalive_origin::{CertificateCase, Origin};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{RootCertStore, crypto};

/// What webpki alone says.
fn believes(verifier: &WebPkiServerVerifier, case: &CertificateCase) -> bool {
    let (own, others) = case.chain.split_first().expect("a certificate");
    let host = ServerName::try_from(case.host.as_str()).expect("a name");
    verifier.verify_server_cert(own, others, &host, &[], UnixTime::now()).is_ok()
}

fn resolving(origin: &Origin, change: impl FnOnce(&mut ClientConfig)) -> Client {
    trusting(origin, |config| {
        let entry = |case: &CertificateCase| {
            let port = case.url.rsplit_once(':')?.1.strip_suffix("/ok")?;
            Some(format!("{}:{port}:127.0.0.1", case.host))
        };
        let entries: Vec<String> = origin.certificate_cases().iter().filter_map(entry).collect();
        config.resolve = Some(entries.join(" "));
        change(config);
    })
}

#[test]
fn what_webpki_says_is_what_is_done() {
    let origin = origin();
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(origin.ca_pem().as_bytes()).expect("a certificate");
    roots.add(ca).expect("an authority");
    let provider = Arc::new(crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .expect("a verifier");
    // An authority of their own, and a check that agrees.
    let plain = resolving(&origin, |config| config.ca_only = true);
    let around = resolving(&origin, |config| config.certificate_check = Some(Arc::new(AsItIs)));
    let unverified = resolving(&origin, |config| config.tls_verify = false);
    let cases = origin.certificate_cases();
    assert!(cases.len() > 30);
    let mut wrong = Vec::new();
    for case in cases {
        let CertificateCase { name, url, accepted, .. } = case;
        if believes(&verifier, case) != *accepted {
            wrong.push(format!("{name}: webpki says {}", !accepted));
        }
        for client in [&plain, &around] {
            match try_get(client, url) {
                Ok(_) if *accepted => {}
                Ok(_) => wrong.push(format!("{name}: believed")),
                Err(error) if error.kind() == ErrorKind::CertificateRejected && !accepted => {
                    if ["could not", "Other", "{"].iter().any(|no| error.message().contains(no)) {
                        wrong.push(format!("{name}: {error}"));
                    }
                }
                Err(error) => wrong.push(format!("{name}: {error}")),
            }
        }
        if let Err(error) = try_get(&unverified, url) {
            wrong.push(format!("{name} without verification: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Says what the options come to.
struct AsItIs;

impl CertificateCheck for AsItIs {
    fn accepts(&self, presented: &Presented<'_>) -> bool {
        presented.rejected.is_none()
    }
}
