//! Drives exchanges: one `async fn`, generic over how it waits. No HTTP rule lives here; the
//! protocol machine decides, this moves its bytes.

pub(crate) mod acquire;
pub(crate) mod body;
pub(crate) mod buffer;
mod drain;
pub(crate) mod exchange;
pub(crate) mod hedge;
pub(crate) mod on_engine;
mod passthrough;
pub(crate) mod perform;
pub(crate) mod redirect;
pub(crate) mod replay;
mod retry;
pub(crate) mod wait;
pub(crate) mod warm;
