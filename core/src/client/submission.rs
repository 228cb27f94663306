//! A submitted request: what is handed to the engine, and what the engine makes of it.

use std::pin::pin;
use std::sync::Arc;

use crate::client::{ClientInner, Until};
use crate::connection::ClientPool;
use crate::drive::wait::tokio::TokioWait;
use crate::engine::Count;
use crate::engine::cancel::{Cancel, cancellable};
use crate::engine::inline_task::Job;
use crate::engine::queue::{Outcome, Owed, Queue};
use crate::guard::guarded;
use crate::request::Request;

/// A request on its way to the engine. Its future is made where it runs, so that only this changes
/// threads.
pub(crate) struct Submission {
    /// Keeps the pool open.
    pub client: Arc<ClientInner>,
    pub pool: Arc<ClientPool>,
    pub request: Arc<Request>,
    pub until: Until,
    pub cancel: Arc<Cancel>,
    pub queue: Arc<Queue>,
    pub token: u64,
}

impl Submission {
    /// What is to be driven; it ends in exactly one completion.
    pub fn begin(self, mut wait: TokioWait, count: Count) -> Job {
        let Submission { client, pool, request, until, cancel, queue, token } = self;
        let owed = Owed::new(&queue, token, (), |(), error| Outcome::Response(Err(error)));
        Box::pin(async move {
            let result = {
                // Pinned where it is made: a future that is handed on is held twice.
                let work = pin!(client.perform(&pool, &request, until, &mut wait));
                cancellable(&cancel, work).await.into_result()
            };
            // What it holds is given back before anybody hears of its end.
            // A body source that panics then takes nothing from the result.
            guarded(|| drop((wait, client, pool, request, count)));
            owed.settle(|()| Outcome::Response(result));
        })
    }
}
