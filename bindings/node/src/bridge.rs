//! One per environment: takes submissions and hands completions over in batches.
//!
//! JavaScript picks the slots and keeps the promises; a slot is in use from `submit` until its
//! exchange is over.

#![allow(clippy::too_many_arguments, reason = "one crossing; an object would cost more")]

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use keepalive_common::{fork, huge_pages};
use keepalive_core::{
    BodySender, Client, Completion, Outcome, Queue, RedirectHook, RedirectQuestion, TlsInfo,
    body_pipe,
};
use napi::bindgen_prelude::{Env, Function, Unknown};
use napi::{JsValue, sys};
use napi_derive::napi;

use crate::arguments::{REWIND, STREAM, made};
use crate::call_table::CallTable;
use crate::client::NativeClient;
use crate::completion_record::{Batch, Extra};
use crate::convert::{ByteString, Failure, Payload, Room, Thrown, copy, invalid, thrown};
use crate::diagnostics::{self, Events};
use crate::dispatched;
use crate::lookup::Lookups;
use crate::memory::Block;
use crate::wake::{Waking, report};

/// `poll_inline` can be called soon.
const INLINE: u32 = 8;

/// The connection is handed out (`take_stream`).
const SWITCH: u32 = 64;

/// JavaScript has a word on redirects (`decide`).
const ASK: u32 = 2048;

/// A batch with this many bytes is handed over; there may be more then.
const BATCH: usize = 64 * 1024;

/// See the module.
#[napi]
pub struct Bridge {
    shared: Rc<Shared>,
}

struct Shared {
    queue: Arc<Queue>,
    waking: Waking,
    state: RefCell<State>,
    events: Arc<Events>,
    lookups: Arc<Lookups>,
    /// What the channels of requests call the next one; 0: nobody listens.
    trace: Cell<u32>,
    /// Of the body that `is_over` told of last.
    ended: Cell<[f64; 2]>,
}

/// Hands questions to JavaScript.
struct Asking {
    queue: Arc<Queue>,
    token: u64,
}

impl RedirectHook for Asking {
    fn asked(&self, question: RedirectQuestion) {
        self.queue.push(self.token, Outcome::Redirect(question));
    }
}

#[derive(Default)]
struct State {
    slots: CallTable,
    /// Drained and not yet packed, the next one last.
    ready: Vec<Completion>,
    batch: Batch,
}

#[napi]
impl Bridge {
    /// `on_wake` runs, without arguments, each time completions become ready. It is JavaScript's to
    /// keep alive while no request is under way.
    #[napi(constructor)]
    pub fn new(env: Env, on_wake: Function<'_, (), ()>) -> napi::Result<Bridge> {
        fork::watch();
        let waking = Waking::new(env.raw(), on_wake.raw())?;
        let waker = waking.waker();
        let queue = Queue::new(move || waker.wake());
        let events = Events::new(waking.waker());
        let lookups = Lookups::new(waking.waker());
        let (state, trace, ended) = (RefCell::default(), Cell::new(0), Cell::default());
        let shared = Rc::new(Shared { queue, waking, state, events, lookups, trace, ended });
        // Registered after the thread-safe function, so it runs before that one is freed. Weak: the
        // module that made the bridge may be garbage before its environment ends.
        env.add_env_cleanup_hook(Rc::downgrade(&shared), |shared: Weak<Shared>| {
            if let Some(shared) = shared.upgrade() {
                shared.end();
            }
        })?;
        Ok(Bridge { shared })
    }

    /// Starts a request. `headers` is `name NUL value NUL ...` of `header_count` fields; `length`
    /// is the streamed body's, negative when unknown; `limits` as in `convert::timeouts`; `options`
    /// are names and values of those that the request has for itself (`Order`). Whether
    /// `poll_inline` is to be called once the loop has nothing else to do.
    #[napi]
    pub fn submit(
        &self,
        index: u32,
        client: &NativeClient,
        method: String,
        url: String,
        flags: u32,
        headers: Option<ByteString>,
        header_count: Option<u32>,
        body: Option<Payload>,
        length: Option<f64>,
        limits: Option<Vec<f64>>,
        options: Option<Vec<String>>,
    ) -> Result<bool, Thrown> {
        let fields = headers.map(|fields| (fields, header_count.unwrap_or(0)));
        let (mut request, order) =
            made(client, (&method, &url), flags, fields, body, limits, options)?;
        let mut state = self.shared.state.borrow_mut();
        let token = state.slots.begin(index).ok_or_else(in_use)?;
        dispatched::prepare(&mut request, flags, &self.shared.queue, token);
        let trace = self.shared.trace.take();
        if trace > 0 {
            diagnostics::attach(&mut request, trace, &self.shared.events);
        }
        let mut sender = None;
        if flags & STREAM != 0 {
            let queue = self.shared.queue.clone();
            let want = move |want| queue.push(token, Outcome::WantBody(want));
            let (half, source) = body_pipe(flags & REWIND != 0, want);
            let length = length.filter(|length| *length >= 0.0).map(|length| length as u64);
            request.set_body_stream(source, length);
            sender = Some(half);
        }
        let queue = &self.shared.queue;
        if flags & ASK != 0 {
            request.set_redirect_hook(Arc::new(Asking { queue: queue.clone(), token }));
        }
        let inline = flags & INLINE != 0;
        let told = order.told();
        let call = order.submit(&client.client, request, inline, (queue, token)).map_err(thrown)?;
        let polled = call.is_inline();
        let slot = state.slots.at(index);
        (slot.sender, slot.switches) = (sender, flags & SWITCH != 0);
        (slot.request, slot.told) = (token, told);
        self.shared.started(state.slots.started(index, call));
        Ok(polled)
    }

    /// Watches for the answer for some microseconds; whether there is something to `drain`.
    #[napi]
    pub fn poll_inline(&self, index: u32) -> bool {
        let call = self.shared.state.borrow_mut().slots.at(index).call.take();
        let Some(mut call) = call else { return false };
        let filled = call.poll_inline(&self.shared.queue);
        self.shared.state.borrow_mut().slots.at(index).call = Some(call);
        filled
    }

    /// Opens connections until `count` are idle.
    #[napi]
    pub fn warm(
        &self,
        index: u32,
        client: &NativeClient,
        url: String,
        count: u32,
    ) -> Result<(), Thrown> {
        let queue = &self.shared.queue;
        let mut state = self.shared.state.borrow_mut();
        let token = state.slots.begin(index).ok_or_else(in_use)?;
        let call = client.client.submit_warm(&url, count as usize, queue, token);
        let call = call.map_err(thrown)?;
        self.shared.started(state.slots.started(index, call));
        Ok(())
    }

    /// Waits for the next bytes of a body and brings at most `max` of them; with 0 it only waits,
    /// and `take` has something to give.
    #[napi]
    pub fn read(&self, index: u32, max: u32) -> Result<(), Thrown> {
        self.read_with(index, |response, queue, token| {
            Client::submit_read(response, max as usize, queue, token)
        })
    }

    /// Reads on until `size` bytes are here or the body has ended.
    #[napi]
    pub fn read_full(&self, index: u32, size: u32) -> Result<(), Thrown> {
        self.read_with(index, |response, queue, token| {
            let block = Box::new(Block::new(size as usize));
            Client::submit_read_full(response, block, 0, queue, token)
        })
    }

    /// Gives up the rest of a body by the drain rule; its end is an empty last piece.
    #[napi]
    pub fn close(&self, index: u32) -> Result<(), Thrown> {
        self.read_with(index, Client::submit_close)
    }

    /// How many bytes of the body are to come; negative when that is not known.
    #[napi]
    pub fn remaining(&self, index: u32) -> f64 {
        let mut state = self.shared.state.borrow_mut();
        let response = state.slots.at(index).response.as_mut();
        response.and_then(|response| response.remaining()).map_or(-1.0, |left| left as f64)
    }

    /// How many bytes `take` has to give; 0 when that is not known.
    #[napi]
    pub fn at_hand(&self, index: u32) -> u32 {
        let mut state = self.shared.state.borrow_mut();
        let response = state.slots.at(index).response.as_mut();
        let count = response.map_or(0, |response| response.at_hand_now());
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Reads what is at hand of a body into `memory` from `offset` on, without waiting; how many
    /// bytes that was. With 0, `read` has to look. The body may be over then (`is_over`).
    #[napi]
    pub fn take(&self, index: u32, mut memory: Room, offset: f64) -> u32 {
        let mut state = self.shared.state.borrow_mut();
        let Some(response) = state.slots.at(index).response.as_mut() else { return 0 };
        // SAFETY: used within this call only.
        let room = unsafe { memory.from(offset) };
        let most = room.len().min(u32::MAX as usize);
        match response.read_now_uninit(&mut room[..most]) {
            Some(Ok(count)) => count as u32,
            // The next `read` tells of a failure.
            Some(Err(_)) | None => 0,
        }
    }

    /// A large body is to be received into `memory`.
    #[napi]
    pub fn prepare(&self, mut memory: Room) {
        // SAFETY: used within this call only.
        huge_pages::advise(unsafe { memory.from(0.0) });
    }

    /// Asks the running call to end; its completion still comes.
    #[napi]
    pub fn cancel(&self, index: u32) {
        if let Some(call) = &self.shared.state.borrow_mut().slots.at(index).call {
            call.cancel();
        }
    }

    /// As `cancel`, of a read; its completion comes when the connection is free or closed.
    #[napi]
    pub fn leave(&self, index: u32) {
        if let Some(call) = &self.shared.state.borrow_mut().slots.at(index).call {
            call.leave();
        }
    }

    /// Drops a response whose body is not read to its end.
    #[napi]
    pub fn discard(&self, index: u32) {
        let response = self.shared.state.borrow_mut().slots.at(index).response.take();
        drop(response);
    }

    /// The redirect that waits for a word is followed, or refused for a reason.
    #[napi]
    pub fn decide(&self, index: u32, refusal: Option<String>) {
        let question = self.shared.state.borrow_mut().slots.at(index).question.take();
        match (question, refusal) {
            (None, _) => {}
            (Some(question), None) => question.follow(),
            (Some(question), Some(reason)) => question.refuse(&reason),
        }
    }

    /// Packs what is ready into `slab` from `offset` on and says how many bytes that is. When they
    /// do not fit: the negative number needed; the next call with enough room gets them. There may
    /// be more when it is `BATCH` or more.
    #[napi]
    pub fn drain(&self, mut slab: Room, offset: f64) -> f64 {
        let mut state = self.shared.state.borrow_mut();
        let State { slots, ready, batch, .. } = &mut *state;
        if batch.bytes.is_empty() {
            batch.extras.clear();
            if ready.is_empty() {
                self.shared.queue.drain(ready);
                ready.reverse();
            }
            while batch.bytes.len() < BATCH
                && let Some(completion) = ready.pop()
            {
                batch.add(completion, slots);
            }
            if slots.running() == 0 {
                self.shared.waking.keep_alive(false);
            }
        }
        let size = batch.bytes.len() as f64;
        // SAFETY: used within this call only.
        match copy(&batch.bytes, unsafe { slab.from(offset) }) {
            Some(_) => {
                batch.bytes.clear();
                size
            }
            None => -size,
        }
    }

    /// How many bytes the body has that a record of the last batch refers to; negative when it
    /// refers to a failure.
    #[napi]
    pub fn extra_size(&self, number: u32) -> f64 {
        match self.shared.state.borrow().batch.extras.get(number as usize) {
            Some(Extra::Body(body)) => body.len() as f64,
            _ => -1.0,
        }
    }

    /// Copies that body into `memory` from `offset` on, if there is room for all of it, and frees
    /// it; whether it did.
    #[napi]
    pub fn copy_extra(&self, number: u32, mut memory: Room, offset: f64) -> bool {
        let mut state = self.shared.state.borrow_mut();
        let Some(extra) = state.batch.extras.get_mut(number as usize) else { return false };
        let Extra::Body(body) = extra else { return false };
        // SAFETY: used within this call only.
        let copied = copy(body, unsafe { memory.from(offset) }).is_some();
        if copied {
            *extra = Extra::Gone;
        }
        copied
    }

    /// The failure that a record of the last batch refers to.
    #[napi]
    pub fn failure(&self, number: u32) -> Option<Failure> {
        match self.shared.state.borrow().batch.extras.get(number as usize) {
            Some(Extra::Failure(error)) => Some(Failure::from(error)),
            _ => None,
        }
    }

    /// Makes `error` an uncaught exception, now.
    #[napi]
    pub fn report(&self, env: Env, error: Unknown<'_>) {
        let (env, error): (sys::napi_env, sys::napi_value) = (env.raw(), error.raw());
        // SAFETY: both are the live ones of the current call.
        unsafe { report(env, error) };
    }
}

impl Bridge {
    /// Takes the response of the slot out of it once its body is over.
    pub(crate) fn over(&self, index: u32) -> Option<keepalive_core::Response> {
        let mut state = self.shared.state.borrow_mut();
        state.slots.at(index).response.take_if(|response| response.is_complete())
    }

    /// What has happened for the diagnostics channels.
    pub(crate) fn told(&self) -> &Arc<Events> {
        &self.shared.events
    }

    /// What clients ask their `lookup`.
    pub(crate) fn questions(&self) -> &Arc<Lookups> {
        &self.shared.lookups
    }

    /// Has the trailers of the slot's request be told of a value.
    pub(crate) fn trailer(&self, index: u32, name: &str, value: Vec<u8>) {
        if let Some(told) = &self.shared.state.borrow_mut().slots.at(index).told {
            told.tell(name, value);
        }
    }

    /// What the channels of requests call the next one.
    pub(crate) fn next_trace(&self) -> &Cell<u32> {
        &self.shared.trace
    }

    /// Of the body that was over last.
    pub(crate) fn last_end(&self) -> &Cell<[f64; 2]> {
        &self.shared.ended
    }

    /// What was agreed on with the server of that connection.
    pub(crate) fn session(&self, connection: f64) -> Option<Arc<TlsInfo>> {
        self.shared.state.borrow().batch.sessions.get(connection).cloned()
    }

    /// The response that the slot has.
    pub(crate) fn response<R>(
        &self,
        index: u32,
        use_it: impl FnOnce(&mut keepalive_core::Response) -> keepalive_core::Result<R>,
    ) -> Result<R, Thrown> {
        let mut state = self.shared.state.borrow_mut();
        let response = state.slots.at(index).response.as_mut();
        use_it(response.ok_or_else(|| invalid("no response is open"))?).map_err(thrown)
    }

    /// Hands something to the sender of the slot's body, if there still is one.
    pub(crate) fn sender(&self, index: u32, tell: impl FnOnce(&BodySender)) {
        if let Some(sender) = &self.shared.state.borrow_mut().slots.at(index).sender {
            tell(sender);
        }
    }

    /// A call with that slot which needs no response.
    pub(crate) fn start_with(
        &self,
        index: u32,
        submit: impl FnOnce(&Arc<Queue>, u64) -> keepalive_core::Result<keepalive_core::Call>,
    ) -> Result<(), Thrown> {
        let mut state = self.shared.state.borrow_mut();
        let token = state.slots.begin(index).ok_or_else(in_use)?;
        let call = submit(&self.shared.queue, token).map_err(thrown)?;
        self.shared.started(state.slots.started(index, call));
        Ok(())
    }

    fn read_with(
        &self,
        index: u32,
        submit: impl FnOnce(
            keepalive_core::Response,
            &Arc<Queue>,
            u64,
        ) -> keepalive_core::Result<keepalive_core::Call>,
    ) -> Result<(), Thrown> {
        let mut state = self.shared.state.borrow_mut();
        let token = state.slots.begin(index).ok_or_else(in_use)?;
        let response = state.slots.at(index).response.take();
        let response = response.ok_or_else(|| invalid("no body is open"))?;
        let call = submit(response, &self.shared.queue, token).map_err(thrown)?;
        self.shared.started(state.slots.started(index, call));
        Ok(())
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.shared.waking.release();
        self.shared.end();
    }
}

impl Shared {
    fn started(&self, first: bool) {
        if first {
            self.waking.keep_alive(true);
        }
    }

    /// The environment is ending, perhaps with requests in flight, or nobody has the bridge any
    /// more.
    fn end(&self) {
        self.waking.stop();
        self.queue.close();
        self.lookups.end();
        let mut state = self.state.borrow_mut();
        state.slots.clear();
        state.ready.clear();
        state.batch = Batch::default();
    }
}

fn in_use() -> Thrown {
    invalid("the slot is in use")
}
