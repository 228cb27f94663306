use std::sync::Arc;
use std::sync::mpsc::channel;

use super::*;

#[test]
#[cfg_attr(miri, ignore = "Miri has no mmap with a guard page")]
fn a_thread_runs_what_it_is_given_under_the_engines_name() {
    let (send, received) = channel();
    let body = move || {
        let name = std::fs::read_to_string("/proc/thread-self/comm").expect("its name");
        let own = 0u8;
        send.send((name, (&raw const own).addr())).expect("somebody waits");
    };
    start(1 << 20, Box::new(body)).expect("a thread");
    let (name, address) = received.recv().expect("it ran");
    assert_eq!(name, "keepalive\n");
    // Its stack is a mapping of that size, which stays when the thread is gone.
    let maps = std::fs::read_to_string("/proc/self/maps").expect("a list");
    let inside = maps.lines().any(|line| {
        let range = line.split_whitespace().next().and_then(|range| range.split_once('-'));
        let number = |text| usize::from_str_radix(text, 16).expect("a number");
        range.is_some_and(|(from, to)| (number(from)..number(to)).contains(&address))
    });
    assert!(inside, "{address:x}\n{maps}");
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no mmap with a guard page")]
fn a_thread_that_cannot_be_started_gives_up_what_it_was_given() {
    let held = Arc::new(());
    let body = held.clone();
    start(isize::MAX as usize, Box::new(move || drop(body))).expect_err("no such memory");
    assert_eq!(Arc::strong_count(&held), 1);
}
