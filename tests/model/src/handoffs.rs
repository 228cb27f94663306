//! A submission that begins on its submitter's thread, while what it waits for comes at any time.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use shuttle::sync::{Condvar, Mutex};
use shuttle::thread;

use crate::engine::inbox::Inbox;
use crate::engine::inline_task::{InlinePoll, InlineTask, PollSite};

/// Something that happens once, and wakes whoever waits for it.
#[derive(Default)]
struct Event {
    state: Mutex<(bool, Option<Waker>)>,
}

impl Event {
    fn happen(&self) {
        let waker = {
            let mut state = self.state.lock().expect("never poisoned");
            state.0 = true;
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            let mut state = self.state.lock().expect("never poisoned");
            if state.0 {
                return Poll::Ready(());
            }
            state.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

fn run(then: fn(InlinePoll)) {
    static INBOX: Inbox = Inbox;
    let events: [Arc<Event>; 2] = Default::default();
    let done = Arc::new((Mutex::new(0), Condvar::new()));
    let (waited, ended) = (events.clone(), done.clone());
    let job = Box::pin(async move {
        for event in &waited {
            event.wait().await;
        }
        *ended.0.lock().expect("never poisoned") += 1;
        ended.1.notify_one();
    });
    let server = thread::spawn(move || events.iter().for_each(|event| event.happen()));
    then(InlinePoll::new(InlineTask::begin(&INBOX, job, PollSite::Begin)));
    let mut count = done.0.lock().expect("never poisoned");
    while *count == 0 {
        count = done.1.wait(count).expect("never poisoned");
    }
    assert_eq!(*count, 1, "it ran to its end twice");
    drop(count);
    server.join().expect("no panic");
}

/// The submitter comes back to watch: the job ends once, here or on the engine.
pub fn coming_back() {
    run(InlinePoll::watch);
}

/// The submitter never comes back: the engine ends it.
pub fn staying_away() {
    run(drop);
}
