//! The origin over plain TCP, seen from the socket.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{LIMIT, Peer, origin, socket};

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn a_connection_is_kept_alive_and_numbered() {
    let origin = origin();
    let mut peer = Peer::connect(origin.http());
    assert_eq!(peer.get("/ok").body, b"ok");
    assert_eq!(peer.get("/json").body.len(), 47);
    peer.send(
        "POST /echo?x=%20y HTTP/1.1\r\nhOst: a\r\nX-B: 1\r\nx-b: 2\r\nContent-Length: 3\r\n\r\nabc",
    );
    let echo = json_of(&peer.response().body);
    assert_eq!(echo["method"], "POST");
    assert_eq!(echo["target"], "/echo?x=%20y");
    let headers = json!([["hOst", "a"], ["X-B", "1"], ["x-b", "2"], ["Content-Length", "3"]]);
    assert_eq!(echo["headers"], headers);
    assert_eq!(echo["body_b64"], "YWJj");
    assert_eq!((&echo["connection"], &echo["request"]), (&json!(1), &json!(3)));
    let connections = origin.connections();
    assert_eq!((connections.opened, connections.open, connections.requests), (1, 1, 3));
}

#[test]
fn close_is_honoured_and_said() {
    let origin = origin();
    let mut peer = Peer::connect(origin.http());
    peer.send("GET /ok HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n");
    assert!(peer.response().head.contains("Connection: close\r\n"));
    assert_eq!(peer.rest(), (vec![], None));
    let mut peer = Peer::connect(origin.http());
    peer.send("GET /ok HTTP/1.0\r\n\r\n");
    assert!(peer.response().head.contains("Connection: close\r\n"));
    assert_eq!(peer.rest(), (vec![], None));
    assert!(origin.wait_for_open(0, LIMIT));
}

#[test]
fn generated_bodies_follow_the_pattern_in_every_framing() {
    let origin = origin();
    let expected: Vec<u8> = (0..200_000u32).map(|i| (i % 251) as u8).collect();
    let mut peer = Peer::connect(origin.http());
    assert!(peer.get("/bytes/200000").body == expected);
    let mut peer = Peer::connect(origin.http());
    peer.send("GET /close-delimited/200000 HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.head();
    assert!(peer.rest().0 == expected);
    let mut peer = Peer::connect(origin.http());
    peer.send("GET /chunked/7?chunk=5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(peer.head().contains("Transfer-Encoding: chunked\r\n"));
    let body = b"5\r\n\x00\x01\x02\x03\x04\r\n2\r\n\x05\x06\r\n0\r\n\r\n";
    assert_eq!(peer.rest(), (body.to_vec(), None));
}

#[test]
fn head_gets_the_fields_and_no_body() {
    let origin = origin();
    let mut peer = Peer::connect(origin.http());
    for target in ["/bytes/10", "/chunked/10", "/gzip", "/trailers", "/head-only"] {
        peer.send(&format!("HEAD {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(peer.head().starts_with("HTTP/1.1 200 OK\r\n"), "{target}");
    }
    assert_eq!(peer.get("/ok").body, b"ok");
}

#[test]
fn chunked_uploads_are_counted_and_continue_is_answered() {
    let origin = origin();
    let mut peer = Peer::connect(origin.http());
    let head = "POST /upload-count?key=u HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
    peer.send(&format!("{head}Expect: 100-continue\r\n\r\n"));
    assert_eq!(peer.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n");
    assert_eq!(peer.response().body, b"13");
    let journal = origin.journal("u");
    assert_eq!(journal.len(), 1);
    assert_eq!((journal[0].body_length, journal[0].complete), (13, true));
}

#[test]
fn malformed_requests_are_refused_and_journalled() {
    let origin = origin();
    let requests = [
        "GET  /ok HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /ok HTTP/1.1\nHost: a\n\n\r\n\r\n",
        "\r\nGET /ok HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /ok HTTP/1.1\r\n\r\n",
        "GET /ok HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET /ok HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /ok HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
        "GET /ok HTTP/1.1\r\nHost: a\r\nX: \u{1}\r\n\r\n",
        "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/ok HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /ok HTTP/2.0\r\nHost: a\r\n\r\n",
        "POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx",
        "POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
        "POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    ];
    for request in requests {
        let mut peer = Peer::connect(origin.http());
        peer.send(request);
        assert_eq!(peer.response().status, 400, "{request:?}");
    }
    assert_eq!(origin.faults().len(), requests.len());
    let mut peer = Peer::connect(origin.http());
    assert_eq!(peer.get("/ok").status, 200);
}

#[test]
fn troubles_are_what_they_are_called() {
    let origin = origin();
    let cases = [("/close", None), ("/reset", Some(ErrorKind::ConnectionReset))];
    for (target, error) in cases {
        let mut peer = Peer::connect(origin.http());
        peer.send(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(peer.rest(), (vec![], error), "{target}");
    }
    let mut peer = Peer::connect(origin.http());
    assert_eq!(peer.get("/close-idle?ms=1").status, 200);
    assert_eq!(peer.rest(), (vec![], None));
    let mut peer = Peer::connect(origin.http());
    assert_eq!(peer.get("/reset-idle?ms=1").status, 200);
    assert_eq!(peer.rest(), (vec![], Some(ErrorKind::ConnectionReset)));
    let mut peer = Peer::connect(origin.http());
    assert_eq!(peer.get("/stray-idle?end=fin").status, 200);
    assert_eq!(peer.response().status, 408);
    assert_eq!(peer.rest(), (vec![], None));
    let mut peer = Peer::connect(origin.http());
    let start = Instant::now();
    assert_eq!(peer.get("/slow-head?ms=50").status, 200);
    assert!(start.elapsed() >= Duration::from_millis(50));
    peer.send("GET /stall-body?n=9&sent=3 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(peer.head().contains("Content-Length: 9\r\n"));
    drop(peer);
    assert!(origin.wait_for_open(0, LIMIT));
}

#[test]
fn a_request_in_time_cancels_the_idle_close() {
    let origin = origin();
    let mut peer = Peer::connect(origin.http());
    assert_eq!(peer.get("/close-idle?ms=60000").status, 200);
    assert_eq!(peer.get("/close-idle?gate=g").status, 200);
    assert_eq!(peer.get("/ok").status, 200);
    assert_eq!(origin.waiting_at("g"), 0);
}

#[test]
fn whoever_opens_a_gate_finds_the_idle_connection_closed() {
    let origin = origin();
    for target in ["/close-idle?gate=g", "/reset-idle?gate=g"] {
        origin.reset();
        let mut peer = Peer::connect(origin.http());
        assert_eq!(peer.get(target).status, 200);
        assert!(origin.open_gate("g", LIMIT));
        peer.stream.set_nonblocking(true).unwrap();
        let (rest, error) = peer.rest();
        assert_ne!(error, Some(ErrorKind::WouldBlock), "{target}");
        assert_eq!(rest, b"");
    }
}

#[test]
fn gates_hold_requests_and_let_go_of_those_who_leave() {
    let origin = origin();
    let mut waiting: Vec<Peer> = (0..3).map(|_| Peer::connect(origin.http())).collect();
    for peer in &mut waiting {
        peer.send("GET /gate/g HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    let mut control = Peer::connect(origin.http());
    assert_eq!(control.get("/_gate/g/wait?n=3").status, 200);
    assert_eq!(control.get("/_gate/g/wait?n=4&ms=1").status, 504);
    waiting.pop();
    assert!(origin.wait_for_open(2, LIMIT));
    assert_eq!(json_of(&control.get("/_gate/g/waiting").body), json!({ "waiting": 2 }));
    assert_eq!(control.get("/_gate/g/open").status, 200);
    for peer in &mut waiting {
        assert_eq!(peer.response().status, 200);
    }
    let mut peer = Peer::connect(origin.http());
    peer.send("GET /gate-body/h?n=9&sent=3 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(peer.head().contains("Content-Length: 9\r\n"));
    control.send("POST /_reset HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(control.response().status, 200);
    assert_eq!(peer.take(9), (0..9).collect::<Vec<u8>>());
}

#[test]
fn flaky_fails_the_first_requests_of_a_key() {
    let origin = origin();
    for (how, error) in [("fin", None), ("rst", Some(ErrorKind::ConnectionReset))] {
        for _ in 0..2 {
            let mut peer = Peer::connect(origin.http());
            let target = format!("/flaky?key={how}&times=2&how={how}");
            peer.send(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
            assert_eq!(peer.rest(), (vec![], error));
        }
        let mut peer = Peer::connect(origin.http());
        assert_eq!(peer.get(&format!("/flaky?key={how}&times=2&how={how}")).status, 200);
        let journal = json_of(&peer.get(&format!("/_journal?key={how}")).body);
        assert_eq!(journal.as_array().unwrap().len(), 3);
        assert_ne!(journal[0]["connection"], journal[1]["connection"]);
    }
}

#[test]
fn an_early_answer_arrives_although_the_body_is_not_read() {
    let origin = origin();
    let mut peer = Peer::connect(origin.http());
    peer.send("POST /early?status=413 HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n");
    peer.stream.write_all(&vec![0; 4_000_000]).unwrap();
    assert_eq!(peer.response().status, 413);
    assert_eq!(peer.rest(), (vec![], None));
}

#[test]
fn compressed_bodies_decode_and_corrupt_ones_do_not() {
    let origin = origin();
    let mut peer = Peer::connect(origin.http());
    let plain = peer.get("/compressible").body;
    let decode = |coding: &str, body: &[u8]| -> std::io::Result<Vec<u8>> {
        let mut out = Vec::new();
        match coding {
            "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut out)?,
            "deflate" => flate2::read::ZlibDecoder::new(body).read_to_end(&mut out)?,
            "deflate-raw" => flate2::read::DeflateDecoder::new(body).read_to_end(&mut out)?,
            "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut out)?,
            _ => zstd::stream::read::Decoder::new(body)?.read_to_end(&mut out)?,
        };
        Ok(out)
    };
    for coding in ["gzip", "deflate", "deflate-raw", "br", "zstd"] {
        let response = peer.get(&format!("/{coding}"));
        let name = coding.strip_suffix("-raw").unwrap_or(coding);
        assert!(response.head.contains(&format!("Content-Encoding: {name}\r\n")));
        assert!(decode(coding, &response.body).unwrap() == plain, "{coding}");
        for trouble in ["bad", "cut"] {
            let body = peer.get(&format!("/{coding}?{trouble}=1")).body;
            assert!(decode(coding, &body).is_err(), "{coding} {trouble}");
        }
    }
}

#[test]
fn control_connections_are_not_counted() {
    let origin = origin();
    let mut control = Peer::connect(origin.http());
    let mut peer = Peer::connect(origin.http());
    peer.get("/ok");
    let counts = json_of(&control.get("/_connections").body);
    assert_eq!((&counts["opened"], &counts["open"]), (&json!(1), &json!(1)));
    drop(peer);
    assert_eq!(control.get("/_connections/wait?open=0").status, 200);
}

#[test]
fn dropping_the_origin_ends_connections_and_removes_its_files() {
    let origin = origin();
    let (ca_file, base) = (origin.ca_file().to_owned(), origin.http().to_owned());
    assert_eq!(std::fs::read_to_string(&ca_file).unwrap(), origin.ca_pem());
    let mut stalled = Peer::connect(&base);
    stalled.send("GET /stall HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut held = Peer::connect(&base);
    held.send("GET /gate/g HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(origin.wait_at_gate("g", 1, LIMIT));
    let _silent = socket(&base);
    drop(origin);
    assert!(!ca_file.exists());
    assert_eq!(stalled.rest().0, b"");
    assert_eq!(held.rest().0, b"");
}

#[test]
fn two_owners_of_a_connection_are_a_fault() {
    let origin = origin();
    let mut peer = Peer::connect(origin.http());
    for owner in ["1", "1", "2"] {
        assert!(origin.faults().is_empty());
        peer.send(&format!("GET /ok HTTP/1.1\r\nHost: a\r\nX-Owner: {owner}\r\n\r\n"));
        assert_eq!(peer.response().body, b"ok");
    }
    assert_eq!(origin.faults(), ["connection 1 of 1 used by 2"]);
}

#[test]
fn chaos_is_what_its_dice_say() {
    use keepalive_origin::chaos::{Answer, body, deal};
    let origin = origin();
    let mut answers = 0;
    for number in 0..40 {
        let due = deal(5, 1, number, 1, false);
        if due.answer != Answer::Length {
            continue;
        }
        let mut peer = Peer::connect(origin.http());
        let response = peer.get(&format!("/chaos/5/1/{number}"));
        assert_eq!(response.body, body(1, number, due.length));
        assert!(response.head.contains(&format!("X-Id: 1.{number}\r\nX-Attempt: 1\r\n")));
        answers += 1;
    }
    assert!(answers > 10);
    let report = origin.chaos();
    assert_eq!((report.requests, report.repeated, report.dealt["length"]), (answers, 0, answers));
    // A POST without a key is not to be seen again.
    let easy = |number: u64, attempt| deal(5, 2, number, attempt, false).answer == Answer::Length;
    let number = (0..).find(|number| easy(*number, 1) && easy(*number, 2)).expect("a fourth are");
    for wrong in [0, 1] {
        let mut peer = Peer::connect(origin.http());
        let head = "HTTP/1.1\r\nHost: a\r\nContent-Length: 2";
        peer.send(&format!("POST /chaos/5/2/{number} {head}\r\n\r\n2."));
        assert!(peer.response().head.contains(&format!("X-Attempt: {}\r\n", wrong + 1)));
        assert_eq!(origin.chaos().wrong.len(), wrong);
    }
}
