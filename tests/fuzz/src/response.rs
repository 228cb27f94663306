//! A response, as whatever bytes: the verdict is a function of the bytes, never of how they were cut,
//! when they were looked at, or which exchange of its connection it is; and what is delivered agrees
//! with a second, simple-minded reading of the head.
//!
//! Input: the request's kind, the limits, the end of the stream, 4 bytes that seed the cuts; then what
//! the server sends.

use keepalive_proto::*;

use crate::{Random, circumstances};

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Everything that can be seen of one exchange.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    informational: Vec<(u16, Pairs)>,
    head: Option<(u16, Version, Vec<u8>, Pairs)>,
    framing: Option<BodyFraming>,
    body: Vec<u8>,
    trailers: Option<Pairs>,
    end: Option<Result<(), RemoteError>>,
    reuse: Option<CloseReason>,
    switched: Vec<u8>,
}

/// How the bytes reach the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looking {
    /// Every event after every piece.
    Always,
    /// One event after each piece, the rest at the end.
    Lazily,
    /// Always, and body bytes go past the machine where that is allowed.
    Past,
}

#[derive(Clone, Copy)]
struct Circumstances {
    request: u8,
    limits: Limits,
    end: Option<Eof>,
}

impl Circumstances {
    fn is(&self, kind: u8) -> bool {
        self.request % 8 == kind
    }

    fn request(&self, connection: &mut Connection) {
        let method = match self.request % 8 {
            1 => "HEAD",
            2 => "CONNECT",
            4 | 5 => "POST",
            _ => "GET",
        };
        let target = if method == "CONNECT" { "a:1" } else { "/" };
        let mut head = RequestHead::new(method, target, "a").expect("a valid head");
        if self.is(3) {
            head.append(b"Connection", b"upgrade").expect("a valid field");
            head.append(b"Upgrade", b"x").expect("a valid field");
        }
        let body = if method == "POST" { RequestBody::Length(4) } else { RequestBody::None };
        let how = Start { fields: b"A: b\r\n", last: self.is(6), ..Start::default() };
        connection.start_with(&head, body, &how).expect("idle");
        if self.is(4) {
            assert_eq!(connection.send_data(b"body"), Ok(4));
        }
        while let Some(count) = connection.poll_transmit().map(<[u8]>::len) {
            connection.transmitted(count);
        }
        assert_eq!(connection.send_done(), !self.is(5), "5 is the one whose body is not sent");
    }
}

/// Panics when a rule is broken.
pub fn check(input: &[u8]) {
    let Some(([request, limits, end, seed @ ..], bytes)) = circumstances::<7>(input) else {
        return;
    };
    let limits = match limits {
        0..128 => Limits::default(),
        other => {
            Limits { head_bytes: usize::from(other) - 100, fields: usize::from(other) % 8 + 1 }
        }
    };
    let end = [None, Some(Eof::Clean), Some(Eof::Abrupt)][usize::from(end) % 3];
    let circumstances = Circumstances { request, limits, end };
    let mut random = Random::new(&seed);

    let mut connection = Connection::new(limits);
    let whole = play(&mut connection, circumstances, &[bytes], Looking::Always);
    judge(circumstances, bytes, &whole);
    if whole.head.is_some() {
        check_raw(heads(circumstances, bytes));
    }
    if connection.recycle().is_ok() {
        let again = play(&mut connection, circumstances, &[bytes], Looking::Always);
        assert_eq!(whole, again, "on a used connection");
    }
    let singly: Vec<_> = bytes.chunks(1).collect();
    for looking in [Looking::Always, Looking::Lazily, Looking::Past] {
        let cuts = random.pieces(bytes);
        for pieces in [&[bytes][..], &singly, &cuts] {
            let mut connection = Connection::new(limits);
            let seen = play(&mut connection, circumstances, pieces, looking);
            assert_eq!(whole, seen, "{looking:?} in {} pieces", pieces.len());
        }
    }
}

fn play(
    connection: &mut Connection,
    circumstances: Circumstances,
    pieces: &[&[u8]],
    looking: Looking,
) -> Outcome {
    circumstances.request(connection);
    let mut outcome = Outcome::default();
    for &(mut piece) in pieces {
        if looking == Looking::Past
            && let Some(most) = connection.direct_body()
        {
            let count = piece.len().min(usize::try_from(most).unwrap_or(usize::MAX));
            outcome.body.extend_from_slice(&piece[..count]);
            connection.received_direct(count as u64);
            piece = &piece[count..];
        }
        connection.receive_space(piece.len()).extend_from_slice(piece);
        connection.received(piece.len());
        let most = if looking == Looking::Lazily { 1 } else { usize::MAX };
        listen(connection, &mut outcome, most);
    }
    if let Some(how) = circumstances.end {
        connection.received_eof(how);
    }
    listen(connection, &mut outcome, usize::MAX);
    outcome.framing = connection.body_framing();
    outcome.reuse = connection.reuse().err();
    assert_eq!(connection.response_done(), outcome.end == Some(Ok(())));
    outcome.switched = connection.take_switched();
    outcome
}

/// The bytes of all heads: up to the one with which the final head came.
fn heads(circumstances: Circumstances, bytes: &[u8]) -> &[u8] {
    let mut connection = Connection::new(circumstances.limits);
    circumstances.request(&mut connection);
    for (at, &byte) in bytes.iter().enumerate() {
        connection.receive_space(1).push(byte);
        connection.received(1);
        if let Ok(Some(Event::Head(_))) = connection.poll_event() {
            return &bytes[..=at];
        }
    }
    panic!("a head that came whole does not come byte by byte");
}

/// A CR ends a line or the head is refused, and nothing else in it controls anything.
fn check_raw(heads: &[u8]) {
    for (at, byte) in heads.iter().enumerate() {
        match byte {
            b'\r' => assert_eq!(heads.get(at + 1), Some(&b'\n'), "a bare CR at {at}"),
            b'\n' => {}
            byte => assert!(!is_control(byte), "a control character at {at}"),
        }
    }
}

fn listen(connection: &mut Connection, outcome: &mut Outcome, most: usize) {
    // Every event takes a byte or ends something.
    let bound = connection.buffered() + 4;
    for _ in 0..bound.min(most) {
        match connection.poll_event() {
            Ok(None) => return,
            Ok(Some(Event::Informational(head))) => {
                outcome.informational.push((head.status, pairs(&head.fields)));
            }
            Ok(Some(Event::Head(head))) => {
                assert!(outcome.head.is_none(), "two heads");
                let fields = pairs(&head.fields);
                outcome.head = Some((head.status, head.version, head.reason().to_vec(), fields));
            }
            Ok(Some(Event::Data(data))) => {
                assert!(!data.is_empty(), "data of nothing");
                outcome.body.extend_from_slice(data);
            }
            Ok(Some(Event::Trailers(fields))) => {
                assert!(outcome.trailers.is_none(), "two trailer sections");
                outcome.trailers = Some(pairs(&fields));
            }
            Ok(Some(Event::End)) => {
                assert!(outcome.end.is_none(), "two ends");
                outcome.end = Some(Ok(()));
            }
            Err(error) => {
                assert_eq!(connection.poll_event().err(), Some(error.clone()), "an error is final");
                outcome.end = Some(Err(error));
                return;
            }
        }
    }
    assert!(most < bound, "poll_event does not come to an end");
}

fn pairs(fields: &Fields) -> Pairs {
    fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

/// What holds for every response, whatever it was.
fn judge(circumstances: Circumstances, bytes: &[u8], outcome: &Outcome) {
    let Circumstances { limits, end, .. } = circumstances;
    let trailers = outcome.trailers.as_deref().unwrap_or_default();
    assert!(outcome.body.len() <= bytes.len(), "more body than bytes");
    for (status, fields) in &outcome.informational {
        assert!((100..200).contains(status) && *status != 101);
        check_fields(fields, limits);
    }
    check_fields(trailers, limits);
    let Some((status, version, reason, fields)) = &outcome.head else {
        assert!(outcome.body.is_empty() && outcome.reuse.is_some(), "nothing without a head");
        return;
    };
    check_fields(fields, limits);
    assert!(!reason.iter().any(is_control), "a control character in the reason");
    assert!(*status == 101 || (200..1000).contains(status));

    // The second reading.
    let values = |name: &'static str| {
        fields.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).flat_map(
            |(_, value)| value.split(|&byte| byte == b',').map(|part| part.trim_ascii().to_vec()),
        )
    };
    let codings: Vec<_> = values("transfer-encoding")
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
        .collect();
    let chunked = codings.iter().all(|coding| coding.eq_ignore_ascii_case(b"chunked"));
    let mut lengths: Vec<_> = values("content-length").collect();
    lengths.dedup();
    let switched = *status == 101 || (circumstances.is(2) && (200..300).contains(status));
    let bodiless = circumstances.is(1) || *status == 204 || *status == 304;
    let expected = if switched || bodiless {
        BodyFraming::None
    } else if !codings.is_empty() {
        assert!(chunked, "a coding that nobody undoes");
        BodyFraming::Chunked
    } else if let [length] = &lengths[..] {
        let text = std::str::from_utf8(length).expect("digits");
        BodyFraming::Length(text.parse().expect("digits"))
    } else {
        assert!(lengths.is_empty(), "lengths that differ");
        BodyFraming::CloseDelimited
    };
    assert_eq!(outcome.framing, Some(expected));

    match (&outcome.end, expected) {
        (Some(Ok(())), BodyFraming::None) => assert!(outcome.body.is_empty()),
        (Some(Ok(())), BodyFraming::Length(length)) => {
            assert_eq!(outcome.body.len() as u64, length);
        }
        (Some(Ok(())), BodyFraming::CloseDelimited) => assert_eq!(end, Some(Eof::Clean)),
        (Some(Ok(())), BodyFraming::Chunked) => {
            assert!(bytes.ends_with(b"\r\n") || outcome.reuse.is_some())
        }
        (Some(Err(_)), _) => assert_eq!(outcome.reuse, Some(CloseReason::Broken)),
        (None, _) => assert!(end.is_none() && outcome.reuse.is_some()),
    }
    if outcome.reuse.is_none() {
        assert!(!switched && codings.len() <= 1 && lengths.len() <= 1);
        assert!(codings.is_empty() || lengths.is_empty(), "both say where the body ends");
        assert!(codings.is_empty() || *version == Version::Http11);
        assert!(bodiless || chunked, "a coding that nobody undoes");
        assert!(expected != BodyFraming::CloseDelimited && end.is_none());
        assert!(!circumstances.is(5) && !circumstances.is(6), "the request forbids it");
        let option = |wanted: &str| {
            values("connection").any(|option| option.eq_ignore_ascii_case(wanted.as_bytes()))
        };
        assert!(!option("close"), "the response forbids it");
        assert!(*version == Version::Http11 || option("keep-alive"));
    }
    if *status == 101 {
        assert!(circumstances.is(3), "nobody asked for it");
    }
}

fn check_fields(fields: &[(Vec<u8>, Vec<u8>)], limits: Limits) {
    assert!(fields.len() <= limits.fields);
    let mut size = 0;
    for (name, value) in fields {
        size += name.len() + value.len() + 2;
        let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        assert!(!name.is_empty() && name.iter().all(token), "the name is no token");
        assert!(!value.iter().any(is_control), "a control character in a value");
        let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
        assert!(!blank(value.first()) && !blank(value.last()), "outer whitespace");
    }
    // Folded lines may shrink, a line of its own takes at least a colon and its end.
    assert!(size <= limits.head_bytes);
}

fn is_control(byte: &u8) -> bool {
    (*byte < b' ' && *byte != b'\t') || *byte == 0x7f
}
