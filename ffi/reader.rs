//! `ka_body_reader`: functions of the host's that produce a request body, and when they are called.

use std::ffi::c_void;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use keepalive_core::{BodySource, Error, Result, source_failed};

use crate::handle::missing;
use crate::host;
use crate::later::{Later, Then};
use crate::sized;

/// Produces a request body piece by piece: writes up to `capacity` bytes to `buffer` and returns
/// their number, 0 at the end, -1 when it failed; the request then fails with
/// KA_BODY_SOURCE_FAILED. KA_READ_LATER: nothing is there yet; it is called again after
/// ka_call_resume_upload. Other negative numbers fail too and are reserved. `capacity` is at least 1.
pub type ka_read_fn = Option<
    unsafe extern "C-unwind" fn(user_data: *mut c_void, buffer: *mut u8, capacity: usize) -> isize,
>;

/// What a ka_read_fn returns when it has nothing yet. The call that sends the body has to have a ka_call:
/// ka_client_submit or ka_client_send_cancellable with one; else the request fails with
/// KA_BODY_SOURCE_FAILED, as it does when the ka_call is freed meanwhile. A blocking call waits within its
/// total_timeout_ms.
pub const KA_READ_LATER: isize = -2;

/// Starts the body again from its first byte; false when that is impossible.
pub type ka_rewind_fn = Option<unsafe extern "C-unwind" fn(user_data: *mut c_void) -> bool>;

/// Gives up `user_data`.
pub type ka_destroy_fn = Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>;

/// A request body from functions of the program: ka_request_set_body_reader. Set what is not used to
/// NULL, as an initialiser does: `ka_body_reader reader = {sizeof reader, read, NULL, NULL, data};`.
///
/// The functions are called one at a time. For ka_client_send that is on its thread, where they may
/// block. For a submitted request it is within ka_client_submit, or on the engine's thread, where they
/// must not block: all submitted requests wait meanwhile. They may call the library, but not with the
/// request that they serve; what would wait on the engine's thread is refused there
/// (KA_INVALID_STATE). They end by returning: see "Leaving" at the head of this file.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_body_reader {
    /// sizeof(ka_body_reader).
    pub size: usize,
    /// Produces the body. Never NULL.
    pub read: ka_read_fn,
    /// Starts it again, after `read` was called, for a replay, a retry, a redirect or another call
    /// with the request. NULL: it can be sent once, and what would send it again fails with an error
    /// that says so.
    pub rewind: ka_rewind_fn,
    /// Called exactly once, after the last call of `read` and `rewind`: when the request is freed or
    /// has got another body, and the calls that send it have ended, by ka_call_cancel or after
    /// ka_queue_free too. It runs in the last of these calls, or on the engine's thread, where it must
    /// not block. A forked child has a copy of its parent's requests, and calls it for those it frees;
    /// not for one that the parent was sending at the fork. Nor is it called for what is left when the
    /// process ends: `read` may then be called until the process is gone. NULL: nothing is to be done.
    pub destroy: ka_destroy_fn,
    /// Handed to the three functions; never looked at.
    pub user_data: *mut c_void,
}

impl ka_body_reader {
    const NONE: ka_body_reader = ka_body_reader {
        size: size_of::<ka_body_reader>(),
        read: None,
        rewind: None,
        destroy: None,
        user_data: std::ptr::null_mut(),
    };

    /// Takes over what `reader` points to: once its functions are known, `destroy` is called in the
    /// end, also when this fails.
    ///
    /// # Safety
    /// `reader` is NULL or points to a struct of the size it states. Its functions keep to their
    /// types and may be called from any thread with its `user_data`, until `destroy` was called.
    pub(crate) unsafe fn take(reader: *const ka_body_reader) -> Result<Reader> {
        if reader.is_null() {
            return Err(missing("reader"));
        }
        // SAFETY: the caller's promise; an integer and pointers, for which NULL is a value.
        let given = unsafe { sized::read_known(reader, ka_body_reader::NONE, "reader") }?;
        let owned = Owned { user_data: given.user_data, destroy: given.destroy };
        // SAFETY: the caller's promise.
        unsafe { sized::check_tail(reader, "reader") }?;
        let read = given.read.ok_or_else(|| missing("reader.read"))?;
        let later = Later::new();
        Ok(Reader { read, rewind: given.rewind, owned, spare: BytesMut::new(), later })
    }
}

/// The host's data; given up with it.
struct Owned {
    user_data: *mut c_void,
    destroy: ka_destroy_fn,
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: by the header's contract the function takes its data, once; nobody has it now.
            host::call("destroy of a ka_body_reader", || unsafe { destroy(self.user_data) });
        }
    }
}

/// The functions as a body.
pub(crate) struct Reader {
    read: unsafe extern "C-unwind" fn(*mut c_void, *mut u8, usize) -> isize,
    rewind: ka_rewind_fn,
    owned: Owned,
    spare: BytesMut,
    later: Arc<Later>,
}

impl Reader {
    pub(crate) fn later(&self) -> &Arc<Later> {
        &self.later
    }
}

/// A length as it comes from C: -1 is unknown.
pub(crate) fn length_of(length: i64) -> Result<Option<u64>> {
    match length {
        -1 => Ok(None),
        length => u64::try_from(length).map(Some).map_err(|_| {
            Error::argument(format!("length: {length} is neither a length nor -1 for unknown"))
        }),
    }
}

/// What `read` is offered: large enough for few calls, small enough for many requests.
const PIECE: usize = 16 * 1024;

// SAFETY: the header tells the caller on which threads the functions run, one at a time.
unsafe impl Send for Reader {}

impl BodySource for Reader {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        match self.later.polled(cx.waker()) {
            Then::Go => {}
            Then::Wait => return Poll::Pending,
            Then::Never => {
                let text = "the reader said KA_READ_LATER, and no ka_call can resume it";
                return Poll::Ready(Err(source_failed(text)));
            }
        }
        self.spare.clear();
        // Zeroed: a function that says it wrote more than it did sends no memory of the process.
        self.spare.resize(PIECE, 0);
        let (user_data, buffer) = (self.owned.user_data, self.spare.as_mut_ptr());
        // SAFETY: by the header's contract the function takes these arguments, and its data is alive
        // until it is given to `destroy`.
        let count = host::call("read of a ka_body_reader", || unsafe {
            (self.read)(user_data, buffer, PIECE)
        });
        if count == KA_READ_LATER {
            self.later.waits();
            // An empty piece: whether it has been resumed is looked at when others have had their turns.
            return Poll::Ready(Ok(Some(Bytes::new())));
        }
        Poll::Ready(match usize::try_from(count) {
            Ok(0) => Ok(None),
            Ok(count) if count <= PIECE => Ok(Some(self.spare.split_to(count).freeze())),
            Ok(count) => Err(source_failed(&format!(
                "the reader returned {count}, more than the {PIECE} bytes it had room for"
            ))),
            Err(_) => Err(source_failed(&format!("the reader returned {count}"))),
        })
    }

    fn can_rewind(&self) -> bool {
        self.rewind.is_some()
    }

    fn rewind(&mut self) -> bool {
        self.later.restarts();
        self.rewind.is_some_and(|rewind| {
            // SAFETY: as for `read`.
            host::call("rewind of a ka_body_reader", || unsafe { rewind(self.owned.user_data) })
        })
    }
}
