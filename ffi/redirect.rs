//! The host's function that decides about redirects, and the answers that redirects were.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use keepalive_core::{RedirectHook, RedirectQuestion, Response};

use crate::client::ka_client;
use crate::handle::missing;
use crate::host;
use crate::request::ka_request;
use crate::response::ka_response;
use crate::slice::ka_str;
use crate::status::{ka_error, ka_status};

/// A redirect that is about to be followed, for the time of a call of a ka_redirect_fn.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_redirect {
    /// The number of bytes of this struct that the running library knows.
    pub size: usize,
    /// Where it leads: an absolute URL, without userinfo.
    pub url: ka_str,
    /// The method of the next request.
    pub method: ka_str,
    /// The response that leads there, without its body: ka_response_status, ka_response_url and its header
    /// fields.
    pub response: *const ka_response,
}

/// Decides about a redirect: true is that it is followed, false that the request fails with
/// KA_REDIRECT_REFUSED.
pub type ka_redirect_fn = Option<
    unsafe extern "C-unwind" fn(user_data: *mut c_void, redirect: *const ka_redirect) -> bool,
>;

/// What is called, and its data.
struct Callback {
    function: unsafe extern "C-unwind" fn(*mut c_void, *const ka_redirect) -> bool,
    user_data: *mut c_void,
}

// SAFETY: the header tells the caller on which threads the function runs.
unsafe impl Send for Callback {}
// SAFETY: the header tells the caller that it can run on several at once.
unsafe impl Sync for Callback {}

impl RedirectHook for Callback {
    fn asked(&self, question: RedirectQuestion) {
        let response = ka_response::new(Response::from(&question));
        let redirect = ka_redirect {
            size: size_of::<ka_redirect>(),
            url: ka_str::new(question.next_url().as_bytes()),
            method: ka_str::new(question.next_method().as_bytes()),
            response: &raw const response,
        };
        // SAFETY: by the header's contract the function takes these arguments, and its data is alive.
        let follows = host::call("of a redirect callback", || unsafe {
            (self.function)(self.user_data, &raw const redirect)
        });
        match follows {
            true => question.follow(),
            false => question.refuse("the redirect callback refused it"),
        }
    }
}

/// Has `callback` decide about each redirect that is followed for the client from now on, unless its request
/// has one of its own. A client has one for all its life.
/// Ownership: `user_data` stays the caller's, and lives until the client is freed and every call on it
/// has ended.
/// Threads: any. The callback runs on the thread of ka_client_send, or for a submitted request on the
/// engine's, where it must not block and calls of this library that wait are refused (KA_INVALID_STATE); on
/// several threads at once, if several send. It ends by returning: see "Leaving" at the head of this file.
/// Errors: KA_INVALID_ARGUMENT for NULL; KA_INVALID_STATE when the client has one already.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_set_redirect_callback(
    client: *mut ka_client,
    callback: ka_redirect_fn,
    user_data: *mut c_void,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let client = borrow!(client);
        let function = callback.ok_or_else(|| missing("callback"))?;
        client.client.set_redirect_hook(Arc::new(Callback { function, user_data }))
    })
}

/// Has `callback` decide about each redirect that is followed for this request, in place of its client's.
/// Ownership: `user_data` stays the caller's, and lives until the request is freed and every call with it
/// has ended.
/// Threads: one at a time for one request; those of the callback are as of ka_client_set_redirect_callback.
/// Errors: KA_INVALID_ARGUMENT for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_redirect_callback(
    request: *mut ka_request,
    callback: ka_redirect_fn,
    user_data: *mut c_void,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let request = borrow_mut!(request);
        let function = callback.ok_or_else(|| missing("callback"))?;
        request.change().set_redirect_hook(Arc::new(Callback { function, user_data }));
        Ok(())
    })
}

/// The number of responses that led to this one by redirects and are still known: the last 64.
/// Ownership: `response` stays the caller's.
/// Threads: one at a time for one response.
/// Errors: 0 when `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_history_count(response: *const ka_response) -> usize {
    ka_fn!(view(0), { Ok(borrow!(response).response.history().len()) })
}

/// One of the responses that led to this one, the first at 0: its status, URL, header fields and
/// ka_response_info can be asked for; it has no body.
/// Ownership: a view, valid until ka_response_free of `response`; it must not be freed.
/// Threads: one at a time for one response.
/// Errors: NULL when `response` is NULL or `index` not below ka_response_history_count.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_history_at(
    response: *const ka_response,
    index: usize,
) -> *const ka_response {
    ka_fn!(view(ptr::null()), {
        let response = borrow!(response);
        let history = response.history.get_or_init(|| {
            let hops = response.response.history().iter();
            hops.map(|hop| ka_response::new(Response::from(&**hop))).collect()
        });
        Ok(history.get(index).map_or(ptr::null(), ptr::from_ref))
    })
}
