use super::*;

const STEP: Duration = Duration::from_millis(1);

/// Whatever happened, the phases are the whole.
fn adding_up(marks: &Marks, ended: Option<Instant>) -> Timings {
    let timings = marks.timings(ended);
    let Timings { queued, stalled, resolve, connect, tls, send, wait, receive, total } = timings;
    assert_eq!(queued + stalled + resolve + connect + tls + send + wait + receive, total);
    timings
}

/// Asked at 10, answered at 60; the connection was there at 40.
fn marks(zero: Instant, opening: [u32; 5], is_new: bool) -> Marks {
    let at = |steps: u32| zero + STEP * steps;
    let [began, ready, spent @ ..] = opening;
    let opening =
        Opening { began: at(began), ready: at(ready), spent: spent.map(|steps| STEP * steps) };
    let mut marks = Marks::at(zero);
    marks.leased(at(40));
    marks.waited(at(10), &opening, is_new);
    (marks.sent, marks.head) = (at(45), at(60));
    marks
}

#[test]
fn a_wait_is_split_between_the_queue_and_the_dial() {
    let zero = Instant::now();
    let told = |opening, is_new| {
        let Timings { queued, stalled, resolve, connect, tls, send, wait, receive, total } =
            adding_up(&marks(zero, opening, is_new), Some(zero + STEP * 70));
        assert_eq!([send, wait, receive, total].map(|time| time.as_millis()), [5, 15, 10, 70]);
        [queued, stalled, resolve, connect, tls].map(|time| time.as_millis())
    };
    // Began at, was ready at, spent on: resolving, connecting, TLS. The first 10 are of earlier tries.
    assert_eq!(told([15, 35, 3, 4, 8], true), [5, 20, 3, 4, 8], "its own dial");
    assert_eq!(told([15, 35, 0, 4, 0], true), [5, 31, 0, 4, 0], "without a name, without TLS");
    assert_eq!(told([0, 22, 3, 4, 8], true), [0, 28, 0, 4, 8], "one that was nearly there");
    assert_eq!(told([0, 14, 3, 4, 7], true), [0, 36, 0, 0, 4], "one that was even nearer");
    assert_eq!(told([0, 9, 3, 4, 2], true), [30, 10, 0, 0, 0], "one that was there");
    assert_eq!(told([15, 35, 3, 4, 8], false), [30, 10, 0, 0, 0], "a reused one");
    assert_eq!(told([38, 55, 9, 9, 9], true), [28, 10, 0, 0, 2], "clocks that disagree");
}

#[test]
fn what_was_left_open_is_part_of_tls() {
    let zero = Instant::now();
    let mut marks = marks(zero, [15, 35, 3, 4, 8], true);
    marks.settled(zero + STEP * 44);
    let timings = adding_up(&marks, None);
    assert_eq!((timings.tls, timings.send), (STEP * 12, STEP));
}

#[test]
fn the_phase_of_a_failure_has_what_it_took() {
    let zero = Instant::now();
    let at = |steps: u32| zero + STEP * steps;
    let failed = |phase| {
        let mut marks = marks(zero, [15, 35, 3, 4, 8], true);
        marks.failed(at(10), phase, at(60));
        adding_up(&marks, None)
    };
    assert_eq!(failed(Phase::Pool).queued, STEP * 50);
    assert_eq!(failed(Phase::Resolve).resolve, STEP * 50);
    assert_eq!(failed(Phase::Connect).connect, STEP * 50);
    assert_eq!(failed(Phase::Tls).tls, STEP * 50);
    assert_eq!((failed(Phase::Send).send, failed(Phase::Send).tls), (STEP * 20, STEP * 8));
    assert_eq!((failed(Phase::Head).send, failed(Phase::Head).wait), (STEP * 5, STEP * 15));
    assert_eq!(failed(Phase::Request).stalled, STEP * 60);
    // It had a connection in an earlier try only.
    let mut marks = marks(zero, [15, 35, 3, 4, 8], true);
    marks.failed(at(50), Phase::Pool, at(60));
    let timings = adding_up(&marks, None);
    assert_eq!((timings.queued, timings.stalled), (STEP * 10, STEP * 50));
}
