//! Where a response leads: the one place that decides about targets, methods, bodies and fields of redirects
//! (RFC 9110 15.4, and the Fetch standard where that is silent).

use crate::config::Settings;
use crate::error::{Error, ErrorKind, Phase, Result, Sent};
use crate::origin::Scheme;
use crate::repeat::{Answer, Attempt};
use crate::request::Request;
use crate::request::cookies::keeper;
use crate::request::url::Target;

/// Whether a status leads elsewhere when there is a Location.
#[inline]
pub(crate) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Where an answer leads.
pub(crate) struct Next<'m> {
    pub method: &'m str,
    pub target: Target,
    /// The method became GET, and what was about the body goes.
    pub drops_body: bool,
}

/// Where the answer to `method` at `from` leads; `None`: nowhere, it is an answer like others.
pub(crate) fn next<'m, 'l>(
    from: &Target,
    method: &'m str,
    status: u16,
    mut locations: impl Iterator<Item = &'l [u8]>,
) -> Result<Option<Next<'m>>> {
    // There is no other place to open the way from (as the Fetch standard has none for CONNECT).
    if !is_redirect(status) || method == "CONNECT" {
        return Ok(None);
    }
    let Some(location) = locations.next() else { return Ok(None) };
    if locations.any(|other| other != location) {
        return Err(invalid("several different Location fields"));
    }
    // Nothing to go to: the caller sees what came.
    if location.is_empty() {
        return Ok(None);
    }
    let target =
        from.join(location).map_err(|error| invalid(&format!("Location: {}", error.message())))?;
    // 303 turns everything but HEAD into GET; 301 and 302 do so for POST, as every browser does.
    let to_get = match status {
        303 => method != "GET" && method != "HEAD",
        301 | 302 => method == "POST",
        _ => false,
    };
    Ok(Some(Next { method: if to_get { "GET" } else { method }, target, drops_body: to_get }))
}

/// Method and URL (without userinfo, with its fragment) of the request that an answer leads to, whether or
/// not it was to be followed: the answer to `method` at `url`, with that status and these Locations. `None`
/// when it leads nowhere, or to what is no URL.
pub fn next_request<'l>(
    (method, url): (&str, &str),
    status: u16,
    locations: impl Iterator<Item = &'l [u8]>,
) -> Option<(String, String)> {
    let from = Target::parse(url).ok()?;
    let next = next(&from, method, status, locations).ok()??;
    Some((next.method.to_string(), next.target.url().to_string()))
}

/// The request that follows `request`.
///
/// # Errors
/// `RedirectRefused`: from https to http, without leave. `InvalidRedirect`: its body is gone.
pub(super) fn following(settings: &Settings, request: &Request, next: Next<'_>) -> Result<Request> {
    let Next { method, target, drops_body } = next;
    let (from, to) = (&request.target.origin, target.origin.clone());
    let policy = request.policy.as_deref();
    if from.scheme == Scheme::Https && to.scheme == Scheme::Http {
        let own = policy.and_then(|policy| policy.downgrade);
        if !own.unwrap_or(settings.config.redirect_downgrade) {
            let text = format!(
                "redirect from {} to {} refused: it leads from https to http (option \
                 redirect_downgrade)",
                request.url(),
                target.href
            );
            return Err(failed(ErrorKind::RedirectRefused, text));
        }
    }
    let same_origin = *from == to;
    let mut following = Request::to(method, target)?;
    following.copy_settings(request);
    if same_origin {
        following.proxy_authorization = request.proxy_authorization.clone();
    } else {
        following.leave_origin();
    }
    if !drops_body {
        following.share_body(request);
        let attempt = Attempt { answer: Answer::Redirect, ..following.attempt() };
        if attempt.again().is_err() {
            return Err(invalid("the streamed request body cannot be produced again"));
        }
    }
    let kept = keeper(&request.cookies, settings.cookies.get()).is_some();
    let own = policy.map_or(&[][..], |policy| &policy.sensitive);
    for (name, value) in request.headers() {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        let about_body = || {
            is("content-length")
                || is("transfer-encoding")
                || is("content-type")
                || is("content-encoding")
                || is("content-language")
                || is("content-location")
                || is("trailer")
        };
        let sensitive = || {
            is("authorization")
                || is("cookie")
                || is("proxy-authorization")
                || settings.sensitive.iter().chain(own).any(|other| is(other))
        };
        // Where cookies are kept, the next request has those, and not what its caller once said (as httpx and
        // requests have it).
        let kept = kept && is("cookie");
        if is("host") || kept || (drops_body && about_body()) || (!same_origin && sensitive()) {
            continue;
        }
        following.add_header(name, value)?;
    }
    Ok(following)
}

fn invalid(reason: &str) -> Error {
    failed(ErrorKind::InvalidRedirect, format!("cannot follow the redirect: {reason}"))
}

/// The request was answered: sending it again is a second one.
pub(super) fn failed(kind: ErrorKind, message: String) -> Error {
    Error::new(kind, Phase::Head, message).with_exchange(false, Sent::All, false, true)
}
