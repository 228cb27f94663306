//! Deadlines of waits on the engine: one list and one timer of the runtime for all of them.
//!
//! Nearly every wait ends long before its deadline, so arming and disarming are what must be cheap:
//! an entry in a slab. The list is looked through when its earliest deadline has come.

use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::sync::lock;
use slab::Slab;

#[derive(Default)]
pub(crate) struct Timers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    armed: Slab<Armed>,
    /// When the list is looked through next; not later than the earliest deadline in it.
    next: Option<Instant>,
    /// The task that looks.
    keeper: Option<Waker>,
}

struct Armed {
    at: Instant,
    /// Gone once the deadline has passed and it was woken.
    waker: Option<Waker>,
}

/// A deadline that is watched until this is dropped.
pub(crate) struct Timer {
    timers: &'static Timers,
    key: usize,
    at: Instant,
}

impl Timers {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Wakes `waker` when `at` has passed.
    pub fn arm(&'static self, at: Instant, waker: &Waker) -> Timer {
        let mut state = self.lock();
        let key = state.armed.insert(Armed { at, waker: Some(waker.clone()) });
        let keeper = state.expect(at);
        drop(state);
        if let Some(keeper) = keeper {
            keeper.wake();
        }
        Timer { timers: self, key, at }
    }

    /// Wakes whom `now` is late for; returns when to look again.
    fn look(&self, now: Instant, keeper: &Waker) -> Option<Instant> {
        let mut late = Vec::new();
        let mut state = self.lock();
        if !state.keeper.as_ref().is_some_and(|known| known.will_wake(keeper)) {
            state.keeper = Some(keeper.clone());
        }
        if state.next.is_some_and(|next| next <= now) {
            let waiting = state.armed.iter_mut().filter(|(_, armed)| armed.waker.is_some());
            let mut next: Option<Instant> = None;
            for (_, armed) in waiting {
                match armed.at <= now {
                    true => late.extend(armed.waker.take()),
                    false => next = Some(next.map_or(armed.at, |next| next.min(armed.at))),
                }
            }
            state.next = next;
        }
        let next = state.next;
        drop(state);
        late.into_iter().for_each(Waker::wake);
        next
    }

    /// Watches the deadlines, for ever; runs on the runtime.
    pub async fn keep(&self) {
        let mut timer = std::pin::pin!(tokio::time::sleep(std::time::Duration::ZERO));
        std::future::poll_fn(|cx| {
            while let Some(next) = self.look(Instant::now(), cx.waker()) {
                if timer.deadline().into_std() != next {
                    timer.as_mut().reset(next.into());
                }
                if timer.as_mut().poll(cx).is_pending() {
                    break;
                }
            }
            Poll::<()>::Pending
        })
        .await;
    }
}

impl State {
    /// The keeper, if it must be told that it looks too late for `at`.
    fn expect(&mut self, at: Instant) -> Option<Waker> {
        if self.next.is_some_and(|next| next <= at) {
            return None;
        }
        self.next = Some(at);
        self.keeper.clone()
    }
}

impl Timer {
    /// Ready when `at`, the newest deadline, has passed.
    pub fn poll(&mut self, at: Instant, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.timers.lock();
        let Some(armed) = state.armed.get_mut(self.key) else { return Poll::Ready(()) };
        match &mut armed.waker {
            None if self.at == at => return Poll::Ready(()),
            Some(waker) if self.at == at => {
                waker.clone_from(cx.waker());
                return Poll::Pending;
            }
            waker => *waker = Some(cx.waker().clone()),
        }
        armed.at = at;
        self.at = at;
        let keeper = state.expect(at);
        drop(state);
        if let Some(keeper) = keeper {
            keeper.wake();
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let armed = self.timers.lock().armed.try_remove(self.key);
        drop(armed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::time::Duration;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn counting() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), count.into())
    }

    fn woken(count: &Count) -> usize {
        count.0.load(Ordering::SeqCst)
    }

    fn timers() -> &'static Timers {
        Box::leak(Box::default())
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn only_what_has_passed_is_woken_and_once() {
        let (timers, now) = (timers(), Instant::now());
        let (early, early_waker) = counting();
        let (late, late_waker) = counting();
        let (_, keeper) = counting();
        let mut first = timers.arm(now + SECOND, &early_waker);
        let mut second = timers.arm(now + 2 * SECOND, &late_waker);
        assert_eq!(timers.look(now, &keeper), Some(now + SECOND));
        assert_eq!((woken(&early), woken(&late)), (0, 0));
        assert_eq!(timers.look(now + SECOND, &keeper), Some(now + 2 * SECOND));
        assert_eq!(timers.look(now + SECOND, &keeper), Some(now + 2 * SECOND));
        assert_eq!((woken(&early), woken(&late)), (1, 0));
        assert!(first.poll(now + SECOND, &Context::from_waker(&early_waker)).is_ready());
        assert!(second.poll(now + 2 * SECOND, &Context::from_waker(&late_waker)).is_pending());
        drop(second);
        assert_eq!(timers.look(now + 3 * SECOND, &keeper), None);
        assert_eq!(woken(&late), 0);
    }

    #[test]
    fn the_keeper_is_told_of_an_earlier_deadline_only() {
        let (timers, now) = (timers(), Instant::now());
        let (keeper, keeper_waker) = counting();
        let waker = Waker::noop();
        assert_eq!(timers.look(now, &keeper_waker), None);
        let first = timers.arm(now + 2 * SECOND, waker);
        assert_eq!(woken(&keeper), 1);
        let second = timers.arm(now + 3 * SECOND, waker);
        assert_eq!(woken(&keeper), 1);
        let third = timers.arm(now + SECOND, waker);
        assert_eq!(woken(&keeper), 2);
        drop((first, second, third));
    }

    #[test]
    fn a_deadline_that_moves_is_watched_at_its_new_place() {
        let (timers, now) = (timers(), Instant::now());
        let (count, waker) = counting();
        let (_, keeper) = counting();
        let cx = Context::from_waker(&waker);
        let mut timer = timers.arm(now + SECOND, &waker);
        assert!(timer.poll(now + 3 * SECOND, &cx).is_pending());
        timers.look(now + 2 * SECOND, &keeper);
        assert_eq!(woken(&count), 0);
        assert!(timer.poll(now + 2 * SECOND, &cx).is_pending());
        timers.look(now + 2 * SECOND, &keeper);
        assert_eq!(woken(&count), 1);
        assert!(timer.poll(now + 2 * SECOND, &cx).is_ready());
        assert!(timer.poll(now + 4 * SECOND, &cx).is_pending(), "armed again");
    }
}
