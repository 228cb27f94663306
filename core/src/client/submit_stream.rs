//! Streams that the engine reads and writes for an event loop.

use std::sync::Arc;

use bytes::Bytes;

use crate::client::call::Call;
use crate::client::outcome::{Outcome, Queue};
use crate::client::submission::{Loan, submitted};
use crate::error::Result;
use crate::stream::{Shared, UpgradedStream};

impl Loan for Arc<Shared> {}

impl Loan for Bytes {}

impl UpgradedStream {
    /// Reads the next piece on the engine, of at most `max` bytes; [`Outcome::StreamRead`] brings it. A
    /// read that is cancelled takes nothing from the stream.
    ///
    /// # Errors
    /// The engine cannot be started; then nothing reaches the queue, as everywhere here. What is wrong
    /// with the stream is in the outcome ([`UpgradedStream::read`]).
    pub fn submit_read(&self, max: usize, queue: &Arc<Queue>, token: u64) -> Result<Call> {
        submitted(
            (queue, token),
            self.0.clone(),
            |_, error| Outcome::StreamRead(Err(error)),
            move |stream, wait| Box::pin(async move { stream.read_piece(wait, max.max(1)).await }),
            |_, result| Outcome::StreamRead(result),
        )
    }

    /// Waits on the engine until bytes are at hand, for which it receives at most `max`;
    /// [`Outcome::StreamReady`] says how many the next [`UpgradedStream::read`] has without waiting.
    ///
    /// # Errors
    /// The engine cannot be started.
    pub fn submit_ready(&self, max: usize, queue: &Arc<Queue>, token: u64) -> Result<Call> {
        submitted(
            (queue, token),
            self.0.clone(),
            |_, error| Outcome::StreamReady(Err(error)),
            move |stream, wait| {
                Box::pin(async move { stream.wait_at_hand(wait, max.max(1)).await })
            },
            |_, result| Outcome::StreamReady(result),
        )
    }

    /// Writes all of `data` on the engine; [`Outcome::StreamWritten`] says when it is done. One that is
    /// cancelled may have written some of it.
    ///
    /// # Errors
    /// The engine cannot be started.
    pub fn submit_write(&self, data: Bytes, queue: &Arc<Queue>, token: u64) -> Result<Call> {
        let stream = self.0.clone();
        submitted(
            (queue, token),
            data,
            |_, error| Outcome::StreamWritten(Err(error)),
            move |data, wait| Box::pin(async move { stream.write_all(wait, data).await }),
            |_, result| Outcome::StreamWritten(result),
        )
    }

    /// Ends the sending half on the engine; [`Outcome::StreamWritten`] says when it is done.
    ///
    /// # Errors
    /// The engine cannot be started.
    pub fn submit_shutdown(&self, queue: &Arc<Queue>, token: u64) -> Result<Call> {
        submitted(
            (queue, token),
            self.0.clone(),
            |_, error| Outcome::StreamWritten(Err(error)),
            |stream, wait| Box::pin(async move { stream.finish(wait).await }),
            |_, result| Outcome::StreamWritten(result),
        )
    }
}
