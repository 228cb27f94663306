//! The authentication ring: who asks, at this origin, with the other fields that a request gets unless it
//! has its own.
//!
//! Credentials are those of the URL; a redirect to another origin brings a URL without them.

use std::borrow::Cow;

use crate::auth::Challenges;
use crate::config::Settings;
use crate::connection::tunnel::refusal;
use crate::decode::ACCEPTED;
use crate::drive::call::Call;
use crate::drive::early::TOO_EARLY;
use crate::drive::reply::Reply;
use crate::drive::retry;
use crate::drive::wait::Wait;
use crate::error::{Error, ErrorKind, Phase, Result, Sent};
use crate::origin::proxy::Tried;
use crate::repeat::{Answer, Attempt};
use crate::request::Request;

/// Status of an answer that a proxy gives for itself: it wants credentials (RFC 9110 15.5.8).
const PROXY_ASKS: u16 = 407;

/// Sends `request` with its credentials. The answer is not the last word before [`answered`] has seen it.
pub(super) fn send<'a, 'b, W: Wait>(
    call: &'a mut Call<'b, W>,
    request: &'a Request,
) -> impl Future<Output = Result<Box<Reply>>> + Send + use<'a, 'b, W> {
    call.fields = default_fields(call.settings, request);
    call.tried = Tried::default();
    retry::send(call, request)
}

/// Whether an answer may ask for the request once more, in another way.
#[inline]
pub(super) fn may_ask(reply: &Reply) -> bool {
    matches!(reply.status(), PROXY_ASKS | TOO_EARLY)
}

/// Sends the request again if `reply` asks for that: with credentials for a proxy, or not early.
pub(super) async fn answered<W: Wait>(
    call: &mut Call<'_, W>,
    request: &Request,
    reply: Box<Reply>,
) -> Result<Box<Reply>> {
    if reply.status() == PROXY_ASKS {
        return answer_proxy(call, request, reply).await;
    }
    if !reply.tls.as_ref().is_some_and(|tls| tls.early()) {
        return Ok(reply);
    }
    call.early = false;
    // Its connection goes back by the drain rule.
    drop(reply);
    call.record.again();
    retry::send(call, request).await
}

/// Answers a proxy that forwards the request and asks for other credentials than it got. From a server
/// itself 407 is an answer like any other.
async fn answer_proxy<W: Wait>(
    call: &mut Call<'_, W>,
    request: &Request,
    mut reply: Box<Reply>,
) -> Result<Box<Reply>> {
    let route = call.route(request)?;
    let Some(proxy) = route.road().forwarder() else { return Ok(reply) };
    loop {
        let challenges = Challenges::read(reply.headers().get_all(b"proxy-authenticate"));
        let reason = refusal(proxy, &challenges);
        let attempt = Attempt { answer: Answer::Redirect, ..request.attempt() };
        let asks = request.proxy_authorization.is_none() && proxy.asks(challenges, &mut call.tried);
        let again = attempt.again().is_ok();
        if !asks || !again {
            let reason = match asks {
                false => reason,
                true => {
                    "it asks for Digest (407), and the streamed body cannot be sent again".into()
                }
            };
            let text = format!("proxy {proxy} did not forward the request: {reason}");
            let error = Error::new(ErrorKind::ProxyAuthenticationRequired, Phase::Head, text);
            return Err(error.with_exchange(call.record.info.reused, Sent::All, false, true));
        }
        // Its connection goes back by the drain rule.
        drop(reply);
        call.record.again();
        reply = retry::send(call, request).await?;
        if reply.status() != PROXY_ASKS {
            return Ok(reply);
        }
    }
}

/// Fields a request gets unless it has its own.
fn default_fields<'a>(settings: &'a Settings, request: &Request) -> Cow<'a, [u8]> {
    if request.target.authorization.is_none() && !request.own_defaults {
        return Cow::Borrowed(match request.decodes(&settings.config) {
            true => &settings.decoding_fields,
            false => &settings.agent_field,
        });
    }
    let mut fields = Vec::with_capacity(256);
    let mut add = |name: &str, value: &str| {
        if !request.decides_header(name.as_bytes()) {
            for part in [name, ": ", value, "\r\n"] {
                fields.extend_from_slice(part.as_bytes());
            }
        }
    };
    if let Some(agent) = &settings.config.user_agent {
        add("User-Agent", agent);
    }
    if request.decodes(&settings.config) {
        add("Accept-Encoding", ACCEPTED);
    }
    if let Some(authorization) = &request.target.authorization {
        add(
            if request.head.is_connect() { "Proxy-Authorization" } else { "Authorization" },
            authorization,
        );
    }
    Cow::Owned(fields)
}
