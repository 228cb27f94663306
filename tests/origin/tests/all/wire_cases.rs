//! The wire cases: how they are read, handed out and played.

use std::io::ErrorKind;
use std::time::Duration;

use keepalive_origin::cases::{self, After, End, Tls};
use serde_json::{Value, json};

use crate::common::{LIMIT, Peer, origin};

#[test]
fn the_product_cases_are_well_formed() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wire");
    cases::load(&dir).unwrap();
}

#[test]
fn every_form_of_the_format_is_read() {
    let origin = origin();
    let case = |name: &str| origin.cases().iter().find(|case| case.name == name).unwrap();
    let plain = case("plain_text");
    assert_eq!((plain.after, plain.end, plain.tls), (After::Request, End::Open, Tls::Any));
    assert_eq!((plain.request.method.as_str(), plain.close_notify), ("GET", true));
    let parts = case("parts");
    assert_eq!(parts.response, b"HTTP/1.1 200 OK\r\nX: \xe9ababab\r\n\r\n\x00\xff");
    assert_eq!(parts.expect.body.as_deref(), Some(&b"\x00\xff"[..]));
    assert!(!case("no_close_notify").close_notify);
}

#[test]
fn the_list_is_handed_out_as_json() {
    let origin = origin();
    let list = Peer::connect(origin.http()).get("/_cases").body;
    let list: Vec<Value> = serde_json::from_slice(&list).unwrap();
    let parts = list.iter().find(|case| case["name"] == "parts").unwrap();
    assert_eq!(parts["path"], "/wire/parts");
    let bytes = |text: &str, times: usize| json!({ "piece_b64": text, "times": times });
    let request = json!({ "method": "POST", "headers": [["X-A", "1"]], "body": bytes("YWJj", 1), "chunked": true, "decode": true });
    assert_eq!(parts["request"], request);
    assert_eq!(parts["response"]["times"], 1);
    assert_eq!(parts["expect"]["body"], bytes("AP8=", 1));
    assert_eq!(parts["expect"]["reason"], Value::Null);
    assert_eq!(parts["expect"]["headers"], json!([["x", "\u{e9}ababab"]]));
    assert_eq!(parts["expect"]["errors"], json!([]));
    assert_eq!(parts["expect"]["reused"], false);
    let early = list.iter().find(|case| case["name"] == "early_answer").unwrap();
    assert_eq!(early["request"]["body"], bytes("eA==", 10));
    let reset = list.iter().find(|case| case["name"] == "reset").unwrap();
    assert_eq!(
        reset["expect"]["errors"],
        json!(["ConnectionReset", "ConnectionClosed", "HeadTruncated", "BodyTruncated"])
    );
    assert_eq!(
        (&reset["end"], &reset["tls"], &early["after"]),
        (&json!("rst"), &json!("any"), &json!("head"))
    );
    assert_eq!(parts["end"], "fin");
}

#[test]
fn what_a_runner_says_is_judged() {
    let origin = origin();
    let mut peer = Peer::connect(origin.http());
    let judge = |peer: &mut Peer, case: &str, facts: &Value| {
        let facts = facts.to_string();
        peer.send(&format!(
            "POST /_judge/mine/{case} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{facts}",
            facts.len()
        ));
        peer.response()
    };
    let mut facts = json!({
        "way": "whole", "error": null, "status": 200, "version": "1.1", "reason": "OK",
        "headers": [], "body_b64": "aGVsbG8=", "trailers": [], "reused": true,
    });
    peer.get("/wire/plain_text?run=mine");
    assert_eq!(judge(&mut peer, "plain_text", &facts).body, b"[]");
    peer.get("/wire/plain_text?run=mine");
    facts["status"] = json!(500);
    let found = judge(&mut peer, "plain_text", &facts).body;
    let found: Vec<String> = serde_json::from_slice(&found).unwrap();
    assert_eq!(found, ["status: 500, expected 200", "run a second time"]);

    let refused = judge(&mut peer, "plain_text", &json!({ "way": "whole" }));
    assert_eq!(refused.status, 400);
    assert!(refused.body.starts_with(b"facts: missing field"));
    assert_eq!(judge(&mut peer, "no_such_case", &facts).status, 404);
    assert_eq!(peer.get("/_verdict/mine?over=udp").status, 400);

    let report: Value = serde_json::from_slice(&peer.get("/_verdict/mine?over=http").body).unwrap();
    assert_eq!(report["cases"], origin.cases().len());
    assert_eq!(report["judged"], 1);
    let differences: Vec<&str> =
        report["differences"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(differences[0], "plain_text (defaults) over http: status: 500, expected 200");
    let left_out = differences.iter().filter(|one| one.contains("left out")).count();
    let tls_alone = origin.cases().iter().filter(|case| case.tls == Tls::Only).count();
    assert_eq!(left_out, origin.cases().len() - 1 - tls_alone);
}

#[test]
fn mistakes_in_a_case_are_named() {
    let head = "[[case]]\nname = \"a\"\nwhy = \"b\"\nresponse = \"c\"\n";
    let mistakes = [
        ("[case.expect]\n", "either reuse or error"),
        ("[case.expect]\nreuse = \"ok\"\nerror = \"X\"\n", "either reuse or error"),
        ("end = \"rst\"\n[case.expect]\nerror = \"X\"\npartial = \"\"\n", "overtake"),
        ("end = \"bang\"\n[case.expect]\nreuse = \"ok\"\n", "bang"),
        ("[case.expect]\nreuse = \"ok\"\nbodi = \"\"\n", "bodi"),
        ("[case.expect]\nreuse = \"ok\"\nbody = { hex = \"0\" }\n", "hex"),
        ("[case.expect]\nreuse = \"ok\"\nbody = \"\u{100}\"\n", "beyond"),
    ];
    for (tail, says) in mistakes {
        let error = cases::parse(&format!("{head}{tail}")).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn cases_are_played_to_their_end() {
    let origin = origin();
    let mut peer = Peer::connect(origin.http());
    assert_eq!(peer.get("/wire/plain_text").body, b"hello");
    assert_eq!(peer.get("/ok").body, b"ok");

    peer.send("POST /wire/parts HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    let response = &origin.cases().iter().find(|case| case.name == "parts").unwrap().response;
    assert_eq!(peer.rest(), (response.clone(), None));

    let mut peer = Peer::connect(origin.http());
    peer.send("GET /wire/reset HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(peer.head().contains("Content-Length: 5"));
    assert_eq!(peer.rest(), (b"he".to_vec(), Some(ErrorKind::ConnectionReset)));

    let mut peer = Peer::connect(origin.http());
    peer.send("GET /wire/stall HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.head();
    assert_eq!(peer.take(2), b"he");
    peer.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert_eq!(peer.rest().1, Some(ErrorKind::WouldBlock));
    drop(peer);

    let mut peer = Peer::connect(origin.http());
    peer.send("POST /wire/early_answer HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
    assert_eq!(peer.response().status, 413);
    peer.send("xxxxxxxxxx");
    assert_eq!(peer.get("/ok").body, b"ok");
    assert_eq!(peer.get("/wire/no_such_case").status, 404);
    drop(peer);
    assert!(origin.wait_for_open(0, LIMIT));
    assert_eq!(origin.faults(), Vec::<String>::new());
}
