//! Sockets, TLS, names and addresses. Knows nothing of HTTP.

pub(crate) mod dial;
pub(crate) mod names;
pub(crate) mod pace;
pub(crate) mod race;
pub(crate) mod resolve;
pub(crate) mod socket;
pub(crate) mod space;
pub(crate) mod tls;
mod trust;
