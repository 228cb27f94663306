//! A sans-IO HTTP/1.x client machine: bytes in, events out. No socket, clock, thread or log.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod body;
mod chunked;
mod connection;
mod error;
mod framing;
mod head;
mod persist;

pub use connection::{Connection, Eof, Event, Limits, RequestBody};
pub use error::{LocalError, RemoteError};
pub use framing::BodyFraming;
pub use head::{Fields, RequestHead, ResponseHead, Version};
pub use persist::{CloseReason, KeepAliveHint};
