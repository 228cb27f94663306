//! What a handshake came to: told of every response that came over TLS.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustls::{CipherSuite, ClientConnection, HandshakeKind, ProtocolVersion};
use rustls_pki_types::CertificateDer;
use x509_cert::der::Decode;
use x509_cert::der::oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::net::trust::pins::pin_of;

/// How TLS was agreed on when the connection of a response was opened.
#[derive(Debug, Clone)]
pub struct TlsInfo {
    version: &'static str,
    cipher: &'static str,
    group: Option<&'static str>,
    alpn: Option<Box<str>>,
    resumed: bool,
    early: bool,
    chain: Vec<CertificateDer<'static>>,
}

impl TlsInfo {
    pub(crate) fn of(connection: &ClientConnection, early: bool) -> TlsInfo {
        let alpn = connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into());
        TlsInfo {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                _ => "",
            },
            cipher: connection.negotiated_cipher_suite().map_or("", |suite| name(suite.suite())),
            group: connection.negotiated_key_exchange_group().and_then(|one| one.name().as_str()),
            alpn,
            resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            early,
            chain: connection.peer_certificates().map(<[_]>::to_vec).unwrap_or_default(),
        }
    }

    /// `TLSv1.2` or `TLSv1.3`.
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// The cipher suite by its IANA name, such as `TLS_AES_128_GCM_SHA256`.
    pub fn cipher(&self) -> &'static str {
        self.cipher
    }

    /// The group of the key exchange, such as `X25519`; `None` when a session of TLS 1.2 was resumed,
    /// which exchanges no keys.
    pub fn group(&self) -> Option<&'static str> {
        self.group
    }

    /// The protocol that the server chose by ALPN; `None`: it chose none.
    pub fn alpn(&self) -> Option<&str> {
        self.alpn.as_deref()
    }

    /// Whether an earlier session was resumed. The certificates are then those of that session.
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// Whether the request travelled with the handshake and the server took it so (0-RTT, RFC 8446 2.3;
    /// option `tls_early_data`).
    pub fn early(&self) -> bool {
        self.early
    }

    /// For the requests that follow on the connection.
    pub(crate) fn later(self) -> TlsInfo {
        TlsInfo { early: false, ..self }
    }

    /// The certificates that the server sent, in DER, its own first.
    pub fn chain(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.chain.iter().map(|certificate| certificate.as_ref())
    }

    /// What one of them says, 0 being the server's own; `None` when it is malformed, as an unverified
    /// one may be.
    pub fn certificate(&self, index: usize) -> Option<Certificate> {
        Certificate::parse(self.chain.get(index)?)
    }
}

/// By its IANA name, which rustls has for those of TLS 1.2 alone.
fn name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or("unknown"),
    }
}

/// What a certificate says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Certificate {
    /// Whose it is (RFC 4514), such as `CN=example.com,O=Example`.
    pub subject: String,
    /// Who vouches for it, in the same form.
    pub issuer: String,
    /// The serial number in hexadecimal.
    pub serial: String,
    /// From when on it is valid, in seconds since 1970.
    pub not_before: i64,
    /// Until when.
    pub not_after: i64,
    /// The host names and IP addresses that it is for.
    pub names: Vec<String>,
    /// Its public key as option `tls_pins` takes it: `sha256//...`. Empty when that is malformed.
    pub pin: String,
}

impl Certificate {
    fn parse(der: &CertificateDer<'_>) -> Option<Certificate> {
        let parsed = x509_cert::Certificate::from_der(der).ok()?;
        let tbs = &parsed.tbs_certificate;
        let seconds = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        let mut serial = String::new();
        for byte in tbs.serial_number.as_bytes() {
            let _ = write!(serial, "{byte:02x}");
        }
        let mut names = Vec::new();
        for extension in tbs.extensions.iter().flatten() {
            if extension.extn_id == ID_CE_SUBJECT_ALT_NAME
                && let Ok(all) = SubjectAltName::from_der(extension.extn_value.as_bytes())
            {
                names.extend(all.0.iter().filter_map(host));
            }
        }
        Some(Certificate {
            subject: tbs.subject.to_string(),
            issuer: tbs.issuer.to_string(),
            serial,
            not_before: seconds(&tbs.validity.not_before),
            not_after: seconds(&tbs.validity.not_after),
            names,
            pin: pin_of(der).unwrap_or_default(),
        })
    }
}

fn host(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(|octets| Ipv4Addr::from(octets).into());
            let v6 = <[u8; 16]>::try_from(bytes).map(|octets| Ipv6Addr::from(octets).into());
            v4.or(v6).ok().map(|address: IpAddr| address.to_string())
        }
        _ => None,
    }
}
