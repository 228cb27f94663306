//! Idle ages around the limits: the server ends the connection, and the client asks again, when it has
//! been idle for about as long as it may. Who comes first is chance; what is right is not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use keepalive_core::*;

use crate::client::{named, perform, request};
use crate::plan::{Body, Dice, End, Fault, METHODS, Plan, Way};
use crate::server::{Facts, Server, Stage};
use crate::{Trust, seed};

const TRIALS: usize = 800;
const WORKERS: usize = 8;
const LIMIT_MS: u64 = 40;
const LIMIT: Duration = Duration::from_millis(LIMIT_MS);

fn trial(dice: &mut Dice) -> (Plan, Duration) {
    // Around the limit, around its half (what cannot be replayed goes no further), around each other.
    let around = |dice: &mut Dice, ms: u64| ms - 3 + dice.roll() % 7;
    let middle = dice.pick(&[LIMIT_MS / 2, LIMIT_MS]);
    let (server, client) = (around(dice, middle), around(dice, middle));
    let method = dice.pick(&METHODS);
    let end = dice.pick(&[End::Fin { notify: true }, End::Rst]);
    let plan = Plan {
        tls: dice.chance(30),
        way: dice.pick(&[Way::Send, Way::Submit]),
        method,
        body: if method.has_body() { Body::Whole } else { Body::None },
        fault: Fault::Age { ms: server, end },
        ..Plan::EASY
    };
    (plan, Duration::from_millis(client))
}

fn run(server: &Server, client: &Client, plan: &Plan, pause: Duration) -> Option<String> {
    let stage = Stage::new(*plan);
    server.begin(&stage);
    let base = match plan.tls {
        true => format!("https://{}", server.tls),
        false => format!("http://{}", server.plain),
    };
    let warm = client.send_whole(&named("GET", &base, "warm"), Blocking::default());
    let since = Instant::now();
    if let Err(error) = warm {
        return Some(format!("warming: {error}"));
    }
    let request = request(plan, &base, &stage);
    // The time that passes is what is tried here; nothing waits for it.
    while let Some(left) = pause.checked_sub(since.elapsed()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
    let age = since.elapsed();
    let seen = perform(client, plan, &request, &stage);
    client.close_idle();
    let facts = server.finish();
    let wrong = judge(plan, age, &seen, &facts)?;
    Some(format!("{wrong}: {plan:?}\n  at {age:?} {seen:?}\n  server {facts:?}"))
}

fn judge(
    plan: &Plan,
    age: Duration,
    seen: &crate::client::Seen,
    facts: &[Facts],
) -> Option<&'static str> {
    let tries = facts.iter().filter(|facts| facts.request_bytes > 0).count();
    let may_repeat = plan.method.is_replayable();
    let allowed = if may_repeat { LIMIT } else { LIMIT / 2 };
    let error = seen.error.as_ref();
    let info = seen.info.as_ref();
    let reused = info
        .map_or(error.is_some_and(|error| error.reused()), |info| info.reused || info.replays > 0);
    if facts.iter().any(|facts| facts.hung) {
        return Some("the server is left waiting");
    }
    if age >= allowed && reused {
        return Some("reused beyond its limit");
    }
    if tries > if may_repeat { 2 } else { 1 } {
        return Some("seen too often");
    }
    match (error, info) {
        (Some(_), _) if may_repeat => Some("a request was lost that may be repeated"),
        (Some(error), _) => {
            let died = [ErrorKind::ConnectionClosed, ErrorKind::ConnectionReset];
            (!reused || !died.contains(&error.kind())).then_some("another error than a death")
        }
        (None, Some(info)) if info.replays > 1 || tries > 1 + info.replays as usize => {
            Some("more tries than it says")
        }
        (None, _) => None,
    }
}

#[test]
fn idle_ages_around_the_limits() {
    let seed = seed();
    let trust = Trust::new();
    let dice = Mutex::new(Dice(seed));
    let wrong: Arc<Mutex<Vec<String>>> = Arc::default();
    let (left, spared) = (AtomicUsize::new(TRIALS), AtomicUsize::new(0));
    let next =
        || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let server = Server::start(trust.server.clone());
                let client = trust.client(|config| config.idle_timeout = Some(LIMIT));
                while next().is_ok() {
                    let (plan, pause) = trial(&mut dice.lock().expect("no panic"));
                    let found = run(&server, &client, &plan, pause);
                    wrong.lock().expect("no panic").extend(found);
                }
                let stats = client.stats();
                let closed: u64 = stats.closed.iter().map(|(_, count)| count).sum();
                assert_eq!(stats.opened, closed + stats.idle + stats.active, "{stats:?}");
                spared.fetch_add(stats.reused as usize, Ordering::Relaxed);
            });
        }
    });
    let wrong = wrong.lock().expect("no panic");
    assert!(wrong.is_empty(), "KEEPALIVE_SEED={seed}: {}", wrong.join("\n"));
    // Limits that are never reached would make this test empty.
    let reused = spared.load(Ordering::Relaxed);
    assert!((TRIALS / 20..TRIALS).contains(&reused), "{reused} of {TRIALS} reused");
}
