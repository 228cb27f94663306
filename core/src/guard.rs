//! Where a panic stops: its work ends, and nothing else.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Runs a caller's function; `None` if it panicked.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    // What a caller's function leaves half-done is the caller's to see.
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Runs `work`; `None` if it panicked.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    std::future::poll_fn(|cx| {
        // A panicked future is not polled again, so what it left half-done is not seen.
        match guarded(|| work.as_mut().poll(cx)) {
            Some(poll) => poll.map(Some),
            None => Poll::Ready(None),
        }
    })
    .await
}
