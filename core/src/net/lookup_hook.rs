//! The caller's word on where a host leads: asked before a connection is made, answered at once or later.

use std::io;
use std::net::IpAddr;

use tokio::sync::oneshot;

use crate::guard::guarded;

/// Finds the addresses of hosts in place of the system's resolver, for one client.
pub trait LookupHook: Send + Sync {
    /// A connection is about to be made, and nothing is to be connected to but what the answer says. On the
    /// engine's thread, where this must not wait: the question can be handed on, and answered from any
    /// thread. No lock is held. A panic in it refuses.
    fn asked(&self, question: LookupQuestion);
}

/// A host that waits for its hook's word. Dropped without one, it has no address.
pub struct LookupQuestion {
    host: Box<str>,
    port: u16,
    answer: oneshot::Sender<Result<Vec<IpAddr>, String>>,
}

impl LookupQuestion {
    /// A name in lower case, or an address as a URL has it, an IPv6 one without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port that is connected to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// These are its addresses, in the order in which they are to be tried.
    pub fn found(self, addresses: Vec<IpAddr>) {
        // Nobody waits any more where it fails.
        let _ = self.answer.send(Ok(addresses));
    }

    /// It has none, for this reason: the dial fails with `ResolveFailed`.
    pub fn refuse(self, reason: &str) {
        let _ = self.answer.send(Err(reason.to_string()));
    }
}

/// Asks `hook` and waits for its word.
pub(super) async fn ask(hook: &dyn LookupHook, host: &str, port: u16) -> io::Result<Vec<IpAddr>> {
    let (answer, word) = oneshot::channel();
    let question = LookupQuestion { host: host.into(), port, answer };
    // A panic in it drops the question, which refuses.
    guarded(|| hook.asked(question));
    match word.await {
        Ok(Ok(addresses)) if addresses.is_empty() => {
            Err(io::Error::new(io::ErrorKind::NotFound, "the lookup hook found no address"))
        }
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(reason)) => Err(io::Error::other(reason)),
        Err(_) => Err(io::Error::other("the lookup hook gave no answer")),
    }
}
