//! The C ABI: handles, views and sized structs over `keepalive-core`, and nothing else. No HTTP
//! decision is made here. The contract stands at the head of `include/keepalive.h`.
//!
//! Laws, each kept by a test: every exported function is one `ka_fn!`; its comment says what it
//! does, then Ownership, Threads, Errors; nothing but `ka_*` is exported.
#![allow(non_camel_case_types)] // the names are C's
#![allow(clippy::not_unsafe_ptr_arg_deref)] // C knows no unsafe; the header's contract takes its place

#[macro_use]
mod boundary;
#[macro_use]
mod handle;
mod cancellable;
mod client;
mod convert;
mod cookies;
mod download;
mod error;
mod event;
#[rustfmt::skip]
mod generated;
mod hooks;
mod host;
mod later;
mod multipart;
mod options;
mod progress;
mod queue;
mod reader;
mod redirect;
mod request;
mod response;
mod response_tls;
mod sized;
mod slice;
mod socket;
mod stats;
mod status;
mod stream;
mod submit;
#[cfg(target_os = "linux")]
mod thread;
#[cfg(not(target_os = "linux"))]
#[path = "thread_elsewhere.rs"]
mod thread;
mod tls;
mod upload;
mod verifier;

pub use cancellable::*;
pub use client::*;
pub use convert::{KA_ADDRESSES_SIZE, KA_ORIGIN_SIZE};
pub use cookies::*;
pub use download::*;
pub use error::*;
pub use event::*;
pub use hooks::*;
pub use multipart::*;
pub use options::*;
pub use progress::*;
pub use queue::*;
pub use reader::*;
pub use redirect::*;
pub use request::*;
pub use response::*;
pub use response_tls::*;
pub use slice::*;
pub use socket::*;
pub use stats::*;
pub use status::*;
pub use stream::*;
pub use submit::*;
pub use tls::*;
pub use upload::*;
pub use verifier::*;
