//! The only way to export a function: `ka_fn!` stops panics, checks and clears outputs, and hands
//! out the error. It knows nothing about HTTP.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use keepalive_core::{Error, ErrorKind, Phase, Result};

use crate::handle::{give, missing};
use crate::slice::{ka_bytes, ka_str};
use crate::status::{ka_error, ka_status};

/// The whole body of an exported function.
///
/// `ka_fn!(status(error), outs(a, b), { ... })` returns `ka_status`: outputs are emptied first, a
/// NULL one is `KA_INVALID_ARGUMENT`, and the block's `Ok` values are written on success only.
/// `ka_fn!(value(default), { ... })` returns the block's `Ok` value, or the default on any failure.
/// `ka_fn!(view(default), { ... })` is the same for a block that only looks: it calls neither the
/// system nor the host. `looks(condition)` before a block says when one of the others does no more.
macro_rules! ka_fn {
    (status($error:expr), outs($($out:ident),*), $body:block) => {
        ka_fn!(status($error), outs($($out),*), looks(false), $body)
    };
    (status($error:expr), outs($($out:ident),*), looks($looks:expr), $body:block) => {{
        let _inside = (!$looks).then($crate::host::Inside::enter);
        // SAFETY: by the header's contract an output is NULL or points to writable storage of its
        // type that nobody else uses during the call.
        let (error, outs) = unsafe {
            (
                $crate::boundary::Out::new($error, "error"),
                ($($crate::boundary::Out::new($out, stringify!($out))),*),
            )
        };
        $crate::boundary::fallible(error, outs, move || $body)
    }};
    (value($default:expr), $body:block) => {
        ka_fn!(value($default), looks(false), $body)
    };
    (value($default:expr), looks($looks:expr), $body:block) => {{
        let _inside = (!$looks).then($crate::host::Inside::enter);
        $crate::boundary::infallible($default, move || $body)
    }};
    (view($default:expr), $body:block) => {
        $crate::boundary::infallible($default, move || $body)
    };
}

/// Storage of the caller's for one result.
pub struct Out<T> {
    pointer: *mut T,
    name: &'static str,
}

impl<T> Out<T> {
    /// # Safety
    /// `pointer` is NULL or valid for writes as long as this lives.
    pub unsafe fn new(pointer: *mut T, name: &'static str) -> Self {
        Out { pointer, name }
    }

    pub fn is_given(&self) -> bool {
        !self.pointer.is_null()
    }

    pub fn write_if_given(&self, value: impl FnOnce() -> T) {
        if !self.pointer.is_null() {
            // SAFETY: not NULL, so valid for writes by the contract of `new`.
            unsafe { self.pointer.write(value()) }
        }
    }
}

/// What an output holds when its function failed.
pub trait Empty {
    fn empty() -> Self;
}

impl<T> Empty for *mut T {
    fn empty() -> Self {
        std::ptr::null_mut()
    }
}

impl Empty for usize {
    fn empty() -> Self {
        0
    }
}

impl Empty for u16 {
    fn empty() -> Self {
        0
    }
}

impl Empty for ka_str {
    fn empty() -> Self {
        ka_str::NONE
    }
}

impl Empty for ka_bytes {
    fn empty() -> Self {
        ka_bytes::NONE
    }
}

/// The outputs of one function: none, one or two.
pub trait Outs {
    type Values;
    /// Empties all that are given and names the first that is not.
    fn clear(&self) -> Option<&'static str>;
    fn write(&self, values: Self::Values);
}

impl Outs for () {
    type Values = ();
    fn clear(&self) -> Option<&'static str> {
        None
    }
    fn write(&self, (): ()) {}
}

impl<T: Empty> Outs for Out<T> {
    type Values = T;
    fn clear(&self) -> Option<&'static str> {
        self.write_if_given(T::empty);
        self.pointer.is_null().then_some(self.name)
    }
    fn write(&self, value: T) {
        self.write_if_given(|| value);
    }
}

impl<A: Empty, B: Empty> Outs for (Out<A>, Out<B>) {
    type Values = (A, B);
    fn clear(&self) -> Option<&'static str> {
        let (first, second) = (self.0.clear(), self.1.clear());
        first.or(second)
    }
    fn write(&self, values: (A, B)) {
        self.0.write(values.0);
        self.1.write(values.1);
    }
}

pub fn fallible<O: Outs>(
    error: Out<*mut ka_error>,
    outs: O,
    body: impl FnOnce() -> Result<O::Values>,
) -> ka_status {
    error.write_if_given(std::ptr::null_mut);
    let result = match outs.clear() {
        Some(name) => Err(missing(name)),
        None => caught(body),
    };
    match result {
        Ok(values) => {
            outs.write(values);
            ka_status::KA_OK
        }
        Err(failure) => {
            let status = ka_status::of(failure.kind());
            error.write_if_given(|| give(ka_error::new(failure)));
            status
        }
    }
}

pub fn infallible<T>(default: T, body: impl FnOnce() -> Result<T>) -> T {
    caught(body).unwrap_or(default)
}

fn caught<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    // A handle that a panic left half-changed holds a lease that discards its connection on drop.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(panicked(payload)))
}

fn panicked(payload: Box<dyn Any + Send>) -> Error {
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text.to_string(),
        (_, Some(text)) => text.clone(),
        _ => "no message".to_string(),
    };
    // The drop of a foreign payload may panic, and this is the last stop.
    std::mem::forget(payload);
    Error::new(ErrorKind::Panic, Phase::Request, format!("a bug in libkeepalive: {text}"))
}

#[cfg(test)]
mod tests;
