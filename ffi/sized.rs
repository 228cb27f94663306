//! Structs that may grow at their end: whatever sizes program and library were built with, the
//! fields both know are exchanged, and what the library does not know is never ignored silently.

use keepalive_core::{Error, Result};

/// Reads a struct whose first field is its size. Fields beyond that size keep `defaults`; bytes that
/// this version does not know must be 0.
///
/// # Safety
/// `pointer` points to as many readable bytes as its first field says; `T` starts with a `usize` and
/// every bit pattern is a valid `T`.
pub unsafe fn read<T: Copy>(pointer: *const T, defaults: T, name: &'static str) -> Result<T> {
    // SAFETY: the caller's promise.
    unsafe {
        let value = read_known(pointer, defaults, name)?;
        check_tail(pointer, name)?;
        Ok(value)
    }
}

/// Reads what this version knows of a struct whose first field is its size. Fields beyond that size
/// keep `defaults`.
///
/// # Safety
/// As for [`read`], for what was written to the struct.
pub unsafe fn read_known<T: Copy>(pointer: *const T, defaults: T, name: &'static str) -> Result<T> {
    // SAFETY: the caller's promise.
    let size = unsafe { size_of_struct(pointer, name) }?;
    let mut value = defaults;
    // SAFETY: both sides have the number of bytes, and they do not overlap.
    unsafe {
        let to = (&raw mut value).cast::<u8>();
        let count = whole_words(size.min(size_of::<T>()));
        std::ptr::copy_nonoverlapping(pointer.cast::<u8>(), to, count);
    }
    Ok(value)
}

/// Refuses a struct that has a value where this version knows no field.
///
/// # Safety
/// As for [`read`].
pub unsafe fn check_tail<T>(pointer: *const T, name: &'static str) -> Result<()> {
    let known = size_of::<T>();
    // SAFETY: the caller's promise.
    let size = unsafe { size_of_struct(pointer, name) }?;
    if size > known {
        // SAFETY: the caller's promise: `size` bytes are there.
        let tail = unsafe {
            std::slice::from_raw_parts(pointer.cast::<u8>().wrapping_add(known), size - known)
        };
        if tail.iter().any(|byte| *byte != 0) {
            return Err(Error::argument(format!(
                "{name}.size: {size} bytes hold a field that this version ({known} bytes) does not know"
            )));
        }
    }
    Ok(())
}

/// # Safety
/// `pointer` points to a struct that starts with its size.
unsafe fn size_of_struct<T>(pointer: *const T, name: &'static str) -> Result<usize> {
    // SAFETY: the caller's promise: at least the size is there.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    check(size, name)?;
    Ok(size)
}

/// Writes as much of `value` as `size` bytes hold, zeros beyond it.
///
/// # Safety
/// `pointer` is NULL or points to `size` writable bytes.
pub unsafe fn write<T: Copy>(
    pointer: *mut T,
    size: usize,
    value: &T,
    name: &'static str,
) -> Result<()> {
    if pointer.is_null() {
        return Err(crate::handle::missing(name));
    }
    check(size, name)?;
    let known = size_of::<T>();
    // SAFETY: both sides have the number of bytes; `value` is a reference and so apart.
    unsafe {
        let to = pointer.cast::<u8>();
        std::ptr::copy_nonoverlapping((&raw const *value).cast::<u8>(), to, size.min(known));
        to.wrapping_add(known.min(size)).write_bytes(0, size.saturating_sub(known));
    }
    Ok(())
}

/// A struct this long cannot be meant: the field was not initialised.
const LIMIT: usize = 1 << 20;

fn check(size: usize, name: &'static str) -> Result<()> {
    if (size_of::<usize>()..LIMIT).contains(&size) {
        return Ok(());
    }
    Err(Error::argument(format!("{name}.size: {size} is not the sizeof of a version of it")))
}

/// A field that a wrong size cuts in two keeps its default.
fn whole_words(size: usize) -> usize {
    size - size % size_of::<u64>()
}
