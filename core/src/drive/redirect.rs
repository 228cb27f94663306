//! The redirect ring: goes where the answer says, when the request asks for that (RFC 9110 15.4, and the
//! Fetch standard where that is silent).

use std::time::Instant;

use crate::drive::call::Call;
use crate::drive::reply::Reply;
use crate::drive::wait::Wait;
use crate::drive::{authenticate, cookies};
use crate::error::{Error, ErrorKind, Phase, Result, Sent};
use crate::repeat::{Answer, Attempt};
use crate::request::Request;

/// Sends `request`, and what its answers lead to, until a head is there that leads nowhere.
pub(crate) async fn send<W: Wait>(call: &mut Call<'_, W>, request: &Request) -> Result<Box<Reply>> {
    let mut reply = authenticate::send(call, request).await?;
    if authenticate::may_ask(&reply) {
        // Boxed: what is seldom asked for makes no other request's future larger.
        reply = Box::pin(authenticate::answered(call, request, reply)).await?;
    }
    if !request.follow_redirects && !request.refuse_redirects {
        return Ok(reply);
    }
    // Boxed: what is seldom asked for makes no other request's future larger.
    Box::pin(follow(call, request, reply)).await
}

async fn follow<W: Wait>(
    call: &mut Call<'_, W>,
    request: &Request,
    mut reply: Box<Reply>,
) -> Result<Box<Reply>> {
    let started = call.record.marks.started;
    let most = call.settings.config.max_redirects;
    let mut redirects = 0;
    let kept = cookies::are_kept(call.settings, request);
    let mut next = next_request(request, &reply, kept)?;
    while let Some(following) = next {
        if u64::from(redirects) >= most {
            let text = format!("more than {most} redirects from {}", request.url());
            return Err(failed(ErrorKind::TooManyRedirects, text));
        }
        redirects += 1;
        // Its connection goes back by the drain rule.
        drop(reply);
        call.record.hop(Instant::now(), redirects);
        reply = authenticate::send(call, &following).await?;
        if authenticate::may_ask(&reply) {
            reply = Box::pin(authenticate::answered(call, &following, reply)).await?;
        }
        next = next_request(&following, &reply, kept)?;
    }
    reply.marks.started = started;
    Ok(reply)
}

/// The next request; `None` when the response is no redirect. Where cookies are `kept`, the next one has
/// those, and not what its caller once said (as httpx and requests have it).
fn next_request(request: &Request, response: &Reply, kept: bool) -> Result<Option<Request>> {
    let status = response.status();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    if request.refuse_redirects {
        let text = format!("redirect refused: {status} from {}", request.url());
        return Err(failed(ErrorKind::InvalidRedirect, text));
    }
    // There is no other place to open the way from (as the Fetch standard has none for CONNECT).
    if request.head.is_connect() {
        return Ok(None);
    }
    let mut locations = response.headers().get_all(b"location");
    let Some(location) = locations.next() else {
        return Ok(None);
    };
    if locations.any(|other| other != location) {
        return Err(invalid("several different Location fields"));
    }
    // Nothing to go to: the caller sees what came.
    if location.is_empty() {
        return Ok(None);
    }
    let target = request
        .target
        .join(location)
        .map_err(|error| invalid(&format!("Location: {}", error.message())))?;
    let same_origin = target.origin == request.target.origin;

    let method = request.method();
    // 303 turns everything but HEAD into GET; 301 and 302 do so for POST, as every browser does.
    let to_get = match status {
        303 => method != "GET" && method != "HEAD",
        301 | 302 => method == "POST",
        _ => false,
    };
    let mut following = Request::to(if to_get { "GET" } else { method }, target)?;
    following.copy_settings(request);
    if !same_origin {
        following.leave_origin();
    }
    if !to_get {
        following.body = request.body.clone();
        let attempt = Attempt { answer: Answer::Redirect, ..following.attempt() };
        if attempt.again().is_err() {
            return Err(invalid("the streamed request body cannot be produced again"));
        }
    }
    for (name, value) in request.headers() {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        let about_body = is("content-length")
            || is("transfer-encoding")
            || is("content-type")
            || is("content-encoding")
            || is("content-language")
            || is("content-location");
        let secret = is("authorization") || is("cookie") || is("proxy-authorization");
        if is("host")
            || (to_get && about_body)
            || (!same_origin && secret)
            || (kept && is("cookie"))
        {
            continue;
        }
        following.add_header(name, value)?;
    }
    Ok(Some(following))
}

fn invalid(reason: &str) -> Error {
    failed(ErrorKind::InvalidRedirect, format!("cannot follow the redirect: {reason}"))
}

/// The request was answered: sending it again is a second one.
fn failed(kind: ErrorKind, message: String) -> Error {
    Error::new(kind, Phase::Head, message).with_exchange(false, Sent::All, false, true)
}
