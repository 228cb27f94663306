//! What is kept of the answers that led elsewhere, or to the same place with credentials.

use std::sync::Arc;

use keepalive_proto::ResponseHead;

use crate::connection::ends::Ends;
use crate::drive::call::Interim;
use crate::drive::info::{Marks, Tally};
use crate::net::tls::info::TlsInfo;

/// The last so many are kept: a head may have 64 KiB, and the limit of redirects is the caller's.
const MOST: usize = 64;

/// One answer that led elsewhere: its head, and how its exchange went.
pub struct Hop {
    pub(crate) head: ResponseHead,
    pub(crate) url: Arc<str>,
    pub(crate) method: Box<str>,
    pub(crate) info: Tally,
    pub(crate) marks: Marks,
    pub(crate) ends: Option<Arc<Ends>>,
    pub(crate) informational: Interim,
    pub(crate) tls: Option<Arc<TlsInfo>>,
}

/// Those of one call, the first one first.
#[derive(Default)]
pub(crate) struct History {
    hops: Vec<Arc<Hop>>,
    /// The method of the request that was answered in the end.
    pub method: Box<str>,
}

impl History {
    /// Adds an answer.
    pub fn add(&mut self, hop: Hop) {
        if self.hops.len() == MOST {
            self.hops.remove(0);
        }
        self.hops.push(Arc::new(hop));
    }

    /// Adds those of another, which came later.
    pub fn append(&mut self, mut later: History) {
        self.hops.append(&mut later.hops);
        self.hops.drain(..self.hops.len().saturating_sub(MOST));
    }

    pub fn hops(&self) -> &[Arc<Hop>] {
        &self.hops
    }
}

impl Hop {
    /// The method of the request that it answers.
    pub fn method(&self) -> &str {
        &self.method
    }
}
