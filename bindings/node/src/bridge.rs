//! One per environment: takes submissions and hands completions over in batches.
//!
//! JavaScript picks the tokens and keeps the promises; a token is in use from `submit` until its
//! exchange is over.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use keepalive_core::{
    Call, Client, Completion, Outcome, Queue, Request, Response, Until, body_pipe,
};
use napi::JsValue;
use napi::bindgen_prelude::{Env, Function, Uint8ArraySlice};
use napi_derive::napi;

use crate::client::NativeClient;
use crate::convert::{ByteString, Extra, Payload, Thrown, invalid, thrown, timeouts};
use crate::fork;
use crate::memory::{Pieces, Whole};
use crate::pack::Batch;
use crate::slots::Slots;
use crate::wake::Waking;

/// Decode the response body.
const DECODE: u32 = 1;
/// Follow redirects.
const FOLLOW: u32 = 2;
/// The body comes through `push`.
const STREAM: u32 = 4;

/// See the module.
#[napi]
pub struct Bridge {
    shared: Rc<Shared>,
}

struct Shared {
    queue: Arc<Queue>,
    waking: Waking,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    slots: Slots,
    ready: Vec<Completion>,
    batch: Batch,
    pieces: Pieces,
}

#[napi]
impl Bridge {
    /// `on_wake` runs, without arguments, each time completions become ready.
    #[napi(constructor)]
    pub fn new(env: Env, on_wake: Function<'_, (), ()>) -> napi::Result<Bridge> {
        fork::watch();
        let waking = Waking::new(env.raw(), on_wake.raw())?;
        let waker = waking.waker();
        let queue = Queue::new(move || waker.wake());
        let shared = Rc::new(Shared { queue, waking, state: RefCell::default() });
        // Registered after the thread-safe function, so it runs before that one is freed.
        env.add_env_cleanup_hook(shared.clone(), |shared| shared.end())?;
        Ok(Bridge { shared })
    }

    /// Starts a request. `headers` is `name NUL value NUL ...` of `header_count` fields; `length`
    /// is the streamed body's, negative when unknown; `limits` as in `convert::timeouts`. Whether
    /// `linger` is to be called once the loop has nothing else to do.
    #[napi]
    pub fn submit(
        &self,
        token: u32,
        client: &NativeClient,
        method: String,
        url: String,
        flags: u32,
        headers: Option<ByteString>,
        header_count: Option<u32>,
        body: Option<Payload>,
        length: Option<f64>,
        limits: Option<Vec<f64>>,
    ) -> Result<bool, Thrown> {
        let mut request = Request::new(&method, &url).map_err(thrown)?;
        if let Some(ByteString(headers)) = headers {
            add_headers(&mut request, &headers, header_count.unwrap_or(0))?;
        }
        if let Some(Payload(body)) = body {
            request.set_body(body);
        }
        if let Some(limits) = limits {
            request.set_timeouts(timeouts(&limits)?);
        }
        request.set_decode(flags & DECODE != 0);
        request.set_follow_redirects(flags & FOLLOW != 0);
        let mut sender = None;
        if flags & STREAM != 0 {
            let queue = self.shared.queue.clone();
            let (half, source) =
                body_pipe(false, move |want| queue.push(token.into(), Outcome::WantBody(want)));
            let length = length.filter(|length| *length >= 0.0).map(|length| length as u64);
            request.set_body_stream(source, length);
            sender = Some(half);
        }
        let call = client
            .client
            .submit_lingering(request, Until::Head, &self.shared.queue, token.into())
            .map_err(thrown)?;
        let lingers = call.lingers();
        let mut state = self.shared.state.borrow_mut();
        state.slots.at(token).sender = sender;
        self.shared.started(state.slots.started(token, call));
        Ok(lingers)
    }

    /// Watches for the answer for some microseconds; whether there is something to `drain`.
    #[napi]
    pub fn linger(&self, token: u32) -> bool {
        let call = self.shared.state.borrow_mut().slots.at(token).call.take();
        let Some(mut call) = call else { return false };
        let filled = call.linger(&self.shared.queue);
        self.shared.state.borrow_mut().slots.at(token).call = Some(call);
        filled
    }

    /// Opens connections until `count` are idle.
    #[napi]
    pub fn warm(
        &self,
        token: u32,
        client: &NativeClient,
        url: String,
        count: u32,
    ) -> Result<(), Thrown> {
        let queue = &self.shared.queue;
        let call = client.client.submit_warm(&url, count as usize, queue, token.into());
        let call = call.map_err(thrown)?;
        let mut state = self.shared.state.borrow_mut();
        self.shared.started(state.slots.started(token, call));
        Ok(())
    }

    /// Reads on in the body of a response that is not complete: at most `max` bytes, or all the
    /// rest when it is absent.
    #[napi]
    pub fn read(&self, token: u32, max: Option<u32>) -> Result<(), Thrown> {
        let mut state = self.shared.state.borrow_mut();
        let response = state.slots.at(token).response.take();
        let response = response.ok_or_else(|| invalid("read: no body is open"))?;
        let queue = &self.shared.queue;
        let call = match max {
            Some(max) => Client::submit_read(response, max as usize, queue, token.into()),
            None => read_all(response, queue, token.into()),
        }
        .map_err(thrown)?;
        self.shared.started(state.slots.started(token, call));
        Ok(())
    }

    /// What is at hand of a body, at most `max` bytes, without waiting; null when nothing is or
    /// `read` has to look. The body may be over then (`is_over`).
    #[napi]
    pub fn take(&self, token: u32, max: u32) -> Option<Extra> {
        let mut state = self.shared.state.borrow_mut();
        let State { slots, pieces, .. } = &mut *state;
        let response = slots.at(token).response.as_mut()?;
        // The next `read` tells of a failure.
        pieces.read(response, max as usize)?.ok().map(Extra::Body)
    }

    /// Whether `take` gave the last bytes of a body; its token is free then.
    #[napi]
    pub fn is_over(&self, token: u32) -> bool {
        let mut state = self.shared.state.borrow_mut();
        let response = &mut state.slots.at(token).response;
        let over = response.as_ref().is_some_and(|response| response.is_complete());
        if over {
            *response = None;
            let State { slots, pieces, .. } = &mut *state;
            pieces.rest(slots);
        }
        over
    }

    /// Gives up the rest of a body by the drain rule; its end is an empty last piece.
    #[napi]
    pub fn close(&self, token: u32) -> Result<(), Thrown> {
        let mut state = self.shared.state.borrow_mut();
        let response = state.slots.at(token).response.take();
        let response = response.ok_or_else(|| invalid("close: no body is open"))?;
        let queue = &self.shared.queue;
        let call = Client::submit_close(response, queue, token.into()).map_err(thrown)?;
        self.shared.started(state.slots.started(token, call));
        Ok(())
    }

    /// Asks the running call to end; its completion still comes.
    #[napi]
    pub fn cancel(&self, token: u32) {
        if let Some(call) = &self.shared.state.borrow_mut().slots.at(token).call {
            call.cancel();
        }
    }

    /// Drops a response whose body is not read to its end.
    #[napi]
    pub fn discard(&self, token: u32) {
        let mut state = self.shared.state.borrow_mut();
        let State { slots, pieces, .. } = &mut *state;
        let response = slots.at(token).response.take();
        pieces.rest(slots);
        drop(state);
        drop(response);
    }

    /// The next piece of a streamed request body. Nothing happens once the request is over.
    #[napi]
    pub fn push(&self, token: u32, piece: Payload) {
        if let Some(sender) = &self.shared.state.borrow_mut().slots.at(token).sender {
            let _ = sender.push(piece.0);
        }
    }

    /// The end of a streamed request body.
    #[napi]
    pub fn finish(&self, token: u32) {
        if let Some(sender) = self.shared.state.borrow_mut().slots.at(token).sender.take() {
            let _ = sender.finish();
        }
    }

    /// The source of a streamed request body failed.
    #[napi]
    pub fn fail(&self, token: u32, reason: String) {
        if let Some(sender) = self.shared.state.borrow_mut().slots.at(token).sender.take() {
            let _ = sender.fail(&reason);
        }
    }

    /// Packs what is ready into `slab` from `offset` on and says how many bytes that is. When they
    /// do not fit: the negative number needed; the next call with enough room gets them.
    #[napi]
    pub fn drain(&self, mut slab: Uint8ArraySlice<'_>, offset: u32) -> f64 {
        let mut state = self.shared.state.borrow_mut();
        let State { slots, ready, batch, pieces } = &mut *state;
        if batch.bytes.is_empty() {
            self.shared.queue.drain(ready);
            for completion in ready.drain(..) {
                batch.add(completion, slots);
            }
            if slots.running() == 0 {
                self.shared.waking.keep_alive(false);
                pieces.rest(slots);
            }
        }
        let size = batch.bytes.len();
        // SAFETY: JavaScript runs on this thread only, so nobody touches the slab meanwhile.
        let slab = unsafe { slab.as_mut() };
        match slab.get_mut(offset as usize..).and_then(|free| free.get_mut(..size)) {
            Some(place) => {
                place.copy_from_slice(&batch.bytes);
                batch.bytes.clear();
                size as f64
            }
            None => -(size as f64),
        }
    }

    /// What the records of the last batch refer to.
    #[napi]
    pub fn extras(&self) -> Vec<Extra> {
        std::mem::take(&mut self.shared.state.borrow_mut().batch.extras)
    }
}

impl Shared {
    fn started(&self, first: bool) {
        if first {
            self.waking.keep_alive(true);
        }
    }

    /// The environment is ending, perhaps with requests in flight.
    fn end(&self) {
        self.waking.stop();
        self.queue.close();
        let mut state = self.state.borrow_mut();
        state.slots.clear();
        state.ready.clear();
        state.batch = Batch::default();
        state.pieces = Pieces::default();
    }
}

fn read_all(
    mut response: Response,
    queue: &Arc<Queue>,
    token: u64,
) -> keepalive_core::Result<Call> {
    match Whole::of(&mut response) {
        Some(whole) => Client::submit_read_full(response, Box::new(whole), 0, queue, token),
        None => Client::submit_read_all(response, queue, token),
    }
}

fn add_headers(request: &mut Request, block: &[u8], count: u32) -> Result<(), Thrown> {
    let mut pieces = block.split(|byte| *byte == 0);
    for _ in 0..count {
        let (Some(name), Some(value)) = (pieces.next(), pieces.next()) else {
            return Err(invalid("headers: fewer fields than announced"));
        };
        request.add_header(name, value).map_err(thrown)?;
    }
    match pieces.next() {
        // The block ends in a NUL; more than that is a NUL inside a name or value.
        Some(b"") if pieces.next().is_none() => Ok(()),
        _ => Err(invalid("headers: a name or value contains a NUL character")),
    }
}
