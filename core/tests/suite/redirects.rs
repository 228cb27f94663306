//! Redirects as servers really send them: faulty Locations are repaired, empty ones are delivered,
//! credentials stay within their origin.

use crate::common::*;
use keepalive_core::*;

fn follow(url: &str) -> Result<Response> {
    let client = client(|_| {});
    let mut request = Request::new("GET", url)?;
    request.set_follow_redirects(true);
    client.send_whole(&request, Blocking::default())
}

/// Sends `/start` to `location`; everything else gets its request head back as the body.
/// Two of them are on one host, and two origins by their ports.
fn redirecting(location: Vec<u8>) -> Script {
    script_at(listen_local(), move |head, _| {
        if head.starts_with("GET /start") {
            let mut answer = b"HTTP/1.1 302 Found\r\nContent-Length: 4\r\nLocation: ".to_vec();
            answer.extend_from_slice(&location);
            answer.extend_from_slice(b"\r\n\r\nhere");
            return answer;
        }
        ok(head.as_bytes())
    })
}

#[test]
fn a_location_that_is_no_url_is_repaired() {
    for (location, target) in [
        (&b"/a b"[..], "/a%20b"),
        (b"/a\tb", "/ab"),
        (b"/\xe4?\xf6=\xfc", "/%E4?%F6=%FC"),
        ("/ä?ö=ü".as_bytes(), "/%C3%A4?%C3%B6=%C3%BC"),
        (b"\\a\\b", "/a/b"),
        (b"next?a=\"b\"", "/next?a=%22b%22"),
        (b"/a#own", "/a"),
        (b"  /a  ", "/a"),
    ] {
        let origin = redirecting(location.to_vec());
        let response = follow(&format!("{}/start#part", origin.url)).expect("followed");
        let fragment = if location.ends_with(b"#own") { "own" } else { "part" };
        assert_eq!(response.url(), format!("{}{target}", origin.url));
        assert_eq!(response.url_with_fragment(), format!("{}{target}#{fragment}", origin.url));
        assert!(text(response).starts_with(&format!("GET {target} HTTP/1.1\r\n")));
    }
}

#[test]
fn an_empty_location_is_delivered_and_not_followed() {
    for location in ["", "   "] {
        let origin = redirecting(location.into());
        let response = follow(&format!("{}/start", origin.url)).expect("a response");
        assert_eq!((response.status(), response.info().redirects), (302, 0));
        assert_eq!(text(response), "here");
        assert_eq!(origin.count(), 1);
    }
}

#[test]
fn a_location_that_leads_nowhere_is_an_error_that_names_it() {
    for location in ["ftp://a/", "http://us:geheim@a:x/", "http://us:geheim@a b/", "http://a:0/"] {
        let origin = redirecting(location.into());
        let error = follow(&format!("{}/start", origin.url)).err().expect("an error");
        assert_eq!(error.kind(), ErrorKind::InvalidRedirect, "{error}");
        assert!(error.message().contains("Location"), "{error}");
        assert!(!error.message().contains("geheim"), "{error}");
    }
}

#[test]
fn userinfo_is_kept_within_the_origin_and_dropped_beyond_it() {
    let with_password = |origin: &Script| origin.url.replace("//", "//us:geheim@");
    let same = redirecting(b"/there".to_vec());
    let response = follow(&format!("{}/start", with_password(&same))).expect("followed");
    assert!(!response.url().contains("geheim"));
    let credentials = basic_credentials(b"us", b"geheim");
    assert!(text(response).contains(&credentials));

    let other = redirecting(Vec::new());
    let away = redirecting(format!("{}/there", other.url).into_bytes());
    let response = follow(&format!("{}/start", with_password(&away))).expect("followed");
    assert!(!text(response).contains("Authorization"));
}

#[test]
fn a_redirect_that_is_refused_is_an_error_and_goes_nowhere() {
    let origin = redirecting(b"/a".to_vec());
    let client = client(|_| {});
    for _ in 0..2 {
        let mut request = Request::new("GET", &format!("{}/start", origin.url)).expect("valid");
        request.set_redirects(Redirects::Error);
        let error = client.send_whole(&request, Blocking::default()).err().expect("an error");
        assert_eq!(
            (error.kind(), error.sent()),
            (ErrorKind::InvalidRedirect, Sent::All),
            "{error}"
        );
        assert!(!error.retry_safe());
        let said = format!("redirect refused: 302 from {}/start", origin.url);
        assert_eq!(error.message(), said);
    }
    assert_eq!(origin.count(), 2);
    let mut request = Request::new("GET", &format!("{}/a", origin.url)).expect("valid");
    request.set_redirects(Redirects::Error);
    let response = client.send_whole(&request, Blocking::default()).expect("no redirect");
    assert_eq!(response.status(), 200);
}
