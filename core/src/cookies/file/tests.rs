//! Files of cookies: those of others, what is wrong with one, and how one is written.

use super::{CookieFormat, number};
use crate::cookies::{Cookie, CookieJar};

const A: &str = "https://www.example.com/one/two";

fn sent(jar: &CookieJar, url: &str) -> String {
    let field = jar.header(url).expect("a URL").unwrap_or_default();
    String::from_utf8(field).expect("text")
}

const NETSCAPE: &str = "# Netscape HTTP Cookie File\n\
    # https://curl.se/docs/http-cookies.html\n\n\
    www.example.com\tFALSE\t/\tFALSE\t\tsession\tone two\n\
    .example.com\tTRUE\t/a\tTRUE\t4102444800\twide\t1=2\n\
    #HttpOnly_.example.com\tTRUE\t/\tFALSE\t4102444800\thidden\t3\r\n\
    example.com\tTRUE\t/\tFALSE\t4102444800.5\tbare\n\
    old.com\tFALSE\t/\tFALSE\t1\told\t4\n";

#[test]
fn the_files_of_curl_are_read_and_written() {
    let jar = CookieJar::new();
    assert_eq!(jar.add_bytes(NETSCAPE.as_bytes()).expect("valid"), 4, "what is over is left out");
    assert_eq!(
        sent(&jar, "https://www.example.com/a"),
        "wide=1=2; session=one two; hidden=3; bare="
    );
    assert_eq!(sent(&jar, "http://example.com/"), "hidden=3; bare=");
    let hidden: Vec<_> = jar.cookies().into_iter().filter(|cookie| cookie.http_only).collect();
    assert_eq!((hidden.len(), &hidden[0].name[..]), (1, &b"hidden"[..]));
    let written = jar.to_bytes(CookieFormat::Netscape);
    let text = String::from_utf8(written).expect("text");
    assert!(text.starts_with("# Netscape HTTP Cookie File\n"), "{text}");
    assert!(
        text.contains("\n#HttpOnly_.example.com\tTRUE\t/\tFALSE\t4102444800\thidden\t3\n"),
        "{text}"
    );
    assert!(text.contains("\nwww.example.com\tFALSE\t/\tFALSE\t0\tsession\tone two\n"), "{text}");
    let again = CookieJar::new();
    again.add_bytes(text.as_bytes()).expect("valid");
    assert_eq!(again.cookies(), jar.cookies());
}

#[test]
fn json_is_read_and_written_also_that_of_others() {
    let jar = CookieJar::new();
    jar.add_bytes(NETSCAPE.as_bytes()).expect("valid");
    jar.add(Cookie::new("all", "1", "")).expect("for all hosts");
    jar.add(Cookie::new(b"bytes\xff".to_vec(), "\u{e4}", "b.com")).expect("any bytes");
    let again = CookieJar::new();
    again.add_bytes(&jar.to_bytes(CookieFormat::Json)).expect("valid");
    assert_eq!(again.cookies(), jar.cookies());

    let others = CookieJar::new();
    let playwright = r#"{"cookies": [{"name": "p", "value": "1", "domain": ".example.com", "path": "/",
        "expires": -1, "httpOnly": true, "secure": false, "sameSite": "Lax"},
        {"name": "q", "value": "2", "domain": "example.com", "path": "/", "expires": 4102444800.5,
        "httpOnly": false, "secure": false, "sameSite": "None"}], "origins": []}"#;
    others.add_bytes(playwright.as_bytes()).expect("valid");
    let tough = r#"{"version": "tough-cookie@5", "cookies": [{"key": "t", "value": "3", "domain":
        "example.com", "path": "/", "hostOnly": true, "expires": "2100-01-01T00:00:00.000Z",
        "creation": "2026-01-01T00:00:00.000Z"}, {"key": "i", "value": "4", "domain": "example.com",
        "path": "/", "hostOnly": false, "expires": "Infinity"}]}"#;
    others.add_bytes(tough.as_bytes()).expect("valid");
    assert_eq!(sent(&others, "http://example.com/"), "p=1; q=2; t=3; i=4");
    assert_eq!(sent(&others, "http://a.example.com/"), "p=1; i=4");
    let expires: Vec<_> = others.cookies().into_iter().map(|cookie| cookie.expires).collect();
    assert_eq!(expires, [None, Some(4_102_444_800), Some(4_102_444_800), None]);
}

#[test]
fn what_is_no_file_of_cookies_says_where_and_shows_no_value() {
    for (text, place) in [
        ("# fine\n.example.com\tTRUE\t/\tFALSE\tgeheim\n", "line 2"),
        ("a\tb\tc\td\te\tf\tgeheim\n", "line 1"),
        ("a.com\tTRUE\t/\tFALSE\tsoon\tn\tgeheim\n", "line 1: its time"),
        ("geheim\n", "line 1"),
        ("{\"geheim\": ", "line 1, column"),
        ("{\"geheim\": 1}", "expected a list"),
        ("[\"geheim\"]", "cookie 1: expected an object"),
        ("[{\"name\": \"geheim\"}]", "cookie 1: domain"),
        ("[{\"name\": [\"geheim\"], \"domain\": \"a.com\"}]", "cookie 1: a text"),
        (
            "[{\"name\": \"a\", \"value\": \"geheim\", \"domain\": \"a.com\", \"expires\": \"x\"}]",
            "cookie 1: expires",
        ),
    ] {
        let jar = CookieJar::new();
        let error = jar.add_bytes(text.as_bytes()).expect_err(text);
        assert!(error.message().contains(place) && !error.message().contains("geheim"), "{error}");
        assert!(jar.is_empty());
    }
    assert_eq!(CookieJar::new().add_bytes(b"").expect("empty"), 0);
    // Deep nesting overflows no stack.
    assert!(CookieJar::new().add_bytes("[".repeat(1_000_000).as_bytes()).is_err());
}

#[test]
fn files_are_replaced_whole_and_are_their_owner_s() {
    use std::os::unix::fs::PermissionsExt;
    let folder = std::env::temp_dir().join(format!("cookies-{:x}", number()));
    std::fs::create_dir(&folder).expect("a folder");
    let path = folder.join("jar");
    let full = CookieJar::new();
    full.set(A, b"a=1").expect("kept");
    for format in [CookieFormat::Netscape, CookieFormat::Json] {
        full.save(&path, format).expect("written");
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = CookieJar::new();
        assert_eq!(again.load(&path).expect("read"), 1);
        assert_eq!(again.cookies(), full.cookies());
    }
    assert_eq!(
        std::fs::read_dir(&folder).expect("a folder").count(),
        1,
        "nothing is left beside it"
    );
    for wrong in [folder.join("no/jar"), folder.clone()] {
        let error = full.save(&wrong, CookieFormat::Json).expect_err("no such place");
        assert!(error.message().contains(&*wrong.to_string_lossy()), "{error}");
    }
    let error = CookieJar::new().load(&folder.join("none")).expect_err("no such file");
    assert!(error.message().contains("none: cannot be read"), "{error}");
    std::fs::remove_dir_all(&folder).expect("removed");
}
