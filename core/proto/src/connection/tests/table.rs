//! Replays the table at the head of connection.rs: it is documentation that cannot become untrue.

use super::*;

fn send_state(c: &Connection) -> &'static str {
    match c.send {
        SendState::Idle => "Idle",
        SendState::Body(_) => "Body",
        SendState::Stopped => "Stopped",
    }
}

fn receive_state(c: &Connection) -> &'static str {
    match c.recv {
        RecvState::Idle => "Idle",
        RecvState::Head => "Head",
        RecvState::Body(_) => "Body",
        RecvState::End => "End",
        RecvState::Done => "Done",
        RecvState::Failed(_) => "Failed",
    }
}

/// Every row of the table at the head of connection.rs: how to get into its state, and the event.
#[test]
fn the_state_table_is_true() {
    type Act = fn(&mut Connection);
    fn start(c: &mut Connection) {
        c.start(&head("GET"), RequestBody::None).unwrap();
        transmit(c);
    }
    fn to_head(c: &mut Connection) {
        start(c);
        feed(c, OK);
        c.poll_event().unwrap();
    }
    fn to_done(c: &mut Connection) {
        start(c);
        feed(c, OK);
        drain(c);
    }
    fn event(c: &mut Connection) {
        let _ = c.poll_event();
    }
    fn recycle(c: &mut Connection) {
        c.recycle().unwrap();
    }
    fn to_trailers(c: &mut Connection) {
        start(c);
        feed(c, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n");
        c.poll_event().unwrap();
    }
    fn follow(c: &mut Connection) {
        let how = Start::default();
        let ahead = Ahead::write(&head("HEAD"), None, &how, &mut Vec::new()).unwrap();
        c.follow(ahead).unwrap();
    }
    let acts: [(&str, Act, Act); 15] = [
        ("send Idle start", |_| {}, start),
        (
            "send Body final head >= 300 before it is sent",
            |c| {
                c.start(&head("POST"), RequestBody::Length(9)).unwrap();
                transmit(c);
                feed(c, b"HTTP/1.1 413 No\r\nContent-Length: 9\r\n\r\n");
            },
            event,
        ),
        (
            "send Body end of a response before it is sent",
            |c| {
                c.start(&head("POST"), RequestBody::Length(9)).unwrap();
                transmit(c);
                feed(c, OK);
                c.poll_event().unwrap();
            },
            |c| drop(drain(c)),
        ),
        (
            "send Body stop_sending before it is sent",
            |c| {
                c.start(&head("POST"), RequestBody::Length(9)).unwrap();
                transmit(c);
            },
            Connection::stop_sending,
        ),
        ("send Body recycle, when sent to the last byte", to_done, recycle),
        ("receive Idle start", |_| {}, start),
        (
            "receive Head 1xx head",
            |c| {
                start(c);
                feed(c, b"HTTP/1.1 100 Continue\r\n\r\n");
            },
            event,
        ),
        (
            "receive Head final head, or 101 asked for",
            |c| {
                start(c);
                feed(c, OK);
            },
            event,
        ),
        (
            "receive Head end of stream, or a broken rule",
            |c| {
                start(c);
                c.received_eof(Eof::Clean);
            },
            event,
        ),
        (
            "receive Body last byte of the body",
            |c| {
                to_head(c);
                c.poll_event().unwrap();
            },
            event,
        ),
        ("receive Body last byte of the trailers", to_trailers, event),
        (
            "receive Body end of stream before it, broken rule",
            |c| {
                start(c);
                feed(c, &OK[..OK.len() - 2]);
                c.received_eof(Eof::Clean);
                c.poll_event().unwrap();
            },
            event,
        ),
        (
            "receive End Event::End delivered",
            |c| {
                to_trailers(c);
                c.poll_event().unwrap();
            },
            event,
        ),
        ("receive Done recycle, when `reuse()` allows it", to_done, recycle),
        ("receive Done follow, by a request that was sent", to_done, follow),
    ];
    let table = include_str!("../../connection.rs");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("//! | send") || line.starts_with("//! | receive"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), acts.len());
    for (row, (key, setup, act)) in rows.iter().zip(acts) {
        assert_eq!(format!("{} {} {}", row[1], row[2], row[3]), key);
        let state = if row[1] == "send" { send_state } else { receive_state };
        let mut c = Connection::new(Limits::default());
        setup(&mut c);
        assert_eq!(state(&c), row[2], "before {key}");
        act(&mut c);
        assert_eq!(state(&c), row[4], "after {key}");
    }
}
