//! Values at the boundary: strings and bytes in, errors out.

use std::mem::MaybeUninit;
use std::ptr;

use bytes::Bytes;
use keepalive_core::{Error, ErrorKind, LIMITS, Timeouts, limit_from_millis};
use napi::bindgen_prelude::{FromNapiValue, TypeName, Uint8ArraySlice, ValidateNapiValue};
use napi::{ValueType, check_status, sys};
use napi_derive::napi;

/// A string in which each character is one byte (a WHATWG byte string).
pub struct ByteString(pub Vec<u8>);

impl TypeName for ByteString {
    fn type_name() -> &'static str {
        "String"
    }

    fn value_type() -> ValueType {
        ValueType::String
    }
}

impl ValidateNapiValue for ByteString {}

impl FromNapiValue for ByteString {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        let mut length = 0;
        // SAFETY: `env` and `value` are the live ones of the current call; a null buffer asks for
        // the length only.
        check_status!(unsafe {
            sys::napi_get_value_string_latin1(env, value, ptr::null_mut(), 0, &mut length)
        })?;
        let mut text: Vec<u8> = vec![0; length + 1];
        // SAFETY: `text` has room for `length` bytes and the terminating NUL.
        check_status!(unsafe {
            sys::napi_get_value_string_latin1(
                env,
                value,
                text.as_mut_ptr().cast(),
                text.len(),
                &mut length,
            )
        })?;
        text.truncate(length);
        Ok(ByteString(text))
    }
}

/// Body bytes: a string (sent as UTF-8) or a Uint8Array; copied, so the caller may reuse it.
pub struct Payload(pub Bytes);

impl TypeName for Payload {
    fn type_name() -> &'static str {
        "string or Uint8Array"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ValidateNapiValue for Payload {}

impl FromNapiValue for Payload {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        let mut kind = 0;
        // SAFETY: `env` and `value` are the live ones of the current call.
        check_status!(unsafe { sys::napi_typeof(env, value, &mut kind) })?;
        if kind == sys::ValueType::napi_string {
            // SAFETY: as above.
            let text = unsafe { String::from_napi_value(env, value) }?;
            return Ok(Payload(text.into()));
        }
        // SAFETY: as above; the slice is copied before the call returns to JavaScript.
        let array = unsafe { Uint8ArraySlice::from_napi_value(env, value) }?;
        Ok(Payload(Bytes::copy_from_slice(&array)))
    }
}

/// Memory of a Uint8Array that is to be written, for the length of one call: JavaScript may hand out
/// some that has not been written yet.
pub struct Room {
    start: *mut MaybeUninit<u8>,
    length: usize,
}

impl TypeName for Room {
    fn type_name() -> &'static str {
        "Uint8Array"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ValidateNapiValue for Room {}

impl FromNapiValue for Room {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        let (mut kind, mut length, mut start) = (0, 0, ptr::null_mut());
        // SAFETY: `env` and `value` are the live ones of the current call; what is not asked for
        // may be null.
        check_status!(unsafe {
            sys::napi_get_typedarray_info(
                env,
                value,
                &mut kind,
                &mut length,
                &mut start,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        })?;
        if kind != sys::TypedarrayType::uint8_array {
            return Err(napi::Error::from_reason("expected a Uint8Array"));
        }
        // An empty one may have no memory at all.
        let length = if start.is_null() { 0 } else { length };
        Ok(Room { start: start.cast(), length })
    }
}

impl Room {
    /// What is there from `offset` on.
    ///
    /// # Safety
    /// Within the call that brought it, before JavaScript runs again.
    pub unsafe fn from(&mut self, offset: f64) -> &mut [MaybeUninit<u8>] {
        if self.length == 0 {
            return &mut [];
        }
        // SAFETY: memory of a Uint8Array that is alive during the call, on the only thread that
        // JavaScript runs on; arrays that other threads share are not handed out here.
        let all = unsafe { std::slice::from_raw_parts_mut(self.start, self.length) };
        let offset = (offset as usize).min(all.len());
        &mut all[offset..]
    }
}

/// Copies `bytes` to the front of `room`; `None` when they do not fit.
pub fn copy(bytes: &[u8], room: &mut [MaybeUninit<u8>]) -> Option<usize> {
    let place = room.get_mut(..bytes.len())?;
    // SAFETY: both have that length, and memory of the engine's is none of JavaScript's.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), place.as_mut_ptr().cast(), bytes.len()) };
    Some(bytes.len())
}

/// A failure of the engine as JavaScript receives it.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// `KA_...`.
    pub code: &'static str,
    /// The text for people.
    pub message: String,
    /// Where in the exchange.
    pub phase: &'static str,
    /// Whether the connection had carried a response before.
    pub reused: bool,
    /// Whether sending again cannot make the server act twice.
    pub retry_safe: bool,
    /// `nothing`, `part` or `all` of the request.
    pub sent: &'static str,
    /// The operating system's error number, negative as Node has it.
    pub errno: Option<i32>,
    /// What failed with it.
    pub syscall: Option<&'static str>,
    /// The peer's IP address.
    pub address: Option<String>,
    /// The peer's port.
    pub port: Option<u32>,
    /// How often the request was sent.
    pub tries: u32,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Failure {
        Failure {
            code: error.kind().code(),
            message: error.to_string(),
            phase: error.phase().name(),
            reused: error.reused(),
            retry_safe: error.retry_safe(),
            sent: error.sent().name(),
            errno: error.os_errno().map(|number| -number),
            syscall: error.syscall(),
            address: error.address().map(|address| address.ip().to_string()),
            port: error.address().map(|address| address.port().into()),
            tries: error.tries(),
        }
    }
}

/// A failure of a call itself: thrown, with the table's code and the text.
pub type Thrown = napi::Error<&'static str>;

/// See [`Thrown`].
pub fn thrown(error: Error) -> Thrown {
    napi::Error::new(error.kind().code(), error.to_string())
}

/// See [`Thrown`]; a mistake found here.
pub fn invalid(message: impl Into<String>) -> Thrown {
    thrown(Error::argument(message))
}

/// Deadlines in milliseconds in the order of the table of limits: NaN takes the client's; see
/// `limit_from_millis`.
pub fn timeouts(values: &[f64]) -> Result<Timeouts, Thrown> {
    let mut timeouts = Timeouts::default();
    for (number, (row, value)) in LIMITS.iter().zip(values).enumerate() {
        if !value.is_nan()
            && let Some(limit) = timeouts.at(number)
        {
            *limit = Some(limit_from_millis(row.node, *value).map_err(thrown)?);
        }
    }
    Ok(timeouts)
}

/// The row of an error kind in the table, counted from 1.
pub(crate) fn row_of(kind: ErrorKind) -> u32 {
    ErrorKind::ALL.iter().position(|one| *one == kind).map_or(0, |row| row as u32 + 1)
}
