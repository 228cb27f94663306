//! Pointer and length: views of memory that belongs to a handle, or to the caller.

use std::ffi::c_char;

/// A view of text that belongs to another object, or to the caller: `len` bytes at `ptr`, no NUL at
/// the end; print it with "%.*s". In a view that a function gives out `ptr` is not NULL, unless the
/// function failed: then both are 0. In one that a function takes it may be NULL when `len` is 0.
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
