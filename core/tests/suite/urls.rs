//! Which URLs of callers are accepted, held against the parsers that programs filter URLs with:
//! whatever is accepted names the same host and port for `urllib.parse`, httpx and libcurl.

use std::io::Write;
use std::process::{Command, Stdio};

use keepalive_core::Request;

const STARTS: &[&str] =
    &["http://", "HTTP://", "https://", "http:/", "http:", "http:///", "http:\\\\", "http://\\"];
const USERINFO: &[&str] = &[
    "",
    "u@",
    "u:p@",
    ":p@",
    "@",
    "a@b@",
    "u\\@",
    "a.example:80@",
    "a.example#@",
    "a.example?@",
    "a.example/@",
    "a.example;@",
    "%40@",
    "a.example%2f@",
    "[::1]@",
    "a.example:80\\@",
    "ä@",
];
const HOSTS: &[&str] = &[
    "allowed.example",
    "ALLOWED.example",
    "allowed.example.",
    "127.0.0.1",
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
    "0177.0.0.1",
    "127.0.0.1.",
    "%61.example",
    "a%00.example",
    "a_b.example",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[0:0::1]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    "[::1].example",
    "[a]",
    "bücher.example",
    "BÜCHER.example",
    "faß.example",
    "a。example",
    "ａ.example",
    "１２７.0.0.1",
    "a\u{ad}b.example",
    "xn--bcher-kva.example",
    "a b.example",
    "a..example",
    "-a.example",
    "",
    "a|b.example",
    "a<b",
    "a^b",
    "a\"b",
    "a;b",
    "a,b",
    "a!b",
    "⑫.example",
    "a\u{2044}b.example",
];
const PORTS: &[&str] = &["", ":", ":80", ":8080", ":080", ":0", ":99999", ":x", ":８０", ":80:81"];
const TAILS: &[&str] = &[
    "",
    "/",
    "/p?q#f",
    "?@evil.example",
    "#@evil.example",
    "\\@evil.example/",
    "/\\@evil.example",
    "/@evil.example:1/",
    "?q=http://evil.example/",
    "/ä b",
    "//evil.example/",
    "/..//evil.example",
];

fn accepted() -> Vec<String> {
    let mut lines = Vec::new();
    for start in STARTS {
        for userinfo in USERINFO {
            for host in HOSTS {
                for port in PORTS {
                    for tail in TAILS {
                        let url = format!("{start}{userinfo}{host}{port}{tail}");
                        if let Ok(request) = Request::new("GET", &url) {
                            let value = serde_json::json!([url, request.url()]);
                            lines.push(value.to_string());
                        }
                    }
                }
            }
        }
    }
    lines
}

#[test]
fn no_other_parser_reads_another_host() {
    let python = std::env::var("KEEPALIVE_PYTHON")
        .expect("KEEPALIVE_PYTHON: a Python with httpx, as `make test` sets it");
    let lines = accepted();
    assert!(lines.len() > 2_000, "only {} of the URLs are accepted", lines.len());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/urls/compare.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(lines.join("\n").as_bytes()).expect("it reads all");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}");
    let expected = format!("{} URLs, 3 parsers: no difference\n", lines.len());
    assert_eq!(report, expected);
}

#[test]
fn ordinary_urls_are_accepted() {
    for url in [
        "http://allowed.example",
        "https://user:p%40ss@allowed.example:8443/a/b;c?d=e&f=[g]#h",
        "http://a/b c",
        "http://a/ä?ö",
        "http://bücher.example/",
        "http://127.0.0.1:8080/",
        "http://[::1]:8080/",
        "http://a_b.example/",
        "http://localhost",
    ] {
        assert!(Request::new("GET", url).is_ok(), "{url}");
    }
}
