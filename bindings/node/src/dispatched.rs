//! What the dispatcher of `lib/dispatcher` asks for beyond a plain request: the heads of interim
//! responses (1xx) as they come, and its caller's word on whether it may be sent a second time.

use std::sync::Arc;

use keepalive_core::{Event, Observer, Outcome, Queue, Request};

/// The heads of interim responses are told as they come.
const INFORM: u32 = 1024;
/// The request may be sent a second time whatever its method.
const IDEMPOTENT: u32 = 256;
/// The request may not be sent a second time whatever its method.
const ONCE: u32 = 512;

/// Does what `flags` say, to a request that has its fields.
pub fn prepare(request: &mut Request, flags: u32, queue: &Arc<Queue>, token: u64) {
    if flags & (IDEMPOTENT | ONCE) != 0 {
        request.set_idempotent(flags & ONCE == 0);
    }
    if flags & INFORM != 0 {
        request.set_observer(Arc::new(Interim { queue: queue.clone(), token }));
    }
}

/// Pushes the heads that come before the final one into the queue of the request's environment.
struct Interim {
    queue: Arc<Queue>,
    token: u64,
}

impl Observer for Interim {
    fn observe(&self, event: &Event<'_>) {
        if let Event::Informational(head) = event {
            self.queue.push(self.token, Outcome::Informational((*head).clone()));
        }
    }
}
