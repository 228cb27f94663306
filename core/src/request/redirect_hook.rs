//! The caller's word on where a request is led: asked before a redirect is followed, answered at once or later.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use keepalive_proto::{Fields, ResponseHead};

use crate::sync::lock;

/// Decides about redirects, for a client or for one request.
pub trait RedirectHook: Send + Sync {
    /// A redirect is about to be followed. On the caller's thread when it blocks, else on the engine's,
    /// where this must not wait: the question can be handed on, and answered from any thread. No lock is
    /// held. A panic in it refuses.
    fn asked(&self, question: RedirectQuestion);
}

/// A redirect that waits for its hook's word. Dropped without one, it is refused.
pub struct RedirectQuestion {
    head: ResponseHead,
    url: Arc<str>,
    method: Box<str>,
    next_url: Arc<str>,
    next_method: Box<str>,
    verdict: Option<Arc<Verdict>>,
}

/// Where the word is waited for.
#[derive(Default)]
pub(crate) struct Verdict(Mutex<State>);

#[derive(Default)]
struct State {
    said: Option<Result<(), String>>,
    waker: Option<Waker>,
}

impl RedirectQuestion {
    /// `answered` is what was asked for: method and URL. `next` where that leads.
    pub(crate) fn new(
        head: ResponseHead,
        (method, url): (&str, Arc<str>),
        (next_method, next_url): (&str, Arc<str>),
    ) -> (RedirectQuestion, Arc<Verdict>) {
        let verdict = Arc::new(Verdict::default());
        let question = RedirectQuestion {
            head,
            url,
            method: method.into(),
            next_url,
            next_method: next_method.into(),
            verdict: Some(verdict.clone()),
        };
        (question, verdict)
    }

    /// The head of the response that leads elsewhere.
    pub(crate) fn head(&self) -> &ResponseHead {
        &self.head
    }

    /// The status of the response that leads elsewhere.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Its header fields.
    pub fn headers(&self) -> &Fields {
        &self.head.fields
    }

    /// The method of the request that it answers.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The URL that it is from: no userinfo.
    pub fn url(&self) -> &Arc<str> {
        &self.url
    }

    /// The method of the next request.
    pub fn next_method(&self) -> &str {
        &self.next_method
    }

    /// Where it leads: an absolute URL without userinfo.
    pub fn next_url(&self) -> &str {
        &self.next_url
    }

    /// It is to be followed.
    pub fn follow(mut self) {
        self.say(Ok(()));
    }

    /// It is not: the request fails with `RedirectRefused`, and this reason.
    pub fn refuse(mut self, reason: &str) {
        self.say(Err(reason.to_string()));
    }

    fn say(&mut self, word: Result<(), String>) {
        let Some(verdict) = self.verdict.take() else { return };
        let waker = {
            let mut state = lock(&verdict.0);
            state.said = Some(word);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for RedirectQuestion {
    fn drop(&mut self) {
        self.say(Err("it was not answered".to_string()));
    }
}

impl Verdict {
    /// Why it was refused, if it was.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        let mut state = lock(&self.0);
        match state.said.take() {
            Some(said) => Poll::Ready(said),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
