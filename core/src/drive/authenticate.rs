//! The authentication ring: who asks, at this origin, with the other fields that a request gets unless it
//! has its own.
//!
//! Credentials are those of the request, of its client or of the URL, in this order, and of a field that the
//! request has anyway before them all. A redirect to another origin brings a request without any.

use std::borrow::Cow;

use crate::auth::credentials::Credentials;
use crate::auth::tries::Tries;
use crate::auth::{Challenges, Login};
use crate::config::Settings;
use crate::connection::tunnel::refusal;
use crate::decode::ACCEPTED;
use crate::drive::call::Call;
use crate::drive::early::TOO_EARLY;
use crate::drive::history::History;
use crate::drive::reply::Reply;
use crate::drive::retry;
use crate::drive::wait::Wait;
use crate::error::{Error, ErrorKind, Phase, Result, Sent};
use crate::repeat::{Answer, Attempt};
use crate::request::Request;

/// Status of an answer that a proxy gives for itself: it wants credentials (RFC 9110 15.5.8).
const PROXY_ASKS: u16 = 407;

/// Status of an answer that a server gives: it wants credentials (RFC 9110 15.5.2).
const ORIGIN_ASKS: u16 = 401;

/// Has `request` sent with its credentials from now on. The answer is not the last word before [`answered`]
/// has seen it.
#[inline(always)]
pub(super) fn begin<W: Wait>(call: &mut Call<'_, W>, request: &Request) {
    call.fields = match usual_fields(call.settings, request) {
        Some(fields) => fields,
        None => default_fields(call, request, &mut Tries::default()),
    };
    call.tried = Tries::default();
}

/// Whether an answer may ask for the request once more, in another way.
#[inline]
pub(super) fn may_ask(reply: &Reply) -> bool {
    matches!(reply.status(), ORIGIN_ASKS | PROXY_ASKS | TOO_EARLY)
}

/// Sends the request again if `reply` asks for that: with credentials for the server or a proxy, or not
/// early. An answer that asked for credentials is part of the history of the one that they led to, as httpx and
/// requests have it.
pub(super) async fn answered<W: Wait>(
    call: &mut Call<'_, W>,
    request: &Request,
    reply: Box<Reply>,
) -> Result<Box<Reply>> {
    let mut reply = match reply.status() {
        TOO_EARLY if reply.tls.as_ref().is_some_and(|tls| tls.early()) => {
            call.early = false;
            // Its connection goes back by the drain rule.
            drop(reply);
            call.record.again();
            retry::send(call, request).await?
        }
        _ => reply,
    };
    let mut tries = Tries::default();
    let mut history = History::default();
    // Each asks for itself, and a proxy can be between two questions of the server's.
    loop {
        if reply.status() == PROXY_ASKS {
            reply = answer_proxy(call, request, reply, &mut history).await?;
        }
        match asked(call, request, &reply, &mut tries) {
            false => {
                reply.led_by(history, request.method());
                return Ok(reply);
            }
            true => {
                history.add(reply.into_hop(request.method()));
                call.record.again();
                call.fields = default_fields(call, request, &mut tries);
                reply = retry::send(call, request).await?;
            }
        }
    }
}

/// Whether a server asks for Digest and gets an answer: the 401 is the caller's otherwise, also when the body
/// cannot be sent again.
fn asked<W: Wait>(call: &Call<'_, W>, request: &Request, reply: &Reply, tries: &mut Tries) -> bool {
    if reply.status() != ORIGIN_ASKS || login(call.settings, request).is_none() {
        return false;
    }
    let attempt = Attempt { answer: Answer::Redirect, ..request.attempt() };
    let challenges = Challenges::read(reply.headers().get_all(b"www-authenticate"));
    attempt.again().is_ok() && challenges.digest.is_some_and(|digest| tries.asks(digest))
}

/// What the request is sent with unless it has a field of its own: the request's word before the client's.
fn credentials<'a>(settings: &'a Settings, request: &'a Request) -> Option<&'a Credentials> {
    let own = request.policy.as_ref().and_then(|policy| policy.auth.as_ref());
    own.or(settings.auth.as_ref())
}

/// Who answers the challenges of its server.
fn login<'a>(settings: &'a Settings, request: &'a Request) -> Option<&'a Login> {
    match credentials(settings, request)? {
        Credentials::Digest(login) if !request.head.is_connect() => {
            (!request.decides_header(b"authorization")).then_some(login)
        }
        _ => None,
    }
}

/// Answers a proxy that forwards the request and asks for other credentials than it got. From a server
/// itself 407 is an answer like any other.
async fn answer_proxy<W: Wait>(
    call: &mut Call<'_, W>,
    request: &Request,
    mut reply: Box<Reply>,
    history: &mut History,
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
        history.add(reply.into_hop(request.method()));
        call.record.again();
        reply = retry::send(call, request).await?;
        if reply.status() != PROXY_ASKS {
            return Ok(reply);
        }
    }
}

/// Those of most requests, which say nothing of them.
#[inline]
fn usual_fields<'a>(settings: &'a Settings, request: &Request) -> Option<Cow<'a, [u8]>> {
    let is_plain = request.target.authorization.is_none() && !request.own_defaults;
    (is_plain && settings.auth.is_none()).then_some(Cow::Borrowed(
        match request.decodes(&settings.config) {
            true => &settings.decoding_fields,
            false => &settings.agent_field,
        },
    ))
}

/// Fields a request gets unless it has its own.
fn default_fields<'a, W: Wait>(
    call: &Call<'a, W>,
    request: &Request,
    tries: &mut Tries,
) -> Cow<'a, [u8]> {
    let settings = call.settings;
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
    let known;
    let authorization = match credentials(settings, request) {
        None | Some(Credentials::None) => request.target.authorization.as_deref(),
        Some(Credentials::Field(value)) => Some(&**value),
        Some(Credentials::Digest(_)) => {
            known = login(settings, request).and_then(|login| {
                let (nonces, origin) = (&call.pool.manager.nonces, &request.target.origin);
                let line = (request.method(), request.head.target());
                nonces.answer((origin, login), line, tries)
            });
            known.as_deref()
        }
    };
    if let Some(authorization) = authorization {
        add(
            if request.head.is_connect() { "Proxy-Authorization" } else { "Authorization" },
            authorization,
        );
    }
    Cow::Owned(fields)
}
