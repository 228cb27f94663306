//! A client's base URL and the references below it.

use crate::error::Result;
use crate::request::url::refuse::invalid;
use crate::request::url::scheme::is_scheme;

/// Whether `text` begins with a scheme and an authority, whatever stands in its path or query.
fn is_absolute(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme))
}

/// The URL that `reference` names below `base`: an absolute one itself, any other appended to the
/// base's path, as httpx joins `base_url` (`/a` below `http://host/v1` is `http://host/v1/a`).
///
/// # Errors
/// `InvalidUrl` when the reference names a host without a scheme (`//host/path`) or a scheme without
/// its slashes (`http:host`), which would be taken for a path, or when the base has a query or a
/// fragment, which nothing can follow.
pub fn join_url(base: &str, reference: &str) -> Result<String> {
    if is_absolute(reference) {
        return Ok(reference.to_string());
    }
    let scheme = reference.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if matches!(scheme.as_deref(), Some("http" | "https")) {
        return Err(invalid(reference, "expected http:// or https:// and a host, or a path"));
    }
    if reference.starts_with("//") {
        return Err(invalid(
            reference,
            "a host without a scheme; expected a path below base_url, or http:// or https://",
        ));
    }
    if base.contains(['?', '#']) {
        return Err(invalid(base, "base_url has a query or a fragment; expected none"));
    }
    Ok(format!("{}/{}", base.trim_end_matches('/'), reference.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_reference_is_absolute_by_its_scheme_only() {
        for (base, reference, joined) in [
            ("http://a/v1", "/x", "http://a/v1/x"),
            ("http://a/v1/", "x", "http://a/v1/x"),
            ("http://a", "", "http://a/"),
            ("http://a/v1", "?x=1", "http://a/v1/?x=1"),
            ("http://a", "/login?next=https://x/", "http://a/login?next=https://x/"),
            ("http://a", "proxy/http://b/", "http://a/proxy/http://b/"),
            ("http://a", "9://b", "http://a/9://b"),
            ("http://a", "https://b/x", "https://b/x"),
            ("http://a", "HTTP://b/x", "HTTP://b/x"),
            ("http://a", "ftp://b/x", "ftp://b/x"),
            ("http://a", "users:list", "http://a/users:list"),
        ] {
            assert_eq!(join_url(base, reference).ok().as_deref(), Some(joined), "{reference}");
        }
    }

    #[test]
    fn what_cannot_be_joined_is_refused() {
        for (base, reference) in [
            ("http://a", "//b/x"),
            ("http://a", "http:b/x"),
            ("http://a", "HTTPS:/b/x"),
            ("http://a", "http:us:geheim@b/x"),
            ("http://a?x", "/y"),
            ("http://a#x", "y"),
        ] {
            let error = join_url(base, reference).expect_err(reference);
            assert_eq!(error.kind(), ErrorKind::InvalidUrl);
            assert!(!error.message().contains("geheim"), "{error}");
        }
    }
}
