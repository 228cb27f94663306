//! Clients that the environments of a process (main thread and workers) share by what they ask for: those
//! of `libkeepalive/register`, which runs in each of them.

use std::sync::{Mutex, PoisonError};

use keepalive_core::{Client, Timeouts};

use crate::convert::Thrown;

/// More different ones than any program has on purpose; what comes then is shared with nobody.
const MOST: usize = 16;

/// A client, the limits of requests that give none themselves, and its number.
pub type Limited = (Client, Timeouts, u32);

/// The client of that key, made when it is the first; it lives as long as the process.
pub fn client(
    key: &str,
    make: impl FnOnce() -> Result<Limited, Thrown>,
) -> Result<Limited, Thrown> {
    static CLIENTS: Mutex<Vec<(String, Limited)>> = Mutex::new(Vec::new());
    let find = |clients: &[(String, Limited)]| {
        clients.iter().find(|(other, _)| other == key).map(|(_, limited)| limited.clone())
    };
    let lock = || CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(limited) = find(&lock()) {
        return Ok(limited);
    }
    // Making one reads files; two that come here at once make two, and the second's is not used.
    let made = make()?;
    let mut clients = lock();
    if let Some(limited) = find(&clients) {
        return Ok(limited);
    }
    if clients.len() < MOST {
        clients.push((key.to_string(), made.clone()));
    }
    Ok(made)
}
