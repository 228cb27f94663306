//! Bodies that are collected whole: `max_body_size` holds on every way to do that, and on no other.

use crate::common::*;
use keepalive_core::*;
use keepalive_origin::Origin;

const MOST: u64 = 100_000;

fn limited(most: u64) -> Client {
    client(|config| config.max_body_size = most)
}

fn decoded(origin: &Origin, path: &str) -> Request {
    let mut request = get_request(&format!("{}{path}", origin.http()));
    request.set_decode(true);
    request
}

/// How a whole body is come by: its size, or the failure.
type Way = fn(&Client, &Request) -> Result<usize>;

fn send_whole(client: &Client, request: &Request) -> Result<usize> {
    let mut response = client.send_whole(request, Blocking::default())?;
    Ok(response.take_complete().expect("complete").len())
}

fn send_small(client: &Client, request: &Request) -> Result<usize> {
    let until = Until::SmallBody(1_000);
    let mut response = client.send_until(request, until, Blocking::default())?;
    response.read_all(Blocking::default()).map(|body| body.len())
}

fn read_all(client: &Client, request: &Request) -> Result<usize> {
    let mut response = client.send(request, Blocking::default())?;
    let size = response.read_all(Blocking::default()).map(|body| body.len());
    if let Err(error) = &size {
        // It is over, and what came of it is gone.
        let again = response.read(&mut [0; 10], Blocking::default()).expect_err("the same");
        assert_eq!(again.kind(), error.kind());
    }
    size
}

fn submit_whole(client: &Client, request: &Request) -> Result<usize> {
    submit(client, request.clone(), Until::Body)
        .map(|mut response| response.take_complete().expect("complete").len())
}

fn submit_read_all(client: &Client, request: &Request) -> Result<usize> {
    let response = submit(client, request.clone(), Until::Head)?;
    let queue = Queue::new(|| {});
    Client::submit_read_all(response, &queue, 1).expect("submitted");
    let Outcome::Chunk(_, body) = next(&queue) else { panic!("not a body") };
    body.map(|body| body.map_or(0, |body| body.len()))
}

fn submit_read_full(client: &Client, request: &Request) -> Result<usize> {
    let response = submit(client, request.clone(), Until::SmallBody(0))?;
    let queue = Queue::new(|| {});
    Client::submit_read_full(response, Memory::new(1 << 32), 0, &queue, 1).expect("submitted");
    let Outcome::Filled(_, _, count, result) = next(&queue) else { panic!("not filled") };
    result.map(|()| count)
}

const WAYS: [(&str, Way); 6] = [
    ("send_whole", send_whole),
    ("send_until a small body", send_small),
    ("read_all", read_all),
    ("submit a whole body", submit_whole),
    ("submit_read_all", submit_read_all),
    ("submit_read_full", submit_read_full),
];

#[test]
fn a_body_beyond_the_limit_is_an_error_that_names_it_however_it_is_collected() {
    let origin = origin();
    let client = limited(MOST);
    for path in [
        "/bytes/100001",
        "/bytes/3000000",
        // What is known to be too large is not waited for.
        "/stall-body?n=100001&sent=10",
        "/chunked/100001",
        "/close-delimited/200000",
        "/endless/chunked",
        "/endless/gzip",
        "/endless/gzip-gzip",
        "/endless/zstd",
        "/endless/br",
    ] {
        for (name, way) in WAYS {
            let error = way(&client, &decoded(&origin, path)).expect_err("too large");
            assert_eq!(error.kind(), ErrorKind::BodyTooLarge, "{path} by {name}: {error}");
            assert!(error.message().contains("100000 bytes (option max_body_size)"), "{error}");
            assert!(!error.retry_safe());
            assert!(error.partial_body().unwrap_or_default().is_empty(), "{path} by {name}");
        }
    }
    settled(&client);
}

#[test]
fn a_body_of_just_that_size_is_none() {
    let origin = origin();
    let client = limited(MOST);
    for path in ["/bytes/100000", "/chunked/100000", "/close-delimited/100000"] {
        for (name, way) in WAYS {
            assert_eq!(way(&client, &decoded(&origin, path)).expect(name), MOST as usize, "{path}");
        }
    }
}

#[test]
fn a_request_may_have_its_own_limit_or_none() {
    let origin = origin();
    let client = limited(MOST);
    let (mut own, mut none) = (decoded(&origin, "/bytes/50000"), decoded(&origin, "/bytes/150000"));
    own.set_max_body_size(49_999);
    none.set_max_body_size(0);
    for (name, way) in WAYS {
        let error = way(&client, &own).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
        assert!(error.message().contains("49999"), "{error}");
        assert_eq!(way(&client, &none).expect(name), 150_000);
    }
    let unlimited = limited(0);
    for (name, way) in WAYS {
        assert_eq!(way(&unlimited, &decoded(&origin, "/bytes/150000")).expect(name), 150_000);
    }
    // Memory is not taken before it is asked for.
    let mut response = client.send(&decoded(&origin, "/bytes/100001"), Blocking::default());
    let response = response.as_mut().expect("a head");
    assert_eq!(response.whole_size().expect_err("too large").kind(), ErrorKind::BodyTooLarge);
}

#[test]
fn a_stream_has_no_limit() {
    let origin = origin();
    let client = limited(10);
    for path in ["/bytes/300000", "/chunked/300000"] {
        let mut response =
            client.send(&decoded(&origin, path), Blocking::default()).expect("a head");
        let mut size = 0;
        while let Some(piece) = response.read_chunk(1 << 20, Blocking::default()).expect("pieces") {
            size += piece.len();
        }
        assert_eq!(size, 300_000);
        let mut response =
            client.send(&decoded(&origin, path), Blocking::default()).expect("a head");
        let mut piece = vec![0; 100_000];
        for _ in 0..3 {
            let count = response.read_full(&mut piece, 0, Blocking::default()).expect("a piece");
            assert_eq!(count, 100_000);
        }
    }
}

/// A reader that asks for little gets a bomb bit by bit, and holds no more than what it asked for and
/// what is decoded ahead of it.
#[test]
fn a_bomb_is_read_bit_by_bit() {
    let origin = origin();
    let client = limited(0);
    for form in ["gzip", "gzip-gzip", "zstd", "br"] {
        let request = decoded(&origin, &format!("/endless/{form}"));
        let mut response = client.send(&request, Blocking::default()).expect("a head");
        let mut piece = [1; 1024];
        for _ in 0..1_000 {
            let count = response.read(&mut piece, Blocking::default()).expect("zeros");
            assert!(count > 0 && piece[..count].iter().all(|&byte| byte == 0), "{form}");
            assert!(response.at_hand_now() <= 256 * 1024, "{form}: decoded ahead");
        }
    }
}

#[test]
fn more_than_five_codings_are_refused_before_any_decoding() {
    let origin = origin();
    let client = limited(0);
    let case = origin.cases().iter().find(|case| case.name == "six_codings").expect("the case");
    let request = decoded(&origin, &format!("/wire/{}", case.name));
    let error = client.send(&request, Blocking::default()).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::DecodingFailed);
    assert!(error.message().contains("more than 5 codings"), "{error}");
}
