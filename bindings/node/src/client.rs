//! A client handle for JavaScript: options in, counters out.

use std::sync::atomic::{AtomicU32, Ordering};

use keepalive_core::{
    Client, ClientConfig, Limit, OPTIONS, OptionValue, Shape, Timeouts, limit_from_millis,
};
use napi_derive::napi;

use crate::common;
use crate::convert::{Payload, Thrown, invalid, thrown};
use crate::diagnostics;
use crate::generated::NativeStats;
use crate::trust::unverified;

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
    /// Of requests that give none themselves.
    defaults: Timeouts,
    /// The option of that name, where it was given.
    pub(crate) decode: Option<bool>,
    /// It is everybody's: it stays usable.
    shared: bool,
    /// By which it is known to the channels of connections.
    number: u32,
}

/// The process-wide client; the one that verifies nothing has the next number.
const SHARED: u32 = 0;

/// A number for another client.
fn next_number() -> u32 {
    static LAST: AtomicU32 = AtomicU32::new(SHARED + 1);
    LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
}

/// What Node gives an option that has another default there.
fn usual(name: &str) -> Option<Limit> {
    OPTIONS.iter().find(|option| option.name == name)?.node.map(Some)
}

fn defaults(header: Option<Limit>, stall: Option<Limit>) -> Timeouts {
    Timeouts { header, send: stall, read: stall, ..Timeouts::default() }
}

#[napi]
impl NativeClient {
    /// A client with its own pool; what `entries` do not set is as `profile` has it.
    #[napi(constructor)]
    pub fn new(entries: Vec<OptionEntry>, profile: Option<String>) -> Result<NativeClient, Thrown> {
        let mut config = match &profile {
            Some(profile) => ClientConfig::profile(profile).map_err(thrown)?,
            None => ClientConfig::default(),
        };
        let given = |name| entries.iter().any(|entry: &OptionEntry| entry.name == name);
        let decode_given = given("decode");
        let own = profile.as_deref().is_none_or(|profile| profile == "default");
        let limit = |name| if own && !given(name) { usual(name) } else { None };
        let defaults = defaults(limit("header_timeout"), limit("stall_timeout"));
        for entry in entries {
            let kind = OPTIONS.iter().find(|option| option.name == entry.name);
            let value = match kind.map(|option| option.kind.shape()) {
                Some(Shape::Count) => OptionValue::Count(count(&entry)?),
                Some(Shape::Time) => OptionValue::Time(match entry.number {
                    None => None,
                    Some(number) => limit_from_millis(&entry.name, number).map_err(thrown)?,
                }),
                Some(Shape::Flag) => OptionValue::Flag(flag(&entry)?),
                Some(Shape::Text) => OptionValue::Text(entry.text),
                Some(Shape::Pem) => OptionValue::Pem(entry.pem.map(|pem| pem.0)),
                None => return Err(invalid(format!("unknown option {}", entry.name))),
            };
            config.set(&entry.name, value).map_err(thrown)?;
        }
        let decode = decode_given.then_some(config.decode);
        let client = Client::new(config).map_err(thrown)?;
        let number = next_number();
        diagnostics::observe(&client, number);
        Ok(NativeClient { client, defaults, decode, shared: false, number })
    }

    /// A client that all environments of the process share that ask for it by the same `key`, which stands
    /// for `entries`; `close` on it only closes idle connections.
    #[napi(factory)]
    pub fn common(key: String, entries: Vec<OptionEntry>) -> Result<NativeClient, Thrown> {
        let decode_given = entries.iter().any(|entry| entry.name == "decode");
        let (client, defaults, number) = common::client(&key, || {
            let NativeClient { client, defaults, number, .. } = NativeClient::new(entries, None)?;
            Ok((client, defaults, number))
        })?;
        let decode = decode_given.then(|| client.config().decode);
        Ok(NativeClient { client, defaults, decode, shared: true, number })
    }

    /// The process-wide client; one of two, since what was verified and what was not share nothing.
    /// Whether it asks the environment for proxies is decided by who is first.
    #[napi(factory)]
    pub fn shared(trust_env: bool, verified: bool) -> Result<NativeClient, Thrown> {
        let config = || {
            let mut config = ClientConfig::default();
            config.trust_env = trust_env;
            config.tls_verify = verified;
            config
        };
        let client = match verified {
            true => Client::shared(config).map_err(thrown)?.clone(),
            false => unverified(config)?,
        };
        let number = if verified { SHARED } else { SHARED + 1 };
        diagnostics::observe(&client, number);
        let defaults = defaults(usual("header_timeout"), usual("stall_timeout"));
        Ok(NativeClient { client, defaults, decode: None, shared: true, number })
    }

    /// By which the events of its connections are known.
    #[napi]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Whether it is everybody's.
    #[napi]
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// The most bytes of a body that is collected whole; infinity without a limit.
    #[napi]
    pub fn max_body_size(&self) -> f64 {
        match self.client.config().max_body_size {
            0 => f64::INFINITY,
            size => size as f64,
        }
    }

    /// Counters of the pool.
    #[napi]
    pub fn stats(&self) -> NativeStats {
        NativeStats::of(&self.client.stats())
    }

    /// Closes idle connections and, unless it is everybody's, refuses new requests.
    #[napi]
    pub fn close(&self) {
        match self.shared {
            true => self.client.close_idle(),
            false => self.client.close(),
        }
    }

    /// Closes idle connections; the client stays usable.
    #[napi]
    pub fn close_idle(&self) {
        self.client.close_idle();
    }

    /// Closes idle connections and forgets which origins failed.
    #[napi]
    pub fn network_changed(&self) {
        self.client.network_changed();
    }

    /// Closes the circuit breaker of the origin of `url`.
    #[napi]
    pub fn reset_breaker(&self, url: String) -> Result<(), Thrown> {
        self.client.reset_breaker(&url).map_err(thrown)
    }
}

impl NativeClient {
    /// The limits of a request that gives `own`.
    pub(crate) fn timeouts(&self, own: Timeouts) -> Timeouts {
        own.or(self.defaults)
    }
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
