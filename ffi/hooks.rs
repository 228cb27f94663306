//! `ka_hooks`: the host's function that is told what happens to requests and connections.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use keepalive_core::{Error, Event, Observer, Response, Result};

use crate::client::ka_client;
use crate::convert::nanoseconds;
use crate::handle::missing;
use crate::host;
use crate::reader::ka_destroy_fn;
use crate::request::ka_request;
use crate::response::ka_response;
use crate::sized;
use crate::slice::ka_str;
use crate::status::{ka_error, ka_status};

/// What a hook is told of, in the order in which it happens to a request; in brackets what Go's httptrace
/// calls it. Later versions may have more kinds: a hook passes over those that it does not know.
///
/// The steps of a dial (those with `dial`) happen on the engine's thread. A client's hook is told of each
/// dial, a request's of those that were begun for it: another connection may come first, and the dial goes on.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ka_hook_kind {
    /// A request begins: `method`, and its URL in `text`.
    KA_HOOK_REQUEST = 1,
    /// It asks the pool for a connection (GetConn).
    KA_HOOK_QUEUED = 2,
    /// A name is being resolved, which is in `text` (DNSStart).
    KA_HOOK_RESOLVING = 3,
    /// That has ended, with `count` addresses or the failure in `status` (DNSDone).
    KA_HOOK_RESOLVED = 4,
    /// The address in `text` is being connected to (ConnectStart).
    KA_HOOK_CONNECTING = 5,
    /// That has ended, `status` saying how (ConnectDone). An address that another overtakes has no end.
    KA_HOOK_CONNECTED = 6,
    /// A TLS handshake begins with the host in `text`, a proxy or the server (TLSHandshakeStart).
    KA_HOOK_SECURING = 7,
    /// That has ended, `status` saying how (TLSHandshakeDone).
    KA_HOOK_SECURED = 8,
    /// A dial has failed: `status` and `failed`.
    KA_HOOK_DIAL_FAILED = 9,
    /// A connection was opened, which took `resolve_ns`, `connect_ns` and `tls_ns`: of a client, each; of a
    /// request, the one that it then gets.
    KA_HOOK_OPENED = 10,
    /// The request has a connection (GotConn): `count` is 1 if it has carried a response before, `spent_ns` how
    /// long it was idle.
    KA_HOOK_GOT_CONNECTION = 11,
    /// The head of the request is written (WroteHeaders).
    KA_HOOK_HEAD_SENT = 12,
    /// The body waits for the server's word (Wait100Continue).
    KA_HOOK_AWAITING_CONTINUE = 13,
    /// The request is written to its last byte (WroteRequest): `count` bytes, TLS and all.
    KA_HOOK_SENT = 14,
    /// The first bytes of the answer came (GotFirstResponseByte).
    KA_HOOK_FIRST_BYTE = 15,
    /// A 1xx head came, which is in `response` (Got100Continue, Got1xxResponse).
    KA_HOOK_INFORMATIONAL = 16,
    /// The final head came, which is in `response`.
    KA_HOOK_HEAD = 17,
    /// The connection has gone back to the pool (PutIdleConn).
    KA_HOOK_RETURNED = 18,
    /// The response came to its verified end.
    KA_HOOK_END = 19,
    /// The connection died under the request, for the reason in `status`; it is sent again on a fresh one.
    KA_HOOK_REPLAY = 20,
    /// The request is tried again after `spent_ns`.
    KA_HOOK_RETRY = 21,
    /// The request is sent a second time beside the first.
    KA_HOOK_HEDGE = 22,
    /// The second of the two was answered first.
    KA_HOOK_HEDGE_WON = 23,
    /// The circuit breaker of the origin refused the request.
    KA_HOOK_BREAKER = 24,
    /// A redirect is followed, `count` being its number from 1 on.
    KA_HOOK_REDIRECT = 25,
    /// The request failed, or the body of its response did: `status` and `failed`. One that is cancelled is
    /// told of no end.
    KA_HOOK_FAILED = 26,
    /// A connection was closed, for the reason in `text`, a name as of ka_client_close_reasons.
    KA_HOOK_CLOSED = 27,
}

/// Something that happened, for the time of a call of a ka_hook_fn. Fields that its kind does not name are 0,
/// empty or NULL.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_hook_event {
    /// The number of bytes of this struct that the running library knows.
    pub size: usize,
    /// What happened.
    pub kind: ka_hook_kind,
    /// Why it failed, KA_OK if it did not.
    pub status: ka_status,
    /// Number of the request that it happened to, unique in the process; 0: to none.
    pub request: u64,
    /// Number of the dial, unique in the process; 0 for what is not a step of one.
    pub dial: u64,
    /// Number of the connection, unique in the process.
    pub connection_id: u64,
    /// What the kind says.
    pub count: u64,
    /// What the kind says, in nanoseconds.
    pub spent_ns: u64,
    /// Spent on resolving the name, in nanoseconds.
    pub resolve_ns: u64,
    /// Spent on the TCP handshake, in nanoseconds.
    pub connect_ns: u64,
    /// Spent on the TLS handshake, in nanoseconds.
    pub tls_ns: u64,
    /// The method of the request.
    pub method: ka_str,
    /// What the kind says.
    pub text: ka_str,
    /// A head that came, without body: ka_response_status and its header fields.
    pub response: *const ka_response,
    /// The failure.
    pub failed: *const ka_error,
}

/// Is told that something happened.
pub type ka_hook_fn =
    Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, event: *const ka_hook_event)>;

/// A function of the program's that is told what happens: ka_client_set_hooks, ka_request_set_hooks. Set what
/// is not used to NULL, as an initialiser does: `ka_hooks hooks = {sizeof hooks, hook, NULL, data};`.
///
/// The function is called where the thing happens: on the thread of ka_client_send and of ka_response_read, on
/// the engine's for submitted requests (and within ka_client_submit), for the steps of every dial and for what
/// the pool does by itself; by several threads at once, if several send. It is never called under a lock and must not block: on the
/// engine's thread all submitted requests wait meanwhile, and what would wait is refused there
/// (KA_INVALID_STATE). It may call the library, also with the client that it is told of: send (not on the
/// engine's thread), submit, cancel its own call, close the client; only not change the request that it serves.
/// It ends by returning: see "Leaving" at the head of this file. A forked child calls it for its own requests
/// and connections, not for those of its parent.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_hooks {
    /// sizeof(ka_hooks).
    pub size: usize,
    /// Is told what happens. Never NULL.
    pub hook: ka_hook_fn,
    /// Called exactly once, after the last call of `hook`: when the client or request is freed, or the request
    /// has got other hooks, and the calls that use them have ended. It runs in the last of these calls or on
    /// the engine's thread, where it must not block. NULL: nothing is to be done.
    pub destroy: ka_destroy_fn,
    /// Handed to the functions; never looked at.
    pub user_data: *mut c_void,
}

impl ka_hooks {
    const NONE: ka_hooks = ka_hooks {
        size: size_of::<ka_hooks>(),
        hook: None,
        destroy: None,
        user_data: ptr::null_mut(),
    };

    /// Takes over what `hooks` points to: once its functions are known, `destroy` is called in the end, also
    /// when this fails.
    ///
    /// # Safety
    /// `hooks` is NULL or points to a struct of the size it states, whose functions keep to their types and
    /// may be called from any thread with its `user_data`, until `destroy` was called.
    unsafe fn take(hooks: *const ka_hooks) -> Result<Arc<Hooks>> {
        if hooks.is_null() {
            return Err(missing("hooks"));
        }
        // SAFETY: the caller's promise; an integer and pointers, for which NULL is a value.
        let given = unsafe { sized::read_known(hooks, ka_hooks::NONE, "hooks") }?;
        let owned = Owned { user_data: given.user_data, destroy: given.destroy };
        // SAFETY: the caller's promise.
        unsafe { sized::check_tail(hooks, "hooks") }?;
        let hook = given.hook.ok_or_else(|| missing("hooks.hook"))?;
        Ok(Arc::new(Hooks { hook, owned }))
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
            host::call("destroy of ka_hooks", || unsafe { destroy(self.user_data) });
        }
    }
}

/// The function as an observer.
struct Hooks {
    hook: unsafe extern "C-unwind" fn(*mut c_void, *const ka_hook_event),
    owned: Owned,
}

// SAFETY: the header tells the caller on which threads the functions run.
unsafe impl Send for Hooks {}
// SAFETY: the header tells the caller that it can run on several at once.
unsafe impl Sync for Hooks {}

impl Observer for Hooks {
    fn observe(&self, event: &Event<'_>) {
        self.observe_of(0, event);
    }

    fn observe_of(&self, request: u64, event: &Event<'_>) {
        let Some(mut told) = ka_hook_event::of(event) else { return };
        let response = match event {
            Event::Informational(head) | Event::Head(head) => {
                Some(ka_response::new(Response::from(*head)))
            }
            _ => None,
        };
        let failed = match event {
            Event::Failed(error) | Event::DialFailed { error, .. } => {
                Some(ka_error::new(Error::clone(error)))
            }
            _ => None,
        };
        told.request = request;
        told.response = response.as_ref().map_or(ptr::null(), ptr::from_ref);
        told.failed = failed.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: by the header's contract the function takes these arguments, and its data is alive until it
        // is given to `destroy`.
        host::call("of ka_hooks", || unsafe { (self.hook)(self.owned.user_data, &raw const told) });
    }
}

impl ka_hook_event {
    /// Without what is made for it; `None` for what this version has no kind for.
    fn of(event: &Event<'_>) -> Option<ka_hook_event> {
        use ka_hook_kind::*;
        let empty = ka_hook_event {
            size: size_of::<ka_hook_event>(),
            kind: KA_HOOK_REQUEST,
            status: ka_status::KA_OK,
            request: 0,
            dial: 0,
            connection_id: 0,
            count: 0,
            spent_ns: 0,
            resolve_ns: 0,
            connect_ns: 0,
            tls_ns: 0,
            method: ka_str::NONE,
            text: ka_str::NONE,
            response: ptr::null(),
            failed: ptr::null(),
        };
        let text = |text: &str| ka_str::new(text.as_bytes());
        let of = |kind| ka_hook_event { kind, ..empty };
        let why = |failed: Option<_>| failed.map_or(ka_status::KA_OK, ka_status::of);
        Some(match *event {
            Event::Started { method, url } => {
                ka_hook_event { method: text(method), text: text(url), ..of(KA_HOOK_REQUEST) }
            }
            Event::Queued => of(KA_HOOK_QUEUED),
            Event::Resolving { dial, host } => {
                ka_hook_event { dial, text: text(host), ..of(KA_HOOK_RESOLVING) }
            }
            Event::Resolved { dial, addresses, failed } => {
                let (count, status) = (addresses.len() as u64, why(failed));
                ka_hook_event { dial, count, status, ..of(KA_HOOK_RESOLVED) }
            }
            Event::Connecting { dial, address } => {
                ka_hook_event { dial, text: text(address), ..of(KA_HOOK_CONNECTING) }
            }
            Event::Connected { dial, address, failed } => {
                let (text, status) = (text(address), why(failed));
                ka_hook_event { dial, text, status, ..of(KA_HOOK_CONNECTED) }
            }
            Event::Securing { dial, host } => {
                ka_hook_event { dial, text: text(host), ..of(KA_HOOK_SECURING) }
            }
            Event::Secured { dial, failed } => {
                ka_hook_event { dial, status: why(failed), ..of(KA_HOOK_SECURED) }
            }
            Event::DialFailed { dial, error } => {
                ka_hook_event { dial, status: why(Some(error.kind())), ..of(KA_HOOK_DIAL_FAILED) }
            }
            Event::Dialled { connection, resolve, connect, tls, .. } => ka_hook_event {
                connection_id: connection,
                resolve_ns: nanoseconds(resolve),
                connect_ns: nanoseconds(connect),
                tls_ns: nanoseconds(tls),
                ..of(KA_HOOK_OPENED)
            },
            Event::Picked { connection, reused, idle } => ka_hook_event {
                connection_id: connection,
                count: reused.into(),
                spent_ns: nanoseconds(idle),
                ..of(KA_HOOK_GOT_CONNECTION)
            },
            Event::HeadSent => of(KA_HOOK_HEAD_SENT),
            Event::AwaitingContinue => of(KA_HOOK_AWAITING_CONTINUE),
            Event::Sent { bytes } => ka_hook_event { count: bytes, ..of(KA_HOOK_SENT) },
            Event::FirstByte => of(KA_HOOK_FIRST_BYTE),
            Event::Informational(_) => of(KA_HOOK_INFORMATIONAL),
            Event::Head(_) => of(KA_HOOK_HEAD),
            Event::Returned { connection } => {
                ka_hook_event { connection_id: connection, ..of(KA_HOOK_RETURNED) }
            }
            Event::End => of(KA_HOOK_END),
            Event::Replay(kind) => ka_hook_event { status: why(Some(kind)), ..of(KA_HOOK_REPLAY) },
            Event::Retry(pause) => {
                ka_hook_event { spent_ns: nanoseconds(pause), ..of(KA_HOOK_RETRY) }
            }
            Event::Hedge => of(KA_HOOK_HEDGE),
            Event::HedgeWon => of(KA_HOOK_HEDGE_WON),
            Event::Breaker => of(KA_HOOK_BREAKER),
            Event::Redirect(number) => {
                ka_hook_event { count: number.into(), ..of(KA_HOOK_REDIRECT) }
            }
            Event::Failed(error) => {
                ka_hook_event { status: why(Some(error.kind())), ..of(KA_HOOK_FAILED) }
            }
            Event::Evicted { connection, reason } => ka_hook_event {
                connection_id: connection,
                text: text(reason.name()),
                ..of(KA_HOOK_CLOSED)
            },
            _ => return None,
        })
    }
}

/// Has the function of `hooks` be told what happens to all requests and connections of the client from now on.
/// A client has one for all its life.
/// Ownership: the struct is copied. Takes `hooks->user_data`, also on failure: from now on it lives until
/// `destroy` is called with it. Only with NULL `hooks`, or a `size` that is impossible, is nothing taken.
/// Threads: any. For those of the function see ka_hooks.
/// Errors: KA_INVALID_ARGUMENT when `hooks` or its `hook` is NULL; KA_INVALID_STATE when the client has some
/// already.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_set_hooks(
    client: *mut ka_client,
    hooks: *const ka_hooks,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // Taken first: no failure leaves the caller with its data.
        // SAFETY: by the header's contract `hooks` is NULL or a struct of the size it states.
        let hooks = unsafe { ka_hooks::take(hooks) };
        let client = borrow!(client);
        client.client.set_observer(hooks?)
    })
}

/// Has the function of `hooks` be told what happens to this request, beside that of its client. They take the
/// place of earlier ones.
/// Ownership: the struct is copied. Takes `hooks->user_data`, also on failure: from now on it lives until
/// `destroy` is called with it. Only with NULL `hooks`, or a `size` that is impossible, is nothing taken.
/// Threads: one at a time for one request. For those of the function see ka_hooks.
/// Errors: KA_INVALID_ARGUMENT when `hooks` or its `hook` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_hooks(
    request: *mut ka_request,
    hooks: *const ka_hooks,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // Taken first: no failure leaves the caller with its data.
        // SAFETY: by the header's contract `hooks` is NULL or a struct of the size it states.
        let hooks = unsafe { ka_hooks::take(hooks) };
        let request = borrow_mut!(request);
        request.change().set_observer(hooks?);
        Ok(())
    })
}
