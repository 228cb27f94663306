//! A blocking call whose work runs on the engine: for what one thread cannot wait for by itself.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::oneshot;

use crate::deadline::Deadline;
use crate::drive::wait::blocking::{Blocking, BlockingWait, run};
use crate::drive::wait::{Stopped, Wait};
use crate::engine::cancel::{Cancel, Ended, cancellable, panicked};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::process::process;

/// Runs `work` on the engine while this thread sleeps; an interrupt cancels it.
pub(crate) fn on_engine<T: Send + 'static>(
    blocking: Blocking<'_>,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let (sender, mut receiver) = oneshot::channel();
    let cancel = Cancel::new();
    let flag = cancel.clone();
    process().engine()?.spawn(async move {
        let result = match cancellable(&flag, work).await {
            Ended::Done(result) => result,
            Ended::Cancelled => Err(interrupted()),
            Ended::Panicked => Err(panicked()),
        };
        // Nobody waits after an interrupt.
        let _ = sender.send(result);
    });
    let mut wait = BlockingWait::new(blocking);
    let never = Deadline::from_now(None, ErrorKind::TotalTimeout);
    let result = run(async {
        let receive = std::future::poll_fn(|cx| {
            wait.poll_until(cx, &never, &mut |cx| Pin::new(&mut receiver).poll(cx))
        });
        match receive.await {
            Ok(result) => result.unwrap_or_else(|_| Err(panicked())),
            Err(Stopped::Io(error)) => Err(Error::new(
                ErrorKind::Internal,
                Phase::Request,
                format!("waiting for the engine failed: {error}"),
            )),
            Err(Stopped::Cancelled) => Ended::Cancelled.into_result(),
            Err(Stopped::Interrupted | Stopped::Expired | Stopped::Woken) => Err(interrupted()),
        }
    });
    cancel.cancel();
    result
}

fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, Phase::Request, "interrupted by a signal")
}
