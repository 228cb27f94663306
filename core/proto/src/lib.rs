//! A sans-IO HTTP/1.x client machine: bytes in, events out. No socket, clock, thread or log.
//!
//! One exchange, the transport played by hand:
//! ```
//! use keepalive_proto::*;
//!
//! let mut connection = Connection::new(Limits::default());
//! let mut request = RequestHead::new("GET", "/hello", "example.org")?;
//! request.append(b"Accept", b"text/plain")?;
//! connection.start(&request, RequestBody::None)?;
//! let sent = connection.poll_transmit().unwrap();
//! assert_eq!(sent, b"GET /hello HTTP/1.1\r\nHost: example.org\r\nAccept: text/plain\r\n\r\n");
//! let n = sent.len();
//! connection.transmitted(n); // the transport took it all
//!
//! let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
//! connection.receive_space(answer.len()).extend_from_slice(answer);
//! connection.received(answer.len());
//! let Some(Event::Head(head)) = connection.poll_event()? else { panic!() };
//! assert_eq!((head.status, head.fields.get(b"content-length")), (200, Some(&b"5"[..])));
//! assert!(matches!(connection.poll_event()?, Some(Event::Data(b"hello"))));
//! assert!(matches!(connection.poll_event()?, Some(Event::End)));
//!
//! assert_eq!(connection.reuse(), Ok(()));
//! assert_eq!(connection.recycle(), Ok(())); // idle: `start` may be called again
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod body;
mod chunked;
mod connection;
mod error;
mod event;
mod facts;
mod field_lines;
mod fields;
mod framing;
mod head;
mod persist;
mod request_head;
mod start;
mod trailers;

pub use connection::{Ahead, Connection};
pub use error::{LocalError, RemoteError};
pub use event::{Eof, Event, Limits, RequestBody};
pub use fields::Fields;
pub use framing::BodyFraming;
pub use head::{ResponseHead, Version};
pub use persist::{CloseReason, KeepAliveHint};
pub use request_head::RequestHead;
pub use start::{Start, TargetForm};
pub use trailers::Trailers;
