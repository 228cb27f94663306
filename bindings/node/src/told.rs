//! What JavaScript asks a bridge beside requests: what happened, for the diagnostics channels, the TLS under a
//! response, and what is asked of it in turn: where hosts lead.

use keepalive_core::TlsInfo;
use napi_derive::napi;

use crate::bridge::Bridge;
use crate::client::NativeClient;
use crate::convert::{Room, Thrown, copy, thrown};
use crate::diagnostics::{self, NativeEvent};
use crate::lookup::NativeLookup;
use crate::tls_info::NativeTls;

#[napi]
impl Bridge {
    /// Whether `take` gave the last bytes of a body; its slot is free then.
    #[napi]
    pub fn is_over(&self, index: u32) -> bool {
        let Some(over) = self.over(index) else { return false };
        let receive = over.timings().receive.as_secs_f64() * 1e3;
        self.last_end().set([receive, over.info().bytes_received as f64]);
        true
    }

    /// Of the body that `is_over` told of last: the milliseconds that it took, and all bytes of its
    /// response.
    #[napi]
    pub fn ended(&self) -> Vec<f64> {
        self.last_end().get().to_vec()
    }

    /// The next request that is submitted is `trace` for the channels of requests.
    #[napi]
    pub fn trace(&self, trace: u32) {
        self.next_trace().set(trace);
    }

    /// Whether the channels of connections are listened to in this environment.
    #[napi]
    pub fn watch(&self, yes: bool) {
        diagnostics::listen(self.told(), yes);
    }

    /// What has happened since the last time, in its order.
    #[napi]
    pub fn events(&self) -> Vec<NativeEvent> {
        self.told().take()
    }

    /// How TLS was agreed on for the connection with that number; `null` without TLS, or when it was
    /// seen so long ago that it has been forgotten.
    #[napi]
    pub fn tls(&self, connection: f64) -> Option<NativeTls> {
        self.session(connection).map(|tls| NativeTls::of(&tls))
    }

    /// Copies one of the certificates of that connection's server to the beginning of `memory`, if
    /// there is room; whether it did.
    #[napi]
    pub fn copy_certificate(&self, connection: f64, index: u32, mut memory: Room) -> bool {
        let tls = self.session(connection);
        let Some(der) = tls.as_deref().and_then(|tls| TlsInfo::chain(tls).nth(index as usize))
        else {
            return false;
        };
        // SAFETY: used within this call only.
        copy(der, unsafe { memory.from(0.0) }).is_some()
    }
}

#[napi]
impl Bridge {
    /// The hosts whose addresses clients have wanted to know since the last time.
    #[napi]
    pub fn lookups(&self) -> Vec<NativeLookup> {
        self.questions().fresh()
    }

    /// Answers one: with addresses, or with the reason why there are none. A text that is no address is
    /// such a reason.
    #[napi]
    pub fn found(&self, number: u32, addresses: Vec<String>, refusal: Option<String>) {
        self.questions().answer(number, &addresses, refusal.as_deref());
    }
}

#[napi]
impl NativeClient {
    /// Has the environment of `bridge` be asked for all addresses of this client, which it knows as `client`.
    #[napi]
    pub fn ask_lookups(&self, bridge: &Bridge, client: u32) -> Result<(), Thrown> {
        self.client.set_lookup_hook(bridge.questions().asking(client)).map_err(thrown)
    }
}
