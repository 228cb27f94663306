//! Downloads to a file: where to, and what became of it.

use std::ffi::{CStr, OsStr, c_char, c_void};
use std::fs::File;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;

use keepalive_core::{Blocking, Download, Error, Result};

use crate::client::ka_client;
use crate::handle::{give, missing};
use crate::host::may_wait;
use crate::queue::ka_queue;
use crate::request::ka_request;
use crate::response::ka_response;
use crate::sized;
use crate::status::{ka_error, ka_status};
use crate::submit::{Handle, ka_call, token};

/// Where the body of a response goes: `ka_download_options to = {sizeof to, "file", 0, 0, 0};`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_download_options {
    /// sizeof(ka_download_options).
    pub size: usize,
    /// A path. The body is written beside it and put in its place when it is whole, with the permissions
    /// of a file that is opened to be written (what is there keeps its own; else 0666 without the umask).
    /// Symbolic links stay; a device or pipe is written to in place. NULL: `fd`.
    pub path: *const c_char,
    /// Without `path`: an open descriptor, written to in place from where it stands.
    pub fd: i64,
    /// 1: the file is on the disk, with its directory entry, before the call ends. 0: when the system likes.
    pub fsync: u64,
    /// 1: what came before a failure stays as PATH.part, with what it is a part of in PATH.part.info, and is
    /// gone on with by the next download of the same URL to the same path, if the server's answer had a
    /// strong validator. 0: it is removed.
    pub resume: u64,
}

impl ka_download_options {
    /// # Safety
    /// `options` is NULL or points to a struct of the size it states, with a path that is NULL or ends in a
    /// NUL and a descriptor that is open.
    unsafe fn read(options: *const ka_download_options) -> Result<Download> {
        if options.is_null() {
            return Err(missing("options"));
        }
        let none = ka_download_options {
            size: size_of::<ka_download_options>(),
            path: std::ptr::null(),
            fd: -1,
            fsync: 0,
            resume: 0,
        };
        // SAFETY: the caller's promise; integers and a pointer, for which any bits are a value.
        let given = unsafe { sized::read(options, none, "options") }?;
        for (name, value) in [("fsync", given.fsync), ("resume", given.resume)] {
            if value > 1 {
                return Err(Error::argument(format!("options.{name}: expected 0 or 1")));
            }
        }
        let to = match given.path.is_null() {
            false => {
                // SAFETY: the caller's promise.
                let path = unsafe { CStr::from_ptr(given.path) };
                Download::to_path(OsStr::from_bytes(path.to_bytes()))
            }
            true => {
                let wrong =
                    || Error::argument("options: neither path nor an fd from 0 on is given");
                let fd = i32::try_from(given.fd).ok().filter(|fd| *fd >= 0).ok_or_else(wrong)?;
                // SAFETY: the caller's promise.
                let fd = unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned();
                let fd = fd.map_err(|error| Error::argument(format!("options.fd: {error}")))?;
                Download::to_file(File::from(fd))
            }
        };
        Ok(to.fsync(given.fsync == 1).resume(given.resume == 1))
    }
}

/// What was written of a response's body.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_saved {
    /// Bytes of the whole body.
    pub body_size: u64,
    /// Bytes of these that an earlier download had left.
    pub kept_size: u64,
    /// How often the connection broke and the rest was asked for.
    pub resumes: u64,
}

/// Sends `request` and writes the body of the response where `options` says, on this thread. Codings are
/// not asked for (Accept-Encoding: identity) unless the request has that field. When the connection breaks,
/// the rest is asked for (Range and If-Range, RFC 9110 13.1.5) and written behind what came, if the request
/// is a GET without a Range of its own and the answer had a strong ETag, or a Last-Modified that is strong;
/// within the retry budget, as long as one of a few tries brings something. What does not fit to what came
/// is never written behind it: the body is written anew from its beginning.
/// ka_response_saved tells what was written; the response has no body then. Of a status that is not 2xx
/// nothing is written, and the body is there to read.
/// Ownership: all stays the caller's, and what is needed is copied; a descriptor is duplicated. On KA_OK
/// `*response` is owned: ka_response_free.
/// Threads: any; never two downloads to one path with `resume` (KA_INVALID_STATE).
/// Errors: as ka_client_send and ka_response_read; KA_FILE_FAILED with the system's number (ka_error_os_errno),
/// whose connection is closed; KA_RESUME_FAILED. What was written beside a path is removed then, unless
/// `resume` keeps it; what was written to a descriptor stays.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_download(
    client: *mut ka_client,
    request: *const ka_request,
    options: *const ka_download_options,
    response: *mut *mut ka_response,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(response), {
        may_wait()?;
        // The clone lets another thread free the handle while this exchange runs.
        let client = borrow!(client).client.clone();
        let request = borrow!(request);
        // SAFETY: by the header's contract `options` is NULL or a struct of the size it states.
        let to = unsafe { ka_download_options::read(options) }?;
        let response = client.download(&request.request, to, Blocking::default())?;
        Ok(give(ka_response::new(response)))
    })
}

/// Starts a download on the engine's thread, as ka_client_download does it, and returns at once; files are
/// written on helper threads of the engine's. Exactly one event with `user_data` comes to `queue`, of the
/// kind KA_EVENT_RESPONSE.
/// Ownership: all stays the caller's, and what is needed is copied; a descriptor is duplicated. On KA_OK
/// `*call` is owned: ka_call_free. `call` may be NULL.
/// Threads: any.
/// Errors: bad input, a closed client, a queue of another process. Then no event comes; every later failure
/// is an event. After ka_call_cancel what was written beside a path is removed as on any failure, perhaps
/// after the event.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_submit_download(
    client: *mut ka_client,
    request: *const ka_request,
    options: *const ka_download_options,
    queue: *mut ka_queue,
    user_data: *mut c_void,
    call: *mut *mut ka_call,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // SAFETY: by the header's contract `call` is NULL or writable.
        let call = unsafe { Handle::new(call) };
        let client = &borrow!(client).client;
        let request = borrow!(request);
        // SAFETY: by the header's contract `options` is NULL or a struct of the size it states.
        let to = unsafe { ka_download_options::read(options) }?;
        let queue = borrow!(queue).here()?;
        call.give(client.submit_download(request.request.clone(), to, queue, token(user_data))?);
        Ok(())
    })
}

/// What was written of the body by a download: false when nothing was, such as of a status that is not 2xx.
/// Ownership: `response` stays the caller's; `*saved` is filled up to `size` bytes, when something was
/// written.
/// Threads: one at a time for one response.
/// Errors: false when `response` or `saved` is NULL or `size` is not the sizeof of a version of it.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_saved(
    response: *const ka_response,
    saved: *mut ka_saved,
    size: usize,
) -> bool {
    ka_fn!(view(false), {
        let Some(known) = borrow!(response).response.saved() else { return Ok(false) };
        let told = ka_saved {
            body_size: known.bytes,
            kept_size: known.kept,
            resumes: u64::from(known.resumes),
        };
        // SAFETY: by the header's contract `saved` is NULL or has room for `size` bytes.
        unsafe { sized::write(saved, size, &told, "saved") }?;
        Ok(true)
    })
}
