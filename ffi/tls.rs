//! What is told of the TLS under a response.

use std::sync::{Arc, OnceLock};

use keepalive_core::{Certificate, Error, Result, TlsInfo};

use crate::response::ka_response;
use crate::sized;
use crate::slice::{ka_bytes, ka_str};
use crate::status::{ka_error, ka_status};

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
struct Parsed {
    certificate: Certificate,
    names: String,
}

/// What ka_response_certificate gave out views of.
#[derive(Default)]
pub(crate) struct Chain(OnceLock<Vec<Option<Parsed>>>);

impl Chain {
    fn at(&self, tls: &TlsInfo, index: usize) -> Option<&Parsed> {
        let parse = |index| {
            let certificate = tls.certificate(index)?;
            let names = certificate.names.join(",");
            Some(Parsed { certificate, names })
        };
        let all = self.0.get_or_init(|| (0..tls.chain().len()).map(parse).collect());
        all.get(index)?.as_ref()
    }
}

/// Writes how TLS was agreed on for the connection that a response came over. `size` is
/// sizeof(ka_tls_info).
/// Ownership: the struct stays the caller's; the views in it are valid until ka_response_free.
/// Threads: one at a time for one response.
/// Errors: KA_INVALID_STATE when the response came without TLS; KA_INVALID_ARGUMENT for NULL or an
/// impossible size.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_tls(
    response: *const ka_response,
    tls: *mut ka_tls_info,
    size: usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let info = of(borrow!(response))?;
        let text = |text: Option<&str>| ka_str::new(text.unwrap_or_default().as_bytes());
        let told = ka_tls_info {
            size: size_of::<ka_tls_info>(),
            version: text(Some(info.version())),
            cipher: text(Some(info.cipher())),
            group: text(info.group()),
            alpn: text(info.alpn()),
            resumed: info.resumed().into(),
            early: info.early().into(),
            certificate_count: info.chain().len() as u64,
        };
        // SAFETY: by the header's contract `tls` is NULL or has room for `size` bytes.
        unsafe { sized::write(tls, size, &told, "tls") }
    })
}

/// Writes what one of the certificates says that the server sent: 0 is its own, others vouch for it.
/// `size` is sizeof(ka_certificate).
/// Ownership: the struct stays the caller's; the views in it are valid until ka_response_free.
/// Threads: one at a time for one response.
/// Errors: KA_INVALID_STATE when the response came without TLS; KA_INVALID_ARGUMENT for NULL, an
/// impossible size, or an `index` that is not below `certificate_count` of ka_tls_info.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_certificate(
    response: *const ka_response,
    index: usize,
    certificate: *mut ka_certificate,
    size: usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let response = borrow!(response);
        let tls = of(response)?;
        let der = tls
            .chain()
            .nth(index)
            .ok_or_else(|| Error::argument(format!("index: there is no certificate {index}")))?;
        let parsed = response.chain.at(tls, index);
        let text =
            |of: fn(&Parsed) -> &str| ka_str::new(parsed.map(of).unwrap_or_default().as_bytes());
        let told = ka_certificate {
            size: size_of::<ka_certificate>(),
            der: ka_bytes::new(der),
            subject: text(|parsed| &parsed.certificate.subject),
            issuer: text(|parsed| &parsed.certificate.issuer),
            serial: text(|parsed| &parsed.certificate.serial),
            names: text(|parsed| &parsed.names),
            pin: text(|parsed| &parsed.certificate.pin),
            not_before: parsed.map_or(0, |parsed| parsed.certificate.not_before),
            not_after: parsed.map_or(0, |parsed| parsed.certificate.not_after),
        };
        // SAFETY: by the header's contract `certificate` is NULL or has room for `size` bytes.
        unsafe { sized::write(certificate, size, &told, "certificate") }
    })
}

fn of(response: &ka_response) -> Result<&Arc<TlsInfo>> {
    response.response.tls().ok_or_else(|| Error::state("the response came without TLS"))
}
