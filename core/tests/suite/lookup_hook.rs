//! The caller's word on where a host leads: before each connection, and nothing else is connected to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::*;
use keepalive_core::*;

/// Answers what it is told to, and remembers what it was asked.
struct Hook {
    answer: fn(LookupQuestion),
    asked: Arc<Mutex<Vec<String>>>,
}

impl LookupHook for Hook {
    fn asked(&self, question: LookupQuestion) {
        self.asked.lock().expect("no panic").push(question.host().to_string());
        (self.answer)(question);
    }
}

fn hooked(
    change: impl FnOnce(&mut ClientConfig),
    answer: fn(LookupQuestion),
) -> (Client, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let client = client(change);
    client.set_lookup_hook(Arc::new(Hook { answer, asked: asked.clone() })).expect("the first");
    (client, asked)
}

fn here(question: LookupQuestion) {
    question.found(vec!["127.0.0.1".parse().expect("an address")]);
}

fn port(server: &Script) -> String {
    server.url.rsplit(':').next().expect("a port").to_string()
}

#[test]
fn it_is_asked_for_each_connection_whatever_the_url_says() {
    let server = script_at(listen_local(), |_, _| ok(b"ok"));
    let port = port(&server);
    let resolve = format!("fixed.test:{port}:127.0.0.9");
    let (client, asked) = hooked(|config| config.resolve = Some(resolve), here);
    for host in ["name.test", "name.test", "fixed.test", "192.0.2.1"] {
        let mut answer = get(&client, &format!("http://{host}:{port}/"));
        assert_eq!(&*answer.read_all(Blocking::default()).expect("a body"), b"ok");
    }
    assert_eq!(*asked.lock().expect("no panic"), ["name.test", "fixed.test", "192.0.2.1"]);
    let second = Arc::new(Hook { answer: here, asked });
    assert_eq!(client.set_lookup_hook(second).map_err(|e| e.kind()), Err(ErrorKind::InvalidState));
}

#[test]
fn what_it_refuses_is_not_connected_to() {
    let server = script(|_, _| ok(b"nobody is to come here"));
    let url = format!("{}/", server.url);
    for (answer, reason) in [
        ((|question| question.refuse("not inside")) as fn(LookupQuestion), "not inside"),
        (|question| question.found(Vec::new()), "no address"),
        (drop, "no answer"),
        (|_| panic!("as it may"), "no answer"),
    ] {
        let (client, _) = hooked(|_| {}, answer);
        let request = get_request(&url);
        let error = client.send(&request, Blocking::default()).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::ResolveFailed, "{error}");
        assert!(error.message().contains(reason), "{error}");
        assert_eq!(client.stats().opened, 0);
    }
}

#[test]
fn one_that_is_silent_ends_with_the_limit_and_may_answer_late() {
    static LATE: Mutex<Vec<LookupQuestion>> = Mutex::new(Vec::new());
    let server = script(|_, _| ok(b"ok"));
    let (client, _) = hooked(
        |config| config.connect_timeout = Some(Duration::from_millis(50)),
        |question| LATE.lock().expect("no panic").push(question),
    );
    let error = client
        .send(&get_request(&format!("{}/", server.url)), Blocking::default())
        .err()
        .expect("no answer");
    assert_eq!(error.kind(), ErrorKind::ConnectTimeout, "{error}");
    LATE.lock().expect("no panic").drain(..).for_each(here);
}
