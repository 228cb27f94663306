//! What JavaScript says of a request's redirects, and its word on each.

use std::sync::Arc;

use keepalive_core::{Outcome, Queue, RedirectHook, RedirectQuestion, Redirects, Request};

/// Follow redirects.
const FOLLOW: u32 = 2;
/// A redirect is an error.
const REFUSE: u32 = 32;
/// A redirect is a response like others.
const MANUAL: u32 = 128;
/// JavaScript has a word on each (`Bridge::decide`).
const ASK: u32 = 256;

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

/// Gives `request` what the flags of its submission say.
pub fn apply(request: &mut Request, flags: u32, queue: &Arc<Queue>, token: u64) {
    match flags & (FOLLOW | REFUSE | MANUAL) {
        0 => {}
        FOLLOW => request.set_redirects(Redirects::Follow),
        REFUSE => request.set_redirects(Redirects::Error),
        _ => request.set_redirects(Redirects::Manual),
    }
    if flags & ASK != 0 {
        request.set_redirect_hook(Arc::new(Asking { queue: queue.clone(), token }));
    }
}

/// A redirect is followed, or refused for a reason.
pub fn answer(question: Option<RedirectQuestion>, refusal: Option<&str>) {
    match (question, refusal) {
        (None, _) => {}
        (Some(question), None) => question.follow(),
        (Some(question), Some(reason)) => question.refuse(reason),
    }
}
