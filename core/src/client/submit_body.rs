//! Bodies of responses that the engine reads for an event loop, or gives up.

use std::sync::Arc;

use bytes::Bytes;

use crate::client::Client;
use crate::client::call::Call;
use crate::client::outcome::{Destination, Outcome, Queue};
use crate::client::submission::{Loan, submitted};
use crate::error::{Error, Result};
use crate::net::space::Space;
use crate::response::{Response, Until};

impl Client {
    /// Receives the next piece of a response's body on the engine, at most `max` bytes (0: only
    /// waits for it, as [`Response::read_chunk`]); the response travels with it and comes back in
    /// [`Outcome::Chunk`].
    ///
    /// # Errors
    /// The engine cannot be started; then nothing reaches the queue, as everywhere here.
    pub fn submit_read(
        response: Response,
        max: usize,
        queue: &Arc<Queue>,
        token: u64,
    ) -> Result<Call> {
        read(response, Some(max), queue, token)
    }

    /// Receives all the rest of a response's body as one piece on the engine; the response comes back
    /// with it in [`Outcome::Chunk`], `None` if nothing was left.
    ///
    /// # Errors
    /// The engine cannot be started.
    pub fn submit_read_all(response: Response, queue: &Arc<Queue>, token: u64) -> Result<Call> {
        read(response, None, queue, token)
    }

    /// Receives the body into `destination`, behind its first `filled` bytes, until it is full or
    /// the body has ended; both come back in [`Outcome::Filled`]. The body is collected whole, so
    /// `max_body_size` holds for it.
    ///
    /// # Errors
    /// The engine cannot be started.
    pub fn submit_read_full(
        response: Response,
        destination: Box<dyn Destination>,
        filled: usize,
        queue: &Arc<Queue>,
        token: u64,
    ) -> Result<Call> {
        let lent = Lent { response, destination, filled };
        let failed =
            |lent: Lent, error| Outcome::Filled(lent.response, lent.destination, 0, Err(error));
        submitted(
            (queue, token),
            lent,
            failed,
            |lent, wait| {
                Box::pin(async move {
                    let Lent { response, destination, filled } = lent;
                    let space = Space::from(destination.memory()).behind(*filled);
                    let mut filling = Filling { space, filled };
                    response.fill_whole(wait, &mut filling.space).await
                })
            },
            |Lent { mut response, destination, filled }, result| {
                give_back(&mut response, &result);
                Outcome::Filled(response, destination, filled, result)
            },
        )
    }

    /// Ends a response early by the drain rule, as dropping it does; [`Outcome::Chunk`] brings
    /// `None` once its connection is free or closed.
    ///
    /// # Errors
    /// The engine cannot be started.
    pub fn submit_close(response: Response, queue: &Arc<Queue>, token: u64) -> Result<Call> {
        submitted(
            (queue, token),
            response,
            chunk_failed,
            |response, _| {
                Box::pin(async {
                    response.leave().await;
                    Ok(None)
                })
            },
            Outcome::Chunk,
        )
    }
}

struct Lent {
    response: Response,
    destination: Box<dyn Destination>,
    filled: usize,
}

impl Loan for Lent {
    fn response(&mut self) -> Option<&mut Response> {
        Some(&mut self.response)
    }
}

/// OriginState that is being filled; how far it came is kept also when the work is cancelled.
struct Filling<'a> {
    space: Space<'a>,
    filled: &'a mut usize,
}

impl Drop for Filling<'_> {
    fn drop(&mut self) {
        *self.filled = self.space.filled();
    }
}

fn chunk_failed(mut response: Response, error: Error) -> Outcome {
    response.close();
    Outcome::Chunk(response, Err(error))
}

fn read(response: Response, max: Option<usize>, queue: &Arc<Queue>, token: u64) -> Result<Call> {
    submitted(
        (queue, token),
        response,
        chunk_failed,
        move |response, wait| {
            Box::pin(async move {
                if max.is_none() {
                    response.receive_until(wait, Until::Body).await?;
                }
                response.next_chunk(wait, max.unwrap_or(usize::MAX)).await
            })
        },
        |mut response, result: Result<Option<Bytes>>| {
            give_back(&mut response, &result);
            Outcome::Chunk(response, result)
        },
    )
}

/// To the caller, who may forget it. A read that was stopped from outside may have left the body
/// half-way.
fn give_back<T>(response: &mut Response, result: &Result<T>) {
    if result.as_ref().is_err_and(|error| !response.is_failed(error)) {
        response.close();
    }
    response.park();
}
