//! Drives exchanges: one `async fn`, generic over how it waits. No HTTP rule lives here; the
//! protocol machine decides, this moves its bytes.

pub(crate) mod blocking;
pub(crate) mod body;
mod direct;
mod drain;
pub(crate) mod exchange;
pub(crate) mod hedge;
pub(crate) mod hop;
mod insist;
pub(crate) mod perform;
mod queued;
pub(crate) mod redirect;
pub(crate) mod replay;
pub(crate) mod tokio;
pub(crate) mod wait;
pub(crate) mod warm;
