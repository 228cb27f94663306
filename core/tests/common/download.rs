//! What the tests of downloads share: a directory, and a server that breaks off.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use keepalive_core::*;

use super::{listen, next, response};

/// A directory of its own, removed at the end.
pub struct Dir(pub PathBuf);

impl Dir {
    pub fn new() -> Dir {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("ka-downloads-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("writable");
        Dir(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What is in it.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("a directory");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a server does for its n-th request, whose head it is given: the bytes of an answer, after which the
/// connection is closed.
pub struct Server {
    pub url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn new(answer: impl Fn(usize, &str) -> Vec<u8> + Send + Sync + 'static) -> Server {
        let listener = listen();
        let url = format!("http://{}/file", listener.local_addr().expect("an address"));
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    if reader.read_line(&mut head).expect("readable") == 0 {
                        break;
                    }
                }
                let number = {
                    let mut seen = seen.lock().expect("no panic");
                    seen.push(head.clone());
                    seen.len() - 1
                };
                let _ = stream.write_all(&answer(number, &head));
            }
        });
        Server { url, heads }
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no panic").clone()
    }

    /// The n-th request's field.
    pub fn field(&self, number: usize, name: &str) -> Option<String> {
        let heads = self.heads();
        let line =
            heads.get(number)?.lines().find(|line| line.starts_with(&format!("{name}: ")))?;
        Some(line[name.len() + 2..].to_string())
    }
}

pub const BODY: &[u8] = b"0123456789abcdefghij";

/// 200 with that ETag, all of the length, and the first `sent` bytes.
pub fn all(etag: &str, body: &[u8], sent: usize) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{etag}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), &body[..sent]].concat()
}

/// 206 with the bytes from `from` on, of which `sent` come.
pub fn rest(fields: &str, body: &[u8], from: usize, sent: usize) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\n{fields}Content-Range: bytes {from}-{}/{}\r\nContent-Length: {}\r\n\r\n",
        body.len() - 1,
        body.len(),
        body.len() - from
    );
    [head.as_bytes(), &body[from..from + sent]].concat()
}

pub const TAG: &str = "ETag: \"one\"\r\n";

pub fn download(
    client: &Client,
    request: &Request,
    to: Download,
    blocking: bool,
) -> Result<Response> {
    match blocking {
        true => client.download(request, to, Blocking::default()),
        false => {
            let queue = Queue::new(|| {});
            client.submit_download(request.clone(), to, &queue, 7)?;
            let result = response(next(&queue));
            assert!(queue.take(1).0.is_empty(), "one completion");
            result
        }
    }
}

/// The failure of a download that must not succeed.
pub fn failure(result: Result<Response>) -> Error {
    result.err().expect("a failure")
}

pub fn saved(response: &Response) -> Saved {
    response.saved().expect("it was saved").clone()
}
