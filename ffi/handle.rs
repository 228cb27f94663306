//! Raw pointers become references and boxes here, each with a check for NULL that names the
//! argument. What cannot be checked (a dangling pointer, a wrong type) is the header's contract.

use std::ffi::{CStr, c_char};

use keepalive_core::{Error, Result};

use crate::slice::ka_str;

/// A handle that is read; leaves the function with `KA_INVALID_ARGUMENT` when it is NULL.
macro_rules! borrow {
    ($pointer:ident) => {
        // SAFETY: by the header's contract a handle is NULL or alive during the call, and changed
        // by no other thread.
        unsafe { $crate::handle::borrow($pointer, stringify!($pointer)) }?
    };
}

/// A handle that is changed.
macro_rules! borrow_mut {
    ($pointer:ident) => {
        // SAFETY: by the header's contract a handle is NULL or alive during the call, and used by
        // no other thread.
        unsafe { $crate::handle::borrow_mut($pointer, stringify!($pointer)) }?
    };
}

/// The bytes of a text that ends in a NUL.
macro_rules! text {
    ($pointer:ident) => {
        // SAFETY: by the header's contract a string is NULL or ends in a NUL and is not changed
        // during the call.
        unsafe { $crate::handle::text($pointer, stringify!($pointer)) }?
    };
}

/// The bytes of a text that comes with its length.
macro_rules! view {
    ($view:ident) => {
        // SAFETY: by the header's contract a view is of as many readable bytes as it says, which are
        // not changed during the call.
        unsafe { $crate::handle::view($view, stringify!($view)) }?
    };
}

/// # Safety
/// `pointer` is NULL or valid for reads during `'a`.
pub unsafe fn borrow<'a, T>(pointer: *const T, name: &'static str) -> Result<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_ref() }.ok_or_else(|| missing(name))
}

/// # Safety
/// `pointer` is NULL or valid for reads and writes, by this call alone, during `'a`.
pub unsafe fn borrow_mut<'a, T>(pointer: *mut T, name: &'static str) -> Result<&'a mut T> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_mut() }.ok_or_else(|| missing(name))
}

/// # Safety
/// `pointer` is NULL or a NUL-terminated string that stays unchanged during `'a`.
pub unsafe fn text<'a>(pointer: *const c_char, name: &'static str) -> Result<&'a [u8]> {
    if pointer.is_null() {
        return Err(missing(name));
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    Ok(unsafe { CStr::from_ptr(pointer) }.to_bytes())
}

/// # Safety
/// `view` is empty, or of as many bytes as it says, valid for reads during `'a`.
pub unsafe fn view<'a>(view: ka_str, name: &'static str) -> Result<&'a [u8]> {
    // SAFETY: the caller's promise.
    unsafe { bytes(view.ptr.cast(), view.len, name) }
}

/// Pointer and length; NULL is an empty slice when the length is 0.
///
/// # Safety
/// `pointer` is NULL or valid for `len` reads during `'a`.
pub unsafe fn bytes<'a>(pointer: *const u8, len: usize, name: &'static str) -> Result<&'a [u8]> {
    if len == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(missing(name));
    }
    check_length(len, name)?;
    // SAFETY: not NULL and not longer than memory; the rest is the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(pointer, len) })
}

/// No object is longer than half the address space; a length beyond it is a negative number.
pub fn check_length(len: usize, name: &'static str) -> Result<()> {
    match isize::try_from(len) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::argument(format!("{name}: a length of {len} is not possible"))),
    }
}

/// UTF-8 for what must be text.
pub fn utf8<'a>(text: &'a [u8], name: &'static str) -> Result<&'a str> {
    std::str::from_utf8(text).map_err(|_| Error::argument(format!("{name}: is not UTF-8")))
}

/// Moves a value into a handle; [`take_back`] is its end.
#[inline]
pub fn give<T>(value: T) -> *mut T {
    // Memory first: what is made before it is copied there.
    Box::into_raw(Box::write(Box::new_uninit(), value))
}

/// Ends a handle; NULL is nothing.
///
/// # Safety
/// `pointer` is NULL or came from [`give`] and was not taken back before.
pub unsafe fn take_back<T>(pointer: *mut T) -> Option<Box<T>> {
    // SAFETY: the caller's promise.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer) })
}

/// The error of a NULL argument.
pub fn missing(name: &'static str) -> Error {
    Error::argument(format!("{name}: is NULL"))
}
