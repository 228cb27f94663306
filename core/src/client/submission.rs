//! What is handed to the engine, and what the engine makes of it: one completion, however it ends.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use crate::client::call::Call;
use crate::client::outcome::{Outcome, Queue};
use crate::config::Settings;
use crate::connection::manager::ClientPool;
use crate::drive::perform;
use crate::drive::wait::tokio::TokioWait;
use crate::engine::cancel::{Cancel, Ended, cancellable};
use crate::engine::inbox::{Count, Job};
use crate::engine::queue::Owed;
use crate::error::{Error, Result};
use crate::guard::guarded;
use crate::process::process;
use crate::request::Request;
use crate::response::{Response, Until};

/// A request on its way to the engine.
pub(super) struct Submission<C> {
    /// Keeps the pool open, and has the settings.
    pub client: Arc<C>,
    pub pool: Arc<ClientPool>,
    pub request: Arc<Request>,
    pub until: Until,
    pub cancel: Arc<Cancel>,
    pub queue: Arc<Queue>,
    pub token: u64,
}

impl<C: AsRef<Settings> + Send + Sync + 'static> Submission<C> {
    /// What is to be driven.
    pub fn begin(self, mut wait: TokioWait, count: Count) -> Job {
        let Submission { client, pool, request, until, cancel, queue, token } = self;
        let owed = Owed::new(&queue, token, (), |(), error| Outcome::Response(Err(error)));
        // Memory first: all of it would be copied there, of which most is for later.
        let job = Box::write(Box::new_uninit(), async move {
            let result = {
                // Pinned where it is made: a future that is handed on is held twice.
                let settings = (*client).as_ref();
                let work = pin!(perform_here(settings, &pool, &request, until, &mut wait));
                cancellable(&cancel, work).await.into_result()
            };
            // What it holds is given back before anybody hears of its end.
            // A body source that panics then takes nothing from the result.
            guarded(|| drop((wait, client, pool, request, count)));
            owed.settle(|()| Outcome::Response(result));
        });
        Box::into_pin(job)
    }
}

/// Sends a request on the engine and receives as much of its answer as `until` says.
pub(super) async fn perform_here(
    settings: &Settings,
    pool: &Arc<ClientPool>,
    request: &Request,
    until: Until,
    wait: &mut TokioWait,
) -> Result<Response> {
    let mut response = Response::from(perform(settings, pool, request, wait).await?);
    if until == Until::Head {
        response.gather();
    }
    if !response.is_enough(until)? {
        response.collect_whole(wait).await?;
    }
    Ok(response)
}

/// Work of the engine's that borrows what was lent to it.
pub(super) type Work<'a, R> = Pin<Box<dyn Future<Output = Result<R>> + Send + 'a>>;

/// What is lent to the engine for a piece of work.
pub(super) trait Loan: Send + 'static {
    /// The response whose connection is free or closed before the completion of work that was left
    /// ([`Call::leave`]).
    fn response(&mut self) -> Option<&mut Response> {
        None
    }
}

impl Loan for () {}

impl Loan for Response {
    fn response(&mut self) -> Option<&mut Response> {
        Some(self)
    }
}

/// Runs `work` on the engine with what is `lent` to it; `done` makes its completion of that and of its
/// result, `failed` when it panics.
///
/// # Errors
/// The engine cannot be started; then nothing reaches the queue.
pub(super) fn submitted<L: Loan, R: Send + 'static>(
    (queue, token): (&Arc<Queue>, u64),
    lent: L,
    failed: fn(L, Error) -> Outcome,
    work: impl for<'a> FnOnce(&'a mut L, &'a mut TokioWait) -> Work<'a, R> + Send + 'static,
    done: fn(L, Result<R>) -> Outcome,
) -> Result<Call> {
    let engine = process().engine()?;
    let (call, cancel) = Call::new();
    let mut owed = Owed::new(queue, token, lent, failed);
    engine.spawn(async move {
        let mut wait = TokioWait::new(engine);
        let Ok(lent) = owed.lent() else { return };
        let ended = cancellable(&cancel, work(lent, &mut wait)).await;
        if matches!(ended, Ended::Cancelled)
            && cancel.is_left()
            && let Some(response) = lent.response()
        {
            response.leave().await;
        }
        let result = ended.into_result();
        owed.settle(|lent| done(lent, result));
    });
    Ok(call)
}
