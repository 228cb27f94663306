//! The host's function that is told how far a body has come.

use std::ffi::c_void;
use std::sync::Arc;

use keepalive_core::{Progress, ProgressSink, Transfer};

use crate::handle::missing;
use crate::host;
use crate::reader::ka_destroy_fn;
use crate::request::ka_request;
use crate::status::{ka_error, ka_status};

/// `total_size` of a ka_progress that is not known.
pub const KA_TOTAL_UNKNOWN: u64 = u64::MAX;

/// How far a body has come. The size of this struct stays: what later versions tell is in what is
/// `reserved` now.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_progress {
    /// Bytes so far, as they are on the wire: of a coded body before it is decoded. Of a download that
    /// was taken up again, those that were there count too.
    pub done_size: u64,
    /// Bytes in all, or KA_TOTAL_UNKNOWN.
    pub total_size: u64,
    /// How many bytes a second, of the last few seconds.
    pub rate: f64,
    /// 0 for a response's body, 1 for a request's.
    pub upload: u64,
    /// 0.
    pub reserved: [u64; 4],
}

/// Is told how far a body has come, at most ten times a second and at its end; `progress` is borrowed for
/// the call. False ends the request with KA_CANCELLED.
pub type ka_progress_fn = Option<
    unsafe extern "C-unwind" fn(user_data: *mut c_void, progress: *const ka_progress) -> bool,
>;

struct Callback {
    function: unsafe extern "C-unwind" fn(*mut c_void, *const ka_progress) -> bool,
    owned: Owned,
}

/// The host's data; given up with it.
struct Owned {
    user_data: *mut c_void,
    destroy: ka_destroy_fn,
}

// SAFETY: the header tells the caller on which threads the functions run.
unsafe impl Send for Owned {}
// SAFETY: as above; one transfer calls it at a time, and the header says that several may.
unsafe impl Sync for Owned {}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: by the header's contract the function takes its data, once; nobody has it now.
            host::call("destroy of ka_request_set_progress", || unsafe { destroy(self.user_data) });
        }
    }
}

impl ProgressSink for Callback {
    fn progress(&self, progress: &Progress) -> bool {
        let told = ka_progress {
            done_size: progress.bytes,
            total_size: progress.total.unwrap_or(KA_TOTAL_UNKNOWN),
            rate: progress.rate,
            upload: u64::from(progress.transfer == Transfer::Upload),
            reserved: [0; 4],
        };
        // SAFETY: by the header's contract the function takes these arguments, and its data is alive.
        host::call("of ka_request_set_progress", || unsafe {
            (self.function)(self.owned.user_data, &raw const told)
        })
    }
}

/// Has `callback` told how far the bodies of the request and of its response have come: of a download, of
/// ka_response_read and ka_response_read_all, and of what is submitted. It replaces an earlier one.
/// Ownership: takes `user_data`, also on failure: it lives until `destroy` is called with it, once, after
/// the last call of `callback`: when the request is freed or has got another one, and the calls and
/// responses that it is for have ended. `destroy` may be NULL.
/// Threads: one at a time for one request. `callback` runs on the thread of a blocking call or read, else
/// on the engine's, where it must not block and calls of this library that wait are refused
/// (KA_INVALID_STATE); for a request that is sent several times at once, on several threads at once. It
/// ends by returning: see "Leaving" at the head of this file. `destroy` runs on any of these threads.
/// Errors: KA_INVALID_ARGUMENT for a NULL `request` or `callback`.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_progress(
    request: *mut ka_request,
    callback: ka_progress_fn,
    user_data: *mut c_void,
    destroy: ka_destroy_fn,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // Taken first: no failure leaves the caller with its data.
        let owned = Owned { user_data, destroy };
        let request = borrow_mut!(request);
        let function = callback.ok_or_else(|| missing("callback"))?;
        request.change().set_progress(Arc::new(Callback { function, owned }));
        Ok(())
    })
}
