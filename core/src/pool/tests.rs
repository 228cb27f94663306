//! The laws of the pool, with numbers as connections and a random caller.

use std::task::Waker;
use std::time::{Duration, Instant, UNIX_EPOCH};

use crate::pool::state::PoolState;
use crate::pool::types::{
    Action, CheckoutError, CheckoutOptions, Counts, Decision, Grant, Idle, Moment, PoolLimits,
};

/// The same moment on both clocks.
pub(super) fn moment(now: Instant) -> Moment {
    Moment { now, wall: UNIX_EPOCH }
}

pub(super) type State = PoolState<&'static str, u32, &'static str>;
pub(super) type Actions = Vec<Action<&'static str, u32>>;

pub(super) const CAPS: PoolLimits =
    PoolLimits { per_host: 4, total: 6, dials_per_host: 3, waiters: 50 };

pub(super) fn idle(connection: u32, now: Instant) -> Idle<u32> {
    Idle {
        connection,
        since: moment(now),
        until: Moment {
            now: now + Duration::from_secs(30),
            wall: UNIX_EPOCH + Duration::from_secs(30),
        },
        registered: false,
        stay: 0,
        watched: false,
    }
}

/// The dials asked for, as (host, dial).
pub(super) fn dials(actions: &Actions) -> Vec<(usize, usize)> {
    actions
        .iter()
        .filter_map(|action| match action {
            Action::Dial { host, dial, .. } => Some((*host, *dial)),
            _ => None,
        })
        .collect()
}

pub(super) fn ticket(state: &mut State, now: Instant, actions: &mut Actions) -> usize {
    match state.checkout(&"a", moment(now), CheckoutOptions::default(), actions) {
        Ok(Decision::Ticket(ticket)) => ticket,
        _ => panic!("a ticket was due"),
    }
}

pub(super) fn granted(state: &mut State, ticket: usize) -> Option<u32> {
    match state.poll(ticket, Waker::noop()) {
        Some(Grant::Connection(_, connection)) => Some(connection),
        _ => None,
    }
}

fn counts(state: &State) -> Counts {
    let mut sum = Counts::default();
    for (_, host) in state.counts_by_key() {
        sum.waiting += host.waiting;
        sum.idle += host.idle;
        sum.active += host.active;
        sum.dialing += host.dialing;
    }
    sum
}

#[test]
fn a_returned_connection_serves_the_first_waiter_though_its_dial_is_under_way() {
    let (mut state, now, mut actions) = (State::new(CAPS), Instant::now(), Vec::new());
    let first = ticket(&mut state, now, &mut actions);
    let [(host, dial)] = dials(&actions)[..] else { panic!("one dial") };
    actions.clear();
    state.dialled(host, dial, idle(1, now), &mut actions);
    assert_eq!(granted(&mut state, first), Some(1));

    let second = ticket(&mut state, now, &mut actions);
    let [(host, dial)] = dials(&actions)[..] else { panic!("one dial") };
    actions.clear();
    state.check_in(host, idle(1, now), &mut actions);
    assert_eq!(granted(&mut state, second), Some(1));
    state.dialled(host, dial, idle(2, now), &mut actions);
    assert_eq!(counts(&state), Counts { waiting: 0, idle: 1, active: 1, dialing: 0 });
}

#[test]
fn the_most_recently_used_is_reused_first_and_the_preferred_form_among_the_last_two() {
    let (mut state, now, mut actions) = (State::new(CAPS), Instant::now(), Vec::new());
    for _ in 0..3 {
        ticket(&mut state, now, &mut actions);
    }
    for (at, (host, dial)) in dials(&actions).into_iter().enumerate() {
        state.dialled(host, dial, idle(at as u32, now), &mut Vec::new());
    }
    for connection in 0..3 {
        let since = now + Duration::from_millis(connection.into());
        let form = Idle { registered: connection == 1, ..idle(connection, since) };
        state.check_in(0, form, &mut Vec::new());
    }
    let mut take = |registered| match state.checkout(
        &"a",
        moment(now),
        CheckoutOptions { registered, fresh: false, ..CheckoutOptions::default() },
        &mut actions,
    ) {
        Ok(Decision::Idle(_, connection)) => connection,
        _ => panic!("an idle one was due"),
    };
    assert_eq!([take(true), take(false), take(true)], [1, 2, 0]);
}

#[test]
fn a_failed_dial_reaches_only_its_own_waiter() {
    let (mut state, now, mut actions) = (State::new(CAPS), Instant::now(), Vec::new());
    let first = ticket(&mut state, now, &mut actions);
    let second = ticket(&mut state, now, &mut actions);
    let list = dials(&actions);
    state.dial_failed(list[0].0, list[0].1, "refused", now, &mut actions);
    assert!(matches!(state.poll(first, Waker::noop()), Some(Grant::Failed("refused"))));
    assert!(state.poll(second, Waker::noop()).is_none());
    assert_eq!(counts(&state), Counts { waiting: 1, idle: 0, active: 0, dialing: 1 });
}

#[test]
fn a_fresh_checkout_takes_no_used_connection() {
    let (mut state, now, mut actions) = (State::new(CAPS), Instant::now(), Vec::new());
    let first = ticket(&mut state, now, &mut actions);
    let (host, dial) = dials(&actions)[0];
    state.dialled(host, dial, idle(1, now), &mut Vec::new());
    assert_eq!(granted(&mut state, first), Some(1));
    actions.clear();
    let Ok(Decision::Ticket(fresh)) = state.checkout(
        &"a",
        moment(now),
        CheckoutOptions { registered: false, fresh: true, ..CheckoutOptions::default() },
        &mut actions,
    ) else {
        panic!("a ticket was due")
    };
    state.check_in(host, idle(1, now), &mut Vec::new());
    assert_eq!(granted(&mut state, fresh), None);
    let (host, dial) = dials(&actions)[0];
    state.dialled(host, dial, idle(2, now), &mut Vec::new());
    assert_eq!(granted(&mut state, fresh), Some(2));
    assert_eq!(counts(&state).idle, 1);
}

#[test]
fn at_the_total_cap_the_oldest_idle_of_another_host_makes_room() {
    let caps = PoolLimits { per_host: 4, total: 1, dials_per_host: 3, waiters: 50 };
    let (mut state, now, mut actions) = (State::new(caps), Instant::now(), Vec::new());
    let first = ticket(&mut state, now, &mut actions);
    let (host, dial) = dials(&actions)[0];
    state.dialled(host, dial, idle(1, now), &mut Vec::new());
    assert_eq!(granted(&mut state, first), Some(1));
    actions.clear();
    assert!(matches!(
        state.checkout(
            &"b",
            moment(now),
            CheckoutOptions { registered: false, fresh: false, ..CheckoutOptions::default() },
            &mut actions
        ),
        Ok(Decision::Ticket(_))
    ));
    assert!(dials(&actions).is_empty());
    state.check_in(host, idle(1, now), &mut actions);
    assert!(actions.iter().any(|action| matches!(action, Action::Close(1, _))));
    assert_eq!(dials(&actions).len(), 1);
}

#[test]
fn what_cannot_be_replayed_takes_only_a_fresh_connection() {
    let (mut state, now, mut actions) = (State::new(CAPS), Instant::now(), Vec::new());
    let first = ticket(&mut state, now, &mut actions);
    let (host, dial) = dials(&actions)[0];
    state.dialled(host, dial, idle(1, now), &mut Vec::new());
    assert_eq!(granted(&mut state, first), Some(1));
    state.check_in(host, idle(1, now), &mut Vec::new());
    let wish =
        CheckoutOptions { max_idle: Some(Duration::from_secs(4)), ..CheckoutOptions::default() };
    let later = moment(now + Duration::from_secs(5));
    let post = state.checkout(&"a", later, wish, &mut actions);
    assert!(matches!(post, Ok(Decision::Ticket(_))));
    assert_eq!(counts(&state).idle, 1);
    let get = state.checkout(&"a", later, CheckoutOptions::default(), &mut actions);
    assert!(matches!(get, Ok(Decision::Idle(_, 1))));
    state.check_in(host, idle(1, later.now), &mut Vec::new());
}

#[test]
fn a_connection_that_slept_through_its_limit_is_not_reused() {
    let (mut state, now, mut actions) = (State::new(CAPS), Instant::now(), Vec::new());
    let first = ticket(&mut state, now, &mut actions);
    let (host, dial) = dials(&actions)[0];
    state.dialled(host, dial, idle(1, now), &mut Vec::new());
    assert_eq!(granted(&mut state, first), Some(1));
    state.check_in(host, idle(1, now), &mut Vec::new());
    let asleep = Moment { now, wall: UNIX_EPOCH + Duration::from_secs(3600) };
    let woken = state.checkout(&"a", asleep, CheckoutOptions::default(), &mut actions);
    assert!(matches!(woken, Ok(Decision::Ticket(_))));
    assert!(actions.iter().any(|action| matches!(action, Action::Close(1, _))));
}

#[test]
fn the_queue_is_bounded_and_closing_fails_it() {
    let caps = PoolLimits { waiters: 2, ..CAPS };
    let (mut state, now, mut actions) = (State::new(caps), Instant::now(), Vec::new());
    let first = ticket(&mut state, now, &mut actions);
    ticket(&mut state, now, &mut actions);
    assert!(matches!(
        state.checkout(
            &"a",
            moment(now),
            CheckoutOptions { registered: false, fresh: false, ..CheckoutOptions::default() },
            &mut actions
        ),
        Err(CheckoutError::QueueFull(2))
    ));
    state.close(true, &mut actions);
    assert!(matches!(state.poll(first, Waker::noop()), Some(Grant::PoolClosed)));
    assert!(matches!(
        state.checkout(
            &"a",
            moment(now),
            CheckoutOptions { registered: false, fresh: false, ..CheckoutOptions::default() },
            &mut actions
        ),
        Err(CheckoutError::Closed)
    ));
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// A caller that does everything at random; after each step the caps hold, and at the end every
/// permit has come back.
#[test]
fn caps_hold_and_permits_come_back_whatever_the_order() {
    const HOSTS: [&str; 3] = ["a", "b", "c"];
    for seed in 1..400u64 {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut state = State::new(CAPS);
        let mut now = Instant::now();
        let (mut tickets, mut leases, mut pending) = (Vec::new(), Vec::new(), Vec::new());
        let mut next = 0;
        for step in 0..600 {
            let mut actions = Vec::new();
            let winding_down = step > 450;
            match random.below(if winding_down { 7 } else { 10 }) {
                0 if !pending.is_empty() => {
                    let (host, dial) = pending.swap_remove(random.below(pending.len()));
                    next += 1;
                    state.dialled(host, dial, idle(next, now), &mut actions);
                }
                1 if !pending.is_empty() => {
                    let (host, dial) = pending.swap_remove(random.below(pending.len()));
                    state.dial_failed(host, dial, "refused", now, &mut actions);
                }
                2 if !leases.is_empty() => {
                    let (host, connection) = leases.swap_remove(random.below(leases.len()));
                    state.check_in(host, idle(connection, now), &mut actions);
                }
                3 if !leases.is_empty() => {
                    let (host, _) = leases.swap_remove(random.below(leases.len()));
                    state.discard(host, now, &mut actions);
                }
                4 if !tickets.is_empty() => {
                    let ticket = tickets.swap_remove(random.below(tickets.len()));
                    leases.extend(state.cancel(ticket, &mut actions));
                }
                5 if !tickets.is_empty() => {
                    let at = random.below(tickets.len());
                    match state.poll(tickets[at], Waker::noop()) {
                        None => {}
                        Some(grant) => {
                            tickets.swap_remove(at);
                            if let Grant::Connection(host, connection) = grant {
                                leases.push((host, connection));
                            }
                        }
                    }
                }
                6 => {
                    now += Duration::from_secs(random.below(20) as u64);
                    state.expire(now, &mut actions);
                    state.forget(now + Duration::from_secs(300));
                }
                _ => {
                    let host = HOSTS[random.below(3)];
                    let fresh = random.below(5) == 0;
                    match state.checkout(
                        &host,
                        moment(now),
                        CheckoutOptions { registered: false, fresh, ..CheckoutOptions::default() },
                        &mut actions,
                    ) {
                        Ok(Decision::Idle(host, connection)) => leases.push((host, connection)),
                        Ok(Decision::Ticket(ticket)) => tickets.push(ticket),
                        Err(CheckoutError::QueueFull(_)) => {}
                        Err(CheckoutError::Closed) => panic!("nobody closed it"),
                    }
                }
            }
            pending.extend(dials(&actions));
            state.check(&CAPS);
        }
        // Everybody finishes: whoever still waits is served or can be.
        while !(tickets.is_empty() && pending.is_empty() && leases.is_empty()) {
            let mut actions = Vec::new();
            for (host, dial) in std::mem::take(&mut pending) {
                next += 1;
                state.dialled(host, dial, idle(next, now), &mut actions);
            }
            let before = tickets.len();
            tickets.retain(|&ticket| match state.poll(ticket, Waker::noop()) {
                None => true,
                Some(Grant::Connection(host, connection)) => {
                    leases.push((host, connection));
                    false
                }
                Some(_) => false,
            });
            let served = before - tickets.len() + leases.len();
            for (host, _) in leases.drain(..) {
                state.discard(host, now, &mut actions);
            }
            pending.extend(dials(&actions));
            assert!(served > 0 || !pending.is_empty(), "seed {seed}: a waiter is forgotten");
            state.check(&CAPS);
        }
        state.close(true, &mut Vec::new());
        assert_eq!(counts(&state), Counts::default(), "seed {seed}");
    }
}

#[test]
fn hosts_are_forgotten_when_they_have_nothing_and_nobody_asks() {
    let (mut state, now, mut actions) = (State::new(CAPS), Instant::now(), Vec::new());
    let minutes = |count: u64| now + Duration::from_secs(60 * count);
    let waiting = ticket(&mut state, now, &mut actions);
    let [(host, dial)] = dials(&actions)[..] else { panic!("one dial") };
    // Waiting, dialling, leased and idle hosts stay.
    assert!(state.forget(minutes(9)).is_some());
    state.dialled(host, dial, idle(1, now), &mut actions);
    assert_eq!(granted(&mut state, waiting), Some(1));
    state.forget(minutes(9));
    state.check_in(host, idle(1, now), &mut actions);
    state.forget(minutes(9));
    assert_eq!(state.counts_by_key().len(), 1);

    state.expire(minutes(1), &mut actions);
    assert_eq!(state.forget(minutes(4)), Some(minutes(4) + Duration::from_secs(75)));
    assert_eq!(state.counts_by_key().len(), 1);
    assert_eq!(state.forget(minutes(5)), None);
    assert_eq!(state.counts_by_key(), []);
}

#[test]
fn a_crawlers_hosts_take_no_more_room_than_are_in_use_at_a_time() {
    let mut state = PoolState::<u32, u32, &str>::new(CAPS);
    let mut now = Instant::now();
    for key in 0..20_000 {
        let mut actions = Vec::new();
        let Ok(Decision::Ticket(ticket)) =
            state.checkout(&key, moment(now), CheckoutOptions::default(), &mut actions)
        else {
            panic!("a ticket was due")
        };
        let Some(Action::Dial { host, dial, .. }) = actions.pop() else { panic!("a dial") };
        state.dial_failed(host, dial, "refused", now, &mut actions);
        state.cancel(ticket, &mut actions);
        now += Duration::from_millis(5);
        if key % 50 == 0 {
            state.forget(now);
        }
    }
    assert!(state.places() < 5_000, "{}", state.places());
}

#[test]
fn a_queue_moves_when_its_host_gives_back_and_by_any_host_under_the_total_cap() {
    let second = Duration::from_secs(1);
    let caps = PoolLimits { per_host: 2, total: 3, ..CAPS };
    let (mut state, start, mut actions) = (State::new(caps), Instant::now(), Vec::new());
    for key in ["a", "a", "b"] {
        let _ = state.checkout(&key, moment(start), CheckoutOptions::default(), &mut actions);
    }
    for (number, (host, dial)) in dials(&actions).into_iter().enumerate() {
        state.dialled(host, dial, idle(number as u32, start), &mut Vec::new());
    }
    let mut wait =
        |key| match state.checkout(&key, moment(start), CheckoutOptions::default(), &mut actions) {
            Ok(Decision::Ticket(ticket)) => ticket,
            _ => panic!("a ticket was due"),
        };
    let (a, b) = (wait("a"), wait("b"));
    let standing = state.standing(a);
    assert_eq!((standing.by_total, standing.cap, standing.counts.active), (false, 2, 2));
    assert_eq!((standing.moved, standing.counts.waiting), (start, 1));
    let standing = state.standing(b);
    assert_eq!((standing.by_total, standing.cap, standing.total), (true, 3, 3));
    // Another waiter of `a` takes what comes back, and both of them see it move.
    state.check_in(0, idle(0, start + second), &mut actions);
    assert_eq!(granted(&mut state, a), Some(0));
    assert_eq!(state.standing(b).moved, start + second);
    state.discard(0, start + second * 2, &mut actions);
    // Its permit went to `b`, which is being dialled now.
    assert!(state.is_dialled(b));
    assert_eq!(state.standing(b).counts.dialing, 1);
}
