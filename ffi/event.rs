//! `ka_event`: what the engine's outcomes are for C.

use std::ffi::c_void;
use std::ptr;

use bytes::Bytes;
use keepalive_core::{Completion, Error, ErrorKind, Outcome, Phase, Response};

use crate::handle::give;
use crate::response::ka_response;
use crate::status::{ka_error, ka_status};

/// What an event tells of. Later versions may have more kinds, and give them only to programs that ask
/// for them.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ka_event_kind {
    /// The end of a request: ka_client_submit.
    KA_EVENT_RESPONSE = 1,
    /// A piece of a response's body, or its end: ka_response_submit_read.
    KA_EVENT_READ = 2,
    /// Connections were opened: ka_client_submit_warm.
    KA_EVENT_WARM = 3,
    /// Bytes of a stream are at hand, or its end: ka_stream_submit_read.
    KA_EVENT_STREAM_READ = 4,
    /// Bytes of a stream were written, or its sending half ended: ka_stream_submit_write and
    /// ka_stream_submit_shutdown.
    KA_EVENT_STREAM_WRITE = 5,
}

/// What became of something that was submitted. The receiver owns `response` and `error`, and frees
/// them. The size of this struct stays: what later versions tell is in what is `reserved` now.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_event {
    /// As given when it was submitted.
    pub user_data: *mut c_void,
    /// KA_OK or why it failed.
    pub status: ka_status,
    /// On KA_OK the response, if one was asked for or read; on failure NULL, but for ka_response_submit_read, which gives its
    /// response back in any case.
    pub response: *mut ka_response,
    /// NULL on KA_OK.
    pub error: *mut ka_error,
    /// What was submitted.
    pub kind: ka_event_kind,
    /// KA_EVENT_READ: the bytes of the piece, 0 at the verified end of the body. KA_EVENT_WARM: the
    /// connections opened. KA_EVENT_STREAM_READ: the bytes that ka_stream_read has without waiting, 0 at
    /// the end. Else, and on failure, 0.
    pub count: u64,
    /// 0.
    pub reserved: [u64; 2],
}

impl ka_event {
    pub(crate) fn of(completion: Completion) -> ka_event {
        let event = ka_event {
            user_data: ptr::with_exposed_provenance_mut(completion.token as usize),
            status: ka_status::KA_OK,
            response: ptr::null_mut(),
            error: ptr::null_mut(),
            kind: ka_event_kind::KA_EVENT_RESPONSE,
            count: 0,
            reserved: [0; 2],
        };
        let read = ka_event { kind: ka_event_kind::KA_EVENT_READ, ..event };
        let warm = ka_event { kind: ka_event_kind::KA_EVENT_WARM, ..event };
        let came = ka_event { kind: ka_event_kind::KA_EVENT_STREAM_READ, ..event };
        let wrote = ka_event { kind: ka_event_kind::KA_EVENT_STREAM_WRITE, ..event };
        let response =
            |response: Response, piece: Bytes| give(ka_response::with_piece(response, piece));
        match completion.outcome {
            Outcome::Response(Ok(head)) => {
                ka_event { response: response(head, Bytes::new()), ..event }
            }
            Outcome::Response(Err(error)) => event.failed(error),
            Outcome::Chunk(rest, Ok(piece)) => {
                let piece = piece.unwrap_or_default();
                ka_event { count: piece.len() as u64, response: response(rest, piece), ..read }
            }
            Outcome::Chunk(rest, Err(error)) => {
                ka_event { response: response(rest, Bytes::new()), ..read.failed(error) }
            }
            Outcome::Warmed(Ok(opened)) => ka_event { count: opened as u64, ..warm },
            Outcome::Warmed(Err(error)) => warm.failed(error),
            Outcome::StreamReady(Ok(ready)) => ka_event { count: ready as u64, ..came },
            Outcome::StreamReady(Err(error)) => came.failed(error),
            Outcome::StreamWritten(Ok(())) => wrote,
            Outcome::StreamWritten(Err(error)) => wrote.failed(error),
            Outcome::WantBody(_)
            | Outcome::Informational(_)
            | Outcome::Progress(_)
            | Outcome::Redirect(_)
            | Outcome::Observed
            | Outcome::Filled(..)
            | Outcome::StreamRead(_) => {
                let text = "the engine answered what no C call asks for";
                event.failed(Error::new(ErrorKind::Internal, Phase::Send, text))
            }
        }
    }

    fn failed(self, error: Error) -> ka_event {
        let status = ka_status::of(error.kind());
        ka_event { status, error: give(ka_error::new(error)), ..self }
    }
}
