//! What is told of TLS: how it was agreed on, and what certificates say.

use std::sync::OnceLock;

use keepalive_core::{Certificate, TlsInfo};

use crate::slice::{ka_bytes, ka_str};

/// How TLS was agreed on when the connection of a response was opened: ka_response_tls.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_tls_info {
    /// The number of bytes of this struct that the running library knows.
    pub size: usize,
    /// "TLSv1.2" or "TLSv1.3"; static.
    pub version: ka_str,
    /// The cipher suite by its IANA name, such as "TLS_AES_128_GCM_SHA256"; static.
    pub cipher: ka_str,
    /// The group of the key exchange, such as "X25519"; static. Empty when a session of TLS 1.2 was
    /// resumed, which exchanges no keys.
    pub group: ka_str,
    /// The protocol that the server chose by ALPN; empty: it chose none.
    pub alpn: ka_str,
    /// Whether an earlier session was resumed; the certificates are then those of that session. 0: no,
    /// 1: yes.
    pub resumed: u64,
    /// Whether the request travelled with the handshake (0-RTT): always 0 in this version.
    pub early: u64,
    /// How many certificates the server sent: ka_response_certificate.
    pub certificate_count: u64,
}

/// A certificate of a server: ka_response_certificate. Of a malformed one, as an unverified server may
/// send, all but `der` is empty.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_certificate {
    /// The number of bytes of this struct that the running library knows.
    pub size: usize,
    /// All of it, in DER.
    pub der: ka_bytes,
    /// Whose it is (RFC 4514), such as "CN=example.com,O=Example".
    pub subject: ka_str,
    /// Who vouches for it, in the same form.
    pub issuer: ka_str,
    /// The serial number in hexadecimal.
    pub serial: ka_str,
    /// The host names and IP addresses that it is for, separated by commas.
    pub names: ka_str,
    /// Its public key as option `tls_pins` takes it: "sha256//...".
    pub pin: ka_str,
    /// From when on it is valid, in seconds since 1970.
    pub not_before: i64,
    /// Until when.
    pub not_after: i64,
}

/// A certificate taken apart, for views of it.
pub(crate) struct Parsed {
    pub(crate) certificate: Certificate,
    pub(crate) names: String,
}

/// What ka_response_certificate gave out views of.
#[derive(Default)]
pub(crate) struct Chain(OnceLock<Vec<Option<Parsed>>>);

impl Chain {
    pub(crate) fn at(&self, tls: &TlsInfo, index: usize) -> Option<&Parsed> {
        let parse = |index| {
            let certificate = tls.certificate(index)?;
            let names = certificate.names.join(",");
            Some(Parsed { certificate, names })
        };
        let all = self.0.get_or_init(|| (0..tls.chain().len()).map(parse).collect());
        all.get(index)?.as_ref()
    }
}
