//! Chains of certificates, right ones and wrong ones, each shown for a host of its own, and whether a
//! client that trusts the CA has to believe it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, CustomExtension, DnType,
    ExtendedKeyUsagePurpose as Purpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde::Serialize;

use crate::StartError;

/// One chain and its verdict.
#[derive(Clone, Debug, Serialize)]
pub struct CertificateCase {
    /// What it is about.
    pub name: &'static str,
    /// Whom the client takes the server for.
    pub host: String,
    /// `https://host:port/ok`.
    pub url: String,
    /// Whether it is to be believed.
    pub accepted: bool,
    /// The certificates, the server's own first.
    #[serde(skip)]
    pub chain: Vec<CertificateDer<'static>>,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

/// The cases, and what serves them.
pub(crate) struct Made {
    pub cases: Vec<CertificateCase>,
    pub config: Arc<ServerConfig>,
}

/// All hosts are below it, but for the one that is an address.
const DOMAIN: &str = "case.test";

struct Maker<'a> {
    ca: &'a Authority,
    key: &'a KeyPair,
    cases: Vec<CertificateCase>,
}

impl Maker<'_> {
    fn add(&mut self, name: &'static str, host: &str, accepted: bool, chain: &[&Certificate]) {
        let chain = chain.iter().map(|certificate| certificate.der().clone()).collect();
        let url = String::new();
        self.cases.push(CertificateCase { name, host: host.into(), url, accepted, chain });
    }

    /// A server's certificate for `name`, as `change` has it.
    fn leaf(
        &self,
        issuer: &Issuer<'_, KeyPair>,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<Certificate, rcgen::Error> {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, "a case");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![Purpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        params.signed_by(self.key, issuer)
    }

    /// A case of one certificate by the CA itself.
    fn direct(
        &mut self,
        name: &'static str,
        of: &str,
        accepted: bool,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<(), rcgen::Error> {
        let leaf = self.leaf(self.ca, of, change)?;
        self.add(name, &format!("{name}.{DOMAIN}"), accepted, &[&leaf]);
        Ok(())
    }

    /// An authority that `issuer` vouches for.
    fn authority(
        &self,
        name: &str,
        issuer: &Issuer<'_, KeyPair>,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<Authority, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        CertifiedIssuer::signed_by(params, KeyPair::generate()?, issuer)
    }

    /// A case of a certificate by an authority below the CA.
    fn below(
        &mut self,
        name: &'static str,
        accepted: bool,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<(), rcgen::Error> {
        let authority = self.authority(name, self.ca, change)?;
        let host = format!("{name}.{DOMAIN}");
        let leaf = self.leaf(&authority, &host, |_| {})?;
        self.add(name, &host, accepted, &[&leaf, authority.as_ref()]);
        Ok(())
    }
}

pub(crate) fn make(ca: &Authority) -> Result<Made, StartError> {
    let key = KeyPair::generate()?;
    let mut made = Maker { ca, key: &key, cases: Vec::new() };
    names(&mut made)?;
    uses(&mut made)?;
    chains(&mut made)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = ring::sign::any_supported_type(&key)?;
    let certified = |case: &CertificateCase| {
        let certified = CertifiedKey::new(case.chain.clone(), key.clone());
        (case.host.clone(), Arc::new(certified))
    };
    let by_host = ByHost(made.cases.iter().map(certified).collect());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(by_host));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Made { cases: made.cases, config: Arc::new(config) })
}

/// For whom a certificate is.
fn names(made: &mut Maker<'_>) -> Result<(), rcgen::Error> {
    let same = |_: &mut CertificateParams| {};
    made.direct("exact", "exact.case.test", true, same)?;
    made.direct("another", "other.case.test", false, same)?;
    made.direct("upper-case", "UPPER-CASE.Case.Test", true, same)?;
    made.direct("suffix", "uffix.case.test", false, same)?;
    made.direct("parent", "case.test", false, same)?;
    made.direct("wildcard", "*.case.test", true, same)?;
    made.direct("wildcard-of-parts", "wildcard-of-*.case.test", false, same)?;
    made.direct("wildcard-at-the-top", "*.test", false, same)?;
    made.direct("wildcard-of-itself", "*.wildcard-of-itself.case.test", false, same)?;
    made.direct("address-alone", "127.0.0.1", false, same)?;
    made.direct("common-name-alone", "x", false, |params| {
        params.subject_alt_names.clear();
        params.distinguished_name.push(DnType::CommonName, "common-name-alone.case.test");
    })?;
    let leaf = made.leaf(made.ca, "*.case.test", same)?;
    made.add("wildcard of two labels", "a.b.case.test", false, &[&leaf]);
    let leaf = made.leaf(made.ca, "127.0.0.1", same)?;
    made.add("address", "127.0.0.1", true, &[&leaf]);
    Ok(())
}

/// When and for what it is.
fn uses(made: &mut Maker<'_>) -> Result<(), rcgen::Error> {
    made.direct("expired", "expired.case.test", false, |params| {
        params.not_after = date_time_ymd(2001, 1, 1);
    })?;
    made.direct("not-yet", "not-yet.case.test", false, |params| {
        params.not_before = date_time_ymd(2090, 1, 1);
    })?;
    made.direct("for-clients", "for-clients.case.test", false, |params| {
        params.extended_key_usages = vec![Purpose::ClientAuth];
    })?;
    made.direct("for-both", "for-both.case.test", true, |params| {
        params.extended_key_usages = vec![Purpose::ClientAuth, Purpose::ServerAuth];
    })?;
    made.direct("for-anything", "for-anything.case.test", true, |params| {
        params.extended_key_usages.clear();
        params.key_usages.clear();
    })?;
    made.direct("key-encipherment", "key-encipherment.case.test", true, |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    })?;
    made.direct("is-authority", "is-authority.case.test", false, |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    })?;
    for (name, of, critical) in [
        ("unknown-extension", "unknown-extension.case.test", false),
        ("unknown-critical", "unknown-critical.case.test", true),
    ] {
        made.direct(name, of, !critical, |params| {
            let mut own =
                CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
            own.set_criticality(critical);
            params.custom_extensions = vec![own];
        })?;
    }
    Ok(())
}

/// Who vouches for it.
fn chains(made: &mut Maker<'_>) -> Result<(), rcgen::Error> {
    made.below("below", true, |_| {})?;
    made.below("below-expired", false, |params| params.not_after = date_time_ymd(2001, 1, 1))?;
    made.below("below-no-authority", false, |params| params.is_ca = IsCa::ExplicitNoCa)?;
    made.below("below-for-clients", false, |params| {
        params.extended_key_usages = vec![Purpose::ClientAuth];
    })?;
    let subtree = |name: &str| vec![GeneralSubtree::DnsName(name.to_owned())];
    let constraints = |permitted: &[&str], excluded: &[&str]| {
        let all = |names: &[&str]| names.iter().flat_map(|name| subtree(name)).collect();
        Some(NameConstraints {
            permitted_subtrees: all(permitted),
            excluded_subtrees: all(excluded),
        })
    };
    for (name, accepted, permitted, excluded) in [
        ("permitted", true, &["case.test"][..], &[][..]),
        ("not-permitted", false, &["other.test"], &[]),
        ("excluded", false, &[], &["case.test"]),
        ("not-excluded", true, &[], &["other.test"]),
        ("permitted-but-excluded", false, &["test"], &["case.test"]),
    ] {
        made.below(name, accepted, |params| {
            params.name_constraints = constraints(permitted, excluded)
        })?;
    }

    let first = made.authority("first", made.ca, |_| {})?;
    let second = made.authority("second", &first, |_| {})?;
    let (first_cert, second_cert) = (first.as_ref(), second.as_ref());
    let same = |_: &mut CertificateParams| {};
    let leaf = made.leaf(&second, "*.case.test", same)?;
    let host = |name: &str| format!("{name}.{DOMAIN}");
    made.add("two-below", &host("two-below"), true, &[&leaf, second_cert, first_cert]);
    made.add("out-of-order", &host("out-of-order"), true, &[&leaf, first_cert, second_cert]);
    made.add("without-first", &host("without-first"), false, &[&leaf, second_cert]);
    made.add("without-any", &host("without-any"), false, &[&leaf]);
    let stranger = made.authority("stranger", made.ca, |_| {})?;
    let chain = [&leaf, stranger.as_ref(), second_cert, first_cert, made.ca.as_ref()];
    made.add("with-others", &host("with-others"), true, &chain);
    let limited = made.authority("limited", made.ca, |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    })?;
    let beyond = made.authority("beyond", &limited, |_| {})?;
    let leaf = made.leaf(&beyond, "too-long.case.test", same)?;
    made.add("too-long", &host("too-long"), false, &[&leaf, beyond.as_ref(), limited.as_ref()]);
    let mut params = CertificateParams::new(vec![host("self-signed")])?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let own = params.self_signed(made.key)?;
    made.add("self-signed", &host("self-signed"), false, &[&own]);
    Ok(())
}

/// The chain of the host that is asked for; that of the address for those who name none.
struct ByHost(HashMap<String, Arc<CertifiedKey>>);

impl fmt::Debug for ByHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByHost").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for ByHost {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.get(hello.server_name().unwrap_or("127.0.0.1")).cloned()
    }
}
