//! Downloads, by both waits.

use std::sync::Arc;

use crate::client::Client;
use crate::client::call::Call;
use crate::client::download::{Download, run as download};
use crate::client::outcome::{Outcome, Queue};
use crate::client::submission::submitted;
use crate::drive::hedge;
use crate::drive::on_engine::on_engine;
use crate::drive::wait::blocking::{Blocking, BlockingWait, run};
use crate::drive::wait::tokio::TokioWait;
use crate::error::Result;
use crate::request::Request;
use crate::response::Response;

impl Client {
    /// Sends `request` and writes the body of its answer where `to` says, on this thread. Codings are not
    /// asked for (`Accept-Encoding: identity`) unless the request has that field. Where the connection
    /// breaks, the rest is asked for and written behind what came, if the request is a GET and the answer has
    /// a strong validator (RFC 9110 13.1.5); within the retry budget, as long as each or one of a few tries
    /// brings something.
    ///
    /// The response has [`Response::saved`], and no body left. Of a status that is not 2xx nothing is
    /// written, and the body is there to read.
    ///
    /// # Errors
    /// Those of [`Client::send_whole`]; `FileFailed`, whose connection is closed; `ResumeFailed`. What was
    /// written beside a path is removed then, unless it is to be gone on with.
    pub fn download(
        &self,
        request: &Request,
        to: Download,
        blocking: Blocking<'_>,
    ) -> Result<Response> {
        request.check()?;
        let pool = self.pool()?;
        if hedge::allowed(self.config(), request) {
            let (inner, request) = (self.inner.clone(), request.clone());
            let mut wait = TokioWait::new(self.process().engine()?);
            let work =
                async move { download(&inner.settings, &pool, &request, to, &mut wait).await };
            return on_engine(blocking, work);
        }
        let mut wait = BlockingWait::new(blocking);
        run(download(&self.inner.settings, &pool, request, to, &mut wait))
    }

    /// [`Client::download`] on the engine; exactly one [`Outcome::Response`] with `token` reaches `queue`.
    ///
    /// # Errors
    /// Bad input and a closed client fail here, and then nothing reaches the queue.
    pub fn submit_download(
        &self,
        request: impl Into<Arc<Request>>,
        to: Download,
        queue: &Arc<Queue>,
        token: u64,
    ) -> Result<Call> {
        let request = request.into();
        request.check()?;
        let pool = self.pool()?;
        let inner = self.inner.clone();
        submitted(
            (queue, token),
            (),
            |(), error| Outcome::Response(Err(error)),
            move |(), wait| {
                Box::pin(async move { download(&inner.settings, &pool, &request, to, wait).await })
            },
            |(), response| Outcome::Response(response),
        )
    }
}
