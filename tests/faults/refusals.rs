//! Servers that close every connection as soon as it is there: an error soon, and no storm of dials.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keepalive_core::*;
use socket2::SockRef;

use crate::Trust;

/// Connections a single request may cost.
const MOST: usize = 4;

#[test]
fn a_server_that_closes_at_once_is_an_error_and_no_storm() {
    let trust = Trust::new();
    for reset in [false, true] {
        for scheme in ["http", "https"] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = listener.local_addr().expect("bound");
            let accepted = Arc::new(AtomicUsize::new(0));
            let count = accepted.clone();
            std::thread::spawn(move || {
                for socket in listener.incoming().filter_map(std::result::Result::ok) {
                    count.fetch_add(1, Ordering::Relaxed);
                    if reset {
                        let _ = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
                    }
                }
            });
            let client = trust.client(|_| {});
            let mut request =
                Request::new("GET", &format!("{scheme}://{address}/")).expect("a request");
            request.set_timeouts(Timeouts {
                total: Some(Some(Duration::from_secs(5))),
                ..Timeouts::default()
            });
            for submit in [false, true].repeat(5) {
                let before = accepted.load(Ordering::Relaxed);
                let start = Instant::now();
                let error = match submit {
                    false => client.send_whole(&request, Blocking::default()).err(),
                    true => {
                        let queue = Queue::new(|| {});
                        client.submit(request.clone(), Until::Body, &queue, 0).expect("submitted");
                        assert!(queue.wait(Some(Duration::from_secs(30))));
                        match queue.take(1).0.pop().expect("one").outcome {
                            Outcome::Response(result) => result.err(),
                            _ => panic!("not a response"),
                        }
                    }
                };
                let error = error.expect("there is no answer");
                let dials = accepted.load(Ordering::Relaxed) - before;
                let what = format!("{scheme} reset={reset} submit={submit}: {error:?}");
                assert!(start.elapsed() < Duration::from_secs(4), "{what}");
                assert!(dials <= MOST, "{dials} dials, {what}");
                assert!(error.retry_safe(), "{what}");
            }
        }
    }
}
