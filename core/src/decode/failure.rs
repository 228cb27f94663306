//! What is said of a body that does not decode.

use crate::error::{Error, ErrorKind, Phase};

pub(super) fn bad(reason: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::DecodingFailed,
        Phase::Body,
        format!("response body does not decode by its Content-Encoding: {reason}"),
    )
}
