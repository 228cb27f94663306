//! Sockets, TLS, names and addresses. Knows nothing of HTTP.

pub(crate) mod busy_poll;
pub(crate) mod connect;
pub(crate) mod dns_cache;
pub(crate) mod happy_eyeballs;
pub(crate) mod lookup_hook;
pub(crate) mod outlet;
pub(crate) mod reachability;
pub(crate) mod resolver;
pub(crate) mod socket;
pub(crate) mod space;
pub(crate) mod steps;
pub(crate) mod tls;
pub(crate) mod transport;
mod trust;
pub(crate) mod watcher;
