//! The host's function that sees sockets before they are connected.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use crate::client::ka_client;
use crate::handle::missing;
use crate::host;
use crate::status::{ka_error, ka_status};

/// Sees a socket that was made and is not connected yet, to set options that this library does not know
/// (marks, priorities, a VPN's binding). `fd` is a TCP or Unix socket, borrowed for the call: it must
/// neither be closed nor connected. False ends the attempt: the request fails with KA_CONNECT_FAILED
/// unless another address serves.
pub type ka_socket_fn =
    Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, fd: c_int) -> bool>;

/// What a client calls, and its data.
#[derive(Clone, Copy)]
struct Callback {
    function: unsafe extern "C-unwind" fn(*mut c_void, c_int) -> bool,
    user_data: *mut c_void,
}

// SAFETY: the header tells the caller that the function runs on the engine's thread with its data.
unsafe impl Send for Callback {}
// SAFETY: it is called from one thread, the engine's.
unsafe impl Sync for Callback {}

impl Callback {
    fn accepts(&self, fd: c_int) -> bool {
        // SAFETY: by the header's contract the function takes these arguments, and its data is alive.
        host::call("of ka_client_set_socket_callback", || unsafe {
            (self.function)(self.user_data, fd)
        })
    }
}

/// Has `callback` see every socket that the client opens from now on, before it is connected. A client
/// has one for all its life.
/// Ownership: `user_data` stays the caller's, and lives until the client is freed and every call on it
/// has ended.
/// Threads: any. The callback runs on the engine's thread, where it must not block and calls of this
/// library that wait are refused (KA_INVALID_STATE); it ends by returning: see "Leaving" at the head of
/// this file. A forked child calls it for the sockets that it opens.
/// Errors: KA_INVALID_ARGUMENT for NULL; KA_INVALID_STATE when the client has one already.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_set_socket_callback(
    client: *mut ka_client,
    callback: ka_socket_fn,
    user_data: *mut c_void,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let client = borrow!(client);
        let function = callback.ok_or_else(|| missing("callback"))?;
        let callback = Callback { function, user_data };
        client.client.set_socket_hook(Arc::new(move |fd| match callback.accepts(fd.as_raw_fd()) {
            true => Ok(()),
            false => Err(io::Error::other("the socket callback refused it")),
        }))
    })
}
