//! Where a request may be led, and what is told of the way: policies, the hook, sensitive fields, history.

use std::sync::{Arc, Mutex, mpsc};

use crate::common::*;
use keepalive_core::*;

/// `/N` leads to `/N-1` with 302, down to `/0`, which echoes the request's head.
fn stairs() -> Script {
    script(|head, _| {
        let path = head.split(' ').nth(1).expect("a target");
        match path[1..].parse::<u32>() {
            Ok(0) | Err(_) => ok(head.as_bytes()),
            Ok(step) => moved(302, &format!("/{}", step - 1)),
        }
    })
}

fn moved(status: u16, to: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} Moved\r\nX-From: {to}\r\nLocation: {to}\r\nContent-Length: 4\r\n\r\nbody"
    )
    .into_bytes()
}

fn following(change: impl FnOnce(&mut ClientConfig)) -> Client {
    client(|config| {
        config.redirect = Some("follow".into());
        change(config);
    })
}

/// Refuses what it is told to, and remembers what it was asked.
struct Hook {
    refuse: Option<&'static str>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl RedirectHook for Hook {
    fn asked(&self, question: RedirectQuestion) {
        let from = question.headers().get(b"x-from").map(String::from_utf8_lossy);
        self.asked.lock().expect("no panic").push(format!(
            "{} {} {} -> {} {} ({})",
            question.status(),
            question.method(),
            question.url(),
            question.next_method(),
            question.next_url(),
            from.expect("the hop's head")
        ));
        match self.refuse {
            Some(reason) => question.refuse(reason),
            None => question.follow(),
        }
    }
}

#[test]
fn the_request_s_policy_goes_before_the_client_s() {
    let server = stairs();
    let status = |client: &Client, own: Option<Redirects>| {
        let mut request = get_request(&format!("{}/1", server.url));
        if let Some(own) = own {
            request.set_redirects(own);
        }
        client.send_whole(&request, Blocking::default()).map(|answer| answer.status())
    };
    for (of_client, usual) in
        [(None, Ok(302)), (Some("manual"), Ok(302)), (Some("follow"), Ok(200))]
            .into_iter()
            .chain([(Some("error"), Err(ErrorKind::InvalidRedirect))])
    {
        let client = client(|config| config.redirect = of_client.map(str::to_string));
        assert_eq!(status(&client, None).map_err(|error| error.kind()), usual);
        assert_eq!(status(&client, Some(Redirects::Manual)).expect("an answer"), 302);
        assert_eq!(status(&client, Some(Redirects::Follow)).expect("followed"), 200);
        let error = status(&client, Some(Redirects::Error)).expect_err("refused");
        assert_eq!((error.kind(), error.retry_safe()), (ErrorKind::InvalidRedirect, false));
    }
    let mut request = get_request(&server.url);
    let error = request.set_option("redirect", Some("maybe")).expect_err("no word");
    assert!(error.message().contains("\"maybe\""), "{error}");
    let error = Client::new({
        let mut config = ClientConfig::default();
        config.redirect = Some("maybe".into());
        config
    });
    assert_eq!(error.err().expect("no word").kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_request_s_own_limit_ends_in_the_redirect_itself() {
    let server = stairs();
    for most in [0, 1, 2] {
        for of_client in ["manual", "follow", "error"] {
            let client = client(|config| {
                config.redirect = Some(of_client.into());
                config.max_redirects = 1;
            });
            let mut request = get_request(&format!("{}/3", server.url));
            request.follow_at_most(most);
            let mut answer = client.send(&request, Blocking::default()).expect("a redirect");
            assert_eq!((answer.status(), answer.info().redirects), (302, most));
            assert_eq!(&*answer.read_all(Blocking::default()).expect("its body"), b"body");
        }
    }
    let mut request = get_request(&format!("{}/3", server.url));
    request.follow_at_most(3);
    let answer = client(|_| {}).send_whole(&request, Blocking::default()).expect("the end");
    assert_eq!((answer.status(), answer.info().redirects), (200, 3));
}

#[test]
fn history_has_each_hop_and_is_bounded() {
    let server = stairs();
    let client = following(|config| config.max_redirects = 100);
    let answer = get(&client, &format!("{}/3", server.url));
    assert_eq!(answer.info().redirects, 3);
    let urls: Vec<_> = answer.history().iter().map(|hop| Response::from(&**hop)).collect();
    for (hop, step) in urls.iter().zip([3, 2, 1]) {
        assert_eq!((hop.status(), hop.url()), (302, &*format!("{}/{step}", server.url)));
        assert_eq!(hop.headers().get(b"location"), Some(format!("/{}", step - 1).as_bytes()));
        assert_eq!(hop.info().redirects, 3 - step);
        assert!(hop.timings().wait > std::time::Duration::ZERO);
        assert!(hop.timings().total <= answer.timings().total && hop.is_complete());
        let next = hop.next_request("GET").expect("a next one");
        assert_eq!(next, ("GET".into(), format!("{}/{}", server.url, step - 1)));
    }
    assert_eq!(urls.len(), 3);
    assert_eq!(answer.followed_method(), Some("GET"));
    assert_eq!(get(&client, &format!("{}/100", server.url)).history().len(), 64);
    let error = try_get(&client, &format!("{}/101", server.url)).err().expect("too many");
    assert_eq!(error.kind(), ErrorKind::TooManyRedirects);
    let plain = get(&client, &format!("{}/0", server.url));
    assert!(plain.history().is_empty() && plain.next_request("GET").is_none());
    assert_eq!(plain.followed_method(), None);
}

#[test]
fn methods_change_as_the_status_says() {
    let server = script(|head, body| {
        let path = head.split(' ').nth(1).expect("a target");
        match path[1..].parse() {
            Ok(status) => moved(status, "/end"),
            Err(_) => ok(format!("{} {}", &head[..4], body.len()).as_bytes()),
        }
    });
    let client = following(|_| {});
    for (status, method, end) in [
        (301, "POST", "GET  0"),
        (302, "POST", "GET  0"),
        (303, "POST", "GET  0"),
        (303, "PUT", "GET  0"),
        (302, "PUT", "PUT  4"),
        (307, "POST", "POST 4"),
        (308, "POST", "POST 4"),
    ] {
        let mut request = Request::new(method, &format!("{}/{status}", server.url)).expect("valid");
        request.set_body("data");
        let answer = client.send_whole(&request, Blocking::default()).expect("followed");
        assert_eq!(answer.history()[0].method(), method);
        assert_eq!(answer.followed_method(), end.split(' ').next());
        assert_eq!(text(answer), end, "{status} {method}");
    }
}

#[test]
fn sensitive_fields_stay_within_the_origin() {
    // By its port alone.
    let other = script_at(listen_local(), |head, _| ok(head.as_bytes()));
    let to = format!("{}/there", other.url);
    let server = script_at(listen_local(), move |head, _| match head.starts_with("GET /near ") {
        true => moved(302, "/far"),
        false if head.contains("X-Api-Key: a") && head.contains("X-Token: b") => moved(302, &to),
        false => ok(b"a field is missing"),
    });
    let client = following(|config| config.sensitive_headers = Some("x-api-key, X-Other".into()));
    let mut request = get_request(&format!("{}/near", server.url));
    request.set_option("sensitive_headers", Some("X-TOKEN")).expect("valid");
    for (name, value) in [
        ("X-Api-Key", "a"),
        ("X-Token", "b"),
        ("Authorization", "c"),
        ("Cookie", "d"),
        ("X-Plain", "e"),
    ] {
        request.add_header(name.as_bytes(), value.as_bytes()).expect("valid");
    }
    let head = text(client.send_whole(&request, Blocking::default()).expect("followed"));
    assert!(head.starts_with("GET /there ") && head.contains("X-Plain: e"), "{head}");
    for name in ["X-Api-Key", "X-Token", "Authorization", "Cookie"] {
        assert!(!head.contains(name), "{name} went along: {head}");
    }
    let error = request.set_option("sensitive_headers", Some("a:b")).expect_err("no name");
    assert!(error.message().contains("option sensitive_headers: \"a:b\""), "{error}");
}

#[test]
fn https_leads_to_http_only_with_leave() {
    let secure = origin();
    let plain = stairs();
    let url = format!("{}/redirect/302?to={}/0", secure.https(), plain.url);
    let strict = trusting(&secure, |config| config.redirect = Some("follow".into()));
    let error = try_get(&strict, &url).err().expect("refused");
    assert_eq!((error.kind(), error.retry_safe()), (ErrorKind::RedirectRefused, false), "{error}");
    assert!(error.message().contains("redirect_downgrade") && plain.count() == 0, "{error}");
    let mut request = get_request(&url);
    request.set_option("redirect_downgrade", Some("true")).expect("valid");
    let answer = strict.send_whole(&request, Blocking::default()).expect("with leave");
    assert_eq!(answer.url(), format!("{}/0", plain.url));
    let lax = trusting(&secure, |config| {
        config.redirect = Some("follow".into());
        config.redirect_downgrade = true;
    });
    assert_eq!(get(&lax, &url).status(), 200);
    request.set_option("redirect_downgrade", Some("false")).expect("valid");
    let error = lax.send_whole(&request, Blocking::default()).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::RedirectRefused);
    // The other way is no loss.
    let up = format!("{}/ok", secure.https());
    let server = script(move |_, _| moved(301, &up));
    assert_eq!(get(&strict, &server.url).status(), 200);
}

#[test]
fn a_hook_sees_every_hop_and_may_refuse_it() {
    let server = stairs();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let client = following(|_| {});
    let hook = Hook { refuse: None, asked: asked.clone() };
    client.set_redirect_hook(Arc::new(hook)).expect("the first");
    let again = Hook { refuse: None, asked: asked.clone() };
    let error = client.set_redirect_hook(Arc::new(again)).expect_err("the second");
    assert_eq!(error.kind(), ErrorKind::InvalidState);
    assert_eq!(get(&client, &format!("{}/2", server.url)).status(), 200);
    let url = &server.url;
    let expected = [
        format!("302 GET {url}/2 -> GET {url}/1 (/1)"),
        format!("302 GET {url}/1 -> GET {url}/0 (/0)"),
    ];
    assert_eq!(*asked.lock().expect("no panic"), expected);
    // The request's goes before it, in both waits.
    let mut request = get_request(&format!("{url}/2"));
    let hook = Hook { refuse: Some("not there"), asked: asked.clone() };
    request.set_redirect_hook(Arc::new(hook));
    for error in [
        client.send_whole(&request, Blocking::default()).err().expect("refused"),
        submit(&client, request.clone(), Until::Body).err().expect("refused"),
    ] {
        assert_eq!((error.kind(), error.sent()), (ErrorKind::RedirectRefused, Sent::All));
        let text = format!("redirect from {url}/2 to {url}/1 refused: not there");
        assert_eq!(error.message(), text);
    }
    assert_eq!(asked.lock().expect("no panic").len(), 4);
    assert_eq!(get(&client, &format!("{url}/0")).status(), 200);
    assert_eq!(asked.lock().expect("no panic").len(), 4, "nothing to ask");
    settled(&client);
}

/// Hands every question on.
struct Elsewhere(Mutex<mpsc::Sender<RedirectQuestion>>);

impl RedirectHook for Elsewhere {
    fn asked(&self, question: RedirectQuestion) {
        self.0.lock().expect("no panic").send(question).expect("somebody takes it");
    }
}

#[test]
fn the_answer_may_come_later_from_another_thread_or_never() {
    let server = stairs();
    let (sender, questions) = mpsc::channel();
    let client = following(|_| {});
    client.set_redirect_hook(Arc::new(Elsewhere(Mutex::new(sender)))).expect("the first");
    let url = format!("{}/1", server.url);
    let answering = std::thread::spawn(move || {
        questions.recv().expect("a question").follow();
        questions.recv().expect("a question").refuse("no");
        questions.recv().expect("a question").follow();
        drop(questions.recv().expect("a question"));
        questions
    });
    assert_eq!(get(&client, &url).status(), 200);
    assert_eq!(try_get(&client, &url).err().expect("no").kind(), ErrorKind::RedirectRefused);
    let answer = submit(&client, get_request(&url), Until::Body).expect("followed");
    assert_eq!(answer.history().len(), 1);
    let error = submit(&client, get_request(&url), Until::Body).err().expect("forgotten");
    assert!(error.message().contains("not answered"), "{error}");
    // A limit passes while nobody answers, and a call can be cancelled.
    let questions = answering.join().expect("no panic");
    let mut request = get_request(&url);
    let total = Some(Some(std::time::Duration::from_millis(50)));
    request.set_timeouts(Timeouts { total, ..Timeouts::default() });
    let error = client.send_whole(&request, Blocking::default()).err().expect("too late");
    assert_eq!(error.kind(), ErrorKind::TotalTimeout);
    let queue = Queue::new(|| {});
    let call = client.submit(get_request(&url), Until::Body, &queue, 1).expect("submitted");
    questions.recv().expect("of the one that was too late").follow();
    let last = questions.recv().expect("a question");
    call.cancel();
    let error = response(next(&queue)).err().expect("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    last.follow();
    settled(&client);
}

/// Is not to be trusted.
struct Panics;

impl RedirectHook for Panics {
    fn asked(&self, _: RedirectQuestion) {
        panic!("a bug of the caller's");
    }
}

#[test]
fn a_hook_that_panics_refuses() {
    let server = stairs();
    let client = following(|_| {});
    client.set_redirect_hook(Arc::new(Panics)).expect("the first");
    let error = try_get(&client, &format!("{}/1", server.url)).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::RedirectRefused);
    assert_eq!(get(&client, &format!("{}/0", server.url)).status(), 200);
}

#[test]
fn the_body_of_a_redirect_is_drained_and_its_connection_kept() {
    let server = script(|head, _| match head.starts_with("GET /start ") {
        true => {
            let head = "HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 100000\r\n\r\n";
            [head.as_bytes(), &[b'x'; 100_000]].concat()
        }
        false => ok(b"end"),
    });
    let client = following(|config| config.drain_timeout = Some(HANG));
    let answer = get(&client, &format!("{}/start", server.url));
    assert_eq!(Response::from(&*answer.history()[0]).take_complete(), Some(Default::default()));
    assert_eq!(text(answer), "end");
    settled(&client);
    assert_eq!(client.stats().closed, []);
}
