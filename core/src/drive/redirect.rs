//! What a redirect asks for next (RFC 9110 15.4, and the Fetch standard where that is silent).

use crate::error::{Error, ErrorKind, Phase, Result, Sent};
use crate::request::Request;
use crate::response::Response;

/// The next request; `None` when the response is no redirect.
pub(crate) fn next(request: &Request, response: &Response) -> Result<Option<Request>> {
    let status = response.status();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    if request.refuse_redirects {
        return Err(failed(format!("redirect refused: {status} from {}", request.url())));
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
    if !to_get {
        following.body = request.body.clone();
        if !following.body.can_restart() {
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
        if is("host") || (to_get && about_body) || (!same_origin && secret) {
            continue;
        }
        following.add_header(name, value)?;
    }
    Ok(Some(following))
}

fn invalid(reason: &str) -> Error {
    failed(format!("cannot follow the redirect: {reason}"))
}

/// The request was answered: sending it again is a second one.
fn failed(message: String) -> Error {
    let error = Error::new(ErrorKind::InvalidRedirect, Phase::Head, message);
    error.with_exchange(false, Sent::All, false, true)
}
