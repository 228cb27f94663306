//! Which road leads where: options, the environment, and lists that others tested.

use std::ffi::OsString;

use super::*;

fn origin(url: &str) -> Arc<Origin> {
    let url = url::Url::parse(url).expect(url);
    let scheme = if url.scheme() == "https" { Scheme::Https } else { Scheme::Http };
    let host = url.host_str().expect("a host").trim_matches(['[', ']']).to_string();
    Arc::new(Origin::new(scheme, host, url.port_or_known_default().expect("a port")))
}

fn options(set: &[(&str, &str)]) -> RoadOptions {
    let mut options = RoadOptions::default();
    for (name, value) in set {
        assert!(options.set(name, Some(value.to_string())), "{name}");
    }
    options
}

fn environment(set: &'static [(&str, &str)]) -> Arc<Environment> {
    let found = |name| set.iter().find(|(known, _)| *known == name);
    Arc::new(Environment::read(|name| found(name).map(|(_, value)| OsString::from(value))))
}

fn roads(set: &[(&str, &str)], env: &'static [(&str, &str)]) -> Roads {
    Roads::compile(options(set), environment(env)).expect("roads")
}

fn refusal(set: &[(&str, &str)], env: &'static [(&str, &str)]) -> String {
    let error = Roads::compile(options(set), environment(env)).expect_err("refused");
    assert_eq!(error.kind(), crate::error::ErrorKind::InvalidArgument);
    error.message().to_string()
}

/// The proxy on the way to `url`, and whether it forwards.
fn way(roads: &Roads, url: &str) -> String {
    let Some(road) = roads.of(&origin(url)) else { return "direct".into() };
    match road.via.0.as_deref() {
        None => "direct".into(),
        Some([Proxy { kind: ProxyKind::Forward, server }]) => format!("{server} forwards"),
        Some([Proxy { kind: ProxyKind::Tunnel, server }]) => format!("{server} tunnels"),
        Some(more) => format!("{more:?}"),
    }
}

#[test]
fn nothing_asked_for_is_direct_and_costs_nothing() {
    let made = roads(&[], &[]);
    assert!(made.is_direct && made.of(&origin("http://a/")).is_none());
    assert!(roads(&[("proxy", "")], &[("http_proxy", "http://p:1")]).is_direct);
    assert!(roads(&[("proxy", " "), ("unix_socket", "")], &[]).is_direct);
}

#[test]
fn http_is_forwarded_and_https_tunnelled() {
    let http = roads(&[("proxy", "http://p:3128")], &[]);
    assert_eq!(way(&http, "http://a/"), "http://p:3128 forwards");
    assert_eq!(way(&http, "https://a/"), "http://p:3128 tunnels");
    // Of one origin the same road, of two forwarded ones the same route.
    let (a, b) = (origin("http://a/"), origin("http://b/"));
    use crate::origin::route::Route;
    assert_eq!(Route::by(http.of(&a), &a), Route::by(http.of(&b), &b));
    let (a, b) = (origin("https://a/"), origin("https://b/"));
    assert_eq!(Route::by(http.of(&a), &a), Route::by(http.of(&a), &a));
    assert_ne!(Route::by(http.of(&a), &a), Route::by(http.of(&b), &b));
    for (url, shown) in [
        ("p", "http://p:80"),
        ("p:3128", "http://p:3128"),
        ("HTTP://P.Example.:80/", "http://p.example.:80"),
        ("https://p", "https://p:443"),
        ("https://p:80", "https://p:80"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://us%40er:p%3Aw@p", "http://p:80"),
    ] {
        let made = roads(&[("proxy", url)], &[]);
        assert_eq!(way(&made, "http://a/"), format!("{shown} forwards"), "{url}");
    }
    for scheme in ["socks4", "socks4a", "socks5", "SOCKS5h"] {
        let made = roads(&[("proxy", &format!("{scheme}://p"))], &[]);
        let shown = format!("{}://p:1080 tunnels", scheme.to_ascii_lowercase());
        assert_eq!(way(&made, "http://a/"), shown);
        assert_eq!(way(&made, "https://a/"), shown);
    }
}

#[test]
fn the_most_specific_pattern_holds() {
    let made = roads(
        &[(
            "proxy",
            "all://=>http://all:1 https://=>http://tls:1 all://*.corp=>direct \
             http://*inner.corp=>http://inner:1 all://exact.corp=>http://exact:1 \
             http://exact.corp:8080=>socks5://port:1 all://[::1]=>http://six:1",
        )],
        &[],
    );
    for (url, expected) in [
        ("http://a/", "http://all:1 forwards"),
        ("https://a/", "http://tls:1 tunnels"),
        ("http://corp/", "http://all:1 forwards"),
        ("http://x.corp/", "direct"),
        ("https://x.y.corp/", "direct"),
        ("http://inner.corp/", "http://inner:1 forwards"),
        ("http://a.inner.corp/", "http://inner:1 forwards"),
        ("http://ainner.corp/", "direct"),
        ("https://exact.corp/", "http://exact:1 tunnels"),
        ("http://exact.corp:8080/", "socks5://port:1 tunnels"),
        ("http://[::1]/", "http://six:1 forwards"),
    ] {
        assert_eq!(way(&made, url), expected, "{url}");
    }
}

#[test]
fn what_is_wrong_is_named_and_no_secret_with_it() {
    for (proxy, reason) in [
        ("ftp://secret@p", "scheme \"ftp\" is not one of a proxy; expected http, https, socks4"),
        ("http://", "cannot be parsed: empty host"),
        ("http://us:secret@", "cannot be parsed: empty host"),
        ("http://us:secret@p:99999", "cannot be parsed: invalid port"),
        ("http://us:secret@p:0", "port 0"),
        ("http://us:secret@p/path", "a path, query or fragment"),
        ("http://p?secret", "a path, query or fragment"),
        ("http://us:s\u{e9}cret@p", "percent-encode it"),
        ("http://us:%ffsecret@p", "no UTF-8"),
        ("http://us:secret%0d%0a@p", "a control character in the user name or password"),
        ("http://us%3Aer:secret@p", "a colon in the user name"),
        ("socks4://us:secret@p", "a password, which SOCKS4 does not have"),
        ("socks5://us@p", "1 to 255 bytes"),
        ("http://a b", "two proxies for the same requests"),
        ("ftp://=>http://p", "no pattern"),
        ("http://us:secret@a=>http://p", "no pattern"),
        ("all://a:x=>http://p", "no pattern"),
    ] {
        let message = refusal(&[("proxy", proxy)], &[]);
        assert!(message.starts_with("option proxy: ") && message.contains(reason), "{message}");
        assert!(!message.contains("secret@p") && !message.contains("us:secret"), "{message}");
    }
    let long = "x".repeat(108);
    for (name, value, reason) in [
        ("unix_socket", &*long, "has 108 bytes; a socket's path has 107"),
        ("unix_socket", "@", "an abstract name without a name"),
        ("unix_socket", "a\0b", "a NUL"),
        ("local_address", "localhost", "no IP address"),
        ("interface", "an interface", "no network interface"),
        ("interface", "0123456789abcdef", "no network interface"),
        ("connect_to", "a:1:b", "not HOST:PORT:HOST:PORT"),
        ("connect_to", "a:1:b:2:3", "not HOST:PORT:HOST:PORT"),
        ("connect_to", "a:x:b:2", "not HOST:PORT:HOST:PORT"),
        ("proxy_headers", "no colon", "a line without a colon"),
        ("proxy_headers", "Host: a", "Host is not the caller's to set"),
        ("proxy_headers", "a b: c", "is not a token"),
    ] {
        let message = refusal(&[(name, value)], &[]);
        assert!(message.starts_with(&format!("option {name}: ")), "{message}");
        assert!(message.contains(reason), "{message}");
    }
    let message = refusal(&[("proxy", "http://p"), ("unix_socket", "/s")], &[]);
    assert!(message.contains("give only one of them"), "{message}");
    let shown = format!("{:?}", options(&[("proxy", "http://us:secret@p")]));
    assert!(!shown.contains("secret"), "{shown}");
    let shown = format!("{:?}", roads(&[("proxy", "http://us:secret@p")], &[]));
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn the_environment_is_read_by_its_rules() {
    for (env, http, https) in [
        (&[("http_proxy", "p:1")][..], "http://p:1 forwards", "direct"),
        (&[("HTTP_PROXY", "p:1")], "http://p:1 forwards", "direct"),
        (&[("HTTP_PROXY", "p:1"), ("http_proxy", "q:1")], "http://q:1 forwards", "direct"),
        (&[("HTTP_PROXY", "p:1"), ("http_proxy", "")], "direct", "direct"),
        (&[("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", "GET")], "direct", "direct"),
        (
            &[("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", ""), ("ALL_PROXY", "q:1")],
            "http://q:1 forwards",
            "http://q:1 tunnels",
        ),
        (&[("http_proxy", "p:1"), ("REQUEST_METHOD", "GET")], "http://p:1 forwards", "direct"),
        (&[("HTTPS_PROXY", "p:1")], "direct", "http://p:1 tunnels"),
        (
            &[("all_proxy", "socks5h://p:1"), ("https_proxy", "q:1")],
            "socks5h://p:1 tunnels",
            "http://q:1 tunnels",
        ),
        (&[("http_proxy", "p:1"), ("no_proxy", "b, .a")], "direct", "direct"),
        (&[("http_proxy", " p:1 ")], "http://p:1 forwards", "direct"),
    ] {
        let made = roads(&[], env);
        assert_eq!(way(&made, "http://x.a/"), http, "{env:?}");
        assert_eq!(way(&made, "https://x.a/"), https, "{env:?}");
    }
    for (env, variable) in [
        (&[("http_proxy", "ftp://us:secret@p")][..], "http_proxy"),
        (&[("HTTPS_PROXY", "http://us:secret@p:x")], "HTTPS_PROXY"),
        (&[("ALL_PROXY", "http://us:sec ret@p")], "ALL_PROXY"),
    ] {
        let message = refusal(&[], env);
        assert!(message.starts_with(&format!("environment variable {variable}: ")), "{message}");
        assert!(!message.contains("sec"), "{message}");
    }
    // The option's word counts before the environment's.
    let env: &[_] = &[("http_proxy", "http://p:x"), ("no_proxy", "a")];
    let made = roads(&[("proxy", "http://q:1")], env);
    assert_eq!(way(&made, "http://a/"), "http://q:1 forwards");
    let made = roads(&[("no_proxy", "b")], &[("http_proxy", "p:1"), ("no_proxy", "a")]);
    assert_eq!(way(&made, "http://a/"), "http://p:1 forwards");
    assert_eq!(way(&made, "http://b/"), "direct");
    let made = roads(&[("unix_socket", "/s")], &[("http_proxy", "http://p:x")]);
    assert_eq!(way(&made, "http://a/"), "direct");
}

/// Rows of others where this library's rule is another one.
const OTHERWISE: &[(&str, &str)] = &[
    // A blank separates entries, as a comma does: what curl 7.88 and undici do.
    ("www.example.com", "localhost .example.com .example.de"),
];

#[test]
fn hosts_without_a_proxy_are_those_that_curl_and_go_know() {
    let text = include_str!("../../../tests/roads/noproxy.json");
    let suite: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let cases = suite["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 76);
    let mut differ = Vec::new();
    for case in cases {
        let text = |name: &str| case[name].as_str().expect(name).to_string();
        let (host, list) = (text("host"), text("no_proxy"));
        let is_six = host.parse::<std::net::Ipv6Addr>().is_ok();
        let host = if is_six { format!("[{host}]") } else { host };
        let found = NoProxy::parse(&list).matches(&origin(&format!("http://{host}/")));
        if Some(found) != case["bypass"].as_bool() {
            differ.push((host, list, found));
        }
    }
    let differ: Vec<_> = differ.iter().map(|(host, list, _)| (&**host, &**list)).collect();
    assert_eq!(differ, OTHERWISE);
}

#[test]
fn a_request_s_own_word_counts_before_the_client_s() {
    let client = roads(&[("proxy", "http://p:1"), ("no_proxy", "a")], &[]);
    let with = |set: &[(&str, &str)]| client.with(&options(set)).expect("roads");
    assert_eq!(way(&with(&[("proxy", "http://q:1")]), "http://b/"), "http://q:1 forwards");
    assert_eq!(way(&with(&[("proxy", "http://q:1")]), "http://a/"), "direct");
    assert_eq!(way(&with(&[("proxy", "")]), "http://b/"), "direct");
    assert_eq!(way(&with(&[("no_proxy", "")]), "http://a/"), "http://p:1 forwards");
    let unix = with(&[("unix_socket", "@name")]);
    let road = unix.of(&origin("http://b/")).expect("a road");
    assert_eq!(road.address, Address::Unix(Path::new("\0name").into()));
    // The same word is compiled once.
    assert!(Arc::ptr_eq(&unix, &with(&[("unix_socket", "@name")])));
    for number in 0..3 * REMEMBERED {
        with(&[("no_proxy", &format!("host-{number}"))]);
        client.of(&origin(&format!("http://host-{number}/")));
    }
    assert!(
        lock(&client.others).len() <= REMEMBERED && lock(&client.known).all.len() <= REMEMBERED
    );
}

#[test]
fn the_table_says_which_options_a_request_can_have() {
    let rows = keepalive_tables::OPTIONS.iter().filter(|option| option.per_request);
    let rows: Vec<_> = rows.map(|option| option.name).collect();
    let of_roads = rows.iter().filter(|name| RoadOptions::NAMES.contains(name));
    assert!(of_roads.eq(RoadOptions::NAMES), "{rows:?}");
    let mut request = crate::request::Request::new("GET", "http://a/").expect("a request");
    for name in &rows {
        request.set_option(name, None).expect(name);
    }
    let error = request.set_option("retries", None).expect_err("not of a request");
    assert!(rows.iter().all(|name| error.message().contains(name)), "{error}");
    let error = request.set_option("tls_verify", Some("maybe")).expect_err("no flag");
    assert!(error.message().contains("option tls_verify: expected true or false"), "{error}");
}

#[test]
fn renewed_roads_take_no_lock_of_the_old_ones() {
    let old = roads(&[("proxy", "http://us:er@p:1")], &[]);
    let origin = origin("http://a/");
    let server = |roads: &Roads| roads.of(&origin).and_then(|road| road.forwarder().cloned());
    let before = server(&old).expect("a proxy");
    let (_known, _others) = (lock(&old.known), lock(&old.others));
    let new = old.renewed().expect("roads");
    let after = server(&new).expect("a proxy");
    assert!(before == after && !Arc::ptr_eq(&before, &after));
    new.with(&options(&[("no_proxy", "a")])).expect("roads");
}

#[test]
fn hosts_lead_elsewhere() {
    let made = roads(&[("connect_to", "a:80:b:8080 ::[::1]: c:443::444")], &[]);
    let address = |url: &str| made.of(&origin(url)).map(|road| road.address.clone());
    assert_eq!(address("http://a/"), Some(Address::Other("b".into(), 8080)));
    assert_eq!(address("http://a:81/"), Some(Address::Other("::1".into(), 81)));
    let proxied = roads(&[("connect_to", "a::b:"), ("proxy", "http://p:1")], &[]);
    assert_eq!(way(&proxied, "http://a/"), "http://p:1 tunnels");
    assert_eq!(way(&proxied, "http://c/"), "http://p:1 forwards");
}
