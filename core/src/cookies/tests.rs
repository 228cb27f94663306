use super::store::{MOST, MOST_BYTES, MOST_OF_SITE};
use super::*;

fn set(jar: &CookieJar, url: &str, field: &str) -> Result<()> {
    jar.set(url, field.as_bytes())
}

/// A jar that was told these things in turn.
fn jar(told: &[(&str, &str)]) -> CookieJar {
    let jar = CookieJar::new();
    for (url, field) in told {
        set(&jar, url, field).expect(field);
    }
    jar
}

fn sent(jar: &CookieJar, url: &str) -> String {
    let field = jar.header(url).expect("a URL").unwrap_or_default();
    String::from_utf8(field).expect("text")
}

fn refusal(url: &str, field: &str) -> String {
    set(&CookieJar::new(), url, field).expect_err(field).message().to_string()
}

const A: &str = "https://www.example.com/one/two";

#[test]
fn a_cookie_is_for_its_host_and_those_below_its_domain() {
    let own = jar(&[(A, "a=1")]);
    assert_eq!(sent(&own, "https://www.example.com/one/x"), "a=1");
    assert_eq!(sent(&own, "https://WWW.EXAMPLE.com:8443/one/x"), "a=1", "ports are no bounds");
    for url in ["https://example.com/one/", "https://a.www.example.com/one/", "https://b/one/"] {
        assert_eq!(sent(&own, url), "", "{url}");
    }
    for domain in ["example.com", ".example.com", "EXAMPLE.com"] {
        let wide = jar(&[(A, &format!("a=1; Domain={domain}; Path=/"))]);
        for host in ["example.com", "www.example.com", "a.b.example.com"] {
            assert_eq!(sent(&wide, &format!("https://{host}/")), "a=1", "{host}");
        }
        for host in ["badexample.com", "example.com.evil.org", "com"] {
            assert_eq!(sent(&wide, &format!("https://{host}/")), "", "{host}");
        }
    }
    let empty = jar(&[(A, "a=1; Domain=example.com; Domain=; Path=/")]);
    assert_eq!(sent(&empty, "https://example.com/"), "", "the last Domain counts");
}

#[test]
fn nobody_sets_cookies_for_others() {
    for (url, domain) in [
        (A, "other.com"),
        (A, "a.www.example.com"),
        ("https://badexample.com/", "example.com"),
        ("https://127.0.0.1/", "0.0.1"),
        ("https://[::1]/", "1"),
    ] {
        assert!(refusal(url, &format!("a=1; Domain={domain}")).contains("not the host's"), "{url}");
    }
    let address = jar(&[("https://127.0.0.1/", "a=1; Domain=127.0.0.1; Path=/")]);
    assert_eq!(sent(&address, "https://127.0.0.1/"), "a=1");
    let address = jar(&[("https://[::1]:4/", "a=1")]);
    assert_eq!(sent(&address, "https://[::1]/"), "a=1");
}

#[test]
fn a_public_suffix_has_no_cookies_but_its_own() {
    for (url, domain) in [
        (A, "com"),
        ("https://shop.co.uk/", "co.uk"),
        ("https://me.github.io/", "github.io"),
        ("https://a.xn--55qx5d.cn/", "xn--55qx5d.cn"),
        ("https://a.b.kawasaki.jp/", "b.kawasaki.jp"),
        ("https://a.internal/", "internal"),
    ] {
        assert!(
            refusal(url, &format!("a=1; Domain={domain}")).contains("public suffix"),
            "{domain}"
        );
    }
    let pages = jar(&[("https://github.io/", "a=1; Domain=github.io")]);
    assert_eq!(sent(&pages, "https://github.io/"), "a=1");
    assert_eq!(sent(&pages, "https://me.github.io/"), "");
    let city = jar(&[("https://www.city.kawasaki.jp/", "a=1; Domain=city.kawasaki.jp")]);
    assert_eq!(sent(&city, "https://city.kawasaki.jp/"), "a=1", "an exception of the list");
    for host in ["localhost", "intranet"] {
        let jar = jar(&[(&format!("http://{host}/"), &format!("a=1; Domain={host}"))]);
        assert_eq!(sent(&jar, &format!("http://{host}/")), "a=1");
    }
}

#[test]
fn a_cookie_is_for_its_path_and_those_below_it() {
    for (path, matching, others) in [
        ("", &["/one", "/one/", "/one/x", "/one?q"][..], &["/", "/onex", "/two"][..]),
        ("; Path=/one", &["/one", "/one/x"], &["/onex"]),
        ("; Path=/one/", &["/one/", "/one/x"], &["/one"]),
        ("; Path=/", &["/", "/anything"], &[]),
        ("; Path=elsewhere", &["/one"], &["/"]),
        ("; Path=/; Path=", &["/one"], &["/"]),
    ] {
        let jar = jar(&[(A, &format!("a=1{path}"))]);
        for path in matching {
            assert_eq!(sent(&jar, &format!("https://www.example.com{path}")), "a=1", "{path}");
        }
        for path in others {
            assert_eq!(sent(&jar, &format!("https://www.example.com{path}")), "", "{path}");
        }
    }
    let top = jar(&[("https://www.example.com/page", "a=1")]);
    assert_eq!(sent(&top, "https://www.example.com/"), "a=1");
}

#[test]
fn longer_paths_come_first_then_older_cookies() {
    let jar = jar(&[
        (A, "b=1; Path=/"),
        (A, "a=2; Path=/"),
        (A, "c=3; Path=/one/two"),
        (A, "d=4; Path=/one"),
        (A, "b=5; Path=/"),
        (A, "e=6; Domain=example.com; Path=/"),
    ]);
    assert_eq!(sent(&jar, A), "c=3; d=4; b=5; a=2; e=6", "a new value keeps the age");
}

#[test]
fn secure_cookies_travel_by_https_or_stay_on_this_machine() {
    let jar = jar(&[(A, "a=1; Secure; Path=/"), (A, "b=2; Path=/")]);
    assert_eq!(sent(&jar, "http://www.example.com/"), "b=2");
    assert!(refusal("http://www.example.com/", "a=1; Secure").contains("plain http"));
    for host in ["localhost", "a.localhost", "127.0.0.1", "127.8.8.8", "[::1]"] {
        let url = format!("http://{host}/");
        let jar = self::jar(&[(&url, "a=1; Secure")]);
        assert_eq!(sent(&jar, &url), "a=1", "{host}");
    }
}

#[test]
fn plain_http_does_not_touch_what_https_set() {
    let jar = jar(&[(A, "a=1; Secure; Path=/one; Domain=example.com")]);
    for (url, field) in [
        ("http://www.example.com/one/", "a=evil"),
        ("http://www.example.com/one/", "a=evil; Max-Age=0"),
        ("http://example.com/", "a=evil; Path=/one/two"),
        ("http://deep.www.example.com/", "a=evil; Path=/one; Domain=www.example.com"),
    ] {
        let error = set(&jar, url, field).expect_err(field);
        assert!(error.message().contains("Secure"), "{error}");
    }
    // Beside it, where it is not sent before it.
    set(&jar, "http://www.example.com/", "a=2; Path=/").expect("another path");
    set(&jar, "http://www.example.com/", "b=3; Path=/").expect("another name");
    assert_eq!(sent(&jar, A), "a=1; a=2; b=3");
}

#[test]
fn prefixes_promise_how_a_cookie_was_set() {
    for field in [
        "__Secure-a=1",
        "__SECURE-a=1; Path=/",
        "__Host-a=1; Path=/",
        "__Host-a=1; Secure",
        "__Host-a=1; Secure; Path=/one",
        "__Host-a=1; Secure; Path=/; Domain=www.example.com",
        "__host-a=1; Secure; Path=/; Domain=example.com",
        "=__Host-a=1; Secure; Path=/",
        "__Secure-a",
    ] {
        assert!(!refusal(A, field).is_empty());
    }
    let jar = jar(&[
        (A, "__Secure-a=1; Secure; Domain=example.com; Path=/"),
        (A, "__Host-b=2; Secure; Path=/"),
    ]);
    assert_eq!(sent(&jar, A), "__Secure-a=1; __Host-b=2");
    assert!(
        refusal("https://www.example.com/", "__Host-a=1; Secure").contains("Path"),
        "said, not meant"
    );
}

#[test]
fn lives_are_as_long_as_servers_say_and_400_days_at_most() {
    let now = now();
    for (field, expected) in [
        ("a=1", None),
        ("a=1; Max-Age=60", Some(now + 60)),
        ("a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", Some(now + 60)),
        ("a=1; Max-Age=99999999999999999999", Some(now + 400 * 86400)),
        ("a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", Some(now + 400 * 86400)),
        ("a=1; Max-Age=soon", None),
        ("a=1; Max-Age=+60", None),
        ("a=1; Max-Age=", None),
        ("a=1; Expires=soon", None),
        ("a=1; Max-Age=60; Max-Age=soon", Some(now + 60)),
    ] {
        let cookie = cookie::parse(field.as_bytes(), &Spot::parse(A).expect("a URL").place(), now);
        assert_eq!(cookie.expect(field).expires, expected, "{field}");
    }
    for over in ["Max-Age=0", "Max-Age=-1", "Max-Age=-", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"] {
        let jar = jar(&[(A, "a=1"), (A, "b=2")]);
        set(&jar, A, &format!("a=; {over}")).expect("valid");
        let gone = over != "Max-Age=-";
        assert_eq!(
            sent(&jar, A),
            if gone { "b=2" } else { "b=2; a=" }.replace("b=2; a=", "a=; b=2"),
            "{over}"
        );
    }
}

#[test]
fn names_and_values_are_what_was_sent() {
    for (field, expected) in [
        ("a=b=c", "a=b=c"),
        ("a = \t b ;x", "a=b"),
        ("a=\"b c\"", "a=\"b c\""),
        ("a=%41", "a=%41"),
        ("a=b, c=d", "a=b, c=d"),
        ("a=", "a="),
        ("=b", "b"),
        ("b", "b"),
        ("a=\u{e4}", "a=\u{e4}"),
    ] {
        assert_eq!(sent(&jar(&[(A, field)]), A), expected, "{field}");
    }
    let bytes = CookieJar::new();
    bytes.set(A, b"a=\xff\xfe").expect("any bytes");
    assert_eq!(bytes.header(A).expect("a URL").as_deref(), Some(&b"a=\xff\xfe"[..]));
}

#[test]
fn what_no_jar_keeps_is_refused_with_a_reason_and_without_its_value() {
    let long = format!("a=geheim{}", "x".repeat(4096));
    for field in [
        "",
        "=",
        ";",
        "a=geheim\u{1}",
        "a=gehe\tim",
        "a\t\tb=geheim",
        "a=geheim; Path=/\u{1}",
        &long,
    ] {
        let reason = refusal(A, field);
        assert!(
            reason.starts_with("the cookie is refused: ") && !reason.contains("geheim"),
            "{reason}"
        );
    }
    let most = format!("a={}", "x".repeat(4095));
    assert_eq!(sent(&jar(&[(A, &most)]), A), most);
    // An attribute that is too long is as if it were not there.
    let far = format!("a=1; Domain=example.com; Path=/{}", "x".repeat(1024));
    assert_eq!(sent(&jar(&[(A, &far)]), A), "a=1");
    for url in ["", "/relative", "mailto:me"] {
        assert!(CookieJar::new().set(url, b"a=1").is_err(), "{url}");
    }
}

#[test]
fn nothing_shows_a_value() {
    let jar = jar(&[(A, "a=geheim")]);
    let cookies = jar.cookies();
    assert_eq!(
        format!("{jar:?} {cookies:?}"),
        "<CookieJar of 1> [<Cookie \"a\" for \"www.example.com\" \"/one\">]"
    );
}

#[test]
fn a_site_has_a_bounded_number_and_gives_up_what_is_worth_least() {
    let jar = jar(&[(A, "secure=1; Secure; Path=/"), (A, "used=1; Path=/")]);
    let over = Cookie { expires: Some(2), ..Cookie::new("over", "1", "example.com") };
    jar.twin().change(|store| (store.keep(over, 1, jar.tick()), ()));
    for number in 0..MOST_OF_SITE - 3 {
        // Hosts of one site have one bound.
        set(&jar, &format!("https://h{number}.example.com/"), "n=1").expect("kept");
    }
    assert_eq!(jar.twin().read(Store::count), MOST_OF_SITE);
    assert_eq!(jar.len(), MOST_OF_SITE - 1, "one is over");
    assert!(sent(&jar, A).contains("used=1"));
    for number in 0..2 * MOST_OF_SITE {
        set(&jar, &format!("https://again{number}.example.com/"), "n=1").expect("kept");
        assert!(sent(&jar, A).contains("used=1"), "{number}");
        assert_eq!(jar.cookies().len(), MOST_OF_SITE);
    }
    assert!(sent(&jar, A).contains("secure=1"), "others go first");
    assert_eq!(sent(&jar, "https://h0.example.com/"), "");
    assert_eq!(sent(&jar, "https://again359.example.com/"), "n=1");
}

#[test]
fn endless_sites_stay_within_the_bounds() {
    let jar = jar(&[(A, "used=1; Path=/")]);
    let mut most = 0;
    for number in 0..2 * MOST {
        set(&jar, &format!("https://site{number}.com/"), "n=1").expect("kept");
        assert_eq!(sent(&jar, A), "used=1");
        most = most.max(jar.twin().read(Store::count));
    }
    assert_eq!(most, MOST);
    let large = "x".repeat(4000);
    for number in 0..2 * MOST_BYTES / 4000 {
        set(&jar, &format!("https://site{number}.org/"), &format!("n={large}")).expect("kept");
        assert_eq!(sent(&jar, A), "used=1");
    }
    let bytes: usize = jar.cookies().iter().map(|cookie| cookie.value.len()).sum();
    assert!(bytes < MOST_BYTES, "{bytes}");
}

#[test]
fn a_bomb_of_set_cookie_fields_is_bounded_and_so_is_what_is_sent() {
    let jar = CookieJar::new();
    let bomb: Vec<String> =
        (0..512).map(|number| format!("n{number}={}; Path=/", "x".repeat(4000))).collect();
    let spot = Spot::parse(A).expect("a URL");
    jar.receive(&spot.place(), bomb.iter().map(|field| field.as_bytes()));
    assert_eq!(jar.len(), MOST_OF_ANSWER);
    let field = sent(&jar, A);
    assert_eq!(field.split("; ").count(), 2);
    assert!(field.len() <= MOST_SENT_BYTES);
    // A short one still has its place behind long ones.
    set(&jar, A, "short=1; Path=/").expect("kept");
    assert!(sent(&jar, A).ends_with("; short=1"));
    let many = CookieJar::new();
    for number in 0..MOST_OF_SITE {
        set(&many, A, &format!("n{number}=1; Path=/")).expect("kept");
    }
    assert_eq!(sent(&many, A).split("; ").count(), MOST_SENT);
}

#[test]
fn a_request_s_own_cookies_stand_for_those_of_their_names() {
    let jar = jar(&[(A, "a=1"), (A, "b=2"), (A, "c=3")]);
    let spot = Spot::parse(A).expect("a URL");
    let own = [(b"b".to_vec(), b"own".to_vec()), (b"d".to_vec(), b"4".to_vec())];
    let field = jar.field(&spot.place(), &own).expect("cookies");
    assert_eq!(String::from_utf8(field).expect("text"), "a=1; c=3; b=own; d=4");
    for (name, value) in
        [("", "1"), ("a=", "1"), ("a;", "1"), ("a", "1;2"), ("a", "1\r\nB: 2"), (" a", "1")]
    {
        assert!(check_own(name.as_bytes(), value.as_bytes()).is_err(), "{name:?} {value:?}");
    }
    check_own(b"a", b"").expect("an empty value");
}

#[test]
fn cookies_are_added_found_and_removed() {
    let jar = CookieJar::new();
    jar.add(Cookie::new("all", "1", "")).expect("for all hosts");
    jar.add(Cookie::new("wide", "2", ".example.com")).expect("valid");
    jar.add(Cookie::new("own", "3", "example.com")).expect("valid");
    for wrong in [".com", "a b", "a/b", "..a.com"] {
        assert!(jar.add(Cookie::new("a", "1", wrong)).is_err(), "{wrong}");
    }
    assert!(jar.add(Cookie { path: b"x".to_vec(), ..Cookie::new("a", "1", "b.com") }).is_err());
    assert_eq!(sent(&jar, "https://example.com/"), "all=1; wide=2; own=3");
    assert_eq!(sent(&jar, "http://a.example.com/"), "all=1; wide=2");
    assert_eq!(sent(&jar, "http://other.org/"), "all=1");
    let names = |cookies: Vec<Cookie>| -> Vec<_> {
        cookies.into_iter().map(|cookie| String::from_utf8(cookie.name).expect("text")).collect()
    };
    assert_eq!(names(jar.cookies()), ["all", "wide", "own"]);
    assert_eq!(names(jar.cookies_for("http://other.org").expect("a URL")), ["all"]);
    assert_eq!(jar.remove(|cookie| cookie.name == b"wide"), 1);
    assert_eq!(names(jar.cookies()), ["all", "own"]);
    jar.clear();
    assert!(jar.is_empty());
    assert_eq!(jar.header("https://example.com/").expect("a URL"), None);
}

#[test]
fn what_a_redirect_led_to_gets_no_cookie_that_was_given_for_all_hosts() {
    let jar = jar(&[(A, "a=1; Path=/")]);
    jar.add(Cookie::new("all", "1", "")).expect("for all hosts");
    let spot = Spot::parse(A).expect("a URL");
    let field = jar.field(&Place { strayed: true, ..spot.place() }, &[]);
    assert_eq!(field.as_deref(), Some(&b"a=1"[..]));
}

#[test]
fn a_store_that_was_left_in_the_middle_of_a_change_is_inherited_whole() {
    let twin = Twin::default();
    let cookie = |name: &str| Cookie::new(name, "1", "a.com");
    twin.change(|store| (store.keep(cookie("a"), 0, 1), ()));
    for taken in twin.copies() {
        // A thread of the parent's that does not exist in the child has it for ever.
        let held = taken.lock().expect("free");
        let child = Twin::inherited(Some(&twin));
        drop(held);
        assert_eq!(child.read(Store::count), 1);
        child.change(|store| (store.keep(cookie("b"), 0, 2), ()));
        assert_eq!((child.read(Store::count), twin.read(Store::count)), (2, 1));
    }
}

#[test]
fn many_threads_share_one_jar() {
    let jar = CookieJar::new();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let jar = jar.clone();
            scope.spawn(move || {
                for number in 0..200 {
                    let url = format!("https://h{thread}.com/");
                    jar.set(&url, format!("n={number}").as_bytes()).expect("kept");
                    assert_eq!(sent(&jar, &url), format!("n={number}"));
                }
            });
        }
    });
    assert_eq!(jar.len(), 8);
}
