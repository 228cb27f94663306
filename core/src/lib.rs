//! The engine of libkeepalive: one pool of HTTP/1.1 keep-alive connections, one exchange, two ways
//! to wait. The bindings link this crate; C programs use the root crate's ABI.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[cfg(not(any(feature = "ring", feature = "aws-lc")))]
compile_error!("one of the features `ring` and `aws-lc` has to be chosen: TLS needs cryptography");

mod auth;
mod client;
mod config;
mod connection;
mod cookies;
mod deadline;
mod decode;
mod drive;
mod engine;
mod error;
mod fork;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod net;
mod observe;
mod origin;
mod pool;
mod process;
mod progress;
mod repeat;
mod request;
mod response;
mod roads;
mod stats;
mod stream;
mod sync;
mod verify;

pub use auth::basic_credentials;
pub use client::Client;
pub use client::call::Call;
pub use client::download::{BodyWriter, Download};
pub use client::outcome::{Completion, Destination, Outcome, Queue, progress_events};
pub use config::redirects::Redirects;
pub use config::{ClientConfig, Limit, MAX_TIME, OptionValue, Timeouts};
pub use connection::exit::at_exit;
pub use cookies::{Cookie, CookieFormat, CookieJar, CookieKeeper, Cookies};
pub use drive::body::{TRUSTED_GROWTH, TRUSTED_LENGTH};
pub use drive::history::Hop;
pub use drive::info::{Info, Timings};
pub use drive::redirect::next::next_request;
pub use drive::wait::blocking::Blocking;
pub use drive::wait::canceller::Canceller;
pub use engine::thread::{ThreadStarter, start_threads_with};
pub use error::{Error, ErrorGroup, ErrorKind, Phase, Result, Sent};
pub use fork::{generation as fork_generation, keep as fork_keep, mark_child as fork_mark_child};
pub use keepalive_proto::{Fields, ResponseHead, Version};
pub use keepalive_tables::{Form, LIMITS, OPTIONS, OptionInfo, OptionKind, Shape, camel};
pub use net::lookup_hook::{LookupHook, LookupQuestion};
pub use net::socket::SocketHook;
pub use net::tls::add_authorities;
pub use net::tls::info::{Certificate, TlsInfo};
pub use observe::{Event, Observer};
pub use process::{fork_pause, fork_resume};
pub use progress::{Progress, ProgressSink, Saved, Transfer};
pub use request::Request;
pub use request::body::{BodySender, BodySource, BodyWant, body_pipe, source_failed};
pub use request::file::FileBody;
pub use request::form::Content;
pub use request::method::{FETCH_METHODS, METHODS, standard_method};
pub use request::multipart::{Multipart, Part, Piece};
pub use request::redirect_hook::{RedirectHook, RedirectQuestion};
pub use request::time::{limit_from_millis, limit_from_whole_millis, timeout_from_seconds};
pub use request::trailers::TrailerFn;
pub use request::url::base::join_url;
pub use request::url::query::{append_query, encode_pairs};
pub use response::charset::charset;
pub use response::{Response, Until};
pub use stats::{CloseCause, OriginStats, Stats};
pub use stream::UpgradedStream;
pub use verify::{CertificateCheck, Presented};
