//! Places behind others: whose they are, and that each comes back.

use std::task::Waker;
use std::time::Instant;

use crate::pool::tests::{CAPS, State, dials, granted, idle, moment, ticket};
use crate::pool::types::{CheckoutOptions, Decision, Grant, Places, PoolLimits};

const DEPTH: Places = Places { depth: 2, left: u64::MAX };
const ONE: PoolLimits = PoolLimits { per_host: 1, ..CAPS };

fn wish(pipelined: bool) -> CheckoutOptions {
    CheckoutOptions { pipelined, ..CheckoutOptions::default() }
}

fn waits(state: &mut State, now: Instant, pipelined: bool) -> usize {
    match state.checkout(&"a", moment(now), wish(pipelined), &mut Vec::new()) {
        Ok(Decision::Ticket(ticket)) => ticket,
        _ => panic!("a ticket was due"),
    }
}

/// The line in which it was given a place.
fn place(state: &mut State, ticket: usize) -> Option<u64> {
    match state.poll(ticket, Waker::noop()) {
        Some(Grant::Place(0, line)) => Some(line),
        Some(_) => panic!("not a place"),
        None => None,
    }
}

/// A pool with so many connections, all leased.
fn leased(caps: PoolLimits, count: u32, now: Instant) -> State {
    let (mut state, mut actions) = (State::new(caps), Vec::new());
    let tickets: Vec<_> = (0..count).map(|_| ticket(&mut state, now, &mut actions)).collect();
    for (at, (host, dial)) in dials(&actions).into_iter().enumerate() {
        state.dialled(host, dial, idle(at as u32, now), &mut Vec::new());
    }
    tickets.into_iter().for_each(|ticket| assert!(granted(&mut state, ticket).is_some()));
    state
}

#[test]
fn places_go_to_those_who_take_them_in_order_and_no_further_than_the_depth() {
    let now = Instant::now();
    let mut state = leased(ONE, 1, now);
    let tickets = [true, true, true, false, true].map(|own| waits(&mut state, now, own));
    state.open_line(0, 7, DEPTH, &mut Vec::new());
    let found = tickets.map(|ticket| match ticket {
        ticket if ticket == tickets[3] => None,
        ticket => place(&mut state, ticket),
    });
    assert_eq!(found, [Some(7), Some(7), None, None, None]);
    // The front is done: one more; and nobody before who waits for a connection of its own.
    for _ in 0..3 {
        state.line_moved(0, 7, now, &mut Vec::new());
    }
    assert_eq!(place(&mut state, tickets[2]), Some(7));
    assert_eq!(place(&mut state, tickets[4]), None);
    state.close_line(0, 7);
    state.check_in(0, idle(0, now), &mut Vec::new());
    assert_eq!(granted(&mut state, tickets[3]), Some(0));
    state.check(&ONE);
}

#[test]
fn the_shortest_line_is_taken_and_a_connection_that_comes_first() {
    let now = Instant::now();
    let caps = PoolLimits { per_host: 2, ..CAPS };
    let mut state = leased(caps, 2, now);
    state.open_line(0, 7, DEPTH, &mut Vec::new());
    state.open_line(0, 8, DEPTH, &mut Vec::new());
    let found: Vec<_> = (0..4)
        .map(|_| {
            let ticket = waits(&mut state, now, true);
            place(&mut state, ticket)
        })
        .collect();
    assert_eq!(found, [Some(7), Some(8), Some(7), Some(8)]);
    let fifth = waits(&mut state, now, true);
    assert_eq!(place(&mut state, fifth), None);
    state.check_in(0, idle(1, now), &mut Vec::new());
    assert_eq!(granted(&mut state, fifth), Some(1));
    state.check(&caps);
}

#[test]
fn a_place_that_is_not_taken_comes_back() {
    let now = Instant::now();
    let mut state = leased(ONE, 1, now);
    let only = Places { depth: 2, left: 1 };
    state.open_line(0, 7, only, &mut Vec::new());
    let first = waits(&mut state, now, true);
    let second = waits(&mut state, now, true);
    assert_eq!(place(&mut state, second), None);
    assert!(state.cancel(first, &mut Vec::new()).is_none());
    assert_eq!(place(&mut state, second), Some(7));
    state.leave_line(0, 7, &mut Vec::new());
    let third = waits(&mut state, now, true);
    assert_eq!(place(&mut state, third), Some(7));
    // No more than the server takes, however the line moves.
    state.line_moved(0, 7, now, &mut Vec::new());
    let fourth = waits(&mut state, now, true);
    assert_eq!(place(&mut state, fourth), None);
    state.check(&ONE);
}

#[test]
fn who_was_not_served_in_its_turn_is_the_first() {
    let now = Instant::now();
    let mut state = leased(ONE, 1, now);
    let second = waits(&mut state, now, true);
    let wish = CheckoutOptions { first: true, ..wish(true) };
    let Ok(Decision::Ticket(first)) = state.checkout(&"a", moment(now), wish, &mut Vec::new())
    else {
        panic!("a ticket was due")
    };
    state.open_line(0, 7, Places { depth: 1, left: 9 }, &mut Vec::new());
    assert_eq!((place(&mut state, first), place(&mut state, second)), (Some(7), None));
    state.check(&ONE);
}

#[test]
fn who_has_a_dial_of_its_own_waits_for_that() {
    let now = Instant::now();
    let caps = PoolLimits { per_host: 2, ..CAPS };
    let mut state = leased(caps, 1, now);
    state.open_line(0, 7, DEPTH, &mut Vec::new());
    let dialling = waits(&mut state, now, true);
    assert_eq!(place(&mut state, dialling), None);
    let at_the_cap = waits(&mut state, now, true);
    assert_eq!(place(&mut state, at_the_cap), Some(7));
    let fresh = CheckoutOptions { fresh: true, ..wish(true) };
    let Ok(Decision::Ticket(fresh)) = state.checkout(&"a", moment(now), fresh, &mut Vec::new())
    else {
        panic!("a ticket was due")
    };
    assert_eq!(place(&mut state, fresh), None);
    state.check(&caps);
}
