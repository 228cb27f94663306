//! What is told of the TLS under a response. Responses end long before somebody asks, so what was
//! agreed on is kept by the number of the connection.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use keepalive_core::{Response, TlsInfo};
use napi_derive::napi;

/// Connections that are remembered, those seen first forgotten first. An idle one costs as much as
/// its certificates, about 4 KiB.
const REMEMBERED: usize = 1024;

/// What was agreed on, by connection.
#[derive(Default)]
pub struct Sessions {
    by_connection: HashMap<u64, Arc<TlsInfo>>,
    seen: VecDeque<u64>,
}

impl Sessions {
    /// A response came.
    pub fn note(&mut self, response: &Response) {
        let Some(tls) = response.tls() else { return };
        let connection = response.connection_id();
        if self.by_connection.contains_key(&connection) {
            return;
        }
        if self.seen.len() == REMEMBERED
            && let Some(first) = self.seen.pop_front()
        {
            self.by_connection.remove(&first);
        }
        self.seen.push_back(connection);
        self.by_connection.insert(connection, tls.clone());
    }

    /// Of a connection with that number.
    pub fn get(&self, connection: f64) -> Option<&Arc<TlsInfo>> {
        self.by_connection.get(&(connection as u64))
    }
}

/// How TLS was agreed on.
#[napi(object, object_from_js = false)]
pub struct NativeTls {
    pub version: &'static str,
    pub cipher: &'static str,
    pub group: Option<&'static str>,
    pub alpn: Option<String>,
    pub resumed: bool,
    pub early: bool,
    /// Bytes of each certificate.
    pub sizes: Vec<u32>,
    pub certificate: Option<NativeCertificate>,
}

/// What the server's certificate says.
#[napi(object, object_from_js = false)]
pub struct NativeCertificate {
    pub subject: String,
    pub issuer: String,
    pub serial: String,
    pub names: Vec<String>,
    /// In seconds since 1970.
    pub not_before: f64,
    pub not_after: f64,
    pub pin: String,
}

impl NativeTls {
    pub fn of(tls: &TlsInfo) -> NativeTls {
        NativeTls {
            version: tls.version(),
            cipher: tls.cipher(),
            group: tls.group(),
            alpn: tls.alpn().map(str::to_string),
            resumed: tls.resumed(),
            early: tls.early(),
            sizes: tls.chain().map(|der| der.len() as u32).collect(),
            certificate: tls.certificate(0).map(|certificate| NativeCertificate {
                subject: certificate.subject,
                issuer: certificate.issuer,
                serial: certificate.serial,
                names: certificate.names,
                not_before: certificate.not_before as f64,
                not_after: certificate.not_after as f64,
                pin: certificate.pin,
            }),
        }
    }
}
