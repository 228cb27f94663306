//! Producers, a consumer and its wake-up race over one completion queue; a task and its cancel.

use std::future::pending;
use std::sync::Arc;

use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::sync::{Condvar, Mutex};
use shuttle::{future, thread};

use crate::engine::cancel::{Cancel, Ended, cancellable};
use crate::engine::queue::Queue;

const PRODUCERS: u64 = 3;
const EACH: u64 = 2;

fn producers(queue: &Arc<Queue<()>>) -> Vec<thread::JoinHandle<()>> {
    (0..PRODUCERS)
        .map(|producer| {
            let queue = queue.clone();
            thread::spawn(move || {
                for number in 0..EACH {
                    queue.push(producer * EACH + number, ());
                }
            })
        })
        .collect()
}

fn all_came(mut tokens: Vec<u64>) {
    tokens.sort_unstable();
    assert_eq!(tokens, (0..PRODUCERS * EACH).collect::<Vec<_>>());
}

/// An event loop that drains only when it was woken sees every completion, once.
pub fn a_loop_is_woken() {
    let woken = Arc::new((Mutex::new(false), Condvar::new()));
    let bell = woken.clone();
    let queue = Queue::new(move || {
        *bell.0.lock().expect("never poisoned") = true;
        bell.1.notify_one();
    });
    let producers = producers(&queue);
    let (mut tokens, mut batch) = (Vec::new(), Vec::new());
    while tokens.len() < (PRODUCERS * EACH) as usize {
        let mut rung = woken.0.lock().expect("never poisoned");
        while !*rung {
            rung = woken.1.wait(rung).expect("never poisoned");
        }
        *rung = false;
        drop(rung);
        queue.drain(&mut batch);
        tokens.extend(batch.drain(..).map(|completion| completion.token));
    }
    all_came(tokens);
    for producer in producers {
        producer.join().expect("no panic");
    }
}

/// A thread that waits on the queue takes every completion, once, in pieces of any size.
pub fn a_thread_waits() {
    let queue = Queue::new(|| {});
    let producers = producers(&queue);
    let mut tokens = Vec::new();
    while tokens.len() < (PRODUCERS * EACH) as usize {
        assert!(queue.wait(None), "nothing closed it");
        tokens.extend(queue.take(2).0.into_iter().map(|completion| completion.token));
    }
    all_came(tokens);
    for producer in producers {
        producer.join().expect("no panic");
    }
}

/// A waiting thread comes back when the queue is closed, and later completions go nowhere.
pub fn close_ends_the_wait() {
    let queue = Queue::new(|| {});
    let closer = queue.clone();
    let closing = thread::spawn(move || closer.close());
    let producers = producers(&queue);
    while queue.wait(None) {
        queue.take(1);
    }
    for thread in producers.into_iter().chain([closing]) {
        thread.join().expect("no panic");
    }
    assert!(queue.take(1).0.is_empty());
}

/// Work that would never end is ended by a cancel at any moment, before its first poll too.
pub fn cancel_is_never_lost() {
    let cancel = Cancel::new();
    let (other, ended) = (cancel.clone(), Arc::new(AtomicUsize::new(0)));
    let canceller = thread::spawn(move || other.cancel());
    let seen = ended.clone();
    future::block_on(async move {
        if let Ended::Cancelled = cancellable(&cancel, pending::<()>()).await {
            seen.fetch_add(1, Ordering::SeqCst);
        }
    });
    canceller.join().expect("no panic");
    assert_eq!(ended.load(Ordering::SeqCst), 1);
}
