//! Connections that are handed out after 101, plain and through TLS, read and written on the caller's
//! thread and on the engine.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use crate::common::peer::*;
use crate::common::*;
use keepalive_core::*;

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 31 % 251) as u8).collect()
}

#[test]
fn a_megabyte_goes_both_ways_at_once_and_the_halves_end_apart() {
    const SIZE: usize = 1 << 20;
    both(|tls, client| {
        let (url, _) = server(tls, SWITCH, echo);
        let stream = stream(&client, &url);
        assert_eq!(stream.is_tls(), tls.is_some());
        let data = pattern(SIZE);
        let came = std::thread::scope(|scope| {
            let reader = scope.spawn(|| rest(&stream));
            stream.write(&data, Blocking::default()).expect("written");
            stream.shutdown(Blocking::default()).expect("ended");
            reader.join().expect("no panic").expect("read")
        });
        assert!(came == data, "{} bytes came", came.len());
        assert_eq!(read(&stream, &mut [0; 8]).expect("the end stays"), 0);
        let error = stream.write(b"x", Blocking::default()).expect_err("ended");
        assert_eq!(error.kind(), ErrorKind::InvalidState);
        stream.shutdown(Blocking::default()).expect("a second time does nothing");
    });
}

#[test]
fn the_engine_reads_and_writes_at_once() {
    const SIZE: usize = 1 << 20;
    both(|tls, client| {
        let (url, _) = server(tls, SWITCH, echo);
        let stream = stream(&client, &url);
        let queue = Queue::new(|| {});
        let data = pattern(SIZE);
        stream.submit_write(data.clone().into(), &queue, 1).expect("submitted");
        let mut came = Vec::new();
        stream.submit_read(50_000, &queue, 2).expect("submitted");
        let mut written = 0;
        loop {
            match next(&queue) {
                Outcome::StreamWritten(result) => {
                    result.expect("written");
                    written += 1;
                    if written == 1 {
                        stream.submit_shutdown(&queue, 3).expect("submitted");
                    }
                }
                Outcome::StreamRead(result) => match result.expect("read") {
                    Some(piece) => {
                        assert!((1..=50_000).contains(&piece.len()), "{}", piece.len());
                        came.extend_from_slice(&piece);
                        stream.submit_read(50_000, &queue, 2).expect("submitted");
                    }
                    None => break,
                },
                _ => panic!("another outcome"),
            }
        }
        assert!(came == data, "{} bytes came", came.len());
    });
}

#[test]
fn what_came_with_the_head_is_read_first_in_pieces_of_any_size() {
    const ANSWER: &[u8] =
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nfirst";
    both(|tls, client| {
        let (url, _) = server(tls, ANSWER, |mut peer| {
            peer.write_all(b" second").expect("written");
            peer.end();
            let _ = peer.read(&mut [0]);
        });
        let stream = stream(&client, &url);
        let mut two = [0; 2];
        assert_eq!((read(&stream, &mut two).expect("read"), &two), (2, b"fi"));
        let queue = Queue::new(|| {});
        stream.submit_read(2, &queue, 1).expect("submitted");
        let Outcome::StreamRead(Ok(Some(piece))) = next(&queue) else { panic!("a piece") };
        assert_eq!(&piece[..], b"rs");
        assert_eq!(rest(&stream).expect("read"), b"t second");
    });
}

#[test]
fn an_end_without_close_notify_is_told_apart_and_a_reset_stays_one() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    let (url, _) = server(Some(&origin), SWITCH, |mut peer| {
        peer.write_all(b"all").expect("written");
        peer.socket().shutdown(Shutdown::Write).expect("open");
        let _ = peer.read(&mut [0]);
    });
    let cut = stream(&client, &url);
    let mut buffer = [0; 8];
    assert_eq!(read(&cut, &mut buffer).expect("what came is read first"), 3);
    for _ in 0..2 {
        let error = read(&cut, &mut buffer).expect_err("cut off");
        assert_eq!(error.kind(), ErrorKind::TlsProtocol, "{error}");
        assert!(error.message().contains("close_notify"), "{error}");
    }

    let (url, _) = server(None, SWITCH, |peer| {
        let Peer::Plain(socket) = peer else { return };
        reset_at_close(&socket);
    });
    let reset = stream(&client, &url);
    for _ in 0..2 {
        let error = read(&reset, &mut buffer).expect_err("reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    }
    let error = (0..1000).find_map(|_| reset.write(&buffer, Blocking::default()).err());
    assert_eq!(error.expect("refused").kind(), ErrorKind::ConnectionReset);
}

#[test]
fn who_has_left_in_good_order_need_not_be_told_of_our_end() {
    both(|origin, client| {
        let (url, _) = server(origin, SWITCH, |mut peer| peer.end());
        let stream = stream(&client, &url);
        assert_eq!(read(&stream, &mut [0; 8]).expect("an end"), 0);
        let error = (0..1_000_000).find_map(|_| stream.write(b"x", Blocking::default()).err());
        assert_eq!(error.expect("nobody reads it").kind(), ErrorKind::ConnectionReset);
        stream.shutdown(Blocking::default()).expect("nothing to do");
    });
}

/// Its close resets the connection.
fn reset_at_close(socket: &TcpStream) {
    socket2::SockRef::from(socket).set_linger(Some(Duration::ZERO)).expect("an option");
}

#[test]
fn a_close_ends_a_read_on_another_thread_and_one_of_the_engine() {
    both(|tls, client| {
        let (url, _) = server(tls, SWITCH, |mut peer| {
            let _ = peer.read(&mut [0; 8]);
        });
        let stream = stream(&client, &url);
        let (sender, waiting) = channel();
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                // It is asked between two looks at the socket.
                let mut asked = || sender.send(()).is_err();
                stream.read(&mut [0; 8], Blocking::interruptible(&mut asked))
            });
            waiting.recv_timeout(HANG).expect("it waits");
            stream.close();
            let error = reader.join().expect("no panic").expect_err("closed");
            assert_eq!(error.message(), "the stream is closed");
        });
        let error = stream.write(b"x", Blocking::default()).expect_err("closed");
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::InvalidState, "the stream is closed")
        );
        assert!(stream.fd().is_err());
        stream.close();
    });
    let client = client(|_| {});
    let (url, _) = server(None, SWITCH, |mut peer| {
        let _ = peer.read(&mut [0; 8]);
    });
    let stream = stream(&client, &url);
    let queue = Queue::new(|| {});
    stream.submit_read(8, &queue, 1).expect("submitted");
    // Forgotten while the engine reads.
    drop(stream);
    let Outcome::StreamRead(Err(error)) = next(&queue) else { panic!("closed") };
    assert_eq!(error.kind(), ErrorKind::InvalidState, "{error}");
}

#[test]
fn a_forgotten_stream_is_closed() {
    both(|tls, client| {
        let (sender, ended) = channel();
        let (url, _) = server(tls, SWITCH, move |mut peer| {
            sender.send(peer.read(&mut [0; 8]).expect("an orderly end")).expect("heard");
        });
        drop(stream(&client, &url));
        assert_eq!(ended.recv_timeout(HANG).expect("it was closed"), 0);
    });
}

#[test]
fn closing_a_response_closes_the_stream_that_nobody_took() {
    let client = client(|_| {});
    let (sender, ended) = channel();
    let (url, _) = server(None, SWITCH, move |mut peer| {
        sender.send(peer.read(&mut [0; 8]).expect("an orderly end")).expect("heard");
    });
    let mut response = client.send(&upgrade(&url), Blocking::default()).expect("a response");
    response.close();
    assert_eq!(ended.recv_timeout(HANG).expect("it was closed"), 0);
    let error = response.take_stream().err().expect("it is gone");
    assert!(error.message().contains("taken before, or closed"), "{error}");
}

#[test]
fn limits_hold_a_read_and_a_write_and_leave_the_stream_usable() {
    both(|tls, client| {
        let (go, gone) = channel::<()>();
        let (url, _) = server(tls, SWITCH, move |mut peer| {
            let _ = gone.recv_timeout(HANG);
            peer.write_all(b"late").expect("written");
            let _ = gone.recv_timeout(HANG);
        });
        let stream = stream(&client, &url);
        let usual = ClientConfig::default().stall_timeout;
        assert_eq!(stream.timeouts(), (usual, usual));
        let little = Some(Duration::from_millis(20));
        stream.set_timeouts(little, little);
        let error = read(&stream, &mut [0; 8]).expect_err("nothing came");
        assert_eq!(error.kind(), ErrorKind::ReadTimeout);
        assert!(error.message().contains("for 20 ms"), "{error}");
        let queue = Queue::new(|| {});
        stream.submit_read(8, &queue, 1).expect("submitted");
        let Outcome::StreamRead(Err(error)) = next(&queue) else { panic!("nothing came") };
        assert_eq!(error.kind(), ErrorKind::ReadTimeout);
        let error = stream.write(&vec![0; 64 << 20], Blocking::default()).expect_err("not taken");
        assert_eq!(error.kind(), ErrorKind::SendTimeout);
        stream.set_timeouts(None, None);
        go.send(()).expect("heard");
        let mut buffer = [0; 8];
        assert_eq!(read(&stream, &mut buffer).expect("read on"), 4);
    });
}

#[test]
fn a_read_is_interrupted_and_a_cancelled_one_takes_nothing() {
    let client = client(|_| {});
    let (go, gone) = channel::<()>();
    let (url, _) = server(None, SWITCH, move |mut peer| {
        let _ = gone.recv_timeout(HANG);
        peer.write_all(b"all of it").expect("written");
        let _ = gone.recv_timeout(HANG);
    });
    let stream = stream(&client, &url);
    let mut asked = || true;
    let error = stream.read(&mut [0; 8], Blocking::interruptible(&mut asked));
    assert_eq!(error.expect_err("interrupted").kind(), ErrorKind::Interrupted);
    let queue = Queue::new(|| {});
    let call = stream.submit_read(8, &queue, 1).expect("submitted");
    call.cancel();
    let Outcome::StreamRead(Err(error)) = next(&queue) else { panic!("cancelled") };
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    go.send(()).expect("heard");
    let mut all = Vec::new();
    while all.len() < 9 {
        let mut buffer = [0; 4];
        let count = read(&stream, &mut buffer).expect("read");
        all.extend_from_slice(&buffer[..count]);
    }
    assert_eq!(all, b"all of it");
}

#[test]
fn readers_take_turns() {
    let client = client(|_| {});
    let (url, _) = server(None, SWITCH, echo);
    let stream = stream(&client, &url);
    let queue = Queue::new(|| {});
    let first = stream.submit_read(1, &queue, 1).expect("submitted");
    stream.submit_read(1, &queue, 2).expect("submitted");
    stream.submit_read(1, &queue, 3).expect("submitted");
    first.cancel();
    assert_eq!(completion(&queue).token, 1);
    stream.set_timeouts(Some(Duration::from_millis(20)), None);
    let error = read(&stream, &mut [0; 8]).expect_err("others are first");
    assert_eq!(error.kind(), ErrorKind::ReadTimeout, "{error}");
    stream.write(b"xy", Blocking::default()).expect("the other half is free");
    for (expected, byte) in [(2, b"x"), (3, b"y")] {
        let Completion { token, outcome: Outcome::StreamRead(Ok(Some(piece))) } =
            completion(&queue)
        else {
            panic!("a piece")
        };
        assert_eq!((token, &piece[..]), (expected, &byte[..]));
    }
}

#[test]
fn a_stream_has_left_its_pool() {
    let client = client(|config| {
        config.max_per_host = 1;
        config.queue_timeout = Some(HANG);
    });
    let server = script(|head, _| match head.contains("Upgrade: echo") {
        true => SWITCH.to_vec(),
        false => ok(b"done"),
    });
    let first = stream(&client, &server.url);
    let second = stream(&client, &server.url);
    assert_eq!(text(get(&client, &server.url)), "done");
    assert_eq!(closed(&client.stats(), "switched"), 2);
    client.close();
    drop(client);
    first.write(b"GET / HTTP/1.1\r\n\r\n", Blocking::default()).expect("its client is not needed");
    let mut buffer = [0; 64];
    assert!(read(&first, &mut buffer).expect("answered") > 0);
    drop(second);
}

#[test]
fn a_response_that_did_not_switch_names_its_status() {
    let client = client(|_| {});
    let server = script(|_, _| ok(b"no"));
    let mut response = client.send(&upgrade(&server.url), Blocking::default()).expect("a response");
    let error = response.take_stream().err().expect("none");
    assert_eq!(error.kind(), ErrorKind::InvalidState);
    assert!(error.message().contains(&format!("200 from {}", server.url)), "{error}");
    assert_eq!(text(response), "no", "it is as it was");

    let server = script(|_, _| SWITCH.to_vec());
    let error = try_get(&client, &server.url).err().expect("nobody asked");
    assert_eq!(error.kind(), ErrorKind::InvalidResponseHead, "{error}");
}

#[test]
fn a_server_that_switches_before_it_has_the_request_has_no_stream() {
    let client = client(|_| {});
    let barrier = Arc::new(Barrier::new(2));
    let held = barrier.clone();
    let (url, _) = server(None, SWITCH, move |_peer| {
        held.wait();
    });
    let mut request = Request::new("POST", &url).expect("a request");
    request.add_header(b"Connection", b"Upgrade").expect("a field");
    request.add_header(b"Upgrade", b"echo").expect("a field");
    request.set_body(vec![0; 64 << 20]);
    let mut response = client.send(&request, Blocking::default()).expect("a response");
    let error = response.take_stream().err().expect("half a request");
    assert!(error.message().contains("before it had the whole request"), "{error}");
    barrier.wait();
}
