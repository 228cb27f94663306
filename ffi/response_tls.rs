//! What a response tells of the TLS that it came over.

use std::sync::Arc;

use keepalive_core::{Error, Result, TlsInfo};

use crate::response::ka_response;
use crate::sized;
use crate::slice::{ka_bytes, ka_str};
use crate::status::{ka_error, ka_status};
use crate::tls::{Parsed, ka_certificate, ka_tls_info};

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
