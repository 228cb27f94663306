//! Drives requests: one `async fn` for each ring, generic over how it waits.
//!
//! A request passes the rings from the outside in, all over one [`call::Call`]:
//!
//! | ring | its one idea |
//! |---|---|
//! | `redirect` | goes where the answer says |
//! | `authenticate` | says who asks, at this origin |
//! | `retry` | tries again what failed by load or luck, within a budget and behind a breaker |
//! | `cookies` | sends the cookies of its place, keeps those of its answer, if somebody keeps them |
//! | `replay` | a connection that died under the request costs it nothing |
//! | `hedge` | an answer that is late is asked for a second time |
//! | `exchange` | one request and the head of its answer on one connection |
//!
//! `acquire` gets the connection or, by `pipeline`, a place behind others on one, `expect` says whether a body waits
//! for the server's word, `reply` makes what the rings hand back, `history` keeps what led there, `body` and `passthrough`
//! receive the rest of it, `drain` ends it early. The protocol machine decides what bytes mean
//! (`keepalive-proto`), `repeat` what may be sent again.

mod acquire;
mod authenticate;
pub(crate) mod body;
pub(crate) mod buffer;
mod call;
pub(crate) mod cookies;
mod drain;
mod early;
mod exchange;
mod expect;
pub(crate) mod hedge;
pub(crate) mod history;
pub(crate) mod info;
pub(crate) mod meter;
mod metered;
mod metered_upload;
pub(crate) mod on_engine;
mod passthrough;
mod pipeline;
pub(crate) mod redirect;
mod replay;
pub(crate) mod reply;
pub(crate) mod retry;
mod room;
mod start;
mod upload;
pub(crate) mod wait;
pub(crate) mod warm;
pub(crate) mod watch;

use std::sync::Arc;

use crate::config::Settings;
use crate::connection::manager::ClientPool;
use crate::drive::call::Call;
use crate::drive::reply::Reply;
use crate::drive::wait::Wait;
use crate::error::Result;
use crate::observe::Event;
use crate::request::Request;

/// Sends `request` through all rings, until the head of its final answer is there.
pub(crate) async fn perform<W: Wait>(
    settings: &Settings,
    pool: &Arc<ClientPool>,
    request: &Request,
    wait: &mut W,
) -> Result<Box<Reply>> {
    let own = request.own_limits(&settings.config);
    let limits = own.as_ref().unwrap_or(&settings.limits);
    let mut call = Call::new(settings, limits, pool, request, wait);
    if call.record.is_observed() {
        let (method, url) = (request.method(), request.url());
        call.record.tell(Event::Started { method, url });
    }
    authenticate::begin(&mut call, request);
    // Boxed: what is seldom asked for makes no other request's future larger. What most requests pass is
    // no future by itself.
    let result = match retry::is_off(&call) && !cookies::are_elsewhere(&call, request) {
        false => Box::pin(retry::send(&mut call, request)).await,
        true => {
            let without = cookies::give(&mut call, request);
            let result = replay::send(&mut call, request).await;
            cookies::receive(&mut call, request, without, &result);
            result
        }
    };
    let result = match result {
        Ok(reply) if redirect::may_follow(&reply) => {
            Box::pin(redirect::answered(&mut call, request, reply)).await
        }
        result => result,
    };
    result.map_err(|error| call.record.failed(error))
}
