//! A line hands on in order, whoever leaves.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::{Break, Hold, Line, Turn};

type Numbers = Line<u32, u32>;

fn join(line: &Numbers, note: u32, orphans: &Arc<Mutex<Vec<u32>>>) -> Option<Hold<u32>> {
    let orphans = orphans.clone();
    line.join(note, || {}, Box::new(move |what| orphans.lock().unwrap().push(what)))
}

fn look(hold: &mut Hold<u32>) -> Option<Result<u32, Break>> {
    match hold.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => None,
        Poll::Ready(Turn::Come(what)) => Some(Ok(what)),
        Poll::Ready(Turn::Broken(why)) => Some(Err(why)),
    }
}

#[test]
fn nobody_joins_a_closed_line_and_an_empty_one_closes() {
    let (line, orphans) = (Numbers::default(), Arc::default());
    assert!(join(&line, 1, &orphans).is_none());
    line.open();
    let hold = join(&line, 1, &orphans).expect("open");
    assert_eq!(line.next(Instant::now()).expect("one").note, 1);
    assert!(line.next(Instant::now()).is_none());
    assert!(join(&line, 2, &orphans).is_none());
    drop(hold);
}

#[test]
fn turns_come_in_order_and_who_has_left_is_passed_over_by_name() {
    let (line, orphans) = (Numbers::default(), Arc::default());
    line.open();
    let mut first = join(&line, 1, &orphans).expect("open");
    let second = join(&line, 2, &orphans).expect("open");
    let mut third = join(&line, 3, &orphans).expect("open");
    drop(second);
    assert_eq!((line.len(), look(&mut first)), (3, None));
    assert_eq!(line.next(Instant::now()).expect("the first").give(10), None);
    assert_eq!(look(&mut first), Some(Ok(10)));
    // Its answer still has to be read, by somebody else.
    let left = line.next(Instant::now()).expect("the second");
    assert_eq!((left.note, left.give(20)), (2, Some(20)));
    assert_eq!(line.next(Instant::now()).expect("the third").give(30), None);
    assert_eq!(look(&mut third), Some(Ok(30)));
    assert!(orphans.lock().unwrap().is_empty());
}

#[test]
fn what_came_to_somebody_who_left_is_an_orphan() {
    let (line, orphans) = (Numbers::default(), Arc::default());
    line.open();
    let hold = join(&line, 1, &orphans).expect("open");
    assert_eq!(line.next(Instant::now()).expect("one").give(10), None);
    drop(hold);
    assert_eq!(*orphans.lock().unwrap(), [10]);
}

#[test]
fn an_end_is_told_to_everybody_behind() {
    let (line, orphans) = (Numbers::default(), Arc::default());
    line.open();
    let mut holds: Vec<_> = (0..3).map(|note| join(&line, note, &orphans).expect("open")).collect();
    let next = line.next(Instant::now());
    line.end(next, Break::Closed);
    for hold in &mut holds {
        assert_eq!(look(hold), Some(Err(Break::Closed)));
    }
    assert!(join(&line, 4, &orphans).is_none());
}
