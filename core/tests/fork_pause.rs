//! The engine's threads end before a fork and begin again after it, with what was under way. A program
//! of its own, since it counts the process's threads.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::*;
use keepalive_core::*;

fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("a list");
    let name = |task: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
    };
    tasks.filter_map(name).map(|name| name.trim().to_string()).collect()
}

fn ours() -> usize {
    threads().iter().filter(|name| *name == "keepalive").count()
}

#[test]
fn no_thread_of_the_engine_is_left_and_everything_goes_on() {
    let release = Arc::new(AtomicBool::new(false));
    let gate = release.clone();
    let server = script(move |head, _| {
        while head.starts_with("GET /held") && !gate.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        ok(b"done")
    });
    // Nothing is there to pause yet.
    fork_pause();
    fork_resume();
    let client = client(|_| {});
    let queue = Queue::new(|| {});
    let submit = |path: &str, token| {
        let request = Request::new("GET", &format!("{}{path}", server.url)).expect("a request");
        client.submit(request, Until::Body, &queue, token).expect("submitted");
    };
    // A look-up, so that a helper thread has been there.
    let name = server.url.replace("127.0.0.1", "localhost");
    get(&client, &name);
    submit("/held", 1);
    eventually(&client, |stats| stats.active == 1);
    assert!(ours() >= 1, "{:?}", threads());
    for round in 0..50 {
        fork_pause();
        fork_pause();
        fork_resume();
        assert_eq!(ours(), 0, "{:?}", threads());
        // Submitted while nobody is there to take it.
        submit("/", 2 + round);
        fork_resume();
        while queue.take(1).0.is_empty() {
            assert!(queue.wait(Some(Duration::from_secs(30))));
        }
        assert_eq!(ours(), 1, "{:?}", threads());
    }
    fork_pause();
    release.store(true, Ordering::SeqCst);
    fork_resume();
    assert!(queue.wait(Some(Duration::from_secs(30))));
    let (mut taken, _) = queue.take(1);
    let completion = taken.pop().expect("the held one");
    assert_eq!(completion.token, 1);
    assert!(matches!(completion.outcome, Outcome::Response(Ok(_))));
    // One too many is harmless.
    fork_resume();
    get(&client, &server.url);
}
