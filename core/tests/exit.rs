//! The end of the process, alone in its program since it concerns every client.

mod common;

use std::io::{ErrorKind as IoKind, Read, Write};
use std::sync::mpsc::{Receiver, channel};

use common::*;
use keepalive_core::*;

/// A TLS server that says for each connection whether it ended with close_notify.
fn tls_server(origin: &keepalive_origin::Origin) -> (String, Receiver<bool>) {
    let config = tls::config(origin, |_| {});
    let listener = listen_local();
    let url = format!("https://{}/", listener.local_addr().expect("an address"));
    let (ends, ended) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(config.clone()).expect("a session");
            let mut tls = rustls::StreamOwned::new(connection, stream.expect("a connection"));
            let mut request = [0; 4096];
            let end = loop {
                match tls.read(&mut request) {
                    Ok(0) => break true,
                    Ok(_) => tls
                        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                        .expect("sent"),
                    Err(error) => break error.kind() != IoKind::UnexpectedEof,
                }
            };
            if ends.send(end).is_err() {
                return;
            }
        }
    });
    (url, ended)
}

#[test]
fn tls_servers_get_close_notify_also_at_exit() {
    let origin = origin();
    let (url, ended) = tls_server(&origin);
    let client = || trusting(&origin, |_| {});

    let closing = client();
    get(&closing, &url);
    closing.close();
    assert_eq!(ended.recv_timeout(HANG), Ok(true));

    let at_end = client();
    get(&at_end, &url);
    at_exit();
    assert_eq!(ended.recv_timeout(HANG), Ok(true));
    // Others may still want to say something at their exit.
    get(&at_end, &url);
    drop(at_end);
    assert_eq!(ended.recv_timeout(HANG), Ok(true));
}
