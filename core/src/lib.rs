//! The engine of libkeepalive: one pool of HTTP/1.1 keep-alive connections, one exchange, two ways
//! to wait. The bindings link this crate; C programs use the root crate's ABI.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod addresses;
mod breaker;
mod buffer;
mod cancel;
mod client;
mod config;
mod connection;
mod deadline;
mod decode;
mod drive;
mod driver;
mod error;
mod farewell;
mod fork;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod handoff;
mod keeper;
mod latency;
mod learn;
mod lease;
mod net;
mod origin;
mod pool;
mod queue;
mod reads;
mod receive;
mod request;
mod response;
mod retry;
mod runtime;
mod slots;
mod source;
mod stats;
mod submit;
mod sync;
mod target;
mod timers;
mod unread;
mod upkeep;

pub use client::{Call, Client, Until};
pub use config::{
    ClientConfig, Limit, MAX_TIME, OPTIONS, OptionInfo, OptionKind, OptionValue, Timeouts,
};
pub use drive::blocking::Blocking;
pub use error::{Error, ErrorGroup, ErrorKind, Phase, Result, Sent};
pub use farewell::at_exit;
pub use fork::{keep as fork_keep, mark_child as fork_mark_child};
pub use keepalive_proto::{Fields, Version};
pub use queue::{Completion, Destination, Outcome, Queue};
pub use request::{Request, timeout_from_seconds};
pub use response::{Info, Response, Timings};
pub use runtime::{fork_pause, fork_resume};
pub use source::{BodySender, BodySource, BodyWant, body_pipe, source_failed};
pub use stats::{OriginStats, Stats};
pub use target::{basic_credentials, join_url};
