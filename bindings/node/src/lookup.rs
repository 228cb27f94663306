//! Where the hosts of a client lead, by a function of JavaScript's (`lib/lookup.js`): questions on their way
//! there, and its answers.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keepalive_core::{LookupHook, LookupQuestion};
use napi_derive::napi;

use crate::wake::Waker;

/// Most questions that wait for a loop that does not turn; more have no answer.
const MOST: usize = 65_536;

/// The questions of one environment.
pub struct Lookups {
    state: Mutex<State>,
    waker: Arc<Waker>,
}

#[derive(Default)]
struct State {
    /// Nobody asks any more.
    is_over: bool,
    last: u32,
    /// Not fetched yet: their numbers, and those of their clients.
    fresh: Vec<(u32, u32)>,
    open: HashMap<u32, LookupQuestion>,
}

impl Lookups {
    pub fn new(waker: Arc<Waker>) -> Arc<Lookups> {
        Arc::new(Lookups { state: Mutex::default(), waker })
    }

    /// The questions that have come since the last time.
    pub fn fresh(&self) -> Vec<NativeLookup> {
        let mut state = self.lock();
        let fresh = std::mem::take(&mut state.fresh);
        let told = |(number, client): (u32, u32)| {
            let question = state.open.get(&number)?;
            let (host, port) = (question.host().to_string(), question.port().into());
            Some(NativeLookup { number, client, host, port })
        };
        fresh.into_iter().filter_map(told).collect()
    }

    /// Answers one: with addresses, or with the reason why there are none.
    pub fn answer(&self, number: u32, addresses: &[String], refusal: Option<&str>) {
        let question = self.lock().open.remove(&number);
        let Some(question) = question else { return };
        if let Some(reason) = refusal {
            return question.refuse(reason);
        }
        let parsed: Result<Vec<IpAddr>, _> = addresses.iter().map(|text| text.parse()).collect();
        match parsed {
            Ok(addresses) => question.found(addresses),
            Err(_) => question.refuse("lookup: what it found is no IP address"),
        }
    }

    /// Has the function that JavaScript knows by `client` be asked.
    pub fn asking(self: &Arc<Lookups>, client: u32) -> Arc<dyn LookupHook> {
        Arc::new(Asking { client, lookups: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The environment is ending: what waits has no answer.
    pub fn end(&self) {
        let mut state = self.lock();
        state.is_over = true;
        let open = std::mem::take(&mut state.open);
        drop(state);
        drop(open);
    }

    fn add(&self, client: u32, question: LookupQuestion) {
        let mut state = self.lock();
        if state.is_over || state.open.len() >= MOST {
            return;
        }
        state.last = state.last.wrapping_add(1);
        let number = state.last;
        state.open.insert(number, question);
        state.fresh.push((number, client));
        let first = state.fresh.len() == 1;
        drop(state);
        if first {
            self.waker.wake();
        }
    }
}

/// Asks the function of one client.
struct Asking {
    client: u32,
    lookups: Arc<Lookups>,
}

impl LookupHook for Asking {
    fn asked(&self, question: LookupQuestion) {
        self.lookups.add(self.client, question);
    }
}

/// A question for JavaScript.
#[napi(object, object_from_js = false)]
pub struct NativeLookup {
    /// To answer it by.
    pub number: u32,
    /// Of the client that wants to know.
    pub client: u32,
    /// A name or an address.
    pub host: String,
    /// The port that is connected to.
    pub port: u32,
}
