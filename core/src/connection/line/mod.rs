//! The requests behind the one in front on a connection (pipelining, RFC 9112 9.3.2): each has written
//! itself and waits for its turn to read. The connection goes from hand to hand, so that one at a time
//! reads, by whichever wait it has, and bodies flow as on any connection.
//!
//! | a seat   | on                                       | goes to |
//! |----------|------------------------------------------|---------|
//! | waiting  | the one before it is done                | come    |
//! | waiting  | the connection ends                      | broken  |
//! | waiting  | its request is given up                  | left    |
//! | left     | the one before it is done                | (its answer is read for nobody) |
//!
//! Knows neither the pool nor a wait: it is generic over what is handed on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::sync::{Mutex, MutexGuard, lock};

/// Why a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// The connection was closed after an answer that said so, or at a limit: what is unanswered was
    /// not done (RFC 9112 9.6).
    Closed,
    /// It broke, or was given up.
    Failed,
}

/// What a seat waits for.
pub(crate) enum Turn<C> {
    Come(C),
    Broken(Break),
}

/// The place of one request. `N` is what its answer has to be read by.
pub(crate) struct Seat<N, C> {
    pub note: N,
    place: Arc<Mutex<Place<C>>>,
}

enum Place<C> {
    Waiting(Option<Waker>),
    Come(C),
    Broken(Break),
    Left,
}

impl<N, C> Seat<N, C> {
    /// It is its turn; gives back what nobody waits for.
    pub fn give(&self, what: C) -> Option<C> {
        let mut place = lock(&self.place);
        let waker = match &mut *place {
            Place::Waiting(waker) => waker.take(),
            _ => return Some(what),
        };
        *place = Place::Come(what);
        drop(place);
        if let Some(waker) = waker {
            waker.wake();
        }
        None
    }

    fn end(&self, why: Break) {
        let mut place = lock(&self.place);
        let Place::Waiting(waker) = &mut *place else { return };
        let waker = waker.take();
        *place = Place::Broken(why);
        drop(place);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A request's hold on its seat. Dropping it leaves: a connection that had come by then goes where
/// orphans do.
pub(crate) struct Hold<C> {
    place: Arc<Mutex<Place<C>>>,
    orphan: Option<Orphan<C>>,
}

/// What becomes of a connection whose turn is nobody's.
pub(crate) type Orphan<C> = Box<dyn FnOnce(C) + Send>;

impl<C> Hold<C> {
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Turn<C>> {
        let mut place = lock(&self.place);
        match std::mem::replace(&mut *place, Place::Left) {
            Place::Come(what) => Poll::Ready(Turn::Come(what)),
            Place::Broken(why) => Poll::Ready(Turn::Broken(why)),
            Place::Left => Poll::Ready(Turn::Broken(Break::Failed)),
            Place::Waiting(_) => {
                *place = Place::Waiting(Some(cx.waker().clone()));
                Poll::Pending
            }
        }
    }

    /// For a forked child, which touches nothing of its parent's.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl<C> Drop for Hold<C> {
    fn drop(&mut self) {
        let place = std::mem::replace(&mut *lock(&self.place), Place::Left);
        if let (Place::Come(what), Some(orphan)) = (place, self.orphan.take()) {
            orphan(what);
        }
    }
}

/// Who is behind whom.
pub(crate) struct Line<N, C> {
    state: Mutex<State<N, C>>,
}

struct State<N, C> {
    is_open: bool,
    /// When the next one last had its turn.
    moved: Option<Instant>,
    seats: VecDeque<Seat<N, C>>,
}

impl<N, C> Default for Line<N, C> {
    fn default() -> Self {
        Line { state: Mutex::new(State { is_open: false, moved: None, seats: VecDeque::new() }) }
    }
}

impl<N, C> Line<N, C> {
    fn lock(&self) -> MutexGuard<'_, State<N, C>> {
        lock(&self.state)
    }

    /// Others may join.
    pub fn open(&self) {
        self.lock().is_open = true;
    }

    /// Takes the next place. `write` puts the request on the wire, under the lock, so that they stand
    /// there in the order of their seats; it must not wait. `None`: there is nobody to be behind.
    pub fn join(&self, note: N, write: impl FnOnce(), orphan: Orphan<C>) -> Option<Hold<C>> {
        let mut state = self.lock();
        if !state.is_open {
            return None;
        }
        let place = Arc::new(Mutex::new(Place::Waiting(None)));
        state.seats.push_back(Seat { note, place: place.clone() });
        write();
        Some(Hold { place, orphan: Some(orphan) })
    }

    /// The one in front is done: who is next, who may have left. Closed when there is nobody.
    pub fn next(&self, now: Instant) -> Option<Seat<N, C>> {
        let mut state = self.lock();
        state.moved = Some(now);
        let next = state.seats.pop_front();
        if next.is_none() {
            state.is_open = false;
        }
        next
    }

    /// When somebody last had a turn.
    pub fn moved(&self) -> Option<Instant> {
        self.lock().moved
    }

    /// How many are behind the one in front, those who have left among them.
    pub fn len(&self) -> usize {
        self.lock().seats.len()
    }

    /// The connection has ended: `next`, who was to have it, and all behind it hear of it.
    pub fn end(&self, next: Option<Seat<N, C>>, why: Break) {
        let behind = {
            let mut state = self.lock();
            state.is_open = false;
            std::mem::take(&mut state.seats)
        };
        next.into_iter().chain(behind).for_each(|seat| seat.end(why));
    }
}

#[cfg(test)]
mod tests;
