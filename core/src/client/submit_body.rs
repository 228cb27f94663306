//! Bodies of responses that the engine reads for an event loop, or gives up.

use std::sync::Arc;

use bytes::Bytes;

use crate::client::{Call, Client, Until};
use crate::engine::cancel::cancellable;
use crate::engine::engine;
use crate::engine::queue::{Destination, Outcome, Owed, Queue};
use crate::error::{Error, Result};
use crate::net::space::Space;
use crate::response::Response;

impl Client {
    /// Receives the next piece of a response's body on the engine, at most `max` bytes (0: only
    /// waits for it, as [`Response::read_chunk`]); the response travels with it and comes back in
    /// [`Outcome::Chunk`].
    pub fn submit_read(
        response: Response,
        max: usize,
        queue: &Arc<Queue>,
        token: u64,
    ) -> Result<Call> {
        read(response, Some(max), queue, token)
    }

    /// The same for all the rest as one piece; `None` if nothing was left.
    pub fn submit_read_all(response: Response, queue: &Arc<Queue>, token: u64) -> Result<Call> {
        read(response, None, queue, token)
    }

    /// Receives the body into `destination`, behind its first `filled` bytes, until it is full or
    /// the body has ended; both come back in [`Outcome::Filled`]. The body is collected whole, so
    /// `max_body_size` holds for it.
    pub fn submit_read_full(
        response: Response,
        destination: Box<dyn Destination>,
        filled: usize,
        queue: &Arc<Queue>,
        token: u64,
    ) -> Result<Call> {
        let (call, cancel) = Call::new();
        let engine = engine()?;
        let lent = (response, destination);
        let mut owed = Owed::new(queue, token, lent, |(response, destination), error| {
            Outcome::Filled(response, destination, 0, Err(error))
        });
        engine.spawn(async move {
            let Ok((response, destination)) = owed.lent() else { return };
            let mut wait = engine.wait();
            let mut space = Space::from(destination.memory()).behind(filled);
            let work = response.fill_whole(&mut wait, &mut space);
            let result = cancellable(&cancel, work).await.into_result();
            let filled = space.filled();
            give_back(response, &result);
            owed.settle(|(response, destination)| {
                Outcome::Filled(response, destination, filled, result)
            });
        });
        Ok(call)
    }

    /// Ends a response early by the drain rule, as dropping it does; [`Outcome::Chunk`] brings
    /// `None` once its connection is free or closed.
    pub fn submit_close(response: Response, queue: &Arc<Queue>, token: u64) -> Result<Call> {
        let (call, cancel) = Call::new();
        let mut owed = Owed::new(queue, token, response, chunk_failed);
        engine()?.spawn(async move {
            let Ok(response) = owed.lent() else { return };
            let work = async {
                response.leave().await;
                Ok(None)
            };
            let result = cancellable(&cancel, work).await.into_result();
            owed.settle(|response| Outcome::Chunk(response, result));
        });
        Ok(call)
    }
}

fn chunk_failed(mut response: Response, error: Error) -> Outcome {
    response.close();
    Outcome::Chunk(response, Err(error))
}

fn read(response: Response, max: Option<usize>, queue: &Arc<Queue>, token: u64) -> Result<Call> {
    let (call, cancel) = Call::new();
    let engine = engine()?;
    let mut owed = Owed::new(queue, token, response, chunk_failed);
    engine.spawn(async move {
        let Ok(response) = owed.lent() else { return };
        let mut wait = engine.wait();
        let work = async {
            if max.is_none() {
                response.receive_until(&mut wait, Until::Body).await?;
            }
            response.next_chunk(&mut wait, max.unwrap_or(usize::MAX)).await
        };
        let result: Result<Option<Bytes>> = cancellable(&cancel, work).await.into_result();
        give_back(response, &result);
        owed.settle(|response| Outcome::Chunk(response, result));
    });
    Ok(call)
}

/// To the caller, who may forget it. A read that was stopped from outside may have left the body
/// half-way.
fn give_back<T>(response: &mut Response, result: &Result<T>) {
    if result.as_ref().is_err_and(|error| !response.is_failed(error)) {
        response.close();
    }
    response.park();
}
