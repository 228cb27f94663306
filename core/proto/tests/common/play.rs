//! Plays a peer's bytes to one connection and writes down everything it says.

use super::{After, Case, End};
use keepalive_proto::*;

/// Everything observable of one exchange.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    pub informational: Vec<u16>,
    pub status: Option<u16>,
    pub version: Option<Version>,
    pub reason: Vec<u8>,
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
    pub trailers: Option<Vec<(Vec<u8>, Vec<u8>)>>,
    /// The verdict: None while the response is unfinished.
    pub end: Option<Result<(), RemoteError>>,
    pub reuse: Option<CloseReason>,
    /// Bytes of the other protocol after a switch.
    pub switched: Vec<u8>,
}

/// How the case ends the stream, None when it stays open.
pub fn eof(case: &Case) -> Option<Eof> {
    match case.end {
        End::Open | End::Stall => None,
        End::Fin if case.close_notify => Some(Eof::Clean),
        End::Fin | End::Rst => Some(Eof::Abrupt),
    }
}

fn copied(fields: &Fields) -> Vec<(Vec<u8>, Vec<u8>)> {
    fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

/// A connection on which the case's request was sent behind another, whose answer has come with the
/// first `count` bytes of the case's; `None` where a request cannot be sent so.
pub fn behind(case: &Case, count: usize) -> Option<Connection> {
    const FIRST: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let request = &case.request;
    if request.chunked || case.after == After::Head {
        return None;
    }
    let first = RequestHead::new("GET", "/first", "origin.test").expect("request head");
    let mut connection = Connection::new(Limits::default());
    connection.start(&first, RequestBody::None).expect("start");
    flush(&mut connection);
    let bytes = request.body.to_vec();
    let body = (!bytes.is_empty()).then_some(&bytes[..]);
    let (mut sent, how) = (Vec::new(), Start::default());
    let ahead = Ahead::write(&head(case), body, &how, &mut sent).expect("written");
    assert!(sent.ends_with(&bytes), "{}", case.name);
    let bytes = [FIRST, &case.response[..count]].concat();
    connection.receive_space(bytes.len()).extend_from_slice(&bytes);
    connection.received(bytes.len());
    let mut answer = Outcome::default();
    while answer.end.is_none() {
        listen(&mut connection, &mut answer);
    }
    assert_eq!((answer.status, &answer.body[..]), (Some(200), &b"ok"[..]));
    connection.follow(ahead).expect("another one");
    Some(connection)
}

fn head(case: &Case) -> RequestHead {
    let request = &case.request;
    let mut head = RequestHead::new(&request.method, "/case", "origin.test").expect("request head");
    for (name, value) in request.fields() {
        head.append(&name, &value).expect("request field");
    }
    head
}

/// A connection on which the case's request has been sent, as far as the peer reads it.
pub fn requested(case: &Case) -> Connection {
    let request = &case.request;
    let head = head(case);
    let framing = match request.body.len() {
        _ if request.chunked => RequestBody::Unknown,
        0 => RequestBody::None,
        length => RequestBody::Length(length as u64),
    };
    let mut connection = Connection::new(Limits::default());
    connection.start(&head, framing).expect("start");
    flush(&mut connection);
    if case.after == After::Request {
        let body = request.body.to_vec();
        let mut rest = &body[..];
        while !rest.is_empty() {
            let taken = connection.send_data(rest).expect("send_data");
            rest = &rest[taken..];
            flush(&mut connection);
        }
        connection.send_end().expect("send_end");
        flush(&mut connection);
        assert!(connection.send_done(), "{}: request not sent", case.name);
    }
    connection
}

fn flush(connection: &mut Connection) {
    while let Some(n) = connection.poll_transmit().map(<[u8]>::len) {
        connection.transmitted(n.min(1000));
    }
}

/// Feeds `pieces` and then the end, and listens after each.
pub fn play<'a>(
    mut connection: Connection,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    eof: Option<Eof>,
) -> Outcome {
    let mut outcome = Outcome::default();
    for piece in pieces {
        connection.receive_space(piece.len()).extend_from_slice(piece);
        connection.received(piece.len());
        listen(&mut connection, &mut outcome);
    }
    if let Some(how) = eof {
        connection.received_eof(how);
        listen(&mut connection, &mut outcome);
    }
    outcome.reuse = connection.reuse().err();
    assert_eq!(connection.response_done(), outcome.end == Some(Ok(())));
    outcome.switched = connection.take_switched();
    outcome
}

fn listen(connection: &mut Connection, outcome: &mut Outcome) {
    // Every event consumes a byte or ends something, so this many calls must do.
    let bound = connection.buffered() + 4;
    for _ in 0..=bound {
        match connection.poll_event() {
            Ok(None) => return,
            Ok(Some(Event::Informational(head))) => outcome.informational.push(head.status),
            Ok(Some(Event::Head(head))) => {
                assert!(outcome.status.is_none(), "two heads");
                outcome.status = Some(head.status);
                outcome.version = Some(head.version);
                outcome.reason = head.reason().to_vec();
                outcome.fields = copied(&head.fields);
            }
            Ok(Some(Event::Data(data))) => {
                assert!(!data.is_empty(), "empty data");
                outcome.body.extend_from_slice(data);
            }
            Ok(Some(Event::Trailers(fields))) => outcome.trailers = Some(copied(&fields)),
            Ok(Some(Event::End)) => {
                assert!(outcome.end.is_none(), "two ends");
                outcome.end = Some(Ok(()));
            }
            Err(error) => {
                let earlier = outcome.end.replace(Err(error.clone()));
                assert!(earlier.is_none_or(|e| e == Err(error)), "another error");
                return;
            }
        }
    }
    panic!("poll_event does not come to an end");
}
