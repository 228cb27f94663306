//! Work in slots is woken from other threads while it is polled, and while others end.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use shuttle::sync::Mutex;
use shuttle::{future, thread};

use crate::engine::task_set::TaskSet;

/// Something that happens several times; work waits until it has happened so often.
#[derive(Default)]
struct Events {
    state: Mutex<(u32, Option<Waker>)>,
}

const TIMES: u32 = 2;
const WORKS: usize = 2;

impl Events {
    fn happen(&self) {
        let waker = {
            let mut state = self.state.lock().expect("never poisoned");
            state.0 += 1;
            state.1.clone()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            let mut state = self.state.lock().expect("never poisoned");
            state.1 = Some(cx.waker().clone());
            if state.0 == TIMES { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// All work ends, the one that comes into a used slot too, whenever the wake-ups come.
pub fn no_wake_up_is_lost() {
    let events: Vec<Arc<Events>> = (0..=WORKS).map(|_| Arc::default()).collect();
    let wakers: Vec<_> = events
        .iter()
        .map(|events| {
            let events = events.clone();
            thread::spawn(move || (0..TIMES).for_each(|_| events.happen()))
        })
        .collect();
    let ended = Arc::new(Mutex::new(0));
    let work = |events: &Arc<Events>| -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (events, ended) = (events.clone(), ended.clone());
        Box::pin(async move {
            events.wait().await;
            *ended.lock().expect("never poisoned") += 1;
        })
    };
    let mut slots = TaskSet::new();
    let mut begun = 0;
    future::block_on(poll_fn(|cx| {
        loop {
            // The last one comes into a slot that was used.
            while begun < events.len() && begun - *ended.lock().expect("never poisoned") < WORKS {
                slots.add(work(&events[begun]));
                begun += 1;
            }
            slots.poll_woken(cx);
            let ended = *ended.lock().expect("never poisoned");
            if ended == events.len() {
                return Poll::Ready(());
            }
            if begun == events.len() || begun - ended == WORKS {
                return Poll::Pending;
            }
        }
    }));
    for waker in wakers {
        waker.join().expect("no panic");
    }
}
