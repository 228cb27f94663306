//! CONNECT as a request of one's own, and what goes through a tunnel because it switches protocols.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;

use crate::common::peer::*;
use crate::common::*;
use keepalive_core::*;

#[test]
fn connect_asks_for_its_path_by_every_road() {
    const OPENED: &[u8] =
        b"HTTP/1.1 200 Opened\r\nContent-Length: 7\r\nContent-Encoding: gzip\r\n\r\nhello";
    both(|tls, client| {
        let (url, heads) = server(tls, OPENED, echo);
        let url = url.replace("://", "://user:secret@");
        let url = format!("{url}/Example.com:443");
        let mut request = Request::new("CONNECT", &url).expect("a request");
        request.set_follow_redirects(true);
        request.set_decode(true);
        let mut response = client.send(&request, Blocking::default()).expect("a response");
        assert_eq!(response.status(), 200);
        let head = heads.recv_timeout(HANG).expect("a request");
        assert!(head.starts_with("CONNECT example.com:443 HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("Host: example.com:443\r\n"), "{head}");
        assert!(head.contains("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"), "{head}");
        let stream = response.take_stream().expect("a stream");
        stream.write(b"!", Blocking::default()).expect("written");
        stream.shutdown(Blocking::default()).expect("ended");
        // Length and coding mean nothing here (RFC 9110 9.3.6).
        assert_eq!(rest(&stream).expect("read"), b"hello!");
    });
}

#[test]
fn connect_is_refused_as_any_request_is() {
    let client = client(|_| {});
    let server =
        script(|_, _| b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 2\r\n\r\nno".to_vec());
    let url = format!("{}/[::1]:443", server.url);
    let mut request = Request::new("CONNECT", &url).expect("a request");
    request.set_follow_redirects(true);
    let mut response = client.send(&request, Blocking::default()).expect("a response");
    let error = response.take_stream().err().expect("none");
    assert!(error.message().contains("302 from"), "{error}");
    assert_eq!((text(response), server.count()), ("no".to_string(), 1));
}

#[test]
fn what_connect_cannot_ask_for_is_refused_before_anything_is_sent() {
    for path in
        ["", "/", "/a", "/a:", "/a:b", "/a:0", "/a:65536", "/a:443/", "/u@a:443", "/a:1?b", "/:1"]
    {
        let error = Request::new("CONNECT", &format!("http://proxy:3128{path}")).err();
        let error = error.unwrap_or_else(|| panic!("{path} passed"));
        assert_eq!(error.kind(), ErrorKind::InvalidUrl, "{path}: {error}");
    }
    let mut request = Request::new("CONNECT", "http://127.0.0.1:1/a:443").expect("a request");
    request.set_body("x");
    let error = client(|_| {}).send(&request, Blocking::default()).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidHeader, "{error}");
    assert!(error.message().contains("CONNECT cannot have one"), "{error}");
}

#[test]
fn an_upgrade_goes_through_a_proxy_by_a_tunnel() {
    let (url, _) = server(None, SWITCH, echo);
    let authority = url.trim_start_matches("http://").to_string();
    let listener = listen();
    let proxy = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, lines) = channel();
    let to = authority.clone();
    std::thread::spawn(move || -> std::io::Result<()> {
        let near = listener.accept()?.0;
        let mut reader = BufReader::new(near.try_clone()?);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head)?;
        }
        sender.send(head).expect("heard");
        let far = TcpStream::connect(to)?;
        (&near).write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        let (mut from, mut into) = (far.try_clone()?, near.try_clone()?);
        std::thread::spawn(move || std::io::copy(&mut from, &mut into));
        std::io::copy(&mut reader, &mut &far)?;
        Ok(())
    });
    let client = client(|config| config.proxy = Some(proxy));
    let stream = stream(&client, &url);
    let head = lines.recv_timeout(HANG).expect("a request");
    assert!(head.starts_with(&format!("CONNECT {authority} HTTP/1.1\r\n")), "{head}");
    stream.write(b"through", Blocking::default()).expect("written");
    let mut buffer = [0; 7];
    let mut count = 0;
    while count < 7 {
        count += read(&stream, &mut buffer[count..]).expect("read");
    }
    assert_eq!(&buffer, b"through");
}
