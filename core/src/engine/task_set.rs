//! Drives many pieces of work as one task of the runtime: none is allocated for each, and what one
//! wake-up of the reactor brought is worked off in one go.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::guard::guarded;
use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering, lock};

/// Work in places that are used again. Work that panics ends; the others do not notice.
pub(crate) struct TaskSet<T> {
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
    woken: Arc<Woken>,
    /// Storage that serves again.
    batch: Vec<usize>,
}

struct Slot<T> {
    work: Option<T>,
    signal: Arc<Signal>,
    waker: Waker,
}

/// Which slots were woken since they were last polled.
#[derive(Default)]
struct Woken {
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    slots: Vec<usize>,
    /// The task that polls them.
    task: Option<Waker>,
}

/// Outlives the work it is about: waking a slot that holds another one by now does no harm.
struct Signal {
    slot: usize,
    queued: AtomicBool,
    woken: Arc<Woken>,
}

impl Woken {
    fn lock(&self) -> MutexGuard<'_, List> {
        lock(&self.list)
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut list = self.woken.lock();
        list.slots.push(self.slot);
        // Whoever made the list non-empty has woken the task.
        let task = if list.slots.len() == 1 { list.task.clone() } else { None };
        drop(list);
        if let Some(task) = task {
            task.wake();
        }
    }
}

impl<T: Future<Output = ()> + Unpin> TaskSet<T> {
    pub fn new() -> Self {
        TaskSet { slots: Vec::new(), free: Vec::new(), woken: Arc::default(), batch: Vec::new() }
    }

    /// Begins `work` at once.
    pub fn add(&mut self, work: T) {
        let at = self.free.pop().unwrap_or_else(|| {
            let slot = self.slots.len();
            let signal = Arc::new(Signal {
                slot,
                queued: AtomicBool::new(false),
                woken: self.woken.clone(),
            });
            let waker = Waker::from(signal.clone());
            self.slots.push(Slot { work: None, signal, waker });
            slot
        });
        self.slots[at].work = Some(work);
        self.poll_slot(at);
    }

    fn poll_slot(&mut self, at: usize) {
        let Slot { work: place, waker, .. } = &mut self.slots[at];
        let Some(work) = place else { return };
        let poll = guarded(|| Pin::new(work).poll(&mut Context::from_waker(waker)));
        if poll != Some(Poll::Pending) {
            // Dropping it runs what its owner left in it, which may panic too.
            guarded(|| *place = None);
            self.free.push(at);
        }
    }

    /// Polls what was woken; wakes `cx` when more is.
    pub fn poll_woken(&mut self, cx: &Context<'_>) {
        let mut list = self.woken.lock();
        if !list.task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            list.task = Some(cx.waker().clone());
        }
        let mut batch = std::mem::replace(&mut list.slots, std::mem::take(&mut self.batch));
        drop(list);
        for at in batch.drain(..) {
            // Before the poll: a wake-up during it counts for the next one.
            self.slots[at].signal.queued.store(false, Ordering::Release);
            self.poll_slot(at);
        }
        self.batch = batch;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[derive(Default)]
    struct Shared {
        polls: AtomicUsize,
        done: AtomicBool,
        dropped: AtomicUsize,
        waker: Mutex<Option<Waker>>,
    }

    struct Work(Arc<Shared>);

    impl Future for Work {
        type Output = ();
        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            self.0.polls.fetch_add(1, Ordering::SeqCst);
            *self.0.waker.lock().unwrap() = Some(cx.waker().clone());
            if self.0.done.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        }
    }

    impl Drop for Work {
        fn drop(&mut self) {
            self.0.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Shared {
        fn wake(&self) {
            let waker = self.waker.lock().unwrap().clone();
            waker.expect("polled").wake();
        }

        fn counts(&self) -> (usize, usize) {
            (self.polls.load(Ordering::SeqCst), self.dropped.load(Ordering::SeqCst))
        }
    }

    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn what_was_woken_is_polled_once_and_the_task_woken_once_for_all_of_it() {
        let task = Arc::new(Task(AtomicUsize::new(0)));
        let waker = Waker::from(task.clone());
        let cx = Context::from_waker(&waker);
        let mut slots = TaskSet::new();
        let works: Vec<Arc<Shared>> = (0..3).map(|_| Arc::default()).collect();
        works.iter().for_each(|work| slots.add(Work(work.clone())));
        slots.poll_woken(&cx);
        works[0].wake();
        works[0].wake();
        works[2].wake();
        assert_eq!(task.0.load(Ordering::SeqCst), 1);
        slots.poll_woken(&cx);
        slots.poll_woken(&cx);
        assert_eq!(works.iter().map(|work| work.counts().0).collect::<Vec<_>>(), [2, 1, 2]);
    }

    /// Panics when it is polled, or when it is dropped, or both.
    struct Faulty {
        polled: bool,
        dropped: bool,
    }

    impl Future for Faulty {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            assert!(!self.polled, "asked for");
            Poll::Ready(())
        }
    }

    impl Drop for Faulty {
        fn drop(&mut self) {
            assert!(!self.dropped, "asked for");
        }
    }

    enum Either {
        Good(Work),
        Bad(Faulty),
    }

    impl Future for Either {
        type Output = ();
        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            match &mut *self {
                Either::Good(work) => Pin::new(work).poll(cx),
                Either::Bad(work) => Pin::new(work).poll(cx),
            }
        }
    }

    #[test]
    fn work_that_panics_ends_alone() {
        let cx = Context::from_waker(Waker::noop());
        let mut slots = TaskSet::new();
        let good: Arc<Shared> = Arc::default();
        slots.add(Either::Good(Work(good.clone())));
        for (polled, dropped) in [(true, false), (false, true), (true, true)] {
            slots.add(Either::Bad(Faulty { polled, dropped }));
            good.wake();
            slots.poll_woken(&cx);
        }
        assert_eq!(good.counts(), (4, 0));
        assert_eq!((slots.slots.len(), &slots.free[..]), (2, &[1][..]));
    }

    #[test]
    fn ended_work_is_dropped_and_its_slot_used_again() {
        let cx = Context::from_waker(Waker::noop());
        let mut slots = TaskSet::new();
        let (first, second): (Arc<Shared>, Arc<Shared>) = Default::default();
        slots.add(Work(first.clone()));
        first.done.store(true, Ordering::SeqCst);
        first.wake();
        slots.poll_woken(&cx);
        assert_eq!(first.counts(), (2, 1));
        slots.add(Work(second.clone()));
        first.wake();
        slots.poll_woken(&cx);
        assert_eq!((first.counts(), second.counts()), ((2, 1), (2, 0)));
        assert_eq!(slots.slots.len(), 1);
    }
}
