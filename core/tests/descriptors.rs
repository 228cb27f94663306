//! A pool takes at most half of the descriptors that the process may have. A program of its own, since
//! the limit is the process's.

mod common;

use std::sync::{Arc, Condvar, Mutex};

use common::*;
use keepalive_core::*;

#[test]
fn a_pool_leaves_half_of_the_descriptors_to_its_host() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(256), maximum: limit.maximum })
        .expect("a lower limit");
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let shared = gate.clone();
    let server = script(move |_, _| {
        let (open, opened) = &*shared;
        let open = open.lock().expect("no panic");
        drop(opened.wait_while(open, |open| !*open).expect("no panic"));
        ok(b"done")
    });
    let client = client(|config| {
        config.max_per_host = 1_000;
        config.max_dials_per_host = 1_000;
        config.queue_stall_timeout = None;
    });
    setrlimit(Resource::Nofile, Rlimit { current: Some(40), maximum: limit.maximum })
        .expect("a lower limit");
    let queue = Queue::new(|| {});
    let request = Arc::new(get_request(&server.url));
    client.submit(request.clone(), Until::Body, &queue, 0).expect("submitted");
    // The pool is open; the server gets its room back.
    setrlimit(Resource::Nofile, Rlimit { current: Some(256), maximum: limit.maximum })
        .expect("a higher limit");
    for token in 1..30 {
        client.submit(request.clone(), Until::Body, &queue, token).expect("submitted");
    }
    let stats = eventually(&client, |stats| stats.active == 20);
    assert_eq!((stats.active + stats.dialing, stats.waiting), (20, 10));
    *gate.0.lock().expect("no panic") = true;
    gate.1.notify_all();
    for _ in 0..30 {
        completion(&queue);
    }
    assert_eq!(client.stats().opened, 20);
}
