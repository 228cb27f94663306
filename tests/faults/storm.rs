//! Many callers at once: threads and queues share one client, whose caps they press on, against the
//! origin that misbehaves at random. What came of each request is held against what was due to it.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use keepalive_core::*;
use keepalive_origin::chaos::{Answer, Cut, Deal, body, deal};
use keepalive_origin::{Origin, OriginOptions, within};

use crate::plan::Dice;
use crate::seed;

const REQUESTS: usize = 16_000;
const THREADS: u64 = 64;
const QUEUES: u64 = 4;
/// Requests under way per queue.
const UNDER_WAY: u64 = 16;
/// Far fewer connections than callers.
const MOST_PER_HOST: u64 = 24;
const MOST: u64 = 40;
const DEADLINE: Duration = Duration::from_secs(30);
/// The limit of requests whose answer stops half-way.
const SILENCE: Duration = Duration::from_millis(150);
/// Beyond a limit, on a busy machine.
const SLACK: Duration = Duration::from_secs(10);

struct Storm {
    seed: u64,
    origin: Origin,
    client: Client,
    left: AtomicUsize,
    /// Of responses only: an error does not tell.
    replays: AtomicU64,
    outcomes: Mutex<BTreeMap<String, u64>>,
    wrong: Mutex<Vec<String>>,
}

/// One request and what is due to it when it is first seen, and when again.
struct Job {
    caller: u64,
    number: u64,
    replayable: bool,
    cancel: bool,
    due: [Deal; 2],
    start: Instant,
    request: Request,
}

impl Storm {
    fn job(&self, caller: u64, number: u64) -> Option<Job> {
        self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).ok()?;
        let mut dice = Dice(self.seed ^ (caller << 32) ^ number);
        let (method, key) =
            dice.pick(&[("GET", false), ("PUT", false), ("POST", false), ("POST", true)]);
        let base = if dice.chance(30) { self.origin.https() } else { self.origin.http() };
        let path = format!("chaos/{}/{caller}/{number}?stalls=1", self.seed);
        let mut request = Request::new(method, &format!("{base}/{path}")).expect("a request");
        if key {
            request.add_header(b"Idempotency-Key", b"k").expect("a field");
        }
        if method != "GET" {
            request.set_body(body(caller, number, 20));
        }
        let due = [1, 2].map(|attempt| deal(self.seed, caller, number, attempt, true));
        let replayable = key || method != "POST";
        if reached(&due, replayable).iter().any(|due| due.answer == Answer::Stall) {
            let limit = Some(Some(SILENCE));
            request.set_timeouts(Timeouts { header: limit, read: limit, ..Timeouts::default() });
        }
        let cancel = dice.chance(5);
        Some(Job { caller, number, replayable, cancel, due, start: Instant::now(), request })
    }

    fn judge(&self, job: &Job, result: Result<Response>, cancelled: bool) {
        let took = job.start.elapsed();
        let (outcome, mut wrong) = match &result {
            Ok(response) => (response.status().to_string(), self.answered(job, response)),
            Err(error) => (format!("{:?}", error.kind()), failed(job, error, took, cancelled)),
        };
        if took > DEADLINE + SLACK {
            wrong = Some("beyond its deadline");
        }
        *self.outcomes.lock().expect("no panic").entry(outcome).or_default() += 1;
        if let Some(wrong) = wrong {
            let id = format!("{}.{} {}", job.caller, job.number, job.request.method());
            let seen = match &result {
                Ok(response) => format!("{} {:?}", response.status(), response.info()),
                Err(error) => format!("{error:?}"),
            };
            let told =
                format!("{wrong}: {id} replayable={} {:?}\n  {seen}", job.replayable, job.due);
            self.wrong.lock().expect("no panic").push(told);
        }
    }

    fn answered(&self, job: &Job, response: &Response) -> Option<&'static str> {
        let info = response.info();
        self.replays.fetch_add(u64::from(info.replays), Relaxed);
        if response.status() == 408 {
            // Unasked, and under way when the request was written.
            return (!info.reused).then_some("an unasked answer on a fresh connection");
        }
        let field =
            |name: &[u8]| String::from_utf8_lossy(response.headers().get(name)?).parse().ok();
        let attempt: u64 = match field(b"X-Attempt") {
            Some(attempt @ 1..=2) => attempt,
            _ => return Some("no attempt"),
        };
        let id = format!("{}.{}", job.caller, job.number);
        if response.headers().get(b"X-Id") != Some(id.as_bytes()) {
            return Some("another's answer");
        }
        let died = matches!(job.due[0].answer, Answer::Nothing(_));
        match (attempt, info.replays) {
            (1, 0 | 1) => {}
            (2, 1) if died && job.replayable => {}
            _ => return Some("tries that were not due"),
        }
        if !job.due[attempt as usize - 1].is_complete() {
            return Some("an answer, where none was complete");
        }
        None
    }
}

/// What can be dealt to it: the second by a replay only.
fn reached(due: &[Deal; 2], replayable: bool) -> &[Deal] {
    let again = replayable && matches!(due[0].answer, Answer::Nothing(_));
    if again { due } else { &due[..1] }
}

/// What an error tells that was not due.
fn failed(job: &Job, error: &Error, took: Duration, cancelled: bool) -> Option<&'static str> {
    let nothing = |due: &Deal| matches!(due.answer, Answer::Nothing(_));
    let reached = reached(&job.due, job.replayable);
    let due = |kind: &dyn Fn(&Answer) -> bool| reached.iter().any(|due| kind(&due.answer));
    let holds = match error.kind() {
        ErrorKind::ConnectionClosed | ErrorKind::ConnectionReset if error.retry_safe() => {
            // On a kept connection it would have been sent again.
            job.replayable && !error.reused() && nothing(&job.due[0])
        }
        ErrorKind::ConnectionClosed | ErrorKind::ConnectionReset => {
            let head = due(&|answer| matches!(answer, Answer::HeadCut(Cut::Rst)));
            head || (!job.replayable && (error.reused() || nothing(&job.due[0])))
        }
        ErrorKind::HeadTruncated => {
            due(&|answer| matches!(answer, Answer::HeadCut(Cut::Fin { .. })))
        }
        ErrorKind::BodyTruncated => due(&|answer| matches!(answer, Answer::BodyCut { .. })),
        ErrorKind::ReadTimeout => {
            due(&|answer| *answer == Answer::Stall) && took >= SILENCE && took < SILENCE + SLACK
        }
        ErrorKind::Cancelled => cancelled,
        _ => false,
    };
    (!holds).then_some("an error that was not due")
}

fn is_own(job: &Job, response: &Response, got: &[u8]) -> bool {
    let attempt = response.headers().get(b"X-Attempt");
    let due = &job.due[usize::from(attempt == Some(b"2"))];
    response.status() != 200 || got == body(job.caller, job.number, due.length)
}

fn send(storm: &Storm, caller: u64) {
    for number in 0.. {
        let Some(job) = storm.job(caller, number) else { return };
        // Whole, and in pieces.
        let blocking = Blocking::default();
        let sent = match number % 2 {
            0 => storm.client.send_whole(&job.request, blocking),
            _ => storm.client.send(&job.request, blocking),
        };
        let result = sent.and_then(|mut response| {
            let got = response.read_all(Blocking::default())?;
            if !is_own(&job, &response, &got) {
                storm
                    .wrong
                    .lock()
                    .expect("no panic")
                    .push(format!("another's body: {:?}", job.due));
            }
            Ok(response)
        });
        storm.judge(&job, result, false);
    }
}

fn submit(storm: &Storm, first: u64) {
    let queue = Queue::new(|| {});
    let mut jobs: Vec<Option<(Job, Call)>> = Vec::new();
    let mut numbers = vec![0; UNDER_WAY as usize];
    let next = |slot: usize, number: &mut u64| {
        let job = storm.job(first + slot as u64, *number)?;
        *number += 1;
        let call = storm.client.submit(job.request.clone(), Until::Body, &queue, slot as u64);
        Some((job, call.expect("submitted")))
    };
    for (slot, number) in numbers.iter_mut().enumerate() {
        jobs.push(next(slot, number));
    }
    while jobs.iter().any(Option::is_some) {
        assert!(queue.wait(Some(DEADLINE + SLACK)), "a submitted request never ended");
        for completion in queue.take(4).0 {
            let slot = completion.token as usize;
            let (job, _) = jobs[slot].take().expect("it ends once");
            let Outcome::Response(result) = completion.outcome else { panic!("not a response") };
            let cancelled = job.cancel;
            storm.judge(&job, whole(storm, &job, result), cancelled);
            jobs[slot] = next(slot, &mut numbers[slot]);
            // Now and then one that has been under way for a while, or has only begun.
            for (job, call) in jobs.iter().flatten().filter(|(job, _)| job.cancel) {
                if job.number % 2 == 0 || job.start.elapsed() > Duration::from_millis(5) {
                    call.cancel();
                }
            }
        }
    }
}

fn whole(storm: &Storm, job: &Job, result: Result<Response>) -> Result<Response> {
    let mut response = result?;
    let got = response.take_complete().expect("it is whole");
    if !is_own(job, &response, &got) {
        storm.wrong.lock().expect("no panic").push(format!("another's body: {:?}", job.due));
    }
    Ok(response)
}

/// While the storm goes on: the caps hold at every moment, and it comes to an end.
fn watch(storm: &Storm, done: &AtomicBool) {
    let limit = Instant::now() + 4 * DEADLINE;
    while !done.load(Relaxed) {
        let stats = storm.client.stats();
        let all = stats.idle + stats.active + stats.dialing;
        let over =
            |origin: &OriginStats| origin.idle + origin.active + origin.dialing > MOST_PER_HOST;
        if all > MOST || stats.origins.iter().any(over) {
            storm.wrong.lock().expect("no panic").push(format!("above its caps: {stats:?}"));
            return;
        }
        if Instant::now() > limit {
            // Threads that hang cannot be joined, and a panic here would wait for them.
            let _ = writeln!(std::io::stderr(), "KEEPALIVE_SEED={} hangs: {stats:?}", storm.seed);
            std::process::abort();
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

#[test]
fn threads_and_queues_in_a_storm_of_faults() {
    let seed = seed();
    let origin = Origin::start(OriginOptions::default()).expect("the origin starts");
    let mut config = ClientConfig::default();
    config.ca_pem = Some(origin.ca_pem().to_string().into());
    config.max_per_host = MOST_PER_HOST;
    config.max_total = MOST;
    config.queue_timeout = Some(DEADLINE);
    config.total_timeout = Some(DEADLINE);
    let storm = Storm {
        seed,
        origin,
        client: Client::new(config).expect("a client"),
        left: AtomicUsize::new(REQUESTS),
        replays: AtomicU64::new(0),
        outcomes: Mutex::default(),
        wrong: Mutex::default(),
    };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| watch(&storm, &done));
        let mut callers = Vec::new();
        for thread in 0..THREADS {
            let storm = &storm;
            callers.push(scope.spawn(move || send(storm, thread)));
        }
        for queue in 0..QUEUES {
            let storm = &storm;
            callers.push(scope.spawn(move || submit(storm, 1000 + queue * UNDER_WAY)));
        }
        let ended: Vec<_> = callers.into_iter().map(|caller| caller.join()).collect();
        done.store(true, Relaxed);
        for ended in ended {
            ended.expect("no caller panics");
        }
    });
    let mut wrong = storm.wrong.into_inner().expect("no panic");
    wrong.extend(storm.origin.chaos().wrong);
    wrong.extend(storm.origin.faults());

    let mut stats = storm.client.stats();
    within(SLACK, || {
        stats = storm.client.stats();
        stats.active + stats.dialing + stats.waiting == 0
    });
    let closed: u64 = stats.closed.iter().map(|(_, count)| count).sum();
    if stats.active + stats.dialing + stats.waiting > 0 || stats.opened != closed + stats.idle {
        wrong.push(format!("the counters do not balance: {stats:?}"));
    }
    let outcomes = storm.outcomes.into_inner().expect("no panic");
    let count = |what: &str| outcomes.get(what).copied().unwrap_or_default();
    let (replays, errors) = (storm.replays.into_inner(), REQUESTS as u64 - count("200"));
    if !(replays..=replays + errors).contains(&stats.replayed) {
        wrong.push(format!("{replays} replays were seen: {stats:?}"));
    }
    // A storm of errors only, or of none, would prove little.
    let total: u64 = outcomes.values().sum();
    if total != REQUESTS as u64 || count("200") * 10 < total * 7 || count("408") * 100 > total {
        wrong.push(format!("of {REQUESTS}: {outcomes:?}"));
    }
    if [count("Cancelled"), count("ReadTimeout"), count("BodyTruncated"), replays].contains(&0) {
        wrong.push(format!("too tame: {replays} replays, {outcomes:?}"));
    }
    assert!(
        wrong.is_empty(),
        "KEEPALIVE_SEED={seed}, {} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
