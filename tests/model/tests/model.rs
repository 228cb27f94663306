//! Each scenario under many schedules: random ones, and ones with few forced switches (PCT), which
//! find the rarer races. A failure prints the schedule that leads to it.

use keepalive_model::{handoffs, lines, pools, queues, wakings};

const SCHEDULES: usize = 2_000;
const SWITCHES: usize = 3;

fn explore(scenario: fn()) {
    shuttle::check_random(scenario, SCHEDULES);
    shuttle::check_pct(scenario, SCHEDULES, SWITCHES);
}

#[test]
fn caps_hold_and_every_permit_comes_back() {
    explore(pools::callers_race);
}

#[test]
fn closing_tells_every_waiter_and_leaves_nothing_open() {
    explore(pools::close_races);
}

#[test]
fn waiters_are_served_in_order() {
    explore(pools::first_come_first_served);
}

#[test]
fn idle_connections_of_another_origin_make_room() {
    explore(pools::idle_connections_make_room);
}

#[test]
fn a_loop_that_drains_when_woken_misses_nothing() {
    explore(queues::a_loop_is_woken);
}

#[test]
fn a_thread_that_waits_misses_nothing() {
    explore(queues::a_thread_waits);
}

#[test]
fn closing_a_queue_ends_the_wait() {
    explore(queues::close_ends_the_wait);
}

#[test]
fn a_cancel_is_never_lost() {
    explore(queues::cancel_is_never_lost);
}

#[test]
fn a_job_that_is_watched_for_ends_once() {
    explore(handoffs::coming_back);
}

#[test]
fn a_job_that_is_left_to_the_engine_ends_once() {
    explore(handoffs::staying_away);
}

#[test]
fn work_in_slots_misses_no_wake_up() {
    explore(wakings::no_wake_up_is_lost);
}

#[test]
fn turns_on_a_connection_come_in_the_order_of_its_requests() {
    explore(lines::turns_come_in_order);
    let behind = lines::BEHIND.load(std::sync::atomic::Ordering::SeqCst);
    assert!(behind > SCHEDULES, "{behind}");
}

#[test]
fn who_is_behind_hears_of_the_end() {
    explore(lines::ends_are_told);
}
