//! `ka_multipart`: a form that is put together step by step and becomes a request's body.

use std::ffi::c_char;

use bytes::Bytes;
use keepalive_core::{Content, Multipart, Part, Result};

use crate::handle::{bytes, give, missing, take_back, utf8};
use crate::reader::{ka_body_reader, length_of};
use crate::request::ka_request;
use crate::status::{ka_error, ka_status};

/// A multipart/form-data body (RFC 7578): fields, files and what readers produce. Nothing of it is
/// collected: files are read while they are sent.
pub struct ka_multipart {
    form: Multipart<Content>,
}

/// Makes an empty form, with a boundary of 128 random bits.
/// Ownership: on KA_OK `*multipart` is owned: ka_request_set_multipart or ka_multipart_free.
/// Threads: any.
/// Errors: KA_INTERNAL when the system has no random numbers.
#[unsafe(no_mangle)]
pub extern "C" fn ka_multipart_new(
    multipart: *mut *mut ka_multipart,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(multipart), {
        Ok(give(ka_multipart { form: Multipart::new(None)? }))
    })
}

/// Appends a plain field. Line ends of name and value become CRLF, and what could end the name is escaped
/// (WHATWG HTML, multipart/form-data encoding algorithm).
/// Ownership: inputs are copied.
/// Threads: one at a time for one form.
/// Errors: KA_INVALID_ARGUMENT for NULL, and for what is not UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn ka_multipart_add_field(
    multipart: *mut ka_multipart,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), { field(borrow_mut!(multipart), text!(name), text!(value)) })
}

fn field(multipart: &mut ka_multipart, name: &[u8], value: &[u8]) -> Result<()> {
    multipart.form.add_text(utf8(name, "name")?, utf8(value, "value")?);
    Ok(())
}

/// Appends the file at `path`. `filename` NULL is the last part of `path`, `content_type` NULL is
/// application/octet-stream. The file is opened and read when the form is sent, with the length it has now.
/// Ownership: inputs are copied.
/// Threads: one at a time for one form.
/// Errors: KA_INVALID_ARGUMENT when there is no such file, it is a directory or may not be read
/// (ka_error_os_errno), for a text that is not UTF-8 and a media type with line ends; the form is then
/// unchanged. When it is sent: as ka_request_set_body_file.
#[unsafe(no_mangle)]
pub extern "C" fn ka_multipart_add_file(
    multipart: *mut ka_multipart,
    name: *const c_char,
    path: *const c_char,
    filename: *const c_char,
    content_type: *const c_char,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let filename = if filename.is_null() { None } else { Some(text!(filename)) };
        let kind = if content_type.is_null() { None } else { Some(text!(content_type)) };
        file(borrow_mut!(multipart), text!(name), text!(path), filename, kind)
    })
}

fn file(
    multipart: &mut ka_multipart,
    name: &[u8],
    path: &[u8],
    filename: Option<&[u8]>,
    content_type: Option<&[u8]>,
) -> Result<()> {
    let last = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    let last = String::from_utf8_lossy(last);
    let filename = match filename {
        Some(filename) => utf8(filename, "filename")?,
        None => &last,
    };
    let content = Content::File(crate::upload::file(path)?);
    add(multipart, name, Some(filename), content_type, content)
}

/// Appends `len` bytes at `data` as a file, or with `filename` NULL as a field of any content.
/// `content_type` NULL is application/octet-stream for a file, none for a field.
/// Ownership: inputs are copied.
/// Threads: one at a time for one form.
/// Errors: KA_INVALID_ARGUMENT for NULL, a text that is not UTF-8 and a media type with line ends.
#[unsafe(no_mangle)]
pub extern "C" fn ka_multipart_add_bytes(
    multipart: *mut ka_multipart,
    name: *const c_char,
    filename: *const c_char,
    content_type: *const c_char,
    data: *const u8,
    len: usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let filename = if filename.is_null() { None } else { Some(text!(filename)) };
        let kind = if content_type.is_null() { None } else { Some(text!(content_type)) };
        // SAFETY: by the header's contract `data` is NULL or `len` readable bytes.
        let data = unsafe { bytes(data, len, "data") }?;
        let content = Content::Bytes(Bytes::copy_from_slice(data));
        named(borrow_mut!(multipart), text!(name), filename, kind, content)
    })
}

/// Appends what the functions of `reader` produce while the form is sent, `length` bytes, or -1 when only
/// its end tells: the form then goes in chunks. `filename` and `content_type` as in
/// ka_multipart_add_bytes. A form can be sent again when all its readers have `rewind`. KA_READ_LATER is not
/// for a reader in a form: it fails the request.
/// Ownership: the struct is copied. Takes `reader->user_data`, also on failure, as
/// ka_request_set_body_reader does: `destroy` is called with it exactly once.
/// Threads: one at a time for one form. For those of the functions see ka_body_reader.
/// Errors: KA_INVALID_ARGUMENT when `reader` or its `read` is NULL, or `length` below -1; as
/// ka_multipart_add_bytes. When it is sent: KA_BODY_LENGTH_MISMATCH.
#[unsafe(no_mangle)]
pub extern "C" fn ka_multipart_add_reader(
    multipart: *mut ka_multipart,
    name: *const c_char,
    filename: *const c_char,
    content_type: *const c_char,
    reader: *const ka_body_reader,
    length: i64,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // Taken first: no failure leaves the caller with its data.
        // SAFETY: by the header's contract `reader` is NULL or a struct of the size it states.
        let reader = unsafe { ka_body_reader::take(reader) };
        let multipart = borrow_mut!(multipart);
        let content = Content::Source(Box::new(reader?), length_of(length)?);
        let filename = if filename.is_null() { None } else { Some(text!(filename)) };
        let kind = if content_type.is_null() { None } else { Some(text!(content_type)) };
        named(multipart, text!(name), filename, kind, content)
    })
}

fn named(
    multipart: &mut ka_multipart,
    name: &[u8],
    filename: Option<&[u8]>,
    content_type: Option<&[u8]>,
    content: Content,
) -> Result<()> {
    let filename = filename.map(|filename| utf8(filename, "filename")).transpose()?;
    add(multipart, name, filename, content_type, content)
}

fn add(
    multipart: &mut ka_multipart,
    name: &[u8],
    filename: Option<&str>,
    content_type: Option<&[u8]>,
    content: Content,
) -> Result<()> {
    let content_type = match content_type {
        None => filename.map(|_| &b"application/octet-stream"[..]),
        given => given,
    };
    let part = Part { name: utf8(name, "name")?, filename, content_type, headers: &[] };
    multipart.form.add(&part, content)
}

/// Makes a form the body of a request, in place of an earlier one, and its type the Content-Type, with
/// Content-Length when all its parts have a length.
/// Ownership: takes `multipart`, also on failure.
/// Threads: one at a time for one request and one form.
/// Errors: KA_INVALID_HEADER when the request has a Content-Type; KA_INVALID_ARGUMENT for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_multipart(
    request: *mut ka_request,
    multipart: *mut ka_multipart,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // SAFETY: by the header's contract a form of this library that the caller gives up.
        let multipart = unsafe { take_back(multipart) }.ok_or_else(|| missing("multipart"))?;
        let request = borrow_mut!(request);
        request.change().set_form(multipart.form)?;
        request.forget_reader();
        Ok(())
    })
}

/// Frees a form that no request took, with its readers.
/// Ownership: takes `multipart`; NULL is fine.
/// Threads: any, once.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_multipart_free(multipart: *mut ka_multipart) {
    ka_fn!(value(()), {
        // SAFETY: by the header's contract a form of this library, freed once.
        drop(unsafe { take_back(multipart) });
        Ok(())
    })
}
