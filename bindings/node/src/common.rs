//! Clients that the environments of a process (main thread and workers) share by what they ask for: those
//! of `libkeepalive/register`, which runs in each of them.

use std::sync::{Mutex, PoisonError};

use crate::client::NativeClient;
use crate::convert::Thrown;

/// More different ones than any program has on purpose; what comes then is shared with nobody.
const MOST: usize = 16;

/// The client of that key, made when it is the first; it lives as long as the process.
pub fn client(
    key: &str,
    make: impl FnOnce() -> Result<NativeClient, Thrown>,
) -> Result<NativeClient, Thrown> {
    static CLIENTS: Mutex<Vec<(String, NativeClient)>> = Mutex::new(Vec::new());
    let find = |clients: &[(String, NativeClient)]| {
        clients.iter().find(|(other, _)| other == key).map(|(_, client)| client.common_with())
    };
    let lock = || CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(client) = find(&lock()) {
        return Ok(client);
    }
    // Making one reads files; two that come here at once make two, and the second's is not used.
    let made = make()?;
    let mut clients = lock();
    if let Some(client) = find(&clients) {
        return Ok(client);
    }
    let client = made.common_with();
    if clients.len() < MOST {
        clients.push((key.to_string(), made));
    }
    Ok(client)
}
