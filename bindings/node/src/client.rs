//! A client handle for JavaScript: options in, counters out.

use keepalive_core::{Client, ClientConfig, OPTIONS, OptionKind, OptionValue};
use napi_derive::napi;

use crate::convert::{Payload, Thrown, invalid, milliseconds, thrown};

/// An option that was given; the field of its kind is set, or none for "not set".
#[napi(object, object_to_js = false)]
pub struct OptionEntry {
    /// snake_case.
    pub name: String,
    /// A count, or milliseconds.
    pub number: Option<f64>,
    /// Yes or no.
    pub flag: Option<bool>,
    /// Text.
    pub text: Option<String>,
    /// PEM, text or bytes.
    pub pem: Option<Payload>,
}

/// Wraps the engine's client; the process-wide one is the same for all workers.
#[napi]
pub struct NativeClient {
    pub(crate) client: Client,
}

#[napi]
impl NativeClient {
    /// A client with its own pool.
    #[napi(constructor)]
    pub fn new(entries: Vec<OptionEntry>) -> Result<NativeClient, Thrown> {
        let mut config = ClientConfig::default();
        for entry in entries {
            let kind = OPTIONS.iter().find(|option| option.name == entry.name);
            let value = match kind.map(|option| option.kind) {
                Some(OptionKind::Count) => OptionValue::Count(count(&entry)?),
                Some(OptionKind::Time) => OptionValue::Time(match entry.number {
                    None => None,
                    Some(number) => milliseconds(&entry.name, number)?,
                }),
                Some(OptionKind::Flag) => OptionValue::Flag(flag(&entry)?),
                Some(OptionKind::Text) => OptionValue::Text(entry.text),
                Some(OptionKind::Pem) => OptionValue::Pem(entry.pem.map(|pem| pem.0)),
                None => return Err(invalid(format!("unknown option {}", entry.name))),
            };
            config.set(&entry.name, value).map_err(thrown)?;
        }
        let client = Client::new(config).map_err(thrown)?;
        Ok(NativeClient { client })
    }

    /// The process-wide client.
    #[napi(factory)]
    pub fn shared() -> Result<NativeClient, Thrown> {
        let client = Client::shared().map_err(thrown)?.clone();
        Ok(NativeClient { client })
    }

    /// Counters of the pool.
    #[napi]
    pub fn stats(&self) -> NativeStats {
        let stats = self.client.stats();
        NativeStats {
            opened: stats.opened as f64,
            reused: stats.reused as f64,
            stale: stats.stale as f64,
            replayed: stats.replayed as f64,
            closed: stats
                .closed
                .iter()
                .map(|(reason, count)| ClosedCount { reason, count: *count as f64 })
                .collect(),
            waiting: stats.waiting as f64,
            idle: stats.idle as f64,
            active: stats.active as f64,
            dialing: stats.dialing as f64,
        }
    }

    /// Closes idle connections and refuses new requests.
    #[napi]
    pub fn close(&self) {
        self.client.close();
    }
}

/// Counters as numbers; exact up to 2^53.
#[napi(object, object_from_js = false)]
pub struct NativeStats {
    /// Connections opened.
    pub opened: f64,
    /// Requests on a connection that had carried a response before.
    pub reused: f64,
    /// Idle connections found dead.
    pub stale: f64,
    /// Requests sent again on a fresh connection.
    pub replayed: f64,
    /// Connections closed, by reason.
    pub closed: Vec<ClosedCount>,
    /// Requests waiting for a connection.
    pub waiting: f64,
    /// Idle connections.
    pub idle: f64,
    /// Connections in use.
    pub active: f64,
    /// Connections being opened.
    pub dialing: f64,
}

/// A reason and how often it happened.
#[napi(object, object_from_js = false)]
pub struct ClosedCount {
    /// snake_case, stable.
    pub reason: &'static str,
    /// How often.
    pub count: f64,
}

fn count(entry: &OptionEntry) -> Result<u64, Thrown> {
    match entry.number {
        Some(number) if number >= 0.0 && number.fract() == 0.0 && number < 9e15 => {
            Ok(number as u64)
        }
        _ => Err(invalid(format!("option {}: expected a whole number", entry.name))),
    }
}

fn flag(entry: &OptionEntry) -> Result<bool, Thrown> {
    entry.flag.ok_or_else(|| invalid(format!("option {}: expected true or false", entry.name)))
}
