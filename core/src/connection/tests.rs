//! Faults inside the jobs of the engine, which no peer and no caller can bring about.

use std::net::TcpListener;
use std::time::Duration;

use crate::*;

/// A dial to this name panics when the connection is open.
pub(super) const PANICS: &str = "panics.invalid";

#[test]
fn a_dial_that_panics_answers_its_waiter_and_gives_its_permit_back() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = ClientConfig {
        resolve: Some(format!("{PANICS}:{port}:127.0.0.1")),
        max_per_host: 1,
        max_total: 1,
        max_dials_per_host: 1,
        ..ClientConfig::default()
    };
    let client = Client::new(config).expect("a client");
    let request = Request::new("GET", &format!("http://{PANICS}:{port}/")).expect("a request");
    // More often than there are permits.
    for _ in 0..3 {
        let error = client.send(&request, Blocking::default()).err().expect("a panic");
        assert_eq!(error.kind(), ErrorKind::Panic);
        let queue = Queue::new(|| {});
        client.submit(request.clone(), Until::Head, &queue, 7).expect("submitted");
        assert!(queue.wait(Some(Duration::from_secs(20))), "an answer");
        let mut done = Vec::new();
        queue.drain(&mut done);
        let Some(Completion { outcome: Outcome::Response(Err(error)), .. }) = done.pop() else {
            panic!("not a failure")
        };
        assert_eq!(error.kind(), ErrorKind::Panic);
        let stats = client.stats();
        assert_eq!((stats.dialing, stats.active, stats.waiting), (0, 0, 0));
    }
}

#[test]
fn work_that_others_rely_on_begins_again_after_a_panic() {
    let (sender, receiver) = std::sync::mpsc::channel();
    process::process().engine().expect("an engine").spawn(async move {
        let begun = std::sync::atomic::AtomicUsize::new(0);
        engine::steadily(|| async {
            let before = begun.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            assert!(before > 0, "asked for");
        })
        .await;
        let _ = sender.send(begun.into_inner());
    });
    assert_eq!(receiver.recv_timeout(Duration::from_secs(20)), Ok(2));
}
