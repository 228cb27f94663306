//! Views of memory that belongs to a handle.

use std::ffi::c_char;

/// A view of text that belongs to another object. `len` bytes at `ptr`, no NUL at the end; print it
/// with "%.*s". `ptr` is never NULL in a view that a function gave out; both are 0 when it failed.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_str {
    /// The first byte.
    pub ptr: *const c_char,
    /// The number of bytes.
    pub len: usize,
}

/// A view of bytes that belong to another object.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_bytes {
    /// The first byte.
    pub ptr: *const u8,
    /// The number of bytes.
    pub len: usize,
}

impl ka_str {
    /// NULL and 0.
    pub(crate) const NONE: ka_str = ka_str { ptr: std::ptr::null(), len: 0 };

    pub(crate) fn new(bytes: &[u8]) -> Self {
        ka_str { ptr: bytes.as_ptr().cast(), len: bytes.len() }
    }
}

impl ka_bytes {
    /// NULL and 0.
    pub(crate) const NONE: ka_bytes = ka_bytes { ptr: std::ptr::null(), len: 0 };

    pub(crate) fn new(bytes: &[u8]) -> Self {
        ka_bytes { ptr: bytes.as_ptr(), len: bytes.len() }
    }
}
