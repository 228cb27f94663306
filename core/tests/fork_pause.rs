//! The engine's threads end before a fork and begin again after it, with what was under way. A program
//! of its own, since it counts the process's threads.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    let server = script_at(listen_local(), move |head, _| {
        if head.starts_with("GET /held") {
            assert!(within(HANG, || gate.load(Ordering::SeqCst)), "released");
        }
        ok(b"done")
    });
    // Nothing is there to pause yet.
    fork_pause();
    fork_resume();
    let client = client(|_| {});
    let queue = Queue::new(|| {});
    let submit = |path: &str, token| {
        client
            .submit(get_request(&format!("{}{path}", server.url)), Until::Body, &queue, token)
            .expect("submitted");
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
        completion(&queue);
        assert_eq!(ours(), 1, "{:?}", threads());
    }
    fork_pause();
    release.store(true, Ordering::SeqCst);
    fork_resume();
    let held = completion(&queue);
    assert_eq!(held.token, 1);
    response(held.outcome).expect("the held one");
    // One too many is harmless.
    fork_resume();
    get(&client, &server.url);
}
