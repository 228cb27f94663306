//! What Node's environment says of trust, and what a process is told once, whichever worker asks.

use std::sync::{Mutex, OnceLock, PoisonError};

use keepalive_core::{Client, ClientConfig, add_authorities};
use napi_derive::napi;

use crate::convert::{Payload, Thrown, thrown};

/// Trusts what NODE_EXTRA_CA_CERTS names wherever the system's authorities are trusted.
#[napi]
pub fn trust_extra(pem: Payload) -> Result<(), Thrown> {
    add_authorities("NODE_EXTRA_CA_CERTS", &pem.0).map_err(thrown)
}

/// Whether nobody in this process has asked about `what` before.
#[napi]
pub fn is_first(what: String) -> bool {
    static ASKED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_first = !asked.contains(&what);
    if is_first {
        asked.push(what);
    }
    is_first
}

/// The process-wide client of programs that run with NODE_TLS_REJECT_UNAUTHORIZED=0.
pub fn unverified(config: impl FnOnce() -> ClientConfig) -> Result<Client, Thrown> {
    static SHARED: OnceLock<Client> = OnceLock::new();
    if let Some(client) = SHARED.get() {
        return Ok(client.clone());
    }
    let client = Client::new(config()).map_err(thrown)?;
    // Of two workers that come here at once, one's is thrown away unused.
    Ok(SHARED.get_or_init(|| client).clone())
}
