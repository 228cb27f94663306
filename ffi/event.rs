//! `ka_event`: what the engine's outcomes are for C.

use std::ffi::c_void;
use std::ptr;

use bytes::Bytes;
use keepalive_core::{Completion, Error, ErrorKind, Outcome, Phase, Response};

use crate::handle::give;
use crate::response::ka_response;
use crate::status::{ka_error, ka_status};

/// The end of a submitted request or read. The receiver owns `response` and `error`, and frees them.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_event {
    /// As given when it was submitted.
    pub user_data: *mut c_void,
    /// KA_OK or why it failed.
    pub status: ka_status,
    /// On KA_OK the response; on failure NULL, but for ka_response_submit_read, which gives its
    /// response back in any case.
    pub response: *mut ka_response,
    /// NULL on KA_OK.
    pub error: *mut ka_error,
}

impl ka_event {
    pub(crate) fn of(completion: Completion) -> ka_event {
        let event = ka_event {
            user_data: ptr::with_exposed_provenance_mut(completion.token as usize),
            status: ka_status::KA_OK,
            response: ptr::null_mut(),
            error: ptr::null_mut(),
        };
        let response =
            |response: Response, piece: Bytes| give(ka_response::with_piece(response, piece));
        match completion.outcome {
            Outcome::Response(Ok(head)) => {
                ka_event { response: response(head, Bytes::new()), ..event }
            }
            Outcome::Response(Err(error)) => event.failed(error),
            Outcome::Chunk(rest, Ok(piece)) => {
                ka_event { response: response(rest, piece.unwrap_or_default()), ..event }
            }
            Outcome::Chunk(rest, Err(error)) => {
                ka_event { response: response(rest, Bytes::new()), ..event.failed(error) }
            }
            Outcome::Warmed(Ok(_)) => event,
            Outcome::Warmed(Err(error)) => event.failed(error),
            Outcome::WantBody(_) | Outcome::Filled(..) => {
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
